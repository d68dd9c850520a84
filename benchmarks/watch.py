"""How long ``autograder watch`` takes from a student's *Submit* to released feedback, and whether it lasts.

``python benchmarks/watch.py latency`` hands in one submission every few seconds, right and wrong ones in
turn, and gives the median and the 95th percentile. ``python benchmarks/watch.py soak`` hands in many within a
time, kills the watcher at random moments of the first half, and proves of the rest that nothing was lost
(``soak.py``). Submissions get into the exchange as nbgrader's own *Submit* writes them.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from soak import Soak
from watched import WatchedCourse


def main() -> int:
    """Measure, and print a line a week."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["latency", "soak"])
    parser.add_argument("--week", action="append", help="the assignment (repeatable)")
    parser.add_argument("--count", type=int, default=40, help="submissions")
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two (latency)")
    parser.add_argument("--within", type=float, default=600.0, help="seconds for all (soak)")
    parser.add_argument("--kills", type=int, default=5, help="how often the watcher is killed (soak)")
    parser.add_argument("--students", type=int, default=200, help="at the most (soak)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills (soak)")
    options = parser.parse_args()
    sound = True
    for week in options.week or ["03_convolution"]:
        students = min(options.count, options.students if options.what == "soak" else options.count)
        with tempfile.TemporaryDirectory(prefix="autograder-watch-") as name:
            course = WatchedCourse(Path(name), week, students)
            if options.what == "latency":
                _latency(course, options.every)
            else:
                soak = Soak(course, options.count, options.within, options.kills, options.seed)
                sound = soak.run() and sound
    return 0 if sound else 1


def _latency(course: WatchedCourse, every: float) -> None:
    with course.watching():
        course.submit(*course.notebook(0)).wait()  # the workers are warm after it
        took = []
        for number in range(1, len(course.students)):
            started = time.monotonic()
            handed = course.submit(*course.notebook(number))
            handed.wait()
            took.append(handed.page.stat().st_mtime - handed.at)
            time.sleep(max(0.0, started + every - time.monotonic()))
    cut = statistics.quantiles(took, n=20, method="inclusive")
    print(
        f"{course.week}: {len(took)} submissions, one every {every:g} s: median {cut[9]:.2f} s, "
        f"95th percentile {cut[18]:.2f} s, longest {max(took):.2f} s",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
