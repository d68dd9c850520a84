"""nbgrader's exchange: submissions come from there, and feedback goes back.

Both is done by the classes that nbgrader is configured with (``ExchangeFactory``), so that it works with
other exchanges, too. nbgrader collects into a folder of our own, from where a submission gets into
``submitted/`` as a whole or not at all. Of what is there already only the time is left in that folder:
that is how nbgrader tells what is newer.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import glob
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.apps import NbGrader
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeFactory, default
from nbgrader.utils import notebook_hash
from sqlalchemy.exc import SQLAlchemyError
from traitlets.config import Application, Config

from autograder.course.folders import CONFIG_FILE, Paths, split_unit
from autograder.course.models import Course
from autograder.files import drafted_folder, write_atomically
from autograder.problem import Problem
from autograder.submissions.arrival import SECRET
from autograder.submissions.timestamps import TIMESTAMP, read_timestamp, stamp
from autograder.watching.inbound import Inbound

_STRUCTURE = os.path.join("{nbgrader_step}", "{student_id}", "{assignment_id}")
_ANYWAY_SECONDS = 60.0
"""After that time nbgrader's folder is looked through, whether it says that it has changed or not."""

_ABANDONED_SECONDS = 3600.0
"""A draft in ``submitted/`` that is older was left by a run that was killed."""
_BEFORE_ALL = dt.datetime.min


class ExchangeProblem(Problem, RuntimeError):
    """The exchange cannot be used; the text says why and what to do, in one sentence."""


@dataclass(frozen=True)
class Page:
    """A student's feedback, on its way back.

    Attributes:
        week: of which week, or of which notebook of one with several.
        student: for whom.
        content: the page.
        notebooks: the names, without the ending, of the notebooks that were handed in.
        time: when the submission was handed in, as the exchange wrote it.
        secret: of the submission; empty if it has none.
    """

    week: str
    student: str
    content: bytes
    notebooks: tuple[str, ...]
    time: str
    secret: str


class Exchange:
    """The exchange that the course's nbgrader is configured with.

    Args:
        course: the course.
        paths: its files.
        folder: for what is under way; below the course's folder.

    Attributes:
        is_folder: it is the folder that comes with nbgrader, or something made of it.
        refused: by week and student, why a submission is not taken.

    Raises:
        ExchangeProblem: nbgrader's configuration cannot be used.
    """

    def __init__(self, course: Course, paths: Paths, folder: Path) -> None:
        self._paths = paths
        self._inbox, self._outbox = folder / "inbox", folder / "outbox"
        self._log = logging.getLogger("autograder.exchange")  # what nbgrader would print
        self._log.propagate = False
        self._log.addHandler(logging.NullHandler())
        try:
            self._config = _configuration(paths.root)
            self._factory = ExchangeFactory(config=self._config)
            self._course_id = CourseDirectory(config=self._config).course_id or course.id
            self._authenticator = Authenticator(config=self._config)
            self._collect: type[Any] = self._factory.collect
            self.is_folder = issubclass(self._collect, default.ExchangeCollect)
            if self.is_folder:
                self._collect = type("Collect", (Inbound, self._collect), {})
        except Exception as error:
            raise ExchangeProblem(
                f"nbgrader's configuration cannot be used ({_reason(error)}): mend nbgrader_config.py."
            ) from error
        self.refused: dict[tuple[str, str], str] = {}
        self._known: dict[str, dict[str, Any]] = {}
        self._clean = False
        self._looked: dict[str, tuple[int, float]] = {}
        self._waiting: set[str] = set()  # weeks with something in the inbox

    @property
    def is_there(self) -> bool:
        """Whether there is one: if nobody has said where, it has to be where nbgrader looks by default."""
        if not self.is_folder:
            return True
        root = self._collect(config=self._config).root
        return root != default.Exchange.root.default_value or Path(root).exists()

    # in

    def take(self, week: str, is_busy: Callable[[str], bool]) -> list[str]:
        """Have everything that is new in the exchange in ``submitted/``.

        Args:
            week: of which week.
            is_busy: given a student, whether the last submission is under way: the next one has to wait.

        Returns:
            students whose submission was put there, in the order in which they handed in.

        Raises:
            ExchangeProblem: the exchange cannot be used now.
        """
        with _explained():
            if not self._clean:
                self._drop_halves()
                self._looked.clear()  # a look that failed was none
            collect = self._make(self._collect, week, submitted_directory=self._inside(self._inbox))
            collect.update, collect.known = True, self._known
            if self._is_worth_a_look(week, collect):
                self._seed(week)
                self._clean = False  # until it is known that nothing was left halfway
                collect.start()
                self._clean = True
                self.refused = {key: why for key, why in self.refused.items() if key[0] != week}
                for student, why in getattr(collect, "refused", {}).items():
                    self.refused[week, student] = why
                if getattr(collect, "unfinished", False):
                    self._looked.pop(week, None)
                self._waiting.add(week)
            return self._put(week, is_busy) if week in self._waiting else []

    def _put(self, week: str, is_busy: Callable[[str], bool]) -> list[str]:
        """Put what was collected into ``submitted/``, unless something else of the student is under way."""
        there = {student: read_timestamp(self._inbox / student / week) for student in self._arrived(week)}
        ready = [student for student in there if not is_busy(student)]
        ready.sort(key=lambda student: there[student] or _BEFORE_ALL)
        for student in ready:
            self._move(week, student)
            self._leave_the_time(week, student, there[student])
        if len(ready) == len(there):
            self._waiting.discard(week)
        return ready

    def _is_worth_a_look(self, week: str, collect: Any) -> bool:
        """Whether something can have come: nbgrader's folder tells when the last submission did."""
        if not self.is_folder:
            return True
        now = time.time()
        changed: int = collect.changed()
        before, looked = self._looked.get(week, (0, 0.0))
        # What came in the same moment as the last look may have come after it.
        if before == changed and now - changed / 1e9 > 2 and now - looked < _ANYWAY_SECONDS:
            return False
        self._looked[week] = (changed, now)
        return True

    def _make(self, kind: type[Any], week: str, **folders: str) -> Any:
        """One of nbgrader's classes for a week, with folders of ours."""
        directory = CourseDirectory(config=self._config)
        directory.root, directory.directory_structure = str(self._paths.root.resolve()), _STRUCTURE
        directory.course_id, directory.assignment_id = self._course_id, week
        for name, folder in folders.items():
            setattr(directory, name, folder)
        return kind(
            coursedir=directory, authenticator=self._authenticator, parent=self._factory, log=self._log
        )

    def _inside(self, folder: Path) -> str:
        """The folder as nbgrader has it, from the course's own: it takes the path for a pattern."""
        return str(folder.relative_to(self._paths.root))

    def _drop_halves(self) -> None:
        """Forget what was under way when the last run or the last attempt ended."""
        for folder in self._inbox.glob("*/*"):
            if folder.name.startswith(".") or {path.name for path in folder.iterdir()} - {TIMESTAMP}:
                shutil.rmtree(folder)
        for draft in self._paths.submitted.glob("*/.*-*"):
            is_old = time.time() - draft.lstat().st_mtime > _ABANDONED_SECONDS
            if is_old and draft.is_dir() and not draft.is_symlink():
                shutil.rmtree(draft, ignore_errors=True)

    def _seed(self, week: str) -> None:
        """Tell nbgrader how old that is which somebody has collected into ``submitted/``."""
        for folder in self._paths.submitted.glob(f"*/{week}"):
            ours = self._inbox / folder.parent.name / week
            if not ours.exists() and (moment := read_timestamp(folder)) is not None:
                write_atomically(ours / TIMESTAMP, stamp(moment))

    def _arrived(self, week: str) -> list[str]:
        """Students with more than a time in the inbox."""
        found = sorted(self._inbox.glob(f"*/{week}"))
        return [f.parent.name for f in found if {path.name for path in f.iterdir()} - {TIMESTAMP}]

    def _move(self, week: str, student: str) -> None:
        """Put a submission into ``submitted/``."""
        source, target = self._inbox / student / week, self._paths.submitted / student / week
        with drafted_folder(target) as draft:
            shutil.copytree(source, draft, symlinks=True, dirs_exist_ok=True)
            draft.chmod(0o755)
            if CourseDirectory(config=self._config).groupshared:
                _share_with_group(draft)

    def _leave_the_time(self, week: str, student: str, moment: dt.datetime | None) -> None:
        """Keep of a submission only when it was handed in."""
        with drafted_folder(self._inbox / student / week) as draft:
            if moment is not None:
                (draft / TIMESTAMP).write_bytes(stamp(moment))

    # out

    def give(self, page: Page) -> bool:
        """Release a student's feedback, under the name of each notebook that was handed in.

        The page of one submission replaces an earlier one of the same.

        Returns:
            whether there is a way back: nbgrader's own exchange finds a submission by its secret only.

        Raises:
            ExchangeProblem: it could not be released.
        """
        kind = self._factory.release_feedback
        own = issubclass(kind, default.ExchangeReleaseFeedback)
        if (own and not page.secret) or not page.time or not page.notebooks:
            return False
        shutil.rmtree(self._outbox, ignore_errors=True)  # nobody else's is there
        week = split_unit(page.week)[0]
        folder = self._outbox / page.student / week
        with _explained():
            folder.mkdir(parents=True)
            (folder / TIMESTAMP).write_text(page.time, encoding="utf-8")
            if page.secret:
                (folder / SECRET).write_text(page.secret, encoding="utf-8")
            for name in page.notebooks:
                (folder / f"{name}.html").write_bytes(page.content)
            release = self._make(kind, week, feedback_directory=self._inside(self._outbox))
            release.coursedir.student_id = glob.escape(page.student)
            release.start()
            if own:
                for name in page.notebooks:
                    hashed = notebook_hash(secret=page.secret, notebook_id=name)
                    if not Path(release.dest_path, f"{hashed}.html").is_file():
                        raise ExchangeProblem(
                            f"nbgrader has not released {name}.html of {page.student}: look at the names of "
                            "the course's folder and the student's, which it takes for patterns."
                        )
        shutil.rmtree(self._outbox, ignore_errors=True)
        return True


def _configuration(root: Path) -> Config:
    """What nbgrader is told on this machine and in the course, in nbgrader's own order."""
    application = NbGrader(log_level=logging.CRITICAL)
    application.load_cwd_config = False
    application.raise_config_file_errors = True
    application.load_config_file()  # the machine's and the person's own
    if (root / CONFIG_FILE).is_file():
        Application.load_config_file(application, CONFIG_FILE, path=str(root))
    config: Config = application.config
    return config


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Turn whatever an exchange raises, which may be anybody's, into one sentence."""
    try:
        yield
    except Problem:
        raise
    except SQLAlchemyError as error:
        raise ExchangeProblem(
            f"nbgrader cannot collect, since the gradebook cannot be used ({_reason(error)}): "
            "close the other program that uses it."
        ) from error
    except Exception as error:
        if _is_for_want_of_room(error):
            raise ExchangeProblem(
                "There is no room to take submissions from the exchange, or to give feedback back: make room "
                "on the disks of the course and the exchange."
            ) from error
        raise ExchangeProblem(
            f"The exchange cannot be used ({_reason(error)}): look at its folder, its permissions and its "
            "settings in nbgrader_config.py."
        ) from error


def _is_for_want_of_room(error: Exception) -> bool:
    """Whether a disk or a quota is full; of several files, shutil tells only in words what went wrong."""
    reasons = [os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)]
    return isinstance(error, OSError) and any(reason in str(error) for reason in reasons)


def _reason(error: BaseException) -> str:
    said = getattr(error, "orig", None) or error
    return " ".join(str(said).split())[:200] or type(error).__name__


def _share_with_group(folder: Path) -> None:
    """Let the group write, as nbgrader does where a course belongs to several people."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            with contextlib.suppress(PermissionError):
                path.chmod(path.stat().st_mode | (0o2770 if path.is_dir() else 0o660))
