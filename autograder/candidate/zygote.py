"""The warm process that every candidate is forked from.

``python -m autograder.candidate.zygote FD`` hears its settings on the control socket ``FD`` (forks inherit
a command line), imports the course's libraries once, says "warm", and then forks one candidate for each
request. The zygote itself never runs a line of a student's code. It ends when the control socket closes.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.wire import Channel, ChannelClosed, FrameLimits

if sys.platform == "linux":  # elsewhere a student's own machine runs the rest of this without it
    from autograder.candidate.sandbox import confinement
if TYPE_CHECKING:
    from autograder.candidate.cells import Recorder
from autograder.candidate.notebook import serve_notebook
from autograder.candidate.warm_up import import_library, warm_up
from autograder.protocol import Settings


def main() -> None:
    """Warm up, then fork on request until the control socket closes."""
    control = Channel(socket.socket(fileno=int(sys.argv[1])))
    with contextlib.suppress(ChannelClosed):  # whoever asked may have gone, also while we warm up
        settings = Settings.from_fields(control.receive()["settings"])
        recorder = warm_up(settings)
        control.send({"warm": os.getpid()})
        Nursery(control, settings, recorder).run()


class Nursery:
    """Forks candidates, and one more warm process for each set of libraries that only some notebooks use.

    What every fork inherits costs every fork: SciPy doubles the pages to copy. So it is imported in a
    process of its own, forked from this one when the first notebook mentions it.

    Args:
        control: requests come from here; exits are reported here.
        settings: of the zygote.
        recorder: the warm IPython shell.
    """

    def __init__(self, control: Channel, settings: Settings, recorder: Recorder) -> None:
        self._control = control
        self._settings = settings
        self._recorder = recorder
        self._numbers: dict[int, int] = {}
        self._others: dict[tuple[str, ...], Channel] = {}
        self._wake, self._wake_write = -1, -1

    def run(self) -> None:
        """Serve until the control socket closes."""
        gc.collect()
        gc.freeze()  # the collector would touch, and so copy, every inherited page
        self._wake, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._wake_write)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while True:
            others = {channel.socket.fileno(): key for key, channel in self._others.items()}
            watched = [self._control.socket.fileno(), self._wake, *others]
            ready, _, _ = select.select(watched, [], [])
            if self._wake in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake, 4096)
                self._report_exits()
            for descriptor in others.keys() & set(ready):
                self._pass_on(others[descriptor])
            if self._control.socket.fileno() in ready and not self._serve():
                return

    def _serve(self) -> bool:
        """Do one request; False when there are no more."""
        try:
            request = self._control.receive()
            _, descriptors, _, _ = socket.recv_fds(self._control.socket, 1, 1)
        except ChannelClosed:
            return False
        libraries = tuple(request.pop("libraries"))
        if libraries:
            other = self._others.get(libraries) or self._raise_other(libraries)
            with contextlib.suppress(ChannelClosed, OSError):
                other.send({**request, "libraries": []})
                socket.send_fds(other.socket, [b"F"], [descriptors[0]])
        else:
            pid = os.fork()
            if pid == 0:
                self._leave()
                _candidate(self._recorder, self._settings, request, socket.socket(fileno=descriptors[0]))
            self._numbers[pid] = request["number"]
        os.close(descriptors[0])
        return True

    def _raise_other(self, libraries: tuple[str, ...]) -> Channel:
        ours, theirs = socket.socketpair()
        if os.fork() == 0:
            code = 1
            try:
                self._leave()
                ours.close()
                for library in libraries:
                    import_library(library)
                Nursery(Channel(theirs), self._settings, self._recorder).run()
                code = 0
            finally:
                os._exit(code)
        theirs.close()
        self._others[libraries] = channel = Channel(ours)
        return channel

    def _leave(self) -> None:
        """In a fork: let go of what belongs to this process."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._control.close()
        for other in self._others.values():
            other.close()
        os.close(self._wake)
        os.close(self._wake_write)

    def _pass_on(self, libraries: tuple[str, ...]) -> None:
        try:
            self._control.send(self._others[libraries].receive())
        except ChannelClosed:
            self._others.pop(libraries).close()

    def _report_exits(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            number = self._numbers.pop(pid, None)
            if number is not None:
                with contextlib.suppress(ChannelClosed):
                    self._control.send({"exited": number, "code": os.waitstatus_to_exitcode(status)})


def _candidate(recorder: Recorder, settings: Settings, request: dict[str, Any], sock: socket.socket) -> None:
    """Confine this fork and serve; never returns."""
    code = 1
    try:
        sock.set_inheritable(False)  # a program that a cell starts has no word in this
        limits = confinement.Limits(**request["limits"])
        policy = replace(
            confinement.default_policy(
                data=[Path(p) for p in (*settings.readable, settings.data) if p],
                hidden=[Path(p) for p in settings.hidden],
                limits=limits,
            ),
            switched_off=frozenset(confinement.Layer(name) for name in settings.switched_off),
        )
        layers = confinement.enter(policy, sock)
        Path("work").mkdir()
        os.chdir("work")  # so that `%cd ..` leads to a place that can be written to, as it does at home
        settings.forget()  # or the frames below a student's would tell
        del policy
        serve_notebook(
            recorder, Channel(sock, FrameLimits(structure=64 << 20, payload=1 << 30), strided=True), layers
        )
        code = 0
    except ChannelClosed:
        code = 0
    except BaseException as error:
        # Before the notebook begins this tells the examiner what is wrong with us; after that it is ignored.
        with contextlib.suppress(BaseException):
            Channel(sock).send({"failed": f"{type(error).__name__}: {error}"})
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
