"""Values as a person reads them: short text for arguments and results, small arrays for pictures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from autograder.examination import ArrayPicture
from autograder.examiner.remote.objects import RemoteFunction, RemoteObject
from autograder.wire import Strided

_SIDE = 16
_LINE = 300
_WIDTHS = (20, 10, 5, 3, 3)
"""Items that are written out at each depth; what is cut off anyway is not worth the time."""


def array_picture(array: npt.NDArray[Any], where: tuple[int, ...] = ()) -> ArrayPicture | None:
    """A piece of at most 16 x 16 values (32 in one dimension) around ``where``.

    Arrays of more than two dimensions give one plane: of (N, H, W) the image, of (N, H, W, C) the
    channel that ``where`` points at.
    """
    if array.dtype.kind not in "biuf" or array.size == 0:
        return None
    full = where if len(where) == array.ndim else (0,) * array.ndim
    if array.ndim <= 2:
        axes = list(range(array.ndim))
    else:
        axes = [1, 2] if array.ndim <= 4 else [array.ndim - 2, array.ndim - 1]
    index: list[Any] = list(full)
    offset = list(full)
    for axis in axes:
        length = _SIDE if array.ndim > 1 else 2 * _SIDE
        start = max(0, min(full[axis] - length // 2, array.shape[axis] - length))
        index[axis] = slice(start, start + length)
        offset[axis] = start
    piece = array[tuple(index)]
    return ArrayPicture(
        shape=array.shape,
        dtype=str(array.dtype),
        values=_finite(piece.astype(np.float64).tolist()) if piece.dtype.kind == "f" else piece.tolist(),
        offset=tuple(int(i) for i in offset),
    )


def _finite(values: Any) -> Any:
    if isinstance(values, list):
        return [_finite(value) for value in values]
    return values if math.isfinite(values) else None


def text_of(value: Any, limit: int = _LINE) -> str:
    """How a value reads in Python, cut to ``limit`` characters."""
    text = _text(value, 0)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _text(value: Any, depth: int) -> str:
    if isinstance(value, Strided):
        value = value.array
    if isinstance(value, np.ndarray):
        if value.size <= 12 and value.ndim <= 2:
            return f"array({np.array2string(value, separator=', ', precision=6)})".replace("\n", "")
        return f"array of shape {value.shape}, {value.dtype}"
    if isinstance(value, (RemoteObject, RemoteFunction)):
        return value._handle.type_name if isinstance(value, RemoteObject) else value.__name__
    if isinstance(value, np.generic):
        return f"{type(value).__name__}({value})"
    if depth >= len(_WIDTHS):
        return "…"
    width = _WIDTHS[depth]
    if isinstance(value, (list, tuple)):
        inner = ", ".join(_text(item, depth + 1) for item in value[:width])
        more = ", …" if len(value) > width else ""
        if isinstance(value, list):
            return f"[{inner}{more}]"
        return f"({inner}{',' if len(value) == 1 else ''}{more})"
    if isinstance(value, dict):
        items = list(value.items())[:width]
        return "{" + ", ".join(f"{key!r}: {_text(item, depth + 1)}" for key, item in items) + "}"
    if isinstance(value, (str, bytes)):
        return repr(value[:_LINE])
    return repr(value)[:_LINE]


def call_text(function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """``f(1, stride=2)`` as a student would write it."""
    words = [text_of(value, 120) for value in args]
    words += [f"{key}={text_of(value, 120)}" for key, value in kwargs.items()]
    return f"{function}({', '.join(words)})"
