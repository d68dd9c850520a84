"""A notebook's run: its cells one after the other, in a process that may be lost on the way."""

from __future__ import annotations

import time
from collections.abc import Sequence

from autograder.course.models import Limits
from autograder.examination import CellOutcome, Verdict
from autograder.examiner.remote.cells import CellSource
from autograder.examiner.remote.own_time import OwnTime
from autograder.examiner.remote.process import Process
from autograder.examiner.remote.redefinitions import Change, changes_told
from autograder.examiner.remote.verdicts import cell_outcome, not_run, room_left, size_told
from autograder.messages import Message, fact
from autograder.protocol import Op, request
from autograder.wire import ChannelClosed, ChannelTimeout, ValueTooLarge, WireError

_SHORT_SECONDS = 0.5
"""What each cell still gets when the time for all cells is used up."""
_LONG = 4
"""Times the time for all cells after which cells that define nothing are left out."""
_LONGEST = 10
"""The same for all cells that are left."""
_MAX_RESTARTS = 3


class Run:
    """Runs a notebook's cells, again where the process was lost over one of them.

    Args:
        process: that runs them.
        cells: of the merged notebook, in order.
        limits: of the week.
        seed: of the week.
        clock: of what the process uses.

    Attributes:
        outcomes: of the cells.
        end: the outcome of the cell that ended the last process, if one did.
        names: the notebook's names, each with whether it can be called.
        changes: names that were used again for something else.
        layers: of confinement in force.
        threads: that the notebook left running, its own one among them.
        timings: wall time by part.
    """

    def __init__(
        self, process: Process, cells: Sequence[CellSource], limits: Limits, seed: int, clock: OwnTime
    ) -> None:
        self._process = process
        self._cells = cells
        self._limits = limits
        self._seed = seed
        self._clock = clock
        self._fatal: dict[int, CellOutcome] = {}
        self._spent = 0.0
        self._room = 0
        self._restarts = 0
        self.outcomes: list[CellOutcome] = []
        self.end: CellOutcome | None = None
        self.names: dict[str, bool] = {}
        self.changes: dict[str, Change] = {}
        self.layers: tuple[str, ...] = ()
        self.threads = 1
        self.timings: dict[str, float] = {}

    def go(self) -> None:
        """Run the notebook; a cell that is not survived is left out and the rest run again without it.

        When the process was lost too often, only the essential cells are run.
        """
        while True:
            self.end = self._attempt()
            if self.end is None:
                return
            self._fatal[self.end.index] = self.end
            self._restarts += 1
            if self._restarts > _MAX_RESTARTS:
                # Left with what the others define: nothing. Every later test says so.
                self.outcomes = [self._fatal.get(cell.index) or not_run(cell) for cell in self._cells]
                self.names = {}
                self._process.kill()
                return

    def again(self) -> None:
        """Run it once more, only for what it defines: what its cells show is known already."""
        self._restarts = _MAX_RESTARTS
        self.go()

    def _attempt(self) -> CellOutcome | None:
        """Run all cells in a new process; the outcome of the cell that ended it, if one did."""
        started = time.perf_counter()
        self._room = room_left(self._limits)
        self._process.start(self._cells)
        self._add_time("fork", started)
        started = time.perf_counter()
        done: dict[int, CellOutcome] = {}
        cell = self._cells[0] if self._cells else CellSource(0, "", "")
        try:
            self.layers = self._process.set_up(self._seed)
            self._add_time("confine", started)
            started = time.perf_counter()
            for cell in self._cells:
                done[cell.index] = self._fatal.get(cell.index) or self._run_cell(cell)
            ready = self._process.ask(request(Op.READY), seconds=10.0)
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
        self.threads = threads if type(threads) is int else 0
        return None

    def _run_cell(self, cell: CellSource) -> CellOutcome:
        if cell.skip:
            return not_run(cell)
        if self._restarts >= _MAX_RESTARTS and not cell.essential:
            return not_run(cell, fact("others-ended", count=self._restarts))
        seconds = self._time_for(cell)
        if not seconds:
            return not_run(cell, fact("cells-used-up", seconds=f"{self._limits.cells_seconds:g}"))
        before = self._clock.look()
        try:
            asked = request(Op.CELL, source=cell.source, number=cell.index + 1)
            message = self._process.ask(asked, seconds=seconds, interrupt=True)
        finally:
            used = self._clock.look() - before
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

    def _why(self, error: Exception, cell: CellSource) -> tuple[Verdict, Message]:
        """How the candidate was lost while a cell ran."""
        number, limits = cell.index + 1, self._limits
        if isinstance(error, ChannelClosed):
            verdict, what = self._process.ended()
            return verdict, fact("in-cell", what=what, cell=number)
        self._process.kill()
        if isinstance(error, ChannelTimeout):
            return Verdict.TIMEOUT, fact("time-in-cell", seconds=f"{limits.cell_seconds:g}", cell=number)
        if isinstance(error, ValueTooLarge):
            return Verdict.OUTPUT, fact("output-in-cell", size=size_told(limits.output), cell=number)
        return Verdict.PROTOCOL, fact("in-cell", what=fact("invalid-message"), cell=number)

    def _add_time(self, part: str, started: float) -> None:
        self.timings[part] = self.timings.get(part, 0.0) + time.perf_counter() - started
