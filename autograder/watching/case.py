"""A student's submission in a week, and where it is on its way."""

from __future__ import annotations

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

_SETTLED_SECONDS = 1.0
"""A submission is whole when it has not changed for so long: somebody may be copying it there."""


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
        seen: when what is under way was seen first; monotonic; None for what is not new.
        arrival: the submission that is examined or written.
        key: of its examination.
        held: examinations by key of which there is no file: faults of the grader, and what no disk takes.
        tries: how often in a row it could not be written.
        retry: when to try again; monotonic.
    """

    week: str
    student: str
    entry: Entry
    stage: Stage = Stage.IDLE
    sight: Sight | None = None
    is_whole: bool = False
    seen: float | None = None
    arrival: Arrival | None = None
    key: str = ""
    held: dict[str, Examination] = field(default_factory=dict)
    tries: int = 0
    retry: float = 0.0

    @property
    def is_under_way(self) -> bool:
        """Whether its submission has been read and is not yet delivered."""
        return self.stage in (Stage.EXAMINING, Stage.WRITING)

    def is_new(self, paths: Paths) -> bool:
        """Whether something lies there that has not been read."""
        return sight(paths.submission(self.student, self.week).parent) not in (None, self.sight)

    def has_come(self, paths: Paths) -> bool:
        """Whether something lies there that has not been read, and is whole."""
        now = sight(paths.submission(self.student, self.week).parent)
        if now is None or now == self.sight:
            return False
        age = time.time() - max((changed for *_, changed in now), default=0) / 1e9
        return self.is_whole or not 0 <= age < _SETTLED_SECONDS

    def read(self, course: Course, paths: Paths) -> Arrival:
        """What the student handed in last.

        Where the best attempt counts, an earlier one may lie in its place, with the last one's secret beside.

        Raises:
            GradeError: it cannot be read.
        """
        folder = paths.submission(self.student, self.week).parent
        before = sight(folder)
        lies = read_arrival(paths, self.student, self.week)
        if sight(folder) != before:
            raise GradeError(f"{folder} changes while it is read: it is read again.")
        self.sight, self.is_whole = before, False
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
