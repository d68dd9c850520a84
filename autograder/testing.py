"""What a week's suite imports: checks, arguments of another layout in memory, and the submission's type."""

from autograder.examiner.checks import (
    Mismatch,
    Seen,
    Unmet,
    answers_kept,
    as_array,
    as_seen,
    expect,
    expect_arguments_unchanged,
    expect_array,
    expect_int,
    expect_ints,
    expect_number,
    expect_raises,
    expect_text,
    expect_unchanged,
    type_name,
)
from autograder.examiner.remote.objects import Submission, several
from autograder.wire import Strided

__all__ = [
    "Mismatch",
    "Seen",
    "Strided",
    "Submission",
    "Unmet",
    "answers_kept",
    "as_array",
    "as_seen",
    "expect",
    "expect_arguments_unchanged",
    "expect_array",
    "expect_int",
    "expect_ints",
    "expect_number",
    "expect_raises",
    "expect_text",
    "expect_unchanged",
    "several",
    "type_name",
]
