"""Examines one submission after another of a week: runs it, asks the suite, makes the record."""

from __future__ import annotations

import contextlib
import time
import traceback
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

from autograder.examination import (
    Examination,
    Misconception,
    Status,
    Verdict,
)
from autograder.examiner.carrying import Carrier, carried_forward
from autograder.examiner.causes import with_causes, without_blanket_refusals
from autograder.examiner.cells import code_cells, with_pictures
from autograder.examiner.findings import Findings, record_without_notebook
from autograder.examiner.machine_lock import MachineLock
from autograder.examiner.misconceptions import Catalogue
from autograder.examiner.mutants import Mutant
from autograder.examiner.outcomes import SuiteError, TestInfo, TestRun
from autograder.examiner.reference import Reference
from autograder.examiner.remote.candidate import Candidate
from autograder.examiner.remote.errors import GraderFault
from autograder.examiner.remote.variant import Variant
from autograder.examiner.remote.zygote import Zygote
from autograder.examiner.settings import WorkerSettings
from autograder.examiner.suite import Suite
from autograder.examiner.week import Week
from autograder.messages import Message, fact
from autograder.mnist import digits
from autograder.notebooks.cell_tests import with_cell_tests, without_their_lines
from autograder.notebooks.merging import merge
from autograder.notebooks.reading import UnreadableNotebook, read_submission
from autograder.protocol import Layer, is_sufficient


class _MoreTime(Exception):
    """The submission is examined once more, with more time for training."""


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
        week: what was released, and its solution.
        reference: the solution, warm and answering.
        bounds: the week's limits, with the time for training that is fair here, and the seed.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        suite: Suite,
        zygote: Zygote,
        seed: int = 0,
        training_seconds: float | None = None,
    ) -> None:
        self._settings = settings
        self.suite = suite
        self._zygote = zygote
        self.week = week = Week.read(Path(settings.root), settings.assignment)
        limits = week.assignment.limits
        if training_seconds is not None:
            limits = limits.model_copy(update={"training_seconds": training_seconds})
        self.bounds = (limits, week.assignment.seed + seed)
        self.reference = Reference(zygote, week.reference_cells, *self.bounds)
        self._machine = MachineLock(week.paths.cache)
        self._trainings = {test.key for test in suite.tests if test.training}
        self._rehearsed = False
        catalogue = week.paths.suite(settings.assignment)
        self.catalogue = Catalogue(catalogue, week.functions, week.needs, self._answers)

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
        with self._machine.together():
            examination, short = self._examine(student, key, raw, problem, pictures)
            if examination.status is Status.GRADER_ERROR:
                # Perhaps a process of ours was killed: once more, with all of them new.
                self.reference.close()
                return self._examine(student, key, raw, problem, pictures)[0]
        if short and _ran_into_a_limit(examination):
            # Perhaps for the machine's sake: only what is too slow with nobody of ours beside it is.
            with self._machine.alone():
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
        week, tests = self.week, self.suite.tests
        if raw is None:
            return record_without_notebook(week, student, key, Status.MISSING, problem), False
        try:
            merged = merge(read_submission(raw, outputs_of=week.pictures), week.released)
        except UnreadableNotebook as error:
            return record_without_notebook(week, student, key, Status.UNREADABLE, error.message), False
        as_run = with_cell_tests(merged.notebook, week.cell_tests)
        candidate = Candidate(self._zygote, code_cells(as_run, pictures=pictures), *self.bounds)
        found = Findings(merged.notebook, list(merged.notices))
        try:
            self._look(candidate, found)
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
        found.doubt(week, tests, candidate.layers)
        found.timings |= candidate.timings
        found.timings["total"] = time.perf_counter() - started
        limits = {name: float(value) for name, value in self.bounds[0].model_dump().items()}
        examination = found.record(week, student, key, tests, layers=candidate.layers, limits=limits)
        return examination, candidate.clock.kept > _SHORT_OF_TIME * candidate.clock.total

    def _look(self, candidate: Candidate, found: Findings) -> None:
        """Run the notebook and ask the suite.

        Raises:
            _MoreTime: training turned out to cost more here than the week allows; it is allowed now.
            GraderFault: a process of ours is to blame.
        """
        self.rehearse()
        candidate.run_cells()
        found.cells = with_pictures(candidate.outcomes, found.notebook, self.bounds[0].output)
        found.cells = without_their_lines(found.cells, self.week.cell_tests)
        mark = time.perf_counter()
        found.runs = runs = self._run_suite(candidate)
        if any(run.training and run.outcome.verdict is Verdict.TIMEOUT for run in runs):
            candidate.close()
            if self._fair_training():
                raise _MoreTime
        own = {name for name, callable_ in candidate.names.items() if callable_} - self.week.given_names
        runs = without_blanket_refusals(runs)
        found.runs = with_causes(runs, found.cells, found.notebook, candidate.changes, own)
        found.pictures = self.suite.pictures
        found.timings["tests"] = time.perf_counter() - mark
        mark = time.perf_counter()
        carrier = Carrier(candidate, self.suite, self.reference, *self.bounds)
        written = self.week.written & candidate.names.keys()
        found.runs = carried_forward(found.runs, self.week.needs, carrier.ask, written)
        found.timings["carrying"] = time.perf_counter() - mark
        mark = time.perf_counter()
        found.misconceptions = self._recognised(found)
        found.timings["misconceptions"] = time.perf_counter() - mark

    def _recognised(self, found: Findings) -> tuple[Misconception, ...]:
        """The misconceptions; they are a help, and what goes wrong with them takes nobody's points."""
        try:
            return self.catalogue.recognise(found.runs)
        except Exception as error:
            text = f"Misconceptions could not be looked for: {type(error).__name__}: {error}."
            found.note("no-misconceptions", text)
            return ()

    def _fair_training(self) -> bool:
        """Measure what training costs the solution, here and now; whether students get more time for that.

        What a machine, its load and the course's data make of a training is no student's doing.
        """
        if not (self._settings.training and self.week.solution_cells):
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
        if not self._rehearsed and self.week.solution_cells and self.suite.tests:
            usual = self.training_seconds == self.week.assignment.limits.training_seconds
            if usual and digits.full_file() is not None:  # the week's own limit is for the built-in images
                self._fair_training()
            variant = Variant(self.reference.candidate(), "")
            try:
                self.suite.rehearse(variant, self.reference, *self.bounds)
            finally:
                variant.close()
            self._rehearsed = True

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


_FAIR = 4.0
"""Times what training costs the solution that it may cost a submission."""
_PATIENCE = 3600.0
_SHORT_OF_TIME = 0.2
"""The share of its own time for which a submission was kept waiting, beyond which the machine was busy."""
