"""What a test's end means: a verdict, its message, and what is shown of the call."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.examination import Call, Difference, TestOutcome, Verdict
from autograder.examiner.checks import LONGEST, Mismatch, Unmet
from autograder.examiner.excerpts import array_picture, call_code, call_text, text_of
from autograder.examiner.outcomes import TestInfo, TestRun
from autograder.examiner.remote.errors import CandidateLost, GraderFault, MissingName, StudentError
from autograder.examiner.remote.log import LoggedCall
from autograder.messages import Message, fact, words

_DOUBTFUL = {
    Verdict.FAILED,
    Verdict.WRONG_TYPE,
    Verdict.EXCEPTION,
    Verdict.CRASHED,
    Verdict.MEMORY,
    Verdict.OUTPUT,
    Verdict.PROTOCOL,
}
"""Verdicts that something left behind by an earlier test could bring about."""


def run_of(
    test: TestInfo, error: BaseException | None, seconds: float, calls: list[LoggedCall], *, used: bool
) -> TestRun:
    """What became of a test.

    Args:
        test: which it is.
        error: that it ended with; None if it passed.
        seconds: that it took.
        calls: what it asked.
        used: whether that was on a fork that other tests had used.
    """
    verdict, message, difference = judged(error)
    if verdict is not Verdict.PASSED and not message:
        verdict, message = Verdict.GRADER_ERROR, fact("without-reason")
    last = calls[-1] if calls else None
    outcome = TestOutcome(
        name=test.name,
        module=test.module,
        title=test.title,
        cell=test.cell,
        weight=test.weight,
        public=test.public,
        verdict=verdict,
        message=message,
        call=call_told(last) if last is not None and verdict is not Verdict.PASSED else None,
        difference=difference,
        seconds=round(seconds, 6),
    )
    return TestRun(
        outcome,
        calls,
        missing=error.name if isinstance(error, MissingName) else "",
        doubtful=used and verdict in _DOUBTFUL,
        unclear=verdict is Verdict.WRONG_TYPE and unclear(error),
        training=test.training,
    )


def unclear(error: BaseException | None) -> bool:
    """Whether an exception came from a test's own code while it worked with what came back."""
    known = (Mismatch, StudentError, AssertionError, GraderFault)
    return isinstance(error, Exception) and not isinstance(error, known)


def judged(error: BaseException | None) -> tuple[Verdict, Message, Difference | None]:
    """What a test ended with: the verdict, why, and what was different where a check said so."""
    if error is None:
        return Verdict.PASSED, Message(), None
    if isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        return judged(error.exceptions[0])
    if isinstance(error, CandidateLost):
        return error.verdict, error.message, None
    if isinstance(error, Mismatch):
        verdict = Verdict.WRONG_TYPE if error.kind in ("type", "dtype") else Verdict.FAILED
        return verdict, error.message, _difference(error)
    if isinstance(error, Unmet):
        return Verdict.FAILED, error.message, None
    if isinstance(error, MissingName):
        return Verdict.MISSING, error.message, None
    if isinstance(error, StudentError):
        return *_raised(error), None
    if isinstance(error, (AssertionError, pytest.fail.Exception)):
        return Verdict.FAILED, words(_first_paragraph(str(error))[:LONGEST]), None
    name = type(error).__name__
    if type(error).__module__.startswith("hypothesis") and "Flaky" in name:
        return Verdict.FAILED, fact("different-answers"), None
    if unclear(error):
        # Holds if the test works with what the reference returns; otherwise the suite is at fault.
        return Verdict.WRONG_TYPE, fact("unusable", why=f"{name}: {str(error)[:500]}"), None
    return Verdict.GRADER_ERROR, words(f"{name}: {error}"[:LONGEST]), None


def _raised(error: StudentError) -> tuple[Verdict, Message]:
    if isinstance(error, NotImplementedError):
        return Verdict.NOT_IMPLEMENTED, fact("not-implemented")
    if "MemoryError" in error.bases:
        return Verdict.MEMORY, fact("memory-limit")
    said = f"{error.type_name}: {error.text}\n{error.trace}".strip()
    return Verdict.EXCEPTION, words(said[:LONGEST])


def _first_paragraph(text: str) -> str:
    """An assertion's own sentence, without pytest's explanation of the expression."""
    return text.split("\nassert ", 1)[0].strip() or text


def call_told(logged: LoggedCall) -> Call:
    arrays = {}
    named = {str(position): value for position, value in enumerate(logged.args)} | logged.kwargs
    for name, value in (named | {"result": logged.value}).items():
        if isinstance(value, np.ndarray) and (picture := array_picture(value)) is not None:
            arrays[name] = picture
    if logged.raised:
        error = logged.value
        result = f"raised {error.type_name}: {error.text}" if isinstance(error, StudentError) else f"{error}"
    else:
        result = text_of(logged.value)
    return Call(
        function=logged.function,
        arguments=call_text(logged.label, logged.args, logged.kwargs) if logged.is_call else logged.label,
        result=result[:1000],
        code=call_code(logged.function, logged.args, logged.kwargs)
        if logged.is_call and logged.label == logged.function
        else "",
        arrays=arrays,
    )


def _difference(mismatch: Mismatch) -> Difference:
    pictures = [
        array_picture(value, mismatch.where) if isinstance(value, np.ndarray) else None
        for value in (mismatch.actual, mismatch.expected)
    ]
    return Difference(
        kind=mismatch.kind,
        actual=text_of(mismatch.actual),
        expected=text_of(mismatch.expected),
        where=mismatch.where,
        actual_array=pictures[0],
        expected_array=pictures[1],
    )
