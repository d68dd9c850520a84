"""What can go wrong with a candidate, seen from the examiner.

Two families. A :class:`StudentError` is an ordinary answer ("the student's code raised"), so it is an
``Exception`` that a test may expect. A :class:`CandidateLost` ends the test whatever the test does, so it
is no ``Exception``: neither ``except Exception`` in a suite nor Hypothesis may swallow or retry it.
"""

from __future__ import annotations

import builtins
from functools import cache
from typing import Any

from _pytest.outcomes import OutcomeException

from autograder.examination import Verdict
from autograder.messages import Message, fact


class GraderFault(Exception):
    """Our own fault: recorded as a grader error and left for a person, never a student's zero."""


class MissingName(AssertionError, AttributeError):
    """The notebook does not define the name that a test asks for; ``hasattr`` works as it should."""

    def __init__(self, name: str) -> None:
        self.message = fact("not-defined", name=name)
        super().__init__(str(self.message))
        self.name: str = name


class StudentError(Exception):
    """The student's code raised.

    Attributes:
        type_name: the class's name, as the candidate tells it.
        bases: names of the built-in classes that it derives from.
        text: the exception's message.
        trace: the student's frames, innermost last.
    """

    type_name = "Exception"
    bases: tuple[str, ...] = ()
    text = ""
    trace = ""

    def __str__(self) -> str:
        return self.text


# Not those that would end a test's own loop as if there were no more to be asked, nor those whose instances
# cannot be made without calling them.
_NOT_LIKE = BaseExceptionGroup | StopIteration | StopAsyncIteration | MemoryError
_KINDS: dict[str, type[Exception]] = {
    name: kind
    for name, kind in vars(builtins).items()
    if isinstance(kind, type)
    and issubclass(kind, Exception)
    and not issubclass(kind, _NOT_LIKE)
    and kind is not Exception
}


@cache
def _class_like(name: str) -> type[StudentError]:
    """A StudentError that is the built-in exception too: ``pytest.raises(ValueError)`` reads naturally."""
    return type(f"Student{name}", (StudentError, _KINDS[name]), {"__module__": __name__})


def student_error(description: dict[str, Any]) -> StudentError:
    """The exception to raise for what a candidate described; every field is checked, none is believed."""
    fields = {key: description.get(key) for key in ("type", "text", "trace")}
    bases = description.get("bases")
    names = [base[:200] for base in bases[:20] if isinstance(base, str)] if isinstance(bases, list) else []
    likeness = next((name for name in names if name in _KINDS), None)
    texts = {key: value if isinstance(value, str) else "" for key, value in fields.items()}
    kind = StudentError if likeness is None else _class_like(likeness)
    error = kind.__new__(kind)
    error.type_name = texts["type"][:200] or "Exception"
    error.bases = tuple(names)
    error.text = texts["text"][:4000]
    error.trace = texts["trace"][-8000:]
    return error


class CandidateLost(OutcomeException):
    """The candidate gives no answer any more.

    As one of pytest's own outcomes: a fixture that ends with any other ``BaseException`` is never torn down,
    and every later submission that needs it would fail.

    Attributes:
        verdict: TIMEOUT, CRASHED, MEMORY, OUTPUT or PROTOCOL.
        message: why.
    """

    def __init__(self, verdict: Verdict, message: Message) -> None:
        super().__init__(str(message))
        self.verdict = verdict
        self.message = message
