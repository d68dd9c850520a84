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
from matplotlib_inline.backend_inline import configure_inline_support
from matplotlib_inline.config import InlineBackend
from traitlets.config import Config

from autograder.candidate.elsewhere import end_watchers, stand_in
from autograder.candidate.outputs import CellTimeLimit, OutputLimit, Outputs
from autograder.candidate.redefinitions import Names
from autograder.candidate.shell import Shell
from autograder.candidate.workplace import make_importable
from autograder.protocol import NO_SUCH_MODULE, SAID_BY_CANDIDATE

_BACKEND = "module://matplotlib_inline.backend_inline"
_MOST_NAMES = 50_000


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
        matplotlib.use(_BACKEND)
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

    def run(self, source: str, *, room: int, number: int = 0) -> dict[str, Any]:
        """Run one cell, until the examiner says that its time is up.

        Code may swallow the :class:`CellTimeLimit`; the examiner's own deadline does not depend on it.

        Args:
            source: the cell's text, magics included.
            room: bytes of output that the submission may still write.
            number: of the cell, as people are told it.

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
        return "output", SAID_BY_CANDIDATE["output-limit"]
    if error is None:
        return "passed", ""
    if isinstance(error, CellTimeLimit):
        return "timeout", SAID_BY_CANDIDATE["cell-time-limit"]
    if isinstance(error, SystemExit):
        return "exception", SAID_BY_CANDIDATE["exit"]
    name = type(error).__name__
    verdict = "not-implemented" if isinstance(error, NotImplementedError) else "exception"
    if isinstance(error, MemoryError):
        return "memory", SAID_BY_CANDIDATE["memory-limit"]
    text = f"{name}: {_text_of(error)}"[:1000]
    if isinstance(error, ModuleNotFoundError) and verdict == "exception":
        text += NO_SUCH_MODULE
    return verdict, text


def _text_of(error: Any) -> str:
    try:
        if isinstance(error, SyntaxError) and str(error.filename).startswith("<ipython-input"):
            # The line itself says more than a file's name that nobody has seen.
            line = f": {error.text.strip()}" if error.text and error.text.strip() else ""
            return f"{error.msg} (line {error.lineno}{line})"
        return str(error)
    except BaseException:  # a student's __str__ may do anything
        return "(its message cannot be shown)"
