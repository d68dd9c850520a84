"""Whose turn it is, what the workers have, and what came of it: submission → record."""

from __future__ import annotations

import collections
import time
from collections.abc import Callable, Collection
from dataclasses import replace

from autograder.course.folders import Paths
from autograder.examination import Examination, Status
from autograder.problem import GradeError, Problem
from autograder.submissions.attempts import kept_attempts
from autograder.submissions.found import Submission
from autograder.submissions.keys import submission_key
from autograder.submissions.records import keep_record, read_record, record_path
from autograder.watching.case import Case, Stage
from autograder.watching.open_weeks import OpenWeeks
from autograder.watching.status import Board
from autograder.watching.weeks import Week


class Examining:
    """Has cases examined, in the order in which they come.

    Args:
        paths: the course's files.
        weeks: the course, and what is watched of it.
        most: workers at the most.
        board: told what is in the way.
        examined: given each case whose submission has been examined.
    """

    def __init__(
        self, paths: Paths, weeks: OpenWeeks, most: int, board: Board, examined: Callable[[Case], None]
    ) -> None:
        self._paths, self._weeks, self._most, self._board = paths, weeks, most, board
        self._examined = examined
        self._queue: collections.deque[Case] = collections.deque()
        self._at_work: dict[tuple[str, str], Case] = {}

    @property
    def waiting(self) -> Collection[Case]:
        """Cases that no worker has yet."""
        return self._queue

    @property
    def at_work(self) -> Collection[Case]:
        """Cases that a worker has."""
        return self._at_work.values()

    def add(self, case: Case) -> None:
        """Have a case's turn come; one that waits already keeps its place."""
        if case.stage is Stage.IDLE:
            case.stage, case.seen = Stage.QUEUED, time.monotonic()
            self._queue.append(case)

    def hand_out(self) -> None:
        """Give the workers what they can take, in the order of arrival."""
        waiting = collections.deque[Case]()
        while self._queue and len(self._at_work) <= self._most:
            case = self._queue.popleft()
            week = self._weeks.by_name.get(case.week)
            if week is None:
                case.stage = Stage.IDLE  # no longer open
            elif not week.fingerprint or week.has_changed() or case.retry > time.monotonic():
                waiting.append(case)
            else:
                self._take(case, week)
        self._queue.extendleft(reversed(waiting))

    def answered(
        self, name: str, submission: Submission | None, answer: Examination | GradeError | None
    ) -> None:
        """A worker has done with a submission, or has something to say of the week (:data:`Tell`)."""
        week = self._weeks.by_name.get(name)
        if week is None:
            return
        if isinstance(answer, GradeError):
            self._weeks.give_up(name, str(answer))
        if submission is None:
            return
        case = self._at_work[name, submission.student]
        if not isinstance(answer, Examination) or week.has_changed():
            del self._at_work[name, submission.student]
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

    def _take(self, case: Case, week: Week) -> None:
        """Read what lies there, and have it examined or delivered, as far as that is not done."""
        course = self._weeks.course
        # Where the best attempt counts, an earlier one had been there in its place, and has to be again.
        again = case.is_whole and course.attempts == "best"
        try:
            arrival = case.read(course, self._paths)
        except (Problem, OSError) as problem:
            self._put_off(case, str(problem))
            return
        self._board.trouble(case.student, "")
        if arrival is None:
            case.wait()
            return
        submission = arrival.submission
        key = submission_key(week.fingerprint, submission.raw, submission.problem)
        entry = case.entry
        fault = entry.fault and key not in case.held
        if entry.arrival == arrival.name and entry.key and not fault and not again:
            case.finish()
            return
        case.arrival = replace(arrival, submission=replace(submission, key=key))
        case.key = key
        self._go_on(case, week)

    def _go_on(self, case: Case, week: Week) -> None:
        """Examine what of a case has not been; then it is to be written."""
        assert case.arrival is not None
        wanted = [case.arrival.submission]
        if self._weeks.course.attempts == "best":
            wanted += kept_attempts(self._paths, wanted[0], week.fingerprint)
        for submission in wanted:
            path = record_path(self._paths, case.week, case.student, submission.key)
            if submission.key not in case.held and read_record(path) is None:
                case.stage = Stage.EXAMINING
                self._at_work[case.week, case.student] = case
                week.examine(submission)
                return
        self._at_work.pop((case.week, case.student), None)
        self._examined(case)

    def _put_off(self, case: Case, problem: str) -> None:
        """Something cannot be read: the others' turn comes first."""
        case.try_later()
        if case.tries > 1:
            self._board.trouble(case.student, problem)
        self._queue.append(case)
