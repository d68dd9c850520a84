"""From test outcomes to points: pure, and the only place where points are made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nbformat import NotebookNode

from autograder.examination import Score, TestOutcome, Verdict
from autograder.notebook import grade_id, is_answered, is_manual, is_test, points


def score_cells(
    released: NotebookNode, merged: NotebookNode | None, tests: Sequence[TestOutcome]
) -> tuple[Score, ...]:
    """Points of every grade cell of the release, in its order.

    A test cell earns its points times the passed share of its tests' weights; a cell among whose tests
    is a grader error is left undecided. A manually graded cell earns 0 if it is as released and is left
    to a person otherwise (nbgrader's rule). Without a ``merged`` notebook nothing was handed in that
    could be read, and everything earns 0.

    Args:
        released: the assignment as students got it.
        merged: the submission as it was graded, None if there is none.
        tests: outcomes of the suite on it.
    """
    answers = {grade_id(cell): cell for cell in merged.cells} if merged is not None else {}
    scores = []
    for cell in released.cells:
        name, worth = grade_id(cell), points(cell)
        if is_manual(cell):
            answered = name in answers and is_answered(answers[name])
            scores.append(
                Score(grade_id=name, points=None if answered else 0.0, max_points=worth, manual=True)
            )
        elif is_test(cell):
            mine = [test for test in tests if test.cell == name]
            scores.append(Score(grade_id=name, points=_earned(mine, worth), max_points=worth))
    return tuple(scores)


def _earned(tests: Iterable[TestOutcome], worth: float) -> float | None:
    tests = list(tests)
    if any(test.verdict is Verdict.GRADER_ERROR for test in tests):
        return None
    total = sum(test.weight for test in tests)
    passed = sum(test.weight for test in tests if test.verdict is Verdict.PASSED)
    return round(worth * passed / total, 6) if total else 0.0
