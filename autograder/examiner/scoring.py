"""From test outcomes to points: pure, and the only place where points are made."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Sequence

from nbformat import NotebookNode

from autograder.course.models import Carry
from autograder.examination import CellOutcome, Score, TestOutcome, Verdict
from autograder.notebooks.metadata import grade_id, is_left_out, is_manual, is_test, points

_SHARES: dict[Carry, float] = {"full": 1.0, "half": 0.5, "none": 0.0}


def score_cells(
    released: NotebookNode,
    merged: NotebookNode | None,
    tests: Sequence[TestOutcome],
    carry: Carry = "full",
) -> tuple[Score, ...]:
    """Points of every grade cell of the release, in its order.

    A test cell earns its points times the passed share of its tests' weights, among them what follows from
    another function's mistake as far as the course carries it forward; a cell among whose tests
    is a grader error is left undecided. A manually graded cell is left to a person, unless it was the
    student's to fill in and is as released: then it earns 0 (nbgrader's rule). Without a ``merged`` notebook
    nothing was handed in that could be read, and everything earns 0.

    Args:
        released: the assignment as students got it.
        merged: the submission as it was graded, None if there is none.
        tests: outcomes of the suite on it.
        carry: what a test earns that follows from another function's mistake.
    """
    answers = {grade_id(cell): cell for cell in merged.cells} if merged is not None else {}
    scores = []
    for cell in released.cells:
        name, worth = grade_id(cell), points(cell)
        if is_manual(cell):
            nothing = name not in answers or is_left_out(answers[name])
            scores.append(
                Score(grade_id=name, points=0.0 if nothing else None, max_points=worth, manual=True)
            )
        elif is_test(cell):
            mine = [test for test in tests if test.cell == name]
            scores.append(Score(grade_id=name, points=_earned(mine, worth, _SHARES[carry]), max_points=worth))
    return tuple(scores)


def _earned(tests: Iterable[TestOutcome], worth: float, share: float) -> float | None:
    tests = list(tests)
    if any(test.verdict is Verdict.GRADER_ERROR for test in tests):
        return None
    total = sum(test.weight for test in tests)
    passed = sum(test.weight for test in tests if test.verdict is Verdict.PASSED)
    passed += share * sum(test.weight for test in tests if test.follows)
    return round(worth * passed / total, 6) if total else 0.0


def score_checks(
    released: NotebookNode, merged: NotebookNode | None, cells: Sequence[CellOutcome]
) -> tuple[Score, ...]:
    """Points where there is no suite: a test cell earns what nbgrader would give for how it ran.

    All of it if the cell ran to its end; nothing otherwise, or if it wrote to stderr; and if its result is
    a number, that number, from 0 to the cell's points (nbgrader's partial credit).

    Args:
        released: the assignment as students got it.
        merged: the submission as it was graded, None if there is none.
        cells: how its cells ran.
    """
    ran = {cell.grade_id: cell for cell in cells}
    return tuple(
        score
        if score.manual or score.grade_id not in ran
        else score.model_copy(update={"points": _checked(ran[score.grade_id], score.max_points)})
        for score in score_cells(released, merged, ())
    )


def _checked(cell: CellOutcome, worth: float) -> float:
    if cell.verdict is not Verdict.PASSED:
        return 0.0
    for output in cell.outputs:
        kind, data = output.get("output_type"), output.get("data")
        if kind == "error" or (kind == "stream" and output.get("name") == "stderr"):
            return 0.0
        if kind == "execute_result" and isinstance(data, dict):
            with contextlib.suppress(TypeError, ValueError):
                number = float(str(data.get("text/plain", "")))
                return min(max(number, 0.0), worth) if math.isfinite(number) else 0.0
            return worth
    return worth
