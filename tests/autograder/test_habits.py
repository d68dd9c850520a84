"""What students write at home, in Colab, Kaggle, VS Code or on a phone, and what becomes of it when graded.

Each habit is a task's cell: the habit, and below it the function that the task asks for. What concerns a
command, a picture or a place must not cost the function; what cannot be there is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import nbformat
import pytest
from trial import GOOD_DOUBLE, GOOD_HALF, Class, make

from autograder.course.models import Limits
from autograder.course.reading import load_course
from autograder.examination import CellOutcome, Examination, Text, Verdict
from autograder.examination import TestOutcome as Outcome
from autograder.examiner.causes import with_causes
from autograder.examiner.outcomes import TestRun
from autograder.examiner.remote.candidate import Candidate
from autograder.examiner.remote.cells import CellSource
from autograder.examiner.remote.redefinitions import Change
from autograder.examiner.remote.zygote import Zygote
from autograder.messages import Language, fact
from autograder.notebooks.reading import read_released
from autograder.pages.feedback import render_feedback
from autograder.protocol import Settings

LIMITS = Limits(cell_seconds=20, cells_seconds=120)
FUNCTION = "\ndef f(x):\n    return 2 * x\n"
NO_NAMESPACES = ("user", "mount", "pid", "net", "ipc", "uts")


@dataclass(frozen=True)
class Played:
    """A notebook after its last cell."""

    cells: list[CellOutcome]
    names: dict[str, bool]
    changes: dict[str, Change]
    forkable: bool
    seconds: float

    def shown(self, cell: int = 0) -> str:
        """All that a cell shows, as one text."""
        return "\n".join(_text(output) for output in self.cells[cell].outputs)


def _text(output: dict[str, Any]) -> str:
    data = output.get("data", {}).get("text/plain", "")
    return str(output.get("text") or output.get("evalue") or data)


Play = Callable[..., Played]


def player(*switched_off: str) -> Iterator[Play]:
    zygote = Zygote(Settings(switched_off=switched_off))

    def play(*sources: str, limits: Limits = LIMITS) -> Played:
        candidate = Candidate(zygote, [CellSource(i, "", s) for i, s in enumerate(sources)], limits, 0)
        try:
            candidate.run_cells()
        finally:
            candidate.close()
        seconds = sum(cell.seconds for cell in candidate.outcomes)
        return Played(candidate.outcomes, candidate.names, candidate.changes, candidate.forkable, seconds)

    zygote.start()
    try:
        yield play
    finally:
        zygote.stop()


@pytest.fixture(scope="module")
def play() -> Iterator[Play]:
    yield from player()


@pytest.fixture(scope="module")
def play_without_namespaces() -> Iterator[Play]:
    """As in many containers. The user stays, who may not be able to read the interpreter otherwise."""
    yield from player(*NO_NAMESPACES, "uid")


COMMANDS = {
    "!echo one": "one",
    "!ls nosuch": "No such file",
    "!false": "",
    "!nosuchprogram --now": "not found",
    "!printf a; printf b 1>&2": "ab",
    "!for i in 1 2; do echo $i; done; [[ a == a ]] && echo bash": "1\n2\nbash",
    "name = 'you'\n!echo {name} $name": "you you",
    "lines = !printf 'a\\nb'\nprint(lines, lines.n)": "['a', 'b'] a\nb",
    "lines = !nosuchprogram\nprint(len(lines))": "1",
    "x = %sx echo 3\nprint(x)": "['3']",
    "x = %system echo 4\nprint(x)": "['4']",
    "!!echo 5": "",
    "%ls": "",
    "x = %pwd\nprint(x)": "/scratch/work",
    "%mkdir data\n%cd data\n%cd ..\n%ls": "data",
    "%cd ..\nopen('here', 'w').write('x')\n!cat here": "x",
    "%cd nosuch": "No such file",
    "%cat nosuch": "No such file",
    "x = %env HOME\nprint(x)": "/scratch",
    "%env A=1\n!echo $A": "1",
    "import os\nos.system('echo by os')": "by os",
    "import subprocess\nsubprocess.run(['echo', 'by run'])": "by run",
    "import subprocess\nprint(subprocess.check_output('echo caught', shell=True, text=True))": "caught",
    "import os\nprint(os.popen('echo opened').read())": "opened",
    "get_ipython().system('echo shell')": "shell",
    "print(get_ipython().getoutput('echo got'))": "['got']",
    "get_ipython().run_cell_magic('bash', '', 'echo in bash')": "in bash",
    "!conda install -y numpy": "not found",
    "%conda install numpy": "nothing can be installed",
    "%mamba install numpy": "nothing can be installed",
    "!apt-get -qq -y install fonts-nanum > /dev/null\n!rm -rf ~/.cache/matplotlib": "",
    "!wget -q https://example.org/x.zip\n!curl -sS https://example.org": "",
    "!git clone https://github.com/x/y.git\n%cd y": "No such file",
    "!nvidia-smi": "not found",
    "!sleep 1000 &": "",
    "!(sleep 1000; echo late) & echo now": "now",
    "import sys\n!{sys.executable} -c 'print(6 * 7)'": "42",
    "%%capture\n!echo hidden": "",
}


@pytest.mark.parametrize("habit", COMMANDS)
def test_a_command_is_shown_and_the_cell_goes_on(play: Play, habit: str) -> None:
    played = play(habit + FUNCTION)
    assert played.cells[0].verdict is Verdict.PASSED, str(played.cells[0].message)
    assert COMMANDS[habit] in played.shown()
    assert played.names["f"]
    assert played.forkable
    assert played.seconds < 15


@pytest.mark.parametrize("habit", ["!pip install -q torch", "%pip install seaborn", "!pip install numpy"])
def test_pip_fails_at_once_and_the_cell_goes_on(play: Play, habit: str) -> None:
    played = play(habit + FUNCTION)
    assert played.cells[0].verdict is Verdict.PASSED
    assert played.names["f"]
    assert played.shown()
    assert played.cells[0].seconds < 10  # and not eight seconds of tries for each package


SCRIPTS = {
    "%%bash\necho $((1 + 2))": ("3", Verdict.PASSED),
    "%%sh\necho sh": ("sh", Verdict.PASSED),
    "%%shell\necho colab": ("colab", Verdict.PASSED),
    "%%script bash\necho a; echo b 1>&2": ("a\n\nb", Verdict.PASSED),
    "%%bash --no-raise-error\nexit 3": ("", Verdict.PASSED),
    "%%bash\nexit 3": ("exit status 3", Verdict.EXCEPTION),  # as in Jupyter
    "%%bash --bg\nsleep 1000": ("background", Verdict.PASSED),
    "%%script nosuch\nx": ("Couldn't find program", Verdict.PASSED),
    "%%python3\nprint(7)": ("7", Verdict.PASSED),
}


@pytest.mark.parametrize("habit", SCRIPTS)
def test_a_script_leaves_no_thread_behind(play: Play, habit: str) -> None:
    shown, verdict = SCRIPTS[habit]
    played = play(habit, FUNCTION)
    assert played.cells[0].verdict is verdict
    assert shown in played.shown()
    assert played.names["f"]
    assert played.forkable  # with one, no test would have a fork of its own


def test_what_a_script_writes_can_be_kept(play: Play) -> None:
    played = play("%%bash --out kept --err failed\necho 1; echo 2 1>&2", "print(kept + failed)")
    assert "1\n2" in played.shown(1)


SHORT = Limits(cell_seconds=2, cells_seconds=20, output="1 MiB")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("habit", "verdict"),
    [
        ("!sleep 1000", Verdict.TIMEOUT),
        ("lines = !sleep 1000", Verdict.TIMEOUT),
        ("%%bash\nsleep 1000", Verdict.TIMEOUT),
        ("import subprocess\nsubprocess.run(['sleep', '1000'])", Verdict.TIMEOUT),
        ("!cat", Verdict.PASSED),  # nobody types anything
        ("!yes", Verdict.OUTPUT),
        ("lines = !yes", Verdict.OUTPUT),
        ("import os\nos.system('yes 가 | head -c 3000000')", Verdict.OUTPUT),
        ("print('x' * 5_000_000)", Verdict.OUTPUT),
        ("%%bash\nyes | tee /dev/stderr", Verdict.OUTPUT),
        ("!sleep 1000 & sleep 1000 & wait", Verdict.TIMEOUT),
    ],
)
def test_what_hangs_or_floods_is_bounded_and_nothing_of_it_stays(
    play: Play, habit: str, verdict: Verdict
) -> None:
    left = "import os\nleft = [p for p in os.listdir('/proc') if p.isdecimal() and p != str(os.getpid())]"
    later = f"print('later')\n{left}\nassert left == [], left"
    played = play(habit, later + FUNCTION, limits=SHORT)
    assert [cell.verdict for cell in played.cells] == [verdict, Verdict.PASSED], str(played.cells[1].message)
    assert played.shown(1) == "later\n"  # a cell that floods leaves room for the others
    assert played.names["f"]
    assert played.seconds < 15


def test_a_program_inherits_nothing_but_its_standard_files(play: Play) -> None:
    listed = "import os\nos.system('ls /proc/self/fd | wc -l')"  # 0, 1, 2, and the folder itself
    assert play(listed).shown().split()[-1] == "4"


@pytest.mark.parametrize(
    "habit", ["!echo one", "%%bash\necho one", "%cd ..\n!echo one", "x = !echo one\nprint(x)"]
)
def test_commands_where_namespaces_are_refused(play_without_namespaces: Play, habit: str) -> None:
    played = play_without_namespaces(
        habit, FUNCTION, "!sleep 1000 &", "open('own.py', 'w').write('a = 1')\nimport own"
    )
    assert "one" in played.shown()
    assert all(cell.verdict is Verdict.PASSED for cell in played.cells), played.cells
    assert played.names["f"]
    assert played.forkable


OWN_MODULES = {
    "written by a magic": ["%%writefile mine.py\ndef g():\n    return 2", "from mine import g" + FUNCTION],
    "in one cell": ["open('mine.py', 'w').write('a = 1')\nimport mine\nassert mine.a == 1" + FUNCTION],
    "after a vain try": [
        "try:\n    import mine\nexcept ImportError:\n    open('mine.py', 'w').write('a = 1')\nimport mine"
        + FUNCTION
    ],
    "reloaded": [
        "import importlib\nopen('mine.py', 'w').write('a = 1')\nimport mine",
        "open('mine.py', 'w').write('a = 2')\nimportlib.reload(mine)\nassert mine.a == 2" + FUNCTION,
    ],
    "a package": [
        "import os\nos.makedirs('kit/inner')\nopen('kit/__init__.py', 'w').close()\n"
        "open('kit/inner/__init__.py', 'w').close()\nopen('kit/inner/core.py', 'w').write('a = 1')",
        "from kit.inner import core\nassert core.a == 1" + FUNCTION,
    ],
    "after a change of folder": [
        "%mkdir src\n%cd src",
        "%%writefile mine.py\na = 1",
        "import mine\n%cd ..\nassert mine.a == 1" + FUNCTION,
    ],
    "by sys.path": [
        "%mkdir src",
        "%%writefile src/mine.py\na = 1",
        "import sys\nsys.path.append('src')\nimport mine" + FUNCTION,
    ],
    "run": ["%%writefile mine.py\na = 1", "%run mine.py\nassert a == 1" + FUNCTION],
    "autoreload": [
        "%load_ext autoreload\n%autoreload 2\nopen('mine.py', 'w').write('a = 1')\nimport mine" + FUNCTION
    ],
    "named as others": [
        "for name in ('random', 'test', 'data', 'utils', 'numpy'):\n"
        "    open(f'{name}.py', 'w').write('own = 1')",
        "import data, test, utils\nassert data.own == test.own == utils.own == 1" + FUNCTION,
        "import random\nimport numpy\nassert random.random() < 1 and numpy.arange(3).sum() == 3",
    ],
    "by another program": ["%%writefile mine.py\nprint('ran')", "!python mine.py\n" + FUNCTION],
}


@pytest.mark.parametrize("habit", OWN_MODULES)
def test_the_working_folder_is_importable(play: Play, habit: str) -> None:
    played = play(*OWN_MODULES[habit])
    assert [str(cell.message) for cell in played.cells if cell.verdict is not Verdict.PASSED] == []
    assert played.names["f"]


PLACES = {
    "%matplotlib inline": "",
    "%matplotlib widget": "no window",
    "%matplotlib qt": "no window",
    "%matplotlib tk": "no window",
    "%matplotlib notebook": "no window",
    "%matplotlib osx": "no window",
    "%matplotlib ipympl": "no window",
    "%matplotlib agg": "",
    "%matplotlib": "inline",
    "%pylab inline": "",
    "import matplotlib\nmatplotlib.use('TkAgg')": "no window",
    "import matplotlib\nmatplotlib.use('Qt5Agg')": "no window",
    "import matplotlib\nmatplotlib.use('MacOSX')": "no window",
    "import matplotlib\nmatplotlib.use('Agg')": "",
    "import matplotlib.pyplot as plt\nplt.switch_backend('TkAgg')\nplt.plot([1])\nplt.show()": "no window",
    "import matplotlib.pyplot as plt\nplt.ion()\nplt.figure()\nplt.pause(0.001)\nplt.show(block=True)": "",
    "%config InlineBackend.figure_format = 'retina'": "",
    "%config InlineBackend.figure_formats = ['svg']": "",
    "from matplotlib import font_manager, rc\nname = font_manager.FontProperties("
    "fname='C:/Windows/Fonts/malgun.ttf').get_name()\nrc('font', family=name)": "no font",
    "import matplotlib.font_manager as fm\nfm.fontManager.addfont('/usr/share/fonts/nosuch.ttf')": "no font",
    "from IPython.core.display import display, HTML\ndisplay(HTML('<b>wide</b>'))": "HTML",
    "from IPython.display import set_matplotlib_formats\nset_matplotlib_formats('retina')": "",
    "get_ipython().magic('matplotlib inline')": "",
    "get_ipython().run_line_magic('matplotlib', 'notebook')": "no window",
    "%tensorflow_version 2.x": "%tensorflow_version",
    "%load_ext tensorboard\n%tensorboard --logdir logs": "%tensorboard",
    "%load_ext lab_black": "lab_black",
    "%load_ext autoreload\n%autoreload 2": "",
    "%autosave 60": "%autosave",
    "%lprun -f f f(1)": "%lprun",
    "from google.colab import drive\ndrive.mount('/content/drive')": "drive.mount",
    "import google.colab\ngoogle.colab.drive.mount('/content/drive')": "drive.mount",
    "from google.colab import files\nfor name in files.upload():\n    print(name)": "files.upload",
    "from google.colab import output\noutput.clear()\noutput.eval_js('1')": "eval_js",
    "from google.colab import userdata, auth\nauth.authenticate_user()\nuserdata.get('key')": "userdata.get",
    "from google.colab.patches import cv2_imshow\nimport numpy as np\n"
    "cv2_imshow(np.zeros((4, 4, 3)))": "Image",
    "%load_ext google.colab.data_table": "",
    "import os\nos.chdir('/content/drive/MyDrive/homework')": "/content/drive/MyDrive/homework",
    "%cd /content/drive/MyDrive/homework": "/scratch/work",
    "import sys\nsys.path.append('/content/drive/MyDrive')": "",
    "import os\nfor folder, _, names in os.walk('/kaggle/input'):\n    print(folder, names)": "",
    "from kaggle_secrets import UserSecretsClient\nUserSecretsClient().get_secret('x')": "get_secret",
    "# @title Convolution { display-mode: 'form' }\nn = 3  # @param {type: 'slider', min: 0, max: 9}": "",
    "%%time": "Wall time",
    "%time x = 1\n%timeit -n1 -r1 x": "per loop",
    "%who\n%whos\n%lsmagic\n%history\n%xmode Verbose": "",
    "%reset -f": "",
    "from tqdm import tqdm, trange\nfor i in tqdm(range(3)):\n    pass": "3/3",
    "from tqdm.notebook import tqdm\nfor i in tqdm(range(3)):\n    pass": "",
    "from tqdm.auto import tqdm\nbar = tqdm(total=3)\nbar.update()": "",
    "import ipywidgets as widgets\nfrom ipywidgets import interact\n"
    "@interact(n=(0, 3))\ndef g(n=1):\n    print(n)": "1",
    "from IPython import get_ipython\nget_ipython().run_line_magic('load_ext', 'autoreload')": "",
    "%pdb on": "remove the debugger",
    "import ipdb": "",
    "import pdb, doctest\nprint(doctest.testmod())": "TestResults",
    "import asyncio\nasync def g():\n    return 1\nprint(await g())": "1",
}


@pytest.mark.parametrize("habit", PLACES)
def test_what_concerns_pictures_and_places_goes_on(play: Play, habit: str) -> None:
    played = play(habit + FUNCTION)
    assert played.cells[0].verdict is Verdict.PASSED, str(played.cells[0].message)
    assert PLACES[habit] in played.shown()
    assert played.names["f"]
    assert played.forkable


def test_pictures_are_still_drawn_after_a_window_was_asked_for(play: Play) -> None:
    played = play("%matplotlib qt\nimport matplotlib.pyplot as plt", "plt.plot([1, 2])\nplt.show()")
    assert any("image/png" in output.get("data", {}) for output in played.cells[1].outputs)


REFUSED = {
    "import torch": "No module named 'torch' (there is no such module where notebooks are graded)",
    "import cv2": "No module named 'cv2'",
    "import seaborn as sns": "No module named 'seaborn'",
    "from my_helpers import pad": "No module named 'my_helpers'",
    "import google.colabx": "No module named 'google.colabx'",
    "from google.cloud import storage": "No module named 'google.cloud'",
    "%%cython\nx = 1": "%%cython",
    "n = int(input('how many? '))": "nobody can answer input()",
    "import getpass\ngetpass.getpass()": "nobody can answer input()",
    "breakpoint()": "remove the debugger",
    "import pdb\npdb.set_trace()": "remove the debugger",
    "from pdb import set_trace\nset_trace()": "remove the debugger",
    "from IPython.core.debugger import set_trace\nset_trace()": "remove the debugger",
    "import ipdb\nipdb.set_trace()": "remove the debugger",
    "%debug": "remove the debugger",
    "%%debug\nx = 1": "remove the debugger",
    "exit()": "`exit()` ended this cell: what it had defined by then counts",
    "quit()": "`exit()` ended this cell",
    "exit(0)": "`exit()` ended this cell",
    "import sys\nsys.exit()": "`exit()` ended this cell",
    "raise SystemExit(3)": "`exit()` ended this cell",
}


@pytest.mark.parametrize("habit", REFUSED)
def test_what_cannot_be_there_is_named_and_costs_that_cell(play: Play, habit: str) -> None:
    played = play("def f(x):\n    return x", f"a = 1\n{habit}" if "%%" not in habit else habit, "b = f(1)")
    assert [cell.verdict for cell in played.cells] == [Verdict.PASSED, Verdict.EXCEPTION, Verdict.PASSED]
    assert REFUSED[habit] in str(played.cells[1].message)
    assert played.names.keys() >= ({"f", "b"} if "%%" in habit else {"a", "f", "b"})


@pytest.mark.parametrize("verdict", [Verdict.TIMEOUT, Verdict.CRASHED, Verdict.MEMORY])
def test_a_training_that_was_lost_has_no_wrong_result(verdict: Verdict) -> None:
    title = Text(en="Trains.", ko="학습합니다.")
    outcome = Outcome(
        name="test_it",
        module="m",
        title=title,
        cell="c",
        verdict=verdict,
        message=fact("time-limit"),
    )
    notebook = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    runs = [TestRun(outcome, [], training=training) for training in (True, False)]
    trained, other = (run.outcome for run in with_causes(runs, [], notebook))
    assert str(trained.message) == "the training did not finish: the time limit was reached"
    assert trained.message.in_(Language.KO) == "학습이 끝나지 않았습니다: 시간 제한에 걸렸습니다"
    assert trained.verdict is verdict
    assert other == outcome


# -- names that are used again --------------------------------------------------------------------


def told(*sources: str) -> list[str]:
    """The changes that are told of a notebook, without a sandbox."""
    from autograder.candidate.redefinitions import Names
    from autograder.examiner.remote.redefinitions import changes_told

    namespace: dict[str, Any] = {}
    names = Names(namespace, known=())
    for number, source in enumerate(sources, start=1):
        exec(source, namespace)
        names.look(number)
    return [str(change.message) for change in changes_told(names.changes()).values()]


F = "def f(x):\n    return x"
END = ": names count after the last cell"


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ([F, "x = 1", "f = f(3)"], f"`f` was a function after cell 1, and cell 3 made a number of it{END}"),
        (
            [F, "for f in 'ab':\n    pass"],
            f"`f` was a function after cell 1, and cell 2 made a text of it{END}",
        ),
        ([F, "del f"], f"`f` was a function after cell 1, and cell 2 deleted it{END}"),
        ([F, "f = None"], f"`f` was a function after cell 1, and cell 2 made nothing of it{END}"),
        ([F, F], f"`f` was a function after cell 1, and cell 2 made another function of it{END}"),
        ([F, "f = [f]"], f"`f` was a function after cell 1, and cell 2 made a list of it{END}"),
        ([F, "f = 1", "f = 'x'"], f"`f` was a function after cell 1, and cell 3 made a text of it{END}"),
        (["K = {}", "K = []"], f"`K` was a dictionary after cell 1, and cell 2 made a list of it{END}"),
        (
            ["import math as m", "m = 3"],
            f"`m` was a module after cell 1, and cell 2 made a number of it{END}",
        ),
        (["class C: pass", "C = 3"], f"`C` was a class after cell 1, and cell 2 made a number of it{END}"),
        (["x = 1", "len = 3"], f"`len` is Python's own, and cell 2 made a number of it{END}"),
        (
            [F, "from numpy import *"],
            f"`max` is Python's own, and cell 2 made another function of it{END}",
        ),
        (
            ["from math import floor as conv", "from os.path import join as conv"],
            f"`conv` was a function after cell 1, and cell 2 made another function of it{END}",
        ),
    ],
)
def test_a_name_used_again_is_told_with_its_cell(sources: list[str], said: str) -> None:
    assert said in told(*sources)


@pytest.mark.parametrize(
    "sources",
    [
        [F, "g = f", "x = f(1)"],
        ["x = 1", "x = 'a'", "x = [1]", "del x"],
        [F, "f = 1", F],
        [f"{F}\nf = 1\n{F}"],
        ["import math", "import math"],
    ],
)
def test_what_every_notebook_does_is_not_told(sources: list[str]) -> None:
    assert told(*sources) == []


def test_what_a_candidate_tells_of_its_names_is_believed_in_its_form_only() -> None:
    from autograder.examiner.remote.redefinitions import changes_told

    right = ["function", 1, "number", 2]
    lies: Any = {
        "not a name": right,
        "x" * 200: right,
        "f": ["<script>", 1, "number", 2],
        "g": ["function", 1, "number", 10**9],
        "h": ["function", True, "number", 2],
        "i": [*right, 1],
        "j": "function",
        "k": right,
    }
    assert changes_told(lies).keys() == {"k"}
    assert len(changes_told({f"n{i}": right for i in range(10_000)})) <= 200
    for nothing in (None, [], "x", 3):
        assert changes_told(nothing) == {}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Class, dict[str, Examination]]:
    """A class of habits, graded for real."""
    course = make(tmp_path_factory.mktemp("habits"))
    used_again = GOOD_HALF + "\ndouble = double(3)\n"
    helper = GOOD_DOUBLE.replace("double", "twice") + "\n\ndef double(x):\n    return twice(x)\n"
    colab = f"from google.colab import drive\ndrive.mount('/content/drive')\n{GOOD_DOUBLE}"
    counting = GOOD_DOUBLE.replace("return", "len([x])\n    return")
    course.hand_in("honest")
    course.hand_in("commands", double=f"!nosuch\n%cd ..\n!ls\n{GOOD_DOUBLE}")
    course.hand_in("colab", double=colab)
    course.hand_in("module", double=f"open('mine.py', 'w').write({GOOD_DOUBLE!r})\nfrom mine import double")
    course.hand_in("used_again", half=used_again)
    course.hand_in("helper", double=helper, half=GOOD_HALF + "\ntwice = 2\n")
    course.hand_in("deleted", half=GOOD_HALF + "\ndel double\n")
    course.hand_in("built_in", double=counting, half=GOOD_HALF + "\nlen = 3\n")
    course.hand_in("redefined", half=GOOD_HALF + "\ndef double(x):\n    return np.asarray(x) * 3\n")
    course.hand_in("debugger", double=GOOD_DOUBLE.replace("return", "breakpoint()\n    return"))
    course.hand_in("exits", half=GOOD_HALF + "\nexit()\n")
    course.hand_in("missing", double=f"import torch\n{GOOD_DOUBLE}")
    return course, course.grade()


SCORES = {
    "honest": 100,
    "commands": 100,
    "colab": 100,
    "module": 100,
    "exits": 100,
    "used_again": 40,
    "helper": 40,
    "deleted": 40,
    "built_in": 40,
    "redefined": 40,
    "debugger": 40,
    "missing": 40,
}


@pytest.mark.parametrize("student", SCORES)
def test_points_follow_what_is_defined_after_the_last_cell(
    graded: tuple[Class, dict[str, Examination]], student: str
) -> None:
    assert graded[1][student].points == SCORES[student]


@pytest.mark.parametrize(
    ("student", "said"),
    [
        ("used_again", "`double` was a function after cell 2, and cell 4 made "),
        ("helper", "`twice` was a function after cell 2, and cell 4 made a number of it"),
        ("deleted", "`double` was a function after cell 2, and cell 4 deleted it"),
        ("built_in", "`len` is Python's own, and cell 4 made a number of it"),
        ("redefined", "; `double` was a function after cell 2, and cell 4 made another function of it"),
        ("debugger", "remove the debugger"),
        ("missing", "No module named 'torch' (there is no such module where notebooks are graded)"),
    ],
)
def test_the_message_names_the_cause(
    graded: tuple[Class, dict[str, Examination]], student: str, said: str
) -> None:
    failed = [test for test in graded[1][student].tests if test.verdict is not Verdict.PASSED]
    assert failed
    assert all(said in str(test.message) for test in failed), [str(test.message) for test in failed]


@pytest.mark.parametrize(
    ("student", "said"),
    [
        ("used_again", "셀 2 뒤에는 함수"),
        ("helper", "<code>twice</code>: 셀 2 뒤에는 함수, 셀 4 뒤에는 수"),
        ("deleted", "셀 4에서 지워짐"),
        ("exits", "`exit()`가 이 셀을 끝냈습니다"),
        ("missing", "채점하는 곳에는 이 모듈이 없습니다"),
    ],
)
def test_the_page_says_it_in_korean(
    graded: tuple[Class, dict[str, Examination]], student: str, said: str
) -> None:
    course, examinations = graded
    released = read_released(course.paths.released("trial"))
    page = render_feedback(examinations[student], load_course(course.root), "full", Language.KO, released)
    assert said in page


def test_a_test_of_another_function_keeps_its_message(graded: tuple[Class, dict[str, Examination]]) -> None:
    half = [test for test in graded[1]["used_again"].tests if test.cell == "test-half"]
    assert {str(test.message) for test in half} == {""}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def f(x)\n    return x", "SyntaxError: expected ':' (line 1: def f(x))"),
        ("x = 1\ny = (2", "SyntaxError: '(' was never closed (line 2: y = (2)"),
        (
            "if True:\nx = 1",
            "IndentationError: expected an indented block after 'if' statement on line 1 (line 2: x = 1)",
        ),
        ("compile('a b', 'file.py', 'exec')", "SyntaxError: invalid syntax (file.py, line 1)"),
    ],
)
def test_a_line_that_is_no_python_is_shown(source: str, said: str) -> None:
    from autograder.candidate.cells import _text_of

    try:
        exec(compile(source, "<ipython-input-3-abc>", "exec"))
    except SyntaxError as error:
        assert f"{type(error).__name__}: {_text_of(error)}" == said


@pytest.mark.parametrize(
    ("asked", "names", "found"),
    [
        ("conv2d", {"my_conv2d"}, "my_conv2d"),
        ("conv2d", {"Conv2d", "other"}, "Conv2d"),
        ("conv2d", {"conv_2d"}, "conv_2d"),
        ("conv2d", {"conv2d_v2", "conv2d_final_version"}, "conv2d_v2"),
        ("output_size", {"outputsize"}, "outputsize"),
        ("output_size", {"ouput_size"}, "ouput_size"),
        ("relu", {"my_relu"}, "my_relu"),
        ("conv2d", {"pool", "helper"}, None),
        ("f", {"my_function"}, None),
        ("conv2d", set(), None),
    ],
)
def test_a_function_of_another_name_is_pointed_out(asked: str, names: set[str], found: str | None) -> None:
    outcome = Outcome(
        name="test_it",
        module="m",
        title=Text(en="t", ko="t"),
        cell="c",
        verdict=Verdict.MISSING,
        message=fact("not-defined", name=asked),
    )
    notebook = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    (run,) = with_causes([TestRun(outcome, [], missing=asked)], [], notebook, own_names=names)
    expected = fact("did-you-mean", name=asked, found=found) if found else outcome.message
    assert run.outcome.message == expected
    assert run.outcome.verdict is Verdict.MISSING
