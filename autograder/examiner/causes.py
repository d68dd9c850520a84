"""Failed tests whose cause lies elsewhere: in a cell that did not end, or in a function that refuses all."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from nbformat import NotebookNode

from autograder.examination import (
    CellOutcome,
    Verdict,
)
from autograder.examiner.outcomes import TestRun
from autograder.examiner.remote.log import LoggedCall
from autograder.examiner.remote.redefinitions import Change
from autograder.messages import Message, fact
from autograder.notebooks.definitions import defined_names
from autograder.patterns import LETTER, Pattern

if TYPE_CHECKING:
    from autograder.examiner.outcomes import TestRun


def without_blanket_refusals(runs: list[TestRun]) -> list[TestRun]:
    """The runs, where a function that refuses what is right earns nothing for refusing what is wrong.

    A function that raises a ValueError for whatever it is given, or whenever it is given a certain argument,
    would pass every test of its refusals.
    """
    answered: dict[str, list[frozenset[int | str]]] = {}
    refused: dict[str, list[frozenset[int | str]]] = {}
    for run in runs:
        for call in run.calls:
            if call.is_call and not call.raised:
                answered.setdefault(call.function, []).append(_given(call))
        if run.outcome.verdict is Verdict.EXCEPTION and run.calls and _refuses(run.calls[-1]):
            refused.setdefault(run.calls[-1].function, []).append(_given(run.calls[-1]))

    def is_blanket(call: LoggedCall) -> bool:
        right, wrong = answered.get(call.function, ()), refused.get(call.function, ())
        given = _given(call)
        never = any(found <= given for found in wrong) and not any(given <= found for found in right)
        return len(wrong) > len(right) or never

    return [
        replace(
            run,
            outcome=run.outcome.model_copy(
                update={
                    "verdict": Verdict.FAILED,
                    "message": fact("refuses-most", function=run.calls[-1].function),
                }
            ),
        )
        if run.outcome.verdict is Verdict.PASSED
        and run.calls
        and all(_refuses(call) for call in run.calls)
        and any(is_blanket(call) for call in run.calls)
        else run
        for run in runs
    ]


def _given(call: LoggedCall) -> frozenset[int | str]:
    """Which arguments a call gave, by position or name."""
    return frozenset([*range(len(call.args)), *call.kwargs])


def _refuses(call: LoggedCall) -> bool:
    return call.raised and isinstance(call.value, ValueError)


_LOST = (Verdict.TIMEOUT, Verdict.CRASHED, Verdict.MEMORY, Verdict.OUTPUT, Verdict.PROTOCOL)
_UNFINISHED = "training-unfinished"


def with_causes(
    runs: list[TestRun],
    cells: Sequence[CellOutcome],
    notebook: NotebookNode,
    changes: Mapping[str, Change] | None = None,
    own_names: Collection[str] = (),
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
        own_names: what the notebook defines that can be called and that the assignment has not.
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
                update={"verdict": Verdict.NOT_IMPLEMENTED, "message": fact("not-implemented")}
            )
        elif cell is not None and run.missing:
            said = fact("cell-ended-with", what=outcome.message, cell=cell.index + 1, how=cell.message)
            outcome = outcome.model_copy(update={"message": said})
        elif (reason := explained(run, changes or {})) is not None:
            outcome = outcome.model_copy(update={"message": reason})
        elif run.missing and (found := _alike(run.missing, own_names)):
            said = fact("did-you-mean", name=run.missing, found=found)
            outcome = outcome.model_copy(update={"message": said})
        elif run.training and outcome.verdict in _LOST and outcome.message.code != _UNFINISHED:
            outcome = outcome.model_copy(update={"message": fact(_UNFINISHED, why=outcome.message)})
        result.append(replace(run, outcome=outcome))
    return result


def _alike(name: str, names: Collection[str]) -> str | None:
    """The name that somebody may have given to what was to be called otherwise: ``my_conv2d``, ``Conv2d``."""
    wanted = _essence(name)
    alike = {other for other in names if _essence(other) == wanted}
    if len(wanted) >= 4:
        alike = alike or {other for other in names if wanted in _essence(other)}
        alike = alike or set(difflib.get_close_matches(name, list(names)[:_MOST_NAMES], n=1, cutoff=0.8))
    return min(alike, key=lambda other: (len(other), other)) if alike else None


def _essence(name: str) -> str:
    return name.replace("_", "").casefold()


_MOST_NAMES = 500


def explained(run: TestRun, changes: Mapping[str, Change]) -> Message | None:
    """The message of a failed test that a name used again explains; None if none does."""
    outcome = run.outcome
    if outcome.verdict not in (Verdict.FAILED, Verdict.WRONG_TYPE, Verdict.EXCEPTION, Verdict.MISSING):
        return None
    asked = run.missing or (run.calls[-1].function if run.calls else "")
    change = changes.get(asked)
    if change is not None and change.now != "function":
        # Whatever the test made of what is no function is not worth telling.
        raised = outcome.message.text if outcome.verdict is Verdict.EXCEPTION else ""
        return change.message.said_with(raised)
    if outcome.verdict is Verdict.EXCEPTION:
        change = next((changes[name] for name in _used(outcome.message.text) if name in changes), None)
        return change.message.said_with(outcome.message.text) if change is not None else None
    return fact("beside", what=outcome.message, more=change.message) if change is not None else None


_LINE = Pattern(r'^  File "[^"\n]*", line \d+, in [^\n]*\n    ([^\n]*)', lines=True)
_USE = Pattern(rf"({LETTER}+)\s*[(.\[]")


def _used(message: str) -> Iterable[str]:
    """Names that the line uses in which an exception was raised."""
    *_, last = ("", *(found[1] for found in _LINE.finditer(message)))
    return [found[1] for found in _USE.finditer(last)]
