"""Run a notebook's code cells in the warm IPython shell and capture what they show.

Everything here runs in the same interpreter as the student's code, so nothing of it is believed: the
outputs are shown to people, and no point depends on them.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import io
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NoReturn

import matplotlib
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from matplotlib_inline.backend_inline import configure_inline_support
from matplotlib_inline.config import InlineBackend
from traitlets.config import Config

from autograder.candidate.drawing import draw_once
from autograder.candidate.names import Names
from autograder.candidate.platforms import end_watchers, stand_in
from autograder.candidate.shell import Shell
from autograder.candidate.ticks import make_ticks_when_needed
from autograder.candidate.workplace import make_importable

_BACKEND = "module://matplotlib_inline.backend_inline"
_CELL_FILE = "<ipython-input-"
_MAYBE_MAGIC = re.compile(r"^\s*[!%,;/]|=[\s\\]*[!%]|\?", re.M)
"""Wherever IPython sees more than Python: commands in front of a line or an assigned one, and help."""


class CellTimeLimit(BaseException):
    """Raised in a cell when its time is up; not an Exception, so that ``except Exception`` lets it pass."""


class OutputLimit(BaseException):
    """Raised in a cell that wrote more than the submission may."""


class Outputs:
    """The nbformat outputs of one cell, in the order in which they came.

    Args:
        room: bytes that the submission may still write.
    """

    def __init__(self, room: int) -> None:
        self.items: list[dict[str, Any]] = []
        self.room = self._most = room
        self.overflowed = False

    def stream(self, name: str, text: str) -> None:
        """Add text to stdout or stderr, merged with what came just before on the same stream."""
        if 0 < self.room < len(text):
            self.stream(name, text[: self.room])  # its beginning may tell what it is
        self._take(len(text))
        last = self.items[-1] if self.items else None
        if last is not None and last["output_type"] == "stream" and last["name"] == name:
            last["parts"].append(text)
        else:
            self.items.append({"output_type": "stream", "name": name, "parts": [text]})

    def add(self, output: dict[str, Any]) -> None:
        """Add a display, result or error output."""
        self._take(sum(len(str(value)) for value in output.get("data", {}).values()))
        self.items.append(output)

    def clear(self) -> None:
        """What ``clear_output`` asks for."""
        self.items.clear()

    def overflow(self) -> NoReturn:
        """There is more than may be written.

        Raises:
            OutputLimit: always.
        """
        self.overflowed = True
        raise OutputLimit

    def _take(self, size: int) -> None:
        if self.overflowed:
            raise OutputLimit
        self.room -= size
        if self.room < 0:
            self.overflow()

    def finished(self) -> list[dict[str, Any]]:
        """The outputs with their streams' text joined, ready for nbformat.

        Of a cell that broke the limit no more is kept than leaves room for the cells that follow: those are
        not to blame, and may define what is graded.
        """
        result = self._joined()
        if not self.overflowed:
            return result
        left = self._most // 2
        self.room = self._most - left
        kept = []
        for item in result:
            if "text" in item:
                item["text"] = item["text"][:left]
            left -= len(item["text"]) if "text" in item else len(str(item))
            if left < 0:
                break
            kept.append(item)
        return kept

    def _joined(self) -> list[dict[str, Any]]:
        result = []
        for item in self.items:
            if "parts" in item:
                text = _collapse("".join(item["parts"]))
                result.append({"output_type": "stream", "name": item["name"], "text": text})
            else:
                result.append(item)
        return result


def _collapse(text: str) -> str:
    """What a terminal would still show of a progress bar: the text after each line's last return."""
    if "\r" not in text:
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in lines)


class _Stream(io.TextIOBase):
    """``sys.stdout`` or ``sys.stderr`` of the student's code."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, recorder: Recorder, name: str) -> None:
        self._recorder = recorder
        self.name = name

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if text:
            self._recorder.outputs.stream(self.name, text)
        return len(text)

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return 1 if self.name == "stdout" else 2


class _Publisher(DisplayPublisher):
    recorder: Recorder

    def publish(self, data: Any, metadata: Any = None, source: Any = None, **kwargs: Any) -> None:
        self.recorder.outputs.add(
            {"output_type": "display_data", "data": dict(data), "metadata": dict(metadata or {})}
        )

    def clear_output(self, wait: bool = False) -> None:
        self.recorder.outputs.clear()


class _Hook(DisplayHook):
    recorder: Recorder

    def start_displayhook(self) -> None:
        pass

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        self.recorder.outputs.add(
            {
                "output_type": "execute_result",
                "data": dict(format_dict),
                "metadata": dict(md_dict or {}),
                "execution_count": self.prompt_count,
            }
        )

    def finish_displayhook(self) -> None:
        pass


def _shell() -> Any:
    # IPython wants a folder for what it keeps from session to session; here it keeps nothing.
    config = Config({"HistoryManager": {"enabled": False}})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        return Shell.instance(
            config=config,
            display_pub_class=_Publisher,
            displayhook_class=_Hook,
            colors="nocolor",
            ipython_dir=folder,
        )


def _look_for_no_module_of_cells() -> None:
    """Have :func:`inspect.getmodule` say at once that a cell's frame is in no module.

    For each frame of a traceback it would ask all modules for their file: 5 ms for a failed cell, 25 to 80 ms
    where TensorFlow is imported.
    """
    original = inspect.getmodule

    @functools.wraps(original)
    def getmodule(object: Any, _filename: str | None = None) -> Any:  # noqa: A002 (as it is called there)
        if isinstance(object, FrameType) and object.f_code.co_filename.startswith(_CELL_FILE):
            return None
        return original(object, _filename)

    inspect.getmodule = getmodule


def _transform_only_what_may_be_magic(shell: Any) -> None:
    """Spare plain Python IPython's search for magics, token by token: half a millisecond a cell."""
    manager = shell.input_transformer_manager
    original = manager.do_token_transforms

    def do_token_transforms(lines: list[str]) -> Any:
        return original(lines) if _MAYBE_MAGIC.search("".join(lines)) else lines

    manager.do_token_transforms = do_token_transforms


def _compile_only_what_may_wait(shell: Any) -> None:
    """Spare cells without an ``await`` the compilation that looks for one."""
    original = shell.should_run_async

    def should_run_async(raw_cell: str, **kwargs: Any) -> bool:
        return ("await" in raw_cell or "async" in raw_cell) and bool(original(raw_cell, **kwargs))

    shell.should_run_async = should_run_async


class Recorder:
    """One IPython shell whose every output is recorded cell by cell."""

    def __init__(self) -> None:
        self.outputs = Outputs(0)
        self.shell = _shell()
        self.shell.display_pub.recorder = self
        self.shell.displayhook.recorder = self
        self.shell.recorder = self
        self.shell.prepare()
        stand_in()
        self.shell.enable_gui = lambda gui=None: None  # no window can be opened; `%matplotlib inline` asks
        self.shell._showtraceback = self._show_traceback
        self.shell._format_exception_for_storage = lambda *_, **__: None  # of a history that nobody reads
        _look_for_no_module_of_cells()
        _transform_only_what_may_be_magic(self.shell)
        _compile_only_what_may_wait(self.shell)
        matplotlib.use(_BACKEND)
        draw_once()
        make_ticks_when_needed()
        InlineBackend.instance(parent=self.shell).print_figure_kwargs = {}
        configure_inline_support(self.shell, _BACKEND)  # type: ignore[no-untyped-call]
        self.known = set(self.shell.user_ns)
        self._names = Names(self.shell.user_ns, self.known)

    def begin(self) -> None:
        """Here and now the notebook begins: its folder is the working one."""
        make_importable()
        self._names = Names(self.shell.user_ns, self.known)

    def _show_traceback(self, etype: Any, evalue: Any, stb: Any) -> None:
        self.outputs.add(
            {
                "output_type": "error",
                "ename": str(getattr(etype, "__name__", etype))[:200],
                "evalue": _text_of(evalue)[:4000],
                "traceback": [str(line)[:8000] for line in stb][-40:],
            }
        )

    def run(self, source: str, *, seconds: float, room: int, number: int = 0) -> dict[str, Any]:
        """Run one cell.

        Args:
            source: the cell's text, magics included.
            seconds: after which :class:`CellTimeLimit` is raised in the cell. Code may swallow it; the
                examiner's own deadline does not depend on it.
            room: bytes of output that the submission may still write.
            number: of the cell, as people are told it.

        Returns:
            ``verdict``, ``message``, ``outputs``, ``count``, ``room`` left and ``seconds`` taken.
        """
        started = time.perf_counter()
        error: BaseException | None = None
        with self._captured(room) as outputs:
            try:
                with _time_limit(seconds):
                    result = self.shell.run_cell(source, store_history=True)
                error = result.error_before_exec or result.error_in_exec
            except BaseException as escaped:
                error = escaped
        with contextlib.suppress(BaseException):  # a student's objects may do anything
            self._names.look(number)
        verdict, message = _judge(error, outputs)
        shown = outputs.finished()
        return {
            "verdict": verdict,
            "message": message,
            "outputs": shown,
            "count": self.shell.execution_count - 1,
            "room": max(outputs.room, 0),
            "seconds": time.perf_counter() - started,
        }

    def quietly(self, do: Callable[[], Any], *, seconds: float) -> Any:
        """What ``do`` returns; None if it is not done in time, or anything is raised or shown meanwhile."""
        value, pyplot = None, sys.modules["matplotlib.pyplot"]
        before = pyplot.get_fignums()
        with self._captured(1 << 20) as outputs, contextlib.suppress(BaseException), _time_limit(seconds):
            value = do()
        figures = set(pyplot.get_fignums()) - set(before)
        for number in figures:
            pyplot.close(number)
        return None if outputs.items or outputs.overflowed or figures else value

    def pass_over(self, source: str) -> int | None:
        """Count a cell that need not run; the number that it would have been given.

        None where it has to run all the same: a figure that an earlier cell left open would be shown by it.
        """
        if sys.modules["matplotlib.pyplot"].get_fignums():
            return None
        count = int(self.shell.execution_count)
        self.shell.history_manager.store_inputs(count, source)
        self.shell.execution_count = count + 1
        return count

    @contextlib.contextmanager
    def _captured(self, room: int) -> Iterator[Outputs]:
        """While this is open, whatever is written or displayed becomes an output."""
        self.outputs = outputs = Outputs(room)
        spill = tempfile.TemporaryFile()  # noqa: SIM115
        saved = [os.dup(1), os.dup(2)]
        streams = sys.stdout, sys.stderr
        os.dup2(spill.fileno(), 1)
        os.dup2(spill.fileno(), 2)
        sys.stdout, sys.stderr = _Stream(self, "stdout"), _Stream(self, "stderr")
        try:
            yield outputs
        finally:
            sys.stdout, sys.stderr = streams
            for descriptor, copy in zip((1, 2), saved, strict=True):
                os.dup2(copy, descriptor)
                os.close(copy)
            with spill, contextlib.suppress(OutputLimit):
                spill.seek(0)
                spilt = spill.read(max(outputs.room, 0) + 1)
                if spilt and not outputs.overflowed:
                    cut = len(spilt) > outputs.room
                    outputs.stream("stdout", spilt.decode("utf-8", "replace"))
                    if cut:
                        outputs.overflow()

    def finish(self) -> dict[str, Any]:
        """After the last cell: the notebook's ``names``, and which ``changes`` they saw."""
        with contextlib.suppress(BaseException):
            end_watchers()
        return {"names": self.names(), "changes": self._names.changes()}

    def names(self) -> dict[str, bool]:
        """The student's names, each with whether it can be called."""
        namespace = self.shell.user_ns
        mine = [name for name in list(namespace) if isinstance(name, str) and name not in self.known]
        return {name: callable(namespace[name]) for name in mine[:2000] if not name.startswith("_")}


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise :class:`CellTimeLimit` after so many seconds; Windows has no alarm, only the examiner's clock."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    previous = signal.signal(signal.SIGALRM, _Alarm())
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


class _Alarm:
    """Ends a cell whose time is up; time for which the machine made it wait is given back first."""

    def __init__(self) -> None:
        self._waited = _waited()

    def __call__(self, number: int, frame: FrameType | None) -> None:
        waited = _waited()
        more, self._waited = waited - self._waited, waited
        if more < 0.02:
            raise CellTimeLimit
        signal.setitimer(signal.ITIMER_REAL, more)


def _waited() -> float:
    """Seconds for which this process has waited for a processor; 0 where the kernel does not tell."""
    try:
        with open("/proc/self/schedstat", encoding="ascii") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def _judge(error: BaseException | None, outputs: Outputs) -> tuple[str, str]:
    if outputs.overflowed or isinstance(error, OutputLimit):
        return "output", "the output limit was reached"
    if error is None:
        return "passed", ""
    if isinstance(error, CellTimeLimit):
        return "timeout", "the time limit of the cell was reached"
    if isinstance(error, SystemExit):
        return "exception", "`exit()` ended this cell: what it had defined by then counts"
    name = type(error).__name__
    verdict = "not-implemented" if isinstance(error, NotImplementedError) else "exception"
    if isinstance(error, MemoryError):
        return "memory", "the memory limit was reached"
    text = f"{name}: {_text_of(error)}"[:1000]
    if isinstance(error, ModuleNotFoundError) and verdict == "exception":
        text += " (there is no such module where notebooks are graded)"
    return verdict, text


def _text_of(error: Any) -> str:
    try:
        return str(error)
    except BaseException:  # a student's __str__ may do anything
        return "(its message cannot be shown)"
