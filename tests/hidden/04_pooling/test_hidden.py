"""Week 4, hidden: pooling, dropout, flatten, a convolution layer with channels, and the whole forward pass.

Sizes are pairwise distinct and no window divides its image, so that swapped axes, square windows and
forgotten borders show. Numbers are signed and in no order: a maximum started at 0, a padded 0 or the
window's last number taken for its largest give themselves away.
"""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from autograder.testing import (
    Strided,
    Submission,
    answers_kept,
    as_array,
    expect,
    expect_arguments_unchanged,
    expect_array,
    expect_raises,
    expect_unchanged,
)

Array = npt.NDArray[Any]

# A layer written in float32 (TensorFlow's default) is as right as one in float64.
LOOSE = {"rtol": 1e-5, "atol": 1e-5}

# Window (or kernel) and step: each an int or (rows, columns).
Cases = list[tuple[Any, Any]]
WINDOWS: Cases = [(3, 2), (2, 1), (2, 3), (3, None)]
OBLONG_WINDOWS: Cases = [((3, 2), (1, 2)), ((2, 4), None), ((1, 3), (2, 1)), ((4, 2), (1, 3)), ((1, 3), 1)]
SAME_WINDOWS: Cases = [(2, None), (3, 2), (4, 3), (3, 1), (3, 3)]
OBLONG_SAME_WINDOWS: Cases = [((2, 3), (1, 2)), ((3, 2), (2, 3)), ((1, 3), (1, 2)), ((3, 2), (3, 2))]
# Windows that no image of these tests holds: with 'same' there is room for any.
SAME_WINDOWS += [(9, 2)]
OBLONG_SAME_WINDOWS += [((2, 11), (3, 1))]


def _signed(*shape: int, seed: int) -> Array:
    """Numbers in [-10, 10), float64, with a fraction that float32 represents exactly."""
    return np.random.default_rng(seed).integers(-640, 640, size=shape) / 64


def _negative(*shape: int, seed: int) -> Array:
    """Numbers in [-21, -1), float64: the largest of them is below 0 and below a padded -1."""
    return -np.random.default_rng(seed).integers(65, 1344, size=shape) / 64


def _bytes(*shape: int, seed: int) -> Array:
    """Bright pixels, uint8: a window's sum does not fit into a byte."""
    return np.random.default_rng(seed).integers(100, 256, size=shape).astype(np.uint8)


def _generator(submission: Submission, seed: int) -> Any:
    """A `numpy.random.Generator` that lives where the submission does."""
    return submission.import_module("numpy").random.default_rng(seed)


def _expect_any_memory_order(pool: Any, expected: Any, seeds: tuple[int, ...], **close: float) -> None:
    """Images with gaps in memory, and column after column, are pooled like any others."""
    for seed in seeds:
        x = _signed(2, 28, 27, 3, seed=seed)
        for given in (Strided(x), Strided(x, gaps=False)):
            expect_array(pool(given, 3, 2), expected(x, 3, 2), **close)


def _expect_new_arrays(submission: Submission, name: str, pooled: Any, **close: float) -> None:
    """A pooling function returns arrays of its own, also where a window is a single pixel."""
    images = [_signed(2, 4, 3, 2, seed=seed) for seed in (101, 102)]
    for window, strides in ((1, None), (1, (2, 1)), (2, 1)):
        calls = [(x, window, strides) for x in images]
        for result, x in zip(answers_kept(submission, name, *calls, overwrite=True), images, strict=True):
            expect_array(result, pooled(x, window, strides), **close)


# Integers too large for a narrow type, all of one sign so that nothing cancels: float32 is exact enough.
LARGE = np.random.default_rng(103).integers(70_000, 4_000_000_000, size=(2, 5, 4, 3))


# -- max pooling


@pytest.mark.cell("test-max-pool-slide")
def test_max_pool_batch(submission: Submission, reference: Submission) -> None:
    """`max_pool_2d` pools every image and every channel on its own (axes: N, H, W, C).

    `max_pool_2d`는 이미지마다, 채널마다 따로 풀링합니다(축 순서: N, H, W, C).
    """
    for shape in ((5, 4, 6, 2), (7, 31, 36, 1)):
        x = _signed(*shape, seed=1)
        expect_array(submission.max_pool_2d(x), reference.max_pool_2d(x))


@pytest.mark.cell("test-max-pool-slide")
def test_max_pool_odd_negative(submission: Submission, reference: Submission) -> None:
    """`max_pool_2d` handles negative images of odd size: rows and columns that fill no window are left out.

    `max_pool_2d`는 크기가 홀수인 음수 이미지도 다룹니다. 창을 채우지 못하는 행과 열은 버립니다.
    """
    x = _negative(2, 7, 5, 3, seed=2)
    expect_array(submission.max_pool_2d(x), reference.max_pool_2d(x))


@pytest.mark.cell("test-max-pool-slide")
def test_max_pool_three(submission: Submission, reference: Submission) -> None:
    """`max_pool_2d` with a 3×3 window also steps by 3 when no stride is given.

    `max_pool_2d`는 창이 3×3이고 스트라이드를 주지 않으면 3칸씩 움직입니다.
    """
    x = _signed(2, 8, 10, 4, seed=3)
    expect_array(submission.max_pool_2d(x, 3), reference.max_pool_2d(x, 3))


@pytest.mark.cell("test-max-pool-slide")
def test_max_pool_dtype(submission: Submission, reference: Submission) -> None:
    """`max_pool_2d` keeps the dtype of its input.

    `max_pool_2d`는 입력의 dtype을 그대로 유지합니다.
    """
    for dtype in (np.uint8, np.int16, np.uint16, np.int32, np.uint64, np.float16, np.float32):
        x = _bytes(2, 6, 4, 3, seed=4).astype(dtype)
        expect_array(submission.max_pool_2d(x), reference.max_pool_2d(x), dtype=dtype)


@pytest.mark.cell("test-max-pool-strides")
@pytest.mark.parametrize("cases", [WINDOWS, OBLONG_WINDOWS], ids=["square", "oblong"])
def test_max_pool_strides(submission: Submission, reference: Submission, cases: Cases) -> None:
    """`max_pool_2d` moves by `strides`: windows overlap or leave gaps, and rows and columns may differ.

    `max_pool_2d`는 `strides`만큼 움직입니다. 창이 겹치거나 사이가 빌 수 있고, 행과 열이 다를 수도 있습니다.
    """
    images = (_signed(2, 9, 6, 3, seed=5), _signed(3, 6, 11, 1, seed=6), _signed(1, 4, 4, 2, seed=10))
    for (size, strides), x in itertools.product(cases, images):
        expect_array(submission.max_pool_2d(x, size, strides), reference.max_pool_2d(x, size, strides))


@pytest.mark.cell("test-max-pool-strides")
def test_max_pool_leaves_input_alone(submission: Submission, reference: Submission) -> None:
    """`max_pool_2d` does not change the array that it is given.

    `max_pool_2d`는 받은 배열을 바꾸지 않습니다.
    """
    fractions = _signed(2, 6, 7, 3, seed=7)
    for x in (fractions, (64 * fractions).astype(np.int64)):
        actual = expect_arguments_unchanged(submission.max_pool_2d, x, 2, 1)
        expect_array(actual, reference.max_pool_2d(x, 2, 1))


@pytest.mark.cell("test-max-pool-same")
@pytest.mark.parametrize("cases", [SAME_WINDOWS, OBLONG_SAME_WINDOWS], ids=["square", "oblong"])
def test_max_pool_same(submission: Submission, reference: Submission, cases: Cases) -> None:
    """`max_pool_2d` with 'same' places its windows as Keras does, and never takes padding for the maximum.

    `max_pool_2d`는 'same'에서 Keras와 같은 자리에 창을 놓고, 덧댄 칸을 최댓값으로 고르지 않습니다.
    """
    x = _negative(2, 8, 5, 3, seed=8)
    for size, strides in cases:
        actual = submission.max_pool_2d(x, size, strides, padding="same")
        expect_array(actual, reference.max_pool_2d(x, size, strides, padding="same"))


@pytest.mark.cell("test-max-pool-same")
def test_max_pool_same_dtype(submission: Submission, reference: Submission) -> None:
    """`max_pool_2d` keeps an integer dtype with 'same' padding too.

    `max_pool_2d`는 'same' 패딩에서도 정수 dtype을 그대로 유지합니다.
    """
    for dtype in (np.uint8, np.int32):
        x = _bytes(1, 5, 3, 2, seed=9).astype(dtype)
        actual = submission.max_pool_2d(x, 2, padding="same")
        expect_array(actual, reference.max_pool_2d(x, 2, padding="same"), dtype=dtype)


@pytest.mark.cell("test-max-pool-strides")
def test_max_pool_any_memory_order(submission: Submission, reference: Submission) -> None:
    """`max_pool_2d` reads elements, however they lie in memory, of one input after another.

    `max_pool_2d`는 메모리에 어떻게 놓여 있든 원소를 읽으며, 입력이 바뀌면 결과도 바뀝니다.
    """
    _expect_any_memory_order(submission.max_pool_2d, reference.max_pool_2d, seeds=(91, 92))


@pytest.mark.cell("test-max-pool-slide")
def test_max_pool_keeps_wide_values(submission: Submission, reference: Submission) -> None:
    """`max_pool_2d` keeps values and dtype of very large integers, negative ones too.

    `max_pool_2d`는 아주 큰 정수와 음의 정수도 값과 dtype을 그대로 둡니다.
    """
    for x in (LARGE, -LARGE):
        for padding in ("valid", "same"):
            actual = submission.max_pool_2d(x, 3, 2, padding)
            expected = reference.max_pool_2d(x, 3, 2, padding)
            expect_array(actual, expected, dtype=x.dtype, rtol=1e-5)


@pytest.mark.cell("test-max-pool-same")
def test_max_pool_same_far_below_zero(submission: Submission, reference: Submission) -> None:
    """`max_pool_2d` with 'same' never takes padding for the maximum, however far below 0 the values lie.

    `max_pool_2d`는 값이 0보다 아무리 작아도 'same'에서 덧댄 칸을 최댓값으로 고르지 않습니다.
    """
    for scale in (1e2, 1e4, 1e12):
        x = scale * _negative(2, 5, 4, 3, seed=104)
        actual = submission.max_pool_2d(x, 2, padding="same")
        expect_array(actual, reference.max_pool_2d(x, 2, padding="same"), rtol=1e-5)
    x = -(2**41) - 2**34 * LARGE % 2**40  # whole numbers, too
    expected = reference.max_pool_2d(x, 3, padding="same")
    expect_array(submission.max_pool_2d(x, 3, padding="same"), expected, dtype=x.dtype, rtol=1e-5)


@pytest.mark.cell("test-max-pool-strides")
def test_max_pool_one_row(submission: Submission, reference: Submission) -> None:
    """`max_pool_2d` keeps all four axes when one row, one column, one image or one channel is left.

    `max_pool_2d`는 행, 열, 이미지, 채널이 하나만 남아도 네 축을 모두 유지합니다.
    """
    for shape, size in (((2, 1, 5, 3), (1, 2)), ((2, 5, 1, 3), (2, 1)), ((1, 3, 3, 1), 3)):
        x = _signed(*shape, seed=105)
        for padding in ("valid", "same"):
            actual = submission.max_pool_2d(x, size, padding=padding)
            expect_array(actual, reference.max_pool_2d(x, size, padding=padding))


@pytest.mark.cell("test-max-pool-strides")
def test_max_pool_returns_a_new_array(submission: Submission, reference: Submission) -> None:
    """`max_pool_2d` returns a new array each time: no part of its argument, and not the array from before.

    `max_pool_2d`는 매번 새 배열을 반환합니다. 인자의 일부도 아니고, 앞서 반환한 배열도 아닙니다.
    """
    _expect_new_arrays(submission, "max_pool_2d", reference.max_pool_2d)


# -- average pooling


@pytest.mark.cell("test-avg-pool-mean")
def test_avg_pool_batch(submission: Submission, reference: Submission) -> None:
    """`avg_pool_2d` averages every image and every channel on its own; odd rows and columns are left out.

    `avg_pool_2d`는 이미지마다, 채널마다 따로 평균을 내고, 창을 채우지 못하는 행과 열은 버립니다.
    """
    x = _signed(5, 7, 9, 2, seed=11)
    expect_array(submission.avg_pool_2d(x), reference.avg_pool_2d(x), dtype=np.float64, **LOOSE)


@pytest.mark.cell("test-avg-pool-mean")
@pytest.mark.parametrize("cases", [WINDOWS, OBLONG_WINDOWS], ids=["square", "oblong"])
def test_avg_pool_strides(submission: Submission, reference: Submission, cases: Cases) -> None:
    """`avg_pool_2d` divides by the window's own number of cells and moves by `strides`.

    `avg_pool_2d`는 창 자신의 칸 수로 나누고 `strides`만큼 움직입니다.
    """
    images = (_signed(2, 10, 6, 3, seed=12), _signed(1, 5, 8, 2, seed=13))
    for (size, strides), x in itertools.product(cases, images):
        actual = submission.avg_pool_2d(x, size, strides)
        expect_array(actual, reference.avg_pool_2d(x, size, strides), **LOOSE)


@pytest.mark.cell("test-avg-pool-mean")
def test_avg_pool_dtype(submission: Submission, reference: Submission) -> None:
    """`avg_pool_2d` gives exact fractions in float64 for any dtype, and bright bytes do not overflow.

    `avg_pool_2d`는 어떤 dtype이든 정확한 평균을 float64로 반환하고, 밝은 uint8 픽셀에서도 넘치지 않습니다.
    """
    for dtype in (np.uint8, np.int16, np.int64, np.float16, np.float32):
        x = _bytes(2, 6, 4, 3, seed=14).astype(dtype)
        expect_array(submission.avg_pool_2d(x), reference.avg_pool_2d(x), dtype=np.float64, **LOOSE)
        actual = submission.avg_pool_2d(x, 3, 2, "same")
        expect_array(actual, reference.avg_pool_2d(x, 3, 2, "same"), dtype=np.float64, **LOOSE)


@pytest.mark.cell("test-avg-pool-mean")
def test_avg_pool_leaves_input_alone(submission: Submission, reference: Submission) -> None:
    """`avg_pool_2d` does not change the array that it is given.

    `avg_pool_2d`는 받은 배열을 바꾸지 않습니다.
    """
    fractions = _signed(2, 5, 7, 3, seed=15)
    for x in (fractions, (64 * fractions).astype(np.int64)):
        actual = expect_arguments_unchanged(submission.avg_pool_2d, x, 2, 1)
        expect_array(actual, reference.avg_pool_2d(x, 2, 1), **LOOSE)


@pytest.mark.cell("test-avg-pool-same")
@pytest.mark.parametrize("cases", [SAME_WINDOWS, OBLONG_SAME_WINDOWS], ids=["square", "oblong"])
def test_avg_pool_same(submission: Submission, reference: Submission, cases: Cases) -> None:
    """`avg_pool_2d` with 'same' averages only the cells inside the image, with windows placed as in Keras.

    `avg_pool_2d`는 'same'에서 Keras와 같은 자리에 창을 놓고 이미지 안의 칸만으로 평균을 냅니다.
    """
    x = _signed(2, 8, 5, 3, seed=16)
    for size, strides in cases:
        actual = submission.avg_pool_2d(x, size, strides, padding="same")
        expect_array(actual, reference.avg_pool_2d(x, size, strides, padding="same"), **LOOSE)


@pytest.mark.cell("test-avg-pool-same")
def test_avg_pool_same_black_pixels(submission: Submission, reference: Submission) -> None:
    """`avg_pool_2d` with 'same' counts black pixels of the image: only cells outside are left out.

    `avg_pool_2d`는 'same'에서 이미지 안의 검은 픽셀(0)도 셉니다. 빼는 것은 이미지 밖의 칸뿐입니다.
    """
    x = _signed(1, 7, 5, 2, seed=17)
    x[np.abs(x) < 5] = 0
    actual = submission.avg_pool_2d(x, 3, 2, padding="same")
    expect_array(actual, reference.avg_pool_2d(x, 3, 2, padding="same"), **LOOSE)


@pytest.mark.cell("test-avg-pool-mean")
def test_avg_pool_any_memory_order(submission: Submission, reference: Submission) -> None:
    """`avg_pool_2d` reads elements, however they lie in memory, of one input after another.

    `avg_pool_2d`는 메모리에 어떻게 놓여 있든 원소를 읽으며, 입력이 바뀌면 결과도 바뀝니다.
    """
    _expect_any_memory_order(submission.avg_pool_2d, reference.avg_pool_2d, seeds=(93, 94), **LOOSE)


@pytest.mark.cell("test-avg-pool-mean")
def test_avg_pool_of_any_numbers(submission: Submission, reference: Submission) -> None:
    """`avg_pool_2d` is right for very large integers, tiny numbers, int8, and True and False.

    `avg_pool_2d`는 아주 큰 정수, 아주 작은 수, int8, True와 False에도 올바른 평균을 냅니다.
    """
    small = (LARGE % 100 + 27).astype(np.int8)
    for x in (LARGE, -LARGE, LARGE * 1e-16, small, -small, LARGE % 5 == 0):
        for padding in ("valid", "same"):
            actual = submission.avg_pool_2d(x, 3, 2, padding)
            expected = reference.avg_pool_2d(x, 3, 2, padding)
            expect_array(actual, expected, dtype=np.float64, rtol=1e-5, atol=1e-12)


@pytest.mark.cell("test-avg-pool-mean")
def test_avg_pool_one_row(submission: Submission, reference: Submission) -> None:
    """`avg_pool_2d` keeps all four axes when one row, one column, one image or one channel is left.

    `avg_pool_2d`는 행, 열, 이미지, 채널이 하나만 남아도 네 축을 모두 유지합니다.
    """
    for shape, size in (((2, 1, 5, 3), (1, 2)), ((2, 5, 1, 3), (2, 1)), ((1, 3, 3, 1), 3)):
        x = _signed(*shape, seed=106)
        for padding in ("valid", "same"):
            actual = submission.avg_pool_2d(x, size, padding=padding)
            expect_array(actual, reference.avg_pool_2d(x, size, padding=padding), **LOOSE)


@pytest.mark.cell("test-avg-pool-mean")
def test_avg_pool_returns_a_new_array(submission: Submission, reference: Submission) -> None:
    """`avg_pool_2d` returns a new array each time: no part of its argument, and not the array from before.

    `avg_pool_2d`는 매번 새 배열을 반환합니다. 인자의 일부도 아니고, 앞서 반환한 배열도 아닙니다.
    """
    _expect_new_arrays(submission, "avg_pool_2d", reference.avg_pool_2d, **LOOSE)


# -- dropout


def _values(*shape: int, seed: int) -> Array:
    """Signed float64 numbers, none of them 0, so that a 0 that comes back was switched off."""
    rng = np.random.default_rng(seed)
    return rng.choice([-1.0, 1.0], size=shape) * rng.uniform(0.5, 2.0, size=shape)


def _switched_off(submission: Submission, x: Array, rate: float, generator: Any) -> npt.NDArray[np.bool_]:
    """Where `dropout` in training put a 0; the result must be an array like `x`."""
    after = as_array(submission.dropout(x, rate, True, generator))
    expect(
        after.shape == x.shape,
        f"expected shape {x.shape} as the input's, got {after.shape}",
        f"입력과 같은 모양이어야 합니다. 기대한 모양: {x.shape}, 돌아온 모양: {after.shape}",
    )
    return np.asarray(after == 0)


def _share(mask: npt.NDArray[np.bool_]) -> float:
    return float(np.mean(mask))


@pytest.mark.cell("test-dropout-inference")
def test_dropout_predicting(submission: Submission) -> None:
    """`dropout` changes nothing when it predicts, whatever the rate: neither `x` nor the global generator.

    `dropout`은 예측할 때 비율이 얼마든 `x`도 전역 생성기도, 아무것도 바꾸지 않습니다.
    """
    x = _values(4, 5, 3, 2, seed=21)
    for rate in (0.25, 0.8):
        expect_array(expect_unchanged(submission.dropout, x, rate, False, _generator(submission, 7)), x)


@pytest.mark.cell("test-dropout-inference")
def test_dropout_rate_zero(submission: Submission) -> None:
    """`dropout` changes nothing at rate 0, in training too.

    `dropout`은 비율이 0이면 학습할 때도 아무것도 바꾸지 않습니다.
    """
    x = _values(60, 300, seed=22)
    expect_array(submission.dropout(x, 0.0, True, _generator(submission, 8)), x)


@pytest.mark.cell("test-dropout-training")
def test_dropout_share(submission: Submission) -> None:
    """`dropout` in training switches off the share `rate` of many values: 0.25 means that a quarter goes.

    `dropout`은 학습할 때 많은 값 중 `rate`만큼을 끕니다. 0.25면 4분의 1이 꺼집니다.
    """
    for rate in (0.25, 0.8):
        x = _values(60, 150, seed=23)
        shares = [
            _share(_switched_off(submission, x, rate, _generator(submission, seed))) for seed in range(4)
        ]
        off = shares[0]
        expect(
            abs(off - rate) < 0.04,
            f"at rate {rate} about {rate:.0%} should be 0, it was {off:.1%}",
            f"비율이 {rate}이면 약 {rate:.0%}가 0이어야 합니다. 0인 값: {off:.1%}",
        )
        expect(
            len(set(shares)) > 1,
            f"at rate {rate} the same number of values is 0 each time, though each has its own chance",
            f"비율이 {rate}일 때 매번 같은 개수가 0입니다. 값마다 따로 정해야 합니다",
        )


@pytest.mark.cell("test-dropout-training")
def test_dropout_survivors(submission: Submission) -> None:
    """`dropout` in training enlarges every value that stays by 1 / (1 - rate), signs kept, also where `x`
    is a part of a larger array.

    `dropout`은 학습할 때 남은 값을 모두 1 / (1 - rate)배로 키우고 부호는 유지합니다. `x`가 더 큰 배열에서
    잘라 낸 배열이어도 마찬가지입니다.
    """
    x = _values(30, 7, 5, seed=24)
    x[::4] = 0  # as after a ReLU
    for rate in (0.2, 0.75, 0.97):
        after = submission.dropout(Strided(x, gaps=rate < 0.9), rate, True, _generator(submission, 9))
        expect_array(after, np.where(np.asarray(after) == 0, 0.0, x / (1 - rate)), **LOOSE)
    for size in (1e-9, 1e9):
        after = submission.dropout(size * x, 0.5, True, _generator(submission, 9))
        expect_array(after, np.where(np.asarray(after) == 0, 0.0, 2 * size * x), rtol=1e-5, atol=0)


@pytest.mark.cell("test-dropout-training")
def test_dropout_each_value_alone(submission: Submission) -> None:
    """`dropout` decides about each value on its own: not for whole rows, images, channels or the batch, and
    not again as for values before.

    `dropout`은 값 하나하나를 따로 정합니다. 행, 이미지, 채널, 배치를 통째로 끄지 않고, 앞의 값들에 내린
    결정을 되풀이하지도 않습니다.
    """
    off = _switched_off(submission, _values(12, 8, 9, 10, seed=25), 0.5, _generator(submission, 10))
    kinds = (("images", "이미지"), ("rows", "행"), ("columns", "열"), ("channels", "채널"))
    for axis, (what, korean) in enumerate(kinds):
        size = off.shape[axis]
        alike = _share(off.take(range(size - 1), axis) == off.take(range(1, size), axis))
        expect(
            0.4 < alike < 0.6,
            f"at rate 0.5 two neighbouring {what} should share their fate in about half of the cells, "
            f"it was {alike:.1%}",
            f"비율이 0.5이면 이웃한 두 {korean}에서 함께 꺼지거나 함께 남는 칸이 절반쯤이어야 합니다. "
            f"그런 칸: {alike:.1%}",
        )
    for shape in ((12, 8, 9, 10), (4000,)):
        off = _switched_off(submission, _values(*shape, seed=25), 0.5, _generator(submission, 10))
        signs = np.where(off, 1.0, -1.0).ravel()
        # How the decisions go together with those a number of places further on, for every such number.
        together = np.fft.irfft(np.abs(np.fft.rfft(signs)) ** 2, signs.size)[1:] / signs.size
        expect(
            np.abs(together).max() < 0.25,
            "the same decisions come again after some values",
            "몇 개의 값 뒤에 같은 결정이 되풀이됩니다",
        )


@pytest.mark.cell("test-dropout-training")
def test_dropout_generator_decides(submission: Submission) -> None:
    """`dropout` draws from the generator it is given: equal seeds give equal results, other seeds others.

    `dropout`은 받은 생성기에서 난수를 뽑습니다. 시드가 같으면 결과가 같고, 시드가 다르면 결과도 다릅니다.
    """
    x = _values(20, 30, seed=26)
    first = _switched_off(submission, x, 0.5, _generator(submission, 11))
    again = _switched_off(submission, x, 0.5, _generator(submission, 11))
    other = _switched_off(submission, x, 0.5, _generator(submission, 12))
    expect(
        np.array_equal(first, again),
        "two generators with the same seed should switch off the same values",
        "시드가 같은 두 생성기는 같은 값을 꺼야 합니다",
    )
    expect(
        _share(first == other) < 0.8,
        "generators with different seeds should switch off different values",
        "시드가 다른 생성기는 다른 값을 꺼야 합니다",
    )


@pytest.mark.cell("test-dropout-training")
def test_dropout_draws_afresh(submission: Submission) -> None:
    """`dropout` draws afresh in every call with the same generator.

    `dropout`은 같은 생성기로 다시 부르면 매번 새로 뽑습니다.
    """
    x, generator = _values(20, 30, seed=27), _generator(submission, 13)
    first = _switched_off(submission, x, 0.5, generator)
    second = _switched_off(submission, x, 0.5, generator)
    expect(
        _share(first == second) < 0.8,
        "the second call should switch off other values than the first",
        "두 번째 호출은 첫 번째와 다른 값을 꺼야 합니다",
    )


@pytest.mark.cell("test-dropout-training")
def test_dropout_leaves_the_rest_alone(submission: Submission) -> None:
    """`dropout` changes neither the array that it is given nor NumPy's global random state.

    `dropout`은 받은 배열도, NumPy의 전역 난수 상태도 바꾸지 않습니다.
    """
    x = _values(5, 6, 7, seed=28)
    after = expect_unchanged(submission.dropout, x, 0.5, True, _generator(submission, 14))
    expect_array(after, np.where(np.asarray(after) == 0, 0.0, x * 2), **LOOSE)


@pytest.mark.cell("test-dropout-rate")
@pytest.mark.parametrize("rate", [1.0, 1.5, -0.25], ids=["one", "above", "below"])
def test_dropout_refuses_rate(submission: Submission, rate: float) -> None:
    """`dropout` raises a ValueError that names `rate` unless 0 ≤ rate < 1.

    `dropout`은 0 ≤ rate < 1이 아니면 `rate`를 언급하는 ValueError를 일으킵니다.
    """
    expect_raises(
        submission.dropout, _values(4, 3, seed=29), rate, True, _generator(submission, 15), names="rate"
    )


@pytest.mark.cell("test-dropout-rate")
def test_dropout_refuses_rate_when_predicting(submission: Submission) -> None:
    """`dropout` refuses an impossible rate when it predicts, too: a mistake should not wait for training.

    `dropout`은 예측할 때도 불가능한 비율을 거부합니다. 실수는 학습 때까지 숨어 있으면 안 됩니다.
    """
    expect_raises(
        submission.dropout, _values(4, 3, seed=30), 1.25, False, _generator(submission, 16), names="rate"
    )


@pytest.mark.cell("test-dropout-training")
def test_dropout_small_rates_and_few_values(submission: Submission) -> None:
    """`dropout` knows rates of less than a percent, and gives each of a few values its own chance.

    `dropout`은 1%보다 작은 비율도 지키고, 값이 몇 개뿐일 때도 하나하나에 기회를 줍니다.
    """
    off = _share(_switched_off(submission, _values(250, 200, seed=32), 0.004, _generator(submission, 18)))
    expect(
        0.002 < off < 0.006,
        f"at rate 0.004 about 0.4% should be 0, it was {off:.2%}",
        f"비율이 0.004이면 약 0.4%가 0이어야 합니다. 0인 값: {off:.2%}",
    )
    x, generator = _values(1, 2, 1, seed=33), _generator(submission, 19)
    counts = [int(np.sum(_switched_off(submission, x, 0.4, generator))) for _ in range(60)]
    # Of two values none, one and both are switched off in 36, 48 and 16 of 100 calls.
    for count in (0, 1, 2):
        expect(
            count in counts,
            f"in 60 calls at rate 0.4, never were {count} of 2 values switched off",
            f"비율 0.4로 60번 호출하는 동안 값 2개 중 {count}개가 꺼진 적이 없습니다",
        )


@pytest.mark.cell("test-dropout-training")
def test_dropout_keeps_earlier_results(submission: Submission) -> None:
    """What `dropout` returned stays as it was when the function is called again.

    `dropout`을 다시 불러도 앞서 반환한 결과는 그대로 남습니다.
    """
    batches = [_values(6, 5, seed=seed) for seed in (34, 35)]
    generator = _generator(submission, 20)
    kept = answers_kept(submission, "dropout", *[(x, 0.5, True, generator) for x in batches])
    for after, x in zip(kept, batches, strict=True):
        expect_array(after, np.where(np.asarray(after) == 0, 0.0, x * 2), **LOOSE)


@pytest.mark.cell("test-dropout-rate")
def test_dropout_accepts_rates_close_to_one(submission: Submission) -> None:
    """`dropout` accepts a rate as close to 1 as 0.9995.

    `dropout`은 0.9995처럼 1에 아주 가까운 비율도 받아들입니다.
    """
    off = _share(_switched_off(submission, _values(200, 200, seed=36), 0.9995, _generator(submission, 21)))
    expect(
        0.998 < off < 1,
        f"at rate 0.9995 about 99.95% should be 0, it was {off:.3%}",
        f"비율이 0.9995이면 약 99.95%가 0이어야 합니다. 0인 값: {off:.3%}",
    )


@pytest.mark.cell("test-dropout-rate")
def test_dropout_accepts_high_rate(submission: Submission) -> None:
    """`dropout` accepts every rate below 1, even when nearly everything is switched off.

    `dropout`은 거의 모든 값이 꺼지더라도 1보다 작은 비율이면 받아들입니다.
    """
    off = _share(_switched_off(submission, _values(50, 40, seed=31), 0.97, _generator(submission, 17)))
    expect(
        0.93 < off < 0.999,
        f"at rate 0.97 about 97% should be 0, it was {off:.1%}",
        f"비율이 0.97이면 약 97%가 0이어야 합니다. 0인 값: {off:.1%}",
    )


# -- flatten


@pytest.mark.cell("test-flatten")
@pytest.mark.parametrize(
    "shapes",
    [[(3, 4, 5, 2), (1, 2, 3, 4), (6, 1, 3, 2)], [(5, 3, 4), (4, 7), (2, 3, 2, 4, 5)]],
    ids=["images", "any-axes"],
)
def test_flatten_shapes(submission: Submission, shapes: list[tuple[int, ...]]) -> None:
    """`flatten` makes one row of each image, last axis fastest, for any number of axes and images.

    `flatten`은 축과 이미지가 몇 개든 이미지마다 한 줄을 만들고, 마지막 축이 가장 빨리 변합니다.
    """
    for shape in shapes:
        x = _signed(*shape, seed=41)
        expect_array(submission.flatten(x), x.reshape(shape[0], int(np.prod(shape[1:]))), **LOOSE)


@pytest.mark.cell("test-flatten")
def test_flatten_leaves_input_alone(submission: Submission) -> None:
    """`flatten` does not change the array that it is given, nor its shape.

    `flatten`은 받은 배열의 값도 모양도 바꾸지 않습니다.
    """
    fractions = _signed(4, 3, 5, 2, seed=42)
    for x in (fractions, (64 * fractions).astype(np.int64)):
        expect_array(expect_unchanged(submission.flatten, x), x.reshape(4, 30), **LOOSE)


@pytest.mark.cell("test-flatten")
def test_flatten_any_memory_order(submission: Submission, reference: Submission) -> None:
    """`flatten` reads elements, however they lie in memory, of one input after another.

    `flatten`은 메모리에 어떻게 놓여 있든 원소를 읽으며, 입력이 바뀌면 결과도 바뀝니다.
    """
    for seed in (95, 96):
        x = _signed(3, 12, 11, 4, seed=seed)
        for given in (Strided(x), Strided(x, gaps=False)):
            expect_array(submission.flatten(given), x.reshape(3, 528), **LOOSE)


@pytest.mark.cell("test-flatten")
def test_flatten_keeps_wide_values(submission: Submission) -> None:
    """`flatten` keeps the values of large integers and of bytes, and both axes of a single value.

    `flatten`은 큰 정수와 바이트의 값을 그대로 두고, 값이 하나뿐이어도 두 축을 유지합니다.
    """
    for x in (LARGE, -LARGE, LARGE % 256, (LARGE % 256).astype(np.uint8), LARGE[:1, :1, :1, :1]):
        expect_array(submission.flatten(x), x.reshape(len(x), -1), rtol=1e-5)


@pytest.mark.cell("test-flatten")
def test_flatten_keeps_earlier_rows(submission: Submission) -> None:
    """What `flatten` returned stays as it was when the function is called again.

    `flatten`을 다시 불러도 앞서 반환한 결과는 그대로 남습니다.
    """
    batches = [_signed(2, 3, 2, 2, seed=seed) for seed in (43, 44)]
    for rows, x in zip(answers_kept(submission, "flatten", *[(x,) for x in batches]), batches, strict=True):
        expect_array(rows, x.reshape(2, 12), **LOOSE)


# -- a convolution layer


@pytest.mark.cell("test-conv2d-layer-channels")
def test_conv2d_layer_general(submission: Submission, reference: Submission) -> None:
    """`conv2d_layer` handles several images, channels and filters with a kernel that is not square.

    `conv2d_layer`는 정사각형이 아닌 커널로 여러 이미지, 채널, 필터를 다룹니다.
    """
    for x, shape in (
        (_signed(2, 5, 7, 3, seed=51), (3, 2, 3, 4)),
        (_signed(3, 8, 6, 2, seed=52), (2, 4, 2, 5)),
        (_signed(5, 30, 33, 1, seed=52), (1, 2, 1, 1)),
    ):
        kernels, bias = _signed(*shape, seed=53), _signed(shape[-1], seed=54)
        actual = submission.conv2d_layer(x, kernels, bias)
        expect_array(actual, reference.conv2d_layer(x, kernels, bias), **LOOSE)


@pytest.mark.cell("test-conv2d-layer-channels")
def test_conv2d_layer_square(submission: Submission, reference: Submission) -> None:
    """`conv2d_layer` takes the kernel as it is: not flipped, not transposed, channels before filters.

    `conv2d_layer`는 커널을 있는 그대로 씁니다. 뒤집거나 전치하지 않고, 축 순서는 채널 다음이 필터입니다.
    """
    x, bias = _signed(2, 6, 6, 3, seed=55), _signed(3, seed=57)
    for kernels in (_signed(3, 3, 3, 3, seed=56), _signed(1, 1, 3, 3, seed=56)):
        actual = submission.conv2d_layer(x, kernels, bias)
        expect_array(actual, reference.conv2d_layer(x, kernels, bias), **LOOSE)


@pytest.mark.cell("test-conv2d-layer-channels")
def test_conv2d_layer_one_channel_counts(submission: Submission, reference: Submission) -> None:
    """`conv2d_layer` multiplies each channel by its own slice of the kernel.

    `conv2d_layer`는 채널마다 커널에서 자기 몫의 가중치를 곱합니다.
    """
    kernels, bias = _signed(2, 3, 3, 2, seed=59), np.zeros(2)
    for channel in (0, 2):
        x = np.zeros((1, 4, 5, 3))
        x[..., channel] = _signed(1, 4, 5, seed=58)
        actual = submission.conv2d_layer(x, kernels, bias)
        expect_array(actual, reference.conv2d_layer(x, kernels, bias), **LOOSE)


@pytest.mark.cell("test-conv2d-layer-channels")
def test_conv2d_layer_bytes(submission: Submission, reference: Submission) -> None:
    """`conv2d_layer` multiplies uint8 images by fractional weights without cutting off or overflowing.

    `conv2d_layer`는 uint8 이미지에 소수 가중치를 곱해도 소수를 버리거나 넘치지 않습니다.
    """
    x, kernels, bias = _bytes(1, 5, 4, 2, seed=60), _signed(2, 2, 2, 3, seed=61) / 8, _signed(3, seed=62)
    actual = submission.conv2d_layer(x, kernels, bias)
    expect_array(actual, reference.conv2d_layer(x, kernels, bias), rtol=1e-4, atol=1e-3)


@pytest.mark.cell("test-conv2d-layer-filters")
def test_conv2d_layer_bias_once(submission: Submission) -> None:
    """`conv2d_layer` adds to every cell of a map the bias of its own filter, once.

    `conv2d_layer`는 특징 맵의 모든 칸에 그 필터의 편향을 한 번만 더합니다.
    """
    x, bias = _signed(2, 5, 4, 3, seed=63), np.array([2.5, -3.0, 0.75, 8.0])
    actual = submission.conv2d_layer(x, np.zeros((2, 3, 3, 4)), bias)
    expect_array(actual, np.broadcast_to(bias, (2, 4, 2, 4)), **LOOSE)


@pytest.mark.cell("test-conv2d-layer-filters")
def test_conv2d_layer_negative_stays(submission: Submission, reference: Submission) -> None:
    """`conv2d_layer` has no activation: negative sums stay as they are.

    `conv2d_layer`에는 활성화 함수가 없습니다. 음수인 합도 그대로 남습니다.
    """
    x, kernels, bias = -_negative(1, 4, 6, 2, seed=64), _negative(2, 3, 2, 3, seed=65), _negative(3, seed=66)
    expect_array(submission.conv2d_layer(x, kernels, bias), reference.conv2d_layer(x, kernels, bias), **LOOSE)


@pytest.mark.cell("test-conv2d-layer-filters")
def test_conv2d_layer_images_apart(submission: Submission, reference: Submission) -> None:
    """`conv2d_layer` treats each image of the batch on its own and changes none of its arguments.

    `conv2d_layer`는 배치의 이미지를 따로따로 다루고 인자를 바꾸지 않습니다.
    """
    x, kernels, bias = _signed(4, 3, 5, 2, seed=67), _signed(2, 2, 2, 3, seed=68), _signed(3, seed=69)
    for scale in (1, 64):  # fractions, and whole numbers
        given = [(scale * part).astype(float if scale == 1 else np.int64) for part in (x, kernels, bias)]
        actual = expect_arguments_unchanged(submission.conv2d_layer, *given)
        expect_array(actual, reference.conv2d_layer(*given), **LOOSE)


@pytest.mark.cell("test-conv2d-layer-strides")
@pytest.mark.parametrize("cases", [(2, 3), ((1, 2), (3, 1))], ids=["int", "pair"])
def test_conv2d_layer_strides(submission: Submission, reference: Submission, cases: tuple[Any, ...]) -> None:
    """`conv2d_layer` moves its window by `strides` and leaves out windows that are not whole.

    `conv2d_layer`는 창을 `strides`만큼 움직이고 온전하지 않은 창은 버립니다.
    """
    x, kernels, bias = _signed(2, 9, 7, 2, seed=71), _signed(2, 3, 2, 3, seed=72), _signed(3, seed=73)
    for strides in cases:
        actual = submission.conv2d_layer(x, kernels, bias, strides)
        expect_array(actual, reference.conv2d_layer(x, kernels, bias, strides), **LOOSE)


@pytest.mark.cell("test-conv2d-layer-strides")
@pytest.mark.parametrize(
    "cases",
    [
        [((3, 3), 1), ((2, 4), 1), ((1, 1), 1)],
        [((3, 2), 2), ((5, 3), (2, 3)), ((2, 3), 3), ((1, 2), 3), ((3, 9), 2)],
    ],
    ids=["step-one", "larger-steps"],
)
def test_conv2d_layer_same(submission: Submission, reference: Submission, cases: Cases) -> None:
    """`conv2d_layer` with 'same' adds zeros by Keras's rule, for even and small kernels and larger steps too.

    `conv2d_layer`는 'same'에서 짝수 커널이나 작은 커널, 큰 스트라이드에도 Keras의 규칙대로 0을 덧댑니다.
    """
    x, bias = _signed(2, 8, 7, 2, seed=74), _signed(3, seed=75)
    for size, strides in cases:
        kernels = _signed(*size, 2, 3, seed=76)
        actual = submission.conv2d_layer(x, kernels, bias, strides, "same")
        expect_array(actual, reference.conv2d_layer(x, kernels, bias, strides, "same"), **LOOSE)


@pytest.mark.cell("test-conv2d-layer-channels")
def test_conv2d_layer_any_memory_order(submission: Submission, reference: Submission) -> None:
    """`conv2d_layer` reads elements, however they lie in memory, of one input after another.

    `conv2d_layer`는 메모리에 어떻게 놓여 있든 원소를 읽으며, 입력이 바뀌면 결과도 바뀝니다.
    """
    for seed in (97, 98):
        x = _signed(2, 13, 12, 3, seed=seed)
        kernels, bias = _signed(3, 2, 3, 4, seed=seed + 10), _signed(4, seed=seed + 20)
        for gaps in (True, False):
            actual = submission.conv2d_layer(Strided(x, gaps), Strided(kernels, gaps), bias)
            expect_array(actual, reference.conv2d_layer(x, kernels, bias), **LOOSE)


@pytest.mark.cell("test-conv2d-layer-channels")
def test_conv2d_layer_whole_numbers(submission: Submission, reference: Submission) -> None:
    """`conv2d_layer` takes whole numbers of any size in images, kernels and bias, and keeps fractions of the
    others.

    `conv2d_layer`는 이미지, 커널, 편향에 어떤 크기의 정수든 받고, 나머지의 소수를 유지합니다.
    """
    kernels = np.arange(1, 25).reshape(2, 2, 3, 2)
    for x, scale in ((LARGE, 1), (LARGE % 200, 200_000_000), ((LARGE % 256).astype(np.uint8), 1)):
        bias = np.array([3, 700_000])
        actual = submission.conv2d_layer(x, kernels * scale, bias)
        expect_array(actual, reference.conv2d_layer(x, kernels * scale, bias), rtol=1e-5)
    pixels = (LARGE % 256).astype(np.uint8)
    actual = submission.conv2d_layer(pixels, kernels / 512, np.array([3, 1]))
    expect_array(actual, reference.conv2d_layer(pixels, kernels / 512, np.array([3, 1])), rtol=1e-5)
    weights = np.where(kernels % 3 == 0, -kernels, kernels)
    expected = reference.conv2d_layer(pixels, weights, np.array([0.25, -0.5]))
    expect_array(submission.conv2d_layer(pixels, weights, np.array([0.25, -0.5])), expected, rtol=1e-5)
    actual = submission.conv2d_layer(pixels / 256, weights, bias)
    expect_array(actual, reference.conv2d_layer(pixels / 256, weights, bias), rtol=1e-5)


@pytest.mark.cell("test-conv2d-layer-filters")
def test_conv2d_layer_one_row(submission: Submission, reference: Submission) -> None:
    """`conv2d_layer` keeps all four axes when one row, one column, one image or one filter is left.

    `conv2d_layer`는 행, 열, 이미지, 필터가 하나만 남아도 네 축을 모두 유지합니다.
    """
    for shape, kernel in (
        ((2, 3, 5, 2), (3, 2, 2, 3)),
        ((2, 5, 3, 2), (2, 3, 2, 1)),
        ((1, 3, 3, 1), (3, 3, 1, 1)),
    ):
        x, kernels, bias = _signed(*shape, seed=77), _signed(*kernel, seed=78), _signed(kernel[-1], seed=79)
        actual = submission.conv2d_layer(x, kernels, bias)
        expect_array(actual, reference.conv2d_layer(x, kernels, bias), **LOOSE)


@pytest.mark.cell("test-conv2d-layer-filters")
def test_conv2d_layer_keeps_earlier_maps(submission: Submission, reference: Submission) -> None:
    """What `conv2d_layer` returned stays as it was when the function is called again.

    `conv2d_layer`를 다시 불러도 앞서 반환한 결과는 그대로 남습니다.
    """
    kernels, bias = _signed(2, 2, 3, 2, seed=80), _signed(2, seed=81)
    batches = [_signed(2, 4, 3, 3, seed=seed) for seed in (82, 83)]
    kept = answers_kept(submission, "conv2d_layer", *[(x, kernels, bias) for x in batches])
    for maps, x in zip(kept, batches, strict=True):
        expect_array(maps, reference.conv2d_layer(x, kernels, bias), **LOOSE)


# -- the whole network

SHAPES = {"conv2d": (3, 3, 1, 32), "conv2d_1": (3, 3, 32, 64), "dense": (9216, 128), "dense_1": (128, 10)}


@functools.cache
def _network() -> dict[str, list[Array]]:
    """Weights in the slides' shapes, float32 as Keras keeps them, large enough for every layer to matter."""
    rng = np.random.default_rng(81)
    weights = {}
    for name, shape in SHAPES.items():
        spread = np.float32(np.sqrt(2 / np.prod(shape[:-1])))
        kernel = spread * rng.standard_normal(shape, dtype=np.float32)
        bias = np.float32(0.3) * rng.standard_normal(shape[-1], dtype=np.float32)
        weights[name] = [kernel, bias]
    return weights


def _pictures(count: int, seed: int) -> Array:
    """Images (count, 28, 28, 1) in [0, 1]: half of the pixels black, the others of any brightness."""
    rng = np.random.default_rng(seed)
    return rng.random((count, 28, 28, 1)) * (rng.random((count, 28, 28, 1)) < 0.5)


@pytest.mark.cell("test-cnn-forward", weight=3)
def test_cnn_forward_two_images(submission: Submission, reference: Submission) -> None:
    """`cnn_forward` gives the ten probabilities of each image that a Keras model with the same weights gives.

    `cnn_forward`는 가중치가 같은 Keras 모델이 내놓는 확률 10개를 이미지마다 똑같이 내놓습니다.
    """
    x = _pictures(3, seed=82)
    actual = submission.cnn_forward(x, _network())
    expect_array(actual, reference.cnn_forward(x, _network()), rtol=0, atol=1e-5)


@pytest.mark.cell("test-cnn-forward")
def test_cnn_forward_names(submission: Submission, reference: Submission) -> None:
    """`cnn_forward` finds its weights by name, whatever their order in the dict, and changes nothing.

    `cnn_forward`는 딕셔너리 안의 순서와 상관없이 이름으로 가중치를 찾고, 아무것도 바꾸지 않습니다.
    """
    x, weights = _pictures(1, seed=83), _network()
    shuffled = {name: weights[name] for name in ("dense_1", "conv2d_1", "dense", "conv2d")}
    actual = expect_arguments_unchanged(submission.cnn_forward, x, shuffled)
    expect_array(actual, reference.cnn_forward(x, weights), rtol=0, atol=1e-5)


@pytest.mark.cell("test-cnn-forward-bias")
def test_cnn_forward_large_logits(submission: Submission) -> None:
    """`cnn_forward` gives finite probabilities when the last layer's sums are in the thousands.

    `cnn_forward`는 마지막 층의 합이 수천에 이르러도 유한한 확률을 내놓습니다.
    """
    weights = {name: [np.zeros(shape), np.zeros(shape[-1])] for name, shape in SHAPES.items()}
    weights["dense_1"][1] = np.array([-2000, 3000, 1000, 0, 3000, -500, 2000, -3000, 5, 900.0])
    actual = submission.cnn_forward(_pictures(1, seed=84), weights)
    expect_array(actual, [[0, 0.5, 0, 0, 0.5, 0, 0, 0, 0, 0]], rtol=0, atol=1e-5)


@pytest.mark.cell("test-cnn-forward")
def test_cnn_forward_one_batch_after_another(submission: Submission, reference: Submission) -> None:
    """`cnn_forward` of several batches of one size, and with other weights: each has its own probabilities.

    크기가 같은 여러 배치를 차례로, 다른 가중치로 넣어도 `cnn_forward`는 각각의 확률을 반환합니다.
    """
    # The others make large sums in all layers but the last.
    scales = {"conv2d": -30, "conv2d_1": -1, "dense": -1, "dense_1": -1 / 30}
    others = {name: [np.float32(scales[name]) * kernel, bias] for name, (kernel, bias) in _network().items()}
    for seed, weights in ((85, _network()), (86, others)):
        x = _pictures(1, seed=seed)
        actual = submission.cnn_forward(Strided(x), weights)
        expect_array(actual, reference.cnn_forward(x, weights), rtol=0, atol=1e-5)


@pytest.mark.cell("test-cnn-forward-bias")
def test_cnn_forward_logits_far_apart(submission: Submission) -> None:
    """`cnn_forward` gives finite probabilities where the sums of one image are thousands above another's.

    `cnn_forward`는 한 이미지의 합이 다른 이미지보다 수천이나 커도 유한한 확률을 내놓습니다.
    """
    weights = {name: [np.zeros(shape), np.zeros(shape[-1])] for name, shape in SHAPES.items()}
    # One path through the network: how bright the image is, times 4000, on all classes; 1 more on class 3.
    weights["conv2d"][0][1, 1, 0, 0] = weights["conv2d_1"][0][1, 1, 0, 0] = 1
    weights["dense"][0][::64, 0] = 1 / 144
    weights["dense_1"][0][0] = 4000
    weights["dense_1"][1][3] = 1
    x = np.stack([np.full((28, 28, 1), brightness) for brightness in (0.0, 1.0, 0.5)])
    powers = np.exp(np.arange(10) == 3)
    expected = np.tile(powers / powers.sum(), (3, 1))
    expect_array(submission.cnn_forward(x, weights), expected, rtol=0, atol=1e-3)


@pytest.mark.cell("test-cnn-forward")
def test_cnn_forward_keeps_earlier_results(submission: Submission, reference: Submission) -> None:
    """What `cnn_forward` returned stays as it was when the function is called again.

    `cnn_forward`를 다시 불러도 앞서 반환한 결과는 그대로 남습니다.
    """
    batches = [_pictures(1, seed=seed) for seed in (87, 88)]
    kept = answers_kept(submission, "cnn_forward", *[(x, _network()) for x in batches])
    for result, x in zip(kept, batches, strict=True):
        expect_array(result, reference.cnn_forward(x, _network()), rtol=0, atol=1e-5)
