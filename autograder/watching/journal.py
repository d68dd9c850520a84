"""What has been done about a student's submission, so that a run that is killed goes on where it was.

One small file a student and week, written whole or not at all. What it does not say is done again, and
everything that is done twice (a record kept, a gradebook written, a page released) is as if done once.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from autograder.course.models import Level
from autograder.files import write_atomically

_FILE = "journal.json"


class Part(BaseModel):
    """Base: frozen, and nothing unknown gets in."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Given(Part):
    """What the student was given last.

    Attributes:
        arrival: on which submission.
        what: the results, or when they are due.
        key: of the examination.
        level: how much was told.
        due: when the results are due, if they are.
    """

    arrival: str
    what: Literal["results", "later"]
    key: str
    level: Level
    due: dt.datetime | None = None


class Told(Part):
    """A submission of which the student was told the results."""

    arrival: str
    at: dt.datetime


class Entry(Part):
    """A student and a week.

    Attributes:
        arrival: name of the submission that was taken last (:attr:`Arrival.name`).
        digest: hash of its notebook.
        time: when it was handed in, as the exchange wrote it.
        secret: its secret, by which its feedback is found.
        notebooks: names of its notebooks, without the ending.
        key: of its examination, once it is in the gradebook; empty before.
        fault: the examination is a fault of the grader's own.
        told: on which submissions the student was told results, and when first.
        given: what the student was given last, if anything.
        next: when the student may be given something else.
    """

    arrival: str = ""
    digest: str = ""
    time: str = ""
    secret: str = ""
    notebooks: tuple[str, ...] = ()
    key: str = ""
    fault: bool = False
    told: tuple[Told, ...] = ()
    given: Given | None = None
    next: dt.datetime | None = None

    @property
    def has_results(self) -> bool:
        """Whether the student was told the results of what was taken last."""
        given = self.given
        return given is not None and (given.arrival, given.what) == (self.arrival, "results")


class Journal:
    """The entries of a course.

    Args:
        folder: where they are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, week: str, student: str) -> Entry:
        """The entry; an empty one if there is none that is whole."""
        try:
            return Entry.model_validate_json(self._file(week, student).read_bytes())
        except (OSError, ValidationError):
            return Entry()

    def write(self, week: str, student: str, entry: Entry) -> None:
        """Keep an entry; it holds a secret, so that it is for the grader alone.

        Raises:
            GradeError: it cannot be written.
        """
        write_atomically(self._file(week, student), entry.model_dump_json().encode(), mode=0o600)

    def _file(self, week: str, student: str) -> Path:
        return self._folder / week / student / _FILE
