"""Take submissions as they arrive, examine them, and give feedback back.

The flow in one screen (:meth:`Watcher._turn`)::

    exchange ─► submitted/ ─► Case ─► a warm worker ─► .autograder/records/
                                                          ├─► gradebook.db, autograded/
                                                          ├─► feedback/<student>/<week>/ ─► exchange
                                                          └─► .autograder/watch/journal/

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
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from autograder.course.folders import Paths
from autograder.course.locks import only_one
from autograder.course.models import Course
from autograder.course.reading import load_course
from autograder.examination import Examination, Status
from autograder.grading.pool import cores
from autograder.options import Options
from autograder.problem import GradeError, Problem
from autograder.submissions.attempts import kept_attempts
from autograder.submissions.found import Submission
from autograder.submissions.keys import submission_key
from autograder.submissions.records import keep_record, read_record, record_path
from autograder.submissions.timestamps import read_timestamp
from autograder.watching.case import Case, Stage
from autograder.watching.delivery import Delivered, Delivery
from autograder.watching.events import Event, Handled, Note
from autograder.watching.exchange import Exchange, ExchangeProblem
from autograder.watching.journal import Journal
from autograder.watching.status import Board, WeekStatus, watch_lock, write_status
from autograder.watching.weeks import Week

Hear = Callable[[Event], None]

_GLANCE_SECONDS = 0.25
"""Between two looks into nbgrader's own exchange, and at ``submitted/``."""
_ASK_SECONDS = 5.0
"""Between two looks into somebody else's exchange."""
_FIND_SECONDS = 60.0
"""Between two looks whether there is an exchange, as long as there is none."""
_SHARE_OF_LOOKING = 0.1
"""Of the time, what goes into looking at a large class's folders at the most."""
_REFRESH_SECONDS = 1.0
"""Between two looks whether the course has changed, and two of the live page."""
_RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)
_ONCE_TRIES = 3
"""So often is tried what does not work, where the watcher is to end as soon as there is nothing to do."""
_MOST_UNWRITTEN = 20
"""While so many wait to be written, nothing more is examined: the results are in memory."""

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
    for name in chosen:
        if course.assignment(name).notebooks:
            raise GradeError(
                f"{name} has several notebooks, which belong together: grade it with `autograder grade`."
            )
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
        self._course, self._paths, self._chosen, self._options = course, paths, chosen, options
        self._most = options.workers or cores()
        self._journal = Journal(paths.watching / "journal")
        self._exchange: Exchange | None = None
        self._delivery = Delivery(paths, options, self._journal, None)
        self._weeks: dict[str, Week] = {}
        self._cases: dict[tuple[str, str], Case] = {}
        self._queue: collections.deque[Case] = collections.deque()
        self._examining: set[Case] = set()
        self._unwritten: collections.deque[Case] = collections.deque()
        self._answers: queue.SimpleQueue[_Answer | None] = queue.SimpleQueue()
        self._stopping = False
        self._rest = 0.0  # until then nothing is written: whatever was in the way is still there
        self._next: dict[str, float] = {}  # when what is done now and then is due; monotonic
        self._failures = 0
        self._course_file: tuple[int, int] | None = None
        self._board = Board(hear)

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
        self._board.hear(Note(_now(), f"Watching {self._course.id}."))
        try:
            while not (self._stopping and self._has_ended()) and not (once and self._has_nothing_to_do()):
                self._turn()
        finally:
            closing = [thread for week in self._weeks.values() if (thread := week.let_go())]
            for thread in closing:
                thread.join()
            self._board.hear(Note(_now(), "Ended."))
            self._show(ended=True)

    def _turn(self) -> None:
        """Everything once that there is to do."""
        if self._is_due("refresh", _REFRESH_SECONDS):
            self._refresh()
        if not self._stopping:
            self._collect()
            self._look()
            self._hand_out()
        self._write_one()
        if self._is_due("show", _REFRESH_SECONDS):
            self._show()
        wait: float = 0 if self._ready() else _GLANCE_SECONDS
        with contextlib.suppress(queue.Empty):
            while (answer := self._answers.get(block=wait > 0, timeout=wait or None)) is not None:
                self._answered(*answer)
                wait = 0

    def _is_due(self, what: str, seconds: float) -> bool:
        """Whether something is to be done now that is done every so many seconds."""
        now = time.monotonic()
        if now < self._next.get(what, 0):
            return False
        self._next[what] = now + seconds
        return True

    def _has_ended(self) -> bool:
        """Whether what was begun is done, or has been tried."""
        return not self._examining and all(case.tries for case in self._unwritten)

    def _has_nothing_to_do(self) -> bool:
        """Whether everything that lay there is delivered, or cannot be."""
        if "look" not in self._next or self._examining or 0 < self._failures < _ONCE_TRIES:
            return False
        problems = {name for name, week in self._weeks.items() if week.problem}
        waiting = [*self._unwritten, *(case for case in self._queue if case.week not in problems)]
        if any(case.tries < _ONCE_TRIES for case in waiting):
            return False
        idle = (case for case in self._cases.values() if case.stage is Stage.IDLE)
        return not any(case.is_new(self._paths) for case in idle)

    # the course

    def _refresh(self) -> None:
        """Look whether the course has changed, and which weeks are open."""
        self._reload()
        now = _now()
        for name in self._course.names:
            if self._course.assignment(name).notebooks:
                continue
            week = self._weeks.get(name)
            if week is None:
                week = Week(name, self._course, self._paths, self._options, self._most, self._tell)
            week.course = self._course
            if name in self._chosen or (not self._chosen and week.is_open(now)):
                self._weeks[name] = week
                if week.refresh():
                    self._try_faults_again(name)
                self._board.trouble(name, week.problem)
                if not self._stopping:
                    week.warm_up(now)
            elif name in self._weeks and not any(case.week == name for case in self._busy()):
                self._weeks.pop(name).let_go()
        if self._exchange is None and not self._stopping and self._is_due("exchange", _FIND_SECONDS):
            self._find_exchange()

    def _reload(self) -> None:
        """Read course.yml again if it has changed; as long as it is wrong, the last right one holds."""
        with contextlib.suppress(OSError):
            status = self._paths.course.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp != self._course_file:
                self._course_file = stamp
                try:
                    self._course = load_course(self._paths.root)
                except Problem as problem:
                    self._board.trouble("course.yml", str(problem))
                else:
                    self._board.trouble("course.yml", "")

    def _find_exchange(self) -> None:
        try:
            exchange = Exchange(self._course, self._paths, self._paths.watching)
        except ExchangeProblem as problem:
            self._board.trouble("exchange", str(problem))
            return
        self._board.trouble("exchange", "")
        if exchange.is_there:
            self._exchange = exchange
            self._delivery = Delivery(self._paths, self._options, self._journal, exchange)

    def _try_faults_again(self, week: str) -> None:
        """What was a fault of the grader may be none with other tests."""
        for case in self._cases.values():
            if case.week == week and case.entry.fault and case.stage is Stage.IDLE:
                self._enqueue(case)

    # in

    def _collect(self) -> None:
        """Have in ``submitted/`` what is new in the exchange."""
        exchange = self._exchange
        if exchange is None:
            return
        if not self._is_due("collect", _GLANCE_SECONDS if exchange.is_folder else _ASK_SECONDS):
            return
        try:
            for week in self._weeks:
                for student in exchange.take(week, partial(self._is_under_way, week)):
                    case = self._case(week, student)
                    case.is_whole = True
                    self._enqueue(case)
        except ExchangeProblem as problem:
            self._failures += 1
            pause = _RETRY_SECONDS[min(self._failures, len(_RETRY_SECONDS)) - 1]
            self._next["collect"] = time.monotonic() + pause
            if self._failures > 1:  # once may be a student's folder that has just come or gone
                self._board.trouble("exchange", str(problem))
            return
        self._failures = 0
        self._board.trouble("exchange", "")
        self._board.refused = dict(exchange.refused)

    def _look(self) -> None:
        """Find what is new in ``submitted/``, and whom there is more to tell."""
        if not self._is_due("look", _GLANCE_SECONDS):
            return
        started = time.monotonic()
        found = []
        folders = sorted(self._paths.submitted.iterdir()) if self._paths.submitted.is_dir() else []
        for folder in folders:
            if not folder.name.isprintable() or folder.name.startswith(".") or folder.is_symlink():
                continue
            for week in self._weeks:
                case = self._case(week, folder.name)
                if case.stage is Stage.IDLE and case.has_come(self._paths):
                    found.append(case)
        for case in sorted(found, key=self._handed_in):
            self._enqueue(case)
        now = _now()
        for case in self._cases.values():
            after = case.entry.next
            if case.stage is Stage.IDLE and case.week in self._weeks and after is not None and after <= now:
                self._tell_more(case)
        took = time.monotonic() - started
        self._next["look"] = time.monotonic() + max(_GLANCE_SECONDS, took / _SHARE_OF_LOOKING)

    def _handed_in(self, case: Case) -> dt.datetime:
        """When, as far as is known; naive UTC."""
        folder = self._paths.submission(case.student, case.week).parent
        moment = read_timestamp(folder)
        if moment is None:
            with contextlib.suppress(OSError):
                moment = dt.datetime.fromtimestamp(folder.stat().st_mtime, dt.UTC).replace(tzinfo=None)
        return moment or dt.datetime.max

    def _case(self, week: str, student: str) -> Case:
        case = self._cases.get((week, student))
        if case is None:
            case = Case(week, student, self._journal.read(week, student))
            self._cases[week, student] = case
        return case

    def _is_under_way(self, week: str, student: str) -> bool:
        return self._case(week, student).is_under_way

    def _busy(self) -> list[Case]:
        return [*self._examining, *self._unwritten]

    def _enqueue(self, case: Case) -> None:
        """Have a case's turn come; one that waits already keeps its place."""
        if case.stage is Stage.IDLE:
            case.stage, case.seen = Stage.QUEUED, time.monotonic()
            self._queue.append(case)

    # examination

    def _hand_out(self) -> None:
        """Give the workers what they can take, in the order of arrival."""
        waiting = collections.deque[Case]()
        while self._queue and len(self._examining) <= self._most and len(self._unwritten) < _MOST_UNWRITTEN:
            case = self._queue.popleft()
            week = self._weeks.get(case.week)
            if week is None:
                case.stage = Stage.IDLE  # no longer open
            elif not week.fingerprint or week.has_changed() or case.retry > time.monotonic():
                waiting.append(case)
            else:
                self._take(case, week)
        self._queue.extendleft(reversed(waiting))

    def _take(self, case: Case, week: Week) -> None:
        """Read what lies there, and have it examined or delivered, as far as that is not done."""
        # Where the best attempt counts, an earlier one had been there in its place, and has to be again.
        again = case.is_whole and self._course.attempts == "best"
        try:
            arrival = case.read(self._course, self._paths)
        except (Problem, OSError) as problem:
            self._put_off(case, str(problem))
            return
        self._board.trouble(case.student, "")
        submission = arrival.submission
        key = submission_key(week.fingerprint, submission.raw, submission.problem)
        entry = case.entry
        fault = entry.fault and key not in case.held
        if entry.arrival == arrival.name and entry.key and not fault and not again:
            self._finish(case)
            return
        case.arrival = replace(arrival, submission=replace(submission, key=key))
        case.key = key
        self._go_on(case, week)

    def _go_on(self, case: Case, week: Week) -> None:
        """Examine what of a case has not been; then it is to be written."""
        assert case.arrival is not None
        wanted = [case.arrival.submission]
        if self._course.attempts == "best":
            wanted += kept_attempts(self._paths, wanted[0], week.fingerprint)
        for submission in wanted:
            path = record_path(self._paths, case.week, case.student, submission.key)
            if submission.key not in case.held and read_record(path) is None:
                case.stage = Stage.EXAMINING
                self._examining.add(case)
                week.examine(submission)
                return
        self._examining.discard(case)
        case.stage = Stage.WRITING
        self._unwritten.append(case)

    def _tell_more(self, case: Case) -> None:
        """Have a student told what may be told by now of what was examined before."""
        case.arrival, case.key, case.seen = case.known(), case.entry.key, None
        case.stage = Stage.WRITING
        self._unwritten.append(case)

    def _tell(
        self, week: str, submission: Submission | None, answer: Examination | GradeError | None
    ) -> None:
        """What a worker's thread says."""
        self._answers.put((week, submission, answer))

    def _answered(
        self, name: str, submission: Submission | None, answer: Examination | GradeError | None
    ) -> None:
        """A worker has done with a submission, or has something to say of the week."""
        week = self._weeks.get(name)
        if week is None:
            return
        if isinstance(answer, GradeError):
            week.give_up(str(answer))
            self._board.trouble(name, week.problem)
        if submission is None:
            return
        case = self._case(name, submission.student)
        if not isinstance(answer, Examination) or week.has_changed():
            self._examining.discard(case)
            case.stage, case.sight = Stage.QUEUED, None
            self._queue.appendleft(case)
            return
        try:
            keep_record(record_path(self._paths, name, case.student, submission.key), answer)
            is_held = answer.status is Status.GRADER_ERROR
        except Problem:  # the disk is full: what writes says so
            is_held = True
        if is_held:
            case.held[submission.key] = answer
        self._go_on(case, week)

    # out

    def _ready(self) -> Case | None:
        """The first submission that can be written now; when all is to end, each is tried once more."""
        now = time.monotonic()
        if self._stopping:
            return next((case for case in self._unwritten if not case.tries), None)
        if now < self._rest:
            return None
        return next((case for case in self._unwritten if case.retry <= now), None)

    def _write_one(self) -> None:
        """Deliver the first submission that waits for it."""
        case = self._ready()
        if case is None or case.arrival is None:
            return
        self._unwritten.remove(case)
        path = record_path(self._paths, case.week, case.student, case.key)
        examination = case.held.get(case.key) or read_record(path)
        if examination is None:  # somebody has taken the record away
            case.stage, case.sight = Stage.QUEUED, None
            self._queue.appendleft(case)
            return
        try:
            delivered = self._delivery.deliver(self._course, case.arrival, examination)
        except Exception as error:  # whatever it is, the others' turn comes
            said = str(error) if isinstance(error, Problem) else f"{type(error).__name__}: {error}"
            self._rest = time.monotonic() + _RETRY_SECONDS[0]
            self._unwritten.append(case)
            self._retry_later(case)
            self._board.trouble("writing", said)
            return
        self._board.trouble("writing", "")
        self._delivered(case, examination, delivered)

    def _delivered(self, case: Case, examination: Examination, delivered: Delivered) -> None:
        case.entry = delivered.entry
        if delivered.extension is not None and case.week in self._weeks:
            self._weeks[case.week].extensions[case.student] = delivered.extension
        given = delivered.entry.given
        feedback = "none"
        if given is not None and given.arrival == delivered.entry.arrival:
            released = "released" if delivered.is_released else "written"
            feedback = "later" if given.what == "later" else released
        is_new = case.seen is not None
        if is_new or delivered.has_given:
            self._board.hear(
                Handled(
                    at=_now(),
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
        self._finish(case)

    def _finish(self, case: Case) -> None:
        """A case has nothing under way any more; a fault is not tried again before something changes."""
        fault = case.entry.fault and case.entry.key
        case.held = {key: found for key, found in case.held.items() if key == fault}
        case.stage, case.arrival, case.seen, case.tries, case.retry = Stage.IDLE, None, None, 0, 0.0

    def _retry_later(self, case: Case) -> None:
        case.tries += 1
        case.retry = time.monotonic() + _RETRY_SECONDS[min(case.tries, len(_RETRY_SECONDS)) - 1]

    def _put_off(self, case: Case, problem: str) -> None:
        """Something cannot be read: the others' turn comes first."""
        self._retry_later(case)
        if case.tries > 1:
            self._board.trouble(case.student, problem)
        self._queue.append(case)

    # what is said

    def _show(self, *, ended: bool = False) -> None:
        """Leave the status for whoever asks."""
        queued = collections.Counter(case.week for case in self._queue)
        weeks = [
            WeekStatus(
                name=name,
                workers=week.workers.workers if week.workers else 0,
                queue=queued[name],
                problem=week.problem,
            )
            for name, week in self._weeks.items()
        ]
        status = self._board.status(weeks, len(self._examining), len(self._unwritten), ended=ended)
        try:
            write_status(self._paths, self._course, status)
        except (Problem, OSError) as problem:
            self._board.trouble("status", str(problem))
        else:
            self._board.trouble("status", "")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
