"""Whether a week can be graded at all: the same answer for every way in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from nbformat import NotebookNode

from autograder.course import Paths
from autograder.notebook import read_released, read_script
from autograder.problem import GradeError


def demand_released(paths: Paths, assignment: str) -> None:
    """Say in one sentence that a week has not been released, if so."""
    if not paths.released(assignment).is_file():
        raise GradeError(
            f"{assignment} has not been released yet: run `autograder release {assignment}` first."
        )


def demand_gradable(paths: Paths, assignment: str) -> None:
    """Say in one sentence why a week cannot be graded, if so.

    Hidden tests inside cells would have to be put back where a submission can read them while they run.
    They are not; and without a suite nothing would be left of them but points for everybody.

    Raises:
        GradeError: it is not released, or has hidden tests inside its cells and no suite.
    """
    demand_released(paths, assignment)
    if not has_suite(paths, assignment) and (problem := hidden_tests_in_cells(paths, assignment)):
        raise GradeError(problem)


def hidden_tests_in_cells(paths: Paths, assignment: str) -> str:
    """What is wrong with hidden tests inside cells, in one sentence; empty if there are none."""
    if not holds_hidden_tests(paths, assignment):
        return ""
    why = "are never run" if has_suite(paths, assignment) else "a submission could read"
    return (
        f"{assignment} has hidden tests inside its cells, which {why}: "
        f"move them to tests/hidden/{assignment}/test_hidden.py and release the week again."
    )


def has_suite(paths: Paths, assignment: str) -> bool:
    """Whether the week has a suite; without one its visible checks decide, as they would for nbgrader."""
    return any(paths.suite(assignment).glob("test_*.py"))


def holds_hidden_tests(paths: Paths, assignment: str) -> bool:
    """Whether the week's own notebook has regions of hidden tests, which are not in what students get.

    What begins such a region is nbgrader's to say: any line with the configured words in it.
    """
    from nbgrader.preprocessors import ClearHiddenTests

    from autograder.gradebook import nbgrader_config

    config = nbgrader_config(paths.root)
    begins = ClearHiddenTests(config=config).begin_test_delimeter
    sources = {paths.source, paths.root / config.CourseDirectory.get("source_directory", "source")}
    return any(
        cell.cell_type == "code" and begins in cell.source
        for notebook in _notebooks(paths, assignment, sources)
        for cell in notebook.cells
    ) or any(begins in text for text in _kept_by_nbgrader(paths, assignment))


def _notebooks(paths: Paths, assignment: str, sources: Iterable[Path]) -> Iterator[NotebookNode]:
    """The week's notebook with its solutions, as the author wrote it and as nbgrader reads it."""
    solution = paths.solution(assignment)
    try:
        if solution.is_file():
            yield read_script(solution.read_text(encoding="utf-8"))
        for source in sources:
            for path in sorted((source / assignment).glob("*.ipynb")):
                yield read_released(path)
    except (OSError, ValueError) as error:
        raise GradeError(
            f"The notebook of {assignment} cannot be read ({error}): release the week again."
        ) from None


def _kept_by_nbgrader(paths: Paths, assignment: str) -> list[str]:
    """Sources of the code cells that nbgrader's own autograde would put back, hidden tests and all."""
    from nbgrader.api import Assignment, Notebook, SourceCell
    from sqlalchemy import select

    from autograder.gradebook import gradebook_url, has_gradebook, nbgrader_config, open_gradebook

    if not has_gradebook(paths):
        return []
    with open_gradebook(gradebook_url(paths, nbgrader_config(paths.root))) as gradebook:
        rows = gradebook.db.scalars(
            select(SourceCell.source)
            .join(Notebook, Notebook.id == SourceCell.notebook_id)
            .join(Assignment, Assignment.id == Notebook.assignment_id)
            .where(Assignment.name == assignment, SourceCell.cell_type == "code")
        )
        return [text for text in rows if text]
