"""What counts as a candidate's own time, on real processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from autograder.examiner.remote.own_time import SLICE, OwnTime
from autograder.wire import Channel, ChannelTimeout

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's clocks")

BURN = "import time\nend = time.process_time() + {seconds}\nwhile time.process_time() < end: pass\n"
TELL = "print('done', flush=True)\ninput()\n"


@contextmanager
def running(source: str) -> Iterator[subprocess.Popen[str]]:
    """A process that begins when it is sent a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"input()\n{source}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def own_time(source: str, *, pauses: float = 0.0) -> tuple[float, float]:
    """What a process that runs ``source`` is charged with, and wall time."""
    with running(source + TELL) as process:
        assert process.stdin is not None and process.stdout is not None
        clock = OwnTime(process.pid)
        done = threading.Event()
        threading.Thread(target=lambda: (process.stdout.readline(), done.set()), daemon=True).start()  # type: ignore[union-attr, func-returns-value]
        wait = clock.wait(1000.0)
        begun = time.monotonic()
        process.stdin.write("\n")
        process.stdin.flush()
        while not done.wait(0.05):
            if pauses:
                time.sleep(pauses)  # as if this process had been stopped meanwhile
            wait.extension()
        wait.over()
        return clock.look(), time.monotonic() - begun


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Processes that compute for as long as this is open."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def test_computing_counts() -> None:
    total, _ = own_time(BURN.format(seconds=0.5))
    assert 0.45 < total < 1.5


def test_sleeping_counts() -> None:
    total, wall = own_time("import time\ntime.sleep(0.8)\n")
    assert 0.7 < total <= wall + 0.1


@pytest.mark.slow
def test_waiting_for_a_processor_does_not_count() -> None:
    with busy(6 * (os.cpu_count() or 1)):
        total, wall = own_time(BURN.format(seconds=0.5))
    assert wall > 1.5, "the machine was not busy enough for this test to say anything"
    assert total < 1.2


def test_a_pause_of_whoever_looks_does_not_count() -> None:
    total, wall = own_time("import time\ntime.sleep(1.0)\n", pauses=1.5)
    assert wall > 1.4
    assert total < 1.0


def test_all_threads_and_processes_count() -> None:
    child = BURN.format(seconds=0.4)
    source = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}])\n"
    total, _ = own_time(source + BURN.format(seconds=0.3))
    assert total > 0.6


def test_short_lived_processes_do_not_escape() -> None:
    loop = "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done"
    # As long as it takes on a busy machine: until they have used a second of a processor.
    source = "import os, subprocess\n"
    source += f"while sum(os.times()[:4]) < 1: subprocess.run(['/bin/sh', '-c', {loop!r}])\n"
    total, _ = own_time(source)
    assert total > 0.6


def test_an_answer_that_does_not_come_is_waited_for_until_its_time_is_up() -> None:
    ours, theirs = socket.socketpair()
    with running("import time\ntime.sleep(60)\n") as process, ours, theirs:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        clock = OwnTime(process.pid)
        wait = clock.wait(clock.look() + 0.5)
        with pytest.raises(ChannelTimeout):
            Channel(ours).receive(deadline=wait.deadline, extension=wait.extension)
        assert clock.total >= 0.5


def test_a_stopped_process_sleeps() -> None:
    with running("while True: pass") as process:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        time.sleep(0.2)
        os.kill(process.pid, signal.SIGSTOP)
        clock = OwnTime(process.pid)
        wait = clock.wait(clock.look() + 0.4)
        until = time.monotonic() + 20
        while wait.extension() and time.monotonic() < until:
            time.sleep(SLICE / 2)
        assert clock.total >= 0.4


def test_where_nothing_is_known_the_wall_clock_counts() -> None:
    clock = OwnTime(None)
    wait = clock.wait(0.3)
    begun = time.monotonic()
    while wait.extension():
        time.sleep(SLICE / 2)
    assert 0.25 < time.monotonic() - begun < 5
