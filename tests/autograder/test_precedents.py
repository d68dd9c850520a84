"""What is known is not found out again, and nothing comes out otherwise for that."""

from __future__ import annotations

import base64
import io
import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from ruamel.yaml import YAML
from trial import GOOD_DOUBLE, SOLUTION, make

from autograder.course import Paths, load_course
from autograder.examination import CellOutcome, Examination, TestOutcome, Text, Verdict
from autograder.examiner.candidate import CellSource
from autograder.examiner.given import GivenCells, names_of, read_from_before
from autograder.examiner.precedents import Precedents, Tape
from autograder.examiner.suite import TestRun
from autograder.notebook import dump, grade_id, is_solution, node, read_released, read_script
from autograder.options import Options
from autograder.pool import Pool, patience, worker_settings
from autograder.wire import FUNCTION, decode_frame, encode

REPOSITORY = Path(__file__).parents[2]
WEEKS = [assignment.name for assignment in load_course(REPOSITORY).assignments]


def frame(value: Any) -> bytes:
    return b"".join(encode(value))


def taped(*exchanges: tuple[Any, Any], names: dict[str, bool | None] | None = None) -> Tape:
    tape = Tape()
    tape.begin([frame({"op": "begin"})])
    tape.names.update(names or {"f": True})
    for request, reply in exchanges:
        structure, *payload = encode(reply)
        tape.note([frame(request)], bytearray(structure[12:]), bytearray(b"".join(payload)))
    return tape


def run() -> TestRun:
    told = {"name": "t", "module": "m", "title": Text(en="", ko=""), "cell": "c", "weight": 1}
    return TestRun(TestOutcome.model_validate(told | {"public": False, "verdict": Verdict.PASSED}))


class TestPrecedents:
    def test_the_same_answers_are_decided_and_others_are_not(self) -> None:
        precedents = Precedents()
        precedents.add("t", 0, taped(({"n": 1}, {"value": np.arange(3.0)})), run())
        assert precedents.decide("t", 0, [frame({"value": np.arange(3.0)})]) is not None
        for other in (
            [frame({"value": np.arange(3.0) + 1e-16 * np.array([0, 1e3, 0])})],
            [frame({"value": np.arange(3)})],
            [frame({"value": np.arange(3.0), "x": 1})],
            [frame({"value": np.arange(3.0)})] * 2,
            [],
        ):
            assert precedents.decide("t", 0, other) is None

    def test_another_seed_or_test_has_none(self) -> None:
        precedents = Precedents()
        precedents.add("t", 0, taped(({"n": 1}, {"value": 1})), run())
        assert precedents.series("t", 1) is None
        assert precedents.series("u", 0) is None

    def test_all_questions_go_in_one_message_after_the_beginning(self) -> None:
        series = taped(({"n": 1}, {"value": 1}), ({"n": 2}, {"value": 1})).series()
        frames = decode_frame(series.frame)["frames"]
        assert [decode_frame(each) for each in frames] == [{"op": "begin"}, {"n": 1}, {"n": 2}]

    def test_only_where_the_names_are_as_they_were(self) -> None:
        series = taped(({"n": 1}, {"value": 1}), names={"f": True, "g": None}).series()
        assert series.fits({"f": True, "other": False})
        assert not series.fits({"f": False})
        assert not series.fits({"f": True, "g": True})
        assert not series.fits({})

    def test_a_test_that_asked_nothing_makes_none(self) -> None:
        precedents = Precedents()
        precedents.add("t", 0, taped(), run())
        assert precedents.series("t", 0) is None

    def test_what_is_too_large_makes_none(self) -> None:
        precedents = Precedents()
        precedents.add("t", 0, taped(({"n": 1}, {"value": np.zeros(1 << 20)})), run())
        assert precedents.series("t", 0) is None

    def test_what_everybody_answers_otherwise_is_soon_asked_no_more(self) -> None:
        precedents = Precedents()
        for answer in range(10):
            precedents.add("t", 0, taped(({"n": 1}, {"value": answer})), run())
        assert precedents.series("t", 0) is None
        for _ in range(10):
            precedents.add("t", 0, taped(({"n": 1}, {"value": 3})), run())
        assert precedents.series("t", 0) is not None


class TestNames:
    @pytest.mark.parametrize(
        ("source", "uses", "binds"),
        [
            ("a = b", {"b"}, {"a"}),
            ("import numpy as np\nfrom os import path", set(), {"np", "path"}),
            ("def f(x, y=z):\n    w = x\n    return w + v", {"z", "v"}, {"f"}),
            ("def f():\n    global g\n    g = 1", set(), {"f", "g"}),
            ("[n for n in m if n in k]", {"m", "k"}, set()),
            ("class A(B):\n    c = d\n    def e(self): return h", {"B", "d", "h"}, {"A"}),
            ("for i, (j, k) in items: print(i)", {"items", "print", "i"}, {"i", "j", "k"}),
            ("with f() as g: pass", {"f"}, {"g"}),
            ("x.attribute = 1\ny[0] += 1", {"x", "y"}, set()),
        ],
    )
    def test_of_a_cell(self, source: str, uses: set[str], binds: set[str]) -> None:
        names = names_of(source)
        assert names is not None
        assert (names.uses, names.binds) == (uses, binds)

    @pytest.mark.parametrize("source", ["%matplotlib inline", "!ls", "def f(:", "x = = 1", "\0"])
    def test_what_is_not_plain_python(self, source: str) -> None:
        assert names_of(source) is None

    @pytest.mark.parametrize(
        ("source", "obscure"),
        [
            ("def f():\n    return locals()", False),
            ("locals()['x'] = 1", True),
            ("def f(): exec('x = 1')", True),
        ],
    )
    def test_roundabout_ways(self, source: str, obscure: bool) -> None:
        names = names_of(source)
        assert names is not None
        assert names.obscure is obscure

    @pytest.mark.parametrize(
        ("source", "read"),
        [
            ("a = 1\nb = a", set()),
            ("b = a\na = 1", {"a"}),
            ("a += 1", {"a"}),
            ("for a in b:\n    c = a\n    d = c", {"b"}),
            ("for a in a:\n    pass", {"a"}),
            ("for a in b:\n    pass\nc = a", {"b", "a"}),  # b may be empty
            ("if a:\n    b = 1\n    c = b\nd = b", {"a", "b"}),
            ("for a in b:\n    for c in a:\n        d = c", {"b"}),
            ("try:\n    a = 1\nfinally:\n    pass\nb = a", {"a"}),
            ("def f(): return a\na = 1", {"a"}),
            ("while a: a = 0", {"a"}),
            ("for a in b:\n    if a:\n        break\n    continue", {"b"}),
        ],
    )
    def test_that_a_cell_needs_from_before(self, source: str, read: set[str]) -> None:
        assert read_from_before(source) == read


class TestGivenCells:
    GIVEN = ("import numpy as np", "picture = np.ones(f(2)); shown = picture.sum()", "check(f)")

    def cells(self, written: str = "def f(n):\n    return n", *more: str) -> list[CellSource]:
        sources = [self.GIVEN[0], written, *self.GIVEN[1:], *more]
        return [CellSource(index, "", source) for index, source in enumerate(sources)]

    def given(self, *more: str, written: str = "def f(n):\n    return n") -> GivenCells:
        cells = self.cells(written, *more)
        given = GivenCells(cells, {1})
        call = frame({"op": "watch", "target": "f", "args": [2], "kwargs": {}})
        reply = frame({"value": 2, "args": [2], "kwargs": {}, "generators": True})
        shown = CellOutcome(index=2, verdict=Verdict.PASSED, message="", grade_id="")
        given.learn(cells[2], [call], [reply], shown)
        return given

    def test_a_submission_with_another_function_has_it_as_given(self) -> None:
        assert list(self.given().of(self.cells("def f(n):\n    m = n\n    return m"))) == [2]

    @pytest.mark.parametrize(
        "written",
        [
            "def f(n):\n    return picture",  # by mistake, what the cell defines
            "np = None\ndef f(n): return n",
            "import numpy as np\nnp = None\ndef f(n): return n",
            "import math as np\ndef f(n): return n",
            "%time\ndef f(n): return n",
            "def f(n):\n    return globals()['picture']",
            "def f(n):\n    global picture\n    picture = shown",
            "np.random.shuffle(None)\ndef f(n): return n",
            "np.core.x = 1\ndef f(n): return n",
            "np.set_printoptions(precision=2)\ndef f(n): return n",
        ],
    )
    def test_what_would_make_a_difference(self, written: str) -> None:
        assert not self.given().of(self.cells(written))

    @pytest.mark.parametrize(
        "written", ["import numpy as np\ndef f(n): return n", "def f(picture): return 1"]
    )
    def test_what_makes_none(self, written: str) -> None:
        assert self.given().of(self.cells(written))

    def test_what_others_need_is_run(self) -> None:
        assert not self.given("print(picture)").of(self.cells("def f(n): return n", "print(picture)"))
        assert self.given("picture = 2\nprint(picture)").of(
            self.cells("def f(n): return n", "picture = 2\nprint(picture)")
        )

    @pytest.mark.parametrize(
        ("given", "told"),
        [("f.__doc__", False), ("print(f)", False), ("[*map(f, [2])]", False), ("f(2)", True), ("g()", True)],
    )
    def test_what_a_function_says_of_itself_is_not_known(self, given: str, told: bool) -> None:
        sources = ["import numpy as np", "def f(n):\n    return n", "def g():\n    return f(2)", given]
        cells = [CellSource(index, "", source) for index, source in enumerate(sources)]
        learnt = GivenCells(cells, {1})
        frames = learnt.questions(cells[3], [])
        replies = [frame({"value": FUNCTION}) for _ in frames]
        learnt.learn(cells[3], frames, replies, CellOutcome(index=3, verdict=Verdict.PASSED, grade_id=""))
        assert bool(learnt.of(cells)) is told

    @pytest.mark.parametrize(
        ("outputs", "exact"),
        [
            ((), False),
            (({"output_type": "display_data", "data": {"image/png": "x", "text/plain": "<Figure>"}},), False),
            (({"output_type": "execute_result", "data": {"text/plain": "array([0.1])"}},), True),
            (({"output_type": "stream", "name": "stdout", "text": "0.1"},), True),
            (({"output_type": "display_data", "data": {"text/html": "<b>0.1</b>"}},), True),
        ],
    )
    def test_rounding_makes_no_difference_in_a_picture(self, outputs: Any, exact: bool) -> None:
        cells = [CellSource(0, "", "def f(n):\n    return n / 10"), CellSource(1, "", "f(1)")]
        learnt = GivenCells(cells, {0})
        call = frame({"op": "watch", "target": "f", "args": [1], "kwargs": {}})
        answer = {"value": 0.1, "args": [1], "kwargs": {}, "generators": True}
        shown = CellOutcome(index=1, verdict=Verdict.PASSED, grade_id="", outputs=outputs)
        learnt.learn(
            cells[1],
            [*learnt.questions(cells[1], []), call],
            [frame({"value": FUNCTION}), frame(answer)],
            shown,
        )
        (given,) = learnt.of(cells).values()
        other = frame(answer | {"value": 0.1 + 1e-15})
        assert given.agrees([frame({"value": FUNCTION}), frame(answer)])
        assert given.agrees([frame({"value": FUNCTION}), other]) is not exact

    def test_what_helpers_use_is_asked_for_too(self) -> None:
        sources = ["DATA = 1", "SIZE = 3", "def g():\n    return DATA * SIZE", "print(g())"]
        cells = [CellSource(index, "", source) for index, source in enumerate(sources)]
        learnt = GivenCells(cells, {1})
        frames = learnt.questions(cells[3], [])
        assert [decode_frame(each)["target"] for each in frames] == ["SIZE"]
        shown = CellOutcome(index=3, verdict=Verdict.PASSED, grade_id="")
        learnt.learn(cells[3], frames, [frame({"value": 3})], shown)
        assert learnt.of(cells)
        assert not learnt.of([cells[0], replace(cells[1], source="SIZE = 3; DATA = 2"), *cells[2:]])

    def test_cells_in_another_order_are_run(self) -> None:
        cells = self.cells()
        moved = [cells[0], cells[1], cells[3], cells[2]]
        assert not self.given().of([replace(cell, index=index) for index, cell in enumerate(moved)])
        assert not self.given().of(cells[:-1])
        assert not self.given().of([replace(cells[0], source="import numpy as np  # mine"), *cells[1:]])

    @pytest.mark.parametrize(
        ("reply", "same"),
        [
            ({"value": 2, "args": [2], "kwargs": {}, "generators": True}, True),
            ({"value": 3, "args": [2], "kwargs": {}, "generators": True}, False),
            ({"value": 2.0, "args": [2], "kwargs": {}, "generators": True}, False),
            ({"value": 2, "args": [3], "kwargs": {}, "generators": True}, False),
            ({"value": 2, "args": [2], "kwargs": {}, "generators": False}, False),
            ({"value": 2}, False),
            ({"exception": {"type": "E"}}, False),
        ],
    )
    def test_when_answers_agree(self, reply: dict[str, Any], same: bool) -> None:
        (given,) = self.given().of(self.cells()).values()
        assert given.agrees([frame(reply)]) is same

    @pytest.mark.parametrize("replies", [None, [], [b""], [b"x" * 40], [1], "text", [[b""]]])
    def test_what_is_no_answer_does_not_agree(self, replies: Any) -> None:
        (given,) = self.given().of(self.cells()).values()
        assert not given.agrees(replies)


# -- for real --------------------------------------------------------------------------------------------


class Examiners:
    """Workers of a course, with and without what they remember."""

    def __init__(self, root: Path, week: str, *, training: bool = False) -> None:
        self.known: dict[str, dict[str, int]] = {}
        course = load_course(root)
        options = Options(training=training)
        self._pools = [
            Pool(worker_settings(course, Paths(root), week, chosen), 1, patience(course.assignment(week)))
            for chosen in (options, replace(options, precedents=False))
        ]

    def examine(self, notebooks: list[bytes], *, precedents: bool) -> list[Examination]:
        jobs = [
            {"student": f"s{i}", "key": "k", "raw": raw, "problem": ""} for i, raw in enumerate(notebooks)
        ]
        found: dict[str, Examination] = {}
        for _, answer in self._pools[0 if precedents else 1].run(jobs):
            assert isinstance(answer, dict), answer
            examination = Examination.model_validate_json(answer["examination"])
            found[examination.student] = examination
            self.known[examination.student] = answer["known"]
        return [found[job["student"]] for job in jobs]

    def close(self) -> None:
        for pool in self._pools:
            pool.close()


def submissions(week: str, count: int) -> list[bytes]:
    """The solution; right alternatives and mutants mixed in turn; the untouched stub."""
    paths = Paths(REPOSITORY)
    released = read_released(paths.released(week))
    solved = read_script(paths.solution(week).read_text(encoding="utf-8"))
    solution = {grade_id(cell): cell.source for cell in solved.cells if grade_id(cell)}

    def notebook(extra: list[dict[str, Any]]) -> bytes:
        copied = node(released)
        for cell in copied.cells:
            if cell.cell_type == "code" and is_solution(cell):
                source = solution[grade_id(cell)]
                parts = [e["source"] for e in extra if f"def {e['replaces']}(" in source]
                cell["source"] = "\n\n\n".join([source, *parts])
        return dump(copied)

    read = YAML(typ="safe").load
    alternatives = read(paths.suite(week) / "alternatives.yml")
    mutants = [entry for entry in read(paths.suite(week) / "mutants.yml") if not entry.get("training")]
    made = [notebook([])]
    for turn in range(count):
        functions: dict[str, dict[str, Any]] = {}
        for entry in alternatives[turn:] + alternatives[:turn]:
            functions.setdefault(entry["replaces"], entry)
        chosen = list(functions.values())
        made.append(notebook(chosen if turn % 2 else [*chosen, *mutants[7 * turn :: 41]]))
    return [*made, dump(released)]


def told(examination: Examination) -> dict[str, Any]:
    """What a record says, but for times and pictures, by where it says so."""
    record = examination.model_dump(mode="json", exclude={"graded_at", "timings", "key", "student"})
    for cell in record["cells"]:
        cell.pop("seconds")
        for output in cell["outputs"]:
            output.get("data", {}).pop("image/png", None)
    for test in record["tests"]:
        test.pop("seconds")
    return dict(leaves(record))


def leaves(value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, f"{where}/{key}")
    else:
        yield where, re.sub("0x[0-9a-fA-F]+|tmp\\w{8}", "", value) if isinstance(value, str) else value


def pictures(examination: Examination) -> Iterator[np.ndarray[Any, Any]]:
    for cell in examination.cells:
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                data = base64.b64decode(output["data"]["image/png"])
                yield np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


@pytest.mark.slow
@pytest.mark.parametrize("week", WEEKS)
def test_records_are_the_same_from_scratch(week: str) -> None:
    notebooks = submissions(week, 2 if load_course(REPOSITORY).assignment(week).tensorflow else 5)
    examiners = Examiners(REPOSITORY, week)
    try:
        scratch = examiners.examine(notebooks, precedents=False)
        for turn in range(2):  # by the second turn all that can be known is known
            known = examiners.examine(notebooks, precedents=True)
            for one, other in zip(scratch, known, strict=True):
                assert told(one) == told(other), (turn, one.student)
                for drawn, remembered in itertools.zip_longest(pictures(one), pictures(other)):
                    assert drawn.shape == remembered.shape
                    assert np.abs(drawn - remembered).max() <= 2
        assert examiners.known["s0"]["cells"] >= 2, examiners.known
        # Where TensorFlow has left threads behind there is no fork to be asked so.
        tensorflow = load_course(REPOSITORY).assignment(week).tensorflow
        assert examiners.known["s0"]["tests"] >= (0 if tensorflow else 30), examiners.known
    finally:
        examiners.close()
    assert len({one.points for one in scratch}) > 2, "right and wrong ones"


PICTURE = """

# %% nbgrader={"grade": false, "grade_id": "magic", "locked": true, "schema_version": 3, "solution": false}
%precision 3
1 / 3

# %% nbgrader={"grade": false, "grade_id": "picture", "locked": true, "schema_version": 3, "solution": false}
seen = double(np.arange(3))
print("doubled:", seen)
"""


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[tuple[Examiners, Any]]:
    """A week whose last cell shows what a function returns."""
    made = make(tmp_path)
    solution = made.paths.solution("trial")
    solution.write_text(SOLUTION + PICTURE, encoding="utf-8")
    from autograder.release import release

    course = load_course(tmp_path)
    release(course, course.assignment("trial"), made.paths)
    released = read_released(made.paths.released("trial"))

    def notebook(double: str = GOOD_DOUBLE, half: str = "def half(x):\n    return x / 2") -> bytes:
        copied = node(released)
        for cell in copied.cells:
            if grade_id(cell) in ("double", "half"):
                cell["source"] = double if grade_id(cell) == "double" else half
        return dump(copied)

    examiners = Examiners(tmp_path, "trial")
    yield examiners, notebook
    examiners.close()


NEEDS_THE_PICTURE = """
def half(x):
    name = "se" + "en"
    if name not in half.__globals__:
        raise NameError(f"name '{name}' is not defined")
    return x / 2
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        {},
        {"double": "import numpy as np\ndef double(x):\n    return np.asarray(x) * 2.0\n"},
        {"double": "import numpy as np\ndef double(x):\n    print('now')\n    return np.asarray(x) * 2\n"},
        {"double": "import numpy as np\ndef double(x):\n    x += x\n    return x\n"},
        {"double": "import numpy as np\ndef double(x):\n    raise ValueError\n"},
        {"double": "import numpy as np\ndef double(x):\n    return np.asarray(x) + 2\n"},
        {"double": "import time\ndef double(x):\n    time.sleep(0.3)\n    return 2 * x\n"},
        {"double": "import os\ndef double(x):\n    os._exit(0)\n"},
        {"double": "import numpy as np\ndef double(x):\n    return Ellipsis\n"},
        {"half": "def half(x):\n    return x * seen[1] / 4\n"},
        {"half": NEEDS_THE_PICTURE},
        {"half": "import numpy as np\ndef half(x):\n    np.random.rand()\n    return x / 2\n"},
    ],
    ids=lambda code: next(iter(code.values()), "as given")[-40:].strip(),
)
def test_a_cell_shows_what_it_would_show(trial: tuple[Examiners, Any], code: dict[str, str]) -> None:
    examiners, notebook = trial
    (scratch,) = examiners.examine([notebook(**code)], precedents=False)
    for known in examiners.examine([notebook(), notebook(**code), notebook(**code)], precedents=True)[1:]:
        assert told(known) == told(scratch)
