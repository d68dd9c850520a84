"""Grades for other systems: what people entered counts, no cell becomes a formula, every name survives."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.course.folders import CourseError, Paths
from autograder.course.models import Course
from autograder.course.reading import load_course
from autograder.examination import (
    Call,
    Examination,
    Misconception,
    Notice,
    Score,
    Status,
    TestOutcome,
    Text,
    Verdict,
)
from autograder.files import write_atomically
from autograder.gradebook.grades import Column, ExportError, Grade, Grades, Student
from autograder.gradebook.ledger import Ledger
from autograder.gradebook.reading import read_grades
from autograder.gradebook.roster import Roster, read_roster, with_roster
from autograder.messages import Language
from autograder.notebooks.scripts import dump
from autograder.options import Options
from autograder.platforms.exports import (
    canvas_csv,
    export_canvas,
    export_csv,
    export_moodle,
    moodle_csv,
    plain_csv,
)
from autograder.platforms.github import export_github, github_result, step_output
from autograder.platforms.gradescope import export_gradescope, gradescope_results
from autograder.spreadsheet import guarded, table, unguarded
from autograder.submissions.records import record_path
from autograder.submissions.week import prepare
from autograder.wording.words import verdict

Small = tuple[Course, Paths]


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def klass(*students: Student, **grades: Grade) -> Grades:
    """Two weeks, the first worth 100 and the second 20 points; grades as ``ada_w1=Grade(...)``."""
    columns = (Column("w1", ("First", "첫째"), 100, 1), Column("w2", ("Second", "둘째"), 20, 3))
    found = {(key.rpartition("_")[0], key.rpartition("_")[2]): grade for key, grade in grades.items()}
    people = students or tuple(Student(name) for name in sorted({name for name, _ in found}))
    return Grades(columns, people, found)


class TestCells:
    @pytest.mark.parametrize(
        "text",
        [
            '=HYPERLINK("http://evil.example","A")',
            "+82 10 1234",
            "-1+1|cmd",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "  =1",
            "\u00a0=1",
            "＝1",
        ],
    )
    def test_what_could_be_a_formula_is_text(self, text: str) -> None:
        assert guarded(text) == "'" + text
        assert unguarded(guarded(text)) == text
        assert rows(table([["a", "b"], [text, 1.0]]))[1] == ["'" + text, "1"]

    @pytest.mark.parametrize("text", ["Kim, Min-ji", "a=b", "O'Brien", "'quoted'", "", "1+1", "김민지"])
    def test_other_text_stays_as_it_is(self, text: str) -> None:
        assert guarded(text) == unguarded(text) == text

    @pytest.mark.parametrize(
        "text", ['a "nick" b', "a,b", "a;b", "two\nlines", "김민지", "Łukasz", "عمر", "🙂"]
    )
    def test_commas_quotes_and_every_script_come_back(self, text: str) -> None:
        assert rows(table([["name", "x"], [text, None]]))[1] == [text, ""]

    def test_numbers_are_numbers(self) -> None:
        text = table([["a", "b", "c", "d"], [0.1 + 0.2, 85.0, 100 / 3, None]])
        assert text.splitlines()[1] == '0.3,85,33.33,""'

    def test_headings_are_guarded_too(self) -> None:
        assert rows(table([["=1", "b"]]))[0] == ["'=1", "b"]


class TestTotal:
    def test_weeks_count_by_their_weights_and_what_was_not_handed_in_as_zero(self) -> None:
        grades = klass(ada_w1=Grade(50), ada_w2=Grade(20), bob_w1=Grade(100))
        assert grades.total("ada", provisional=False) == pytest.approx((0.5 + 3) / 4 * 100)
        assert grades.total("bob", provisional=False) == pytest.approx(25)

    def test_penalty_and_extra_credit_count(self) -> None:
        grades = klass(ada_w1=Grade(110, penalty=10), ada_w2=Grade(22))
        assert grades.total("ada", provisional=False) == pytest.approx((1 + 3 * 1.1) / 4 * 100)

    def test_there_is_none_while_a_person_has_to_decide(self) -> None:
        grades = klass(ada_w1=Grade(90, undecided=True), ada_w2=Grade(20))
        assert grades.total("ada", provisional=False) is None
        assert grades.total("ada", provisional=True) == pytest.approx(97.5)


class TestTables:
    GRADES = klass(
        Student("ada", "Lovelace, Ada", "ada@x.org", "11", "S1", "ada", "Sec 1", "2027001"),
        Student("min", "김, 민지"),
        ada_w1=Grade(95.5, penalty=9.55, submitted=dt.datetime(2027, 3, 7, 15, tzinfo=dt.UTC)),
        min_w1=Grade(80, undecided=True),
        min_w2=Grade(0),
    )

    def test_canvas(self) -> None:
        text = canvas_csv(self.GRADES, {"첫째": "첫째 (4711)"})
        assert rows(text) == [
            ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "첫째 (4711)", "w2"],
            ["    Points Possible", "", "", "", "", "100", "20"],
            ["Lovelace, Ada", "11", "S1", "ada", "Sec 1", "85.95", ""],
            ["김, 민지", "", "", "min", "", "", "0"],
        ]

    def test_what_is_not_decided_is_left_out_unless_it_is_wanted(self) -> None:
        assert rows(canvas_csv(self.GRADES))[3][5] == ""
        assert rows(canvas_csv(self.GRADES, provisional=True))[3][5] == "80"

    def test_moodle(self) -> None:
        assert rows(moodle_csv(self.GRADES)) == [
            ["ID number", "Email address", "w1", "w2"],
            ["2027001", "ada@x.org", "85.95", ""],
            ["min", "", "", "0"],
        ]

    def test_plain(self) -> None:
        import zoneinfo

        heading, ada, minji = rows(plain_csv(self.GRADES, zoneinfo.ZoneInfo("Asia/Seoul")))
        assert heading[:7] == ["student", "name", "email", "w1", "w1 points", "w1 penalty", "w1 submitted"]
        assert ada[3:7] == ["85.95", "95.5", "9.55", "2027-03-08 00:00:00 +0900"]
        assert ada[7:] == ["", "", "", "", "21.49"]
        assert minji[3:7] == ["", "80", "0", ""]
        assert minji[-1] == ""


class TestRoster:
    def test_one_of_ones_own(self) -> None:
        text = (
            "\ufeffstudent,Name,SIS Login ID,Section,Email,ID number\n"
            'ada,"Lovelace, Ada",al1,1,ada@x.org,7\ncleo,클레오,cl,2,,\n'
        )
        roster = read_roster(text, ["ada", "bob"])
        merged = with_roster(klass(ada_w1=Grade(1), bob_w1=Grade(2)), roster)
        assert [student.id for student in merged.students] == ["ada", "cleo", "bob"]
        assert merged.students[0] == Student(
            "ada", "Lovelace, Ada", "ada@x.org", sis_login_id="al1", section="1", id_number="7"
        )

    def test_canvas_own_export_says_ids_and_headings(self) -> None:
        text = (
            "Student,ID,SIS User ID,SIS Login ID,Section,First week (4711),Current Score\n"
            "    Points Possible,,,,,100,(read only)\n"
            '"Lovelace, Ada",11,S1,ada@x.org,Sec 1,,\n"Student, Test",12,,99fe,Sec 1,,\n'
        )
        roster = read_roster(text, ["ada", "bob"])
        assert roster.headings == {"First week": "First week (4711)"}
        assert list(roster.students.values()) == [
            Student("ada", "Lovelace, Ada", "", "11", "S1", "ada@x.org", "Sec 1")
        ]

    def test_it_reads_what_this_module_wrote(self) -> None:
        grades = klass(Student("=ada", "=cmd|x", canvas_id="5", sis_login_id="=ada"))
        roster = read_roster(canvas_csv(grades), ["=ada"])
        assert roster.students["=ada"].name == "=cmd|x"

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "empty"),
            ("colour\nred\n", "no column that says whose row it is"),
            ("student,email\nada,a\nada,b\n", "Line 3 of the roster is the second one for ada"),
            ("student,email\n,a\n,\n", ""),
            ("email,section\n,1\n", "Line 2 of the roster does not say whose it is"),
        ],
    )
    def test_a_roster_that_cannot_be_used_is_one_sentence(self, text: str, said: str) -> None:
        if said:
            with pytest.raises(ExportError, match=said):
                read_roster(text, [])
        else:
            assert list(read_roster(text, []).students) == ["a"]


def examination(**more: Any) -> Examination:
    call = Call(function="double", arguments="double(3)", result="9")
    tests = [
        TestOutcome(
            name="a", module="m", title=Text(en="Twice `x`", ko="두 배"), cell="one", verdict=Verdict.PASSED
        ),
        TestOutcome(
            name="b",
            module="m",
            title=Text(en="Hidden thing", ko="숨은 것"),
            cell="two",
            verdict=Verdict.FAILED,
            message="double(3) gave \x1b[31m9\x1b[0m, expected 6",
            call=call,
        ),
        TestOutcome(
            name="c",
            module="m",
            title=Text(en="Public thing", ko="공개"),
            cell="two",
            public=True,
            verdict=Verdict.FAILED,
            message="double(2) gave 4.5",
        ),
    ]
    wrong = Misconception(
        mutant="m",
        function="double",
        misconception=Text(en="It squares.", ko="제곱합니다."),
        hint=Text(en="Try 3.", ko="3을 넣어 보세요."),
    )
    fields: dict[str, Any] = {
        "key": "k",
        "assignment": "small",
        "student": "ada",
        "status": Status.GRADED,
        "notices": (Notice(code="edited-cell", text="Cells were changed."),),
        "tests": tuple(tests),
        "scores": (
            Score(grade_id="one", points=4.0, max_points=4),
            Score(grade_id="two", points=1.5, max_points=6),
            Score(grade_id="explain", points=None, max_points=5, manual=True),
        ),
        "misconceptions": (wrong,),
        "graded_at": dt.datetime(2027, 3, 8, tzinfo=dt.UTC),
        "timings": {"total": 1.5},
    }
    return Examination(**{**fields, **more})


class TestGradescope:
    def test_the_file_is_what_gradescope_reads(self) -> None:
        result = gradescope_results(examination(), "hints", "full", due=False)
        assert set(result) == {
            "score",
            "execution_time",
            "output",
            "output_format",
            "visibility",
            "stdout_visibility",
            "extra_data",
            "tests",
        }
        assert (result["score"], result["execution_time"]) == (5.5, 1.5)
        assert [
            (t["name"], t["score"], t["max_score"], t["status"], t["number"]) for t in result["tests"]
        ] == [
            ("one", 4.0, 4, "passed", "1"),
            ("two", 1.5, 6, "failed", "2"),
        ]
        assert "Points still to be decided by a person" in result["output"]
        assert "Cells were changed." in result["output"]
        json.dumps(result)

    @pytest.mark.parametrize(
        ("before", "after", "due", "visibility", "said", "unsaid"),
        [
            (
                "names",
                "full",
                False,
                "visible",
                ["Hidden thing (wrong result)"],
                ["gave", "Try 3", "squares"],
            ),
            ("hints", "full", False, "visible", ["gave 4.5", "Try 3."], ["expected 6", "squares"]),
            ("hints", "full", True, "visible", ["gave 9, expected 6", "It squares."], ["\x1b"]),
            ("none", "full", False, "after_due_date", ["expected 6"], []),
            ("none", "full", True, "visible", ["expected 6"], []),
            ("none", "none", True, "hidden", [], ["Hidden thing", "gave"]),
            ("full", "none", True, "hidden", [], ["Hidden thing", "gave"]),
        ],
    )
    def test_a_student_reads_what_the_policy_allows(
        self, before: Any, after: Any, due: bool, visibility: str, said: list[str], unsaid: list[str]
    ) -> None:
        result = gradescope_results(examination(), before, after, due=due)
        text = "\n".join(test["output"] for test in result["tests"])
        assert {test["visibility"] for test in result["tests"]} == {visibility}
        assert [word for word in said if word not in text] == []
        assert [word for word in unsaid if word in text] == []

    def test_in_korean(self) -> None:
        result = gradescope_results(examination(), "hints", "full", due=False, language=Language.KO)
        assert f"숨은 것 ({verdict(Verdict.FAILED, Language.KO)})" in result["tests"][1]["output"]

    def test_the_gradebook_overrules_the_record(self) -> None:
        grade = Grade(11, penalty=1, cells={"one": 4.0, "two": 3.0, "explain": 4.0})
        result = gradescope_results(examination(), "hints", "full", due=True, grade=grade)
        assert result["score"] == 10
        assert [test["score"] for test in result["tests"]] == [4, 3, 4]
        assert "Points deducted for lateness: 1." in result["output"]

    def test_a_penalty_never_goes_below_zero(self) -> None:
        assert gradescope_results(examination(), "hints", "full", due=True, penalty=99)["score"] == 0


class TestGitHub:
    def test_the_step_output_is_base64_json_on_one_line(self) -> None:
        result = github_result(examination(), "hints")
        line = step_output(result)
        assert line.startswith("result=")
        assert line.count("\n") == 1
        assert json.loads(base64.b64decode(line.removeprefix("result="))) == result
        assert (result["version"], result["status"], result["max_score"]) == (1, "fail", 10)
        assert [(t["name"], t["status"], t["score"]) for t in result["tests"]] == [
            ("one", "pass", 4.0),
            ("two", "fail", 1.5),
        ]
        assert "expected 6" not in result["tests"][1]["message"]

    def test_a_faulty_grader_is_no_students_failure(self) -> None:
        assert github_result(examination(status=Status.GRADER_ERROR), "hints")["status"] == "error"

    def test_a_late_penalty_is_a_line_of_its_own(self) -> None:
        grade = Grade(10, penalty=1.5, cells={"one": 4.0, "two": 6.0})
        result = github_result(examination(), "full", grade=grade)
        assert sum(test["score"] for test in result["tests"]) == 8.5


# -- from a real gradebook to files


def graded(small: Small, student: str, double: float, at: str = "") -> None:
    """Hand in, and record as graded: ``double`` of 10 automatic points."""
    course, paths = small
    released = nbformat.reads(paths.released("small").read_text(encoding="utf-8"), as_version=4)
    file = paths.submission(student, "small")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(dump(released))
    if at:
        file.with_name("timestamp.txt").write_text(at)
    (submission,) = prepare(course, paths, "small", Options(students=(student,)))
    record = examination(
        key=submission.key,
        student=student,
        tests=(),
        scores=(
            Score(grade_id="test-double", points=4.0, max_points=4),
            Score(grade_id="test-double-array", points=double - 4, max_points=6),
            Score(grade_id="explain", points=None, max_points=5, manual=True),
        ),
    )
    write_atomically(record_path(paths, "small", student, submission.key), record.model_dump_json().encode())
    with Ledger(course, paths, "small") as ledger:
        ledger.record(record)


def enter(paths: Paths, student: str, manual: float, extra: float = 0.0) -> None:
    """What a person does in formgrader."""
    with Gradebook(paths.gradebook_url) as gradebook:
        grade = gradebook.find_grade("explain", "small", "small", student)
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = manual, extra, False
        gradebook.db.commit()


class TestFromTheGradebook:
    def test_manual_scores_extra_credit_and_penalties_count(self, small: Small) -> None:
        course, paths = small
        with paths.course.open("a", encoding="utf-8") as file:
            file.write("late: {penalty: 10}\n")
        course = load_course(paths.root)
        graded((course, paths), "ada", 10, "2027-03-08 12:00:00+09:00")
        enter(paths, "ada", 4, 1)
        grade = read_grades(course, paths).grades["ada", "small"]
        assert (grade.points, grade.penalty, grade.score) == (15, 1.5, 13.5)
        assert grade.cells == {"test-double": 4.0, "test-double-array": 6.0, "explain": 5.0}
        assert grade.submitted == dt.datetime(2027, 3, 8, 3, tzinfo=dt.UTC)

    def test_an_answer_left_blank_is_decided(self, small: Small) -> None:
        graded(small, "ada", 7)  # nbgrader's rule: an unchanged answer earns 0
        assert not read_grades(*small).grades["ada", "small"].undecided

    def test_the_files(self, small: Small) -> None:
        _, paths = small
        graded(small, "김민지", 10)
        graded(small, "=ada", 7)
        with Gradebook(paths.gradebook_url) as gradebook:
            gradebook.update_or_create_student("김민지", first_name="민지", last_name="김", email="kim@x.org")
            gradebook.update_or_create_student("=ada", first_name='=HYPERLINK("x")', last_name="@SUM(1)")
        for write in (export_canvas, export_moodle, export_csv):
            path = write(paths.root)
            raw = path.read_bytes()
            assert raw.startswith(b"\xef\xbb\xbf")
            text = raw.decode("utf-8-sig")
            assert "김민지" in text
            assert not [cell for row in rows(text) for cell in row if cell[:1] in tuple("=+-@\t\r")]
        canvas = rows((paths.exports / "canvas.csv").read_text(encoding="utf-8-sig"))
        assert canvas[2][0] == '\'@SUM(1), =HYPERLINK("x")'
        assert canvas[2][-1] == "7"
        assert canvas[3] == ["김, 민지", "", "", "김민지", "", "10"]

    def test_a_roster_file(self, small: Small, tmp_path: Path) -> None:
        _, paths = small
        graded(small, "ada", 10)
        roster = tmp_path / "roster.csv"
        roster.write_text(
            'student,ID,Name,Section\nada,11,"Lovelace, Ada",A\ncleo,12,Cleo,B\n', encoding="utf-8"
        )
        canvas = rows(export_canvas(paths.root, roster=roster).read_text(encoding="utf-8-sig"))
        assert canvas[2:] == [["Lovelace, Ada", "11", "", "", "A", "10"], ["Cleo", "12", "", "", "B", ""]]
        roster.write_bytes(b"\xff\xfe")
        with pytest.raises(ExportError, match="is empty"):
            export_canvas(paths.root, roster=roster)
        with pytest.raises(ExportError, match="cannot be read"):
            export_canvas(paths.root, roster=tmp_path / "none.csv")

    def test_gradescope_and_github_files_for_the_class(self, small: Small) -> None:
        _, paths = small
        graded(small, "ada", 10)
        enter(paths, "ada", 3)
        (path,) = export_gradescope(paths.root, "small")
        assert path == paths.exports / "gradescope-small" / "ada.json"
        assert json.loads(path.read_text(encoding="utf-8"))["score"] == 13
        (path,) = export_github(paths.root, "small")
        assert sum(test["score"] for test in json.loads(path.read_text(encoding="utf-8"))["tests"]) == 13

    def test_nothing_to_export_is_one_sentence(self, small: Small) -> None:
        _, paths = small
        with pytest.raises(ExportError, match="Nothing has been graded yet"):
            export_csv(paths.root)
        with pytest.raises(ExportError, match="small has no grades yet"):
            export_csv(paths.root, ["small"])
        with pytest.raises(CourseError, match="no assignment 'smal'"):
            export_csv(paths.root, ["smal"])


def test_an_empty_roster_changes_nothing() -> None:
    grades = klass(ada_w1=Grade(1))
    assert with_roster(grades, Roster({})) == grades
