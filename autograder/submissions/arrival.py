"""A submission as it arrives: with all by which it can be told from others, and its feedback found again."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from autograder.course.folders import Paths, split_unit
from autograder.submissions.found import Submission, read_file, read_notebook
from autograder.submissions.timestamps import TIMESTAMP

SECRET = "submission_secret.txt"
"""What nbgrader's exchange knows a submission's feedback by; beside the notebook."""
_MOST_NOTEBOOKS = 10
_MOST_FILES = 1000

Sight = tuple[tuple[str, int, int, int], ...]
"""What a submission's folder looks like from outside: of each file its name, size, number and last change."""


@dataclass(frozen=True)
class Arrival:
    """A submission with what came with it.

    Attributes:
        submission: the notebook, without a key.
        time: when it was handed in, as the exchange wrote it; empty if nothing says so.
        secret: empty if there is none.
        notebooks: names, without the ending, of the notebooks in its folder by which this feedback is asked
            for.
        digest: hash of the notebook that is graded.
        name: hash that tells this submission from any other one of the student's.
    """

    submission: Submission
    time: str
    secret: str
    notebooks: tuple[str, ...]
    digest: str
    name: str


def read_arrival(paths: Paths, student: str, week: str) -> Arrival:
    """What lies in ``submitted/<student>/<week>/``, or of it what one of several notebooks is.

    Raises:
        GradeError: it cannot be read, for a fault that is not the student's.
    """
    folder = paths.submission(student, week).parent
    raw, problem = read_notebook(folder, week)
    names = sorted(path.stem for path in folder.glob("*.ipynb") if not path.name.startswith("."))
    own = split_unit(week)[1]
    if own != week:  # one of several notebooks, each of which has a page of its own
        names = [own] if own in names else []
    names.sort(key=lambda name: name != own)
    time, secret = _line(folder / TIMESTAMP), _line(folder / SECRET)
    digest = hashlib.sha256(raw or b"").hexdigest()
    parts = "\0".join((digest, time, secret, str(problem)))
    return Arrival(
        Submission.of(student, week, raw, problem),
        time,
        secret,
        tuple(names[:_MOST_NOTEBOOKS]),
        digest,
        hashlib.sha256(parts.encode("utf-8", "replace")).hexdigest()[:32],
    )


def _line(path: Path) -> str:
    """The text of a small file; empty if there is none, or no such one."""
    content, _ = read_file(path)
    if content is None or len(content) > 1000:
        return ""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def sight(folder: Path) -> Sight | None:
    """What a submission's folder looks like; None if it is none, or has just gone."""
    try:
        if folder.is_symlink():
            return None
        with os.scandir(folder) as entries:
            found = []
            for entry, _ in zip(entries, range(_MOST_FILES), strict=False):
                status = entry.stat(follow_symlinks=False)
                found.append((entry.name, status.st_size, status.st_ino, status.st_ctime_ns))
    except OSError:
        return None
    return tuple(sorted(found))
