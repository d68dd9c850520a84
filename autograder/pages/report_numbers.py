"""The facts of a week's report: what the class got wrong, in numbers."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autograder.course.folders import file_name
from autograder.course.models import Course
from autograder.examination import Examination, Status, Verdict
from autograder.gradebook.grades import after_penalty
from autograder.messages import Language
from autograder.pages.written import SameAnswer, same_answers
from autograder.pages.wrong_answers import WrongAnswer, wrong_answers
from autograder.wording.text import one_line
from autograder.wording.words import LIMITS, verdict

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
        timeless: whether nothing says when it was handed in.
        said_late: whether the platform called it late, without saying by how much.
        cells: points by grade id; None where undecided.
    """

    student: str
    examination: Examination
    points: float
    penalty: float = 0.0
    days_late: int = 0
    undecided: bool = False
    timeless: bool = False
    said_late: bool = False
    cells: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """What counts."""
        return after_penalty(_sound(self.points) or 0.0, _sound(self.penalty) or 0.0)


def _sound(points: float | None) -> float | None:
    """Points to a millionth; None for a number that no points can be, which statistics choke on."""
    return round(points, 6) if points is not None and abs(points) < 1e9 else None


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
    """A test in the class: how often it failed, how, and how often only for another function's mistake.

    What ``follows`` from other functions is part of ``failed`` and of no kind in ``verdicts``.
    """

    __test__ = False

    name: str
    cell: str
    title: str
    public: bool
    failed: int
    count: int
    verdicts: tuple[tuple[str, int], ...]
    follows: int = 0


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
    """All that the page of a week says.

    ``complete`` is whether there is a class list, so that all who are missing are known; ``strangers`` are
    those with a submission who are not in it; ``section`` is the one that all this is of, empty for the whole
    class.
    """

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
    wrong_answers: tuple[WrongAnswer, ...]
    same_answers: tuple[SameAnswer, ...]
    notices: tuple[NoticeFacts, ...]
    similar: tuple[Pair, ...]
    complete: bool = False
    strangers: tuple[str, ...] = ()
    section: str = ""

    @property
    def file(self) -> str:
        """What the names of the page and of its tables begin with."""
        return file_name(self.name) + section_ending(self.section)

    @property
    def timeless(self) -> int:
        """Submissions of which nobody knows when they were handed in."""
        return sum(entry.timeless for entry in self.entries)

    @property
    def said_late(self) -> tuple[str, ...]:
        """Whose submission the platform called late, while nobody knows by how much."""
        return tuple(entry.student for entry in self.entries if entry.timeless and entry.said_late)

    @property
    def undecided(self) -> int:
        """Submissions of which a person still has to grade a part."""
        return sum(entry.undecided for entry in self.entries)


def section_ending(section: str) -> str:
    """What a section adds to the name of a file; nothing for the whole class."""
    kept = "".join(character if character.isalnum() else "-" for character in section)
    return f"-{kept[:60]}" if section else ""


def summarise(
    course: Course,
    week: str,
    entries: Sequence[Entry],
    *,
    students: Iterable[str] = (),
    similar: Sequence[Pair] = (),
    complete: bool = False,
    section: str = "",
    trained: Collection[tuple[str, str]] = (),
    waiting: Mapping[str, str] | None = None,
    released: Mapping[str, str] | None = None,
    given: Collection[str] = (),
) -> WeekReport:
    """What there is to say of a week; pure.

    Args:
        course: the course.
        week: the assignment.
        entries: one a submission.
        students: everybody in the course; those without an entry are missing.
        similar: pairs that are alike.
        complete: whether ``students`` is a class list, and not only whoever has been seen.
        section: whose entries and students these are; empty for the whole class.
        trained: module and function of the tests that train a model.
        waiting: entries of ``mutants.yml`` that wait for their words, by digest of the answers.
        released: what stands in each cell before anybody writes, by grade id.
        given: names that the notebook defines as students get it.
    """
    assignment = course.assignment(week)
    entries = sorted(entries, key=lambda entry: entry.student)
    graded = [entry for entry in entries if entry.examination.status is Status.GRADED]
    maximum = max((_sound(entry.examination.max_points) or 0.0 for entry in entries), default=0.0)
    due = assignment.due.astimezone(course.zone)
    known = set(students)
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
        missing=tuple(sorted(known - {entry.student for entry in entries})),
        spread=_spread([100 * entry.score / maximum for entry in entries] if maximum > 0 else []),
        tasks=tuple(_tasks(graded)),
        tests=tuple(_tests(graded)),
        misconceptions=tuple(_misconceptions(entries)),
        wrong_answers=tuple(
            wrong_answers([(e.student, e.examination) for e in graded], trained, waiting, given)
        ),
        same_answers=tuple(same_answers([(e.student, e.examination) for e in graded], released or {})),
        notices=tuple(_notices(entries)),
        similar=tuple(sorted(similar, key=lambda pair: (-pair.score, pair.a, pair.b))),
        complete=complete,
        strangers=tuple(e.student for e in entries if e.student not in known) if complete else (),
        section=section,
    )


def _faults(entries: Iterable[Entry]) -> Iterable[Concern]:
    for entry in entries:
        examination = entry.examination
        texts = [str(notice.text) for notice in examination.notices if notice.code == "grader-error"]
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
            texts = [str(n.text) for n in entry.examination.notices if n.code == status.value]
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
            known = facts.setdefault((test.module, test.name), [test, 0, Counter(), 0])
            known[1] += 1
            if test.follows:
                known[3] += 1
            elif test.verdict is not Verdict.PASSED:
                known[2][test.verdict] += 1
    found = [
        TestFacts(
            name=test.name,
            cell=test.cell,
            title=test.title.en,
            public=test.public,
            failed=sum(kinds.values()) + follows,
            count=count,
            verdicts=tuple((verdict(kind, Language.EN), n) for kind, n in kinds.most_common()),
            follows=follows,
        )
        for test, count, kinds, follows in facts.values()
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
                found.setdefault(notice.code, []).append((entry.student, str(notice.text)))
    for code, texts in sorted(found.items(), key=lambda item: (-len(item[1]), item[0])):
        yield NoticeFacts(code, tuple(texts))
