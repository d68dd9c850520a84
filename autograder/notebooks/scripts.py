"""Solutions are percent scripts: how they become notebooks, and how notebooks are written to disk."""

from __future__ import annotations

import hashlib
import json

import nbformat
from nbformat import NotebookNode

from autograder.notebooks.metadata import grade_id, node
from autograder.patterns import Pattern

FORMAT = (4, 5)

CELL_ID = Pattern(r"[A-Za-z0-9_-]{1,64}")

PYTHON = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


# Percent scripts


def read_script(text: str) -> NotebookNode:
    """A solution in jupytext's percent format as a notebook whose cell ids depend on its text alone."""
    import jupytext  # takes a while to import, and grading a class does not need it

    notebook = jupytext.reads(text, fmt="py:percent")
    notebook.metadata = node(PYTHON)
    notebook.nbformat, notebook.nbformat_minor = FORMAT
    return with_stable_ids(notebook)


def with_stable_ids(notebook: NotebookNode) -> NotebookNode:
    """The notebook with cell ids made from grade ids and contents, so that equal cells get equal ids."""
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        name = grade_id(cell)
        if not CELL_ID.fullmatch(name):
            name = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        seen[name] = seen.get(name, 0) + 1
        cell["id"] = name if seen[name] == 1 else f"{name[:55]}--{seen[name]}"
    return notebook


def dump(notebook: NotebookNode, *, compact: bool = False) -> bytes:
    """The bytes of the ``.ipynb`` file; the same notebook gives the same bytes.

    ``compact`` writes one line, several times faster; otherwise it is laid out for people and diffs.
    """
    if compact:
        return json.dumps(notebook, ensure_ascii=False, sort_keys=True).encode()
    text: str = nbformat.v4.writes(notebook)  # type: ignore[no-untyped-call]
    return (text + "\n").encode()
