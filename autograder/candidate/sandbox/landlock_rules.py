"""Landlock: which files, ports and processes a candidate reaches, whatever the root shows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from landlock import FSAccess

from autograder.candidate.sandbox import kernel
from autograder.candidate.sandbox.root import DEVICES, Layout

# The `landlock` package knows files only; the kernel added these in ABI 4 and 6.
_BIND_TCP, _CONNECT_TCP = 1, 2
_ABSTRACT_SOCKETS, _SIGNALS = 1, 2
_SCOPES_ABI = 6

_FILE = FSAccess.EXECUTE | FSAccess.WRITE_FILE | FSAccess.READ_FILE | FSAccess.TRUNCATE | FSAccess.IOCTL_DEV
_READ = FSAccess.READ_FILE | FSAccess.READ_DIR
_WRITE_TREE = (
    _READ
    | FSAccess.WRITE_FILE
    | FSAccess.TRUNCATE
    | FSAccess.REMOVE_DIR
    | FSAccess.REMOVE_FILE
    | FSAccess.MAKE_DIR
    | FSAccess.MAKE_REG
    | FSAccess.MAKE_FIFO
    | FSAccess.MAKE_SYM
    | FSAccess.MAKE_SOCK
    | FSAccess.REFER
)


def _handled(abi: int) -> Any:
    every = _FILE | _WRITE_TREE | FSAccess.MAKE_CHAR | FSAccess.MAKE_BLOCK
    for access, since in ((FSAccess.REFER, 2), (FSAccess.TRUNCATE, 3), (FSAccess.IOCTL_DEV, 5)):
        if abi < since:
            every &= ~access
    return every


def scopes_signals() -> bool:
    """Whether this kernel's Landlock keeps signals inside."""
    try:
        return kernel.landlock_abi() >= _SCOPES_ABI
    except OSError:
        return False


def restrict(layout: Layout, writable: Iterable[Path], *, mounted: bool) -> None:
    """Refuse every access to files but those of the layout, TCP, and signals to processes outside.

    Args:
        layout: trees that stay readable.
        writable: folders in which everything but devices may be made and changed.
        mounted: whether this is the small root: then /proc and /etc show nothing of the machine, and
            the hidden paths are covered; if not, they are left out here.
    """
    abi = kernel.landlock_abi()
    handled = _handled(abi)
    network = _BIND_TCP | _CONNECT_TCP if abi >= 4 else 0
    scopes = _ABSTRACT_SOCKETS | _SIGNALS if abi >= _SCOPES_ABI else 0
    ruleset = kernel.landlock_ruleset(int(handled), network, scopes)
    try:
        for path, access in _rules(layout, writable, mounted):
            with suppress(FileNotFoundError, PermissionError):  # what is not there needs no rule
                _allow(ruleset, path, access & handled)
        kernel.landlock_restrict(ruleset)
    finally:
        os.close(ruleset)


def confine_signals() -> bool:
    """Keep this process and its descendants from signalling others; False where the kernel cannot."""
    if not scopes_signals():
        return False
    ruleset = kernel.landlock_ruleset(0, 0, _SIGNALS)
    try:
        kernel.landlock_restrict(ruleset)
    finally:
        os.close(ruleset)
    return True


def _rules(layout: Layout, writable: Iterable[Path], mounted: bool) -> Iterator[tuple[str, Any]]:
    for tree in layout.trees:
        if mounted or not any(cover.startswith(f"{tree}/") for cover in layout.covers):
            yield tree, _READ | FSAccess.EXECUTE
        else:
            # Python's imports list folders. A right to a folder is one to all beneath it, so the names
            # in hidden folders stay visible; their contents do not.
            yield tree, FSAccess.READ_DIR
            for part in _parts_around(tree, layout.covers):
                yield part, FSAccess.READ_FILE | FSAccess.EXECUTE
    if mounted:
        yield "/etc", _READ
        yield "/proc", _READ
    else:
        # Of this process only: a rule names files, so it cannot mean each process's own.
        # TensorFlow aborts without the first.
        for name in ("cmdline", "maps", "stat", "statm", "status"):
            yield f"/proc/self/{name}", FSAccess.READ_FILE
    for device in DEVICES:
        yield f"/dev/{device}", FSAccess.READ_FILE | FSAccess.WRITE_FILE
    for folder in writable:
        yield str(folder), _WRITE_TREE


def _parts_around(tree: str, covers: Iterable[str]) -> Iterator[str]:
    """The largest parts of a tree that contain none of the covers."""
    with os.scandir(tree) as entries:
        for entry in entries:
            if entry.path in covers or entry.is_symlink():
                continue
            if any(cover.startswith(f"{entry.path}/") for cover in covers):
                yield from _parts_around(entry.path, covers)
            else:
                yield entry.path


def _allow(ruleset: int, path: str, access: Any) -> None:
    folder = os.path.isdir(path)
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        kernel.landlock_allow(ruleset, descriptor, int(access if folder else access & _FILE))
    finally:
        os.close(descriptor)
