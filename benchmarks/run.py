"""Grade the same submissions with this kit, stock nbgrader and otter-grader, and write down what each costs.

``make bench`` runs this. All graders run one after another on the same machine in one run, after a warm-up
of each. Every second submission is right, and each grader has to give it full marks; the others have one
wrong function each, which the kit has to find. Beside them stands the floor: the students' own cells and the
calls that the suite makes of them, run bare. Results go to ``benchmarks/results.md`` and
``benchmarks/results.svg``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil
from graders import Autograder, Bench, Floor, Grader, Otter, ScoresDiffer, StockNbgrader, otter_program
from measure import CommandFailed, Cost
from plot import draw
from submissions import make_mixed_class

from autograder.course.folders import CourseError, Paths
from autograder.course.reading import load_course
from autograder.gradebook.ledger import Ledger
from autograder.submissions.records import read_record

ROOT = Path(__file__).resolve().parents[1]
KIT, AGAIN, NBGRADER, OTTER = "autograder grade", "the same, again", "nbgrader autograde", "otter run"
FLOOR = "their own code, bare"
_ORDER = (FLOOR, KIT, AGAIN, NBGRADER, OTTER)


@dataclass(frozen=True)
class Row:
    """One measurement.

    Attributes:
        grader: its command.
        count: submissions.
        cost: of all of them.
    """

    grader: str
    count: int
    cost: Cost

    @property
    def each(self) -> float:
        """Wall seconds a submission."""
        return self.cost.wall / self.count


def main() -> int:
    """Measure, check, write."""
    options = _arguments()
    try:
        week = load_course(ROOT).assignment(options.week)
    except CourseError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    sizes = sorted({int(size) for size in options.sizes.split(",")})
    peers = max(sizes) if options.peers is None else options.peers
    with tempfile.TemporaryDirectory(prefix="autograder-bench-") as name:
        bench = Bench(ROOT, Path(name), week.name, options.training)
        graders: list[tuple[str, Grader]] = [
            (KIT, Autograder(bench, KIT)),
            (FLOOR, Floor(bench, FLOOR)),
            (NBGRADER, StockNbgrader(bench, NBGRADER)),
        ]
        if options.otter and _install_otter(tensorflow=week.tensorflow):
            graders.append((OTTER, Otter(bench, OTTER)))
        try:
            most = {NBGRADER: peers, OTTER: peers if options.otter_peers is None else options.otter_peers}
            rows, parts, floor = _measure(bench, graders, sizes, most)
        except (CommandFailed, ScoresDiffer) as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
    text = _report(bench, rows, parts, floor)
    print(text)
    if options.output:
        folder = Path(options.output)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "results.md").write_text(text, encoding="utf-8")
        draw(
            [(row.grader, row.count, row.cost.wall) for row in rows],
            {"kit": parts, "bare": floor},
            week.name,
            folder / "results.svg",
        )
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--week", default="03_convolution", help="the assignment")
    parser.add_argument("--sizes", default="5,10,20,50,100", help="class sizes, with commas between")
    parser.add_argument("--peers", type=int, metavar="N", help="largest class that the others grade")
    parser.add_argument(
        "--no-training", dest="training", action="store_false", help="leave out the tests that train a model"
    )
    parser.add_argument("--otter-peers", type=int, metavar="N", help="the same for otter-grader alone")
    parser.add_argument("--quick", action="store_true", help="short for --sizes 4,8")
    parser.add_argument("--no-otter", dest="otter", action="store_false", help="leave out otter-grader")
    parser.add_argument(
        "--output", default=str(ROOT / "benchmarks"), help="folder of the results; empty: only print"
    )
    options = parser.parse_args()
    if options.quick:
        options.sizes = "4,8"
    return options


def _install_otter(*, tensorflow: bool) -> bool:
    """Whether otter-grader is there, in an environment of its own."""
    program = otter_program(ROOT)
    folder = program.parents[1]
    lacking = tensorflow and not any(folder.glob("lib/python*/site-packages/tensorflow"))
    if program.is_file() and not lacking:
        return True
    print("installing otter-grader into benchmarks/.venv-otter ...", file=sys.stderr)
    if not program.is_file():
        venv.create(folder, with_pip=True)
    wanted = ["otter-grader==7.*", "numpy", "matplotlib", "scipy", "ipykernel"]
    wanted += [f"tensorflow=={version('tensorflow')}"] if tensorflow else []
    pip = [str(program.with_name("python")), "-m", "pip", "install", "--quiet", *wanted]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode == 0 and program.is_file():
        return True
    reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
    print(f"otter-grader is left out, it cannot be installed: {reason}", file=sys.stderr)
    return False


def _measure(
    bench: Bench, graders: list[tuple[str, Grader]], sizes: list[int], most: dict[str, int]
) -> tuple[list[Row], dict[str, float], dict[str, float]]:
    """All measurements, and seconds a submission by part in the largest class: the kit's and the floor's."""
    rows: list[Row] = []
    parts: dict[str, float] = {}
    floor: dict[str, float] = {}
    for count in [0, *sizes]:  # 0 is the warm-up: one submission, not counted
        course, _ = make_mixed_class(ROOT, bench.folder / f"course-{count}", bench.week, count or 1)
        for name, grader in graders:
            if count > most.get(name, count):
                continue
            folder = grader.prepare(course, count)
            cost = grader.grade(folder)
            grader.check(folder, count or 1)
            if not count:
                continue
            rows.append(Row(name, count, cost))
            print(f"{name:<20}{count:>6} {cost.wall:9.1f} s", file=sys.stderr, flush=True)
            if isinstance(grader, Autograder):
                rows.append(Row(AGAIN, count, grader.grade(folder)))
                parts = grader.seconds_by_part(folder)
                parts["gradebook"] = _gradebook_seconds(bench, folder, grader.prepare(course, -count))
            elif isinstance(grader, Floor):
                floor = grader.parts
    return rows, parts, floor


def _gradebook_seconds(bench: Bench, graded: Path, course: Path) -> float:
    """Seconds that nbgrader's gradebook and the graded notebook of one submission take."""
    paths = Paths(course)
    files = sorted((Paths(graded).records / bench.week).glob("*/*.json"))
    records = [record for file in files if (record := read_record(file)) is not None]
    with Ledger(load_course(course), paths, bench.week) as ledger:
        started = time.perf_counter()
        for record in records:
            ledger.record(record)
        return (time.perf_counter() - started) / len(records)


def _report(bench: Bench, rows: list[Row], parts: dict[str, float], floor: dict[str, float]) -> str:
    """The results as Markdown."""
    lines = [
        f"# Benchmark: {bench.week}{'' if bench.training else ', without training'}",
        "",
        "Made by `make bench`; do not edit. The same submissions for every grader. Half are right: the",
        "course's right implementations of each function take turns, and every grader gave all of them full",
        "marks. Half have one wrong function, each time another; the kit took points from all of them. One",
        "run on one machine, after a warm-up of each grader; memory is that of all processes together.",
        "",
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d}, {machine()}.",
        "",
        "| what ran | submissions | wall (s) | one (s) | processor (s) | memory (MiB) | of the kit's time |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    kit = {row.count: row for row in rows if row.grader == KIT}
    for row in sorted(rows, key=lambda row: (row.count, _ORDER.index(row.grader))):
        ratio = row.cost.wall / kit[row.count].cost.wall
        factor = "" if row.grader == KIT else f"{ratio:.1f}×" if ratio >= 1 else f"{ratio:.1%}"
        lines.append(
            f"| {row.grader} | {row.count} | {row.cost.wall:.1f} | {row.each:.3f} "
            f"| {row.cost.processor:.1f} | {f'{row.cost.memory / 2**20:.0f}' if row.cost.memory else ''} "
            f"| {factor} |"
        )
    lines += [
        "",
        f"“{FLOOR}” is the floor: in a fork of a warm interpreter the students' own cells and the calls",
        "that the suite makes of them, on all cores, without confinement, wire and judging. The start of",
        "that interpreter is left out; the kit's own is in its time.",
        "",
        f"## Where the time of one of {max(kit)} submissions goes",
        "",
        "Wall milliseconds, with a worker on every core.",
        "",
        "| part | kit (ms) | bare (ms) |",
        "|---|---:|---:|",
    ]
    shown = {name: seconds for name, seconds in parts.items() if name != "total"}
    for name, seconds in shown.items():
        low = floor.get(name)
        lines.append(f"| {name} | {1000 * seconds:.0f} | {'' if low is None else f'{1000 * low:.0f}'} |")
    lines += [
        f"| all of it | {1000 * sum(shown.values()):.0f} | {1000 * sum(floor.values()):.0f} |",
        "",
        "![time against class size, and by part](results.svg)",
        "",
    ]
    return "\n".join(lines)


def machine() -> str:
    """The machine in a few words, without its name."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    memory = psutil.virtual_memory().total / 2**30
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = os.getloadavg()[0]
    return (
        f"{cores} cores ({model}), {memory:.0f} GiB, {platform.system()} {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}, load average at the end {load:.1f}"
    )


if __name__ == "__main__":
    sys.exit(main())
