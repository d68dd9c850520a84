"""What a student is told of an examination, as plain data: the policy of ``course.yml`` applied.

The page shows all of a view and nothing else. What is not to be told (:mod:`autograder.wording.policy`)
can therefore not be in the page.
"""

from __future__ import annotations

import ast
import datetime as dt
import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from markupsafe import Markup, escape
from nbformat import NotebookNode

from autograder.course.models import Course, Level
from autograder.examination import CellOutcome, Examination, Score, Status, TestOutcome, Verdict
from autograder.gradebook.grades import after_penalty
from autograder.linear import Pattern, is_korean
from autograder.messages import Language, Message
from autograder.notebooks.metadata import grade_id, is_manual, is_test, points
from autograder.pages.figures import DrawingView, FigureView, Parameters, array_figure, training_drawings
from autograder.wording.messages import notice, said, sentence
from autograder.wording.policy import Policy
from autograder.wording.text import one_line, plain, prose, tidy
from autograder.wording.words import LIMITS, mark, number, verdict, word

_LISTED = 100
"""Cells, limits and notices that are listed; a notebook may have any number of cells."""
_FIGURES = 100
"""Tests whose arrays are drawn: a picture takes up some 50 kB."""

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Marks:
    """What a person decided, from the gradebook.

    Attributes:
        points: by grade id, where a person gave a score.
        comments: by grade id.
        penalty: points deducted for lateness.
        extension: more time than everybody else's.
    """

    points: Mapping[str, float] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)
    penalty: float = 0.0
    extension: dt.timedelta | None = None


# The view: what may be told, and nothing else


@dataclass(frozen=True)
class Said:
    """A text, with its language where that is not the page's."""

    text: str
    lang: str = ""


@dataclass(frozen=True)
class CheckView:
    """One test."""

    title: Markup
    mark: str
    verdict: str
    tone: str
    passed: bool
    tags: tuple[str, ...] = ()
    told: bool = False
    reason: Said | None = None
    error: str = ""
    called: str = ""
    is_call: bool = True
    came_back: str = ""
    expected: str = ""
    figure: FigureView | None = None
    function: str = ""
    above: bool = False


@dataclass(frozen=True)
class TaskView:
    """One grade cell with its tests."""

    name: str
    anchor: str
    points: str
    share: float | None
    checks: tuple[CheckView, ...] = ()
    comment: str = ""
    count: str = ""

    @property
    def failed(self) -> tuple[CheckView, ...]:
        """The checks that were not passed."""
        return tuple(check for check in self.checks if not check.passed)

    @property
    def passed(self) -> tuple[CheckView, ...]:
        """The others."""
        return tuple(check for check in self.checks if check.passed)


@dataclass(frozen=True)
class SectionView:
    """The tasks below one heading of the notebook."""

    heading: Markup
    lang: str
    tasks: tuple[TaskView, ...]

    @property
    def detailed(self) -> bool:
        """Whether there is more to show of it than points."""
        return any(task.checks or task.comment for task in self.tasks)


@dataclass(frozen=True)
class MisconceptionView:
    """A recognised misconception."""

    function: str
    said: Markup
    hint: Markup


@dataclass(frozen=True)
class NextView:
    """What to do first: a cell to mend, or a check of a task.

    Attributes:
        more: what is left after it.
        cell: of which cell, and how many checks wait for it.
        message: how that cell ended.
        task, anchor: the task, and where it is on the page.
        check: in full; it is only named further below.
        hint: of the misconception that the check shows, if there is one.
    """

    more: str = ""
    cell: str = ""
    message: Said | None = None
    task: str = ""
    anchor: str = ""
    check: CheckView | None = None
    hint: MisconceptionView | None = None


@dataclass(frozen=True)
class LimitView:
    """A limit that was reached, and where."""

    what: str
    where: Markup
    detail: Said | None = None


@dataclass(frozen=True)
class CellView:
    """A cell that did not end well."""

    position: str
    grade_id: str
    verdict: str
    tone: str
    message: Said | None


@dataclass(frozen=True)
class AlertView:
    """Something that concerns the submission as a whole."""

    text: str
    lines: tuple[Said, ...] = ()


@dataclass(frozen=True)
class PageView:
    """The whole page."""

    language: str
    kind: str
    course: str
    title: str
    student: str
    when: str
    score: str
    maximum: str
    percent: float
    column: str
    tasks_title: str
    footer: str
    remarks: tuple[str, ...] = ()
    alerts: tuple[AlertView, ...] = ()
    next: NextView | None = None
    misconceptions: tuple[MisconceptionView, ...] = ()
    limits: tuple[LimitView, ...] = ()
    sections: tuple[SectionView, ...] = ()
    withheld: bool = False
    training: tuple[DrawingView, ...] = ()
    cells: tuple[CellView, ...] = ()
    notices: tuple[str, ...] = ()
    comments: tuple[tuple[str, str], ...] = ()
    contents: tuple[tuple[str, str], ...] = ()
    most: int = _LISTED

    @property
    def detailed(self) -> bool:
        """Whether any section has more to show than points."""
        return any(section.detailed for section in self.sections)


# From the record to the view


@dataclass(frozen=True)
class _Context:
    """What the parts of a view depend on, beside the record.

    Attributes:
        self_check: public tests on a student's own machine: counted, not scored.
        room: as many items as there are pictures of arrays to come; each takes one.
    """

    policy: Policy
    language: Language
    parameters: Parameters
    marks: Marks
    self_check: bool
    room: Iterator[bool]

    def word(self, key: str, **fields: object) -> str:
        """A word of the page."""
        return word(key, self.language, **fields)

    def said(self, message: Message) -> Said:
        """A message of the grader in the page's language; words of others are marked as English."""
        text = sentence(said(message, self.language))
        return Said(text, "" if message.is_known or self.language is Language.EN else "en")


def make_page(
    examination: Examination,
    course: Course,
    level: Level,
    language: Language,
    released: NotebookNode,
    marks: Marks,
    *,
    self_check: bool = False,
) -> PageView:
    """The page's content; for the arguments see :func:`autograder.pages.feedback.render_feedback`."""
    policy = Policy(level)
    room = itertools.repeat(True, _FIGURES)
    context = _Context(policy, language, _parameters(released), marks, self_check, room)
    say = context.word
    assignment = course.assignment(examination.assignment)
    sections = tuple(_sections(examination, released, context))
    told = policy.at_least("names")
    when = _local(examination.graded_at, course)
    key = "checked" if context.self_check else "graded"
    view = PageView(
        language=context.language.value,
        kind=say("self-check" if context.self_check else "feedback"),
        course=course.title.in_(context.language),
        title=assignment.title.in_(context.language),
        student=one_line(examination.student, 80),
        when=say(key, time=f"{when:%Y-%m-%d %H:%M} ({course.timezone})"),
        **_score(examination, context),
        column=say("checks" if context.self_check else "points"),
        tasks_title=say("by-task-check" if context.self_check else "by-task"),
        footer=_footer(examination),
        alerts=tuple(_alerts(examination, context)),
        misconceptions=tuple(_misconceptions(examination, context)),
        limits=_listed(_limits(examination, context)) if told else (),
        sections=sections,
        withheld=told and policy.withholds(examination.tests),
        training=tuple(training_drawings(examination.pictures, context.word, judged=policy.at_least("full")))
        if policy.at_least("hints")
        else (),
        cells=_listed(_cells(examination, context)) if told else (),
        notices=_listed(_notices(examination, context)) if told else (),
        comments=tuple(_comments(examination, context)) if told else (),
    )
    view = _with_next(view, examination, context) if told else view
    present = {
        "likely": (say("likely"), view.misconceptions),
        "limits": (say("limits"), view.limits),
        "tasks": (view.tasks_title, view.sections),
        "checks": (say("checks"), view.detailed),
        "comments": (say("comments"), view.comments),
        "training": (say("training"), view.training),
        "notebook": (say("notebook"), view.cells),
        "notices": (say("notices"), view.notices),
    }
    contents = tuple((anchor, text) for anchor, (text, there) in present.items() if there)
    return replace(view, contents=contents)


def _with_next(view: PageView, examination: Examination, context: _Context) -> PageView:
    """The page with its first step at the top: a cell that others wait for, or the first failed check."""
    open_ones = sum(not check.passed for s in view.sections for task in s.tasks for check in task.checks)
    if (found := _cell_to_mend(examination)) is not None:
        cell, waiting = found
        said = context.word("next-cell", number=cell.index + 1, count=waiting)
        rest = open_ones - waiting
        more = context.word("next-more", count=rest) if rest > 0 else ""
        return replace(view, next=NextView(more, said, _cell_message(cell, context)))
    place = _first_failed(view.sections)
    if place is None:
        return view
    s, t, c = place
    task = view.sections[s].tasks[t]
    check = task.checks[c]
    hint = next((m for m in view.misconceptions if check.function and m.function == check.function), None)
    more = context.word("next-more", count=open_ones - 1) if open_ones > 1 else ""
    named = replace(check, told=False, above=True, figure=None)
    tasks = _put(view.sections[s].tasks, t, replace(task, checks=_put(task.checks, c, named)))
    return replace(
        view,
        next=NextView(more, task=task.name, anchor=task.anchor, check=check, hint=hint),
        sections=_put(view.sections, s, replace(view.sections[s], tasks=tasks)),
        misconceptions=tuple(m for m in view.misconceptions if m is not hint),
    )


def _cell_to_mend(examination: Examination) -> tuple[CellOutcome, int] | None:
    """The first cell that failed tests wait for, and how many."""
    waiting = Counter(
        str(test.message.values.get("cell", ""))
        for test in examination.tests
        if test.message.code == "cell-ended-with"
    )
    for cell in examination.cells:
        if count := waiting[str(cell.index + 1)]:
            return cell, count
    return None


def _first_failed(sections: Sequence[SectionView]) -> tuple[int, int, int] | None:
    """Where the first failed check is, in the notebook's order; of a task's, one that can be told in full."""
    for s, section in enumerate(sections):
        for t, task in enumerate(section.tasks):
            failed = [c for c, check in enumerate(task.checks) if not check.passed]
            if failed:
                return s, t, next((c for c in failed if task.checks[c].told), failed[0])
    return None


def _put(items: tuple[_Item, ...], place: int, item: _Item) -> tuple[_Item, ...]:
    return (*items[:place], item, *items[place + 1 :])


def _listed(items: Iterable[_Item]) -> tuple[_Item, ...]:
    return tuple(itertools.islice(items, _LISTED))


def _local(time: dt.datetime, course: Course) -> dt.datetime:
    """The time in the course's clock, which does not know the first and the last day of the calendar."""
    try:
        return time.astimezone(course.zone)
    except (OverflowError, ValueError):
        return time


def _points_of(score: Score, marks: Marks) -> float | None:
    """A person's score counts before the automatic one."""
    return marks.points.get(score.grade_id, score.points)


def _score(examination: Examination, context: _Context) -> dict[str, Any]:
    """The sum, how much of it there could be, and what stands open."""
    say = context.word
    if context.self_check:
        passed = sum(test.verdict is Verdict.PASSED for test in examination.tests)
        count = len(examination.tests)
        return {
            "score": say("checks-passed", passed=passed, count=count),
            "maximum": "",
            "percent": _percent(passed, count),
            "remarks": (say("self-check-note"),),
        }
    marks = context.marks
    given = {score.grade_id: _points_of(score, marks) for score in examination.scores}
    total = after_penalty(sum(value or 0.0 for value in given.values()), marks.penalty)
    maximum = examination.max_points
    remarks = []
    for manual, key in ((True, "undecided-manual"), (False, "undecided-fault")):
        left = sum(
            s.max_points for s in examination.scores if given[s.grade_id] is None and s.manual is manual
        )
        if left:
            remarks.append(say(key, points=number(left)))
    if marks.penalty:
        remarks.append(say("late", points=number(marks.penalty)))
    return {
        "score": number(total),
        "maximum": f"/ {number(maximum)}",
        "percent": _percent(total, maximum),
        "remarks": tuple(remarks),
    }


def _percent(part: float, whole: float) -> float:
    share = 100 * part / whole if whole else 0.0
    return round(min(max(share, 0.0), 100.0), 2) if math.isfinite(share) else 0.0


def _footer(examination: Examination) -> str:
    versions = " · ".join(f"{name} {text}" for name, text in examination.versions.items())
    return plain(versions, 300)


def _alerts(examination: Examination, context: _Context) -> Iterator[AlertView]:
    status = examination.status
    if status is Status.GRADED:
        return
    lines = []
    if status in (Status.UNREADABLE, Status.MISSING):
        # The reader's own sentence; those of a grader error are for the TA.
        told = ("unreadable", "missing")
        lines = [context.said(n.text) for n in examination.notices if n.code in told]
    yield AlertView(context.word(status.value), tuple(lines))


def _misconceptions(examination: Examination, context: _Context) -> Iterator[MisconceptionView]:
    for found in context.policy.misconceptions(examination):
        yield MisconceptionView(
            one_line(found.function, 80),
            prose(found.misconception.in_(context.language)),
            prose(found.hint.in_(context.language)),
        )


def _limits(examination: Examination, context: _Context) -> Iterator[LimitView]:
    for cell in examination.cells:
        if cell.verdict in LIMITS:
            where = escape(context.word("cell", number=cell.index + 1))
            if cell.grade_id:
                where += Markup(" <code>{}</code>").format(one_line(cell.grade_id, 80))
            detail = context.said(cell.message) if cell.message else None
            yield LimitView(verdict(cell.verdict, context.language), where, detail)
    for test in examination.tests:
        if test.verdict in LIMITS:
            detail = context.said(test.message) if test.message and context.policy.explains(test) else None
            yield LimitView(
                verdict(test.verdict, context.language), prose(test.title.in_(context.language)), detail
            )


def _cells(examination: Examination, context: _Context) -> Iterator[CellView]:
    """Cells that a student would not find among the checks."""
    graded = {score.grade_id for score in examination.scores}
    quiet = (Verdict.PASSED, Verdict.NOT_IMPLEMENTED)
    for cell in examination.cells:
        if cell.verdict is Verdict.SKIPPED and not cell.message:  # as its tag says
            continue
        if cell.verdict in quiet or (cell.grade_id in graded and cell.verdict not in LIMITS):
            continue
        yield CellView(
            context.word("cell", number=cell.index + 1),
            one_line(cell.grade_id, 80),
            verdict(cell.verdict, context.language),
            _tone(cell.verdict),
            _cell_message(cell, context),
        )


def _cell_message(cell: CellOutcome, context: _Context) -> Said | None:
    if not cell.message:
        return None
    if cell.verdict is Verdict.EXCEPTION and not cell.message.is_known:  # the student's, not ours
        return Said(one_line(str(cell.message), 400))
    return context.said(cell.message)


def _notices(examination: Examination, context: _Context) -> Iterator[str]:
    for found in examination.notices:
        text = notice(found, context.language)
        if text is not None:
            yield one_line(text, 600)


def _comments(examination: Examination, context: _Context) -> Iterator[tuple[str, str]]:
    """Comments on cells that earn no points of their own; the others stand with their tasks."""
    graded = {score.grade_id for score in examination.scores}
    for name, text in context.marks.comments.items():
        if name not in graded:
            yield one_line(name, 80), plain(text)


def _tone(of: Verdict) -> str:
    if of is Verdict.PASSED:
        return "ok"
    if of in (Verdict.NOT_IMPLEMENTED, Verdict.MISSING, Verdict.SKIPPED):
        return "todo"
    return "limit" if of in LIMITS or of is Verdict.GRADER_ERROR else "no"


# Tasks and checks


def _sections(examination: Examination, released: NotebookNode, context: _Context) -> Iterator[SectionView]:
    """The grade cells by the heading of the notebook that they stand under, in its order."""
    by_cell: dict[str, list[TestOutcome]] = {}
    for test in examination.tests:
        by_cell.setdefault(test.cell, []).append(test)
    scores = {score.grade_id: score for score in examination.scores}
    for cell in released.cells:  # a grader error may come without scores
        if (is_test(cell) or is_manual(cell)) and grade_id(cell) not in scores:
            scores[grade_id(cell)] = Score(
                grade_id=grade_id(cell), points=None, max_points=points(cell), manual=is_manual(cell)
            )
    heading, lang, tasks = Markup(), context.language.value, list[TaskView]()
    count = 0
    for cell in released.cells:
        if cell.cell_type == "markdown" and (found := _heading(cell.source)):
            if tasks:
                yield SectionView(heading, lang, tuple(tasks))
            heading, tasks = prose(found), []
            lang = "ko" if is_korean(cell.source) else "en"
        name = grade_id(cell)
        if name in scores:
            count += 1
            if not context.self_check or by_cell.get(name):
                tasks.append(_task(scores.pop(name), by_cell.get(name, []), context, count))
    if tasks:
        yield SectionView(heading, lang, tuple(tasks))
    rest = [
        _task(score, by_cell.get(name, []), context, count + number)
        for number, (name, score) in enumerate(scores.items(), start=1)
        if not context.self_check or by_cell.get(name)
    ]
    if rest:
        yield SectionView(escape(context.word("other")), context.language.value, tuple(rest))


_SECTION = Pattern(r"##\s+(.+)")


def _heading(source: str) -> str:
    found = _SECTION.match(source.lstrip())
    return found[1].strip() if found else ""


def _task(score: Score, tests: Sequence[TestOutcome], context: _Context, position: int) -> TaskView:
    say = context.word
    given = _points_of(score, context.marks)
    passed = sum(test.verdict is Verdict.PASSED for test in tests)
    count = say("of-checks", passed=passed, count=len(tests)) if tests else ""
    if context.self_check:
        points_text, share = f"{passed} / {len(tests)}", _percent(passed, len(tests))
    elif given is None:
        points_text = say("by-hand" if score.manual else "open", maximum=number(score.max_points))
        share = None
    else:
        points_text = say("of-short", points=number(given), maximum=number(score.max_points))
        share = _percent(given, score.max_points)
    told = context.policy.at_least("names")
    return TaskView(
        name=one_line(score.grade_id.removeprefix("test-"), 80),
        anchor=f"task-{position}",
        points=points_text,
        share=share,
        checks=tuple(_checks(tests, context, f"p{position}")) if told else (),
        comment=plain(context.marks.comments.get(score.grade_id, "")) if told else "",
        count=count if told and not context.self_check else "",
    )


def _checks(tests: Sequence[TestOutcome], context: _Context, identity: str) -> Iterator[CheckView]:
    """The public ones first: a student can run them again."""
    for place, test in enumerate(sorted(tests, key=lambda test: not test.public)):
        yield _check(test, context, f"{identity}-{place}")


def _check(test: TestOutcome, context: _Context, identity: str) -> CheckView:
    say = context.word
    tags = []
    if test.public and not context.self_check:
        tags.append(say("public"))
    if test.weight == 0:
        tags.append(say("bonus"))
    elif test.weight != 1:
        tags.append(say("weight", weight=number(test.weight)))
    view: dict[str, Any] = {
        "title": prose(test.title.in_(context.language) or test.name),
        "mark": mark(test.verdict),
        "verdict": verdict(test.verdict, context.language),
        "tone": _tone(test.verdict),
        "passed": test.verdict is Verdict.PASSED,
        "tags": tuple(tags),
        "function": one_line(test.call.function, 80) if test.call is not None else "",
    }
    if context.policy.explains(test):
        details = _details(test, context, identity)
        view |= details | {"told": bool(details)}
    return CheckView(**view)


def _details(test: TestOutcome, context: _Context, identity: str) -> dict[str, Any]:
    """What was called, what came back, what was expected, and why that is wrong."""
    details: dict[str, Any] = {}
    if test.verdict is Verdict.EXCEPTION:
        if test.message.is_known:
            details["reason"] = context.said(test.message.said_with(""))
        details["error"] = plain(test.message.text.strip(), 3000)
    elif test.message and test.verdict is not Verdict.NOT_IMPLEMENTED:
        details["reason"] = context.said(test.message)
    call, difference = test.call, test.difference
    if test.verdict is Verdict.NOT_IMPLEMENTED:
        return details
    if call is not None:
        details["called"] = plain(call.arguments, 1500)
        details["is_call"] = call.arguments.rstrip().endswith(")")
    if difference is not None and difference.kind in ("value", "shape", "dtype", "type", "length"):
        details["came_back"] = tidy(plain(difference.actual, 1000))
        details["expected"] = tidy(plain(difference.expected, 1000))
    elif call is not None and test.verdict in (Verdict.FAILED, Verdict.WRONG_TYPE):
        details["came_back"] = tidy(plain(call.result, 1000))
    figure = array_figure(test, context.word, context.parameters, identity)
    if figure is not None and next(context.room, False):
        details["figure"] = figure
        for name in ("came_back", "expected"):  # the picture says that better
            if details.get(name, "").startswith("array of shape"):
                del details[name]
    return details


def _parameters(released: NotebookNode) -> Parameters:
    """Names of the parameters of the functions that the assignment gives."""
    found: dict[str, list[str]] = {}
    for cell in released.cells:
        if cell.cell_type == "code":
            try:
                tree = ast.parse(cell.source)
            except (SyntaxError, ValueError):  # magics
                continue
            for item in tree.body:
                if isinstance(item, ast.FunctionDef):
                    found[item.name] = [argument.arg for argument in item.args.args]
    return found
