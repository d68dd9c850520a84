"""Names that a notebook used again for something else, and the sentence that says so.

Names count after the last cell. What is known of earlier cells comes from the candidate: it makes a sentence,
and decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_KINDS = {
    "function": "a function",
    "class": "a class",
    "module": "a module",
    "number": "a number",
    "str": "a text",
    "list": "a list",
    "tuple": "a tuple",
    "dict": "a dictionary",
    "set": "a set",
    "ndarray": "an array",
    "nothing": "nothing",
    "other": "something else",
    "gone": "",
}
_MOST = 200
_CONSEQUENCE = "names count after the last cell"


@dataclass(frozen=True)
class Change:
    """A name that stands for something else after the last cell than it did before.

    Attributes:
        name: of the notebook.
        was: what it stood for, one of the kinds that :mod:`autograder.candidate.names` knows.
        since: the cell that had made it so; 0 for what Python itself means by the name.
        now: what it stands for, likewise.
        cell: the cell that changed it.
    """

    name: str
    was: str
    since: int
    now: str
    cell: int

    def __str__(self) -> str:
        before = f"was {_KINDS[self.was]} after cell {self.since}" if self.since else "is Python's own"
        if self.now == "gone":
            after = "deleted it"
        elif self.now == self.was:
            after = f"made another {self.now} of it"
        else:
            after = f"made {_KINDS[self.now]} of it"
        return f"`{self.name}` {before}, and cell {self.cell} {after}: {_CONSEQUENCE}"


def changes_told(told: Any) -> dict[str, Change]:
    """What a candidate says of its names, as far as it is of the right form."""
    found = {}
    for name, entry in list(told.items())[:_MOST] if isinstance(told, dict) else ():
        if not (isinstance(name, str) and name.isidentifier() and len(name) <= 100):
            continue
        if not (isinstance(entry, list) and [type(item) for item in entry] == [str, int, str, int]):
            continue
        was, since, now, cell = entry
        if was in _KINDS and now in _KINDS and 0 <= since <= 10**6 and 0 < cell <= 10**6:
            found[name] = Change(name, was, since, now, cell)
    return found
