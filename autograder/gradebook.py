"""Examination → nbgrader's gradebook and the graded notebook that nbgrader expects beside it."""

from __future__ import annotations

import datetime as dt
import math
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from alembic.script import ScriptDirectory
from nbformat import NotebookNode
from nbgrader import api
from nbgrader.dbutil import ALEMBIC_DIR
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import parse_utc
from sqlalchemy import Column, MetaData, String, Table, create_engine, insert, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import load_only
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder import wording
from autograder.course import CONFIG_FILE, Course, Level, Paths
from autograder.examination import (
    CellOutcome,
    Examination,
    Language,
    Score,
    Status,
    TestOutcome,
    Verdict,
)
from autograder.linear import Pattern
from autograder.notebook import (
    UnreadableNotebook,
    dump,
    grade_id,
    is_answered,
    is_left_out,
    is_manual,
    is_solution,
    is_test,
    node,
    read_released,
    read_submission,
    recorded_notebook,
)
from autograder.policy import Policy, feedback_level
from autograder.problem import Problem
from autograder.render import prose


class GradebookError(Problem, RuntimeError):
    """The gradebook cannot be used; the text says why and what to do, in one sentence."""


# The graded notebook


def examined_notebook(examination: Examination, released: NotebookNode) -> NotebookNode:
    """The notebook that was examined, without outputs.

    Without one to read that is the untouched release. Where there is one that could not be examined, nobody
    may take it for one without answers: its cells say where to look.
    """
    notebook = recorded_notebook(examination.notebook, released)
    if examination.status is Status.GRADER_ERROR and not examination.notebook:
        place = f"submitted/{examination.student}/{examination.assignment}/"
        for cell in notebook.cells:
            if is_solution(cell):
                text = f"This could not be examined, and so is not shown here: it is in {place}"
                cell.source = text if cell.cell_type == "markdown" else f"# {text}"
    return notebook


def put_outputs(
    notebook: NotebookNode,
    examination: Examination,
    feedback: Level = "full",
    language: Language = Language.EN,
) -> NotebookNode:
    """A copy of the merged notebook with its outputs: the student's as they are recorded, and the tests'.

    A test cell ends with an ``execute_result`` whose ``text/plain`` is its points, so that nbgrader's own
    reading of the cell gives exactly these, and never holds an error or a stderr stream, which nbgrader
    takes for zero.

    Args:
        notebook: the merged notebook that was examined.
        examination: its record.
        feedback: how much the tests' outputs tell.
        language: of the tests' titles, verdicts and hints.
    """
    graded = node(notebook)
    outcomes = {outcome.index: outcome for outcome in examination.cells}
    scores = {score.grade_id: score for score in examination.scores}
    for index, cell in enumerate(graded.cells):
        if cell.cell_type != "code":
            continue
        outcome = outcomes.get(index)
        cell.execution_count = outcome.execution_count if outcome else None
        outputs = [_shown(output, outcome) for output in outcome.outputs] if outcome else []
        if outcome and outcome.handed_in:
            remark = {"text/html": f"<p><em>{escape(_SAID['handed-in'][language])}</em></p>"}
            remark["text/plain"] = _SAID["handed-in"][language]
            outputs.insert(0, node({"output_type": "display_data", "data": remark, "metadata": {}}))
        if is_test(cell):
            outputs = [_for_test_cell(output) for output in outputs]
            outputs.append(
                _result(grade_id(cell), scores.get(grade_id(cell)), examination, feedback, language)
            )
        cell.outputs = outputs
    return graded


def _shown(output: Mapping[str, Any], outcome: CellOutcome) -> NotebookNode:
    """A recorded output as nbformat has it; it was made harmless before it was recorded."""
    counted = "execution_count" in output
    return node({**output, "execution_count": outcome.execution_count} if counted else output)


def _for_test_cell(output: NotebookNode) -> NotebookNode:
    """The output in a form that nbgrader does not score."""
    if output.output_type == "error":
        text = "\n".join(output.traceback) or f"{output.ename}: {output.evalue}"
        return node({"output_type": "stream", "name": "stdout", "text": text + "\n"})
    if output.output_type == "stream":
        return node(output | {"name": "stdout"})
    return node({"output_type": "display_data", "data": output.data, "metadata": {}})


def _result(
    name: str, score: Score | None, examination: Examination, feedback: Level, language: Language
) -> NotebookNode:
    if score is not None and not math.isfinite(score.points or 0.0):
        score = None  # no score at all
    table = _table(name, score, examination, Policy(feedback), language)
    if score is None or score.points is None:
        # No number: what a person has to decide is not for nbgrader to read.
        data = {"text/html": table, "text/plain": _SAID["undecided"][language]}
        return node({"output_type": "display_data", "data": data, "metadata": {}})
    number = repr(min(max(float(score.points), 0.0), float(score.max_points)))
    data = {"text/html": table, "text/plain": number}
    return node({"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": None})


_SAID: dict[str, dict[Language, str]] = {
    "undecided": {
        Language.EN: "This cell could not be graded automatically: a person will look at it.",
        Language.KO: "이 셀은 자동으로 채점하지 못했습니다. 담당자가 직접 확인합니다.",
    },
    "handed-in": {
        Language.EN: "As handed in: grading does not run cells that only show something.",
        Language.KO: "제출한 그대로입니다. 보여 주기만 하는 셀은 채점할 때 실행하지 않습니다.",
    },
    "points": {Language.EN: "{points} of {max_points} points", Language.KO: "{max_points}점 중 {points}점"},
    Verdict.PASSED: {Language.EN: "passed", Language.KO: "통과"},
    Verdict.FAILED: {Language.EN: "wrong result", Language.KO: "결과가 틀림"},
    Verdict.NOT_IMPLEMENTED: {Language.EN: "not implemented yet", Language.KO: "아직 작성되지 않음"},
    Verdict.MISSING: {Language.EN: "not defined", Language.KO: "정의되지 않음"},
    Verdict.WRONG_TYPE: {Language.EN: "wrong type", Language.KO: "타입이 다름"},
    Verdict.EXCEPTION: {Language.EN: "raised an error", Language.KO: "오류 발생"},
    Verdict.TIMEOUT: {Language.EN: "took too long", Language.KO: "시간 초과"},
    Verdict.CRASHED: {Language.EN: "ended the process", Language.KO: "프로세스가 종료됨"},
    Verdict.MEMORY: {Language.EN: "used too much memory", Language.KO: "메모리 초과"},
    Verdict.OUTPUT: {Language.EN: "gave too much output", Language.KO: "출력이 너무 많음"},
    Verdict.PROTOCOL: {Language.EN: "gave no valid answer", Language.KO: "올바른 응답이 아님"},
    Verdict.SKIPPED: {Language.EN: "not run", Language.KO: "실행되지 않음"},
    Verdict.GRADER_ERROR: {Language.EN: "grader error", Language.KO: "채점기 오류"},
}


def _table(
    name: str, score: Score | None, examination: Examination, policy: Policy, language: Language
) -> str:
    """What was checked, as HTML: every word of it escaped."""
    said = _SAID["undecided"][language]
    if score is not None and score.points is not None:
        said = _SAID["points"][language].format(
            points=f"{score.points:.4g}", max_points=f"{score.max_points:.4g}"
        )
    lines = [f"<p><strong>{said}</strong></p>"]
    tests = [test for test in examination.tests if test.cell == name]
    if policy.at_least("names") and tests:
        rows = "".join(_row(test, policy, language) for test in tests)
        lines.append(f"<table>{rows}</table>")
    for found in policy.misconceptions(examination, tests):
        lines.append(f"<p>{prose(policy.remark(found).in_(language))}</p>")
    return "".join(lines)


def _row(test: TestOutcome, policy: Policy, language: Language) -> str:
    message = wording.plain(test.message) if policy.explains(test) else ""
    cells = [
        f"<td>{'✓' if test.verdict is Verdict.PASSED else '✗'}</td>",
        f"<td>{prose(test.title.in_(language) or test.name)}</td>",
        f"<td>{_SAID[test.verdict][language]}</td>",
        f"<td><pre>{escape(message)}</pre></td>" if message else "<td></td>",
    ]
    return f"<tr>{''.join(cells)}</tr>"


# nbgrader's configuration and database


def nbgrader_config(root: Path) -> Config:
    """What the course's ``nbgrader_config.py`` says; empty if there is none."""
    if not (root / CONFIG_FILE).is_file():
        return Config()
    loaded: Config = PyFileConfigLoader(CONFIG_FILE, path=str(root)).load_config()
    return loaded


def gradebook_url(paths: Paths, config: Config) -> str:
    """The database that nbgrader would take: the configured one, or ``gradebook.db`` in the course."""
    configured = config.CourseDirectory.get("db_url")
    return configured if isinstance(configured, str) and configured else paths.gradebook_url


def has_gradebook(paths: Paths) -> bool:
    """Whether there is a gradebook to read: a database elsewhere counts as one."""
    return (
        gradebook_url(paths, nbgrader_config(paths.root)) != paths.gradebook_url or paths.gradebook.is_file()
    )


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """Turn the database's errors into one sentence."""
    try:
        yield
    except SQLAlchemyError as error:
        name = make_url(url).database or url
        reason = " ".join(str(getattr(error, "orig", None) or error).split())[:200]
        if "locked" in reason:
            advice = "close the other program that uses it (formgrader, another run) and try again"
        elif isinstance(error, DatabaseError) and ("not a database" in reason or "malformed" in reason):
            advice = "it is damaged or not a gradebook; bring back a copy, or move it away and release again"
        elif "no such column" in reason or "no such table" in reason:
            advice = "it is of another nbgrader version; make a copy of it and run `nbgrader db upgrade`"
        else:
            advice = "look at the file and its permissions"
        raise GradebookError(f"The gradebook {name} cannot be used ({reason}): {advice}.") from error


def open_gradebook(url: str, course_id: str = "default_course") -> api.Gradebook:
    """nbgrader's gradebook at ``url``, made if there is none.

    A new database gets its version mark here: nbgrader starts the ``alembic`` program for that,
    which takes seconds and has to be on PATH.
    """
    with _explained(url):
        try:
            engine = create_engine(url)
        except ImportError as error:
            raise GradebookError(
                f"The gradebook's database needs the package {error.name}: install it, "
                "or leave db_url out of nbgrader_config.py."
            ) from None
        try:
            version = Table("alembic_version", MetaData(), Column("version_num", String(32), nullable=False))
            newest = ScriptDirectory(ALEMBIC_DIR).get_current_head()
            if not inspect(engine).get_table_names():
                with engine.begin() as connection:
                    version.create(connection)
                    connection.execute(insert(version).values(version_num=newest))
            with engine.connect() as connection:
                found = connection.execute(select(version.c.version_num)).scalar()
        finally:
            engine.dispose()
        if found != newest:
            raise GradebookError(
                f"The gradebook {make_url(url).database} was made by another nbgrader version: "
                "make a copy of it, then run `nbgrader db upgrade`."
            )
        return api.Gradebook(url, course_id)


@dataclass(frozen=True)
class _Assignment:
    """Ids of an assignment in the database: notebook → its cells by name."""

    id: str
    duedate: dt.datetime | None
    graded: dict[str, dict[str, str]]  # notebook id → cell name → cell id, for grades
    commented: dict[str, dict[str, str]]  # the same for comments
    notebook: str  # id of the notebook that is examined


def granted_extensions(gradebook: api.Gradebook, assignment: str) -> dict[str, dt.timedelta]:
    """The extensions that people granted in nbgrader's gradebook, by student."""
    rows = gradebook.db.execute(
        select(api.SubmittedAssignment.student_id, api.SubmittedAssignment.extension)
        .join(api.Assignment, api.Assignment.id == api.SubmittedAssignment.assignment_id)
        .where(api.Assignment.name == assignment, api.SubmittedAssignment.extension.is_not(None))
    )
    return dict(rows.all())


class Ledger:
    """The gradebook and the graded notebooks of one assignment, open for a class of recordings.

    Args:
        course: the course.
        paths: its files.
        assignment: the week.
        now: time zone aware, for what students are told; the present if None.

    Attributes:
        extensions: what the gradebook granted when it was opened, by student.
    """

    def __init__(self, course: Course, paths: Paths, assignment: str, now: dt.datetime | None = None) -> None:
        self._course = course
        self._paths = paths
        self._name = assignment
        self._now = now or dt.datetime.now(dt.UTC)
        self._released = _released(paths.released(assignment))
        config = nbgrader_config(paths.root)
        self._url = gradebook_url(paths, config)
        self._gradebook = open_gradebook(self._url, course.id)
        self._late = AssignLatePenalties(config=config)
        # What nbgrader's own run sets too: plugins ask for more than they are told.
        self._late.assignment_id, self._late.gradebook = assignment, self._gradebook
        self._late.init_plugin()
        try:
            with _explained(self._url):
                self._assignment = _assignment(self._gradebook, assignment)
            self.extensions = self.read_extensions()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._gradebook.close()

    def read_extensions(self) -> dict[str, dt.timedelta]:
        """What the gradebook grants now, by student."""
        with _explained(self._url):
            try:
                return granted_extensions(self._gradebook, self._name)
            finally:
                self._gradebook.db.rollback()

    def record(self, examination: Examination) -> None:
        """Write one examined submission: its grades in one transaction, and its graded notebook.

        What people have entered (manual scores, comments, extra credit, extensions) stays. A grade that a
        person gave is marked for another look if the automatic score or the notebook has changed since.
        """
        student = examination.student
        if student in ("", ".", "..") or "/" in student or "\\" in student:
            raise GradebookError(f"{student!r} cannot be a student's id: it is no name of a folder.")
        merged = examined_notebook(examination, self._released)
        extension = self.extensions.get(student)
        level = feedback_level(self._course, self._name, student, self._now, extension=extension)
        graded = put_outputs(merged, examination, level, self._course.language)
        submitted_at = read_timestamp(self._paths.submission(student, self._name).parent)
        path = self._paths.graded(student, self._name)
        session = self._gradebook.db
        with _explained(self._url), _pending(path, graded, submitted_at):
            try:
                try:
                    self._write(session, examination, graded, submitted_at, path)
                    session.commit()
                except IntegrityError:  # nbgrader has just added the same rows: they are there now
                    session.rollback()
                    session.expunge_all()
                    self._write(session, examination, graded, submitted_at, path)
                    session.commit()
            except BaseException:
                session.rollback()
                raise
            finally:
                session.expunge_all()

    def _write(
        self,
        session: Any,
        examination: Examination,
        notebook: NotebookNode,
        submitted_at: dt.datetime | None,
        path: Path,
    ) -> None:
        """Bring the rows up to date, without committing."""
        assignment = self._assignment
        submission = self._submission(session, examination.student)
        if submitted_at is not None:
            submission.timestamp = submitted_at
        automatic = automatic_scores(examination, notebook)
        unknown = set(automatic) - set(assignment.graded[assignment.notebook])
        if unknown:
            raise GradebookError(
                f"The gradebook does not know these cells of {examination.assignment}: "
                f"{', '.join(sorted(unknown))}; release it again."
            )
        kept = (api.Grade.auto_score, api.Grade.manual_score, api.Grade.extra_credit)
        rows = session.scalars(
            select(api.Grade)
            .where(api.Grade.notebook_id == self._notebook(session, submission.id))
            .where(api.Grade.cell_id.in_(assignment.graded[assignment.notebook].values()))
            .options(load_only(api.Grade.cell_id, api.Grade.needs_manual_grade, *kept, raiseload=True))
        )
        grades = {grade.cell_id: grade for grade in rows}
        same = None
        total = 0.0
        for name, cell_id in assignment.graded[assignment.notebook].items():
            grade, score = grades[cell_id], automatic.get(name)
            if grade.manual_score is None:
                grade.needs_manual_grade = score is None
            else:
                if same is None:
                    same = same_work(path, notebook)
                if not same or grade.auto_score != score:
                    grade.needs_manual_grade = True
            grade.auto_score = score
            given = score if grade.manual_score is None else grade.manual_score
            total += (given or 0.0) + (0.0 if given is None else grade.extra_credit or 0.0)
        self._comments(session, submission.id, notebook)
        self._penalty(session, submission, examination.student, total)

    def _submission(self, session: Any, student: str) -> Any:
        """The submission's row, and all rows below it if it is new, as nbgrader's ``add_submission`` does."""
        assignment = self._assignment
        submission = session.scalars(
            select(api.SubmittedAssignment).where(
                api.SubmittedAssignment.assignment_id == assignment.id,
                api.SubmittedAssignment.student_id == student,
            )
        ).one_or_none()
        if submission is None:
            if session.get(api.Student, student) is None:
                session.add(api.Student(id=student))
            submission = api.SubmittedAssignment(
                id=api.new_uuid(), assignment_id=assignment.id, student_id=student
            )
            session.add(submission)
        present = set(
            session.scalars(
                select(api.SubmittedNotebook.notebook_id).where(
                    api.SubmittedNotebook.assignment_id == submission.id
                )
            )
        )
        for notebook in assignment.graded.keys() - present:
            row = api.SubmittedNotebook(id=api.new_uuid(), assignment_id=submission.id, notebook_id=notebook)
            session.add(row)
            for cell in assignment.graded[notebook].values():
                session.add(api.Grade(id=api.new_uuid(), cell_id=cell, notebook_id=row.id))
            for cell in assignment.commented[notebook].values():
                session.add(api.Comment(id=api.new_uuid(), cell_id=cell, notebook_id=row.id))
        session.flush()
        return submission

    def _notebook(self, session: Any, submission: str) -> str:
        """Id of the submission's notebook.

        nbgrader's only index on grades and comments is by cell, then notebook: asked for both, the database
        finds a submission's rows at once; asked for the notebook alone, it reads the whole class's.
        """
        found: str = session.scalars(
            select(api.SubmittedNotebook.id)
            .where(api.SubmittedNotebook.assignment_id == submission)
            .where(api.SubmittedNotebook.notebook_id == self._assignment.notebook)
        ).one()
        return found

    def _comments(self, session: Any, submission: str, notebook: NotebookNode) -> None:
        """nbgrader's own remark on solution cells that were left as they were."""
        assignment = self._assignment
        untouched = {grade_id(cell) for cell in notebook.cells if is_solution(cell) and not is_answered(cell)}
        names = {cell: name for name, cell in assignment.commented[assignment.notebook].items()}
        rows = session.scalars(
            select(api.Comment)
            .where(api.Comment.notebook_id == self._notebook(session, submission))
            .where(api.Comment.cell_id.in_(assignment.commented[assignment.notebook].values()))
            .options(load_only(api.Comment.cell_id, api.Comment.auto_comment, raiseload=True))
        )
        for comment in rows:
            comment.auto_comment = "No response." if names.get(comment.cell_id) in untouched else None

    def _penalty(self, session: Any, submission: Any, student: str, total: float) -> None:
        """The late penalty, from nbgrader's plugin and within nbgrader's bounds."""
        assignment = self._assignment
        row = session.scalars(
            select(api.SubmittedNotebook)
            .where(api.SubmittedNotebook.assignment_id == submission.id)
            .where(api.SubmittedNotebook.notebook_id == assignment.notebook)
            .options(load_only(api.SubmittedNotebook.late_submission_penalty, raiseload=True))
        ).one()
        penalty = None
        if submission.timestamp is not None and assignment.duedate is not None:
            due = assignment.duedate + (submission.extension or dt.timedelta())
            late = (submission.timestamp - due).total_seconds()
            if late > 0:
                penalty = self._late.plugin_inst.late_submission_penalty(student, total, late)
        row.late_submission_penalty = None if penalty is None else min(max(penalty, 0.0), total)


def _released(path: Path) -> NotebookNode:
    try:
        return read_released(path)
    except (OSError, ValueError) as error:
        raise GradebookError(f"{path} cannot be read ({error}): release the assignment again.") from error


def _assignment(gradebook: api.Gradebook, name: str) -> _Assignment:
    try:
        found = gradebook.find_assignment(name)
    except api.MissingEntry:
        raise GradebookError(
            f"The gradebook does not know {name}: run `autograder release {name}` first."
        ) from None
    graded: dict[str, dict[str, str]] = {}
    commented: dict[str, dict[str, str]] = {}
    names = {notebook.id: notebook.name for notebook in found.notebooks}
    for notebook in found.notebooks:
        tasks = {cell.name: cell.id for cell in notebook.task_cells}
        graded[notebook.id] = tasks | {cell.name: cell.id for cell in notebook.grade_cells}
        commented[notebook.id] = tasks | {cell.name: cell.id for cell in notebook.solution_cells}
    examined = [key for key, title in names.items() if title == name] or list(names)
    if len(examined) != 1:
        raise GradebookError(f"The gradebook has no notebook called {name}: release it again.")
    known = _Assignment(found.id, found.duedate, graded, commented, examined[0])
    gradebook.db.rollback()
    gradebook.db.expunge_all()
    return known


def automatic_scores(examination: Examination, notebook: NotebookNode) -> dict[str, float | None]:
    """Grade id → automatic score; None where a person has to decide.

    Args:
        examination: the record.
        notebook: the submission in the release, with nbgrader's checksums.
    """
    if examination.status is Status.GRADER_ERROR and not examination.scores:
        return {grade_id(cell): None for cell in notebook.cells if is_test(cell) or is_manual(cell)}
    left_out = {grade_id(cell) for cell in notebook.cells if is_left_out(cell)}
    return {
        score.grade_id: 0.0
        if score.manual and score.points is None and score.grade_id in left_out
        else score.points
        for score in examination.scores
    }


def same_work(path: Path, notebook: NotebookNode) -> bool:
    """Whether the graded notebook at ``path`` has the same cells as this one, outputs aside."""
    try:
        before = read_submission(path.read_bytes())
    except (OSError, UnreadableNotebook):
        return False
    return _work(before) == _work(notebook)


def _work(notebook: NotebookNode) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


# Files


@contextmanager
def _pending(path: Path, notebook: NotebookNode, submitted_at: dt.datetime | None) -> Iterator[None]:
    """Have the graded notebook ready under another name, and put it in place if all went well."""
    contents = {path: dump(notebook, compact=True)}
    if submitted_at is not None:
        contents[path.with_name("timestamp.txt")] = f"{submitted_at:%Y-%m-%d %H:%M:%S.%f} UTC".encode()
    written: dict[Path, Path] = {}
    try:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            for place, content in contents.items():
                handle, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
                written[place] = Path(name)
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                    os.fchmod(file.fileno(), 0o444)  # as nbgrader leaves them
        except OSError as error:
            raise GradebookError(f"{path} cannot be written: {error.strerror}.") from error
        yield
        for place, draft in written.items():
            draft.replace(place)
    finally:
        for draft in written.values():
            draft.unlink(missing_ok=True)


_OFFSET = Pattern(r"[+-][0-9]{2}:?[0-9]{2}")


def join_offset(text: str) -> str:
    """A time whose offset stands apart (``... +0900``) with the two together, as the ISO format has them."""
    time, *offset = text.rsplit(maxsplit=1)[:2] or [""]
    return time + offset[0] if offset and _OFFSET.fullmatch(offset[0]) else text


def read_timestamp(folder: Path) -> dt.datetime | None:
    """When the submission in ``folder`` was handed in (``timestamp.txt``), naive UTC as nbgrader keeps it.

    None if there is no such file or if it holds no time.
    """
    with suppress(OSError, ValueError, OverflowError):
        with (folder / "timestamp.txt").open(encoding="utf-8") as file:
            text = file.read(100).strip()
        # nbgrader reads an offset such as +0900 as seconds, so hours are left to the ISO format.
        text = join_offset(text)
        found: dt.datetime | None = parse_utc(text) if text else None
        return found
    return None
