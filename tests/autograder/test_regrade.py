"""Before a mended suite changes scores: whose, and why."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.course.folders import Paths
from autograder.gradebook.dry_run import Change, compare
from autograder.grading.grade import grade
from autograder.notebooks.metadata import grade_id
from autograder.notebooks.scripts import dump
from autograder.options import Options

pytestmark = pytest.mark.slow

SUITE = '''\
import pytest


@pytest.mark.cell("test-double")
def test_two(submission):
    """Twice 2.

    2의 두 배.
    """
    assert submission.double(2) == 4


@pytest.mark.cell("test-double-array")
def test_half(submission):
    """Twice 0.5.

    0.5의 두 배.
    """
    assert submission.double(0.5) == {half}
'''


def hand_in(paths: Paths, student: str, source: str, answer: str = "") -> None:
    notebook = nbformat.reads(paths.released("small").read_text(encoding="utf-8"), as_version=4)
    for cell in notebook.cells:
        if grade_id(cell) == "double":
            cell.source = source
        if grade_id(cell) == "explain" and answer:
            cell.source = answer
    file = paths.submission(student, "small")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(dump(notebook))


def mend(paths: Paths, half: float) -> None:
    (paths.suite("small") / "test_public.py").unlink(missing_ok=True)
    (paths.suite("small") / "test_hidden.py").write_text(SUITE.format(half=half), encoding="utf-8")


def automatic(paths: Paths, student: str) -> float:
    with Gradebook(paths.gradebook_url) as gradebook:
        (notebook,) = gradebook.find_submission("small", student).notebooks
        return sum(g.auto_score or 0 for g in notebook.grades)


@pytest.fixture(scope="module")
def graded_once(_released_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three students, graded by a suite with a mistake: it wants 0.5 doubled to be 0.25."""
    root = Path(shutil.copytree(_released_once, tmp_path_factory.mktemp("graded") / "course"))
    paths = Paths(root)
    mend(paths, 0.25)
    hand_in(paths, "ada", "def double(x):\n    return 2 * x", "Because.")
    hand_in(paths, "bob", "def double(x):\n    return x * x")
    hand_in(paths, "cleo", "raise NotImplementedError('not implemented yet')")
    grade(root, "small", Options(workers=1))
    return root


@pytest.fixture
def graded(graded_once: Path, tmp_path: Path) -> Paths:
    """A copy of it."""
    return Paths(Path(shutil.copytree(graded_once, tmp_path / "course")))


def dry_run(root: Path) -> list[Change]:
    tally = grade(root, "small", Options(workers=1, gradebook=False))
    return compare(root, "small", tally.examinations)


def test_nothing_changes_where_nothing_was_mended(graded: Paths) -> None:
    assert dry_run(graded.root) == compare(graded.root, "small") == []


def test_a_mended_suite_gives_and_takes_and_says_why(graded: Paths) -> None:
    mend(graded, 1.0)
    ada, bob = dry_run(graded.root)
    assert (ada.student, ada.before, ada.after) == ("ada", 4, 10)
    (cell,) = ada.cells
    assert (cell.grade_id, cell.before, cell.after) == ("test-double-array", 0, 6)
    assert cell.reasons == ("test_half: failed before, now passed",)
    assert (bob.student, bob.before, bob.after) == ("bob", 10, 4)
    assert bob.cells[0].reasons[0].startswith("test_half: passed before, now failed")
    assert str(ada).splitlines() == [
        "ada: 4 → 10",
        "  test-double-array: 0 → 6",
        "    test_half: failed before, now passed",
    ]


def test_it_writes_nothing_and_the_run_that_does_is_quick(graded: Paths) -> None:
    mend(graded, 1.0)
    before = graded.gradebook.read_bytes()
    dry_run(graded.root)
    assert graded.gradebook.read_bytes() == before
    assert automatic(graded, "ada") == 4
    tally = grade(graded.root, "small", Options(workers=1))
    assert tally.fresh == 0
    assert automatic(graded, "ada") == 10
    assert compare(graded.root, "small") == []


def test_what_a_person_gave_stays_and_is_said(graded: Paths) -> None:
    with Gradebook(graded.gradebook_url) as gradebook:
        for name, score in (("test-double-array", 5.0), ("explain", 3.0)):
            given = gradebook.find_grade(name, "small", "small", "ada")
            given.manual_score, given.needs_manual_grade = score, False
        gradebook.db.commit()
    mend(graded, 1.0)
    ada, _ = dry_run(graded.root)
    assert (ada.before, ada.after) == (12, 12)
    (cell,) = ada.cells
    assert (cell.before, cell.after, cell.given) == (0, 6, 5)
    assert "the 5 that a person gave stay" in str(ada)


def test_another_notebook_is_another_reason(graded: Paths) -> None:
    hand_in(graded, "cleo", "def double(x):\n    return x + x")
    hand_in(graded, "dora", "def double(x):\n    return x + x")
    cleo, dora = dry_run(graded.root)
    assert (cleo.student, cleo.before, cleo.after) == ("cleo", 0, 4)
    assert cleo.reasons == ("another notebook has been handed in since",)
    assert (dora.student, dora.before, dora.after) == ("dora", None, 4)
    assert str(dora) == "dora: not graded yet → 4"


def test_new_and_removed_tests_are_named(graded: Paths) -> None:
    text = SUITE.format(half=0.25).replace("test_half", "test_fraction")
    (graded.suite("small") / "test_hidden.py").write_text(
        text.replace('"test-double")', '"test-double", weight=2)').replace("== 0.25", "== 1"),
        encoding="utf-8",
    )
    ada, _ = dry_run(graded.root)
    assert ada.cells[0].reasons == ("test_fraction is new: passed", "test_half is gone: failed before")
