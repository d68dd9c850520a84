"""Grades for other systems: Canvas, Moodle, Gradescope, GitHub Classroom, and plain CSV.

nbgrader's gradebook is the source, so that what people entered (manual scores, extra credit, extensions)
and late penalties count. Reading it, and the roster, is one half of this module; the other half renders
what was read as text and touches nothing.
"""

from __future__ import annotations

import base64
import csv
import datetime as dt
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nbgrader import api
from sqlalchemy import select

from autograder import late, wording
from autograder.course import Course, Level, Paths, load_course
from autograder.examination import Examination, Language, Status, TestOutcome, Verdict
from autograder.grade import prepare
from autograder.gradebook import gradebook_url, has_gradebook, nbgrader_config, open_gradebook
from autograder.linear import Pattern
from autograder.options import Options
from autograder.policy import Policy, closes, feedback_level, own_due
from autograder.problem import Problem
from autograder.records import read_record, record_path, write_atomically

_BOM = b"\xef\xbb\xbf"


class ExportError(Problem, ValueError):
    """There is nothing that can be exported; the text is one clear sentence with the way out."""


@dataclass(frozen=True)
class Student:
    """Who the grades are of, as the platforms know them; empty where nobody has said so.

    Attributes:
        id: name of the student's folder.
        name: as it is to appear, "Last, First".
        email: for Moodle.
        canvas_id: Canvas's own number, the column ``ID``.
        sis_user_id, sis_login_id, section: Canvas's other columns.
        id_number: Moodle's column ``ID number``.
    """

    id: str
    name: str = ""
    email: str = ""
    canvas_id: str = ""
    sis_user_id: str = ""
    sis_login_id: str = ""
    section: str = ""
    id_number: str = ""


@dataclass(frozen=True)
class Grade:
    """One student's grade in one week.

    Attributes:
        points: sum of the cells, with manual scores and extra credit.
        penalty: taken off for lateness.
        undecided: whether a person still has to grade a part of it.
        submitted: when it was handed in, UTC; None if unknown.
        extension: more time that people granted in the gradebook.
        cells: points of each cell by grade id; None where undecided.
    """

    points: float
    penalty: float = 0.0
    undecided: bool = False
    submitted: dt.datetime | None = None
    extension: dt.timedelta | None = None
    cells: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """What counts."""
        return max(0.0, self.points - self.penalty)


@dataclass(frozen=True)
class Column:
    """One week.

    Attributes:
        name: of the assignment.
        titles: in the course's languages.
        max_score: what it is worth.
        weight: its share in the term's total.
    """

    name: str
    titles: tuple[str, ...]
    max_score: float
    weight: float


@dataclass(frozen=True)
class Grades:
    """A class's grades, by student and week."""

    columns: tuple[Column, ...]
    students: tuple[Student, ...]
    grades: Mapping[tuple[str, str], Grade]

    def decided(self, student: str, week: str, *, provisional: bool) -> float | None:
        """The score; None without a submission, and while a person has to grade a part of it."""
        grade = self.grades.get((student, week))
        if grade is None or (grade.undecided and not provisional):
            return None
        return grade.score

    def total(self, student: str, *, provisional: bool) -> float | None:
        """The term's total so far, in percent: weeks by their weights, a week not handed in as 0.

        None if a grade is not decided yet, or if no week counts.
        """
        weights = earned = 0.0
        for column in self.columns:
            if column.weight == 0 or column.max_score <= 0:
                continue
            score = self.decided(student, column.name, provisional=provisional)
            if score is None and (student, column.name) in self.grades:
                return None
            weights += column.weight
            earned += column.weight * (score or 0.0) / column.max_score
        return 100 * earned / weights if weights else None


# -- reading ------------------------------------------------------------------------------------


def read_grades(course: Course, paths: Paths, weeks: Sequence[str] = ()) -> Grades:
    """Everybody's grades from nbgrader's gradebook.

    Late penalties are brought up to date in it first.

    Args:
        course: the course.
        paths: where its gradebook is.
        weeks: only these; all that have been graded if empty.

    Raises:
        ExportError: nothing has been graded yet.
    """
    for week in weeks:
        course.assignment(week)
    if not has_gradebook(paths):
        raise ExportError("Nothing has been graded yet: run `autograder grade WEEK` first.")
    late.settle(course, paths)
    with open_gradebook(gradebook_url(paths, nbgrader_config(paths.root)), course.id) as gradebook:
        session = gradebook.db
        submitted = api.SubmittedAssignment
        rows = session.execute(
            select(
                api.Assignment.name,
                submitted.student_id,
                submitted.timestamp,
                submitted.extension,
                submitted.score,
                submitted.late_submission_penalty,
                submitted.needs_manual_grade,
            ).join(api.Assignment, api.Assignment.id == submitted.assignment_id)
        ).all()
        worth = dict(session.execute(select(api.Assignment.name, api.Assignment.max_score)).all())
        cells: dict[tuple[str, str], dict[str, float | None]] = {}
        for week, student, name, score, undecided in session.execute(
            select(
                api.Assignment.name,
                submitted.student_id,
                api.BaseCell.name,
                api.Grade.score,
                api.Grade.needs_manual_grade,
            )
            .select_from(api.Grade)
            .join(api.BaseCell, api.BaseCell.id == api.Grade.cell_id)
            .join(api.SubmittedNotebook, api.SubmittedNotebook.id == api.Grade.notebook_id)
            .join(submitted, submitted.id == api.SubmittedNotebook.assignment_id)
            .join(api.Assignment, api.Assignment.id == submitted.assignment_id)
        ):
            cells.setdefault((student, week), {})[name] = None if undecided else float(score or 0.0)
        people = session.execute(
            select(
                api.Student.id,
                api.Student.first_name,
                api.Student.last_name,
                api.Student.email,
                api.Student.lms_user_id,
            )
        ).all()
    grades = {
        (student, week): Grade(
            points=float(score),
            penalty=float(penalty or 0.0),
            undecided=bool(undecided),
            submitted=None if at is None else at.replace(tzinfo=dt.UTC),
            extension=extension,
            cells=cells.get((student, week), {}),
        )
        for week, student, at, extension, score, penalty, undecided in rows
    }
    graded = {week for _, week in grades}
    chosen = tuple(
        Column(week.name, (week.title.en, week.title.ko), float(worth[week.name]), week.weight)
        for week in course.assignments
        if week.name in graded and (not weeks or week.name in weeks)
    )
    if missing := [week for week in weeks if week not in graded]:
        raise ExportError(f"{missing[0]} has no grades yet: run `autograder grade {missing[0]}` first.")
    if not chosen:
        raise ExportError("Nothing has been graded yet: run `autograder grade WEEK` first.")
    students = tuple(
        Student(
            folder,
            name=", ".join(part for part in (last, first) if part),
            email=email or "",
            canvas_id=lms_id or "",
        )
        for folder, first, last, email, lms_id in sorted(people)
    )
    return Grades(chosen, students, grades)


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


# -- writing tables -----------------------------------------------------------------------------

_FORMULA = tuple("=+-@＝＋－＠")


def guarded(text: str) -> str:
    """The text so that no spreadsheet takes it for a formula: one that could be gets an apostrophe."""
    return f"'{text}" if _is_formula(text) else text


def unguarded(text: str) -> str:
    """What :func:`guarded` was given."""
    return text[1:] if text.startswith("'") and _is_formula(text[1:]) else text


def _is_formula(text: str) -> bool:
    return text.lstrip().startswith(_FORMULA) or text.startswith(("\t", "\r", "\n"))


Cell = str | float | None


def table(rows: Iterable[Sequence[Cell]]) -> str:
    """Rows as CSV: numbers as they are, at most two decimals; text in quotes and guarded; None is empty.

    The first row's cells are headings: they are quoted only where they have to be, since readers that meet
    a byte order mark before a quote stumble.
    """
    out = io.StringIO()
    headings, *body = rows
    csv.writer(out, lineterminator="\r\n").writerow([guarded(str(cell)) for cell in headings])
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    for row in body:
        writer.writerow([_cell(cell) for cell in row])
    return out.getvalue()


def _cell(cell: Cell) -> str | float | int:
    if cell is None:
        return ""
    if isinstance(cell, str):
        # A file has no use for NUL, and other programs end their text at it.
        return guarded(cell.replace("\0", ""))
    number = round(float(cell), 2)
    return int(number) if number.is_integer() else number


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


# -- one submission for a platform that shows it to its student -----------------------------------


@dataclass(frozen=True)
class Item:
    """One test cell of a submission, as a platform lists it.

    Attributes:
        name: its grade id.
        points: earned; None where a person has to decide.
        max_points: what it is worth.
        lines: what may be told of its tests.
        passed: whether all of its tests passed.
        seconds: what they took.
    """

    name: str
    points: float | None
    max_points: float
    lines: tuple[str, ...]
    passed: bool
    seconds: float


def items(
    examination: Examination,
    level: Level,
    language: Language = Language.EN,
    marks: Mapping[str, float | None] | None = None,
) -> tuple[Item, ...]:
    """The submission's test cells.

    Args:
        examination: its record.
        level: how much may be told of the tests.
        language: of what is told.
        marks: points by grade id, where the gradebook knows better than the record; cells that a person
            grades are listed only then.
    """
    found, policy = [], Policy(level)
    for score in examination.scores:
        if score.manual and marks is None:
            continue
        tests = [test for test in examination.tests if test.cell == score.grade_id]
        found.append(
            Item(
                name=score.grade_id,
                points=score.points if marks is None else marks.get(score.grade_id, score.points),
                max_points=score.max_points,
                lines=tuple(_lines(tests, examination, policy, language)),
                passed=all(test.verdict is Verdict.PASSED for test in tests if test.weight > 0),
                seconds=sum(test.seconds for test in tests),
            )
        )
    return tuple(found)


def _lines(
    tests: Sequence[TestOutcome], examination: Examination, policy: Policy, language: Language
) -> Iterable[str]:
    """What may be told of a cell's tests, as plain text."""
    for test in tests if policy.at_least("names") else ():
        title = wording.one_line(test.title.in_(language) or test.name)
        yield f"{wording.mark(test.verdict)} {title} ({wording.verdict(test.verdict, language)})"
        if policy.explains(test) and test.message:
            text = wording.plain(test.message)
            message = wording.message(text, language) or text
            yield "  " + message.replace("\n", "\n  ")
    for found in policy.misconceptions(examination, tests):
        yield wording.plain(policy.remark(found).in_(language))


def gradescope_results(
    examination: Examination,
    before: Level,
    after: Level,
    *,
    due: bool,
    language: Language = Language.EN,
    grade: Grade | None = None,
    penalty: float = 0.0,
    longer: bool = False,
) -> dict[str, Any]:
    """Gradescope's ``results.json`` of one submission.

    A hidden test would hide the student's total, so that what the policy does not tell is left out of a
    test's output instead; only where it tells nothing at all until the due date are the tests hidden.

    Args:
        examination: the record.
        before, after: how much is told before and after the due date.
        due: whether the due date has passed.
        language: of the output.
        grade: of the gradebook, if it is to count instead of the record.
        penalty: points to take off for lateness, where there is no ``grade``.
        longer: the student has more time than Gradescope knows of: what it would show after its own due
            date has to stay out of the file.
    """
    level = after if due else before
    visibility = "visible"
    if level == "none":
        visibility = "hidden" if after == "none" or longer else "after_due_date"
        level = "none" if longer else after
    marks = None if grade is None else grade.cells
    listed = items(examination, level, language, marks)
    taken = penalty if grade is None else grade.penalty
    score = sum(item.points or 0.0 for item in listed) if grade is None else grade.points
    lines = [said for notice in examination.notices if (said := wording.notice(notice, language))]
    if examination.status in (Status.UNREADABLE, Status.MISSING):
        lines.insert(0, wording.word(examination.status, language))
    if taken:
        lines.append(wording.word("late", language, points=wording.number(taken)))
    open_points = sum(s.max_points for s in examination.undecided) if grade is None else 0.0
    if open_points:
        lines.append(wording.word("undecided-manual", language, points=wording.number(open_points)))
    return {
        "score": round(max(0.0, score - taken), 6),
        "execution_time": round(examination.timings.get("total", 0.0), 3),
        "output": wording.plain("\n".join(lines)),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"key": examination.key, "assignment": examination.assignment},
        "tests": [
            {
                **({} if item.points is None else {"score": round(item.points, 6)}),
                "max_score": item.max_points,
                "status": "passed" if item.passed and item.points is not None else "failed",
                "name": item.name,
                "name_format": "text",
                "number": str(number),
                "output": "\n".join(item.lines),
                "output_format": "text",
                "tags": [],
                "visibility": visibility,
            }
            for number, item in enumerate(listed, start=1)
        ],
    }


def github_result(
    examination: Examination,
    level: Level,
    language: Language = Language.EN,
    grade: Grade | None = None,
    *,
    tested_only: bool = False,
) -> dict[str, Any]:
    """GitHub Classroom's result of one submission, as its graders' step output holds it (before base64).

    Args:
        examination: the record.
        level: how much is told of the tests.
        language: of what is told.
        grade: of the gradebook, if it is to count instead of the record.
        tested_only: leave out cells that no test was run for.
    """
    listed = items(examination, level, language, None if grade is None else grade.cells)
    if tested_only and (tested := {test.cell for test in examination.tests}):
        listed = tuple(item for item in listed if item.name in tested)
    failed = examination.status is not Status.GRADED or not all(item.passed for item in listed)
    tests: list[dict[str, Any]] = [
        {
            "name": item.name,
            "status": "pass" if item.passed else "fail",
            "message": "\n".join(item.lines),
            "score": round(item.points or 0.0, 6),
            "max_score": item.max_points,
            "test_code": "",
            "filename": f"{examination.assignment}.ipynb",
            "line_no": 0,
            "duration": round(item.seconds, 3),
        }
        for item in listed
    ]
    if grade is not None and grade.penalty:
        said = wording.word("late", language, points=wording.number(grade.penalty))
        deducted = {"name": "late", "status": "pass", "message": said}
        tests.append({**deducted, "score": -round(min(grade.penalty, grade.points), 6), "max_score": 0})
    return {
        "version": 1,
        "status": "error" if examination.status is Status.GRADER_ERROR else "fail" if failed else "pass",
        "max_score": sum(item.max_points for item in listed),
        "tests": tests,
    }


def step_output(result: Mapping[str, Any]) -> str:
    """The result as the line that a workflow's step appends to ``$GITHUB_OUTPUT``."""
    encoded = base64.b64encode(json.dumps(result, ensure_ascii=False).encode("utf-8", "replace")).decode()
    return f"result={encoded}\n"


# -- files --------------------------------------------------------------------------------------


def export_canvas(
    root: Path, weeks: Sequence[str] = (), roster: Path | None = None, *, provisional: bool = False
) -> Path:
    """Write ``exports/canvas.csv``; returns its path."""
    course, paths = load_course(root), Paths(root)
    grades, names = _class(course, paths, weeks, roster)
    text = canvas_csv(grades, names.headings, provisional=provisional)
    return _write(paths.exports / "canvas.csv", text)


def export_moodle(
    root: Path, weeks: Sequence[str] = (), roster: Path | None = None, *, provisional: bool = False
) -> Path:
    """Write ``exports/moodle.csv``; returns its path."""
    course, paths = load_course(root), Paths(root)
    grades, _ = _class(course, paths, weeks, roster)
    return _write(paths.exports / "moodle.csv", moodle_csv(grades, provisional=provisional))


def export_csv(
    root: Path, weeks: Sequence[str] = (), roster: Path | None = None, *, provisional: bool = False
) -> Path:
    """Write ``exports/grades.csv``; returns its path."""
    course, paths = load_course(root), Paths(root)
    grades, _ = _class(course, paths, weeks, roster)
    return _write(paths.exports / "grades.csv", plain_csv(grades, course.zone, provisional=provisional))


def export_gradescope(root: Path, week: str) -> list[Path]:
    """Write ``exports/gradescope-<week>/<student>.json`` for the class; returns their paths."""
    course, paths = load_course(root), Paths(root)
    assignment = course.assignment(week)
    levels = assignment.feedback
    now = dt.datetime.now(dt.UTC)
    written = []
    for student, examination, grade in _examined(course, paths, week):
        result = gradescope_results(
            examination,
            levels.before,
            levels.after,
            due=now >= closes(course, week, student, extension=grade.extension),
            language=course.language,
            grade=grade,
            longer=own_due(course, week, student, extension=grade.extension) > assignment.due,
        )
        path = paths.exports / f"gradescope-{week}" / f"{student}.json"
        write_atomically(path, _json(result))
        written.append(path)
    return written


def export_github(root: Path, week: str) -> list[Path]:
    """Write ``exports/github-<week>/<student>.json`` for the class; returns their paths."""
    course, paths = load_course(root), Paths(root)
    now = dt.datetime.now(dt.UTC)
    written = []
    for student, examination, grade in _examined(course, paths, week):
        level = feedback_level(course, week, student, now, extension=grade.extension)
        result = github_result(examination, level, course.language, grade)
        path = paths.exports / f"github-{week}" / f"{student}.json"
        write_atomically(path, _json(result))
        written.append(path)
    return written


def current_records(course: Course, paths: Paths, week: str) -> dict[str, Examination]:
    """Each student's examination: of what lies in ``submitted/`` now, or else the last one there is."""
    found = {}
    for submission in prepare(course, paths, week, Options()):
        known = read_record(record_path(paths, week, submission.student, submission.key))
        known = known or last_record(paths, week, submission.student)
        if known is not None:
            found[submission.student] = known
    return found


def last_record(paths: Paths, week: str, student: str) -> Examination | None:
    """The student's examination that was made last."""
    folder = paths.records / week / student
    records = [read_record(path) for path in sorted(folder.glob("*.json"))]
    return max((r for r in records if r is not None), key=lambda record: record.graded_at, default=None)


def _examined(course: Course, paths: Paths, week: str) -> list[tuple[str, Examination, Grade]]:
    grades = read_grades(course, paths, [week]).grades
    records = current_records(course, paths, week)
    return [(s, record, grades[s, week]) for s, record in sorted(records.items()) if (s, week) in grades]


def _class(course: Course, paths: Paths, weeks: Sequence[str], roster: Path | None) -> tuple[Grades, Roster]:
    grades = read_grades(course, paths, weeks)
    if roster is None:
        return grades, Roster({})
    try:
        text = roster.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ExportError(f"The roster {roster} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise ExportError(f"The roster {roster} is not UTF-8 text: save it as CSV UTF-8.") from None
    names = read_roster(text, [student.id for student in grades.students])
    return with_roster(grades, names), names


def _write(path: Path, text: str) -> Path:
    """CSV for a platform, with the byte order mark that tells spreadsheets that it is UTF-8."""
    write_atomically(path, _BOM + text.encode("utf-8", "replace"))
    return path


def _json(data: Mapping[str, Any]) -> bytes:
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")
