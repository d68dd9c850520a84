"""The requirements.txt beside a released notebook."""

from __future__ import annotations

import shutil

import nbformat.v4 as v4
import pytest

from autograder.authoring.release import release
from autograder.authoring.requirements import requirements
from autograder.course.folders import Paths
from autograder.course.models import Course

LOCK = """\
ipykernel==7.4.0 \\
    --hash=sha256:aa
keras==3.15.1 \\
    --hash=sha256:bb
# numpy==1.0 was before
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:cc
numpy==2.5.5 ; python_full_version >= '3.12'
pyyaml==6.0.3
scipy==1.17.0
tensorflow==2.21.0
"""
HEAD = "# python -m pip install -r requirements.txt\n"
NUMPY = "numpy==2.4.6 ; python_full_version < '3.12'\nnumpy==2.5.5 ; python_full_version >= '3.12'\n"


def needs(*cells: str) -> str:
    return requirements([v4.new_notebook(cells=[v4.new_code_cell(cell)]) for cell in cells], LOCK)


def test_what_is_imported_is_pinned_as_it_is_graded() -> None:
    assert needs("import os, numpy.linalg as la") == f"{HEAD}ipykernel==7.4.0\n{NUMPY}"
    assert needs("x = 1") == f"{HEAD}ipykernel==7.4.0\n"


def test_keras_needs_tensorflow_and_a_module_may_be_called_otherwise() -> None:
    assert needs("def f():\n    from keras import layers", "import yaml") == (
        f"{HEAD}ipykernel==7.4.0\nkeras==3.15.1\npyyaml==6.0.3\ntensorflow==2.21.0\n"
    )


def test_magics_and_unfinished_cells_hide_nothing() -> None:
    assert NUMPY in needs("%matplotlib inline\n!ls\nimport numpy", "def f(:", "import not_there")


@pytest.fixture
def locked(small: tuple[Course, Paths]) -> tuple[Course, Paths]:
    course, paths = small
    paths.lock.write_text(LOCK, encoding="utf-8")
    return course, paths


def made(small: tuple[Course, Paths]) -> str:
    course, paths = small
    report = release(course, course.assignments[0], paths)
    file = report.folder / "requirements.txt"
    assert ("requirements.txt" in report.files) == file.is_file()
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def test_a_release_has_it_and_follows_the_lock(locked: tuple[Course, Paths]) -> None:
    first = made(locked)
    assert first.startswith(f"{HEAD}ipykernel==7.4.0\n")
    paths = locked[1]
    paths.lock.write_text(LOCK.replace("7.4.0", "8.0.0"), encoding="utf-8")
    shutil.rmtree(paths.source)  # as in a fresh clone
    assert made(locked) == first.replace("7.4.0", "8.0.0")
    paths.lock.unlink()
    assert made(locked) == ""


def test_what_an_author_wrote_stays(locked: tuple[Course, Paths]) -> None:
    course, paths = locked
    week = course.assignments[0].name
    (paths.assignments / week).mkdir(parents=True, exist_ok=True)
    (paths.assignments / week / "requirements.txt").write_text("by-hand\n")
    assert made(locked) == "by-hand\n"
    kept = paths.solutions / week / "requirements.txt"
    kept.parent.mkdir()
    kept.write_text("mine\n")
    assert made(locked) == "mine\n"
