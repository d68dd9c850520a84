"""A grader's hour in formgrader: the class, one answer graded by hand, the feedback made again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from nbgrader.api import Gradebook

from autograder.course.folders import Paths
from autograder.course.models import Course
from autograder.course.reading import load_course
from autograder.gradebook.reading import read_grades
from autograder.grading.grade import Tally, grade
from autograder.options import Options
from autograder.pages.feedback import write_feedback

if TYPE_CHECKING:
    from conftest import Server
    from playwright.sync_api import Page

WEEK = "03_convolution"
STUDENT = "kim_minji"
COMMENT = "Convincing: a learnt kernel may as well be learnt flipped. 좋은 설명입니다."


def table(page: Page) -> dict[str, list[str]]:
    """Rows of the page's table by the student's id."""
    page.wait_for_selector("td.student-id, td.score")
    rows = [row.locator("td").all_inner_texts() for row in page.locator("tbody tr").all()]
    return {row[1].strip(): [cell.strip() for cell in row] for row in rows if len(row) > 1}


def test_a_grader_sees_the_class_grades_an_answer_and_finds_it_in_the_feedback(
    jupyter: Server, page: Page, course: tuple[Course, Paths], graded: Tally
) -> None:
    _, paths = course

    # the assignments
    page.goto(jupyter.at("formgrader/"))
    row = page.locator("tbody tr", has=page.get_by_text(WEEK, exact=True))
    row.locator("td.num-submissions").get_by_text(str(len(graded.examinations))).wait_for()

    # the class, each with the score of its record
    page.goto(jupyter.at(f"formgrader/manage_submissions/{WEEK}"))
    shown = table(page)
    assert sorted(shown) == [examination.student for examination in graded.examinations]
    for examination in graded.examinations:
        score, _, maximum = shown[examination.student][4].partition(" / ")
        assert float(maximum) == 100
        assert abs(float(score) - examination.points) < 0.01, examination.student
        waiting = any(s.manual for s in examination.undecided)
        status = shown[examination.student][3]
        assert status == ("needs manual grading" if waiting else "graded"), examination.student

    # one submission: the answer in words
    before = next(e for e in graded.examinations if e.student == STUDENT)
    (answer,) = [score for score in before.scores if score.manual]
    page.goto(jupyter.at(f"formgrader/manage_students/{STUDENT}/{WEEK}"))
    page.locator("tbody a", has_text=WEEK).click()
    score = page.locator(f"input.score#{answer.grade_id}")
    score.wait_for()
    # The page fills the fields in one by one, once it has asked the server.
    page.locator("input.score#test-conv2d[placeholder]").wait_for()
    assert page.locator("input.score#test-conv2d").get_attribute("placeholder") == "12"
    with page.expect_response(lambda r: "/api/grade/" in r.url and r.request.method == "PUT") as saved:
        score.fill("4.5")
        score.press("Tab")
    assert saved.value.ok
    comment = page.locator(f"textarea#{answer.grade_id}-comment")
    with page.expect_response(lambda r: "/api/comment/" in r.url and r.request.method == "PUT") as saved:
        comment.fill(COMMENT)
        comment.press("Tab")
    assert saved.value.ok
    with Gradebook(paths.gradebook_url) as gradebook:
        grade_ = gradebook.find_grade(answer.grade_id, WEEK, WEEK, STUDENT)
        assert (grade_.manual_score, grade_.needs_manual_grade) == (4.5, False)

    # the feedback, made again by the button
    page.goto(jupyter.at(f"formgrader/manage_submissions/{WEEK}"))
    row = page.locator("tbody tr", has=page.get_by_text(STUDENT, exact=True))
    assert float(table(page)[STUDENT][4].split(" / ")[0]) == before.points + 4.5
    with page.expect_response(re.compile(f"/{WEEK}/{STUDENT}/generate_feedback"), timeout=300_000) as made:
        row.locator("td.generate-feedback a").click()
    assert made.value.json()["success"], made.value.json().get("log")
    page.goto((paths.feedback / STUDENT / WEEK / f"{WEEK}.html").as_uri())
    text = page.inner_text("body")
    assert COMMENT in text
    assert f"{before.points + 4.5:g}" in re.sub(r"\.0\b", "", text)

    # the kit's own page for the student
    (own,) = write_feedback(paths.root, WEEK, students=[STUDENT])
    page.goto(own.as_uri())
    text = page.inner_text("body")
    assert COMMENT in text
    assert f"{before.points + 4.5:g}" in text

    # what a person entered stays when the class is graded again, and goes out to the platforms
    grade(paths.root, WEEK, Options(students=(STUDENT,)))
    exported = read_grades(load_course(paths.root), paths, [WEEK]).grades[STUDENT, WEEK]
    assert (exported.score, exported.undecided) == (before.points + 4.5, False)


@pytest.mark.glance
def test_a_hostile_submission_runs_nothing_in_the_graders_browser(
    jupyter: Server, page: Page, course: tuple[Course, Paths], graded: Tally
) -> None:
    """Every submission's page is opened; nothing in it may open a dialogue or leave the machine."""
    dialogues: list[str] = []
    page.on("dialog", lambda dialog: (dialogues.append(dialog.message), dialog.dismiss()))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for student in ("eve", "mallory", "ada"):
        page.goto(jupyter.at(f"formgrader/manage_students/{student}/{WEEK}"))
        page.locator("tbody a", has_text=WEEK).click()
        page.locator("input.score").first.wait_for()
    assert dialogues == []
    abroad = {url for url in asked if not url.startswith((jupyter.url, "data:", "blob:"))}
    # nbgrader's own page asks for MathJax there; without a network, formulas stay as they were typed
    assert not [url for url in abroad if "mathjax" not in url.lower()]
