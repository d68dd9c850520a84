"""The one place that knows the folders of a course."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from autograder.problem import Problem

COURSE_FILE = "course.yml"
CONFIG_FILE = "nbgrader_config.py"
SCHEMA_FILE = "course.schema.json"
LOCK_FILE = "requirements.lock"


class CourseError(Problem, ValueError):
    """The course cannot be used as it is written; the text is for the instructor, in one sentence."""


def split_unit(unit: str) -> tuple[str, str]:
    """The assignment and the notebook of what is graded on its own.

    An assignment with one notebook of its name is called by that, and a notebook of one with several as
    ``ps1/problem1``.
    """
    week, _, notebook = unit.partition("/")
    return week, notebook or week


def file_name(unit: str) -> str:
    """A file's name for what is graded on its own; no other unit has it."""
    return unit.replace("/", ".")


@dataclass(frozen=True)
class Paths:
    """Where everything of a course lives; nothing here touches the disk.

    What is asked of an assignment may be asked of one of its notebooks, if it has several
    (:func:`split_unit`).
    """

    root: Path

    @property
    def course(self) -> Path:
        """``course.yml``."""
        return self.root / COURSE_FILE

    @property
    def lock(self) -> Path:
        """The versions of packages with which the course is graded; there may be none."""
        return self.root / LOCK_FILE

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
    def roster(self) -> Path:
        """The class list."""
        return self.root / "roster.csv"

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
    def comments(self) -> Path:
        """What was given to several students at once, so that it can be taken back; not to be made again."""
        return self.root / "comments"

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
    def watching(self) -> Path:
        """What ``autograder watch`` has under way and remembers."""
        return self.cache / "watch"

    @property
    def attempts(self) -> Path:
        """Earlier submissions where the best one counts, ``<student>/<assignment>/``."""
        return self.root / "attempts"

    @property
    def report(self) -> Path:
        """What instructors look at."""
        return self.root / "report"

    @property
    def source(self) -> Path:
        """Solution notebooks as nbgrader reads them: made from ``solutions/`` by the release."""
        return self.cache / "source"

    def solution(self, assignment: str) -> Path:
        """The week's solution script."""
        return self.solutions / f"{assignment}.py"

    def translation(self, assignment: str) -> Path:
        """What people read in the solution's code, in Korean."""
        return self.solutions / f"{assignment}.ko.yml"

    def suite(self, assignment: str) -> Path:
        """The week's hidden suite."""
        return self.hidden / assignment

    def public_tests(self, assignment: str) -> Path:
        """The part of the suite that students get."""
        return self.suite(assignment) / "test_public.py"

    def released(self, assignment: str) -> Path:
        """The released notebook."""
        return _notebook(self.assignments, assignment)

    def released_tests(self, assignment: str) -> Path:
        """The public tests beside the released notebook."""
        week, notebook = split_unit(assignment)
        name = "test_public.py" if notebook == assignment else f"test_public_{notebook}.py"
        return self.assignments / week / name

    def submission(self, student: str, assignment: str) -> Path:
        """The student's notebook as handed in."""
        return _notebook(self.submitted / student, assignment)

    def graded(self, student: str, assignment: str) -> Path:
        """The student's notebook as graded."""
        return _notebook(self.autograded / student, assignment)

    def cell_tests(self, assignment: str) -> Path:
        """The test cells as nbgrader runs them, hidden tests and all: made by the release."""
        return self.cache / "cell-tests" / f"{assignment}.json"

    def data(self, configured: Path | None) -> Path | None:
        """The course's own ``mnist.npz``, absolute, None if it names none."""
        return None if configured is None else self.root / configured


def _notebook(folder: Path, unit: str) -> Path:
    week, notebook = split_unit(unit)
    return folder / week / f"{notebook}.ipynb"


def find_root(start: Path | None = None) -> Path:
    """The nearest folder at or above ``start`` (the working directory) that has a ``course.yml``."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / COURSE_FILE).is_file():
            return folder
    raise CourseError(f"There is no {COURSE_FILE} in {here} or above it: go to the course's folder first.")
