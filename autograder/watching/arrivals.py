"""What has arrived: in nbgrader's exchange, and in ``submitted/``.

Nothing is remembered of what has not been taken yet. What lies there is compared with what was read before,
and at the start with the journal.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Iterable
from functools import partial

from autograder.course.folders import Paths, split_unit
from autograder.submissions.found import can_be_id
from autograder.submissions.timestamps import read_timestamp
from autograder.watching.case import Case, Stage
from autograder.watching.exchange import Exchange, ExchangeProblem
from autograder.watching.journal import Journal
from autograder.watching.open_weeks import OpenWeeks
from autograder.watching.status import Board
from autograder.watching.timer import Timer, pause_after

_GLANCE_SECONDS = 0.25
"""Between two looks into nbgrader's own exchange, and at ``submitted/``."""
_ASK_SECONDS = 5.0
"""Between two looks into somebody else's exchange."""
_FIND_SECONDS = 60.0
"""Between two looks whether there is an exchange, as long as there is none."""
_SHARE_OF_LOOKING = 0.1
"""Of the time, what goes into looking at a large class's folders at the most."""


class Arrivals:
    """Finds the cases in which there is something to do.

    Args:
        paths: the course's files.
        weeks: the course, and what is watched of it.
        journal: what was done before.
        board: told what is in the way.

    Attributes:
        exchange: nbgrader's; None as long as there is none.
        failures: how often in a row it could not be used.
    """

    def __init__(self, paths: Paths, weeks: OpenWeeks, journal: Journal, board: Board) -> None:
        self._paths, self._weeks, self._journal, self._board = paths, weeks, journal, board
        self._cases: dict[tuple[str, str], Case] = {}
        self.exchange: Exchange | None = None
        self.failures = 0
        self._finding, self._collecting = Timer(_FIND_SECONDS), Timer(_GLANCE_SECONDS)
        self._looking = Timer(_GLANCE_SECONDS)

    def new(self) -> list[Case]:
        """Cases with a submission that has not been read, in the order in which they were handed in."""
        found = dict.fromkeys((*self._collect(), *self._look()))
        return sorted(found, key=self._handed_in)

    def to_tell(self) -> list[Case]:
        """Cases whose student may be told more by now of what was examined before."""
        now = dt.datetime.now(dt.UTC)
        weeks = self._weeks.by_name
        return [
            case
            for case in self._idle()
            if case.week in weeks
            and case.has_more_to_tell(self._weeks.course, now, weeks[case.week].extensions.get(case.student))
        ]

    def faults(self, week: str) -> list[Case]:
        """Cases of a week in which the grader was at fault: with other tests it may be none."""
        return [case for case in self._idle() if case.week == week and case.entry.fault]

    def are_done(self) -> bool:
        """Whether one look has been taken and nothing lies there that has not been read."""
        return self._looking.has_begun and not any(case.is_new(self._paths) for case in self._idle())

    def _idle(self) -> list[Case]:
        return [case for case in self._cases.values() if case.stage is Stage.IDLE]

    # the exchange

    def _collect(self) -> Iterable[Case]:
        """Have in ``submitted/`` what is new in the exchange."""
        if self.exchange is None and self._finding.is_due():
            self._find_exchange()
        if self.exchange is None or not self._collecting.is_due():
            return
        if not self.exchange.is_folder:
            self._collecting.put_off(_ASK_SECONDS)
        try:
            for assignment in dict.fromkeys(week.assignment for week in self._weeks.by_name.values()):
                for student in self.exchange.take(assignment, partial(self._is_under_way, assignment)):
                    for case in self._cases_of(assignment, student):
                        case.is_whole = True
                        yield case
        except ExchangeProblem as problem:
            self.failures += 1
            self._collecting.put_off(pause_after(self.failures))
            if self.failures > 1:  # once may be a student's folder that has just come or gone
                self._board.trouble("exchange", str(problem))
            return
        self.failures = 0
        self._board.trouble("exchange", "")
        self._board.refused = dict(self.exchange.refused)

    def _find_exchange(self) -> None:
        try:
            exchange = Exchange(self._weeks.course, self._paths, self._paths.watching)
        except ExchangeProblem as problem:
            self._board.trouble("exchange", str(problem))
            return
        self._board.trouble("exchange", "")
        if exchange.is_there:
            self.exchange = exchange

    def _is_under_way(self, assignment: str, student: str) -> bool:
        return any(case.is_under_way for case in self._cases_of(assignment, student))

    # submitted/

    def _look(self) -> list[Case]:
        """Find what is new in ``submitted/``."""
        is_first = not self._looking.has_begun
        if not self._looking.is_due():
            return []
        started = time.monotonic()
        found = []
        try:
            folders = list(self._paths.submitted.iterdir()) if self._paths.submitted.is_dir() else []
        except OSError as error:
            self._board.trouble(
                "submitted", f"The folder cannot be read ({error.strerror}): look at its permissions."
            )
            return []
        self._board.trouble("submitted", "")
        for folder in folders:
            if not can_be_id(folder.name) or folder.name.startswith(".") or folder.is_symlink():
                continue
            for week in self._weeks.by_name:
                case = self._case(week, folder.name)
                if case.stage is Stage.IDLE and case.has_come(self._paths):
                    case.was_there = is_first
                    found.append(case)
        took = time.monotonic() - started
        self._looking.put_off(max(_GLANCE_SECONDS, took / _SHARE_OF_LOOKING))
        return found

    def _handed_in(self, case: Case) -> tuple[dt.datetime, str, str]:
        """When, as far as is known, in naive UTC; of what came together, by name."""
        folder = self._paths.submission(case.student, case.week).parent
        moment = read_timestamp(folder)
        if moment is None:
            with contextlib.suppress(OSError):
                moment = dt.datetime.fromtimestamp(folder.stat().st_mtime, dt.UTC).replace(tzinfo=None)
        return moment or dt.datetime.max, case.student, case.week

    def _cases_of(self, assignment: str, student: str) -> list[Case]:
        """A student's case in a week; of one with several notebooks, those of each."""
        return [
            self._case(name, student) for name in self._weeks.by_name if split_unit(name)[0] == assignment
        ]

    def _case(self, week: str, student: str) -> Case:
        case = self._cases.get((week, student))
        if case is None:
            case = Case(week, student, self._journal.read(week, student))
            self._cases[week, student] = case
        return case
