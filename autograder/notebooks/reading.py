"""A student's file to cells: the one place that knows the shape of ``.ipynb`` files.

Nothing here touches the disk. A submitted file is read as data of a stranger: only the cells' types, sources,
tags, pictures and nbgrader ids are taken from it.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.messages import Message, fact
from autograder.notebooks.metadata import FLAGS, TAG, node
from autograder.notebooks.scripts import CELL_ID, FORMAT, PYTHON
from autograder.notebooks.sizes import MAX_CONTAINERS, MAX_NOTEBOOK
from autograder.patterns import Pattern

MAX_CELLS = 2_000
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif"})
_OTHER_KERNELS = Pattern(
    r"(?:ir|r|julia|xcpp|xr|javascript|deno|bash|octave|matlab|sas|java|scala)(?:[^\pL\pM\pN_]|\z)",
    any_case=True,
)


class UnreadableNotebook(ValueError):
    """A submitted file that is no notebook to grade; ``message`` says why."""

    def __init__(self, message: Message) -> None:
        super().__init__(str(message))
        self.message = message


def read_released(path: Path) -> NotebookNode:
    """The released notebook with all of nbgrader's metadata, checksums included.

    Raises:
        OSError, ValueError: there is none that can be read.
    """
    released: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return released


# Submissions


def read_submission(
    raw: bytes, max_bytes: int = MAX_NOTEBOOK, *, outputs_of: Collection[str] = ()
) -> NotebookNode:
    """A submitted file as a notebook of clean cells without outputs.

    Only the cells with a grade id in ``outputs_of`` keep theirs, which are a stranger's data of any kind.

    Whatever the bytes are, this returns a notebook or raises :class:`UnreadableNotebook`. An older
    format is converted; ``metadata.orig_nbformat`` then says which it was.
    """
    if len(raw) > max_bytes:
        raise UnreadableNotebook(
            fact("large-notebook", size=f"{len(raw) / 1e6:.0f}", most=f"{max_bytes / 1e6:.0f}")
        )
    if raw.count(b"[") + raw.count(b"{") > MAX_CONTAINERS:
        raise UnreadableNotebook(fact("crowded-notebook"))
    if not raw.strip():
        raise UnreadableNotebook(fact("empty-file"))
    try:
        document = json.loads(_decoded(raw))
    except UnreadableNotebook:
        raise
    except MemoryError:
        raise UnreadableNotebook(fact("too-much-memory")) from None
    except (ValueError, RecursionError) as error:
        if isinstance(error, json.JSONDecodeError):
            raise UnreadableNotebook(fact("not-json-from", line=error.lineno)) from None
        raise UnreadableNotebook(fact("not-json")) from None
    try:
        return _notebook(document, outputs_of)
    except RecursionError:
        raise UnreadableNotebook(fact("nested")) from None
    except MemoryError:
        raise UnreadableNotebook(fact("too-much-memory")) from None


def _decoded(raw: bytes) -> str:
    """The file's text; a mark of the byte order in front of it, which some editors write, is no part of it.

    Raises:
        UnreadableNotebook: it is in another encoding. Jupyter does not open it either.
        ValueError: it is no text.
    """
    encoding = json.detect_encoding(raw)
    try:
        if encoding.startswith("utf-8"):
            return raw.decode(encoding, "surrogatepass")
        start = raw[: 1 << 10].decode(encoding, "ignore")
    except UnicodeDecodeError:
        start = raw[: 1 << 10].decode("latin-1")
    if start.lstrip("\ufeff \t\r\n").startswith("{"):
        raise UnreadableNotebook(fact("not-utf-8"))
    raise ValueError


def _notebook(document: Any, outputs_of: Collection[str]) -> NotebookNode:
    major = document.get("nbformat") if isinstance(document, dict) else None
    if isinstance(major, float) and major.is_integer():
        major = int(major)
    if not isinstance(major, int) or isinstance(major, bool):
        raise UnreadableNotebook(fact("other-json"))
    if major > FORMAT[0]:
        raise UnreadableNotebook(fact("newer", format=quoted(major), newest=FORMAT[0]))
    minor = document.get("nbformat_minor")
    if major < FORMAT[0]:
        document = _converted(document, major)
    cells, metadata = document.get("cells"), document.get("metadata")
    if not isinstance(cells, list):
        raise UnreadableNotebook(fact("no-cells"))
    if len(cells) > MAX_CELLS:
        raise UnreadableNotebook(fact("many-cells", count=len(cells), most=MAX_CELLS))
    _demand_python(metadata if isinstance(metadata, dict) else {})
    notebook = python_notebook(
        [_cell(cell, number, outputs_of) for number, cell in enumerate(cells, start=1)]
    )
    if major < FORMAT[0]:
        notebook.metadata.orig_nbformat = major
    elif isinstance(minor, int) and minor > FORMAT[1]:
        notebook.metadata.orig_nbformat_minor = minor
    return notebook


def python_notebook(cells: list[NotebookNode]) -> NotebookNode:
    notebook = node({"nbformat": FORMAT[0], "nbformat_minor": FORMAT[1], "metadata": PYTHON, "cells": []})
    notebook["cells"] = cells
    return notebook


def _converted(document: dict[str, Any], major: int) -> dict[str, Any]:
    """An old notebook in today's format."""
    try:
        converted: dict[str, Any] = nbformat.convert(node(document), FORMAT[0])  # type: ignore[no-untyped-call]
    except Exception:  # the conversion assumes a valid notebook and fails in every way
        raise UnreadableNotebook(fact("unconverted", format=quoted(major))) from None
    return converted


def _demand_python(metadata: dict[str, Any]) -> None:
    """Refuse a notebook that says it is in another language; one that says nothing is taken for Python."""

    def said(part: str, key: str) -> str:
        found = metadata.get(part)
        value = found.get(key) if isinstance(found, dict) else None
        return value.strip() if isinstance(value, str) else ""

    language = said("kernelspec", "language") or said("language_info", "name")
    kernel = said("kernelspec", "name")
    other = language and not language.lower().startswith(("python", "ipython"))
    # An environment's kernel may have any name; what it is called for people says Python.
    known = language or "python" in said("kernelspec", "display_name").lower()
    if other or (not known and _OTHER_KERNELS.match(kernel)):
        raise UnreadableNotebook(fact("other-language", kernel=quoted(language or kernel)))


def _cell(cell: Any, number: int, outputs_of: Collection[str]) -> NotebookNode:
    kind = cell.get("cell_type", "raw") if isinstance(cell, dict) else None
    if not isinstance(kind, str):
        raise UnreadableNotebook(fact("damaged-cell", cell=number))
    if kind not in ("code", "markdown"):
        kind = "raw"  # what JupyterLab takes a cell of any other type for
    source = cell.get("source") if cell.get("source") is not None else ""
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise UnreadableNotebook(fact("damaged-source", cell=number))
    metadata = cell.get("metadata")
    clean = node({"cell_type": kind, "metadata": {}, "source": _unicode(source)})
    if clean.cell_type == "code":
        clean.outputs, clean.execution_count = [], None
    elif clean.cell_type == "raw":
        # Without a type of its own, a raw cell would go into HTML as it is.
        clean.metadata.raw_mimetype = "text/plain"
    elif pictures := _attachments(cell.get("attachments")):
        clean.attachments = pictures
    if isinstance(cell.get("id"), str) and CELL_ID.fullmatch(cell["id"]):
        clean.id = cell["id"]
    if isinstance(metadata, dict):
        if isinstance(metadata.get("tags"), list):
            kept = [tag for tag in metadata["tags"] if isinstance(tag, str) and TAG.fullmatch(tag)]
            clean.metadata.tags = list(dict.fromkeys(kept))  # the format allows none twice
        if grading := _grading(metadata.get("nbgrader")):
            clean.metadata.nbgrader = grading
            if grading.grade_id in outputs_of and isinstance(cell.get("outputs"), list):
                clean["outputs"] = cell["outputs"]
    return clean


def _grading(found: Any) -> NotebookNode | None:
    """nbgrader's part of a stranger's metadata: the id and plain flags."""
    if not isinstance(found, dict) or not isinstance(found.get("grade_id"), str):
        return None
    flags = {key: found[key] for key in FLAGS if isinstance(found.get(key), bool | int | float)}
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


def quoted(text: object) -> str:
    """A stranger's word for a message: one line, at most 40 characters."""
    word = repr(str(text)[:200])
    return word if len(word) <= 40 else word[:37] + "...'"
