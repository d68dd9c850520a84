"""Answer the examiner's requests: call this, read that attribute, import a module.

Runs in the student's process. A request and a reply are one frame each (:mod:`autograder.wire`).
"""

from __future__ import annotations

import importlib
import io
import os
import random
import re
import sys
import traceback
from typing import Any

import numpy as np

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
        try:
            array = np.asarray(value) if hasattr(type(value), "__array__") else None
        except Exception:  # symbolic tensors; and a student's class may do anything here
            array = None
        return self._handle(value) if array is None or array.dtype.kind not in "biufc" else array

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
        if operation == "begin":
            seed_everything(request["seed"])
            if "tensorflow.python" in sys.modules:
                # For a handful of numbers a graph takes far longer to make than to run.
                sys.modules["tensorflow"].config.run_functions_eagerly(request["eager"])
            if request["forget"]:
                self.objects.clear()
                if "matplotlib.pyplot" in sys.modules:
                    sys.modules["matplotlib.pyplot"].close("all")
            return {"value": None}
        if operation == "define":
            # The examiner's own variants of the solution; a student's process is never sent this.
            exec(compile(request["source"], "<variant>", "exec"), self.namespace)  # noqa: S102
            names = {name: callable(value) for name, value in self.namespace.items() if name.isidentifier()}
            return {"value": names}
        if operation == "import":
            return {"value": self._handle(importlib.import_module(request["name"]))}
        target = request["target"]
        if isinstance(target, str):
            if target not in self.namespace:
                return {"missing": target}
            subject = self.namespace[target]
        else:
            subject = self._resolve(target)
        if operation == "value":
            return {"value": subject}
        if operation == "handle":
            return {"value": self._handle(subject)}
        if operation == "get":
            return {"value": getattr(subject, request["attribute"])}
        if operation == "item":
            return {"value": subject[self._resolve(request["key"])]}
        if operation == "length":
            return {"value": len(subject)}
        if operation == "items":
            return {"value": [item for item, _ in zip(subject, range(_MAX_ITEMS), strict=False)]}
        if operation == "text":
            return {"value": str(subject)}
        arguments = [self._resolve(item) for item in request["args"]]
        named = {key: self._resolve(item) for key, item in request["kwargs"].items()}
        if operation == "call":
            return {"value": subject(*arguments, **named)}
        if operation == "watch":
            before = _generator_states()
            value = subject(*arguments, **named)
            same = before == _generator_states()
            # The arguments go back to the examiner, which compares them with what it sent.
            return {"value": value, "args": arguments, "kwargs": named, "generators": same}
        raise WireError(f"unknown operation {operation!r}")


def _generator_states() -> tuple[Any, ...]:
    state = np.random.get_state(legacy=True)
    return (*(part.tobytes() if isinstance(part, np.ndarray) else part for part in state), random.getstate())


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
