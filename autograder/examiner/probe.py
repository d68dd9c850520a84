"""How the suite takes the solution with one name replaced: what ``autograder verify`` asks of each mutant."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from autograder.examination import Verdict
from autograder.examiner.examiner import Examiner
from autograder.examiner.outcomes import SuiteError, TestInfo, TestRun
from autograder.examiner.remote.variant import Variant
from autograder.notebooks.definitions import defined_names


class Probe:
    """Answers of one examiner's suite to mutants and alternatives of the solution.

    Args:
        examiner: of the week; its reference is what the variants are forked from.
    """

    def __init__(self, examiner: Examiner) -> None:
        self._examiner = examiner
        self._callers: dict[str, set[str]] | None = None

    def ask(
        self, function: str, source: str, *, direct: bool = False, training: bool = False
    ) -> dict[str, Any]:
        """How the suite takes the solution with one name replaced, answered quickly.

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
        examiner = self._examiner
        if not any(function in defined_names(cell.source) for cell in examiner.solution_cells):
            raise SuiteError(f"a mutant replaces {function!r}, which no cell of the solution defines")
        examiner.rehearse()
        concerned = self._tests_by_function().get(function, set())
        failed = {"public": "", "hidden": ""}
        faults: list[str] = []

        def enough(run: TestRun) -> bool:
            outcome = run.outcome
            if outcome.verdict is Verdict.GRADER_ERROR:
                faults.append(f"{outcome.name}: {outcome.message}")
            elif outcome.verdict is not Verdict.PASSED and outcome.weight > 0:
                kind = "public" if outcome.public else "hidden"
                failed[kind] = (
                    failed[kind] or f"{outcome.name} ({outcome.verdict}): {str(outcome.message)[:200]}"
                )
            return bool(failed["public"] if outcome.public else failed["hidden"])

        kinds: list[Callable[[TestInfo], bool]] = [
            lambda test: test.key in concerned and not test.training,
            lambda test: test.key not in concerned and not test.training and not direct,
            lambda test: test.training and training,
        ]
        variant = Variant(examiner.reference.candidate_with(source), source)
        try:
            # Of each kind the public tests first: whether they alone would do is a question of its own.
            for kind, public in itertools.product(kinds, (True, False)):
                if failed["hidden"]:
                    break
                examiner.suite.run(
                    variant,
                    examiner.reference,
                    *examiner.bounds,
                    select=lambda test, kind=kind, public=public: kind(test) and test.public == public,  # type: ignore[misc]
                    enough=enough,
                )
        finally:
            variant.close()
            examiner.reference.forget_objects()
            if training:  # what was trained is saved to a disk that all variants share
                examiner.reference.close()
        return {**failed, "faults": faults}

    def _tests_by_function(self) -> dict[str, set[str]]:
        """Which tests call which function, as seen on the solution."""
        if self._callers is None:
            examiner = self._examiner
            callers: dict[str, set[str]] = {}
            variant = Variant(examiner.reference.candidate(), "")
            try:
                runs = examiner.suite.run(
                    variant, examiner.reference, *examiner.bounds, select=lambda test: not test.training
                )
            finally:
                variant.close()
            for run in runs:
                for call in run.calls:
                    callers.setdefault(call.function, set()).add(run.outcome.key)
            self._callers = callers
        return self._callers
