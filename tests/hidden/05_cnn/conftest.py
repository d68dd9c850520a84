"""Week 5's training runs, each of which several tests look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from autograder.mnist.digits import CourseData, Digits, course_data
from autograder.testing import Mismatch, Submission, as_array, expect

SEED = 20_240
"""Of the training run that is judged; the same for everybody."""

Floats = npt.NDArray[np.float32]


def prepared(digits: Digits) -> tuple[Floats, npt.NDArray[np.float64]]:
    """Images (N, 28, 28, 1) in [0, 1] and one-hot labels (N, 10), as ``train_cnn`` gets them."""
    return digits.images.astype(np.float32)[..., np.newaxis] / np.float32(255), np.eye(10)[digits.labels]


def array_of(tensor: Any) -> npt.NDArray[Any]:
    """A tensor of the submission as an array."""
    return np.asarray(tensor.numpy())


@dataclass(frozen=True)
class Trained:
    """What is left of the training run.

    Attributes:
        model: the trained model, in the submission.
        history: what ``train_cnn`` returned.
        guesses: what ``predict_digits`` said of the judged images.
        course: the course's data; ``course.judged.labels`` stay here.
    """

    model: Any
    history: Any
    guesses: Any
    course: CourseData

    @property
    def accuracy(self) -> float:
        """Share of judged images whose label was guessed; 0 if there is no guess for each."""
        labels = self.course.judged.labels
        try:
            guesses = as_array(self.guesses)
        except Mismatch:
            return 0.0
        if guesses.shape != labels.shape or guesses.dtype.kind not in "iuf":
            return 0.0
        return float(np.mean(guesses == labels))

    def held_out_loss(self) -> float:
        """Cross-entropy of the model, in natural units, on the images that it was validated with."""
        x, y = prepared(self.course.test)
        chances = np.asarray(as_array(self.model.predict(x, verbose=0)), dtype=np.float64)
        expect(
            chances.shape == y.shape,
            f"the model predicts an array of shape {chances.shape}, not {y.shape}",
            f"모델이 예측한 배열의 모양: {chances.shape}, 기대한 모양: {y.shape}",
        )
        return float(-np.log(np.clip((chances * y).sum(axis=1), 1e-7, 1.0)).mean())


@pytest.fixture(scope="session")
def trained(shared_submission: Submission, training_pictures: Any) -> Trained:
    """The one training run: built, trained and asked in the submission, judged here."""
    course = course_data()
    shared_submission.import_module("keras").utils.set_random_seed(SEED)
    model = shared_submission.build_cnn()
    x, y = prepared(course.train)
    # What students know as the test images are the held-out ones here: this run's test set is `judged`.
    history = shared_submission.train_cnn(model, x, y, prepared(course.test))
    training_pictures.history(history)
    guesses = shared_submission.predict_digits(model, course.judged.images)
    training_pictures.judged(course.judged.images, course.judged.labels, guesses)
    return Trained(model, history, guesses, course)


class SmallRuns:
    """Training runs of one dense layer on made-up images, about a second each."""

    def __init__(self, submission: Submission) -> None:
        self._submission = submission

    def model(self, rate: float) -> Any:
        """A compiled dense layer with softmax, in the submission; plain gradient descent at ``rate``."""
        keras = self._submission.import_module("keras")
        keras.utils.set_random_seed(17)
        layers = keras.layers
        model = keras.Sequential(
            [layers.Input(shape=(28, 28, 1)), layers.Flatten(), layers.Dense(10, activation="softmax")]
        )
        model.compile(
            loss="categorical_crossentropy",
            optimizer=keras.optimizers.SGD(learning_rate=rate),
            metrics=["accuracy"],
        )
        return model

    def train(self, model: Any, problem: tuple[Any, Any], validation: tuple[Any, Any]) -> tuple[Any, Any]:
        """``train_cnn``'s history, and which argument it changed (a message), or None."""
        history, changed = self._submission.train_cnn.call_watched(model, *problem, validation)
        return history, changed


@pytest.fixture(scope="session")
def small_runs(shared_submission: Submission) -> SmallRuns:
    """See :class:`SmallRuns`."""
    return SmallRuns(shared_submission)


@dataclass(frozen=True)
class SmallRun:
    """What is left of a run on two made-up digits.

    Attributes:
        history: ``train_cnn``'s.
        loss: cross-entropy of the trained model on the validation images, computed here.
        changed: which argument the training changed (a message, see ``call_watched``), or None.
    """

    history: Any
    loss: float
    changed: Any


@pytest.fixture(scope="session")
def rising_run(small_runs: SmallRuns) -> SmallRun:
    """Trained on 2 and 5, validated on images of the same kind that are said to be 9.

    Training makes these labels ever less likely: the validation loss rises from the first epoch on.
    """
    return small_run(small_runs, small_runs.model(0.05), said=np.array([9]))


@pytest.fixture(scope="session")
def falling_run(small_runs: SmallRuns) -> SmallRun:
    """Trained on 2 and 5, validated on images of the same kind, slowly and from weights of 0.

    The validation loss falls a little in every epoch, and all are named right from the first one on.
    """
    model = small_runs.model(1e-4)
    model.set_weights([np.zeros((784, 10)), np.zeros(10)])
    return small_run(small_runs, model, said=np.array([2, 5]))


def small_run(small_runs: SmallRuns, model: Any, said: npt.NDArray[np.int_]) -> SmallRun:
    """Trained on 2 and 5; what the validation images are ``said`` to be comes in turn."""
    rng = np.random.default_rng(501)
    labels = np.resize([2, 5], 240)
    x = np.zeros((240, 28, 28, 1), dtype=np.float32)
    x[labels == 2, 5:15, 4:12] = rng.random((120, 10, 8, 1))
    x[labels == 5, 5:15, 16:24] = rng.random((120, 10, 8, 1))
    held_out = x[:60] * np.float32(0.9)
    truth = np.resize(said, len(held_out))
    y_held_out = np.eye(10)[truth]
    history, changed = small_runs.train(model, (x, np.eye(10)[labels]), (held_out, y_held_out))
    chances = array_of(model(held_out)).astype(np.float64)
    likely = chances[np.arange(len(truth)), truth]
    return SmallRun(
        history=history,
        loss=float(-np.log(np.clip(likely, 1e-7, 1.0)).mean()),
        changed=changed,
    )
