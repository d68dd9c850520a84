"""The warm shell takes short cuts; what comes out is what IPython makes of a cell."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from IPython.core.inputtransformer2 import TransformerManager

PLAIN = [
    "x = 7 % 2\nassert x != 2",
    "text = 'what? %s' % 3",
    "'''\n%not a magic\n!nor this\n'''",
    "f = lambda a: (a\n  % 3)",
    "# is this\n# % plain?\nx = 1",
    "value = {'a': 1,\n 'b': 2\n}",
    "  x = 1\n  y = 2",
    "a = b = !ls",
    ">>> x = 1\n>>> y = 2",
    "\n\nx = 1",
]
MAGIC = [
    "%time x = 1",
    "  %time x = 1",
    "if True:\n    !true",
    "a = %pwd",
    "a = \\\n  %pwd",
    "files =!ls",
    "print?",
    "?print",
    "print??",
    ",print a b",
    ";print a b",
    "/print 1, 2",
    "%%timeit\nx = 1",
    "!!ls",
    "x = 1\n\n%matplotlib inline\nimport numpy",
]
RUN = """
import json, sys
from autograder.candidate.cells import Recorder
recorder = Recorder()
manager = recorder.shell.input_transformer_manager
sources = json.load(sys.stdin)
transformed = [manager.transform_cell(source) for source in sources["transform"]]
outputs = [recorder.run(source, room=1 << 20)["outputs"] for source in sources["run"]]
recorder.shell.reset()
print(json.dumps([transformed, outputs]), file=sys.__stdout__)
"""
FAILING = [
    "def halve(x):\n    return x / 0\n",
    "values = [1, 2]\nhalve(values[1])",
    "raise NotImplementedError",
    "import json\njson.loads('{')",
    "import inspect\ninspect.getsource(halve)",
    "import asyncio\nawait asyncio.sleep(0)\n'awaited'",
    "x = (",
    "if True:\n        x = 1\n    y = 2",
    "try:\n    halve(1)\nexcept ZeroDivisionError as error:\n    raise ValueError('no') from error",
]


@pytest.fixture(scope="module")
def shell() -> list[Any]:
    """What a process of its own makes of the cells, as every candidate has one."""
    given = json.dumps({"transform": PLAIN + MAGIC, "run": FAILING})
    done = subprocess.run(
        [sys.executable, "-c", RUN], input=given, capture_output=True, text=True, timeout=120, check=True
    )
    answer: list[Any] = json.loads(done.stdout)
    return answer


def test_cells_are_transformed_as_ever(shell: list[Any]) -> None:
    transformed, _ = shell
    manager = TransformerManager()  # type: ignore[no-untyped-call]
    for source, found in zip(PLAIN + MAGIC, transformed, strict=True):
        assert found == manager.transform_cell(source), source


def test_some_of_them_have_magic_in_them() -> None:
    manager = TransformerManager()  # type: ignore[no-untyped-call]
    assert all("get_ipython" in manager.transform_cell(s) or "print" in s for s in MAGIC)


def test_tracebacks_show_the_lines_of_cells(shell: list[Any]) -> None:
    _, outputs = shell
    assert not outputs[0]
    assert "return x / 0" in outputs[4][0]["data"]["text/plain"]
    assert outputs[5][0]["data"]["text/plain"] == "'awaited'"
    assert [output[-1].get("ename") for output in outputs[1:]] == [
        *("ZeroDivisionError", "NotImplementedError", "JSONDecodeError", None, None),
        *("SyntaxError", "IndentationError", "ValueError"),
    ]
    division = "\n".join(outputs[1][0]["traceback"])
    assert "----> 2 halve(values[1])" in division
    assert "return x / 0" in division
    assert "Cell" in division or "<ipython-input" in division
    chained = "\n".join(outputs[-1][-1]["traceback"])
    assert "direct cause" in chained
    assert "return x / 0" in chained
