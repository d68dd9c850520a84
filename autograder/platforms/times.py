"""When submissions were handed in, as a table beside an archive tells it, such as Moodle's grading worksheet.

Moodle's zip has no times. Its worksheet has them in the column "Last modified (submission)", and both number
the participants alike.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.gradebook.grades import Student
from autograder.gradebook.roster import columns_of, ids_of, is_no_person, key_of, names_of, student_of
from autograder.platforms.archives import CollectError, Skipped, shown
from autograder.spreadsheet import read_table
from autograder.submissions.timestamps import moment_of


@dataclass(frozen=True)
class Times:
    """Times by what a table calls students; of two rows that are called alike neither counts.

    Attributes:
        by_id: by any id, as :func:`autograder.gradebook.roster.key_of` writes it.
        by_name: by a name in any of its ways.
    """

    by_id: Mapping[str, frozenset[dt.datetime]]
    by_name: Mapping[str, frozenset[dt.datetime]]

    def of(self, told: Iterable[str], student: Student | None = None) -> dt.datetime | None:
        """When somebody handed in, naive UTC; None if the table does not say.

        Args:
            told: what the source calls the student, what tells most first.
            student: what the class list knows, if it does.
        """
        told = [key_of(value) for value in told if value]
        ids = [*told, *(ids_of(student) if student is not None else ())]
        names = [*told, *(names_of(student) if student is not None else ())]
        for keys, times in ((ids, self.by_id), (names, self.by_name)):
            for key in keys:
                found = times.get(key, frozenset())
                if len(found) == 1:
                    return next(iter(found))
        return None


_TIME = ("lastmodifiedsubmission", "submissiontimestamp", "submittedat", "submissiontime", "submitted")
_OTHER_TIME = (
    "time",
    "timestamp",
    "date",
    "제출시간",
    "제출시각",
    "제출일시",
    "제출일",
    "일시",
    "시간",
    "시각",
    "타임스탬프",
)
_NO_TIME = ("", "-", "–", "없음", "none")


def read_times(path: Path, zone: dt.tzinfo, skipped: list[Skipped], encoding: str | None = None) -> Times:
    """The times in a table: who is known by the columns of a class list, the time by its heading.

    Args:
        path: of the table.
        zone: of times that have none.
        skipped: gets the rows whose time is not clear.
        encoding: to be taken instead of what is found out.

    Raises:
        CollectError: it is no such table.
    """
    try:
        rows = read_table(path.read_bytes(), encoding)
    except OSError as error:
        raise CollectError(f"{path} cannot be read ({error.strerror}).") from None
    except ValueError as error:
        raise CollectError(f"{path} cannot be read as CSV: {error}.") from None
    heading = rows[0][1] if rows else []
    columns, _ = columns_of(heading)
    at = _time_column(heading)
    if at is None or not columns:
        raise CollectError(
            f"{path} does not say who handed in when: Moodle's grading worksheet does, and so does a table "
            "with the columns Email (or Student, ID number …) and Time."
        )
    by_id: dict[str, set[dt.datetime]] = {}
    by_name: dict[str, set[dt.datetime]] = {}
    for line, row in rows[1:]:
        told = {columns[n]: value.strip() for n, value in enumerate(row) if n in columns}
        text = row[at].strip() if at < len(row) else ""
        if is_no_person(row, told) or text.lower() in _NO_TIME:
            continue
        time = moment_of(text, zone)
        if time is None:
            reason = f"the time {shown(text)} is not clear: write it as 2027-04-05 23:50"
            skipped.append(Skipped(f"{path.name}, line {line}", reason))
            continue
        student = student_of(told)
        for key in ids_of(student):
            by_id.setdefault(key, set()).add(time)
        for key in names_of(student):
            by_name.setdefault(key, set()).add(time)
    return Times(_frozen(by_id), _frozen(by_name))


def _frozen(times: Mapping[str, set[dt.datetime]]) -> dict[str, frozenset[dt.datetime]]:
    return {key: frozenset(found) for key, found in times.items()}


def _time_column(heading: Sequence[str]) -> int | None:
    """The column that says when something was handed in, not when it was graded."""
    keys = ["".join(c for c in title.lower() if c.isalpha()) for title in heading]
    return next((keys.index(key) for key in _wanted(keys) if key in keys), None)


def _wanted(keys: Sequence[str]) -> Iterator[str]:
    yield from _TIME
    yield from (key for key in keys if "수정" in key and "제출" in key)
    yield from _OTHER_TIME
