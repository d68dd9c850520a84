"""Which of the helpers that a function needs a failed test is to be blamed on."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pytest

from autograder.examination import TestOutcome as Outcome
from autograder.examination import Text, Verdict
from autograder.examiner.helpers import blame
from autograder.examiner.outcomes import TestRun as Run
from autograder.messages import words

NEEDS = {"pad": [], "bounds": ["pad"], "relu": [], "softmax": []}

Ends = dict[str, str]
"""How a test ends, by which helpers are the solution's, joined by a blank; "" stands for all others."""


def ended(name: str, how: str) -> Run:
    kind, _, said = how.partition(" ")
    verdict = Verdict(kind)
    outcome = Outcome(
        name=name, module="m", title=Text(en="t", ko="t"), cell="c", verdict=verdict, message=words(said)
    )
    return Run(outcome)


def found(suspects: Sequence[str], *tests: Ends) -> tuple[list[tuple[str, ...]], list[int], list[str]]:
    """Of each test the helpers it is blamed on; which are entangled; and what was asked, in order."""
    asked = []
    failed = [ended(str(number), test[""]) for number, test in enumerate(tests)]

    def again(runs: Sequence[Run], helpers: Collection[str]) -> dict[str, Run]:
        if not runs:
            return {}
        asked.append(" ".join(helpers))
        ends = {run.outcome.key: tests[int(run.outcome.name)] for run in runs}
        return {
            run.outcome.key: ended(run.outcome.name, ends[run.outcome.key].get(asked[-1], run_as(run)))
            for run in runs
        }

    def run_as(run: Run) -> str:
        return tests[int(run.outcome.name)][""]

    result = blame(failed, suspects, NEEDS, again)
    keys = [run.outcome.key for run in failed]
    return (
        [result.helpers.get(key, ()) for key in keys],
        [number for number, key in enumerate(keys) if key in result.entangled],
        asked,
    )


def test_ones_own_mistake_ends_as_it_did_before_and_one_question_says_so() -> None:
    own = {"": "failed got 3"}
    assert found(["pad", "bounds"], own, {"": "exception no"}) == ([(), ()], [], ["pad bounds"])
    # When and where it is lost may vary.
    lost = {"": "timeout in 4 s", "pad bounds": "timeout not called again"}
    assert found(["pad", "bounds"], lost) == ([()], [], ["pad bounds"])


def test_the_one_that_helps_alone_is_blamed() -> None:
    first = {"": "failed got 3", "pad bounds": "passed", "pad": "passed"}
    second = {"": "failed got 3", "pad bounds": "passed", "bounds": "passed"}
    assert found(["pad", "bounds"], first, second)[0] == [("pad",), ("bounds",)]
    only = {"": "failed got 3", "pad": "passed"}
    assert found(["pad"], only) == ([("pad",)], [], ["pad"])


def test_two_that_are_wrong_at_once_are_both_blamed_and_no_third() -> None:
    both = {
        "": "failed got 3",
        "pad relu softmax": "passed",
        "relu": "failed got 4",
        "softmax": "failed got 5",
        "relu softmax": "passed",
    }
    assert found(["pad", "relu", "softmax"], both)[0] == [("relu", "softmax")]


def test_one_that_a_student_changed_on_purpose_hides_no_mistake_of_another() -> None:
    """Its function cannot do with the solution's: bounds of other form."""
    test = {"": "failed got 3", "pad bounds": "exception too many values", "pad": "passed"}
    test["bounds"] = test["pad bounds"]
    assert found(["pad", "bounds"], test)[:2] == ([("pad",)], [])


def test_a_helper_is_not_blamed_alone_for_what_it_needs() -> None:
    """With another signature of `pad`, only both together can be replaced."""
    test = {"": "failed got 3", "pad bounds": "passed", "pad": "exception bad call", "bounds": "passed"}
    assert found(["pad", "bounds"], test)[0] == [("pad", "bounds")]


@pytest.mark.parametrize("end", ["failed got 4", "exception bad call", "timeout in 4 s"])
def test_what_fails_in_another_way_is_entangled(end: str) -> None:
    assert found(["pad"], {"": "failed got 3", "pad": end}, {"": "failed got 3"}) == ([(), ()], [0], ["pad"])
