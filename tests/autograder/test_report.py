"""The class report: what needs a person first, sound statistics, pages for three students or a thousand."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
import json
import random
import re
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from autograder.course.folders import Paths
from autograder.course.models import Assignment, Course
from autograder.examination import (
    Call,
    CellOutcome,
    Examination,
    Misconception,
    Notice,
    RecordedCell,
    Score,
    Status,
    TestOutcome,
    Text,
    Verdict,
)
from autograder.files import write_atomically
from autograder.options import Options
from autograder.pages.report import read_similar, render_index, render_week, week_tables, write_report
from autograder.pages.report_numbers import Entry, Pair, WeekReport, correlation, summarise
from autograder.problem import GradeError
from autograder.submissions.naming import training_tests
from autograder.submissions.records import record_path
from autograder.submissions.week import prepare

CHROMIUM = Path("/usr/bin/chromium")
MUTANT = Misconception(
    mutant="flips",
    function="conv2d",
    misconception=Text(en="It turns the kernel.", ko="뒤집습니다."),
    hint=Text(en="Do not.", ko="그대로."),
)


def course() -> Course:
    weeks = tuple(
        Assignment(
            name=name,
            title=Text(en=name.title(), ko=name),
            release=dt.datetime(2027, 3, 1, tzinfo=dt.UTC),
            due=dt.datetime(2027, 3, 8, tzinfo=dt.UTC),
        )
        for name in ("week", "later")
    )
    return Course(title=Text(en="Images", ko="이미지"), timezone="Asia/Seoul", assignments=weeks)


def outcome(cell: str, verdict: Verdict = Verdict.PASSED, message: str = "") -> TestOutcome:
    return TestOutcome(
        name=f"test_{cell}",
        module="test_hidden",
        title=Text(en=f"`{cell}` works.", ko="됩니다."),
        cell=cell,
        verdict=verdict,
        message=message,
    )


def entry(student: str, shares: dict[str, float], **more: Any) -> Entry:
    """A submission that earned these shares of cells worth 10 points each."""
    days_late, penalty = more.pop("days_late", 0), more.pop("penalty", 0.0)
    fields: dict[str, Any] = {
        "key": "k",
        "assignment": "week",
        "student": student,
        "status": Status.GRADED,
        "tests": tuple(
            outcome(cell, Verdict.PASSED if share == 1 else Verdict.FAILED) for cell, share in shares.items()
        ),
        "scores": tuple(
            Score(grade_id=cell, points=10 * share, max_points=10) for cell, share in shares.items()
        ),
        "graded_at": dt.datetime(2027, 3, 9, tzinfo=dt.UTC),
    }
    record = Examination(**(fields | more))
    return Entry(student, record, record.points, penalty, days_late, bool(record.undecided))


def three() -> list[Entry]:
    return [
        entry("ada", {"easy": 1.0, "hard": 1.0}),
        entry("bob", {"easy": 1.0, "hard": 0.0}, misconceptions=(MUTANT, MUTANT), days_late=2, penalty=1.0),
        entry("eve", {"easy": 0.0, "hard": 0.0}, misconceptions=(MUTANT,)),
    ]


class PageText(HTMLParser):
    """The words of a page, its links, and the kinds of its elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words = ""
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.handlers: list[str] = []
        self._style = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._style = tag == "style"
        self.links += [value or "" for name, value in attrs if name == "href"]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        if not self._style:
            self.words += data + " "


def page(report: WeekReport) -> PageText:
    return PageText(render_week(report))


def read(report: WeekReport, name: str) -> list[dict[str, str]]:
    from autograder.spreadsheet import table

    rows = week_tables(report)[f"week-{name}.csv"]
    return list(csv.DictReader(io.StringIO(table(rows))))


# What it says


def test_what_needs_a_person_comes_before_everything_else() -> None:
    broken = entry(
        "zoe",
        {"easy": 1.0},
        status=Status.GRADER_ERROR,
        notices=(Notice(code="grader-error", text="The grader failed: disk full."),),
    )
    slow = entry("yan", {"easy": 0.0}).examination.model_copy(
        update={
            "tests": (outcome("easy", Verdict.TIMEOUT), outcome("easy", Verdict.MEMORY)),
            "cells": (CellOutcome(index=6, grade_id="conv", verdict=Verdict.TIMEOUT),),
        }
    )
    empty = entry(
        "xin", {}, status=Status.UNREADABLE, notices=(Notice(code="unreadable", text="The file is empty."),)
    )
    report = summarise(course(), "week", [*three(), broken, Entry("yan", slow, 0.0), empty])
    assert [(c.student, c.where) for c in report.faults] == [("zoe", "The grader failed: disk full.")]
    assert [(c.student, c.what, c.where) for c in report.limits] == [
        ("yan", "took too long", "cell 7 (conv), 1 of the tests of easy"),
        ("yan", "used too much memory", "1 of the tests of easy"),
    ]
    assert [(c.student, c.where) for c in report.unreadable] == [("xin", "The file is empty.")]
    words = page(report).words
    places = [
        words.index(text) for text in ("disk full", "took too long", "The file is empty", "Distribution \n")
    ]
    assert places == sorted(places)


def test_late_and_missing_submissions_are_named() -> None:
    report = summarise(course(), "week", three(), students=["ada", "bob", "eve", "kim", "lee"])
    assert [(late.student, late.days_late, late.penalty) for late in report.late] == [("bob", 2, 1.0)]
    assert report.missing == ("kim", "lee")
    assert "kim" in page(report).words


def test_difficulty_is_the_mean_share_and_the_distribution_is_of_what_counts() -> None:
    report = summarise(course(), "week", three())
    assert {task.name: task.difficulty for task in report.tasks} == {
        "easy": pytest.approx(2 / 3),
        "hard": pytest.approx(1 / 3),
    }
    assert [(task.full, task.none) for task in report.tasks] == [(2, 1), (1, 2)]
    assert report.spread
    assert report.spread.mean == pytest.approx(100 * (20 + 9 + 0) / 60)
    assert report.spread.median == pytest.approx(45)
    assert dict(report.spread.bins) == {
        **dict.fromkeys([label for label, _ in report.spread.bins], 0),
        "0–9": 1,
        "40–49": 1,
        "90–100": 1,
    }


def test_discrimination_leaves_the_task_itself_out() -> None:
    strong = [entry(f"s{i}", {"a": 1.0, "b": 1.0, "odd": 0.0}) for i in range(6)]
    weak = [entry(f"w{i}", {"a": 0.0, "b": 0.0, "odd": 1.0}) for i in range(6)]
    found = {task.name: task.discrimination for task in summarise(course(), "week", [*strong, *weak]).tasks}
    assert found == {"a": None, "b": None, "odd": pytest.approx(-1)}
    assert correlation([(0, 1), (1, 3), (2, 5), (3, 7), (4, 9)]) == pytest.approx(1)
    assert correlation([(1, 1), (1, 2), (1, 3), (1, 4), (1, 5)]) is None
    assert correlation([(0, 0), (1, 1)]) is None


def test_point_biserial_as_in_the_textbooks() -> None:
    numpy = pytest.importorskip("numpy")
    rng = random.Random(4)
    pairs = [(float(rng.random() < 0.5), rng.gauss(0, 1)) for _ in range(50)]
    expected = numpy.corrcoef([x for x, _ in pairs], [y for _, y in pairs])[0, 1]
    assert correlation(pairs) == pytest.approx(expected)


def test_misconceptions_name_each_student_once_and_the_most_frequent_first() -> None:
    rare = MUTANT.model_copy(update={"mutant": "rare"})
    report = summarise(course(), "week", [*three(), entry("kim", {"easy": 0.0}, misconceptions=(rare,))])
    assert [(m.mutant, m.students) for m in report.misconceptions] == [
        ("flips", ("bob", "eve")),
        ("rare", ("kim",)),
    ]


def test_checks_are_sorted_by_how_often_they_failed() -> None:
    report = summarise(course(), "week", three())
    assert [(test.name, test.failed, test.count) for test in report.tests] == [
        ("test_hard", 2, 3),
        ("test_easy", 1, 3),
    ]
    assert report.tests[0].verdicts == (("wrong result", 2),)


def test_what_only_follows_from_another_mistake_is_counted_apart() -> None:
    entries = three()
    followed = entries[2].examination
    tests = tuple(
        test.model_copy(update={"follows": ("easy",)}) if test.cell == "hard" else test
        for test in followed.tests
    )
    entries[2] = Entry("eve", followed.model_copy(update={"tests": tests}), 0.0)
    report = summarise(course(), "week", entries)
    hard = report.tests[0]
    assert (hard.failed, hard.follows, hard.verdicts) == (2, 1, (("wrong result", 1),))
    assert "wrong result 1, 1 only after another function's mistake" in render_week(report)
    table = week_tables(report)["week-tests.csv"]
    assert dict(zip(table[0], table[1], strict=True))["follow"] == 1.0


def test_what_a_person_has_to_grade_is_open_not_zero() -> None:
    waiting = entry("ada", {"easy": 1.0}).examination.model_copy(
        update={"scores": (Score(grade_id="explain", points=None, max_points=5, manual=True),)}
    )
    (task,) = summarise(course(), "week", [Entry("ada", waiting, 0.0, undecided=True)]).tasks
    assert (task.difficulty, task.open, task.none) == (None, 1, 0)


def test_links_lead_to_each_feedback_page_and_to_formgrader() -> None:
    links = page(summarise(course(), "week", three())).links
    assert "../feedback/ada/week/feedback.html" in links
    assert "/formgrader/gradebook/week" in links
    assert {"week-students.csv", "week-tasks.csv", "week-distribution.csv"} <= set(links)


def test_charts_say_in_words_what_they_show() -> None:
    html = render_week(summarise(course(), "week", three()))
    assert re.search(r'<svg[^>]*role="img"[^>]*aria-labelledby="histogram-t"', html)
    assert "3 submissions. 0–9 %: 1, 40–49 %: 1, 90–100 %: 1." in html
    assert "default-src" in html and "<script" not in html


def test_the_index_tells_of_all_weeks() -> None:
    report = summarise(course(), "week", three())
    index = PageText(render_index(course(), {"week": report}))
    assert "week.html" in index.links
    assert "not graded yet" in index.words


def test_nobody_has_handed_in() -> None:
    report = summarise(course(), "week", [], students=["ada"])
    assert report.spread is None
    assert re.search(r"Submissions\s+0\s", page(report).words)


HOSTILE = (
    '<img src=x onerror="alert(1)">',
    "=cmd|' /C calc'!A0",
    "\u202egnp.exe",
    '"><script>x</script>',
    "../..",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_strangers_text_stays_text(text: str) -> None:
    record = entry(text, {"easy": 0.0}, notices=(Notice(code="odd", text=text),)).examination
    record = record.model_copy(
        update={
            "cells": (CellOutcome(index=0, grade_id=text, verdict=Verdict.CRASHED, message=text),),
            "tests": (outcome("easy", Verdict.GRADER_ERROR, text),),
            "misconceptions": (MUTANT,),
        }
    )
    report = summarise(
        course(),
        "week",
        [Entry(text, record, 0.0)],
        students=[text, f"{text}2"],
        similar=[Pair(text, text, 0.9)],
    )
    found = page(report)
    plain = page(summarise(course(), "week", three(), students=["x"], similar=[Pair("a", "b", 1.0)]))
    assert not found.handlers
    assert found.tags <= plain.tags | {"details", "summary", "ul", "li"}
    assert "\u202e" not in found.words
    assert all(
        link.startswith(("../feedback/", "week-", "#", "index.html", "/formgrader/")) for link in found.links
    )
    assert all(link.count("/") == 4 for link in found.links if link.startswith("../"))
    for row in read(report, "students") + read(report, "notices"):
        for value in row.values():
            assert not value.startswith(("=", "+", "-", "@", "\t", "\r"))


# A thousand


def many(count: int) -> list[Entry]:
    rng = random.Random(7)
    entries = []
    for number in range(count):
        skill = rng.random()
        shares = {f"task-{i}": float(rng.random() < 0.2 + 0.8 * skill * (1 - i / 30)) for i in range(15)}
        more: dict[str, Any] = {}
        if number % 9 == 0:
            more["misconceptions"] = (MUTANT.model_copy(update={"mutant": f"mutant-{number % 4}"}),)
        if number % 40 == 0:
            more["notices"] = (Notice(code="missing-cell", text="Cells were missing: easy."),)
        if number % 25 == 0:
            more["cells"] = (CellOutcome(index=3, verdict=Verdict.TIMEOUT, message="too long"),)
        entries.append(entry(f"student{number:04}", shares, days_late=int(number % 17 == 0), **more))
    return entries


def test_a_thousand_students_fit_on_a_page() -> None:
    entries = many(1000)
    started = time.process_time()
    report = summarise(course(), "week", entries, students=[f"absent{i}" for i in range(80)])
    html = render_week(report)
    seconds = time.process_time() - started
    assert len(html) < 3_000_000
    assert seconds < 30  # about one on an idle machine; a quadratic step would take minutes
    assert all(0 <= (task.discrimination or 0) <= 1 for task in report.tasks)
    assert len(read(report, "students")) == 1080


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium")
@pytest.mark.parametrize("count", [3, 1000])
def test_pages_fit_a_phone_and_a_desk(count: int, tmp_path: Path) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    report = summarise(course(), "week", many(count))
    (tmp_path / "week.html").write_text(render_week(report), encoding="utf-8")
    (tmp_path / "index.html").write_text(render_index(course(), {"week": report}), encoding="utf-8")
    said: list[str] = []
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        for width in (360, 1280):
            tab = browser.new_page(viewport={"width": width, "height": 800})
            tab.on("console", lambda message: said.append(message.text))
            for name in ("week", "index"):
                tab.goto((tmp_path / f"{name}.html").as_uri())
                assert tab.evaluate("document.documentElement.scrollWidth") <= width
        browser.close()
    assert said == []


# Files


def test_similar_pairs_are_read_with_care(tmp_path: Path) -> None:
    path = tmp_path / "similarity-week.json"
    assert read_similar(path) == []
    path.write_text(json.dumps([{"a": "x", "b": "y", "score": 0.5}, {"a": 1}, "no", {"a": "x", "b": "y"}]))
    assert read_similar(path) == [Pair("x", "y", 0.5)]
    path.write_text("{")
    assert read_similar(path) == []


def test_writes_the_site_of_a_course(small: tuple[Course, Paths]) -> None:
    course_, paths = small
    with pytest.raises(GradeError, match="autograder grade"):
        write_report(paths.root)
    for student in ("ada", "bob"):
        path = paths.submission(student, "small")
        path.parent.mkdir(parents=True)
        path.write_bytes(paths.released("small").read_bytes())
    (paths.submission("bob", "small").parent / "timestamp.txt").write_text("2027-03-09 10:00:00 UTC")
    (paths.submitted / "absent").mkdir()
    for submission in prepare(course_, paths, "small", Options()):
        key = submission.key
        record = entry(submission.student, {"test-double": 0.5}, assignment="small", key=key).examination
        path = record_path(paths, "small", submission.student, submission.key)
        write_atomically(path, record.model_dump_json().encode())
    index = write_report(paths.root)
    assert index == paths.root / "report" / "index.html"
    folder = index.parent
    assert {path.name for path in folder.iterdir()} == {
        "index.html",
        "small.html",
        *(
            f"small-{name}.csv"
            for name in (
                "students",
                "attention",
                "distribution",
                "tasks",
                "tests",
                "misconceptions",
                "wrong-answers",
                "same-answers",
                "notices",
            )
        ),
    }
    words = (folder / "small.html").read_text(encoding="utf-8")
    assert "absent" in words
    rows = list(csv.DictReader(io.StringIO((folder / "small-students.csv").read_text(encoding="utf-8-sig"))))
    assert [(row["student"], row["days late"], row["status"]) for row in rows] == [
        ("ada", "0", "graded"),
        ("bob", "2", "graded"),
        ("absent", "", "not handed in"),
    ]
    assert write_report(paths.root, "small") == folder / "small.html"


# Wrong answers without a name


def answered(student: str, *answers: tuple[str, str], code: str = "", **more: Any) -> Entry:
    """A submission whose `f` gave these answers to the tests of these names, all of them wrong."""
    tests = tuple(
        outcome(name, Verdict.FAILED).model_copy(
            update={"call": Call(function="f", arguments="f(2)", result=result), "seconds": len(student) / 7}
        )
        for name, result in answers
    )
    cell = RecordedCell(cell_type="code", id="c", source=code)
    return entry(student, {}, tests=tests, notebook=(cell,), **more)


def test_equal_wrong_answers_stand_together_and_the_largest_group_first() -> None:
    entries = [
        answered(
            "ada", ("a", "3"), ("b", "4"), code="def f(x):\n    '''Words.'''\n    return x + 1  # why\n"
        ),
        answered("bob", ("a", "3"), code="def f(x):\n    y = x\n    return y + 1\n"),
        answered("eve", ("a", "3"), code="%matplotlib inline\ndef f(x): return x + 1\n"),
        answered("kim", ("a", "5")),
        answered("lea", ("a", "3"), ("b", "4"), code="def f(x):\n    result = x + 1\n    return result\n"),
        answered("max", ("a", "3")),
    ]
    report = summarise(course(), "week", entries)
    assert [(found.students, found.failed) for found in report.wrong_answers] == [
        (("bob", "eve", "max"), 1),
        (("ada", "lea"), 2),
    ]
    assert [found.code for found in report.wrong_answers] == [
        "def f(x):\n    y = x\n    return y + 1",
        "def f(x):\n    return x + 1",
    ]
    shown = page(report)
    assert "Wrong answers without a name" in shown.words and "3 students" in shown.words
    rows = read(report, "wrong-answers")
    first, second = (found.name for found in report.wrong_answers)
    assert first != second and first.startswith("f-") and first in shown.words
    assert [(row["group"], row["student"]) for row in rows[:4]] == [
        (first, "bob"),
        (first, "eve"),
        (first, "max"),
        (second, "ada"),
    ]


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        # Helpers, constants and imports of the student's own, from any cell, the last definition of each.
        (
            [
                "A = 1",
                "import os, math as m\nB = C = 2\ndef g(x): return x * A\n",
                "def g(x): return g2(x) * B\ndef g2(x): return m.floor(x)\nprint(g(3))",
                "def f(x): return g(x)",
            ],
            "import os, math as m\n\nB = C = 2\n\ndef g(x):\n    return g2(x) * B\n\n"
            "def g2(x):\n    return m.floor(x)\n\ndef f(x):\n    return g(x)",
        ),
        # What every notebook has does not travel; nor does what only has the name of a local variable.
        (
            [
                "import numpy as np\ndef given(x): return 1",
                "y = given(2)",
                "def f(x):\n    y = np.abs(x)\n    return given(y)",
            ],
            "def f(x):\n    y = np.abs(x)\n    return given(y)",
        ),
        (
            ["class K:\n    'Doc.'\n    z = 1\n", "f = lambda x: K.z + x"],
            "class K:\n    z = 1\n\nf = lambda x: K.z + x",
        ),
        (
            ["def h(x): return f(x)", "def f(x): return h(x)"],
            "def h(x):\n    return f(x)\n\ndef f(x):\n    return h(x)",
        ),
        (["%time f = 1", "def g(x): return x"], ""),
    ],
    ids=["helpers", "given", "class", "in-a-circle", "unreadable"],
)
def test_what_a_function_uses_of_the_students_own_stands_above_it(cells: list[str], code: str) -> None:
    notebook = tuple(RecordedCell(cell_type="code", id=f"c{n}", source=cell) for n, cell in enumerate(cells))
    entries = [
        dataclasses.replace(one, examination=one.examination.model_copy(update={"notebook": notebook}))
        for one in (answered(student, ("a", "3")) for student in ("ada", "bob"))
    ]
    (found,) = summarise(course(), "week", entries, given={"np", "given"}).wrong_answers
    assert found.code == code


def test_answers_with_a_name_and_trained_models_are_in_no_group() -> None:
    known = Misconception(
        mutant="m", function="f", misconception=Text(en="a", ko="a"), hint=Text(en="b", ko="b")
    )
    named = [answered(student, ("a", "3"), misconceptions=(known,)) for student in ("ada", "bob")]
    assert summarise(course(), "week", named).wrong_answers == ()
    trained = [answered(student, ("a", "3")) for student in ("ada", "bob")]
    assert len(summarise(course(), "week", trained).wrong_answers) == 1
    assert summarise(course(), "week", trained, trained={("test_hidden", "test_a")}).wrong_answers == ()
    assert "Wrong answers" not in page(summarise(course(), "week", named)).words


def test_tests_that_train_are_known_by_their_marks(tmp_path: Path) -> None:
    (tmp_path / "test_hidden.py").write_text(
        "import pytest\n\n@pytest.mark.training\ndef test_a(): ...\n\ndef test_b(): ...\n"
    )
    (tmp_path / "test_training.py").write_text(
        "import pytest\npytestmark = pytest.mark.training\n\ndef test_c(): ...\n"
    )
    assert training_tests(tmp_path) == {("test_hidden", "test_a"), ("test_training", "test_c")}
