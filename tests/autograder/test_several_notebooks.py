"""An assignment with several notebooks: each is graded on its own, and their sum is the score."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from exchange import Exchange
from nbgrader.api import Gradebook
from typer.testing import CliRunner

from autograder.authoring.release import release
from autograder.authoring.verify import verify
from autograder.cli import app
from autograder.course.folders import CourseError, Paths
from autograder.course.reading import load_course
from autograder.gradebook.dry_run import compare
from autograder.gradebook.reading import read_grades
from autograder.grading.grade import Tally, grade
from autograder.notebooks.metadata import grade_id
from autograder.options import Options
from autograder.platforms.collect import collect
from autograder.platforms.gradescope import package_gradescope
from autograder.problem import GradeError
from autograder.watching.events import Event, Handled
from autograder.watching.watch import watch

REPOSITORY = Path(__file__).parents[2]
UNITS = ("ps/one", "ps/two words")

COURSE = """\
title: Several notebooks
languages: [en]
late: { penalty: 10 }
assignments:
  - name: ps
    title: Problem set
    notebooks: [one, two words]
    hidden_tests: cells
    release: 2027-03-01
    due: 2027-03-07 12:00
    limits: { cell_seconds: 5, cells_seconds: 10, test_seconds: 2, tests_seconds: 8, memory: 512 MiB }
"""

ONE = """\
# %% [markdown]
# # One

# %% nbgrader={"grade": false, "grade_id": "task", "locked": false, "schema_version": 3, "solution": true}
def double(x):
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-it", "locked": true, "points": 4, "schema_version": 3, "solution": false}
assert double(2) == 4
"""  # noqa: E501

TWO = """\
# %% nbgrader={"grade": false, "grade_id": "task", "locked": false, "schema_version": 3, "solution": true}
factor = float(open("data/factor.txt").read())

def scaled(x):
    ### BEGIN SOLUTION
    return factor * x
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-it", "locked": true, "points": 6, "schema_version": 3, "solution": false}
assert scaled(2) == 6
### BEGIN HIDDEN TESTS
assert scaled(-1.5) == -4.5, "the fourth of May"
### END HIDDEN TESTS

# %% [markdown] nbgrader={"grade": true, "grade_id": "why", "locked": false, "points": 2, "schema_version": 3, "solution": true}
# Why?
"""  # noqa: E501

SUITE = '''\
import pytest

from autograder.testing import expect_int


@pytest.mark.cell("test-it")
def test_double_of_three(submission):
    """`double` doubles 3."""
    expect_int(submission.double(3), 6)


@pytest.mark.cell("test-it")
def test_double_of_text(submission):
    """`double` doubles text."""
    assert submission.double("ab") == "abab", "it does not"
'''

PUBLIC = '''\
import pytest

from autograder.testing import expect_int


@pytest.mark.cell("test-it", weight=0)
def test_double_of_two(submission):
    """`double` doubles 2."""
    expect_int(submission.double(2), 4)
'''


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("several") / "course"
    for name, text in {
        "course.yml": COURSE,
        "solutions/ps/one.py": ONE,
        "solutions/ps/two words.py": TWO,
        "solutions/ps/data/factor.txt": "3",
        "tests/hidden/ps/one/test_hidden.py": SUITE,
        "tests/hidden/ps/one/test_public.py": PUBLIC,
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    shutil.copy(REPOSITORY / "nbgrader_config.py", root)
    course = load_course(root)
    release(course, course.assignment("ps"), Paths(root))
    return root


@pytest.fixture
def root(made_once: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made_once, tmp_path / "course")


GOOD_ONE = "def double(x):\n    return x + x\n"
GOOD_TWO = "factor = float(open('data/factor.txt').read())\nscaled = lambda x: x * factor\n"


def solved(root: Path, notebook: str, source: str, why: str = "Because.") -> bytes:
    made = nbformat.read(root / "assignments" / "ps" / f"{notebook}.ipynb", as_version=4)
    for cell in made.cells:
        if grade_id(cell) in ("task", "why"):
            cell.source = source if grade_id(cell) == "task" else why
    return nbformat.writes(made).encode()


def hand_in(root: Path, student: str, one: str | None = GOOD_ONE, two: str | None = GOOD_TWO) -> None:
    for notebook, source in (("one", one), ("two words", two)):
        if source is not None:
            path = root / "submitted" / student / "ps" / f"{notebook}.ipynb"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(solved(root, notebook, source))


def points(tally: Tally) -> dict[str, list[float | None]]:
    found: dict[str, list[float | None]] = {}
    for examination in sorted(tally.examinations, key=lambda e: (e.student, e.assignment)):
        found.setdefault(examination.student, []).extend(score.points for score in examination.scores)
    return found


def test_each_is_released_and_what_lies_beside_them_once(root: Path) -> None:
    folder = root / "assignments" / "ps"
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert there == {"one.ipynb", "two words.ipynb", "test_public_one.py", "data/factor.txt"}
    assert "fourth of May" not in (folder / "two words.ipynb").read_text()
    listed = nbformat.read(folder / "one.ipynb", as_version=4).metadata["autograder"]["files"]
    assert listed == ["data/factor.txt"]
    with Gradebook(Paths(root).gradebook_url) as gradebook:
        (assignment,) = gradebook.assignments
        assert (assignment.name, assignment.max_score) == ("ps", 12)
        assert sorted(notebook.name for notebook in assignment.notebooks) == ["one", "two words"]


def test_a_notebook_that_is_gone_is_no_longer_released(root: Path) -> None:
    (root / "course.yml").write_text(COURSE.replace("[one, two words]", "[one]"))
    course = load_course(root)
    release(course, course.assignment("ps"), Paths(root))
    assert not (root / "assignments" / "ps" / "two words.ipynb").exists()


@pytest.mark.slow
def test_scores_pages_and_exports(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    hand_in(root, "ada")
    hand_in(root, "bob", one="def double(x):\n    return int(x) * 2\n", two="scaled = lambda x: 3 * abs(x)\n")
    hand_in(root, "cid", two=None)
    hand_in(root, "dan", two=GOOD_TWO + "open('data/factor.txt', 'w')\n")
    stamp = root / "submitted" / "ada" / "ps" / "timestamp.txt"
    stamp.write_text("2027-03-08 11:00:00 UTC")
    tally = grade(root, "ps")
    assert points(tally) == {
        "ada": [4, 6, None],
        "bob": [2, 0, None],
        "cid": [4, 0, 0],
        "dan": [4, 6, None],
    }
    assert tally.fresh == 8
    assert grade(root, "ps").fresh == 0
    with Gradebook(Paths(root).gradebook_url) as gradebook:
        mark = gradebook.find_grade("why", "two words", "ps", "ada")
        mark.manual_score, mark.needs_manual_grade = 1.5, False
        gradebook.db.commit()

    said = CliRunner().invoke(app, ["grade", "ps"])
    assert said.exit_code == 0
    assert [line.split()[:2] for line in said.stdout.splitlines()[1:5]] == [
        ["ada", "11.5/12"],
        ["bob", "2/12"],
        ["cid", "4/12"],
        ["dan", "10/12"],
    ]
    said = CliRunner().invoke(app, ["grade", "ps/two words"])
    assert said.stdout.splitlines()[1].split() == ["ada", "7.5/8"]

    grades = read_grades(load_course(root), Paths(root)).grades
    assert (grades["ada", "ps"].points, grades["ada", "ps"].penalty) == (11.5, pytest.approx(1.15))
    assert grades["ada", "ps/one"].cells == {"test-it": 4}
    assert grades["ada", "ps/two words"].cells == {"test-it": 6, "why": 1.5}
    assert not grades["ada", "ps"].undecided
    assert grades["bob", "ps"].undecided

    for command in (
        ["feedback", "ps"],
        ["report"],
        ["report", "ps/one"],
        ["export", "csv"],
        ["similarity", "ps"],
    ):
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 0, (command, done.output)
    pages = {
        path.parent.name: path.read_text() for path in (root / "feedback" / "ada" / "ps").rglob("*.html")
    }
    assert sorted(pages) == ["one", "two words"]
    assert "Problem set: two words" in pages["two words"]
    assert "fourth of May" not in pages["two words"]
    assert {"index.html", "ps.one.html", "ps.two words.html"} <= {p.name for p in (root / "report").iterdir()}
    index = (root / "report" / "index.html").read_text()
    assert 'href="ps.two%20words.html"' in index
    rows = (root / "exports" / "grades.csv").read_text(encoding="utf-8-sig").splitlines()
    assert rows[1].split(",")[3:6] == ["10.35", "11.5", "1.15"]

    (root / "tests/hidden/ps/one/test_hidden.py").write_text(SUITE.replace('"abab"', '"abba"'))
    tally = grade(root, "ps", Options(gradebook=False))
    changed = [e for e in tally.examinations if e.assignment == "ps/one"]
    assert [(c.student, c.before, c.after) for c in compare(root, "ps/one", changed)] == [
        ("ada", 4, 2),
        ("cid", 4, 2),
        ("dan", 4, 2),
    ]
    same = [e for e in tally.examinations if e.assignment == "ps/two words"]
    assert compare(root, "ps/two words", same) == []


@pytest.mark.slow
def test_who_hands_in_while_it_is_watched_gets_a_page_of_each(root: Path, tmp_path: Path) -> None:
    settings = "feedback: {every: 0 minutes}\n"
    exchange = Exchange(tmp_path, settings, "c.ExchangeCollect.check_owner = False", root=root, week="ps")

    def seen() -> list[tuple[str, str, float, str]]:
        events: list[Event] = []
        watch(exchange.root, ["ps"], hear=events.append, once=True)
        handled = [event for event in events if isinstance(event, Handled)]
        return sorted((event.student, event.week, event.points, event.feedback) for event in handled)

    one, two = solved(root, "one", GOOD_ONE), solved(root, "two words", GOOD_TWO)
    wrong = solved(root, "one", "def double(x):\n    return x + 2\n")
    exchange.submit("ada", {"one": wrong, "two words": two})
    exchange.submit("bob", {"one": one})
    assert seen() == [
        ("ada", "ps/one", 0, "released"),
        ("ada", "ps/two words", 6, "released"),
        ("bob", "ps/one", 4, "released"),
        ("bob", "ps/two words", 0, "written"),  # nothing in the exchange asks for it
    ]
    (first,), (second,) = exchange.fetch("ada", "one"), exchange.fetch("ada", "two words")
    assert "Problem set: one" in first
    assert "Problem set: two words" in second
    assert exchange.fetch("bob", "two words") == [""]
    exchange.submit("ada", {"one": one, "two words": two})
    assert seen() == [("ada", "ps/one", 4, "released"), ("ada", "ps/two words", 6, "released")]
    _, again = exchange.fetch("ada", "two words")
    assert "Problem set: two words" in again
    assert seen() == []
    records = sorted(
        path.parent.relative_to(Paths(root).records) for path in Paths(root).records.rglob("*.json")
    )
    assert [str(path) for path in records] == [
        *("ps/one/ada", "ps/one/ada", "ps/one/bob"),
        *("ps/two words/ada", "ps/two words/bob"),
    ]
    grades = read_grades(load_course(root), Paths(root)).grades
    assert (grades["ada", "ps"].points, grades["bob", "ps"].points) == (10, 4)


@pytest.mark.slow
def test_nbgraders_own_autograde_gives_the_same(root: Path) -> None:
    hand_in(root, "ada")
    hand_in(root, "bob", one=None, two="scaled = lambda x: 3 * abs(x)\n")
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "autograde", "ps"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "PATH": programs},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

    def scores() -> dict[tuple[str, str, str], float | None]:
        with Gradebook(Paths(root).gradebook_url) as gradebook:
            return {
                (submission.student.id, notebook.name, each.name): each.auto_score
                for submission in gradebook.assignment_submissions("ps")
                for notebook in submission.notebooks
                for each in notebook.grades
            }

    before = scores()
    assert before["ada", "one", "test-it"] == 4
    assert before["bob", "two words", "test-it"] == 0
    assert grade(root, "ps").fresh == 1, "only the notebook that nbgrader does not look for"
    assert scores() == before


@pytest.mark.slow
def test_the_course_is_sound_but_for_its_mutants(root: Path) -> None:
    reports = list(verify(root))
    assert [report.week for report in reports] == list(UNITS)
    assert [report.complaints for report in reports] == [[], []]


# What comes in


def zipped(root: Path, *files: tuple[str, str, str]) -> Path:
    path = root / "in.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, notebook, source in files:
            archive.writestr(name, solved(root, notebook, source))
    return path


def test_canvas_gives_each_notebook_by_its_name(root: Path) -> None:
    source = zipped(
        root,
        ("doejane_11_101_one.ipynb", "one", GOOD_ONE),
        ("doejane_11_102_two words.ipynb", "two words", GOOD_TWO),
        ("doejane_11_103_two words-1.ipynb", "two words", "later = 1"),
        ("kimada_12_104_one.ipynb", "one", GOOD_ONE),
        ("kimada_12_105_thesis.ipynb", "one", GOOD_ONE),
    )
    for _ in range(2):
        report = collect(root, "ps", source, notebooks=("one", "two words"))
        reasons = {skipped.name: str(skipped) for skipped in report.skipped if skipped.matters}
        assert list(reasons) == ["kimada_12_105_thesis.ipynb"]
        assert "it is called like none of one, two words" in reasons["kimada_12_105_thesis.ipynb"]
        assert report.exit_code == 3
    there = {
        path.relative_to(root / "submitted").as_posix() for path in (root / "submitted").rglob("*.ipynb")
    }
    students = {name.partition("/")[0] for name in there}
    assert len(students) == 2
    assert len(there) == 3
    later = next(path for path in (root / "submitted").rglob("two words.ipynb"))
    assert "later = 1" in later.read_text()
    assert len(report.unchanged) == 2


def test_the_last_notebook_says_when(root: Path) -> None:
    folder = root / "handed in"
    folder.mkdir()
    (folder / "one.ipynb").write_bytes(solved(root, "one", GOOD_ONE))
    (folder / "two words.ipynb").write_bytes(solved(root, "two words", GOOD_TWO))
    table = folder / "list.csv"
    table.write_text(
        "student,file,time\nada,two words.ipynb,2027-03-06 10:00\nada,one.ipynb,2027-03-05 10:00\n"
    )
    for _ in range(2):
        report = collect(root, "ps", table, notebooks=("one", "two words"))
        assert report.exit_code == 0
        stamp = (root / "submitted" / "ada" / "ps" / "timestamp.txt").read_text()
        assert stamp.startswith("2027-03-06 10:00")
    assert (report.collected, report.unchanged) == ((), ("ada",))


def test_folders_as_nbgrader_has_them(root: Path, tmp_path: Path) -> None:
    hand_in(root, "ada")
    shutil.move(root / "submitted", tmp_path / "theirs")
    report = collect(root, "ps", tmp_path / "theirs", notebooks=("one", "two words"))
    assert (report.collected, report.exit_code) == (("ada",), 0)
    assert len(list((root / "submitted" / "ada" / "ps").iterdir())) == 2


# What cannot be


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[one, two words]", "[one, One]", r"ps.notebooks.1 appears twice"),
        ("[one, two words]", "[../one]", r"ps.notebooks.0 has to be made of"),
        ("late:", "attempts: best\nlate:", r"ps.notebooks cannot be several while `attempts` is best"),
        ("hidden_tests: cells", "hidden_tests: here", r"ps.hidden_tests has to be 'suite' or 'cells'"),
    ],
)
def test_settings_that_cannot_be(tmp_path: Path, old: str, new: str, said: str) -> None:
    (tmp_path / "course.yml").write_text(COURSE.replace(old, new))
    with pytest.raises(CourseError, match=said):
        load_course(tmp_path)


def test_one_notebook_of_several_is_asked_for_by_its_name(root: Path) -> None:
    course = load_course(root)
    assert course.units == UNITS
    assert course.assignment("ps/two words").title.en == "Problem set: two words"
    for name in ("ps/three", "other/one"):
        with pytest.raises(CourseError, match=f"There is no assignment '{name}'"):
            course.assignment(name)


def test_another_platform_grades_one_notebook(root: Path) -> None:
    for week in ("ps", "ps/one"):
        with pytest.raises(GradeError, match="has notebooks of other names, and another platform grades one"):
            package_gradescope(root, week)


def test_hidden_tests_of_a_clone_are_made_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hand_in(root, "ada")
    shutil.rmtree(root / ".autograder")
    (root / "gradebook.db").unlink()
    with pytest.raises(GradeError, match="The hidden tests of ps are not there: run `autograder release ps`"):
        grade(root, "ps/two words")
    monkeypatch.chdir(root)
    before = (root / "assignments" / "ps" / "one.ipynb").read_bytes()
    done = CliRunner().invoke(app, ["grade", "ps", "--since", "2100-01-01"])
    assert done.exit_code == 0
    from autograder.authoring.release import enter_when_needed

    course = load_course(root)
    assert enter_when_needed(course, course.assignment("ps"), Paths(root))
    assert not enter_when_needed(course, course.assignment("ps"), Paths(root))
    assert list(json.loads(Paths(root).cell_tests("ps/two words").read_text())) == ["test-it"]
    assert (root / "assignments" / "ps" / "one.ipynb").read_bytes() == before
    with Gradebook(Paths(root).gradebook_url) as gradebook:
        assert gradebook.find_assignment("ps").max_score == 12
