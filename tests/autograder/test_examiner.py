"""The examiner on a small course: what students do, and what it makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from autograder.course import Paths, load_course
from autograder.examination import Examination, Verdict
from autograder.grade import GradeError, Options, grade
from autograder.notebook import dump, grade_id
from autograder.release import release

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

from autograder.examiner.checks import expect_array, expect_number, expect_unchanged


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


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Examination]]:
    """One class with every kind of trouble, graded once."""
    course = make(tmp_path_factory.mktemp("trial"))
    course.hand_in("right")
    course.hand_in(
        "scalar_types",
        half="import numpy as np\ndef half(x):\n    return np.float32(x) / 2 if np.ndim(x) == 0 else x / 2\n",
    )
    course.hand_in("adds_two", double="import numpy as np\ndef double(x):\n    return np.asarray(x) + 2\n")
    course.hand_in("changes_argument", double="def double(x):\n    x *= 2\n    return x\n")
    course.hand_in("missing", half="pass")
    course.hand_in("wrong_type", half="def half(x):\n    pass\n")
    course.hand_in("raises", half="def half(x):\n    raise KeyError('no ' + str(x))\n")
    course.hand_in("exits", half="import os\ndef half(x):\n    os._exit(0)\n")
    course.hand_in("segfault", half="import ctypes\ndef half(x):\n    ctypes.string_at(0)\n")
    course.hand_in("hangs", half="def half(x):\n    while True:\n        pass\n")
    course.hand_in(
        "stubborn",
        half="def half(x):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass\n",
    )
    course.hand_in("greedy", half="import numpy as np\ndef half(x):\n    return np.ones((60_000, 60_000))\n")
    course.hand_in("exit_in_cell", half=GOOD_HALF + "import os\nos._exit(3)\n")
    course.hand_in("syntax_error", half="def half(x:\n")
    course.hand_in(
        "stateful",
        half="calls = 0\ndef half(x):\n    global calls\n    calls += 1\n    assert calls <= 2, 'used before'\n    return x / 2\n",
    )
    course.hand_in(
        "noisy",
        half="import sys\ndef half(x):\n    print('x', file=sys.stderr)\n    return x / 2\nprint('hello', file=sys.stderr)\n",
    )
    course.hand_in_bytes("not_json", b"\x00\x01")
    course.hand_in_bytes("empty", b"")
    (course.paths.submitted / "nothing" / "trial").mkdir(parents=True)
    yield course.grade()


def make(root: Path) -> Class:
    (root / "course.yml").write_text(COURSE, encoding="utf-8")
    for name, text in (
        ("solutions/trial.py", SOLUTION),
        ("tests/hidden/trial/test_hidden.py", SUITE),
        ("tests/hidden/trial/mutants.yml", MUTANTS),
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    course = load_course(root)
    release(course, course.assignment("trial"), Paths(root))
    return Class(root)


@pytest.mark.slow
class TestVerdicts:
    @pytest.mark.parametrize(
        ("student", "points"),
        [
            ("right", 100),
            ("scalar_types", 100),
            ("noisy", 100),
            ("stateful", 100),  # each test has a fork that no other has used, if it needs one
            ("adds_two", 40),
            ("changes_argument", 60),
            ("missing", 60),
            ("wrong_type", 60),
            ("raises", 60),
            ("exits", 60),
            ("segfault", 60),
            ("hangs", 60),
            ("stubborn", 60),
            ("greedy", 60),
            ("exit_in_cell", 60),
            ("syntax_error", 60),
            ("not_json", 0),
            ("empty", 0),
            ("nothing", 0),
        ],
    )
    def test_points(self, graded: dict[str, Examination], student: str, points: float) -> None:
        examination = graded[student]
        assert examination.points == pytest.approx(points, abs=1e-6), examination.tests

    @pytest.mark.parametrize(
        ("student", "verdict", "words"),
        [
            ("missing", Verdict.MISSING, "`half` is not defined"),
            ("wrong_type", Verdict.WRONG_TYPE, "None"),
            ("raises", Verdict.EXCEPTION, "KeyError"),
            ("exits", Verdict.CRASHED, "the process ended itself"),
            ("segfault", Verdict.CRASHED, "segmentation fault"),
            ("hangs", Verdict.TIMEOUT, "time limit"),
            ("stubborn", Verdict.TIMEOUT, "time limit"),
            ("greedy", Verdict.MEMORY, "memory limit"),
            ("exit_in_cell", Verdict.MISSING, "ended itself in cell"),
            ("syntax_error", Verdict.MISSING, "SyntaxError"),
        ],
    )
    def test_each_trouble_has_its_own_words(
        self, graded: dict[str, Examination], student: str, verdict: Verdict, words: str
    ) -> None:
        outcome = next(test for test in graded[student].tests if test.name == "test_half")
        assert outcome.verdict is verdict
        assert words in outcome.message

    def test_what_was_called_what_came_back_and_what_was_expected(
        self, graded: dict[str, Examination]
    ) -> None:
        outcome = next(test for test in graded["adds_two"].tests if test.name == "test_double_array")
        assert outcome.call is not None
        assert outcome.call.arguments.startswith("double(array(")
        assert outcome.difference is not None
        assert outcome.difference.where == (0, 0)
        assert outcome.difference.actual_array is not None
        assert outcome.difference.actual_array.values[0][0] == 3.5
        assert outcome.difference.expected_array is not None
        assert outcome.difference.expected_array.values[0][0] == 3.0

    def test_the_misconception_is_named_and_only_that_one(self, graded: dict[str, Examination]) -> None:
        assert [found.mutant for found in graded["adds_two"].misconceptions] == ["double-adds-two"]
        for student in ("right", "changes_argument", "raises", "wrong_type"):
            assert not graded[student].misconceptions, student

    @pytest.mark.parametrize("student", ["not_json", "empty", "nothing"])
    def test_bad_input_is_one_line(self, graded: dict[str, Examination], student: str) -> None:
        (notice,) = graded[student].notices
        assert notice.text.strip() and "\n" not in notice.text and "Traceback" not in notice.text

    def test_all_layers_that_the_machine_offers_are_in_force(self, graded: dict[str, Examination]) -> None:
        from autograder.doctor import examine_machine

        assert set(graded["right"].layers) == {str(layer) for layer in examine_machine().layers}


@pytest.mark.slow
def test_a_fault_of_the_suite_is_a_grader_error_and_no_zero(tmp_path: Path) -> None:
    course = make(tmp_path)
    suite = course.paths.suite("trial") / "test_hidden.py"
    suite.write_text(SUITE.replace("1.5)", "undefined_name)"), encoding="utf-8")
    course.hand_in("right")
    examination = course.grade()["right"]
    scores = {score.grade_id: score.points for score in examination.scores}
    assert scores == {"test-double": 60, "test-half": None}
    assert any(test.verdict is Verdict.GRADER_ERROR for test in examination.tests)


@pytest.mark.slow
def test_a_suite_that_cannot_be_collected_is_one_sentence(tmp_path: Path) -> None:
    course = make(tmp_path)
    (course.paths.suite("trial") / "test_hidden.py").write_text(
        "import nothing_of_the_kind\n", encoding="utf-8"
    )
    course.hand_in("right")
    with pytest.raises(GradeError, match="nothing_of_the_kind"):
        course.grade()


def test_an_unreleased_week_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "course.yml").write_text(COURSE, encoding="utf-8")
    with pytest.raises(GradeError, match=re.escape("autograder release trial")):
        grade(tmp_path, "trial")


def test_a_student_without_a_submission_is_named(tmp_path: Path) -> None:
    course = make(tmp_path)
    course.hand_in("right")
    with pytest.raises(GradeError, match="wrong_name"):
        grade(course.root, "trial", Options(students=("wrong_name",)))
