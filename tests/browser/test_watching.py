"""A student presses *Submit* in JupyterLab and *Fetch Feedback*; the instructor's server has the score."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from exchange import Exchange, ours

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from conftest import Server
    from playwright.sync_api import Browser, Page

REPOSITORY = Path(__file__).parents[2]
SECONDS = 120_000
_RELOAD = "() => document.querySelector('#refresh_assignments_list').click()"


def _signed_in(browser: Browser, server: Server, path: str) -> Page:
    page = browser.new_context(viewport={"width": 1400, "height": 1000}).new_page()
    page.set_default_timeout(SECONDS)
    page.goto(server.at(f"login?token={server.token}&next=%2Fapi%2Fstatus"))
    page.goto(server.at(path))
    return page


def _open_assignment_list(page: Page) -> None:
    page.wait_for_function("() => window.jupyterapp && window.jupyterapp.commands")
    page.evaluate("() => window.jupyterapp.restored")
    page.evaluate("() => window.jupyterapp.commands.execute('nbgrader:open-assignment-list')")


def test_submit_and_fetch_feedback_in_the_assignment_list(
    tmp_path: Path, browser: Browser, serve: Callable[[Path, Path], AbstractContextManager[Server]]
) -> None:
    exchange = Exchange(tmp_path)
    desk = tmp_path / "desk"
    desk.mkdir()
    (desk / "nbgrader_config.py").write_text(
        "c = get_config()\n"
        f"c.Exchange.root = {str(tmp_path / 'exchange')!r}\n"
        f"c.Exchange.cache = {str(tmp_path / 'cache')!r}\n"
        f"c.CourseDirectory.course_id = {exchange.course.id!r}\n"
    )
    watcher = subprocess.Popen(
        [sys.executable, "-m", "autograder.cli", "watch", "trial"],
        cwd=exchange.root,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert watcher.stdout is not None
    homes = [tmp_path / name for name in ("student-home", "instructor-home")]
    for home in homes:
        home.mkdir()
    try:
        with serve(desk, homes[0]) as student, serve(exchange.root, homes[1]) as instructor:
            page = _signed_in(browser, student, "lab?reset")
            _open_assignment_list(page)
            page.locator("#released_assignments_list").get_by_role("button", name="Fetch").click()
            fetched = page.locator("#fetched_assignments_list")
            submit = fetched.get_by_role("button", name="Submit", exact=True)
            submit.wait_for()
            wrong = exchange.notebook(double="def double(x):\n    return x + 2\n")
            (desk / "trial" / "trial.ipynb").write_bytes(wrong)
            submit.click()

            said = next(line for line in watcher.stdout if " released" in line)
            assert "40/100" in said
            page.evaluate(_RELOAD)
            page.get_by_role("button", name="Fetch Feedback").first.click()
            page.get_by_text("(view feedback)").wait_for()
            (file,) = (desk / "trial" / "feedback").glob("*/trial.html")
            page.goto(file.as_uri())
            shown = " ".join(page.locator("body").inner_text().split())
            assert f"Student: {ours()}" in shown
            assert "40 / 100" in shown
            assert "Your double adds two." in shown

            grader = _signed_in(browser, instructor, "formgrader/manage_submissions/trial")
            grader.locator("tbody tr", has_text=ours()).get_by_text("40 / 100").wait_for()
    finally:
        watcher.send_signal(signal.SIGTERM)
        assert watcher.wait(120) == 0
        shutil.rmtree(desk, ignore_errors=True)
