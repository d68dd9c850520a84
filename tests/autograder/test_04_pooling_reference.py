"""Is the solution of week 4 itself right? Judged by SciPy, by plain loops, and by Keras (slow)."""

from __future__ import annotations

import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jupytext
import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import correlate

Array = npt.NDArray[Any]

SOLUTION = Path(__file__).parents[2] / "solutions" / "04_pooling.py"
IMAGE_SIZES = [(6, 9), (7, 5), (8, 8)]
WINDOWS = [2, 3, (2, 3), (4, 1), (1, 5)]
STEPS = [None, 1, 2, 3, (1, 2), (3, 1)]


@pytest.fixture(scope="module")
def week() -> SimpleNamespace:
    """The names that the solution cells define; data, pictures and checks are left out."""
    names: dict[str, Any] = {"__name__": "week"}
    for cell in jupytext.read(SOLUTION).cells:
        nbgrader = cell.metadata.get("nbgrader", {})
        if nbgrader.get("solution") or nbgrader.get("grade_id") in ("setup", "helpers"):
            exec(compile(cell.source, f"{SOLUTION.name}:{nbgrader['grade_id']}", "exec"), names)
    return SimpleNamespace(**names)


def _signed(*shape: int, seed: int = 0) -> Array:
    """Numbers in [-10, 10), float64."""
    return np.random.default_rng(seed).integers(-640, 640, size=shape) / 64


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value


def _windows_by_hand(size: int, window: int, step: int, padding: str) -> list[list[int]]:
    """Cells of the image in each window along one axis, found cell by cell."""
    if padding == "valid":
        starts = [start for start in range(0, size, step) if start + window <= size]
    else:
        count = -(-size // step)
        missing = max((count - 1) * step + window - size, 0)
        starts = [k * step - missing // 2 for k in range(count)]
    return [[cell for cell in range(start, start + window) if 0 <= cell < size] for start in starts]


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size", IMAGE_SIZES)
def test_pooling_equals_plain_loops(week: SimpleNamespace, size: tuple[int, int], padding: str) -> None:
    x = _signed(2, *size, 3)
    for pool_size, strides in itertools.product(WINDOWS, STEPS):
        window, step = _pair(pool_size), _pair(pool_size if strides is None else strides)
        rows, columns = (_windows_by_hand(size[k], window[k], step[k], padding) for k in (0, 1))
        cells = [[x[:, r][:, :, c].reshape(2, -1, 3) for c in columns] for r in rows]
        largest = np.array([[one.max(axis=1) for one in row] for row in cells]).transpose(2, 0, 1, 3)
        mean = np.array([[one.mean(axis=1) for one in row] for row in cells]).transpose(2, 0, 1, 3)
        np.testing.assert_array_equal(week.max_pool_2d(x, pool_size, strides, padding), largest)
        np.testing.assert_allclose(week.avg_pool_2d(x, pool_size, strides, padding), mean)


def test_pooling_dtypes(week: SimpleNamespace) -> None:
    x = np.random.default_rng(1).integers(0, 256, size=(2, 5, 7, 3))
    for dtype in (np.uint8, np.int16, np.int64, np.float32, np.float64):
        for padding in ("valid", "same"):
            assert week.max_pool_2d(x.astype(dtype), padding=padding).dtype == dtype
            assert week.avg_pool_2d(x.astype(dtype), padding=padding).dtype == np.float64
    np.testing.assert_array_equal(week.avg_pool_2d(x.astype(np.uint8)), week.avg_pool_2d(x))


def test_slide_example(week: SimpleNamespace) -> None:
    slide = np.array([[1, 0, 1, 0], [0, 4, 2, 0], [0, 1, 6, 1], [0, 0, 1, 0]]).reshape(1, 4, 4, 1)
    assert week.max_pool_2d(slide)[0, :, :, 0].tolist() == [[4, 2], [1, 6]]


@pytest.mark.parametrize("strides", [1, 2, (3, 2)])
def test_conv2d_layer_equals_scipy(week: SimpleNamespace, strides: Any) -> None:
    x, kernels, bias = _signed(2, 9, 7, 3), _signed(3, 2, 3, 4, seed=1), _signed(4, seed=2)
    rows, columns = _pair(strides)
    maps = [correlate(x, kernels[np.newaxis, ..., o], mode="valid")[..., 0] + bias[o] for o in range(4)]
    expected = np.stack(maps, axis=-1)[:, ::rows, ::columns]
    np.testing.assert_allclose(week.conv2d_layer(x, kernels, bias, strides), expected, atol=1e-9)


def test_conv2d_layer_does_not_overflow(week: SimpleNamespace) -> None:
    ones = np.full((1, 4, 4, 2), 200, dtype=np.uint8)
    result = week.conv2d_layer(ones, np.full((2, 2, 2, 1), 100, dtype=np.uint8), np.zeros(1))
    assert np.all(result == 8 * 200 * 100)


def test_dropout(week: SimpleNamespace) -> None:
    x = _signed(40, 50) + 20
    after = week.dropout(x, 0.25, True, np.random.default_rng(7))
    assert abs(np.mean(after == 0) - 0.25) < 0.04
    np.testing.assert_allclose(after[after != 0], x[after != 0] / 0.75)
    np.testing.assert_array_equal(after, week.dropout(x, 0.25, True, np.random.default_rng(7)))
    np.testing.assert_array_equal(x, week.dropout(x, 0.25, False, np.random.default_rng(7)))
    for rate, training in itertools.product((-0.1, 1, 1.5, float("nan")), (True, False)):
        with pytest.raises(ValueError, match="rate"):
            week.dropout(x, rate, training, np.random.default_rng(7))


# --- Keras as the oracle -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keras() -> Any:
    return pytest.importorskip("keras")


@pytest.mark.slow
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_pooling_equals_keras(week: SimpleNamespace, keras: Any, padding: str) -> None:
    layers = {"MaxPooling2D": week.max_pool_2d, "AveragePooling2D": week.avg_pool_2d}
    for (name, function), size in itertools.product(layers.items(), IMAGE_SIZES):
        x = _signed(2, *size, 3)
        for pool_size, strides in itertools.product(WINDOWS, STEPS):
            layer = getattr(keras.layers, name)(pool_size, strides, padding, dtype="float64")
            expected = np.asarray(layer(x))
            np.testing.assert_allclose(function(x, pool_size, strides, padding), expected, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_conv2d_layer_equals_keras(week: SimpleNamespace, keras: Any, padding: str) -> None:
    # Kernels stay smaller than the image: the oracle itself is not to be trusted beyond that.
    for kernel_size, strides in itertools.product([(3, 3), (2, 4), (3, 2), (5, 1)], [1, 2, (2, 3)]):
        x, kernels, bias = _signed(2, 8, 7, 3), _signed(*kernel_size, 3, 4, seed=1), _signed(4, seed=2)
        expected = np.asarray(keras.ops.conv(x, kernels, _pair(strides), padding)) + bias
        actual = week.conv2d_layer(x, kernels, bias, strides, padding)
        np.testing.assert_allclose(actual, expected, atol=1e-9)


@pytest.mark.slow
def test_flatten_and_dropout_equal_keras(week: SimpleNamespace, keras: Any) -> None:
    x = _signed(3, 4, 5, 2)
    np.testing.assert_array_equal(week.flatten(x), np.asarray(keras.layers.Flatten(dtype="float64")(x)))
    layer = keras.layers.Dropout(0.25, dtype="float64", seed=3)
    np.testing.assert_array_equal(np.asarray(layer(x, training=False)), x)
    after = np.asarray(layer(x, training=True))
    np.testing.assert_allclose(after[after != 0], x[after != 0] / 0.75)


@pytest.mark.slow
@pytest.mark.parametrize("scale", [1, 1000])
def test_cnn_forward_equals_keras(week: SimpleNamespace, keras: Any, scale: float) -> None:
    keras.utils.set_random_seed(4)
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu", name="conv2d"),
            layers.Conv2D(64, 3, activation="relu", name="conv2d_1"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu", name="dense"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax", name="dense_1"),
        ]
    )
    rng = np.random.default_rng(5)
    weights = {}
    for name in ("conv2d", "conv2d_1", "dense", "dense_1"):
        kernel = np.asarray(model.get_layer(name).kernel) * np.float32(1.5)
        bias = rng.normal(scale=0.3, size=kernel.shape[-1]).astype(np.float32)
        if name == "dense_1":
            kernel, bias = kernel * np.float32(scale), bias * np.float32(scale)
        model.get_layer(name).set_weights([kernel, bias])
        weights[name] = [kernel, bias]
    x = rng.random((2, 28, 28, 1))
    actual = week.cnn_forward(x, weights)
    np.testing.assert_allclose(actual.sum(axis=1), 1)
    np.testing.assert_allclose(actual, np.asarray(model(x, training=False)), rtol=0, atol=1e-5)
