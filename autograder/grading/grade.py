"""Grade a class: find submissions, examine what is new, record it.

The flow in one screen (:func:`grade`)::

    submitted/ ─► Submission (raw bytes, content key)
               ─► an Examination that is there already, or one from a worker process
               ─► .autograder/records/ (one JSON file each, written whole or not at all)
               ─► gradebook.db and autograded/

A worker process holds the week's suite and a warm zygote and takes one submission after another. A worker
that dies is replaced and its submission tried once more; what kills workers twice is recorded as a grader
error, and kept, so that it does not hold up the next run too. Everything that is finished is on disk, so
that a run that is killed goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.course.folders import Paths
from autograder.course.locks import turn
from autograder.course.models import Course
from autograder.course.reading import load_course
from autograder.examination import Examination, Status, Verdict
from autograder.gradebook.grades import Given
from autograder.grading.pool import Pool, cores, patience, worker_settings
from autograder.options import Options
from autograder.problem import GradeError
from autograder.submissions.found import Submission, unnameable
from autograder.submissions.keys import submission_key, week_fingerprint
from autograder.submissions.naming import Names
from autograder.submissions.records import keep_record, read_record, record_path
from autograder.submissions.week import demand_gradable, prepare


@dataclass
class Tally:
    """What a run did.

    Attributes:
        examinations: one a submission, by student; of an assignment with several notebooks one for each.
        fresh: how many were examined now.
        seconds: wall time by part.
        given: what people gave, by assignment and student, then by grade id.
        left_out: folders whose names cannot be ids.
    """

    examinations: list[Examination] = field(default_factory=list)
    fresh: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    given: dict[tuple[str, str], Mapping[str, Given]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def needs_a_person(self) -> bool:
        """Whether something could not be graded for a fault that is not the submission's."""
        return bool(self.left_out) or any(self._is_open(examination) for examination in self.examinations)

    def _is_open(self, examination: Examination) -> bool:
        given = self.given.get((examination.assignment, examination.student), {})
        undecided = [score for score in examination.undecided if score.grade_id not in given]
        if examination.status is Status.GRADER_ERROR:
            return bool(undecided) or not examination.scores
        return not all(score.manual for score in undecided)


Progress = Callable[[Examination, int, int], None]
"""Told each finished examination, how many are finished, and how many there are."""


# -- the class ----------------------------------------------------------------------------------


def grade(
    root: Path, assignment: str, options: Options | None = None, progress: Progress | None = None
) -> Tally:
    """Grade a week's submissions.

    Args:
        root: the course's folder.
        assignment: the week.
        options: how.
        progress: told each finished submission.

    Raises:
        CourseError, GradeError: with one sentence for a person.
    """
    options = options or Options()
    course, paths = load_course(root), Paths(root)
    units = course.assignment(assignment).units
    if not options.gradebook:
        return _whole([_grade(course, paths, unit, options, progress, alone=False) for unit in units])
    with turn(paths) as alone:
        return _whole([_grade(course, paths, unit, options, progress, alone=alone) for unit in units])


def _whole(tallies: Sequence[Tally]) -> Tally:
    """Of an assignment's notebooks together."""
    whole = Tally(left_out=tallies[0].left_out)
    for tally in tallies:
        whole.examinations += tally.examinations
        whole.fresh += tally.fresh
        whole.given |= tally.given
        for part, seconds in tally.seconds.items():
            whole.seconds[part] = whole.seconds.get(part, 0.0) + seconds
    whole.examinations.sort(key=lambda e: e.student)
    return whole


def _grade(
    course: Course,
    paths: Paths,
    assignment: str,
    options: Options,
    progress: Progress | None,
    *,
    alone: bool,
) -> Tally:
    submissions = prepare(course, paths, assignment, options)
    if course.attempts == "best" and options.gradebook:
        submissions = _counting(course, paths, assignment, options, submissions)
    tally = Tally(left_out=unnameable(paths, assignment))
    # Of the records that are there no more than one is in memory at a time.
    there = [s for s in submissions if not options.force and read_record(_record(paths, s)) is not None]
    absent = {s.student for s in submissions} - {s.student for s in there}
    fresh = [s for s in submissions if s.student in absent]
    by_student = {s.student: s for s in submissions}
    names = Names.of(paths, assignment)
    started = time.perf_counter()
    # The workers first: they warm up while the gradebook is opened.
    with contextlib.ExitStack() as stack:
        examined = stack.enter_context(_examining(course, paths, assignment, options, fresh))
        recording: Recording | None = None
        if options.gradebook:
            from autograder.gradebook.recording import Recording

            recording = stack.enter_context(Recording(course, paths, assignment, alone=alone))
            if fresh:
                recording.open()
        known = (found for s in there if (found := read_record(_record(paths, s))) is not None)
        for finished, examination in enumerate(itertools.chain(known, examined), start=1):
            submission = by_student[examination.student]
            is_known = submission.student not in absent
            if not is_known:
                tally.fresh += 1
                keep_record(_record(paths, submission), examination)
            examination = names.told(examination)
            if recording is not None:
                given = recording.record(examination, known=is_known)
                if given:
                    tally.given[examination.assignment, examination.student] = given
            tally.examinations.append(_essence(examination) if options.lean else examination)
            if progress:
                progress(examination, finished, len(submissions))
    tally.examinations.sort(key=lambda e: e.student)
    tally.seconds["total"] = time.perf_counter() - started
    return tally


def _essence(examination: Examination) -> Examination:
    """The same without what takes up nearly all of its memory: outputs, pictures, and what went well."""
    cells = tuple(cell.model_copy(update={"outputs": ()}) for cell in examination.cells)
    tests = tuple(
        test.model_copy(update={"call": None, "difference": None})
        for test in examination.tests
        if test.verdict is not Verdict.PASSED
    )
    return examination.model_copy(update={"cells": cells, "tests": tests, "pictures": {}})


def _counting(
    course: Course, paths: Paths, assignment: str, options: Options, submissions: Sequence[Submission]
) -> list[Submission]:
    """The best attempt of each student, put into ``submitted/``."""
    from autograder.submissions.attempts import settle

    def examine(attempts: Sequence[Submission]) -> Iterator[Examination]:
        by_key = {s.key: s for s in attempts}
        with _examining(course, paths, assignment, options, attempts) as examined:
            for examination in examined:
                keep_record(_record(paths, by_key[examination.key]), examination)
                yield examination

    fingerprint = week_fingerprint(course, paths, assignment, options)
    return settle(course, paths, submissions, fingerprint, examine)


def _record(paths: Paths, submission: Submission) -> Path:
    return record_path(paths, submission.assignment, submission.student, submission.key)


@contextlib.contextmanager
def _examining(
    course: Course, paths: Paths, assignment: str, options: Options, submissions: Sequence[Submission]
) -> Iterator[Iterable[Examination]]:
    """Examinations in the order in which they are finished; work on them begins at once."""
    if not submissions:
        yield ()
    elif options.scheduler:
        with contextlib.closing(_examine_elsewhere(course, paths, assignment, options, submissions)) as there:
            yield there
    else:
        workers = min(options.workers or cores(), len(submissions))
        settings = worker_settings(course, paths, assignment, options)
        pool = Pool(settings, workers, patience(course.assignment(assignment)))
        try:
            yield pool.examine(submissions)
        finally:
            pool.close()


def _examine_elsewhere(
    course: Course, paths: Paths, assignment: str, options: Options, submissions: Sequence[Submission]
) -> Generator[Examination]:
    try:
        from autograder.grading import cluster
    except ModuleNotFoundError as error:
        raise GradeError(
            f"A cluster needs the package {error.name}: install it with `pip install 'autograder[cluster]'`."
        ) from None
    yield from cluster.examine(course, paths, assignment, options, submissions)


# -- one submission, for nbgrader's own autograde -----------------------------------------------

_PATIENT_WORKERS: dict[tuple[str, str], Pool] = {}


def examine_submission(root: Path, assignment: str, student: str, raw: bytes) -> Examination:
    """The examination of one submission, from the record if there is one.

    ``nbgrader autograde`` comes here for every notebook; the worker stays warm between calls.
    """
    options = Options()
    course, paths = load_course(root), Paths(root)
    course.assignment(assignment)
    demand_gradable(course, paths, assignment)
    key = submission_key(week_fingerprint(course, paths, assignment, options), raw)
    submission = Submission.of(student, assignment, raw, key=key)
    known = read_record(_record(paths, submission))
    names = Names.of(paths, assignment)
    if known is not None:
        return names.told(known)
    name = (str(root), assignment)
    if name not in _PATIENT_WORKERS:
        settings = worker_settings(course, paths, assignment, options)
        _PATIENT_WORKERS[name] = Pool(settings, 1, patience(course.assignment(assignment)))
    (examination,) = _PATIENT_WORKERS[name].examine([submission])
    keep_record(_record(paths, submission), examination)
    return names.told(examination)
