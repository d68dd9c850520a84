"""What a watcher says: one line for people, or one JSON object for programs."""

from __future__ import annotations

import datetime as dt
import json
import textwrap
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from rich.cells import cell_len

from autograder.wording.text import one_line
from autograder.wording.words import number

_NAME = 18
"""Columns of a student's name."""


@dataclass(frozen=True)
class Handled:
    """A submission was examined and written down, or its student was given something else.

    Attributes:
        at: when.
        week: of which week.
        student: whose.
        key: of the examination.
        status: of the examination.
        points: decided so far.
        max_points: there are in all.
        seconds: since it was seen; None if it is not new.
        feedback: ``released`` through the exchange, ``written`` into a file, ``later``, or ``none``.
        next: when there may be something else to give, if that is known.
    """

    at: dt.datetime
    week: str
    student: str
    key: str
    status: str
    points: float
    max_points: float
    seconds: float | None
    feedback: str
    next: dt.datetime | None


@dataclass(frozen=True)
class Trouble:
    """Something is in the way, or is no more.

    Attributes:
        at: when.
        about: what it concerns: the same for the beginning and the end.
        text: one sentence; empty when it is over.
    """

    at: dt.datetime
    about: str
    text: str


@dataclass(frozen=True)
class Note:
    """The watcher began, ended, or took notice of a change."""

    at: dt.datetime
    text: str


Event = Handled | Trouble | Note


def line(event: Event, zone: ZoneInfo) -> str:
    """The event for a terminal: a submission on one line, what is in the way on as many as it takes."""
    time = f"{event.at.astimezone(zone):%H:%M:%S}"
    if isinstance(event, Note):
        return f"{time} {event.text}"
    if isinstance(event, Trouble):
        said = f"{event.about}: {event.text or 'works again.'}"
        return textwrap.fill(f"{time} {one_line(said, 600)}", 80, subsequent_indent=" " * 9)
    name = one_line(event.student, 80)
    while cell_len(name) > _NAME:
        name = name[:-2] + "…"
    points = f"{number(event.points)}/{number(event.max_points)}"
    took = "" if event.seconds is None else f"{event.seconds:.1f} s"
    said = event.feedback
    if event.status == "grader-error":
        said = "needs a person"
    elif event.feedback == "later" and event.next is not None:
        said = f"due {event.next.astimezone(zone):%d. %H:%M}"
    padding = " " * (_NAME - cell_len(name))
    return f"{time} {name}{padding} {event.week[:16]:<16} {points:>10} {took:>8} {said}"


def json_line(event: Event) -> str:
    """The event as one line of JSON; times are ISO, in UTC."""
    fields: dict[str, Any] = {"event": type(event).__name__.lower(), **vars(event)}
    for name, value in fields.items():
        if isinstance(value, dt.datetime):
            fields[name] = value.astimezone(dt.UTC).isoformat(timespec="milliseconds")
    if fields.get("seconds") is not None:
        fields["seconds"] = round(fields["seconds"], 3)
    return json.dumps(fields, ensure_ascii=False)
