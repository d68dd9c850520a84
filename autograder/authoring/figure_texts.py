"""What stands in a figure, in Korean where the reader's computer can draw Hangul.

matplotlib draws boxes for letters that its font has not, and many computers have no font with Hangul. So a
Korean release has both: ``title("one image")`` becomes ``title(in_figure("이미지 하나", "one image"))``.
:data:`IN_FIGURE`, at the end of the notebook's first code cell, chooses a font and then the language.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

IN_FIGURE = '''


# 그림에 쓸 한글 글꼴
from matplotlib import font_manager, rcParams

HANGUL = ["Noto Sans CJK KR", "Noto Sans CJK JP", "Noto Sans KR", "NanumGothic", "Nanum Gothic"]
HANGUL += ["NanumBarunGothic", "Malgun Gothic", "Apple SD Gothic Neo", "AppleGothic"]
HANGUL = [name for name in HANGUL if name in font_manager.get_font_names()]
if HANGUL:
    rcParams["font.family"] = [HANGUL[0], "DejaVu Sans"]


def in_figure(korean, english):
    """그림에 쓸 글: 한글 글꼴로 그리면 한국어, 없으면 영어."""
    return korean if rcParams["font.family"][0] in HANGUL else english
'''
"""What a Korean notebook chooses with. The font comes first: an Axes keeps the one that it was made with."""

_CALLS = {
    *("title", "xlabel", "ylabel", "suptitle", "set_title", "set_xlabel", "set_ylabel"),
    *("text", "annotate", "legend"),
}
_KEYWORDS = {"title", "xlabel", "ylabel", "label", "labels"}
_WORD = re.compile(r"[A-Za-z]{2,}")
_SEVERAL_WORDS = re.compile(r"\S +[A-Za-z]{2,}|[A-Za-z]{2,} +\S")
_LITERAL = re.compile(r"""(?P<opening>[A-Za-z]*(?P<quote>\"{3}|'{3}|["']))(?P<text>.*)(?P=quote)""", re.S)


@dataclass(frozen=True)
class Literal:
    """A whole string of a cell's source.

    Attributes:
        text: what stands between its quotes, as it is written.
        start: where it begins, its quotes included, in bytes of UTF-8.
        end: where it ends.
        opening: its prefix and its first quotes.
        closing: its last quotes.
        is_shown: whether it is text of a figure for all that can be seen: handed to a title, a label, a
            legend or a text, or several words that are not printed or raised.
    """

    text: str
    start: int
    end: int
    opening: str
    closing: str
    is_shown: bool

    def holding(self, text: str) -> str:
        """The literal with another text."""
        return f"{self.opening}{text}{self.closing}"


def literals(source: str) -> Iterator[Literal]:
    """The strings of a cell, in order; none of a cell that is no Python."""
    try:
        module = ast.parse(source)
    except SyntaxError:  # a magic
        return
    raw = source.encode("utf-8")
    lengths = [len(line) for line in raw.splitlines(keepends=True)]
    starts = [sum(lengths[:number]) for number in range(len(lengths))]
    for node, is_shown in _strings(module, shown=False):
        assert node.end_lineno is not None and node.end_col_offset is not None
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        if found := _LITERAL.fullmatch(raw[start:end].decode("utf-8")):
            wanted = {True: _WORD, None: _SEVERAL_WORDS, False: None}[is_shown]
            told = wanted is not None and wanted.search(_said(node)) is not None
            yield Literal(found["text"], start, end, found["opening"], found["quote"], told)


def in_both(source: str, twins: Mapping[str, str], everywhere: Collection[str] = ()) -> str:
    """A cell with its figures' texts in Korean and English.

    Args:
        source: of the cell.
        twins: Korean by English, each as it is written between its quotes. What is alike stays as it is.
        everywhere: texts that are a figure's wherever they stand, though no place of theirs says so.
    """
    raw = source.encode("utf-8")
    for literal in sorted(literals(source), key=lambda each: -each.start):
        korean = twins.get(literal.text, literal.text)
        if korean != literal.text and (literal.is_shown or literal.text in everywhere):
            both = f"in_figure({literal.holding(korean)}, {literal.holding(literal.text)})"
            raw = raw[: literal.start] + both.encode("utf-8") + raw[literal.end :]
    return raw.decode("utf-8")


def _strings(
    node: ast.AST, *, shown: bool | None
) -> Iterator[tuple[ast.Constant | ast.JoinedStr, bool | None]]:
    """Strings below a node, and whether each is shown in a figure; None where only its words can tell."""
    for child in ast.iter_child_nodes(node):
        below = shown
        if isinstance(child, ast.JoinedStr) or (
            isinstance(child, ast.Constant) and isinstance(child.value, str)
        ):
            yield child, shown
            continue
        if isinstance(child, ast.stmt):
            is_said = isinstance(child, ast.Raise | ast.Assert)
            is_docstring = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            below = False if is_said or is_docstring else None
        elif isinstance(child, ast.keyword):
            below = child.arg in _KEYWORDS
        elif isinstance(child, ast.Call):
            name = getattr(child.func, "attr", getattr(child.func, "id", ""))
            below = True if name in _CALLS else False if name == "print" or shown is False else None
        yield from _strings(child, shown=below)


def _said(node: ast.Constant | ast.JoinedStr) -> str:
    """The words of a string without what is filled in."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return " ".join(str(part.value) for part in parts if isinstance(part, ast.Constant))
