"""A font that is installed after the first grading is found by the next one, and candidates can read it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course.models import Limits
from autograder.examiner.remote import fonts
from autograder.examiner.remote.candidate import Candidate
from autograder.examiner.remote.cells import CellSource
from autograder.examiner.remote.zygote import Zygote, _matplotlib_cache
from autograder.protocol import Settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folders, empty."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def install(home: Path, family: str) -> Path:
    """A font of one's own making in the user's folder."""
    matplotlib = pytest.importorskip("matplotlib")
    from fontTools.ttLib import TTFont

    font = TTFont(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"))
    for name in font["name"].names:
        if name.nameID in (1, 4, 16):
            name.string = family
    path = home / "data" / "fonts" / f"{family}.ttf"
    path.parent.mkdir(parents=True, exist_ok=True)
    font.save(path)
    return path


def test_other_fonts_have_a_list_of_their_own(home: Path) -> None:
    before = _matplotlib_cache()
    assert _matplotlib_cache() == before
    font = install(home, "Course Sans")
    after = _matplotlib_cache()
    assert after != before
    assert _matplotlib_cache() == after
    os.utime(font, ns=(1, 1))  # another file of the name
    assert _matplotlib_cache() not in (before, after)
    font.unlink()
    assert _matplotlib_cache() == before


@pytest.mark.parametrize("place", ["data/fonts", ".fonts", "data/fonts/deep/below"])
def test_every_place_for_ones_own_fonts_counts(home: Path, place: str) -> None:
    before = _matplotlib_cache()
    folder = home / place
    folder.mkdir(parents=True)
    (folder / "a.otf").write_bytes(b"font")
    assert _matplotlib_cache() != before
    assert [path for path in fonts.own_folders() if folder.is_relative_to(path)]


def test_without_a_place_of_their_own_data_lie_in_the_home(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_DATA_HOME")
    assert fonts.own_folders() == ()
    (home / ".local/share/fonts").mkdir(parents=True)
    assert fonts.own_folders() == (home / ".local/share/fonts",)


def test_it_looks_wherever_matplotlib_does() -> None:
    manager = pytest.importorskip("matplotlib.font_manager")
    here = {*map(Path, fonts._SYSTEM)}
    theirs = {Path(folder) for folder in (*manager.X11FontDirectories, *manager.OSXFontDirectories)}
    assert {folder for folder in theirs if not folder.is_relative_to(Path.home())} <= here
    known = {str(path) for path in manager._get_fontconfig_fonts()} - {"."}
    assert known == set(fonts.known_to_fontconfig())


def test_fonts_that_only_fontconfig_knows_count(tmp_path: Path) -> None:
    font = tmp_path / "far" / "away.ttf"
    font.parent.mkdir()
    font.write_bytes(b"font")
    assert fonts.fingerprint([], [str(font)]) != fonts.fingerprint([], [str(tmp_path / "gone.ttf")])
    assert fonts.fingerprint([tmp_path / "nowhere"]) == fonts.fingerprint([])


def test_a_machine_without_fontconfig_does_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert fonts.known_to_fontconfig() == []


def test_old_lists_are_tidied_away(home: Path) -> None:
    shelf = home / "cache" / "autograder" / "matplotlib"
    shelf.mkdir(parents=True)
    (shelf / "fontlist-v390.json").write_text("{}")
    (shelf / "mine").mkdir()
    for number in range(9):
        old = shelf / f"{number:016x}"
        old.mkdir()
        os.utime(old, (number, number))
    now = Path(_matplotlib_cache())
    assert {path.name for path in shelf.iterdir()} == {"mine", now.name, *(f"{n:016x}" for n in (6, 7, 8))}


def test_a_cache_that_cannot_be_written_to_stops_nothing(home: Path) -> None:
    (home / "cache").write_text("no folder")
    assert _matplotlib_cache().startswith(str(home / "cache"))


WHICH = """
import matplotlib.font_manager as manager
import matplotlib.pyplot as plt

plt.rcParams["font.family"] = "Course Sans"
figure = plt.figure()
plt.title("a title")
figure.canvas.draw()
plt.close()
print(manager.findfont("Course Sans"))
"""


@pytest.fixture
def asked(home: Path) -> Iterator[list[str]]:
    """What a notebook draws with, each time in a warm process of its own."""
    told: list[str] = []

    def ask() -> None:
        zygote = Zygote(Settings())
        zygote.start()
        candidate = Candidate(
            zygote, [CellSource(0, "", WHICH)], Limits(cell_seconds=60, cells_seconds=60), 0
        )
        try:
            candidate.run_cells()
            outputs = candidate.outcomes[0].outputs
            told.append("".join(str(output.get("text", "")) for output in outputs))
        finally:
            candidate.close()
            zygote.stop()

    ask()
    install(home, "Course Sans")
    ask()
    yield told


@pytest.mark.slow
def test_a_notebook_draws_with_a_font_that_was_installed_between_two_runs(
    asked: list[str], home: Path
) -> None:
    before, after = asked
    assert "not found" in before and "DejaVuSans.ttf" in before
    assert after == f"{home}/data/fonts/Course Sans.ttf\n"
