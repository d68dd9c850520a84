"""The checks of the notebook's test cells; students have this file."""

from typing import Any

import numpy as np
import pytest

from autograder.testing import Submission, expect


def close(actual: Any, expected: Any, tolerance: float = 1e-6) -> None:
    """Fail, saying what came back and what was expected, unless both agree in shape and value."""
    same = np.shape(actual) == np.shape(expected) and np.allclose(actual, expected, atol=tolerance)
    expect(
        same,
        f"came back: {actual!r}, expected: {expected!r}",
        f"돌아온 값: {actual!r}, 기대한 값: {expected!r}",
    )


@pytest.mark.cell("test-relu")
def test_relu_small(submission: Submission) -> None:
    """`relu` keeps positive numbers and makes the others 0.

    `relu`는 양수를 그대로 두고 나머지는 0으로 만듭니다.
    """
    close(submission.relu(np.array([-2.0, -0.5, 0.0, 0.5, 3.0])), [0.0, 0.0, 0.0, 0.5, 3.0])
    close(submission.relu(np.array([[1.5, -1.0], [-7.0, 2.0]])), [[1.5, 0.0], [0.0, 2.0]])


@pytest.mark.cell("test-softmax")
def test_softmax_small(submission: Submission) -> None:
    """`softmax` gives the probabilities of the worked example, and survives scores of 1000.

    `softmax`는 예제의 확률을 내고, 점수가 1000이어도 견딥니다.
    """
    logits = np.log([[1.0, 2.0, 5.0], [3.0, 3.0, 2.0]])
    close(submission.softmax(logits), [[0.125, 0.25, 0.625], [0.375, 0.375, 0.25]])
    close(submission.softmax(np.array([[1000.0, 1000.0]])), [[0.5, 0.5]])


@pytest.mark.cell("test-dense")
def test_dense_small(submission: Submission) -> None:
    """`dense` gives the worked example, without an activation and with `relu`.

    `dense`는 활성화 함수 없이, 그리고 `relu`와 함께 예제의 값을 냅니다.
    """
    x, weights, bias = np.array([[1.0, 2.0]]), np.array([[1.0, 0.0], [3.0, -4.0]]), np.array([10.0, 1.0])
    close(submission.dense(x, weights, bias), [[17.0, -7.0]])
    close(submission.dense(x, weights, bias, activation=submission.relu), [[17.0, 0.0]])


@pytest.mark.cell("test-mlp-forward")
def test_mlp_forward_small(submission: Submission) -> None:
    """`mlp_forward` predicts what the example in the notebook works out.

    `mlp_forward`는 노트북의 예제에서 계산한 값을 예측합니다.
    """
    predicted = submission.mlp_forward(
        np.array([[1.0, 1.0]]),
        np.array([[1.0, -2.0], [1.0, -1.0]]),
        np.array([0.0, 0.0]),
        np.array([[0.0, np.log(3.0)], [5.0, 7.0]]),
        np.array([0.0, 0.0]),
    )
    close(predicted, [[0.1, 0.9]])


@pytest.mark.cell("test-categorical-crossentropy")
def test_categorical_crossentropy_small(submission: Submission) -> None:
    """`categorical_crossentropy` gives the worked example and is finite where a prediction is sure and wrong.

    `categorical_crossentropy`는 예제의 값을 내고, 자신 있게 틀린 예측에서도 유한합니다.
    """
    y_true = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    y_pred = np.array([[0.5, 0.2, 0.3], [0.25, 0.5, 0.25]])
    close(submission.categorical_crossentropy(y_true, y_pred), 1.0397208, tolerance=1e-4)
    loss = submission.categorical_crossentropy(np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]]))
    expect(
        np.isfinite(loss),
        f"sure and wrong: expected a finite loss, got {loss}",
        f"자신 있게 틀린 예측: 손실이 유한해야 합니다. 돌아온 값: {loss}",
    )


@pytest.mark.cell("test-accuracy")
def test_accuracy_small(submission: Submission) -> None:
    """`accuracy` finds three of four rows right.

    `accuracy`는 네 행 중 세 행이 맞는 것을 압니다.
    """
    y_true = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    y_pred = np.array([[0.4, 0.3, 0.3], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6], [0.9, 0.0, 0.1]])
    close(submission.accuracy(y_true, y_pred), 0.75)


@pytest.mark.cell("test-count-parameters")
def test_count_parameters_small(submission: Submission) -> None:
    """`count_parameters` counts the worked example and this week's network.

    `count_parameters`는 예제와 이번 주 신경망의 파라미터를 셉니다.
    """
    close(submission.count_parameters([3, 4, 2]), 26)
    close(submission.count_parameters([784, 512, 10]), 407050)


@pytest.mark.cell("test-early-stopping")
def test_early_stopping_small(submission: Submission) -> None:
    """`early_stopping` stops where the worked examples and the slides do.

    `early_stopping`은 예제와 슬라이드에서 멈춘 곳에서 멈춥니다.
    """
    close(submission.early_stopping([0.9, 0.7, 0.8, 0.75, 0.72], patience=2), (4, 2))
    close(submission.early_stopping([0.9, 0.7, 0.8, 0.6, 0.5], patience=2), (5, 5))
    like_the_slides = [1 / epoch for epoch in range(1, 14)] + [0.08] * 17
    close(submission.early_stopping(like_the_slides, patience=10), (23, 13))


@pytest.mark.cell("test-build-mlp")
def test_build_mlp_small(submission: Submission) -> None:
    """`build_mlp` makes a model from 784 inputs to 10 outputs with 407,050 parameters.

    `build_mlp`는 입력 784개, 출력 10개, 파라미터 407,050개인 모델을 만듭니다.
    """
    model = submission.build_mlp()
    count = model.count_params()
    expect(
        count == 407050, f"{count} parameters, expected 407050", f"파라미터: {count}개, 기대한 개수: 407050개"
    )
    shapes = tuple(model.input_shape), tuple(model.output_shape)
    expect(
        shapes == ((None, 784), (None, 10)),
        f"input and output shapes {shapes}",
        f"입력과 출력의 모양: {shapes}",
    )


@pytest.mark.cell("test-make-callbacks")
def test_make_callbacks_small(submission: Submission) -> None:
    """`make_callbacks` watches `val_loss`, takes the patience it is given and names files as asked.

    `make_callbacks`는 `val_loss`를 지켜보고, 받은 patience를 쓰며, 파일 이름을 정해진 대로 짓습니다.
    """
    callbacks = submission.make_callbacks("model", patience=5)
    stopper, saver = sorted(callbacks, key=lambda callback: hasattr(callback, "filepath"))
    watched, patience = (stopper.monitor, saver.monitor), stopper.patience
    expect(
        watched == ("val_loss", "val_loss"),
        f"watched: {watched}, expected 'val_loss' in both",
        f"지켜보는 값: {watched}, 둘 다 'val_loss'여야 합니다",
    )
    expect(patience == 5, f"patience {patience}, expected 5", f"patience: {patience}, 기대한 값: 5")
    path = submission.import_module("os.path")
    expected = path.join("model", "{epoch:02d}-{val_loss:.4f}.keras")
    filepath = saver.filepath
    same = path.abspath(filepath) == path.abspath(expected)
    expect(
        same,
        f"filepath {filepath!r}, expected {expected!r}",
        f"filepath: {filepath!r}, 기대한 값: {expected!r}",
    )


@pytest.mark.cell("test-plot-losses")
def test_plot_losses_small(submission: Submission) -> None:
    """`plot_losses` draws both losses under their names and labels the axes.

    `plot_losses`는 두 손실을 제 이름으로 그리고 축 이름을 붙입니다.
    """
    submission.import_module("matplotlib.pyplot").close("all")
    axes = submission.plot_losses({"loss": [1.5, 0.7, 0.3], "val_loss": [1.2, 0.9, 0.8]})
    lines = {line.get_label(): [float(y) for y in line.get_ydata()] for line in axes.lines}
    expected = {"Testset_loss": [1.2, 0.9, 0.8], "Trainset_loss": [1.5, 0.7, 0.3]}
    expect(
        lines | expected == lines,
        f"the lines are {lines}, expected {expected}",
        f"선: {lines}, 기대한 선: {expected}",
    )
    labels = axes.get_xlabel().lower(), axes.get_ylabel().lower()
    expect(
        labels == ("epoch", "loss"),
        f"the axes are labelled {labels}, expected ('epoch', 'loss')",
        f"축 이름: {labels}, 기대한 이름: ('epoch', 'loss')",
    )


@pytest.mark.training
@pytest.mark.cell("test-train-mlp")
def test_train_mlp_small(submission: Submission) -> None:
    """`train_mlp` returns a dict, stays within 30 epochs, saves `.keras` files and leaves the best weights.

    `train_mlp`는 딕셔너리를 반환하고, 30 에포크 안에 끝나며, `.keras` 파일과 가장 좋은 가중치를 남깁니다.
    """
    # Noise with labels by dice can only be learned by heart: the validation loss is best after a few epochs.
    rng = np.random.default_rng(8)
    x, y = rng.random((500, 784)), np.eye(10)[rng.integers(0, 10, 500)]
    keras = submission.import_module("keras")
    toy = keras.Sequential([keras.layers.Input((784,)), keras.layers.Dense(10, activation="softmax")])
    toy.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    folder = submission.import_module("tempfile").mkdtemp()
    history = submission.train_mlp(toy, x[:400], y[:400], (x[400:], y[400:]), folder)
    expect(
        isinstance(history, dict),
        f"expected a dict, got {type(history).__name__}",
        f"딕셔너리를 반환해야 합니다. 반환한 것: {type(history).__name__}",
    )
    expect(
        len(history["loss"]) <= 30,
        f"{len(history['loss'])} epochs, at most 30 expected",
        f"에포크: {len(history['loss'])}번, 많아도 30번이어야 합니다",
    )
    saved = sorted(submission.import_module("os").listdir(folder))
    expect(saved, "there is no file in the folder", "폴더에 파일이 없습니다")
    expect(
        all(name.endswith(".keras") for name in saved),
        f"the folder holds {saved}",
        f"폴더에 있는 파일: {saved}",
    )
    now, best = toy.evaluate(x[400:], y[400:], verbose=0)[0], min(history["val_loss"])
    expect(
        abs(now - best) < 1e-3,
        f"the model's validation loss is {now:.4f}, its best was {best:.4f}",
        f"모델의 검증 손실: {now:.4f}, 가장 좋았던 값: {best:.4f}",
    )
