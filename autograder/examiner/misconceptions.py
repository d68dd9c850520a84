"""Recognise a wrong implementation by its results.

Each week keeps wrong implementations that students really write. When a submission fails tests, the
calls it was asked and what it answered are compared with what each of them answers to the same calls.
Equal in every call, and unlike the solution in one of them, means: this is that misconception. Almost equal
means nothing, and nothing is said. Nor is anything said of a function that needs another one which failed
tests of its own: whose mistake its answers are cannot be told. A helper, which no test asks for, is known by
what the function answers that pays for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from autograder.examination import Misconception, Text, Verdict
from autograder.examiner.mutants import Mutant, load_mutants
from autograder.examiner.outcomes import TestRun
from autograder.examiner.remote.values import same, same_but_for_rounding
from autograder.wire import renumbered


@dataclass(frozen=True)
class Answer:
    """One call as far as it is compared.

    Attributes:
        question: digest of the request, objects named by the order in which the test met them. A mutant's
            answers are kept as long as the week is, and what a network is asked holds megabytes of weights.
        value: see :class:`LoggedCall`.
        raised: likewise.
    """

    question: bytes
    value: Any
    raised: bool


Answers = dict[str, list[Answer]]
"""What one function answered, by test."""

_LARGE = 1 << 14
"""Bytes from which on an array that several answers hold is kept once."""


class Catalogue:
    """The mutants of a week, with their answers as far as anyone has asked for them.

    Args:
        suite: the week's suite folder.
        functions: of the solution, which some mutants are edits of.
        needs: of each of them, which others it uses.
        run: runs some tests, by key, on the solution with a mutant in it.
    """

    def __init__(
        self,
        suite: Path,
        functions: Mapping[str, str],
        needs: Mapping[str, frozenset[str]],
        run: Callable[[Mutant, Collection[str]], list[TestRun]],
    ) -> None:
        self._suite = suite
        self._functions = functions
        self._needs = needs
        self._run = run
        self._known: dict[tuple[str, str, str], list[Answer]] = {}
        self._arrays: dict[bytes, npt.NDArray[Any]] = {}

    @cached_property
    def _mutants(self) -> list[Mutant]:
        return load_mutants(self._suite, self._functions, untold=True)

    def recognise(self, runs: Sequence[TestRun]) -> tuple[Misconception, ...]:
        """The misconceptions behind a submission's failed tests, one a function at the most."""
        suspects: dict[str, str] = {}  # each with the function whose answers tell
        for run in runs:
            if run.outcome.follows:  # that mistake is another function's
                continue
            if run.outcome.verdict in (Verdict.FAILED, Verdict.WRONG_TYPE, Verdict.EXCEPTION):
                for call in run.calls[-1:]:
                    for function in run.outcome.lies_in or (call.function,):
                        suspects.setdefault(function, call.function)
        failed = {run.outcome.key for run in runs if run.outcome.verdict is not Verdict.PASSED}
        found = []
        entangled = {run.calls[-1].function for run in runs if run.entangled and run.calls}
        for function, asked in suspects.items():
            if function in entangled or self._needs.get(function, frozenset()) & suspects.keys():
                continue
            mutant = self._held_by(_answers(runs, asked), failed, function, asked)
            if mutant is not None:
                found.append(
                    Misconception(
                        mutant=mutant.id,
                        function=function,
                        misconception=mutant.misconception,
                        hint=mutant.hint,
                        more=mutant.more,
                    )
                )
        return tuple(found)

    def _held_by(self, mine: Answers, failed: Collection[str], function: str, asked: str) -> Mutant | None:
        """The first mutant of a function with which another one gives all of these answers, or it itself.

        One of the answers has to be unlike the solution's.
        """
        # The tests that failed come first: there a mutant that is another one differs soonest.
        order = sorted(mine, key=lambda test: test not in failed)
        for mutant in self._mutants:
            if mutant.replaces != function:
                continue
            if all(_same(mine[test], self._theirs(mutant, asked, test)) for test in order) and any(
                self._is_evidence(mutant, asked, test, mine[test], exact=test in failed) for test in order
            ):
                return mutant
        return None

    def _is_evidence(
        self, mutant: Mutant, asked: str, test: str, mine: Sequence[Answer], *, exact: bool
    ) -> bool:
        """Whether an answer shows the mutant at work: the solution's is another one.

        An exception shows it only with the mutant's own words: many mistakes raise a ValueError. Where it is
        exact, an answer that is the solution's but for its type or for rounding shows it as well, if it is
        the mutant's to the last bit: that may be what a test refuses.
        """
        right = self._theirs(_solution(mutant.replaces), asked, test)
        return any(
            ((not theirs.raised or str(own.value) == str(theirs.value)) and not _same_call(theirs, solutions))
            or (exact and _equal(own, theirs) and not _equal(theirs, solutions))
            for own, theirs, solutions in zip(mine, self._theirs(mutant, asked, test), right, strict=False)
        )

    def _theirs(self, mutant: Mutant, asked: str, test: str) -> list[Answer]:
        key = (mutant.id, asked, test)
        if key not in self._known:
            answers = _answers(self._run(mutant, {test}), asked).get(test, [])
            self._known[key] = [replace(answer, value=self._kept_once(answer.value)) for answer in answers]
        return self._known[key]

    def _kept_once(self, value: Any) -> Any:
        """The value with each large array in it the same object as the equal one of another answer.

        Most answers of most mutants are the solution's, and the weights of a network are millions of numbers.
        """
        if isinstance(value, np.ndarray) and value.nbytes >= _LARGE:
            kind = f"{value.dtype.str} {value.shape}".encode()
            return self._arrays.setdefault(hashlib.sha256(kind + value.tobytes()).digest(), value)
        if isinstance(value, list | tuple):
            return type(value)(map(self._kept_once, value))
        if isinstance(value, dict):
            return {key: self._kept_once(item) for key, item in value.items()}
        return value


def _solution(function: str) -> Mutant:
    """The solution itself, asked as a mutant is."""
    nothing = Text(en="", ko="")
    return Mutant(id="", replaces=function, misconception=nothing, hint=nothing, source="")


def _same(mine: Sequence[Answer], theirs: Sequence[Answer]) -> bool:
    return len(mine) == len(theirs) and all(_same_call(a, b) for a, b in zip(mine, theirs, strict=True))


def _answers(runs: Sequence[TestRun], function: str) -> Answers:
    """What a function answered, by test; tests that train a model are left out, they take too long."""
    result: Answers = {}
    for run in runs:
        if run.training:
            continue
        numbers: dict[int, int] = {}  # a test asks about its own objects, however many there were before
        answers = [
            Answer(hashlib.sha256(renumbered(call.frame, numbers)).digest(), call.value, call.raised)
            for call in run.calls
            if call.function == function
        ]
        if answers:
            result[run.outcome.key] = answers
    return result


def _equal(one: Answer, other: Answer) -> bool:
    return not one.raised and not other.raised and same(one.value, other.value)


def _same_call(one: Answer, other: Answer) -> bool:
    return (
        one.question == other.question
        and one.raised == other.raised
        and same_but_for_rounding(one.value, other.value)
    )
