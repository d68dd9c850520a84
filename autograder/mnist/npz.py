"""MNIST's own file: how its arrays are laid out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Split = tuple[tuple[Pixels, Pixels], tuple[Pixels, Pixels]]


def read_npz(path: Path) -> Split:
    # Opened here: NumPy leaves a file open that turns out not to be one of its own.
    with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
        return (file["x_train"], file["y_train"]), (file["x_test"], file["y_test"])
