"""Programs that a cell starts: ``!ls``, ``files = !ls``, ``%%bash``, ``%pip list``.

IPython runs them at a terminal, of which a sandbox has none, or beside a thread that stays, with which a
notebook could not be forked for its tests any more. Here a program writes into files, which are read when it
has ended. Its exit code tells nothing about the notebook: like in Jupyter, the cell goes on.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

_INTERVAL = 0.05
"""Seconds between two looks at how much a program has written."""
_PATIENCE = 1.0
"""Seconds for a program that was killed to be gone; where signals are refused, it is left to the warden."""


@dataclass(frozen=True)
class Ended:
    """A program that has ended.

    Attributes:
        code: its exit code, negative for a signal.
        out: what it wrote.
        err: what it wrote to stderr, if that was wanted apart.
        cut: whether it wrote more than that, and was ended.
    """

    code: int
    out: str
    err: str = ""
    cut: bool = False


def execute(command: str | Sequence[str], *, room: int, given: str = "", apart: bool = False) -> Ended:
    """Run a program, or a line for the shell, and everything that it starts.

    What is still running when the program ends, in the background, ends too; so does all of it when the
    caller's time is up.

    Args:
        command: a line for the shell, or a program and its arguments.
        room: bytes that it may write. Soon after those it is ended.
        given: its standard input.
        apart: keep stderr apart from stdout.

    Raises:
        OSError: it could not be started.
    """
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3 if apart else 2)]
        source, *written = files
        source.write(given.encode("utf-8", "replace"))
        source.seek(0)
        process = subprocess.Popen(
            command, stdin=source, stdout=written[0], stderr=written[-1], **_kind(command)
        )
        try:
            _wait(process, written, room)
        finally:
            _end(process)
        return Ended(
            process.returncode or 0,
            _text(written[0], room),
            _text(written[1], room) if apart else "",
            cut=_size(written) > room,
        )


def _kind(command: str | Sequence[str]) -> dict[str, Any]:
    options: dict[str, Any] = {"process_group": 0} if os.name == "posix" else {}
    if isinstance(command, str):
        options["shell"] = True
        if os.name == "posix":  # what people type for Jupyter is bash's language more often than sh's
            options["executable"] = shutil.which("bash")
    return options


def _wait(process: subprocess.Popen[bytes], written: Sequence[IO[bytes]], room: int) -> None:
    while _size(written) <= room:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_INTERVAL)
            return


def _size(files: Sequence[IO[bytes]]) -> int:
    return sum(os.fstat(file.fileno()).st_size for file in files)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program, if it runs still, and what it left behind in its process group."""
    ended = False
    with contextlib.suppress(OSError):  # nothing is left, or signals are refused here
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
            ended = True
        else:
            process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_PATIENCE)
    if ended and process.returncode is not None:
        with contextlib.suppress(ChildProcessError):
            while True:  # orphans that the kernel handed to this process: dead, but they count as processes
                os.waitpid(-process.pid, 0)


def _text(file: IO[bytes], room: int) -> str:
    file.seek(0)
    return file.read(room).decode("utf-8", "replace")
