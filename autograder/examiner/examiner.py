"""Examines one submission after another of a week: runs it, asks the suite, makes the record."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import platform
import time
import traceback
from collections.abc import Callable, Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from autograder import __version__
from autograder.course.folders import Paths
from autograder.course.models import Assignment
from autograder.course.reading import load_course
from autograder.examination import (
    CellOutcome,
    Examination,
    Misconception,
    Notice,
    Status,
    TestOutcome,
    Verdict,
)
from autograder.examiner.causes import with_causes, without_blanket_refusals
from autograder.examiner.cells import code_cells, with_pictures
from autograder.examiner.company import Company
from autograder.examiner.misconceptions import Catalogue, Mutant
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
from autograder.mnist import digits
from autograder.notebooks.definitions import defined_names
from autograder.notebooks.merging import merge
from autograder.notebooks.metadata import grade_id, is_picture, is_test
from autograder.notebooks.reading import UnreadableNotebook, read_released, read_submission
from autograder.notebooks.recorded import record_cells
from autograder.notebooks.scripts import read_script
from autograder.protocol import Layer, is_sufficient


class Examiner:
    """Examines submissions of one week.

    Args:
        settings: of the worker.
        suite: collected.
        zygote: started; candidates and the reference are forked from it.
        seed: added to the week's own.
        training_seconds: that were found to be fair; None if that has to be found out, should the week's own
            not be enough.
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
        self._suite = suite
        self._zygote = zygote
        self._assignment: Assignment = load_course(root).assignment(settings.assignment)
        self._released = read_released(paths.released(settings.assignment))
        solution = paths.solution(settings.assignment)
        solved = read_script(solution.read_text(encoding="utf-8")) if solution.is_file() else None
        self._solution_cells = code_cells(solved) if solved is not None else []
        limits = self._assignment.limits
        if training_seconds is not None:
            limits = limits.model_copy(update={"training_seconds": training_seconds})
        self._bounds = (limits, self._assignment.seed + seed)
        self._pictures = {grade_id(cell) for cell in self._released.cells if is_picture(cell)}
        self._reference = Reference(zygote, self._without_checks(), *self._bounds)
        self._company = Company(paths.cache)
        self._trainings = {test.key for test in suite.tests if test.training}
        self._callers: dict[str, set[str]] | None = None
        self._rehearsed = False
        self._catalogue = Catalogue(paths.suite(settings.assignment), self._answers)

    def examine(
        self, student: str, key: str, raw: bytes | None, problem: str = "", *, pictures: bool = False
    ) -> Examination:
        """Grade one submission.

        Args:
            student: whose it is.
            key: of its content.
            raw: the file as handed in, None if there is none.
            problem: why there is none.
            pictures: run the picture cells, too.
        """
        with contextlib.suppress(Exception):  # comes again where it is recorded
            self.rehearse()
        with self._company.together():
            examination, short = self._examine(student, key, raw, problem, pictures)
            if examination.status is Status.GRADER_ERROR:
                # Perhaps a process of ours was killed: once more, with all of them new.
                self._reference.close()
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
        self, student: str, key: str, raw: bytes | None, problem: str, pictures: bool
    ) -> tuple[Examination, bool]:
        """The examination, and whether the machine was short of time."""
        started = time.perf_counter()
        common: dict[str, Any] = {
            "key": key,
            "assignment": self._assignment.name,
            "student": student,
            "graded_at": dt.datetime.now(dt.UTC),
            "versions": versions(),
        }
        if raw is None:
            reason = problem or "there is no notebook"
            examination = Examination(
                **common,
                status=Status.MISSING,
                scores=score_cells(self._released, None, ()),
                notices=(Notice(code="missing", text=f"{reason[:1].upper()}{reason[1:]}."),),
            )
            return examination, False
        try:
            merged = merge(read_submission(raw, outputs_of=self._pictures), self._released)
        except UnreadableNotebook as error:
            examination = Examination(
                **common,
                status=Status.UNREADABLE,
                scores=score_cells(self._released, None, ()),
                notices=(Notice(code="unreadable", text=str(error)),),
            )
            return examination, False
        candidate = Candidate(self._zygote, code_cells(merged.notebook, pictures=pictures), *self._bounds)
        cells: list[CellOutcome] = []
        runs: list[TestRun] = []
        misconceptions: tuple[Misconception, ...] = ()
        notices, status = list(merged.notices), Status.GRADED
        timings: dict[str, float] = {}
        trained: dict[str, Any] = {}
        try:
            self.rehearse()
            candidate.run_cells()
            cells = with_pictures(candidate.outcomes, merged.notebook, self._bounds[0].output)
            mark = time.perf_counter()
            runs = self._run_suite(candidate)
            if any(run.training and run.outcome.verdict is Verdict.TIMEOUT for run in runs):
                candidate.close()
                if self._fair_training():
                    return self._examine(student, key, raw, problem, pictures)
            runs = without_blanket_refusals(runs)
            runs = with_causes(runs, cells, merged.notebook, candidate.changes)
            trained = self._suite.pictures
            timings["tests"] = time.perf_counter() - mark
            mark = time.perf_counter()
            misconceptions = self._recognised(runs, notices)
            timings["misconceptions"] = time.perf_counter() - mark
        except GraderFault as fault:
            status = Status.GRADER_ERROR
            notices.append(Notice(code="grader-error", text=f"The grader failed: {fault}."))
        except Exception as error:  # a mistake in the grader is not the student's, nor the class's
            status = Status.GRADER_ERROR
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(where.filename).name}:{where.lineno}"
            text = f"The grader failed: {type(error).__name__}: {error} ({place})."
            notices.append(Notice(code="grader-error", text=text))
        finally:
            candidate.close()
            self._reference.forget_objects()
        layers = frozenset(Layer(name) for name in candidate.layers)
        if status is Status.GRADED and not is_sufficient(layers):
            missing = ", ".join(sorted(set(Layer) - layers))
            notices.append(Notice(code="weak-confinement", text=f"Graded without these layers: {missing}."))
        if not self._suite.tests:
            text = "Graded by the notebook's own checks, which a submission could deceive: there is no suite."
            notices.append(Notice(code="no-suite", text=text))
        tests = tuple(run.outcome for run in runs)
        scores = (
            score_cells(self._released, merged.notebook, tests)
            if self._suite.tests
            else score_checks(self._released, merged.notebook, cells)
        )
        if status is Status.GRADER_ERROR:
            scores = tuple(s if s.manual else s.model_copy(update={"points": None}) for s in scores)
        timings |= candidate.timings
        timings["total"] = time.perf_counter() - started
        examination = Examination(
            **common,
            status=status,
            notices=tuple(notices),
            notebook=record_cells(merged.notebook),
            cells=tuple(cells),
            tests=tests,
            scores=scores,
            misconceptions=misconceptions,
            badges=_badges(tests),
            pictures=trained,
            layers=candidate.layers,
            limits={name: float(value) for name, value in self._bounds[0].model_dump().items()},
            timings={name: round(value, 6) for name, value in timings.items()},
        )
        return examination, candidate.clock.kept > _SHORT_OF_TIME * candidate.clock.total

    def _recognised(self, runs: list[TestRun], notices: list[Notice]) -> tuple[Misconception, ...]:
        """The misconceptions; they are a help, and what goes wrong with them takes nobody's points."""
        try:
            return self._catalogue.recognise(runs)
        except Exception as error:
            text = f"Misconceptions could not be looked for: {type(error).__name__}: {error}."
            notices.append(Notice(code="no-misconceptions", text=text))
            return ()

    def _fair_training(self) -> bool:
        """Measure what training costs the solution, here and now; whether students get more time for that.

        What a machine, its load and the course's data make of a training is no student's doing.
        """
        if not (self._settings.training and self._solution_cells):
            return False
        limits, seed = self._bounds
        patient = limits.model_copy(update={"training_seconds": _PATIENCE})
        variant = Variant(self._reference.candidate(), "")
        try:
            self._suite.run(variant, self._reference, patient, seed, select=lambda test: test.training)
        finally:
            variant.close()
            self._reference.close()  # what was trained is saved to a disk that all variants share
        fair = _FAIR * self._suite.trained
        if fair <= limits.training_seconds:
            return False
        self._bounds = limits.model_copy(update={"training_seconds": fair}), seed
        return True

    def probe(
        self, function: str, source: str, *, direct: bool = False, training: bool = False
    ) -> dict[str, Any]:
        """How the suite takes the solution with one name replaced: verify's question, answered quickly.

        The tests that call the function run first, and the run ends with the first hidden test that fails.

        Args:
            function: the name that is replaced.
            source: what replaces it.
            direct: run no other tests than those that call the function.
            training: run the tests that train a model, too, which call it or not.

        Returns:
            ``public`` and ``hidden``: the first failed test of either kind, empty if none fails;
            ``faults``: tests that ended in a grader error.
        """
        if not any(function in defined_names(cell.source) for cell in self._solution_cells):
            raise SuiteError(f"a mutant replaces {function!r}, which no cell of the solution defines")
        self.rehearse()
        concerned = self._tests_by_function().get(function, set())
        failed = {"public": "", "hidden": ""}
        faults: list[str] = []

        def enough(run: TestRun) -> bool:
            outcome = run.outcome
            if outcome.verdict is Verdict.GRADER_ERROR:
                faults.append(f"{outcome.name}: {outcome.message}")
            elif outcome.verdict is not Verdict.PASSED and outcome.weight > 0:
                kind = "public" if outcome.public else "hidden"
                failed[kind] = failed[kind] or f"{outcome.name} ({outcome.verdict}): {outcome.message[:200]}"
            return bool(failed["public"] if outcome.public else failed["hidden"])

        kinds: list[Callable[[TestInfo], bool]] = [
            lambda test: test.key in concerned and not test.training,
            lambda test: test.key not in concerned and not test.training and not direct,
            lambda test: test.training and training,
        ]
        variant = Variant(self._reference.candidate_with(source), source)
        try:
            # Of each kind the public tests first: whether they alone would do is a question of its own.
            for kind, public in itertools.product(kinds, (True, False)):
                if failed["hidden"]:
                    break
                self._suite.run(
                    variant,
                    self._reference,
                    *self._bounds,
                    select=lambda test, kind=kind, public=public: kind(test) and test.public == public,  # type: ignore[misc]
                    enough=enough,
                )
        finally:
            variant.close()
            self._reference.forget_objects()
            if training:  # what was trained is saved to a disk that all variants share
                self._reference.close()
        return {**failed, "faults": faults}

    def demand_confinement(self) -> None:
        """Refuse to run a stranger's code with too few layers around it.

        Raises:
            SuiteError: the machine offers too few, and nobody gave up what is missing.
        """
        candidate = Candidate(self._zygote, [], *self._bounds)
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
        return self._bounds[0].training_seconds

    def rehearse(self) -> None:
        """What has to be done once before the first submission, and needs a warm zygote."""
        if not self._rehearsed and self._solution_cells and self._suite.tests:
            usual = self.training_seconds == self._assignment.limits.training_seconds
            if usual and digits.full_file() is not None:  # the week's own limit is for the built-in images
                self._fair_training()
            variant = Variant(self._reference.candidate(), "")
            try:
                self._suite.rehearse(variant, self._reference, *self._bounds)
            finally:
                variant.close()
            self._rehearsed = True

    def _without_checks(self) -> list[CellSource]:
        """The solution's cells without the visible checks, which define nothing."""
        tests = {grade_id(cell) for cell in self._released.cells if is_test(cell)}
        return [cell for cell in self._solution_cells if cell.grade_id not in tests]

    def _tests_by_function(self) -> dict[str, set[str]]:
        """Which tests call which function, as seen on the solution."""
        if self._callers is None:
            callers: dict[str, set[str]] = {}
            variant = Variant(self._reference.candidate(), "")
            try:
                runs = self._suite.run(
                    variant, self._reference, *self._bounds, select=lambda test: not test.training
                )
            finally:
                variant.close()
            for run in runs:
                for call in run.calls:
                    callers.setdefault(call.function, set()).add(run.outcome.key)
            self._callers = callers
        return self._callers

    def _run_suite(self, candidate: Candidate) -> list[TestRun]:
        settings = self._settings
        return self._suite.run(
            candidate,
            self._reference,
            *self._bounds,
            select=lambda test: (
                (settings.training or not test.training) and (test.public or not settings.public_only)
            ),
        )

    def _answers(self, mutant: Mutant, tests: Collection[str]) -> list[TestRun]:
        """What the solution with a mutant in it answers to some tests."""
        variant = Variant(self._reference.candidate_with(mutant.source), mutant.source)
        try:
            return self._suite.run(
                variant, self._reference, *self._bounds, select=lambda test: test.key in tests
            )
        finally:
            variant.close()

    def close(self) -> None:
        """End all processes."""
        self._reference.close()
        self._zygote.stop()


def _ran_into_a_limit(examination: Examination) -> bool:
    """Whether anything ended for want of time."""
    ends = [cell.verdict for cell in examination.cells] + [test.verdict for test in examination.tests]
    return Verdict.TIMEOUT in ends


def _badges(tests: tuple[TestOutcome, ...]) -> dict[str, float]:
    """Tests of weight 0 earn no points; the passed ones are badges."""
    return {test.name: 1.0 for test in tests if test.weight == 0 and test.verdict == "passed"}


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
