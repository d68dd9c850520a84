"""Take submissions as they arrive, examine them, and give feedback back.

The flow in one screen (:meth:`Watcher._turn`)::

    exchange ─► submitted/ ─► Case ─► a warm worker ─► .autograder/records/
                                                          ├─► gradebook.db, autograded/
                                                          ├─► feedback/<student>/<week>/ ─► exchange
                                                          └─► .autograder/watch/journal/

    :class:`Arrivals`          :class:`Examining`         :class:`Writing`
    └──────────────── what is open is :class:`OpenWeeks` ────────────────┘

One thread does all of that, in turns; only the workers are beside it. Of a student's submissions in a week
one at a time is under way: what arrives meanwhile waits in the exchange or in ``submitted/``, and the last of
it is examined next. Nothing has to be remembered for that: what lies there is compared with the journal, and
that is written last, so that a run that is killed goes on where it stopped.
"""

from __future__ import annotations

import collections
import contextlib
import datetime as dt
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from autograder.course.folders import Paths
from autograder.course.locks import only_one
from autograder.course.models import Course
from autograder.course.reading import load_course
from autograder.examination import Examination
from autograder.grading.pool import cores
from autograder.options import Options
from autograder.problem import GradeError, Problem
from autograder.submissions.found import Submission
from autograder.watching.arrivals import Arrivals
from autograder.watching.delivery import Delivery
from autograder.watching.events import Event, Note
from autograder.watching.examining import Examining
from autograder.watching.journal import Journal
from autograder.watching.open_weeks import OpenWeeks
from autograder.watching.status import Board, watch_lock, write_status
from autograder.watching.timer import Timer
from autograder.watching.writing import Writing

Hear = Callable[[Event], None]

_WAIT_SECONDS = 0.25
"""For an answer of a worker's, while there is nothing else to do."""
_REFRESH_SECONDS = 1.0
"""Between two looks whether the course has changed, and two of the live page."""
_ONCE_TRIES = 3
"""So often is tried what does not work, where the watcher is to end as soon as there is nothing to do."""

_Answer = tuple[str, Submission | None, Examination | GradeError | None]


def watch(
    root: Path,
    weeks: Sequence[str] = (),
    options: Options | None = None,
    hear: Hear = lambda _: None,
    *,
    once: bool = False,
) -> bool:
    """Watch a course until SIGTERM or SIGINT, and then end after what is being done.

    Args:
        root: the course's folder.
        weeks: to watch whatever the date; if none, those that are open.
        options: how to grade.
        hear: told what happens.
        once: end as soon as there is nothing more to do.

    Returns:
        whether a person has to look at something.

    Raises:
        Taken: somebody watches the course already.
        Problem: it cannot be watched.
    """
    course, paths = load_course(root), Paths(root)
    chosen = tuple(course.assignment(week).name for week in weeks)
    with only_one(watch_lock(paths), "watching this course"):
        watcher = Watcher(course, paths, chosen, options or Options(), hear)
        with _until_a_signal(watcher.stop):
            watcher.run(once=once)
        return watcher.needs_a_person


@contextlib.contextmanager
def _until_a_signal(stop: Callable[[], None]) -> Iterator[None]:
    """Have SIGTERM and SIGINT stop the watcher; the second SIGINT is as always."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def caught(number: int, _: object) -> None:
        signal.signal(number, before[number])
        stop()

    before = {int(number): signal.signal(number, caught) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Watcher:
    """Watches one course.

    Args:
        course: as it is at the beginning.
        paths: its files.
        chosen: weeks to watch whatever the date; if none, those that are open.
        options: how to grade.
        hear: told what happens.
    """

    def __init__(
        self, course: Course, paths: Paths, chosen: Sequence[str], options: Options, hear: Hear
    ) -> None:
        most, journal = options.workers or cores(), Journal(paths.watching / "journal")
        self._paths = paths
        self._board = Board(hear)
        self._weeks = OpenWeeks(course, paths, chosen, options, most, self._board, self._tell)
        self._arrivals = Arrivals(paths, self._weeks, journal, self._board)
        self._delivery = Delivery(paths, options, journal)
        self._writing = Writing(paths, self._weeks, self._delivery, self._board)
        self._examining = Examining(paths, self._weeks, most, self._board, self._writing.add)
        self._answers: queue.SimpleQueue[_Answer | None] = queue.SimpleQueue()
        self._stopping = False
        self._refreshing, self._showing = Timer(_REFRESH_SECONDS), Timer(_REFRESH_SECONDS)

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody has to look at something."""
        return bool(self._board.concerns())

    def stop(self) -> None:
        """End after what is being done; may be called from a signal handler."""
        self._stopping = True
        self._answers.put(None)

    def run(self, *, once: bool = False) -> None:
        """Watch until stopped.

        Args:
            once: or until there is nothing more to do.
        """
        self._board.hear(Note(_now(), f"Watching {self._weeks.course.id}."))
        try:
            while not (self._stopping and self._has_ended()) and not (once and self._has_nothing_to_do()):
                self._turn()
        finally:
            self._weeks.let_go()
            self._board.hear(Note(_now(), "Ended."))
            self._show(ended=True)

    def _turn(self) -> None:
        """Everything once that there is to do."""
        if not self._stopping:
            if self._refreshing.is_due():
                self._refresh()
            for case in self._arrivals.new():
                self._examining.add(case)
            for case in self._arrivals.to_tell():
                self._writing.tell(case)
            if not self._writing.is_full:
                self._examining.hand_out()
        self._delivery.exchange = self._arrivals.exchange
        self._writing.write_one(ending=self._stopping)
        if self._showing.is_due():
            self._show()
        wait: float = 0 if self._writing.is_ready(ending=self._stopping) else _WAIT_SECONDS
        with contextlib.suppress(queue.Empty):
            while (answer := self._answers.get(block=wait > 0, timeout=wait or None)) is not None:
                self._examining.answered(*answer)
                wait = 0

    def _refresh(self) -> None:
        """Look whether the course has changed, and which weeks are open."""
        busy = {case.week for case in (*self._examining.at_work, *self._writing.waiting)}
        for week in self._weeks.refresh(busy):
            for case in self._arrivals.faults(week):
                self._examining.add(case)

    def _tell(
        self, week: str, submission: Submission | None, answer: Examination | GradeError | None
    ) -> None:
        """What a worker's thread says."""
        self._answers.put((week, submission, answer))

    def _has_ended(self) -> bool:
        """Whether what was begun is done, or has been tried."""
        return not self._examining.at_work and all(case.tries for case in self._writing.waiting)

    def _has_nothing_to_do(self) -> bool:
        """Whether everything that lay there is delivered, or cannot be."""
        if self._examining.at_work or 0 < self._arrivals.failures < _ONCE_TRIES:
            return False
        problems = {name for name, week in self._weeks.by_name.items() if week.problem}
        queued = (case for case in self._examining.waiting if case.week not in problems)
        if any(case.tries < _ONCE_TRIES for case in (*self._writing.waiting, *queued)):
            return False
        return self._arrivals.are_done()

    def _show(self, *, ended: bool = False) -> None:
        """Leave the status for whoever asks."""
        weeks = self._weeks.status(collections.Counter(case.week for case in self._examining.waiting))
        examining, writing = len(self._examining.at_work), len(self._writing.waiting)
        try:
            write_status(
                self._paths, self._weeks.course, self._board.status(weeks, examining, writing, ended=ended)
            )
        except (Problem, OSError) as problem:
            self._board.trouble("status", str(problem))
        else:
            self._board.trouble("status", "")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
