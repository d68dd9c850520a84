"""Whether a week can be graded at all: the same answer for every way in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from nbformat import NotebookNode

from autograder.course.folders import Paths, split_unit
from autograder.course.models import Course
from autograder.examination import Examination
from autograder.notebooks.reading import read_released
from autograder.notebooks.scripts import read_script
from autograder.options import Options
from autograder.problem import GradeError
from autograder.submissions.found import Submission, find_submissions
from autograder.submissions.keys import submission_key, week_fingerprint
from autograder.submissions.naming import Names
from autograder.submissions.records import read_record, record_path


def demand_released(paths: Paths, assignment: str) -> None:
    """Say in one sentence that a week has not been released, if so."""
    if not paths.released(assignment).is_file():
        week = split_unit(assignment)[0]
        raise GradeError(f"{assignment} has not been released yet: run `autograder release {week}` first.")


def demand_gradable(course: Course, paths: Paths, assignment: str) -> None:
    """Say in one sentence why a week cannot be graded, if so.

    Hidden tests inside cells would have to be put back where a submission can read them while they run.
    They are not; and without a suite nothing would be left of them but points for everybody.

    Where ``course.yml`` says that they stay there, they are, and the release has kept them for that.

    Raises:
        GradeError: it is not released, or has hidden tests inside its cells and no suite.
    """
    demand_released(paths, assignment)
    if course.assignment(assignment).hidden_tests == "cells":
        if not paths.cell_tests(assignment).is_file():
            week = split_unit(assignment)[0]
            raise GradeError(
                f"The hidden tests of {week} are not there: run `autograder release {week}`, which needs its "
                "solution."
            )
    elif not has_suite(paths, assignment) and (problem := hidden_tests_in_cells(paths, assignment)):
        raise GradeError(problem)


def hidden_tests_in_cells(paths: Paths, assignment: str) -> str:
    """What is wrong with hidden tests inside cells, in one sentence; empty if there are none."""
    if not holds_hidden_tests(paths, assignment):
        return ""
    why = "are never run" if has_suite(paths, assignment) else "a submission could read"
    return (
        f"{assignment} has hidden tests inside its cells, which {why}: "
        f"move them to tests/hidden/{assignment}/test_hidden.py and release the week again, or say "
        "`hidden_tests: cells` in course.yml and know what that means (docs/moving-in.md)."
    )


def has_suite(paths: Paths, assignment: str) -> bool:
    """Whether the week has a suite; without one its visible checks decide, as they would for nbgrader."""
    return any(paths.suite(assignment).glob("test_*.py"))


def holds_hidden_tests(paths: Paths, assignment: str) -> bool:
    """Whether the week's own notebook has regions of hidden tests, which are not in what students get.

    What begins such a region is nbgrader's to say: any line with the configured words in it.
    """
    from nbgrader.preprocessors import ClearHiddenTests

    from autograder.course.nbgrader import nbgrader_config

    config = nbgrader_config(paths.root)
    begins = ClearHiddenTests(config=config).begin_test_delimeter
    sources = {paths.source, paths.root / config.CourseDirectory.get("source_directory", "source")}
    return any(
        cell.cell_type == "code" and begins in cell.source
        for notebook in _notebooks(paths, assignment, sources)
        for cell in notebook.cells
    ) or any(begins in text for text in _kept_by_nbgrader(paths, assignment))


def _notebooks(paths: Paths, assignment: str, sources: Iterable[Path]) -> Iterator[NotebookNode]:
    """The week's notebook with its solutions, as the author wrote it and as nbgrader reads it."""
    solution = paths.solution(assignment)
    try:
        if solution.is_file():
            yield read_script(solution.read_text(encoding="utf-8"))
        for source in sources:
            folder, notebook = split_unit(assignment)
            for path in sorted((source / folder).glob(f"{notebook if folder != assignment else '*'}.ipynb")):
                yield read_released(path)
    except (OSError, ValueError) as error:
        raise GradeError(
            f"The notebook of {assignment} cannot be read ({error}): release the week again."
        ) from None


def _kept_by_nbgrader(paths: Paths, assignment: str) -> list[str]:
    """Sources of the code cells that nbgrader's own autograde would put back, hidden tests and all."""
    from nbgrader.api import Assignment, Notebook, SourceCell
    from sqlalchemy import select

    from autograder.course.nbgrader import gradebook_url, has_gradebook, nbgrader_config, open_gradebook

    if not has_gradebook(paths):
        return []
    with open_gradebook(gradebook_url(paths, nbgrader_config(paths.root))) as gradebook:
        rows = gradebook.db.scalars(
            select(SourceCell.source)
            .join(Notebook, Notebook.id == SourceCell.notebook_id)
            .join(Assignment, Assignment.id == Notebook.assignment_id)
            .where(Assignment.name == split_unit(assignment)[0], SourceCell.cell_type == "code")
        )
        return [text for text in rows if text]


def current_records(course: Course, paths: Paths, week: str) -> dict[str, Examination]:
    """Each student's examination: of what lies in ``submitted/`` now, or else the last one there is.

    Misconceptions are in the words of today.
    """
    found = {}
    names = Names.of(paths, week)
    for submission in prepare(course, paths, week, Options()):
        known = read_record(record_path(paths, week, submission.student, submission.key))
        known = known or last_record(paths, week, submission.student)
        if known is not None:
            found[submission.student] = names.told(known)
    return found


def last_record(paths: Paths, week: str, student: str) -> Examination | None:
    """The student's examination that was made last."""
    folder = paths.records / week / student
    records = [read_record(path) for path in sorted(folder.glob("*.json"))]
    return max((r for r in records if r is not None), key=lambda record: record.graded_at, default=None)


def prepare(course: Course, paths: Paths, assignment: str, options: Options) -> list[Submission]:
    """The week's submissions with their keys; raises if the week cannot be graded."""
    course.assignment(assignment)
    demand_gradable(course, paths, assignment)
    fingerprint = week_fingerprint(course, paths, assignment, options)
    return [
        replace(s, key=submission_key(fingerprint, s.raw, s.problem))
        for s in find_submissions(paths, assignment, options.students)
    ]
