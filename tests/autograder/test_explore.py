"""`autograder verify --explore` on a small course: holes are found and answered, nothing is asked twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from trial import SUITE, make

from autograder.authoring.explore import Exploration, explore
from autograder.authoring.mutations import Usage, Variant, spoilt, variants_of

# A suite that lets one thing pass: whether `half` works for numbers that are not whole.
CLOSED = SUITE.replace(
    "expect_number(submission.half(3), 1.5)",
    "expect_number(submission.half(3), 1.5)\n    expect_number(submission.half(-7), -3.5)",
).replace(
    "assert submission.half(np.ones((2, 3))).shape == (2, 3)",
    "expect_array(expect_unchanged(submission.half, 0.3 * np.ones((2, 3))), 0.15 * np.ones((2, 3)))",
)

ANSWERS = """\
- function: double
  was: np.asarray(x)
  now: x
  why: An array is given.

- function: double
  now: "@arguments_read_in_memory_order"
  why: Arrays come in C order here.

- function: double
  now: "@one_buffer_for_all_answers"
  why: One answer at a time.

- function: double
  now: "@answer_through_float16"
  why: Small numbers.

- function: half
  now: ["@arguments_read_in_memory_order", "@one_buffer_for_all_answers", "@answer_through_float16"]
  why: Arrays come in C order here, one answer at a time, small numbers.
"""


def changes(source: str) -> set[tuple[str, str]]:
    return {(variant.was, variant.now) for variant in variants_of(source)}


def found_in(root: Path) -> Exploration:
    (found,) = explore(root, fast=True)
    return found


def survivors(found: Exploration) -> set[tuple[str, str, str]]:
    return {(variant.function, variant.was, variant.now) for variant in found.survivors}


def answer(root: Path, text: str) -> None:
    (root / "tests/hidden/trial/equivalents.yml").write_text(text, encoding="utf-8")


# -- variants -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("return x + 1", {"return x - 1", "return x", "return 1", "return x + 2", "return x + 0"}),
        ("return a < b", {"return a <= b", "return a > b"}),
        ("return not a", {"return a"}),
        ("return a and b", {"return a or b", "return a", "return b"}),
        ("return x.astype(int)", {"return x"}),
        ("return x.sum(axis=1)", {"return x.sum()", "return x.sum(axis=2)", "return x.sum(axis=0)"}),
        ("return f(a, b)", {"return f(b, a)"}),
        ("return x[:n]", {"return x[:]", "return x[:n + 1]", "return x[:n - 1]"}),
        ("return a if b else c", {"return a", "return c"}),
        ("x += 1", {"pass", "x -= 1", "x += 2", "x += 0"}),
        ("raise ValueError(f'a {x + 1}')", {"raise TypeError(f'a {x + 1}')"}),
    ],
)
def test_one_place_is_changed(line: str, expected: set[str]) -> None:
    found = {now for was, now in changes(f"def f(x, a, b, c, n):\n    {line}\n") if was == line}
    assert expected <= found, found
    if line.startswith("raise"):
        assert found == expected  # what a message says is left alone


def test_defaults_branches_and_axes_are_changed() -> None:
    found = changes("def f(x: int = 2):\n    # why\n    if x:\n        a, b = x\n    return (a, b)\n")
    assert ("def f(x: int=2):", "def f(x: int=3):") in found
    assert {("if x:", "if True:"), ("if x:", "if False:"), ("a, b = x", "b, a = x")} <= found
    assert ("return (a, b)", "return (b, a)") in found
    assert not any("str" in now for _, now in found)


def test_a_long_line_shows_what_differs_in_it() -> None:
    (variant,) = [
        v
        for v in variants_of(f"def f({', '.join('abcdefgh')}):\n    return g({'a, ' * 40}h[:3])\n")
        if "[:4]" in v.now
    ]
    was, now = variant.shown()
    assert was.startswith("… a, ") and was.endswith("h[:3])") and now.endswith("h[:4])")
    assert max(len(was), len(now)) <= 76


def test_every_spoiler_spoils() -> None:
    np = pytest.importorskip("numpy")
    told: dict[str, bool] = {}
    for variant in spoilt("f", Usage(asked=True, given=True, changeable=True, arrays=True, fractions=True)):
        space = {"f": lambda x: x / 3}
        exec(variant.source, space)
        f = space["f"]
        one, other = np.arange(1.0, 7).reshape(2, 3), np.arange(7.0, 13).reshape(2, 3)
        first = f(one)
        right = np.array_equal(first, np.arange(1.0, 7).reshape(2, 3) / 3)
        wide = np.zeros((2, 6))
        wide[:, ::2] = other
        right &= np.array_equal(f(wide[:, ::2]), other / 3)
        right &= np.array_equal(first, np.arange(1.0, 7).reshape(2, 3) / 3)
        right &= np.array_equal(one, np.arange(1.0, 7).reshape(2, 3))
        told[variant.now] = not right
    assert len(told) == 5 and all(told.values()), told


def test_a_spoiler_that_could_not_be_noticed_is_left_out() -> None:
    assert spoilt("f", Usage()) == []


# -- on a course ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_hole_is_found_and_answered(tmp_path: Path) -> None:
    root = make(tmp_path).root
    found = found_in(root)
    # The trial's suite asks `half` for the shape of an array only.
    assert found.complaints == []
    assert ("double", "return np.asarray(x) * 2", "return x * 2") in survivors(found)
    assert found.refused > 5 and found.equivalent == 0
    assert found.usage["half"].tests == ("test_half", "test_half_shape")

    # Asked again, nothing is asked; what an author answers takes effect without asking.
    answer(root, ANSWERS)
    again = found_in(root)
    assert again.asked == 0 and again.variants == found.variants and again.refused == found.refused
    assert survivors(again) < survivors(found)
    assert ("double", "return np.asarray(x) * 2", "return x * 2") not in survivors(again)
    assert again.equivalent == len(found.survivors) - len(again.survivors) > 0


@pytest.mark.slow
def test_what_only_a_training_can_tell_is_explained_where_nothing_is_trained(tmp_path: Path) -> None:
    root = make(tmp_path).root
    answer(
        root,
        "- {function: double, was: np.asarray(x) * 2, now: x * 2, training: true, why: A training tells.}\n"
        "- {function: double, was: '* 2', now: / 2, training: true, why: Both tell.}\n",
    )
    lives = ("double", "return np.asarray(x) * 2", "return x * 2")
    (quick,) = explore(root, fast=True)
    assert lives not in survivors(quick) and quick.equivalent == 1 and quick.complaints == []
    (whole,) = explore(root)
    assert lives in survivors(whole) and whole.equivalent == 0 and whole.complaints == []


@pytest.mark.slow
def test_a_test_that_changes_is_asked_again_and_the_others_are_not(tmp_path: Path) -> None:
    root = make(tmp_path).root
    found = found_in(root)
    survived = survivors(found)
    suite = root / "tests/hidden/trial/test_hidden.py"
    suite.write_text(CLOSED, encoding="utf-8")
    again = found_in(root)
    assert 0 < again.asked < again.variants
    assert survivors(again) < survived


@pytest.mark.slow
def test_an_entry_that_no_longer_holds_is_reported(tmp_path: Path) -> None:
    root = make(tmp_path).root
    answer(
        root,
        "- {function: double, was: np.array(x), now: x, why: It was so once.}\n"
        "- {function: double, was: '* 2', now: / 2, why: Nobody will know.}\n",
    )
    stale, refused = found_in(root).complaints
    assert "`x` for `np.array(x)` in double is no variant of the solution" in stale
    assert "`/ 2` for `* 2` in double is refused by test_double" in refused


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- {function: double, was: a, now: b}\n", "entry 1 lacks why; write `why: …`."),
        ("- {function: double, now: b, why: c}\n", "entry 1 lacks was; write `was: …`."),
        ("function: double\n", "is not a list of entries"),
        ("- {function: [\n", "mend the YAML"),
    ],
)
def test_an_entry_that_cannot_be_used_is_one_sentence(tmp_path: Path, text: str, expected: str) -> None:
    root = make(tmp_path).root
    answer(root, text)
    (complaint,) = found_in(root).complaints
    assert expected in complaint and "equivalents.yml" in complaint


@pytest.mark.slow
def test_a_broken_solution_is_one_sentence(tmp_path: Path) -> None:
    root = make(tmp_path).root
    path = root / "solutions/trial.py"
    path.write_text(path.read_text(encoding="utf-8").replace("x / 2", "x / 3"), encoding="utf-8")
    found = found_in(root)
    assert found.complaints == [
        "solutions/trial.py fails test_half: run `autograder verify trial` and mend it first."
    ]
    assert found.variants == 0


@pytest.mark.slow
def test_the_command_shows_a_difference_and_its_exit_code(tmp_path: Path) -> None:
    root = make(tmp_path).root
    command = [sys.executable, "-m", "autograder.cli", "verify", "--explore", "--fast", "trial"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert (
        "  double, nearest: test_double_array\n    - return np.asarray(x) * 2\n    + return x * 2\n"
        in done.stdout
    )
    assert max(len(line) for line in done.stdout.splitlines()) <= 100
    assert done.stdout.rstrip().endswith("or an entry in equivalents.yml that says why not.")


@pytest.mark.slow
def test_an_interrupted_run_leaves_what_is_whole(tmp_path: Path) -> None:
    root = make(tmp_path).root
    command = [sys.executable, "-m", "autograder.cli", "verify", "--explore", "--fast", "trial"]
    running = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        time.sleep(4)
        os.kill(running.pid, signal.SIGINT)
        _, said = running.communicate(timeout=60)
    finally:
        running.kill()
    kept = root / ".autograder/explore"
    if kept.is_dir():
        (file,) = kept.iterdir()
        assert (
            file.name == "trial.json" and json.loads(file.read_text(encoding="utf-8"))["answers"] is not None
        )
    assert "Traceback" not in said
    assert not found_in(root).complaints


def test_a_variant_is_named_by_its_text() -> None:
    (variant,) = [v for v in variants_of("def f(x):\n    return x * 2\n") if v.now == "return x / 2"]
    assert variant == Variant("f", "return x * 2", "return x / 2", "def f(x):\n    return x / 2\n")
