"""When two values of a candidate's are the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from autograder.examiner.remote.errors import StudentError
from autograder.wire import Handle, Strided


def array_of(value: Any) -> npt.NDArray[Any] | None:
    """Plain data as the array that it is; None if it is not numbers in even rows."""
    if isinstance(value, np.ndarray):
        return value
    if not isinstance(value, (list, tuple)) or not _holds_numbers(value):
        return None
    try:
        found = np.asarray(value)
    except (ValueError, OverflowError):  # rows of different lengths, more axes than NumPy has
        return None
    return found if found.dtype.kind in "biufc" else None  # integers may be larger than any of NumPy's


def _holds_numbers(value: list[Any] | tuple[Any, ...]) -> bool:
    """Whether there are numbers in it and nothing else: NumPy would ask a remote object for all its items."""
    rest: list[Any] = [value]
    while rest:
        for item in rest.pop():
            if isinstance(item, (list, tuple)):
                rest.append(item)
            elif not isinstance(item, (int, float, complex, np.number, np.bool_, np.ndarray)):
                return False
    return True


def same(before: Any, after: Any) -> bool:
    """Whether data are equal in type, shape and value; a handle equals any handle."""
    if isinstance(before, Strided):
        before = before.array
    if isinstance(before, Handle):
        return isinstance(after, Handle)
    if isinstance(before, np.ndarray):
        return (
            isinstance(after, np.ndarray)
            and before.shape == after.shape
            and before.dtype == after.dtype
            and before.tobytes() == after.tobytes()
        )
    if isinstance(before, (list, tuple)):
        return (
            type(before) is type(after)
            and len(before) == len(after)
            and all(same(b, a) for b, a in zip(before, after, strict=True))
        )
    if isinstance(before, dict):
        return (
            isinstance(after, dict)
            and before.keys() == after.keys()
            and all(same(before[key], after[key]) for key in before)
        )
    return type(before) is type(after) and bool(before == after or (before != before and after != after))


def same_but_for_rounding(one: Any, other: Any) -> bool:
    """Equal but for rounding: the same formula in another order of summation is the same mistake."""
    if isinstance(one, StudentError) and isinstance(other, StudentError):
        return one.type_name == other.type_name
    if isinstance(one, BaseException) or isinstance(other, BaseException):
        return type(one) is type(other) and str(one) == str(other)
    if isinstance(one, np.ndarray) is not isinstance(other, np.ndarray):
        one, other = (each if (found := array_of(each)) is None else found for each in (one, other))
    for kind, alike in _ALIKE:
        if isinstance(one, kind) and isinstance(other, kind):
            return alike(one, other)
    return type(one) is type(other) and bool(one == other)


def _alike_arrays(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    return (
        one.shape == other.shape
        and one.dtype.kind == other.dtype.kind
        and bool(np.allclose(one, other, rtol=1e-6, atol=1e-9, equal_nan=True))
    )


def _alike_sequences(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return len(one) == len(other) and all(map(same_but_for_rounding, one, other))


def _alike_tables(one: dict[Any, Any], other: dict[Any, Any]) -> bool:
    return one.keys() == other.keys() and all(same_but_for_rounding(one[key], other[key]) for key in one)


def _alike_numbers(one: float, other: float) -> bool:
    return bool(np.isclose(one, other, rtol=1e-6, atol=1e-9, equal_nan=True))


_ALIKE: tuple[tuple[Any, Callable[[Any, Any], bool]], ...] = (
    (np.ndarray, _alike_arrays),
    ((list, tuple), _alike_sequences),
    (dict, _alike_tables),
    (Handle, lambda one, other: one.type_name == other.type_name),
    ((float, np.floating), _alike_numbers),
)
"""What makes two values of a kind equal."""
