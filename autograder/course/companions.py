"""Files that lie beside a notebook: kept with its solution, released with it, and there when it runs.

An author keeps them in ``solutions/<week>/`` and the release copies them, as nbgrader does with its source
folder; what lies by hand in ``assignments/<week>/`` belongs to the release as well. A submission finds them
in its working folder, read-only and under the same names. What a student hands in beside the notebook is
not taken: the release's files are the same for everybody.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from autograder.course.folders import split_unit
from autograder.messages import Language
from autograder.problem import GradeError

if TYPE_CHECKING:
    from autograder.course.folders import Paths
    from autograder.course.models import Assignment

PUBLIC_TESTS = "test_public.py"
METADATA = "autograder"
"""Key in a released notebook's metadata; below it, ``files`` names what was released beside it, and
``language`` is that of its prose."""
_CONDITIONS = "# autograder: "
MAX_BYTES = 64 << 20
"""In all: every candidate gets them anew."""
MAX_FILES = 1_000


class CompanionError(GradeError):
    """The files beside a notebook cannot be used as they are; the text is one sentence with the way out."""


# -- the trusted side ---------------------------------------------------------------------------


def kept_with_solution(paths: Paths, week: str, notebooks: Sequence[str] = ()) -> dict[str, bytes]:
    """The files in ``solutions/<week>/``, content by relative name.

    Args:
        paths: of the course.
        week: the assignment.
        notebooks: whose scripts are there, too.

    Raises:
        CompanionError: they are too large, unreadable, or one has a name that means something else.
    """
    folder = paths.solutions / week
    scripts = {f"{notebook}{ending}" for notebook in notebooks for ending in (".py", ".ko.yml")}
    files = read_tree(folder, without=scripts)
    for name in files:
        if PurePosixPath(name).suffix == ".ipynb":
            raise CompanionError(
                f"solutions/{week}/{name} is a notebook, and nbgrader would grade it too: "
                f"a week has one, solutions/{week}.py."
            )
        if name in reserved(week, notebooks):
            raise CompanionError(f"solutions/{week}/{name} has a name that is taken: give it another one.")
    return files


def with_conditions(tests: bytes, assignment: Assignment) -> bytes:
    """Public tests as they are released: their last line says under which conditions they run.

    So ``check`` has the week's limits and seed also where there is no course around the notebook.

    Args:
        tests: the file's content.
        assignment: the week.
    """
    conditions = assignment.model_dump(mode="json", include={"seed", "limits"}, exclude_defaults=True)
    line = f"{_CONDITIONS}{json.dumps(conditions)}\n" if conditions else ""
    return tests.rstrip(b"\n") + b"\n" + (f"\n{line}".encode() if line else b"")


def conditions_in(tests: Path) -> dict[str, Any]:
    """What :func:`with_conditions` wrote: fields of an assignment; nothing where there is no such line."""
    with suppress(OSError, ValueError):
        last = tests.read_text(encoding="utf-8").rstrip().rpartition("\n")[2]
        found = json.loads(last.removeprefix(_CONDITIONS)) if last.startswith(_CONDITIONS) else None
        if isinstance(found, dict):
            return {name: found[name] for name in ("seed", "limits") if name in found}
    return {}


def language_of(raw: bytes) -> Language | None:
    """The language in which a notebook was released; None where the file does not say."""
    with suppress(ValueError, LookupError, TypeError, RecursionError):
        return Language(json.loads(raw)["metadata"][METADATA]["language"])
    return None


def released_beside(paths: Paths, unit: str, notebooks: Sequence[str] = ()) -> dict[str, bytes]:
    """The files beside a released notebook, public tests and other notebooks of the assignment aside.

    Args:
        paths: of the course.
        unit: the assignment, or one of its notebooks.
        notebooks: those of the assignment, if it has several; of one of these they are not asked.

    Returns:
        content by relative name.

    Raises:
        CompanionError: they are too large or unreadable.
    """
    week, notebook = split_unit(unit)
    found = read_tree(paths.assignments / week, without=reserved(week, notebooks))
    if notebook == unit:
        return found
    return {name: found[name] for name in found if not _OF_A_NOTEBOOK.fullmatch(name)}


def reserved(week: str, notebooks: Sequence[str] = ()) -> frozenset[str]:
    """Names beside a notebook that are no companion's: the notebooks', their tests', the exchange's.

    Args:
        week: the assignment.
        notebooks: those that it has; one of its own name if none are named.
    """
    if notebooks:
        own = {name for each in notebooks for name in (f"{each}.ipynb", f"test_public_{each}.py")}
    else:
        own = {f"{week}.ipynb", PUBLIC_TESTS}
    return frozenset(own | {"timestamp.txt"})


_OF_A_NOTEBOOK = re.compile(r"[^/]+\.ipynb|test_public_[^/]+\.py")


def read_tree(folder: Path, without: Collection[str] = ()) -> dict[str, bytes]:
    """All plain files below a folder by relative name; no link is followed, nothing hidden is taken.

    Raises:
        CompanionError: they are too large or unreadable.
    """
    label = f"{folder.parent.name}/{folder.name}"
    found: dict[str, bytes] = {}
    room = MAX_BYTES
    try:
        for name, path in _plain_files(folder):
            if name in without:
                continue
            name.encode()
            room -= path.stat().st_size
            if room < 0 or len(found) == MAX_FILES:
                raise _too_much(label, name)
            found[name] = path.read_bytes()
    except UnicodeEncodeError:
        raise CompanionError(f"A file in {label} has a name that is not UTF-8: rename it.") from None
    except OSError as error:
        raise CompanionError(
            f"{error.filename or label} cannot be read ({error.strerror}): look at its permissions."
        ) from None
    return found


def demand_room(label: str, files: Mapping[str, bytes]) -> None:
    """Raises :class:`CompanionError` if files of several folders together are more than one may hold."""
    if len(files) > MAX_FILES or sum(map(len, files.values())) > MAX_BYTES:
        raise _too_much(label, max(files, key=lambda name: len(files[name])))


def _too_much(label: str, name: str) -> CompanionError:
    return CompanionError(
        f"The files in {label} are too many or too large (at most {MAX_FILES:,} with {MAX_BYTES >> 20} MiB "
        f"together, since every submission gets its own copy): leave out or shorten some, {name} for example."
    )


def _plain_files(folder: Path) -> Iterator[tuple[str, Path]]:
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__pycache__")
        for name in sorted(names):
            path = Path(where, name)
            if not name.startswith(".") and path.suffix != ".pyc" and stat.S_ISREG(path.lstat().st_mode):
                yield path.relative_to(folder).as_posix(), path


def came_with(notebook: Path, raw: bytes) -> dict[str, bytes]:
    """The files beside a notebook that lies outside every course, as on a student's own machine.

    The release says in the notebook which they are. Some editors drop that: then it is all that lies
    there, unless it is too much to be an assignment.
    """
    listed = _listed(raw)
    if listed is None:
        with suppress(CompanionError):
            found = read_tree(notebook.parent, without=reserved(notebook.stem))
            return {name: found[name] for name in found if not name.endswith((".ipynb", "-check.html"))}
        return {}
    found = {}
    for name in listed:
        path = notebook.parent / name
        with suppress(OSError):
            if stat.S_ISREG(path.lstat().st_mode) and path.stat().st_size <= MAX_BYTES:
                found[name] = path.read_bytes()
    return found


def _listed(raw: bytes) -> list[str] | None:
    try:
        names = json.loads(raw)["metadata"][METADATA]["files"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    if not isinstance(names, list):
        return None
    return [name for name in names[:MAX_FILES] if isinstance(name, str) and _stays_inside(name)]


def _stays_inside(name: str) -> bool:
    parts = name.split("/")
    return not any(part == "" or part.startswith(".") or "\\" in part or ":" in part for part in parts)
