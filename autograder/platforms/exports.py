"""Grades for other systems: Canvas, Moodle, Gradescope, GitHub Classroom, and plain CSV.

nbgrader's gradebook is the source, so that what people entered (manual scores, extra credit, extensions)
and late penalties count. It was read before (:mod:`autograder.gradebook.reading`); here it becomes text.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from autograder.course.folders import Paths
from autograder.course.models import Course
from autograder.course.reading import load_course
from autograder.files import write_atomically
from autograder.gradebook.grades import ExportError, Grades
from autograder.gradebook.reading import read_grades
from autograder.gradebook.roster import (
    Roster,
    class_list,
    columns_of,
    read_file,
    student_of,
    with_roster,
)
from autograder.spreadsheet import BYTE_ORDER_MARK, Cell, guarded, read_table, table


def canvas_csv(
    grades: Grades, headings: Mapping[str, str] | None = None, *, provisional: bool = False
) -> str:
    """Canvas's gradebook import.

    Args:
        grades: the class's, with Canvas's ids where a roster gave them.
        headings: of assignments that Canvas has already (``Title (id)``) by title; a week is found by its
            name and titles. Any other week becomes a new assignment in Canvas.
        provisional: also scores of which a part is not decided yet.
    """
    known = headings or {}
    titles = [
        next((known[title] for title in (column.name, *column.titles) if title in known), column.name)
        for column in grades.columns
    ]
    rows: list[list[Cell]] = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *titles]]
    rows.append(["    Points Possible", "", "", "", "", *(column.max_score for column in grades.columns)])
    for student in grades.students:
        scores = [grades.decided(student.id, c.name, provisional=provisional) for c in grades.columns]
        # Canvas finds a student by any one of these columns; without a roster the folder's name is the login.
        login = student.sis_login_id or ("" if student.canvas_id or student.sis_user_id else student.id)
        rows.append(
            [
                student.name or student.id,
                student.canvas_id,
                student.sis_user_id,
                login,
                student.section,
                *scores,
            ]
        )
    return table(rows)


def moodle_csv(grades: Grades, *, provisional: bool = False) -> str:
    """Moodle's grade import: an identifying column and one column a grade item."""
    rows: list[list[Cell]] = [["ID number", "Email address", *(column.name for column in grades.columns)]]
    for student in grades.students:
        scores = [grades.decided(student.id, c.name, provisional=provisional) for c in grades.columns]
        rows.append([student.id_number or student.id, student.email, *scores])
    return table(rows)


def plain_csv(grades: Grades, zone: dt.tzinfo = dt.UTC, *, provisional: bool = False) -> str:
    """Everything in one table: each week's score, points, penalty and time, and the term's total."""
    heading: list[Cell] = ["student", "name", "email"]
    for column in grades.columns:
        heading += [column.name, *(f"{column.name} {part}" for part in ("points", "penalty", "submitted"))]
    rows: list[list[Cell]] = [[*heading, "total percent"]]
    for student in grades.students:
        row: list[Cell] = [student.id, student.name, student.email]
        for column in grades.columns:
            grade = grades.grades.get((student.id, column.name))
            row.append(grades.decided(student.id, column.name, provisional=provisional))
            row += [None, None, None] if grade is None else [grade.points, grade.penalty, None]
            if grade is not None and grade.submitted is not None:
                row[-1] = grade.submitted.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %z")
        rows.append([*row, grades.total(student.id, provisional=provisional)])
    return table(rows)


# -- files --------------------------------------------------------------------------------------


def export_canvas(
    root: Path, weeks: Sequence[str] = (), roster: Path | None = None, *, provisional: bool = False
) -> Path:
    """Write ``exports/canvas.csv``; returns its path."""
    course, paths = load_course(root), Paths(root)
    grades, names = _class(course, paths, weeks, roster)
    text = canvas_csv(_for_platform(grades, names, "canvas"), names.headings, provisional=provisional)
    return _write(paths.exports / "canvas.csv", text)


def export_moodle(
    root: Path, weeks: Sequence[str] = (), roster: Path | None = None, *, provisional: bool = False
) -> Path:
    """Write ``exports/moodle.csv``; returns its path.

    Where the roster is Moodle's grading worksheet, that is the same worksheet with the grades filled in.
    """
    course, paths = load_course(root), Paths(root)
    grades, names = _class(course, paths, weeks, roster)
    if roster is not None and (rows := _worksheet(roster)):
        text = _filled(rows, grades, names, roster, provisional=provisional)
        return _write(paths.exports / "moodle.csv", text)
    grades = _for_platform(grades, names, "moodle")
    return _write(paths.exports / "moodle.csv", moodle_csv(grades, provisional=provisional))


def export_csv(
    root: Path, weeks: Sequence[str] = (), roster: Path | None = None, *, provisional: bool = False
) -> Path:
    """Write ``exports/grades.csv``; returns its path."""
    course, paths = load_course(root), Paths(root)
    grades, _ = _class(course, paths, weeks, roster)
    return _write(paths.exports / "grades.csv", plain_csv(grades, course.zone, provisional=provisional))


def left_out(
    root: Path, platform: str, weeks: Sequence[str] = (), roster: Path | None = None
) -> tuple[str, ...]:
    """Students with grades for whom the file of a platform has no row, since nothing says whom it means.

    Of a plain CSV those who are not in the roster; they have their row. None where there is no roster.
    """
    grades, names = _class(load_course(root), Paths(root), weeks, roster)
    if platform not in _KNOWN_BY:
        return names.strangers
    graded = {student for student, _ in grades.grades}
    if platform == "moodle" and roster is not None and _worksheet(roster):
        return tuple(sorted(graded & set(names.strangers)))
    return tuple(sorted(graded & _left_out(grades, names, platform)))


def _class(course: Course, paths: Paths, weeks: Sequence[str], roster: Path | None) -> tuple[Grades, Roster]:
    grades = read_grades(course, paths, weeks)
    own = class_list(paths)
    if roster is None and own is not None:
        roster = paths.roster
    if roster is None:
        return grades, Roster({})
    folders = [student.id for student in grades.students]
    if own is None or roster.resolve() == paths.roster.resolve():
        names = read_file(roster, folders)
    else:  # it knows of more platforms than this one's file, and whose folder a row of it belongs to
        names = read_file(roster, folders, own)
        there = Roster({s: own.students[s] for s in names.students if s in own.students})
        grades = with_roster(grades, there)
    return with_roster(grades, names), names


_KNOWN_BY = {"canvas": ("canvas_id", "sis_user_id", "sis_login_id"), "moodle": ("id_number", "email")}
"""By which columns a platform finds a student."""


def _left_out(grades: Grades, roster: Roster, platform: str) -> set[str]:
    """Whom the platform would not find, and refuse or make anew: rows beside its own.

    Without a roster nobody knows better than the folder's name; nor with a roster that has nothing
    of this platform.
    """
    if not roster.students:
        return set()
    columns = _KNOWN_BY[platform]
    found = {student.id for student in grades.students if any(getattr(student, c) for c in columns)}
    nameless = {student.id for student in grades.students} - found if found else set()
    return nameless | set(roster.strangers)


def _for_platform(grades: Grades, roster: Roster, platform: str) -> Grades:
    out = _left_out(grades, roster, platform)
    return replace(grades, students=tuple(s for s in grades.students if s.id not in out))


_GRADE, _MAXIMUM = ("grade", "성적"), ("maximum grade", "최고 성적", "최대 성적")
"""Headings of Moodle's grading worksheet."""


def _worksheet(file: Path) -> list[list[str]]:
    """The rows of Moodle's grading worksheet, headings first; none if the file is another table."""
    rows = [row for _, row in read_table(file.read_bytes())]
    heading = rows[0] if rows else []
    has_grade = any(title.strip().lower() in _GRADE for title in heading)
    return rows if has_grade and "moodle_id" in columns_of(heading)[0].values() else []


def _filled(rows: list[list[str]], grades: Grades, names: Roster, file: Path, *, provisional: bool) -> str:
    """The worksheet with each student's grade, in the order and with the cells that Moodle gave."""
    if len(grades.columns) != 1:
        raise ExportError(f"{file} is the grading worksheet of one assignment: say which week, too.")
    (week,) = grades.columns
    heading, *people = rows
    for row in people:
        row += [""] * (len(heading) - len(row))
    titles = [title.strip().lower() for title in heading]
    place = next(number for number, title in enumerate(titles) if title in _GRADE)
    maximum = next((number for number, title in enumerate(titles) if title in _MAXIMUM), None)
    columns, _ = columns_of(heading)
    folders = {student.moodle_id: folder for folder, student in names.students.items()}
    for row in people:
        if maximum is not None and _differs(row[maximum], week.max_score):
            raise ExportError(
                f"Moodle's maximum grade is {row[maximum]} in {file}, and {week.name} has "
                f"{week.max_score:g} points: set it to that in Moodle and download the worksheet again."
            )
        told = student_of({key: row[number].strip() for number, key in columns.items()})
        score = grades.decided(folders.get(told.moodle_id, ""), week.name, provisional=provisional)
        if score is not None:
            row[place] = f"{round(score, 2):g}"
    text = io.StringIO()
    # A dash is Moodle's way to say that there is none.
    csv.writer(text).writerows([cell if cell == "-" else guarded(cell) for cell in row] for row in rows)
    return text.getvalue()


def _differs(told: str, points: float) -> bool:
    try:
        return abs(float(told.replace(",", ".")) - points) > 1e-6
    except ValueError:  # a scale
        return False


def _write(path: Path, text: str) -> Path:
    """CSV for a platform, with the byte order mark that tells spreadsheets that it is UTF-8."""
    write_atomically(path, BYTE_ORDER_MARK + text.encode("utf-8", "replace"))
    return path
