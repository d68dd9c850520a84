"""Which failed tests have one cause, and where in the notebook a cell stands; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from nbformat import NotebookNode

from autograder.examination import CellOutcome, Examination, TestOutcome, Verdict
from autograder.messages import Message
from autograder.notebooks.metadata import grade_id
from autograder.patterns import LETTER, Match, Pattern
from autograder.wording.text import one_line, plain
from autograder.wording.words import LIMITS

Say = Callable[..., str]
"""Words of a page by their key."""

_SECTION = Pattern(r"##\s+(.+)")
_HEADER = Pattern(rf"\s*Cell In\[(\d+)\], line (\d+)(?:, in ({LETTER}+)\()?")
_FILE = Pattern(r'File "<ipython-input-(\d+)-[0-9a-f]+>", line')
_INPUT = Pattern(r"(?:<ipython-input-|Cell In\[)(\d+)(?:-[0-9a-f]+>|\])")
_NO_NAME = Pattern(rf"NameError: name '({LETTER}+)' is not defined")
_EXCERPT_LINES, _TRACE = 12, 100_000


# Causes


@dataclass(frozen=True)
class Cause:
    """What several failed tests have in common.

    Attributes:
        kind: a cell that did not run to its end, a name that is not there, a function that ran into a limit,
            or a task that is not begun.
        of: the cell's number, the name, the function, the grade id of the task's tests.
    """

    kind: Literal["cell", "name", "limit", "todo"]
    of: str


def causes_of(examination: Examination) -> dict[str, Cause]:
    """The causes that more than one failed test has, by the tests' keys."""
    found: dict[str, Cause] = {}
    names: dict[str, Cause] = {}
    callers = slow_callers(examination.cells)
    for test in examination.tests:
        cause = _own_cause(test, callers)
        if cause is not None:
            found[test.key] = cause
            if cause.kind in ("cell", "name") and (name := _missing(test.message)):
                names.setdefault(name, cause)
    slow = Counter(cause for cause in found.values() if cause.kind == "limit").most_common(1)
    for test in examination.tests:
        if (
            test.message.code == "tests-used-up" and test.key not in found and slow
        ):  # by what, if not by itself
            found[test.key] = slow[0][0]
        # What uses a name that is not there.
        used = _NO_NAME.match(test.message.text.lstrip()) if test.verdict is Verdict.EXCEPTION else None
        if used is not None and used[1] in names:
            found[test.key] = names[used[1]]
    times = Counter(found.values())
    return {key: cause for key, cause in found.items() if times[cause] > 1}


def _own_cause(test: TestOutcome, callers: Mapping[str, str]) -> Cause | None:
    message = test.message
    if message.code == "cell-ended-with":
        return Cause("cell", str(message.values.get("cell", "")))
    if message.code in ("did-you-mean", "not-defined"):
        return Cause("name", _missing(message))
    if test.verdict is Verdict.NOT_IMPLEMENTED:
        return Cause("todo", test.cell)
    if test.verdict in LIMITS:
        function = str(message.values.get("function", "")) or (test.call.function if test.call else "")
        return Cause("limit", callers.get(function, function)) if function else None
    return None


def _missing(message: Message) -> str:
    """The name that a message says is not there."""
    inner = message.values.get("what")
    value = (inner if isinstance(inner, Message) else message).values.get("name", "")
    return str(value)


def slow_callers(cells: tuple[CellOutcome, ...]) -> dict[str, str]:
    """Functions that a cell was in when its time was up, each with the innermost one.

    Args:
        cells: as they ran.
    """
    found: dict[str, str] = {}
    for cell in cells:
        if cell.verdict in LIMITS:
            names = [function for _, _, function, _ in _frames(cell) if function]
            found |= dict.fromkeys(names, names[-1]) if names else {}
    return found


# Places


@dataclass(frozen=True)
class Excerpt:
    """Lines of a cell, as they stood when it ended.

    Attributes:
        cell: its position, from 0.
        line: in the cell, from 1.
        code: with a mark at the line, or a caret below it.
    """

    cell: int
    line: int
    code: str


class Places:
    """How the cells of a notebook are called: by number and heading, the same on the whole page.

    Args:
        examination: says which cells there are, and in which order they ran.
        released: the assignment, for its headings.
        say: words of the page.
    """

    def __init__(self, examination: Examination, released: NotebookNode, say: Say) -> None:
        self._say = say
        self._cells = examination.cells
        self._by_count = {c.execution_count: c.index for c in self._cells if c.execution_count is not None}
        headings = dict(headings_of(released))
        self._headings: dict[int, str] = {}
        heading = ""
        for cell in sorted(self._cells, key=lambda cell: cell.index):
            heading = headings.get(cell.grade_id, heading)
            self._headings[cell.index] = heading

    def name(self, index: int) -> str:
        """ "Cell 26, under “4. Two dimensions”"."""
        heading = self._headings.get(index, "")
        if not heading:
            return self._say("cell", number=index + 1)
        return self._say("cell-under", number=index + 1, heading=one_line(heading.replace("`", ""), 80))

    def renamed(self, text: str) -> str:
        """A text in which cells are called by their numbers instead of IPython's names."""
        text = _FILE.sub(lambda found: self._called(found, ", line"), text)
        return _INPUT.sub(self._called, text)

    def _called(self, found: Match, more: str = "") -> str:
        count = found[1]
        index = self._by_count.get(int(count)) if len(count) < 10 else None
        return str(found[0]) if index is None else self._say("cell", number=index + 1) + more

    def excerpt(self, cell: CellOutcome) -> Excerpt | None:
        """The lines of the notebook at which a cell ended, as its traceback shows them."""
        return self._last(_frames(cell))

    def where_slow(self, function: str) -> Excerpt | None:
        """Where a function was when the time of a cell that called it was up."""
        for cell in self._cells:
            if cell.verdict in LIMITS:
                frames = [frame for frame in _frames(cell) if frame[2] == function]
                if found := self._last(frames):
                    return found
        return None

    def _last(self, frames: list[tuple[int, int, str, str]]) -> Excerpt | None:
        for count, line, _, code in reversed(frames):
            if count in self._by_count:
                return Excerpt(self._by_count[count], line, code)
        return None


def headings_of(released: NotebookNode) -> Iterator[tuple[str, str]]:
    """The heading that each cell with a grade id stands under."""
    heading = ""
    for cell in released.cells:
        if cell.cell_type == "markdown":
            heading = section_heading(cell.source) or heading
        if grade_id(cell):
            yield grade_id(cell), heading


def section_heading(source: str) -> str:
    """The heading of the second level that a Markdown cell begins with; empty if it begins otherwise."""
    found = _SECTION.match(source.lstrip())
    return found[1].strip() if found else ""


def _frames(cell: CellOutcome) -> list[tuple[int, int, str, str]]:
    """IPython's counter, the line, the function and the lines shown, of each frame in the notebook."""
    error = next((o for o in reversed(cell.outputs) if o.get("output_type") == "error"), None)
    trace = error.get("traceback") if error is not None else None
    if error is None or not isinstance(trace, list | tuple):
        return []
    text = plain("\n".join(map(str, trace))[-_TRACE:], _TRACE)
    end = f"{error.get('ename', '')}:"
    frames: list[tuple[int, int, str, list[str]]] = []
    inside = False
    for line in text.splitlines():
        if header := _HEADER.match(line):
            inside = len(header[1]) < 10 and len(header[2]) < 10
            if inside:
                frames.append((int(header[1]), int(header[2]), header[3] or "", []))
        elif line.startswith(("File ", end)):
            inside = False
        elif inside and line.strip():
            frames[-1][3].append(line)
    return [(count, line, name, _around(shown)) for count, line, name, shown in frames]


def _around(lines: list[str]) -> str:
    return "\n".join(line[:200] for line in lines[-_EXCERPT_LINES:])
