"""Grades from nbgrader's database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from nbgrader import api
from sqlalchemy import select, true

from autograder.course.folders import Paths
from autograder.course.models import Course
from autograder.course.nbgrader import gradebook_url, has_gradebook, nbgrader_config, open_gradebook
from autograder.gradebook import late
from autograder.gradebook.grades import Column, ExportError, Grade, Grades, Student


def read_grades(course: Course, paths: Paths, weeks: Sequence[str] = (), student: str = "") -> Grades:
    """Everybody's grades from nbgrader's gradebook.

    Late penalties are brought up to date in it first, unless only one student is asked for.

    Args:
        course: the course.
        paths: where its gradebook is.
        weeks: only these; all that have been graded if empty.
        student: only this one; everybody if empty.

    Raises:
        ExportError: nothing has been graded yet.
    """
    for week in weeks:
        course.assignment(week)
    if not has_gradebook(paths):
        raise ExportError("Nothing has been graded yet: run `autograder grade WEEK` first.")
    if not student:
        late.settle(course, paths)
    several = {week.name for week in course.assignments if week.notebooks}
    with open_gradebook(gradebook_url(paths, nbgrader_config(paths.root)), course.id) as gradebook:
        session = gradebook.db
        submitted = api.SubmittedAssignment
        theirs = submitted.student_id == student if student else true()
        rows: list[Sequence[Any]] = list(
            session.execute(
                select(
                    api.Assignment.name,
                    submitted.student_id,
                    submitted.timestamp,
                    submitted.extension,
                    submitted.score,
                    submitted.late_submission_penalty,
                    submitted.needs_manual_grade,
                )
                .join(api.Assignment, api.Assignment.id == submitted.assignment_id)
                .where(theirs)
            )
        )
        worth = dict(session.execute(select(api.Assignment.name, api.Assignment.max_score)).all())
        notebook = api.SubmittedNotebook
        parts = session.execute(
            select(
                api.Assignment.name,
                api.Notebook.name,
                submitted.student_id,
                submitted.timestamp,
                submitted.extension,
                notebook.score,
                notebook.late_submission_penalty,
                notebook.needs_manual_grade,
            )
            .select_from(notebook)
            .join(api.Notebook, api.Notebook.id == notebook.notebook_id)
            .join(submitted, submitted.id == notebook.assignment_id)
            .join(api.Assignment, api.Assignment.id == submitted.assignment_id)
            .where(api.Assignment.name.in_(several), theirs)
        ).all()
        # One notebook of several is graded, and so asked for, like an assignment of its own.
        rows += [(f"{week}/{name}", *rest) for week, name, *rest in parts]
        cells: dict[tuple[str, str], dict[str, float | None]] = {}
        for week, part, student, name, score, undecided in session.execute(
            select(
                api.Assignment.name,
                api.Notebook.name,
                submitted.student_id,
                api.BaseCell.name,
                api.Grade.score,
                api.Grade.needs_manual_grade,
            )
            .select_from(api.Grade)
            .join(api.BaseCell, api.BaseCell.id == api.Grade.cell_id)
            .join(api.SubmittedNotebook, api.SubmittedNotebook.id == api.Grade.notebook_id)
            .join(api.Notebook, api.Notebook.id == api.SubmittedNotebook.notebook_id)
            .join(submitted, submitted.id == api.SubmittedNotebook.assignment_id)
            .join(api.Assignment, api.Assignment.id == submitted.assignment_id)
            .where(theirs)
        ):
            unit = f"{week}/{part}" if week in several else week
            cells.setdefault((student, unit), {})[name] = None if undecided else float(score or 0.0)
        people = session.execute(
            select(
                api.Student.id,
                api.Student.first_name,
                api.Student.last_name,
                api.Student.email,
                api.Student.lms_user_id,
            )
        ).all()
    grades = {
        (student, week): Grade(
            points=float(score),
            penalty=float(penalty or 0.0),
            undecided=bool(undecided),
            submitted=None if at is None else at.replace(tzinfo=dt.UTC),
            extension=extension,
            cells=cells.get((student, week), {}),
        )
        for week, student, at, extension, score, penalty, undecided in rows
    }
    graded = {week for _, week in grades}
    weeks = [week.partition("/")[0] for week in weeks]
    chosen = tuple(
        Column(week.name, (week.title.en, week.title.ko), float(worth[week.name]), week.weight)
        for week in course.assignments
        if week.name in graded and (not weeks or week.name in weeks)
    )
    if missing := [week for week in weeks if week not in graded]:
        raise ExportError(f"{missing[0]} has no grades yet: run `autograder grade {missing[0]}` first.")
    if not chosen:
        raise ExportError("Nothing has been graded yet: run `autograder grade WEEK` first.")
    students = tuple(
        Student(
            folder,
            name=", ".join(part for part in (last, first) if part),
            email=email or "",
            canvas_id=lms_id or "",
        )
        for folder, first, last, email, lms_id in sorted(people)
    )
    return Grades(chosen, students, grades)
