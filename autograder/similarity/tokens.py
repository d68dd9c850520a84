"""Code as a row of tokens that stays the same when names, strings and layout change."""

from __future__ import annotations

import ast
import builtins
import io
import keyword
import token
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

from autograder.patterns import LETTER, Pattern, sound

LONGEST = 100_000
"""Characters of a submission that are compared: an assignment takes some ten thousand."""
_LONGEST_LINE = 1_000
"""Characters of a line that is compared: Python's tokenizer goes back in longer ones."""
UNSEEN = 8
"""Students imagined besides the class: of three students, three with the same are not "everybody"."""


@dataclass(frozen=True)
class Cell:
    """A cell that a student wrote; ``name`` is its grade id, empty for one of the student's own."""

    name: str
    source: str


@dataclass(frozen=True)
class Token:
    """A token that counts: as which letter, and where it stands in the cell's text."""

    letter: str
    start: int
    end: int


# -- tokens -------------------------------------------------------------------------------------

_SKIPPED = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}
_MAGIC = Pattern(r"^[ \t]*[%!?].*$", lines=True)
_COMMENT = Pattern(r"#.*$", lines=True)
_WORD = Pattern(
    rf"(?P<number>[0-9](?:{LETTER}|\.)*)|(?P<name>{LETTER}+)|(?P<string>\"[^\"\n]*\"|'[^'\n]*')|\S"
)
FAMILIAR = frozenset({*dir(builtins), *keyword.kwlist, "np", "numpy", "plt", "math"})
_NAME, _STRING = "<name>", "<string>"


class Alphabet:
    """A letter for each kind of token: fingerprints are made of text."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}

    def letter(self, kind: str) -> str:
        if kind not in self._letters:
            self._letters[kind] = chr(0x4E00 + len(self._letters) % 0x5000)
        return self._letters[kind]


def tokens_of(source: str, familiar: frozenset[str], alphabet: Alphabet) -> list[Token]:
    """The tokens that count, in order.

    Args:
        source: of a cell.
        familiar: names that every student has to use; all others count as the same name.
        alphabet: shared by all that are compared.
    """
    source = sound(source).replace("\r\n", " \n").replace("\r", "\n")
    source = _MAGIC.sub(lambda line: " " * len(line[0]), source)
    source = "".join(
        line if len(line) <= _LONGEST_LINE else " " * (len(line) - 1) + "\n"
        for line in source.splitlines(keepends=True)
    )
    try:
        found = list(_python_tokens(source))
    except (tokenize.TokenError, SyntaxError, ValueError):
        found = list(_words(source))
    dropped = iter(sorted(_beside_the_point(source)))
    first, last = next(dropped, (len(source), len(source)))
    tokens = []
    before = ""
    for kind, text, start, end in found:
        while start >= last and first < len(source):
            first, last = next(dropped, (len(source), len(source)))
        if first <= start < last:
            continue
        if kind == "name" and before != "." and text not in familiar:
            text = _NAME
        elif kind == "string":
            text = _STRING
        tokens.append(Token(alphabet.letter(text), start, end))
        before = text
    return tokens


def _python_tokens(source: str) -> Iterator[tuple[str, str, int, int]]:
    lines = [0]
    for line in source.splitlines(keepends=True):
        lines.append(lines[-1] + len(line))
    kinds = {tokenize.NAME: "name", tokenize.STRING: "string"}
    for found in tokenize.generate_tokens(io.StringIO(source).readline):
        if found.type in _SKIPPED:
            continue
        start = lines[found.start[0] - 1] + found.start[1]
        end = lines[found.end[0] - 1] + found.end[1]
        middle = token.tok_name.get(found.type, "")
        kind = "string" if middle.startswith("FSTRING") else kinds.get(found.type, "")
        yield kind, found.string, start, end


def _words(source: str) -> Iterator[tuple[str, str, int, int]]:
    """Tokens of a cell that is no Python."""
    source = _COMMENT.sub(lambda line: " " * len(line[0]), source)
    for found in _WORD.finditer(source):
        yield found.lastgroup or "", found[0], found.start(), found.end()


def _beside_the_point(source: str) -> list[tuple[int, int]]:
    """Where docstrings and annotations stand."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    lines = source.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)

    def offset(number: int, column: int) -> int:
        return starts[number - 1] + len(lines[number - 1].encode()[:column].decode(errors="replace"))

    found: list[tuple[str, ast.expr]] = []  # what comes before it and goes with it, and the expression
    for inner in ast.walk(tree):
        if isinstance(inner, ast.arg | ast.AnnAssign) and inner.annotation is not None:
            found.append((":", inner.annotation))
        elif isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and inner.returns is not None:
            found.append(("->", inner.returns))
        elif (
            isinstance(inner, ast.Expr)
            and isinstance(inner.value, ast.Constant)
            and isinstance(inner.value.value, str)
        ):
            found.append(("", inner.value))
    parts = []
    for mark, expression in found:
        start = offset(expression.lineno, expression.col_offset)
        end = offset(expression.end_lineno or expression.lineno, expression.end_col_offset or 0)
        before = source.rfind(mark, max(0, start - _LONGEST_LINE), start) if mark else start
        parts.append((before if before >= 0 else start, end))
    return parts
