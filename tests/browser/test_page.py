"""A student's page in a browser: what comes first, what can be copied, and who can read it."""

from __future__ import annotations

import copy
import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import numpy as np
import pytest
from nbformat import NotebookNode

from autograder.authoring.release import release
from autograder.course.folders import Paths
from autograder.course.reading import load_course
from autograder.grading.grade import grade
from autograder.messages import Language
from autograder.notebooks.metadata import grade_id, is_manual, is_solution
from autograder.notebooks.scripts import dump, read_script
from autograder.options import Options
from autograder.pages.feedback import write_feedback

if TYPE_CHECKING:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import Browser, Page

REPOSITORY = Path(__file__).parents[2]
WEEK = "03_convolution"
AFTERWARDS = dt.datetime(2090, 1, 1, tzinfo=dt.UTC)
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}

MISTAKES = {
    "stride": ("top, left = i * row_step, j * column_step", "top, left = i, j"),
    "colon": ("for j in range(columns):", "for j in range(columns)"),
    "loop": ("    for i in range(rows):\n", "    i = 0\n    while i < rows:\n"),
    "renamed": ("def conv2d(", "def my_conv2d("),
    "right": ("", ""),
}
"""What each student wrote in the solution's ``conv2d`` instead of what stands there."""


OUT_OF_REACH = """
[...document.querySelectorAll("*")]
    .filter(each => each.scrollWidth > each.clientWidth + 1)
    .filter(each => ["auto", "scroll"].includes(getComputedStyle(each).overflowX))
    .filter(each => each.tabIndex < 0 && !each.querySelector("a, button, [tabindex]"))
    .map(each => each.outerHTML.slice(0, 80))
"""
"""What scrolls sideways, and not by keyboard."""


def handed_in(released: NotebookNode, answers: dict[str, str], mistake: tuple[str, str]) -> NotebookNode:
    """The solution with one mistake in it."""
    notebook = copy.deepcopy(released)
    for cell in notebook.cells:
        if is_solution(cell) and not is_manual(cell):
            marks = ("### BEGIN SOLUTION", "### END SOLUTION")
            lines = answers[grade_id(cell)].splitlines()
            cell["source"] = "\n".join(line for line in lines if line.strip() not in marks)
            if grade_id(cell) == "conv2d":
                assert mistake[0] in cell.source
                cell["source"] = cell.source.replace(*mistake)
    return notebook


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """Week 3 of this course with five students, graded."""
    root = tmp_path_factory.mktemp("pages")
    for name in ("course.yml", "nbgrader_config.py"):
        shutil.copy(REPOSITORY / name, root)
    for name in ("solutions", "tests/hidden"):
        shutil.copytree(REPOSITORY / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    course, paths = load_course(root), Paths(root)
    release(course, course.assignment(WEEK), paths)
    released = nbformat.read(paths.released(WEEK), as_version=4)
    solution = read_script(paths.solution(WEEK).read_text(encoding="utf-8"))
    answers = {grade_id(cell): cell.source for cell in solution.cells if is_solution(cell)}
    for student, mistake in MISTAKES.items():
        path = paths.submission(student, WEEK)
        path.parent.mkdir(parents=True)
        path.write_bytes(dump(handed_in(released, answers, mistake)))
    grade(root, WEEK, Options())
    return paths


Opened = Callable[..., "Page"]


@pytest.fixture(scope="module")
def pages(week: Paths, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pages ``<student>-<language>.html``."""
    folder = tmp_path_factory.mktemp("html")
    for language in Language:
        for path in write_feedback(week.root, WEEK, language, now=AFTERWARDS):
            student = path.parent.parent.name
            shutil.copy(path, folder / f"{student}-{language}.html")
    return folder


@pytest.fixture
def opened(pages: Path, browser: Browser) -> Any:
    """Opens a student's page."""
    contexts = []

    def open_(student: str, language: Language = Language.EN, **options: Any) -> Page:
        path = pages / f"{student}-{language}.html"
        contexts.append(browser.new_context(**({"viewport": DESKTOP} | options)))
        tab = contexts[-1].new_page()
        tab.goto(path.as_uri())
        return tab

    yield open_
    for context in contexts:
        context.close()


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("student", MISTAKES)
def test_the_next_step_comes_first_above_the_fold(
    opened: Opened, student: str, viewport: dict[str, int], language: Language
) -> None:
    tab = opened(student, language, viewport=viewport)
    first = tab.locator("main > :not(.score)").first
    assert "next" in (first.get_attribute("class") or "")
    said = {
        "stride": (".next .said", "conv2d"),
        "colon": (".next pre.wide", "for j in range(columns)\n"),
        "loop": (".next pre.wide", "---> "),
        "renamed": (".next .facts", "my_conv2d"),
        "right": (".next", "8. In your own words"),  # left empty
    }
    selector, text = said[student]
    telling = tab.locator(selector).first
    assert text in telling.inner_text()
    place = telling.bounding_box()
    assert place is not None and place["y"] + min(place["height"], 60) <= viewport["height"]
    assert tab.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_a_missing_colon_is_said_once_with_its_line_and_caret(opened: Opened) -> None:
    tab = opened("colon")
    lines = tab.locator(".next pre.wide").inner_text().splitlines()
    assert lines[0].rstrip().endswith("for j in range(columns)")
    assert lines[1].strip() == "^" and lines[1].index("^") == len(lines[0].rstrip())
    assert "“4. Two dimensions: conv2d”" in tab.locator(".next").inner_text()
    assert tab.locator("details.check[open]").count() == 0  # everything else waits for that


@pytest.mark.parametrize("clipboard", [True, False], ids=["clipboard", "no-clipboard"])
def test_the_copied_code_shows_the_same_difference(opened: Opened, week: Paths, *, clipboard: bool) -> None:
    tab = opened("stride", permissions=["clipboard-read", "clipboard-write"])
    if not clipboard:
        tab.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    button = tab.locator(".next button.copy")
    button.focus()
    tab.keyboard.press("Enter")
    status = tab.locator(".next [role=status]")
    status.filter(has_text="Copied").wait_for()
    tab.evaluate("document.body.append(Object.assign(document.createElement('textarea'), {id: 'here'}))")
    tab.locator("#here").focus()
    tab.keyboard.press("Control+V")
    code = tab.locator("#here").input_value()

    notebook = nbformat.read(week.submission("stride", WEEK), as_version=4)
    names: dict[str, Any] = {"np": np}
    for cell in notebook.cells:
        if is_solution(cell) and not is_manual(cell):
            exec(cell.source, names)
    *before, call = code.split("\n\n")
    exec("\n".join(before), names)
    result = eval(call, names)
    facts = dict(
        zip(tab.locator(".next dt").all_inner_texts(), tab.locator(".next dd").all_inner_texts(), strict=True)
    )
    array = {"array": np.array}
    np.testing.assert_array_equal(result, eval(facts["Came back"], array))
    assert not np.array_equal(result, eval(facts["Expected"], array))


def test_without_scripts_the_code_is_there_and_no_button(opened: Opened) -> None:
    tab = opened("stride", java_script_enabled=False)
    assert "import numpy as np" in tab.locator(".next pre code").inner_text()
    assert tab.locator("button.copy:visible").count() == 0


@pytest.mark.parametrize("student", MISTAKES)
def test_whoever_uses_a_reader_or_a_keyboard_finds_everything(opened: Opened, student: str) -> None:
    tab = opened(student, viewport=PHONE)
    tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    # Roles and names as the browser itself hands them to a screen reader.
    client = tab.context.new_cdp_session(tab)
    nodes = client.send("Accessibility.getFullAXTree")["nodes"]
    landmarks = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node.get("ignored")
        and node["role"]["value"] in ("banner", "main", "navigation", "region", "contentinfo")
    ]
    assert len(landmarks) == len(set(landmarks))
    assert all(name for role, name in landmarks if role in ("navigation", "region"))
    buttons = [node for node in nodes if node["role"]["value"] == "button" and not node.get("ignored")]
    assert all(node["name"]["value"] for node in buttons)
    out_of_reach = tab.evaluate(OUT_OF_REACH)
    assert out_of_reach == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("student", MISTAKES)
def test_axe_finds_nothing(
    opened: Opened, axe: Axe, student: str, language: Language, viewport: dict[str, int], scheme: str
) -> None:
    tab = opened(student, language, viewport=viewport, color_scheme=scheme)
    tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    found = axe.run(tab)
    assert [(each["id"], each["nodes"][0]["html"]) for each in found.response["violations"]] == []


def test_a_reason_names_what_is_code_as_code(opened: Opened) -> None:
    tab = opened("loop", Language.KO)
    reasons = tab.locator("dd").all_inner_texts()
    assert reasons and not [reason for reason in reasons if "`" in reason]


def test_a_traceback_scrolls_on_a_phone(opened: Opened) -> None:
    tab = opened("colon", viewport=PHONE)
    assert tab.locator(".next pre.wide").evaluate("each => getComputedStyle(each).whiteSpace") == "pre"
    assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_on_paper_everything_is_open_and_nothing_is_a_button(opened: Opened) -> None:
    tab = opened("stride")
    tab.emulate_media(media="print")
    tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert tab.locator("details.check:not([open])").count() == 0
    assert tab.locator("button.copy:visible").count() == 0
