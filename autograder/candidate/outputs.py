"""The outputs of one cell, as nbformat has them."""

from __future__ import annotations

from typing import Any, NoReturn


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
        if 0 < self.room < len(text):
            self.stream(name, text[: self.room])  # its beginning may tell what it is
        self._take(len(text))
        last = self.items[-1] if self.items else None
        if last is not None and last["output_type"] == "stream" and last["name"] == name:
            last["parts"].append(text)
        else:
            self.items.append({"output_type": "stream", "name": name, "parts": [text]})

    def add(self, output: dict[str, Any]) -> None:
        """Add a display, result or error output."""
        self._take(sum(len(str(value)) for value in output.get("data", {}).values()))
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
                item["text"] = item["text"][:left]
            left -= len(item["text"]) if "text" in item else len(str(item))
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


def _collapse(text: str) -> str:
    """What a terminal would still show of a progress bar: the text after each line's last return."""
    if "\r" not in text:
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in lines)
