"""A sample class, start to finish, in a course folder of its own."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from autograder.authoring.release import release
from autograder.authoring.sample import build_class
from autograder.course.folders import CONFIG_FILE, COURSE_FILE, CourseError, Paths
from autograder.course.reading import load_course
from autograder.grading.grade import Progress, Tally, grade
from autograder.notebooks.reading import read_released
from autograder.options import Options

WEEK = "03_convolution"


@dataclass(frozen=True)
class Demo:
    """What a demonstration left.

    Attributes:
        folder: the course that was made.
        tally: how the class was graded.
        pages: the students' feedback.
    """

    folder: Path
    tally: Tally
    pages: tuple[Path, ...]


def make_course(root: Path, target: Path, week: str = WEEK) -> Path:
    """A fresh copy of the course in ``target``, with ``week`` released.

    Args:
        root: the course to copy from.
        target: made anew; what an earlier demonstration left there is removed, nothing else.
        week: the assignment to release.

    Raises:
        CourseError: ``target`` exists and was not made by a demonstration.
    """
    mark = target / ".autograder-demo"
    if target.exists():
        if not mark.exists() and any(target.iterdir()):
            raise CourseError(f"{target} exists and was not made by `autograder demo`: name another folder.")
        shutil.rmtree(target)
    target.mkdir(parents=True)
    mark.touch()
    for name in (COURSE_FILE, "course.schema.json", CONFIG_FILE):
        if (root / name).is_file():
            shutil.copy2(root / name, target / name)
    for name in ("solutions", "tests/hidden"):
        shutil.copytree(root / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    course, paths = load_course(target), Paths(target)
    release(course, course.assignment(week), paths)
    return target


def demo(
    root: Path,
    target: Path,
    *,
    hostile: bool = False,
    workers: int = 0,
    progress: Progress | None = None,
) -> Demo:
    """Release a week, let the sample class hand it in, grade it, and write everybody's feedback.

    Args:
        root: the course.
        target: the folder for the demonstration.
        hostile: grade the attacks of ``tests/attacks`` instead of the sample class.
        workers: examiner processes; 0 means one a core.
        progress: told each graded submission.
    """
    from autograder.pages.feedback import write_feedback

    folder = make_course(root, target)
    paths = Paths(folder)
    released = read_released(paths.released(WEEK))
    students = root / "tests" / ("attacks" if hostile else "submissions") / WEEK
    build_class(students, released, paths.submitted, WEEK)
    tally = grade(folder, WEEK, Options(workers=workers), progress)
    pages = write_feedback(folder, WEEK)
    return Demo(folder, tally, tuple(pages))
