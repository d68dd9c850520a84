"""What was examined is written down and given back, one submission at a time, until it works."""

from __future__ import annotations

import collections
import datetime as dt
import time
from collections.abc import Collection

from autograder.course.folders import Paths
from autograder.examination import Examination
from autograder.problem import Problem
from autograder.submissions.records import read_record, record_path
from autograder.watching.case import Case, Stage
from autograder.watching.delivery import Delivered, Delivery
from autograder.watching.events import Handled
from autograder.watching.open_weeks import OpenWeeks
from autograder.watching.status import Board
from autograder.watching.timer import pause_after

_MOST = 20
"""While so many wait, nothing more is examined: the results are in memory."""


class Writing:
    """Has cases delivered.

    Args:
        paths: the course's files.
        weeks: the course, and what is watched of it.
        delivery: what does it.
        board: told what was handled, and what is in the way.
    """

    def __init__(self, paths: Paths, weeks: OpenWeeks, delivery: Delivery, board: Board) -> None:
        self._paths, self._weeks, self._delivery, self._board = paths, weeks, delivery, board
        self._unwritten: collections.deque[Case] = collections.deque()
        self._rest = 0.0  # until then nothing is written: whatever was in the way is still there; monotonic

    @property
    def waiting(self) -> Collection[Case]:
        """Cases that are not delivered yet."""
        return self._unwritten

    @property
    def is_full(self) -> bool:
        """Whether so many wait that nothing more should come."""
        return len(self._unwritten) >= _MOST

    def add(self, case: Case) -> None:
        """Have a case's turn come."""
        case.stage = Stage.WRITING
        self._unwritten.append(case)

    def tell(self, case: Case) -> None:
        """Have a student told what may be told by now of what was examined before."""
        case.arrival, case.key, case.seen = case.known(), case.entry.key, None
        self.add(case)

    def is_ready(self, *, ending: bool) -> bool:
        """Whether a submission can be written now; see :meth:`write_one`."""
        return self._ready(ending=ending) is not None

    def write_one(self, *, ending: bool) -> None:
        """Deliver the first submission that can be.

        Args:
            ending: there is no time to wait until it works: each is tried once.
        """
        case = self._ready(ending=ending)
        if case is None or case.arrival is None:
            return
        self._unwritten.remove(case)
        path = record_path(self._paths, case.week, case.student, case.key)
        examination = case.held.get(case.key) or read_record(path)
        if examination is None:  # somebody has taken the record away
            case.forget()
            return
        try:
            delivered = self._delivery.deliver(self._weeks.course, case.arrival, examination)
        except Exception as error:  # whatever it is, the others' turn comes
            said = str(error) if isinstance(error, Problem) else f"{type(error).__name__}: {error}"
            self._rest = time.monotonic() + pause_after(1)
            self._unwritten.append(case)
            case.try_later()
            self._board.trouble("writing", said)
            return
        self._board.trouble("writing", "")
        self._delivered(case, examination, delivered)

    def _ready(self, *, ending: bool) -> Case | None:
        """The first submission that can be written now."""
        now = time.monotonic()
        if ending:
            return next((case for case in self._unwritten if not case.tries), None)
        if now < self._rest:
            return None
        return next((case for case in self._unwritten if case.retry <= now), None)

    def _delivered(self, case: Case, examination: Examination, delivered: Delivered) -> None:
        case.entry = delivered.entry
        if delivered.extension is not None and case.week in self._weeks.by_name:
            self._weeks.by_name[case.week].extensions[case.student] = delivered.extension
        given = delivered.entry.given
        feedback = "none"
        if given is not None and given.arrival == delivered.entry.arrival:
            released = "released" if delivered.is_released else "written"
            feedback = "later" if given.what == "later" else released
        is_new = case.seen is not None
        if is_new or delivered.has_given:
            self._board.hear(
                Handled(
                    at=dt.datetime.now(dt.UTC),
                    week=case.week,
                    student=case.student,
                    key=examination.key,
                    status=str(examination.status),
                    points=examination.points,
                    max_points=examination.max_points,
                    seconds=None if case.seen is None else time.monotonic() - case.seen,
                    feedback=feedback,
                    next=delivered.entry.next,
                )
            )
        case.finish()
