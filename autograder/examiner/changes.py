"""Names that a notebook used again for something else, and the sentence that says so.

Names count after the last cell. What is known of earlier cells comes from the candidate: it makes a sentence,
and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autograder.examination import Verdict
from autograder.linear import LETTER, Pattern

if TYPE_CHECKING:
    from autograder.examiner.suite import TestRun

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


def explained(run: TestRun, changes: Mapping[str, Change]) -> str | None:
    """The message of a failed test that a name used again explains; None if none does."""
    outcome = run.outcome
    if outcome.verdict not in (Verdict.FAILED, Verdict.WRONG_TYPE, Verdict.EXCEPTION, Verdict.MISSING):
        return None
    asked = run.missing or (run.calls[-1].function if run.calls else "")
    change = changes.get(asked)
    if change is not None and change.now != "function":
        # Whatever the test made of what is no function is not worth telling.
        return f"{change}\n{outcome.message}" if outcome.verdict is Verdict.EXCEPTION else str(change)
    if outcome.verdict is Verdict.EXCEPTION:
        change = next((changes[name] for name in _used(outcome.message) if name in changes), None)
        return f"{change}\n{outcome.message}" if change is not None else None
    return f"{outcome.message}; {change}" if change is not None else None


_LINE = Pattern(r'^  File "[^"\n]*", line \d+, in [^\n]*\n    ([^\n]*)', lines=True)
_USE = Pattern(rf"({LETTER}+)\s*[(.\[]")


def _used(message: str) -> Iterable[str]:
    """Names that the line uses in which an exception was raised."""
    *_, last = ("", *(found[1] for found in _LINE.finditer(message)))
    return [found[1] for found in _USE.finditer(last)]
