"""Whose score would change, and why: this run's records against what the gradebook holds.

``autograder grade --dry-run`` grades without writing into the gradebook and shows what this module finds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode
from nbgrader import api
from sqlalchemy import select, true

from autograder.course.folders import Paths, split_unit
from autograder.course.models import Course
from autograder.course.nbgrader import gradebook_url, has_gradebook, nbgrader_config, open_gradebook
from autograder.course.reading import load_course
from autograder.examination import Examination, Status, TestOutcome, Verdict
from autograder.gradebook.graded_notebook import examined_notebook, same_work
from autograder.notebooks.reading import read_released
from autograder.submissions.records import read_record
from autograder.submissions.week import current_records
from autograder.wording.text import one_line

_SMALL = 1e-6


@dataclass(frozen=True)
class CellChange:
    """One test cell whose automatic points change.

    Attributes:
        grade_id: of the cell.
        before, after: its points; None where they are not decided, or there were none.
        reasons: one line a test that ends in another way than before.
        given: what a person gave instead, which stays; None if nobody did.
    """

    grade_id: str
    before: float | None
    after: float | None
    reasons: tuple[str, ...] = ()
    given: float | None = None


@dataclass(frozen=True)
class Change:
    """One student whose score changes.

    Attributes:
        student: whose.
        before: sum of what counts now, None if nothing has been recorded yet.
        after: sum of what would count; what people gave stays in it, late penalties are in neither.
        cells: where it changes.
        reasons: what concerns the whole submission.
    """

    student: str
    before: float | None
    after: float
    cells: tuple[CellChange, ...] = ()
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        before = "not graded yet" if self.before is None else f"{self.before:g}"
        lines = [f"{one_line(self.student)}: {before} → {self.after:g}"]
        lines += [f"  {reason}" for reason in self.reasons]
        for cell in self.cells:
            said = f"  {cell.grade_id}: {_points(cell.before)} → {_points(cell.after)}"
            if cell.given is not None:
                said += f"; the {cell.given:g} that a person gave stay, marked for another look"
            lines += [said, *(f"    {reason}" for reason in cell.reasons)]
        return "\n".join(lines)


@dataclass(frozen=True)
class Recorded:
    """What the gradebook holds of one cell."""

    automatic: float | None
    manual: float | None
    extra: float = 0.0

    def counting(self, automatic: float | None) -> float:
        """What counts where the automatic points are ``automatic``."""
        given = automatic if self.manual is None else self.manual
        return 0.0 if given is None else given + self.extra


def compare(root: Path, week: str, examinations: Sequence[Examination] | None = None) -> list[Change]:
    """Whose score would change if these examinations were recorded.

    Args:
        root: the course's folder.
        week: the assignment.
        examinations: of a run that has not been recorded, as
            ``grade(root, week, Options(gradebook=False)).examinations``; the newest records if None.

    Returns:
        the changes, by student.

    Raises:
        CourseError, GradeError, GradebookError: with one sentence for a person.
    """
    course, paths = load_course(root), Paths(root)
    course.assignment(week)
    if examinations is None:
        examinations = list(current_records(course, paths, week).values())
    recorded = _recorded(course, paths, week)
    released = read_released(paths.released(week))
    changes = []
    for new in sorted(examinations, key=lambda e: e.student):
        known = recorded.get(new.student)
        old = _old_record(paths, new, known or {})
        change = difference(new, known, old)
        if change is None:
            continue
        if known is not None and not _is_what_was_graded(paths, new, released):
            text = "another notebook has been handed in since"
            change = Change(
                change.student, change.before, change.after, change.cells, (text, *change.reasons)
            )
        changes.append(change)
    return changes


def difference(
    new: Examination, recorded: Mapping[str, Recorded] | None, old: Examination | None = None
) -> Change | None:
    """What changes for one student; None if nothing does.

    Args:
        new: the examination that would be recorded.
        recorded: what the gradebook holds, by grade id; None if it does not know the submission.
        old: the examination behind it, for the reasons.
    """
    if new.status is Status.GRADER_ERROR and not new.scores:
        counting = round(sum(known.counting(known.automatic) for known in (recorded or {}).values()), 6)
        return Change(new.student, counting, counting, reasons=tuple(str(n.text) for n in new.notices)[-1:])
    cells = []
    before = after = 0.0
    for score in new.scores:
        known = (recorded or {}).get(score.grade_id, Recorded(None, None))
        automatic = score.points
        if score.manual and automatic is None:
            automatic = known.automatic  # an answer in words: no test decides it
        before += known.counting(known.automatic)
        after += known.counting(automatic)
        if recorded is not None and _differ(known.automatic, automatic):
            reasons = tuple(_reasons(score.grade_id, old, new))
            cells.append(CellChange(score.grade_id, known.automatic, automatic, reasons, known.manual))
    if recorded is None:
        return Change(new.student, None, round(after, 6))
    if not cells:
        return None
    return Change(new.student, round(before, 6), round(after, 6), tuple(cells))


def _differ(before: float | None, after: float | None) -> bool:
    if before is None or after is None:
        return before is not after
    return abs(before - after) > _SMALL


def _reasons(cell: str, old: Examination | None, new: Examination) -> Iterator[str]:
    """How the tests of a cell ended before and now, where that is different."""
    if old is not None and old.status is not new.status:
        yield f"the submission as a whole: {old.status} before, {new.status} now"
    if new.status is not Status.GRADED:
        yield from (one_line(str(notice.text)) for notice in new.notices[-1:])
    before = _by_key(old.tests if old else (), cell)
    now = _by_key(new.tests, cell)
    for key, test in now.items():
        name = one_line(test.name)
        known = before.get(key)
        if known is None:
            if old is not None:
                yield f"{name} is new: {_ended(test)}"
            elif test.verdict is not Verdict.PASSED:
                yield f"{name}: {_ended(test)}"
        elif known.verdict is not test.verdict:
            yield f"{name}: {known.verdict} before, now {_ended(test)}"
        elif known.weight != test.weight:
            yield f"{name} has another weight: {known.weight:g} before, {test.weight:g} now"
    for key, test in before.items():
        if key not in now:
            yield f"{one_line(test.name)} is gone: {test.verdict} before"


def _by_key(tests: Iterable[TestOutcome], cell: str) -> dict[str, TestOutcome]:
    return {f"{test.module}::{test.name}": test for test in tests if test.cell == cell and test.weight > 0}


def _ended(test: TestOutcome) -> str:
    message = one_line(str(test.message), 120)
    return f"{test.verdict} ({message})" if message and test.verdict is not Verdict.PASSED else test.verdict


def _points(points: float | None) -> str:
    return "undecided" if points is None else f"{points:g}"


def _recorded(course: Course, paths: Paths, week: str) -> dict[str, dict[str, Recorded]]:
    """What the gradebook holds of a week, by student and grade id."""
    if not has_gradebook(paths):
        return {}
    found: dict[str, dict[str, Recorded]] = {}
    notebook = split_unit(week)[1]
    with open_gradebook(gradebook_url(paths, nbgrader_config(paths.root)), course.id) as gradebook:
        rows = gradebook.db.execute(
            select(
                api.SubmittedAssignment.student_id,
                api.BaseCell.name,
                api.Grade.auto_score,
                api.Grade.manual_score,
                api.Grade.extra_credit,
            )
            .select_from(api.Grade)
            .join(api.BaseCell, api.BaseCell.id == api.Grade.cell_id)
            .join(api.SubmittedNotebook, api.SubmittedNotebook.id == api.Grade.notebook_id)
            .join(api.SubmittedAssignment, api.SubmittedAssignment.id == api.SubmittedNotebook.assignment_id)
            .join(api.Assignment, api.Assignment.id == api.SubmittedAssignment.assignment_id)
            .join(api.Notebook, api.Notebook.id == api.SubmittedNotebook.notebook_id)
            .where(api.Assignment.name == split_unit(week)[0])
            .where(api.Notebook.name == notebook if notebook != week else true())
        )
        for student, cell, automatic, manual, extra in rows:
            found.setdefault(student, {})[cell] = Recorded(automatic, manual, float(extra or 0.0))
    return found


def _old_record(paths: Paths, new: Examination, recorded: Mapping[str, Recorded]) -> Examination | None:
    """The newest other record of the student whose points are those in the gradebook."""
    folder = paths.records / new.assignment / new.student
    others = [read_record(path) for path in folder.glob("*.json") if path.stem != new.key]
    found = sorted((r for r in others if r is not None), key=lambda r: r.graded_at, reverse=True)
    for record in found:
        automatic = {s.grade_id: s.points for s in record.scores if not s.manual}
        if all(
            name in recorded and not _differ(recorded[name].automatic, points)
            for name, points in automatic.items()
        ):
            return record
    return found[0] if found else None


def _is_what_was_graded(paths: Paths, new: Examination, released: NotebookNode) -> bool:
    """Whether the notebook that was examined is the one in ``autograded/``, if there is one."""
    graded = paths.graded(new.student, new.assignment)
    return not graded.is_file() or same_work(graded, examined_notebook(new, released))
