"""A course from nothing: sound at once, in one language or two, and good for a term from then on."""

from __future__ import annotations

import re
import shutil
import textwrap
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.authoring.languages import untranslated
from autograder.authoring.new_course import WEEK, NewCourseError, new_course
from autograder.authoring.release import ReleaseError, release
from autograder.authoring.verify import verify
from autograder.cli import app
from autograder.course.folders import CourseError, Paths
from autograder.course.models import Course
from autograder.course.reading import load_course
from autograder.examiner.mutants import load_mutants
from autograder.grading.grade import grade
from autograder.messages import Language
from autograder.notebooks.metadata import grade_id
from autograder.notebooks.reading import read_submission
from autograder.notebooks.scripts import dump, read_script
from autograder.options import Options
from autograder.pages.feedback import write_feedback

REPOSITORY = Path(__file__).parents[2]
HANGUL = re.compile("[가-힣]")


def hand_in(root: Path, student: str, source: str) -> None:
    paths = Paths(root)
    notebook = read_submission(paths.released(WEEK).read_bytes())
    for cell in notebook.cells:
        if grade_id(cell) == "scale":
            cell.source = source
    path = paths.submission(student, WEEK)
    path.parent.mkdir(parents=True)
    path.write_bytes(dump(notebook))


@pytest.mark.slow
@pytest.mark.parametrize("language", [None, *Language])
def test_a_new_course_is_sound_and_grades(tmp_path: Path, language: Language | None) -> None:
    root = tmp_path / "my course"
    made = new_course(root, language)
    assert all(path.is_file() for path in made)
    (report,) = verify(root, fast=True)
    assert not report.complaints
    assert (report.points, report.killed, report.accepted) == (100, 1, 1)
    wrong = "def scale(values):\n    return values / np.max(values)\n"
    hand_in(root, "right", "def scale(values):\n    return (values - np.min(values)) / np.ptp(values)\n")
    hand_in(root, "wrong", wrong)
    tally = grade(root, WEEK, Options())
    assert [(e.student, e.points) for e in tally.examinations] == [
        ("right", 100),
        ("wrong", pytest.approx(100 / 3)),
    ]
    pages = [path.read_text(encoding="utf-8") for path in write_feedback(root, WEEK)]
    said = "가장 작은 값은 쓰지 않습니다" if language is Language.KO else "leaves out the smallest"
    assert said in pages[1]


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("english") / "course"
    new_course(root, Language.EN)
    return root


@pytest.fixture(scope="module")
def korean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("korean") / "course"
    new_course(root, Language.KO)
    return root


def texts(root: Path) -> dict[str, str]:
    files = [path for path in root.rglob("*") if path.is_file() and path.suffix in (".py", ".yml", ".ipynb")]
    return {path.name: path.read_text(encoding="utf-8") for path in files if ".autograder" not in path.parts}


def test_a_course_in_english_has_no_korean(english: Path) -> None:
    assert not [name for name, text in texts(english).items() if HANGUL.search(text)]


def test_a_course_in_korean_has_no_english_prose(korean: Path) -> None:
    found = texts(korean)
    notebook = read_submission(found[f"{WEEK}.ipynb"].encode())
    assert all(HANGUL.search(cell.source) for cell in notebook.cells if cell.cell_type == "markdown")
    assert "값을 0에서 1까지의 범위로 옮깁니다." in found[f"{WEEK}.ipynb"]
    assert all("\n\n    " not in doc for doc in re.findall(r'"""(.+?)"""', found["test_hidden.py"], re.S))
    (mutant,) = load_mutants(Paths(korean).suite(WEEK))
    assert mutant.hint.en == mutant.hint.ko == "가장 작은 값은 무엇이 되어야 하고, 지금은 무엇이 되나요?"


def complaints(course: Course, root: Path) -> list[str]:
    paths = Paths(root)
    solution = read_script(paths.solution(WEEK).read_text(encoding="utf-8"))
    return list(untranslated(course, paths, WEEK, solution, load_mutants(paths.suite(WEEK))))


def test_what_one_language_lacks_is_said_where_the_course_has_two(english: Path) -> None:
    course = load_course(english)
    assert complaints(course, english) == []
    both = course.model_copy(update={"languages": tuple(Language)})
    said = complaints(both, english)
    assert (
        said[0] == f"solutions/{WEEK}.py: the prose cell '# Scaling' needs exactly one of the tags en and ko."
    )
    docstring = "the docstring of test_scale_starts_anywhere is in one language; write a paragraph in English"
    assert any(docstring in one and f"tests/hidden/{WEEK}/test_hidden.py, line 14:" in one for one in said)
    assert any(one.endswith("has its hint in one language; write `hint: { en: …, ko: … }`.") for one in said)


def test_an_assertion_in_one_language_is_named(english: Path, tmp_path: Path) -> None:
    root = shutil.copytree(english, tmp_path / "course")
    suite = Paths(root).suite(WEEK)
    sentences = 'assert x, "no"\n\n\nassert y\nexpect(x, "no", "아니요")\n'
    (suite / "conftest.py").write_text(f"def two(x, y):\n{textwrap.indent(sentences, '    ')}", "utf-8")
    course = load_course(root)
    assert complaints(course, root) == []
    both = complaints(course.model_copy(update={"languages": tuple(Language)}), root)
    own, suites = [one for one in both if "assert" in one]
    assert own == (
        f"tests/hidden/{WEEK}/conftest.py, line 2: the message of an assert is in one language; "
        "write `expect(condition, English, Korean)`, from autograder.testing."
    )
    assert suites.startswith(f"tests/hidden/{WEEK}/test_hidden.py, line ")  # that of a course in one language


def test_a_cell_of_another_language_is_named(english: Path, tmp_path: Path) -> None:
    root = shutil.copytree(english, tmp_path / "course")
    solution = Paths(root).solution(WEEK)
    solution.write_text(solution.read_text() + '\n# %% [markdown] tags=["ko"]\n# 안녕\n', encoding="utf-8")
    (said,) = complaints(load_course(root), root)
    assert "the cell '안녕' has the tag of a language that course.yml does not name" in said


def test_only_the_courses_languages_are_released(english: Path) -> None:
    course = load_course(english)
    with pytest.raises(ReleaseError, match="has only en in `languages`: add ko there first"):
        release(course, course.assignments[0], Paths(english), Language.KO)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("language: ko\nlanguages: [en]\n", "line 3: languages lacks ko, the language of the notebooks."),
        ("languages: []\n", "line 2: languages"),
        ("languages: [en, fr]\n", "line 2: languages.1 has to be 'en' or 'ko', not 'fr'."),
    ],
)
def test_languages_that_cannot_be(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "course.yml").write_text(f"title: A course\n{text}assignments: []\n", encoding="utf-8")
    with pytest.raises(CourseError, match=re.escape(said)):
        load_course(tmp_path)


def test_nothing_that_is_there_is_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(NewCourseError, match="exists already: name a folder that is empty or not there yet"):
        new_course(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    new_course(tmp_path, Language.EN)
    assert load_course(tmp_path).names == (WEEK,)


def test_the_command_names_the_files(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["init", str(tmp_path / "c"), "--language", "en"])
    assert done.exit_code == 0
    assert f"{tmp_path}/c/assignments/{WEEK}/{WEEK}.ipynb" in done.output.split()


def test_the_configuration_is_this_courses_own() -> None:
    template = REPOSITORY / "autograder" / "authoring" / "nbgrader_config.txt"
    assert template.read_text(encoding="utf-8") == (REPOSITORY / "nbgrader_config.py").read_text(
        encoding="utf-8"
    )
