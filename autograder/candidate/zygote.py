"""The warm process that every candidate is forked from.

``python -m autograder.candidate.zygote FD`` hears its settings on the control socket ``FD`` (forks inherit
a command line), imports the course's libraries once, says "warm", and then forks one candidate for each
request. The zygote itself never runs a line of a student's code. It ends when the control socket closes.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.candidate.serve import Server, seed_everything, serve_until_closed, silence
from autograder.companions import write_beside
from autograder.wire import Channel, ChannelClosed, FrameLimits

if sys.platform == "linux":  # elsewhere a student's own machine runs the rest of this without it
    from autograder.candidate import confinement

if TYPE_CHECKING:
    from autograder.candidate.cells import Recorder
    from autograder.candidate.usage import Usage

_STATUS = Path("/proc/self/status")
_END_SECONDS = 0.3
"""What a test's fork gets to end by itself; its exit code tells more than the signal that ends it."""


@dataclass(frozen=True)
class Settings:
    """What a zygote needs to know before it starts.

    Attributes:
        tensorflow: import TensorFlow and Keras too.
        data: the student's ``mnist.npz``.
        readable: further trees that candidates may read.
        hidden: paths inside readable trees that they may not.
        switched_off: layers of confinement to leave out, by name (tests, and a TA's explicit wish).
        execution: what nbgrader would say that it is about: ``autograde`` or ``validate``.
    """

    tensorflow: bool = False
    data: str = ""
    readable: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    switched_off: tuple[str, ...] = ()
    execution: str = "autograde"

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Settings:
        """The settings from what :func:`dataclasses.asdict` made of them and some codec carried."""
        return cls(
            tensorflow=bool(fields["tensorflow"]),
            data=str(fields["data"]),
            readable=tuple(fields["readable"]),
            hidden=tuple(fields["hidden"]),
            switched_off=tuple(fields["switched_off"]),
            execution=str(fields["execution"]),
        )

    def forget(self) -> None:
        """Empty what names places of the machine; for a fork that is about to run a student's code."""
        vars(self).update(data="", readable=(), hidden=())


def warm_up(settings: Settings) -> Recorder:
    """Import and exercise everything that a notebook is likely to use, so that forks inherit it."""
    sys.argv[:] = sys.orig_argv[:] = ["notebook"]  # how the kit was started is nobody's business
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.animation
    import matplotlib.pyplot as plt

    from autograder import data

    if settings.tensorflow:
        _import("tensorflow")
        if settings.data:
            data.install(Path(settings.data))
    elif settings.data:
        data.install_light(Path(settings.data))

    # What is imported lazily is otherwise imported by each candidate anew: 10 ms.
    import encodings.cp437  # noqa: F401 (zip archives, and so NumPy's)

    import numpy.random  # noqa: F401
    from PIL import Image

    import autograder.candidate.usage  # noqa: F401 (what is not imported now, no candidate can find)
    from autograder.candidate.cells import Recorder

    Image.preinit()
    recorder = Recorder()
    # The first figure, the first traceback and the first result load fonts, pygments and formatters.
    rehearsal = (
        "import numpy, matplotlib.pyplot as p; p.figure(); p.imshow([[0, 1]], cmap='Greys'); p.title('1')",
        "raise ValueError('rehearsal')",
        "print(numpy.arange(3)); numpy.arange(3)",
    )
    for source in rehearsal:
        recorder.run(source, seconds=60, room=1 << 24)
    plt.close("all")
    recorder.shell.reset(new_session=True)
    recorder.shell.execution_count = 1
    recorder.known = set(recorder.shell.user_ns)
    return recorder


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
                    _import(library)
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


def _import(library: str) -> None:
    """Import what a notebook that mentions ``library`` is likely to use."""
    if library == "scipy":
        import scipy.ndimage
        import scipy.signal  # noqa: F401
    elif library == "tensorflow":
        with _quiet():  # TensorFlow's C++ side greets on stderr whatever it is told
            import keras
            import rich._emoji_codes  # noqa: F401 (Keras draws tables with it)
            import tensorflow as tf

            # Resolved here, forks do not pay for them; the light stand-ins give way to the real packages.
            _ = (keras.layers, keras.callbacks, keras.models, keras.optimizers, keras.utils, keras.datasets)
            _ = (tf.nn, tf.keras.layers, tf.keras.models, tf.keras.datasets, tf.keras.utils)
            for operation in ("range", "flat_map", "from_tensors", "concatenate", "zip"):
                importlib.import_module(f"tensorflow.python.data.ops.{operation}_op")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Nothing goes to the descriptor of stderr."""
    saved, sink = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(sink)


def _candidate(recorder: Recorder, settings: Settings, request: dict[str, Any], sock: socket.socket) -> None:
    """Confine this fork and serve; never returns."""
    code = 1
    try:
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


def serve_notebook(recorder: Recorder, channel: Channel, layers: Collection[str]) -> None:
    """Run the examiner's cells, then answer its questions, until it hangs up."""
    setup = channel.receive()
    write_beside(setup.pop("files"), Path.cwd())
    _limit_threads(setup["threads"])
    seed_everything(setup["seed"])
    channel.send({"layers": sorted(layers)})
    room = setup["output"]
    server = Server(channel, recorder.shell.user_ns, FrameLimits(structure=4 << 20, payload=setup["reply"]))
    while (request := channel.receive())["op"] != "ready":
        if request["op"] == "answer":
            ask = partial(server.values, request["frames"])
            channel.send({"value": recorder.quietly(ask, seconds=request["seconds"])})
        elif request["op"] == "pass":
            count = recorder.pass_over(request["source"])
            room -= request["size"] if count is not None else 0
            channel.send({"count": count})
        else:
            with _usage(recorder, request) as usage:
                outcome = recorder.run(request["source"], seconds=request["seconds"], room=room)
            room = outcome.pop("room")
            # As JSON bytes: an output may nest deeper than a frame does.
            outcome["outputs"] = json.dumps(outcome["outputs"], default=str).encode("utf-8", "replace")
            channel.send(outcome if usage is None else outcome | {"usage": usage.frames})
    silence()
    gc.collect()
    gc.freeze()  # forks for tests share what the notebook made
    channel.send({"names": recorder.names(), "threads": _threads()})
    children: set[int] = set()
    while True:
        request = channel.receive()
        operation = request["op"]
        if operation == "fork":
            _, descriptors, _, _ = socket.recv_fds(channel.socket, 1, 1)
            pid = os.fork()
            if pid == 0:
                _serve_fork(server, descriptors[0])
            os.close(descriptors[0])
            children.add(pid)
            channel.send({"child": pid})
        elif operation == "end":
            channel.send({"code": _end(request["child"], children, kill=request["kill"])})
        else:
            server.answer(request)


def _usage(recorder: Recorder, request: dict[str, Any]) -> contextlib.AbstractContextManager[Usage | None]:
    """Watches a cell of the solution, if the examiner asks for that."""
    if "names" not in request:
        return contextlib.nullcontext()
    from autograder.candidate.usage import Usage

    return Usage(recorder.shell.user_ns, request["names"], request["source"])


def _serve_fork(parent: Server, descriptor: int) -> None:
    try:
        parent.channel.close()
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
    """How many threads this process has; 0 where nothing tells.

    Landlock leaves a process its own status to read, and not its folder of tasks.
    """
    try:
        lines = _STATUS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Threads:")), 0)


def _limit_threads(threads: int) -> None:
    """Keep TensorFlow to its share of the cores; NumPy's BLAS was told through the environment."""
    if "tensorflow.python" in sys.modules:  # not merely the light stand-in of weeks without TensorFlow
        threading = sys.modules["tensorflow"].config.threading
        threading.set_intra_op_parallelism_threads(threads)
        threading.set_inter_op_parallelism_threads(1)


if __name__ == "__main__":
    main()
