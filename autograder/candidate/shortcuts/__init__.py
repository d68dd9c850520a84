"""Every patch of a library that makes notebooks faster, in one list, and nothing else of the kind elsewhere.

A shortcut shows, prints and computes what the library does by itself; its test compares the two. On another
version than those compared, or where a private name that it touches is gone, it is not taken. With
``AUTOGRADER_SHORTCUTS=off`` in the environment none is; names in it, with commas between, turn those off.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from packaging.specifiers import SpecifierSet

from autograder.candidate.shortcuts import drawing, shell, ticks

SWITCH = "AUTOGRADER_SHORTCUTS"


@dataclass(frozen=True)
class Shortcut:
    """One patch.

    Attributes:
        name: by which it can be turned off.
        library: that it changes; an installed module.
        versions: of it on which the two ways were compared.
        touches: names of the library, as ``module:name``, that have to be there.
        changes: what is different inside.
        saves: each time, as measured.
        test: that compares.
        take: does it, for the rest of the process; gets the IPython shell.
    """

    name: str
    library: str
    versions: str
    touches: tuple[str, ...]
    changes: str
    saves: str
    test: str
    take: Callable[[Any], None]

    @property
    def fits(self) -> bool:
        """Whether the library is one that it was compared on."""
        module = importlib.import_module(self.library)
        if not SpecifierSet(self.versions).contains(module.__version__):
            return False
        return all(_is_there(name) for name in self.touches)


def _is_there(name: str) -> bool:
    module, _, path = name.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError):
        return False
    return True


SHORTCUTS = (
    Shortcut(
        name="module",
        library="IPython",
        versions=">=9,<10",
        touches=(),
        changes="`inspect.getmodule` says at once that a cell's frame is in no module",
        saves="5 ms for each cell that fails, 25 to 80 ms beside TensorFlow",
        test="test_shell.py",
        take=shell.look_for_no_module_of_cells,
    ),
    Shortcut(
        name="magic",
        library="IPython",
        versions=">=9,<10",
        touches=("IPython.core.inputtransformer2:TransformerManager.do_token_transforms",),
        changes="cells without a sign of magic are not searched for it",
        saves="0.5 ms a cell",
        test="test_shell.py",
        take=shell.transform_only_what_may_be_magic,
    ),
    Shortcut(
        name="await",
        library="IPython",
        versions=">=9,<10",
        touches=("IPython.core.interactiveshell:InteractiveShell.should_run_async",),
        changes="cells without an `await` are not compiled to look for one",
        saves="0.1 ms a cell",
        test="test_shell.py",
        take=shell.compile_only_what_may_wait,
    ),
    Shortcut(
        name="history",
        library="IPython",
        versions=">=9,<10",
        touches=("IPython.core.interactiveshell:InteractiveShell._format_exception_for_storage",),
        changes="no traceback is written into a history that nobody reads",
        saves="3 ms for each cell that fails",
        test="test_shell.py",
        take=shell.keep_no_exceptions,
    ),
    Shortcut(
        name="drawing",
        library="matplotlib",
        versions=">=3.10,<3.12",
        touches=("IPython.core.pylabtools:print_figure",),
        changes="a figure that is shown is drawn once, not two or three times",
        saves="one to two drawings for each figure that a cell shows",
        test="test_drawing.py",
        take=drawing.draw_once,
    ),
    Shortcut(
        name="ticks",
        library="matplotlib",
        versions=">=3.10,<3.12",
        touches=("matplotlib.axis:_LazyTickList.__get__",),
        changes="ticks are made when something looks at them",
        saves="4 ms for a figure with two axes, of 7.4",
        test="test_ticks.py",
        take=ticks.make_ticks_when_needed,
    ),
)


def take(shell: Any) -> None:
    """Take all that fit, for the rest of the process."""
    off = os.environ.get(SWITCH, "").split(",")
    if "off" in off:
        return
    for shortcut in SHORTCUTS:
        if shortcut.name not in off and shortcut.fits:
            shortcut.take(shell)
