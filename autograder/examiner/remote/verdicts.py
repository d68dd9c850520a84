"""How a candidate's process or a cell ended, as a verdict with its sentence."""

from __future__ import annotations

import json
from typing import Any

from autograder.course.models import Limits
from autograder.examination import CellOutcome, Verdict
from autograder.examiner.remote.cells import CellSource
from autograder.examiner.remote.outputs import clean_outputs, execution_count
from autograder.messages import Message, fact, words
from autograder.protocol import (
    EXIT_CPU,
    EXIT_DISK,
    EXIT_MEMORY,
    EXIT_SETUP,
    EXIT_STOPPED,
    NO_SUCH_MODULE,
    SAID_BY_CANDIDATE,
    json_room,
)
from autograder.wire import ValueTooLarge, WireError


def lost(verdict: Verdict, limits: Limits) -> Message:
    """Why a candidate that did not crash gives no answer any more."""
    if verdict is Verdict.OUTPUT:
        return fact("reply", size=size_told(limits.reply))
    return fact("time-limit") if verdict is Verdict.TIMEOUT else fact("invalid-message")


def is_ours(code: int) -> bool:
    """Whether a warden's exit code says that the candidate is not to blame for its end."""
    return code in (EXIT_STOPPED, EXIT_SETUP)


def explain(code: int | None, limits: Limits) -> tuple[Verdict, Message]:
    """A verdict from an exit code (negative: the number of a signal)."""
    processor_time = Verdict.TIMEOUT, fact("processor-time")
    disk = Verdict.OUTPUT, fact("disk", size=size_told(limits.scratch))
    told = {
        EXIT_MEMORY: (Verdict.MEMORY, fact("memory", size=size_told(limits.memory))),
        EXIT_CPU: processor_time,
        EXIT_DISK: disk,
    }
    if code in told:
        return told[code]
    number = -code if code is not None and code < 0 else code - 128 if code is not None and code > 128 else 0
    if number == 24:
        return processor_time
    if number == 25:
        return disk
    if number == 11:
        return Verdict.CRASHED, fact("segmentation-fault")
    if number:
        return Verdict.CRASHED, fact("signal", number=number)
    return Verdict.CRASHED, fact("ended-itself")


def size_told(count: int) -> str:
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= factor:
            return f"{count / factor:g} {unit}"
    return f"{count} bytes"


def expect(message: Any, /, **fields: type) -> dict[str, Any]:
    if not isinstance(message, dict) or any(
        type(message.get(key)) is not kind for key, kind in fields.items()
    ):
        raise WireError("not a valid event")
    return message


def not_run(cell: CellSource, message: Message | None = None) -> CellOutcome:
    return CellOutcome(
        index=cell.index, grade_id=cell.grade_id, verdict=Verdict.SKIPPED, message=message or Message()
    )


_CELL_VERDICTS = {
    *(Verdict.PASSED, Verdict.NOT_IMPLEMENTED, Verdict.EXCEPTION),
    *(Verdict.TIMEOUT, Verdict.MEMORY, Verdict.OUTPUT),
}
"""What a candidate may say of its own cells; how it was lost is for the examiner to say."""


def room_left(limits: Limits) -> int:
    """Bytes that all outputs of a submission may take, with room for an exception's words."""
    return json_room(limits.output) + (1 << 20)


_BY_TEXT = {text: code for code, text in SAID_BY_CANDIDATE.items()}


def _told(text: str) -> Message:
    """What a candidate says of a cell: one of a few sentences of ours, or an exception's words."""
    if text in _BY_TEXT:
        return fact(_BY_TEXT[text])
    if text.endswith(NO_SUCH_MODULE):
        return fact("no-module", error=text.removesuffix(NO_SUCH_MODULE))
    return words(text)


def cell_outcome(cell: CellSource, message: Any, room: int, seconds: float) -> CellOutcome:
    fields = expect(message, verdict=str, message=str, outputs=bytes)
    if len(fields["outputs"]) > room:
        raise ValueTooLarge("more outputs than a submission may have")
    try:
        outputs = json.loads(fields["outputs"])
        verdict = Verdict(fields["verdict"])
    except (ValueError, RecursionError):
        raise WireError("not valid outputs") from None
    if not isinstance(outputs, list) or verdict not in _CELL_VERDICTS:
        raise WireError("not valid outputs")
    return CellOutcome(
        index=cell.index,
        grade_id=cell.grade_id,
        verdict=verdict,
        message=_told(fields["message"][:1000]),
        outputs=tuple(clean_outputs(outputs)),
        execution_count=execution_count(fields.get("count")),
        seconds=round(seconds, 6),
    )
