"""An nbgrader course moves in, and everybody's score stays what nbgrader gives, cell by cell.

The notebooks are nbgrader's own (BSD licence): its user guide's example course and the files of its tests, as
they are installed with it.
"""

from __future__ import annotations

import base64
import datetime as dt
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import nbgrader
import pytest
from nbgrader.api import Gradebook
from typer.testing import CliRunner

from autograder.authoring.moving_in import Moved, MovingInError, move_in
from autograder.authoring.verify import verify
from autograder.cli import app
from autograder.course.folders import Paths
from autograder.course.reading import load_course
from autograder.gradebook.grades import Given
from autograder.grading.grade import grade
from autograder.messages import Language
from autograder.notebooks.cell_tests import read_cell_tests
from autograder.notebooks.metadata import is_locked, nbgrader_metadata
from autograder.pages.feedback import write_feedback
from autograder.pages.report import write_report

REPOSITORY = Path(__file__).parents[2]
GUIDE = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide"
FILES = Path(nbgrader.__file__).parent / "tests" / "apps" / "files"

CONFIG = """\
c = get_config()
c.CourseDirectory.course_id = "old101"
c.IncludeHeaderFooter.header = "source/header.ipynb"
c.Execute.timeout = 4
c.ClearSolutions.text_stub = "Write your answer here."
"""

SOURCES = {
    "plain": "submitted-unchanged",
    "simple": "autotest-simple",
    "hashed": "autotest-hashed",
    "hidden": "autotest-hidden",
    "multi": "autotest-multi",
    "squares": "test-hidden-tests",
    "sleeps": "timeout",
    "zero": "validation-zero-points",
}
"""Notebooks of one assignment: name → nbgrader's file."""

HANDED_IN = {
    "unchanged": {
        "plain": "submitted-unchanged",
        "simple": "autotest-simple-unchanged",
        "hashed": "autotest-hashed-unchanged",
        "hidden": "autotest-hidden-unchanged",
        "multi": "autotest-multi-unchanged",
        "squares": "test-hidden-tests",
        "sleeps": "timeout",
        "zero": "validation-zero-points",
    },
    "changed": {
        "plain": "submitted-changed",
        "simple": "autotest-simple-changed",
        "hashed": "autotest-hashed-changed",
        "hidden": "autotest-hidden-changed-right",
        "multi": "autotest-multi-changed",
    },
    "wrong": {"plain": "submitted-grade-cell-changed", "hidden": "autotest-hidden-changed-wrong"},
    "locked": {"plain": "submitted-locked-cell-changed"},
    "cheat": {"plain": "submitted-cheat-attempt"},
    "cheat_again": {"plain": "submitted-cheat-attempt-alternative"},
}

Scores = dict[tuple[str, str, str, str], tuple[float | None, bool]]


def scores(root: Path) -> Scores:
    """What a gradebook says of each cell: automatic score, and whether a person has to look."""
    with Gradebook(f"sqlite:///{root}/gradebook.db") as gradebook:
        return {
            (submission.student.id, assignment.name, notebook.name, grade.name): (
                grade.auto_score,
                bool(grade.needs_manual_grade),
            )
            for assignment in gradebook.assignments
            for submission in gradebook.assignment_submissions(assignment.name)
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def nbgrader_says(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """nbgrader's own program in a course's folder."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # it starts alembic
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *words],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "PATH": programs},
        capture_output=True,
        text=True,
        check=False,
    )


def old_course(root: Path) -> Path:
    """An nbgrader course of two assignments, with what students handed in."""
    (root / "source" / "files" / "data").mkdir(parents=True)
    (root / "nbgrader_config.py").write_text(CONFIG)
    shutil.copytree(GUIDE / "source" / "ps1", root / "source" / "ps1")
    shutil.copy(GUIDE / "source" / "header.ipynb", root / "source")
    shutil.copy(FILES / "autotests.yml", root)
    for name, file in SOURCES.items():
        shutil.copy(FILES / f"{file}.ipynb", root / "source" / "files" / f"{name}.ipynb")
    shutil.copy(FILES / "open_relative_file.ipynb", root / "source" / "files" / "opens.ipynb")
    shutil.copy(FILES / "data.txt", root / "source" / "files")
    shutil.copy(FILES / "jupyter.png", root / "source" / "files" / "data")
    shutil.copytree(GUIDE / "submitted", root / "submitted")
    for student, notebooks in HANDED_IN.items():
        folder = root / "submitted" / student / "files"
        folder.mkdir(parents=True)
        for name, file in notebooks.items():
            shutil.copy(FILES / f"{file}.ipynb", folder / f"{name}.ipynb")
        shutil.copy(FILES / "open_relative_file.ipynb", folder / "opens.ipynb")
    return root


@pytest.fixture(scope="module")
def graded_by_nbgrader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The old course as stock nbgrader grades it."""
    root = old_course(tmp_path_factory.mktemp("old") / "course")
    for assignment in ("ps1", "files"):
        for command in ("generate_assignment", "autograde"):
            done = nbgrader_says(root, command, assignment)
            assert done.returncode == 0, done.stderr
    return root


@pytest.fixture(scope="module")
def moved(graded_by_nbgrader: Path, tmp_path_factory: pytest.TempPathFactory) -> Moved:
    return move_in(graded_by_nbgrader, tmp_path_factory.mktemp("new") / "course")


@pytest.fixture(scope="module")
def class_in(graded_by_nbgrader: Path, moved: Moved, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The new course with what students handed in, graded."""
    root = tmp_path_factory.mktemp("graded") / "course"
    shutil.copytree(moved.folder, root)
    shutil.copytree(graded_by_nbgrader / "submitted", root / "submitted")
    for week in ("ps1", "files"):
        grade(root, week)
    return root


@pytest.mark.slow
def test_scores_are_nbgraders_cell_by_cell(graded_by_nbgrader: Path, class_in: Path) -> None:
    before = scores(graded_by_nbgrader)
    assert len(before) == 126
    assert {points for points, _ in before.values()} == {None, 0.0, 0.5, 1.0, 10.0}
    assert scores(class_in) == before


@pytest.mark.slow
def test_so_are_those_of_nbgraders_own_autograde(
    graded_by_nbgrader: Path, moved: Moved, tmp_path: Path
) -> None:
    root = tmp_path / "course"
    shutil.copytree(moved.folder, root)
    shutil.copytree(graded_by_nbgrader / "submitted", root / "submitted")
    for week in ("ps1", "files"):
        done = nbgrader_says(root, "autograde", week)
        assert done.returncode == 0, done.stderr
    assert scores(root) == scores(graded_by_nbgrader)


def as_released(path: Path) -> list[tuple[object, ...]]:
    """Type, text and metadata of each cell; a script keeps no empty lines at a cell's end."""
    found = []
    for each in nbformat.read(path, as_version=4).cells:
        told = dict(nbgrader_metadata(each))
        if is_locked(each):
            told.pop("checksum", None)
        lines = [line for line in each.source.splitlines() if line.strip()]
        found.append((each.cell_type, lines, told))
    return found


@pytest.mark.slow
def test_students_get_what_nbgrader_releases(graded_by_nbgrader: Path, moved: Moved) -> None:
    folder = moved.folder / "assignments"
    names = [path.relative_to(folder) for path in folder.glob("*/*.ipynb")]
    assert len(names) == 11
    for name in names:
        assert as_released(folder / name) == as_released(graded_by_nbgrader / "release" / name), name
    header = nbformat.read(GUIDE / "source" / "header.ipynb", as_version=4)
    first = nbformat.read(moved.folder / "assignments" / "ps1" / "problem1.ipynb", as_version=4)
    assert [c.source for c in first.cells[: len(header.cells)]] == [c.source for c in header.cells]
    assert (moved.folder / "assignments" / "files" / "data" / "jupyter.png").is_file()
    assert (moved.folder / "assignments" / "files" / "data.txt").is_file()


@pytest.mark.slow
def test_hidden_tests_are_shown_to_nobody(class_in: Path) -> None:
    line = "squares(11)"
    assert line in (class_in / ".autograder" / "cell-tests" / "files" / "squares.json").read_text()
    for unit in ("files/squares", "files/hidden", "ps1/problem1"):
        write_feedback(class_in, unit)
    write_report(class_in)
    shown = [
        path
        for folder in ("assignments", "autograded", "feedback", "report")
        for path in (class_in / folder).rglob("*")
        if path.is_file() and "squares" in path.as_posix() and line.encode() in path.read_bytes()
    ]
    assert shown == []
    page = (class_in / "feedback" / "unchanged" / "files" / "squares" / "feedback.html").read_text()
    assert "Check that squares returns the correct output for several inputs" in page
    with (class_in / "report" / "files.squares-tests.csv").open(encoding="utf-8-sig") as table:
        assert "correct_squares" in table.read()


@pytest.mark.slow
def test_the_due_date_is_that_of_the_gradebook(graded_by_nbgrader: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(graded_by_nbgrader / "source", old / "source")
    for part in ("nbgrader_config.py", "autotests.yml", "gradebook.db"):
        shutil.copy(graded_by_nbgrader / part, old)
    with Gradebook(f"sqlite:///{old}/gradebook.db") as gradebook:
        gradebook.update_or_create_assignment("ps1", duedate="2027-03-04 05:06")
    untouched = (old / "gradebook.db").read_bytes()
    made = move_in(old, tmp_path / "new")
    course = load_course(made.folder)
    assert course.names == ("ps1", "files")
    assert course.assignment("ps1").due == dt.datetime(2027, 3, 4, 5, 6, tzinfo=dt.UTC)
    assert [remark for remark in made.remarks if "no due date is known of files:" in remark]
    assert (old / "gradebook.db").read_bytes() == untouched


@pytest.mark.slow
def test_what_people_gave_moves_too(graded_by_nbgrader: Path, moved: Moved, tmp_path: Path) -> None:
    root = tmp_path / "course"
    shutil.copytree(moved.folder, root)
    for part in ("submitted", "autograded"):
        shutil.copytree(graded_by_nbgrader / part, root / part)
    shutil.copy(graded_by_nbgrader / "gradebook.db", root)
    before = scores(root)
    with Gradebook(Paths(root).gradebook_url) as gradebook:
        given = gradebook.find_grade("baz", "plain", "files", "changed")
        given.manual_score, given.needs_manual_grade = 1.5, False
        given = gradebook.find_grade("foo", "plain", "files", "changed")
        given.manual_score = 0.25
        gradebook.db.commit()
    tally = grade(root, "files")
    assert tally.given["files/plain", "changed"] == {"baz": Given(1.5), "foo": Given(0.25)}
    now = scores(root)
    assert now.pop(("changed", "files", "plain", "baz")) == (None, False)
    before.pop(("changed", "files", "plain", "baz"))
    assert now == before


# What else may be there


def cell(kind: str, source: str, grade_id: str = "", **fields: object) -> nbformat.NotebookNode:
    made = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}[kind](source)
    if grade_id:
        made.metadata["nbgrader"] = {
            "grade": False,
            "grade_id": grade_id,
            "locked": False,
            "schema_version": 3,
            "solution": False,
            **fields,
        }
    return made


def write(path: Path, *cells: nbformat.NotebookNode, **metadata: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.v4.new_notebook(cells=list(cells), metadata=metadata)
    path.write_text(nbformat.writes(notebook), encoding="utf-8")


TASK = cell("code", "### BEGIN SOLUTION\ndef f(x):\n    return x * 2\n### END SOLUTION", "f", solution=True)
HIDDEN = """\
"Says what."
import numpy as np
assert f(2) == 4
### BEGIN HIDDEN TESTS
assert f(-1) == -2, "minus"
assert np.allclose(f(0.5), 1)
assert_equal(f("a"), "aa")
assert f(1)
assert not f(0)
print("fine")
### END HIDDEN TESTS"""
TEST = cell("code", HIDDEN, "test-f", grade=True, locked=True, points=5)
LOOP = cell(
    "code",
    "for n in (1, 2):\n    ### BEGIN HIDDEN TESTS\n    assert f(n) == 2 * n\n    ### END HIDDEN TESTS",
    "test-loop",
    grade=True,
    locked=True,
    points=1,
)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """An nbgrader course of one small assignment, whose notebook has its name."""
    write(tmp_path / "old" / "source" / "hw" / "hw.ipynb", TASK, TEST, LOOP)
    return tmp_path / "old"


def test_one_notebook_of_its_name_needs_no_list(old: Path, tmp_path: Path) -> None:
    made = move_in(old, tmp_path / "new", Language.KO)
    course = load_course(made.folder)
    assert (course.language, course.languages) == (Language.KO, (Language.KO,))
    assert course.assignment("hw").units == ("hw",)
    assert (made.folder / "solutions" / "hw.py").is_file()
    assert not made.left_out


def test_a_pasted_picture_becomes_a_file(old: Path, tmp_path: Path) -> None:
    text = cell("markdown", "See ![it](attachment:my image.png) and ![](attachment:my image.png).")
    pixel = b"\x89PNG\r\n\x1a\n"
    text["attachments"] = {"my image.png": {"image/png": base64.b64encode(pixel).decode()}}
    write(old / "source" / "hw" / "hw.ipynb", text, TASK, TEST)
    (old / "source" / "hw" / "my_image.png").write_bytes(b"another one")
    made = move_in(old, tmp_path / "new")
    released = nbformat.read(made.folder / "assignments" / "hw" / "hw.ipynb", as_version=4)
    assert released.cells[0].source == "See ![it](_my_image.png) and ![](_my_image.png)."
    assert (made.folder / "assignments" / "hw" / "_my_image.png").read_bytes() == pixel
    assert (made.folder / "assignments" / "hw" / "my_image.png").read_bytes() == b"another one"


def test_magics_raw_cells_and_odd_text_survive(old: Path, tmp_path: Path) -> None:
    cells = [
        cell("code", "%matplotlib inline\n!ls"),
        cell("code", "%%time\nx = 1"),
        cell("code", "%%bash\necho hi"),
        nbformat.v4.new_raw_cell("raw *text*"),
        cell("markdown", "# Title\n\n    code\n\n한국어 $x_1$ \\\\ end"),
        cell("code", ""),
        TASK,
        TEST,
    ]
    write(old / "source" / "hw" / "hw.ipynb", *cells)
    made = move_in(old, tmp_path / "new")
    assert not made.left_out
    released = nbformat.read(made.folder / "assignments" / "hw" / "hw.ipynb", as_version=4)
    assert [(c.cell_type, c.source) for c in released.cells[:6]] == [
        (c.cell_type, c.source) for c in cells[:6]
    ]


R = {"language": "R", "name": "ir", "display_name": "R"}


@pytest.mark.parametrize(
    ("name", "make", "said"),
    [
        (
            "r/r.ipynb",
            lambda path: write(path, TASK, kernelspec=R),
            "r/r.ipynb is in R: only Python is graded here.",
        ),
        ("broken/b.ipynb", lambda path: path.write_text("{"), "broken/b.ipynb cannot be read ("),
        (
            "old/o.ipynb",
            lambda path: shutil.copy(FILES / "test-v2.ipynb", path),
            "old/o.ipynb is of an old nbgrader: run `nbgrader update` on it first.",
        ),
        ("odd/w*.ipynb", lambda path: write(path, TASK), "odd/w*.ipynb has a name that cannot be kept"),
        (
            "mine/p.ipynb",
            lambda path: (write(path, TASK), path.with_name("p.py").write_text("x = 1")),
            "mine/p.py has the name of a notebook's script here: rename it",
        ),
        (
            "two/a.ipynb",
            lambda path: write(path, TASK, TASK),
            "two/a.ipynb cannot be read (Duplicate grade id: f): mend it in Jupyter first.",
        ),
        (
            "bad/a.ipynb",
            lambda path: write(path, cell("code", "### BEGIN SOLUTION\n### END SOLUTION")),
            "bad is there and cannot be released: a.py: the cell ",
        ),
    ],
)
def test_what_cannot_be_brought_in_is_left_out_and_said(
    old: Path, tmp_path: Path, name: str, make: Callable[[Path], object], said: str
) -> None:
    path = old / "source" / name
    path.parent.mkdir()
    make(path)
    made = CliRunner().invoke(app, ["import", str(old), str(tmp_path / "new")])
    assert made.exit_code == 3
    assert f"left out: {said}" in made.stdout
    assert (tmp_path / "new" / "assignments" / "hw" / "hw.ipynb").is_file()


def test_an_assignment_with_spaces_gets_a_name(old: Path, tmp_path: Path) -> None:
    shutil.move(old / "source" / "hw", old / "source" / "Problem Set 1")
    made = move_in(old, tmp_path / "new")
    assert load_course(made.folder).assignment("Problem-Set-1").units == ("Problem-Set-1/hw",)
    assert any(remark.startswith("Problem Set 1 is called Problem-Set-1 here") for remark in made.remarks)


def test_settings_that_shape_a_release_are_taken_over(old: Path, tmp_path: Path) -> None:
    (old / "nbgrader_config.py").write_text(
        "c = get_config()\n"
        "c.ClearSolutions.begin_solution_delimeter = '#<solution>'\n"
        "c.ClearSolutions.end_solution_delimeter = '#</solution>'\n"
        "c.ClearHiddenTests.begin_test_delimeter = 'VERSTECKT'\n"
        "c.ClearHiddenTests.end_test_delimeter = 'SICHTBAR'\n"
        "c.AssignLatePenalties.plugin_class = 'late.Mine'\n"
        "c.ExecutePreprocessor.timeout = 77\n"
    )
    task = cell("code", "#<solution>\nf = abs\n#</solution>", "f", solution=True)
    test = cell("code", "# VERSTECKT\nassert f(-7) == 7\n# SICHTBAR", "t", grade=True, locked=True, points=1)
    write(old / "source" / "hw" / "hw.ipynb", task, test)
    made = move_in(old, tmp_path / "new")
    text = (made.folder / "assignments" / "hw" / "hw.ipynb").read_text()
    assert "abs" not in text
    assert "-7" not in text
    assert load_course(made.folder).assignment("hw").limits.cell_seconds == 77
    assert any(remark.startswith("c.AssignLatePenalties.plugin_class of nbgrader") for remark in made.remarks)


def test_what_is_no_nbgrader_course_is_said(tmp_path: Path) -> None:
    with pytest.raises(MovingInError, match="has no folder with notebooks: name the folder of an nbgrader"):
        move_in(tmp_path, tmp_path / "new")
    (tmp_path / "nbgrader_config.py").write_text("c = undefined")
    with pytest.raises(MovingInError, match=r"nbgrader_config.py cannot be run \(NameError"):
        move_in(tmp_path, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_nothing_half_is_left(old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("autograder.authoring.moving_in.release", interrupted)
    with pytest.raises(KeyboardInterrupt):
        move_in(old, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_second_import_says_what_it_would_overwrite(old: Path, tmp_path: Path) -> None:
    move_in(old, tmp_path / "new")
    before = (tmp_path / "new" / "course.yml").read_bytes()
    with pytest.raises(
        MovingInError,
        match=r"course\.yml, nbgrader_config\.py, solutions/hw would be overwritten",
    ):
        move_in(old, tmp_path / "new")
    assert (tmp_path / "new" / "course.yml").read_bytes() == before


# Hidden tests into a suite


def test_what_is_mechanical_is_moved(old: Path, tmp_path: Path) -> None:
    made = move_in(old, tmp_path / "new", suite=True)
    suite = (made.folder / "tests" / "hidden" / "hw" / "test_hidden.py").read_text()
    assert re.findall(r"def (\w+)|mark\.(public)", suite) == [
        ("", "public"),
        ("test_f_1", ""),
        *((f"test_f_{n}", "") for n in range(2, 7)),
    ]
    assert "tests/hidden/hw/test_hidden.py decides test-f now" in made.remarks
    assert "hw: the tests of test-loop stay in their cells" in made.remarks
    assert "minus" not in (made.folder / "solutions" / "hw.py").read_text()
    assert list(read_cell_tests(Paths(made.folder).cell_tests("hw"))) == ["test-loop"]


@pytest.mark.slow
def test_the_moved_ones_decide_and_the_others_run(old: Path, tmp_path: Path) -> None:
    root = move_in(old, tmp_path / "new", suite=True).folder
    paths = Paths(root)
    says_yes = "class Yes:\n    __eq__ = lambda *_: True\n\n\ndef f(x):\n    return Yes()"
    for student, source in {
        "right": "def f(x):\n    return x + x",
        "wrong": "def f(x):\n    return abs(x) * 2",
        "says_yes": says_yes,
        "none": "f = None",
    }.items():
        notebook = nbformat.read(paths.released("hw"), as_version=4)
        notebook.cells[0].source = source
        path = paths.submission(student, "hw")
        path.parent.mkdir(parents=True)
        path.write_text(nbformat.writes(notebook))
    found = {e.student: [s.points for s in e.scores] for e in grade(root, "hw").examinations}
    assert found["right"] == [5, 1]
    assert found["wrong"] == [pytest.approx(5 * 4 / 6, abs=1e-4), 1]  # f(-1) is 2, and abs("a") raises
    assert found["says_yes"][1] == 1, "in its cell a test believes what the submission says"
    assert found["says_yes"][0] < 2, "a suite does not"
    assert found["none"] == [0, 0]
    (report,) = verify(root)
    assert report.complaints == []
