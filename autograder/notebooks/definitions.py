"""Which names a cell's text defines; nothing of it is run.

A release's stub is trusted and parsed. A student's cell is a stranger's text and may not compile: it is read
line by line, in time that grows with its length, which Python's own parser does not promise. Too much or too
little found here costs nobody a point: what a name is worth is asked of the notebook that has run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from nbformat import NotebookNode

from autograder.patterns import LETTER, Pattern

_MOST = 1 << 20
"""Characters of a cell that are read: a million lines take seconds, and no cell of a course has as many."""
_PYTHON_MAGICS = frozenset({"time", "capture", "prun"})
"""Cell magics whose body runs as the cell would; that of others is no Python, or runs elsewhere."""
_MAGIC = Pattern(rf"\s*%%({LETTER}+)[^\n]*")
_STRING_OR_COMMENT = Pattern(
    "|".join(
        (
            *(rf"{quote * 3}(?:\\.|[^\\])*?(?:{quote * 3}|\z)" for quote in "\"'"),
            *(rf"{quote}(?:\\.|[^{quote}\\\n])*{quote}?" for quote in "\"'"),
            r"#[^\n]*",
        )
    ),
    dot_all=True,
)
_DEFINED = Pattern(rf"\s*(?:async\s+)?(?:def|class)\s+({LETTER}+)")
_SCOPE = Pattern(r"(?:async\s+)?(?:def|class)\b|@")
_IMPORTED = Pattern(r"\s*(?:from\s.*?\simport|import)\s([^;]+)")
_OPERATORS = frozenset("=!<>:+-*/%&|^@")
"""In front of an equals sign that gives no name."""
_TARGETS = Pattern(r"[\pL\pM\pN_\s,*()]+")
_CALL = Pattern(rf"{LETTER}\s*\(")
_WORD = Pattern(LETTER + "+")
_NAME = Pattern(rf"[\pL_]{LETTER}*")


def stub_names(source: str) -> frozenset[str]:
    """Names of functions, classes and variables that a released cell defines, imports aside."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # magics, for instance
        return defined_names(source)
    own = (statement for statement in body if not isinstance(statement, ast.Import | ast.ImportFrom))
    return frozenset(name for statement in own for name in names_of(statement))


def names_of(statement: ast.stmt) -> Iterator[str]:
    """Names of functions, classes, variables and imports that a statement defines by itself."""
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield statement.name
        case ast.Import() | ast.ImportFrom():
            yield from (alias.asname or alias.name.partition(".")[0] for alias in statement.names)
        case ast.Assign() | ast.AnnAssign():
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            parts = (part for target in targets for part in ast.walk(target))
            yield from (p.id for p in parts if isinstance(p, ast.Name) and isinstance(p.ctx, ast.Store))


def names_in(notebook: NotebookNode) -> frozenset[str]:
    """Names that the code cells of a notebook define."""
    sources = (cell.source for cell in notebook.cells if cell.cell_type == "code")
    return frozenset[str]().union(*map(defined_names, sources))


def defined_names(source: str) -> frozenset[str]:
    """Names that a student's cell seems to define outside of functions and classes, near its beginning."""
    source = source[:_MOST]
    if magic := _MAGIC.match(source):
        if magic[1] not in _PYTHON_MAGICS:
            return frozenset()
        source = source[magic.end() :]
    return frozenset(_names(_STRING_OR_COMMENT.sub("", source)))


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
            yield from (word[0] for word in _WORD.finditer(line.lstrip()[4:].partition(" in ")[0]))
        else:
            yield from _assigned(line)


def _imported(names: str) -> Iterator[str]:
    for part in names.replace("(", " ").replace(")", " ").split(","):
        if words := part.split():
            yield words[-1].partition(".")[0]


def _assigned(line: str) -> Iterator[str]:
    """The names to the left of each ``=`` of a line."""
    for target in _before_equals(line):
        head, colon, tail = target.partition(":")
        name = tail if colon and not head.strip().isidentifier() else head  # x: int = 1, but if y: x = 1
        if name.strip().isidentifier():
            yield name.strip()
            continue
        # What is called or looked up in front of the sign gets no name.
        if not _TARGETS.fullmatch(name) or _CALL.search(name):
            return
        yield from (word[0] for word in _NAME.finditer(name))


def _before_equals(line: str) -> Iterator[str]:
    """What stands in front of each equals sign of a line that gives a name."""
    start, sign = 0, line.find("=")
    while sign >= 0:
        if line[sign - 1 : sign] not in _OPERATORS and line[sign + 1 : sign + 2] != "=":
            yield line[start:sign]
            start = sign + 1
        sign = line.find("=", sign + 1)
