"""A misconception is said only if it is there: on evidence, and of the function whose mistake it is."""

from __future__ import annotations

import pickle
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest

from autograder.examination import TestOutcome as Outcome
from autograder.examination import Text, Verdict
from autograder.examiner.misconceptions import Catalogue
from autograder.examiner.mutants import Mutant
from autograder.examiner.needs import needed_by, needs_in, needs_of
from autograder.examiner.outcomes import TestRun as Run
from autograder.examiner.remote.errors import student_error
from autograder.examiner.remote.log import LoggedCall
from autograder.wire import Handle, encode

MUTANTS = "".join(
    f"- {{id: {name}, replaces: {name.partition('-')[0]}, source: {source},\n"
    "   misconception: {en: m, ko: ㅁ}, hint: {en: h, ko: ㅎ}}\n"
    for name, source in (
        ("half-floors", "floors"),
        ("half-raises", "raises"),
        ("half-narrows", "narrows"),
        ("quarter-wrong", "quarter"),
    )
)
FUNCTIONS = {
    "half": "def half(x):\n    return x / 2\n",
    "quarter": "def quarter(x):\n    return half(half(x))\n",
}


def raised(text: str, kind: str = "ValueError") -> Exception:
    return student_error({"type": kind, "bases": [kind], "text": text, "trace": ""})


def asked(*what: Any) -> bytes:
    """A request as it is logged."""
    return b"".join(encode({"op": "call", "target": "half", "args": list(what)}))


def call(function: str, value: Any) -> LoggedCall:
    return LoggedCall(function, function, asked(), (), {}, value, isinstance(value, Exception))


def run(name: str, function: str, *values: Any, passed: bool = False, training: bool = False) -> Run:
    outcome = Outcome(
        name=name,
        module="m",
        title=Text(en="t", ko="t"),
        cell="c",
        verdict=Verdict.PASSED if passed else Verdict.FAILED,
    )
    return Run(outcome, [call(function, value) for value in values], training=training)


ANSWERS: dict[str, dict[str, list[Any]]] = {
    "": {
        "m::odd": [1.5],
        "m::even": [1.0],
        "m::text": [raised("x has to be a number")],
        "m::model": [Handle(0, "M")],
    },
    "floors": {"m::odd": [1], "m::even": [1.0], "m::text": [raised("no")], "m::model": [Handle(0, "M")]},
    "raises": {
        "m::odd": [raised("odd")],
        "m::even": [1.0],
        "m::text": [raised("no")],
        "m::model": [Handle(3, "M")],
    },
    "narrows": {"m::odd": [np.float32(1.5)], "m::even": [np.float32(1.0)]},
    "quarter": {"m::deep": [7.0]},
}


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    (tmp_path / "mutants.yml").write_text(MUTANTS, encoding="utf-8")

    def answers(mutant: Mutant, tests: Collection[str]) -> list[Run]:
        known = ANSWERS[mutant.source] | ({"m::deep": [0.25]} if mutant.source == "" else {})
        return [run(t.partition("::")[2], mutant.replaces, *known[t]) for t in tests if t in known]

    return Catalogue(tmp_path, FUNCTIONS, needs_of(FUNCTIONS), answers)


def named(catalogue: Catalogue, *runs: Run) -> list[str]:
    return [found.mutant for found in catalogue.recognise(runs)]


def test_equal_answers_of_which_one_is_wrong(catalogue: Catalogue) -> None:
    assert named(catalogue, run("odd", "half", 1), run("even", "half", 1.0, passed=True)) == ["half-floors"]


def test_almost_equal_says_nothing(catalogue: Catalogue) -> None:
    assert named(catalogue, run("odd", "half", 1), run("even", "half", 2.0)) == []


def test_no_answer_is_no_evidence(catalogue: Catalogue) -> None:
    assert named(catalogue, run("odd", "half")) == []
    assert named(catalogue) == []


def test_answers_that_are_the_solutions_are_no_evidence(catalogue: Catalogue) -> None:
    assert named(catalogue, run("even", "half", 1.0)) == []
    assert named(catalogue, run("model", "half", Handle(5, "M"))) == []


def test_an_answer_that_differs_in_type_alone_is_evidence_where_a_test_refuses_it(
    catalogue: Catalogue,
) -> None:
    narrow = run("odd", "half", np.float32(1.5))
    assert named(catalogue, narrow) == ["half-narrows"]
    assert named(catalogue, narrow, run("even", "half", np.float32(2.0))) == []
    assert named(catalogue, run("odd", "half", 1.5), run("even", "half", np.float32(1.0), passed=True)) == []


def test_an_exception_is_evidence_only_in_the_mutants_own_words(catalogue: Catalogue) -> None:
    assert named(catalogue, run("odd", "half", raised("odd"))) == ["half-raises"]
    assert named(catalogue, run("odd", "half", raised("kernel_size is too large"))) == []
    assert named(catalogue, run("odd", "half", raised("odd", "TypeError"))) == []


def asking(frame: bytes, weights: Any, one: Run) -> Run:
    one.calls = [replace(each, frame=frame, args=(weights,)) for each in one.calls]
    return one


def test_what_was_asked_is_compared_and_not_kept(tmp_path: Path) -> None:
    """A worker lives as long as a class is graded, and some questions are as large as a network."""
    (tmp_path / "mutants.yml").write_text(MUTANTS, encoding="utf-8")
    weights = np.zeros(1 << 18)
    known = {"": 1.5, "floors": 1}

    def answers(mutant: Mutant, tests: Collection[str]) -> list[Run]:
        value = known.get(mutant.source, 0.0)
        return [asking(asked(weights), weights, run(test[3:], "half", value)) for test in tests]

    catalogue = Catalogue(tmp_path, FUNCTIONS, needs_of(FUNCTIONS), answers)
    assert named(catalogue, asking(asked(weights), weights, run("odd", "half", 1))) == ["half-floors"]
    assert named(catalogue, asking(asked(weights + 1), weights, run("odd", "half", 1))) == []
    kept = {name: value for name, value in vars(catalogue).items() if name != "_run"}
    assert len(pickle.dumps(kept)) < weights.nbytes / 10


def test_a_large_answer_is_kept_once(tmp_path: Path) -> None:
    """The weights of a network, asked of every mutant that builds one."""
    (tmp_path / "mutants.yml").write_text(MUTANTS, encoding="utf-8")
    right, wrong = np.zeros((2, 1 << 18))
    wrong[-1] = 1

    def answers(mutant: Mutant, tests: Collection[str]) -> list[Run]:
        value = [(wrong if mutant.source == "floors" else right).copy(), 2.0]
        return [run(test[3:], "half", value) for test in tests]

    catalogue = Catalogue(tmp_path, FUNCTIONS, needs_of(FUNCTIONS), answers)
    assert named(catalogue, run("odd", "half", [wrong.copy(), 2.0])) == ["half-floors"]
    # The same mistake in another formula: -0.0, or another order of summation.
    assert named(catalogue, run("odd", "half", [wrong * (1 + 1e-12), 2.0])) == ["half-floors"]
    assert named(catalogue, run("odd", "half", [np.where(wrong, wrong, -0.0), 2.0])) == ["half-floors"]
    assert named(catalogue, run("odd", "half", [wrong + 1, 2.0])) == []
    assert named(catalogue, run("odd", "half", [wrong.copy(), 3.0])) == []
    assert named(catalogue, run("odd", "half", [right, 2.0])) == []
    assert named(catalogue, run("even", "half", [right, 2.0])) == []
    kept = {name: value for name, value in vars(catalogue).items() if name != "_run"}
    assert len(pickle.dumps(kept)) < 2.1 * right.nbytes


def test_how_many_objects_earlier_tests_have_made_changes_no_question(tmp_path: Path) -> None:
    (tmp_path / "mutants.yml").write_text(MUTANTS, encoding="utf-8")

    def objects(numbers: tuple[int, ...], one: Run) -> Run:
        calls = zip(one.calls, numbers, strict=True)
        one.calls = [replace(each, frame=asked((Handle(number), 1.5))) for each, number in calls]
        return one

    def answers(mutant: Mutant, tests: Collection[str]) -> list[Run]:
        values = (1, 2, 3) if mutant.source == "floors" else (1.5, 2.5, 3.5)
        return [objects((0, 1, 0), run(test[3:], "half", *values)) for test in tests]

    catalogue = Catalogue(tmp_path, FUNCTIONS, needs_of(FUNCTIONS), answers)
    wrong = (1, 2, 3)
    assert named(catalogue, objects((104, 105, 104), run("odd", "half", *wrong))) == ["half-floors"]
    assert named(catalogue, objects((1, 0, 1), run("odd", "half", *wrong))) == ["half-floors"]
    assert named(catalogue, objects((0, 1, 1), run("odd", "half", *wrong))) == []
    assert named(catalogue, objects((0, 1, 2), run("odd", "half", *wrong))) == []


@pytest.mark.parametrize("values", [(), (1,), (raised("odd"),)], ids=["out of time", "wrong", "raised"])
def test_a_training_is_no_evidence(catalogue: Catalogue, values: tuple[Any, ...]) -> None:
    assert named(catalogue, run("odd", "half", *values, training=True)) == []


def test_whose_mistake_it_is_cannot_be_told_of_what_needs_a_wrong_function(catalogue: Catalogue) -> None:
    wrong = run("deep", "quarter", 7.0)
    assert named(catalogue, wrong) == ["quarter-wrong"]
    assert named(catalogue, run("odd", "half", 1), wrong) == ["half-floors"]
    assert named(catalogue, run("odd", "half", 99), wrong) == []


def test_a_table_that_students_fill_in_is_needed_like_a_function() -> None:
    solution = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(source, metadata={"nbgrader": {"grade_id": name, **kind}})
            for name, source, kind in (
                ("given", "SIZE = 3\n", {"solution": False, "grade": False, "locked": True}),
                ("table", "TABLE = {}\nTABLE['a'] = f(SIZE)\n", {"solution": True, "grade": False}),
                ("f", "def f(x):\n    return x\n", {"solution": True, "grade": False}),
                ("g", "def g(x):\n    return TABLE[x] * SIZE\n", {"solution": True, "grade": False}),
            )
        ]
    )
    assert needs_in(solution) == {"TABLE": {"f"}, "f": frozenset(), "g": {"TABLE", "f"}}


def test_what_a_function_needs_is_read_from_the_solution() -> None:
    functions = {
        "a": "def a(x):\n    return b(x) + b(x)\n",
        "b": "def b(x):\n    return [c(y) for y in x]\n",
        "c": "def c(x):\n    return a if x else len(x)\n",
        "d": "def d(a):\n    return 1\n",
    }
    assert needed_by("a", functions) == {"b", "c"}
    assert needed_by("c", functions) == {"a", "b"}
    assert needed_by("nobody", functions) == frozenset()


def test_a_helper_is_known_by_the_answers_of_the_function_that_pays_for_it(tmp_path: Path) -> None:
    (tmp_path / "mutants.yml").write_text(MUTANTS, encoding="utf-8")

    def answers(mutant: Mutant, tests: Collection[str]) -> list[Run]:
        return [run(test[3:], "quarter", 0.5 if mutant.source == "floors" else 0.75) for test in tests]

    catalogue = Catalogue(tmp_path, FUNCTIONS, needs_of(FUNCTIONS), answers)
    lies = run("odd", "quarter", 0.5)
    lies = replace(lies, outcome=lies.outcome.model_copy(update={"lies_in": ("half",)}))
    (found,) = catalogue.recognise([lies])
    assert (found.function, found.mutant) == ("half", "half-floors")
    other = replace(lies, calls=run("odd", "quarter", 0.25).calls)
    assert named(catalogue, other) == []
    assert named(catalogue, replace(lies, calls=run("odd", "quarter", 0.75).calls)) == [], "the solution's"
