"""Every attack, graded together with honest submissions, and what must hold afterwards.

An attack is one file in ``03_convolution/``: a script in the format of :mod:`autograder.authoring.sample`
whose leading comment is YAML, or a file that is handed in byte for byte, described in ``expected.yml``::

    what: what it tries
    points: 16          what its honest part earns; "<= 5" where chance or a guess may earn something
    status: graded      the examination's status
    cells: [timeout]    one of these verdicts must stand at one of its cells
    tests: [crashed]    every test has one of these verdicts, or passed
    notices: [edited-cell]     notices that the TA must see
    says: memory limit  words that a cell's, a test's or a notice's message must have
    probe: [mount, uid] with these layers switched off it must succeed: the attack is a real one

An attack that succeeds prints ``REACHED``. What must not get out is marked ``SECRET-MARKER-``.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest
from ruamel.yaml import YAML

from autograder.authoring.demo import make_course
from autograder.authoring.sample import build_class
from autograder.candidate.sandbox import kernel
from autograder.course.folders import Paths
from autograder.course.reading import load_course
from autograder.examination import Examination, Status, Verdict
from autograder.gradebook.graded_notebook import put_outputs
from autograder.grading.grade import grade
from autograder.notebooks.merging import merge
from autograder.notebooks.reading import read_submission
from autograder.options import Options

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]
WEEK = "03_convolution"
ATTACKS = Path(__file__).parent / WEEK
HONEST = ("kim_minji", "lee_junho", "yoon_sua", "ada")
MARK = "SECRET-MARKER-"
LIMITS = (
    "limits: { cell_seconds: 2, cells_seconds: 6, test_seconds: 1.5, tests_seconds: 12,"
    " memory: 512 MiB, processes: 60, scratch: 24 MiB, output: 1 MiB, reply: 8 MiB }"
)


@dataclass(frozen=True)
class Attack:
    """What a file says of itself."""

    what: str
    points: float | str = 0
    status: Status = Status.GRADED
    cells: tuple[Verdict, ...] = ()
    tests: tuple[Verdict, ...] = ()
    notices: tuple[str, ...] = ()
    says: str = ""
    probe: tuple[str, ...] = ()


def declared() -> dict[str, Attack]:
    yaml = YAML(typ="safe")
    found = dict(yaml.load((ATTACKS / "expected.yml").read_text(encoding="utf-8")))
    for file in ATTACKS.glob("*.py"):
        lines = re.match(r"(?:#.*\n)+", file.read_text(encoding="utf-8"))
        assert lines, f"{file.name} does not begin with a comment"
        found[file.stem] = yaml.load(re.sub(r"(?m)^# ?", "", lines[0]))
    for name, entry in found.items():
        for key in ("cells", "tests"):
            entry[key] = tuple(Verdict(verdict) for verdict in entry.get(key, ()))
        found[name] = Attack(**{**entry, "status": Status(entry.get("status", "graded"))})
    return found


DECLARED = declared()


@dataclass
class Graded:
    """The class after it was graded."""

    root: Path
    alone: dict[str, Examination]
    mixed: dict[str, Examination]
    left_behind: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with small limits and marked secrets."""
    sources = tmp_path_factory.mktemp("sources")
    for name in ("solutions", "tests/hidden"):
        shutil.copytree(REPOSITORY / name, sources / name)
    shutil.copy(REPOSITORY / "nbgrader_config.py", sources)
    text = (REPOSITORY / "course.yml").read_text(encoding="utf-8")
    head, week, rest = re.split(rf"(  - name: {WEEK}\n(?:    .*\n)+)", text, maxsplit=1)
    week = re.sub(r"    limits:.*\n", "", week) + f"    {LIMITS}\n"
    (sources / "course.yml").write_text(head + week + rest, encoding="utf-8")
    solution = sources / "solutions" / f"{WEEK}.py"
    marked = solution.read_text(encoding="utf-8").replace(
        "### BEGIN SOLUTION\n", f"### BEGIN SOLUTION\n    # {MARK}solution\n", 1
    )
    solution.write_text(marked, encoding="utf-8")
    suite = sources / "tests" / "hidden" / WEEK / "test_hidden.py"
    suite.write_text(f'{suite.read_text(encoding="utf-8")}\n\nSECRET = "{MARK}suite"\n', encoding="utf-8")
    root = make_course(sources, tmp_path_factory.mktemp("course") / "course", WEEK)
    build_class(REPOSITORY / "tests" / "submissions" / WEEK, released(root), root / "all", WEEK)
    for name in HONEST:
        shutil.copytree(root / "all" / name, root / "submitted" / name)
    shutil.rmtree(root / "all")
    return root


def released(root: Path) -> Any:
    return nbformat.read(Paths(root).released(WEEK), as_version=4)  # type: ignore[no-untyped-call]


def odd_folders(root: Path) -> None:
    """Submissions that are no files: links, pipes, folders, and one that is far too large."""
    submitted = root / "submitted"
    for name in ("a_link", "a_pipe", "a_folder", "a_linked_folder", "a_giant", "=cmd|' A0'"):
        (submitted / name / WEEK).mkdir(parents=True)
    notebook = f"{WEEK}.ipynb"
    (submitted / "a_link" / WEEK / notebook).symlink_to(submitted / "kim_minji" / WEEK / notebook)
    os.mkfifo(submitted / "a_pipe" / WEEK / notebook)
    (submitted / "a_folder" / WEEK / notebook).mkdir()
    (submitted / "a_linked_folder" / WEEK).rmdir()
    (submitted / "a_linked_folder" / WEEK).symlink_to(submitted / "kim_minji" / WEEK)
    with open(submitted / "a_giant" / WEEK / notebook, "wb") as file:
        file.truncate(1 << 33)
    (submitted / "=cmd|' A0'" / WEEK / notebook).write_bytes(b"{}")


@pytest.fixture(scope="module")
def graded(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graded]:
    """Honest submissions graded alone, then together with every attack."""
    home, scratch = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("scratch")
    (home / ".netrc").write_text(f"machine example.org password {MARK}home")
    (home / "secret.txt").write_text(f"{MARK}home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")))
        patch.setenv("HOME", str(home))
        patch.setenv("TMPDIR", str(scratch))
        patch.setenv("API_TOKEN", f"{MARK}environment")
        alone = run(course)
        build_class(ATTACKS, released(course), course / "submitted", WEEK)
        odd_folders(course)
        for path in course.joinpath("submitted").glob("*/*/*.ipynb"):
            if path.parents[1].name in HONEST:
                notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
                notebook.cells.append(nbformat.v4.new_markdown_cell(f"{MARK}submission"))  # type: ignore[no-untyped-call]
                nbformat.write(notebook, path)  # type: ignore[no-untyped-call]
        kernel.become_subreaper()  # whatever is left behind becomes a child of this process
        mounts = mounted(course)
        children = children_of_this_process()
        mixed = run(course)
        result = Graded(course, alone, mixed)
        result.left_behind += [f"process {pid}" for pid in children_of_this_process(10.0) - children]
        result.left_behind += [f"mount {place}" for place in mounted(course) - mounts]
        result.left_behind += [f"file {path}" for path in scratch.iterdir()]
        result.left_behind += [f"file {path}" for path in course.rglob("*.part")]
        yield result


def run(root: Path, **options: Any) -> dict[str, Examination]:
    tally = grade(root, WEEK, Options(force=True, workers=2, **options))
    return {examination.student: examination for examination in tally.examinations}


def children_of_this_process(patience: float = 0.0) -> set[int]:
    """Those that live; what has ended, or ends within a moment, is cleared away."""
    until = time.monotonic() + patience
    while True:
        living = set()
        for task in Path("/proc/self/task").iterdir():
            for pid in map(int, (task / "children").read_text().split()):
                with suppress(ChildProcessError):
                    if os.waitpid(pid, os.WNOHANG) == (0, 0):
                        living.add(pid)
        if not living or time.monotonic() > until:
            return living
        time.sleep(0.1)


def mounted(root: Path) -> set[str]:
    """Where something is mounted, but for what other tests have mounted for themselves."""
    places = {line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()}
    return {place for place in places if "/pytest-" not in place or place.startswith(str(root))}


def printed(examination: Examination) -> str:
    return json.dumps([cell.outputs for cell in examination.cells])


def test_everything_is_graded_and_the_grader_lives(graded: Graded) -> None:
    assert graded.mixed.keys() >= {*HONEST, *DECLARED}
    faults = {name: e.notices for name, e in graded.mixed.items() if e.status is Status.GRADER_ERROR}
    faults |= {
        name: str(test.message)
        for name, examination in graded.mixed.items()
        for test in examination.tests
        if test.verdict is Verdict.GRADER_ERROR
    }
    assert faults == {}


@pytest.mark.parametrize("name", HONEST)
def test_honest_scores_are_the_same_as_alone(graded: Graded, name: str) -> None:
    assert graded.mixed[name].scores == graded.alone[name].scores
    assert {(t.key, t.verdict) for t in graded.mixed[name].tests} == {
        (t.key, t.verdict) for t in graded.alone[name].tests
    }


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_an_attack_earns_what_its_honest_part_earns(graded: Graded, name: str) -> None:
    attack, examination = DECLARED[name], graded.mixed[name]
    assert examination.status is attack.status
    if isinstance(attack.points, str):
        assert examination.points <= float(attack.points.removeprefix("<="))
    else:
        assert examination.points == attack.points
    assert all(0 <= (score.points or 0) <= score.max_points for score in examination.scores)
    assert all(score.points is not None for score in examination.scores if not score.manual)


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_the_ta_sees_what_happened(graded: Graded, name: str) -> None:
    attack, examination = DECLARED[name], graded.mixed[name]
    verdicts = {cell.verdict for cell in examination.cells}
    assert not attack.cells or verdicts & set(attack.cells), verdicts
    assert {notice.code for notice in examination.notices} >= set(attack.notices)
    if attack.tests:
        assert {test.verdict for test in examination.tests} <= {*attack.tests, Verdict.PASSED}
    if attack.says:
        said = [*examination.cells, *examination.tests]
        texts = [str(one.message) for one in said] + [str(notice.text) for notice in examination.notices]
        assert any(attack.says in text for text in texts)


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_an_attack_reaches_nothing(graded: Graded, name: str) -> None:
    record = graded.mixed[name].model_dump_json()
    assert "REACHED" not in record
    assert MARK not in record
    path = Paths(graded.root).graded(name, WEEK) / f"{WEEK}.ipynb"
    notebook = path.read_text(encoding="utf-8") if path.is_file() else ""
    outputs = json.dumps([cell.get("outputs") for cell in json.loads(notebook or '{"cells": []}')["cells"]])
    assert "REACHED" not in outputs
    assert MARK not in outputs


def test_no_secret_is_in_any_record(graded: Graded) -> None:
    for path in Paths(graded.root).records.rglob("*.json"):
        record = json.loads(path.read_bytes())
        if path.parent.name in HONEST:
            del record["notebook"]  # what they wrote themselves is theirs, and marked
        assert MARK not in json.dumps(record), path


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_a_record_can_be_read_again(graded: Graded, name: str) -> None:
    examination = graded.mixed[name]
    assert Examination.model_validate_json(examination.model_dump_json()) == examination


def test_nothing_is_left_behind(graded: Graded) -> None:
    assert graded.left_behind == []


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_time_is_limited(graded: Graded, name: str) -> None:
    examination = graded.mixed[name]
    limits = load_course(graded.root).assignment(WEEK).limits
    # Four times, because a machine that keeps a candidate waiting gives the time back; and the grader's own.
    allowed = 4 * (limits.cells_seconds + limits.tests_seconds) + 60
    assert examination.timings.get("total", 0) < allowed


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a_link", "is a link"),
        ("a_linked_folder", "is a link"),
        ("a_pipe", "not an ordinary file"),
        ("a_folder", "not an ordinary file"),
        ("a_giant", "larger than"),
        ("=cmd|' A0'", "not a notebook"),
    ],
)
def test_what_is_no_file_is_not_opened(graded: Graded, name: str, words: str) -> None:
    examination = graded.mixed[name]
    assert examination.points == 0
    assert words in str(examination.notices[0].text)


def test_hidden_inputs_stay_hidden_until_the_feedback_is_full(graded: Graded) -> None:
    examination = graded.mixed["tells_hidden_inputs"]
    raw = (graded.root / "submitted" / examination.student / WEEK / f"{WEEK}.ipynb").read_bytes()
    notebook = merge(read_submission(raw), released(graded.root)).notebook
    hidden = {
        str(test.message) for test in examination.tests if not test.public and "INPUT" in str(test.message)
    }
    public = {str(test.message) for test in examination.tests if test.public}
    assert hidden - public
    for level in ("none", "names", "hints"):
        page = json.dumps(put_outputs(notebook, examination, level), ensure_ascii=False)
        for message in hidden - public:
            told = re.findall(r"INPUT[^\n]*", message)[0]
            assert html.escape(told) not in page
            assert told not in page


PROBES = sorted(name for name, attack in DECLARED.items() if attack.probe)


@pytest.mark.skipif(os.geteuid() != 0, reason="without confinement and privileges there is nothing to reach")
@pytest.mark.parametrize("name", PROBES)
def test_the_attack_would_succeed_without_the_defence(graded: Graded, name: str) -> None:
    examination = run(
        graded.root, students=(name,), switched_off=DECLARED[name].probe, gradebook=False, training=False
    )[name]
    assert "REACHED" in printed(examination)
