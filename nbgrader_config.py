"""Makes this folder an ordinary nbgrader course: release, autograde, formgrade, feedback and export work.

The kit's own commands read this file too. Settings of yours can be added at the end.
"""

from pathlib import Path

from autograder.course.reading import load_course
from autograder.messages import Language

c = get_config()  # noqa: F821  (given by nbgrader)
course = load_course(Path(__file__).resolve().parent)

c.CourseDirectory.course_id = course.id
c.CourseDirectory.source_directory = ".autograder/source"  # made by `autograder release`
c.CourseDirectory.release_directory = "assignments"
# Any SQLAlchemy URL; without one it is gradebook.db in this folder.
# c.CourseDirectory.db_url = "postgresql://..."

# Release: one language, stubs that say what they are.
c.GenerateAssignment.preprocessors = [
    "autograder.plugin.OneLanguage",
    "nbgrader.preprocessors.IncludeHeaderFooter",
    "nbgrader.preprocessors.InstantiateTests",
    "nbgrader.preprocessors.LockCells",
    "nbgrader.preprocessors.ClearSolutions",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.CheckCellMetadata",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.SaveCells",
    "nbgrader.preprocessors.ClearHiddenTests",
    "nbgrader.preprocessors.ClearMarkScheme",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.OneLanguage.remove_cell_tags = {str(other) for other in Language if other is not course.language}
c.ClearSolutions.code_stub = {
    "python": '# YOUR CODE HERE\nraise NotImplementedError("not implemented yet")',
}

# Autograde: the kit examines, nbgrader keeps the books.
c.Autograde.pre_convert_hook = "autograder.plugin.take_the_only_notebook"
c.Autograde.exporter_class = "autograder.plugin.SubmissionExporter"
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.ClearOutput",
    "autograder.plugin.MergeCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "autograder.plugin.Examine",
    "autograder.plugin.SaveGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.AssignLatePenalties.plugin_class = "autograder.plugin.LatePenalty"
c.LatePenalty.root = str(Path(__file__).resolve().parent)

# Feedback and formgrader: what students wrote cannot run scripts in a grader's browser, nor hold up the page.
c.HTMLExporter.filters = {
    "markdown2html": "autograder.plugin.markdown2html",
    "highlight_code": "autograder.plugin.highlight_code",
    "strip_files_prefix": "autograder.plugin.strip_files_prefix",
}
