"""A mistake costs once: what fails only because of another function's mistake, graded for real."""

from __future__ import annotations

import pickle
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from ruamel.yaml import YAML

from autograder.authoring.release import release
from autograder.course.folders import Paths
from autograder.course.models import Limits
from autograder.course.reading import load_course
from autograder.examination import Examination, Text, Verdict
from autograder.examination import TestOutcome as Outcome
from autograder.examiner.carrying import Carrier, carried_forward
from autograder.examiner.causes import without_blanket_refusals
from autograder.examiner.needs import needs_of
from autograder.examiner.outcomes import TestRun as Run
from autograder.examiner.probe import without_values
from autograder.examiner.remote.log import Budget, LoggedCall
from autograder.examiner.remote.objects import RemoteFunction
from autograder.grading.grade import grade
from autograder.notebooks.metadata import grade_id
from autograder.notebooks.scripts import dump
from autograder.options import Options
from autograder.show import remarks

COURSE = """\
title: {en: Chain, ko: 사슬}
carry_forward: CARRY
assignments:
  - name: chain
    title: {en: Chain, ko: 사슬}
    release: 2027-03-01 09:00
    due: 2027-03-07 23:59
    limits: {cell_seconds: 2, cells_seconds: 4, test_seconds: 1, tests_seconds: 8, memory: 512 MiB}
"""

RIGHT = {
    "total": '''\
import numpy as np


def total(x):
    """The sum of an array."""
    if np.size(x) == 0:
        raise ValueError("x is empty")
    return float(np.sum(x))
''',
    "mean": '''\
def mean(x):
    """Its mean."""
    return total(x) / np.size(x)
''',
    "spread": '''\
def spread(x):
    """The mean distance from the mean."""
    return mean(np.abs(np.asarray(x) - mean(x)))
''',
    "largest": '''\
def top(x):
    """A helper, which no test asks for."""
    return np.max(x)


def largest(x):
    """The largest element."""
    return float(top(x))
''',
    "scaled": '''\
def scaled(x, norm):
    """The largest element over what a function makes of the array."""
    return float(top(x)) / norm(x)
''',
    "share": '''\
def share(x):
    """The largest element's share of the sum."""
    return scaled(x, total)
''',
}
HANDED = {"scaled", "share"}
"""Of which functions are handed to others."""


def question(function: str, name: str, body: str) -> str:
    return (
        f'@pytest.mark.cell("test-{function}")\n'
        f"def test_{function}_{name}(submission, reference):\n"
        f'    """{function} {name}.\n\n    {function} {name}.\n    """\n    {body}\n\n\n'
    )


SUITE = """\
import numpy as np
import pytest

from autograder.testing import expect_number, expect_raises


"""
for name in RIGHT:
    for label, array in (("odd", "[1.0, 2.0, 6.0]"), ("one", "[4.0]"), ("even", "[1.0, 3.0, 3.0, 9.0]")):
        mine, right = (
            f"{side}.{name}(np.array({array}){f', {side}.total' * (name == 'scaled')})"
            for side in ("submission", "reference")
        )
        SUITE += question(name, label, f"expect_number({mine}, {right})")
SUITE += question("mean", "empty", 'expect_raises(submission.mean, np.array([]), names="empty")')


def solution() -> str:
    text = '# %% [markdown] tags=["en"]\n# # Chain\n\n# %% [markdown] tags=["ko"]\n# # 사슬\n\n'
    for name, source in RIGHT.items():
        head, doc, body = source.partition('."""\n')
        marked = f"{head}{doc}    ### BEGIN SOLUTION\n{body}    ### END SOLUTION\n"
        common = '"locked": LOCKED, "schema_version": 3, "solution": SOLUTION}'
        cell = '# %% nbgrader={"grade": GRADE, "grade_id": "ID", POINTS' + common
        for grades, identity, points, source_ in (
            ("false", name, "", marked),
            (
                "true",
                f"test-{name}",
                '"points": 10, ',
                f"print({name}(np.array([2.0]){', total' * (name == 'scaled')}))\n",
            ),
        ):
            text += (
                cell.replace("GRADE", grades)
                .replace("ID", identity)
                .replace("POINTS", points)
                .replace("LOCKED", grades)
                .replace("SOLUTION", "false" if grades == "true" else "true")
                + f"\n{source_}\n"
            )
    return text


class Class:
    """A week of functions that need one another."""

    def __init__(self, root: Path, carry: str = "full", seed: int = 0) -> None:
        self.root, self.paths = root, Paths(root)
        course = COURSE.replace("CARRY", carry) + f"    seed: {seed}\n"
        for path, text in (
            ("course.yml", course),
            ("solutions/chain.py", solution()),
            ("tests/hidden/chain/test_hidden.py", SUITE),
        ):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        loaded = load_course(root)
        release(loaded, loaded.assignment("chain"), self.paths)

    def hand_in(self, student: str, *, below: str = "", scratch: str = "", **written: str) -> None:
        """A submission of these functions, with code below the last of them or in a cell of its own."""
        notebook = nbformat.read(self.paths.released("chain"), as_version=4)
        for cell in notebook.cells:
            if grade_id(cell) in RIGHT:
                cell.source = written.get(grade_id(cell), RIGHT[grade_id(cell)])
                last = cell
        last.source += below
        if scratch:
            notebook.cells.append(nbformat.v4.new_code_cell(scratch))
        path = self.paths.submission(student, "chain")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(dump(notebook))

    def grade(self) -> dict[str, Examination]:
        tally = grade(self.root, "chain", Options(workers=1, gradebook=False))
        return {examination.student: examination for examination in tally.examinations}


def points(examination: Examination) -> dict[str, float | None]:
    assert examination.status == "graded", [str(notice.text) for notice in examination.notices]
    return {score.grade_id.removeprefix("test-"): score.points for score in examination.scores}


def of(examination: Examination, function: str) -> dict[str, Outcome]:
    prefix = f"test_{function}_"
    return {t.name.removeprefix(prefix): t for t in examination.tests if t.name.startswith(prefix)}


START = "import numpy as np\n\n\n"
WRONG_TOTAL = START + "def total(x):\n    return float(np.sum(x)) + 1\n"
WRONG_SCALED = "def scaled(x, norm):\n    return float(np.max(x)) / (norm(x) + 1)\n"
WRONG_MEAN = "def mean(x):\n    return total(x) / (np.size(x) + 1)\n"
THREAD = """

__import__("threading").Thread(target=__import__("time").sleep, args=[99], daemon=True).start()
"""
"""As TensorFlow does: what has threads is not forked."""
WRONG_TOP = "def top(x):\n    return np.max(x) + 1\n\n\n"
LARGEST = "def largest(x):\n    return float(top(x))\n"
WORDY = "\n\nprint('x' * 1_500_000)\n"
NO_TOTAL = START + 'def total(x):\n    raise NotImplementedError("total")\n'

CASES: dict[str, tuple[dict[str, str], dict[str, float]]] = {
    # One wrong function costs its own points. The chain follows from where it begins.
    "wrong": (
        {"total": WRONG_TOTAL},
        {"total": 0, "mean": 10, "spread": 10, "scaled": 10, "share": 10},
    ),
    # A function that is handed on is the solution's there, where it is right or replaced itself.
    "handed": ({"scaled": WRONG_SCALED}, {"scaled": 0, "share": 10}),
    "handed-wrong": ({"scaled": WRONG_SCALED, "total": WRONG_TOTAL}, {"total": 0, "scaled": 0, "share": 10}),
    "handed-unwritten": (
        {"scaled": WRONG_SCALED, "total": NO_TOTAL},
        {"total": 0, "mean": 0, "spread": 0, "scaled": 0, "share": 0},
    ),
    "hands-itself": (
        {"scaled": WRONG_SCALED, "share": "def share(x):\n    return scaled(x, share)\n"},
        {"scaled": 0, "share": 0},
    ),
    "hands-another": (
        {"scaled": WRONG_SCALED, "share": "def share(x):\n    return scaled(x, lambda x: total(x))\n"},
        {"scaled": 0, "share": 0},
    ),
    "middle": ({"mean": WRONG_MEAN}, {"total": 10, "mean": 2.5, "spread": 10}),
    "both": ({"total": WRONG_TOTAL, "mean": WRONG_MEAN}, {"total": 0, "mean": 2.5, "spread": 10}),
    # A mistake of one's own stays one.
    "own": (
        {"total": WRONG_TOTAL, "spread": "def spread(x):\n    return mean(x) + 7\n"},
        {"total": 0, "mean": 10, "spread": 0},
    ),
    # What is not written costs what calls it, as before, and gains nothing itself.
    "unwritten": ({"total": NO_TOTAL}, {"total": 0, "mean": 0, "spread": 0}),
    "missing": ({"total": "import numpy as np\n"}, {"total": 0, "mean": 0, "spread": 0}),
    "stub": (
        {"total": WRONG_TOTAL, "mean": 'def mean(x):\n    raise NotImplementedError("mean")\n'},
        {"total": 0, "mean": 0, "spread": 0},
    ),
    "raises": (
        {"total": START + "def total(x):\n    return x.summe()\n"},
        {"total": 0, "mean": 10, "spread": 10},
    ),
    "hangs": (
        {"total": START + "def total(x):\n    while True:\n        pass\n"},
        {"total": 0, "mean": 10, "spread": 10, "scaled": 10, "share": 10},
    ),
    "crashes": (
        {"total": START + "import os\n\n\ndef total(x):\n    os._exit(3)\n"},
        {"total": 0, "mean": 10, "spread": 10, "scaled": 10, "share": 10},
    ),
    # Nothing but a name handed on: right only where the mean is the sum.
    "hands-on": (
        {
            "total": START + "def total(x):\n    return None\n",
            "mean": "def mean(*a):\n    return total(*a)\n",
        },
        {"total": 0, "mean": 5, "spread": 10},
    ),
    # Nobody answers for the function itself, for what it does not need, or for what is right.
    "asks-itself": (
        {
            "total": WRONG_TOTAL,
            "mean": (
                "from autograder.candidate.serve import Server\n"
                "import gc\n\n\n"
                "def mean(x):\n"
                "    server = next(s for s in gc.get_objects() if type(s) is Server)\n"
                '    server.channel.send({"asks": "mean", "args": [x], "kwargs": {}})\n'
                '    return server.channel.receive()["value"]\n'
            ),
            "spread": (
                "def spread(x):\n"
                "    server = next(s for s in gc.get_objects() if type(s) is Server)\n"
                '    server.channel.send({"asks": "spread", "args": [x], "kwargs": {}})\n'
                '    return server.channel.receive()["value"]\n'
            ),
            "largest": (
                "def largest(x):\n"
                "    server = next(s for s in gc.get_objects() if type(s) is Server)\n"
                '    server.channel.send({"asks": "largest", "args": [x], "kwargs": {}})\n'
                '    return server.channel.receive()["value"]\n'
            ),
        },
        {"total": 0, "mean": 0, "spread": 0, "largest": 0},
    ),
    # Too much, too often, and what is no data: nothing is gained, and nobody else is harmed.
    "huge": (
        {"total": WRONG_TOTAL, "mean": "def mean(x):\n    return total(np.ones(30_000_000))\n"},
        {"total": 0, "mean": 0},
    ),
    "endless": (
        {"total": WRONG_TOTAL, "mean": "def mean(x):\n    while True:\n        total(x)\n"},
        {"total": 0, "mean": 2.5},
    ),
    "no-data": (
        {"total": WRONG_TOTAL, "mean": "def mean(x):\n    return total(lambda: x)\n"},
        {"total": 0, "mean": 0},
    ),
    "handles": (
        {
            "total": WRONG_TOTAL,
            "mean": (
                "from autograder.wire import Handle\n\n\n"
                "def mean(x):\n    return total(Handle(0)) + total([Handle(0)])\n"
            ),
        },
        {"total": 0, "mean": 0},
    ),
    # Arguments by names of one's own, and what is an array without being NumPy's, are data, too.
    "renamed": (
        {
            "total": START + "def total(numbers, extra=0):\n    return float(np.sum(numbers)) + 1\n",
            "mean": "def mean(x):\n    return total(numbers=x) / np.size(x)\n",
        },
        {"total": 0, "mean": 10, "spread": 10},
    ),
    "array-like": (
        {
            "total": (
                f"{WRONG_TOTAL}\n\nclass Tensor:\n    def __init__(self, x):\n        self.x = x\n\n"
                "    def __array__(self, dtype=None, copy=None):\n        return np.asarray(self.x, dtype)\n"
            ),
            "mean": "def mean(x):\n    return total(Tensor(x)) / np.size(x)\n",
        },
        {"total": 0, "mean": 10, "spread": 10},
    ),
    # A megabyte of outputs in each of several cells.
    "wordy": ({name: RIGHT[name] + WORDY for name in ("total", "mean", "spread", "largest")}, {}),
    # Whoever needs what refuses everything does not refuse it itself.
    "refused": (
        {"total": START + 'def total(x):\n    raise ValueError("x is empty")\n'},
        {"total": 0, "mean": 10, "spread": 10},
    ),
    # Raises only beside a right function, and then always: refusing earns nothing by that.
    "refuses": (
        {
            "total": WRONG_TOTAL,
            "mean": (
                "def mean(x):\n    if total(x) == float(np.sum(x)) + 1:\n        return 0.0\n"
                '    raise ValueError("empty")\n'
            ),
        },
        {"total": 0, "mean": 0},
    ),
    # A helper's mistake costs the first function that needs it, and nobody else.
    "helper": (
        {"largest": WRONG_TOP + LARGEST},
        {"largest": 0, "scaled": 10, "share": 10},
    ),
    "helper-crashes": (
        {"largest": "import os\n\n\ndef top(x):\n    os._exit(3)\n\n\n" + LARGEST},
        {"largest": 0, "scaled": 10, "share": 10},
    ),
    "helper-hangs": (
        {"largest": f"def top(x):\n    while True:\n        pass\n\n\n{LARGEST}"},
        {"largest": 0, "scaled": 10, "share": 10},
    ),
    "helper-and-own": (
        {"largest": f"{WRONG_TOP}def largest(x):\n    return -top(x)\n"},
        {"largest": 0, "scaled": 0, "share": 10},
    ),
    "helper-of-one": (
        {"largest": f"{WRONG_TOP}def largest(x):\n    return float(np.max(x))\n"},
        {"largest": 10, "scaled": 0, "share": 10},
    ),
    "helper-and-total": (
        {"total": WRONG_TOTAL, "largest": WRONG_TOP + LARGEST},
        {"total": 0, "largest": 0, "scaled": 10, "share": 10},
    ),
    "helper-unwritten": (
        {"largest": "def top(x):\n    raise NotImplementedError\n\n\n" + LARGEST},
        {"largest": 0, "scaled": 0, "share": 0},
    ),
    "helper-missing": (
        {"largest": "def largest(x):\n    return float(np.max(x))\n"},
        {"scaled": 0, "share": 10},
    ),
    "right": ({}, {}),
}
LEFT = ("wrong", "both", "hangs", "crashes")
"""Also with threads that a cell has left which is not run anew."""
STAYING = (
    *("wrong", "handed-wrong", "middle", "both", "hands-on", "asks-itself", "handles"),
    *("helper", "helper-and-own", "helper-and-total", "hangs", "crashes", "helper-crashes", "array-like"),
)
"""Also with threads that are there again whenever the notebook is run anew."""


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Examination]:
    course = Class(tmp_path_factory.mktemp("carrying") / "course")
    for student, (written, _) in CASES.items():
        course.hand_in(student, **written)
    for student in LEFT:
        course.hand_in(f"{student}-threads", scratch=THREAD, **CASES[student][0])
    for student in STAYING:
        course.hand_in(f"{student}-with-threads", below=THREAD, **CASES[student][0])
    return course.grade()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "threads"),
    [
        *((case, "") for case in CASES),
        *((case, "-threads") for case in LEFT),
        *((case, "-with-threads") for case in STAYING),
    ],
)
def test_a_mistake_costs_once(case: str, threads: str, graded: dict[str, Examination]) -> None:
    expected = dict.fromkeys(RIGHT, 10.0) | CASES[case][1]
    found = points(graded[case + threads])
    if case in ("huge", "endless", "no-data", "handles", "refuses"):
        for name in ("mean", "spread"):  # what builds on it is not what these are about
            if name not in CASES[case][1]:
                del expected[name], found[name]
    for name in HANDED - CASES[case][1].keys() if case != "right" else ():
        del expected[name], found[name]
    assert found == pytest.approx(expected, abs=1e-4), [
        (t.name, str(t.verdict), t.follows, str(t.message)[:300]) for t in graded[case + threads].tests
    ]


@pytest.mark.slow
def test_what_follows_says_from_what(graded: dict[str, Examination]) -> None:
    mean, spread = of(graded["wrong"], "mean"), of(graded["wrong"], "spread")
    assert {test.follows for test in mean.values() if test.verdict is not Verdict.PASSED} == {("total",)}
    assert spread["odd"].follows == ("total",)
    assert mean["odd"].verdict is Verdict.FAILED, "how it ended is told as it was"
    assert not any(test.follows for test in graded["unwritten"].tests)
    assert of(graded["both"], "spread")["odd"].follows == ("mean", "total")
    assert any("of them after total" in line for line in remarks(graded["wrong"]))


@pytest.mark.slow
def test_what_lies_in_a_helper_says_so(graded: dict[str, Examination]) -> None:
    largest = of(graded["helper"], "largest")["odd"]
    assert (largest.verdict, largest.lies_in, largest.follows) == (Verdict.FAILED, ("top",), ())
    scaled, share = (of(graded["helper"], name)["odd"] for name in ("scaled", "share"))
    assert (scaled.follows, scaled.lies_in) == (share.follows, share.lies_in) == (("top",), ())
    assert not any(test.lies_in for test in graded["helper-unwritten"].tests)
    assert not of(graded["helper-and-own"], "largest")["odd"].lies_in
    assert any("3 of them because of top" in line for line in remarks(graded["helper"]))


@pytest.mark.slow
def test_an_exception_of_the_right_function_is_raised_as_it_is(graded: dict[str, Examination]) -> None:
    empty = of(graded["wrong"], "mean")["empty"]
    assert empty.verdict is not Verdict.PASSED
    assert empty.follows == ("total",)


@pytest.mark.slow
@pytest.mark.parametrize(("carry", "mean"), [("full", 10.0), ("half", 5.0), ("none", 0.0)])
def test_the_course_says_what_it_earns(carry: str, mean: float, tmp_path: Path) -> None:
    course = Class(tmp_path / "course", carry)
    course.hand_in("wrong", total=WRONG_TOTAL)
    (examination,) = course.grade().values()
    assert points(examination)["mean"] == pytest.approx(mean)
    assert of(examination, "mean")["odd"].follows == ("total",), "told the same whatever it earns"


@pytest.mark.slow
def test_another_seed_gives_the_same_points(tmp_path: Path, graded: dict[str, Examination]) -> None:
    course = Class(tmp_path / "course", seed=7)
    for case in ("wrong", "both", "own"):
        course.hand_in(case, **CASES[case][0])
    for case, examination in course.grade().items():
        assert points(examination) == points(graded[case])


MUTANTS = """\
- id: total-one-more
  replaces: total
  misconception: {en: "One more.", ko: "하나 더."}
  hint: {en: "The sum.", ko: "합입니다."}
  source: |
    def total(x):
        return float(np.sum(x)) + 1
- id: total-with-a-helper
  replaces: total
  misconception: {en: "One less.", ko: "하나 덜."}
  hint: {en: "The sum.", ko: "합입니다."}
  source: |
    def less(x):
        return x - 1
    def total(x):
        return less(float(np.sum(x)))
- id: mean-of-one-more
  replaces: mean
  misconception: {en: "Divides by one more.", ko: "하나 더 많은 수로 나눕니다."}
  hint: {en: "Count.", ko: "세어 보세요."}
  source: |
    def mean(x):
        return total(x) / (np.size(x) + 1)
"""


@pytest.mark.slow
def test_verify_proves_that_a_mutant_costs_nobody_else(tmp_path: Path) -> None:
    from autograder.authoring.verify import verify

    course = Class(tmp_path / "course")
    suite = course.paths.suite("chain")
    (suite / "mutants.yml").write_text(MUTANTS, encoding="utf-8")
    (found,) = verify(course.root)
    assert found.carried == found.mutants == 3
    assert not any("costs" in said for said in found.complaints)
    # One of each function when it has to be fast.
    (found,) = verify(course.root, fast=True)
    assert found.carried == 2
    hidden = suite / "test_hidden.py"
    # Without a test of its own it is a helper, and costs the first that needs it.
    hidden.write_text(SUITE.replace("submission.total(", "reference.total("), encoding="utf-8")
    (found,) = verify(course.root)
    assert found.carried == found.mutants == 3
    # A mutant that no test of its own function refuses is taken for the mistake of whoever calls it.
    lenient = SUITE.replace("expect_number(submission.total(", "(submission.total(")
    hidden.write_text(lenient, encoding="utf-8")
    (found,) = verify(course.root)
    said = [complaint for complaint in found.complaints if "costs" in complaint]
    assert any("mutant total-one-more of total costs mean its points in test_mean_odd" in one for one in said)
    assert found.carried == 1, "the one of mean"


def test_the_setting_is_one_of_three() -> None:
    from autograder.course.models import Course

    text = YAML(typ="safe").load(COURSE.replace("CARRY", "half"))
    assert Course.model_validate(text).carry_forward == "half"
    with pytest.raises(ValueError, match="carry_forward"):
        Course.model_validate(text | {"carry_forward": "some"})


# -- whose mistake it is, without processes

FUNCTIONS = {
    "c": "def c(x):\n    return x\n",
    "b": "def b(x):\n    return c(x)\n",
    "a": "def a(x):\n    d = b(x)\n    return d\n",
    "d": "def d(x):\n    return 1\n",
    "even": "def even(x):\n    return c(x) and odd(x)\n",
    "odd": "def odd(x):\n    return even(x)\n",
}


def run(function: str, verdict: Verdict = Verdict.FAILED, *, beside: str = "", training: bool = False) -> Run:
    outcome = Outcome(name=function, module="m", title=Text(en="t", ko="t"), cell="c", verdict=verdict)
    called = [name for name in (beside, function) if name]
    calls = [LoggedCall(name, name, b"", (), {}, 0, False) for name in called]
    return Run(outcome, calls, training=training)


def follows(
    *runs: Run, mended: Collection[str] = "abcde", written: Collection[str] = ()
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """What follows from what, and what was asked again with what, in order."""
    asked = []

    def ask(tests: Collection[str], names: frozenset[str], _: frozenset[str]) -> dict[str, Run]:
        asked.append(f"{' '.join(sorted(tests))}: {' '.join(sorted(names))}".replace("m::", ""))
        bare = [key.removeprefix("m::") for key in tests]
        return {
            f"m::{name}": run(name, Verdict.PASSED if name in mended else Verdict.FAILED) for name in bare
        }

    done = carried_forward(runs, needs_of(FUNCTIONS), ask, written)
    return {r.outcome.name: r.outcome.follows for r in done if r.outcome.follows}, asked


def test_a_chain_follows_from_where_it_begins() -> None:
    found = follows(run("a"), run("b"), run("c"))
    assert found == ({"a": ("c",), "b": ("c",)}, ["b: c", "a: c"])


def test_a_function_that_a_test_hands_over_is_needed_there() -> None:
    handed = run("d")
    given = RemoteFunction(None, "c")  # type: ignore[arg-type]
    handed.calls = [LoggedCall("c", "c", b"", (), {}, 0, False, is_call=False), *handed.calls]
    handed.calls[-1] = replace(handed.calls[-1], args=(1, given))
    assert follows(run("c"), handed, mended="d") == ({"d": ("c",)}, ["d: c"])


def test_what_a_test_hands_over_later_is_found_when_it_comes_so_far() -> None:
    def handing(verdict: Verdict, *names: str) -> Run:
        found = run("d", verdict)
        given = [RemoteFunction(None, name) for name in names]  # type: ignore[arg-type]
        found.calls = [replace(found.calls[0], args=(one,)) for one in given]
        return found

    asked = []

    def ask(tests: Collection[str], names: frozenset[str], _: frozenset[str]) -> dict[str, Run]:
        asked.append(sorted(names))
        done = {"b", "c"} <= names
        return {"m::d": handing(Verdict.PASSED if done else Verdict.FAILED, "c", "b")}

    runs = [run("b"), run("c"), handing(Verdict.FAILED, "c")]
    done = carried_forward(runs, {"b": frozenset(), "c": frozenset(), "d": frozenset()}, ask)
    assert [each.outcome.follows for each in done] == [(), (), ("b", "c")]
    assert asked == [["c"], ["b", "c"]]


def test_a_helper_is_what_no_test_asks_for() -> None:
    assert follows(run("a"), run("b"), written="abcd") == ({"a": ("c",)}, ["b: c", "a: c"])
    assert follows(run("a"), run("b"), written="abd") == ({"a": ("b",)}, ["a: b"]), "not defined"
    passed = run("c", Verdict.PASSED)
    assert follows(run("a"), run("b"), passed, written="abcd") == ({"a": ("b",)}, ["a: b"])
    missing = replace(run("b", Verdict.MISSING), calls=[], missing="b")
    assert follows(run("a"), missing, written="acd") == ({}, ["a: c"])
    assert follows(run("even"), written=["even", "odd"]) == ({}, []), "it needs the one that is tested"


def test_who_is_wrong_too_is_replaced_too() -> None:
    assert follows(run("a"), run("b"), run("c"), mended="a") == ({"a": ("b", "c")}, ["b: c", "a: b c"])


@pytest.mark.parametrize(
    "runs",
    [
        [run("a"), run("d")],  # a local name is no need
        [run("a"), run("c", Verdict.NOT_IMPLEMENTED), run("b", Verdict.MISSING)],
        [run("a"), run("b", Verdict.EXCEPTION), run("c", Verdict.MISSING)],
        [run("b", Verdict.NOT_IMPLEMENTED), run("c")],
        [run("b", Verdict.GRADER_ERROR), run("c")],
        [run("b", beside="c"), run("c")],
        [run("b", training=True), run("c")],
        [run("odd"), run("even")],  # each needs the other
        [run("c"), run("b", Verdict.PASSED)],
    ],
)
def test_nothing_is_asked_again(runs: list[Run]) -> None:
    assert follows(*runs) == ({}, [])


def test_the_solution_computes_no_longer_for_one_submission_than_its_tests_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    fork = SimpleNamespace(clock=None, budget=Budget(), end=lambda: None)
    suite = SimpleNamespace(again=lambda key, *_: asked.append(key))
    monkeypatch.setattr("autograder.examiner.carrying._Carried.close", lambda _: 5.0)
    carrier = Carrier(fork, suite, None, Limits(tests_seconds=8), 0)  # type: ignore[arg-type]
    carrier.ask({"one", "three", "two"}, frozenset({"f"}), frozenset())
    carrier.ask({"four"}, frozenset({"f"}), frozenset())
    assert asked == ["one", "three"]


def test_a_run_that_is_kept_for_other_mutants_holds_no_data() -> None:
    """Of a week of large arrays, whose tests are asked again beside hundreds of mutants."""
    data = np.zeros(1 << 16)
    answered = LoggedCall("f", "f", data.tobytes(), (data, 2), {"stride": data}, data, raised=False)
    refused = LoggedCall("f", "f", data.tobytes(), (data,), {"stride": 0}, ValueError("no"), raised=True)
    passed, failed = run("f", Verdict.PASSED), run("f", Verdict.EXCEPTION)
    both = [replace(passed, calls=[refused]), replace(failed, calls=[answered, refused])]
    kept = [without_values(each) for each in both]
    assert len(pickle.dumps(kept)) < 10_000
    verdicts = [[each.outcome.verdict for each in without_blanket_refusals(runs)] for runs in (both, kept)]
    assert verdicts[0] == verdicts[1]
