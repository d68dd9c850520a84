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
from autograder.wording.policy import Next, feedback_level
from autograder.wording.text import one_line
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


def render_later(
    course: Course, week: str, student: str, due: Next, language: Language, handed_in: dt.datetime | None
) -> str:
    """The page on a submission of which the student is told nothing yet, but when that will be.

    Args:
        course: for titles, settings and the time zone.
        week: the assignment.
        student: name of the folder.
        due: when, and what it waits for.
        language: of the page.
        handed_in: when that was, naive UTC as nbgrader keeps it; None if nothing says so.
    """
    say = functools.partial(word, language=language)

    def told(moment: dt.datetime | None) -> str:
        return f"{moment.astimezone(course.zone):%Y-%m-%d %H:%M} ({course.timezone})" if moment else ""

    attempts = course.assignment(week).feedback.attempts
    return render(
        "later.html.j2",
        language=language.value,
        course=course.title.in_(language),
        title=course.assignment(week).title.in_(language),
        student=one_line(student, 80),
        handed_in=told(handed_in.replace(tzinfo=dt.UTC) if handed_in else None),
        said=(say("kept"), say(f"kept-{due.why}", time=told(due.at), count=attempts), say("kept-last")),
        w=say,
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
        page = own_page(examination, course, paths, released, marks.get(student, Marks()), now, language)
        path = paths.feedback / student / week / PAGE
        write_atomically(path, page)
        written.append(path)
    return written


def own_page(
    examination: Examination,
    course: Course,
    paths: Paths,
    released: NotebookNode,
    marks: Marks,
    now: dt.datetime,
    language: Language | None = None,
) -> bytes:
    """The student's page, which tells what the student may be told at ``now``.

    Args:
        examination: the record.
        course: for titles, dates and levels.
        paths: where the records of earlier attempts are.
        released: the assignment as students got it.
        marks: what people gave the student.
        now: time zone aware.
        language: of the page; that of the course if None.
    """
    week, student = examination.assignment, examination.student
    page = render_feedback(
        examination,
        course,
        feedback_level(course, week, student, now, extension=marks.extension),
        language or course.language,
        released,
        marks=marks,
        previous=previous_attempt(paths, examination),
    )
    return page.encode("utf-8", "replace")


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


def read_marks(course: Course, paths: Paths, week: str, student: str = "") -> dict[str, Marks]:
    """What people gave for a week, by student; nothing if there is no gradebook yet.

    Args:
        course: the course.
        paths: its files.
        week: the assignment.
        student: only this one; everybody if empty.
    """
    from nbgrader import api
    from sqlalchemy import select, true

    from autograder.course.nbgrader import gradebook_url, has_gradebook, nbgrader_config, open_gradebook
    from autograder.gradebook.grades import ExportError
    from autograder.gradebook.reading import read_grades

    if not has_gradebook(paths):
        return {}
    try:
        grades = read_grades(course, paths, [week], student).grades
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
            .where(api.SubmittedAssignment.student_id == student if student else true())
        )
        for who, cell, text in rows:
            if text.strip():
                comments.setdefault(who, {})[cell] = text
    return {
        who: Marks(
            points={name: points for name, points in grade.cells.items() if points is not None},
            comments=comments.get(who, {}),
            penalty=grade.penalty,
            extension=grade.extension,
        )
        for (who, name), grade in grades.items()
        if name == week
    }
