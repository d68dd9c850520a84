"""What comes back counts as the array that it is, in whatever form it comes."""

from __future__ import annotations

import socket
from typing import Any

import numpy as np
import pytest

from autograder.candidate.serve import Server
from autograder.examiner.remote.objects import Origin, RemoteObject
from autograder.examiner.remote.values import array_of, same_but_for_rounding
from autograder.testing import Mismatch, as_array, expect_array, expect_int, expect_number
from autograder.wire import HEADER, Channel, FrameLimits, Handle, decode

TABLE = [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    "actual",
    [
        np.array(TABLE),
        TABLE,
        ((1, 2), (3, 4)),
        [(1.0, 2), np.array([3, 4], dtype=np.uint8)],
        [[np.int64(1), np.float32(2)], [np.array(3), 4]],
    ],
)
def test_lists_tuples_and_arrays_are_alike(actual: Any) -> None:
    expect_array(actual, TABLE)
    with pytest.raises(Mismatch, match="expected 5 at index"):
        expect_array(actual, [[1, 2], [3, 5]])
    with pytest.raises(Mismatch, match=r"expected an array of shape \(4,\)"):
        expect_array(actual, [1, 2, 3, 4])


def test_a_demanded_dtype_is_that_of_the_numbers() -> None:
    expect_array([[0.5, 1.0]], [[0.5, 1.0]], dtype=np.float64)
    with pytest.raises(Mismatch, match="expected dtype uint8, got int64"):
        expect_array([[1, 2]], np.array([[1, 2]], dtype=np.uint8), dtype="same")


def remote() -> RemoteObject:
    class NoSession:
        def value(self, *_: Any) -> Any:
            raise AssertionError("a remote object was asked")

    return RemoteObject(NoSession(), Handle(0, "Figure", "Figure(1)"), Origin("f", "f"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "actual",
    [
        None,
        3,
        "12",
        {1: 2},
        [[1, 2], [3]],
        [[1, 2], 3],
        ["1", "2"],
        [None, 1],
        [10**400, 1],
        [b"1"],
        [{1}],
    ],
)
def test_what_is_no_array_is_said_to_be_none(actual: Any) -> None:
    assert array_of(actual) is None
    with pytest.raises(Mismatch, match="expected a NumPy array, got"):
        as_array(actual)


def test_an_object_in_the_candidate_is_not_asked_for_its_items() -> None:
    for actual in (remote(), [remote()], [[1, 2], (3, remote())]):
        assert array_of(actual) is None


def test_deep_nesting_is_no_array_and_no_error() -> None:
    nested: Any = 1
    for _ in range(70):
        nested = [nested]
    assert array_of(nested) is None


def test_an_array_without_axes_is_a_number() -> None:
    expect_number(np.array(0.5), 0.5)
    expect_int(np.array(3), 3)
    with pytest.raises(Mismatch, match="expected an int, got float64"):
        expect_int(np.array(3.0), 3)
    with pytest.raises(Mismatch, match="expected a number, got bool"):
        expect_number(np.array(True), 1.0)
    with pytest.raises(Mismatch, match="expected a number, got ndarray"):
        expect_number(np.array([0.5]), 0.5)


def test_a_misconception_is_recognised_in_lists_too() -> None:
    assert same_but_for_rounding([[1.0, 2.0]], np.array([[1.0, 2.0]]))
    assert not same_but_for_rounding([[1.0, 2.5]], np.array([[1.0, 2.0]]))
    assert not same_but_for_rounding(None, np.array([1.0]))


# On the way from the candidate


class Tensor:
    """What TensorFlow, PyTorch, pandas and others offer."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if isinstance(self.values, Exception):
            raise self.values
        return np.asarray(self.values)

    @property
    def itself(self) -> Tensor:
        return self


def answer(request: dict[str, Any], **names: Any) -> Any:
    """What a candidate with these names replies, as the examiner decodes it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        server = Server(Channel(theirs), names, FrameLimits())
        server.objects.append(Tensor([7]))
        head, *payload = server._reply(request)
        return decode(head[HEADER.size :], b"".join(payload))["value"]


def call(target: Any, *args: Any) -> dict[str, Any]:
    return {"op": "call", "target": target, "args": list(args), "kwargs": {}}


def test_a_tensor_of_the_notebooks_own_comes_as_an_array() -> None:
    found = answer(call("f"), f=lambda: Tensor(TABLE))
    assert isinstance(found, np.ndarray)
    expect_array(found, TABLE)
    pair = answer(call("f"), f=lambda: (Tensor([1.5]), {"loss": [Tensor(2)]}))
    expect_array(pair[0], [1.5])
    expect_number(pair[1]["loss"][0], 2)
    expect_array(answer({"op": "value", "target": "KERNEL"}, KERNEL=Tensor(TABLE)), TABLE)


@pytest.mark.parametrize("values", [["a"], [object()], TypeError("symbolic"), RuntimeError()])
def test_what_is_not_numbers_stays_in_the_candidate(values: Any) -> None:
    assert isinstance(answer(call("f"), f=lambda: Tensor(values)), Handle)


def test_what_a_test_asks_of_an_object_stays_an_object() -> None:
    # `model(x).numpy()` in a suite: the model is held by the examiner, and so is what it gives.
    held = {"op": "get", "target": Handle(0), "attribute": "itself"}
    assert isinstance(answer(held), Handle)
    assert isinstance(answer({"op": "handle", "target": "f"}, f=Tensor([1])), Handle)


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_real_tensors_and_tables() -> None:
    tensorflow = pytest.importorskip("tensorflow")
    pandas = pytest.importorskip("pandas")
    for value in (
        tensorflow.constant(TABLE),
        tensorflow.Variable(TABLE),
        tensorflow.constant(TABLE, tensorflow.float16),
        pandas.DataFrame(TABLE),
        np.matrix(TABLE),
        np.ma.masked_array(TABLE),
    ):
        expect_array(answer(call("f"), f=lambda value=value: value), TABLE)
    expect_number(answer(call("f"), f=lambda: tensorflow.constant(0.5)), 0.5)
    expect_array(answer(call("f"), f=lambda: list(tensorflow.constant([4, 7]))), [4, 7])
    assert isinstance(answer(call("f"), f=lambda: tensorflow.constant("text")), Handle)
