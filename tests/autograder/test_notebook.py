"""Reading what students hand in, and putting student and release together."""

from __future__ import annotations

import contextlib
import copy
import json
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat import NotebookNode
from nbgrader.utils import compute_checksum

from autograder.notebook import (
    UnreadableNotebook,
    checksum,
    dump,
    grade_id,
    is_answered,
    is_locked,
    is_manual,
    is_solution,
    is_test,
    merge,
    points,
    read_script,
    read_submission,
    write_script,
)


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
        again = read_script(write_script(notebook))
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
        (b"3", "no notebook"),
        (b"{}", "no notebook"),
        (b'{"nbformat": true, "cells": []}', "no notebook"),
        (b'{"nbformat": 4}', "no cells"),
        (b'{"nbformat": 4, "cells": {}}', "no cells"),
        (b'{"nbformat": 5, "cells": []}', "newer"),
        (b'{"nbformat": 3, "worksheets": 3}', "old format"),
        (b'{"nbformat": -1}', "old format"),
        (b'{"nbformat": 4, "cells": [3]}', "cell 1"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": {}}]}', "cell 1"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": ["a", 3]}]}', "cell 1"),
        (b'{"nbformat": 4, "cells": [{"cell_type": ["code"], "source": ""}]}', "cell 1"),
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


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        [],
        {"kernelspec": None},
        {"kernelspec": {"name": "conda-env-ml-py", "language": "python"}},
        {"kernelspec": {"name": "python3", "display_name": "R"}},
        {"kernelspec": {"name": "my-env"}, "language_info": {"name": "ipython"}},
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
        assert "setup, test-relu" in notice.text

    def test_space_at_line_ends_is_no_edit(self, released: NotebookNode) -> None:
        spaced = copy.deepcopy(RELEASE)
        spaced[3]["source"] = "assert relu(1) == 1  \r\n"
        assert merge(handed_in(*spaced), released).notices == ()

    def test_missing_cells_come_back_in_their_places(self, released: NotebookNode) -> None:
        merged = merge(handed_in(plain("code", "a"), SOLUTION, plain("code", "b")), released)
        assert names(merged.notebook) == ["setup", "a", "relu", "test-relu", "explain", "b"]
        (notice,) = merged.notices
        assert notice.code == "missing-cell"
        assert "setup, test-relu, explain" in notice.text

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
        assert "\n" not in notice.text

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
