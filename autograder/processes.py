"""Processes and what stems from them, as the kernel tells it; on Linux."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import suppress

_PR_SET_PDEATHSIG = 1


def die_with_parent(signal_number: int) -> None:
    """Ask for a signal when the parent ends. Forgotten on fork, and on any change of uid or gid.

    Raises:
        OSError: the kernel refuses.
    """
    words = [ctypes.c_ulong(value) for value in (signal_number, 0, 0, 0)]
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, *words) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"PR_SET_PDEATHSIG: {os.strerror(number)}")


def descendants(pid: int) -> Iterator[int]:
    """Processes that stem from one, whose children have not been handed to another parent."""
    found = [pid]
    while found:
        parent = found.pop()
        try:
            threads = os.listdir(f"/proc/{parent}/task")  # noqa: PTH208  called often
        except OSError:
            continue
        for thread in threads:
            with (
                suppress(OSError, ValueError),
                # In the one encoding that is there where little else can be imported.
                open(f"/proc/{parent}/task/{thread}/children", encoding="utf-8") as file,
            ):
                children = [int(word) for word in file.read().split()]
                found.extend(children)
                yield from children
