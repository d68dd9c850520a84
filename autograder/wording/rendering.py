"""The grader's messages as people read them."""

from __future__ import annotations

from autograder.examination import Notice
from autograder.messages import Language, Message
from autograder.patterns import Pattern
from autograder.wording.text import plain, tidy

FOR_STUDENTS = frozenset(
    {
        *("edited-cell", "cell-type", "cell-metadata", "found-cell", "found-elsewhere", "lost-answer"),
        *("missing-cell", "duplicate-cell", "unknown-cell", "old-format", "new-format", "foreign-notebook"),
    }
)
"""Codes of notices that a student may read; the others are for the TA."""


def notice(of: Notice, language: Language) -> str | None:
    """A notice for the student; None if it is none of the student's business."""
    return of.text.in_(language) if of.code in FOR_STUDENTS else None


def said(message: Message, language: Language) -> str:
    """A message as plain text: what a stranger wrote in it has lost its tricks, numbers their noise."""
    return tidy(plain(message.in_(language)))


_WORD_FIRST = Pattern(r"[a-z]+[ ,]")


def sentence(text: str) -> str:
    """A message with a capital and a full stop, if it begins with a word."""
    if _WORD_FIRST.match(text):
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?", ")", "…")) or "\n" in text else f"{text}."
