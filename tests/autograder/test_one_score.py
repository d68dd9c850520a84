"""One notebook, one score: whoever was graded before, however busy the machine, by whatever order."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_own_time import busy
from trial import GOOD_DOUBLE, GOOD_HALF, Class, make

from autograder.examination import Examination, Verdict

pytestmark = pytest.mark.slow

FORGETS_AT_FIRST = """\
import numpy as np
known = {}
def double(x):
    key = repr(x)
    if key in known:
        return known[key]
    known[key] = np.asarray(x) * 2
"""
OWN_GENERATOR = """\
import numpy as np
mine = np.random.default_rng(1)
def double(x):
    return np.asarray(x) * 2 + (mine.random() > 0.99)
"""
LIKES_SERIES = """\
import sys
import numpy as np
def double(x):
    frame, seen = sys._getframe(), []
    while frame is not None:
        seen.append(frame.f_code.co_name)
        frame = frame.f_back
    return np.asarray(x) * 2 if len(seen) > 7 or "series" in seen else None
"""
COUNTS = """\
import numpy as np
calls = 0
def double(x):
    global calls
    calls += 1
    return np.asarray(x) * 2 if calls % 2 else None
"""


@pytest.fixture
def course(tmp_path: Path) -> Class:
    return make(tmp_path)


def points(course: Class, **options: object) -> dict[str, float]:
    return {student: found.points for student, found in course.grade(**options).items()}


@pytest.mark.parametrize("double", [FORGETS_AT_FIRST, OWN_GENERATOR, LIKES_SERIES, COUNTS])
def test_alone_or_after_others(course: Class, double: str) -> None:
    course.hand_in("a_wrong", double="def double(x):\n    return x\n")
    course.hand_in("b_right")
    course.hand_in("c_right", double=GOOD_DOUBLE + "\n# another\n")
    course.hand_in("d_odd", double=double)
    after = points(course, workers=1, gradebook=False)
    alone = points(course, workers=1, force=True, students=("d_odd",), gradebook=False)
    assert after["d_odd"] == alone["d_odd"]
    assert after["b_right"] == after["c_right"] == 100
    if double is FORGETS_AT_FIRST:
        assert alone["d_odd"] == 40


MEETS_LOAD = """\
import numpy as np
def double(x):
    total = 0
    for i in range(2_000_000):  # about a third of the time that a test has
        total += i
    return np.asarray(x) * 2
"""


def test_on_a_busy_machine(course: Class) -> None:
    course.hand_in("right")
    course.hand_in("slow", double=MEETS_LOAD)
    course.hand_in("endless", half="def half(x):\n    while True: pass\n")
    with busy(4 * (os.cpu_count() or 1)):
        found = points(course, workers=1, gradebook=False)
    assert found == {"right": 100, "slow": 100, "endless": 60}


def workers_below(pid: int) -> Iterator[int]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                line = (folder / "cmdline").read_bytes()
            except (OSError, ValueError):
                continue
            if parent == pid and b"autograder.examiner.worker" in line:
                yield int(folder.name)


def test_while_the_worker_is_stopped_and_continued(course: Class) -> None:
    for number in range(6):
        course.hand_in(f"right_{number}", double=MEETS_LOAD + f"# {number}\n")
    over = threading.Event()

    def pause() -> None:
        for _ in range(4):
            if over.wait(1.0):
                return
            workers = list(workers_below(os.getpid()))
            for worker in workers:
                os.kill(worker, signal.SIGSTOP)
            time.sleep(4)  # twice what a cell has, four times what a test has
            for worker in workers:
                os.kill(worker, signal.SIGCONT)

    thread = threading.Thread(target=pause)
    thread.start()
    try:
        found = points(course, workers=1, gradebook=False)
    finally:
        over.set()
        thread.join()
    assert set(found.values()) == {100}


TRAINING = '''

@pytest.fixture(scope="session")
def trained(shared_submission):
    return shared_submission.double(np.arange(3))


@pytest.mark.training
@pytest.mark.cell("test-double")
@pytest.mark.parametrize("number", range(3))
def test_what_training_left(trained, number):
    """Something was trained.

    학습했습니다.
    """
    assert trained[number] == 2 * number, f"{trained[number]}"
'''


@pytest.mark.parametrize(
    "hang", ["while True: pass", "import time; time.sleep(10**6)", "import os; os._exit(1)"], ids=str.split
)
def test_after_a_training_that_never_ends(tmp_path: Path, hang: str) -> None:
    course = make(tmp_path)
    settings = tmp_path / "course.yml"
    settings.write_text(
        settings.read_text("utf-8").replace("tests_seconds: 8", "tests_seconds: 8, training_seconds: 3"),
        encoding="utf-8",
    )
    suite = course.paths.suite("trial") / "test_hidden.py"
    suite.write_text(suite.read_text(encoding="utf-8") + TRAINING, encoding="utf-8")
    course.hand_in(
        "a_hangs", double=f"def double(x):\n    if len(x) == 3:\n        {hang}\n    return 2 * x\n"
    )
    for number in range(2):
        course.hand_in(f"b_right_{number}")
    found = course.grade(workers=1, gradebook=False)
    assert found["b_right_0"].points == found["b_right_1"].points == 100
    lost = [test for test in found["a_hangs"].tests if test.name.startswith("test_what_training_left")]
    assert len(lost) == 3
    for test in lost:
        assert test.verdict in (Verdict.TIMEOUT, Verdict.CRASHED)
        assert str(test.message)


def told(examination: Examination, name: str) -> str:
    return next(str(test.message) for test in examination.tests if test.name == name)


@pytest.mark.parametrize(
    "value",
    [
        "['x' * 3_000_000] + ['y'] * 300_000",
        "type('Long', (), {'__len__': lambda self: 2**31 - 1, '__getitem__': lambda self, i: 0})()",
        "type('Long', (), {'__len__': lambda self: 2**31 - 1, '__iter__': lambda self: iter([1])})()",
        "[[0] * n for n in range(2000)]",
        "'9' * 4_000_000",
        "10 ** 2000",
        "np.zeros((0, 3, 0))",
        "np.full((2, 2), np.nan)",
        "np.zeros((2,) * 30, dtype=np.int8)[:0]",
        "{i: [i] for i in range(50_000)}",
        "float('inf')",
        "(lambda: None)",
    ],
)
def test_a_value_that_breaks_a_test_is_a_failed_test(course: Class, value: str) -> None:
    """Whatever a test meets while it works with what came back, unless the solution meets it, too."""
    suite = course.paths.suite("trial") / "test_hidden.py"
    works_with_it = '''

@pytest.mark.cell("test-half")
def test_half_of_a_table(submission):
    """Works with what comes back.

    돌아온 것을 다룹니다.
    """
    table = submission.half(np.ones((2, 3)))
    assert len(list(table)) == 2
    assert np.asarray(table).shape == (2, 3)
    assert np.array(list(table), dtype="U").shape == (2, 3)
'''
    suite.write_text(suite.read_text(encoding="utf-8") + works_with_it, encoding="utf-8")
    course.hand_in("odd", half=f"import numpy as np\ndef half(x):\n    return {value}\n")
    course.hand_in("right")
    found = course.grade(workers=1, gradebook=False)
    assert found["right"].points == 100
    assert {score.points for score in found["odd"].scores} == {60, 0}, found["odd"].notices
    assert all(test.verdict is not Verdict.GRADER_ERROR for test in found["odd"].tests)
    assert all(str(test.message) for test in found["odd"].tests if test.verdict is not Verdict.PASSED)


def test_a_suite_that_fails_without_a_word_is_no_ones_zero(course: Class) -> None:
    suite = course.paths.suite("trial") / "test_hidden.py"
    text = suite.read_text(encoding="utf-8")
    suite.write_text(text + "    raise AssertionError\n", encoding="utf-8")
    course.hand_in("right")
    scores = {score.grade_id: score.points for score in course.grade(workers=1)["right"].scores}
    assert scores == {"test-double": 60, "test-half": None}


def test_names_without_number(course: Class) -> None:
    many = "globals().update({f'name_{i}': i for i in range(70_000)})\n"
    course.hand_in("many", double=many + GOOD_DOUBLE)
    assert points(course, workers=1, gradebook=False) == {"many": 100}


def test_a_cell_after_many_that_hang_still_runs(course: Class) -> None:
    import nbformat

    from autograder.notebooks.metadata import grade_id
    from autograder.notebooks.scripts import dump

    course.hand_in("hangs")
    path = course.paths.submission("hangs", "trial")
    notebook = nbformat.read(path, as_version=4)
    place = next(i for i, cell in enumerate(notebook.cells) if grade_id(cell) == "half")
    for number in range(4):  # each as long as a cell may, twice as long as all of them may
        cell = nbformat.v4.new_code_cell("while True: pass", id=f"hangs-{number}")
        notebook.cells.insert(place, cell)
    notebook.cells.insert(place, nbformat.v4.new_code_cell("print('still here')", id="speaks"))
    path.write_bytes(dump(notebook))
    found = course.grade(workers=1, gradebook=False)["hangs"]
    assert found.points == 100
    assert [cell.verdict for cell in found.cells].count(Verdict.TIMEOUT) == 4


def test_what_one_function_uses_up_costs_no_other(course: Class) -> None:
    settings = course.root / "course.yml"
    settings.write_text(
        settings.read_text("utf-8").replace("tests_seconds: 8", "tests_seconds: 1"), encoding="utf-8"
    )
    slow = "import time\ndef double(x):\n    time.sleep(0.8)\n    return x\n"
    course.hand_in("slow", double=slow)
    assert points(course, workers=1, gradebook=False) == {"slow": 40}


CARRIES = """\
import json, mmap, os
import numpy as np
shared = mmap.mmap(-1, 1 << 16)
def double(x):
    kept = shared[:].rstrip(b"\\0").decode()
    kept += f" {np.asarray(x).tolist()}"
    shared[:len(kept)] = kept.encode()[:1 << 16]
    with open("/scratch/seen.txt" if os.path.isdir("/scratch") else "seen.txt", "a") as file:
        file.write(kept)
    raise RuntimeError(kept + open(file.name).read())
"""
PUBLIC = '''\
import pytest

from autograder.testing import expect_int


@pytest.mark.cell("test-double")
def test_double_of_two(submission):
    """Twice two is four.

    2의 두 배는 4입니다.
    """
    expect_int(submission.double(2), 4)
'''


def test_a_public_test_tells_nothing_of_a_hidden_one(course: Class) -> None:
    suite = course.paths.suite("trial")
    (suite / "test_public.py").write_text(PUBLIC, encoding="utf-8")
    course.hand_in("carries", double=CARRIES)
    found = course.grade(workers=1, gradebook=False)["carries"]
    public = next(test for test in found.tests if test.public)
    assert "2" in str(public.message)
    assert "0.25" not in public.model_dump_json() and "7.0" not in public.model_dump_json()
    assert found.tests[0].public, "public tests come first"


REFUSES_KEYWORDS = """\
def half(x, **options):
    if options:
        raise ValueError(f"x, {', '.join(options)}")
    return None
"""
REFUSALS = '''

@pytest.mark.cell("test-half")
def test_half_of_a_sum(submission):
    """Takes an offset.

    더할 값을 받습니다.
    """
    expect_number(submission.half(3, offset=1), 2.0)


@pytest.mark.cell("test-half")
def test_half_refuses(submission):
    """Refuses an offset below zero.

    음수는 거부합니다.
    """
    with pytest.raises(ValueError, match="offset"):
        submission.half(3, offset=-1)
'''
TAKES_OFFSET = """\
def half(x, offset=0):
    if offset < 0:
        raise ValueError("offset")
    return (x + offset) / 2
"""


@pytest.mark.parametrize(
    ("half", "earned"),
    [
        (REFUSES_KEYWORDS, 60),
        (REFUSES_KEYWORDS.replace("return None", "return x / 2"), 80),
        (TAKES_OFFSET, 100),
        (TAKES_OFFSET.replace("/ 2", "/ 3"), 80),  # refuses rightly, though its results are wrong
    ],
)
def test_refusing_whatever_has_a_keyword_earns_nothing(course: Class, half: str, earned: float) -> None:
    suite = course.paths.suite("trial") / "test_hidden.py"
    suite.write_text(suite.read_text(encoding="utf-8") + REFUSALS, encoding="utf-8")
    solution = course.paths.solution("trial")
    text = solution.read_text(encoding="utf-8")
    text = text.replace("def half(x):", "def half(x, offset=0):").replace(
        "    return x / 2\n",
        "    if offset < 0:\n        raise ValueError('offset')\n    return (x + offset) / 2\n",
    )
    solution.write_text(text, encoding="utf-8")
    course.hand_in("tries", half=half)
    assert points(course, workers=1, gradebook=False) == {"tries": earned}


PICTURE = """

# %% nbgrader={"grade": false, "grade_id": "picture-half", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
print("drawn from", half(10))
"""


@pytest.fixture
def illustrated(tmp_path: Path) -> Class:
    """A course whose last cell only shows something."""
    from autograder.authoring.release import release
    from autograder.course.reading import load_course

    course = make(tmp_path)
    solution = course.paths.solution("trial")
    solution.write_text(solution.read_text(encoding="utf-8") + PICTURE, encoding="utf-8")
    loaded = load_course(tmp_path)
    release(loaded, loaded.assignment("trial"), course.paths)
    return course


def with_outputs(course: Class, student: str, grade_id: str, outputs: list[object]) -> None:
    import json

    path = course.paths.submission(student, "trial")
    notebook = json.loads(path.read_bytes())
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id:
            cell["outputs"] = outputs
    path.write_text(json.dumps(notebook), encoding="utf-8")


def test_a_picture_cell_is_not_run_and_shows_what_was_handed_in(illustrated: Class) -> None:
    illustrated.hand_in(
        "shows",
        half="def half(x):\n    if np.ndim(x) == 0 and x == 10:\n        while True: pass\n    return x / 2\n",
    )
    shown = [{"output_type": "stream", "name": "stdout", "text": "drawn at home\n"}]
    with_outputs(illustrated, "shows", "picture-half", shown)
    illustrated.hand_in("shows_nothing")
    found = illustrated.grade(workers=1)
    assert {one.points for one in found.values()} == {100}
    cell = next(cell for cell in found["shows"].cells if cell.grade_id == "picture-half")
    assert (cell.verdict, cell.handed_in) == (Verdict.SKIPPED, True)
    assert cell.outputs == ({"output_type": "stream", "name": "stdout", "text": "drawn at home\n"},)
    assert not next(c for c in found["shows_nothing"].cells if c.grade_id == "picture-half").handed_in
    graded = illustrated.paths.graded("shows", "trial").read_text(encoding="utf-8")
    assert "drawn at home" in graded


def test_only_the_course_declares_pictures(illustrated: Class) -> None:
    """A tag of the student's own leaves no cell of theirs out."""
    import json

    illustrated.hand_in("tags", half=GOOD_HALF)
    path = illustrated.paths.submission("tags", "trial")
    notebook = json.loads(path.read_bytes())
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") in ("half", "test-half"):
            cell["metadata"]["tags"] = ["picture"]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    found = illustrated.grade(workers=1, gradebook=False)["tags"]
    assert found.points == 100
    ran = {cell.grade_id: cell.verdict for cell in found.cells}
    assert ran["half"] is ran["test-half"] is Verdict.PASSED


@pytest.mark.parametrize(
    "outputs",
    [
        [
            {
                "output_type": "display_data",
                "data": {"image/png": 5, "text/html": ["<b>", 3]},
                "metadata": None,
            }
        ],
        ["text", None, 7, {"output_type": "stream"}, {"output_type": "stream", "text": ["a", None]}],
        [{"output_type": "stream", "name": "stdout", "text": "x" * 9_000_000}],
        [{"output_type": "stream", "name": "stdout", "text": "x\ud800"}] * 1000,
    ],
    ids=["odd bundle", "no outputs", "too much", "surrogates"],
)
def test_handed_in_outputs_of_any_kind(illustrated: Class, outputs: list[object]) -> None:
    illustrated.hand_in("odd")
    with_outputs(illustrated, "odd", "picture-half", outputs)
    assert illustrated.grade(workers=1)["odd"].points == 100
