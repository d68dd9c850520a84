"""What a class earned, as other systems want to know it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from autograder.problem import Problem


class ExportError(Problem, ValueError):
    """There is nothing that can be exported; the text is one clear sentence with the way out."""


def after_penalty(points: float, penalty: float) -> float:
    """What is left of the points that were earned; never less than nothing."""
    return max(points - penalty, 0.0)


@dataclass(frozen=True)
class Student:
    """Who the grades are of, as the platforms know them; empty where nobody has said so.

    Attributes:
        id: name of the student's folder.
        name: as it is to appear, "Last, First".
        email: for Moodle.
        canvas_id: Canvas's own number, the column ``ID``.
        sis_user_id, sis_login_id, section: Canvas's other columns.
        id_number: Moodle's column ``ID number``.
        moodle_id: Moodle's number of the participant, as blind marking shows it.
        github: GitHub's name of the user.
        team: with whom the student works.
    """

    id: str
    name: str = ""
    email: str = ""
    canvas_id: str = ""
    sis_user_id: str = ""
    sis_login_id: str = ""
    section: str = ""
    id_number: str = ""
    moodle_id: str = ""
    github: str = ""
    team: str = ""


@dataclass(frozen=True)
class Grade:
    """One student's grade in one week.

    Attributes:
        points: sum of the cells, with manual scores and extra credit.
        penalty: taken off for lateness.
        undecided: whether a person still has to grade a part of it.
        submitted: when it was handed in, UTC; None if unknown.
        extension: more time that people granted in the gradebook.
        cells: points of each cell by grade id; None where undecided.
    """

    points: float
    penalty: float = 0.0
    undecided: bool = False
    submitted: dt.datetime | None = None
    extension: dt.timedelta | None = None
    cells: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """What counts."""
        return after_penalty(self.points, self.penalty)


@dataclass(frozen=True)
class Given:
    """What a person gave for a cell.

    Attributes:
        points: that count, extra credit included.
        again: the automatic score or the notebook has changed since, and the person has to look again.
    """

    points: float
    again: bool = False


@dataclass(frozen=True)
class Column:
    """One week.

    Attributes:
        name: of the assignment.
        titles: in the course's languages.
        max_score: what it is worth.
        weight: its share in the term's total.
    """

    name: str
    titles: tuple[str, ...]
    max_score: float
    weight: float


@dataclass(frozen=True)
class Grades:
    """A class's grades, by student and week."""

    columns: tuple[Column, ...]
    students: tuple[Student, ...]
    grades: Mapping[tuple[str, str], Grade]

    def decided(self, student: str, week: str, *, provisional: bool) -> float | None:
        """The score; None without a submission, and while a person has to grade a part of it."""
        grade = self.grades.get((student, week))
        if grade is None or (grade.undecided and not provisional):
            return None
        return grade.score

    def total(self, student: str, *, provisional: bool) -> float | None:
        """The term's total so far, in percent: weeks by their weights, a week not handed in as 0.

        None if a grade is not decided yet, or if no week counts.
        """
        weights = earned = 0.0
        for column in self.columns:
            if column.weight == 0 or column.max_score <= 0:
                continue
            score = self.decided(student, column.name, provisional=provisional)
            if score is None and (student, column.name) in self.grades:
                return None
            weights += column.weight
            earned += column.weight * (score or 0.0) / column.max_score
        return 100 * earned / weights if weights else None
