"""``autograder check``: a student's own check, with nothing of the course but the notebook and its tests."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from autograder.check import CheckError, _language, find_material
from autograder.course.companions import with_conditions
from autograder.course.models import Assignment, Limits
from autograder.doctor import examine_machine
from autograder.messages import Language

REPOSITORY = Path(__file__).parents[2]
MODES = [
    pytest.param(
        True,
        id="confined",
        marks=pytest.mark.skipif(not examine_machine().sufficient, reason="no sandbox here"),
    ),
    pytest.param(False, id="ordinary process"),
]

TESTS = '''\
import numpy as np
import pytest

from autograder.testing import expect_array, expect_int


@pytest.mark.cell("test-double")
def test_double(submission):
    """`double` doubles.

    `double`이 두 배로 만듭니다.
    """
    expect_int(submission.double(2), 4)


@pytest.mark.cell("test-flip")
def test_flip(submission):
    """`flip` turns a row around.

    `flip`이 한 줄을 뒤집습니다.
    """
    expect_array(submission.flip(np.array([1, 2, 3])), [3, 2, 1])
'''

DOUBLE = "def double(x):\n    return 2 * x"
FLIP = "def flip(row):\n    return row[::-1]"


def notebook(double: str = DOUBLE, flip: str = FLIP, *more: str, title: str = "# Small steps") -> str:
    def cell(source: str, name: str = "", **flags: Any) -> dict[str, Any]:
        grading = {"schema_version": 3, "grade_id": name, "grade": False, "locked": False, "solution": False}
        metadata = {"nbgrader": grading | flags} if name else {}
        return {
            "cell_type": "code",
            "metadata": metadata,
            "source": source,
            "outputs": [],
            "execution_count": None,
        }

    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": title},
        cell("import numpy as np\nimport matplotlib.pyplot as plt"),
        *(cell(source) for source in more),
        cell(double, "double", solution=True),
        cell("assert double(2) == 4", "test-double", grade=True, locked=True, points=4),
        cell(flip, "flip", solution=True),
        cell("flip(np.arange(3))", "test-flip", grade=True, locked=True, points=6),
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A student's folder: a notebook and the public tests."""
    here = tmp_path / "my week"
    here.mkdir()
    (here / "small.ipynb").write_text(notebook(), encoding="utf-8")
    (here / "test_public.py").write_text(TESTS, encoding="utf-8")
    return here


_PROGRAM = """
import sys
from pathlib import Path
from autograder.check import check
from autograder.messages import Language
confined = {"True": True, "False": False, "None": None}[sys.argv[2]]
language = Language(sys.argv[3]) if len(sys.argv) > 3 else None
code = check(Path(sys.argv[1]), confined=confined, language=language)
heavy = ("nbgrader", "sqlalchemy", "nbconvert", "tensorflow", "jupytext", "mlxtend", "pandas")
print("imported:", *(name for name in heavy if name in sys.modules))
sys.exit(code)
"""


def run(
    path: Path, confined: bool | None = False, language: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """A check in a process of its own, started elsewhere, with its output in a pipe."""
    command = [sys.executable, "-c", _PROGRAM, str(path), str(confined), *([language] if language else [])]
    return subprocess.run(
        command,
        cwd=path.parent.parent,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"} | environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )


# What comes out


@pytest.mark.slow
@pytest.mark.parametrize("confined", MODES)
def test_all_right(folder: Path, confined: bool) -> None:
    done = run(folder / "small.ipynb", confined)
    assert done.returncode == 0, done.stderr
    assert "✓ double doubles." in done.stdout
    assert "2 of 2 checks passed" in done.stdout
    assert "imported: \n" in done.stdout or done.stdout.endswith("imported:\n")
    page = (folder / "small-check.html").read_text(encoding="utf-8")
    assert "2 of 2 checks passed" in page and "Small steps" in page
    assert {path.name for path in folder.iterdir()} == {"small.ipynb", "test_public.py", "small-check.html"}


@pytest.mark.slow
@pytest.mark.parametrize("confined", MODES)
def test_the_cell_that_checks_may_stay(folder: Path, confined: bool) -> None:
    cells = notebook(DOUBLE, FLIP, "%load_ext autograder", "%check")
    (folder / "small.ipynb").write_text(cells, encoding="utf-8")
    done = run(folder / "small.ipynb", confined)
    assert done.returncode == 0, done.stderr
    assert "! Cell" not in done.stdout
    assert "2 of 2 checks passed" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "is_empty"), [("YOUR ANSWER HERE", True), ("Since it turns.", False)])
def test_an_empty_answer_is_named(folder: Path, answer: str, is_empty: bool) -> None:
    cells = json.loads(notebook())
    grading = {"schema_version": 3, "grade_id": "explain", "grade": True, "locked": False, "solution": True}
    cells["cells"] += [
        {"cell_type": "markdown", "metadata": {}, "source": "## 2. In your own words"},
        {"cell_type": "markdown", "metadata": {"nbgrader": grading | {"points": 5}}, "source": answer},
    ]
    (folder / "small.ipynb").write_text(json.dumps(cells), encoding="utf-8")
    done = run(folder / "small.ipynb")
    assert done.returncode == 0
    page = (folder / "small-check.html").read_text(encoding="utf-8")
    for told in (page, done.stdout):
        assert ("Written answers that are empty: 2. In your own words." in told) is is_empty
    assert ("nothing left to mend" in page) is not is_empty


@pytest.mark.slow
@pytest.mark.parametrize("confined", MODES)
def test_some_wrong(folder: Path, confined: bool) -> None:
    text = notebook("def double(x):\n    raise NotImplementedError", "def flip(row):\n    return row")
    (folder / "small.ipynb").write_text(text, encoding="utf-8")
    done = run(folder / "small.ipynb", confined)
    assert done.returncode == 1, done.stderr
    assert "○ not implemented yet: double doubles." in done.stdout
    assert "✗ wrong result: flip turns a row around." in done.stdout
    assert "Expected 3 at index [0], got 1." in done.stdout
    assert "flip(array([1, 2, 3]))" in done.stdout
    assert "\x1b" not in done.stdout  # plain when piped
    assert "<svg" in (folder / "small-check.html").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("confined", MODES)
def test_whatever_a_cell_does_the_rest_is_judged(folder: Path, confined: bool) -> None:
    text = notebook(DOUBLE, FLIP, "import os\nos._exit(3)", "1 / 0", "print('a' * 1000)")
    (folder / "small.ipynb").write_text(text, encoding="utf-8")
    done = run(folder / "small.ipynb", confined)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"! Cell 3: .*ended itself", done.stdout)
    assert "! Cell 4: ZeroDivisionError" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("confined", MODES)
def test_what_runs_in_a_cell_at_home_runs_in_a_check(folder: Path, confined: bool) -> None:
    for name in ("random.py", "own.py"):  # beside the notebook, as at home; the first is nobody else's
        (folder / name).write_text("raise SystemExit('not this one')", encoding="utf-8")
    double = "open('mine.py', 'w').write('def double(x): return 2 * x')\nfrom mine import double"
    flip = f"!echo hello\n%matplotlib qt\n%tensorflow_version 2.x\n%cd .\n{FLIP}"
    (folder / "small.ipynb").write_text(notebook(double, flip), encoding="utf-8")
    done = run(folder / "small.ipynb", confined)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 of 2 checks passed" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("confined", MODES)
def test_a_name_used_again_is_said_in_a_check(folder: Path, confined: bool) -> None:
    (folder / "small.ipynb").write_text(notebook(DOUBLE, f"{FLIP}\ndouble = 3"), encoding="utf-8")
    done = run(folder / "small.ipynb", confined)
    assert done.returncode == 1, done.stderr
    assert re.search(r"`double` was a function after cell \d+, and cell \d+ made a number of it", done.stdout)


@pytest.mark.slow
def test_an_endless_loop_is_ended_without_a_sandbox(folder: Path) -> None:
    course = """\
        title: {en: Small, ko: 작게}
        assignments:
          - name: small
            title: Small
            release: 2027-03-01
            due: 2027-03-07
            limits: {cell_seconds: 1.0, cells_seconds: 4.0, test_seconds: 1.0}
    """
    (folder / "course.yml").write_text(textwrap.dedent(course), encoding="utf-8")
    swallowing = "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    text = notebook("def double(x):\n    while True: pass", FLIP, swallowing)
    (folder / "small.ipynb").write_text(text.replace("assert double(2) == 4", "pass"), encoding="utf-8")
    done = run(folder / "small.ipynb")
    assert done.returncode == 1, done.stderr
    # By its own alarm, or from outside where it swallowed that one: it depends on where the alarm struck.
    assert re.search(r"! Cell 3: (the )?time limit of", done.stdout)
    assert "! took too long: double doubles." in done.stdout
    assert "✓ flip turns a row around." in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("in_a_cell", [True, False])
def test_an_endless_loop_takes_its_limit_once(folder: Path, in_a_cell: bool) -> None:
    limits = 'limits": {"cell_seconds": 2.0, "test_seconds": 2.0}'
    tests = TESTS[TESTS.index("@pytest") :]
    twice = TESTS + tests.replace("def test_", "def test_again_")
    (folder / "test_public.py").write_text(f'{twice}\n# autograder: {{"{limits}}}\n', encoding="utf-8")
    text = notebook("def double(x):\n    while True: pass")
    if not in_a_cell:
        text = text.replace("assert double(2) == 4", "pass")
    (folder / "small.ipynb").write_text(text, encoding="utf-8")
    done = run(folder / "small.ipynb")
    assert done.returncode == 1, done.stderr
    limits_met = done.stdout.lower().count("time limit")
    refused = done.stdout.count("`double` was not called again: it ran into a limit before.")
    assert (limits_met, refused) == (1, 2 if in_a_cell else 1), done.stdout
    assert done.stdout.count("✓ flip turns a row around.") == 2


@pytest.mark.slow
def test_speaks_the_language_of_the_notebook(folder: Path) -> None:
    (folder / "small.ipynb").write_text(notebook(title="# 작은 걸음"), encoding="utf-8")
    done = run(folder / "small.ipynb")
    assert "검사 2개 중 2개 통과" in done.stdout
    assert 'lang="ko"' in (folder / "small-check.html").read_text(encoding="utf-8")
    done = run(folder / "small.ipynb", language="en")
    assert "2 of 2 checks passed" in done.stdout


@pytest.mark.slow
def test_an_old_terminal_gets_what_it_can_show(folder: Path) -> None:
    command = [sys.executable, "-c", _PROGRAM, str(folder / "small.ipynb"), "False", "ko"]
    environment = os.environ | {"PYTHONIOENCODING": "cp1252"}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    assert b"ok double" in done.stdout


NOT_LINUX = '''
"""What only Linux, or only POSIX, has is not there."""
import contextlib, multiprocessing, os, signal, socket, subprocess, sys, sysconfig, tempfile
sysconfig.get_config_vars()  # asks for a file that this system names after itself
sys.platform = "darwin"
for module, names in (
    (os, ("fork", "pipe2", "pread", "waitid", "pidfd_open", "memfd_create", "sched_getaffinity", "unshare")),
    (signal, ("SIGALRM", "setitimer", "pidfd_send_signal")),
    (socket, ("AF_UNIX", "send_fds", "recv_fds", "SCM_RIGHTS", "socketpair")),
):
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
class Refusing:
    NAMES = ("resource", "landlock", "pyseccomp", "autograder.candidate.sandbox.confinement",
             "autograder.candidate.sandbox.kernel", "autograder.candidate.sandbox.warden")
    def find_spec(self, name, path=None, target=None):
        if name in self.NAMES:
            raise ImportError(f"{name} is not there")
sys.meta_path.insert(0, Refusing())
for name in Refusing.NAMES:
    sys.modules.pop(name, None)
'''


@pytest.mark.slow
def test_needs_nothing_that_only_linux_has(folder: Path, tmp_path: Path) -> None:
    poor = tmp_path / "poor"
    poor.mkdir()
    (poor / "sitecustomize.py").write_text(NOT_LINUX, encoding="utf-8")
    text = notebook(
        DOUBLE, "def flip(row):\n    return row", "import sys\nassert sys.platform == 'darwin'", "1 / 0"
    )
    (folder / "small.ipynb").write_text(text, encoding="utf-8")
    done = run(folder / "small.ipynb", None, PYTHONPATH=str(poor))
    assert done.returncode == 1, done.stderr
    assert "✓ double doubles." in done.stdout
    assert "Expected 3 at index [0], got 1." in done.stdout
    assert "! Cell 4: ZeroDivisionError" in done.stdout
    assert "! Cell 3" not in done.stdout  # the student's process was as poor


@pytest.mark.slow
def test_the_released_week_and_its_digits(tmp_path: Path) -> None:
    week = REPOSITORY / "assignments" / "03_convolution"
    if not week.is_dir():
        pytest.skip("week 3 is not released")
    for name in ("03_convolution.ipynb", "test_public.py"):
        (tmp_path / "week").mkdir(exist_ok=True)
        (tmp_path / "week" / name).write_bytes((week / name).read_bytes())
    done = run(tmp_path / "week" / "03_convolution.ipynb", XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert done.returncode == 1, done.stderr
    assert "0 of 15 checks passed" in done.stdout
    assert "!" not in done.stdout  # the given cells run, mnist.load_data() among them
    assert "\n  4. Two dimensions: conv2d\n    ○ not implemented yet: conv2d gives" in done.stdout
    told = done.stdout.partition("Details:")[0].splitlines()
    assert max(map(cell_len, told)) <= 80
    assert list((tmp_path / "cache" / "autograder").glob("mnist-*.npz"))


# What is needed


def test_says_what_is_missing(folder: Path) -> None:
    with pytest.raises(CheckError, match="no file"):
        find_material(folder / "other.ipynb")
    (folder / "test_public.py").unlink()
    with pytest.raises(CheckError, match=r"no test_public\.py beside small\.ipynb"):
        find_material(folder / "small.ipynb")
    (folder / "small.ipynb").write_text("{", encoding="utf-8")
    with pytest.raises(CheckError, match="not JSON"):
        find_material(folder / "small.ipynb")


@pytest.mark.slow
def test_unusable_is_another_exit_code_than_wrong(folder: Path) -> None:
    done = run(folder / "nothing.ipynb")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "Traceback" not in done.stderr
    (folder / "test_public.py").write_text("def test_broken(:\n", encoding="utf-8")
    done = run(folder / "small.ipynb")
    assert done.returncode == 2
    assert "test_public.py cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


def test_finds_the_tests_of_the_course_around(tmp_path: Path) -> None:
    (tmp_path / "course.yml").write_text(
        "title: {en: Small, ko: 작게}\nassignments:\n"
        "  - {name: small, title: {en: Steps, ko: 걸음}, release: 2027-03-01, due: 2027-03-07}\n",
        encoding="utf-8",
    )
    given = tmp_path / "assignments" / "small"
    given.mkdir(parents=True)
    (given / "small.ipynb").write_text(notebook(), encoding="utf-8")
    (given / "test_public.py").write_text(TESTS, encoding="utf-8")
    mine = tmp_path / "submitted" / "ada" / "small" / "small.ipynb"
    mine.parent.mkdir(parents=True)
    mine.write_text(notebook().replace("assert double(2) == 4", "pass"), encoding="utf-8")
    found = find_material(mine)
    assert found.tests == given / "test_public.py"
    assert found.assignment.title.in_(Language.KO) == "걸음"
    sources = [cell.source for cell in found.notebook.cells]
    assert "assert double(2) == 4" in sources  # given cells are the release's


def test_limits_travel_with_the_public_tests(folder: Path) -> None:
    limits = Limits(cell_seconds=1.5, memory=1 << 30)
    now = dt.datetime.now(dt.UTC)
    week = Assignment(name="small", title="Small", release=now, due=now, seed=7, limits=limits)
    (folder / "test_public.py").write_bytes(with_conditions(TESTS.encode(), week))
    found = find_material(folder / "small.ipynb").assignment
    assert (found.limits, found.seed) == (limits, 7)


@pytest.mark.parametrize("line", ["", "# autograder: {", '# autograder: {"seed": -1}', "# autograder: [3]"])
def test_without_limits_or_with_broken_ones_the_usual_hold(folder: Path, line: str) -> None:
    (folder / "test_public.py").write_text(f"{TESTS}\n{line}\n", encoding="utf-8")
    found = find_material(folder / "small.ipynb").assignment
    assert (found.limits, found.seed) == (Limits(), 0)


@pytest.mark.parametrize("language", list(Language))
def test_the_language_is_the_one_that_the_notebook_was_released_in(folder: Path, language: Language) -> None:
    """Whatever its first cell quotes."""
    written = json.loads(notebook(title="# Small steps, 작은 걸음"))
    written["metadata"] = {"autograder": {"language": str(language)}}
    (folder / "small.ipynb").write_text(json.dumps(written), encoding="utf-8")
    assert _language(find_material(folder / "small.ipynb")) is language


def test_a_renamed_notebook_is_found_beside_its_tests(folder: Path) -> None:
    renamed = (folder / "small.ipynb").rename(folder / "small (1) final!.ipynb")
    found = find_material(renamed)
    assert found.assignment.name == "small-1-final"
    assert found.assignment.title.en == "Small steps"
