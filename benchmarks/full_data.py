"""Does the solution have full marks with all of MNIST, whatever the seed? And how well does its network read?

``python benchmarks/full_data.py mnist.npz [--weeks 02_mlp 05_cnn] [--seeds 5]`` grades the solutions with
the file as the course's data and prints one line a seed: points, accuracy on the 10,000 test images (which
are the judged ones then), seconds of its own.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from autograder.authoring.demo import make_course
from autograder.course.folders import Paths
from autograder.course.reading import load_course
from autograder.examination import Examination
from autograder.grading.pool import Pool, patience, worker_settings
from autograder.notebooks.scripts import dump, read_script
from autograder.options import Options

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Print the table; 1 if the solution has less than full marks anywhere."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--weeks", nargs="*", default=["02_mlp", "05_cnn"])
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    short = 0
    columns = ("week", "seed", "points", "of", "accuracy", "images", "limit", "total")
    print("".join(f"{column:>10}" for column in columns))
    for week in arguments.weeks:
        with tempfile.TemporaryDirectory() as scratch:
            folder = make_course(ROOT, Path(scratch) / "course", week)
            settings = folder / "course.yml"
            text = settings.read_text(encoding="utf-8")
            settings.write_text(f"{text}\ndata: {arguments.data.resolve()}\n", encoding="utf-8")
            course, paths = load_course(folder), Paths(folder)
            raw = dump(read_script(paths.solution(week).read_text(encoding="utf-8")))
            jobs = [
                {"student": "solution", "key": "full", "raw": raw, "problem": "", "seed": seed}
                for seed in range(arguments.seeds)
            ]
            pool = Pool(worker_settings(course, paths, week, Options()), 1, patience(course.assignment(week)))
            try:
                for seed, answer in pool.run(jobs):
                    found = Examination.model_validate_json(answer["examination"])  # type: ignore[index]
                    most = sum(score.max_points for score in found.scores if not score.manual)
                    short += found.points < most
                    matrix = np.asarray(found.pictures.get("confusion", np.zeros((10, 10))))
                    count = max(int(matrix.sum()), 1)
                    limit, total = found.limits["training_seconds"], found.timings["total"]
                    accuracy = f"{np.trace(matrix) / count:.4f}"
                    row = (week, seed, found.points, most, accuracy, count, round(limit), round(total))
                    print("".join(f"{value!s:>10}" for value in row), flush=True)
                    for test in found.tests:
                        if test.verdict != "passed" and test.weight:
                            print(f"    {test.name}: {test.verdict}: {str(test.message)[:160]}")
            finally:
                pool.close()
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
