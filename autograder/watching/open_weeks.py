"""The course as ``course.yml`` has it now, and its open weeks with their workers."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence

from autograder.course.folders import Paths
from autograder.course.models import Course
from autograder.course.reading import load_course
from autograder.options import Options
from autograder.problem import Problem
from autograder.watching.status import Board, WeekStatus
from autograder.watching.weeks import Tell, Week


class OpenWeeks:
    """The weeks of a course that are watched; of one with several notebooks, each of them.

    Args:
        course: as it is at the beginning.
        paths: its files.
        chosen: weeks to watch whatever the date; if none, those that are open.
        options: how to grade.
        most: workers of a week at the most.
        board: told what is in the way.
        tell: see :data:`Tell`.

    Attributes:
        course: as it is now.
        by_name: what is watched, by the name of the week, or of its notebook (``ps1/problem1``).
    """

    def __init__(
        self,
        course: Course,
        paths: Paths,
        chosen: Sequence[str],
        options: Options,
        most: int,
        board: Board,
        tell: Tell,
    ) -> None:
        self.course = course
        self.by_name: dict[str, Week] = {}
        self._paths, self._chosen, self._options = paths, chosen, options
        self._most, self._board, self._tell = most, board, tell
        self._file: tuple[int, int] | None = None

    def refresh(self, busy: Collection[str]) -> list[str]:
        """Look whether the course has changed, and which weeks are open.

        Args:
            busy: those with something under way: they stay, open or not.

        Returns:
            those whose submissions are examined with other tests from now on.
        """
        self._reload()
        now = dt.datetime.now(dt.UTC)
        anew = []
        for name in self.course.units:
            week = self.by_name.get(name)
            if week is None:
                week = Week(name, self.course, self._paths, self._options, self._most, self._tell)
            week.course = self.course
            if not self._is_watched(week, now):
                continue
            self.by_name[name] = week
            if week.refresh():
                anew.append(name)
            week.warm_up(now)
            self._board.trouble(name, week.problem)
        for name, week in list(self.by_name.items()):
            known = name in self.course.units
            if name not in busy and not (known and self._is_watched(week, now)):
                self.by_name.pop(name).let_go()
                self._board.trouble(name, "")
        return anew

    def give_up(self, name: str, problem: str) -> None:
        """A week cannot be graded, as its workers say."""
        self.by_name[name].give_up(problem)
        self._board.trouble(name, problem)

    def let_go(self) -> None:
        """End all workers, and wait for it."""
        closing = [thread for week in self.by_name.values() if (thread := week.let_go())]
        for thread in closing:
            thread.join()

    def status(self, waiting: Counter[str]) -> list[WeekStatus]:
        """How they are.

        Args:
            waiting: how many submissions wait for a worker, by name.
        """
        return [
            WeekStatus(
                name=name,
                workers=week.workers.workers if week.workers else 0,
                queue=waiting[name],
                problem=week.problem,
            )
            for name, week in self.by_name.items()
        ]

    def _is_watched(self, week: Week, now: dt.datetime) -> bool:
        if self._chosen:
            return week.assignment in self._chosen
        return week.is_open(now)

    def _reload(self) -> None:
        """Read course.yml again if it has changed; as long as it is wrong, the last right one holds."""
        try:
            status = self._paths.course.stat()
        except OSError as error:
            self._board.trouble("course.yml", f"cannot be read ({error.strerror}): put it back.")
            self._file = None
            return
        stamp = (status.st_mtime_ns, status.st_size)
        if stamp == self._file:
            return
        self._file = stamp
        try:
            self.course = load_course(self._paths.root)
        except Problem as problem:
            self._board.trouble("course.yml", str(problem))
        else:
            self._board.trouble("course.yml", "")
