"""A new week: what the command makes is sound, can be filled, released and graded."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from autograder.authoring.new_week import ScaffoldError, new_week
from autograder.authoring.release import release
from autograder.authoring.verify import verify
from autograder.course.folders import Paths
from autograder.course.reading import load_course
from autograder.examination import Text
from autograder.grading.grade import grade
from autograder.notebooks.metadata import grade_id
from autograder.notebooks.reading import read_submission
from autograder.notebooks.scripts import dump
from autograder.options import Options

REPOSITORY = Path(__file__).parents[2]
WEEK = "06_scaling"
TITLE = Text(en="Scaling: small and large", ko="범위 맞추기")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The course's own settings, without any week's files."""
    for name in ("course.yml", "nbgrader_config.py"):
        shutil.copy(REPOSITORY / name, tmp_path)
    return tmp_path


def hand_in(root: Path, student: str, source: str) -> None:
    paths = Paths(root)
    notebook = read_submission(paths.released(WEEK).read_bytes())
    for cell in notebook.cells:
        if grade_id(cell) == "scale":
            cell.source = source
    path = paths.submission(student, WEEK)
    path.parent.mkdir(parents=True)
    path.write_bytes(dump(notebook))


def replace(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, f"{path.name} has no {old!r}"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_a_new_week_is_sound_and_can_be_filled_released_and_graded(root: Path) -> None:
    made = new_week(root, WEEK, TITLE)
    assert all(path.is_file() for path in made)
    (report,) = verify(root, [WEEK])
    assert not report.complaints
    assert (report.points, report.mutants, report.killed, report.alternatives, report.accepted) == (
        *(100, 1, 1),
        *(1, 1),
    )

    # The instructor makes another task of it: from -1 to 1.
    paths = Paths(root)
    replace(
        paths.solution(WEEK),
        ("(values - smallest) / (largest - smallest)", "2 * (values - smallest) / (largest - smallest) - 1"),
        ("[0.0, 0.5, 1.0]", "[-1.0, 0.0, 1.0]"),
        ("from 0 to 1", "from -1 to 1"),
    )
    replace(paths.public_tests(WEEK), ("[0.0, 0.5, 1.0]", "[-1.0, 0.0, 1.0]"))
    replace(paths.suite(WEEK) / "test_hidden.py", ("[0.0, 0.2, 0.5, 1.0]", "[-1.0, -0.6, 0.0, 1.0]"))
    replace(paths.suite(WEEK) / "mutants.yml", ("values / np.max(values)", "2 * values / np.max(values) - 1"))
    replace(paths.suite(WEEK) / "alternatives.yml", ("[0.0, 1.0]", "[-1.0, 1.0]"))

    course = load_course(root)
    release(course, course.assignment(WEEK), paths)
    (report,) = verify(root, [WEEK])
    assert not report.complaints

    right = "    low, high = values.min(), values.max()\n    return (2 * values - low - high) / (high - low)"
    hand_in(root, "right", f"def scale(values):\n{right}")
    hand_in(root, "wrong", "def scale(values):\n    return values * 2 / values.max() - 1")
    good, wrong = grade(root, WEEK, Options(workers=1)).examinations
    assert (good.points, good.misconceptions) == (100, ())
    assert 0 < wrong.points < 100
    assert [found.mutant for found in wrong.misconceptions] == [f"{WEEK}-scale-forgets-the-smallest"]


def test_the_course_file_gets_one_entry_and_is_otherwise_as_it_was(root: Path) -> None:
    before = (root / "course.yml").read_text(encoding="utf-8")
    new_week(root, WEEK, TITLE)
    after = (root / "course.yml").read_text(encoding="utf-8")
    assert after.startswith(before)
    last, new = load_course(root).assignments[-2:]
    assert (new.name, new.title) == (WEEK, TITLE)
    assert (new.due - last.due).days == 7
    released = read_submission(Paths(root).released(WEEK).read_bytes())
    assert released.cells[0].source.startswith(f"# {TITLE.en}")


ONE = "name: one", "title: One", "release: 2027-03-01", "due: 2027-03-08"
LISTS = {
    "empty": "title: {en: x, ko: x}\nassignments: []\nlanguage: en  # of all\n",
    "no indentation": "title: {en: x, ko: x}\nassignments:\n- " + "\n  ".join(ONE) + " # late\n\n# end\n",
    "in the middle": "assignments:\n    - " + "\n      ".join(ONE) + "\n\n# then\ntitle: {en: x, ko: x}\n",
    "no last newline": "title: {en: x, ko: x}\nassignments:\n  - " + "\n    ".join(ONE),
    "from Windows": "title: {en: x, ko: x}\r\nassignments:\r\n  - " + "\r\n    ".join(ONE) + "\r\n",
    "text over lines": "title: {en: x, ko: x}\nassignments:\n  - "
    + "\n    ".join((*ONE[:1], *ONE[2:], "title: >\n      One", "\n# end\n")),
}


@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS)
def test_any_way_of_writing_the_list_is_kept(root: Path, text: str) -> None:
    (root / "course.yml").write_bytes(text.encode())
    new_week(root, WEEK, TITLE)
    after = (root / "course.yml").read_bytes().decode()
    kept = iter(after.splitlines())
    assert all(line in kept for line in text.replace(" []", "").splitlines()), after
    assert load_course(root).names[-1] == WEEK


@pytest.mark.parametrize("title", ["yes", "a: b", 'say "hi" # there', "A\n b", "@KO@"])
def test_any_title_is_read_as_itself(root: Path, title: str) -> None:
    new_week(root, WEEK, Text(en=title, ko=title))
    assert load_course(root).assignment(WEEK).title.en == " ".join(title.split())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("03_convolution", "already"),
        ("03_CONVOLUTION", "already"),
        ("../escape", "cannot be the name"),
        ("six weeks", "cannot be the name"),
        ("", "cannot be the name"),
        ("_hidden", "cannot be the name"),
        ("x" * 65, "cannot be the name"),
        ("07_taken", "exists already"),
        ("08_titleless", "title"),
    ],
)
def test_a_name_that_is_taken_or_none_is_refused_and_nothing_changes(
    root: Path, name: str, words: str
) -> None:
    (root / "solutions").mkdir()
    (root / "solutions" / "07_taken.py").touch()
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    title = Text(en="" if name == "08_titleless" else "Title", ko="제목")
    with pytest.raises(ScaffoldError, match=words) as refusal:
        new_week(root, name, title)
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).endswith(".")
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_assignments_in_brackets_are_left_to_the_instructor(root: Path) -> None:
    text = "title: {en: x, ko: x}\nassignments: [{" + ", ".join(ONE) + "}]\n"
    (root / "course.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ScaffoldError, match="brackets"):
        new_week(root, WEEK, TITLE)
    assert (root / "course.yml").read_text(encoding="utf-8") == text


def test_a_release_that_fails_leaves_no_trace(root: Path) -> None:
    (root / "nbgrader_config.py").write_text(
        "c = get_config()\nc.GenerateAssignment.preprocessors = ['nope.No']\n"
    )
    before = (root / "course.yml").read_bytes()
    with pytest.raises(Exception, match="nope"):
        new_week(root, WEEK, TITLE)
    assert (root / "course.yml").read_bytes() == before
    assert not Paths(root).solution(WEEK).exists()
    assert not Paths(root).suite(WEEK).exists()
