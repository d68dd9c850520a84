"""A first hidden suite from the test cells of an nbgrader notebook, where that is mechanical.

A cell is moved whole or not at all: as soon as a test of the suite counts for a cell, how the cell runs
counts no more. So every statement of it has to be one that says the same as a test::

    assert squares(3) == [1, 4, 9]
    assert is_prime(7)
    assert np.allclose(scale([1, 2]), [0, 1])
    assert_equal(squares(1), [1])

with arguments and expected values that are written out. What else a cell does (a try, a loop, a name that the
notebook defines) needs an author.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from nbformat import NotebookNode
from nbgrader.preprocessors import ClearHiddenTests
from traitlets.config import Config

from autograder.notebooks.metadata import grade_id, is_solution, is_test, node

_IGNORED = re.compile(r"print\((?:[rR]?[\"'][^\"'{}]*[\"'])?\)")
"""Statements that only tell."""


@dataclass(frozen=True)
class Suite:
    """What became of a notebook's test cells.

    Attributes:
        text: of ``test_hidden.py``; empty if no cell could be moved.
        notebook: without the hidden tests that were moved.
        moved: grade ids of the cells that the suite decides.
        staying: of those with hidden tests that it does not.
    """

    text: str
    notebook: NotebookNode
    moved: tuple[str, ...] = ()
    staying: tuple[str, ...] = ()


@dataclass
class _Check:
    """One statement as a test."""

    function: str
    title: str
    body: str
    public: bool


@dataclass
class _Cell:
    name: str
    checks: list[_Check] = field(default_factory=list)


def suite_from_cells(notebook: NotebookNode, config: Config) -> Suite:
    """Move what can be moved.

    Args:
        notebook: with its solutions; not changed.
        config: says what begins and ends hidden tests.
    """
    marks = ClearHiddenTests(config=config)
    begin, end = marks.begin_test_delimeter, marks.end_test_delimeter
    asked = _asked(notebook)
    made = node(notebook)
    cells, staying = [], []
    for cell in made.cells:
        if not is_test(cell) or begin not in cell.source:
            continue
        checks = _checks(cell.source, begin, end, asked)
        if checks is None:
            staying.append(grade_id(cell))
            continue
        cells.append(_Cell(grade_id(cell), checks))
        cell["source"] = _without(cell.source, begin, end)
    text = _written(cells) if cells else ""
    return Suite(text, made, tuple(cell.name for cell in cells), tuple(staying))


def _asked(notebook: NotebookNode) -> set[str]:
    """Functions that students write."""
    found = set()
    for cell in notebook.cells:
        if cell.cell_type == "code" and is_solution(cell):
            tree = _parsed(cell.source)
            found |= {item.name for item in (tree.body if tree else []) if isinstance(item, ast.FunctionDef)}
    return found


def _parsed(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except SyntaxError:
        return None


def _without(source: str, begin: str, end: str) -> str:
    kept, inside = [], False
    for line in source.split("\n"):
        if begin in line:
            inside = True
        elif end in line:
            inside = False
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def _checks(source: str, begin: str, end: str, asked: set[str]) -> list[_Check] | None:
    """The cell's statements as tests; None if one of them cannot be."""
    tree = _parsed(source)
    if tree is None:
        return None
    lines = source.split("\n")
    hidden, inside = set(), False
    for number, line in enumerate(lines, start=1):
        inside = (inside or begin in line) and end not in line
        if inside:
            hidden.add(number)
    checks = []
    for statement in tree.body:
        text = ast.unparse(statement)
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue  # a docstring
        if isinstance(statement, ast.Import | ast.ImportFrom) or _IGNORED.fullmatch(text):
            continue
        check = _check(statement, asked, public=statement.lineno not in hidden)
        if check is None:
            return None
        checks.append(check)
    return checks or None


_CLOSE = {
    "allclose": (1e-5, 1e-8),
    "isclose": (1e-5, 1e-8),
    "assert_allclose": (1e-7, 0),
    "assert_almost_equal": (0, 1.5e-7),
    "assert_array_almost_equal": (0, 1.5e-6),
    "assert_array_equal": (0, 0),
}
"""NumPy's comparisons with their relative and absolute tolerance."""
_EQUAL = ("assert_equal", "eq_")


def _check(statement: ast.stmt, asked: set[str], *, public: bool) -> _Check | None:
    """A statement as a test; None if it is none that is known."""
    if isinstance(statement, ast.Assert):
        test = statement.test
        if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
            return _equal(test.left, test.comparators[0], asked, public=public)
        if (found := _close(test, asked, public=public)) is not None:
            return found
        negated = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
        call = test.operand if isinstance(test, ast.UnaryOp) and negated else test
        return _truth(call, asked, wanted=not negated, public=public)
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        call = statement.value
        if _name(call) in _EQUAL and len(call.args) == 2 and not call.keywords:
            return _equal(call.args[0], call.args[1], asked, public=public)
        return _close(call, asked, public=public) if _name(call).startswith("assert_") else None
    return None


def _name(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def _equal(one: ast.expr, other: ast.expr, asked: set[str], *, public: bool) -> _Check | None:
    call, value = (one, other) if _is_call(one, asked) else (other, one)
    if not (_is_call(call, asked) and _is_plain(value)):
        return None
    wanted, shown = ast.unparse(value), ast.unparse(call)
    lines = (
        f"result = submission.{shown}",
        f'assert result == {wanted}, f{_quoted(f"{shown} is {wanted}, not ")[:-1]}{{result!r}}"',
    )
    return _made(call, lines, f"is {wanted}", public=public)


def _close(test: ast.expr, asked: set[str], *, public: bool) -> _Check | None:
    if not (
        isinstance(test, ast.Call) and _name(test) in _CLOSE and len(test.args) == 2 and not test.keywords
    ):
        return None
    call, value = test.args if _is_call(test.args[0], asked) else reversed(test.args)
    if not (_is_call(call, asked) and _is_plain(value)):
        return None
    rtol, atol = _CLOSE[_name(test)]
    check = "expect_array" if isinstance(value, ast.List | ast.Tuple | ast.Call) else "expect_number"
    wanted = ast.unparse(value)
    line = f"{check}(submission.{ast.unparse(call)}, {wanted}, rtol={rtol}, atol={atol})"
    return _made(call, (line,), f"is about {wanted}", public=public)


def _truth(call: ast.expr, asked: set[str], *, wanted: bool, public: bool) -> _Check | None:
    if not _is_call(call, asked):
        return None
    shown = ast.unparse(call)
    lines = (
        f"result = submission.{shown}",
        f'assert bool(result) is {wanted}, f{_quoted(f"{shown} is {wanted}, not ")[:-1]}{{result!r}}"',
    )
    return _made(call, lines, f"is {wanted}", public=public)


def _quoted(text: str) -> str:
    """As a part of an f-string in double quotes."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("{", "{{").replace("}", "}}")
    return f'"{plain}"'


def _made(call: ast.expr, lines: Sequence[str], said: str, *, public: bool) -> _Check:
    assert isinstance(call, ast.Call)
    text = f"`{ast.unparse(call)}` {said}."
    title = text if len(text) <= 100 else f"`{ast.unparse(call.func)}` with {len(call.args)} arguments."
    return _Check(ast.unparse(call.func), title, "\n    ".join(lines), public)


def _is_call(value: ast.expr, asked: set[str]) -> bool:
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and value.func.id in asked
        and all(_is_plain(argument) for argument in value.args)
        and all(_is_plain(keyword.value) and keyword.arg for keyword in value.keywords)
    )


def _is_plain(value: ast.expr) -> bool:
    """Whether a value is written out: constants, and lists, tuples, dictionaries and arrays of them."""
    if isinstance(value, ast.Constant):
        return True
    if isinstance(value, ast.List | ast.Tuple | ast.Set):
        return all(map(_is_plain, value.elts))
    if isinstance(value, ast.Dict):
        return all(key is not None and _is_plain(key) for key in value.keys) and all(
            map(_is_plain, value.values)
        )
    if isinstance(value, ast.UnaryOp):
        return isinstance(value.op, ast.USub | ast.UAdd) and _is_plain(value.operand)
    if isinstance(value, ast.Call):
        return ast.unparse(value.func) in ("np.array", "numpy.array") and all(map(_is_plain, value.args))
    return False


# -- the file -----------------------------------------------------------------------------------

_HEAD = '''\
"""Hidden tests, moved here from the notebook's cells.

A submission cannot read them. A cell earns its points times the share of its tests that pass; give the more
important ones a weight. Next: more inputs, and wrong implementations in mutants.yml (docs/writing-a-week.md).
"""

from __future__ import annotations

from typing import Any

import pytest

'''


def _written(cells: Sequence[_Cell]) -> str:
    numbers: dict[str, int] = {}
    tests = []
    for cell in cells:
        for check in cell.checks:
            numbers[check.function] = number = numbers.get(check.function, 0) + 1
            mark = "@pytest.mark.public\n" if check.public else ""
            said = check.title.replace("\\", "\\\\").replace('"""', "'''")
            tests.append(
                f"{mark}@pytest.mark.cell({cell.name!r})\n"
                f"def test_{check.function}_{number}(submission: Any) -> None:\n"
                f'    """{said}"""\n'
                f"    {check.body}\n"
            )
    body = "\n\n".join(tests)
    used = [name for name in ("expect_array", "expect_number") if f"{name}(" in body]
    numpy = "import numpy as np\n" if "np." in body else ""
    head = _HEAD.replace("import pytest\n", f"{numpy}import pytest\n")
    imported = f"from autograder.testing import {', '.join(used)}\n\n\n" if used else "\n"
    return f"{head}{imported}{body}"
