"""``autograder check NOTEBOOK``: a student runs the public tests on their own notebook.

It needs the notebook and the week's ``test_public.py``, nothing else of the course. Where the kernel can
confine, the notebook runs as it will be graded; elsewhere (macOS, Windows, some containers) it runs in an
ordinary process of the student's own, with the same tests and the same time limits.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder import __version__
from autograder.course.companions import (
    PUBLIC_TESTS,
    CompanionError,
    came_with,
    conditions_in,
    language_of,
    released_beside,
)
from autograder.course.folders import COURSE_FILE, CourseError, Paths
from autograder.course.models import Assignment, Course
from autograder.course.reading import load_course
from autograder.examination import (
    CellOutcome,
    Examination,
    Notice,
    Score,
    Status,
    TestOutcome,
    Text,
    Verdict,
)
from autograder.messages import Language
from autograder.notebooks.merging import merge
from autograder.notebooks.metadata import grade_id, is_manual, is_test
from autograder.notebooks.reading import UnreadableNotebook, read_submission
from autograder.patterns import Pattern, has_word, is_korean
from autograder.problem import Problem
from autograder.wording.rendering import notice, said, sentence
from autograder.wording.text import one_line
from autograder.wording.words import LIMITS, mark, number, verdict, word

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from autograder.examiner.outcomes import TestRun
    from autograder.examiner.remote.candidate import Candidate
    from autograder.examiner.remote.zygote import Zygote
    from autograder.examiner.suite import Suite

_NO_NAME = Pattern(r"[^A-Za-z0-9_-]+")
_COLUMNS = 80
_PLACEHOLDER = "YOUR ANSWER HERE"
"""nbgrader's, in a cell for a written answer."""

_TITLE = Pattern(r"#\s+(.+)")
_RELEASE, _DUE = dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


class CheckError(Problem):
    """The notebook cannot be checked; the text is one clear sentence with the way out."""


@dataclass(frozen=True)
class Material:
    """What a check needs, found from the notebook's place.

    Attributes:
        path: the notebook.
        tests: the week's public tests.
        course: the course, or a stand-in with this one week.
        assignment: the week.
        notebook: the student's work in the release, as it will be run.
        released: the assignment as students got it; the student's own notebook if there is no other.
        notices: what had to be put right.
        compared: whether the assignment is there, so that what is put right in grading is put right here.
        hidden: the course's folder, if the notebook lies in one.
        files: what was released beside the notebook, content by name.
        language: in which the notebook says that it was released; None where it does not say.
    """

    path: Path
    tests: Path
    course: Course
    assignment: Assignment
    notebook: NotebookNode
    released: NotebookNode
    notices: tuple[Notice, ...]
    compared: bool
    hidden: Path | None
    files: Mapping[str, bytes]
    language: Language | None


def check(notebook: Path, *, language: Language | None = None, confined: bool | None = None) -> int:
    """Run the public tests on a notebook, print a summary, and write ``<week>-check.html`` beside it.

    Args:
        notebook: the student's file.
        language: of the summary and the page; the notebook's own if None.
        confined: whether to confine the notebook; where the kernel can, if None.

    Returns:
        0 if all tests passed, 1 if some did not, 2 if the notebook could not be checked.
    """
    try:
        material = find_material(notebook)
        chosen = language or _language(material)
        with _Printer(chosen) as printer:
            examination = _examine(material, _can_confine() if confined is None else confined, printer)
            page = _write_page(material, examination, chosen)
            printer.end(examination, page, material)
    except CheckError as error:
        print(f"autograder: {error}", file=sys.stderr)
        return 2
    passed = examination.tests and all(test.verdict is Verdict.PASSED for test in examination.tests)
    return 0 if passed else 1


# What there is


def find_material(path: Path) -> Material:
    """The tests and the release that belong to a notebook.

    The tests are those beside the notebook, or those in ``assignments/<week>/`` of the course around it.

    Raises:
        CheckError: something is missing.
    """
    path = Path(os.path.abspath(path))
    try:
        raw = path.read_bytes()
        submitted = read_submission(raw)
    except FileNotFoundError:
        raise CheckError(f"There is no file {path}: give the path of your notebook.") from None
    except OSError as error:
        raise CheckError(f"{path} cannot be read: {error.strerror}.") from None
    except UnreadableNotebook as error:
        raise CheckError(f"{path.name} cannot be checked. {error}") from None
    course, root = _course_around(path)
    week = _week(path, course)
    tests = path.parent / PUBLIC_TESTS
    if not tests.is_file() and root is not None:
        tests = Paths(root).released_tests(week)
    if not tests.is_file():
        raise CheckError(
            f"There is no {PUBLIC_TESTS} beside {path.name}: put the file of that name that came with the "
            "assignment into the same folder."
        )
    if course is None or week not in course.names:
        course = _stand_in(week, submitted, conditions_in(tests))
    released = _released(root, week, path)
    merged = merge(submitted, submitted if released is None else released)
    if not any(cell.cell_type == "code" for cell in merged.notebook.cells):
        raise CheckError(f"{path.name} cannot be checked: it has no code cells.")
    try:
        in_course = root is not None and Paths(root).released(week).is_file()
        files = released_beside(Paths(root), week) if root and in_course else came_with(path, raw)
    except CompanionError as error:
        raise CheckError(str(error)) from None
    return Material(
        path,
        tests,
        course,
        course.assignment(week),
        merged.notebook,
        submitted if released is None else released,
        merged.notices,
        released is not None,
        root,
        files,
        language_of(raw),
    )


def _released(root: Path | None, week: str, path: Path) -> NotebookNode | None:
    """The assignment as students got it; None outside a course, or where it is what the student works in."""
    if root is None or Paths(root).released(week) == path:
        return None
    try:
        return read_submission(Paths(root).released(week).read_bytes())
    except (OSError, UnreadableNotebook):
        return None


def _course_around(path: Path) -> tuple[Course | None, Path | None]:
    for folder in path.parents:
        if (folder / COURSE_FILE).is_file():
            try:
                return load_course(folder), folder
            except CourseError:  # not a student's to mend, and not needed
                return None, folder
    return None, None


def _week(path: Path, course: Course | None) -> str:
    """The assignment's name: the file's, or the folder's where only that one is known."""
    for name in (path.stem, path.parent.name):
        # Browsers and file managers add to a name: "03_convolution (1)", "03_convolution-Copy1".
        weeks = course.names if course is not None else ()
        known = [week for week in weeks if name.casefold().startswith(week.casefold())]
        if known:
            return max(known, key=len)
    name = _NO_NAME.sub("-", path.stem).strip("-_")[:64]
    return name or "notebook"


def _stand_in(week: str, notebook: NotebookNode, conditions: Mapping[str, Any]) -> Course:
    """A course of this one week, for a notebook that lies anywhere."""
    found = next(
        (
            heading[1].strip()
            for cell in notebook.cells
            if cell.cell_type == "markdown" and (heading := _TITLE.match(cell.source.lstrip()))
        ),
        week,
    )
    title = Text(en=one_line(found, 120), ko=one_line(found, 120))
    try:
        assignment = Assignment(name=week, title=title, release=_RELEASE, due=_DUE, **conditions)
    except ValueError:  # somebody has edited them
        assignment = Assignment(name=week, title=title, release=_RELEASE, due=_DUE)
    return Course(title=Text(en=week, ko=week), assignments=(assignment,))


def _language(material: Material) -> Language:
    if material.language is not None:
        return material.language
    # The first one is the assignment's own; further down stand the student's answers.
    first = next((cell.source for cell in material.released.cells if cell.cell_type == "markdown"), "")
    return Language.KO if is_korean(first) else Language.EN


def _can_confine() -> bool:
    # The sandbox comes with the extra [grade]; a student's own notebook does without.
    if not sys.platform.startswith("linux") or importlib.util.find_spec("landlock") is None:
        return False
    from autograder.doctor import examine_machine

    return examine_machine().sufficient


# Running it


def _examine(material: Material, confined: bool, printer: _Printer) -> Examination:
    from autograder.examiner.remote.errors import GraderFault

    with tempfile.TemporaryDirectory(prefix="check-", ignore_cleanup_errors=True) as scratch:
        # The zygote warms up while the rest, NumPy and pytest above all, is imported here.
        zygote = _zygote(material, Path(scratch), confined)
        zygote.start()
        try:
            return _examine_with(zygote, material, Path(scratch), printer)
        except GraderFault as fault:
            raise CheckError(f"The check failed: {fault}.") from None
        finally:
            zygote.stop()


def _zygote(material: Material, scratch: Path, confined: bool) -> Zygote:
    from autograder.protocol import Settings

    text = "\n".join(cell.source for cell in material.notebook.cells if cell.cell_type == "code")
    images = str(_images(material)) if has_word(text, "mnist") else ""
    if _uses_tensorflow(text) and importlib.util.find_spec("tensorflow") is None:
        raise CheckError(
            "This notebook uses TensorFlow, which is not installed: run `python -m pip install tensorflow`."
        )
    if not confined:
        from autograder.examiner.remote.local import LocalZygote

        # In the grader a notebook has an empty folder of its own, so here too.
        (scratch / "folder").mkdir()
        settings = Settings(tensorflow=_uses_tensorflow(text), data=images, execution="validate")
        return LocalZygote(settings, scratch / "folder", files=material.files)
    from autograder.examiner.remote.zygote import Zygote

    hidden = (str(material.hidden),) if material.hidden is not None else ()
    settings = Settings(data=images, hidden=hidden, execution="validate")
    return Zygote(settings, files=material.files)


def _uses_tensorflow(text: str) -> bool:
    from autograder.examiner.remote.cells import CellSource, libraries

    return "tensorflow" in libraries([CellSource(0, "", text)])


def _images(material: Material) -> Path:
    """The course's digits for ``mnist.load_data()``."""
    from autograder.mnist import digits

    own = Paths(material.hidden).data(material.course.data) if material.hidden is not None else None
    try:
        return digits.student_npz(own if own is not None and own.is_file() else None)
    except (OSError, ValueError) as error:
        raise CheckError(f"The images of the course cannot be prepared: {error}.") from None


def _examine_with(zygote: Zygote, material: Material, scratch: Path, printer: _Printer) -> Examination:
    from autograder.examiner.cells import code_cells
    from autograder.examiner.outcomes import SuiteError
    from autograder.examiner.remote.candidate import Candidate
    from autograder.examiner.suite import run_suite
    from autograder.pages.causes import slow_callers

    # In a folder of their own: pytest would take in whatever else lies beside the notebook.
    suite_folder = scratch / "tests"
    suite_folder.mkdir()
    shutil.copyfile(material.tests, suite_folder / PUBLIC_TESTS)
    limits = material.assignment.limits
    candidate = Candidate(zygote, code_cells(material.notebook), limits, material.assignment.seed)
    runs: list[TestRun] = []

    def body(suite: Suite) -> None:
        printer.begin(material, len(suite.tests))
        printer.notices(material, {test.cell for test in suite.tests})
        candidate.run_cells()
        # One limit is enough to wait for: what ran into it in a cell is not called by the tests.
        candidate.budget.most_strikes = 1
        candidate.budget.strikes.update(dict.fromkeys(slow_callers(tuple(candidate.outcomes)), 1))
        printer.cells(candidate.outcomes, material.notebook)
        runs.extend(_run(suite, candidate, material, printer.test))

    try:
        run_suite(suite_folder, body)
    except SuiteError as error:
        last = str(error).strip().splitlines()[-1]
        raise CheckError(f"{PUBLIC_TESTS} cannot be used: {one_line(last)}") from None
    finally:
        candidate.close()
    tests = tuple(run.outcome for run in runs)
    return Examination(
        key="check",
        assignment=material.assignment.name,
        student="",
        status=Status.GRADED,
        notices=material.notices,
        cells=tuple(candidate.outcomes),
        tests=tests,
        scores=_scores(material, tests),
        layers=candidate.layers,
        versions={"autograder": __version__, "python": platform.python_version()},
        graded_at=dt.datetime.now(dt.UTC),
    )


def _scores(material: Material, tests: tuple[TestOutcome, ...]) -> tuple[Score, ...]:
    """As in grading, where nbgrader's checksum shows what was left empty: that is not known here."""
    from autograder.examiner.scoring import score_cells

    empty = {
        grade_id(cell)
        for cell in material.notebook.cells
        if is_manual(cell) and cell.source.strip() == _PLACEHOLDER
    }
    scores = score_cells(material.released, material.notebook, tests)
    return tuple(s.model_copy(update={"points": 0.0}) if s.grade_id in empty else s for s in scores)


def _run(
    suite: Suite, candidate: Candidate, material: Material, show: Callable[[TestOutcome], None]
) -> list[TestRun]:
    """All tests, each shown as soon as it is judged."""
    from autograder.examiner.causes import with_causes

    shown: list[TestRun] = []
    own = {name for name, is_callable in candidate.names.items() if is_callable}

    def judged(run: TestRun) -> bool:
        (explained,) = with_causes([run], candidate.outcomes, material.notebook, candidate.changes, own)
        shown.append(explained)
        show(explained.outcome)
        return False

    suite.run(candidate, None, material.assignment.limits, material.assignment.seed, enough=judged)
    return shown


def _write_page(material: Material, examination: Examination, language: Language) -> Path:
    from autograder.pages.feedback import render_feedback

    page = render_feedback(examination, material.course, "full", language, material.released, self_check=True)
    path = material.path.with_name(f"{material.path.stem}-check.html")
    try:
        path.write_text(page, encoding="utf-8", errors="replace")
    except OSError as error:
        raise CheckError(f"{path} cannot be written: {error.strerror}.") from None
    return path


# The summary


class _Printer:
    """Lines for a terminal, coloured if it is one.

    What is printed goes to the output as it was when the check began: pytest takes its own away meanwhile.
    """

    def __init__(self, language: Language) -> None:
        from rich.console import Console

        if hasattr(sys.stdout, "reconfigure"):  # an old code page cannot say everything
            sys.stdout.reconfigure(errors="replace")
        self.language = language
        self._console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=True)
        self._symbols = _can_say("✓✗○", sys.stdout.encoding)
        self._heading = ""
        self._headings: dict[str, str] = {}

    def __enter__(self) -> _Printer:
        return self

    def __exit__(self, *_: object) -> None:
        self._console.file.flush()

    def _print(self, text: str, style: str | None = None, *, begin: str = "") -> None:
        """A text in lines of 80 columns, the first of which begins with ``begin`` and the others below it."""
        from rich.text import Text

        for line in Text(text).wrap(self._console, _COLUMNS - len(begin)):
            self._console.print(f"{begin}{line.plain.rstrip()}", style=style)
            begin = " " * len(begin)
        self._console.file.flush()

    def begin(self, material: Material, count: int) -> None:
        """The heading."""
        from autograder.pages.causes import headings_of

        self._headings = dict(headings_of(material.released))
        title = one_line(material.assignment.title.in_(self.language))
        self._print(f"{title} · {word('self-check', self.language)} ({count})", "bold")

    def notices(self, material: Material, cells: set[str]) -> None:
        """What was put right, and which cells that tests count for are not there."""
        for each in material.notices:
            if text := notice(each, self.language):
                self._print(one_line(text, 400), "yellow", begin="! ")
        absent = sorted(cells - {grade_id(cell) for cell in material.notebook.cells} - {""})
        if absent:
            said = word("cells-missing", self.language, names=", ".join(absent))
            self._print(one_line(said, 400), "yellow", begin="! ")

    def cells(self, outcomes: Sequence[CellOutcome], notebook: NotebookNode) -> None:
        """Cells that did not run to their end, other than those that wait for an answer or check one."""
        for outcome in outcomes:
            cell = notebook.cells[outcome.index]
            quiet = (Verdict.PASSED, Verdict.SKIPPED, Verdict.NOT_IMPLEMENTED)
            if outcome.verdict in quiet or (is_test(cell) and outcome.verdict not in LIMITS):
                continue
            place = word("cell", self.language, number=outcome.index + 1)
            name = f" ({grade_id(cell)})" if grade_id(cell) else ""
            text = said(outcome.message, self.language)
            self._print(f"{place}{name}: {one_line(text)}", "yellow", begin="! ")

    def test(self, outcome: TestOutcome) -> None:
        """One line for a test, and for one that failed what is wrong."""
        heading = self._headings.get(outcome.cell) or outcome.cell.removeprefix("test-")
        if heading != self._heading:
            self._heading = heading
            self._print(one_line(heading.replace("`", "")), "dim", begin="  ")
        passed = outcome.verdict is Verdict.PASSED
        sign = mark(outcome.verdict) if self._symbols else ("ok" if passed else "--")
        title = one_line(outcome.title.in_(self.language).replace("`", ""))
        ended = "" if passed else f"{verdict(outcome.verdict, self.language)}: "
        waiting = outcome.verdict in (Verdict.NOT_IMPLEMENTED, Verdict.MISSING)
        style = "green" if passed else "yellow" if waiting or outcome.verdict in LIMITS else "red"
        self._print(f"{ended}{title}", style, begin=f"    {sign} ")
        if passed or outcome.verdict is Verdict.NOT_IMPLEMENTED:
            return
        reason = said(outcome.message, self.language).strip().split("\n", 1)[0]
        if reason:
            self._print(sentence(one_line(reason)), begin=" " * 8)
        if outcome.call is not None:
            self._print(one_line(outcome.call.arguments), "dim", begin=" " * 8)

    def end(self, examination: Examination, page: Path, material: Material) -> None:
        """The sum, what it does not tell, and where there is more."""
        from autograder.pages.page import empty_answers

        passed, count = (sum(t.verdict is Verdict.PASSED for t in examination.tests), len(examination.tests))
        said = word("checks-passed", self.language, passed=number(passed), count=number(count))
        self._print(said, "bold green" if passed == count else "bold")
        if names := empty_answers(examination.scores, material.released):
            self._print(word("unanswered", self.language, names=", ".join(names)), "yellow")
        if not material.compared:
            self._print(word("no-release", self.language), "dim")
        # In one line, however long: it is there to be copied.
        self._console.print(word("page-written", self.language, path=page), style="dim")


def _can_say(text: str, encoding: str | None) -> bool:
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
