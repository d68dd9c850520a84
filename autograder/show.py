"""What the commands show in a terminal; plain lines when the output is piped."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from autograder.examination import Examination, TestOutcome, Verdict
from autograder.gradebook.grades import Given
from autograder.grading.grade import Tally
from autograder.wording.words import number

if TYPE_CHECKING:
    from autograder.authoring.explore import Exploration
    from autograder.authoring.verify import WeekReport
    from autograder.watching.events import Event


class Display:
    """A live bar with count, rate, time left and the last verdict; a line a submission when piped."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._live = self._console.is_terminal
        self._started = time.monotonic()
        self._progress = Progress(
            TextColumn("grading"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:.1f}/s"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[last]}", markup=False),
            console=self._console,
            transient=True,
            disable=not self._live,
        )
        self._task = self._progress.add_task("grading", total=None, rate=0.0, last="starting")

    def __enter__(self) -> Display:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def advance(self, examination: Examination, finished: int, total: int) -> None:
        """One more submission is finished."""
        last = f"{shortened(_safe(examination.student), _NAME)} {_points(examination)}"
        if self._live:
            rate = finished / max(time.monotonic() - self._started, 1e-6)
            self._progress.update(self._task, completed=finished, total=total, rate=rate, last=last)
        else:
            print(f"{finished}/{total} {last}", file=sys.stderr, flush=True)


def _points(examination: Examination) -> str:
    return f"{number(examination.points)}/{number(examination.max_points)}"


_NAME = 28
"""Columns of a name at the most."""


def print_scores(tally: Tally, *, verbose: bool = False) -> None:
    """A line a student with the score and the first remark, or with all of them; then one on the run.

    Args:
        tally: of the run.
        verbose: print all remarks, each on lines of its own.
    """
    for folder in tally.left_out:
        said = "has a name that cannot be an id and is left out: rename it"
        print(f"The folder {shortened(folder, 200)} in submitted/ {said}.", file=sys.stderr)
    if not tally.examinations:
        print("There are no submissions.")
        return
    rows = [_row(examinations, tally) for examinations in _by_student(tally)]
    width = max(Console().width if sys.stdout.isatty() else 80, 60)
    name = max(cell_len("student"), *(min(cell_len(row.student), _NAME) for row in rows))
    points = max(len("points"), *(len(row.points) for row in rows))
    print(f"{_padded('student', name)}  {'points':>{points}}  remarks")
    left = width - name - points - 4
    for row in rows:
        start = f"{_padded(shortened(row.student, name), name)}  {row.points:>{points}}"
        if verbose or not row.remarks:
            print(start)
            for remark in row.remarks:
                print(textwrap.fill(remark, width, initial_indent="  ", subsequent_indent="    "))
            continue
        more = f" (+{len(row.remarks) - 1})" if len(row.remarks) > 1 else ""
        print(f"{start}  {_cut(row.remarks[0], left - len(more))}{more}")
    seconds = tally.seconds.get("total", 0.0)
    print(f"{len(rows)} submissions, {tally.fresh} examined now, {seconds:.1f} s")
    if not verbose and any(len(row.remarks) > 1 for row in rows):
        print("All remarks: the same with --verbose, or `autograder report`.")


@dataclass(frozen=True)
class _Row:
    student: str
    points: str
    remarks: list[str]


def _by_student(tally: Tally) -> Iterator[list[Examination]]:
    """A student's examinations: one for each notebook of the assignment."""
    found: dict[str, list[Examination]] = {}
    for examination in tally.examinations:
        found.setdefault(examination.student, []).append(examination)
    yield from found.values()


def _row(examinations: Sequence[Examination], tally: Tally) -> _Row:
    earned = most = 0.0
    said = []
    for examination in examinations:
        given = tally.given.get((examination.assignment, examination.student), {})
        for score in examination.scores:
            most += score.max_points
            earned += given[score.grade_id].points if score.grade_id in given else score.points or 0.0
        place = f"{examination.assignment.partition('/')[2]}: " if len(examinations) > 1 else ""
        said += [_safe(f"{place}{line}") for line in remarks(examination, given)]
    return _Row(_safe(examinations[0].student), f"{number(earned)}/{number(most)}", said)


def _safe(text: str) -> str:
    """A student's text for a terminal: no escapes."""
    return "".join(c if c.isprintable() else "·" for c in text)


def shortened(text: str, width: int) -> str:
    """The text, cut in the middle where it takes more columns than that."""
    if cell_len(text) <= width:
        return text
    end = text
    while cell_len(end) > (width - 1) // 2:
        end = end[1:]
    return f"{_cut(text, width - cell_len(end))}{end}"


def _cut(text: str, width: int) -> str:
    if cell_len(text) <= width:
        return text
    while text and cell_len(text) > width - 1:
        text = text[:-1]
    return f"{text}…"


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def remarks(examination: Examination, given: Mapping[str, Given] | None = None) -> list[str]:
    """One line for each notice, misconception and lost test, the most telling first.

    Args:
        examination: the record.
        given: what people gave, by grade id.
    """
    given = given or {}
    lines = [str(notice.text) for notice in examination.notices]
    lines += [f"{m.function}: {m.misconception.en}" for m in examination.misconceptions]
    failed = [test for test in examination.tests if test.verdict is not Verdict.PASSED and test.weight > 0]
    by_cell: dict[str, list[TestOutcome]] = {}
    for test in failed:
        by_cell.setdefault(test.cell, []).append(test)
    for cell, tests in by_cell.items():
        kinds = sorted({test.verdict.value for test in tests})
        reason = next((str(test.message).splitlines()[0] for test in tests if test.message), "")
        lines.append(f"{cell}: {len(tests)} failed{_follow(tests)} ({', '.join(kinds)}): {reason}"[:200])
    lines += [
        f"{score.grade_id}: to be graded by a person"
        for score in examination.undecided
        if score.manual and score.grade_id not in given
    ]
    lines += [f"{name}: changed since a person graded it, look again" for name in given if given[name].again]
    return lines


def _follow(tests: Sequence[TestOutcome]) -> str:
    """How many of the failed tests are another function's mistake, and which; empty if none is."""
    said = ""
    for names, how in (
        ([test.follows for test in tests if test.follows], "after"),
        ([test.lies_in for test in tests if test.lies_in], "because of"),
    ):
        if names:
            said += f", {len(names)} of them {how} {', '.join(sorted({n for each in names for n in each}))}"
    return said


def print_verification(reports: Iterable[WeekReport]) -> bool:
    """A table of the weeks, each as it is finished, then the complaints; whether there are none."""
    columns = (
        ("cells", 6),
        ("points", 7),
        ("tests", 6),
        ("mutants killed", 16),
        ("accepted", 10),
        ("seconds", 9),
    )
    print(f"{'week':<18}" + "".join(f"{name:>{width}}" for name, width in columns), flush=True)
    complaints: list[str] = []
    for report in reports:
        killed = f"{report.killed}/{report.mutants - report.untried}"
        if report.untried:
            killed += f" (+{report.untried})"
        print(
            f"{report.week:<18}{report.cells:>6}{report.points:>7g}{report.tests:>6}{killed:>16}"
            f"{f'{report.accepted}/{report.alternatives}':>10}{report.seconds:>9.1f}",
            flush=True,
        )
        complaints += report.complaints
    for complaint in complaints:
        print(f"- {complaint}")
    print("The course is sound." if not complaints else f"{len(complaints)} to mend.")
    return not complaints


class Counter:
    """How many of how many are done: a live bar, or a line at every hundred when piped."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._live = self._console.is_terminal
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._live,
        )
        self._task = self._progress.add_task("starting", total=None)

    def __enter__(self) -> Counter:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def advance(self, what: str, finished: int, total: int) -> None:
        """One more is finished."""
        if self._live:
            self._progress.update(self._task, description=what, completed=finished, total=total)
        elif finished % 100 == 0 or finished == total:
            print(f"{what} {finished}/{total}", file=sys.stderr, flush=True)


def print_event(root: Path, *, as_json: bool) -> Callable[[Event], None]:
    """What prints each event of ``autograder watch`` on a line, at once.

    Args:
        root: the course's folder, whose time is shown.
        as_json: as a JSON object instead.
    """
    from autograder.course.reading import load_course
    from autograder.watching.events import json_line, line

    zone = load_course(root).zone

    def show(event: Event) -> None:
        print(json_line(event) if as_json else line(event, zone), flush=True)

    return show


def print_status(root: Path, *, as_json: bool) -> bool:
    """What the watcher of a course is at; whether a person has to look at something."""
    from autograder.course.folders import Paths
    from autograder.course.reading import load_course
    from autograder.watching.status import read_status, said

    status, who = read_status(Paths(root))
    if as_json:
        print(status.model_dump_json() if status else "null")
    else:
        print(said(status, who, load_course(root).zone))
    return status is not None and bool(status.concerns)


def print_exploration(explorations: Iterable[Exploration]) -> bool:
    """A line a week, then what survives in it; whether nothing does and there is no complaint."""
    print(
        f"{'week':<18}{'variants':>9}{'asked':>7}{'refused':>9}{'equivalent':>12}{'survive':>9}{'seconds':>9}"
    )
    living = complaints = 0
    for found in explorations:
        print(
            f"{found.week:<18}{found.variants:>9}{found.asked:>7}{found.refused:>9}{found.equivalent:>12}"
            f"{len(found.survivors):>9}{found.seconds:>9.1f}",
            flush=True,
        )
        for variant in found.survivors:
            usage = found.usage.get(variant.function)
            nearest = usage.tests[0] if usage and usage.tests else "no test calls it"
            print(f"  {variant.function}, nearest: {nearest}")
            for mark, lines in zip("-+", variant.shown(), strict=True):
                for line in lines.splitlines():
                    print(f"    {mark} {line}")
        if found.left_out:
            print(f"  left out, since only tests that train call it: {', '.join(found.left_out)}")
        for complaint in found.complaints:
            print(f"- {complaint}")
        living, complaints = living + len(found.survivors), complaints + len(found.complaints)
    if living:
        print(f"{living} survive: write a test for each, or an entry in equivalents.yml that says why not.")
    elif not complaints:
        print("No variant survives unexplained.")
    if complaints:
        print(f"{complaints} to mend.")
    return not living and not complaints
