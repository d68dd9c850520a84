"""A new course to start from: one small week that is sound as it stands, in a folder of its own."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from autograder.course.folders import SCHEMA_FILE, Paths
from autograder.course.reading import course_schema
from autograder.examination import Text
from autograder.files import write_atomically
from autograder.messages import Language
from autograder.problem import Problem

WEEK = "01_scaling"
_TITLE = Text(en="Scaling", ko="범위 맞추기")
_CONFIG = Path(__file__).with_name("nbgrader_config.txt")


class NewCourseError(Problem, ValueError):
    """The course cannot be made; the text is one sentence with the way out."""


def new_course(folder: Path, language: Language | None = None) -> list[Path]:
    """Make a course of one small week, released, which ``autograder verify`` finds sound.

    Args:
        folder: made, or empty.
        language: the only one of the course; English and Korean if None.

    Returns:
        the files that were made.

    Raises:
        NewCourseError: there is something in the folder already.
    """
    from autograder.authoring.new_week import new_week

    there = folder.exists()
    demand_empty(folder)
    try:
        settings = write_settings(folder, course_text(folder.resolve().name, language))
        title = _TITLE if language is None else Text(en=_TITLE.in_(language), ko=_TITLE.in_(language))
        return [*settings, *new_week(folder, WEEK, title)[1:]]
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        if there:
            folder.mkdir(exist_ok=True)
        raise


def demand_empty(folder: Path) -> None:
    """Raises :class:`NewCourseError` if a course cannot be made in the folder."""
    try:
        taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except OSError as error:
        raise NewCourseError(f"{folder} cannot be read: {error.strerror}.") from None
    if taken:
        raise NewCourseError(f"{folder} exists already: name a folder that is empty or not there yet.")


def write_settings(folder: Path, course: str, nbgrader: str = "") -> list[Path]:
    """Write ``course.yml``, its schema, ``nbgrader_config.py`` and ``.gitignore``.

    Args:
        folder: of the course, made if there is none.
        course: content of ``course.yml``.
        nbgrader: lines for the end of ``nbgrader_config.py``.

    Returns:
        the files.
    """
    paths = Paths(folder)
    schema = json.dumps(course_schema(), indent=2, ensure_ascii=False) + "\n"
    files = {
        paths.course: course,
        paths.config: _CONFIG.read_text(encoding="utf-8") + nbgrader,
        folder / SCHEMA_FILE: schema,
        folder / ".gitignore": _IGNORED,
    }
    for path, text in files.items():
        write_atomically(path, text.encode())
    return list(files)


def course_text(name: str, language: Language | None, weeks: str = "assignments: []\n") -> str:
    """The content of a new ``course.yml``.

    Args:
        name: of the course.
        language: its only one; English and Korean if None.
        weeks: the list of assignments.
    """
    spoken = language or Language.EN
    listed = ", ".join(Language) if language is None else language
    return _COURSE.format(
        id=course_id(name),
        title=json.dumps(name, ensure_ascii=False),
        language=spoken,
        languages=listed,
        weeks=weeks,
    )


def course_id(name: str) -> str:
    """What nbgrader calls a course of this name."""
    kept = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-_")[:64]
    return kept or "course"


_COURSE = f"""\
# yaml-language-server: $schema={SCHEMA_FILE}
#
# The course. Times are in the time zone given here; a date without a time means the end of that day
# for `due` and its beginning for `release`. After a change, `autograder release WEEK` brings it to students.
id: {{id}}
title: {{title}}
language: {{language}} # of the released notebooks: en or ko
languages: [{{languages}}] # those in which everything exists that a student reads
timezone: UTC # yours, for example Asia/Seoul

late:
  grace: 15 minutes # so much later is not late
  penalty: none # percent of what was earned for each day begun; none: only recorded; zero: earns 0

{{weeks}}"""

_IGNORED = """\
# What commands make, and what students hand in: for the staff, and not for a repository.
.autograder/
gradebook.db*
submitted/
attempts/
autograded/
feedback/
report/
exports/
comments/
roster.csv
__pycache__/
.ipynb_checkpoints/
"""
