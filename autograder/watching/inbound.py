"""nbgrader's own exchange is a folder in which students write, and somebody takes from it without a look.

So nobody hands in for somebody else there, no link leads to a file that is not the student's, what is still
being written is left for the next time, and what is odd in one submission holds up nobody else's.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import glob
import os
import pwd
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.exchange import ExchangeError
from nbgrader.utils import ignore_patterns

from autograder.submissions.arrival import SECRET
from autograder.submissions.timestamps import TIMESTAMP, stamp

_SETTLED_SECONDS = 30.0
"""A submission without a secret, as old versions of nbgrader make them, is whole after that time."""
_NOBODY = ""
_BEFORE_ALL = dt.datetime.min


class NotTaken(Exception):
    """Why a submission is left where it is."""


class Inbound:
    """What is put in front of nbgrader's ``ExchangeCollect``, or a class that is made of it.

    Attributes:
        known: by name of a folder, what nbgrader reads from it: that of a name is always the same, and there
            are thousands.
        refused: why a student's submission is not taken.
        unfinished: one is still being written.
    """

    known: dict[str, dict[str, Any]]
    refused: dict[str, str]
    unfinished: bool

    def changed(self) -> int:
        """When the last submission was added, in nanoseconds; 0 if there is no telling."""
        this: Any = self
        try:
            return Path(this.root, this.coursedir.course_id, "inbound").stat().st_mtime_ns
        except OSError:
            return 0

    def init_src(self) -> None:
        """nbgrader's method of this name: the newest submission of each student, which is really theirs."""
        self.refused, self.unfinished = {}, False
        this: Any = super()
        this.init_src()
        mine: Any = self
        found = [self._rightful(record) for record in mine.src_records]
        mine.src_records = [record for record in found if record is not None]

    def _path_to_record(self, path: str) -> dict[str, Any]:
        """nbgrader's method of this name; a name that is none must not end the whole class."""
        this: Any = super()
        name = Path(path).name
        if name not in self.known:
            try:
                self.known[name] = this._path_to_record(path)
            except (ValueError, OverflowError, ExchangeError):
                self.known[name] = {"username": _NOBODY, "filename": name, "timestamp": _BEFORE_ALL}
        return dict(self.known[name])

    def _rightful(self, record: dict[str, Any]) -> dict[str, Any] | None:
        """The record, or the newest of the same name that belongs to the student; None if there is none."""
        this: Any = self
        student = record["username"]
        if student in (_NOBODY, ".", ".."):
            return None
        if not this.check_owner or self._owned(record):
            return record
        path = Path(this.inbound_path, record["filename"])
        self.refused[student] = (
            f"{path.name} in the exchange belongs to {_owner(path)}: remove it, or set "
            "c.ExchangeCollect.check_owner = False where all students share one account"
        )
        names = glob.escape(f"{student}+{this.coursedir.assignment_id}+")
        records = [self._path_to_record(str(path)) for path in Path(this.inbound_path).glob(f"{names}*")]
        theirs = [one for one in records if one["username"] == student and self._owned(one)]
        return max(theirs, key=lambda one: one["timestamp"], default=None)

    def _owned(self, record: dict[str, Any]) -> bool:
        this: Any = self
        name: str = record["username"]
        return _owner(Path(this.inbound_path, record["filename"])) == name

    def do_copy(self, src: str, dest: str, log: Any = None) -> None:
        """nbgrader's method of this name: what cannot be taken is noted, and the others' turn comes."""
        this: Any = self
        source, target = Path(src), Path(dest)
        try:
            if not _whole(source):
                self.unfinished = True
                return
            room = 1000 * this.coursedir.max_dir_size
            _Copy(source.lstat().st_uid, room, _ignored(this.coursedir)).folder(source, target)
            _write_time(target, self._path_to_record(src)["timestamp"])
        except NotTaken as why:
            shutil.rmtree(target, ignore_errors=True)
            self.refused[target.parent.name] = f"{source.name} in the exchange is not taken: {why}"


def _write_time(folder: Path, time: dt.datetime) -> None:
    """Have the time in the file that nbgrader goes by: what the student's own file says may be no time."""
    file = folder / TIMESTAMP
    if file.is_dir() and not file.is_symlink():
        raise NotTaken(f"{TIMESTAMP} is a folder")
    file.unlink(missing_ok=True)
    file.write_bytes(stamp(time))


def _whole(folder: Path) -> bool:
    """Whether all of a submission is there: nbgrader writes its secret last."""
    try:
        with contextlib.suppress(FileNotFoundError):
            if (folder / SECRET).lstat().st_size > 0:
                return True
        newest = max(path.lstat().st_ctime for path in (folder, *folder.iterdir()))
    except OSError:  # not readable yet, or gone again
        newest = folder.lstat().st_ctime if folder.exists() else 0.0
    return time.time() - newest > _SETTLED_SECONDS


def _ignored(directory: Any) -> Callable[[str, list[str]], list[str]]:
    """What nbgrader is configured not to collect."""
    ignore: Callable[[str, list[str]], list[str]] = ignore_patterns(
        exclude=directory.ignore, include=directory.include, max_file_size=directory.max_file_size
    )
    return ignore


@dataclass
class _Copy:
    """A submission's files on their way.

    Attributes:
        owner: user id of whom they have to belong to.
        room: bytes that there may be in all.
        ignore: given a folder and the names in it, those that are left out.
        files: how many there may be.
    """

    owner: int
    room: int
    ignore: Callable[[str, list[str]], list[str]]
    files: int = 10_000

    def folder(self, source: Path, target: Path, depth: int = 20) -> None:
        """Copy a folder; a link stays a link, and whoever reads it does not follow it."""
        if depth == 0:
            raise NotTaken("it has folders in folders without end")
        with _readable(source):
            if not stat.S_ISDIR(source.lstat().st_mode):
                raise NotTaken(f"{source.name!r} is no folder")
            names = [path.name for path in source.iterdir()]
        target.mkdir(parents=True)
        for name in sorted(set(names) - set(self.ignore(str(source), names))):
            path = source / name
            self.files -= 1
            if self.files < 0:
                raise NotTaken("it has too many files")
            with _readable(path):
                mode = path.lstat().st_mode
                link = path.readlink() if stat.S_ISLNK(mode) else None
            if link is not None:
                (target / name).symlink_to(link)
            elif stat.S_ISDIR(mode):
                self.folder(path, target / name, depth - 1)
            else:
                self.file(path, target / name)

    def file(self, source: Path, target: Path) -> None:
        """Copy a file; through whatever links its path may lead by now, it is the student's own."""
        with _readable(source):
            descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise NotTaken(f"{source.name!r} is no plain file")
            if status.st_uid != self.owner:
                raise NotTaken(f"{source.name!r} belongs to somebody else than its folder")
            self.room -= status.st_size
            if self.room < 0:
                raise NotTaken("it is larger than c.CourseDirectory.max_dir_size")
            with target.open("wb") as copy:
                copy.write(file.read(status.st_size))


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotTaken(f"{path.name!r} cannot be read ({error.strerror})") from None


def _owner(path: Path) -> str:
    """The name of the one to whom a folder belongs; its number if it has none."""
    try:
        number = path.lstat().st_uid
        return pwd.getpwuid(number).pw_name
    except OSError:
        return "nobody"
    except KeyError:
        return f"user {number}"
