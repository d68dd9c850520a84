"""Who may be told what, and when: the one place that decides it.

Feedback page, graded notebook, exports and whoever else tells a student anything of an examination ask here,
by the student and the time. How it is said is none of this module's business.

======  =============================================================================================
level   what a student is told
======  =============================================================================================
none    points
names   + titles and verdicts of all tests, limits reached, cells of the notebook that did not end well
hints   + misconceptions with their hints, the curves of a training run; of public tests everything
full    everything
======  =============================================================================================
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from autograder.course.models import Course, Level
from autograder.examination import Examination, Misconception, TestOutcome, Text, Verdict

LEVELS: tuple[Level, ...] = ("none", "names", "hints", "full")


# When


def own_due(
    course: Course,
    week: str,
    student: str,
    *,
    due: dt.datetime | None = None,
    extension: dt.timedelta | None = None,
) -> dt.datetime:
    """The student's own due date; of two extensions the longer one counts.

    Args:
        course: its late policy, with the extensions in ``course.yml``.
        week: the assignment.
        student: name of the folder.
        due: everybody's due date where it is not that of ``course.yml``; time zone aware like all times here.
        extension: what nbgrader's gradebook, or another platform, grants.
    """
    due = course.assignment(week).due if due is None else due
    theirs = course.late.due(due, student, week, course.zone)
    if extension is None:
        return theirs
    return max(theirs, due.astimezone(dt.UTC) + extension, key=dt.datetime.timestamp)


def closes(
    course: Course,
    week: str,
    student: str,
    *,
    due: dt.datetime | None = None,
    extension: dt.timedelta | None = None,
) -> dt.datetime:
    """When the student's time is over, the grace after the own due date included; see :func:`own_due`."""
    theirs = own_due(course, week, student, due=due, extension=extension)
    return course.late.grace.after(theirs, course.zone)


def feedback_level(
    course: Course, week: str, student: str, now: dt.datetime, *, extension: dt.timedelta | None = None
) -> Level:
    """How much a student is told at ``now``: while there is time to hand in, as much as before the due date.

    Args:
        course: its dates and levels.
        week: the assignment.
        student: name of the folder.
        now: time zone aware.
        extension: what nbgrader's gradebook grants.
    """
    return course.assignment(week).feedback_level(now, closes(course, week, student, extension=extension))


@dataclass(frozen=True)
class Next:
    """When a student may next be given feedback on an attempt.

    Attributes:
        at: the present, or later; None if never.
        why: what it waits for: the due date, the number of attempts, or the time since the last one.
    """

    at: dt.datetime | None
    why: Literal["", "due", "attempts", "every"] = ""


def next_feedback(
    course: Course,
    week: str,
    student: str,
    now: dt.datetime,
    given: Sequence[dt.datetime],
    *,
    extension: dt.timedelta | None = None,
) -> Next:
    """When the student may next be given feedback on an attempt.

    ``course.yml`` says at which distance and on how many attempts; that holds until the student's own time
    is over, when more is told than before anyway.

    Args:
        course: its dates and settings.
        week: the assignment.
        student: name of the folder.
        now: time zone aware like all times here.
        given: when the student was given feedback on earlier attempts.
        extension: what nbgrader's gradebook grants.
    """
    settings = course.assignment(week).feedback
    if settings.when == "never":
        return Next(None)
    over = closes(course, week, student, extension=extension)
    if now >= over:
        return Next(now)
    if settings.when == "after due":
        return Next(over, "due")
    if len(given) >= settings.attempts:
        return Next(over, "attempts")
    # What was given in the future was given while the clock was wrong.
    last = max((at for at in given if at <= now), default=None)
    due = now if last is None else settings.every.after(last, course.zone)
    return Next(now) if due <= now else Next(min(due, over), "every")


def last_moment(
    course: Course, week: str, extensions: Iterable[dt.timedelta] = (), *, late: bool = True
) -> dt.datetime | None:
    """When nobody can hand in any more; None if that never is.

    Args:
        course: its dates and late policy.
        week: the assignment.
        extensions: what nbgrader's gradebook grants to whomever.
        late: count what comes after the due date, as long as it may earn something; otherwise only in time.
    """
    nobody = ""  # has no extension, as most have none
    granted = max(extensions, default=None)
    everybody = [nobody, *course.late.extensions]
    dates = [own_due(course, week, name, extension=granted) for name in everybody]
    over = max((course.late.grace.after(due, course.zone) for due in dates), key=dt.datetime.timestamp)
    if not late:
        return over
    if course.late.last_day is None:
        return None
    days = dt.timedelta(days=course.late.last_day)
    lates = (due.astimezone(course.zone) + days for due in dates)
    return max(over, *lates, key=dt.datetime.timestamp)


# What


@dataclass(frozen=True)
class Policy:
    """What a level tells."""

    level: Level

    def at_least(self, level: Level) -> bool:
        """Whether as much as ``level`` is told."""
        return LEVELS.index(self.level) >= LEVELS.index(level)

    def tells(self, test: TestOutcome) -> bool:
        """Whether inputs, results and messages of a test are told: a message may name the expected value."""
        return self.at_least("full") or (self.at_least("hints") and test.public)

    def explains(self, test: TestOutcome) -> bool:
        """Whether there is something to tell of how a test ended; a fault of ours is nobody's business."""
        return self.tells(test) and test.verdict not in (Verdict.PASSED, Verdict.GRADER_ERROR)

    def withholds(self, tests: Iterable[TestOutcome]) -> bool:
        """Whether more could be told of some test that was not passed."""
        return any(test.verdict is not Verdict.PASSED and not self.tells(test) for test in tests)

    def misconceptions(
        self, examination: Examination, tests: Iterable[TestOutcome] | None = None
    ) -> tuple[Misconception, ...]:
        """The misconceptions that are told, each once.

        Args:
            examination: the record.
            tests: only those of functions whose results were wrong in these tests.
        """
        if not self.at_least("hints"):
            return ()
        once: dict[str, Misconception] = {}
        for found in examination.misconceptions:
            if not found.misconception.en:  # nobody has said yet how it is told
                continue
            once.setdefault(found.mutant, found)
        if tests is None:
            return tuple(once.values())
        wrong = {name for test in tests if test.verdict is Verdict.FAILED for name in test.at_fault}
        return tuple(found for found in once.values() if found.function in wrong)

    def remark(self, found: Misconception) -> Text:
        """A misconception in one sentence, for places with room for one: the nudge before the answer."""
        return found.misconception if self.at_least("full") else found.hint
