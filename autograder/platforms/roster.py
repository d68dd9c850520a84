"""The class list: who is who, in ``roster.csv`` and on each platform.

A row belongs to a student's folder. It is found by any of the ids that platforms know a person by, whatever
case, form of letters or leading zeros they come with, and by the name where no id says it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from autograder.course.folders import Paths
from autograder.files import write_atomically
from autograder.gradebook.grades import ExportError, Grades, Student
from autograder.linear import Pattern
from autograder.spreadsheet import BYTE_ORDER_MARK, read_table, table


@dataclass(frozen=True)
class Roster:
    """What a platform calls students and weeks.

    Attributes:
        students: by the name of their folder, in the file's order.
        headings: Canvas's headings of assignments that are there already, ``Title (id)``, by title.
        strangers: folders that no row belongs to.
    """

    students: Mapping[str, Student]
    headings: Mapping[str, str] = field(default_factory=dict)
    strangers: tuple[str, ...] = ()

    def folder_of(self, told: str, number: str = "") -> str | None:
        """The folder of whom a platform tells by an id, an email or a name; None if that is not clear.

        Args:
            told: what the platform calls the student.
            number: by which it tells students of one name apart, if it does.
        """
        for value in (number, told):
            keys = {_key(value)} if value else set()
            found = {s.id for s in self.students.values() if keys & set(_ids(s))}
            if len(found) == 1:
                return found.pop()
        named = [s.id for s in self.students.values() if _key(told) in set(_names(s))]
        return named[0] if len(named) == 1 else None


_COLUMNS = {
    **dict.fromkeys(("student", "folder", "학생", "폴더"), "id"),
    **dict.fromkeys(("name", "fullname", "studentname", "성명", "전체이름"), "name"),
    **dict.fromkeys(("firstname", "givenname", "이름"), "first"),
    **dict.fromkeys(("lastname", "surname", "familyname", "성"), "last"),
    **dict.fromkeys(("id", "canvasid", "canvasuserid"), "canvas_id"),
    **dict.fromkeys(("sisuserid", "sisid"), "sis_user_id"),
    **dict.fromkeys(("sisloginid", "loginid", "login", "username", "사용자이름"), "sis_login_id"),
    **dict.fromkeys(("section", "sections", "분반", "반"), "section"),
    **dict.fromkeys(("email", "emailaddress", "mail", "이메일", "이메일주소"), "email"),
    **dict.fromkeys(("idnumber", "studentid", "studentnumber", "sid", "학번"), "id_number"),
    **dict.fromkeys(("identifier", "moodleid", "participant", "식별자"), "moodle_id"),
    **dict.fromkeys(("github", "githubusername", "githubid"), "github"),
    **dict.fromkeys(("team", "group", "팀", "조"), "team"),
}
_IDENTIFYING = (*("sis_login_id", "email", "id_number", "sis_user_id", "canvas_id", "moodle_id", "github"),)
_HEADING = Pattern(r"(.*\S)\s*\((\d+)\)\s*")
_PARTICIPANT = Pattern(r"(?:Participant|참가자|참여자)[ _](\d+)")


def read_roster(content: str | bytes, students: Iterable[str]) -> Roster:
    """The roster in a CSV file: one's own, or a list as Canvas, Moodle, Gradescope or GitHub gives it.

    Columns are known by their headings, in English or Korean: ``Student`` (the folder's name), ``Name``,
    ``ID``, ``SIS User ID``, ``SIS Login ID``, ``Section``, ``Email``, ``ID number``, and others. In Canvas's
    own file ``Student`` is a person's name: then the row belongs to the folder that is called like one of its
    other columns (of an email address the part before the @ will do), or like the name.

    Args:
        content: of the file, in whatever encoding and with whatever separator.
        students: names of the folders that there are.

    Raises:
        ExportError: it is no such table, a row belongs to no folder that could be named, or two to the same.
    """
    try:
        rows = read_table(content.encode() if isinstance(content, str) else content)
    except ValueError as error:
        raise ExportError(f"The roster cannot be read as CSV: {error}.") from None
    if not rows:
        raise ExportError("The roster is empty: give it a line of headings and one line a student.")
    (_, heading), *lines = rows
    columns, headings = _columns(heading)
    if not columns or not {"id", *_IDENTIFYING} & set(columns.values()):
        raise ExportError(
            "The roster has no column that says whose row it is: head one of them Student (the folder's "
            "name), SIS Login ID, Email or ID number."
        )
    known = list(students)
    found: dict[str, Student] = {}
    for line, row in lines:
        told = {columns[n]: value.strip() for n, value in enumerate(row) if n in columns}
        if _is_no_person(row, told):
            continue
        student = _student(told)
        folder = _folder(student, known)
        if not folder:
            raise ExportError(f"Line {line} of the roster does not say whose it is.")
        if folder in found:
            raise ExportError(f"Line {line} of the roster is the second one for {folder}.")
        found[folder] = replace(student, id=folder)
    strangers = tuple(folder for folder in known if folder not in found)
    return Roster(found, headings, strangers)


def _columns(heading: Sequence[str]) -> tuple[dict[int, str], dict[str, str]]:
    """Which column holds what, by its number; and Canvas's headings of assignments, by title."""
    keys = ["".join(c for c in title.lower() if c.isalpha()) for title in heading]
    # Not in Canvas's own files, where names stand below Student.
    own = "name" in keys or not {"id", "sisloginid"} <= set(keys)
    columns: dict[int, str] = {}
    headings: dict[str, str] = {}
    for number, (key, title) in enumerate(zip(keys, heading, strict=True)):
        if key == "student":
            columns[number] = "id" if own else "name"
        elif key == "이름" and "성" not in keys:
            columns[number] = "name"
        elif key in _COLUMNS:
            columns[number] = _COLUMNS[key]
        elif found := _HEADING.fullmatch(title):
            headings[found[1]] = title
    return columns, headings


def _is_no_person(row: Sequence[str], told: Mapping[str, str]) -> bool:
    """Whether it is one of Canvas's rows about the table itself, or its test student."""
    names = (told.get("name", ""), told.get("last", ""))
    if any(name.startswith("Points Possible") or name == "Student, Test" for name in names):
        return True
    about = {cell.strip().lower() for cell in row} & {"manual posting", "(read only)"}
    return bool(about) and not any(told.get(key) for key in ("id", *_IDENTIFYING))


def _student(told: Mapping[str, str]) -> Student:
    values = {key: value for key, value in told.items() if key not in ("first", "last")}
    first, last = told.get("first", ""), told.get("last", "")
    if (first or last) and not values.get("name"):
        values["name"] = ", ".join(filter(None, (last, first)))
    if found := _PARTICIPANT.fullmatch(values.get("moodle_id", "")):
        values["moodle_id"] = found[1]
    return Student(**{"id": ""} | values)


def _key(text: str) -> str:
    """A text as it is compared: whatever form its letters have, and without what a spreadsheet takes off."""
    plain = unicodedata.normalize("NFC", text).strip().casefold()
    return plain.lstrip("0") or plain if plain.isdecimal() else plain


def _ids(student: Student) -> Iterator[str]:
    """What platforms may call a student by, the folder's name among it."""
    for value in (student.id, *(getattr(student, name) for name in _IDENTIFYING)):
        if value:
            yield _key(value)
            if "@" in value:
                yield _key(value.partition("@")[0])


def _names(student: Student) -> Iterator[str]:
    """The name in the ways in which systems write it."""
    if student.name:
        yield _key(student.name)
        last, comma, first = (part.strip() for part in student.name.partition(","))
        if comma:
            yield from map(_key, (f"{first} {last}", f"{last} {first}", f"{last}{first}"))


def _folder(student: Student, known: Collection[str]) -> str:
    """The folder that a row belongs to, or what one would be called; empty if nothing says it."""
    by_key: dict[str, set[str]] = {}
    for folder in known:
        by_key.setdefault(_key(folder), set()).add(folder)
    if student.id:
        found = by_key.get(_key(student.id), set())
        return student.id if student.id in found or len(found) != 1 else next(iter(found))
    for ways in (_ids(student), _names(student)):
        for way in ways:
            if len(by_key.get(way, ())) == 1:
                return next(iter(by_key[way]))
    return next((value for name in _IDENTIFYING if (value := getattr(student, name))), "")


def with_roster(grades: Grades, roster: Roster) -> Grades:
    """The grades with what the roster says of the students; who has not handed in anything comes too."""
    known = {student.id: student for student in grades.students}
    merged = []
    for folder in [*roster.students, *(name for name in known if name not in roster.students)]:
        old, new = known.get(folder, Student(folder)), roster.students.get(folder, Student(folder))
        merged.append(_merged(old, new))
    return replace(grades, students=tuple(merged))


def _merged(old: Student, new: Student) -> Student:
    return replace(old, **{key: value for key, value in vars(new).items() if value})


# -- the course's own list ------------------------------------------------------------------------


def class_list(paths: Paths) -> Roster | None:
    """The course's ``roster.csv``; None if it has none.

    Raises:
        ExportError: it cannot be used.
    """
    return read_file(paths.roster, ()) if paths.roster.is_file() else None


def read_file(path: Path, students: Iterable[str]) -> Roster:
    """The roster in a file.

    Raises:
        ExportError: it cannot be used; the text names the file.
    """
    try:
        return read_roster(path.read_bytes(), students)
    except OSError as error:
        raise ExportError(f"The roster {path} cannot be read: {error.strerror}.") from None
    except ExportError as error:
        raise ExportError(f"{path}: {error}") from None


def add_to_class_list(paths: Paths, files: Sequence[Path]) -> str:
    """Merge what platforms say into ``roster.csv``; returns what became of it, for a person.

    Raises:
        ExportError: two files contradict each other, or one cannot be used; nothing is written then.
    """
    there = class_list(paths)
    students = dict(there.students) if there is not None else {}
    before = dict(students)
    handed_in = _folders(paths)
    for file in files:
        merged = Roster(students)
        for folder, new in read_file(file, [*students, *handed_in]).students.items():
            place = folder if folder in students else _placed(merged, new) or folder
            old = students.get(place, Student(place))
            _demand_no_conflict(old, new, file)
            students[place] = _merged(old, replace(new, id=place))
    columns = [column.name for column in fields(Student)]
    rows = [[getattr(student, name) for name in columns] for student in students.values()]
    content = table([["student", *columns[1:]], *rows])
    write_atomically(paths.roster, BYTE_ORDER_MARK + content.encode("utf-8", "replace"))
    filled = sum(folder in before and before[folder] != student for folder, student in students.items())
    new_ones = len(students) - len(before)
    lines = [f"{paths.roster.name}: {len(students)} students, {new_ones} new, {filled} filled in"]
    unknown = [folder for folder in handed_in if folder not in students]
    lines += [f"{folder} has handed in and is not in it: add a line for {folder}" for folder in unknown]
    return "\n".join(lines)


def _placed(roster: Roster, new: Student) -> str | None:
    """The student of the list whom another platform's row means."""
    for value in (getattr(new, name) for name in ("email", "sis_login_id", "id_number", "sis_user_id")):
        if value and (found := roster.folder_of(value)) is not None:
            return found
    return roster.folder_of(new.name) if new.name else None


def _demand_no_conflict(old: Student, new: Student, file: Path) -> None:
    for name in ("email", *_IDENTIFYING):
        mine, theirs = getattr(old, name), getattr(new, name)
        if mine and theirs and _key(mine) != _key(theirs):
            raise ExportError(
                f"{file.name} says {name} {theirs} of {old.id}, and roster.csv says {mine}: "
                "change one of them and add the file again; nothing was written."
            )


def _folders(paths: Paths) -> list[str]:
    if not paths.submitted.is_dir():
        return []
    return sorted(f.name for f in paths.submitted.iterdir() if f.is_dir() and not f.name.startswith("."))
