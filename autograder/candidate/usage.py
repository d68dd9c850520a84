"""Take down how a cell that the course wrote uses the functions that students write.

Only the solution's process is ever watched so.
"""

from __future__ import annotations

import functools
import random
import zlib
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Any

import matplotlib
import numpy as np

from autograder.wire import WireError, encode

_MOST_BYTES = 8 << 20
"""Of arguments: a cell that passes more on is run each time."""


class Usage:
    """While it is open, calls of some of the notebook's functions are noted.

    Args:
        namespace: the notebook's names.
        names: functions of students; other values among them are of no interest.
        source: of the cell that is to run.
    """

    def __init__(self, namespace: dict[str, Any], names: Collection[str], source: str) -> None:
        self._namespace = namespace
        self._originals = {name: namespace[name] for name in names if callable(namespace.get(name))}
        names = compile(source, "<cell>", "exec", dont_inherit=True).co_names
        values = [namespace.get(name) for name in names]
        self._arrays = [value for value in values if isinstance(value, np.ndarray)]
        self._frames: list[bytes] | None = []
        self._room = _MOST_BYTES
        self._inside = False

    def __enter__(self) -> Usage:
        self._noting = {name: self._noting_calls(name, value) for name, value in self._originals.items()}
        self._namespace.update(self._noting)
        self._before = self._surroundings()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before != self._surroundings():
            self._frames = None
        for name, wrapper in self._noting.items():
            if self._namespace.get(name) is wrapper:
                self._namespace[name] = self._originals[name]
            else:
                self._frames = None

    @property
    def frames(self) -> list[bytes] | None:
        """The calls as requests; None if the cell does more than call them with data and show something."""
        return self._frames

    def _noting_calls(self, name: str, function: Any) -> Any:
        @functools.wraps(function)
        def noting(*args: Any, **kwargs: Any) -> Any:
            if self._inside:  # one function of the solution calls another
                return function(*args, **kwargs)
            self._inside = True
            try:
                self._note({"op": "watch", "target": name, "args": list(args), "kwargs": kwargs})
                return function(*args, **kwargs)
            finally:
                self._inside = False

        return noting

    def _note(self, request: dict[str, Any]) -> None:
        if self._frames is None:
            return
        try:
            frame = b"".join(encode(request))
        except (WireError, TypeError):  # an argument that is no data
            self._frames = None
            return
        self._frames.append(frame)
        self._room -= len(frame)
        if self._room < 0:
            self._frames = None

    def _surroundings(self) -> list[Any]:
        """What a cell should leave as it is: generators, settings, files, and the arrays it reads."""
        state = np.random.get_state(legacy=False)["state"]
        settings = sorted((key, repr(value)) for key, value in dict.items(matplotlib.rcParams))
        sums = [zlib.crc32(np.ascontiguousarray(array).tobytes()) for array in self._arrays]
        return [str(state), random.getstate(), settings, sorted(Path().iterdir()), sums]
