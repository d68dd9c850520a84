"""A week's wrong implementations and correct alternatives, as its author wrote them down.

An entry has its whole ``source``, or it is an edit of the solution: ``replace`` a line that stands in the
function once, ``by`` others. An edit follows the solution when that is changed.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from nbformat import NotebookNode
from ruamel.yaml import YAML

from autograder.examination import Text
from autograder.problem import Problem
from autograder.submissions.naming import MUTANTS, is_named, text_of

_MARKS = ("### BEGIN SOLUTION", "### END SOLUTION")


class CatalogueError(Problem, ValueError):
    """An entry cannot be used; the text says which, on which line, and what to write."""


@dataclass(frozen=True)
class Mutant:
    """A wrong implementation of one function.

    Attributes:
        id: unique in the course.
        replaces: the name that it redefines.
        misconception: what its author believes, in both languages.
        hint: a nudge, in both languages.
        more: a further hint, nearer to the answer; None if there is none.
        source: run on top of the solution, after its last cell.
        training: only a test that trains a model can tell it from the solution.
    """

    id: str
    replaces: str
    misconception: Text
    hint: Text
    source: str
    training: bool = False
    more: Text | None = None


@dataclass(frozen=True)
class Alternative:
    """A correct implementation in another style."""

    id: str
    replaces: str
    style: str
    source: str


def functions_of(solution: NotebookNode) -> dict[str, str]:
    """Source of each function that a solution's cells define, without docstring and marks, by name."""
    found: dict[str, str] = {}
    for cell in solution.cells:
        if cell.cell_type != "code":
            continue
        try:
            body = ast.parse(cell.source).body
        except SyntaxError:  # a magic
            continue
        lines = cell.source.splitlines()
        for node in body:
            if isinstance(node, ast.FunctionDef):
                found[node.name] = _without_docstring(node, lines)
    return found


def _without_docstring(node: ast.FunctionDef, lines: list[str]) -> str:
    first = node.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and len(node.body) > 1
    gone = range(first.lineno, (first.end_lineno or first.lineno) + 1) if documented else range(0)
    kept = [
        line
        for number, line in enumerate(lines[node.lineno - 1 : node.end_lineno], start=node.lineno)
        if number not in gone and line.strip() not in _MARKS
    ]
    return "\n".join(kept) + "\n"


def load_mutants(
    suite: Path, functions: Mapping[str, str] | None = None, *, untold: bool = False
) -> list[Mutant]:
    """The mutants of a suite's folder, in the order of the file; none if it has none.

    An entry that was named after answers and is not filled in yet is left out (:func:`unfilled`).

    Args:
        suite: the folder.
        functions: of the solution, which edits are made in (:func:`functions_of`).
        untold: take an entry without its words, too: they may be written later.

    Raises:
        CatalogueError: an entry lacks something, or its edit does not fit the solution.
    """
    path = suite / MUTANTS
    found = []
    for number, entry in enumerate(_entries(path)):
        try:
            found.append(_mutant(path, number, entry, functions or {}, untold=untold))
        except CatalogueError:
            if not is_named(entry):
                raise
    return found


def unfilled(suite: Path, functions: Mapping[str, str] | None = None) -> Iterator[str]:
    """What is still missing in entries that were named after answers, a sentence each."""
    path = suite / MUTANTS
    for number, entry in enumerate(_entries(path)):
        if is_named(entry):
            try:
                _mutant(path, number, entry, functions or {})
            except CatalogueError as error:
                yield str(error)


def load_alternatives(suite: Path) -> list[Alternative]:
    """The correct alternatives of a suite's folder.

    Raises:
        CatalogueError: an entry lacks something.
    """
    path = suite / "alternatives.yml"
    return [
        Alternative(**{key: _text(path, number, entry, key) for key in ("id", "replaces", "style", "source")})
        for number, entry in enumerate(_entries(path))
    ]


def _mutant(
    path: Path, number: int, entry: Any, functions: Mapping[str, str], *, untold: bool = False
) -> Mutant:
    words = _whatever_there_is if untold else _both
    function = _text(path, number, entry, "replaces")
    return Mutant(
        id=_text(path, number, entry, "id"),
        replaces=function,
        misconception=words(path, number, entry, "misconception"),
        hint=words(path, number, entry, "hint"),
        source=_edited(path, number, entry, functions.get(function))
        if isinstance(entry, dict) and "replace" in entry
        else _text(path, number, entry, "source"),
        training=bool(entry.get("training", False)),
        more=words(path, number, entry, "more") if "more" in entry else None,
    )


def _whatever_there_is(_path: Path, _number: int, entry: Any, key: str) -> Text:
    return text_of(entry.get(key)) or Text(en="", ko="")


def _both(path: Path, number: int, entry: Any, key: str) -> Text:
    """A text in both languages; one that is written once, not by language, is that in both."""
    texts = entry.get(key) if isinstance(entry, dict) else None
    if (found := text_of(texts)) is not None:
        return found
    given = texts if isinstance(texts, dict) else {}
    english = given.get("en")
    language, name = ("ko", "Korean") if isinstance(english, str) and english.strip() else ("en", "English")
    raise _lacks(path, number, entry, f"its {key} in {name}", f"{key}: {language}: …")


def _text(path: Path, number: int, entry: Any, key: str) -> str:
    value = entry.get(key) if isinstance(entry, dict) else None
    if not isinstance(value, str) or not value.strip():
        raise _lacks(path, number, entry, key, f"{key}: …")
    return value


def _edited(path: Path, number: int, entry: dict[str, Any], source: str | None) -> str:
    """The function of the solution with one line replaced."""
    line, by = _text(path, number, entry, "replace").strip(), entry.get("by")
    if not isinstance(by, str):
        raise _lacks(path, number, entry, "by", 'by: … (the new lines, "" for none)')
    if source is None:
        raise _error(path, number, entry, f"replaces {entry['replaces']}, which the solution does not define")
    lines = source.splitlines()
    places = [index for index, text in enumerate(lines) if text.strip() == line]
    if len(places) != 1:
        times = "does not appear" if not places else f"appears {len(places)} times"
        said = f"replaces the line `{line}`, which {times} in the solution's {entry['replaces']}"
        raise _error(path, number, entry, f"{said}; name a line that appears once, or write a source")
    (place,) = places
    indent = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
    new = textwrap.indent(textwrap.dedent(by).strip("\n"), indent).splitlines() if by.strip() else []
    return "\n".join([*lines[:place], *new, *lines[place + 1 :]]) + "\n"


def _lacks(path: Path, number: int, entry: Any, what: str, write: str) -> CatalogueError:
    return _error(path, number, entry, f"lacks {what}; write `{write}`")


def _error(path: Path, number: int, entry: Any, said: str) -> CatalogueError:
    line = 0
    with suppress(AttributeError, LookupError, TypeError):  # reading it with its lines takes long
        line = YAML().load(path.read_text(encoding="utf-8")).lc.data[number][0] + 1
    place = "/".join(path.parts[-4:])
    name = entry.get("id") if isinstance(entry, dict) else None
    return CatalogueError(f"{place}, line {line}: {name or f'entry {number + 1}'} {said}.")


def _entries(path: Path) -> list[Any]:
    if not path.is_file():
        return []
    try:
        # In C: thousands of lines take half a second otherwise, and the first submission waits for them.
        found = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) or []
    except yaml.YAMLError as error:
        said = " ".join(str(getattr(error, "problem", None) or error).split())
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark is not None else ""
        raise CatalogueError(f"{'/'.join(path.parts[-4:])}{place}: {said}; mend the YAML.") from None
    if not isinstance(found, list):
        raise CatalogueError(
            f"{'/'.join(path.parts[-4:])} is not a list of entries, each beginning with `- id:`."
        )
    return found
