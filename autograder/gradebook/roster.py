"""The class list: who is who, in ``roster.csv`` and on each platform.

A row belongs to a student's folder. It is found by any of the ids that platforms know a person by, whatever
case, form of letters or leading zeros they come with, and by the name where no id says it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path

from autograder.course.folders import Paths
from autograder.course.models import Course
from autograder.files import write_atomically
from autograder.gradebook.grades import ExportError, Grades, Student
from autograder.patterns import Pattern
from autograder.spreadsheet import BYTE_ORDER_MARK, read_table, table


@dataclass(frozen=True)
class Roster:
    """What a platform calls students and weeks.

    Attributes:
        students: by the name of their folder, in the file's order.
        headings: Canvas's headings of assignments that are there already, ``Title (id)``, by title.
        strangers: folders that no row belongs to.
        others: columns that mean nothing to the kit, by folder and heading.
        staff: how many rows were left out, since they are of no student.
    """

    students: Mapping[str, Student]
    headings: Mapping[str, str] = field(default_factory=dict)
    strangers: tuple[str, ...] = ()
    others: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    staff: int = 0

    def folder_of(self, told: str, number: str = "", column: str = "") -> str | None:
        """The folder of whom a platform tells by an id, an email or a name; None if that is not clear.

        Args:
            told: what the platform calls the student.
            number: by which it tells students of one name apart, if it does.
            column: where the platform's ids are, if it is known: 101 of one platform is not 101 of another.
        """
        found = self._index.columns.get((column, key_of(number or told)), set())
        if len(found) == 1:
            return next(iter(found))
        for value in (number, told):
            found = self._index.ids.get(key_of(value), set()) if value else set()
            if len(found) == 1:
                return next(iter(found))
        named = self._index.names.get(key_of(told), set())
        return next(iter(named)) if len(named) == 1 else None

    def members(self, team: str) -> tuple[str, ...]:
        """The folders of those who work in a team; none if nobody does."""
        return self._index.teams.get(squeezed(team), ()) if team else ()

    def means(self, row: Student) -> tuple[str | None, bool]:
        """The folder of whom a row of a platform's file means, and whether an id says so, not the name only.

        Columns are compared with the same column first: 101 of one platform is not 101 of another.
        """
        index = self._index
        for column in _IDENTIFYING:
            for value in getattr(row, column).split() if column == "moodle_id" else [getattr(row, column)]:
                found = index.columns.get((column, key_of(value)), set()) if value else set()
                if len(found) == 1:
                    return next(iter(found)), True
        for key in (row.sis_login_id, row.email, row.email.partition("@")[0], row.id_number, row.github):
            found = index.columns.get(("id", key_of(key)), set()) if key else set()
            if len(found) == 1:
                return next(iter(found)), True
        for name in names_of(row):
            if len(index.names.get(name, ())) == 1:
                return next(iter(index.names[name])), False
        return None, False

    @cached_property
    def _index(self) -> _Index:
        index = _Index()
        for student in self.students.values():
            for key in ids_of(student):
                index.ids.setdefault(key, set()).add(student.id)
            for key in names_of(student):
                index.names.setdefault(key, set()).add(student.id)
            for column in ("id", *_IDENTIFYING):
                told = getattr(student, column)
                for value in told.split() if column == "moodle_id" else [told]:
                    if value:
                        index.columns.setdefault((column, key_of(value)), set()).add(student.id)
            if student.team:
                team = squeezed(student.team)
                index.teams[team] = (*index.teams.get(team, ()), student.id)
        return index


@dataclass
class _Index:
    """Folders by what is said of their owners: any id, a name, a column's value, a team."""

    ids: dict[str, set[str]] = field(default_factory=dict)
    names: dict[str, set[str]] = field(default_factory=dict)
    columns: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    teams: dict[str, tuple[str, ...]] = field(default_factory=dict)


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
    **dict.fromkeys(("team", "group", "groupname", "팀", "조"), "team"),
    **dict.fromkeys(("role", "roles", "역할"), "role"),
}
_IDENTIFYING = (*("sis_login_id", "email", "id_number", "sis_user_id", "canvas_id", "moodle_id", "github"),)
_HEADING = Pattern(r"(.*\S)\s*\((\d+)\)\s*")
_PARTICIPANT = Pattern(r"(?:Participant|참가자|참여자)[ _](\d+)")


def read_roster(content: str | bytes, students: Iterable[str], own: Roster | None = None) -> Roster:
    """The roster in a CSV file: one's own, or a list as Canvas, Moodle, Gradescope or GitHub gives it.

    Columns are known by their headings, in English or Korean: ``Student`` (the folder's name), ``Name``,
    ``ID``, ``SIS User ID``, ``SIS Login ID``, ``Section``, ``Email``, ``ID number``, and others. In Canvas's
    own file ``Student`` is a person's name: then the row belongs to the folder that is called like one of its
    other columns (of an email address the part before the @ will do), or like the name.

    Args:
        content: of the file, in whatever encoding and with whatever separator.
        students: names of the folders that there are.
        own: the class list, which knows by other columns whose folder a row belongs to.

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
    columns, headings = columns_of(heading)
    if not columns or not {"id", *_IDENTIFYING} & set(columns.values()):
        raise ExportError(
            "The roster has no column that says whose row it is: head one of them Student (the folder's "
            "name), SIS Login ID, Email or ID number."
        )
    known = list(students)
    found: dict[str, Student] = {}
    others: dict[str, dict[str, str]] = {}
    staff = 0
    rows_told = []
    for line, row in lines:
        told = {columns[n]: value.strip() for n, value in enumerate(row) if n in columns}
        if is_no_person(row, told):
            continue
        staff_row = bool(told.get("role")) and not told.get("id")  # a list of one's own says what it means
        if staff_row and not any(word in told["role"].lower() for word in _STUDENTS):
            staff += 1
            continue
        rows_told.append((line, row, student_of(told)))
    twice = _said_twice(student for _, _, student in rows_told)
    for line, row, student in rows_told:
        for name in _IDENTIFYING:
            if _OF_A_SPREADSHEET.fullmatch(getattr(student, name)):
                raise ExportError(
                    f"Line {line} of the roster: a spreadsheet has made {getattr(student, name)} of an id; "
                    "take the file as the platform gave it, without saving it there."
                )
        # Whoever has only a name, as who has not joined GitHub Classroom yet, is called by it.
        folder = _own_folder(student, own, twice) or _folder(student, known) or student.name
        if not folder:
            raise ExportError(f"Line {line} of the roster does not say whose it is.")
        if folder in found:
            raise ExportError(
                f"Line {line} of the roster is the second one for {folder}: take one of them out, or give "
                "both an id that tells them apart."
            )
        found[folder] = replace(student, id=folder)
        others[folder] = {
            title: value
            for n, (title, value) in enumerate(zip(heading, row, strict=False))
            if columns.get(n, "role") == "role"
        }
    strangers = tuple(folder for folder in known if folder not in found)
    return Roster(found, headings, strangers, others, staff)


_STUDENTS = ("student", "학생", "learner", "수강")
"""What the roles of those are called who hand in; a roster of Gradescope's lists instructors, too."""


_OF_A_SPREADSHEET = Pattern(r"\d(?:[.,]\d+)?E\+\d+")


def _said_twice(students: Iterable[Student]) -> set[str]:
    """Names that more than one row has: they say nothing of whose a row is."""
    counts: dict[str, int] = {}
    for student in students:
        for name in set(names_of(student)):
            counts[name] = counts.get(name, 0) + 1
    return {name for name, count in counts.items() if count > 1}


def _own_folder(student: Student, own: Roster | None, twice: Collection[str]) -> str | None:
    """The folder that the class list has for whom the row means; None if it does not say.

    A name alone does not make two people of one name into one: it counts where only one row has it and
    nothing else contradicts.
    """
    if own is None or student.id:
        return None
    folder, sure = own.means(student)
    if folder is None or sure:
        return folder
    other = own.students[folder]
    if set(names_of(student)) & set(twice) or _contradictions(other, student):
        return None
    return folder


def columns_of(heading: Sequence[str]) -> tuple[dict[int, str], dict[str, str]]:
    """Which column holds what, by its number; and Canvas's headings of assignments, by title."""
    keys = ["".join(c for c in title.lower() if c.isalpha()) for title in heading]
    # Not in Canvas's own files, where names stand below Student.
    own = "name" in keys or not {"id", "sisloginid"} <= set(keys)
    columns: dict[int, str] = {}
    headings: dict[str, str] = {}
    classroom = "githubusername" in keys
    for number, (key, title) in enumerate(zip(keys, heading, strict=True)):
        if classroom and key in _OF_CLASSROOM:
            columns[number] = _OF_CLASSROOM[key]
        elif key == "student":
            columns[number] = "id" if own else "name"
        elif key == "이름" and "성" not in keys:
            columns[number] = "name"
        elif key in _COLUMNS:
            columns[number] = _COLUMNS[key]
        elif found := _HEADING.fullmatch(title):
            headings[found[1]] = title
    return columns, headings


_OF_CLASSROOM = {"identifier": "identifier", "githubid": "number"}
"""GitHub Classroom's columns whose headings mean something else elsewhere: whatever the teacher calls
a student, and GitHub's number of the user, which is not the user's name."""


def is_no_person(row: Sequence[str], told: Mapping[str, str]) -> bool:
    """Whether it is one of Canvas's rows about the table itself, or its test student."""
    names = (told.get("name", ""), told.get("last", ""))
    if any(name.startswith("Points Possible") or name == "Student, Test" for name in names):
        return True
    about = {cell.strip().lower() for cell in row} & {"manual posting", "(read only)"}
    return bool(about) and not any(told.get(key) for key in ("id", *_IDENTIFYING))


def student_of(told: Mapping[str, str]) -> Student:
    """What a row says of a student, by the columns that :func:`columns_of` has found."""
    columns = {column.name for column in fields(Student)}
    values = {key: value for key, value in told.items() if key in columns}
    if called := told.get("identifier", ""):  # what a teacher typed: an email, a number or a name
        number = " " not in called and any(character.isdecimal() for character in called)
        values["email" if "@" in called else "id_number" if number else "name"] = called
    first, last = told.get("first", ""), told.get("last", "")
    if (first or last) and not values.get("name"):
        values["name"] = ", ".join(filter(None, (last, first)))
    if found := _PARTICIPANT.fullmatch(values.get("moodle_id", "")):
        values["moodle_id"] = found[1]
    return Student(**{"id": ""} | values)


def key_of(text: str) -> str:
    """A text as it is compared: whatever form its letters have, and without what a spreadsheet takes off."""
    plain = unicodedata.normalize("NFC", text).strip().casefold()
    return plain.lstrip("0") or plain if plain.isdecimal() else plain


def squeezed(text: str) -> str:
    """A text as Canvas writes it into names of files: letters and digits only."""
    return "".join(character for character in key_of(text) if character.isalnum())


def ids_of(student: Student) -> Iterator[str]:
    """What platforms may call a student by, the folder's name among it."""
    for value in (student.id, *(getattr(student, name) for name in _IDENTIFYING)):
        if value is student.moodle_id:
            yield from map(key_of, value.split())
        elif value:
            yield key_of(value)
            if "@" in value:
                yield key_of(value.partition("@")[0])


def names_of(student: Student) -> Iterator[str]:
    """The name in the ways in which systems write it."""
    if student.name:
        yield key_of(student.name)
        last, comma, first = (part.strip() for part in student.name.partition(","))
        if comma:
            yield from map(key_of, (f"{first} {last}", f"{last} {first}", f"{last}{first}"))


def _folder(student: Student, known: Collection[str]) -> str:
    """The folder that a row belongs to, or what one would be called; empty if nothing says it."""
    by_key: dict[str, set[str]] = {}
    for folder in known:
        by_key.setdefault(key_of(folder), set()).add(folder)
    if student.id:
        found = by_key.get(key_of(student.id), set())
        return student.id if student.id in found or len(found) != 1 else next(iter(found))
    for ways in (ids_of(student), names_of(student)):
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


def read_file(path: Path, students: Iterable[str], own: Roster | None = None) -> Roster:
    """The roster in a file.

    Args:
        path: of the file.
        students: names of the folders that there are.
        own: the class list, if this is another one.

    Raises:
        ExportError: it cannot be used; the text names the file.
    """
    try:
        return read_roster(path.read_bytes(), students, own)
    except OSError as error:
        raise ExportError(f"The roster {path} cannot be read: {error.strerror}.") from None
    except ExportError as error:
        raise ExportError(f"{path}: {error}") from None


def extended_strangers(course: Course, roster: Roster | None) -> tuple[str, ...]:
    """Who has an extension in ``course.yml`` and is not in the class list; nobody where there is none."""
    if roster is None:
        return ()
    known = {key_of(student) for student in roster.students}
    return tuple(student for student in course.late.extensions if key_of(student) not in known)


def section_members(roster: Roster | None, section: str) -> frozenset[str]:
    """The folders of a section's students; Canvas writes those of two as ``A and B``.

    Raises:
        ExportError: there is no such section.
    """
    students = roster.students.values() if roster is not None else ()
    found = frozenset(student.id for student in students if key_of(section) in _sections(student.section))
    if not found:
        there = ", ".join(sorted({student.section for student in students if student.section}))
        known = f"it has {there}" if there else "its column section is empty, or there is no such file"
        raise ExportError(f"roster.csv has no section {section}: {known}.")
    return found


def _sections(text: str) -> set[str]:
    parts = [part for several in text.split(" and ") for part in several.split(",")]
    return {key_of(text), *map(key_of, parts)} - {""}


def add_to_class_list(paths: Paths, files: Sequence[Path]) -> str:
    """Merge what platforms say into ``roster.csv``; returns what became of it, for a person.

    What is there already stays as it is written; where a file says otherwise of a section or a team, that is
    told. Columns of one's own stay, too.

    Raises:
        ExportError: two files contradict each other, or one cannot be used; nothing is written then.
    """
    there = class_list(paths)
    students = dict(there.students) if there is not None else {}
    before = dict(students)
    handed_in = _folders(paths)
    remarks: list[str] = []
    for file in files:
        read = read_file(file, [*students, *handed_in], Roster(dict(students)))
        if read.staff:
            remarks.append(f"{file.name}: {read.staff} left out, whose role is not a student's")
        for folder, new in read.students.items():
            if folder not in students:
                remarks += _of_one_name(Roster(students), new, file)
            old = students.get(folder, Student(folder))
            _demand_no_conflict(old, new, file)
            remarks += [
                f"{folder}: {file.name} says {name} {getattr(new, name)}, {paths.roster.name} keeps "
                f"{getattr(old, name)}: change it there if that is wrong"
                for name in ("section", "team")
                if getattr(old, name) and getattr(new, name) and _differ(old, new, name)
            ]
            students[folder] = _filled(old, new)
    _demand_own_ids(students)
    columns = [column.name for column in fields(Student)]
    others = there.others if there is not None else {}
    own_columns = list(dict.fromkeys(title for row in others.values() for title in row if title))
    rows = [
        [
            *(getattr(student, name) for name in columns),
            *(others.get(student.id, {}).get(title, "") for title in own_columns),
        ]
        for student in students.values()
    ]
    content = table([["student", *columns[1:], *own_columns], *rows])
    write_atomically(paths.roster, BYTE_ORDER_MARK + content.encode("utf-8", "replace"))
    filled = sum(folder in before and before[folder] != student for folder, student in students.items())
    new_ones = len(students) - len(before)
    lines = [f"{paths.roster.name}: {len(students)} students, {new_ones} new, {filled} filled in", *remarks]
    unknown = [folder for folder in handed_in if folder not in students]
    lines += [f"{folder} has handed in and is not in it: add a line for {folder}" for folder in unknown]
    return "\n".join(lines)


def _of_one_name(students: Roster, new: Student, file: Path) -> list[str]:
    """What to say of somebody new who is called like somebody else."""
    namesakes = sorted(
        {student.id for student in students.students.values() if set(names_of(student)) & set(names_of(new))}
        if new.name
        else ()
    )
    return [
        f"{new.id} is called like {other}, and {file.name} tells them apart: if they are one, put "
        f"{new.email or new.id} into the line of {other} and delete that of {new.id}"
        for other in namesakes
    ]


def _filled(old: Student, new: Student) -> Student:
    """What is known, and of what is not known what the new row says.

    Moodle numbers a student anew in each assignment: those numbers are gathered.
    """
    values = {key: value for key, value in vars(new).items() if value and not getattr(old, key)}
    numbers = dict.fromkeys([*old.moodle_id.split(), *new.moodle_id.split()])
    return replace(old, **values | {"moodle_id": " ".join(numbers)})


def _differ(one: Student, other: Student, column: str) -> bool:
    return key_of(getattr(one, column)) != key_of(getattr(other, column))


def _contradictions(old: Student, new: Student) -> list[str]:
    """The ids of which two rows say different things."""
    return [
        name
        for name in _IDENTIFYING
        if name != "moodle_id" and getattr(old, name) and getattr(new, name) and _differ(old, new, name)
    ]


def _demand_no_conflict(old: Student, new: Student, file: Path) -> None:
    for name in _contradictions(old, new):
        raise ExportError(
            f"{file.name} says {name} {getattr(new, name)} of {old.id}, and roster.csv says "
            f"{getattr(old, name)}: change one of them and add the file again; nothing was written."
        )


def _demand_own_ids(students: Mapping[str, Student]) -> None:
    """No two students may have one id: collect and export would take neither."""
    owners: dict[tuple[str, str], str] = {}
    for folder, student in students.items():
        for name in _IDENTIFYING:
            for value in getattr(student, name).split() if name == "moodle_id" else [getattr(student, name)]:
                other = owners.setdefault((name, key_of(value)), folder)
                if value and other != folder:
                    raise ExportError(
                        f"{name} {value} is that of {other} and of {folder}: if they are one, delete one of "
                        "their lines in roster.csv, else correct it; nothing was written."
                    )


def _folders(paths: Paths) -> list[str]:
    if not paths.submitted.is_dir():
        return []
    return sorted(f.name for f in paths.submitted.iterdir() if f.is_dir() and not f.name.startswith("."))
