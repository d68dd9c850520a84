"""`autograder verify` on a small course: sound as it is, and each defect is named with a way to mend it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from trial import make

from autograder.authoring.release import release
from autograder.authoring.verify import WeekReport, verify
from autograder.course.folders import Paths
from autograder.course.reading import load_course

pytestmark = pytest.mark.slow

SURVIVOR = """
- id: double-floats
  replaces: double
  misconception: {en: "Your `double` returns floats.", ko: "`double`이 실수를 반환합니다."}
  hint: {en: "Keep the type.", ko: "타입을 지키세요."}
  source: |
    def double(x):
        return np.asarray(x) * 2.0
"""

ALTERNATIVES = """
- id: double-sum
  replaces: double
  style: vectorised
  source: |
    def double(x):
        return np.add(x, x)
"""

PUBLIC = '''
import numpy as np
import pytest


@pytest.mark.cell("test-double")
def test_double_example(submission):
    """Doubles ones.

    1을 두 배로 만듭니다.
    """
    assert submission.double(np.ones(2)).tolist() == [2, 2]
'''


def course(root: Path) -> Path:
    """A sound course: the mutant of the trial course passes the public test."""
    trial = make(root)
    suite = trial.paths.suite("trial")
    (suite / "test_public.py").write_text(
        PUBLIC.replace("np.ones(2)", "np.full(2, 2.0)").replace("[2, 2]", "[4, 4]")
    )
    (suite / "alternatives.yml").write_text(ALTERNATIVES, encoding="utf-8")
    release_again(root)
    return root


def release_again(root: Path) -> None:
    loaded = load_course(root)
    release(loaded, loaded.assignment("trial"), Paths(root))


def report(root: Path) -> WeekReport:
    (found,) = verify(root, fast=True)
    return found


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_sound_course_has_no_complaint(tmp_path: Path) -> None:
    found = report(course(tmp_path))
    assert found.complaints == []
    assert (found.killed, found.mutants, found.accepted, found.alternatives) == (1, 1, 1, 1)
    assert (found.points, found.cells, found.tests) == (100, 2, 5)


DEFECTS = [
    ("tests/hidden/trial/alternatives.yml", "np.add(x, x)", "np.add(x, 0)"),
    ("tests/hidden/trial/alternatives.yml", "double-sum", "double-adds-two"),
    ("tests/hidden/trial/test_hidden.py", 'cell("test-half")', 'cell("test-quarter")'),
    ("solutions/trial.py", '"points": 40', '"points": 30'),
    ("solutions/trial.py", '# %% [markdown] tags=["ko"]\n# # 시험\n', ""),
    ("solutions/trial.py", "x / 2", "x // 2"),
    # Evaluated before the stub is called, so that the untouched assignment ends with a NameError.
    ("solutions/trial.py", "assert half(4) == 2", "assert undefined == half(4)"),
]
COMPLAINTS = [
    "double-adds-two is refused",
    "'double-adds-two' is used twice",
    "no hidden test counts for 'test-half'",
    "counts for 'test-quarter', which is not a cell of the notebook",
    "the points sum to 90",
    "has no Korean twin",
    "fails test_half with seed 0",
    "fails test_half with seed 1",
    "instead of the stub's own message",
]


def test_each_defect_is_named_with_a_way_to_mend_it(tmp_path: Path) -> None:
    root = course(tmp_path)
    for file, old, new in DEFECTS:
        edit(root / file, old, new)
    release_again(root)
    edit(root / "assignments/trial/trial.ipynb", "Half of x.", "Half of x!")
    complaints = report(root).complaints
    for expected in [*COMPLAINTS, "trial.ipynb is not what the solution makes today"]:
        assert any(expected in said for said in complaints), (expected, complaints)
    assert all(re.search(r"[;:] .+\.$", said) for said in complaints), complaints


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("x) + 2", "x) + 1", "the public tests alone kill every mutant"),
        ("- id: double-adds", SURVIVOR + "- id: double-adds", "the mutant double-floats survives"),
    ],
    ids=["nothing is hidden", "a mutant survives"],
)
def test_the_suite_is_measured_by_what_it_kills(tmp_path: Path, old: str, new: str, expected: str) -> None:
    root = course(tmp_path)
    edit(root / "tests/hidden/trial/mutants.yml", old, new)
    (complaint,) = report(root).complaints
    assert expected in complaint


PICTURES = """

# %% nbgrader={"grade": false, "grade_id": "shows", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
offset = 1
assert half(2) == 1.0

# %% nbgrader={"grade": false, "grade_id": "uses", "locked": true, "schema_version": 3, "solution": false}
print(half(2))
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("print(half(2))", "print(half(2))", []),
        ("print(half(2))", "def shifted():\n    return offset", ["'shows' defines 'offset'"]),
        ("print(half(2))", "print(offset)", ["'shows' defines 'offset'", "does not run"]),
        ("half(2) == 1.0", "half(2) == 2", ["the picture cell shows does not run"]),
        ("offset = 1", "import numpy\nnumpy.asarray = None", ["fails test_double_array"]),
        ('"grade_id": "shows", "locked": true', '"grade_id": "shows", "locked": false', []),
    ],
    ids=["sound", "used in a function", "used at once", "broken", "changes the library", "unlocked"],
)
def test_nothing_depends_on_a_picture(tmp_path: Path, old: str, new: str, expected: list[str]) -> None:
    root = course(tmp_path)
    solution = root / "solutions/trial.py"
    solution.write_text(solution.read_text(encoding="utf-8") + PICTURES.replace(old, new), encoding="utf-8")
    release_again(root)
    complaints = report(root).complaints
    assert bool(complaints) == bool(expected), complaints
    for words in expected:
        assert any(words.replace("'shows'", "shows") in said for said in complaints), (words, complaints)


def test_a_mutant_without_korean_is_told_with_its_line(tmp_path: Path) -> None:
    root = course(tmp_path)
    edit(root / "tests/hidden/trial/mutants.yml", 'ko: "두 배입니다."', 'ko: ""')
    (complaint,) = report(root).complaints
    assert complaint.startswith("tests/hidden/trial/mutants.yml, line 1: ")
    assert "in Korean; write `" in complaint


def test_a_helper_that_drifts_is_told(tmp_path: Path) -> None:
    root = course(tmp_path)
    helper = "\n\n# %%\ndef check(x):\n    assert x\n"
    solution = root / "solutions" / "trial.py"
    solution.write_text(solution.read_text(encoding="utf-8") + helper, encoding="utf-8")
    second = solution.read_text(encoding="utf-8").replace("    assert x\n", "    assert x, 'no'\n")
    (root / "solutions" / "after.py").write_text(second, encoding="utf-8")
    settings = root / "course.yml"
    text = settings.read_text(encoding="utf-8")
    entry = text[text.index("  - name: trial") :]
    settings.write_text(text + entry.replace("name: trial", "name: after"), encoding="utf-8")
    found = {report.week: report.complaints for report in verify(root, ["after"], fast=True)}
    assert any("its `check` is not that of solutions/trial.py" in said for said in found["after"])
