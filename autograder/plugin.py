"""The kit inside nbgrader: preprocessors that ``nbgrader_config.py`` puts in place of nbgrader's own.

With them ``nbgrader autograde`` and formgrader's button give the same scores as ``autograder grade``.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, cast

import nbformat
from nbconvert.exporters import NotebookExporter
from nbconvert.preprocessors import TagRemovePreprocessor
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades
from traitlets import Bool

from autograder.course.folders import Paths, find_root
from autograder.course.locks import turn
from autograder.course.reading import load_course
from autograder.examination import Examination
from autograder.gradebook.graded_notebook import automatic_scores, examined_notebook, put_outputs
from autograder.gradebook.late import LatePenalty
from autograder.gradebook.ledger import granted_extensions
from autograder.markup.harmless import highlight_code, markdown2html, strip_files_prefix
from autograder.notebooks.metadata import grade_id, is_graded, is_task
from autograder.notebooks.reading import read_released
from autograder.problem import Problem
from autograder.submissions.found import find_notebook
from autograder.wording.policy import feedback_level

__all__ = [
    "Examine",
    "LatePenalty",
    "MergeCells",
    "OneLanguage",
    "SaveGrades",
    "SubmissionExporter",
    "highlight_code",
    "markdown2html",
    "strip_files_prefix",
    "take_the_only_notebook",
]

Resources = dict[str, Any]


class OneLanguage(TagRemovePreprocessor):
    """Drop the cells of the other language on release.

    A class of its own, so that its settings do not make nbconvert drop cells anywhere else.
    """

    enabled = Bool(True).tag(config=True)


class SubmissionExporter(NotebookExporter):
    """Read nothing of a submission, whatever it is: :class:`MergeCells` takes its cells from the record."""

    def from_filename(
        self, filename: str, resources: Resources | None = None, **kwargs: Any
    ) -> tuple[Any, Resources]:
        """nbconvert's method of this name."""
        coursedir = cast("Any", self.parent).coursedir
        submitted = Path(coursedir.root, coursedir.submitted_directory).resolve()
        if Path(filename).resolve().is_relative_to(submitted):
            empty = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
            made = self.from_notebook_node(empty, resources=resources, **kwargs)  # type: ignore[no-untyped-call]
            return cast("tuple[Any, Resources]", made)
        return cast("tuple[Any, Resources]", super().from_filename(filename, resources=resources, **kwargs))


def take_the_only_notebook(assignment: str, student: str, notebooks: list[str]) -> None:
    """Before ``nbgrader autograde`` converts a submission: the folder's only notebook gets the week's name.

    nbgrader skips a notebook that is not called like the assignment's; ``autograder grade`` takes it. Where
    ``course.yml`` names the notebooks, each has its name.

    Args:
        assignment, student: of the run, which may be of all students.
        notebooks: paths of the notebooks in one submission's folder, changed in place.
    """
    if not notebooks:
        return
    folder = Path(notebooks[0]).parent
    if load_course(find_root(folder)).assignment(assignment).notebooks:
        return
    expected = folder / f"{assignment}.ipynb"
    found, _ = find_notebook(folder, assignment)
    if found is not None and found != expected and not found.is_symlink():
        found.rename(expected)
        notebooks[:] = [str(expected)]


class _SubmissionPreprocessor(NbGraderPreprocessor):  # type: ignore[misc]
    """Base: knows where the submission being converted came from."""

    def _course(self) -> CourseDirectory:
        converter = self.parent.parent  # preprocessor → exporter → converter
        return converter.coursedir

    def _file(self, step: str, student: str, resources: Resources) -> Path:
        """The notebook's path in the folder of one of nbgrader's steps."""
        names = resources["nbgrader"]
        folder = self._course().format_path(step, student, names["assignment"])
        return Path(folder) / f"{names['notebook']}.ipynb"

    def _submitted(self, resources: Resources) -> bytes:
        """The bytes that the student handed in."""
        step = self._course().submitted_directory
        return self._file(step, resources["nbgrader"]["student"], resources).read_bytes()

    def _examined(self, resources: Resources) -> Examination:
        """The submission's examination, from the record if there is one; while no other run writes."""
        from autograder.grading.grade import (
            examine_submission,  # the examiner's side is not needed to release
        )

        names = resources["nbgrader"]
        root = Path(self._course().root)
        try:
            has_several = load_course(root).assignment(names["assignment"]).notebooks
            unit = f"{names['assignment']}/{names['notebook']}" if has_several else names["assignment"]
            with turn(Paths(root), self.log.warning):
                return examine_submission(root, unit, names["student"], self._submitted(resources))
        except Problem as problem:
            self.log.error("%s", problem)
            raise NbGraderException(str(problem)) from None


class MergeCells(_SubmissionPreprocessor):
    """In place of DeduplicateIds, OverwriteKernelspec and OverwriteCells: put the work into the release."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """nbconvert's method of this name."""
        release = self._file(self._course().release_directory, ".", resources)
        return examined_notebook(self._examined(resources), read_released(release)), resources


class Examine(_SubmissionPreprocessor):
    """In place of Execute: the kit's examination, its outputs and points put into the notebook."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """nbconvert's method of this name."""
        names = resources["nbgrader"]
        course = load_course(Path(self._course().root))
        examination = self._examined(resources)
        for notice in examination.notices:
            self.log.warning("%s: %s", names["student"], notice.text)
        names["examination"] = examination
        with Gradebook(names["db_url"], self._course().course_id) as gradebook:
            extension = granted_extensions(gradebook, names["assignment"]).get(names["student"])
        now = dt.datetime.now(dt.UTC)
        level = feedback_level(course, names["assignment"], names["student"], now, extension=extension)
        return put_outputs(nb, examination, level, course.language), resources


class SaveGrades(SaveAutoGrades):  # type: ignore[misc]
    """nbgrader's own, with the scores of the examination, which nbgrader reads from outputs.

    A test cell without a score stays without one, where nbgrader would give full marks, and a task's score
    follows what was handed in last, where nbgrader leaves it as it is.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """nbconvert's method of this name."""
        examination: Examination | None = resources["nbgrader"].get("examination")
        self._scores = None if examination is None else automatic_scores(examination, nb)
        saved: tuple[NotebookNode, Resources] = super().preprocess(nb, resources)
        return saved

    def preprocess_cell(
        self, cell: NotebookNode, resources: Resources, cell_index: int
    ) -> tuple[NotebookNode, Resources]:
        """nbconvert's method of this name."""
        if self._scores is not None and is_task(cell) and not is_graded(cell):
            self._add_score(cell, resources)
        saved: tuple[NotebookNode, Resources] = super().preprocess_cell(cell, resources, cell_index)
        return saved

    def _add_score(self, cell: NotebookNode, resources: Resources) -> None:
        if self._scores is None:  # somebody's own pipeline, without Examine
            super()._add_score(cell, resources)
            return
        grade = self.gradebook.find_grade(
            grade_id(cell), self.notebook_id, self.assignment_id, self.student_id
        )
        grade.auto_score = self._scores.get(grade_id(cell))
        # What a person has graded is marked for another look, as nbgrader does it.
        grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
        self.gradebook.db.commit()
