"""Is the reference of week 2 right? Judged by SciPy, plain Python, the slides and Keras itself."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import jupytext
import matplotlib
import numpy as np
import pytest
from scipy import special

matplotlib.use("Agg")

NOTEBOOK = Path(__file__).parents[2] / "solutions" / "02_mlp.py"


@pytest.fixture(scope="module")
def week() -> dict[str, Any]:
    """What the setup cell and the solution cells define; Keras is not imported."""
    namespace: dict[str, Any] = {"__name__": "__main__", "os": os}
    for cell in jupytext.read(NOTEBOOK).cells:
        metadata = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and (metadata.get("solution") or metadata.get("grade_id") == "setup"):
            exec(compile(cell.source, str(NOTEBOOK), "exec"), namespace)
    return namespace


@pytest.fixture(scope="module")
def week_with_keras(week: dict[str, Any]) -> dict[str, Any]:
    """The same with Keras at hand."""
    import keras

    week["keras"] = keras
    return week


def random_weights(seed: int) -> list[np.ndarray]:
    """Weights of 784-512-10 in the order of ``get_weights``."""
    rng = np.random.default_rng(seed)
    shapes = [(784, 512), (512,), (512, 10), (10,)]
    return [rng.normal(0, 0.05, shape).astype(np.float32) for shape in shapes]


def test_points_of_the_week_are_100() -> None:
    metadata = [cell.metadata.get("nbgrader", {}) for cell in jupytext.read(NOTEBOOK).cells]
    assert sum(data.get("points", 0) for data in metadata) == 100


def test_relu_is_the_larger_of_two_numbers(week: dict[str, Any]) -> None:
    z = np.random.default_rng(0).normal(size=(3, 2, 5))
    assert week["relu"](z).ravel().tolist() == [max(0.0, float(value)) for value in z.flat]


def test_softmax_is_scipys(week: dict[str, Any]) -> None:
    logits = np.random.default_rng(1).normal(0, 5, (6, 4)) + np.array(
        [[0], [800], [-900], [3], [1e6], [-1e6]]
    )
    np.testing.assert_allclose(week["softmax"](logits), special.softmax(logits, axis=1), rtol=1e-12)


def test_dense_is_the_sum_of_products(week: dict[str, Any]) -> None:
    rng = np.random.default_rng(2)
    x, weights, bias = rng.normal(size=(4, 5)), rng.normal(size=(5, 3)), rng.normal(size=3)
    expected = [
        [math.fsum([*(x[n, i] * weights[i, j] for i in range(5)), bias[j]]) for j in range(3)]
        for n in range(4)
    ]
    np.testing.assert_allclose(week["dense"](x, weights, bias), expected, rtol=1e-12)
    np.testing.assert_allclose(week["dense"](x, weights, bias, np.tanh), np.tanh(expected), rtol=1e-12)


def test_crossentropy_is_the_entropy_of_scipy(week: dict[str, Any]) -> None:
    rng = np.random.default_rng(3)
    y_true, y_pred = np.eye(4)[[1, 3, 0]], special.softmax(rng.normal(size=(3, 4)), axis=1)
    expected = special.rel_entr(y_true, y_pred).sum() / 3  # a one-hot row has no entropy of its own
    assert week["categorical_crossentropy"](y_true, y_pred) == pytest.approx(expected, rel=1e-12)
    assert week["categorical_crossentropy"](y_true, np.eye(4)[[0, 0, 1]]) == pytest.approx(-math.log(1e-7))


def test_accuracy_counts(week: dict[str, Any]) -> None:
    y_true, y_pred = np.eye(3)[[0, 1, 2, 1, 0]], np.eye(3)[[0, 2, 2, 1, 1]] + 0.3
    assert week["accuracy"](y_true, y_pred) == 0.6


def test_early_stopping_of_the_slides(week: dict[str, Any]) -> None:
    # Of the losses only those of epochs 12 and 13 stand on the slides; the others are made up around them.
    losses = [0.2 - 0.01 * epoch for epoch in range(11)] + [0.06102, 0.05823] + [0.0687] * 17
    assert week["early_stopping"](losses, 10) == (23, 13)


@pytest.mark.slow
def test_early_stopping_is_keras(week_with_keras: dict[str, Any]) -> None:
    keras = week_with_keras["keras"]
    rng = np.random.default_rng(4)
    for _ in range(300):
        losses = (rng.integers(1, 12, rng.integers(1, 20)) / 10).tolist()
        patience = int(rng.integers(1, 6))
        callback = keras.callbacks.EarlyStopping(monitor="val_loss", patience=patience, mode="min")
        callback.set_model(keras.Sequential())
        callback.model.stop_training = False  # as `fit` does
        callback.on_train_begin()
        stopped = len(losses)
        for epoch, loss in enumerate(losses):
            callback.on_epoch_end(epoch, {"val_loss": loss})
            if callback.model.stop_training:
                stopped = epoch + 1
                break
        expected = (stopped, callback.best_epoch + 1)
        assert week_with_keras["early_stopping"](losses, patience) == expected, (losses, patience)


@pytest.mark.slow
def test_forward_pass_is_keras(week_with_keras: dict[str, Any]) -> None:
    model = week_with_keras["build_mlp"]()
    weights = random_weights(5)
    model.set_weights(weights)
    x = np.random.default_rng(6).random((9, 784)).astype(np.float32)
    np.testing.assert_allclose(
        week_with_keras["mlp_forward"](x, *weights), model.predict(x, verbose=0), atol=1e-5
    )


@pytest.mark.slow
def test_loss_accuracy_and_parameters_are_keras(week_with_keras: dict[str, Any]) -> None:
    model = week_with_keras["build_mlp"]()
    model.set_weights(random_weights(7))
    x = np.random.default_rng(8).random((12, 784)).astype(np.float32)
    y = np.eye(10)[np.random.default_rng(9).integers(0, 10, 12)]
    predicted = model.predict(x, verbose=0)
    loss, accuracy = model.evaluate(x, y, verbose=0)
    assert week_with_keras["categorical_crossentropy"](y, predicted) == pytest.approx(loss, rel=1e-4)
    assert week_with_keras["accuracy"](y, predicted) == pytest.approx(accuracy)
    assert week_with_keras["count_parameters"]([784, 512, 10]) == model.count_params()


@pytest.mark.slow
def test_hdf5_is_refused_by_keras_3(week_with_keras: dict[str, Any]) -> None:
    # The notebook says so.
    with pytest.raises(ValueError, match="keras"):
        week_with_keras["keras"].callbacks.ModelCheckpoint("{epoch:02d}-{val_loss:.4f}.hdf5")
