"""The checks that stand in the notebook, as tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograder.testing import Submission, as_array, expect, expect_array, expect_int, expect_ints

LAYERS = ["Conv2D", "Conv2D", "MaxPooling2D", "Dropout", "Flatten", "Dense", "Dropout", "Dense"]


def class_name(value: Any) -> str:
    """The name of an object's class."""
    return getattr(value, "remote_type", None) or type(value).__name__


def layer_names(model: Any) -> list[str]:
    """Names of the layers' classes, nested models unpacked, inputs and separate activations left out."""
    names: list[str] = []
    for layer in model.layers:
        name = class_name(layer)
        if name in ("Sequential", "Functional", "Model"):
            names += layer_names(layer)
        elif name not in ("InputLayer", "Activation", "ReLU", "Softmax"):
            names.append(name)
    return names


def small_problem(count: int, rows: range, labels: list[int], seed: int) -> tuple[Any, Any]:
    """Images with random ink in some rows and columns 8 to 19, and their labels one-hot."""
    images = np.zeros((count, 28, 28, 1), dtype=np.float32)
    images[:, rows, 8:20] = np.random.default_rng(seed).random((count, len(rows), 12, 1))
    return images, np.eye(10)[np.resize(labels, count)]


def small_model(submission: Submission) -> Any:
    """One dense layer, compiled, in the submission."""
    keras = submission.import_module("keras")
    layers = keras.layers
    model = keras.Sequential(
        [layers.Input(shape=(28, 28, 1)), layers.Flatten(), layers.Dense(10, activation="softmax")]
    )
    model.compile(
        loss="categorical_crossentropy",
        optimizer=keras.optimizers.SGD(learning_rate=0.05),
        metrics=["accuracy"],
    )
    return model


@pytest.mark.cell("test-layer-shapes")
def test_first_and_last_shape(submission: Submission) -> None:
    """For 28×28 images `layer_shapes()` has eight shapes; the first is (26, 26, 32), the last (10,).

    28×28 이미지에 대해 `layer_shapes()`는 모양 여덟 개를 반환하며, 첫 번째는 (26, 26, 32), 마지막은
    (10,)입니다.
    """
    shapes = submission.layer_shapes()
    expect_int(len(shapes), 8)
    expect_ints(shapes[0], (26, 26, 32))
    expect_ints(shapes[7], (10,))


@pytest.mark.cell("test-layer-shapes-other-images")
def test_worked_example(submission: Submission) -> None:
    """`layer_shapes((10, 8, 3))` agrees with the worked example.

    `layer_shapes((10, 8, 3))`이 예제와 같습니다.
    """
    shapes = submission.layer_shapes((10, 8, 3))
    for layer, expected in ((0, (8, 6, 32)), (1, (6, 4, 64)), (2, (3, 2, 64)), (4, (384,))):
        expect_ints(shapes[layer], expected)


@pytest.mark.cell("test-layer-parameters")
def test_sum_of_parameters(submission: Submission) -> None:
    """`layer_parameters()` has eight numbers that add up to 1,199,882.

    `layer_parameters()`는 수 여덟 개를 반환하며, 모두 더하면 1,199,882입니다.
    """
    counts = submission.layer_parameters()
    expect_int(len(counts), 8)
    expect_int(int(sum(counts)), 1_199_882)


@pytest.mark.cell("test-build-cnn-layers")
def test_layers_and_size(submission: Submission) -> None:
    """`build_cnn()` has the eight layers of the table in order, 1,199,882 parameters and ten outputs.

    `build_cnn()`은 표의 여덟 층을 순서대로 갖추고, 파라미터는 1,199,882개, 출력은 열 개입니다.
    """
    model = submission.build_cnn()
    names = layer_names(model)
    expect(names == LAYERS, f"the layers are {names}, expected {LAYERS}", f"층: {names}, 기대한 층: {LAYERS}")
    expect_int(model.count_params(), 1_199_882)
    output = tuple(model.output_shape)
    expect(output == (None, 10), f"the output shape is {output}", f"출력의 모양: {output}")


@pytest.mark.cell("test-build-cnn-compiled")
def test_compiled_and_probabilities(submission: Submission) -> None:
    """`build_cnn()` is compiled and answers every image with ten probabilities that sum to 1.

    `build_cnn()`은 컴파일되어 있고, 이미지마다 합이 1인 확률 열 개로 답합니다.
    """
    model = submission.build_cnn()
    expect(model.compiled, "the model has not been compiled", "모델이 컴파일되지 않았습니다")
    images = np.random.default_rng(0).random((3, 28, 28, 1), dtype=np.float32)
    expect_array(np.asarray(model(images).numpy()).sum(axis=1), np.ones(3), atol=1e-4)


@pytest.mark.training
@pytest.mark.cell("test-train-cnn-history")
def test_history_is_a_dict(submission: Submission) -> None:
    """`train_cnn` returns a dict with the lists `loss` and `val_loss`.

    `train_cnn`은 `loss`와 `val_loss` 리스트가 담긴 딕셔너리를 반환합니다.
    """
    x, y = small_problem(120, range(2, 9), [3, 6], seed=1)
    validation = small_problem(40, range(2, 9), [3, 6], seed=2)
    history = submission.train_cnn(small_model(submission), x, y, validation)
    expect(
        isinstance(history, dict),
        f"expected a dict, got {class_name(history)}",
        f"딕셔너리를 반환해야 합니다. 반환한 것: {class_name(history)}",
    )
    names = sorted(map(str, history))
    for name in ("loss", "val_loss"):
        expect(
            name in history,
            f"the history has {names}, expected {name!r} among them",
            f"기록에 {name!r} 항목이 없습니다. 있는 것: {names}",
        )
        expect(
            len(history[name]) >= 1,
            f"history[{name!r}] is empty",
            f"history[{name!r}] 리스트가 비어 있습니다",
        )


@pytest.mark.training
@pytest.mark.cell("test-train-cnn-best-weights")
def test_best_weights_of_a_rising_loss(submission: Submission) -> None:
    """After training, the model's validation loss is the lowest one in the history.

    학습이 끝난 모델의 검증 손실이 기록에서 가장 작은 값과 같습니다.
    """
    x, y = small_problem(120, range(2, 9), [3, 6], seed=1)
    validation = small_problem(40, range(2, 9), [9], seed=2)
    model = small_model(submission)
    history = submission.train_cnn(model, x, y, validation)
    chances = np.asarray(model(validation[0]).numpy())[:, 9]
    expect_array(np.array(-np.log(chances).mean()), min(history["val_loss"]), rtol=1e-2)


@pytest.mark.training
@pytest.mark.cell("test-train-cnn-held-out")
def test_validation_images_teach_nothing(submission: Submission) -> None:
    """Weights that only the validation images could change are the same after training.

    검증 이미지만 바꿀 수 있는 가중치는 학습 뒤에도 그대로입니다.
    """
    x, y = small_problem(120, range(2, 9), [3, 6], seed=1)
    model = small_model(submission)
    before = model.get_weights()[0].reshape(28, 28, 10)
    submission.train_cnn(model, x, y, small_problem(40, range(19, 26), [7], seed=2))
    change = np.abs(model.get_weights()[0].reshape(28, 28, 10) - before)
    above, below = change[2:9].mean(), change[19:26].mean()
    expect(
        below < 0.02 * above,
        f"changed by {below:.2g}, where training images have ink by {above:.2g}",
        f"바뀐 크기: {below:.2g}, 학습 이미지에 잉크가 있는 곳의 바뀐 크기: {above:.2g}",
    )


@pytest.mark.cell("test-predict-digits")
def test_three_raw_images(submission: Submission) -> None:
    """`predict_digits` answers three raw images with three integer labels.

    `predict_digits`는 원본 이미지 세 장에 정수 레이블 세 개로 답합니다.
    """
    model = small_model(submission)
    weights = np.zeros((784, 10))
    weights[:10, :10] = 5 * np.eye(10)
    model.set_weights([weights, np.zeros(10)])
    images = np.zeros((3, 28, 28), dtype=np.uint8)
    images[[0, 1, 2], 0, [4, 7, 1]] = 255
    labels = as_array(submission.predict_digits(model, images))
    expect_array(labels, [4, 7, 1])
    expect(labels.dtype.kind in "iu", "the labels should be integers", "레이블은 정수여야 합니다")


@pytest.mark.cell("test-confusion-matrix")
def test_worked_confusion(submission: Submission) -> None:
    """`confusion_matrix` agrees with the worked example and with a single mistake.

    `confusion_matrix`가 예제와 같고, 실수 하나도 제자리에 셉니다.
    """
    y_true, y_pred = np.array([0, 0, 2, 2, 1]), np.array([0, 1, 2, 2, 0])
    expect_array(
        submission.confusion_matrix(y_true, y_pred, num_classes=3), [[1, 1, 0], [1, 0, 0], [0, 0, 2]]
    )
    expect_array(submission.confusion_matrix(np.array([1]), np.array([0]), num_classes=2), [[0, 0], [1, 0]])
