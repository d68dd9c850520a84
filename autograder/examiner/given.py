"""Given cells: what the course wrote shows the same whenever the student's functions answer the same.

Most of the time that a notebook takes goes into pictures which the course draws of what the student's
functions return. So on the solution each such cell is watched: which functions it calls, with what, and what
it shows. A submission is asked for the same calls; where it answers like the solution, the cell would show
what it showed there, and need not be run. Where anything is different, or could be, it is run.

No point depends on what a cell shows. Still nobody should see another picture than the notebook's own. A
cell is taken as read only if

- the notebook has the cell as the course wrote it, nothing that it defines is used elsewhere, and nothing
  that it uses is defined anew by the student,
- on the solution it changed nothing: no generator, no setting, no file, no array,
- every call returns the same, leaves its arguments alone, and shows nothing itself. Where only pictures are
  shown, "the same" allows for rounding, which no picture shows; text is compared to the last bit.
"""

from __future__ import annotations

import ast
import json
import re
import symtable
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder.examination import CellOutcome
from autograder.examiner.values import same, same_but_for_rounding
from autograder.wire import FUNCTION, WireError, decode_frame, encode

if TYPE_CHECKING:
    from autograder.examiner.candidate import CellSource

_ROUNDABOUT = {"exec", "eval", "compile", "globals", "setattr", "delattr", "get_ipython"}
_OUTERMOST = {"locals", "vars"}
"""Ways to names that no one sees in a text; the latter only outside of functions."""
_AUGMENTED = re.compile(r"(?:[-+*/%&|^@]|<<|>>)=")
_MAGIC = re.compile(r"^[%!].*$", re.M)
_CHANGED = re.compile(
    r"\b(\w+)(?:\.\w+|\[[^=\n]*\])+\s*[-+*/%&|^@<>]*=(?!=)"
    r"|\b(\w+)(?:\.\w+)*\.(?:sort|fill|resize|put|partition|shuffle|append|extend|insert|pop|remove|clear"
    r"|update|setdefault|use|rc|set_\w+|seterr)\("
)
"""What is assigned to a part of something, or is likely to change it."""
_LONGEST = 50_000
"""Characters of a cell that is looked at."""
_MOST_BYTES = 8 << 20
"""Of a cell's questions, or of the answers."""


@dataclass(frozen=True)
class Names:
    """The global names of a cell.

    Attributes:
        uses: those that it reads.
        binds: those that it defines.
        imports: those among them that it imports and does nothing else with.
        obscure: whether it may read or define others, too.
    """

    uses: frozenset[str]
    binds: frozenset[str]
    imports: frozenset[str]
    obscure: bool


@lru_cache(maxsize=512)
def names_of(source: str) -> Names | None:
    """The global names of a cell; None if it is not plain Python, such as one with magics."""
    if len(source) > _LONGEST:
        return None
    try:
        return _names_in(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _names_in(source: str) -> Names:
    todo = [symtable.symtable(source, "<cell>", "exec")]
    uses, binds, imports, obscure = set(), set(), set(), False
    while todo:
        scope = todo.pop()
        outermost = scope.get_type() == "module"
        todo += scope.get_children()
        for symbol in scope.get_symbols():
            if outermost or symbol.is_global():
                if symbol.is_referenced():
                    uses.add(symbol.get_name())
                    obscure |= symbol.get_name() in (_ROUNDABOUT | _OUTERMOST if outermost else _ROUNDABOUT)
                if symbol.is_assigned() or symbol.is_imported():
                    binds.add(symbol.get_name())
                if symbol.is_imported() and not symbol.is_assigned():
                    imports.add(symbol.get_name())
    if _AUGMENTED.search(source):  # such a statement reads what it binds, and the table does not say which do
        uses |= binds
    return Names(frozenset(uses), frozenset(binds), frozenset(imports), obscure)


@lru_cache(maxsize=512)
def read_from_before(source: str) -> frozenset[str]:
    """Global names that a cell reads, or may read, as they were before it.

    Args:
        source: plain Python.
    """
    return frozenset(_read_in(ast.parse(source).body, set()))


def _read_in(block: list[ast.stmt], bound: set[str]) -> set[str]:
    """What a block reads of names other than those that are ``bound``, to which it adds its own."""
    read: set[str] = set()
    certain = ast.Assign, ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef
    for statement in block:
        if isinstance(statement, ast.For):
            targets = {node.id for node in ast.walk(statement.target) if isinstance(node, ast.Name)}
            read |= _names(statement.iter).uses - bound
            read |= _read_in(statement.body, bound | targets) | _read_in(statement.orelse, {*bound})
        elif isinstance(statement, ast.If):
            read |= _names(statement.test).uses - bound
            read |= _read_in(statement.body, {*bound}) | _read_in(statement.orelse, {*bound})
        else:
            read |= _names(statement).uses - bound
            if isinstance(statement, certain):
                bound |= _names(statement).binds
    return read


def _names(node: ast.AST) -> Names:
    return _names_in(ast.unparse(node))


@dataclass(frozen=True)
class Given:
    """A given cell, and what it did on the solution.

    Attributes:
        uses: global names that it reads.
        binds: names that nobody misses if it does not run.
        frames: the requests that ask for all it needs.
        answers: the solution's replies to them, as frames.
        outputs: what it showed.
        exact: whether answers that differ in rounding make a difference.
    """

    uses: frozenset[str]
    binds: frozenset[str]
    frames: tuple[bytes, ...]
    answers: tuple[bytes, ...]
    outputs: tuple[dict[str, Any], ...]
    exact: bool

    @cached_property
    def size(self) -> int:
        """Bytes of what it shows."""
        return len(json.dumps(self.outputs))

    def agrees(self, replies: Any) -> bool:
        """Whether a submission's replies are those of the solution."""
        if not isinstance(replies, list) or len(replies) != len(self.answers):
            return False
        return all(self._agree(*pair) for pair in zip(self.answers, replies, strict=True))

    def _agree(self, answer: bytes, reply: Any) -> bool:
        if answer == reply:
            return True
        if not isinstance(reply, bytes) or len(reply) > 2 * len(answer) + 1024:
            return False
        try:
            expected, found = decode_frame(answer), decode_frame(reply)
            if not isinstance(found, dict) or expected.keys() != found.keys():
                return False
            one, other = expected.pop("value"), found.pop("value")
            if self.exact:
                return same(one, other) and same(expected, found)
            # A picture is the same for 3 and np.int64(3).
            one, other = (v.item() if isinstance(v, np.generic) else v for v in (one, other))
            return same_but_for_rounding(one, other) and same(expected, found)
        except (WireError, ValueError, TypeError, OverflowError, RecursionError):
            return False  # whatever it is, the solution's answer it is not


class GivenCells:
    """The given cells of a week that may be taken as read.

    Args:
        cells: the solution's code cells, all of them.
        written: indices of the cells that students write.
    """

    def __init__(self, cells: Sequence[CellSource], written: Collection[int]) -> None:
        self._cells = list(cells)
        self._order = [cell.source for cell in cells if cell.index not in written]
        self._sources = set(self._order)
        self._students = {name for cell in cells if cell.index in written for name in _defined_by(cell)}
        self._imports = set().union(*(_imports(source) for source in self._order))
        lent = set().union(*(_imports(cell.source) for cell in cells if cell.index in written))
        self._lent = {name: (name, what) for name, what in lent - self._imports}
        self._usual = self._imports | lent
        self._known: dict[str, Given] = {}
        self._binders: dict[str, list[CellSource]] = {}
        """Given cells by the names that they define."""
        for cell in cells:
            names = names_of(cell.source)
            if cell.index not in written and names is not None:
                for name in names.binds - names.imports:
                    self._binders.setdefault(name, []).append(cell)

    @property
    def functions(self) -> list[str]:
        """Names that students define."""
        return sorted(self._students)

    def watches(self, cell: CellSource) -> bool:
        """Whether there is anything to be learnt from a cell of the solution."""
        return self.has(cell) and names_of(cell.source) is not None

    def has(self, cell: CellSource) -> bool:
        """Whether a cell is one of the course's own."""
        return cell.source in self._sources

    def questions(self, cell: CellSource, calls: Sequence[bytes]) -> list[bytes]:
        """Requests for all that a cell takes from the student: values, and the calls in their order."""
        return [*map(_look_at, self._wanted(cell)), *calls]

    def _wanted(self, cell: CellSource) -> list[str]:
        """Names of students that a cell uses, itself or through what other given cells define."""
        return sorted(self._uses(cell) & self._students)

    def _uses(self, cell: CellSource) -> set[str]:
        """Names that have to stand for what they stood for on the solution."""
        uses = set(read_from_before(cell.source))
        for helper in self._helpers(cell):
            names = names_of(helper.source)
            uses |= read_from_before(helper.source) | (names.binds if names is not None else set())
        return uses

    def _helpers(self, cell: CellSource) -> list[CellSource]:
        """Given cells whose functions and values a cell uses, and those that these use, and so on."""
        found: list[CellSource] = []
        todo = [cell]
        while todo:
            for name in read_from_before(todo.pop().source):
                for helper in self._binders.get(name, ()):
                    if helper not in found and helper is not cell:
                        found.append(helper)
                        todo.append(helper)
        return found

    def learn(
        self, cell: CellSource, frames: Sequence[bytes], replies: Sequence[bytes], shown: CellOutcome
    ) -> None:
        """Take down what a cell did on the solution, if that is all that it does."""
        names = names_of(cell.source)
        if not self.has(cell) or names is None or self._order.count(cell.source) > 1:
            return
        if sum(map(len, frames)) > _MOST_BYTES or sum(map(len, replies)) > _MOST_BYTES:
            return
        for other in self._cells:
            text = _MAGIC.sub("", other.source)
            if other.index != cell.index and (names_of(text) is None or names.binds & read_from_before(text)):
                return
        # What a function is called, or says of itself, is not asked for: it may only be called.
        mere = {
            name
            for name, reply in zip(self._wanted(cell), replies, strict=False)
            if decode_frame(reply).get("value") == FUNCTION
        }
        if any(mere & _otherwise_than_called(one.source) for one in (cell, *self._helpers(cell))):
            return
        # A figure says no more than its size in text.
        figure = {"image/png", "text/plain"}
        pictures = all({*output.get("data", ())} == figure for output in shown.outputs)
        self._known[cell.source] = Given(
            uses=frozenset(self._uses(cell) - self._students),
            binds=names.binds,
            frames=tuple(frames),
            answers=tuple(replies),
            outputs=shown.outputs,
            exact=not pictures,
        )

    def of(self, cells: Sequence[CellSource]) -> dict[int, Given]:
        """Those that a submission has as they were given, by their index."""
        if [cell.source for cell in cells if self.has(cell)] != self._order:
            return {}
        uses: set[str] = set()
        binds: set[str] = set()
        imports: set[tuple[str, str]] = set()
        for cell in cells:
            if not self.has(cell):
                imports |= _imports(cell.source)
                names = names_of(cell.source)
                if names is None or names.obscure:
                    return {}
                uses |= names.uses
                usual = _imports(cell.source) & self._usual
                binds |= names.binds - (names.imports & {name for name, _ in usual})
                binds |= {name for match in _CHANGED.finditer(cell.source) for name in match.groups() if name}
        return {
            cell.index: given
            for cell in cells
            if (given := self._known.get(cell.source)) is not None
            and not cell.skip
            and not (given.binds & uses or given.uses & binds)
            and {self._lent[name] for name in given.uses & self._lent.keys()} <= imports
        }


def _look_at(name: str) -> bytes:
    return b"".join(encode({"op": "look", "target": name}))


def _otherwise_than_called(source: str) -> set[str]:
    """Names that a text mentions in other places than where it calls them."""
    tree = ast.parse(_MAGIC.sub("", source))
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called}


def _defined_by(cell: CellSource) -> set[str]:
    names = names_of(cell.source)
    return set(names.binds - names.imports) if names is not None else set()


@lru_cache(maxsize=512)
def _imports(source: str) -> frozenset[tuple[str, str]]:
    """What a cell imports at its outermost level: the name, and what it stands for."""
    found = set()
    if len(source) <= _LONGEST and re.search(r"^(import|from) ", source, re.M):
        try:
            body = ast.parse(source).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return frozenset()
        for statement in body:
            if isinstance(statement, ast.Import):
                found |= {
                    (a.asname or a.name.split(".")[0], a.name if a.asname else "") for a in statement.names
                }
            elif isinstance(statement, ast.ImportFrom):
                found |= {(a.asname or a.name, f"{statement.module}.{a.name}") for a in statement.names}
    return frozenset(found)
