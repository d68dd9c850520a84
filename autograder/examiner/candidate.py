"""One submission's candidate as tests see it: call functions, hold handles, survive crashes.

The examiner keeps the clock. Whatever a candidate does, each wait here has a deadline after which the
candidate is killed, and what it sends is data to be judged, never an instruction.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from autograder.course import Limits
from autograder.examination import CellOutcome, Verdict
from autograder.examiner.checks import Strided
from autograder.examiner.errors import CandidateLost, GraderFault, MissingName, student_error
from autograder.examiner.zygote import Spawned, Zygote
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

_GRACE = 1.0
"""Seconds that a candidate gets to notice its own alarm before it is killed."""
_FORK_SECONDS = 5.0
_MAX_RESTARTS = 3


@dataclass(frozen=True)
class CellSource:
    """A code cell to run: position in the merged notebook, nbgrader's id, text."""

    index: int
    grade_id: str
    source: str
    skip: bool = False


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


@dataclass
class Log:
    """The calls of one test."""

    calls: list[LoggedCall] = field(default_factory=list)


class Lifeline(Protocol):
    """What a session tells its owner when the candidate gives no answer."""

    def lost(self, session: Session, verdict: Verdict) -> CandidateLost:
        """Kill what is to be killed and say how it ended."""

    def kept_waiting(self) -> float:
        """Seconds for which the machine kept the candidate waiting, since last asked."""


class Session:
    """Requests and replies with one forked candidate (or with the candidate itself).

    Args:
        channel: to it.
        names: the notebook's names, each with whether it can be called.
        lifeline: told when the candidate gives no answer.
        deadline: of everything in this session, by :func:`time.monotonic`.
    """

    def __init__(self, channel: Channel, names: dict[str, bool], lifeline: Lifeline, deadline: float) -> None:
        self.channel = channel
        self.names = names
        self.lifeline = lifeline
        self.deadline = deadline
        self.log = Log()
        self.ended: CandidateLost | None = None
        self.child: int | None = None
        self.used = 0

    def request(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send a request and wait for its reply.

        Raises:
            CandidateLost: there is no answer, or one that is no answer.
        """
        return self.exchange(message, _frame(message))

    def exchange(self, message: dict[str, Any], frame: list[Any]) -> dict[str, Any]:
        """The same for a request that is encoded already."""
        del message
        if self.ended is not None:
            raise self.ended
        try:
            self.channel.send_frame(frame, deadline=self.deadline)
            reply = self.channel.receive(deadline=self.deadline, extension=self.lifeline.kept_waiting)
        except ChannelTimeout:
            self.ended = self.lifeline.lost(self, Verdict.TIMEOUT)
        except ChannelClosed:
            self.ended = self.lifeline.lost(self, Verdict.CRASHED)
        except ValueTooLarge:
            self.ended = self.lifeline.lost(self, Verdict.OUTPUT)
        except WireError:
            self.ended = self.lifeline.lost(self, Verdict.PROTOCOL)
        else:
            if isinstance(reply, dict) and len(reply) >= 1:
                return reply
            self.ended = self.lifeline.lost(self, Verdict.PROTOCOL)
        raise self.ended

    def value(self, message: dict[str, Any], origin: Origin) -> Any:
        """The value that a request asks for, logged, and wrapped if it is a handle."""
        frame = _frame(message)
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
        message = {"op": "call", "target": target, "args": _plain(args), "kwargs": _plain(kwargs)}
        frame = _frame(message)
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
        """Call; also what the call changed besides: an argument's position or name, the generators, or None."""
        message = {"op": "watch", "target": target, "args": _plain(args), "kwargs": _plain(kwargs)}
        frame = _frame(message)
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
        data = b"".join(bytes(part) for part in frame)
        self.log.calls.append(
            LoggedCall(origin.function, origin.label, data, args, kwargs, value, raised, is_call)
        )


def _changed(message: dict[str, Any], reply: dict[str, Any]) -> str | None:
    args, kwargs = reply.get("args"), reply.get("kwargs")
    sent = message["args"]
    if not isinstance(args, list) or len(args) != len(sent) or not isinstance(kwargs, dict):
        raise CandidateLost(Verdict.PROTOCOL, "the answer was no answer")
    for position, (before, after) in enumerate(zip(sent, args, strict=True), start=1):
        if not _same(before, after):
            return f"its argument number {position}"
    for key, before in message["kwargs"].items():
        if not _same(before, kwargs.get(key)):
            return f"its argument {key!r}"
    return None if reply.get("generators") is True else "the state of the global random generator"


def _same(before: Any, after: Any) -> bool:
    """Whether data are equal in type, shape and value; a handle equals any handle."""
    if isinstance(before, StridedArray):
        before = before.array
    if isinstance(before, Handle):
        return isinstance(after, Handle)
    if isinstance(before, np.ndarray):
        return (
            isinstance(after, np.ndarray)
            and before.shape == after.shape
            and before.dtype == after.dtype
            and before.tobytes() == after.tobytes()
        )
    if isinstance(before, (list, tuple)):
        return (
            type(before) is type(after)
            and len(before) == len(after)
            and all(_same(b, a) for b, a in zip(before, after, strict=True))
        )
    if isinstance(before, dict):
        return (
            isinstance(after, dict)
            and before.keys() == after.keys()
            and all(_same(before[key], after[key]) for key in before)
        )
    return type(before) is type(after) and bool(before == after or (before != before and after != after))


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


def _frame(message: dict[str, Any]) -> list[Any]:
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
        if name not in self._session.names:
            raise MissingName(name)
        if self._session.names[name]:
            return RemoteFunction(self._session, name)
        return self._session.value({"op": "value", "target": name}, Origin(name, name))

    def import_module(self, name: str) -> Any:
        """A module, imported in the candidate."""
        return self._session.value({"op": "import", "name": name}, Origin())


class Candidate:
    """A submission from its first cell to its last test.

    Args:
        zygote: where it is forked from.
        cells: the merged notebook's code cells in order.
        limits: of the week.
        seed: of the week.
    """

    def __init__(self, zygote: Zygote, cells: Sequence[CellSource], limits: Limits, seed: int) -> None:
        self._zygote = zygote
        self._cells = cells
        self._limits = limits
        self._seed = seed
        self._spawned: Spawned | None = None
        self._main: Session | None = None
        self._shared: Session | None = None
        self._skipped: dict[int, CellOutcome] = {}
        self._restarts = 0
        self.outcomes: list[CellOutcome] = []
        self.names: dict[str, bool] = {}
        self.layers: tuple[str, ...] = ()
        self.forkable = True
        self.timings: dict[str, float] = {}

    # -- the notebook ---------------------------------------------------------------------------

    def run_cells(self) -> None:
        """Run the notebook; a cell that cannot be survived is left out and the rest run again without it."""
        while True:
            broken = self._attempt()
            if broken is None:
                return
            self._skipped[broken.index] = broken
            if len(self._skipped) > _MAX_RESTARTS:
                # Left with what the others define: nothing. Every later test says so.
                self.outcomes = self._merged_outcomes({})
                self.names = {}
                self._kill()
                return

    def _attempt(self) -> CellOutcome | None:
        started = time.perf_counter()
        self._kill()
        limits = self._limits
        self._spawned = spawned = self._zygote.spawn(
            {
                "memory_bytes": limits.memory,
                "processes": limits.processes,
                "scratch_bytes": limits.scratch,
                "cpu_seconds": int(limits.cells_seconds + limits.tests_seconds + limits.training_seconds) * 4
                + 60,
            },
            _libraries(self._cells),
        )
        self._add_time("fork", started)
        started = time.perf_counter()
        channel = spawned.channel
        channel.limits = FrameLimits(structure=2 * limits.output + (1 << 20), payload=limits.reply)
        done: dict[int, CellOutcome] = {}
        running: CellSource | None = None
        # What is skipped because it never ended has had its time already.
        budget = time.monotonic() + limits.cells_seconds
        try:
            channel.send(
                {
                    "cells": [
                        {"index": cell.index, "source": cell.source}
                        for cell in self._cells
                        if self._runs(cell)
                    ],
                    "seed": self._seed,
                    "cell_seconds": limits.cell_seconds,
                    "output": limits.output,
                    "reply": limits.reply,
                    "threads": self._zygote.threads,
                },
                deadline=time.monotonic() + 30,
            )
            layers = channel.receive(deadline=time.monotonic() + 30)
            if "failed" in layers:
                self._kill()
                raise GraderFault(f"a candidate could not start: {layers['failed']}")
            self.layers = tuple(str(layer) for layer in layers["layers"])
            self._add_time("confine", started)
            started = time.perf_counter()
            for cell in self._cells:
                if not self._runs(cell):
                    continue
                running = cell
                begun = time.monotonic()
                deadline = min(begun + limits.cell_seconds, budget) + _GRACE
                _expect(channel.receive(deadline=deadline, extension=self.kept_waiting), cell=int)
                message = channel.receive(deadline=deadline, extension=self.kept_waiting)
                done[cell.index] = _cell_outcome(cell, message)
            running = None
            ready = _expect(channel.receive(deadline=time.monotonic() + 10), names=dict, threads=int)
        except (ChannelClosed, ChannelTimeout, WireError, ValueError) as error:
            self._add_time("cells", started)
            where = running or self._cells[-1]
            verdict, message = self._why(error, where, budget)
            return CellOutcome(index=where.index, grade_id=where.grade_id, verdict=verdict, message=message)
        self._add_time("cells", started)
        self.names = {
            name: bool(value)
            for name, value in ready["names"].items()
            if isinstance(name, str) and name.isidentifier()
        }
        # More than one thread, and a fork would inherit locks that nobody will ever open.
        self.forkable = ready["threads"] == 1
        self.outcomes = self._merged_outcomes(done)
        self._main = None
        self._shared = None
        return None

    def _runs(self, cell: CellSource) -> bool:
        return not cell.skip and cell.index not in self._skipped

    def _merged_outcomes(self, done: dict[int, CellOutcome]) -> list[CellOutcome]:
        result = []
        for cell in self._cells:
            outcome = self._skipped.get(cell.index) or done.get(cell.index)
            if outcome is None:
                outcome = CellOutcome(index=cell.index, grade_id=cell.grade_id, verdict=Verdict.SKIPPED)
            result.append(outcome)
        return result

    def _why(self, error: Exception, cell: CellSource, budget: float) -> tuple[Verdict, str]:
        """How the candidate was lost while a cell ran."""
        position = f"cell {cell.index + 1}"
        if isinstance(error, ChannelTimeout):
            self._kill()
            if time.monotonic() > budget:
                return (
                    Verdict.TIMEOUT,
                    f"time limit of {self._limits.cells_seconds:g} s for all cells reached in {position}",
                )
            return Verdict.TIMEOUT, f"time limit of {self._limits.cell_seconds:g} s reached in {position}"
        if isinstance(error, ChannelClosed):
            verdict, text = self._ended()
            return verdict, f"{text} in {position}"
        self._kill()
        if isinstance(error, ValueTooLarge):
            return Verdict.OUTPUT, f"output limit of {_size(self._limits.output)} reached in {position}"
        return Verdict.PROTOCOL, f"the process sent something that is no answer in {position}"

    def _ended(self) -> tuple[Verdict, str]:
        """Why the whole candidate is gone, from its warden's exit code."""
        assert self._spawned is not None
        number = self._spawned.number
        self._kill()
        code = self._zygote.exit_code(number, seconds=3.0)
        return _explain(code, self._limits)

    # -- the tests ------------------------------------------------------------------------------

    def open_session(self, *, seconds: float, seed: int, fresh: bool = False, alone: bool = False) -> Session:
        """A session for one test.

        Tests take turns on one fork of the candidate as it stood after the last cell, which costs a small
        part of a fork each. A test that fails there has to be asked again with ``fresh``: then what an
        earlier test left behind cannot be the reason.

        Args:
            seconds: until the session's deadline.
            seed: of the global generators.
            fresh: on a fork that no test has used.
            alone: on a fork of its own, which the caller closes.
        """
        if not self._revive():
            return self._dead_session()
        if self.forkable:
            session = self._fork() if alone else self._turn(fresh=fresh)
        else:
            # A fork would inherit locks that nobody will ever open: all tests share the candidate itself.
            assert self._spawned is not None
            if self._main is None or self._main.ended is not None:
                self._main = Session(self._spawned.channel, self.names, self, 0.0)
            session = self._main
        if session is None:  # lost while it was forked
            return self.open_session(seconds=seconds, seed=seed, fresh=fresh, alone=alone)
        session.deadline = time.monotonic() + seconds
        session.log = Log()
        session.used += 1
        with contextlib.suppress(CandidateLost):
            session.request({"op": "begin", "seed": seed, "forget": self.forkable and not alone})
        return session

    def _revive(self) -> bool:
        """Whether there is a candidate; one that was lost is run again, if not too often."""
        if self._spawned is not None and self._spawned.pidfd >= 0:
            return True
        if len(self._skipped) > _MAX_RESTARTS or self._restarts >= _MAX_RESTARTS:
            return False
        self._restarts += 1
        self.run_cells()
        return self._spawned is not None and self._spawned.pidfd >= 0

    def _turn(self, *, fresh: bool) -> Session | None:
        turn = self._shared
        if turn is not None and (turn.ended is not None or (fresh and turn.used)):
            self.close_session(turn)
            turn = None
        self._shared = turn or self._fork()
        return self._shared

    def _fork(self) -> Session | None:
        """A new fork; None if the candidate does not answer, which is then killed."""
        assert self._spawned is not None
        channel = self._spawned.channel
        ours, theirs = socket.socketpair()
        deadline = time.monotonic() + _FORK_SECONDS
        try:
            channel.send_frame(_frame({"op": "fork"}), deadline=deadline)
            socket.send_fds(channel.socket, [b"F"], [theirs.fileno()])
            child = channel.receive(deadline=deadline, extension=self.kept_waiting).get("child")
        except (ChannelClosed, ChannelTimeout, WireError, OSError, AttributeError):
            ours.close()
            self._kill()
            return None
        finally:
            theirs.close()
        limits = FrameLimits(structure=4 << 20, payload=self._limits.reply)
        session = Session(Channel(ours, limits), self.names, self, 0.0)
        session.child = child if isinstance(child, int) else None
        return session

    def _dead_session(self) -> Session:
        ours, theirs = socket.socketpair()
        theirs.close()
        session = Session(Channel(ours), {}, self, time.monotonic() + 1)
        reason = next(iter(self._skipped.values()), None)
        verdict = reason.verdict if reason else Verdict.CRASHED
        text = reason.message if reason else "the process ended too often"
        session.ended = CandidateLost(verdict, f"the notebook could not be run to its end: {text}")
        return session

    def close_session(self, session: Session) -> None:
        """End a session's fork."""
        if session.child is None:
            return
        if session is self._shared:
            self._shared = None
        session.channel.close()
        if session.ended is None:
            self._end_child(session.child, kill=False)

    def lost(self, session: Session, verdict: Verdict) -> CandidateLost:
        """See :class:`Lifeline`."""
        limits = self._limits
        if session.child is None:
            if verdict is Verdict.CRASHED:
                verdict, text = self._ended()
            else:
                self._kill()
                text = _LOST[verdict]
        else:
            session.channel.close()
            code = self._end_child(session.child, kill=verdict is not Verdict.CRASHED)
            if verdict is Verdict.CRASHED:
                if self._spawned is None or self._spawned.pidfd < 0 or code is None:
                    verdict, text = (Verdict.CRASHED, "the process ended")
                    if self._spawned is not None and self._spawned.pidfd >= 0:
                        verdict, text = self._ended()
                else:
                    verdict, text = _explain(code, limits)
            else:
                text = _LOST[verdict]
        if verdict is Verdict.OUTPUT:
            text = f"reply limit of {_size(limits.reply)} reached"
        return CandidateLost(verdict, text)

    def kept_waiting(self) -> float:
        """See :class:`Lifeline`."""
        return self._spawned.kept_waiting() if self._spawned is not None and self._spawned.pidfd >= 0 else 0.0

    def _end_child(self, child: int, *, kill: bool) -> int | None:
        """Exit code of a test's fork; if the candidate does not say within a moment, all of it is killed."""
        if self._spawned is None or self._spawned.pidfd < 0:
            return None
        channel = self._spawned.channel
        try:
            deadline = time.monotonic() + _GRACE
            channel.send_frame(_frame({"op": "end", "child": child, "kill": kill}), deadline=deadline)
            code = channel.receive(deadline=deadline, extension=self.kept_waiting).get("code")
        except (ChannelClosed, ChannelTimeout, WireError, AttributeError) as error:
            if isinstance(error, ChannelClosed):
                return None
            self._kill()
            return None
        return code if isinstance(code, int) else None

    def close(self) -> None:
        """Kill what is left."""
        self._kill()

    def _kill(self) -> None:
        if self._spawned is not None:
            self._spawned.kill()

    def _add_time(self, part: str, started: float) -> None:
        self.timings[part] = self.timings.get(part, 0.0) + time.perf_counter() - started


_DATASET_IMPORT = re.compile(r"(tensorflow\.|tf\.)?keras\.datasets\b")


def _libraries(cells: Sequence[CellSource]) -> tuple[str, ...]:
    """Libraries beyond the usual ones that a notebook mentions: what is warm costs it nothing."""
    text = _DATASET_IMPORT.sub("", "\n".join(cell.source for cell in cells))
    found = {word for word in ("scipy", "tensorflow", "keras") if re.search(rf"\b{word}\b", text)}
    if "keras" in found:
        found = found - {"keras"} | {"tensorflow"}
    return tuple(sorted(found))


_LOST = {
    Verdict.TIMEOUT: "the time limit was reached",
    Verdict.OUTPUT: "the reply limit was reached",
    Verdict.PROTOCOL: "the process sent something that is no answer",
}


def _explain(code: int | None, limits: Limits) -> tuple[Verdict, str]:
    """A verdict from an exit code (negative: the number of a signal)."""
    from autograder.candidate import confinement

    if code == confinement.EXIT_MEMORY:
        return Verdict.MEMORY, f"memory limit of {_size(limits.memory)} reached"
    number = -code if code is not None and code < 0 else code - 128 if code is not None and code > 128 else 0
    if number == 24:
        return Verdict.TIMEOUT, "limit of processor time reached"
    if number == 25:
        return Verdict.OUTPUT, f"disk limit of {_size(limits.scratch)} reached"
    if number == 11:
        return Verdict.CRASHED, "the process crashed (segmentation fault)"
    if number:
        return Verdict.CRASHED, f"the process was ended by signal {number}"
    return Verdict.CRASHED, "the process ended itself"


def _size(count: int) -> str:
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= factor:
            return f"{count / factor:g} {unit}"
    return f"{count} bytes"


def _expect(message: Any, /, **fields: type) -> dict[str, Any]:
    if not isinstance(message, dict) or any(
        type(message.get(key)) is not kind for key, kind in fields.items()
    ):
        raise WireError("an event that is none")
    return message


def _cell_outcome(cell: CellSource, message: Any) -> CellOutcome:
    fields = _expect(message, verdict=str, message=str, outputs=bytes, seconds=float)
    try:
        outputs = json.loads(fields["outputs"])
        verdict = Verdict(fields["verdict"])
    except (ValueError, RecursionError):
        raise WireError("outputs that are none") from None
    if not isinstance(outputs, list):
        raise WireError("outputs that are none")
    count = fields.get("count")
    return CellOutcome(
        index=cell.index,
        grade_id=cell.grade_id,
        verdict=verdict,
        message=fields["message"][:1000],
        outputs=tuple(output for output in outputs if isinstance(output, dict)),
        execution_count=count if type(count) is int and 0 <= count < 10**6 else None,
        seconds=round(min(max(fields["seconds"], 0.0), 1e6), 6),
    )


__all__ = [
    "Candidate",
    "CellSource",
    "GraderFault",
    "LoggedCall",
    "RemoteFunction",
    "RemoteObject",
    "Session",
    "Submission",
]
