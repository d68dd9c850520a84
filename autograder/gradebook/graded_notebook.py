"""The graded notebook as nbgrader expects it: with outputs, and with points where nbgrader reads them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from html import escape
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from autograder.course.models import Level
from autograder.course.nbgrader import GradebookError
from autograder.examination import CellOutcome, Examination, Score, Status, TestOutcome, Verdict
from autograder.files import drafted
from autograder.messages import Language
from autograder.notebooks.metadata import (
    grade_id,
    is_left_out,
    is_locked,
    is_manual,
    is_solution,
    is_test,
    node,
)
from autograder.notebooks.reading import UnreadableNotebook, read_submission
from autograder.notebooks.recorded import recorded_notebook
from autograder.notebooks.scripts import dump
from autograder.submissions.timestamps import TIMESTAMP, stamp
from autograder.wording.policy import Policy
from autograder.wording.rendering import said
from autograder.wording.text import prose
from autograder.wording.words import verdict, word

# The graded notebook


def examined_notebook(examination: Examination, released: NotebookNode) -> NotebookNode:
    """The notebook that was examined, without outputs.

    Without one to read that is the untouched release. Where there is one that could not be examined, nobody
    may take it for one without answers: its cells say where to look.
    """
    notebook = recorded_notebook(examination.notebook, released)
    if examination.status is Status.GRADER_ERROR and not examination.notebook:
        place = f"submitted/{examination.student}/{examination.assignment}/"
        for cell in notebook.cells:
            if is_solution(cell):
                text = f"This could not be examined, and so is not shown here: it is in {place}"
                cell.source = text if cell.cell_type == "markdown" else f"# {text}"
    return notebook


def put_outputs(
    notebook: NotebookNode,
    examination: Examination,
    feedback: Level = "full",
    language: Language = Language.EN,
) -> NotebookNode:
    """A copy of the merged notebook with its outputs: the student's as they are recorded, and the tests'.

    A test cell ends with an ``execute_result`` whose ``text/plain`` is its points, so that nbgrader's own
    reading of the cell gives exactly these, and never holds an error or a stderr stream, which nbgrader
    takes for zero.

    Args:
        notebook: the merged notebook that was examined.
        examination: its record.
        feedback: how much the tests' outputs tell.
        language: of the tests' titles, verdicts and hints.
    """
    graded = node(notebook)
    outcomes = {outcome.index: outcome for outcome in examination.cells}
    scores = {score.grade_id: score for score in examination.scores}
    for index, cell in enumerate(graded.cells):
        if cell.cell_type != "code":
            continue
        outcome = outcomes.get(index)
        cell.execution_count = outcome.execution_count if outcome else None
        outputs = [_shown(output, outcome) for output in outcome.outputs] if outcome else []
        if outcome and outcome.handed_in:
            remark = {"text/html": f"<p><em>{escape(_SAID['handed-in'][language])}</em></p>"}
            remark["text/plain"] = _SAID["handed-in"][language]
            outputs.insert(0, node({"output_type": "display_data", "data": remark, "metadata": {}}))
        if is_test(cell):
            outputs = [_for_test_cell(output) for output in outputs]
            outputs.append(
                _result(grade_id(cell), scores.get(grade_id(cell)), examination, feedback, language)
            )
        cell.outputs = outputs
    return graded


def _shown(output: Mapping[str, Any], outcome: CellOutcome) -> NotebookNode:
    """A recorded output as nbformat has it; it was made harmless before it was recorded."""
    counted = "execution_count" in output
    return node({**output, "execution_count": outcome.execution_count} if counted else output)


def _for_test_cell(output: NotebookNode) -> NotebookNode:
    """The output in a form that nbgrader does not score."""
    if output.output_type == "error":
        text = "\n".join(output.traceback) or f"{output.ename}: {output.evalue}"
        return node({"output_type": "stream", "name": "stdout", "text": text + "\n"})
    if output.output_type == "stream":
        return node(output | {"name": "stdout"})
    return node({"output_type": "display_data", "data": output.data, "metadata": {}})


def _result(
    name: str, score: Score | None, examination: Examination, feedback: Level, language: Language
) -> NotebookNode:
    if score is not None and not math.isfinite(score.points or 0.0):
        score = None  # no score at all
    table = _table(name, score, examination, Policy(feedback), language)
    if score is None or score.points is None:
        # No number: what a person has to decide is not for nbgrader to read.
        data = {"text/html": table, "text/plain": _SAID["undecided"][language]}
        return node({"output_type": "display_data", "data": data, "metadata": {}})
    number = repr(min(max(float(score.points), 0.0), float(score.max_points)))
    data = {"text/html": table, "text/plain": number}
    return node({"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": None})


_SAID: dict[str, dict[Language, str]] = {
    "undecided": {
        Language.EN: "This cell could not be graded automatically: a person will look at it.",
        Language.KO: "이 셀은 자동으로 채점하지 못했습니다. 담당자가 직접 확인합니다.",
    },
    "handed-in": {
        Language.EN: "As handed in: grading does not run cells that only show something.",
        Language.KO: "제출한 그대로입니다. 보여 주기만 하는 셀은 채점할 때 실행하지 않습니다.",
    },
    "points": {Language.EN: "{points} of {max_points} points", Language.KO: "{max_points}점 중 {points}점"},
}


def _table(
    name: str, score: Score | None, examination: Examination, policy: Policy, language: Language
) -> str:
    """What was checked, as HTML: every word of it escaped."""
    heading = _SAID["undecided"][language]
    if score is not None and score.points is not None:
        heading = _SAID["points"][language].format(
            points=f"{score.points:.4g}", max_points=f"{score.max_points:.4g}"
        )
    lines = [f"<p><strong>{heading}</strong></p>"]
    tests = [test for test in examination.tests if test.cell == name]
    if policy.at_least("names") and tests:
        rows = "".join(_row(test, policy, language) for test in tests)
        lines.append(f"<table>{rows}</table>")
    for found in policy.misconceptions(examination, tests):
        lines.append(f"<p>{prose(policy.remark(found).in_(language))}</p>")
    return "".join(lines)


def _row(test: TestOutcome, policy: Policy, language: Language) -> str:
    message = said(test.message, language) if policy.explains(test) else ""
    kind, found = ("follows", test.follows) if test.follows else ("lies-in", test.lies_in)
    whose = f"; {escape(word(kind, language, functions=', '.join(found)))}" if found else ""
    cells = [
        f"<td>{'✓' if test.verdict is Verdict.PASSED else '✗'}</td>",
        f"<td>{prose(test.title.in_(language) or test.name)}</td>",
        f"<td>{verdict(test.verdict, language)}{whose}</td>",
        f"<td><pre>{escape(message)}</pre></td>" if message else "<td></td>",
    ]
    return f"<tr>{''.join(cells)}</tr>"


def automatic_scores(examination: Examination, notebook: NotebookNode) -> dict[str, float | None]:
    """Grade id → automatic score; None where a person has to decide.

    Args:
        examination: the record.
        notebook: the submission in the release, with nbgrader's checksums.
    """
    if examination.status is Status.GRADER_ERROR and not examination.scores:
        return {grade_id(cell): None for cell in notebook.cells if is_test(cell) or is_manual(cell)}
    left_out = {grade_id(cell) for cell in notebook.cells if is_left_out(cell)}
    return {
        score.grade_id: 0.0
        if score.manual and score.points is None and score.grade_id in left_out
        else score.points
        for score in examination.scores
    }


def same_work(path: Path, notebook: NotebookNode) -> bool:
    """Whether the graded notebook at ``path`` has the same cells as this one, outputs aside."""
    try:
        before = read_submission(path.read_bytes())
    except (OSError, UnreadableNotebook):
        return False
    return _work(before) == _work(notebook)


def _work(notebook: NotebookNode) -> list[tuple[str, str]]:
    """What is the student's: given cells may hold hidden tests in one place, and none in another."""
    return [(cell.cell_type, cell.source) for cell in notebook.cells if not is_locked(cell)]


# Files


@contextmanager
def pending(path: Path, notebook: NotebookNode, submitted_at: dt.datetime | None) -> Iterator[None]:
    """Have the graded notebook ready under another name, and put it in place if all went well."""
    contents = {path: dump(notebook, compact=True)}
    if submitted_at is not None:
        contents[path.with_name(TIMESTAMP)] = stamp(submitted_at)
    with ExitStack() as stack:
        try:
            stack.enter_context(drafted(contents, mode=0o444))  # as nbgrader leaves them
        except OSError as error:
            raise GradebookError(f"{path} cannot be written: {error.strerror}.") from error
        yield
