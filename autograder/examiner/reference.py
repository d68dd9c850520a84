"""The solution notebook behind the fixture ``reference``."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from autograder.course.models import Limits
from autograder.examination import Verdict
from autograder.examiner.remote.candidate import Candidate
from autograder.examiner.remote.cells import CellSource, libraries
from autograder.examiner.remote.errors import CandidateLost, GraderFault
from autograder.examiner.remote.log import Log
from autograder.examiner.remote.objects import Submission
from autograder.examiner.remote.session import Session, request_frame
from autograder.examiner.remote.zygote import Zygote
from autograder.protocol import Op, request
from autograder.wire import Handle

_MEMORY_BYTES = 256 << 20
_PATIENCE = 3600.0


class Reference:
    """Runs the solution like any submission, and remembers its answers.

    Every submission is asked the same questions, so all but the first get the expected values from
    memory. What involves an object that stays in the candidate is asked anew each time.
    """

    def __init__(self, zygote: Zygote, cells: Sequence[CellSource], limits: Limits, seed: int) -> None:
        self._zygote = zygote
        self._cells = list(cells)
        self._limits = limits
        self._seed = seed
        self._candidate: Candidate | None = None
        self._others: dict[tuple[str, ...], Candidate] = {}
        self._session: _RememberingSession | None = None
        self._memory = _Memory()
        self._helper: Candidate | None = None

    def reference(self) -> Submission:
        """The fixture's value."""
        return Submission(self._ready())

    def _ready(self) -> _RememberingSession:
        if self._session is None or self._session.ended is not None:
            session = self.candidate().open_session(seconds=_PATIENCE, seed=self._seed, alone=True)
            self._session = _RememberingSession(session, self._memory)
        self._session.end, self._session.log = self._session.lifeline.clock.total + _PATIENCE, Log()
        return self._session

    def candidate(self) -> Candidate:
        """The solution as a candidate.

        Raises:
            GraderFault: a cell of the solution does not run.
        """
        if self._candidate is None:
            self._candidate = self._run(self._cells)
        return self._candidate

    def candidate_with(self, source: str) -> Candidate:
        """The same in a process that has the libraries warm which ``source`` mentions."""
        wanted = libraries([CellSource(0, "", source)])
        if not wanted:
            return self.candidate()
        if wanted not in self._others:
            mention = CellSource(-1, "", "# " + " ".join(wanted))
            self._others[wanted] = self._run([*self._cells, mention])
        return self._others[wanted]

    def helper(self) -> Candidate:
        """The solution in a process of its own, for what a student's code asks: it may come to harm."""
        if self._helper is None:
            self._helper = self._run(self._cells)
        return self._helper

    def tables(self, names: Iterable[str]) -> dict[str, Any]:
        """The values of those names that are plain data."""
        found = {}
        for name in names:
            if self.candidate().names.get(name) is False:
                session = self._ready()
                message = request(Op.VALUE, target=name)
                reply = session.exchange(message, request_frame(message))
                if "value" in reply and not holds_handle(reply):
                    found[name] = reply["value"]
        return found

    def end_helper(self) -> None:
        """Let go of a helper that came to harm."""
        if self._helper is not None:
            self._helper.close()
            self._helper = None

    def _run(self, cells: list[CellSource]) -> Candidate:
        candidate = Candidate(self._zygote, cells, self._limits, self._seed)
        candidate.run_cells()
        for cell in candidate.outcomes:
            if cell.verdict not in (Verdict.PASSED, Verdict.SKIPPED):
                candidate.close()
                raise GraderFault(f"cell {cell.index + 1} of the solution does not run: {cell.message}")
        return candidate

    def forget_objects(self) -> None:
        """Let go of what the last submission's tests made in the reference process."""
        if self._session is not None and self._session.child is not None and self._session.made_objects:
            self.candidate().close_session(self._session)
            self._session = None

    def close(self) -> None:
        """End the process."""
        for candidate in (self._candidate, *self._others.values()):
            if candidate is not None:
                candidate.close()
        self._candidate = self._session = None
        self._others.clear()
        self.end_helper()


class _Memory:
    """Encoded replies by encoded request, the least recently used forgotten first."""

    def __init__(self) -> None:
        self._replies: OrderedDict[bytes, dict[str, Any]] = OrderedDict()
        self._size = 0

    def get(self, key: bytes) -> dict[str, Any] | None:
        reply = self._replies.get(key)
        if reply is not None:
            self._replies.move_to_end(key)
        return reply

    def put(self, key: bytes, reply: dict[str, Any]) -> None:
        self._replies[key] = reply
        self._size += len(key) + _bytes_in(reply)
        while self._size > _MEMORY_BYTES:
            old, forgotten = self._replies.popitem(last=False)
            self._size -= len(old) + _bytes_in(forgotten)


class _RememberingSession(Session):
    """A session that answers from memory where it can."""

    def __init__(self, session: Session, memory: _Memory) -> None:
        super().__init__(session.channel, session.names, session.lifeline)
        self.end = session.end
        self.child = session.child
        self._opening = session._opening  # what was begun there is asked here
        self.made_objects = False
        self._memory = memory

    def exchange(self, message: dict[str, Any], frame: list[Any]) -> dict[str, Any]:
        if holds_handle(message):  # the answer depends on the state of an object
            return self._ask(message, frame)
        key = b"".join(frame)
        known = self._memory.get(key)
        if known is None:
            known = self._ask(message, frame)
            if holds_handle(known):
                self.made_objects = True
                return known
            self._memory.put(key, known)
        copied: dict[str, Any] = _copied(known)
        return copied

    def _ask(self, message: dict[str, Any], frame: list[Any]) -> dict[str, Any]:
        try:
            return super().exchange(message, frame)
        except CandidateLost as lost:
            raise GraderFault(f"the reference solution gives no answer: {lost}") from None

    def _record(self, *args: Any, **kwargs: Any) -> None:
        """What the reference is asked is of no interest afterwards."""


def holds_handle(value: Any) -> bool:
    if isinstance(value, dict):
        return any(holds_handle(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(holds_handle(item) for item in value)
    return isinstance(value, Handle)


def _copied(value: Any) -> Any:
    """A deep copy of data, so that a test that changes an expected array changes its own."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    if isinstance(value, tuple):
        return tuple(_copied(item) for item in value)
    return value.copy() if isinstance(value, np.ndarray) else value


def _bytes_in(value: Any) -> int:
    if isinstance(value, dict):
        return 100 + sum(_bytes_in(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return 60 + sum(_bytes_in(item) for item in value)
    return int(getattr(value, "nbytes", 60))
