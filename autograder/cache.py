"""Where the kit keeps what belongs to no course and can be made again."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_NAME = "autograder"


def cache_folder() -> Path:
    """A folder of this user's, made if there is none.

    It lies outside every course, since a candidate sees the path of what it may read. Started as root,
    a candidate becomes another user; so root's own is one that others can reach, unless it was named.
    """
    for folder, named in _places():
        with suppress(OSError):
            if not folder.is_dir():
                folder.mkdir(parents=True)
                folder.chmod(0o755)  # whatever the umask
            if _is_ours(folder) and (named or not _is_root() or _is_open(folder)):
                return folder
    made = Path(tempfile.mkdtemp(prefix=f"{_NAME}-"))
    made.chmod(0o755)
    return made


def _places() -> Iterator[tuple[Path, bool]]:
    """Where it may be, best first, and whether somebody asked for that place."""
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        named = Path(os.environ.get(variable, ""))
        if named.is_absolute():  # the specification says to ignore others
            yield named / _NAME, True
    with suppress(RuntimeError):  # no home
        yield Path.home() / ".cache" / _NAME, False
    if _is_root():
        yield Path("/var/cache") / _NAME, False
    own = f"{_NAME}-{os.getuid()}" if hasattr(os, "getuid") else _NAME
    yield Path(tempfile.gettempdir()) / own, False


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _is_ours(folder: Path) -> bool:
    """Whether nobody else made the folder, as in a temporary folder anybody could, or may write into it."""
    status = folder.lstat()
    if hasattr(os, "geteuid") and (status.st_uid != os.geteuid() or status.st_mode & 0o002):
        return False
    return not folder.is_symlink() and os.access(folder, os.W_OK | os.X_OK)


def _is_open(folder: Path) -> bool:
    """Whether other users can reach what lies in the folder."""
    return all(path.stat().st_mode & 0o001 for path in (folder, *folder.resolve().parents))
