"""Is the reference of week 1 right? Judged by exact fractions, NumPy's text files, drawn pixels and Keras."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import jupytext
import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

NOTEBOOK = Path(__file__).parents[2] / "solutions" / "01_preprocessing.py"


@pytest.fixture(scope="module")
def week() -> dict[str, Any]:
    """What the setup cell and the solution cells define."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for cell in jupytext.read(NOTEBOOK).cells:
        metadata = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and (metadata.get("solution") or metadata.get("grade_id") == "setup"):
            exec(compile(cell.source, str(NOTEBOOK), "exec"), namespace)
    return namespace


@pytest.fixture
def images() -> np.ndarray:
    """Seven byte images of 4 x 5."""
    return np.random.default_rng(0).integers(0, 256, size=(7, 4, 5), dtype=np.uint8)


def test_flatten_images_is_the_flat_iterator(week: dict[str, Any], images: np.ndarray) -> None:
    for layout in (images, np.asfortranarray(images), images[::-1, :, ::2]):
        rows = week["flatten_images"](layout)
        assert rows.dtype == np.uint8
        assert rows.tolist() == [list(map(int, image.flat)) for image in layout]


def test_normalize_is_exact_to_the_last_bit(week: dict[str, Any]) -> None:
    scaled = week["normalize"](np.arange(256, dtype=np.uint8))
    assert scaled.dtype == np.float64
    # float(Fraction) rounds correctly, as one IEEE division does.
    assert scaled.tolist() == [float(Fraction(value, 255)) for value in range(256)]


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.uint16, np.int64])
def test_normalize_refuses_by_value_not_by_type(week: dict[str, Any], dtype: type) -> None:
    limits = np.iinfo(dtype)
    for value in (-1, 256):
        if limits.min <= value <= limits.max:
            with pytest.raises(ValueError, match="images"):
                week["normalize"](np.array([0, value], dtype))
    inside = np.array([0, min(255, limits.max)], dtype)
    assert week["normalize"](inside)[1] == inside[1] / 255


def test_one_hot_undone_by_argmax(week: dict[str, Any]) -> None:
    labels = np.random.default_rng(1).integers(0, 12, size=50)
    for shape in ((50,), (50, 1)):
        encoded = week["one_hot"](labels.reshape(shape), 12)
        assert encoded.dtype == np.float64
        assert np.array_equal(encoded.argmax(axis=1), labels)
        assert np.array_equal(np.unique(encoded), [0, 1])
        assert np.array_equal(encoded.sum(axis=1), np.ones(50))


def test_split_gives_every_row_the_same_chance(week: dict[str, Any]) -> None:
    rows, rounds = 8, 2000
    counts = np.zeros(rows)
    first = np.zeros(rows)
    for seed in range(rounds):
        numbers = np.arange(rows)
        parts = week["split_train_validation"](numbers, numbers, 0.25, np.random.default_rng(seed))
        counts[parts[3]] += 1
        first[parts[1][0]] += 1
    # Binomial: five standard deviations either side.
    assert np.all(np.abs(counts - rounds * 0.25) < 5 * np.sqrt(rounds * 0.25 * 0.75))
    assert np.all(np.abs(first - rounds / rows) < 5 * np.sqrt(rounds / rows * (1 - 1 / rows)))


def test_image_to_text_is_savetxt_and_comes_back(week: dict[str, Any], images: np.ndarray) -> None:
    buffer = io.StringIO()
    np.savetxt(buffer, images[0], fmt="%d", delimiter="\t", newline="\n")
    text = week["image_to_text"](images[0])
    assert text == buffer.getvalue()
    assert np.array_equal(np.loadtxt(io.StringIO(text), delimiter="\t"), images[0])


def test_image_to_text_is_the_lecture_loop_without_its_last_tab(
    week: dict[str, Any], images: np.ndarray
) -> None:
    text = ""
    for row in images[1]:
        for pixel in row:
            text += f"{pixel:d}\t"
        text += "\n"
    assert week["image_to_text"](images[1]) == text.replace("\t\n", "\n")


def test_show_image_puts_ink_where_the_numbers_are(week: dict[str, Any]) -> None:
    """Rendered: the pixel of the canvas at the centre of each square, white for 0 and black for 255."""
    image = np.array([[0, 255, 0], [0, 0, 255]], dtype=np.uint8)
    axes = week["show_image"](image)
    canvas = axes.figure.canvas
    canvas.draw()
    screen = np.asarray(canvas.buffer_rgba())[..., 0]
    for row, column in np.ndindex(image.shape):
        x, y = axes.transData.transform((column, row))
        shade = screen[screen.shape[0] - 1 - round(y), round(x)]
        assert shade == (0 if image[row, column] else 255)


@pytest.mark.slow
def test_preprocess_is_what_keras_makes_of_it(week: dict[str, Any], images: np.ndarray) -> None:
    import keras

    labels = np.array([3, 0, 9, 9, 1, 4, 2], dtype=np.uint8)
    x, y = week["preprocess"](images, labels)
    flat = keras.layers.Flatten()(images[..., np.newaxis])
    scaled = keras.layers.Rescaling(1 / 255, dtype="float64")(flat)
    # Rescaling holds its factor as a float32, whatever the layer's dtype: about seven digits.
    assert np.allclose(x, np.asarray(scaled), rtol=1e-6, atol=0)
    assert np.array_equal(y, keras.utils.to_categorical(labels, 10))
    assert np.array_equal(week["one_hot"](labels[:, np.newaxis], 10), y)
