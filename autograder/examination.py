"""The record of one graded submission: complete, self-contained, and the source of everything after it.

Gradebook, graded notebook, feedback, reports and exports are renderings of an :class:`Examination`, and of
nothing else that came from a student. All text that did is kept as it was, and whoever renders it escapes it;
only HTML that a cell has shown is made harmless before it gets in.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from autograder.messages import Language, Message

SCHEMA_VERSION: Literal[3] = 3


class Record(BaseModel):
    """Base of all records: frozen, and nothing unknown gets in."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class Text(Record):
    """One sentence or paragraph in every language of the course."""

    en: str
    ko: str

    def in_(self, language: Language) -> str:
        """The text in ``language``."""
        return self.en if language is Language.EN else self.ko


class Verdict(StrEnum):
    """How a cell or a test ended. The first is the only good one, the last is never the student's fault."""

    PASSED = "passed"
    FAILED = "failed"  # the value that came back is wrong
    NOT_IMPLEMENTED = "not-implemented"  # the stub's own NotImplementedError
    MISSING = "missing"  # the function is not defined
    WRONG_TYPE = "wrong-type"  # what came back is of the wrong type
    EXCEPTION = "exception"  # the student's code raised
    TIMEOUT = "timeout"  # the time limit was reached
    CRASHED = "crashed"  # the process ended (os._exit, segmentation fault, killed)
    MEMORY = "memory"  # the memory limit was reached
    OUTPUT = "output"  # too much output, or a reply beyond the size limit
    PROTOCOL = "protocol"  # the candidate answered with something that is no answer
    SKIPPED = "skipped"  # not run: the cell is tagged skip-execution, or an earlier limit ended the run
    GRADER_ERROR = "grader-error"  # our fault: left for a person, never a zero


class ArrayPicture(Record):
    """A numeric array kept for a picture, whole if small, cropped around the first wrong index if not.

    Attributes:
        shape: the full shape.
        dtype: NumPy name of the dtype.
        values: nested lists of numbers (at most 16 x 16 for two dimensions), None where not finite.
        offset: index in the full array of ``values``' first element, one per axis.
    """

    shape: tuple[int, ...]
    dtype: str
    values: Any
    offset: tuple[int, ...] = ()


class Call(Record):
    """One call of a student's function as the examiner made it.

    Attributes:
        function: name of the function.
        arguments: how the call reads in Python, cut to a readable length.
        result: how the answer reads, cut likewise; for an exception its type and message.
        code: Python that makes the same call again, with its imports; empty where that would be too long.
        arrays: pictures of the array arguments by name or position, and of the result as ``"result"``.
    """

    function: str
    arguments: str
    result: str
    code: str = ""
    arrays: dict[str, ArrayPicture] = Field(default_factory=dict)


class Difference(Record):
    """What a check found: facts, from which feedback makes sentences and pictures."""

    kind: str
    actual: str
    expected: str
    where: tuple[int, ...] = ()
    actual_array: ArrayPicture | None = None
    expected_array: ArrayPicture | None = None


class TestOutcome(Record):
    """One test of the suite on one submission.

    Attributes:
        name: the test's name in its module, with parameters.
        module: the module's name without ``.py``.
        title: what is asked, in both languages (the docstring's two paragraphs).
        cell: grade id of the test cell that it counts for.
        weight: share of the cell's points, relative to the other tests of the cell.
        public: whether students have this test.
        verdict: how it ended.
        message: one paragraph for a person; hidden inputs and expected values may be in it.
        call: the last call before the verdict.
        difference: what was different, where a check said so.
        seconds: wall time.
        follows: functions whose mistake this is: with right ones in their place the test passes.
        lies_in: helpers, which no test asks for, whose mistake this is. It costs this test; what it breaks in
            other functions follows.
    """

    __test__ = False  # pytest would take the class for a test

    name: str
    module: str
    title: Text
    cell: str
    weight: float = 1.0
    public: bool = False
    verdict: Verdict
    message: Message = Message()
    call: Call | None = None
    difference: Difference | None = None
    seconds: float = 0.0
    follows: tuple[str, ...] = ()
    lies_in: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The test's name in its suite."""
        return f"{self.module}::{self.name}"

    @property
    def at_fault(self) -> tuple[str, ...]:
        """Whose mistake it is if it failed and does not follow: the function last called, or its helpers."""
        return self.lies_in or ((self.call.function,) if self.call is not None else ())


class CellOutcome(Record):
    """One code cell of the merged notebook, as it ran in the candidate.

    Attributes:
        index: position among all cells of the merged notebook, from 0.
        grade_id: nbgrader's id; empty for a cell without one.
        verdict: PASSED, NOT_IMPLEMENTED, EXCEPTION, TIMEOUT, CRASHED, MEMORY, OUTPUT or SKIPPED.
        message: one line: the exception's type and text, or the limit that was reached.
        outputs: nbformat 4 outputs as plain dicts, made harmless
            (:mod:`autograder.examiner.remote.outputs`): they may be shown as they are.
        execution_count: IPython's counter, None if not run.
        seconds: of its own that it took.
        handed_in: whether the outputs are those in the student's own file, and the cell was not run.
    """

    index: int
    grade_id: str = ""
    verdict: Verdict
    message: Message = Message()
    outputs: tuple[dict[str, Any], ...] = ()
    execution_count: int | None = None
    seconds: float = 0.0
    handed_in: bool = False


class RecordedCell(Record):
    """One cell of the merged notebook: what is the student's of it.

    Attributes:
        cell_type: of nbformat.
        id: of nbformat, once in the notebook.
        grade_id: nbgrader's id of a cell of the release, from which all else of it comes; empty for a cell of
            the student's own.
        source: what the student wrote; empty for a cell that nobody may change.
        attachments: pictures pasted into a Markdown cell, by name and media type, in base64.
        tags: of a cell of the student's own.
    """

    cell_type: Literal["code", "markdown", "raw"]
    id: str
    grade_id: str = ""
    source: str = ""
    attachments: dict[str, dict[str, str]] = Field(default_factory=dict)
    tags: tuple[str, ...] = ()


class Score(Record):
    """Points of one grade cell.

    Attributes:
        grade_id: nbgrader's id of the cell.
        points: what was earned, 0 <= points <= max_points; None when a person has to decide
            (a manually graded answer, or a grader error among the cell's tests).
        max_points: what the cell is worth.
        manual: True for a cell that a person grades.
    """

    grade_id: str
    points: float | None
    max_points: float
    manual: bool = False


class Notice(Record):
    """Something a TA should know of a submission, in one line."""

    code: str
    text: Message


class Misconception(Record):
    """The wrong implementation whose results a function's results equal, call for call.

    Attributes:
        more: a further hint, for whom the first one was not enough.
    """

    mutant: str
    function: str
    misconception: Text
    hint: Text
    more: Text | None = None


class Status(StrEnum):
    """How the examination as a whole ended."""

    GRADED = "graded"
    UNREADABLE = "unreadable"  # the notebook cannot be read: nothing was run, every auto-graded cell is 0
    MISSING = "missing"  # there is no notebook: likewise
    GRADER_ERROR = "grader-error"  # our fault: no score is written, a person has to look


class Examination(Record):
    """All that is known of one graded submission; one JSON file, named by its content hash.

    ``notebook`` is empty where there was none that could be read, or that could be examined.
    """

    schema_version: Literal[2, 3] = SCHEMA_VERSION
    key: str
    assignment: str
    student: str
    status: Status
    notices: tuple[Notice, ...] = ()
    notebook: tuple[RecordedCell, ...] = ()
    cells: tuple[CellOutcome, ...] = ()
    tests: tuple[TestOutcome, ...] = ()
    scores: tuple[Score, ...] = ()
    misconceptions: tuple[Misconception, ...] = ()
    pictures: dict[str, Any] = Field(default_factory=dict)
    layers: tuple[str, ...] = ()
    limits: dict[str, float] = Field(default_factory=dict)
    timings: dict[str, float] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)
    graded_at: Annotated[dt.datetime, Field(description="UTC")]

    @model_validator(mode="before")
    @classmethod
    def _as_today(cls, value: Any) -> Any:
        """Older records name the tests without points that passed, which the tests themselves say."""
        return {k: v for k, v in value.items() if k != "badges"} if isinstance(value, dict) else value

    @property
    def points(self) -> float:
        """Sum of the points decided so far."""
        return round(sum(score.points or 0.0 for score in self.scores), 6)

    @property
    def max_points(self) -> float:
        """Sum of what all cells are worth."""
        return sum(score.max_points for score in self.scores)

    @property
    def undecided(self) -> tuple[Score, ...]:
        """Cells for which a person has to decide."""
        return tuple(score for score in self.scores if score.points is None)
