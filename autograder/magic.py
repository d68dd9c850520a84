"""``%check`` in a notebook: the page of ``autograder check`` below the cell.

``%load_ext autograder`` brings it, and the built-in digits where ``mnist.load_data()`` finds none. What is
checked is the notebook as it was last saved, from top to bottom and in a process of its own, just as
``autograder check`` does it and as it will be graded: not the names that the kernel happens to hold, some of
which may be of cells that are long gone.
"""

from __future__ import annotations

import contextlib
import html
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from IPython.display import display

from autograder.course.companions import language_of
from autograder.messages import Language
from autograder.mnist.at_home import Lack, fall_back

if TYPE_CHECKING:
    from collections.abc import Iterator

    from IPython.core.interactiveshell import InteractiveShell

_ENDINGS = {
    "en": "Checked as it was saved at {time}: save first, then check. Nothing was uploaded.",
    "ko": "{time}에 저장된 내용을 점검했습니다. 먼저 저장한 다음 점검하세요. 아무것도 업로드하지 않았습니다.",
}

_DIGITS: dict[Language, dict[Lack, str]] = {
    Language.EN: {
        "network": "MNIST is not on this computer and cannot be fetched: "
        "these are the 4,000 digits that come with the autograder.",
        "keras": "Keras is not installed: these are the 4,000 digits of MNIST that come with the autograder.",
    },
    Language.KO: {
        "network": "이 컴퓨터에 MNIST가 없고 내려받을 수도 없어서, "
        "채점기에 들어 있는 숫자 이미지 4,000장을 씁니다.",
        "keras": "Keras가 설치되어 있지 않아서, 채점기에 들어 있는 MNIST 이미지 4,000장을 씁니다.",
    },
}


def load(shell: InteractiveShell) -> None:
    """What ``%load_ext autograder`` does.

    Args:
        shell: of the notebook's kernel.
    """
    check = Check(shell)
    shell.register_magics(check)
    fall_back(_DIGITS[check.language()])


@magics_class
class Check(Magics):
    """The magic ``%check``."""

    @magic_arguments()  # type: ignore[no-untyped-call, untyped-decorator]
    @argument("notebook", nargs="?", help="your notebook; this one if not given")  # type: ignore[no-untyped-call, untyped-decorator]
    @argument("--language", choices=sorted(_ENDINGS), help="the notebook's own if not given")  # type: ignore[no-untyped-call, untyped-decorator]
    @line_magic
    def check(self, line: str) -> None:
        """For students: run the public tests on this notebook as it was saved, and show the page."""
        if "NBGRADER_EXECUTION" in os.environ:
            return  # the notebook is being checked or graded, with this cell in it
        told = parse_argstring(self.check, line)  # type: ignore[no-untyped-call]
        notebook = Path(told.notebook.strip("\"'")) if told.notebook else self._notebook()
        page = notebook.with_name(f"{notebook.stem}-check.html")
        before = _changed(page)
        # In a process of its own, which an interrupt of the kernel ends as well. -P: a file of the
        # student's beside the notebook may have the name of a module.
        command = [sys.executable, "-P", "-m", "autograder.cli", "check", os.path.abspath(notebook)]
        done = subprocess.run(
            command + (["--language", told.language] if told.language else []),
            env=os.environ | {"PYTHONIOENCODING": "utf-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if done.returncode not in (0, 1) or _changed(page) == before:
            reason = (done.stderr or done.stdout).strip().removeprefix("autograder: ")
            raise UsageError(reason or "The check ended without a result.")
        _show(page.read_text(encoding="utf-8"), done.stdout, _changed(notebook))

    def language(self) -> Language:
        """In which the notebook was released; English where that is not known."""
        with contextlib.suppress(UsageError, OSError):
            return language_of(self._notebook().read_bytes()) or Language.EN
        return Language.EN

    def _notebook(self) -> Path:
        """The file of the notebook that runs here."""
        for path in self._candidates():
            if path.suffix == ".ipynb" and path.is_file():
                return path
        lying = sorted(Path.cwd().glob("*.ipynb"))
        if len(lying) == 1:
            return lying[0]
        raise UsageError("Which notebook is this? Name it: %check 03_convolution.ipynb")

    def _candidates(self) -> Iterator[Path]:
        own = self.shell.user_ns if self.shell is not None else {}
        names = (own.get("__vsc_ipynb_file__"), os.environ.get("JPY_SESSION_NAME"))
        return (Path(name) for name in names if isinstance(name, str))  # VS Code; Jupyter


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _show(page: str, summary: str, saved: int) -> None:
    """The page in a frame, so that its style and the notebook's stay apart; the summary in a terminal."""
    found = re.search(r'<html lang="(\w+)"', page)
    ending = _ENDINGS[found[1] if found else "en"].format(
        time=time.strftime("%H:%M:%S", time.localtime(saved / 1e9))
    )
    frame = (
        f'<iframe srcdoc="{html.escape(page)}" title="autograder check" '
        f'style="width:100%;height:40em;border:1px solid #8888"></iframe><p>{html.escape(ending)}</p>'
    )
    display({"text/html": frame, "text/plain": f"{summary}{ending}"}, raw=True)  # type: ignore[no-untyped-call]
