"""A real Jupyter server with nbgrader's extensions, and Chromium in front of it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import nbformat
import pytest

from autograder.authoring.sample import build_class
from autograder.course.folders import Paths
from autograder.course.models import Course
from autograder.course.reading import load_course
from autograder.grading.grade import Tally, grade
from autograder.mnist import digits
from autograder.options import Options

if TYPE_CHECKING:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import Browser, Page

REPOSITORY = Path(__file__).parents[2]
WEEK = "03_convolution"
SECONDS = 120_000
"""Patience with a page, in milliseconds: the machine may be busy."""


def chromium() -> str | None:
    """The browser's program; the environment variable ``CHROMIUM`` names another one."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def without(what: str) -> NoReturn:
    """Do without a test for want of something; a failure where the browser's tests have been asked for."""
    if {"CI", "AUTOGRADER_BROWSER"} & os.environ.keys():
        pytest.fail(f"The browser's tests were asked for, and {what}")
    pytest.skip(what)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.slow)


@dataclass(frozen=True)
class Server:
    """A running Jupyter server.

    Attributes:
        url: of its root, without a slash at the end.
        token: to be given once.
        log: where it writes.
    """

    url: str
    token: str
    log: Path

    def at(self, path: str) -> str:
        """The address of a page."""
        return f"{self.url}/{path}"


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, Paths]:
    """This repository's course in a folder of its own, every week released."""
    from autograder.authoring.release import release

    root = tmp_path_factory.mktemp("browser") / "course"
    root.mkdir()
    for name in ("course.yml", "nbgrader_config.py"):
        shutil.copy(REPOSITORY / name, root)
    for name in ("solutions", "tests/hidden"):
        shutil.copytree(REPOSITORY / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    # Only the nbgrader settings that a course of one's own would add, too.
    with (root / "nbgrader_config.py").open("a", encoding="utf-8") as file:
        file.write(f'\nc.Exchange.root = "{root.parent / "exchange"}"\n')
    made, paths = load_course(root), Paths(root)
    for week in made.assignments:
        release(made, week, paths)
    return made, paths


@pytest.fixture(scope="session")
def graded(course: tuple[Course, Paths]) -> Tally:
    """The sample class, handed in and graded."""
    _, paths = course
    released = nbformat.read(paths.released(WEEK), as_version=4)
    build_class(REPOSITORY / "tests" / "submissions" / WEEK, released, paths.submitted, WEEK)
    return grade(paths.root, WEEK, Options())


@pytest.fixture(scope="session")
def jupyter(course: tuple[Course, Paths], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Jupyter with the course as its folder."""
    _, paths = course
    (paths.root.parent / "exchange").mkdir(mode=0o777, exist_ok=True)
    with serving(paths.root, tmp_path_factory.mktemp("home")) as server:
        yield server


@pytest.fixture
def serve() -> Callable[[Path, Path], AbstractContextManager[Server]]:
    """A Jupyter server of a test's own; see :func:`serving`."""
    return serving


@contextlib.contextmanager
def serving(folder: Path, home: Path) -> Iterator[Server]:
    """Jupyter on the loopback interface, with settings of nobody's.

    Args:
        folder: that it shows.
        home: of whoever runs it.
    """
    environment = os.environ | {
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "lab"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    _the_courses_digits(home)
    _no_windowing(home / "lab")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server(f"http://127.0.0.1:{port}", "only-for-this-test", home / "jupyter.log")
    options = [
        "--no-browser",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={server.token}",
        f"--ServerApp.root_dir={folder}",
        "--LabApp.expose_app_in_browser=True",
        *(["--allow-root"] if os.geteuid() == 0 else []),
    ]
    with server.log.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            _wait_for(server, process)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _the_courses_digits(home: Path) -> None:
    """Kernels load the course's digits, as they would from the network."""
    digits.write_student_npz(home / "mnist.npz")
    startup = home / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00-digits.py").write_text(
        "def _install():\n"
        "    from pathlib import Path\n"
        "    from autograder.mnist import stand_ins\n"
        f"    stand_ins.install_light(Path({str(home / 'mnist.npz')!r}))\n"
        "_install()\ndel _install\n",
        encoding="utf-8",
    )


def _no_windowing(settings: Path) -> None:
    """All cells are in the page, not only those in sight."""
    folder = settings / "@jupyterlab" / "notebook-extension"
    folder.mkdir(parents=True)
    (folder / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}', encoding="utf-8")


def _wait_for(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(server.at(f"api/status?token={server.token}"), timeout=10):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"Jupyter does not start:\n{server.log.read_text(errors='replace')[-2000:]}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    program = chromium()
    if program is None:
        without("there is no Chromium on this machine: install the package chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        without("playwright is not installed: install the extra [dev]")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def axe() -> Axe:
    """The rules of accessibility that a page is held to."""
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        without("axe is not installed: install the extra [dev]")
    return Axe()


@pytest.fixture
def page(browser: Browser, jupyter: Server) -> Iterator[Page]:
    """A fresh page of somebody who has just signed in."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000}, accept_downloads=False)
    context.set_default_timeout(SECONDS)
    opened = context.new_page()
    opened.goto(jupyter.at(f"login?token={jupyter.token}&next=%2Fapi%2Fstatus"))
    yield opened
    context.close()
