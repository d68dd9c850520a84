"""The examiner's pytest plugin: markers, fixtures, and one run for every test."""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest
from _pytest.runner import CallInfo
from hypothesis import HealthCheck, Phase, is_hypothesis_test, settings

from autograder.course.models import Limits
from autograder.examination import TestOutcome, Text, Verdict
from autograder.examiner.examples import Examples
from autograder.examiner.judgement import DOUBTFUL, call_told, judged, unclear
from autograder.examiner.outcomes import SuiteError, TestInfo, TestRun
from autograder.examiner.remote.errors import CandidateLost, GraderFault, MissingName
from autograder.examiner.remote.log import LoggedCall
from autograder.examiner.remote.objects import Submission
from autograder.examiner.remote.session import Session, ended_session
from autograder.examiner.remote.variant import Subject
from autograder.examiner.training import TrainingPictures
from autograder.messages import fact, words

_LONG = 3
"""Times the time for all tests after which nothing more is asked, whatever it is."""


class Referee(Protocol):
    """What the suite asks about its subjects."""

    def reference(self) -> Submission:
        """The reference solution, answering from memory what it was asked before."""

    def candidate(self) -> Subject:
        """The reference solution as a candidate; if it passes, an odd exception is the submission's fault."""


class ExaminerPlugin:
    """pytest plugin: markers, fixtures, and the judgement of what a test ended with.

    Args:
        body: gets the collected items and returns when there is no more to grade.
    """

    def __init__(self, body: Callable[[list[pytest.Item]], None]) -> None:
        self._body = body
        self.problems: list[str] = []
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
            self.problems.append(str(report.longrepr)[-2000:])

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if self.problems:
            raise SuiteError(self.problems[0])
        self._body(list(session.items))
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
        if not paragraphs[0] or len(paragraphs) > 2:
            raise SuiteError(
                f"{module}.py: the docstring of {item.name} needs an English and a Korean paragraph, "
                "or one in the course's only language"
            )
        result = TestInfo(
            name=item.name,
            module=module,
            title=Text(en=paragraphs[0], ko=paragraphs[-1]),
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
            limit, code = limits.training_seconds, "training-used-up"
            left = limit - self.trained
        else:
            # What one function used up takes nothing from the others (see Budget), up to a point, which
            # answers that take long to judge count for as well.
            limit, code = limits.tests_seconds, "tests-used-up"
            left = _LONG * limit - self._candidate.budget.spent - (time.thread_time() - self._began)
        if left <= 0:
            return ended_session(CandidateLost(Verdict.TIMEOUT, fact(code, seconds=f"{limit:g}")))
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
                update={"verdict": Verdict.GRADER_ERROR, "message": words(f"after the test: {error!r}")}
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
        verdict, message, difference = judged(error)
        if verdict is not Verdict.PASSED and not message:
            verdict, message = Verdict.GRADER_ERROR, fact("without-reason")
        last = calls[-1] if calls else None
        outcome = TestOutcome(
            name=test.name,
            module=test.module,
            title=test.title,
            cell=test.cell,
            weight=test.weight,
            public=test.public,
            verdict=verdict,
            message=message,
            call=call_told(last) if last is not None and verdict is not Verdict.PASSED else None,
            difference=difference,
            seconds=round(seconds, 6),
        )
        return TestRun(
            outcome,
            calls,
            missing=error.name if isinstance(error, MissingName) else "",
            doubtful=doubtful and verdict in DOUBTFUL,
            unclear=verdict is Verdict.WRONG_TYPE and unclear(error),
            training=test.training,
        )


def tear_down(items: list[pytest.Item]) -> None:
    """Let go of all fixtures."""
    if items:
        items[0].session._setupstate.teardown_exact(None)
