"""Week 1, the tests that students never see: other sizes, other values, the edges of each contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.testing import (
    Seen,
    Strided,
    Submission,
    answers_kept,
    as_array,
    as_seen,
    expect,
    expect_array,
    expect_raises,
    expect_text,
    expect_unchanged,
    type_name,
)

Array = npt.NDArray[Any]

# Where hypothesis draws arguments, `submission` is keyword-only: a first positional argument that it did not
# draw is to hypothesis the `self` of a test class, on which it looks for hooks of its own, and calls them.

#: As many images as MNIST has for training: the number that programs on slides like to write out.
MNIST_SIZE = 60_000


def pixels(*shape: int, seed: int = 0, low: int = 0, high: int = 256) -> Array:
    """Random bytes: of a given shape, from ``low`` up to but not including ``high``."""
    return np.random.default_rng(seed).integers(low, high, size=shape, dtype=np.uint8)


# -- show_image

# A gradient whose six values are all different, in no order, so that no flip or transpose looks the same.
GRADIENT = np.array([[250, 0, 60], [30, 130, 200]], dtype=np.uint8)

# What is left of an image after it was filtered: no bytes any more.
WIDE = np.array([[-40, 700, 0], [255, 31, 1020]])

# Numbers that no narrow type holds, and an image of which nothing is above 0.
HUGE = np.array([[70_000, -3_000_000_000, 40_001], [5, 2_000_000_000, -9]])
NEGATIVE = np.array([[-3.5, -200.0], [-41.0, -1.25], [-90.0, -17.0]])


def drawing(submission: Submission, image: Array | Strided) -> tuple[Any, Any]:
    """The Axes that ``show_image`` returns and the image on it, with no earlier figure left open."""
    submission.import_module("matplotlib.pyplot").close("all")
    axes = submission.show_image(image)
    kind = type_name(axes)
    expect(
        kind.endswith("Axes"),
        f"`show_image` should return the Axes, it returned {kind}",
        f"`show_image`는 Axes를 반환해야 합니다. 반환한 것: {kind}",
    )
    count = len(axes.images)
    expect(
        count == 1,
        f"the Axes should hold one image, it holds {count}",
        f"Axes에 이미지가 하나 있어야 합니다. 있는 이미지: {count}개",
    )
    return axes, axes.images[0]


def seen(axes: Any, picture: Any) -> Seen:
    """The image as the Axes show it: nothing of it cut off."""
    result = as_seen(axes.get_figure(), axes, picture)
    expect(result.whole, "a part of the image is cut off", "이미지의 일부가 잘렸습니다")
    return result


def stretched(values: Any) -> Array:
    """Values shifted and scaled to 0...1: images that differ only by that look alike when drawn."""
    wide = np.asarray(values, dtype=np.float64)
    return (wide - wide.min()) / max(float(np.ptp(wide)), 1e-300)


@pytest.mark.cell("test-show-image")
@pytest.mark.parametrize(
    "shape", [(28, 28), (4, 7), (1, 5), (6, 1)], ids=["digit", "rectangle", "one-row", "one-column"]
)
def test_show_image_draws_the_image(submission: Submission, shape: tuple[int, int]) -> None:
    """`show_image` draws the image that it is given, of any size, the first row at the top and the first
    column on the left, and all of it can be seen.

    `show_image`는 크기에 상관없이 주어진 이미지를 그대로 그립니다. 첫 번째 행이 맨 위, 첫 번째 열이 맨 왼쪽에
    오고 잘리는 부분이 없습니다.
    """
    image = pixels(*shape, seed=1)
    expect_array(stretched(seen(*drawing(submission, image)).pixels), stretched(image), atol=1e-6)


@pytest.mark.cell("test-show-image")
def test_show_image_draws_ink_dark(submission: Submission) -> None:
    """`show_image` uses the colour map `Greys`, and a larger value is always drawn darker.

    `show_image`는 `Greys` 컬러맵을 쓰며, 값이 클수록 더 어둡게 그립니다.
    """
    _, picture = drawing(submission, GRADIENT)
    expect_text(picture.get_cmap().name, "Greys")
    colours = np.asarray(picture.to_rgba(picture.get_array()), dtype=np.float64)
    brightness = colours[..., :3].mean(axis=-1).ravel()[np.argsort(picture.get_array(), axis=None)]
    expect(
        np.all(np.diff(brightness) < 0),
        "a larger pixel value should always be drawn darker",
        "픽셀 값이 클수록 언제나 더 어둡게 그려야 합니다",
    )


@pytest.mark.cell("test-show-image")
def test_show_image_leaves_the_image_alone(submission: Submission) -> None:
    """`show_image` does not change the array that it draws.

    `show_image`는 그리는 배열을 바꾸지 않습니다.
    """
    submission.import_module("matplotlib.pyplot").close("all")
    for image in (GRADIENT, WIDE):
        expect_unchanged(submission.show_image, image)


@pytest.mark.cell("test-show-image")
def test_show_image_draws_any_numbers(submission: Submission) -> None:
    """`show_image` draws numbers of any type and size: fractions from 0 to 1, numbers below 0 or above 255,
    and those of billions. The image may be a part of a larger array.

    `show_image`는 0~1 사이의 소수, 0보다 작거나 255보다 큰 수, 수십억에 이르는 수 등 자료형과 크기에
    상관없이 어떤 숫자든 그립니다. 더 큰 배열에서 잘라 낸 이미지일 수도 있습니다.
    """
    for image in (pixels(5, 3, seed=19) / 255, WIDE, HUGE, NEGATIVE):
        expect_array(stretched(seen(*drawing(submission, image)).pixels), stretched(image), atol=1e-6)
    part = pixels(4, 6, seed=23)
    for gaps in (True, False):
        shown = seen(*drawing(submission, Strided(part, gaps)))
        expect_array(stretched(shown.pixels), stretched(part), atol=1e-6)


@pytest.mark.cell("test-show-image")
def test_show_image_draws_each_image_anew(submission: Submission) -> None:
    """Of several images of one size `show_image` draws each with its own pixels, be they larger than MNIST's.

    크기가 같은 여러 이미지를 차례로 그려도, MNIST보다 큰 이미지여도 `show_image`는 각각 자기 픽셀을 그립니다.
    """
    for seed in (15, 16, 17):
        image = pixels(31, 40, seed=seed)
        expect_array(stretched(seen(*drawing(submission, image)).pixels), stretched(image), atol=1e-6)


# -- image_to_text


@pytest.mark.cell("test-image-to-text")
def test_image_to_text_writes_a_whole_digit(submission: Submission) -> None:
    """`image_to_text` writes out every number of an image of MNIST's size.

    `image_to_text`는 MNIST 크기의 이미지를 숫자 하나도 빠뜨리지 않고 적습니다.
    """
    image = pixels(28, 28, seed=2)
    image[image < 120] = 0
    image[:3] = image[:, -4:] = 0
    lines = ["\t".join(map(str, row)) + "\n" for row in image.tolist()]
    expect_text(submission.image_to_text(image), "".join(lines))


@pytest.mark.cell("test-image-to-text")
@given(
    image=hnp.arrays(
        np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6), elements=st.integers(0, 255)
    )
)
@settings(max_examples=15)
def test_image_to_text_writes_any_size(submission: Submission, image: Array) -> None:
    """`image_to_text` writes images of any height and width, one line a row, one tab between neighbours.

    `image_to_text`는 높이와 너비에 상관없이 행마다 한 줄씩, 이웃한 숫자 사이에 탭 하나를 넣어 적습니다.
    """
    lines = ["\t".join(map(str, row)) + "\n" for row in image.tolist()]
    expect_text(submission.image_to_text(image), "".join(lines))


@pytest.mark.cell("test-image-to-text")
def test_image_to_text_writes_any_integers(submission: Submission) -> None:
    """`image_to_text` writes integers of any type, without points, signs or spaces added, and changes
    nothing.

    `image_to_text`는 어떤 정수형이든 소수점이나 부호, 공백을 덧붙이지 않고 적으며 배열을 바꾸지 않습니다.
    """
    image = np.array([[40, 0, 8, 100], [255, 13, 1, 0]], dtype=np.int64)
    expect_text(expect_unchanged(submission.image_to_text, image), "40\t0\t8\t100\n255\t13\t1\t0\n")


@pytest.mark.cell("test-image-to-text")
def test_image_to_text_writes_large_and_negative_numbers(submission: Submission) -> None:
    """`image_to_text` writes every integer as it is, above 255 and below 0 too, also where the image is a
    part of a larger array.

    `image_to_text`는 255보다 크거나 0보다 작은 정수도 그대로 적습니다. 더 큰 배열에서 잘라 낸 이미지여도
    마찬가지입니다.
    """
    image = np.array([[256, -3, 70_000], [-40_000, 3_000_000_000, 65]])
    for gaps in (True, False):
        text = submission.image_to_text(Strided(image, gaps))
        expect_text(text, "256\t-3\t70000\n-40000\t3000000000\t65\n")
    image = np.array([[2**53 + 1, -(2**62) - 3]])
    expect_text(submission.image_to_text(image), "9007199254740993\t-4611686018427387907\n")
    unsigned = np.array([[2**64 - 3], [7]], dtype=np.uint64)
    expect_text(submission.image_to_text(unsigned), "18446744073709551613\n7\n")


@pytest.mark.cell("test-image-to-text")
def test_image_to_text_writes_long_rows(submission: Submission) -> None:
    """`image_to_text` writes a row of more than a thousand numbers in full, in one line.

    `image_to_text`는 숫자가 천 개를 넘는 행도 한 줄에 빠짐없이 적습니다.
    """
    image = pixels(2, 1200, seed=21)
    lines = ["\t".join(map(str, row)) + "\n" for row in image.tolist()]
    expect_text(submission.image_to_text(image), "".join(lines))


# -- flatten_images


@pytest.mark.cell("test-flatten-images", weight=2)
def test_flatten_images_reads_row_by_row(submission: Submission) -> None:
    """`flatten_images` gives every image a row of its own and reads it row by row, for sizes that all differ.

    `flatten_images`는 개수, 높이, 너비가 모두 다른 경우에도 이미지마다 한 행씩, 위에서부터 한 줄씩 읽습니다.
    """
    images = np.random.default_rng(3).permutation(np.arange(-30, 30, dtype=np.int16)).reshape(5, 3, 4)
    expected = [[value for row in image for value in row] for image in images.tolist()]
    expect_array(submission.flatten_images(images), expected)


@pytest.mark.cell("test-flatten-images")
@given(
    images=hnp.arrays(
        st.sampled_from(
            [np.uint8, np.int8, np.uint16, np.int32, np.uint64, np.float16, np.float32, np.float64]
        ),
        hnp.array_shapes(min_dims=3, max_dims=3, max_side=5),
        elements=st.integers(0, 127),
    )
)
def test_flatten_images_keeps_values_and_dtype(submission: Submission, images: Array) -> None:
    """`flatten_images` keeps values and dtype, for images of any size and type.

    `flatten_images`는 이미지의 크기와 자료형에 상관없이 값과 dtype을 그대로 둡니다.
    """
    expected = np.array([image.ravel() for image in images], dtype=images.dtype)
    expect_array(submission.flatten_images(images), expected, dtype="same")


@pytest.mark.cell("test-flatten-images")
def test_flatten_images_keeps_wide_values(submission: Submission) -> None:
    """`flatten_images` keeps values and dtype on the way: fine fractions and infinity, huge integers, True
    and False.

    `flatten_images`는 아주 작은 차이의 소수와 무한대, 아주 큰 정수, True와 False도 값과 dtype을 그대로
    둡니다.
    """
    fine = 1 / 3 + np.arange(12).reshape(2, 3, 2) * 2.0**-40
    fine[1, 2, 0], fine[0, 1, 1] = np.inf, -np.inf
    huge = 2**60 + np.arange(12).reshape(2, 3, 2)
    for images in (fine, huge, huge % 3 == 0):
        rows = as_array(submission.flatten_images(images))
        expect_array(rows, images.reshape(2, 6), dtype="same")
        expect(
            np.array_equal(rows, images.reshape(2, 6)),
            "a value has changed a little on the way",
            "값이 도중에 조금 바뀌었습니다",
        )


@pytest.mark.cell("test-flatten-images")
def test_flatten_images_keeps_earlier_rows(submission: Submission) -> None:
    """What `flatten_images` returned stays as it was when the function is called again.

    `flatten_images`를 다시 불러도 앞서 반환한 결과는 그대로 남습니다.
    """
    batches = [pixels(3, 4, 5, seed=seed) for seed in (22, 23)]
    kept = answers_kept(submission, "flatten_images", *[(images,) for images in batches])
    for rows, images in zip(kept, batches, strict=True):
        expect_array(rows, images.reshape(3, 20))


@pytest.mark.cell("test-flatten-images")
def test_flatten_images_of_mnist_size(submission: Submission) -> None:
    """`flatten_images` gives as many rows as there are images, be they three or sixty thousand.

    `flatten_images`의 결과는 이미지가 3장이든 6만 장이든 이미지 수만큼의 행을 가집니다.
    """
    for count in (3, MNIST_SIZE):
        images = pixels(count, 2, 1, seed=4)
        expect_array(submission.flatten_images(images), images[:, :, 0], dtype="same")


@pytest.mark.cell("test-flatten-images")
def test_flatten_images_leaves_its_argument_alone(submission: Submission) -> None:
    """`flatten_images` does not change the array that it is given, its shape included.

    `flatten_images`는 인자로 받은 배열을 모양까지 포함해 바꾸지 않습니다.
    """
    images = pixels(3, 28, 28, seed=5)
    expect_array(expect_unchanged(submission.flatten_images, images), images.reshape(3, 784), dtype="same")


@pytest.mark.cell("test-flatten-images-edges")
def test_flatten_images_of_nothing_keeps_the_width(submission: Submission) -> None:
    """`flatten_images` of zero images has zero rows, each as wide as a flattened image, and the same dtype.

    `flatten_images`에 이미지가 0장 들어오면 행은 0개이지만 너비와 dtype은 그대로입니다.
    """
    expect_array(
        submission.flatten_images(np.zeros((0, 5, 3), np.uint8)), np.zeros((0, 15), np.uint8), dtype="same"
    )


@pytest.mark.cell("test-flatten-images-edges")
def test_flatten_images_of_a_strided_view(submission: Submission) -> None:
    """`flatten_images` reads elements, not memory: an array that is not contiguous gives the same rows.

    `flatten_images`는 메모리가 아니라 원소를 읽으므로, 메모리에 연속으로 놓이지 않은 배열도 같은 결과를
    냅니다.
    """
    images = pixels(4, 3, 5, seed=6)
    for laid_out in (Strided(images), Strided(images, gaps=False)):
        expect_array(submission.flatten_images(laid_out), images.reshape(4, 15), dtype="same")


@pytest.mark.cell("test-flatten-images-edges")
@pytest.mark.parametrize(
    "shapes", [[(12,), (28, 28), (1,)], [(2, 3, 4, 1), (1, 2, 1, 3, 2)]], ids=["fewer", "more"]
)
def test_flatten_images_refuses_other_dimensions(
    submission: Submission, shapes: list[tuple[int, ...]]
) -> None:
    """`flatten_images` raises a ValueError naming `images` unless the array has three dimensions.

    `flatten_images`는 3차원이 아닌 배열이 들어오면 `images`를 언급하는 ValueError를 일으킵니다.
    """
    for shape in shapes:
        expect_raises(submission.flatten_images, pixels(*shape), names="images")


# -- normalize


@pytest.mark.cell("test-normalize", weight=2)
def test_normalize_knows_every_byte(submission: Submission) -> None:
    """`normalize` divides each of the 256 byte values by 255 and returns float64.

    `normalize`는 256가지 바이트 값을 모두 255로 나누어 float64로 반환합니다.
    """
    values = np.random.default_rng(7).permutation(256).astype(np.uint8).reshape(2, 16, 8)
    expected = [[[pixel / 255 for pixel in row] for row in image] for image in values.tolist()]
    expect_array(submission.normalize(values), expected, dtype=np.float64)


@pytest.mark.cell("test-normalize")
def test_normalize_has_a_fixed_scale(submission: Submission) -> None:
    """`normalize` divides by the same number whether the brightest pixel of the batch is dim or not, and
    whether the images are a part of a larger array or not.

    `normalize`는 묶음에서 가장 밝은 픽셀이 어둡더라도, 더 큰 배열에서 잘라 낸 이미지여도 언제나 같은 수로
    나눕니다.
    """
    for brightest in (1, 40, 254):
        images = pixels(2, 3, 4, seed=8, low=0, high=brightest)
        images[1, 2, 0] = brightest
        for gaps in (True, False):
            scaled = submission.normalize(Strided(images, gaps))
            expect_array(scaled, images.astype(np.float64) / 255, rtol=1e-6)


@pytest.mark.cell("test-normalize")
def test_normalize_of_a_blank_image(submission: Submission) -> None:
    """`normalize` turns a blank image into zeros, and an image without any white stays without white.

    `normalize`는 빈 이미지를 0으로 바꾸고, 흰색이 없는 이미지는 흰색이 없는 채로 둡니다.
    """
    expect_array(submission.normalize(np.zeros((1, 4, 3), np.uint8)), np.zeros((1, 4, 3)))
    images = pixels(3, 3, seed=9, low=90, high=200)
    expect_array(submission.normalize(images), images.astype(np.float64) / 255, rtol=1e-6)


@pytest.mark.cell("test-normalize")
@given(
    images=hnp.arrays(
        st.sampled_from([np.uint8, np.int16, np.uint16, np.int64]),
        hnp.array_shapes(min_dims=1, max_dims=4, max_side=4),
        elements=st.integers(0, 255),
    )
)
def test_normalize_keeps_the_shape(submission: Submission, images: Array) -> None:
    """`normalize` takes any integer type and any shape, and keeps the shape.

    `normalize`는 어떤 정수형과 모양이든 받으며 모양을 그대로 둡니다.
    """
    expect_array(submission.normalize(images), images.astype(np.float64) / 255, dtype=np.float64, rtol=1e-6)


@pytest.mark.cell("test-normalize")
def test_normalize_leaves_its_argument_alone(submission: Submission) -> None:
    """`normalize` does not change the array that it is given.

    `normalize`는 인자로 받은 배열을 바꾸지 않습니다.
    """
    images = pixels(2, 5, 3, seed=10)
    expect_array(expect_unchanged(submission.normalize, images), images.astype(np.float64) / 255, rtol=1e-6)


@pytest.mark.cell("test-normalize")
def test_normalize_keeps_earlier_results(submission: Submission) -> None:
    """What `normalize` returned stays as it was when the function is called again.

    `normalize`를 다시 불러도 앞서 반환한 결과는 그대로 남습니다.
    """
    batches = [pixels(3, 4, seed=seed) for seed in (24, 25)]
    kept = answers_kept(submission, "normalize", *[(images,) for images in batches])
    for scaled, images in zip(kept, batches, strict=True):
        expect_array(scaled, images / 255, rtol=1e-6)


@pytest.mark.cell("test-normalize-range")
def test_normalize_refuses_values_far_outside(submission: Submission) -> None:
    """`normalize` raises a ValueError naming `images` for values so far outside that a narrow integer type
    would bring them back into the range.

    `normalize`는 좁은 정수형으로 바꾸면 범위 안으로 돌아와 버릴 만큼 멀리 벗어난 값에 대해서도 `images`를
    언급하는 ValueError를 일으킵니다.
    """
    for value in (512 + 7, 65_536 + 9, 2**32 + 200, -65_536 + 5, -(2**32) + 30):
        expect_raises(submission.normalize, np.array([[12, 3], [value, 255]]), names="images")
    for dtype, value in ((np.uint16, 300), (np.int16, 256), (np.int16, -2), (np.uint64, 2**63 + 4)):
        expect_raises(submission.normalize, np.array([0, value, 9], dtype=dtype), names="images")


@pytest.mark.cell("test-normalize-range")
@pytest.mark.parametrize("values", [(-1, -255), (256, 300)], ids=["below", "above"])
def test_normalize_refuses_one_bad_pixel(submission: Submission, values: tuple[int, int]) -> None:
    """`normalize` raises a ValueError naming `images` for a single value outside the range, wherever it
    stands.

    `normalize`는 범위를 벗어난 값이 하나라도 있으면 그 위치와 상관없이 `images`를 언급하는 ValueError를
    일으킵니다.
    """
    images = pixels(3, 4, 5, seed=11).astype(np.int64)
    first = images.copy()
    first[0, 0, 0] = values[0]
    expect_raises(submission.normalize, first, names="images")
    for value, place in zip(values, [(2, 3, 1), (0, 1, 4)], strict=True):
        spoilt = images.copy()
        spoilt[place] = value
        expect_raises(submission.normalize, spoilt, names="images")


# -- one_hot


@st.composite
def labels_of_some_classes(draw: st.DrawFn) -> tuple[list[int], type[np.integer[Any]], int]:
    """Labels, their type, and a number of classes that they all fit into."""
    num_classes = draw(st.integers(1, 12))
    labels = draw(st.lists(st.integers(0, num_classes - 1), min_size=1, max_size=7))
    return labels, draw(st.sampled_from([np.uint8, np.int64])), num_classes


@pytest.mark.cell("test-one-hot", weight=2)
@given(batch=labels_of_some_classes())
def test_one_hot_of_any_labels(
    submission: Submission, batch: tuple[list[int], type[np.integer[Any]], int]
) -> None:
    """`one_hot` gives every label a row of float64 with its only 1 in the label's column, for any number of
    classes.

    `one_hot`은 클래스가 몇 개든 레이블마다 한 행을 만들고, 레이블의 자리에만 1을 넣으며, float64를
    반환합니다.
    """
    labels, dtype, num_classes = batch
    expected = [[float(column == label) for column in range(num_classes)] for label in labels]
    expect_array(submission.one_hot(np.array(labels, dtype), num_classes), expected, dtype=np.float64)


@pytest.mark.cell("test-one-hot")
def test_one_hot_counts_classes_by_the_argument(submission: Submission) -> None:
    """`one_hot` has a column for every class, for those too that no label in the batch names. The labels
    may be a part of a larger array.

    `one_hot`의 결과에는 묶음에 나타나지 않는 클래스의 열도 있습니다. 레이블은 더 큰 배열에서 잘라 낸
    것일 수도 있습니다.
    """
    labels = np.array([3, 1, 3, 4, 1], dtype=np.uint8)
    expected = np.zeros((5, 13))
    for row, label in enumerate(labels.tolist()):
        expected[row, label] = 1
    expect_array(submission.one_hot(Strided(labels), 13), expected)


@pytest.mark.cell("test-one-hot")
def test_one_hot_of_many_classes(submission: Submission) -> None:
    """`one_hot` knows more classes than a byte can count, and a single one.

    `one_hot`은 1바이트로 셀 수 있는 것보다 많은 클래스도, 단 하나의 클래스도 다룹니다.
    """
    labels = np.array([299, 128, 0, 256, 43])
    expect_array(submission.one_hot(labels, 300), np.eye(300)[labels])
    expect_array(submission.one_hot(np.zeros(3, dtype=np.int64), 1), np.ones((3, 1)))
    narrow = np.array([255, 0, 43, 130], dtype=np.uint8)
    for num_classes in (256, 300):
        expect_array(submission.one_hot(narrow, num_classes), np.eye(num_classes)[narrow])


@pytest.mark.cell("test-one-hot")
def test_one_hot_keeps_earlier_rows(submission: Submission) -> None:
    """What `one_hot` returned stays as it was when the function is called again.

    `one_hot`을 다시 불러도 앞서 반환한 결과는 그대로 남습니다.
    """
    batches = [np.array([2, 0, 3, 1]), np.array([1, 1, 0, 2])]
    kept = answers_kept(submission, "one_hot", *[(labels, 4) for labels in batches])
    for rows, labels in zip(kept, batches, strict=True):
        expect_array(rows, np.eye(4)[labels])


@pytest.mark.cell("test-one-hot")
def test_one_hot_leaves_its_argument_alone(submission: Submission) -> None:
    """`one_hot` does not change the labels that it is given, as a row or as a column.

    `one_hot`은 레이블 배열이 한 줄이든 열이든 바꾸지 않습니다.
    """
    labels = np.array([0, 2, 1, 2, 4, 0])
    expect_array(expect_unchanged(submission.one_hot, labels, 6), np.eye(6)[labels])
    expect_array(expect_unchanged(submission.one_hot, labels[:, np.newaxis], 6), np.eye(6)[labels])


@pytest.mark.cell("test-one-hot-column")
@pytest.mark.parametrize("labels", [[3, 0, 2, 2, 1], [4]], ids=["several", "single"])
def test_one_hot_of_a_column(submission: Submission, labels: list[int]) -> None:
    """`one_hot` treats a column of labels like a row of them, also when it holds a single label.

    `one_hot`은 열 모양의 레이블을 한 줄짜리와 똑같이 다루며, 레이블이 하나뿐일 때도 마찬가지입니다.
    """
    expect_array(submission.one_hot(np.array(labels)[:, np.newaxis], 5), np.eye(5)[labels], dtype=np.float64)


@pytest.mark.cell("test-one-hot-range")
@pytest.mark.parametrize("outside", [(-1, -4), (4, 6)], ids=["below", "above"])
def test_one_hot_refuses_one_bad_label(submission: Submission, outside: tuple[int, int]) -> None:
    """`one_hot` raises a ValueError naming `labels` for a single label outside the classes, just outside
    included.

    `one_hot`은 클래스 범위를 벗어난 레이블이 하나라도 있으면, 바로 바깥의 값이라도 `labels`를 언급하는
    ValueError를 일으킵니다.
    """
    for label in outside:
        expect_raises(submission.one_hot, np.array([0, 3, label, 1]), 4, names="labels")
        expect_raises(submission.one_hot, np.array([[2], [label]]), 4, names="labels")


@pytest.mark.cell("test-one-hot-range")
def test_one_hot_refuses_labels_far_outside(submission: Submission) -> None:
    """`one_hot` raises a ValueError naming `labels` for labels so far outside that a narrow integer type
    would bring them back among the classes.

    `one_hot`은 좁은 정수형으로 바꾸면 클래스 범위 안으로 돌아와 버릴 만큼 멀리 벗어난 레이블에 대해서도
    `labels`를 언급하는 ValueError를 일으킵니다.
    """
    for label in (256 + 2, 65_536 + 1, 2**32 + 3, -256, -65_536 + 2, -(2**32) + 1):
        expect_raises(submission.one_hot, np.array([0, label, 3]), 4, names="labels")


# -- split_train_validation


def samples(count: int) -> tuple[Array, Array]:
    """Rows that can all be told apart, x of shape (count, 3) and y of shape (count, 2)."""
    rows = np.arange(count)
    return np.stack([7 * rows - 20, 500 - rows, rows * rows], axis=1), np.stack([rows, -3 * rows], axis=1)


def generator(submission: Submission, seed: int) -> Any:
    """A NumPy Generator that lives beside the submission."""
    return submission.import_module("numpy").random.default_rng(seed)


def four(parts: Any) -> list[Array]:
    """The four arrays of a split, or a sentence about what came back instead."""
    expect(
        isinstance(parts, (tuple, list)),
        f"expected four arrays, got {type_name(parts)}",
        f"배열 네 개를 반환해야 합니다. 반환한 것: {type_name(parts)}",
    )
    expect(
        len(parts) == 4,
        f"expected four arrays, got {len(parts)} values",
        f"배열 네 개를 반환해야 합니다. 반환한 값: {len(parts)}개",
    )
    return [as_array(part) for part in parts]


def places(x_part: Array, x: Array) -> list[int]:
    """Which row of ``x`` each row of ``x_part`` is."""
    known = {tuple(row): place for place, row in enumerate(x.tolist())}
    expect(
        x_part.shape[1:] == x.shape[1:],
        f"a row of x has shape {x.shape[1:]}, one came back as {x_part.shape[1:]}",
        f"x의 한 행의 모양은 {x.shape[1:]}인데, 돌아온 행의 모양은 {x_part.shape[1:]}입니다",
    )
    found = [known.get(tuple(row)) for row in x_part.tolist()]
    expect(None not in found, "a row came back that is none of the rows of x", "x에 없는 행이 돌아왔습니다")
    return [place for place in found if place is not None]


def split(submission: Submission, count: int, fraction: float, seed: int) -> tuple[list[int], list[int]]:
    """Split ``samples(count)``, and say which rows went to training and which to validation."""
    x, y = samples(count)
    parts = four(submission.split_train_validation(x, y, fraction, generator(submission, seed)))
    return places(parts[0], x), places(parts[2], x)


@pytest.mark.cell("test-split-sizes")
@pytest.mark.parametrize(
    ("count", "fraction", "validation"),
    [(11, 0.25, 2), (23, 0.125, 2), (13, 0.75, 9), (3, 0.25, 0), (160, 0.125, 20), (9, 0.0, 0), (7, 1.0, 7)],
    ids=["quarter", "eighth", "most", "too-few", "not-in-percent", "nothing", "everything"],
)
def test_split_sizes(submission: Submission, count: int, fraction: float, validation: int) -> None:
    """`split_train_validation` rounds the number of validation rows down, to none if need be; the rest is for
    training.

    `split_train_validation`은 검증 행의 수를 내림하고(0개가 될 수도 있습니다) 나머지는 모두 학습에 씁니다.
    """
    x, y = samples(count)
    parts = four(submission.split_train_validation(x, y, fraction, generator(submission, 4)))
    shapes = [part.shape for part in parts]
    train = count - validation
    expected = [(train, 3), (train, 2), (validation, 3), (validation, 2)]
    expect(
        shapes == expected,
        f"expected arrays of shapes {expected}, got {shapes}",
        f"기대한 배열의 모양: {expected}, 돌아온 모양: {shapes}",
    )


@pytest.mark.cell("test-split-pairs", weight=2)
@given(count=st.integers(4, 30), fraction=st.sampled_from([0.125, 0.25, 0.5, 0.75]), seed=st.integers(0, 99))
@settings(max_examples=15)
def test_split_keeps_every_pair(submission: Submission, count: int, fraction: float, seed: int) -> None:
    """`split_train_validation` keeps each label with its row in both sets, whatever the size and the seed.

    `split_train_validation`은 크기와 시드에 상관없이 두 세트에서 행과 레이블의 짝을 지킵니다.
    """
    x, y = samples(count)
    parts = four(submission.split_train_validation(x, y, fraction, generator(submission, seed)))
    for x_part, y_part in (parts[:2], parts[2:]):
        expect_array(y_part, y[places(x_part, x)])


@pytest.mark.cell("test-split-pairs")
@given(count=st.integers(4, 30), fraction=st.sampled_from([0.125, 0.25, 0.5, 0.75]), seed=st.integers(0, 99))
@settings(max_examples=15)
def test_split_uses_every_row_once(submission: Submission, count: int, fraction: float, seed: int) -> None:
    """`split_train_validation` puts every row into exactly one of the two sets: none twice, none lost.

    `split_train_validation`은 모든 행을 두 세트 중 정확히 한 곳에 넣습니다. 겹치는 행도, 사라지는 행도
    없습니다.
    """
    training, validation = split(submission, count, fraction, seed)
    expect(
        not set(training) & set(validation),
        "a row is in the training set and in the validation set",
        "같은 행이 학습 세트에도 검증 세트에도 있습니다",
    )
    expect(
        sorted(training + validation) == list(range(count)),
        "a row is there twice, or lost",
        "두 번 나오거나 사라진 행이 있습니다",
    )


@pytest.mark.cell("test-split-pairs")
def test_split_takes_images_and_plain_labels(submission: Submission) -> None:
    """`split_train_validation` divides three-dimensional images with one-dimensional labels, images kept
    whole, also where they are a part of a larger array.

    `split_train_validation`은 3차원 이미지와 1차원 레이블도 나누며, 더 큰 배열에서 잘라 낸 것이어도
    이미지는 온전히 유지합니다.
    """
    images = pixels(9, 2, 3, seed=12)
    labels = np.arange(9)
    x_train, y_train, x_validation, y_validation = four(
        submission.split_train_validation(Strided(images), labels, 0.5, generator(submission, 5))
    )
    expect(
        sorted([*y_train.tolist(), *y_validation.tolist()]) == list(range(9)),
        "a label is there twice, or lost",
        "두 번 나오거나 사라진 레이블이 있습니다",
    )
    expect_array(x_train, images[y_train])
    expect_array(x_validation, images[y_validation])
    # A column of labels stays one, and so do images of a single row and channel.
    column, flat = np.arange(9)[:, np.newaxis], images.reshape(9, 1, 6, 1)
    parts = four(submission.split_train_validation(flat, column, 0.5, generator(submission, 5)))
    for x_part, y_part in (parts[:2], parts[2:]):
        expect_array(x_part, flat[y_part.reshape(-1)])
        expect_array(y_part, y_part.reshape(-1, 1))


@pytest.mark.cell("test-split-pairs")
def test_split_leaves_its_arguments_alone(submission: Submission) -> None:
    """`split_train_validation` changes neither `x` and `y` nor the global random state.

    `split_train_validation`은 `x`와 `y`, 전역 난수 상태를 바꾸지 않습니다.
    """
    x, y = samples(17)
    four(expect_unchanged(submission.split_train_validation, x, y, 0.25, generator(submission, 6)))


@pytest.mark.cell("test-split-pairs")
def test_split_keeps_wide_values(submission: Submission) -> None:
    """`split_train_validation` hands on values as they are: huge integers, fine fractions, labels above 255.

    `split_train_validation`은 아주 큰 정수, 아주 작은 차이의 소수, 255보다 큰 레이블도 값을 그대로 전합니다.
    """
    labels = np.random.default_rng(26).permutation(12) * 9000 - 40_000
    for x in (2**40 + labels, 1 / 3 + labels * 2.0**-45):
        parts = four(submission.split_train_validation(x, labels, 0.25, generator(submission, 7)))
        for x_part, y_part in (parts[:2], parts[2:]):
            found = [int(np.flatnonzero(labels == label)[0]) for label in y_part if label in labels]
            expect(
                len(found) == len(y_part),
                "a label came back that is none of the labels",
                "레이블에 없던 값이 레이블로 돌아왔습니다",
            )
            expect(
                np.array_equal(x_part, x[found]),
                "a value of x has changed a little on the way",
                "x의 값이 도중에 조금 바뀌었습니다",
            )
    # What is to be learnt may be a fraction, too.
    parts = four(submission.split_train_validation(labels, labels / 7, 0.25, generator(submission, 7)))
    for x_part, y_part in (parts[:2], parts[2:]):
        expect_array(y_part, x_part / 7)


@pytest.mark.cell("test-split-pairs")
def test_split_keeps_earlier_sets(submission: Submission) -> None:
    """What `split_train_validation` returned stays as it was when the function is called again.

    `split_train_validation`을 다시 불러도 앞서 반환한 결과는 그대로 남습니다.
    """
    first, labels = samples(16)
    for part, expected in ((0, 12), (3, 4)):
        kept = answers_kept(
            submission,
            "split_train_validation",
            (first, labels, 0.25, generator(submission, 12)),
            (first + 5000, labels + 5000, 0.25, generator(submission, 13)),
            part=part,
        )
        for rows, added in zip(kept, (0, 5000), strict=True):
            whole = (first, labels)[part % 2]
            found = places(as_array(rows) - added, whole)
            expect(
                len(set(found)) == expected,
                f"expected {expected} rows, got {len(set(found))}",
                f"기대한 행: {expected}개, 돌아온 행: {len(set(found))}개",
            )


# Forty-eight rows, twelve of them for validation: a shuffle leaves twelve rows in order by chance once in
# half a billion times, so these tests refuse no correct one.


@pytest.mark.cell("test-split-shuffle")
def test_split_shuffles_both_sets(submission: Submission) -> None:
    """`split_train_validation` picks the validation rows all over the data, and shuffles the rows of both
    sets.

    `split_train_validation`은 검증 행을 데이터 전체에서 고르고, 두 세트의 행을 모두 섞습니다.
    """
    training, validation = split(submission, 48, 0.25, seed=7)
    expect(
        set(validation) != set(range(12)),
        "the validation set is simply the first rows",
        "검증 세트가 그냥 맨 앞의 행들입니다",
    )
    expect(
        set(validation) != set(range(36, 48)),
        "the validation set is simply the last rows",
        "검증 세트가 그냥 맨 뒤의 행들입니다",
    )
    for name, korean, rows in (("training", "학습", training), ("validation", "검증", validation)):
        expect(
            rows != sorted(rows),
            f"the {name} rows are still in their first order",
            f"{korean} 세트의 행이 처음 순서 그대로입니다",
        )
        expect(
            rows != sorted(rows, reverse=True),
            f"the {name} rows are only reversed, not shuffled",
            f"{korean} 세트의 행이 섞이지 않고 순서만 뒤집혔습니다",
        )


@pytest.mark.cell("test-split-shuffle")
def test_split_of_sorted_data_has_every_class(submission: Submission) -> None:
    """`split_train_validation` of data sorted by class leaves every class in both sets.

    클래스 순서로 정렬된 데이터를 `split_train_validation`으로 나누어도 두 세트에 모든 클래스가 있습니다.
    """
    labels = np.repeat(np.arange(5), 70)
    parts = four(submission.split_train_validation(np.arange(350), labels, 0.25, generator(submission, 8)))
    for name, korean, part in (("training", "학습", parts[1]), ("validation", "검증", parts[3])):
        missing = sorted(set(range(5)) - set(part.tolist()))
        expect(
            not missing,
            f"{len(missing)} of 5 classes are missing in the {name} set",
            f"{korean} 세트에 없는 클래스: 5개 중 {len(missing)}개",
        )


@pytest.mark.cell("test-split-shuffle")
def test_split_depends_on_the_seed(submission: Submission) -> None:
    """`split_train_validation` gives different splits for generators with different seeds.

    `split_train_validation`은 시드가 다른 생성기에 대해 다른 결과를 냅니다.
    """
    first, second = (split(submission, 48, 0.25, seed) for seed in (9, 10))
    expect(
        set(first[1]) != set(second[1]),
        "two different seeds gave the same validation rows",
        "서로 다른 시드인데 검증 세트의 행이 같습니다",
    )
    expect(
        first[0] != second[0],
        "two different seeds gave the same training rows",
        "서로 다른 시드인데 학습 세트의 행이 같습니다",
    )


@pytest.mark.cell("test-split-shuffle")
def test_split_depends_on_nothing_but_rng(submission: Submission) -> None:
    """`split_train_validation` gives the same split for the same seed, however the global generator was
    seeded.

    `split_train_validation`은 시드가 같으면 전역 생성기의 시드와 상관없이 같은 결과를 냅니다.
    """
    results = []
    for global_seed in (1, 2):
        submission.import_module("numpy").random.seed(global_seed)
        results.append(split(submission, 48, 0.25, seed=11))
    expect(
        results[0] == results[1],
        "the same seed gave two different splits",
        "같은 시드인데 나눈 결과가 서로 다릅니다",
    )


@pytest.mark.cell("test-split-pairs")
def test_split_takes_what_is_prepared_already(submission: Submission) -> None:
    """`split_train_validation` hands on fractions and one-hot labels as they are, set after set.

    `split_train_validation`은 소수 픽셀과 원-핫 레이블을 그대로 나누며, 여러 번 불러도 그때의 데이터를
    나눕니다.
    """
    for seed in (18, 19):
        x = np.random.default_rng(seed).random((12, 3)) / 3
        y = np.eye(12)[np.random.default_rng(seed + 50).permutation(12)]
        parts = four(submission.split_train_validation(x, y, 0.25, generator(submission, 6)))
        for x_part, y_part in (parts[:2], parts[2:]):
            rows = [int(np.flatnonzero((y == label).all(axis=1))[0]) for label in np.asarray(y_part)]
            expect_array(x_part, x[rows])
            expect_array(y_part, y[rows])


# -- preprocess


def expect_preprocessed(
    result: Any, images: Array, labels: Array, num_classes: int, *, exact: bool = True
) -> None:
    """``x`` and ``y`` as they should be; with ``exact`` also float64."""
    expect(
        isinstance(result, (tuple, list)),
        f"expected x and y, got {type_name(result)}",
        f"x와 y를 반환해야 합니다. 반환한 것: {type_name(result)}",
    )
    expect(
        len(result) == 2,
        f"expected x and y, got {len(result)} values",
        f"x와 y를 반환해야 합니다. 반환한 값: {len(result)}개",
    )
    height, width = images.shape[1:]
    dtype = np.float64 if exact else None
    x = images.reshape(len(images), height * width).astype(np.float64) / 255
    expect_array(result[0], x, dtype=dtype, rtol=1e-6)
    expect_array(result[1], np.eye(num_classes)[labels.reshape(-1)], dtype=dtype)


@pytest.mark.cell("test-preprocess", weight=2)
def test_preprocess_prepares_rectangular_images(submission: Submission) -> None:
    """`preprocess` flattens, scales and encodes images that are not square; both results are float64.

    `preprocess`는 정사각형이 아닌 이미지도 펼치고 정규화하고 인코딩하며, 두 결과 모두 float64입니다.
    """
    images, labels = pixels(5, 3, 4, seed=13), np.array([6, 0, 2, 2, 5], dtype=np.uint8)
    expect_preprocessed(submission.preprocess(images, labels, num_classes=8), images, labels, 8)


@pytest.mark.cell("test-preprocess")
def test_preprocess_has_ten_classes_unless_told(submission: Submission) -> None:
    """`preprocess` has ten classes when none are given, and takes a column of labels too.

    `preprocess`는 클래스 수를 주지 않으면 10으로 하며, 열 모양의 레이블도 받습니다.
    """
    images, labels = pixels(4, 28, 28, seed=14), np.array([7, 3, 0, 3])
    expect_preprocessed(submission.preprocess(images, labels), images, labels, 10, exact=False)
    expect_preprocessed(submission.preprocess(images, labels[:, np.newaxis]), images, labels, 10, exact=False)


@pytest.mark.cell("test-preprocess")
def test_preprocess_treats_an_image_the_same_in_any_company(submission: Submission) -> None:
    """`preprocess` gives an image the same numbers whichever images come along, as training and test images
    need, and whether they are a part of a larger array or not.

    `preprocess`는 어떤 이미지와 함께 들어오든, 더 큰 배열에서 잘라 낸 것이든 한 이미지를 같은 숫자로
    바꿉니다. 학습 이미지와 테스트 이미지에 꼭 필요한 성질입니다.
    """
    images, labels = pixels(3, 4, 2, seed=15), np.array([1, 4, 0])
    images[2] //= 4
    for laid_out in (Strided(images), Strided(images, gaps=False)):
        expect_preprocessed(submission.preprocess(laid_out, labels, 5), images, labels, 5, exact=False)
    expect_preprocessed(
        submission.preprocess(images[2:], labels[2:], 5), images[2:], labels[2:], 5, exact=False
    )


@pytest.mark.cell("test-preprocess")
def test_preprocess_treats_training_and_test_sizes_alike(submission: Submission) -> None:
    """`preprocess` scales as many images as MNIST has for training or testing, all in the same way.

    `preprocess`는 MNIST의 학습용만큼 많은 이미지든 테스트용만큼의 이미지든 똑같이 정규화합니다.
    """
    for count in (MNIST_SIZE, MNIST_SIZE // 6):
        images, labels = pixels(count, 1, 2, seed=16), np.arange(count) % 2
        expect_preprocessed(submission.preprocess(images, labels, 2), images, labels, 2, exact=False)


@pytest.mark.cell("test-preprocess")
def test_preprocess_leaves_its_arguments_alone(submission: Submission) -> None:
    """`preprocess` changes neither the images nor the labels, nor the global random state.

    `preprocess`는 이미지와 레이블, 전역 난수 상태를 바꾸지 않습니다.
    """
    images, labels = pixels(3, 5, 2, seed=17), np.array([[2], [0], [1]])
    result = expect_unchanged(submission.preprocess, images, labels, 4)
    expect_preprocessed(result, images, labels, 4, exact=False)


@pytest.mark.cell("test-preprocess")
def test_preprocess_one_set_after_another(submission: Submission) -> None:
    """`preprocess` of several sets of one size gives each set's own pixels and labels.

    크기가 같은 여러 데이터를 차례로 넣어도 `preprocess`는 각각 자기 픽셀과 레이블을 반환합니다.
    """
    for seed in (20, 21):
        images, labels = pixels(30, 28, 28, seed=seed), np.random.default_rng(seed).integers(0, 10, size=30)
        expect_preprocessed(submission.preprocess(images, labels), images, labels, 10)


@pytest.mark.cell("test-preprocess")
def test_preprocess_of_many_classes(submission: Submission) -> None:
    """`preprocess` knows more classes than a byte can count.

    `preprocess`는 1바이트로 셀 수 있는 것보다 많은 클래스도 다룹니다.
    """
    images, labels = pixels(4, 2, 3, seed=27), np.array([299, 128, 0, 256])
    expect_preprocessed(submission.preprocess(images, labels, 300), images, labels, 300)


@pytest.mark.cell("test-preprocess")
def test_preprocess_keeps_earlier_sets(submission: Submission) -> None:
    """What `preprocess` returned for the training images stays as it was when the test images follow.

    학습 이미지로 부른 `preprocess`의 결과는 테스트 이미지로 다시 불러도 그대로 남습니다.
    """
    sets = [(pixels(4, 3, 2, seed=seed), np.roll([1, 0, 2, 2], seed)) for seed in (28, 29)]
    x_kept, y_kept = (answers_kept(submission, "preprocess", *sets, part=part) for part in (0, 1))
    for x, y, (images, labels) in zip(x_kept, y_kept, sets, strict=True):
        expect_preprocessed((x, y), images, labels, 10)
