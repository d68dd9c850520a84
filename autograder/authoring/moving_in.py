"""An nbgrader course becomes one of the kit's: its notebooks as scripts, and everything that lay beside them.

Nothing of the nbgrader course is changed. What cannot be brought in is left out and said, with the way out;
what is brought in releases as it did, to the cell.
"""

from __future__ import annotations

import ast
import base64
import binascii
import datetime as dt
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jupytext
from nbformat import NotebookNode, current_nbformat
from nbgrader import nbgraderformat
from nbgrader.preprocessors import ClearSolutions, Execute, IncludeHeaderFooter
from traitlets.config import Config

from autograder.authoring.new_course import course_id, course_text, demand_empty, write_settings
from autograder.authoring.release import ReleaseError, ReleaseReport, autotests_name, release
from autograder.authoring.suite_from_cells import Suite, suite_from_cells
from autograder.course.companions import CompanionError, read_tree
from autograder.course.folders import Paths
from autograder.course.nbgrader import GradebookError, nbgrader_config
from autograder.course.reading import load_course
from autograder.files import write_atomically
from autograder.messages import Language
from autograder.notebooks.metadata import nbgrader_metadata, node, tags
from autograder.notebooks.scripts import PYTHON, read_script
from autograder.patterns import has_word
from autograder.problem import Problem

_TAKEN = ("ClearSolutions", "ClearHiddenTests", "ClearMarkScheme", "InstantiateTests", "LockCells")
"""Whose settings shape a release."""
_SEEN_TO = (
    "CourseDirectory",
    "IncludeHeaderFooter",
    "Execute",
    "ExecutePreprocessor",
    "NbGrader",
    "Exchange",
)
"""Whose settings are seen to in another way, or concern no course."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_NOTEBOOK = re.compile(r"\w[\w .()-]{0,63}")
_KEPT = ("grade", "grade_id", "locked", "points", "schema_version", "solution", "task")
_ALL_CELLS = 10
"""Times the time of one cell that a whole notebook has."""


class MovingInError(Problem, ValueError):
    """The course, or a part of it, cannot be brought in; the text is one sentence with the way out."""


@dataclass
class Moved:
    """What became of an nbgrader course.

    Attributes:
        folder: of the new course.
        releases: its assignments, as released.
        remarks: what an author should know.
        left_out: what could not be brought in, and why.
    """

    folder: Path
    releases: list[ReleaseReport] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [*map(str, self.releases), *self.remarks]
        return "\n".join([*lines, *(f"left out: {reason}" for reason in self.left_out)])


def move_in(source: Path, folder: Path, language: Language = Language.EN, *, suite: bool = False) -> Moved:
    """Make a course of an nbgrader course, and release all of it.

    Args:
        source: the nbgrader course, with ``source/<assignment>/``.
        folder: of the new course, made or empty.
        language: of the notebooks.
        suite: move hidden tests into suites, where that is mechanical.

    Raises:
        MovingInError: there is no such course, or one in the new folder already.
        NewCourseError: there is something in the folder already.
    """
    old = _Old.at(source)
    _demand_no_course(folder, old)
    demand_empty(folder)
    there = folder.exists()
    try:
        return _move_in(old, folder, language, suite=suite)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        if there:
            folder.mkdir(exist_ok=True)
        raise


def _demand_no_course(folder: Path, old: _Old) -> None:
    """Say what an import into a course that is there would overwrite, if there is one."""
    paths = Paths(folder)
    if not paths.course.is_file():
        return
    names = [name if _NAME.fullmatch(name) else course_id(name) for name in old.assignments]
    taken = [name for name in names if (paths.solutions / name).exists() or paths.solution(name).exists()]
    files = [paths.course.name, paths.config.name, *(f"solutions/{name}" for name in taken)]
    raise MovingInError(
        f"{folder} is a course already, and {', '.join(files)} would be overwritten: name another folder, "
        "and copy from there what you want."
    )


@dataclass(frozen=True)
class _Old:
    """The nbgrader course.

    Attributes:
        root: its folder.
        config: its settings.
        assignments: folders with notebooks, by the assignment's name.
        due: naive UTC, as its gradebook says.
    """

    root: Path
    config: Config
    assignments: dict[str, Path]
    due: dict[str, dt.datetime]

    @classmethod
    def at(cls, root: Path) -> _Old:
        try:
            config = nbgrader_config(root)
        except Exception as error:  # it is a program, and somebody else's
            reason = f"{type(error).__name__}: {error}"
            raise MovingInError(
                f"{root}/nbgrader_config.py cannot be run ({reason}): mend it first."
            ) from None
        folder = root / str(config.CourseDirectory.get("source_directory", "source"))
        found = {
            path.name: path
            for path in sorted(folder.iterdir() if folder.is_dir() else ())
            if path.is_dir() and not path.name.startswith(".") and any(path.glob("*.ipynb"))
        }
        if not found:
            raise MovingInError(
                f"{folder} has no folder with notebooks: name the folder of an nbgrader course, in which "
                "there is source/<assignment>/<notebook>.ipynb."
            )
        return cls(root, config, found, _due_dates(root / "gradebook.db"))


def _due_dates(gradebook: Path) -> dict[str, dt.datetime]:
    """Naive UTC by assignment, from nbgrader's database; nothing is written to it."""
    if not gradebook.is_file():
        return {}
    try:
        with closing(sqlite3.connect(f"{gradebook.resolve().as_uri()}?mode=ro", uri=True)) as database:
            rows = database.execute(
                "SELECT name, duedate FROM assignment WHERE duedate IS NOT NULL"
            ).fetchall()
    except sqlite3.Error:
        return {}
    found = {}
    for name, due in rows:
        with suppress(TypeError, ValueError):
            found[str(name)] = dt.datetime.fromisoformat(str(due))
    return found


# -- the whole course ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Assignment:
    """An assignment as it is brought in.

    Attributes:
        name: in the kit.
        notebooks: their names.
        scripts: solution by unit.
        suites: of a unit.
        beside: files by relative name.
        due: naive UTC, if somebody has said.
    """

    name: str
    notebooks: tuple[str, ...]
    scripts: Mapping[str, str]
    suites: Mapping[str, str]
    beside: Mapping[str, bytes]
    due: dt.datetime | None

    @property
    def uses_tensorflow(self) -> bool:
        text = "\n".join(self.scripts.values())
        return has_word(text, "tensorflow") or has_word(text, "keras")


def _move_in(old: _Old, folder: Path, language: Language, *, suite: bool) -> Moved:
    moved = Moved(folder)
    header, footer = _framing(old, moved)
    assignments: dict[str, _Assignment] = {}
    for name, source in old.assignments.items():
        try:
            made = _assignment(old, name, source, header, footer, moved, suite=suite)
        except MovingInError as error:
            moved.left_out.append(str(error))
            continue
        if made.name.casefold() in (known.casefold() for known in assignments):
            moved.left_out.append(f"{name}: there is an assignment {made.name} already; rename one of them.")
            continue
        assignments[made.name] = made
    if not assignments:
        raise MovingInError(f"Nothing of {old.root} can be brought in: {' '.join(moved.left_out)}")
    if suite and not any(each.suites for each in assignments.values()):
        moved.remarks.append("no hidden test could be moved into a suite")
    _write(old, folder, language, sorted(assignments.values(), key=_order), moved)
    course, paths = load_course(folder), Paths(folder)
    for assignment in course.assignments:
        try:
            moved.releases.append(release(course, assignment, paths))
        except (ReleaseError, GradebookError) as error:
            moved.left_out.append(f"{assignment.name} is there and cannot be released: {error}")
    return moved


def _order(assignment: _Assignment) -> tuple[dt.datetime, str]:
    return assignment.due or dt.datetime.max, assignment.name


def _write(
    old: _Old, folder: Path, language: Language, assignments: Sequence[_Assignment], moved: Moved
) -> None:
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None, second=0, microsecond=0)
    weeks = "assignments:\n" + "\n".join(_entry(each, now, _seconds(old.config)) for each in assignments)
    name = str(old.config.CourseDirectory.get("course_id") or old.root.resolve().name)
    write_settings(folder, course_text(name, language, weeks), _settings(old.config, moved))
    if undated := [each.name for each in assignments if each.due is None]:
        said = f"no due date is known of {', '.join(undated)}"
        moved.remarks.append(f"{said}: it is two weeks from now in course.yml, put the right one there")
    paths = Paths(folder)
    for assignment in assignments:
        for unit, script in assignment.scripts.items():
            write_atomically(paths.solution(unit), script.encode())
        for unit, text in assignment.suites.items():
            write_atomically(paths.suite(unit) / "test_hidden.py", text.encode())
        for file, content in assignment.beside.items():
            write_atomically(paths.solutions / assignment.name / file, content)
    templates = old.root / autotests_name(Paths(old.root))
    if templates.is_file():
        write_atomically(folder / autotests_name(paths), templates.read_bytes())


def _entry(assignment: _Assignment, now: dt.datetime, seconds: float) -> str:
    """An assignment in ``course.yml``; times are UTC there."""
    due = assignment.due or now + dt.timedelta(days=14)
    begins = min(now, due - dt.timedelta(days=14))
    lines = [f"name: {assignment.name}", f"title: {json.dumps(assignment.name)}"]
    if assignment.notebooks != (assignment.name,):
        listed = ", ".join(json.dumps(name, ensure_ascii=False) for name in assignment.notebooks)
        lines.append(f"notebooks: [{listed}]")
    lines.append("hidden_tests: cells # as nbgrader has them: see docs/moving-in.md")
    lines += [f"release: {begins:%Y-%m-%d %H:%M}", f"due: {due:%Y-%m-%d %H:%M}"]
    if assignment.uses_tensorflow:
        lines.append("tensorflow: true")
    lines.append(f"limits: {{ cell_seconds: {seconds:g}, cells_seconds: {_ALL_CELLS * seconds:g} }}")
    return "".join(f"  {'-' if number == 0 else ' '} {line}\n" for number, line in enumerate(lines))


def _seconds(config: Config) -> float:
    """What nbgrader gives a cell."""
    return float(Execute(config=config).timeout or Execute.timeout.default_value)


def _settings(config: Config, moved: Moved) -> str:
    """Lines for the end of ``nbgrader_config.py``: what shapes a release, as it was."""
    lines = ["", "# As it was in the nbgrader course."]
    stubs = ClearSolutions(config=config)
    taken: dict[str, Any] = {
        "ClearSolutions.code_stub": {"python": stubs.code_stub.get("python", "")},
    }
    for group, settings in config.items():
        for key, value in settings.items() if isinstance(settings, Config) else ():
            name = f"{group}.{key}"
            if group in _TAKEN:
                if name != "ClearSolutions.code_stub":
                    taken[name] = value
            elif group not in _SEEN_TO and not group.startswith("Exchange"):
                moved.remarks.append(
                    f"c.{name} of nbgrader_config.py is not taken over: see docs/moving-in.md"
                )
    for name, value in taken.items():
        if _is_plain(value):
            lines.append(f"c.{name} = {value!r}")
        else:
            moved.remarks.append(f"c.{name} of nbgrader_config.py is no plain value: set it again if needed")
    return "\n".join(lines) + "\n"


def _is_plain(value: Any) -> bool:
    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError):
        return False


def _framing(old: _Old, moved: Moved) -> tuple[list[NotebookNode], list[NotebookNode]]:
    """The cells that nbgrader puts before and after those of every notebook."""
    configured = IncludeHeaderFooter(config=old.config)
    found = []
    for kind, name in (("header", configured.header), ("footer", configured.footer)):
        path = old.root / name
        if name and path.is_file():
            found.append(_read(path).cells)
            moved.remarks.append(f"the {kind} {name} stands in every notebook now")
        else:
            if name:
                moved.left_out.append(f"the {kind} {name} is not there; bring it in and import again.")
            found.append([])
    return found[0], found[1]


# -- one assignment -----------------------------------------------------------------------------


def _assignment(
    old: _Old,
    name: str,
    source: Path,
    header: list[NotebookNode],
    footer: list[NotebookNode],
    moved: Moved,
    *,
    suite: bool,
) -> _Assignment:
    new_name = name if _NAME.fullmatch(name) else course_id(name)
    if new_name != name:
        said = f"{name} is called {new_name} here"
        moved.remarks.append(f"{said}: submissions, exchange and an old gradebook have the old name")
    files = sorted(source.glob("*.ipynb"))
    notebooks = tuple(path.stem for path in files)
    if odd := [notebook for notebook in notebooks if not _NOTEBOOK.fullmatch(notebook)]:
        raise MovingInError(
            f"{name}/{odd[0]}.ipynb has a name that cannot be kept: take letters, digits, spaces, . _ ( ) -."
        )
    beside = _beside(source, notebooks if notebooks != (new_name,) else (), moved)
    scripts, suites = {}, {}
    for path in files:
        unit = new_name if notebooks == (new_name,) else f"{new_name}/{path.stem}"
        notebook = _read(path)
        notebook.cells = [*node({"cells": header}).cells, *notebook.cells, *node({"cells": footer}).cells]
        beside |= _pasted_pictures(notebook, beside, f"{name}/{path.name}")
        _clean(notebook)
        if suite:
            made = suite_from_cells(notebook, old.config)
            moved.remarks += _told(made, unit)
            if made.text:
                suites[unit], notebook = made.text, made.notebook
        scripts[unit] = _script(notebook, f"{name}/{path.name}")
    return _Assignment(new_name, notebooks, scripts, suites, beside, old.due.get(name))


def _told(made: Suite, unit: str) -> Iterator[str]:
    if made.moved:
        yield f"tests/hidden/{unit}/test_hidden.py decides {', '.join(made.moved)} now"
    if made.staying:
        yield f"{unit}: the tests of {', '.join(made.staying)} stay in their cells"


def _read(path: Path) -> NotebookNode:
    where = f"{path.parent.name}/{path.name}"
    try:
        with path.open(encoding="utf-8") as file:
            notebook: NotebookNode = nbgraderformat.read(file, as_version=current_nbformat)
    except nbgraderformat.SchemaTooOldError:
        raise MovingInError(f"{where} is of an old nbgrader: run `nbgrader update` on it first.") from None
    except Exception as error:  # nbformat's, nbgrader's and the decoder's own
        reason = " ".join(str(error).split())[:160]
        raise MovingInError(f"{where} cannot be read ({reason}): mend it in Jupyter first.") from None
    kernel = notebook.metadata.get("kernelspec", {})
    spoken = str(kernel.get("language") or notebook.metadata.get("language_info", {}).get("name") or "python")
    if spoken.lower() not in ("python", "python3", "ipython"):
        raise MovingInError(f"{where} is in {spoken}: only Python is graded here.")
    return notebook


def _beside(source: Path, notebooks: Sequence[str], moved: Moved) -> dict[str, bytes]:
    """What lies beside the notebooks; a notebook in a folder of its own is nobody's."""
    try:
        found = read_tree(source)
    except CompanionError as error:
        raise MovingInError(str(error)) from None
    beside = {}
    for name, content in found.items():
        if Path(name).suffix == ".ipynb":
            if "/" in name:
                moved.left_out.append(f"{source.name}/{name}: a notebook that no assignment has.")
        elif name in {f"{notebook}{ending}" for notebook in notebooks for ending in (".py", ".ko.yml")}:
            raise MovingInError(
                f"{source.name}/{name} has the name of a notebook's script here: rename it, and its imports."
            )
        else:
            beside[name] = content
    return beside


def _pasted_pictures(notebook: NotebookNode, taken: Mapping[str, bytes], where: str) -> dict[str, bytes]:
    """Pictures that were pasted into text cells become files, which a script can refer to."""
    files: dict[str, bytes] = {}
    for cell in notebook.cells:
        for name, kinds in cell.pop("attachments", {}).items():
            (kind, data), *_ = kinds.items() or [("", "")]
            try:
                content = base64.b64decode("".join(data), validate=False)
            except (binascii.Error, ValueError):
                raise MovingInError(
                    f"{where}: the pasted picture {name!r} is damaged: paste it again."
                ) from None
            file = re.sub(r"[^\w.-]+", "_", name) or "picture"
            if "." not in file:
                file += "." + kind.partition("/")[2].partition("+")[0]
            while {**taken, **files}.get(file, content) != content:
                file = f"_{file}"
            files[file] = content
            cell.source = cell.source.replace(f"attachment:{name}", file)
    return files


def _clean(notebook: NotebookNode) -> None:
    """Keep of the metadata what a release depends on."""
    notebook.metadata = node(PYTHON)
    for cell in notebook.cells:
        told = {key: value for key, value in nbgrader_metadata(cell).items() if key in _KEPT}
        kept = tags(cell)
        cell.metadata = node(
            ({"nbgrader": told} if told.get("grade_id") else {}) | ({"tags": list(kept)} if kept else {})
        )
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def _script(notebook: NotebookNode, where: str) -> str:
    """The notebook as a percent script, from which the same notebook is read again."""
    text: str = jupytext.writes(notebook, fmt="py:percent")
    again = read_script(text).cells
    for number, (cell, read) in enumerate(zip(notebook.cells, again, strict=False), start=1):
        same = (cell.cell_type, cell.source.rstrip(), dict(nbgrader_metadata(cell)))
        if same != (read.cell_type, read.source.rstrip(), dict(nbgrader_metadata(read))):
            raise MovingInError(f"{where}: cell {number} cannot be written as a script: simplify its text.")
    if len(again) != len(notebook.cells):
        raise MovingInError(f"{where} cannot be written as a script: look for lines that begin with `# %%`.")
    return text
