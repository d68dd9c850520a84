"""One submission for a platform that shows it to its student: a line for each test cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from autograder.course.folders import Paths
from autograder.course.models import Course, Level
from autograder.examination import Examination, TestOutcome, Verdict
from autograder.gradebook.grades import Grade
from autograder.gradebook.reading import read_grades
from autograder.messages import Language
from autograder.submissions.week import current_records
from autograder.wording import rendering, text, words
from autograder.wording.policy import Policy

# -- one submission for a platform that shows it to its student -----------------------------------


@dataclass(frozen=True)
class Item:
    """One test cell of a submission, as a platform lists it.

    Attributes:
        name: its grade id.
        points: earned; None where a person has to decide.
        max_points: what it is worth.
        lines: what may be told of its tests.
        passed: whether all of its tests passed.
        seconds: what they took.
    """

    name: str
    points: float | None
    max_points: float
    lines: tuple[str, ...]
    passed: bool
    seconds: float


def items(
    examination: Examination,
    level: Level,
    language: Language = Language.EN,
    marks: Mapping[str, float | None] | None = None,
) -> tuple[Item, ...]:
    """The submission's test cells.

    Args:
        examination: its record.
        level: how much may be told of the tests.
        language: of what is told.
        marks: points by grade id, where the gradebook knows better than the record; cells that a person
            grades are listed only then.
    """
    found, policy = [], Policy(level)
    for score in examination.scores:
        if score.manual and marks is None:
            continue
        tests = [test for test in examination.tests if test.cell == score.grade_id]
        found.append(
            Item(
                name=score.grade_id,
                points=score.points if marks is None else marks.get(score.grade_id, score.points),
                max_points=score.max_points,
                lines=tuple(_lines(tests, examination, policy, language)),
                passed=all(test.verdict is Verdict.PASSED for test in tests if test.weight > 0),
                seconds=sum(test.seconds for test in tests),
            )
        )
    return tuple(found)


def _lines(
    tests: Sequence[TestOutcome], examination: Examination, policy: Policy, language: Language
) -> Iterable[str]:
    """What may be told of a cell's tests, as plain text."""
    for test in tests if policy.at_least("names") else ():
        title = text.one_line(test.title.in_(language) or test.name)
        yield f"{words.mark(test.verdict)} {title} ({words.verdict(test.verdict, language)})"
        if policy.explains(test) and test.message:
            yield "  " + rendering.said(test.message, language).replace("\n", "\n  ")
    for found in policy.misconceptions(examination, tests):
        yield text.plain(policy.remark(found).in_(language))


def examined(course: Course, paths: Paths, week: str) -> list[tuple[str, Examination, Grade]]:
    grades = read_grades(course, paths, [week]).grades
    records = current_records(course, paths, week)
    return [(s, record, grades[s, week]) for s, record in sorted(records.items()) if (s, week) in grades]
