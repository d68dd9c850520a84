"""Reading what students hand in, and putting student and release together."""

from __future__ import annotations

import contextlib
import copy
import json
import time
from typing import Any

import jupytext
import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat import NotebookNode
from nbgrader.utils import compute_checksum

from autograder.notebooks.definitions import defined_names, stub_names
from autograder.notebooks.merging import merge
from autograder.notebooks.metadata import (
    checksum,
    grade_id,
    is_answered,
    is_locked,
    is_manual,
    is_solution,
    is_test,
    points,
)
from autograder.notebooks.reading import UnreadableNotebook, read_submission
from autograder.notebooks.scripts import dump, read_script


def graded(kind: str, name: str, source: str, **flags: Any) -> dict[str, Any]:
    metadata = {"schema_version": 3, "grade_id": name, "grade": False, "locked": False, "solution": False}
    cell = {"cell_type": kind, "metadata": {"nbgrader": metadata | flags}, "source": source, "id": name}
    return cell | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def plain(kind: str, source: str) -> dict[str, Any]:
    cell = {"cell_type": kind, "metadata": {}, "source": source}
    return cell | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def document(*cells: dict[str, Any], **more: Any) -> dict[str, Any]:
    metadata = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": list(cells)} | more


def handed_in(*cells: dict[str, Any]) -> NotebookNode:
    return read_submission(json.dumps(document(*cells)).encode())


SETUP = graded("code", "setup", "import numpy as np", locked=True)
SOLUTION = graded("code", "relu", "def relu(z):\n    raise NotImplementedError", solution=True)
TEST = graded("code", "test-relu", "assert relu(1) == 1", grade=True, locked=True, points=2)
QUESTION = graded("markdown", "explain", "YOUR ANSWER HERE", grade=True, solution=True, points=3)
RELEASE = [plain("markdown", "# Title"), SETUP, SOLUTION, TEST, QUESTION]


@pytest.fixture
def released() -> NotebookNode:
    notebook: NotebookNode = nbformat.from_dict(document(*copy.deepcopy(RELEASE)))
    for cell in notebook.cells:
        if grade_id(cell):
            cell.metadata.nbgrader.checksum = compute_checksum(cell)
    return notebook


def names(notebook: NotebookNode) -> list[str]:
    return [grade_id(cell) or cell.source for cell in notebook.cells]


class TestCells:
    def test_kinds_of_cells(self, released: NotebookNode) -> None:
        title, setup, solution, test, question = released.cells
        assert [is_locked(cell) for cell in released.cells] == [False, True, False, True, False]
        assert [is_solution(cell) for cell in released.cells] == [False, False, True, False, True]
        assert is_test(test)
        assert not is_test(question)
        assert is_manual(question)
        assert not is_manual(test)
        assert points(test) == 2
        assert points(setup) == points(title) == points(solution) == 0

    def test_the_checksum_is_nbgraders(self, released: NotebookNode) -> None:
        for cell in released.cells[1:]:
            assert checksum(cell) == compute_checksum(cell)

    def test_an_answer_counts_once_it_differs_from_the_release(self, released: NotebookNode) -> None:
        question = released.cells[-1]
        assert not is_answered(question)
        question.source = "Because."
        assert is_answered(question)


class TestScripts:
    SCRIPT = (
        '# %% [markdown] tags=["en"]\n# # Title\n\n'
        '# %% nbgrader={"grade": false, "grade_id": "relu", "locked": false, "schema_version": 3, '
        '"solution": true}\ndef relu(z):\n    return z\n\n# %%\nx = 1\n\n# %%\nx = 1\n'
    )

    def test_cells_and_their_metadata_survive_both_ways(self) -> None:
        notebook = read_script(self.SCRIPT)
        assert [cell.cell_type for cell in notebook.cells] == ["markdown", "code", "code", "code"]
        assert grade_id(notebook.cells[1]) == "relu"
        assert notebook.cells[0].metadata.tags == ["en"]
        again = read_script(jupytext.writes(notebook, fmt="py:percent"))
        assert dump(again) == dump(notebook)

    def test_ids_depend_on_the_text_alone_and_are_unique(self) -> None:
        first, second = read_script(self.SCRIPT), read_script(self.SCRIPT)
        assert dump(first) == dump(second)
        ids = [cell.id for cell in first.cells]
        assert len(set(ids)) == len(ids)
        assert ids[1] == "relu"
        nbformat.validate(first)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"\x00\xff\xfe", "not JSON"),
        (b"{", "not JSON (line 1)"),
        (b"[" * 100_000, "not JSON"),
        (b'{"nbformat": ' + b"9" * 5_000 + b"}", "not JSON"),
        (b"3", "not a notebook"),
        (b"{}", "not a notebook"),
        (b'{"nbformat": true, "cells": []}', "not a notebook"),
        (b'{"nbformat": 4}', "no cells"),
        (b'{"nbformat": 4, "cells": {}}', "no cells"),
        (b'{"nbformat": 5, "cells": []}', "newer"),
        (b'{"nbformat": 3, "worksheets": 3}', "old format"),
        (b'{"nbformat": -1}', "old format"),
        (b'{"nbformat": 4, "cells": [3]}', "cell 1"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": {}}]}', "cell 1"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": ["a", 3]}]}', "cell 1"),
        (b'{"nbformat": 4, "cells": [{"cell_type": ["code"], "source": ""}]}', "cell 1"),
        ('{"nbformat": 4, "cells": [], "metadata": {"제목": 1}}'.encode("cp949"), "not UTF-8"),
        ('{"nbformat": 4, "cells": [], "metadata": {"é": 1}}'.encode("latin-1"), "not UTF-8"),
        ('{"nbformat": 4, "cells": []}'.encode("utf-16"), "save it as UTF-8"),
        ('\n {"nbformat": 4, "cells": []}'.encode("utf-16-be"), "save it as UTF-8"),
        ('{"nbformat": 4, "cells": []}'.encode("utf-32"), "save it as UTF-8"),
        ("%PDF-1.7 \x80\xff".encode("latin-1"), "not JSON"),
        (b'{"nbformat": 4, "cells": [],}', "not JSON (line 1)"),
        (b'{"nbformat": 4, "cells": []}\nand more', "not JSON (line 2)"),
        (b"[" * 4_000_001, "clear its outputs"),
        (b'{"nbformat": 4, "cells": [], "metadata": {"kernelspec": {"name": "ir", "language": "R"}}}', "'R'"),
        (b'{"nbformat": 4, "cells": [], "metadata": {"kernelspec": {"name": "ir"}}}', "'ir'"),
        (b'{"nbformat": 4, "cells": [], "metadata": {"language_info": {"name": "julia"}}}', "'julia'"),
    ],
)
def test_what_cannot_be_read_is_one_clear_line(raw: bytes, words: str) -> None:
    with pytest.raises(UnreadableNotebook) as caught:
        read_submission(raw)
    message = str(caught.value)
    assert words in message
    assert "\n" not in message
    assert len(message) < 200


def test_a_notebook_over_the_limit_is_not_even_parsed() -> None:
    with pytest.raises(UnreadableNotebook, match="too large"):
        read_submission(b"[" * 101, max_bytes=100)


def as_jupyter_reads_it(raw: bytes) -> list[tuple[str, str]]:
    """Types and sources of the cells, by nbformat itself."""
    found = nbformat.reads(raw.decode("utf-8-sig"), as_version=4)  # type: ignore[no-untyped-call]
    return [(cell.cell_type, cell.source) for cell in found.cells]


ODD_BUT_FINE: dict[str, Any] = {
    "byte order mark": lambda d: b"\xef\xbb\xbf" + json.dumps(d).encode(),
    "NaN and Infinity": lambda d: json.dumps(d).replace(
        '"metadata": {}', '"metadata": {"a": NaN, "b": -Infinity}'
    ),
    "minor is a text": lambda d: d | {"nbformat_minor": "5"},
    "minor is null": lambda d: d | {"nbformat_minor": None},
    "minor is large": lambda d: d | {"nbformat_minor": 99},
    "minor is negative": lambda d: d | {"nbformat_minor": -1},
    "a format of floats": lambda d: d | {"nbformat": 4.0, "nbformat_minor": 5.0},
    "no metadata": lambda d: {key: value for key, value in d.items() if key != "metadata"},
    "null metadata": lambda d: d | {"metadata": None},
    "cells without metadata": lambda d: (
        d | {"cells": [{k: v for k, v in c.items() if k != "metadata"} for c in d["cells"]]}
    ),
    "cells of null metadata": lambda d: d | {"cells": [c | {"metadata": None} for c in d["cells"]]},
    "lists of lines": lambda d: (
        d | {"cells": [c | {"source": c["source"].splitlines(True)} for c in d["cells"]]}
    ),
    "counts that are floats": lambda d: d | {"cells": [c | {"execution_count": 1.5} for c in d["cells"]]},
    "null outputs": lambda d: d | {"cells": [c | {"outputs": None} for c in d["cells"]]},
    "the same id for all": lambda d: d | {"cells": [c | {"id": "a"} for c in d["cells"]]},
    "ids that are none": lambda d: d | {"cells": [c | {"id": None} for c in d["cells"]]},
    "unknown fields": lambda d: d | {"x": 1, "cells": [c | {"y": [1]} for c in d["cells"]]},
    "line ends of Windows": lambda d: json.dumps(d, indent=1).replace("\n", "\r\n"),
    "space around": lambda d: f"\n\n {json.dumps(d)} \n",
}


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("change", ODD_BUT_FINE.values(), ids=ODD_BUT_FINE)
def test_what_jupyter_reads_is_read(change: Any) -> None:
    made = change(document(*copy.deepcopy(RELEASE)))
    raw = made if isinstance(made, bytes) else (made if isinstance(made, str) else json.dumps(made)).encode()
    notebook = read_submission(raw)
    assert [(cell.cell_type, cell.source) for cell in notebook.cells] == [
        (cell["cell_type"], cell["source"]) for cell in RELEASE
    ]
    try:
        theirs = as_jupyter_reads_it(raw)
    except Exception:  # JupyterLab reads some of it that nbformat's own reader does not
        return
    assert theirs == [(cell.cell_type, cell.source) for cell in notebook.cells]


def test_cells_of_no_known_kind_are_raw_ones() -> None:
    cells: Any = [
        {"cell_type": "heading", "source": "a"},
        {"source": "b"},
        {"cell_type": "code", "source": None},
    ]
    notebook = handed_in(*cells)
    assert [(cell.cell_type, cell.source) for cell in notebook.cells] == [
        ("raw", "a"),
        ("raw", "b"),
        ("code", ""),
    ]


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        [],
        {"kernelspec": None},
        {"kernelspec": {"name": "conda-env-ml-py", "language": "python"}},
        {"kernelspec": {"name": "python3", "display_name": "R"}},
        {"kernelspec": {"name": "my-env"}, "language_info": {"name": "ipython"}},
        {"kernelspec": {"name": "java-env", "display_name": "Python 3 (java-env)"}},
    ],
)
def test_any_python_kernel_and_none_is_fine(metadata: Any) -> None:
    notebook = read_submission(json.dumps(document(SETUP, metadata=metadata)).encode())
    assert notebook.metadata.kernelspec.name == "python3"


def test_only_what_is_needed_is_taken_from_a_file() -> None:
    cell = graded("code", "relu", ["a = 1\n", "b = '\ud800'"], evil=[1], points=float("nan"))  # type: ignore[arg-type]
    cell["outputs"] = [{"output_type": "display_data", "data": {"text/html": "<script>"}}]
    cell["metadata"] |= {"tags": ["skip-execution", 3, '"><script>'], "collapsed": {"deep": [[[]]]}}
    picture = plain("markdown", "![](attachment:a.png)")
    picture["attachments"] = {
        "a.png": {"image/png": "aGk=", "text/html": "<script>"},
        "b": {"image/png": '">'},
    }
    notebook = handed_in(cell, picture, plain("raw", "<script>"))
    code, markdown, raw = notebook.cells
    assert code.source == "a = 1\nb = '\ufffd'"
    assert code.outputs == []
    assert set(code.metadata) == {"tags", "nbgrader"}
    assert code.metadata.tags == ["skip-execution"]
    assert set(code.metadata.nbgrader) == {"grade_id", "grade", "locked", "solution", "points"}
    assert markdown.attachments == {"a.png": {"image/png": "aGk="}}
    assert raw.metadata.raw_mimetype == "text/plain"


def test_an_old_notebook_is_converted_with_a_notice(released: NotebookNode) -> None:
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [
            {
                "metadata": {},
                "cells": [
                    {
                        "cell_type": "code",
                        "input": "x = 1",
                        "metadata": SOLUTION["metadata"],
                        "outputs": [],
                        "language": "python",
                    }
                ],
            }
        ],
    }
    merged = merge(read_submission(json.dumps(old).encode()), released)
    assert "old-format" in [notice.code for notice in merged.notices]
    assert next(cell for cell in merged.notebook.cells if grade_id(cell) == "relu").source == "x = 1"


class TestMerge:
    def test_an_untouched_release_comes_through_as_it_is(self, released: NotebookNode) -> None:
        merged = merge(handed_in(*RELEASE), released)
        assert merged.notices == ()
        assert names(merged.notebook) == names(released)
        nbformat.validate(merged.notebook)

    def test_the_students_cells_stay_and_given_ones_are_restored(self, released: NotebookNode) -> None:
        edited = copy.deepcopy(RELEASE)
        edited[1]["source"] = "import numpy as np\nnp.allclose = lambda *a, **k: True"
        edited[2]["source"] = "def relu(z):\n    return z"
        edited[3]["source"] = "pass"
        merged = merge(handed_in(*edited[:3], plain("code", "mine = 1"), *edited[3:]), released)
        sources = [cell.source for cell in merged.notebook.cells]
        assert sources[1:5] == [SETUP["source"], "def relu(z):\n    return z", "mine = 1", TEST["source"]]
        (notice,) = merged.notices
        assert notice.code == "edited-cell"
        assert "setup, test-relu" in str(notice.text)

    def test_space_at_line_ends_is_no_edit(self, released: NotebookNode) -> None:
        spaced = copy.deepcopy(RELEASE)
        spaced[3]["source"] = "assert relu(1) == 1  \r\n"
        assert merge(handed_in(*spaced), released).notices == ()

    def test_missing_cells_come_back_in_their_places(self, released: NotebookNode) -> None:
        merged = merge(handed_in(plain("code", "a"), SOLUTION, plain("code", "b")), released)
        assert names(merged.notebook) == ["setup", "a", "relu", "test-relu", "explain", "b"]
        (notice,) = merged.notices
        assert notice.code == "missing-cell"
        assert "setup, test-relu, explain" in str(notice.text)

    def test_the_first_of_several_counts_and_the_others_stay_as_plain_cells(
        self, released: NotebookNode
    ) -> None:
        second = SOLUTION | {"source": "def relu(z):\n    return 0"}
        merged = merge(handed_in(*RELEASE, second, TEST), released)
        assert names(merged.notebook)[-2:] == ["def relu(z):\n    return 0", TEST["source"]]
        assert [notice.code for notice in merged.notices] == ["duplicate-cell"]
        ids = [cell.id for cell in merged.notebook.cells]
        assert len(set(ids)) == len(ids)

    def test_metadata_and_types_are_repaired(self, released: NotebookNode) -> None:
        changed = copy.deepcopy(RELEASE)
        changed[2] = graded("markdown", "relu", "def relu(z): ...", solution=True)
        changed[3]["metadata"]["nbgrader"] |= {"points": 200, "locked": False}
        merged = merge(handed_in(*changed), released)
        solution, test = merged.notebook.cells[2:4]
        assert (solution.cell_type, solution.source, solution.outputs) == ("code", "def relu(z): ...", [])
        assert points(test) == 2
        assert {notice.code for notice in merged.notices} == {"cell-type", "cell-metadata"}
        nbformat.validate(merged.notebook)

    def test_unknown_ids_become_plain_cells(self, released: NotebookNode) -> None:
        stranger = graded("code", "<b>bonus</b>\n" * 50, "1", grade=True, points=100, locked=True)
        merged = merge(handed_in(*RELEASE, stranger), released)
        assert grade_id(merged.notebook.cells[-1]) == ""
        (notice,) = merged.notices
        assert notice.code == "unknown-cell"
        assert "\n" not in str(notice.text)

    def test_another_weeks_notebook_is_said_to_be_one(self, released: NotebookNode) -> None:
        merged = merge(handed_in(plain("code", "1")), released)
        assert [notice.code for notice in merged.notices] == ["foreign-notebook", "missing-cell"]

    def test_neither_argument_is_changed(self, released: NotebookNode) -> None:
        submitted = handed_in(*RELEASE, SOLUTION)
        before = dump(submitted), dump(released)
        merged = merge(submitted, released).notebook
        for cell in merged.cells:
            cell.source += "!"
            cell.metadata.touched = True
        assert (dump(submitted), dump(released)) == before


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
PLACES = [
    "nbformat",
    "nbformat_minor",
    "worksheets",
    "metadata",
    "metadata.kernelspec",
    "metadata.kernelspec.language",
    "cells",
    "cells.2",
    "cells.2.cell_type",
    "cells.2.source",
    "cells.2.id",
    "cells.2.metadata",
    "cells.2.metadata.nbgrader",
    "cells.2.metadata.tags",
    "cells.3.metadata.nbgrader.grade_id",
    "cells.3.metadata.nbgrader.points",
    "cells.3.metadata.nbgrader.grade",
    "cells.3.outputs",
    "cells.4.attachments",
]
PATHS = [tuple(int(step) if step.isdigit() else step for step in place.split(".")) for place in PLACES]


def check_total(raw: bytes, released: NotebookNode) -> None:
    """Reading and merging either works or is an UnreadableNotebook, and the result is a valid notebook."""
    try:
        notebook = read_submission(raw)
    except UnreadableNotebook as error:
        assert "\n" not in str(error)
        return
    merged = merge(notebook, released)
    nbformat.validate(merged.notebook)
    assert {grade_id(cell) for cell in merged.notebook.cells if grade_id(cell)} == {
        "setup",
        "relu",
        "test-relu",
        "explain",
    }
    dump(merged.notebook)


@settings(max_examples=200, deadline=None)
@given(changes=st.lists(st.tuples(st.sampled_from(PATHS), JSON), min_size=1, max_size=3))
def test_no_json_whatsoever_does_more_than_be_unreadable(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    release: NotebookNode = nbformat.from_dict(document(*copy.deepcopy(RELEASE)))
    mutated: Any = copy.deepcopy(document(*RELEASE))
    for path, value in changes:
        with contextlib.suppress(TypeError, KeyError, IndexError):  # an earlier change took the place away
            target = mutated
            for step in path[:-1]:
                target = target[step]
            target[path[-1]] = value
    check_total(json.dumps(mutated).encode(), release)


@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=50), at=st.integers(0, 10_000))
def test_no_bytes_whatsoever_do_either(raw: bytes, at: int) -> None:
    release: NotebookNode = nbformat.from_dict(document(*copy.deepcopy(RELEASE)))
    whole = json.dumps(document(*RELEASE)).encode()
    check_total(whole[: at % len(whole)] + raw + whole[at % len(whole) :], release)
    check_total(raw, release)


# Cells that are missing, or have lost their id

HALF = graded("code", "half", "def half(z):\n    raise NotImplementedError", solution=True)
TEST_HALF = graded("code", "test-half", "assert half(2) == 1", grade=True, locked=True, points=2)
WHY = graded("markdown", "why", "YOUR ANSWER HERE", grade=True, solution=True, points=3)
MEASURE = "# measure something\nraise NotImplementedError"
CODE = graded("code", "measure", MEASURE, grade=True, solution=True, points=2)
WIDE = [
    plain("markdown", "# Title"),
    SETUP,
    plain("markdown", "## Relu"),
    SOLUTION,
    TEST,
    plain("markdown", "## Half"),
    HALF,
    TEST_HALF,
    plain("markdown", "## Explain relu"),
    QUESTION,
    plain("markdown", "## Why half?"),
    WHY,
    plain("markdown", "## Measure"),
    CODE,
]
RELU, HALVED = "def relu(z):\n    return max(z, 0)", "def half(z):\n    return z / 2"
ANSWERS = {"relu": RELU, "half": HALVED, "explain": "Because.", "why": "Why not?", "measure": "print(1)"}


def bare(cell: dict[str, Any]) -> dict[str, Any]:
    """The cell as a program leaves it that knows nothing of nbgrader."""
    return plain(cell["cell_type"], cell["source"])


def answered(*, without: str = "", **changed: dict[str, Any]) -> list[dict[str, Any]]:
    """The wide release with everything answered, one cell left out or changed."""
    made = []
    for cell in copy.deepcopy(WIDE):
        name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        if name and name == without:
            continue
        if name in ANSWERS:
            cell["source"] = ANSWERS[name]
        made.append(changed.get(name.replace("-", "_"), cell))
    return made


def merged_wide(*cells: dict[str, Any]) -> tuple[NotebookNode, dict[str, str]]:
    """The merged notebook, and the notices by their codes; what must hold of any merge is looked at."""
    release: NotebookNode = nbformat.from_dict(document(*copy.deepcopy(WIDE)))
    for cell in release.cells:
        if grade_id(cell):
            cell.metadata.nbgrader.checksum = compute_checksum(cell)
    merged = merge(handed_in(*cells), release)
    nbformat.validate(merged.notebook)
    found = {grade_id(cell): cell.source for cell in merged.notebook.cells if grade_id(cell)}
    assert sorted(grade_id(cell) for cell in merged.notebook.cells if grade_id(cell)) == sorted(found)
    for cell in release.cells:
        if grade_id(cell):
            assert grade_id(cell) in found
            assert not is_locked(cell) or found[grade_id(cell)] == cell.source
    return merged.notebook, {notice.code: str(notice.text) for notice in merged.notices}


def source_of(notebook: NotebookNode, name: str) -> str:
    return str(next(cell.source for cell in notebook.cells if grade_id(cell) == name))


def namespace(notebook: NotebookNode) -> dict[str, Any]:
    """What the notebook's own code leaves behind when it runs from top to bottom."""
    names: dict[str, Any] = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and not is_locked(cell):
            with contextlib.suppress(Exception):
                exec(cell.source, names)
    return names


class TestLostCells:
    @pytest.mark.parametrize("at", ["top", "bottom", "above", "below"])
    def test_a_function_in_a_cell_of_its_own_counts(self, at: str) -> None:
        cells = answered(without="half")
        place = {"top": 0, "bottom": len(cells), "above": 3, "below": 7}[at]
        notebook, notices = merged_wide(*cells[:place], plain("code", HALVED), *cells[place:])
        assert source_of(notebook, "half") == HALVED
        assert [cell.source for cell in notebook.cells].count(HALVED) == 1
        assert namespace(notebook)["half"](4) == 2
        assert set(notices) == {"found-cell"}
        assert f"half ({names(notebook).index('half') + 1})" in notices["found-cell"]

    @pytest.mark.parametrize("name", ["cell-half", "relu"])
    def test_another_grade_id_makes_no_difference(self, name: str) -> None:
        # A copied task cell keeps the id of the one that it was copied from.
        cells = answered(half=graded("code", name, HALVED, solution=True))
        notebook, notices = merged_wide(*cells)
        assert source_of(notebook, "half") == HALVED
        assert source_of(notebook, "relu") == RELU
        assert set(notices) == {"found-cell"}

    def test_two_tasks_in_one_cell(self) -> None:
        both = graded("code", "relu", f"{RELU}\n\n\n{HALVED}", solution=True)
        notebook, notices = merged_wide(*answered(without="half", relu=both))
        assert namespace(notebook)["half"](4) == 2
        assert "NotImplementedError" not in source_of(notebook, "half")
        assert "4" in source_of(notebook, "half")  # it says where to look
        assert set(notices) == {"found-elsewhere"}
        assert "half (4)" in notices["found-elsewhere"]
        # It stands below its heading, where the task's cell was.
        at = names(notebook).index("half")
        assert names(notebook)[at - 1 : at + 2] == ["## Half", "half", "test-half"]

    def test_all_tasks_in_one_cell_at_the_top(self) -> None:
        cells = [cell for cell in answered(without="half") if cell["source"] != RELU]
        notebook, notices = merged_wide(plain("code", f"{RELU}\n\n{HALVED}"), *cells)
        assert names(notebook)[0] == "relu"
        assert namespace(notebook)["half"](4) == 2
        assert namespace(notebook)["relu"](-4) == 0
        assert set(notices) == {"found-cell", "found-elsewhere"}

    def test_a_task_merged_into_a_given_cell(self) -> None:
        # Merging keeps the upper cell's metadata, and the release's source comes back there.
        test = copy.deepcopy(TEST) | {"source": f"{TEST['source']}\n\n{HALVED}"}
        notebook, notices = merged_wide(*answered(without="half", test_relu=test))
        assert HALVED in source_of(notebook, "half")
        assert namespace(notebook)["half"](4) == 2
        assert set(notices) == {"edited-cell", "found-cell"}

    def test_a_given_cell_that_was_edited_is_kept_nowhere(self) -> None:
        test = copy.deepcopy(TEST) | {"source": "def relu(z):\n    return 100"}
        notebook, notices = merged_wide(*answered(test_relu=test))
        assert "return 100" not in "".join(cell.source for cell in notebook.cells)
        assert set(notices) == {"edited-cell"}

    def test_a_cell_split_in_two(self) -> None:
        first, second = "import math", "def half(z):\n    return z / 2"
        halves = [graded("code", "half", part, solution=True) for part in (first, second)]
        cells = answered(half=halves[0])
        notebook, notices = merged_wide(*cells[:7], halves[1], *cells[7:])
        assert namespace(notebook)["half"](4) == 2
        assert set(notices) == {"duplicate-cell"}

    @pytest.mark.parametrize(
        "source",
        [
            "half = lambda z: z / 2",
            "half: object = lambda z: z / 2",
            "if True:\n    def half(z):\n        return z / 2",
            "try:\n    pass\nfinally:\n    half = lambda z: z / 2",
            "globals()['half'] = lambda z: z / 2",
            "exec('def half(z): return z / 2')",
            "other, half = 1, lambda z: z / 2",
            "from operator import truediv\nimport functools\nhalf = \\\n    lambda z: truediv(z, 2)",
        ],
    )
    @pytest.mark.parametrize("place", [0, -1])
    def test_however_it_is_defined_nothing_overrides_it(self, source: str, place: int) -> None:
        cells = answered(without="half")
        cells.insert(place % (len(cells) + 1), plain("code", source))
        notebook, _ = merged_wide(*cells)
        assert namespace(notebook)["half"](4) == 2

    @pytest.mark.parametrize(
        "decoy",
        [
            "if False:\n    def half(z):\n        return z / 2",
            "'''\ndef half(z):\n    return z / 2\n'''",
            "%%writefile half.py\ndef half(z):\n    return z / 2",
            "# def half(z): return z / 2",
            "class A:\n    def half(self):\n        return 1",
        ],
    )
    def test_what_does_not_define_it_earns_nothing(self, decoy: str) -> None:
        cells = answered(without="half")
        notebook, notices = merged_wide(*cells[:3], plain("code", decoy), *cells[3:])
        half = namespace(notebook).get("half")
        if half is not None:
            with pytest.raises(NotImplementedError):
                half(4)
        assert {"found-cell", "found-elsewhere", "missing-cell"} & set(notices)

    def test_a_task_that_nobody_defines_comes_back_as_released(self) -> None:
        notebook, notices = merged_wide(*answered(without="half"))
        assert source_of(notebook, "half") == HALF["source"]
        assert names(notebook) == names(nbformat.from_dict(document(*copy.deepcopy(WIDE))))
        assert set(notices) == {"missing-cell"}

    def test_the_last_definition_gets_the_id(self) -> None:
        cells = answered(without="half")
        drafts = [plain("code", "def half(z):\n    return 0"), plain("code", HALVED), bare(HALF)]
        notebook, _ = merged_wide(*cells[:3], drafts[2], *drafts[:2], *cells[3:])
        assert source_of(notebook, "half") == HALVED
        assert namespace(notebook)["half"](4) == 2

    def test_a_notebook_without_any_metadata(self) -> None:
        notebook, notices = merged_wide(*map(bare, answered()))
        assert names(notebook) == names(nbformat.from_dict(document(*copy.deepcopy(WIDE))))
        assert {name: source_of(notebook, name) for name in ANSWERS} == ANSWERS
        assert set(notices) == {"found-cell"}

    def test_what_editors_do_to_blank_lines_hides_no_given_cell(self) -> None:
        cells = [bare(cell) for cell in answered()]
        cells[1]["source"] = "\n" + cells[1]["source"] + " \r\n\r\n"
        notebook, notices = merged_wide(*cells)
        assert len(notebook.cells) == len(WIDE)
        assert set(notices) == {"found-cell"}

    def test_an_edited_copy_of_a_given_cell_stays_beside_it(self) -> None:
        cells = [bare(cell) for cell in answered()]
        cells[4]["source"] = "assert True"
        notebook, notices = merged_wide(*cells)
        assert "assert True" in names(notebook)
        assert "test-relu" in notices["missing-cell"]

    @pytest.mark.parametrize("lost", ["explain", "why"])
    def test_a_written_answer_is_recognised_by_its_place(self, lost: str) -> None:
        cells = answered(**{lost: plain("markdown", ANSWERS[lost])})
        notebook, notices = merged_wide(*cells)
        assert source_of(notebook, lost) == ANSWERS[lost]
        assert is_answered(next(cell for cell in notebook.cells if grade_id(cell) == lost))
        assert set(notices) == {"found-cell"}

    def test_an_answer_merged_into_its_question(self) -> None:
        cells = [cell for cell in answered(without="why") if cell["source"] != "## Why half?"]
        both = plain("markdown", "## Why half?\n\nWhy not?")
        notebook, notices = merged_wide(*cells[:-2], both, *cells[-2:])
        assert source_of(notebook, "why") == "## Why half?\n\nWhy not?"
        assert set(notices) == {"found-cell"}

    def test_of_an_answer_that_is_there_twice_the_written_one_counts(self) -> None:
        cells = answered(why=copy.deepcopy(WHY))
        notebook, notices = merged_wide(*cells, copy.deepcopy(WHY) | {"source": "Why not?"})
        assert source_of(notebook, "why") == "Why not?"
        assert set(notices) == {"duplicate-cell"}

    def test_an_answer_that_may_stand_elsewhere_is_left_to_a_person(self) -> None:
        notebook, notices = merged_wide(plain("markdown", "Why not?"), *answered(without="why"))
        cell = next(cell for cell in notebook.cells if grade_id(cell) == "why")
        assert is_answered(cell)
        assert "1" in cell.source
        assert "why (1)" in notices["lost-answer"]

    def test_an_answer_that_nobody_wrote_is_as_released(self) -> None:
        notebook, notices = merged_wide(*answered(without="why"))
        assert source_of(notebook, "why") == WHY["source"]
        assert not is_answered(next(cell for cell in notebook.cells if grade_id(cell) == "why"))
        assert set(notices) == {"missing-cell"}

    def test_free_code_is_recognised_by_its_place(self) -> None:
        notebook, notices = merged_wide(*answered(measure=plain("code", "print(1)")))
        assert source_of(notebook, "measure") == "print(1)"
        assert set(notices) == {"found-cell"}

    def test_an_unanswered_cell_without_metadata_stays_unanswered(self) -> None:
        notebook, notices = merged_wide(*map(bare, WIDE))
        assert not any(is_answered(cell) for cell in notebook.cells if is_manual(cell))
        assert set(notices) == {"found-cell"}

    def test_merging_again_changes_nothing(self) -> None:
        notebook, _ = merged_wide(plain("code", HALVED), *map(bare, answered(without="half")))
        again, notices = merged_wide(*(json.loads(json.dumps(cell)) for cell in notebook.cells))
        assert [cell.source for cell in again.cells] == [cell.source for cell in notebook.cells]
        assert notices == {}


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("def f(\n    a,\n):\n    b = 1\n    def g(): ...", {"f"}),
        ("@decorated(\n    1)\nasync def f(): ...\nclass C:\n    x = 1", {"f", "C"}),
        ("x = y = 1\na, (b, *c) = z\nn: int = 3\nx += 1\nx == 2\nd['k'] = 1\no.a = 1", set("xyabcn")),
        ("for i in range(3):\n    j = i\nwith open('f') as f:\n    k = 1", set("ijk")),
        ("import numpy as np, os.path\nfrom m import (\n    f,\n    g as h,\n)", {"np", "os", "f", "h"}),
        ("'''\ndef f(): ...\n'''\n\"def g(): ...\"  # def h(): ...", set()),
        ("f(\n    x=1,\n    y=2)\nz = 1", {"z"}),
        ("print((1)\ndef f(): ...\n'open\ndef g(): ...", {"f", "g"}),
        ("%%time\ndef f(): ...", {"f"}),
        ("%%bash\ndef f(): ...", set()),
        ("!pip install x\ndef f(): ...", {"f"}),
        ("'''\ndef f(): ...", set()),
        ("", set()),
    ],
)
def test_names_that_a_text_defines(source: str, wanted: set[str]) -> None:
    assert defined_names(source) >= wanted
    assert defined_names(source) - wanted <= {"if", "else"}


def test_names_of_a_stub() -> None:
    stub = (
        "import numpy as np\nLIMIT: int = 3\nKERNELS = {}\na, b = 1, 2\n\ndef f():\n    c = 1\n\nclass C: ..."
    )
    assert stub_names(stub) == {"LIMIT", "KERNELS", "a", "b", "f", "C"}
    assert stub_names("%matplotlib inline\ndef f(): ...") == {"f"}


@pytest.mark.parametrize(
    "piece", ["'", '"""', "a=", "(", "a (\n", "from ", "#\n", "'\\\n", "\\", " ", "\n", "for "]
)
def test_a_text_of_any_kind_is_read_in_a_time_that_grows_with_it(piece: str) -> None:
    text = piece * (400_000 // len(piece))
    started = time.process_time()
    defined_names(text)
    assert time.process_time() - started < 5  # some 0.3 s; what grows with the square takes minutes


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_mixing_of_cells_loses_a_function(data: st.DataObject) -> None:
    """Cells moved, doubled, joined and stripped: the notebook leaves behind what it left in Jupyter."""
    cells = answered()
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, len(cells) - 1))
        cell = cells[index]
        action = data.draw(st.sampled_from(["strip", "move", "double", "join", "rename"]))
        if action == "strip":
            cells[index] = bare(cell)
        elif action == "move":
            cells.insert(data.draw(st.integers(0, len(cells) - 1)), cells.pop(index))
        elif action == "double":
            cells.insert(index, copy.deepcopy(cell))
        elif action == "rename":
            cells[index] = graded(cell["cell_type"], "another", cell["source"], solution=True)
        elif action == "join" and index + 1 < len(cells):
            below = cells[index + 1]
            if below["cell_type"] == cell["cell_type"]:
                cells[index : index + 2] = [cell | {"source": f"{cell['source']}\n{below['source']}"}]
    notebook, _ = merged_wide(*cells)
    left = namespace(notebook)
    assert left["half"](4) == 2
    assert left["relu"](-1) == 0
