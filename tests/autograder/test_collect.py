"""Collecting what learning platforms hand over, and what strangers put into archives."""

from __future__ import annotations

import gzip
import io
import json
import os
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from autograder.platforms import archives as module
from autograder.platforms.archives import CollectError
from autograder.platforms.collect import CollectReport, collect
from autograder.submissions.timestamps import read_timestamp

WEEK = "03_convolution"


def notebook(text: str = "") -> bytes:
    cell = {"cell_type": "markdown", "metadata": {}, "source": text}
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]}).encode()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "course").mkdir()
    return tmp_path / "course"


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def make_tar(path: Path, files: dict[str, bytes], *odd: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in odd:
            archive.addfile(info)
    return path


def submitted(root: Path) -> dict[str, bytes]:
    return {
        path.parents[1].name: path.read_bytes()
        for path in (root / "submitted").glob(f"*/{WEEK}/{WEEK}.ipynb")
    }


def reasons(report: CollectReport) -> dict[str, str]:
    return {skipped.name: skipped.reason for skipped in report.skipped}


KINDS = pytest.mark.parametrize("kind", ["folder", "zip", "tar"])


def packed(kind: str, tmp_path: Path, files: dict[str, bytes]) -> Path:
    if kind == "folder":
        return write(tmp_path / "source", files)
    return make_zip(tmp_path / "s.zip", files) if kind == "zip" else make_tar(tmp_path / "s.tar.gz", files)


# -- namings ----------------------------------------------------------------------------------------


@KINDS
def test_canvas(root: Path, tmp_path: Path, kind: str) -> None:
    files = {
        f"kimminji_101_5001_{WEEK}.ipynb": notebook("first"),
        f"kimminji_101_5090_{WEEK}-1.ipynb": notebook("second"),
        f"leejunho_LATE_102_5002_{WEEK}.ipynb": notebook("late"),
        "yoonsua_103_5003_my_work.ipynb": notebook("own name"),
        "yoonsua_103_5004_photo.png": b"\x89PNG",
    }
    report = collect(root, WEEK, packed(kind, tmp_path, files))
    assert submitted(root) == {
        "101": notebook("second"),
        "102": notebook("late"),
        "103": notebook("own name"),
    }
    assert report.late == ("102",)
    assert reasons(report) == {
        f"kimminji_101_5001_{WEEK}.ipynb": f"kimminji_101_5090_{WEEK}-1.ipynb counts instead",
        "yoonsua_103_5004_photo.png": "it is not a notebook",
    }


def test_names_may_be_given(root: Path, tmp_path: Path) -> None:
    source = make_zip(tmp_path / "s.zip", {f"kimminji_101_5001_{WEEK}.ipynb": notebook()})
    collect(root, WEEK, source, names={"101": "kim_minji"})
    assert set(submitted(root)) == {"kim_minji"}


@KINDS
def test_moodle(root: Path, tmp_path: Path, kind: str) -> None:
    files = {
        "김민지_2201_assignsubmission_file_/mine.ipynb": notebook("minji"),
        "Lee Junho_2202_assignsubmission_file_/sub/work.ipynb": notebook("junho"),
        "Lee Junho_2202_assignsubmission_onlinetext_/onlinetext.html": b"<p>",
        "Ada King_2203_assignsubmission_file_/a.ipynb": notebook("a"),
        "Ada King_2204_assignsubmission_file_/b.ipynb": notebook("b"),
    }
    report = collect(root, WEEK, packed(kind, tmp_path, files))
    assert submitted(root) == {
        "김민지": notebook("minji"),
        "Lee Junho": notebook("junho"),
        "Ada King_2203": notebook("a"),
        "Ada King_2204": notebook("b"),
    }
    assert "Ada King is the name of 2: they are Ada King_2203, Ada King_2204" in str(report)
    assert report.exit_code == 0


@KINDS
def test_nbgraders_exchange(root: Path, tmp_path: Path, kind: str) -> None:
    early, late = "2027-04-01 10:00:00.000000 UTC", "2027-04-03 11:30:00.000000 UTC"
    files = {
        f"kim+{WEEK}+{early}+abc/{WEEK}.ipynb": notebook("early"),
        f"kim+{WEEK}+{early}+abc/timestamp.txt": early.encode(),
        f"kim+{WEEK}+{late}+def/{WEEK}.ipynb": notebook("late"),
        f"kim+{WEEK}+{late}+def/extra.ipynb": notebook("extra"),
        f"lee+{WEEK}+{late}/{WEEK}.ipynb": notebook("lee"),
        f"lee+01_preprocessing+{late}+xyz/01_preprocessing.ipynb": notebook("other"),
    }
    report = collect(root, WEEK, packed(kind, tmp_path, files))
    assert submitted(root) == {"kim": notebook("late"), "lee": notebook("lee")}
    assert str(read_timestamp(root / "submitted" / "kim" / WEEK)) == "2027-04-03 11:30:00"
    assert "it belongs to 01_preprocessing" in reasons(report).values()


@KINDS
def test_a_folder_a_student(root: Path, tmp_path: Path, kind: str) -> None:
    files = {
        f"kim/{WEEK}/{WEEK}.ipynb": notebook("nbgrader's own"),
        f"kim/{WEEK}/timestamp.txt": b"2027-04-01 10:00:00 +0900",
        "lee/anything.ipynb": notebook("lee"),
        "ada.ipynb": notebook("ada"),
        f"{WEEK}/{WEEK}.ipynb": notebook("nobody's"),
        "__MACOSX/lee/._anything.ipynb": b"junk",
        "lee/.ipynb_checkpoints/anything-checkpoint.ipynb": notebook("old"),
        ".DS_Store": b"junk",
    }
    report = collect(root, WEEK, packed(kind, tmp_path, files))
    assert submitted(root) == {
        "kim": notebook("nbgrader's own"),
        "lee": notebook("lee"),
        "ada": notebook("ada"),
    }
    assert str(read_timestamp(root / "submitted" / "kim" / WEEK)) == "2027-04-01 01:00:00"
    assert reasons(report) == {f"{WEEK}/{WEEK}.ipynb": "nothing in its path tells whose it is"}


def test_a_csv_file_says_whose_is_what(root: Path, tmp_path: Path) -> None:
    folder = write(tmp_path / "all", {"1.ipynb": notebook("1"), "sub/2.ipynb": notebook("2")})
    (folder / "link.ipynb").symlink_to(folder / "1.ipynb")
    table = (
        "\ufeffStudent,File,Time\nkim,1.ipynb,2027-04-01 10:00 UTC\nlee,sub/2.ipynb,\nada,../secret.ipynb,\n"
        "bob,/etc/passwd,\neve,link.ipynb,\ndan,none.ipynb,\nmax,1.ipynb,yesterday\n"
    )
    (folder / "class.csv").write_text(table, encoding="utf-8")
    report = collect(root, WEEK, folder / "class.csv")
    assert submitted(root) == {"kim": notebook("1"), "lee": notebook("2")}
    assert reasons(report) == {
        "../secret.ipynb": "its path leads elsewhere",
        "/etc/passwd": "its path is absolute",
        "link.ipynb": "it is a link",
        "none.ipynb": "there is no such file",
        "1.ipynb": "the time yesterday is not clear (class.csv, line 8): write it as 2027-04-05 23:50",
    }


def test_a_csv_file_needs_its_columns(root: Path, tmp_path: Path) -> None:
    (tmp_path / "class.csv").write_text("name,path\nkim,1.ipynb\n")
    with pytest.raises(CollectError, match="columns student and file"):
        collect(root, WEEK, tmp_path / "class.csv")


# -- again ------------------------------------------------------------------------------------------


def test_collecting_twice_changes_nothing(root: Path, tmp_path: Path) -> None:
    source = make_zip(tmp_path / "s.zip", {f"kim_1_2_{WEEK}.ipynb": notebook()})
    assert collect(root, WEEK, source).collected == ("1",)
    before = (root / "submitted" / "1" / WEEK / f"{WEEK}.ipynb").stat()
    again = collect(root, WEEK, source)
    assert again.collected == ()
    assert again.unchanged == ("1",)
    assert (root / "submitted" / "1" / WEEK / f"{WEEK}.ipynb").stat().st_mtime_ns == before.st_mtime_ns


def test_a_later_attempt_replaces_an_earlier_one_and_never_the_other_way_round(
    root: Path, tmp_path: Path
) -> None:
    def source(day: int) -> Path:
        name = f"kim+{WEEK}+2027-04-0{day} 10:00:00.000000 UTC/{WEEK}.ipynb"
        return make_zip(tmp_path / f"{day}.zip", {name: notebook(str(day))})

    collect(root, WEEK, source(2))
    collect(root, WEEK, source(3))
    report = collect(root, WEEK, source(1))
    assert submitted(root) == {"kim": notebook("3")}
    assert [skipped.reason for skipped in report.skipped] == ["there is a later attempt of kim already"]


def test_an_attempt_without_a_time_does_not_inherit_one(root: Path, tmp_path: Path) -> None:
    name = f"kim+{WEEK}+2027-04-01 10:00:00.000000 UTC/{WEEK}.ipynb"
    collect(root, WEEK, make_zip(tmp_path / "1.zip", {name: notebook("1")}))
    collect(root, WEEK, make_zip(tmp_path / "2.zip", {"kim.ipynb": notebook("2")}))
    assert read_timestamp(root / "submitted" / "kim" / WEEK) is None


def test_other_files_of_the_student_stay(root: Path, tmp_path: Path) -> None:
    kept = root / "submitted" / "kim" / WEEK / "picture.png"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"png")
    collect(root, WEEK, make_zip(tmp_path / "s.zip", {"kim.ipynb": notebook()}))
    assert kept.read_bytes() == b"png"


# -- strangers' archives ----------------------------------------------------------------------------

BAD_PATHS = {
    "/etc/cron.d/evil.ipynb": "its path is absolute",
    "../../evil.ipynb": "its path leads elsewhere",
    "kim/../../evil.ipynb": "its path leads elsewhere",
    "C:\\evil.ipynb": "its path is absolute",
    "a\\..\\..\\evil.ipynb": "its path leads elsewhere",
    "~/evil.ipynb": "its path is absolute",
    "line\nbreak.ipynb": "its name holds characters that cannot be shown",
    "\x1b[31mred.ipynb": "its name holds characters that cannot be shown",
    "\u202etxt.ipynb": "its name holds characters that cannot be shown",
}


@pytest.mark.parametrize("make", [make_zip, make_tar])
@pytest.mark.parametrize("name", BAD_PATHS)
def test_paths_that_lead_elsewhere(root: Path, tmp_path: Path, make: object, name: str) -> None:
    before = sorted(tmp_path.rglob("*"))
    report = collect(root, WEEK, make(tmp_path / "s", {name: notebook(), "kim.ipynb": notebook()}))  # type: ignore[operator]
    assert {path.replace("\\", "/"): reason for path, reason in reasons(report).items()} == {
        name.replace("\\", "/"): BAD_PATHS[name]
    }
    assert set(submitted(root)) == {"kim"}
    assert len(str(report).splitlines()) == 2
    written = set(tmp_path.rglob("*")) - {*before, tmp_path / "s"}
    assert all(path.is_relative_to(root / "submitted") for path in written)


@pytest.mark.parametrize(
    ("student", "problem"),
    [
        ("=cmd|' A0'", "characters"),
        ("=1+1", "formula"),
        ("@sum", "formula"),
        ("-rf", "dash"),
        (".hidden", "dot"),
        ("...", "is empty"),
        ("x" * 101, "longer"),
        ("ab:c", "characters"),
    ],
)
def test_students_names_that_would_do_harm(root: Path, tmp_path: Path, student: str, problem: str) -> None:
    report = collect(root, WEEK, make_tar(tmp_path / "s.tar.gz", {f"{student}/a.ipynb": notebook()}))
    assert problem in report.skipped[0].reason
    assert submitted(root) == {}


def test_links_and_devices_in_a_tar(root: Path, tmp_path: Path) -> None:
    odd = []
    for name, kind in [
        ("link.ipynb", tarfile.SYMTYPE),
        ("hard.ipynb", tarfile.LNKTYPE),
        ("device.ipynb", tarfile.CHRTYPE),
        ("pipe.ipynb", tarfile.FIFOTYPE),
    ]:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, "/etc/passwd"
        odd.append(info)
    report = collect(root, WEEK, make_tar(tmp_path / "s.tar.gz", {"kim.ipynb": notebook()}, *odd))
    assert set(submitted(root)) == {"kim"}
    assert reasons(report) == {
        "link.ipynb": "it is a link",
        "hard.ipynb": "it is a link",
        "device.ipynb": "it is not an ordinary file",
        "pipe.ipynb": "it is not an ordinary file",
    }


def test_links_in_a_zip(root: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        info = zipfile.ZipInfo("kim.ipynb")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    report = collect(root, WEEK, tmp_path / "s.zip")
    assert reasons(report) == {"kim.ipynb": "it is a link"}


def test_links_and_pipes_in_a_folder(root: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "source", {"kim/a.ipynb": notebook()})
    (source / "lee").symlink_to(source / "kim")
    (source / "ada.ipynb").symlink_to("/etc/passwd")
    os.mkfifo(source / "bob.ipynb")
    report = collect(root, WEEK, source)
    assert set(submitted(root)) == {"kim"}
    assert reasons(report) == {
        "lee": "it is a link",
        "ada.ipynb": "it is a link",
        "bob.ipynb": "it is not an ordinary file",
    }


def test_a_place_that_is_a_link_is_not_written_through(root: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (root / "submitted").mkdir()
    (root / "submitted" / "kim").symlink_to(elsewhere)
    report = collect(root, WEEK, make_zip(tmp_path / "s.zip", {"kim.ipynb": notebook()}))
    assert "is a link" in report.skipped[0].reason
    assert list(elsewhere.iterdir()) == []


def test_an_encrypted_file(root: Path, tmp_path: Path) -> None:
    source = make_zip(tmp_path / "s.zip", {"kim.ipynb": notebook(), "lee.ipynb": notebook()})
    data = bytearray(source.read_bytes())
    place = data.index(b"PK\x01\x02")
    data[place + 8] |= 1
    source.write_bytes(data)
    report = collect(root, WEEK, source)
    assert reasons(report) == {"kim.ipynb": "it is encrypted"}
    assert set(submitted(root)) == {"lee"}


def test_a_bomb_by_its_ratio(root: Path, tmp_path: Path) -> None:
    source = make_zip(tmp_path / "s.zip", {"kim.ipynb": bytes(30 << 20), "lee.ipynb": notebook()})
    report = collect(root, WEEK, source)
    assert reasons(report) == {"kim.ipynb": "it is compressed too well to be true"}
    assert set(submitted(root)) == {"lee"}


def test_a_bomb_that_lies_about_its_size(root: Path, tmp_path: Path) -> None:
    source = make_zip(tmp_path / "s.zip", {"kim.ipynb": bytes(30 << 20), "lee.ipynb": notebook()})
    data = bytearray(source.read_bytes())
    place = data.index(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<I", 1000)
    source.write_bytes(data)
    report = collect(root, WEEK, source)
    assert set(submitted(root)) == {"lee"}
    assert "kim.ipynb" in reasons(report)


def test_a_file_that_is_too_large(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_NOTEBOOK", 1000)
    large = os.urandom(5000)
    for kind in ("folder", "zip", "tar"):
        report = collect(root, WEEK, packed(kind, tmp_path, {"kim.ipynb": large, "lee.ipynb": notebook()}))
        assert reasons(report) == {"kim.ipynb": "it is larger than 0 MiB"}
    assert set(submitted(root)) == {"lee"}


def test_a_tar_that_never_ends(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TOTAL", 1 << 20)
    source = make_tar(tmp_path / "s.tar.gz", {"a.bin": bytes(900 << 10), "b.bin": bytes(900 << 10)})
    with pytest.raises(CollectError, match="holds more than"):
        collect(root, WEEK, source)


def test_a_tar_header_that_is_a_bomb(root: Path, tmp_path: Path) -> None:
    info = tarfile.TarInfo("././@PaxHeader")
    info.type, info.size = tarfile.XHDTYPE, 1 << 34
    with gzip.open(tmp_path / "s.tar.gz", "wb") as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        file.write(bytes(1 << 20))
    with pytest.raises(CollectError, match="headers make no sense"):
        collect(root, WEEK, tmp_path / "s.tar.gz")


def test_too_many_files(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FILES", 10)
    source = make_zip(tmp_path / "s.zip", {f"{number}.txt": b"" for number in range(11)})
    with pytest.raises(CollectError, match="more than 10 files"):
        collect(root, WEEK, source)


def test_one_name_twice(root: Path, tmp_path: Path) -> None:
    with pytest.warns(UserWarning), zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        archive.writestr("kim.ipynb", notebook("one"))
        archive.writestr("kim.ipynb", notebook("two"))
    report = collect(root, WEEK, tmp_path / "s.zip")
    assert [skipped.reason for skipped in report.skipped] == ["it appears 2 times"] * 2
    assert submitted(root) == {}


def test_names_that_differ_in_case_only(root: Path, tmp_path: Path) -> None:
    report = collect(root, WEEK, make_zip(tmp_path / "s.zip", {"Kim.ipynb": b"1", "kim.ipynb": b"2"}))
    assert {skipped.reason for skipped in report.skipped} == {
        "Kim and kim differ in upper and lower case only"
    }


def test_names_that_are_not_utf_8(root: Path, tmp_path: Path) -> None:
    source = make_tar(tmp_path / "s.tar.gz", {"caf\udce9.ipynb": notebook(), "kim.ipynb": notebook()})
    report = collect(root, WEEK, source)
    assert [skipped.reason for skipped in report.skipped] == ["its name is not UTF-8"]
    assert str(report).isascii()
    assert set(submitted(root)) == {"kim"}


def test_utf_8_names_without_the_flag(root: Path, tmp_path: Path) -> None:
    source = make_zip(tmp_path / "s.zip", {"김민지.ipynb": notebook()})
    data = source.read_bytes()
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.index(signature) + offset
        flags = struct.unpack_from("<H", data, place)[0] & ~0x800
        data = data[:place] + struct.pack("<H", flags) + data[place + 2 :]
    source.write_bytes(data)
    collect(root, WEEK, source)
    assert set(submitted(root)) == {"김민지"}


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04", b"not an archive at all", gzip.compress(b"not a tar"), os.urandom(2000)],
    ids=["empty", "torn zip", "text", "gzip", "noise"],
)
def test_what_is_no_archive(root: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "source").write_bytes(content)
    with pytest.raises(CollectError):
        collect(root, WEEK, tmp_path / "source")


def test_a_source_that_is_not_there(root: Path, tmp_path: Path) -> None:
    with pytest.raises(CollectError, match="does not exist"):
        collect(root, WEEK, tmp_path / "none.zip")


def test_damaged_bytes_lose_one_student_only(root: Path, tmp_path: Path) -> None:
    source = make_zip(tmp_path / "s.zip", {"kim.ipynb": notebook("x" * 500), "lee.ipynb": notebook()})
    data = bytearray(source.read_bytes())
    place = data.index(b"kim.ipynb") + 20
    data[place : place + 8] = b"\xff" * 8
    source.write_bytes(data)
    report = collect(root, WEEK, source)
    assert "damaged" in reasons(report)["kim.ipynb"]
    assert set(submitted(root)) == {"lee"}
    assert list((root / "submitted").rglob("*.part")) == []


def test_nothing_half_is_written_on_a_full_disk(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_zip(tmp_path / "s.zip", {"kim.ipynb": notebook("old")})
    collect(root, WEEK, source)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    source = make_zip(tmp_path / "s.zip", {"kim.ipynb": notebook("new")})
    with pytest.raises(CollectError, match="No space left"):
        collect(root, WEEK, source)
    assert submitted(root) == {"kim": notebook("old")}
    assert [path.name for path in (root / "submitted" / "kim" / WEEK).iterdir()] == [f"{WEEK}.ipynb"]
