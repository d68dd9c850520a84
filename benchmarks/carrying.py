"""What carrying mistakes forward costs a class, of which every second submission has one wrong function.

``python benchmarks/carrying.py`` grades the class once. How long the failed tests took that are
asked again stands in each record, so that the same run says what the class costs with them and without.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from submissions import make_mixed_class

from autograder.grading.grade import grade
from autograder.options import Options

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Grade the class and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("weeks", nargs="*", default=["03_convolution"], help="the assignments")
    parser.add_argument("--count", type=int, default=100, help="submissions")
    options = parser.parse_args()
    print("| week | submissions | with tests that follow | seconds each without | seconds each with | more |")
    print("|---|---:|---:|---:|---:|---:|")
    for week in options.weeks:
        with tempfile.TemporaryDirectory(prefix="autograder-carrying-") as name:
            course, _ = make_mixed_class(ROOT, Path(name) / "course", week, options.count)
            found = grade(course, week, Options(workers=1, gradebook=False, training=False)).examinations
        whole = sum(one.timings["total"] for one in found)
        carrying = sum(one.timings.get("carrying", 0.0) for one in found)
        follow = sum(any(test.follows for test in one.tests) for one in found)
        without = whole - carrying
        print(
            f"| {week} | {len(found)} | {follow} | {without / len(found):.2f} | {whole / len(found):.2f} "
            f"| {carrying / without:.0%} |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
