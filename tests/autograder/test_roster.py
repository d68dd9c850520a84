"""The class list: as platforms give it, merged into roster.csv, and known to collect and export."""

from __future__ import annotations

import unicodedata
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.course.folders import Paths
from autograder.gradebook.grades import ExportError
from autograder.gradebook.roster import add_to_class_list, class_list, read_roster
from autograder.platforms.collect import collect

WEEK = "03_convolution"
CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Convolution (777),Current Score,Final Score\n"
    "{posting}    Points Possible,,,,,100,(read only),(read only)\n"
    '"Kim, Minji",101,S1,kim_minji,A,,,\n"Student, Test",999,,abc0123,A,,,\n'
)
MOODLE = (
    "First name,Last name,ID number,Institution,Email address,Assignment: Convolution (Real)\n"
    "Minji,Kim,20230001,,minji@uni.example,-\n"
)


def people(content: str | bytes, *folders: str) -> dict[str, str]:
    return {folder: student.name for folder, student in read_roster(content, folders).students.items()}


@pytest.mark.parametrize(
    "content",
    [
        CANVAS.format(posting=""),
        CANVAS.format(posting=",,,,,Manual Posting,,\n"),
        CANVAS.format(posting=",,,,,Manual Posting,,\n").replace(",", ";").replace("; ", ", "),
        "LastName,FirstName,ID,SIS User ID,SIS Login ID,Section,Convolution (777)\n"
        "    Points Possible,,,,,,100\nKim,Minji,101,S1,kim_minji,A,\n",
    ],
    ids=["plain", "manual posting", "semicolons", "first and last names"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_canvas(content: str, encoding: str) -> None:
    roster = read_roster(content.encode(encoding), ["kim_minji"])
    (student,) = roster.students.values()
    assert (student.id, student.name, student.canvas_id, student.section) == (
        "kim_minji",
        "Kim, Minji",
        "101",
        "A",
    )
    assert roster.headings == {"Convolution": "Convolution (777)"}


@pytest.mark.parametrize(
    "folder", ["minji", "20230001", "minji@uni.example", "Minji Kim", "Kim Minji", "KimMinji"]
)
def test_moodle_by_any_of_its_columns(folder: str) -> None:
    assert people(MOODLE, folder) == {folder: "Kim, Minji"}


def test_moodle_in_korean() -> None:
    content = "이름,성,학번,이메일 주소,과제: 합성곱 (실제)\n민지,김,20230001,minji@uni.example,-\n"
    assert people(content.encode("utf-8-sig"), "김민지") == {"김민지": "김, 민지"}
    assert people(content.encode("cp949"), "20230001") == {"20230001": "김, 민지"}


def test_moodles_grading_worksheet() -> None:
    content = "Identifier,Full name,Email address,Status\nParticipant 77001,Minji Kim,minji@uni.example,-\n"
    (student,) = read_roster(content, ["minji"]).students.values()
    assert (student.id, student.moodle_id) == ("minji", "77001")


def test_letters_taken_apart_and_zeros_taken_off() -> None:
    apart = unicodedata.normalize("NFD", "김민지")
    assert people(f"Student,Name,Email\n{apart},{apart},m@x\n", "김민지") == {"김민지": apart}
    assert people("Student,Email\n123,m@x\n", "00123") == {"00123": ""}
    assert people("SIS Login ID\n00123\n", "123") == {"123": ""}


def test_two_of_one_name_are_not_guessed() -> None:
    roster = read_roster("Student,Name\nada1,Ada King\nada2,Ada King\nbob,Bob Ray\n", [])
    assert roster.folder_of("Ada King") is None
    assert roster.folder_of("bob ray") == "bob"


def test_whom_no_row_belongs_to_is_told() -> None:
    assert read_roster(MOODLE, ["minji", "lee"]).strangers == ("lee",)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    (tmp_path / "course").mkdir()
    return Paths(tmp_path / "course")


def add(paths: Paths, **files: str) -> str:
    written = []
    for name, content in files.items():
        path = paths.root.parent / f"{name}.csv"
        path.write_text(content, encoding="utf-8")
        written.append(path)
    return add_to_class_list(paths, written)


def test_lists_of_several_platforms_become_one(paths: Paths) -> None:
    own = 'Student,Name,Email\nkim_minji,"Kim, Minji",minji@uni.example\n'
    assert add(paths, own=own, canvas=CANVAS.format(posting=""), moodle=MOODLE) == (
        "roster.csv: 1 students, 1 new, 0 filled in"
    )
    known = class_list(paths)
    assert known is not None
    (student,) = known.students.values()
    assert (student.canvas_id, student.id_number, student.section) == ("101", "20230001", "A")
    assert add(paths, moodle=MOODLE) == "roster.csv: 1 students, 0 new, 0 filled in"
    for told in ("101", "S1", "KIM_MINJI", "minji", "20230001", "Minji Kim", "Kim, Minji"):
        assert known.folder_of(told) == "kim_minji", told


def test_a_contradiction_writes_nothing(paths: Paths) -> None:
    add(paths, own="Student,Email\nada,a@x\n")
    before = paths.roster.read_bytes()
    with pytest.raises(ExportError, match=r"other.csv says email b@x of ada, and roster.csv says a@x"):
        add(paths, other="Student,Email\nada,b@x\nbob,c@x\n")
    assert paths.roster.read_bytes() == before


def test_who_has_handed_in_and_is_not_in_it_is_told(paths: Paths) -> None:
    (paths.submitted / "zoe" / WEEK).mkdir(parents=True)
    assert "zoe has handed in and is not in it" in add(paths, own="Student\nada\n")


def archive(paths: Paths, *names: str) -> Path:
    source = paths.root.parent / "in.zip"
    with zipfile.ZipFile(source, "w") as made:
        for name in names:
            made.writestr(name, b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}')
    return source


@pytest.mark.parametrize(
    "name",
    [
        f"kimminji_101_5001_{WEEK}.ipynb",
        f"Minji Kim_2201_assignsubmission_file_/{WEEK}.ipynb",
        f"Participant_77001_assignsubmission_file_/{WEEK}.ipynb",
        f"MINJI/{WEEK}/{WEEK}.ipynb",
        "020230001.ipynb",
    ],
)
def test_collect_knows_people_by_any_id(paths: Paths, name: str) -> None:
    worksheet = "Identifier,Full name,Email address\nParticipant 77001,Minji Kim,minji@uni.example\n"
    own = 'Student,Name,Email\nkim_minji,"Kim, Minji",minji@uni.example\n'
    add(paths, own=own, canvas=CANVAS.format(posting=""), moodle=MOODLE, worksheet=worksheet)
    report = collect(paths.root, WEEK, archive(paths, name), class_list=class_list(paths))
    assert (report.collected, report.exit_code) == (("kim_minji",), 0)


def test_a_stranger_is_collected_and_told(paths: Paths) -> None:
    add(paths, own="Student\nada\n")
    report = collect(
        paths.root, WEEK, archive(paths, "ada/a.ipynb", "zoe/a.ipynb"), class_list=class_list(paths)
    )
    assert set(report.collected) == {"ada", "zoe"}
    assert "zoe is not in roster.csv: add a line that begins with zoe" in str(report)
    assert report.exit_code == 3


@pytest.mark.parametrize("raw", [b"\x00\x01", b'a,"b\n', b"Points,More\n1,2\n"])
def test_what_is_no_roster_is_one_sentence(paths: Paths, raw: bytes) -> None:
    paths.roster.write_bytes(raw)
    with pytest.raises(ExportError) as found:
        class_list(paths)
    assert "\n" not in str(found.value)
    assert "roster.csv" in str(found.value)


def test_rows_of_a_platform_are_matched_by_the_class_list_and_not_by_folders_only(paths: Paths) -> None:
    """Whose folder is called otherwise has one row, the platform's."""
    add(paths, own="Student,Name,ID\nminji,Minji Kim,101\n")
    known = class_list(paths)
    found = read_roster(CANVAS.format(posting=""), ["minji"], known)
    assert (list(found.students), found.strangers) == (["minji"], ())
    assert read_roster("Email,ID\nminji@x,102\n", ["minji"]).strangers == ()


def test_a_number_of_one_platform_is_not_that_of_another(paths: Paths) -> None:
    add(paths, own="Student,ID number\nada,101\n")
    assert add(paths, canvas=CANVAS.format(posting="")).startswith("roster.csv: 2 students, 1 new")


def test_what_a_spreadsheet_took_off_does_not_replace_what_is_there(paths: Paths) -> None:
    add(paths, own="Student,Email,ID number\nada,a@x,00123\n")
    assert add(paths, sheet="Email,ID number\na@x,123\n") == "roster.csv: 1 students, 0 new, 0 filled in"
    assert "00123" in paths.roster.read_text(encoding="utf-8-sig")


def test_somebody_new_of_the_same_name_is_somebody_else(paths: Paths) -> None:
    add(paths, own="Student,Name,Email\nada1,Ada King,a1@x\n")
    said = add(paths, moodle="First name,Last name,Email address\nAda,King,a1@x\nAda,King,a2@x\n")
    assert said.startswith("roster.csv: 2 students, 1 new")
    assert "a2@x is called like ada1, and moodle.csv tells them apart: if they are one, put a2@x" in said


def test_two_of_one_name_in_a_list_that_says_no_more_are_told(paths: Paths) -> None:
    with pytest.raises(ExportError, match=r"names.csv: Line 3 of the roster is the second one for a@x"):
        add(paths, names="Name,Email\nAda King,a@x\nAda King,a@x\n")
    assert not paths.roster.exists()


def test_moodle_numbers_a_student_anew_in_each_assignment(paths: Paths) -> None:
    week = "Identifier,Full name,Email address\nParticipant {},Minji Kim,m@x\n"
    add(paths, first=week.format(77001), second=week.format(88002))
    known = class_list(paths)
    assert known is not None
    assert {known.folder_of("Participant", number) for number in ("77001", "88002")} == {"m@x"}


def test_ones_own_columns_and_rows_stay(paths: Paths) -> None:
    add(paths, own="Student,Email\nada,a@x\n")
    paths.roster.write_text("student,email,note,role\nada,a@x,sits in front,TA\n", encoding="utf-8")
    add(paths, other="Email,ID number\na@x,7\n")
    text = paths.roster.read_text(encoding="utf-8-sig")
    assert "note,role" in text
    assert all(word in text for word in ("sits in front", '"TA"', '"7"'))


def test_another_section_is_told_and_not_taken(paths: Paths) -> None:
    add(paths, own="Student,Email,Section\nada,a@x,A\n")
    said = add(paths, canvas="Email,Section\na@x,B\n")
    assert "ada: canvas.csv says section B, roster.csv keeps A: change it there if that is wrong" in said
    known = class_list(paths)
    assert known is not None
    assert known.students["ada"].section == "A"


def test_an_id_is_looked_for_where_the_platform_has_its_ids(paths: Paths) -> None:
    """A folder may be called like somebody else's number at Canvas."""
    add(paths, own="Student,ID\n101,7\nbob,101\n")
    source = archive(paths, f"ray_101_6001_{WEEK}.ipynb")
    assert collect(paths.root, WEEK, source, class_list=class_list(paths)).collected == ("bob",)


def test_one_id_of_two_students_writes_nothing(paths: Paths) -> None:
    with pytest.raises(ExportError, match=r"email a@x is that of ada and of bob: .* nothing was written"):
        add(paths, own="Student,Email\nada,a@x\nbob,a@x\n")
    assert not paths.roster.exists()


def test_what_a_spreadsheet_made_of_a_number_is_refused(paths: Paths) -> None:
    with pytest.raises(ExportError, match=r"Line 2 of the roster: a spreadsheet has made 2.02E\+07 of an id"):
        add(paths, own="Email,ID number\na@x,2.02E+07\n")


def test_who_has_not_joined_the_classroom_yet_is_called_by_the_name(paths: Paths) -> None:
    rows = "identifier,github_username,github_id,name\nAda King,,,\nbob@x,bob-r,5003,B\n"
    add(paths, own="Student,Name\nada,Ada King\n")
    assert add(paths, classroom=rows).startswith("roster.csv: 2 students, 1 new")
    assert add(paths, other=rows.replace("Ada King", "Eve Lee")).startswith("roster.csv: 3 students, 1 new")


def test_formulas_stay_text(paths: Paths) -> None:
    for _ in range(2):
        add(paths, own='Student,Name,Email\nada,"=HYPERLINK(""x"")",a@x\n')
    assert "\"'=HYPERLINK" in paths.roster.read_text(encoding="utf-8-sig")
    known = class_list(paths)
    assert known is not None
    assert known.students["ada"].name == '=HYPERLINK("x")'


def test_a_thousand_students(paths: Paths) -> None:
    lines = [f'"Last{n}, First",{n},S{n},login{n},A' for n in range(1000)]
    canvas = "Student,ID,SIS User ID,SIS Login ID,Section\n" + "\n".join(lines)
    moodle = "First name,Last name,Email address\n" + "\n".join(
        f"First,Last{n},login{n}@uni.example" for n in range(1000)
    )
    assert add(paths, canvas=canvas, moodle=moodle) == "roster.csv: 1000 students, 1000 new, 0 filled in"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (f"Team One-Minji Kim_2201_assignsubmission_file_/{WEEK}.ipynb", {"kim"}),  # Moodle: a copy for each
        (f"teamone_101_6001_{WEEK}.ipynb", {"kim", "ada"}),  # Canvas: called like the team, of one member
        (f"minjikim_101_6001_{WEEK}.ipynb", {"kim"}),  # on one's own
        (f"team-one/{WEEK}.ipynb", {"kim", "ada"}),
    ],
)
def test_what_a_team_handed_in_is_every_members(paths: Paths, name: str, expected: set[str]) -> None:
    add(
        paths, own="Student,Name,ID,Team\nkim,Minji Kim,101,Team One\nada,Ada King,102,Team One\nbob,B,103,\n"
    )
    report = collect(paths.root, WEEK, archive(paths, name), class_list=class_list(paths))
    assert (set(report.collected), report.exit_code) == (expected, 0)


def test_the_command_is_roster_add(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    paths.course.write_text("", encoding="utf-8")
    own = paths.root / "own.csv"
    own.write_text("Student\nada\n", encoding="utf-8")
    monkeypatch.chdir(paths.root)
    told = CliRunner().invoke(app, ["roster", "add", "own.csv"])
    assert (told.exit_code, told.output) == (0, "roster.csv: 1 students, 1 new, 0 filled in\n")
