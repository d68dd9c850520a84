"""What is asked of week 3 beyond the checks in the notebook.

Inputs are signed, asymmetric, of pairwise distinct sizes, and strides mostly do not divide, so that a
flip, a transposition, a swap of axes or a rounding shows. Results are compared with a tolerance that also
lets computing in float32 pass: the order and the precision of a sum are not what is examined here.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.testing import (
    Seen,
    Strided,
    Submission,
    answers_kept,
    as_seen,
    expect,
    expect_arguments_unchanged,
    expect_array,
    expect_int,
    expect_ints,
    expect_raises,
    expect_unchanged,
    several,
    type_name,
)

Array = npt.NDArray[Any]

small_sizes = st.integers(1, 5)


def numbers(seed: int, *shape: int) -> Array:
    """Signed float64 of two digits, so that sums can be followed by hand."""
    return np.round(np.random.default_rng(seed).normal(size=shape) * 5, 1)


def whole_numbers(seed: int, *shape: int) -> Array:
    """Signed int64 between -9 and 9."""
    return np.random.default_rng(seed).integers(-9, 10, size=shape)


def expect_result(actual: Any, expected: npt.ArrayLike, **kwargs: Any) -> None:
    """As expect_array, with room for sums in another order or in float32."""
    expect_array(actual, expected, rtol=1e-5, atol=1e-4, **kwargs)


def correlated(image: Array, kernel: Array, stride: tuple[int, int] = (1, 1)) -> Array:
    """What a window sees, straight from the definition and from nothing of the submission's."""
    windows = np.lib.stride_tricks.sliding_window_view(image.astype(np.float64), kernel.shape)
    windows = windows[:: stride[0], :: stride[1]]
    return np.einsum("ijuv,uv->ij", windows, kernel.astype(np.float64))


def digits_in_a_row(seed: int, *shape: int) -> list[Array]:
    """Three arrays of one shape, as large as real ones, with all their digits: no answer fits the next."""
    return list(np.random.default_rng(seed).normal(size=(3, *shape)) * 3)


def in_memory(turn: int, array: Array) -> Any:
    """The last two of three column after column in memory, the very last with gaps."""
    return Strided(array, gaps=turn == 2) if turn else array


def expect_in_turn(function: Any, inputs: Iterable[tuple[Array, Array]], defined: Any) -> None:
    """Each pair of an image (or signal) and a kernel gives what the definition says of it."""
    for turn, (image, kernel) in enumerate(inputs):
        expect_result(function(in_memory(turn, image), in_memory(turn, kernel)), defined(image, kernel))


def expect_kept(
    submission: Submission, name: str, inputs: Iterable[tuple[Array, Array]], defined: Any
) -> None:
    """What the function returned for one pair is still there after it was called with the next."""
    pairs = list(inputs)
    for result, pair in zip(answers_kept(submission, name, *pairs), pairs, strict=True):
        expect_result(result, defined(*pair))


def turned(image: Array, kernel: Array) -> Array:
    """As ``correlated``, with the kernel turned by half a turn."""
    return correlated(image, kernel[::-1, ::-1])


# Sums without cancellation, so that float32 is exact enough: of integers that no narrow type holds, and of
# numbers that rounding to a few decimals would lose.
LARGE = np.random.default_rng(81).integers(40_000, 3_000_000_000, size=(5, 6))
TINY = np.random.default_rng(82).uniform(1, 9, size=(5, 6)) * 1e-6
POSITIVE = np.array([[7, 3], [2, 9], [1, 5]])


# output_size ------------------------------------------------------------------------------------


@st.composite
def places_of_windows(draw: st.DrawFn) -> tuple[tuple[int, int, int, int, int], int]:
    """The arguments of ``output_size``, and how many windows there are room for."""
    kernel = draw(st.integers(1, 5))
    stride = draw(st.integers(1, 5))
    padding = draw(st.integers(0, 4))
    dilation = draw(st.integers(1, 3))
    covered = dilation * (kernel - 1) + 1
    input_size = max(covered + draw(st.integers(0, 20)) - 2 * padding, 1)
    starts = range(0, input_size + 2 * padding - covered + 1, stride)
    return (input_size, kernel, stride, padding, dilation), len(starts)


@pytest.mark.cell("test-output-size", weight=2)
@given(places=places_of_windows())
def test_output_size_counts_windows(
    submission: Submission, places: tuple[tuple[int, int, int, int, int], int]
) -> None:
    """`output_size` equals the number of windows that fit, for any size, stride, padding and dilation.

    어떤 크기, 스트라이드, 패딩, 팽창에서도 `output_size`는 들어가는 창의 개수와 같습니다.
    """
    sizes, count = places
    expect_int(submission.output_size(*sizes), count)


@pytest.mark.cell("test-output-size", weight=2)
def test_output_size_rounds_down(submission: Submission) -> None:
    """When the stride does not divide, `output_size` rounds down: a partial window does not count.

    스트라이드로 나누어떨어지지 않으면 `output_size`는 내림합니다. 일부만 걸친 창은 세지 않습니다.
    """
    expect_int(submission.output_size(10, 4, stride=4), 2)
    expect_int(submission.output_size(9, 2, stride=3), 3)
    expect_int(submission.output_size(11, 3, stride=5), 2)
    expect_int(submission.output_size(13, 2, stride=7), 2)
    expect_int(submission.output_size(4, 3, stride=9), 1)


@pytest.mark.cell("test-output-size")
def test_output_size_padding_at_both_ends(submission: Submission) -> None:
    """`output_size` counts the padding at both ends, before the stride divides.

    `output_size`는 패딩을 양쪽 끝에서 세고, 그다음에 스트라이드로 나눕니다.
    """
    expect_int(submission.output_size(11, 4, padding=3), 14)
    expect_int(submission.output_size(12, 5, stride=3, padding=2), 4)
    expect_int(submission.output_size(3, 6, stride=4, padding=4), 2)


@pytest.mark.cell("test-output-size")
def test_output_size_dilation(submission: Submission) -> None:
    """A dilated kernel covers more places, also together with padding and a stride.

    팽창된 커널은 더 많은 자리를 덮습니다. 패딩과 스트라이드가 함께 있을 때도 마찬가지입니다.
    """
    expect_int(submission.output_size(17, 4, dilation=3), 8)
    expect_int(submission.output_size(20, 3, stride=3, padding=1, dilation=4), 5)
    expect_int(submission.output_size(6, 1, dilation=5), 6)


@pytest.mark.cell("test-output-size")
def test_output_size_of_long_axes(submission: Submission) -> None:
    """`output_size` is right for axes with more places than a 16-bit or a 32-bit integer can count.

    `output_size`는 16비트나 32비트 정수로 셀 수 없을 만큼 긴 축에서도 맞습니다.
    """
    expect_int(submission.output_size(100_000, 3), 99_998)
    expect_int(submission.output_size(70_001, 4, stride=2, padding=1), 35_000)
    expect_int(submission.output_size(6_000_000_001, 2, stride=3_000_000_000), 2)


# output_size: errors ----------------------------------------------------------------------------


@pytest.mark.cell("test-output-size-errors")
@pytest.mark.parametrize("names", [("input_size", "kernel_size"), ("stride", "dilation")], ids="-".join)
def test_output_size_needs_at_least_one(submission: Submission, names: tuple[str, str]) -> None:
    """Sizes, stride and dilation below 1 are refused, each by name.

    1보다 작은 크기, 스트라이드, 팽창은 이름을 밝혀 거부합니다.
    """
    # So much padding that the kernel would fit: nothing else is wrong with the arguments.
    arguments = {"input_size": 8, "kernel_size": 3, "stride": 2, "padding": 4, "dilation": 1}
    for name in names:
        for value in (0, -1, -2):
            expect_raises(submission.output_size, **{**arguments, name: value}, names=name)


@pytest.mark.cell("test-output-size-errors")
def test_output_size_negative_padding(submission: Submission) -> None:
    """A negative padding is refused by name although the kernel would fit.

    커널이 들어가더라도 음수 패딩은 이름을 밝혀 거부합니다.
    """
    for padding in (-2, -1):
        expect_raises(submission.output_size, 15, 4, padding=padding, names="padding")


@pytest.mark.cell("test-output-size-errors")
def test_output_size_must_fit(submission: Submission) -> None:
    """A kernel that covers more than the padded input is refused, by one place too many or by far.

    커널이 덮는 범위가 패딩된 입력보다 크면, 한 칸이든 여러 칸이든 거부합니다.
    """
    expect_raises(submission.output_size, 4, 5, names="kernel_size")
    expect_raises(submission.output_size, 3, 9, stride=2, names="kernel_size")
    expect_raises(submission.output_size, 5, 10, padding=2, names="kernel_size")
    expect_raises(submission.output_size, 6, 4, stride=3, dilation=2, names="kernel_size")
    expect_raises(submission.output_size, 6, 4, padding=1, dilation=3, names="kernel_size")


@pytest.mark.cell("test-output-size-errors")
def test_output_size_just_fits(submission: Submission) -> None:
    """A kernel that covers the padded input exactly fits once; a padding of 0 and a kernel of 1 are fine.

    커널이 패딩된 입력과 정확히 같으면 한 번 들어갑니다. 패딩 0과 크기 1인 커널도 괜찮습니다.
    """
    expect_int(submission.output_size(7, 7), 1)
    expect_int(submission.output_size(2, 8, stride=5, padding=3), 1)
    expect_int(submission.output_size(9, 5, padding=0, dilation=2), 1)
    expect_int(submission.output_size(1, 1), 1)


# padding_for ------------------------------------------------------------------------------------


@pytest.mark.cell("test-padding-for")
@given(
    input_size=st.integers(1, 20),
    kernel=st.integers(1, 7),
    stride=st.integers(1, 5),
    mode=st.sampled_from(["valid", "same", "full"]),
)
def test_padding_for_any(
    submission: Submission, reference: Submission, input_size: int, kernel: int, stride: int, mode: str
) -> None:
    """`padding_for` follows the rules of the three modes for any size, kernel and stride.

    어떤 크기, 커널, 스트라이드에서도 `padding_for`는 세 방식의 규칙을 따릅니다.
    """
    expected = reference.padding_for(mode, input_size, kernel, stride)
    expect_ints(submission.padding_for(mode, input_size, kernel, stride), expected)


@pytest.mark.cell("test-padding-for")
def test_padding_for_valid_and_full(submission: Submission) -> None:
    """'valid' and 'full' depend on the kernel only, whatever the stride.

    'valid'와 'full'은 스트라이드와 관계없이 커널에만 달려 있습니다.
    """
    expect_ints(submission.padding_for("full", 9, 4, stride=3), (3, 3))
    expect_ints(submission.padding_for("full", 2, 7), (6, 6))
    expect_ints(submission.padding_for("full", 6, 1), (0, 0))
    expect_ints(submission.padding_for("valid", 9, 4, stride=2), (0, 0))
    expect_ints(submission.padding_for("valid", 2, 7), (0, 0))


@pytest.mark.cell("test-padding-for")
def test_padding_for_same_even_kernel(submission: Submission) -> None:
    """With an even kernel, 'same' puts the extra zero after.

    커널이 짝수이면 'same'은 남는 0을 뒤에 둡니다.
    """
    expect_ints(submission.padding_for("same", 9, 6), (2, 3))
    expect_ints(submission.padding_for("same", 4, 2), (0, 1))
    expect_ints(submission.padding_for("same", 1, 7), (3, 3))


@pytest.mark.cell("test-padding-for")
def test_padding_for_same_strided(submission: Submission) -> None:
    """With a stride above 1, 'same' adds only the zeros that the last window lacks, if any.

    스트라이드가 1보다 크면 'same'은 마지막 창에 모자라는 0만, 있을 때만 덧댑니다.
    """
    expect_ints(submission.padding_for("same", 7, 5, stride=2), (2, 2))
    expect_ints(submission.padding_for("same", 8, 5, stride=3), (1, 2))
    expect_ints(submission.padding_for("same", 10, 2, stride=3), (0, 1))
    expect_ints(submission.padding_for("same", 9, 2, stride=4), (0, 1))
    expect_ints(submission.padding_for("same", 9, 3, stride=4), (1, 1))
    expect_ints(submission.padding_for("same", 8, 1, stride=3), (0, 0))
    expect_ints(submission.padding_for("same", 8, 2, stride=5), (0, 0))
    expect_ints(submission.padding_for("same", 70_001, 4, stride=2), (1, 2))


@pytest.mark.cell("test-padding-for")
def test_padding_for_other_mode(submission: Submission) -> None:
    """A mode that does not exist is refused by name.

    없는 방식은 이름을 밝혀 거부합니다.
    """
    for mode in ("causal", "half", "", "symmetric", "volume", "fill", "invalid", "same_upper", "full_size"):
        expect_raises(submission.padding_for, mode, 6, 4, names="mode")


# pad_2d -----------------------------------------------------------------------------------------


@pytest.mark.cell("test-pad-2d")
def test_pad_2d_int(submission: Submission) -> None:
    """One number lays that many zeros on all four sides of an image that is not square.

    숫자 하나는 정사각형이 아닌 이미지의 네 변에 그만큼의 0을 두릅니다.
    """
    image = numbers(1, 2, 5)
    expected = np.zeros((8, 11))
    expected[3:5, 3:8] = image
    expect_array(submission.pad_2d(image, 3), expected)


@pytest.mark.cell("test-pad-2d", weight=2)
@given(margins=st.tuples(*[st.integers(0, 4)] * 4), height=small_sizes, width=small_sizes)
def test_pad_2d_four_margins(
    submission: Submission, margins: tuple[int, int, int, int], height: int, width: int
) -> None:
    """Each side gets its own margin, which may be 0.

    변마다 따로 정한 두께만큼 두르며, 두께가 0일 수도 있습니다.
    """
    top, bottom, left, right = margins
    image = numbers(2, height, width)
    expected = np.zeros((top + height + bottom, left + width + right))
    expected[top : top + height, left : left + width] = image
    expect_array(submission.pad_2d(image, ((top, bottom), (left, right))), expected)


@pytest.mark.cell("test-pad-2d")
def test_pad_2d_keeps_dtype(submission: Submission) -> None:
    """The padded image has the dtype and the values of the image.

    패딩된 이미지의 dtype과 값이 원래 이미지와 같습니다.
    """
    for dtype in ("uint8", "int16", "uint16", "int32", "uint32", "uint64", "float16", "float32", "float64"):
        image = np.array([[255, 3, 90], [17, 5, 128]]).astype(dtype)
        expected = np.zeros((4, 6), dtype=dtype)
        expected[2:, 1:4] = image
        expect_array(submission.pad_2d(image, ((2, 0), (1, 2))), expected, dtype="same")
        expect_array(submission.pad_2d(image, 0), image, dtype="same")


@pytest.mark.cell("test-pad-2d")
def test_pad_2d_keeps_wide_values(submission: Submission) -> None:
    """`pad_2d` keeps values and dtype on the way: fine fractions and infinity, huge integers, True and False.

    `pad_2d`는 아주 작은 차이의 소수와 무한대, 아주 큰 정수, True와 False도 값과 dtype을 그대로 둡니다.
    """
    huge = 2**60 + np.arange(6).reshape(2, 3)
    fine = 1 / 3 + np.arange(6).reshape(2, 3) * 2.0**-40
    fine[1, 0], fine[0, 2] = np.inf, -np.inf
    for image in (fine, huge, huge % 3 == 0, (1 + huge % 7 * 2.0**-20).astype(np.float32)):
        result = submission.pad_2d(image, ((1, 0), (0, 2)))
        expected = np.pad(image, ((1, 0), (0, 2)))
        expect_array(result, expected, dtype="same")
        expect(
            np.array_equal(result, expected),
            "a value has changed a little on the way",
            "값이 도중에 조금 바뀌었습니다",
        )


@pytest.mark.cell("test-pad-2d")
def test_pad_2d_returns_a_new_array(submission: Submission) -> None:
    """`pad_2d` returns a new array each time: neither its argument, nor the array that it returned before.

    `pad_2d`는 매번 새 배열을 반환합니다. 인자도 아니고, 앞서 반환한 배열도 아닙니다.
    """
    images = [numbers(seed, 2, 3) for seed in (25, 26)]
    for padding in (0, 1, ((0, 0), (0, 0))):
        calls = [(image, padding) for image in images]
        for result, image in zip(
            answers_kept(submission, "pad_2d", *calls, overwrite=True), images, strict=True
        ):
            expect_array(result, np.pad(image, padding))


@pytest.mark.cell("test-pad-2d")
def test_pad_2d_leaves_the_image(submission: Submission) -> None:
    """`pad_2d` leaves the image as it was.

    `pad_2d`는 받은 이미지를 바꾸지 않습니다.
    """
    image = whole_numbers(3, 3, 4)
    expect_array(expect_unchanged(submission.pad_2d, image, 1)[1:4, 1:5], image)
    expect_unchanged(submission.pad_2d, image, ((0, 2), (1, 0)))


@pytest.mark.cell("test-pad-2d")
def test_pad_2d_one_image_after_another(submission: Submission) -> None:
    """`pad_2d` pads images of MNIST's size, one after another, each with its own pixels.

    `pad_2d`는 MNIST 크기의 이미지를 차례로, 각각 자기 픽셀 그대로 채워 줍니다.
    """
    for turn, image in enumerate(digits_in_a_row(24, 28, 31)):
        expect_array(submission.pad_2d(in_memory(turn, image), 2), np.pad(image, 2))


# correlate_1d, convolve_1d ----------------------------------------------------------------------


@pytest.mark.cell("test-correlate-1d", weight=2)
@given(kernel_size=small_sizes, extra=st.integers(0, 7), seed=st.integers(0, 99))
def test_correlate_1d_any(submission: Submission, kernel_size: int, extra: int, seed: int) -> None:
    """`correlate_1d` gives the sum over each whole window, for any lengths, signs and fractions.

    길이, 부호, 소수에 관계없이 `correlate_1d`는 온전한 창마다 합을 냅니다.
    """
    signal, kernel = numbers(seed, kernel_size + extra), numbers(seed + 100, kernel_size)
    expect_result(
        submission.correlate_1d(signal, kernel), correlated(signal[np.newaxis], kernel[np.newaxis])[0]
    )


@pytest.mark.cell("test-correlate-1d")
def test_correlate_1d_backwards_impulse(submission: Submission) -> None:
    """Over an impulse, the cross-correlation shows the kernel backwards.

    임펄스에 대한 교차상관은 커널을 거꾸로 보여 줍니다.
    """
    impulse = np.zeros(7)
    impulse[3] = 2
    expect_result(submission.correlate_1d(impulse, np.array([5, -1, 0.5, 3])), [6, 1, -2, 10])


@pytest.mark.cell("test-correlate-1d")
def test_correlate_1d_leaves_arguments(submission: Submission) -> None:
    """`correlate_1d` computes without changing signal and kernel.

    `correlate_1d`는 신호와 커널을 바꾸지 않고 계산합니다.
    """
    signal, kernel = whole_numbers(4, 9), whole_numbers(5, 4)
    result = expect_unchanged(submission.correlate_1d, signal, kernel)
    expect_result(result, np.convolve(signal, kernel[::-1], "valid"))


@pytest.mark.cell("test-convolve-1d", weight=2)
@given(kernel_size=small_sizes, extra=st.integers(0, 7), seed=st.integers(0, 99))
def test_convolve_1d_any(submission: Submission, kernel_size: int, extra: int, seed: int) -> None:
    """`convolve_1d` gives the convolution of whole windows, for any lengths, signs and fractions.

    길이, 부호, 소수에 관계없이 `convolve_1d`는 온전한 창에서 합성곱을 계산합니다.
    """
    signal, kernel = numbers(seed, kernel_size + extra), numbers(seed + 200, kernel_size)
    expect_result(submission.convolve_1d(signal, kernel), np.convolve(signal, kernel, "valid"))


@pytest.mark.cell("test-convolve-1d")
def test_convolve_1d_impulse(submission: Submission) -> None:
    """Over an impulse, the convolution shows the kernel in its own order, values and signs kept.

    임펄스에 대한 합성곱은 커널을 원래 순서대로, 값과 부호를 유지해 보여 줍니다.
    """
    impulse = np.zeros(7)
    impulse[3] = 2
    expect_result(submission.convolve_1d(impulse, np.array([5, -1, 0.5, 3])), [10, -2, 1, 6])


@pytest.mark.cell("test-convolve-1d")
def test_convolve_1d_leaves_arguments(submission: Submission) -> None:
    """`convolve_1d` computes without changing signal and kernel.

    `convolve_1d`는 신호와 커널을 바꾸지 않고 계산합니다.
    """
    signal, kernel = whole_numbers(6, 9), whole_numbers(7, 4)
    expect_result(
        expect_unchanged(submission.convolve_1d, signal, kernel), np.convolve(signal, kernel, "valid")
    )


@pytest.mark.cell("test-correlate-1d")
def test_correlate_1d_long_signals(submission: Submission) -> None:
    """`correlate_1d` of long signals with fractions, one after another, is right to the last digit.

    분수가 있는 긴 신호를 차례로 넣어도 `correlate_1d`의 결과는 모든 자리가 끝자리까지 맞습니다.
    """
    kernel = np.random.default_rng(37).normal(size=5)
    inputs = zip(digits_in_a_row(36, 300), repeat(kernel))
    expect_in_turn(submission.correlate_1d, inputs, functools.partial(np.correlate, mode="valid"))


@pytest.mark.cell("test-convolve-1d")
def test_convolve_1d_long_signals(submission: Submission) -> None:
    """`convolve_1d` of long signals with fractions, one after another, is right to the last digit.

    분수가 있는 긴 신호를 차례로 넣어도 `convolve_1d`의 결과는 모든 자리가 끝자리까지 맞습니다.
    """
    kernel = np.random.default_rng(39).normal(size=4)
    inputs = zip(digits_in_a_row(38, 300), repeat(kernel))
    expect_in_turn(submission.convolve_1d, inputs, functools.partial(np.convolve, mode="valid"))


@pytest.mark.cell("test-correlate-1d")
def test_correlate_1d_any_numbers(submission: Submission) -> None:
    """`correlate_1d` keeps the fractions of kernel or signal beside whole numbers, and numbers large or tiny.

    `correlate_1d`는 한쪽이 정수여도 신호와 커널의 소수를 유지하고, 아주 크거나 작은 수도 그대로 계산합니다.
    """
    kernel = np.array([0.25, 0.5, 1.125])
    small = np.array([3, 8, 1, 250, 7])
    for signal in (LARGE[0], TINY[0], small, small.astype(np.uint8)):
        expected = np.correlate(signal, kernel, mode="valid")
        expect_array(submission.correlate_1d(signal, kernel), expected, rtol=1e-5, atol=1e-12)
    expected = np.correlate(LARGE[0], POSITIVE[2], mode="valid")
    expect_array(submission.correlate_1d(LARGE[0], POSITIVE[2]), expected, rtol=1e-5)
    # A weight of 0 at either end is a weight.
    empty_ends = np.array([0, 2, -1, 0])
    for signal in (small, small / 8):
        expected = np.correlate(signal, empty_ends, mode="valid")
        expect_result(submission.correlate_1d(signal, empty_ends), expected)


@pytest.mark.cell("test-convolve-1d")
def test_convolve_1d_any_numbers(submission: Submission) -> None:
    """`convolve_1d` keeps the fractions of kernel or signal beside whole numbers, and numbers large or tiny.

    `convolve_1d`는 한쪽이 정수여도 신호와 커널의 소수를 유지하고, 아주 크거나 작은 수도 그대로 계산합니다.
    """
    kernel = np.array([0.25, 0.5, 1.125])
    small = np.array([3, 8, 1, 250, 7])
    for signal in (LARGE[0], TINY[0], small, small.astype(np.uint8)):
        expected = np.convolve(signal, kernel, mode="valid")
        expect_array(submission.convolve_1d(signal, kernel), expected, rtol=1e-5, atol=1e-12)
    expected = np.convolve(LARGE[0], POSITIVE[2], mode="valid")
    expect_array(submission.convolve_1d(LARGE[0], POSITIVE[2]), expected, rtol=1e-5)
    # A weight of 0 at either end is a weight.
    empty_ends = np.array([0, 2, -1, 0])
    for signal in (small, small / 8):
        expect_result(
            submission.convolve_1d(signal, empty_ends), np.convolve(signal, empty_ends, mode="valid")
        )


@pytest.mark.cell("test-correlate-1d")
def test_correlate_1d_keeps_earlier_results(submission: Submission) -> None:
    """What `correlate_1d` returned stays as it was when the function is called again.

    `correlate_1d`를 다시 불러도 앞서 반환한 결과는 그대로 남습니다.
    """
    inputs = zip(numbers(27, 2, 6), numbers(28, 2, 3), strict=True)
    expect_kept(submission, "correlate_1d", inputs, functools.partial(np.correlate, mode="valid"))


@pytest.mark.cell("test-convolve-1d")
def test_convolve_1d_keeps_earlier_results(submission: Submission) -> None:
    """What `convolve_1d` returned stays as it was when the function is called again.

    `convolve_1d`를 다시 불러도 앞서 반환한 결과는 그대로 남습니다.
    """
    inputs = zip(numbers(27, 2, 6), numbers(28, 2, 3), strict=True)
    expect_kept(submission, "convolve_1d", inputs, functools.partial(np.convolve, mode="valid"))


# conv2d -----------------------------------------------------------------------------------------


@pytest.mark.cell("test-conv2d", weight=2)
@given(
    height=small_sizes,
    width=small_sizes,
    down=st.integers(0, 4),
    right=st.integers(0, 4),
    seed=st.integers(0, 99),
)
def test_conv2d_any(
    submission: Submission, height: int, width: int, down: int, right: int, seed: int
) -> None:
    """`conv2d` is the cross-correlation of any image with any kernel, square or not, odd or even.

    정사각형이든 아니든, 홀수든 짝수든 `conv2d`는 이미지와 커널의 교차상관입니다.
    """
    image, kernel = numbers(seed, height + down, width + right), numbers(seed + 100, height, width)
    expect_result(submission.conv2d(image, kernel), correlated(image, kernel))


@pytest.mark.cell("test-conv2d", weight=2)
def test_conv2d_orientation(submission: Submission) -> None:
    """The kernel is neither flipped nor transposed: its first weight meets the window's first pixel.

    커널을 뒤집거나 전치하지 않습니다. 커널의 첫 가중치는 창의 첫 픽셀과 만납니다.
    """
    image = whole_numbers(11, 5, 7)
    kernel = np.array([[3, -1, 0], [7, 2, -5], [1, 4, -8]])
    expect_result(submission.conv2d(image, kernel), correlated(image, kernel))


@pytest.mark.cell("test-conv2d")
def test_conv2d_rectangles(submission: Submission) -> None:
    """Rows and columns are kept apart, in flat and tall images and kernels.

    납작하거나 길쭉한 이미지와 커널에서도 행과 열을 구별합니다.
    """
    for image_shape, kernel_shape in [((3, 8), (2, 5)), ((8, 3), (5, 2)), ((6, 4), (1, 3)), ((4, 6), (4, 6))]:
        image, kernel = numbers(12, *image_shape), numbers(13, *kernel_shape)
        expect_result(submission.conv2d(image, kernel), correlated(image, kernel))


@pytest.mark.cell("test-conv2d")
def test_conv2d_float64(submission: Submission) -> None:
    """The result is float64, whatever the dtypes of image and kernel.

    이미지와 커널의 dtype이 무엇이든 결과는 float64입니다.
    """
    for image_type, kernel_type in [("float64", "float64"), ("float32", "float32"), ("int64", "int64")]:
        image, kernel = numbers(14, 4, 5).astype(image_type), numbers(15, 2, 3).astype(kernel_type)
        expect_result(submission.conv2d(image, kernel), correlated(image, kernel), dtype=np.float64)


@pytest.mark.cell("test-conv2d")
def test_conv2d_sums_keep_sign_and_scale(submission: Submission) -> None:
    """Negative sums stay negative, large ones large: nothing is clipped, rescaled or averaged.

    음수는 음수로, 큰 값은 큰 값으로 남습니다. 자르거나 다시 맞추거나 평균 내지 않습니다.
    """
    image = np.array([[-300.0, 500.0, 20.0], [40.0, -700.0, 900.0]])
    kernel = np.array([[2.0, -3.0], [1.0, 0.5]])
    expect_result(submission.conv2d(image, kernel), [[-2410.0, 690.0]])


@pytest.mark.cell("test-conv2d")
def test_conv2d_leaves_arguments(submission: Submission) -> None:
    """`conv2d` computes without changing image and kernel.

    `conv2d`는 이미지와 커널을 바꾸지 않고 계산합니다.
    """
    image, kernel = numbers(16, 5, 6), numbers(17, 3, 2)
    expect_result(expect_arguments_unchanged(submission.conv2d, image, kernel), correlated(image, kernel))
    image, kernel = whole_numbers(16, 6, 5), whole_numbers(17, 2, 3)
    expect_result(expect_arguments_unchanged(submission.conv2d, image, kernel), correlated(image, kernel))


@pytest.mark.cell("test-conv2d")
def test_conv2d_must_fit(submission: Submission) -> None:
    """A kernel with more rows or more columns than the image is refused.

    행이나 열이 이미지보다 많은 커널은 거부합니다.
    """
    expect_raises(submission.conv2d, numbers(18, 3, 6), numbers(19, 4, 2), names="kernel")
    expect_raises(submission.conv2d, numbers(18, 6, 3), numbers(19, 2, 4), names="kernel")
    expect_raises(submission.conv2d, numbers(18, 2, 3), numbers(19, 5, 5), names="kernel")


# conv2d: integers -------------------------------------------------------------------------------


@pytest.mark.cell("test-conv2d-integers", weight=2)
def test_conv2d_uint8(submission: Submission) -> None:
    """Sums of uint8 pixels leave the range 0…255 without wrapping, whether the kernel is signed or uint8.

    uint8 픽셀의 합이 0…255를 벗어나도 넘치지 않습니다. 커널이 부호형이든 uint8이든 마찬가지입니다.
    """
    image = np.random.default_rng(21).integers(100, 256, size=(5, 6), dtype=np.uint8)
    signed = np.array([[-7, 3], [2, -9], [1, 5]], dtype=np.int8)
    unsigned = np.array([[200, 3], [90, 250], [17, 60]], dtype=np.uint8)
    expect_result(submission.conv2d(image, signed), correlated(image, signed), dtype=np.float64)
    expect_result(submission.conv2d(image, unsigned), correlated(image, unsigned), dtype=np.float64)
    expected = correlated(np.pad(image, 2), signed)
    expect_result(submission.conv2d(image, signed, padding=2), expected, dtype=np.float64)


@pytest.mark.cell("test-conv2d-integers")
def test_conv2d_small_integers(submission: Submission) -> None:
    """Narrow integers such as int8 and int16 do not overflow either.

    int8, int16처럼 좁은 정수도 넘치지 않습니다.
    """
    image = np.array([[127, -128, 100, -90], [-120, 110, 127, 5]])
    kernel = np.array([[100, -120], [-128, 127]])
    for dtype in ("int8", "int16"):
        expect_result(
            submission.conv2d(image.astype(dtype), kernel.astype(dtype)),
            correlated(image, kernel),
            dtype=np.float64,
        )


@pytest.mark.cell("test-conv2d-integers")
def test_conv2d_fractions_of_integers(submission: Submission) -> None:
    """Fractional weights keep their fractions over an integer image.

    정수 이미지에서도 소수 가중치의 결과에 소수가 남습니다.
    """
    kernel = np.array([[0.25, -0.6, 0.125]])
    for dtype in (np.uint8, np.int16, np.uint16, np.int32):
        image = np.random.default_rng(22).integers(0, 256, size=(4, 6), dtype=np.uint8).astype(dtype)
        expect_result(submission.conv2d(image, kernel), correlated(image, kernel), dtype=np.float64)


@pytest.mark.cell("test-conv2d-integers")
def test_conv2d_large_and_tiny_numbers(submission: Submission) -> None:
    """Integers too large for a narrow type, and numbers of a millionth, are computed as they are.

    좁은 자료형에 담을 수 없는 큰 정수도, 백만분의 1 정도인 작은 수도 그대로 계산합니다.
    """
    for image in (LARGE, TINY):
        expected = correlated(image, POSITIVE)
        expect_array(submission.conv2d(image, POSITIVE), expected, dtype=np.float64, rtol=1e-5, atol=1e-12)


@pytest.mark.cell("test-conv2d")
def test_conv2d_keeps_earlier_results(submission: Submission) -> None:
    """What `conv2d` returned stays as it was when the function is called again.

    `conv2d`를 다시 불러도 앞서 반환한 결과는 그대로 남습니다.
    """
    inputs = zip(numbers(29, 2, 4, 5), numbers(30, 2, 2, 3), strict=True)
    expect_kept(submission, "conv2d", inputs, correlated)


# conv2d: stride ---------------------------------------------------------------------------------


@pytest.mark.cell("test-conv2d-stride", weight=2)
def test_conv2d_stride(submission: Submission) -> None:
    """One number moves the window that far in both directions; partial windows at the end do not count.

    숫자 하나이면 두 방향 모두 그만큼 움직이고, 끝에서 일부만 걸친 창은 세지 않습니다.
    """
    image, kernel = numbers(31, 10, 13), numbers(32, 3, 2)
    for stride in (2, 3, 5):
        expected = correlated(image, kernel, (stride, stride))
        expect_result(submission.conv2d(image, kernel, stride=stride), expected)


@pytest.mark.cell("test-conv2d-stride", weight=2)
def test_conv2d_stride_pair(submission: Submission) -> None:
    """Of a pair, the first number is the step over rows and the second the step over columns.

    쌍으로 주면 첫 수는 행 방향, 둘째 수는 열 방향의 걸음입니다.
    """
    image, kernel = numbers(33, 9, 11), numbers(34, 2, 4)
    for stride in ((2, 3), (3, 2), (1, 4), (5, 1)):
        expect_result(submission.conv2d(image, kernel, stride=stride), correlated(image, kernel, stride))
    # The arguments come in this order: image, kernel, stride, padding.
    expected = correlated(np.pad(image, 1), kernel, (2, 3))
    expect_result(submission.conv2d(image, kernel, (2, 3), 1), expected)


@pytest.mark.cell("test-conv2d-stride")
def test_conv2d_stride_beyond_the_image(submission: Submission) -> None:
    """A stride larger than the image leaves the first window.

    스트라이드가 이미지보다 크면 첫 창만 남습니다.
    """
    image, kernel = numbers(35, 4, 6), numbers(36, 3, 2)
    expect_result(submission.conv2d(image, kernel, stride=7), correlated(image, kernel)[:1, :1])
    expect_result(submission.conv2d(image, kernel, stride=(8, 1)), correlated(image, kernel)[:1])


# conv2d: padding --------------------------------------------------------------------------------


@pytest.mark.cell("test-conv2d-padding")
@given(padding=st.integers(0, 3), stride=st.tuples(st.integers(1, 3), st.integers(1, 3)))
def test_conv2d_padding_number(submission: Submission, padding: int, stride: tuple[int, int]) -> None:
    """A number pads all four sides with zeros before the window moves.

    숫자로 주면 창이 움직이기 전에 네 변을 모두 0으로 두릅니다.
    """
    image, kernel = numbers(41, 4, 7), numbers(42, 3, 2)
    expected = correlated(np.pad(image, padding), kernel, stride)
    expect_result(submission.conv2d(image, kernel, stride=stride, padding=padding), expected)


@pytest.mark.cell("test-conv2d-padding", weight=2)
@pytest.mark.parametrize("strides", [(1,), (2, (3, 2))], ids=["stride 1", "strided"])
def test_conv2d_same(submission: Submission, reference: Submission, strides: tuple[Any, ...]) -> None:
    """'same' follows Keras's rule on each axis by itself, for even kernels and strides above 1 too.

    'same'은 축마다 따로 Keras의 규칙을 따릅니다. 짝수 커널이나 1보다 큰 스트라이드에서도 같습니다.
    """
    for image, shapes in (
        (numbers(43, 7, 10), ((3, 5), (2, 4), (4, 3), (1, 2))),
        (numbers(43, 8, 8), ((3, 3), (2, 2), (3, 2))),
    ):
        for stride, shape in itertools.product(strides, shapes):
            kernel = numbers(44, *shape)
            expected = reference.conv2d(image, kernel, stride=stride, padding="same")
            expect_result(submission.conv2d(image, kernel, stride=stride, padding="same"), expected)


@pytest.mark.cell("test-conv2d-padding")
def test_conv2d_full_and_valid(submission: Submission) -> None:
    """'full' lets every overlap count and 'valid' only whole windows, on each axis by itself.

    축마다 따로 'full'은 조금이라도 겹치는 창을 모두, 'valid'는 온전한 창만 셉니다.
    """
    image, kernel = numbers(45, 4, 6), numbers(46, 2, 5)
    wide = np.pad(image, ((1, 1), (4, 4)))
    expect_result(submission.conv2d(image, kernel, padding="full"), correlated(wide, kernel))
    expect_result(submission.conv2d(image, kernel, padding="valid"), correlated(image, kernel))
    strided = submission.conv2d(image, kernel, stride=(2, 3), padding="full")
    expect_result(strided, correlated(wide, kernel, (2, 3)))
    square = numbers(49, 3, 3)  # a kernel as large as the image
    expect_result(
        submission.conv2d(square, square[::-1], padding="full"), correlated(np.pad(square, 2), square[::-1])
    )


@pytest.mark.cell("test-conv2d-padding")
def test_conv2d_fits_once_padded(submission: Submission) -> None:
    """Whether a kernel fits is judged on the padded image.

    커널이 들어가는지는 패딩된 이미지에서 판단합니다.
    """
    image, kernel = numbers(47, 2, 3), numbers(48, 5, 4)
    expect_result(submission.conv2d(image, kernel, padding=2), correlated(np.pad(image, 2), kernel))
    expect_result(
        submission.conv2d(image, kernel, padding="same"),
        correlated(np.pad(image, ((2, 2), (1, 2))), kernel),
    )
    expect_raises(submission.conv2d, image, numbers(48, 5, 4), padding=1, names="kernel")
    expect_raises(submission.conv2d, image, kernel, padding="valid", names="kernel")


@pytest.mark.cell("test-conv2d", weight=2)
def test_conv2d_one_image_after_another(submission: Submission) -> None:
    """`conv2d` of images of MNIST's size with fractions, one after another, with another kernel each.

    `conv2d`로 분수가 있는 MNIST 크기의 이미지를 차례로, 매번 다른 커널로 계산합니다.
    """
    inputs = zip(digits_in_a_row(47, 28, 30), digits_in_a_row(48, 5, 3), strict=True)
    expect_in_turn(submission.conv2d, inputs, correlated)


# convolve_2d ------------------------------------------------------------------------------------


@pytest.mark.cell("test-convolve-2d", weight=2)
def test_convolve_2d_half_turn(submission: Submission) -> None:
    """`convolve_2d` turns the kernel on both axes, also when it is not square or has an even side.

    정사각형이 아니거나 짝수인 변이 있어도 `convolve_2d`는 커널을 두 축 모두에서 뒤집습니다.
    """
    image = numbers(51, 6, 8)
    for shape in ((3, 3), (2, 3), (4, 1), (1, 5), (1, 1)):
        kernel = numbers(52, *shape)
        expect_result(submission.convolve_2d(image, kernel), correlated(image, kernel[::-1, ::-1]))


@pytest.mark.cell("test-convolve-2d")
def test_convolve_2d_stride_and_padding(submission: Submission) -> None:
    """`convolve_2d` knows stride and padding as `conv2d` does.

    `convolve_2d`도 `conv2d`처럼 스트라이드와 패딩을 압니다.
    """
    image, kernel = numbers(53, 5, 8), numbers(54, 3, 3)
    turned = kernel[::-1, ::-1]
    expect_result(submission.convolve_2d(image, kernel, stride=(2, 3)), correlated(image, turned, (2, 3)))
    expect_result(submission.convolve_2d(image, kernel, 2, 1), correlated(np.pad(image, 1), turned, (2, 2)))
    padded = correlated(np.pad(image, 2), turned)
    expect_result(submission.convolve_2d(image, kernel, padding=2), padded)
    expect_result(submission.convolve_2d(image, kernel, padding="full"), padded)
    same = correlated(np.pad(image, 1), turned)
    expect_result(submission.convolve_2d(image, kernel, padding="same"), same)


@pytest.mark.cell("test-convolve-2d")
@pytest.mark.parametrize("strides", [(1,), (2, (3, 2))], ids=["stride 1", "strided"])
def test_convolve_2d_same(submission: Submission, reference: Submission, strides: tuple[Any, ...]) -> None:
    """`convolve_2d` with 'same' follows Keras's rule as `conv2d` does, for even and oblong kernels too.

    `convolve_2d`도 'same'에서 `conv2d`처럼 Keras의 규칙을 따릅니다. 커널이 짝수이거나 정사각형이 아닐 때도
    같습니다.
    """
    for image, shapes in (
        (numbers(65, 8, 8), ((2, 2), (3, 3), (3, 2))),
        (numbers(65, 7, 10), ((3, 5), (2, 4), (4, 3), (1, 2))),
    ):
        for stride, shape in itertools.product(strides, shapes):
            kernel = numbers(66, *shape)
            expected = reference.convolve_2d(image, kernel, stride=stride, padding="same")
            expect_result(submission.convolve_2d(image, kernel, stride=stride, padding="same"), expected)


@pytest.mark.cell("test-convolve-2d")
def test_convolve_2d_full_and_strided(submission: Submission) -> None:
    """`convolve_2d` moves by its stride with 'full' padding too, on each axis by its own.

    `convolve_2d`는 'full' 패딩에서도 축마다 정해진 스트라이드만큼 움직입니다.
    """
    image, kernel = numbers(67, 4, 6), numbers(68, 2, 5)
    expected = correlated(np.pad(image, ((1, 1), (4, 4))), kernel[::-1, ::-1], (2, 3))
    expect_result(submission.convolve_2d(image, kernel, stride=(2, 3), padding="full"), expected)


@pytest.mark.cell("test-convolve-2d")
def test_convolve_2d_one_row(submission: Submission) -> None:
    """A result of one row or one column keeps both axes.

    결과가 한 행이나 한 열이어도 두 축을 유지합니다.
    """
    for image_shape, kernel_shape in (((3, 6), (3, 2)), ((6, 3), (2, 3)), ((1, 5), (1, 2)), ((2, 2), (2, 2))):
        image, kernel = numbers(69, *image_shape), numbers(70, *kernel_shape)
        expect_result(submission.convolve_2d(image, kernel), turned(image, kernel))


@pytest.mark.cell("test-convolve-2d")
def test_convolve_2d_integers(submission: Submission) -> None:
    """Over integers `convolve_2d` neither overflows nor loses the fractions of the kernel.

    정수 이미지에서 `convolve_2d`는 넘치지도, 커널의 소수를 잃지도 않습니다.
    """
    image = np.random.default_rng(21).integers(100, 256, size=(5, 6), dtype=np.uint8)
    unsigned = np.array([[200, 3], [90, 250], [17, 60]], dtype=np.uint8)
    for kernel in (unsigned, unsigned.astype(np.int16) - 100, unsigned / 512):
        expect_result(submission.convolve_2d(image, kernel), turned(image, kernel), dtype=np.float64)
    for pixels in (LARGE, TINY):
        expected = turned(pixels, POSITIVE)
        result = submission.convolve_2d(pixels, POSITIVE)
        expect_array(result, expected, dtype=np.float64, rtol=1e-5, atol=1e-12)
    small = np.array([[127, -128, 100, -90], [-120, 110, 127, 5]], dtype=np.int16)
    kernel = np.array([[300, -320], [-328, 327]], dtype=np.int16)
    expect_result(submission.convolve_2d(small, kernel), turned(small, kernel), dtype=np.float64)


@pytest.mark.cell("test-convolve-2d")
def test_convolve_2d_keeps_earlier_results(submission: Submission) -> None:
    """What `convolve_2d` returned stays as it was when the function is called again.

    `convolve_2d`를 다시 불러도 앞서 반환한 결과는 그대로 남습니다.
    """
    inputs = zip(numbers(29, 2, 4, 5), numbers(30, 2, 2, 3), strict=True)
    expect_kept(submission, "convolve_2d", inputs, turned)


@pytest.mark.cell("test-convolve-2d")
def test_convolve_2d_leaves_arguments(submission: Submission) -> None:
    """`convolve_2d` gives float64 and leaves image and kernel as they were.

    `convolve_2d`는 float64를 내고 이미지와 커널을 바꾸지 않습니다.
    """
    image, kernel = whole_numbers(55, 4, 6).astype(np.int8), whole_numbers(56, 2, 3).astype(np.int8)
    result = expect_arguments_unchanged(submission.convolve_2d, image, kernel)
    expect_result(result, correlated(image, kernel[::-1, ::-1]), dtype=np.float64)


@pytest.mark.cell("test-convolve-2d")
def test_convolve_2d_one_image_after_another(submission: Submission) -> None:
    """`convolve_2d` of images of MNIST's size with fractions, one after another, with another kernel each.

    `convolve_2d`로 분수가 있는 MNIST 크기의 이미지를 차례로, 매번 다른 커널로 계산합니다.
    """
    inputs = zip(digits_in_a_row(57, 28, 30), digits_in_a_row(58, 5, 3), strict=True)
    expect_in_turn(submission.convolve_2d, inputs, turned)


@pytest.mark.cell("test-convolve-2d")
def test_convolve_2d_must_fit(submission: Submission) -> None:
    """A kernel that is larger than the padded image is a ValueError that says kernel, as for conv2d; one that
    is larger than the image alone is not.

    패딩한 이미지보다 큰 커널은 conv2d와 마찬가지로 kernel을 언급하는 ValueError입니다. 패딩하기 전의
    이미지보다 클 뿐이면 괜찮습니다.
    """
    image, kernel = numbers(49, 2, 3), numbers(50, 5, 4)
    expect_result(submission.convolve_2d(image, kernel, padding=2), turned(np.pad(image, 2), kernel))
    expect_raises(submission.convolve_2d, numbers(59, 3, 6), numbers(60, 4, 2), names="kernel")


# KERNELS ----------------------------------------------------------------------------------------


@pytest.mark.cell("test-kernels")
@pytest.mark.parametrize(
    "names",
    [
        ("identity", "sharpen"),
        ("ridge_4", "ridge_8"),
        ("box_blur",),
        ("gaussian_3x3", "gaussian_5x5"),
        ("sobel_x", "sobel_y"),
    ],
    ids="-".join,
)
def test_kernel_weights(submission: Submission, reference: Submission, names: tuple[str, ...]) -> None:
    """Each kernel in `KERNELS` has the lecture's weights, every one in its place.

    `KERNELS`의 각 커널이 강의의 가중치를 제자리에 담고 있습니다.
    """
    kernels = submission.KERNELS
    for name in names:
        expect(name in kernels, f"KERNELS has no {name!r}", f"KERNELS에 {name!r} 커널이 없습니다")
        expect_array(np.asarray(kernels[name]), reference.KERNELS[name], rtol=1e-5, atol=1e-7)


# detect_edges -----------------------------------------------------------------------------------


@pytest.mark.cell("test-detect-edges", weight=2)
def test_detect_edges_signed(submission: Submission) -> None:
    """`detect_edges` compares each pixel with its eight neighbours and keeps size, sign and scale.

    `detect_edges`는 픽셀을 여덟 이웃과 비교하고 크기와 부호, 값의 범위를 유지합니다.
    """
    image = numbers(61, 5, 8)
    expected = 9 * image - correlated(np.pad(image, 1), np.ones((3, 3)))
    expect_result(submission.detect_edges(image), expected, dtype=np.float64)


@pytest.mark.cell("test-detect-edges")
def test_detect_edges_uint8(submission: Submission) -> None:
    """Over uint8 pixels `detect_edges` gives float64 with negative values, and leaves the image alone.

    uint8 픽셀에서도 `detect_edges`는 음수를 포함한 float64를 내고, 이미지를 바꾸지 않습니다.
    """
    pixels = np.random.default_rng(62).integers(0, 256, size=(7, 4), dtype=np.uint8)
    for image in (pixels, pixels * np.uint16(250), (pixels / 4).astype(np.float32)):
        expected = 9.0 * image - correlated(np.pad(image, 1), np.ones((3, 3)))
        result = expect_arguments_unchanged(submission.detect_edges, image)
        expect_result(result, expected, dtype=np.float64)


@pytest.mark.cell("test-detect-edges")
def test_detect_edges_of_one_image_after_another(submission: Submission) -> None:
    """Images of MNIST's size with fractions, one after another: each has its own edges.

    분수가 있는 MNIST 크기의 이미지를 차례로 넣으면 각각 자기 외곽선이 나옵니다.
    """
    images = [whole_numbers(64, 28, 28), *digits_in_a_row(63, 28, 28)]
    for turn, image in enumerate(images):
        expected = 9 * image - correlated(np.pad(image, 1), np.ones((3, 3)))
        result = expect_arguments_unchanged(submission.detect_edges, in_memory(turn, image))
        expect_result(result, expected, dtype=np.float64)


@pytest.mark.cell("test-detect-edges")
def test_detect_edges_of_any_image(submission: Submission) -> None:
    """`detect_edges` works for images of one row, one column or one pixel, large images and large values.

    `detect_edges`는 행이나 열이 하나뿐인 이미지, 픽셀 하나짜리 이미지, 큰 이미지, 아주 큰 값에도 동작합니다.
    """
    for shape in ((1, 5), (4, 1), (1, 1), (2, 3), (31, 40)):
        image = numbers(83, *shape)
        expected = 9 * image - correlated(np.pad(image, 1), np.ones((3, 3)))
        expect_result(submission.detect_edges(image), expected, dtype=np.float64)
    expected = 9 * TINY - correlated(np.pad(TINY, 1), np.ones((3, 3)))
    expect_array(submission.detect_edges(TINY), expected, dtype=np.float64, rtol=1e-4, atol=1e-10)
    # Each value stands alone, so that nothing cancels.
    image = np.zeros((3, 5), dtype=np.int64)
    image[1, 1], image[1, 3] = 70_000, 3_000_000_000
    expected = 9.0 * image - correlated(np.pad(image, 1), np.ones((3, 3)))
    expect_result(submission.detect_edges(image), expected, dtype=np.float64)


@pytest.mark.cell("test-detect-edges")
def test_detect_edges_keeps_earlier_results(submission: Submission) -> None:
    """What `detect_edges` returned stays as it was when the function is called again.

    `detect_edges`를 다시 불러도 앞서 반환한 결과는 그대로 남습니다.
    """
    images = list(numbers(84, 2, 4, 5))
    kept = answers_kept(submission, "detect_edges", *[(image,) for image in images])
    for result, image in zip(kept, images, strict=True):
        expect_result(result, 9 * image - correlated(np.pad(image, 1), np.ones((3, 3))))


# compare_images ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Panel:
    """An image of the Figure.

    Attributes:
        seen: as it stands on the screen.
        titled: whether a text stands with it.
    """

    seen: Seen
    titled: bool


def drawn_panels(submission: Submission, before: Array | Strided, after: Array | Strided) -> list[Panel]:
    """The images of the Figure from left to right, in whatever way they came there.

    A colour bar has axes too, but no image in them.
    """
    figure = submission.compare_images(before, after)
    parts = [(axes, *_inside(axes)) for axes in figure.axes]
    if insets := [inner for _, _, children in parts for inner in children]:
        figure.draw_without_rendering()  # until then nobody knows where they stand
        parts += [(axes, *_inside(axes)) for axes in insets]
    panels = []
    for axes, images, _ in parts:
        if images:
            titled = is_titled(axes, len(images))
            panels += [Panel(as_seen(figure, axes, image), titled) for image in images]
    return sorted(panels, key=lambda each: (each.seen.left, -each.seen.top))


def _inside(axes: Any) -> tuple[list[Any], list[Any]]:
    """The images that can be seen in Axes, and the Axes inside."""
    images, children, visible = several(axes, ("get_images",), "child_axes", ("get_visible",))
    return [image for image in images if visible and image.get_visible()], list(children)


def is_titled(axes: Any, images: int) -> bool:
    """Whether each image of the axes has a title; where they show several, texts stand for it."""
    *titles, part = several(
        axes, ("get_title", "center"), ("get_title", "left"), ("get_title", "right"), ("get_figure",)
    )
    if type_name(part) == "SubFigure":
        titles.append(part.get_suptitle())
    if images > 1:
        return sum(bool(str(text.get_text()).strip()) for text in axes.texts) >= images
    return any(str(title).strip() for title in titles)


def two_panels(
    submission: Submission, before: Array | Strided, after: Array | Strided
) -> tuple[Panel, Panel]:
    """The two images, from left to right."""
    panels = drawn_panels(submission, before, after)
    expect(
        len(panels) == 2,
        f"expected 2 images in the Figure, got {len(panels)}",
        f"Figure에 이미지가 2개 있어야 합니다. 있는 이미지: {len(panels)}개",
    )
    return panels[0], panels[1]


@pytest.mark.cell("test-compare-images", weight=2)
def test_compare_images_pixels(submission: Submission) -> None:
    """The image before is drawn first and the one after second, whole and the right way round, with their own
    pixels, each time anew, be they parts of larger images or not.

    변환 전 이미지를 먼저, 변환 후 이미지를 다음에, 뒤집거나 자르지 않고 각각의 픽셀 그대로, 부를 때마다 새로
    그립니다. 더 큰 이미지에서 잘라 낸 이미지도 마찬가지입니다.
    """
    small, large = numbers(79, 3, 4) / 7, numbers(80, 5, 2) / 7
    huge = 1e6 * numbers(78, 5, 2), 1e6 * numbers(77, 31, 40)
    for before, after, sent in (
        (small, large, (Strided(small), Strided(large, gaps=False))),
        (*huge, huge),  # the larger image first
    ):
        left, right = two_panels(submission, *sent)
        expect_result(left.seen.pixels, before)
        expect_result(right.seen.pixels, after)
        expect(
            left.seen.whole and right.seen.whole,
            "a part of an image is cut off",
            "이미지의 일부가 잘렸습니다",
        )


@pytest.mark.cell("test-compare-images")
def test_compare_images_side_by_side(submission: Submission) -> None:
    """The two images stand next to each other at the same height, each under a title.

    두 이미지는 같은 높이에 나란히 있고 각각 제목이 있습니다.
    """
    before, after = 1_000_000_007 * whole_numbers(73, 4, 4), whole_numbers(74, 4, 4)
    panels = two_panels(submission, before, after)
    left, right = (each.seen for each in panels)
    expect_result(left.pixels, before)
    expect_result(right.pixels, after)
    expect(
        right.left > left.right - 0.01 * max(right.right, 1),
        "the images should stand side by side",
        "두 이미지가 나란히 있어야 합니다",
    )
    shared = min(left.top, right.top) - max(left.bottom, right.bottom)
    lower = min(left.top - left.bottom, right.top - right.bottom)
    expect(
        shared > 0.5 * lower,
        "the images should stand at the same height",
        "두 이미지가 같은 높이에 있어야 합니다",
    )
    expect(all(each.titled for each in panels), "each image needs a title", "이미지마다 제목이 있어야 합니다")


@pytest.mark.cell("test-compare-images")
def test_compare_images_of_one_row(submission: Submission) -> None:
    """`compare_images` also draws images of a single row or column.

    `compare_images`는 행이나 열이 하나뿐인 이미지도 그립니다.
    """
    before, after = numbers(85, 1, 5), numbers(86, 4, 1)
    left, right = two_panels(submission, before, after)
    expect_result(left.seen.pixels, before)
    expect_result(right.seen.pixels, after)


@pytest.mark.cell("test-compare-images")
def test_compare_images_leaves_arguments(submission: Submission) -> None:
    """`compare_images` draws without changing the images.

    `compare_images`는 두 이미지를 바꾸지 않고 그립니다.
    """
    expect_unchanged(submission.compare_images, whole_numbers(75, 3, 5), whole_numbers(76, 4, 4))
    figure = expect_unchanged(submission.compare_images, numbers(75, 3, 5), numbers(76, 4, 4))
    expect(
        len(figure.axes) >= 1,
        "expected a Figure with an image on either side",
        "두 이미지가 나란히 있는 Figure를 반환해야 합니다",
    )
