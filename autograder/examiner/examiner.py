"""Examines one submission after another of a week: runs it, asks the suite, makes the record."""

from __future__ import annotations

import contextlib
import datetime as dt
import platform
import time
import traceback
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from nbformat import NotebookNode

from autograder import __version__
from autograder.course.folders import Paths
from autograder.course.models import Assignment
from autograder.course.reading import load_course
from autograder.examination import (
    CellOutcome,
    Examination,
    Misconception,
    Notice,
    Score,
    Status,
    TestOutcome,
    Verdict,
)
from autograder.examiner.carrying import Carrier, carried_forward
from autograder.examiner.causes import with_causes, without_blanket_refusals
from autograder.examiner.cell_checks import cell_checks
from autograder.examiner.cells import code_cells, with_pictures
from autograder.examiner.company import Company
from autograder.examiner.misconceptions import Catalogue
from autograder.examiner.mutants import Mutant, functions_of
from autograder.examiner.needs import needs_of
from autograder.examiner.outcomes import SuiteError, TestInfo, TestRun
from autograder.examiner.reference import Reference
from autograder.examiner.remote.candidate import Candidate
from autograder.examiner.remote.cells import CellSource
from autograder.examiner.remote.errors import GraderFault
from autograder.examiner.remote.variant import Variant
from autograder.examiner.remote.zygote import Zygote
from autograder.examiner.scoring import score_cells, score_checks
from autograder.examiner.settings import WorkerSettings
from autograder.examiner.suite import Suite
from autograder.messages import Message, fact, words
from autograder.mnist import digits
from autograder.notebooks.cell_tests import read_cell_tests, with_cell_tests, without_their_lines
from autograder.notebooks.definitions import defined_names
from autograder.notebooks.merging import merge
from autograder.notebooks.metadata import grade_id, is_picture, is_test
from autograder.notebooks.reading import UnreadableNotebook, read_released, read_submission
from autograder.notebooks.recorded import record_cells
from autograder.notebooks.scripts import read_script
from autograder.protocol import Layer, is_sufficient


class _MoreTime(Exception):
    """The submission is examined once more, with more time for training."""


@dataclass
class _Findings:
    """What is known of a submission so far; each part as in :class:`Examination`."""

    notices: list[Notice]
    status: Status = Status.GRADED
    cells: list[CellOutcome] = field(default_factory=list)
    runs: list[TestRun] = field(default_factory=list)
    misconceptions: tuple[Misconception, ...] = ()
    pictures: dict[str, Any] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)

    @property
    def tests(self) -> tuple[TestOutcome, ...]:
        """What became of each test."""
        return tuple(run.outcome for run in self.runs)

    def note(self, code: str, text: str) -> None:
        """Add a notice."""
        self.notices.append(Notice(code=code, text=words(text)))

    def fail(self, reason: str) -> None:
        """The grader failed, not the submission."""
        self.status = Status.GRADER_ERROR
        self.note("grader-error", f"The grader failed: {reason}.")


class Examiner:
    """Examines submissions of one week.

    Args:
        settings: of the worker.
        suite: collected.
        zygote: started; candidates and the reference are forked from it.
        seed: added to the week's own.
        training_seconds: that were found to be fair; None if that has to be found out, should the week's own
            not be enough.

    Attributes:
        suite: of the week.
        reference: the solution, warm and answering.
        bounds: the week's limits, with the time for training that is fair here, and the seed.
        solution_cells: the solution's code cells; none where there is no solution.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        suite: Suite,
        zygote: Zygote,
        seed: int = 0,
        training_seconds: float | None = None,
    ) -> None:
        root = Path(settings.root)
        paths = Paths(root)
        self._settings = settings
        self.suite = suite
        self._zygote = zygote
        course = load_course(root)
        self._assignment: Assignment = course.assignment(settings.assignment)
        self._carry = course.carry_forward
        self._released = read_released(paths.released(settings.assignment))
        self._cells_decide = self._assignment.hidden_tests == "cells"
        self._cell_tests = (
            read_cell_tests(paths.cell_tests(settings.assignment)) if self._cells_decide else {}
        )
        solution = paths.solution(settings.assignment)
        solved = read_script(solution.read_text(encoding="utf-8")) if solution.is_file() else None
        self.solution_cells = code_cells(solved) if solved is not None else []
        limits = self._assignment.limits
        if training_seconds is not None:
            limits = limits.model_copy(update={"training_seconds": training_seconds})
        self.bounds = (limits, self._assignment.seed + seed)
        self._pictures = {grade_id(cell) for cell in self._released.cells if is_picture(cell)}
        self.reference = Reference(zygote, self._without_checks(), *self.bounds)
        self._given_names = {
            name
            for cell in self._released.cells
            if cell.cell_type == "code"
            for name in defined_names(cell.source)
        }
        self._company = Company(paths.cache)
        self._trainings = {test.key for test in suite.tests if test.training}
        self._rehearsed = False
        functions = functions_of(solved) if solved is not None else {}
        self._needs = needs_of(functions)
        self._catalogue = Catalogue(paths.suite(settings.assignment), functions, self._answers)

    def examine(
        self,
        student: str,
        key: str,
        raw: bytes | None,
        problem: Message | None = None,
        *,
        pictures: bool = False,
    ) -> Examination:
        """Grade one submission.

        Args:
            student: whose it is.
            key: of its content.
            raw: the file as handed in, None if there is none.
            problem: why there is none.
            pictures: run the picture cells, too.
        """
        problem = problem or fact("no-notebook")
        with contextlib.suppress(Exception):  # comes again where it is recorded
            self.rehearse()
        with self._company.together():
            examination, short = self._examine(student, key, raw, problem, pictures)
            if examination.status is Status.GRADER_ERROR:
                # Perhaps a process of ours was killed: once more, with all of them new.
                self.reference.close()
                return self._examine(student, key, raw, problem, pictures)[0]
        if short and _ran_into_a_limit(examination):
            # Perhaps for the machine's sake: only what is too slow with nobody of ours beside it is.
            with self._company.alone():
                if any(
                    test.key in self._trainings for test in examination.tests if test.verdict == "timeout"
                ):
                    self._fair_training()
                return self._examine(student, key, raw, problem, pictures)[0]
        return examination

    def _examine(
        self, student: str, key: str, raw: bytes | None, problem: Message, pictures: bool
    ) -> tuple[Examination, bool]:
        """The examination, and whether the machine was short of time."""
        started = time.perf_counter()
        if raw is None:
            return self._without_notebook(student, key, Status.MISSING, problem), False
        try:
            merged = merge(read_submission(raw, outputs_of=self._pictures), self._released)
        except UnreadableNotebook as error:
            return self._without_notebook(student, key, Status.UNREADABLE, error.message), False
        as_run = with_cell_tests(merged.notebook, self._cell_tests)
        candidate = Candidate(self._zygote, code_cells(as_run, pictures=pictures), *self.bounds)
        found = _Findings(list(merged.notices))
        try:
            self._look(candidate, merged.notebook, found)
        except _MoreTime:
            return self._examine(student, key, raw, problem, pictures)
        except GraderFault as fault:
            found.fail(str(fault))
        except Exception as error:  # a mistake in the grader is not the student's, nor the class's
            where = traceback.extract_tb(error.__traceback__)[-1]
            found.fail(f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})")
        finally:
            candidate.close()
            self.reference.forget_objects()
        self._remark(found, candidate)
        found.timings |= candidate.timings
        found.timings["total"] = time.perf_counter() - started
        scores = self._scores(merged.notebook, found)
        by_running: list[TestOutcome] = []
        if self._cells_decide and found.status is Status.GRADED:
            counted = {test.cell for test in self.suite.tests}
            by_running += cell_checks(self._released, scores, found.cells, self._cell_tests, counted)
        examination = self._record(
            student,
            key,
            status=found.status,
            notices=tuple(found.notices),
            notebook=record_cells(merged.notebook),
            cells=tuple(found.cells),
            tests=(*found.tests, *by_running),
            scores=scores,
            misconceptions=found.misconceptions,
            pictures=found.pictures,
            layers=candidate.layers,
            limits={name: float(value) for name, value in self.bounds[0].model_dump().items()},
            timings={name: round(value, 6) for name, value in found.timings.items()},
        )
        return examination, candidate.clock.kept > _SHORT_OF_TIME * candidate.clock.total

    def _look(self, candidate: Candidate, notebook: NotebookNode, found: _Findings) -> None:
        """Run the notebook and ask the suite.

        Raises:
            _MoreTime: training turned out to cost more here than the week allows; it is allowed now.
            GraderFault: a process of ours is to blame.
        """
        self.rehearse()
        candidate.run_cells()
        found.cells = with_pictures(candidate.outcomes, notebook, self.bounds[0].output)
        found.cells = without_their_lines(found.cells, self._cell_tests)
        mark = time.perf_counter()
        found.runs = runs = self._run_suite(candidate)
        if any(run.training and run.outcome.verdict is Verdict.TIMEOUT for run in runs):
            candidate.close()
            if self._fair_training():
                raise _MoreTime
        own = {name for name, callable_ in candidate.names.items() if callable_} - self._given_names
        runs = without_blanket_refusals(runs)
        found.runs = with_causes(runs, found.cells, notebook, candidate.changes, own)
        found.pictures = self.suite.pictures
        found.timings["tests"] = time.perf_counter() - mark
        mark = time.perf_counter()
        carrier = Carrier(candidate, self.suite, self.reference, *self.bounds)
        found.runs = carried_forward(found.runs, self._needs, carrier.ask)
        found.timings["carrying"] = time.perf_counter() - mark
        mark = time.perf_counter()
        found.misconceptions = self._recognised(found)
        found.timings["misconceptions"] = time.perf_counter() - mark

    def _remark(self, found: _Findings, candidate: Candidate) -> None:
        """Note what makes the result less sure than usual."""
        layers = frozenset(Layer(name) for name in candidate.layers)
        if found.status is Status.GRADED and not is_sufficient(layers):
            missing = ", ".join(sorted(set(Layer) - layers))
            found.note("weak-confinement", f"Graded without these layers: {missing}.")
        if not self.suite.tests and not self._cells_decide:
            found.note(
                "no-suite",
                "Graded by the notebook's own checks, which a submission could deceive: there is no suite.",
            )

    def _scores(self, notebook: NotebookNode, found: _Findings) -> tuple[Score, ...]:
        if self.suite.tests:
            scores = score_cells(self._released, notebook, found.tests, self._carry)
        else:
            scores = score_checks(self._released, notebook, found.cells)
        if self._cells_decide:  # the suite has those cells that it counts for, and nbgrader's rule the others
            counted = {test.cell for test in self.suite.tests}
            by_running = score_checks(self._released, notebook, found.cells)
            scores = tuple(s if s.grade_id in counted else r for s, r in zip(scores, by_running, strict=True))
        if found.status is Status.GRADER_ERROR:
            return tuple(s if s.manual else s.model_copy(update={"points": None}) for s in scores)
        return scores

    def _without_notebook(self, student: str, key: str, status: Status, text: Message) -> Examination:
        return self._record(
            student,
            key,
            status=status,
            scores=score_cells(self._released, None, ()),
            notices=(Notice(code=status.value, text=text),),
        )

    def _record(self, student: str, key: str, **facts: Any) -> Examination:
        return Examination(
            key=key,
            assignment=self._assignment.name,
            student=student,
            graded_at=dt.datetime.now(dt.UTC),
            versions=versions(),
            **facts,
        )

    def _recognised(self, found: _Findings) -> tuple[Misconception, ...]:
        """The misconceptions; they are a help, and what goes wrong with them takes nobody's points."""
        try:
            return self._catalogue.recognise(found.runs)
        except Exception as error:
            text = f"Misconceptions could not be looked for: {type(error).__name__}: {error}."
            found.note("no-misconceptions", text)
            return ()

    def _fair_training(self) -> bool:
        """Measure what training costs the solution, here and now; whether students get more time for that.

        What a machine, its load and the course's data make of a training is no student's doing.
        """
        if not (self._settings.training and self.solution_cells):
            return False
        limits, seed = self.bounds
        patient = limits.model_copy(update={"training_seconds": _PATIENCE})
        variant = Variant(self.reference.candidate(), "")
        try:
            self.suite.run(variant, self.reference, patient, seed, select=lambda test: test.training)
        finally:
            variant.close()
            self.reference.close()  # what was trained is saved to a disk that all variants share
        fair = _FAIR * self.suite.trained
        if fair <= limits.training_seconds:
            return False
        self.bounds = limits.model_copy(update={"training_seconds": fair}), seed
        return True

    def demand_confinement(self) -> None:
        """Refuse to run a stranger's code with too few layers around it.

        Raises:
            SuiteError: the machine offers too few, and nobody gave up what is missing.
        """
        candidate = Candidate(self._zygote, [], *self.bounds)
        try:
            candidate.run_cells()
        finally:
            candidate.close()
        layers = {Layer(name) for name in candidate.layers}
        given_up = {Layer(name) for name in self._settings.switched_off}
        if not is_sufficient(frozenset(layers | given_up)):
            held = ", ".join(sorted(layers)) or "none"
            raise SuiteError(
                f"this machine confines students' code too little (in force: {held}); "
                "`autograder doctor` says what is missing, and `--unconfined LAYER` gives a layer up"
            )

    @property
    def training_seconds(self) -> float:
        """What all trainings of a submission may cost."""
        return self.bounds[0].training_seconds

    def rehearse(self) -> None:
        """What has to be done once before the first submission, and needs a warm zygote."""
        if not self._rehearsed and self.solution_cells and self.suite.tests:
            usual = self.training_seconds == self._assignment.limits.training_seconds
            if usual and digits.full_file() is not None:  # the week's own limit is for the built-in images
                self._fair_training()
            variant = Variant(self.reference.candidate(), "")
            try:
                self.suite.rehearse(variant, self.reference, *self.bounds)
            finally:
                variant.close()
            self._rehearsed = True

    def _without_checks(self) -> list[CellSource]:
        """The solution's cells without the visible checks, which define nothing."""
        tests = {grade_id(cell) for cell in self._released.cells if is_test(cell)}
        return [cell for cell in self.solution_cells if cell.grade_id not in tests]

    def _run_suite(self, candidate: Candidate) -> list[TestRun]:
        settings = self._settings
        return self.suite.run(
            candidate,
            self.reference,
            *self.bounds,
            select=lambda test: (
                (settings.training or not test.training) and (test.public or not settings.public_only)
            ),
        )

    def _answers(self, mutant: Mutant, tests: Collection[str]) -> list[TestRun]:
        """What the solution with a mutant in it answers to some tests."""
        variant = Variant(self.reference.candidate_with(mutant.source), mutant.source)
        try:
            return self.suite.run(
                variant, self.reference, *self.bounds, select=lambda test: test.key in tests
            )
        finally:
            variant.close()

    def close(self) -> None:
        """End all processes."""
        self.reference.close()
        self._zygote.stop()


def _ran_into_a_limit(examination: Examination) -> bool:
    """Whether anything ended for want of time."""
    ends = [cell.verdict for cell in examination.cells] + [test.verdict for test in examination.tests]
    return Verdict.TIMEOUT in ends


def listed(test: TestInfo) -> dict[str, Any]:
    """What a suite says of a test, as data."""
    return {**asdict(test), "title": test.title.model_dump()}


def versions() -> dict[str, str]:
    """What the result may depend on."""
    return {"autograder": __version__, "python": platform.python_version(), "numpy": np.__version__}


_FAIR = 4.0
"""Times what training costs the solution that it may cost a submission."""
_PATIENCE = 3600.0
_SHORT_OF_TIME = 0.2
"""The share of its own time for which a submission was kept waiting, beyond which the machine was busy."""
