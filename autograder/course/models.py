"""``course.yml`` as models: every setting with its default, its description and what it has to be.

What is wrong in the file is said by :mod:`autograder.course.reading`; ``course.schema.json`` says the same
to editors.
"""

from __future__ import annotations

import datetime as dt
import math
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from autograder.course.folders import COURSE_FILE, CourseError
from autograder.course.quantities import (
    EVERY_WEEK,
    Count,
    Duration,
    Extension,
    Percentage,
    Prolongations,
    Seconds,
    Size,
    Span,
    Time,
    did_you_mean,
    student_name,
)
from autograder.examination import Text
from autograder.messages import Language

Level = Literal["none", "names", "hints", "full"]
Carry = Literal["full", "half", "none"]
When = Literal["at once", "after due", "never"]


class Part(BaseModel):
    """Base of everything in ``course.yml``: frozen, and nothing unknown gets in."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Limits(Part):
    """What one submission may use."""

    memory: Annotated[Size, Field(description="memory beyond what the warm process has")] = 2 * 1024**3
    cell_seconds: Annotated[Seconds, Field(description="own seconds, run or slept, of one cell")] = 10
    cells_seconds: Annotated[Seconds, Field(description="of all cells")] = 30
    test_seconds: Annotated[Seconds, Field(description="of one test")] = 4
    tests_seconds: Annotated[Seconds, Field(description="of all tests without training")] = 40
    training_seconds: Annotated[Seconds, Field(description="of all tests that train, or more")] = 150
    processes: Annotated[Count, Field(description="processes and threads")] = 200
    scratch: Annotated[Size, Field(description="the scratch folder")] = 256 * 1024**2
    output: Annotated[Size, Field(description="outputs of all cells")] = 8 * 1024**2
    reply: Annotated[Size, Field(description="one value sent back to a test")] = 64 * 1024**2


class Feedback(Part):
    """How much a student is told (nothing, the tests' names, hints too, or everything), and how soon.

    How soon is what ``autograder watch`` goes by. The limits hold until a student's time is over.
    """

    before: Annotated[Level, Field(description="how much until the due date")] = "hints"
    after: Annotated[Level, Field(description="how much after the due date")] = "full"
    when: Annotated[
        When, Field(description="when `autograder watch` gives it back; never: only people do")
    ] = "at once"
    every: Annotated[Duration, Field(description="so much time between two of one student's")] = Span(
        elapsed=dt.timedelta(minutes=10)
    )
    attempts: Annotated[Count, Field(description="on so many attempts of a student")] = 20


class Late(Part):
    """Late submissions: what lateness costs, and who has more time.

    Everything is reckoned in the course's time zone: a day is late from one time of the clock to the same
    time of the next day, also where clocks are put forward or back in between.
    """

    grace: Duration = Field(default_factory=Span, description="so much later is not late")
    penalty: Annotated[
        Percentage,
        Field(
            description="percent of what was earned, for each day begun; none: lateness is only recorded; "
            "zero: a late submission earns 0"
        ),
    ] = 0.0
    last_day: Annotated[
        StrictInt | None, Field(ge=0, description="a submission later than this many days earns 0")
    ] = None
    extensions: Annotated[
        dict[Annotated[str, BeforeValidator(student_name)], Prolongations],
        Field(description="by student: a new due date or more time, for every week or by week"),
    ] = {}

    def due(self, due: dt.datetime, student: str, week: str, zone: ZoneInfo) -> dt.datetime:
        """The student's own due date where ``due`` is everybody's."""
        week = week.partition("/")[0]
        name = unicodedata.normalize("NFC", student)  # a folder made on a Mac has its letters taken apart
        theirs: Mapping[str, Extension] = self.extensions.get(name, {})
        extension = theirs.get(week, theirs.get(EVERY_WEEK))
        return due if extension is None else extension.due(due, zone)

    def days(self, due: dt.datetime, submitted: dt.datetime, zone: ZoneInfo) -> int:
        """Days begun after a student's due date: 0 up to the due date and in the grace after it."""
        if submitted <= self.grace.after(due, zone):
            return 0
        # Subtracting two times of one zone compares their clocks.
        difference = submitted.astimezone(zone).replace(tzinfo=None) - due.astimezone(zone).replace(
            tzinfo=None
        )
        return max(1, math.ceil(difference / dt.timedelta(days=1)))

    def deducted(self, score: float, days: int) -> float:
        """What a submission of ``score`` points loses when it is so many days late."""
        if days == 0:
            return 0.0
        if self.last_day is not None and days > self.last_day:
            return score
        return min(score, score * self.penalty * days / 100)


class Assignment(Part):
    """One week."""

    name: Annotated[
        str,
        Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", description="also that of its files"),
    ]
    title: Text
    notebooks: Annotated[
        tuple[Annotated[str, Field(pattern=r"^\w[\w .()-]{0,63}$")], ...],
        Field(description="its notebooks in solutions/<name>/, where it is not one of its own name"),
    ] = ()
    hidden_tests: Annotated[
        Literal["suite", "cells"],
        Field(
            description="where they are: in tests/hidden/, or as nbgrader has them in the notebook's cells, "
            "where a submission can read them while they run"
        ),
    ] = "suite"
    release: Annotated[Time, Field(description="when students get it, in the course's time zone")]
    due: Annotated[Time, Field(description="a date alone means the end of that day")]
    weight: Annotated[
        float, Field(strict=True, ge=0, allow_inf_nan=False, description="share in the term's total")
    ] = 1.0
    tensorflow: Annotated[StrictBool, Field(description="whether the week needs TensorFlow")] = False
    seed: Annotated[StrictInt, Field(ge=0, description="seeds the submission and the tests")] = 0
    limits: Limits = Limits()
    feedback: Feedback = Feedback()

    @property
    def units(self) -> tuple[str, ...]:
        """What is graded on its own: the assignment, or each of its notebooks, as ``ps1/problem1``."""
        return tuple(f"{self.name}/{notebook}" for notebook in self.notebooks) or (self.name,)

    def unit(self, notebook: str) -> Assignment:
        """One of its notebooks, to be graded like an assignment of its own."""
        title = Text(en=f"{self.title.en}: {notebook}", ko=f"{self.title.ko}: {notebook}")
        return self.model_copy(update={"name": f"{self.name}/{notebook}", "title": title, "notebooks": ()})

    def feedback_level(self, now: dt.datetime, closes: dt.datetime | None = None) -> Level:
        """How much is told at ``now`` (time zone aware) to who may hand in until ``closes``, or the due date.

        :func:`autograder.wording.policy.feedback_level` says it of a student.
        """
        return self.feedback.before if now < (closes or self.due) else self.feedback.after

    @field_validator("title", mode="before")
    @classmethod
    def _same_title_in_all_languages(cls, value: Any) -> Any:
        return _in_all_languages(value)


def _in_all_languages(title: Any) -> Any:
    """A title that is written once is that in every language."""
    return {"en": title, "ko": title} if isinstance(title, str) else title


class Course(Part):
    """The whole of ``course.yml``."""

    id: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", description="nbgrader's course id")
    ] = "course"
    title: Text
    language: Annotated[Language, Field(description="of the released notebooks")] = Language.EN
    languages: Annotated[
        tuple[Language, ...],
        Field(min_length=1, description="those in which everything exists that a student reads"),
    ] = tuple(Language)
    timezone: Annotated[str, Field(description="an IANA name such as Asia/Seoul")] = "UTC"
    data: Annotated[Path | None, Field(description="a full mnist.npz, absolute or relative to this file")] = (
        None
    )
    late: Late = Late()
    attempts: Annotated[
        Literal["last", "best"], Field(description="which of a student's attempts counts")
    ] = "last"
    carry_forward: Annotated[
        Carry,
        Field(
            description="what a test earns that fails only because of a mistake in another function: "
            "all of its points, half of them or none"
        ),
    ] = "full"
    feedback: Annotated[Feedback, Field(description="of every week, where a week says nothing else")] = (
        Feedback()
    )
    assignments: tuple[Assignment, ...]

    @field_validator("title", mode="before")
    @classmethod
    def _same_title_in_all_languages(cls, value: Any) -> Any:
        return _in_all_languages(value)

    @field_validator("languages")
    @classmethod
    def _with_the_released_one(
        cls, value: tuple[Language, ...], info: ValidationInfo
    ) -> tuple[Language, ...]:
        released = info.data.get("language")
        if released is not None and released not in value:
            raise PydanticCustomError(
                "at", "lacks {released}, the language of the notebooks", {"at": (), "released": str(released)}
            )
        return value

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        zones = available_timezones()
        if value not in zones:
            raise PydanticCustomError(
                "timezone", "is not a time zone{hint}", {"hint": did_you_mean(value, sorted(zones))}
            )
        return value

    @field_validator("assignments")
    @classmethod
    def _in_the_courses_time(
        cls, value: tuple[Assignment, ...], info: ValidationInfo
    ) -> tuple[Assignment, ...]:
        if "timezone" not in info.data:  # reported already
            return value
        zone = ZoneInfo(info.data["timezone"])
        seen: set[str] = set()
        placed = []
        for index, week in enumerate(value):
            # A dotted path from here: the error is about one assignment, not about the list.
            if week.name in seen:
                raise PydanticCustomError("at", "appears twice", {"at": (index, "name")})
            seen.add(week.name)
            for place, notebook in enumerate(week.notebooks):
                # Their folders would be one where file names do not tell capitals apart.
                if notebook.casefold() in (name.casefold() for name in week.notebooks[:place]):
                    raise PydanticCustomError("at", "appears twice", {"at": (index, "notebooks", place)})
            if len(week.notebooks) > 1 and info.data.get("attempts") == "best":
                raise PydanticCustomError(
                    "at",
                    "cannot be several while `attempts` is best: say `attempts: last`",
                    {"at": (index, "notebooks")},
                )
            times = {
                key: time if time.tzinfo else time.replace(tzinfo=zone)
                for key, time in (("release", week.release), ("due", week.due))
            }
            if times["due"] <= times["release"]:
                raise PydanticCustomError("at", "has to come after release", {"at": (index, "due")})
            own = {name: getattr(week.feedback, name) for name in week.feedback.model_fields_set}
            feedback = info.data.get("feedback", Feedback()).model_copy(update=own)
            placed.append(week.model_copy(update={**times, "feedback": feedback}))
        return tuple(placed)

    @model_validator(mode="after")
    def _extensions_of_known_weeks(self) -> Course:
        for student, theirs in self.late.extensions.items():
            for week in theirs:
                if week != EVERY_WEEK and week not in self.names:
                    raise PydanticCustomError(
                        "at",
                        "is not an assignment{hint}",
                        {
                            "at": ("late", "extensions", student, week),
                            "hint": did_you_mean(week, self.names),
                        },
                    )
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The course's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the assignments, in order."""
        return tuple(week.name for week in self.assignments)

    @property
    def units(self) -> tuple[str, ...]:
        """What is graded on its own in all assignments, in order."""
        return tuple(unit for week in self.assignments for unit in week.units)

    def assignment(self, name: str) -> Assignment:
        """The assignment called ``name``, or the notebook of one; :class:`CourseError` names the known."""
        week, _, notebook = name.partition("/")
        for assignment in self.assignments:
            if assignment.name == week and (not notebook or notebook in assignment.notebooks):
                return assignment.unit(notebook) if notebook else assignment
        known = ", ".join(self.names) or "none yet"
        raise CourseError(
            f"There is no assignment {name!r} in {COURSE_FILE}{did_you_mean(name, self.names)}; "
            f"the course has: {known}."
        )
