"""What is said of a mistake in the course's own weeks, graded for real: what it is, or nothing."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from autograder.authoring.demo import make_course
from autograder.course.folders import Paths
from autograder.examination import Examination, Verdict
from autograder.examiner.mutants import functions_of, load_mutants
from autograder.grading.grade import grade
from autograder.notebooks.definitions import defined_names
from autograder.notebooks.metadata import is_solution
from autograder.notebooks.scripts import dump, read_script
from autograder.options import Options

REPOSITORY = Path(__file__).parents[2]

pytestmark = pytest.mark.slow

TURNS_AND_CALLS = """\
def convolve_2d(image, kernel, stride=1, padding=0):
    return conv2d(image, np.asarray(kernel)[::-1, ::-1], stride, padding)
"""
CHECKS = """\
    for name, value in (("input_size", input_size), ("kernel_size", kernel_size), ("dilation", dilation)):
        if value < 1:
            raise ValueError(f"{name} is {value}")
    if padding < 0:
        raise ValueError(f"padding is {padding}")
"""
NOT_SCALED = """\
def dropout(x, rate, training, rng):
    if not 0 <= rate < 1:
        raise ValueError(f"rate is {rate}")
    return np.where(rng.random(x.shape) < rate, 0, x) if training else x.copy()
"""
ODD_CELL_FIRST = """\
def padding_for(mode, input_size, kernel_size, stride=1):
    if mode == "valid":
        return 0, 0
    if mode != "same":
        raise ValueError(f"mode is {mode!r}")
    total = max((-(-input_size // stride) - 1) * stride + kernel_size - input_size, 0)
    return total - total // 2, total // 2
"""
LATE_AND_LARGE = """\
def make_callbacks(directory, patience=10):
    pattern = os.path.join(directory, "{epoch:02d}-{val_loss:.4f}.keras")
    return [
        keras.callbacks.EarlyStopping(patience=patience, min_delta=0.01, start_from_epoch=5),
        keras.callbacks.ModelCheckpoint(pattern, monitor="val_loss", save_best_only=True),
    ]
"""
LEAST_STRIDE = "    if stride < 1:\n        raise ValueError(f'stride is {stride}')\n"
FITS = (
    "    if covered > input_size + 2 * padding:\n"
    "        raise ValueError('kernel_size is too large')\n"
    "    return (input_size + 2 * padding - covered) // max(stride, 1) + 1\n"
)
OUTPUT_SIZE = "def output_size(input_size, kernel_size, stride=1, padding=0, dilation=1):\n" + CHECKS
# What a student wrote: the ids of mutants, or code; and what is said, by function. Nothing else is.
CASES: dict[str, dict[str, tuple[list[str], dict[str, str]]]] = {
    "02_mlp": {
        # Callbacks are told by their settings, those of one that differs in two by none.
        "small-improvements": (["make-callbacks-min-delta"], {"make_callbacks": "make-callbacks-min-delta"}),
        "starts-late": (["make-callbacks-starts-late"], {"make_callbacks": "make-callbacks-starts-late"}),
        "late-and-large": ([LATE_AND_LARGE], {}),
        # Graded where TensorFlow has left threads.
        "probabilities": (["softmax-not-normalised"], {"softmax": "softmax-not-normalised"}),
    },
    "03_convolution": {
        "flipped": (["conv2d-flips-kernel", TURNS_AND_CALLS], {"conv2d": "conv2d-flips-kernel"}),
        "stride-ignored": (["conv2d-stride-one", TURNS_AND_CALLS], {"conv2d": "conv2d-stride-one"}),
        "dilation-times-kernel": (
            [OUTPUT_SIZE + LEAST_STRIDE + "    covered = dilation * kernel_size\n" + FITS],
            {"output_size": "output_size-dilation-times-kernel"},
        ),
        # A table is needed as a function is.
        "negated": (["KERNELS-ridges-negated"], {"KERNELS": "KERNELS-ridges-negated"}),
        "stride-0-and-dilation": ([OUTPUT_SIZE + "    covered = dilation * kernel_size\n" + FITS], {}),
    },
    "04_pooling": {
        "not-scaled": (
            [NOT_SCALED],
            {"dropout": "dropout-not-scaled"},
        ),
        # What pooling and convolution share is wrong: none of them made this mistake.
        "odd-cell-first": ([ODD_CELL_FIRST], {"padding_for": "padding_for-same-odd-cell-first"}),
        "layer": (["conv2d_layer-flips-kernel"], {"conv2d_layer": "conv2d_layer-flips-kernel"}),
    },
}
TOLD = ("lies_in", "follows")
FOLLOW = {
    "flipped": "convolve_2d",
    "stride-ignored": "convolve_2d",
    "negated": "detect_edges",
    "layer": "cnn_forward",
    "odd-cell-first": "avg_pool_2d",
    "probabilities": "mlp_forward",
}


def written(root: Path, week: str, parts: list[str]) -> bytes:
    """The week solved, with these functions below the solution's own."""
    paths = Paths(root)
    solved = read_script(paths.solution(week).read_text(encoding="utf-8"))
    mutants = {m.id: m for m in load_mutants(paths.suite(week), functions_of(solved))}
    notebook = nbformat.read(paths.released(week), as_version=4)
    sources = {name: cell.source for cell in solved.cells for name in defined_names(cell.source)}
    for cell in notebook.cells:
        if cell.cell_type != "code" or not is_solution(cell):
            continue
        name = next(iter(defined_names(cell.source) & sources.keys()))
        cell.source = sources[name]
        for part in parts:
            source = mutants[part].source if part in mutants else part
            if defined_names(source) & defined_names(cell.source):
                cell.source += f"\n\n\n{source}"
    return dump(notebook)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Examination]:
    found: dict[str, Examination] = {}
    for week, cases in CASES.items():
        root = make_course(REPOSITORY, tmp_path_factory.mktemp("named") / week, week)
        for case, (parts, _) in cases.items():
            path = Paths(root).submission(case, week)
            path.parent.mkdir(parents=True)
            path.write_bytes(written(root, week, parts))
        tally = grade(root, week, Options(workers=1, gradebook=False, training=False))
        found |= {examination.student: examination for examination in tally.examinations}
    return found


@pytest.mark.parametrize(
    ("case", "said"), [(case, said) for cases in CASES.values() for case, (_, said) in cases.items()]
)
def test_what_is_said(case: str, said: dict[str, str], graded: dict[str, Examination]) -> None:
    assert {found.function: found.mutant for found in graded[case].misconceptions} == said
    assert any(test.verdict is not Verdict.PASSED for test in graded[case].tests)


@pytest.mark.parametrize(("case", "dependent"), FOLLOW.items())
def test_what_needs_the_wrong_function_follows_from_it(
    case: str, dependent: str, graded: dict[str, Examination]
) -> None:
    failed = [
        test
        for test in graded[case].tests
        if test.verdict is not Verdict.PASSED and test.call is not None and test.call.function == dependent
    ]
    assert failed and all(test.follows for test in failed)


def test_the_mistake_of_what_several_share_is_found_where_it_is(graded: dict[str, Examination]) -> None:
    failed = [test for test in graded["odd-cell-first"].tests if test.verdict is not Verdict.PASSED]
    about = {kind: {t.call.function for t in failed if getattr(t, kind) and t.call} for kind in TOLD}
    assert about == {"lies_in": {"max_pool_2d"}, "follows": {"avg_pool_2d", "conv2d_layer"}}
    assert all(test.lies_in or test.follows for test in failed)
