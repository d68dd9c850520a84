"""A week as a GitHub Classroom assignment: the template repository, and what its workflow runs.

A student can change everything in the repository, workflow included, and read every secret that the
workflow may use. So the public tests are all that there is in it; the hidden ones stay with the TA, whose
``autograder grade`` decides.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autograder.course.folders import CourseError, Paths
from autograder.course.models import Level
from autograder.course.reading import load_course
from autograder.examination import Examination, Status
from autograder.files import drafted_folder, json_bytes, write_atomically
from autograder.gradebook.grades import Grade
from autograder.messages import Language
from autograder.platforms.bundle import (
    BundleSettings,
    engine_files,
    examine_one,
    find_notebook,
    released_files,
    settings_file,
    week_files,
    write_files,
)
from autograder.platforms.items import examined, items
from autograder.problem import GradeError
from autograder.wording import words
from autograder.wording.policy import feedback_level

WORKFLOW = ".github/workflows/classroom.yml"
BUNDLE = ".github/autograder"

_WORKFLOW = """\
name: Autograding

on: [push, workflow_dispatch]

permissions:
  checks: write
  actions: read
  contents: read

jobs:
  autograding:
    runs-on: ubuntu-24.04
    timeout-minutes: 30
    if: github.actor != 'github-classroom[bot]'
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
          cache: pip
          cache-dependency-path: {bundle}/requirements.txt
      - run: python -m pip install --disable-pip-version-check -r {bundle}/requirements.txt
      - name: Public tests of {week}
        id: autograder
        run: python -P -m autograder.platforms.github "$GITHUB_WORKSPACE"
        env:
          PYTHONPATH: ${{{{ github.workspace }}}}/{bundle}
      - name: Report
        uses: classroom-resources/autograding-grading-reporter@v1
        env:
          AUTOGRADER_RESULTS: ${{{{ steps.autograder.outputs.result }}}}
        with:
          runners: autograder
"""


def workflow(week: str) -> str:
    """The workflow that grades the public tests of a week and reports to GitHub Classroom."""
    return _WORKFLOW.format(week=week, bundle=BUNDLE)


def package_github(root: Path, week: str) -> Path:
    """Write ``exports/github-<week>-template/``, the template repository of an assignment.

    Args:
        root: the course's folder.
        week: the assignment.

    Returns:
        the folder.
    """
    course, paths = load_course(root), Paths(root)
    settings = BundleSettings(week=week, public_only=True)
    bundle = {
        **settings_file(settings),
        **engine_files(),
        **week_files(course, paths, week, public_only=True),
    }
    files = {f"{BUNDLE}/{name}": content for name, content in bundle.items()}
    files[WORKFLOW] = workflow(week).encode()
    for name in released_files(paths, week):
        files[name] = (paths.assignments / week / name).read_bytes()
    target = paths.exports / f"github-{week}-template"
    with drafted_folder(target) as draft:
        write_files(draft, files)
    return target


def run(repository: Path) -> str:
    """Grade the repository's notebook by the public tests; returns the line for ``$GITHUB_OUTPUT``.

    Raises:
        CourseError, GradeError: with one sentence for a person.
    """
    from autograder.platforms.github import github_result, step_output

    bundle = repository / BUNDLE
    week = BundleSettings.model_validate_json((bundle / "settings.json").read_bytes()).week
    _, course, examination = examine_one(bundle, find_notebook(repository, week), "submission")
    result = github_result(examination, "hints", course.language, tested_only=True)
    for test in result["tests"]:
        print(f"{test['name']}: {test['score']:g} of {test['max_score']:g}\n{test['message']}".strip())
    return step_output(result)


def main() -> None:
    """What the workflow starts: ``python -m autograder.platforms.github REPOSITORY``."""
    try:
        line = run(Path(sys.argv[1]))
    except (CourseError, GradeError) as error:
        print(f"autograder: {error}", file=sys.stderr)
        sys.exit(1)
    output = os.environ.get("GITHUB_OUTPUT")
    if output:
        with open(output, "a", encoding="utf-8") as file:
            file.write(line)
    else:
        print(line, end="")


if __name__ == "__main__":
    main()


def github_result(
    examination: Examination,
    level: Level,
    language: Language = Language.EN,
    grade: Grade | None = None,
    *,
    tested_only: bool = False,
) -> dict[str, Any]:
    """GitHub Classroom's result of one submission, as its graders' step output holds it (before base64).

    Args:
        examination: the record.
        level: how much is told of the tests.
        language: of what is told.
        grade: of the gradebook, if it is to count instead of the record.
        tested_only: leave out cells that no test was run for.
    """
    listed = items(examination, level, language, None if grade is None else grade.cells)
    if tested_only and (tested := {test.cell for test in examination.tests}):
        listed = tuple(item for item in listed if item.name in tested)
    failed = examination.status is not Status.GRADED or not all(item.passed for item in listed)
    tests: list[dict[str, Any]] = [
        {
            "name": item.name,
            "status": "pass" if item.passed else "fail",
            "message": "\n".join(item.lines),
            "score": round(item.points or 0.0, 6),
            "max_score": item.max_points,
            "test_code": "",
            "filename": f"{examination.assignment}.ipynb",
            "line_no": 0,
            "duration": round(item.seconds, 3),
        }
        for item in listed
    ]
    if grade is not None and grade.penalty:
        said = words.word("late", language, points=words.number(grade.penalty))
        deducted = {"name": "late", "status": "pass", "message": said}
        tests.append({**deducted, "score": -round(min(grade.penalty, grade.points), 6), "max_score": 0})
    return {
        "version": 1,
        "status": "error" if examination.status is Status.GRADER_ERROR else "fail" if failed else "pass",
        "max_score": sum(item.max_points for item in listed),
        "tests": tests,
    }


def step_output(result: Mapping[str, Any]) -> str:
    """The result as the line that a workflow's step appends to ``$GITHUB_OUTPUT``."""
    encoded = base64.b64encode(json.dumps(result, ensure_ascii=False).encode("utf-8", "replace")).decode()
    return f"result={encoded}\n"


def export_github(root: Path, week: str) -> list[Path]:
    """Write ``exports/github-<week>/<student>.json`` for the class; returns their paths."""
    course, paths = load_course(root), Paths(root)
    now = dt.datetime.now(dt.UTC)
    written = []
    for student, examination, grade in examined(course, paths, week):
        level = feedback_level(course, week, student, now, extension=grade.extension)
        result = github_result(examination, level, course.language, grade)
        path = paths.exports / f"github-{week}" / f"{student}.json"
        write_atomically(path, json_bytes(result))
        written.append(path)
    return written
