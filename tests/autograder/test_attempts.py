"""Best-of attempts: nothing that was handed in is lost, and the best of it counts."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.course.folders import Paths
from autograder.course.models import Course
from autograder.course.reading import load_course
from autograder.examination import Examination, Score, Status
from autograder.grading.grade import grade
from autograder.notebooks.metadata import grade_id
from autograder.notebooks.scripts import dump
from autograder.options import Options
from autograder.submissions.attempts import Attempt, best
from autograder.submissions.found import Submission
from autograder.submissions.week import current_records

SUITE = '''\
import pytest


@pytest.mark.cell("test-double")
def test_two(submission):
    """Twice 2.

    2의 두 배.
    """
    assert submission.double(2) == 4


@pytest.mark.cell("test-double-array")
def test_half(submission):
    """Twice 0.5.

    0.5의 두 배.
    """
    assert submission.double(0.5) == 1
'''
NOTHING = "raise NotImplementedError('not implemented yet')"
PART = "def double(x):\n    return x * x"
WHOLE = "def double(x):\n    return 2 * x"


def hand_in(paths: Paths, source: str, at: str) -> bytes:
    """Ada's next attempt, as nbgrader's collect leaves it."""
    notebook = nbformat.reads(paths.released("small").read_text(encoding="utf-8"), as_version=4)
    for cell in notebook.cells:
        if grade_id(cell) == "double":
            cell.source = source
    file = paths.submission("ada", "small")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(dump(notebook))
    file.with_name("timestamp.txt").write_text(at)
    return file.read_bytes()


@pytest.fixture
def course(small: tuple[Course, Paths]) -> Paths:
    _, paths = small
    (paths.suite("small") / "test_public.py").unlink()
    (paths.suite("small") / "test_hidden.py").write_text(SUITE, encoding="utf-8")
    with paths.course.open("a", encoding="utf-8") as file:
        file.write("attempts: best\nlate: {penalty: 50}\n")
    return paths


def run(paths: Paths) -> tuple[float, float]:
    """Grade; Ada's points and penalty in the gradebook."""
    grade(paths.root, "small", Options(workers=1))
    with Gradebook(paths.gradebook_url) as gradebook:
        submission = gradebook.find_submission("small", "ada")
        return submission.score, submission.late_submission_penalty


@pytest.mark.slow
def test_a_worse_attempt_takes_nothing_and_a_better_one_counts(course: Paths) -> None:
    part = hand_in(course, PART, "2027-03-05 12:00:00 UTC")
    assert run(course) == (4, 0)
    hand_in(course, NOTHING, "2027-03-06 12:00:00 UTC")
    assert run(course) == (4, 0)
    assert course.submission("ada", "small").read_bytes() == part
    made = load_course(course.root)
    assert current_records(made, course, "small")["ada"].points == 4
    hand_in(course, WHOLE, "2027-03-07 12:00:00 UTC")
    assert run(course) == (10, 0)
    assert len(list((course.root / "attempts" / "ada" / "small").iterdir())) == 3
    # a mended suite, or a second collection, finds them all again
    hand_in(course, NOTHING, "2027-03-06 12:00:00 UTC")
    assert run(course) == (10, 0)
    assert len(list((course.root / "attempts" / "ada" / "small").iterdir())) == 3


@pytest.mark.slow
def test_a_better_one_that_comes_late_has_to_be_better_after_its_penalty(course: Paths) -> None:
    hand_in(course, PART, "2027-03-05 12:00:00 UTC")
    assert run(course) == (4, 0)
    hand_in(course, WHOLE, "2027-03-08 12:00:00 UTC")
    assert run(course) == (10, 5)
    hand_in(course, WHOLE + "\n", "2027-03-09 20:00:00 UTC")  # two days late: nothing is left
    assert run(course) == (10, 5)


@pytest.mark.slow
def test_the_last_attempt_counts_where_the_course_says_so(course: Paths) -> None:
    text = course.course.read_text(encoding="utf-8")
    course.course.write_text(text.replace("attempts: best", "attempts: last"), encoding="utf-8")
    hand_in(course, PART, "2027-03-05 12:00:00 UTC")
    assert run(course)[0] == 4
    hand_in(course, NOTHING, "2027-03-06 12:00:00 UTC")
    assert run(course)[0] == 0
    assert not (course.root / "attempts").exists()


def attempt(points: float, day: int | None, status: Status = Status.GRADED) -> tuple[Attempt, Examination]:
    time = None if day is None else dt.datetime(2027, 3, day, tzinfo=dt.UTC)
    submission = Submission.of("ada", "small", f"{points} {day}".encode(), key=f"{points} {day}")
    examination = Examination(
        key=submission.key,
        assignment="small",
        student="ada",
        status=status,
        scores=(Score(grade_id="a", points=points, max_points=10),),
        graded_at=dt.datetime(2027, 3, 8, tzinfo=dt.UTC),
    )
    return Attempt(submission, time), examination


class TestTheBest:
    def made(self, small: tuple[Course, Paths], late: str = "{}") -> Course:
        _, paths = small
        with paths.course.open("a", encoding="utf-8") as file:
            file.write(f"late: {late}\n")
        return load_course(paths.root)

    def test_earns_most(self, small: tuple[Course, Paths]) -> None:
        low, high = attempt(4, 1), attempt(8, 2)
        assert best(self.made(small), [low, high]) == high[0]

    def test_of_equal_ones_the_earliest_counts(self, small: tuple[Course, Paths]) -> None:
        made = self.made(small)
        first, second, unknown = attempt(8, 1), attempt(8, 2), attempt(8, None)
        assert best(made, [unknown, second, first]) == first[0]

    def test_a_penalty_counts(self, small: tuple[Course, Paths]) -> None:
        made = self.made(small, "{penalty: 30}")
        early, late = attempt(6, 5), attempt(8, 8)
        assert best(made, [early, late]) == early[0]

    def test_a_fault_of_the_grader_decides_nothing(self, small: tuple[Course, Paths]) -> None:
        made = self.made(small)
        graded, faulty = attempt(2, 1), attempt(9, 2, Status.GRADER_ERROR)
        assert best(made, [graded, faulty]) == graded[0]
        assert best(made, [faulty]) is None


def test_links_in_the_folder_of_attempts_are_not_read(tmp_path: Path) -> None:
    from autograder.submissions.attempts import _kept

    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "unknown-0.ipynb").symlink_to(tmp_path / "secret")
    assert list(_kept(tmp_path, Submission.of("ada", "small", b""), "f")) == []
