"""How the suite takes the solution with one name replaced: what ``autograder verify`` asks of each mutant."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from autograder.examination import Verdict
from autograder.examiner.carrying import Carrier, carried_forward, lost_to_others
from autograder.examiner.causes import without_blanket_refusals
from autograder.examiner.examiner import Examiner
from autograder.examiner.outcomes import SuiteError, TestInfo, TestRun
from autograder.examiner.remote.variant import Variant
from autograder.notebooks.definitions import defined_names
from autograder.wire import Strided


class Probe:
    """Answers of one examiner's suite to mutants and alternatives of the solution.

    Args:
        examiner: of the week; its reference is what the variants are forked from.
    """

    def __init__(self, examiner: Examiner) -> None:
        self._examiner = examiner
        self._callers: dict[str, set[str]] | None = None
        self._again: dict[tuple[str, frozenset[str]], TestRun] = {}
        """Tests asked again; of a mutant that is one function nothing is left beside the right one."""

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
        if not any(function in defined_names(cell.source) for cell in examiner.week.solution_cells):
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

    def carried(self, function: str, source: str) -> dict[str, list[dict[str, str]]]:
        """What the solution loses, with one function replaced, in functions that need it; and what is said.

        The tests of these functions are run, and those that fail are asked again as a submission's are: with
        the right function in the place of the wrong one they should pass.

        Args:
            function: the name that is replaced.
            source: what replaces it.

        Returns:
            ``lost``: of each test that still costs points ``test``, ``function``, and how it ended
            (``said``); ``told``: of each misconception that a student would be told ``function`` and
            ``mutant``.
        """
        examiner = self._examiner
        needs = examiner.week.needs
        dependents = {name for name, needed in needs.items() if function in needed}
        examiner.rehearse()
        callers = self._tests_by_function()
        concerned = set().union(*(callers.get(name, set()) for name in (function, *dependents)))
        variant = Variant(examiner.reference.candidate_with(source), source)
        try:
            runs = examiner.suite.run(
                variant,
                examiner.reference,
                *examiner.bounds,
                select=lambda test: test.key in concerned and not test.training,
            )
            carrier = Carrier(variant, examiner.suite, examiner.reference, *examiner.bounds)
            known = self._again if _only_defines(source, function) else {}

            def ask(
                tests: Collection[str], names: frozenset[str], right: frozenset[str]
            ) -> dict[str, TestRun]:
                new = {key for key in tests if (key, names) not in known}
                found = carrier.ask(new, names, right)
                known.update({(key, names): without_values(run) for key, run in found.items()})
                return {key: known[key, names] for key in tests if (key, names) in known}

            helpers = examiner.week.written & {function}  # the variant has all others from the solution
            runs = carried_forward(without_blanket_refusals(runs), needs, ask, helpers)
            told = examiner.catalogue.recognise(runs)
        finally:
            variant.close()
            examiner.reference.forget_objects()
        lost = [
            {
                "test": run.outcome.name,
                "function": name,
                "said": f"{run.outcome.verdict}: {str(run.outcome.message)[:200]}",
            }
            for run, name in lost_to_others(runs, needs, function)
        ]
        return {"lost": lost, "told": [{"function": one.function, "mutant": one.mutant} for one in told]}

    def usage(self) -> dict[str, dict[str, Any]]:
        """What the tests that train nothing do with each function of the solution, as seen on the solution.

        Returns:
            by function ``tests``, the names of those that call it, the one that calls fewest others first;
            ``asked``: with different arguments; ``given``: arrays are among these; ``changeable``: arrays,
            lists or dictionaries are; ``arrays``: answers hold arrays; ``fractions``: with numbers that a
            float16 cannot hold.
        """
        self._examiner.rehearse()
        found: dict[str, dict[str, Any]] = {}
        for run in sorted(self._watched(), key=lambda run: len({call.function for call in run.calls})):
            for call in run.calls:
                one = found.setdefault(call.function, {"tests": [], "frames": set()})
                if run.outcome.name not in one["tests"]:
                    one["tests"].append(run.outcome.name)
                if call.label != call.function or not call.is_call or call.raised:
                    continue  # of an object that it returned, or an exception
                given = [*call.args, *call.kwargs.values()]
                arrays = [array for value in given for array in _arrays(value)]
                answers = list(_arrays(call.value))
                one["frames"].add(call.frame)
                for name, seen in (
                    ("given", bool(arrays)),
                    ("changeable", bool(arrays) or any(isinstance(value, list | dict) for value in given)),
                    ("arrays", bool(answers)),
                    ("fractions", any(_needs_width(array) for array in answers)),
                ):
                    one[name] = one.get(name, False) or seen
        for one in found.values():
            one["asked"] = len(one.pop("frames")) > 1
        return found

    def _tests_by_function(self) -> dict[str, set[str]]:
        """Which tests call which function, as seen on the solution."""
        if self._callers is None:
            callers: dict[str, set[str]] = {}
            for run in self._watched():
                for call in run.calls:
                    callers.setdefault(call.function, set()).add(run.outcome.key)
            self._callers = callers
        return self._callers

    def _watched(self) -> list[TestRun]:
        """The tests that train nothing, run on the solution."""
        examiner = self._examiner
        variant = Variant(examiner.reference.candidate(), "")
        try:
            return examiner.suite.run(
                variant, examiner.reference, *examiner.bounds, select=lambda test: not test.training
            )
        finally:
            variant.close()


def _only_defines(source: str, function: str) -> bool:
    """Whether a mutant's source is this function and nothing else."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return False
    return len(body) == 1 and isinstance(body[0], ast.FunctionDef) and body[0].name == function


def without_values(run: TestRun) -> TestRun:
    """A run whose calls say what was given and what was raised, and hold none of the data: of a week's
    tests, asked again beside hundreds of mutants, the arrays would fill the memory."""
    calls = [
        replace(
            call,
            frame=b"",
            args=(None,) * len(call.args),
            kwargs=dict.fromkeys(call.kwargs),
            value=call.value if call.raised else None,
        )
        for call in run.calls
    ]
    return replace(run, calls=calls)


def _arrays(value: Any) -> Iterator[npt.NDArray[Any]]:
    """The arrays that a value is or holds."""
    if isinstance(value, Strided):
        yield value.array
    elif isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _arrays(one)


def _needs_width(array: npt.NDArray[Any]) -> bool:
    if array.dtype.kind != "f":
        return False
    with np.errstate(over="ignore"):
        return not np.array_equal(array.astype(np.float16).astype(array.dtype), array, equal_nan=True)
