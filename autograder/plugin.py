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
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades
from traitlets import Bool

from autograder.course import load_course
from autograder.examination import Examination
from autograder.gradebook import granted_extensions, put_outputs
from autograder.notebook import (
    UnreadableNotebook,
    grade_id,
    is_manual,
    is_test,
    merge,
    node,
    read_released,
    read_submission,
)
from autograder.policy import feedback_level

Resources = dict[str, Any]


class OneLanguage(TagRemovePreprocessor):
    """Drop the cells of the other language on release.

    A class of its own, so that its settings do not make nbconvert drop cells anywhere else.
    """

    enabled = Bool(True).tag(config=True)


class SubmissionExporter(NotebookExporter):
    """Read a submission whatever it is: what is no notebook becomes an empty one, which earns nothing."""

    def from_filename(
        self, filename: str, resources: Resources | None = None, **kwargs: Any
    ) -> tuple[Any, Resources]:
        """nbconvert's method of this name."""
        try:
            nbformat.reads(Path(filename).read_text(encoding="utf-8"), as_version=4)  # type: ignore[no-untyped-call]
        except Exception as error:
            self.log.warning("%s is not read as a notebook: %s", filename, error)
            empty = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
            made = self.from_notebook_node(empty, resources=resources, **kwargs)  # type: ignore[no-untyped-call]
            return cast("tuple[Any, Resources]", made)
        return cast("tuple[Any, Resources]", super().from_filename(filename, resources=resources, **kwargs))


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


class MergeCells(_SubmissionPreprocessor):
    """In place of DeduplicateIds, OverwriteKernelspec and OverwriteCells: put the work into the release."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """nbconvert's method of this name."""
        release = self._file(self._course().release_directory, ".", resources)
        released = read_released(release)
        try:
            merged = merge(read_submission(self._submitted(resources)), released)
        except UnreadableNotebook as error:
            self.log.warning("%s: %s", resources["nbgrader"]["student"], error)
            return merge(node({"metadata": {}, "cells": []}), released).notebook, resources
        for notice in merged.notices:
            self.log.warning("%s: %s", resources["nbgrader"]["student"], notice.text)
        return merged.notebook, resources


class Examine(_SubmissionPreprocessor):
    """In place of Execute: the kit's examination, its outputs and points put into the notebook."""

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """nbconvert's method of this name."""
        from autograder.grade import examine_submission  # the examiner's side is not needed to release

        names = resources["nbgrader"]
        root = Path(self._course().root)
        course = load_course(root)
        examination: Examination = examine_submission(
            root, names["assignment"], names["student"], self._submitted(resources)
        )
        for notice in examination.notices:
            self.log.warning("%s: %s", names["student"], notice.text)
        names["examination"] = examination
        with Gradebook(names["db_url"], self._course().course_id) as gradebook:
            extension = granted_extensions(gradebook, names["assignment"]).get(names["student"])
        now = dt.datetime.now(dt.UTC)
        level = feedback_level(course, names["assignment"], names["student"], now, extension=extension)
        return put_outputs(nb, examination, level, course.language), resources


class SaveGrades(SaveAutoGrades):  # type: ignore[misc]
    """nbgrader's own, but a test cell without a score stays without one: nbgrader would give full marks."""

    def _add_score(self, cell: NotebookNode, resources: Resources) -> None:
        super()._add_score(cell, resources)
        examination: Examination | None = resources["nbgrader"].get("examination")
        if examination is None or is_manual(cell) or not is_test(cell):
            return
        decided = {score.grade_id for score in examination.scores if score.points is not None}
        if grade_id(cell) not in decided:
            names = resources["nbgrader"]
            grade = self.gradebook.find_grade(
                grade_id(cell), names["notebook"], names["assignment"], names["student"]
            )
            grade.auto_score, grade.needs_manual_grade = None, True
            self.gradebook.db.commit()
