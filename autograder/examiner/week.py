"""A week as its examiner knows it before the first submission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from nbformat import NotebookNode

from autograder.course.folders import Paths
from autograder.course.models import Assignment, Carry
from autograder.course.reading import load_course
from autograder.examiner.cells import code_cells
from autograder.examiner.mutants import functions_of
from autograder.examiner.needs import needs_in, written_in
from autograder.examiner.remote.cells import CellSource
from autograder.notebooks.cell_tests import read_cell_tests
from autograder.notebooks.definitions import defined_names
from autograder.notebooks.metadata import grade_id, is_picture, is_test
from autograder.notebooks.reading import read_released
from autograder.notebooks.scripts import read_script


@dataclass(frozen=True)
class Week:
    """What was released, and how its author solved it.

    Attributes:
        assignment: its settings.
        carry: what a test earns that fails for another function's sake.
        paths: of the course.
        released: the notebook as students got it.
        cell_tests: source of the test cells with hidden tests, by grade id, where these decide.
        solution_cells: the solution's code cells; none where there is no solution.
        functions: of the solution, source by name.
        needs: see :func:`needs_in`.
        written: see :func:`written_in`.
        pictures: grade ids of the picture cells.
        given_names: what the released notebook's own code defines.
    """

    assignment: Assignment
    carry: Carry
    paths: Paths
    released: NotebookNode
    cell_tests: Mapping[str, str]
    solution_cells: list[CellSource]
    functions: Mapping[str, str]
    needs: Mapping[str, frozenset[str]]
    written: frozenset[str]
    pictures: frozenset[str]
    given_names: frozenset[str]

    @classmethod
    def read(cls, root: Path, name: str) -> Self:
        """The week as it lies in the course's folders."""
        course, paths = load_course(root), Paths(root)
        assignment = course.assignment(name)
        path = paths.solution(name)
        solved = read_script(path.read_text(encoding="utf-8")) if path.is_file() else None
        functions = functions_of(solved) if solved is not None else {}
        released = read_released(paths.released(name))
        code = [cell for cell in released.cells if cell.cell_type == "code"]
        return cls(
            assignment=assignment,
            carry=course.carry_forward,
            paths=paths,
            released=released,
            cell_tests=read_cell_tests(paths.cell_tests(name)) if assignment.hidden_tests == "cells" else {},
            solution_cells=code_cells(solved) if solved is not None else [],
            functions=functions,
            needs=needs_in(solved) if solved is not None else {},
            written=frozenset(written_in(solved)) if solved is not None else frozenset(),
            pictures=frozenset(grade_id(cell) for cell in released.cells if is_picture(cell)),
            given_names=frozenset(name for cell in code for name in defined_names(cell.source)),
        )

    @property
    def cells_decide(self) -> bool:
        """Whether hidden tests stay in the notebook's cells, as nbgrader has them."""
        return self.assignment.hidden_tests == "cells"

    @property
    def reference_cells(self) -> list[CellSource]:
        """The solution's cells without the visible checks, which define nothing."""
        tests = {grade_id(cell) for cell in self.released.cells if is_test(cell)}
        return [cell for cell in self.solution_cells if cell.grade_id not in tests]
