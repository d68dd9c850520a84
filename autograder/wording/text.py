"""Text as it may be shown: a stranger's without tricks, numbers without noise, backticks as code."""

from __future__ import annotations

from markupsafe import Markup, escape

from autograder.patterns import Pattern

_NUMBER = Pattern(r"-?[0-9]+\.[0-9]{9,}(?:e[+-]?[0-9]+)?")
_CODE = Pattern(r"`([^`]+)`")


def tidy(text: str) -> str:
    """The text without digits that are only rounding: 39.169999999999995 becomes 39.17."""
    return _NUMBER.sub(lambda found: f"{float(found[0]):.10g}", text)


def prose(text: str) -> Markup:
    """The text escaped, with what stands in backticks set as code."""
    return Markup(_CODE.sub(lambda found: f"<code>{found[1]}</code>", str(escape(plain(text)))))  # noqa: S704


# Strangers' text

_ANSI = Pattern(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_LONG_CODE = Pattern(r"\x1b\[[^@-~]{30}")
_DIRECTION = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def plain(text: str, limit: int = 4000) -> str:
    """A stranger's text without terminal codes, control characters and marks that turn the direction."""
    text = _ANSI.sub("", text[: 2 * limit])
    kept = "".join(c if (c.isprintable() and c not in _DIRECTION) or c in "\n\t" else "\ufffd" for c in text)
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"


def without_colours(text: str, *, at_most: int) -> str:
    """The text as it is if it has no more terminal codes than this, and no long ones; else without any."""
    if text.count("\x1b") <= at_most and not _LONG_CODE.search(text):
        return text
    return _ANSI.sub("", text).replace("\x1b", "\ufffd")


def one_line(text: str, limit: int = 200) -> str:
    """The same on one line, for a terminal or a table."""
    return " ".join(plain(text, limit).split())
