"""Week 1, the checks that students see in their notebook, as tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograder.testing import Submission, as_seen, expect, expect_array, expect_raises, expect_text


def split(submission: Submission, rows: int, fraction: float, seed: int) -> Any:
    """Split the row numbers 0...rows-1, each labelled with eleven times itself."""
    numbers = np.arange(rows)
    rng = submission.import_module("numpy").random.default_rng(seed)
    parts = submission.split_train_validation(numbers, numbers * 11, fraction, rng)
    expect(
        isinstance(parts, (tuple, list)),
        "`split_train_validation` should return four arrays",
        "`split_train_validation`은 배열 네 개를 반환해야 합니다",
    )
    expect(
        len(parts) == 4,
        f"`split_train_validation` should return 4 arrays, it returned {len(parts)}",
        f"`split_train_validation`은 배열 4개를 반환해야 합니다. 반환한 배열: {len(parts)}개",
    )
    return parts


@pytest.mark.cell("test-show-image")
def test_show_image_returns_its_axes(submission: Submission) -> None:
    """`show_image` returns the Axes that holds the image, drawn with the colour map `Greys`.

    `show_image`는 이미지를 `Greys` 컬러맵으로 그리고 그 Axes를 반환합니다.
    """
    submission.import_module("matplotlib.pyplot").close("all")
    little_image = np.array([[0, 60, 120], [255, 240, 30]], dtype=np.uint8)
    axes = submission.show_image(little_image)
    expect(
        axes is not None,
        "`show_image` came back with None: is a `return` missing?",
        "`show_image`가 None을 반환했습니다. `return`이 빠졌나요?",
    )
    expect(
        hasattr(axes, "get_xlabel"),
        "`show_image` should return the Axes",
        "`show_image`는 Axes를 반환해야 합니다",
    )
    expect(len(axes.images) == 1, "the Axes should hold one image", "Axes에 이미지가 하나 있어야 합니다")
    drawn = as_seen(axes.get_figure(), axes, axes.images[0]).pixels
    expect_array(drawn / drawn.max() * 255, little_image, atol=1e-4)
    expect_text(axes.images[0].get_cmap().name, "Greys")


@pytest.mark.cell("test-image-to-text")
def test_image_to_text_writes_the_example(submission: Submission) -> None:
    """`image_to_text` writes the worked example, and an image of one pixel: tabs between, a newline after
    each row.

    `image_to_text`는 예제와 픽셀이 하나뿐인 이미지를 적습니다. 숫자 사이에는 탭을, 각 행의 끝에는 줄바꿈을
    넣습니다.
    """
    image = np.array([[0, 7, 255], [12, 0, 3]], dtype=np.uint8)
    expect_text(submission.image_to_text(image), "0\t7\t255\n12\t0\t3\n")
    expect_text(submission.image_to_text(np.array([[5]], dtype=np.uint8)), "5\n")


@pytest.mark.cell("test-flatten-images")
def test_flatten_images_lays_out_the_example(submission: Submission) -> None:
    """`flatten_images` lays out the worked example, one image a row.

    `flatten_images`는 예제의 이미지를 한 장에 한 행씩 펼칩니다.
    """
    images = np.array([[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [10, 11, 12]]])
    expect_array(submission.flatten_images(images), [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]])


@pytest.mark.cell("test-flatten-images")
def test_flatten_images_keeps_bytes(submission: Submission) -> None:
    """`flatten_images` keeps the dtype of byte images.

    `flatten_images`는 바이트 이미지의 dtype을 그대로 둡니다.
    """
    images = np.array([[[3, 1], [2, 250]]], dtype=np.uint8)
    expect_array(submission.flatten_images(images), [[3, 1, 2, 250]], dtype=np.uint8)


@pytest.mark.cell("test-flatten-images-edges")
def test_flatten_images_takes_no_images(submission: Submission) -> None:
    """`flatten_images` works for zero images.

    `flatten_images`는 이미지가 한 장도 없을 때도 동작합니다.
    """
    expect_array(submission.flatten_images(np.zeros((0, 2, 3))), np.zeros((0, 6)))


@pytest.mark.cell("test-flatten-images-edges")
def test_flatten_images_refuses_a_matrix(submission: Submission) -> None:
    """`flatten_images` raises a ValueError naming `images` for a two-dimensional array.

    `flatten_images`는 2차원 배열이 들어오면 `images`를 언급하는 ValueError를 일으킵니다.
    """
    expect_raises(submission.flatten_images, np.zeros((4, 6)), names="images")


@pytest.mark.cell("test-normalize")
def test_normalize_scales_the_examples(submission: Submission) -> None:
    """`normalize` brings a row and a matrix of pixels to 0...1 and keeps their shapes.

    `normalize`는 픽셀 한 줄과 행렬을 모양은 그대로 두고 0~1로 바꿉니다.
    """
    expect_array(
        submission.normalize(np.array([0, 51, 102, 255], dtype=np.uint8)), [0.0, 0.2, 0.4, 1.0], rtol=1e-6
    )
    expect_array(submission.normalize(np.array([[153, 204], [255, 0]])), [[0.6, 0.8], [1.0, 0.0]], rtol=1e-6)


@pytest.mark.cell("test-normalize")
def test_normalize_returns_float64(submission: Submission) -> None:
    """`normalize` returns float64 for byte images.

    `normalize`는 바이트 이미지에 대해 float64를 반환합니다.
    """
    expect_array(submission.normalize(np.array([[51]], dtype=np.uint8)), [[0.2]], dtype=np.float64, rtol=1e-6)


@pytest.mark.cell("test-normalize-range")
def test_normalize_refuses_a_large_value(submission: Submission) -> None:
    """`normalize` raises a ValueError naming `images` for a value far above 255.

    `normalize`는 255보다 훨씬 큰 값이 있으면 `images`를 언급하는 ValueError를 일으킵니다.
    """
    expect_raises(submission.normalize, np.array([12, 700, 3]), names="images")


@pytest.mark.cell("test-one-hot")
def test_one_hot_encodes_the_examples(submission: Submission) -> None:
    """`one_hot` encodes the worked example, in which one class does not occur, and a single digit among ten
    classes.

    `one_hot`은 나타나지 않는 클래스가 있는 예제와, 열 개의 클래스 가운데 숫자 하나를 인코딩합니다.
    """
    expect_array(submission.one_hot(np.array([2, 0, 3]), 4), [[0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
    expect_array(submission.one_hot(np.array([5], dtype=np.uint8), 10), [[0, 0, 0, 0, 0, 1, 0, 0, 0, 0]])


@pytest.mark.cell("test-one-hot")
def test_one_hot_returns_float64(submission: Submission) -> None:
    """`one_hot` returns float64.

    `one_hot`은 float64를 반환합니다.
    """
    expect_array(submission.one_hot(np.array([1, 0]), 2), [[0, 1], [1, 0]], dtype=np.float64)


@pytest.mark.cell("test-one-hot-column")
def test_one_hot_takes_a_column(submission: Submission) -> None:
    """`one_hot` takes labels that stand in a column, (N, 1).

    `one_hot`은 열 모양 (N, 1)의 레이블도 받습니다.
    """
    expect_array(submission.one_hot(np.array([[2], [0]]), 3), [[0, 0, 1], [1, 0, 0]])


@pytest.mark.cell("test-one-hot-range")
def test_one_hot_refuses_a_large_label(submission: Submission) -> None:
    """`one_hot` raises a ValueError naming `labels` for a label far above the last class.

    `one_hot`은 마지막 클래스보다 훨씬 큰 레이블이 있으면 `labels`를 언급하는 ValueError를 일으킵니다.
    """
    expect_raises(submission.one_hot, np.array([0, 7, 1]), 3, names="labels")


@pytest.mark.cell("test-split-sizes")
def test_split_gives_a_fifth_to_validation(submission: Submission) -> None:
    """`split_train_validation` of ten rows with fraction 0.2 gives eight and two.

    `split_train_validation`은 10개의 행을 0.2의 비율로 8개와 2개로 나눕니다.
    """
    expect(
        [len(part) for part in split(submission, 10, 0.2, seed=1)] == [8, 8, 2, 2],
        "expected 8, 8, 2 and 2 rows",
        "8개, 8개, 2개, 2개의 행이 나와야 합니다",
    )


@pytest.mark.cell("test-split-pairs")
def test_split_keeps_pairs(submission: Submission) -> None:
    """`split_train_validation` keeps every label with its row.

    `split_train_validation`은 행과 레이블의 짝을 그대로 유지합니다.
    """
    x_train, y_train, x_validation, y_validation = split(submission, 12, 0.25, seed=2)
    expect_array(y_train, np.asarray(x_train) * 11)
    expect_array(y_validation, np.asarray(x_validation) * 11)


@pytest.mark.cell("test-split-pairs")
def test_split_has_every_row_once(submission: Submission) -> None:
    """`split_train_validation` puts every row into exactly one of the two sets.

    `split_train_validation`은 모든 행을 두 세트 중 정확히 한 곳에 넣습니다.
    """
    x_train, _, x_validation, _ = split(submission, 12, 0.25, seed=2)
    together = sorted([*np.asarray(x_train).tolist(), *np.asarray(x_validation).tolist()])
    expect(
        together == list(range(12)),
        f"every row should be there once, these came back: {together}",
        f"모든 행이 한 번씩 있어야 합니다. 돌아온 행: {together}",
    )


@pytest.mark.cell("test-split-shuffle")
def test_split_shuffles(submission: Submission) -> None:
    """`split_train_validation` returns the rows of both sets in shuffled order.

    `split_train_validation`은 두 세트의 행을 섞인 순서로 반환합니다.
    """
    x_train, _, x_validation, _ = split(submission, 100, 0.2, seed=3)
    expect(
        not np.array_equal(x_train, np.sort(x_train)),
        "the training rows are still in order",
        "학습 세트의 행이 아직 순서대로입니다",
    )
    expect(
        not np.array_equal(x_validation, np.sort(x_validation)),
        "the validation rows are still in order",
        "검증 세트의 행이 아직 순서대로입니다",
    )


@pytest.mark.cell("test-split-shuffle")
def test_split_repeats_with_the_same_seed(submission: Submission) -> None:
    """`split_train_validation` gives the same split again for the same seed.

    `split_train_validation`은 시드가 같으면 같은 결과를 냅니다.
    """
    first, second = (split(submission, 100, 0.2, seed=3)[0] for _ in range(2))
    expect(
        np.array_equal(first, second),
        "two calls with the same seed should give the same split",
        "같은 시드로 두 번 호출하면 똑같이 나뉘어야 합니다",
    )


@pytest.mark.cell("test-preprocess")
def test_preprocess_prepares_two_images(submission: Submission) -> None:
    """`preprocess` returns flattened, scaled images and one-hot labels.

    `preprocess`는 펼치고 정규화한 이미지와 원-핫 레이블을 반환합니다.
    """
    images = np.array([[[0, 51], [255, 102]], [[204, 0], [0, 153]]], dtype=np.uint8)
    result = submission.preprocess(images, np.array([2, 0], dtype=np.uint8), 3)
    expect(
        isinstance(result, (tuple, list)) and len(result) == 2,
        "`preprocess` should return x and y",
        "`preprocess`는 x와 y를 반환해야 합니다",
    )
    expect_array(result[0], [[0, 0.2, 1, 0.4], [0.8, 0, 0, 0.6]], dtype=np.float64, rtol=1e-6)
    expect_array(result[1], [[0, 0, 1], [1, 0, 0]], dtype=np.float64)

# autograder: {"limits": {"cell_seconds": 5.0, "cells_seconds": 15.0, "test_seconds": 3.0, "tests_seconds": 30.0}}
