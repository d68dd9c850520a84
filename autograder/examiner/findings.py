"""What is found out about one submission, until it is a record."""

from __future__ import annotations

import datetime as dt
import platform
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from nbformat import NotebookNode

from autograder import __version__
from autograder.examination import (
    CellOutcome,
    Examination,
    Misconception,
    Notice,
    Score,
    Status,
    TestOutcome,
)
from autograder.examiner.cell_checks import cell_checks
from autograder.examiner.outcomes import TestInfo, TestRun
from autograder.examiner.scoring import score_cells, score_checks
from autograder.examiner.week import Week
from autograder.messages import Message, words
from autograder.notebooks.recorded import record_cells
from autograder.protocol import Layer, is_sufficient


@dataclass
class Findings:
    """What is known of a submission so far; each part as in :class:`Examination`.

    Attributes:
        notebook: merged with the released one.
        runs: of the suite's tests.
    """

    notebook: NotebookNode
    notices: list[Notice]
    status: Status = Status.GRADED
    cells: list[CellOutcome] = field(default_factory=list)
    runs: list[TestRun] = field(default_factory=list)
    misconceptions: tuple[Misconception, ...] = ()
    pictures: dict[str, Any] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)

    def note(self, code: str, text: str) -> None:
        """Add a notice."""
        self.notices.append(Notice(code=code, text=words(text)))

    def fail(self, reason: str) -> None:
        """The grader failed, not the submission."""
        self.status = Status.GRADER_ERROR
        self.note("grader-error", f"The grader failed: {reason}.")

    def doubt(self, week: Week, suite: Collection[TestInfo], layers: Collection[str]) -> None:
        """Note what makes the result less sure than usual."""
        held = frozenset(Layer(name) for name in layers)
        if self.status is Status.GRADED and not is_sufficient(held):
            missing = ", ".join(sorted(set(Layer) - held))
            self.note("weak-confinement", f"Graded without these layers: {missing}.")
        if not suite and not week.cells_decide:
            self.note(
                "no-suite",
                "Graded by the notebook's own checks, which a submission could deceive: there is no suite.",
            )

    def judged(
        self, week: Week, suite: Collection[TestInfo]
    ) -> tuple[tuple[TestOutcome, ...], tuple[Score, ...]]:
        """What became of each check, and what each graded cell earns."""
        tests = tuple(run.outcome for run in self.runs)
        by_running = score_checks(week.released, self.notebook, self.cells)
        scores = score_cells(week.released, self.notebook, tests, week.carry) if suite else by_running
        if week.cells_decide:  # the suite has those cells that it counts for, and nbgrader's rule the others
            counted = {test.cell for test in suite}
            scores = tuple(s if s.grade_id in counted else r for s, r in zip(scores, by_running, strict=True))
            if self.status is Status.GRADED:
                tests += tuple(cell_checks(week.released, scores, self.cells, week.cell_tests, counted))
        if self.status is Status.GRADER_ERROR:
            scores = tuple(s if s.manual else s.model_copy(update={"points": None}) for s in scores)
        return tests, scores

    def record(
        self, week: Week, student: str, key: str, suite: Collection[TestInfo], **more: Any
    ) -> Examination:
        """The record of it.

        Args:
            week: in which it was handed in.
            student: whose it is.
            key: of its content.
            suite: the week's tests.
            more: of the record.
        """
        tests, scores = self.judged(week, suite)
        return _recorded(
            week,
            student,
            key,
            status=self.status,
            notices=tuple(self.notices),
            notebook=record_cells(self.notebook),
            cells=tuple(self.cells),
            tests=tests,
            scores=scores,
            misconceptions=self.misconceptions,
            pictures=self.pictures,
            timings={name: round(value, 6) for name, value in self.timings.items()},
            **more,
        )


def record_without_notebook(week: Week, student: str, key: str, status: Status, text: Message) -> Examination:
    """The record of a submission in which there is nothing to run."""
    return _recorded(
        week,
        student,
        key,
        status=status,
        scores=score_cells(week.released, None, ()),
        notices=(Notice(code=status.value, text=text),),
    )


def _recorded(week: Week, student: str, key: str, **facts: Any) -> Examination:
    return Examination(
        key=key,
        assignment=week.assignment.name,
        student=student,
        graded_at=dt.datetime.now(dt.UTC),
        versions=versions(),
        **facts,
    )


def versions() -> dict[str, str]:
    """What the result may depend on."""
    return {"autograder": __version__, "python": platform.python_version(), "numpy": np.__version__}
