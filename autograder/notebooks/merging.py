"""A student's notebook and the released one become one: given cells as released, answers as handed in."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

from autograder.examination import Notice
from autograder.messages import fact
from autograder.notebooks.definitions import defined_names, stub_names
from autograder.notebooks.metadata import (
    FLAGS,
    grade_id,
    is_locked,
    is_manual,
    is_picture,
    is_solution,
    nbgrader_metadata,
    node,
)
from autograder.notebooks.reading import python_notebook, quoted
from autograder.notebooks.scripts import CELL_ID


@dataclass(frozen=True)
class Merged:
    """A notebook to grade: the release's given cells around the student's own.

    Attributes:
        notebook: the cells in the student's order.
        notices: what had to be put right.
    """

    notebook: NotebookNode
    notices: tuple[Notice, ...] = ()


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
        notebook=python_notebook(_with_unique_ids(cells)),
        notices=tuple(_notices(submitted, found, foreign=foreign)),
    )


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
    return restored(cell, work.given[name])


def _report(found: dict[str, list[str]], code: str, name: str, numbers: Sequence[int] = ()) -> None:
    shown = name if CELL_ID.fullmatch(name) else quoted(name)
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
    if any((mine.get(key) or 0) != (theirs.get(key) or 0) for key in FLAGS):
        yield "cell-metadata"


def _text(source: str) -> str:
    """The source without what editors change on their own: line ends and space at the end."""
    return "\n".join(line.rstrip() for line in source.splitlines()).rstrip()


def restored(cell: NotebookNode, given: NotebookNode) -> NotebookNode:
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


_PUT_RIGHT = (
    *("edited-cell", "cell-type", "cell-metadata", "found-cell", "found-elsewhere"),
    *("lost-answer", "missing-cell", "duplicate-cell", "unknown-cell"),
)


def _notices(submitted: NotebookNode, found: Mapping[str, Sequence[str]], foreign: bool) -> Iterator[Notice]:
    if "orig_nbformat" in submitted.metadata:
        yield _notice("old-format", format=quoted(submitted.metadata.orig_nbformat))
    if "orig_nbformat_minor" in submitted.metadata:
        yield _notice("new-format", minor=quoted(submitted.metadata.orig_nbformat_minor))
    if foreign:
        yield _notice("foreign-notebook")
    for code in _PUT_RIGHT:
        if names := found.get(code):
            said = ", ".join(names[:10])
            more = len(names) - 10
            yield _notice(code, names=fact("and-more", names=said, count=more) if more > 0 else said)


def _notice(code: str, **values: Any) -> Notice:
    return Notice(code=code, text=fact(code, **values))
