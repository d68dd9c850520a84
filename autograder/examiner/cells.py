"""A notebook's code cells as the examiner sees them: which run, what they define, what they bring down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from nbformat import NotebookNode

from autograder.definitions import defined_names
from autograder.examination import CellOutcome, Verdict
from autograder.examiner.candidate import CellSource
from autograder.examiner.changes import Change, explained
from autograder.examiner.outputs import clean_outputs
from autograder.examiner.suite import TestRun
from autograder.linear import Pattern
from autograder.notebook import grade_id, is_picture, is_solution, is_test, tags

SKIP_TAG = "skip-execution"
"""Cells with this tag run in Jupyter and not in the grader (nbclient's own convention)."""

_ESSENTIAL = Pattern(r"^(?:(?:async )?def|class|import|from) ", lines=True)
_LOST = (Verdict.TIMEOUT, Verdict.CRASHED, Verdict.MEMORY, Verdict.OUTPUT, Verdict.PROTOCOL)
_UNFINISHED = "the training did not finish"


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


def with_causes(
    runs: list[TestRun],
    cells: Sequence[CellOutcome],
    notebook: NotebookNode,
    changes: Mapping[str, Change] | None = None,
) -> list[TestRun]:
    """The runs, with those put right whose cause lies elsewhere; what they earn does not change.

    A name is missing, or has not the value it should have, because the cell that defines it is not
    implemented yet or failed, or because another cell used it again: then that is what a student should
    read. A training that was ended has no result, and so no wrong one.

    Args:
        runs: of the suite.
        cells: how they ended.
        notebook: the merged one.
        changes: names that were used again, as the candidate tells.
    """
    broken = {
        name: cell
        for cell in cells
        if cell.verdict not in (Verdict.PASSED, Verdict.SKIPPED)
        for name in defined_names(notebook.cells[cell.index].source)
    }
    result = []
    for run in runs:
        outcome = run.outcome
        culprit = run.missing
        if (
            outcome.verdict in (Verdict.FAILED, Verdict.WRONG_TYPE)
            and run.calls
            and not run.calls[-1].is_call
        ):
            culprit = run.calls[-1].function
        cell = broken.get(culprit)
        if cell is not None and cell.verdict is Verdict.NOT_IMPLEMENTED:
            outcome = outcome.model_copy(
                update={"verdict": Verdict.NOT_IMPLEMENTED, "message": "not implemented yet"}
            )
        elif cell is not None and run.missing:
            text = f"{outcome.message}: its cell (number {cell.index + 1}) ended with {cell.message}"
            outcome = outcome.model_copy(update={"message": text})
        elif (reason := explained(run, changes or {})) is not None:
            outcome = outcome.model_copy(update={"message": reason[:2000]})
        elif run.training and outcome.verdict in _LOST and not outcome.message.startswith(_UNFINISHED):
            outcome = outcome.model_copy(update={"message": f"{_UNFINISHED}: {outcome.message}"})
        result.append(replace(run, outcome=outcome))
    return result
