"""A hidden suite as a long-lived pytest session: collected once, run once for every submission.

The suite reads like ordinary pytest. What differs from ``pytest suite/`` is only the loop: instead of
running every item once and exiting, the session is handed to a callable that runs the items again and
again, each time with another candidate behind the fixture ``submission``.
"""

from __future__ import annotations

import contextlib
import copy
import os
import re
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
from _pytest.runner import CallInfo, runtestprotocol
from hypothesis import HealthCheck, Phase, is_hypothesis_test, settings
from hypothesis.errors import UnsatisfiedAssumption
from hypothesis.strategies import DataObject

from autograder.course import Limits
from autograder.examination import Call, Difference, TestOutcome, Text, Verdict
from autograder.examiner.candidate import Subject
from autograder.examiner.checks import Mismatch
from autograder.examiner.errors import CandidateLost, GraderFault, MissingName, StudentError
from autograder.examiner.picture import array_picture, call_text, text_of
from autograder.examiner.session import LoggedCall, Session, Submission, ended_session
from autograder.examiner.training import TrainingPictures

_DOUBTFUL = {
    Verdict.FAILED,
    Verdict.WRONG_TYPE,
    Verdict.EXCEPTION,
    Verdict.CRASHED,
    Verdict.MEMORY,
    Verdict.OUTPUT,
    Verdict.PROTOCOL,
}
"""Verdicts that something left behind by an earlier test could bring about."""


_LONG = 3
"""Times the time for all tests after which nothing more is asked, whatever it is."""


class Examples:
    """The examples of one property test, taken down once and replayed for every submission.

    Args:
        function: what ``@given`` made.

    Attributes:
        known: whether they can be replayed.
    """

    def __init__(self, function: Any) -> None:
        self._handle = function.hypothesis
        self._inner = self._handle.inner_test
        self._noted: list[dict[str, Any]] = []
        self._drawn = False
        self.known = False

    def fixtures(self, item: pytest.Item) -> list[str]:
        """Names of the arguments that are fixtures and no examples."""
        return list(item._fixtureinfo.argnames) if isinstance(item, pytest.Function) else []

    @contextlib.contextmanager
    def noted(self, item: pytest.Item) -> Iterator[Callable[[], None]]:
        """While this is open, examples are taken down; they are kept if the callable is called."""
        self._noted = []
        fixtures = set(self.fixtures(item))

        def note(**arguments: Any) -> None:
            example = {name: value for name, value in arguments.items() if name not in fixtures}
            self._drawn = self._drawn or any(isinstance(value, DataObject) for value in example.values())
            if not self._drawn:
                self._noted.append(copy.deepcopy(example))
            self._inner(**arguments)

        self._handle.inner_test = note
        try:
            yield self._keep
        finally:
            self._handle.inner_test = self._inner

    def _keep(self) -> None:
        # What a test draws while it runs depends on the run: such a test stays with the engine.
        self.known = bool(self._noted) and not self._drawn

    def replay(self, fixtures: dict[str, Any]) -> None:
        """Run the test on every example."""
        for example in self._noted:
            with contextlib.suppress(UnsatisfiedAssumption):
                self._inner(**fixtures, **copy.deepcopy(example))


class SuiteError(Exception):
    """The hidden suite cannot be used; the text says where and why."""


@dataclass(frozen=True)
class TestInfo:
    """What a suite says of one test."""

    __test__ = False

    name: str
    module: str
    title: Text
    cell: str
    weight: float
    public: bool
    training: bool

    @property
    def key(self) -> str:
        """The test's name in its suite."""
        return f"{self.module}::{self.name}"


class Referee(Protocol):
    """What the suite asks about its subjects."""

    def reference(self) -> Submission:
        """The reference solution, answering from memory what it was asked before."""

    def candidate(self) -> Subject:
        """The reference solution as a candidate; if it passes, an odd exception is the submission's fault."""


@dataclass
class TestRun:
    """The outcome of one test together with what it called."""

    __test__ = False

    outcome: TestOutcome
    calls: list[LoggedCall] = field(default_factory=list)
    missing: str = ""
    """The name that the notebook does not define, if that is what went wrong."""
    doubtful: bool = False
    """Whether it failed on a fork that other tests had used."""
    unclear: bool = False
    """Whether an odd exception in the test may be the suite's own fault."""
    training: bool = False


class Suite:
    """The collected items of a week's suite.

    Public tests come first: they run on forks that have never been asked a hidden question, so that nothing
    of one can be told by what a public test shows.

    Args:
        items: pytest's items.
        plugin: that runs them.
    """

    def __init__(self, items: list[pytest.Item], plugin: ExaminerPlugin) -> None:
        self._items = items = sorted(items, key=lambda item: not plugin.info(item).public)
        self._plugin = plugin
        self._sound: dict[str, bool] = {}
        self.trained = 0.0
        """Seconds of its own that training took in the last :meth:`run`."""
        self.pictures: dict[str, Any] = {}
        """What the training runs of the last :meth:`run` looked like."""
        self.tests = [plugin.info(item) for item in items]

    def run(
        self,
        candidate: Subject,
        referee: Referee | None,
        limits: Limits,
        seed: int,
        *,
        select: Callable[[TestInfo], bool] = lambda _: True,
        enough: Callable[[TestRun], bool] = lambda _: False,
    ) -> list[TestRun]:
        """Run the selected tests on a candidate, in order, until ``enough`` says so.

        Without a referee, where there is no solution, an odd exception is the submission's fault.
        """
        chosen = [item for item, test in zip(self._items, self.tests, strict=True) if select(test)]
        runs = self._run(chosen, candidate, referee, limits, seed, enough)
        self.pictures, self.trained = self._plugin.pictures.found, self._plugin.trained
        for item in chosen:
            run = runs.get(item.nodeid)
            if run is None or not run.unclear or referee is None:
                continue
            if not self._reference_passes(item, referee, limits, seed):
                fault = run.outcome.model_copy(update={"verdict": Verdict.GRADER_ERROR})
                runs[item.nodeid] = replace(run, outcome=fault)
        return [runs[item.nodeid] for item in chosen if item.nodeid in runs]

    def _run(
        self,
        items: list[pytest.Item],
        candidate: Subject,
        referee: Referee | None,
        limits: Limits,
        seed: int,
        enough: Callable[[TestRun], bool] = lambda _: False,
    ) -> dict[str, TestRun]:
        plugin = self._plugin
        plugin.begin(candidate, referee, limits, seed)
        try:
            for item in items:
                run = self._run_one(item)
                if run is not None and enough(run):
                    break
            _tear_down(items)
            return plugin.runs
        except BaseException:
            # Or every later submission would be told that the one before was not cleared away.
            with contextlib.suppress(Exception):
                _tear_down(items)
            raise
        finally:
            plugin.end()

    def _run_one(self, item: pytest.Item) -> TestRun | None:
        plugin = self._plugin
        item.session._setupstate.teardown_exact(item)  # what a test before needed and this one does not
        above: Any = item.parent  # as if another test of the module came next: which one is not known yet
        runtestprotocol(item, log=False, nextitem=above)
        run = plugin.runs.get(item.nodeid)
        if run is not None and run.doubtful:
            # Asked again on a fresh fork: an earlier test's traces cannot be the reason then.
            plugin.fresh = True
            runtestprotocol(item, log=False, nextitem=above)
            plugin.fresh = False
            run = plugin.runs[item.nodeid]
        return run

    def rehearse(self, subject: Subject, referee: Referee, limits: Limits, seed: int) -> None:
        """Run the property tests once on the solution, so that later submissions get the same examples.

        Hypothesis's engine costs far more than the calls; derandomised, it makes the same examples for
        every submission. Where the solution does not pass, the engine stays in charge.
        """
        for item in self._items:
            examples = self._plugin.examples_of(item)
            if examples is not None and not examples.known:
                with examples.noted(item) as keep:
                    run = self._run([item], subject, referee, limits, seed).get(item.nodeid)
                    if run is not None and run.outcome.verdict is Verdict.PASSED:
                        keep()

    def _reference_passes(self, item: pytest.Item, referee: Referee, limits: Limits, seed: int) -> bool:
        if item.nodeid not in self._sound:
            runs = self._run([item], referee.candidate(), referee, limits, seed)
            run = runs.get(item.nodeid)
            self._sound[item.nodeid] = run is not None and run.outcome.verdict is Verdict.PASSED
        return self._sound[item.nodeid]


class ExaminerPlugin:
    """pytest plugin: markers, fixtures, and the judgement of what a test ended with.

    Args:
        body: gets the collected suite and returns when there is no more to grade.
    """

    def __init__(self, body: Callable[[Suite], None]) -> None:
        self._body = body
        self._problems: list[str] = []
        self._infos: dict[str, TestInfo] = {}
        self._examples: dict[str, Examples] = {}
        self._candidate: Subject | None = None
        self._referee: Referee | None = None
        self._limits = Limits()
        self.seed = 0
        self._seen = self.trained = self._began = 0.0
        self.fresh = False
        self._sessions: dict[str, Session] = {}
        self._shared: Session | None = None
        self.runs: dict[str, TestRun] = {}
        self.pictures = TrainingPictures()

    # -- collection -----------------------------------------------------------------------------

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Have property tests tell their examples, see :class:`Examples`."""
        for item in items:
            function = getattr(item, "function", None)
            if is_hypothesis_test(function):
                self._examples[item.nodeid] = Examples(function)
                # Of a failure Hypothesis wants pytest's whole report, 60 ms of pages that nobody reads.
                item.repr_failure = lambda info, *_: str(info.value)  # type: ignore[method-assign]

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Run a property test on the examples that are known, without Hypothesis's engine."""
        examples = self._examples.get(pyfuncitem.nodeid)
        if examples is None or not examples.known:
            return None
        fixtures = {name: pyfuncitem.funcargs[name] for name in examples.fixtures(pyfuncitem)}
        examples.replay(fixtures)
        return True

    def pytest_configure(self, config: pytest.Config) -> None:
        for line in (
            "cell(grade_id, weight=1): the test cell that a test counts for",
            "public: students have this test",
            "training: trains a model; has the week's training time",
        ):
            config.addinivalue_line("markers", line)
        settings.register_profile(
            "examiner",
            derandomize=True,  # the same submission gets the same score
            database=None,
            deadline=None,
            max_examples=25,
            phases=(Phase.explicit, Phase.generate),
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        settings.load_profile("examiner")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._problems.append(str(report.longrepr)[-2000:])

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if self._problems:
            raise SuiteError(self._problems[0])
        self._body(Suite(list(session.items), self))
        return True

    def info(self, item: pytest.Item) -> TestInfo:
        """What the markers and the docstring of a test say."""
        known = self._infos.get(item.nodeid)
        if known is not None:
            return known
        marker = item.get_closest_marker("cell")
        function = getattr(item, "function", None)
        module = Path(str(item.path)).stem
        if marker is None or not marker.args:
            raise SuiteError(f"{module}.py: {item.name} has no marker cell(grade_id)")
        paragraphs = [" ".join(p.split()) for p in re.split(r"\n\s*\n", (function.__doc__ or "").strip())]
        if len(paragraphs) != 2:
            raise SuiteError(
                f"{module}.py: the docstring of {item.name} needs an English and a Korean paragraph"
            )
        result = TestInfo(
            name=item.name,
            module=module,
            title=Text(en=paragraphs[0], ko=paragraphs[1]),
            cell=str(marker.args[0]),
            weight=float(marker.kwargs.get("weight", 1)),
            public=module.startswith("test_public") or item.get_closest_marker("public") is not None,
            training=item.get_closest_marker("training") is not None,
        )
        self._infos[item.nodeid] = result
        return result

    def examples_of(self, item: pytest.Item) -> Examples | None:
        """The examples of a property test; None for another test, and for one that trains."""
        return None if self.info(item).training else self._examples.get(item.nodeid)

    # -- one submission -------------------------------------------------------------------------

    def begin(self, candidate: Subject, referee: Referee | None, limits: Limits, seed: int) -> None:
        """From now on the fixtures speak of this candidate."""
        self._candidate, self._referee, self._limits, self.seed = candidate, referee, limits, seed
        self.pictures = TrainingPictures()
        self._seen, self.trained = candidate.clock.look(), 0.0
        self._began = time.thread_time()
        self.runs = {}

    def end(self) -> None:
        """Forget the candidate."""
        self._candidate = None
        self._sessions.clear()
        self._shared = None

    def _open(self, item: pytest.Item) -> Session:
        """A session for a test, with the time that is left for it."""
        assert self._candidate is not None
        limits = self._limits
        training = self.info(item).training
        if training:
            limit, left, what = limits.training_seconds, limits.training_seconds - self.trained, "training"
        else:
            # What one function used up takes nothing from the others (see Budget), up to a point, which
            # answers that take long to judge count for as well.
            limit, what = limits.tests_seconds, "all tests"
            left = _LONG * limit - self._candidate.budget.spent - (time.thread_time() - self._began)
        if left <= 0:
            text = f"the time limit of {limit:g} s for {what} was used up"
            return ended_session(CandidateLost(Verdict.TIMEOUT, text))
        return self._candidate.open_session(
            seconds=left if training else limits.test_seconds,
            seed=self.seed + zlib.crc32(item.name.encode()),
            fresh=self.fresh,
            eager=not training,
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """What training tests share has the time that is left for training, whatever ran in between."""
        if self._shared is not None and self._candidate is not None and self.info(item).training:
            left = self._limits.training_seconds - self.trained
            self._shared.end = self._candidate.clock.look() + left

    @pytest.fixture(name="submission")
    def _submission(self, request: pytest.FixtureRequest) -> Submission:
        """The student's notebook after its last cell."""
        session = self._sessions[request.node.nodeid] = self._open(request.node)
        return Submission(session)

    @pytest.fixture(name="training_pictures", scope="session")
    def _training_pictures(self) -> TrainingPictures:
        """Takes what a training run looked like, for the feedback."""
        return self.pictures

    @pytest.fixture(name="shared_submission", scope="session")
    def _shared_submission(self) -> Iterator[Submission]:
        """One fork for all tests of a submission that share something expensive."""
        assert self._candidate is not None
        session = self._candidate.open_session(
            seconds=self._limits.training_seconds, seed=self.seed, alone=True
        )
        self._shared = session
        yield Submission(session)
        self._candidate.close_session(session)

    @pytest.fixture(name="reference")
    def _reference(self) -> Submission:
        """The solution notebook, with the same interface."""
        assert self._referee is not None
        return self._referee.reference()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: CallInfo[None]) -> pytest.TestReport:
        """Judge, and report no more than pytest needs: its own rendering of a failure costs 100 ms."""
        error = call.excinfo.value if call.excinfo is not None else None
        if isinstance(error, GraderFault):
            raise error  # nothing can be judged: the submission is examined again, or left to a person
        skipped = isinstance(error, pytest.skip.Exception)
        if call.when != "teardown":
            test = self.info(item)
            self._count(item, training=test.training)
            if (error is not None or call.when == "call") and not skipped:
                try:
                    self.runs[item.nodeid] = self._judge(test, error, call.duration, *self._calls(item, test))
                except Exception as odd:  # brought about by what came back, unless the solution meets it too
                    self.runs[item.nodeid] = self._judge(test, odd, call.duration, [], False)
        elif error is not None and item.nodeid in self.runs:
            run = self.runs[item.nodeid]
            fault = run.outcome.model_copy(
                update={"verdict": Verdict.GRADER_ERROR, "message": f"after the test: {error!r}"}
            )
            self.runs[item.nodeid] = replace(run, outcome=fault)
        return pytest.TestReport(
            nodeid=item.nodeid,
            location=item.location,
            keywords={},
            outcome="skipped" if skipped else "passed" if error is None else "failed",
            longrepr=None,
            when="call" if call.when == "collect" else call.when,
            duration=call.duration,
        )

    def _count(self, item: pytest.Item, *, training: bool) -> None:
        """Count what the candidate used; set-up counts too, where it is forked and may be run anew."""
        if self._candidate is None:
            return
        seen, self._seen = self._seen, self._candidate.clock.look()
        if training:
            self.trained += self._seen - seen
            return
        session = self._sessions.get(item.nodeid)
        self._candidate.budget.charge(self._seen - seen, session.waits if session is not None else {})

    def _calls(self, item: pytest.Item, test: TestInfo) -> tuple[list[LoggedCall], bool]:
        """What a test asked; and whether that was on a fork that other tests had used."""
        session = self._sessions.get(item.nodeid)
        calls = list(session.log.calls) if session is not None else []
        if not calls and self._shared is not None and test.training:
            calls = list(self._shared.log.calls)[-1:]
        return calls, session is not None and session.child is not None and session.used > 1

    def _judge(
        self,
        test: TestInfo,
        error: BaseException | None,
        seconds: float,
        calls: list[LoggedCall],
        doubtful: bool,
    ) -> TestRun:
        verdict, message, difference = self._verdict(error)
        if verdict is not Verdict.PASSED and not message.strip():
            verdict, message = Verdict.GRADER_ERROR, "the test failed without saying why"
        last = calls[-1] if calls else None
        outcome = TestOutcome(
            name=test.name,
            module=test.module,
            title=test.title,
            cell=test.cell,
            weight=test.weight,
            public=test.public,
            verdict=verdict,
            message=message[:2000],
            call=_call(last) if last is not None and verdict is not Verdict.PASSED else None,
            difference=difference,
            seconds=round(seconds, 6),
        )
        return TestRun(
            outcome,
            calls,
            missing=error.name if isinstance(error, MissingName) else "",
            doubtful=doubtful and verdict in _DOUBTFUL,
            unclear=verdict is Verdict.WRONG_TYPE and _unclear(error),
            training=test.training,
        )

    def _verdict(self, error: BaseException | None) -> tuple[Verdict, str, Difference | None]:
        if error is None:
            return Verdict.PASSED, "", None
        if isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            return self._verdict(error.exceptions[0])
        if isinstance(error, CandidateLost):
            return error.verdict, str(error), None
        if isinstance(error, Mismatch):
            verdict = Verdict.WRONG_TYPE if error.kind in ("type", "dtype") else Verdict.FAILED
            return verdict, str(error), _difference(error)
        if isinstance(error, MissingName):
            return Verdict.MISSING, str(error), None
        if isinstance(error, NotImplementedError) and isinstance(error, StudentError):
            return Verdict.NOT_IMPLEMENTED, "not implemented yet", None
        if isinstance(error, StudentError) and "MemoryError" in error.bases:
            return Verdict.MEMORY, "the memory limit was reached", None
        if isinstance(error, StudentError):
            text = f"{error.type_name}: {error.text}"
            return Verdict.EXCEPTION, f"{text}\n{error.trace}".strip(), None
        if isinstance(error, (AssertionError, pytest.fail.Exception)):
            return Verdict.FAILED, _first_paragraph(str(error)), None
        if type(error).__module__.startswith("hypothesis") and "Flaky" in type(error).__name__:
            return Verdict.FAILED, "the same call gave different answers at different times", None
        if _unclear(error):
            # Holds if the test works with what the reference returns; otherwise the suite is at fault.
            text = f"what came back cannot be used as the result: {type(error).__name__}: {str(error)[:500]}"
            return Verdict.WRONG_TYPE, text, None
        return Verdict.GRADER_ERROR, f"{type(error).__name__}: {error}", None


def _tear_down(items: list[pytest.Item]) -> None:
    """Let go of all fixtures."""
    if items:
        items[0].session._setupstate.teardown_exact(None)


def _unclear(error: BaseException | None) -> bool:
    """Whether an exception came from a test's own code while it worked with what came back."""
    known = (Mismatch, StudentError, AssertionError, GraderFault)
    return isinstance(error, Exception) and not isinstance(error, known)


def _first_paragraph(text: str) -> str:
    """An assertion's own sentence, without pytest's explanation of the expression."""
    return text.split("\nassert ", 1)[0].strip() or text


def _call(logged: LoggedCall) -> Call:
    arrays = {}
    named = {str(position): value for position, value in enumerate(logged.args)} | logged.kwargs
    for name, value in (named | {"result": logged.value}).items():
        if isinstance(value, np.ndarray) and (picture := array_picture(value)) is not None:
            arrays[name] = picture
    if logged.raised:
        error = logged.value
        result = f"raised {error.type_name}: {error.text}" if isinstance(error, StudentError) else f"{error}"
    else:
        result = text_of(logged.value)
    return Call(
        function=logged.function,
        arguments=call_text(logged.label, logged.args, logged.kwargs) if logged.is_call else logged.label,
        result=result[:1000],
        arrays=arrays,
    )


def _difference(mismatch: Mismatch) -> Difference:
    pictures = [
        array_picture(value, mismatch.where) if isinstance(value, np.ndarray) else None
        for value in (mismatch.actual, mismatch.expected)
    ]
    return Difference(
        kind=mismatch.kind,
        actual=text_of(mismatch.actual),
        expected=text_of(mismatch.expected),
        where=mismatch.where,
        actual_array=pictures[0],
        expected_array=pictures[1],
    )


def run_suite(folder: Path, body: Callable[[Suite], None]) -> None:
    """Collect the suite in ``folder`` and hand it to ``body``; without any ``test_*.py`` it is empty.

    Raises:
        SuiteError: it cannot be collected.
    """
    if not any(folder.glob("test_*.py")):
        body(Suite([], ExaminerPlugin(body)))
        return
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    failure: list[BaseException] = []

    def guarded(suite: Suite) -> None:
        try:
            body(suite)
        except BaseException as error:
            failure.append(error)

    plugin = ExaminerPlugin(guarded)
    sink = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    stdout, sys.stdout = sys.stdout, sink
    try:
        code = pytest.main(
            [
                str(folder),
                "--rootdir",
                str(folder),
                "--confcutdir",
                str(folder),
                "-c",
                os.devnull,
                "--import-mode=importlib",
                "-p",
                "no:cacheprovider",
                "-p",
                "_hypothesis_pytestplugin",
                "-p",
                "no:randomly",
                "--capture=no",
                "-q",
                "-W",
                "ignore",
            ],
            plugins=[plugin],
        )
    finally:
        sys.stdout = stdout
        sink.close()
    if failure:
        raise failure[0]
    if plugin._problems:
        raise SuiteError(plugin._problems[0])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED, pytest.ExitCode.TESTS_FAILED):
        raise SuiteError(f"pytest could not run the suite in {folder} (exit code {int(code)})")
