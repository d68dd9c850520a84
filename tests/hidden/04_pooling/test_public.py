"""Week 4, what students see: the checks of the notebook's own test cells, with literal expected values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from autograder.testing import Submission, expect, expect_array, expect_raises

SLIDE = np.array([[1, 0, 1, 0], [0, 4, 2, 0], [0, 1, 6, 1], [0, 0, 1, 0]]).reshape(1, 4, 4, 1)
ROW = np.array([3.0, -1.0, 4.0, 1.0, -5.0, 9.0, 2.0]).reshape(1, 1, 7, 1)


def _row(*values: float) -> npt.NDArray[np.float64]:
    """An image of one row and one channel: (1, 1, W, 1)."""
    return np.array(values, dtype=np.float64).reshape(1, 1, -1, 1)


def _square(rows: list[list[float]]) -> npt.NDArray[np.float64]:
    """An image of one channel: (1, H, W, 1)."""
    return np.array(rows, dtype=np.float64)[np.newaxis, :, :, np.newaxis]


@pytest.mark.cell("test-max-pool-slide")
def test_max_pool_slide(submission: Submission) -> None:
    """`max_pool_2d` turns the slide's 4×4 example into [[4, 2], [1, 6]], and keeps uint8.

    `max_pool_2d`는 슬라이드의 4×4 예를 [[4, 2], [1, 6]]으로 바꾸고, uint8은 uint8로 유지합니다.
    """
    expect_array(submission.max_pool_2d(SLIDE), _square([[4, 2], [1, 6]]))
    expect_array(submission.max_pool_2d(SLIDE.astype(np.uint8)), _square([[4, 2], [1, 6]]), dtype=np.uint8)


@pytest.mark.cell("test-max-pool-slide")
def test_max_pool_negative(submission: Submission) -> None:
    """`max_pool_2d` finds the largest of negative numbers and leaves out a column that fills no window.

    `max_pool_2d`는 음수 중에서도 가장 큰 값을 찾고, 창을 채우지 못하는 열은 버립니다.
    """
    signed = np.array([[-3, -1, -8, -2, 9], [-5, -4, -6, -7, 9]]).reshape(1, 2, 5, 1)
    expect_array(submission.max_pool_2d(signed), _row(-1, -2))


@pytest.mark.cell("test-max-pool-strides")
def test_max_pool_windows_in_a_row(submission: Submission) -> None:
    """`max_pool_2d` steps by the window's own size, by 1, or by more than the window.

    `max_pool_2d`는 창의 크기만큼, 한 칸씩, 또는 창보다 크게 건너뛰며 움직입니다.
    """
    expect_array(submission.max_pool_2d(ROW, (1, 3)), _row(4, 9))
    expect_array(submission.max_pool_2d(ROW, (1, 3), 1), _row(4, 4, 4, 9, 9))
    expect_array(submission.max_pool_2d(ROW, (1, 2), (1, 3)), _row(3, 1))


@pytest.mark.cell("test-max-pool-same")
def test_max_pool_same_below_zero(submission: Submission) -> None:
    """`max_pool_2d` with 'same' never takes a padded cell for the maximum.

    `max_pool_2d`는 'same'에서 덧댄 칸을 최댓값으로 고르지 않습니다.
    """
    below_zero = np.array([[-3, -1, -8], [-5, -4, -6], [-9, -7, -2]]).reshape(1, 3, 3, 1)
    expect_array(submission.max_pool_2d(below_zero, padding="same"), _square([[-1, -6], [-7, -2]]))


@pytest.mark.cell("test-avg-pool-mean")
def test_avg_pool_slide(submission: Submission) -> None:
    """`avg_pool_2d` gives the means of the slide's 4×4 example, as float64.

    `avg_pool_2d`는 슬라이드의 4×4 예의 평균을 float64로 반환합니다.
    """
    expect_array(submission.avg_pool_2d(SLIDE), _square([[1.25, 0.75], [0.25, 2.0]]), dtype=np.float64)


@pytest.mark.cell("test-avg-pool-mean")
def test_avg_pool_row(submission: Submission) -> None:
    """`avg_pool_2d` divides by the number of cells in the window.

    `avg_pool_2d`는 창 안의 칸 수로 나눕니다.
    """
    expect_array(submission.avg_pool_2d(ROW, (1, 3)), _row(2.0, 5 / 3), rtol=1e-6)


@pytest.mark.cell("test-avg-pool-same")
def test_avg_pool_same(submission: Submission) -> None:
    """`avg_pool_2d` with 'same' counts only the cells inside the image.

    `avg_pool_2d`는 'same'에서 이미지 안에 있는 칸만 셉니다.
    """
    three = _square([[2, 4, 6], [8, 2, 0], [1, 5, 7]])
    expect_array(submission.avg_pool_2d(three, padding="same"), _square([[4, 3], [3, 7]]), rtol=1e-6)


@pytest.mark.cell("test-dropout-inference")
def test_dropout_does_nothing(submission: Submission) -> None:
    """`dropout` gives the values back as they are when it predicts, and at rate 0.

    `dropout`은 예측할 때와 비율이 0일 때 값을 그대로 반환합니다.
    """
    numpy = submission.import_module("numpy")
    x = np.array([2.0, -1.0, 4.0])
    expect_array(submission.dropout(x, 0.25, False, numpy.random.default_rng(1)), x)
    expect_array(submission.dropout(x, 0.0, True, numpy.random.default_rng(1)), x)


@pytest.mark.cell("test-dropout-training")
def test_dropout_quarter(submission: Submission) -> None:
    """`dropout` in training switches off about a quarter of many values and turns every other 3 into 4.

    `dropout`은 학습할 때 많은 값 중 약 4분의 1을 끄고, 남은 3을 모두 4로 바꿉니다.
    """
    numpy = submission.import_module("numpy")
    many = np.full((50, 200), 3.0)
    after = submission.dropout(many, 0.25, True, numpy.random.default_rng(1))
    expect_array(after, np.where(np.asarray(after) == 0, 0.0, many / 0.75), rtol=1e-5)
    off = float(np.mean(after == 0))
    expect(
        0.22 < off < 0.28,
        f"the share of values switched off should be about 0.25, it was {off:.3f}",
        f"꺼진 값의 비율이 약 0.25여야 합니다. 지금의 비율: {off:.3f}",
    )


@pytest.mark.cell("test-dropout-training")
def test_dropout_same_seed(submission: Submission) -> None:
    """`dropout` gives the same result again for a generator with the same seed.

    `dropout`은 시드가 같은 생성기를 주면 같은 결과를 다시 반환합니다.
    """
    numpy = submission.import_module("numpy")
    many = np.full((50, 200), 3.0)
    first = submission.dropout(many, 0.25, True, numpy.random.default_rng(1))
    expect_array(submission.dropout(many, 0.25, True, numpy.random.default_rng(1)), first)


@pytest.mark.cell("test-dropout-rate")
def test_dropout_refuses_rate_one(submission: Submission) -> None:
    """`dropout` raises a ValueError that names `rate` when everything would be switched off.

    `dropout`은 모든 값을 끄게 되는 비율이면 `rate`를 언급하는 ValueError를 일으킵니다.
    """
    generator = submission.import_module("numpy").random.default_rng(1)
    expect_raises(submission.dropout, np.ones(3), 1.0, True, generator, names="rate")


@pytest.mark.cell("test-flatten")
def test_flatten(submission: Submission) -> None:
    """`flatten` keeps the batch axis and makes one row of each image.

    `flatten`은 배치 축을 그대로 두고 이미지마다 한 줄을 만듭니다.
    """
    expect_array(submission.flatten(np.arange(12).reshape(2, 3, 2)), np.arange(12).reshape(2, 6))
    expect_array(submission.flatten(np.zeros((3, 12, 12, 64))), np.zeros((3, 9216)))


@pytest.mark.cell("test-conv2d-layer-channels")
def test_conv2d_layer_pixel(submission: Submission) -> None:
    """`conv2d_layer` adds up the products of all channels, and the bias.

    `conv2d_layer`는 모든 채널의 곱을 더하고 편향을 더합니다.
    """
    kernel = np.array([10.0, 1.0, 4.0]).reshape(1, 1, 3, 1)
    pixel = np.array([2.0, 3.0, -1.0]).reshape(1, 1, 1, 3)
    expect_array(submission.conv2d_layer(pixel, kernel, np.array([0.5])), [[[[19.5]]]], rtol=1e-5)


@pytest.mark.cell("test-conv2d-layer-channels")
def test_conv2d_layer_slide(submission: Submission) -> None:
    """`conv2d_layer` with one channel and one filter gives last week's 5×5 example of the slide.

    `conv2d_layer`는 채널 하나, 필터 하나일 때 지난주 슬라이드의 5×5 예와 같은 결과를 줍니다.
    """
    image = np.array([[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]])
    kernel = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]])
    actual = submission.conv2d_layer(image.reshape(1, 5, 5, 1), kernel.reshape(3, 3, 1, 1), np.zeros(1))
    expect_array(actual, _square([[4, 3, 4], [2, 4, 3], [2, 3, 4]]), rtol=1e-5)


@pytest.mark.cell("test-conv2d-layer-filters")
def test_conv2d_layer_two_filters(submission: Submission) -> None:
    """`conv2d_layer` makes one channel for each filter, with its own bias, for each image.

    `conv2d_layer`는 이미지마다, 필터마다 자기 편향을 더한 채널 하나를 만듭니다.
    """
    images = np.array([[1.0, 2.0], [3.0, -4.0]]).reshape(2, 1, 2, 1)
    filters = np.array([1.0, -1.0]).reshape(1, 1, 1, 2)
    expected = np.array([[[11, 19], [12, 18]], [[13, 17], [6, 24]]]).reshape(2, 1, 2, 2)
    expect_array(submission.conv2d_layer(images, filters, np.array([10.0, 20.0])), expected, rtol=1e-5)


@pytest.mark.cell("test-conv2d-layer-strides")
def test_conv2d_layer_row(submission: Submission) -> None:
    """`conv2d_layer` takes steps of 1 or 2, and with 'same' adds the zero that the last window lacks.

    `conv2d_layer`는 1칸 또는 2칸씩 움직이고, 'same'에서는 마지막 창에 모자라는 0을 덧댑니다.
    """
    row, difference, bias = _row(3, -1, 4, 1, -5), np.array([1.0, -1.0]).reshape(1, 2, 1, 1), np.zeros(1)
    expect_array(submission.conv2d_layer(row, difference, bias), _row(4, -5, 3, 6), rtol=1e-5)
    expect_array(submission.conv2d_layer(row, difference, bias, 2), _row(4, 3), rtol=1e-5)
    expect_array(submission.conv2d_layer(row, difference, bias, 2, "same"), _row(4, 3, -5), rtol=1e-5)


SHAPES = {"conv2d": (3, 3, 1, 32), "conv2d_1": (3, 3, 32, 64), "dense": (9216, 128), "dense_1": (128, 10)}


@pytest.mark.cell("test-cnn-forward-bias")
def test_cnn_forward_zero_kernels(submission: Submission) -> None:
    """`cnn_forward` with zero kernels gives, for every image, the softmax of the last bias.

    `cnn_forward`는 커널이 모두 0이면 이미지마다 마지막 편향의 소프트맥스를 반환합니다.
    """
    weights = {name: [np.zeros(shape), np.zeros(shape[-1])] for name, shape in SHAPES.items()}
    weights["dense_1"][1] = np.log(np.arange(1.0, 11.0))
    actual = submission.cnn_forward(np.ones((2, 28, 28, 1)), weights)
    expect_array(actual, np.tile(np.arange(1, 11) / 55, (2, 1)), rtol=0, atol=1e-5)


@pytest.mark.cell("test-cnn-forward")
def test_cnn_forward_untrained(submission: Submission) -> None:
    """`cnn_forward` sends an image of stripes through an untrained network.

    `cnn_forward`는 줄무늬 이미지를 학습되지 않은 신경망에 통과시킵니다.
    """
    stripes = (np.arange(784) ** 2 % 31 / 30).reshape(1, 28, 28, 1)
    weights = {}
    for name, shape in SHAPES.items():
        numbers = np.arange(np.prod(shape)) ** 2 % 1009 / 504.5 - 1
        spread = np.sqrt(6 / np.prod(shape[:-1]))
        weights[name] = [spread * numbers.reshape(shape), np.arange(shape[-1]) % 7 / 10 - 0.3]
    expected = [
        0.208598,
        0.062275,
        0.068336,
        0.104546,
        0.144405,
        0.061198,
        0.067327,
        0.034042,
        0.059819,
        0.189453,
    ]
    expect_array(submission.cnn_forward(stripes, weights), [expected], rtol=0, atol=1e-5)
