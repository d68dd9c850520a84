"""Whose mistake a failed test is, if it may be that of a helper: what students write and no test asks for.

A helper is never asked itself. So the failed tests of the function that needs it are asked again with the
solution's helper in its place. What passes then was the helper's mistake; what ends as it did before was not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from autograder.examination import Verdict
from autograder.examiner.outcomes import TestRun

Again = Callable[[Sequence[TestRun], Collection[str]], Mapping[str, TestRun]]
"""Tests asked again with some helpers of the solution's, by key; judged like any other."""

_JUDGED = (Verdict.FAILED, Verdict.WRONG_TYPE, Verdict.EXCEPTION)


@dataclass
class Blame:
    """What was found out about one function's failed tests.

    Attributes:
        helpers: in which the mistake lies, by the test's key.
        entangled: keys of tests that fail in another way beside the solution's helpers: the student's helpers
            and function fit one another only, and whose mistake it is cannot be told.
    """

    helpers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    entangled: set[str] = field(default_factory=set)


def blame(
    failed: Sequence[TestRun], suspects: Sequence[str], needs: Mapping[str, Collection[str]], again: Again
) -> Blame:
    """Which helpers failed tests of a function are to be blamed on.

    Args:
        failed: tests of one function.
        suspects: helpers that it needs, each behind those that it needs itself.
        needs: of each helper, which others it uses.
        again: see :data:`Again`.
    """
    found = Blame()
    together = again(failed, suspects) if suspects else {}
    # Mostly it is none of them, and one question for all says so: it ends as it did before.
    open_ones = [run for run in failed if _differs(run, together)]
    found.entangled = {run.outcome.key for run in open_ones if not _passes(run, together)}
    unfit: set[str] = set()
    for helper in suspects:
        alone = again(open_ones, [helper]) if len(suspects) > 1 and open_ones else together
        if any(_differs(run, alone) and not _passes(run, alone) for run in open_ones):
            unfit.add(helper)
        for run in open_ones:
            if _passes(run, alone):
                # One that another helper of the student's cannot do without is replaced together with that.
                unfit_too = [other for other in suspects if other in unfit & set(needs[helper])]
                found.helpers[run.outcome.key] = (*unfit_too, helper)
        open_ones = [run for run in open_ones if run.outcome.key not in found.helpers]
    several = [run for run in open_ones if _passes(run, together)]
    if several:
        found.helpers |= dict.fromkeys(
            (run.outcome.key for run in several), _fewest(several, suspects, again)
        )
    found.entangled -= found.helpers.keys()
    return found


def _fewest(runs: Sequence[TestRun], suspects: Sequence[str], again: Again) -> tuple[str, ...]:
    """As few of the helpers as all these tests pass with, though with none of them alone."""
    kept = list(suspects)
    for helper in suspects:
        fewer = [other for other in kept if other != helper]
        if len(fewer) > 1:
            passing = again(runs, fewer)
            if all(_passes(run, passing) for run in runs):
                kept = fewer
    return tuple(kept)


def _passes(run: TestRun, found: Mapping[str, TestRun]) -> bool:
    other = found.get(run.outcome.key)
    return other is not None and other.outcome.verdict is Verdict.PASSED


def _differs(run: TestRun, found: Mapping[str, TestRun]) -> bool:
    """Whether a test ended in another way; it says more than how if it was judged."""
    other = found.get(run.outcome.key)
    if other is None:
        return False
    mine, theirs = run.outcome, other.outcome
    if mine.verdict is not theirs.verdict:
        return True
    return mine.verdict in _JUDGED and (mine.message, mine.difference) != (theirs.message, theirs.difference)
