"""Best-of attempts: every notebook that was ever graded is kept, and the one that earns most counts.

The attempt that counts lies in ``submitted/``, so that all that comes after (gradebook, feedback, report)
needs to know nothing of attempts. The others lie in ``attempts/<student>/<week>/``.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.course.folders import Paths
from autograder.course.models import Course
from autograder.examination import Examination, Status
from autograder.files import write_atomically
from autograder.submissions.found import Submission, find_notebook, read_file
from autograder.submissions.keys import submission_key
from autograder.submissions.records import read_record, record_path
from autograder.submissions.timestamps import TIMESTAMP, read_timestamp, stamp

_TIME = "%Y%m%dT%H%M%S.%fZ"
_UNKNOWN = "unknown"
_DIGITS = 16
"""Of a notebook's hash, in the name of its file."""

Examine = Callable[[Sequence[Submission]], Iterable[Examination]]


@dataclass(frozen=True)
class Attempt:
    """One notebook of a student's.

    Attributes:
        submission: with its key.
        submitted: when it was handed in, UTC; None if unknown.
    """

    submission: Submission
    submitted: dt.datetime | None


def settle(
    course: Course, paths: Paths, submissions: Sequence[Submission], fingerprint: str, examine: Examine
) -> list[Submission]:
    """Keep every submission as an attempt, and put the best one of each student into ``submitted/``.

    Args:
        course: for due dates and late penalties, which count.
        paths: of the course.
        submissions: of one week, as they lie in ``submitted/``.
        fingerprint: of the week, for the attempts' keys.
        examine: examines what has no record yet; its records are kept by whoever gave it.

    Returns:
        the submissions that count, in the same order.
    """
    attempts = {s.student: _attempts(paths, s, fingerprint) for s in submissions}
    rivals = [a.submission for found in attempts.values() if len(found) > 1 for a in found]
    records = {s.key: read_record(record_path(paths, s.assignment, s.student, s.key)) for s in rivals}
    unknown = [s for s in rivals if records[s.key] is None]
    if unknown:
        records.update({examination.key: examination for examination in examine(unknown)})
    counting = []
    for submission in submissions:
        found = attempts[submission.student]
        known = [(a, record) for a in found if (record := records.get(a.submission.key)) is not None]
        chosen = best(course, known)
        if chosen is not None and chosen.submission.raw != submission.raw:
            _put(paths, chosen)
            submission = chosen.submission
        counting.append(submission)
    return counting


def best(course: Course, attempts: Iterable[tuple[Attempt, Examination]]) -> Attempt | None:
    """The attempt that earns most after its late penalty, of equal ones the earliest; None without any.

    What a person has still to grade counts as nothing, and a fault of the grader decides nothing.
    """

    def earned(attempt: Attempt, examination: Examination) -> float:
        submission = attempt.submission
        if attempt.submitted is None:
            return examination.points
        week = course.assignment(submission.assignment)
        due = course.late.due(week.due, submission.student, week.name, course.zone)
        days = course.late.days(due, attempt.submitted, course.zone)
        return examination.points - course.late.deducted(examination.points, days)

    latest = dt.datetime.max.replace(tzinfo=dt.UTC)
    ranked = [
        (-earned(attempt, examination), attempt.submitted or latest, number, attempt)
        for number, (attempt, examination) in enumerate(attempts)
        if examination.status is not Status.GRADER_ERROR
    ]
    return min(ranked)[-1] if ranked else None


def _attempts(paths: Paths, submission: Submission, fingerprint: str) -> list[Attempt]:
    """All attempts of a student's, the submission among them; keeps it for later."""
    folder = _folder(paths, submission)
    _remember(paths, submission, folder)
    found = list(_kept(folder, submission, fingerprint))
    if submission.raw is None:
        found.append(Attempt(submission, None))
    return found


def _folder(paths: Paths, submission: Submission) -> Path:
    return paths.attempts / submission.student / submission.assignment


def kept_attempts(paths: Paths, submission: Submission, fingerprint: str) -> list[Submission]:
    """The student's attempts that were kept, with their keys."""
    folder = _folder(paths, submission)
    return [attempt.submission for attempt in _kept(folder, submission, fingerprint)]


def kept_attempt(paths: Paths, student: str, assignment: str, digest: str) -> bytes | None:
    """The bytes of an attempt that was kept.

    Args:
        paths: of the course.
        student: whose.
        assignment: the week.
        digest: SHA-256 of the notebook, in hexadecimal.
    """
    for path in (paths.attempts / student / assignment).glob(f"*-{digest[:_DIGITS]}.ipynb"):
        raw, _ = read_file(path)
        if raw is not None and hashlib.sha256(raw).hexdigest() == digest:
            return raw
    return None


def _remember(paths: Paths, submission: Submission, folder: Path) -> None:
    if submission.raw is None:
        return
    digest = hashlib.sha256(submission.raw).hexdigest()[:_DIGITS]
    if any(folder.glob(f"*-{digest}.ipynb")):
        return  # the same notebook again: the first time counts
    time = read_timestamp(paths.submission(submission.student, submission.assignment).parent)
    stamp = _UNKNOWN if time is None else time.strftime(_TIME)
    write_atomically(folder / f"{stamp}-{digest}.ipynb", submission.raw)


def _kept(folder: Path, submission: Submission, fingerprint: str) -> Iterator[Attempt]:
    for path in sorted(folder.glob("*.ipynb")):
        raw, problem = read_file(path)
        if raw is None:
            continue
        stamp = path.stem.rpartition("-")[0]
        try:
            submitted = dt.datetime.strptime(stamp, _TIME).replace(tzinfo=dt.UTC)
        except ValueError:
            submitted = None
        key = submission_key(fingerprint, raw, problem)
        yield Attempt(Submission.of(submission.student, submission.assignment, raw, key=key), submitted)


def _put(paths: Paths, attempt: Attempt) -> None:
    """Make the attempt the one in ``submitted/``."""
    submission = attempt.submission
    expected = paths.submission(submission.student, submission.assignment)
    # Under the name that it was handed in under: the next one may come under that name, too.
    file = find_notebook(expected.parent, submission.assignment)[0] or expected
    time = file.with_name(TIMESTAMP)
    if attempt.submitted is None:
        time.unlink(missing_ok=True)
    else:
        write_atomically(time, stamp(attempt.submitted))
    write_atomically(file, submission.raw or b"")
