"""One submission's process: run its cells, fork it for tests, survive whatever it does.

The examiner keeps the clock (:mod:`autograder.examiner.remote.own_time`). Whatever a candidate does, each
wait here ends when its own time is up, and then the candidate is killed.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from typing import Any

from autograder.course.models import Limits
from autograder.examination import CellOutcome, Verdict
from autograder.examiner.remote.cells import CellSource, libraries
from autograder.examiner.remote.changes import Change, changes_told
from autograder.examiner.remote.errors import CandidateLost, GraderFault
from autograder.examiner.remote.log import Budget, Memory
from autograder.examiner.remote.own_time import OwnTime
from autograder.examiner.remote.quota import quota
from autograder.examiner.remote.session import Session, ended_session
from autograder.examiner.remote.verdicts import (
    LOST,
    cell_outcome,
    explain,
    is_ours,
    not_run,
    room_left,
    size_told,
)
from autograder.examiner.remote.zygote import Spawned, Zygote
from autograder.protocol import Limits as ScratchLimits
from autograder.wire import Channel, ChannelClosed, ChannelTimeout, FrameLimits, ValueTooLarge, WireError

_GRACE = 0.5
"""Seconds that a candidate gets to notice its interruption before it is killed."""
_END_SECONDS = 3.0
"""Seconds in which a candidate has to end one of its forks."""
_SHORT_SECONDS = 0.5
"""What each cell still gets when the time for all cells is used up."""
_LONG = 4
"""Times the time for all cells after which cells that define nothing are left out."""
_LONGEST = 10
"""The same for all cells that are left."""
_FORK_SECONDS = 10.0
_MAX_RESTARTS = 3
_MAX_REVIVALS = 8
"""Times that a candidate which tests have ended is started again; it counts for the tests' time."""


class Candidate:
    """A submission from its first cell to its last test.

    Args:
        zygote: where it is forked from.
        cells: the merged notebook's code cells in order.
        limits: of the week.
        seed: of the week.

    Attributes:
        outcomes: of the cells.
        names: the notebook's names, each with whether it can be called.
        layers: of confinement in force.
        forkable: whether tests may have forks.
        clock: of what it uses, from its first cell to its last test.
        budget: which of its functions are still called.
        timings: wall time by part.
    """

    def __init__(self, zygote: Zygote, cells: Sequence[CellSource], limits: Limits, seed: int) -> None:
        self._zygote = zygote
        self._cells = cells
        self._limits = limits
        self._seed = seed
        self._spawned: Spawned | None = None
        self._main: Session | None = None
        self._shared: Session | None = None
        self._fatal: dict[int, CellOutcome] = {}
        self._end: CellOutcome | None = None
        self._spent = 0.0
        self._room = 0
        self._restarts = 0
        self._revivals = 0
        self._memory = Memory()
        self.outcomes: list[CellOutcome] = []
        self.names: dict[str, bool] = {}
        self.changes: dict[str, Change] = {}
        self.layers: tuple[str, ...] = ()
        self.forkable = True
        self.clock = OwnTime()
        self.budget = Budget(limits.tests_seconds, limits.test_seconds)
        self.timings: dict[str, float] = {}

    # -- the notebook ---------------------------------------------------------------------------

    def run_cells(self) -> None:
        """Run the notebook; a cell that is not survived is left out and the rest run again without it.

        When the process was lost too often, only the essential cells are run.
        """
        while True:
            self._end = self._attempt()
            if self._end is None:
                return
            self._fatal[self._end.index] = self._end
            self._restarts += 1
            if self._restarts > _MAX_RESTARTS:
                # Left with what the others define: nothing. Every later test says so.
                self.outcomes = [self._fatal.get(cell.index) or not_run(cell, "") for cell in self._cells]
                self.names = {}
                self._kill()
                return

    def _attempt(self) -> CellOutcome | None:
        """Run all cells in a new process; the outcome of the cell that ended it, if one did."""
        started = time.perf_counter()
        self._start()
        self._add_time("fork", started)
        started = time.perf_counter()
        done: dict[int, CellOutcome] = {}
        cell = self._cells[0] if self._cells else CellSource(0, "", "")
        try:
            self._set_up()
            self._add_time("confine", started)
            started = time.perf_counter()
            for cell in self._cells:
                done[cell.index] = self._fatal.get(cell.index) or self._run_cell(cell)
            ready = self._ask({"op": "ready"}, seconds=10.0)
        except (ChannelClosed, ChannelTimeout, WireError) as error:
            verdict, message = self._why(error, cell)
            return CellOutcome(index=cell.index, grade_id=cell.grade_id, verdict=verdict, message=message)
        finally:
            self._add_time("cells", started)
        self.outcomes = [done[cell.index] for cell in self._cells]
        names, threads = ready.get("names"), ready.get("threads")
        self.names = {
            name: bool(value)
            for name, value in (names.items() if isinstance(names, dict) else ())
            if isinstance(name, str) and name.isidentifier()
        }
        self.changes = changes_told(ready.get("changes"))
        # More than one thread, and a fork would inherit locks that nobody will ever open.
        self.forkable = threads == 1
        self._main = self._shared = None
        return None

    def _start(self) -> None:
        self._kill()
        limits = self._limits
        self._room = room_left(limits)
        seconds = limits.cells_seconds + limits.tests_seconds + limits.training_seconds
        given_bytes, given_entries = quota(self._zygote.files)
        self._spawned = self._zygote.spawn(
            {
                "memory_bytes": limits.memory,
                "processes": limits.processes,
                "scratch_bytes": limits.scratch + given_bytes,
                "scratch_inodes": ScratchLimits.scratch_inodes + given_entries,
                "cpu_seconds": int(seconds) * 4 + 60,
            },
            libraries(self._cells),
        )
        self._spawned.channel.limits = FrameLimits(structure=room_left(limits), payload=limits.reply)
        self.clock.follow(self._spawned.pid)

    def _set_up(self) -> None:
        answer = self._ask(
            {
                "seed": self._seed,
                "output": self._limits.output,
                "reply": self._limits.reply,
                "threads": self._zygote.threads,
                "files": self._zygote.files,
            },
            seconds=30.0,
        )
        if "failed" in answer:
            self._kill()
            raise GraderFault(f"a candidate could not start: {answer['failed']}")
        self.layers = tuple(str(layer) for layer in answer["layers"])

    def _run_cell(self, cell: CellSource) -> CellOutcome:
        if cell.skip:
            return not_run(cell, "")
        if self._restarts >= _MAX_RESTARTS and not cell.essential:
            return not_run(cell, f"not run: other cells ended the process {self._restarts} times")
        seconds = self._time_for(cell)
        if not seconds:
            limit = f"{self._limits.cells_seconds:g} s"
            return not_run(cell, f"not run: the time limit of {limit} for all cells was used up")
        before = self.clock.look()
        try:
            request = {"op": "cell", "source": cell.source, "number": cell.index + 1}
            message = self._ask(request, seconds=seconds, interrupt=True)
        finally:
            used = self.clock.look() - before
            self._spent += used
        outcome = cell_outcome(cell, message, self._room, used)
        self._room -= len(message["outputs"])
        return outcome

    def _time_for(self, cell: CellSource) -> float:
        """Seconds of its own that a cell has.

        What others used up, in endless loops for example, takes nothing from a cell that defines something,
        and leaves each other a moment. Only beyond all measure is anything left out.
        """
        measure = self._spent / self._limits.cells_seconds
        if measure < 1 or (cell.defines and measure < _LONG):
            return self._limits.cell_seconds
        if measure < _LONG or (cell.defines and measure < _LONGEST):
            return min(_SHORT_SECONDS, self._limits.cell_seconds)
        return 0.0

    def _ask(self, message: dict[str, Any], *, seconds: float, interrupt: bool = False) -> dict[str, Any]:
        """The answer to a request; with ``interrupt`` the candidate is told when its time is up, and has a
        little more of it to end what it does."""
        assert self._spawned is not None
        spawned = self._spawned
        end = self.clock.look() + seconds
        wait = self.clock.wait(end)

        def extension() -> float:
            nonlocal wait, interrupt
            more = wait.extension()
            if not more and interrupt:
                interrupt = False
                spawned.interrupt()
                wait = self.clock.wait(end + _GRACE)
                more = _GRACE
            return more

        try:
            spawned.channel.send(
                message, deadline=wait.deadline, extension=extension, limits=FrameLimits(structure=1 << 28)
            )
            answer = spawned.channel.receive(deadline=wait.deadline, extension=extension)
        finally:
            wait.over()
        if not isinstance(answer, dict):
            raise WireError("not a valid answer")
        return answer

    def _why(self, error: Exception, cell: CellSource) -> tuple[Verdict, str]:
        """How the candidate was lost while a cell ran."""
        position = f"cell {cell.index + 1}"
        if isinstance(error, ChannelClosed):
            verdict, text = self._ended()
            return verdict, f"{text} in {position}"
        self._kill()
        if isinstance(error, ChannelTimeout):
            return Verdict.TIMEOUT, f"time limit of {self._limits.cell_seconds:g} s reached in {position}"
        if isinstance(error, ValueTooLarge):
            return Verdict.OUTPUT, f"output limit of {size_told(self._limits.output)} reached in {position}"
        return Verdict.PROTOCOL, f"the process sent something that is no answer in {position}"

    def _ended(self) -> tuple[Verdict, str]:
        """Why the whole candidate is gone, from its warden's exit code.

        Raises:
            GraderFault: the warm process or the warden was ended, and took the candidate with it.
        """
        assert self._spawned is not None
        number = self._spawned.number
        self._kill()
        code = self._zygote.exit_code(number, seconds=60.0)
        # A signal that ends a candidate reads 128 + its number; a negative code is the warden's own end.
        if code is None or code < 0 or is_ours(code):
            raise GraderFault("the warm process, or what watches the submission's, was ended")
        return explain(code, self._limits)

    # -- the tests ------------------------------------------------------------------------------

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

    def _session(self, *, fresh: bool, alone: bool) -> Session | None:
        assert self._spawned is not None
        if not self.forkable:
            # A fork would inherit locks that nobody will ever open: all tests share the candidate itself.
            if self._main is None or self._main.ended is not None:
                self._main = Session(self._spawned.channel, self.names, self)
            return self._main
        if alone:
            return self._fork()
        if self._shared is not None and (self._shared.ended is not None or (fresh and self._shared.used)):
            self.close_session(self._shared)
        self._shared = self._shared or self._fork()
        return self._shared

    def _revive(self) -> bool:
        """Whether there is a candidate; one that was lost is run again, if not too often."""
        if self._alive:
            return True
        if self._revivals >= _MAX_REVIVALS:
            return False
        self._revivals += 1
        self._restarts = _MAX_RESTARTS  # what cells show is known already
        self.run_cells()
        return self._alive

    def _fork(self) -> Session | None:
        """A new fork; None if the candidate does not answer, which is then killed."""
        assert self._spawned is not None
        channel = self._spawned.channel
        ours, theirs = socket.socketpair()
        wait = self.clock.wait(self.clock.look() + _FORK_SECONDS)
        try:
            channel.send({"op": "fork"}, deadline=wait.deadline, extension=wait.extension)
            socket.send_fds(channel.socket, [b"F"], [theirs.fileno()])
            child = channel.receive(deadline=wait.deadline, extension=wait.extension).get("child")
        except (ChannelClosed, ChannelTimeout, WireError, OSError, AttributeError):
            child = None
        finally:
            theirs.close()
        if type(child) is not int:
            ours.close()
            self._kill()
            return None
        limits = FrameLimits(structure=4 << 20, payload=self._limits.reply)
        session = Session(Channel(ours, limits), self.names, self)
        session.child = child
        return session

    def _dead_session(self) -> Session:
        reason = self._end
        verdict = reason.verdict if reason else Verdict.CRASHED
        text = reason.message if reason else "the process ended too often"
        return ended_session(CandidateLost(verdict, f"the notebook could not be run to its end: {text}"))

    def close_session(self, session: Session) -> None:
        """End a session's fork."""
        if session.child is None:
            return
        if session is self._shared:
            self._shared = None
        session.channel.close()
        if session.ended is None:
            self._end_child(session.child, kill=False)

    def lost(self, session: Session, verdict: Verdict) -> CandidateLost:
        """See :class:`Lifeline`."""
        crashed = verdict is Verdict.CRASHED
        code = None
        if session.child is not None:
            session.channel.close()
            code = self._end_child(session.child, kill=not crashed)
        elif not crashed:
            self._kill()
        if not crashed:
            return CandidateLost(verdict, LOST[verdict].format(reply=size_told(self._limits.reply)))
        if code is not None:
            return CandidateLost(*explain(code, self._limits))
        if self._alive:  # not killed by us: nobody answers for the fork, so all of it has ended
            return CandidateLost(*self._ended())
        return CandidateLost(Verdict.CRASHED, "the process ended")

    @property
    def _alive(self) -> bool:
        """Whether there is a process that has not been killed."""
        return self._spawned is not None and self._spawned.pidfd >= 0

    def _end_child(self, child: int, *, kill: bool) -> int | None:
        """Exit code of a test's fork; if the candidate does not say within a moment, all of it is killed."""
        if self._spawned is None or self._spawned.pidfd < 0:
            return None
        try:
            answer = self._ask({"op": "end", "child": child, "kill": kill}, seconds=_END_SECONDS)
        except ChannelClosed:
            return None
        except (ChannelTimeout, WireError):
            self._kill()
            return None
        code = answer.get("code")
        return code if type(code) is int and -64 <= code <= 255 else None

    def close(self) -> None:
        """Kill what is left."""
        self._kill()

    def _kill(self) -> None:
        if self._spawned is not None:
            self._spawned.kill()

    def _add_time(self, part: str, started: float) -> None:
        self.timings[part] = self.timings.get(part, 0.0) + time.perf_counter() - started
