"""Does a notebook get one score, however it is graded? Grade a mixed class in many ways and compare.

``python benchmarks/one_score.py`` makes a class (right, wrong, unfinished and endless notebooks of weeks 1, 3
and 5), grades it with two workers on the machine as it is, with one worker in reversed order, and beside
four processes that compute; and the same submissions with ``nbgrader autograde``, in a Gradescope container's
way, and on a Dask cluster. It prints a table of the scores that differ, and ends with 1 if any does.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from ruamel.yaml import YAML

from autograder.authoring.demo import make_course
from autograder.course.folders import Paths
from autograder.course.reading import load_course
from autograder.examiner.mutants import functions_of, load_mutants
from autograder.grading.grade import grade
from autograder.notebooks.metadata import grade_id, is_solution, node
from autograder.notebooks.reading import read_released
from autograder.notebooks.scripts import dump, read_script
from autograder.options import Options
from autograder.platforms.gradescope import package_gradescope

ROOT = Path(__file__).resolve().parents[1]
COUNTS = {"01_preprocessing": 16, "03_convolution": 16, "05_cnn": 8}
Scores = dict[str, dict[str, float | None]]
TOTAL = "total"


def mixed(root: Path, week: str, count: int, *, endless: bool = True) -> list[NotebookNode]:
    """Submissions of a week: the solution, the stub, and in turn alternatives, mutants, ``endless`` loops."""
    paths = Paths(root)
    released = read_released(paths.released(week))
    solved = read_script(paths.solution(week).read_text(encoding="utf-8"))
    solution = {grade_id(cell): cell.source for cell in solved.cells if cell.cell_type == "code"}

    def notebook(extra: list[dict[str, Any]]) -> NotebookNode:
        copied = node(released)
        for cell in copied.cells:
            if cell.cell_type == "code" and is_solution(cell):
                parts = [solution[grade_id(cell)]]
                parts += [e["source"] for e in extra if f"def {e['replaces']}(" in parts[0]]
                cell["source"] = "\n\n\n".join(parts)
        return copied

    read = YAML(typ="safe").load
    alternatives = read(paths.suite(week) / "alternatives.yml")
    mutants = [
        {"replaces": mutant.replaces, "source": mutant.source}
        for mutant in load_mutants(paths.suite(week), functions_of(solved))
        if not mutant.training
    ]
    names = sorted({entry["replaces"] for entry in mutants})
    made = [notebook([]), released]
    for turn in range(count - 2):
        name = names[turn % len(names)]
        if turn % 4 == 0:
            extra = [alternatives[turn % len(alternatives)]]
        elif endless and turn % 4 == 3:
            extra = [
                {"replaces": name, "source": f"def {name}(*args, **kwargs):\n    while True:\n        pass"}
            ]
        else:
            extra = mutants[7 * turn :: 41]
        made.append(notebook(extra))
    return made


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """Processes that compute for as long as this is open."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def by_cell(examinations: list[Any]) -> Scores:
    """Scores by student and grade cell; those for a person are left out."""
    return {
        found.student: {score.grade_id: score.points for score in found.scores if not score.manual}
        for found in examinations
    }


def with_kit(course: Path, week: str, **options: Any) -> Scores:
    """What ``autograder grade`` gives."""
    return by_cell(grade(course, week, Options(force=True, gradebook=False, **options)).examinations)


def reversed_order(course: Path, week: str) -> Scores:
    """With one worker, the last student first."""
    submitted = Paths(course).submitted
    students = sorted(folder.name for folder in submitted.iterdir() if (folder / week).is_dir())
    renamed = {name: f"r{len(students) - number:03}" for number, name in enumerate(students)}
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "course"
        shutil.copytree(course, copy, ignore=shutil.ignore_patterns("submitted", ".autograder", "autograded"))
        for name, other in renamed.items():
            shutil.copytree(submitted / name / week, copy / "submitted" / other / week)
        found = with_kit(copy, week, workers=1)
    return {name: found[other] for name, other in renamed.items()}


def beside_others(course: Path, week: str) -> Scores:
    """While four processes compute."""
    with busy(4):
        return with_kit(course, week, workers=2)


def with_nbgrader(course: Path, week: str) -> Scores:
    """What ``nbgrader autograde`` writes into its gradebook."""
    from autograder.gradebook.reading import read_grades

    shutil.rmtree(Paths(course).records, ignore_errors=True)  # or it would find them there
    subprocess.run(
        [Path(sys.executable).with_name("nbgrader"), "autograde", week, "--force"],
        cwd=course,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
    )
    manual = manual_cells(course, week)
    grades = read_grades(load_course(course), Paths(course), [week]).grades
    return {
        student: {name: points for name, points in found.cells.items() if name not in manual}
        for (student, _), found in grades.items()
    }


def manual_cells(course: Path, week: str) -> set[str]:
    """Grade ids of what a person grades."""
    from autograder.notebooks.metadata import is_manual

    return {grade_id(cell) for cell in read_released(Paths(course).released(week)).cells if is_manual(cell)}


def on_a_cluster(course: Path, week: str) -> Scores:
    """With two Dask workers on this machine."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:  # type: ignore[no-untyped-call]
        return with_kit(course, week, scheduler=cluster.scheduler_address)


def in_a_gradescope_container(course: Path, week: str) -> Scores:
    """One submission at a time by the script of the archive, in folders laid out as Gradescope's are.

    Its results have the student's points, and no grade cells: they stand under ``TOTAL``.
    """
    scores: Scores = {}
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        with zipfile.ZipFile(package_gradescope(course, week, late_penalty=False)) as archive:
            archive.extractall(root / "source")
        (root / "source" / "run_autograder").chmod(0o755)
        (root / "venv").symlink_to(sys.prefix)
        (root / "results").mkdir()
        for folder in sorted(Paths(course).submitted.glob(f"*/{week}")):
            shutil.copytree(folder, root / "submission")
            subprocess.run(
                [root / "source" / "run_autograder"],
                check=True,
                stdout=subprocess.DEVNULL,
                env=os.environ | {"AUTOGRADER_ROOT": str(root)},
            )
            results = json.loads((root / "results" / "results.json").read_bytes())
            scores[folder.parent.name] = {TOTAL: results["score"]}
            shutil.rmtree(root / "submission")
    return scores


WAYS: dict[str, Callable[[Path, str], Scores]] = {
    "two workers": lambda course, week: with_kit(course, week, workers=2),
    "one worker, reversed": reversed_order,
    "beside four busy processes": beside_others,
    "nbgrader autograde": with_nbgrader,
    "Dask, two workers": on_a_cluster,
    "Gradescope archive": in_a_gradescope_container,
}


def differences(first: Scores, scores: Scores) -> list[str]:
    """What ``scores`` say otherwise than ``first``, a line each."""
    lines = []
    for student, cells in first.items():
        found = scores.get(student, {})
        said = {TOTAL: round(sum(points or 0.0 for points in cells.values()), 6)} if TOTAL in found else cells
        lines += [
            f"{student} {cell}: {found.get(cell)} for {points}"
            for cell, points in said.items()
            if found.get(cell) != points
        ]
    return lines


def main() -> int:
    """Grade, compare, print; 1 if any score differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ways", nargs="*", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--weeks", nargs="*", choices=list(COUNTS), default=list(COUNTS))
    parser.add_argument("--count", type=int, default=0, help="submissions a week, instead of 16, 16 and 8")
    arguments = parser.parse_args()
    differing = 0
    print(f"{'week':18} {'way':28} {'seconds':>8} {'points of the class':>20} {'differ':>7}")
    for week in arguments.weeks:
        with tempfile.TemporaryDirectory() as scratch:
            course = make_course(ROOT, Path(scratch) / "course", week)
            submitted = Paths(course).submitted
            for number, notebook in enumerate(mixed(ROOT, week, arguments.count or COUNTS[week])):
                folder = submitted / f"s{number:02}" / week
                folder.mkdir(parents=True)
                (folder / f"{week}.ipynb").write_bytes(dump(notebook))
            first: Scores = {}
            for way in arguments.ways:
                begun = time.perf_counter()
                scores = WAYS[way](course, week)
                first = first or scores
                different = differences(first, scores)
                differing += len(different)
                total = sum(points or 0 for cells in scores.values() for points in cells.values())
                seconds = time.perf_counter() - begun
                print(f"{week:18} {way:28} {seconds:8.0f} {total:20.3f} {len(different):7}", flush=True)
                for line in different[:10]:
                    print(f"    {line}")
    print(json.dumps({"differ": differing}))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
