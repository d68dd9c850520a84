"""A course that is watched, with an exchange beside it and students who hand in, for ``watch.py``."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbgrader.utils import notebook_hash
from submissions import make_mixed_class

from autograder.course.folders import Paths
from autograder.course.reading import load_course

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 600.0
"""Seconds after which feedback will not come any more."""


@dataclass(frozen=True)
class Handed:
    """A submission on its way.

    Attributes:
        student: whose.
        raw: the notebook.
        page: the file that *Fetch feedback* looks for.
        at: when it was complete, in seconds since the epoch.
    """

    student: str
    raw: bytes
    page: Path
    at: float

    def wait(self) -> None:
        """Wait for its feedback."""
        deadline = time.monotonic() + PATIENCE
        while not self.page.exists():
            if time.monotonic() > deadline:
                raise SystemExit(f"{self.student} has had no feedback for {PATIENCE:.0f} s")
            time.sleep(0.02)


class WatchedCourse:
    """A course with one week, an exchange beside it, and a class that has not handed in yet.

    Args:
        folder: for all of it.
        week: the assignment.
        count: of students.
    """

    def __init__(self, folder: Path, week: str, count: int) -> None:
        self.week, self.log = week, folder / "watch.log"
        root, self.students = make_mixed_class(ROOT, folder / "course", week, count)
        self.paths = Paths(root)
        handed_in = self.paths.submitted.rename(folder / "handed-in")
        self._notebooks = [
            (handed_in / student / week / f"{week}.ipynb").read_bytes() for student in self.students
        ]
        course = self.paths.course
        course.write_text(
            "feedback: {every: 0 minutes, attempts: 1000}\n" + course.read_text(encoding="utf-8"),
            encoding="utf-8",
        )
        with self.paths.config.open("a", encoding="utf-8") as file:
            file.write(f"\nc.Exchange.root = {str(folder / 'exchange')!r}\n")
            file.write("c.ExchangeCollect.check_owner = False\n")
        self.course = load_course(root)
        self._exchange = folder / "exchange" / self.course.id
        for name in ("inbound", "feedback"):
            (self._exchange / name).mkdir(parents=True)

    def notebook(self, number: int) -> tuple[str, bytes]:
        """The student and the notebook of one of as many submissions as one wants, no two of them equal.

        Students take turns, and hand in another's notebook each time.
        """
        attempt, place = divmod(number, len(self.students))
        student = self.students[place]
        other = (place + 37 * attempt) % len(self.students)
        mark = f"Handed in by {self.students[other]}.".encode()
        return student, self._notebooks[other].replace(mark, self.mark(number).encode())

    def mark(self, number: int) -> str:
        """A sentence in the notebook of this submission, and in no other one."""
        attempt, place = divmod(number, len(self.students))
        return f"Handed in by {self.students[place]}, attempt {attempt}."

    def submit(self, student: str, raw: bytes) -> Handed:
        """Hand in as nbgrader's own *Submit* does: the files first, the secret last."""
        secret = secrets.token_hex(64)
        now = f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M:%S.%f} UTC"
        folder = self._exchange / "inbound" / f"{student}+{self.week}+{now}+{secrets.token_urlsafe(9)}"
        folder.mkdir()
        (folder / f"{self.week}.ipynb").write_bytes(raw)
        (folder / "timestamp.txt").write_text(now, encoding="utf-8")
        (folder / "submission_secret.txt").write_text(secret, encoding="utf-8")
        hashed = notebook_hash(secret=secret, notebook_id=self.week)
        return Handed(student, raw, self._exchange / "feedback" / f"{hashed}.html", time.time())

    def start_watching(self) -> subprocess.Popen[bytes]:
        """A watcher that begins."""
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "autograder.cli", "watch", self.week],
                cwd=self.paths.root,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )

    @contextlib.contextmanager
    def watching(self) -> Iterator[subprocess.Popen[bytes]]:
        """A watcher, which is told to stop at the end."""
        process = self.start_watching()
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
