"""A stranger's HTML brought into an order that every parser reads in one pass.

Browsers mend what is out of order: they open again what was closed too early, move what a table cannot
hold, look through all that is open. A text can be made for which that takes the square of its length and
more, in ``html5ever`` (nh3) as in a browser. So the mending is done here, and simply: one pass over the
text, in which elements are closed before something comes that would make a parser close them, nothing is
nested more deeply than :data:`DEPTH`, and tags, attributes and text are written anew. Nothing here decides
what is harmless: that is :mod:`autograder.markup.harmless`'s.

What is dropped: tags that are not asked for (their text stays), scripts, style sheets, comments.
"""

from __future__ import annotations

import re2

DEPTH = 40
"""Elements inside one another; tags beyond are left out. A page of Jupyter's own has some ten."""
ATTRIBUTES = 12
"""Attributes of a tag that are read."""

_DROPPED = {b"script", b"style"}
_VOID = {"br", "col", "hr", "img", "source", "wbr"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_BLOCKS = _HEADINGS | {
    *("article", "aside", "blockquote", "center", "details", "div", "dl", "figcaption", "figure", "footer"),
    *("header", "hgroup", "hr", "li", "nav", "ol", "p", "pre", "summary", "table", "ul", "dd", "dt"),
}
_PARTS = {
    **{name: {"table"} for name in ("caption", "colgroup", "thead", "tbody", "tfoot")},
    "col": {"table", "colgroup"},
    "tr": {"table", "thead", "tbody", "tfoot"},
    **{name: {"table", "thead", "tbody", "tfoot", "tr"} for name in ("td", "th")},
}
"""Parts of a table, and in what they may stand."""
_CELLS = {"caption", "td", "th"}
_STRUCTURE = {"table", "thead", "tbody", "tfoot", "tr", "colgroup"}
_ENDED = {
    **{name: {"p"} for name in _BLOCKS},
    **{name: {"p"} | _HEADINGS for name in _HEADINGS},
    "li": {"p", "li"},
    **{name: {"p", "dd", "dt"} for name in ("dd", "dt")},
    **{name: {"rb", "rt", "rtc", "rp"} for name in ("rb", "rt", "rtc", "rp")},
    "a": {"a"},
}
"""What a start tag ends: these, with all inside, up to where they can be seen from."""
_WALLS = _CELLS | {"table"}
_LISTS = {"ol", "ul", "dl"}

_NAME = re2.compile(rb"</?([A-Za-z][^\t\n\f\r />]*)")
_ATTRIBUTE = re2.compile(
    rb"[\t\n\f\r /]*(?:(>)|([^\t\n\f\r />][^\t\n\f\r />=]*)"
    rb"(?:[\t\n\f\r ]*=[\t\n\f\r ]*"
    rb"(?:\"([^\"]*)(?:\"|\z)|'([^']*)(?:'|\z)|([^\t\n\f\r >\"'][^\t\n\f\r >]*))?)?)"
)


class TooMuch(ValueError):
    """The text has more tags than somebody could want to look at."""


def well_formed(html: str, tags: frozenset[str] | set[str], most: int) -> str:
    """The HTML with these tags alone, in good order.

    Args:
        html: a stranger's.
        tags: names of the elements that stay.
        most: start tags that are read.

    Raises:
        TooMuch: there are more.
    """
    data = html.encode("utf-8", "replace")
    lower = data.lower()
    tree = _Tree()
    place, count = 0, 0
    while (start := data.find(b"<", place)) >= 0:
        tree.text(data[place:start])
        found = _NAME.match(data, start)
        if found is None:
            place = _beyond_no_tag(data, start, tree)
            continue
        attributes, place = _attributes(data, found.end())
        if place < 0:
            break  # a tag without an end: nothing of it, nor after it, is shown by browsers either
        name = found[1].lower()
        if data[start + 1 : start + 2] == b"/":
            tree.end(_decoded(name))
        elif name in _DROPPED:
            place = lower.find(b"</" + name, place)
            if place < 0:
                break
        elif (tag := _decoded(name)) in tags:
            count += 1
            if count > most:
                raise TooMuch(f"more than {most} tags")
            tree.start(tag, attributes)
    if place >= 0 and start < 0:
        tree.text(data[place:])
    return tree.done()


def _beyond_no_tag(data: bytes, start: int, tree: _Tree) -> int:
    """Where reading goes on after a ``<`` that begins no tag."""
    if data.startswith(b"<!--", start):
        end = data.find(b"-->", start + 2)
        return end + 3 if end >= 0 else len(data)
    if data[start + 1 : start + 2] in (b"!", b"?", b"/"):
        end = data.find(b">", start)
        return end + 1 if end >= 0 else len(data)
    tree.text(b"&lt;")
    return start + 1


def _attributes(data: bytes, place: int) -> tuple[list[tuple[bytes, bytes]], int]:
    """A tag's attributes, and where reading goes on; -1 if the tag has no end."""
    found: list[tuple[bytes, bytes]] = []
    while (part := _ATTRIBUTE.match(data, place)) is not None:
        place = part.end()
        if part[1]:
            return found, place
        if len(found) < ATTRIBUTES:
            value = next((part[n] for n in (3, 4, 5) if part[n] is not None), b"")
            found.append((part[2].lower(), value))
    return found, -1


class _Tree:
    """What is open, and what has been written."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._written: list[str] = []

    def text(self, text: bytes) -> None:
        """Text between tags; entities in it stay what they are."""
        if text:
            if self._structure() and text.strip():
                self._leave_table()
            self._written.append(_decoded(text).replace("<", "&lt;"))

    def start(self, name: str, attributes: list[tuple[bytes, bytes]]) -> None:
        """A start tag."""
        if name in _PARTS:
            if not self._make_room(name):
                return
        else:
            if self._structure():
                self._leave_table()
            self._close_what_ends(name)
        if name not in _VOID and len(self._open) >= DEPTH:
            return
        written = "".join(f' {_plain(key)}="{_quoted(value)}"' for key, value in attributes if _plain(key))
        self._written.append(f"<{name}{written}>")
        if name not in _VOID:
            self._open.append(name)

    def end(self, name: str) -> None:
        """An end tag; one of nothing that is open here is left out."""
        walls = {"table"} if name in _PARTS or name == "table" else _WALLS
        self._close({name}, walls - {name})

    def done(self) -> str:
        """All that was written, everything closed."""
        self._close_to(0)
        return "".join(self._written)

    def _structure(self) -> bool:
        """Whether the innermost element is a part of a table that holds only other parts."""
        return bool(self._open) and self._open[-1] in _STRUCTURE

    def _leave_table(self) -> None:
        """Close the table, as something comes that has no place in it."""
        while self._structure():
            self._close_to(len(self._open) - 1)

    def _make_room(self, name: str) -> bool:
        """Close what stands between a part of a table and what it belongs into; False if that is nowhere."""
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place] in _PARTS[name]:
                self._close_to(place + 1)
                return True
            if self._open[place] == "table":
                break
        return False

    def _close_what_ends(self, name: str) -> None:
        walls = _WALLS | (_LISTS if name in ("li", "dd", "dt") else set())
        while self._close(_ENDED.get(name, set()), walls):
            pass

    def _close(self, names: set[str], walls: set[str]) -> bool:
        """Close the innermost element of these names, if none of the walls stands before it."""
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place] in names:
                self._close_to(place)
                return True
            if self._open[place] in walls:
                break
        return False

    def _close_to(self, count: int) -> None:
        while len(self._open) > count:
            self._written.append(f"</{self._open.pop()}>")


def _plain(key: bytes) -> str:
    """An attribute's name, empty if it is none that HTML knows."""
    name = _decoded(key)
    return name if name.isascii() and name.replace("-", "").isalnum() else ""


def _quoted(value: bytes) -> str:
    return _decoded(value).replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "replace")
