"""The candidate's side: what ``keras.datasets.mnist.load_data()`` returns, without a network.

:func:`install` and :func:`install_light` never touch anything but the file that
:func:`autograder.mnist.digits.write_student_npz` wrote.
:func:`install_fallback` is for a student's own kernel. Nothing but NumPy is imported before it is needed.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from autograder.mnist.npz import Split, read_npz

# --- the candidate's side -------------------------------------------------------------------------------

_STAND_INS = (
    "keras",
    "keras.datasets",
    "keras.datasets.mnist",
    "tensorflow",
    "tensorflow.keras",
    "tensorflow.keras.datasets",
    "tensorflow.keras.datasets.mnist",
)

_DIGITS = "keras.src.datasets.mnist"
"""``load_data`` under each of its names (keras, tensorflow.keras, tf.keras) is this module's one function."""


def install(npz: Path) -> None:
    """Make the real Keras's ``mnist.load_data()`` return ``npz``, under each of its names, without a network.

    Imports Keras if nobody has yet; :func:`install_light` is for processes that shall not pay for that.
    """
    module = importlib.import_module(_DIGITS)
    module.get_file = lambda *args, **kwargs: str(npz)  # type: ignore[attr-defined]


def install_fallback(npz: Path, remark: str) -> None:
    """Make the real Keras's ``mnist.load_data()`` return ``npz`` where it has no digits and gets none.

    Args:
        npz: the digits.
        remark: printed whenever they are taken.
    """
    if _DIGITS in sys.modules:
        _with_fallback(sys.modules[_DIGITS], npz, remark)
    else:
        sys.meta_path.insert(0, _FallbackFinder(npz, remark))


def install_light(npz: Path, remark: str = "") -> None:
    """Make ``mnist.load_data()`` return ``npz``, under each of its names, before Keras is imported.

    Light modules stand in for Keras and TensorFlow. As soon as anything else of those packages is used, the
    real ones are imported and the stand-ins hand everything on to them. With Keras imported already, this
    is :func:`install`.

    Args:
        npz: the digits.
        remark: printed whenever the light ``load_data()`` is called.
    """
    if isinstance(sys.modules.get("keras"), _StandIn):
        _give_way_quietly()
    if "keras" in sys.modules or "tensorflow" in sys.modules:
        install(npz)
        return

    def load_data(path: str = "mnist.npz") -> Split:
        """The course's digits: ``(x_train, y_train), (x_test, y_test)``, uint8; ``path`` is of no effect."""
        if remark:
            print(remark)
        return read_npz(npz)

    load_data.__module__ = "keras.datasets.mnist"
    sys.meta_path.insert(0, _GiveWayFinder(npz))
    for name in _STAND_INS:
        module = _StandIn(name, npz)
        sys.modules[name] = module
        parent, _, child = name.rpartition(".")
        if parent:
            vars(sys.modules[parent])[child] = module
        if child == "mnist":
            vars(module)["load_data"] = load_data
    # Matplotlib asks `sys.modules["tensorflow"].is_tensor(x)` of what it draws: no reason to import it.
    vars(sys.modules["tensorflow"])["is_tensor"] = _is_tensor


def is_imported(name: str) -> bool:
    """Whether the real ``keras`` or ``tensorflow`` is imported.

    To be asked before ``hasattr(sys.modules["keras"], ...)``, which makes a stand-in import the real one.
    """
    return name in sys.modules and not isinstance(sys.modules[name], _StandIn)


def _is_tensor(x: Any) -> bool:
    """``tf.is_tensor``; as long as TensorFlow is not there, nothing is a tensor."""
    return is_imported("tensorflow") and bool(sys.modules["tensorflow"].is_tensor(x))


class _StandIn(ModuleType):
    """A module that knows the way to ``mnist.load_data`` and becomes a proxy of the real one beyond that."""

    def __init__(self, name: str, npz: Path) -> None:
        super().__init__(name)
        package = not name.endswith(".mnist")
        # A spec, so that `importlib.util.find_spec` answers as it would for the real package.
        self.__spec__ = (PathFinder.find_spec(name) if "." not in name else None) or ModuleSpec(
            name, None, is_package=package
        )
        if package:
            self.__path__: list[str] = []  # no submodules on disk: `_GiveWayFinder` is asked for them
        vars(self)["_npz"] = npz

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__") and attribute not in ("__version__", "__all__"):
            # Inspection (`inspect`, `warnings`, IPython) is no use of the package.
            raise AttributeError(f"module {self.__name__!r} has no attribute {attribute!r}")
        real = _real(self.__name__, self._npz)
        if attribute == "__all__":  # of `import *`, which would otherwise see the stand-in's few names
            return getattr(real, "__all__", [name for name in vars(real) if not name.startswith("_")])
        return getattr(real, attribute)

    def __setattr__(self, attribute: str, value: Any) -> None:
        if attribute.startswith("__") or self._stands_in():
            super().__setattr__(attribute, value)
        else:
            setattr(_real(self.__name__, self._npz), attribute, value)

    def __dir__(self) -> list[str]:
        return list(vars(self)) if self._stands_in() else dir(_real(self.__name__, self._npz))

    def _stands_in(self) -> bool:
        return sys.modules.get(self.__name__, self) is self


class _GiveWayFinder:
    """Asked first for every import: one of Keras or TensorFlow beyond the stand-ins brings the real ones."""

    def __init__(self, npz: Path) -> None:
        self._npz = npz

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] not in ("keras", "tensorflow"):
            return None
        module = _real(name, self._npz)
        # The import that asked is still under way; let it end with the module that is there by now.
        return ModuleSpec(name, _ThereAlready(module), origin=getattr(module, "__file__", None))


class _FallbackFinder:
    """Asked first for every import: Keras's digits have the fallback as soon as they are imported."""

    def __init__(self, npz: Path, remark: str) -> None:
        self._npz, self._remark = npz, remark

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path) if name == _DIGITS else None
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                _with_fallback(module, self._npz, self._remark)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _with_fallback(module: Any, npz: Path, remark: str) -> None:
    fetch = module.get_file

    def get_file(*args: Any, **kwargs: Any) -> str:
        try:
            return str(fetch(*args, **kwargs))
        except Exception:  # Keras raises nothing more particular where there is no network
            print(remark)
            return str(npz)

    module.get_file = get_file


class _ThereAlready(Loader):
    """A loader that loads nothing: the module has been imported on the way."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec  # the import system had put the temporary one in


def _real(name: str, npz: Path) -> ModuleType:
    """The real module ``name``; the stand-ins leave ``sys.modules`` if they are there still."""
    if isinstance(sys.modules.get("keras"), _StandIn):
        _give_way_quietly()
        importlib.import_module("tensorflow")
        install(npz)
    return importlib.import_module(name)


def _give_way_quietly() -> None:
    """Take the stand-ins out of the way of real imports."""
    for name in _STAND_INS:
        sys.modules.pop(name, None)
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _GiveWayFinder)]
