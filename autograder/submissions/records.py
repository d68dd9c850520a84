"""Records of examinations: what a result depends on, and one JSON file a result.

A record is named by a hash of the submission and of everything else that can change its result, so that
what is found under the name is right, and what is not found has to be made.
"""

from __future__ import annotations

from pathlib import Path

from autograder.course.folders import Paths
from autograder.examination import Examination, Status
from autograder.files import write_atomically

ENDS_EXAMINERS = "ends-examiners"
"""Code of the notice of a submission that two workers in a row have ended over."""


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

    A fault of ours is not kept, so that the next run tries again; but for a submission that ends examiners,
    which would hold up every run.
    """
    ends_examiners = any(notice.code == ENDS_EXAMINERS for notice in examination.notices)
    if examination.status is not Status.GRADER_ERROR or ends_examiners:
        write_atomically(path, examination.model_dump_json().encode(), mode=0o600)
