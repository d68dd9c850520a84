"""What a test's end means: a verdict, its message, and what is shown of the call."""

from __future__ import annotations

import numpy as np

from autograder.examination import Call, Difference, Verdict
from autograder.examiner.checks import Mismatch
from autograder.examiner.excerpts import array_picture, call_text, text_of
from autograder.examiner.remote.errors import GraderFault, StudentError
from autograder.examiner.remote.log import LoggedCall

DOUBTFUL = {
    Verdict.FAILED,
    Verdict.WRONG_TYPE,
    Verdict.EXCEPTION,
    Verdict.CRASHED,
    Verdict.MEMORY,
    Verdict.OUTPUT,
    Verdict.PROTOCOL,
}
"""Verdicts that something left behind by an earlier test could bring about."""


def unclear(error: BaseException | None) -> bool:
    """Whether an exception came from a test's own code while it worked with what came back."""
    known = (Mismatch, StudentError, AssertionError, GraderFault)
    return isinstance(error, Exception) and not isinstance(error, known)


def first_paragraph(text: str) -> str:
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
        arrays=arrays,
    )


def difference(mismatch: Mismatch) -> Difference:
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
