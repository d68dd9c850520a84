"""Patterns over strangers' text: whatever it is, matching takes time in proportion to its length.

The engine is RE2, which runs an automaton over the text and never goes back; that is why it has neither
lookaround nor backreferences. ``re`` tries one way after another instead, and a text can be made for many
a harmless-looking pattern with which that takes until the end of days. So ``re`` is for our own text (the
course's files); a test says which modules may import it.

One search is linear by the engine. Several in a row (:meth:`Pattern.finditer`, :meth:`Pattern.sub`) are,
if none looks much further than what it takes: a pattern for these ends with what bounds it, or with
``\\z`` as the alternative (an open quote reaches to the end of the text).

RE2's ``\\w``, ``\\d``, ``\\s`` and ``\\b`` know ASCII only: :data:`LETTER` is what Python takes for ``\\w``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import re2

LETTER = r"[\pL\pM\pN_]"
"""A letter, digit or underscore of any script, as Python's names have them."""


class Match:
    """What a pattern found; as in :mod:`re`, ``found[1]`` is a group, None where it took no part."""

    def __init__(self, found: Any) -> None:
        self._found = found

    def __getitem__(self, group: int | str) -> Any:
        return self._found[group]

    def start(self) -> int:
        """Where it begins."""
        return int(self._found.start())

    def end(self) -> int:
        """Where it ends."""
        return int(self._found.end())

    def groups(self) -> tuple[Any, ...]:
        """All groups."""
        return tuple(self._found.groups())

    @property
    def lastgroup(self) -> str | None:
        """Name of the group that took part last."""
        name: str | None = self._found.lastgroup
        return name


class Pattern:
    """A regular expression in RE2's syntax.

    Args:
        pattern: the expression.
        any_case: capitals and small letters are the same.
        lines: ``^`` and ``$`` are at the ends of each line.
        dot_all: the dot stands for a line's end, too.
    """

    def __init__(
        self, pattern: str, *, any_case: bool = False, lines: bool = False, dot_all: bool = False
    ) -> None:
        flags = "".join(flag for flag, on in (("i", any_case), ("m", lines), ("s", dot_all)) if on)
        self.pattern = f"(?{flags}){pattern}" if flags else pattern
        options = re2.Options()
        options.log_errors = False
        self._text = re2.compile(self.pattern, options)

    def search(self, text: str) -> Match | None:
        """The first place that matches."""
        return _found(self._text.search(sound(text)))

    def match(self, text: str) -> Match | None:
        """A match at the beginning."""
        return _found(self._text.match(sound(text)))

    def fullmatch(self, text: str) -> Match | None:
        """A match of all of the text."""
        return _found(self._text.fullmatch(sound(text)))

    def finditer(self, text: str) -> Iterator[Match]:
        """All places that match, one after another."""
        return map(Match, self._text.finditer(sound(text)))

    def sub(self, by: str | Callable[[Match], str], text: str) -> str:
        """The text with every match replaced: by this text, as it is, or by what the function makes of it."""
        text = sound(text)
        parts, end = [], 0
        for found in self.finditer(text):
            parts += [text[end : found.start()], by if isinstance(by, str) else by(found)]
            end = found.end()
        return "".join([*parts, text[end:]])


_KOREAN = Pattern("[가-힣]")


@functools.cache
def _whole(word: str) -> Pattern:
    return Pattern(rf"(?:\A|[^\pL\pM\pN_]){word}(?:[^\pL\pM\pN_]|\z)")


def has_word(text: str, word: str) -> bool:
    """Whether a word, made of letters, stands in a text as a word of its own."""
    return _whole(word).search(text) is not None


def is_korean(text: str) -> bool:
    """Whether there is a Korean syllable in the text."""
    return _KOREAN.search(text) is not None


def sound(text: str) -> str:
    """The text with lone surrogates, which no encoding knows, replaced one for one."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)
    return text


def _found(match: Any) -> Match | None:
    return None if match is None else Match(match)
