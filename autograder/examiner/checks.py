"""What a suite says about a value that came back from a submission.

Every check but :func:`expect`, whose words are the suite's own, either returns quietly or raises
:class:`Mismatch`, which carries the facts (what kind of difference, what came back, what was expected) so
that the feedback can say them in the student's language and draw them. A check trusts nothing about
``actual`` but its being plain data: the wire has already turned it into built-in Python values and
base-class NumPy arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from autograder.examination import Verdict
from autograder.examiner.remote.errors import CandidateLost
from autograder.examiner.remote.objects import several
from autograder.examiner.remote.values import array_of
from autograder.messages import Message, fact, words

Kind = Literal["type", "shape", "dtype", "value", "length", "no-exception", "wrong-exception", "changed"]

LONGEST = 2000
"""Characters of an exception's or a suite's words."""


class Mismatch(AssertionError):
    """What came back is not what was expected.

    Attributes:
        message: the difference in words.
        kind: what sort of difference this is.
        actual: what came back (plain data), for the feedback's picture.
        expected: what was expected, likewise.
        where: index of the first difference, outermost axis first; empty when there is none.
    """

    def __init__(
        self,
        kind: Kind,
        actual: Any,
        expected: Any,
        message: Message,
        *,
        where: tuple[int, ...] = (),
    ) -> None:
        super().__init__(str(message))
        self.message = message
        self.kind: Kind = kind
        self.actual = actual
        self.expected = expected
        self.where = where


class Unmet(AssertionError):
    """What a suite says in its own words is not as it should be.

    Attributes:
        message: the words, in both languages.
    """

    def __init__(self, english: str, korean: str) -> None:
        super().__init__(english)
        self.message = words(english[:LONGEST], korean[:LONGEST])


def expect(condition: object, english: str, korean: str) -> None:
    """``condition`` holds; if it does not, a student reads why in the language of the feedback.

    Python makes both sentences before the call: what they name must be there, whether it holds or not.

    Args:
        condition: true or false.
        english: why it is wrong, in one sentence.
        korean: the same in Korean.
    """
    if not condition:
        raise Unmet(english, korean)


def expect_array(
    actual: Any,
    expected: npt.ArrayLike,
    *,
    dtype: npt.DTypeLike | Literal["same"] | None = None,
    rtol: float = 1e-7,
    atol: float = 1e-10,
) -> None:
    """An array with the shape and, within ``rtol`` and ``atol``, the values of ``expected``.

    Args:
        actual: what came back; see :func:`as_array` for what counts as an array.
        expected: array of any shape.
        dtype: demanded dtype; ``"same"`` demands that of ``expected``; None accepts any numeric one.
        rtol: relative tolerance, of ``expected``.
        atol: absolute tolerance.
    """
    wanted = np.asarray(expected)
    actual = as_array(actual, wanted)
    if actual.shape != wanted.shape:
        raise Mismatch(
            "shape",
            actual,
            wanted,
            fact("shape", expected=wanted.shape, got=actual.shape),
        )
    if dtype is not None:
        demanded = wanted.dtype if dtype == "same" else np.dtype(dtype)
        if actual.dtype != demanded:
            raise Mismatch("dtype", actual, wanted, fact("dtype", expected=demanded, got=actual.dtype))
    _expect_values(actual, wanted, rtol, atol)


def as_array(actual: Any, expected: Any = None) -> npt.NDArray[Any]:
    """What came back as the array that it is: a NumPy array, or lists and tuples of numbers in even rows.

    A tensor or a table of another library has become an array on its way here. Where a dtype is demanded,
    lists have the one that NumPy gives them.

    Raises:
        Mismatch: it is none.
    """
    found = array_of(actual)
    if found is None:
        raise _wrong_type("expected-array", actual, expected)
    return found


def _scalar(actual: Any) -> Any:
    """A number that came back as an array without axes, as a number."""
    return actual[()] if isinstance(actual, np.ndarray) and actual.ndim == 0 else actual


def _expect_values(actual: npt.NDArray[Any], wanted: npt.NDArray[Any], rtol: float, atol: float) -> None:
    # In float64 (or complex128): uint8 differences would wrap, and float16 would overflow.
    wide = np.complex128 if "c" in (actual.dtype.kind, wanted.dtype.kind) else np.float64
    got, want = actual.astype(wide), wanted.astype(wide)
    if np.array_equal(got, want):
        return  # most answers are exactly right, and closeness costs ten times as much
    close = np.isclose(got, want, rtol=rtol, atol=atol, equal_nan=True)
    if not np.all(close):
        where = tuple(int(i) for i in np.argwhere(~close)[0])
        both = {"expected": wanted[where], "got": actual[where]}
        said = fact("value-at", where=list(where), **both) if where else fact("value", **both)
        raise Mismatch("value", actual, wanted, said, where=where)


def expect_int(actual: Any, expected: int) -> None:
    """An ``int`` (or a NumPy integer) equal to ``expected``; a float or a bool is a wrong type."""
    actual = _scalar(actual)
    if isinstance(actual, (bool, np.bool_)) or not isinstance(actual, (int, np.integer)):
        raise _wrong_type("expected-int", actual, expected)
    if int(actual) != expected:
        raise Mismatch("value", actual, expected, fact("value", expected=expected, got=int(actual)))


def expect_number(actual: Any, expected: float, *, rtol: float = 1e-7, atol: float = 1e-10) -> None:
    """A real number (Python or NumPy, int or float, not a bool) within tolerance of ``expected``."""
    actual = _scalar(actual)
    if isinstance(actual, (bool, np.bool_)) or not isinstance(actual, (int, float, np.integer, np.floating)):
        raise _wrong_type("expected-number", actual, expected)
    if not np.isclose(float(actual), expected, rtol=rtol, atol=atol, equal_nan=False):
        said = fact("value", expected=f"{expected:.10g}", got=f"{float(actual):.10g}")
        raise Mismatch("value", actual, expected, said)


def expect_ints(actual: Any, expected: Sequence[Any]) -> None:
    """Whole numbers in the nesting of ``expected``: tuples, lists and integer arrays count alike."""
    if isinstance(actual, np.ndarray) and actual.ndim and actual.dtype.kind in "iu":
        actual = actual.tolist()
    if not isinstance(actual, (list, tuple)):
        raise _wrong_type("expected-sequence", actual, expected)
    if len(actual) != len(expected):
        raise Mismatch("length", actual, expected, fact("length", expected=len(expected), got=len(actual)))
    for index, (one, wanted) in enumerate(zip(actual, expected, strict=True)):
        try:
            if isinstance(wanted, (list, tuple)):
                expect_ints(one, wanted)
            else:
                expect_int(one, wanted)
        except Mismatch as inner:
            raise Mismatch(
                inner.kind,
                actual,
                expected,
                fact("at-position", where=index, what=inner.message),
                where=(index, *inner.where),
            ) from None


def expect_text(actual: Any, expected: str) -> None:
    """A ``str`` equal to ``expected``, character for character."""
    if not isinstance(actual, str):
        raise _wrong_type("expected-text", actual, expected)
    if actual != expected:
        first = next(
            (i for i, (a, b) in enumerate(zip(actual, expected, strict=False)) if a != b),
            min(len(actual), len(expected)),
        )
        both = {"expected": repr(expected[first : first + 20]), "got": repr(actual[first : first + 20])}
        raise Mismatch("value", actual, expected, fact("text", where=first, **both), where=(first,))


def expect_raises(
    function: Callable[..., Any],
    *args: Any,
    names: str,
    error: type[Exception] = ValueError,
    **kwargs: Any,
) -> None:
    """``function(*args, **kwargs)`` raises ``error`` with a message that names the argument ``names``.

    Small letters or capitals are the same here, and so are ``kernel_size``, "kernel size" and "kernel-size".
    """
    try:
        result = function(*args, **kwargs)
    except error as raised:
        # NotImplementedError and the like are no ValueError, so they pass through as themselves.
        if _as_words(names) not in _as_words(str(raised)):  # as in a sentence: "Kernel size must ..."
            raise Mismatch(
                "wrong-exception",
                str(raised),
                names,
                fact("wrong-exception", error=error.__name__, argument=repr(names), said=repr(str(raised))),
            ) from None
        return
    said = fact("no-exception", error=error.__name__, argument=repr(names))
    raise Mismatch("no-exception", result, error.__name__, said)


def _as_words(text: str) -> str:
    return " ".join(text.lower().replace("_", " ").replace("-", " ").split())


def expect_unchanged(function: Any, *args: Any, **kwargs: Any) -> Any:
    """Call ``function`` and demand that its arguments and the global generators stay as they were.

    Returns:
        what the call returned.
    """
    result, problem = function.call_watched(*args, **kwargs)
    if problem is not None:
        raise Mismatch("changed", str(problem), "unchanged", fact("changed", what=problem))
    return result


def _wrong_type(code: str, actual: Any, expected: Any) -> Mismatch:
    got = fact("none-returned") if actual is None else type_name(actual)
    return Mismatch("type", actual, expected, fact(code, got=got))


def expect_arguments_unchanged(function: Any, *args: Any, **kwargs: Any) -> Any:
    """As expect_unchanged, for functions in which a Keras layer or model may be asked.

    Making one draws its seeds from the global generators: that much is let pass.

    Returns:
        what the call returned.
    """
    result, problem = function.call_watched(*args, **kwargs)
    if problem is not None and problem.code != "generators":
        raise Mismatch("changed", str(problem), "unchanged", fact("changed", what=problem))
    return result


def answers_kept(
    submission: Any,
    name: str,
    *calls: tuple[Any, ...],
    overwrite: bool = False,
    part: int | None = None,
    as_arrays: bool = True,
) -> list[Any]:
    """What a function returned in several calls, looked at only when all of them have been made.

    An answer that a later call has changed, because the function uses one array for all of them, comes back
    as it is then.

    Args:
        submission: the fixture.
        name: of the function.
        calls: the arguments of each call, by position.
        overwrite: fill the arrays among the arguments with 77 before the answers are looked at, as a caller
            may do with arrays of its own: what was promised as a new array does not change with them.
        part: take only this one of the several things that each call returns.
        as_arrays: look at answers as NumPy arrays, tensors too; False leaves them as they are.

    Returns:
        one answer a call.
    """
    function = getattr(submission, name)
    kept = function.answers_kept(calls, overwrite=overwrite, part=part, as_arrays=as_arrays)
    if not isinstance(kept, list) or len(kept) != len(calls):
        raise CandidateLost(Verdict.PROTOCOL, fact("invalid-answer"))
    return kept


@dataclass(frozen=True, eq=False)
class Seen:
    """An image as it stands on the screen.

    Attributes:
        pixels: (H, W) float64 as drawn, from top to bottom and from left to right.
        left, right, bottom, top: the edges of what is seen of it, on the Figure's canvas.
        whole: whether all of it lies within its Axes, and these within the Figure, and it can be seen.
    """

    pixels: npt.NDArray[np.float64]
    left: float
    right: float
    bottom: float
    top: float
    whole: bool


def as_seen(figure: Any, axes: Any, image: Any) -> Seen:
    """One image that `imshow` drew, as the Axes show it, whichever way they and the data run.

    Args:
        figure: of the submission, with the Axes in it or in a part of it.
        axes: on which the image is.
        image: one of ``axes.images``.
    """
    # Whoever asks for the limits has them worked out.
    _, _, shown, bounds = several(axes, ("get_xlim",), ("get_ylim",), ("get_visible",), "bbox.bounds")
    values, extent, origin, seen, alpha = several(
        image, ("get_array",), ("get_extent",), "origin", ("get_visible",), ("get_alpha",)
    )
    pixels = np.asarray(values.tolist(), dtype=np.float64)
    left, right, bottom, top = (float(edge) for edge in extent)
    if str(origin) == "lower":
        bottom, top = top, bottom  # the edges at which the last and the first row lie
    x, y, width, height = (float(edge) for edge in bounds)
    (canvas,) = several(figure, "bbox.bounds")
    _, _, wide, high = (float(edge) for edge in canvas)
    (corners,) = several(axes, ("transData.transform", np.array([[left, top], [right, bottom]])))
    (x0, y0), (x1, y1) = np.asarray(corners).tolist()
    rows, columns = max(pixels.shape[0], 1), max(pixels.shape[1], 1)
    if y0 < y1:
        pixels = pixels[::-1]
    if x0 > x1:
        pixels = pixels[:, ::-1]
    across, along = sorted((x0, x1)), sorted((y0, y1))
    # The pixels at the edges may be cut in half: limits from the first pixel's middle to the last one's.
    spare_x, spare_y = 0.51 * (across[1] - across[0]) / columns, 0.51 * (along[1] - along[0]) / rows
    within_axes = (
        x - spare_x <= across[0] <= across[1] <= x + width + spare_x
        and y - spare_y <= along[0] <= along[1] <= y + height + spare_y
    )
    visible = seen and shown and _is_opaque(alpha)
    within_figure = -1 <= x <= x + width <= wide + 1 and -1 <= y <= y + height <= high + 1
    return Seen(
        pixels,
        max(across[0], x),
        min(across[1], x + width),
        max(along[0], y),
        min(along[1], y + height),
        within_axes and within_figure and visible,
    )


def _is_opaque(alpha: Any) -> bool:
    """Whether something shows of what is drawn so: a number, one for each pixel, or None."""
    return alpha is None or bool(np.all(np.asarray(alpha, dtype=np.float64) > 0))


def type_name(value: Any) -> str:
    """How a student would call the type of ``value``: ``None``, ``list``, ``float64`` and so on."""
    if value is None:
        return "None"
    remote = getattr(value, "remote_type", None)
    return remote if isinstance(remote, str) else type(value).__name__
