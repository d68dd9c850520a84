"""What the checks say, asked of a submission that is nothing but data."""

from __future__ import annotations

from typing import Any

import pytest

from autograder.messages import Message, fact
from autograder.testing import Mismatch, expect_arguments_unchanged, expect_raises


def refuses(message: str) -> Any:
    def function() -> None:
        raise ValueError(message)

    return function


@pytest.mark.parametrize("message", ["images must be 3-D", "Images must be 3-D", "IMAGES"])
def test_an_argument_is_named_in_small_letters_or_capitals(message: str) -> None:
    expect_raises(refuses(message), names="images")


def test_another_name_is_not_that_name() -> None:
    with pytest.raises(Mismatch, match="should name the argument 'images'"):
        expect_raises(refuses("labels must be 1-D"), names="images")


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
