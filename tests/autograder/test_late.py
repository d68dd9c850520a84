"""Late submissions: days of the calendar, in the course's own clock."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.course.folders import COURSE_FILE, Paths
from autograder.course.models import Course
from autograder.course.reading import load_course
from autograder.examination import Examination, Score, Status
from autograder.gradebook.late import days_late, settle
from autograder.gradebook.ledger import Ledger
from autograder.notebooks.scripts import dump

WEEK = "w"


def course(folder: Path, late: str, zone: str = "Europe/Berlin") -> Course:
    (folder / COURSE_FILE).write_text(
        f"title: {{en: a, ko: b}}\ntimezone: {zone}\nlate: {late}\nassignments:\n"
        "  - {name: w, title: W, release: 2027-01-01, due: 2027-12-01}\n",
        encoding="utf-8",
    )
    return load_course(folder)


def days(made: Course, due: str, submitted: str, student: str = "ada", **more: Any) -> int:
    """Days late, times written in the course's clock."""
    at = dt.datetime.fromisoformat
    return days_late(
        made,
        WEEK,
        student,
        at(due).replace(tzinfo=made.zone),
        at(submitted).replace(tzinfo=made.zone),
        **more,
    )


class TestDays:
    @pytest.mark.parametrize(
        ("submitted", "late"),
        [
            ("2027-05-10 23:58", 0),
            ("2027-05-10 23:59", 0),
            ("2027-05-10 23:59:01", 1),
            ("2027-05-11 23:59", 1),
            ("2027-05-11 23:59:01", 2),
            ("2027-05-13 12:00", 3),
        ],
    )
    def test_a_day_counts_from_its_first_second(self, tmp_path: Path, submitted: str, late: int) -> None:
        assert days(course(tmp_path, "{}"), "2027-05-10 23:59", submitted) == late

    def test_in_the_grace_nothing_is_late_and_after_it_the_due_date_counts(self, tmp_path: Path) -> None:
        made = course(tmp_path, "{grace: 15 minutes}")
        assert days(made, "2027-05-10 23:59", "2027-05-11 00:14") == 0
        assert days(made, "2027-05-10 23:59", "2027-05-11 00:14:01") == 1
        assert days(made, "2027-05-10 23:59", "2027-05-11 23:59:30") == 2

    # On 28 March 2027 the clocks of Berlin jump from 2:00 to 3:00, on 31 October they fall back from 3:00.
    @pytest.mark.parametrize(
        ("due", "submitted", "late", "elapsed"),
        [
            ("2027-03-27 23:59", "2027-03-28 23:59", 1, 23),
            ("2027-03-27 23:59", "2027-03-29 00:00", 2, 23 + 1 / 60),
            ("2027-10-30 23:59", "2027-10-31 23:59", 1, 25),
            ("2027-10-30 23:59", "2027-11-01 00:00", 2, 25 + 1 / 60),
            ("2027-03-27 12:00", "2027-03-30 12:00", 3, 71),
        ],
    )
    def test_a_day_ends_at_the_same_time_of_the_clock_also_when_clocks_change(
        self, tmp_path: Path, due: str, submitted: str, late: int, elapsed: float
    ) -> None:
        made = course(tmp_path, "{}")
        assert days(made, due, submitted) == late
        first, last = (
            dt.datetime.fromisoformat(text).replace(tzinfo=made.zone).timestamp() for text in (due, submitted)
        )
        assert (last - first) / 3600 == pytest.approx(elapsed)

    def test_grace_in_hours_is_by_the_stopwatch_and_in_days_by_the_calendar(self, tmp_path: Path) -> None:
        hours = course(tmp_path, "{grace: 24 hours}")
        assert days(hours, "2027-03-27 23:59", "2027-03-29 00:59") == 0
        day = course(tmp_path, "{grace: 1 day}")
        assert days(day, "2027-03-27 23:59", "2027-03-28 23:59") == 0
        assert days(day, "2027-03-27 23:59", "2027-03-29 00:00") == 2

    def test_in_the_hour_that_comes_twice(self, tmp_path: Path) -> None:
        made = course(tmp_path, "{}")
        due = dt.datetime(2027, 10, 31, 2, 30, tzinfo=made.zone)
        again = due.replace(fold=1)
        assert again.timestamp() - due.timestamp() == 3600
        assert days_late(made, WEEK, "ada", due, again) == 1

    @pytest.mark.parametrize("zone", ["Asia/Seoul", "America/New_York", "Asia/Kathmandu"])
    def test_the_courses_zone_decides_wherever_the_time_was_noted(self, tmp_path: Path, zone: str) -> None:
        made = course(tmp_path, "{}", zone)
        due = dt.datetime(2027, 5, 10, 23, 59, tzinfo=made.zone)
        submitted = (due + dt.timedelta(days=1)).astimezone(dt.UTC)
        assert days_late(made, WEEK, "ada", due.astimezone(dt.UTC), submitted) == 1
        assert days_late(made, WEEK, "ada", due, submitted + dt.timedelta(seconds=1)) == 2


class TestExtensions:
    @pytest.mark.parametrize(
        ("extension", "last"),
        [
            ("2 days", "2027-03-29 23:59"),
            ("1 week", "2027-04-03 23:59"),
            ("48 hours", "2027-03-30 00:59"),  # an hour of them does not exist
            ("2027-03-30", "2027-03-30 23:59:59"),
            ("2027-03-30 12:00", "2027-03-30 12:00"),
            ("2027-03-30T12:00:00+00:00", "2027-03-30 14:00"),
            ("{w: 1 day}", "2027-03-28 23:59"),
            ("2027-03-01", "2027-03-27 23:59"),  # an earlier date takes nothing away
        ],
    )
    def test_a_students_own_due_date(self, tmp_path: Path, extension: str, last: str) -> None:
        made = course(tmp_path, f"{{extensions: {{ada: {extension}}}}}")
        assert days(made, "2027-03-27 23:59", last) == 0
        second = dt.datetime.fromisoformat(last) + dt.timedelta(seconds=1)
        assert days(made, "2027-03-27 23:59", second.isoformat()) == 1
        assert days(made, "2027-03-27 23:59", "2027-03-28 00:00", "bob") == 1

    def test_of_two_extensions_the_longer_counts(self, tmp_path: Path) -> None:
        made = course(tmp_path, "{extensions: {ada: 1 day}}")
        assert days(made, "2027-05-10 12:00", "2027-05-12 12:00", extension=dt.timedelta(days=2)) == 0
        assert days(made, "2027-05-10 12:00", "2027-05-11 12:00", extension=dt.timedelta(hours=2)) == 0


@pytest.mark.parametrize(
    ("late", "lost"),
    [
        ("{penalty: none}", [0, 0, 0, 0, 0]),
        ("{penalty: zero}", [0, 80, 80, 80, 80]),
        ("{penalty: 10}", [0, 8, 16, 24, 32]),
        ("{penalty: 40}", [0, 32, 64, 80, 80]),
        ("{penalty: 10, last_day: 2}", [0, 8, 16, 80, 80]),
        ("{last_day: 3}", [0, 0, 0, 0, 80]),
    ],
)
def test_what_lateness_costs(tmp_path: Path, late: str, lost: list[float]) -> None:
    policy = course(tmp_path, late).late
    assert [policy.deducted(80, days) for days in range(5)] == pytest.approx(lost)


# -- in the gradebook


def hand_in(small: tuple[Course, Paths], student: str, at: str, late: str) -> Examination:
    """A late submission of 10 of 10 automatic points, recorded as a class is."""
    _, paths = small
    text = paths.course.read_text(encoding="utf-8").split("late:")[0]
    paths.course.write_text(f"{text}late: {late}\n", encoding="utf-8")
    released = nbformat.reads(paths.released("small").read_text(encoding="utf-8"), as_version=4)
    raw = dump(released)
    file = paths.submission(student, "small")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(raw)
    file.with_name("timestamp.txt").write_text(at)
    scores = (
        Score(grade_id="test-double", points=4.0, max_points=4),
        Score(grade_id="test-double-array", points=6.0, max_points=6),
        Score(grade_id="explain", points=None, max_points=5, manual=True),
    )
    examination = Examination(
        key="0",
        assignment="small",
        student=student,
        status=Status.GRADED,
        scores=scores,
        graded_at=dt.datetime(2027, 3, 8, tzinfo=dt.UTC),
    )
    with Ledger(load_course(paths.root), paths, "small") as ledger:
        ledger.record(examination)
    return examination


def penalty(paths: Paths, student: str = "ada") -> float:
    with Gradebook(paths.gradebook_url) as gradebook:
        return float(gradebook.find_submission("small", student).late_submission_penalty)


class TestInTheGradebook:
    # The small course is due on 7 March 2027, 23:59 in Seoul.
    @pytest.mark.parametrize(
        ("at", "late", "lost"),
        [
            ("2027-03-07 23:58:00+09:00", "{penalty: 10}", 0),
            ("2027-03-08 00:01:00+09:00", "{penalty: 10}", 1),
            ("2027-03-08 00:01:00+09:00", "{penalty: 10, grace: 10 minutes}", 0),
            ("2027-03-08 23:59:30+09:00", "{penalty: 10}", 2),
            ("2027-03-08 23:59:30+09:00", "{penalty: 10, extensions: {ada: 2 days}}", 0),
            ("2027-03-08 23:59:30+09:00", "{penalty: 10, extensions: {ada: {small: 1 day}}}", 1),
            ("2027-03-12 00:00:00+09:00", "{penalty: 10, last_day: 3}", 10),
        ],
    )
    def test_recording_applies_the_policy(
        self, small: tuple[Course, Paths], at: str, late: str, lost: float
    ) -> None:
        hand_in(small, "ada", at, late)
        assert penalty(small[1]) == pytest.approx(lost)

    def test_an_extension_in_nbgraders_gradebook_counts_too(self, small: tuple[Course, Paths]) -> None:
        _, paths = small
        hand_in(small, "ada", "2027-03-09 12:00:00+09:00", "{penalty: 10}")
        assert penalty(paths) == 2
        with Gradebook(paths.gradebook_url) as gradebook:
            gradebook.grant_extension("small", "ada", days=1)
        assert settle(load_course(paths.root), paths) == 1
        assert penalty(paths) == 1
        assert settle(load_course(paths.root), paths) == 0

    def test_points_that_a_person_gives_later_change_the_penalty(self, small: tuple[Course, Paths]) -> None:
        _, paths = small
        hand_in(small, "ada", "2027-03-08 12:00:00+09:00", "{penalty: 10}")
        with Gradebook(paths.gradebook_url) as gradebook:
            grade = gradebook.find_grade("explain", "small", "small", "ada")
            grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 4.0, 1.0, False
            gradebook.db.commit()
        assert penalty(paths) == 1
        settle(load_course(paths.root), paths)
        assert penalty(paths) == pytest.approx(1.5)

    @pytest.mark.slow
    def test_nbgraders_own_autograde_step_gives_the_same(self, small: tuple[Course, Paths]) -> None:
        from nbgrader.preprocessors import AssignLatePenalties

        from autograder.course.nbgrader import nbgrader_config

        _, paths = small
        hand_in(small, "ada", "2027-03-09 12:00:00+09:00", "{penalty: 10}")
        with Gradebook(paths.gradebook_url) as gradebook:
            (notebook,) = gradebook.find_submission("small", "ada").notebooks
            notebook.late_submission_penalty = None
            gradebook.db.commit()
        step = AssignLatePenalties(config=nbgrader_config(paths.root))
        names = {"notebook": "small", "assignment": "small", "student": "ada", "db_url": paths.gradebook_url}
        step.preprocess(nbformat.v4.new_notebook(), {"nbgrader": names})
        assert penalty(paths) == 2
