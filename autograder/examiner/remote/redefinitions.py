"""Names that a notebook used again for something else, and the sentence that says so.

Names count after the last cell. What is known of earlier cells comes from the candidate: it makes a sentence,
and decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from autograder.messages import Message, fact

_NAMED = ("function", "class", "module", "number", "str", "list", "tuple", "dict", "set", "ndarray")
_KINDS = (*_NAMED, "nothing", "other", "gone")
_MOST = 200


@dataclass(frozen=True)
class Change:
    """A name that stands for something else after the last cell than it did before.

    Attributes:
        name: of the notebook.
        was: what it stood for, one of the kinds that :mod:`autograder.candidate.redefinitions` knows.
        since: the cell that had made it so; 0 for what Python itself means by the name.
        now: what it stands for, likewise.
        cell: the cell that changed it.
    """

    name: str
    was: str
    since: int
    now: str
    cell: int

    @property
    def message(self) -> Message:
        """The change in one sentence."""
        before = fact("was", kind=_kind(self.was), cell=self.since) if self.since else fact("is-pythons")
        if self.now == "gone":
            after = fact("deleted", cell=self.cell)
        elif self.now == self.was and self.now in _NAMED:
            after = fact("made-another", kind=fact(f"kind-{self.now}"), cell=self.cell)
        else:
            after = fact("made", kind=_kind(self.now), cell=self.cell)
        return fact("used-again", name=self.name, before=before, after=after)


def _kind(kind: str) -> Message:
    if kind not in _NAMED:
        return fact("nothing" if kind == "nothing" else "something")
    return fact("an" if kind == "ndarray" else "a", kind=fact(f"kind-{kind}"))


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
