"""A class in which some submissions are made to stop the grader: the others are graded, and so are they.

And two graders at once, and one that holds the gradebook while another one wants it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
import trial as trial_course
from trial import GOOD_DOUBLE, SUITE

from autograder.course.folders import Paths
from autograder.course.locks import lock_file, turn
from autograder.examination import Examination, Status
from autograder.gradebook import graded_notebook
from autograder.grading import pool
from autograder.grading.pool import Ended, Seat, WorkerFailed, lost, read_answer
from autograder.markup import harmless
from autograder.notebooks import merging, reading
from autograder.notebooks.metadata import grade_id
from autograder.notebooks.reading import read_submission
from autograder.notebooks.recorded import record_cells, recorded_notebook
from autograder.notebooks.scripts import dump
from autograder.submissions.found import Submission
from autograder.submissions.records import ENDS_EXAMINERS, keep_record, read_record, record_path

REPOSITORY = Path(__file__).parents[2]

# -- what the record holds --------------------------------------------------------------------------


def test_a_notebook_comes_back_from_its_record(small: tuple[Any, Paths]) -> None:
    released = reading.read_released(small[1].released("small"))
    picture = {"a.png": {"image/png": "QUJD"}}
    cells = [cell for cell in released.cells if grade_id(cell) != "setup"]
    mine = [
        nbformat.v4.new_markdown_cell(
            "# mine", attachments=picture, metadata={"tags": ["x", "skip-execution"]}
        ),
        nbformat.v4.new_code_cell("y = 1"),
        nbformat.v4.new_raw_cell("raw"),
    ]
    for cell in cells:
        if grade_id(cell) == "double":
            cell.source = "def double(x):\n    return x + x"
        if grade_id(cell) == "test-double":
            cell.source = "pass  # edited"
    document = nbformat.v4.new_notebook(cells=[*cells, *mine])
    merged = merging.merge(read_submission(dump(document)), released).notebook
    recorded = record_cells(merged)
    again = recorded_notebook(recorded, released)
    assert again == merged
    nbformat.validate(again)
    assert "edited" not in "".join(cell.source for cell in recorded)
    assert recorded_notebook((), released) == merging.merge(read_submission(_empty()), released).notebook


def _empty() -> bytes:
    return b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'


# -- hostile submissions ----------------------------------------------------------------------------

HTML = "from IPython.display import HTML, Markdown, display\n"
HOSTILE = {
    "nested": HTML + "display(HTML('<div>' * 100_000))\n",
    "fonts": HTML + "display(HTML('<font><p>x' * 50_000))\n",
    "spaces": HTML + "display(Markdown(' ' * 8_000 + 'x'), Markdown('[' * 50_000))\n",
    "colours": "print('\\x1b[1m' * 200_000)\n",
    "many": HTML + "display(HTML('<b>x</b>' * 60_000))\n",
    "products": "def total(image, kernel):\n    i = j = 0\n    return "
    + " + ".join("image[i + 0][j + 0] * kernel[0][0]" for _ in range(25))
    + "\n\n",
    "brackets": "# a" + "[]" * 40 + "\n",
}


@pytest.mark.slow
def test_hostile_outputs_cost_their_own_submission_little_and_the_others_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = trial_course.make(tmp_path)
    for name, source in HOSTILE.items():
        trial.hand_in(name, double=f"{source}{GOOD_DOUBLE}")
    trial.hand_in("right")

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a stranger's text is looked at in the grader's own process")

    # The workers are other processes: what is forbidden here is allowed there.
    for module, name in (
        (reading, "read_submission"),
        (merging, "merge"),
        (harmless, "clean"),
        (harmless, "markdown"),
    ):
        monkeypatch.setattr(module, name, never)
    monkeypatch.setattr(graded_notebook, "read_submission", never)
    begun = time.process_time()
    graded = trial.grade(workers=2)
    assert time.process_time() - begun < 60
    assert graded.keys() == {*HOSTILE, "right"}
    assert {(examination.status, examination.points) for examination in graded.values()} == {
        (Status.GRADED, 100)
    }
    for name in ("nested", "many"):
        assert "Not shown: more than" in json.dumps([cell.outputs for cell in graded[name].cells])
    assert "\\u001b" not in json.dumps([cell.outputs for cell in graded["colours"].cells])
    for name in graded:
        assert nbformat.read(trial.paths.graded(name, "trial"), as_version=4).cells


# -- what ends the examiner itself ------------------------------------------------------------------

KILLER = "import numpy as np\n\n\ndef double(x):\n    return 666\n"
KILLING_SUITE = SUITE.replace(
    "    x = np.array([[1.5, -2.0], [0.25, 7.0]])\n",
    "    x = np.array([[1.5, -2.0], [0.25, 7.0]])\n"
    "    if isinstance(submission.double(1), int) and submission.double(1) == 666:\n"
    "        import os\n\n        os.kill(os.getpid(), 9)\n",
)


@pytest.mark.slow
def test_what_ends_two_workers_is_kept_until_something_changes(tmp_path: Path) -> None:
    trial = trial_course.make(tmp_path)
    (tmp_path / "tests/hidden/trial/test_hidden.py").write_text(KILLING_SUITE, encoding="utf-8")
    trial.hand_in("killer", double=KILLER)
    trial.hand_in("right")
    first = trial.grade(workers=1)
    assert first["right"].points == 100
    assert first["killer"].status is Status.GRADER_ERROR
    assert all(score.points is None for score in first["killer"].scores)
    (notice,) = first["killer"].notices
    assert notice.code == ENDS_EXAMINERS
    assert "ended twice on it (its process ended)" in str(notice.text)
    assert "--force" in str(notice.text)

    begun = time.monotonic()
    again = trial.grade(workers=1)
    assert again["killer"] == first["killer"]
    assert time.monotonic() - begun < 20
    graded = nbformat.read(trial.paths.graded("killer", "trial"), as_version=4)
    assert any("submitted/killer/trial/" in cell.source for cell in graded.cells)

    forced = trial.grade(workers=1, force=True, students=("killer",))
    assert forced["killer"].graded_at > first["killer"].graded_at
    trial.hand_in("killer")
    assert trial.grade(workers=1)["killer"].points == 100


class BadWorker:
    """Ends over everything that it is asked."""

    at_work = True

    def __init__(self, *_: object) -> None: ...

    def ask(self, job: dict[str, Any]) -> dict[str, Any]:
        raise WorkerFailed("its process ended", at_work=self.at_work)

    def stop(self) -> None: ...


@pytest.mark.parametrize("at_work", [True, False])
def test_a_worker_that_never_got_ready_says_nothing_of_the_submission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_work: bool
) -> None:
    monkeypatch.setattr(BadWorker, "at_work", at_work)
    monkeypatch.setattr(pool, "Worker", BadWorker)
    answer = Seat({}, 1.0).ask({})
    assert answer == Ended("its process ended", by_it=at_work)
    submission = Submission.of("ada", "trial", b"", key="0")
    examination = read_answer(submission, answer)
    path = record_path(Paths(tmp_path), "trial", "ada", "0")
    keep_record(path, examination)
    assert read_record(path) == (examination if at_work else None)


def test_an_older_record_is_read_without_what_nothing_shows(tmp_path: Path) -> None:
    """It may name the tests without points that passed; what else nobody knows makes it no record."""
    examination = read_answer(
        Submission.of("ada", "trial", b"", key="0"), Ended("its process ended", by_it=True)
    )
    path = record_path(Paths(tmp_path), "trial", "ada", "0")
    keep_record(path, examination)
    written = json.loads(path.read_bytes())
    assert "badges" not in written
    path.write_text(json.dumps(written | {"badges": {"test_best": 1.0}}))
    assert read_record(path) == examination
    path.write_text(json.dumps(written | {"unknown": 1}))
    assert read_record(path) is None


def test_a_passing_fault_is_not_kept(tmp_path: Path) -> None:
    submission = Submission.of("ada", "trial", b"", key="0")
    path = record_path(Paths(tmp_path), "trial", "ada", "0")
    keep_record(path, lost(submission, "its record did not arrive"))
    assert not path.exists()


# -- one run at a time ------------------------------------------------------------------------------

HOLD = """\
import sys
from pathlib import Path
from autograder.course.folders import Paths
from autograder.course.locks import turn
with turn(Paths(Path(sys.argv[1]))) as alone:
    print(alone, flush=True)
    sys.stdin.read()
"""


def holder(root: Path) -> subprocess.Popen[str]:
    """Another process whose turn it is, until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    return process


@pytest.fixture
def held(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with holder(tmp_path) as process:
        yield process
        process.kill()


def test_the_second_one_says_for_whom_it_waits(tmp_path: Path, held: subprocess.Popen[str]) -> None:
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        assert held.stdin is not None
        held.stdin.close()

    with turn(Paths(tmp_path), say) as alone:
        assert alone
        assert held.wait(10) == 0
    (text,) = said
    assert f"process {held.pid}, since " in text
    assert text.count("\n") == 0


def test_a_turn_ends_with_its_process(tmp_path: Path, held: subprocess.Popen[str]) -> None:
    os.kill(held.pid, signal.SIGKILL)
    held.wait()
    with turn(Paths(tmp_path), lambda text: pytest.fail(text)) as alone:
        assert alone


def test_what_stands_in_the_file_is_of_no_matter(tmp_path: Path) -> None:
    for content in ("", "nonsense", '{"pid": 1}', "[]", "\0" * 100):
        lock_file(Paths(tmp_path)).parent.mkdir(exist_ok=True)
        lock_file(Paths(tmp_path)).write_text(content)
        with turn(Paths(tmp_path), lambda text: pytest.fail(text)) as alone:
            assert alone


def test_without_a_place_for_the_lock_nobody_waits(tmp_path: Path) -> None:
    (tmp_path / ".autograder").write_text("no folder")
    with turn(Paths(tmp_path)) as alone:
        assert not alone


def run(root: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", *words], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_two_runs_at_once_do_the_work_once(tmp_path: Path) -> None:
    trial = trial_course.make(tmp_path)
    for number in range(4):
        trial.hand_in(f"s{number}", double=f"import time\ntime.sleep(0.5)\n{GOOD_DOUBLE}")
    first = run(tmp_path, "autograder.cli", "grade", "trial", "--workers", "1")
    until = time.monotonic() + 60
    while not lock_file(trial.paths).is_file() or not lock_file(trial.paths).read_text():
        assert time.monotonic() < until
        time.sleep(0.05)
    second = run(tmp_path, "autograder.cli", "grade", "trial", "--workers", "1")
    said = [process.communicate(timeout=300)[1] for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), said
    waiting = [line for line in said[1].splitlines() if "Waiting for" in line]
    assert len(waiting) == 1
    assert f"process {first.pid}, since" in waiting[0]
    assert "grade trial" in waiting[0]
    assert not any("Waiting for" in line for line in said[0].splitlines())
    for number in range(4):
        (file,) = (trial.paths.records / "trial" / f"s{number}").glob("*.json")
        assert Examination.model_validate_json(file.read_bytes()).points == 100


@pytest.mark.slow
def test_nbgraders_own_run_waits_too(gradable: Path) -> None:
    paths = Paths(gradable)
    released = nbformat.read(paths.released("small"), as_version=4)
    for cell in released.cells:
        if grade_id(cell) == "double":
            cell.source = "def double(x):\n    return 2 * x\n"
    paths.submission("ada", "small").parent.mkdir(parents=True)
    nbformat.write(released, paths.submission("ada", "small"))
    other = holder(gradable)
    waiting = run(gradable, "nbgrader", "autograde", "small")
    assert waiting.stderr is not None
    lines = []
    for line in waiting.stderr:
        lines.append(line)
        if "Waiting for" in line:
            assert f"process {other.pid}" in line
            other.communicate()
    assert waiting.wait(300) == 0, lines
    assert any("Waiting for" in line for line in lines)
    assert paths.graded("ada", "small").is_file()
