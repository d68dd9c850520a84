"""Sizes, times and shares as people write them in ``course.yml``."""

from __future__ import annotations

import datetime as dt
import difflib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    StrictInt,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError


def _size(value: Any) -> int:
    """Bytes, from an integer or from text such as ``2 GiB`` or ``500 MB``."""
    units = {"": 1, "b": 1}
    for power, letter in enumerate("kmgt", start=1):
        units |= {f"{letter}b": 1000**power, f"{letter}ib": 1024**power}
    size = -1
    if isinstance(value, int) and not isinstance(value, bool):
        size = value
    elif isinstance(value, str) and (
        found := re.fullmatch(r"(\d{1,18}(?:\.\d{1,9})?)\s*([a-zA-Z]*)", value.strip())
    ):
        size = int(float(found[1]) * units.get(found[2].lower(), -1))
    if not 0 < size < 2**60:
        raise PydanticCustomError("size", 'has to be a size such as "2 GiB", "500 MB" or a number of bytes')
    return size


def _time(value: Any, info: ValidationInfo) -> dt.datetime:
    """A time from ISO text; a due *date* means the end of that day, a release date its beginning."""
    if isinstance(value, dt.datetime):
        return value
    try:
        if not isinstance(value, str):
            raise ValueError
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value.strip()):
            date = dt.date.fromisoformat(value.strip())
            return dt.datetime.combine(date, dt.time(23, 59, 59) if info.field_name == "due" else dt.time())
        return dt.datetime.fromisoformat(value.strip())
    except ValueError:
        raise PydanticCustomError(
            "time", "has to be a date that exists, written as 2027-03-15 23:59"
        ) from None


@dataclass(frozen=True)
class Span:
    """A length of time as people mean it.

    Attributes:
        days: of the calendar: a day later is the same time of the clock, also where clocks are changed.
        elapsed: hours and minutes as a stopwatch counts them.
    """

    days: int = 0
    elapsed: dt.timedelta = dt.timedelta()

    def after(self, moment: dt.datetime, zone: ZoneInfo) -> dt.datetime:
        """The moment that lies this much after another one, in the clock of ``zone``."""
        local = moment.astimezone(zone) + dt.timedelta(days=self.days)
        return local.astimezone(dt.UTC) + self.elapsed


@dataclass(frozen=True)
class Extension:
    """More time for one student: a new due date, or so much longer.

    Attributes:
        until: the new due date, without a time zone in the course's own.
        longer: how much longer than everybody else.
    """

    until: dt.datetime | None = None
    longer: Span = Span()

    def due(self, due: dt.datetime, zone: ZoneInfo) -> dt.datetime:
        """The student's due date where ``due`` is everybody's; never an earlier one."""
        if self.until is None:
            return self.longer.after(due, zone)
        until = self.until if self.until.tzinfo else self.until.replace(tzinfo=zone)
        return max(due, until, key=dt.datetime.timestamp)


_SPAN = re.compile(r"(\d{1,4}(?:\.\d{1,3})?)\s*(minute|min|hour|h|day|d|week)s?")


def _span(value: Any) -> Span:
    """A length of time from text such as ``15 minutes``, ``12 hours``, ``2 days``; 0 is none."""
    if isinstance(value, Span):
        return value
    if value == 0 and not isinstance(value, bool):
        return Span()
    found = _SPAN.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if found:
        number, unit = float(found[1]), found[2]
        if unit in ("day", "d", "week"):
            days = number * (7 if unit == "week" else 1)
            if days.is_integer():
                return Span(days=int(days))
        else:
            return Span(elapsed=dt.timedelta(minutes=number * (60 if unit.startswith("h") else 1)))
    raise PydanticCustomError("value", "has to be a time such as 15 minutes, 12 hours or 2 days")


def _written(span: Span) -> str | int:
    """A length of time as :func:`_span` reads it."""
    if span.days:
        return f"{span.days} days"
    minutes = span.elapsed / dt.timedelta(minutes=1)
    return (f"{minutes / 60:g} hours" if minutes % 60 == 0 else f"{minutes:g} minutes") if minutes else 0


def _percentage(value: Any) -> float:
    """Percent, from a number, ``none`` or ``zero``."""
    words = {"none": 0.0, "zero": 100.0}
    if isinstance(value, str) and value in words:
        return words[value]
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100:
        return float(value)
    raise PydanticCustomError("value", "has to be none, zero or a number of percent between 0 and 100")


def _extension(value: Any) -> Extension:
    """An extension from a date or a length of time."""
    if isinstance(value, Extension):
        return value
    if isinstance(value, str):
        text = value.strip()
        try:
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
                date = dt.date.fromisoformat(text)
                return Extension(until=dt.datetime.combine(date, dt.time(23, 59, 59)))
            if re.match(r"\d{4}-", text):
                return Extension(until=dt.datetime.fromisoformat(text))
        except ValueError:
            pass
        else:
            if _SPAN.fullmatch(text.lower()):
                return Extension(longer=_span(text))
    raise PydanticCustomError("value", "has to be a date such as 2027-03-15 23:59, or longer by e.g. 2 days")


def student_name(value: Any) -> str:
    """A student's id, which YAML takes for a number where it is made of digits."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    raise PydanticCustomError("at", "has to be in quotes, since it is a name, not a number", {"at": ()})


def _extensions(value: Any) -> Any:
    """Extensions by week; one without a week is short for the same in every week (``*``)."""
    return value if isinstance(value, dict) else {EVERY_WEEK: value}


EVERY_WEEK = "*"

_TIME_SCHEMA = {
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:?\d{2})?)?$",
    "examples": ["2027-03-15 23:59"],
}
_SIZE_SCHEMA = {
    "anyOf": [
        {"type": "integer", "exclusiveMinimum": 0},
        {"type": "string", "pattern": r"^\d+(\.\d+)?\s*([kKmMgGtT][iI]?)?[bB]?$"},
    ]
}

_SPAN_SCHEMA = {
    "anyOf": [
        {"const": 0},
        {
            "type": "string",
            "pattern": r"^\d+(\.\d+)?\s*(minute|min|hour|h|day|d|week)s?$",
            "examples": ["15 minutes", "12 hours", "2 days"],
        },
    ]
}
_PERCENTAGE_SCHEMA = {"anyOf": [{"enum": ["none", "zero"]}, {"type": "number", "minimum": 0, "maximum": 100}]}
_EXTENSION_SCHEMA = {
    "anyOf": [{"type": "string", "pattern": _TIME_SCHEMA["pattern"]}, _SPAN_SCHEMA["anyOf"][1]]
}

Size = Annotated[int, BeforeValidator(_size), WithJsonSchema(_SIZE_SCHEMA)]
Time = Annotated[dt.datetime, BeforeValidator(_time), WithJsonSchema(_TIME_SCHEMA)]
Duration = Annotated[
    Span,
    BeforeValidator(_span),
    PlainSerializer(_written, when_used="json"),
    WithJsonSchema(_SPAN_SCHEMA),
]
Percentage = Annotated[float, BeforeValidator(_percentage), WithJsonSchema(_PERCENTAGE_SCHEMA)]
Prolonged = Annotated[Extension, BeforeValidator(_extension), WithJsonSchema(_EXTENSION_SCHEMA)]
Prolongations = Annotated[
    dict[str, Prolonged],
    BeforeValidator(_extensions),
    WithJsonSchema(
        {"anyOf": [_EXTENSION_SCHEMA, {"type": "object", "additionalProperties": _EXTENSION_SCHEMA}]}
    ),
]
Seconds = Annotated[float, Field(strict=True, gt=0, le=24 * 3600)]
Count = Annotated[StrictInt, Field(gt=0)]


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """`` (did you mean "…"?)`` or nothing; a part of a known word counts as near."""
    near = difflib.get_close_matches(word.lower(), [name.lower() for name in known], n=1, cutoff=0.6)
    candidates = [name for name in known if near and name.lower() == near[0]]
    candidates += [name for name in known if len(word) > 1 and word.lower() in name.lower()]
    return f' (did you mean "{candidates[0]}"?)' if candidates else ""
