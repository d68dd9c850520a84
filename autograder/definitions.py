"""Which names a cell's text defines; nothing of it is run.

A release's stub is trusted and parsed. A student's cell is a stranger's text and may not compile: it is read
line by line, in time that grows with its length, which Python's own parser does not promise. Too much or too
little found here costs nobody a point: what a name is worth is asked of the notebook that has run.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

_PYTHON_MAGICS = frozenset({"time", "capture", "prun"})
"""Cell magics whose body runs as the cell would; that of others is no Python, or runs elsewhere."""
_MAGIC = re.compile(r"\s*%%(\w+)[^\n]*")
_STRING_OR_COMMENT = re.compile(r"\"\"\"|'''|[\"'#]")
_CLOSINGS = {
    quote: re.compile(rf"\\.|{quote}" + ("" if len(quote) == 3 else r"|\n"), re.S)
    for quote in ('"', "'", '"""', "'''")
}
_DEFINED = re.compile(r"\s*(?:async\s+)?(?:def|class)\s+(\w+)")
_SCOPE = re.compile(r"(?:async\s+)?(?:def|class)\b|@")
_IMPORTED = re.compile(r"\s*(?:from\s.*?\simport|import)\s([^;]+)")
_EQUALS = re.compile(r"(?<![=!<>:+\-*/%&|^@])=(?!=)")
_TARGETS = re.compile(r"[\w\s,*()]+")
_CALL = re.compile(r"\w\s*\(")


def stub_names(source: str) -> frozenset[str]:
    """Names of functions, classes and variables that a released cell defines, imports aside."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # magics, for instance
        return defined_names(source)
    names: set[str] = set()
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(statement.name)
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            parts = (part for target in targets for part in ast.walk(target))
            names |= {p.id for p in parts if isinstance(p, ast.Name) and isinstance(p.ctx, ast.Store)}
    return frozenset(names)


def defined_names(source: str) -> frozenset[str]:
    """Names that a student's cell seems to define outside of functions and classes."""
    if magic := _MAGIC.match(source):
        if magic[1] not in _PYTHON_MAGICS:
            return frozenset()
        source = source[magic.end() :]
    return frozenset(_names(_without_strings(source)))


def _names(text: str) -> Iterator[str]:
    inside = importing = False
    depth = 0
    for line in text.splitlines():
        if not line.strip():
            continue
        scope = _SCOPE.match(line) is not None
        # Text that does not compile may leave a bracket open; a definition begins anew.
        depth, continued = (0, False) if scope else (depth, depth > 0)
        depth = max(depth + sum(map(line.count, "([{")) - sum(map(line.count, ")]}")), 0)
        if continued:
            yield from _imported(line) if importing else ()
            continue
        if not line[0].isspace():
            inside = scope
        elif inside:
            continue
        importing = False
        if found := _DEFINED.match(line):
            yield found[1]
        elif found := _IMPORTED.match(line):
            importing = True
            yield from _imported(found[1])
        elif line.lstrip().startswith("for "):
            yield from re.findall(r"\w+", line.lstrip()[4:].partition(" in ")[0])
        else:
            yield from _assigned(line)


def _imported(names: str) -> Iterator[str]:
    for part in names.replace("(", " ").replace(")", " ").split(","):
        if words := part.split():
            yield words[-1].partition(".")[0]


def _assigned(line: str) -> Iterator[str]:
    """The names to the left of each ``=`` of a line."""
    *targets, _ = _EQUALS.split(line)
    for target in targets:
        head, colon, tail = target.partition(":")
        name = tail if colon and not head.strip().isidentifier() else head  # x: int = 1, but if y: x = 1
        # What is called or looked up in front of the sign gets no name.
        if not _TARGETS.fullmatch(name) or _CALL.search(name):
            return
        yield from re.findall(r"[^\W\d]\w*", name)


def _without_strings(source: str) -> str:
    """The text with strings and comments taken out."""
    kept: list[str] = []
    position = 0
    while found := _STRING_OR_COMMENT.search(source, position):
        kept.append(source[position : found.start()])
        if found[0] == "#":
            position = source.find("\n", found.end())
        else:
            position = _after_string(source, found[0], found.end())
        if position < 0:
            return "".join(kept)
    return "".join([*kept, source[position:]])


def _after_string(source: str, quote: str, start: int) -> int:
    """Where the string that began before ``start`` is over; -1 if it never is."""
    for piece in _CLOSINGS[quote].finditer(source, start):
        if piece[0] == quote:
            return piece.end()
        if piece[0] == "\n":  # not closed on its line
            return piece.start()
    return -1
