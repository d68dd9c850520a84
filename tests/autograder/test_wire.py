"""The codec against itself and against a peer that lies.

``AUTOGRADER_FUZZ`` sets how many hostile frames are decoded (by default a few seconds' worth)::

    AUTOGRADER_FUZZ=200000 python -m pytest -q tests/autograder/test_wire.py
"""

from __future__ import annotations

import os
import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.wire import (
    HEADER,
    Channel,
    ChannelClosed,
    ChannelTimeout,
    FrameLimits,
    Handle,
    Strided,
    ValueTooLarge,
    WireError,
    decode,
    encode,
    renumbered,
)

INPUTS = int(os.environ.get("AUTOGRADER_FUZZ", "6000"))
ARRAY, TUPLE, COMPLEX, SCALAR, HANDLE, BIG_INT, SET, STRIDED, SLICE = range(1, 10)

quick = settings(
    max_examples=max(60, INPUTS // 200),
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


# -- what is equal, and what is plain -------------------------------------------------------------


def same(one: Any, other: Any) -> bool:
    """Equal in type, shape, dtype and value, NaN equal to itself."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, np.generic):
        return one.dtype == other.dtype and one.tobytes() == other.tobytes()
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, float):
        return struct.pack(">d", one) == struct.pack(">d", other)
    if isinstance(one, complex):
        return same(one.real, other.real) and same(one.imag, other.imag)
    return bool(one == other)


PLAIN = (type(None), bool, int, float, complex, str, bytes, slice, Handle)


def assert_plain(value: Any, depth: int = 0) -> None:
    """Nothing but built-in types and base-class arrays and scalars of numbers, and not too deep."""
    assert depth <= 64
    if isinstance(value, dict):
        assert type(value) is dict
        for key, item in value.items():
            assert type(key) in (str, bool, int)
            assert_plain(item, depth + 1)
    elif isinstance(value, (list, tuple, set)):
        assert type(value) in (list, tuple, set)
        for item in value:
            assert_plain(item, depth + 1)
    elif isinstance(value, np.ndarray):
        assert type(value) is np.ndarray
        assert value.dtype.kind in "biufc"
        assert value.dtype.kind != "b" or value.view(np.uint8).max(initial=0) <= 1
    elif isinstance(value, np.generic):
        assert value.dtype.kind in "biufc"
    else:
        assert type(value) in PLAIN
    if type(value) is int:
        str(value)  # not so long that Python refuses to write it
    if isinstance(value, Handle):
        assert len(value.type_name) <= 200
        assert len(value.text) <= 500


def roundtrip(value: Any, **options: Any) -> Any:
    head, *arrays = encode(value, **options)
    structure, payload = HEADER.unpack(head[: HEADER.size])
    assert structure == len(head) - HEADER.size
    data = b"".join(bytes(part) for part in arrays)
    assert payload == len(data)
    return decode(head[HEADER.size :], data)


# -- round trips ----------------------------------------------------------------------------------

numbers = hnp.arrays(
    dtype=st.one_of(
        hnp.boolean_dtypes(),
        hnp.integer_dtypes(endianness="?"),
        hnp.unsigned_integer_dtypes(endianness="?"),
        hnp.floating_dtypes(endianness="?"),
        hnp.complex_number_dtypes(endianness="?"),
    ),
    shape=hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
)
simple = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=1 << 64, max_value=1 << 7000),
    st.floats(),
    st.complex_numbers(),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.binary(),
    st.builds(Handle, st.integers(0, 1 << 50), st.text(max_size=20), st.text(max_size=20)).filter(
        lambda handle: (handle.type_name + handle.text).isascii()
    ),
    st.builds(slice, st.none() | st.integers(-9, 9), st.none() | st.integers(-9, 9), st.none()),
)
keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.integers(-99, 99)
values = st.recursive(
    simple | numbers,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(keys, inner, max_size=4),
    ),
    max_leaves=12,
)


@quick
@given(values)
def test_what_goes_in_comes_out(value: Any) -> None:
    assert same(roundtrip(value), value)


@quick
@given(st.sets(st.one_of(st.integers(), st.text(), st.tuples(st.integers(), st.booleans()))))
def test_sets_come_out(value: set[Any]) -> None:
    assert roundtrip(value) == value


@quick
@given(numbers)
def test_scalars_keep_their_dtype(array: Any) -> None:
    for scalar in array.reshape(-1)[:3]:
        assert same(roundtrip(scalar), scalar)


def test_memory_order_does_not_matter() -> None:
    image = np.arange(24.0).reshape(4, 6)
    for view in (image.T, image[::-1, ::2], np.asfortranarray(image)):
        assert np.array_equal(roundtrip(view), view)
        assert roundtrip(view).flags.c_contiguous


def test_a_strided_array_arrives_spread_out_where_that_is_honoured() -> None:
    head, payload = encode(Strided(np.arange(6).reshape(2, 3)))
    spread = decode(head[HEADER.size :], bytes(payload), strided=True)
    assert not spread.flags.c_contiguous
    assert np.array_equal(spread, [[0, 1, 2], [3, 4, 5]])
    assert decode(head[HEADER.size :], bytes(payload)).flags.c_contiguous
    head, payload = encode(Strided(np.arange(6).reshape(2, 3), gaps=False))
    by_columns = decode(head[HEADER.size :], bytes(payload), strided=True)
    assert by_columns.flags.f_contiguous and not by_columns.flags.c_contiguous
    assert np.array_equal(by_columns, [[0, 1, 2], [3, 4, 5]])
    assert decode(head[HEADER.size :], bytes(payload)).flags.c_contiguous


def test_subclasses_arrive_as_what_they_hold() -> None:
    class Liar(np.ndarray):
        def __array_function__(self, *_: Any) -> Any:
            return True

        def __eq__(self, other: object) -> Any:
            return True

        shape = property(lambda self: (9, 9))  # type: ignore[assignment]

    class Int(int):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = int.__hash__

    class Text(str):
        __slots__ = ()

    lie = np.arange(3.0).view(Liar)
    arrived = roundtrip([lie, Int(3), Text("a")])
    assert [type(item) for item in arrived] == [np.ndarray, int, str]
    assert arrived[0].shape == (3,)
    assert arrived[1] != 4


def test_anything_else_becomes_a_handle() -> None:
    made = []

    def handle(value: Any) -> Handle:
        made.append(value)
        return Handle(len(made) - 1, type(value).__name__)

    objects = np.array([object()], dtype=object)
    arrived = roundtrip([object(), objects, np.array(["text"])], fallback=handle)
    assert [item.type_name for item in arrived] == ["object", "ndarray", "ndarray"]
    with pytest.raises(TypeError):
        encode(object())


def framed(value: Any) -> bytes:
    return b"".join(encode(value))


def test_handles_are_numbered_in_the_order_in_which_they_are_met() -> None:
    def frame(first: int, second: int) -> bytes:
        one, other = Handle(first), Handle(second)
        return framed({"target": one, "args": [(other, "\ud800", {1: one}), np.arange(3), {b"x"}]})

    met: dict[int, int] = {}
    assert renumbered(frame(104, 7), met) == frame(0, 1)
    assert met == {104: 0, 7: 1}
    assert renumbered(frame(7, 300), met) == frame(1, 2)


class Same(dict[int, int]):
    """Every number as it is."""

    def setdefault(self, key: int, default: int = 0) -> int:
        return key


@quick
@given(values)
def test_nothing_else_in_a_frame_changes(value: Any) -> None:
    assert renumbered(framed(value), Same()) == framed(value)


def test_limits_of_the_sender() -> None:
    with pytest.raises(ValueTooLarge):
        encode(np.zeros(1000), limits=FrameLimits(payload=7999))
    with pytest.raises(ValueTooLarge):
        encode("x" * 1000, limits=FrameLimits(structure=999))
    with pytest.raises(ValueTooLarge):
        encode(1 << 9000)
    nested: list[Any] = []
    nested.append(nested)
    with pytest.raises(WireError):
        encode(nested)


# -- lies -----------------------------------------------------------------------------------------


def ext(code: int, *parts: Any) -> msgpack.ExtType:
    return msgpack.ExtType(code, msgpack.packb(list(parts)))


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def deep_tuples(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = msgpack.ExtType(TUPLE, msgpack.packb([value]))
    return value


LIES = {
    "array of objects": ext(ARRAY, "|O", [1]),
    "array of text": ext(ARRAY, "<U4", [1]),
    "array of records": ext(ARRAY, "i4,i4", [1]),
    "array of dates": ext(ARRAY, "<M8[s]", [1]),
    "dtype that is no text": ext(ARRAY, 8, [1]),
    "dtype with a line break": ext(ARRAY, "<f8\n", [1]),
    "array larger than its payload": ext(ARRAY, "<f8", [2]),
    "array smaller than its payload": ext(ARRAY, "<f4", [1]),
    "array of negative length": ext(ARRAY, "<f8", [-1]),
    "array whose length overflows": ext(ARRAY, "<f8", [1 << 61, 1 << 61, 1 << 61]),
    "array of no items and impossible sides": ext(ARRAY, "<f8", [0, 1 << 61, 1 << 61]),
    "array of 33 dimensions": ext(ARRAY, "<f8", [1] * 33),
    "length that is a truth value": ext(ARRAY, "<f8", [True]),
    "header that is none": ext(ARRAY, 1),
    "header with an extension": msgpack.ExtType(ARRAY, msgpack.packb(ext(ARRAY, "<f8", [1]))),
    "scalar of objects": ext(SCALAR, "|O", b"12345678"),
    "scalar too short": ext(SCALAR, "<f8", b"1234567"),
    "scalar that is text": ext(SCALAR, "<f8", "12345678"),
    "truth value of 2": ext(SCALAR, "|b1", b"\2"),
    "complex number too short": msgpack.ExtType(COMPLEX, b"1234567"),
    "integer without bytes": msgpack.ExtType(BIG_INT, b""),
    "integer of a million digits": msgpack.ExtType(BIG_INT, b"\1" * 500_000),
    "handle with a negative number": ext(HANDLE, -1, "a", "b"),
    "handle with a huge number": ext(HANDLE, 1 << 60, "a", "b"),
    "handle whose name is a list": ext(HANDLE, 1, ["a"], "b"),
    "handle with three parts too many": ext(HANDLE, 1, "a", "b", 1, 2, 3),
    "handle that is true": ext(HANDLE, True, "a", "b"),
    "tuple that is a number": msgpack.ExtType(TUPLE, msgpack.packb(1)),
    "set of lists": ext(SET, [1], [2]),
    "slice with two parts": ext(SLICE, 1, 2),
    "slice of lists": ext(SLICE, [1], None, None),
    "unknown extension": msgpack.ExtType(77, b""),
    "list too deep": deep(70),
    "list far too deep": deep(600),
    "tuple too deep": deep_tuples(70),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_lie_is_an_error(lie: Any) -> None:
    with pytest.raises(WireError):
        decode(msgpack.packb(lie), b"\0" * 8)


def test_truth_values_are_true_or_false() -> None:
    with pytest.raises(WireError):
        decode(msgpack.packb(ext(ARRAY, "|b1", [4])), b"\0\1\2\1")


@pytest.mark.parametrize("key", [1.5, None, b"bytes", 1 << 40, (1, 2)])
def test_keys_are_text_or_small_integers(key: Any) -> None:
    with pytest.raises(WireError):
        decode(msgpack.packb({key: 1}), b"")


def test_hashes_cannot_be_made_to_collide() -> None:
    # All multiples of this prime hash to 0: a set of 100,000 takes minutes.
    integers = [msgpack.ExtType(BIG_INT, (k * (2**61 - 1)).to_bytes(12, "big")) for k in range(20, 100_000)]
    with pytest.raises(WireError):
        decode(msgpack.packb(msgpack.ExtType(SET, msgpack.packb(integers))), b"")
    with pytest.raises(WireError):
        decode(msgpack.packb(dict.fromkeys(range(2**40, 2**40 + 10))), b"")


@pytest.mark.parametrize("seconds", [1, 1 << 33, 1 << 40])
def test_a_time_stamp_is_none_of_our_extensions(seconds: int) -> None:
    with pytest.raises(WireError):
        decode(msgpack.packb([msgpack.Timestamp(seconds, 5)]), b"")


def test_text_is_always_text() -> None:
    arrived = decode(b"\xa3\xed\xa0\x80", b"")  # a lone surrogate
    arrived.encode()
    assert decode(b"\xa1\xff", b"") == "\ufffd"


def test_what_follows_a_value_is_an_error() -> None:
    with pytest.raises(WireError):
        decode(b"\x01\x01", b"")
    with pytest.raises(WireError):
        decode(b"\x01", b"more")
    with pytest.raises(WireError):
        decode(b"", b"")


# -- fuzzing --------------------------------------------------------------------------------------


def hostile_structure(rng: random.Random, depth: int = 0) -> bytes:
    """Random msgpack that is nearly right: every tag, with lengths that may lie."""

    def length(real: int) -> int:
        return real if rng.random() < 0.9 else rng.choice((0, 1, real + 1, 255, 65535, (1 << 32) - 1))

    kind = rng.randrange(10 if depth < 5 else 6)
    if kind == 0:
        return bytes([rng.randrange(256)])
    if kind == 1:
        return b"\xcf" + rng.randbytes(8)
    if kind == 2:
        return b"\xcb" + rng.randbytes(8)
    if kind == 3:
        text = rng.choice((b"value", b"exception", b"|O", b"<f8", b"\xed\xa0\x80", rng.randbytes(5)))
        return b"\xdb" + struct.pack(">I", length(len(text))) + text
    if kind == 4:
        data = rng.randbytes(rng.randrange(20))
        return b"\xc6" + struct.pack(">I", length(len(data))) + data
    if kind == 5:
        data = rng.choice(
            (
                rng.randbytes(rng.randrange(24)),
                msgpack.packb(
                    [rng.choice(("<f8", "|u1", "|b1", ">i2", "|O", "<c16", "<f16")), [rng.randrange(4)]]
                ),
                msgpack.packb([rng.choice(("<f8", "|b1", "<i4")), rng.randbytes(rng.choice((1, 4, 8)))]),
                msgpack.packb([rng.randrange(-1, 1 << 20), "name", "text"]),
            )
        )
        return b"\xc9" + struct.pack(">Ib", length(len(data)), rng.choice((*range(1, 11), -1, 77))) + data
    if kind in (6, 7):
        items = [hostile_structure(rng, depth + 1) for _ in range(rng.randrange(4))]
        return b"\xdd" + struct.pack(">I", length(len(items))) + b"".join(items)
    if kind == 8:
        items = [hostile_structure(rng, depth + 1) for _ in range(2 * rng.randrange(3))]
        return b"\xdf" + struct.pack(">I", length(len(items) // 2)) + b"".join(items)
    inner = hostile_structure(rng, depth + 1)
    return b"\xc9" + struct.pack(">Ib", length(len(inner)), rng.choice((TUPLE, SET, SLICE))) + inner


SEEDS = [
    {"value": np.arange(12.0).reshape(3, 4)},
    {"value": [np.float32(1), 2, 3.5, (True, None), "text", b"bytes", 1 << 80, 2j]},
    {"exception": {"type": "ValueError", "bases": ["ValueError"], "text": "stride", "trace": ""}},
    {"value": Handle(3, "Figure", "<Figure>"), "args": [slice(1, None)], "kwargs": {"a": {1, 2}}},
    {"names": {"conv2d": True, "KERNELS": False}, "threads": 1},
]


def mutated(rng: random.Random, data: bytes) -> bytes:
    """The bytes with a few of them changed, moved, doubled or gone."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        if not changed:
            break
        place = rng.randrange(len(changed))
        action = rng.randrange(4)
        if action == 0:
            changed[place] = rng.randrange(256)
        elif action == 1:
            changed[place] ^= 1 << rng.randrange(8)
        elif action == 2:
            del changed[place : place + rng.randint(1, 4)]
        else:
            changed[place:place] = changed[: rng.randint(1, 8)]
    return bytes(changed)


def hostile_frames(rng: random.Random, count: int) -> Iterator[tuple[bytes, bytes]]:
    """Structures and payloads: noise, almost msgpack, and right ones with a few bytes changed."""
    right = []
    for value in SEEDS:
        head, *arrays = encode(value)
        right.append((head[HEADER.size :], b"".join(bytes(part) for part in arrays)))
    for number in range(count):
        if number % 3 == 0:
            structure, payload = rng.choice(right)
            yield mutated(rng, structure), payload
        elif number % 3 == 1:
            yield hostile_structure(rng), rng.randbytes(rng.choice((0, 1, 8, 16)))
        else:
            yield rng.randbytes(rng.randrange(40)), rng.randbytes(rng.choice((0, 8)))


def test_hostile_frames_are_errors_or_plain_values() -> None:
    outcomes = {"error": 0, "value": 0}
    for structure, payload in hostile_frames(random.Random(INPUTS), INPUTS):
        try:
            value = decode(structure, payload, strided=True)
        except WireError:
            outcomes["error"] += 1
        else:
            assert_plain(value)
            outcomes["value"] += 1
    # Both kinds must be there, or the fuzzer has lost its edge.
    assert outcomes["error"] > INPUTS // 20
    assert outcomes["value"] > INPUTS // 20


@quick
@given(st.binary(max_size=200), st.binary(max_size=40))
def test_random_bytes_are_errors_or_plain_values(structure: bytes, payload: bytes) -> None:
    try:
        value = decode(structure, payload)
    except WireError:
        return
    assert_plain(value)


def test_hostile_streams_end_in_one_of_three_errors() -> None:
    rng = random.Random(7)
    for structure, payload in hostile_frames(rng, max(200, INPUTS // 100)):
        ours, theirs = socket.socketpair()
        lengths = rng.choice(
            (
                (len(structure), len(payload)),
                (len(structure) + 1, len(payload)),
                (rng.randrange(1 << 32), rng.randrange(1 << 40)),
            )
        )
        with theirs:
            theirs.sendall(HEADER.pack(*lengths) + structure + payload)
        channel = Channel(ours, FrameLimits(structure=1 << 16, payload=1 << 16))
        try:
            while True:
                assert_plain(channel.receive(deadline=time.monotonic() + 30))
        except (ChannelClosed, WireError):
            pass
        finally:
            channel.close()


# -- channels -------------------------------------------------------------------------------------

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two ends, closed in the end."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_an_announced_length_alone_allocates_next_to_nothing(pair: Pair) -> None:
    ours, theirs = pair
    theirs.sendall(HEADER.pack(1 << 31, 1 << 50))
    with pytest.raises(ValueTooLarge):
        Channel(ours).receive()
    theirs.sendall(HEADER.pack(10, (1 << 28) - 1))
    with pytest.raises(ChannelTimeout):
        Channel(ours).receive(deadline=time.monotonic() + 0.05)


def test_a_peer_that_sends_byte_by_byte_gets_no_more_time(pair: Pair) -> None:
    ours, theirs = pair
    stop = threading.Event()

    def drip() -> None:
        theirs.sendall(HEADER.pack(1 << 20, 0))
        while not stop.wait(0.01):
            theirs.sendall(b"\0")

    thread = threading.Thread(target=drip)
    thread.start()
    with pytest.raises(ChannelTimeout):
        Channel(ours).receive(deadline=time.monotonic() + 0.3)
    stop.set()
    thread.join()


def test_a_peer_that_does_not_read_is_not_waited_for(pair: Pair) -> None:
    ours, _theirs = pair
    with pytest.raises(ChannelTimeout):
        Channel(ours).send(np.zeros(10**6), deadline=time.monotonic() + 0.1)


def test_a_deadline_moves_while_the_machine_kept_the_peer_waiting(pair: Pair) -> None:
    ours, theirs = pair
    started = time.monotonic()
    timer = threading.Timer(0.3, Channel(theirs).send, [{"late": True}])
    timer.start()
    answer = Channel(ours).receive(deadline=started + 0.1, extension=lambda: 30.0)
    assert answer == {"late": True}
    timer.join()


def test_an_extension_counts_from_when_it_is_granted(pair: Pair) -> None:
    """However long ago the deadline was: whoever was stopped meanwhile did not look at the time either."""
    ours, _theirs = pair
    granted = [0.1, 0.1, 0.0]

    def extension() -> float:
        time.sleep(0.2)  # so much time passes while it is found out
        return granted.pop(0)

    with pytest.raises(ChannelTimeout):
        Channel(ours).receive(deadline=time.monotonic() + 0.05, extension=extension)
    assert granted == []
