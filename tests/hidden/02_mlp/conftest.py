"""Trainings that several tests look at, each run once a submission.

Two are toy problems with a linear model of the examiner's own making, so that what happens to the
validation loss is known in advance; the third is the course's own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from autograder.mnist.digits import Digits, course_data
from autograder.testing import Submission, expect

PIXELS, CLASSES = 784, 10
SEED = 2026
"""Of the submission's generators before each training: grading again shall give the same points."""

LADDERS = {"embedded": (0.85, 0.89, 0.92, 0.935), "full": (0.90, 0.95, 0.97, 0.975)}
"""Accuracies worth points, by the source of the data; where they come from is in docs/accuracy-mlp.md."""

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Training:
    """What a training left behind.

    Attributes:
        history: what ``train_mlp`` returned, as data.
        steps: updates of the weights that the model's optimizer counted.
        files: names of the files in the folder for checkpoints.
        before, after: the model's mean cross-entropy on the validation images, worked out here.
        changed: which argument the training changed (a message, see ``call_watched``), or None.
        optimizer: the class of the model's optimizer afterwards.
        settings: of the optimizer, before and afterwards.
        accuracy: share of judged images that the model reads correctly; NaN in the toy problems.
    """

    history: Any
    steps: int
    files: list[str]
    before: float
    after: float
    changed: Any
    optimizer: str
    settings: tuple[dict[str, Any], dict[str, Any]]
    accuracy: float = float("nan")

    @property
    def val_losses(self) -> list[float]:
        """The validation loss of every epoch."""
        expect(
            isinstance(self.history, dict),
            "`train_mlp` should return a dict, `model.fit(...)`'s history in it",
            "`train_mlp`는 `model.fit(...)`의 기록이 담긴 딕셔너리를 반환해야 합니다",
        )
        names = sorted(map(str, self.history))
        expect(
            "val_loss" in self.history,
            f"the history has no 'val_loss', only {names}",
            f"기록에 'val_loss'가 없습니다. 있는 것: {names}",
        )
        return [float(loss) for loss in self.history["val_loss"]]


def cross_entropy(model: Any, x: Floats, y: Floats) -> float:
    """Mean categorical cross-entropy of a model's predictions for x (N, 784) against one-hot y (N, 10)."""
    predicted = np.asarray(model.predict(x, verbose=0), dtype=np.float64)
    expect(
        predicted.shape == y.shape,
        f"the model predicts an array of shape {predicted.shape}, not {y.shape}",
        f"모델이 예측한 배열의 모양: {predicted.shape}, 기대한 모양: {y.shape}",
    )
    return float(-np.mean(np.sum(y * np.log(np.clip(predicted, 1e-7, 1.0)), axis=1)))


def train(
    submission: Submission,
    model: Any,
    x: Floats,
    y: Floats,
    validation: tuple[Floats, Floats],
    *,
    watched: bool = True,
) -> Training:
    """Let a submission train a model of its own process and look at what is left.

    Args:
        submission: the fixture.
        model: in its process.
        x, y: the images and their labels.
        validation: the held-out ones.
        watched: see whether the arrays stay as they are; that costs time where they are large.
    """
    keras = submission.import_module("keras")
    keras.utils.set_random_seed(SEED)
    directory = submission.import_module("tempfile").mkdtemp()
    before = cross_entropy(model, *validation)
    as_compiled = optimizer_settings(model)
    arguments = (model, x, y, validation, directory)
    if watched:
        history, changed = submission.train_mlp.call_watched(*arguments)
    else:
        history, changed = submission.train_mlp(*arguments), None
    return Training(
        history=history,
        steps=int(model.optimizer.iterations.numpy()),
        files=sorted(submission.import_module("os").listdir(directory)),
        before=before,
        after=cross_entropy(model, *validation),
        changed=changed,
        optimizer=str(keras.optimizers.serialize(model.optimizer)["class_name"]),
        settings=(as_compiled, optimizer_settings(model)),
    )


def optimizer_settings(model: Any) -> dict[str, Any]:
    """What an optimizer was made with: numbers, truth values and texts, its own name aside."""
    config = dict(model.optimizer.get_config())
    return {key: value for key, value in config.items() if key != "name"}


def linear_model(submission: Submission, learning_rate: float) -> Any:
    """784 inputs, softmax over 10 classes, nothing between; starts at zero and has no luck in it."""
    keras = submission.import_module("keras")
    model = keras.Sequential()
    model.add(keras.layers.Input((PIXELS,)))
    model.add(keras.layers.Dense(CLASSES, activation="softmax", kernel_initializer="zeros"))
    model.compile(
        loss="categorical_crossentropy",
        optimizer=keras.optimizers.SGD(learning_rate),
        metrics=["accuracy"],
    )
    return model


def noisy_patterns(
    rng: np.random.Generator, patterns: Floats, count: int
) -> tuple[Floats, npt.NDArray[np.intp]]:
    """``count`` noisy copies of the ten ``patterns`` (10, 784), and which pattern each one is."""
    which = rng.integers(0, CLASSES, count)
    noise = rng.random((count, PIXELS))
    return np.asarray(0.7 * patterns[which] + 0.3 * noise, dtype=np.float32), which


def one_hot(labels: npt.NDArray[Any]) -> Floats:
    """(N,) labels as float32 (N, 10)."""
    return np.eye(CLASSES, dtype=np.float32)[labels]


@pytest.fixture(scope="session")
def drifting(shared_submission: Submission) -> Training:
    """A toy problem whose validation labels are all wrong: the validation loss is best after one epoch.

    A model that learned from the validation images as well would see it fall. 600 images are three
    batches for a batch size of 200 to 299 only.
    """
    rng = np.random.default_rng(20)
    patterns = (rng.random((CLASSES, PIXELS)) < 0.1).astype(np.float64)
    x, labels = noisy_patterns(rng, patterns, 600)
    x_validation, right = noisy_patterns(rng, patterns, 90)
    validation = (x_validation, one_hot((right + 3) % CLASSES))
    return train(shared_submission, linear_model(shared_submission, 0.05), x, one_hot(labels), validation)


@pytest.fixture(scope="session")
def improving(shared_submission: Submission) -> Training:
    """A toy problem that is learned so slowly that every epoch is the best so far.

    401 images are three batches for a batch size of 134 to 200 only.
    """
    rng = np.random.default_rng(21)
    patterns = (rng.random((CLASSES, PIXELS)) < 0.1).astype(np.float64)
    x, labels = noisy_patterns(rng, patterns, 401)
    x_validation, right = noisy_patterns(rng, patterns, 70)
    validation = (x_validation, one_hot(right))
    return train(shared_submission, linear_model(shared_submission, 0.005), x, one_hot(labels), validation)


@pytest.fixture(scope="session")
def trained(shared_submission: Submission, training_pictures: Any) -> Training:
    """The submission's own model, trained by the submission on the course's images.

    Early stopping looks at the images that students know as the test set; the judged ones are a third
    set, and only their pixels go to the submission.
    """
    data = course_data()
    model = shared_submission.build_mlp()
    validation = (_rows(data.test), one_hot(data.test.labels))
    x, y = _rows(data.train), one_hot(data.train.labels)
    result = train(shared_submission, model, x, y, validation, watched=False)
    predicted = np.asarray(model.predict(_rows(data.judged), verbose=0))
    expect(
        predicted.shape == (len(data.judged), CLASSES),
        f"the predictions have the shape {predicted.shape}",
        f"예측한 배열의 모양: {predicted.shape}",
    )
    guesses = np.argmax(predicted, axis=1)
    training_pictures.history(result.history)
    training_pictures.judged(data.judged.images, data.judged.labels, guesses)
    return replace(result, accuracy=float(np.mean(guesses == data.judged.labels)))


@pytest.fixture(scope="session")
def ladder() -> tuple[float, ...]:
    """The accuracies that are worth points, lowest first."""
    return LADDERS[course_data().source]


def _rows(digits: Digits) -> Floats:
    return digits.images.reshape(len(digits), PIXELS).astype(np.float32) / 255
