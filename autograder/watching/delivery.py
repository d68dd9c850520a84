"""An examined submission → gradebook, graded notebook, and what the student is given.

Each step can be done again and is then as if done once, so that whatever ends a run in between, the next one
does it all again.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from autograder.course.folders import Paths
from autograder.course.locks import turn
from autograder.course.models import Course
from autograder.examination import Examination, Status
from autograder.files import write_atomically
from autograder.gradebook.recording import Recording
from autograder.notebooks.reading import read_released
from autograder.options import Options
from autograder.pages.feedback import PAGE, own_page, read_marks, render_later
from autograder.pages.view import Marks
from autograder.submissions.arrival import Arrival, read_arrival
from autograder.submissions.attempts import settle
from autograder.submissions.keys import submission_key, week_fingerprint
from autograder.submissions.naming import Names
from autograder.submissions.records import keep_record, read_record, record_path
from autograder.submissions.timestamps import moment_of
from autograder.watching.exchange import Exchange, Page
from autograder.watching.journal import Entry, Given, Journal, Told
from autograder.wording.policy import Next, closes, feedback_level, next_feedback


@dataclass(frozen=True)
class Delivered:
    """What has become of a submission.

    Attributes:
        entry: what is known of it from now on.
        has_given: the student was given something now.
        is_released: it went back through the exchange.
        extension: what the gradebook grants the student.
    """

    entry: Entry
    has_given: bool
    is_released: bool
    extension: dt.timedelta | None


class Delivery:
    """Delivers what was examined, one submission at a time.

    Args:
        paths: the course's files.
        options: how the course is graded.
        journal: what was done.

    Attributes:
        exchange: where pages go; None if there is none.
    """

    def __init__(self, paths: Paths, options: Options, journal: Journal) -> None:
        self._paths, self._options, self._journal = paths, options, journal
        self.exchange: Exchange | None = None

    def deliver(
        self, course: Course, arrival: Arrival, examination: Examination, now: dt.datetime | None = None
    ) -> Delivered:
        """Have everything say what the examination says, and give the student what is due.

        Args:
            course: as it is now.
            arrival: the submission.
            examination: of it.
            now: time zone aware; the present if None.

        Raises:
            Problem: something is in the way; everything can be done again.
        """
        now = now or dt.datetime.now(dt.UTC)
        week, student = examination.assignment, examination.student
        keep_record(record_path(self._paths, week, student, examination.key), examination)
        entry = self._accepted(self._journal.read(week, student), arrival)
        counting = self._counting(course, arrival, entry, examination)
        names = Names.of(self._paths, week)
        with (
            turn(self._paths, wait=False) as alone,
            Recording(course, self._paths, week, alone=alone, now=now) as recording,
        ):
            recording.record(names.told(counting), known=True)
        fault = examination.status is Status.GRADER_ERROR
        entry = entry.model_copy(update={"key": examination.key, "fault": fault})
        marks = read_marks(course, self._paths, week, student).get(student, Marks())
        before = entry.given
        entry, is_released = self._give(course, entry, names.told(examination), marks, now)
        self._journal.write(week, student, entry)
        return Delivered(entry, entry.given != before, is_released, marks.extension)

    @staticmethod
    def _accepted(entry: Entry, arrival: Arrival) -> Entry:
        """The entry with this submission as the last one."""
        if entry.arrival == arrival.name:
            return entry
        return Entry(
            arrival=arrival.name,
            digest=arrival.digest,
            time=arrival.time,
            secret=arrival.secret,
            notebooks=arrival.notebooks,
            told=entry.told,
            given=entry.given,
        )

    def _counting(
        self, course: Course, arrival: Arrival, entry: Entry, examination: Examination
    ) -> Examination:
        """The examination that counts: this one, or that of the student's best attempt."""
        if course.attempts != "best":
            return examination
        week, student = examination.assignment, examination.student
        # First of all it has to be known whose secret lies there: another attempt may get into its place.
        self._journal.write(week, student, entry)
        fingerprint = week_fingerprint(course, self._paths, week, self._options)
        lies = read_arrival(self._paths, student, week).submission
        lies = replace(lies, key=submission_key(fingerprint, lies.raw, lies.problem))
        (counting,) = settle(course, self._paths, [lies], fingerprint, lambda _: ())
        if counting.key == examination.key:
            return examination
        return read_record(record_path(self._paths, week, student, counting.key)) or examination

    # what the student is given

    def _give(
        self, course: Course, entry: Entry, examination: Examination, marks: Marks, now: dt.datetime
    ) -> tuple[Entry, bool]:
        """Give the results, or say when they are due, unless that was done; and whether it went back."""
        week, student = examination.assignment, examination.student
        level = feedback_level(course, week, student, now, extension=marks.extension)
        due = self._due(course, entry, examination, marks, now)
        if due.at is None:
            return entry.model_copy(update={"next": None}), False
        is_due = due.at <= now
        given = Given(
            arrival=entry.arrival,
            what="results" if is_due else "later",
            key=examination.key if is_due else "",
            level=level if is_due else "none",
            due=None if is_due else due.at,
        )
        over = closes(course, week, student, extension=marks.extension)
        later = over if now < over else None  # then there is more to tell
        entry = entry.model_copy(update={"next": later if is_due else due.at})
        if given == entry.given:
            return entry, False
        if is_due:
            released = read_released(self._paths.released(week))
            content = own_page(examination, course, self._paths, released, marks, now)
        else:
            said = render_later(course, week, student, due, course.language, moment_of(entry.time))
            content = said.encode("utf-8", "replace")
        write_atomically(self._paths.feedback / student / week / PAGE, content)
        page = Page(week, student, content, entry.notebooks, entry.time, entry.secret)
        is_released = self.exchange is not None and self.exchange.give(page)
        told = entry.told
        if is_due and not entry.fault and all(one.arrival != entry.arrival for one in told):
            told = (*told, Told(arrival=entry.arrival, at=now))
        return entry.model_copy(update={"given": given, "told": told}), is_released

    @staticmethod
    def _due(course: Course, entry: Entry, examination: Examination, marks: Marks, now: dt.datetime) -> Next:
        """When the student may be told of this submission; what was told once may be put right at once."""
        week, student = examination.assignment, examination.student
        times = [one.at for one in entry.told]
        due = next_feedback(course, week, student, now, times, extension=marks.extension)
        known = any(one.arrival == entry.arrival for one in entry.told)
        return replace(due, at=now) if known and due.at is not None else due
