"""What does each shortcut save of a class's time? Each is turned off in turn.

``python benchmarks/shortcuts.py [--week 03_convolution] [--count 100] [--rounds 3]`` grades the same class of
mixed submissions, half of them wrong, with one worker: with all shortcuts, without each one, with none. The
rounds take turns, so that what else the machine does meets all alike. Printed is each one's share of the time
with all of them, of the fastest round and of the median. What saves less than a twentieth is not worth its
lines.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from one_score import ROOT, mixed

from autograder.authoring.demo import make_course
from autograder.candidate.shortcuts import SHORTCUTS, SWITCH
from autograder.course.folders import Paths
from autograder.grading.grade import grade
from autograder.notebooks.scripts import dump
from autograder.options import Options


def main() -> int:
    """Grade, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--week", default="03_convolution")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    seconds: dict[str, list[float]] = {"": [], **{each.name: [] for each in SHORTCUTS}, "off": []}
    with tempfile.TemporaryDirectory() as scratch:
        course = make_course(ROOT, Path(scratch) / "course", arguments.week)
        for number, notebook in enumerate(mixed(ROOT, arguments.week, arguments.count, endless=False)):
            folder = Paths(course).submitted / f"s{number:03}" / arguments.week
            folder.mkdir(parents=True)
            (folder / f"{arguments.week}.ipynb").write_bytes(dump(notebook))
        for _ in range(arguments.rounds):
            for off, taken in seconds.items():
                os.environ[SWITCH] = off
                begun = time.perf_counter()
                grade(course, arguments.week, Options(force=True, gradebook=False, workers=1))
                taken.append(time.perf_counter() - begun)
                print(f"{off or 'all taken':>12}{taken[-1]:8.1f} s", file=sys.stderr, flush=True)
    best, middle = min(seconds[""]), statistics.median(seconds[""])
    print(f"{'without':>12}{'fastest':>10}{'median':>10}")
    for off, taken in seconds.items():
        shares = min(taken) / best - 1, statistics.median(taken) / middle - 1
        print(f"{off or 'nothing':>12}" + "".join(f"{share:>10.1%}" for share in shares))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
