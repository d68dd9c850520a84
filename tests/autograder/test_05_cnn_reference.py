"""Is the reference of week 5 right? Judged by Keras itself and by counting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jupytext
import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

NOTEBOOK = Path(__file__).parents[2] / "solutions" / "05_cnn.py"

pytestmark = pytest.mark.slow  # imports TensorFlow


@pytest.fixture(scope="module")
def week() -> dict[str, Any]:
    """What the setup cell and the solution cells define, with Keras as the notebook names it."""
    import keras

    namespace: dict[str, Any] = {"__name__": "__main__", "keras": keras, "layers": keras.layers}
    for cell in jupytext.read(NOTEBOOK).cells:
        metadata = cell.metadata.get("nbgrader", {})
        wanted = metadata.get("solution") or metadata.get("grade_id") == "setup"
        if cell.cell_type == "code" and wanted:
            exec(compile(cell.source, str(NOTEBOOK), "exec"), namespace)
    return namespace


@pytest.fixture(scope="module")
def stripes() -> tuple[Any, Any]:
    """90 noisy images with a bright row or column, float32 (N, 28, 28, 1), and one-hot labels."""
    rng = np.random.default_rng(3)
    images = (0.2 * rng.random((90, 28, 28, 1))).astype(np.float32)
    labels = np.resize([0, 1], 90)
    images[labels == 0, 14] = 1
    images[labels == 1, :, 14] = 1
    return images, np.eye(10)[labels]


@pytest.mark.parametrize("input_shape", [(28, 28, 1), (29, 13, 3), (6, 7, 2)])
def test_layer_shapes_are_keras_own(week: dict[str, Any], input_shape: tuple[int, int, int]) -> None:
    layers = week["layers"]
    shape: tuple[int | None, ...] = (None, *input_shape)
    shapes = []
    for layer in week["build_cnn"]().layers:
        # The same layers, but for another input than the model was built for.
        fresh = layers.deserialize(layers.serialize(layer))
        shape = fresh.compute_output_shape(shape)
        shapes.append(tuple(shape[1:]))
    assert week["layer_shapes"](input_shape) == shapes


def test_layer_shapes_default(week: dict[str, Any]) -> None:
    assert week["layer_shapes"]() == [tuple(layer.output.shape[1:]) for layer in week["build_cnn"]().layers]


def test_layer_parameters_are_keras_own(week: dict[str, Any]) -> None:
    model = week["build_cnn"]()
    assert week["layer_parameters"]() == [layer.count_params() for layer in model.layers]
    assert sum(week["layer_parameters"]()) == model.count_params() == 1_199_882


def test_train_cnn_returns_the_best_epoch(week: dict[str, Any], stripes: tuple[Any, Any]) -> None:
    x, y = stripes
    validation = (x[60:], np.roll(y[60:], 1, axis=1))  # wrong labels: the loss rises as the model learns
    week["keras"].utils.set_random_seed(1)
    model = week["build_cnn"]()
    history = week["train_cnn"](model, x[:60], y[:60], validation)
    assert history.keys() >= {"loss", "accuracy", "val_loss", "val_accuracy"}
    loss = model.evaluate(*validation, verbose=0)[0]
    assert loss == pytest.approx(min(history["val_loss"]), rel=1e-4)
    assert min(history["val_loss"]) < history["val_loss"][-1], (
        "the case is one where the last is not the best"
    )


def test_train_cnn_restores_the_best_even_without_stopping_early(week: dict[str, Any]) -> None:
    """Keras restores the best weights at the end of all epochs too; older versions did not."""
    rng = np.random.default_rng(4)
    x = rng.random((64, 28, 28, 1)).astype(np.float32)
    y = np.eye(10)[rng.integers(0, 10, size=64)]
    validation = (rng.random((32, 28, 28, 1)).astype(np.float32), np.eye(10)[rng.integers(0, 10, size=32)])
    model = week["build_cnn"]()
    history = week["train_cnn"](model, x, y, validation)
    assert model.evaluate(*validation, verbose=0)[0] == pytest.approx(min(history["val_loss"]), rel=1e-4)


def test_predict_digits_learned_from_raw_pixels(week: dict[str, Any], stripes: tuple[Any, Any]) -> None:
    x, y = stripes
    week["keras"].utils.set_random_seed(2)
    model = week["build_cnn"]()
    week["train_cnn"](model, x[:70], y[:70], (x[70:], y[70:]))
    labels = week["predict_digits"](model, np.round(x[..., 0] * 255).astype(np.uint8))
    assert labels.shape == (90,) and labels.dtype.kind in "iu"
    assert labels.tolist() == y.argmax(axis=1).tolist()


@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
def test_confusion_matrix_counts(week: dict[str, Any], dtype: type) -> None:
    import tensorflow as tf

    y_true, y_pred = np.random.default_rng(5).integers(0, 23, size=(2, 700)).astype(dtype)
    matrix = week["confusion_matrix"](y_true, y_pred, num_classes=23)
    assert np.array_equal(matrix, tf.math.confusion_matrix(y_true, y_pred, num_classes=23).numpy())
    assert matrix.sum() == 700
    assert np.array_equal(matrix.sum(axis=1), np.bincount(y_true, minlength=23))


def test_confusion_matrix_defaults_to_ten_classes(week: dict[str, Any]) -> None:
    assert week["confusion_matrix"](np.array([3]), np.array([8])).shape == (10, 10)
