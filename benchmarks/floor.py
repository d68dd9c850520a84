"""What is left of a class's time when all of the kit is taken away? The floor, and the kit above it.

``python benchmarks/floor.py [WEEK] [--count 60]`` makes a class of which every second submission has a
mistake, grades it with ``autograder grade`` and one worker, and then runs the same bare: in a fork of a warm
interpreter the student's own cells, and the calls that the suite made of them, one after another, with no
confinement, no wire and no judging. Both are processor time and wall time of the same machine in one run,
in turns. The table says where the difference goes.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import json
import os
import pickle
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from submissions import make_mixed_class

from autograder.candidate.serve import Server
from autograder.candidate.warm_up import import_library, warm_up
from autograder.course.companions import released_beside
from autograder.course.folders import Paths
from autograder.course.reading import load_course
from autograder.examination import Examination
from autograder.examiner.cells import code_cells
from autograder.examiner.examiner import Examiner
from autograder.examiner.outcomes import TestRun
from autograder.examiner.remote.candidate import Candidate
from autograder.examiner.remote.cells import libraries
from autograder.examiner.remote.session import Session
from autograder.examiner.remote.zygote import Zygote
from autograder.examiner.settings import WorkerSettings
from autograder.examiner.suite import Suite, run_suite
from autograder.grading.grade import grade
from autograder.grading.pool import worker_settings
from autograder.mnist import digits
from autograder.notebooks.merging import merge
from autograder.notebooks.reading import read_released, read_submission
from autograder.options import Options
from autograder.protocol import Settings
from autograder.wire import HEADER, Channel, FrameLimits, decode, encode

ROOT = Path(__file__).resolve().parents[1]


Test = list[bytes]
"""The requests that one test made, as sent."""


class Recorded:
    """What the suite asked one submission: one list a test, those asked again left out."""

    def __init__(self) -> None:
        self.tests: list[Test] = []
        self.candidate: Candidate | None = None


def record(root: Path, week: str, raws: dict[str, bytes], target: Path) -> None:
    """Examine the submissions once more and write down, by student, what the suite asked each of them."""
    paths, options = Paths(root), Options(workers=1)
    course = load_course(root)
    told = worker_settings(course, paths, week, options)
    full = paths.data(course.data)
    if full is not None:
        os.environ[digits.ENVIRONMENT_VARIABLE] = str(full)
    settings = WorkerSettings(**told)
    assignment = course.assignment(week)
    zygote = Zygote(
        Settings(tensorflow=assignment.tensorflow, data=settings.data, hidden=(), switched_off=()),
        threads=1,
        files=released_beside(paths, week),
    )
    zygote.start()
    recorded = Recorded()
    _listen(recorded)

    def body(suite: Suite) -> None:
        run = suite.run

        def listening(candidate: Any, *args: Any, **kwargs: Any) -> list[TestRun]:
            recorded.candidate = candidate if isinstance(candidate, Candidate) else None
            try:
                return run(candidate, *args, **kwargs)
            finally:
                recorded.candidate = None

        examiner = Examiner(settings, suite, zygote)
        examiner.rehearse()
        suite.run = listening  # type: ignore[method-assign]
        for student, raw in raws.items():
            recorded.tests = []
            examiner.examine(student, "", raw)
            (target / student).write_bytes(pickle.dumps(recorded.tests))
        examiner.close()

    run_suite(paths.suite(week), body)
    zygote.stop()


def _listen(recorded: Recorded) -> None:
    """Have sessions tell what they send, as long as they are the recorded candidate's."""
    opened, exchanged = Candidate.open_session, Session.exchange
    lists: dict[int, Test] = {}

    def open_session(candidate: Candidate, *, fresh: bool = False, **kwargs: Any) -> Session:
        session = opened(candidate, fresh=fresh, **kwargs)
        lists.pop(id(session), None)
        if candidate is recorded.candidate and not fresh:
            lists[id(session)] = [b"".join(session._opening)]
            recorded.tests.append(lists[id(session)])
        return session

    def exchange(session: Session, message: dict[str, Any], frame: list[Any]) -> dict[str, Any]:
        if recorded.candidate is not None and id(session) in lists:
            lists[id(session)].append(b"".join(frame))
        return exchanged(session, message, frame)

    Candidate.open_session = open_session  # type: ignore[assignment,method-assign]
    Session.exchange = exchange  # type: ignore[assignment,method-assign]


@dataclass(frozen=True)
class Bare:
    """What submissions cost with nothing of the kit around them.

    Attributes:
        wall: seconds, the warm interpreter's start aside.
        processor: seconds of all forks.
        parts: by student, seconds of the fork, the own cells as plain Python and the tests' calls.
    """

    wall: float
    processor: float
    parts: dict[str, dict[str, float]]


def bare_on_all_cores(
    root: Path, week: str, raws: dict[str, bytes], frames: Path, folder: Path, processes: int
) -> Bare:
    """:func:`bare` in several processes at once, each with its share of the submissions.

    Args:
        root: of the course.
        week: the assignment.
        raws: the submissions by student.
        frames: what :func:`record` wrote.
        folder: for what the processes say.
        processes: how many.
    """
    students = list(raws)
    children = {}
    for number in range(processes):
        share = {student: raws[student] for student in students[number::processes]}
        file = folder / f"bare-{number}.json"

        def work(share: dict[str, bytes] = share, file: Path = file) -> None:
            file.write_text(json.dumps(asdict(bare(root, week, share, frames))), encoding="utf-8")

        children[_begun(work)] = file
    shares: list[Bare] = []
    for child, file in children.items():
        _ended(child)
        shares.append(Bare(**json.loads(file.read_text(encoding="utf-8"))))
    parts = {student: cost for share in shares for student, cost in share.parts.items()}
    return Bare(max(share.wall for share in shares), sum(share.processor for share in shares), parts)


def bare(root: Path, week: str, raws: dict[str, bytes], frames: Path) -> Bare:
    """What the submissions cost one after another, each in a fork of this process once it is warm."""
    course, paths = load_course(root), Paths(root)
    data = worker_settings(course, paths, week, Options())["data"]
    tensorflow = course.assignment(week).tensorflow
    warm_up(Settings(tensorflow=tensorflow, data=data, hidden=(), switched_off=()))
    released = read_released(paths.released(week))
    cells = {
        student: code_cells(merge(read_submission(raw), released).notebook) for student, raw in raws.items()
    }
    for library in {name for own in cells.values() for name in libraries(own)}:
        import_library(library)
    found = {}
    gc.collect()
    gc.freeze()
    start, before = time.perf_counter(), os.times()
    for student in raws:
        tests: list[Test] = pickle.loads((frames / student).read_bytes())  # noqa: S301 (ours)
        sources = [cell.source for cell in cells[student] if not cell.skip]
        ours, theirs = os.pipe()
        began = time.perf_counter()
        child = os.fork()
        if not child:
            try:
                spent = _spend(sources, tests, began)
                os.write(theirs, json.dumps(spent).encode())
            finally:
                os._exit(0)
        os.close(theirs)
        with os.fdopen(ours, "rb") as pipe:
            told = pipe.read()
        ended = time.perf_counter()
        os.waitpid(child, 0)
        found[student] = json.loads(told or b"{}")
        found[student]["fork"] = found[student].get("fork", 0.0) + time.perf_counter() - ended
    wall, after = time.perf_counter() - start, os.times()
    own = after.user + after.system - before.user - before.system
    forks = after.children_user + after.children_system - before.children_user - before.children_system
    return Bare(wall, own + forks, found)


def _spend(sources: list[str], tests: list[Test], began: float) -> dict[str, float]:
    """In the fork: run cells and calls, timing nothing else."""
    spent = {"fork": time.perf_counter() - began, "cells": 0.0, "tests": 0.0}
    for descriptor in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
    sys.stdout = sys.stderr = io.StringIO()
    os.chdir(tempfile.mkdtemp())
    names: dict[str, Any] = {"__name__": "__main__"}
    signal.signal(signal.SIGALRM, _too_long)
    for source in sources:
        text = "\n".join(line for line in source.splitlines() if not line.startswith(("%", "!")))
        started = time.perf_counter()
        signal.alarm(_LONGEST)
        with contextlib.suppress(Exception):
            exec(compile(text, "<cell>", "exec"), names)  # noqa: S102
        signal.alarm(0)
        spent["cells"] += time.perf_counter() - started
    left, right = socket.socketpair()
    server = Server(Channel(left), names, FrameLimits(structure=4 << 20, payload=1 << 28))
    for test in tests:
        for frame in test:
            size = HEADER.unpack(frame[: HEADER.size])[0] + HEADER.size
            message = decode(frame[HEADER.size : size], bytearray(frame[size:]), strided=True)
            started = time.perf_counter()
            signal.alarm(_LONGEST)
            try:
                reply = server._do(message)
            except Exception:  # a call that is to raise, or a wrong one
                reply = {}
            signal.alarm(0)
            spent["tests"] += time.perf_counter() - started
            own = isinstance(message.get("target"), str)
            with contextlib.suppress(Exception):  # numbers what stays here, as the next requests expect
                encode(reply, fallback=server._array if own else server._handle)
    left.close()
    right.close()
    return spent


def _too_long(*_: object) -> None:
    raise TimeoutError


_LONGEST = 10
"""Seconds for one cell or call: the kit's own limit for a cell."""


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("week", nargs="?", default="03_convolution")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=1, help="how often all is measured, in turns")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="autograder-floor-") as folder:
        measured = Measured(Path(folder), arguments.week, arguments.count)
        for _ in range(arguments.rounds):
            measured.once()
        print(measured.table())
    return 0


class Measured:
    """A class, the kit's seconds for it and the floor's.

    Args:
        folder: for everything that is made.
        week: the assignment.
        count: of submissions.
    """

    def __init__(self, folder: Path, week: str, count: int) -> None:
        self.week = week
        self.course, students = make_mixed_class(ROOT, folder / "course", week, count)
        paths = Paths(self.course)
        self.raws = {student: paths.submission(student, week).read_bytes() for student in students}
        self._frames = folder / "frames"
        self._frames.mkdir()
        apart(lambda: record(self.course, week, self.raws, self._frames))
        self.kit: list[dict[str, float]] = []
        self.floor: list[dict[str, float]] = []
        self.wall: list[float] = []

    def once(self) -> None:
        """Measure the floor and the kit once more."""
        folder = self._frames.parent
        self.floor += bare_on_all_cores(
            self.course, self.week, self.raws, self._frames, folder, processes=1
        ).parts.values()
        started = time.perf_counter()
        graded = grade(self.course, self.week, Options(workers=1, force=True, training=False))
        self.wall.append(time.perf_counter() - started)
        self.kit += [_parts(examination) for examination in graded.examinations]

    def table(self) -> str:
        """What each part costs a submission, in milliseconds, bare and with the kit."""
        kit, floor = mean(self.kit), mean(self.floor)
        lines = [
            f"{self.week}: {len(self.raws)} submissions, every second one with a mistake, one worker",
            "",
            "| part | bare (ms) | kit (ms) | times |",
            "|---|---:|---:|---:|",
        ]
        for part in ("fork", "cells", "tests"):
            low, high = 1000 * floor.get(part, 0.0), 1000 * kit.get(part, 0.0)
            lines.append(f"| {part} | {low:.0f} | {high:.0f} | {high / max(low, 0.001):.1f} |")
        for part in sorted(set(kit) - {"fork", "cells", "tests", "total"}):
            lines.append(f"| {part} | | {1000 * kit[part]:.0f} | |")
        low = 1000 * sum(floor.values())
        whole = 1000 * sum(self.wall) / len(self.wall) / len(self.raws)
        lines.append(
            f"| all, with the start and the gradebook | {low:.0f} | {whole:.0f} | **{whole / low:.2f}** |"
        )
        return "\n".join(lines)


def _parts(examination: Examination) -> dict[str, float]:
    return dict(examination.timings)


def mean(rows: list[dict[str, float]]) -> dict[str, float]:
    """The mean of each part."""
    names = {name for row in rows for name in row}
    return {name: sum(row.get(name, 0.0) for row in rows) / len(rows) for name in names}


def apart(work: Callable[[], object]) -> None:
    """Do something in a process of its own, so that what it imports and patches stays there."""
    _ended(_begun(work))


def _begun(work: Callable[[], object]) -> int:
    child = os.fork()
    if not child:
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return child


def _ended(child: int) -> None:
    if os.waitpid(child, 0)[1]:
        raise RuntimeError("a part of the measurement failed; what went wrong is above")


if __name__ == "__main__":
    sys.exit(main())
