"""The checks that the notebook of week 3 shows, as tests. They are released beside the notebook."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.testing import (
    Submission,
    as_array,
    expect,
    expect_array,
    expect_int,
    expect_ints,
    expect_raises,
    type_name,
)

SLIDE_IMAGE = np.array([[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]])
SLIDE_KERNEL = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]])
SMALL = np.array([[1, 2], [3, 4]])
BRIGHT = np.array([[200, 100], [50, 250]], dtype=np.uint8)


@pytest.mark.cell("test-output-size")
def test_arithmetic_cases(submission: Submission) -> None:
    """`output_size` gives the sizes of the lecture's convolution animations.

    `output_size`가 강의의 합성곱 애니메이션에 나온 크기를 계산합니다.
    """
    expect_int(submission.output_size(4, 3), 2)
    expect_int(submission.output_size(5, 4, padding=2), 6)
    expect_int(submission.output_size(5, 3, padding=1), 5)
    expect_int(submission.output_size(5, 3, padding=2), 7)
    expect_int(submission.output_size(5, 3, stride=2), 2)
    expect_int(submission.output_size(5, 3, stride=2, padding=1), 3)
    expect_int(submission.output_size(6, 3, stride=2, padding=1), 3)
    expect_int(submission.output_size(7, 3, dilation=2), 3)
    expect_int(submission.output_size(28, 3), 26)


@pytest.mark.cell("test-output-size-errors")
def test_output_size_refuses(submission: Submission) -> None:
    """`output_size` refuses a stride of 0, a negative padding and a kernel that is too large.

    `output_size`가 스트라이드 0, 음수 패딩, 너무 큰 커널을 거부합니다.
    """
    expect_raises(submission.output_size, 5, 3, stride=0, names="stride")
    expect_raises(submission.output_size, 5, 3, padding=-1, names="padding")
    expect_raises(submission.output_size, 2, 3, names="kernel_size")


@pytest.mark.cell("test-padding-for")
def test_padding_for_examples(submission: Submission) -> None:
    """`padding_for` gives the zeros before and after for 'valid', 'same' and 'full'.

    `padding_for`가 'valid', 'same', 'full'에 필요한 앞뒤의 0 개수를 계산합니다.
    """
    expect_ints(submission.padding_for("valid", 5, 3), (0, 0))
    expect_ints(submission.padding_for("full", 5, 3), (2, 2))
    expect_ints(submission.padding_for("same", 5, 3), (1, 1))
    expect_ints(submission.padding_for("same", 5, 4), (1, 2))
    expect_ints(submission.padding_for("same", 28, 5), (2, 2))
    expect_ints(submission.padding_for("same", 6, 3, stride=2), (0, 1))
    expect_raises(submission.padding_for, "mirror", 5, 3, names="mode")


@pytest.mark.cell("test-pad-2d")
def test_pad_2d_examples(submission: Submission) -> None:
    """`pad_2d` lays zeros around an image and keeps its dtype.

    `pad_2d`가 이미지 둘레에 0을 두르고 dtype을 유지합니다.
    """
    expect_array(submission.pad_2d(SMALL, 1), [[0, 0, 0, 0], [0, 1, 2, 0], [0, 3, 4, 0], [0, 0, 0, 0]])
    expect_array(submission.pad_2d(SMALL, ((1, 0), (0, 2))), [[0, 0, 0, 0], [1, 2, 0, 0], [3, 4, 0, 0]])
    expect_array(submission.pad_2d(SMALL, 0), SMALL)
    padded = as_array(submission.pad_2d(np.array([[7, 8, 9]], dtype=np.uint8), 2))
    expect(
        padded.dtype == np.uint8,
        f"expected dtype uint8, got {padded.dtype}",
        f"기대한 dtype: uint8, 돌아온 dtype: {padded.dtype}",
    )


@pytest.mark.cell("test-correlate-1d")
def test_correlate_1d_examples(submission: Submission) -> None:
    """`correlate_1d` slides the kernel along the signal as it is.

    `correlate_1d`가 커널을 뒤집지 않고 신호 위로 밉니다.
    """
    signal = np.array([1, 2, 4, 8])
    expect_array(submission.correlate_1d(signal, np.array([1, 0, -1])), [-3, -6])
    expect_array(submission.correlate_1d(signal, np.array([1, 10])), [21, 42, 84])
    expect_array(submission.correlate_1d(np.array([0, 0, 1, 0, 0]), np.array([1, 2, 3])), [3, 2, 1])


@pytest.mark.cell("test-convolve-1d")
def test_convolve_1d_examples(submission: Submission) -> None:
    """`convolve_1d` turns the kernel around first.

    `convolve_1d`가 커널을 먼저 뒤집습니다.
    """
    signal = np.array([1, 2, 4, 8])
    expect_array(submission.convolve_1d(signal, np.array([1, 0, -1])), [3, 6])
    expect_array(submission.convolve_1d(signal, np.array([1, 10])), [12, 24, 48])
    expect_array(submission.convolve_1d(np.array([0, 0, 1, 0, 0]), np.array([1, 2, 3])), [1, 2, 3])


@pytest.mark.cell("test-conv2d")
def test_conv2d_slide(submission: Submission) -> None:
    """`conv2d` gives the lecture's 5×5 example, whose first value is 4.

    `conv2d`가 강의의 5×5 예제를 계산합니다. 첫 값은 4입니다.
    """
    expect_array(
        submission.conv2d(SLIDE_IMAGE, SLIDE_KERNEL), [[4, 3, 4], [2, 4, 3], [2, 3, 4]], dtype=np.float64
    )


@pytest.mark.cell("test-conv2d")
def test_conv2d_asymmetric(submission: Submission) -> None:
    """`conv2d` lays an asymmetric kernel on the image as it is.

    `conv2d`가 비대칭 커널을 뒤집지 않고 이미지에 올립니다.
    """
    image = np.array([[1, 2, 3], [4, 5, 6]])
    expect_array(submission.conv2d(image, np.array([[1, 0], [0, -10]])), [[-49, -58]])
    expect_array(submission.conv2d(image, np.array([[1, 10]])), [[21, 32], [54, 65]])


@pytest.mark.cell("test-conv2d-integers")
def test_conv2d_bright(submission: Submission) -> None:
    """`conv2d` of uint8 pixels neither wraps around nor loses fractions or signs.

    uint8 픽셀에서도 `conv2d`의 값이 넘치지 않고, 소수와 부호가 유지됩니다.
    """
    expect_array(submission.conv2d(BRIGHT, np.array([[1, 1], [1, 1]])), [[600]])
    expect_array(submission.conv2d(BRIGHT, np.array([[1, -1]])), [[100], [-200]])
    expect_array(submission.conv2d(BRIGHT, np.array([[0.5]])), [[100, 50], [25, 125]])


@pytest.mark.cell("test-conv2d-stride")
def test_conv2d_steps(submission: Submission) -> None:
    """`conv2d` moves by the stride, which may be one number or one for rows and one for columns.

    `conv2d`가 스트라이드만큼 움직입니다. 스트라이드는 숫자 하나이거나 (행, 열)입니다.
    """
    steps = np.arange(20).reshape(4, 5)
    expect_array(submission.conv2d(steps, np.array([[1]]), stride=2), [[0, 2, 4], [10, 12, 14]])
    expect_array(submission.conv2d(steps, np.array([[1, 0], [0, 1]]), stride=2), [[6, 10], [26, 30]])
    expect_array(
        submission.conv2d(steps, np.array([[1]]), stride=(3, 1)), [[0, 1, 2, 3, 4], [15, 16, 17, 18, 19]]
    )


@pytest.mark.cell("test-conv2d-padding")
def test_conv2d_padded(submission: Submission) -> None:
    """`conv2d` pads by a number, or by the rule that a mode names.

    `conv2d`가 숫자만큼, 또는 방식 이름의 규칙대로 패딩합니다.
    """
    full = [[4, 11, 6], [14, 30, 14], [6, 11, 4]]
    expect_array(submission.conv2d(SMALL, SMALL, padding=1), full)
    expect_array(submission.conv2d(SMALL, SMALL, padding="full"), full)
    expect_array(submission.conv2d(SMALL, SMALL, padding="same"), [[30, 14], [11, 4]])
    expect_array(submission.conv2d(SMALL, SMALL, padding="valid"), [[30]])


@pytest.mark.cell("test-convolve-2d")
def test_convolve_2d_examples(submission: Submission) -> None:
    """`convolve_2d` turns the kernel by half a turn first.

    `convolve_2d`가 커널을 먼저 반 바퀴 돌립니다.
    """
    point = np.zeros((3, 4))
    point[1, 1] = 1
    letters = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    expect_array(
        submission.convolve_2d(point, letters, padding=1), [[1, 2, 3, 0], [4, 5, 6, 0], [7, 8, 9, 0]]
    )
    image = np.array([[1, 2, 3], [4, 5, 6]])
    kernel = np.array([[1, 10], [100, 1000]])
    expect_array(submission.convolve_2d(image, kernel), [[1245, 2356]], dtype=np.float64)


@pytest.mark.cell("test-kernels")
def test_kernel_sums(submission: Submission) -> None:
    """Each kernel in `KERNELS` has its size, and its weights have the right sum.

    `KERNELS`의 각 커널이 알맞은 크기이고 가중치의 합이 맞습니다.
    """
    totals = {"identity": 1, "ridge_4": 0, "ridge_8": 0, "sharpen": 1, "box_blur": 1}
    totals |= {"gaussian_3x3": 1, "gaussian_5x5": 1, "sobel_x": 0, "sobel_y": 0}
    kernels = submission.KERNELS
    for name, total in totals.items():
        expect(name in kernels, f"KERNELS has no {name!r}", f"KERNELS에 {name!r} 커널이 없습니다")
        kernel = np.asarray(kernels[name], dtype=np.float64)
        shape = (5, 5) if name == "gaussian_5x5" else (3, 3)
        expect(
            kernel.shape == shape,
            f"{name}: expected shape {shape}, got {kernel.shape}",
            f"{name}: 기대한 모양 {shape}, 돌아온 모양 {kernel.shape}",
        )
        expect(
            np.isclose(kernel.sum(), total),
            f"{name}: the weights should sum to {total}, not {kernel.sum():g}",
            f"{name}: 가중치의 합이 {total}이어야 합니다. 지금의 합: {kernel.sum():g}",
        )


@pytest.mark.cell("test-detect-edges")
def test_detect_edges_examples(submission: Submission) -> None:
    """`detect_edges` answers a single bright pixel with the ridge kernel, and flat areas with zeros.

    `detect_edges`가 밝은 점 하나에는 ridge 커널을, 평평한 곳에는 0을 내놓습니다.
    """
    point = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]])
    expect_array(submission.detect_edges(point), [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])
    flat = np.array([[9, 9, 9], [9, 9, 9], [9, 9, 9]])
    edges = [[45, 27, 45], [27, 0, 27], [45, 27, 45]]
    expect_array(submission.detect_edges(flat), edges, dtype=np.float64)


@pytest.mark.cell("test-compare-images")
def test_compare_images_example(submission: Submission) -> None:
    """`compare_images` returns a Figure that shows two images, each with a title.

    `compare_images`가 두 이미지를 각각 제목과 함께 보여 주는 Figure를 반환합니다.
    """
    figure = submission.compare_images(SMALL, np.array([[3, 2, 1]]))
    every = [inner for axes in figure.axes for inner in (axes, *axes.child_axes)]
    shown = sum(len(axes.images) for axes in every)
    expect(
        shown == 2,
        f"expected 2 images in the Figure, got {shown}",
        f"Figure에 이미지가 2개 있어야 합니다. 있는 이미지: {shown}개",
    )
    for axes in every:
        titles = [axes.get_title(loc) for loc in ("left", "center", "right")]
        if type_name(axes.get_figure()) == "SubFigure":
            titles.append(axes.get_figure().get_suptitle())
        images = len(axes.images)
        expect(
            not images or any(titles) or len(axes.texts) >= images > 1,
            "each image needs a title",
            "이미지마다 제목이 있어야 합니다",
        )
