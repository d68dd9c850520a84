"""Whatever the grader says it says in both languages, and every place that says it names its values."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import autograder
from autograder.examination import Notice, TestOutcome, Text, Verdict
from autograder.examiner.checks import Mismatch, expect_array, expect_int, expect_raises, expect_unchanged
from autograder.messages import SENTENCES, Language, Message, fact, fields_of, words
from autograder.patterns import is_korean
from autograder.wording.rendering import FOR_STUDENTS, notice, said

PACKAGE = Path(autograder.__file__).parent
NAMES_ONLY = {"nothing"}
"""What Python calls it, in any language."""


def facts() -> Iterator[tuple[str, str, set[str] | None]]:
    """Each place that states a fact: where, its code, and the values that it names."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("fact", "_notice")):
                continue
            code = node.args[0]
            if isinstance(code, ast.Constant):
                spread = any(keyword.arg is None for keyword in node.keywords)
                values = None if spread else {str(keyword.arg) for keyword in node.keywords}
                yield f"{path.name}:{node.lineno}", str(code.value), values


@pytest.mark.parametrize("code", SENTENCES)
def test_each_is_said_in_both_languages(code: str) -> None:
    english, korean = SENTENCES[code]
    assert fields_of(english) == fields_of(korean)
    message = fact(code, **{name: f"<{name}>" for name in fields_of(english)})
    for language in Language:
        text = message.in_(language)
        assert all(f"<{name}>" in text for name in fields_of(english)), text
    of_its_own = korean.format_map(dict.fromkeys(fields_of(korean), "")).strip(" .")
    assert is_korean(korean) or code in NAMES_ONLY or not of_its_own
    assert not is_korean(english)


def test_each_place_names_the_values_of_its_sentence() -> None:
    found = list(facts())
    assert len(found) > 60
    for where, code, values in found:
        assert code in SENTENCES, where
        assert values is None or values == fields_of(SENTENCES[code][0]), where


def test_each_sentence_is_said_somewhere() -> None:
    text = "\n".join(
        path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py") if path.name != "messages.py"
    )
    unused = [code for code in SENTENCES if f'"{code}"' not in text and not code.startswith("kind-")]
    assert not unused


def raised(check: object, *args: object, **kwargs: object) -> str:
    with pytest.raises(Mismatch) as found:
        check(*args, **kwargs)  # type: ignore[operator]
    return found.value.message.in_(Language.KO)


def test_checks_in_korean() -> None:
    def refuse(_: int) -> None:
        raise ValueError("stride is 0")

    assert raised(expect_int, None, 3) == "기대한 타입: int, 돌아온 타입: None(`return`이 빠졌나요?)"
    assert "메시지: 'stride is 0'" in raised(expect_raises, refuse, 1, names="padding")
    assert raised(expect_array, np.zeros((2, 3)), np.zeros((3, 2))).startswith("기대한 shape: (3, 2)")

    class Function:
        def call_watched(self, *_: object) -> tuple[None, Message]:
            return None, fact("argument-number", number=2)

    assert raised(expect_unchanged, Function()) == "호출이 바꾼 것: 2번째 인자"


@pytest.mark.parametrize("language", Language)
def test_sentences_about_sentences(language: Language) -> None:
    inner = fact("training-used-up", seconds="150")
    whole = fact("training-unfinished", why=inner)
    assert inner.in_(language) in whole.in_(language)
    assert is_korean(whole.in_(language)) is (language is Language.KO)


def test_braces_in_strangers_text_are_text() -> None:
    message = fact("unusable", why="KeyError: '{name.__class__}' %s {0}")
    assert "{name.__class__}" in str(message)


def test_a_fact_needs_its_values() -> None:
    with pytest.raises(ValueError, match="no message"):
        fact("shape", expected=(1,))
    with pytest.raises(ValueError, match="no message"):
        fact("never-said")


def test_what_older_kits_recorded_is_read() -> None:
    outcome = TestOutcome.model_validate(
        {
            "name": "t",
            "module": "m",
            "title": Text(en="t", ko="t"),
            "cell": "c",
            "verdict": Verdict.FAILED,
            "message": "expected 3, got 4",
        }
    )
    assert str(outcome.message) == "expected 3, got 4"
    assert str(Message(code="gone-by-now", values={"a": "b"})) == "gone-by-now"
    assert Message(code="shape", values={"got": "(1,)"}).in_(Language.EN).endswith("got shape (1,)")


def test_what_a_message_is_made_of_survives_the_record() -> None:
    message = fact("in-cell", what=fact("signal", number=9), cell=4).said_with("Traceback")
    again = Message.model_validate_json(message.model_dump_json())
    assert again == message
    assert said(again, Language.KO) == "셀 4: 프로세스가 시그널 9로 종료되었습니다\nTraceback"
    assert not Message()
    assert words("x")


def test_students_read_some_notices() -> None:
    assert SENTENCES.keys() >= FOR_STUDENTS
    found = Notice(code="edited-cell", text=fact("edited-cell", names="a, b"))
    assert notice(found, Language.KO) == "원래 주어진 셀이 바뀌어 되돌렸습니다: a, b."
    assert notice(Notice(code="no-suite", text=words("Graded by …")), Language.KO) is None
