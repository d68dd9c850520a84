"""What a training run looked like: kept for the feedback's pictures, never for points."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from autograder.examiner.remote.values import array_of

_MOST_EPOCHS = 500
_MOST_MISSED = 30


class TrainingPictures:
    """The fixture ``training_pictures``: suites tell it what came of a training run.

    Attributes:
        found: ``loss`` (values by name and epoch), ``confusion`` (counts, true digit by row), ``missed``
            (images with label and guess); plain JSON data, whatever the submission returned.
    """

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}

    def history(self, history: Any) -> None:
        """Keep the curves of a Keras history dict; what is no such thing is passed over."""
        if not isinstance(history, dict):
            return
        curves = {}
        for name, values in list(history.items())[:8]:
            if isinstance(name, str) and isinstance(values, list) and len(values) <= _MOST_EPOCHS:
                numbers = [float(v) for v in values if isinstance(v, (int, float, np.floating))]
                if numbers and len(numbers) == len(values) and all(map(math.isfinite, numbers)):
                    curves[name[:40]] = numbers
        if curves:
            self.found["loss"] = curves

    def judged(self, images: npt.NDArray[np.uint8], labels: npt.NDArray[Any], guesses: Any) -> None:
        """Keep the confusion matrix and the first missed digits.

        Args:
            images: uint8 (N, 28, 28).
            labels: (N,) the true digits.
            guesses: what the submission said, (N,) whole numbers from 0 to 9; passed over otherwise.
        """
        told = array_of(guesses)
        if (
            told is None
            or told.shape != labels.shape
            or told.dtype.kind not in "iu"
            or not np.isin(told, range(10)).all()
        ):
            return
        matrix = np.zeros((10, 10), dtype=int)
        np.add.at(matrix, (labels.astype(int), told.astype(int)), 1)
        self.found["confusion"] = matrix.tolist()
        self.found["missed"] = [
            {"image": images[i].tolist(), "label": int(labels[i]), "guess": int(told[i])}
            for i in np.flatnonzero(told != labels)[:_MOST_MISSED]
        ]
