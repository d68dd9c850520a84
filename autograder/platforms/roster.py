"""The platform's own list of students: who is who there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from autograder.gradebook.grades import ExportError, Grades, Student
from autograder.linear import Pattern
from autograder.spreadsheet import unguarded


@dataclass(frozen=True)
class Roster:
    """What a platform calls students and weeks.

    Attributes:
        students: by the name of their folder, in the file's order.
        headings: Canvas's headings of assignments that are there already, ``Title (id)``, by title.
    """

    students: Mapping[str, Student]
    headings: Mapping[str, str] = field(default_factory=dict)


_ROSTER_COLUMNS = {
    "folder": "id",
    "id": "canvas_id",
    "canvasid": "canvas_id",
    "sisuserid": "sis_user_id",
    "sisloginid": "sis_login_id",
    "section": "section",
    "email": "email",
    "emailaddress": "email",
    "idnumber": "id_number",
    "name": "name",
}
_IDENTIFYING = ("sis_login_id", "email", "id_number", "sis_user_id", "canvas_id")
_HEADING = Pattern(r"(.*\S)\s*\((\d+)\)\s*")


def read_roster(text: str, students: Iterable[str]) -> Roster:
    """The roster in a CSV file: one of one's own, or a gradebook as Canvas or Moodle exports it.

    Columns are known by their headings: ``Student`` (the folder's name), ``Name``, ``ID``, ``SIS User ID``,
    ``SIS Login ID``, ``Section``, ``Email``, ``ID number``. In Canvas's own file ``Student`` is a person's
    name: then the row belongs to the folder that is called like one of its other columns (of an email
    address the part before the @ will do).

    Args:
        text: of the file.
        students: names of the folders that there are.

    Raises:
        ExportError: a row belongs to no folder that could be named, or two to the same.
    """
    rows = [row for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"))) if any(row)]
    if not rows:
        raise ExportError("The roster is empty: give it a line of headings and one line a student.")
    heading, *lines = rows
    keys = ["".join(c for c in title.lower() if "a" <= c <= "z") for title in heading]
    foreign = "student" in keys and not _own(keys)
    columns: dict[int, str] = {}
    headings: dict[str, str] = {}
    for number, (key, title) in enumerate(zip(keys, heading, strict=True)):
        if key == "student":
            columns[number] = "name" if foreign else "id"
        elif key in _ROSTER_COLUMNS:
            columns[number] = _ROSTER_COLUMNS[key]
        elif found := _HEADING.fullmatch(title):
            headings[found[1]] = title
    if not columns or not {"id", *_IDENTIFYING} & set(columns.values()):
        raise ExportError(
            "The roster has no column that says whose row it is: head one of them Student (the folder's "
            "name), SIS Login ID, Email or ID number."
        )
    known = set(students)
    found_students: dict[str, Student] = {}
    for line, row in enumerate(lines, start=2):
        fields = {columns[n]: unguarded(value.strip()) for n, value in enumerate(row) if n in columns}
        if fields.get("name", "").startswith("Points Possible") or fields.get("name") == "Student, Test":
            continue
        folder = fields.pop("id", "") or _folder(fields, known)
        if not folder:
            raise ExportError(f"Line {line} of the roster does not say whose it is.")
        if folder in found_students:
            raise ExportError(f"Line {line} of the roster is the second one for {folder}.")
        found_students[folder] = Student(folder, **fields)
    return Roster(found_students, headings)


def _own(keys: Sequence[str]) -> bool:
    """Whether ``Student`` heads folders' names: not in Canvas's files, where names stand there."""
    return "name" in keys or not {"id", "sisloginid"} <= set(keys)


def _folder(fields: Mapping[str, str], known: set[str]) -> str:
    """The folder that is called like one of a row's identifying columns; the first of these if none is."""
    values = [fields[key] for key in _IDENTIFYING if fields.get(key)]
    local = [value.partition("@")[0] for value in values if "@" in value]
    return next((value for value in [*values, *local] if value in known), values[0] if values else "")


def with_roster(grades: Grades, roster: Roster) -> Grades:
    """The grades with what the roster says of the students; who has not handed in anything comes too."""
    known = {student.id: student for student in grades.students}
    merged = []
    for folder in [*roster.students, *(name for name in known if name not in roster.students)]:
        old, new = known.get(folder, Student(folder)), roster.students.get(folder, Student(folder))
        said = {key: value for key, value in vars(new).items() if value}
        merged.append(replace(old, **said))
    return replace(grades, students=tuple(merged))
