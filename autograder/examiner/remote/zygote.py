"""The examiner's end of the warm process: start it, ask it for candidates, notice when it is gone."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from autograder.examiner.remote import fonts
from autograder.examiner.remote.errors import GraderFault
from autograder.protocol import Settings
from autograder.wire import Channel, ChannelClosed, ChannelTimeout, FrameLimits, WireError

_WARM_SECONDS = 900.0  # TensorFlow's import takes 10 s of a processor that others may want, too
_KILL_SECONDS = 60.0
_SPAWN_SECONDS = 900.0  # the first notebook that mentions TensorFlow waits for its import


class Spawned:
    """A confined process that has just begun.

    Attributes:
        number: how the zygote calls it.
        channel: frames to and from it.
        pidfd: of the first process of its pid namespace; killing that one kills them all.
    """

    def __init__(self, number: int, channel: Channel, pidfd: int) -> None:
        self.number = number
        self.channel = channel
        self.pidfd = pidfd

    @property
    def pid(self) -> int | None:
        """The number of its first process, as this process sees it; None where that is not told."""
        return _pid_of(self.pidfd)

    def interrupt(self) -> None:
        """Tell it that the time of what it does is up (see :mod:`autograder.candidate.cells`)."""
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGALRM)

    def kill(self) -> None:
        """Kill everything in it and wait until it is gone."""
        if self.pidfd < 0:
            return
        self.channel.close()
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        gone, _, _ = select.select([self.pidfd], [], [], _KILL_SECONDS)
        os.close(self.pidfd)
        self.pidfd = -1
        if not gone:
            raise GraderFault("a candidate could not be killed")


class Zygote:
    """One warm process and the candidates forked from it.

    Args:
        settings: what to import, and what candidates may read.
        threads: BLAS and OpenMP threads of a candidate.
        files: what lies beside the notebook in a candidate's working folder, content by name.
    """

    def __init__(
        self, settings: Settings, threads: int = 1, files: Mapping[str, bytes] | None = None
    ) -> None:
        self.settings = settings
        self.threads = threads
        # As arrays, whose bytes travel apart and are not copied.
        self.files = {name: np.frombuffer(content, np.uint8) for name, content in (files or {}).items()}
        self._process: subprocess.Popen[bytes] | None = None
        self._control: Channel | None = None
        self._number = 0
        self._exits: dict[int, int] = {}

    def start(self) -> None:
        """Start warming up; :meth:`spawn` waits until it is done."""
        ours, theirs = socket.socketpair()
        threads = str(self.threads)
        keep = (
            "PATH",
            "LANG",
            "LC_ALL",
            "LD_LIBRARY_PATH",
            "VIRTUAL_ENV",
            "OPENBLAS_CORETYPE",
            "OPENBLAS_L2_SIZE",
        )
        environment = {key: os.environ[key] for key in keep if key in os.environ} | {
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join(os.path.abspath(p) for p in sys.path if p),
            "MPLCONFIGDIR": _matplotlib_cache(),
            **fonts.environment(),
            "IPYTHONDIR": os.devnull,
            "OMP_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "TF_ENABLE_ONEDNN_OPTS": "0",
            "CUDA_VISIBLE_DEVICES": "-1",
            "KERAS_BACKEND": "tensorflow",
            **execution_variables(self.settings.execution),
        }
        # Without -P the working folder would be a place to import from, and the first of them.
        options = ["-P", "-W", "ignore", "-m", "autograder.candidate.zygote"]
        self._process = subprocess.Popen(
            [sys.executable, *options, str(theirs.fileno())],
            env=environment,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",  # IPython remembers where it began, and a candidate could ask it
        )
        theirs.close()
        self._control = Channel(ours, FrameLimits(structure=1 << 16, payload=0))
        with contextlib.suppress(ChannelClosed):  # noticed when it does not answer
            self._control.send({"settings": asdict(fonts.readable(self.settings))})
        self._exits.clear()
        self._warm = False

    def stop(self) -> None:
        """End it; its candidates end with it."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def spawn(self, limits: dict[str, Any], libraries: tuple[str, ...] = ()) -> Spawned:
        """Fork and confine one candidate; restarts the zygote if it has gone.

        Args:
            limits: fields of the confinement's own.
            libraries: further libraries to have warm.

        Raises:
            GraderFault: it cannot be had.
        """
        for attempt in (1, 2):
            if not self.alive:
                self.stop()
                self.start()
            try:
                return self._spawn(limits, libraries)
            except (ChannelClosed, ChannelTimeout, WireError) as error:
                self.stop()
                if attempt == 2:
                    raise GraderFault(
                        f"the warm process does not answer: {type(error).__name__} {error}"
                    ) from None
        raise AssertionError

    def _spawn(self, limits: dict[str, Any], libraries: tuple[str, ...]) -> Spawned:
        assert self._control is not None
        if not self._warm:
            if "warm" not in self._control.receive(deadline=time.monotonic() + _WARM_SECONDS):
                raise WireError("unexpected greeting")
            self._warm = True
        self._drain(0.0, until=None)
        self._number += 1
        ours, theirs = socket.socketpair()
        try:
            self._control.send({"number": self._number, "limits": limits, "libraries": libraries})
            socket.send_fds(self._control.socket, [b"F"], [theirs.fileno()])
        except OSError as error:
            ours.close()
            raise ChannelClosed(str(error)) from None
        finally:
            theirs.close()
        ours.settimeout(_SPAWN_SECONDS)
        try:
            byte, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
        except OSError as error:
            raise ChannelTimeout(str(error)) from None
        if byte != b"K" or len(descriptors) != 1:
            code = self.exit_code(self._number, seconds=2.0)
            ours.close()
            raise GraderFault(f"the candidate could not be confined (exit code {code})")
        return Spawned(self._number, Channel(ours), descriptors[0])

    def exit_code(self, number: int, *, seconds: float) -> int | None:
        """Exit code of a candidate's warden (negative: a signal), or None if unknown after ``seconds``."""
        if number not in self._exits:
            with contextlib.suppress(ChannelClosed, ChannelTimeout, WireError):
                self._drain(seconds, until=number)
        return self._exits.pop(number, None)

    def _drain(self, seconds: float, *, until: int | None) -> None:
        assert self._control is not None
        deadline = time.monotonic() + seconds
        while until is None or until not in self._exits:
            wait = max(deadline - time.monotonic(), 0.0)
            ready, _, _ = select.select([self._control.socket], [], [], wait)
            if not ready:
                return
            message = self._control.receive(deadline=time.monotonic() + 5)
            self._exits[message["exited"]] = message["code"]


def execution_variables(execution: str) -> dict[str, str]:
    """What nbgrader sets in the environment while it runs a notebook, so that cells can tell."""
    validating = {"NBGRADER_VALIDATING": "1"} if execution == "validate" else {}
    return {"NBGRADER_EXECUTION": execution, **validating}


def _pid_of(pidfd: int) -> int | None:
    try:
        text = Path(f"/proc/self/fdinfo/{pidfd}").read_text()
    except OSError:
        return None
    found = next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pid:")), -1)
    return found if found > 0 else None


def _matplotlib_cache() -> str:
    """Where the zygote keeps matplotlib's font list between runs; candidates get their own folder."""
    return str(fonts.matplotlib_cache())
