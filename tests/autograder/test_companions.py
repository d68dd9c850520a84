"""Files beside a notebook: released with it, and there when it runs, whoever runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from trial import Class, make

from autograder.authoring.release import ReleaseError, ReleaseReport, release
from autograder.authoring.verify import verify
from autograder.candidate.workplace import write_beside
from autograder.course.companions import CompanionError, came_with, read_tree, released_beside
from autograder.course.folders import Paths
from autograder.course.models import Course
from autograder.course.reading import load_course
from autograder.examiner.remote.quota import quota
from autograder.options import Options
from autograder.platforms.github import BUNDLE, package_github
from autograder.platforms.gradescope import package_gradescope
from autograder.problem import GradeError
from autograder.submissions.keys import week_fingerprint

REPOSITORY = Path(__file__).parents[2]
Small = tuple[Course, Paths]

READS = """\
import numpy as np

FACTOR = int(open("data/factor.txt").read())


def double(x):
    return np.asarray(x) * FACTOR
"""
"""A right `double` where the file is there, and none at all where it is not."""

PUBLIC = '''\
import pytest


@pytest.mark.cell("test-double")
def test_two(submission):
    """Doubles two.

    2를 두 배로 만듭니다.
    """
    assert submission.double(2) == 4
'''


def put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def release_again(paths: Paths) -> ReleaseReport:
    course = load_course(paths.root)
    return release(course, course.assignments[0], paths)


@pytest.fixture
def trial(tmp_path: Path) -> Class:
    """The trial course with a file that its task reads, kept with the solution."""
    made = make(tmp_path)
    shutil.copy(REPOSITORY / "nbgrader_config.py", tmp_path)
    put(made.paths.solutions / "trial", {"data/factor.txt": "2\n"})
    release_again(made.paths)
    return made


class TestWhatIsAFileBesideANotebook:
    def test_plain_files_and_those_in_folders(self, tmp_path: Path) -> None:
        folder = tmp_path / "week"
        put(
            folder,
            {
                "a.csv": "1",
                "한글 이름.txt": "2",
                "deep/er/b.bin": "3",
                ".hidden": "",
                ".git/config": "",
                ".ipynb_checkpoints/a.csv": "",
                "__pycache__/helper.cpython-311.pyc": "",
                "old.pyc": "",
            },
        )
        secret = tmp_path / "secret.txt"
        secret.write_text("secret")
        (folder / "link.txt").symlink_to(secret)
        (folder / "out").symlink_to(tmp_path)
        os.mkfifo(folder / "pipe")
        assert read_tree(folder) == {"a.csv": b"1", "한글 이름.txt": b"2", "deep/er/b.bin": b"3"}
        assert read_tree(tmp_path / "nowhere") == {}

    @pytest.mark.parametrize("many", [True, False])
    def test_too_much_is_one_sentence(self, tmp_path: Path, many: bool) -> None:
        folder = tmp_path / "solutions" / "week"
        folder.mkdir(parents=True)
        if many:
            for number in range(1_001):
                (folder / f"{number}.txt").touch()
        else:
            with open(folder / "large.bin", "wb") as file:
                file.truncate((64 << 20) + 1)
        with pytest.raises(CompanionError, match=r"solutions/week are too many or too large .* 64 MiB"):
            read_tree(folder)

    def test_a_name_that_is_no_text_is_one_sentence(self, tmp_path: Path) -> None:
        (tmp_path / os.fsdecode(b"\xff.csv")).touch()
        with pytest.raises(CompanionError, match="a name that is not UTF-8: rename it"):
            read_tree(tmp_path)

    def test_they_are_written_read_only_and_can_be_written_again(self, tmp_path: Path) -> None:
        for content in (b"old", b"new"):
            write_beside({"a/b.txt": content}, tmp_path)
        path = tmp_path / "a" / "b.txt"
        assert path.read_bytes() == b"new"
        assert path.stat().st_mode & 0o777 == 0o444

    def test_the_quota_covers_them(self) -> None:
        assert quota({}) == (0, 0)
        size, entries = quota({"a/b/c.txt": b"x", "d.txt": bytes(5000)})
        assert size >= 4096 + 8192
        assert entries == 4


class TestOnAStudentsOwnMachine:
    """Where only the notebook can tell what came with it."""

    def notebook(self, *names: str) -> bytes:
        return json.dumps({"metadata": {"autograder": {"files": names}}}).encode()

    def test_the_notebook_says_what_came_with_it(self, tmp_path: Path) -> None:
        put(tmp_path, {"week/data/a.csv": "1", "week/mine.csv": "2"})
        notebook = tmp_path / "week" / "week.ipynb"
        found = came_with(notebook, self.notebook("data/a.csv", "lost.csv"))
        assert found == {"data/a.csv": b"1"}

    @pytest.mark.parametrize(
        "name", ["../secret", "/etc/passwd", "a/../../secret", ".ssh/id", "..\\secret", "C:secret", ""]
    )
    def test_a_name_cannot_lead_out_of_the_folder(self, tmp_path: Path, name: str) -> None:
        put(tmp_path, {"secret": "1", "week/.ssh/id": "2", "week/..\\secret": "3", "week/C:secret": "4"})
        assert came_with(tmp_path / "week" / "week.ipynb", self.notebook(name)) == {}

    def test_where_that_was_lost_it_is_what_lies_there(self, tmp_path: Path) -> None:
        put(tmp_path, {"a.csv": "1", "week.ipynb": "", "other.ipynb": "", "week-check.html": ""})
        put(tmp_path, {"test_public.py": ""})
        assert came_with(tmp_path / "week.ipynb", b"{}") == {"a.csv": b"1"}

    def test_unless_it_is_far_too_much(self, tmp_path: Path) -> None:
        with open(tmp_path / "film.mp4", "wb") as file:
            file.truncate(1 << 33)
        assert came_with(tmp_path / "week.ipynb", b"[]") == {}


class TestRelease:
    def test_what_is_kept_with_the_solution_is_released(self, small: Small) -> None:
        _, paths = small
        put(paths.solutions / "small", {"data.csv": "1,2\n", "pictures/one.svg": "<svg/>", ".notes": "mine"})
        report = release_again(paths)
        assert report.files == ("small.ipynb", "test_public.py", "data.csv", "pictures/one.svg")
        assert "data.csv, pictures/one.svg" in str(report)
        folder = paths.assignments / "small"
        assert (folder / "data.csv").read_text() == "1,2\n"
        assert (folder / "pictures" / "one.svg").read_text() == "<svg/>"
        assert not (folder / ".notes").exists()
        notebook = nbformat.read(paths.released("small"), as_version=4)
        nbformat.validate(notebook)
        assert notebook.metadata.autograder.files == ["data.csv", "pictures/one.svg"]
        assert not release_again(paths).changed

    def test_what_was_put_there_by_hand_stays_and_is_released(self, small: Small) -> None:
        _, paths = small
        folder = paths.assignments / "small"
        put(folder, {"by_hand.csv": "3", "more/deep.txt": "4", ".gitkeep": "", "timestamp.txt": "now"})
        (folder / "link").symlink_to("by_hand.csv")
        report = release_again(paths)
        assert report.files == ("small.ipynb", "test_public.py", "by_hand.csv", "more/deep.txt")
        put(paths.solutions, {"small/new.csv": "5"})
        with paths.solution("small").open("a") as file:
            file.write("\n# %%\n1 + 1\n")
        report = release_again(paths)
        assert report.changed
        assert {"by_hand.csv", "more/deep.txt", "new.csv"} < set(report.files)
        assert (folder / "by_hand.csv").read_text() == "3"
        assert (folder / "more" / "deep.txt").read_text() == "4"
        assert (folder / ".gitkeep").is_file() and (folder / "timestamp.txt").is_file()
        assert (folder / "link").is_symlink()

    def test_what_is_kept_no_longer_goes_but_not_what_somebody_changed(self, small: Small) -> None:
        _, paths = small
        put(paths.solutions / "small", {"a/b/gone.csv": "1", "changed.csv": "2"})
        release_again(paths)
        folder = paths.assignments / "small"
        (folder / "changed.csv").write_text("by hand")
        shutil.rmtree(paths.solutions / "small")
        report = release_again(paths)
        assert report.files == ("small.ipynb", "test_public.py", "changed.csv")
        assert not (folder / "a").exists()
        assert (folder / "changed.csv").read_text() == "by hand"

    def test_what_is_kept_wins_over_what_lies_there(self, small: Small) -> None:
        _, paths = small
        folder, outside = paths.assignments / "small", paths.root / "outside"
        put(outside, {"data.csv": "outside", "in/data.csv": "outside"})
        put(folder, {"edited.csv": "by hand"})
        (folder / "data.csv").symlink_to(outside / "data.csv")
        (folder / "in").symlink_to(outside / "in")
        put(paths.solutions / "small", {"edited.csv": "1", "data.csv": "2", "in/data.csv": "3"})
        release_again(paths)
        assert read_tree(folder, without={"small.ipynb", "test_public.py"}) == {
            "edited.csv": b"1",
            "data.csv": b"2",
            "in/data.csv": b"3",
        }
        assert {path.read_text() for path in outside.rglob("data.csv")} == {"outside"}

    def test_a_release_that_fails_forgets_nothing(self, small: Small) -> None:
        _, paths = small
        put(paths.solutions / "small", {"gone.csv": "1"})
        release_again(paths)
        text = paths.solution("small").read_text()
        (paths.solutions / "small" / "gone.csv").unlink()
        hidden = "### BEGIN HIDDEN TESTS\nassert double(2) == 4"
        paths.solution("small").write_text(text.replace("assert double(2) == 4", hidden))
        with pytest.raises(ReleaseError, match="No end hidden tests"):
            release_again(paths)
        paths.solution("small").write_text(text)
        assert "gone.csv" not in release_again(paths).files

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("second.ipynb", r"solutions/small/second\.ipynb is a notebook"),
            ("small.ipynb", r"solutions/small/small\.ipynb is a notebook"),
            ("test_public.py", "has a name that is taken"),
            ("timestamp.txt", "has a name that is taken"),
        ],
    )
    def test_a_name_that_means_something_else_is_refused(self, small: Small, name: str, words: str) -> None:
        _, paths = small
        before = read_tree(paths.assignments / "small")
        put(paths.solutions / "small", {name: "{}"})
        with pytest.raises(ReleaseError, match=words):
            release_again(paths)
        assert read_tree(paths.assignments / "small") == before

    def test_too_much_of_both_is_refused(self, small: Small) -> None:
        _, paths = small
        before = paths.released("small").read_bytes()
        for folder in (paths.solutions / "small", paths.assignments / "small"):
            folder.mkdir(exist_ok=True)
            with open(folder / f"{folder.parent.name}.bin", "wb") as file:
                file.truncate(40 << 20)
        with pytest.raises(
            ReleaseError, match=r"solutions/small and assignments/small are too many or too l"
        ):
            release_again(paths)
        assert paths.released("small").read_bytes() == before

    @pytest.mark.slow
    def test_nbgraders_own_command_releases_them_too(self, small: Small) -> None:
        _, paths = small
        put(paths.solutions / "small", {"data.csv": "1,2\n", "in/b.txt": "3"})
        release_again(paths)
        shutil.rmtree(paths.assignments)
        nbgrader(paths, "generate_assignment", "small", "--force")
        assert released_beside(paths, "small") == {"data.csv": b"1,2\n", "in/b.txt": b"3"}


def nbgrader(paths: Paths, *words: str) -> subprocess.CompletedProcess[str]:
    """nbgrader's own program in the course's folder."""
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *words],
        cwd=paths.root,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
    )


SHOWS = """\
import os
import stat


def half(x):
    return x / 2


def attempt(act):
    try:
        act()
    except OSError as error:
        return type(error).__name__
    return "done"


print(sorted(os.listdir(".")), sorted(os.listdir("data")))
print(oct(stat.S_IMODE(os.stat("data/factor.txt").st_mode)))
print(attempt(lambda: open("data/factor.txt", "w")), attempt(lambda: open("data/mine.txt", "w")))
print(attempt(lambda: open("mine.csv")))
"""


@pytest.mark.slow
class TestGrading:
    def test_they_are_there_and_read_only(self, trial: Class) -> None:
        put(trial.paths.assignments / "trial", {"by_hand.csv": "1"})
        release_again(trial.paths)
        trial.hand_in("ada", double=READS, half=SHOWS)
        # What is handed in beside a notebook is not taken, nor does it win over the release's.
        put(trial.paths.submission("ada", "trial").parent, {"mine.csv": "1", "data/factor.txt": "3"})
        examination = trial.grade(workers=1)["ada"]
        assert examination.points == 100
        (shown,) = [cell for cell in examination.cells if cell.grade_id == "half"]
        assert shown.outputs[0]["text"].splitlines() == [
            "['by_hand.csv', 'data'] ['factor.txt']",
            "0o444",
            "PermissionError done",
            "FileNotFoundError",
        ]

    def test_a_released_file_is_part_of_the_key(self, trial: Class) -> None:
        course = load_course(trial.root)

        def key() -> str:
            return week_fingerprint(course, trial.paths, "trial", Options())

        keys = {key()}
        put(trial.paths.assignments / "trial", {"data/factor.txt": "3\n"})
        keys.add(key())
        (trial.paths.assignments / "trial" / "data" / "factor.txt").rename(
            trial.paths.assignments / "trial" / "factor.txt"
        )
        keys.add(key())
        put(trial.paths.assignments / "trial", {".hidden": ""})
        keys.add(key())
        assert len(keys) == 3

    def test_they_leave_a_student_all_of_the_scratch_folder(self, trial: Class) -> None:
        text = trial.paths.course.read_text().replace("memory: 512 MiB", "memory: 512 MiB, scratch: 4 MiB")
        trial.paths.course.write_text(text)
        (trial.paths.solutions / "trial" / "large.bin").write_bytes(bytes(20 << 20))
        release_again(trial.paths)
        fills = "open('mine.bin', 'wb').write(bytes(3 << 20))\n\n\ndef half(x):\n    return x / 2\n"
        trial.hand_in("ada", half=fills)
        trial.hand_in("bob", half=fills.replace("3 <<", "6 <<"))
        points = {student: examination.points for student, examination in trial.grade(workers=1).items()}
        assert points == {"ada": 100, "bob": 60}

    @pytest.mark.parametrize("off", [("user", "mount", "pid", "net", "ipc", "uts")])
    def test_without_namespaces_too(self, trial: Class, off: tuple[str, ...]) -> None:
        trial.hand_in("ada", double=READS)
        examination = trial.grade(workers=1, switched_off=off)["ada"]
        assert examination.points == 100, [(c.grade_id, str(c.message)) for c in examination.cells]

    def test_too_much_is_said_before_anything_is_graded(self, trial: Class) -> None:
        trial.hand_in("ada")
        with open(trial.paths.assignments / "trial" / "large.bin", "wb") as file:
            file.truncate(1 << 33)
        with pytest.raises(GradeError, match=r"assignments/trial are too many or too large"):
            trial.grade(workers=1)

    def test_nbgrader_autograde_gives_the_same(self, trial: Class) -> None:
        trial.hand_in("ada", double=READS)
        nbgrader(trial.paths, "autograde", "trial")
        (record,) = (trial.paths.records / "trial" / "ada").iterdir()
        assert sum(score["points"] for score in json.loads(record.read_bytes())["scores"]) == 100

    def test_the_solution_has_them_when_the_course_is_verified(self, trial: Class) -> None:
        paths = trial.paths
        put(paths.suite("trial"), {"test_public.py": PUBLIC})
        put(paths.assignments / "trial", {"by_hand.csv": "1"})
        text = (
            paths.solution("trial").read_text().replace("import numpy as np\n", READS.split("\n\n\ndef")[0])
        )
        text = text.replace("np.asarray(x) * 2", "np.asarray(x) * FACTOR")
        paths.solution("trial").write_text(text)
        release_again(paths)
        (found,) = verify(trial.root, fast=True)
        assert [said for said in found.complaints if "mutant" not in said] == []
        put(paths.solutions / "trial", {"data/factor.txt": "20\n"})
        (found,) = verify(trial.root, fast=True)
        assert any("trial/data/factor.txt is not what" in said for said in found.complaints)


@pytest.mark.slow
class TestElsewhere:
    @pytest.fixture
    def packed(self, trial: Class) -> Class:
        put(trial.paths.suite("trial"), {"test_public.py": PUBLIC})
        put(trial.paths.assignments / "trial", {"by_hand.csv": "1", ".secret": "no"})
        release_again(trial.paths)
        return trial

    def test_on_gradescope(self, packed: Class, tmp_path: Path) -> None:
        root = tmp_path / "gradescope"
        with zipfile.ZipFile(package_gradescope(packed.root, "trial")) as archive:
            names = {name for name in archive.namelist() if name.startswith("course/assignments/")}
            archive.extractall(root / "source")
        assert {name.removeprefix("course/assignments/trial/") for name in names} == {
            "trial.ipynb",
            "test_public.py",
            "by_hand.csv",
            "data/factor.txt",
        }
        packed.hand_in("ada", double=READS)
        shutil.copytree(packed.paths.submission("ada", "trial").parent, root / "submission")
        subprocess.run(
            [sys.executable, "-P", "-m", "autograder.platforms.gradescope"],
            cwd=root / "source",
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(root / "source"),
                "AUTOGRADER_ROOT": str(root),
            },
            check=True,
        )
        assert json.loads((root / "results" / "results.json").read_bytes())["score"] == 100

    def test_on_github(self, packed: Class) -> None:
        folder = package_github(packed.root, "trial")
        assert (folder / "data" / "factor.txt").read_text() == "2\n"
        assert not list(folder.rglob(".secret"))
        packed.hand_in("ada", double=READS)
        shutil.copy(packed.paths.submission("ada", "trial"), folder / "trial.ipynb")
        ended = subprocess.run(
            [sys.executable, "-P", "-m", "autograder.platforms.github", str(folder)],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder / BUNDLE)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert "test-double: 60 of 60" in ended.stdout

    @pytest.mark.parametrize("confined", ["True", "False"])
    @pytest.mark.parametrize("place", ["in the course", "alone", "after an editor"])
    def test_in_a_students_own_check(self, packed: Class, tmp_path: Path, confined: str, place: str) -> None:
        packed.hand_in("ada", double=READS)
        notebook = packed.paths.submission("ada", "trial")
        if place != "in the course":
            folder = shutil.copytree(packed.paths.assignments / "trial", tmp_path / "mine")
            shutil.copy(notebook, folder / "trial.ipynb")
            notebook = folder / "trial.ipynb"
        if place == "after an editor":
            document = json.loads(notebook.read_bytes())
            del document["metadata"]["autograder"]
            notebook.write_text(json.dumps(document))
        program = (
            "import sys; from pathlib import Path; from autograder.check import check; "
            f"sys.exit(check(Path(sys.argv[1]), confined={confined}))"
        )
        ended = subprocess.run(
            [sys.executable, "-c", program, str(notebook)], capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
