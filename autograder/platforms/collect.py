"""Put what students handed in where nbgrader looks for it: ``submitted/<student>/<week>/<week>.ipynb``.

What a learning platform hands over is a stranger's archive in a platform's naming. Nothing is unpacked:
names are read as text, each notebook's bytes are read up to a limit, and only what belongs to the week is
written, under names that are made here. The source may be a folder, a zip, a tar, or a CSV file with the
columns ``student`` and ``file`` (and ``time``).
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from nbgrader.utils import parse_utc

from autograder.course.folders import Paths
from autograder.files import drafted
from autograder.linear import Pattern
from autograder.platforms.archives import (
    A_LINK,
    MAX_NAME,
    CollectError,
    Entry,
    Refused,
    Skipped,
    folder_entries,
    problem_of_path,
    read_file,
    safe,
    shown,
    tar_entries,
    zip_entries,
)
from autograder.submissions.timestamps import TIMESTAMP, join_offset, read_timestamp, stamp


@dataclass(frozen=True)
class CollectReport:
    """What was done.

    Attributes:
        collected: students whose notebook was written.
        unchanged: students whose notebook was there already.
        late: students whom the platform calls late without saying when they handed in.
        skipped: what was left out, and why.
    """

    collected: tuple[str, ...]
    unchanged: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    def __str__(self) -> str:
        counts = (len(self.collected), len(self.unchanged), len(self.skipped))
        lines = ["{} collected, {} unchanged, {} skipped".format(*counts)]
        lines += [f"late, says the platform, but not by how much: {student}" for student in self.late]
        lines += [f"skipped {skipped}" for skipped in self.skipped]
        return "\n".join(lines)


@dataclass(frozen=True)
class Attempt:
    """A notebook that a student handed in.

    Attributes:
        name: in the source.
        student: name of the folder.
        read: gives the bytes, or raises :class:`_Refused`.
        time: when it was handed in, in UTC, None if the source does not tell.
        order: which attempt is later, where no time tells: Canvas counts files up.
        late: marked so by the platform.
    """

    name: str
    student: str
    read: Callable[[], bytes] = field(repr=False)
    time: dt.datetime | None = None
    order: int = 0
    late: bool = False


def collect(root: Path, week: str, source: Path, *, names: Mapping[str, str] | None = None) -> CollectReport:
    """Collect a week's submissions from a folder, an archive, or a CSV file.

    Known are Canvas (``nameperson_12345_678_file.ipynb``), Moodle
    (``Name_12345_assignsubmission_file_/file.ipynb``), nbgrader's exchange
    (``user+week+time+random/week.ipynb``), nbgrader's own ``student/week/week.ipynb``, and simply
    ``student/file.ipynb`` or ``student.ipynb``. Of several attempts the latest counts. Collecting twice
    changes nothing.

    Args:
        root: the course's folder.
        week: the assignment.
        source: of any of these kinds.
        names: what a student's folder is to be called, by what the platform calls the student: Canvas's
            number, or the name in Moodle. Without it that is the folder's name.

    Raises:
        CollectError: there is no such source, or it cannot be read.
    """
    if not source.exists():
        raise CollectError(f"{source} does not exist: name a folder, a zip, a tar or a CSV file.")
    skipped: list[Skipped] = []
    paths = Paths(root)
    with _attempts(source, week, skipped) as attempts:
        named = [replace(a, student=(names or {}).get(a.student, a.student)) for a in attempts]
        chosen = list(_latest(_with_good_names(named, skipped), week, skipped))
        collected: list[str] = []
        unchanged: list[str] = []
        late: list[str] = []
        for attempt in chosen:
            try:
                new = _write(paths, week, attempt)
            except Refused as refused:
                skipped.append(Skipped(attempt.name, str(refused)))
                continue
            except OSError as error:
                raise CollectError(
                    f"{paths.submission(attempt.student, week)} cannot be written ({error.strerror}); "
                    "what was collected before it is complete."
                ) from None
            (collected if new else unchanged).append(attempt.student)
            if attempt.late and attempt.time is None:
                late.append(attempt.student)
    return CollectReport(tuple(collected), tuple(unchanged), tuple(late), tuple(skipped))


def _write(paths: Paths, week: str, attempt: Attempt) -> bool:
    """Put an attempt in its place, whole or not at all; False if it is there already."""
    notebook = paths.submission(attempt.student, week)
    folder = notebook.parent
    if folder.is_symlink() or folder.parent.is_symlink():
        raise Refused(f"{folder} is a link")
    known = read_timestamp(folder)
    if attempt.time is not None and known is not None and known > attempt.time:
        raise Refused(f"there is a later attempt of {attempt.student} already")
    contents = {notebook: attempt.read()}
    if attempt.time is not None:
        contents[folder / TIMESTAMP] = stamp(attempt.time)
    if all(_holds(path, content) for path, content in contents.items()):
        return False
    with drafted(contents):
        if attempt.time is None:
            # That of an earlier attempt would be taken for this one's.
            (folder / TIMESTAMP).unlink(missing_ok=True)
    return True


def _holds(path: Path, content: bytes) -> bool:
    try:
        return not path.is_symlink() and path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False


# -- which attempt of whom ------------------------------------------------------------------------


def _with_good_names(attempts: Iterable[Attempt], skipped: list[Skipped]) -> Iterator[Attempt]:
    for attempt in attempts:
        student = unicodedata.normalize("NFC", attempt.student).strip()
        if problem := _problem_of_name(student):
            skipped.append(Skipped(attempt.name, f"the student's name {shown(student)} {problem}"))
        else:
            yield replace(attempt, student=student)


def _problem_of_name(name: str) -> str:
    if not name.strip(". "):
        return "is none"
    if not name.isprintable() or any(character in name for character in '/\\:*?"<>|'):
        return "holds characters that no folder should have"
    if name[0] in ".-":
        return "begins with a dot or a dash"
    if name[0] in "=+@＝＋＠":
        return "begins like a formula, and spreadsheets would run it"
    return f"is longer than {MAX_NAME} characters" if len(name.encode()) > MAX_NAME else ""


def _latest(attempts: Iterable[Attempt], week: str, skipped: list[Skipped]) -> Iterator[Attempt]:
    """One attempt a student."""
    by_student: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        by_student.setdefault(attempt.student.casefold(), []).append(attempt)
    for found in by_student.values():
        if len({attempt.student for attempt in found}) > 1:
            # Some file systems take them for one folder.
            both = " and ".join(sorted({attempt.student for attempt in found}))
            skipped += [Skipped(a.name, f"{both} differ in upper and lower case only") for a in found]
            continue
        # Of several notebooks those count that are called like the week, if there are any.
        named = [a for a in found if week in PurePosixPath(a.name).stem] or found
        last = max(named, key=_moment)
        rivals = [attempt for attempt in named if _moment(attempt) == _moment(last)]
        if len(rivals) > 1:
            rivals = [a for a in rivals if PurePosixPath(a.name).stem == week]
            if len(rivals) != 1:
                reason = f"nothing tells which of the {len(found)} notebooks of {last.student} counts"
                skipped += [Skipped(attempt.name, reason) for attempt in found]
                continue
            last = rivals[0]
        skipped += [Skipped(a.name, f"{last.name} counts instead") for a in found if a is not last]
        yield last


def _moment(attempt: Attempt) -> tuple[dt.datetime, int]:
    return attempt.time or dt.datetime.min, attempt.order


# -- what the platforms call a file ---------------------------------------------------------------

_EXCHANGE = Pattern(r"(?P<student>[^+]+)\+(?P<week>[^+]+)\+(?P<time>\d{4}-\d\d-\d\d [^+]*)(\+[^+]*)?")
_MOODLE = Pattern(r"(?P<student>.+)_(?P<id>\d+)_assignsubmission_(?P<kind>[a-z]+)_?")
_CANVAS = Pattern(
    r"(?P<name>[^_]+)_(?P<late>LATE_)?(?P<student>\d+)_(?P<order>\d+)_(?P<file>.+)", dot_all=True
)


def _identified(entries: Iterable[Entry], week: str, skipped: list[Skipped]) -> Iterator[Attempt]:
    """The notebooks among a source's files, each with whose it is."""
    stamps: dict[str, dt.datetime] = {}
    found: list[tuple[Entry, Attempt]] = []
    for entry in entries:
        path = PurePosixPath(entry.path)
        if path.name == TIMESTAMP:
            with suppress(Refused):
                if (time := _time(entry.read().decode("utf-8", "replace"))) is not None:
                    stamps[str(path.parent)] = time
        elif path.suffix != ".ipynb":
            skipped.append(Skipped(entry.path, "it is no notebook"))
        elif isinstance(attempt := _attempt(entry, week), str):
            skipped.append(Skipped(entry.path, attempt))
        else:
            found.append((entry, attempt))
    for entry, attempt in found:
        stamp = stamps.get(str(PurePosixPath(entry.path).parent))
        yield attempt if stamp is None else replace(attempt, time=stamp)


def _attempt(entry: Entry, week: str) -> Attempt | str:
    """Whose notebook this is, or why it is nobody's."""
    path = PurePosixPath(entry.path)
    for part in reversed(path.parts[:-1]):
        if match := _EXCHANGE.fullmatch(part):
            if match["week"] != week:
                return f"it belongs to {match['week']}"
            return Attempt(entry.path, match["student"], entry.read, time=_time(match["time"]))
        if match := _MOODLE.fullmatch(part):
            return Attempt(entry.path, match["student"], entry.read)
    if match := _CANVAS.fullmatch(path.name):
        late = match["late"] is not None
        return Attempt(entry.path, match["student"], entry.read, order=int(match["order"][:18]), late=late)
    if len(path.parts) == 1:
        return Attempt(entry.path, path.stem, entry.read)
    if path.parts[-2] == week and len(path.parts) > 2:
        return Attempt(entry.path, path.parts[-3], entry.read)
    if path.parts[-2] == week or len(path.parts) > 3:
        return "nothing in its path tells whose it is"
    return Attempt(entry.path, path.parts[-2], entry.read)


def _time(text: str) -> dt.datetime | None:
    """A time in UTC, naive as nbgrader keeps it; None if the text is none."""
    with suppress(ValueError, OverflowError, TypeError):
        found: dt.datetime = parse_utc(join_offset(text[:100].strip()))
        return found
    return None


# -- the sources ----------------------------------------------------------------------------------


@contextmanager
def _attempts(source: Path, week: str, skipped: list[Skipped]) -> Iterator[Iterator[Attempt]]:
    """The attempts in a source, which stays open as long as they may be read."""
    if source.is_dir():
        yield _identified(safe(folder_entries(source, skipped), skipped), week, skipped)
    elif source.suffix.lower() == ".csv":
        yield _described(source, skipped)
    elif zipfile.is_zipfile(source):
        try:
            archive = zipfile.ZipFile(source)
        except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, OSError) as error:
            raise CollectError(f"{source} is a damaged zip ({error}): download it again.") from None
        with archive:
            yield _identified(safe(zip_entries(archive, skipped), skipped), week, skipped)
    else:
        yield _identified(safe(tar_entries(source, skipped), skipped), week, skipped)


def _described(source: Path, skipped: list[Skipped]) -> Iterator[Attempt]:
    """What a CSV file says of files beside it."""
    try:
        text = source.read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text), strict=True))
    except (OSError, ValueError, csv.Error) as error:
        raise CollectError(f"{source} cannot be read as CSV: {error}.") from None
    base = source.parent
    for number, row in enumerate(rows, start=2):
        fields = {str(key).strip().lower(): value for key, value in row.items() if isinstance(value, str)}
        if not {"student", "file"} <= fields.keys():
            raise CollectError(f"{source}, line {number}: the columns student and file are needed.")
        name, file = fields["student"].strip(), fields["file"].strip()
        time = _time(fields["time"]) if fields.get("time", "").strip() else None
        path = base / file
        if problem := problem_of_path(file):
            skipped.append(Skipped(file, problem))
        elif fields.get("time", "").strip() and time is None:
            skipped.append(Skipped(file, f"{shown(fields['time'])} is no time"))
        elif any((base / parent).is_symlink() for parent in [Path(file), *Path(file).parents]):
            skipped.append(Skipped(file, A_LINK))
        elif not path.is_file():
            skipped.append(Skipped(file, "there is no such file"))
        else:
            yield Attempt(file, name, lambda path=path: read_file(path), time=time, order=number)  # type: ignore[misc]
