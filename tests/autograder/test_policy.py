"""Who may be told what, and when: by the student's own date, and the same wherever anything is told."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory

from autograder.course.folders import Paths
from autograder.course.models import Course, Level
from autograder.course.nbgrader import nbgrader_config
from autograder.course.reading import load_course
from autograder.examination import (
    Call,
    Examination,
    Misconception,
    Score,
    Status,
    TestOutcome,
    Text,
    Verdict,
)
from autograder.files import write_atomically
from autograder.gradebook.ledger import Ledger
from autograder.gradebook.recording import Recording
from autograder.messages import Language
from autograder.options import Options
from autograder.pages.feedback import write_feedback
from autograder.platforms import gradescope
from autograder.platforms.bundle import BundleSettings
from autograder.platforms.github import export_github, github_result
from autograder.platforms.gradescope import export_gradescope, gradescope_results
from autograder.submissions.records import record_path
from autograder.submissions.week import prepare
from autograder.wording.policy import LEVELS, Policy, closes, feedback_level, own_due

Small = tuple[Course, Paths]
SECRET = "S3CRET"
"""What a hidden test put in and expected."""
KNOWN = "KN0WN"
"""The same of a public one."""


def course(folder: Path, late: str = "{}", feedback: str = "{before: hints, after: full}") -> Course:
    (folder / "course.yml").write_text(
        f"title: {{en: a, ko: b}}\ntimezone: Asia/Seoul\nlate: {late}\nassignments:\n"
        "  - {name: small, title: Small, release: 2027-03-01, due: 2027-03-07 23:59, "
        f"feedback: {feedback}}}\n"
        "  - {name: other, title: Other, release: 2027-03-01, due: 2027-03-14 23:59}\n",
        encoding="utf-8",
    )
    return load_course(folder)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{text}+09:00")


# -- when ---------------------------------------------------------------------------------------


class TestWhen:
    @pytest.mark.parametrize(
        ("late", "now", "extension", "level"),
        [
            ("{}", "2027-03-07 23:58:59", None, "hints"),
            ("{}", "2027-03-07 23:59", None, "full"),
            ("{grace: 15 minutes}", "2027-03-08 00:13", None, "hints"),  # still in time
            ("{grace: 15 minutes}", "2027-03-08 00:14", None, "full"),
            ("{extensions: {ada: 2 days}}", "2027-03-09 23:58", None, "hints"),
            ("{extensions: {ada: 2 days}}", "2027-03-09 23:59", None, "full"),
            ("{extensions: {ada: 2 days}, grace: 1 hour}", "2027-03-10 00:58", None, "hints"),
            ("{extensions: {ada: 2027-03-20}}", "2027-03-20 23:59:58", None, "hints"),
            ("{extensions: {ada: 2027-03-02}}", "2027-03-07 23:58", None, "hints"),  # never an earlier date
            ("{extensions: {ada: {small: 1 week}}}", "2027-03-14 12:00", None, "hints"),
            ("{extensions: {ada: {other: 1 week}}}", "2027-03-08 12:00", None, "full"),
            ("{extensions: {bob: 1 week}}", "2027-03-08 12:00", None, "full"),
            ("{}", "2027-03-10 23:58", dt.timedelta(days=3), "hints"),
            ("{}", "2027-03-10 23:59", dt.timedelta(days=3), "full"),
            ("{extensions: {ada: 1 day}}", "2027-03-10 12:00", dt.timedelta(days=3), "hints"),
            ("{extensions: {ada: 4 days}}", "2027-03-11 12:00", dt.timedelta(days=3), "hints"),
            ("{}", "2027-03-07 12:00", dt.timedelta(days=-3), "hints"),
        ],
    )
    def test_while_a_student_can_hand_in_it_is_before_the_due_date(
        self, tmp_path: Path, late: str, now: str, extension: dt.timedelta | None, level: Level
    ) -> None:
        made = course(tmp_path, late)
        assert feedback_level(made, "small", "ada", at(now), extension=extension) == level
        assert feedback_level(made, "small", "ada", at(now).astimezone(dt.UTC), extension=extension) == level

    def test_levels_are_those_of_the_week(self, tmp_path: Path) -> None:
        made = course(tmp_path, feedback="{before: none, after: names}")
        assert feedback_level(made, "small", "ada", at("2027-03-07 12:00")) == "none"
        assert feedback_level(made, "small", "ada", at("2027-03-08 12:00")) == "names"
        assert feedback_level(made, "other", "ada", at("2027-03-08 12:00")) == "hints"

    def test_a_platforms_due_date_takes_the_place_of_the_courses(self, tmp_path: Path) -> None:
        made = course(tmp_path, "{extensions: {ada: 1 day}, grace: 1 hour}")
        theirs = at("2027-04-01 12:00")
        assert own_due(made, "small", "bob", due=theirs) == theirs
        assert own_due(made, "small", "ada", due=theirs) == at("2027-04-02 12:00")
        assert closes(made, "small", "ada", due=theirs) == at("2027-04-02 13:00")


# -- what ---------------------------------------------------------------------------------------


def outcome(verdict: Verdict = Verdict.FAILED, *, public: bool = False, **more: Any) -> TestOutcome:
    said = KNOWN if public else SECRET
    fields: dict[str, Any] = {
        "name": f"test_{verdict}_{public}",
        "module": "test_public" if public else "test_hidden",
        "title": Text(en="Twice.", ko="두 배."),
        "cell": "test-double",
        "public": public,
        "verdict": verdict,
        "message": f"expected {said}, got 9",
        "call": Call(function="double", arguments=f"double({said})", result="9"),
    }
    return TestOutcome(**(fields | more))


SQUARES = Misconception(
    mutant="squares",
    function="double",
    misconception=Text(en="It squares.", ko="제곱합니다."),
    hint=Text(en="Try 3.", ko="3을 넣어 보세요."),
)


def examination(**more: Any) -> Examination:
    fields: dict[str, Any] = {
        "key": "k",
        "assignment": "small",
        "student": "ada",
        "status": Status.GRADED,
        "tests": (outcome(), outcome(public=True)),
        "scores": (
            Score(grade_id="test-double", points=1.0, max_points=4),
            Score(grade_id="test-double-array", points=6.0, max_points=6),
            Score(grade_id="explain", points=None, max_points=5, manual=True),
        ),
        "misconceptions": (SQUARES, SQUARES),
        "graded_at": dt.datetime(2027, 3, 8, tzinfo=dt.UTC),
    }
    return Examination(**(fields | more))


class TestWhat:
    @pytest.mark.parametrize(
        ("level", "hidden", "public", "misconceptions"),
        [
            ("none", False, False, 0),
            ("names", False, False, 0),
            ("hints", False, True, 1),
            ("full", True, True, 1),
        ],
    )
    def test_a_level_tells(self, level: Level, hidden: bool, public: bool, misconceptions: int) -> None:
        policy = Policy(level)
        record = examination()
        assert [policy.tells(test) for test in record.tests] == [hidden, public]
        assert [policy.explains(test) for test in record.tests] == [hidden, public]
        assert policy.withholds(record.tests) is not hidden
        assert len(policy.misconceptions(record)) == misconceptions

    @pytest.mark.parametrize("level", LEVELS)
    def test_what_was_passed_and_what_is_our_fault_is_not_explained(self, level: Level) -> None:
        policy = Policy(level)
        for verdict in (Verdict.PASSED, Verdict.GRADER_ERROR):
            assert not policy.explains(outcome(verdict, public=True))
        assert not policy.withholds([outcome(Verdict.PASSED)])

    def test_a_misconception_stands_where_its_function_was_wrong(self) -> None:
        policy, record = Policy("full"), examination()
        assert policy.misconceptions(record, record.tests) == (SQUARES,)
        assert policy.misconceptions(record, [outcome(Verdict.TIMEOUT)]) == ()
        assert policy.misconceptions(record, [outcome(Verdict.PASSED)]) == ()
        assert policy.misconceptions(record, []) == ()

    def test_with_room_for_one_sentence_the_nudge_comes_before_the_answer(self) -> None:
        assert Policy("hints").remark(SQUARES) == SQUARES.hint
        assert Policy("full").remark(SQUARES) == SQUARES.misconception

    @pytest.mark.parametrize("language", Language)
    @pytest.mark.parametrize("level", LEVELS)
    def test_a_message_about_our_code_is_told_nowhere(self, level: Level, language: Language) -> None:
        record = examination(
            tests=(outcome(Verdict.GRADER_ERROR), outcome(Verdict.GRADER_ERROR, public=True))
        )
        for told in (
            github_result(record, level, language),
            gradescope_results(record, level, level, due=True, language=language),
        ):
            assert SECRET not in json.dumps(told)
            assert KNOWN not in json.dumps(told)


# -- everywhere ---------------------------------------------------------------------------------

LONG_AGO = """\
title: {en: A small course, ko: 작은 과목}
timezone: Asia/Seoul
late: {extensions: {ada: 2999-01-01}}
assignments:
  - name: small
    title: {en: Small, ko: 작게}
    release: 2020-03-01 09:00
    due: 2020-03-07 23:59
"""
STUDENTS = ("ada", "bob", "eve")
"""Ada has more time by ``course.yml``, Bob by the gradebook, Eve has none."""


@pytest.fixture
def past(small: Small) -> Small:
    """The small course long after everybody's due date, graded; three submissions that are alike."""
    _, paths = small
    paths.course.write_text(LONG_AGO, encoding="utf-8")
    made = load_course(paths.root)
    for student in STUDENTS:
        file = paths.submission(student, "small")
        file.parent.mkdir(parents=True)
        file.write_bytes(paths.released("small").read_bytes())
    with Ledger(made, paths, "small") as ledger:
        for submission in prepare(made, paths, "small", Options()):
            record = examination(student=submission.student, key=submission.key)
            path = record_path(paths, "small", submission.student, submission.key)
            write_atomically(path, record.model_dump_json().encode())
            ledger.record(record)
    with Gradebook(paths.gradebook_url, made.id) as gradebook:
        gradebook.grant_extension("small", "bob", weeks=52 * 200)
    return made, paths


def recorded(paths: Paths) -> dict[str, str]:
    """The graded notebooks."""
    return {student: paths.graded(student, "small").read_text(encoding="utf-8") for student in STUDENTS}


def told(pages: dict[str, str]) -> dict[str, bool]:
    """Who is told the hidden values; the public ones everybody is."""
    assert all(KNOWN in page for page in pages.values())
    return {student: SECRET in page for student, page in pages.items()}


ONLY_EVE = {"ada": False, "bob": False, "eve": True}


class TestAStudentWithMoreTime:
    def test_on_the_page(self, past: Small) -> None:
        pages = write_feedback(past[1].root, "small")
        assert told({page.parent.parent.name: page.read_text(encoding="utf-8") for page in pages}) == ONLY_EVE

    def test_in_the_graded_notebook(self, past: Small) -> None:
        made, paths = past
        with Ledger(made, paths, "small") as ledger:
            for submission in prepare(made, paths, "small", Options()):
                ledger.record(examination(student=submission.student, key=submission.key))
        assert told(recorded(paths)) == ONLY_EVE

    def test_in_the_graded_notebook_of_nbgraders_own_run(
        self, past: Small, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, paths = past

        def examine(root: Path, assignment: str, student: str, raw: bytes) -> Examination:
            return examination(student=student)

        monkeypatch.setattr("autograder.grading.grade.examine_submission", examine)
        config = nbgrader_config(paths.root)
        config.CourseDirectory.root = str(paths.root)
        config.CourseDirectory.db_url = paths.gradebook_url
        api = NbGraderAPI(CourseDirectory(config=config), config=config)
        for student in STUDENTS:
            assert api.autograde("small", student, force=True)["success"]
        assert told(recorded(paths)) == ONLY_EVE

    @pytest.mark.parametrize("export", [export_github, export_gradescope])
    def test_in_exports(self, past: Small, export: Any) -> None:
        files = export(past[1].root, "small")
        assert told({file.stem: file.read_text(encoding="utf-8") for file in files}) == ONLY_EVE

    def test_days_late_are_counted_from_the_same_date(self, past: Small) -> None:
        from autograder.gradebook.reading import read_grades
        from autograder.pages.report import read_week

        made, paths = past
        for student in STUDENTS:
            stamp = paths.submission(student, "small").with_name("timestamp.txt")
            stamp.write_text("2020-03-10 12:00:00 UTC")
        report = read_week(made, paths, "small", read_grades(made, paths))
        assert report is not None
        assert {entry.student: entry.days_late for entry in report.entries} == {"ada": 0, "bob": 0, "eve": 3}


class TestBetweenTwoRuns:
    """What was recorded is written again when a student's own level changes, and only then."""

    @pytest.fixture
    def run(self, past: Small, monkeypatch: pytest.MonkeyPatch) -> Any:
        made, paths = past
        text = LONG_AGO.replace("2999-01-01", "2027-03-10 12:00")
        written: list[str] = []
        record = Ledger.record

        def noting(self: Ledger, found: Examination) -> None:
            written.append(found.student)
            record(self, found)

        monkeypatch.setattr(Ledger, "record", noting)
        paths.course.write_text(text, encoding="utf-8")
        made = load_course(paths.root)

        def run(now: str) -> list[str]:
            written.clear()
            with Recording(made, paths, "small", alone=True, now=at(now)) as recording:
                for submission in prepare(made, paths, "small", Options()):
                    found = examination(student=submission.student, key=submission.key)
                    recording.record(found, known=True)
            return list(written)

        return run

    def test_each_at_the_end_of_the_own_time(self, past: Small, run: Any) -> None:
        _, paths = past
        assert run("2027-03-10 11:00") == ["ada", "bob", "eve"]
        assert told(recorded(paths)) == ONLY_EVE
        assert run("2027-03-10 11:59") == []
        assert run("2027-03-10 12:00") == ["ada"]
        assert told(recorded(paths)) == {"ada": True, "bob": False, "eve": True}
        assert run("2027-03-11 12:00") == []
        assert run("2990-01-01 12:00") == ["bob"]
        assert told(recorded(paths)) == {"ada": True, "bob": True, "eve": True}
        assert run("2991-01-01 12:00") == []

    def test_an_extension_that_is_granted_later_takes_back_what_it_can(self, past: Small, run: Any) -> None:
        made, paths = past
        run("2027-03-11 12:00")
        with Gradebook(paths.gradebook_url, made.id) as gradebook:
            gradebook.grant_extension("small", "eve", weeks=52 * 200)
        assert "eve" in run("2027-03-11 13:00")
        assert told(recorded(paths)) == {"ada": True, "bob": False, "eve": False}
        assert run("2027-03-11 14:00") == []

    def test_an_extension_that_is_granted_while_a_run_is_at_work(self, past: Small, run: Any) -> None:
        made, paths = past
        run("2027-03-11 12:00")
        (first, *_) = prepare(made, paths, "small", Options())
        with Recording(made, paths, "small", alone=True, now=at("2027-03-11 12:30")) as recording:
            recording.record(examination(student="ada", key=first.key), known=False)
            with Gradebook(paths.gradebook_url, made.id) as gradebook:
                gradebook.grant_extension("small", "eve", weeks=52 * 200)
        assert "eve" in run("2027-03-11 13:00")
        assert told(recorded(paths)) == {"ada": True, "bob": False, "eve": False}


class TestOnGradescope:
    @pytest.fixture
    def results(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
        """What ``results.json`` says of a submission, by what Gradescope says and ``course.yml``."""
        now = dt.datetime.now(dt.UTC)
        (tmp_path / "source").mkdir()
        (tmp_path / "submission").mkdir()
        settings = BundleSettings(week="small")
        (tmp_path / "source" / "settings.json").write_text(settings.model_dump_json())

        def results(late: str = "{}", feedback: str = "{before: hints, after: full}", **days: int) -> Any:
            made = course(tmp_path, late, feedback)
            monkeypatch.setattr(
                gradescope,
                "examine_one",
                lambda *_: (
                    settings,
                    made,
                    examination(scores=(Score(grade_id="test-double", points=1.0, max_points=4),)),
                ),
            )
            dates = {key: {"due_date": (now + dt.timedelta(days=n)).isoformat()} for key, n in days.items()}
            about = {
                "created_at": now.isoformat(),
                "assignment": dates.get("everybody"),
                "users": [{"email": "ada@x.org", "assignment": dates.get("own")}],
            }
            (tmp_path / "submission_metadata.json").write_text(json.dumps(about))
            gradescope.run(tmp_path)
            return json.loads((tmp_path / "results" / "results.json").read_text(encoding="utf-8"))

        return results

    @pytest.mark.parametrize(
        ("late", "days", "hidden_told"),
        [
            ("{}", {"everybody": -2}, True),
            ("{}", {"everybody": 2}, False),
            ("{extensions: {ada: 3 days}}", {"everybody": -2}, False),
            ("{extensions: {ada@x.org: 3 days}}", {"everybody": -2}, False),
            ("{extensions: {ada: 1 day}}", {"everybody": -2}, True),
            ("{grace: 3 days}", {"everybody": -2}, False),
            ("{}", {"everybody": -2, "own": 1}, False),
            ("{}", {"everybody": -2, "own": -1}, True),
            ("{}", {"own": 1, "everybody": 1}, False),
        ],
    )
    def test_the_students_own_date_counts(
        self, results: Any, late: str, days: dict[str, int], hidden_told: bool
    ) -> None:
        text = json.dumps(results(late, **days))
        assert KNOWN in text
        assert (SECRET in text) is hidden_told

    def test_what_gradescope_would_show_too_early_is_not_in_the_file(self, results: Any) -> None:
        nothing_yet = "{before: none, after: full}"
        (test,) = results("{}", nothing_yet, everybody=2)["tests"]
        assert (test["visibility"], SECRET in test["output"]) == ("after_due_date", True)
        (test,) = results("{}", nothing_yet, everybody=-2, own=1)["tests"]
        assert (test["visibility"], SECRET in test["output"]) == ("after_due_date", True)
        (test,) = results("{extensions: {ada: 9 days}}", nothing_yet, everybody=2)["tests"]
        assert (test["visibility"], test["output"]) == ("hidden", "")

    def test_of_two_extensions_the_longer_one_counts_for_the_penalty_too(self, results: Any) -> None:
        assert results("{penalty: 50}", everybody=-1)["score"] == 0.5
        assert results("{penalty: 50}", everybody=-1, own=1)["score"] == 1
        assert results("{penalty: 50, extensions: {ada: 2 days}}", everybody=-1)["score"] == 1
