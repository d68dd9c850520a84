"""The gradebook: nbgrader's own readers find exactly what an examination says."""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.server_extensions.formgrader.handlers import template_path
from nbgrader.utils import determine_grade
from traitlets.config import Config

from autograder.course.folders import Paths
from autograder.course.models import Course, Level
from autograder.course.nbgrader import GradebookError, gradebook_url, nbgrader_config, open_gradebook
from autograder.examination import (
    Call,
    CellOutcome,
    Examination,
    Misconception,
    Notice,
    Score,
    Status,
    TestOutcome,
    Text,
    Verdict,
)
from autograder.examiner.remote.outputs import clean_outputs
from autograder.gradebook.graded_notebook import put_outputs
from autograder.gradebook.ledger import Ledger
from autograder.messages import Language
from autograder.notebooks.merging import merge
from autograder.notebooks.metadata import grade_id, is_manual, is_test, points
from autograder.notebooks.reading import read_submission
from autograder.notebooks.recorded import record_cells
from autograder.notebooks.scripts import dump
from autograder.submissions.timestamps import read_timestamp

REPOSITORY = Path(__file__).parents[2]
Small = tuple[Course, Paths]


def released(paths: Paths) -> NotebookNode:
    return nbformat.reads(paths.released("small").read_text(encoding="utf-8"), as_version=4)


def hand_in(paths: Paths, student: str, answer: str | None = None, extra: str = "", at: str = "") -> bytes:
    """A submission with the function done, and the question answered if there is an answer."""
    notebook = released(paths)
    for cell in notebook.cells:
        if grade_id(cell) == "double":
            cell.source = "def double(x):\n    return 2 * x"
        if grade_id(cell) == "explain" and answer is not None:
            cell.source = answer
    if extra:
        notebook.cells.append(nbformat.v4.new_markdown_cell(extra))
    file = paths.submission(student, "small")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(dump(notebook))
    if at:
        file.with_name("timestamp.txt").write_text(at)
    return file.read_bytes()


def examined(
    paths: Paths,
    student: str,
    raw: bytes,
    earned: dict[str, float | None] | None = None,
    outputs: dict[str, list[dict[str, Any]]] | None = None,
    status: Status = Status.GRADED,
    **more: Any,
) -> Examination:
    """An examination made by hand: full marks unless ``earned`` says otherwise."""
    merged = merge(read_submission(raw), released(paths)).notebook
    earned = {"test-double": 4.0, "test-double-array": 6.0, "explain": None} | (earned or {})
    return Examination(
        key="0",
        assignment="small",
        student=student,
        status=status,
        notebook=record_cells(merged),
        cells=tuple(
            CellOutcome(
                index=index,
                grade_id=grade_id(cell),
                verdict=Verdict.PASSED,
                outputs=tuple(clean_outputs((outputs or {}).get(grade_id(cell), []))),
                execution_count=index,
            )
            for index, cell in enumerate(merged.cells)
            if cell.cell_type == "code"
        ),
        scores=tuple(
            Score(
                grade_id=grade_id(cell),
                points=earned[grade_id(cell)],
                max_points=points(cell),
                manual=is_manual(cell),
            )
            for cell in merged.cells
            if is_test(cell) or is_manual(cell)
        ),
        graded_at=dt.datetime(2027, 3, 8, tzinfo=dt.UTC),
        **more,
    )


def record(small: Small, examination: Examination) -> None:
    course, paths = small
    with Ledger(course, paths, "small") as ledger:
        ledger.record(examination)


def grades(paths: Paths, student: str) -> dict[str, tuple[float | None, float | None, bool]]:
    """Cell → automatic score, manual score, whether a person has to look."""
    with Gradebook(paths.gradebook_url) as gradebook:
        (notebook,) = gradebook.find_submission("small", student).notebooks
        return {g.cell.name: (g.auto_score, g.manual_score, g.needs_manual_grade) for g in notebook.grades}


class TestOutputs:
    def outputs(self, small: Small, **more: Any) -> Callable[[str], list[NotebookNode]]:
        _, paths = small
        raw = hand_in(paths, "ada")
        level: Level = more.pop("feedback", "full")
        language = more.pop("language", Language.EN)
        merged = merge(read_submission(raw), released(paths)).notebook
        graded = put_outputs(merged, examined(paths, "ada", raw, **more), level, language)
        nbformat.validate(graded)
        MetadataValidator().validate_nb(graded)
        return lambda name: next(cell.outputs for cell in graded.cells if grade_id(cell) == name)

    @pytest.mark.parametrize("earned", [0.0, 0.1 + 0.2, 4 / 3, 4.0, 4.0000000001])
    def test_nbgraders_own_reading_of_a_test_cell_gives_the_points(self, small: Small, earned: float) -> None:
        _, paths = small
        noisy = [
            {"output_type": "stream", "name": "stderr", "text": "UserWarning: look out"},
            {"output_type": "execute_result", "data": {"text/plain": "297"}, "metadata": {}},
            {"output_type": "error", "ename": "AssertionError", "evalue": "no", "traceback": ["line", "no"]},
        ]
        raw = hand_in(paths, "ada")
        merged = merge(read_submission(raw), released(paths)).notebook
        examination = examined(paths, "ada", raw, {"test-double": earned}, {"test-double": noisy})
        for cell in put_outputs(merged, examination).cells:
            if grade_id(cell) == "test-double":
                assert determine_grade(cell)[0] == min(earned, 4.0)
                kinds = [(output.output_type, output.get("name")) for output in cell.outputs]
                assert kinds[:3] == [("stream", "stdout"), ("display_data", None), ("stream", "stdout")]
                assert "look out" in cell.outputs[0].text

    def two_tests(self, **more: Any) -> dict[str, Any]:
        call = Call(function="double", arguments="double(3)", result="9")
        test = {"module": "test_hidden", "cell": "test-double", "call": call} | more
        outcomes = [
            TestOutcome(
                name="a", title=Text(en="Twice <b>x</b>", ko="두 배"), verdict=Verdict.PASSED, **test
            ),
            TestOutcome(
                name="b",
                title=Text(en="`double` squares", ko="제곱"),
                verdict=Verdict.FAILED,
                message="got <9>",
                **test,
            ),
        ]
        wrong = Misconception(
            mutant="double-squares",
            function="double",
            misconception=Text(en="It squares.", ko="제곱합니다."),
            hint=Text(en="Try 3.", ko="3을 넣어 보세요."),
        )
        return {"tests": tuple(outcomes), "misconceptions": (wrong,), "earned": {"test-double": 2.0}}

    @pytest.mark.parametrize(
        ("level", "public", "said", "unsaid"),
        [
            ("none", True, ["2 of 4 points"], ["Twice", "got", "Try 3", "squares"]),
            ("names", True, ["Twice &lt;b&gt;", "wrong result", "✗", "✓"], ["got", "Try 3", "It squares"]),
            ("hints", True, ["got &lt;9&gt;", "Try 3."], ["It squares"]),
            ("hints", False, ["<code>double</code> squares", "Try 3."], ["got", "It squares"]),
            ("full", False, ["got &lt;9&gt;", "It squares."], []),
        ],
    )
    def test_a_test_cell_shows_what_was_checked_as_far_as_the_course_allows(
        self, small: Small, level: Level, public: bool, said: list[str], unsaid: list[str]
    ) -> None:
        result = self.outputs(small, feedback=level, **self.two_tests(public=public))("test-double")[-1]
        html = result.data["text/html"]
        assert result.data["text/plain"] == "2.0"
        assert all(words in html for words in said)
        assert not any(words in html for words in unsaid)

    def test_and_in_korean(self, small: Small) -> None:
        html = self.outputs(small, language=Language.KO, **self.two_tests())("test-double")[-1].data[
            "text/html"
        ]
        assert all(words in html for words in ("4점 중 2점", "두 배", "결과가 다름", "제곱합니다."))

    def test_what_a_person_has_to_decide_carries_no_number(self, small: Small) -> None:
        output = self.outputs(small, earned={"test-double": None})("test-double")[-1]
        assert output.output_type == "display_data"
        assert "a person will look at it" in output.data["text/html"]

    @pytest.mark.parametrize(
        "data",
        [
            {"text/html": "<script>alert('evil')</script><b onclick='evil()'>kept</b>"},
            {"text/html": "<iframe src='https://evil'></iframe><img src=x onerror=evil()>kept"},
            {"text/html": "<a href='javascript:evil()'>kept</a><img src='https://evil/pixel.png'>"},
            {"text/html": "<style>body {background: url(https://evil)}</style>kept"},
            {"text/html": "<p style='background: url(https://evil)'>kept</p>"},
            {"application/javascript": "evil()", "text/plain": "kept"},
            {"text/markdown": "kept <script>evil()</script> [a](javascript:evil())"},
            {"application/vnd.jupyter.widget-view+json": {"evil": 1}, "text/plain": "kept"},
            {"image/png": '"><script>evil()</script>', "text/plain": "kept"},
        ],
    )
    def test_nothing_of_an_output_can_run(self, small: Small, data: dict[str, Any]) -> None:
        output = {"output_type": "display_data", "data": data, "metadata": {"text/html": {"isolated": True}}}
        (kept,) = self.outputs(small, outputs={"double": [output]})("double")
        text = json.dumps(kept)
        assert "evil" not in text
        assert "kept" in text
        assert kept.metadata == {}

    def test_a_drawing_becomes_an_image(self, small: Small) -> None:
        drawing = {"output_type": "display_data", "data": {"image/svg+xml": "<svg onload='evil()'/>"}}
        (kept,) = self.outputs(small, outputs={"double": [drawing]})("double")
        assert kept.data["text/html"].startswith('<img alt="" src="data:image/svg+xml;base64,')
        assert "evil" not in json.dumps(kept)

    def test_an_animation_leaves_its_first_frame(self, small: Small) -> None:
        player = '<script>var frames = []; frames[0] = "data:image/png;base64,aGVsbG8=\\\n"</script>'
        animation = {"output_type": "display_data", "data": {"text/html": player}}
        (kept,) = self.outputs(small, outputs={"double": [animation]})("double")
        assert 'src="data:image/png;base64,aGVsbG8="' in kept.data["text/html"]

    @pytest.mark.parametrize(
        "odd",
        [
            {},
            {"output_type": 3},
            {"output_type": "stream"},
            {"output_type": "stream", "name": ["x"], "text": ["a", 3]},
            {"output_type": "error", "traceback": None},
            {"output_type": "error", "evalue": "\ud800"},
            {"output_type": "display_data", "data": []},
            {"output_type": "execute_result", "data": {"text/plain": None}},
        ],
    )
    def test_odd_outputs_do_no_harm(self, small: Small, odd: dict[str, Any]) -> None:
        self.outputs(small, outputs={"double": [odd], "test-double": [odd]})


class TestRecording:
    def test_grades_are_as_examined_and_answers_wait_for_a_person(self, small: Small) -> None:
        _, paths = small
        raw = hand_in(paths, "ada", answer="Because.")
        record(small, examined(paths, "ada", raw, {"test-double": 1.5}))
        assert grades(paths, "ada") == {
            "test-double": (1.5, None, False),
            "test-double-array": (6.0, None, False),
            "explain": (None, None, True),
        }

    def test_an_untouched_answer_earns_nothing_and_waits_for_nobody(self, small: Small) -> None:
        _, paths = small
        raw = hand_in(paths, "ada")
        record(small, examined(paths, "ada", raw))
        assert grades(paths, "ada")["explain"] == (0.0, None, False)

    @pytest.mark.parametrize("status", [Status.MISSING, Status.UNREADABLE])
    def test_without_a_readable_notebook_everything_is_zero(self, small: Small, status: Status) -> None:
        _, paths = small
        zero = {"test-double": 0.0, "test-double-array": 0.0}
        base = dump(released(paths))
        whole = examined(paths, "ada", base, zero, status=status)
        record(small, whole.model_copy(update={"notebook": (), "cells": ()}))
        assert {score for score, _, _ in grades(paths, "ada").values()} == {0.0}
        assert not any(waiting for _, _, waiting in grades(paths, "ada").values())

    def test_a_grader_error_is_no_score_and_waits_for_a_person(self, small: Small) -> None:
        _, paths = small
        raw = hand_in(paths, "ada")
        record(small, examined(paths, "ada", raw, {"test-double": None}))
        assert grades(paths, "ada")["test-double"] == (None, None, True)
        whole = examined(paths, "ada", raw, status=Status.GRADER_ERROR)
        record(small, whole.model_copy(update={"scores": (), "cells": ()}))
        assert grades(paths, "ada")["test-double-array"] == (None, None, True)

    def test_what_people_entered_stays_on_a_regrade(self, small: Small) -> None:
        course, paths = small
        raw = hand_in(paths, "ada", answer="Because.")
        first = examined(paths, "ada", raw, {"test-double": 1.0})
        record(small, first)
        with Gradebook(paths.gradebook_url, course.id) as gradebook:
            for name, score in (("explain", 4.5), ("test-double", 2.0)):
                grade = gradebook.find_grade(name, "small", "small", "ada")
                grade.manual_score, grade.extra_credit, grade.needs_manual_grade = score, 0.5, False
            gradebook.find_comment("explain", "small", "small", "ada").manual_comment = "Well put."
            gradebook.db.commit()
        record(small, first)
        assert grades(paths, "ada")["explain"] == (None, 4.5, False)
        assert grades(paths, "ada")["test-double"] == (1.0, 2.0, False)
        record(small, examined(paths, "ada", raw, {"test-double": 3.0}))
        assert grades(paths, "ada")["explain"] == (None, 4.5, False)
        assert grades(paths, "ada")["test-double"] == (3.0, 2.0, True)
        again = hand_in(paths, "ada", answer="Because of something else.")
        record(small, examined(paths, "ada", again))
        assert grades(paths, "ada")["explain"] == (None, 4.5, True)
        with Gradebook(paths.gradebook_url, course.id) as gradebook:
            assert gradebook.find_submission("small", "ada").score == 4.5 + 0.5 + 2.0 + 0.5 + 6
            assert gradebook.find_comment("explain", "small", "small", "ada").comment == "Well put."

    def test_untouched_solution_cells_get_nbgraders_remark(self, small: Small) -> None:
        course, paths = small
        raw = dump(released(paths))
        record(small, examined(paths, "ada", raw))
        with Gradebook(paths.gradebook_url, course.id) as gradebook:
            assert gradebook.find_comment("double", "small", "small", "ada").comment == "No response."
        raw = hand_in(paths, "ada")
        record(small, examined(paths, "ada", raw))
        with Gradebook(paths.gradebook_url, course.id) as gradebook:
            assert gradebook.find_comment("double", "small", "small", "ada").comment is None
            assert gradebook.find_comment("explain", "small", "small", "ada").comment == "No response."

    def test_a_known_student_keeps_their_name(self, small: Small) -> None:
        course, paths = small
        with Gradebook(paths.gradebook_url, course.id) as gradebook:
            gradebook.add_student("ada", first_name="Ada", last_name="Lovelace")
        raw = hand_in(paths, "ada")
        record(small, examined(paths, "ada", raw))
        with Gradebook(paths.gradebook_url, course.id) as gradebook:
            assert gradebook.find_student("ada").last_name == "Lovelace"

    def test_the_graded_notebook_lies_where_nbgrader_wants_it(self, small: Small) -> None:
        _, paths = small
        raw = hand_in(paths, "ada", at="2027-03-07 10:00:00.000000 UTC")
        record(small, examined(paths, "ada", raw))
        folder = paths.graded("ada", "small").parent
        assert sorted(file.name for file in folder.iterdir()) == ["small.ipynb", "timestamp.txt"]
        assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o444}
        notebook = nbformat.reads((folder / "small.ipynb").read_text(encoding="utf-8"), as_version=4)
        nbformat.validate(notebook)
        MetadataValidator().validate_nb(notebook)
        assert read_timestamp(folder) == dt.datetime(2027, 3, 7, 10)

    @pytest.mark.parametrize("student", ["", ".", "..", "a/b", "..\\a"])
    def test_a_students_id_cannot_lead_elsewhere(self, small: Small, student: str) -> None:
        _, paths = small
        raw = dump(released(paths))
        with pytest.raises(GradebookError, match="cannot be a student's id"):
            record(small, examined(paths, student, raw))


class TestLateness:
    @pytest.mark.parametrize(
        ("at", "late"),
        [
            ("2027-03-07 14:58:00.000000 UTC", 0),
            ("2027-03-07 23:58:00 +0900", 0),
            ("2027-03-07 15:00:00.000000 UTC", 60),
            ("", 0),
            ("yesterday, I think", 0),
        ],
    )
    def test_a_timestamp_is_held_against_the_due_date_in_utc(
        self, small: Small, at: str, late: float
    ) -> None:
        _, paths = small
        raw = hand_in(paths, "ada", at=at)
        record(small, examined(paths, "ada", raw))
        with Gradebook(paths.gradebook_url) as gradebook:
            assert gradebook.find_submission("small", "ada").total_seconds_late == late

    def test_the_penalty_is_nbgraders_plugins(self, small: Small) -> None:
        _, paths = small
        raw = hand_in(paths, "ada", at="2027-03-09 00:00:00 UTC")
        record(small, examined(paths, "ada", raw))
        with Gradebook(paths.gradebook_url) as gradebook:
            assert gradebook.find_submission("small", "ada").late_submission_penalty == 0
        paths.course.write_text(
            paths.course.read_text(encoding="utf-8") + "late: {penalty: zero}\n", encoding="utf-8"
        )
        record(small, examined(paths, "ada", raw))
        with Gradebook(paths.gradebook_url) as gradebook:
            assert gradebook.find_submission("small", "ada").late_submission_penalty == 10
            gradebook.grant_extension("small", "ada", days=7)
        record(small, examined(paths, "ada", raw))
        with Gradebook(paths.gradebook_url) as gradebook:
            assert gradebook.find_submission("small", "ada").late_submission_penalty == 0


class TestDatabase:
    def test_a_new_one_is_one_that_nbgrader_accepts(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", "/nowhere")  # nbgrader would start alembic here
        url = f"sqlite:///{tmp_path / 'gradebook.db'}"
        open_gradebook(url, "course").close()
        with Gradebook(url, "course") as gradebook:
            assert gradebook.students == []

    @pytest.mark.slow
    def test_nbgraders_upgrade_finds_nothing_to_do(self, small: Small) -> None:
        _, paths = small
        before = _schema(paths.gradebook)
        _nbgrader(paths, "db", "upgrade")
        assert _schema(paths.gradebook) == before

    def refused(self, small: Small) -> str:
        _, paths = small
        raw = hand_in(paths, "ada")
        with pytest.raises(GradebookError) as caught:
            record(small, examined(paths, "ada", raw))
        message = str(caught.value)
        assert "\n" not in message
        assert not paths.graded("ada", "small").exists()
        return message

    def test_a_driver_that_is_not_installed_is_one_clear_sentence(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "psycopg", None)
        monkeypatch.setitem(sys.modules, "psycopg2", None)
        with pytest.raises(GradebookError, match=r"needs the package psycopg2?: install it, or"):
            open_gradebook("postgresql://somewhere/gradebook", "course")

    def test_a_damaged_one_is_one_clear_sentence(self, small: Small) -> None:
        small[1].gradebook.write_bytes(b"no database at all" * 1000)
        assert "damaged" in self.refused(small)

    def test_so_is_one_of_another_version(self, small: Small) -> None:
        with sqlite3.connect(small[1].gradebook) as connection:
            connection.execute("UPDATE alembic_version SET version_num = 'old'")
        assert "nbgrader db upgrade" in self.refused(small)

    def test_so_is_an_assignment_that_was_never_released(self, small: Small) -> None:
        small[1].gradebook.unlink()
        assert "autograder release small" in self.refused(small)

    @pytest.mark.slow
    def test_a_locked_one_loses_nothing(self, small: Small) -> None:
        course, paths = small
        raw = hand_in(paths, "ada")
        with Ledger(course, paths, "small") as ledger:
            other = sqlite3.connect(paths.gradebook, isolation_level=None)
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(GradebookError, match="locked"):
                ledger.record(examined(paths, "ada", raw))
            assert not list(paths.graded("ada", "small").parent.iterdir())
            other.execute("COMMIT")
            other.close()
            ledger.record(examined(paths, "ada", raw))
        assert grades(paths, "ada")["test-double"][0] == 4

    def test_an_unknown_cell_writes_nothing(self, small: Small) -> None:
        _, paths = small
        raw = hand_in(paths, "ada")
        examination = examined(paths, "ada", raw)
        stranger = Score(grade_id="test-new", points=1, max_points=1)
        examination = examination.model_copy(update={"scores": (*examination.scores, stranger)})
        with pytest.raises(GradebookError, match="test-new"):
            record(small, examination)
        with Gradebook(paths.gradebook_url) as gradebook:
            assert gradebook.students == []

    def test_the_configured_database_is_used(self, small: Small) -> None:
        _, paths = small
        with (paths.root / "nbgrader_config.py").open("a") as file:
            file.write(f"c.CourseDirectory.db_url = 'sqlite:///{paths.root}/other.db'\n")
        assert gradebook_url(paths, nbgrader_config(paths.root)) == f"sqlite:///{paths.root}/other.db"


def _schema(database: Path) -> list[Any]:
    with sqlite3.connect(database) as connection:
        return connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall()


def _nbgrader(paths: Paths, *words: str) -> str:
    environment = os.environ | {
        "PYTHONPATH": str(REPOSITORY),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *words],
        cwd=paths.root,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def _config(paths: Paths) -> Config:
    config = nbgrader_config(paths.root)
    config.CourseDirectory.root = str(paths.root)
    config.CourseDirectory.db_url = paths.gradebook_url
    return config


SCRIPTED = "<script>evil()</script>\n\n**Because** $a < b$ <img src=x onerror=evil()> [a](javascript:evil())"


@pytest.fixture
def graded(small: Small) -> Small:
    """Two submissions on record, one of them with an answer that carries a script."""
    _, paths = small
    raw = hand_in(paths, "ada", answer=SCRIPTED, extra=SCRIPTED)
    test = TestOutcome(
        name="a",
        module="test_hidden",
        title=Text(en="doubles 1.5", ko="-"),
        cell="test-double",
        verdict=Verdict.TIMEOUT,
        message="took <4 s>",
    )
    noise = {
        "double": [{"output_type": "stream", "name": "stdout", "text": "\x1b[31m<script>evil()</script>"}]
    }
    record(small, examined(paths, "ada", raw, {"test-double": 1.25}, noise, tests=(test,)))
    raw = hand_in(paths, "bob")
    record(small, examined(paths, "bob", raw, {"test-double": 0.0}))
    return small


class TestNbgraderReadsIt:
    def test_formgraders_views(self, graded: Small) -> None:
        _, paths = graded
        config = _config(paths)
        api = NbGraderAPI(CourseDirectory(config=config), config=config)
        (assignment,) = [entry for entry in api.get_assignments() if entry["name"] == "small"]
        assert (assignment["max_score"], assignment["num_submissions"]) == (15, 2)
        ada, bob = sorted(api.get_submissions("small"), key=lambda entry: entry["student"])
        assert (ada["score"], ada["needs_manual_grade"], ada["autograded"]) == (7.25, True, True)
        assert (bob["score"], bob["needs_manual_grade"], bob["autograded"]) == (6, False, True)
        assert {entry["score"] for entry in api.get_students()} == {7.25, 6.0}
        (notebook, _) = sorted(
            api.get_notebook_submissions("small", "small"), key=lambda entry: entry["student"]
        )
        assert (notebook["code_score"], notebook["written_score"], notebook["failed_tests"]) == (
            7.25,
            0,
            True,
        )

    def test_its_feedback_shows_what_was_checked_and_runs_nothing(self, graded: Small) -> None:
        _, paths = graded
        config = _config(paths)
        config.CourseDirectory.assignment_id = "small"
        GenerateFeedback(coursedir=CourseDirectory(config=config), config=config).start()
        html = (paths.feedback / "ada" / "small" / "small.html").read_text(encoding="utf-8")
        assert "small (Score: 7.25 / 15.0)" in html
        assert "Score: 1.25 / 4.0" in html
        assert "doubles 1.5" in html
        assert "took too long" in html
        _assert_harmless(html)
        assert "<strong>Because</strong> $a &lt; b$" in html

    def test_formgraders_page_runs_nothing_either(self, graded: Small) -> None:
        _, paths = graded
        config = _config(paths)
        config.HTMLExporter.template_name = "formgrade"
        config.HTMLExporter.extra_template_basedirs = [template_path]
        names = (
            "assignment_id",
            "notebook_id",
            "submission_id",
            "base_url",
            "student",
            "last_name",
            "first_name",
        )
        resources = dict.fromkeys((*names, "notebook_path"), "x") | {"index": 0, "total": 1}
        exporter = HTMLExporter(config=config)
        html, _ = exporter.from_filename(str(paths.graded("ada", "small")), resources=resources)
        assert "Because" in html
        _assert_harmless(html)

    @pytest.mark.slow
    def test_its_commands(self, graded: Small) -> None:
        _, paths = graded
        _nbgrader(paths, "export", "--to", "grades.csv")
        with (paths.root / "grades.csv").open() as file:
            rows = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
        assert rows == {"ada": 7.25, "bob": 6.0}
        _nbgrader(paths, "generate_feedback", "small")
        html = (paths.feedback / "bob" / "small" / "small.html").read_text(encoding="utf-8")
        assert "small (Score: 6.0 / 15.0)" in html


def _assert_harmless(html: str) -> None:
    for dangerous in ("<script>evil", "onerror=", "javascript:evil"):
        assert dangerous not in html


class TestNbgraderAutogrades:
    """``nbgrader autograde`` with the course's configuration, the examination itself made by hand."""

    @pytest.fixture
    def autograde(self, small: Small, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
        grade = pytest.importorskip("autograder.grading.grade")
        _, paths = small
        config = _config(paths)
        api = NbGraderAPI(CourseDirectory(config=config), config=config)

        def run(student: str, **more: Any) -> dict[str, Any]:
            def examine(root: Path, assignment: str, who: str, raw: bytes) -> Examination:
                assert (root, assignment, who) == (paths.root, "small", student)
                assert raw == paths.submission(student, "small").read_bytes()
                try:
                    read_submission(raw)
                except ValueError:
                    zero = {"test-double": 0.0, "test-double-array": 0.0}
                    return examined(paths, who, dump(released(paths)), zero, status=Status.UNREADABLE)
                return examined(paths, who, raw, **more)

            monkeypatch.setattr(grade, "examine_submission", examine)
            done: dict[str, Any] = api.autograde("small", student, force=True)
            return done

        return run

    def test_it_gives_the_same_scores_as_a_recording(
        self, small: Small, autograde: Callable[..., dict[str, Any]]
    ) -> None:
        _, paths = small
        raw = hand_in(paths, "ada", answer="Because.", at="2027-03-09 00:00:00 UTC")
        earned = {"test-double": 4 / 3, "test-double-array": None}
        notice = Notice(code="x", text="noticed")
        assert autograde("ada", earned=earned, notices=(notice,))["success"]
        theirs = grades(paths, "ada")
        notebook = nbformat.reads(paths.graded("ada", "small").read_text(encoding="utf-8"), as_version=4)
        paths.gradebook.unlink()
        from autograder.authoring.release import release

        release(small[0], small[0].assignments[0], paths)
        record(small, examined(paths, "ada", raw, earned))
        assert grades(paths, "ada") == theirs
        assert theirs["test-double-array"] == (None, None, True)
        ours = nbformat.reads(paths.graded("ada", "small").read_text(encoding="utf-8"), as_version=4)
        assert ours == notebook

    @pytest.mark.parametrize("harm", ["duplicated", "missing", "edited", "broken", "empty"])
    def test_a_damaged_submission_stops_nothing(
        self, small: Small, autograde: Callable[..., dict[str, Any]], harm: str
    ) -> None:
        _, paths = small
        hand_in(paths, "ada")
        file = paths.submission("ada", "small")
        notebook = json.loads(file.read_bytes())
        if harm == "duplicated":
            notebook["cells"] *= 2
        elif harm == "missing":
            notebook["cells"] = notebook["cells"][:2]
        elif harm == "edited":
            for cell in notebook["cells"]:
                cell["metadata"]["nbgrader"] = {
                    "grade_id": "test-double",
                    "points": "many",
                    "schema_version": 9,
                }
        content = {"broken": "{", "empty": ""}.get(harm, json.dumps(notebook))
        file.write_text(content)
        done = autograde("ada")
        assert done["success"], done
        total = sum(score or 0 for score, _, _ in grades(paths, "ada").values())
        assert total == (0 if harm in ("broken", "empty") else 10)
