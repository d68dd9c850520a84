"""The examiner's pytest plugin: the fixtures of a turn, and one run for every test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from _pytest.runner import CallInfo

from autograder.examination import Verdict
from autograder.examiner.collection import Collection
from autograder.examiner.judgement import run_of
from autograder.examiner.outcomes import SuiteError
from autograder.examiner.remote.errors import GraderFault
from autograder.examiner.remote.objects import Submission
from autograder.examiner.training import TrainingPictures
from autograder.examiner.turn import Turn
from autograder.messages import words


class ExaminerPlugin:
    """pytest plugin: runs nothing by itself, and judges what a test ended with.

    Args:
        collection: of the suite's tests.
        body: gets the collected items and returns when there is no more to grade.

    Attributes:
        turn: of the subject that is asked; None between two.
        fresh: whether the next test runs on a fork that no other test has used.
    """

    def __init__(self, collection: Collection, body: Callable[[list[pytest.Item]], None]) -> None:
        self._collection = collection
        self._body = body
        self.turn: Turn | None = None
        self.fresh = False

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if self._collection.problems:
            raise SuiteError(self._collection.problems[0])
        self._body(list(session.items))
        return True

    @pytest.fixture(name="submission")
    def _submission(self, request: pytest.FixtureRequest) -> Submission:
        """The student's notebook after its last cell."""
        assert self.turn is not None
        node = request.node
        return Submission(self.turn.open(node.nodeid, self._collection.info(node), fresh=self.fresh))

    @pytest.fixture(name="training_pictures", scope="session")
    def _training_pictures(self) -> TrainingPictures:
        """Takes what a training run looked like, for the feedback."""
        assert self.turn is not None
        return self.turn.pictures

    @pytest.fixture(name="shared_submission", scope="session")
    def _shared_submission(self) -> Iterator[Submission]:
        """One fork for all tests of a submission that share something expensive."""
        assert self.turn is not None
        turn = self.turn
        yield Submission(turn.open_shared())
        turn.close_shared()

    @pytest.fixture(name="reference")
    def _reference(self) -> Submission:
        """The solution notebook, with the same interface."""
        assert self.turn is not None
        assert self.turn.referee is not None
        return self.turn.referee.reference()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """What training tests share has the time that is left for training."""
        if self.turn is not None and self._collection.info(item).training:
            self.turn.extend_shared()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: CallInfo[None]) -> pytest.TestReport:
        """Judge, and report no more than pytest needs: its own rendering of a failure costs 100 ms."""
        error = call.excinfo.value if call.excinfo is not None else None
        if isinstance(error, GraderFault):
            raise error  # nothing can be judged: the submission is examined again, or left to a person
        skipped = isinstance(error, pytest.skip.Exception)
        if self.turn is not None:
            if call.when == "teardown" and error is not None:
                _blame_grader(self.turn, item, error)
            elif call.when == "call" or error is not None:
                self._take_down(self.turn, item, error, call.duration)
        return pytest.TestReport(
            nodeid=item.nodeid,
            location=item.location,
            keywords={},
            outcome="skipped" if skipped else "passed" if error is None else "failed",
            longrepr=None,
            when="call" if call.when == "collect" else call.when,
            duration=call.duration,
        )

    def _take_down(self, turn: Turn, item: pytest.Item, error: BaseException | None, seconds: float) -> None:
        """Count what set-up and call used, and keep what became of the test."""
        test = self._collection.info(item)
        turn.count(item.nodeid, training=test.training)
        if isinstance(error, pytest.skip.Exception):
            return
        calls, used = turn.calls(item.nodeid, training=test.training)
        try:
            run = run_of(test, error, seconds, calls, used=used)
        except Exception as odd:  # brought about by what came back, unless the solution meets it too
            run = run_of(test, odd, seconds, [], used=False)
        turn.runs[item.nodeid] = run


def _blame_grader(turn: Turn, item: pytest.Item, error: BaseException) -> None:
    """A test that cannot be cleared away decides nothing."""
    run = turn.runs.get(item.nodeid)
    if run is not None:
        message = words(f"after the test: {error!r}")
        fault = run.outcome.model_copy(update={"verdict": Verdict.GRADER_ERROR, "message": message})
        turn.runs[item.nodeid] = replace(run, outcome=fault)


def tear_down(items: list[pytest.Item]) -> None:
    """Let go of all fixtures."""
    if items:
        items[0].session._setupstate.teardown_exact(None)
