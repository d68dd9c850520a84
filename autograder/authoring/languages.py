"""Whether everything that a student reads exists in the languages of the course.

A course of several languages has its prose in pairs of cells, its tests' docstrings in pairs of paragraphs,
and its assertions' sentences by `expect`, its mutants' texts by language; a course of one writes each once.
"""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from nbformat import NotebookNode

from autograder.course.folders import COURSE_FILE, Paths
from autograder.course.models import Course
from autograder.examiner.mutants import Mutant
from autograder.messages import Language
from autograder.notebooks.metadata import tags


def untranslated(
    course: Course, paths: Paths, week: str, solution: NotebookNode, mutants: Sequence[Mutant]
) -> Iterator[str]:
    """What a week lacks in a language of the course, or has in another one; sentences with the way out.

    Args:
        course: says which languages.
        paths: its files.
        week: the assignment.
        solution: of the week.
        mutants: of the week.
    """
    if len(course.languages) == 1:
        yield from _in_another_language(solution, week, course.languages[0])
        return
    yield from _prose(solution, week)
    yield from _docstrings(paths.suite(week), f"tests/hidden/{week}")
    yield from _assertions(paths.suite(week), f"tests/hidden/{week}")
    for mutant in mutants:
        texts = {"misconception": mutant.misconception, "hint": mutant.hint, "more": mutant.more}
        for key, text in texts.items():
            if text is not None and text.en == text.ko:
                place = f"tests/hidden/{week}/mutants.yml: {mutant.id}"
                yield f"{place} has its {key} in one language; write `{key}: {{ en: …, ko: … }}`."


def _in_another_language(solution: NotebookNode, week: str, language: Language) -> Iterator[str]:
    others = {str(other) for other in Language if other is not language}
    for cell in solution.cells:
        if others & set(tags(cell)):
            said = (
                f"the cell {_first_line(cell)!r} has the tag of a language that {COURSE_FILE} does not name"
            )
            yield f"solutions/{week}.py: {said}; take the cell away, or add the language to `languages`."


def _prose(solution: NotebookNode, week: str) -> Iterator[str]:
    """Prose comes in pairs: English, and the same in Korean right after it."""
    prose = [cell for cell in solution.cells if cell.cell_type == "markdown"]
    order = [tuple(tag for tag in tags(cell) if tag in set(Language)) for cell in prose]
    for number, (cell, tagged) in enumerate(zip(prose, order, strict=True)):
        first = _first_line(cell)
        if len(tagged) != 1:
            yield f"solutions/{week}.py: the prose cell {first!r} needs exactly one of the tags en and ko."
        elif tagged != (("en",), ("ko",))[number % 2]:
            yield f"solutions/{week}.py: at the prose cell {first!r} the other language's cell is missing."
            return
    if len(prose) % 2:
        yield f"solutions/{week}.py: the last prose cell has no Korean twin."


def _first_line(cell: NotebookNode) -> str:
    return cell.source.strip().splitlines()[0][:50] if cell.source.strip() else "(empty)"


def _docstrings(suite: Path, place: str) -> Iterator[str]:
    """A test says what is asked in a paragraph of each language."""
    for file, module in _modules(suite, "test_*.py"):
        for function in ast.walk(module):
            if isinstance(function, ast.FunctionDef) and function.name.startswith("test_"):
                said = ast.get_docstring(function)
                if said and len(re.split(r"\n\s*\n", said)) == 1:
                    where = f"{place}/{file.name}, line {function.lineno}: the docstring of {function.name}"
                    mend = "write a paragraph in English, an empty line, and one in Korean"
                    yield f"{where} is in one language; {mend}."


def _assertions(suite: Path, place: str) -> Iterator[str]:
    """Why a test fails is said in both languages: in the one sentence of an ``assert`` it cannot be."""
    for file, module in _modules(suite, "*.py"):
        lines = sorted(
            node.lineno for node in ast.walk(module) if isinstance(node, ast.Assert) and node.msg is not None
        )
        if lines:
            where = f"{place}/{file.name}, line {', '.join(map(str, lines))}"
            mend = "write `expect(condition, English, Korean)`, from autograder.testing"
            yield f"{where}: the message of an assert is in one language; {mend}."


def _modules(suite: Path, pattern: str) -> Iterator[tuple[Path, ast.Module]]:
    for file in sorted(suite.glob(pattern)):
        with contextlib.suppress(SyntaxError):  # whoever collects the suite says it better
            yield file, ast.parse(file.read_text(encoding="utf-8"))
