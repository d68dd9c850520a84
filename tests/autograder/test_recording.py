"""What the gradebook holds already is not written again, and at the least doubt it is."""

from __future__ import annotations

import errno
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator

import pytest
import trial as trial_course
from trial import GOOD_DOUBLE, Class

from autograder.examination import Examination
from autograder.gradebook.ledger import Ledger

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def _graded(tmp_path_factory: pytest.TempPathFactory) -> Class:
    trial = trial_course.make(tmp_path_factory.mktemp("recording"))
    trial.hand_in("ada")
    trial.hand_in("bob", double="def double(x):\n    return x + 2\n")
    trial.grade(workers=1)
    return trial


@pytest.fixture
def trial(_graded: Class) -> Iterator[Class]:
    """The class, everything of it recorded."""
    _graded.grade()
    yield _graded


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whose examination is written into the gradebook from now on."""
    names: list[str] = []
    record = Ledger.record

    def noting(self: Ledger, examination: Examination) -> None:
        names.append(examination.student)
        record(self, examination)

    monkeypatch.setattr(Ledger, "record", noting)
    return names


def scores(trial: Class) -> dict[str, float]:
    with sqlite3.connect(trial.paths.gradebook) as database:
        rows = database.execute(
            "select student_id, sum(auto_score) from grade join submitted_notebook on"
            " grade.notebook_id = submitted_notebook.id join submitted_assignment on"
            " submitted_notebook.assignment_id = submitted_assignment.id group by student_id"
        )
        return dict(rows.fetchall())


def test_nothing_is_written_twice(trial: Class, written: list[str]) -> None:
    before = trial.paths.gradebook.stat().st_mtime_ns
    assert trial.grade()["ada"].points == 100
    assert written == []
    assert trial.paths.gradebook.stat().st_mtime_ns == before


def test_a_run_with_nothing_to_do_does_not_even_import_nbgrader(trial: Class) -> None:
    program = (
        "import sys; from pathlib import Path; from autograder.grading.grade import grade;"
        f"grade(Path({str(trial.root)!r}), 'trial'); print('nbgrader' in sys.modules, 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == "False"


def test_a_lost_gradebook_is_filled_again(trial: Class, written: list[str]) -> None:
    before = scores(trial)
    with sqlite3.connect(trial.paths.gradebook) as database:
        database.execute("update grade set auto_score = 0")
    trial.grade()
    assert sorted(written) == ["ada", "bob"]
    assert scores(trial) == before


def test_a_graded_notebook_that_somebody_changed_is_written_again(trial: Class, written: list[str]) -> None:
    path = trial.paths.graded("bob", "trial")
    content = path.read_bytes()
    path.unlink()
    trial.grade()
    assert written == ["bob"]
    assert path.read_bytes() == content


def test_a_new_time_of_handing_in_is_recorded(trial: Class, written: list[str]) -> None:
    stamp = trial.paths.submission("ada", "trial").with_name("timestamp.txt")
    stamp.write_text("2027-03-08 10:00:00 Asia/Seoul")
    trial.grade()
    assert written == ["ada"]
    stamp.unlink()


def test_a_change_of_the_course_writes_everything_again(trial: Class, written: list[str]) -> None:
    file = trial.paths.course
    file.write_text(file.read_text() + "\nlate: {penalty: 10}\n")
    trial.grade()
    assert sorted(written) == ["ada", "bob"]


def test_what_is_examined_anew_is_always_written(trial: Class, written: list[str]) -> None:
    trial.grade(force=True, students=("ada",))
    assert written == ["ada"]
    trial.grade()
    assert written == ["ada"]


def test_a_record_made_without_the_gradebook_is_written_later(trial: Class, written: list[str]) -> None:
    trial.grade(force=True, students=("bob",), gradebook=False)
    assert written == []
    trial.grade()
    assert written == ["bob"]


def test_outputs_and_passed_tests_stay_in_the_records(trial: Class) -> None:
    trial.hand_in("cho", double=f"print('hello')\n{GOOD_DOUBLE}", half="def half(x):\n    return x / 3\n")
    lean = trial.grade(lean=True)["cho"]
    whole = trial.grade()["cho"]
    assert not any(cell.outputs for cell in lean.cells)
    assert any(cell.outputs for cell in whole.cells)
    assert lean.scores == whole.scores
    wrong = [test for test in whole.tests if test.verdict != "passed"]
    assert [(test.key, str(test.message)) for test in lean.tests] == [
        (test.key, str(test.message)) for test in wrong
    ]
    assert 0 < len(wrong) < len(whole.tests)
    shutil.rmtree(trial.paths.submitted / "cho")


def test_where_nothing_can_be_locked_no_mark_is_left(
    trial: Class, written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_locks(file: object, how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    with monkeypatch.context() as patch:
        patch.setattr("fcntl.flock", without_locks)
        trial.grade(force=True, students=("ada",))
    trial.grade()
    assert sorted(written) == ["ada", "ada", "bob"]
    trial.grade()
    assert sorted(written) == ["ada", "ada", "bob"]


def test_a_gradebook_elsewhere_is_always_asked(trial: Class, written: list[str]) -> None:
    config = trial.root / "nbgrader_config.py"
    config.write_text(f"c = get_config()\nc.CourseDirectory.db_url = 'sqlite:///{trial.root}/elsewhere.db'\n")
    try:
        with pytest.raises(Exception, match="release"):
            trial.grade()
    finally:
        config.unlink()
    assert written == []
