"""A week that is watched: its fingerprint and its workers."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

from autograder.course.folders import Paths, split_unit
from autograder.course.models import Course
from autograder.examination import Examination
from autograder.grading.pool import Standby, patience, worker_settings
from autograder.options import Options
from autograder.problem import GradeError, Problem
from autograder.submissions.found import Submission
from autograder.submissions.keys import week_fingerprint
from autograder.submissions.week import demand_gradable
from autograder.wording.policy import last_moment

Tell = Callable[[str, Submission | None, Examination | GradeError | None], None]
"""Told the week, and what :class:`Standby` tells."""

_WARM = 2
"""Workers of an open week that are always warm; in a rush there are as many as may be. They are for all its
notebooks, of which each has at least one."""
_AFTERWARDS = dt.timedelta(days=7)
"""So long after its last day a week is still looked at."""
_AGAIN_SECONDS = 60.0
"""After that time a week that could not be graded is tried again, though none of its files has changed."""

_Stamp = tuple[tuple[str, int, int], ...]


class Week:
    """A week that is watched, or one notebook of a week with several.

    Args:
        name: of the assignment, or the notebook (``ps1/problem1``).
        course: as it is at the beginning.
        paths: the course's files.
        options: how it is graded.
        most: workers at the most.
        tell: see :data:`Tell`.

    Attributes:
        course: as it is now.
        fingerprint: of all that a result depends on; empty while the week cannot be graded.
        problem: why it cannot; empty if it can.
        extensions: what the gradebook grants, by student, as far as is known.
        workers: those that are warm or get so; None while there is nothing to do with them.
    """

    def __init__(
        self, name: str, course: Course, paths: Paths, options: Options, most: int, tell: Tell
    ) -> None:
        self.name, self.course = name, course
        self._paths, self._options, self._most, self._tell = paths, options, most, tell
        self.fingerprint = self.problem = ""
        self.extensions: dict[str, dt.timedelta] = {}
        self.workers: Standby | None = None
        self._stamp: _Stamp | None = None
        self._next: _Stamp | None = None
        self._tried = 0.0

    @property
    def assignment(self) -> str:
        """The name of the week."""
        return split_unit(self.name)[0]

    # when

    def is_open(self, now: dt.datetime) -> bool:
        """Whether it was released, and somebody can still hand in something that may count.

        Some days longer, for what students are told at the end.
        """
        last = last_moment(self.course, self.name, self.extensions.values())
        released = self.course.assignment(self.name).release
        return released <= now and (last is None or now <= last + _AFTERWARDS)

    def is_in_time(self, now: dt.datetime) -> bool:
        """Whether somebody can still hand in in time."""
        last = last_moment(self.course, self.name, self.extensions.values(), late=False)
        return last is not None and now <= last

    # what it depends on

    def refresh(self) -> bool:
        """Look whether the week's files have changed, and begin anew with them if they have.

        A change counts once it has stood for two looks, since an editor or a release writes several files.

        Returns:
            whether all examinations are to be made anew.
        """
        stamp = self._look()
        again = bool(self.problem) and time.monotonic() - self._tried > _AGAIN_SECONDS
        if (stamp == self._stamp and not again) or (stamp != self._next and self._stamp is not None):
            self._next = stamp
            return False
        self._stamp = self._next = stamp
        self._tried = time.monotonic()
        before = self.fingerprint
        try:
            demand_gradable(self.course, self._paths, self.name)
            fingerprint = week_fingerprint(self.course, self._paths, self.name, self._options)
        except (Problem, OSError) as problem:
            self.give_up(str(problem))
            return False
        if fingerprint == before and not self.problem:
            return False
        self.let_go()
        self.fingerprint, self.problem = fingerprint, ""
        return True

    def has_changed(self) -> bool:
        """Whether a file has changed since the fingerprint was taken: what was examined then is not of it."""
        return self._look() != self._stamp

    def _look(self) -> _Stamp:
        """What tells the files that a result depends on from earlier ones."""
        paths = self._paths
        data = paths.data(self.course.data)
        files = [
            paths.course,
            paths.solution(self.name),
            paths.cell_tests(self.name),
            *([data] if data else []),
        ]
        beside = (paths.assignments / self.assignment, paths.solutions / self.assignment)
        for folder in (paths.suite(self.name), *beside):
            # A folder that is being replaced may be gone in the middle of this: then it changes, no more.
            for inside, _, names in os.walk(folder):
                files += [Path(inside, name) for name in names if "__pycache__" not in inside]
        found = []
        for path in sorted(files):
            with contextlib.suppress(OSError):
                status = path.stat()
                if stat.S_ISREG(status.st_mode):
                    found.append((str(path), status.st_mtime_ns, status.st_size))
        return tuple(found)

    # workers

    def warm_up(self, now: dt.datetime) -> None:
        """Have workers ready while there is time to hand in; afterwards only as long as there is work."""
        if not self.problem and self.fingerprint:
            in_time = self.is_in_time(now)
            if in_time or self.workers is not None:
                notebooks = len(self.course.assignment(self.assignment).units)
                try:
                    self._standby().keep(max(1, _WARM // notebooks) if in_time else 0)
                except Problem as problem:
                    self.give_up(str(problem))

    def examine(self, submission: Submission) -> None:
        """Have a submission examined."""
        try:
            self._standby().examine(submission)
        except Problem as problem:
            self._tell(self.name, submission, GradeError(str(problem)))

    def give_up(self, problem: str) -> None:
        """Let go of everything until a file has changed, or for a while."""
        self.problem, self.fingerprint = problem, ""
        self._tried = time.monotonic()
        self.let_go()

    def let_go(self) -> threading.Thread | None:
        """End the workers after what they are doing, without waiting for it."""
        if self.workers is None:
            return None
        thread = threading.Thread(target=self.workers.close, daemon=True)
        thread.start()
        self.workers = None
        return thread

    def _standby(self) -> Standby:
        if self.workers is None:
            settings = worker_settings(self.course, self._paths, self.name, self._options)

            def tell(submission: Submission | None, answer: Examination | GradeError | None) -> None:
                self._tell(self.name, submission, answer)

            self.workers = Standby(settings, patience(self.course.assignment(self.name)), self._most, tell)
        return self.workers
