"""What a watcher is at, for whoever asks: a file for programs, and a page that refreshes itself."""

from __future__ import annotations

import contextlib
import datetime as dt
import textwrap
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import quantiles
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from autograder.course.folders import Paths
from autograder.course.locks import someone_else
from autograder.course.models import Course
from autograder.files import write_atomically
from autograder.messages import Language
from autograder.pages.render import render
from autograder.watching.events import Event, Handled, Trouble
from autograder.watching.journal import Part
from autograder.wording.text import one_line
from autograder.wording.words import number

PAGE = "watch.html"
_LATEST = 20
"""Submissions that the page shows."""
_REMEMBERED = 1000
"""Submissions of which times are kept, more than are handled in a minute, and events that wait to be said."""


class WeekStatus(Part):
    """A week.

    Attributes:
        name: of the assignment.
        workers: that are warm, or get so.
        queue: submissions that wait for one.
        problem: why it cannot be graded; empty if it can.
    """

    name: str
    workers: int
    queue: int
    problem: str


class Concern(Part):
    """Something for a person.

    Attributes:
        student: whose submission; empty if it is nobody's.
        week: which; empty if it is none's.
        what: in one sentence.
    """

    student: str = ""
    week: str = ""
    what: str


class Status(Part):
    """What a watcher is at.

    Attributes:
        at: when this was so.
        since: when it began.
        ended: it has ended.
        weeks: that are watched.
        examining: submissions under examination.
        writing: submissions that wait for the gradebook or are being written.
        last_minute: how many new submissions were handled in it.
        median, worst: seconds from seen to given of the last hundred: the median, and the 95th percentile.
        concerns: what needs a person.
        latest: submissions, the last one first.
    """

    at: dt.datetime
    since: dt.datetime
    ended: bool = False
    weeks: tuple[WeekStatus, ...] = ()
    examining: int = 0
    writing: int = 0
    last_minute: int = 0
    median: float | None = None
    worst: float | None = None
    concerns: tuple[Concern, ...] = ()
    latest: tuple[Handled, ...] = ()

    @property
    def queue(self) -> int:
        """Submissions that wait for a worker."""
        return sum(week.queue for week in self.weeks)


class Board:
    """Collects what a watcher says, for :class:`Status`.

    Args:
        tell: told each event.

    Attributes:
        refused: by week and student, why a submission in the exchange is not taken.
    """

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self._unsaid: deque[Event] = deque(maxlen=_REMEMBERED)
        self.refused: dict[tuple[str, str], str] = {}
        self._since = _now()
        self._troubles: dict[str, str] = {}
        self._faults: dict[tuple[str, str], str] = {}
        self._handled: deque[Handled] = deque(maxlen=_REMEMBERED)

    def hear(self, event: Event) -> None:
        """Something has happened."""
        if isinstance(event, Handled):
            self._handled.append(event)
            where = (event.week, event.student)
            self._faults.pop(where, None)
            if event.status == "grader-error":
                self._faults[where] = "could not be examined, for a fault that is not the student's"
        self._say(event)

    def trouble(self, about: str, text: str) -> None:
        """Something is in the way, or is no more; said once."""
        if self._troubles.get(about, "") != text:
            self._troubles[about] = text
            self._say(Trouble(_now(), about, text))
        if not text:
            self._troubles.pop(about, None)

    def _say(self, event: Event) -> None:
        self._unsaid.append(event)
        with contextlib.suppress(OSError):  # the disk under the log is full: it is said when there is room
            while self._unsaid:
                self._tell(self._unsaid[0])
                self._unsaid.popleft()

    def concerns(self) -> tuple[Concern, ...]:
        """What needs a person."""
        return (
            *(Concern(what=f"{about}: {text}") for about, text in self._troubles.items()),
            *(Concern(week=week, student=name, what=text) for (week, name), text in self._faults.items()),
            *(Concern(week=week, student=name, what=text) for (week, name), text in self.refused.items()),
        )

    def status(
        self, weeks: Sequence[WeekStatus], examining: int, writing: int, *, ended: bool = False
    ) -> Status:
        """How things are now."""
        now = _now()
        new = [one for one in self._handled if one.seconds is not None]
        median, worst = _median_and_worst([one.seconds or 0.0 for one in new[-100:]])
        return Status(
            at=now,
            since=self._since,
            ended=ended,
            weeks=tuple(weeks),
            examining=examining,
            writing=writing,
            last_minute=sum(one.at > now - dt.timedelta(minutes=1) for one in new),
            median=median,
            worst=worst,
            concerns=self.concerns(),
            latest=tuple(reversed(list(self._handled)[-_LATEST:])),
        )


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _median_and_worst(seconds: list[float]) -> tuple[float | None, float | None]:
    """The median and the 95th percentile; None without any."""
    if len(seconds) < 2:
        return (seconds[0], seconds[0]) if seconds else (None, None)
    cut = quantiles(seconds, n=20, method="inclusive")
    return cut[9], cut[18]


def watch_lock(paths: Paths) -> Path:
    """What a watcher of the course holds."""
    return paths.watching / "watch.lock"


def write_status(paths: Paths, course: Course, status: Status) -> None:
    """Leave the status for whoever asks, and the page ``report/watch.html``.

    Raises:
        GradeError: they cannot be written.
    """
    write_atomically(paths.watching / "status.json", status.model_dump_json().encode(), mode=0o600)
    write_atomically(paths.report / PAGE, render_status(course, status).encode("utf-8", "replace"))


def read_status(paths: Paths) -> tuple[Status | None, str]:
    """The last status there is, and who watches now, in words; empty if nobody does."""
    who = someone_else(watch_lock(paths))
    try:
        raw = (paths.watching / "status.json").read_bytes()
        return Status.model_validate_json(raw), who
    except (OSError, ValidationError):
        return None, who


def render_status(course: Course, status: Status) -> str:
    """The page; it asks for itself anew every few seconds, as long as the watcher is at work."""

    def local(moment: dt.datetime, pattern: str = "%H:%M:%S") -> str:
        return f"{moment.astimezone(course.zone):{pattern}}"

    return render(
        "watch.html.j2",
        language=Language.EN,
        course=course,
        status=status,
        local=local,
        number=number,
        name=lambda text: one_line(text, 80),
        line=lambda text: one_line(text, 600),
    )


def said(status: Status | None, who: str, zone: ZoneInfo) -> str:
    """The status for a terminal."""
    if status is None:
        return f"{who} is watching; it has said nothing yet." if who else "Nobody is watching this course."
    at = f"{status.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    head = f"{who} is watching." if who else "Nobody is watching this course now; this was so when it ended."
    lines = [
        head,
        f"at {at}: {status.queue} waiting, {status.examining} examined, {status.writing} written",
        f"last minute: {status.last_minute} handled{_pace(status)}",
    ]
    for week in status.weeks:
        lines.append(f"{week.name}: {week.problem or f'{week.workers} workers, {week.queue} waiting'}")
    for concern in status.concerns:
        lines.append(" ".join(filter(None, ("!", concern.week, concern.student, concern.what))))
    return "\n".join(textwrap.fill(one_line(text, 600), 80, subsequent_indent="  ") for text in lines)


def _pace(status: Status) -> str:
    if status.median is None or status.worst is None:
        return ""
    return f"; median {status.median:.1f} s, 95 % within {status.worst:.1f} s"
