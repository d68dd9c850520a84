"""What a week's misconceptions are called today, and whose recorded answers are known by a name.

A record says which mutant a submission answered like; how that is told stands in ``mutants.yml`` and may be
written or changed at any time. An entry may also be named after wrong answers that somebody has given
(``answers``, a digest of them): then whoever has the same in the record is told the same, and is not examined
again for it.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from autograder.course.folders import Paths
from autograder.examination import Examination, Misconception, Status, TestOutcome, Text, Verdict

MUTANTS = "mutants.yml"
_TELLING = ("misconception", "hint", "more")
_WRONG = (Verdict.FAILED, Verdict.WRONG_TYPE, Verdict.EXCEPTION)


# -- wrong answers as a record has them -----------------------------------------------------------


def wrong_by_function(
    examination: Examination, trained: Collection[tuple[str, str]] = ()
) -> dict[str, list[TestOutcome]]:
    """The failed tests of each function of a submission that gave wrong answers, and nothing but such.

    Those that a helper has brought about are the helper's.

    Args:
        examination: the record.
        trained: module and function of the tests that train a model, which are left out.
    """
    if examination.status is not Status.GRADED:
        return {}
    failed: dict[str, list[TestOutcome]] = defaultdict(list)
    for test in examination.tests:
        is_trained = (test.module, test.name.partition("[")[0]) in trained
        if (
            test.verdict is not Verdict.PASSED
            and test.call is not None
            and not test.follows
            and not is_trained
        ):
            for function in test.at_fault:
                failed[function].append(test)
    return {name: tests for name, tests in failed.items() if all(test.verdict in _WRONG for test in tests)}


def digest_of(function: str, tests: Collection[TestOutcome]) -> str:
    """Digest of a function's wrong answers: the same tests failed in the same way, as far as records tell."""
    answers = [
        test.model_dump_json(include={"name", "module", "verdict", "message", "call", "difference"})
        for test in sorted(tests, key=lambda test: test.key)
    ]
    return hashlib.sha256("\n".join([function, *answers]).encode("utf-8", "replace")).hexdigest()[:32]


def training_tests(suite: Path) -> set[tuple[str, str]]:
    """Module and function of a suite's tests that train a model, read from their marks."""
    found = set()
    for path in sorted(suite.glob("test_*.py")) if suite.is_dir() else []:
        try:
            body = ast.parse(path.read_text(encoding="utf-8")).body
        except (OSError, SyntaxError, ValueError):  # `verify` says so
            continue
        whole = any(
            isinstance(node, ast.Assign)
            and any(isinstance(name, ast.Name) and name.id == "pytestmark" for name in node.targets)
            and "mark.training" in ast.unparse(node.value)
            for node in body
        )
        for node in body:
            marks = node.decorator_list if isinstance(node, ast.FunctionDef) else []
            if isinstance(node, ast.FunctionDef) and (
                whole or any("mark.training" in ast.unparse(mark) for mark in marks)
            ):
                found.add((path.stem, node.name))
    return found


# -- the file ---------------------------------------------------------------------------------------


def is_named(entry: Any) -> bool:
    """Whether an entry of ``mutants.yml`` is named after answers that were given."""
    return isinstance(entry, dict) and isinstance(entry.get("answers"), str) and bool(entry["answers"])


def what_recognises(content: bytes) -> bytes:
    """The part of ``mutants.yml`` that an examination can depend on.

    That is neither how a misconception is told, nor what was named after answers: the answers are known by
    their digest.
    """
    entries = _entries(content)
    if entries is None:
        return content
    kept = [
        {key: value for key, value in entry.items() if key not in _TELLING}
        if isinstance(entry, dict)
        else entry
        for entry in entries
        if not is_named(entry)
    ]
    return json.dumps(kept, sort_keys=True, default=str).encode()


@lru_cache(maxsize=16)
def _entries(content: bytes) -> list[Any] | None:
    """The entries; None if it is no list of them, which `verify` says."""
    try:
        found = yaml.load(content.decode("utf-8"), Loader=yaml.CSafeLoader) or []
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def text_of(written: Any) -> Text | None:
    """A text in both languages, or written once for both; None if it is not there (yet)."""
    texts = written if isinstance(written, dict) else {"en": written, "ko": written}
    words = {language: texts.get(language) for language in ("en", "ko")}
    if all(isinstance(text, str) and text.strip() for text in words.values()):
        return Text(**{language: str(text) for language, text in words.items()})
    return None


@dataclass(frozen=True)
class _Words:
    misconception: Text
    hint: Text
    more: Text | None


class Names:
    """What a week's misconceptions are called today.

    Args:
        content: of ``mutants.yml``.
        trained: see :func:`training_tests`.
    """

    def __init__(self, content: bytes, trained: Collection[tuple[str, str]] = ()) -> None:
        self._trained = trained
        self._words: dict[str, _Words | None] = {}
        self._by_answers: dict[str, str] = {}
        for entry in _entries(content) or []:
            if not isinstance(entry, dict):
                continue
            identity = str(entry.get("id", ""))
            misconception, hint = text_of(entry.get("misconception")), text_of(entry.get("hint"))
            self._words[identity] = (
                _Words(misconception, hint, text_of(entry.get("more"))) if misconception and hint else None
            )
            if is_named(entry):
                self._by_answers[entry["answers"]] = identity

    @classmethod
    def of(cls, paths: Paths, week: str) -> Names:
        """Those of a week."""
        path = paths.suite(week) / MUTANTS
        content = path.read_bytes() if path.is_file() else b""
        return cls(content, training_tests(paths.suite(week)) if b"answers:" in content else ())

    @property
    def waiting(self) -> Mapping[str, str]:
        """Entries that nobody has filled in yet: ids by the digest of the answers."""
        return {answers: name for answers, name in self._by_answers.items() if self._words[name] is None}

    def told(self, examination: Examination) -> Examination:
        """The examination with its misconceptions as they are told today."""
        found: dict[str, Misconception] = {}
        for known in examination.misconceptions:
            words = (
                self._words.get(known.mutant)
                if known.mutant in self._words
                else _Words(known.misconception, known.hint, known.more)
            )
            if words is not None and words.misconception.en.strip():
                found[known.function] = _called(known.mutant, known.function, words)
        if self._by_answers:
            for function, tests in wrong_by_function(examination, self._trained).items():
                name = self._by_answers.get(digest_of(function, tests))
                words = self._words[name] if name is not None else None
                if name is not None and words is not None and function not in found:
                    found[function] = _called(name, function, words)
        return examination.model_copy(update={"misconceptions": tuple(found.values())})


def _called(mutant: str, function: str, words: _Words) -> Misconception:
    return Misconception(
        mutant=mutant,
        function=function,
        misconception=words.misconception,
        hint=words.hint,
        more=words.more,
    )
