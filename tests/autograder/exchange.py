"""nbgrader's exchange as a folder, and a student in front of it: nbgrader's own classes submit and fetch."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nbformat
import trial
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import ExchangeFetchFeedback, ExchangeReleaseAssignment, ExchangeSubmit
from traitlets.config import Config

from autograder.course.reading import load_course
from autograder.notebooks.metadata import grade_id
from autograder.notebooks.scripts import dump

REPOSITORY = Path(__file__).parents[2]


class Exchange:
    """A course with a released week, and an exchange beside it.

    Args:
        folder: for both.
        settings: lines to add to ``course.yml``.
        nbgrader: lines to add to ``nbgrader_config.py``.
        root: the course, if it is another one than that with the week ``trial``.
        week: its week.
    """

    def __init__(
        self,
        folder: Path,
        settings: str = "",
        nbgrader: str = "",
        root: Path | None = None,
        week: str = "trial",
    ) -> None:
        self.folder, self.week = folder.resolve(), week
        self.root = root.resolve() if root else trial.make(self.folder / "course").root
        course = self.root / "course.yml"
        course.write_text(settings + course.read_text(encoding="utf-8"), encoding="utf-8")
        self.course = load_course(self.root)
        self.inbound = self.folder / "exchange" / self.course.id / "inbound"
        shutil.copy(REPOSITORY / "nbgrader_config.py", self.root)
        with (self.root / "nbgrader_config.py").open("a", encoding="utf-8") as file:
            file.write(f'\nc.Exchange.root = "{self.folder / "exchange"}"\n{nbgrader}\n')
        (self.folder / "exchange").mkdir(exist_ok=True)
        (self.folder / "exchange").chmod(0o777)
        self._made(ExchangeReleaseAssignment, "instructor").start()

    def notebook(self, double: str = trial.GOOD_DOUBLE, half: str = trial.GOOD_HALF) -> bytes:
        """The released notebook with two cells filled in."""
        notebook = nbformat.read(self.root / "assignments" / "trial" / "trial.ipynb", as_version=4)
        for cell in notebook.cells:
            if grade_id(cell) in ("double", "half"):
                cell.source = double if grade_id(cell) == "double" else half
        return dump(notebook)

    def submit(self, student: str, notebook: bytes | dict[str, bytes]) -> None:
        """What *Submit* does.

        Args:
            student: whose.
            notebook: the one that has the week's name, or several by their names.
        """
        folder = self._home(student) / self.week
        folder.mkdir(parents=True, exist_ok=True)
        notebooks = {self.week: notebook} if isinstance(notebook, bytes) else notebook
        for name, content in notebooks.items():
            (folder / f"{name}.ipynb").write_bytes(content)
        self._made(ExchangeSubmit, student).start()

    def fetch(self, student: str, notebook: str = "") -> list[str]:
        """What *Fetch feedback* brings: the page of each submission, in their order; empty where none is.

        Args:
            student: whose.
            notebook: of which one, where there are several.
        """
        feedback = self._home(student) / self.week / "feedback"
        shutil.rmtree(feedback, ignore_errors=True)
        if (self.folder / "exchange" / self.course.id / "feedback").is_dir():
            self._made(ExchangeFetchFeedback, student).start()
        cached = sorted((self._home(student) / "cache" / self.course.id).glob(f"*+{self.week}+*"))
        pages = [feedback / path.name.split("+")[2] / f"{notebook or self.week}.html" for path in cached]
        return [page.read_text(encoding="utf-8") if page.is_file() else "" for page in pages]

    def _home(self, student: str) -> Path:
        return self.folder / "homes" / student

    def _made(self, kind: type, student: str):  # type: ignore[no-untyped-def]
        config = Config()
        config.Exchange.root = str(self.folder / "exchange")
        config.Exchange.cache = str(self._home(student) / "cache")
        config.Exchange.assignment_dir = str(self._home(student))
        directory = CourseDirectory(config=config)
        directory.root, directory.course_id = str(self.root), self.course.id
        directory.release_directory = "assignments"
        directory.assignment_id, directory.student_id = self.week, student
        if kind is ExchangeReleaseAssignment:
            directory.student_id = "."
        from nbgrader.auth import Authenticator

        return kind(coursedir=directory, authenticator=Authenticator(config=config), config=config)


def ours() -> str:
    """The name of the account that runs the tests: the only student who can really hand in here."""
    import pwd

    return pwd.getpwuid(os.geteuid()).pw_name
