"""What is asked of a training: two toy problems whose course is known, and the course's own images."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from autograder.testing import expect

pytestmark = pytest.mark.training

NAME = re.compile(r"\d\d-\d+\.\d{4}\.keras")


def expected_files(val_losses: list[float]) -> list[str]:
    """The names under which each new best model of a run is saved."""
    names, best = [], float("inf")
    for epoch, val_loss in enumerate(val_losses, start=1):
        if val_loss < best:
            best = val_loss
            names.append(f"{epoch:02d}-{val_loss:.4f}.keras")
    return names


@pytest.mark.cell("test-train-mlp")
def test_train_mlp_stops_early(drifting: Any) -> None:
    """`train_mlp` stops when the validation loss has not improved for ten epochs.

    `train_mlp`는 검증 손실이 열 에포크 동안 나아지지 않으면 멈춥니다.
    """
    losses = drifting.val_losses
    best = int(np.argmin(losses)) + 1
    expect(
        len(losses) == best + 10,
        f"the best epoch was {best}, and training went on until epoch {len(losses)}",
        f"가장 좋은 에포크는 {best}번째였는데, {len(losses)}번째 에포크까지 학습했습니다",
    )


@pytest.mark.cell("test-train-mlp")
def test_train_mlp_at_most_30_epochs(improving: Any) -> None:
    """`train_mlp` goes on for 30 epochs as long as the validation loss improves, and no longer.

    `train_mlp`는 검증 손실이 계속 나아지면 30 에포크까지 학습하고, 그 이상은 하지 않습니다.
    """
    epochs = len(improving.val_losses)
    expect(
        epochs == 30,
        f"training took {epochs} epochs although the validation loss improved in every one",
        f"검증 손실이 매번 나아졌는데도 에포크 {epochs}번 만에 학습이 끝났습니다",
    )


@pytest.mark.cell("test-train-mlp", weight=2)
def test_train_mlp_keeps_the_best_weights(drifting: Any) -> None:
    """After `train_mlp` the model has the weights of its best epoch, not those of the last one.

    `train_mlp`가 끝나면 모델은 마지막 에포크가 아니라 가장 좋은 에포크의 가중치를 가집니다.
    """
    best, last = min(drifting.val_losses), drifting.val_losses[-1]
    expect(
        np.isclose(drifting.after, best, rtol=1e-3),
        f"the model's loss on the validation images is {drifting.after:.4f}; "
        f"the best epoch had {best:.4f}, the last one {last:.4f}",
        f"검증 이미지에 대한 모델의 손실이 {drifting.after:.4f}입니다. "
        f"가장 좋은 에포크에서는 {best:.4f}, 마지막 에포크에서는 {last:.4f}였습니다",
    )


@pytest.mark.cell("test-train-mlp")
def test_train_mlp_batches_of_200(drifting: Any, improving: Any) -> None:
    """`train_mlp` uses batches of 200.

    `train_mlp`는 배치 크기 200을 씁니다.
    """
    # A model that was reloaded from its best checkpoint may count the updates up to that epoch.
    for run in (drifting, improving):
        epochs, best = len(run.val_losses), int(np.argmin(run.val_losses)) + 1
        expect(
            run.steps in (3 * epochs, 3 * best),
            f"{run.steps} updates in {epochs} epochs, expected 3 in each",
            f"에포크 {epochs}번에 업데이트 {run.steps}번입니다. 에포크마다 3번이어야 합니다",
        )


@pytest.mark.cell("test-train-mlp", weight=2)
def test_train_mlp_does_not_learn_from_validation_data(drifting: Any) -> None:
    """`train_mlp` learns from its training images only: validation labels leave no trace in the model.

    `train_mlp`는 학습 이미지로만 배웁니다. 검증 이미지의 레이블은 모델에 흔적을 남기지 않습니다.
    """
    losses = drifting.val_losses
    expect(
        len(losses) > 1 and losses[-1] > losses[0] > drifting.before,
        "the validation labels contradict the training labels, and still the validation loss went "
        f"from {drifting.before:.4f} to {losses[0]:.4f} and {losses[-1]:.4f}",
        "검증 레이블이 학습 레이블과 어긋나므로 검증 손실은 커져야 합니다. 검증 손실: "
        f"학습 전 {drifting.before:.4f}, 첫 에포크 {losses[0]:.4f}, 마지막 에포크 {losses[-1]:.4f}",
    )


@pytest.mark.cell("test-train-mlp")
def test_train_mlp_trains_the_given_model(improving: Any) -> None:
    """`train_mlp` trains the model that it is given, and validates with the pair that it is given.

    `train_mlp`는 받은 모델을 학습시키고, 받은 쌍으로 검증합니다.
    """
    expect(
        improving.after < 0.9 * improving.before,
        f"the model's loss on the validation images was {improving.before:.4f} and is {improving.after:.4f}",
        f"검증 이미지에 대한 모델의 손실: 학습 전 {improving.before:.4f}, 학습 후 {improving.after:.4f}",
    )
    best = min(improving.val_losses)
    expect(
        np.isclose(improving.after, best, rtol=1e-3),
        f"the model's loss on the validation images is {improving.after:.4f}, the history says {best:.4f}",
        f"검증 이미지에 대한 모델의 손실: {improving.after:.4f}, 기록에 있는 값: {best:.4f}",
    )


@pytest.mark.cell("test-train-mlp")
def test_train_mlp_leaves_its_arguments_alone(drifting: Any, improving: Any) -> None:
    """`train_mlp` shuffles or changes none of the caller's arrays, and keeps the optimizer of the given
    model.

    `train_mlp`는 부른 쪽의 배열을 섞거나 바꾸지 않고, 받은 모델의 최적화 방법을 그대로 둡니다.
    """
    for run in (drifting, improving):
        # Keras draws from the global generators while it trains.
        expect(
            run.changed is None or run.changed.code == "generators",
            f"the call changed {run.changed}",
            "호출이 인자로 받은 배열을 바꾸었습니다",
        )
        expect(
            run.optimizer == "SGD",
            f"the model came with SGD and was trained with {run.optimizer}",
            f"SGD로 컴파일된 모델을 다른 최적화 방법으로 학습시켰습니다: {run.optimizer}",
        )
        before, after = run.settings
        changed = sorted(key for key in before if after.get(key) != before[key])
        expect(
            not changed,
            f"the optimizer's {', '.join(changed)} is not as the model was compiled",
            f"최적화 방법의 설정이 컴파일할 때와 다릅니다: {', '.join(changed)}",
        )


@pytest.mark.cell("test-train-mlp")
def test_train_mlp_history(improving: Any) -> None:
    """`train_mlp` returns a dictionary with the training and the validation loss of every epoch.

    `train_mlp`는 에포크마다의 학습 손실과 검증 손실이 담긴 딕셔너리를 반환합니다.
    """
    losses = improving.val_losses
    names = sorted(map(str, improving.history))
    expect(
        "loss" in improving.history,
        f"the history has no 'loss', only {names}",
        f"기록에 'loss'가 없습니다. 있는 것: {names}",
    )
    training = [float(loss) for loss in improving.history["loss"]]
    expect(
        len(training) == len(losses),
        f"{len(training)} training losses and {len(losses)} validation losses",
        f"학습 손실은 {len(training)}개인데 검증 손실은 {len(losses)}개입니다",
    )
    expect(
        training[-1] < training[0],
        f"the training loss went from {training[0]:.4f} to {training[-1]:.4f}",
        f"학습 손실: 처음 {training[0]:.4f}, 마지막 {training[-1]:.4f}",
    )


@pytest.mark.cell("test-make-callbacks")
def test_checkpoints_of_a_training(drifting: Any, improving: Any) -> None:
    """A training leaves one file for each new best model, named after its epoch and validation loss.

    학습이 끝나면 새로 가장 좋아진 모델마다 에포크와 검증 손실로 지은 이름의 파일이 하나씩 남습니다.
    """
    for run in (drifting, improving):
        found = [name for name in run.files if NAME.fullmatch(name)]
        expected = expected_files(run.val_losses)
        expect(
            found == expected,
            f"the folder holds {run.files[:4]}, expected {expected[:4]} in a run of this kind",
            f"폴더에 있는 파일: {run.files[:4]}, 이런 학습에서 기대한 파일: {expected[:4]}",
        )


@pytest.mark.cell("test-train-mlp")
def test_train_mlp_best_weights_of_the_network(trained: Any) -> None:
    """After training on digits, the network's loss on the validation images is the best one of the run.

    숫자 이미지로 학습한 뒤, 검증 이미지에 대한 신경망의 손실은 그 학습에서 가장 좋았던 값입니다.
    """
    best = min(trained.val_losses)
    # Keras counts a confident mistake in full, this suite up to a probability of 1e-7: so no more, but less.
    expect(
        trained.after <= best * (1 + 1e-3),
        f"the loss is {trained.after:.4f}, the best was {best:.4f}",
        f"손실: {trained.after:.4f}, 가장 좋았던 값: {best:.4f}",
    )


@pytest.mark.cell("test-trained-model")
@pytest.mark.parametrize("rung", [0, 1, 2, 3], ids=["first", "second", "third", "target"])
def test_trained_model_reads_digits(trained: Any, ladder: Any, rung: int) -> None:
    """The network, trained in the grader, reads images that it never saw; each step up to the target counts.

    채점기에서 학습한 신경망이 처음 보는 이미지를 충분히 읽습니다. 목표까지 가는 단계마다 점수가 있습니다.
    """
    needed = ladder[rung]
    expect(
        trained.accuracy >= needed,
        f"{trained.accuracy:.1%} of the images were read correctly, {needed:.1%} needed",
        f"맞힌 이미지: {trained.accuracy:.1%}, 필요한 비율: {needed:.1%}",
    )
