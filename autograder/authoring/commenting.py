"""Answer a group of equal written answers at once, as the report shows them."""

from __future__ import annotations

from pathlib import Path

from autograder.authoring.naming import find_group
from autograder.course.folders import Paths
from autograder.course.reading import load_course
from autograder.gradebook.comments import Commented, give
from autograder.notebooks.metadata import grade_id
from autograder.notebooks.reading import read_released
from autograder.pages.written import same_answers
from autograder.problem import GradeError
from autograder.submissions.week import current_records


def comment_group(root: Path, week: str, group: str, comment: str, points: float | None = None) -> Commented:
    """Give all students of a group of written answers the same comment.

    Args:
        root: the course's folder.
        week: the assignment.
        group: as the report calls it.
        comment: the text.
        points: for the answer; None leaves them as they are.

    Raises:
        CourseError: the course has no such week.
        GradeError: there is no such group, no text, or it cannot be given.
    """
    course, paths = load_course(root), Paths(root)
    course.assignment(week)
    if not comment.strip():
        raise GradeError("There is no comment: write it after the group, in quotation marks.")
    released = read_released(paths.released(week)) if paths.released(week).is_file() else None
    texts = {grade_id(cell): cell.source for cell in released.cells} if released is not None else {}
    groups = same_answers(current_records(course, paths, week).items(), texts)
    found = find_group(groups, week, group, "no written answer was given by several students")
    return give(course, paths, week, group, found.cell, found.students, comment, points)
