"""Equal and nearly equal written answers: found together, answered at once, and taken back."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import pytest
from test_gradebook import examined, hand_in
from typer.testing import CliRunner

from autograder.cli import app
from autograder.course.folders import Paths
from autograder.course.models import Course
from autograder.course.nbgrader import open_gradebook
from autograder.examination import Examination, RecordedCell, Score, Status
from autograder.files import write_atomically
from autograder.gradebook.ledger import Ledger
from autograder.options import Options
from autograder.pages.report import write_report
from autograder.pages.written import SameAnswer, same_answers
from autograder.submissions.records import record_path
from autograder.submissions.week import prepare

LONG = "Multiplying by two is the same as adding a number to itself, which is what the task asks for."
OTHER = "A convolution slides a kernel over the image and sums the products at every position it takes."


def answered(student: str, text: str) -> tuple[str, Examination]:
    cells = (
        RecordedCell(cell_type="markdown", id="a", grade_id="why", source=text),
        RecordedCell(cell_type="code", id="b", grade_id="code", source="x = 1"),
    )
    scores = (
        Score(grade_id="why", points=None, max_points=5, manual=True),
        Score(grade_id="code", points=5, max_points=5),
    )
    return student, Examination(
        key="k",
        assignment="w",
        student=student,
        status=Status.GRADED,
        notebook=cells,
        scores=scores,
        graded_at=dt.datetime(2027, 4, 1, tzinfo=dt.UTC),
    )


def groups(*texts: str, released: str = "Why?") -> list[SameAnswer]:
    entries = [answered(f"s{number}", text) for number, text in enumerate(texts)]
    return same_answers(entries, {"why": released})


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (LONG, LONG.upper().replace(" ", "\n "), True),
        (LONG, LONG.replace(", which", " - which"), True),
        (LONG, LONG + " Really.", True),
        (LONG, OTHER, False),
        ("First the kernel turns, then it slides.", "Then it turns, first the kernel slides.", False),
        ("x = 1", "x = -1", False),
        ("It grows.", "it grows", True),
        ("Why?", "why", False),  # nobody has written anything
        ("", "", False),
        ("두 배로 만들기 때문입니다.", "두 배로  만들기 때문입니다", True),
        ("가" * 5000 + "나", "가" * 5000 + "다", True),  # what is beyond is not looked at
    ],
)
def test_which_answers_stand_together(one: str, other: str, together: bool) -> None:
    assert [group.students for group in groups(one, other)] == ([("s0", "s1")] if together else [])


def test_the_largest_group_comes_first_with_its_most_frequent_wording() -> None:
    first, second = groups(OTHER, LONG + " Really.", LONG, LONG, OTHER, "alone")
    assert (first.students, first.forms) == (("s1", "s2", "s3"), (LONG, LONG + " Really."))
    assert second.students == ("s0", "s4")
    assert first.name.startswith("why-") and first.name != second.name
    (again,) = groups(LONG.lower(), LONG)
    assert again.name == first.name, "the group is called the same whoever else is in it"


def test_each_answer_is_compared_with_few_others(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograder.pages import written

    compared = 0
    share = written._share

    def counted(one: set[str], other: set[str]) -> float:
        nonlocal compared
        compared += 1
        return share(one, other)

    monkeypatch.setattr(written, "_share", counted)
    chance = random.Random(3)
    # A few words in common, in as many answers as somebody likes to hand in.
    texts = [
        " ".join(["the", "kernel", *(f"w{chance.randrange(60)}" for _ in range(12))]) for _ in range(400)
    ]
    groups(*texts)
    assert compared <= 400 * written._BANDS


def record(paths: Paths, course: Course, answers: dict[str, str]) -> None:
    """The records and the gradebook of a class, as `grade` leaves them."""
    raws = {student: hand_in(paths, student, text) for student, text in answers.items()}
    with Ledger(course, paths, "small") as ledger:
        for submission in prepare(course, paths, "small", Options()):
            student = submission.student
            found = examined(paths, student, raws[student]).model_copy(update={"key": submission.key})
            path = record_path(paths, "small", student, submission.key)
            write_atomically(path, found.model_dump_json().encode())
            ledger.record(found)


def given(paths: Paths, student: str) -> tuple[str | None, float | None, bool]:
    with open_gradebook(paths.gradebook_url) as gradebook:
        comment = gradebook.find_comment("explain", "small", "small", student).manual_comment
        grade = gradebook.find_grade("explain", "small", "small", student)
        return comment, grade.manual_score, bool(grade.needs_manual_grade)


def test_one_comment_for_all_and_back(
    small: tuple[Course, Paths], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    course, paths = small
    record(paths, course, {"ada": LONG, "bob": LONG.upper(), "eve": LONG, "kim": OTHER})
    with open_gradebook(paths.gradebook_url) as gradebook:
        gradebook.find_comment("explain", "small", "small", "eve").manual_comment = "Mine."
        gradebook.db.commit()
    before = {student: given(paths, student) for student in ("ada", "bob", "eve", "kim")}
    assert before["ada"] == (None, None, True)

    monkeypatch.chdir(paths.root)
    page = write_report(paths.root, "small").read_text(encoding="utf-8")
    (group,) = {word for word in page.replace("<", " ").replace(">", " ").split() if word[:8] == "explain-"}

    def run(*words: str) -> tuple[int, str]:
        made = CliRunner().invoke(app, ["comment", "small", group, *words])
        return made.exit_code, made.stdout if made.exception is None else str(made.exception)

    assert "There is no comment" in run()[1]
    assert "worth 5 points" in run("Well put.", "--points", "7")[1]
    assert {student: given(paths, student) for student in before} == before
    assert "given: 2;" in run("Well put.", "--points", "4")[1]
    assert given(paths, "ada") == given(paths, "bob") == ("Well put.", 4.0, False)
    assert given(paths, "eve") == before["eve"], "what a person has said stays"
    assert given(paths, "kim") == before["kim"]
    assert "--undo" in run("Once more.")[1]

    with open_gradebook(paths.gradebook_url) as gradebook:  # somebody changes one in formgrader
        gradebook.find_comment("explain", "small", "small", "bob").manual_comment = "Better put."
        gradebook.db.commit()
    assert "taken back: 1" in run("--undo")[1]
    assert given(paths, "ada") == before["ada"]
    assert given(paths, "bob") == ("Better put.", 4.0, False)
    assert "No comment was given" in run("--undo")[1]
    assert "no group 'other'" in str(
        CliRunner().invoke(app, ["comment", "small", "other", "Hello."]).exception
    )
