"""The codec that examiner and candidate share: plain data in, plain data out, never pickle.

A frame is a 12-byte header (structure length, payload length), a msgpack *structure*, and a *payload*
that holds the bytes of all arrays of the structure, one after another. Keeping arrays out of the
structure lets a reply carry 200 MB of numbers without copying them twice, while the structure, whose
every byte can become a Python object, stays small.

The decoder is written for a peer that lies: every length is capped before anything is allocated, an
array's bytes must be exactly ``shape x itemsize``, its dtype is one of the kinds b, i, u, f, c, depth is
limited, dictionary keys are text or small integers (whose hashes nobody can make collide), and whatever
does not fit is a :class:`WireError` and nothing else.
"""

from __future__ import annotations

import math
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgpack
import numpy as np
import numpy.typing as npt

HEADER = struct.Struct(">IQ")

_ARRAY, _TUPLE, _COMPLEX, _SCALAR, _HANDLE, _BIG_INT, _SET, _STRIDED, _SLICE, _BY_COLUMNS = range(1, 11)

_DTYPES = frozenset(
    order + kind
    for order in ("", "<", ">", "|", "=")
    for kind in (
        "b1",
        *(f"{sign}{size}" for sign in "iu" for size in (1, 2, 4, 8)),
        "f2",
        "f4",
        "f8",
        "f16",
        "c8",
        "c16",
        "c32",
    )
)
_MAX_DEPTH = 64
_MAX_BIG_INT = 1024
"""Bytes; Python refuses to write out integers of more than 4,300 digits, which are 1,786 bytes."""
_AMPLIFICATION = 64
"""Bytes of memory that one byte of structure can become: an empty list in a list."""
_MAX_ODD_SET = 200
"""Items of a set among which are some whose hashes a stranger can make collide."""


class WireError(Exception):
    """The peer's bytes are not a frame, or a frame beyond the limits."""


class ValueTooLarge(WireError):
    """A value or a frame is larger than the limits allow."""


class ChannelClosed(Exception):
    """The peer has gone."""


class ChannelTimeout(Exception):
    """The deadline passed before the peer answered."""


@dataclass(frozen=True)
class FrameLimits:
    """How large a frame may be, in bytes.

    Attributes:
        structure: of the msgpack part; decoding needs up to some sixty times as much memory.
        payload: of the arrays' bytes in all.
    """

    structure: int = 4 << 20
    payload: int = 256 << 20


@dataclass(frozen=True)
class Handle:
    """A reference to an object that stays in the candidate.

    Attributes:
        number: index in the candidate's table.
        type_name: the class's name as the candidate tells it, for messages only.
        text: ``repr`` of the object, cut.
    """

    number: int
    type_name: str = "object"
    text: str = ""


@dataclass(frozen=True, eq=False)
class Strided:
    """An argument that arrives in the submission column after column, with the same values, shape and dtype.

    Arrays otherwise arrive in C order, so code that reads memory instead of elements would look right.
    Use it in place of an array: ``submission.flatten_images(Strided(images))``.

    Attributes:
        array: array of any shape and dtype, itself in any memory order.
        gaps: with gaps along the last axis, as a part of a larger array; without them it is contiguous in
            Fortran order, which NumPy's order "A" tells from C order.
    """

    array: npt.NDArray[Any]
    gaps: bool = True


Fallback = Callable[[Any], Any]


def encode(value: Any, *, fallback: Fallback | None = None, limits: FrameLimits | None = None) -> list[Any]:
    """The frame of ``value`` as a list of buffers to send in order.

    Args:
        value: None, bool, int, float, complex, str, bytes, slice, NumPy arrays and scalars of kinds
            b, i, u, f, c, handles; and tuples, lists, sets and dicts of these.
        fallback: makes a handle or an array of anything else; without it such a value is a TypeError.
        limits: raises :class:`ValueTooLarge` beyond them.

    Raises:
        ValueTooLarge: the frame is larger than ``limits``.
        WireError: nested too deeply.
        TypeError: not data, and no ``fallback``.
    """
    limits = limits or FrameLimits()
    encoder = _Encoder(fallback, limits)
    structure = encoder.pack(value)
    if len(structure) > limits.structure:
        raise ValueTooLarge(f"{len(structure)} bytes of structure, {limits.structure} allowed")
    payload = sum(len(array) for array in encoder.arrays)
    return [HEADER.pack(len(structure), payload) + structure, *encoder.arrays]


class _Encoder:
    """One frame on its way out: the structure is packed, arrays are put aside as they are met."""

    def __init__(self, fallback: Fallback | None, limits: FrameLimits) -> None:
        self._fallback = fallback
        self._limits = limits
        self._room = limits.payload
        self._depth = 0
        self.arrays: list[memoryview] = []

    def pack(self, item: Any) -> bytes:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise WireError("nested too deeply")
        try:
            packer = msgpack.Packer(default=self._special, strict_types=True, unicode_errors="surrogatepass")
            data: bytes = packer.pack(item)
            return data
        except ValueError as error:
            raise WireError(f"cannot be sent: {error}") from None
        finally:
            self._depth -= 1

    def _special(self, item: Any) -> Any:
        """What msgpack has no type for, as one of our extensions or as a plain value."""
        kind = type(item)
        if isinstance(item, np.ndarray) or kind is Strided:
            return self._array(item)
        if isinstance(item, np.generic) and item.dtype.kind in "biufc":
            return msgpack.ExtType(_SCALAR, msgpack.packb([item.dtype.str, item.tobytes()]))
        if kind in _EXTENSIONS:
            return _EXTENSIONS[kind](self, item)
        return self._plain(item)

    def _array(self, item: Any) -> Any:
        # A base-class array: a subclass may lie about anything, and only its bytes are sent.
        given = item.array if isinstance(item, Strided) else item
        plain: npt.NDArray[Any] = np.array(given, copy=None, subok=False, order="C")
        if plain.dtype.kind not in "biufc":
            if self._fallback is None:
                raise TypeError(f"arrays of dtype {plain.dtype} cannot be sent")
            return self._special(self._fallback(item))
        self._room -= plain.nbytes
        if self._room < 0:
            raise ValueTooLarge(f"more than {self._limits.payload} bytes of array data")
        self.arrays.append(
            memoryview(plain.reshape(-1).view(np.uint8).data) if plain.nbytes else memoryview(b"")
        )
        head = msgpack.packb([plain.dtype.str, list(plain.shape)])
        code = (_STRIDED if item.gaps else _BY_COLUMNS) if isinstance(item, Strided) else _ARRAY
        return msgpack.ExtType(code, head)

    def _plain(self, item: Any) -> Any:
        """A subclass of a plain type as that type, anything else as the fallback has it."""
        for base in (int, float, str, bytes):
            if isinstance(item, base):
                plain_type: Any = base
                return plain_type(item)
        if isinstance(item, dict):
            return dict(item)
        if isinstance(item, list):
            return list(item)
        if isinstance(item, tuple):  # named tuples
            return self._special(tuple(item))
        if self._fallback is None:
            raise TypeError(f"a {type(item).__name__} cannot be sent")
        return self._special(self._fallback(item))


def _big_int(_: _Encoder, item: int) -> msgpack.ExtType:
    size = item.bit_length() // 8 + 1
    if size > _MAX_BIG_INT:
        raise ValueTooLarge(f"an integer of more than {_MAX_BIG_INT} bytes")
    return msgpack.ExtType(_BIG_INT, item.to_bytes(size, "big", signed=True))


def _encoded_handle(_: _Encoder, item: Handle) -> msgpack.ExtType:
    return msgpack.ExtType(_HANDLE, msgpack.packb([item.number, item.type_name[:200], item.text[:500]]))


_EXTENSIONS: dict[type, Callable[[_Encoder, Any], msgpack.ExtType]] = {
    tuple: lambda encoder, item: msgpack.ExtType(_TUPLE, encoder.pack(list(item))),
    set: lambda encoder, item: msgpack.ExtType(_SET, encoder.pack(list(item))),
    frozenset: lambda encoder, item: msgpack.ExtType(_SET, encoder.pack(list(item))),
    slice: lambda encoder, item: msgpack.ExtType(_SLICE, encoder.pack([item.start, item.stop, item.step])),
    complex: lambda _, item: msgpack.ExtType(_COMPLEX, struct.pack(">dd", item.real, item.imag)),
    int: _big_int,
    Handle: _encoded_handle,
}
"""By exact type: a student's subclass is sent as the plain value that it is."""


def decode(structure: bytes | bytearray, payload: bytes | bytearray, *, strided: bool = False) -> Any:
    """The value of a frame.

    Args:
        structure: the msgpack part.
        payload: the arrays' bytes; decoded arrays are views of it.
        strided: honour :class:`Strided` by making an array that is not in C order.

    Raises:
        WireError: for anything that :func:`encode` would not have made.
    """
    decoder = _Decoder(payload, strided=strided)
    try:
        value = decoder.unpack(structure)
        if decoder.position != len(payload):
            raise WireError("payload holds more than its arrays")
        _check(value)
    except WireError:
        raise
    except (
        ValueError,
        TypeError,
        OverflowError,
        RecursionError,
        MemoryError,
        msgpack.UnpackException,
    ) as error:
        raise WireError(f"not a frame: {type(error).__name__}") from None
    return value


class _Decoder:
    """One frame on its way in: arrays are taken from the payload in the order in which they are met."""

    def __init__(self, payload: bytes | bytearray, *, strided: bool) -> None:
        self._payload = payload
        self._strided = strided
        self._nesting = 0
        self.position = 0

    def unpack(self, data: bytes | bytearray) -> Any:
        return msgpack.unpackb(
            data,
            ext_hook=self._extension,
            object_pairs_hook=_dictionary,
            strict_map_key=False,
            unicode_errors="replace",
            max_map_len=100_000,
        )

    def _extension(self, code: int, data: bytes) -> Any:
        if code in (_ARRAY, _STRIDED, _BY_COLUMNS):
            return _laid_out(self._array(data), code) if self._strided else self._array(data)
        if code in (_TUPLE, _SET, _SLICE):
            return self._sequence(code, data)
        if code == _SCALAR:
            return _scalar(data)
        if code == _COMPLEX and len(data) == 16:
            return complex(*struct.unpack(">dd", data))
        if code == _BIG_INT and 0 < len(data) <= _MAX_BIG_INT:
            return int.from_bytes(data, "big", signed=True)
        if code == _HANDLE:
            return _decoded_handle(data)
        raise WireError(f"unknown extension {code}")

    def _array(self, data: bytes) -> npt.NDArray[Any]:
        head = msgpack.unpackb(data, max_ext_len=0, max_map_len=0, max_array_len=64)
        if not (
            isinstance(head, list) and len(head) == 2 and isinstance(head[1], list) and len(head[1]) <= 32
        ):
            raise WireError("malformed array header")
        dtype, shape = _dtype(head[0]), head[1]
        if not all(type(size) is int and 0 <= size < 1 << 62 for size in shape):
            raise WireError("malformed array shape")
        count = math.prod(shape)
        end = self.position + count * dtype.itemsize
        if end > len(self._payload):
            raise WireError("array is larger than its payload")
        result = np.frombuffer(self._payload, dtype=dtype, count=count, offset=self.position).reshape(shape)
        if dtype.kind == "b" and count and result.view(np.uint8).max() > 1:
            raise WireError("a truth value that is neither true nor false")
        self.position = end
        return result

    def _sequence(self, code: int, data: bytes) -> Any:
        self._nesting += 1
        if self._nesting > _MAX_DEPTH:
            raise WireError("nested too deeply")
        items = self.unpack(data)
        self._nesting -= 1
        if not isinstance(items, list):
            raise WireError("malformed sequence")
        if code == _TUPLE:
            return tuple(items)
        return _slice(items) if code == _SLICE else _set(items)


def renumbered(frame: bytes, numbers: dict[int, int]) -> bytes:
    """A frame of ours as it would be if handles were numbered in the order in which they are met.

    An object's own number tells only how many there were before it, in whichever tests came earlier.

    Args:
        frame: as :func:`encode` made it.
        numbers: what has been met, and which number it has now; added to.
    """
    size, payload = HEADER.unpack_from(frame)
    end = HEADER.size + size
    structure = _renumbered(frame[HEADER.size : end], numbers)
    return HEADER.pack(len(structure), payload) + structure + frame[end:]


def _renumbered(structure: bytes, numbers: dict[int, int]) -> bytes:
    def extension(code: int, data: bytes) -> msgpack.ExtType:
        if code == _HANDLE:
            handle = _decoded_handle(data)
            number = numbers.setdefault(handle.number, len(numbers))
            data = msgpack.packb([number, handle.type_name, handle.text])
        elif code in (_TUPLE, _SET, _SLICE):
            data = _renumbered(data, numbers)
        return msgpack.ExtType(code, data)

    value = msgpack.unpackb(
        structure, ext_hook=extension, strict_map_key=False, unicode_errors="surrogatepass"
    )
    packed: bytes = msgpack.packb(value, unicode_errors="surrogatepass")
    return packed


def _laid_out(array: npt.NDArray[Any], code: int) -> npt.NDArray[Any]:
    """The same elements in memory as the code has it: neither order nor spacing may be assumed."""
    if code == _ARRAY or array.ndim == 0:
        return array
    if code == _BY_COLUMNS:
        return np.array(array, order="F")
    spaced = np.empty((*array.shape[:-1], 2 * array.shape[-1]), array.dtype, order="F")
    spaced[..., ::2] = array
    return spaced[..., ::2]


def _scalar(data: bytes) -> Any:
    head = msgpack.unpackb(data, max_ext_len=0, max_map_len=0, max_array_len=2)
    dtype = _dtype(head[0]) if isinstance(head, list) and len(head) == 2 else None
    if dtype is None or not isinstance(head[1], bytes) or len(head[1]) != dtype.itemsize:
        raise WireError("malformed scalar")
    if dtype.kind == "b" and head[1] not in (b"\0", b"\1"):
        raise WireError("a truth value that is neither true nor false")
    return np.frombuffer(head[1], dtype)[0]


def _decoded_handle(data: bytes) -> Handle:
    head = msgpack.unpackb(data, max_ext_len=0, max_map_len=0, max_array_len=3, unicode_errors="replace")
    kinds = [type(part) for part in head] if isinstance(head, list) else []
    if kinds != [int, str, str] or not 0 <= head[0] < 1 << 53:
        raise WireError("malformed handle")
    return Handle(head[0], head[1][:200], head[2][:500])


def _dictionary(items: list[tuple[Any, Any]]) -> dict[Any, Any]:
    for key, _ in items:
        small = type(key) is int and -(1 << 31) < key < 1 << 31
        if type(key) is not str and type(key) is not bool and not small:
            raise WireError("dictionary keys are text or small integers")
    return dict(items)


def _dtype(name: Any) -> np.dtype[Any]:
    if not isinstance(name, str) or name not in _DTYPES:
        raise WireError("dtype is not one of the kinds b, i, u, f, c")
    return np.dtype(name)


def _slice(items: list[Any]) -> slice:
    if len(items) != 3 or not all(item is None or isinstance(item, int | np.integer) for item in items):
        raise WireError("malformed slice")
    return slice(*items)


def _set(items: list[Any]) -> set[Any]:
    """The items as a set; many with equal hashes would take the square of their number."""
    odd = any(
        type(item) not in (str, bytes, float, bool, type(None))
        and not (type(item) is int and -(1 << 63) <= item < 1 << 64)
        for item in items
    )
    if odd and len(items) > _MAX_ODD_SET:
        raise WireError("a large set of more than texts and numbers")
    return set(items)


def _check(value: Any) -> None:
    """Whatever is deeper than ``_MAX_DEPTH`` would break ``repr`` and comparison later.

    The one extension that msgpack decodes by itself is not among ours.
    """
    level, here = 0, [value]
    while here:
        level += 1
        if level > _MAX_DEPTH:
            raise WireError("nested too deeply")
        below: list[Any] = []
        for item in here:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, (list, tuple, set)):
                below.extend(item)
            elif isinstance(item, msgpack.Timestamp):
                raise WireError("unknown extension -1")
        here = below


Extension = Callable[[], float]

_AT_ONCE = 1 << 16
"""Bytes of a frame that is not worth more than one call of the kernel's."""


@dataclass
class _Clock:
    deadline: float | None
    extension: Extension | None

    def extend(self) -> None:
        """Move the deadline by what the extension grants, from now on: it may have passed long ago."""
        more = self.extension() if self.extension is not None else 0.0
        if self.deadline is None or more <= 0:
            raise ChannelTimeout
        self.deadline = time.monotonic() + more


class Channel:
    """Frames over a stream socket, with deadlines.

    Args:
        sock: a connected AF_UNIX stream socket; the channel owns it.
        limits: of frames that are received.
        strided: honour :class:`Strided` when decoding.

    Attributes:
        received: bytes of memory that all values received so far may have taken at the most.
    """

    def __init__(
        self, sock: socket.socket, limits: FrameLimits | None = None, *, strided: bool = False
    ) -> None:
        self.socket = sock
        self.limits = limits or FrameLimits()
        self.received = 0
        self._strided = strided

    def send(
        self,
        value: Any,
        *,
        deadline: float | None = None,
        extension: Extension | None = None,
        fallback: Fallback | None = None,
        limits: FrameLimits | None = None,
    ) -> None:
        """Send one frame; deadline and extension are those of :meth:`receive`.

        Raises:
            ChannelClosed, ChannelTimeout: the peer has gone, or did not read in time.
            ValueTooLarge, WireError, TypeError: see :func:`encode`; nothing was sent then.
        """
        frame = encode(value, fallback=fallback, limits=limits)
        self.send_frame(frame, deadline=deadline, extension=extension)

    def send_frame(
        self, frame: list[Any], *, deadline: float | None = None, extension: Extension | None = None
    ) -> None:
        """Send what :func:`encode` made."""
        # The peer is woken by every call, so what is small goes in one.
        parts = [b"".join(frame)] if sum(map(len, frame)) <= _AT_ONCE else frame
        clock = _Clock(deadline, extension)
        try:
            for part in parts:
                rest = memoryview(part)
                while len(rest):
                    try:
                        self.socket.settimeout(_remaining(clock.deadline))
                        rest = rest[self.socket.send(rest) :]
                    except TimeoutError:
                        clock.extend()
        except OSError as error:
            raise ChannelClosed(str(error)) from None

    def receive(self, *, deadline: float | None = None, extension: Extension | None = None) -> Any:
        """The next frame's value.

        Args:
            deadline: a time of :func:`time.monotonic`; None waits for ever.
            extension: asked when the deadline has passed; more than 0 seconds move it.

        Raises:
            ChannelClosed, ChannelTimeout: the peer has gone, or did not answer in time.
            ValueTooLarge: the frame announces more than the limits; the channel is of no use any more.
            WireError: the frame makes no sense; likewise.
        """
        structure, payload = self.receive_raw(deadline=deadline, extension=extension)
        return decode(structure, payload, strided=self._strided)

    def receive_raw(
        self, *, deadline: float | None = None, extension: Extension | None = None
    ) -> tuple[bytearray, bytearray]:
        """The next frame as it came, structure and payload, for :func:`decode`; raises as :meth:`receive`."""
        clock = _Clock(deadline, extension)
        structure_length, payload_length = HEADER.unpack(self._read(HEADER.size, clock))
        if structure_length > self.limits.structure or payload_length > self.limits.payload:
            raise ValueTooLarge(f"a frame of {structure_length + payload_length} bytes")
        self.received += _AMPLIFICATION * structure_length + payload_length
        if structure_length + payload_length <= _AT_ONCE:
            both = self._read(structure_length + payload_length, clock)
            return both[:structure_length], both[structure_length:]
        return self._read(structure_length, clock), self._read(payload_length, clock)

    def _read(self, size: int, clock: _Clock) -> bytearray:
        # Grown as bytes arrive, so that an announced length alone allocates next to nothing.
        data = bytearray(min(size, 1 << 20))
        have = 0
        try:
            while have < size:
                if have == len(data):
                    data.extend(bytes(min(size - have, len(data))))
                try:
                    self.socket.settimeout(_remaining(clock.deadline))
                    got = self.socket.recv_into(memoryview(data)[have:])
                except TimeoutError:
                    clock.extend()
                    continue
                if not got:
                    raise ChannelClosed("end of stream")
                have += got
        except OSError as error:
            raise ChannelClosed(str(error)) from None
        return data

    def close(self) -> None:
        """Close the socket; closing twice is fine."""
        self.socket.close()


def _remaining(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
