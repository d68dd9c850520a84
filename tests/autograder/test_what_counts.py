"""What a student wrote counts, wherever it stands: the same by every way in.

Each notebook here runs clean in Jupyter, or is what a browser, Colab, VS Code or a phone makes of one.
"""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
import trial as trial_course
from test_sample_class import grades, nbgrader
from trial import GOOD_DOUBLE, GOOD_HALF, Class

from autograder.authoring.release import release
from autograder.course.reading import load_course
from autograder.examination import Examination, Status
from autograder.grading.grade import grade
from autograder.messages import NOTHING, Language, fact
from autograder.options import Options
from autograder.patterns import is_korean
from autograder.submissions.found import find_notebook, find_submissions, handed_in_since, read_notebook
from autograder.wording.rendering import notice

WEEK = "trial"
PUBLIC = trial_course.SUITE[: trial_course.SUITE.index('@pytest.mark.cell("test-double", weight=2)')]
PUBLIC += trial_course.SUITE[trial_course.SUITE.index('@pytest.mark.cell("test-half")') :].partition(
    "\n\n\n"
)[0]
PUBLIC = PUBLIC.replace("(submission, reference)", "(submission)").replace("reference.double(x)", "2 * x")

Cells = list[dict[str, Any]]


def name_of(cell: dict[str, Any]) -> str:
    return str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))


def own(source: str) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}


def without(cells: Cells, *names: str) -> Cells:
    return [cell for cell in cells if name_of(cell) not in names]


def one_cell_at_the_top(cells: Cells) -> Cells:
    return [own(GOOD_DOUBLE + GOOD_HALF), *without(cells, "double", "half")]


def one_cell_at_the_end(cells: Cells) -> Cells:
    return [*without(cells, "double", "half"), own(GOOD_DOUBLE + GOOD_HALF)]


def both_in_the_first(cells: Cells) -> Cells:
    for cell in cells:
        cell["source"] += GOOD_HALF if name_of(cell) == "double" else ""
    return without(cells, "half")


def both_in_the_last(cells: Cells) -> Cells:
    for cell in cells:
        cell["source"] += GOOD_DOUBLE if name_of(cell) == "half" else ""
    return without(cells, "double")


def another_id(cells: Cells) -> Cells:
    for cell in cells:
        if name_of(cell) == "half":
            cell["metadata"]["nbgrader"]["grade_id"] = "cell-half"
    return cells


def copied_from_the_other_task(cells: Cells) -> Cells:
    for cell in cells:
        if name_of(cell) == "half":
            cell["metadata"] = copy.deepcopy(next(c for c in cells if name_of(c) == "double")["metadata"])
    return cells


def no_metadata(cells: Cells) -> Cells:
    return [{**cell, "metadata": {}} for cell in cells]


def colab(cells: Cells) -> Cells:
    return [{**cell, "metadata": {"id": f"k{n}", "colab": {}}} for n, cell in enumerate(cells)]


def only_functions(cells: Cells) -> Cells:
    return [own(GOOD_DOUBLE), own(GOOD_HALF)]


def merged_into_the_check_above(cells: Cells) -> Cells:
    for cell in cells:
        cell["source"] += f"\n{GOOD_HALF}" if name_of(cell) == "test-double" else ""
    return without(cells, "half")


def reversed_order(cells: Cells) -> Cells:
    return cells[::-1]


def split_in_two(cells: Cells) -> Cells:
    at = next(n for n, cell in enumerate(cells) if name_of(cell) == "double")
    head, _, tail = cells[at]["source"].partition("\n\n\n")
    return [*cells[:at], {**cells[at], "source": head}, {**cells[at], "source": tail}, *cells[at + 1 :]]


def dynamic(cells: Cells) -> Cells:
    return [own(f"exec({GOOD_HALF!r})"), *without(cells, "half")]


RIGHT: dict[str, Callable[[Cells], Cells]] = {
    change.__name__: change
    for change in (
        one_cell_at_the_top,
        one_cell_at_the_end,
        both_in_the_first,
        both_in_the_last,
        another_id,
        copied_from_the_other_task,
        no_metadata,
        colab,
        only_functions,
        merged_into_the_check_above,
        reversed_order,
        split_in_two,
        dynamic,
    )
}

DECOYS = {
    "in_a_string": f"'''\n{GOOD_HALF}'''",
    "never_reached": f"if False:\n    {GOOD_HALF.replace(chr(10), chr(10) + '    ')}",
    "of_another_language": f"%%writefile half.py\n{GOOD_HALF}",
    "after_an_error": f"1 / 0\n{GOOD_HALF}",
    "in_a_class": "class A:\n    def half(self, x):\n        return x / 2",
}


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Class:
    """The trial course with public tests, and a class of all those notebooks."""
    root = tmp_path_factory.mktemp("counts")
    made = trial_course.make(root)
    (made.paths.suite(WEEK) / "test_public.py").write_text(PUBLIC, encoding="utf-8")
    (root / "nbgrader_config.py").write_bytes((Path(__file__).parents[2] / "nbgrader_config.py").read_bytes())
    course = load_course(root)
    release(course, course.assignment(WEEK), made.paths)
    for name, change in RIGHT.items():
        made.hand_in_bytes(name, notebook(made, change))
    for name, decoy in DECOYS.items():
        made.hand_in_bytes(
            name, notebook(made, lambda cells, decoy=decoy: [own(decoy), *without(cells, "half")])
        )  # type: ignore[misc]
    return made


def notebook(course: Class, change: Callable[[Cells], Cells] = list) -> bytes:
    document = json.loads(course.paths.released(WEEK).read_bytes())
    for cell in document["cells"]:
        cell["source"] = "".join(cell["source"])
        cell["source"] = {"double": GOOD_DOUBLE, "half": GOOD_HALF}.get(name_of(cell), cell["source"])
    document["cells"] = change(copy.deepcopy(document["cells"]))
    return json.dumps(document).encode()


@pytest.fixture(scope="module")
def graded(trial: Class) -> dict[str, Examination]:
    return trial.grade(workers=2)


@pytest.mark.slow
@pytest.mark.parametrize("name", RIGHT)
def test_it_counts_and_a_notice_says_where_it_was_found(name: str, graded: dict[str, Examination]) -> None:
    examination = graded[name]
    assert examination.status is Status.GRADED
    assert examination.points == 100
    codes = {found.code for found in examination.notices}
    assert bool(codes & {"found-cell", "found-elsewhere", "duplicate-cell", "missing-cell"}) is (
        name != "reversed_order"
    )
    for found in examination.notices:
        assert re.search("[가-힣]", notice(found, Language.KO) or "")


@pytest.mark.slow
@pytest.mark.parametrize("name", DECOYS)
def test_what_does_not_define_it_earns_what_a_missing_function_earns(
    name: str, graded: dict[str, Examination]
) -> None:
    examination = graded[name]
    assert examination.status is Status.GRADED
    assert {score.grade_id: score.points for score in examination.scores} == {
        "test-double": 60,
        "test-half": 0,
    }


@pytest.mark.slow
def test_nbgrader_autograde_says_the_same_of_all_of_them(
    trial: Class, graded: dict[str, Examination]
) -> None:
    ours = grades(trial.root)
    trial.paths.gradebook.unlink()
    course = load_course(trial.root)
    release(course, course.assignment(WEEK), trial.paths)
    done = nbgrader(trial.root, "autograde", WEEK, "--force")
    assert done.returncode == 0, done.stderr[-3000:]
    assert grades(trial.root) == ours
    assert {student for student, _ in ours} == {*RIGHT, *DECOYS}


_CHECK = """
import sys
from pathlib import Path
from autograder.check import check
for path in sys.argv[1:]:
    print(Path(path).parent.parent.name, check(Path(path), confined=False), flush=True)
"""


@pytest.mark.slow
def test_check_says_the_same(trial: Class, graded: dict[str, Examination]) -> None:
    names = ["one_cell_at_the_top", "both_in_the_first", "no_metadata", "after_an_error"]
    paths = [str(trial.paths.submission(name, WEEK)) for name in names]
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", _CHECK, *paths],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=240,
    )
    assert re.findall(r"^(\w+) (\d)$", done.stdout, re.M) == [*((n, "0") for n in names[:3]), (names[3], "1")]
    assert "other cells" in done.stdout or "found elsewhere" in done.stdout
    assert "as handed out is not here" not in done.stdout


@pytest.mark.slow
def test_check_outside_of_a_course_says_what_it_cannot_know(trial: Class, tmp_path: Path) -> None:
    path = tmp_path / "mine" / WEEK / f"{WEEK}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_bytes(notebook(trial, lambda cells: without(cells, "half", "test-half")))
    tests = trial.paths.released_tests(WEEK)
    (path.parent / tests.name).write_bytes(tests.read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", _CHECK, str(path)],
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=240,
    )
    assert done.stdout.rstrip().endswith("1"), done.stderr
    assert "put back in grading: test-half" in done.stdout
    assert "as handed out is not here" in done.stdout


# Files


NAMES = [
    "trial (1).ipynb",
    "trial-Copy1.ipynb",
    "trial - 복사본.ipynb",
    "Trial.ipynb",
    "trial.IPYNB",
    "Copy of trial.ipynb",
    "김민지.ipynb",
    "=1+1.ipynb",
]


@pytest.mark.parametrize("name", NAMES)
def test_the_only_notebook_of_a_folder_is_the_submission(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"{}")
    (tmp_path / "timestamp.txt").write_text("2027-03-05 10:00:00 UTC")
    (tmp_path / "helper.py").write_text("")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints" / "trial-checkpoint.ipynb").write_bytes(b"old")
    (tmp_path / "._trial.ipynb").write_bytes(b"of a Mac")
    assert read_notebook(tmp_path, WEEK) == (b"{}", NOTHING)


def test_the_notebook_of_the_right_name_counts_whatever_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "trial.ipynb").write_bytes(b"right")
    (tmp_path / "trial (1).ipynb").write_bytes(b"other")
    assert read_notebook(tmp_path, WEEK) == (b"right", NOTHING)


def test_of_several_none_is_guessed_and_all_are_named(tmp_path: Path) -> None:
    for name in ("trial (1).ipynb", "trial (2).ipynb", "a\nb.ipynb"):
        (tmp_path / name).write_bytes(b"{}")
    raw, problem = read_notebook(tmp_path, WEEK)
    assert raw is None
    assert str(problem) == (
        "There is no trial.ipynb in the folder, but there are 3 other notebooks, "
        "a\\nb.ipynb, trial (1).ipynb, trial (2).ipynb: leave the one that counts, or name it trial.ipynb."
    )
    assert "trial (1).ipynb" in problem.in_(Language.KO)
    for number in range(20):
        (tmp_path / f"n{number:02}.ipynb").write_bytes(b"{}")
    assert "and 18 more" in str(read_notebook(tmp_path, WEEK)[1])


def test_what_has_another_ending_is_named(tmp_path: Path) -> None:
    assert read_notebook(tmp_path, WEEK) == (None, fact("no-file", name="trial.ipynb"))
    (tmp_path / "trial.ipynb.txt").write_bytes(b"{}")
    assert "only trial.ipynb.txt: name the notebook trial.ipynb" in str(read_notebook(tmp_path, WEEK)[1])


def test_links_are_followed_under_no_name(tmp_path: Path) -> None:
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(b"secret")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "trial (1).ipynb").symlink_to(secret)
    raw, problem = read_notebook(folder, WEEK)
    assert (raw, problem) == (None, fact("link", name="trial (1).ipynb"))
    (tmp_path / "linked").symlink_to(folder)
    assert read_notebook(tmp_path / "linked", WEEK) == (None, fact("link", name="linked"))
    (folder / "trial (1).ipynb").unlink()
    (folder / "trial (2).ipynb").mkdir()
    assert find_notebook(folder, WEEK)[0] is None


@pytest.mark.slow
def test_grade_and_nbgrader_autograde_take_it(tmp_path: Path) -> None:
    course = trial_course.make(tmp_path)
    config = (Path(__file__).parents[2] / "nbgrader_config.py").read_bytes()
    (tmp_path / "nbgrader_config.py").write_bytes(config)
    for student in ("kim", "lee"):
        course.hand_in_bytes(student, notebook(course))
    file = course.paths.submission("kim", WEEK)
    file.rename(file.with_name("trial (1).ipynb"))
    for name in ("a.ipynb", "b.ipynb"):
        course.hand_in_bytes("park", b"{}")
        (course.paths.submission("park", WEEK).with_name(name)).write_bytes(notebook(course))
    course.paths.submission("park", WEEK).unlink()
    found = course.grade()
    assert {name: examination.points for name, examination in found.items()} == {
        "kim": 100,
        "lee": 100,
        "park": 0,
    }
    assert found["park"].status is Status.MISSING
    assert "2 other notebooks, a.ipynb, b.ipynb" in str(found["park"].notices[0].text)
    assert course.grade(force=False) == found
    assert handed_in_since(course.root, WEEK, "2020-01-01") == ("kim", "lee")  # by the file's own time
    ours = {key: score for key, score in grades(course.root).items() if key[0] == "kim"}
    course.paths.gradebook.unlink()
    release(load_course(course.root), load_course(course.root).assignment(WEEK), course.paths)
    done = nbgrader(course.root, "autograde", WEEK, "--student", "kim", "--force")
    assert done.returncode == 0, done.stderr[-3000:]
    assert grades(course.root) == ours
    assert course.grade(gradebook=False)["kim"].points == 100


@pytest.mark.slow
def test_the_best_attempt_stays_under_the_name_it_came_under(tmp_path: Path) -> None:
    course = trial_course.make(tmp_path)
    text = (tmp_path / "course.yml").read_text()
    (tmp_path / "course.yml").write_text(text.replace("timezone:", "attempts: best\ntimezone:"))
    course.hand_in_bytes("kim", notebook(course))
    file = course.paths.submission("kim", WEEK)
    file = file.rename(file.with_name("trial (1).ipynb"))
    assert course.grade()["kim"].points == 100
    file.write_bytes(notebook(course, lambda cells: without(cells, "half")))
    assert course.grade()["kim"].points == 100
    assert [path.name for path in file.parent.glob("*.ipynb")] == ["trial (1).ipynb"]
    assert len(find_submissions(course.paths, WEEK)) == 1
    assert grade(course.root, WEEK, Options(gradebook=False)).examinations[0].points == 100


def test_pictures_by_the_megabyte_are_thrown_away_unread(tmp_path: Path) -> None:
    from autograder.notebooks.reading import read_submission

    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")])  # type: ignore[no-untyped-call]
    document = json.loads(nbformat.writes(made))  # type: ignore[no-untyped-call]
    picture = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "A" * (11 << 20)}}
    document["cells"][0]["outputs"] = [picture] * 5
    raw = json.dumps(document).encode()
    assert len(raw) > 55_000_000
    (tmp_path / "trial.ipynb").write_bytes(raw)
    read, _ = read_notebook(tmp_path, WEEK)
    assert read is not None
    assert read_submission(read).cells[0].outputs == []
    os.truncate(tmp_path / "trial.ipynb", (64 << 20) + 1)
    read, problem = read_notebook(tmp_path, WEEK)
    assert read is None
    assert "larger than 64 MiB: clear its outputs and hand it in again" in str(problem)
    assert is_korean(problem.in_(Language.KO))
