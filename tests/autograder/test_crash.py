"""What happens to the grader must not happen to the grades.

``AUTOGRADER_KILLS`` sets how many times something is killed while a class is graded (3 by default)::

    AUTOGRADER_KILLS=50 python -m pytest -q tests/autograder/test_crash.py
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.course.folders import Paths
from autograder.examination import Examination
from autograder.processes import descendants

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc"),
]

KILLS = int(os.environ.get("AUTOGRADER_KILLS", "3"))
KINDS = ("autograder.cli", "autograder.examiner.worker", "autograder.candidate.zygote")
CLASS = {
    "ann": ("def double(x):\n    return 2 * x\n", 10.0),
    "ben": ("def double(x):\n    return x + x\n", 10.0),
    "cho": ("def double(x):\n    return 2\n", 0.0),
    "dan": ("def double(x):\n    return int(2 * x)\n", 4.0),
    "eve": ("import os\n\ndef double(x):\n    os._exit(0)\n", 0.0),
    "fay": (
        "import time\n\ntime.sleep(0.3)\n\ndef double(x):\n    time.sleep(0.02)\n    return x * 2\n",
        10.0,
    ),
    "gil": ("import ctypes\n\nctypes.string_at(0)\n", 0.0),
}


@pytest.fixture
def root(gradable: Path) -> Path:
    paths = Paths(gradable)
    released = nbformat.read(paths.released("small"), as_version=4)  # type: ignore[no-untyped-call]
    for student, (source, _) in CLASS.items():
        for cell in released.cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") == "double":
                cell.source = source
        path = paths.submission(student, "small")
        path.parent.mkdir(parents=True)
        nbformat.write(released, path)  # type: ignore[no-untyped-call]
    return gradable


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "autograder.cli", "grade", "small", "--workers", *options]


def start(root: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("2"),
        cwd=root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(root: Path) -> tuple[int, str]:
    run = subprocess.run(command("1"), cwd=root, capture_output=True, text=True, timeout=300, check=False)
    return run.returncode, run.stderr


def one_line(text: str) -> str:
    """The only line of a clear complaint, below those that tell the progress."""
    lines = [line for line in text.splitlines() if not re.match(r"\d+/\d+ ", line)]
    assert len(lines) == 1, text
    assert lines[0].startswith("autograder: "), text
    return lines[0]


def expect_right_scores(root: Path) -> None:
    """Everybody once, with what they earned, in the gradebook and in the records."""
    paths = Paths(root)
    with Gradebook(paths.gradebook_url) as gradebook:
        assert {s.id for s in gradebook.students} == set(CLASS)
        found = {s.student_id: s.score for s in gradebook.assignment_submissions("small")}
        assert len(gradebook.assignment_submissions("small")) == len(CLASS)
    assert found == {student: points for student, (_, points) in CLASS.items()}
    for student, (_, points) in CLASS.items():
        # Another kit makes records of its own: the newest counts.
        record = max(
            (paths.records / "small" / student).glob("*.json"), key=lambda path: path.stat().st_mtime
        )
        assert Examination.model_validate_json(record.read_bytes()).points == points
        graded = json.loads(paths.graded(student, "small").read_bytes())
        assert graded["nbformat"] == 4


def processes_of(root: Path) -> list[int]:
    """Graders, workers and zygotes whose command line names this course, or that run in it."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                words = (folder / "cmdline").read_bytes()
                place = os.readlink(folder / "cwd")
            except OSError:
                continue
            if b"autograder" in words and (str(root).encode() in words or place == str(root)):
                found.append(int(folder.name))
    return found


def expect_nobody_left(root: Path) -> None:
    until = time.monotonic() + 30
    while (left := processes_of(root)) and time.monotonic() < until:
        time.sleep(0.1)
    assert left == []


def victims(grader: int, kind: str) -> list[int]:
    """Processes of a kind below a grader, itself included."""
    found = []
    for pid in [grader, *descendants(grader)]:
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if kind.encode() in words:
            found.append(pid)
    return found


@pytest.mark.parametrize("number", range(KILLS))
def test_a_kill_at_any_moment_loses_nothing(root: Path, number: int) -> None:
    rng = random.Random(number)
    kind = KINDS[number % len(KINDS)]
    run = start(root)
    deadline = time.monotonic() + 60
    while not victims(run.pid, kind) and time.monotonic() < deadline and run.poll() is None:
        time.sleep(0.02)
    records = Paths(root).records
    if rng.random() < 0.7:  # in the middle of the class; else while it starts
        wanted = rng.randrange(len(CLASS))
        while (
            len(list(records.rglob("*.json"))) < wanted and time.monotonic() < deadline and run.poll() is None
        ):
            time.sleep(0.01)
    time.sleep(rng.random() * 0.5)
    targets = victims(run.pid, kind)
    for pid in rng.sample(targets, 1) if targets and rng.random() < 0.7 else targets:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    _, complaints = run.communicate(timeout=300)
    assert run.returncode in (0, 3, -signal.SIGKILL), complaints
    expect_nobody_left(root)
    if run.returncode == 0:
        expect_right_scores(root)
    code, complaints = finish(root)
    assert code == 0, complaints
    expect_right_scores(root)
    expect_nobody_left(root)


def test_two_graders_at_once(root: Path) -> None:
    runs = [start(root), start(root)]
    for run in runs:
        _, complaints = run.communicate(timeout=300)
        assert run.returncode == 0 or (run.returncode == 1 and one_line(complaints)), complaints
    assert any(run.returncode == 0 for run in runs)
    assert finish(root)[0] == 0
    expect_right_scores(root)


def test_corrupt_records_are_made_again(root: Path) -> None:
    assert finish(root)[0] == 0
    records = Paths(root).records / "small"
    better = next((records / "ann").glob("*.json")).read_bytes()
    corrupt = {"ann": b"", "ben": b"{", "cho": better, "dan": b'{"schema_version": 1}', "fay": b"\0" * 500}
    for student, content in corrupt.items():  # of which one is another student's
        for record in (records / student).glob("*.json"):
            record.write_bytes(content)
    assert finish(root)[0] == 0
    expect_right_scores(root)


def test_a_locked_gradebook_is_said_and_the_next_run_goes_on(root: Path) -> None:
    lock = sqlite3.connect(Paths(root).gradebook)
    lock.execute("BEGIN EXCLUSIVE")
    code, complaints = finish(root)
    lock.close()
    assert code == 1
    assert "locked" in one_line(complaints)
    assert finish(root)[0] == 0
    expect_right_scores(root)


def test_a_corrupt_gradebook_is_said_and_a_copy_brings_all_back(root: Path) -> None:
    gradebook = Paths(root).gradebook
    good = gradebook.read_bytes()
    gradebook.write_bytes(os.urandom(len(good)))
    code, complaints = finish(root)
    assert code == 1
    assert str(gradebook) in one_line(complaints)
    assert gradebook.stat().st_size == len(good)  # nothing was written over what may be mended
    gradebook.write_bytes(good)
    assert finish(root)[0] == 0
    expect_right_scores(root)


# -- places that cannot be written ------------------------------------------------------------------


@pytest.fixture
def mounts() -> Iterator[list[Path]]:
    """Mounts that a test made, to be taken away again."""
    made: list[Path] = []
    yield made
    for path in reversed(made):
        subprocess.run(["umount", "-l", path], check=True)


def mount(mounts: list[Path], place: Path, *options: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    if subprocess.run(["mount", *options, place], capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    mounts.append(place)


def test_a_read_only_course_is_said(root: Path, mounts: list[Path]) -> None:
    mount(mounts, root, "--bind", str(root))
    subprocess.run(["mount", "-o", "remount,ro,bind", root], check=True)
    code, complaints = finish(root)
    assert code == 1
    one_line(complaints)
    subprocess.run(["umount", mounts.pop()], check=True)
    assert finish(root)[0] == 0
    expect_right_scores(root)


@pytest.mark.parametrize("folder", [".autograder/records", "autograded"])
def test_a_full_disk_is_said_and_the_next_run_goes_on(root: Path, mounts: list[Path], folder: str) -> None:
    (root / folder).mkdir(parents=True, exist_ok=True)
    mount(mounts, root / folder, "-t", "tmpfs", "-o", "size=16k", "tmpfs")
    code, complaints = finish(root)
    assert code == 1
    assert "space" in one_line(complaints)
    subprocess.run(["umount", mounts.pop()], check=True)
    assert finish(root)[0] == 0
    expect_right_scores(root)


def test_a_full_disk_under_everything(root: Path, tmp_path: Path, mounts: list[Path]) -> None:
    small = tmp_path / "small-disk"
    small.mkdir()
    mount(mounts, small, "-t", "tmpfs", "-o", "size=64m", "tmpfs")
    shutil.copytree(root, small / "course")
    finish(small / "course")
    for student in CLASS:
        shutil.rmtree(small / "course" / ".autograder" / "records" / "small" / student)
    with open(small / "filler", "wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    code, complaints = finish(small / "course")
    assert code == 1
    one_line(complaints)
    (small / "filler").unlink()
    assert finish(small / "course")[0] == 0
    expect_right_scores(small / "course")
