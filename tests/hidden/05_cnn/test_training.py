"""Week 5's training: small runs that show how ``train_cnn`` works, then the one run that is judged.

The small runs come first, so that a submission whose long run never ends still gets what they are worth.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograder.mnist.digits import course_data
from autograder.testing import Submission, as_array, expect, expect_number

LADDER = {"embedded": (0.90, 0.93, 0.95, 0.96), "full": (0.95, 0.97, 0.985, 0.988)}
"""Accuracies on the judged images that earn points, the last one being the target; see docs/accuracy.md."""
BONUS = {"embedded": 0.98, "full": 0.993}

pytestmark = pytest.mark.training


def losses(history: Any, name: str) -> list[float]:
    """One number an epoch, from a history that has them."""
    kind = getattr(history, "remote_type", None) or type(history).__name__
    expect(
        isinstance(history, dict),
        f"expected a dict, got {kind}",
        f"딕셔너리를 반환해야 합니다. 반환한 것: {kind}",
    )
    names = sorted(map(str, history))
    expect(
        name in history,
        f"the history has {names}, expected {name!r} among them",
        f"기록에 {name!r} 항목이 없습니다. 있는 것: {names}",
    )
    values = np.asarray(history[name], dtype=float)
    expect(
        values.ndim == 1 and values.size,
        f"history[{name!r}] should be a list of one number an epoch",
        f"history[{name!r}]: 에포크마다 수가 하나씩인 리스트여야 합니다",
    )
    expect(
        np.isfinite(values).all(),
        f"history[{name!r}] has numbers that are not finite",
        f"history[{name!r}]: 유한하지 않은 수가 있습니다",
    )
    return [float(value) for value in values]


@pytest.mark.cell("test-train-cnn-best-weights", weight=2)
def test_ends_with_the_best_weights(rising_run: Any) -> None:
    """Where the validation loss only rises, the model ends with the weights of the epoch where it was lowest.

    검증 손실이 계속 커지기만 하는 경우에도, 모델은 손실이 가장 작았던 에포크의 가중치로 끝납니다.
    """
    expect_number(rising_run.loss, min(losses(rising_run.history, "val_loss")), rtol=5e-3, atol=1e-4)


@pytest.mark.cell("test-train-cnn-best-weights")
def test_small_improvements_count(falling_run: Any) -> None:
    """Where the validation loss falls by very little in each epoch, the model has the last epoch's weights,
    however often it was right before.

    검증 손실이 에포크마다 아주 조금씩만 줄어들면, 정확도가 전부터 높았더라도 모델은 마지막 에포크의 가중치를
    가집니다.
    """
    expect_number(falling_run.loss, min(losses(falling_run.history, "val_loss")), rtol=1e-3, atol=1e-5)


@pytest.mark.cell("test-train-cnn-held-out")
def test_validates_on_the_validation_data(rising_run: Any) -> None:
    """`val_loss` is measured on `validation_data`: it rises where those labels become ever less likely.

    `val_loss`는 `validation_data`에서 잽니다. 그 레이블의 확률이 점점 낮아지면 손실은 커집니다.
    """
    values = losses(rising_run.history, "val_loss")
    expect(
        values[0] > 1.5 and values[-1] >= values[0] - 0.01,
        f"the validation loss went from {values[0]:.3f} to {values[-1]:.3f}: it was measured on "
        "other images, or the model learned from the validation images",
        f"검증 손실: 처음 {values[0]:.3f}, 마지막 {values[-1]:.3f}. "
        "다른 이미지로 쟀거나, 모델이 검증 이미지에서 배웠습니다",
    )


@pytest.mark.cell("test-train-cnn-held-out", weight=2)
def test_learns_nothing_from_the_validation_data(small_runs: Any) -> None:
    """Weights of pixels that have ink in validation images only do not change; those of training images do.

    검증 이미지에만 잉크가 있는 픽셀의 가중치는 그대로이고, 학습 이미지에 잉크가 있는 픽셀의 가중치는
    바뀝니다.
    """
    rng = np.random.default_rng(508)
    x, held_out = np.zeros((2, 200, 28, 28, 1), dtype=np.float32)
    x[:, 2:9, 8:20] = rng.random((200, 7, 12, 1))
    held_out[:, 19:26, 8:20] = rng.random((200, 7, 12, 1))
    labels = np.resize([1, 4, 8], 200)
    x[labels == 1, 2:9, 8:14] = 0
    x[labels == 4, 2:9, 14:20] = 0
    model = small_runs.model(0.05)
    before = model.get_weights()[0].reshape(28, 28, 10)
    small_runs.train(model, (x, np.eye(10)[labels]), (held_out[:50], np.eye(10)[np.resize([0, 7], 50)]))
    # So far apart that training images which are shifted or turned a little (fine!) do not reach the others.
    change = np.abs(model.get_weights()[0].reshape(28, 28, 10) - before)
    taught, untaught = change[2:9, 8:20].mean(), change[19:26, 8:20].mean()
    expect(
        taught > 1e-6,
        "nothing was learned from the training images",
        "학습 이미지에서 아무것도 배우지 않았습니다",
    )
    expect(
        untaught < 0.02 * taught,
        f"weights that only validation images can reach changed by {untaught:.2g} on average, "
        f"those of the training images by {taught:.2g}",
        f"검증 이미지로만 바뀔 수 있는 가중치가 평균 {untaught:.2g}만큼 바뀌었습니다. "
        f"학습 이미지의 가중치가 바뀐 크기: {taught:.2g}",
    )


@pytest.mark.cell("test-train-cnn-held-out")
def test_leaves_the_callers_arrays_alone(rising_run: Any) -> None:
    """`train_cnn` shuffles or changes none of the caller's arrays.

    `train_cnn`은 부른 쪽의 배열을 섞거나 바꾸지 않습니다.
    """
    # Keras draws from the global generators while it trains.
    expect(
        rising_run.changed is None or rising_run.changed.code == "generators",
        f"the call changed {rising_run.changed}",
        "호출이 인자로 받은 배열을 바꾸었습니다",
    )


@pytest.mark.cell("test-train-cnn-history")
def test_history_of_a_small_run(rising_run: Any) -> None:
    """The history is a dict in which `loss` and `val_loss` have one number for each epoch.

    기록은 딕셔너리이고, `loss`와 `val_loss`에 에포크마다 수가 하나씩 있습니다.
    """
    loss, validation = losses(rising_run.history, "loss"), losses(rising_run.history, "val_loss")
    expect(
        len(loss) == len(validation),
        f"{len(loss)} numbers in 'loss', {len(validation)} in 'val_loss'",
        f"'loss'에는 수가 {len(loss)}개, 'val_loss'에는 {len(validation)}개 있습니다",
    )


@pytest.mark.cell("test-train-cnn-history")
def test_training_loss_falls(trained: Any) -> None:
    """Trained on the course's digits for more than one epoch, the training loss falls.

    강의용 숫자 이미지로 두 에포크 이상 학습하면 학습 손실이 줄어듭니다.
    """
    values = losses(trained.history, "loss")
    expect(
        len(values) > 1,
        "a single epoch is too few to see anything fall",
        "에포크가 한 번뿐이면 손실이 줄어드는지 알 수 없습니다",
    )
    expect(
        min(values) < 0.7 * values[0],
        f"the training loss went from {values[0]:.3f} to {values[-1]:.3f}",
        f"학습 손실: 처음 {values[0]:.3f}, 마지막 {values[-1]:.3f}",
    )


@pytest.mark.cell("test-train-cnn-best-weights")
def test_validation_digits_are_read(trained: Any, shared_submission: Submission) -> None:
    """The trained network reads the held-out digits as well as its history says it did at its best.

    학습된 신경망이 떼어 둔 이미지를 읽는 정확도와 손실이 기록에서 가장 좋았을 때와 맞습니다.
    """
    best = min(losses(trained.history, "val_loss"))
    digits = trained.course.test
    loss = trained.held_out_loss()
    expect(
        loss <= 1.01 * best + 1e-4,
        f"the network's validation loss is {loss:.4f}, its best epoch had {best:.4f}",
        f"신경망의 검증 손실: {loss:.4f}, 가장 좋은 에포크: {best:.4f}",
    )
    guesses = as_array(shared_submission.predict_digits(trained.model, digits.images))
    expect(
        guesses.shape == digits.labels.shape,
        f"expected shape {digits.labels.shape}, got {guesses.shape}",
        f"기대한 모양: {digits.labels.shape}, 돌아온 모양: {guesses.shape}",
    )
    missed = float(np.mean(guesses != digits.labels))
    # A digit that is missed has a probability of at most 1/2, so it costs log 2 or more.
    expect(
        missed * np.log(2) <= best + 0.02,
        f"{missed:.1%} of the held-out digits are missed, too many for a validation loss of {best:.3f}",
        f"떼어 둔 숫자의 {missed:.1%}를 틀렸습니다. 검증 손실이 {best:.3f}인 모델치고는 너무 많습니다",
    )


@pytest.mark.cell("test-train-cnn-held-out")
def test_an_untrained_network_knows_nothing(shared_submission: Submission) -> None:
    """`predict_digits` asks the model it is given: an untrained one names hardly more digits than chance.

    `predict_digits`는 넘겨받은 모델에게 묻습니다. 학습하지 않은 모델은 우연 정도로만 맞힙니다.
    """
    judged = course_data().judged
    shared_submission.import_module("keras").utils.set_random_seed(509)
    guesses = as_array(shared_submission.predict_digits(shared_submission.build_cnn(), judged.images[:300]))
    expect(
        guesses.shape == (300,),
        f"expected shape (300,), got {guesses.shape}",
        f"기대한 모양: (300,), 돌아온 모양: {guesses.shape}",
    )
    share = float(np.mean(guesses == judged.labels[:300]))
    expect(
        share < 0.5,
        f"an untrained network names {share:.0%} of the digits right",
        f"학습하지 않은 신경망이 숫자의 {share:.0%}를 맞힙니다",
    )


def climb(trained: Any, rung: int) -> None:
    """The accuracy on the judged images reaches this rung of the ladder."""
    right, count = score(trained)
    needed = round(LADDER[trained.course.source][rung] * count)
    expect(
        right >= needed,
        f"{right} of {count} new images are named right, {needed} needed",
        f"새 이미지 {count}장 중 맞힌 것: {right}장, 필요한 것: {needed}장",
    )


def score(trained: Any) -> tuple[int, int]:
    """How many judged images are named right, of how many."""
    count = len(trained.course.judged)
    return round(trained.accuracy * count), count


@pytest.mark.cell("test-accuracy", weight=2)
def test_first_rung(trained: Any) -> None:
    """Accuracy on images that the network has never seen: the first rung of the ladder.

    신경망이 본 적 없는 이미지에 대한 정확도: 사다리의 첫째 단입니다.
    """
    climb(trained, 0)


@pytest.mark.cell("test-accuracy", weight=2)
def test_second_rung(trained: Any) -> None:
    """Accuracy on images that the network has never seen: the second rung of the ladder.

    신경망이 본 적 없는 이미지에 대한 정확도: 사다리의 둘째 단입니다.
    """
    climb(trained, 1)


@pytest.mark.cell("test-accuracy", weight=2)
def test_third_rung(trained: Any) -> None:
    """Accuracy on images that the network has never seen: the third rung of the ladder.

    신경망이 본 적 없는 이미지에 대한 정확도: 사다리의 셋째 단입니다.
    """
    climb(trained, 2)


@pytest.mark.cell("test-accuracy", weight=3)
def test_target(trained: Any) -> None:
    """Accuracy on images that the network has never seen: the target.

    신경망이 본 적 없는 이미지에 대한 정확도: 목표입니다.
    """
    climb(trained, 3)


@pytest.mark.cell("test-accuracy", weight=0)
def test_bonus(trained: Any) -> None:
    """A badge without points for an accuracy well above the target; passed is earned, skipped is not.

    점수에 들어가지 않는 배지: 목표를 훌쩍 넘는 정확도입니다. 통과하면 받은 것이고, 건너뛰면 받지 못한
    것입니다.
    """
    right, count = score(trained)
    needed = round(BONUS[trained.course.source] * count)
    if right < needed:
        pytest.skip(f"{right} of {count} new images are named right; the badge is for {needed}")
