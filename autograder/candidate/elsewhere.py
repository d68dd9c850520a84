"""What notebooks expect of the places that they were written in: Colab, Kaggle, a desktop, older IPython.

Only what concerns pictures and places has a stand-in here, so that a cell goes on which defines something as
well. What computes has none: an import that is really missing is an error, and says so.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import sys
import threading
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

_PLACES = ("/content", "/kaggle")
_ELSEWHERE = re.compile(r"google|(google\.colab|kaggle_secrets|ipdb|pudb)(\..*)?")


def note(text: str) -> None:
    """Tell the student in one line what was left out."""
    print(f"[grader] {text}", file=sys.stderr)


def stand_in() -> None:
    """Make this process such a place, as far as that goes. Called once, before any notebook."""
    sys.meta_path.append(_StandIns())  # asked last: what is installed comes first
    _stay_where_there_is_no_such_folder()
    _draw_without_windows()
    _keep_names_of_older_versions()


def end_watchers() -> None:
    """End the thread by which tqdm watches its bars: with a second thread no test could have its own fork."""
    for thread in threading.enumerate():
        if type(thread).__name__ == "TMonitor":
            watcher: Any = thread
            watcher.exit()
            watcher.tqdm_cls.monitor = None


# -- modules ------------------------------------------------------------------------------------


class _Absent:
    """Something that another platform offers: says so when it is called, and does nothing."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        note(f"`{self._name}` does nothing here: no such place is in reach, and the cell goes on without it")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return _Absent(f"{self._name}.{name}")

    def __repr__(self) -> str:
        return f"<{self._name}, which is not here>"


def _show_bgr(image: Any) -> None:
    """``cv2_imshow``: OpenCV's images have blue first."""
    import numpy as np
    from IPython.display import display
    from PIL import Image

    pixels = np.clip(np.asarray(image), 0, 255).astype(np.uint8)
    if pixels.ndim == 3:
        pixels = pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]
    display(Image.fromarray(pixels))  # type: ignore[no-untyped-call]


def _debugger(*args: Any, **kwargs: Any) -> None:
    import pdb

    pdb.set_trace()


def _upload(*args: Any, **kwargs: Any) -> dict[str, bytes]:
    _Absent("google.colab.files.upload")()
    return {}  # as if nothing had been chosen


def _clear(*args: Any, **kwargs: Any) -> None:
    importlib.import_module("IPython.display").clear_output()


_DEBUGGER = dict.fromkeys(("set_trace", "pm", "post_mortem"), _debugger)
_SECRETS = _Absent("kaggle_secrets.UserSecretsClient()")
_CONTENTS: dict[str, dict[str, Any]] = {
    "google.colab.files": {"upload": _upload},
    "google.colab.output": {"clear": _clear, "use_tags": contextlib.nullcontext},
    "google.colab.patches": {"cv2_imshow": _show_bgr},
    "kaggle_secrets": {"UserSecretsClient": lambda: _SECRETS},
    "ipdb": _DEBUGGER,
    "pudb": _DEBUGGER,
}


class _StandIns(MetaPathFinder, Loader):
    """Finds modules that only another platform has."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self, is_package=True) if _ELSEWHERE.fullmatch(fullname) else None

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        vars(module).update(_CONTENTS.get(name, {}))
        if name not in ("google", "google.colab"):  # of those, everything is a module
            vars(module)["__getattr__"] = _offer(name)
        else:
            vars(module)["__getattr__"] = _modules_of(name)


def _offer(module: str) -> Callable[[str], Any]:
    def __getattr__(name: str) -> Any:  # noqa: N807
        if name.startswith("_"):
            raise AttributeError(name)
        return _Absent(f"{module}.{name}")

    return __getattr__


def _modules_of(package: str) -> Callable[[str], Any]:
    def __getattr__(name: str) -> Any:  # noqa: N807
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return importlib.import_module(f"{package}.{name}")
        except ImportError:
            raise AttributeError(name) from None

    return __getattr__


# -- places -------------------------------------------------------------------------------------


def _stay_where_there_is_no_such_folder() -> None:
    """Have ``os.chdir`` to a folder of Colab or Kaggle stay in the working folder."""
    original = os.chdir

    def chdir(path: Any) -> None:
        try:
            original(path)
        except OSError:
            if not (isinstance(path, (str, os.PathLike)) and _is_elsewhere(os.fspath(path))):
                raise
            note(f"{os.fspath(path)} is not here: the working folder stays what it is")

    os.chdir = chdir


def _is_elsewhere(path: Any) -> bool:
    return isinstance(path, str) and any(path == place or path.startswith(f"{place}/") for place in _PLACES)


# -- pictures -----------------------------------------------------------------------------------


def _draw_without_windows() -> None:
    """Have matplotlib go on where a window or a font is asked for that is not there."""
    import matplotlib.pyplot as plt
    from matplotlib.font_manager import FontManager, FontProperties

    switch, set_file, add_font = plt.switch_backend, FontProperties.set_file, FontManager.addfont

    def switch_backend(newbackend: str) -> None:
        try:
            switch(newbackend)
        except ImportError:
            note(f"no window can be opened for the backend {newbackend}: it stays what it was")

    def set_file_if_there(self: FontProperties, file: Any) -> None:
        if file is not None and not Path(file).exists():
            note(f"there is no font {os.fspath(file)}: the usual one is used")
            file = None
        set_file(self, file)

    def addfont(self: FontManager, path: Any) -> None:
        try:
            add_font(self, path)
        except OSError:
            note(f"there is no font {os.fspath(path)}: the usual one is used")

    plt.switch_backend = switch_backend
    FontProperties.set_file = set_file_if_there  # type: ignore[method-assign]
    FontManager.addfont = addfont  # type: ignore[method-assign]


def _keep_names_of_older_versions() -> None:
    """Names under which IPython 7, Colab's, has what a newer one has elsewhere."""
    import IPython.core.display
    import IPython.display
    from matplotlib_inline import backend_inline

    for module, name, value in (
        (IPython.core.display, "display", IPython.display.display),
        (IPython.core.display, "clear_output", IPython.display.clear_output),
        (IPython.display, "set_matplotlib_formats", backend_inline.set_matplotlib_formats),
        (IPython.display, "set_matplotlib_close", backend_inline.set_matplotlib_close),
    ):
        if not hasattr(module, name):
            setattr(module, name, value)
