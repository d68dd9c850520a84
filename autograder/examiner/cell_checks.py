"""Test cells that decide by how they ran, told like tests: so pages, report and exports say why."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence

from nbformat import NotebookNode

from autograder.examination import CellOutcome, Score, TestOutcome, Text, Verdict
from autograder.messages import Message, words
from autograder.notebooks.metadata import grade_id, is_test

MODULE = "notebook"
"""In place of a suite's module."""


def cell_checks(
    released: NotebookNode,
    scores: Sequence[Score],
    cells: Sequence[CellOutcome],
    hidden: Collection[str],
    counted: Collection[str],
) -> Iterator[TestOutcome]:
    """An outcome for each test cell that decides by how it ran.

    Args:
        released: the assignment as students got it.
        scores: of the submission.
        cells: how its cells ran.
        hidden: grade ids of those that hold tests which students do not have.
        counted: of those for which the suite has tests; they are told by these.
    """
    points = {score.grade_id: score for score in scores}
    ran = {cell.grade_id: cell for cell in cells}
    for cell in released.cells:
        name = grade_id(cell)
        if not is_test(cell) or name in counted or name not in ran or name not in points:
            continue
        verdict, message = _ended(ran[name], points[name])
        yield TestOutcome(
            name=name,
            module=MODULE,
            title=_title(cell.source),
            cell=name,
            public=name not in hidden,
            verdict=verdict,
            message=message,
        )


def _ended(cell: CellOutcome, score: Score) -> tuple[Verdict, Message]:
    if cell.verdict is Verdict.EXCEPTION and str(cell.message).startswith("AssertionError"):
        return Verdict.FAILED, cell.message
    if cell.verdict is not Verdict.PASSED or score.points == score.max_points:
        return cell.verdict, cell.message
    if score.points:
        return Verdict.FAILED, words(
            f"{score.points:g} of {score.max_points:g} points, as the cell's result says"
        )
    return Verdict.FAILED, words("the cell wrote to stderr, or its result is 0")


def _title(source: str) -> Text:
    """What the cell says of itself in its first line, or that it has to run."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # a magic
        body = []
    value = body[0].value if body and isinstance(body[0], ast.Expr) else None
    told = value.value if isinstance(value, ast.Constant) else None
    if isinstance(told, str) and (said := " ".join(told.split())):
        return Text(en=said, ko=said)
    return Text(en="The checks in the cell run to their end.", ko="셀의 검사가 끝까지 실행됩니다.")
