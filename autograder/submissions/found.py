"""Submissions as they were handed in: found, and read without following anything that is no plain file."""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autograder.course.folders import Paths, split_unit
from autograder.course.reading import load_course
from autograder.messages import NOTHING, Message, fact
from autograder.notebooks.sizes import MAX_NOTEBOOK
from autograder.problem import GradeError
from autograder.submissions.timestamps import TIMESTAMP, read_timestamp

_MOST_NAMED = 5
"""Files that a message names."""


@dataclass(frozen=True)
class Submission:
    """A notebook as it was handed in.

    Attributes:
        student: the folder's name.
        assignment: the week.
        packed: the file's bytes, compressed: a whole class of them is in memory at once.
        problem: why there is none, in one line.
        key: hash of everything that the result depends on.
    """

    student: str
    assignment: str
    packed: bytes | None
    problem: Message = NOTHING
    key: str = ""

    @classmethod
    def of(
        cls, student: str, assignment: str, raw: bytes | None, problem: Message | None = None, key: str = ""
    ) -> Submission:
        """A submission with these bytes."""
        return cls(
            student, assignment, None if raw is None else zlib.compress(raw, 1), problem or Message(), key
        )

    @property
    def raw(self) -> bytes | None:
        """The file's bytes; None if there is none that can be read."""
        return None if self.packed is None else zlib.decompress(self.packed)


def find_submissions(paths: Paths, assignment: str, students: Sequence[str] = ()) -> list[Submission]:
    """All submissions of a week, by student; none of their files is opened through a link."""
    if not paths.submitted.is_dir():
        return []
    found = []
    wanted = {unicodedata.normalize("NFC", name) for name in students}  # a person, whatever the letters' form
    for folder in sorted(paths.submitted.iterdir()):
        if students and unicodedata.normalize("NFC", folder.name) not in wanted:
            continue
        if not can_be_id(folder.name) or not _has_handed_in(folder, assignment):
            continue
        raw, problem = read_notebook(folder / split_unit(assignment)[0], assignment)
        found.append(Submission.of(folder.name, assignment, raw, problem))
    missing = sorted(wanted - {unicodedata.normalize("NFC", s.student) for s in found})
    if missing:
        raise GradeError(
            f"There is no submission of {assignment} from {', '.join(missing)}: "
            f"submissions belong in submitted/<student>/{split_unit(assignment)[0]}/."
        )
    return found


def _has_handed_in(folder: Path, assignment: str) -> bool:
    if folder.name.startswith(".") or folder.is_symlink():
        return False
    return (folder / split_unit(assignment)[0]).is_dir()


def can_be_id(name: str) -> bool:
    """Whether a folder's name can be a student's id: on every system, and where it is shown."""
    return name.isprintable() and name not in ("", ".", "..") and not {"/", "\\"} & set(name)


def unnameable(paths: Paths, assignment: str) -> list[str]:
    """Folders with submissions whose names cannot be shown, nor be anybody's id; as Python writes them."""
    folders = sorted(paths.submitted.iterdir()) if paths.submitted.is_dir() else []
    return [
        repr(folder.name)
        for folder in folders
        if not can_be_id(folder.name) and _has_handed_in(folder, assignment)
    ]


def read_notebook(folder: Path, assignment: str) -> tuple[bytes | None, Message]:
    """The bytes of the notebook in a submission's folder, or None and why there is none."""
    path, problem = find_notebook(folder, assignment)
    return (None, problem) if path is None else read_file(path)


def find_notebook(folder: Path, assignment: str) -> tuple[Path | None, Message]:
    """The file that is the submission, or None and why there is none.

    That is ``<assignment>.ipynb``. Where there is none, the folder's only notebook is it, whatever browsers
    and file managers have made of its name: ``03_convolution (1).ipynb``, ``03_convolution-Copy1.ipynb``.
    One of several notebooks has to have its name.
    """
    name = split_unit(assignment)[1]
    expected = folder / f"{name}.ipynb"
    if folder.is_symlink() or os.path.lexists(expected):
        return expected, Message()
    try:
        with os.scandir(folder) as entries:
            names = sorted(
                entry.name
                for entry in entries
                if not entry.name.startswith(".") and not entry.is_dir(follow_symlinks=False)
            )
    except OSError as error:
        raise GradeError(f"{folder} cannot be read ({error.strerror}): look at its permissions.") from None
    notebooks = [name for name in names if name.casefold().endswith(".ipynb")]
    if len(notebooks) == 1 and name == assignment:
        return folder / notebooks[0], Message()
    if notebooks:
        others = _listed(notebooks)
        return None, fact("other-notebooks", name=expected.name, count=len(notebooks), others=others)
    rest = [name for name in names if name != TIMESTAMP]
    if rest:
        return None, fact("other-files", name=expected.name, others=_listed(rest))
    return None, fact("no-file", name=expected.name)


def _listed(names: Sequence[str]) -> Message | str:
    """Names of a stranger's files, for a line."""
    shown = [repr(name[:80])[1:-1] for name in names[:_MOST_NAMED]]
    said = ", ".join(shown)
    more = len(names) - _MOST_NAMED
    return fact("and-more", names=said, count=more) if more > 0 else said


def read_file(path: Path) -> tuple[bytes | None, Message]:
    """A submitted file's bytes, or None and why not: links, devices, pipes and huge files are not read."""
    try:
        if path.parent.is_symlink():
            return None, fact("link", name=path.parent.name)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None, fact("no-file", name=path.name)
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None, fact("link", name=path.name)
        if error.errno == errno.ENXIO:
            return None, fact("odd-file", name=path.name)
        # Not the student's fault, so no zero either.
        raise GradeError(f"{path} cannot be read ({error.strerror}): look at its permissions.") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        return None, fact("odd-file", name=path.name)
    with open(descriptor, "rb") as file:
        if status.st_size > MAX_NOTEBOOK:
            return None, fact("large-file", name=path.name, size=MAX_NOTEBOOK >> 20)
        return file.read(MAX_NOTEBOOK), Message()


def handed_in_since(root: Path, assignment: str, since: str, students: Sequence[str] = ()) -> tuple[str, ...]:
    """Students whose submission came at or after ``since``.

    The time is that of ``timestamp.txt`` where there is one, else that of the notebook's file.

    Args:
        root: the course's folder.
        assignment: the week.
        since: ISO time; without a zone it is the course's.
        students: of these only; everybody if empty.

    Raises:
        GradeError: ``since`` is no time.
    """
    course, paths = load_course(root), Paths(root)
    units = course.assignment(assignment).units
    if len(units) > 1:
        all_of_them = (handed_in_since(root, unit, since, students) for unit in units)
        return tuple(sorted({student for found in all_of_them for student in found}))
    (assignment,) = units
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        raise GradeError(f"{since!r} is not a time: write it as 2027-03-15 23:59.") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=course.zone)
    found = []
    for submission in find_submissions(paths, assignment, students):
        folder = paths.submission(submission.student, assignment).parent
        file, _ = find_notebook(folder, assignment)
        told = read_timestamp(folder)
        if told is not None:
            came = told.replace(tzinfo=UTC)
        elif file is not None and file.exists():
            came = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        else:
            continue
        if came >= moment:
            found.append(submission.student)
    return tuple(found)
