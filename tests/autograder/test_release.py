"""Release: what students get, made by nbgrader, complete or not at all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbgrader.api import Gradebook
from nbgrader.nbgraderformat import MetadataValidator

from autograder.authoring.release import ReleaseError, release
from autograder.course.folders import Paths
from autograder.course.models import Course
from autograder.messages import Language
from autograder.notebooks.metadata import grade_id, is_answered


def edit(paths: Paths, old: str, new: str) -> None:
    solution = paths.solution("small")
    text = solution.read_text(encoding="utf-8")
    assert old in text
    solution.write_text(text.replace(old, new), encoding="utf-8")


def test_students_get_the_stripped_notebook_and_the_public_tests(small: tuple[Course, Paths]) -> None:
    _, paths = small
    folder = paths.assignments / "small"
    assert sorted(file.name for file in folder.iterdir()) == ["small.ipynb", "test_public.py"]
    text = paths.released("small").read_text(encoding="utf-8")
    for hidden in ("secret", "model answer", "BEGIN", "END SOLUTION", "모범", "작은", "'hidden'"):
        assert hidden not in text
    assert 'raise NotImplementedError(\\"not implemented yet\\")' in text
    assert "YOUR ANSWER HERE" in text
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    MetadataValidator().validate_nb(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.language_info == {"name": "python"}
    assert not any(is_answered(cell) for cell in notebook.cells if grade_id(cell))


def test_the_course_folder_holds_nothing_else_of_it(small: tuple[Course, Paths]) -> None:
    _, paths = small
    assert sorted(file.name for file in paths.root.iterdir()) == sorted(
        [
            "course.yml",
            "nbgrader_config.py",
            "solutions",
            "tests",
            "assignments",
            "gradebook.db",
            ".autograder",
        ]
    )
    assert [file.name for file in paths.cache.iterdir()] == ["source"]


def test_releasing_again_gives_the_same_bytes_and_touches_nothing(small: tuple[Course, Paths]) -> None:
    course, paths = small
    before = paths.released("small").read_bytes()
    stamp = paths.released("small").stat().st_mtime_ns
    report = release(course, course.assignments[0], paths)
    assert not report.changed
    assert paths.released("small").stat().st_mtime_ns == stamp
    shutil.rmtree(paths.assignments)
    paths.gradebook.unlink()
    report = release(course, course.assignments[0], paths)
    assert report.changed
    assert paths.released("small").read_bytes() == before
    assert (report.cells, report.test_cells, report.manual_cells, report.points) == (6, 2, 1, 15)


def test_the_other_language_on_demand(small: tuple[Course, Paths]) -> None:
    course, paths = small
    report = release(course, course.assignments[0], paths, Language.KO)
    text = paths.released("small").read_text(encoding="utf-8")
    assert report.language is Language.KO
    assert "작은 걸음" in text
    assert "Small steps" not in text
    assert "모범" not in text


def test_the_gradebook_knows_the_week_as_nbgrader_enters_it(small: tuple[Course, Paths]) -> None:
    _, paths = small
    with Gradebook(paths.gradebook_url) as gradebook:
        assignment = gradebook.find_assignment("small")
        assert str(assignment.duedate) == "2027-03-07 14:59:00"  # 23:59 in Seoul, in UTC
        (notebook,) = assignment.notebooks
        assert {cell.name: cell.max_score for cell in notebook.grade_cells} == {
            "test-double": 4,
            "test-double-array": 6,
            "explain": 5,
        }
        assert {cell.name for cell in notebook.solution_cells} == {"double", "explain"}
        assert notebook.max_score == 15


def test_an_untouched_release_fails_with_its_own_words_only(small: tuple[Course, Paths]) -> None:
    _, paths = small
    notebook = nbformat.reads(paths.released("small").read_text(encoding="utf-8"), as_version=4)
    NotebookClient(notebook, allow_errors=True, timeout=60).execute()
    errors = [
        (output.ename, output.evalue)
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "error"
    ]
    assert set(errors) == {("NotImplementedError", "not implemented yet")}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"grade_id": "double"', '"grade_id": "setup"', "'setup' appears 2 times"),
        (
            "### BEGIN SOLUTION\n    secret",
            "### BEGIN SOLUTION\n    ### BEGIN SOLUTION\n    secret",
            "take turns",
        ),
        ("    ### END SOLUTION\n", "", "take turns"),
        ("import math", "### BEGIN SOLUTION\nimport math\n### END SOLUTION", "setup has a solution region"),
        ('"points": 4', '"pints": 4', "test-double is wrong"),
        ('"grade_id": "test-double", ', "", "is wrong"),
        ("    secret = 2\n", "    ### END SOLUTION\n", "take turns"),
        ("import math", "### END SOLUTION\nimport math", "setup has a solution region"),
    ],
)
def test_a_faulty_solution_is_one_clear_sentence_and_changes_nothing(
    small: tuple[Course, Paths], old: str, new: str, words: str
) -> None:
    course, paths = small
    before = paths.released("small").read_bytes()
    edit(paths, old, new)
    with pytest.raises(ReleaseError) as caught:
        release(course, course.assignments[0], paths)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "small" in str(caught.value)
    assert paths.released("small").read_bytes() == before
    assert not list(paths.cache.glob("build-*"))


def test_a_week_without_a_solution_says_so(unreleased: tuple[Course, Paths]) -> None:
    course, paths = unreleased
    paths.solution("small").unlink()
    with pytest.raises(ReleaseError, match=r"solutions/small\.py does not exist yet"):
        release(course, course.assignments[0], paths)


def test_points_may_change_after_a_release_and_a_suite_may_lack(small: tuple[Course, Paths]) -> None:
    course, paths = small
    edit(paths, '"points": 4', '"points": 7')
    shutil.rmtree(paths.suite("small"))
    report = release(course, course.assignments[0], paths)
    assert report.files == ("small.ipynb",)
    with Gradebook(paths.gradebook_url) as gradebook:
        assert gradebook.find_assignment("small").max_score == 18


def test_cells_cannot_come_and_go_once_submissions_are_graded(small: tuple[Course, Paths]) -> None:
    course, paths = small
    with Gradebook(paths.gradebook_url) as gradebook:
        gradebook.add_student("ada")
        gradebook.add_submission("small", "ada")
    edit(paths, '"grade_id": "test-double-array"', '"grade_id": "test-other"')
    with pytest.raises(ReleaseError, match="added, removed or renamed"):
        release(course, course.assignments[0], paths)


@pytest.mark.slow
def test_nbgraders_own_command_makes_the_same_cells(small: tuple[Course, Paths]) -> None:
    _, paths = small
    ours = json.loads(paths.released("small").read_bytes())
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run(
        [sys.executable, "-m", "nbgrader", "generate_assignment", "small", "--force"],
        cwd=paths.root,
        env=environment,
        check=True,
        capture_output=True,
    )
    theirs = json.loads(paths.released("small").read_bytes())
    assert [cell["source"] for cell in theirs["cells"]] == [cell["source"] for cell in ours["cells"]]
    assert [cell["metadata"] for cell in theirs["cells"]] == [cell["metadata"] for cell in ours["cells"]]
    assert paths.released_tests("small").is_file()
