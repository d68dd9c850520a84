"""A mistake costs once: what fails only because another function is wrong is asked again with a right one.

A failed test of a function that needs others, some of which are wrong themselves, is asked again in a fork of
its own in which those are the solution's. Nothing that runs enters that fork: calls of them leave it as data,
are answered by a process of the solution, and come back as data. (A table that students fill in counts as a
function; of it the solution's value enters.) A test that passes then *follows* from those functions. Of a
notebook that has threads, as TensorFlow leaves them, there are no forks: its tests are asked again where they
were asked.

Where the line is drawn:

- Which functions need which is read from the solution. Only what is needed is answered, never the function
  under test, nor one that needs it.
- A function counts as wrong if a test of it fails and does not follow from others. One that is missing, or
  says that it is not implemented, is not wrong but not written: nothing follows from it. Nor does a test
  follow from anything whose own function is not written.
- A helper, which students write and no test asks for, counts as wrong if a failed test passes with a right
  one. Its mistake costs what it takes from the first function that needs it, and from the others nothing.
- A function that hands its whole work on earns what it would earn beside a right one, and no more.
- A test that calls a wrong function itself, besides the one it is about, tests both: it is not asked again.
- All this comes after all other tests, and a test never meets what another learnt that was answered for more
  functions: in between, the whole notebook is run anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from autograder.course.models import Limits
from autograder.examination import Verdict
from autograder.examiner.causes import without_blanket_refusals
from autograder.examiner.helpers import Blame, blame
from autograder.examiner.outcomes import TestRun
from autograder.examiner.reference import Reference, holds_handle
from autograder.examiner.remote.errors import CandidateLost
from autograder.examiner.remote.log import Budget
from autograder.examiner.remote.objects import RemoteFunction
from autograder.examiner.remote.own_time import OwnTime
from autograder.examiner.remote.session import Session, request_frame
from autograder.examiner.remote.variant import Subject
from autograder.examiner.suite import Suite
from autograder.protocol import Op, request
from autograder.wire import Handle, WireError, encode

Ask = Callable[[Collection[str], frozenset[str], frozenset[str]], Mapping[str, TestRun]]
"""Runs tests, by key, with some functions answered by the solution; these and right ones may be handed on."""

_OWN = {
    *(Verdict.FAILED, Verdict.WRONG_TYPE, Verdict.EXCEPTION, Verdict.TIMEOUT),
    *(Verdict.CRASHED, Verdict.MEMORY, Verdict.OUTPUT, Verdict.PROTOCOL),
}
"""How a test of something that is written can fail."""
_MOST = 2
"""Times what all tests may cost that asking again may cost a submission."""
_UNWRITTEN = (Verdict.NOT_IMPLEMENTED, Verdict.MISSING)


class Renewable(Subject, Protocol):
    """What tests are asked on again: a submission, or the solution with a mutant in it."""

    def end(self) -> None:
        """See :meth:`Candidate.end`."""


def carried_forward(
    runs: Sequence[TestRun],
    needs: Mapping[str, frozenset[str]],
    ask: Ask,
    written: Collection[str] = (),
) -> list[TestRun]:
    """The runs, where it is said of a failed test whose mistake it is if it is another function's.

    Args:
        runs: of the whole suite.
        needs: of each function of the solution, which others it uses.
        ask: see :data:`Ask`.
        written: what students write and this submission defines; what no test asks for is a helper.
    """
    helpers = frozenset(written) - _asked_for(runs)
    unwritten = {run.missing or _about(run) for run in runs if run.outcome.verdict in _UNWRITTEN}
    wrong: set[str] = set()
    runs = list(runs)
    # A function that a test hands to another one is needed there as well: `dense(x, …, activation=relu)`.
    handed: dict[str, set[str]] = {name: set() for name in needs}
    for run in runs:
        handed.setdefault(_about(run), set()).update(_handed_over(run))
    needs = {name: (needed | handed[name] & needs.keys()) - {name} for name, needed in needs.items()}

    def again(
        name: str, culprits: frozenset[str], failed: Sequence[TestRun], helpers: Collection[str] = ()
    ) -> dict[str, TestRun]:
        answered = culprits.union(helpers)
        keys = {run.outcome.key for run in failed if _may_follow(run, answered)}
        return _judged(runs, ask(keys, answered, needs[name] - wrong - unwritten)) if keys else {}

    order = _in_order(needs)
    for name in order:
        failed = [run for run in runs if run.outcome.verdict in _OWN and _about(run) == name]
        needed = [other for other in order if other in needs[name] and name not in needs[other]]
        culprits = frozenset(needed) & wrong
        more = culprits
        while more:
            found = again(name, culprits, failed)
            passed = {key for key, run in found.items() if run.outcome.verdict is Verdict.PASSED}
            runs = [_following(run, culprits) if run.outcome.key in passed else run for run in runs]
            failed = [run for run in failed if run.outcome.key not in passed]
            # A test that now comes further may hand over another one.
            over = set().union(*map(_handed_over, found.values())) & wrong - culprits - {name}
            more = frozenset(other for other in over if name not in needs[other])
            culprits |= more
        suspects = [other for other in needed if other in helpers - wrong]
        blamed = blame(failed, suspects, needs, partial(again, name, culprits))
        runs = [_blamed(run, blamed) for run in runs]
        failed = [run for run in failed if run.outcome.key not in blamed.helpers]
        wrong.update(*blamed.helpers.values())
        if needs[name] & unwritten:  # an exception tells no more than that
            failed = [run for run in failed if run.outcome.verdict is not Verdict.EXCEPTION]
        if failed:
            wrong.add(name)
    return runs


def lost_to_others(
    runs: Sequence[TestRun], needs: Mapping[str, frozenset[str]], wrong: str
) -> list[tuple[TestRun, str]]:
    """Failed tests that cost a function its points though only another one is wrong; each with the function.

    Tests that nobody asks again are none of them: those that call the wrong function themselves, or train.

    Args:
        runs: of a suite on the solution with one function wrong, carried forward.
        needs: see :func:`carried_forward`.
        wrong: that function.
    """
    return [
        (run, _about(run))
        for run in runs
        if run.outcome.verdict in _OWN
        and run.outcome.weight > 0
        and not (run.outcome.follows or run.outcome.lies_in)
        and wrong in needs.get(_about(run), frozenset())
        and wrong not in {call.function for call in run.calls}
        and not run.training
    ]


def _about(run: TestRun) -> str:
    """The function whose answer a failed test ended with."""
    if run.outcome.message.code in ("not-called-again", "not-called-in-time"):
        return str(run.outcome.message.values["function"])
    return run.calls[-1].function if run.calls else ""


def _asked_for(runs: Sequence[TestRun]) -> set[str]:
    """What tests are about; who is only handed to others is not."""
    about = {name for run in runs for name in (_about(run), run.missing)}
    calls = (call for run in runs for call in run.calls)
    return about | {call.function for call in calls if call.is_call or not isinstance(call.value, Handle)}


def _handed_over(run: TestRun) -> set[str]:
    """The notebook's functions that a test hands to others."""
    values = [value for call in run.calls for value in (*call.args, *call.kwargs.values())]
    return {value.__name__ for value in values if isinstance(value, RemoteFunction)}


def _in_order(needs: Mapping[str, frozenset[str]]) -> list[str]:
    """The functions in the notebook's order, but that whatever one needs comes before it.

    So it is known of each which mistakes are its own.
    """
    order: list[str] = []

    def place(name: str, above: frozenset[str]) -> None:
        for needed in needs:
            if needed in needs[name] - above and needed not in order:
                place(needed, above | {name})
        if name not in order:
            order.append(name)

    for name in needs:
        place(name, frozenset({name}))
    return order


def _judged(runs: Sequence[TestRun], found: Mapping[str, TestRun]) -> dict[str, TestRun]:
    """Tests that were asked again, by key, as they are judged beside all others.

    Also with right ones in the place of others, who refuses everything earns nothing by that. What was not
    asked again says so as it did before.
    """
    others = [run for run in runs if run.outcome.key not in found]
    asked = without_blanket_refusals([*found.values(), *others])[: len(found)]
    return {run.outcome.key: run for run in asked}


def _may_follow(run: TestRun, culprits: Collection[str]) -> bool:
    calls_one = any(call.is_call and call.function in culprits for call in run.calls)
    return not (run.training or calls_one)


def _following(run: TestRun, culprits: Collection[str]) -> TestRun:
    return replace(run, outcome=run.outcome.model_copy(update={"follows": tuple(sorted(culprits))}))


def _blamed(run: TestRun, found: Blame) -> TestRun:
    key = run.outcome.key
    if key in found.entangled:
        return replace(run, entangled=True)
    if key not in found.helpers:
        return run
    return replace(run, outcome=run.outcome.model_copy(update={"lies_in": found.helpers[key]}))


class Carrier:
    """Asks a submission's tests again with some of its functions answered by the solution.

    Args:
        candidate: the submission, after all its tests; or a variant of the solution.
        suite: of the week.
        reference: the solution.
        limits: of the week.
        seed: of the tests.
    """

    def __init__(
        self, candidate: Renewable, suite: Suite, reference: Reference, limits: Limits, seed: int
    ) -> None:
        self._candidate = candidate
        self._suite = suite
        self._reference = reference
        self._limits = limits
        self._seed = seed
        self._answered: frozenset[str] = frozenset()
        self._spent = 0.0
        """Seconds of the solution's own for its answers."""
        self._used = 0.0
        """Seconds of the submission's own."""

    def ask(self, tests: Collection[str], names: frozenset[str], right: frozenset[str]) -> dict[str, TestRun]:
        """See :data:`Ask`."""
        if not self._answered <= names:
            self._candidate.end()
            self._answered = frozenset()
        self._answered |= names
        found = {}
        # That a function never came back may have been the doing of one that is answered now.
        before = self._candidate.budget
        budget = Budget(before.together, before.share, spent=self._used)
        for key in sorted(tests):
            if self._spent >= self._limits.tests_seconds or self._used >= _MOST * before.together:
                break  # nobody's mistake costs so much: somebody wants it to
            carried = _Carried(self._candidate, self._reference, names, right, budget)
            try:
                run = self._suite.again(key, carried, self._reference, self._limits, self._seed)
            finally:
                self._spent += carried.close()
                self._used = budget.spent
            if run is not None:
                found[key] = run
        return found


class _Carried:
    """A submission for one test, with some names answered by the solution; see :class:`Subject`."""

    def __init__(
        self,
        candidate: Renewable,
        reference: Reference,
        names: frozenset[str],
        right: frozenset[str],
        budget: Budget,
    ) -> None:
        self._candidate = candidate
        self._reference = reference
        self._names = names
        self._right = right
        self._opened: list[tuple[Session, _Answers]] = []
        self.clock = candidate.clock
        self.budget = budget

    def open_session(
        self, *, seconds: float, seed: int, fresh: bool = False, alone: bool = False, eager: bool = False
    ) -> Session:
        """A session on a fork of its own, whatever is asked for, where there can be one."""
        session = self._candidate.open_session(seconds=seconds, seed=seed, alone=True, eager=eager)
        if session.ended is not None:
            return session
        session.budget = self.budget
        session.answering = answers = _Answers(self._reference, self._names, self._right, seconds, seed)
        self._opened.append((session, answers))
        tables = self._reference.tables(self._names)
        names = sorted(self._names - tables.keys())
        session.unpack(session.request(request(Op.STAND_IN, names=names, tables=tables)))
        return session

    def close_session(self, session: Session) -> None:
        """See :class:`Subject`."""
        self._candidate.close_session(session)

    def close(self) -> float:
        """End what was opened; the seconds of the solution's own that its answers took."""
        spent = 0.0
        for session, answers in self._opened:
            session.answering = None  # without a fork it serves the next test, too
            self.close_session(session)
            spent += answers.close()
        self._opened.clear()
        return spent


class _Answers:
    """Answers a fork's questions with what the solution's functions answer.

    Args:
        reference: the solution.
        names: what may be asked.
        right: what may be handed to these besides: functions that the submission has right.
        seconds: that the solution has for all answers together.
        seed: of the global generators there.
    """

    def __init__(
        self, reference: Reference, names: frozenset[str], right: frozenset[str], seconds: float, seed: int
    ) -> None:
        self._reference = reference
        self._names = names
        self._handed = names | right
        self._seconds = seconds
        self._seed = seed
        self._session: Session | None = None
        self._clock: OwnTime | None = None
        self._began = 0.0

    def answer(self, question: dict[str, Any]) -> list[Any]:
        """See :class:`Answering`."""
        name, args, kwargs = question["asks"], question.get("args"), question.get("kwargs")
        if not (isinstance(name, str) and name in self._names):
            raise WireError("nobody answers for that")
        if not (isinstance(args, list) and isinstance(kwargs, dict) and all(type(k) is str for k in kwargs)):
            raise WireError("no arguments")
        args = [self._argument(value) for value in args]
        kwargs = {key: self._argument(value) for key, value in kwargs.items()}
        message = request(Op.CALL, target=name, args=args, kwargs=kwargs)
        reply = self._ask(message, request_frame(message))
        if isinstance(reply.get("exception"), dict):
            # Without the traceback, in which lines of the solution stand.
            told = {key: reply["exception"].get(key) for key in ("bases", "text")}
            return encode({"exception": told})
        if "value" not in reply or holds_handle(reply):
            return encode({"exception": {"bases": ["TypeError"], "text": f"{name} gives no plain data here"}})
        return encode({"value": reply["value"]})

    def _argument(self, value: Any) -> Any:
        """Data as they are; in place of a function of the submission's that may be handed on, the solution's.

        Raises:
            WireError: it would name another object of the solution's.
        """
        if isinstance(value, Handle) and value.text in self._handed:
            message = request(Op.HANDLE, target=value.text)
            return self._ask(message, request_frame(message)).get("value")
        if holds_handle(value):
            raise WireError("a handle is no argument")
        return value

    def _ask(self, message: dict[str, Any], frame: list[Any]) -> dict[str, Any]:
        if self._session is None:
            helper = self._reference.helper()
            self._clock, self._began = helper.clock, helper.clock.look()
            self._session = helper.open_session(seconds=self._seconds, seed=self._seed, alone=True)
        try:
            return self._session.exchange(message, frame)
        except CandidateLost:
            self._reference.end_helper()
            raise

    def close(self) -> float:
        """Let go of the process that answered; the seconds of its own that it took."""
        spent = self._clock.look() - self._began if self._clock is not None else 0.0
        if self._session is not None and self._session.ended is None:
            self._reference.helper().close_session(self._session)
        self._session = self._clock = None
        return spent
