"""The graders that are compared, each with a course folder of its own and the same submissions."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import measure
from floor import apart, bare_on_all_cores, mean, record
from measure import Cost
from nbformat import NotebookNode
from submissions import is_right

from autograder.course.folders import Paths
from autograder.course.reading import load_course
from autograder.mnist import digits
from autograder.notebooks.metadata import grade_id, is_test, nbgrader_metadata, tags
from autograder.notebooks.reading import read_released

STOCK_CONFIG = """\
c = get_config()
c.CourseDirectory.course_id = "benchmark"
c.CourseDirectory.release_directory = "assignments"
c.ClearSolutions.code_stub = {{"python": "raise NotImplementedError()"}}
c.ExecutePreprocessor.timeout = {seconds}
"""
"""nbgrader as it comes: its own Execute, its own preprocessors; the notebook's asserts carry the points."""

_FLOOR_OF = 200
"""Submissions of a class at the most that are run bare: what they were asked is noted one after another."""

_KERAS = """\
import numpy as np


def load_data(path="mnist.npz"):
    with np.load({path!r}) as file:
        return (file["x_train"], file["y_train"]), (file["x_test"], file["y_test"])
"""


_REAL_KERAS = f"""\
import keras.datasets.mnist
{_KERAS}

keras.datasets.mnist.load_data = load_data
del keras, np, load_data
"""

_WITHOUT_TRAINING = """\
from pathlib import Path
from autograder.grading.grade import grade
from autograder.options import Options
from autograder.show import Display, print_scores
with Display() as display:
    print_scores(grade(Path(), {week!r}, Options(training=False), display.advance))
"""


class ScoresDiffer(Exception):
    """A grader took points from a submission that is right, or none from a wrong one; the text says which."""


@dataclass(frozen=True)
class Bench:
    """What all graders share.

    Attributes:
        root: the repository.
        folder: for everything that is made.
        week: the assignment.
        training: whether the kit's tests that train a model are run; the peers have none such.
    """

    root: Path
    folder: Path
    week: str
    training: bool = True

    def environment(self, extra: Iterable[Path] = ()) -> dict[str, str]:
        """Of every command: programs of this environment first, and nothing that asks the network."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        known = [str(folder) for folder in extra]
        known += [os.environ["PYTHONPATH"]] if "PYTHONPATH" in os.environ else []
        environment = dict(os.environ) | {"PATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"}
        return environment | ({"PYTHONPATH": os.pathsep.join(known)} if known else {})

    def data_folder(self) -> Path:
        """For the peers' kernels: the students' data, and a light ``keras.datasets`` to load them with.

        Where a week needs no TensorFlow, the kit's candidates get such a module, too. With the real one
        each notebook would cost the peers TensorFlow's import: the comparison would be kinder to the kit.
        """
        folder = self.folder / "keras"
        if not folder.exists():
            (folder / "home" / "datasets").mkdir(parents=True)
            file = folder / "home" / "datasets" / "mnist.npz"
            course = load_course(self.root)
            digits.write_student_npz(file, digits.course_data(Paths(self.root).data(course.data)))
            if not course.assignment(self.week).tensorflow:
                module = folder / "light" / "keras" / "datasets"
                module.mkdir(parents=True)
                (module.parent / "__init__.py").touch()
                (module / "__init__.py").touch()
                (module / "mnist.py").write_text(_KERAS.format(path=str(file)), encoding="utf-8")
            else:
                # The real one refuses any other file than MNIST as it knows it, so every kernel is told.
                startup = folder / "ipython" / "profile_default" / "startup"
                startup.mkdir(parents=True)
                (startup / "data.py").write_text(_REAL_KERAS.format(path=str(file)), encoding="utf-8")
        return folder

    def kernels(self) -> dict[str, str]:
        """The environment of a peer, whose kernels have the students' data."""
        keras = self.data_folder()
        told = {"KERAS_HOME": str(keras / "home"), "IPYTHONDIR": str(keras / "ipython")}
        return self.environment([keras / "light"]) | told


@dataclass
class Grader:
    """One grader; ``prepare`` makes a course around the submissions, ``grade`` is what is measured."""

    bench: Bench
    name: str

    def prepare(self, course: Path, count: int) -> Path:
        """A course folder of its own; ``course`` has everything released and handed in."""
        if (course / "autograded").exists():
            raise ScoresDiffer(
                f"{course.name} is graded already, so that {self.name} would have nothing to do"
            )
        folder = self.bench.folder / f"{type(self).__name__}-{count}"
        shutil.copytree(course, folder)
        return folder

    def grade(self, folder: Path) -> Cost:
        """Grade everything."""
        raise NotImplementedError

    def check(self, folder: Path, count: int) -> None:
        """Raise :class:`ScoresDiffer` unless whoever is right has full marks for what is graded
        automatically."""
        lost = self._lost(folder, count)
        for student, points in lost.items():
            if is_right(student) and points > 1e-6:
                raise ScoresDiffer(f"{self.name} took {points:g} points from {student}, who is right")

    def _lost(self, folder: Path, count: int) -> dict[str, float]:
        """Points that each submission did not get, of the cells that every grader runs."""
        released = read_released(Paths(folder).released(self.bench.week))
        cells = {grade_id(cell) for cell in _test_cells(released)}
        return _lost_in_gradebook(self.name, folder / "gradebook.db", self.bench.week, count, cells)


class Autograder(Grader):
    """This kit, which has to find every mistake, too."""

    def check(self, folder: Path, count: int) -> None:
        super().check(folder, count)
        for student, points in self._lost(folder, count).items():
            if not is_right(student) and points < 1e-6:
                raise ScoresDiffer(f"{self.name} gave {student} full marks, who is wrong")

    def grade(self, folder: Path) -> Cost:
        command = [sys.executable, "-m", "autograder.cli", "grade", self.bench.week]
        if not self.bench.training:  # the commands have no such wish: a class is graded with all its tests
            command = [sys.executable, "-c", _WITHOUT_TRAINING.format(week=self.bench.week)]
        return measure.run(command, folder, self.bench.environment())

    def seconds_by_part(self, folder: Path) -> dict[str, float]:
        """Mean seconds of a submission by part, from the records."""
        records = sorted((folder / ".autograder" / "records" / self.bench.week).glob("*/*.json"))
        sums: dict[str, float] = {}
        for path in records:
            for part, seconds in json.loads(path.read_text(encoding="utf-8"))["timings"].items():
                sums[part] = sums.get(part, 0.0) + seconds / len(records)
        return sums


class StockNbgrader(Grader):
    """``nbgrader autograde`` as it comes."""

    def prepare(self, course: Path, count: int) -> Path:
        folder = super().prepare(course, count)
        seconds = 600 if self.bench.training else 30
        text = STOCK_CONFIG.format(seconds=seconds)
        (folder / "nbgrader_config.py").write_text(text, encoding="utf-8")
        return folder

    def grade(self, folder: Path) -> Cost:
        environment = self.bench.kernels()
        command = [sys.executable, "-m", "nbgrader", "autograde", self.bench.week]
        return measure.run(command, folder, environment)


class Otter(Grader):
    """``otter run`` for each submission, with the notebook's own checks as otter's tests."""

    def prepare(self, course: Path, count: int) -> Path:
        folder = super().prepare(course, count)
        released = read_released(Paths(folder).released(self.bench.week))
        with zipfile.ZipFile(folder / "autograder.zip", "w") as archive:
            archive.writestr("otter_config.json", json.dumps({"show_hidden": True}))
            archive.writestr("requirements.txt", "")
            for name, source, points in _checks(released):
                archive.writestr(f"tests/{name}.py", _otter_test(name, source, points))
        return folder

    def grade(self, folder: Path) -> Cost:
        otter = otter_program(self.bench.root)
        environment = self.bench.kernels()
        environment["PATH"] = os.pathsep.join([str(otter.parent), environment["PATH"]])
        total = Cost(0.0, 0.0, 0, "")
        for notebook in sorted((folder / "submitted").glob(f"*/{self.bench.week}/*.ipynb")):
            output = folder / "results" / notebook.parents[1].name
            output.mkdir(parents=True)
            command = [str(otter), "run", "-a", str(folder / "autograder.zip"), "-o", str(output)]
            cost = measure.run([*command, "--no-logo", str(notebook)], folder, environment)
            total = Cost(
                total.wall + cost.wall,
                total.processor + cost.processor,
                max(total.memory, cost.memory),
                cost.output,
            )
        return total

    def _lost(self, folder: Path, count: int) -> dict[str, float]:
        released = read_released(Paths(folder).released(self.bench.week))
        wanted = sum(points for _, _, points in _checks(released))
        lost = {}
        for file in sorted((folder / "results").glob("*/results.json")):
            tests = json.loads(file.read_text(encoding="utf-8"))["tests"]
            lost[file.parent.name] = wanted - sum(test.get("score") or 0.0 for test in tests)
        if len(lost) != count:
            raise ScoresDiffer(f"{self.name} left {len(lost)} results for {count} submissions")
        return lost


class Floor(Grader):
    """The students' own cells and the calls that the suite makes of them, bare, on all cores.

    Of a large class a part is taken, as evenly mixed as the whole.
    """

    def __init__(self, bench: Bench, name: str) -> None:
        super().__init__(bench, name)
        self.parts: dict[str, float] = {}
        """Mean seconds of a submission by part, of the last :meth:`grade`."""

    def prepare(self, course: Path, count: int) -> Path:
        folder = super().prepare(course, count)
        (folder / "frames").mkdir()
        apart(lambda: record(folder, self.bench.week, self._part(folder), folder / "frames"))
        return folder

    def grade(self, folder: Path) -> Cost:
        part = self._part(folder)
        cores = len(os.sched_getaffinity(0))
        cost = bare_on_all_cores(folder, self.bench.week, part, folder / "frames", folder, cores)
        self.parts = mean(list(cost.parts.values()))
        times = len(self._submissions(folder)) / len(part)
        return Cost(cost.wall * times, cost.processor * times, 0, "")

    def check(self, folder: Path, count: int) -> None:
        """Nothing is judged here."""

    def _submissions(self, folder: Path) -> list[Path]:
        return sorted((folder / "submitted").glob(f"*/{self.bench.week}/*.ipynb"))

    def _part(self, folder: Path) -> dict[str, bytes]:
        """The submissions that are run, by student: each n-th, n odd, so that right and wrong take turns."""
        files = self._submissions(folder)
        step = max(1, len(files) // _FLOOR_OF) // 2 * 2 + 1
        return {file.parents[1].name: file.read_bytes() for file in files[::step]}


def otter_program(root: Path) -> Path:
    """Where the benchmark's own otter-grader is, or would be."""
    return root / "benchmarks" / ".venv-otter" / "bin" / "otter"


def _checks(released: NotebookNode) -> list[tuple[str, str, float]]:
    """Test cells: a name that can be a module's, the source, the points."""
    return [
        (grade_id(cell).replace("-", "_"), cell.source, float(nbgrader_metadata(cell).get("points", 0)))
        for cell in _test_cells(released)
    ]


def _test_cells(released: NotebookNode) -> list[NotebookNode]:
    """Those that every grader runs: a cell that trains is tagged to be skipped."""
    return [
        cell
        for cell in released.cells
        if is_test(cell) and cell.cell_type == "code" and "skip-execution" not in tags(cell)
    ]


def _otter_test(name: str, source: str, points: float) -> str:
    return (
        "from otter.test_files import test_case\n\n"
        f"OK_FORMAT = False\nname = {name!r}\npoints = {points!r}\n\n"
        f"@test_case(points={points!r}, hidden=False)\n"
        f"def test_{name}(env):\n    exec({source!r}, env)\n"
    )


def _lost_in_gradebook(name: str, file: Path, week: str, count: int, cells: set[str]) -> dict[str, float]:
    query = """
        select submitted_assignment.student_id, base_cell.name, grade.auto_score, grade_cells.max_score
        from grade join base_cell on base_cell.id = grade.cell_id
        join grade_cells on grade_cells.id = base_cell.id
        join submitted_notebook on submitted_notebook.id = grade.notebook_id
        join submitted_assignment on submitted_assignment.id = submitted_notebook.assignment_id
        join assignment on assignment.id = submitted_assignment.assignment_id
        where assignment.name = ? and grade_cells.cell_type = 'code'
    """
    with sqlite3.connect(file) as database:
        rows = database.execute(query, (week,)).fetchall()
    lost: dict[str, float] = {}
    for student, cell, score, most in rows:
        lost[student] = lost.get(student, 0.0) + (most - (score or 0.0) if cell in cells else 0.0)
    if len(lost) != count:
        raise ScoresDiffer(f"{name} recorded {len(lost)} of {count} submissions")
    return lost
