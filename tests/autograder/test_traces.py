"""What a notebook can tell of where it runs: nothing of the course, and what nbgrader tells too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import trial as trial_course
from trial import GOOD_HALF, Class

from autograder import cache
from autograder.mnist import digits

NAMESPACES = ("user", "mount", "pid", "net", "ipc", "uts")

# The path is turned round, so that the cell's own text does not hold it.
LOOKS = '''\
import gc
import glob
import json
import os
import sys


def double(x):
    """Twice x, in every place where the path may be."""
    wanted, found = {turned!r}[::-1], []

    def look(place, value):
        if wanted in str(value):
            found.append(place)

    look("argv", (sys.argv, sys.orig_argv))
    look("import", (sys.path, list(sys.path_importer_cache), sys.meta_path))
    look("environ", dict(os.environ))
    look("folder", (os.getcwd(), get_ipython().user_ns["_dh"], get_ipython().starting_dir))
    for name, module in list(sys.modules.items()):
        look(name, [getattr(module, key, "") for key in ("__file__", "__path__", "__cached__", "__spec__")])
    for pattern in ("/proc/*", "/proc/self/*", "/proc/[0-9]*/*", "/proc/self/task/*/*", "/etc/*"):
        for path in glob.glob(pattern):
            try:
                look(path, os.readlink(path))
            except OSError:
                pass
            try:
                with open(path, "rb") as file:
                    look(path, file.read(1 << 20))
            except OSError:
                pass
    frame = sys._getframe(1)
    while frame is not None:
        look(frame.f_code.co_name, frame.f_code.co_filename)
        look(frame.f_code.co_name, [vars(v) if hasattr(v, "__dict__") else v for v in frame.f_locals.values()
                                    if v is not frame.f_globals])
        frame = frame.f_back
    for thing in gc.get_objects():
        if type(thing) in (list, tuple, set):
            look("memory", [item for item in thing if type(item) is str])
        elif type(thing) is dict:
            look("memory", [item for item in thing.values() if type(item) is str])
    return found


print(json.dumps(double(1)))
'''


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Class:
    made = trial_course.make(tmp_path)
    monkeypatch.chdir(tmp_path)  # where TAs stand when they grade
    return made


def printed(trial: Class, student: str, cell: str, **options: object) -> str:
    (outcome,) = [c for c in trial.grade(workers=1, **options)[student].cells if c.grade_id == cell]
    assert outcome.verdict == "passed", str(outcome.message)
    return "".join(output["text"] for output in outcome.outputs)


@pytest.mark.slow
@pytest.mark.parametrize(
    "off", [(), NAMESPACES, ("mount",), ("pid",), ("landlock",)], ids=lambda off: "+".join(off) or "none"
)
def test_no_place_shows_the_courses_path(trial: Class, off: tuple[str, ...]) -> None:
    trial.hand_in("ada", double=LOOKS.replace("{turned!r}", repr(str(trial.root)[::-1])))
    assert json.loads(printed(trial, "ada", "double", switched_off=off)) == []


@pytest.mark.slow
def test_arguments_and_traceback_are_those_of_a_notebook(trial: Class) -> None:
    trial.hand_in(
        "ada",
        double="import sys, traceback\n\nprint(sys.argv, sys.orig_argv)\n",
        half=GOOD_HALF
        + "\n\ntry:\n    half('')\nexcept TypeError:\n    traceback.print_exc(file=sys.stdout)\n",
    )
    assert printed(trial, "ada", "double") == "['notebook'] ['notebook']\n"
    assert str(trial.root) not in printed(trial, "ada", "half")


ASKS = (
    "import os\n\n\nprint({name: value for name, value in os.environ.items() if name[:9] == 'NBGRADER_'})\n"
)


@pytest.mark.slow
def test_a_cell_can_ask_whether_it_is_graded(trial: Class) -> None:
    """As with nbgrader: ``autograde`` when graded, ``validate`` when students check their own work."""
    trial.hand_in("ada", half=GOOD_HALF + "\n\n" + ASKS)
    assert printed(trial, "ada", "half") == "{'NBGRADER_EXECUTION': 'autograde'}\n"


@pytest.mark.slow
@pytest.mark.parametrize("confined", [True, False])
def test_and_whether_it_is_checked(trial: Class, confined: bool) -> None:
    refuses = (
        ASKS
        + "assert os.environ['NBGRADER_EXECUTION'] == 'validate' and os.environ['NBGRADER_VALIDATING'] == '1'"
    )
    trial.hand_in("ada", double=refuses + "\n\n\ndef double(x):\n    return 2 * x\n")
    notebook = trial.paths.submission("ada", "trial")
    notebook.with_name("test_public.py").write_text(
        'import pytest\n\n\n@pytest.mark.cell("test-double")\ndef test_two(submission):\n'
        '    """Doubles.\n\n    두 배.\n    """\n    assert submission.double(2) == 4\n',
        encoding="utf-8",
    )
    program = (
        "import sys; from pathlib import Path; from autograder.check import check; "
        f"sys.exit(check(Path(sys.argv[1]), confined={confined}))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(notebook)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


class TestTheFolderOutsideEveryCourse:
    @pytest.fixture(autouse=True)
    def _nothing_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA", digits.ENVIRONMENT_VARIABLE):
            monkeypatch.delenv(variable, raising=False)

    def test_it_is_the_one_that_was_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "named"))
        assert cache.cache_folder() == tmp_path / "named" / "autograder"
        file = digits.student_npz()
        assert file.parent == tmp_path / "named" / "autograder"
        stamp = file.stat().st_mtime_ns
        assert digits.student_npz().stat().st_mtime_ns == stamp

    @pytest.mark.parametrize("named", ["", "relative"])
    def test_otherwise_it_is_at_home(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
    ) -> None:
        home = tmp_path / "home"
        home.mkdir()
        monkeypatch.setattr(cache, "_is_open", lambda folder: True)
        monkeypatch.setenv("XDG_CACHE_HOME", named)
        monkeypatch.setenv("HOME", str(home))
        assert cache.cache_folder() == home / ".cache" / "autograder"

    @pytest.mark.parametrize("home", ["/nonexistent", "/dev/null", "/proc"])
    def test_without_a_home_it_is_elsewhere(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str
    ) -> None:
        monkeypatch.setenv("HOME", home)
        monkeypatch.setattr(cache, "_is_root", lambda: False)
        if os.geteuid() == 0 and home == "/nonexistent":
            pytest.skip("root can make every folder")
        monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(tmp_path))
        folder = cache.cache_folder()
        assert folder == tmp_path / f"autograder-{os.getuid()}"
        assert os.access(folder, os.W_OK)

    def test_one_that_somebody_else_may_write_into_is_not_trusted(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", "/dev/null")
        monkeypatch.setattr(cache, "_is_root", lambda: False)
        monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(tmp_path))
        monkeypatch.setattr(cache.tempfile, "tempdir", str(tmp_path))
        taken = tmp_path / f"autograder-{os.getuid()}"
        taken.mkdir()
        taken.chmod(0o777)
        assert cache.cache_folder() not in (taken, taken.resolve())
        taken.rmdir()
        (tmp_path / "theirs").mkdir()
        taken.symlink_to(tmp_path / "theirs")
        assert cache.cache_folder() != taken

    def test_roots_own_is_one_that_a_candidate_can_reach(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "closed").mkdir(mode=0o700)
        monkeypatch.setenv("HOME", str(tmp_path / "closed"))
        monkeypatch.setattr(cache, "_is_root", lambda: True)
        folder = cache.cache_folder()
        assert not folder.is_relative_to(tmp_path)
        assert all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents))
