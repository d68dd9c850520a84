"""A week without a hidden suite is graded by its visible checks, as nbgrader would, only confined."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import trial as trial_course
from nbgrader.api import Gradebook
from trial import GOOD_DOUBLE, GOOD_HALF, Class

from autograder.authoring.release import ReleaseError, ReleaseReport, release
from autograder.authoring.verify import verify
from autograder.course.reading import load_course
from autograder.examination import CellOutcome, Status, Verdict
from autograder.examiner.scoring import score_checks
from autograder.notebooks.metadata import grade_id
from autograder.notebooks.reading import read_released
from autograder.notebooks.scripts import dump
from autograder.platforms.github import package_github
from autograder.platforms.gradescope import package_gradescope
from autograder.problem import GradeError
from autograder.submissions.week import demand_gradable, hidden_tests_in_cells

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def trial(tmp_path: Path) -> Class:
    made = trial_course.make(tmp_path)
    shutil.rmtree(made.paths.suite("trial"))
    return made


@pytest.mark.slow
def test_the_checks_decide(trial: Class) -> None:
    trial.hand_in("right")
    trial.hand_in("half", half="def half(x):\n    return x / 3\n")
    trial.hand_in("ends", half="import os\n\n\ndef half(x):\n    os._exit(0)\n")
    trial.hand_in("loops", half="def half(x):\n    while True:\n        pass\n")
    trial.hand_in(
        "warns", half="import sys\n\n\ndef half(x):\n    print('hm', file=sys.stderr)\n    return x / 2\n"
    )
    trial.hand_in("edits", double="raise SystemExit\n")
    found = trial.grade()
    points = {student: [s.points for s in e.scores] for student, e in found.items()}
    assert points == {
        "right": [60, 40],
        "half": [60, 0],
        "ends": [60, 0],
        "loops": [60, 0],
        "warns": [60, 0],
        "edits": [0, 40],
    }
    assert {e.status for e in found.values()} == {Status.GRADED}
    assert all("no-suite" in {notice.code for notice in e.notices} for e in found.values())
    assert len(found["right"].layers) >= 9
    assert trial.grade() == found


@pytest.mark.slow
def test_an_untouched_assignment_earns_nothing(trial: Class) -> None:
    trial.hand_in_bytes("blank", trial.paths.released("trial").read_bytes())
    assert trial.grade()["blank"].points == 0


def test_hidden_tests_inside_cells_are_refused(trial: Class) -> None:
    solution = trial.paths.solution("trial")
    text = solution.read_text().replace(
        "assert double(2) == 4",
        "assert double(2) == 4\n### BEGIN HIDDEN TESTS\nassert double(3) == 6\n### END HIDDEN TESTS",
    )
    solution.write_text(text)
    trial.hand_in("right")
    with pytest.raises(GradeError, match=r"move them to tests/hidden/trial/test_hidden\.py"):
        trial.grade()


@pytest.mark.parametrize(
    ("outputs", "points"),
    [
        ((), 60),
        (({"output_type": "stream", "name": "stdout", "text": "0"},), 60),
        (({"output_type": "execute_result", "data": {"text/plain": "12.5"}},), 12.5),
        (({"output_type": "execute_result", "data": {"text/plain": "600"}},), 60),
        (({"output_type": "execute_result", "data": {"text/plain": "-1"}},), 0),
        (({"output_type": "execute_result", "data": {"text/plain": "nan"}},), 0),
        (({"output_type": "execute_result", "data": {"text/plain": "'fine'"}},), 60),
        (({"output_type": "execute_result", "data": {}},), 60),
    ],
)
def test_partial_credit_is_nbgraders(
    trial: Class, outputs: tuple[dict[str, object], ...], points: float
) -> None:
    load_course(trial.root)
    released = read_released(trial.paths.released("trial"))
    cell = CellOutcome(index=0, grade_id="test-double", verdict=Verdict.PASSED, outputs=outputs)
    (first, second) = score_checks(released, released, [cell])
    assert (first.points, second.points) == (points, 0)


def test_a_cell_that_was_not_run_earns_nothing(trial: Class) -> None:
    released = read_released(trial.paths.released("trial"))
    cell = CellOutcome(index=0, grade_id="test-double", verdict=Verdict.SKIPPED)
    assert [s.points for s in score_checks(released, released, [cell])] == [0, 0]


# Hidden tests inside cells

HIDDEN = "assert double(2) == 4\n{begin}\nassert double(3) == 6\n{end}"
REFUSED = (
    "trial has hidden tests inside its cells, which a submission could read: "
    "move them to tests/hidden/trial/test_hidden.py and release the week again, or say "
    "`hidden_tests: cells` in course.yml and know what that means (docs/moving-in.md)."
)


def release_again(trial: Class) -> ReleaseReport:
    course = load_course(trial.root)
    return release(course, course.assignments[0], trial.paths)


def hide(trial: Class, begin: str = "# BEGIN HIDDEN TESTS", end: str = "# END HIDDEN TESTS") -> ReleaseReport:
    """Put hidden tests into a cell and release the week."""
    shutil.copy(REPOSITORY / "nbgrader_config.py", trial.root)
    solution = trial.paths.solution("trial")
    hidden = HIDDEN.format(begin=begin, end=end)
    solution.write_text(solution.read_text().replace("assert double(2) == 4", hidden))
    return release_again(trial)


def nbgrader(trial: Class, *words: str) -> subprocess.CompletedProcess[str]:
    """nbgrader's own program in the course's folder."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # it starts alembic
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *words],
        cwd=trial.root,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "PATH": programs},
        capture_output=True,
        text=True,
        check=False,
    )


Row = tuple[float | None, bool]


def rows(trial: Class) -> dict[str, dict[str, Row]]:
    """What nbgrader's gradebook says: student → cell → automatic score, whether a person has to look."""
    with Gradebook(trial.paths.gradebook_url) as gradebook:
        return {
            submission.student.id: {
                grade.cell.name: (grade.auto_score, grade.needs_manual_grade)
                for notebook in submission.notebooks
                for grade in notebook.grades
            }
            for submission in gradebook.assignment_submissions("trial")
        }


@pytest.mark.slow
def test_hidden_tests_inside_cells_are_refused_by_every_way_in(trial: Class) -> None:
    report = hide(trial)
    assert report.remark == REFUSED
    assert REFUSED in str(report)
    assert "HIDDEN" not in trial.paths.released("trial").read_text()
    trial.hand_in_bytes("blank", trial.paths.released("trial").read_bytes())

    def by(way: str) -> str:
        with pytest.raises(GradeError) as caught:
            if way == "grade":
                trial.grade()
            elif way == "cluster":
                trial.grade(scheduler="tcp://127.0.0.1:1")
            elif way == "without a gradebook":
                trial.grade(gradebook=False)
            elif way == "gradescope":
                package_gradescope(trial.root, "trial")
            else:
                package_github(trial.root, "trial")
        return str(caught.value)

    ways = ("grade", "cluster", "without a gradebook", "gradescope", "github")
    assert {way: by(way) for way in ways} == dict.fromkeys(ways, REFUSED)
    (found,) = verify(trial.root, fast=True)
    assert REFUSED in found.complaints
    done = nbgrader(trial, "autograde", "trial")
    assert done.returncode != 0
    assert REFUSED in done.stderr
    assert not trial.paths.graded("blank", "trial").exists()
    assert {score for score, _ in rows(trial)["blank"].values()} == {None}
    assert not trial.paths.records.exists()


@pytest.mark.parametrize(
    ("begin", "end", "setting"),
    [
        ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS", ""),
        ("# BEGIN HIDDEN TESTS", "# END HIDDEN TESTS", ""),
        ("#BEGIN HIDDEN TESTS#", "#END HIDDEN TESTS#", ""),
        ("x = 1  # here: BEGIN HIDDEN TESTS", "# === END HIDDEN TESTS ===", ""),
        (
            "# versteckt {",
            "# } versteckt",
            "c.ClearHiddenTests.begin_test_delimeter = 'versteckt {'\n"
            "c.ClearHiddenTests.end_test_delimeter = '} versteckt'\n",
        ),
    ],
)
def test_what_begins_them_is_nbgraders_to_say(trial: Class, begin: str, end: str, setting: str) -> None:
    shutil.copy(REPOSITORY / "nbgrader_config.py", trial.root)
    release_again(trial)
    demand_gradable(load_course(trial.root), trial.paths, "trial")
    if setting:
        text = (REPOSITORY / "nbgrader_config.py").read_text() + setting
        solution = trial.paths.solution("trial")
        hidden = HIDDEN.format(begin=begin, end=end)
        solution.write_text(solution.read_text().replace("assert double(2) == 4", hidden))
        (trial.root / "nbgrader_config.py").write_text(text)
        release_again(trial)
    else:
        hide(trial, begin, end)
    assert "double(3)" not in trial.paths.released("trial").read_text()
    with pytest.raises(GradeError, match="hidden tests inside its cells"):
        demand_gradable(load_course(trial.root), trial.paths, "trial")


def test_words_of_the_courses_own_do_not_get_out(trial: Class) -> None:
    (trial.root / "nbgrader_config.py").write_text("c = get_config()\nc.ClearMarkScheme.enabled = False\n")
    solution = trial.paths.solution("trial")
    solution.write_text(solution.read_text().replace("assert half", "# BEGIN MARK SCHEME\nassert half"))
    with pytest.raises(ReleaseError):
        release_again(trial)
    assert "MARK SCHEME" not in trial.paths.released("trial").read_text()


def test_they_are_known_without_the_solution_too(trial: Class) -> None:
    hide(trial)
    trial.paths.solution("trial").unlink()
    assert hidden_tests_in_cells(trial.paths, "trial") == REFUSED
    shutil.rmtree(trial.paths.source)  # the cache can be deleted; nbgrader's gradebook still knows
    assert hidden_tests_in_cells(trial.paths, "trial") == REFUSED
    trial.paths.gradebook.unlink()
    assert hidden_tests_in_cells(trial.paths, "trial") == ""


def test_they_are_found_in_nbgraders_own_source_folder(trial: Class) -> None:
    (trial.root / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.source_directory = 'quelle'\n"
    )
    notebook = nbformat.read(trial.paths.released("trial"), as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("# BEGIN HIDDEN TESTS\n# END HIDDEN TESTS"))
    (trial.root / "quelle" / "trial").mkdir(parents=True)
    nbformat.write(notebook, trial.root / "quelle" / "trial" / "trial.ipynb")
    assert hidden_tests_in_cells(trial.paths, "trial") == REFUSED


def test_prose_may_speak_of_them(trial: Class) -> None:
    solution = trial.paths.solution("trial")
    solution.write_text(solution.read_text().replace("# # Trial", "# # Trial\n# BEGIN HIDDEN TESTS: a mark"))
    demand_gradable(load_course(trial.root), trial.paths, "trial")


@pytest.mark.slow
def test_with_a_suite_they_are_taken_out_and_never_run(tmp_path: Path) -> None:
    trial = trial_course.make(tmp_path)
    report = hide(trial)
    assert "which are never run: move them to tests/hidden/trial/test_hidden.py" in report.remark
    trial.hand_in_bytes("blank", trial.paths.released("trial").read_bytes())
    trial.hand_in("right")
    assert {student: e.points for student, e in trial.grade().items()} == {"blank": 0, "right": 100}
    (found,) = verify(trial.root, fast=True)
    assert report.remark in found.complaints


# What a person grades

TASKS = """
# %% nbgrader={"grade": true, "grade_id": "free", "locked": false, "points": 5, "schema_version": 3, "solution": true}
### BEGIN SOLUTION
answer = double(21)
### END SOLUTION

# %% [markdown] nbgrader={"grade": true, "grade_id": "words", "locked": false, "points": 5, "schema_version": 3, "solution": true}
# ### BEGIN SOLUTION
# Because.
# ### END SOLUTION

# %% [markdown] nbgrader={"grade": false, "grade_id": "task", "locked": true, "points": 7, "schema_version": 3, "solution": false, "task": true}
# Draw something below.
#
# === BEGIN MARK SCHEME ===
# A curve: 7 points.
# === END MARK SCHEME ===
"""  # noqa: E501

STOCK = """
c = get_config()
c.CourseDirectory.source_directory = ".autograder/source"
c.CourseDirectory.release_directory = "assignments"
c.ClearSolutions.code_stub = {
    "python": '# YOUR CODE HERE\\nraise NotImplementedError("not implemented yet")',
}
"""


def with_tasks(trial: Class) -> None:
    """A week in which there is something of each kind, an untouched submission and a complete one."""
    shutil.copy(REPOSITORY / "nbgrader_config.py", trial.root)
    with trial.paths.solution("trial").open("a") as file:
        file.write(TASKS)
    release_again(trial)
    trial.hand_in_bytes("blank", trial.paths.released("trial").read_bytes())
    notebook = nbformat.read(trial.paths.released("trial"), as_version=4)
    work = {"double": GOOD_DOUBLE, "half": GOOD_HALF, "free": "answer = 42", "words": "Because."}
    for cell in notebook.cells:
        cell.source = work.get(grade_id(cell), cell.source)
    trial.hand_in_bytes("done", dump(notebook))
    trial.hand_in_bytes("broken", b"{")


RIGHT: dict[str, dict[str, Row]] = {
    "blank": {
        "test-double": (0, False),
        "test-half": (0, False),
        "free": (0, False),
        "words": (0, False),
        "task": (None, True),
    },
    "done": {
        "test-double": (60, False),
        "test-half": (40, False),
        "free": (None, True),
        "words": (None, True),
        "task": (None, True),
    },
    # Nothing was handed in that a person could look at.
    "broken": dict.fromkeys(("test-double", "test-half", "free", "words", "task"), (0, False)),
}


@pytest.mark.slow
@pytest.mark.parametrize("suite", [True, False], ids=["with a suite", "without"])
def test_what_a_person_grades_is_what_nbgrader_leaves_to_one(tmp_path: Path, suite: bool) -> None:
    trial = trial_course.make(tmp_path)
    if not suite:
        shutil.rmtree(trial.paths.suite("trial"))
    with_tasks(trial)
    found = trial.grade()
    assert rows(trial) == RIGHT
    assert {s.grade_id: (s.points, s.manual) for s in found["done"].scores}["task"] == (None, True)
    assert {s.grade_id for s in found["blank"].undecided} == {"task"}
    ours = trial.paths.graded("done", "trial").read_bytes()
    trial.paths.gradebook.unlink()
    release_again(trial)
    assert nbgrader(trial, "autograde", "trial", "--force").returncode == 0
    assert rows(trial) == RIGHT
    theirs = nbformat.read(trial.paths.graded("done", "trial"), as_version=4)
    assert theirs == nbformat.reads(ours.decode(), as_version=4)
    if not suite:  # nbgrader itself, which does without the kit, says the same of what it can read
        shutil.rmtree(trial.paths.submitted / "broken")
        (trial.root / "nbgrader_config.py").write_text(STOCK)
        trial.paths.gradebook.unlink()
        assert nbgrader(trial, "generate_assignment", "trial", "--force").returncode == 0
        done = nbgrader(trial, "autograde", "trial", "--force")
        assert done.returncode == 0, done.stderr
        assert rows(trial) == {student: RIGHT[student] for student in ("blank", "done")}


@pytest.mark.slow
def test_a_tasks_score_follows_what_was_handed_in_last(trial: Class) -> None:
    with_tasks(trial)
    right = trial.paths.submission("done", "trial").read_bytes()
    for way in (lambda: trial.grade(), lambda: nbgrader(trial, "autograde", "trial", "--force")):
        trial.hand_in_bytes("done", b"{")
        way()
        assert rows(trial)["done"]["task"] == (0, False)
        trial.hand_in_bytes("done", right)
        way()
        assert rows(trial)["done"] == RIGHT["done"]


def test_the_mark_scheme_stays_with_the_solution(trial: Class) -> None:
    with_tasks(trial)
    released = trial.paths.released("trial").read_text()
    assert "Draw something" in released
    assert "MARK SCHEME" not in released and "A curve" not in released


AUTOTESTS = """\
python3:
    setup: "from hashlib import sha1"
    hash: 'sha1({{snippet}}.encode("utf-8")+b"{{salt}}").hexdigest()'
    dispatch: "type({{snippet}})"
    normalize: "str({{snippet}})"
    check: 'assert {{snippet}} == \"\"\"{{value}}\"\"\", \"\"\"{{message}}\"\"\"'
    success: ""
    templates:
        default:
            - test: "{{snippet}}"
              fail: "the value of {{snippet}} is not right"
"""


@pytest.mark.slow
def test_tests_that_nbgrader_makes_are_visible_and_decide(trial: Class) -> None:
    """``### AUTOTEST`` becomes ordinary asserts on release, which students have too."""
    solution = trial.paths.solution("trial")
    line = "### HASHED AUTOTEST int(double(2))"
    solution.write_text(solution.read_text().replace("assert double(2) == 4", line))
    shutil.copy(REPOSITORY / "nbgrader_config.py", trial.root)
    before = trial.paths.released("trial").read_bytes()
    with pytest.raises(ReleaseError, match=r"autotests\.yml"):
        release_again(trial)
    assert trial.paths.released("trial").read_bytes() == before
    (trial.root / "autotests.yml").write_text(AUTOTESTS)
    release_again(trial)
    assert "sha1(" in trial.paths.released("trial").read_text()
    trial.hand_in_bytes("blank", trial.paths.released("trial").read_bytes())
    trial.hand_in("right")
    trial.hand_in("wrong", double="def double(x):\n    return 5\n")
    assert {name: e.points for name, e in trial.grade().items()} == {"blank": 0, "right": 100, "wrong": 40}
    (found,) = verify(trial.root, fast=True)
    assert not [said for said in found.complaints if "is not what the solution makes" in said]
