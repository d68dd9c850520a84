"""A submission from its first cell to its last test: the run of its notebook, and forks of that for tests."""

from __future__ import annotations

from collections.abc import Sequence

from autograder.course.models import Limits
from autograder.examination import CellOutcome, Verdict
from autograder.examiner.remote.cells import CellSource
from autograder.examiner.remote.errors import CandidateLost
from autograder.examiner.remote.log import Budget, Memory
from autograder.examiner.remote.own_time import OwnTime
from autograder.examiner.remote.process import Process
from autograder.examiner.remote.redefinitions import Change
from autograder.examiner.remote.run import Run
from autograder.examiner.remote.session import Session, ended_session
from autograder.examiner.remote.verdicts import explain, lost
from autograder.examiner.remote.zygote import Zygote
from autograder.messages import fact

_MAX_REVIVALS = 100
"""Times that a candidate which tests have ended is started again; the tests' time, which it counts for, is a
closer bound."""


class Candidate:
    """A submission from its first cell to its last test.

    Args:
        zygote: where it is forked from.
        cells: the merged notebook's code cells in order.
        limits: of the week.
        seed: of the week.

    Attributes:
        clock: of what it uses, from its first cell to its last test.
        budget: which of its functions are still called.
    """

    def __init__(self, zygote: Zygote, cells: Sequence[CellSource], limits: Limits, seed: int) -> None:
        self._limits = limits
        self.clock = OwnTime()
        self.budget = Budget(limits.tests_seconds, limits.test_seconds)
        self._process = Process(zygote, limits, self.clock)
        self._notebook = Run(self._process, cells, limits, seed, self.clock)
        self._main: Session | None = None
        self._shared: Session | None = None
        self._revivals = 0
        self._memory = Memory()

    @property
    def outcomes(self) -> list[CellOutcome]:
        """Of the cells."""
        return self._notebook.outcomes

    @property
    def names(self) -> dict[str, bool]:
        """The notebook's names, each with whether it can be called."""
        return self._notebook.names

    @property
    def changes(self) -> dict[str, Change]:
        """Names that the notebook used again for something else."""
        return self._notebook.changes

    @property
    def layers(self) -> tuple[str, ...]:
        """Of confinement in force."""
        return self._notebook.layers

    @property
    def timings(self) -> dict[str, float]:
        """Wall time by part."""
        return self._notebook.timings

    @property
    def forkable(self) -> bool:
        """Whether tests may have forks: of more than one thread a fork would inherit locks for ever."""
        return self._notebook.threads == 1

    def run_cells(self) -> None:
        """Run the notebook; see :meth:`Run.go`."""
        self._notebook.go()
        self._main = self._shared = None

    def open_session(
        self, *, seconds: float, seed: int, fresh: bool = False, alone: bool = False, eager: bool = False
    ) -> Session:
        """A session for one test.

        Tests take turns on one fork of the candidate as it stood after the last cell, which costs a small
        part of a fork each. A test that fails there has to be asked again with ``fresh``: then what an
        earlier test left behind cannot be the reason.

        Args:
            seconds: until the session's deadline.
            seed: of the global generators.
            fresh: on a fork that no test has used.
            alone: on a fork of its own, which the caller closes.
            eager: TensorFlow makes no graphs, which pay only where a model is trained.
        """
        session: Session | None = None
        while session is None:
            if not self._revive():
                return self._dead_session()
            session = self._session(fresh=fresh, alone=alone)
        session.budget, session.memory = self.budget, self._memory
        session.begin(seconds=seconds, seed=seed, forget=self.forkable and not alone, eager=eager)
        return session

    def end(self) -> None:
        """End all of it and what it left behind; the next session runs the notebook again."""
        if self._process.alive:
            self._process.kill()
            self._revivals -= 1  # that one is not the notebook's doing

    def _session(self, *, fresh: bool, alone: bool) -> Session | None:
        if not self.forkable:
            # A fork would inherit locks that nobody will ever open: all tests share the candidate itself.
            if self._main is None or self._main.ended is not None:
                self._main = Session(self._process.channel, self.names, self)
            return self._main
        if alone:
            return self._fork()
        if self._shared is not None and (self._shared.ended is not None or (fresh and self._shared.used)):
            self.close_session(self._shared)
        self._shared = self._shared or self._fork()
        return self._shared

    def _revive(self) -> bool:
        """Whether there is a candidate; one that was lost is run again, if not too often."""
        if self._process.alive:
            return True
        if self._revivals >= _MAX_REVIVALS:
            return False
        self._revivals += 1
        self._notebook.again()
        self._main = self._shared = None
        return self._process.alive

    def _fork(self) -> Session | None:
        """A session with a new fork; None if the candidate does not answer, which is then killed."""
        forked = self._process.fork()
        if forked is None:
            return None
        channel, child = forked
        session = Session(channel, self.names, self)
        session.child = child
        return session

    def _dead_session(self) -> Session:
        reason = self._notebook.end
        verdict = reason.verdict if reason else Verdict.CRASHED
        why = reason.message if reason else fact("ended-too-often")
        return ended_session(CandidateLost(verdict, fact("notebook-not-run", why=why)))

    def close_session(self, session: Session) -> None:
        """End a session's fork."""
        if session.child is None:
            return
        if session is self._shared:
            self._shared = None
        session.channel.close()
        if session.ended is None:
            self._process.end_fork(session.child, kill=True)

    def lost(self, session: Session, verdict: Verdict) -> CandidateLost:
        """See :class:`Lifeline`."""
        crashed = verdict is Verdict.CRASHED
        code = None
        if session.child is not None:
            session.channel.close()
            code = self._process.end_fork(session.child, kill=not crashed)
        elif not crashed:
            self._process.kill()
        if not crashed:
            return CandidateLost(verdict, lost(verdict, self._limits))
        if code is not None:
            return CandidateLost(*explain(code, self._limits))
        if self._process.alive:  # not killed by us: nobody answers for the fork, so all of it has ended
            return CandidateLost(*self._process.ended())
        return CandidateLost(Verdict.CRASHED, fact("ended"))

    def close(self) -> None:
        """Kill what is left."""
        self._process.kill()
