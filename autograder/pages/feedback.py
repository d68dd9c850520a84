"""Examination → one HTML page for the student: what was asked, what came back, and what may be behind it.

Rendering is pure: :func:`render_feedback` turns a record into a page and touches nothing else. First a
view is made (:mod:`autograder.pages.view`), which holds only what may be told; then the template shows it.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence
from pathlib import Path

from nbformat import NotebookNode

from autograder.course.folders import Paths, split_unit
from autograder.course.models import Course, Level
from autograder.course.reading import load_course
from autograder.examination import Examination, Status
from autograder.messages import Language
from autograder.notebooks.reading import read_released
from autograder.pages.page import make_page
from autograder.pages.render import render
from autograder.pages.view import Marks
from autograder.wording.policy import feedback_level
from autograder.wording.words import word

PAGE = "feedback.html"


def render_feedback(
    examination: Examination,
    course: Course,
    level: Level,
    language: Language,
    released: NotebookNode,
    *,
    marks: Marks | None = None,
    self_check: bool = False,
    previous: Examination | None = None,
) -> str:
    """The page: one file that needs no other, runs nothing of a stranger's and asks nobody.

    Args:
        examination: the record; its texts are a stranger's.
        course: for titles and the time zone.
        level: how much is told.
        language: of the page.
        released: the assignment as students got it, for its headings and the names of parameters.
        marks: what a person decided.
        self_check: only public tests were run, on the student's own machine.
        previous: the record of the attempt before, if there was one.
    """
    view = make_page(
        examination,
        course,
        level,
        language,
        released,
        marks or Marks(),
        self_check=self_check,
        previous=previous,
    )
    return render(
        "feedback.html.j2", language=view.language, page=view, w=functools.partial(word, language=language)
    )


# Files


def write_feedback(
    root: Path,
    week: str,
    language: Language | None = None,
    students: Sequence[str] = (),
    *,
    now: dt.datetime | None = None,
) -> list[Path]:
    """Write ``feedback/<student>/<week>/feedback.html`` from each submission's newest record.

    What a person gave in formgrader counts, and the level is that of the student's own due date.

    Args:
        root: the course's folder.
        week: the assignment.
        language: of the pages; that of the course if None.
        students: only these; everybody if empty.
        now: time zone aware, for the level; the present if None.

    Raises:
        GradeError: there is nothing to write yet.
        CourseError: the course has no such week.
    """
    from autograder.files import write_atomically
    from autograder.problem import GradeError
    from autograder.submissions.week import current_records  # with it comes nbgrader, which takes seconds

    course, paths = load_course(root), Paths(root)
    course.assignment(week)
    now = now or dt.datetime.now(dt.UTC)
    records = current_records(course, paths, week)
    missing = sorted(set(students) - records.keys())
    if missing or not records:
        who = f" for {', '.join(missing)}" if missing else ""
        raise GradeError(f"There are no results of {week} yet{who}: run `autograder grade {week}` first.")
    released = read_released(paths.released(week))
    marks = read_marks(course, paths, week)
    written = []
    for student, examination in sorted(records.items()):
        if students and student not in students:
            continue
        given = marks.get(student, Marks())
        level = feedback_level(course, week, student, now, extension=given.extension)
        page = render_feedback(
            examination,
            course,
            level,
            language or course.language,
            released,
            marks=given,
            previous=previous_attempt(paths, examination),
        )
        path = paths.feedback / student / week / PAGE
        write_atomically(path, page.encode("utf-8", "replace"))
        written.append(path)
    return written


def previous_attempt(paths: Paths, examination: Examination) -> Examination | None:
    """The newest record of another notebook that the student handed in before; None if there is none.

    A notebook that was graded again, by another kit or with another suite, is no further attempt.
    """
    from autograder.submissions.records import read_record

    folder = paths.records / examination.assignment / examination.student
    earlier = [
        record
        for record in map(read_record, folder.glob("*.json"))
        if record is not None
        and record.status is Status.GRADED
        and record.graded_at < examination.graded_at
        and record.notebook != examination.notebook
    ]
    return max(earlier, key=lambda record: record.graded_at, default=None)


def read_marks(course: Course, paths: Paths, week: str) -> dict[str, Marks]:
    """What people gave for a week, by student; nothing if there is no gradebook yet."""
    from nbgrader import api
    from sqlalchemy import select, true

    from autograder.course.nbgrader import gradebook_url, has_gradebook, nbgrader_config, open_gradebook
    from autograder.gradebook.grades import ExportError
    from autograder.gradebook.reading import read_grades

    if not has_gradebook(paths):
        return {}
    try:
        grades = read_grades(course, paths, [week]).grades
    except ExportError:
        return {}
    comments: dict[str, dict[str, str]] = {}
    notebook = split_unit(week)[1]
    with open_gradebook(gradebook_url(paths, nbgrader_config(paths.root)), course.id) as gradebook:
        rows = gradebook.db.execute(
            select(api.SubmittedAssignment.student_id, api.BaseCell.name, api.Comment.manual_comment)
            .select_from(api.Comment)
            .join(api.BaseCell, api.BaseCell.id == api.Comment.cell_id)
            .join(api.SubmittedNotebook, api.SubmittedNotebook.id == api.Comment.notebook_id)
            .join(api.SubmittedAssignment, api.SubmittedAssignment.id == api.SubmittedNotebook.assignment_id)
            .join(api.Assignment, api.Assignment.id == api.SubmittedAssignment.assignment_id)
            .join(api.Notebook, api.Notebook.id == api.SubmittedNotebook.notebook_id)
            .where(api.Assignment.name == split_unit(week)[0])
            .where(api.Notebook.name == notebook if notebook != week else true())
            .where(api.Comment.manual_comment.is_not(None))
        )
        for student, cell, text in rows:
            if text.strip():
                comments.setdefault(student, {})[cell] = text
    return {
        student: Marks(
            points={name: points for name, points in grade.cells.items() if points is not None},
            comments=comments.get(student, {}),
            penalty=grade.penalty,
            extension=grade.extension,
        )
        for (student, name), grade in grades.items()
        if name == week
    }
