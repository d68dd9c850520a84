"""A week as a GitHub Classroom assignment: the template repository, and what its workflow runs.

A student can change everything in the repository, workflow included, and read every secret that the
workflow may use. So the public tests are all that there is in it; the hidden ones stay with the TA, whose
``autograder grade`` decides.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from autograder.bundle import (
    BundleSettings,
    engine_files,
    examine_one,
    find_notebook,
    released_files,
    settings_file,
    week_files,
    write_files,
)
from autograder.course import CourseError, Paths, load_course
from autograder.problem import GradeError

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
        run: python -P -m autograder.github "$GITHUB_WORKSPACE"
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
    draft = target.with_name(f".{target.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    write_files(draft, files)
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)
    return target


def run(repository: Path) -> str:
    """Grade the repository's notebook by the public tests; returns the line for ``$GITHUB_OUTPUT``.

    Raises:
        CourseError, GradeError: with one sentence for a person.
    """
    from autograder.export import github_result, step_output

    bundle = repository / BUNDLE
    week = BundleSettings.model_validate_json((bundle / "settings.json").read_bytes()).week
    _, course, examination = examine_one(bundle, find_notebook(repository, week), "submission")
    result = github_result(examination, "hints", course.language, tested_only=True)
    for test in result["tests"]:
        print(f"{test['name']}: {test['score']:g} of {test['max_score']:g}\n{test['message']}".strip())
    return step_output(result)


def main() -> None:
    """What the workflow starts: ``python -m autograder.github REPOSITORY``."""
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
