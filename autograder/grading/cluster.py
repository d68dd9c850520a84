"""The same work on a Dask cluster: submissions travel out with their tasks, records come back.

The workers need this package and nothing else: no shared folder, no course. A run sends them once what the
week's examiner reads (:func:`pack`); each keeps it in a private folder until the run ends, and keeps its
examiners warm from one task to the next.

A worker that is lost is nobody's fault: the scheduler gives its tasks to others. A task that several
workers were lost with (the scheduler's ``allowed-failures``) becomes a grader error, and the run goes on.
"""

from __future__ import annotations

import gc
import gzip
import hashlib
import io
import logging
import os
import queue
import shutil
import tarfile
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributed import Client, Future, get_worker
from distributed.diagnostics.plugin import WorkerPlugin
from distributed.scheduler import KilledWorker

from autograder.course.companions import released_beside
from autograder.course.folders import Paths
from autograder.course.models import Course
from autograder.examination import Examination
from autograder.grading.pool import Ended, Seat, job, lost, patience, read_answer, worker_settings
from autograder.mnist import digits
from autograder.options import Options
from autograder.problem import GradeError
from autograder.submissions.found import Submission
from autograder.submissions.keys import package_fingerprint

_CONNECT_SECONDS = 10.0
_NO_WORKERS_SECONDS = 120.0
_RETRIES = 2
"""Times that a task is tried elsewhere when it raises: a node may be broken that others are not."""
_AHEAD = 2
"""Tasks on their way for each thread of the cluster: enough that none waits, few enough to lose with it."""


# -- what travels -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bundle:
    """What a worker needs to know of a week.

    Attributes:
        content: a tar archive: the files that the examiner reads at their own places below ``course/``, and
            the data that candidates load.
        settings: of the examiners, with this machine's paths.
        patience: seconds for one submission.
        package: fingerprint of the kit that packed it; another one would give other records.
    """

    content: bytes
    settings: dict[str, Any]
    patience: float
    package: str

    @property
    def name(self) -> str:
        """Hash of the content."""
        return hashlib.sha256(self.content).hexdigest()[:16]


_COURSE = Path("course")
_STUDENT_DATA = Path("mnist.npz")
_KERAS_HOME = Path("keras")
_KERAS_DATA = _KERAS_HOME / "datasets" / "mnist.npz"  # where Keras keeps it


def pack(course: Course, paths: Paths, assignment: str, options: Options) -> Bundle:
    """The week's files; the same bytes for the same files."""
    settings = worker_settings(course, paths, assignment, options)
    files = [paths.course, paths.solution(assignment), paths.released(assignment)]
    files.append(paths.cell_tests(assignment))
    files += sorted(p for p in paths.suite(assignment).rglob("*") if "__pycache__" not in p.parts)
    beside = paths.released(assignment).parent
    files += [beside / name for name in released_beside(paths, assignment)]
    content = {_COURSE / path.relative_to(paths.root): path for path in files if path.is_file()}
    content[_STUDENT_DATA] = Path(settings["data"])
    if course.data is not None:
        content[_COURSE / course.data] = paths.root / course.data
    elif (full := digits.full_file()) is not None:
        content[_KERAS_DATA] = full
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=1, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w") as archive,
    ):
        for name, path in content.items():
            entry = tarfile.TarInfo(name.as_posix())
            entry.size = path.stat().st_size
            entry.mode = 0o644
            with path.open("rb") as file:
                archive.addfile(entry, file)
    return Bundle(buffer.getvalue(), settings, patience(course.assignment(assignment)), package_fingerprint())


# -- on a worker --------------------------------------------------------------------------------


class WarmExaminers(WorkerPlugin):
    """The week's files on one Dask worker, and an examiner for each of its threads that has had a task.

    Args:
        name: of the run.
        bundle: the week.
    """

    def __init__(self, name: str, bundle: Bundle) -> None:
        self.name = name
        self._bundle = bundle
        self._folder: Path | None = None
        self._idle: queue.LifoQueue[Seat] | None = None
        self._seat: tuple[dict[str, Any], float, dict[str, str]] | None = None

    def setup(self, worker: Any) -> None:
        """Unpack the files where only this user can read them."""
        self._idle = queue.LifoQueue()
        if package_fingerprint() != self._bundle.package:
            return  # every task says so
        self._folder = Path(tempfile.mkdtemp(prefix="autograder-", dir=worker.local_directory))
        self._folder.chmod(0o711)  # a candidate may be another user, on the way to its data
        root = self._folder / _COURSE
        root.mkdir(mode=0o700)
        with tarfile.open(fileobj=io.BytesIO(self._bundle.content)) as archive:
            archive.extractall(self._folder, filter="data")
        settings = self._bundle.settings | {"root": str(root), "data": str(self._folder / _STUDENT_DATA)}
        # The run's own data, whatever this machine has in the places where data are looked for.
        environment = dict(os.environ) | {"KERAS_HOME": str(self._folder / _KERAS_HOME)}
        environment.pop(digits.ENVIRONMENT_VARIABLE, None)
        self._seat = (settings, self._bundle.patience, environment)

    def teardown(self, worker: Any) -> None:
        """End the examiners and take the files away."""
        while self._idle is not None and not self._idle.empty():
            self._idle.get().stop()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def examine(self, task: dict[str, Any]) -> dict[str, Any] | Ended:
        """An examiner's answer to one job, or why there is none."""
        if self._seat is None or self._idle is None:
            raise GradeError(
                "A worker of the cluster has another version of autograder: install the same one everywhere."
            )
        try:
            seat = self._idle.get_nowait()
        except queue.Empty:
            seat = Seat(*self._seat)
        try:
            answer = seat.ask(task)
        except BaseException:
            seat.stop()
            raise
        self._idle.put(seat)
        return answer


def _task(name: str, content: dict[str, Any]) -> dict[str, Any] | Ended:
    """What runs on a worker for each submission."""
    plugin = get_worker().plugins[name]
    assert isinstance(plugin, WarmExaminers)
    return plugin.examine(content)


# -- at the grader ------------------------------------------------------------------------------


def examine(
    course: Course,
    paths: Paths,
    assignment: str,
    options: Options,
    submissions: Sequence[Submission],
) -> Iterator[Examination]:
    """Examinations in the order in which they are finished.

    Args:
        course: the course.
        paths: its files.
        assignment: the week.
        options: how, and where the scheduler is.
        submissions: to be examined.

    Raises:
        GradeError: the cluster cannot be reached or used.
    """
    address, plugin = options.scheduler, ""
    client = _connect(address)
    try:
        bundle = pack(course, paths, assignment, options)
        # One run's files are not taken away under another's hands: the name is the run's own.
        plugin = f"autograder-{bundle.name}-{uuid.uuid4().hex[:8]}"
        _wait_for_workers(client, address)
        _call(client.register_plugin, WarmExaminers(plugin, bundle), name=plugin)
        yield from _Run(client, address, plugin).examine(submissions)
    finally:
        _leave(client, plugin)


class _Run:
    """One class on one cluster, a few tasks ahead of the workers."""

    def __init__(self, client: Client, address: str, plugin: str) -> None:
        self._client = client
        self._address = address
        self._plugin = plugin
        self._finished: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
        self._running: dict[Any, tuple[Future[Any], Submission]] = {}

    def examine(self, submissions: Sequence[Submission]) -> Iterator[Examination]:
        waiting = iter(submissions)
        seen = time.monotonic()
        while True:
            room = _AHEAD * max(1, _threads(self._client)) - len(self._running)
            for _, submission in zip(range(room), waiting, strict=False):  # in this order: none is lost
                self._submit(submission)
            if not self._running:
                return
            try:
                future = self._finished.get(timeout=5.0)
            except queue.Empty:
                if _threads(self._client):
                    seen = time.monotonic()
                elif time.monotonic() - seen > _NO_WORKERS_SECONDS:
                    raise GradeError(f"The cluster at {self._address} has lost all its workers.") from None
                continue
            seen = time.monotonic()
            _, submission = self._running.pop(future.key)
            yield self._read(future, submission)

    def _submit(self, submission: Submission) -> None:
        future = self._client.submit(
            _task,
            self._plugin,
            job(submission),
            key=f"{self._plugin}-{len(submission.student)}-{submission.student}-{submission.key}",
            pure=False,
            retries=_RETRIES,
        )
        self._running[future.key] = (future, submission)
        future.add_done_callback(self._finished.put)  # type: ignore[no-untyped-call]

    def _read(self, future: Future[Any], submission: Submission) -> Examination:
        if future.status == "finished":
            try:
                answer = future.result(timeout=60)
            except Exception as error:  # the worker that has the record may go at just this moment
                return lost(submission, f"its record did not arrive: {type(error).__name__}")
            return read_answer(submission, answer)
        if future.status != "error":
            raise GradeError(f"The scheduler at {self._address} is gone; what was finished is kept.")
        failure = future.exception(timeout=60)  # type: ignore[no-untyped-call]
        if isinstance(failure, KilledWorker):
            return lost(submission, "each worker of the cluster that took it was lost")
        raise _sentence(failure)


def _connect(address: str) -> Client:
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # problems are said once, by us
    try:
        return Client(  # type: ignore[no-untyped-call]
            address, timeout=_CONNECT_SECONDS, name="autograder", set_as_default=False
        )
    except (OSError, ValueError, TimeoutError) as error:
        reason = str(error).split("\n")[0]
    # A client that failed to connect closes itself when it is collected. Left to chance, that may be in
    # the next client's loop thread, which then waits for a lock that the next client holds.
    gc.collect()
    raise GradeError(f"There is no Dask scheduler at {address}: write it as tcp://host:8786 ({reason}).")


def _wait_for_workers(client: Client, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=_NO_WORKERS_SECONDS)
    except TimeoutError:
        raise GradeError(
            f"The cluster at {address} has no workers: start some with `dask worker {address}`."
        ) from None


def _threads(client: Client) -> int:
    return sum(client.nthreads().values())  # type: ignore[no-untyped-call]


def _call(function: Any, *arguments: Any, **named: Any) -> None:
    try:
        function(*arguments, **named)
    except Exception as error:
        raise _sentence(error) from None


def _sentence(error: BaseException) -> GradeError:
    if isinstance(error, GradeError):
        return error
    if isinstance(error, ModuleNotFoundError):
        return GradeError(f"A worker of the cluster lacks {error.name}: install autograder[cluster] there.")
    return GradeError(f"The cluster failed: {type(error).__name__}: {str(error)[:300]}.")


def _leave(client: Client, plugin: str) -> None:
    """Take the course's files from the workers, whatever the reason to go."""
    try:
        if plugin:
            client.unregister_worker_plugin(plugin)  # type: ignore[no-untyped-call]
    except Exception as error:
        logging.getLogger(__name__).debug("the plugin was not removed: %s", error)
    finally:
        client.close(timeout=5)  # type: ignore[no-untyped-call]
