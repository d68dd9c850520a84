"""What is asked of the functions of week 2 beyond the notebook's own checks, without any training."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from autograder.testing import (
    Strided,
    Submission,
    answers_kept,
    as_array,
    expect,
    expect_arguments_unchanged,
    expect_array,
    expect_int,
    expect_ints,
    expect_number,
    expect_raises,
    expect_unchanged,
)

Array = npt.NDArray[Any]

# Wide enough for an implementation that computes in float32 inside.
LOOSE = {"rtol": 1e-5, "atol": 1e-6}


def normal(seed: int, *shape: int, scale: float = 1.0) -> npt.NDArray[np.float64]:
    """Signed numbers of the given shape."""
    return np.random.default_rng(seed).normal(0, scale, shape)


def one_hot(labels: list[int], num_classes: int) -> npt.NDArray[np.float64]:
    """(N,) labels as float64 (N, num_classes)."""
    return np.eye(num_classes)[labels]


def probabilities(seed: int, rows: int, columns: int) -> npt.NDArray[np.float64]:
    """Rows of positive numbers that sum to 1, none of them close to 0."""
    raw = np.random.default_rng(seed).random((rows, columns)) + 0.2
    return raw / raw.sum(axis=1, keepdims=True)


# The exponential of a score that is thousands above another is too large for a float, unless the largest
# score of the row was taken away first: not the smallest, the mean or the first one.
FAR_APART = np.array(
    [
        [2000.0, 0.0, 1.0, -1.0, 2000.5],
        [-3000.0, 1.0, 0.5, 0.0, 0.25],
        [0.0, 5000.0, -5000.0, 4999.0, 4998.0],
        [0.5, -0.5, 0.25, 1.0, 0.0],
    ]
)


# -- relu and softmax


@pytest.mark.cell("test-relu")
def test_relu_keeps_positive_numbers(submission: Submission, reference: Submission) -> None:
    """`relu` keeps every positive number, large or small, and leaves its argument alone.

    `relu`는 크든 작든 모든 양수를 그대로 두고, 인자를 바꾸지 않습니다.
    """
    for z in (normal(1, 4, 7, scale=3.0), np.array([[-4, 0, 7], [12, -300, 1]])):
        expect_array(expect_unchanged(submission.relu, z), reference.relu(z), **LOOSE)


@pytest.mark.cell("test-relu")
@settings(max_examples=12)
@given(
    z=arrays(
        np.float64, array_shapes(min_dims=1, max_dims=4, max_side=6), elements=st.floats(-50, 50, width=32)
    )
)
def test_relu_any_shape(submission: Submission, reference: Submission, z: Array) -> None:
    """`relu` works element by element on arrays of one to four dimensions.

    `relu`는 1차원부터 4차원까지의 배열에서 원소마다 동작합니다.
    """
    expect_array(submission.relu(z), reference.relu(z), **LOOSE)


@pytest.mark.cell("test-softmax")
def test_softmax_signed_rows(submission: Submission, reference: Submission) -> None:
    """`softmax` turns each row of signed scores into its own probabilities and leaves its argument alone.

    `softmax`는 음수와 양수가 섞인 점수의 각 행을 그 행의 확률로 바꾸고, 인자를 바꾸지 않습니다.
    """
    logits = normal(2, 5, 3, scale=2.0)
    expect_array(expect_unchanged(submission.softmax, logits), reference.softmax(logits), **LOOSE)


@pytest.mark.cell("test-softmax")
def test_softmax_large_scores(submission: Submission, reference: Submission) -> None:
    """`softmax` is right where the exponential of a score is too large or too small for a float.

    `softmax`는 점수의 지수함수 값이 실수형에 담기에 너무 크거나 너무 작아도 올바른 확률을 냅니다.
    """
    large = np.array([[900.0, 901.5, 899.0, 902.0], [905.0, 903.0, 904.5, 901.0]])
    expect_array(submission.softmax(large), reference.softmax(large), **LOOSE)
    small = large - 2100.0
    expect_array(submission.softmax(small), reference.softmax(small), **LOOSE)


@pytest.mark.cell("test-softmax")
def test_softmax_rows_of_different_size(submission: Submission, reference: Submission) -> None:
    """`softmax` treats every row by itself, also when one row's scores are far above another's.

    `softmax`는 한 행의 점수가 다른 행보다 훨씬 커도 각 행을 따로 처리합니다.
    """
    logits = np.array(
        [[1000.0, 1001.0, 999.5], [-1000.0, -1002.0, -999.0], [0.5, -0.5, 0.25], [3.0, 1.0, 2.0]]
    )
    expect_array(submission.softmax(logits), reference.softmax(logits), **LOOSE)


@pytest.mark.cell("test-softmax")
@settings(max_examples=10)
@given(
    logits=arrays(
        np.float64, st.tuples(st.integers(1, 4), st.integers(1, 5)), elements=st.floats(-30, 30, width=32)
    )
)
def test_softmax_rows_sum_to_one(submission: Submission, logits: Array) -> None:
    """`softmax` returns rows of positive numbers that sum to 1, be there several classes or one.

    `softmax`는 클래스가 여럿이든 하나든 양수이고 합이 1인 행을 반환합니다.
    """
    result = as_array(submission.softmax(logits))
    expect_array(np.sum(result, axis=1), np.ones(len(logits)), **LOOSE)
    # The smallest is exp(-60): far from what even a float32 takes for 0.
    expect(np.all(result > 0), "a probability is not positive", "양수가 아닌 확률이 있습니다")
    expect(
        result.shape == logits.shape,
        f"{logits.shape} scores became {result.shape} probabilities",
        f"점수의 모양은 {logits.shape}인데 확률의 모양은 {result.shape}입니다",
    )


@pytest.mark.cell("test-relu")
def test_relu_one_batch_after_another(submission: Submission) -> None:
    """`relu` of large batches, one after another, however they lie in memory.

    `relu`로 큰 배치를 차례로, 메모리에 어떻게 놓여 있든 계산합니다.
    """
    for seed in (31, 32):
        z = normal(seed, 40, 30)
        for laid_out in (Strided(z), Strided(z, gaps=False)):
            expect_array(submission.relu(laid_out), np.where(z > 0, z, 0.0), **LOOSE)


@pytest.mark.cell("test-softmax")
def test_softmax_one_batch_after_another(submission: Submission) -> None:
    """`softmax` of large batches, one after another, however they lie in memory.

    `softmax`로 큰 배치를 차례로, 메모리에 어떻게 놓여 있든 계산합니다.
    """
    for seed in (33, 34):
        z = normal(seed, 40, 10, scale=2.0)
        powers = np.exp(z)
        for laid_out in (Strided(z), Strided(z, gaps=False)):
            expect_array(submission.softmax(laid_out), powers / powers.sum(axis=1, keepdims=True), **LOOSE)


@pytest.mark.cell("test-relu")
def test_relu_of_any_numbers(submission: Submission) -> None:
    """`relu` keeps numbers of any size, tiny, huge or whole.

    `relu`는 아주 작은 수, 아주 큰 수, 정수를 모두 그대로 둡니다.
    """
    z = np.array([[1e-9, -1e-9, 3e-6], [4e5, -7e5, 0.0]])
    expect_array(submission.relu(z), [[1e-9, 0, 3e-6], [4e5, 0, 0]], rtol=1e-5, atol=0)
    whole = np.array([70_000, -3, 0, 250, 5_000_000_000])
    expect_array(submission.relu(whole), [70_000, 0, 0, 250, 5e9], rtol=1e-5, atol=0)


@pytest.mark.cell("test-relu")
def test_relu_returns_a_new_array(submission: Submission) -> None:
    """`relu` returns a new array each time: neither its argument, nor the array that it returned before.

    `relu`는 매번 새 배열을 반환합니다. 인자도 아니고, 앞서 반환한 배열도 아닙니다.
    """
    for low in (-1.0, 0.5):
        batches = [np.random.default_rng(seed).uniform(low, 2, (3, 4)) for seed in (41, 42)]
        kept = answers_kept(submission, "relu", *[(z,) for z in batches], overwrite=True)
        for result, z in zip(kept, batches, strict=True):
            expect_array(result, np.where(z > 0, z, 0.0), **LOOSE)


@pytest.mark.cell("test-softmax")
def test_softmax_scores_far_apart(submission: Submission, reference: Submission) -> None:
    """`softmax` is right where the scores of one row lie thousands apart, in whichever order.

    `softmax`는 한 행의 점수가 수천씩 떨어져 있어도, 순서에 상관없이 올바른 확률을 냅니다.
    """
    expect_array(submission.softmax(FAR_APART), reference.softmax(FAR_APART), **LOOSE)


@pytest.mark.cell("test-softmax")
def test_softmax_keeps_earlier_results(submission: Submission) -> None:
    """What `softmax` returned stays as it was when the function is called again.

    `softmax`를 다시 불러도 앞서 반환한 결과는 그대로 남습니다.
    """
    batches = [normal(seed, 4, 3) for seed in (43, 44)]
    for result, z in zip(answers_kept(submission, "softmax", *[(z,) for z in batches]), batches, strict=True):
        expect_array(result, np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), **LOOSE)


# -- dense and the forward pass


@pytest.mark.cell("test-dense")
def test_dense_without_activation(submission: Submission, reference: Submission) -> None:
    """`dense` multiplies a batch of rows by the weights and adds each output's bias, negative sums included.

    `dense`는 여러 행에 가중치를 곱하고 출력마다 편향을 더합니다. 음수인 합도 그대로 둡니다.
    """
    # Also as many rows as outputs, and as many inputs: the bias and the activation are still a row's.
    for rows, inputs, outputs in ((4, 6, 3), (3, 3, 3), (3, 5, 3)):
        x, weights, bias = normal(3, rows, inputs), normal(4, inputs, outputs), normal(5, outputs)
        result = expect_arguments_unchanged(submission.dense, x, weights, bias)
        expect_array(result, reference.dense(x, weights, bias), **LOOSE)


@pytest.mark.cell("test-dense")
def test_dense_applies_activation_last(submission: Submission, reference: Submission) -> None:
    """`dense` applies the activation it is given to the sum of product and bias.

    `dense`는 곱에 편향을 더한 값에, 받은 활성화 함수를 적용합니다.
    """
    weights, bias = normal(7, 4, 3), normal(8, 3, scale=2.0)
    for x in (normal(6, 5, 4), normal(6, 3, 4)):
        result = submission.dense(x, weights, bias, activation=submission.relu)
        expect_array(result, reference.dense(x, weights, bias, activation=reference.relu), **LOOSE)
        result = submission.dense(x, weights, bias, activation=submission.softmax)
        expect_array(result, reference.dense(x, weights, bias, activation=reference.softmax), **LOOSE)


@pytest.mark.cell("test-dense")
def test_dense_takes_any_activation(submission: Submission) -> None:
    """`dense` works with an activation that the notebook does not define.

    `dense`는 노트북에 없는 활성화 함수도 쓸 수 있습니다.
    """
    x, weights, bias = normal(9, 2, 5), normal(10, 5, 3), normal(11, 3)
    result = submission.dense(x, weights, bias, activation=submission.import_module("numpy").tanh)
    expect_array(result, np.tanh(x @ weights + bias), **LOOSE)


@pytest.mark.cell("test-mlp-forward", weight=2)
def test_mlp_forward_batch(submission: Submission, reference: Submission) -> None:
    """`mlp_forward` has ReLU in the hidden layer, softmax in the output layer and both biases, for a batch.

    `mlp_forward`는 여러 행에 대해 은닉층에는 ReLU, 출력층에는 소프트맥스를 계산하고 두 편향을 모두 더합니다.
    """
    weights = normal(12, 8, 5), normal(13, 5), normal(14, 5, 3), normal(15, 3)
    for rows in (6, 3, 5):  # also as many as there are classes, or hidden units
        x = normal(16, rows, 8)
        result = expect_arguments_unchanged(submission.mlp_forward, x, *weights)
        expect_array(result, reference.mlp_forward(x, *weights), **LOOSE)


@pytest.mark.cell("test-mlp-forward")
def test_mlp_forward_one_image(submission: Submission, reference: Submission) -> None:
    """`mlp_forward` works for a single row of 784 pixels, and for other numbers of pixels and classes.

    `mlp_forward`는 784화소짜리 행 하나에도, 화소와 클래스의 수가 다를 때도 동작합니다.
    """
    for pixels, classes in ((784, 10), (901, 12)):
        w1, w2 = normal(17, pixels, 11, scale=0.1), normal(19, 11, classes, scale=0.3)
        weights = w1, normal(18, 11), w2, normal(20, classes)
        x = np.random.default_rng(21).random((1, pixels))
        expect_array(submission.mlp_forward(x, *weights), reference.mlp_forward(x, *weights), **LOOSE)


@pytest.mark.cell("test-dense")
def test_dense_one_batch_after_another(submission: Submission) -> None:
    """`dense` of large batches and other weights, one after another, however they lie in memory.

    큰 배치와 다른 가중치를 차례로, 메모리에 어떻게 놓여 있든 계산합니다.
    """
    for seed in (35, 36):
        x, weights, bias = normal(seed, 40, 20), normal(seed + 10, 20, 7), normal(seed + 20, 7)
        for gaps in (True, False):
            sums = submission.dense(Strided(x, gaps), Strided(weights, gaps), bias)
            expect_array(sums, x @ weights + bias, **LOOSE)


@pytest.mark.cell("test-mlp-forward")
def test_mlp_forward_one_batch_after_another(submission: Submission) -> None:
    """`mlp_forward` of several batches and other weights: each has its own probabilities, also where
    arrays are parts of larger ones.

    여러 배치와 다른 가중치를 차례로 넣어도, 더 큰 배열에서 잘라 낸 배열이어도 `mlp_forward`는 각각의
    확률을 반환합니다.
    """
    for seed in (37, 38):
        x = normal(seed, 30, 20)
        first, second = normal(seed + 10, 20, 9, scale=0.3), normal(seed + 20, 9, 4, scale=0.3)
        b1, b2 = normal(seed + 30, 9), normal(seed + 40, 4)
        powers = np.exp(np.maximum(x @ first + b1, 0) @ second + b2)
        expected = powers / powers.sum(axis=1, keepdims=True)
        for gaps in (True, False):
            actual = submission.mlp_forward(Strided(x, gaps), first, b1, Strided(second, gaps), b2)
            expect_array(actual, expected, **LOOSE)


@pytest.mark.cell("test-dense")
def test_dense_keeps_earlier_results(submission: Submission) -> None:
    """What `dense` returned stays as it was when the function is called again.

    `dense`를 다시 불러도 앞서 반환한 결과는 그대로 남습니다.
    """
    layers = [(normal(seed, 4, 6), normal(seed + 10, 6, 3), normal(seed + 20, 3)) for seed in (45, 46)]
    for result, (x, weights, bias) in zip(answers_kept(submission, "dense", *layers), layers, strict=True):
        expect_array(result, x @ weights + bias, **LOOSE)


@pytest.mark.cell("test-mlp-forward")
def test_mlp_forward_scores_far_apart(submission: Submission, reference: Submission) -> None:
    """`mlp_forward` gives finite and right probabilities when the scores are large or lie thousands apart.

    `mlp_forward`는 점수가 크거나 수천씩 떨어져 있어도 유한하고 올바른 확률을 냅니다.
    """
    identity, nothing = np.eye(4), np.zeros(4)
    large = 900 + np.round(64 * normal(50, 4, 5)) / 64  # in float32, too, as Keras computes
    scores = submission.mlp_forward(identity, identity, nothing, large, np.zeros(5))
    expect_array(scores, reference.softmax(large), **LOOSE)
    # Four images, each of which finds the scores of one row: the hidden layer passes them on as they are.
    scores = submission.mlp_forward(identity, identity, nothing, FAR_APART, np.zeros(5))
    expect_array(scores, reference.softmax(FAR_APART), **LOOSE)


@pytest.mark.cell("test-mlp-forward")
def test_mlp_forward_keeps_earlier_results(submission: Submission, reference: Submission) -> None:
    """What `mlp_forward` returned stays as it was when the function is called again.

    `mlp_forward`를 다시 불러도 앞서 반환한 결과는 그대로 남습니다.
    """
    weights = normal(12, 8, 5), normal(13, 5), normal(14, 5, 3), normal(15, 3)
    batches = [normal(seed, 6, 8) for seed in (47, 48)]
    kept = answers_kept(submission, "mlp_forward", *[(x, *weights) for x in batches])
    for result, x in zip(kept, batches, strict=True):
        expect_array(result, reference.mlp_forward(x, *weights), **LOOSE)


# -- loss, accuracy, parameters


@pytest.mark.cell("test-categorical-crossentropy", weight=2)
def test_categorical_crossentropy_batch(submission: Submission, reference: Submission) -> None:
    """`categorical_crossentropy` averages over the rows, with the natural logarithm, and returns one number.

    `categorical_crossentropy`는 자연로그로 계산해 행에 대해 평균하고, 숫자 하나를 반환합니다.
    """
    y_true, y_pred = one_hot([2, 0, 3, 3, 1, 2, 0], 4), probabilities(22, 7, 4)
    loss = expect_unchanged(submission.categorical_crossentropy, y_true, y_pred)
    expect_number(loss, reference.categorical_crossentropy(y_true, y_pred), rtol=1e-4, atol=1e-4)


@pytest.mark.cell("test-categorical-crossentropy")
def test_categorical_crossentropy_sure_and_wrong(submission: Submission) -> None:
    """`categorical_crossentropy` of a prediction that gives the right class no chance is large, but finite.

    정답 클래스에 확률을 전혀 주지 않은 예측의 `categorical_crossentropy`는 크지만 유한합니다.
    """
    y_true = one_hot([1, 2], 3)
    loss = submission.categorical_crossentropy(y_true, np.array([[0.25, 0.5, 0.25], [0.5, 0.5, 0.0]]))
    expect(
        np.ndim(loss) == 0 and np.isfinite(loss),
        f"expected a finite number, got {loss!r}",
        f"유한한 수 하나가 나와야 합니다. 돌아온 값: {loss!r}",
    )
    expect(
        3 < loss < 500,
        f"a sure and wrong answer should cost a lot, but the mean loss is {loss:.4g}",
        f"자신 있게 틀린 답에는 손실이 커야 하는데, 평균 손실이 {loss:.4g}입니다",
    )
    # A limit below which no logarithm is taken is small: the loss still tells such probabilities apart.
    unlikely = np.array([[0.9994, 0.0006, 0.0], [0.3, 0.0, 0.7]])
    loss = submission.categorical_crossentropy(y_true, unlikely)
    expect_number(loss, -(np.log(0.0006) + np.log(0.7)) / 2, atol=0.1)


@pytest.mark.cell("test-categorical-crossentropy")
def test_categorical_crossentropy_sure_and_right(submission: Submission) -> None:
    """`categorical_crossentropy` of sure and right predictions is 0, although the other probabilities are 0,
    and tells nearly sure ones from these.

    자신 있게 맞힌 예측의 `categorical_crossentropy`는 다른 확률이 0이어도 0이고, 거의 확실한 예측의 손실과
    구별됩니다.
    """
    y_true = one_hot([2, 0, 1, 1], 3)
    expect_number(submission.categorical_crossentropy(y_true, y_true.copy()), 0.0, atol=1e-4)
    nearly = 0.99877 * y_true + 0.000615 * (1 - y_true)
    expect_number(submission.categorical_crossentropy(y_true, nearly), -np.log(0.99877), rtol=1e-2)


@pytest.mark.cell("test-categorical-crossentropy")
def test_categorical_crossentropy_leaves_zeros_alone(submission: Submission) -> None:
    """`categorical_crossentropy` changes neither array, also where a probability is 0.

    `categorical_crossentropy`는 확률이 0인 곳이 있어도 두 배열을 바꾸지 않습니다.
    """
    y_pred = np.array([[0.0, 0.75, 0.25], [0.5, 0.0, 0.5]])
    loss = expect_unchanged(submission.categorical_crossentropy, one_hot([1, 2], 3), y_pred)
    expect_number(loss, -(np.log(0.75) + np.log(0.5)) / 2, rtol=1e-4, atol=1e-4)


@pytest.mark.cell("test-categorical-crossentropy")
def test_categorical_crossentropy_sizes(submission: Submission) -> None:
    """`categorical_crossentropy` works for a single row, for as many rows as classes, for more classes than a
    byte can count, and for parts of larger arrays.

    `categorical_crossentropy`는 행이 하나일 때도, 행과 클래스의 수가 같을 때도, 1바이트로 셀 수 있는 것보다
    클래스가 많을 때도, 더 큰 배열에서 잘라 낸 배열일 때도 동작합니다.
    """
    for labels, classes in (([2], 4), ([3, 0, 3, 2], 4), ([299, 3, 256, 128], 300)):
        y_pred = probabilities(49, len(labels), classes)
        expected = -np.mean(np.log(y_pred[np.arange(len(labels)), labels]))
        for gaps in (True, False):
            y_true = Strided(one_hot(labels, classes), gaps)
            loss = submission.categorical_crossentropy(y_true, Strided(y_pred, gaps))
            expect_number(loss, float(expected), rtol=1e-4, atol=1e-4)


@pytest.mark.cell("test-accuracy")
def test_accuracy_ties(submission: Submission) -> None:
    """Of equally probable classes `accuracy` takes the first, and a slightly smaller one is no tie.

    확률이 같은 클래스가 여럿이면 `accuracy`는 첫 번째 것을 고르며, 조금이라도 작은 것은 같다고 보지 않습니다.
    """
    tied = np.array([[0.4, 0.4, 0.2], [0.4, 0.4, 0.2], [0.2, 0.4, 0.4], [0.25, 0.25, 0.5]])
    expect_number(submission.accuracy(one_hot([0, 1, 2, 2], 3), tied), 0.5)
    near = np.array(
        [[0.4, 0.40001, 0.19999], [0.40001, 0.4, 0.19999], [0.3, 0.34999, 0.35001], [0.3, 0.34999, 0.35001]]
    )
    expect_number(submission.accuracy(one_hot([0, 0, 2, 1], 3), near), 0.5)
    closer = np.array([[0.25, 0.2500004, 0.4999996, 0.0], [0.3, 0.0, 0.35, 0.3500004]])
    closer = np.concatenate([closer, [[0.4, 0.4000004, 0.1, 0.1], [0.4, 0.1, 0.4000004, 0.1]]])
    expect_number(submission.accuracy(one_hot([2, 3, 0, 0], 4), closer), 0.5)
    many = np.tile(np.where(np.arange(60) % 7 == 3, 0.1, 0.001), (2, 1))
    expect_number(submission.accuracy(one_hot([3, 10], 60), many), 0.5)


@pytest.mark.cell("test-accuracy")
def test_accuracy_of_many_classes(submission: Submission) -> None:
    """`accuracy` tells more classes apart than a byte can count, also in parts of larger arrays.

    `accuracy`는 1바이트로 셀 수 있는 것보다 많은 클래스도, 더 큰 배열에서 잘라 낸 배열에서도 구별합니다.
    """
    y_true, y_pred = one_hot([0, 43, 299, 7], 300), one_hot([256, 299, 299, 7], 300)
    for gaps in (True, False):
        expect_number(submission.accuracy(Strided(y_true, gaps), Strided(y_pred, gaps)), 0.5)


@pytest.mark.cell("test-accuracy")
def test_accuracy_batch(submission: Submission, reference: Submission) -> None:
    """`accuracy` compares the most probable class of each row with the target's, sure or not.

    `accuracy`는 확신의 크기와 상관없이 각 행에서 가장 확률이 높은 클래스를 정답과 비교합니다.
    """
    y_pred = probabilities(23, 11, 4)
    labels = np.argmax(y_pred, axis=1)
    labels[[1, 4, 5, 9]] = (labels[[1, 4, 5, 9]] + 1) % 4
    y_true = one_hot(labels.tolist(), 4)
    share = expect_unchanged(submission.accuracy, y_true, y_pred)
    expect_number(share, reference.accuracy(y_true, y_pred), rtol=1e-5)
    share = submission.accuracy(Strided(y_true), Strided(y_pred, gaps=False))
    expect_number(share, reference.accuracy(y_true, y_pred), rtol=1e-5)


@pytest.mark.cell("test-accuracy")
def test_accuracy_all_and_none(submission: Submission) -> None:
    """`accuracy` is 1 where every row is right and 0 where none is.

    모든 행이 맞으면 `accuracy`는 1이고, 하나도 맞지 않으면 0입니다.
    """
    y_pred = np.array([[0.1, 0.7, 0.2], [0.36, 0.3, 0.34], [0.2, 0.3, 0.5], [0.0, 1.0, 0.0], [0.5, 0.3, 0.2]])
    expect_number(submission.accuracy(one_hot([1, 0, 2, 1, 0], 3), y_pred), 1.0)
    expect_number(submission.accuracy(one_hot([0, 2, 1, 2, 1], 3), y_pred), 0.0)


@pytest.mark.cell("test-count-parameters")
@pytest.mark.parametrize("layer_sizes", [[13, 7], [20, 9, 4], [6, 5, 4, 3, 2]], ids=["one", "two", "four"])
def test_count_parameters_depths(
    submission: Submission, reference: Submission, layer_sizes: list[int]
) -> None:
    """`count_parameters` counts weights and biases of networks with one, two or four layers, as an int.

    `count_parameters`는 층이 하나, 둘, 넷인 신경망의 가중치와 편향을 세어 정수로 반환합니다.
    """
    result = expect_arguments_unchanged(submission.count_parameters, layer_sizes)
    expect_int(result, reference.count_parameters(layer_sizes))


@pytest.mark.cell("test-categorical-crossentropy")
def test_categorical_crossentropy_one_batch_after_another(
    submission: Submission, reference: Submission
) -> None:
    """`categorical_crossentropy` of several batches of one size: each has its own loss.

    크기가 같은 여러 배치를 차례로 넣어도 `categorical_crossentropy`는 각각의 손실을 반환합니다.
    """
    for seed in (25, 26, 27):
        labels = np.random.default_rng(seed).integers(0, 10, size=200).tolist()
        y_true, y_pred = one_hot(labels, 10), probabilities(seed, 200, 10)
        loss = submission.categorical_crossentropy(y_true, y_pred)
        expect_number(loss, reference.categorical_crossentropy(y_true, y_pred), rtol=1e-4, atol=1e-4)


@pytest.mark.cell("test-count-parameters")
def test_count_parameters_one_network_after_another(submission: Submission) -> None:
    """`count_parameters` of several networks, one after another: each has its own number, be they deep or so
    wide that there are many millions.

    여러 신경망을 차례로 세어도 `count_parameters`는 각각의 수를 반환합니다. 층이 많거나, 넓어서
    파라미터가 수천만 개인 신경망도 마찬가지입니다.
    """
    for sizes, expected in (([4097, 4097], 16_789_506), ([40_000, 101], 4_040_101)):
        expect_int(submission.count_parameters(sizes), expected)
    expect_int(submission.count_parameters([9, 8, 7, 6, 5, 4, 3, 2, 1]), 276)
    for sizes, expected in (([3, 4, 2], 26), ([5, 7, 3], 66), ([784, 100, 10], 79_510), ([2, 1, 1], 5)):
        expect_int(submission.count_parameters(sizes), expected)


@pytest.mark.cell("test-count-parameters")
def test_count_parameters_of_equal_layers(submission: Submission) -> None:
    """`count_parameters` counts every layer, also those that are as large as another one.

    `count_parameters`는 크기가 같은 층이 여럿이어도 층마다 셉니다.
    """
    # Layers of other sizes may have as many parameters: 2·4 + 4 and 1·6 + 6.
    expect_int(submission.count_parameters([2, 4, 1, 6]), 29)
    for sizes, expected in (([5, 5, 5, 5], 90), ([7, 3, 7, 3], 24 + 28 + 24), ([2, 2, 1, 2], 6 + 3 + 4)):
        expect_int(submission.count_parameters(sizes), expected)


# -- early stopping


@pytest.mark.cell("test-early-stopping")
def test_early_stopping_never_triggered(submission: Submission) -> None:
    """`early_stopping` ends at the last epoch if the patience is never used up, also after a single epoch.

    patience를 다 쓰지 않으면 `early_stopping`은 마지막 에포크에서 끝납니다. 에포크가 하나뿐일 때도 같습니다.
    """
    expect_ints(submission.early_stopping([0.8, 0.6, 0.4, 0.5, 0.45, 0.42], patience=4), (6, 3))
    expect_ints(submission.early_stopping([0.7], patience=3), (1, 1))
    expect_ints(submission.early_stopping([0.9, 0.8, 0.7, 0.6], patience=1), (4, 4))
    long = [1 / epoch for epoch in range(1, 46)] + [0.5] * 20
    expect_ints(submission.early_stopping(long, patience=25), (65, 45))
    expect_ints(submission.early_stopping(long, patience=15), (60, 45))


@pytest.mark.cell("test-early-stopping")
def test_early_stopping_tie(submission: Submission) -> None:
    """`early_stopping` takes an equal loss for no improvement.

    `early_stopping`은 같은 손실을 개선으로 보지 않습니다.
    """
    expect_ints(submission.early_stopping([0.9, 0.4, 0.6, 0.4, 0.5, 0.3], patience=3), (5, 2))
    expect_ints(submission.early_stopping([0.5, 0.5, 0.5, 0.5], patience=9), (4, 1))


@pytest.mark.cell("test-early-stopping")
def test_early_stopping_best_so_far(submission: Submission) -> None:
    """`early_stopping` compares with the best loss so far, and each improvement starts the waiting anew.

    `early_stopping`은 지금까지의 최솟값과 비교하고, 개선될 때마다 기다림을 처음부터 다시 시작합니다.
    """
    # Falling again, but from above the best: no improvement.
    expect_ints(submission.early_stopping([0.5, 0.9, 0.8, 0.7, 0.6, 0.55], patience=3), (4, 1))
    # Two bad epochs, an improvement, two bad ones: three in a row only at the end.
    expect_ints(
        submission.early_stopping([0.9, 1.0, 1.1, 0.8, 0.9, 0.85, 0.7, 0.8, 0.9, 1.0], patience=3), (10, 7)
    )


@pytest.mark.cell("test-early-stopping")
def test_early_stopping_does_not_know_the_future(submission: Submission) -> None:
    """`early_stopping` ignores all that comes after the epoch at which training stops.

    `early_stopping`은 학습이 멈춘 뒤의 값을 무시합니다.
    """
    expect_ints(submission.early_stopping([0.9, 0.5, 0.6, 0.7, 0.1, 0.05, 0.01], patience=2), (4, 2))


@pytest.mark.cell("test-early-stopping")
def test_early_stopping_empty(submission: Submission) -> None:
    """`early_stopping` refuses an empty list with a ValueError that names `val_losses`.

    `early_stopping`은 빈 목록을 받으면 `val_losses`를 언급하는 ValueError를 냅니다.
    """
    expect_raises(submission.early_stopping, [], 3, names="val_losses")


@pytest.mark.cell("test-early-stopping")
def test_early_stopping_losses_of_any_size(submission: Submission) -> None:
    """`early_stopping` takes the first epoch for the best so far, however large its loss, also next to a loss
    of 0.

    `early_stopping`은 첫 에포크의 손실이 아무리 커도 그것을 그때까지의 최고로 봅니다. 손실이 0이 될 때도
    마찬가지입니다.
    """
    for scale in (1.0, 10.0, 1e4, 1e12):
        losses = [loss * scale for loss in (2.3, 2.9, 3.1, 1.5, 1.2)]
        expect_ints(submission.early_stopping(losses, patience=2), (3, 1))
        expect_ints(submission.early_stopping([*losses, 1.3 * scale], patience=3), (6, 5))
    expect_ints(submission.early_stopping([0.3, 0.0, 0.0, 0.1, 0.2], patience=3), (5, 2))
    # The logarithm of a density, for one, can be a loss below 0.
    expect_ints(submission.early_stopping([0.2, -0.5, -0.1, 0.05, -0.9], patience=2), (4, 2))


@pytest.mark.cell("test-early-stopping")
def test_early_stopping_small_improvements(submission: Submission) -> None:
    """`early_stopping` takes any smaller loss for an improvement, however small the difference.

    `early_stopping`은 차이가 아무리 작아도 손실이 작아지면 개선으로 봅니다.
    """
    losses = [0.5, 0.5 - 2e-3, 0.5 - 2.02e-3, 0.5 - 2.021e-3, 0.5 - 2.0211e-3]
    expect_ints(submission.early_stopping(losses, patience=1), (5, 5))
    expect_ints(submission.early_stopping([0.7, *losses[1:], 0.6, 0.6], patience=2), (7, 5))


@pytest.mark.cell("test-early-stopping", weight=2)
@given(
    val_losses=st.lists(st.integers(1, 9).map(lambda tenths: tenths / 10), min_size=1, max_size=14),
    patience=st.integers(1, 4),
)
def test_early_stopping_like_keras(
    submission: Submission, reference: Submission, val_losses, patience
) -> None:
    """`early_stopping` finds the last and the best epoch that Keras finds, for many lists and patiences.

    `early_stopping`은 여러 목록과 patience에 대해 Keras와 같은 종료 에포크와 최고 에포크를 찾습니다.
    """
    result = expect_unchanged(submission.early_stopping, val_losses, patience)
    expect_ints(result, reference.early_stopping(val_losses, patience))


# -- the model


def known_weights() -> list[npt.NDArray[np.float64]]:
    """Weights for 784-512-10 that make hidden sums of both signs and unlike scores."""
    return [
        normal(30, 784, 512, scale=0.05),
        normal(31, 512, scale=0.3),
        normal(32, 512, 10, scale=0.1),
        normal(33, 10, scale=0.3),
    ]


PIXELS = np.random.default_rng(34).random((6, 784))


@pytest.mark.cell("test-build-mlp", weight=2)
def test_build_mlp_layers(submission: Submission) -> None:
    """`build_mlp` has a hidden layer of 512 units and an output layer of 10, ready for 784 inputs, and both
    can be trained.

    `build_mlp`에는 유닛 512개인 은닉층과 10개인 출력층이 있고, 입력 784개를 받을 준비가 되어 있으며,
    두 층 모두 학습할 수 있습니다.
    """
    model = submission.build_mlp()
    shapes = [np.shape(part) for part in model.get_weights()]
    expected = [(784, 512), (512,), (512, 10), (10,)]
    expect(
        shapes == expected,
        f"the model's weights have the shapes {shapes}, expected {expected}",
        f"모델 가중치의 모양: {shapes}, 기대한 모양: {expected}",
    )
    expect_int(model.count_params(), 407050)
    expect(
        len(model.trainable_weights) == len(shapes),
        "a layer is frozen (trainable=False)",
        "고정된 층이 있습니다(trainable=False)",
    )


@pytest.mark.cell("test-build-mlp", weight=2)
def test_build_mlp_predicts_like_numpy(submission: Submission, reference: Submission) -> None:
    """`build_mlp` predicts what the two formulas say: ReLU in the hidden layer, softmax at the end.

    `build_mlp`는 두 식대로 예측합니다. 은닉층은 ReLU, 마지막은 소프트맥스입니다.
    """
    weights = known_weights()
    model = submission.build_mlp()
    model.set_weights(weights)
    for x in (PIXELS, 12 * PIXELS):  # also where hidden sums are large
        predicted = model(x).numpy()  # as `predict` does, without its preparations
        expect_array(predicted, reference.mlp_forward(x, *weights), rtol=1e-3, atol=1e-5)


@pytest.mark.cell("test-build-mlp")
def test_build_mlp_loss(submission: Submission, reference: Submission) -> None:
    """`build_mlp` is compiled with the categorical cross-entropy of probabilities and one-hot targets.

    `build_mlp`는 확률과 원-핫 정답의 범주형 교차 엔트로피로 컴파일되어 있습니다.
    """
    y_true, y_pred = one_hot([3, 0, 9, 5, 7], 10), probabilities(35, 5, 10)
    y_true[4, [1, 7]] = 0.25, 0.75  # where other measures of two distributions differ
    keras = submission.import_module("keras")
    model = submission.build_mlp()
    # Not through `evaluate`: Keras finds the softmax in the model's graph and corrects `from_logits=True`.
    loss = model.compute_loss(
        y=keras.ops.convert_to_tensor(y_true), y_pred=keras.ops.convert_to_tensor(y_pred)
    )
    expected = reference.categorical_crossentropy(y_true, y_pred)
    expect_number(np.asarray(loss.numpy()).item(), expected, rtol=1e-4)


@pytest.mark.cell("test-build-mlp")
def test_build_mlp_reports_accuracy(submission: Submission, reference: Submission) -> None:
    """`build_mlp` reports the accuracy as a metric when it is evaluated, and nothing adds to its loss.

    `build_mlp`는 평가할 때 정확도를 지표로 알려 주고, 손실에 다른 항을 더하지 않습니다.
    """
    weights = known_weights()
    predicted = reference.mlp_forward(PIXELS, *weights)
    labels = np.argmax(predicted, axis=1)
    labels[[1, 4]] = (labels[[1, 4]] + 1) % 10
    model = submission.build_mlp()
    model.set_weights(weights)
    metrics = model.test_on_batch(PIXELS, one_hot(labels.tolist(), 10), return_dict=True)
    found = [name for name in metrics if "acc" in name.lower()]
    names = sorted(map(str, metrics))
    expect(
        found,
        f"evaluating the model reports {names}, but no accuracy",
        f"모델을 평가한 결과에 정확도가 없습니다. 있는 것: {names}",
    )
    expect_number(metrics[found[0]], 4 / 6, rtol=1e-4)
    # The loss of the whole model, in which a layer may have a share of its own.
    expected = reference.categorical_crossentropy(one_hot(labels.tolist(), 10), predicted)
    expect_number(metrics["loss"], expected, rtol=1e-3)


@pytest.mark.cell("test-build-mlp")
def test_build_mlp_optimizer(submission: Submission) -> None:
    """`build_mlp` is compiled with Adam, at a learning rate with which such a network can learn.

    `build_mlp`는 Adam으로 컴파일되어 있고, 학습률은 이런 신경망이 배울 수 있는 값입니다.
    """
    model = submission.build_mlp()
    name = submission.import_module("keras").optimizers.serialize(model.optimizer)["class_name"]
    expect(name == "Adam", f"the optimizer is {name}, expected Adam", f"최적화 방법: {name}, 기대한 것: Adam")
    rate = float(np.asarray(model.optimizer.learning_rate.numpy()))
    expect(
        0.999e-5 <= rate <= 0.02001,  # it is kept in 32 bits
        f"the learning rate is {rate:g}; Adam's own is 0.001",
        f"학습률: {rate:g}, Adam의 기본값: 0.001",
    )


@pytest.mark.cell("test-build-mlp")
def test_build_mlp_has_two_layers(submission: Submission) -> None:
    """`build_mlp` has the two layers and nothing that works only in training, such as dropout or noise.

    `build_mlp`에는 두 층만 있고, 드롭아웃이나 잡음처럼 학습할 때만 작동하는 것은 없습니다.
    """
    model = submission.build_mlp()
    model.set_weights(known_weights())
    predicted = model(PIXELS).numpy()
    expect_array(model(PIXELS, training=True).numpy(), predicted, rtol=1e-4, atol=1e-6)


@pytest.mark.cell("test-build-mlp")
def test_build_mlp_is_new_each_time(submission: Submission) -> None:
    """`build_mlp` makes a new model in each call: what one learns, the other does not know. Both can learn.

    `build_mlp`는 부를 때마다 새 모델을 만듭니다. 한 모델이 배운 것을 다른 모델은 모르고, 둘 다 배울 수
    있습니다.
    """
    first, second = submission.build_mlp(), submission.build_mlp()
    before = np.asarray(second.get_weights()[2])
    first.set_weights([np.asarray(part) + 1 for part in first.get_weights()])
    expect_array(np.asarray(second.get_weights()[2]), before)
    for model in (first, second):
        expect(
            np.isfinite(_loss(model.train_on_batch(PIXELS, one_hot([4, 1, 8, 0, 1, 7], 10)))),
            "the loss is not finite",
            "손실이 유한하지 않습니다",
        )


@pytest.mark.cell("test-build-mlp")
def test_build_mlp_learns(submission: Submission) -> None:
    """`build_mlp` learns: some steps on a batch make its loss smaller.

    `build_mlp`는 배웁니다. 한 배치로 몇 걸음 나아가면 그 배치의 손실이 줄어듭니다.
    """
    y = one_hot([4, 1, 8, 0, 1, 7], 10)
    model = submission.build_mlp()
    # Each is the loss before the step that it leads to. The first steps may be too long: a rate of 0.02
    # overshoots, and is there after a dozen; one of 0.00001 has come as far by then.
    losses = [_loss(model.train_on_batch(PIXELS, y)) for _ in range(16)]
    least = min(losses[8:])
    expect(
        least < 0.9 * losses[0],
        f"the loss was {losses[0]:.4f} and is {least:.4f} at the best after fifteen steps",
        f"손실이 {losses[0]:.4f}에서 시작해 열다섯 번 업데이트하는 동안 잘해야 {least:.4f}입니다",
    )


def _loss(result: Any) -> float:
    """The loss in what ``train_on_batch`` returns, with metrics or without."""
    return float(np.ravel(result)[0])


# -- callbacks


FOLDER = "runs/mnist"  # of one name always: whose answers are the same is told by equal questions


def facts(submission: Submission, patience: int | None = None) -> dict[str, Any]:
    """The settings of a submission's two callbacks, whatever their order, for FOLDER."""
    submission.import_module("os").makedirs(FOLDER, exist_ok=True)
    named = {} if patience is None else {"patience": patience}
    callbacks = list(submission.make_callbacks(FOLDER, **named))
    savers = [one for one in callbacks if hasattr(one, "save_best_only")]
    stoppers = [one for one in callbacks if hasattr(one, "restore_best_weights")]
    expect(
        len(stoppers) == 1 and len(savers) == 1,
        "expected one EarlyStopping and one ModelCheckpoint",
        "EarlyStopping과 ModelCheckpoint가 하나씩 있어야 합니다",
    )
    stopping = {
        name: getattr(stoppers[0], name)
        for name in ("monitor", "patience", "mode", "min_delta", "start_from_epoch", "baseline")
    }
    saving = {
        name: getattr(savers[0], name)
        for name in ("monitor", "filepath", "save_best_only", "mode", "save_freq", "best")
    }
    return {"stopping": stopping, "saving": saving}


@pytest.mark.cell("test-make-callbacks")
def test_make_callbacks_watch_validation_loss(submission: Submission) -> None:
    """`make_callbacks` watches the validation loss in both callbacks, and smaller is better.

    `make_callbacks`의 두 콜백은 모두 검증 손실을 지켜보고, 작을수록 좋다고 봅니다.
    """
    settings_ = facts(submission)
    for name, one in (("EarlyStopping", settings_["stopping"]), ("ModelCheckpoint", settings_["saving"])):
        expect(
            one["monitor"] == "val_loss",
            f"the {name} watches {one['monitor']!r}, expected 'val_loss'",
            f"{name}의 monitor: {one['monitor']!r}, 기대한 값: 'val_loss'",
        )
        expect(
            one["mode"] in ("auto", "min"),
            f"the {name} takes a larger loss for a better one",
            f"{name}에서 더 큰 손실을 더 좋다고 봅니다",
        )


@pytest.mark.cell("test-make-callbacks")
def test_make_callbacks_patience(submission: Submission) -> None:
    """`make_callbacks` gives early stopping the patience asked for, and 10 when none is given.

    `make_callbacks`는 조기 종료에 받은 patience를 넘기고, 받지 않으면 10을 씁니다.
    """
    expect_int(facts(submission)["stopping"]["patience"], 10)
    for patience in (3, 1, 40):
        expect_int(facts(submission, patience=patience)["stopping"]["patience"], patience)


@pytest.mark.cell("test-make-callbacks")
def test_make_callbacks_are_new_each_time(submission: Submission) -> None:
    """`make_callbacks` makes new callbacks in each call: they remember the training that they belong to.

    `make_callbacks`는 부를 때마다 새 콜백을 만듭니다. 콜백은 자기 학습을 기억하기 때문입니다.
    """
    submission.import_module("os").makedirs(FOLDER, exist_ok=True)
    first, _ = (list(submission.make_callbacks(FOLDER, patience=patience)) for patience in (5, 6))
    kept = [one.patience for one in first if hasattr(one, "restore_best_weights")]
    expect(
        kept == [5],
        f"a second call changed the patience of the first to {kept}",
        f"두 번째 호출 뒤 첫 번째의 patience: {kept}",
    )
    again = list(submission.make_callbacks(FOLDER, patience=5))
    for one in first:
        one.set_params({"epochs": 77})
    left = [one.params for one in again]
    expect(
        not any(params and params.get("epochs") == 77 for params in left),
        "two calls returned the same callbacks",
        "두 번 불렀는데 같은 콜백을 반환했습니다",
    )


@pytest.mark.cell("test-make-callbacks")
def test_make_callbacks_file_names(submission: Submission) -> None:
    """`make_callbacks` saves in the given folder, under names made of epoch and validation loss.

    `make_callbacks`는 주어진 폴더에, 에포크와 검증 손실로 지은 이름으로 저장합니다.
    """
    here = submission.import_module("os").getcwd()
    expected, actual = (
        f"{FOLDER}/{{epoch:02d}}-{{val_loss:.4f}}.keras",
        facts(submission)["saving"]["filepath"],
    )
    expect(
        isinstance(actual, str)
        and os.path.normpath(os.path.join(here, actual)) == os.path.normpath(os.path.join(here, expected)),
        f"the files are named {actual!r}, expected {expected!r}",
        f"파일 이름: {actual!r}, 기대한 이름: {expected!r}",
    )


@pytest.mark.cell("test-make-callbacks")
def test_make_callbacks_best_only(submission: Submission) -> None:
    """`make_callbacks` saves the model only when it is the best so far.

    `make_callbacks`는 모델이 지금까지 중 가장 좋을 때만 저장합니다.
    """
    expect(
        facts(submission)["saving"]["save_best_only"] is True,
        "the checkpoint also saves models that are no better",
        "더 나아지지 않은 모델도 체크포인트로 저장합니다",
    )


@pytest.mark.cell("test-make-callbacks")
def test_make_callbacks_count_every_improvement(submission: Submission) -> None:
    """`make_callbacks` counts every smaller validation loss as an improvement, from the first epoch on.

    `make_callbacks`의 조기 종료는 첫 에포크부터, 검증 손실이 조금이라도 작아지면 개선으로 봅니다.
    """
    found = facts(submission)
    stopping, saving = found["stopping"], found["saving"]
    least = abs(stopping["min_delta"] or 0)
    expect(
        least == 0,
        f"an improvement has to be larger than {least}",
        f"{least}보다 크게 줄어야 개선으로 봅니다",
    )
    expect(
        not stopping["start_from_epoch"],
        f"the first {stopping['start_from_epoch']} epochs are not looked at",
        f"처음 {stopping['start_from_epoch']}개의 에포크를 보지 않습니다",
    )
    expect(
        stopping["baseline"] is None,
        f"only a loss below {stopping['baseline']} counts as an improvement",
        f"손실이 {stopping['baseline']}보다 작아야만 개선으로 봅니다",
    )
    expect(
        saving["save_freq"] == "epoch",
        f"the checkpoint looks every {saving['save_freq']} batches",
        f"체크포인트가 에포크마다가 아니라 배치 {saving['save_freq']}개마다 확인합니다",
    )
    expect(
        saving["best"] is None or not np.isfinite(saving["best"]),
        f"only a loss below {saving['best']} is saved",
        f"손실이 {saving['best']}보다 작아야만 저장합니다",
    )


# -- the plot

# Rising, so that the curves end in the upper right corner: a legend is there only if it was put there.
# The two curves, and the accuracies beside them, all differ; some values are above 1.
HISTORY = {
    "accuracy": [0.61, 0.72, 0.83, 0.94, 0.97],
    "loss": [0.12, 0.21, 0.37, 0.93, 3.45],
    "val_accuracy": [0.52, 0.63, 0.74, 0.85, 0.88],
    "val_loss": [0.31, 0.44, 0.58, 1.02, 1.61],
}


def draw(submission: Submission) -> Any:
    """The Axes of a submission's plot, in a figure of its own."""
    submission.import_module("matplotlib.pyplot").close("all")
    return submission.plot_losses(HISTORY)


def on_screen(axes: Any, label: str) -> npt.NDArray[np.float64]:
    """Where the points of a line are on the screen, (N, 2), each within the frame of the Axes."""
    line = curve(axes, label)
    axes.get_xlim(), axes.get_ylim()  # whoever asks has them worked out
    points = np.stack([np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)], axis=1)
    places = np.asarray(axes.transData.transform(points), dtype=np.float64)
    low, high = np.asarray(axes.bbox.get_points(), dtype=np.float64)
    expect(
        np.all(places >= low - 1) and np.all(places <= high + 1),
        f"a point of {label} lies outside the picture",
        f"그림 밖에 있는 점이 있습니다. 선: {label}",
    )
    return places


def is_seen(artist: Any) -> bool:
    """Whether something of it shows: it is neither hidden nor transparent."""
    alpha = artist.get_alpha()
    return bool(artist.get_visible()) and (alpha is None or float(alpha) > 0)


def curve(axes: Any, label: str) -> Any:
    """The line with a label."""
    lines = {line.get_label(): line for line in axes.lines}
    expect(
        label in lines,
        f"no line is labelled {label!r}; the labels are {list(lines)}",
        f"레이블이 {label!r}인 선이 없습니다. 있는 레이블: {list(lines)}",
    )
    return lines[label]


@pytest.mark.cell("test-plot-losses", weight=2)
@pytest.mark.parametrize(
    ("label", "key", "colour"),
    [("Testset_loss", "val_loss", "red"), ("Trainset_loss", "loss", "blue")],
    ids=["red", "blue"],
)
def test_plot_losses_lines(submission: Submission, label: str, key: str, colour: str) -> None:
    """`plot_losses` draws each loss with its own name, its own colour and the marker '.'.

    `plot_losses`는 두 손실을 각각 제 이름, 제 색, 표식 '.'으로 그립니다.
    """
    line = curve(draw(submission), label)
    expect_array(np.asarray(line.get_ydata(), dtype=float), HISTORY[key])
    from matplotlib.colors import to_rgb

    drawn, marker = line.get_color(), line.get_marker()
    expect(
        to_rgb(drawn) == to_rgb(colour),
        f"{label} is {drawn!r}, expected {colour!r}",
        f"{label}의 색: {drawn!r}, 기대한 색: {colour!r}",
    )
    expect(
        marker == ".",
        f"the marker of {label} is {marker!r}, expected '.'",
        f"{label}의 표식: {marker!r}, 기대한 표식: '.'",
    )
    style = str(line.get_linestyle())
    expect(
        style.strip() not in ("", "None"),
        f"the points of {label} are not joined by a line",
        f"{label}의 점들이 선으로 이어져 있지 않습니다",
    )
    expect(
        is_seen(line) and line.get_linewidth() > 0,
        f"nothing can be seen of {label}",
        f"{label}이(가) 보이지 않습니다",
    )


@pytest.mark.cell("test-plot-losses")
def test_plot_losses_shows_every_point(submission: Submission) -> None:
    """`plot_losses` shows every point of both lines, later epochs further right and larger losses higher up.

    `plot_losses`는 두 선의 모든 점을 보여 줍니다. 나중 에포크일수록 오른쪽에, 손실이 클수록 위에 있습니다.
    """
    axes = draw(submission)
    for label, key in (("Testset_loss", "val_loss"), ("Trainset_loss", "loss")):
        places = on_screen(axes, label)
        expect(
            places.shape == (5, 2),
            f"{label} has {len(places)} points, expected 5",
            f"{label}의 점: {len(places)}개, 기대한 점: 5개",
        )
        expect(
            np.all(np.diff(places[:, 0]) > 0),
            "later epochs should stand further right",
            "나중 에포크가 더 오른쪽에 있어야 합니다",
        )
        order = np.argsort(HISTORY[key])
        expect(
            np.all(np.diff(places[order, 1]) > 0),
            "larger losses should stand higher up",
            "더 큰 손실이 더 위에 있어야 합니다",
        )


@pytest.mark.cell("test-plot-losses")
def test_plot_losses_leaves_the_history_alone(submission: Submission) -> None:
    """`plot_losses` does not change the history that it is given.

    `plot_losses`는 받은 기록을 바꾸지 않습니다.
    """
    submission.import_module("matplotlib.pyplot").close("all")
    expect_unchanged(submission.plot_losses, {key: sorted(values) for key, values in HISTORY.items()})
    unsorted = {key: [values[place] for place in (3, 0, 4, 1, 2)] for key, values in HISTORY.items()}
    axes = expect_unchanged(submission.plot_losses, unsorted)
    expect(len(axes.lines) >= 2, "expected two lines", "선이 두 개 있어야 합니다")


@pytest.mark.cell("test-plot-losses")
def test_plot_losses_epochs(submission: Submission) -> None:
    """`plot_losses` draws one point an epoch, the epochs counted from 0 or from 1.

    `plot_losses`는 에포크마다 점을 하나씩 찍습니다. 에포크는 0이나 1부터 셉니다.
    """
    axes = draw(submission)
    over = []
    for label in ("Testset_loss", "Trainset_loss"):
        x = np.asarray(curve(axes, label).get_xdata(), dtype=float)
        expect(
            x.shape == (5,) and x[0] in (0, 1) and np.all(np.diff(x) == 1),
            f"{label} is drawn over {x}",
            f"{label}의 x 값: {x}",
        )
        over.append(x[0])
    expect(
        over[0] == over[1],
        "one line counts its epochs from 0, the other from 1",
        "한 선은 에포크를 0부터, 다른 선은 1부터 셉니다",
    )


@pytest.mark.cell("test-plot-losses")
def test_plot_losses_legend(submission: Submission) -> None:
    """`plot_losses` has a legend with both names in the upper right corner.

    `plot_losses`에는 두 이름이 적힌 범례가 오른쪽 위에 있습니다.
    """
    axes = draw(submission)
    legend = axes.get_legend()
    expect(legend is not None and is_seen(legend), "there is no legend", "범례가 없습니다")
    texts = sorted(text.get_text() for text in legend.get_texts())
    expect(
        texts == ["Testset_loss", "Trainset_loss"], f"the legend says {texts}", f"범례에 적힌 이름: {texts}"
    )
    from matplotlib.colors import to_rgb

    for text, handle in zip(legend.get_texts(), legend.get_lines(), strict=False):
        name = str(text.get_text())
        expect(
            to_rgb(handle.get_color()) == to_rgb(curve(axes, name).get_color()),
            f"the legend shows {name} in the colour of the other line",
            f"범례의 {name}이 다른 선의 색으로 표시됩니다",
        )
    axes.get_figure().figure.draw_without_rendering()  # of the whole, where the Axes stand in a part of it
    place, frame = (part.get_window_extent().get_points() for part in (legend, axes))
    right, up = np.mean(place, axis=0) > np.mean(frame, axis=0)
    where = f"{'upper' if up else 'lower'} {'right' if right else 'left'}"
    where_korean = f"{'오른쪽' if right else '왼쪽'} {'위' if up else '아래'}"
    expect(
        right and up,
        f"the legend is in the {where}, expected the upper right",
        f"범례의 위치: {where_korean}, 기대한 위치: 오른쪽 위",
    )


@pytest.mark.cell("test-plot-losses")
def test_plot_losses_grid_and_labels(submission: Submission) -> None:
    """`plot_losses` has a grid, and its axes are labelled epoch and loss.

    `plot_losses`에는 격자가 있고, 축 이름은 epoch와 loss입니다.
    """
    axes = draw(submission)
    labels = axes.get_xlabel().strip().lower(), axes.get_ylabel().strip().lower()
    expect(
        labels == ("epoch", "loss"),
        f"the axes are labelled {labels}, expected ('epoch', 'loss')",
        f"축 이름: {labels}, 기대한 이름: ('epoch', 'loss')",
    )
    expect(
        axes.axison and all(is_seen(one.label) and is_seen(one) for one in (axes.xaxis, axes.yaxis)),
        "the axes and their labels cannot be seen",
        "축이나 축 이름이 보이지 않습니다",
    )
    gridlines = [*axes.get_xgridlines(), *axes.get_ygridlines()]
    expect(any(line.get_visible() for line in gridlines), "there is no grid", "격자가 없습니다")


@pytest.mark.cell("test-plot-losses")
def test_plot_losses_of_another_run(submission: Submission) -> None:
    """`plot_losses` draws the losses of the run that it is given, however long, not those of the one before.

    `plot_losses`는 앞서 그린 학습이 아니라 받은 학습의 손실을, 에포크가 아무리 많아도 모두 그립니다.
    """
    before = draw(submission)
    submission.import_module("matplotlib.pyplot").close("all")
    other = {key: [value / 2 + 0.25 for value in reversed(values)] * 9 for key, values in HISTORY.items()}
    other["val_loss"][:2] = 12.5, 0.02  # above and below all that the training had
    axes = submission.plot_losses(other)
    for label, key in (("Testset_loss", "val_loss"), ("Trainset_loss", "loss")):
        on_screen(axes, label)
        for drawn, history in ((before, HISTORY), (axes, other)):
            lines = [line for line in drawn.lines if line.get_label() == label]
            expect(
                len(lines) == 1,
                f"{len(lines)} lines are labelled {label!r} after two calls, expected one in each picture",
                f"두 번 부른 뒤 레이블이 {label!r}인 선이 {len(lines)}개입니다. 그림마다 하나씩이어야 합니다",
            )
            expect_array(np.asarray(lines[0].get_ydata(), dtype=float), history[key])
