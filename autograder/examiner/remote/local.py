"""The examiner's end where there is no confinement: one ordinary process for one notebook.

For a student who checks their own notebook on their own machine, whatever its system. It offers what
:class:`~autograder.examiner.remote.zygote.Zygote` offers, with ordinary processes and TCP on this
machine in place of forks and inherited sockets. **Never for anybody else's notebook.**
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from autograder.examiner.remote.errors import GraderFault
from autograder.examiner.remote.zygote import Spawned, Zygote, execution_variables
from autograder.protocol import Settings
from autograder.wire import Channel

_CONNECT_SECONDS = 180.0
_PASSWORD = 32
_ACCESS_VIOLATION = 0xC0000005


class LocalProcess(Spawned):
    """An ordinary process that serves one notebook."""

    def __init__(self, number: int, channel: Channel, process: subprocess.Popen[bytes]) -> None:
        super().__init__(number, channel, process.pid)  # a number that tells it lives, and no descriptor
        self._process = process

    @property
    def pid(self) -> int | None:
        """The number of the process."""
        return self._process.pid

    def interrupt(self) -> None:
        """Only the examiner's own clock ends a cell where there are no such signals."""
        if hasattr(signal, "SIGALRM"):
            self._process.send_signal(signal.SIGALRM)

    def kill(self) -> None:
        """End it, and what it started as far as the system tells."""
        if self.pidfd >= 0:
            self.pidfd = -1
            self.channel.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.3)  # one that has ended itself is asked for its own exit code
            _end(self._process, 10.0)

    @property
    def exit_code(self) -> int:
        """Negative for a signal, which Windows's access violation becomes too; otherwise 0 or 1.

        What a notebook makes up itself must not be taken for one of a warden's codes.
        """
        code = self._process.returncode or 0
        return -11 if code == _ACCESS_VIOLATION else code if -64 <= code <= 0 else 1


class LocalZygote(Zygote):
    """Starts processes one by one; the first is warm by the time that it is asked for.

    Args:
        settings: what to import.
        folder: working folder of the notebook.
        files: what lies beside the notebook, content by name.
    """

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        files: Mapping[str, bytes] | None = None,
    ) -> None:
        super().__init__(settings, files=files)
        self._folder = folder
        self._spawned: dict[int, LocalProcess] = {}
        self._next: tuple[subprocess.Popen[bytes], socket.socket, bytes] | None = None

    def start(self) -> None:
        """Start warming up the first process."""
        self._next = self._next or self._begin()

    def stop(self) -> None:
        """End what nobody has asked for."""
        if self._next is not None:
            process, server, _ = self._next
            self._next = None
            server.close()
            _end(process, 5.0)

    def spawn(self, limits: dict[str, Any], libraries: tuple[str, ...] = ()) -> Spawned:
        """A process that waits for its notebook; there are no limits but the examiner's clock."""
        del limits, libraries
        process, server, password = self._next or self._begin()
        self._next = None
        self._number += 1
        with server:
            channel = Channel(_accepted(process, server, password))
        self._spawned[self._number] = spawned = LocalProcess(self._number, channel, process)
        return spawned

    def exit_code(self, number: int, *, seconds: float) -> int | None:
        """Exit code of a process that has been killed or has ended."""
        del seconds
        return self._spawned[number].exit_code if number in self._spawned else None

    def _begin(self) -> tuple[subprocess.Popen[bytes], socket.socket, bytes]:
        server = socket.create_server(("127.0.0.1", 0), backlog=1)
        password = secrets.token_hex(_PASSWORD // 2).encode()
        threads = str(self.threads)
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(os.path.abspath(p) for p in sys.path if p),
            "PYTHONHASHSEED": "0",
            "MPLBACKEND": "Agg",
            "OMP_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
            "TF_CPP_MIN_LOG_LEVEL": "3",
            **execution_variables(self.settings.execution),
        }
        process = subprocess.Popen(
            [
                sys.executable,
                "-P",  # or a student's own random.py beside the notebook would be NumPy's
                "-W",
                "ignore",
                "-m",
                "autograder.candidate.local",
                str(server.getsockname()[1]),
                json.dumps(asdict(self.settings)),
            ],
            cwd=self._folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=os.name == "posix",
        )
        assert process.stdin is not None
        with contextlib.suppress(OSError), process.stdin as pipe:  # noticed when it does not connect
            pipe.write(password + b"\n")
        return process, server, password


def _accepted(process: subprocess.Popen[bytes], server: socket.socket, password: bytes) -> socket.socket:
    """The connection of the process that knows the password."""
    deadline = time.monotonic() + _CONNECT_SECONDS
    server.settimeout(0.5)
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(TimeoutError):
            connection, _ = server.accept()
            connection.settimeout(10.0)
            said = b""
            with contextlib.suppress(OSError):
                while len(said) < _PASSWORD and (more := connection.recv(_PASSWORD - len(said))):
                    said += more
            if hmac.compare_digest(said, password):
                return connection
            connection.close()
    _end(process, 5.0)
    raise GraderFault("the process that runs the notebook did not start")


def _end(process: subprocess.Popen[bytes], seconds: float) -> None:
    with contextlib.suppress(OSError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
