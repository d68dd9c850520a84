"""The notebook's working folder: own modules in it can be imported, as in a Jupyter kernel."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from importlib.abc import PathEntryFinder
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
    SourcelessFileLoader,
)
from pathlib import Path
from types import ModuleType
from typing import Any


class _Attentive(FileFinder):
    """Looks at its folder anew for each import.

    Python sees by a folder's time that there is a new file in it, and the clock by which that is told ticks
    more slowly than a cell that writes a module and the next one that imports it.
    """

    def find_spec(self, fullname: str, target: ModuleType | None = None) -> ModuleSpec | None:
        self.invalidate_caches()
        return super().find_spec(fullname, target)


_LOADERS = (
    (ExtensionFileLoader, EXTENSION_SUFFIXES),
    (SourceFileLoader, SOURCE_SUFFIXES),
    (SourcelessFileLoader, BYTECODE_SUFFIXES),
)


def make_importable() -> None:
    """Let modules be imported from the working folder, wherever the notebook goes, before all others.

    What is imported already stays what it is: a student's ``random.py`` does no harm to NumPy's.
    """
    if sys.path[:1] != [""]:
        sys.path.insert(0, "")
    folder = os.path.join(Path.cwd(), "")
    sys.path_hooks.insert(0, _hook(folder))
    for path in [path for path in sys.path_importer_cache if _belongs(path, folder)]:
        del sys.path_importer_cache[path]


def _belongs(path: str, folder: str) -> bool:
    """Whether a path is the notebook's; a virtual environment may lie in its folder, too."""
    return os.path.join(path, "").startswith(folder) and not path.startswith(sys.prefix)


def _hook(folder: str) -> Callable[[str], PathEntryFinder]:
    make = _Attentive.path_hook(*_LOADERS)

    def hook(path: str) -> PathEntryFinder:
        if not _belongs(path, folder):
            raise ImportError("not the notebook's")
        return make(path)

    return hook


# -- the candidate ------------------------------------------------------------------------------


def write_beside(files: Mapping[str, Any], folder: Path) -> None:
    """Write the files into a notebook's working folder, read-only.

    Args:
        files: contents, as anything that is bytes to the system, by relative name.
        folder: the working folder.
    """
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():  # of an earlier run in a folder that is not thrown away
            path.chmod(0o644)
            path.unlink()
        # With its mode from the start: in some sandboxes nobody can change one.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with open(os.open(path, flags, 0o444), "wb") as file:
            file.write(content)
