"""A real Dask scheduler and real workers on loopback, each a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from trial import Class, make

from autograder.course.folders import Paths
from autograder.examination import Examination, Status, Verdict
from autograder.grading import cluster
from autograder.grading.grade import grade
from autograder.options import Options
from autograder.problem import GradeError

pytestmark = pytest.mark.slow

# The suite is trusted code beside the Dask worker: what a machine could die of, it can stand for.
SUITE = '''\
import os
import signal
import time

import pytest

from autograder.testing import expect_number


@pytest.mark.cell("test-double")
def test_double(submission):
    """Doubles.

    두 배로 만듭니다.
    """
    time.sleep(0.2)
    expect_number(submission.double(4), 8)


@pytest.mark.cell("test-double", weight=2)
def test_double_negative(submission):
    """Doubles below zero.

    음수를 두 배로 만듭니다.
    """
    value = submission.double(-4)
    if value == -666:
        os.kill(os.getppid(), signal.SIGKILL)
    expect_number(value, -8)
'''

ANSWERS = {
    # A file beside the notebook goes to the workers as well.
    "right": "FACTOR = int(open('data/factor.txt').read())\n\n\ndef double(x):\n    return FACTOR * x",
    "half-right": "def double(x):\n    return abs(x) * 2",
    "wrong": "def double(x):\n    return x",
    "ends": "import os\ndef double(x):\n    os._exit(0)",
}
DEADLY = "def double(x):\n    return -666"
COUNT = 16


@pytest.fixture
def trial(tmp_path: Path) -> Class:
    """A class whose suite is the one above."""
    root = tmp_path / "course"
    beside = root / "solutions" / "trial" / "data"
    beside.mkdir(parents=True)
    (beside / "factor.txt").write_text("2")
    made = make(root, suite=SUITE)
    kinds = sorted(ANSWERS)
    for number in range(COUNT):
        kind = kinds[number % len(kinds)]
        hand_in(made, f"student-{number:02}-{kind}", ANSWERS[kind])
    return made


@pytest.fixture
def course(trial: Class) -> Path:
    return trial.root


def hand_in(trial: Class, student: str, source: str) -> None:
    trial.hand_in(student, double=f"{source}  # {student}")


class Cluster:
    """A scheduler and its workers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._environment = os.environ | {
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
            "DASK_TEMPORARY_DIRECTORY": str(folder),
        }
        self.processes: list[subprocess.Popen[bytes]] = []
        self._file = folder / "scheduler.json"
        self._start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-jupyter")
        while not self._file.is_file():
            assert self.processes[0].poll() is None, (folder / "log-0").read_text()
            time.sleep(0.1)

    @property
    def address(self) -> str:
        return str(json.loads(self._file.read_text())["address"])

    def worker(self, *arguments: str) -> subprocess.Popen[bytes]:
        return self._start(
            "dask_worker", "--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard", *arguments
        )

    def _start(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            f"distributed.cli.{module}",
            "--scheduler-file",
            str(self._file),
            *arguments,
        ]
        with open(self.folder / f"log-{len(self.processes)}", "wb") as log:
            process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def close(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(15)
            process.kill()
            process.wait()


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Cluster]:
    folder = tmp_path / "dask"
    folder.mkdir()
    running = Cluster(folder)
    yield running
    running.close()


def scores(examinations: list[Examination]) -> dict[str, object]:
    return {e.student: (e.status, e.scores, [t.verdict for t in e.tests]) for e in examinations}


def test_scores_are_the_local_ones_although_a_worker_is_killed(course: Path, dask: Cluster) -> None:
    local = grade(course, "trial", Options(workers=2, gradebook=False, force=True))
    doomed = dask.worker("--no-nanny")
    dask.worker("--no-nanny")

    def kill(examination: Examination, finished: int, total: int) -> None:
        if finished == 4:
            doomed.kill()

    options = Options(scheduler=dask.address, gradebook=False, force=True)
    there = grade(course, "trial", options, kill)
    assert doomed.poll() is not None
    assert there.fresh == COUNT
    assert {e.status for e in there.examinations} == {Status.GRADED}
    assert scores(there.examinations) == scores(local.examinations)
    # The course's files stay on no worker, but for the one that could not clean up.
    assert len(list(dask.folder.rglob("autograder-*/course"))) <= 1

    again = grade(course, "trial", Options(scheduler=dask.address, gradebook=False))
    assert again.fresh == 0


def test_a_submission_that_kills_workers_does_not_take_the_cluster_with_it(
    trial: Class, dask: Cluster
) -> None:
    course = trial.root
    hand_in(trial, "deadly", DEADLY)
    for _ in range(2):
        dask.worker("--nanny")
    tally = grade(course, "trial", Options(scheduler=dask.address, gradebook=False))
    by_student = {e.student: e for e in tally.examinations}
    assert by_student["deadly"].status is Status.GRADER_ERROR
    assert "worker" in str(by_student["deadly"].notices[0].text)
    spared = [e for e in tally.examinations if e.status is Status.GRADED]
    # A neighbour that waited for the same two workers may be lost, too, until the next run.
    assert len(spared) >= COUNT - 2
    assert all(process.poll() is None for process in dask.processes)

    (Paths(course).submission("deadly", "trial")).unlink()
    rest = grade(course, "trial", Options(scheduler=dask.address, gradebook=False))
    assert sum(e.status is Status.GRADED for e in rest.examinations) == COUNT
    assert {t.verdict for e in rest.examinations if e.student[11:] == "right" for t in e.tests} == {
        Verdict.PASSED
    }


def test_a_wrong_address_is_one_sentence(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 1.0)
    for address in ("tcp://127.0.0.1:1", "nonsense", "http://127.0.0.1:1"):
        with pytest.raises(GradeError, match=r"no Dask scheduler at .*tcp://host:8786") as caught:
            grade(course, "trial", Options(scheduler=address, gradebook=False))
        assert "\n" not in str(caught.value)


def test_a_cluster_without_workers_is_one_sentence(
    course: Path, dask: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_NO_WORKERS_SECONDS", 1.0)
    with pytest.raises(GradeError, match="has no workers: start some with `dask worker"):
        grade(course, "trial", Options(scheduler=dask.address, gradebook=False))


def test_distributed_that_is_not_installed_is_one_sentence(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "autograder.grading.cluster")
    monkeypatch.delattr("autograder.grading.cluster")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(GradeError, match="A cluster needs the package distributed: install it with"):
        grade(course, "trial", Options(scheduler="tcp://127.0.0.1:1", gradebook=False))
