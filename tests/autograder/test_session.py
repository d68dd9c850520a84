"""What a candidate may answer, and what becomes of it on the examiner's side."""

from __future__ import annotations

import builtins
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.candidate.serve import Server, serve_until_closed
from autograder.examination import CellOutcome, Verdict
from autograder.examiner.checks import answers_kept
from autograder.examiner.excerpts import text_of
from autograder.examiner.remote.errors import CandidateLost, MissingName, StudentError, student_error
from autograder.examiner.remote.log import Memory, Omitted
from autograder.examiner.remote.objects import RemoteObject, Submission, several
from autograder.examiner.remote.outputs import clean_outputs
from autograder.examiner.remote.own_time import OwnTime
from autograder.examiner.remote.session import Session
from autograder.messages import words
from autograder.wire import Channel, ChannelClosed, FrameLimits, Handle, Strided

Answer = Callable[[dict[str, Any]], Any]


class Owner:
    """The lifeline of a session whose candidate is a thread of this test."""

    def __init__(self) -> None:
        self.clock = OwnTime()

    def lost(self, session: Session, verdict: Verdict) -> CandidateLost:
        return CandidateLost(verdict, words("lost"))


@pytest.fixture
def talk() -> Iterator[Callable[[Answer], Session]]:
    """Starts a candidate that answers each request with what a function makes of it."""
    opened: list[Channel] = []

    def start(answer: Answer) -> Session:
        ours, theirs = socket.socketpair()
        channel = Channel(theirs)
        opened.extend([Channel(ours), channel])

        def serve() -> None:
            try:
                while True:
                    channel.send(answer(channel.receive()))
            except ChannelClosed:
                return

        threading.Thread(target=serve, daemon=True).start()
        return Session(opened[-2], {"f": True, "value": False}, Owner())

    yield start
    for channel in opened:
        channel.close()


@pytest.mark.parametrize("reply", [5, None, [], {}, "text", {"child": 1}, {"exception": 5}, {"missing": 7}])
def test_what_is_no_answer(talk: Callable[[Answer], Session], reply: Any) -> None:
    with pytest.raises(CandidateLost) as lost:
        Submission(talk(lambda request: reply)).f(1)
    assert lost.value.verdict is Verdict.PROTOCOL


def test_after_its_end_a_session_gives_the_same_reason_again(talk: Callable[[Answer], Session]) -> None:
    submission = Submission(talk(lambda request: 5))
    for _ in range(3):
        with pytest.raises(CandidateLost):
            submission.f(1)


def test_a_value_counts_whatever_else_the_reply_claims(talk: Callable[[Answer], Session]) -> None:
    reply = {"value": 3, "passed": True, "exception": {"type": "ValueError"}, "verdict": "passed"}
    assert Submission(talk(lambda request: reply)).f(1) == 3


@pytest.fixture
def served() -> Iterator[Callable[..., Submission]]:
    """Serves functions as a candidate does, from a thread of this test."""
    opened: list[Channel] = []

    def start(**namespace: Any) -> Submission:
        ours, theirs = socket.socketpair()
        opened.extend([Channel(ours), Channel(theirs, strided=True)])
        server = Server(opened[-1], namespace, FrameLimits())
        threading.Thread(target=serve_until_closed, args=(server,), daemon=True).start()
        return Submission(Session(opened[-2], dict.fromkeys(namespace, True), Owner()))

    yield start
    for channel in opened:
        channel.close()


def test_answers_are_looked_at_after_the_last_call(served: Callable[..., Submission]) -> None:
    buffer = np.zeros(2)

    def one_buffer(values: Any) -> Any:
        buffer[:] = values
        return buffer

    submission = served(one_buffer=one_buffer, copied=np.array, itself=np.asarray, pair=lambda x: (x, [x, x]))
    first, second = np.array([1.0, 2.0]), np.array([3.0, 4.0])

    def kept(name: str, *calls: tuple[Any, ...], **how: Any) -> list[Any]:
        return [each.tolist() for each in answers_kept(submission, name, *calls, **how)]

    assert kept("one_buffer", (first,), (second,)) == [[3, 4], [3, 4]]
    assert kept("copied", (first,), (second,)) == [[1, 2], [3, 4]]
    assert kept("itself", (Strided(first),), (second,), overwrite=True) == [[77, 77], [77, 77]]
    assert kept("copied", (Strided(first),), (second,), overwrite=True) == [[1, 2], [3, 4]]
    assert kept("pair", (5,), (6,), part=1) == [[5, 5], [6, 6]]
    assert answers_kept(submission, "pair", (5,), as_arrays=False) == [(5, [5, 5])]


def test_answers_that_are_kept_are_the_functions_own(served: Callable[..., Submission]) -> None:
    def fails(number: int) -> int:
        return 1 // number

    submission = served(fails=fails)
    assert [int(each) for each in answers_kept(submission, "fails", (1,), (-1,))] == [1, -1]
    with pytest.raises(ZeroDivisionError):
        answers_kept(submission, "fails", (1,), (0,))
    session: Any = submission._session
    assert [(call.function, call.raised) for call in session.log.calls] == [
        ("fails", False),
        ("fails", True),
    ]


@pytest.mark.parametrize("reply", [5, [], [1, 2, 3], {"a": 1}])
def test_as_many_answers_as_calls(talk: Callable[[Answer], Session], reply: Any) -> None:
    with pytest.raises(CandidateLost):
        answers_kept(Submission(talk(lambda request: {"value": reply})), "f", (1,), (2,))


@pytest.mark.parametrize("length", [-1, 2.0, True, "5", None, 1 << 40])
def test_a_length_that_is_none(talk: Callable[[Answer], Session], length: Any) -> None:
    session = talk(lambda request: {"value": Handle(1, "List") if request["op"] == "call" else length})
    with pytest.raises(CandidateLost):
        len(Submission(session).f())


def test_a_claim_that_arguments_are_unchanged_is_checked(talk: Callable[[Answer], Session]) -> None:
    image = np.arange(4.0)
    replies: list[dict[str, Any]] = [
        {"args": [image + 1], "kwargs": {}, "generators": True},
        {"args": [image.astype(np.float32)], "kwargs": {}, "generators": True},
        {"args": [image], "kwargs": {}, "generators": 1},
        {"args": [image], "kwargs": {}, "generators": True},
    ]
    submission = Submission(talk(lambda request: {"value": 0} | replies.pop(0)))
    changed = [submission.f.call_watched(image)[1] for _ in range(4)]
    assert [text is None for text in changed] == [False, False, False, True]


class Shelf:
    """A thing with something inside."""

    def __init__(self) -> None:
        self.width = 3
        self.box = Box()

    def holds(self, name: str, count: int = 1) -> str:
        """Says so."""
        return f"{count} {name}"


class Box:
    """What is inside."""

    label = "box"

    def own(self) -> Box:
        """Itself."""
        return self


def test_several_questions_are_one_request(served: Callable[..., Submission]) -> None:
    submission = served(f=Shelf)
    session: Any = submission._session
    shelf = submission.f()
    asked = session.log.requests
    questions: list[Any] = ["width", "box.label", ("holds", "cups"), ("holds", "cups", 2), ("box.own",)]
    width, label, one, two, box = several(shelf, *questions)
    assert session.log.requests == asked + 1
    assert (width, label, one, two, box.label) == (3, "box", "1 cups", "2 cups", "box")
    assert several(Shelf(), *questions)[:4] == [width, label, one, two]
    with pytest.raises(StudentError, match="depth"):
        several(shelf, "width", "depth")


@pytest.mark.parametrize("reply", [5, [], [1], [1, 2, 3], {"a": 1, "b": 2}])
def test_answers_to_several_questions_that_are_none(talk: Callable[[Answer], Session], reply: Any) -> None:
    session = talk(lambda request: {"value": Handle(1, "List") if request["op"] == "call" else reply})
    with pytest.raises(CandidateLost):
        several(Submission(session).f(), "a", "b")


@pytest.mark.parametrize("args", [None, [], [1, 2], {"a": 1}])
def test_arguments_that_do_not_come_back(talk: Callable[[Answer], Session], args: Any) -> None:
    session = talk(lambda request: {"value": 0, "args": args, "kwargs": {}, "generators": True})
    with pytest.raises(CandidateLost):
        Submission(session).f.call_watched(1)


def test_large_answers_are_judged_but_not_all_kept(talk: Callable[[Answer], Session]) -> None:
    session = talk(lambda request: {"value": np.zeros(1 << 20, np.uint8)})
    session.memory = Memory(left=5 << 20)
    submission = Submission(session)
    assert all(submission.f(number).nbytes == 1 << 20 for number in range(12))
    kept = [call for call in session.log.calls if not isinstance(call.value, Omitted)]
    assert 0 < len(kept) < 6
    assert repr(session.log.calls[-1].value) == "<ndarray, too large to be kept>"


def test_objects_without_end_are_not_followed_for_ever(talk: Callable[[Answer], Session]) -> None:
    endless = Handle(1, "Endless")
    answers = {"call": endless, "items": [endless] * 5000, "length": 5000}
    session = talk(lambda request: {"value": answers[request["op"]]})
    with pytest.raises(CandidateLost) as lost:
        todo = [Submission(session).f()]
        for remote in todo:
            todo.extend(remote)
    assert lost.value.verdict is Verdict.OUTPUT


def test_questions_without_end_are_not_asked(talk: Callable[[Answer], Session]) -> None:
    remote = Submission(talk(lambda request: {"value": Handle(1, "Endless")})).f()
    with pytest.raises(CandidateLost) as lost:
        while True:
            remote = remote.more
    assert lost.value.verdict is Verdict.OUTPUT


# -- exceptions -------------------------------------------------------------------------------------

EXCEPTIONS = sorted(
    name
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, BaseException)
)


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_an_exception_of_any_kind_can_be_raised(name: str) -> None:
    error = student_error({"type": name, "bases": [name, "Exception"], "text": "said", "trace": ""})
    assert isinstance(error, StudentError)
    assert str(error) == "said"
    # A loop of a test must not end as if there were no more to be asked.
    assert not isinstance(error, (StopIteration, StopAsyncIteration, GeneratorExit, KeyboardInterrupt))
    if name in ("ValueError", "TypeError", "NotImplementedError", "KeyError", "ZeroDivisionError"):
        assert isinstance(error, getattr(builtins, name))


@pytest.mark.parametrize(
    "description",
    [
        {},
        {"bases": "ValueError"},
        {"bases": [None, 5, ["ValueError"], {"a": 1}]},
        {"bases": ["eval", "print", "type", "object", "x" * 10**6]},
        {"type": 5, "text": None, "trace": ["x"]},
        {"type": "x" * 10**6, "text": "x" * 10**6, "trace": "x" * 10**6},
    ],
)
def test_descriptions_that_make_no_sense(description: dict[str, Any]) -> None:
    error = student_error(description)
    assert type(error) is StudentError
    assert len(error.type_name) + len(error.text) + len(error.trace) < 20_000


def test_a_name_that_is_missing(talk: Callable[[Answer], Session]) -> None:
    submission = Submission(talk(lambda request: {"missing": "f" * 1000}))
    with pytest.raises(MissingName) as missing:
        submission.f()
    assert len(str(missing.value)) < 300


# -- text and outputs -------------------------------------------------------------------------------


def test_what_is_wide_and_deep_is_written_briefly() -> None:
    value: Any = 0
    for _ in range(30):
        value = [value] * 50
    assert len(text_of(value)) <= 300
    assert len(text_of(dict.fromkeys(range(1000), value))) <= 300
    assert text_of(Handle(1, "x" * 200, "y" * 500))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
outputs = st.lists(
    st.fixed_dictionaries(
        {"output_type": st.sampled_from(["stream", "error", "display_data", "execute_result", "other"])},
        optional=dict.fromkeys(
            ("name", "text", "data", "metadata", "ename", "evalue", "traceback", "execution_count"),
            json_values,
        ),
    )
    | json_values,
    max_size=4,
)


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(outputs)
def test_outputs_of_any_shape_can_be_recorded_and_read_again(said: list[Any]) -> None:
    outcome = CellOutcome(index=0, verdict=Verdict.PASSED, outputs=tuple(clean_outputs(said)))
    text = outcome.model_dump_json()
    assert CellOutcome.model_validate_json(text) == outcome
    for output in json.loads(text)["outputs"]:
        assert output["output_type"] in ("stream", "error", "display_data", "execute_result")
        assert all(isinstance(part, str) for part in output.get("data", {}).values())


def test_honest_outputs_stay_as_they_are() -> None:
    said = [
        {"output_type": "stream", "name": "stderr", "text": "경고\n"},
        {
            "output_type": "display_data",
            "data": {"image/png": "iVBO", "text/plain": "<Figure>"},
            "metadata": {},
        },
        {"output_type": "execute_result", "data": {"text/plain": "3"}, "metadata": {}, "execution_count": 4},
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["a", "b"]},
    ]
    assert list(clean_outputs(said)) == said


def test_a_handle_is_an_object_of_its_own(talk: Callable[[Answer], Session]) -> None:
    session = talk(lambda request: {"value": [Handle(2**52, "Figure")]})
    (figure,) = Submission(session).f()
    assert isinstance(figure, RemoteObject)
    assert figure.remote_type == "Figure"
    assert figure != 1
