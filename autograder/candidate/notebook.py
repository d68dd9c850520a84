"""In the candidate: run the notebook's cells, then answer the examiner's questions, in forks where asked."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.candidate.outputs import written
from autograder.candidate.serve import Server, seed_everything, serve_until_closed, silence
from autograder.candidate.workplace import write_beside
from autograder.protocol import Op, json_room
from autograder.wire import Channel, FrameLimits

if TYPE_CHECKING:
    from autograder.candidate.cells import Recorder

_STATUS = Path("/proc/self/status")
"""One of the few files in /proc that a candidate may read where Landlock alone confines it."""
_PARTING = 0.1
"""Seconds that the system gets to clear away threads which Python has done with."""
_OUTCOME = FrameLimits(structure=1 << 30)
"""Of a cell: its outputs are bounded, and the examiner has a bound of its own."""
_END_SECONDS = 2.0
"""What a test's fork gets to end by itself; its exit code tells more than the signal that ends it."""


def serve_notebook(recorder: Recorder, channel: Channel, layers: Collection[str]) -> None:
    """Run the examiner's cells, then answer its questions, until it hangs up."""
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, signal.SIG_IGN)  # of a cell that has just ended in time
    setup = channel.receive()
    write_beside(setup.pop("files"), Path.cwd())
    _limit_threads(setup["threads"])
    seed_everything(setup["seed"])
    recorder.begin()
    channel.send({"layers": sorted(layers)})
    room = setup["output"]
    room_as_json = json_room(room)
    server = Server(channel, recorder.shell.user_ns, FrameLimits(structure=4 << 20, payload=setup["reply"]))
    while (request := channel.receive())["op"] != Op.READY:
        outcome = recorder.run(request["source"], room=room, number=request["number"])
        room = outcome.pop("room")
        # As JSON bytes: an output may nest deeper than a frame does.
        outcome["outputs"] = written(outcome["outputs"], room_as_json)
        room_as_json -= len(outcome["outputs"])
        channel.send(outcome, limits=_OUTCOME)
    silence()
    ready = recorder.finish()
    gc.collect()
    gc.freeze()  # forks for tests share what the notebook made
    channel.send(ready | {"threads": _threads()})
    children: set[int] = set()
    while True:
        request = channel.receive()
        operation = request["op"]
        if operation == Op.FORK:
            _, descriptors, _, _ = socket.recv_fds(channel.socket, 1, 1)
            pid = os.fork()
            if pid == 0:
                _serve_fork(server, descriptors[0])
            os.close(descriptors[0])
            children.add(pid)
            channel.send({"child": pid})
        elif operation == Op.END:
            channel.send({"code": _end(request["child"], children, kill=request["kill"])})
        else:
            server.answer(request)


def _serve_fork(parent: Server, descriptor: int) -> None:
    try:
        parent.channel.close()
        os.set_inheritable(descriptor, False)
        channel = Channel(socket.socket(fileno=descriptor), parent.channel.limits, strided=True)
        serve_until_closed(Server(channel, parent.namespace, parent.reply_limits))
    finally:
        os._exit(0)


def _end(pid: int, children: set[int], *, kill: bool) -> int | None:
    """Exit code of a test's fork, killed first if asked, or if it does not end at once."""
    if pid not in children:
        return None
    until = time.monotonic() + (0.0 if kill else _END_SECONDS)
    done, status = os.waitpid(pid, os.WNOHANG)
    pause = 0.0005  # an idle fork ends at once, but for giving its memory back
    while not done and time.monotonic() < until:
        time.sleep(pause)
        pause = min(2 * pause, 0.005)
        done, status = os.waitpid(pid, os.WNOHANG)
    if not done:
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    children.discard(pid)
    return os.waitstatus_to_exitcode(status)


def _threads() -> int:
    """How many threads this process has, also those that Python knows nothing of; 0 if nobody tells.

    A thread that has been joined is there for a moment more, a longer one on a busy machine.
    """
    until = time.monotonic() + _PARTING
    while (count := _threads_now()) > 1 == threading.active_count() and time.monotonic() < until:
        time.sleep(0.002)
    return count


def _threads_now() -> int:
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = _STATUS.read_text(encoding="utf-8", errors="replace").splitlines()
        return int(next(line for line in lines if line.startswith("Threads:")).split()[1])
    return 0


def _limit_threads(threads: int) -> None:
    """Keep TensorFlow to its share of the cores; NumPy's BLAS was told through the environment."""
    if "tensorflow.python" in sys.modules:  # not merely the light stand-in of weeks without TensorFlow
        tensorflow = sys.modules["tensorflow"]
        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
