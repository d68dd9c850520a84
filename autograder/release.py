"""``solutions/`` → ``assignments/``: nbgrader strips the solution, this module sees to the rest."""

from __future__ import annotations

import datetime as dt
import logging
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.nbgraderformat import MetadataValidator
from traitlets.config import Config

from autograder.course import Assignment, Course, Paths
from autograder.examination import Language
from autograder.gradebook import GradebookError, gradebook_url, nbgrader_config, open_gradebook
from autograder.notebook import (
    PYTHON,
    dump,
    grade_id,
    is_manual,
    is_solution,
    is_test,
    nbgrader_metadata,
    node,
    points,
    read_script,
    tags,
    with_stable_ids,
)
from autograder.problem import Problem

_MARK = re.compile(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)")


class ReleaseError(Problem, ValueError):
    """The week cannot be released as it is written; the text is for the instructor, in one sentence."""


@dataclass(frozen=True)
class ReleaseReport:
    """What a release made.

    Attributes:
        assignment: the week.
        folder: where it lies.
        language: of its prose.
        files: names of the files in it.
        cells: number of cells in the notebook.
        test_cells: how many of them are worth points that tests decide.
        manual_cells: how many a person grades.
        points: sum of all points.
        changed: whether the folder differs from what was there before.
    """

    assignment: str
    folder: Path
    language: Language
    files: tuple[str, ...]
    cells: int
    test_cells: int
    manual_cells: int
    points: float
    changed: bool

    def __str__(self) -> str:
        answers = f" and {self.manual_cells} for a person to grade" if self.manual_cells else ""
        state = "" if self.changed else ", as it was"
        return (
            f"{self.folder} ({self.language}{state}): {', '.join(self.files)}; "
            f"{self.cells} cells, {self.points:g} points in {self.test_cells} test cells{answers}."
        )


def release(
    course: Course, assignment: Assignment, paths: Paths, language: Language | None = None
) -> ReleaseReport:
    """Make what students get of a week, and enter the week in the gradebook.

    The folder is put in place as a whole or not at all, and releasing the same solution twice gives
    the same bytes. Raises :class:`ReleaseError` where the solution notebook cannot be released.

    Args:
        course: the course.
        assignment: the week.
        paths: where things are.
        language: of the prose; the course's own if None.
    """
    language = language or course.language
    solution = _solution(paths, assignment.name)
    _check(solution, paths.solution(assignment.name).name)
    source = {f"{assignment.name}.ipynb": dump(solution)}
    if (tests := paths.public_tests(assignment.name)).is_file():
        source[tests.name] = tests.read_bytes()

    config = nbgrader_config(paths.root)
    url = gradebook_url(paths, config)
    open_gradebook(url, course.id).close()
    _fill(paths.source / assignment.name, source)
    with _build_folder(paths) as build:
        _generate(config, course, assignment.name, paths, build, url, language)
        files = {file.name: file.read_bytes() for file in sorted((build / assignment.name).iterdir())}
    name = f"{assignment.name}.ipynb"
    released = _finished(files[name], assignment.name)
    files[name] = dump(released)
    changed = _fill(paths.assignments / assignment.name, files)
    _enter_due_date(url, course, assignment)
    return ReleaseReport(
        assignment=assignment.name,
        folder=paths.assignments / assignment.name,
        language=language,
        files=tuple(sorted(files)),
        cells=len(released.cells),
        test_cells=sum(map(is_test, released.cells)),
        manual_cells=sum(map(is_manual, released.cells)),
        points=sum(map(points, released.cells)),
        changed=changed,
    )


def _solution(paths: Paths, name: str) -> NotebookNode:
    try:
        return read_script(paths.solution(name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ReleaseError(f"solutions/{name}.py does not exist yet: write it first.") from None
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ReleaseError(f"solutions/{name}.py cannot be read as a percent script ({reason}).") from error


def _check(solution: NotebookNode, file: str) -> None:
    """Say in one sentence what nbgrader would say in a traceback."""
    for language in Language:
        others = {str(other) for other in Language if other is not language}
        names = [
            grade_id(cell) for cell in solution.cells if grade_id(cell) and others.isdisjoint(tags(cell))
        ]
        for name, times in Counter(names).items():
            if times > 1:
                raise ReleaseError(
                    f"{file}: the grade id {name!r} is there {times} times; give each cell its own."
                )
    for cell in solution.cells:
        first = cell.source.strip().split("\n")[0][:60]
        place = grade_id(cell) or f"that starts with {first!r}"
        marks = re.findall(r"(BEGIN|END) SOLUTION", cell.source)
        if marks and not is_solution(cell):
            raise ReleaseError(f"{file}: the cell {place} has a solution region but is no solution cell.")
        if marks != ["BEGIN", "END"] * (len(marks) // 2):
            raise ReleaseError(
                f"{file}: in the cell {place} the lines BEGIN SOLUTION and END SOLUTION have to take turns."
            )
        if nbgrader_metadata(cell):
            try:
                MetadataValidator().validate_cell(cell)
            except Exception as error:
                reason = str(error).strip().split("\n")[0]
                raise ReleaseError(
                    f"{file}: nbgrader's metadata of the cell {place} is wrong: {reason}."
                ) from error


@contextmanager
def _build_folder(paths: Paths) -> Iterator[Path]:
    """A folder of its own below the course, since nbgrader wants all its folders there."""
    paths.cache.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="build-", dir=paths.cache))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _generate(
    config: Config, course: Course, name: str, paths: Paths, build: Path, url: str, language: Language
) -> None:
    """Run nbgrader's own ``generate_assignment``, in this process."""
    own = Config()
    own.CourseDirectory.root = str(paths.root.resolve())
    own.CourseDirectory.course_id = course.id
    own.CourseDirectory.source_directory = str(paths.source.relative_to(paths.root))
    own.CourseDirectory.release_directory = str(build.relative_to(paths.root))
    own.CourseDirectory.assignment_id = name
    own.CourseDirectory.db_url = url
    own.OneLanguage.remove_cell_tags = {str(other) for other in Language if other is not language}
    merged = Config(config)
    merged.merge(own)
    pipeline = list(
        merged.GenerateAssignment.get("preprocessors") or GenerateAssignment.preprocessors.default()
    )
    if "autograder.plugin.OneLanguage" not in pipeline:
        pipeline.insert(0, "autograder.plugin.OneLanguage")
    merged.GenerateAssignment.preprocessors = pipeline
    with _errors() as (log, said):
        converter = GenerateAssignment(
            coursedir=CourseDirectory(config=merged, log=log), config=merged, log=log
        )
        try:
            converter.start()
        except (NbGraderException, SystemExit) as error:
            raise ReleaseError(_explained(name, said)) from error


@contextmanager
def _errors() -> Iterator[tuple[logging.Logger, list[str]]]:
    """A logger for nbgrader that keeps what it says of errors to itself."""
    said: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    log = logging.Logger("autograder.release", logging.ERROR)
    log.addHandler(Keep())
    yield log, said


def _explained(name: str, said: list[str]) -> str:
    text = "\n".join(said)
    if "are submissions associated with it" in text:
        return (
            f"{name}: cells were added, removed or renamed since the first submission was graded; keep the "
            "grade ids as they were, or remove the assignment's submissions from the gradebook first "
            f"(`nbgrader db assignment remove {name} --force`)."
        )
    # The last line of a traceback says what happened.
    traceback = next((entry for entry in said if "Traceback" in entry), text)
    reason = traceback.strip().split("\n")[-1].strip() or "no reason given"
    return f"{name}: nbgrader cannot make the assignment: {reason}"


def _finished(raw: bytes, name: str) -> NotebookNode:
    """The generated notebook with stable ids and metadata; refuses to let a solution out."""
    released: NotebookNode = nbformat.reads(raw.decode("utf-8"), as_version=4)  # type: ignore[no-untyped-call]
    released["metadata"] = node(PYTHON)
    for cell in released.cells:
        if _MARK.search(cell.source):
            raise ReleaseError(
                f"{name}: the cell {grade_id(cell) or 'without a grade id'} would show students a line with "
                "BEGIN or END of a hidden region; look at its markers."
            )
    return with_stable_ids(released)


def _fill(folder: Path, files: dict[str, bytes]) -> bool:
    """Make the folder hold exactly these files, at once; returns whether anything was different."""
    if (
        folder.is_dir()
        and {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()} == files
    ):
        return False
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    old = draft.with_name(f"{draft.name}-old")
    try:
        draft.chmod(0o755)
        for name, content in files.items():
            (draft / name).write_bytes(content)
        if folder.exists():
            folder.rename(old)
        try:
            draft.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return True


def _enter_due_date(url: str, course: Course, assignment: Assignment) -> None:
    """nbgrader reckons lateness from the due date in its database, in UTC."""
    gradebook = open_gradebook(url, course.id)
    try:
        due = assignment.due.astimezone(dt.UTC).replace(tzinfo=None)
        gradebook.update_or_create_assignment(assignment.name, duedate=due, course_id=course.id)
    finally:
        gradebook.close()


__all__ = ["GradebookError", "ReleaseError", "ReleaseReport", "release"]
