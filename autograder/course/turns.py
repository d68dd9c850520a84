"""One run at a time writes a course's gradebook: the others wait for their turn, and say for whom.

The lock is the kernel's (``flock``) and ends with the process that holds it, however that ends: there is no
stale one. What stands in the file only tells who it is.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from autograder.course.folders import Paths

Say = Callable[[str], None]


def lock_file(paths: Paths) -> Path:
    """The file that is locked; what it says is of no matter to the lock."""
    return paths.cache / "gradebook.lock"


@contextlib.contextmanager
def turn(paths: Paths, say: Say | None = None) -> Iterator[bool]:
    """Be the only one that writes the course's gradebook, after the others that are at it.

    What is yielded is whether that is so: where no file can be locked (a file system without locks, a folder
    that cannot be written), there is nothing to wait for.

    Args:
        paths: the course's files.
        say: told in one sentence who has to end first, if there is somebody; on stderr if None.
    """
    alone = False
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            lock_file(paths).parent.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(lock_file(paths).open("a+", encoding="utf-8"))
            if not _lock(file, wait=False):
                (say or _on_stderr)(f"Waiting for {_holder(file)}, which is writing the gradebook.")
                _lock(file, wait=True)
            alone = sys.platform != "win32"
            _sign(file)
        yield alone


def _lock(file: IO[str], *, wait: bool) -> bool:
    """Take the lock; False if somebody else has it.

    Raises:
        OSError: the file system knows no locks.
    """
    if sys.platform == "win32":  # there is no sandbox either: nobody grades a class there
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sign(file: IO[str]) -> None:
    """Say in the file who holds the lock."""
    now = dt.datetime.now().astimezone()
    words = [Path(sys.argv[0]).name, *sys.argv[1:]]
    file.truncate(0)
    json.dump({"pid": os.getpid(), "since": now.isoformat(timespec="seconds"), "command": words}, file)
    file.flush()


def _holder(file: IO[str]) -> str:
    """Who has signed, in words."""
    file.seek(0)
    said: Any = None
    with contextlib.suppress(ValueError):
        said = json.loads(file.read(10_000) or "null")
    if not isinstance(said, dict):
        return "another run"
    since = dt.datetime.fromisoformat(said["since"])
    command = " ".join(said["command"])[:100]
    return f"`{command}` (process {said['pid']}, since {since:%H:%M:%S})"


def _on_stderr(text: str) -> None:
    print(f"autograder: {text}", file=sys.stderr, flush=True)
