"""A sample class from short scripts: what each student changed, instead of whole notebooks.

A student's script is a sequence of cells, each under a marker that says where it goes in the release::

    # %% replace=conv2d
    def conv2d(image, kernel, stride=1, padding=0):
        ...

    # %% after=conv2d
    print("my own try")

    # %% drop=test-conv2d

    # %% duplicate=test-conv2d

``replace`` gives the cell with that grade id a new source; ``name=value`` after it changes nbgrader's
metadata (``# %% replace=test-conv2d points=50``). ``after`` adds a plain code cell below it, ``drop``
deletes it, ``duplicate`` adds a second cell with the same grade id, with another source if one follows.
For a markdown cell, the source's lines may stand behind ``#``. What comes before the first marker is
a remark about the student. A script need not be valid Python: students' cells are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.notebooks.metadata import grade_id, node
from autograder.notebooks.scripts import dump

_MARKER = re.compile(r"^# %%[ \t]+(replace|after|drop|duplicate)=([\w.-]+)((?:[ \t]+\w+=\S+)*)[ \t]*$", re.M)
_ANY_MARKER = re.compile(r"^# %%.*$", re.M)


@dataclass(frozen=True)
class Change:
    """One cell of a student's script.

    Attributes:
        action: ``replace``, ``after``, ``drop`` or ``duplicate``.
        grade_id: of the released cell that it is about.
        metadata: of nbgrader, to be changed.
        source: the cell's text, empty if none follows the marker.
    """

    action: str
    grade_id: str
    metadata: dict[str, bool | float]
    source: str


def build(script: str, released: NotebookNode) -> NotebookNode:
    """The notebook that a student hands in.

    Args:
        script: the student's changes, in the format that this module describes.
        released: the notebook as students got it; not changed.

    Returns:
        a new notebook, the same for the same arguments.

    Raises:
        ValueError: a marker is misspelt, or names a cell that the release does not have.
    """
    notebook = node(released)
    for number, change in enumerate(_changes(script), start=1):
        place = _place(notebook.cells, change)
        cell = notebook.cells[place]
        if change.action == "replace":
            cell["source"] = _source(change, cell)
            cell.metadata.nbgrader.update(change.metadata)
        elif change.action == "drop":
            del notebook.cells[place]
        elif change.action == "duplicate":
            copied = node(cell)
            copied["id"] = f"copy-{number}"
            if change.source:
                copied["source"] = _source(change, cell)
            copied.metadata.nbgrader.update(change.metadata)
            notebook.cells.insert(place + 1, copied)
        else:
            added: NotebookNode = nbformat.v4.new_code_cell(change.source, id=f"own-{number}")  # type: ignore[no-untyped-call]
            notebook.cells.insert(_below(notebook.cells, place), added)
    return notebook


def build_class(folder: Path, released: NotebookNode, target: Path, notebook_name: str) -> list[str]:
    """Write what a whole class hands in.

    Args:
        folder: one file a student, named after the student: a script (``.py``), or a file that is
            handed in byte for byte (``.ipynb``), whatever it holds.
        released: the notebook as students got it.
        target: nbgrader's folder of submissions; ``<student>/<notebook_name>/<notebook_name>.ipynb``
            is written in it.
        notebook_name: of the assignment and of its notebook.

    Returns:
        the students, in alphabetical order.

    Raises:
        ValueError: a script is wrong; the message names its file.
    """
    files = sorted(file for file in folder.iterdir() if file.suffix in (".py", ".ipynb"))
    for file in files:
        if file.suffix == ".ipynb":
            content = file.read_bytes()
        else:
            try:
                content = dump(build(file.read_text(encoding="utf-8"), released))
            except ValueError as error:
                raise ValueError(f"{file}: {error}") from error
        submission = target / file.stem / notebook_name
        submission.mkdir(parents=True, exist_ok=True)
        (submission / f"{notebook_name}.ipynb").write_bytes(content)
    return [file.stem for file in files]


def _changes(script: str) -> Iterator[Change]:
    markers = list(_MARKER.finditer(script))
    understood = {marker.start() for marker in markers}
    for line in _ANY_MARKER.finditer(script):
        if line.start() not in understood:
            raise ValueError(f"not a marker of this format: {line.group()!r}")
    for marker, following in zip(markers, [*markers[1:], None], strict=False):
        end = following.start() if following else len(script)
        action, name, settings = marker.groups()
        metadata = {key: _value(text) for key, text in (item.split("=") for item in settings.split())}
        yield Change(action, name, metadata, script[marker.end() : end].strip("\n"))


def _value(text: str) -> bool | float:
    return {"true": True, "false": False}[text] if text in ("true", "false") else float(text)


def _place(cells: list[NotebookNode], change: Change) -> int:
    """Index of the first cell with the grade id."""
    for index, cell in enumerate(cells):
        if grade_id(cell) == change.grade_id:
            return index
    raise ValueError(f"{change.action}={change.grade_id}: there is no such cell")


def _below(cells: list[NotebookNode], place: int) -> int:
    """Where a cell goes that is added after ``place``: below those added before it."""
    place += 1
    while place < len(cells) and str(cells[place].get("id", "")).startswith("own-"):
        place += 1
    return place


def _source(change: Change, cell: NotebookNode) -> str:
    if cell.cell_type == "code":
        return change.source
    return "\n".join(re.sub(r"^# ?", "", line) for line in change.source.split("\n"))
