"""A course of one small week and its class, for tests that grade for real."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nbformat

from autograder.authoring.release import release
from autograder.course.folders import Paths
from autograder.course.reading import load_course
from autograder.examination import Examination
from autograder.grading.grade import grade
from autograder.notebooks.metadata import grade_id
from autograder.notebooks.scripts import dump
from autograder.options import Options

COURSE = """\
title: {en: Trial, ko: 시험}
timezone: Asia/Seoul
assignments:
  - name: trial
    title: {en: Trial, ko: 시험}
    release: 2027-03-01 09:00
    due: 2027-03-07 23:59
    limits: {cell_seconds: 2, cells_seconds: 4, test_seconds: 1, tests_seconds: 8, memory: 512 MiB}
"""

SOLUTION = '''\
# %% [markdown] tags=["en"]
# # Trial

# %% [markdown] tags=["ko"]
# # 시험

# %% nbgrader={"grade": false, "grade_id": "double", "locked": false, "schema_version": 3, "solution": true}
import numpy as np


def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return np.asarray(x) * 2
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-double", "locked": true, "points": 60, "schema_version": 3, "solution": false}
assert double(2) == 4

# %% nbgrader={"grade": false, "grade_id": "half", "locked": false, "schema_version": 3, "solution": true}
def half(x):
    """Half of x."""
    ### BEGIN SOLUTION
    return x / 2
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-half", "locked": true, "points": 40, "schema_version": 3, "solution": false}
assert half(4) == 2
'''

SUITE = '''\
import numpy as np
import pytest

from autograder.testing import expect_array, expect_number, expect_unchanged


@pytest.mark.cell("test-double")
def test_double_array(submission, reference):
    """Doubles an array.

    배열을 두 배로 만듭니다.
    """
    x = np.array([[1.5, -2.0], [0.25, 7.0]])
    expect_array(submission.double(x), reference.double(x))


@pytest.mark.cell("test-double", weight=2)
def test_double_keeps_its_argument(submission):
    """Leaves its argument alone.

    인자를 바꾸지 않습니다.
    """
    expect_array(expect_unchanged(submission.double, np.array([1.0, 2.0])), np.array([2.0, 4.0]))


@pytest.mark.cell("test-half")
def test_half(submission):
    """Halves a number.

    수를 반으로 나눕니다.
    """
    expect_number(submission.half(3), 1.5)


@pytest.mark.cell("test-half")
def test_half_shape(submission):
    """Halves an array as well.

    배열도 반으로 나눕니다.
    """
    assert submission.half(np.ones((2, 3))).shape == (2, 3)
'''

MUTANTS = """\
- id: double-adds-two
  replaces: double
  misconception: {en: "Your `double` adds two.", ko: "`double`이 2를 더합니다."}
  hint: {en: "Twice, not plus two.", ko: "두 배입니다."}
  source: |
    def double(x):
        return np.asarray(x) + 2
"""

GOOD_DOUBLE = "import numpy as np\n\n\ndef double(x):\n    return np.asarray(x) + x\n"
GOOD_HALF = "def half(x):\n    return x * 0.5\n"


class Class:
    """A course folder with a week `trial`, and submissions that consist of two cells each."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.paths = Paths(root)

    def hand_in(self, student: str, double: str = GOOD_DOUBLE, half: str = GOOD_HALF) -> None:
        notebook = nbformat.read(self.paths.released("trial"), as_version=4)
        for cell in notebook.cells:
            if grade_id(cell) in ("double", "half"):
                cell.source = double if grade_id(cell) == "double" else half
        self.hand_in_bytes(student, dump(notebook))

    def hand_in_bytes(self, student: str, raw: bytes) -> None:
        path = self.paths.submission(student, "trial")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)

    def grade(self, **options: object) -> dict[str, Examination]:
        tally = grade(self.root, "trial", replace(Options(), **options))  # type: ignore[arg-type]
        return {examination.student: examination for examination in tally.examinations}


def make(root: Path, suite: str = SUITE) -> Class:
    """A course folder with the week `trial` released, and nothing handed in."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "course.yml").write_text(COURSE, encoding="utf-8")
    for name, text in (
        ("solutions/trial.py", SOLUTION),
        ("tests/hidden/trial/test_hidden.py", suite),
        ("tests/hidden/trial/mutants.yml", MUTANTS),
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    course = load_course(root)
    release(course, course.assignment("trial"), Paths(root))
    return Class(root)
