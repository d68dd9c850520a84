"""Is the course itself sound? Every solution passes, every mutant fails, nothing hidden gets out.

Each complaint names the file and says how to mend it.
"""

from __future__ import annotations

import re
import symtable
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from autograder.authoring.languages import untranslated
from autograder.authoring.translation import TranslationError, translated
from autograder.course.companions import kept_with_solution, read_tree, released_beside
from autograder.course.folders import Paths, split_unit
from autograder.course.models import Assignment, Course
from autograder.course.reading import load_course
from autograder.examination import Examination, Verdict
from autograder.examiner.mutants import (
    Alternative,
    CatalogueError,
    Mutant,
    functions_of,
    load_alternatives,
    load_mutants,
    unfilled,
)
from autograder.examiner.needs import needs_in
from autograder.grading.pool import Ended, Pool, cores, patience, worker_settings
from autograder.notebooks.metadata import PICTURE_TAG, grade_id, is_manual, is_picture, is_test, points, tags
from autograder.notebooks.reading import read_released, read_submission
from autograder.notebooks.scripts import dump, read_script
from autograder.options import Options
from autograder.problem import Problem
from autograder.submissions.week import hidden_tests_in_cells

_MIN_LINE = 16
"""Shorter lines of a solution may stand in an assignment by chance."""


@dataclass
class WeekReport:
    """What was found out of one week.

    Attributes:
        week: its name.
        carried: mutants of functions that others need and that cost none of these their points.
        named: mutants whose misconception a student who wrote them is told.
        complaints: sentences, each with a way to mend it; none means sound.
    """

    week: str
    cells: int = 0
    points: float = 0.0
    tests: int = 0
    mutants: int = 0
    killed: int = 0
    untried: int = 0
    alternatives: int = 0
    accepted: int = 0
    carried: int = 0
    named: int = 0
    seconds: float = 0.0
    complaints: list[str] = field(default_factory=list)


def verify(root: Path, weeks: Iterable[str] = (), *, fast: bool = False) -> Iterator[WeekReport]:
    """Check week by week.

    Args:
        root: the course's folder.
        weeks: only these; all that have a solution if empty.
        fast: leave out the tests that train a model, and what only they can tell.
    """
    course, paths = load_course(root), Paths(root)
    names = [unit for week in weeks or course.names for unit in course.assignment(week).units]
    chosen = [course.assignment(name) for name in names]
    ids: set[str] = set()
    for assignment in chosen:
        started = time.perf_counter()
        report = WeekReport(assignment.name)
        try:
            _verify_week(course, assignment, paths, report, ids, fast=fast)
        except (OSError, ValueError, Problem) as error:
            report.complaints.append(str(error))
        report.seconds = time.perf_counter() - started
        yield report


def _verify_week(
    course: Course, assignment: Assignment, paths: Paths, report: WeekReport, ids: set[str], *, fast: bool
) -> None:
    name = assignment.name
    if not paths.solution(name).is_file():
        report.complaints.append(
            f"solutions/{name}.py is missing: write it, or take {name} out of course.yml."
        )
        return
    solution = read_script(paths.solution(name).read_text(encoding="utf-8"))
    mutants: list[Mutant] = []
    alternatives: list[Alternative] = []
    try:
        mutants = load_mutants(paths.suite(name), functions_of(solution))
        report.complaints += unfilled(paths.suite(name), functions_of(solution))
    except CatalogueError as error:
        report.complaints.append(str(error))
    try:
        alternatives = load_alternatives(paths.suite(name))
    except CatalogueError as error:
        report.complaints.append(str(error))
    report.mutants, report.alternatives = len(mutants), len(alternatives)
    report.complaints += untranslated(course, paths, name, solution, mutants)
    try:
        translated(solution, paths.translation(name))
    except TranslationError as error:
        report.complaints.append(f"solutions/{error}")
    report.complaints += _same_helper(course, paths, name, solution)
    report.complaints += _catalogue(mutants, alternatives, name, ids)
    whole = course.assignment(split_unit(name)[0])
    if name in (whole.name, whole.units[0]):
        report.complaints += _release(course, whole, paths)
    report.complaints += _shown(paths, name, solution)
    in_cells = assignment.hidden_tests == "cells"
    if not in_cells and (said := hidden_tests_in_cells(paths, name)):
        report.complaints.append(said)
    if not paths.released(name).is_file():
        return
    released = read_released(paths.released(name))
    graded = [cell for cell in released.cells if is_test(cell) or is_manual(cell)]
    report.cells, report.points = len(graded), sum(map(points, graded))
    if report.points != 100 and not in_cells:
        report.complaints.append(f"{name}: the points sum to {report.points:g}; they have to sum to 100.")
    options = Options(training=not fast)
    pool = Pool(worker_settings(course, paths, name, options), cores(), patience(assignment))
    try:
        solved, blank, reseeded, illustrated = _examine(
            pool,
            [
                _job("solution", dump(solution)),
                _job("stub", dump(released)),
                _job("solution", dump(solution), seed=1),
                _job("solution", dump(solution), pictures=True),
            ],
        )
        report.complaints += (problems := [*_solution_passes(solved, 0), *_solution_passes(reseeded, 1)])
        report.complaints += _pictures_only_show(illustrated, solution)
        if not problems:
            changed = _solution_passes(illustrated, 0)
            report.complaints += [f"With its picture cells run, {problem}" for problem in changed]
        report.complaints += _suite_fits(pool, graded, name, in_cells=in_cells)
        report.tests = len(solved.tests)
        report.complaints += _stub_fails(blank, in_cells=in_cells)
        report.complaints += _mutants_die(pool, mutants, report, fast=fast)
        report.complaints += _mistakes_cost_once_and_are_named(
            pool, mutants, needs_in(solution), report, fast=fast
        )
        report.complaints += _alternatives_pass(pool, alternatives, mutants, report, fast=fast)
    finally:
        pool.close()


# -- what can be read ---------------------------------------------------------------------------


_HELPER = "check"
"""What the notebooks' visible checks call; students learn to read what it prints."""


def _same_helper(course: Course, paths: Paths, name: str, solution: NotebookNode) -> Iterator[str]:
    """The helper of all notebooks is the same one."""
    mine = functions_of(solution).get(_HELPER)
    for other in course.assignments:
        if mine is None or other.name == name:
            return
        if paths.solution(other.name).is_file():
            theirs = functions_of(read_script(paths.solution(other.name).read_text(encoding="utf-8")))
            if theirs.get(_HELPER, mine) != mine:
                yield (
                    f"solutions/{name}.py: its `{_HELPER}` is not that of solutions/{other.name}.py; "
                    "make them equal, or give one another name."
                )
                return


def _catalogue(
    mutants: list[Mutant], alternatives: list[Alternative], name: str, ids: set[str]
) -> Iterator[str]:
    for identity in [mutant.id for mutant in mutants] + [alternative.id for alternative in alternatives]:
        if identity in ids:
            yield f"tests/hidden/{name}: the id {identity!r} is used twice; rename one."
        ids.add(identity)


def _release(course: Course, assignment: Assignment, paths: Paths) -> Iterator[str]:
    """``assignments/`` is what a release makes today."""
    from autograder.authoring.release import autotests_name, release

    name = assignment.name
    folder = paths.assignments / name
    units, notebooks = assignment.units, assignment.notebooks
    if not all(paths.released(unit).is_file() for unit in units):
        yield f"assignments/{name} is missing: run `autograder release {name}`."
        return
    with tempfile.TemporaryDirectory() as scratch:
        copy = Paths(Path(scratch))
        beside = [folder / file for file in released_beside(paths, name, notebooks)]
        beside += [paths.solutions / name / file for file in kept_with_solution(paths, name, notebooks)]
        for source in (
            paths.course,
            *map(paths.solution, units),
            *map(paths.translation, units),
            *map(paths.public_tests, units),
            paths.config,
            paths.lock,
            paths.root / autotests_name(paths),
            *beside,
        ):
            if source.is_file() and source.is_relative_to(paths.root):
                target = copy.root / source.relative_to(paths.root)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read_bytes())
        fresh = read_tree(release(course, assignment, copy).folder)
    committed = read_tree(folder)
    for file in sorted(fresh.keys() | committed.keys()):
        if fresh.get(file) != committed.get(file):
            mend = f"run `autograder release {name}`"
            yield f"assignments/{name}/{file} is not what the solution makes today: {mend}."


def _shown(paths: Paths, name: str, solution: NotebookNode) -> Iterator[str]:
    """``assignments/`` holds nothing that is hidden."""
    released = paths.released(name)
    if not released.is_file():
        return
    text = "\n".join(cell.source for cell in read_submission(released.read_bytes()).cells)
    shown = {line.strip() for line in text.splitlines()}
    public = paths.public_tests(name)
    open_lines = (
        {line.strip() for line in public.read_text(encoding="utf-8").splitlines()}
        if public.is_file()
        else set()
    )
    for origin, lines in _hidden_lines(paths, name, solution):
        for line in sorted(lines & (shown | open_lines) - _given_lines(solution)):
            if origin != "solution" and line in open_lines:
                continue
            yield f"assignments/{name} shows a line of the {origin}: {line[:60]!r}; hide it or reword it."


def _hidden_lines(paths: Paths, name: str, solution: NotebookNode) -> Iterator[tuple[str, set[str]]]:
    regions: set[str] = set()
    for cell in solution.cells:
        for region in re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", cell.source, re.S):
            regions |= {line.strip() for line in region.splitlines() if len(line.strip()) >= _MIN_LINE}
    yield "solution", regions
    for file in sorted(paths.suite(name).glob("test_*.py")):
        if not file.name.startswith("test_public"):
            lines = {line.strip() for line in file.read_text(encoding="utf-8").splitlines()}
            yield f"hidden tests ({file.name})", {line for line in lines if len(line) >= 30}


_MAGIC = re.compile(r"^[ \t]*[%!].*$", re.M)


def _scopes(source: str) -> Iterator[symtable.SymbolTable]:
    todo = [symtable.symtable(_MAGIC.sub("", source), "<cell>", "exec")]
    while todo:
        scope = todo.pop()
        todo += scope.get_children()
        yield scope


def _reads(source: str) -> set[str]:
    """Global names that a cell of the course reads and does not define itself."""
    read = {
        symbol.get_name()
        for scope in _scopes(source)
        for symbol in scope.get_symbols()
        if symbol.is_referenced() and (scope.get_type() == "module" or symbol.is_global())
    }
    return read - _binds(source)


def _binds(source: str) -> set[str]:
    """Global names that a cell of the course defines."""
    return {
        symbol.get_name()
        for scope in _scopes(source)
        for symbol in scope.get_symbols()
        if (symbol.is_assigned() or symbol.is_imported())
        and (scope.get_type() == "module" or symbol.is_declared_global())
    }


def _given_lines(solution: NotebookNode) -> set[str]:
    """Lines that the notebook gives away on purpose, outside every solution region."""
    given = set()
    for cell in solution.cells:
        outside = re.sub(r"### BEGIN SOLUTION\n.*?### END SOLUTION", "", cell.source, flags=re.S)
        given |= {line.strip() for line in outside.splitlines()}
    return given


# -- what has to be run -------------------------------------------------------------------------


def _job(name: str, raw: bytes, *, seed: int = 0, pictures: bool = False) -> dict[str, Any]:
    """An examination to be made; ``seed`` is added to the week's own."""
    return {
        "student": name,
        "key": "verify",
        "raw": raw,
        "problem": "",
        "seed": seed,
        "pictures": pictures,
    }


def _examine(pool: Pool, jobs: list[dict[str, Any]]) -> list[Examination]:
    """The examinations, in the order of the jobs."""
    result: dict[int, Examination] = {}
    for number, answer in pool.run(jobs):
        if isinstance(answer, Ended):
            raise ValueError(f"the examiner ended twice on the {jobs[number]['student']} ({answer.reason}).")
        result[number] = Examination.model_validate_json(answer["examination"])
    return [result[number] for number in range(len(jobs))]


def _solution_passes(examination: Examination, seed: int) -> Iterator[str]:
    name = examination.assignment
    for cell in examination.cells:
        if cell.verdict not in (Verdict.PASSED, Verdict.SKIPPED):
            place = f"cell {cell.index + 1}"
            yield f"solutions/{name}.py: {place} does not run: {cell.message}; mend the solution."
    for test in examination.tests:
        if test.verdict is not Verdict.PASSED and test.weight > 0:
            yield (
                f"solutions/{name}.py fails {test.name} with seed {seed} "
                f"({test.verdict}: {str(test.message)[:200]}); mend the solution or the test."
            )
    if examination.status != "graded":
        said = "; ".join(str(notice.text) for notice in examination.notices)
        yield f"{name}: the solution could not be graded: {said}"


def _pictures_only_show(examination: Examination, solution: NotebookNode) -> Iterator[str]:
    """Picture cells run on the solution, and nothing needs what they do.

    That the solution has full marks without them is told by its other examinations.
    """
    name = examination.assignment
    pictures = [cell for cell in solution.cells if is_picture(cell)]
    others = [cell for cell in solution.cells if cell.cell_type == "code" and not is_picture(cell)]
    for cell in solution.cells:
        if PICTURE_TAG in tags(cell) and not is_picture(cell):
            place = grade_id(cell) or cell.source.strip().split("\n")[0][:40]
            said = f"the cell {place!r} has the tag {PICTURE_TAG}"
            yield f"solutions/{name}.py: {said} but is not a given cell with a grade id; take the tag away."
    ids = {grade_id(cell) for cell in pictures}
    for outcome in examination.cells:
        if outcome.grade_id in ids and outcome.verdict not in (Verdict.PASSED, Verdict.SKIPPED):
            place = f"the picture cell {outcome.grade_id}"
            yield f"solutions/{name}.py: {place} does not run: {outcome.message}; mend it."
    read = {found for cell in others for found in _reads(cell.source)}
    bound = {found for cell in others for found in _binds(cell.source)}
    for cell in pictures:
        for found in sorted(_binds(cell.source) & read - bound):
            yield (
                f"solutions/{name}.py: the picture cell {grade_id(cell)} defines {found!r}, which another "
                "cell uses, and grading does not run it; define it in a cell without the tag."
            )


def _suite_fits(pool: Pool, graded: list[NotebookNode], name: str, *, in_cells: bool) -> Iterator[str]:
    cells = Counter(grade_id(cell) for cell in graded)
    for identity, times in cells.items():
        if times > 1:
            yield f"solutions/{name}.py: the grade id {identity!r} appears {times} times; rename one."
    ((_, answer),) = pool.run([{"tests": True}])
    tests = answer["tests"] if isinstance(answer, dict) else []
    hidden = {test["cell"] for test in tests if not test["public"] and test["weight"] > 0}
    for cell in graded:
        if is_test(cell) and grade_id(cell) not in hidden and not in_cells:
            yield f"tests/hidden/{name}: no hidden test counts for {grade_id(cell)!r}; write one."
    for test in tests:
        if test["cell"] not in cells:
            said = f"{test['name']} counts for {test['cell']!r}"
            yield f"tests/hidden/{name}: {said}, which is not a cell of the notebook; correct its marker."


def _stub_fails(examination: Examination, *, in_cells: bool) -> Iterator[str]:
    name = examination.assignment
    if examination.points:
        earned = ", ".join(s.grade_id for s in examination.scores if s.points)
        yield f"{name}: the untouched assignment earns points in {earned}; make a test that it fails."
    if in_cells:  # of which nbgrader asks nothing else
        return
    for cell in examination.cells:
        if cell.verdict not in (Verdict.PASSED, Verdict.SKIPPED, Verdict.NOT_IMPLEMENTED):
            yield (
                f"{name}: in the untouched assignment cell {cell.index + 1} ends with {str(cell.message)!r} "
                "instead of the stub's own message; let the cell call the functions itself."
            )
    for test in examination.tests:
        if test.verdict is not Verdict.NOT_IMPLEMENTED and test.weight > 0:
            yield (
                f"{name}: on the untouched assignment {test.name} ends with {test.verdict} "
                f"({str(test.message)[:100]}) instead of not-implemented; let it use what it is about."
            )


def _mutants_die(pool: Pool, mutants: list[Mutant], report: WeekReport, *, fast: bool) -> Iterator[str]:
    tried = [mutant for mutant in mutants if not (fast and mutant.training)]
    report.untried = len(mutants) - len(tried)
    public_kills = 0
    for mutant, answer in _probe(pool, tried, training={mutant.id for mutant in tried if mutant.training}):
        if answer["faults"]:
            fault = answer["faults"][0][:300]
            yield f"{report.week}: on the mutant {mutant.id} a test of ours fails: {fault}; mend it."
        if answer["public"]:
            public_kills += 1
        if answer["hidden"]:
            report.killed += 1
        else:
            yield f"tests/hidden/{report.week}: the mutant {mutant.id} survives; write a test that it fails."
    if tried and public_kills == len(tried):
        yield f"tests/hidden/{report.week}: the public tests alone kill every mutant; keep something hidden."


def _mistakes_cost_once_and_are_named(
    pool: Pool, mutants: list[Mutant], needs: Mapping[str, frozenset[str]], report: WeekReport, *, fast: bool
) -> Iterator[str]:
    """With a wrong function in it, the rest of the solution loses nothing that carrying forward can save.

    And a student is told that mutant's misconception or, where answers are no data, nothing: never another
    one, and nothing of a function that is right. When it has to be fast, one mutant of each function that
    others need is tried.
    """
    needed = frozenset[str]().union(*needs.values())
    tried = [mutant for mutant in mutants if not mutant.training]
    if fast:
        wanted = [mutant for mutant in tried if mutant.replaces in needed]
        tried = list({mutant.replaces: mutant for mutant in reversed(wanted)}.values())
    jobs = [{"carried": mutant.replaces, "source": mutant.source} for mutant in tried]
    for number, answer in pool.run(jobs):
        mutant = tried[number]
        if isinstance(answer, Ended):
            lost = [
                {"test": "", "function": "every function", "said": f"the examiner ended, {answer.reason}"}
            ]
        else:
            lost = answer["lost"]
            yield from _told(mutant, answer["told"], report)
        for function in dict.fromkeys(one["function"] for one in lost):
            first = next(one for one in lost if one["function"] == function)
            yield (
                f"tests/hidden/{report.week}: the mutant {mutant.id} of {mutant.replaces} costs {function} "
                f"its points in {first['test']} ({first['said']}); let a test of {mutant.replaces} itself "
                "refuse the mutant, and the test hand it plain data."
            )
        report.carried += not lost and mutant.replaces in needed


def _told(mutant: Mutant, told: list[dict[str, str]], report: WeekReport) -> Iterator[str]:
    """What a student who wrote a mutant is told that is not true of it."""
    place = f"tests/hidden/{report.week}"
    for one in told:
        if one["mutant"] == mutant.id:
            report.named += 1
        elif one["function"] == mutant.replaces:
            yield (
                f"{place}: the mutant {mutant.id} answers like {one['mutant']} in all that it is asked, so "
                "that a student is told of that one; let a test tell them apart, or take one out."
            )
        else:
            yield (
                f"{place}: of the mutant {mutant.id} of {mutant.replaces} it is said that "
                f"{one['function']} is {one['mutant']}, which it is not; let a test of {mutant.replaces} "
                "itself refuse it."
            )


def _alternatives_pass(
    pool: Pool, alternatives: list[Alternative], mutants: list[Mutant], report: WeekReport, *, fast: bool
) -> Iterator[str]:
    # A training tells something of the functions that have mutants which only a training tells apart.
    trained = {mutant.replaces for mutant in mutants if mutant.training}
    training = {a.id for a in alternatives if a.replaces in trained and not fast}
    for alternative, answer in _probe(pool, alternatives, direct=fast, training=training):
        problem = answer["hidden"] or answer["public"] or next(iter(answer["faults"]), "")
        if problem:
            refused = f"the correct alternative {alternative.id} is refused by {problem}"
            yield f"tests/hidden/{report.week}: {refused}; accept it."
        else:
            report.accepted += 1


def _probe(
    pool: Pool, entries: list[Any], *, direct: bool = False, training: Collection[str] = ()
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """What the tests say of each entry; those in ``training`` are tried by the tests that train, too."""
    jobs = [
        {
            "probe": entry.replaces,
            "source": entry.source,
            "direct": direct,
            "training": entry.id in training,
        }
        for entry in entries
    ]
    for number, answer in pool.run(jobs):
        if isinstance(answer, Ended):
            answer = {"public": "", "hidden": "", "faults": [f"the examiner ended ({answer.reason})"]}
        yield entries[number], answer
