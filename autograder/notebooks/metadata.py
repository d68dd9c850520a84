"""What nbgrader's metadata and the kit's tags say of a cell."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.patterns import Pattern

PICTURE_TAG = "picture"
"""Of given cells on which nothing depends; the course declares it, and `verify` proves it."""
TAG = Pattern(r"[\pL\pM\pN_.-]{1,64}")
FLAGS = ("grade", "locked", "solution", "task", "points")


def node(data: Mapping[str, Any]) -> NotebookNode:
    """The data as nbformat's dictionaries, copied all the way down."""
    made: NotebookNode = nbformat.from_dict(dict(data))  # type: ignore[no-untyped-call]
    return made


# nbgrader's metadata


def nbgrader_metadata(cell: NotebookNode) -> Mapping[str, Any]:
    """The cell's nbgrader metadata; empty for a plain cell."""
    found = cell.get("metadata", {}).get("nbgrader")
    return found if isinstance(found, Mapping) else {}


def grade_id(cell: NotebookNode) -> str:
    """nbgrader's id of the cell; empty for a plain cell."""
    found = nbgrader_metadata(cell).get("grade_id")
    return found if isinstance(found, str) else ""


def is_solution(cell: NotebookNode) -> bool:
    """Whether the student writes in this cell."""
    return bool(nbgrader_metadata(cell).get("solution"))


def is_graded(cell: NotebookNode) -> bool:
    """Whether nbgrader calls this a grade cell, whoever decides its points."""
    return bool(nbgrader_metadata(cell).get("grade"))


def is_test(cell: NotebookNode) -> bool:
    """Whether this cell stands for points that tests decide."""
    return is_graded(cell) and not is_solution(cell) and not is_task(cell) and cell.cell_type == "code"


def is_task(cell: NotebookNode) -> bool:
    """Whether this cell describes a task that is done elsewhere in the notebook, or outside of it."""
    return bool(nbgrader_metadata(cell).get("task"))


def is_manual(cell: NotebookNode) -> bool:
    """Whether a person grades this cell: a written answer, free code, or a task."""
    return is_task(cell) or (is_graded(cell) and not is_test(cell))


def is_locked(cell: NotebookNode) -> bool:
    """Whether the release's source counts, whatever the student made of it."""
    return not is_solution(cell) and (is_graded(cell) or bool(nbgrader_metadata(cell).get("locked")))


def is_picture(cell: NotebookNode) -> bool:
    """Whether this cell of the release only shows something: grading does not run it."""
    return PICTURE_TAG in tags(cell) and bool(grade_id(cell)) and not is_solution(cell) and not is_test(cell)


def points(cell: NotebookNode) -> float:
    """What the cell is worth, 0 for one without points."""
    return float(nbgrader_metadata(cell).get("points") or 0)


def is_answered(cell: NotebookNode) -> bool:
    """Whether a cell differs from the release."""
    return bool(nbgrader_metadata(cell).get("checksum") != checksum(cell))


def is_left_out(cell: NotebookNode) -> bool:
    """Whether a manually graded cell was left as it was, and so earns 0 (nbgrader's rule).

    A task's own cell is never changed: what was done for it a person has to look for.
    """
    return is_manual(cell) and is_solution(cell) and not is_answered(cell)


def checksum(cell: NotebookNode) -> str:
    """nbgrader's checksum of a cell with a grade id (``nbgrader.utils.compute_checksum``)."""
    graded = bool(nbgrader_metadata(cell).get("grade"))
    parts = [cell.source, cell.cell_type, str(graded), str(is_solution(cell)), str(is_locked(cell))]
    parts.append(grade_id(cell))
    if graded:
        parts.append(str(points(cell)))
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()


def tags(cell: NotebookNode) -> tuple[str, ...]:
    """The cell's tags."""
    found = cell.get("metadata", {}).get("tags")
    return tuple(tag for tag in found if isinstance(tag, str)) if isinstance(found, list) else ()
