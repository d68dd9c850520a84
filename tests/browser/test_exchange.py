"""nbgrader's exchange on one machine: release, fetch, submit, collect, and the kit grades what came in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.course.folders import Paths
from autograder.course.models import Course
from autograder.grading.grade import grade
from autograder.notebooks.metadata import grade_id
from autograder.notebooks.scripts import dump
from autograder.options import Options
from autograder.submissions.timestamps import read_timestamp

WEEK = "03_convolution"


def nbgrader(folder: Path, home: Path, *arguments: str) -> None:
    program = Path(sys.executable).parent / "nbgrader"
    environment = os.environ | {
        "HOME": str(home),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "PATH": os.pathsep.join([str(program.parent), os.environ["PATH"]]),
    }
    ended = subprocess.run(
        [program, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.slow
def test_release_fetch_submit_collect_grade(course: tuple[Course, Paths], tmp_path: Path) -> None:
    made, paths = course
    exchange = paths.root.parent / "exchange"
    exchange.mkdir(mode=0o777, exist_ok=True)
    exchange.chmod(0o777)
    home = tmp_path / "home"
    home.mkdir()
    where = [f"--course={made.id}", f"--Exchange.root={exchange}"]

    nbgrader(paths.root, home, "release_assignment", WEEK)
    desk = tmp_path / "desk"
    desk.mkdir()
    nbgrader(desk, home, "fetch_assignment", WEEK, *where)
    file = desk / WEEK / f"{WEEK}.ipynb"
    assert file.read_bytes() == paths.released(WEEK).read_bytes()
    assert (desk / WEEK / "test_public.py").is_file()

    notebook = nbformat.read(file, as_version=4)
    for cell in notebook.cells:
        if grade_id(cell) == "correlate-1d":
            cell.source = (
                "def correlate_1d(signal, kernel):\n"
                "    return np.correlate(np.asarray(signal, float), np.asarray(kernel, float), 'valid')\n"
            )
    file.write_bytes(dump(notebook))
    nbgrader(desk, home, "submit", WEEK, "--student=exchange_student", *where)
    nbgrader(paths.root, home, "collect", WEEK)

    assert read_timestamp(paths.submission("exchange_student", WEEK).parent) is not None
    tally = grade(paths.root, WEEK, Options(students=("exchange_student",), gradebook=False))
    (examination,) = tally.examinations
    earned = {score.grade_id for score in examination.scores if score.points}
    assert earned == {"test-correlate-1d"}
