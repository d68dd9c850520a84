"""Every record becomes a page: no rendering fails, runs on, or grows without bound, whatever a record holds.

``AUTOGRADER_FUZZ_PAGES`` sets how many records are rendered (by default a few seconds' worth)::

    AUTOGRADER_FUZZ_PAGES=2000 python -m pytest -q tests/autograder/test_rendering.py
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import json
import os
import re
import signal
from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree

import nbformat
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from autograder.course.models import Assignment, Course, Level
from autograder.examination import (
    ArrayPicture,
    Call,
    CellOutcome,
    Difference,
    Examination,
    Misconception,
    Notice,
    Score,
    Status,
    TestOutcome,
    Text,
    Verdict,
)
from autograder.gradebook.graded_notebook import put_outputs
from autograder.messages import Language
from autograder.notebooks.scripts import dump
from autograder.pages import svg
from autograder.pages.feedback import render_feedback
from autograder.pages.report import read_similar, render_index, render_week, week_tables
from autograder.pages.report_numbers import Entry, Pair, summarise
from autograder.pages.view import Marks
from autograder.platforms.github import github_result, step_output
from autograder.platforms.gradescope import gradescope_results

RECORDS = int(os.environ.get("AUTOGRADER_FUZZ_PAGES", "30"))
LEVELS: tuple[Level, ...] = ("none", "names", "hints", "full")
SECONDS = 20
"""Processor time of one rendering; the slowest takes less than one second."""

fuzz = settings(
    max_examples=RECORDS,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@contextlib.contextmanager
def ends(seconds: float = SECONDS) -> Iterator[None]:
    """Whatever is done inside takes no more processor time than this, however busy the machine is."""

    def stop(*_: object) -> None:
        raise AssertionError(f"it did not end within {seconds} s of processor time")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


# -- records ------------------------------------------------------------------------------------

TEXTS = (
    "",
    "expected 5.0 at index [0, 1], got 7.0",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "\ud800 lone \udfff",
    "\x00\x07\x1b[31mred\x1b]0;t\x07\x7f\x9b",
    "\u202etxt.exe",
    "한글 `code` 이름",
    "../..",
    "=cmd|' /C calc'!A0",
    "x" * 100_000,
    "9" * 100_000,
    "`" * 50_000,
    "<" * 50_000,
    "1." + "0" * 50_000,
    "\n" * 50_000,
    "at position 1: " * 5_000,
    "in cell 1 " * 5_000,
    "expected " + " at index [" * 5_000,
    "\x1b]" * 50_000,
    "\ud83d" * 20_000,
)
NUMBERS = (
    *(0, 1, -1, 0.5, True, None, 1e-300, 5e-324, -1e9, 1e9, 1e17, 1e308, -1e308, 10**400, -(10**400)),
    *(10**4000, float("nan"), float("inf"), float("-inf"), "", "7", [], {}, [[]], "\ud800"),
)


def some(values: Sequence[Any]) -> st.SearchStrategy[Any]:
    """One of these; ``sampled_from`` would print them all."""
    return st.integers(0, len(values) - 1).map(lambda index: values[index])


texts = some(TEXTS) | st.text(max_size=30)
numbers = some(NUMBERS) | st.floats() | st.integers()
finite = some([0.0, 1.0, 2.5]) | st.floats(0, 10)
points = finite | some([1e308, -3.0, float("nan"), float("inf"), float("-inf"), 5e-324])
indices = st.lists(st.integers(-2, 40) | some([10**30, -(10**30), 10**4000]), max_size=5).map(tuple)
junk = st.recursive(numbers, lambda inner: st.lists(inner, max_size=4), max_leaves=12)


def deep(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


arrays = st.builds(
    ArrayPicture,
    shape=indices,
    dtype=texts,
    values=junk
    | st.lists(st.lists(numbers, min_size=3, max_size=3), min_size=2, max_size=3)
    | some(
        [
            [1.0] * 5_000,
            [[1.0] * 300] * 300,
            [[None, 1.0], [2.0, float("nan")]],
            [[]],
            [[1.0], [1.0, 2.0]],
            deep(5_000),
            "text",
            {"a": 1},
        ]
    ),
    offset=indices,
)
histories: st.SearchStrategy[Any] = st.dictionaries(
    some(["loss", "val_loss", "accuracy", "val_accuracy"]) | texts,
    st.lists(numbers, max_size=5)
    | st.lists(st.floats(0, 1e-3), min_size=1, max_size=6)
    | some(
        [
            [],
            [0.5],
            [0.25] * 30,
            [float("nan")] * 30,
            [2.0, float("nan"), 1.0],
            [float("inf"), 1.0],
            [1.0 / (epoch + 1) for epoch in range(10_000)],
            [0.0] * 10_000,
            [1e308, -1e308],
            [None, 1.0],
            "text",
            None,
            {"0": 1.0},
        ]
    ),
    max_size=5,
)
images = some(
    [
        [[0, 255], [128, 0]],
        [[]],
        [],
        [[0], [1, 2, 3]],
        [[0] * 2_000] * 2_000,
        [[10**4000]],
        [[None]],
        "text",
        [[1.5]],
        [[-5, 999]],
    ]
)
digits: st.SearchStrategy[Any] = junk | st.fixed_dictionaries(
    {"image": images, "label": numbers, "guess": numbers}
)
curious: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "loss": histories | junk,
        "confusion": junk
        | some(
            [
                [[9, 1], [0, 8]],
                [[0, 0], [0, 0]],
                [[10**400, 1], [2, 3]],
                [[1, 10**400], [10**4000, 3]],
                [[True, False], [False, True]],
                [[-1]],
                [[1] * 20] * 20,
                [[1] * 21] * 21,
                [[1] * 3_000] * 3_000,
                [[1.5]],
            ]
        ),
        "missed": st.lists(digits, max_size=3)
        | digits.map(lambda one: [one] * 5_000)
        | st.just([{"image": [[0, 255]], "label": 3, "guess": 5}] * 5_000)
        | junk,
        "else": junk | texts,
    },
)
titles = st.builds(Text, en=texts, ko=texts)
calls = st.builds(
    Call,
    function=st.just("conv2d") | texts,
    arguments=texts,
    result=texts,
    arrays=st.dictionaries(
        some(["0", "1", "result", "stride", "9" * 5_000, "²", "٣"]) | texts, arrays, max_size=4
    ),
)
differences = st.builds(
    Difference,
    kind=some(["value", "shape", "dtype", "type", "length", "other"]),
    actual=texts,
    expected=texts,
    where=indices,
    actual_array=st.none() | arrays,
    expected_array=st.none() | arrays,
)


def outcomes(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[TestOutcome]:
    return st.builds(
        TestOutcome,
        name=texts,
        module=st.just("test_hidden"),
        title=titles,
        cell=some(["test-conv2d", "test-easy"]) | texts,
        weight=points,
        public=st.booleans(),
        verdict=some(list(Verdict)),
        message=texts,
        **parts,
    )


tests = outcomes(call=st.none() | calls, difference=st.none() | differences)
cells = st.builds(
    CellOutcome,
    index=st.integers(-5, 50) | st.just(10**30),
    grade_id=texts,
    verdict=some(list(Verdict)),
    message=texts,
)
misconceptions = st.builds(Misconception, mutant=texts, function=texts, misconception=titles, hint=titles)
scores = st.builds(
    Score,
    grade_id=some(["test-conv2d", "test-easy", "explain"]) | texts,
    points=st.none() | points,
    max_points=points,
    manual=st.booleans(),
)
notices = st.builds(Notice, code=some(["missing-cell", "unreadable", "grader-error"]) | texts, text=texts)


def examinations(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Examination]:
    return st.builds(
        Examination,
        key=st.just("k"),
        assignment=st.just("week"),
        student=texts,
        status=some(list(Status)),
        notices=st.lists(notices, max_size=2).map(tuple) | notices.map(lambda one: (one,) * 600),
        cells=st.lists(cells, max_size=2).map(tuple) | cells.map(lambda one: (one,) * 600),
        scores=st.lists(scores, max_size=4).map(tuple),
        misconceptions=st.lists(misconceptions, max_size=2).map(tuple),
        **parts,
    )


records = examinations(
    tests=st.lists(tests, max_size=4).map(tuple) | tests.map(lambda one: (one,) * 60),
    pictures=curious,
    versions=st.dictionaries(texts, texts, max_size=2),
    graded_at=some(
        [
            dt.datetime(2027, 3, 9, tzinfo=dt.UTC),
            dt.datetime.max.replace(tzinfo=dt.UTC),
            dt.datetime.min.replace(tzinfo=dt.UTC),
        ]
    ),
)
plain_records = examinations(
    tests=st.lists(outcomes(), max_size=2).map(tuple),
    graded_at=st.just(dt.datetime(2027, 3, 9, tzinfo=dt.UTC)),
)


def course(zone: str = "Asia/Seoul") -> Course:
    week = Assignment(
        name="week",
        title=Text(en="Sliding windows", ko="움직이는 창"),
        release=dt.datetime(2027, 3, 1, tzinfo=dt.UTC),
        due=dt.datetime(2027, 3, 8, tzinfo=dt.UTC),
    )
    return Course(title=Text(en="Images", ko="이미지"), timezone=zone, assignments=(week,))


def cell(
    source: str, name: str = "", points: float = 0, *, kind: str = "code", **flags: bool
) -> dict[str, Any]:
    flags = {"grade": False, "solution": False, "locked": False, "task": False} | flags
    metadata = {"nbgrader": {"grade_id": name, "points": points, "schema_version": 3, **flags}}
    made = {"cell_type": kind, "metadata": metadata if name else {}, "source": source}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def released() -> Any:
    return nbformat.from_dict(
        {
            "nbformat": 4,
            "nbformat_minor": 4,
            "metadata": {},
            "cells": [
                cell("# Week", kind="markdown"),
                cell("## 1. Windows of `conv2d`", kind="markdown"),
                cell("def conv2d(image, kernel, stride=1): ...", "conv2d", solution=True),
                cell("assert conv2d", "test-conv2d", 6, grade=True),
                cell("assert True", "test-easy", 4, grade=True),
                cell("YOUR ANSWER", "explain", 5, kind="markdown", grade=True, solution=True),
            ],
        }
    )


def examination(**more: Any) -> Examination:
    fields: dict[str, Any] = {
        "key": "k",
        "assignment": "week",
        "student": "kim",
        "status": Status.GRADED,
        "graded_at": dt.datetime(2027, 3, 9, tzinfo=dt.UTC),
    }
    return Examination(**(fields | more))


def page(record: Examination, level: Level = "full", language: Language = Language.EN, **more: Any) -> str:
    with ends():
        return render_feedback(record, course(), level, language, released(), **more)


def drawings(html: str) -> list[ElementTree.Element]:
    """The page's drawings; each is well-formed, and every coordinate is a number inside or near it."""
    found = []
    for text in re.findall(r"<svg.*?</svg>", html, re.S):
        root = ElementTree.fromstring(text)
        found.append(root)
        for element in root.iter():
            for name, value in element.attrib.items():
                if name not in ("id", "class", "role") and not name.startswith("aria"):
                    assert not re.search(r"nan|inf|None|e\+|\d{7}", value), (name, value[:200])
    return found


# -- the student's page -------------------------------------------------------------------------


@fuzz
@given(
    record=records,
    level=some(LEVELS),
    language=some(list(Language)),
    marks=st.builds(
        Marks,
        points=st.dictionaries(st.just("explain") | texts, points, max_size=2),
        comments=st.dictionaries(st.just("explain") | texts, texts, max_size=2),
        penalty=points,
    ),
    self_check=st.booleans(),
)
def test_every_record_becomes_a_students_page(
    record: Examination, level: Level, language: Language, marks: Marks, self_check: bool
) -> None:
    html = page(record, level, language, marks=marks, self_check=self_check)
    assert len(html) < 30_000_000
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", html)
    drawings(html)
    if record == Examination.model_validate(record.model_dump()):  # not so where a number is none
        assert page(record, level, language, marks=marks, self_check=self_check) == html


@fuzz
@given(found=curious, language=some(list(Language)))
@example(found={"loss": {"loss": [0.9, 0.012], "val_loss": [0.8, 0.01]}}, language=Language.EN)
def test_every_training_run_is_drawn_or_passed_over(found: dict[str, Any], language: Language) -> None:
    html = page(examination(pictures=found), "full", language)
    assert len(html) < 1_000_000
    drawings(html)


@fuzz
@given(one=arrays, other=arrays, where=indices)
def test_every_array_is_drawn_or_passed_over(
    one: ArrayPicture, other: ArrayPicture, where: tuple[int, ...]
) -> None:
    outcome = TestOutcome(
        name="t",
        module="test_hidden",
        title=Text(en="t", ko="t"),
        cell="test-conv2d",
        verdict=Verdict.FAILED,
        call=Call(function="f", arguments="f(x)", result="y", arrays={"0": one, "result": one}),
        difference=Difference(
            kind="value", actual="a", expected="b", where=where, actual_array=one, expected_array=other
        ),
    )
    html = page(examination(tests=(outcome,)))
    assert len(html) < 300_000
    drawings(html)


def curve(**history: Any) -> tuple[str, list[ElementTree.Element]]:
    html = page(examination(pictures={"loss": history}))
    return html, [one for one in drawings(html) if one.get("class") == "lines"]


def names(drawing: ElementTree.Element) -> dict[str, float]:
    """How high the name of each line stands."""
    return {
        text.text or "": float(text.attrib["y"])
        for text in drawing.iter("text")
        if "font-size" in text.attrib
    }


@pytest.mark.parametrize(
    ("loss", "val_loss"),
    [
        ([0.31, 0.08, 0.024], [0.11, 0.06, 0.021]),  # as the course's own solution of week 5 trains
        ([1.0, 0.0], [1.0, 0.0]),
        ([0.0, 0.0], [0.0, 0.0]),
        ([0.0, 1.0], [0.0, 1.0]),
        ([0.0, 1.0], [0.0, 0.99]),
        ([0.5, 0.5], [0.5, 0.5]),
        ([1.0, 1e-12], [1.0, 2e-12]),
        ([0.3], [0.3]),
    ],
)
def test_names_of_curves_that_end_together_stand_apart_inside_the_drawing(
    loss: list[float], val_loss: list[float]
) -> None:
    _, (drawing,) = curve(loss=loss, val_loss=val_loss)
    places = names(drawing)
    assert set(places) == {"loss", "val_loss"}
    assert abs(places["loss"] - places["val_loss"]) >= 14
    assert all(10 <= place <= 200 for place in places.values())


@given(heights=st.lists(st.floats(-1e6, 1e6), max_size=12), gap=st.floats(0, 50))
@fuzz
def test_labels_keep_apart_in_their_order(heights: list[float], gap: float) -> None:
    moved = svg.apart(heights, gap, 0, 180)
    order = sorted(range(len(heights)), key=heights.__getitem__)
    for above, below in itertools.pairwise(order):
        assert moved[below] - moved[above] >= gap - 1e-6
    assert all(place <= 180 for place in moved)
    if gap * len(heights) <= 180:
        assert all(place >= -1e-6 for place in moved)
    free = sorted(heights)
    if all(b - a >= gap for a, b in itertools.pairwise(free)) and all(0 <= h <= 180 for h in free):
        assert moved == heights


def test_ten_thousand_epochs_are_a_small_picture_with_both_ends() -> None:
    html, (drawing,) = curve(loss=[1 / (epoch + 1) for epoch in range(10_000)])
    assert len(html) < 60_000
    (line,) = drawing.iter("polyline")
    corners = line.attrib["points"].split()
    assert 100 <= len(corners) <= 400
    assert corners[0].startswith("46.0,") and corners[-1].startswith("368.0,")
    assert '<th scope="row">1</th>' in html and '<th scope="row">10000</th>' in html
    assert html.count("<tr>") < 130


def test_a_loss_that_becomes_no_number_leaves_a_gap_and_is_said() -> None:
    html, (drawing,) = curve(loss=[3.0, 2.0, float("nan"), 2.5, "NaN", 1.0], val_loss=[float("inf")] * 6)
    assert len(list(drawing.iter("polyline"))) == 3
    assert set(names(drawing)) == {"loss"}
    assert html.count("✕ is not a finite number.") == 1
    assert html.count("<td>✕</td>") == 2


def test_losses_beyond_all_bounds_are_drawn() -> None:
    html, _ = curve(loss=[1e200, 1e100, 3.0], accuracy=[0.5])
    assert "1e200" in html
    (_, accuracy) = [one for one in drawings(html) if one.get("class") == "lines"]
    assert len(list(accuracy.iter("polyline"))) == 1  # one epoch is a dot


def test_numbers_that_python_does_not_even_print_are_passed_over() -> None:
    huge = 10**5_000
    array = ArrayPicture(shape=(huge, 2), dtype="int", values=[[huge, 1], [2, 3]], offset=(huge, -huge))
    outcome = TestOutcome(
        name="t",
        module="test_hidden",
        title=Text(en="t", ko="t"),
        cell="test-conv2d",
        verdict=Verdict.FAILED,
        difference=Difference(
            kind="value", actual="a", expected="b", where=(huge, 1), actual_array=array, expected_array=array
        ),
    )
    found = {
        "loss": {"loss": [huge, 1.0]},
        "confusion": [[huge, 1], [0, 1]],
        "missed": [{"image": [[huge]], "label": huge, "guess": 1}],
    }
    html = page(examination(tests=(outcome,), pictures=found))
    assert [one.get("class") for one in drawings(html)] == ["array", "array", "array", "scale", "lines"]


def test_a_large_array_is_shown_around_the_wrong_value() -> None:
    big = ArrayPicture(
        shape=(300, 400),
        dtype="float64",
        values=[[float(r * 1000 + c) for c in range(400)] for r in range(300)],
        offset=(0, 0),
    )
    table = svg.grid(big, (200, 333))
    assert table is not None and table.mark is not None
    assert (len(table.rows), table.width) == (16, 32)
    assert table.rows[table.mark[0]][table.mark[1]] == 200_333
    assert (table.first_row + table.mark[0], table.first_column + table.mark[1]) == (200, 333)


def test_a_cell_that_a_notebook_repeats_thousands_of_times_is_listed_a_hundred_times() -> None:
    cell = CellOutcome(index=3, verdict=Verdict.TIMEOUT, message="time limit of 10 s reached in cell 4")
    html = page(examination(cells=(cell,) * 5_000))
    assert html.count("100 of them are shown.") == 1
    assert len(html) < 150_000


def test_of_very_many_failed_tests_the_first_hundred_are_drawn() -> None:
    array = ArrayPicture(shape=(2, 2), dtype="float64", values=[[1.0, 2.0], [3.0, 4.0]], offset=(0, 0))
    outcome = TestOutcome(
        name="t",
        module="test_hidden",
        title=Text(en="t", ko="t"),
        cell="test-conv2d",
        verdict=Verdict.FAILED,
        difference=Difference(kind="value", actual="[1.5]", expected="[2.5]", expected_array=array),
    )
    html = page(examination(tests=(outcome,) * 300))
    assert len([one for one in drawings(html) if one.get("class") == "array"]) == 100
    assert html.count("[2.5]") == 300


# -- the class report ---------------------------------------------------------------------------

entries = st.builds(
    Entry,
    student=texts,
    examination=plain_records,
    points=points,
    penalty=points,
    days_late=st.integers(0, 9),
    undecided=st.booleans(),
    cells=st.dictionaries(st.just("test-conv2d"), st.none() | points),
)


@fuzz
@given(
    class_=st.lists(entries, max_size=3) | entries.map(lambda one: [one] * 7),
    pairs=st.lists(st.builds(Pair, texts, texts, points), max_size=2),
)
def test_every_class_becomes_a_report(class_: list[Entry], pairs: list[Pair]) -> None:
    with ends():
        report = summarise(
            course(), "week", class_, students=[e.student for e in class_] + ["ann"], similar=pairs
        )
        html = render_week(report) + render_index(course(), {"week": report})
        from autograder.spreadsheet import table

        for rows in week_tables(report).values():
            table(rows).encode("utf-8", "replace")
    assert len(html) < 8_000_000
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", html)
    assert "width:nan" not in html and "width:inf" not in html
    drawings(html)


@pytest.mark.parametrize("text", ['[{"a": "x", "b": "y", "score": 1e999}]', "[" * 100_000, "[1, {}, null]"])
def test_a_list_of_similar_pairs_that_is_none_is_passed_over(text: str, tmp_path: Any) -> None:
    path = tmp_path / "similarity.json"
    path.write_text(text)
    assert read_similar(path) == []


# -- graded notebooks and exports ---------------------------------------------------------------


@fuzz
@given(record=records, level=some(LEVELS), language=some(list(Language)))
def test_every_record_becomes_a_graded_notebook(
    record: Examination, level: Level, language: Language
) -> None:
    with ends():
        notebook = put_outputs(released(), record, level, language)
        raw = dump(notebook)
    nbformat.validate(nbformat.reads(raw.decode("utf-8"), as_version=4))
    assert len(raw) < 4_000_000
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            assert not re.search(r"[\x00-\x08\x0e-\x1f\ud800-\udfff]", output.data["text/html"])


@fuzz
@given(record=records, level=some(LEVELS), language=some(list(Language)))
def test_every_record_becomes_an_export(record: Examination, level: Level, language: Language) -> None:
    with ends():
        step_output(github_result(record, level, language))
        result = gradescope_results(record, level, level, due=True, language=language)
        text = json.dumps(result, ensure_ascii=False).encode("utf-8", "replace")
    assert len(text) < 4_000_000
