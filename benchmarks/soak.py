"""Many submissions through ``autograder watch``, which is killed again and again, and what came of them.

Students take turns and hand in again and again, each time something else: right, wrong, and now and then half
a file. A student hands in when feedback on the last attempt is there, so that each submission is to be
examined. In the first half the watcher is killed (SIGKILL) at random moments; each time is noted what had
been examined by then. At the end every submission has one record that was never made anew, and all were
begun in the order in which they were handed in; page, graded notebook and gradebook are of whom and of what
they should be; memory has not grown in the second half; no process is left.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import re
import signal
import statistics
import time
from pathlib import Path

import psutil
from measure import memory_of
from watched import Handed, WatchedCourse

from autograder.examination import Examination, Status
from autograder.gradebook.reading import read_grades
from autograder.options import Options
from autograder.submissions.keys import submission_key, week_fingerprint
from autograder.submissions.records import read_record, record_path
from autograder.watching.journal import Journal

_HALF_A_FILE = 25
"""One of so many submissions breaks off."""
_SAMPLE_SECONDS = 5.0
_WARMING = 300
"""Submissions in which what is remembered reaches its size: SQLAlchemy keeps 150 statements a table, each
worker what each wrong implementation answers, and a warm process for each set of libraries in notebooks."""
_TOGETHER = 0.5
"""Seconds: of two that begin within that time, none is first, since there are two workers."""
_AT_WORK = 3
"""Submissions that may be under examination when a watcher is killed: one a worker and one more."""
_MEGABYTE = 1 << 20


class Soak:
    """One soak.

    Args:
        course: with its students.
        count: submissions.
        within: seconds in which they are handed in.
        kills: how often the watcher is killed.
        seed: of the moments at which it is.
    """

    def __init__(self, course: WatchedCourse, count: int, within: float, kills: int, seed: int) -> None:
        self._course, self._count, self._pause = course, count, within / count
        moments = random.Random(seed)
        self._kills = sorted(moments.uniform(0, within / 2) for _ in range(kills))
        self._handed: list[Handed] = []
        self._examined: list[dict[str, Examination]] = []  # by key, what there was when a watcher ended
        self._memory: list[tuple[int, int]] = []  # of the last watcher, and of its workers; bytes
        self._sampled = 0.0
        self._restarted = 0
        self._complaints: list[str] = []
        self._fingerprint = week_fingerprint(course.course, course.paths, course.week, Options())

    def run(self) -> bool:
        """Hand in, kill, and say what came of it; whether all is as it should be."""
        self._started = time.monotonic()
        kills = len(self._kills)
        self._watcher = self._course.start_watching()
        try:
            for number in range(self._count):
                self._go_on_until(number * self._pause)
                self._hand_in(number)
            for one in self._handed:
                one.wait()
            ended = time.monotonic() - self._started
        finally:
            self._watcher.send_signal(signal.SIGTERM)
            status = self._watcher.wait()
        self._demand(status == 0, f"the watcher ended with {status}")
        self._note_records()
        took = [one.page.stat().st_mtime - one.at for one in self._handed]
        self._prove()
        memory = self._grown()
        verdict = "NOT SO:" if self._complaints else "each examined once, in order, told to whom it belongs"
        print(
            f"{self._course.week}: {self._count} submissions of {len(self._course.students)} students, "
            f"killed {kills} times, all answered after {ended:.0f} s "
            f"(median {statistics.median(took):.1f} s, longest {max(took):.1f} s); "
            f"memory: {memory}; {verdict}",
            *self._complaints,
            sep="\n  ",
            flush=True,
        )
        return not self._complaints

    def _demand(self, truth: bool, otherwise: str) -> None:
        if not truth:
            self._complaints.append(otherwise)

    # meanwhile

    def _hand_in(self, number: int) -> None:
        student, raw = self._course.notebook(number)
        before = number - len(self._course.students)
        while before >= 0 and not self._handed[before].page.exists():
            self._go_on_until(time.monotonic() - self._started + 0.05)
        if number % _HALF_A_FILE == _HALF_A_FILE - 1:
            raw = raw[: len(raw) // 2] + self._course.mark(number).encode()
        self._handed.append(self._course.submit(student, raw))

    def _go_on_until(self, moment: float) -> None:
        """Wait, kill the watcher where its time has come, and look at its memory now and then."""
        while True:
            now = time.monotonic() - self._started
            if self._kills and now >= self._kills[0]:
                self._kills.pop(0)
                self._watcher.kill()
                self._watcher.wait()
                self._note_records()
                self._watcher = self._course.start_watching()
                self._memory.clear()
                self._restarted = len(self._handed)
            elif self._watcher.poll() is not None:
                raise SystemExit(f"the watcher has ended:\n{self._course.log.read_text()[-2000:]}")
            elif now - self._sampled >= _SAMPLE_SECONDS:
                self._sampled = now
                warm = self._restarted + _WARMING
                if len(self._handed) > warm and self._handed[warm].page.exists():
                    self._sample()
            if now >= moment:
                return
            time.sleep(min(0.05, moment - now))

    def _note_records(self) -> None:
        """What has been examined by now."""
        folder = self._course.paths.records / self._course.week
        found = (read_record(path) for path in folder.glob("*/*.json"))
        self._examined.append({record.key: record for record in found if record is not None})

    def _sample(self) -> None:
        watcher = psutil.Process(self._watcher.pid)
        self._memory.append((memory_of([watcher]), memory_of(watcher.children(recursive=True))))

    # what came of it

    def _prove(self) -> None:
        last = self._examined[-1]
        keys = [submission_key(self._fingerprint, one.raw) for one in self._handed]
        self._demand(len(set(keys)) == len(keys), "submissions were equal: the soak is no proof")
        for number, key in enumerate(keys):
            self._prove_one(number, last.get(key))
        others = set(last) - set(keys)
        self._demand(not others, f"{len(others)} records of what nobody handed in")
        for before in self._examined:
            again = [key for key, record in before.items() if last[key].graded_at != record.graded_at]
            self._demand(not again, f"{len(again)} were examined a second time")
        self._prove_order(keys)
        self._prove_gradebook(last, keys)
        left = _processes_of(self._course.paths.root)
        self._demand(not left, f"processes are left: {', '.join(left)}")

    def _prove_one(self, number: int, record: Examination | None) -> None:
        handed = self._handed[number]
        if record is None:
            self._complaints.append(f"{self._course.mark(number)} Not examined.")
            return
        whole = number % _HALF_A_FILE != _HALF_A_FILE - 1
        expected = Status.GRADED if whole else Status.UNREADABLE
        self._demand(record.status is expected, f"{self._course.mark(number)} It is {record.status}.")
        self._demand(record.student == handed.student, f"{self._course.mark(number)} Of {record.student}.")
        own = any(self._course.mark(number) in cell.source for cell in record.notebook)
        self._demand(own or not whole, f"{self._course.mark(number)} Another notebook was examined.")
        page = handed.page.read_text(encoding="utf-8")
        named = set(re.findall(r"student-\d{5}", page))
        self._demand(named == {handed.student}, f"{self._course.mark(number)} Its page names {named}.")

    def _prove_order(self, keys: list[str]) -> None:
        """Of what one watcher examined, each was begun after all that were handed in before it."""
        before: dict[str, Examination] = {}
        for examined in self._examined:
            begun = {key: _begun(record) for key, record in examined.items() if key not in before}
            latest = dt.datetime.min.replace(tzinfo=dt.UTC)
            for number, key in enumerate(keys):
                if key in begun:
                    late = (latest - begun[key]).total_seconds()
                    self._demand(
                        late <= _TOGETHER,
                        f"{self._course.mark(number)} Begun {late:.1f} s after a later one.",
                    )
                    latest = max(latest, begun[key])
            done = [number for number, key in enumerate(keys) if key in examined]
            holes = sum(keys[number] not in examined for number in range(max(done, default=0)))
            self._demand(holes <= _AT_WORK, f"{holes} had been passed over when a watcher ended")
            before = examined

    def _prove_gradebook(self, last: dict[str, Examination], keys: list[str]) -> None:
        """Gradebook and graded notebook are of the last attempt; the student was told of each, once."""
        paths, week = self._course.paths, self._course.week
        grades = read_grades(self._course.course, paths, [week]).grades
        journal = Journal(paths.watching / "journal")
        newest = {one.student: number for number, one in enumerate(self._handed)}
        self._demand({who for who, _ in grades} == set(newest), "the gradebook does not have each student")
        for student, number in newest.items():
            record = last.get(keys[number])
            if record is None or (student, week) not in grades:
                continue
            told, attempts = (
                journal.read(week, student).told,
                sum(one.student == student for one in self._handed),
            )
            self._demand(len(told) == attempts, f"{student} was told of {len(told)} attempts, not {attempts}")
            points = grades[student, week].points
            self._demand(points == record.points, f"{student} has {points}, not {record.points}")
            kept = record_path(paths, week, student, record.key)
            self._demand(kept.is_file(), f"{kept} is not there")
            graded = paths.graded(student, week)
            if record.status is Status.GRADED:
                is_own = graded.is_file() and self._course.mark(number) in graded.read_text(encoding="utf-8")
                self._demand(is_own, f"{graded} is not of the last attempt")

    def _grown(self) -> str:
        """Memory in the first and the last quarter of the last watcher; a complaint if it has grown."""
        quarter = len(self._memory) // 4
        if quarter == 0:
            return "too short to say anything of it"
        begin, end = self._memory[:quarter], self._memory[-quarter:]
        said = []
        # Beside the workers there are candidates, which come and go.
        for what, place, measure in (("watcher", 0, statistics.median), ("workers", 1, min)):
            first = measure([sample[place] for sample in begin]) / _MEGABYTE
            last = measure([sample[place] for sample in end]) / _MEGABYTE
            said.append(f"{what} {first:.0f} → {last:.0f} MB")
            self._demand(last <= 1.1 * first + 16, f"memory of the {what} grows: {first:.0f} → {last:.0f} MB")
        return ", ".join(said)


def _begun(record: Examination) -> dt.datetime:
    return record.graded_at - dt.timedelta(seconds=record.timings.get("total", 0.0))


def _processes_of(root: Path) -> list[str]:
    """Processes that have the course's folder on their command line."""
    deadline = time.monotonic() + 15
    found: list[str] = []
    while time.monotonic() < deadline:
        processes = psutil.process_iter(["cmdline"])
        others = (process for process in processes if process.pid != os.getpid())
        found = [str(each.pid) for each in others if str(root) in " ".join(each.info["cmdline"] or ())]
        if not found:
            break
        time.sleep(0.5)
    return found
