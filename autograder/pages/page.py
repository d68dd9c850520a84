"""From the record to the view of a whole page: the policy of ``course.yml`` applied."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from markupsafe import Markup
from nbformat import NotebookNode

from autograder.course.models import Course, Level
from autograder.examination import CellOutcome, Examination, Score, Status, Verdict
from autograder.gradebook.grades import after_penalty
from autograder.messages import Language
from autograder.notebooks.metadata import grade_id, is_solution
from autograder.pages.causes import Cause, Excerpt, Places, causes_of, headings_of
from autograder.pages.figures import training_drawings
from autograder.pages.tasks import (
    open_points,
    parameters_of,
    percent,
    points_of,
    sections_of,
    titles_of,
    tone,
)
from autograder.pages.view import (
    LISTED,
    AlertView,
    CellView,
    CheckView,
    Context,
    Marks,
    MisconceptionView,
    NextView,
    PageView,
    ProgressView,
    Said,
    SectionView,
    SourceView,
)
from autograder.wording.policy import Policy
from autograder.wording.rendering import notice
from autograder.wording.text import one_line, plain, prose
from autograder.wording.words import LIMITS, number, verdict, word

_FIGURES = 100
"""Tests whose arrays are drawn: a picture takes up some 50 kB."""

_Item = TypeVar("_Item")


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
    context = Context(
        policy,
        language,
        parameters_of(released),
        marks,
        self_check,
        room=itertools.repeat(True, _FIGURES),
        places=Places(examination, released, functools.partial(word, language=language)),
        causes=causes_of(examination),
        titles=titles_of(examination, policy, language),
    )
    say = context.word
    assignment = course.assignment(examination.assignment)
    sections = tuple(sections_of(examination, released, context))
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
    if told:
        view = replace(
            _with_next(view, examination, context), unanswered=_unanswered(examination, released, context)
        )
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


def _with_next(view: PageView, examination: Examination, context: Context) -> PageView:
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


def _unanswered(examination: Examination, released: NotebookNode, context: Context) -> str:
    """The sentence about written answers that were left empty."""
    marks = context.marks.points  # somebody may have found the answer elsewhere
    names = empty_answers([s for s in examination.scores if not marks.get(s.grade_id)], released)
    return context.word("unanswered", names=", ".join(names)) if names else ""


def empty_answers(scores: Iterable[Score], released: NotebookNode) -> list[str]:
    """The written answers that were left empty, by their headings: no check fails by them."""
    headings = dict(headings_of(released))
    empty = (s.grade_id for s in scores if s.manual and s.points == 0)
    return list(dict.fromkeys(one_line((headings.get(cell) or cell).replace("`", ""), 80) for cell in empty))


def _rest(count: int, context: Context) -> str:
    return context.word("next-more", count=count) if count > 0 else ""


def _cell_of(cause: Cause, examination: Examination) -> CellOutcome | None:
    return next((cell for cell in examination.cells if str(cell.index + 1) == cause.of), None)


def _source(excerpt: Excerpt | None, context: Context, told: int | None = None) -> SourceView | None:
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
            failed = [c for c, check in enumerate(task.checks) if not (check.passed or check.follows)]
            if failed:
                return s, t, next((c for c in failed if task.checks[c].told), failed[0])
    return None


def _put(items: tuple[_Item, ...], place: int, item: _Item) -> tuple[_Item, ...]:
    return (*items[:place], item, *items[place + 1 :])


def _listed(items: Iterable[_Item]) -> tuple[_Item, ...]:
    return tuple(itertools.islice(items, LISTED))


def _local(time: dt.datetime, course: Course) -> dt.datetime:
    """The time in the course's clock, which does not know the first and the last day of the calendar."""
    try:
        return time.astimezone(course.zone)
    except (OverflowError, ValueError):
        return time


def _score(examination: Examination, context: Context) -> dict[str, Any]:
    """The sum, how much of it there could be, and what stands open."""
    say = context.word
    if context.self_check:
        passed = sum(test.verdict is Verdict.PASSED for test in examination.tests)
        count = len(examination.tests)
        return {
            "score": say("checks-passed", passed=passed, count=count),
            "maximum": "",
            "percent": percent(passed, count),
            "remarks": (say("self-check-note"),),
        }
    marks = context.marks
    given = {score.grade_id: points_of(score, marks) for score in examination.scores}
    total = after_penalty(sum(value or 0.0 for value in given.values()), marks.penalty)
    decided = sum(s.max_points for s in examination.scores if given[s.grade_id] is not None)
    remarks = []
    for manual, key in ((True, "to-come-manual"), (False, "undecided-fault")):
        if left := open_points(examination.scores, manual, given):
            remarks.append(say(key, points=number(left)))
    if marks.penalty:
        remarks.append(say("late", points=number(marks.penalty)))
    whole = decided == examination.max_points
    return {
        "score": number(total),
        "maximum": say("of-all" if whole else "of-decided", maximum=number(decided)),
        "percent": percent(total, decided),
        "remarks": tuple(remarks),
    }


def _footer(examination: Examination) -> str:
    versions = " · ".join(f"{name} {text}" for name, text in examination.versions.items())
    return plain(versions, 300)


def _alerts(examination: Examination, context: Context) -> Iterator[AlertView]:
    status = examination.status
    if status is Status.GRADED:
        return
    lines = []
    if status in (Status.UNREADABLE, Status.MISSING):
        # The reader's own sentence; those of a grader error are for the TA.
        told = ("unreadable", "missing")
        lines = [context.said(n.text) for n in examination.notices if n.code in told]
    yield AlertView(context.word(status.value), tuple(lines))


def _misconceptions(examination: Examination, context: Context) -> Iterator[MisconceptionView]:
    for found in context.policy.misconceptions(examination):
        yield MisconceptionView(
            one_line(found.function, 80),
            prose(found.misconception.in_(context.language)),
            prose(found.hint.in_(context.language)),
            prose(found.more.in_(context.language)) if found.more is not None else Markup(),
        )


def _progress(
    examination: Examination, previous: Examination, course: Course, context: Context
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


def _cells(examination: Examination, context: Context) -> Iterator[CellView]:
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
            tone(cell.verdict),
            _cell_message(cell, context),
        )


def _cell_message(cell: CellOutcome, context: Context) -> Said | None:
    if not cell.message:
        return None
    if cell.verdict is Verdict.EXCEPTION and not cell.message.is_known:  # the student's, not ours
        return Said(context.places.renamed(one_line(str(cell.message), 400)))
    return context.said(cell.message)


def _notices(examination: Examination, context: Context) -> Iterator[str]:
    for found in examination.notices:
        text = notice(found, context.language)
        if text is not None:
            yield one_line(text, 600)


def _comments(
    examination: Examination, released: NotebookNode, context: Context
) -> Iterator[tuple[str, str]]:
    """Comments on cells of no task; the others stand with their tasks."""
    shown = {score.grade_id for score in examination.scores}
    shown |= {grade_id(cell) for cell in released.cells if is_solution(cell)}
    for name, text in context.marks.comments.items():
        if name not in shown:
            yield one_line(name, 80), plain(text)
