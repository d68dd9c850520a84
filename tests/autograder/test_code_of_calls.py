"""A recorded call as code: run, it makes the very arguments that the examiner sent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as numbers

from autograder.examiner.excerpts import call_code
from autograder.wire import Strided


def made(code: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What a function called ``asked`` is given by the code."""
    found: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    exec(code, {"asked": lambda *args, **kwargs: found.append((args, kwargs))})
    (given_,) = found
    return given_


def same(one: Any, other: Any) -> bool:
    if isinstance(other, np.ndarray):
        return (
            isinstance(one, np.ndarray)
            and one.dtype == other.dtype
            and one.shape == other.shape
            and one.tobytes() == other.tobytes()
        )
    return type(one) is type(other) and repr(one) == repr(other)


def test_reads_as_a_student_would_write_it() -> None:
    bright = np.array([[200, 100], [50, 250]], dtype=np.uint8)
    assert call_code("conv2d", (bright, np.ones((1, 2))), {"stride": (2, 1)}).splitlines() == [
        "import numpy as np",
        "",
        "conv2d(",
        "    np.array([[200, 100], [50, 250]], dtype=np.uint8),",
        "    np.array([[1.0, 1.0]]),",
        "    stride=(2, 1),",
        ")",
    ]
    assert call_code("output_size", (5, 3), {"stride": 2}) == "output_size(5, 3, stride=2)"


ARRAYS = [
    np.arange(2000).reshape(40, 50),
    np.zeros((60, 28, 28), np.float32),
    np.full((30, 30), 255, np.uint8),
    np.zeros((0, 3), np.int16),
    np.array(2.5, np.float32),
    np.array([np.nan, np.inf, -np.inf, -0.0]),
    -np.zeros(500),
    np.random.default_rng(0).integers(0, 256, (28, 28)).astype(np.uint8),
    np.random.default_rng(1).normal(size=(9, 9)),
    np.asfortranarray(np.random.default_rng(2).normal(size=(9, 9))),
    np.array([[True, False]]),
    np.array([1, 2, 3], ">i4").astype("<i4"),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.shape}-{array.dtype}")
def test_every_digit_dtype_and_shape_is_there(array: Any) -> None:
    ((given_,), named) = made(call_code("asked", (array,), {}))
    assert same(given_, array)
    assert named == {}
    given_[...] = 0  # as a function may that changes its argument


@given(
    numbers.arrays(
        st.one_of(
            numbers.integer_dtypes(), numbers.floating_dtypes(sizes=(16, 32, 64)), st.just(np.dtype(bool))
        ).map(lambda dtype: dtype.newbyteorder("=")),
        numbers.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
    )
)
@settings(max_examples=200, deadline=None)
def test_any_small_array_comes_back(array: Any) -> None:
    values = np.where(np.isnan(array), np.nan, array) if array.dtype.kind == "f" else array
    array = values.astype(array.dtype)  # one kind of NaN
    ((given_,), _) = made(call_code("asked", (array,), {}))
    assert same(given_, array)


def test_gaps_in_memory_are_made_again() -> None:
    array = np.random.default_rng(3).normal(size=(4, 5))
    ((given_,), _) = made(call_code("asked", (Strided(array),), {}))
    assert same(given_, array)
    assert not given_.flags.c_contiguous and not given_.flags.f_contiguous
    ((given_,), _) = made(call_code("asked", (Strided(array, gaps=False),), {}))
    assert same(given_, array)
    assert given_.flags.f_contiguous and not given_.flags.c_contiguous


VALUES = [
    None,
    True,
    3,
    -2.5,
    float("inf"),
    "a'b\n",
    b"x",
    [1, [2]],
    (1,),
    {"a": [1]},
    np.float32(0.1),
    np.int8(-3),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_plain_values_come_back(value: Any) -> None:
    _, named = made(call_code("asked", (), {"x": value}))
    assert same(named["x"], value)


def test_what_is_no_data_or_too_much_has_no_code() -> None:
    assert call_code("asked", (object(),), {}) == ""
    assert call_code("asked", (np.random.default_rng(4).normal(size=(100, 100)),), {}) == ""
    assert call_code("asked", ([0] * 100_000,), {}) == ""
