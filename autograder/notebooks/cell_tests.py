"""Test cells as nbgrader runs them: with the hidden tests that a release takes out of them.

A week whose hidden tests stay in its cells is graded as nbgrader does it. While such a cell runs, a
submission can read it: what that promises and what not is in ``docs/moving-in.md``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from nbformat import NotebookNode

from autograder.examination import CellOutcome
from autograder.files import write_atomically
from autograder.notebooks.metadata import grade_id, is_test, node


def keep_cell_tests(path: Path, sources: Mapping[str, str]) -> None:
    """Write the sources of a notebook's test cells, by grade id; for the grader alone."""
    write_atomically(path, json.dumps(dict(sources), ensure_ascii=False).encode(), mode=0o600)


def read_cell_tests(path: Path) -> dict[str, str]:
    """The sources of a notebook's test cells, by grade id; none if there is no such file."""
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def with_cell_tests(notebook: NotebookNode, sources: Mapping[str, str]) -> NotebookNode:
    """The notebook with its test cells as nbgrader runs them; itself if there are no sources."""
    if not sources:
        return notebook
    made = node(notebook)
    for cell in made.cells:
        if is_test(cell) and grade_id(cell) in sources:
            cell["source"] = sources[grade_id(cell)]
    return made


def without_their_lines(outcomes: Iterable[CellOutcome], sources: Mapping[str, str]) -> list[CellOutcome]:
    """The outcomes, where an error of such a test cell is told without the lines around it."""
    return [
        outcome.model_copy(update={"outputs": tuple(_told(output) for output in outcome.outputs)})
        if outcome.grade_id in sources
        else outcome
        for outcome in outcomes
    ]


def _told(output: dict[str, object]) -> dict[str, object]:
    if output.get("output_type") != "error":
        return output
    said = f"{output.get('ename')}: {output.get('evalue')}".rstrip(": ")
    return {**output, "traceback": [said]}
