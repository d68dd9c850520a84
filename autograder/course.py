"""``course.yml`` as models, and the one place that knows the folders of a course.

Every problem in the file is one :class:`CourseError`: a sentence with the file, the line, the key and
a way out. ``course.schema.json`` says the same to editors.
"""

from __future__ import annotations

import datetime as dt
import difflib
import math
import re
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedBase, CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from autograder.examination import Language, Text
from autograder.problem import Problem

COURSE_FILE = "course.yml"
CONFIG_FILE = "nbgrader_config.py"
SCHEMA_FILE = "course.schema.json"


class CourseError(Problem, ValueError):
    """The course cannot be used as it is written; the text is for the instructor, in one sentence."""


def _size(value: Any) -> int:
    """Bytes, from an integer or from text such as ``2 GiB`` or ``500 MB``."""
    units = {"": 1, "b": 1}
    for power, letter in enumerate("kmgt", start=1):
        units |= {f"{letter}b": 1000**power, f"{letter}ib": 1024**power}
    size = -1
    if isinstance(value, int) and not isinstance(value, bool):
        size = value
    elif isinstance(value, str) and (
        found := re.fullmatch(r"(\d{1,18}(?:\.\d{1,9})?)\s*([a-zA-Z]*)", value.strip())
    ):
        size = int(float(found[1]) * units.get(found[2].lower(), -1))
    if not 0 < size < 2**60:
        raise PydanticCustomError("size", 'has to be a size such as "2 GiB", "500 MB" or a number of bytes')
    return size


def _time(value: Any, info: ValidationInfo) -> dt.datetime:
    """A time from ISO text; a due *date* means the end of that day, a release date its beginning."""
    if isinstance(value, dt.datetime):
        return value
    try:
        if not isinstance(value, str):
            raise ValueError
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value.strip()):
            date = dt.date.fromisoformat(value.strip())
            return dt.datetime.combine(date, dt.time(23, 59, 59) if info.field_name == "due" else dt.time())
        return dt.datetime.fromisoformat(value.strip())
    except ValueError:
        raise PydanticCustomError(
            "time", "has to be a date that exists, written as 2027-03-15 23:59"
        ) from None


@dataclass(frozen=True)
class Span:
    """A length of time as people mean it.

    Attributes:
        days: of the calendar: a day later is the same time of the clock, also where clocks are changed.
        elapsed: hours and minutes as a stopwatch counts them.
    """

    days: int = 0
    elapsed: dt.timedelta = dt.timedelta()

    def after(self, moment: dt.datetime, zone: ZoneInfo) -> dt.datetime:
        """The moment that lies this much after another one, in the clock of ``zone``."""
        local = moment.astimezone(zone) + dt.timedelta(days=self.days)
        return local.astimezone(dt.UTC) + self.elapsed


@dataclass(frozen=True)
class Extension:
    """More time for one student: a new due date, or so much longer.

    Attributes:
        until: the new due date, without a time zone in the course's own.
        longer: how much longer than everybody else.
    """

    until: dt.datetime | None = None
    longer: Span = Span()

    def due(self, due: dt.datetime, zone: ZoneInfo) -> dt.datetime:
        """The student's due date where ``due`` is everybody's; never an earlier one."""
        if self.until is None:
            return self.longer.after(due, zone)
        until = self.until if self.until.tzinfo else self.until.replace(tzinfo=zone)
        return max(due, until, key=dt.datetime.timestamp)


_SPAN = re.compile(r"(\d{1,4}(?:\.\d{1,3})?)\s*(minute|min|hour|h|day|d|week)s?")


def _span(value: Any) -> Span:
    """A length of time from text such as ``15 minutes``, ``12 hours``, ``2 days``; 0 is none."""
    if isinstance(value, Span):
        return value
    if value == 0 and not isinstance(value, bool):
        return Span()
    found = _SPAN.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if found:
        number, unit = float(found[1]), found[2]
        if unit in ("day", "d", "week"):
            days = number * (7 if unit == "week" else 1)
            if days.is_integer():
                return Span(days=int(days))
        else:
            return Span(elapsed=dt.timedelta(minutes=number * (60 if unit.startswith("h") else 1)))
    raise PydanticCustomError("value", "has to be a time such as 15 minutes, 12 hours or 2 days")


def _percentage(value: Any) -> float:
    """Percent, from a number, ``none`` or ``zero``."""
    words = {"none": 0.0, "zero": 100.0}
    if isinstance(value, str) and value in words:
        return words[value]
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100:
        return float(value)
    raise PydanticCustomError("value", "has to be none, zero or a number of percent between 0 and 100")


def _extension(value: Any) -> Extension:
    """An extension from a date or a length of time."""
    if isinstance(value, Extension):
        return value
    if isinstance(value, str):
        text = value.strip()
        try:
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
                date = dt.date.fromisoformat(text)
                return Extension(until=dt.datetime.combine(date, dt.time(23, 59, 59)))
            if re.match(r"\d{4}-", text):
                return Extension(until=dt.datetime.fromisoformat(text))
        except ValueError:
            pass
        else:
            if _SPAN.fullmatch(text.lower()):
                return Extension(longer=_span(text))
    raise PydanticCustomError("value", "has to be a date such as 2027-03-15 23:59, or longer by e.g. 2 days")


def _student(value: Any) -> str:
    """A student's id, which YAML takes for a number where it is made of digits."""
    if isinstance(value, str):
        return value
    raise PydanticCustomError("at", "has to be in quotes, since it is a name and no number", {"at": ()})


def _extensions(value: Any) -> Any:
    """Extensions by week; one without a week is short for the same in every week (``*``)."""
    return value if isinstance(value, dict) else {EVERY_WEEK: value}


EVERY_WEEK = "*"

_TIME_SCHEMA = {
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:?\d{2})?)?$",
    "examples": ["2027-03-15 23:59"],
}
_SIZE_SCHEMA = {
    "anyOf": [
        {"type": "integer", "exclusiveMinimum": 0},
        {"type": "string", "pattern": r"^\d+(\.\d+)?\s*([kKmMgGtT][iI]?)?[bB]?$"},
    ]
}

_SPAN_SCHEMA = {
    "anyOf": [
        {"const": 0},
        {
            "type": "string",
            "pattern": r"^\d+(\.\d+)?\s*(minute|min|hour|h|day|d|week)s?$",
            "examples": ["15 minutes", "12 hours", "2 days"],
        },
    ]
}
_PERCENTAGE_SCHEMA = {"anyOf": [{"enum": ["none", "zero"]}, {"type": "number", "minimum": 0, "maximum": 100}]}
_EXTENSION_SCHEMA = {
    "anyOf": [{"type": "string", "pattern": _TIME_SCHEMA["pattern"]}, _SPAN_SCHEMA["anyOf"][1]]
}

Size = Annotated[int, BeforeValidator(_size), WithJsonSchema(_SIZE_SCHEMA)]
Time = Annotated[dt.datetime, BeforeValidator(_time), WithJsonSchema(_TIME_SCHEMA)]
Duration = Annotated[Span, BeforeValidator(_span), WithJsonSchema(_SPAN_SCHEMA)]
Percentage = Annotated[float, BeforeValidator(_percentage), WithJsonSchema(_PERCENTAGE_SCHEMA)]
Prolonged = Annotated[Extension, BeforeValidator(_extension), WithJsonSchema(_EXTENSION_SCHEMA)]
Prolongations = Annotated[
    dict[str, Prolonged],
    BeforeValidator(_extensions),
    WithJsonSchema(
        {"anyOf": [_EXTENSION_SCHEMA, {"type": "object", "additionalProperties": _EXTENSION_SCHEMA}]}
    ),
]
Seconds = Annotated[float, Field(strict=True, gt=0, le=24 * 3600)]
Count = Annotated[StrictInt, Field(gt=0)]
Level = Literal["none", "names", "hints", "full"]


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
    """How much a student is told: nothing, the tests' names, hints too, or everything."""

    before: Annotated[Level, Field(description="until the due date")] = "hints"
    after: Annotated[Level, Field(description="after the due date")] = "full"


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
        dict[Annotated[str, BeforeValidator(_student)], Prolongations],
        Field(description="by student: a new due date or more time, for every week or by week"),
    ] = {}

    def due(self, due: dt.datetime, student: str, week: str, zone: ZoneInfo) -> dt.datetime:
        """The student's own due date where ``due`` is everybody's."""
        theirs: Mapping[str, Extension] = self.extensions.get(student, {})
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
    release: Annotated[Time, Field(description="when students get it, in the course's time zone")]
    due: Annotated[Time, Field(description="a date alone means the end of that day")]
    weight: Annotated[
        float, Field(strict=True, ge=0, allow_inf_nan=False, description="share in the term's total")
    ] = 1.0
    tensorflow: Annotated[StrictBool, Field(description="whether the week needs TensorFlow")] = False
    seed: Annotated[StrictInt, Field(ge=0, description="seeds the submission and the tests")] = 0
    limits: Limits = Limits()
    feedback: Feedback = Feedback()

    def feedback_level(self, now: dt.datetime, closes: dt.datetime | None = None) -> Level:
        """How much is told at ``now`` (time zone aware) to who may hand in until ``closes``, or the due date.

        :func:`autograder.policy.feedback_level` says it of a student.
        """
        return self.feedback.before if now < (closes or self.due) else self.feedback.after

    @field_validator("title", mode="before")
    @classmethod
    def _same_title_in_all_languages(cls, value: Any) -> Any:
        return {"en": value, "ko": value} if isinstance(value, str) else value


class Course(Part):
    """The whole of ``course.yml``."""

    id: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", description="nbgrader's course id")
    ] = "course"
    title: Text
    language: Annotated[Language, Field(description="of the released notebooks")] = Language.EN
    timezone: Annotated[str, Field(description="an IANA name such as Asia/Seoul")] = "UTC"
    data: Annotated[Path | None, Field(description="a full mnist.npz, absolute or relative to this file")] = (
        None
    )
    late: Late = Late()
    attempts: Annotated[
        Literal["last", "best"], Field(description="which of a student's attempts counts")
    ] = "last"
    assignments: tuple[Assignment, ...]

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        zones = available_timezones()
        if value not in zones:
            raise PydanticCustomError(
                "timezone", "is no time zone{hint}", {"hint": _did_you_mean(value, sorted(zones))}
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
                raise PydanticCustomError("at", "is there twice", {"at": (index, "name")})
            seen.add(week.name)
            times = {
                key: time if time.tzinfo else time.replace(tzinfo=zone)
                for key, time in (("release", week.release), ("due", week.due))
            }
            if times["due"] <= times["release"]:
                raise PydanticCustomError("at", "has to come after release", {"at": (index, "due")})
            placed.append(week.model_copy(update=times))
        return tuple(placed)

    @model_validator(mode="after")
    def _extensions_of_known_weeks(self) -> Course:
        for student, theirs in self.late.extensions.items():
            for week in theirs:
                if week != EVERY_WEEK and week not in self.names:
                    raise PydanticCustomError(
                        "at",
                        "is no assignment{hint}",
                        {
                            "at": ("late", "extensions", student, week),
                            "hint": _did_you_mean(week, self.names),
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

    def assignment(self, name: str) -> Assignment:
        """The assignment called ``name``; :class:`CourseError` names the known ones."""
        for week in self.assignments:
            if week.name == name:
                return week
        known = ", ".join(self.names) or "none yet"
        raise CourseError(
            f"There is no assignment {name!r} in {COURSE_FILE}{_did_you_mean(name, self.names)}; "
            f"the course has: {known}."
        )


@dataclass(frozen=True)
class Paths:
    """Where everything of a course lives; nothing here touches the disk."""

    root: Path

    @property
    def course(self) -> Path:
        """``course.yml``."""
        return self.root / COURSE_FILE

    @property
    def config(self) -> Path:
        """nbgrader's configuration."""
        return self.root / CONFIG_FILE

    @property
    def solutions(self) -> Path:
        """Solution notebooks as percent scripts."""
        return self.root / "solutions"

    @property
    def assignments(self) -> Path:
        """What students get."""
        return self.root / "assignments"

    @property
    def submitted(self) -> Path:
        """What students hand in, ``<student>/<assignment>/``."""
        return self.root / "submitted"

    @property
    def autograded(self) -> Path:
        """Graded notebooks, ``<student>/<assignment>/``."""
        return self.root / "autograded"

    @property
    def feedback(self) -> Path:
        """What students get back, ``<student>/<assignment>/``."""
        return self.root / "feedback"

    @property
    def exports(self) -> Path:
        """Grades for other systems."""
        return self.root / "exports"

    @property
    def gradebook(self) -> Path:
        """nbgrader's database, where nbgrader looks for it by default."""
        return self.root / "gradebook.db"

    @property
    def gradebook_url(self) -> str:
        """The same as an SQLAlchemy URL."""
        return f"sqlite:///{self.gradebook.resolve()}"

    @property
    def hidden(self) -> Path:
        """The hidden suites, a folder a week."""
        return self.root / "tests" / "hidden"

    @property
    def cache(self) -> Path:
        """Everything that can be made again."""
        return self.root / ".autograder"

    @property
    def records(self) -> Path:
        """Examinations, one JSON file each."""
        return self.cache / "records"

    @property
    def source(self) -> Path:
        """Solution notebooks as nbgrader reads them: made from ``solutions/`` by the release."""
        return self.cache / "source"

    def solution(self, assignment: str) -> Path:
        """The week's solution script."""
        return self.solutions / f"{assignment}.py"

    def suite(self, assignment: str) -> Path:
        """The week's hidden suite."""
        return self.hidden / assignment

    def public_tests(self, assignment: str) -> Path:
        """The part of the suite that students get."""
        return self.suite(assignment) / "test_public.py"

    def released(self, assignment: str) -> Path:
        """The released notebook."""
        return self.assignments / assignment / f"{assignment}.ipynb"

    def released_tests(self, assignment: str) -> Path:
        """The public tests beside the released notebook."""
        return self.assignments / assignment / "test_public.py"

    def submission(self, student: str, assignment: str) -> Path:
        """The student's notebook as handed in."""
        return self.submitted / student / assignment / f"{assignment}.ipynb"

    def graded(self, student: str, assignment: str) -> Path:
        """The student's notebook as graded."""
        return self.autograded / student / assignment / f"{assignment}.ipynb"

    def data(self, course: Course) -> Path | None:
        """The course's own ``mnist.npz``, absolute, None if it names none."""
        return None if course.data is None else self.root / course.data


def find_root(start: Path | None = None) -> Path:
    """The nearest folder at or above ``start`` (the working directory) that has a ``course.yml``."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / COURSE_FILE).is_file():
            return folder
    raise CourseError(f"There is no {COURSE_FILE} in {here} or above it: go to the course's folder first.")


def load_course(root: Path) -> Course:
    """Read ``root``'s ``course.yml``; raises :class:`CourseError` with one sentence if anything is wrong."""
    path = root / COURSE_FILE
    try:
        document = _parse(path.read_bytes())
    except FileNotFoundError:
        raise CourseError(f"There is no {COURSE_FILE} in {root}: go to the course's folder first.") from None
    except OSError as error:
        raise CourseError(
            f"{COURSE_FILE} cannot be read: {error.strerror}; look at its permissions."
        ) from None
    if not isinstance(document, CommentedMap):
        raise CourseError(
            f"{COURSE_FILE}, line 1: the file has to start with keys such as title and assignments."
        )
    try:
        return Course.model_validate(_plain(document))
    except ValidationError as error:
        raise CourseError(_sentence(document, error)) from None


def course_schema() -> dict[str, Any]:
    """JSON schema of ``course.yml``, for editors."""
    schema = Course.model_json_schema(mode="validation")
    # A title in one language is short for the same in both.
    title = schema["$defs"]["Assignment"]["properties"]["title"]
    schema["$defs"]["Assignment"]["properties"]["title"] = {"anyOf": [title, {"type": "string"}]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


class _Constructor(RoundTripConstructor):
    """Dates stay text: YAML's own conversion fails without a line number for 30 February."""


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_yaml_str)


def _parse(raw: bytes) -> Any:
    yaml = YAML(typ="rt")
    yaml.Constructor = _Constructor
    try:
        return yaml.load(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise CourseError(f"{COURSE_FILE} is not UTF-8 text: save it as UTF-8.") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        problem = " ".join((error.problem or error.context or "").split())
        raise CourseError(
            f"{COURSE_FILE}{line}: this is not YAML ({problem}); look at the indentation, colons and "
            "quotes around this line."
        ) from None
    except (YAMLError, RecursionError, ValueError) as error:
        problem = " ".join(str(error).split())
        raise CourseError(f"{COURSE_FILE}: this is not YAML ({problem}).") from None


def _plain(node: Any) -> Any:
    """The node without line numbers, as pydantic wants it."""
    if isinstance(node, CommentedMap):
        return {key: _plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [_plain(value) for value in node]
    return node


def _sentence(document: CommentedMap, error: ValidationError) -> str:
    """The first problem in the file, in one sentence."""
    # A misspelt key is also a missing one: the former is what to say.
    problems = []
    for details in error.errors(include_url=False):
        location = tuple(details["loc"])
        if details["type"] == "at":
            location += tuple(details.get("ctx", {})["at"])
        problems.append((_line(document, location), location, details))
    line, location, details = min(problems, key=lambda problem: (problem[2]["type"] == "missing", problem[0]))
    return f"{COURSE_FILE}, line {line}: {_key(document, location)} {_problem(location, details)}."


def _line(document: CommentedBase, location: Sequence[int | str]) -> int:
    """Line of the key or item at ``location``, from 1; that of the nearest thing above if it is not there."""
    line, node = 0, document
    for step in location:
        if isinstance(node, CommentedMap) and step in node:
            line = node.lc.key(step)[0]
        elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
            line = node.lc.item(step)[0]
        else:
            break
        node = node[step]
    return int(line) + 1


def _key(document: Any, location: Sequence[int | str]) -> str:
    """The dotted key, assignments by their names where they have one."""
    words, node = [], document
    for step in location:
        if step in (EVERY_WEEK, "[key]"):
            continue
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            node = None
        name = node.get("name") if isinstance(step, int) and isinstance(node, CommentedMap) else None
        words.append(name if isinstance(name, str) else str(step))
    return ".".join(words)


def _problem(location: Sequence[int | str], details: ErrorDetails) -> str:
    """What is wrong, as the second half of a sentence that starts with the key."""
    kind = details["type"]
    context: dict[str, Any] = details.get("ctx", {})
    given = _shown(details["input"])
    wanted: dict[str, Callable[[], str]] = {
        "missing": lambda: "is missing",
        "int_type": lambda: f"has to be a whole number, not {given}",
        "float_type": lambda: f"has to be a number, not {given}",
        "path_type": lambda: f"has to be the path of a file, not {given}",
        "invalid_key": lambda: "is no setting here: keys are words",
        "bool_type": lambda: f"has to be true or false, not {given}",
        "string_type": lambda: f"has to be text, not {given}",
        "tuple_type": lambda: "has to be a list, each item with a dash",
        "greater_than": lambda: f"has to be more than {context['gt']:g}, not {given}",
        "greater_than_equal": lambda: f"has to be at least {context['ge']:g}, not {given}",
        "less_than_equal": lambda: f"has to be at most {context['le']:g}, not {given}",
        "string_pattern_mismatch": lambda: (
            f"has to be made of letters, digits, - and _, like 03_convolution, not {given}"
        ),
        "at": lambda: f"{details['msg']}",
        "time": lambda: f"{details['msg']}, not {given}",
        "size": lambda: f"{details['msg']}, not {given}",
        "value": lambda: f"{details['msg']}, not {given}",
        "timezone": lambda: f"{details['msg']}",
    }
    if kind == "extra_forbidden":
        fields = _fields(location[:-1])
        return f"is no setting here{_did_you_mean(str(location[-1]), fields)}; known are {', '.join(fields)}"
    if kind in ("literal_error", "enum"):
        return f"has to be {context['expected']}, not {given}"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"needs keys of its own ({', '.join(_fields(location))}), not {given}"
    if kind in wanted:
        return wanted[kind]()
    message = details["msg"]
    return f"is wrong: {message[0].lower()}{message[1:]}"


def _shown(value: Any) -> str:
    """The value as a person reads it, at most 60 characters."""
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return "a list" if isinstance(value, list) else "keys"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _fields(location: Sequence[int | str]) -> list[str]:
    """Names of the settings of the model at ``location``."""
    model: type[BaseModel] = Course
    for step in location:
        if isinstance(step, str) and step in model.model_fields:
            for inner in _models(model.model_fields[step].annotation):
                model = inner
    return list(model.model_fields)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _models(part)


def _did_you_mean(word: str, known: Sequence[str]) -> str:
    """`` (did you mean "…"?)`` or nothing; a part of a known word counts as near."""
    near = difflib.get_close_matches(word.lower(), [name.lower() for name in known], n=1, cutoff=0.6)
    candidates = [name for name in known if near and name.lower() == near[0]]
    candidates += [name for name in known if len(word) > 1 and word.lower() in name.lower()]
    return f' (did you mean "{candidates[0]}"?)' if candidates else ""
