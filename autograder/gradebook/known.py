"""Whether the gradebook knows a week, asked without nbgrader, which takes seconds to import."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from autograder.course.folders import Paths
from autograder.course.models import Assignment


def is_entered(paths: Paths, assignment: Assignment) -> bool | None:
    """Whether all of a released week is there that grading needs; None where that cannot be told.

    That is the week in the gradebook, and its hidden tests where they stay in its cells.
    """
    in_cells = assignment.hidden_tests == "cells"
    if in_cells and not all(paths.cell_tests(unit).is_file() for unit in assignment.units):
        return False
    return knows(paths, assignment.name)


def knows(paths: Paths, week: str) -> bool | None:
    """Whether the course's own gradebook has the assignment; None where that cannot be told.

    A database elsewhere, and one that is damaged, are for nbgrader to open.
    """
    config = paths.config.read_text(encoding="utf-8") if paths.config.is_file() else ""
    if any("db_url" in line.partition("#")[0] for line in config.splitlines()):
        return None
    if not paths.gradebook.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{paths.gradebook.resolve().as_uri()}?mode=ro", uri=True)) as database:
            return bool(database.execute("SELECT 1 FROM assignment WHERE name = ?", (week,)).fetchone())
    except sqlite3.Error:
        return None
