"""One submission's process: run its cells, fork it for tests, survive whatever it does.

The examiner keeps the clock. Whatever a candidate does, each wait here has a deadline after which the
candidate is killed.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from autograder.candidate.policy import Limits as ScratchLimits
from autograder.companions import quota
from autograder.course import Limits
from autograder.examination import CellOutcome, Verdict
from autograder.examiner.errors import CandidateLost, GraderFault
from autograder.examiner.given import Given, GivenCells
from autograder.examiner.outputs import clean_outputs, execution_count
from autograder.examiner.session import Memory, Session, ended_session, request_frame
from autograder.examiner.zygote import Spawned, Zygote
from autograder.wire import (
    Channel,
    ChannelClosed,
    ChannelTimeout,
    FrameLimits,
    ValueTooLarge,
    WireError,
)

_GRACE = 0.5
"""Seconds that a candidate gets to notice its own alarm before it is killed."""
_END_SECONDS = 1.0
"""Seconds in which a candidate has to end one of its forks."""
_DEFINITION_SECONDS = 0.5
"""What cells with definitions still get, all together, when the time for all cells is used up."""
_MOST_WAITING = 3.0
"""Times what a candidate used that it may be given for waiting: part of it is always its own doing."""
_ANSWER_SECONDS = 1.0
"""For the answers that a given cell needs; a submission that needs longer has its cell run."""
_FORK_SECONDS = 5.0
_MAX_RESTARTS = 3
_MAX_REVIVALS = 8
"""Times that a candidate which tests have ended is started again; it counts for the tests' time."""


@dataclass(frozen=True)
class CellSource:
    """A code cell to run.

    Attributes:
        index: position in the merged notebook.
        grade_id: nbgrader's id.
        source: the text.
        skip: not to be run.
        defines: whether tests may need what it defines; such a cell runs even when time is short.
        essential: whether it defines functions or classes, or imports: such a cell runs even when others
            ended the process again and again.
    """

    index: int
    grade_id: str
    source: str
    skip: bool = False
    defines: bool = False
    essential: bool = False


class Subject(Protocol):
    """What tests are run on.

    Attributes:
        waited: seconds for which the machine kept it waiting and that were given back to it.
    """

    waited: float

    def open_session(
        self, *, seconds: float, seed: int, fresh: bool = False, alone: bool = False, eager: bool = False
    ) -> Session:
        """See :meth:`Candidate.open_session`."""

    def close_session(self, session: Session) -> None:
        """End a session."""


class Candidate:
    """A submission from its first cell to its last test.

    Args:
        zygote: where it is forked from.
        cells: the merged notebook's code cells in order.
        limits: of the week.
        seed: of the week.
        given: the course's own cells, those of which are taken as read that would show what they show on the
            solution.
        solution: whether this is the solution, which ``given`` learns from.
    """

    def __init__(
        self,
        zygote: Zygote,
        cells: Sequence[CellSource],
        limits: Limits,
        seed: int,
        *,
        given: GivenCells | None = None,
        solution: bool = False,
    ) -> None:
        self._zygote = zygote
        self._given = given
        self._solution = solution
        self._as_read: dict[int, Given] = {}
        self._cells = cells
        self._limits = limits
        self._seed = seed
        self._spawned: Spawned | None = None
        self._main: Session | None = None
        self._shared: Session | None = None
        self._settled: dict[int, CellOutcome] = {}
        self._fatal: CellOutcome | None = None
        self._spent = 0.0
        self._room = 0
        self._begun = time.monotonic()
        self._last = _DEFINITION_SECONDS
        self._restarts = 0
        self._revivals = 0
        self._strikes: dict[str, int] = {}
        self._memory = Memory()
        self.outcomes: list[CellOutcome] = []
        self.names: dict[str, bool] = {}
        self.layers: tuple[str, ...] = ()
        self.forkable = True
        self.taken_as_read: dict[int, Given] = {}
        """Cells that were not run, by their index."""
        self.timings: dict[str, float] = {}
        self.waited = 0.0

    # -- the notebook ---------------------------------------------------------------------------

    def run_cells(self) -> None:
        """Run the notebook; a cell that is not survived is left out and the rest run again without it.

        The time for all cells is for all attempts together. When it is used up, a last half second is for the
        cells that define something; when the process was lost too often, for the essential ones.
        """
        if self._given is not None and not self._solution:
            self._as_read = self._given.of(self._cells)
        while True:
            self._fatal = self._attempt()
            if self._fatal is None:
                return
            self._settled[self._fatal.index] = self._fatal
            self._restarts += 1
            if self._restarts == _MAX_RESTARTS:
                self._last = _DEFINITION_SECONDS
            if self._restarts > _MAX_RESTARTS:
                # Left with what the others define: nothing. Every later test says so.
                self.outcomes = [self._settled.get(cell.index) or _not_run(cell, "") for cell in self._cells]
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
                done[cell.index] = self._settled.get(cell.index) or self._run_cell(cell)
            ready = self._ask({"op": "ready"}, seconds=10.0)
        except (ChannelClosed, ChannelTimeout, WireError) as error:
            verdict, message = self._why(error, cell)
            return CellOutcome(index=cell.index, grade_id=cell.grade_id, verdict=verdict, message=message)
        finally:
            self._add_time("cells", started)
        # What timed out once is not given its time again, should the process have to be started anew.
        self._settled |= {i: outcome for i, outcome in done.items() if outcome.verdict is Verdict.TIMEOUT}
        self.outcomes = [done[cell.index] for cell in self._cells]
        names, threads = ready.get("names"), ready.get("threads")
        self.names = {
            name: bool(value)
            for name, value in (names.items() if isinstance(names, dict) else ())
            if isinstance(name, str) and name.isidentifier()
        }
        # More than one thread, and a fork would inherit locks that nobody will ever open.
        self.forkable = threads == 1
        self._main = self._shared = None
        return None

    def _start(self) -> None:
        self._kill()
        limits = self._limits
        self._room = _room(limits)
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
        self._spawned.channel.limits = FrameLimits(structure=_room(limits), payload=limits.reply)

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
            return _not_run(cell, "")
        if self._restarts >= _MAX_RESTARTS and not cell.essential:
            return _not_run(cell, f"not run: other cells ended the process {self._restarts} times")
        left = self._limits.cells_seconds - self._spent
        late = left <= 0
        if late and cell.defines:
            left = self._last
        if left <= 0:
            limit = f"{self._limits.cells_seconds:g} s"
            return _not_run(cell, f"not run: the time limit of {limit} for all cells was used up")
        seconds = min(self._limits.cell_seconds, left)
        before = self._used()
        try:
            if cell.index in self._as_read and not late:
                outcome = self._take_as_read(cell, self._as_read[cell.index], seconds)
                if outcome is not None:
                    return outcome
            request = {"op": "cell", "source": cell.source, "seconds": seconds}
            if self._solution and self._given is not None and self._given.watches(cell):
                request["names"] = self._given.functions
            message = self._ask(request, seconds=seconds + _GRACE)
            outcome = _cell_outcome(cell, message, self._room, self._used() - before)
            if isinstance(message.get("usage"), list):
                self._learn(cell, message["usage"], outcome)
        finally:
            if late:
                self._last -= self._used() - before
            else:
                self._spent += self._used() - before
        self._room -= len(message["outputs"])
        return outcome

    def _take_as_read(self, cell: CellSource, given: Given, seconds: float) -> CellOutcome | None:
        """The outcome of a cell that would show what it shows on the solution; None if it has to be run."""
        begun = self._used()
        if given.size > self._room:
            return None
        if given.frames and not given.agrees(self._answers(given.frames, seconds)):
            if self._used() - begun > _ANSWER_SECONDS:
                self._as_read = {}  # so slow that it should not be asked twice
            return None
        answer = self._ask({"op": "pass", "source": cell.source, "size": given.size}, seconds=10.0)
        if answer.get("count") is None:
            return None
        self._room -= given.size
        self.taken_as_read[cell.index] = given
        return CellOutcome(
            index=cell.index,
            grade_id=cell.grade_id,
            verdict=Verdict.PASSED,
            outputs=given.outputs,
            execution_count=execution_count(answer.get("count")),
            seconds=round(self._used() - begun, 6),
        )

    def _answers(self, frames: Sequence[bytes], seconds: float) -> Any:
        """Replies to some requests; what is not given at once is None."""
        request = {"op": "answer", "frames": list(frames), "seconds": min(_ANSWER_SECONDS, seconds)}
        return self._ask(request, seconds=seconds + _GRACE).get("value")

    def _learn(self, cell: CellSource, calls: list[bytes], outcome: CellOutcome) -> None:
        assert self._given is not None
        frames = self._given.questions(cell, calls)
        replies = self._answers(frames, self._limits.cell_seconds) if frames else []
        if outcome.verdict is Verdict.PASSED and isinstance(replies, list):
            self._given.learn(cell, frames, replies, outcome)

    def _ask(self, message: dict[str, Any], *, seconds: float) -> dict[str, Any]:
        assert self._spawned is not None
        deadline = time.monotonic() + seconds
        self._spawned.channel.send(message, deadline=deadline, limits=FrameLimits(structure=1 << 28))
        answer = self._spawned.channel.receive(deadline=deadline, extension=self.kept_waiting)
        if not isinstance(answer, dict):
            raise WireError("an answer that is none")
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
            return Verdict.OUTPUT, f"output limit of {_size(self._limits.output)} reached in {position}"
        return Verdict.PROTOCOL, f"the process sent something that is no answer in {position}"

    def _ended(self) -> tuple[Verdict, str]:
        """Why the whole candidate is gone, from its warden's exit code.

        Raises:
            GraderFault: the warm process or the warden was ended, and took the candidate with it.
        """
        assert self._spawned is not None
        number = self._spawned.number
        self._kill()
        code = self._zygote.exit_code(number, seconds=10.0)
        # A signal that ends a candidate reads 128 + its number; a negative code is the warden's own end.
        if code is None or code < 0 or _is_ours(code):
            raise GraderFault("the warm process, or what watches the submission's, was ended")
        return _explain(code, self._limits)

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
        session.strikes, session.memory = self._strikes, self._memory
        session.begin(seconds=seconds, seed=seed, forget=self.forkable and not alone, eager=eager)
        return session

    def variant(self, source: str) -> Variant:
        """The candidate with ``source`` run on top: a mutant or an alternative of one function."""
        return Variant(self, source)

    def _session(self, *, fresh: bool, alone: bool) -> Session | None:
        assert self._spawned is not None
        if not self.forkable:
            # A fork would inherit locks that nobody will ever open: all tests share the candidate itself.
            if self._main is None or self._main.ended is not None:
                self._main = Session(self._spawned.channel, self.names, self, 0.0)
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
        self._restarts, self._last = _MAX_RESTARTS, _DEFINITION_SECONDS  # what cells show is known already
        self.run_cells()
        return self._alive

    def _fork(self) -> Session | None:
        """A new fork; None if the candidate does not answer, which is then killed."""
        assert self._spawned is not None
        channel = self._spawned.channel
        ours, theirs = socket.socketpair()
        deadline = time.monotonic() + _FORK_SECONDS
        try:
            channel.send_frame(request_frame({"op": "fork"}), deadline=deadline)
            socket.send_fds(channel.socket, [b"F"], [theirs.fileno()])
            child = channel.receive(deadline=deadline, extension=self.kept_waiting).get("child")
        except (ChannelClosed, ChannelTimeout, WireError, OSError, AttributeError):
            child = None
        finally:
            theirs.close()
        if type(child) is not int:
            ours.close()
            self._kill()
            return None
        limits = FrameLimits(structure=4 << 20, payload=self._limits.reply)
        session = Session(Channel(ours, limits), self.names, self, 0.0)
        session.child = child
        return session

    def _dead_session(self) -> Session:
        reason = self._fatal
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
            return CandidateLost(verdict, _LOST[verdict].format(reply=_size(self._limits.reply)))
        if code is not None:
            return CandidateLost(*_explain(code, self._limits))
        if self._alive:  # not killed by us: nobody answers for the fork, so all of it has ended
            return CandidateLost(*self._ended())
        return CandidateLost(Verdict.CRASHED, "the process ended")

    @property
    def _alive(self) -> bool:
        """Whether there is a process that has not been killed."""
        return self._spawned is not None and self._spawned.pidfd >= 0

    def kept_waiting(self) -> float:
        """See :class:`Lifeline`."""
        if self._spawned is None or self._spawned.pidfd < 0:
            return 0.0
        elapsed = time.monotonic() - self._begun
        most = _MOST_WAITING * (elapsed - self.waited) - self.waited
        seconds = max(0.0, min(self._spawned.kept_waiting(), most))
        self.waited += seconds
        return seconds

    def _used(self) -> float:
        """Seconds that count for the limits."""
        return time.monotonic() - self.waited

    def _end_child(self, child: int, *, kill: bool) -> int | None:
        """Exit code of a test's fork; if the candidate does not say within a moment, all of it is killed."""
        if self._spawned is None or self._spawned.pidfd < 0:
            return None
        channel = self._spawned.channel
        try:
            deadline = time.monotonic() + _END_SECONDS
            channel.send_frame(request_frame({"op": "end", "child": child, "kill": kill}), deadline=deadline)
            code = channel.receive(deadline=deadline, extension=self.kept_waiting).get("code")
        except (ChannelClosed, ChannelTimeout, WireError, AttributeError) as error:
            if isinstance(error, ChannelClosed):
                return None
            self._kill()
            return None
        return code if type(code) is int and -64 <= code <= 255 else None

    def close(self) -> None:
        """Kill what is left."""
        self._kill()

    def _kill(self) -> None:
        if self._spawned is not None:
            self._spawned.kill()

    def _add_time(self, part: str, started: float) -> None:
        self.timings[part] = self.timings.get(part, 0.0) + time.perf_counter() - started


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
        self.waited = 0.0

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

    def close(self) -> None:
        """End the fork."""
        if self._session is not None:
            self.close_session(self._session)

    def _opened(self, *, seconds: float, seed: int, eager: bool) -> Session:
        session = self._candidate.open_session(seconds=seconds, seed=seed, alone=True, eager=eager)
        session.used = 0
        session.memory = Memory()  # the solution's own logs are no stranger's, and many
        with contextlib.suppress(CandidateLost):
            answer = session.request({"op": "define", "source": self._source})
            names = answer.get("value")
            if isinstance(names, dict):
                session.names = names
        return session


_DATASET_IMPORT = re.compile(r"(tensorflow\.|tf\.)?keras\.datasets\b")


def libraries(cells: Sequence[CellSource]) -> tuple[str, ...]:
    """Libraries beyond the usual ones that a notebook mentions: what is warm costs it nothing."""
    text = _DATASET_IMPORT.sub("", "\n".join(cell.source for cell in cells))
    found = {word for word in ("scipy", "tensorflow", "keras") if re.search(rf"\b{word}\b", text)}
    if "keras" in found:
        found = found - {"keras"} | {"tensorflow"}
    return tuple(sorted(found))


_LOST = {
    Verdict.TIMEOUT: "the time limit was reached",
    Verdict.OUTPUT: "reply limit of {reply} reached",
    Verdict.PROTOCOL: "the process sent something that is no answer",
}


def _is_ours(code: int) -> bool:
    """Whether a warden's exit code says that the candidate is not to blame for its end."""
    if sys.platform != "linux":
        return False
    from autograder.candidate import confinement

    return code in (confinement.EXIT_STOPPED, confinement.EXIT_SETUP)


def _explain(code: int | None, limits: Limits) -> tuple[Verdict, str]:
    """A verdict from an exit code (negative: the number of a signal)."""
    processor_time = Verdict.TIMEOUT, "limit of processor time reached"
    disk = Verdict.OUTPUT, f"disk limit of {_size(limits.scratch)} reached"
    if sys.platform == "linux":
        from autograder.candidate import confinement

        told = {
            confinement.EXIT_MEMORY: (Verdict.MEMORY, f"memory limit of {_size(limits.memory)} reached"),
            confinement.EXIT_CPU: processor_time,
            confinement.EXIT_DISK: disk,
        }
        if code in told:
            return told[code]
    number = -code if code is not None and code < 0 else code - 128 if code is not None and code > 128 else 0
    if number == 24:
        return processor_time
    if number == 25:
        return disk
    if number == 11:
        return Verdict.CRASHED, "the process crashed (segmentation fault)"
    if number:
        return Verdict.CRASHED, f"the process was ended by signal {number}"
    return Verdict.CRASHED, "the process ended itself"


def _size(count: int) -> str:
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= factor:
            return f"{count / factor:g} {unit}"
    return f"{count} bytes"


def _expect(message: Any, /, **fields: type) -> dict[str, Any]:
    if not isinstance(message, dict) or any(
        type(message.get(key)) is not kind for key, kind in fields.items()
    ):
        raise WireError("an event that is none")
    return message


def _not_run(cell: CellSource, message: str) -> CellOutcome:
    return CellOutcome(index=cell.index, grade_id=cell.grade_id, verdict=Verdict.SKIPPED, message=message)


_CELL_VERDICTS = {
    *(Verdict.PASSED, Verdict.NOT_IMPLEMENTED, Verdict.EXCEPTION),
    *(Verdict.TIMEOUT, Verdict.MEMORY, Verdict.OUTPUT),
}
"""What a candidate may say of its own cells; how it was lost is for the examiner to say."""


def _room(limits: Limits) -> int:
    """Bytes of JSON that all outputs of a submission may take: escapes make it longer than the text."""
    return 2 * limits.output + (1 << 20)


def _cell_outcome(cell: CellSource, message: Any, room: int, seconds: float) -> CellOutcome:
    fields = _expect(message, verdict=str, message=str, outputs=bytes)
    if len(fields["outputs"]) > room:
        raise ValueTooLarge("more outputs than a submission may have")
    try:
        outputs = json.loads(fields["outputs"])
        verdict = Verdict(fields["verdict"])
    except (ValueError, RecursionError):
        raise WireError("outputs that are none") from None
    if not isinstance(outputs, list) or verdict not in _CELL_VERDICTS:
        raise WireError("outputs that are none")
    return CellOutcome(
        index=cell.index,
        grade_id=cell.grade_id,
        verdict=verdict,
        message=fields["message"][:1000],
        outputs=tuple(clean_outputs(outputs)),
        execution_count=execution_count(fields.get("count")),
        seconds=round(seconds, 6),
    )
