"""A cell's outputs, whatever they are, never cost it what it defines."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from trial import GOOD_DOUBLE, make

from autograder.candidate.outputs import OutputLimit, Outputs, written
from autograder.examination import Examination, Verdict

LEFT_OUT = "An output is left out"


def shown(text: str) -> dict[str, Any]:
    return {"output_type": "display_data", "data": {"text/plain": text}, "metadata": {}}


def stream(*texts: str, room: int = 1000) -> Outputs:
    outputs = Outputs(room)
    with contextlib.suppress(OutputLimit):
        for text in texts:
            outputs.stream("stdout", text)
    return outputs


def read(outputs: list[dict[str, Any]], room: int = 10_000) -> list[dict[str, Any]]:
    data = written(outputs, room)
    assert len(data) <= room
    found: list[dict[str, Any]] = json.loads(data)
    return found


def test_room_is_counted_in_bytes_whatever_the_script() -> None:
    latin, korean = stream("x" * 300), stream("가" * 100)
    assert latin.room == korean.room
    assert not latin.overflowed
    assert stream("x" * 990).overflowed and stream("가" * 330).overflowed


def test_what_outputs_take_beside_their_text_counts() -> None:
    outputs = Outputs(1000)
    with pytest.raises(OutputLimit):
        for number in range(100):
            outputs.stream("stdout" if number % 2 else "stderr", "x")
    labelled = Outputs(1000)
    with pytest.raises(OutputLimit):
        labelled.add(shown("x") | {"metadata": {"a": "y" * 1000}})


@pytest.mark.parametrize("letter", ["x", "가", "\ud800"])
def test_of_too_much_text_the_beginning_is_kept_and_room_for_others(letter: str) -> None:
    outputs = stream("begins " + letter * 2000)
    (item,) = outputs.finished()
    assert item["text"].startswith("begins ")
    assert outputs.room == 500
    assert len(written([item], 10_000)) <= 600


def test_outputs_are_json_to_the_letter() -> None:
    items = [shown('가\ud800\x00"\n'), {"output_type": "stream", "name": "stdout", "text": "✓"}]
    assert read(items) == items


@pytest.mark.parametrize("data", [{(1, 2): 3}, {"a": {("b",): 1}}, "cycle"])
def test_what_json_cannot_say_is_left_out_alone(data: Any) -> None:
    if data == "cycle":
        data = {}
        data["self"] = data
    before, odd, after = read([shown("1"), shown("2") | {"data": data}, shown("3")])
    assert (before, after) == (shown("1"), shown("3"))
    assert LEFT_OUT in odd["text"]


def test_what_has_no_room_is_left_out_and_so_is_what_comes_after() -> None:
    first, second = read([shown("1"), shown("x" * 1000), shown("3")], room=600)
    assert first == shown("1")
    assert LEFT_OUT in second["text"]
    assert read([shown("1")], room=0 + 2) == []


MUCH = {
    # Below the limit of 8 MiB: nothing happens.
    "long": ("print('x' * 5_000_000)", Verdict.PASSED),
    "korean": ("print('가' * 1_000_000)", Verdict.PASSED),
    "lines": ("for i in range(200_000): print(i, 'loss', 0.12345)", Verdict.PASSED),
    "html": (
        "from IPython.display import HTML, display; display(HTML('<p>' + 'y' * 5_000_000))",
        Verdict.PASSED,
    ),
    "keys": (
        "from IPython.display import JSON, display; display(JSON({(1, 2): 'confusion'}))",
        Verdict.PASSED,
    ),
    "nul": ("print('\\0' * 4_000_000)", Verdict.PASSED),
    # Beyond: a part of it is shown, and what the cell defines stays.
    "more": ("print('x' * 9_000_000)", Verdict.OUTPUT),
    "more-korean": ("print('가' * 3_000_000)", Verdict.OUTPUT),
    "alternating": (
        "import sys\nfor i in range(150_000): print(i); print(i, file=sys.stderr)",
        Verdict.OUTPUT,
    ),
    "endless": ("while True: print('step' * 1000, 1)", Verdict.OUTPUT),
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Examination]:
    course = make(tmp_path_factory.mktemp("outputs") / "course")
    for student, (line, _) in MUCH.items():
        course.hand_in(student, double=f"{GOOD_DOUBLE}\n\n{line}\n")
    return course.grade(workers=2)


@pytest.mark.slow
@pytest.mark.parametrize(("student", "verdict"), [(student, end) for student, (_, end) in MUCH.items()])
def test_outputs_of_every_size_and_kind_cost_no_point(
    student: str, verdict: Verdict, graded: dict[str, Examination]
) -> None:
    found = graded[student]
    assert sum(score.points or 0 for score in found.scores) == 100, [str(n.text) for n in found.notices]
    (cell,) = [cell for cell in found.cells if cell.grade_id == "double"]
    assert cell.verdict is verdict
    assert cell.outputs, "something of it is shown"
