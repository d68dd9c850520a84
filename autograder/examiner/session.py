"""Talk with a candidate as tests do: call functions, hold objects that stay there, keep a log.

Whatever a candidate does, each wait here has a deadline, and what it sends is data to be judged, never an
instruction.
"""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from autograder.examination import Verdict
from autograder.examiner.checks import Strided
from autograder.examiner.errors import CandidateLost, MissingName, student_error
from autograder.examiner.own_time import OwnTime
from autograder.examiner.values import same
from autograder.wire import (
    Channel,
    ChannelClosed,
    ChannelTimeout,
    FrameLimits,
    Handle,
    StridedArray,
    ValueTooLarge,
    WireError,
    encode,
)


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
_MOST_RECEIVED = 512 << 20
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
            or self.received > _MOST_RECEIVED
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
        strikes: tests in a row in which a function ran into a limit.
        used: seconds by function.
        spent: seconds of all tests.
    """

    together: float = math.inf
    share: float = math.inf
    strikes: dict[str, int] = field(default_factory=dict)
    used: dict[str, float] = field(default_factory=dict)
    spent: float = 0.0

    def charge(self, seconds: float, waits: dict[str, float]) -> None:
        """A test has used these seconds, by function in the proportion of ``waits``."""
        self.spent += seconds
        waited = sum(waits.values()) or 1.0
        for function, wait in waits.items():
            self.used[function] = self.used.get(function, 0.0) + seconds * wait / waited

    def refusal(self, function: str) -> str:
        """Why a function is not called any more; empty if it is."""
        if self.strikes.get(function, 0) >= 2:
            return f"`{function}` was not called again: it ran into a limit in two tests before"
        if self.spent >= self.together and self.used.get(function, 0.0) >= self.share:
            return f"the time limit of {self.together:g} s for all tests was used up"
        return ""

    def note(self, function: str, error: BaseException | None) -> None:
        """A function was called, with this outcome."""
        if isinstance(error, CandidateLost) and error.verdict in (Verdict.TIMEOUT, Verdict.MEMORY):
            self.strikes[function] = self.strikes.get(function, 0) + 1
        else:
            self.strikes.pop(function, None)


class Lifeline(Protocol):
    """What a session tells its owner when the candidate gives no answer.

    Attributes:
        clock: of what the candidate uses.
    """

    clock: OwnTime

    def lost(self, session: Session, verdict: Verdict) -> CandidateLost:
        """Kill what is to be killed and say how it ended."""


class Session:
    """Requests and replies with one forked candidate (or with the candidate itself).

    Args:
        channel: to it.
        names: the notebook's names, each with whether it can be called.
        lifeline: told when the candidate gives no answer.
    """

    def __init__(self, channel: Channel, names: dict[str, bool], lifeline: Lifeline) -> None:
        self.channel = channel
        self.names = names
        self.lifeline = lifeline
        self.end = math.inf
        """What the clock shows when the time for all answers is up."""
        self.log = Log()
        self.ended: CandidateLost | None = None
        self.child: int | None = None
        self.used = 0
        self.budget = Budget()
        self.memory = Memory()
        self.waits: dict[str, float] = {}
        """Seconds for which answers of the test were waited for, by function."""
        self._waited = 0.0
        self._opening: list[Any] = []

    def begin(self, *, seconds: float, seed: int, forget: bool, eager: bool) -> None:
        """Begin another test.

        Args:
            seconds: of its own that the candidate has for all its answers together.
            seed: of the global generators.
            forget: let go of the objects that earlier tests hold.
            eager: have TensorFlow make no graphs.
        """
        self.end = self.lifeline.clock.look() + seconds
        self.log = Log(until=time.thread_time() + seconds)
        self.used += 1
        self.waits = {}
        # Goes with the first question: whoever asks nothing needs no beginning either.
        self._opening = request_frame({"op": "begin", "seed": seed, "forget": forget, "eager": eager})

    def request(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send a request and wait for its reply.

        Raises:
            CandidateLost: there is no answer, or one that is no answer.
        """
        return self.exchange(message, request_frame(message))

    def exchange(self, message: dict[str, Any], frame: list[Any]) -> dict[str, Any]:
        """The same for a request that is encoded already."""
        del message
        if self.ended is not None:
            raise self.ended
        if self.log.full:
            self.lifeline.lost(self, Verdict.OUTPUT)
            self.ended = CandidateLost(Verdict.OUTPUT, "what came back has no end, or is too much to judge")
            raise self.ended
        reply = self._answered(frame)
        self.log.requests += 1
        if isinstance(reply, dict) and len(reply) >= 1:
            return reply
        self.ended = self.lifeline.lost(self, Verdict.PROTOCOL)
        raise self.ended

    def _answered(self, frame: list[Any]) -> Any:
        received = self.channel.received
        opening, self._opening = self._opening, []
        clock = self.lifeline.clock
        wait = clock.wait(self.end)
        try:
            if clock.total >= self.end:
                raise ChannelTimeout
            self.channel.send_frame([*opening, *frame], deadline=wait.deadline, extension=wait.extension)
            if opening:
                self.channel.receive(deadline=wait.deadline, extension=wait.extension)
            reply = self.channel.receive(deadline=wait.deadline, extension=wait.extension)
        except ChannelTimeout:
            self.ended = self.lifeline.lost(self, Verdict.TIMEOUT)
        except ChannelClosed:
            self.ended = self.lifeline.lost(self, Verdict.CRASHED)
        except ValueTooLarge:
            self.ended = self.lifeline.lost(self, Verdict.OUTPUT)
        except WireError:
            self.ended = self.lifeline.lost(self, Verdict.PROTOCOL)
        else:
            self.log.received += self.channel.received - received
            return reply
        finally:
            wait.over()
            self._waited = wait.seconds
        raise self.ended

    def value(self, message: dict[str, Any], origin: Origin) -> Any:
        """The value that a request asks for, logged, and wrapped if it is a handle."""
        frame = request_frame(message)
        try:
            value = self.unpack(self.exchange(message, frame))
        except (Exception, CandidateLost) as error:
            self._record(origin, frame, (), {}, error, raised=True, is_call=False)
            raise
        self._record(origin, frame, (), {}, value, raised=False, is_call=False)
        return self.wrap(value, origin)

    def unpack(self, reply: dict[str, Any]) -> Any:
        """The value of a reply; raises what the reply says was raised."""
        if "value" in reply:
            return reply["value"]
        if isinstance(reply.get("exception"), dict):
            raise student_error(reply["exception"])
        if isinstance(reply.get("missing"), str):
            raise MissingName(reply["missing"][:200])
        if isinstance(reply.get("refused"), str):
            raise CandidateLost(
                Verdict.OUTPUT, f"what came back is too large to judge: {reply['refused'][:200]}"
            )
        raise CandidateLost(Verdict.PROTOCOL, "the answer was no answer")

    def _spare(self, origin: Origin) -> None:
        """Do not call what would only run into a limit once more."""
        if refusal := self.budget.refusal(origin.function):
            raise CandidateLost(Verdict.TIMEOUT, refusal)

    def wrap(self, value: Any, origin: Origin) -> Any:
        """Handles as objects that tests use naturally."""
        if isinstance(value, Handle):
            return RemoteObject(self, value, origin)
        if isinstance(value, tuple):
            return tuple(self.wrap(item, origin) for item in value)
        if isinstance(value, list):
            return [self.wrap(item, origin) for item in value]
        if isinstance(value, dict):
            return {key: self.wrap(item, origin) for key, item in value.items()}
        return value

    def call(self, origin: Origin, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call and log."""
        self._spare(origin)
        message = {"op": "call", "target": target, "args": _plain(args), "kwargs": _plain(kwargs)}
        frame = request_frame(message)
        try:
            value = self.unpack(self.exchange(message, frame))
        except (Exception, CandidateLost) as error:
            self._record(origin, frame, args, kwargs, error, raised=True)
            raise
        self._record(origin, frame, args, kwargs, value, raised=False)
        return self.wrap(value, origin.of_result())

    def call_watched(
        self, origin: Origin, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Any, str | None]:
        """Call; also what it changed besides: an argument's position or name, the generators, or None."""
        self._spare(origin)
        message = {"op": "watch", "target": target, "args": _plain(args), "kwargs": _plain(kwargs)}
        frame = request_frame(message)
        try:
            reply = self.exchange(message, frame)
            value = self.unpack(reply)
        except (Exception, CandidateLost) as error:
            self._record(origin, frame, args, kwargs, error, raised=True)
            raise
        changed = _changed(message, reply)
        self._record(origin, frame, args, kwargs, (value, changed), raised=False)
        return self.wrap(value, origin.of_result()), changed

    def _record(
        self,
        origin: Origin,
        frame: list[Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        value: Any,
        *,
        raised: bool,
        is_call: bool = True,
    ) -> None:
        if not origin.function:  # a library's module: what it answers says nothing of the student
            return
        self.budget.note(origin.function, value if raised else None)
        self.waits[origin.function] = self.waits.get(origin.function, 0.0) + self._waited
        data = b"".join(frame)
        size = len(data) + self.log.received - self.log.recorded
        self.log.recorded = self.log.received
        self.memory.left -= size
        if self.memory.left < 0 and not raised:
            self.memory.left += size
            value = Omitted(type(value).__name__)
        self.log.calls.append(
            LoggedCall(origin.function, origin.label, data, args, kwargs, value, raised, is_call)
        )


def ended_session(reason: CandidateLost) -> Session:
    """A session in which every request ends with ``reason``."""
    ours, theirs = socket.socketpair()
    ours.close()
    theirs.close()
    session = Session(Channel(ours), {}, _NoOne())
    session.ended = reason
    return session


class _NoOne:
    """The lifeline of a session that has ended before it began."""

    def __init__(self) -> None:
        self.clock = OwnTime()

    def lost(self, session: Session, verdict: Verdict) -> CandidateLost:
        """See :class:`Lifeline`."""
        return session.ended or CandidateLost(verdict, "the process ended")


def _changed(message: dict[str, Any], reply: dict[str, Any]) -> str | None:
    args, kwargs = reply.get("args"), reply.get("kwargs")
    sent = message["args"]
    if not isinstance(args, list) or len(args) != len(sent) or not isinstance(kwargs, dict):
        raise CandidateLost(Verdict.PROTOCOL, "the answer was no answer")
    for position, (before, after) in enumerate(zip(sent, args, strict=True), start=1):
        if not same(before, after):
            return f"its argument number {position}"
    for key, before in message["kwargs"].items():
        if not same(before, kwargs.get(key)):
            return f"its argument {key!r}"
    return None if reply.get("generators") is True else "the state of the global random generator"


def _plain(value: Any) -> Any:
    """Arguments ready for the wire: remote objects as their handles."""
    if isinstance(value, RemoteObject):
        return value._handle
    if isinstance(value, RemoteFunction):
        return value._fetch()._handle
    if isinstance(value, Strided):
        return StridedArray(value.array)
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(_plain(item) for item in value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def request_frame(message: dict[str, Any]) -> list[Any]:
    if isinstance(message.get("args"), tuple):
        message["args"] = list(message["args"])
    return encode(message, limits=FrameLimits(structure=32 << 20, payload=1 << 30))


@dataclass(frozen=True)
class Origin:
    """Where an object comes from: the notebook's name at its root, and how it is written."""

    function: str = ""
    label: str = ""

    def of_result(self) -> Origin:
        """The origin of what a call returns."""
        return Origin(self.function, f"{self.label}(…)")

    def of_attribute(self, name: str) -> Origin:
        """The origin of an attribute."""
        return Origin(self.function, f"{self.label}.{name}")

    def of_item(self, key: Any) -> Origin:
        """The origin of an item."""
        return Origin(self.function, f"{self.label}[{key!r}]"[:200])


class RemoteObject:
    """An object that stays in the candidate; attributes, calls, items, len and iteration go there."""

    def __init__(self, session: Session, handle: Handle, origin: Origin) -> None:
        self._session = session
        self._handle = handle
        self._origin = origin

    @property
    def remote_type(self) -> str:
        """The class's name, as the candidate tells it."""
        return self._handle.type_name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        message = {"op": "get", "target": self._handle, "attribute": name}
        return self._session.value(message, self._origin.of_attribute(name))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._session.call(self._origin, self._handle, args, kwargs)

    def call_watched(self, *args: Any, **kwargs: Any) -> tuple[Any, str | None]:
        """See :meth:`Session.call_watched`."""
        return self._session.call_watched(self._origin, self._handle, args, kwargs)

    def __getitem__(self, key: Any) -> Any:
        message = {"op": "item", "target": self._handle, "key": _plain(key)}
        return self._session.value(message, self._origin.of_item(key))

    def __len__(self) -> int:
        length = self._session.value({"op": "length", "target": self._handle}, self._origin)
        if type(length) is not int or not 0 <= length < 1 << 31:
            raise CandidateLost(Verdict.PROTOCOL, "a length that is none")
        return length

    def __iter__(self) -> Iterator[Any]:
        items = self._session.value({"op": "items", "target": self._handle}, self._origin)
        if not isinstance(items, list):
            raise CandidateLost(Verdict.PROTOCOL, "items that are none")
        return iter(items)

    def __bool__(self) -> bool:
        return True

    def __str__(self) -> str:
        text = self._session.value({"op": "text", "target": self._handle}, self._origin)
        return text if isinstance(text, str) else ""

    def __repr__(self) -> str:
        return self._handle.text or f"<{self._handle.type_name}>"


class RemoteFunction:
    """A function of the notebook, by name."""

    def __init__(self, session: Session, name: str) -> None:
        self._session = session
        self._origin = Origin(name, name)
        self.__name__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._session.call(self._origin, self.__name__, args, kwargs)

    def call_watched(self, *args: Any, **kwargs: Any) -> tuple[Any, str | None]:
        """See :meth:`Session.call_watched`."""
        return self._session.call_watched(self._origin, self.__name__, args, kwargs)

    def _fetch(self) -> RemoteObject:
        value = self._session.value({"op": "handle", "target": self.__name__}, self._origin)
        if not isinstance(value, RemoteObject):
            raise CandidateLost(Verdict.PROTOCOL, "a handle that is none")
        return value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._fetch(), name)

    def __repr__(self) -> str:
        return f"<function {self.__name__} of the submission>"


class Submission:
    """The fixture ``submission``: the notebook's names as attributes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        # Hypothesis asks every fixture whether it is a mock.
        if name.startswith(("__", "hypothesis_internal")):
            raise AttributeError(name)
        if self._session.ended is not None:
            raise self._session.ended
        kind = self._session.names.get(name)
        if kind is None:
            raise MissingName(name)
        if kind:
            return RemoteFunction(self._session, name)
        return self._session.value({"op": "value", "target": name}, Origin(name, name))

    def import_module(self, name: str) -> Any:
        """A module, imported in the candidate."""
        return self._session.value({"op": "import", "name": name}, Origin())
