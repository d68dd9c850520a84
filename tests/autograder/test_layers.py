"""Who may import whom: the package's levels, its two sides, and no circle anywhere."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import autograder

PACKAGE = Path(autograder.__file__).parent

LEVELS = (
    "protocol problem options extras patterns cache files processes wire encodings spreadsheet",
    "messages",
    "examination",
    "markup wording notebooks mnist course",
    "submissions",
    "candidate.sandbox candidate examiner.remote examiner gradebook",
    "testing",
    "grading pages",
    "platforms similarity authoring watching",
    "show doctor check magic plugin",
    "cli",
)
"""From the ground up. A module imports from its own level and those below it, never from one above."""
COMMANDS = {"cli", "show", "check"}
SHARED = {"wire", "protocol", "processes"}
"""What both sides may know of, and the candidate nothing else outside of itself; of MNIST, its stand-ins."""

_MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}


def _imported(path: Path) -> Iterator[str]:
    """Modules of the package that a file imports anywhere in it, for types only as well."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "autograder":
            origin = (node.module or "").partition(".")[2]
            for alias in node.names:
                inner = f"{origin}.{alias.name}".lstrip(".")
                if inner in _MODULES or origin:
                    yield inner if inner in _MODULES else origin
        elif isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[2] for alias in node.names if "autograder." in alias.name)


IMPORTS = {module: set(_imported(path)) - {module} for module, path in _MODULES.items()}


def _package(module: str) -> str:
    """The part of the house that a module is in."""
    named = {name for level in LEVELS for name in level.split()}
    parts = module.split(".")
    return next((p for p in (".".join(parts[:n]) for n in (2, 1)) if p in named), module)


def _level(module: str) -> int:
    return next(n for n, level in enumerate(LEVELS) if _package(module) in level.split())


def _circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of nodes that reach one another (Tarjan's strongly connected components)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            at = stack.index(node)
            group = stack[at:]
            del stack[at:]
            if len(group) > 1:
                found.append(sorted(group))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


@pytest.mark.parametrize("module", sorted(set(_MODULES) - {"__init__"}))
def test_nothing_imports_what_lies_above_it(module: str) -> None:
    above = sorted(other for other in IMPORTS[module] if _level(other) > _level(module))
    assert not above


def test_no_modules_import_one_another() -> None:
    assert _circles(IMPORTS) == []


def test_no_packages_import_one_another() -> None:
    packages: dict[str, set[str]] = defaultdict(set)
    for module, others in IMPORTS.items():
        packages[_package(module)] |= {_package(other) for other in others} - {_package(module)}
    assert _circles(packages) == []


def test_a_circle_would_be_seen() -> None:
    assert _circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


def test_the_candidate_knows_nothing_of_the_examiner() -> None:
    for module, others in IMPORTS.items():
        if module.partition(".")[0] == "candidate":
            outside = {other for other in others if other.partition(".")[0] != "candidate"}
            assert outside <= SHARED | {"mnist.stand_ins"}, module


def test_the_examiner_knows_nothing_of_the_candidate() -> None:
    for module, others in IMPORTS.items():
        if module.partition(".")[0] in ("examiner", "grading"):
            assert not {other for other in others if other.partition(".")[0] == "candidate"}, module


def test_nothing_below_the_command_line_imports_a_command() -> None:
    for module, others in IMPORTS.items():
        if module not in COMMANDS:
            assert not others & COMMANDS, module
