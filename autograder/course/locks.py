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
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from autograder.course.folders import Paths
from autograder.problem import GradeError, Problem

Say = Callable[[str], None]
_WRITING = "writing the gradebook"


class Taken(Problem):
    """Somebody else is at it.

    Attributes:
        holder: who, in words.
    """

    def __init__(self, holder: str, doing: str = _WRITING) -> None:
        super().__init__(f"{holder} is {doing} already: wait for it, or end it first.")
        self.holder = holder


def lock_file(paths: Paths) -> Path:
    """The file that is locked; what it says is of no matter to the lock."""
    return paths.cache / "gradebook.lock"


@contextlib.contextmanager
def turn(paths: Paths, say: Say | None = None, *, wait: bool = True) -> Iterator[bool]:
    """Be the only one that writes the course's gradebook, after the others that are at it.

    What is yielded is whether that is so: where no file can be locked (a file system without locks, a folder
    that cannot be written), there is nothing to wait for.

    Args:
        paths: the course's files.
        say: told in one sentence who has to end first, if there is somebody; on stderr if None.
        wait: for the others; otherwise it is a problem if there are any.

    Raises:
        Taken: somebody else writes the gradebook, and nobody is to wait.
    """
    with contextlib.ExitStack() as stack:
        alone = False
        with contextlib.suppress(OSError):
            _enter(lock_file(paths), stack, (say or _on_stderr) if wait else None)
            alone = sys.platform != "win32"
        yield alone


@contextlib.contextmanager
def only_one(file: Path, doing: str) -> Iterator[None]:
    """Be the only one that does something for long.

    Args:
        file: to be locked.
        doing: what, after "is".

    Raises:
        Taken: somebody does it already.
        GradeError: nobody can tell, since the file cannot be locked.
    """
    with contextlib.ExitStack() as stack:
        for last in (False, False, True):  # who only asks whether there is someone has it for a moment
            try:
                _enter(file, stack, None)
                break
            except Taken as taken:
                if last:
                    raise Taken(taken.holder, doing) from None
                time.sleep(0.1)
            except OSError as error:
                raise GradeError(
                    f"{file} cannot be locked ({error.strerror}), so that nobody could tell whether there is "
                    "another one: keep the course in a folder that can be written, on a disk with locks."
                ) from None
        yield


def someone_else(file: Path) -> str:
    """Who holds a lock, in words; empty if nobody does, or this process."""
    with contextlib.suppress(OSError), file.open("r+", encoding="utf-8") as opened:
        if not _lock(opened, wait=False):
            said = _read(opened)
            if said is None or said["pid"] != os.getpid():
                return _holder(opened)
    return ""


def _enter(path: Path, stack: contextlib.ExitStack, say: Say | None) -> None:
    """Take a lock for as long as the stack is open.

    Args:
        path: the file.
        stack: what keeps it.
        say: told for whom to wait; None: do not wait.

    Raises:
        Taken: somebody has it, and ``say`` is None.
        OSError: it cannot be locked.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = stack.enter_context(path.open("a+", encoding="utf-8"))
    if not _lock(file, wait=False):
        if say is None:
            raise Taken(_holder(file))
        say(f"Waiting for {_holder(file)}, which is {_WRITING}.")
        _lock(file, wait=True)
    with contextlib.suppress(OSError):  # a full disk: the lock holds without a name
        _sign(file)


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
    said = {"pid": os.getpid(), "since": now.isoformat(timespec="seconds"), "command": words}
    # Not through the file's buffer: what a full disk refuses would come back when the file is closed.
    os.ftruncate(file.fileno(), 0)
    os.write(file.fileno(), json.dumps(said).encode())


def _holder(file: IO[str]) -> str:
    """Who has signed, in words."""
    said = _read(file)
    if said is None:
        return "another run"
    since = dt.datetime.fromisoformat(said["since"])
    command = " ".join(said["command"])[:100]
    return f"`{command}` (process {said['pid']}, since {since:%H:%M:%S})"


def _read(file: IO[str]) -> dict[str, Any] | None:
    """What whoever holds the lock has signed with."""
    file.seek(0)
    with contextlib.suppress(ValueError):
        said = json.loads(file.read(10_000) or "null")
        if isinstance(said, dict):
            return said
    return None


def _on_stderr(text: str) -> None:
    print(f"autograder: {text}", file=sys.stderr, flush=True)
