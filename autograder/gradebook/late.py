"""What lateness costs: the rules of ``course.yml`` as nbgrader's late plugin."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from nbgrader import api
from nbgrader.plugins import BasePlugin
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import select
from traitlets import Unicode

from autograder.course.folders import Paths
from autograder.course.models import Course
from autograder.course.nbgrader import gradebook_url, nbgrader_config, open_gradebook
from autograder.course.reading import load_course
from autograder.wording.policy import own_due


def days_late(
    course: Course,
    week: str,
    student: str,
    due: dt.datetime,
    submitted: dt.datetime,
    extension: dt.timedelta | None = None,
) -> int:
    """Days begun after the student's own due date, grace and extensions considered.

    Args:
        course: its late policy and time zone.
        week: the assignment.
        student: who handed in.
        due: everybody's due date, time zone aware like all times here.
        submitted: when the submission was handed in.
        extension: what nbgrader's gradebook grants; of two extensions the longer one counts.
    """
    theirs = own_due(course, week, student, due=due, extension=extension)
    return course.late.days(theirs, submitted, course.zone)


class LatePenalty(BasePlugin):  # type: ignore[misc]
    """nbgrader's late plugin for the rules of ``course.yml``.

    nbgrader tells a plugin only by how many seconds a submission is late. Days of the calendar and
    extensions need its time and its assignment too: these are the owner's, an ``AssignLatePenalties``
    with ``assignment_id`` and an open ``gradebook``.
    """

    root = Unicode(".", help="the folder of course.yml").tag(config=True)

    _course: Course | None = None

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float | None:
        """Points to take off; None where nothing is taken off."""
        if self._course is None:
            self._course = load_course(Path(self.root))
        week = self.parent.assignment_id
        submission = self.parent.gradebook.find_submission(week, student_id)
        days = days_late(
            self._course,
            week,
            student_id,
            submission.assignment.duedate.replace(tzinfo=dt.UTC),
            submission.timestamp.replace(tzinfo=dt.UTC),
            submission.extension,
        )
        return self._course.late.deducted(score, days) or None


def settle(course: Course, paths: Paths) -> int:
    """Bring all late penalties in the gradebook up to date; returns how many were not.

    nbgrader reckons a penalty once, when a submission is graded automatically. Points that a person gives
    later, and extensions granted later, change it.
    """
    config = nbgrader_config(paths.root)
    gradebook = open_gradebook(gradebook_url(paths, config), course.id)
    changed = 0
    with gradebook:
        for assignment in gradebook.assignments:
            late = AssignLatePenalties(config=config)
            late.assignment_id, late.gradebook = assignment.name, gradebook
            late.init_plugin()
            rows = gradebook.db.scalars(
                select(api.SubmittedAssignment)
                .where(api.SubmittedAssignment.assignment_id == assignment.id)
                .where(api.SubmittedAssignment.timestamp.is_not(None))
            ).all()
            for submission in rows if assignment.duedate is not None else ():
                seconds = submission.total_seconds_late
                for notebook in submission.notebooks:
                    penalty = None
                    if seconds > 0:
                        score = notebook.score
                        penalty = late.plugin_inst.late_submission_penalty(
                            submission.student_id, score, seconds
                        )
                        penalty = None if penalty is None else min(max(penalty, 0.0), score)
                    if notebook.late_submission_penalty != penalty:
                        notebook.late_submission_penalty = penalty
                        changed += 1
        gradebook.db.commit()
    return changed
