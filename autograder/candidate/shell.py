"""IPython where nobody sits at the keyboard, no window can be opened and the network is not there.

What a cell asks of the place that it runs in is done as in Jupyter where that is possible. Where it is not,
and only pictures, tools or places are concerned, one line says so and the cell goes on.
"""

# IPython's own functions and decorators have no types:
# mypy: disable-error-code="no-untyped-call, untyped-decorator, arg-type"

from __future__ import annotations

import builtins
import getpass
import pdb
import shlex
import sys
from subprocess import CalledProcessError
from typing import Any, NoReturn, TextIO

from IPython.core import magic_arguments
from IPython.core.autocall import ExitAutocall
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, cell_magic, line_cell_magic, line_magic, magics_class
from IPython.core.magics.script import ScriptMagics, script_args
from IPython.utils.text import LSString, SList
from traitlets import default

from autograder.candidate.commands import Ended, execute
from autograder.candidate.elsewhere import note
from autograder.protocol import SAID_BY_CANDIDATE

_WITHOUT_WINDOW = ("agg", "inline", "pdf", "ps", "svg")
_NO_DEBUGGER = SAID_BY_CANDIDATE["no-debugger"].removeprefix("RuntimeError: ")
_NO_INPUT = SAID_BY_CANDIDATE["no-input"].removeprefix("EOFError: ")


class Shell(InteractiveShell):
    """IPython's shell, with programs that need no terminal.

    Attributes:
        recorder: of the outputs.
    """

    recorder: Any = None

    def prepare(self) -> None:
        """Put in place what is not the shell's own: magics, and what Python does with a keyboard."""
        self.db = {}  # where `%cd` and `%bookmark` remember; otherwise files in a home that is not there
        self.register_magics(Scripts, Places)
        builtins.input = _ask
        getpass.getpass = _ask
        # All ways into the debugger lead here: breakpoint(), pdb.set_trace(), pdb.pm(), IPython's own.
        pdb.Pdb.set_trace = pdb.Pdb.interaction = _refuse  # type: ignore[method-assign]

    # -- programs -------------------------------------------------------------------------------

    def system(self, cmd: str) -> None:
        """``!cmd``: show what it writes; its exit code is ``_exit_code``."""
        ended = self._execute(self.var_expand(cmd, depth=1))
        self.user_ns["_exit_code"] = ended.code
        sys.stdout.write(ended.out)
        self._check(ended)

    system_piped = system_raw = system

    def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> Any:
        """``lines = !cmd``, ``%sx cmd``."""
        ended = self._execute(self.var_expand(cmd, depth=depth + 1))
        self._check(ended)
        return SList(ended.out.splitlines()) if split else LSString(ended.out)

    @property
    def _room(self) -> int:
        return max(int(self.recorder.outputs.room), 0)

    def _check(self, ended: Ended) -> None:
        if ended.cut:
            self.recorder.outputs.overflow()

    def _execute(self, command: str) -> Ended:
        try:
            return execute(command, room=self._room)
        except OSError as error:
            return Ended(127, f"{command.strip()[:80]}: {error.strerror}\n")

    # -- what needs somebody, or a place ----------------------------------------------------------

    @default("exiter")
    def _exiter_default(self) -> ExitAutocall:
        return _Exit(self)

    def enable_matplotlib(self, gui: str | None = None) -> Any:
        """``%matplotlib``: pictures are drawn into the notebook, whatever window was asked for."""
        if gui in _WITHOUT_WINDOW:
            return super().enable_matplotlib(gui)
        if gui not in (None, "auto"):
            note(f"no window can be opened for `%matplotlib {gui}`: pictures are drawn into the notebook")
        return super().enable_matplotlib("inline")

    def run_line_magic(self, magic_name: str, line: str, _stack_depth: int = 1) -> Any:
        """A line magic; one that only another platform or an extension has is left out."""
        try:
            return super().run_line_magic(magic_name, line, _stack_depth + 1)
        except UsageError:
            if self.find_line_magic(magic_name) or self.find_cell_magic(magic_name):
                raise
        note(f"`%{magic_name}` is not known here: the cell goes on without it")
        return None

    def magic(self, arg_s: str) -> Any:
        """What IPython 7, Colab's, has beside :meth:`run_line_magic`."""
        name, _, line = arg_s.lstrip("%").partition(" ")
        return self.run_line_magic(name, line.strip(), 3)


class _Exit(ExitAutocall):
    """``exit()`` ends the cell; in Jupyter it ends the kernel as well, and no later cell would run."""

    def __call__(self, *args: Any) -> NoReturn:
        raise SystemExit(*args)


@magics_class
class Scripts(ScriptMagics):
    """``%%bash`` and the like without a thread that stays behind."""

    shell: Any

    def _generate_script_magics(self) -> None:
        super()._generate_script_magics()
        self.magics["cell"]["shell"] = self._make_script_magic("bash")  # Colab's name for it

    @magic_arguments.magic_arguments()
    @script_args
    @cell_magic("script")
    def shebang(self, line: str, cell: str) -> None:
        """Run a cell by the program that is named behind ``%%script``."""
        options, command = self.shebang.parser.parse_known_args(shlex.split(line))
        if options.bg:
            note("nothing can run in the background here: the script was left out")
            return
        try:
            ended = execute(command, room=self.shell._room, given=f"{cell.rstrip()}\n", apart=True)
        except FileNotFoundError:
            print(f"Couldn't find program: {command[0]!r}")
            return
        self._give(options.out, ended.out, sys.stdout)
        self._give(options.err, ended.err, sys.stderr)
        self.shell._check(ended)
        if ended.code and options.raise_error:
            raise CalledProcessError(ended.code, cell)

    def _give(self, name: str | None, text: str, stream: TextIO) -> None:
        if name:
            self.shell.user_ns[name] = text
        else:
            stream.write(text)


@magics_class
class Places(Magics):
    """Magics that ask for what is not there."""

    shell: Any

    def __init__(self, shell: Any = None) -> None:
        super().__init__(shell=shell)
        known = self.magics["line"]
        known["mamba"] = known["micromamba"] = known["conda"]

    @line_magic
    def load_ext(self, line: str) -> Any:
        """``%load_ext``: an extension that is not installed is left out."""
        return self._extension("load_extension", line)

    @line_magic
    def reload_ext(self, line: str) -> Any:
        """``%reload_ext``, the same."""
        return self._extension("reload_extension", line)

    def _extension(self, do: str, line: str) -> None:
        name = line.strip()
        if not name:
            raise UsageError("Missing module name.")
        try:
            answer = getattr(self.shell.extension_manager, do)(name)
        except ImportError:
            note(f"the extension `{name}` is not installed here: the cell goes on without it")
        else:
            if answer == "already loaded":
                print(f"The {name} extension is already loaded. To reload it, use:\n  %reload_ext {name}")
            elif answer == "no load function":
                print(f"The {name} module is not an IPython extension.")

    @line_magic
    def conda(self, line: str) -> None:
        """``%conda``, ``%mamba``, ``%micromamba``: there is none."""
        note("nothing can be installed while a notebook is graded: the cell goes on without it")

    @line_cell_magic
    def debug(self, line: str, cell: str | None = None) -> None:
        """``%debug``."""
        _refuse()

    @line_magic
    def pdb(self, line: str) -> None:
        """``%pdb on`` would open the debugger at each error."""
        note(_NO_DEBUGGER)


def _refuse(*args: Any, **kwargs: Any) -> NoReturn:
    raise RuntimeError(_NO_DEBUGGER)


def _ask(*args: Any, **kwargs: Any) -> NoReturn:
    raise EOFError(_NO_INPUT)
