"""Give a name to wrong answers that several students gave: an entry of ``mutants.yml``, with gaps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import yaml

from autograder.course.folders import Paths
from autograder.course.models import Course
from autograder.course.reading import load_course
from autograder.files import write_atomically
from autograder.messages import Language
from autograder.notebooks.definitions import names_in
from autograder.notebooks.reading import read_released
from autograder.pages.wrong_answers import WrongAnswer, wrong_answers
from autograder.problem import GradeError
from autograder.submissions.naming import MUTANTS, Names, is_named, training_tests
from autograder.submissions.week import current_records


def name_group(root: Path, week: str, group: str) -> tuple[Path, int]:
    """Write the entry for a group of wrong answers; somebody has to fill in its words.

    Args:
        root: the course's folder.
        week: the assignment.
        group: as the report calls it.

    Returns:
        the file, and the line on which the entry begins.

    Raises:
        CourseError: the course has no such week.
        GradeError: there is no such group, it has an entry already, or the file cannot be added to.
    """
    course, paths = load_course(root), Paths(root)
    course.assignment(week)
    path = paths.suite(week) / MUTANTS
    names = Names.of(paths, week)
    records = current_records(course, paths, week).items()
    given = names_in(read_released(paths.released(week)))
    groups = wrong_answers(records, training_tests(paths.suite(week)), names.waiting, given)
    found = find_group(groups, week, group, "no wrong answer of several students is without a name")
    if found.entry:
        raise GradeError(
            f"The group {group} has the entry {found.entry} in {path.relative_to(root)}: "
            "fill in its misconception and hint."
        )
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    before = text.rstrip("\n") + "\n\n" if text.strip() else ""
    entry = _entry(course, found)
    content = before + entry
    try:
        entries = yaml.load(content, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        entries = None
    if not (isinstance(entries, list) and is_named(entries[-1])):
        raise GradeError(
            f"{path.relative_to(root)} is not a list of entries, each beginning with `- id:`: "
            f"mend it, and run `autograder name {week} {group}` again."
        )
    write_atomically(path, content.encode("utf-8"))
    return path, content[: len(before) + entry.index("- id:")].count("\n") + 1


class _Called(Protocol):
    @property
    def name(self) -> str: ...


_Group = TypeVar("_Group", bound=_Called)


def find_group(groups: Sequence[_Group], week: str, group: str, none: str) -> _Group:
    """The group that the report calls so.

    Args:
        groups: of the week, the largest first.
        week: the assignment.
        group: what it is called.
        none: said where there is no group at all.

    Raises:
        GradeError: there is no such group.
    """
    for one in groups:
        if one.name == group:
            return one
    there = ", ".join(one.name for one in groups[:20])
    what = f"there are {there}" if there else none
    raise GradeError(f"{week} has no group {group!r}: {what}; `autograder report {week}` shows them.")


def _entry(course: Course, found: WrongAnswer) -> str:
    several = len(course.languages) > 1
    places = [f'    {language}: ""' for language in Language] if several else []
    lines = [
        f"# Answered by {len(found.students)} students. Fill in what they believe and a nudge. The code is",
        "# the shortest of theirs, with what it uses of their own: read it, it is run as a mutant.",
        f"- id: {_quoted(found.name)}",
        f"  replaces: {_quoted(found.function)}",
        f"  answers: {_quoted(found.answers)}",
    ]
    for key in ("misconception", "hint"):
        lines += [f"  {key}:", *places] if several else [f'  {key}: ""']
    return "\n".join([*lines, *_source(found.code)]) + "\n"


def _source(code: str) -> list[str]:
    """The code as a block, or quoted where a block would not keep it as it is."""
    block = ["  source: |", *(f"    {line}".rstrip() for line in code.splitlines())]
    try:
        kept = yaml.load("\n".join(block) + "\n", Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        kept = None
    if code and isinstance(kept, dict) and kept["source"].rstrip("\n") == code.rstrip("\n"):
        return block
    return [f"  source: {_quoted(code)}"]


def _quoted(text: str) -> str:
    quoted: str = yaml.dump(text, default_style='"', width=float("inf"))
    return quoted.rstrip("\n")
