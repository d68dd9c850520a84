"""The examiner on a small course: what students do, and what it makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from trial import COURSE, GOOD_HALF, SUITE, make

from autograder.examination import Examination, Verdict
from autograder.grading.grade import grade
from autograder.options import Options
from autograder.problem import GradeError
from autograder.submissions.found import handed_in_since


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
        assert words in str(outcome.message)

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
        assert (
            str(notice.text).strip() and "\n" not in str(notice.text) and "Traceback" not in str(notice.text)
        )

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


def test_only_what_came_since_is_chosen(tmp_path: Path) -> None:
    course = make(tmp_path)
    for student, time in (("early", "2027-03-05 00:00:00 UTC"), ("late", "2027-03-08 00:00:00 UTC")):
        course.hand_in(student)
        (course.paths.submission(student, "trial").parent / "timestamp.txt").write_text(time)
    assert handed_in_since(course.root, "trial", "2027-03-06 12:00") == ("late",)
    # Midnight in Seoul is three in the afternoon of the day before in UTC.
    assert handed_in_since(course.root, "trial", "2027-03-05 08:59") == ("early", "late")
    assert handed_in_since(course.root, "trial", "2027-03-05 09:01") == ("late",)
    with pytest.raises(GradeError, match="is not a time"):
        handed_in_since(course.root, "trial", "yesterday")
