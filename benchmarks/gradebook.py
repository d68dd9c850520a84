"""What nbgrader's gradebook costs a submission, with SQLite and with a real PostgreSQL server.

``python benchmarks/gradebook.py`` grades one submission of a week, then records it for as many students as
asked, first into ``gradebook.db``, then into a server that is started here and stopped again. The server
needs PostgreSQL's programs and ``pip install 'psycopg[binary]'``; without them only SQLite is measured.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from submissions import make_class

from autograder.authoring.release import release
from autograder.course.folders import Paths
from autograder.course.reading import load_course
from autograder.gradebook.ledger import Ledger
from autograder.grading.grade import grade
from autograder.options import Options

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Measure both and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--week", default="03_convolution", help="the assignment")
    parser.add_argument("--count", type=int, default=1000, help="submissions")
    parser.add_argument("--tries", type=int, default=1, help="times that each is measured, in turn")
    options = parser.parse_args()
    rows = []
    for turn in range(options.tries):
        with tempfile.TemporaryDirectory(prefix="autograder-gradebook-") as name:
            folder = Path(name)
            rows.append(("SQLite", *_measure(folder / f"sqlite-{turn}", options.week, options.count, "")))
            with _server(folder) as url:
                if url:
                    cost = _measure(folder / f"postgres-{turn}", options.week, options.count, url)
                    rows.append(("PostgreSQL, this machine", *cost))
    print("| database | submissions | first half, ms each | second half, ms each | processor, ms each |")
    print("|---|---:|---:|---:|---:|")
    for database, first, second, processor in rows:
        print(f"| {database} | {options.count} | {first:.1f} | {second:.1f} | {processor:.1f} |")
    return 0


def _measure(folder: Path, week: str, count: int, url: str) -> tuple[float, float, float]:
    """Milliseconds a submission: wall time of the first and the second half, processor time of all."""
    root, _ = make_class(ROOT, folder, week, 1)
    paths, course = Paths(root), load_course(root)
    (record,) = grade(root, week, Options(gradebook=False)).examinations
    if url:
        with paths.config.open("a", encoding="utf-8") as config:
            config.write(f"\nc.CourseDirectory.db_url = {url!r}\n")
        release(course, course.assignment(week), paths)
    marks = [time.perf_counter()]
    processor = time.process_time()
    with Ledger(course, paths, week) as ledger:
        marks[0] = time.perf_counter()
        for half in range(2):
            for number in range(half * count // 2, (half + 1) * count // 2):
                ledger.record(record.model_copy(update={"student": f"student-{number:05}"}))
            marks.append(time.perf_counter())
    each = 1000 / (count / 2)
    spent = 1000 * (time.process_time() - processor) / count
    return (marks[1] - marks[0]) * each, (marks[2] - marks[1]) * each, spent


@contextlib.contextmanager
def _server(folder: Path) -> Iterator[str]:
    """URL of a PostgreSQL server with a database of its own; empty if there can be none."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin")) or [
        Path(found).parent for found in [shutil.which("initdb")] if found
    ]
    if not programs or find_spec("psycopg") is None:
        print("PostgreSQL is left out: it needs its server and psycopg[binary].", file=sys.stderr)
        yield ""
        return
    # The server refuses to run as root.
    user = pwd.getpwnam("postgres") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    place = folder / "server"
    place.mkdir()
    folder.chmod(0o755)
    os.chown(place, user.pw_uid, user.pw_gid)

    def run(program: str, *arguments: str) -> None:
        command = [str(programs[-1] / program), *arguments]
        identity = {"user": user.pw_uid, "group": user.pw_gid} if os.getuid() == 0 else {}
        subprocess.run(command, check=True, capture_output=True, cwd=place, **identity)  # type: ignore[call-overload]

    data = str(place / "data")
    run("initdb", "-D", data, "-A", "trust", "-U", "grader")
    settings = f"-c listen_addresses='' -c unix_socket_directories={place}"
    run("pg_ctl", "-D", data, "-w", "-l", str(place / "log"), "-o", settings, "start")
    try:
        run("createdb", "-h", str(place), "-U", "grader", "gradebook")
        yield f"postgresql://grader@/gradebook?host={place}"
    finally:
        run("pg_ctl", "-D", data, "-w", "-m", "fast", "stop")


if __name__ == "__main__":
    sys.exit(main())
