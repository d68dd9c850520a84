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
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.definitions import defined_names, stub_names
from autograder.examination import Notice, RecordedCell
from autograder.linear import Pattern
from autograder.sizes import MAX_CONTAINERS, MAX_NOTEBOOK

MAX_CELLS = 2_000
FORMAT = (4, 5)
PICTURE_TAG = "picture"
"""Of given cells on which nothing depends; the course declares it, and `verify` proves it."""

_ID = Pattern(r"[A-Za-z0-9_-]{1,64}")
_TAG = Pattern(r"[\pL\pM\pN_.-]{1,64}")
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif"})
_FLAGS = ("grade", "locked", "solution", "task", "points")
_OTHER_KERNELS = Pattern(
    r"(?:ir|r|julia|xcpp|xr|javascript|deno|bash|octave|matlab|sas|java|scala)(?:[^\pL\pM\pN_]|\z)",
    any_case=True,
)

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
            f"The notebook is too large ({len(raw) / 1e6:.0f} MB, at most {max_bytes / 1e6:.0f} MB): "
            "clear its outputs and hand it in again."
        )
    if raw.count(b"[") + raw.count(b"{") > MAX_CONTAINERS:
        raise UnreadableNotebook(
            "The notebook holds too many lists and objects: clear its outputs and hand it in again."
        )
    if not raw.strip():
        raise UnreadableNotebook("The notebook file is empty.")
    try:
        document = json.loads(_decoded(raw))
    except UnreadableNotebook:
        raise
    except MemoryError:
        raise UnreadableNotebook(
            "The notebook takes too much memory to be read: clear its outputs and hand it in again."
        ) from None
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise UnreadableNotebook(f"The file is not a notebook: it is not JSON{where}.") from None
    try:
        return _notebook(document, outputs_of)
    except RecursionError:
        raise UnreadableNotebook("The notebook is nested too deeply to be read.") from None
    except MemoryError:
        raise UnreadableNotebook("The notebook takes too much memory to be read.") from None


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
        raise UnreadableNotebook(
            "The file is not UTF-8, as notebooks are: open it in a text editor in the encoding that it has, "
            "save it as UTF-8, and hand it in again."
        )
    raise ValueError


def _notebook(document: Any, outputs_of: Collection[str]) -> NotebookNode:
    major = document.get("nbformat") if isinstance(document, dict) else None
    if isinstance(major, float) and major.is_integer():
        major = int(major)
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
    notebook = _python_notebook(
        [_cell(cell, number, outputs_of) for number, cell in enumerate(cells, start=1)]
    )
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
    other = language and not language.lower().startswith(("python", "ipython"))
    if other or (not language and _OTHER_KERNELS.match(kernel)):
        raise UnreadableNotebook(
            f"The notebook is written for {_quoted(language or kernel)}, not for Python: "
            "choose the kernel Python 3 in Jupyter, and hand it in again."
        )


def _cell(cell: Any, number: int, outputs_of: Collection[str]) -> NotebookNode:
    kind = cell.get("cell_type", "raw") if isinstance(cell, dict) else None
    if not isinstance(kind, str):
        raise UnreadableNotebook(f"The file is damaged: its cell {number} is no notebook cell.")
    if kind not in ("code", "markdown"):
        kind = "raw"  # what JupyterLab takes a cell of any other type for
    source = cell.get("source") if cell.get("source") is not None else ""
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise UnreadableNotebook(f"The file is damaged: the source of its cell {number} is not text.")
    metadata = cell.get("metadata")
    clean = node({"cell_type": kind, "metadata": {}, "source": _unicode(source)})
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
            if grading.grade_id in outputs_of and isinstance(cell.get("outputs"), list):
                clean["outputs"] = cell["outputs"]
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
    occurrence (of a written answer: at the first that says something). A cell that lost its id is recognised
    by what it holds. What is missing then comes back after the cell that precedes it in the release, but
    never as code that would undo what the student defined in another cell: see :func:`_put_back`.
    Everything else is a plain cell of the student's, and all of them stay in the student's order.
    """
    work = _Work(submitted, released)
    recognised = _recognise(work) if work.missing() else []
    found: dict[str, list[str]] = {}
    names = work.names()
    cells = [
        _merged(cell, names.get(index, ""), work, found, recognised) for index, cell in enumerate(work.cells)
    ]
    mine = list(cells)
    asides = _put_back(cells, work, found) if work.missing() else []
    numbers = {id(cell): number for number, cell in enumerate(cells, start=1)}
    for name in recognised:
        _report(found, "found-cell", name, [numbers[id(mine[work.places[name]])]])
    for name, aside, where in asides:
        places = [numbers[id(mine[index])] for index in where]
        aside["source"] = _pointer(aside, places)
        _report(found, "lost-answer" if is_manual(aside) else "found-elsewhere", name, places)
    foreign = bool(work.given) and not work.places and not asides
    return Merged(
        notebook=_python_notebook(_with_unique_ids(cells)),
        notices=tuple(_notices(submitted, found, foreign=foreign)),
    )


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
    return _python_notebook([_recorded(cell, given) for cell in cells])


def _recorded(cell: RecordedCell, given: Mapping[str, NotebookNode]) -> NotebookNode:
    made = node({"cell_type": cell.cell_type, "metadata": {}, "source": cell.source})
    if cell.attachments:
        made.attachments = node(cell.attachments)
    if cell.grade_id in given:
        made = _restored(made, given[cell.grade_id])
    elif cell.cell_type == "code":
        made.outputs, made.execution_count = [], None
    elif cell.cell_type == "raw":
        made.metadata.raw_mimetype = "text/plain"
    if cell.tags:
        made.metadata.tags = list(cell.tags)
    made["id"] = cell.id
    return made


class _Work:
    """A student's cells on their way into the release.

    Attributes:
        cells: the student's, in order.
        released: the release's, in order.
        given: those of the release's that have a grade id, by it.
        places: grade id → index of the student's cell that stands for it.
    """

    def __init__(self, submitted: NotebookNode, released: NotebookNode) -> None:
        self.cells: list[NotebookNode] = list(submitted.cells)
        self.released: list[NotebookNode] = list(released.cells)
        self.given: dict[str, NotebookNode] = {}
        for cell in self.released:
            if grade_id(cell):
                self.given.setdefault(grade_id(cell), cell)
        self.places = _places(self.cells, self.given)

    def missing(self) -> list[str]:
        """Grade ids that no cell of the student's stands for."""
        return [name for name in self.given if name not in self.places]

    def missing_tasks(self) -> dict[str, frozenset[str]]:
        """Those of them that are code of the student's, each with the names that its stub defines."""
        tasks = {name: self.given[name] for name in self.missing() if is_solution(self.given[name])}
        return {name: stub_names(cell.source) for name, cell in tasks.items() if cell.cell_type == "code"}

    def names(self) -> dict[int, str]:
        """Index of a cell → the grade id that it stands for."""
        return {index: name for name, index in self.places.items()}

    def free(self) -> list[int]:
        """Indices of the cells that stand for no grade id."""
        taken = self.names()
        return [index for index in range(len(self.cells)) if index not in taken]

    def texts(self) -> list[int]:
        """Indices of free text cells that say something the release does not."""
        given = {_likeness(cell) for cell in self.released}
        return [
            index
            for index in self.free()
            if self.cells[index].cell_type != "code"
            and self.cells[index].source.strip()
            and _likeness(self.cells[index]) not in given
        ]


def _places(cells: Sequence[NotebookNode], given: Mapping[str, NotebookNode]) -> dict[str, int]:
    """Which cell counts for each known grade id."""
    places: dict[str, int] = {}
    for index, cell in enumerate(cells):
        name = grade_id(cell)
        if name not in given:
            continue
        first = places.setdefault(name, index)
        if is_manual(given[name]) and is_solution(given[name]):
            untouched = _text(given[name].source)
            if _text(cells[first].source) == untouched != _text(cell.source):
                places[name] = index
    return places


def _merged(
    cell: NotebookNode,
    name: str,
    work: _Work,
    found: dict[str, list[str]],
    recognised: Collection[str],
) -> NotebookNode:
    """A student's cell as it will be graded; what had to be put right goes to ``found``."""
    if not name:
        if told := grade_id(cell):
            _report(found, "duplicate-cell" if told in work.given else "unknown-cell", told)
        return _plain(cell)
    if name not in recognised:
        for code in _changes(cell, work.given[name]):
            _report(found, code, name)
    return _restored(cell, work.given[name])


def _report(found: dict[str, list[str]], code: str, name: str, numbers: Sequence[int] = ()) -> None:
    shown = name if _ID.fullmatch(name) else _quoted(name)
    shown += f" ({', '.join(map(str, numbers))})" if numbers else ""
    names = found.setdefault(code, [])
    if shown not in names:
        names.append(shown)


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
    if is_picture(given) and "outputs" in cell:
        restored["outputs"] = cell["outputs"]
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


# Cells that lost their id

_MOST_READ = 2_000_000
"""Characters of a student's code that are read for what they define."""


def _recognise(work: _Work) -> list[str]:
    """Find cells that lost their grade id by what they hold; the grade ids of those that were found.

    Formgrader and feedback show a cell, its points and its comments by grade id: so the student's cell gets
    the id, rather than an empty one beside it.
    """
    before = set(work.places)
    _set_free(work)
    _recognise_copies(work)
    _recognise_tasks(work)
    _recognise_answers(work)
    return [name for name in work.given if name in work.places and name not in before]


def _set_free(work: _Work) -> None:
    """Where a task's cell was merged into a given one, have its text as a cell of its own below.

    Such a cell keeps the metadata of the upper one: the release's source comes back there, and what the
    student wrote would be lost with it.
    """
    edited = [
        (index, name)
        for name, index in work.places.items()
        if is_locked(work.given[name]) and _text(work.cells[index].source) != _text(work.given[name].source)
    ]
    defined = _defined(work, [index for index, _ in edited])
    for index, name in sorted(edited, reverse=True):
        if defined[index] - stub_names(work.given[name].source):
            extra = _plain(work.cells[index])
            extra.pop("id", None)
            work.cells.insert(index + 1, extra)
            work.places.update({n: at + 1 for n, at in work.places.items() if at > index})


def _recognise_copies(work: _Work) -> None:
    """Given cells whose text is as released."""
    free: dict[tuple[str, str], list[int]] = {}
    for index in reversed(work.free()):
        free.setdefault(_likeness(work.cells[index]), []).append(index)
    for name in work.missing():
        given = work.given[name]
        if not is_solution(given) and _text(given.source) and (indices := free.get(_likeness(given))):
            work.places[name] = indices.pop()


def _likeness(cell: NotebookNode) -> tuple[str, str]:
    """What a cell still has in common with its copy after a way through other programs."""
    lines = (line.rstrip() for line in cell.source.splitlines())
    return cell.cell_type, "\n".join(line for line in lines if line)


def _recognise_tasks(work: _Work) -> None:
    """Task cells: by the names that they define.

    Of several cells the one that defines most of them, then the last: that is the definition that counts when
    the notebook has run. An untouched stub stands behind any other.
    """
    defined = _defined(work, work.free())
    for task, names in work.missing_tasks().items():
        stub = _likeness(work.given[task])
        rivals = [
            (_likeness(work.cells[index]) != stub, len(names & found), index)
            for index, found in defined.items()
            if names & found
        ]
        if rivals:
            work.places[task] = index = max(rivals)[-1]
            del defined[index]


def _defined(work: _Work, indices: Iterable[int]) -> dict[int, frozenset[str]]:
    """Which names of missing tasks these cells define."""
    wanted = frozenset().union(*work.missing_tasks().values())
    room = _MOST_READ
    defined: dict[int, frozenset[str]] = {}
    for index in indices:
        cell = work.cells[index]
        if cell.cell_type == "code" and any(name in cell.source for name in wanted):
            defined[index] = defined_names(cell.source[:room]) & wanted
            room -= min(len(cell.source), room)
        else:
            defined[index] = frozenset()
    return defined


def _recognise_answers(work: _Work) -> None:
    """Written answers, and task cells that define nothing: by where they stand among the release's cells."""
    known = {_likeness(cell) for cell in work.released if not is_solution(cell)}
    located = _located(work)
    for name in work.missing():
        given = work.given[name]
        if not is_solution(given) or (given.cell_type == "code" and stub_names(given.source)):
            continue
        at = next(index for index, cell in enumerate(work.released) if cell is given)
        after = next((located[k] for k in range(at - 1, -1, -1) if k in located), -1)
        below = (located[k] for k in range(at + 1, len(work.released)) if located.get(k, -1) > after)
        until = next(below, len(work.cells))
        between = [
            index
            for index in work.free()
            if after < index < until
            and (work.cells[index].cell_type == "code") is (given.cell_type == "code")
            and work.cells[index].source.strip()
            and _likeness(work.cells[index]) not in known
        ]
        if between:
            written = (i for i in between if _text(work.cells[i].source) != _text(given.source))
            work.places[name] = located[at] = next(written, between[0])


def _located(work: _Work) -> dict[int, int]:
    """Index of a cell in the release → index of the student's cell that is the same one."""
    mine = {_likeness(work.cells[index]): index for index in reversed(work.free())}
    located = {}
    for index, cell in enumerate(work.released):
        name = grade_id(cell)
        place = work.places.get(name) if name else mine.get(_likeness(cell))
        if place is not None:
            located[index] = place
    return located


# Cells that are missing


def _put_back(
    cells: list[NotebookNode], work: _Work, found: dict[str, list[str]]
) -> list[tuple[str, NotebookNode, list[int]]]:
    """Insert what is missing, each after the cell that precedes it in the release.

    A task that other cells of the student's define gets a cell that says where, and no code. One that none
    seems to define comes back as released, above all code of the student's that names it: whatever defines
    it in a way that is not seen here comes later and counts. A written answer that is not found, while the
    student wrote text of which it may be part, gets a cell that says so: a person decides, and no 0 does.

    Returns:
        those cells that say where to look: grade id, cell, and indices of the student's cells.
    """
    mine = list(cells)
    defined = _defined(work, range(len(work.cells)))
    tasks, located = work.missing_tasks(), _located(work)
    asides = []
    place = 0
    for index, given in enumerate(work.released):
        name = grade_id(given)
        if index in located:
            here = _index(cells, mine[located[index]]) + 1
            place = here if name else max(place, here)
            continue
        if given is not work.given.get(name):
            continue
        back = _copy(given)
        names = tasks.get(name, frozenset())
        where = [i for i, own in defined.items() if names & own and not is_locked(mine[i])]
        if not where and is_manual(given) and is_solution(given):
            where = work.texts()
        if where:
            asides.append((name, back, where))
        else:
            _report(found, "missing-cell", name)
        above = _first_mention(cells, work, names) if names and not where else len(cells)
        cells.insert(min(place, above), back)
        place += 1
    return asides


def _index(cells: Sequence[NotebookNode], wanted: NotebookNode) -> int:
    return next(index for index, cell in enumerate(cells) if cell is wanted)


def _first_mention(cells: Sequence[NotebookNode], work: _Work, names: Collection[str]) -> int:
    """Index of the first code cell that the student wrote and that names one of these; the end if none."""
    for index, cell in enumerate(cells):
        given = work.given.get(grade_id(cell))
        if cell.cell_type != "code" or (given is not None and _text(cell.source) == _text(given.source)):
            continue
        if any(name in cell.source for name in names):
            return index
    return len(cells)


def _pointer(cell: NotebookNode, numbers: Sequence[int]) -> str:
    """What a cell says that stands for one that is missing."""
    places = ", ".join(map(str, numbers[:10]))
    if is_manual(cell):
        said = (
            f"The cell of this answer is missing; the answer may stand in cell {places}. "
            f"이 답안의 셀이 없습니다. 답안은 셀 {places}에 있을 수 있습니다."
        )
        return f"# {said}" if cell.cell_type == "code" else said
    return f"# Defined in cell {places}. 셀 {places}에서 정의합니다."


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
    "found-cell": "Cells without their grade id were recognised by what they hold (in brackets the cell)",
    "found-elsewhere": "Task cells are missing; what they ask for was found elsewhere (in brackets the cell)",
    "lost-answer": "Answer cells are missing; a person looks for the answer (in brackets the cells)",
    "missing-cell": "Cells were missing and have been put back as released",
    "duplicate-cell": "Cells were there more than once; the first one (of answers, the first written) counts",
    "unknown-cell": "Cells with a grade id that the assignment does not have count as plain cells",
}


def _notices(submitted: NotebookNode, found: Mapping[str, Sequence[str]], foreign: bool) -> Iterator[Notice]:
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
            more = f" and {len(names) - 10} more" if len(names) > 10 else ""
            yield Notice(code=code, text=f"{said}: {', '.join(names[:10])}{more}.")
