"""The class at a glance: a static site for TA and instructor, made from the records and the gradebook.

Three steps. :func:`read_week` collects what is known of a week; :func:`summarise` turns it into a
:class:`WeekReport` (pure: distribution, difficulty, discrimination, who needs attention); the rest renders
that as pages without script and as CSV beside them. What needs a person comes first on every page.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from markupsafe import Markup

from autograder.course.folders import Paths, file_name
from autograder.course.models import Course
from autograder.course.reading import load_course
from autograder.messages import Language
from autograder.notebooks.definitions import names_in
from autograder.notebooks.metadata import grade_id
from autograder.notebooks.reading import read_released
from autograder.pages import svg
from autograder.pages.feedback import PAGE
from autograder.pages.figures import FigureView, array_figure
from autograder.pages.render import render
from autograder.wording.text import one_line, plain, prose
from autograder.wording.words import number, word

if TYPE_CHECKING:
    from collections.abc import Collection

    from autograder.gradebook.grades import Grades
    from autograder.gradebook.roster import Roster
    from autograder.spreadsheet import Cell
from autograder.pages.report_numbers import Entry, Pair, WeekReport, section_ending, summarise
from autograder.submissions.naming import Names, training_tests

FORMGRADER = "/formgrader/gradebook/"


# Pages


def render_week(report: WeekReport) -> str:
    """The page of a week."""
    return render("report_week.html.j2", language="en", report=report, histogram=_histogram(report), **_HELP)


def render_index(course: Course, reports: Mapping[str, WeekReport], section: str = "") -> str:
    """The list of weeks, of the whole class or of a section; those without results say so."""
    weeks = [(course.assignment(name), reports.get(name)) for name in course.units]
    return render("report_index.html.j2", language="en", course=course, weeks=weeks, section=section, **_HELP)


def _histogram(report: WeekReport) -> Markup:
    if report.spread is None:
        return Markup()
    words = ", ".join(f"{label} %: {count}" for label, count in report.spread.bins if count)
    return svg.histogram_svg(
        report.spread.bins,
        "How many submissions earned how much",
        f"{len(report.entries)} submissions. {words}.",
        "percent of the points",
        "histogram",
    )


def _feedback_link(student: str, week: str) -> str:
    """From a page of the report to a student's feedback."""
    name = quote(student[:255], safe="", errors="replace")  # as long as the name of a folder can be
    return f"../feedback/{name}/{quote(week)}/{PAGE}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def _word(key: str, **fields: object) -> str:
    return word(key, Language.EN, **fields)


_MOST_PICTURES = 20
"""A picture takes up some 50 kB."""


def _figures(report: WeekReport) -> list[FigureView | None]:
    """A picture of the call that differs, for the largest groups with the same wrong answer."""
    drawn = report.wrong_answers[:_MOST_PICTURES]
    return [array_figure(found.test, _word, {}, f"wrong-{number}") for number, found in enumerate(drawn)]


_HELP: dict[str, Any] = {
    "figures": _figures,
    "word": _word,
    "feedback_link": _feedback_link,
    "index_file": lambda section: f"index{section_ending(section)}.html",
    "formgrader": lambda week: FORMGRADER + quote(week),
    "name": lambda student: one_line(student, 80),
    "line": lambda text: one_line(text, 600),
    "number": number,
    "percent": _percent,
    "prose": prose,
}


def week_tables(report: WeekReport) -> dict[str, list[Sequence[Cell]]]:
    """The page's data as tables, by file name."""
    name = report.file
    students: list[Sequence[Cell]] = [
        ("student", "score", "points", "penalty", "max points", "days late", "undecided", "status")
    ]
    students += [
        (
            entry.student,
            entry.score,
            entry.points,
            entry.penalty,
            entry.examination.max_points,
            float(entry.days_late),
            "yes" if entry.undecided else "no",
            entry.examination.status.value,
        )
        for entry in report.entries
    ]
    students += [(student, None, None, None, None, None, "", "not handed in") for student in report.missing]
    tables: dict[str, list[Sequence[Cell]]] = {
        f"{name}-students.csv": students,
        f"{name}-attention.csv": [
            ("student", "what", "where"),
            *(
                (concern.student, concern.what, concern.where)
                for concern in (*report.faults, *report.limits, *report.unreadable)
            ),
        ],
        f"{name}-distribution.csv": [
            ("percent", "submissions"),
            *((label, float(count)) for label, count in (report.spread.bins if report.spread else ())),
        ],
        f"{name}-tasks.csv": [
            (
                "task",
                "max points",
                "mean share",
                "discrimination",
                "full marks",
                "no points",
                "open",
                "by hand",
            ),
            *(
                (
                    task.name,
                    task.max_points,
                    task.difficulty,
                    task.discrimination,
                    float(task.full),
                    float(task.none),
                    float(task.open),
                    "yes" if task.manual else "no",
                )
                for task in report.tasks
            ),
        ],
        f"{name}-tests.csv": [
            ("test", "task", "title", "public", "failed", "follow", "submissions", "how"),
            *(
                (
                    test.name,
                    test.cell,
                    test.title,
                    "yes" if test.public else "no",
                    float(test.failed),
                    float(test.follows),
                    float(test.count),
                    ", ".join(f"{kind} {count}" for kind, count in test.verdicts),
                )
                for test in report.tests
            ),
        ],
        f"{name}-misconceptions.csv": [
            ("misconception", "function", "text", "student"),
            *(
                (found.mutant, found.function, found.text, student)
                for found in report.misconceptions
                for student in found.students
            ),
        ],
        f"{name}-wrong-answers.csv": [
            ("group", "function", "student", "failed tests", "first test", "call", "answer"),
            *(
                (
                    found.name,
                    found.function,
                    student,
                    float(found.failed),
                    found.test.name,
                    found.test.call.arguments if found.test.call else "",
                    found.test.call.result if found.test.call else "",
                )
                for found in report.wrong_answers
                for student in found.students
            ),
        ],
        f"{name}-same-answers.csv": [
            ("group", "task", "student", "wordings"),
            *(
                (found.name, found.cell, student, float(len(found.forms)))
                for found in report.same_answers
                for student in found.students
            ),
        ],
        f"{name}-notices.csv": [
            ("notice", "student", "text"),
            *((kind.code, student, text) for kind in report.notices for student, text in kind.entries),
        ],
    }
    return {file: [[_plain(cell) for cell in row] for row in rows] for file, rows in tables.items()}


def _plain(cell: Cell) -> Cell:
    return plain(cell, 2000) if isinstance(cell, str) else cell


# Files


def write_report(root: Path, week: str | None = None, section: str = "") -> Path:
    """Write ``report/index.html``, a page for each week that has results, and the data beside them.

    Args:
        root: the course's folder.
        week: write this week's page only; the index tells of all.
        section: of these students only, in files of their own; roster.csv says who they are.

    Returns:
        the page to open: that of the week, or the index.

    Raises:
        CourseError: the course has no such week.
        GradeError: there are no results yet.
        ExportError: roster.csv cannot be used, or has no such section.
    """
    from autograder.files import write_atomically
    from autograder.gradebook.roster import class_list, section_members
    from autograder.problem import GradeError
    from autograder.spreadsheet import table  # with it comes nbgrader, which takes seconds

    course, paths = load_course(root), Paths(root)
    wanted = course.units if week is None else course.assignment(week).units
    folder = paths.report
    grades = _grades(course, paths)
    there = class_list(paths)
    members = section_members(there, section) if section else None
    reports: dict[str, WeekReport] = {}
    for name in course.units:
        report = read_week(course, paths, name, grades, there, members, section)
        if report is not None:
            reports[name] = report
    written = [name for name in wanted if name in reports]
    if not written:
        raise GradeError(f"There are no results yet: run `autograder grade {week or 'WEEK'}` first.")
    for report in (reports[name] for name in written):
        write_atomically(folder / f"{report.file}.html", render_week(report).encode("utf-8", "replace"))
        for file, rows in week_tables(report).items():
            content = "\ufeff" + table(rows)
            write_atomically(folder / file, content.encode("utf-8", "replace"))
    index = folder / f"index{section_ending(section)}.html"
    write_atomically(index, render_index(course, reports, section).encode("utf-8", "replace"))
    return folder / f"{reports[written[0]].file}.html" if week is not None and len(wanted) == 1 else index


def read_week(
    course: Course,
    paths: Paths,
    week: str,
    grades: Grades | None,
    roster: Roster | None = None,
    members: Collection[str] | None = None,
    section: str = "",
) -> WeekReport | None:
    """What is known of a week; None if nothing of it has been graded.

    Args:
        course: the course.
        paths: its folders.
        week: the assignment.
        grades: from the gradebook, if there is one.
        roster: the class list, if there is one.
        members: of these students only; everybody if None.
        section: what these are called.
    """
    from autograder.gradebook.late import days_late
    from autograder.problem import GradeError
    from autograder.submissions.timestamps import read_timestamp, said_late
    from autograder.submissions.week import current_records

    try:
        records = current_records(course, paths, week)
    except GradeError:  # not released, or without a suite
        return None
    if not records:
        return None
    due = course.assignment(week).due
    late = said_late(paths, week)
    entries = []
    for student, examination in records.items():
        if members is not None and (roster is None or roster.folder_of(student) not in members):
            continue
        grade = grades.grades.get((student, week)) if grades is not None else None
        at = read_timestamp(paths.submission(student, week).parent)
        submitted = at.replace(tzinfo=dt.UTC) if at is not None else grade.submitted if grade else None
        entries.append(
            Entry(
                student,
                examination,
                points=grade.points if grade else examination.points,
                penalty=grade.penalty if grade else 0.0,
                days_late=days_late(course, week, student, due, submitted, grade.extension if grade else None)
                if submitted
                else 0,
                undecided=grade.undecided if grade else bool(examination.undecided),
                timeless=submitted is None,
                said_late=student in late,
                cells=grade.cells if grade else {},
            )
        )
    if roster is not None:
        # A folder's name may have its letters in another form, or another case, than the list.
        folders = {roster.folder_of(entry.student): entry.student for entry in entries}
        known = {folders.get(student, student) for student in roster.students}
        known = known if members is None else known & {folders.get(m, m) for m in members}
    else:
        known = {student.id for student in grades.students} if grades is not None else set()
        known |= {folder.name for folder in paths.submitted.iterdir() if not folder.name.startswith(".")}
    similar = read_similar(paths.root / "exports" / f"similarity-{file_name(week)}.json")
    released = read_released(paths.released(week))
    return summarise(
        course,
        week,
        entries,
        students=known,
        similar=similar,
        complete=roster is not None,
        section=section,
        trained=training_tests(paths.suite(week)),
        waiting=Names.of(paths, week).waiting,
        released={grade_id(cell): cell.source for cell in released.cells if grade_id(cell)},
        given=names_in(released),
    )


def _grades(course: Course, paths: Paths) -> Grades | None:
    from autograder.course.nbgrader import has_gradebook
    from autograder.gradebook.grades import ExportError
    from autograder.gradebook.reading import read_grades

    if not has_gradebook(paths):
        return None
    try:
        return read_grades(course, paths)
    except ExportError:
        return None


def read_similar(path: Path) -> list[Pair]:
    """Pairs from a file with a list of ``{"a": …, "b": …, "score": …}``; none if there is no such file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    pairs = []
    for item in found if isinstance(found, list) else ():
        if isinstance(item, dict):
            a, b, score = item.get("a"), item.get("b"), item.get("score")
            if (
                isinstance(a, str)
                and isinstance(b, str)
                and isinstance(score, int | float)
                and 0 <= score <= 1
            ):
                pairs.append(Pair(a, b, float(score)))
    return pairs
