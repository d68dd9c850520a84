"""What a notebook needs to run, in the versions with which it is graded."""

from __future__ import annotations

import ast
import contextlib
import itertools
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from nbformat import NotebookNode

_PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)==[^\\\n#]*", re.M)
_HEAD = "# python -m pip install -r requirements.txt"
_KERNEL = "ipykernel"
_WITH = {"keras": "tensorflow"}
"""What a package needs besides, without saying so to pip."""


def requirements(notebooks: Iterable[NotebookNode], lock: str) -> str:
    """A ``requirements.txt`` for the packages that a week imports, and for its kernel.

    Args:
        notebooks: of the week.
        lock: the course's ``requirements.lock``, or any other list of ``name==version``; what it does not
            name is left out.
    """
    pins: dict[str, list[str]] = {}
    for found in _PIN.finditer(lock):
        pins.setdefault(_normal(found[1]), []).append(found[0].strip())
    names = {_KERNEL}
    installed = packages_distributions()
    for module in itertools.chain.from_iterable(map(_imported, notebooks)):
        names |= {_normal(name) for name in (module, *installed.get(module, ()))}
    names |= {_WITH[name] for name in names & _WITH.keys()}
    lines = [pin for name in sorted(names & pins.keys()) for pin in pins[name]]
    return "".join(f"{line}\n" for line in (_HEAD, *lines))


def is_made(file: Path) -> bool:
    """Whether :func:`requirements` made this file, and not a person."""
    return file.is_file() and file.read_bytes().startswith(_HEAD.encode())


def _imported(notebook: NotebookNode) -> Iterator[str]:
    """The top-level modules that are not Python's own."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        plain = re.sub(r"^\s*[%!].*$", "pass", cell.source, flags=re.M)
        with contextlib.suppress(SyntaxError, ValueError):
            for node in ast.walk(ast.parse(plain)):
                found: list[str] = []
                if isinstance(node, ast.Import):
                    found = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    found = [node.module or ""]
                yield from {name.partition(".")[0] for name in found} - sys.stdlib_module_names


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
