"""A week's whole round on each platform: list, archive, grading, a person's points, lateness, the file.

Where the platforms' formats are documented:

- Canvas: "How do I import grades in the Gradebook?" (columns Student, ID, SIS User ID, SIS Login ID, Section,
  a row "Points Possible", headings ``Title (id)``), "How do I download all student submissions?", and
  ``content_zipper.rb`` of canvas-lms for names of files.
- Moodle: "Grade import" and "Assignment: offline grading worksheet" in Moodle's documentation;
  ``mod/assign/locallib.php`` (``download_submissions``) for files' names, ``gradingtable.php`` for headings.
- Gradescope: "Managing your course's roster"; ``submission_metadata.yml`` as "Export submissions" packs it.
- GitHub Classroom: "Manage classrooms" (roster: identifier, github_username, github_id, name).
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from test_platforms import HIDDEN, PUBLIC, RIGHT, WRONG
from typer.testing import CliRunner

from autograder.cli import app
from autograder.course.folders import Paths
from autograder.course.models import Course
from autograder.course.reading import load_course
from autograder.gradebook.grades import ExportError
from autograder.gradebook.late import settle
from autograder.gradebook.roster import add_to_class_list, class_list
from autograder.grading.grade import grade
from autograder.notebooks.metadata import grade_id
from autograder.notebooks.scripts import dump
from autograder.options import Options
from autograder.pages.report import write_report
from autograder.platforms.collect import CollectReport, collect
from autograder.platforms.exports import export_canvas, export_moodle, left_out
from autograder.platforms.github import export_github
from autograder.platforms.gradescope import export_gradescope

WEEK = "small"

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Small (777),Current Score,Final Score\n"
    ",,,,,Manual Posting,,\n"
    "    Points Possible,,,,,15,(read only),(read only)\n"
    '"King, Ada",102,S2,aking,A,,,\n'
    '"King, Ada",103,S3,aking2,B,,,\n'
    '"김, 민지",101,S1,minji,A and B,,,\n'
    '"Ray, Bob",104,S4,bray,B,,,\n'
    '"Student, Test",999,,abc0123,A,,,\n'
)
MOODLE = (
    "First name,Last name,ID number,Institution,Department,Email address,Assignment: Small (Real)\n"
    "Ada,King,2,,,aking@uni.example,-\nAda,King,3,,,aking2@uni.example,-\n"
    "민지,김,1,,,minji@uni.example,-\nBob,Ray,4,,,bray@uni.example,-\n"
)
WORKSHEET = (
    "Identifier,Full name,ID number,Email address,Status,Grade,Maximum grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
    'Participant 9102,Ada King,2,aking@uni.example,Submitted,,15.00,Yes,"Sunday, 7 March 2027, 11:50 PM",-,\n'
    'Participant 9103,Ada King,3,aking2@uni.example,Submitted,,15.00,Yes,"Monday, 8 March 2027, 9:05 AM",-,\n'
    'Participant 9101,김 민지,1,minji@uni.example,Submitted,,15.00,Yes,"Sunday, March 7, 2027, 10:00 PM",-,\n'
    "Participant 9104,Bob Ray,4,bray@uni.example,No submission,,15.00,Yes,-,-,\n"
)


@pytest.fixture
def course(small: tuple[Course, Paths]) -> Paths:
    """The small course with tests that can fail, and ten percent off for each day."""
    _, paths = small
    (paths.suite(WEEK) / "test_public.py").write_text(PUBLIC, encoding="utf-8")
    (paths.suite(WEEK) / "test_hidden.py").write_text(HIDDEN, encoding="utf-8")
    with paths.course.open("a", encoding="utf-8") as file:
        file.write("late: {penalty: 10}\n")
    return paths


def notebook(paths: Paths, source: str) -> bytes:
    made = nbformat.reads(paths.released(WEEK).read_text(encoding="utf-8"), as_version=4)
    for cell in made.cells:
        if grade_id(cell) == "double":
            cell.source = source
        if grade_id(cell) == "explain":
            cell.source = "Because."
    return dump(made)


def archive(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for name, content in files.items():
            made.writestr(name, content)
    return path


def lists(paths: Paths, **files: str) -> list[Path]:
    written = []
    for name, content in files.items():
        written.append(paths.root.parent / f"{name}.csv")
        written[-1].write_text(content, encoding="utf-8-sig")
    return written


def gather(paths: Paths, files: Mapping[str, bytes], times: Path | None = None) -> CollectReport:
    source = archive(paths.root.parent / "in.zip", files)
    course = load_course(paths.root)
    return collect(paths.root, WEEK, source, class_list=class_list(paths), zone=course.zone, times=times)


def graded(paths: Paths, manual: float = 5.0) -> None:
    """Graded by the engine, and the answer in words by a person."""
    grade(paths.root, WEEK, Options(workers=1))
    with Gradebook(paths.gradebook_url) as gradebook:
        for submission in gradebook.assignment_submissions(WEEK):
            name = submission.student.id
            one = gradebook.find_grade("explain", WEEK, WEEK, name)
            one.manual_score, one.needs_manual_grade = manual, False
        gradebook.db.commit()
    settle(load_course(paths.root), paths)


def rows(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


@pytest.mark.slow
def test_canvas(course: Paths) -> None:
    (there,) = lists(course, canvas=CANVAS)
    add_to_class_list(course, [there])
    report = gather(
        course,
        {
            f"김민지_101_6001_{WEEK}.ipynb": notebook(course, RIGHT),
            f"kingada_LATE_102_6002_{WEEK}.ipynb": notebook(course, WRONG),
            f"kingada_103_6003_{WEEK}.ipynb": notebook(course, RIGHT),
        },
    )
    assert (set(report.collected), report.late, report.exit_code) == (
        {"minji", "aking", "aking2"},
        ("aking",),
        0,
    )
    graded(course)
    page = write_report(course.root, WEEK).read_text(encoding="utf-8")
    assert "When 3 of the 3 submissions were handed in is not known: no penalty was taken off." in page
    assert re.search(r"calls late, without saying by how much \(1\):.*>aking<", page)
    for roster, title in ((None, WEEK), (there, "Small (777)")):
        heading, possible, *people = rows(export_canvas(course.root, roster=roster))
        assert heading == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", title]
        assert possible == ["    Points Possible", "", "", "", "", "15"]
        assert people == [  # as Canvas has them, no penalty guessed for who is late by nobody knows how much
            ["King, Ada", "102", "S2", "aking", "A", "12"],
            ["King, Ada", "103", "S3", "aking2", "B", "15"],
            ["김, 민지", "101", "S1", "minji", "A and B", "15"],
            ["Ray, Bob", "104", "S4", "bray", "B", ""],
        ]


@pytest.mark.slow
def test_moodle_with_the_times_of_its_worksheet(course: Paths) -> None:
    """Also where the course's folders are called otherwise than Moodle calls anybody."""
    own = "Student,Name,ID number\nminji,민지 김,1\nada_one,Ada King,2\nada_two,Ada King,3\nbob,Bob Ray,4\n"
    own_list, there, worksheet = lists(course, own=own, moodle=MOODLE, worksheet=WORKSHEET)
    said = add_to_class_list(course, [own_list, there, worksheet])
    assert said.startswith("roster.csv: 4 students, 4 new")
    report = gather(
        course,
        {
            f"Ada King_9102_assignsubmission_file_/{WEEK}.ipynb": notebook(course, RIGHT),
            f"Ada King_9103_assignsubmission_file_/{WEEK}.ipynb": notebook(course, RIGHT),
            f"민지 김_9101_assignsubmission_file_/{WEEK}.ipynb": notebook(course, WRONG),
        },
        worksheet,
    )
    assert set(report.collected) == {"ada_one", "ada_two", "minji"}
    stamps = {s: (course.submission(s, WEEK).parent / "timestamp.txt").read_text() for s in report.collected}
    assert stamps == {
        "ada_one": "2027-03-07 14:50:00.000000 UTC",
        "ada_two": "2027-03-08 00:05:00.000000 UTC",
        "minji": "2027-03-07 13:00:00.000000 UTC",
    }
    graded(course)
    for roster in (None, there):
        heading, *people = rows(export_moodle(course.root, roster=roster))
        assert heading == ["ID number", "Email address", WEEK]
        assert sorted(people) == [
            ["1", "minji@uni.example", "12"],
            ["2", "aking@uni.example", "15"],
            ["3", "aking2@uni.example", "13.5"],  # a day late
            ["4", "bray@uni.example", ""],
        ]
    heading, *people = rows(export_moodle(course.root, [WEEK], worksheet))
    before = list(csv.reader(io.StringIO(WORKSHEET)))
    assert heading == before[0]
    place = heading.index("Grade")
    assert [row[place] for row in people] == ["15", "13.5", "12", ""]
    assert [[*row[:place], *row[place + 1 :]] for row in people] == [
        [*row[:place], *row[place + 1 :]] for row in before[1:]
    ]
    worksheet.write_text(WORKSHEET.replace("15.00", "10.00"), encoding="utf-8")
    with pytest.raises(ExportError, match=r"maximum grade is 10\.00 in .*, and small has 15 points: set it"):
        export_moodle(course.root, [WEEK], worksheet)


@pytest.mark.slow
def test_moodles_blind_worksheet_is_filled_by_its_numbers(course: Paths) -> None:
    own, blind = lists(
        course,
        own="Student,Name,Identifier\nminji,민지 김,9101\nbob,Bob Ray,9104\n",
        blind="Identifier,Status,Grade,Maximum grade,Last modified (submission),Last modified (grade)\n"
        "Participant 9104,No submission,-,15.00,-,-\nParticipant 9101,Submitted,-,15.00,-,-\n",
    )
    add_to_class_list(course, [own])
    gather(course, {f"Participant_9101_assignsubmission_file_/{WEEK}.ipynb": notebook(course, RIGHT)})
    graded(course)
    _, *people = rows(export_moodle(course.root, [WEEK], blind))
    assert people == [
        ["Participant 9104", "No submission", "-", "15.00", "-", "-"],
        ["Participant 9101", "Submitted", "15", "15.00", "-", "-"],
    ]
    assert left_out(course.root, "moodle", [WEEK], blind) == ()


@pytest.mark.slow
def test_gradescope(course: Paths) -> None:
    roster = (
        "First Name,Last Name,SID,Email,Role,Sections\n민지,김,1,minji@uni.example,Student,A\n"
        "Ada,King,2,aking@uni.example,Student,B\nEve,Boss,,eve@uni.example,Instructor,\n"
    )
    said = add_to_class_list(course, lists(course, gradescope=roster))
    assert "roster.csv: 2 students, 2 new" in said
    assert "gradescope.csv: 1 left out, whose role is not a student's" in said
    metadata = (
        "---\nsubmission_88000:\n  :submitters:\n  - :name: 민지 김\n    :sid: '1'\n"
        "    :email: minji@uni.example\n  - :name: Ada King\n    :sid: '2'\n    :email: aking@uni.example\n"
        "  :created_at: 2027-03-08 01:00:00.000000000 +09:00\n"
    )
    report = gather(
        course,
        {
            "assignment_1_export/submission_metadata.yml": metadata.encode(),
            f"assignment_1_export/submission_88000/{WEEK}.ipynb": notebook(course, RIGHT),
        },
    )
    both = set(report.collected)
    assert (len(both), report.exit_code) == (2, 0)
    graded(course)
    assert {path.stem for path in export_gradescope(course.root, WEEK)} == both
    assert {row[-1] for row in rows(export_canvas(course.root))[2:]} == {"13.5"}  # each, with the day


@pytest.mark.slow
def test_github_classroom_and_its_teams(course: Paths) -> None:
    roster = (
        "identifier,github_username,github_id,name,group_name\n"
        "minji@uni.example,mj-kim,5001,M,Team One\naking@uni.example,ada-k,5002,A,Team One\n"
        "bray@uni.example,bob-r,5003,Bob,\n"
    )
    add_to_class_list(course, lists(course, classroom=roster))
    known = class_list(course)
    assert known is not None
    assert [student.github for student in known.students.values()] == ["mj-kim", "ada-k", "bob-r"]
    head = b"ref: refs/heads/main\n"
    report = gather(
        course,
        {
            f"small-team-one/{WEEK}.ipynb": notebook(course, RIGHT),
            "small-team-one/.git/HEAD": head,
            f"small-bob-r/{WEEK}.ipynb": notebook(course, WRONG),
            "small-bob-r/.git/HEAD": head,
        },
    )
    assert (set(report.collected), report.exit_code) == (set(known.students), 0)
    graded(course)
    assert {path.stem for path in export_github(course.root, WEEK)} == set(known.students)
    assert sorted(row[-1] for row in rows(export_canvas(course.root))[2:]) == ["12", "15", "15"]


@pytest.mark.slow
def test_the_report_knows_who_is_missing_and_a_section(course: Paths) -> None:
    files = {f"김민지_101_6001_{WEEK}.ipynb": notebook(course, RIGHT)}
    gather(course, files)  # as Canvas calls people, while there is no list
    grade(course.root, WEEK, Options(workers=1))
    page = write_report(course.root, WEEK).read_text(encoding="utf-8")
    assert "Everybody has handed in" not in page
    assert "is not known without <code>roster.csv</code>" in page
    assert "When 1 of the 1 submissions was handed in is not known" in page
    gather(course, {f"zoe/{WEEK}.ipynb": notebook(course, RIGHT)})
    add_to_class_list(course, lists(course, canvas=CANVAS))  # minji's folder stays the one that is there
    gather(course, files)
    grade(course.root, WEEK, Options(workers=1))
    page = write_report(course.root, WEEK).read_text(encoding="utf-8")
    assert "Not handed in (3)" in page
    assert "Not in roster.csv (1)" in page
    index = write_report(course.root, section="A")
    assert index.name == "index-A.html"
    table = rows(course.root / "report" / f"{WEEK}-A-students.csv")
    assert {row[0]: row[-1] for row in table[1:]} == {"101": "graded", "aking": "not handed in"}
    with pytest.raises(ExportError, match=r"no section C: it has A, A and B, B"):
        write_report(course.root, section="C")
    assert "Not handed in (3)" in (course.root / "report" / f"{WEEK}.html").read_text(encoding="utf-8")


def test_an_extension_of_a_stranger_is_a_warning(course: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    text = course.course.read_text(encoding="utf-8")
    course.course.write_text(text.replace("{penalty: 10}", "{extensions: {zoe: 1 week, minji: 1 day}}"))
    monkeypatch.chdir(course.root)
    assert "zoe" not in CliRunner().invoke(app, ["grade", WEEK]).output
    add_to_class_list(course, lists(course, canvas=CANVAS))
    said = CliRunner().invoke(app, ["grade", WEEK]).output
    assert "zoe has an extension in course.yml and is not in roster.csv" in said
    assert "minji has" not in said
