"""The kit and one week as files that grade one submission on another machine."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from pydantic import BaseModel, ConfigDict

from autograder.course.companions import PUBLIC_TESTS, released_beside
from autograder.course.folders import COURSE_FILE, Paths, split_unit
from autograder.course.models import Course
from autograder.course.reading import load_course
from autograder.examination import Examination, Status
from autograder.grading.pool import Pool, patience, worker_settings
from autograder.messages import NOTHING, Message, fact
from autograder.options import Options
from autograder.problem import GradeError
from autograder.submissions.found import Submission, read_file
from autograder.submissions.keys import submission_key, week_fingerprint
from autograder.submissions.week import demand_gradable

SETTINGS_FILE = "settings.json"
_PACKAGE = Path(__file__).parents[1]
_MAX_ENTRIES = 10_000
_EXTRAS = ("", "grade", "tensorflow")
"""Whose packages a bundle needs besides the base's own, which is the empty one."""


class BundleSettings(BaseModel):
    """What a bundle knows of itself: the file ``settings.json`` in it.

    Attributes:
        week: the assignment.
        public_only: whether it has the public tests only.
        switched_off: layers of confinement given up by the TA's explicit wish.
        late_penalty: whether lateness costs what ``course.yml`` says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    week: str
    public_only: bool = False
    switched_off: tuple[str, ...] = ()
    late_penalty: bool = True


@dataclass(frozen=True)
class Found:
    """The notebook among what was handed in.

    Attributes:
        raw: its bytes; None if there is none to read.
        problem: why not.
    """

    raw: bytes | None
    problem: Message = NOTHING


def engine_files() -> dict[str, bytes]:
    """The package's source and the list of what it needs, in the versions that are installed here."""
    files = {
        f"autograder/{path.relative_to(_PACKAGE).as_posix()}": path.read_bytes()
        for path in sorted(_PACKAGE.rglob("*"))
        if path.is_file() and path.suffix != ".pyc" and "__pycache__" not in path.parts
    }
    files["requirements.txt"] = "".join(f"{line}\n" for line in _requirements()).encode()
    return files


def _requirements() -> list[str]:
    """What grading needs, pinned to what is installed here; where the archive goes there is Linux."""
    pinned = set()
    for text in metadata.requires("autograder") or []:
        requirement = Requirement(text)
        if requirement.marker is not None and not any(
            requirement.marker.evaluate({"extra": extra, "sys_platform": "linux"}) for extra in _EXTRAS
        ):
            continue
        try:
            pinned.add(f"{requirement.name}=={metadata.version(requirement.name)}")
        except metadata.PackageNotFoundError:
            pinned.add(f"{requirement.name}{requirement.specifier}")
    return sorted(pinned)


def week_files(course: Course, paths: Paths, week: str, *, public_only: bool) -> dict[str, bytes]:
    """One week as a course folder of its own, below ``course/``.

    With ``public_only`` it holds nothing that students do not have: neither solution, hidden tests and
    mutants, nor the other weeks and the extensions in ``course.yml``.

    Raises:
        CourseError: there is no such week.
        GradeError: it is not released, or cannot be graded, or has no suite.
    """
    assignment = course.assignment(week)
    if assignment.notebooks or split_unit(week)[1] != week:
        raise GradeError(
            f"{week} has notebooks of other names, and another platform grades one of the week's own: "
            "grade it here, and write its grades with `autograder export`."
        )
    demand_gradable(course, paths, week)
    if not paths.public_tests(week).is_file():
        raise GradeError(f"{week} has no public tests: they belong in tests/hidden/{week}/test_public.py.")
    chosen = [paths.assignments / week / name for name in released_files(paths, week)]
    if public_only:
        chosen.append(paths.public_tests(week))
        reduced = course.model_dump(mode="json", include={"id", "title", "language", "timezone"})
        fields = {"name", "title", "release", "due", "tensorflow", "seed", "limits", "feedback"}
        reduced["assignments"] = [assignment.model_dump(mode="json", include=fields)]
        files = {COURSE_FILE: json.dumps(reduced, ensure_ascii=False, indent=1).encode()}
    else:
        if not paths.solution(week).is_file():
            raise GradeError(f"{week} has no solution: it belongs in solutions/{week}.py.")
        chosen += [paths.solution(week), *sorted(paths.suite(week).rglob("*"))]
        files = {COURSE_FILE: paths.course.read_bytes()}
        data = paths.data(course.data)
        if data is not None and not Path(course.data or "").is_absolute():
            chosen.append(data)
    for path in chosen:
        if path.is_file() and path.suffix != ".pyc" and not path.name.startswith("."):
            files[path.relative_to(paths.root).as_posix()] = path.read_bytes()
    return {f"course/{name}": content for name, content in files.items()}


def released_files(paths: Paths, week: str) -> list[str]:
    """Names of all that students get of a week, the notebook first."""
    tests = [PUBLIC_TESTS] if paths.released_tests(week).is_file() else []
    return [paths.released(week).name, *tests, *released_beside(paths, week)]


def settings_file(settings: BundleSettings) -> dict[str, bytes]:
    """``settings.json`` as a file of the bundle."""
    return {SETTINGS_FILE: (settings.model_dump_json(indent=1) + "\n").encode()}


def find_notebook(folder: Path, week: str) -> Found:
    """The week's notebook below ``folder``: the one called so, or else the only one there is.

    No link is followed and nothing hidden is looked at.
    """
    notebooks: list[Path] = []
    entries = 0
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        entries += len(folders) + len(names)
        if entries > _MAX_ENTRIES:
            return Found(None, fact("many-files", count=f"{_MAX_ENTRIES:,}", name=f"{week}.ipynb"))
        notebooks += [Path(where, name) for name in sorted(names) if _is_notebook(Path(where, name))]
    named = [path for path in notebooks if path.name == f"{week}.ipynb"]
    chosen = min(named, key=lambda path: len(path.parts), default=None)
    if chosen is None and len(notebooks) == 1:
        chosen = notebooks[0]
    if chosen is None:
        others = ", ".join(path.name[:60] for path in notebooks[:5])
        if others:
            return Found(None, fact("others-among-files", name=f"{week}.ipynb", others=others))
        return Found(None, fact("not-among-files", name=f"{week}.ipynb"))
    raw, problem = read_file(chosen)
    return Found(raw, problem)


def _is_notebook(path: Path) -> bool:
    try:
        return (
            path.suffix.casefold() == ".ipynb"
            and not path.name.startswith(".")
            and stat.S_ISREG(path.lstat().st_mode)
        )
    except OSError:
        return False


def examine_one(bundle: Path, found: Found, student: str) -> tuple[BundleSettings, Course, Examination]:
    """Grade one submission with the bundle's week and the same engine that grades a class.

    Args:
        bundle: folder with ``settings.json`` and ``course/``.
        found: the submission.
        student: whose it is.

    Raises:
        CourseError, GradeError: with one sentence for a person.
    """
    settings = BundleSettings.model_validate_json((bundle / SETTINGS_FILE).read_bytes())
    course, paths = load_course(bundle / "course"), Paths(bundle / "course")
    assignment = course.assignment(settings.week)
    demand_gradable(course, paths, settings.week)
    options = Options(
        workers=1, switched_off=settings.switched_off, gradebook=False, public_only=settings.public_only
    )
    fingerprint = week_fingerprint(course, paths, settings.week, options)
    key = submission_key(fingerprint, found.raw, found.problem)
    pool = Pool(worker_settings(course, paths, settings.week, options), 1, patience(assignment))
    try:
        submission = Submission.of(student, settings.week, found.raw, found.problem, key)
        (examination,) = pool.examine([submission])
    finally:
        pool.close()
    return settings, course, examination


def fault(examination: Examination) -> str:
    """What went wrong on the grader's side, in one line; empty if nothing did."""
    if examination.status is Status.GRADER_ERROR or any(not s.manual for s in examination.undecided):
        said = [str(notice.text) for notice in examination.notices if notice.code == "grader-error"]
        said += [str(test.message) for test in examination.tests if test.verdict == "grader-error"]
        return " ".join((said or ["a test ended in a grader error"])[0].split())
    return ""


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a bundle's files below ``folder``."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o644)
