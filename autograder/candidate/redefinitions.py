"""Which cell gave a name another meaning: for a sentence to the student, never for a point."""

from __future__ import annotations

import builtins
from collections.abc import Collection
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

_MOST = 200
"""Changes that are told; the last ones are the likeliest to matter."""
_LASTING = ("function", "class", "module", "dict")
"""What is given a name in order to keep it. A number that becomes a text is no news."""
_LIGHT = (FunctionType, BuiltinFunctionType, type, ModuleType)
"""What may be held on to; a dictionary or a model would stay in memory when the notebook has let go of it."""


@dataclass(frozen=True)
class _Meaning:
    """What a name stood for.

    Attributes:
        kind: in one word, see :func:`kind_of`.
        cell: the number of the cell that made it so; 0 for what was there before the first.
        value: what it stood for, if that may be held on to.
    """

    kind: str
    cell: int
    value: Any = None

    def holds(self, value: Any) -> bool:
        """Whether the name still stands for the same."""
        return self.value is value if self.value is not None else self.kind == kind_of(value)


def kind_of(value: Any) -> str:
    """One word for what a value is."""
    if isinstance(value, type):
        return "class"
    if isinstance(value, ModuleType):
        return "module"
    if callable(value):
        return "function"
    if value is None:
        return "nothing"
    name = type(value).__name__
    if name in ("int", "float", "complex", "bool") or name.startswith(("int", "uint", "float")):
        return "number"
    return name if name in ("str", "list", "tuple", "dict", "set", "ndarray") else "other"


class Names:
    """Looks at a notebook's names after each cell.

    Args:
        namespace: of the notebook.
        known: names that are there before the first cell.
    """

    def __init__(self, namespace: dict[str, Any], known: Collection[str]) -> None:
        self._namespace = namespace
        self._known = known
        self._meanings: dict[str, _Meaning] = {}
        self._changes: dict[str, list[Any]] = {}

    def look(self, cell: int) -> None:
        """Note what the cell of this number has made of the names."""
        namespace, meanings = self._namespace, self._meanings
        for name, value in list(namespace.items()):
            if not isinstance(name, str) or name.startswith("_") or name in self._known:
                continue
            before = meanings.get(name) or _built_in(name)
            if before is None or not before.holds(value):
                kind = kind_of(value)
                meanings[name] = _Meaning(kind, cell, value if isinstance(value, _LIGHT) else None)
                self._note(name, before, meanings[name])
        for name in meanings.keys() - namespace.keys():
            self._note(name, meanings.pop(name), _Meaning("gone", cell))

    def _note(self, name: str, before: _Meaning | None, now: _Meaning) -> None:
        change = self._changes.pop(name, None)
        if before is not None and before.kind in _LASTING:
            self._changes[name] = [before.kind, before.cell, now.kind, now.cell]
        elif change is not None and now.kind not in _LASTING:
            self._changes[name] = [*change[:2], now.kind, now.cell]

    def changes(self) -> dict[str, list[Any]]:
        """By name: what it was, since which cell, what it is, and since which cell."""
        return dict(list(self._changes.items())[-_MOST:])


def _built_in(name: str) -> _Meaning | None:
    """What Python itself means by a name."""
    value = getattr(builtins, name, None)
    return _Meaning("function", 0, value) if callable(value) else None
