"""From the record to a page's tasks and checks."""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup, escape
from nbformat import NotebookNode

from autograder.examination import Examination, Score, TestOutcome, Verdict
from autograder.messages import Language
from autograder.notebooks.definitions import stub_names
from autograder.notebooks.metadata import grade_id, is_manual, is_solution, is_test, points
from autograder.pages.causes import section_heading
from autograder.pages.figures import Parameters, array_figure
from autograder.pages.view import CheckView, Context, Marks, SectionView, TaskView
from autograder.patterns import is_korean
from autograder.wording.policy import Policy
from autograder.wording.text import one_line, plain, prose, tidy
from autograder.wording.words import LIMITS, mark, number, verdict, word

_CODE = 12_000
"""Characters of code that can be copied: all of what a record keeps of a call."""


@dataclass
class _Asked:
    """A task while its parts are gathered: the grade cells that follow one cell that a student writes."""

    names: tuple[str, ...] = ()
    scores: list[Score] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)


def sections_of(examination: Examination, released: NotebookNode, context: Context) -> Iterator[SectionView]:
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
    context: Context,
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
    context: Context,
    position: int,
) -> TaskView:
    say = context.word
    given = {score.grade_id: points_of(score, context.marks) for score in task.scores}
    decided = sum(score.max_points for score in task.scores if given[score.grade_id] is not None)
    passed = sum(test.verdict is Verdict.PASSED for test in tests)
    count = say("of-checks", passed=passed, count=len(tests)) if tests else ""
    earned = sum(value or 0.0 for value in given.values())
    if context.self_check:
        parts, share = [f"{passed} / {len(tests)}"], percent(passed, len(tests)) if tests else None
    else:
        all_open = all(value is None for value in given.values())
        parts = [] if all_open else [say("of-short", points=number(earned), maximum=number(decided))]
        share = None if all_open else percent(earned, decided)
        for manual, key in ((True, "to-come"), (False, "open")):
            if left := open_points(task.scores, manual, given):
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


def titles_of(examination: Examination, policy: Policy, language: Language) -> dict[str, Markup]:
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


def _checks(tests: Sequence[TestOutcome], context: Context, identity: str) -> Iterator[CheckView]:
    """The public ones first: a student can run them again."""
    for place, test in enumerate(sorted(tests, key=lambda test: not test.public)):
        yield _check(test, context, f"{identity}-{place}")


def _check(test: TestOutcome, context: Context, identity: str) -> CheckView:
    say = context.word
    tags = []
    explained = context.policy.explains(test) and not test.follows  # or the other function is to be mended
    if test.public and not context.self_check:
        tags.append(say("public"))
    if test.weight == 0:
        tags.append(say("bonus"))
    elif test.weight != 1:
        tags.append(say("weight", weight=number(test.weight)))
    at_fault = _listed(test.at_fault)
    if test.follows:
        tags.append(say("follows", functions=_listed(test.follows)))
    elif test.lies_in and not explained:
        tags.append(say("lies-in", functions=at_fault))
    view: dict[str, Any] = {
        "title": context.titles[test.key],
        "mark": mark(test.verdict),
        "verdict": verdict(test.verdict, context.language),
        "tone": tone(test.verdict),
        "passed": test.verdict is Verdict.PASSED,
        "tags": tuple(tags),
        "function": at_fault,
        "cause": context.causes.get(test.key),
        "follows": bool(test.follows),
    }
    if explained:
        details = _details(test, context, identity)
        if test.lies_in:
            details["where"] = prose(say("mistake-in", functions=at_fault))
        view |= details | {"told": bool(details)}
    return CheckView(**view)


def _listed(functions: Iterable[str]) -> str:
    return ", ".join(one_line(name, 80) for name in functions)


def _details(test: TestOutcome, context: Context, identity: str) -> dict[str, Any]:
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


def parameters_of(released: NotebookNode) -> Parameters:
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


def points_of(score: Score, marks: Marks) -> float | None:
    """A person's score counts before the automatic one."""
    return marks.points.get(score.grade_id, score.points)


def open_points(scores: Iterable[Score], manual: bool, given: Mapping[str, float | None]) -> float:
    """Points that nobody has decided yet: a person's to give, or lost by a fault of ours."""
    return sum(s.max_points for s in scores if given[s.grade_id] is None and s.manual is manual)


def percent(part: float, whole: float) -> float:
    share = 100 * part / whole if whole else 0.0
    return round(min(max(share, 0.0), 100.0), 2) if math.isfinite(share) else 0.0


def tone(of: Verdict) -> str:
    if of is Verdict.PASSED:
        return "ok"
    if of in (Verdict.NOT_IMPLEMENTED, Verdict.MISSING, Verdict.SKIPPED):
        return "todo"
    return "limit" if of in LIMITS or of is Verdict.GRADER_ERROR else "no"
