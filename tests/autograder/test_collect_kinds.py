"""Archives and tables as platforms and programs really make them: whose is what, and when it was handed in.

Formats: Canvas's "Download Submissions", Moodle's "Download all submissions" (with folders and without; blind
marking), Gradescope's "Export Submissions" with its metadata, clones that GitHub Classroom's command makes,
nbgrader's exchange.
"""

from __future__ import annotations

import csv
import io
import unicodedata
import zipfile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from autograder.course.folders import Paths
from autograder.encodings import decoded, encoding_of
from autograder.platforms.collect import CollectError, CollectReport, collect
from autograder.spreadsheet import read_table
from autograder.submissions.timestamps import moment_of

WEEK = "03_convolution"
SEOUL = ZoneInfo("Asia/Seoul")


def notebook(text: str = "") -> bytes:
    return b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [], "x": "%s"}' % text.encode()


class Unmarked(zipfile.ZipInfo):
    """An entry whose name is written as it is, without the mark of UTF-8."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode("cp437"), self.flag_bits & ~0x800


def make_zip(path: Path, files: dict[str, bytes], encoding: str | None = None) -> Path:
    """A zip, its names in an old encoding and without a mark if one is given."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            info = (
                zipfile.ZipInfo(name) if encoding is None else Unmarked(name.encode(encoding).decode("cp437"))
            )
            archive.writestr(info, content)
    return path


def gather(tmp_path: Path, files: dict[str, bytes], encoding: str | None = None) -> CollectReport:
    return collect(tmp_path / "course", WEEK, make_zip(tmp_path / "in.zip", files, encoding), zone=SEOUL)


def students(tmp_path: Path) -> dict[str, str]:
    """Who is there, and when by their own file."""
    found = {}
    for path in (tmp_path / "course" / "submitted").glob(f"*/{WEEK}/{WEEK}.ipynb"):
        stamp = path.with_name("timestamp.txt")
        found[path.parents[1].name] = stamp.read_text() if stamp.exists() else ""
    return found


NAMES = [
    ("cp949", ["김민지", "이준호", "박서연"]),
    ("cp949", ["남궁하늘", "똠방각하"]),
    ("cp949", ["홍길동 과제"]),
    ("gbk", ["王伟", "李娜", "张敏", "刘洋"]),
    ("gbk", ["陈静", "赵磊"]),
    ("shift_jis", ["佐藤健", "鈴木さくら", "高橋"]),
    ("shift_jis", ["タナカ・ユキ", "山田太郎"]),
    ("cp1252", ["Müller", "François", "Ångström"]),
    ("cp1252", ["Jürgen Groß", "Zoë"]),
    ("cp437", ["Müller", "José", "Böhm"]),
    ("utf-8", ["김민지", "José"]),
    ("utf-8", ["王伟"]),
]


@pytest.mark.parametrize(("encoding", "names"), NAMES)
def test_names_are_read_in_the_encoding_in_which_they_are_names(encoding: str, names: list[str]) -> None:
    assert encoding_of([f"{name}/{WEEK}.ipynb".encode(encoding) for name in names]) == encoding


@pytest.mark.parametrize(("encoding", "names"), NAMES[:10])
def test_old_archives(tmp_path: Path, encoding: str, names: list[str]) -> None:
    report = gather(tmp_path, {f"{name}/{WEEK}/{WEEK}.ipynb": notebook(name) for name in names}, encoding)
    assert set(students(tmp_path)) == set(names)
    assert f"the names were read as {encoding}; another encoding: --names-in" in str(report)
    assert report.exit_code == 0


def test_whoever_knows_better_says_so(tmp_path: Path) -> None:
    source = make_zip(tmp_path / "in.zip", {"김민지.ipynb": notebook()}, "cp949")
    report = collect(tmp_path / "course", WEEK, source, names_in="cp949")
    assert set(students(tmp_path)) == {"김민지"}
    assert not report.remarks
    with pytest.raises(CollectError, match="not the name of an encoding"):
        collect(tmp_path / "course", WEEK, source, names_in="klingon")


def test_names_with_the_mark_are_believed(tmp_path: Path) -> None:
    assert not gather(tmp_path, {"김민지.ipynb": notebook()}).remarks
    assert set(students(tmp_path)) == {"김민지"}


def test_one_person_whatever_the_form_of_the_letters(tmp_path: Path) -> None:
    apart = unicodedata.normalize("NFD", "김민지")
    gather(tmp_path, {f"{apart}/{WEEK}/{WEEK}.ipynb": notebook("apart")})
    gather(tmp_path, {f"김민지/{WEEK}/{WEEK}.ipynb": notebook("together")})
    assert set(students(tmp_path)) == {"김민지"}


def test_backslashes_of_windows(tmp_path: Path) -> None:
    files = {f"{name}\\{WEEK}\\{WEEK}.ipynb": notebook() for name in ("ada", "bob")}
    gather(tmp_path, files | {"cho\\": b""})
    assert set(students(tmp_path)) == {"ada", "bob"}


def test_what_a_mac_leaves_beside_files(tmp_path: Path) -> None:
    report = gather(
        tmp_path,
        {"ada/work.ipynb": notebook(), "ada/._work.ipynb": b"\0\5\x16\7", "__MACOSX/ada/._work.ipynb": b"\0"},
    )
    assert set(students(tmp_path)) == {"ada"}
    assert report.exit_code == 0


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize(
    "files",
    [
        ["ada.ipynb", "bob.ipynb"],
        [f"ada/{WEEK}/{WEEK}.ipynb", f"bob/{WEEK}/{WEEK}.ipynb"],
        ["ada/my work.ipynb", "bob/my work.ipynb"],
        ["Ada_1_assignsubmission_file_/x.ipynb", "Bob_2_assignsubmission_file_/x.ipynb"],
        [f"ada_x_1_500_{WEEK}.ipynb", f"bob_y_2_501_{WEEK}.ipynb"],
    ],
)
def test_one_folder_around_all(tmp_path: Path, depth: int, files: list[str]) -> None:
    around = "downloads/week 3/"[: 10 if depth == 1 else None]
    gather(tmp_path, {around + name: notebook() for name in files})
    assert {name.lower() for name in students(tmp_path)} in ({"ada", "bob"}, {"1", "2"})


@pytest.mark.parametrize(
    "files",
    [
        [f"ada/{WEEK}/{WEEK}.ipynb"],
        ["ada/my work.ipynb"],
        [f"ada/{WEEK}.ipynb", "ada/draft.ipynb"],
        [f"ada+{WEEK}+2027-04-01 10:00:00.000000 UTC+x1/{WEEK}.ipynb"],
        [f"ada_2203_assignsubmission_file_/{WEEK}.ipynb"],
    ],
)
def test_one_students_folder_is_no_wrapping(tmp_path: Path, files: list[str]) -> None:
    gather(tmp_path, {name: notebook(name[-9:]) for name in files})
    assert set(students(tmp_path)) == {"ada"}


def test_canvas_with_underscores_and_lateness(tmp_path: Path) -> None:
    report = gather(
        tmp_path,
        {
            f"kim_minji_101_5001_{WEEK}.ipynb": notebook(),
            f"lee_jun_ho_LATE_102_5002_{WEEK}-1.ipynb": notebook(),
            "choi103_104_5003_7_8_work.ipynb": notebook(),
        },
    )
    assert set(students(tmp_path)) == {"101", "102", "104"}
    assert report.late == ("102",)


def test_anonymous_downloads_of_canvas(tmp_path: Path) -> None:
    report = gather(
        tmp_path,
        {
            f"anon_aB3x9_5001_{WEEK}.ipynb": notebook("early"),
            f"anon_aB3x9_5077_{WEEK}-1.ipynb": notebook("later"),
            f"LATE_anon_Qq4t2_5002_{WEEK}.ipynb": notebook(),
        },
    )
    assert set(students(tmp_path)) == {"aB3x9", "Qq4t2"}
    place = tmp_path / "course" / "submitted" / "aB3x9" / WEEK / f"{WEEK}.ipynb"
    assert place.read_bytes() == notebook("later")
    assert (report.late, report.exit_code) == (("Qq4t2",), 0)


def test_moodle_without_folders_and_blind(tmp_path: Path) -> None:
    report = gather(
        tmp_path,
        {
            f"김민지_2201_assignsubmission_file_{WEEK}.ipynb": notebook(),
            "Lee Junho_2202_assignsubmission_file_my work.ipynb": notebook(),
            "Lee Junho_2202_assignsubmission_onlinetext_onlinetext.html": b"<p>",
            f"Participant_77001_assignsubmission_file_/{WEEK}.ipynb": notebook(),
        },
    )
    assert set(students(tmp_path)) == {"김민지", "Lee Junho", "Participant_77001"}
    assert report.exit_code == 0


def test_two_of_one_name(tmp_path: Path) -> None:
    report = gather(
        tmp_path,
        {
            f"김민지_2201_assignsubmission_file_/{WEEK}.ipynb": notebook("one"),
            f"김민지_2207_assignsubmission_file_/{WEEK} (1).ipynb": notebook("other"),
            f"이준호_2202_assignsubmission_file_/{WEEK}.ipynb": notebook(),
        },
    )
    assert set(students(tmp_path)) == {"김민지_2201", "김민지_2207", "이준호"}
    assert "김민지 is the name of 2" in str(report)


METADATA = """\
submission_88000:
  :submitters:
  - :name: Ada King
    :sid: "2203"
    :email: ada@uni.example
  - :name: Bob Ray
    :sid:
    :email: bob@uni.example
  :created_at: 2027-04-04 14:50:00.000000000 Z
  :score: 0.0
submission_88001:
  :submitters:
  - :name: Cho Yu
  :created_at: 2027-04-05 09:00:00.000000000 +09:00
"""


def test_gradescope_tells_who_and_when(tmp_path: Path) -> None:
    around = "assignment_4711_export/"
    gather(
        tmp_path,
        {
            f"{around}submission_metadata.yml": METADATA.encode(),
            f"{around}submission_88000/{WEEK}.ipynb": notebook("together"),
            f"{around}submission_88001/work.ipynb": notebook(),
            f"{around}submission_88002/work.ipynb": notebook(),
        },
    )
    assert students(tmp_path) == {
        "2203": "2027-04-04 14:50:00.000000 UTC",
        "bob": "2027-04-04 14:50:00.000000 UTC",
        "Cho Yu": "2027-04-05 00:00:00.000000 UTC",
        "submission_88002": "",
    }


@pytest.mark.parametrize("metadata", [b"[", b"- 1", b"submission_1: 3", b"a: &a [*a]", b"\xff"])
def test_metadata_of_another_kind_stops_nothing(tmp_path: Path, metadata: bytes) -> None:
    gather(tmp_path, {"submission_metadata.yml": metadata, "submission_1/a.ipynb": notebook()})
    assert set(students(tmp_path)) == {"submission_1"}


def test_repositories_of_a_classroom(tmp_path: Path) -> None:
    clones = tmp_path / "convolution-submissions"
    for name in ("ada", "bob-ray", "ada-2"):
        folder = clones / f"convolution-{name}"
        for path in (
            f"{WEEK}.ipynb",
            "test_public.py",
            f".github/autograder/course/assignments/{WEEK}/{WEEK}.ipynb",
            ".github/workflows/grade.yml",
            ".git/config",
        ):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(notebook(name))
    report = collect(tmp_path / "course", WEEK, clones)
    assert set(students(tmp_path)) == {"ada", "bob-ray", "ada-2"}
    assert report.exit_code == 0


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_a_zip_in_the_zip(tmp_path: Path) -> None:
    report = gather(
        tmp_path,
        {
            "Ada_1_assignsubmission_file_/hw.zip": packed({f"hw/{WEEK}.ipynb": notebook("in")}),
            "bob_2_501_hw.zip": packed({"a.ipynb": notebook("bob")}),
            "cho/empty.zip": packed({"readme.txt": b""}),
            "dan/broken.zip": b"PK\3\4" + bytes(50),
            "eun/traps.zip": packed({"../../evil.ipynb": notebook(), "ok.ipynb": notebook("ok")}),
        },
    )
    assert set(students(tmp_path)) == {"Ada", "2", "eun"}
    place = tmp_path / "course" / "submitted" / "Ada" / WEEK / f"{WEEK}.ipynb"
    assert place.read_bytes() == notebook("in")
    said = {skipped.name: skipped.reason for skipped in report.skipped}
    assert said["cho/empty.zip"] == "there is no notebook in it"
    assert "damaged" in said["dan/broken.zip"]
    assert not list(tmp_path.rglob("evil*"))
    assert report.exit_code == 3


@pytest.mark.parametrize(
    "name",
    [f"{WEEK}.ipynb.txt", f"{WEEK}.IPYNB", f"{WEEK}.ipynb.json", f"{WEEK} .ipynb", f"{WEEK}.Ipynb.TXT"],
)
def test_endings_that_programs_add(tmp_path: Path, name: str) -> None:
    gather(tmp_path, {f"ada/{name}": notebook(), f"{name.replace(WEEK, 'bob')}": notebook()})
    assert {student.strip() for student in students(tmp_path)} == {"ada", "bob"}


@pytest.mark.parametrize(
    ("name", "said", "code"),
    [
        ("bob/hw3.7z", "unpack it", 3),
        ("bob/hw3.py", "ask for the .ipynb", 3),
        ("bob/photo.png", "it is not a notebook", 0),
        ("ada/helper.py", "ask for the .ipynb", 0),
    ],
)
def test_work_in_another_form_is_told(tmp_path: Path, name: str, said: str, code: int) -> None:
    report = gather(tmp_path, {"ada/a.ipynb": notebook(), name: b"x"})
    assert said in str(report)
    assert report.exit_code == code


def test_nothing_is_an_exit_code_of_its_own(tmp_path: Path) -> None:
    assert gather(tmp_path, {"readme.txt": b""}).exit_code == 1
    assert gather(tmp_path, {"a/a.ipynb": notebook()}).exit_code == 0
    assert gather(tmp_path, {"a/a.ipynb": notebook()}).exit_code == 0  # there already


def test_an_older_archive_after_a_newer_one_changes_nothing(tmp_path: Path) -> None:
    def exchange(day: int) -> dict[str, bytes]:
        return {f"ada+{WEEK}+2027-04-0{day} 10:00:00.000000 UTC+x1/{WEEK}.ipynb": notebook(str(day))}

    gather(tmp_path, exchange(5))
    report = gather(tmp_path, exchange(2))
    assert students(tmp_path) == {"ada": "2027-04-05 10:00:00.000000 UTC"}
    assert "later attempt" in str(report)
    assert not any(skipped.matters for skipped in report.skipped)


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("KST", "2027-04-04 14:50:00.000000 UTC"),
        ("+0900", "2027-04-04 14:50:00.000000 UTC"),
        ("UTC", "2027-04-04 23:50:00.000000 UTC"),
        ("+00:00", "2027-04-04 23:50:00.000000 UTC"),
    ],
)
def test_times_of_the_exchange(tmp_path: Path, zone: str, text: str) -> None:
    time = f"2027-04-04 23:50:00.000000 {zone}"
    folder = f"ada+{WEEK}+{time}+abc"
    gather(tmp_path, {f"{folder}/{WEEK}.ipynb": notebook(), f"{folder}/timestamp.txt": time.encode()})
    assert students(tmp_path) == {"ada": text}


TIMES = {
    "2027-04-04 23:50": "2027-04-04 14:50",
    "2027-04-04T23:50:00": "2027-04-04 14:50",
    "2027-04-04 23:50 KST": "2027-04-04 14:50",
    "2027-04-04 23:50 +0900": "2027-04-04 14:50",
    "2027-04-04 23:50+09:00": "2027-04-04 14:50",
    "2027-04-04T23:50:00Z": "2027-04-04 23:50",
    "2027-04-04 23:50 UTC": "2027-04-04 23:50",
    "2027/04/04 11:50:00 PM GMT+9": "2027-04-04 14:50",
    "2027/04/04 11:50:00 AM GMT-5": "2027-04-04 16:50",
    "2027/04/04 12:05:00 am UTC+9": "2027-04-03 15:05",
    "2027. 4. 4 오후 11:50:00": "2027-04-04 14:50",
    "2027. 4. 4. 오전 12:05:00": "2027-04-03 15:05",
    "2027년 4월 4일 (일) 오후 11:50": "2027-04-04 14:50",
    "04/04/2027 11:50 PM": "2027-04-04 14:50",
    "13/04/2027 23:50": "2027-04-13 14:50",
    "04/13/2027 23:50": None,
    "Sunday, 4 April 2027, 11:50 PM": "2027-04-04 14:50",
    "April 4, 2027 11:50 PM": "2027-04-04 14:50",
    "04/05/2027 23:50": None,
    "2027-02-30 10:00": None,
    "2027-04-04 25:00": None,
    "2027-04-04 13:00 PM": None,
    "2027-04-04 10:00 CST": None,
    "2027-04-04 10:00 KST+9": None,
    "tomorrow": None,
    "": None,
}


@pytest.mark.parametrize(("text", "expected"), TIMES.items())
def test_times_as_forms_and_people_write_them(text: str, expected: str | None) -> None:
    found = moment_of(text, SEOUL)
    if text == "04/13/2027 23:50":  # there is no thirteenth month
        assert found is not None
        assert f"{found:%Y-%m-%d %H:%M}" == "2027-04-13 14:50"
    else:
        assert (found and f"{found:%Y-%m-%d %H:%M}") == expected


def table(tmp_path: Path, raw: bytes, name: str = "class.csv") -> CollectReport:
    for number in (1, 2, 3):
        (tmp_path / f"{number}.ipynb").write_bytes(notebook(str(number)))
    (tmp_path / name).write_bytes(raw)
    return collect(tmp_path / "course", WEEK, tmp_path / name, zone=SEOUL)


ROWS = "학생,파일,제출 시간\r\n김민지,1.ipynb,2027-04-04 23:50\r\n이준호,2.ipynb,\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        ROWS.encode(),
        ROWS.encode("utf-8-sig"),
        ROWS.encode("cp949"),
        ROWS.encode("utf-16"),
        ROWS.encode("utf-16-be").join([b"\xfe\xff", b""]),
        ROWS.replace(",", ";").encode(),
        ROWS.replace(",", "\t").encode("utf-16"),
        f"sep=,\r\n{ROWS}".encode(),
        f"sep=;\n{ROWS.replace(',', ';')}".encode("cp949"),
        ROWS.replace("\r\n", "\r\n\r\n,,\r\n").encode(),
    ],
    ids=[
        *("utf-8", "with a mark", "cp949", "utf-16", "utf-16 the other way", "semicolons", "tabs", "sep"),
        *("sep and cp949", "blank lines"),
    ],
)
def test_tables_as_programs_save_them(tmp_path: Path, raw: bytes) -> None:
    table(tmp_path, raw)
    assert students(tmp_path) == {"김민지": "2027-04-04 14:50:00.000000 UTC", "이준호": ""}


def test_a_table_may_say_a_student_twice(tmp_path: Path) -> None:
    table(tmp_path, b"student,file\nada,1.ipynb\nada,2.ipynb\n")
    place = tmp_path / "course" / "submitted" / "ada" / WEEK / f"{WEEK}.ipynb"
    assert place.read_bytes() == notebook("2")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("2.02E+09,1.ipynb,", "a spreadsheet has made 2.02E+09 of the student's id"),
        ("ada,1.ipynb,04/05/2027 00:10", "the time 04/05/2027 00:10 is not clear (class.csv, line 2)"),
        ("ada,..\\1.ipynb,", "its path leads elsewhere"),
        (",1.ipynb,", "it lacks the student or the file"),
        ("ada,,", "it lacks the student or the file"),
    ],
)
def test_what_a_row_lacks_is_told_with_its_line(tmp_path: Path, rows: str, said: str) -> None:
    report = table(tmp_path, f"student,file,time\n{rows}\nbob,.\\2.ipynb,\n".encode())
    assert set(students(tmp_path)) == {"bob"}
    assert said in str(report)
    assert report.exit_code == 3


def test_leading_zeros_stay(tmp_path: Path) -> None:
    table(tmp_path, b"student,file\n00123,1.ipynb\n'=x,2.ipynb\n")
    assert set(students(tmp_path)) == {"00123"}


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"name,notebook\n", b'student,file\n"a,b\n'])
def test_what_is_no_such_table_is_one_sentence(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(CollectError) as found:
        table(tmp_path, raw)
    assert "\n" not in str(found.value)


def test_a_tables_lines_are_numbered_as_an_editor_does() -> None:
    rows = read_table(b'sep=,\na,b\n\n"x\ny",2\nlast,3\n')
    assert [number for number, _ in rows] == [2, 5, 6]


@pytest.mark.parametrize("text", ["a,b\nc,d\n", "이름,점수\n김,3\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_marks_at_the_beginning_decide(text: str, encoding: str) -> None:
    assert decoded(text.encode(encoding))[0] == text
    assert next(csv.reader([text.splitlines()[0]])) == read_table(text.encode(encoding))[0][1]


def test_an_older_archive_of_canvas_changes_nothing(tmp_path: Path) -> None:
    """Canvas tells no times; its numbers of files count up."""

    def canvas(file: int) -> dict[str, bytes]:
        return {f"ada_101_{file}_{WEEK}.ipynb": notebook(str(file))}

    gather(tmp_path, canvas(7000))
    report = gather(tmp_path, canvas(6000))
    assert "later attempt" in str(report)
    assert Paths(tmp_path / "course").submission("101", WEEK).read_bytes() == notebook("7000")
    gather(tmp_path, canvas(8000))
    assert Paths(tmp_path / "course").submission("101", WEEK).read_bytes() == notebook("8000")


def test_times_beside_an_archive(tmp_path: Path) -> None:
    """By Moodle's number, of people of one name, too; an unclear time is told with its line."""
    worksheet = tmp_path / "worksheet.csv"
    worksheet.write_text(
        "Identifier,Full name,Last modified (submission),Last modified (grade)\n"
        'Participant 1,Ada King,"Sunday, 4 April 2027, 11:50 PM",-\n'
        'Participant 2,Ada King,"2027년 4월 5일 월요일, 오전 12:10",-\n'
        "Participant 3,Bob Ray,04/05/2027,-\nParticipant 4,Eve Lee,-,-\n",
        encoding="utf-8",
    )
    source = tmp_path / "in.zip"
    people = (("Ada King", 1), ("Ada King", 2), ("Bob Ray", 3), ("Eve Lee", 4))
    with zipfile.ZipFile(source, "w") as made:
        for name, number in people:
            made.writestr(f"{name}_{number}_assignsubmission_file_/{WEEK}.ipynb", notebook(str(number)))
    report = collect(tmp_path / "course", WEEK, source, zone=SEOUL, times=worksheet)
    assert students(tmp_path) == {
        "Ada King_1": "2027-04-04 14:50:00.000000 UTC",
        "Ada King_2": "2027-04-04 15:10:00.000000 UTC",
        "Bob Ray": "",
        "Eve Lee": "",
    }
    assert "worksheet.csv, line 4: the time 04/05/2027 is not clear" in str(report)
    assert report.exit_code == 3
    worksheet.write_text("Full name,Grade\nAda King,5\n", encoding="utf-8")
    with pytest.raises(CollectError, match="does not say who handed in when"):
        collect(tmp_path / "course", WEEK, source, times=worksheet)
