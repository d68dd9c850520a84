"""One examiner process: a week's suite, a warm zygote, and one submission after another.

``python -m autograder.examiner.worker FD SETTINGS`` takes jobs from the grader over the socket ``FD``
(both ends are ours) and answers each with an :class:`~autograder.examination.Examination` as JSON.
"""

from __future__ import annotations

import datetime as dt
import gc
import itertools
import os
import platform
import re
import signal
import socket
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from autograder import __version__, data
from autograder.candidate import kernel
from autograder.candidate.policy import Layer
from autograder.candidate.zygote import Settings
from autograder.companions import released_beside
from autograder.course import Assignment, Paths, load_course
from autograder.doctor import is_sufficient
from autograder.examination import (
    CellOutcome,
    Examination,
    Misconception,
    Notice,
    Status,
    TestOutcome,
    Verdict,
)
from autograder.examiner.candidate import Candidate, CellSource
from autograder.examiner.cells import code_cells, defined_names, with_causes
from autograder.examiner.errors import GraderFault
from autograder.examiner.given import GivenCells
from autograder.examiner.misconceptions import Catalogue, Mutant
from autograder.examiner.reference import Reference
from autograder.examiner.scoring import score_cells, score_checks
from autograder.examiner.session import LoggedCall
from autograder.examiner.settings import WorkerSettings
from autograder.examiner.suite import Suite, SuiteError, TestInfo, TestRun, run_suite
from autograder.examiner.zygote import Zygote
from autograder.notebook import (
    UnreadableNotebook,
    grade_id,
    is_solution,
    is_test,
    merge,
    read_released,
    read_script,
    read_submission,
)
from autograder.wire import Channel, ChannelClosed, FrameLimits


class Examiner:
    """Examines submissions of one week.

    Args:
        settings: of the worker.
        suite: collected.
        zygote: started; candidates and the reference are forked from it.
        seed: added to the week's own.
    """

    def __init__(self, settings: WorkerSettings, suite: Suite, zygote: Zygote, seed: int = 0) -> None:
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
        self._bounds = (self._assignment.limits, self._assignment.seed + seed)
        self._suite.precedents = settings.precedents
        solved_cells = enumerate(solved.cells if solved is not None else ())
        written = {index for index, cell in solved_cells if is_solution(cell)}
        self._given = GivenCells(self._solution_cells, written) if settings.precedents else None
        self._reference = Reference(zygote, self._without_checks(), *self._bounds, self._given)
        self._callers: dict[str, set[str]] | None = None
        self._rehearsed = False
        self.known = {"tests": 0, "cells": 0}
        """Of the last submission: tests that a precedent decided, and cells taken as read."""
        self._catalogue = Catalogue(paths.suite(settings.assignment), self._answers)

    def examine(self, student: str, key: str, raw: bytes | None, problem: str = "") -> Examination:
        """Grade one submission; ``raw`` is the file as handed in, None if there is none and why."""
        examination = self._examine(student, key, raw, problem)
        if examination.status is Status.GRADER_ERROR:
            # Perhaps a process of ours was killed: once more, with all of them new.
            self._reference.close()
            examination = self._examine(student, key, raw, problem)
        return examination

    def _examine(
        self, student: str, key: str, raw: bytes | None, problem: str, *, all_cells: bool = False
    ) -> Examination:
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
            return Examination(
                **common,
                status=Status.MISSING,
                scores=score_cells(self._released, None, ()),
                notices=(Notice(code="missing", text=f"{reason[:1].upper()}{reason[1:]}."),),
            )
        try:
            merged = merge(read_submission(raw), self._released)
        except UnreadableNotebook as error:
            return Examination(
                **common,
                status=Status.UNREADABLE,
                scores=score_cells(self._released, None, ()),
                notices=(Notice(code="unreadable", text=str(error)),),
            )
        given = None if all_cells else self._given
        candidate = Candidate(self._zygote, code_cells(merged.notebook), *self._bounds, given=given)
        cells: list[CellOutcome] = []
        runs: list[TestRun] = []
        misconceptions: tuple[Misconception, ...] = ()
        notices, status = list(merged.notices), Status.GRADED
        timings: dict[str, float] = {}
        pictures: dict[str, Any] = {}
        try:
            self.rehearse()
            candidate.run_cells()
            cells = candidate.outcomes
            mark = time.perf_counter()
            runs = without_blanket_refusals(self._run_suite(candidate))
            self.known = {"tests": self._suite.decided, "cells": len(candidate.taken_as_read)}
            runs = with_causes(runs, cells, merged.notebook)
            pictures = self._suite.pictures
            timings["tests"] = time.perf_counter() - mark
            mark = time.perf_counter()
            misconceptions = self._catalogue.recognise(runs)
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
        missed = _missed(cells, runs)
        if any(given.binds & missed for given in candidate.taken_as_read.values()):
            return self._examine(student, key, raw, problem, all_cells=True)
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
        return Examination(
            **common,
            status=status,
            notices=tuple(notices),
            cells=tuple(cells),
            tests=tests,
            scores=scores,
            misconceptions=misconceptions,
            badges=_badges(tests),
            pictures=pictures,
            layers=candidate.layers,
            limits={name: float(value) for name, value in self._bounds[0].model_dump().items()},
            timings={name: round(value, 6) for name, value in timings.items()},
        )

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
        variant = self._reference.candidate_with(source).variant(source)
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

    def rehearse(self) -> None:
        """What has to be done once before the first submission, and needs a warm zygote."""
        if not self._rehearsed and self._solution_cells and self._suite.tests:
            variant = self._reference.candidate().variant("")
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
            variant = self._reference.candidate().variant("")
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
        variant = self._reference.candidate_with(mutant.source).variant(mutant.source)
        suite = self._suite
        # Most answer in a way of their own: a test that is asked at once, on a new fork, is asked once.
        precedents, suite.precedents = suite.precedents, False
        try:
            return suite.run(variant, self._reference, *self._bounds, select=lambda test: test.key in tests)
        finally:
            suite.precedents = precedents
            variant.close()

    def close(self) -> None:
        """End all processes."""
        self._reference.close()
        self._zygote.stop()


_MISSED = re.compile(r"name '(\w+)' is not defined")


def _missed(cells: Sequence[CellOutcome], runs: Sequence[TestRun]) -> set[str]:
    """Names that a cell or a test looked for in vain."""
    messages = [cell.message for cell in cells] + [run.outcome.message for run in runs]
    return {run.missing for run in runs} | {name for text in messages for name in _MISSED.findall(text)}


def without_blanket_refusals(runs: list[TestRun]) -> list[TestRun]:
    """The runs, where a function that refuses most of what is right earns nothing for what it refuses.

    A function that raises a ValueError for whatever it is given would pass every test of its refusals.
    """
    answers: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    for run in runs:
        answers.update({call.function for call in run.calls if call.is_call and not call.raised})
        if run.outcome.verdict is Verdict.EXCEPTION and run.calls and _refuses(run.calls[-1]):
            refusals[run.calls[-1].function] += 1
    blanket = {function for function, count in refusals.items() if count > answers[function]}
    return [
        replace(
            run,
            outcome=run.outcome.model_copy(
                update={
                    "verdict": Verdict.FAILED,
                    "message": f"`{run.calls[-1].function}` refuses most of what is right too",
                }
            ),
        )
        if run.outcome.verdict is Verdict.PASSED
        and run.calls
        and run.calls[-1].function in blanket
        and all(_refuses(call) for call in run.calls)
        else run
        for run in runs
    ]


def _refuses(call: LoggedCall) -> bool:
    return call.raised and isinstance(call.value, ValueError)


def _badges(tests: tuple[TestOutcome, ...]) -> dict[str, float]:
    """Tests of weight 0 earn no points; the passed ones are badges."""
    return {test.name: 1.0 for test in tests if test.weight == 0 and test.verdict == "passed"}


def _listed(test: TestInfo) -> dict[str, Any]:
    """What a suite says of a test, as data."""
    return {**asdict(test), "title": test.title.model_dump()}


def versions() -> dict[str, str]:
    """What the result may depend on."""
    return {"autograder": __version__, "python": platform.python_version(), "numpy": np.__version__}


_GARBAGE = 50_000
"""New objects before the collector looks for cycles; at 700 it would look all through the imports."""
_MEMORY_BYTES = 4 << 30
"""What an examiner may use; it needs a tenth of it."""


def _bound_memory(size: int) -> None:
    """Fail rather than take the machine's memory; the warm process and the candidates inherit it."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard == resource.RLIM_INFINITY or size < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (size, hard))


def main() -> None:
    """Collect the suite, warm the zygote, and take jobs until the grader hangs up."""
    if sys.platform == "linux":  # nobody waits for what a grader that was killed has asked for
        kernel.die_with_parent(signal.SIGKILL)
    gc.set_threshold(_GARBAGE, 20, 20)
    channel = Channel(socket.socket(fileno=int(sys.argv[1])), FrameLimits(structure=1 << 28, payload=0))
    settings = TypeAdapter(WorkerSettings).validate_json(sys.argv[2])
    root = Path(settings.root)
    course = load_course(root)
    assignment = course.assignment(settings.assignment)
    if sys.platform == "linux":
        _bound_memory(_MEMORY_BYTES + assignment.limits.memory)
    full = Paths(root).data(course)
    if full is not None:  # the suite asks for the data without knowing of the course
        os.environ[data.ENVIRONMENT_VARIABLE] = str(full)
    zygote = Zygote(
        Settings(
            tensorflow=assignment.tensorflow,
            data=settings.data,
            hidden=(str(root), *(str(path) for path in data.private_files(full))),
            switched_off=settings.switched_off,
        ),
        threads=settings.threads,
        files=released_beside(Paths(root), settings.assignment),
    )
    zygote.start()  # warms up while the suite is collected

    def body(suite: Suite) -> None:
        examiner = Examiner(settings, suite, zygote)
        gc.freeze()  # modules and the suite stay: the collector need not look through them
        by_seed = {0: examiner}  # another seed is for `verify`
        try:
            examiner.demand_confinement()
            channel.send({"ready": True})
            while True:
                job = channel.receive()
                if "tests" in job:
                    channel.send({"tests": [_listed(test) for test in suite.tests]})
                elif "probe" in job:
                    channel.send(examiner.probe(job.pop("probe"), job.pop("source"), **job))
                else:
                    seed = job.get("seed", 0)
                    if seed not in by_seed:
                        by_seed[seed] = Examiner(settings, suite, zygote, seed)
                    examination = by_seed[seed].examine(
                        job["student"], job["key"], job["raw"], job["problem"]
                    )
                    known = by_seed[seed].known
                    channel.send({"examination": examination.model_dump_json(), "known": known})
        except ChannelClosed:
            return
        finally:
            for one in by_seed.values():
                one.close()

    try:
        run_suite(Paths(root).suite(settings.assignment), body)
    except (SuiteError, GraderFault, OSError) as error:
        channel.send({"problem": str(error)})
    finally:
        zygote.stop()


if __name__ == "__main__":
    main()
