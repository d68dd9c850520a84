"""Folders, zip and tar files as what they hold, without the traps that such files can hold."""

from __future__ import annotations

import functools
import io
import os
import stat
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from autograder.encodings import encoding_of
from autograder.notebooks.sizes import MAX_NOTEBOOK
from autograder.patterns import Pattern
from autograder.problem import Problem

MAX_TOTAL = 8 << 30
MAX_FILES = 50_000
MAX_RATIO = 200
"""How many times smaller a zip may make a file of more than ``_SMALL`` bytes; text shrinks to a tenth."""
_SMALL = 4 << 20
A_LINK, _ODD = "it is a link", "it is not an ordinary file"
_MAX_HEADER = 1 << 20
MAX_NAME = 100

_WANTED = Pattern(r"\.ipynb(\.txt|\.json)?$|\.zip$|(^|/)(timestamp\.txt|submission_metadata\.yml)$")
"""What is read of a tar, in which nothing can be looked up later."""
_IGNORED = Pattern(
    r"(^|/)(__MACOSX|\.ipynb_checkpoints|\.git|\.github|__pycache__)(/|$)"
    r"|(^|/)(\.DS_Store|Thumbs\.db|desktop\.ini|\._[^/]*)$"
)


class CollectError(Problem):
    """Nothing can be collected; the text is one sentence with the way out."""


@dataclass(frozen=True)
class Skipped:
    """A file that was not collected.

    Attributes:
        name: in the source.
        reason: in one line.
        matters: whether it may be somebody's work, so that a person has to look.
    """

    name: str
    reason: str
    matters: bool = True

    def __str__(self) -> str:
        return f"{shown(self.name)}: {self.reason}"


class Refused(Exception):
    """A file that is not to be had; the text says why in a few words."""


@dataclass(frozen=True)
class Entry:
    """A file of a source: its path, with slashes, and its bytes on request."""

    path: str
    read: Callable[[], bytes]


def safe(
    entries: Iterable[Entry], skipped: list[Skipped], repositories: set[str] | None = None
) -> Iterator[Entry]:
    """Entries whose paths are plain relative ones, none of them there twice.

    Args:
        entries: all.
        skipped: gets the others.
        repositories: gets the folders that are clones of a repository.
    """
    kept = []
    for number, entry in enumerate(entries):
        if number >= MAX_FILES:
            raise CollectError(f"The source holds more than {MAX_FILES} files: collect a class at a time.")
        if problem := problem_of_path(entry.path):
            skipped.append(Skipped(entry.path, problem))
        elif not _IGNORED.search(entry.path):
            kept.append(entry)
        elif repositories is not None and (found := _REPOSITORY.match(entry.path)):
            repositories.add(found[1])
    counts = Counter(entry.path for entry in kept)
    for entry in kept:
        if counts[entry.path] == 1:
            yield entry
        else:
            skipped.append(Skipped(entry.path, f"it appears {counts[entry.path]} times"))


_REPOSITORY = Pattern(r"(?:.*/)?([^/]+)/\.git(?:hub)?/")
_DRIVE = Pattern(r"[A-Za-z]:")


def problem_of_path(path: str) -> str:
    try:
        path.encode()
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    if not path.isprintable():
        return "its name holds characters that cannot be shown"
    if path.startswith(("/", "\\", "~")) or _DRIVE.match(path):
        return "its path is absolute"
    return "its path leads elsewhere" if ".." in path.replace("\\", "/").split("/") else ""


def folder_entries(folder: Path, skipped: list[Skipped]) -> Iterator[Entry]:
    for place, names, files in os.walk(folder):
        names.sort()
        for name in [*names, *sorted(files)]:
            path = Path(place, name)
            relative = path.relative_to(folder).as_posix()
            if path.is_symlink():
                skipped.append(Skipped(relative, A_LINK))
            elif name in names:
                continue
            elif not path.is_file():
                skipped.append(Skipped(relative, _ODD))
            else:
                yield Entry(relative, lambda path=path: read_file(path))  # type: ignore[misc]


def read_file(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            return _read(file, os.fstat(descriptor).st_size)
    except OSError as error:
        raise Refused(f"it cannot be read ({error.strerror})") from None


def _read(file: IO[bytes], size: int) -> bytes:
    """All of a file, whatever it says of its size."""
    content = file.read(MAX_NOTEBOOK + 1) if size <= MAX_NOTEBOOK else None
    if content is None or len(content) > MAX_NOTEBOOK:
        raise Refused(f"it is larger than {MAX_NOTEBOOK >> 20} MiB")
    return content


def zip_entries(
    archive: zipfile.ZipFile, skipped: list[Skipped], names_in: str | None = None
) -> Iterator[Entry]:
    """The files of an open zip.

    Args:
        archive: the zip.
        skipped: gets what cannot be had.
        names_in: the encoding of names without a mark; found out by how they read if None.
    """
    names_in = names_in or names_encoding(archive) or "utf-8"
    for info in archive.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if info.is_dir() or info.filename.endswith("\\"):
            continue
        name = info.filename
        if not _is_marked(info):
            with suppress(UnicodeError):
                name = name.encode("cp437").decode(names_in)
        name = name.replace("\\", "/")  # as some of Windows' own programs write it
        if kind not in (0, stat.S_IFREG):
            skipped.append(Skipped(name, A_LINK if kind == stat.S_IFLNK else _ODD))
        elif info.flag_bits & 1:
            skipped.append(Skipped(name, "it is encrypted"))
        elif info.file_size > max(_SMALL, MAX_RATIO * info.compress_size):
            skipped.append(Skipped(name, "it is compressed too well to be true"))
        else:
            yield Entry(name, lambda info=info: _read_zipped(archive, info))  # type: ignore[misc]


def names_encoding(archive: zipfile.ZipFile) -> str | None:
    """The encoding in which the names of a zip read as names; None if all are marked as UTF-8 or ASCII.

    Names without the mark were read as cp437, which loses nothing.
    """
    texts = []
    for info in archive.infolist():
        if not _is_marked(info):
            with suppress(UnicodeEncodeError):
                texts.append(info.filename.encode("cp437"))
    return None if all(text.isascii() for text in texts) else encoding_of(texts)


def _is_marked(info: zipfile.ZipInfo) -> bool:
    return bool(info.flag_bits & 0x800)


def inner_zip(entry: Entry, skipped: list[Skipped]) -> list[Entry]:
    """The files of a zip that lies in the source itself, as people hand in what a system gave them.

    Raises:
        Refused: it is not to be had.
    """
    with _opened(entry) as archive:
        found = list(safe(zip_entries(archive, skipped), skipped))

    def read(path: str) -> bytes:
        with _opened(entry) as archive:  # once more: a class's zips together may not fit into memory
            return next(inner.read() for inner in zip_entries(archive, []) if inner.path == path)

    return [Entry(f"{entry.path}/{inner.path}", functools.partial(read, inner.path)) for inner in found]


def _opened(entry: Entry) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(entry.read()))
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, OSError) as error:
        raise Refused(f"it is a damaged zip ({error})") from None


def _read_zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(info) as file:
            return _read(file, info.file_size)
    except Refused:
        raise
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError, RuntimeError) as error:
        raise Refused(f"it is damaged ({error})") from None
    except Exception as error:  # the decompressors have errors of their own
        raise Refused(f"it is damaged ({type(error).__name__})") from None


class _Member(tarfile.TarInfo):
    """A tar's entry; a header that describes the next entry may not be large, as it is read at once."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type not in _TAR_PLAIN and self.size > _MAX_HEADER:
            raise _TarHeader
        member: tarfile.TarInfo = super()._proc_member(archive)  # type: ignore[misc]
        return member


_TAR_PLAIN = (*tarfile.REGULAR_TYPES, tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE)


class _TarHeader(Exception):
    """A header beyond the limit."""


def tar_entries(source: Path, skipped: list[Skipped]) -> Iterator[Entry]:
    """A tar is read in one go, from its beginning to its end; what may be needed is kept."""
    total = kept = 0
    try:
        with tarfile.open(source, "r|*", tarinfo=_Member) as archive:
            for member in archive:
                total += member.size
                if total > MAX_TOTAL:
                    limit = f"{MAX_TOTAL >> 30} GiB"
                    raise CollectError(f"{source} holds more than {limit}: collect a class at a time.")
                if member.isdir():
                    continue
                if not member.isreg() or member.issparse():
                    link = member.issym() or member.islnk()
                    skipped.append(Skipped(member.name, A_LINK if link else _ODD))
                    continue
                if not _WANTED.search(member.name.lower()):
                    yield Entry(member.name, bytes)
                    continue
                file = archive.extractfile(member)
                assert file is not None
                try:
                    content = _read(file, member.size)
                except Refused as refused:
                    skipped.append(Skipped(member.name, str(refused)))
                    continue
                kept += len(content)
                if kept > MAX_TOTAL // 4:
                    limit = f"{MAX_TOTAL >> 32} GiB"
                    raise CollectError(f"{source} holds more than {limit} of notebooks: unpack it first.")
                yield Entry(member.name, io.BytesIO(content).getvalue)
    except (tarfile.TarError, EOFError, OSError, ValueError, OverflowError, _TarHeader) as error:
        reason = str(error) or "its headers make no sense"
        raise CollectError(f"{source} is not a folder, zip or tar that can be read ({reason}).") from None
    except Exception as error:  # zlib.error, lzma.LZMAError and their like
        if isinstance(error, CollectError):
            raise
        raise CollectError(f"{source} is damaged ({error}): download it again.") from None


def shown(text: str) -> str:
    """A stranger's text in one line of a report."""
    shown = text if text.isprintable() and text == text.strip() else ascii(text)
    return shown if len(shown) <= 160 else f"{shown[:157]}..."
