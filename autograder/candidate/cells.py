"""Run a notebook's code cells in the warm IPython shell and capture what they show.

Everything here runs in the same interpreter as the student's code, so nothing of it is believed: the
outputs are shown to people, and no point depends on them.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from types import FrameType
from typing import Any

import matplotlib
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from matplotlib_inline.backend_inline import configure_inline_support
from matplotlib_inline.config import InlineBackend

from autograder.candidate import shortcuts

_BACKEND = "module://matplotlib_inline.backend_inline"
_MOST_NAMES = 50_000


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
        self.room = room
        self.overflowed = False

    def stream(self, name: str, text: str) -> None:
        """Add text to stdout or stderr, merged with what came just before on the same stream."""
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

    def _take(self, size: int) -> None:
        if self.overflowed:
            raise OutputLimit
        self.room -= size
        if self.room < 0:
            self.overflowed = True
            raise OutputLimit

    def finished(self) -> list[dict[str, Any]]:
        """The outputs with their streams' text joined, ready for nbformat."""
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
    return InteractiveShell.instance(display_pub_class=_Publisher, displayhook_class=_Hook, colors="nocolor")


class Recorder:
    """One IPython shell whose every output is recorded cell by cell.

    Args:
        quick: take the shortcuts of :mod:`autograder.candidate.shortcuts`.
    """

    def __init__(self, *, quick: bool = True) -> None:
        self.outputs = Outputs(0)
        self.shell = _shell()
        self.shell.display_pub.recorder = self
        self.shell.displayhook.recorder = self
        self.shell.history_manager.enabled = False
        self.shell.enable_gui = lambda gui=None: None  # no window can be opened; `%matplotlib inline` asks
        self.shell._showtraceback = self._show_traceback
        matplotlib.use(_BACKEND)
        if quick:
            shortcuts.take(self.shell)
        InlineBackend.instance(parent=self.shell).print_figure_kwargs = {}
        configure_inline_support(self.shell, _BACKEND)  # type: ignore[no-untyped-call]
        self.known = set(self.shell.user_ns)

    def _show_traceback(self, etype: Any, evalue: Any, stb: Any) -> None:
        self.outputs.add(
            {
                "output_type": "error",
                "ename": str(getattr(etype, "__name__", etype))[:200],
                "evalue": _text_of(evalue)[:4000],
                "traceback": [str(line)[:8000] for line in stb][-40:],
            }
        )

    def run(self, source: str, *, room: int) -> dict[str, Any]:
        """Run one cell, until the examiner says that its time is up.

        Code may swallow the :class:`CellTimeLimit`; the examiner's own deadline does not depend on it.

        Args:
            source: the cell's text, magics included.
            room: bytes of output that the submission may still write.

        Returns:
            ``verdict``, ``message``, ``outputs``, ``count`` and ``room`` left.
        """
        error: BaseException | None = None
        with self._captured(room) as outputs:
            try:
                with _time_limit():
                    result = self.shell.run_cell(source, store_history=True)
                error = result.error_before_exec or result.error_in_exec
            except BaseException as escaped:
                error = escaped
        verdict, message = _judge(error, outputs)
        return {
            "verdict": verdict,
            "message": message,
            "outputs": outputs.finished(),
            "count": self.shell.execution_count - 1,
            "room": max(outputs.room, 0),
        }

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
            spill.seek(0)
            spilt = spill.read(max(outputs.room, 0))
            if spilt and not outputs.overflowed:
                outputs.stream("stdout", spilt.decode("utf-8", "replace"))
            spill.close()

    def names(self) -> dict[str, bool]:
        """The student's names, each with whether it can be called; of very many, what can be called first."""
        namespace = self.shell.user_ns
        kinds = {
            name: callable(value)
            for name, value in list(namespace.items())
            if isinstance(name, str) and name not in self.known and not name.startswith("_")
        }
        return dict(sorted(kinds.items(), key=lambda item: not item[1])[:_MOST_NAMES])


@contextlib.contextmanager
def _time_limit() -> Iterator[None]:
    """Raise :class:`CellTimeLimit` when the examiner, which keeps the clock, sends its signal.

    Windows has no such signal; there the examiner ends the process.
    """
    if not hasattr(signal, "SIGALRM"):
        yield
        return
    signal.signal(signal.SIGALRM, _end_cell)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)


def _end_cell(number: int, frame: FrameType | None) -> None:
    raise CellTimeLimit


def _judge(error: BaseException | None, outputs: Outputs) -> tuple[str, str]:
    if outputs.overflowed or isinstance(error, OutputLimit):
        return "output", "the output limit was reached"
    if error is None:
        return "passed", ""
    if isinstance(error, CellTimeLimit):
        return "timeout", "the time limit of the cell was reached"
    name = type(error).__name__
    verdict = "not-implemented" if isinstance(error, NotImplementedError) else "exception"
    if isinstance(error, MemoryError):
        return "memory", "the memory limit was reached"
    return verdict, f"{name}: {_text_of(error)}"[:1000]


def _text_of(error: Any) -> str:
    try:
        return str(error)
    except BaseException:  # a student's __str__ may do anything
        return "(its message cannot be shown)"
