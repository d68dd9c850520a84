"""What a result depends on: hashes that name it."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from autograder.course.companions import released_beside
from autograder.course.folders import Paths
from autograder.course.models import Course
from autograder.messages import Message
from autograder.options import Options
from autograder.submissions.naming import MUTANTS, what_recognises

_PACKAGE = Path(__file__).parents[1]
_ABOUT_THE_SUITE = ("alternatives.yml", "equivalents.yml")
"""What an author proves the suite with; no submission is graded by it."""


def week_fingerprint(
    course: Course, paths: Paths, assignment: str, options: Options, *, suite: bool = True
) -> str:
    """Hash of everything but the submission that can change a result.

    Args:
        course: the course.
        paths: where it lies.
        assignment: the week's name.
        options: how it is graded.
        suite: whether the hidden suite is part of it.
    """
    digest = hashlib.sha256()

    def add(name: str, content: bytes) -> None:
        digest.update(f"{name}:{len(content)}:".encode())
        digest.update(content)

    week = course.assignment(assignment)
    add("week", week.model_dump_json(include={"limits", "seed", "tensorflow", "hidden_tests"}).encode())
    add("carry", course.carry_forward.encode())
    add("options", json.dumps([options.training, sorted(options.switched_off), options.public_only]).encode())
    add("data", _data_fingerprint(course, paths).encode())
    files = [paths.solution(assignment), paths.released(assignment)]
    if week.hidden_tests == "cells":
        files.append(paths.cell_tests(assignment))
    if suite and paths.suite(assignment).is_dir():
        files += sorted(
            path
            for path in paths.suite(assignment).rglob("*")
            if path.suffix in (".py", ".yml") and path.name not in _ABOUT_THE_SUITE
        )
    for path in files:
        if path.is_file():
            content = path.read_bytes()
            add(path.name, what_recognises(content) if path.name == MUTANTS else content)
    for name, content in released_beside(paths, assignment).items():
        add(f"beside {name}", content)
    add("package", package_fingerprint().encode())
    return digest.hexdigest()


@cache
def package_fingerprint() -> str:
    """Hash of the kit itself: another kit may give other results."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.name}:{len(content)}:".encode() + content)
    return digest.hexdigest()


def _data_fingerprint(course: Course, paths: Paths) -> str:
    from autograder.mnist import digits

    return digits.fingerprint(paths.data(course.data))


def submission_key(fingerprint: str, raw: bytes | None, problem: Message | None = None) -> str:
    """Name of a submission's examination."""
    digest = hashlib.sha256(fingerprint.encode())
    digest.update(str(problem or "").encode("utf-8", "replace") if raw is None else raw)
    return digest.hexdigest()[:32]
