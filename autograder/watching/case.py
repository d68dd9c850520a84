"""A student's submission in a week, and where it is on its way."""

from __future__ import annotations

import datetime as dt
import json
import time
from dataclasses import dataclass, field, replace
from enum import StrEnum

from autograder.course.folders import Paths
from autograder.course.models import Course
from autograder.examination import Examination
from autograder.problem import GradeError
from autograder.submissions.arrival import Arrival, Sight, read_arrival, sight
from autograder.submissions.attempts import kept_attempt
from autograder.submissions.found import Submission
from autograder.watching.journal import Entry
from autograder.watching.timer import pause_after
from autograder.wording.policy import next_feedback

_SETTLED_SECONDS = 1.0
"""A submission is whole when it has not changed for so long: somebody may be copying it there."""
_BROKEN_SECONDS = 30.0
"""The same for one without a notebook, or with a part of one: a slow copy may stop for a while."""
_NOT_THERE = ("no-file", "other-files", "other-notebooks")
"""What is said of a submission's folder in which the notebook may still come."""


class Stage(StrEnum):
    """Where a case is."""

    IDLE = "idle"
    QUEUED = "queued"
    EXAMINING = "examining"
    WRITING = "writing"


@dataclass(eq=False)
class Case:
    """A student and a week.

    Attributes:
        week, student: which.
        entry: what has been done.
        stage: where it is.
        sight: what the submission's folder looked like when it was read last.
        is_whole: it was put there as a whole, so that there is no need to wait whether it still changes.
        was_there: it lay there when the watcher began, as what an earlier one was at work on does.
        seen: when what is under way was seen first; monotonic; None for what is not new.
        arrival: the submission that is examined or written.
        key: of its examination.
        held: examinations by key of which there is no file: faults of the grader, and what no disk takes.
        tries: how often in a row it could not be written.
        retry: when to try again; monotonic.
        course: by which it was decided last when the student is told more.
    """

    week: str
    student: str
    entry: Entry
    stage: Stage = Stage.IDLE
    sight: Sight | None = None
    is_whole: bool = False
    was_there: bool = False
    seen: float | None = None
    arrival: Arrival | None = None
    key: str = ""
    held: dict[str, Examination] = field(default_factory=dict)
    tries: int = 0
    retry: float = 0.0
    course: Course | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether its submission has been read and is not yet delivered."""
        return self.stage in (Stage.EXAMINING, Stage.WRITING)

    def has_more_to_tell(
        self, course: Course, now: dt.datetime, extension: dt.timedelta | None = None
    ) -> bool:
        """Whether the student is to be told more of what was examined before, or when that is.

        Args:
            course: as it is now; where it is another one than last time, it may say another time.
            now: time zone aware.
            extension: what the gradebook grants, as far as is known.
        """
        entry = self.entry
        if entry.next is not None and entry.next <= now:
            return True
        if self.course is course:
            return False
        self.course = course
        if not entry.key or entry.has_results:
            return False
        told = [one.at for one in entry.told]
        due = next_feedback(course, self.week, self.student, now, told, extension=extension)
        return due.at is not None and due.at != entry.next

    def is_new(self, paths: Paths) -> bool:
        """Whether something lies there that has not been read."""
        return sight(paths.submission(self.student, self.week).parent) not in (None, self.sight)

    def has_come(self, paths: Paths) -> bool:
        """Whether something lies there that has not been read, and is whole."""
        now = sight(paths.submission(self.student, self.week).parent)
        if now is None or now == self.sight:
            return False
        return self.is_whole or not _has_changed_within(now, _SETTLED_SECONDS)

    def try_later(self) -> None:
        """It did not work: it is tried again after a while, the longer the more often it did not."""
        self.tries += 1
        self.retry = time.monotonic() + pause_after(self.tries)

    def finish(self) -> None:
        """Nothing is under way any more; a fault is not tried again before something changes."""
        fault = self.entry.fault and self.entry.key
        self.held = {key: found for key, found in self.held.items() if key == fault}
        self.stage, self.arrival, self.seen, self.tries, self.retry = Stage.IDLE, None, None, 0, 0.0

    def wait(self) -> None:
        """What lies there could not be taken yet."""
        self.sight = None
        self.finish()

    def forget(self) -> None:
        """Have what lies there read and examined as if for the first time."""
        self.entry = self.entry.model_copy(update={"key": ""})
        self.wait()

    def read(self, course: Course, paths: Paths) -> Arrival | None:
        """What the student handed in last; None if it has gone, or is still on its way.

        Where the best attempt counts, an earlier one may lie in its place, with the last one's secret beside.

        Raises:
            GradeError: it cannot be read.
        """
        folder = paths.submission(self.student, self.week).parent
        before = sight(folder)
        if before is None:
            return None
        lies = read_arrival(paths, self.student, self.week)
        if sight(folder) != before:
            raise GradeError(f"{folder} changes while it is read: it is read again.")
        may_change = not self.is_whole and not self.was_there
        if may_change and _has_changed_within(before, _BROKEN_SECONDS) and _breaks_off(lies):
            return None
        self.sight, self.is_whole, self.was_there = before, False, False
        entry = self.entry
        if course.attempts != "best" or lies.name == entry.arrival or lies.secret != entry.secret:
            return lies
        if kept_attempt(paths, self.student, self.week, lies.digest) is None:
            return lies
        raw = kept_attempt(paths, self.student, self.week, entry.digest)
        return lies if raw is None else self._of_the_entry(raw)

    def known(self) -> Arrival:
        """What was read last, without its notebook, for a student who may be told more of it."""
        return self._of_the_entry(None)

    def _of_the_entry(self, raw: bytes | None) -> Arrival:
        entry = self.entry
        submission = replace(Submission.of(self.student, self.week, raw), key=entry.key)
        return Arrival(submission, entry.time, entry.secret, entry.notebooks, entry.digest, entry.arrival)


def _has_changed_within(seen: Sight, seconds: float) -> bool:
    """Whether a file has changed so short a time ago; what comes from the future has not."""
    age = time.time() - max((changed for *_, changed in seen), default=0) / 1e9
    return 0 <= age < seconds


def _breaks_off(arrival: Arrival) -> bool:
    """Whether there is no notebook yet, or only a part of one."""
    submission = arrival.submission
    if submission.raw is None:
        return submission.problem.code in _NOT_THERE
    try:
        json.loads(submission.raw)
    except (ValueError, RecursionError):
        return True
    return False
