"""The small root: a file system in which nothing is visible but what a policy names."""

# Paths are text for the kernel here, and no temporary files:
# ruff: noqa: PTH102, PTH103, PTH115, PTH211, S108

from __future__ import annotations

import errno
import os
import sys
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from autograder.candidate.sandbox import kernel
from autograder.candidate.sandbox.kernel import Mount, MountAttribute
from autograder.protocol import Limits

SCRATCH = Path("/scratch")
DEVICES = ("null", "zero", "full", "random", "urandom")

_SHOWN = MountAttribute.RDONLY | MountAttribute.NOSUID | MountAttribute.NODEV
_QUIET = Mount.NOSUID | Mount.NODEV | Mount.NOEXEC
_LINKS = {
    "/tmp": str(SCRATCH),
    "/dev/fd": "/proc/self/fd",
    "/dev/stdin": "/proc/self/fd/0",
    "/dev/stdout": "/proc/self/fd/1",
    "/dev/stderr": "/proc/self/fd/2",
}
# The writable folders share one volume, and so one limit; the second is for multiprocessing's locks.
_VOLUME = {"scratch": str(SCRATCH), "shm": "/dev/shm"}
# The user inside, so that getpass and expanduser work without the machine's list of people.
USER_ID = 1000
_FILES = {
    "/etc/passwd": "student:x:{user}:{user}::{scratch}:/bin/sh\n",
    "/etc/group": "student:x:{user}:\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "/etc/hosts": "127.0.0.1 localhost\n",
}


@dataclass(frozen=True)
class Layout:
    """A policy's paths, with symbolic links followed, as they are to appear.

    Attributes:
        trees: real paths that are visible; none lies directly inside another visible one.
        covers: real paths inside ``trees`` that are not visible.
        links: symbolic links on the way to ``trees``, path to target.
    """

    trees: tuple[str, ...]
    covers: tuple[str, ...]
    links: dict[str, str]

    def shows(self, path: str) -> bool:
        """Whether the nearest of the trees and covers around a path is a tree."""
        while path != "/":
            if path in self.trees:
                return True
            if path in self.covers:
                return False
            path = os.path.dirname(path)
        return False


def lay_out(readable: Iterable[Path], hidden: Iterable[Path]) -> Layout:
    """Follow the symbolic links of a policy; paths that are missing or unreachable are left out."""
    links: dict[str, str] = {}
    visible = {real for path in readable if (real := _follow(path, links)) is not None}
    covered = {real for path in hidden if (real := _follow(path, {})) is not None}
    trees: list[str] = []
    covers: list[str] = []
    for path in sorted(visible | covered, key=lambda path: path.count("/")):
        around = Layout(tuple(trees), tuple(covers), {}).shows(os.path.dirname(path))
        if path in covered:  # hidden wins over readable
            if around:
                covers.append(path)
        elif not around:
            trees.append(path)
    return Layout(tuple(trees), tuple(covers), links)


def _follow(path: Path, links: dict[str, str]) -> str | None:
    """The real path, and into ``links`` each symbolic link met on the way."""
    real = "/"
    rest = deque(path.parts[1:])
    for _ in range(256):
        if not rest:
            return real if os.access(real, os.R_OK) else None
        name = rest.popleft()
        if name == "..":
            real = os.path.dirname(real)
            continue
        step = os.path.join(real, name)
        try:
            target = os.readlink(step)
        except OSError as error:
            if error.errno != errno.EINVAL:  # missing, or no way in
                return None
            real = step
            continue
        links[step] = target
        parts = Path(target).parts
        if target.startswith("/"):
            real, parts = "/", parts[1:]
        rest.extendleft(reversed(parts))
    return None  # a loop


def enter_root(layout: Layout, limits: Limits, *, owner: int | None, own_processes: bool) -> None:
    """Build the small root and make it this process's; needs a mount namespace of its own.

    Args:
        layout: what is visible.
        limits: size of the scratch folder.
        owner: uid and gid of the scratch folder, where it is not this process's own.
        own_processes: whether this is a new pid namespace, so that /proc shows only the candidate.
    """
    if "/" in layout.trees:
        raise OSError(errno.EINVAL, "a policy cannot show the whole file system")
    # Whatever is mounted here must not appear outside.
    kernel.mount("none", "/", None, Mount.REC | Mount.PRIVATE)
    root = _building_site(layout)
    # The working directory is the one way to the volume from here on: the root is mounted over it,
    # and so it goes with the old root, without a call that waits for all processors.
    _make_volume(root, limits, owner)
    os.chdir(root)
    kernel.mount("tmpfs", root, "tmpfs", Mount.NOSUID | Mount.NODEV, "mode=755,size=4m")
    try:
        _furnish(root, layout, own_processes)
        os.chdir(root)
        # With both at the same place the old root comes to lie on the new one, and needs no folder.
        kernel.pivot_root(".", ".")
    except OSError:
        os.chdir("/")
        kernel.detach(root)
        kernel.detach(root)
        raise
    kernel.detach(".")
    os.chdir("/")


def _building_site(layout: Layout) -> str:
    """An existing folder that hides nothing needed while something is mounted on it."""
    for path in ("/mnt", "/media", "/srv", "/opt", "/home", "/tmp", "/var", "/boot", "/sys", "/proc"):
        if os.path.isdir(path) and not any(f"{tree}/".startswith(f"{path}/") for tree in layout.trees):
            return path
    raise OSError(errno.ENOENT, "no folder to build the small root on")


def _furnish(root: str, layout: Layout, own_processes: bool) -> None:
    for path in sorted((*layout.trees, *layout.covers), key=lambda path: path.count("/")):
        if path in layout.covers:
            _cover(root, path)
        else:
            _show(root, path)
    for path, target in {**layout.links, **_LINKS}.items():
        if not layout.shows(path):
            _make_parents(root + path)
            with suppress(FileExistsError):
                os.symlink(target, root + path)
    # Where the kernel allows no fresh /proc: TensorFlow aborts if it cannot tell what program it is in.
    _make_file(root + "/proc/self/cmdline", "python\0")
    os.symlink(sys.executable, root + "/proc/self/exe")
    for path, text in _FILES.items():
        if not layout.shows(path):
            _make_file(root + path, text.format(user=USER_ID, scratch=SCRATCH))
    for folder in _VOLUME.values():
        os.makedirs(root + folder, exist_ok=True)
    for device in DEVICES:
        _make_file(f"{root}/dev/{device}")
    kernel.set_mount_attributes(root, _SHOWN, recursive=True)
    # What comes now keeps attributes of its own.
    for device in DEVICES:
        kernel.mount(f"/dev/{device}", f"{root}/dev/{device}", None, Mount.BIND)
        attributes = MountAttribute.RDONLY | MountAttribute.NOSUID | MountAttribute.NOEXEC
        kernel.set_mount_attributes(f"{root}/dev/{device}", attributes)
    for folder, target in _VOLUME.items():
        kernel.mount(folder, root + target, None, Mount.BIND)
    if own_processes:
        _add_proc(root)


def _show(root: str, path: str) -> None:
    if os.path.isdir(path):
        os.makedirs(root + path, exist_ok=True)
    else:
        _make_file(root + path)
    kernel.mount(path, root + path, None, Mount.BIND | Mount.REC)
    # At once: not even the steps that follow must be able to write to the machine's own files.
    kernel.set_mount_attributes(root + path, _SHOWN, recursive=True)


def _cover(root: str, path: str) -> None:
    if os.path.isdir(path):
        kernel.mount("tmpfs", root + path, "tmpfs", _QUIET, "mode=755,size=1m")
    else:
        _make_file(root + "/empty")
        kernel.mount(root + "/empty", root + path, None, Mount.BIND)


def _make_volume(volume: str, limits: Limits, owner: int | None) -> None:
    options = f"mode=700,size={limits.scratch_bytes},nr_inodes={limits.scratch_inodes}"
    kernel.mount("tmpfs", volume, "tmpfs", _QUIET, options)
    for name in _VOLUME:
        folder = f"{volume}/{name}"
        os.mkdir(folder, 0o700)
        if owner is not None:
            os.chown(folder, owner, owner)


def _add_proc(root: str) -> None:
    """A /proc of the candidate's own processes and nothing of the machine, where the kernel allows one."""
    # Docker masks parts of /proc and so may allow none; before Linux 5.8 there is no `subset`.
    for options in ("subset=pid", None):
        try:
            kernel.mount("proc", root + "/proc", "proc", _QUIET, options)
        except OSError:
            continue
        return


def _make_file(path: str, text: str = "") -> None:
    _make_parents(path)
    with suppress(FileExistsError), open(path, "x", encoding="utf-8") as file:
        file.write(text)


def _make_parents(path: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
