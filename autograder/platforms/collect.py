"""Put what students handed in where nbgrader looks for it: ``submitted/<student>/<week>/<week>.ipynb``.

What a learning platform hands over is a stranger's archive in a platform's naming. Nothing is unpacked:
names are read as text, each notebook's bytes are read up to a limit, and only what belongs to the week is
written, under names that are made here. The source may be a folder, a zip, a tar, or a table with the columns
``student`` and ``file`` (and ``time``).
"""

from __future__ import annotations

import codecs
import datetime as dt
import json
import unicodedata
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from autograder.course.folders import Paths, split_unit
from autograder.files import drafted, write_atomically
from autograder.gradebook.roster import Roster
from autograder.patterns import Pattern
from autograder.platforms.archives import (
    A_LINK,
    MAX_NAME,
    CollectError,
    Entry,
    Refused,
    Skipped,
    folder_entries,
    inner_zip,
    names_encoding,
    problem_of_path,
    read_file,
    safe,
    shown,
    tar_entries,
    zip_entries,
)
from autograder.platforms.times import Times, read_times
from autograder.spreadsheet import read_table
from autograder.submissions.timestamps import (
    TIMESTAMP,
    keep_said_late,
    moment_of,
    read_timestamp,
    said_late,
    stamp,
)


@dataclass(frozen=True)
class CollectReport:
    """What was done.

    Attributes:
        collected: students whose notebook was written.
        unchanged: students whose notebook was there already.
        late: students whom the platform calls late without saying when they handed in.
        skipped: what was left out, and why.
        remarks: what was decided on the way and may be decided otherwise.
        strangers: students who are not in the class list.
    """

    collected: tuple[str, ...]
    unchanged: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    remarks: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 if all went well, 1 if there was nothing, 3 if a person has to look at something."""
        if not self.collected and not self.unchanged:
            return 1
        return 3 if self.strangers or any(skipped.matters for skipped in self.skipped) else 0

    def __str__(self) -> str:
        counts = (len(self.collected), len(self.unchanged), len(self.skipped))
        lines = ["{} collected, {} unchanged, {} skipped".format(*counts)]
        lines += list(self.remarks)
        lines += [
            f"{shown(name)} is not in roster.csv: add a line that begins with {shown(name)}"
            for name in self.strangers
        ]
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
        number: by which the platform tells students of one name apart.
        serial: the platform's number of the file, which counts up from one archive to the next.
        column: of the class list that has the platform's ids, empty if nothing says which.
        group: what the platform calls those who handed in together, or the student.
    """

    name: str
    student: str
    read: Callable[[], bytes] = field(repr=False)
    time: dt.datetime | None = None
    order: int = 0
    late: bool = False
    number: str = ""
    serial: int = 0
    column: str = ""
    group: str = ""


def collect(
    root: Path,
    week: str,
    source: Path,
    *,
    notebooks: Sequence[str] = (),
    names: Mapping[str, str] | None = None,
    class_list: Roster | None = None,
    names_in: str | None = None,
    zone: dt.tzinfo = dt.UTC,
    times: Path | None = None,
) -> CollectReport:
    """Collect a week's submissions from a folder, an archive, or a CSV file.

    Known are Canvas (``nameperson_12345_678_file.ipynb``), Moodle
    (``Name_12345_assignsubmission_file_/file.ipynb``, with folders and without), Gradescope
    (``submission_123/`` beside ``submission_metadata.yml``), clones of GitHub Classroom's repositories,
    nbgrader's exchange (``user+week+time+random/week.ipynb``), nbgrader's own ``student/week/week.ipynb``,
    and simply ``student/file.ipynb`` or ``student.ipynb``; all that in one more folder, too. Of several
    attempts the latest counts. Collecting twice changes nothing.

    Args:
        root: the course's folder.
        week: the assignment.
        source: of any of these kinds.
        notebooks: those of the assignment, if it has several: each is collected by its name.
        names: what a student's folder is to be called, by what the platform calls the student: Canvas's
            number, or the name in Moodle. Without it that is the folder's name.
        class_list: who is who, by any id; without it people are called as the source calls them.
        names_in: encoding of the names in a zip that does not say it, or of a table.
        zone: of a table's times that have none.
        times: a table that tells when, where the source does not: Moodle's grading worksheet.

    Raises:
        CollectError: there is no such source, or it cannot be read.
    """
    if not source.exists():
        raise CollectError(f"{source} does not exist: name a folder, a zip, a tar or a CSV file.")
    if names_in is not None:
        try:
            codecs.lookup(names_in)
        except LookupError:
            raise CollectError(
                f"{names_in!r} is not the name of an encoding: cp949, gbk, shift_jis, cp1252, cp437 or utf-8."
            ) from None
    skipped: list[Skipped] = []
    remarks: list[str] = []
    paths = Paths(root)
    told = read_times(times, zone, skipped) if times is not None else None
    with _attempts(source, week, skipped, remarks, names_in, zone) as attempts:
        named = [replace(a, student=(names or {}).get(a.student, a.student)) for a in attempts]
        if told is not None:
            named = [_timed(attempt, told, class_list) for attempt in named]
        if class_list is not None:
            named = [member for attempt in named for member in _in_the_class(attempt, class_list)]
        named = _told_apart(named, remarks)
        good = list(_with_good_names(named, skipped))
        placed = _Placed()
        if notebooks:
            by_notebook = _by_notebook(good, notebooks, skipped)
            for notebook, theirs in by_notebook.items():
                _place(paths, f"{week}/{notebook}", _latest(theirs, notebook, skipped), placed, skipped)
        else:
            _place(paths, week, _latest(good, week, skipped), placed, skipped)
    there = {*placed.collected, *placed.unchanged}
    strangers = sorted(there - class_list.students.keys()) if class_list is not None else []
    return CollectReport(
        tuple(placed.collected),
        tuple(name for name in placed.unchanged if name not in placed.collected),
        tuple(placed.late),
        tuple(skipped),
        tuple(remarks),
        tuple(strangers),
    )


@dataclass
class _Placed:
    """Students whose notebook was written, was there, or came late nobody knows when; each once."""

    collected: dict[str, None] = field(default_factory=dict)
    unchanged: dict[str, None] = field(default_factory=dict)
    late: dict[str, None] = field(default_factory=dict)


def _by_notebook(
    attempts: Iterable[Attempt], notebooks: Sequence[str], skipped: list[Skipped]
) -> dict[str, list[Attempt]]:
    """The attempts by the notebook of the assignment whose name the file's name ends in, or has in it."""
    found: dict[str, list[Attempt]] = {notebook: [] for notebook in notebooks}
    for attempt in attempts:
        stem = unicodedata.normalize("NFC", PurePosixPath(attempt.name).stem)
        meant = [notebook for notebook in notebooks if unicodedata.normalize("NFC", notebook) in stem]
        if meant:
            found[max(meant, key=len)].append(attempt)
        else:
            skipped.append(Skipped(attempt.name, f"it is called like none of {', '.join(notebooks)}"))
    return found


def _place(
    paths: Paths, unit: str, chosen: Iterable[Attempt], placed: _Placed, skipped: list[Skipped]
) -> None:
    """Put the chosen attempts of a notebook into their places, and note what became of each."""
    serials = _read_serials(paths, unit)
    before = said_late(paths, unit)
    late = set(before)
    for attempt in list(chosen):
        try:
            _demand_newer(paths, unit, attempt, serials)
            new = _write(paths, unit, attempt)
        except Refused as refused:
            superseded = isinstance(refused, Superseded)
            skipped.append(Skipped(attempt.name, str(refused), matters=not superseded))
            continue
        except OSError as error:
            raise CollectError(
                f"{paths.submission(attempt.student, unit)} cannot be written ({error.strerror}); "
                "what was collected before it is complete."
            ) from None
        (placed.collected if new else placed.unchanged)[attempt.student] = None
        if attempt.serial:
            serials[attempt.student] = attempt.serial
        late.discard(attempt.student)
        if attempt.late and attempt.time is None:
            placed.late[attempt.student] = None
            late.add(attempt.student)
    if late != before:
        keep_said_late(paths, unit, late)
    if serials:
        write_atomically(_serials_path(paths, unit), json.dumps(serials, ensure_ascii=False).encode())


class Superseded(Refused):
    """It need not be had: what is there already is newer."""


def _serials_path(paths: Paths, week: str) -> Path:
    return paths.cache / "collected" / f"{week}.json"


def _read_serials(paths: Paths, week: str) -> dict[str, int]:
    """The platform's numbers of what was collected before, by student; none if they cannot be read."""
    try:
        found = json.loads(_serials_path(paths, week).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return {k: v for k, v in found.items() if isinstance(v, int)} if isinstance(found, dict) else {}


def _demand_newer(paths: Paths, week: str, attempt: Attempt, serials: Mapping[str, int]) -> None:
    """Canvas tells no times, but its numbers of files tell which archive is the older one."""
    there = paths.submission(attempt.student, week).is_file()
    if there and attempt.serial and serials.get(attempt.student, 0) > attempt.serial:
        raise Superseded(f"there is a later attempt of {attempt.student} already")


def _write(paths: Paths, week: str, attempt: Attempt) -> bool:
    """Put an attempt in its place, whole or not at all; False if it is there already."""
    notebook = paths.submission(attempt.student, week)
    folder = notebook.parent
    if folder.is_symlink() or folder.parent.is_symlink():
        raise Refused(f"{folder} is a link")
    known = read_timestamp(folder)
    # Of several notebooks the last one says when all were handed in, which is no reason to refuse another.
    several = split_unit(week)[1] != week
    is_later = attempt.time is not None and known is not None and known > attempt.time
    if is_later and not several:
        raise Superseded(f"there is a later attempt of {attempt.student} already")
    contents = {notebook: attempt.read()}
    if several and _holds(notebook, contents[notebook]):
        return False
    if is_later and notebook.is_file():
        raise Superseded(f"there is a later attempt of {attempt.student} already")
    if attempt.time is not None:
        contents[folder / TIMESTAMP] = stamp(max(attempt.time, known or attempt.time))
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
        return "is empty"
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
        skipped += [
            Skipped(a.name, f"{last.name} counts instead", matters=False) for a in found if a is not last
        ]
        yield last


def _moment(attempt: Attempt) -> tuple[dt.datetime, int]:
    return attempt.time or dt.datetime.min, attempt.order


# -- what the platforms call a file ---------------------------------------------------------------

_EXCHANGE = Pattern(
    r"(?P<student>[^+]+)\+(?P<week>[^+]+)\+(?P<time>\d{4}-\d\d-\d\d .*?)(\+[^+ :]*[A-Za-z][^+ :]*)?"
)
_MOODLE = Pattern(r"(?P<student>.+)_(?P<id>\d+)_assignsubmission_(?P<kind>[a-z]+)_(?P<file>.*)", dot_all=True)
_CANVAS = Pattern(r"(?P<name>.+?)_(?P<late>LATE_)?(?P<student>\d+)_(?P<order>\d+)_(?P<file>.+)", dot_all=True)
_ANONYMOUS = Pattern(
    r"(?P<late>LATE_)?anon_(?P<student>[A-Za-z0-9]+)_(?P<order>\d+)_(?P<file>.+)", dot_all=True
)
_NOTEBOOK = Pattern(r"(?i)\.ipynb(\.txt|\.json)?\s*$")
"""Also as mail programs, browsers and editors rename it."""
_ELSEWISE = {
    **dict.fromkeys(
        ("7z", "rar", "gz", "tar", "tgz", "xz"), "it is packed in a way that is not read: unpack it"
    ),
    **dict.fromkeys(("py", "html", "pdf", "doc", "docx"), "it is not a notebook: ask for the .ipynb file"),
}
"""What may be somebody's work in another form, by ending."""


def _identified(
    entries: Iterable[Entry], week: str, skipped: list[Skipped], repositories: set[str]
) -> Iterator[Attempt]:
    """The notebooks among a source's files, each with whose it is."""
    there = _without_wrapping(list(entries), week)
    prefix = _common_prefix(repositories)  # the entries have been read by now
    people = _gradescope_people(there)
    stamps: dict[str, dt.datetime] = {}
    found: list[tuple[Entry, Attempt]] = []
    odd: list[Skipped] = []
    for entry in there:
        path = PurePosixPath(entry.path)
        if path.name == TIMESTAMP:
            with suppress(Refused):
                if (time := moment_of(entry.read().decode("utf-8", "replace"))) is not None:
                    stamps[str(path.parent)] = time
        elif path.name.lower().endswith(".zip"):
            found += _of_inner_zip(entry, week, people, skipped)
        elif not _NOTEBOOK.search(path.name):
            if any((m := _MOODLE.fullmatch(part)) and m["kind"] != "file" for part in path.parts):
                skipped.append(Skipped(entry.path, "it was typed into Moodle", matters=False))
            elif path.name != _METADATA:
                ending = path.suffix.lower().lstrip(".")
                reason = _ELSEWISE.get(ending, "it is not a notebook")
                odd.append(Skipped(entry.path, reason, matters=ending in _ELSEWISE))
        else:
            found += [(entry, attempt) for attempt in _attempts_of(entry, week, people, skipped)]
    complete = {str(PurePosixPath(entry.path).parent) for entry, _ in found}
    for one in odd:  # beside a notebook they are what belongs to it
        alone = str(PurePosixPath(one.name).parent) not in complete
        skipped.append(replace(one, matters=one.matters and alone))
    found = [
        (entry, replace(attempt, student=attempt.student.removeprefix(prefix))) for entry, attempt in found
    ]
    for entry, attempt in found:
        stamp = stamps.get(str(PurePosixPath(entry.path).parent))
        yield attempt if stamp is None else replace(attempt, time=stamp)


def _of_inner_zip(
    entry: Entry, week: str, people: Mapping[str, Submitters], skipped: list[Skipped]
) -> list[tuple[Entry, Attempt]]:
    """Notebooks in a zip that somebody handed in: they are whose the zip is."""
    try:
        notebooks = [inner for inner in inner_zip(entry, skipped) if _NOTEBOOK.search(inner.path)]
    except Refused as refused:
        skipped.append(Skipped(entry.path, str(refused)))
        return []
    if not notebooks:
        skipped.append(Skipped(entry.path, "there is no notebook in it"))
        return []
    owners = _attempts_of(entry, week, people, skipped)
    return [
        (inner, replace(owner, name=inner.path, read=inner.read)) for inner in notebooks for owner in owners
    ]


def _attempts_of(
    entry: Entry, week: str, people: Mapping[str, Submitters], skipped: list[Skipped]
) -> list[Attempt]:
    """A notebook as the attempt of each of those who handed it in together."""
    for part in PurePosixPath(entry.path).parts[:-1]:
        if part in people:
            told = people[part]
            return [Attempt(entry.path, student, entry.read, time=told.time) for student in told.students]
    attempt = _attempt(entry, week)
    if isinstance(attempt, Skipped):
        skipped.append(attempt)
        return []
    return [attempt]


def _without_wrapping(entries: list[Entry], week: str) -> list[Entry]:
    """The entries without a folder around all of them, and without a repository's prefix."""
    while True:
        tops = {entry.path.partition("/")[0] for entry in entries if "/" in entry.path}
        if len(tops) != 1 or any("/" not in entry.path for entry in entries):
            return entries
        (top,) = tops
        inner = [Entry(entry.path.partition("/")[2], entry.read) for entry in entries]
        if _EXCHANGE.fullmatch(top) or _MOODLE.fullmatch(top) or not _is_class(inner, week):
            return entries
        entries = inner


def _common_prefix(repositories: Collection[str]) -> str:
    """What the names of an assignment's repositories begin with: ``convolution-`` of ``convolution-ada``."""
    if len(repositories) < 2:
        return ""
    first, last = min(repositories), max(repositories)
    length = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return first[: first.rfind("-", 0, length) + 1]


def _is_class(entries: Sequence[Entry], week: str) -> bool:
    """Whether these are a class's files, and not one student's."""
    notebooks = [PurePosixPath(entry.path) for entry in entries if _NOTEBOOK.search(entry.path)]
    folders = {PurePosixPath(entry.path).parts[0] for entry in entries if "/" in entry.path}
    flat = [path for path in notebooks if len(path.parts) == 1]
    if flat:
        return len(flat) > 1 and not any(week in path.stem for path in flat if not _is_platforms(path.name))
    return bool(folders - {week})


def _is_platforms(name: str) -> bool:
    return any(pattern.fullmatch(name) for pattern in (_CANVAS, _ANONYMOUS, _MOODLE))


_METADATA = "submission_metadata.yml"


@dataclass(frozen=True)
class Submitters:
    """Who handed in a submission of Gradescope's, and when."""

    students: tuple[str, ...]
    time: dt.datetime | None


def _gradescope_people(entries: Sequence[Entry]) -> dict[str, Submitters]:
    """What Gradescope says of its submissions, by folder; of a person the id, else the email's first part."""
    people = {}
    for entry in entries:
        if PurePosixPath(entry.path).name != _METADATA:
            continue
        with suppress(Refused, YAMLError, UnicodeDecodeError, RecursionError):
            told = YAML(typ="safe").load(entry.read().decode("utf-8"))
            for folder, fields in told.items() if isinstance(told, dict) else ():
                students = tuple(filter(None, map(_submitter, _field(fields, "submitters", []))))
                time = moment_of(str(_field(fields, "created_at", "")))
                if isinstance(folder, str) and students:
                    people[folder] = Submitters(students, time)
    return people


def _field(fields: object, name: str, default: Any) -> Any:
    """A field of Gradescope's, whose keys are Ruby's symbols."""
    found = fields.get(f":{name}", fields.get(name, default)) if isinstance(fields, dict) else default
    return found if isinstance(found, type(default)) or not isinstance(default, list) else default


def _submitter(person: object) -> str:
    email = str(_field(person, "email", "") or "")
    return str(_field(person, "sid", "") or "") or email.partition("@")[0] or str(_field(person, "name", ""))


def _timed(attempt: Attempt, times: Times, class_list: Roster | None) -> Attempt:
    """The attempt with the time that a table tells, where the source itself tells none."""
    if attempt.time is not None:
        return attempt
    known = None
    if class_list is not None and (folder := _folder_in(class_list, attempt)) is not None:
        known = class_list.students[folder]
    return replace(attempt, time=times.of((attempt.number, attempt.student), known))


def _folder_in(class_list: Roster, attempt: Attempt) -> str | None:
    """The folder of whoever handed in; in Moodle a team's name may stand before the student's."""
    folder = class_list.folder_of(attempt.student, attempt.number, attempt.column)
    if folder is None and attempt.number:
        rest = attempt.student
        while folder is None and "-" in rest:
            rest = rest.partition("-")[2]
            folder = class_list.folder_of(rest)
    return folder


def _in_the_class(attempt: Attempt, class_list: Roster) -> list[Attempt]:
    """The attempt under the name of the folder that the class list has for whoever handed it in.

    What a team handed in is every member's: a repository is called like the team, and Canvas names the file
    after the team and one of its members.
    """
    folder = _folder_in(class_list, attempt)
    together = class_list.members(attempt.student if folder is None else attempt.group)
    if together and (folder is None or folder in together):
        return [replace(attempt, student=member, number="") for member in together]
    return [attempt if folder is None else replace(attempt, student=folder, number="")]


def _told_apart(attempts: list[Attempt], remarks: list[str]) -> list[Attempt]:
    """Students of one name, whom only the platform's number tells apart, get it after their names."""
    numbers: dict[str, set[str]] = {}
    for attempt in attempts:
        numbers.setdefault(_normal(attempt.student), set()).add(attempt.number)
    result = []
    for attempt in attempts:
        name = _normal(attempt.student)
        if attempt.number and (len(numbers[name]) > 1 or name in _NOBODYS_NAMES):
            attempt = replace(attempt, student=f"{attempt.student}_{attempt.number}")
        result.append(attempt)
    for name, several in numbers.items():
        if len(several - {""}) > 1 and name not in _NOBODYS_NAMES:
            both = ", ".join(f"{name}_{number}" for number in sorted(several - {""}))
            remarks.append(f"{shown(name)} is the name of {len(several)}: they are {shown(both)}")
    return result


_NOBODYS_NAMES = frozenset({"Participant", "참가자", "참여자"})
"""What Moodle calls everybody where markers shall not see names."""


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip()


def _attempt(entry: Entry, week: str) -> Attempt | Skipped:
    """Whose notebook this is, or why it is nobody's."""
    path = PurePosixPath(entry.path)
    for part in reversed(path.parts):
        if match := _EXCHANGE.fullmatch(part):
            if match["week"] != week:
                return Skipped(entry.path, f"it belongs to {match['week']}", matters=False)
            return Attempt(entry.path, match["student"], entry.read, time=moment_of(match["time"]))
        if match := _MOODLE.fullmatch(part):
            return Attempt(entry.path, match["student"], entry.read, number=match["id"], column="moodle_id")
        for pattern in (_ANONYMOUS, _CANVAS):
            if match := pattern.fullmatch(part):
                order, late = int(match["order"][:18]), match["late"] is not None
                return Attempt(
                    *(entry.path, match["student"], entry.read),
                    order=order,
                    late=late,
                    serial=order,
                    column="canvas_id" if pattern is _CANVAS else "",
                    group=match["name"] if pattern is _CANVAS else "",
                )
    if len(path.parts) == 1:
        return Attempt(entry.path, _NOTEBOOK.sub("", path.name), entry.read)
    if path.parts[-2] == week and len(path.parts) > 2:
        return Attempt(entry.path, path.parts[-3], entry.read)
    if path.parts[-2] == week or len(path.parts) > 3:
        return Skipped(entry.path, "nothing in its path tells whose it is")
    return Attempt(entry.path, path.parts[-2], entry.read)


# -- the sources ----------------------------------------------------------------------------------


@contextmanager
def _attempts(
    source: Path,
    week: str,
    skipped: list[Skipped],
    remarks: list[str],
    names_in: str | None,
    zone: dt.tzinfo,
) -> Iterator[Iterator[Attempt]]:
    """The attempts in a source, which stays open as long as they may be read."""
    repositories: set[str] = set()
    if source.is_dir():
        entries = safe(folder_entries(source, skipped), skipped, repositories)
        yield _identified(entries, week, skipped, repositories)
    elif source.suffix.lower() in (".csv", ".tsv"):
        yield _described(source, skipped, names_in, zone)
    elif zipfile.is_zipfile(source):
        try:
            archive = zipfile.ZipFile(source)
        except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, OSError) as error:
            raise CollectError(f"{source} is a damaged zip ({error}): download it again.") from None
        with archive:
            taken = names_in or names_encoding(archive)
            if names_in is None and taken not in (None, "utf-8"):
                remarks.append(f"the names were read as {taken}; another encoding: --names-in")
            entries = safe(zip_entries(archive, skipped, taken or "utf-8"), skipped, repositories)
            yield _identified(entries, week, skipped, repositories)
    else:
        entries = safe(tar_entries(source, skipped), skipped, repositories)
        yield _identified(entries, week, skipped, repositories)


_COLUMNS = {
    "student": ("student", "studentid", "user", "username", "학생", "학번", "학생id", "아이디", "사용자"),
    "file": ("file", "filename", "notebook", "path", "파일", "파일명", "파일이름", "노트북"),
    "time": (
        *("time", "timestamp", "submitted", "submittedat", "date", "시간", "시각", "제출시간", "제출시각"),
        *("제출일시", "제출일", "일시", "타임스탬프"),
    ),
}


def _described(
    source: Path, skipped: list[Skipped], encoding: str | None, zone: dt.tzinfo
) -> Iterator[Attempt]:
    """What a table says of files beside it."""
    try:
        rows = read_table(source.read_bytes(), encoding)
    except OSError as error:
        raise CollectError(f"{source} cannot be read ({error.strerror}).") from None
    except ValueError as error:
        raise CollectError(f"{source} cannot be read as CSV: {error}.") from None
    if not rows:
        raise CollectError(f"{source} is empty: the columns student and file are needed.")
    number, heading = rows[0]
    keys = ["".join(title.split()).replace("_", "").lower() for title in heading]
    columns = {
        name: next((n for n, key in enumerate(keys) if key in known), None)
        for name, known in _COLUMNS.items()
    }
    if columns["student"] is None or columns["file"] is None:
        raise CollectError(f"{source}, line {number}: the columns student and file are needed.")
    for number, row in rows[1:]:
        fields = {
            name: row[n].strip() if n is not None and n < len(row) else "" for name, n in columns.items()
        }
        if not any(fields.values()):
            continue
        yield from _row(source.parent, f"{source.name}, line {number}", number, fields, zone, skipped)


def _row(
    base: Path, place: str, number: int, fields: Mapping[str, str], zone: dt.tzinfo, skipped: list[Skipped]
) -> Iterator[Attempt]:
    name, file = fields["student"], fields["file"].replace("\\", "/")
    file = str(PurePosixPath(file)) if file else ""
    time = moment_of(fields["time"], zone) if fields["time"] else None
    path = base / file
    if not name or not file:
        skipped.append(Skipped(place, "it lacks the student or the file"))
    elif _NUMBER_OF_A_SPREADSHEET.fullmatch(name):
        reason = f"a spreadsheet has made {shown(name)} of the student's id: format the column as text"
        skipped.append(Skipped(place, reason))
    elif problem := problem_of_path(file):
        skipped.append(Skipped(file, problem))
    elif fields["time"] and time is None:
        reason = f"the time {shown(fields['time'])} is not clear ({place}): write it as 2027-04-05 23:50"
        skipped.append(Skipped(file, reason))
    elif any((base / parent).is_symlink() for parent in [Path(file), *Path(file).parents]):
        skipped.append(Skipped(file, A_LINK))
    elif not path.is_file():
        skipped.append(Skipped(file, "there is no such file"))
    else:
        yield Attempt(file, name, lambda: read_file(path), time=time, order=number)


_NUMBER_OF_A_SPREADSHEET = Pattern(r"\d(?:[.,]\d+)?E\+?\d+")
