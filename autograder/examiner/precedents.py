"""Precedents: a test whose every question was answered before, to the byte, needs no second judgement.

A hidden test is a function of what it is answered: it asks in the same order with the same arguments, its
examples are fixed, and so are the generators. So when a submission passes, its questions are kept together
with a digest of the answers. The next submission is asked all of them at once, one message in place of
dozens, and where its answers are the same bytes the verdict is known. Anything else, an answer that is off
in its last bit included, is judged by the test itself. Only the examiner's own judgement makes a precedent.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from autograder.wire import HEADER, encode

if TYPE_CHECKING:
    from autograder.examiner.suite import TestRun

_MOST_BYTES = 4 << 20
"""Of a test's questions, and of its answers: larger ones are judged each time."""
_MOST_RUNS = 64
"""Sets of answers to one test that are kept, the least recently given forgotten first."""
_MOST_TRUST = 4
_MOST_KEPT = 128 << 20
"""Bytes of answers that all precedents of a suite may keep."""


def _digest(replies: Iterable[bytes | bytearray]) -> bytes:
    result = hashlib.blake2b(digest_size=32)
    for reply in replies:
        result.update(len(reply).to_bytes(8, "big"))
        result.update(reply)
    return result.digest()


class Tape:
    """What one test asked, and was answered, from its beginning.

    Attributes:
        names: the notebook's names that it looked up, with what it found: None if the name is missing,
            otherwise whether it can be called.
        whole: whether it can be asked again in one message.
    """

    def __init__(self) -> None:
        self.names: dict[str, bool | None] = {}
        self.whole = True
        self.size = 0
        self._opening: bytes = b""
        self._requests: list[bytes] = []
        self._replies: list[bytes] = []

    def begin(self, frame: list[Any]) -> None:
        """Note what begins the test."""
        self._opening = b"".join(frame)

    def note(self, frame: list[Any], structure: bytearray, payload: bytearray) -> None:
        """Note one question and the frame that answered it."""
        self.size += sum(map(len, frame)) + len(structure) + len(payload)
        if self.size > _MOST_BYTES:
            self.drop()
        elif self.whole:
            self._requests.append(b"".join(frame))
            head = HEADER.pack(len(structure), len(payload))
            self._replies.append(b"".join((head, structure, payload)))

    def drop(self) -> None:
        """Keep no more of it."""
        self.whole = False
        self._requests.clear()
        self._replies.clear()

    def series(self) -> Series:
        """Its questions, to be asked again."""
        requests = [self._opening, *self._requests]
        return Series(b"".join(encode({"op": "series", "frames": requests})), dict(self.names))

    def answers(self) -> bytes:
        """A digest of its answers."""
        return _digest(self._replies)


@dataclass(frozen=True)
class Series:
    """All questions of a test in one message.

    Attributes:
        frame: the message.
        names: see :class:`Tape`.
    """

    frame: bytes
    names: Mapping[str, bool | None]

    def fits(self, names: Mapping[str, bool]) -> bool:
        """Whether a notebook with these names would be asked these questions first."""
        return all(names.get(name) == kind for name, kind in self.names.items())


class _Case:
    """One test: its questions, and the runs that passed by the digest of their answers.

    Attributes:
        trust: goes up with every run that a precedent decided or would have, and down with every other.
            What each submission answers in its own way, such as where a figure's axes are, is not asked
            in vain for ever.
    """

    def __init__(self, series: Series) -> None:
        self.series = series
        self.trust = _MOST_TRUST
        self.runs: OrderedDict[bytes, tuple[TestRun, int]] = OrderedDict()


class Precedents:
    """The precedents of one suite, by test and seed."""

    def __init__(self) -> None:
        self._cases: dict[tuple[str, int], _Case] = {}
        self._kept = 0

    def series(self, test: str, seed: int) -> Series | None:
        """What to ask for a test, if that is known and often leads to a precedent."""
        case = self._cases.get((test, seed))
        return case.series if case is not None and case.trust > 0 else None

    def decide(self, test: str, seed: int, replies: Iterable[bytes]) -> TestRun | None:
        """The run that the same answers led to before, if they were given before."""
        case = self._cases[test, seed]
        digest = _digest(replies)
        if digest not in case.runs:
            return None
        case.runs.move_to_end(digest)
        case.trust = min(case.trust + 1, _MOST_TRUST)
        return case.runs[digest][0]

    def add(self, test: str, seed: int, tape: Tape, run: TestRun) -> None:
        """Keep a run that passed."""
        if not tape.whole or tape.size == 0 or self._kept + tape.size > _MOST_KEPT:
            return
        series = tape.series()
        case = self._cases.get((test, seed))
        if case is None:
            case = self._cases[test, seed] = _Case(series)
        digest = tape.answers()
        if series == case.series and digest in case.runs:
            case.trust = min(case.trust + 1, _MOST_TRUST)
            return
        case.trust = max(case.trust - 1, -_MOST_TRUST)
        if series == case.series:  # what is asked after other answers is kept of one set of them only
            self._kept += tape.size
            kept = replace(run, calls=[call.without_session() for call in run.calls])
            case.runs[digest] = kept, tape.size
            if len(case.runs) > _MOST_RUNS:
                _, (_, size) = case.runs.popitem(last=False)
                self._kept -= size
