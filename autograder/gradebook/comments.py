"""One comment, and points if wanted, for several students' written answers; and how it is taken back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry

from autograder.course.folders import Paths, split_unit
from autograder.course.locks import turn
from autograder.course.models import Course
from autograder.course.nbgrader import explained, gradebook_url, nbgrader_config, open_gradebook
from autograder.files import json_bytes, write_atomically
from autograder.problem import GradeError


@dataclass(frozen=True)
class Commented:
    """Whose answer now has the comment, or has it no more; and whose was left as it is.

    Attributes:
        done: students.
        left: those of whom a person has said something already, or changed it since.
    """

    done: tuple[str, ...]
    left: tuple[str, ...]


def _note(paths: Paths, week: str, group: str) -> Path:
    return paths.comments / week / f"{group}.json"


def give(
    course: Course,
    paths: Paths,
    week: str,
    group: str,
    cell: str,
    students: Sequence[str],
    comment: str,
    points: float | None = None,
) -> Commented:
    """Give an answer of several students the same comment; what a person has given already stays.

    Args:
        course: the course.
        paths: its files.
        week: the assignment.
        group: what the students are called together, for :func:`take_back`.
        cell: grade id of the answer.
        students: whose it is.
        comment: the text.
        points: for the answer; None leaves them as they are.

    Raises:
        GradeError: there is such a comment already, or the points do not fit the cell.
        GradebookError: the gradebook cannot be used.
    """
    note = _note(paths, week, group)
    if note.is_file():
        raise GradeError(
            f"{group} has a comment already: take it back with `autograder comment {week} {group} --undo`, "
            "and give another."
        )
    done: list[str] = []
    left: list[str] = []
    folder, notebook = split_unit(week)
    url = gradebook_url(paths, nbgrader_config(paths.root))
    with turn(paths), open_gradebook(url, course.id) as gradebook, explained(url):
        for student in students:
            try:
                said = gradebook.find_comment(cell, notebook, folder, student)
                grade = gradebook.find_grade(cell, notebook, folder, student)
            except MissingEntry:
                left.append(student)
                continue
            if points is not None and not 0 <= points <= grade.max_score:
                raise GradeError(
                    f"{cell} is worth {grade.max_score:g} points: give 0 to {grade.max_score:g}."
                )
            if said.manual_comment or (points is not None and grade.manual_score is not None):
                left.append(student)
                continue
            said.manual_comment = comment
            if points is not None:
                grade.manual_score, grade.needs_manual_grade = points, False
            done.append(student)
        kept = {"cell": cell, "comment": comment, "points": points, "students": done}
        # First the note: a comment that nobody could take back would be worse than a note of none.
        if done:
            write_atomically(note, json_bytes(kept), mode=0o600)
        gradebook.db.commit()
    return Commented(tuple(done), tuple(left))


def take_back(course: Course, paths: Paths, week: str, group: str) -> Commented:
    """Take back what :func:`give` gave, where nobody has changed it since.

    Raises:
        GradeError: nothing was given to such a group.
        GradebookError: the gradebook cannot be used.
    """
    note = _note(paths, week, Path(group).name)
    try:
        kept = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise GradeError(
            f"No comment was given to {group} of {week}: `autograder report {week}` shows the groups."
        ) from None
    done: list[str] = []
    left: list[str] = []
    url = gradebook_url(paths, nbgrader_config(paths.root))
    with turn(paths), open_gradebook(url, course.id) as gradebook, explained(url):
        for student in kept["students"]:
            (done if _taken_back(gradebook, kept, week, student) else left).append(student)
        gradebook.db.commit()
        note.unlink()
    return Commented(tuple(done), tuple(left))


def _taken_back(gradebook: Gradebook, kept: dict[str, object], week: str, student: str) -> bool:
    folder, notebook = split_unit(week)
    try:
        said = gradebook.find_comment(kept["cell"], notebook, folder, student)
        grade = gradebook.find_grade(kept["cell"], notebook, folder, student)
    except MissingEntry:
        return False
    points = kept["points"]
    if said.manual_comment != kept["comment"] or (points is not None and grade.manual_score != points):
        return False
    said.manual_comment = None
    if points is not None:
        grade.manual_score, grade.needs_manual_grade = None, grade.auto_score is None
    return True
