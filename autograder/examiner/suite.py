"""A hidden suite as a long-lived pytest session: collected once, run once for every submission.

The suite reads like ordinary pytest. What differs from ``pytest suite/`` is only the loop: instead of
running every item once and exiting, the session is handed to a callable that runs the items again and
again, each time with another candidate behind the fixture ``submission``.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from autograder.course.models import Limits
from autograder.examination import Verdict
from autograder.examiner.collection import Collection
from autograder.examiner.hooks import ExaminerPlugin, tear_down
from autograder.examiner.outcomes import SuiteError, TestInfo, TestRun
from autograder.examiner.remote.variant import Subject
from autograder.examiner.turn import Referee, Turn


class Suite:
    """The collected items of a week's suite.

    Public tests come first: they run on forks that have never been asked a hidden question, so that nothing
    of one can be told by what a public test shows.

    Args:
        items: pytest's items.
        collection: what they say of themselves.
        plugin: that runs them.
    """

    def __init__(self, items: list[pytest.Item], collection: Collection, plugin: ExaminerPlugin) -> None:
        self._items = items = sorted(items, key=lambda item: not collection.info(item).public)
        self._collection = collection
        self._plugin = plugin
        self._sound: dict[str, bool] = {}
        self.trained = 0.0
        """Seconds of its own that training took in the last :meth:`run`."""
        self.pictures: dict[str, Any] = {}
        """What the training runs of the last :meth:`run` looked like."""
        self.tests = [collection.info(item) for item in items]

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
        turn = Turn(candidate, referee, limits, seed)
        runs = self._take(turn, chosen, enough)
        self.pictures, self.trained = turn.pictures.found, turn.trained
        for item in chosen:
            run = runs.get(item.nodeid)
            if run is None or not run.unclear or referee is None:
                continue
            if not self._reference_passes(item, referee, limits, seed):
                fault = run.outcome.model_copy(update={"verdict": Verdict.GRADER_ERROR})
                runs[item.nodeid] = replace(run, outcome=fault)
        return [runs[item.nodeid] for item in chosen if item.nodeid in runs]

    def again(
        self, key: str, subject: Subject, referee: Referee, limits: Limits, seed: int
    ) -> TestRun | None:
        """Run one test on another subject; what the last :meth:`run` left to be looked at stays."""
        items = [item for item, test in zip(self._items, self.tests, strict=True) if test.key == key]
        return self._take(Turn(subject, referee, limits, seed), items).get(items[0].nodeid) if items else None

    def _take(
        self, turn: Turn, items: list[pytest.Item], enough: Callable[[TestRun], bool] = lambda _: False
    ) -> dict[str, TestRun]:
        """Run tests in a turn, in order, until ``enough`` says so."""
        self._plugin.turn = turn
        try:
            for item in items:
                run = self._run_one(turn, item)
                if run is not None and enough(run):
                    break
            tear_down(items)
            return turn.runs
        except BaseException:
            # Or every later submission would be told that the one before was not cleared away.
            with contextlib.suppress(Exception):
                tear_down(items)
            raise
        finally:
            self._plugin.turn = None

    def _run_one(self, turn: Turn, item: pytest.Item) -> TestRun | None:
        item.session._setupstate.teardown_exact(item)  # what a test before needed and this one does not
        above: Any = item.parent  # as if another test of the module came next: which one is not known yet
        runtestprotocol(item, log=False, nextitem=above)
        run = turn.runs.get(item.nodeid)
        if run is not None and run.doubtful:
            # Asked again on a fresh fork: an earlier test's traces cannot be the reason then.
            self._plugin.fresh = True
            runtestprotocol(item, log=False, nextitem=above)
            self._plugin.fresh = False
            run = turn.runs[item.nodeid]
        return run

    def rehearse(self, subject: Subject, referee: Referee, limits: Limits, seed: int) -> None:
        """Run the property tests once on the solution, so that later submissions get the same examples.

        Hypothesis's engine costs far more than the calls; derandomised, it makes the same examples for
        every submission. Where the solution does not pass, the engine stays in charge.
        """
        for item in self._items:
            examples = self._collection.examples_of(item)
            if examples is not None and not examples.known:
                with examples.noted(item) as keep:
                    run = self._take(Turn(subject, referee, limits, seed), [item]).get(item.nodeid)
                    if run is not None and run.outcome.verdict is Verdict.PASSED:
                        keep()

    def _reference_passes(self, item: pytest.Item, referee: Referee, limits: Limits, seed: int) -> bool:
        if item.nodeid not in self._sound:
            turn = Turn(referee.candidate(), referee, limits, seed)
            run = self._take(turn, [item]).get(item.nodeid)
            self._sound[item.nodeid] = run is not None and run.outcome.verdict is Verdict.PASSED
        return self._sound[item.nodeid]


def run_suite(folder: Path, body: Callable[[Suite], None]) -> None:
    """Collect the suite in ``folder`` and hand it to ``body``; without any ``test_*.py`` it is empty.

    Raises:
        SuiteError: it cannot be collected.
    """
    collection = Collection()
    if not any(folder.glob("test_*.py")):
        body(Suite([], collection, ExaminerPlugin(collection, lambda _: None)))
        return
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    failure: list[BaseException] = []

    def guarded(items: list[pytest.Item]) -> None:
        try:
            body(Suite(items, collection, plugin))
        except BaseException as error:
            failure.append(error)

    plugin = ExaminerPlugin(collection, guarded)
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
                "no:logging",  # a handler in each phase of each test, and no suite looks at logs
                "-p",
                "no:randomly",
                "--capture=no",
                "-q",
                "-W",
                "ignore",
            ],
            plugins=[collection, plugin],
        )
    finally:
        sys.stdout = stdout
        sink.close()
    if failure:
        raise failure[0]
    if collection.problems:
        raise SuiteError(collection.problems[0])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED, pytest.ExitCode.TESTS_FAILED):
        raise SuiteError(f"pytest could not run the suite in {folder} (exit code {int(code)})")
