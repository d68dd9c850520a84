"""Notebooks: percent script to notebook, a student's file to cells, student and release to one.

The one place that knows nbgrader's cell metadata and the shape of ``.ipynb`` files. Nothing here
touches the disk. A submitted file is read as data of a stranger: only the cells' types, sources,
tags, pictures and nbgrader ids are taken from it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.examination import Notice

MAX_BYTES = 50 * 1024**2
MAX_CELLS = 2_000
FORMAT = (4, 5)

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TAG = re.compile(r"[\w.-]{1,64}")
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif"})
_FLAGS = ("grade", "locked", "solution", "task", "points")
_OTHER_KERNELS = re.compile(r"(ir|r|julia|xcpp|xr|javascript|deno|bash|octave|matlab|sas|java|scala)\b", re.I)

PYTHON = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class UnreadableNotebook(ValueError):
    """A submitted file that is no notebook to grade; the text is one line for the TA."""


@dataclass(frozen=True)
class Merged:
    """A notebook to grade: the release's given cells around the student's own.

    Attributes:
        notebook: the cells in the student's order.
        notices: what had to be put right.
    """

    notebook: NotebookNode
    notices: tuple[Notice, ...] = ()


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


# Percent scripts


def read_script(text: str) -> NotebookNode:
    """A solution in jupytext's percent format as a notebook whose cell ids depend on its text alone."""
    import jupytext  # takes a while to import, and grading a class does not need it

    notebook = jupytext.reads(text, fmt="py:percent")
    notebook.metadata = node(PYTHON)
    notebook.nbformat, notebook.nbformat_minor = FORMAT
    return with_stable_ids(notebook)


def write_script(notebook: NotebookNode) -> str:
    """The notebook in jupytext's percent format."""
    import jupytext

    return str(jupytext.writes(notebook, fmt="py:percent"))


def with_stable_ids(notebook: NotebookNode) -> NotebookNode:
    """The notebook with cell ids made from grade ids and contents, so that equal cells get equal ids."""
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        name = grade_id(cell)
        if not _ID.fullmatch(name):
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


def read_released(path: Path) -> NotebookNode:
    """The released notebook with all of nbgrader's metadata, checksums included.

    Raises:
        OSError, ValueError: there is none that can be read.
    """
    released: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return released


# Submissions


def read_submission(raw: bytes, max_bytes: int = MAX_BYTES) -> NotebookNode:
    """A submitted file as a notebook of clean cells without outputs.

    Whatever the bytes are, this returns a notebook or raises :class:`UnreadableNotebook`. An older
    format is converted; ``metadata.orig_nbformat`` then says which it was.
    """
    if len(raw) > max_bytes:
        raise UnreadableNotebook(
            f"The notebook is too large ({len(raw) / 1e6:.0f} MB, at most {max_bytes / 1e6:.0f} MB): "
            "clear its outputs and hand it in again."
        )
    if not raw.strip():
        raise UnreadableNotebook("The notebook file is empty.")
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise UnreadableNotebook(f"The file is not a notebook: it is not JSON{where}.") from None
    try:
        return _notebook(document)
    except RecursionError:
        raise UnreadableNotebook("The notebook is nested too deeply to be read.") from None


def _notebook(document: Any) -> NotebookNode:
    major = document.get("nbformat") if isinstance(document, dict) else None
    if not isinstance(major, int) or isinstance(major, bool):
        raise UnreadableNotebook("The file is JSON, but no notebook.")
    if major > FORMAT[0]:
        raise UnreadableNotebook(
            f"The notebook is in format {_quoted(major)}, which is newer than this autograder "
            f"(it reads up to {FORMAT[0]})."
        )
    minor = document.get("nbformat_minor")
    if major < FORMAT[0]:
        document = _converted(document, major)
    cells, metadata = document.get("cells"), document.get("metadata")
    if not isinstance(cells, list):
        raise UnreadableNotebook("The file is JSON, but no notebook: it has no cells.")
    if len(cells) > MAX_CELLS:
        raise UnreadableNotebook(f"The notebook has {len(cells)} cells; at most {MAX_CELLS} are read.")
    _demand_python(metadata if isinstance(metadata, dict) else {})
    notebook = _python_notebook([_cell(cell, number) for number, cell in enumerate(cells, start=1)])
    if major < FORMAT[0]:
        notebook.metadata.orig_nbformat = major
    elif isinstance(minor, int) and minor > FORMAT[1]:
        notebook.metadata.orig_nbformat_minor = minor
    return notebook


def _python_notebook(cells: list[NotebookNode]) -> NotebookNode:
    notebook = node({"nbformat": FORMAT[0], "nbformat_minor": FORMAT[1], "metadata": PYTHON, "cells": []})
    notebook["cells"] = cells
    return notebook


def _converted(document: dict[str, Any], major: int) -> dict[str, Any]:
    """An old notebook in today's format."""
    try:
        converted: dict[str, Any] = nbformat.convert(node(document), FORMAT[0])  # type: ignore[no-untyped-call]
    except Exception:  # the conversion assumes a valid notebook and fails in every way
        raise UnreadableNotebook(
            f"The notebook is in the old format {_quoted(major)} and cannot be converted: "
            "open and save it in Jupyter, and hand it in again."
        ) from None
    return converted


def _demand_python(metadata: dict[str, Any]) -> None:
    """Refuse a notebook that says it is in another language; one that says nothing is taken for Python."""

    def said(part: str, key: str) -> str:
        found = metadata.get(part)
        value = found.get(key) if isinstance(found, dict) else None
        return value.strip() if isinstance(value, str) else ""

    language = said("kernelspec", "language") or said("language_info", "name")
    kernel = said("kernelspec", "name")
    other = language and not re.match(r"i?python", language, re.I)
    if other or (not language and _OTHER_KERNELS.match(kernel)):
        raise UnreadableNotebook(
            f"The notebook is written for {_quoted(language or kernel)}, not for Python: "
            "choose the kernel Python 3 in Jupyter, and hand it in again."
        )


def _cell(cell: Any, number: int) -> NotebookNode:
    if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
        raise UnreadableNotebook(f"The file is damaged: its cell {number} is no notebook cell.")
    source = cell.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise UnreadableNotebook(f"The file is damaged: the source of its cell {number} is not text.")
    metadata = cell.get("metadata")
    clean = node({"cell_type": cell["cell_type"], "metadata": {}, "source": _unicode(source)})
    if clean.cell_type == "code":
        clean.outputs, clean.execution_count = [], None
    elif clean.cell_type == "raw":
        # Without a type of its own, a raw cell would go into HTML as it is.
        clean.metadata.raw_mimetype = "text/plain"
    elif pictures := _attachments(cell.get("attachments")):
        clean.attachments = pictures
    if isinstance(cell.get("id"), str) and _ID.fullmatch(cell["id"]):
        clean.id = cell["id"]
    if isinstance(metadata, dict):
        if isinstance(metadata.get("tags"), list):
            kept = [tag for tag in metadata["tags"] if isinstance(tag, str) and _TAG.fullmatch(tag)]
            clean.metadata.tags = list(dict.fromkeys(kept))  # the format allows none twice
        if grading := _grading(metadata.get("nbgrader")):
            clean.metadata.nbgrader = grading
    return clean


def _grading(found: Any) -> NotebookNode | None:
    """nbgrader's part of a stranger's metadata: the id and plain flags."""
    if not isinstance(found, dict) or not isinstance(found.get("grade_id"), str):
        return None
    flags = {key: found[key] for key in _FLAGS if isinstance(found.get(key), bool | int | float)}
    return node(flags | {"grade_id": _unicode(found["grade_id"])})


def _attachments(found: Any) -> NotebookNode:
    """Pictures pasted into a markdown cell."""
    kept: dict[str, dict[str, str]] = {}
    for name, bundle in found.items() if isinstance(found, dict) else ():
        pictures = {
            kind: data
            for kind, data in (bundle.items() if isinstance(bundle, dict) else ())
            if kind in _PICTURES and isinstance(data, str) and is_base64(data)
        }
        if pictures:
            kept[_unicode(name)] = pictures
    return node(kept)


def is_base64(data: str) -> bool:
    """Whether the text is base64 and nothing else, line breaks aside."""
    try:
        base64.b64decode(data.replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _unicode(text: str) -> str:
    """The text with lone surrogates, which JSON allows and UTF-8 does not, replaced."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _quoted(text: object) -> str:
    """A stranger's word for a message: one line, at most 40 characters."""
    word = repr(str(text)[:200])
    return word if len(word) <= 40 else word[:37] + "...'"


# Student and release


def merge(submitted: NotebookNode, released: NotebookNode) -> Merged:
    """The notebook to grade: what is given comes from the release, what the student wrote stays.

    Locked and test cells are the release's, where the student left them; solution cells keep the
    student's source and get the release's metadata. A known id counts once, at its first
    occurrence; a missing cell comes back after the one that precedes it in the release. Everything
    else is a plain cell of the student's.
    """
    given = {grade_id(cell): cell for cell in released.cells if grade_id(cell)}
    found: dict[str, list[str]] = {}

    def report(code: str, name: str) -> None:
        names = found.setdefault(code, [])
        if name not in names:
            names.append(name)

    cells: list[NotebookNode] = []
    placed: set[str] = set()
    for cell in submitted.cells:
        name = grade_id(cell)
        if name and name in given and name not in placed:
            placed.add(name)
            for code in _changes(cell, given[name]):
                report(code, name)
            cells.append(_restored(cell, given[name]))
        else:
            if name:
                report("duplicate-cell" if name in given else "unknown-cell", name)
            cells.append(_plain(cell))

    for name in _put_back(cells, given, placed):
        report("missing-cell", name)

    return Merged(
        notebook=_python_notebook(_with_unique_ids(cells)),
        notices=tuple(_notices(submitted, found, foreign=bool(given) and not placed)),
    )


def _changes(cell: NotebookNode, given: NotebookNode) -> Iterator[str]:
    """What is not as released, though it should be."""
    if is_locked(given) and _text(cell.source) != _text(given.source):
        yield "edited-cell"
    if cell.cell_type != given.cell_type:
        yield "cell-type"
    mine, theirs = nbgrader_metadata(cell), nbgrader_metadata(given)
    if any((mine.get(key) or 0) != (theirs.get(key) or 0) for key in _FLAGS):
        yield "cell-metadata"


def _text(source: str) -> str:
    """The source without what editors change on their own: line ends and space at the end."""
    return "\n".join(line.rstrip() for line in source.splitlines()).rstrip()


def _restored(cell: NotebookNode, given: NotebookNode) -> NotebookNode:
    """A cell of the release with the student's source, where it is the student's to write."""
    restored = _copy(given)
    if not is_locked(given):
        restored["source"] = cell.source
        if given.cell_type == "markdown" and "attachments" in cell:
            restored["attachments"] = cell.attachments
    return restored


def _copy(given: NotebookNode) -> NotebookNode:
    copied = node(given)
    if copied.cell_type == "code":
        copied.outputs, copied.execution_count = [], None
    return copied


def _plain(cell: NotebookNode) -> NotebookNode:
    """The cell without nbgrader's metadata."""
    plain = node(cell)
    plain.metadata.pop("nbgrader", None)
    return plain


def _put_back(
    cells: list[NotebookNode], given: Mapping[str, NotebookNode], placed: set[str]
) -> Iterator[str]:
    """Insert what is missing, each after its predecessor in the release; yields the names."""
    before = ""
    for name, cell in given.items():
        if name not in placed:
            positions = {grade_id(other): index for index, other in enumerate(cells)}
            cells.insert(positions[before] + 1 if before else 0, _copy(cell))
            yield name
        before = name


def _with_unique_ids(cells: list[NotebookNode]) -> list[NotebookNode]:
    """The format demands an id for each cell, and no id twice; the release's cells keep theirs."""
    used = {cell.id for cell in cells if grade_id(cell) and "id" in cell}
    for number, cell in enumerate(cells, start=1):
        if grade_id(cell) and "id" in cell:
            continue
        name = cell.get("id") or f"cell-{number}"
        for attempt in itertools.count(1):
            if name not in used:
                break
            name = f"cell-{number}-{attempt}"
        used.add(name)
        cell["id"] = name
    return cells


_SAID = {
    "edited-cell": "Given cells were changed and have been restored",
    "cell-type": "Cells had another type and have been repaired",
    "cell-metadata": "Cells had other nbgrader metadata and have been repaired",
    "missing-cell": "Cells were missing and have been put back as released",
    "duplicate-cell": "Cells were there more than once; the first one counts",
    "unknown-cell": "Cells with a grade id that the assignment does not have count as plain cells",
}


def _notices(submitted: NotebookNode, found: Mapping[str, list[str]], foreign: bool) -> Iterator[Notice]:
    if "orig_nbformat" in submitted.metadata:
        old = submitted.metadata.orig_nbformat
        yield Notice(code="old-format", text=f"The notebook was in the old format {_quoted(old)}; converted.")
    if "orig_nbformat_minor" in submitted.metadata:
        minor = _quoted(submitted.metadata.orig_nbformat_minor)
        yield Notice(code="new-format", text=f"The notebook is in a newer format than 4.5 (4.{minor}).")
    if foreign:
        yield Notice(
            code="foreign-notebook",
            text="None of the assignment's cells is in this notebook: it may be that of another week.",
        )
    for code, said in _SAID.items():
        if names := found.get(code):
            shown = [name if _ID.fullmatch(name) else _quoted(name) for name in names[:10]]
            more = f" and {len(names) - 10} more" if len(names) > 10 else ""
            yield Notice(code=code, text=f"{said}: {', '.join(shown)}{more}.")
