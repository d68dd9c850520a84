"""What is promised of speed besides the comparison with other graders, measured.

``python benchmarks/goals.py [training] [linear] [check] [cluster]`` measures each in one run, side by side,
and writes ``benchmarks/goals.md``.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import measure
import psutil
from run import machine
from submissions import make_class

from autograder.authoring.demo import make_course
from autograder.course.folders import Paths
from autograder.grading.grade import grade
from autograder.mnist.digits import student_npz
from autograder.notebooks.scripts import dump, read_script
from autograder.options import Options

ROOT = Path(__file__).resolve().parents[1]
WEEK, TRAINING = "03_convolution", "05_cnn"
Line = tuple[str, str, str]
"""What was measured, what it is held against, the outcome."""

_FIT = """\
import re, sys, time
from pathlib import Path
import numpy as np
import tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads({threads})
tf.config.threading.set_inter_op_parallelism_threads(1)
sys.path.insert(0, {suite!r})
from conftest import SEED, prepared
from autograder.mnist import digits, stand_ins
from autograder.notebooks.metadata import grade_id
from autograder.notebooks.scripts import read_script
stand_ins.install(Path({data!r}))
names = {{}}
for cell in read_script(Path({solution!r}).read_text(encoding="utf-8")).cells:
    if cell.cell_type == "code" and grade_id(cell) in ("setup", "data", "build-cnn", "train-cnn"):
        exec(re.sub("^%.*$", "", cell.source, flags=re.M), names)
course = digits.course_data()
for _ in range({tries}):
    import keras
    keras.utils.set_random_seed(SEED)
    model = names["build_cnn"]()
    (x, y), held_out = prepared(course.train), prepared(course.test)
    started = time.perf_counter()
    names["train_cnn"](model, x, y, held_out)
    print("fit", time.perf_counter() - started, flush=True)
"""


def main() -> int:
    """Measure what was asked for, and write it down."""
    measures: dict[str, Callable[[Path], Iterator[Line]]] = {
        "training": _training,
        "linear": _linear,
        "check": _check,
        "cluster": _cluster,
    }
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", nargs="*", help=f"of {', '.join(measures)}; all of them if none is named")
    parser.add_argument("--output", default=str(ROOT / "benchmarks" / "goals.md"), help="empty: only print")
    options = parser.parse_args()
    unknown = sorted(set(options.what) - set(measures))
    if unknown:
        print(f"goals: {unknown[0]} is not measured here; known are {', '.join(measures)}", file=sys.stderr)
        return 2
    file = Path(options.output) if options.output else None
    rows = _kept(file, set(options.what or measures)) if file else []
    today = f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"
    for name in options.what or measures:
        with tempfile.TemporaryDirectory(prefix="autograder-goals-") as folder:
            for what, against, outcome in measures[name](Path(folder)):
                rows.append(f"| {name} | {what} | {against} | {outcome} | {today} |")
                print(rows[-1], flush=True)
    if file:
        head = [
            "# Other figures",
            "",
            "Made by `python benchmarks/goals.py`; do not edit. Each row was measured side by side.",
            "",
            f"{machine()}.",
            "",
            "| | what | against | measured | on |",
            "|---|---|---|---|---|",
        ]
        file.write_text("\n".join([*head, *rows, ""]), encoding="utf-8")
    return 0


def _kept(file: Path, anew: set[str]) -> list[str]:
    """Rows of an earlier run that are not measured anew."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    rows = [line for line in lines if line.startswith("| ") and not line.startswith("| |")]
    return [row for row in rows if row.split("|")[1].strip() not in anew]


def _training(folder: Path) -> Iterator[Line]:
    """Submissions that train, a warm worker on every core, against ``model.fit`` alone as fast as it goes."""
    cores = len(os.sched_getaffinity(0))
    root = make_course(ROOT, folder / "course", TRAINING)
    paths = Paths(root)
    notebook = dump(read_script(paths.solution(TRAINING).read_text(encoding="utf-8")))
    students = [f"student-{number}" for number in range(3 * cores)]
    for student in students:
        paths.submission(student, TRAINING).parent.mkdir(parents=True)
        paths.submission(student, TRAINING).write_bytes(notebook + b"\n" * (1 + students.index(student)))
    graded = grade(root, TRAINING, Options(workers=cores, gradebook=False)).examinations
    seconds = sorted(examination.timings["total"] for examination in graded)
    kit = 3600 * cores / statistics.median(seconds)
    solution, data = str(paths.solution(TRAINING)), str(student_npz())
    rates = {}
    for processes in {1, cores}:
        threads = cores // processes
        program = _FIT.format(
            suite=str(paths.suite(TRAINING)), data=data, solution=solution, tries=3, threads=threads
        )
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "TF_ENABLE_ONEDNN_OPTS": "0"}
        running = [
            subprocess.Popen(
                [sys.executable, "-c", program],
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            for _ in range(processes)
        ]
        outputs = [process.communicate()[0] for process in running]
        fits = [float(line.split()[1]) for text in outputs for line in text.splitlines() if "fit" in line]
        rates[processes, threads] = 3600 * processes / statistics.median(fits)
    (processes, threads), best = max(rates.items(), key=lambda rate: rate[1])
    others = ", ".join(f"{rate:.0f} with {p} × {t}" for (p, t), rate in rates.items() if rate != best)
    yield (
        f"submissions of {TRAINING} an hour, {cores} workers of one thread, everything included: {kit:.0f}",
        f"`model.fit` alone, {processes} × {threads} (processes × threads): {best:.0f}; {others}",
        f"{best / kit:.2f}×",
    )


def _linear(folder: Path) -> Iterator[Line]:
    """Ten times the class: the cost of a submission, and memory."""
    costs = {}
    for count in (100, 1000):
        root, _ = make_class(ROOT, folder / str(count), WEEK, count)
        command = [sys.executable, "-m", "autograder.cli", "grade", WEEK]
        costs[count] = measure.run(command, root, os.environ)
        if count == 100:
            again = measure.run(command, root, os.environ)
            yield (
                f"a second run over 100 submissions of {WEEK}: {again.wall:.2f} s",
                f"the first: {costs[count].wall:.1f} s",
                f"{again.wall / costs[count].wall:.1%}",
            )
    small, large = costs[100], costs[1000]
    yield (
        f"1,000 submissions of {WEEK}: {large.wall:.0f} s, {large.wall:.0f} ms each",
        f"100: {small.wall:.1f} s, {10 * small.wall:.0f} ms each",
        f"{large.wall / 10 / small.wall:.2f}×",
    )
    yield (
        f"memory of 1,000: {large.memory / 2**20:.0f} MiB",
        f"of 100: {small.memory / 2**20:.0f} MiB",
        f"{large.memory / small.memory:.2f}×",
    )


def _check(folder: Path) -> Iterator[Line]:
    """Seconds until a student sees the first test's result."""
    root, (student,) = make_class(ROOT, folder / "course", WEEK, 1)
    notebook = Paths(root).submission(student, WEEK)
    seconds = []
    for _ in range(4):
        started = time.perf_counter()
        command = [sys.executable, "-m", "autograder.cli", "check", str(notebook)]
        with subprocess.Popen(
            command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if line.strip().startswith("✓"):
                    seconds.append(time.perf_counter() - started)
                    break
            process.stdout.read()
    yield f"`autograder check`, {WEEK}, to the first result", "–", f"{min(seconds[1:]):.2f} s"


def _cluster(folder: Path) -> Iterator[Line]:
    """Two Dask workers against one: submissions a second, what each worker learns at its start aside."""
    rates = {}
    sent = 0.0
    for workers in (1, 2):
        root, _ = make_class(ROOT, folder / f"course-{workers}", WEEK, 140)
        with _dask(folder / f"dask-{workers}", workers) as address:
            times: list[float] = []
            bytes_: list[int] = []

            def note(*_: object, times: list[float] = times, bytes_: list[int] = bytes_) -> None:
                times.append(time.perf_counter())
                bytes_.append(psutil.net_io_counters(pernic=True)["lo"].bytes_sent)

            grade(root, WEEK, Options(scheduler=address, gradebook=False), note)
        warm = times[40:]  # the first ones wait for suites and zygotes, and find out what is known later
        rates[workers] = (len(warm) - 1) / (warm[-1] - warm[0])
        sent = (bytes_[-1] - bytes_[40]) / (len(bytes_) - 41)
    yield (
        f"two Dask workers, {WEEK}: {rates[2]:.2f} submissions a second",
        f"one: {rates[1]:.2f}",
        f"{rates[2] / rates[1]:.2f}×",
    )
    yield (
        f"bytes on the network for a submission of {WEEK}, there and back: {sent / 1024:.0f} KiB",
        "–",
        f"{sent * 100_000 / 2**30:.0f} GiB for 100,000",
    )


@contextlib.contextmanager
def _dask(folder: Path, workers: int) -> Iterator[str]:
    """A scheduler and its workers on this machine; its address."""
    folder.mkdir()
    file = folder / "scheduler.json"
    common = ["--scheduler-file", str(file), "--host", "127.0.0.1", "--no-dashboard"]
    commands = [["dask_scheduler", *common, "--port", "0"]]
    commands += [["dask_worker", *common, "--nthreads", "1"]] * workers
    processes = []
    environment = os.environ | {"DASK_TEMPORARY_DIRECTORY": str(folder)}
    try:
        for command in commands:
            processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", f"distributed.cli.{command[0]}", *command[1:]],
                    env=environment,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            while not file.exists():
                time.sleep(0.1)
        time.sleep(5)  # the workers announce themselves
        yield str(json.loads(file.read_text(encoding="utf-8"))["address"])
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            process.wait(20)


if __name__ == "__main__":
    sys.exit(main())
