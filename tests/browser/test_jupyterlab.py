"""A student's hour in JupyterLab: every notebook runs, cell by cell, as the course promises."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from autograder.course.folders import Paths
from autograder.course.models import Course
from autograder.messages import Language
from autograder.notebooks.metadata import grade_id, tags
from autograder.notebooks.scripts import dump, read_script

if TYPE_CHECKING:
    from conftest import Server
    from playwright.sync_api import Page

ALL_WEEKS = ("01_preprocessing", "02_mlp", "03_convolution", "04_pooling", "05_cnn")
WEEKS = ALL_WEEKS if "AUTOGRADER_ALL" in os.environ else ["03_convolution"]
"""All five take minutes: `make test-all` has them."""

_RUN_ALL = """\
async () => {
  const app = window.jupyterapp;
  const panel = app.shell.currentWidget;
  await panel.context.ready;
  await panel.sessionContext.ready;
  const cells = panel.content.widgets;
  for (let index = 0; index < cells.length; index++) {
    if (cells[index].model.type !== 'code') continue;
    panel.content.activeCellIndex = index;
    await app.commands.execute('notebook:run-cell');
  }
  return cells.filter(cell => cell.model.type === 'code').map(cell => ({
    source: cell.model.sharedModel.source,
    outputs: cell.model.outputs.toJSON(),
  }));
}
"""
"""Runs the cells one by one, as a student does who presses on after an error."""


def run_all(page: Page, jupyter: Server, path: str, seconds: int) -> list[dict[str, Any]]:
    """Open a notebook in JupyterLab, run its code cells, and return what they came to."""
    page.set_default_timeout(seconds * 1000)
    page.goto(jupyter.at(f"lab/tree/{path}?reset"))
    page.wait_for_function(
        "() => window.jupyterapp && window.jupyterapp.shell.currentWidget"
        " && window.jupyterapp.shell.currentWidget.sessionContext"
        " && window.jupyterapp.shell.currentWidget.sessionContext.session"
        " && window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
    )
    return page.evaluate(_RUN_ALL)


def errors(cells: list[dict[str, Any]]) -> list[str]:
    return [
        f"{output['ename']}: {output['evalue']}"
        for cell in cells
        for output in cell["outputs"]
        if output["output_type"] == "error"
    ]


def desk(paths: Paths, name: str, content: bytes) -> str:
    """A copy to work on, so that saving changes nothing of the course; its path for Jupyter."""
    folder = paths.root / "desk"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return f"desk/{name}"


@pytest.mark.parametrize("week", WEEKS)
def test_a_released_notebook_says_only_what_is_not_implemented_yet(
    week: str, jupyter: Server, page: Page, course: tuple[Course, Paths]
) -> None:
    _, paths = course
    path = desk(paths, f"{week}.ipynb", paths.released(week).read_bytes())
    cells = run_all(page, jupyter, path, 400)
    found = errors(cells)
    assert found
    assert [text for text in found if not text.startswith("NotImplementedError: not implemented yet")] == []
    shown = page.locator(".jp-OutputArea-output", has_text="NotImplementedError")
    assert shown.count() == len(found)


@pytest.mark.parametrize("week", WEEKS)
def test_a_solution_runs_to_its_end_and_draws(
    week: str, jupyter: Server, page: Page, course: tuple[Course, Paths]
) -> None:
    made, paths = course
    others = {str(language) for language in Language if language is not made.language}
    notebook = read_script(paths.solution(week).read_text(encoding="utf-8"))
    notebook.cells = [cell for cell in notebook.cells if others.isdisjoint(tags(cell))]
    nbformat.validate(notebook)
    cells = run_all(page, jupyter, desk(paths, f"{week}-solution.ipynb", dump(notebook)), 900)
    assert errors(cells) == []
    drawn = page.locator(".jp-OutputArea-output img, .jp-OutputArea-output svg")
    pictures = [
        output for cell in cells for output in cell["outputs"] if "image/png" in output.get("data", {})
    ]
    assert pictures
    assert drawn.count() >= len(pictures)
    sizes = drawn.evaluate_all("nodes => nodes.map(node => node.naturalWidth ?? 1)")
    assert min(sizes) > 0


def test_check_shows_the_page_below_its_cell(
    jupyter: Server, page: Page, course: tuple[Course, Paths]
) -> None:
    _, paths = course
    week = "03_convolution"
    notebook = nbformat.read(paths.released(week), as_version=4)
    (task,) = (cell for cell in notebook.cells if grade_id(cell) == "output-size")
    task["source"] = (
        "def output_size(input_size, kernel_size, stride=1, padding=0, dilation=1):\n    return 0"
    )
    load, check = (nbformat.v4.new_code_cell(line) for line in ("%load_ext autograder", "%check"))
    notebook["cells"] = [load, *notebook.cells, check]
    folder = paths.root / "desk" / "check"
    folder.mkdir(parents=True)
    (folder / "test_public.py").write_bytes(paths.released_tests(week).read_bytes())
    (folder / f"{week}.ipynb").write_bytes(dump(notebook))

    cells = run_all(page, jupyter, f"desk/check/{week}.ipynb", 400)
    assert [output["output_type"] for output in cells[-1]["outputs"]] == ["display_data"]
    shown = page.frame_locator("iframe[title='autograder check']")
    assert "output_size" in shown.locator(".next .title").first.inner_text()
    # As the student sees it: in a frame wide enough, which its own buttons work in.
    assert shown.locator("html").evaluate("each => each.scrollWidth <= each.clientWidth")
    shown.locator(".next button.copy").click()
    shown.locator(".next [role=status]").filter(has_text=re.compile("Copied|selected")).wait_for()
