"""Workers of one course work side by side, and one of them can have the machine to itself for a while."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from autograder.examiner.remote.own_time import OwnTime

try:
    import fcntl
except ImportError:  # Windows, where only a student's own notebook is checked
    fcntl = None  # type: ignore[assignment]

_PAUSE = 0.05


class MachineLock:
    """Locks of the workers that share a folder; where it cannot be written to, everybody goes on alone.

    Whoever wants to be alone closes the gate first, or others would go in and out for ever.

    Args:
        folder: the course's own.
    """

    def __init__(self, folder: Path) -> None:
        self._gate: IO[bytes] | None = None
        self._room: IO[bytes] | None = None
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            self._gate = open(folder / "gate.lock", "ab")  # noqa: SIM115
            self._room = open(folder / "room.lock", "ab")  # noqa: SIM115

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Work beside others."""
        with self._held(self._gate, alone=False):
            room = contextlib.ExitStack()
            room.enter_context(self._held(self._room, alone=False))
        with room:
            yield

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Work while none of the others does."""
        with self._held(self._gate, alone=True), self._held(self._room, alone=True):
            yield

    @contextlib.contextmanager
    def _held(self, file: IO[bytes] | None, *, alone: bool) -> Iterator[None]:
        if file is None or fcntl is None:
            yield
            return
        kind = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
        while True:
            try:
                fcntl.flock(file, kind | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                OwnTime.sign_of_life()
                time.sleep(_PAUSE)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)
