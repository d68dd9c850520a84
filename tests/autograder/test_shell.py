"""What comes out of the warm shell is what IPython makes of a cell."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

RUN = """
import json, sys
from autograder.candidate.cells import Recorder
recorder = Recorder()
sources = json.load(sys.stdin)
outputs = [recorder.run(source, room=1 << 20)["outputs"] for source in sources["run"]]
recorder.shell.reset()
print(json.dumps(outputs), file=sys.__stdout__)
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
    given = json.dumps({"run": FAILING})
    done = subprocess.run(
        [sys.executable, "-c", RUN], input=given, capture_output=True, text=True, timeout=120, check=True
    )
    answer: list[Any] = json.loads(done.stdout)
    return answer


def test_tracebacks_show_the_lines_of_cells(shell: list[Any]) -> None:
    outputs = shell
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
