"""The same submissions for every grader: right ones, whose functions take turns, and wrong ones."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from ruamel.yaml import YAML

from autograder.authoring.demo import make_course
from autograder.authoring.sample import build
from autograder.course.folders import Paths
from autograder.course.reading import load_course
from autograder.examiner.mutants import functions_of, load_mutants
from autograder.notebooks.definitions import defined_names
from autograder.notebooks.metadata import grade_id, is_solution, node
from autograder.notebooks.reading import read_released
from autograder.notebooks.scripts import dump, read_script

_WARNS = re.compile(r"\binput_(shape|dim)\b")
"""Keras warns of it on stderr, for which stock nbgrader gives nothing."""
_ACTION = re.compile(r"^# %% (\w+)=", re.M)


def make_class(root: Path, folder: Path, week: str, count: int) -> tuple[Path, list[str]]:
    """A course in ``folder`` with ``week`` released and ``count`` right submissions; and the students."""
    course = make_course(root, folder, week)
    paths = Paths(course)
    return course, write_class(root, week, read_released(paths.released(week)), paths.submitted, count)


def make_mixed_class(root: Path, folder: Path, week: str, count: int) -> tuple[Path, list[str]]:
    """The same, with every second submission spoilt: one function is a wrong implementation of the week's.

    The wrong implementations take turns, those that train left out; each notebook is a file of its own.
    """
    course, students = make_class(root, folder, week, count)
    paths = Paths(course)
    solved = read_script(paths.solution(week).read_text(encoding="utf-8"))
    mutants = [m for m in load_mutants(paths.suite(week), functions_of(solved)) if not m.training]
    order = itertools.cycle(mutants[turn % len(mutants)] for turn in range(0, 7 * len(mutants), 7))
    for student in (each for each in students if not is_right(each)):
        file = paths.submission(student, week)
        notebook = nbformat.reads(file.read_text(encoding="utf-8"), as_version=4)  # type: ignore[no-untyped-call]
        mutant = next(order)
        for cell in notebook.cells:
            if (
                cell.cell_type == "code"
                and is_solution(cell)
                and mutant.replaces in defined_names(cell.source)
            ):
                cell["source"] += f"\n\n\n{mutant.source}"
        file.write_bytes(dump(notebook))
    return course, students


def is_right(student: str) -> bool:
    """Whether this student of a mixed class has earned everything; every second one has not."""
    return int(student.rpartition("-")[2]) % 2 == 1


def write_class(root: Path, week: str, released: NotebookNode, target: Path, count: int) -> list[str]:
    """Write ``count`` submissions into nbgrader's folder ``target``; no two are the same file.

    Args:
        root: the repository, with the week's solution, alternatives and sample class.
        week: the assignment.
        released: the notebook as students got it.
        target: ``submitted/`` of a course.
        count: how many.

    Returns:
        the students.
    """
    variants = itertools.cycle([*_sample(root, week, released), *_combined(root, week, released)])
    students = []
    for number, notebook in zip(range(1, count + 1), variants, strict=False):
        student = f"student-{number:05}"
        copied = node(notebook)
        copied.cells.append(nbformat.v4.new_markdown_cell(f"Handed in by {student}.", id=f"own-{number}"))  # type: ignore[no-untyped-call]
        folder = target / student / week
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{week}.ipynb").write_bytes(dump(copied))
        students.append(student)
    return students


def _sample(root: Path, week: str, released: NotebookNode) -> Iterator[NotebookNode]:
    """Those of the week's sample class that earn everything and only filled in what was asked for.

    The others have cells of their own, such as endless loops, or write to stderr, for which stock nbgrader
    gives nothing.
    """
    folder = root / "tests" / "submissions" / week
    if not (folder / "expected.yml").is_file():
        return
    expected = YAML(typ="safe").load(folder / "expected.yml")
    for student, result in expected.items():
        script = folder / f"{student}.py"
        if "lost" in result or "status" in result or not script.is_file():
            continue
        text = script.read_text(encoding="utf-8")
        if set(_ACTION.findall(text)) == {"replace"}:
            yield build(text, released)


def _combined(root: Path, week: str, released: NotebookNode) -> list[NotebookNode]:
    """The solution, with another right implementation of each function below its own."""
    paths = Paths(root)
    solution = {
        grade_id(cell): cell.source
        for cell in read_script(paths.solution(week).read_text(encoding="utf-8")).cells
        if cell.cell_type == "code"
    }
    week_uses_tensorflow = load_course(root).assignment(week).tensorflow
    file = paths.suite(week) / "alternatives.yml"
    alternatives: dict[str, list[str]] = {}
    for entry in YAML(typ="safe").load(file) if file.is_file() else []:
        # TensorFlow's import would be most of what is measured, where a week does without it.
        light = week_uses_tensorflow or "tensorflow" not in entry["source"]
        # Data in another shape fits the solution's functions, but not each of the others.
        is_function = f"def {entry['replaces']}(" in entry["source"]
        if light and is_function and not _WARNS.search(entry["source"]):
            alternatives.setdefault(entry["replaces"], []).append(entry["source"])
    rounds = max((len(sources) for sources in alternatives.values()), default=1)
    notebooks = []
    for turn in range(rounds):
        notebook = node(released)
        for cell in notebook.cells:
            if cell.cell_type != "code" or not is_solution(cell):
                continue
            parts = [solution[grade_id(cell)]]
            parts += [
                sources[turn % len(sources)]
                for name, sources in alternatives.items()
                if name in defined_names(parts[0])
            ]
            cell["source"] = "\n\n\n".join(part.strip("\n") for part in parts)
        notebooks.append(notebook)
    return notebooks
