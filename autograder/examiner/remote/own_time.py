"""Seconds that a candidate spent on what it was asked: the same on a quiet machine and on a busy one.

What counts is the processor time of all its processes. Time in which it did nothing counts as well, or a
notebook could sleep for ever; time in which it wanted to run and the machine had no processor for it does
not, nor does time in which this process itself was kept from looking.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from autograder.processes import descendants

SLICE = 0.1
"""Seconds of waiting after which it is worth a look at what was used."""
_MOST = 2 * SLICE
"""What one stretch of waiting can count for: what is longer was a pause of this process or the machine."""
_NOTICEABLE = 0.02
_LATEST = 2.0
"""Seconds of delay that may be told of later; more would be a gift to whoever sleeps afterwards."""
_CROWD = 64
"""So many processes keep one another waiting, whatever else the machine does."""
_CLOCK_OF_PROCESS = 2
"""In the kernel's numbering of clocks (``posix-timers_types.h``): what a process ran, all its threads."""


class OwnTime:
    """Adds up what a tree of processes uses while it is asked.

    Args:
        pid: the process at its root; None where nothing is known of it, and the wall clock has to do.

    Attributes:
        kept: seconds for which the machine kept it waiting.
        sign_of_life: called at every look; whoever waits for this process learns that it is at work.
    """

    sign_of_life: ClassVar[Callable[[], None]] = staticmethod(lambda: None)

    def __init__(self, pid: int | None = None) -> None:
        self.kept = 0.0
        self._counted = 0.0
        self._asked = 0.0
        self._looked = time.monotonic()
        self.follow(pid)

    @property
    def total(self) -> float:
        """Seconds so far; what was waited for since the last look counts as it is."""
        return self._counted + self._asked

    def follow(self, pid: int | None) -> None:
        """From now on this tree counts, which has used nothing yet that counts."""
        self._pid = pid if pid is not None and _runs(pid) is not None else None
        self._ran: dict[int, float] = {}
        self._delays: dict[str, float] = {}
        self._own_delay = _delay("/proc/self") or 0.0
        self._late = 0.0
        if self._pid is not None:
            self._new_running()
            self._new_delay()

    def wait(self, end: float) -> Wait:
        """Begin to wait for an answer, until the total is ``end``."""
        return Wait(self, end)

    def waited(self, seconds: float) -> None:
        """It was waited for; now and then, a look at what it used meanwhile."""
        self._asked += seconds
        if time.monotonic() - self._looked >= SLICE:
            self.look()

    def look(self) -> float:
        """The total, up to date."""
        OwnTime.sign_of_life()
        self._looked = time.monotonic()
        if self._pid is None or self._asked < _NOTICEABLE:
            return self.total  # a look costs more than most answers; what else ran meanwhile shows later
        asked, self._asked = self._asked, 0.0
        ran = self._new_running()
        if asked - ran > _NOTICEABLE:  # it slept, or was kept from running
            # The kernel tells of a delay only when it is over, which may be at the next look.
            self._late = min(self._late + self._new_delay(), _LATEST)
            delay = min(self._late, asked - ran)
            self._late -= delay
            self.kept += delay
            asked -= delay
        self._counted += max(ran, asked)
        return self.total

    def _new_running(self) -> float:
        """Processor time since last asked. What has ended keeps what it was last seen with."""
        before = sum(self._ran.values())
        for pid in _tree(self._pid):
            ran = _runs(pid)
            if ran is not None:
                self._ran[pid] = max(ran, self._ran.get(pid, 0.0))
        return sum(self._ran.values()) - before

    def _new_delay(self) -> float:
        """Seconds of waiting to run since last asked: of whichever thread waited longest, and ours."""
        longest = 0.0
        pids = list(_tree(self._pid))
        for task in _tasks(pids) if len(pids) <= _CROWD else ():
            delay = _delay(task)
            if delay is not None:
                longest = max(longest, delay - self._delays.get(task, 0.0))
                self._delays[task] = delay
        own = _delay("/proc/self") or 0.0
        more, self._own_delay = own - self._own_delay, own
        return longest + more


class Wait:
    """One wait for an answer, for :meth:`autograder.wire.Channel.receive`.

    Attributes:
        deadline: when to look at the time first.
        seconds: for which the answer was waited for, pauses aside.
    """

    def __init__(self, clock: OwnTime, end: float) -> None:
        self._clock, self._end = clock, end
        self._begun = time.monotonic()
        self.deadline = self._begun + SLICE
        self.seconds = 0.0

    def extension(self) -> float:
        """How long to wait until the next look; 0 when the time is up."""
        self.over()
        left = self._end - self._clock.look()
        return min(left, SLICE) if left > 0 else 0.0

    def over(self) -> None:
        """The answer is there."""
        now = time.monotonic()
        stretch, self._begun = min(now - self._begun, _MOST), now
        self.seconds += stretch
        self._clock.waited(stretch)


def _tree(pid: int | None) -> Iterator[int]:
    """A process and all that stem from it, as far as they can be seen."""
    if pid:
        yield pid
        yield from descendants(pid)


def _tasks(pids: list[int]) -> Iterator[str]:
    for pid in pids:
        with suppress(OSError):
            yield from (f"/proc/{pid}/task/{thread}" for thread in os.listdir(f"/proc/{pid}/task"))  # noqa: PTH208


def _runs(pid: int) -> float | None:
    """Processor time of a process; None where the system does not tell, or there is no such process."""
    try:
        return time.clock_gettime((~pid << 3) | _CLOCK_OF_PROCESS)
    except (AttributeError, OSError, OverflowError):
        return None


def _delay(task: str) -> float | None:
    """Seconds for which a task has waited for a processor; None where the kernel does not tell."""
    try:
        return int(Path(f"{task}/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return None
