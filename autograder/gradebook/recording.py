"""Examinations → the gradebook, once each: what is there already is not written again.

After a run a mark is left in ``.autograder/recorded/``: whose record the gradebook holds, and what the
database, the graded notebooks and all that shapes them looked like then. As long as nothing of that has
changed, there is nothing to do; at the least difference everything is written again, which is always right.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from autograder.course.folders import Paths
from autograder.course.models import Course
from autograder.examination import Examination
from autograder.files import write_atomically
from autograder.gradebook.grades import Given
from autograder.problem import GradeError, Problem
from autograder.submissions.keys import package_fingerprint
from autograder.submissions.naming import MUTANTS
from autograder.submissions.records import record_path
from autograder.submissions.timestamps import TIMESTAMP
from autograder.wording.policy import feedback_level

if TYPE_CHECKING:
    from autograder.gradebook.ledger import Ledger


class Recording:
    """nbgrader's gradebook and ``autograded/`` for one run over a week's submissions.

    Args:
        course: the course.
        paths: its files.
        assignment: the week.
        alone: no other run can write meanwhile (:mod:`autograder.course.locks`).
        now: time zone aware, for what students are told; the present if None.
    """

    def __init__(
        self, course: Course, paths: Paths, assignment: str, *, alone: bool, now: dt.datetime | None = None
    ) -> None:
        self._course, self._paths, self._assignment = course, paths, assignment
        self._now = now or dt.datetime.now(dt.UTC)  # one for all: what is noted is what was written
        self._ledger: Ledger | None = None
        self._marks = Marks(course, paths, assignment, alone=alone, now=self._now)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ledger is not None:
            try:
                self._marks.compare(self._ledger.read_extensions())
            except Problem:
                self._marks.compare(None)
            self._ledger.close()
        self._marks.close(changed=self._ledger is not None)

    def open(self) -> None:
        """Open the gradebook; the import of nbgrader takes a moment, and a run may need none of it."""
        if self._ledger is None:
            from autograder.gradebook.ledger import Ledger

            self._ledger = Ledger(self._course, self._paths, self._assignment, self._now)

    def record(self, examination: Examination, *, known: bool) -> Mapping[str, Given]:
        """Have the gradebook hold this examination.

        Args:
            examination: of a submission.
            known: it comes from the records, so that the gradebook may hold it already.

        Returns:
            what people gave, by grade id.
        """
        if known and self._marks.holds(examination):
            return self._marks.given(examination.student)
        self.open()
        assert self._ledger is not None
        given = self._ledger.record(examination)
        self._marks.note(examination, self._ledger.extensions.get(examination.student), given)
        return given


class Marks:
    """What an earlier run has recorded, and whether that still stands.

    Args:
        course: the course.
        paths: its files.
        assignment: the week.
        alone: no other run can write meanwhile; otherwise nobody knows what the gradebook will hold.
        now: time zone aware, for what students are told; the present if None.
    """

    def __init__(
        self, course: Course, paths: Paths, assignment: str, *, alone: bool, now: dt.datetime | None = None
    ) -> None:
        self._course, self._paths, self._assignment = course, paths, assignment
        self._now = now or dt.datetime.now(dt.UTC)
        self._file = paths.cache / "recorded" / f"{assignment}.json"
        lines = paths.config.read_text(encoding="utf-8").splitlines() if paths.config.is_file() else []
        # A database elsewhere does not tell whether it has changed.
        self._known = alone and not any("db_url" in line.partition("#")[0] for line in lines)
        self._conditions = _conditions(course, paths, assignment)
        self._students: dict[str, list[Any]] = {}
        self._given: dict[str, dict[str, Given]] = {}
        self._read()

    def holds(self, examination: Examination) -> bool:
        """Whether the gradebook and ``autograded/`` hold this examination already."""
        known = self._students.get(examination.student)
        return known is not None and known == self._state(examination, known[-1])

    def given(self, student: str) -> Mapping[str, Given]:
        """What people gave the student, by grade id, as it was when the submission was recorded."""
        return self._given.get(student, {})

    def note(
        self,
        examination: Examination,
        extension: dt.timedelta | None,
        given: Mapping[str, Given] | None = None,
    ) -> None:
        """It has just been recorded.

        Args:
            examination: what was recorded.
            extension: what the gradebook grants the student; that stays so while the gradebook does.
            given: what people gave, by grade id; that does, too.
        """
        self._given[examination.student] = dict(given or {})
        self._students[examination.student] = self._state(examination, _seconds(extension))

    def compare(self, extensions: Mapping[str, dt.timedelta] | None) -> None:
        """Forget those who were granted another extension meanwhile; everybody if that is not known."""
        self._students = {
            student: state
            for student, state in self._students.items()
            if extensions is not None and state[-1] == _seconds(extensions.get(student))
        }

    def close(self, *, changed: bool) -> None:
        """Leave a mark for the next run.

        Args:
            changed: whether anything was recorded.
        """
        if not changed:
            return
        content = {
            "conditions": self._conditions,
            "gradebook": _stat(self._paths.gradebook),
            "students": self._students,
            "given": {
                student: {cell: [one.points, one.again] for cell, one in cells.items()}
                for student, cells in self._given.items()
            },
        }
        with contextlib.suppress(OSError, GradeError):  # without a mark the next run writes everything again
            self._file.unlink(missing_ok=True)
            if self._known:
                write_atomically(self._file, json.dumps(content).encode(), mode=0o600)

    def _read(self) -> None:
        """The marks, none of them if anything is not as it was left."""
        try:
            content = json.loads(self._file.read_bytes())
            same = content["conditions"] == self._conditions
            students = dict(content["students"])
            given = {
                student: {cell: Given(*one) for cell, one in cells.items()}
                for student, cells in content["given"].items()
            }
            database = _stat(self._paths.gradebook)
            if same and database is not None and content["gradebook"] == database:
                self._students, self._given = students, given
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass

    def _state(self, examination: Examination, granted: float | None) -> list[Any]:
        """What a recording depends on that is the student's own, what may be told by now included."""
        student, week = examination.student, self._assignment
        extension = None if granted is None else dt.timedelta(seconds=granted)
        level = feedback_level(self._course, week, student, self._now, extension=extension)
        files = (
            record_path(self._paths, week, student, examination.key),
            self._paths.submission(student, week).with_name(TIMESTAMP),
            self._paths.graded(student, week),
        )
        return [examination.key, *map(_stat, files), level, granted]


def _conditions(course: Course, paths: Paths, assignment: str) -> str:
    """Hash of what shapes the gradebook's rows and the graded notebooks, records aside."""
    digest = hashlib.sha256(package_fingerprint().encode())
    # What misconceptions are called is told in the graded notebook.
    words = paths.suite(assignment) / MUTANTS
    for path in (paths.course, paths.config, paths.released(assignment), words):
        content = path.read_bytes() if path.is_file() else b""
        digest.update(f"{path.name}:{len(content)}:".encode() + content)
    digest.update(course.language.encode())
    return digest.hexdigest()


def _seconds(extension: dt.timedelta | None) -> float | None:
    return None if extension is None else extension.total_seconds()


def _stat(path: Path) -> list[int] | None:
    """What tells a file from an earlier one of the name; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns, status.st_ino]
