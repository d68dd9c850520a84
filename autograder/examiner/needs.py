"""Which functions of the solution need which: read from the solution, never from a student's code."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from nbformat import NotebookNode

from autograder.examiner.mutants import functions_of
from autograder.notebooks.definitions import defined_names, names_of
from autograder.notebooks.metadata import is_solution


def needs_in(solution: NotebookNode) -> dict[str, frozenset[str]]:
    """Of each function of the solution, and of each table that students fill in, what of these it uses."""
    return needs_of(_tables_of(solution) | functions_of(solution))


def _tables_of(solution: NotebookNode) -> dict[str, str]:
    """The cells in which students give a name a value, by this name."""
    return {
        name: cell.source
        for cell in _cells_to_fill_in(solution)
        for statement in ast.parse(cell.source).body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        for name in names_of(statement)
    }


def written_in(solution: NotebookNode) -> set[str]:
    """The names that the solution's cells define in which students write."""
    return {name for cell in _cells_to_fill_in(solution) for name in defined_names(cell.source)}


def _cells_to_fill_in(solution: NotebookNode) -> Iterator[NotebookNode]:
    return (cell for cell in solution.cells if cell.cell_type == "code" and is_solution(cell))


def needs_of(functions: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """Of each of the solution's functions, which others it uses, see :func:`needed_by`."""
    return {name: needed_by(name, functions) for name in functions}


def needed_by(function: str, functions: Mapping[str, str]) -> frozenset[str]:
    """Which of the solution's functions one of them uses, itself or by way of others.

    Args:
        function: its name.
        functions: source of each function of the solution, by name.
    """
    needed: set[str] = set()
    open_ends = [function]
    while open_ends:
        named = _names_from_outside(functions.get(open_ends.pop(), ""))
        new = (named & functions.keys()) - needed - {function}
        needed |= new
        open_ends += new
    return frozenset(needed)


def _names_from_outside(source: str) -> set[str]:
    """Names that a function uses and does not give a value itself."""
    used: set[str] = set()
    own: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.arg):
            own.add(node.arg)
        elif isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else own).add(node.id)
    return used - own
