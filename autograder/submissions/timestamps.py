"""When a submission was handed in: nbgrader's ``timestamp.txt``."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from pathlib import Path

from autograder.linear import Pattern

TIMESTAMP = "timestamp.txt"
_OFFSET = Pattern(r"[+-][0-9]{2}:?[0-9]{2}")


def join_offset(text: str) -> str:
    """A time whose offset stands apart (``... +0900``) with the two together, as the ISO format has them."""
    time, *offset = text.rsplit(maxsplit=1)[:2] or [""]
    return time + offset[0] if offset and _OFFSET.fullmatch(offset[0]) else text


def stamp(moment: dt.datetime) -> bytes:
    """The file's content for a moment, naive UTC as nbgrader keeps it."""
    return f"{moment:%Y-%m-%d %H:%M:%S.%f} UTC".encode()


def read_timestamp(folder: Path) -> dt.datetime | None:
    """When the submission in ``folder`` was handed in (``timestamp.txt``), naive UTC as nbgrader keeps it.

    None if there is no such file or if it holds no time.
    """
    from nbgrader.utils import parse_utc  # nbgrader takes a second to import

    with suppress(OSError, ValueError, OverflowError):
        with (folder / TIMESTAMP).open(encoding="utf-8") as file:
            text = file.read(100).strip()
        # nbgrader reads an offset such as +0900 as seconds, so hours are left to the ISO format.
        text = join_offset(text)
        found: dt.datetime | None = parse_utc(text) if text else None
        return found
    return None
