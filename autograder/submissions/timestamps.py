"""When a submission was handed in: nbgrader's ``timestamp.txt``."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Literal

from autograder.course.folders import Paths
from autograder.files import write_atomically
from autograder.patterns import Match, Pattern

TIMESTAMP = "timestamp.txt"
_PARTS = Pattern(
    r"(?:(?P<year>\d{4})\s?[-/.]\s?(?P<month>\d{1,2})\s?[-/.]\s?(?P<day>\d{1,2})\.?"
    r"|(?P<first>\d{1,2})\s?[-/.]\s?(?P<second>\d{1,2})\s?[-/.]\s?(?P<last>\d{4})\.?)"
    r"(?:[T\s,]+(?P<before>AM|PM|am|pm|오전|오후)?\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r"(?::(?P<second_of>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?\s*(?P<after>[AaPp]\.?[Mm]\.?)?)?"
    r"\s*(?P<zone>[A-Za-z]{0,5}\s?(?:[+-]\d{1,2}(?::?\d{2})?)?)"
)
_ZONE = Pattern(r"(?P<name>[A-Za-z]*)\s?(?:(?P<sign>[+-])(?P<hours>\d{1,2}):?(?P<minutes>\d{2})?)?")
_NAMED = {
    "": None,
    "Z": 0,
    "UTC": 0,
    "GMT": 0,
    "KST": 9,
    "JST": 9,
    "CET": 1,
    "CEST": 2,
    "EST": -5,
    "EDT": -4,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
}
"""Hours east of Greenwich; names that mean several zones are not among them."""


def moment_of(text: str, zone: dt.tzinfo = dt.UTC) -> dt.datetime | None:
    """A time as systems and forms write it, naive UTC as nbgrader keeps it; None if it is not clear.

    Not clear are ``04/05/2027``, which is April in one country and May in another, and a zone whose name
    several have. ``GMT+9`` is nine hours east, as forms write it.

    Args:
        text: the time.
        zone: the one that is meant where the text has none.
    """
    found = _PARTS.fullmatch(_with_numbers(text[:100].strip()))
    if found is None:
        return None
    date = _date(found)
    offset = _offset(found["zone"] or "")
    if date is None or offset is False:
        return None
    hour, half = int(found["hour"] or 0), (found["before"] or found["after"] or "").lower().replace(".", "")
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half in ("pm", "오후") else 0)
    fraction = (found["fraction"] or "0")[:6].ljust(6, "0")
    with suppress(ValueError, OverflowError):
        local = dt.datetime(
            *date, hour, int(found["minute"] or 0), int(found["second_of"] or 0), int(fraction)
        )
        placed = local.replace(tzinfo=zone if offset is None else dt.timezone(offset))
        return placed.astimezone(dt.UTC).replace(tzinfo=None)
    return None


_KOREAN_DATE = Pattern(r"(\d{4})년\s*(\d{1,2})월\s*(\d{1,2})일(?:\s*\(?[월화수목금토일](?:요일)?\)?)?,?")
_DAY_FIRST = Pattern(r"(?:[A-Za-z]{3,9},?\s+)?(\d{1,2})\s+([A-Za-z]{3,9})\.?,?\s+(\d{4}),?")
_MONTH_FIRST = Pattern(r"(?:[A-Za-z]{3,9},?\s+)?([A-Za-z]{3,9})\.?\s+(\d{1,2}),?\s+(\d{4}),?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def _with_numbers(text: str) -> str:
    """The text with a date in words (``Sunday, 4 April 2027``, ``2027년 4월 4일``) as ``2027-4-4``."""
    if found := _KOREAN_DATE.match(text):
        return f"{found[1]}-{found[2]}-{found[3]}{text[found.end() :]}"
    for pattern, day, month in ((_DAY_FIRST, 1, 2), (_MONTH_FIRST, 2, 1)):
        found = pattern.match(text)
        if found is not None and found[month][:3].lower() in _MONTHS:
            number = _MONTHS.index(found[month][:3].lower()) + 1
            return f"{found[3]}-{number}-{found[day]}{text[found.end() :]}"
    return text


def _date(found: Match) -> tuple[int, int, int] | None:
    if found["year"]:
        return int(found["year"]), int(found["month"]), int(found["day"])
    first, second, year = int(found["first"]), int(found["second"]), int(found["last"])
    if first == second or second > 12:
        return year, first, second
    return (year, second, first) if first > 12 else None


def _offset(text: str) -> dt.timedelta | Literal[False] | None:
    """How far east of Greenwich; None if the text does not say, False if it is not clear."""
    found = _ZONE.fullmatch(text.strip())
    if found is None:
        return False
    name = found["name"].upper()
    if name not in _NAMED or (found["sign"] and _NAMED[name] not in (None, 0)):
        return False
    if not found["sign"]:
        hours = _NAMED[name]
        return None if hours is None else dt.timedelta(hours=hours)
    east = dt.timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
    return (east if found["sign"] == "+" else -east) if east < dt.timedelta(days=1) else False


def stamp(moment: dt.datetime) -> bytes:
    """The file's content for a moment, naive UTC as nbgrader keeps it."""
    return f"{moment:%Y-%m-%d %H:%M:%S.%f} UTC".encode()


def read_timestamp(folder: Path) -> dt.datetime | None:
    """When the submission in ``folder`` was handed in (``timestamp.txt``), naive UTC as nbgrader keeps it.

    None if there is no such file or if it holds no time.
    """
    with suppress(OSError, ValueError), (folder / TIMESTAMP).open(encoding="utf-8") as file:
        return moment_of(file.read(100))
    return None


# Late, without a time


def said_late(paths: Paths, unit: str) -> set[str]:
    """Students whom a platform called late without saying when they handed in; none if it cannot be read."""
    try:
        found = json.loads(_said_late(paths, unit).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return set()
    return {student for student in found if isinstance(student, str)} if isinstance(found, list) else set()


def keep_said_late(paths: Paths, unit: str, students: Collection[str]) -> None:
    """Keep whom a platform called so."""
    content = json.dumps(sorted(students), ensure_ascii=False)
    write_atomically(_said_late(paths, unit), content.encode("utf-8", "replace"))


def _said_late(paths: Paths, unit: str) -> Path:
    return paths.cache / "collected" / f"{unit}.late.json"
