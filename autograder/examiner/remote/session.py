"""Talk with a candidate as tests do: call functions, hold objects that stay there, keep a log.

Whatever a candidate does, each wait here has a deadline, and what it sends is data to be judged, never an
instruction.
"""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Sequence
from typing import Any, Protocol

from autograder.examination import Verdict
from autograder.examiner.remote.errors import CandidateLost, MissingName, student_error
from autograder.examiner.remote.log import MOST_RECEIVED, Budget, Log, LoggedCall, Memory, Omitted
from autograder.examiner.remote.objects import Origin, RemoteObject, plain
from autograder.examiner.remote.own_time import OwnTime
from autograder.examiner.remote.values import same
from autograder.messages import Message, fact
from autograder.protocol import Op, request
from autograder.wire import (
    Channel,
    ChannelClosed,
    ChannelTimeout,
    FrameLimits,
    Handle,
    ValueTooLarge,
    WireError,
    encode,
)


class Lifeline(Protocol):
    """What a session tells its owner when the candidate gives no answer.

    Attributes:
        clock: of what the candidate uses.
    """

    clock: OwnTime

    def lost(self, session: Session, verdict: Verdict) -> CandidateLost:
        """Kill what is to be killed and say how it ended."""


class Answering(Protocol):
    """Who answers what a candidate asks while it is asked."""

    def answer(self, question: dict[str, Any]) -> list[Any]:
        """The frame of the answer.

        Raises:
            CandidateLost: there is none.
            WireError: this is no question.
        """


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
        self.answering: Answering | None = None
        """Answers what the candidate asks in the middle of a request; None where it may ask nothing."""
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
        self.end = self.lifeline.clock.total + seconds  # as of the look at the end of the test before
        self.log = Log(until=time.thread_time() + seconds)
        self.used += 1
        self.waits = {}
        # Goes with the first question: whoever asks nothing needs no beginning either.
        self._opening = request_frame(request(Op.BEGIN, seed=seed, forget=forget, eager=eager))

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
            self.ended = CandidateLost(Verdict.OUTPUT, fact("no-end"))
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
        waited = 0.0
        try:
            if clock.total >= self.end:
                raise ChannelTimeout
            self.channel.send_frame([*opening, *frame], deadline=wait.deadline, extension=wait.extension)
            if opening:
                self.channel.receive(deadline=wait.deadline, extension=wait.extension)
            reply = self.channel.receive(deadline=wait.deadline, extension=wait.extension)
            while self.answering is not None and isinstance(reply, dict) and "asks" in reply:
                wait.over()  # what others compute meanwhile is not the candidate's time
                waited += wait.seconds
                answer = self._answer(self.answering, reply, received)
                wait = clock.wait(self.end)
                self.channel.send_frame(answer, deadline=wait.deadline, extension=wait.extension)
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
            self._waited = waited + wait.seconds
        raise self.ended

    def _answer(self, answering: Answering, question: dict[str, Any], received: int) -> list[Any]:
        """The answer to a question of the candidate's, which counts as a request does."""
        self.log.requests += 1
        if self.log.full or self.log.received + self.channel.received - received > MOST_RECEIVED:
            raise ValueTooLarge("no end of questions")
        try:
            return answering.answer(question)
        except CandidateLost as lost:
            raise ChannelTimeout from lost

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
            raise CandidateLost(Verdict.OUTPUT, fact("too-large", why=reply["refused"][:200]))
        raise CandidateLost(Verdict.PROTOCOL, fact("invalid-answer"))

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
        message = request(Op.CALL, target=target, args=plain(args), kwargs=plain(kwargs))
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
    ) -> tuple[Any, Message | None]:
        """Call; also what it changed besides: an argument's position or name, the generators, or None."""
        self._spare(origin)
        message = request(Op.WATCH, target=target, args=plain(args), kwargs=plain(kwargs))
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

    def answers_kept(self, origin: Origin, target: Any, calls: Sequence[tuple[Any, ...]], **how: Any) -> Any:
        """What several calls returned, looked at after the last; see :attr:`Op.KEPT` for how."""
        self._spare(origin)
        asked = [list(plain(arguments)) for arguments in calls]
        return self.value(request(Op.KEPT, target=target, calls=asked, **how), origin.of_result())

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
        return session.ended or CandidateLost(verdict, fact("ended"))


def _changed(message: dict[str, Any], reply: dict[str, Any]) -> Message | None:
    args, kwargs = reply.get("args"), reply.get("kwargs")
    sent = message["args"]
    if not isinstance(args, list) or len(args) != len(sent) or not isinstance(kwargs, dict):
        raise CandidateLost(Verdict.PROTOCOL, fact("invalid-answer"))
    for position, (before, after) in enumerate(zip(sent, args, strict=True), start=1):
        if not same(before, after):
            return fact("argument-number", number=position)
    for key, before in message["kwargs"].items():
        if not same(before, kwargs.get(key)):
            return fact("argument", name=repr(key))
    return None if reply.get("generators") is True else fact("generators")


def request_frame(message: dict[str, Any]) -> list[Any]:
    if isinstance(message.get("args"), tuple):
        message["args"] = list(message["args"])
    return encode(message, limits=FrameLimits(structure=32 << 20, payload=1 << 30))
