"""Patches of libraries: one list, for the versions they were compared on, and one switch."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path
from typing import Any

import pytest

from autograder.candidate import shortcuts
from autograder.candidate.shortcuts import SHORTCUTS, SWITCH, Shortcut

TESTS = Path(__file__).parent


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would be changed, by what is said of it."""
    found: list[str] = []

    def noting(shortcut: Shortcut) -> Shortcut:
        return dataclasses.replace(shortcut, take=lambda _: found.append(shortcut.changes))

    monkeypatch.setattr(shortcuts, "SHORTCUTS", tuple(map(noting, SHORTCUTS)))
    return found


def test_all_fit_the_versions_that_are_pinned(taken: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SWITCH, raising=False)
    shortcuts.take(None)
    assert taken == [shortcut.changes for shortcut in SHORTCUTS]


def test_one_switch_turns_all_off(taken: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "off")
    shortcuts.take(None)
    assert taken == []


@pytest.mark.parametrize("change", [{"versions": "<1"}, {"touches": ("matplotlib.axis:NoSuch.name",)}])
def test_none_is_taken_on_another_library(change: dict[str, Any]) -> None:
    assert not any(dataclasses.replace(shortcut, **change).fits for shortcut in SHORTCUTS)


@pytest.mark.parametrize("shortcut", SHORTCUTS, ids=lambda shortcut: shortcut.changes[:30])
def test_each_is_compared(shortcut: Shortcut) -> None:
    source = (TESTS / shortcut.test).read_text(encoding="utf-8")
    assert any(
        isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        for node in ast.walk(ast.parse(source))
    )
    assert "shortcuts" in source or "Recorder" in source
