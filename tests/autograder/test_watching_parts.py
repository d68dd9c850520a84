"""The parts of ``autograder watch``: what is whole, when there is more to tell, what cannot be said yet."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from trial import COURSE

from autograder.course.folders import Paths
from autograder.course.models import Course
from autograder.course.reading import load_course
from autograder.messages import Language
from autograder.options import Options
from autograder.pages.feedback import render_later
from autograder.problem import GradeError
from autograder.watching import case as case_module
from autograder.watching import weeks as weeks_module
from autograder.watching.arrivals import Arrivals
from autograder.watching.case import Case
from autograder.watching.events import Event, Trouble
from autograder.watching.journal import Entry, Given, Journal, Told
from autograder.watching.open_weeks import OpenWeeks
from autograder.watching.status import Board
from autograder.watching.weeks import Week
from autograder.wording.policy import Next, next_feedback

NOW = dt.datetime(2027, 3, 3, 12, tzinfo=dt.UTC)
OVER = dt.datetime(2027, 3, 7, 14, 59, 59, 999999, tzinfo=dt.UTC)  # 2027-03-07 23:59 in Seoul
NOTEBOOK = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


def made(folder: Path, settings: str = "") -> Course:
    folder.mkdir(exist_ok=True)
    (folder / "course.yml").write_text(settings + COURSE, encoding="utf-8")
    return load_course(folder)


def open_weeks(course: Course, paths: Paths) -> OpenWeeks:
    """The course's week, without workers."""
    weeks = OpenWeeks(course, paths, ["trial"], Options(), 1, Board(lambda _: None), lambda *_: None)
    weeks.by_name["trial"] = Week("trial", course, paths, Options(), 1, lambda *_: None)
    return weeks


class Clock:
    """The time of day, as many seconds from now as one likes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 0.0
        real = case_module.time.time
        monkeypatch.setattr(case_module.time, "time", lambda: real() + self.seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_what_is_still_being_copied_is_left_until_it_is_whole(tmp_path: Path, clock: Clock) -> None:
    course, paths, case = made(tmp_path), Paths(tmp_path), Case("trial", "ada", Entry())
    assert not case.has_come(paths)
    notebook = paths.submission("ada", "trial")
    notebook.parent.mkdir(parents=True)
    (notebook.parent / "timestamp.txt").write_text("2027-03-03 12:00:00 UTC")
    clock.seconds = 5
    assert case.read(course, paths) is None, "the notebook may still come"
    notebook.write_bytes(NOTEBOOK[:40])
    assert case.has_come(paths)
    assert case.read(course, paths) is None, "half of it"
    clock.seconds = 0
    notebook.write_bytes(NOTEBOOK)
    assert not case.has_come(paths), "it has just changed"
    clock.seconds = 5
    assert case.has_come(paths)
    arrival = case.read(course, paths)
    assert arrival is not None
    assert arrival.submission.raw == NOTEBOOK
    assert not case.has_come(paths), "it has been read"


def test_what_stays_half_a_notebook_is_taken_as_it_is(tmp_path: Path, clock: Clock) -> None:
    course, paths, case = made(tmp_path), Paths(tmp_path), Case("trial", "ada", Entry())
    notebook = paths.submission("ada", "trial")
    notebook.parent.mkdir(parents=True)
    notebook.write_bytes(NOTEBOOK[:40])
    clock.seconds = 40
    arrival = case.read(course, paths)
    assert arrival is not None
    assert arrival.submission.raw == NOTEBOOK[:40]


def test_what_an_earlier_watcher_was_at_work_on_keeps_its_turn(tmp_path: Path, clock: Clock) -> None:
    course, paths = made(tmp_path), Paths(tmp_path)
    notebook = paths.submission("ada", "trial")
    notebook.parent.mkdir(parents=True)
    notebook.write_bytes(NOTEBOOK[:40])
    paths.config.write_text(f"c = get_config()\nc.Exchange.root = {str(tmp_path / 'exchange')!r}\n")
    clock.seconds = 5
    arrivals = Arrivals(
        paths, open_weeks(course, paths), Journal(tmp_path / "journal"), Board(lambda _: None)
    )
    (case,) = arrivals.new()
    assert case.read(course, paths) is not None


def test_a_clock_that_was_put_back_holds_nothing_up(tmp_path: Path, clock: Clock) -> None:
    course, paths, case = made(tmp_path), Paths(tmp_path), Case("trial", "ada", Entry())
    notebook = paths.submission("ada", "trial")
    notebook.parent.mkdir(parents=True)
    notebook.write_bytes(NOTEBOOK)
    clock.seconds = -3600
    assert case.has_come(paths)
    assert case.read(course, paths) is not None


def test_what_has_gone_again_is_no_problem(tmp_path: Path) -> None:
    course, paths, case = made(tmp_path), Paths(tmp_path), Case("trial", "ada", Entry())
    assert case.read(course, paths) is None


@pytest.mark.parametrize(
    ("settings", "told", "expected"),
    [
        ("", [], Next(NOW)),
        ("", [NOW - dt.timedelta(minutes=10)], Next(NOW)),
        ("", [NOW - dt.timedelta(minutes=4)], Next(NOW + dt.timedelta(minutes=6), "every")),
        ("feedback: {every: 7 days}\n", [NOW], Next(OVER, "every")),
        ("feedback: {attempts: 2}\n", [NOW - dt.timedelta(hours=1)], Next(NOW)),
        ("feedback: {attempts: 2}\n", [NOW - dt.timedelta(hours=2)] * 2, Next(OVER, "attempts")),
        ("feedback: {when: after due}\n", [], Next(OVER, "due")),
        ("feedback: {when: never}\n", [], Next(None)),
        # The clock was wrong.
        ("", [NOW + dt.timedelta(days=1)], Next(NOW)),
    ],
)
def test_when_feedback_is_next_due(
    tmp_path: Path, settings: str, told: list[dt.datetime], expected: Next
) -> None:
    due = next_feedback(made(tmp_path, settings), "trial", "ada", NOW, told)
    assert (due.at and due.at.replace(second=0, microsecond=0), due.why) == (
        expected.at and expected.at.replace(second=0, microsecond=0),
        expected.why,
    )
    if settings != "feedback: {when: never}\n":
        assert next_feedback(made(tmp_path, settings), "trial", "ada", OVER, told).why == ""


@pytest.mark.parametrize(
    ("why", "english", "korean"),
    [
        ("due", "comes after the due date, from 2027-03-03 21:00 (Asia/Seoul).", "2027-03-03 21:00"),
        (
            "attempts",
            "feedback on 20 attempts",
            "피드백 20회를 모두 받았습니다. 다음 피드백은 2027-03-03 21:00",
        ),
        ("every", "The next is due at 2027-03-03 21:00 (Asia/Seoul).", "다음 피드백은 2027-03-03 21:00"),
    ],
)
def test_the_page_of_an_attempt_over_the_limit_says_when_the_next_is_due(
    tmp_path: Path, why: str, english: str, korean: str
) -> None:
    course = made(tmp_path)
    due = Next(NOW, why)  # type: ignore[arg-type]
    en, ko = (render_later(course, "trial", "ada", due, language, None) for language in Language)
    assert english in en
    assert korean in ko
    assert "It is kept and graded like every other one." in en
    assert "보관되며 다른 제출물과 똑같이 채점됩니다" in ko


def test_a_change_of_the_course_holds_for_who_waits(tmp_path: Path) -> None:
    waiting = Entry(
        arrival="second",
        key="k",
        told=(Told(arrival="first", at=NOW),),
        given=Given(arrival="second", what="later", key="", level="none"),
        next=NOW + dt.timedelta(minutes=10),
    )
    case, soon = Case("trial", "ada", waiting), NOW + dt.timedelta(minutes=2)
    course = made(tmp_path)
    assert not case.has_more_to_tell(course, soon)
    assert case.has_more_to_tell(course, NOW + dt.timedelta(minutes=10))
    shorter = made(tmp_path, "feedback: {every: 1 minute}\n")
    assert case.has_more_to_tell(shorter, soon)
    assert not case.has_more_to_tell(shorter, soon), "that is decided once"
    assert case.has_more_to_tell(made(tmp_path, "feedback: {attempts: 1}\n"), soon), (
        "its page says another time"
    )
    told = waiting.model_copy(
        update={"given": Given(arrival="second", what="results", key="k", level="hints"), "next": None}
    )
    assert not Case("trial", "ada", told).has_more_to_tell(shorter, soon)


def test_what_cannot_be_said_is_said_when_there_is_room_again() -> None:
    said: list[Event] = []
    room = [False, True, True]

    def tell(event: Event) -> None:
        if not room.pop(0):
            raise OSError(28, "No space left on device")
        said.append(event)

    board = Board(tell)
    board.trouble("writing", "the disk is full")
    assert said == []
    board.trouble("writing", "")
    assert [event.text for event in said if isinstance(event, Trouble)] == ["the disk is full", ""]


def test_a_week_whose_workers_cannot_start_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise GradeError("The images cannot be prepared: make room.")

    monkeypatch.setattr(weeks_module, "worker_settings", refuse)
    week = open_weeks(made(tmp_path), Paths(tmp_path)).by_name["trial"]
    week.fingerprint = "known"
    week.warm_up(NOW)
    assert "make room" in week.problem
