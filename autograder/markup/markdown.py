"""Markdown to HTML as Jupyter shows it: tables, mathematics left for MathJax, pasted pictures.

nbconvert's renderer takes the square of a text's length for many texts (spaces, ``\\begin{a}``, brackets),
and so do ready-made plugins for mathematics. ``markdown-it-py`` keeps to time in proportion to the length,
and the rules for mathematics here look up in one table where each ends. What comes out is a stranger's
HTML: :mod:`autograder.markup.harmless` makes it harmless.
"""

from __future__ import annotations

import functools
from bisect import bisect_left
from collections.abc import Mapping, MutableMapping, Sequence
from html import escape
from typing import Any
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from autograder.patterns import Match, Pattern

LONGEST = 100_000
"""Characters of a cell that are set as Markdown, pictures aside; what is longer is shown as it stands."""
_NESTING = 20
_REPEATED = 4
"""Times its own length that a text may grow by links and pictures that it names more than once."""

_EMBEDDED = Pattern(r"data:image/(?:png|jpeg|gif);base64,[A-Za-z0-9+/=]{100,}")
_PLACE = Pattern(r"embedded:(\d{1,6}):")
_Env = MutableMapping[str, Any]

_DELIMITER = Pattern(r"(\$+)|\\\\([)\]])|\\end\{([a-z]*\*?)\}")
_ENVIRONMENT = Pattern(r"\\begin\{([a-z]{0,40}\*?)\}")


def render(source: str, attachments: Mapping[str, Mapping[str, str]] | None = None) -> str:
    """The Markdown as HTML, not yet harmless.

    Args:
        source: a stranger's.
        attachments: pictures that it may name, by name and media type, in base64.
    """
    pictures = attachments or {}
    text, embedded = _without_embedded(source)
    if len(text) > LONGEST:
        return _as_it_stands(source)
    env: dict[str, Any] = {"pictures": pictures}
    try:
        tokens = _parser().parse(text, env)
        if _grown(tokens, pictures) > _REPEATED * (len(text) + _size(pictures)) + LONGEST:
            return _as_it_stands(source)
        return _with_embedded(str(_parser().renderer.render(tokens, _parser().options, env)), embedded)
    except (RecursionError, ValueError, IndexError, KeyError):  # a person can still read it
        return _as_it_stands(source)


def _without_embedded(source: str) -> tuple[str, list[str]]:
    """The text with a short mark for each picture that is written out in it, as Colab does, and these."""
    embedded: list[str] = []

    def mark(found: Match) -> str:
        embedded.append(found[0])
        return f"embedded:{len(embedded) - 1}:"

    return _EMBEDDED.sub(mark, source), embedded


def _with_embedded(html: str, embedded: list[str]) -> str:
    """The HTML with the pictures in the places of their marks, each as often as a text may grow."""
    left = [_REPEATED] * len(embedded)

    def picture(found: Match) -> str:
        number = int(found[1])
        if number >= len(embedded) or not left[number]:
            return str(found[0])
        left[number] -= 1
        return embedded[number]

    return _PLACE.sub(picture, html) if embedded else html


def without_pictures(source: str) -> str:
    """The text without the pictures that are written out in it."""
    return _without_embedded(source)[0]


def _as_it_stands(source: str) -> str:
    return f"<pre>{escape(source)}</pre>"


def _grown(tokens: Sequence[Token], pictures: Mapping[str, Mapping[str, str]]) -> int:
    """Characters of all addresses, those of pictures with what they stand for."""
    sizes = {name: sum(map(len, bundle.values())) for name, bundle in pictures.items()}
    total = 0
    for token in tokens:
        for inner in token.children or ():
            address = str(inner.attrs.get("href") or inner.attrs.get("src") or "")
            total += len(address) + len(str(inner.attrs.get("title") or ""))
            total += sizes.get(_attached(address), 0)
    return total


def _size(pictures: Mapping[str, Mapping[str, str]]) -> int:
    return sum(len(data) for bundle in pictures.values() for data in bundle.values())


def _attached(address: str) -> str:
    """The name of the attachment that an address means; empty for any other address."""
    return unquote(address.removeprefix("attachment:")) if address.startswith("attachment:") else ""


@functools.cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": _NESTING}).enable(["table", "strikethrough"])
    parser.block.ruler.before(
        "fence", "math_block", _math_block, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )
    parser.inline.ruler.before("escape", "math", _math)
    parser.validateLink = _any_link  # type: ignore[method-assign, assignment]
    parser.add_render_rule("math", _render_math)
    parser.add_render_rule("image", _render_image)
    return parser


def _any_link(address: str) -> bool:
    """Which addresses are harmless is not decided here."""
    return True


# -- mathematics --------------------------------------------------------------------------------


class _Ends:
    """Where mathematics can end in a text: a list of places for each kind of delimiter."""

    def __init__(self, text: str) -> None:
        self._places: dict[str, list[int]] = {}
        for found in _DELIMITER.finditer(text):
            start, escaped = found.start(), text[found.start() - 1 : found.start()] == "\\"
            if found[1] is None:
                self._add(found[2] or f"\\end{{{found[3]}}}", start)
            elif not escaped:
                self._add("$", start)
                if len(found[1]) > 1:
                    self._add("$$", start)

    def _add(self, kind: str, place: int) -> None:
        self._places.setdefault(kind, []).append(place)

    def after(self, kind: str, place: int) -> int:
        """The first end of this kind at or after a place; -1 if there is none."""
        places = self._places.get(kind, [])
        number = bisect_left(places, place)
        return places[number] if number < len(places) else -1


def _opened(text: str, place: int) -> tuple[str, int, str]:
    """What begins at a place: the kind of its end, where its body begins, and how it is written for MathJax.

    The last is ``$``, ``$$``, or empty where the text is to be left as it is.
    """
    if text.startswith("$$", place):
        return "$$", place + 2, "$$"
    if text.startswith("$", place):
        return "$", place + 1, "$"
    if text.startswith("\\\\[", place):
        return "]", place + 3, "$$"
    if text.startswith("\\\\(", place):
        return ")", place + 3, "$"
    if text.startswith("\\begin{", place) and (found := _ENVIRONMENT.match(text[place : place + 60])):
        return f"\\end{{{found[1]}}}", place + found.end(), ""
    return "", place, ""


_LENGTHS = {"$$": 2, "$": 1, "]": 3, ")": 3}


def _math(state: StateInline, silent: bool) -> bool:
    """Mathematics within a paragraph: a rule of the inline parser."""
    text, start = state.src, state.pos
    if text[start] not in "$\\" or (start and text[start - 1] in "$\\" and text[start] == "$"):
        return False
    kind, body, mark = _opened(text, start)
    if not kind:
        return False
    ends: _Ends | None = getattr(state, "math_ends", None)
    if ends is None:
        ends = _Ends(text)
        state.math_ends = ends  # type: ignore[attr-defined]
    end = ends.after(kind, body + (kind == "$"))
    after = end + _LENGTHS.get(kind, len(kind))
    if end < 0 or after > state.posMax:
        return False
    if not silent:
        token = state.push("math", "", 0)
        token.content = f"{mark}{text[body:end]}{mark}" if mark else text[start:after]
    state.pos = after
    return True


def _math_block(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """Mathematics from the beginning of a line on, blank lines in it included: one paragraph."""
    if state.level or state.is_code_block(start_line):
        return False
    start = state.bMarks[start_line] + state.tShift[start_line]
    if state.src[start : start + 1] not in ("$", "\\"):
        return False
    kind, body, _ = _opened(state.src, start)
    if not kind or kind in "$)":
        return False
    if "math_ends" not in state.env:
        state.env["math_ends"] = _Ends(state.src)
    end = state.env["math_ends"].after(kind, body)
    last = bisect_left(state.eMarks, end)
    if end < 0 or last >= end_line:
        return False
    if silent:
        return True
    state.line = last + 1
    state.push("paragraph_open", "p", 1).map = [start_line, state.line]
    token = state.push("inline", "", 0)
    token.content, token.map, token.children = state.src[start : state.eMarks[last]], [start_line, last], []
    state.push("paragraph_close", "p", -1)
    return True


def _render_math(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: _Env
) -> str:
    return escape(tokens[index].content, quote=False)


def _render_image(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: _Env
) -> str:
    token = tokens[index]
    if name := _attached(str(token.attrs.get("src", ""))):
        kind, data = next(iter(env["pictures"].get(name, {}).items()), ("", ""))
        token.attrs["src"] = f"data:{kind};base64,{data}" if data else ""
    return self.image(tokens, index, options, env)
