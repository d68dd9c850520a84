"""``autograder watch``: from a student's *Submit* to *Fetch feedback*, whatever happens in between."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trial
from exchange import Exchange, ours

from autograder.authoring.release import release
from autograder.course.folders import Paths
from autograder.course.reading import load_course
from autograder.examination import Examination
from autograder.gradebook.reading import read_grades
from autograder.watching.events import Event, Handled, Trouble
from autograder.watching.journal import Journal
from autograder.watching.watch import watch

SHARED = "c.ExchangeCollect.check_owner = False"
"""All students of these tests have one account."""
WRONG = "def double(x):\n    return x + 2\n"
PATIENCE = 300
REPOSITORY = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


def once(exchange: Exchange, *weeks: str) -> list[Handled]:
    """What one look of the watcher does."""
    events: list[Event] = []
    watch(exchange.root, weeks or ["trial"], hear=events.append, once=True)
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


@pytest.fixture(params=["disk", "limit"])
def full_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FullDisk]:
    """A folder, and what keeps a watcher from writing there: a disk without room, or a limit of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if request.param == "limit":
        yield FullDisk(folder, is_disk=False)
        return
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("only who may mount has a small disk")
    try:
        yield FullDisk(folder, is_disk=True)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


class FullDisk:
    """Room that can be taken away.

    Args:
        folder: where it is.
        is_disk: the folder is a small disk; otherwise nothing that the watcher writes may have any size.
    """

    def __init__(self, folder: Path, *, is_disk: bool) -> None:
        self.folder, self.is_disk = folder, is_disk
        self._filling = folder / "filling"

    def fill(self, watcher: Watcher) -> None:
        """Take all room away."""
        if not self.is_disk:
            resource.prlimit(watcher.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
            return
        with self._filling.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
            while True:
                file.write(bytes(4096))

    def clear(self, watcher: Watcher) -> None:
        """Give it back."""
        no_limit = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(watcher.process.pid, resource.RLIMIT_FSIZE, no_limit)
        self._filling.unlink(missing_ok=True)


def test_a_full_disk_is_said_and_waited_for(tmp_path: Path, full_disk: FullDisk) -> None:
    root = trial.make(full_disk.folder / "course").root
    exchange = Exchange(tmp_path, nbgrader=SHARED, root=root)
    with watching(exchange) as watcher:
        exchange.submit("ada", exchange.notebook())
        watcher.wait_for(lambda: len(watcher.events("handled")) == 1)
        full_disk.fill(watcher)
        exchange.submit("bob", exchange.notebook(double=WRONG))
        exchange.submit("eve", exchange.notebook())
        if full_disk.is_disk:  # otherwise there is no room for what it says either
            watcher.wait_for(lambda: len(watcher.events("trouble")) > 1)
        time.sleep(2)
        assert len(watcher.events("handled")) == 1
        full_disk.clear(watcher)
        watcher.wait_for(lambda: len(watcher.events("handled")) == 3)
        time.sleep(1.5)
        assert watcher.end() == 0
    said = watcher.events("trouble")
    reasons = "No space left|File too large|make room"
    assert any(re.search(reasons, str(event["text"])) for event in said), said
    assert not any("\n" in str(event["text"]) for event in said)
    assert {str(event["about"]) for event in said if event["text"]} == {
        str(event["about"]) for event in said if not event["text"]
    }, "it says when it works again"
    assert {str(event["student"]): event["points"] for event in watcher.events("handled")} == {
        "ada": 100.0,
        "bob": 40.0,
        "eve": 100.0,
    }
    for student in ("ada", "bob", "eve"):
        (page,) = exchange.fetch(student)
        assert f"<bdi>{student}</bdi>" in page
        assert page.rstrip().endswith("</html>")
    assert sorted(record.student for record in records(exchange)) == ["ada", "bob", "eve"]
    assert points(exchange) == {"ada": 100.0, "bob": 40.0, "eve": 100.0}
    assert once(exchange) == []


def test_what_is_broken_while_it_watches_is_said_and_goes_on_when_it_is_put_right(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path, nbgrader=SHARED)
    feedback, course = exchange.root / "feedback", exchange.root / "course.yml"
    right = course.read_text(encoding="utf-8")
    with watching(exchange) as watcher:
        feedback.write_text("where a folder should be")
        exchange.submit("ada", exchange.notebook())
        watcher.wait_for(lambda: len(watcher.events("trouble")) == 1)
        feedback.unlink()
        watcher.wait_for(lambda: len(watcher.events("handled")) == 1)

        course.write_text("assignments: [", encoding="utf-8")
        watcher.wait_for(lambda: len(watcher.events("trouble")) == 3)
        exchange.submit("bob", exchange.notebook())
        watcher.wait_for((exchange.root / "submitted" / "bob").exists)
        course.write_text(right, encoding="utf-8")
        watcher.wait_for(lambda: len(watcher.events("handled")) == 2)

        slowly = exchange.root / "submitted" / "eve" / "trial" / "trial.ipynb"
        slowly.parent.mkdir(parents=True)
        notebook = exchange.notebook()
        slowly.write_bytes(notebook[:-100])
        time.sleep(2)
        assert len(watcher.events("handled")) == 2
        slowly.write_bytes(notebook)
        watcher.wait_for(lambda: len(watcher.events("handled")) == 3)
        assert watcher.end() == 0
    assert [(event["student"], event["points"]) for event in watcher.events("handled")] == [
        ("ada", 100.0),
        ("bob", 100.0),
        ("eve", 100.0),
    ]
    about = [(event["about"], bool(event["text"])) for event in watcher.events("trouble")]
    assert about[:3] == [("writing", True), ("writing", False), ("course.yml", True)]
    assert ("course.yml", False) in about
    assert len(records(exchange)) == 3


def test_told_to_stop_it_ends_what_it_has_begun(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path, nbgrader=SHARED)
    slow = "import time\n\n\ndef double(x):\n    time.sleep(0.8)\n    return x + x\n"
    with watching(exchange) as watcher:
        exchange.submit("ada", exchange.notebook(double=slow))
        watcher.wait_for((exchange.root / "submitted" / "ada" / "trial").exists)
        time.sleep(0.3)
        assert watcher.events("handled") == []
        assert watcher.end() == 0
    (handled,) = watcher.events("handled")
    assert (handled["student"], handled["points"], handled["feedback"]) == ("ada", 100.0, "released")
    assert once(exchange) == []


def test_a_folder_that_is_nobodys_keeps_nothing_waiting(tmp_path: Path) -> None:
    course = trial.make(tmp_path / "course")
    for student in ("ada", "a\\b"):
        course.hand_in(student)
    events: list[Event] = []
    watch(course.root, ["trial"], hear=events.append, once=True)
    assert [event.student for event in events if isinstance(event, Handled)] == ["ada"]
    assert not any(isinstance(event, Trouble) for event in events)


def test_weeks_side_by_side_with_strangers_and_what_is_no_submission(tmp_path: Path) -> None:
    root = trial.make(tmp_path / "course").root
    course = root / "course.yml"
    text = course.read_text(encoding="utf-8")
    course.write_text(
        text + text[text.index("  - name:") :].replace("name: trial", "name: second"), encoding="utf-8"
    )
    shutil.copy(root / "solutions" / "trial.py", root / "solutions" / "second.py")
    shutil.copytree(root / "tests" / "hidden" / "trial", root / "tests" / "hidden" / "second")
    paths = Paths(root)
    release(load_course(root), load_course(root).assignment("second"), paths)
    (root / "roster.csv").write_text("id,name\nada,Ada\n", encoding="utf-8")
    first, second = (
        Exchange(tmp_path, nbgrader=SHARED, root=root, week=name) for name in ("trial", "second")
    )
    first.submit("ada", first.notebook())
    second.submit("ada", second.notebook(double=WRONG))
    second.submit("not-in-the-list", second.notebook())
    for student in ("linked", "piped", "elsewhere"):
        paths.submission(student, "trial").parent.mkdir(parents=True)
    outside = tmp_path / "outside.ipynb"
    outside.write_bytes(first.notebook())
    paths.submission("linked", "trial").symlink_to(outside)
    os.mkfifo(paths.submission("piped", "trial"))
    paths.submission("elsewhere", "trial").parent.rmdir()
    paths.submission("elsewhere", "trial").parent.symlink_to(paths.submission("ada", "trial").parent)
    (paths.submitted / "another").symlink_to(paths.submitted / "elsewhere")
    time.sleep(1)
    handled = {(one.student, one.week): (one.status, one.points) for one in once(first, "trial", "second")}
    assert handled == {
        ("ada", "trial"): ("graded", 100.0),
        ("ada", "second"): ("graded", 40.0),
        ("not-in-the-list", "second"): ("graded", 100.0),
        ("linked", "trial"): ("missing", 0.0),
        ("piped", "trial"): ("missing", 0.0),
    }
    (one,), (other,) = first.fetch("ada"), second.fetch("ada")
    assert "adds two" not in one
    assert "adds two" in other


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
                # A fast machine may have handled all of them before it was killed.
                wanted = min(so_far + 1, len(students))
                watcher.wait_for(lambda: len(watcher.events("handled")) >= wanted)  # noqa: B023
            time.sleep(0.1 if number % 2 else 0.7 * number)
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
