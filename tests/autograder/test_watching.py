"""``autograder watch``: from a student's *Submit* to *Fetch feedback*, whatever happens in between."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from exchange import Exchange, ours

from autograder.course.folders import Paths
from autograder.examination import Examination
from autograder.gradebook.reading import read_grades
from autograder.watching.events import Event, Handled
from autograder.watching.journal import Journal
from autograder.watching.watch import watch

SHARED = "c.ExchangeCollect.check_owner = False"
"""All students of these tests have one account."""
WRONG = "def double(x):\n    return x + 2\n"
PATIENCE = 120
REPOSITORY = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


def once(exchange: Exchange) -> list[Handled]:
    """What one look of the watcher does."""
    events: list[Event] = []
    watch(exchange.root, ["trial"], hear=events.append, once=True)
    return [event for event in events if isinstance(event, Handled)]


class Watcher:
    """``autograder watch --json`` as a process of its own."""

    def __init__(self, root: Path, *arguments: str) -> None:
        self.output = root.parent / "watcher.jsonl"
        with self.output.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "autograder.cli", "watch", "trial", "--json", *arguments],
                cwd=root,
                env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
                stdout=file,
                stderr=file,
            )

    def events(self, kind: str) -> list[dict[str, object]]:
        """What all watchers of the course have said so far."""
        whole = [line for line in self.output.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
        return [event for line in whole if (event := json.loads(line))["event"] == kind]

    def wait_for(self, done: Callable[[], bool]) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + PATIENCE
        while not done():
            assert self.process.poll() is None, self.output.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, self.output.read_text(encoding="utf-8")
            time.sleep(0.05)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Have it end; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextlib.contextmanager
def watching(exchange: Exchange) -> Iterator[Watcher]:
    watcher = Watcher(exchange.root)
    try:
        yield watcher
    finally:
        if watcher.process.poll() is None:
            watcher.process.kill()
            watcher.process.wait()


def points(exchange: Exchange) -> dict[str, float]:
    """What the gradebook has."""
    grades = read_grades(exchange.course, Paths(exchange.root))
    return {student: grade.points for (student, _), grade in grades.grades.items()}


def records(exchange: Exchange) -> list[Examination]:
    """All that was ever examined."""
    found = Paths(exchange.root).records.glob("trial/*/*.json")
    return [Examination.model_validate_json(path.read_bytes()) for path in found]


def test_feedback_comes_back_to_whom_it_belongs(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path, nbgrader=SHARED)
    exchange.submit("ada", exchange.notebook())
    exchange.submit("bob", exchange.notebook(double=WRONG))
    assert [(one.student, one.points, one.feedback) for one in once(exchange)] == [
        ("ada", 100.0, "released"),
        ("bob", 40.0, "released"),
    ]
    (ada,), (bob,) = exchange.fetch("ada"), exchange.fetch("bob")
    assert "<bdi>ada</bdi>" in ada
    assert "<bdi>bob</bdi>" in bob
    assert "ada" not in bob
    assert points(exchange) == {"ada": 100.0, "bob": 40.0}
    assert (exchange.root / "autograded" / "bob" / "trial" / "trial.ipynb").is_file()
    assert once(exchange) == []
    assert len(records(exchange)) == 2


def test_misconceptions_are_told_in_the_words_of_today(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path, "feedback: { every: 0 }\n", nbgrader=SHARED)
    exchange.submit("ada", exchange.notebook(double=WRONG))
    once(exchange)
    mutants = Paths(exchange.root).suite("trial") / "mutants.yml"
    text = mutants.read_text(encoding="utf-8")
    mutants.write_text(text.replace("adds two", "should multiply"), encoding="utf-8")
    time.sleep(1.1)  # nbgrader tells submissions apart by their second
    exchange.submit("ada", exchange.notebook(double=WRONG))
    once(exchange)
    first, second = exchange.fetch("ada")
    assert "<code>double</code> adds two" in first
    assert "<code>double</code> should multiply" in second
    assert len(records(exchange)) == 1, "nobody is examined again for that"


def test_an_attempt_over_the_limit_is_graded_and_told_later(tmp_path: Path) -> None:
    settings = "feedback: {every: 0 minutes, attempts: 1}\n"
    exchange = Exchange(tmp_path, settings=settings, nbgrader=SHARED)
    exchange.submit("ada", exchange.notebook(double=WRONG))
    assert [one.feedback for one in once(exchange)] == ["released"]
    exchange.submit("ada", exchange.notebook())
    (second,) = once(exchange)
    assert (second.points, second.feedback) == (100.0, "later")
    due = exchange.course.assignment("trial").due
    assert second.next == exchange.course.late.grace.after(due, exchange.course.zone)
    assert points(exchange) == {"ada": 100.0}
    _, later = exchange.fetch("ada")
    assert "You have had feedback on 1 attempts" in later
    assert "2027-03-07 23:59 (Asia/Seoul)" in later
    assert "test-double" not in later


@pytest.mark.parametrize(("when", "given"), [("never", "none"), ("after due", "later")])
def test_feedback_comes_when_the_course_says(tmp_path: Path, when: str, given: str) -> None:
    exchange = Exchange(tmp_path, settings=f"feedback: {{when: {when}}}\n", nbgrader=SHARED)
    exchange.submit("ada", exchange.notebook())
    assert [(one.points, one.feedback) for one in once(exchange)] == [(100.0, given)]
    assert (exchange.fetch("ada") == [""]) == (given == "none")


def test_the_best_attempt_counts_and_the_page_is_about_the_last(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path, settings="attempts: best\nfeedback: {every: 0 minutes}\n", nbgrader=SHARED)
    exchange.submit("ada", exchange.notebook())
    assert [one.points for one in once(exchange)] == [100.0]
    exchange.submit("ada", exchange.notebook(double=WRONG))
    assert [one.points for one in once(exchange)] == [40.0]
    assert points(exchange) == {"ada": 100.0}
    first, second = exchange.fetch("ada")
    assert first != second
    assert once(exchange) == []
    assert points(exchange) == {"ada": 100.0}


def test_nobody_hands_in_for_somebody_else(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path)
    exchange.submit(ours(), exchange.notebook())
    exchange.submit("ada", exchange.notebook())
    events: list[Event] = []
    assert watch(exchange.root, ["trial"], hear=events.append, once=True)  # a person has to look
    assert [one.student for one in events if isinstance(one, Handled)] == [ours()]
    assert exchange.fetch("ada") == [""]


def test_what_is_odd_in_the_exchange_holds_up_nobody(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path, nbgrader=SHARED)
    for name in ("linked", "piped", "timed"):
        exchange.submit(name, exchange.notebook())
    found = {path.name.split("+")[0]: path for path in exchange.inbound.iterdir()}
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(exchange.notebook())
    (found["linked"] / "trial.ipynb").unlink()
    (found["linked"] / "trial.ipynb").symlink_to(secret)
    os.mkfifo(found["piped"] / "pipe")
    (found["timed"] / "timestamp.txt").write_text("tomorrow, perhaps")
    (exchange.inbound / "no+trial").mkdir()
    (exchange.inbound / "no+trial+time+x").mkdir()
    exchange.submit("ada", exchange.notebook())
    handled = {one.student: (one.status, one.points) for one in once(exchange)}
    assert handled.pop("linked")[1] == 0
    assert handled == {"timed": ("graded", 100.0), "ada": ("graded", 100.0)}


def test_a_watcher_ends_after_what_it_does_and_a_second_one_says_who_is_there(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path, nbgrader=SHARED)
    with watching(exchange) as watcher:
        exchange.submit("ada", exchange.notebook())
        watcher.wait_for(lambda: len(watcher.events("handled")) == 1)
        second = Watcher(exchange.root)
        assert second.process.wait(PATIENCE) == 4
        said = second.output.read_text(encoding="utf-8")
        assert f"process {watcher.process.pid}" in said
        status = subprocess.run(
            [sys.executable, "-m", "autograder.cli", "watch", "--status"],
            cwd=exchange.root,
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert status.returncode == 0
        assert "is watching" in status.stdout
        page = (exchange.root / "report" / "watch.html").read_text(encoding="utf-8")
        assert 'http-equiv="refresh"' in page
        assert "ada" in page
        assert watcher.end() == 0
    page = (exchange.root / "report" / "watch.html").read_text(encoding="utf-8")
    assert 'http-equiv="refresh"' not in page
    assert [event["student"] for event in watcher.events("handled")] == ["ada"]


def test_a_week_whose_suite_changes_is_loaded_anew(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path, nbgrader=SHARED)
    suite = exchange.root / "tests" / "hidden" / "trial" / "test_hidden.py"
    with watching(exchange) as watcher:
        exchange.submit("ada", exchange.notebook(half="def half(x):\n    return x\n"))
        watcher.wait_for(lambda: len(watcher.events("handled")) == 1)
        text = suite.read_text(encoding="utf-8")
        suite.write_text("def broken(:\n", encoding="utf-8")
        watcher.wait_for(lambda: len(watcher.events("trouble")) == 1)
        exchange.submit("bob", exchange.notebook())
        fixed = text.replace("expect_number(submission.half(3), 1.5)", "expect_number(submission.half(0), 1)")
        suite.write_text(fixed, encoding="utf-8")
        watcher.wait_for(lambda: len(watcher.events("handled")) == 2)
        assert watcher.end() == 0
    assert [event["points"] for event in watcher.events("handled")] == [80.0, 80.0]


def test_a_locked_gradebook_and_an_exchange_that_goes_away_are_waited_for(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path, nbgrader=SHARED)
    away = tmp_path / "away"
    with watching(exchange) as watcher:
        exchange.submit("ada", exchange.notebook())
        watcher.wait_for(lambda: len(watcher.events("handled")) == 1)
        database = sqlite3.connect(exchange.root / "gradebook.db", isolation_level=None)
        database.execute("BEGIN EXCLUSIVE")
        exchange.submit("bob", exchange.notebook())
        watcher.wait_for(lambda: len(watcher.events("trouble")) > 0)
        database.execute("ROLLBACK")
        database.close()
        watcher.wait_for(lambda: len(watcher.events("handled")) == 2)

        said = len(watcher.events("trouble"))
        (tmp_path / "exchange").rename(away)
        watcher.wait_for(lambda: len(watcher.events("trouble")) > said)
        away.rename(tmp_path / "exchange")
        exchange.submit("eve", exchange.notebook())
        watcher.wait_for(lambda: len(watcher.events("handled")) == 3)
        assert watcher.end() == 0
    assert [event["feedback"] for event in watcher.events("handled")] == ["released"] * 3
    assert len(records(exchange)) == 3


def test_of_what_arrives_meanwhile_the_last_is_next(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path, settings="feedback: {every: 0 minutes}\n", nbgrader=SHARED)
    slow = "import time\n\n\ndef double(x):\n    time.sleep(0.8)\n    return x + x\n"
    with watching(exchange) as watcher:
        exchange.submit("ada", exchange.notebook(double=slow))
        inbox = exchange.root / "submitted" / "ada"
        watcher.wait_for(inbox.exists)
        exchange.submit("ada", exchange.notebook(double=WRONG))
        exchange.submit("ada", exchange.notebook())
        watcher.wait_for(lambda: len(watcher.events("handled")) == 2)
        assert watcher.end() == 0
    assert watcher.events("handled")[-1]["points"] == 100.0
    assert len(records(exchange)) == 2
    first, second, third = exchange.fetch("ada")
    assert first
    assert not second
    assert third


def test_killed_at_any_moment_nothing_is_lost_examined_twice_or_told_to_another(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path, nbgrader=SHARED)
    students = [f"student{number}" for number in range(8)]
    for number, student in enumerate(students):
        exchange.submit(student, exchange.notebook(half=f"def half(x):\n    return x / 2 + 0 * {number}\n"))
    for number in range(5):
        with watching(exchange) as watcher:
            so_far = len(watcher.events("handled"))
            watcher.wait_for(lambda: len(watcher.events("note")) > number)  # noqa: B023
            if number % 2:
                watcher.wait_for(lambda: len(watcher.events("handled")) > so_far)  # noqa: B023
            time.sleep(0.7 * number)
            watcher.end(signal.SIGKILL)
    once(exchange)
    assert points(exchange) == dict.fromkeys(students, 100.0)
    for student in students:
        (page,) = exchange.fetch(student)
        assert f"<bdi>{student}</bdi>" in page
    assert sorted(record.student for record in records(exchange)) == sorted(students)
    journal = Journal(Paths(exchange.root).watching / "journal")
    assert all(len(journal.read("trial", student).told) == 1 for student in students)
    assert once(exchange) == []
