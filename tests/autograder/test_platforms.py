"""The archives for Gradescope and GitHub Classroom: built, unpacked as there, and run."""

from __future__ import annotations

import base64
import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from ruamel.yaml import YAML

from autograder.course.folders import CourseError, Paths
from autograder.course.models import Course
from autograder.course.reading import load_course
from autograder.grading.grade import grade
from autograder.messages import Language
from autograder.notebooks.metadata import grade_id
from autograder.notebooks.scripts import dump
from autograder.options import Options
from autograder.platforms.bundle import find_notebook
from autograder.platforms.github import WORKFLOW, package_github
from autograder.platforms.gradescope import package_gradescope
from autograder.problem import GradeError
from autograder.wording.words import word

Small = tuple[Course, Paths]

PUBLIC = '''\
import pytest


@pytest.mark.cell("test-double")
def test_twice(submission):
    """`double` gives twice 2.

    `double`이 2의 두 배를 줍니다.
    """
    assert submission.double(2) == 4
'''
HIDDEN = '''\
import pytest


@pytest.mark.cell("test-double-array")
def test_fractions(submission):
    """Fractions are doubled too.

    분수도 두 배가 됩니다.
    """
    assert submission.double(0.375) == 0.75


@pytest.mark.cell("test-double-array")
def test_negative(submission, reference):
    """Negative numbers too.

    음수도 마찬가지입니다.
    """
    assert submission.double(-7) == reference.double(-7)
'''
RIGHT = "def double(x):\n    return 2 * x"
WRONG = "def double(x):\n    return abs(2 * x)"


@pytest.fixture
def course(small: Small) -> Small:
    """The small course with tests that can fail."""
    _, paths = small
    (paths.suite("small") / "test_public.py").write_text(PUBLIC, encoding="utf-8")
    (paths.suite("small") / "test_hidden.py").write_text(HIDDEN, encoding="utf-8")
    with paths.course.open("a", encoding="utf-8") as file:
        file.write("late: {penalty: 10, extensions: {lena: 1 week}}\n")
    return load_course(paths.root), paths


def notebook(paths: Paths, source: str, answer: str = "") -> bytes:
    """A submission with this function in it."""
    made = nbformat.reads(paths.released("small").read_text(encoding="utf-8"), as_version=4)
    for cell in made.cells:
        if grade_id(cell) == "double":
            cell.source = source
        if grade_id(cell) == "explain" and answer:
            cell.source = answer
    return dump(made)


def environment(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **more}


class Gradescope:
    """``/autograder`` under another root; what setup.sh installs is taken from this environment."""

    def __init__(self, archive: Path, root: Path) -> None:
        self.root = root
        for name in ("source", "submission", "results"):
            (root / name).mkdir(parents=True)
        with zipfile.ZipFile(archive) as entries:
            for entry in entries.infolist():
                path = Path(entries.extract(entry, root / "source"))
                path.chmod(entry.external_attr >> 16 & 0o7777)
        (root / "venv").symlink_to(sys.prefix)

    def submit(self, files: dict[str, bytes], metadata: dict[str, Any] | None = None) -> None:
        shutil.rmtree(self.root / "submission")
        for name, content in files.items():
            path = self.root / "submission" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        (self.root / "submission").mkdir(exist_ok=True)
        if metadata is not None:
            (self.root / "submission_metadata.json").write_text(json.dumps(metadata), encoding="utf-8")

    def run(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.root / "source" / "run_autograder"],
            env=environment(AUTOGRADER_ROOT=str(self.root)),
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def results(self) -> dict[str, Any]:
        ended = self.run()
        assert ended.returncode == 0, ended.stderr
        return json.loads((self.root / "results" / "results.json").read_text(encoding="utf-8"))


def metadata(
    email: str = "ada@x.org", created: str = "2027-03-07T12:00:00+09:00", due: str | None = None
) -> dict[str, Any]:
    return {
        "id": 1,
        "created_at": created,
        "assignment": {"due_date": due, "title": "Small"},
        "users": [{"email": email, "id": 2, "name": "Ada"}],
        "previous_submissions": [],
    }


class TestTheGradescopeArchive:
    def test_what_is_in_it(self, course: Small) -> None:
        _, paths = course
        path = package_gradescope(paths.root, "small")
        assert path == paths.exports / "gradescope-small.zip"
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
            setup = archive.read("setup.sh")
            run = archive.read("run_autograder")
            needed = archive.read("requirements.txt").decode()
        assert {
            "setup.sh",
            "run_autograder",
            "requirements.txt",
            "settings.json",
            "autograder/grading/grade.py",
            "autograder/candidate/zygote.py",
            "course/course.yml",
            "course/solutions/small.py",
            "course/assignments/small/small.ipynb",
            "course/tests/hidden/small/test_public.py",
            "course/tests/hidden/small/test_hidden.py",
        } <= names
        assert not [name for name in names if "__pycache__" in name or name.startswith(("/", ".."))]
        assert {name for name, mode in modes.items() if mode & stat.S_IXUSR} == {"setup.sh", "run_autograder"}
        assert all(stat.S_ISREG(mode) for mode in modes.values())
        assert "numpy==" in needed
        assert "playwright" not in needed  # a tool of the developers
        for script in (setup, run):
            subprocess.run(["bash", "-n"], input=script, check=True)

    def test_the_same_course_gives_the_same_bytes(self, course: Small) -> None:
        _, paths = course
        first = package_gradescope(paths.root, "small").read_bytes()
        assert package_gradescope(paths.root, "small").read_bytes() == first

    def test_what_cannot_be_packed_is_one_sentence(self, course: Small) -> None:
        _, paths = course
        with pytest.raises(CourseError, match="no assignment"):
            package_gradescope(paths.root, "large")
        paths.solution("small").unlink()
        with pytest.raises(GradeError, match="no solution"):
            package_gradescope(paths.root, "small")
        shutil.rmtree(paths.assignments)
        with pytest.raises(GradeError, match="has not been released yet"):
            package_gradescope(paths.root, "small")


@pytest.fixture
def gradescope(course: Small, tmp_path: Path) -> Gradescope:
    return Gradescope(package_gradescope(course[1].root, "small"), tmp_path / "autograder")


@pytest.mark.slow
class TestOnGradescope:
    def test_the_score_is_that_of_the_class(self, course: Small, gradescope: Gradescope) -> None:
        _, paths = course
        raw = notebook(paths, WRONG, "Because.")
        gradescope.submit({"small.ipynb": raw}, metadata())
        results = gradescope.results()
        file = paths.submission("ada", "small")
        file.parent.mkdir(parents=True)
        file.write_bytes(raw)
        (same,) = grade(paths.root, "small", Options(workers=1, gradebook=False)).examinations
        assert results["score"] == same.points == 7
        assert [(t["name"], t["score"], t["status"]) for t in results["tests"]] == [
            ("test-double", 4, "passed"),
            ("test-double-array", 3, "failed"),
        ]
        assert {test["visibility"] for test in results["tests"]} == {"visible"}
        assert "Negative numbers too. (wrong result)" in results["tests"][1]["output"]
        assert "-7" not in results["tests"][1]["output"]
        assert "Points still to be decided by a person" in results["output"]

    def test_lateness_costs_what_the_course_says(self, course: Small, gradescope: Gradescope) -> None:
        files = {"notebooks/small.ipynb": notebook(course[1], RIGHT)}
        late = "2027-03-09T12:00:00+09:00"
        for about, score in [
            (metadata(created=late), 8),
            (metadata("lena@x.org", created=late), 10),
            (metadata(created=late, due="2027-03-09T00:00:00+09:00"), 9),
        ]:
            gradescope.submit(files, about)
            assert gradescope.results()["score"] == score

    def test_a_submission_cannot_read_the_course(self, course: Small, gradescope: Gradescope) -> None:
        secret = gradescope.root / "source" / "course" / "solutions" / "small.py"
        thief = f"exec(open({str(secret)!r}).read().split('double')[-1])\ndouble = lambda x: 2 * x"
        gradescope.submit({"small.ipynb": notebook(course[1], thief)}, metadata())
        assert gradescope.results()["score"] == 0

    @pytest.mark.parametrize(
        ("files", "said"),
        [
            ({}, "There is no small.ipynb among the files"),
            ({"a.ipynb": b"{}", "b.ipynb": b"{}"}, "there is a.ipynb, b.ipynb"),
            ({"small.ipynb": b"%PDF-1.7"}, word("unreadable", Language.EN)),
        ],
    )
    def test_what_is_no_notebook_earns_nothing_and_says_so(
        self, gradescope: Gradescope, files: dict[str, bytes], said: str
    ) -> None:
        gradescope.submit(files)
        results = gradescope.results()
        assert results["score"] == 0
        assert said in results["output"]

    def test_a_fault_of_the_grader_is_no_students_zero(self, course: Small, gradescope: Gradescope) -> None:
        suite = gradescope.root / "source" / "course" / "tests" / "hidden" / "small" / "test_hidden.py"
        suite.write_text(HIDDEN.replace("submission.double(-7)", "open('/nowhere').read()"), encoding="utf-8")
        gradescope.submit({"small.ipynb": notebook(course[1], RIGHT)}, metadata())
        ended = gradescope.run()
        assert ended.returncode == 1
        assert "could not be graded" in ended.stderr
        assert not (gradescope.root / "results" / "results.json").exists()


class TestTheGitHubTemplate:
    def test_it_holds_nothing_that_students_do_not_have(self, course: Small) -> None:
        _, paths = course
        folder = package_github(paths.root, "small")
        files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
        assert {
            "small.ipynb",
            "test_public.py",
            WORKFLOW,
            ".github/autograder/autograder/grading/grade.py",
        } <= set(files)
        place = ".github/autograder/course/"
        course_files = [name for name in files if name.startswith(place)]
        assert sorted(name.removeprefix(place) for name in course_files) == [
            "assignments/small/small.ipynb",
            "assignments/small/test_public.py",
            "course.yml",
            "tests/hidden/small/test_public.py",
        ]
        text = "".join(files[name].read_text(encoding="utf-8") for name in course_files)
        assert not [word for word in ("secret", "model answer", "lena", "0.375") if word in text]

    def test_the_workflow_hands_the_result_to_the_reporter(self, course: Small) -> None:
        folder = package_github(course[1].root, "small")
        workflow = YAML(typ="safe").load((folder / WORKFLOW).read_text(encoding="utf-8"))
        (job,) = workflow["jobs"].values()
        grader, reporter = job["steps"][-2:]
        assert "secrets" not in (folder / WORKFLOW).read_text(encoding="utf-8")
        assert reporter["env"] == {
            f"{grader['id'].upper()}_RESULTS": f"${{{{ steps.{grader['id']}.outputs.result }}}}"
        }
        assert reporter["with"]["runners"] == grader["id"]
        assert workflow["permissions"] == {"checks": "write", "actions": "read", "contents": "read"}

    @pytest.mark.slow
    def test_its_step_grades_the_public_tests(self, course: Small, tmp_path: Path) -> None:
        _, paths = course
        repository = tmp_path / "repository"
        shutil.copytree(package_github(paths.root, "small"), repository)
        (repository / "small.ipynb").write_bytes(notebook(paths, WRONG))
        workflow = YAML(typ="safe").load((repository / WORKFLOW).read_text(encoding="utf-8"))
        (step,) = [s for s in workflow["jobs"]["autograding"]["steps"] if s.get("id") == "autograder"]
        output = tmp_path / "output"
        path = step["env"]["PYTHONPATH"].replace("${{ github.workspace }}", str(repository))
        ended = subprocess.run(
            ["bash", "-c", step["run"].replace("python", sys.executable, 1)],
            env=environment(PYTHONPATH=path, GITHUB_WORKSPACE=str(repository), GITHUB_OUTPUT=str(output)),
            cwd=repository,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert ended.returncode == 0, ended.stderr
        line = output.read_text(encoding="utf-8")
        result = json.loads(base64.b64decode(line.removeprefix("result=")))
        assert (result["status"], result["max_score"]) == ("pass", 4)
        assert [(test["name"], test["score"]) for test in result["tests"]] == [("test-double", 4)]


class TestTheNotebookAmongTheFiles:
    def test_links_and_hidden_files_do_not_count(self, tmp_path: Path) -> None:
        secret = tmp_path / "secret.ipynb"
        secret.write_bytes(b"secret")
        folder = tmp_path / "submission"
        (folder / ".ipynb_checkpoints").mkdir(parents=True)
        (folder / ".ipynb_checkpoints" / "w.ipynb").write_bytes(b"old")
        (folder / "w.ipynb").symlink_to(secret)
        (folder / "up").symlink_to(tmp_path)
        assert find_notebook(folder, "w").raw is None
        (folder / "sub").mkdir()
        (folder / "sub" / "w.ipynb").write_bytes(b"mine")
        assert find_notebook(folder, "w").raw == b"mine"

    def test_of_several_the_one_with_the_weeks_name_nearest_to_the_top_counts(self, tmp_path: Path) -> None:
        for name in ("a/b/w.ipynb", "a/w.ipynb", "other.ipynb"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(name)
        assert find_notebook(tmp_path, "w").raw == b"a/w.ipynb"

    def test_a_flood_of_files_is_not_walked(self, tmp_path: Path) -> None:
        for number in range(10_001):
            (tmp_path / f"{number}").touch()
        assert "More than 10,000 files" in str(find_notebook(tmp_path, "w").problem)
