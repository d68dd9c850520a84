"""Records of examinations: what a result depends on, and one JSON file a result.

A record is named by a hash of the submission and of everything else that can change its result, so that
what is found under the name is right, and what is not found has to be made.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from functools import cache
from pathlib import Path

from autograder.companions import released_beside
from autograder.course import Course, Paths
from autograder.examination import Examination, Status
from autograder.options import Options
from autograder.problem import GradeError

_PACKAGE = Path(__file__).parent


def week_fingerprint(course: Course, paths: Paths, assignment: str, options: Options) -> str:
    """Hash of everything but the submission that can change a result."""
    digest = hashlib.sha256()

    def add(name: str, content: bytes) -> None:
        digest.update(f"{name}:{len(content)}:".encode())
        digest.update(content)

    week = course.assignment(assignment)
    add("week", week.model_dump_json(include={"limits", "seed", "tensorflow"}).encode())
    add("options", json.dumps([options.training, sorted(options.switched_off), options.public_only]).encode())
    add("data", _data_fingerprint(course, paths).encode())
    files = [paths.solution(assignment), paths.released(assignment)]
    suite = paths.suite(assignment)
    files += sorted(p for p in suite.rglob("*") if p.suffix in (".py", ".yml")) if suite.is_dir() else []
    for path in files:
        if path.is_file():
            add(path.name, path.read_bytes())
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
    from autograder import data

    return data.fingerprint(paths.data(course))


def submission_key(fingerprint: str, raw: bytes | None, problem: str) -> str:
    """Name of a submission's examination."""
    digest = hashlib.sha256(fingerprint.encode())
    digest.update(problem.encode() if raw is None else raw)
    return digest.hexdigest()[:32]


def record_path(paths: Paths, assignment: str, student: str, key: str) -> Path:
    """Where an examination is kept."""
    return paths.records / assignment / student / f"{key}.json"


def read_record(path: Path) -> Examination | None:
    """The examination in a file; None if there is none, or none that is whole."""
    try:
        examination = Examination.model_validate_json(path.read_bytes())
    except (OSError, ValueError):
        return None
    # A file that was copied to another's place is no record of that one.
    return examination if (examination.student, examination.key) == (path.parent.name, path.stem) else None


def keep_record(path: Path, examination: Examination) -> None:
    """Write a record; it holds hidden inputs and expected values, so that it is for the grader alone.

    A fault of ours is not kept: the next run tries again.
    """
    if examination.status is not Status.GRADER_ERROR:
        write_atomically(path, examination.model_dump_json().encode(), mode=0o600)


def write_atomically(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file so that a reader sees all of it or nothing, whatever happens in between.

    Raises:
        GradeError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise GradeError(
            f"{path} cannot be written ({error.strerror}); "
            "what was finished is kept, and the next run goes on."
        ) from None
