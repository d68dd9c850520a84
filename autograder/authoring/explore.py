"""Holes of a suite that nobody has thought of: variants of the solution that no hidden test refuses.

An author answers each with a test, or with an entry in ``equivalents.yml`` that says why nobody can tell it
from the solution. What was found out is kept, and asked again only when it may have changed: that a test
refuses a variant depends on this test; that none does, on all of them.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from autograder.authoring.mutations import SPOILERS, Usage, Variant, spoilt, variants_of
from autograder.course.folders import Paths
from autograder.course.models import Assignment, Course
from autograder.course.reading import load_course
from autograder.examination import Examination, Verdict
from autograder.examiner.mutants import CatalogueError, functions_of
from autograder.examiner.needs import needed_by
from autograder.files import json_bytes, write_atomically
from autograder.grading.pool import Ended, Pool, cores, patience, worker_settings
from autograder.notebooks.metadata import is_solution
from autograder.notebooks.scripts import dump, read_script
from autograder.options import Options
from autograder.problem import Problem
from autograder.submissions.keys import week_fingerprint

Progress = Callable[[str, int, int], None]
"""Is told the week, and how many of how many variants have been asked about."""

_KEPT_EVERY = 50
"""Answers after which what is known is written down."""


@dataclass(frozen=True)
class Equivalent:
    """Variants of which an author says that nobody can tell them from the solution.

    Attributes:
        function: of the solution.
        was: the line that they change, or a part of it; empty for a spoilt function.
        now: what they make of it, one or several.
        why: nobody can tell.
        training: only tests that train a model can tell, and where these are run they have to.
    """

    function: str
    was: str
    now: tuple[str, ...]
    why: str
    training: bool = False

    def means(self, variant: Variant) -> str | None:
        """What of ``now`` the variant is; None if it is none of these."""
        if variant.function != self.function:
            return None
        places = [match.start() for match in re.finditer(re.escape(self.was), variant.was)]
        for now in self.now:
            for place in places:
                if variant.was[:place] + now + variant.was[place + len(self.was) :] == variant.now:
                    return now
        return None


@dataclass
class Exploration:
    """What was found out of one week.

    Attributes:
        week: its name.
        variants: how many were made.
        asked: how many of them were asked about now; of the others it was known.
        refused: by a hidden test.
        equivalent: nobody can tell, an entry says.
        survivors: neither.
        usage: what tests do with each function.
        left_out: functions that only tests which train call.
        complaints: sentences, each with a way to mend it.
    """

    week: str
    variants: int = 0
    asked: int = 0
    refused: int = 0
    equivalent: int = 0
    seconds: float = 0.0
    survivors: list[Variant] = field(default_factory=list)
    usage: dict[str, Usage] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def explore(
    root: Path, weeks: Iterable[str] = (), *, fast: bool = False, progress: Progress = lambda *_: None
) -> Iterator[Exploration]:
    """Look for holes week by week.

    Args:
        root: the course's folder.
        weeks: only these; all if empty.
        fast: leave out the tests that train a model, and functions that only they call. Otherwise they
            are asked about what no other test refuses.
        progress: is told now and then.
    """
    course, paths = load_course(root), Paths(root)
    names = [unit for week in weeks or course.names for unit in course.assignment(week).units]
    for assignment in map(course.assignment, names):
        started = time.perf_counter()
        found = Exploration(assignment.name)
        try:
            _Week(course, assignment, paths, found, fast=fast, progress=progress).explore()
        except (OSError, ValueError, Problem) as error:
            found.complaints.append(str(error))
        found.seconds = time.perf_counter() - started
        yield found


class _Week:
    """The exploration of one week."""

    def __init__(
        self,
        course: Course,
        assignment: Assignment,
        paths: Paths,
        found: Exploration,
        *,
        fast: bool,
        progress: Progress,
    ) -> None:
        self._name, self._found, self._fast, self._progress = assignment.name, found, fast, progress
        self._paths = paths
        self._options = Options(training=not fast)
        self._settings = (course, paths, assignment.name, self._options)
        self._patience = patience(assignment)
        self._pool: Pool | None = None

    def explore(self) -> None:
        """Make the variants, ask about those of which nothing is known, and compare with the entries."""
        path = self._paths.solution(self._name)
        if not path.is_file():
            raise ValueError(f"solutions/{self._name}.py is missing: write it first.")
        solution = read_script(path.read_text(encoding="utf-8"))
        functions = _asked_functions(solution)
        equivalents = load_equivalents(self._paths.suite(self._name))
        course, paths, name, _ = self._settings
        ground, tests = _digests(paths.suite(name))
        ground = week_fingerprint(course, paths, name, Options(), suite=False) + ground
        with_usage = hashlib.sha256("".join(sorted(tests.values())).encode()).hexdigest()
        known = _Known(paths.cache / "explore" / f"{name}.json", ground, tests, with_usage)
        try:
            usage = {name: Usage(**one) for name, one in self._usage(known, solution).items()}
            self._found.usage = usage
            reached = set(usage).union(*(needed_by(function, functions) for function in usage))
            if self._fast:
                self._found.left_out = [name for name in functions if name not in reached]
            variants = [
                variant
                for function, source in functions.items()
                if function in reached or not self._fast
                for variant in (*variants_of(source), *spoilt(function, usage.get(function, Usage())))
            ]
            self._found.variants = len(variants)
            self._ask(variants, known, training=False)
            if not self._fast and known.trains:
                self._ask([v for v in variants if not known.refused(v)], known, training=True)
            self._judge(variants, equivalents, known)
        finally:
            known.write()
            if self._pool is not None:
                self._pool.close()

    def _workers(self) -> Pool:
        if self._pool is None:
            self._pool = Pool(worker_settings(*self._settings), cores(), self._patience)
        return self._pool

    def _usage(self, known: _Known, solution: NotebookNode) -> dict[str, Any]:
        """What tests do with each function, asked once the solution is known to pass them."""
        if known.usage is None:
            pool = self._workers()
            _demand_sound(pool, solution, self._name)
            ((_, answer),) = pool.run([{"usage": True}])
            ((_, listed),) = pool.run([{"tests": True}])
            if isinstance(answer, Ended) or isinstance(listed, Ended):
                raise ValueError(f"{self._name}: the examiner ended on the solution.")
            known.usage = {
                function: {**one, "tests": tuple(one["tests"])} for function, one in answer["usage"].items()
            }
            known.trains = any(test["training"] for test in listed["tests"])
        return known.usage

    def _ask(self, variants: list[Variant], known: _Known, *, training: bool) -> None:
        """Have the suite asked about the variants of which it is not known what it says."""
        wanted = [variant for variant in variants if not known.holds(variant, training=training)]
        self._found.asked += len(wanted)
        if not wanted:
            return
        jobs = [
            {"probe": variant.function, "source": variant.source, "training": training} for variant in wanted
        ]
        for number, (place, answer) in enumerate(self._workers().run(jobs), start=1):
            variant = wanted[place]
            if isinstance(answer, Ended):
                said = f"the examiner ended twice ({answer.reason})"
                answer = {"hidden": "", "faults": [said]}
            known.note(variant, answer["hidden"], answer["faults"], training=training)
            if number % _KEPT_EVERY == 0:
                known.write()
            self._progress(self._name, number, len(wanted))

    def _judge(self, variants: list[Variant], equivalents: list[Equivalent], known: _Known) -> None:
        found, place = self._found, f"tests/hidden/{self._name}"
        living: set[tuple[int, str]] = set()
        refused: dict[tuple[int, str], str] = {}
        for variant in variants:
            meant = [(number, entry.means(variant)) for number, entry in enumerate(equivalents)]
            of_it = [(number, now) for number, now in meant if now is not None]
            if fault := known.fault(variant):
                said = f"{place}: on {_named(variant)} a test of ours fails"
                found.complaints.append(f"{said}: {fault[:200]}; mend it.")
            if test := known.refused(variant):
                found.refused += 1
                refused.update(dict.fromkeys(of_it, test))
            elif any(self._fast or not equivalents[number].training for number, _ in of_it):
                found.equivalent += 1
                living.update(of_it)
            else:
                found.survivors.append(variant)
                living.update(of_it)
        left_out = set(found.left_out)
        for number, entry in enumerate(equivalents):
            for now in entry.now:
                if (number, now) in living or entry.function in left_out:
                    continue
                said = f"{place}/equivalents.yml: `{now}` for `{entry.was}` in {entry.function}"
                if (number, now) in refused and entry.training:
                    continue
                if (number, now) in refused:
                    test = refused[number, now]
                    found.complaints.append(f"{said} is refused by {test}; take the entry out.")
                else:
                    found.complaints.append(f"{said} is no variant of the solution (any more); take it out.")


def _named(variant: Variant) -> str:
    return f"`{variant.now}` for `{variant.was}` in {variant.function}".replace("\n", " / ")


def _asked_functions(solution: NotebookNode) -> dict[str, str]:
    """The functions that students write."""
    asked = copy.copy(solution)
    asked.cells = [cell for cell in solution.cells if is_solution(cell)]
    return functions_of(asked)


def _demand_sound(pool: Pool, solution: NotebookNode, name: str) -> None:
    """The solution passes its own tests, or no answer means anything.

    Raises:
        ValueError: it does not.
    """
    job = {"student": "solution", "key": "explore", "raw": dump(solution), "problem": ""}
    ((_, answer),) = pool.run([job])
    if isinstance(answer, Ended):
        raise ValueError(f"{name}: the examiner ended on the solution ({answer.reason}).")
    examination = Examination.model_validate_json(answer["examination"])
    failed = [test.name for test in examination.tests if test.verdict is not Verdict.PASSED and test.weight]
    if failed or examination.status != "graded":
        reason = f"fails {failed[0]}" if failed else "cannot be graded"
        raise ValueError(f"solutions/{name}.py {reason}: run `autograder verify {name}` and mend it first.")


# -- what is known --------------------------------------------------------------------------------


class _Known:
    """What the suite said of variants, kept for as long as it holds.

    Args:
        path: of the file.
        ground: digest of everything but the tests themselves.
        tests: digest of each test by its name.
        whole: digest of all of them.
    """

    def __init__(self, path: Path, ground: str, tests: dict[str, str], whole: str) -> None:
        self._path, self._ground, self._tests, self._whole = path, ground, tests, whole
        self._changed = False
        self.usage: dict[str, Any] | None = None
        self.trains = False
        self._answers: dict[str, dict[str, Any]] = {}
        kept = self._read()
        if kept.get("ground") == ground:
            self._answers = kept.get("answers", {})
            if kept.get("whole") == whole:
                self.usage, self.trains = kept.get("usage"), kept.get("trains", False)

    def _read(self) -> dict[str, Any]:
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}

    def holds(self, variant: Variant, *, training: bool) -> bool:
        """Whether it is known what the suite says of a variant."""
        answer = self._answers.get(_key(variant))
        if answer is None:
            return False
        if answer["test"] and not answer["fault"]:
            return bool(answer["digest"] == self._tests.get(_plain(answer["test"])))
        return bool(answer["digest"] == self._whole and (answer["trained"] or not training))

    def note(self, variant: Variant, said: str, faults: list[str], *, training: bool) -> None:
        """What the suite has just said."""
        test = said.partition(" (")[0]
        digest = self._tests.get(_plain(test), "") if test and not faults else self._whole
        self._answers[_key(variant)] = {
            "test": test,
            "digest": digest,
            "fault": faults[0] if faults else "",
            "trained": training,
        }
        self._changed = True

    def refused(self, variant: Variant) -> str:
        """The hidden test that refuses a variant; empty if none does."""
        return str(self._answers[_key(variant)]["test"])

    def fault(self, variant: Variant) -> str:
        """What went wrong on our side."""
        return str(self._answers[_key(variant)]["fault"])

    def write(self) -> None:
        """Keep it."""
        if self._changed or self.usage is not None:
            kept = {"ground": self._ground, "whole": self._whole, "usage": self.usage, "trains": self.trains}
            write_atomically(self._path, json_bytes({**kept, "answers": self._answers}))
            self._changed = False


def _key(variant: Variant) -> str:
    return hashlib.sha256(f"{variant.function}\n{variant.source}".encode()).hexdigest()[:24]


def _plain(test: str) -> str:
    """A test's function, without its parameters."""
    return test.partition("[")[0]


def _digests(suite: Path) -> tuple[str, dict[str, str]]:
    """Digest of what all tests of a suite share, and of each test, by its function's name."""
    shared = hashlib.sha256()
    tests: dict[str, str] = defaultdict(str)
    for path in sorted(suite.rglob("*.py")) if suite.is_dir() else []:
        try:
            body = ast.parse(path.read_text(encoding="utf-8")).body
        except SyntaxError as error:
            raise ValueError(f"tests/hidden/{suite.name}/{path.name}: {error}; mend it.") from None
        for node in body:
            text = ast.unparse(node)
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                tests[node.name] = hashlib.sha256((tests[node.name] + text).encode()).hexdigest()
            else:
                shared.update(f"{path.name}\n{text}\n".encode())
    return shared.hexdigest(), dict(tests)


# -- equivalents.yml ------------------------------------------------------------------------------


def load_equivalents(suite: Path) -> list[Equivalent]:
    """The entries of a suite's ``equivalents.yml``; none if it has none.

    Raises:
        CatalogueError: one lacks something.
    """
    path = suite / "equivalents.yml"
    place = "/".join(path.parts[-4:])
    if not path.is_file():
        return []
    try:
        entries = YAML(typ="safe").load(path.read_text(encoding="utf-8")) or []
    except YAMLError as error:
        said = " ".join(str(getattr(error, "problem", None) or error).split())
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise CatalogueError(f"{place}{line}: {said}; mend the YAML.") from None
    if not isinstance(entries, list):
        raise CatalogueError(f"{place} is not a list of entries, each beginning with `- function:`.")
    return [_equivalent(place, number, entry) for number, entry in enumerate(entries, start=1)]


def _equivalent(place: str, number: int, entry: Any) -> Equivalent:
    fields = entry if isinstance(entry, dict) else {}
    now = fields.get("now")
    several: list[Any] = now if isinstance(now, list) and now else [now]
    spoilt_one = all(one in SPOILERS for one in several)
    for key, missing in (
        ("function", not fields.get("function")),
        ("now", not all(isinstance(one, str) for one in several)),
        ("was", not fields.get("was") and not spoilt_one),
        ("why", not fields.get("why")),
    ):
        if missing:
            raise CatalogueError(f"{place}: entry {number} lacks {key}; write `{key}: …`.")
    return Equivalent(
        function=str(fields["function"]),
        was=_lines(str(fields.get("was", ""))),
        now=tuple(_lines(one) for one in several),
        why=str(fields["why"]),
        training=bool(fields.get("training", False)),
    )


def _lines(text: str) -> str:
    """The text as variants have it, without the marks of a line that was cut to be shown."""
    return "\n".join(line.removeprefix("… ").removesuffix(" …") for line in text.strip("\n").splitlines())
