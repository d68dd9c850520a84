"""What a student is told of an examination, as plain data.

The page shows all of a view and nothing else. What is not to be told (:mod:`autograder.wording.policy`)
can therefore not be in the page.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from markupsafe import Markup

from autograder.messages import Language, Message
from autograder.pages.causes import Cause, Places
from autograder.pages.figures import DrawingView, FigureView, Parameters
from autograder.wording.policy import Policy
from autograder.wording.rendering import said, sentence
from autograder.wording.text import prose
from autograder.wording.words import word

LISTED = 100
"""Cells, limits and notices that are listed; a notebook may have any number of cells."""


@dataclass(frozen=True)
class Marks:
    """What a person decided, from the gradebook.

    Attributes:
        points: by grade id, where a person gave a score.
        comments: by grade id.
        penalty: points deducted for lateness.
        extension: more time than everybody else's.
    """

    points: Mapping[str, float] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)
    penalty: float = 0.0
    extension: dt.timedelta | None = None


# The view: what may be told, and nothing else


@dataclass(frozen=True)
class Said:
    """A text, with its language where that is not the page's."""

    text: str
    lang: str = ""

    @property
    def prose(self) -> Markup:
        """The text with what stands in backticks set as code."""
        return prose(self.text)


@dataclass(frozen=True)
class CheckView:
    """One test."""

    title: Markup
    mark: str
    verdict: str
    tone: str
    passed: bool
    tags: tuple[str, ...] = ()
    told: bool = False
    where: Markup | None = None
    reason: Said | None = None
    error: str = ""
    called: str = ""
    code: str = ""
    id: str = ""
    is_call: bool = True
    came_back: str = ""
    expected: str = ""
    figure: FigureView | None = None
    function: str = ""
    above: bool = False
    cause: Cause | None = None
    follows: bool = False


@dataclass(frozen=True)
class TaskView:
    """One task of the notebook: what a student writes, and all tests of it.

    Attributes:
        name: of what is to be written, below the heading.
        title: the heading, and the name where the heading has several tasks.
        points: what was earned, and what is still to come.
    """

    name: Markup
    title: Markup
    anchor: str
    points: str
    share: float | None
    checks: tuple[CheckView, ...] = ()
    comments: tuple[str, ...] = ()
    count: str = ""

    @property
    def done(self) -> bool:
        """Whether nothing is left to do in it, and nothing to read but that."""
        return all(check.passed for check in self.checks) and not self.comments

    @property
    def failed(self) -> tuple[CheckView, ...]:
        """The checks that were not passed and that stand for themselves."""
        return tuple(check for check in self.checks if not check.passed and not check.follows)

    @property
    def following(self) -> tuple[CheckView, ...]:
        """The checks that were not passed because of what another one, or a cell, says already."""
        return tuple(check for check in self.checks if check.follows)

    @property
    def passed(self) -> tuple[CheckView, ...]:
        """The others."""
        return tuple(check for check in self.checks if check.passed)


@dataclass(frozen=True)
class SectionView:
    """The tasks below one heading of the notebook."""

    heading: Markup
    lang: str
    tasks: tuple[TaskView, ...]

    @property
    def detailed(self) -> bool:
        """Whether there is more to show of it than points."""
        return any(task.checks or task.comments for task in self.tasks)

    @property
    def left(self) -> tuple[TaskView, ...]:
        """The tasks in which something is left to do."""
        return tuple(task for task in self.tasks if not task.done)


@dataclass(frozen=True)
class MisconceptionView:
    """A recognised misconception."""

    function: str
    said: Markup
    hint: Markup
    more: Markup = Markup()  # noqa: RUF009  immutable


@dataclass(frozen=True)
class SourceView:
    """Lines of the notebook, and where they stand."""

    where: str
    code: str


@dataclass(frozen=True)
class NextView:
    """What to do first: a cell to mend, or a check of a task.

    Attributes:
        more: what is left after it.
        same: how many checks it takes with it.
        cell: which cell did not run to its end.
        message: how it ended.
        source: the lines at which it ended, or was when its time was up.
        task, lang, anchor: the task's title, its language, and where it is on the page.
        check: in full; it is only named further below.
        hint: of the misconception that the check shows, if there is one.
    """

    more: str = ""
    same: str = ""
    cell: str = ""
    message: Said | None = None
    source: SourceView | None = None
    task: Markup = Markup()  # noqa: RUF009  immutable
    lang: str = ""
    anchor: str = ""
    check: CheckView | None = None
    hint: MisconceptionView | None = None


@dataclass(frozen=True)
class ProgressView:
    """What has changed since the attempt before.

    Attributes:
        since: when that one was graded.
        better, worse: checks that are passed now, and those that are not any more.
    """

    since: str
    better: tuple[Markup, ...]
    worse: tuple[Markup, ...]


@dataclass(frozen=True)
class CellView:
    """A cell that did not end well."""

    position: str
    verdict: str
    tone: str
    message: Said | None


@dataclass(frozen=True)
class AlertView:
    """Something that concerns the submission as a whole."""

    text: str
    lines: tuple[Said, ...] = ()


@dataclass(frozen=True)
class PageView:
    """The whole page."""

    language: str
    kind: str
    course: str
    title: str
    student: str
    when: str
    score: str
    maximum: str
    percent: float
    column: str
    tasks_title: str
    footer: str
    remarks: tuple[str, ...] = ()
    alerts: tuple[AlertView, ...] = ()
    next: NextView | None = None
    unanswered: str = ""
    misconceptions: tuple[MisconceptionView, ...] = ()
    progress: ProgressView | None = None
    sections: tuple[SectionView, ...] = ()
    withheld: bool = False
    training: tuple[DrawingView, ...] = ()
    cells: tuple[CellView, ...] = ()
    notices: tuple[str, ...] = ()
    comments: tuple[tuple[str, str], ...] = ()
    contents: tuple[tuple[str, str], ...] = ()
    most: int = LISTED

    @property
    def detailed(self) -> bool:
        """Whether any section has more to show than points."""
        return any(section.detailed for section in self.sections)

    @property
    def done(self) -> tuple[TaskView, ...]:
        """The tasks of which all checks were passed."""
        return tuple(t for section in self.sections for t in section.tasks if t.done and t.checks)


@dataclass(frozen=True)
class Context:
    """What the parts of a view depend on, beside the record.

    Attributes:
        self_check: public tests on a student's own machine: counted, not scored.
        room: as many items as there are pictures of arrays to come; each takes one.
        places: how cells are called.
        causes: what failed tests have in common, by their keys.
        titles: of the tests, by their keys.
    """

    policy: Policy
    language: Language
    parameters: Parameters
    marks: Marks
    self_check: bool
    room: Iterator[bool]
    places: Places
    causes: Mapping[str, Cause]
    titles: Mapping[str, Markup]

    def word(self, key: str, **fields: object) -> str:
        """A word of the page."""
        return word(key, self.language, **fields)

    def said(self, message: Message) -> Said:
        """A message of the grader in the page's language; words of others are marked as English."""
        text = self.places.renamed(sentence(said(message, self.language)))
        return Said(text, "" if message.is_known or message.korean or self.language is Language.EN else "en")
