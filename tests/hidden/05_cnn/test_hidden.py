"""Week 5 without training: shapes, parameters, the network as built, predictions, the confusion matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.mnist.digits import course_data
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
    expect_unchanged,
)

Array = npt.NDArray[Any]
SHAPES = [(26, 26, 32), (24, 24, 64), (12, 12, 64), (12, 12, 64), (9216,), (128,), (128,), (10,)]
PARAMETERS = [320, 18_496, 0, 0, 0, 1_179_776, 0, 1_290]

# -- layer_shapes and layer_parameters


@pytest.mark.cell("test-layer-shapes", weight=2)
def test_shapes_of_the_images(submission: Submission) -> None:
    """Every layer's shape for a 28×28 image with one channel, in the order of the layers.

    채널이 하나인 28×28 이미지에 대한 모든 층의 모양을 층의 순서대로 확인합니다.
    """
    expect_ints(submission.layer_shapes(), SHAPES)


@pytest.mark.cell("test-layer-shapes")
def test_convolution_and_pooling_shapes(submission: Submission) -> None:
    """The first three shapes: two convolutions without padding, then pooling by 2.

    처음 세 모양을 확인합니다. 패딩 없는 합성곱 두 번과 크기 2의 풀링입니다.
    """
    expect_ints(list(submission.layer_shapes())[:3], SHAPES[:3])


@pytest.mark.cell("test-layer-shapes-other-images")
def test_shapes_of_oblong_colour_images(submission: Submission) -> None:
    """Images that are not square and have several channels.

    정사각형이 아니고 채널이 여럿인 이미지를 확인합니다.
    """
    expected = [(34, 18, 32), (32, 16, 64), (16, 8, 64), (16, 8, 64), (8192,), (128,), (128,), (10,)]
    expect_ints(submission.layer_shapes((36, 20, 3)), expected)


@pytest.mark.cell("test-layer-shapes-other-images")
def test_shapes_of_odd_images(submission: Submission) -> None:
    """Images with an odd number of rows or columns: pooling drops the last one.

    행이나 열의 수가 홀수인 이미지를 확인합니다. 풀링은 마지막 것을 버립니다.
    """
    expected = [(9, 15, 32), (7, 13, 64), (3, 6, 64), (3, 6, 64), (1152,), (128,), (128,), (10,)]
    expect_ints(submission.layer_shapes(input_shape=(11, 17, 2)), expected)


@pytest.mark.cell("test-layer-parameters")
def test_parameters_of_the_convolutions(submission: Submission) -> None:
    """The two convolutional layers: weights for every input channel, and biases.

    두 합성곱 층을 확인합니다. 입력 채널마다 가중치가 있고 편향도 있습니다.
    """
    counts = list(submission.layer_parameters())
    expect_int(counts[0], PARAMETERS[0])
    expect_int(counts[1], PARAMETERS[1])


@pytest.mark.cell("test-layer-parameters")
def test_parameters_of_the_dense_layers(submission: Submission) -> None:
    """The two dense layers, the last and the third from the end.

    두 Dense 층, 즉 마지막 층과 뒤에서 세 번째 층을 확인합니다.
    """
    counts = list(submission.layer_parameters())
    expect_int(counts[-3], PARAMETERS[5])
    expect_int(counts[-1], PARAMETERS[7])


@pytest.mark.cell("test-layer-parameters")
def test_layers_without_parameters(submission: Submission) -> None:
    """Eight ints in the order of the layers, 0 for each layer that has nothing to learn, however often they
    are asked for.

    층의 순서대로 정수 여덟 개이고, 배울 것이 없는 층은 0입니다. 몇 번을 물어도 같습니다.
    """
    for _ in range(2):
        expect_ints(submission.layer_parameters(), PARAMETERS)


@pytest.mark.cell("test-layer-shapes-other-images")
def test_shapes_of_one_size_after_another(submission: Submission) -> None:
    """Several sizes, one after another: each has its own shapes.

    여러 크기를 차례로 물어도 각각의 모양을 반환합니다.
    """
    for height, width in ((12, 14), (28, 28), (21, 10)):
        rows, columns = (height - 4) // 2, (width - 4) // 2
        expected = [(height - 2, width - 2, 32), (height - 4, width - 4, 64), (rows, columns, 64)]
        shapes = submission.layer_shapes((height, width, 1))
        expect_ints(list(shapes)[:5], [*expected, (rows, columns, 64), (rows * columns * 64,)])


@pytest.mark.cell("test-layer-shapes-other-images")
def test_shapes_of_small_and_large_images(submission: Submission) -> None:
    """The smallest images that the network can take, and large ones.

    신경망이 받을 수 있는 가장 작은 이미지와 큰 이미지를 확인합니다.
    """
    for height, width in ((6, 7), (50, 60), (90, 101), (640, 7)):
        rows, columns = (height - 4) // 2, (width - 4) // 2
        expected = [(height - 2, width - 2, 32), (height - 4, width - 4, 64), (rows, columns, 64)]
        shapes = submission.layer_shapes((height, width, 5))
        expect_ints(list(shapes)[:5], [*expected, (rows, columns, 64), (rows * columns * 64,)])


@pytest.mark.cell("test-layer-shapes")
def test_shapes_are_kept(submission: Submission) -> None:
    """What `layer_shapes` returned stays as it was when the function is called again.

    `layer_shapes`를 다시 불러도 앞서 반환한 결과는 그대로 남습니다.
    """
    first, _ = answers_kept(submission, "layer_shapes", ((28, 28, 1),), ((10, 12, 1),), as_arrays=False)
    expect_ints(first, SHAPES)


# -- build_cnn


def real_layers(model: Any) -> list[tuple[str, Any]]:
    """A network's layers with the names of their classes, nested models unpacked.

    Left out is what changes nothing that a layer's own arguments could not say: inputs, and activations
    that are layers of their own (what they compute is judged by the network's answers).
    """
    found: list[tuple[str, Any]] = []
    for layer in model.layers:
        kind = getattr(layer, "remote_type", None) or type(layer).__name__
        if kind in ("Sequential", "Functional", "Model"):
            found += real_layers(layer)
        elif kind not in ("InputLayer", "Activation", "ReLU", "Softmax"):
            found.append((kind, layer))
    return found


@pytest.mark.cell("test-build-cnn-compiled")
def test_fresh_random_weights(submission: Submission) -> None:
    """A network that has just been built knows nothing: its weights are random, and new each time.

    방금 만든 신경망은 아무것도 모릅니다. 가중치는 무작위이고 만들 때마다 새것입니다.
    """
    keras = submission.import_module("keras")
    keras.utils.set_random_seed(5)
    model = submission.build_cnn()
    kernels = model.get_weights()[::2]
    keras.utils.set_random_seed(6)
    others = submission.build_cnn().get_weights()[::2]
    for one, other in zip(kernels, others, strict=True):
        expect(one.std() > 0, "all weights of a layer are the same", "한 층의 가중치가 모두 같습니다")
        expect(
            not np.array_equal(one, other),
            "built with other seeds, it has the same weights",
            "시드를 바꾸어 만들어도 가중치가 같습니다",
        )
    digits = course_data().train
    x = digits.images[:200].astype(np.float32)[..., np.newaxis] / np.float32(255)
    guesses = np.asarray(model(x, training=False).numpy()).argmax(axis=1)
    share = float(np.mean(guesses == digits.labels[:200]))
    expect(
        share < 0.5,
        f"without any training it names {share:.0%} of the digits right",
        f"학습하지 않았는데도 숫자의 {share:.0%}를 맞힙니다",
    )


@pytest.mark.cell("test-build-cnn-layers")
def test_order_of_the_layers(submission: Submission) -> None:
    """The network has the table's layers, each of its kind and in order.

    신경망의 층이 표와 같은 종류, 같은 순서입니다.
    """
    expected = ["Conv2D", "Conv2D", "MaxPooling2D", "Dropout", "Flatten", "Dense", "Dropout", "Dense"]
    names = [name for name, _ in real_layers(submission.build_cnn())]
    expect(
        names == expected,
        f"the layers are {names}, expected {expected}",
        f"층: {names}, 기대한 층: {expected}",
    )


@pytest.mark.cell("test-build-cnn-layers")
def test_convolution_arguments(submission: Submission) -> None:
    """Number and size of the kernels, padding and strides of the convolutional layers.

    합성곱 층의 커널 개수와 크기, 패딩, 스트라이드를 확인합니다.
    """
    convolutions = [layer for name, layer in real_layers(submission.build_cnn()) if name == "Conv2D"]
    expect_ints([layer.filters for layer in convolutions], [32, 64])
    for layer in convolutions:
        expect_ints(layer.kernel_size, (3, 3))
        expect_ints(layer.strides, (1, 1))
        padding = layer.padding
        expect(
            padding == "valid",
            f"padding is {padding!r}, expected 'valid'",
            f"padding: {padding!r}, 기대한 값: 'valid'",
        )


@pytest.mark.cell("test-build-cnn-layers")
def test_pooling_and_dropout_arguments(submission: Submission) -> None:
    """The window of the pooling layer and the rates of the two dropout layers.

    풀링 층의 창 크기와 두 드롭아웃 층의 비율을 확인합니다.
    """
    found = real_layers(submission.build_cnn())
    pools = [layer for name, layer in found if name == "MaxPooling2D"]
    expect_ints([layer.pool_size for layer in pools], [(2, 2)])
    expect_ints([layer.strides for layer in pools], [(2, 2)])
    rates = [layer.rate for name, layer in found if name == "Dropout"]
    expect_array(np.array(rates, dtype=float), [0.25, 0.5])


@pytest.mark.cell("test-build-cnn-layers")
def test_shapes_of_the_weights(submission: Submission) -> None:
    """Kernels and biases of all layers have the right shapes for images of 28 × 28: 1,199,882 parameters in
    all.

    28×28 이미지를 받는 모든 층의 커널과 편향의 모양이 맞고, 파라미터는 모두 1,199,882개입니다.
    """
    model = submission.build_cnn()
    expected = [(3, 3, 1, 32), (32,), (3, 3, 32, 64), (64,), (9216, 128), (128,), (128, 10), (10,)]
    shapes = [tuple(weight.shape) for weight in model.get_weights()]
    expect(
        shapes == expected,
        f"the weights have shapes {shapes}, expected {expected}",
        f"가중치의 모양: {shapes}, 기대한 모양: {expected}",
    )
    expect_int(model.count_params(), 1_199_882)
    taken = list(model.input_shape)[1:]
    expect(
        taken == [28, 28, 1],
        f"the network takes images of shape {taken}, expected (28, 28, 1)",
        f"신경망이 받는 이미지의 모양: {taken}, 기대한 모양: (28, 28, 1)",
    )


@pytest.mark.cell("test-build-cnn-layers", weight=2)
def test_what_the_network_computes(submission: Submission) -> None:
    """The network answers what the table's layers, activations included, compute with its weights, with its
    own and with larger ones.

    신경망이 내놓는 답이, 표의 층과 활성화 함수로 그 가중치를 써서 직접 계산한 값과 같습니다. 처음 가중치일
    때도, 더 큰 가중치일 때도 같습니다.
    """
    # Signed and large, so that every activation matters and the answers are far from 1/10.
    images = 6 * np.random.default_rng(502).normal(size=(3, 28, 28, 1)).astype(np.float32)
    model = submission.build_cnn()
    answers = np.asarray(model(images, training=False).numpy())
    weights = model.get_weights()
    expect(
        len(weights) == 8,
        f"the network has {len(weights)} arrays of weights, expected 8",
        f"신경망의 가중치 배열: {len(weights)}개, 기대한 개수: 8개",
    )
    expect_array(answers, forward(images, weights), rtol=1e-3, atol=1e-5)
    # In the middle of the network much larger numbers, at its end the same.
    weights = [scale * part for scale, part in zip(np.repeat([5, 5, 0.2, 0.2], 2), weights, strict=True)]
    model.set_weights(weights)
    answers = np.asarray(model(images, training=False).numpy())
    expect_array(answers, forward(images, weights), rtol=1e-3, atol=1e-5)


def forward(images: Array, weights: list[Array]) -> Array:
    """The network in NumPy, float64; dropout is of no effect at inference."""
    x = images.astype(np.float64)
    for kernel, bias in (weights[0:2], weights[2:4]):
        windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))
        x = np.maximum(np.tensordot(windows, kernel, axes=([4, 5, 3], [0, 1, 2])) + bias, 0)
    count, height, width, channels = x.shape
    pooled = x.reshape(count, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))
    hidden = np.maximum(pooled.reshape(count, -1) @ weights[4] + weights[5], 0)
    logits = hidden @ weights[6] + weights[7]
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.cell("test-build-cnn-compiled", weight=2)
def test_loss_of_probabilities(submission: Submission) -> None:
    """The compiled loss of given probabilities and one-hot labels is their categorical cross-entropy.

    주어진 확률과 원-핫 레이블에 대해 컴파일된 손실이 범주형 교차 엔트로피와 같습니다.
    """
    rng = np.random.default_rng(503)
    chances = rng.dirichlet(np.full(10, 0.6), size=7) * 0.98 + 0.002
    labels = rng.integers(0, 10, size=7)
    model = submission.build_cnn()
    loss = model.compute_loss(y=np.eye(10, dtype=np.float32)[labels], y_pred=chances.astype(np.float32))
    expect_number(
        float(np.asarray(loss.numpy())), float(-np.log(chances[np.arange(7), labels]).mean()), rtol=1e-3
    )


@pytest.mark.cell("test-build-cnn-compiled")
def test_accuracy_is_watched(submission: Submission) -> None:
    """Evaluated, the compiled model reports the share of images whose digit it names right, as accuracy, and
    nothing adds to its loss.

    컴파일된 모델을 평가하면 숫자를 맞힌 이미지의 비율을 정확도로 알려 주고, 손실에 다른 항을 더하지 않습니다.
    """
    model = submission.build_cnn()
    expect(model.compiled, "the model has not been compiled", "모델이 컴파일되지 않았습니다")
    # No weights but the last biases: each image has the same probabilities, none of them above one half.
    weights = [np.zeros(np.shape(part)) for part in model.get_weights()]
    weights[-3] += 1.5  # of the hidden layer, which the last one does not heed
    weights[-1] = np.array([0.0, 0.4, 1.0, 0.9, 0.1, 0.2, 0.3, 0.8, 0.5, 0.6])
    model.set_weights(weights)
    labels = np.eye(10, dtype=np.float32)[[2, 3, 2, 7, 2, 0, 8]]
    metrics = model.test_on_batch(np.zeros((7, 28, 28, 1), np.float32), labels, return_dict=True)
    found = [name for name in metrics if "acc" in name.lower()]
    reported = sorted(map(str, metrics))
    expect(
        found,
        f"evaluating the model reports {reported}, but no accuracy",
        f"모델을 평가한 결과에 정확도가 없습니다. 있는 것: {reported}",
    )
    expect_number(metrics[found[0]], 3 / 7, rtol=1e-4)
    # The loss of the whole model, in which a layer may have a share of its own.
    scores = np.exp(weights[-1])
    chances = np.log(scores / scores.sum())
    expect_number(metrics["loss"], float(-(labels @ chances).mean()), rtol=1e-3)


@pytest.mark.cell("test-build-cnn-compiled")
def test_it_can_learn(submission: Submission) -> None:
    """The model is compiled with Adam, at a learning rate with which a network of this kind can learn.

    모델이 Adam으로 컴파일되어 있고, 학습률은 이런 신경망이 배울 수 있는 값입니다.
    """
    model = submission.build_cnn()
    name = submission.import_module("keras").optimizers.serialize(model.optimizer)["class_name"]
    expect(name == "Adam", f"the optimizer is {name}, expected Adam", f"최적화 방법: {name}, 기대한 것: Adam")
    rate = float(np.asarray(model.optimizer.learning_rate.numpy()))
    expect(
        0.999e-5 <= rate <= 0.02001,  # it is kept in 32 bits
        f"the learning rate is {rate:g}; Adam's own is 0.001",
        f"학습률: {rate:g}, Adam의 기본값: 0.001",
    )
    expect(
        len(model.trainable_weights) == len(model.get_weights()),
        "some layers are frozen (trainable=False)",
        "고정된 층이 있습니다(trainable=False)",
    )


# -- predict_digits


def dense_model(submission: Submission, weights: Array, bias: Array, *, dropout: float = 0.0) -> Any:
    """Flatten, dropout, dense with softmax, with these weights (784, 10) and bias (10,)."""
    keras = submission.import_module("keras")
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input(shape=(28, 28, 1)),
            layers.Flatten(),
            layers.Dropout(dropout, seed=9),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.set_weights([weights, bias])
    return model


def labels_of(answer: Any, count: int) -> Array:
    """The answer as an array; whole numbers of shape (count,) are demanded."""
    labels = as_array(answer)
    expect(
        labels.shape == (count,),
        f"expected labels of shape ({count},), got shape {labels.shape}",
        f"레이블의 모양: {labels.shape}, 기대한 모양: ({count},)",
    )
    expect(
        labels.dtype.kind in "iu",
        f"expected integer labels, got {labels.dtype}",
        f"레이블은 정수여야 합니다. 돌아온 dtype: {labels.dtype}",
    )
    return labels


@pytest.mark.cell("test-predict-digits")
def test_one_label_an_image_in_order(submission: Submission) -> None:
    """One integer label for each image, in the order of the images, for a number of images that is odd.

    이미지마다 정수 레이블이 하나씩, 이미지의 순서대로 나옵니다. 이미지의 수는 홀수입니다.
    """
    weights = np.zeros((784, 10))
    weights[28:38] = 9 * np.eye(10)
    digits = np.random.default_rng(504).integers(0, 10, size=33)
    images = np.zeros((33, 28, 28), dtype=np.uint8)
    images[np.arange(33), 1, digits] = 240
    model = dense_model(submission, weights, np.zeros(10))
    expect_array(labels_of(submission.predict_digits(model, images), 33), digits)


@pytest.mark.cell("test-predict-digits")
def test_pixels_are_scaled_by_255(submission: Submission) -> None:
    """The model gets images in [0, 1], dark and bright ones alike divided by the same number.

    모델은 [0, 1] 범위의 이미지를 받습니다. 어두운 이미지도 밝은 이미지도 같은 수로 나눕니다.
    """
    # Class k is the most likely where the pixel is near k / 10: the tangents of a parabola, one a class.
    steps = np.arange(10) / 10
    weights = np.zeros((784, 10))
    weights[300] = 400 * 2 * steps
    values = np.array([26, 51, 77, 102, 128, 5])
    images = np.zeros((len(values), 28, 28), dtype=np.uint8)
    images[:, 300 // 28, 300 % 28] = values
    model = dense_model(submission, weights, -400 * steps**2)
    expect_array(labels_of(submission.predict_digits(model, images), len(values)), [1, 2, 3, 4, 5, 0])
    # Nearly black images are raw as well: 1 is 1/255.
    images[:, 300 // 28, 300 % 28] = [1, 0, 1, 1, 0, 1]
    expect_array(labels_of(submission.predict_digits(model, images), len(values)), [0] * len(values))
    # Likewise class 1 where the brightest pixel is 1, and its neighbours where it is 255/256 or 255/254.
    steps = np.array([255 / 256, 1, 255 / 254, *[0.5] * 7])
    weights[300] = 400 * 2 * steps
    model = dense_model(submission, weights, -400 * steps**2)
    images[:, 300 // 28, 300 % 28] = 255
    for gaps in (True, False):
        labels = labels_of(submission.predict_digits(model, Strided(images, gaps)), len(values))
        expect_array(labels, [1] * len(values))


@pytest.mark.cell("test-predict-digits")
def test_dropout_is_off(submission: Submission) -> None:
    """Predicting switches nothing off: a model with dropout gives the same, right answer each time.

    예측할 때는 아무것도 끄지 않습니다. 드롭아웃이 있는 모델도 매번 같은 옳은 답을 냅니다.
    """
    weights = np.zeros((784, 10))
    weights[np.arange(10) + 56, np.arange(10)] = 20
    digits = np.random.default_rng(505).permutation(np.resize(np.arange(10), 20))
    images = np.zeros((20, 28, 28), dtype=np.uint8)
    images[np.arange(20), 2, digits] = 255
    model = dense_model(submission, weights, np.zeros(10), dropout=0.5)
    expect_array(labels_of(submission.predict_digits(model, images), 20), digits)


@pytest.mark.cell("test-predict-digits")
def test_a_single_image(submission: Submission) -> None:
    """An array with a single image gives an array with a single label, by the model that was handed in.

    이미지가 한 장인 배열에는 레이블이 하나인 배열로 답하고, 넘겨받은 모델로 예측합니다.
    """
    image = np.full((1, 28, 28), 90, dtype=np.uint8)
    for digit in (8, 3):
        model = dense_model(submission, np.zeros((784, 10)), 5 * np.eye(10)[digit])
        expect_array(labels_of(submission.predict_digits(model, image), 1), [digit])


@pytest.mark.cell("test-predict-digits")
def test_the_largest_probability_decides(submission: Submission) -> None:
    """The digit with the largest probability is named, be it far below one half or larger by a little only.

    확률이 0.5보다 훨씬 작거나 아주 조금 더 클 뿐이어도, 확률이 가장 큰 숫자를 고릅니다.
    """
    images = np.full((3, 28, 28), 90, dtype=np.uint8)
    for digit, lead in ((7, 1.0), (4, 0.02), (9, 0.00003)):
        model = dense_model(submission, np.zeros((784, 10)), lead * np.eye(10)[digit])
        expect_array(labels_of(submission.predict_digits(model, images), 3), [digit] * 3)


@pytest.mark.cell("test-predict-digits")
def test_images_stay_as_they_are(submission: Submission) -> None:
    """Predicting changes neither the images nor the model, and keeps the labels that it gave before.

    예측은 이미지의 값과 모양도, 모델도 바꾸지 않고, 앞서 반환한 레이블도 그대로 둡니다.
    """
    weights = np.zeros((784, 10))
    weights[np.arange(10) + 56, np.arange(10)] = 20
    batches = []
    for digits in ([3, 8, 0], [5, 5, 1]):
        images = np.resize(np.arange(4, dtype=np.uint8), (3, 28, 28))
        images[np.arange(3), 2, digits] = 255
        batches.append((images, digits))
    model = dense_model(submission, weights, np.zeros(10))
    black_and_white = np.where(batches[0][0] == 255, 255, 0).astype(np.uint8)
    for images in (black_and_white, batches[0][0]):
        answer = expect_arguments_unchanged(submission.predict_digits, model, images)
    expect_array(labels_of(answer, 3), batches[0][1])
    expect(
        np.array_equal(model.get_weights()[0], weights.astype(np.float32)),
        "the weights of the model have changed",
        "모델의 가중치가 바뀌었습니다",
    )
    kept = answers_kept(submission, "predict_digits", *[(model, images) for images, _ in batches])
    for labels, (_, digits) in zip(kept, batches, strict=True):
        expect_array(labels_of(labels, 3), digits)


# -- confusion_matrix


def counted(y_true: Array, y_pred: Array, num_classes: int) -> Array:
    """The definition, word for word."""
    matrix = np.zeros((num_classes, num_classes), dtype=np.int64)
    for truth, guess in zip(y_true.tolist(), y_pred.tolist(), strict=True):
        matrix[truth, guess] += 1
    return matrix


@st.composite
def labelled(draw: st.DrawFn) -> tuple[Array, Array, int]:
    num_classes = draw(st.integers(2, 6))
    count = draw(st.integers(1, 24))
    label = st.integers(0, num_classes - 1)
    y_true, y_pred = (draw(st.lists(label, min_size=count, max_size=count)) for _ in range(2))
    return np.array(y_true), np.array(y_pred), num_classes


@pytest.mark.cell("test-confusion-matrix", weight=2)
@settings(max_examples=15)
@given(case=labelled())
def test_any_labels(case: tuple[Array, Array, int], submission: Submission) -> None:
    """Each pair of labels is counted once: rows are the true classes, columns the predicted ones.

    레이블의 쌍을 한 번씩 셉니다. 행은 실제 클래스, 열은 예측한 클래스입니다.
    """
    y_true, y_pred, num_classes = case
    matrix = submission.confusion_matrix(y_true, y_pred, num_classes=num_classes)
    expect_array(matrix, counted(y_true, y_pred, num_classes))


@pytest.mark.cell("test-confusion-matrix")
def test_classes_that_do_not_occur(submission: Submission) -> None:
    """Ten rows and columns without being told, also when some digits do not occur.

    따로 말하지 않으면 행과 열이 열 개씩입니다. 나오지 않는 숫자가 있어도 마찬가지입니다.
    """
    y_true, y_pred = np.array([4, 4, 0, 6, 4, 6]), np.array([4, 7, 0, 4, 7, 6])
    expect_array(submission.confusion_matrix(y_true, y_pred), counted(y_true, y_pred, 10))


@pytest.mark.cell("test-confusion-matrix")
def test_many_images(submission: Submission) -> None:
    """Thousands of images, so that single counts are large; the labels stay as they were.

    이미지가 수천 장이라서 한 칸의 값이 큽니다. 레이블은 바뀌지 않습니다.
    """
    rng = np.random.default_rng(506)
    y_true = rng.integers(0, 3, size=4000)
    y_pred = np.where(rng.random(4000) < 0.8, y_true, rng.integers(0, 3, size=4000))
    matrix = expect_unchanged(submission.confusion_matrix, y_true, y_pred, num_classes=3)
    expect_array(matrix, counted(y_true, y_pred, 3))


@pytest.mark.cell("test-confusion-matrix")
def test_more_classes_than_digits(submission: Submission) -> None:
    """Labels of type uint8, as MNIST's are, and more classes than ten.

    MNIST처럼 uint8인 레이블이고, 클래스가 열 개보다 많습니다.
    """
    rng = np.random.default_rng(507)
    y_true, y_pred = rng.integers(0, 26, size=(2, 90)).astype(np.uint8)
    matrix = submission.confusion_matrix(y_true, y_pred, num_classes=26)
    expect_array(matrix, counted(y_true, y_pred, 26))


@pytest.mark.cell("test-confusion-matrix")
def test_many_classes_and_narrow_labels(submission: Submission) -> None:
    """More classes than a byte can count, and labels whose own type is too narrow to compute with.

    1바이트로 셀 수 있는 것보다 클래스가 많을 때와, 레이블의 자료형이 계산하기에 너무 좁을 때를 확인합니다.
    """
    y_true, y_pred = np.array([299, 0, 256, 43, 299, 200]), np.array([43, 256, 256, 299, 299, 131])
    expect_array(submission.confusion_matrix(y_true, y_pred, num_classes=300), counted(y_true, y_pred, 300))
    for dtype, classes in ((np.int8, 100), (np.int16, 290), (np.uint16, 290), (np.uint8, 200)):
        labels = np.random.default_rng(508).integers(0, classes, size=(2, 60)).astype(dtype)
        matrix = submission.confusion_matrix(labels[0], labels[1], num_classes=classes)
        expect_array(matrix, counted(labels[0], labels[1], classes))


@pytest.mark.cell("test-confusion-matrix")
def test_very_many_images(submission: Submission) -> None:
    """A count that needs more than sixteen bits is exact.

    16비트로 담을 수 없는 큰 수도 정확히 셉니다.
    """
    y_true = np.repeat(np.array([1, 0, 1], dtype=np.uint8), [70_001, 3, 4])
    y_pred = np.repeat(np.array([1, 0], dtype=np.uint8), [70_001, 7])
    expect_array(submission.confusion_matrix(y_true, y_pred, 2), [[3, 0], [4, 70_001]])


@pytest.mark.cell("test-confusion-matrix")
def test_labels_with_gaps_in_memory(submission: Submission) -> None:
    """Labels are read as they are, however they lie in memory; they stay, as does the matrix of before.

    레이블이 메모리에 어떻게 놓여 있든 그대로 읽습니다. 레이블도, 앞서 반환한 행렬도 바뀌지 않습니다.
    """
    y_true, y_pred = np.array([2, 0, 1, 2, 0]), np.array([1, 0, 1, 2, 2])
    result = expect_unchanged(submission.confusion_matrix, Strided(y_true), Strided(y_pred), 3)
    expect_array(result, counted(y_true, y_pred, 3))
    first, second = answers_kept(submission, "confusion_matrix", (y_true, y_pred, 3), (y_pred, y_pred, 3))
    expect_array(first, counted(y_true, y_pred, 3))
    expect_array(second, counted(y_pred, y_pred, 3))


@pytest.mark.cell("test-confusion-matrix")
def test_a_single_image_or_class(submission: Submission) -> None:
    """A single image, and a single class: still a matrix.

    이미지가 한 장이거나 클래스가 하나여도 행렬입니다.
    """
    expect_array(submission.confusion_matrix(np.array([1]), np.array([0]), 2), [[0, 0], [1, 0]])
    expect_array(submission.confusion_matrix(np.array([0, 0]), np.array([0, 0]), 1), [[2]])
