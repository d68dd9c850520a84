"""The outputs of one cell, as nbformat has them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

_ITEM = 64
"""Bytes that an output takes as JSON beside what it shows, or more."""
_LEFT_OUT = json.dumps(
    {
        "output_type": "stream",
        "name": "stderr",
        "text": "An output is left out: it is too large, or cannot be written as JSON.\n",
    }
).encode()


class CellTimeLimit(BaseException):
    """Raised in a cell when its time is up; not an Exception, so that ``except Exception`` lets it pass."""


class OutputLimit(BaseException):
    """Raised in a cell that wrote more than the submission may."""


class Outputs:
    """The nbformat outputs of one cell, in the order in which they came.

    Args:
        room: bytes that the submission may still write.
    """

    def __init__(self, room: int) -> None:
        self.items: list[dict[str, Any]] = []
        self.room = self._most = room
        self.overflowed = False

    def stream(self, name: str, text: str) -> None:
        """Add text to stdout or stderr, merged with what came just before on the same stream."""
        last = self.items[-1] if self.items else None
        parts = last["parts"] if last is not None and last.get("name") == name else None
        if parts is None:
            self._take(_ITEM)
            parts = []
            self.items.append({"output_type": "stream", "name": name, "parts": parts})
        size = _size(text)
        if size > self.room:
            parts.append(_beginning(text, self.room))  # it may tell what it is
        self._take(size)
        parts.append(text)

    def add(self, output: dict[str, Any]) -> None:
        """Add a display, result or error output."""
        shown = (*output.get("data", {}).values(), output.get("metadata", ""))
        self._take(_ITEM + sum(_size(str(value)) for value in shown))
        self.items.append(output)

    def clear(self) -> None:
        """What ``clear_output`` asks for."""
        self.items.clear()

    def overflow(self) -> NoReturn:
        """There is more than may be written.

        Raises:
            OutputLimit: always.
        """
        self.overflowed = True
        raise OutputLimit

    def _take(self, size: int) -> None:
        if self.overflowed:
            raise OutputLimit
        self.room -= size
        if self.room < 0:
            self.overflow()

    def finished(self) -> list[dict[str, Any]]:
        """The outputs with their streams' text joined, ready for nbformat.

        Of a cell that broke the limit no more is kept than leaves room for the cells that follow: those are
        not to blame, and may define what is graded.
        """
        result = self._joined()
        if not self.overflowed:
            return result
        left = self._most // 2
        self.room = self._most - left
        kept = []
        for item in result:
            if "text" in item:
                item["text"] = _beginning(item["text"], left)
            left -= _size(item["text"] if "text" in item else str(item))
            if left < 0:
                break
            kept.append(item)
        return kept

    def _joined(self) -> list[dict[str, Any]]:
        result = []
        for item in self.items:
            if "parts" in item:
                text = _collapse("".join(item["parts"]))
                result.append({"output_type": "stream", "name": item["name"], "text": text})
            else:
                result.append(item)
        return result


def written(outputs: Iterable[dict[str, Any]], room: int) -> bytes:
    """The outputs as JSON, of not more than ``room`` bytes, as an array.

    What has no room, or cannot be written, is left out, and that is said in its place: a cell's outputs are
    never worth what it defines.
    """
    left = room - len(_LEFT_OUT) - len("[]")
    if left < 0:
        return b"[]"
    items = []
    for item in _items(outputs):
        left -= len(item) + len(", ")
        if left < 0:
            items.append(_LEFT_OUT)
            break
        items.append(item)
    return b"[" + b", ".join(items) + b"]"


def _items(outputs: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Each output as JSON, and of one that cannot be written the remark."""
    for output in outputs:
        try:
            yield json.dumps(output, default=str, ensure_ascii=False).encode("utf-8", "surrogatepass")
        except Exception:  # keys that are no strings, a list that holds itself, whatever a repr does
            yield _LEFT_OUT


def _size(text: str) -> int:
    """Bytes of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _beginning(text: str, size: int) -> str:
    """As much of a text as has so many bytes in UTF-8."""
    return text[:size].encode("utf-8", "surrogatepass")[:size].decode("utf-8", "ignore")


def _collapse(text: str) -> str:
    """What a terminal would still show of a progress bar: the text after each line's last return."""
    if "\r" not in text:
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in lines)
