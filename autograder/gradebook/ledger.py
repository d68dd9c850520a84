"""Examination → nbgrader's gradebook and the graded notebook that nbgrader expects beside it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from nbformat import NotebookNode
from nbgrader import api
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import load_only

from autograder.course.folders import Paths, split_unit
from autograder.course.models import Course
from autograder.course.nbgrader import (
    GradebookError,
    explained,
    gradebook_url,
    nbgrader_config,
    open_gradebook,
)
from autograder.examination import Examination
from autograder.gradebook.graded_notebook import (
    automatic_scores,
    examined_notebook,
    pending,
    put_outputs,
    same_work,
)
from autograder.gradebook.grades import Given
from autograder.notebooks.metadata import (
    grade_id,
    is_answered,
    is_solution,
)
from autograder.notebooks.reading import read_released
from autograder.submissions.found import can_be_id
from autograder.submissions.timestamps import read_timestamp
from autograder.wording.policy import feedback_level


@dataclass(frozen=True)
class _Assignment:
    """Ids of an assignment in the database: notebook → its cells by name."""

    id: str
    duedate: dt.datetime | None
    graded: dict[str, dict[str, str]]  # notebook id → cell name → cell id, for grades
    commented: dict[str, dict[str, str]]  # the same for comments
    notebook: str  # id of the notebook that is examined


def granted_extensions(gradebook: api.Gradebook, assignment: str) -> dict[str, dt.timedelta]:
    """The extensions that people granted in nbgrader's gradebook, by student."""
    rows = gradebook.db.execute(
        select(api.SubmittedAssignment.student_id, api.SubmittedAssignment.extension)
        .join(api.Assignment, api.Assignment.id == api.SubmittedAssignment.assignment_id)
        .where(api.Assignment.name == assignment, api.SubmittedAssignment.extension.is_not(None))
    )
    return dict(rows.all())


class Ledger:
    """The gradebook and the graded notebooks of one assignment, open for a class of recordings.

    Args:
        course: the course.
        paths: its files.
        assignment: the week.
        now: time zone aware, for what students are told; the present if None.

    Attributes:
        extensions: what the gradebook granted when it was opened, by student.
    """

    def __init__(self, course: Course, paths: Paths, assignment: str, now: dt.datetime | None = None) -> None:
        self._course = course
        self._paths = paths
        self._name = assignment
        self._week, notebook = split_unit(assignment)
        self._now = now or dt.datetime.now(dt.UTC)
        self._released = _released(paths.released(assignment))
        config = nbgrader_config(paths.root)
        self._url = gradebook_url(paths, config)
        self._gradebook = open_gradebook(self._url, course.id)
        self._late = AssignLatePenalties(config=config)
        # What nbgrader's own run sets too: plugins ask for more than they are told.
        self._late.assignment_id, self._late.gradebook = self._week, self._gradebook
        self._late.init_plugin()
        try:
            with explained(self._url):
                self._assignment = _assignment(self._gradebook, self._week, notebook)
            self.extensions = self.read_extensions()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._gradebook.close()

    def read_extensions(self) -> dict[str, dt.timedelta]:
        """What the gradebook grants now, by student."""
        with explained(self._url):
            try:
                return granted_extensions(self._gradebook, self._week)
            finally:
                self._gradebook.db.rollback()

    def record(self, examination: Examination) -> dict[str, Given]:
        """Write one examined submission: its grades in one transaction, and its graded notebook.

        What people have entered (manual scores, comments, extra credit, extensions) stays. A grade that a
        person gave is marked for another look if the automatic score or the notebook has changed since.

        Returns:
            what people gave, by grade id.
        """
        student = examination.student
        if not can_be_id(student):
            raise GradebookError(f"{student!r} cannot be a student's id: it is not a folder's name.")
        merged = examined_notebook(examination, self._released)
        extension = self.extensions.get(student)
        level = feedback_level(self._course, self._name, student, self._now, extension=extension)
        graded = put_outputs(merged, examination, level, self._course.language)
        submitted_at = read_timestamp(self._paths.submission(student, self._name).parent)
        path = self._paths.graded(student, self._name)
        session = self._gradebook.db
        with explained(self._url), pending(path, graded, submitted_at):
            try:
                try:
                    given = self._write(session, examination, graded, submitted_at, path)
                    session.commit()
                except IntegrityError:  # nbgrader has just added the same rows: they are there now
                    session.rollback()
                    session.expunge_all()
                    given = self._write(session, examination, graded, submitted_at, path)
                    session.commit()
            except BaseException:
                session.rollback()
                raise
            finally:
                session.expunge_all()
        return given

    def _write(
        self,
        session: Any,
        examination: Examination,
        notebook: NotebookNode,
        submitted_at: dt.datetime | None,
        path: Path,
    ) -> dict[str, Given]:
        """Bring the rows up to date, without committing; what people gave."""
        assignment = self._assignment
        submission = self._submission(session, examination.student)
        if submitted_at is not None:
            submission.timestamp = submitted_at
        automatic = automatic_scores(examination, notebook)
        unknown = set(automatic) - set(assignment.graded[assignment.notebook])
        if unknown:
            raise GradebookError(
                f"The gradebook does not know these cells of {examination.assignment}: "
                f"{', '.join(sorted(unknown))}; release {self._week} again."
            )
        kept = (api.Grade.auto_score, api.Grade.manual_score, api.Grade.extra_credit)
        rows = session.scalars(
            select(api.Grade)
            .where(api.Grade.notebook_id == self._notebook(session, submission.id))
            .where(api.Grade.cell_id.in_(assignment.graded[assignment.notebook].values()))
            .options(load_only(api.Grade.cell_id, api.Grade.needs_manual_grade, *kept, raiseload=True))
        )
        grades = {grade.cell_id: grade for grade in rows}
        same = None
        total = 0.0
        people: dict[str, Given] = {}
        for name, cell_id in assignment.graded[assignment.notebook].items():
            grade, score = grades[cell_id], automatic.get(name)
            if grade.manual_score is None:
                grade.needs_manual_grade = score is None
            else:
                if same is None:
                    same = same_work(path, notebook)
                if not same or grade.auto_score != score:
                    grade.needs_manual_grade = True
            grade.auto_score = score
            given = score if grade.manual_score is None else grade.manual_score
            counts = (given or 0.0) + (0.0 if given is None else grade.extra_credit or 0.0)
            total += counts
            if grade.manual_score is not None or (grade.extra_credit and given is not None):
                people[name] = Given(counts, again=bool(grade.needs_manual_grade))
        self._comments(session, submission.id, notebook)
        self._penalty(session, submission, examination.student, total)
        return people

    def _submission(self, session: Any, student: str) -> Any:
        """The submission's row, and all rows below it if it is new, as nbgrader's ``add_submission`` does."""
        assignment = self._assignment
        submission = session.scalars(
            select(api.SubmittedAssignment).where(
                api.SubmittedAssignment.assignment_id == assignment.id,
                api.SubmittedAssignment.student_id == student,
            )
        ).one_or_none()
        if submission is None:
            if session.get(api.Student, student) is None:
                session.add(api.Student(id=student))
            submission = api.SubmittedAssignment(
                id=api.new_uuid(), assignment_id=assignment.id, student_id=student
            )
            session.add(submission)
        present = set(
            session.scalars(
                select(api.SubmittedNotebook.notebook_id).where(
                    api.SubmittedNotebook.assignment_id == submission.id
                )
            )
        )
        for notebook in assignment.graded.keys() - present:
            row = api.SubmittedNotebook(id=api.new_uuid(), assignment_id=submission.id, notebook_id=notebook)
            session.add(row)
            for cell in assignment.graded[notebook].values():
                session.add(api.Grade(id=api.new_uuid(), cell_id=cell, notebook_id=row.id))
            for cell in assignment.commented[notebook].values():
                session.add(api.Comment(id=api.new_uuid(), cell_id=cell, notebook_id=row.id))
        session.flush()
        return submission

    def _notebook(self, session: Any, submission: str) -> str:
        """Id of the submission's notebook.

        nbgrader's only index on grades and comments is by cell, then notebook: asked for both, the database
        finds a submission's rows at once; asked for the notebook alone, it reads the whole class's.
        """
        found: str = session.scalars(
            select(api.SubmittedNotebook.id)
            .where(api.SubmittedNotebook.assignment_id == submission)
            .where(api.SubmittedNotebook.notebook_id == self._assignment.notebook)
        ).one()
        return found

    def _comments(self, session: Any, submission: str, notebook: NotebookNode) -> None:
        """nbgrader's own remark on solution cells that were left as they were."""
        assignment = self._assignment
        untouched = {grade_id(cell) for cell in notebook.cells if is_solution(cell) and not is_answered(cell)}
        names = {cell: name for name, cell in assignment.commented[assignment.notebook].items()}
        rows = session.scalars(
            select(api.Comment)
            .where(api.Comment.notebook_id == self._notebook(session, submission))
            .where(api.Comment.cell_id.in_(assignment.commented[assignment.notebook].values()))
            .options(load_only(api.Comment.cell_id, api.Comment.auto_comment, raiseload=True))
        )
        for comment in rows:
            comment.auto_comment = "No response." if names.get(comment.cell_id) in untouched else None

    def _penalty(self, session: Any, submission: Any, student: str, total: float) -> None:
        """The late penalty, from nbgrader's plugin and within nbgrader's bounds."""
        assignment = self._assignment
        row = session.scalars(
            select(api.SubmittedNotebook)
            .where(api.SubmittedNotebook.assignment_id == submission.id)
            .where(api.SubmittedNotebook.notebook_id == assignment.notebook)
            .options(load_only(api.SubmittedNotebook.late_submission_penalty, raiseload=True))
        ).one()
        penalty = None
        if submission.timestamp is not None and assignment.duedate is not None:
            due = assignment.duedate + (submission.extension or dt.timedelta())
            late = (submission.timestamp - due).total_seconds()
            if late > 0:
                penalty = self._late.plugin_inst.late_submission_penalty(student, total, late)
        row.late_submission_penalty = None if penalty is None else min(max(penalty, 0.0), total)


def _released(path: Path) -> NotebookNode:
    try:
        return read_released(path)
    except (OSError, ValueError) as error:
        raise GradebookError(f"{path} cannot be read ({error}): release the assignment again.") from error


def _assignment(gradebook: api.Gradebook, week: str, notebook: str) -> _Assignment:
    try:
        found = gradebook.find_assignment(week)
    except api.MissingEntry:
        raise GradebookError(
            f"The gradebook does not know {week}: run `autograder release {week}` first."
        ) from None
    graded: dict[str, dict[str, str]] = {}
    commented: dict[str, dict[str, str]] = {}
    names = {notebook.id: notebook.name for notebook in found.notebooks}
    for row in found.notebooks:
        tasks = {cell.name: cell.id for cell in row.task_cells}
        graded[row.id] = tasks | {cell.name: cell.id for cell in row.grade_cells}
        commented[row.id] = tasks | {cell.name: cell.id for cell in row.solution_cells}
    examined = [key for key, title in names.items() if title == notebook] or list(names)
    if len(examined) != 1:
        raise GradebookError(f"The gradebook has no notebook called {notebook}: release {week} again.")
    known = _Assignment(found.id, found.duedate, graded, commented, examined[0])
    gradebook.db.rollback()
    gradebook.db.expunge_all()
    return known
