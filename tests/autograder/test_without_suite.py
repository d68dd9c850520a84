"""A week without a hidden suite is graded by its visible checks, as nbgrader would, only confined."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import trial as trial_course
from trial import Class

from autograder.course import load_course
from autograder.examination import CellOutcome, Status, Verdict
from autograder.examiner.scoring import score_checks
from autograder.notebook import read_released
from autograder.problem import GradeError


@pytest.fixture
def trial(tmp_path: Path) -> Class:
    made = trial_course.make(tmp_path)
    shutil.rmtree(made.paths.suite("trial"))
    return made


@pytest.mark.slow
def test_the_checks_decide(trial: Class) -> None:
    trial.hand_in("right")
    trial.hand_in("half", half="def half(x):\n    return x / 3\n")
    trial.hand_in("ends", half="import os\n\n\ndef half(x):\n    os._exit(0)\n")
    trial.hand_in("loops", half="def half(x):\n    while True:\n        pass\n")
    trial.hand_in(
        "warns", half="import sys\n\n\ndef half(x):\n    print('hm', file=sys.stderr)\n    return x / 2\n"
    )
    trial.hand_in("edits", double="raise SystemExit\n")
    found = trial.grade()
    points = {student: [s.points for s in e.scores] for student, e in found.items()}
    assert points == {
        "right": [60, 40],
        "half": [60, 0],
        "ends": [60, 0],
        "loops": [60, 0],
        "warns": [60, 0],
        "edits": [0, 40],
    }
    assert {e.status for e in found.values()} == {Status.GRADED}
    assert all("no-suite" in {notice.code for notice in e.notices} for e in found.values())
    assert len(found["right"].layers) >= 9
    assert trial.grade() == found


@pytest.mark.slow
def test_an_untouched_assignment_earns_nothing(trial: Class) -> None:
    trial.hand_in_bytes("blank", trial.paths.released("trial").read_bytes())
    assert trial.grade()["blank"].points == 0


def test_hidden_tests_inside_cells_are_refused(trial: Class) -> None:
    solution = trial.paths.solution("trial")
    text = solution.read_text().replace(
        "assert double(2) == 4",
        "assert double(2) == 4\n### BEGIN HIDDEN TESTS\nassert double(3) == 6\n### END HIDDEN TESTS",
    )
    solution.write_text(text)
    trial.hand_in("right")
    with pytest.raises(GradeError, match=r"move them to tests/hidden/trial/test_hidden\.py"):
        trial.grade()


@pytest.mark.parametrize(
    ("outputs", "points"),
    [
        ((), 60),
        (({"output_type": "stream", "name": "stdout", "text": "0"},), 60),
        (({"output_type": "execute_result", "data": {"text/plain": "12.5"}},), 12.5),
        (({"output_type": "execute_result", "data": {"text/plain": "600"}},), 60),
        (({"output_type": "execute_result", "data": {"text/plain": "-1"}},), 0),
        (({"output_type": "execute_result", "data": {"text/plain": "nan"}},), 0),
        (({"output_type": "execute_result", "data": {"text/plain": "'fine'"}},), 60),
        (({"output_type": "execute_result", "data": {}},), 60),
    ],
)
def test_partial_credit_is_nbgraders(
    trial: Class, outputs: tuple[dict[str, object], ...], points: float
) -> None:
    load_course(trial.root)
    released = read_released(trial.paths.released("trial"))
    cell = CellOutcome(index=0, grade_id="test-double", verdict=Verdict.PASSED, outputs=outputs)
    (first, second) = score_checks(released, released, [cell])
    assert (first.points, second.points) == (points, 0)


def test_a_cell_that_was_not_run_earns_nothing(trial: Class) -> None:
    released = read_released(trial.paths.released("trial"))
    cell = CellOutcome(index=0, grade_id="test-double", verdict=Verdict.SKIPPED)
    assert [s.points for s in score_checks(released, released, [cell])] == [0, 0]
