"""The solution of week 3 against oracles that share no code with it: NumPy, SciPy and Keras."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jupytext
import numpy as np
import pytest
import scipy.signal

SOLUTION = Path(__file__).parents[2] / "solutions" / "03_convolution.py"


@pytest.fixture(scope="module")
def solution() -> Mapping[str, Any]:
    """The names that the solution's own cells define, without running data, pictures or tests."""
    names: dict[str, Any] = {}
    for cell in jupytext.read(SOLUTION).cells:
        marks = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and (marks.get("solution") or marks.get("grade_id") == "setup"):
            exec(compile(cell.source, str(marks.get("grade_id")), "exec"), names)
    return names


def test_points_sum_to_100() -> None:
    points = {
        cell.metadata["nbgrader"]["grade_id"]: cell.metadata["nbgrader"]["points"]
        for cell in jupytext.read(SOLUTION).cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    }
    assert sum(points.values()) == 100


def test_correlations_are_numpys(solution: Mapping[str, Any]) -> None:
    rng = np.random.default_rng(1)
    for length in range(1, 6):
        signal, kernel = rng.normal(size=9), rng.normal(size=length)
        np.testing.assert_allclose(
            solution["correlate_1d"](signal, kernel), np.correlate(signal, kernel, "valid")
        )
        np.testing.assert_allclose(
            solution["convolve_1d"](signal, kernel), np.convolve(signal, kernel, "valid")
        )


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (2, 5), (4, 3), (6, 7)])
def test_conv2d_is_scipys(solution: Mapping[str, Any], shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(2)
    image, kernel = rng.normal(size=(6, 7)), rng.normal(size=shape)
    for mode in ("valid", "full"):
        correlated = scipy.signal.correlate2d(image, kernel, mode)
        convolved = scipy.signal.convolve2d(image, kernel, mode)
        np.testing.assert_allclose(solution["conv2d"](image, kernel, padding=mode), correlated)
        np.testing.assert_allclose(solution["convolve_2d"](image, kernel, padding=mode), convolved)
    for stride in ((2, 3), (3, 1)):
        expected = scipy.signal.correlate2d(image, kernel, "valid")[:: stride[0], :: stride[1]]
        np.testing.assert_allclose(solution["conv2d"](image, kernel, stride=stride), expected)


def test_detect_edges_is_scipys(solution: Mapping[str, Any]) -> None:
    image = np.random.default_rng(3).integers(0, 256, size=(7, 5), dtype=np.uint8)
    weights = [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]
    expected = scipy.signal.convolve2d(image.astype(float), weights, "same")
    np.testing.assert_allclose(solution["detect_edges"](image), expected)


def test_only_the_sobel_pair_shows_a_flip(solution: Mapping[str, Any]) -> None:
    symmetric = {
        name
        for name, kernel in solution["KERNELS"].items()
        if np.array_equal(kernel, np.asarray(kernel)[::-1, ::-1])
    }
    assert set(solution["KERNELS"]) - symmetric == {"sobel_x", "sobel_y"}


@pytest.mark.slow
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_conv2d_is_keras(solution: Mapping[str, Any], padding: str) -> None:
    """Keras's own layer, for even and odd kernels and strides that do not divide.

    Every kernel fits into its image: TensorFlow's behaviour beyond that is not an oracle.
    """
    import keras

    rng = np.random.default_rng(4)
    shapes, strides = [(3, 3), (2, 4), (5, 3)], [(1, 1), (2, 2), (3, 3)]
    for shape, stride, size in itertools.product(shapes, strides, [(8, 11), (7, 6)]):
        image, kernel = rng.normal(size=size), rng.normal(size=shape)
        theirs = keras.ops.conv(
            image[None, :, :, None].astype("float32"),
            kernel[:, :, None, None].astype("float32"),
            strides=stride,
            padding=padding,
        )
        ours = solution["conv2d"](image, kernel, stride=stride, padding=padding)
        np.testing.assert_allclose(ours, np.asarray(theirs)[0, :, :, 0], rtol=1e-4, atol=1e-4)
