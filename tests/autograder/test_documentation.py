"""The documentation is true: its commands exist and run, its links lead somewhere, both READMEs agree."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import nbgrader
import pytest
import typer
from nbgrader.apps.nbgraderapp import NbGraderApp
from ruamel.yaml import YAML
from typer.core import TyperGroup
from typer.testing import CliRunner

from autograder.cli import app
from autograder.course.folders import COURSE_FILE, Paths
from autograder.course.reading import load_course

REPOSITORY = Path(__file__).parents[2]
PAGES = sorted([*REPOSITORY.glob("README*.md"), *(REPOSITORY / "docs").rglob("*.md")])
FOR_CONTRIBUTORS = [REPOSITORY / "CHANGELOG.md", REPOSITORY / "CONTRIBUTING.md"]
"""In their text a command is named without its arguments."""
WEEK = "03_convolution"
_GROUP = typer.main.get_command(app)
assert isinstance(_GROUP, TyperGroup)
COMMANDS = _GROUP.commands

_PROGRAMS = ("autograder", "nbgrader", "make", "jupyter")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
_LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
_SPAN = re.compile(rf"(?<!`)`((?:{'|'.join(_PROGRAMS)}) [^`\n]+)`(?!`)")

SCRIPTED = [REPOSITORY / "docs" / name for name in ("another-course.md", "moving-in.md")]
"""Pages whose commands are run one after the other, in the folders that they make."""

NOT_RUN = {
    "autograder demo --hostile": "takes minutes; tests/attacks grades the same class",
    f"autograder grade {WEEK} --scheduler tcp://scheduler:8786": "needs a cluster; has tests of its own",
    f"autograder name {WEEK} conv2d-3fa2c1": "needs a class that shares a wrong answer; has tests of its own",
    f"autograder comment {WEEK} explain-flip-1f09ab --undo": "needs equal answers; has tests of its own",
    f"autograder comment {WEEK} explain-flip-1f09ab 'Right, and the kernel is turned first.' --points 4": (
        "likewise"
    ),
    "autograder watch": "does not end by itself",
    "autograder verify": "all weeks take minutes; one week is verified here",
    "autograder verify --fast": "likewise",
    "autograder verify --explore": "likewise",
    f"autograder verify {WEEK}": "takes minutes; the week made by new-week is verified here",
    f"autograder verify {WEEK} --fast": "likewise",
}
"""Commands of the documentation that are checked but not run, and why."""

ORDER = (
    *("doctor", "init", "import", "new-week", "release", "roster", "collect", "grade", "check"),
    *("watch", "feedback", "similarity", "report", "export", "package", "verify"),
)
"""In a term's order, so that each finds what the one before has made."""


def commands(page: Path) -> list[str]:
    """The command lines in a page's fenced blocks, without their remarks."""
    found = []
    for _, block in _FENCE.findall(page.read_text(encoding="utf-8")):
        for line in block.splitlines():
            if line.startswith(tuple(f"{program} " for program in _PROGRAMS)):
                found.append(shlex.join(shlex.split(line, comments=True)))
    return found


def mentioned(page: Path) -> list[str]:
    """Command lines in running text that stand for themselves: without ``WEEK`` and the like."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return [span for span in _SPAN.findall(text) if not re.search(r"[A-Z<…]{2,}|[<…]", span)]


ALL = sorted(
    {command for page in PAGES for command in mentioned(page)}
    | {command for page in [*PAGES, *FOR_CONTRIBUTORS] for command in commands(page)}
)


def test_there_are_commands_in_the_documentation() -> None:
    assert len(ALL) > 20
    names = {shlex.split(command)[1] for command in ALL if command.startswith("autograder ")}
    assert names == set(COMMANDS), "the documentation shows every command"


@pytest.mark.parametrize("command", ALL)
def test_the_command_exists_with_its_options(command: str) -> None:
    program, *words = shlex.split(command)
    {"autograder": _autograder, "nbgrader": _nbgrader, "make": _make, "jupyter": _jupyter}[program](words)


def _autograder(words: list[str]) -> None:
    """Parsed by the command line itself, which refuses unknown names, options and values."""
    name, *arguments = words
    assert name in COMMANDS, f"autograder has no command {name}"
    command = COMMANDS[name]
    with command.make_context(name, list(arguments)):
        pass
    assert CliRunner().invoke(app, [name, "--help"]).exit_code == 0


def _nbgrader(words: list[str]) -> None:
    name, *rest = words
    assert name in NbGraderApp.subcommands, f"nbgrader has no command {name}"
    application = NbGraderApp.subcommands[name][0]
    while rest and rest[0] in _table(application, "subcommands"):
        application = _table(application, "subcommands")[rest.pop(0)][0]
    for word in rest:
        if word.startswith("--"):
            option = word[2:].partition("=")[0]
            known = {**_table(application, "flags"), **_table(application, "aliases")}
            assert option in known or "." in option, option


def _table(application: Any, name: str) -> dict[str, Any]:
    """A table of one of nbgrader's programs; not every one has each."""
    found = getattr(application, name, {})
    return found if isinstance(found, dict) else {}


def _make(words: list[str]) -> None:
    targets = re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.M)
    assert set(words) <= set(targets)


def _jupyter(words: list[str]) -> None:
    assert Path(sys.executable).with_name(f"jupyter-{words[0]}").exists()


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course before its first release, a small class in an archive, and a roster."""
    from autograder.authoring.release import release
    from autograder.authoring.sample import build_class

    root = tmp_path_factory.mktemp("documented")
    for name in (COURSE_FILE, "nbgrader_config.py"):
        shutil.copy(REPOSITORY / name, root)
    shutil.copytree(REPOSITORY / "tests" / "hidden" / WEEK, root / "tests" / "hidden" / WEEK)
    (root / "solutions").mkdir()
    shutil.copy(REPOSITORY / "solutions" / f"{WEEK}.py", root / "solutions")
    made, paths = load_course(root), Paths(root)
    release(made, made.assignment(WEEK), paths)
    released = nbformat.read(paths.released(WEEK), as_version=4)  # type: ignore[no-untyped-call]
    students = root / "class"
    students.mkdir()
    for student in ("kim_minji", "ada"):
        shutil.copy(REPOSITORY / "tests" / "submissions" / WEEK / f"{student}.py", students)
    names = build_class(students, released, root / "handed-in", WEEK)
    with zipfile.ZipFile(root / "in.zip", "w") as archive:
        for name in names:
            archive.write(root / "handed-in" / name / WEEK / f"{WEEK}.ipynb", f"{name}/{WEEK}/{WEEK}.ipynb")
    shutil.copy(root / "handed-in" / "kim_minji" / WEEK / f"{WEEK}.ipynb", root)
    roster = "Student,Email,ID number\nkim_minji,kim@example.org,1\nada,ada@example.org,2\n"
    (root / "students.csv").write_text(roster, encoding="utf-8")
    for made_here in ("class", "handed-in", "assignments", ".autograder"):
        shutil.rmtree(root / made_here)
    return root


def _runnable() -> Iterator[str]:
    elsewhere = {command for page in SCRIPTED for command in (*commands(page), *mentioned(page))}
    shown = {
        command for page in PAGES if page not in SCRIPTED for command in (*commands(page), *mentioned(page))
    }
    fit = [
        command
        for command in ALL
        if command.startswith("autograder ")
        and command not in NOT_RUN
        and (command in shown or command not in elsewhere)
    ]
    yield from sorted(fit, key=lambda command: (ORDER.index(shlex.split(command)[1]), len(command)))


@pytest.mark.slow
def test_the_commands_of_the_documentation_run_one_after_the_other(course: Path) -> None:
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    for command in _runnable():
        words = shlex.split(command)[1:]
        made = subprocess.run(
            [sys.executable, "-m", "autograder.cli", *words],
            cwd=course,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert made.returncode == 0, f"{command}\n{made.stdout}\n{made.stderr}"
        assert made.stdout.strip(), f"{command} says nothing"
        assert "Traceback" not in made.stderr, command
    for path in ("report/index.html", "feedback/ada/03_convolution/feedback.html", "gradebook.db"):
        assert (course / path).is_file(), path
    for name in ("canvas.csv", "moodle.csv", "grades.csv", f"gradescope-{WEEK}.zip"):
        assert (course / "exports" / name).is_file(), name
    assert (course / f"{WEEK}-check.html").is_file()


def _nbgrader_course(root: Path) -> None:
    """The example course of nbgrader's own guide (BSD licence), graded, and a notebook with hidden tests."""
    guide = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide"
    shutil.copytree(guide / "source" / "ps1", root / "source" / "ps1")
    shutil.copytree(guide / "submitted", root / "submitted")
    tests = Path(nbgrader.__file__).parent / "tests" / "apps" / "files" / "test-hidden-tests.ipynb"
    notebook = nbformat.read(tests, as_version=4)  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "squares":
            solved = "if n < 1:\n        raise ValueError\n    return [i**2 for i in range(1, n + 1)]"
            cell.source = f"def squares(n):\n    ### BEGIN SOLUTION\n    {solved}\n    ### END SOLUTION"
        elif cell.metadata.get("nbgrader", {}).get("grade_id") == "sum_of_squares":
            solved = "return sum(squares(n))"
            cell.source = (
                f"def sum_of_squares(n):\n    ### BEGIN SOLUTION\n    {solved}\n    ### END SOLUTION"
            )
    nbformat.write(notebook, root / "source" / "ps1" / "problem3.ipynb")  # type: ignore[no-untyped-call]
    for command in ("generate_assignment", "autograde"):
        _run_script(f"nbgrader {command} ps1", root)


def _run_script(script: str, folder: Path) -> str:
    """What a shell prints, with this kit's and nbgrader's commands; it has to end well."""
    programs = "\n".join(
        f'{name}() {{ {shlex.quote(sys.executable)} -m {module} "$@"; }}'
        for name, module in (("autograder", "autograder.cli"), ("nbgrader", "nbgrader"))
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # nbgrader starts alembic
    made = subprocess.run(
        ["bash", "-ec", f"{programs}\n{script}"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "PYTHONIOENCODING": "utf-8", "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert made.returncode == 0, f"{script}\n{made.stdout}\n{made.stderr}"
    return made.stdout


@pytest.mark.slow
@pytest.mark.parametrize("page", SCRIPTED, ids=lambda page: page.stem)
def test_a_page_can_be_followed_from_its_first_command_to_its_last(page: Path, tmp_path: Path) -> None:
    if page.stem == "moving-in":
        _nbgrader_course(tmp_path / "nbgrader-course")
    text = page.read_text(encoding="utf-8")
    script = "".join(block for language, block in _FENCE.findall(text) if not language)
    said = _run_script(script, tmp_path)
    assert said.count("The course is sound.") == text.count("\nautograder verify")
    if page.stem == "moving-in":
        assert (tmp_path / "my-course" / "exports" / "grades.csv").is_file()
        suite = tmp_path / "with-suites" / "tests" / "hidden" / "ps1" / "problem3" / "test_hidden.py"
        assert "def test_squares_4(" in suite.read_text(encoding="utf-8")
    else:
        pages = tmp_path / "my-course" / "feedback" / "ada" / "01_scaling" / "feedback.html"
        assert "not implemented yet" in pages.read_text(encoding="utf-8")


def test_every_command_that_is_not_run_is_in_the_documentation() -> None:
    assert set(NOT_RUN) <= set(ALL)


@pytest.mark.parametrize(
    "page", [*PAGES, *FOR_CONTRIBUTORS], ids=lambda page: page.relative_to(REPOSITORY).as_posix()
)
def test_links_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.M)
            assert anchor in {_anchor(heading) for heading in headings}, link


def _anchor(heading: str) -> str:
    """A heading's address as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize(
    ("english", "korean"),
    [
        ("README.md", "README.ko.md"),
        ("docs/students.md", "docs/ko/students.md"),
        ("docs/assistants.md", "docs/ko/assistants.md"),
        ("docs/watching.md", "docs/ko/watching.md"),
    ],
)
def test_both_languages_show_the_same_commands(english: str, korean: str) -> None:
    assert commands(REPOSITORY / korean) == commands(REPOSITORY / english)


def test_the_settings_that_the_documentation_shows_are_valid(tmp_path: Path) -> None:
    page = (REPOSITORY / "docs" / "instructors.md").read_text(encoding="utf-8")
    (shown,) = [block for language, block in _FENCE.findall(page) if language == "yaml"]
    (tmp_path / COURSE_FILE).write_text(shown, encoding="utf-8")
    assert load_course(tmp_path).names == (WEEK,)


def test_the_mutants_that_the_documentation_shows_are_some(tmp_path: Path) -> None:
    from autograder.examiner.mutants import functions_of, load_mutants
    from autograder.notebooks.scripts import read_script

    page = (REPOSITORY / "docs" / "writing-a-week.md").read_text(encoding="utf-8")
    blocks = _FENCE.findall(page)
    whole, edit, _ = [block for language, block in blocks if language == "yaml"]
    solution = next(block for language, block in blocks if language == "python" and "def scale" in block)
    functions = functions_of(read_script(solution))
    for text in (whole, whole[: whole.index("  source:")] + edit):
        (tmp_path / "mutants.yml").write_text(text, encoding="utf-8")
        (mutant,) = load_mutants(tmp_path, functions)
        compile(mutant.source, "mutant", "exec")
        assert f"def {mutant.replaces}(" in mutant.source
    assert "return values / largest" in mutant.source


def test_the_table_of_modules_is_complete() -> None:
    page = (REPOSITORY / "docs" / "design.md").read_text(encoding="utf-8")
    table = page[page.index("## Modules") :]
    named = set()
    for row in re.findall(r"^\| (`.+?) \|", table, re.M):
        folder = ""
        for name in re.findall(r"`([\w/]+\.py)`", row):
            folder = f"{name.rpartition('/')[0]}/" if "/" in name else folder
            named.add(name if "/" in name else folder + name)
    package = REPOSITORY / "autograder"
    there = {
        path.relative_to(package).as_posix() for path in package.rglob("*.py") if path.name != "__init__.py"
    }
    assert named == there, "each module belongs into the table of docs/design.md, and no other"


def test_what_the_glossary_and_contributors_are_pointed_to_is_there() -> None:
    for name in ("docs/glossary.md", "CONTRIBUTING.md"):
        page = (REPOSITORY / name).read_text(encoding="utf-8")
        paths = re.findall(r"`([\w./-]*(?:\.(?:py|md|yml)|\w/))`", page)
        assert len(paths) > 5, name
        for path in paths:
            assert (REPOSITORY / path).exists() or (REPOSITORY / "autograder" / path).exists(), (name, path)


def test_the_glossary_is_in_order() -> None:
    page = (REPOSITORY / "docs" / "glossary.md").read_text(encoding="utf-8")
    words = re.findall(r"^\| ([a-z ,]+?) \| ", page, re.M)[1:]  # the first row is the heading
    assert len(words) > 20
    assert words == sorted(words)


def test_a_commit_is_checked_by_what_make_lint_runs() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    lint = makefile[makefile.index("\nlint:") :].split("\n\n")[0]
    run = re.findall(r"^\t\$\(BIN\)/(\w+(?: (?:check|format))?)", lint, re.M)
    hooks = YAML(typ="safe").load((REPOSITORY / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (repository,) = hooks["repos"]
    assert repository["repo"] == "local"
    entries = [hook["entry"].removeprefix(".venv/bin/") for hook in repository["hooks"]]
    assert [" ".join(word for word in entry.split() if not word.startswith("-")) for entry in entries] == run


def test_the_version_is_told() -> None:
    from autograder import __version__

    told = CliRunner().invoke(app, ["--version"])
    assert (told.exit_code, told.output) == (0, f"autograder {__version__}\n")


@pytest.mark.parametrize("command", ["grade", "collect"])
def test_help_tells_what_exit_codes_mean(command: str) -> None:
    text = " ".join(CliRunner().invoke(app, [command, "--help"]).output.split())
    assert "Exit codes: 0 done; 1 " in text
    assert "; 3 " in text
