"""What a student is told of an examination, as plain data: the policy of ``course.yml`` applied.

The page shows all of a view and nothing else. What is not to be told (:mod:`autograder.wording.policy`)
can therefore not be in the page.
"""

from __future__ import annotations

import ast
import datetime as dt
import functools
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from markupsafe import Markup, escape
from nbformat import NotebookNode

from autograder.course.models import Course, Level
from autograder.examination import CellOutcome, Examination, Score, Status, TestOutcome, Verdict
from autograder.gradebook.grades import after_penalty
from autograder.linear import is_korean
from autograder.messages import Language, Message
from autograder.notebooks.definitions import stub_names
from autograder.notebooks.metadata import grade_id, is_manual, is_solution, is_test, points
from autograder.pages.causes import Cause, Excerpt, Places, causes_of, section_heading
from autograder.pages.figures import DrawingView, FigureView, Parameters, array_figure, training_drawings
from autograder.wording.policy import Policy
from autograder.wording.rendering import notice, said, sentence
from autograder.wording.text import one_line, plain, prose, tidy
from autograder.wording.words import LIMITS, mark, number, verdict, word

_LISTED = 100
"""Cells, limits and notices that are listed; a notebook may have any number of cells."""
_CODE = 12_000
"""Characters of code that can be copied: all of what a record keeps of a call."""
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
    code: str = ""
    id: str = ""
    is_call: bool = True
    came_back: str = ""
    expected: str = ""
    figure: FigureView | None = None
    function: str = ""
    above: bool = False
    cause: Cause | None = None
    follows: bool = False


@dataclass(frozen=True)
class TaskView:
    """One task of the notebook: what a student writes, and all tests of it.

    Attributes:
        name: of what is to be written, below the heading.
        title: the heading, and the name where the heading has several tasks.
        points: what was earned, and what is still to come.
    """

    name: Markup
    title: Markup
    anchor: str
    points: str
    share: float | None
    checks: tuple[CheckView, ...] = ()
    comments: tuple[str, ...] = ()
    count: str = ""

    @property
    def done(self) -> bool:
        """Whether nothing is left to do in it, and nothing to read but that."""
        return all(check.passed for check in self.checks) and not self.comments

    @property
    def failed(self) -> tuple[CheckView, ...]:
        """The checks that were not passed and that stand for themselves."""
        return tuple(check for check in self.checks if not check.passed and not check.follows)

    @property
    def following(self) -> tuple[CheckView, ...]:
        """The checks that were not passed because of what another one, or a cell, says already."""
        return tuple(check for check in self.checks if check.follows)

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
        return any(task.checks or task.comments for task in self.tasks)

    @property
    def left(self) -> tuple[TaskView, ...]:
        """The tasks in which something is left to do."""
        return tuple(task for task in self.tasks if not task.done)


@dataclass(frozen=True)
class MisconceptionView:
    """A recognised misconception."""

    function: str
    said: Markup
    hint: Markup
    more: Markup = Markup()  # noqa: RUF009  immutable


@dataclass(frozen=True)
class SourceView:
    """Lines of the notebook, and where they stand."""

    where: str
    code: str


@dataclass(frozen=True)
class NextView:
    """What to do first: a cell to mend, or a check of a task.

    Attributes:
        more: what is left after it.
        same: how many checks it takes with it.
        cell: which cell did not run to its end.
        message: how it ended.
        source: the lines at which it ended, or was when its time was up.
        task, lang, anchor: the task's title, its language, and where it is on the page.
        check: in full; it is only named further below.
        hint: of the misconception that the check shows, if there is one.
    """

    more: str = ""
    same: str = ""
    cell: str = ""
    message: Said | None = None
    source: SourceView | None = None
    task: Markup = Markup()  # noqa: RUF009  immutable
    lang: str = ""
    anchor: str = ""
    check: CheckView | None = None
    hint: MisconceptionView | None = None


@dataclass(frozen=True)
class ProgressView:
    """What has changed since the attempt before.

    Attributes:
        since: when that one was graded.
        better, worse: checks that are passed now, and those that are not any more.
    """

    since: str
    better: tuple[Markup, ...]
    worse: tuple[Markup, ...]


@dataclass(frozen=True)
class CellView:
    """A cell that did not end well."""

    position: str
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
    progress: ProgressView | None = None
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

    @property
    def done(self) -> tuple[TaskView, ...]:
        """The tasks of which all checks were passed."""
        return tuple(t for section in self.sections for t in section.tasks if t.done and t.checks)


# From the record to the view


@dataclass(frozen=True)
class _Context:
    """What the parts of a view depend on, beside the record.

    Attributes:
        self_check: public tests on a student's own machine: counted, not scored.
        room: as many items as there are pictures of arrays to come; each takes one.
        places: how cells are called.
        causes: what failed tests have in common, by their keys.
        titles: of the tests, by their keys.
    """

    policy: Policy
    language: Language
    parameters: Parameters
    marks: Marks
    self_check: bool
    room: Iterator[bool]
    places: Places
    causes: Mapping[str, Cause]
    titles: Mapping[str, Markup]

    def word(self, key: str, **fields: object) -> str:
        """A word of the page."""
        return word(key, self.language, **fields)

    def said(self, message: Message) -> Said:
        """A message of the grader in the page's language; words of others are marked as English."""
        text = self.places.renamed(sentence(said(message, self.language)))
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
    previous: Examination | None = None,
) -> PageView:
    """The page's content; for the arguments see :func:`autograder.pages.feedback.render_feedback`."""
    policy = Policy(level)
    context = _Context(
        policy,
        language,
        _parameters(released),
        marks,
        self_check,
        room=itertools.repeat(True, _FIGURES),
        places=Places(examination, released, functools.partial(word, language=language)),
        causes=causes_of(examination),
        titles=_titles(examination, policy, language),
    )
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
        progress=_progress(examination, previous, course, context) if told and previous else None,
        sections=sections,
        withheld=told and policy.withholds(examination.tests),
        training=tuple(training_drawings(examination.pictures, context.word, judged=policy.at_least("full")))
        if policy.at_least("hints")
        else (),
        cells=_listed(_cells(examination, context)) if told else (),
        notices=_listed(_notices(examination, context)) if told else (),
        comments=tuple(_comments(examination, released, context)) if told else (),
    )
    view = _with_next(view, examination, context) if told else view
    present = {
        "likely": (say("likely"), view.misconceptions),
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
    cause = next((c for c in context.causes.values() if c.kind == "cell"), None)
    cell = _cell_of(cause, examination) if cause is not None else None
    if cause is not None and cell is not None:
        same = sum(each == cause for each in context.causes.values())
        step = NextView(
            _rest(open_ones - same, context),
            context.word("next-same", count=same),
            context.word("next-cell", cell=context.places.name(cell.index)),
            _cell_message(cell, context),
            _source(context.places.excerpt(cell), context, cell.index),
        )
        return replace(view, next=step, sections=_followed(view.sections, None, cause))
    place = _first_failed(view.sections)
    if place is None:
        return view
    s, t, c = place
    task = view.sections[s].tasks[t]
    check = task.checks[c]
    hint = next((m for m in view.misconceptions if check.function and m.function == check.function), None)
    same = sum(each == check.cause for each in context.causes.values()) - 1 if check.cause else 0
    slow = check.cause is not None and check.cause.kind == "limit"
    step = NextView(
        _rest(open_ones - 1 - same, context),
        context.word("next-same", count=same) if same else "",
        source=_source(context.places.where_slow(check.cause.of), context) if check.cause and slow else None,
        task=task.title,
        lang=view.sections[s].lang,
        anchor=task.anchor,
        check=check,
        hint=hint,
    )
    named = replace(check, told=False, above=True, figure=None)
    tasks = _put(view.sections[s].tasks, t, replace(task, checks=_put(task.checks, c, named)))
    sections = _put(view.sections, s, replace(view.sections[s], tasks=tasks))
    return replace(
        view,
        next=step,
        sections=_followed(sections, named, None),
        misconceptions=tuple(m for m in view.misconceptions if m is not hint),
    )


def _rest(count: int, context: _Context) -> str:
    return context.word("next-more", count=count) if count > 0 else ""


def _cell_of(cause: Cause, examination: Examination) -> CellOutcome | None:
    return next((cell for cell in examination.cells if str(cell.index + 1) == cause.of), None)


def _source(excerpt: Excerpt | None, context: _Context, told: int | None = None) -> SourceView | None:
    """Lines of the notebook; of which cell, where that is not told already."""
    if excerpt is None:
        return None
    if excerpt.cell == told:
        return SourceView(context.word("line", line=excerpt.line), excerpt.code)
    cell = context.places.name(excerpt.cell)
    key = "cell-line" if told is not None else "slow-at"
    return SourceView(context.word(key, cell=cell, line=excerpt.line), excerpt.code)


def _followed(
    sections: tuple[SectionView, ...], first: CheckView | None, told: Cause | None
) -> tuple[SectionView, ...]:
    """The sections in which each cause is told once, by the first check that has it.

    Args:
        sections: of the page.
        first: the check that stands at the top of the page.
        told: the cause that stands there.
    """
    known = {told, first.cause if first is not None else None} - {None}

    def placed(check: CheckView) -> CheckView:
        if check.cause is None or check is first:
            return check
        if check.cause in known:
            return replace(check, follows=True, told=False, figure=None)
        known.add(check.cause)
        return check

    return tuple(
        replace(
            section,
            tasks=tuple(replace(task, checks=tuple(map(placed, task.checks))) for task in section.tasks),
        )
        for section in sections
    )


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
    decided = sum(s.max_points for s in examination.scores if given[s.grade_id] is not None)
    remarks = []
    for manual, key in ((True, "to-come-manual"), (False, "undecided-fault")):
        if left := _open(examination.scores, manual, given):
            remarks.append(say(key, points=number(left)))
    if marks.penalty:
        remarks.append(say("late", points=number(marks.penalty)))
    whole = decided == examination.max_points
    return {
        "score": number(total),
        "maximum": say("of-all" if whole else "of-decided", maximum=number(decided)),
        "percent": _percent(total, decided),
        "remarks": tuple(remarks),
    }


def _open(scores: Iterable[Score], manual: bool, given: Mapping[str, float | None]) -> float:
    """Points that nobody has decided yet: a person's to give, or lost by a fault of ours."""
    return sum(s.max_points for s in scores if given[s.grade_id] is None and s.manual is manual)


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
            prose(found.more.in_(context.language)) if found.more is not None else Markup(),
        )


def _progress(
    examination: Examination, previous: Examination, course: Course, context: _Context
) -> ProgressView:
    """The checks of which the outcome is another one than at the attempt before."""
    before = {test.key: test.verdict is Verdict.PASSED for test in previous.tests}
    changed: dict[bool, list[Markup]] = {True: [], False: []}
    for test in examination.tests:
        passed = test.verdict is Verdict.PASSED
        if Verdict.GRADER_ERROR is not test.verdict and before.get(test.key, passed) is not passed:
            changed[passed].append(context.titles[test.key])
    since = context.word("since", time=f"{_local(previous.graded_at, course):%Y-%m-%d %H:%M}")
    return ProgressView(since, tuple(changed[True]), tuple(changed[False]))


def _cells(examination: Examination, context: _Context) -> Iterator[CellView]:
    """Cells that a student would not find among the checks."""
    graded = {score.grade_id for score in examination.scores}
    # A test cell whose time was up while the tests of it ended alike is told there.
    slow = {test.cell for test in examination.tests if test.verdict in LIMITS}
    quiet = (Verdict.PASSED, Verdict.NOT_IMPLEMENTED)
    for cell in examination.cells:
        if cell.verdict is Verdict.SKIPPED and not cell.message:  # as its tag says
            continue
        told = cell.verdict not in LIMITS or cell.grade_id in slow
        if cell.verdict in quiet or (cell.grade_id in graded and told):
            continue
        yield CellView(
            context.places.name(cell.index),
            verdict(cell.verdict, context.language),
            _tone(cell.verdict),
            _cell_message(cell, context),
        )


def _cell_message(cell: CellOutcome, context: _Context) -> Said | None:
    if not cell.message:
        return None
    if cell.verdict is Verdict.EXCEPTION and not cell.message.is_known:  # the student's, not ours
        return Said(context.places.renamed(one_line(str(cell.message), 400)))
    return context.said(cell.message)


def _notices(examination: Examination, context: _Context) -> Iterator[str]:
    for found in examination.notices:
        text = notice(found, context.language)
        if text is not None:
            yield one_line(text, 600)


def _comments(
    examination: Examination, released: NotebookNode, context: _Context
) -> Iterator[tuple[str, str]]:
    """Comments on cells of no task; the others stand with their tasks."""
    shown = {score.grade_id for score in examination.scores}
    shown |= {grade_id(cell) for cell in released.cells if is_solution(cell)}
    for name, text in context.marks.comments.items():
        if name not in shown:
            yield one_line(name, 80), plain(text)


def _tone(of: Verdict) -> str:
    if of is Verdict.PASSED:
        return "ok"
    if of in (Verdict.NOT_IMPLEMENTED, Verdict.MISSING, Verdict.SKIPPED):
        return "todo"
    return "limit" if of in LIMITS or of is Verdict.GRADER_ERROR else "no"


# Tasks and checks


@dataclass
class _Asked:
    """A task while its parts are gathered: the grade cells that follow one cell that a student writes."""

    names: tuple[str, ...] = ()
    scores: list[Score] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)


def _sections(examination: Examination, released: NotebookNode, context: _Context) -> Iterator[SectionView]:
    """The tasks by the heading of the notebook that they stand under, in its order."""
    by_cell: dict[str, list[TestOutcome]] = {}
    for test in examination.tests:
        by_cell.setdefault(test.cell, []).append(test)
    scores = {score.grade_id: score for score in examination.scores}
    for cell in released.cells:  # a grader error may come without scores
        if (is_test(cell) or is_manual(cell)) and grade_id(cell) not in scores:
            scores[grade_id(cell)] = Score(
                grade_id=grade_id(cell), points=None, max_points=points(cell), manual=is_manual(cell)
            )
    count = itertools.count(1)
    heading, lang, asked = Markup(), context.language.value, list[_Asked]()

    def section() -> Iterator[SectionView]:
        there = [a for a in asked if a.scores and (not context.self_check or any(map(by_cell.get, a.cells)))]
        if there:
            tasks = tuple(_tasks(there, heading, by_cell, count, context))
            yield SectionView(heading, lang, tasks)

    for cell in released.cells:
        if cell.cell_type == "markdown" and (found := section_heading(cell.source)):
            yield from section()
            heading, asked = prose(found), []
            lang = "ko" if is_korean(cell.source) else "en"
        name = grade_id(cell)
        if is_manual(cell):
            asked.append(_Asked())
        elif is_solution(cell):
            asked.append(_Asked(_in_order(stub_names(cell.source), cell.source), cells=[name]))
        if name in scores:
            asked = asked or [_Asked()]
            asked[-1].scores.append(scores.pop(name))
            asked[-1].cells.append(name)
    yield from section()
    heading, lang = escape(context.word("other")), context.language.value
    asked = [_Asked((name,), [score], [name]) for name, score in scores.items()]
    yield from section()


def _in_order(names: Iterable[str], source: str) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: (source.find(name), name)))


_NAMES = 3
"""Names of one cell that make the title of its task."""


def _tasks(
    asked: Sequence[_Asked],
    heading: Markup,
    by_cell: Mapping[str, Sequence[TestOutcome]],
    count: Iterator[int],
    context: _Context,
) -> Iterator[TaskView]:
    """The tasks under one heading."""
    answers = [task for task in asked if not task.names]
    for task in asked:
        shown = [Markup("<code>{}</code>").format(one_line(name, 80)) for name in task.names[:_NAMES]]
        name = Markup(", ").join(shown)
        if not name:
            number_ = f" {answers.index(task) + 1}" if len(answers) > 1 else ""
            manual = all(score.manual for score in task.scores)
            name = escape(context.word("answer" if manual else "task") + number_)
        title = Markup("{} · {}").format(heading, name) if heading and len(asked) > 1 else heading or name
        tests = [test for cell in task.cells for test in by_cell.get(cell, ())]
        yield _task(task, name, title, tests, context, next(count))


def _task(
    task: _Asked,
    name: Markup,
    title: Markup,
    tests: Sequence[TestOutcome],
    context: _Context,
    position: int,
) -> TaskView:
    say = context.word
    given = {score.grade_id: _points_of(score, context.marks) for score in task.scores}
    decided = sum(score.max_points for score in task.scores if given[score.grade_id] is not None)
    passed = sum(test.verdict is Verdict.PASSED for test in tests)
    count = say("of-checks", passed=passed, count=len(tests)) if tests else ""
    earned = sum(value or 0.0 for value in given.values())
    if context.self_check:
        parts, share = [f"{passed} / {len(tests)}"], _percent(passed, len(tests)) if tests else None
    else:
        all_open = all(value is None for value in given.values())
        parts = [] if all_open else [say("of-short", points=number(earned), maximum=number(decided))]
        share = None if all_open else _percent(earned, decided)
        for manual, key in ((True, "to-come"), (False, "open")):
            if left := _open(task.scores, manual, given):
                parts.append(say(key, maximum=number(left)))
    told = context.policy.at_least("names")
    comments = [plain(context.marks.comments.get(cell, "")) for cell in task.cells] if told else []
    return TaskView(
        name=name,
        title=title,
        anchor=f"task-{position}",
        points=" · ".join(parts),
        share=share,
        checks=tuple(_checks(tests, context, f"p{position}")) if told else (),
        comments=tuple(filter(None, comments)),
        count=count if told and not context.self_check else "",
    )


def _titles(examination: Examination, policy: Policy, language: Language) -> dict[str, Markup]:
    """The tests' titles; those that read alike say what each is about, as far as that may be told."""
    alike: dict[str, list[TestOutcome]] = {}
    for test in examination.tests:
        alike.setdefault(test.title.in_(language) or test.name, []).append(test)
    found = {}
    for title, tests in alike.items():
        for place, test in enumerate(tests, start=1):
            more = _about(test) if policy.tells(test) else ""
            more = more or word("one-of", language, place=place, count=len(tests))
            found[test.key] = prose(f"{title} ({more})" if len(tests) > 1 else title)
    return found


def _about(test: TestOutcome) -> str:
    """What a test's author calls its parameters; empty if it has none."""
    _, _, parameters = test.name.partition("[")
    return one_line(parameters.rstrip("]"), 60)


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
        "title": context.titles[test.key],
        "mark": mark(test.verdict),
        "verdict": verdict(test.verdict, context.language),
        "tone": _tone(test.verdict),
        "passed": test.verdict is Verdict.PASSED,
        "tags": tuple(tags),
        "function": one_line(test.call.function, 80) if test.call is not None else "",
        "cause": context.causes.get(test.key),
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
        details["error"] = context.places.renamed(plain(test.message.text.strip(), 3000))
    elif test.message and test.verdict is not Verdict.NOT_IMPLEMENTED:
        details["reason"] = context.said(test.message)
    call, difference = test.call, test.difference
    if test.verdict is Verdict.NOT_IMPLEMENTED:
        return details
    if call is not None:
        details["called"] = plain(call.arguments, 1500)
        details["is_call"] = call.arguments.rstrip().endswith(")")
        details |= {"code": plain(call.code, _CODE), "id": f"{identity}-code"}
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
