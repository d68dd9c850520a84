"""Values as a person reads them: short text, small arrays for pictures, and code that makes them again."""

from __future__ import annotations

import base64
import math
import zlib
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


# Code

_LONGEST_CODE = 10_000
"""Characters of a call as code; what takes more cannot be copied from a page."""
_WRITTEN_OUT = 400
"""Characters of an array whose numbers are written out."""
_WIDTH = 88
_INFERRED = ("bool", "int64", "float64")


class _NoCode(Exception):
    """There is no code of reasonable length that makes this value."""


def call_code(function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Python that makes the same call again, arrays with their dtype, shape and every digit.

    Args:
        function: as it is written in front of the parenthesis.
        args, kwargs: data, as sent.

    Returns:
        the code with its imports; empty where a value is no data, or takes too much of it.
    """
    try:
        words = [_code(value, 0) for value in args]
        words += [f"{key}={_code(value, 0)}" for key, value in kwargs.items()]
    except _NoCode:
        return ""
    call = f"{function}({', '.join(words)})"
    if len(call) > _WIDTH:
        call = f"{function}(\n" + "".join(f"    {word},\n" for word in words) + ")"
    imports = [f"import {name}" for name in ("base64", "zlib") if f"{name}." in call]
    imports += ["import numpy as np"] if "np." in call else []
    code = "\n".join([*imports, "", call] if imports else [call])
    return code if len(code) <= _LONGEST_CODE else ""


def _code(value: Any, depth: int) -> str:
    """A value as Python; raises :class:`_NoCode`."""
    if isinstance(value, Strided):
        return _strided_code(value)
    if isinstance(value, np.ndarray):
        return _array_code(value)
    if isinstance(value, np.generic):
        return f"np.{_dtype_name(value.dtype)}({_number(value)})"
    if isinstance(value, RemoteFunction):
        return value.__name__
    if type(value) is float:
        return repr(value) if math.isfinite(value) else f'float("{value}")'
    if value is None or type(value) in (bool, int, str, bytes):
        text = repr(value)
    elif depth >= len(_WIDTHS):
        raise _NoCode
    elif type(value) is list:
        text = f"[{_items(value, depth)}]"
    elif type(value) is tuple:
        text = f"({_items(value, depth)}{',' if len(value) == 1 else ''})"
    elif type(value) is dict:
        text = "{" + ", ".join(f"{key!r}: {_code(item, depth + 1)}" for key, item in value.items()) + "}"
    else:
        raise _NoCode
    if len(text) > _LONGEST_CODE:
        raise _NoCode
    return text


def _items(values: list[Any] | tuple[Any, ...], depth: int) -> str:
    if len(values) > _LONGEST_CODE // 2:
        raise _NoCode
    return ", ".join(_code(item, depth + 1) for item in values)


def _array_code(array: npt.NDArray[Any]) -> str:
    """An array: its numbers, a rule that gives them, or its bytes, whatever comes first."""
    if array.dtype.kind not in "biuf":
        raise _NoCode
    dtype = _dtype_name(array.dtype)
    inferred = dtype in _INFERRED and array.size > 0
    if 0 < array.size <= _WRITTEN_OUT // 2:
        text = f"np.array({_nested(array)}{'' if inferred else f', dtype=np.{dtype}'})"
        if len(text) <= _WRITTEN_OUT:
            return text
    if ruled := _ruled(array, dtype):
        return ruled
    data = np.ascontiguousarray(array).tobytes()
    if len(data) > 1 << 20:  # not even zeros would be short
        raise _NoCode
    packed = base64.b64encode(zlib.compress(data, 9)).decode("ascii")
    if len(packed) > _LONGEST_CODE:
        raise _NoCode
    bytes_ = f'zlib.decompress(base64.b64decode("{packed}"))'
    return f"np.frombuffer({bytes_}, dtype=np.{dtype}).reshape({array.shape}).copy()"


def _ruled(array: npt.NDArray[Any], dtype: str) -> str:
    """An array that one value fills, or that counts; empty if it is neither."""
    said = f", dtype=np.{dtype}"
    if array.size == 0 or not np.any(array):
        negative_zero = array.dtype.kind == "f" and bool(np.any(np.signbit(array)))
        return "" if negative_zero else f"np.zeros({array.shape}{said})"
    if np.all(array == array.flat[0]):
        return f"np.full({array.shape}, {_number(array.flat[0])}{said})"
    counted = np.arange(array.size).astype(array.dtype)
    if array.dtype.kind in "iu" and np.array_equal(counted, array.ravel()):
        cast = "" if dtype == "int64" else f".astype(np.{dtype})"
        return f"np.arange({array.size}){cast}.reshape({array.shape})"
    return ""


def _strided_code(strided: Strided) -> str:
    """The same column after column in memory, with gaps or without, as it was sent."""
    array = strided.array
    if array.ndim == 0 or array.size == 0:
        return _array_code(array)
    if not strided.gaps:
        return f"np.asfortranarray({_array_code(array)})"
    return f"np.asfortranarray(np.repeat({_array_code(array)}, 2, axis=-1))[..., ::2]"


def _nested(array: npt.NDArray[Any]) -> str:
    if array.ndim == 0:
        return _number(array[()])
    return "[" + ", ".join(_nested(part) for part in array) + "]"


def _number(value: Any) -> str:
    """A NumPy scalar with all its digits, and no more."""
    if isinstance(value, np.floating):
        return (
            str(value)
            if np.isfinite(value)
            else f"np.{'nan' if np.isnan(value) else value}".replace("np.-", "-np.")
        )
    return str(value)


def _dtype_name(dtype: np.dtype[Any]) -> str:
    return "bool" if dtype.kind == "b" else dtype.newbyteorder("=").name
