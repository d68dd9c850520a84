"""The part of a notebook that a record keeps, and the notebook from a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nbformat import NotebookNode

from autograder.examination import RecordedCell
from autograder.notebooks.merging import merge, restored
from autograder.notebooks.metadata import grade_id, is_locked, node, tags
from autograder.notebooks.reading import python_notebook


def record_cells(merged: NotebookNode) -> tuple[RecordedCell, ...]:
    """What a record keeps of a merged notebook: what is the student's."""
    return tuple(
        RecordedCell(
            cell_type=cell.cell_type,
            id=cell.id,
            grade_id=grade_id(cell),
            source="" if is_locked(cell) else cell.source,
            attachments={} if is_locked(cell) else cell.get("attachments", {}),
            tags=() if grade_id(cell) else tags(cell),
        )
        for cell in merged.cells
    )


def recorded_notebook(cells: Sequence[RecordedCell], released: NotebookNode) -> NotebookNode:
    """The merged notebook again, from what a record keeps of it; without anything, the untouched release."""
    given = {grade_id(cell): cell for cell in released.cells if grade_id(cell)}
    if not cells:
        return merge(node({"metadata": {}, "cells": []}), released).notebook
    return python_notebook([_recorded(cell, given) for cell in cells])


def _recorded(cell: RecordedCell, given: Mapping[str, NotebookNode]) -> NotebookNode:
    made = node({"cell_type": cell.cell_type, "metadata": {}, "source": cell.source})
    if cell.attachments:
        made.attachments = node(cell.attachments)
    if cell.grade_id in given:
        made = restored(made, given[cell.grade_id])
    elif cell.cell_type == "code":
        made.outputs, made.execution_count = [], None
    elif cell.cell_type == "raw":
        made.metadata.raw_mimetype = "text/plain"
    if cell.tags:
        made.metadata.tags = list(cell.tags)
    made["id"] = cell.id
    return made
