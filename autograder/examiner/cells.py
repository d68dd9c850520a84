"""A notebook's code cells as the examiner sees them: which run, what they define, what they bring down."""

from __future__ import annotations

from collections.abc import Sequence

from nbformat import NotebookNode

from autograder.examination import CellOutcome, Verdict
from autograder.examiner.remote.cells import CellSource
from autograder.examiner.remote.outputs import clean_outputs
from autograder.notebooks.definitions import defined_names
from autograder.notebooks.metadata import grade_id, is_picture, is_solution, is_test, tags
from autograder.patterns import Pattern

SKIP_TAG = "skip-execution"
"""Cells with this tag run in Jupyter and not in the grader (nbclient's own convention)."""

_ESSENTIAL = Pattern(r"^(?:(?:async )?def|class|import|from) ", lines=True)


def code_cells(notebook: NotebookNode, *, pictures: bool = False) -> list[CellSource]:
    """The notebook's code cells, as a candidate runs them; ``pictures`` too only to look at the course."""
    return [
        CellSource(
            index,
            grade_id(cell),
            cell.source,
            skip=SKIP_TAG in tags(cell) or (is_picture(cell) and not pictures),
            defines=not is_test(cell) and bool(defined_names(cell.source)),
            essential=is_solution(cell) or (not is_test(cell) and bool(_ESSENTIAL.search(cell.source))),
        )
        for index, cell in enumerate(notebook.cells)
        if cell.cell_type == "code"
    ]


def with_pictures(outcomes: Sequence[CellOutcome], notebook: NotebookNode, room: int) -> list[CellOutcome]:
    """The outcomes, with the outputs that picture cells have in the student's own file.

    Args:
        outcomes: of the cells that were run, and of those that were not.
        notebook: the merged one.
        room: characters that all of these outputs may take; those beyond are left out.
    """
    result = []
    for outcome in outcomes:
        cell = notebook.cells[outcome.index]
        if outcome.verdict is Verdict.SKIPPED and is_picture(cell):
            shown = list(clean_outputs(cell.outputs, room))
            room -= sum(len(str(output)) for output in shown)
            outcome = outcome.model_copy(update={"outputs": tuple(shown), "handed_in": bool(shown)})
        result.append(outcome)
    return result
