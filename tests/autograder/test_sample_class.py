"""The sample class of week 3, graded for real: scores, reasons, nbgrader's view, and a second run."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from ruamel.yaml import YAML

from autograder.authoring.demo import WEEK, make_course
from autograder.authoring.sample import build_class
from autograder.course.folders import Paths
from autograder.examination import Examination
from autograder.grading.grade import Tally, grade
from autograder.options import Options
from autograder.show import remarks

REPOSITORY = Path(__file__).parents[2]
SUBMISSIONS = REPOSITORY / "tests" / "submissions" / WEEK
EXPECTED = YAML(typ="safe").load(SUBMISSIONS / "expected.yml")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_course(REPOSITORY, tmp_path_factory.mktemp("class") / "course")
    released = nbformat.read(Paths(folder).released(WEEK), as_version=4)
    build_class(SUBMISSIONS, released, Paths(folder).submitted, WEEK)
    return folder


@pytest.fixture(scope="module")
def tally(course: Path) -> Tally:
    return grade(course, WEEK)


@pytest.fixture(scope="module")
def by_student(tally: Tally) -> dict[str, Examination]:
    return {examination.student: examination for examination in tally.examinations}


def test_everybody_is_graded(tally: Tally) -> None:
    assert {examination.student for examination in tally.examinations} == set(EXPECTED)


@pytest.mark.parametrize("student", sorted(EXPECTED))
def test_scores_are_the_expected_ones_cell_by_cell(student: str, by_student: dict[str, Examination]) -> None:
    examination, expected = by_student[student], EXPECTED[student]
    lost = expected.get("lost", {})
    for score in examination.scores:
        if not score.manual:
            wanted = lost.get(score.grade_id, score.max_points)
            assert score.points == pytest.approx(wanted, abs=1e-4), score.grade_id
    assert examination.points == pytest.approx(expected["total"], abs=1e-4)


@pytest.mark.parametrize("student", sorted(EXPECTED))
def test_every_lost_point_has_a_reason(student: str, by_student: dict[str, Examination]) -> None:
    examination = by_student[student]
    said = "\n".join(remarks(examination))
    for score in examination.scores:
        if score.points is not None and score.points < score.max_points and not score.manual:
            assert score.grade_id in said or examination.status != "graded", score.grade_id


def test_misconceptions_are_named(by_student: dict[str, Examination]) -> None:
    flipped = {found.function: found.mutant for found in by_student["hong_gildong"].misconceptions}
    assert flipped["conv2d"] == "conv2d-flips-kernel"
    assert not by_student["kim_minji"].misconceptions


def test_stderr_costs_nothing(by_student: dict[str, Examination]) -> None:
    noisy = by_student["ada"]
    assert any(output.get("name") == "stderr" for cell in noisy.cells for output in cell.outputs), (
        "the sample is meant to be noisy"
    )
    assert all(score.points == score.max_points for score in noisy.scores if not score.manual)


def test_a_second_run_examines_nothing(course: Path, tally: Tally) -> None:
    again = grade(course, WEEK)
    assert again.fresh == 0
    assert [e.scores for e in again.examinations] == [e.scores for e in tally.examinations]


def test_one_worker_gives_the_same_scores_as_two(course: Path, tally: Tally) -> None:
    some = ("grace", "hong_gildong", "kim_minji", "choi_yujin")
    alone = grade(course, WEEK, Options(workers=1, force=True, students=some, gradebook=False))
    together = {e.student: e.scores for e in tally.examinations}
    assert {e.student: e.scores for e in alone.examinations} == {name: together[name] for name in some}


def nbgrader(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


def grades(folder: Path) -> dict[tuple[str, str], tuple[float | None, bool]]:
    """Automatic score and whether a person has to look, by student and cell, from the database itself."""
    query = """
        select submitted_assignment.student_id, base_cell.name, grade.auto_score, grade.needs_manual_grade
        from grade join base_cell on base_cell.id = grade.cell_id
        join submitted_notebook on submitted_notebook.id = grade.notebook_id
        join submitted_assignment on submitted_assignment.id = submitted_notebook.assignment_id
    """
    with sqlite3.connect(folder / "gradebook.db") as database:
        rows = database.execute(query).fetchall()
    return {(student, cell): (score, bool(manual)) for student, cell, score, manual in rows}


ONE_OF_EACH_KIND = ("ada", "bob", "choi_yujin", "eve", "hong_gildong", "im_soyeon", "kang_jiwoo")
"""Right, unreadable, in part, hostile, carried forward, renamed, endless: nbgrader takes one at a time."""


def test_nbgrader_autograde_gives_the_same_scores_cell_by_cell(
    course: Path, tally: Tally, tmp_path: Path
) -> None:
    other = make_course(REPOSITORY, tmp_path / "course")
    for student in ONE_OF_EACH_KIND:
        shutil.copytree(Paths(course).submitted / student, Paths(other).submitted / student)
    done = nbgrader(other, "autograde", WEEK)
    assert done.returncode == 0, done.stderr[-3000:]
    ours, theirs = grades(course), grades(other)
    assert {student for student, _ in theirs} == set(ONE_OF_EACH_KIND)
    for key, (score, manual) in ours.items():
        if key[0] not in ONE_OF_EACH_KIND:
            continue
        assert theirs[key] == (pytest.approx(score, abs=1e-6) if score is not None else None, manual), key


def test_nbgrader_finds_the_same_scores(course: Path, by_student: dict[str, Examination]) -> None:
    done = nbgrader(course, "export", "--to", "grades.csv")
    assert done.returncode == 0, done.stderr[-3000:]
    lines = (course / "grades.csv").read_text(encoding="utf-8").splitlines()
    columns = lines[0].split(",")
    rows = [dict(zip(columns, line.split(","), strict=False)) for line in lines[1:]]
    exported = {row["student_id"]: float(row["raw_score"]) for row in rows}
    for student, examination in by_student.items():
        assert exported[student] == pytest.approx(examination.points, abs=1e-4), student


def test_nbgrader_feedback_shows_what_was_checked(course: Path, tally: Tally) -> None:
    done = nbgrader(course, "generate_feedback", WEEK, "--student", "hong_gildong")
    assert done.returncode == 0, done.stderr[-3000:]
    page = (course / "feedback" / "hong_gildong" / WEEK / f"{WEEK}.html").read_text(encoding="utf-8")
    assert "wrong result" in page
    assert "passed" in page
