"""One subject's turn with the suite: the sessions of its tests, and the time that is left for each."""

from __future__ import annotations

import time
import zlib
from typing import Protocol

from autograder.course.models import Limits
from autograder.examination import Verdict
from autograder.examiner.outcomes import TestInfo, TestRun
from autograder.examiner.remote.errors import CandidateLost
from autograder.examiner.remote.log import LoggedCall
from autograder.examiner.remote.objects import Submission
from autograder.examiner.remote.session import Session, ended_session
from autograder.examiner.remote.variant import Subject
from autograder.examiner.training import TrainingPictures
from autograder.messages import fact

_LONG = 3
"""Times the time for all tests after which nothing more is asked, whatever it is."""


class Referee(Protocol):
    """What the suite asks about its subjects."""

    def reference(self) -> Submission:
        """The reference solution, answering from memory what it was asked before."""

    def candidate(self) -> Subject:
        """The reference solution as a candidate; if it passes, an odd exception is the submission's fault."""


class Turn:
    """What the fixtures speak of while one subject is asked.

    Args:
        subject: that the tests run on.
        referee: the solution; None where there is none.
        limits: of the week.
        seed: of the global generators; each test adds its own.

    Attributes:
        referee: as given.
        trained: seconds of its own that training took.
        pictures: of what training runs looked like.
        runs: what became of each test, by pytest's name of it.
    """

    def __init__(self, subject: Subject, referee: Referee | None, limits: Limits, seed: int) -> None:
        self._subject, self.referee, self._limits, self._seed = subject, referee, limits, seed
        self._seen = subject.clock.look()
        self._began = time.thread_time()
        self._sessions: dict[str, Session] = {}
        self._shared: Session | None = None
        self.trained = 0.0
        self.pictures = TrainingPictures()
        self.runs: dict[str, TestRun] = {}

    def open(self, nodeid: str, test: TestInfo, *, fresh: bool) -> Session:
        """A session for a test, with the time that is left for it.

        Args:
            nodeid: pytest's name of the test.
            test: which it is.
            fresh: on a fork that no other test has used.
        """
        limits = self._limits
        if test.training:
            limit, code = limits.training_seconds, "training-used-up"
            left = self._left_for_training()
        else:
            # What one function used up takes nothing from the others (see Budget), up to a point, which
            # answers that take long to judge count for as well.
            limit, code = limits.tests_seconds, "tests-used-up"
            left = _LONG * limit - self._subject.budget.spent - (time.thread_time() - self._began)
        if left <= 0:
            session = ended_session(CandidateLost(Verdict.TIMEOUT, fact(code, seconds=f"{limit:g}")))
        else:
            session = self._subject.open_session(
                seconds=left if test.training else limits.test_seconds,
                seed=self._seed + zlib.crc32(test.name.encode()),
                fresh=fresh,
                eager=not test.training,
            )
        self._sessions[nodeid] = session
        return session

    def open_shared(self) -> Session:
        """A fork for all tests that share something expensive."""
        self._shared = self._subject.open_session(
            seconds=self._limits.training_seconds, seed=self._seed, alone=True
        )
        return self._shared

    def close_shared(self) -> None:
        """End it."""
        if self._shared is not None:
            self._subject.close_session(self._shared)

    def extend_shared(self) -> None:
        """What training tests share has the time that is left for training, whatever ran in between."""
        if self._shared is not None:
            self._shared.end = self._subject.clock.look() + self._left_for_training()

    def count(self, nodeid: str, *, training: bool) -> None:
        """Count what the subject used; set-up counts too, where it is forked and may be run anew."""
        seen, self._seen = self._seen, self._subject.clock.look()
        if training:
            self.trained += self._seen - seen
            return
        session = self._sessions.get(nodeid)
        self._subject.budget.charge(self._seen - seen, session.waits if session is not None else {})

    def calls(self, nodeid: str, *, training: bool) -> tuple[list[LoggedCall], bool]:
        """What a test asked; and whether that was on a fork that other tests had used."""
        session = self._sessions.get(nodeid)
        calls = list(session.log.calls) if session is not None else []
        if not calls and self._shared is not None and training:
            calls = list(self._shared.log.calls)[-1:]
        return calls, session is not None and session.child is not None and session.used > 1

    def _left_for_training(self) -> float:
        return self._limits.training_seconds - self.trained
