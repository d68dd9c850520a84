"""Run a command and say what it cost: wall time, processor time and memory of all its processes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

_INTERVAL = 0.05


class CommandFailed(Exception):
    """A measured command did not end well; the text has the end of what it said."""


@dataclass(frozen=True)
class Cost:
    """What a command cost.

    Attributes:
        wall: seconds.
        processor: seconds of processor time, all processes together.
        memory: highest resident set in bytes at any one time, all processes together, each page once
            where the kernel tells (proportional set size).
        output: what it printed.
    """

    wall: float
    processor: float
    memory: int
    output: str


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str], seconds: float = 3600) -> Cost:
    """Run a command to its end.

    Processor time is what the kernel has added up for all children that were waited for, so it holds short
    processes too; memory is a sample every second.

    Raises:
        CommandFailed: it ended with an error or took too long.
    """
    before = _children_seconds()
    started = time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        watch = _Watch(process.pid)
        watch.start()
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise CommandFailed(f"{' '.join(command[:4])} took more than {seconds:g} s") from None
        finally:
            watch.stopping.set()
            watch.join()
    wall = time.perf_counter() - started
    if process.returncode not in (0, 3):
        raise CommandFailed(f"{' '.join(command[-3:])} ended with {process.returncode}:\n{output[-2000:]}")
    return Cost(wall, _children_seconds() - before, watch.peak, output)


def _children_seconds() -> float:
    times = os.times()
    return times.children_user + times.children_system


class _Watch(threading.Thread):
    """Keeps the highest memory of a process and all below it."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self.peak = 0
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.wait(_INTERVAL if not self.peak else 20 * _INTERVAL):
            self.peak = max(self.peak, self._now())

    def _now(self) -> int:
        try:
            root = psutil.Process(self._pid)
            processes = [root, *root.children(recursive=True)]
        except psutil.Error:
            return 0
        return memory_of(processes)


def memory_of(processes: Iterable[psutil.Process]) -> int:
    """Bytes in memory of processes; what several share counts once. Those that have ended have none."""
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error, AttributeError):
            total += process.memory_full_info().pss
    return total
