"""What tests are run on: a candidate, or one with a function replaced."""

from __future__ import annotations

import contextlib
from typing import Protocol

from autograder.examiner.remote.candidate import Candidate
from autograder.examiner.remote.errors import CandidateLost
from autograder.examiner.remote.log import Budget, Memory
from autograder.examiner.remote.own_time import OwnTime
from autograder.examiner.remote.session import Session
from autograder.protocol import Op, request


class Subject(Protocol):
    """What tests are run on.

    Attributes:
        clock: of what it uses.
        budget: of its functions.
    """

    clock: OwnTime
    budget: Budget

    def open_session(
        self, *, seconds: float, seed: int, fresh: bool = False, alone: bool = False, eager: bool = False
    ) -> Session:
        """See :meth:`Candidate.open_session`."""

    def close_session(self, session: Session) -> None:
        """End a session."""


class Variant:
    """A candidate with one name replaced in a fork of it: a mutant, or a correct alternative.

    Args:
        candidate: of the solution, forkable.
        source: run in each fork before its first test.
    """

    def __init__(self, candidate: Candidate, source: str) -> None:
        self._candidate = candidate
        self._source = source
        self._session: Session | None = None
        self.clock = candidate.clock
        self.budget = Budget()
        """Its own: what one variant cannot do in time says nothing of the next."""

    def open_session(
        self, *, seconds: float, seed: int, fresh: bool = False, alone: bool = False, eager: bool = False
    ) -> Session:
        """See :meth:`Candidate.open_session`."""
        if alone:
            return self._opened(seconds=seconds, seed=seed, eager=eager)
        session = self._session
        if session is not None and (session.ended is not None or (fresh and session.used)):
            self.close_session(session)
            session = None
        if session is None:
            self._session = session = self._opened(seconds=seconds, seed=seed, eager=eager)
        session.begin(seconds=seconds, seed=seed, forget=True, eager=eager)
        return session

    def close_session(self, session: Session) -> None:
        """See :meth:`Candidate.close_session`."""
        if session is self._session:
            self._session = None
        self._candidate.close_session(session)

    def end(self) -> None:
        """End the fork; the next session has a new one."""
        self.close()

    def close(self) -> None:
        """End the fork."""
        if self._session is not None:
            self.close_session(self._session)

    def _opened(self, *, seconds: float, seed: int, eager: bool) -> Session:
        session = self._candidate.open_session(seconds=seconds, seed=seed, alone=True, eager=eager)
        session.used = 0
        session.budget = self.budget
        session.memory = Memory()  # the solution's own logs are no stranger's, and many
        with contextlib.suppress(CandidateLost):
            answer = session.request(request(Op.DEFINE, source=self._source))
            names = answer.get("value")
            if isinstance(names, dict):
                session.names = names
        return session
