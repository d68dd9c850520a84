"""Wrong answers that many gave and nobody has named: students whose function fails in the same way.

Two students are together if their function failed the same tests in the same way: the same call, the same
answer, the same difference, as far as the record keeps them. What a test that passed was answered is right.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from autograder.examination import Examination, Status, TestOutcome, Verdict

_WRONG = (Verdict.FAILED, Verdict.WRONG_TYPE, Verdict.EXCEPTION)
_MOST_CODE = 20_000
"""Characters of a cell beyond which nobody looks for the shortest."""
_FEWEST = 2


@dataclass(frozen=True)
class WrongAnswer:
    """One way in which a function of several students fails.

    Attributes:
        function: its name.
        students: who gave it.
        failed: how many tests it fails.
        test: the first of these, with the call that differs.
        code: the shortest of the students' functions, without comments and docstring, if any can be read.
    """

    function: str
    students: tuple[str, ...]
    failed: int
    test: TestOutcome
    code: str


def wrong_answers(
    examinations: Iterable[tuple[str, Examination]], trained: Collection[tuple[str, str]] = ()
) -> list[WrongAnswer]:
    """Groups of at least two students, the largest first.

    Args:
        examinations: of each student.
        trained: module and function of the tests that train a model, which are left out.
    """
    together: dict[tuple[str, str], list[tuple[str, Examination, list[TestOutcome]]]] = defaultdict(list)
    for student, examination in examinations:
        if examination.status is not Status.GRADED:
            continue
        named = {found.function for found in examination.misconceptions}
        by_function: dict[str, list[TestOutcome]] = defaultdict(list)
        for test in examination.tests:
            if test.verdict is not Verdict.PASSED and test.call is not None and not test.follows:
                by_function[test.call.function].append(test)
        for function, tests in by_function.items():
            asked = [test for test in tests if (test.module, test.name.partition("[")[0]) not in trained]
            if function not in named and asked and all(test.verdict in _WRONG for test in asked):
                signature = "\n".join(map(_answer, sorted(asked, key=lambda test: test.key)))
                together[function, signature].append((student, examination, asked))
    groups = [
        WrongAnswer(
            function=function,
            students=tuple(student for student, _, _ in members),
            failed=len(members[0][2]),
            test=next((test for test in members[0][2] if test.difference), members[0][2][0]),
            code=min((code for _, e, _ in members if (code := _code(e, function))), key=len, default=""),
        )
        for (function, _), members in together.items()
        if len(members) >= _FEWEST
    ]
    return sorted(groups, key=lambda group: (-len(group.students), group.function, group.students))


def _answer(test: TestOutcome) -> str:
    """What is known of a failed test's answer."""
    kept = test.model_copy(update={"seconds": 0.0})
    return kept.model_dump_json(include={"name", "module", "verdict", "message", "call", "difference"})


def _code(examination: Examination, function: str) -> str:
    """A student's function as Python itself would write it."""
    for cell in reversed(examination.notebook):
        if cell.cell_type != "code" or function not in cell.source or len(cell.source) > _MOST_CODE:
            continue
        try:
            for node in reversed(ast.parse(cell.source).body):
                if isinstance(node, ast.FunctionDef) and node.name == function:
                    if ast.get_docstring(node, clean=False) is not None and len(node.body) > 1:
                        node.body = node.body[1:]
                    return ast.unparse(node)
        except (SyntaxError, ValueError, RecursionError, MemoryError):  # a magic, or no Python
            continue
    return ""


def training_tests(suite: Path) -> set[tuple[str, str]]:
    """Module and function of a suite's tests that train a model, read from their marks."""
    found = set()
    for path in sorted(suite.glob("test_*.py")) if suite.is_dir() else []:
        try:
            body = ast.parse(path.read_text(encoding="utf-8")).body
        except (OSError, SyntaxError, ValueError):  # `verify` says so
            continue
        whole = any(
            isinstance(node, ast.Assign)
            and any(isinstance(name, ast.Name) and name.id == "pytestmark" for name in node.targets)
            and "mark.training" in ast.unparse(node.value)
            for node in body
        )
        for node in body:
            marks = node.decorator_list if isinstance(node, ast.FunctionDef) else []
            if isinstance(node, ast.FunctionDef) and (
                whole or any("mark.training" in ast.unparse(mark) for mark in marks)
            ):
                found.add((path.stem, node.name))
    return found
