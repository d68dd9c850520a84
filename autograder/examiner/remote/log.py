"""What a test asked and was answered, and how much of that there may be."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any

from autograder.examination import Verdict
from autograder.examiner.remote.errors import CandidateLost
from autograder.messages import Message, fact


@dataclass(frozen=True)
class LoggedCall:
    """One call and its answer, as data: what misconceptions are recognised by.

    Attributes:
        function: the notebook's name that it goes back to: for ``figure.axes`` the function that
            returned the figure.
        label: how the thing called is written, for people.
        frame: the request's bytes, which name the arguments exactly.
        args, kwargs: the arguments as sent.
        value: what came back (data or Handle), or an exception.
        raised: whether ``value`` is an exception.
        is_call: a call, not an attribute or the like.
    """

    function: str
    label: str
    frame: bytes
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    value: Any
    raised: bool
    is_call: bool = True


@dataclass(frozen=True)
class Omitted:
    """Stands in a log for a value that was too large to be kept.

    Attributes:
        type_name: of the value.
    """

    type_name: str

    def __repr__(self) -> str:
        return f"<{self.type_name}, too large to be kept>"


_MOST_REQUESTS = 10_000
MOST_RECEIVED = 512 << 20
"""What one test may ask and be answered: objects without end answer each question at once."""


@dataclass
class Log:
    """The calls of one test.

    Attributes:
        calls: in order.
        requests: how many questions were asked.
        received: bytes of memory that the answers may have taken, whether they are still there or not.
        recorded: the part of it that belongs to the calls.
        until: processor time of this thread at which the test has used up the examiner's patience.
    """

    calls: list[LoggedCall] = field(default_factory=list)
    requests: int = 0
    received: int = 0
    recorded: int = 0
    until: float = math.inf

    @property
    def full(self) -> bool:
        """Whether nothing more may be asked."""
        return (
            self.requests >= _MOST_REQUESTS
            or self.received > MOST_RECEIVED
            or time.thread_time() > self.until
        )


@dataclass
class Memory:
    """What the logs of all tests of one submission may keep.

    Attributes:
        left: bytes.
    """

    left: int = 256 << 20


@dataclass
class Budget:
    """Which functions of one submission are still called, so that a slow one costs no other its points.

    Attributes:
        together: seconds of the submission's own for all tests; when they are used up, what has used more
            than its share is not called again.
        share: seconds that each function has in any case.
        strikes: times in a row that a function ran into a limit.
        most_strikes: after so many it is not called again.
        used: seconds by function.
        spent: seconds of all tests.
    """

    together: float = math.inf
    share: float = math.inf
    strikes: dict[str, int] = field(default_factory=dict)
    most_strikes: int = 2
    used: dict[str, float] = field(default_factory=dict)
    spent: float = 0.0

    def charge(self, seconds: float, waits: dict[str, float]) -> None:
        """A test has used these seconds, by function in the proportion of ``waits``."""
        self.spent += seconds
        waited = sum(waits.values()) or 1.0
        for function, wait in waits.items():
            self.used[function] = self.used.get(function, 0.0) + seconds * wait / waited

    def refusal(self, function: str) -> Message | None:
        """Why a function is not called any more; None if it is."""
        if self.strikes.get(function, 0) >= self.most_strikes:
            return fact("not-called-again", function=function)
        if self.spent >= self.together and self.used.get(function, 0.0) >= self.share:
            return fact("not-called-in-time", function=function, seconds=f"{self.together:g}")
        return None

    def note(self, function: str, error: BaseException | None) -> None:
        """A function was called, with this outcome."""
        if isinstance(error, CandidateLost) and error.verdict in (Verdict.TIMEOUT, Verdict.MEMORY):
            self.strikes[function] = self.strikes.get(function, 0) + 1
        else:
            self.strikes.pop(function, None)
