"""The course's nbgrader: its configuration, and its database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic.script import ScriptDirectory
from nbgrader import api
from nbgrader.dbutil import ALEMBIC_DIR
from sqlalchemy import Column, MetaData, String, Table, create_engine, insert, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, SQLAlchemyError
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder.course.folders import CONFIG_FILE, Paths
from autograder.problem import Problem


class GradebookError(Problem, RuntimeError):
    """The gradebook cannot be used; the text says why and what to do, in one sentence."""


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
def explained(url: str) -> Iterator[None]:
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
        elif "is full" in reason or "disk I/O" in reason:
            advice = "make room on its disk"
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
    with explained(url):
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
