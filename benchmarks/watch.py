"""How long ``autograder watch`` takes from a student's *Submit* to released feedback, and whether it lasts.

``python benchmarks/watch.py latency`` hands in one submission every few seconds, right and wrong ones in
turn, and gives the median and the 95th percentile. ``python benchmarks/watch.py soak`` hands in many within a
time, kills the watcher again and again during the first half, and then looks whether each was examined once
and has its own feedback, and how much memory the watcher had at half time and at the end. Submissions get
into the exchange as nbgrader's own *Submit* writes them.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import os
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbgrader.utils import notebook_hash
from submissions import make_mixed_class

from autograder.course.folders import Paths
from autograder.course.reading import load_course

ROOT = Path(__file__).resolve().parents[1]
_PATIENCE = 600.0


@dataclass(frozen=True)
class Handed:
    """A submission on its way.

    Attributes:
        student: whose.
        page: the file that *Fetch feedback* looks for.
        at: when it was complete, in seconds since the epoch.
    """

    student: str
    page: Path
    at: float


class Course:
    """A course with one week, an exchange beside it, and a class that has not handed in yet.

    Args:
        folder: for all of it.
        week: the assignment.
        count: of students.
    """

    def __init__(self, folder: Path, week: str, count: int) -> None:
        self.week, self._folder = week, folder
        self.root, self.students = make_mixed_class(ROOT, folder, week, count)
        self.paths = Paths(self.root)
        self.paths.submitted.rename(folder / "handed-in")
        course = self.paths.course
        course.write_text(
            "feedback: {every: 0 minutes, attempts: 1000}\n" + course.read_text(encoding="utf-8"),
            encoding="utf-8",
        )
        with self.paths.config.open("a", encoding="utf-8") as file:
            file.write(f"\nc.Exchange.root = {str(folder / 'exchange')!r}\n")
            file.write("c.ExchangeCollect.check_owner = False\n")
        self._exchange = folder / "exchange" / load_course(self.root).id
        for name in ("inbound", "feedback"):
            (self._exchange / name).mkdir(parents=True)

    def submit(self, student: str) -> Handed:
        """Hand in: the files first, the secret last."""
        secret = secrets.token_hex(64)
        now = f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M:%S.%f} UTC"
        folder = self._exchange / "inbound" / f"{student}+{self.week}+{now}+{secrets.token_urlsafe(9)}"
        folder.mkdir()
        name = f"{self.week}.ipynb"
        raw = (self._folder / "handed-in" / student / self.week / name).read_bytes()
        (folder / name).write_bytes(raw)
        (folder / "timestamp.txt").write_text(now, encoding="utf-8")
        (folder / "submission_secret.txt").write_text(secret, encoding="utf-8")
        hashed = notebook_hash(secret=secret, notebook_id=self.week)
        return Handed(student, self._exchange / "feedback" / f"{hashed}.html", time.time())

    @contextlib.contextmanager
    def watching(self) -> Iterator[subprocess.Popen[bytes]]:
        """A watcher, warm."""
        with (self._folder / "watch.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "autograder.cli", "watch", self.week],
                cwd=self.root,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def main() -> int:
    """Measure, and print a line a week."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["latency", "soak"])
    parser.add_argument("--week", action="append", help="the assignment (repeatable)")
    parser.add_argument("--count", type=int, default=40, help="submissions")
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two (latency)")
    parser.add_argument("--within", type=float, default=600.0, help="seconds for all (soak)")
    parser.add_argument("--kills", type=int, default=5, help="how often the watcher is killed (soak)")
    options = parser.parse_args()
    for week in options.week or ["03_convolution"]:
        with tempfile.TemporaryDirectory(prefix="autograder-watch-") as name:
            course = Course(Path(name), week, options.count)
            if options.what == "latency":
                _latency(course, options.every)
            else:
                _soak(course, options.within, options.kills)
    return 0


def _latency(course: Course, every: float) -> None:
    with course.watching():
        first, *others = course.students
        _wait(course.submit(first))  # the workers are warm after it
        took = []
        for student in others:
            started = time.monotonic()
            handed = course.submit(student)
            _wait(handed)
            took.append(handed.page.stat().st_mtime - handed.at)
            time.sleep(max(0.0, started + every - time.monotonic()))
    cut = statistics.quantiles(took, n=20, method="inclusive")
    print(
        f"{course.week}: {len(took)} submissions, one every {every:g} s: median {cut[9]:.2f} s, "
        f"95th percentile {cut[18]:.2f} s, longest {max(took):.2f} s",
        flush=True,
    )


def _soak(course: Course, within: float, kills: int) -> None:
    handed: list[Handed] = []
    started = time.monotonic()
    pause = within / len(course.students)
    half = len(course.students) // 2

    def hand_in(students: list[str]) -> Iterator[int]:
        for student in students:
            handed.append(course.submit(student))
            yield len(handed)
            time.sleep(max(0.0, started + pause * len(handed) - time.monotonic()))

    coming = hand_in(course.students)
    for turn in range(kills):
        with course.watching() as process:
            upto = half * (turn + 1) // kills
            while len(handed) < upto:
                next(coming)
            process.kill()
    with course.watching() as process:
        memory = []
        for number in coming:
            if number in (half + 20, len(course.students)):
                memory.append(_memory(process.pid))
        for one in handed:
            _wait(one)
        memory.append(_memory(process.pid))
    ended = time.monotonic() - started
    records = sorted(path.parent.name for path in course.paths.records.glob(f"{course.week}/*/*.json"))
    owners = [one.student in one.page.read_text(encoding="utf-8") for one in handed]
    each = "each one once" if records == sorted(course.students) else "NOT ONCE EACH"
    print(
        f"{course.week}: {len(handed)} submissions, killed {kills} times, all answered after {ended:.0f} s; "
        f"{len(records)} records, {each}; "
        f"feedback of their own: {sum(owners)}; memory of the watcher: "
        + " → ".join(f"{size:.0f} MB" for size in memory),
        flush=True,
    )


def _wait(handed: Handed) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not handed.page.exists():
        if time.monotonic() > deadline:
            raise SystemExit(f"{handed.student} has had no feedback for {_PATIENCE:.0f} s")
        time.sleep(0.02)


def _memory(process: int) -> float:
    """What is in memory of a process, in megabytes."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    sys.exit(main())
