"""Answer the examiner's requests: call this, read that attribute, import a module.

Runs in the student's process. A request and a reply are one frame each (:mod:`autograder.wire`).
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import inspect
import io
import itertools
import operator
import os
import random
import re
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.protocol import Op
from autograder.wire import Channel, ChannelClosed, FrameLimits, Handle, ValueTooLarge, WireError, encode

_MAX_ITEMS = 10_000
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
"""Where an object lies differs from run to run, and what is said of a submission must not."""


class Server:
    """Serves one channel from a namespace.

    Args:
        channel: to the examiner.
        namespace: the notebook's names.
        reply_limits: how large a reply may be.
    """

    def __init__(self, channel: Channel, namespace: dict[str, Any], reply_limits: FrameLimits) -> None:
        self.channel = channel
        self.namespace = namespace
        self.reply_limits = reply_limits
        self.objects: list[Any] = []

    def answer(self, request: dict[str, Any]) -> None:
        """Do what the request says and send the reply."""
        self.channel.send_frame(self._reply(request))

    def _reply(self, request: dict[str, Any]) -> list[Any]:
        try:
            reply = self._do(request)
            # What the notebook's own names give is judged as the array that it is; what the examiner asks of
            # an object that it holds stays as it is.
            own = isinstance(request.get("target"), str)
            return encode(reply, fallback=self._array if own else self._handle, limits=self.reply_limits)
        except ValueTooLarge as error:
            return encode({"refused": str(error)})
        except MemoryError:
            return encode(
                {"exception": {"type": "MemoryError", "bases": ["MemoryError"], "text": "", "trace": ""}}
            )
        except WireError as error:
            return encode({"refused": str(error)})
        except BaseException as error:
            return encode({"exception": _describe(error)})

    def _handle(self, value: Any) -> Handle:
        self.objects.append(value)
        try:
            text = _ADDRESS.sub("", repr(value))
        except BaseException:
            text = ""
        return Handle(len(self.objects) - 1, type(value).__name__, text[:500])

    def _array(self, value: Any) -> Any:
        """A tensor, a table, whatever says that it is an array, as one; else a handle."""
        array = _as_array(value)
        return self._handle(value) if array is None else array

    def _resolve(self, value: Any) -> Any:
        if isinstance(value, Handle):
            return self.objects[value.number]
        if isinstance(value, tuple):
            return tuple(self._resolve(item) for item in value)
        if isinstance(value, list):
            return [self._resolve(item) for item in value]
        if isinstance(value, dict):
            return {key: self._resolve(item) for key, item in value.items()}
        return value

    def _do(self, request: dict[str, Any]) -> dict[str, Any]:
        operation = request["op"]
        if operation in _WITHOUT_TARGET:
            return {"value": _WITHOUT_TARGET[operation](self, request)}
        target = request["target"]
        if isinstance(target, str):
            if target not in self.namespace:
                return {"missing": target}
            subject = self.namespace[target]
        else:
            subject = self._resolve(target)
        if operation == Op.WATCH:
            return self._watch(subject, request)
        if operation not in _OF_A_TARGET:
            raise WireError(f"unknown operation {operation!r}")
        return {"value": _OF_A_TARGET[operation](self, subject, request)}

    def _begin(self, request: dict[str, Any]) -> None:
        seed_everything(request["seed"])
        if "tensorflow.python" in sys.modules:
            # For a handful of numbers a graph takes far longer to make than to run.
            sys.modules["tensorflow"].config.run_functions_eagerly(request["eager"])
        if request["forget"]:
            self.objects.clear()
            if "matplotlib.pyplot" in sys.modules:
                sys.modules["matplotlib.pyplot"].close("all")

    def _define(self, request: dict[str, Any]) -> dict[str, bool]:
        # The examiner's own variants of the solution; a student's process is never sent this.
        exec(compile(request["source"], "<variant>", "exec"), self.namespace)  # noqa: S102
        return {name: callable(value) for name, value in self.namespace.items() if name.isidentifier()}

    def _stand_in(self, request: dict[str, Any]) -> None:
        self.namespace.update(request["tables"])
        turns = threading.Lock()
        for name in request["names"]:
            self.namespace[name] = self._asking(name, turns)

    def _asking(self, name: str, turns: threading.Lock) -> Callable[..., Any]:
        """A function that is not here: it sends its arguments and gives or raises what comes back.

        Arguments that the student's function has under other names are sent by position.
        """
        signature = _signature(self.namespace.get(name))

        def ask(*args: Any, **kwargs: Any) -> Any:
            if kwargs and signature is not None:
                with contextlib.suppress(TypeError):  # it has no such argument: the solution's may
                    bound = signature.bind(*args, **kwargs)
                    args, kwargs = bound.args, bound.kwargs
            question = {"asks": name, "args": list(args), "kwargs": kwargs}
            try:
                frame = encode(question, limits=self.reply_limits, fallback=self._named)
            except WireError as error:
                raise TypeError(str(error)) from None
            with turns:
                self.channel.send_frame(frame)
                reply = self.channel.receive()
            if "exception" in reply:
                raise _raised(reply["exception"])
            return reply["value"]

        ask.__name__ = ask.__qualname__ = name
        if signature is not None:  # without a fork, the next stand-in finds this one here
            ask.__dict__["__signature__"] = signature
        return ask

    def _named(self, value: Any) -> Any:
        """An array as one; a function of the notebook's by its name: whoever answers has its own."""
        array = _as_array(value)
        if array is not None:
            return array
        name = getattr(value, "__name__", None)
        if not (type(name) is str and callable(value) and self.namespace.get(name) is value):
            raise TypeError(f"a {type(value).__name__} cannot be handed to a stand-in")
        return Handle(0, "function", name)

    def _import(self, request: dict[str, Any]) -> Handle:
        return self._handle(importlib.import_module(request["name"]))

    def _arguments(self, request: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        named = {key: self._resolve(item) for key, item in request["kwargs"].items()}
        return [self._resolve(item) for item in request["args"]], named

    def _call(self, subject: Any, request: dict[str, Any]) -> Any:
        arguments, named = self._arguments(request)
        return subject(*arguments, **named)

    def _several(self, subject: Any, request: dict[str, Any]) -> list[Any]:
        found = []
        for path, arguments in request["questions"]:
            value = operator.attrgetter(path)(subject)
            found.append(value if arguments is None else value(*self._resolve(arguments)))
        return found

    def _kept(self, subject: Any, request: dict[str, Any]) -> list[Any]:
        calls = [self._resolve(arguments) for arguments in request["calls"]]
        answers = [subject(*arguments) for arguments in calls]
        if request["overwrite"]:
            for value in itertools.chain.from_iterable(calls):
                if isinstance(value, np.ndarray):
                    value.fill(77)
        if request["part"] is not None:
            answers = [answer[request["part"]] for answer in answers]
        return [np.asarray(answer) for answer in answers] if request["as_arrays"] else answers

    def _watch(self, subject: Any, request: dict[str, Any]) -> dict[str, Any]:
        arguments, named = self._arguments(request)
        before = _generator_states()
        value = subject(*arguments, **named)
        same = before == _generator_states()
        # The arguments go back to the examiner, which compares them with what it sent.
        return {"value": value, "args": arguments, "kwargs": named, "generators": same}


_WITHOUT_TARGET: dict[str, Callable[[Server, dict[str, Any]], Any]] = {
    Op.BEGIN: Server._begin,
    Op.DEFINE: Server._define,
    Op.STAND_IN: Server._stand_in,
    Op.IMPORT: Server._import,
}
_OF_A_TARGET: dict[str, Callable[[Server, Any, dict[str, Any]], Any]] = {
    Op.VALUE: lambda server, subject, request: subject,
    Op.HANDLE: lambda server, subject, request: server._handle(subject),
    Op.GET: lambda server, subject, request: getattr(subject, request["attribute"]),
    Op.SEVERAL: Server._several,
    Op.ITEM: lambda server, subject, request: subject[server._resolve(request["key"])],
    Op.LENGTH: lambda server, subject, request: len(subject),
    Op.ITEMS: lambda server, subject, request: list(itertools.islice(subject, _MAX_ITEMS)),
    Op.TEXT: lambda server, subject, request: str(subject),
    Op.CALL: Server._call,
    Op.KEPT: Server._kept,
}


def _generator_states() -> tuple[Any, ...]:
    state = np.random.get_state(legacy=True)
    return (*(part.tobytes() if isinstance(part, np.ndarray) else part for part in state), random.getstate())


def _as_array(value: Any) -> Any:
    """What says that it is an array, as one; None if it is none, or holds no numbers."""
    try:
        array = np.asarray(value) if hasattr(type(value), "__array__") else None
    except Exception:  # symbolic tensors; and a student's class may do anything here
        return None
    return array if array is not None and array.dtype.kind in "biufc" else None


def _signature(function: Any) -> inspect.Signature | None:
    try:
        return inspect.signature(function) if callable(function) else None
    except Exception:  # built in; and a student's callable may do anything here
        return None


def _raised(description: dict[str, Any]) -> Exception:
    """The exception of the nearest built-in type, with the same text."""
    for base in description["bases"]:
        kind = getattr(builtins, base, None)
        try:
            error = kind(description["text"])  # type: ignore[misc]
        except TypeError:  # no class, or one that wants more than a text
            continue
        if isinstance(error, Exception):
            return error
    return RuntimeError(description["text"])


def _describe(error: BaseException) -> dict[str, Any]:
    """An exception as data: its type, the built-in types above it, its text, and the student's frames."""
    try:
        text = str(error)
    except BaseException:
        text = "(its message cannot be shown)"
    bases = [base.__name__ for base in type(error).__mro__ if base.__module__ == "builtins"]
    try:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != __file__]
        trace = "".join(traceback.format_list(frames[-12:]))
    except BaseException:
        trace = ""
    return {
        "type": type(error).__name__[:200],
        "bases": bases,
        "text": text[:4000],
        "trace": trace[-8000:],
    }


def seed_everything(seed: int) -> None:
    """Fix the global generators that the course's libraries use, without importing any of them."""
    random.seed(seed)
    np.random.seed(seed % (1 << 32))
    if "keras.src" in sys.modules:  # not merely the light stand-in of weeks without TensorFlow
        sys.modules["keras"].utils.set_random_seed(seed % (1 << 31))


def silence() -> None:
    """Send what the student's code prints while it is tested to nowhere."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    os.close(sink)
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), encoding="utf-8", errors="replace")
    sys.stderr = sys.stdout


def serve_until_closed(server: Server) -> None:
    """Answer requests until the examiner hangs up."""
    while True:
        try:
            request = server.channel.receive()
        except ChannelClosed:
            return
        server.answer(request)
