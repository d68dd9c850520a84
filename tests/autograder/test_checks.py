"""What the checks say, asked of a submission that is nothing but data."""

from __future__ import annotations

from typing import Any

import pytest

from autograder.examination import Verdict
from autograder.examiner.judgement import judged
from autograder.messages import Language, Message, fact
from autograder.testing import Mismatch, Unmet, expect, expect_arguments_unchanged, expect_raises
from autograder.wording.rendering import said


def refuses(message: str) -> Any:
    def function() -> None:
        raise ValueError(message)

    return function


@pytest.mark.parametrize("message", ["images must be 3-D", "Images must be 3-D", "IMAGES"])
def test_an_argument_is_named_in_small_letters_or_capitals(message: str) -> None:
    expect_raises(refuses(message), names="images")


@pytest.mark.parametrize(
    "message",
    ["kernel_size is 9", "Kernel size is 9", "the kernel-size", "the kernel\nsize", "a KERNEL_SIZE of 9"],
)
def test_an_argument_is_named_as_words_of_a_sentence(message: str) -> None:
    expect_raises(refuses(message), names="kernel_size")


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("labels must be 1-D", "images"),
        ("the kernel is too large", "kernel_size"),
        ("size, kernel", "kernel_size"),
    ],
)
def test_another_name_is_not_that_name(message: str, name: str) -> None:
    with pytest.raises(Mismatch, match=f"should name the argument '{name}'"):
        expect_raises(refuses(message), names=name)


class Watched:
    """A function whose call changed this."""

    def __init__(self, problem: Message | None) -> None:
        self.problem = problem

    def call_watched(self, *args: Any) -> tuple[Any, Message | None]:
        return args, self.problem


def test_generators_may_move_where_keras_draws_from_them() -> None:
    assert expect_arguments_unchanged(Watched(fact("generators")), 1) == (1,)
    with pytest.raises(Mismatch, match="its argument number 1"):
        expect_arguments_unchanged(Watched(fact("argument-number", number=1)), 1)


def test_a_suites_own_sentence_reaches_a_student_in_either_language() -> None:
    expect(1 == 1, "never said", "하지 않는 말")
    with pytest.raises(Unmet, match="it holds 2") as caught:
        expect(2 == 1, "the Axes should hold one image, it holds 2", "Axes에 있는 이미지: 2개")
    verdict, message, difference = judged(caught.value)
    assert (verdict, difference) == (Verdict.FAILED, None)
    kept = Message.model_validate_json(message.model_dump_json())
    assert said(kept, Language.EN) == "the Axes should hold one image, it holds 2"
    assert said(kept, Language.KO) == "Axes에 있는 이미지: 2개"


def test_a_plain_assertion_is_said_as_it_stands() -> None:
    verdict, message, _ = judged(AssertionError("expected two lines\nassert 1 == 2"))
    assert verdict is Verdict.FAILED
    assert {said(message, language) for language in Language} == {"expected two lines"}
