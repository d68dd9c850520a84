"""Worker processes that examine submissions, and what the grader asks of them.

A worker holds the week's suite and a warm zygote and takes one submission after another. A worker that
dies is replaced and its submission tried once more; what kills workers twice is nobody's zero. A
:class:`Pool` works through a class; a :class:`Standby` waits for what comes.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import queue
import shlex
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from autograder.course.folders import Paths
from autograder.course.models import Assignment, Course
from autograder.examination import Examination, Notice, Status
from autograder.examiner.remote.own_time import OwnTime
from autograder.examiner.settings import WorkerSettings
from autograder.messages import words
from autograder.options import Options
from autograder.problem import GradeError
from autograder.submissions.found import Submission
from autograder.submissions.records import ENDS_EXAMINERS
from autograder.wire import Channel, ChannelClosed, ChannelTimeout, FrameLimits, WireError

_READY_SECONDS = 900.0
_HOW = (
    (ChannelClosed, "its process ended"),
    (ChannelTimeout, "it gave no answer"),
    (WireError, "its answer was not a valid one"),
)


class WorkerFailed(Exception):
    """A worker has gone; what it worked on can be tried elsewhere.

    Attributes:
        at_work: it had been given the submission; otherwise it went while it was getting ready.
    """

    def __init__(self, reason: str, *, at_work: bool) -> None:
        super().__init__(reason)
        self.at_work = at_work


@dataclass(frozen=True)
class Ended:
    """What comes in place of an answer, where two workers have ended.

    Attributes:
        reason: how the last of them did.
        by_it: both had been given the submission: as far as anybody can tell, that is what ends them.
    """

    reason: str
    by_it: bool


class Worker:
    """One examiner process.

    Args:
        settings: JSON of :class:`autograder.examiner.worker.WorkerSettings`.
        patience: seconds without a sign of life after which it is given up.
        environment: of the process; None means this one's.
    """

    def __init__(
        self, settings: dict[str, Any], patience: float, environment: Mapping[str, str] | None = None
    ) -> None:
        self._patience = patience
        ours, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            # -P: nothing is imported from the folder that the grader was started in.
            [
                sys.executable,
                "-P",
                "-m",
                "autograder.examiner.worker",
                str(theirs.fileno()),
                json.dumps(settings),
            ],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env={
                **(os.environ if environment is None else environment),
                "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
            },
        )
        theirs.close()
        self._channel = Channel(ours, FrameLimits(structure=1 << 28, payload=0))
        self._ready = False

    def wait(self) -> None:
        """Wait until it has collected the suite and is warm; for what is raised see :meth:`ask`."""
        with self._failing():
            if not self._ready:
                self._hear(self._receive(_READY_SECONDS))
                self._ready = True

    def ask(self, job: dict[str, Any]) -> dict[str, Any]:
        """The answer to one job.

        Raises:
            WorkerFailed: the process has gone or does not answer.
            GradeError: the week cannot be graded at all.
        """
        self.wait()
        with self._failing():
            self._channel.send(job, limits=FrameLimits(structure=1 << 28))
            return self._hear(self._receive(self._patience))

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        """Turn what happens to the channel into one error."""
        try:
            yield
        except (ChannelClosed, ChannelTimeout, WireError) as error:
            reason = next(said for kind, said in _HOW if isinstance(error, kind))
            raise WorkerFailed(reason, at_work=self._ready) from None

    def _receive(self, seconds: float) -> dict[str, Any]:
        """The next message; between two signs of life no more than ``seconds`` of its own may pass."""
        clock = OwnTime(self._process.pid)
        while True:
            wait = clock.wait(clock.look() + seconds)
            message: dict[str, Any] = self._channel.receive(deadline=wait.deadline, extension=wait.extension)
            if "working" not in message:
                return message

    @staticmethod
    def _hear(message: dict[str, Any]) -> dict[str, Any]:
        if "problem" in message:
            raise GradeError(f"The week cannot be graded: {message['problem']}.")
        return message

    @property
    def ended(self) -> bool:
        """Whether its process has."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """End the process and everything below it."""
        self._channel.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Seat:
    """A place for a worker: one that dies is replaced, and what it worked on is tried once more.

    The arguments are those of :class:`Worker`.
    """

    def __init__(
        self, settings: dict[str, Any], patience: float, environment: Mapping[str, str] | None = None
    ) -> None:
        self._arguments = (settings, patience, environment)
        self._worker: Worker | None = None

    def warm(self) -> None:
        """Have a worker that is ready, if one can be had; whoever asks then learns of the rest."""
        self._worker = self._worker or Worker(*self._arguments)
        try:
            self._worker.wait()
        except WorkerFailed:
            self.stop()

    def ask(self, job: dict[str, Any]) -> dict[str, Any] | Ended:
        """The answer to one job, or how two workers have ended over it."""
        failures = []
        if self._worker is not None and self._worker.ended:  # it went while it had nothing to do
            self.stop()
        for _ in (1, 2):
            self._worker = self._worker or Worker(*self._arguments)
            try:
                return self._worker.ask(job)
            except WorkerFailed as failure:
                failures.append(failure)
                self.stop()
        return Ended(str(failures[-1]), by_it=all(failure.at_work for failure in failures))

    def stop(self) -> None:
        """End the worker, if there is one."""
        if self._worker is not None:
            self._worker.stop()
            self._worker = None


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def patience(assignment: Assignment) -> float:
    """Seconds without a sign of life after which a worker is given up; it gives one at every test."""
    limits = assignment.limits
    return 4 * max(limits.cell_seconds, limits.test_seconds) + 300


def worker_settings(course: Course, paths: Paths, assignment: str, options: Options) -> dict[str, Any]:
    """What every worker of a run is told."""
    return asdict(
        WorkerSettings(
            root=str(paths.root.resolve()),
            assignment=assignment,
            data=str(_student_data(paths.data(course.data))),
            threads=1,  # whatever the number of workers: sums made in another order are another score
            switched_off=options.switched_off,
            training=options.training,
            public_only=options.public_only,
        )
    )


def _student_data(own: Path | None) -> Path:
    """The ``mnist.npz`` that candidates load."""
    from autograder.mnist import digits

    try:
        return digits.student_npz(own).resolve()
    except OSError as error:
        raise GradeError(
            f"The images that notebooks load cannot be prepared ({error}): "
            "make room, or name another folder in the variable XDG_CACHE_HOME."
        ) from None


class Pool:
    """Workers that take jobs from one queue.

    Args:
        settings: of the workers.
        count: of workers.
        patience: see :class:`Worker`.
    """

    def __init__(self, settings: dict[str, Any], count: int, patience: float) -> None:
        self._settings = settings
        self._patience = patience
        self._jobs: queue.SimpleQueue[tuple[int, Callable[[], dict[str, Any]]] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[int, dict[str, Any] | Ended] | BaseException] = (
            queue.SimpleQueue()
        )
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def run(self, jobs: Sequence[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any] | Ended]]:
        """Each job's position and answer, in the order in which they are finished.

        What comes is how it ended, for a job that ended two workers.
        """
        return self._run([partial(dict, job) for job in jobs])

    def _run(
        self, jobs: Sequence[Callable[[], dict[str, Any]]]
    ) -> Iterator[tuple[int, dict[str, Any] | Ended]]:
        for number, make in enumerate(jobs):
            self._jobs.put((number, make))
        return self._collect(len(jobs))

    def _collect(self, count: int) -> Iterator[tuple[int, dict[str, Any] | Ended]]:
        for _ in range(count):
            answer = self._answers.get()
            if isinstance(answer, BaseException):
                raise answer
            yield answer

    def examine(self, submissions: Sequence[Submission]) -> Iterator[Examination]:
        """Examinations in the order in which they are finished; work begins at once."""
        answers = self._run([partial(job, submission) for submission in submissions])
        return (read_answer(submissions[number], answer) for number, answer in answers)

    def close(self) -> None:
        """End all workers."""
        self._stopping.set()
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        seat = Seat(self._settings, self._patience)
        try:
            while (item := self._jobs.get()) is not None and not self._stopping.is_set():
                number, make = item
                self._answers.put((number, seat.ask(make())))
        except BaseException as error:
            self._answers.put(error)
        finally:
            seat.stop()


class Standby:
    """Workers of a week that are warm before anything is asked of them, and more of them in a rush.

    A worker takes nothing before it is ready, so that nobody waits for one that starts while others are warm.

    Args:
        settings: of the workers.
        patience: see :class:`Worker`.
        most: workers at the most.
        tell: given each submission with its examination, with the problem if the week cannot be graded, or
            with None if nobody has taken it in the end; called from threads of our own.
        idle: seconds without work after which a worker that need not be kept is let go.
    """

    def __init__(
        self,
        settings: dict[str, Any],
        patience: float,
        most: int,
        tell: Callable[[Submission | None, Examination | GradeError | None], None],
        idle: float = 600.0,
    ) -> None:
        self._arguments = (settings, patience)
        self._most, self._tell, self._idle = most, tell, idle
        self._jobs: collections.deque[Submission] = collections.deque()
        self._changed = threading.Condition()
        self._threads: set[threading.Thread] = set()
        self._resting = 0  # of the threads, those that wait for work
        self._keep = 0
        self._closed = False

    @property
    def workers(self) -> int:
        """How many there are, those that are getting ready included."""
        return len(self._threads)

    def keep(self, count: int) -> None:
        """Have so many workers warm from now on; those beyond are let go when they have long been idle."""
        with self._changed:
            self._keep = min(count, self._most)
            while len(self._threads) < self._keep:
                self._hire()

    def examine(self, submission: Submission) -> None:
        """Have a submission examined; whoever is to be told is told."""
        with self._changed:
            if self._closed:
                self._tell(submission, None)
                return
            self._jobs.append(submission)
            if self._resting < len(self._jobs) and len(self._threads) < self._most:
                self._hire()
            self._changed.notify()

    def close(self) -> None:
        """End all workers after what they are doing; what nobody has taken yet is left."""
        with self._changed:
            self._closed = True
            threads, left = list(self._threads), list(self._jobs)
            self._jobs.clear()
            self._changed.notify_all()
        for submission in left:
            self._tell(submission, None)
        for thread in threads:
            thread.join()

    def _hire(self) -> None:
        thread = threading.Thread(target=self._serve, daemon=True)
        self._threads.add(thread)
        thread.start()

    def _serve(self) -> None:
        seat = Seat(*self._arguments)
        at_work: Submission | None = None
        try:
            seat.warm()
            while (at_work := self._next()) is not None:
                self._tell(at_work, read_answer(at_work, seat.ask(job(at_work))))
        except GradeError as problem:
            self._tell(at_work, problem)
        except Exception as error:  # a worker that cannot even be started: no memory, no processes
            self._tell(at_work, GradeError(f"No worker can be started ({error}): look at the machine."))
        finally:
            with self._changed:
                self._threads.discard(threading.current_thread())
            seat.stop()

    def _next(self) -> Submission | None:
        """The next submission; None if this worker is to go."""
        with self._changed:
            self._resting += 1
            try:
                since = time.monotonic()
                while not self._jobs and not self._closed:
                    if not self._changed.wait(max(since + self._idle - time.monotonic(), 0)):
                        if len(self._threads) > self._keep:
                            self._threads.discard(threading.current_thread())
                            return None
                        since = time.monotonic()
                return None if self._closed else self._jobs.popleft()
            finally:
                self._resting -= 1


def job(submission: Submission) -> dict[str, Any]:
    """What a worker is asked for a submission."""
    return {
        "student": submission.student,
        "key": submission.key,
        "raw": submission.raw,
        "problem": submission.problem.model_dump(),
    }


def read_answer(submission: Submission, answer: dict[str, Any] | Ended) -> Examination:
    """The examination in a worker's answer; a grader error if there is none."""
    if isinstance(answer, Ended):
        reason = f"the examiner ended twice on it ({answer.reason})"
        return lost(submission, reason, lasting=answer.by_it)
    try:
        return Examination.model_validate_json(answer["examination"])
    except ValueError as error:  # one record that cannot be read must not end the class
        return lost(submission, f"its record is not a valid one: {str(error)[:200]}")


def lost(submission: Submission, reason: str, *, lasting: bool = False) -> Examination:
    """The record of a submission that could not be examined: nobody's zero, left for a person.

    Args:
        submission: which.
        reason: why not.
        lasting: it would end the next workers, too: the record is kept.
    """
    code, text = "grader-error", f"The submission could not be examined: {reason}."
    if lasting:
        who = shlex.quote(submission.student)
        advice = f"`autograder grade {submission.assignment} --student {who} --force` tries once more"
        text = f"{text[:-1]}; it is not tried again until it or the kit has changed ({advice})."
        code = ENDS_EXAMINERS
    return Examination(
        key=submission.key,
        assignment=submission.assignment,
        student=submission.student,
        status=Status.GRADER_ERROR,
        notices=(Notice(code=code, text=words(text)),),
        graded_at=datetime.now(UTC),
    )
