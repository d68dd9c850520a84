"""A course of one small week, made once and copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from autograder.course.folders import Paths
from autograder.course.models import Course
from autograder.course.reading import load_course

REPOSITORY = Path(__file__).parents[2]

COURSE = """\
title: {en: A small course, ko: 작은 과목}
timezone: Asia/Seoul
assignments:
  - name: small
    title: {en: Small, ko: 작게}
    release: 2027-03-01 09:00
    due: 2027-03-07 23:59
"""

SOLUTION = '''\
# %% [markdown] tags=["en"]
# # Small steps

# %% [markdown] tags=["ko"]
# # 작은 걸음

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false}
import math

# %% nbgrader={"grade": false, "grade_id": "double", "locked": false, "schema_version": 3, "solution": true}
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    secret = 2
    return secret * x
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-double", "locked": true, "points": 4, "schema_version": 3, "solution": false}
assert double(2) == 4

# %% nbgrader={"grade": true, "grade_id": "test-double-array", "locked": true, "points": 6, "schema_version": 3, "solution": false}
print(double(1.5))

# %% [markdown] tags=["en"] nbgrader={"grade": true, "grade_id": "explain", "locked": false, "points": 5, "schema_version": 3, "solution": true}
# Why twice?
#
# ### BEGIN SOLUTION
# Because of the model answer.
# ### END SOLUTION

# %% [markdown] tags=["ko"] nbgrader={"grade": true, "grade_id": "explain", "locked": false, "points": 5, "schema_version": 3, "solution": true}
# 왜 두 배인가요?
#
# ### BEGIN SOLUTION
# 모범 답안 때문입니다.
# ### END SOLUTION
'''  # noqa: E501


def make_course(root: Path) -> Path:
    """A course folder with one solution, not released yet."""
    (root / "solutions").mkdir(parents=True)
    (root / "course.yml").write_text(COURSE, encoding="utf-8")
    (root / "solutions" / "small.py").write_text(SOLUTION, encoding="utf-8")
    shutil.copy(REPOSITORY / "nbgrader_config.py", root)
    suite = root / "tests" / "hidden" / "small"
    suite.mkdir(parents=True)
    (suite / "test_public.py").write_text("def test_public(submission): ...\n")
    (suite / "test_hidden.py").write_text("def test_hidden(submission): assert 'hidden'\n")
    return root


@pytest.fixture
def unreleased(tmp_path: Path) -> tuple[Course, Paths]:
    """The small course as its instructor wrote it."""
    root = make_course(tmp_path / "course")
    return load_course(root), Paths(root)


@pytest.fixture(scope="session")
def _released_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from autograder.authoring.release import release  # nbgrader is slow to import, and most tests do without

    root = make_course(tmp_path_factory.mktemp("released") / "course")
    course = load_course(root)
    release(course, course.assignments[0], Paths(root))
    return root


@pytest.fixture
def small(_released_once: Path, tmp_path: Path) -> tuple[Course, Paths]:
    """The small course with its week released."""
    root = shutil.copytree(_released_once, tmp_path / "course")
    return load_course(root), Paths(root)


SUITE = '''\
import numpy as np
import pytest

from autograder.testing import expect_array, expect_int


@pytest.mark.cell("test-double")
def test_double_of_numbers(submission):
    """`double` doubles whole numbers.

    `double`는 정수를 두 배로 만듭니다.
    """
    for number in (3, -5, 0, 10**6):
        expect_int(submission.double(number), 2 * number)


@pytest.mark.cell("test-double")
def test_double_of_zero(submission):
    """Twice nothing is nothing.

    0의 두 배는 0입니다.
    """
    expect_int(submission.double(0), 0)


@pytest.mark.cell("test-double-array")
def test_double_of_arrays(submission):
    """`double` doubles each element.

    `double`는 원소마다 두 배로 만듭니다.
    """
    array = np.arange(6.0).reshape(2, 3)
    expect_array(submission.double(array), 2 * array)
'''

PUBLIC = '''\
import pytest

from autograder.testing import expect_int


@pytest.mark.cell("test-double")
def test_double_of_two(submission):
    """Twice two is four.

    2의 두 배는 4입니다.
    """
    expect_int(submission.double(2), 4)
'''


@pytest.fixture
def gradable(_released_once: Path, tmp_path: Path) -> Path:
    """The small course with its week released and a suite that can be run."""
    root = shutil.copytree(_released_once, tmp_path / "gradable")
    suite = root / "tests" / "hidden" / "small"
    (suite / "test_hidden.py").write_text(SUITE, encoding="utf-8")
    (suite / "test_public.py").write_text(PUBLIC, encoding="utf-8")
    return root
