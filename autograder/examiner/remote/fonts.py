"""matplotlib's list of fonts, kept between runs for as long as the fonts are the same.

matplotlib looks for fonts once and keeps the list in ``MPLCONFIGDIR`` for good. A font that is installed
later would never be found, and a picture with Korean in it would show boxes. So the folder is named by what
lies where matplotlib looks: other fonts, another folder, another list.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from autograder.protocol import Settings

_SYSTEM = (
    "/usr/X11R6/lib/X11/fonts/TTF",
    "/usr/X11/lib/X11/fonts",
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/usr/lib/openoffice/share/fonts/truetype",
    "/Library/Fonts",
    "/Network/Library/Fonts",
    "/System/Library/Fonts",
    "/opt/local/share/fonts",
)
_KEPT = 4
"""Lists that are kept: computers with different fonts may share a home."""


def own_folders() -> tuple[Path, ...]:
    """Where this user's own fonts are, as far as there are such folders."""
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    places = (f"{data}/fonts", "~/.fonts", "~/Library/Fonts")
    return tuple(path for place in places if (path := Path(place).expanduser()).is_dir())


def environment() -> dict[str, str]:
    """What matplotlib has to know to look into them."""
    return {key: os.environ[key] for key in ("XDG_DATA_HOME",) if key in os.environ}


def readable(settings: Settings) -> Settings:
    """The settings so that candidates can read them: a font that is listed and not there fails a picture."""
    return replace(settings, readable=(*settings.readable, *map(str, own_folders())))


def matplotlib_cache() -> Path:
    """The folder for the list of the fonts that there are now; those of other fonts are tidied away."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    shelf = Path(base, "autograder", "matplotlib")
    folder = shelf / fingerprint((*map(Path, _SYSTEM), *own_folders()), known_to_fontconfig())
    with contextlib.suppress(OSError):  # matplotlib makes do without
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        _tidy(shelf)
    return folder


def fingerprint(folders: Iterable[Path], files: Iterable[str] = ()) -> str:
    """Hash of the files below these folders and of further ones: their names, sizes and times."""
    digest = hashlib.sha256()
    found = {
        os.path.join(where, name)
        for folder in folders
        for where, _, names in os.walk(folder)
        for name in names
    }
    for path in sorted(found.union(files)):
        with contextlib.suppress(OSError):
            status = Path(path).stat()
            entry = f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0"
            digest.update(entry.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]


def known_to_fontconfig() -> list[str]:
    """The font files that ``fc-list`` tells of, which matplotlib asks too; empty where there is none."""
    try:
        told = subprocess.run(
            ["fc-list", "--format=%{file}\\n"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=20,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [os.fsdecode(line) for line in told.stdout.splitlines()]


def _tidy(shelf: Path) -> None:
    """Remove all lists but those that were used last."""
    for path in sorted(_lists(shelf), key=lambda path: path.stat().st_mtime, reverse=True)[_KEPT:]:
        shutil.rmtree(path, ignore_errors=True)
    for path in shelf.glob("fontlist-*.json"):  # of the time when there was one for all fonts
        path.unlink(missing_ok=True)


def _lists(shelf: Path) -> Iterator[Path]:
    for path in shelf.iterdir():
        if len(path.name) == 16 and not set(path.name) - set("0123456789abcdef") and not path.is_symlink():
            yield path
