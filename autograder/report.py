"""The class at a glance: a static site for TA and instructor, made from the records and the gradebook.

Three steps. :func:`read_week` collects what is known of a week; :func:`summarise` turns it into a
:class:`WeekReport` (pure: distribution, difficulty, discrimination, who needs attention); the rest renders
that as pages without script and as CSV beside them. What needs a person comes first on every page.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from markupsafe import Markup

from autograder import pictures
from autograder.course import Course, Paths, load_course
from autograder.examination import Examination, Language, Status, Verdict
from autograder.feedback import PAGE
from autograder.render import prose, render
from autograder.wording import LIMITS, number, one_line, plain, verdict

if TYPE_CHECKING:
    from autograder.export import Cell, Grades

FORMGRADER = "/formgrader/gradebook/"
_BINS = 10
_FEW = 5
"""Students below whom a correlation says nothing."""


# What is known


@dataclass(frozen=True)
class Entry:
    """One student's week.

    Attributes:
        student: name of the folder.
        examination: of what was handed in.
        points: with what people gave, before any penalty.
        penalty: for lateness.
        days_late: days begun after the student's own due date.
        undecided: whether a person still has to grade a part.
        cells: points by grade id; None where undecided.
    """

    student: str
    examination: Examination
    points: float
    penalty: float = 0.0
    days_late: int = 0
    undecided: bool = False
    cells: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """What counts."""
        return max((_sound(self.points) or 0.0) - (_sound(self.penalty) or 0.0), 0.0)


def _sound(points: float | None) -> float | None:
    """Points as they are; None for a number that no points can be, which statistics choke on."""
    return points if points is not None and abs(points) < 1e9 else None


@dataclass(frozen=True)
class Pair:
    """Two submissions that are alike, with a score from 0 to 1."""

    a: str
    b: str
    score: float


# What is said of it


@dataclass(frozen=True)
class Concern:
    """Something of one student's that a person should look at.

    Attributes:
        student: name of the folder.
        what: in two or three words.
        where: cells and tests, or a sentence.
    """

    student: str
    what: str
    where: str


@dataclass(frozen=True)
class TaskFacts:
    """A grade cell in the class.

    Attributes:
        name: grade id.
        max_points: what it is worth.
        manual: a person grades it.
        difficulty: mean share of its points, 0 (nobody) to 1 (everybody); None while nothing is decided.
        discrimination: correlation of its points with those of all other cells; None where that says nothing.
        full, none: how many have all of it, and nothing of it.
        open: how many are not decided yet.
    """

    name: str
    max_points: float
    manual: bool
    difficulty: float | None
    discrimination: float | None
    full: int
    none: int
    open: int


@dataclass(frozen=True)
class TestFacts:
    """A test in the class: how often it failed, and how."""

    __test__ = False

    name: str
    cell: str
    title: str
    public: bool
    failed: int
    count: int
    verdicts: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class MisconceptionFacts:
    """A misconception and who has it."""

    mutant: str
    function: str
    text: str
    hint: str
    students: tuple[str, ...]


@dataclass(frozen=True)
class NoticeFacts:
    """Submissions with the same kind of notice: student and text."""

    code: str
    entries: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Spread:
    """The distribution of scores in percent."""

    mean: float
    median: float
    deviation: float
    low: float
    high: float
    bins: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class WeekReport:
    """All that the page of a week says."""

    name: str
    title: str
    due: str
    max_points: float
    entries: tuple[Entry, ...]
    faults: tuple[Concern, ...]
    limits: tuple[Concern, ...]
    unreadable: tuple[Concern, ...]
    late: tuple[Entry, ...]
    missing: tuple[str, ...]
    spread: Spread | None
    tasks: tuple[TaskFacts, ...]
    tests: tuple[TestFacts, ...]
    misconceptions: tuple[MisconceptionFacts, ...]
    notices: tuple[NoticeFacts, ...]
    similar: tuple[Pair, ...]

    @property
    def undecided(self) -> int:
        """Submissions of which a person still has to grade a part."""
        return sum(entry.undecided for entry in self.entries)


def summarise(
    course: Course,
    week: str,
    entries: Sequence[Entry],
    *,
    students: Iterable[str] = (),
    similar: Sequence[Pair] = (),
) -> WeekReport:
    """What there is to say of a week; pure.

    Args:
        course: the course.
        week: the assignment.
        entries: one a submission.
        students: everybody in the course; those without an entry are missing.
        similar: pairs that are alike.
    """
    assignment = course.assignment(week)
    entries = sorted(entries, key=lambda entry: entry.student)
    graded = [entry for entry in entries if entry.examination.status is Status.GRADED]
    maximum = max((_sound(entry.examination.max_points) or 0.0 for entry in entries), default=0.0)
    due = assignment.due.astimezone(course.zone)
    return WeekReport(
        name=week,
        title=assignment.title.en,
        due=f"{due:%Y-%m-%d %H:%M} ({course.timezone})",
        max_points=maximum,
        entries=tuple(entries),
        faults=tuple(_faults(entries)),
        limits=tuple(_limits(entries)),
        unreadable=tuple(_unreadable(entries)),
        late=tuple(sorted((e for e in entries if e.days_late), key=lambda e: -e.days_late)),
        missing=tuple(sorted(set(students) - {entry.student for entry in entries})),
        spread=_spread([100 * entry.score / maximum for entry in entries] if maximum > 0 else []),
        tasks=tuple(_tasks(graded)),
        tests=tuple(_tests(graded)),
        misconceptions=tuple(_misconceptions(entries)),
        notices=tuple(_notices(entries)),
        similar=tuple(sorted(similar, key=lambda pair: (-pair.score, pair.a, pair.b))),
    )


def _faults(entries: Iterable[Entry]) -> Iterable[Concern]:
    for entry in entries:
        examination = entry.examination
        texts = [notice.text for notice in examination.notices if notice.code == "grader-error"]
        texts += [
            f"{test.cell}: {test.name}: {test.message}"
            for test in examination.tests
            if test.verdict is Verdict.GRADER_ERROR
        ]
        if texts or examination.status is Status.GRADER_ERROR:
            yield Concern(entry.student, "grader error", "; ".join(dict.fromkeys(texts))[:600])


def _limits(entries: Iterable[Entry]) -> Iterable[Concern]:
    """By student and kind of limit: where it was reached."""
    for entry in entries:
        places: dict[Verdict, list[str]] = {}
        for cell in entry.examination.cells:
            if cell.verdict in LIMITS:
                name = f" ({one_line(cell.grade_id, 80)})" if cell.grade_id else ""
                places.setdefault(cell.verdict, []).append(f"cell {cell.index + 1}{name}")
        tests: dict[tuple[Verdict, str], int] = {}
        for test in entry.examination.tests:
            if test.verdict in LIMITS:
                tests[test.verdict, test.cell] = tests.get((test.verdict, test.cell), 0) + 1
        for (kind, cell_name), count in tests.items():
            places.setdefault(kind, []).append(f"{count} of the tests of {one_line(cell_name, 80)}")
        for kind, where in places.items():
            yield Concern(entry.student, verdict(kind, Language.EN), ", ".join(where)[:600])


def _unreadable(entries: Iterable[Entry]) -> Iterable[Concern]:
    for entry in entries:
        status = entry.examination.status
        if status in (Status.UNREADABLE, Status.MISSING):
            what = "cannot be read" if status is Status.UNREADABLE else "no notebook"
            texts = [n.text for n in entry.examination.notices if n.code == status.value]
            yield Concern(entry.student, what, " ".join(texts)[:600])


def _spread(percents: Sequence[float]) -> Spread | None:
    if not percents:
        return None
    size = 100 / _BINS
    counts = Counter(min(int(percent // size), _BINS - 1) for percent in percents)
    labels = [f"{size * b:g}–{size * (b + 1) - 1 if b < _BINS - 1 else 100:g}" for b in range(_BINS)]
    return Spread(
        mean=statistics.fmean(percents),
        median=statistics.median(percents),
        deviation=statistics.pstdev(percents),
        low=min(percents),
        high=max(percents),
        bins=tuple((label, counts[b]) for b, label in enumerate(labels)),
    )


def _points(entry: Entry) -> dict[str, float | None]:
    return {
        score.grade_id: _sound(entry.cells.get(score.grade_id, score.points))
        for score in entry.examination.scores
    }


def _tasks(entries: Sequence[Entry]) -> Iterable[TaskFacts]:
    known: dict[str, tuple[float, bool]] = {}
    for entry in entries:
        for score in entry.examination.scores:
            known.setdefault(score.grade_id, (_sound(score.max_points) or 0.0, score.manual))
    given = [_points(entry) for entry in entries]
    totals = [sum(value or 0.0 for value in points.values()) for points in given]
    for name, (worth, manual) in known.items():
        decided = [
            (value, total - value)
            for points, total in zip(given, totals, strict=True)
            if (value := points.get(name)) is not None
        ]
        values = [value for value, _ in decided]
        yield TaskFacts(
            name=name,
            max_points=worth,
            manual=manual,
            difficulty=statistics.fmean(values) / worth if values and worth else None,
            discrimination=correlation(decided),
            full=sum(value >= worth for value in values),
            none=sum(value <= 0 for value in values),
            open=len(entries) - len(values),
        )


def correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Pearson's coefficient; None for fewer than five pairs, or where either side is the same throughout.

    Of a cell's points with those of all *other* cells this is the corrected item-total correlation; for a
    cell that is all or nothing, the point-biserial one.
    """
    if len(pairs) < _FEW:
        return None
    xs, ys = [x for x, _ in pairs], [y for _, y in pairs]
    mean_x, mean_y = statistics.fmean(xs), statistics.fmean(ys)
    spread_x = math.sqrt(sum((x - mean_x) ** 2 for x in xs))
    spread_y = math.sqrt(sum((y - mean_y) ** 2 for y in ys))
    if spread_x < 1e-9 or spread_y < 1e-9:
        return None
    together = sum((x - mean_x) * (y - mean_y) for x, y in pairs)
    return max(-1.0, min(1.0, together / (spread_x * spread_y)))


def _tests(entries: Sequence[Entry]) -> Iterable[TestFacts]:
    """Tests by how often they failed, most often first."""
    facts: dict[tuple[str, str], list[Any]] = {}
    for entry in entries:
        for test in entry.examination.tests:
            known = facts.setdefault((test.module, test.name), [test, 0, Counter()])
            known[1] += 1
            if test.verdict is not Verdict.PASSED:
                known[2][test.verdict] += 1
    found = [
        TestFacts(
            name=test.name,
            cell=test.cell,
            title=test.title.en,
            public=test.public,
            failed=sum(kinds.values()),
            count=count,
            verdicts=tuple((verdict(kind, Language.EN), n) for kind, n in kinds.most_common()),
        )
        for test, count, kinds in facts.values()
    ]
    return sorted(found, key=lambda test: -test.failed / test.count)


def _misconceptions(entries: Iterable[Entry]) -> Iterable[MisconceptionFacts]:
    students: dict[str, list[str]] = {}
    what: dict[str, tuple[str, str, str]] = {}
    for entry in entries:
        for found in entry.examination.misconceptions:
            what[found.mutant] = (found.function, found.misconception.en, found.hint.en)
            known = students.setdefault(found.mutant, [])
            if entry.student not in known:
                known.append(entry.student)
    for mutant, names in sorted(students.items(), key=lambda item: (-len(item[1]), item[0])):
        yield MisconceptionFacts(mutant, *what[mutant], students=tuple(names))


def _notices(entries: Iterable[Entry]) -> Iterable[NoticeFacts]:
    found: dict[str, list[tuple[str, str]]] = {}
    told_already = ("grader-error", "unreadable", "missing")
    for entry in entries:
        for notice in entry.examination.notices:
            if notice.code not in told_already:
                found.setdefault(notice.code, []).append((entry.student, notice.text))
    for code, texts in sorted(found.items(), key=lambda item: (-len(item[1]), item[0])):
        yield NoticeFacts(code, tuple(texts))


# Pages


def render_week(report: WeekReport) -> str:
    """The page of a week."""
    return render("report_week.html.j2", language="en", report=report, histogram=_histogram(report), **_HELP)


def render_index(course: Course, reports: Mapping[str, WeekReport]) -> str:
    """The list of weeks; those without results say so."""
    weeks = [(assignment, reports.get(assignment.name)) for assignment in course.assignments]
    return render("report_index.html.j2", language="en", course=course, weeks=weeks, **_HELP)


def _histogram(report: WeekReport) -> Markup:
    if report.spread is None:
        return Markup()
    words = ", ".join(f"{label} %: {count}" for label, count in report.spread.bins if count)
    return pictures.histogram_svg(
        report.spread.bins,
        "How many submissions earned how much",
        f"{len(report.entries)} submissions. {words}.",
        "percent of the points",
        "histogram",
    )


def _feedback_link(student: str, week: str) -> str:
    """From a page of the report to a student's feedback."""
    name = quote(student[:255], safe="", errors="replace")  # as long as the name of a folder can be
    return f"../feedback/{name}/{quote(week, safe='')}/{PAGE}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


_HELP: dict[str, Any] = {
    "feedback_link": _feedback_link,
    "formgrader": lambda week: FORMGRADER + quote(week, safe=""),
    "name": lambda student: one_line(student, 80),
    "line": lambda text: one_line(text, 600),
    "number": number,
    "percent": _percent,
    "prose": prose,
}


def week_tables(report: WeekReport) -> dict[str, list[Sequence[Cell]]]:
    """The page's data as tables, by file name."""
    name = report.name
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
            ("test", "task", "title", "public", "failed", "submissions", "how"),
            *(
                (
                    test.name,
                    test.cell,
                    test.title,
                    "yes" if test.public else "no",
                    float(test.failed),
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
        f"{name}-notices.csv": [
            ("notice", "student", "text"),
            *((kind.code, student, text) for kind in report.notices for student, text in kind.entries),
        ],
    }
    return {file: [[_plain(cell) for cell in row] for row in rows] for file, rows in tables.items()}


def _plain(cell: Cell) -> Cell:
    return plain(cell, 2000) if isinstance(cell, str) else cell


# Files


def write_report(root: Path, week: str | None = None) -> Path:
    """Write ``report/index.html``, a page for each week that has results, and the data beside them.

    Args:
        root: the course's folder.
        week: write this week's page only; the index tells of all.

    Returns:
        the page to open: that of the week, or the index.

    Raises:
        CourseError: the course has no such week.
        GradeError: there are no results yet.
    """
    from autograder.export import table  # with it comes nbgrader, which takes seconds
    from autograder.problem import GradeError
    from autograder.records import write_atomically

    course, paths = load_course(root), Paths(root)
    if week is not None:
        course.assignment(week)
    folder = root / "report"
    grades = _grades(course, paths)
    reports: dict[str, WeekReport] = {}
    for name in course.names:
        report = read_week(course, paths, name, grades)
        if report is not None:
            reports[name] = report
    if not reports or (week is not None and week not in reports):
        raise GradeError(f"There are no results yet: run `autograder grade {week or 'WEEK'}` first.")
    for name, report in reports.items():
        if week in (None, name):
            write_atomically(folder / f"{name}.html", render_week(report).encode("utf-8", "replace"))
            for file, rows in week_tables(report).items():
                content = "\ufeff" + table(rows)
                write_atomically(folder / file, content.encode("utf-8", "replace"))
    index = folder / "index.html"
    write_atomically(index, render_index(course, reports).encode("utf-8", "replace"))
    return index if week is None else folder / f"{week}.html"


def read_week(course: Course, paths: Paths, week: str, grades: Grades | None) -> WeekReport | None:
    """What is known of a week; None if nothing of it has been graded."""
    from autograder.export import current_records
    from autograder.gradebook import read_timestamp
    from autograder.late import days_late
    from autograder.problem import GradeError

    try:
        records = current_records(course, paths, week)
    except GradeError:  # not released, or without a suite
        return None
    if not records:
        return None
    due = course.assignment(week).due
    entries = []
    for student, examination in records.items():
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
                cells=grade.cells if grade else {},
            )
        )
    known = {student.id for student in grades.students} if grades is not None else set()
    known |= {folder.name for folder in paths.submitted.iterdir() if not folder.name.startswith(".")}
    similar = read_similar(paths.root / "exports" / f"similarity-{week}.json")
    return summarise(course, week, entries, students=known, similar=similar)


def _grades(course: Course, paths: Paths) -> Grades | None:
    from autograder.export import ExportError, read_grades
    from autograder.gradebook import has_gradebook

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
