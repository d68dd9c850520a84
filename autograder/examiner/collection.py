"""What a suite's tests are as pytest collects them: their markers, docstrings and examples."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, is_hypothesis_test, settings

from autograder.examination import Text
from autograder.examiner.examples import Examples
from autograder.examiner.outcomes import SuiteError, TestInfo


class Collection:
    """pytest plugin: knows the markers, and what each collected test says of itself.

    Attributes:
        problems: why the suite cannot be collected.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._infos: dict[str, TestInfo] = {}
        self._examples: dict[str, Examples] = {}

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

    def info(self, item: pytest.Item) -> TestInfo:
        """What the markers and the docstring of a test say.

        Raises:
            SuiteError: they do not say enough.
        """
        known = self._infos.get(item.nodeid)
        if known is None:
            known = self._infos[item.nodeid] = _read(item)
        return known

    def examples_of(self, item: pytest.Item) -> Examples | None:
        """The examples of a property test; None for another test, and for one that trains."""
        return None if self.info(item).training else self._examples.get(item.nodeid)


def _read(item: pytest.Item) -> TestInfo:
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
    return TestInfo(
        name=item.name,
        module=module,
        title=Text(en=paragraphs[0], ko=paragraphs[-1]),
        cell=str(marker.args[0]),
        weight=float(marker.kwargs.get("weight", 1)),
        public=module.startswith("test_public") or item.get_closest_marker("public") is not None,
        training=item.get_closest_marker("training") is not None,
    )
