"""Grade a class: find submissions, examine what is new, record it.

The flow in one screen (:func:`grade`)::

    submitted/ ─► Submission (raw bytes, content key)
               ─► an Examination that is there already, or one from a worker process
               ─► .autograder/records/ (one JSON file each, written whole or not at all)
               ─► gradebook.db and autograded/

A worker process holds the week's suite and a warm zygote and takes one submission after another. A worker
that dies is replaced and its submission tried once more; what kills workers twice is recorded as a grader
error. Everything that is finished is on disk, so that a run that is killed goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import queue
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from autograder.course import Assignment, Course, Paths, load_course
from autograder.examination import Examination, Notice, Status
from autograder.problem import Problem
from autograder.wire import Channel, ChannelClosed, ChannelTimeout, FrameLimits, WireError

_MAX_NOTEBOOK = 64 << 20
_READY_SECONDS = 240.0
_PACKAGE = Path(__file__).parent


class GradeError(Problem):
    """Grading cannot go on; the text is one clear sentence with the way out."""


@dataclass(frozen=True)
class Submission:
    """A notebook as it was handed in.

    Attributes:
        student: the folder's name.
        assignment: the week.
        raw: the file's bytes; None if there is none that can be read.
        problem: why there is none, in one line.
        key: hash of everything that the result depends on.
    """

    student: str
    assignment: str
    raw: bytes | None
    problem: str = ""
    key: str = ""


@dataclass(frozen=True)
class Options:
    """How to grade.

    Attributes:
        workers: examiner processes; 0 means one a core.
        students: only these.
        force: examine again what has been examined.
        training: run the tests that train a model.
        switched_off: layers of confinement given up by the TA's explicit wish.
        gradebook: write nbgrader's gradebook and autograded notebooks.
        public_only: run the public tests only.
        scheduler: address of a Dask cluster that examines instead of this machine.
    """

    workers: int = 0
    students: tuple[str, ...] = ()
    force: bool = False
    training: bool = True
    switched_off: tuple[str, ...] = ()
    gradebook: bool = True
    public_only: bool = False
    scheduler: str = ""


@dataclass
class Tally:
    """What a run did.

    Attributes:
        examinations: one a submission, by student.
        fresh: how many were examined now.
        seconds: wall time by part.
    """

    examinations: list[Examination] = field(default_factory=list)
    fresh: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


Progress = Callable[[Examination, int, int], None]
"""Told each finished examination, how many are finished, and how many there are."""


# -- submissions --------------------------------------------------------------------------------


def find_submissions(paths: Paths, assignment: str, students: Sequence[str] = ()) -> list[Submission]:
    """All submissions of a week, by student; none of their files is opened through a link."""
    if not paths.submitted.is_dir():
        return []
    found = []
    for folder in sorted(paths.submitted.iterdir()):
        if students and folder.name not in students:
            continue
        if folder.name.startswith(".") or folder.is_symlink() or not (folder / assignment).is_dir():
            continue
        if not folder.name.isprintable():
            raise GradeError(
                f"The folder {folder.name!r} in submitted/ has a name that is no text: rename it."
            )
        raw, problem = read_file(folder / assignment / f"{assignment}.ipynb")
        found.append(Submission(folder.name, assignment, raw, problem))
    missing = [name for name in students if name not in {s.student for s in found}]
    if missing:
        raise GradeError(
            f"There is no submission of {assignment} from {', '.join(missing)}: "
            f"submissions belong in submitted/<student>/{assignment}/."
        )
    return found


def read_file(path: Path) -> tuple[bytes | None, str]:
    """A submitted file's bytes, or None and why not: links, devices, pipes and huge files are not read."""
    try:
        if path.parent.is_symlink():
            return None, f"{path.parent.name} is a link, which is not followed"
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None, f"there is no {path.name} in the folder"
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None, f"{path.name} is a link, which is not followed"
        if error.errno == errno.ENXIO:
            return None, f"{path.name} is no ordinary file"
        # Not the student's fault, so no zero either.
        raise GradeError(f"{path} cannot be read ({error.strerror}): look at its permissions.") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        return None, f"{path.name} is no ordinary file"
    with open(descriptor, "rb") as file:
        if status.st_size > _MAX_NOTEBOOK:
            return None, f"{path.name} is larger than {_MAX_NOTEBOOK >> 20} MiB"
        return file.read(_MAX_NOTEBOOK), ""


def handed_in_since(root: Path, assignment: str, since: str, students: Sequence[str] = ()) -> tuple[str, ...]:
    """Students whose submission came at or after ``since``.

    The time is that of ``timestamp.txt`` where there is one, else that of the notebook's file.

    Args:
        root: the course's folder.
        assignment: the week.
        since: ISO time; without a zone it is the course's.
        students: of these only; everybody if empty.

    Raises:
        GradeError: ``since`` is no time.
    """
    from autograder.gradebook import read_timestamp

    course, paths = load_course(root), Paths(root)
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        raise GradeError(f"{since!r} is no time: write it as 2027-03-15 23:59.") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=course.zone)
    found = []
    for submission in find_submissions(paths, assignment, students):
        file = paths.submission(submission.student, assignment)
        told = read_timestamp(file.parent)
        if told is not None:
            came = told.replace(tzinfo=UTC)
        elif file.exists():
            came = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        else:
            continue
        if came >= moment:
            found.append(submission.student)
    return tuple(found)


# -- keys and records ---------------------------------------------------------------------------


def week_fingerprint(course: Course, paths: Paths, assignment: str, options: Options) -> str:
    """Hash of everything but the submission that can change a result."""
    digest = hashlib.sha256()

    def add(name: str, content: bytes) -> None:
        digest.update(f"{name}:{len(content)}:".encode())
        digest.update(content)

    week = course.assignment(assignment)
    add("week", week.model_dump_json(include={"limits", "seed", "tensorflow"}).encode())
    add("options", json.dumps([options.training, sorted(options.switched_off), options.public_only]).encode())
    add("data", _data_fingerprint(course, paths).encode())
    files = [paths.solution(assignment), paths.released(assignment)]
    suite = paths.suite(assignment)
    files += sorted(p for p in suite.rglob("*") if p.suffix in (".py", ".yml")) if suite.is_dir() else []
    for path in files:
        if path.is_file():
            add(path.name, path.read_bytes())
    add("package", package_fingerprint().encode())
    return digest.hexdigest()


@cache
def package_fingerprint() -> str:
    """Hash of the kit itself: another kit may give other results."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.name}:{len(content)}:".encode() + content)
    return digest.hexdigest()


def _data_fingerprint(course: Course, paths: Paths) -> str:
    from autograder import data

    return data.fingerprint(paths.data(course))


def submission_key(fingerprint: str, raw: bytes | None, problem: str) -> str:
    """Name of a submission's examination."""
    digest = hashlib.sha256(fingerprint.encode())
    digest.update(problem.encode() if raw is None else raw)
    return digest.hexdigest()[:32]


def record_path(paths: Paths, assignment: str, student: str, key: str) -> Path:
    """Where an examination is kept."""
    return paths.records / assignment / student / f"{key}.json"


def read_record(path: Path) -> Examination | None:
    """The examination in a file; None if there is none, or none that is whole."""
    try:
        examination = Examination.model_validate_json(path.read_bytes())
    except (OSError, ValueError):
        return None
    # A file that was copied to another's place is no record of that one.
    return examination if (examination.student, examination.key) == (path.parent.name, path.stem) else None


def _keep(path: Path, examination: Examination) -> None:
    """Write a record; it holds hidden inputs and expected values, so that it is for the grader alone.

    A fault of ours is not kept: the next run tries again.
    """
    if examination.status is not Status.GRADER_ERROR:
        write_atomically(path, examination.model_dump_json().encode(), mode=0o600)


def write_atomically(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file so that a reader sees all of it or nothing, whatever happens in between.

    Raises:
        GradeError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise GradeError(
            f"{path} cannot be written ({error.strerror}); "
            "what was finished is kept, and the next run goes on."
        ) from None


# -- workers ------------------------------------------------------------------------------------


class WorkerFailed(Exception):
    """A worker has gone; what it worked on can be tried elsewhere."""


class Worker:
    """One examiner process.

    Args:
        settings: JSON of :class:`autograder.examiner.worker.WorkerSettings`.
        patience: seconds after which a submission is given up; a candidate's own limits end long before.
        environment: of the process; None means this one's.
    """

    def __init__(
        self, settings: dict[str, Any], patience: float, environment: Mapping[str, str] | None = None
    ) -> None:
        self._patience = patience
        ours, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "autograder.examiner.worker", str(theirs.fileno()), json.dumps(settings)],
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

    def ask(self, job: dict[str, Any]) -> dict[str, Any]:
        """The answer to one job.

        Raises:
            WorkerFailed: the process has gone or does not answer.
            GradeError: the week cannot be graded at all.
        """
        try:
            if not self._ready:
                self._hear(self._channel.receive(deadline=time.monotonic() + _READY_SECONDS))
                self._ready = True
            self._channel.send(job, limits=FrameLimits(structure=1 << 28))
            return self._hear(self._channel.receive(deadline=time.monotonic() + self._patience))
        except (ChannelClosed, ChannelTimeout, WireError) as error:
            raise WorkerFailed(f"{type(error).__name__}") from None

    @staticmethod
    def _hear(message: dict[str, Any]) -> dict[str, Any]:
        if "problem" in message:
            raise GradeError(f"The week cannot be graded: {message['problem']}.")
        return message

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

    def ask(self, job: dict[str, Any]) -> dict[str, Any] | str:
        """The answer to one job; a text, why there is none, for a job that ended two workers."""
        reason = ""
        for _ in (1, 2):
            self._worker = self._worker or Worker(*self._arguments)
            try:
                return self._worker.ask(job)
            except WorkerFailed as failure:
                reason = str(failure)
                self.stop()
        return reason

    def stop(self) -> None:
        """End the worker, if there is one."""
        if self._worker is not None:
            self._worker.stop()
            self._worker = None


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def patience(assignment: Assignment) -> float:
    """Seconds after which a worker is given up: well past everything that a submission's limits allow."""
    limits = assignment.limits
    return 4 * (limits.cells_seconds + limits.tests_seconds + limits.training_seconds) + 120


def worker_settings(course: Course, paths: Paths, assignment: str, options: Options) -> dict[str, Any]:
    """What every worker of a run is told."""
    from autograder.examiner.worker import WorkerSettings

    return asdict(
        WorkerSettings(
            root=str(paths.root),
            assignment=assignment,
            data=str(_student_data(course, paths)),
            threads=1,  # whatever the number of workers: sums made in another order are another score
            switched_off=options.switched_off,
            training=options.training,
            public_only=options.public_only,
        )
    )


def _student_data(course: Course, paths: Paths) -> Path:
    """The ``mnist.npz`` that candidates load, made once."""
    from autograder import data

    path = paths.cache / f"mnist-{data.fingerprint(paths.data(course))}.npz"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        data.write_student_npz(path, data.course_data(paths.data(course)))
    return path


class Pool:
    """Workers that take jobs from one queue.

    Args:
        settings: of the workers.
        count: of workers.
        patience: seconds for one job.
    """

    def __init__(self, settings: dict[str, Any], count: int, patience: float) -> None:
        self._settings = settings
        self._patience = patience
        self._jobs: queue.SimpleQueue[tuple[int, dict[str, Any]] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[int, dict[str, Any] | str] | BaseException] = (
            queue.SimpleQueue()
        )
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def run(self, jobs: Sequence[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any] | str]]:
        """Each job's position and answer, in the order in which they are finished.

        The answer is a text, why there is none, for a job that ended two workers.
        """
        for number, job in enumerate(jobs):
            self._jobs.put((number, job))
        for _ in jobs:
            answer = self._answers.get()
            if isinstance(answer, BaseException):
                raise answer
            yield answer

    def examine(self, submissions: Sequence[Submission]) -> Iterator[Examination]:
        """Examinations in the order in which they are finished."""
        for number, answer in self.run([job(submission) for submission in submissions]):
            yield read_answer(submissions[number], answer)

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
                number, job = item
                self._answers.put((number, seat.ask(job)))
        except BaseException as error:
            self._answers.put(error)
        finally:
            seat.stop()


def job(submission: Submission) -> dict[str, Any]:
    """What a worker is asked for a submission."""
    return {
        "student": submission.student,
        "key": submission.key,
        "raw": submission.raw,
        "problem": submission.problem,
    }


def read_answer(submission: Submission, answer: dict[str, Any] | str) -> Examination:
    """The examination in a worker's answer; a grader error if there is none."""
    if isinstance(answer, str):
        return lost(submission, f"the examiner ended twice on it ({answer})")
    try:
        return Examination.model_validate_json(answer["examination"])
    except ValueError as error:  # one record that cannot be read must not end the class
        return lost(submission, f"its record is none: {str(error)[:200]}")


def lost(submission: Submission, reason: str) -> Examination:
    """The record of a submission that could not be examined: nobody's zero, left for a person."""
    return Examination(
        key=submission.key,
        assignment=submission.assignment,
        student=submission.student,
        status=Status.GRADER_ERROR,
        notices=(Notice(code="grader-error", text=f"The submission could not be examined: {reason}."),),
        graded_at=datetime.now(UTC),
    )


# -- the class ----------------------------------------------------------------------------------


def grade(
    root: Path, assignment: str, options: Options | None = None, progress: Progress | None = None
) -> Tally:
    """Grade a week's submissions.

    Args:
        root: the course's folder.
        assignment: the week.
        options: how.
        progress: told each finished submission.

    Raises:
        CourseError, GradeError: with one sentence for a person.
    """
    options = options or Options()
    course, paths = load_course(root), Paths(root)
    submissions = prepare(course, paths, assignment, options)
    if course.attempts == "best" and options.gradebook:
        submissions = _counting(course, paths, assignment, options, submissions)
    tally = Tally()
    records = {s.student: None if options.force else read_record(_record(paths, s)) for s in submissions}
    fresh = [s for s in submissions if records[s.student] is None]
    by_student = {s.student: s for s in submissions}
    finished = 0
    started = time.perf_counter()
    with _recorder(course, paths, assignment, options) as record:
        for submission in submissions:
            known = records[submission.student]
            if known is not None:
                finished += 1
                record(known, submission)
                tally.examinations.append(known)
                if progress:
                    progress(known, finished, len(submissions))
        for examination in _examine(course, paths, assignment, options, fresh):
            finished += 1
            tally.fresh += 1
            _keep(_record(paths, by_student[examination.student]), examination)
            record(examination, by_student[examination.student])
            tally.examinations.append(examination)
            if progress:
                progress(examination, finished, len(submissions))
    tally.examinations.sort(key=lambda e: e.student)
    tally.seconds["total"] = time.perf_counter() - started
    return tally


def prepare(course: Course, paths: Paths, assignment: str, options: Options) -> list[Submission]:
    """The week's submissions with their keys; raises if the week cannot be graded."""
    course.assignment(assignment)
    demand_released(paths, assignment)
    if not paths.suite(assignment).is_dir():
        raise GradeError(f"{assignment} has no hidden suite: tests belong in tests/hidden/{assignment}/.")
    fingerprint = week_fingerprint(course, paths, assignment, options)
    return [
        replace(s, key=submission_key(fingerprint, s.raw, s.problem))
        for s in find_submissions(paths, assignment, options.students)
    ]


def demand_released(paths: Paths, assignment: str) -> None:
    """Say in one sentence that a week has not been released, if so."""
    if not paths.released(assignment).is_file():
        raise GradeError(
            f"{assignment} has not been released yet: run `autograder release {assignment}` first."
        )


def _counting(
    course: Course, paths: Paths, assignment: str, options: Options, submissions: Sequence[Submission]
) -> list[Submission]:
    """The best attempt of each student, put into ``submitted/``."""
    from autograder.attempts import settle

    def examine(attempts: Sequence[Submission]) -> Iterator[Examination]:
        by_key = {s.key: s for s in attempts}
        for examination in _examine(course, paths, assignment, options, attempts):
            _keep(_record(paths, by_key[examination.key]), examination)
            yield examination

    fingerprint = week_fingerprint(course, paths, assignment, options)
    return settle(course, paths, submissions, fingerprint, examine)


def _record(paths: Paths, submission: Submission) -> Path:
    return record_path(paths, submission.assignment, submission.student, submission.key)


def _examine(
    course: Course, paths: Paths, assignment: str, options: Options, submissions: Sequence[Submission]
) -> Iterator[Examination]:
    if not submissions:
        return
    if options.scheduler:
        yield from _examine_elsewhere(course, paths, assignment, options, submissions)
        return
    workers = min(options.workers or cores(), len(submissions))
    settings = worker_settings(course, paths, assignment, options)
    pool = Pool(settings, workers, patience(course.assignment(assignment)))
    try:
        yield from pool.examine(submissions)
    finally:
        pool.close()


def _examine_elsewhere(
    course: Course, paths: Paths, assignment: str, options: Options, submissions: Sequence[Submission]
) -> Iterator[Examination]:
    try:
        from autograder import cluster
    except ModuleNotFoundError as error:
        raise GradeError(
            f"A cluster needs the package {error.name}: install it with `pip install 'autograder[cluster]'`."
        ) from None
    yield from cluster.examine(course, paths, assignment, options, submissions)


@contextlib.contextmanager
def _recorder(
    course: Course, paths: Paths, assignment: str, options: Options
) -> Iterator[Callable[[Examination, Submission], None]]:
    """Writes examinations into nbgrader's gradebook and ``autograded/``."""
    if not options.gradebook:
        yield lambda examination, submission: None
        return
    from autograder.gradebook import Ledger

    with Ledger(course, paths, assignment) as ledger:
        yield lambda examination, submission: ledger.record(examination, submission.raw)


# -- one submission, for nbgrader's own autograde -----------------------------------------------

_PATIENT_WORKERS: dict[tuple[str, str], Pool] = {}


def examine_submission(root: Path, assignment: str, student: str, raw: bytes) -> Examination:
    """The examination of one submission, from the record if there is one.

    ``nbgrader autograde`` comes here for every notebook; the worker stays warm between calls.
    """
    options = Options()
    course, paths = load_course(root), Paths(root)
    course.assignment(assignment)
    demand_released(paths, assignment)
    key = submission_key(week_fingerprint(course, paths, assignment, options), raw, "")
    submission = Submission(student, assignment, raw, key=key)
    known = read_record(_record(paths, submission))
    if known is not None:
        return known
    name = (str(root), assignment)
    if name not in _PATIENT_WORKERS:
        settings = worker_settings(course, paths, assignment, options)
        _PATIENT_WORKERS[name] = Pool(settings, 1, patience(course.assignment(assignment)))
    (examination,) = _PATIENT_WORKERS[name].examine([submission])
    _keep(_record(paths, submission), examination)
    return examination
