"""``solutions/`` → ``assignments/``: nbgrader strips the solution, this module sees to the rest."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.preprocessors import ClearHiddenTests, ClearMarkScheme, ClearSolutions, InstantiateTests
from traitlets.config import Config

from autograder.authoring.requirements import is_made, requirements
from autograder.authoring.translation import translated
from autograder.course.companions import (
    METADATA,
    CompanionError,
    demand_room,
    kept_with_solution,
    released_beside,
    reserved,
    with_conditions,
)
from autograder.course.folders import COURSE_FILE, Paths, split_unit
from autograder.course.models import Assignment, Course
from autograder.course.nbgrader import GradebookError, gradebook_url, nbgrader_config, open_gradebook
from autograder.files import drafted_folder
from autograder.gradebook.known import is_entered
from autograder.messages import Language
from autograder.notebooks.cell_tests import keep_cell_tests
from autograder.notebooks.metadata import (
    grade_id,
    is_manual,
    is_solution,
    is_test,
    nbgrader_metadata,
    node,
    points,
    tags,
)
from autograder.notebooks.reading import read_released
from autograder.notebooks.scripts import PYTHON, dump, read_script, with_stable_ids
from autograder.problem import Problem
from autograder.submissions.week import hidden_tests_in_cells

_REGIONS = ("SOLUTION", "HIDDEN TESTS", "MARK SCHEME")
_REQUIREMENTS = "requirements.txt"
_SHOWN = 6
"""File names that a report's line says."""


class ReleaseError(Problem, ValueError):
    """The week cannot be released as it is written; the text is for the instructor, in one sentence."""


@dataclass(frozen=True)
class ReleaseReport:
    """What a release made.

    Attributes:
        assignment: the week.
        folder: where it lies.
        language: of its prose.
        files: names of the files that students get.
        cells: number of cells in the notebook.
        test_cells: how many of them are worth points that tests decide.
        manual_cells: how many a person grades.
        points: sum of all points.
        changed: whether the folder differs from what was there before.
        remark: what an author should know of it, if anything.
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
    remark: str = ""

    def __str__(self) -> str:
        answers = f" and {self.manual_cells} for a person to grade" if self.manual_cells else ""
        state = "" if self.changed else ", as it was"
        names = ", ".join(self.files[:_SHOWN])
        more = f" and {len(self.files) - _SHOWN} more" if len(self.files) > _SHOWN else ""
        return (
            f"{self.folder} ({self.language}{state}): {names}{more}; "
            f"{self.cells} cells, {self.points:g} points in {self.test_cells} test cells{answers}."
        ) + (f"\nNote: {self.remark}" if self.remark else "")


def release(
    course: Course, assignment: Assignment, paths: Paths, language: Language | None = None
) -> ReleaseReport:
    """Make what students get of a week, and enter the week in the gradebook.

    The folder is put in place as a whole or not at all, and releasing the same solution twice gives
    the same bytes. What lies in ``solutions/<week>/`` is released beside the notebook, and what somebody
    put into the folder by hand stays. Where the course has a ``requirements.lock`` and the author wrote no
    ``requirements.txt``, one with what the notebook imports is released, too. Raises :class:`ReleaseError`
    where the solution notebook cannot be released.

    Args:
        course: the course.
        assignment: the week.
        paths: where things are.
        language: of the prose; the course's own if None.
    """
    language = language or course.language
    if language not in course.languages:
        said = ", ".join(course.languages)
        raise ReleaseError(f"{COURSE_FILE} has only {said} in `languages`: add {language} there first.")
    name = assignment.name
    config = nbgrader_config(paths.root)
    own = _own_files(assignment, paths, language)
    before = _contents(paths.source / name)
    kept, by_hand, stale = _companions(paths, assignment, before)
    if paths.lock.is_file() and _REQUIREMENTS not in kept:
        if is_made(paths.assignments / name / _REQUIREMENTS):
            by_hand.discard(_REQUIREMENTS)
        if _REQUIREMENTS not in by_hand:
            solutions = [_solution(paths, unit) for unit in assignment.units]
            kept[_REQUIREMENTS] = requirements(solutions, paths.lock.read_text(encoding="utf-8")).encode()
            stale.discard(_REQUIREMENTS)

    url = gradebook_url(paths, config)
    open_gradebook(url, course.id).close()
    _fill(paths.source / name, own | kept, only=True)
    try:
        with _build_folder(paths) as build:
            _generate(config, course, name, paths, build, url, language)
            files = _contents(build / name)
        beside = sorted((files.keys() | by_hand) - reserved(name, assignment.notebooks))
        released = {
            paths.released(unit).name: _finished(
                files[paths.released(unit).name], unit, language, beside, _marks(config)
            )
            for unit in assignment.units
        }
    except BaseException:
        _fill(paths.source / name, before, only=True)  # what was released last, as ever
        raise
    files |= {notebook: dump(content) for notebook, content in released.items()}
    gone = {file for file in before if Path(file).suffix == ".ipynb"} - own.keys()
    tests = {paths.released_tests(unit).name for unit in assignment.units}
    changed = _fill(paths.assignments / name, files, without=stale | gone | (tests - files.keys()))
    _keep_cell_tests(assignment, paths, url, course, released)
    _enter_due_date(url, course, assignment)
    cells = [cell for notebook in released.values() for cell in notebook.cells]
    units = () if assignment.hidden_tests == "cells" else assignment.units
    told = [hidden_tests_in_cells(paths, unit) for unit in units]
    return ReleaseReport(
        assignment=name,
        folder=paths.assignments / name,
        language=language,
        files=(*(file for file in (*released, *sorted(tests)) if file in files), *beside),
        cells=len(cells),
        test_cells=sum(map(is_test, cells)),
        manual_cells=sum(map(is_manual, cells)),
        points=sum(map(points, cells)),
        changed=changed,
        remark=next(filter(None, told), ""),
    )


def enter_when_needed(course: Course, assignment: Assignment, paths: Paths) -> bool:
    """Have a released week in the gradebook, as in a clone of a course, where there is none yet.

    The gradebook is no part of a repository, and neither are the hidden tests of a week that has them in its
    cells. What students have got stays as it is.

    Returns:
        whether anything had to be done.

    Raises:
        ReleaseError: the week has to be entered and its solution is not there, or cannot be released.
    """
    if not all(paths.released(unit).is_file() for unit in assignment.units):
        return False  # whoever needs it says so
    config = nbgrader_config(paths.root)
    url = gradebook_url(paths, config)
    entered = is_entered(paths, assignment)
    if entered is None:
        with open_gradebook(url, course.id) as gradebook:
            entered = any(each.name == assignment.name for each in gradebook.assignments)
    if entered:
        return False
    source = _own_files(assignment, paths, course.language)
    kept, _, _ = _companions(paths, assignment, {})
    open_gradebook(url, course.id).close()
    _fill(paths.source / assignment.name, source | kept, only=True)
    with _build_folder(paths) as build:
        _generate(config, course, assignment.name, paths, build, url, course.language)
    released = {paths.released(unit).name: read_released(paths.released(unit)) for unit in assignment.units}
    _keep_cell_tests(assignment, paths, url, course, released)
    _enter_due_date(url, course, assignment)
    return True


def _own_files(assignment: Assignment, paths: Paths, language: Language) -> dict[str, bytes]:
    """The assignment's notebooks with their solutions, and its public tests, by name."""
    files = {}
    for unit in assignment.units:
        solution = _solution(paths, unit)
        _check(solution, paths.solution(unit).name)
        if language is Language.KO:
            solution = translated(solution, paths.translation(unit))
        files[paths.released(unit).name] = dump(solution)
        if (tests := paths.public_tests(unit)).is_file():
            files[paths.released_tests(unit).name] = with_conditions(tests.read_bytes(), assignment)
    return files


def _keep_cell_tests(
    assignment: Assignment, paths: Paths, url: str, course: Course, released: Mapping[str, NotebookNode]
) -> None:
    """Keep the test cells with hidden tests as nbgrader has them in its gradebook, where they decide."""
    if assignment.hidden_tests != "cells":
        return
    with open_gradebook(url, course.id) as gradebook:
        for unit in assignment.units:
            week, notebook = split_unit(unit)
            known = {cell.name: cell.source for cell in gradebook.find_notebook(notebook, week).source_cells}
            tests = [cell for cell in released[f"{notebook}.ipynb"].cells if is_test(cell)]
            hidden = {
                grade_id(cell): known[grade_id(cell)]
                for cell in tests
                if known.get(grade_id(cell), cell.source) != cell.source
            }
            keep_cell_tests(paths.cell_tests(unit), hidden)


def _companions(
    paths: Paths, assignment: Assignment, before: Mapping[str, bytes]
) -> tuple[dict[str, bytes], set[str], set[str]]:
    """What goes beside the notebook: kept with the solution; put there by hand; released once, and not now.

    Args:
        paths: of the course.
        assignment: the week.
        before: what the last release was made from.
    """
    name, notebooks = assignment.name, assignment.notebooks
    try:
        kept, there = kept_with_solution(paths, name, notebooks), released_beside(paths, name, notebooks)
        # What somebody has changed since is theirs.
        stale = {file for file in there.keys() - kept.keys() if before.get(file) == there[file]}
        by_hand = there.keys() - kept.keys() - stale
        label = f"solutions/{name} and assignments/{name}"
        demand_room(label, kept | {file: there[file] for file in by_hand})
    except CompanionError as error:
        raise ReleaseError(str(error)) from None
    return kept, by_hand, stale


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
                    f"{file}: the grade id {name!r} appears {times} times; give each cell its own."
                )
    for cell in solution.cells:
        first = cell.source.strip().split("\n")[0][:60]
        place = grade_id(cell) or f"that starts with {first!r}"
        marks = re.findall(r"(BEGIN|END) SOLUTION", cell.source)
        if marks and not is_solution(cell):
            raise ReleaseError(f"{file}: the cell {place} has a solution region but is not a solution cell.")
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


def autotests_name(paths: Paths) -> str:
    """File in the course's folder from which nbgrader makes tests of lines with ``AUTOTEST``."""
    return str(InstantiateTests(config=nbgrader_config(paths.root)).autotest_filename)


@contextmanager
def _errors() -> Iterator[tuple[logging.Logger, list[str]]]:
    """A logger for nbgrader that keeps what it says of errors to itself."""
    said: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    log = logging.Logger("autograder.authoring.release", logging.ERROR)
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


def _marks(config: Config) -> tuple[str, ...]:
    """What begins or ends a hidden region, in nbgrader's own words and in those of the course."""
    solutions, tests, schemes = (
        kind(config=config) for kind in (ClearSolutions, ClearHiddenTests, ClearMarkScheme)
    )
    usual = (f"{place} {what}" for place in ("BEGIN", "END") for what in _REGIONS)
    return (
        *usual,
        solutions.begin_solution_delimeter,
        solutions.end_solution_delimeter,
        tests.begin_test_delimeter,
        tests.end_test_delimeter,
        schemes.begin_mark_scheme_delimeter,
        schemes.end_mark_scheme_delimeter,
    )


def _finished(
    raw: bytes, name: str, language: Language, beside: Sequence[str], marks: Sequence[str]
) -> NotebookNode:
    """The generated notebook with stable ids and metadata; refuses to let a solution out."""
    released: NotebookNode = nbformat.reads(raw.decode("utf-8"), as_version=4)  # type: ignore[no-untyped-call]
    released["metadata"] = node(
        PYTHON | {METADATA: {"language": str(language)} | ({"files": list(beside)} if beside else {})}
    )
    for cell in released.cells:
        if any(mark in cell.source for mark in marks):
            raise ReleaseError(
                f"{name}: the cell {grade_id(cell) or 'without a grade id'} would show students a line with "
                "BEGIN or END of a hidden region; look at its markers."
            )
    return with_stable_ids(released)


def _contents(folder: Path) -> dict[str, bytes]:
    """All plain files below a folder by relative name."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.is_symlink()
    }


def _fill(
    folder: Path, files: Mapping[str, bytes], *, without: Collection[str] = (), only: bool = False
) -> bool:
    """Put files into the folder, at once; returns whether anything was different.

    Args:
        folder: made if there is none.
        files: by relative name.
        without: names of files that go; all else that lies there stays.
        only: nothing else stays.
    """
    present = _contents(folder)
    gone = present.keys() - files.keys() if only else present.keys() & set(without)
    if folder.is_dir() and not gone and files.items() <= present.items():
        return False
    with drafted_folder(folder) as draft:
        if folder.is_dir() and not only:
            shutil.copytree(folder, draft, symlinks=True, dirs_exist_ok=True)
        draft.chmod(0o755)
        for name in () if only else gone:
            (draft / name).unlink()
            with contextlib.suppress(OSError):  # up to the first folder that is not empty now
                for parent in Path(name).parents[:-1]:
                    (draft / parent).rmdir()
        for name, content in files.items():
            _place(draft, name, content)
    return True


def _place(folder: Path, name: str, content: bytes) -> None:
    """Write a file into the folder, also where a link would lead out of it."""
    path = folder / name
    for place in (*reversed(path.relative_to(folder).parents), path.relative_to(folder)):
        if (folder / place).is_symlink():
            (folder / place).unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _enter_due_date(url: str, course: Course, assignment: Assignment) -> None:
    """nbgrader reckons lateness from the due date in its database, in UTC."""
    gradebook = open_gradebook(url, course.id)
    try:
        due = assignment.due.astimezone(dt.UTC).replace(tzinfo=None)
        gradebook.update_or_create_assignment(assignment.name, duedate=due, course_id=course.id)
    finally:
        gradebook.close()


__all__ = ["GradebookError", "ReleaseError", "ReleaseReport", "release"]
