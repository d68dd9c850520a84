"""The feedback page: tells what the policy allows, in both languages, and is harmless whoever wrote what."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import itertools
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.course.folders import Paths
from autograder.course.models import Assignment, Course, Level
from autograder.examination import (
    ArrayPicture,
    Call,
    CellOutcome,
    Difference,
    Examination,
    Misconception,
    Notice,
    Score,
    Status,
    TestOutcome,
    Text,
    Verdict,
)
from autograder.files import write_atomically
from autograder.messages import SENTENCES, Language, fact
from autograder.messages import words as words_of
from autograder.options import Options
from autograder.pages import render as render_module
from autograder.pages import svg
from autograder.pages.feedback import previous_attempt, render_feedback, write_feedback
from autograder.pages.view import Marks
from autograder.submissions.records import keep_record, record_path
from autograder.submissions.week import prepare
from autograder.wording import words

CHROMIUM = Path("/usr/bin/chromium")
LEVELS: tuple[Level, ...] = ("none", "names", "hints", "full")
EN, KO = Language.EN, Language.KO


# A small examination


def course() -> Course:
    week = Assignment(
        name="week",
        title=Text(en="Sliding windows", ko="움직이는 창"),
        release=dt.datetime(2027, 3, 1, tzinfo=dt.UTC),
        due=dt.datetime(2027, 3, 8, tzinfo=dt.UTC),
    )
    return Course(title=Text(en="Images", ko="이미지"), timezone="Asia/Seoul", assignments=(week,))


def cell(
    source: str, name: str = "", points: float = 0, *, kind: str = "code", **flags: bool
) -> dict[str, Any]:
    metadata = {"nbgrader": {"grade_id": name, "points": points, **flags}} if name else {}
    made = {"cell_type": kind, "metadata": metadata, "source": source}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def released() -> NotebookNode:
    return nbformat.from_dict(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {},
            "cells": [
                cell("# Week", kind="markdown"),
                cell("## 1. Windows of `conv2d`", kind="markdown"),
                cell("def conv2d(image, kernel, stride=1): ...", "conv2d", solution=True),
                cell("assert conv2d", "test-conv2d", 6, grade=True),
                cell("assert True", "test-easy", 4, grade=True),
                cell("## 2. In words", kind="markdown"),
                cell("YOUR ANSWER", "explain", 5, kind="markdown", grade=True, solution=True),
            ],
        }
    )


def picture(values: Any, shape: tuple[int, ...] = (2, 2), **more: Any) -> ArrayPicture:
    return ArrayPicture(**({"shape": shape, "dtype": "float64", "values": values, "offset": (0, 0)} | more))


def wrong(
    *, public: bool = False, secret: str = "", image: float = 3.0, verdict: Verdict = Verdict.FAILED
) -> TestOutcome:
    """A test of ``conv2d`` that failed; ``secret`` stands in everything that hidden inputs get into."""
    return TestOutcome(
        name="test_windows",
        module="test_public" if public else "test_hidden",
        title=Text(en="`conv2d` slides the kernel.", ko="`conv2d`가 커널을 밉니다."),
        cell="test-conv2d",
        public=public,
        verdict=verdict,
        message=fact("value-at", expected="5.0", where="[0, 1]", got=f"7.000000000000001{secret}"),
        call=Call(
            function="conv2d",
            arguments=f"conv2d(array([[{image}]]), array([[1]])){secret}",
            result=f"array([[2.0]]){secret}",
            arrays={
                "0": picture([[image, 2.0], [3.0, 4.0]]),
                "1": picture([[1.0]], (1, 1)),
                "result": picture([[image, 7.0], [3.0, 4.0]]),
            },
        ),
        difference=Difference(
            kind="value",
            actual=f"array([[1.0, 7.0]]){secret}",
            expected=f"array([[1.0, 5.0]]){secret}",
            where=(0, 1),
            actual_array=picture([[image, 7.0], [3.0, None]]),
            expected_array=picture([[image, 5.0], [3.0, 4.0]]),
        ),
    )


def passed(name: str = "test_easy") -> TestOutcome:
    return TestOutcome(
        name=name,
        module="test_hidden",
        title=Text(en="The easy part.", ko="쉬운 부분."),
        cell="test-easy",
        verdict=Verdict.PASSED,
    )


FLIPPED = Misconception(
    mutant="conv2d-flips",
    function="conv2d",
    misconception=Text(en="Your `conv2d` turns the kernel around.", ko="`conv2d`가 커널을 뒤집습니다."),
    hint=Text(en="Lay it as it is.", ko="있는 그대로 올리세요."),
)


def examination(*tests: TestOutcome, **more: Any) -> Examination:
    fields: dict[str, Any] = {
        "key": "k",
        "assignment": "week",
        "student": "kim_minji",
        "status": Status.GRADED,
        "tests": tests or (wrong(), passed()),
        "scores": (
            Score(grade_id="test-conv2d", points=2.0, max_points=6),
            Score(grade_id="test-easy", points=4.0, max_points=4),
            Score(grade_id="explain", points=None, max_points=5, manual=True),
        ),
        "versions": {"autograder": "0.1.0"},
        "graded_at": dt.datetime(2027, 3, 9, 12, 0, tzinfo=dt.UTC),
    }
    return Examination(**(fields | more))


def render(
    record: Examination | None = None, level: Level = "full", language: Language = EN, **more: Any
) -> str:
    return render_feedback(record or examination(), course(), level, language, released(), **more)


class Page(HTMLParser):
    """What a browser makes of a page: elements with their attributes, and the text."""

    VOID = ("meta", "br", "hr", "img", "input", "link", "source")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == [], f"left open: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open[-1] == tag, f"</{tag}> closes {self._open[-3:]}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("style", "script"):
            self.text += data + " "

    def all(self, tag: str) -> Iterator[dict[str, str | None]]:
        return (attributes for name, attributes in self.elements if name == tag)


def everything() -> Examination:
    """A record in which every part of the page has something to say."""
    return examination(
        wrong(public=True),
        wrong(),
        passed(),
        wrong(verdict=Verdict.TIMEOUT).model_copy(update={"difference": None}),
        notices=(Notice(code="missing-cell", text=fact("missing-cell", names="test-easy")),),
        cells=(
            CellOutcome(index=2, grade_id="conv2d", verdict=Verdict.EXCEPTION, message="NameError: numpy"),
            CellOutcome(index=3, verdict=Verdict.TIMEOUT, message=fact("time-in-cell", seconds=10, cell=4)),
        ),
        misconceptions=(FLIPPED, FLIPPED),
        pictures={
            "loss": {"loss": [2.0, 1.0, 0.5], "val_loss": [2.1, 1.2, 0.9], "accuracy": [0.2, 0.6, 0.9]},
            "confusion": [[9, 1], [0, 8]],
            "missed": [{"image": [[0, 255], [128, 0]], "label": 4, "guess": 9}],
        },
    )


# What a student reads


def test_tells_score_call_result_expectation_and_reason() -> None:
    page = Page(render())
    assert re.search(r"6\s+of 10 decided", page.text)
    assert "5 points to come: a person reads your written answers." in page.text
    assert re.search(r"2\. In words\s+5 points to come", page.text)
    assert "test-conv2d" not in page.text and "explain" not in page.text  # ids are nobody's title
    assert "conv2d(array([[3.0]]), array([[1]]))" in page.text
    assert "Expected 5.0 at index [0, 1], got 7." in page.text  # and not 7.000000000000001
    assert "array([[1.0, 7.0]])" in page.text
    assert "array([[1.0, 5.0]])" in page.text
    assert "wrong result" in page.text
    assert "graded 2027-03-09 21:00 (Asia/Seoul)" in page.text


def test_draws_input_kernel_yours_expected_and_difference_on_one_scale() -> None:
    page = Page(render())
    drawings = [attributes for attributes in page.all("svg") if attributes["class"] == "array"]
    assert len(drawings) == 5
    assert len([a for a in page.all("svg") if a["class"] == "scale"]) == 1
    for label in ("image", "kernel", "yours", "expected", "yours − expected"):
        assert f" {label} " in page.text
    assert "The first wrong value is at index [0, 1]: 7." in page.text
    assert "The first wrong value is at index [0, 1]: 2." in page.text  # the difference
    outlined = [a for a in page.all("rect") if a.get("stroke-width") == "3"]
    assert len(outlined) == 3  # in yours, in the expected one and in the difference


def test_a_page_for_each_language_says_everything_in_it() -> None:
    korean = Page(render(everything(), language=KO))
    assert next(korean.all("html"))["lang"] == "ko"
    for said in (
        "움직이는 창",
        "결과가 다름",
        "`conv2d`"[1:-1],
        "힌트",
        "5점은 아직 채점하지 않았습니다",
        "시간 초과",
        "에포크",
    ):
        assert said in korean.text
    assert "인덱스 [0, 1]에서 기대한 값: 5.0, 돌아온 값: 7" in korean.text
    assert "셀 4에서 시간 제한(10초)에 걸렸습니다" in korean.text
    for english in ("Called", "Expected ", "Came back", "Points by task", "took too long", "put back"):
        assert english not in korean.text


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("level", LEVELS)
def test_is_one_sound_document_that_needs_nothing_else(level: Level, language: Language) -> None:
    html = render(everything(), level, language)
    page = Page(html)
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"link", "iframe", "object", "form", "base", "img"}
    policy = next(a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.S)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    allowed = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"
    assert policy == allowed
    assert script == (Path(render_module.__file__).parent / "templates" / "page.js").read_text()
    assert "http://" not in html and "https://" not in html and "url(" not in html
    assert "viewport" in {a.get("name") for a in page.all("meta")}
    identities = [a["id"] for _, a in page.elements if "id" in a]
    assert len(identities) == len(set(identities))
    references = [a["href"] for a in page.all("a")]
    assert all(link is not None and link[1:] in identities for link in references)
    for _, attributes in page.elements:
        for name in ("aria-labelledby", "aria-describedby"):
            assert attributes.get(name) is None or attributes[name] in identities


def test_headings_go_down_one_step_at_a_time() -> None:
    page = Page(render(everything()))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert {"header", "main", "nav", "footer"} <= {tag for tag, _ in page.elements}


def test_every_drawing_has_a_title_and_numbers_beside_it() -> None:
    page = Page(render(everything()))
    count = sum(1 for _ in page.all("svg"))
    assert count == sum(1 for _ in page.all("title")) - 1  # one is the document's
    assert all(attributes["role"] == "img" for attributes in page.all("svg"))
    tables = sum(1 for a in page.all("table") if a.get("class") is None)
    drawings = [a for a in page.all("svg") if a["class"] in ("array", "lines", "confusion")]
    assert tables == len(drawings)


def _contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
        parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_on_its_background(scheme: str) -> None:
    style = re.search(r"<style>(.*?)</style>", render(), re.S)
    assert style
    light, dark = re.findall(r":root \{(.*?)\}", style[1], re.S)[:2]
    colours = dict(re.findall(r"--([\w-]+): (#\w+)", light if scheme == "light" else dark))
    for name in ("ink", "soft", "accent"):
        for background in ("page", "card", "well"):
            assert _contrast(colours[name], colours[background]) >= 4.5, (name, background)
    for name in ("good", "bad", "warn", "accent"):
        assert _contrast(colours[name], colours[f"{name}-tint"]) >= 4.5, name
    for tint in ("bad-tint", "warn-tint", "accent-tint"):
        assert _contrast(colours["soft"], colours[tint]) >= 4.5, tint
        assert _contrast(colours["ink"], colours[tint]) >= 4.5, tint


def test_numbers_in_pictures_are_readable_on_every_shade() -> None:
    for level in range(-svg._LEVELS, svg._LEVELS + 1):
        colour = svg._colour(level)
        assert _contrast(svg._hex(colour), {"#fff": "#ffffff", "#000": "#000000"}[svg.ink(colour)]) > 4.5


# Policy


SECRET = "S3CRET"


def secretive() -> Examination:
    """Hidden inputs and expected values in each place that can hold them."""
    hidden = wrong(secret=SECRET, image=987654.5)
    raised = hidden.model_copy(
        update={
            "name": "test_raises",
            "verdict": Verdict.EXCEPTION,
            "message": words_of(f'Given{SECRET}Error: {SECRET}\n  File "x", line 1, in {SECRET}'),
        }
    )
    slow = hidden.model_copy(
        update={"name": "test_slow", "verdict": Verdict.TIMEOUT, "message": words_of(f"{SECRET} took long")}
    )
    return examination(
        hidden,
        raised,
        slow,
        passed(),
        misconceptions=(FLIPPED,),
        pictures={
            "confusion": [[987654, 0], [0, 1]],
            "missed": [{"image": [[1]], "label": 987654, "guess": 1}],
        },
    )


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("level", ["none", "names", "hints"])
def test_hidden_inputs_and_expectations_are_not_in_the_page(level: Level, language: Language) -> None:
    html = render(secretive(), level, language)
    assert SECRET not in html
    assert "987654" not in html
    assert "<svg" not in html


def test_all_is_told_at_the_last_level() -> None:
    html = render(secretive(), "full")
    assert html.count(SECRET) > 6
    assert "987654" in html


def test_levels_tell_more_step_by_step() -> None:
    record = everything()
    pages = {level: Page(render(record, level)).text for level in LEVELS}
    assert "slides the kernel" not in pages["none"]
    assert re.search(r"6\s+of 10 decided", pages["none"])
    assert "slides the kernel" in pages["names"]
    assert "took too long" in pages["names"]
    assert "NameError" in pages["names"]
    assert "turns the kernel" not in pages["names"]
    assert "array([[1.0, 5.0]])" not in pages["names"]
    assert "turns the kernel around" in pages["hints"]
    assert "Lay it as it is." in pages["hints"]
    assert pages["hints"].count("array([[1.0, 5.0]])") == 1  # of the public test only
    assert pages["full"].count("array([[1.0, 5.0]])") == 2
    assert "Which digit was read as which" in pages["full"]
    assert "Which digit was read as which" not in pages["hints"]
    assert "Loss by epoch" in pages["hints"]


@pytest.mark.parametrize("level", LEVELS)
def test_a_fault_of_the_grader_is_no_business_of_the_student(level: Level) -> None:
    fault = wrong(secret=SECRET, verdict=Verdict.GRADER_ERROR)
    record = examination(
        fault,
        status=Status.GRADER_ERROR,
        notices=(Notice(code="grader-error", text=f"The grader failed: {SECRET}."),),
        scores=(Score(grade_id="test-conv2d", points=None, max_points=6),),
    )
    html = render(record, level)
    assert SECRET not in html
    assert "not your fault" in html


def test_notices_meant_for_the_ta_are_not_shown() -> None:
    record = examination(notices=(Notice(code="looked-around", text="Read /etc/passwd."),))
    assert "passwd" not in render(record)


# Other ways to end


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("level", LEVELS)
def test_an_unreadable_notebook_is_said_to_be_one(level: Level, language: Language) -> None:
    record = examination(
        status=Status.UNREADABLE,
        tests=(),
        scores=(Score(grade_id="test-conv2d", points=0.0, max_points=6),),
        notices=(Notice(code="unreadable", text=fact("empty-file")),),
    )
    page = Page(render(record, level, language))
    assert words.word("unreadable", language) in page.text
    assert SENTENCES["empty-file"][language is KO] in page.text
    assert not [a for a in page.all("p") if a.get("lang") == "en"]


def test_a_sentence_in_another_language_says_so() -> None:
    notice = Notice(code="unreadable", text=words_of("As an older kit said it."))
    record = examination(status=Status.UNREADABLE, tests=(), notices=(notice,))
    for language in Language:
        marked = [a for a in Page(render(record, "full", language)).all("p") if a.get("lang") == "en"]
        assert bool(marked) is (language is KO)


def test_what_is_not_written_yet_is_no_error() -> None:
    stub = wrong(verdict=Verdict.NOT_IMPLEMENTED)
    cells = (CellOutcome(index=2, verdict=Verdict.NOT_IMPLEMENTED, message="NotImplementedError: "),)
    page = Page(render(examination(stub, cells=cells)))
    assert "not implemented yet" in page.text
    assert "Your notebook as it ran" not in page.text
    assert not [a for a in page.all("svg") if a["class"] == "array"]


def test_what_a_person_gave_counts() -> None:
    marks = Marks(
        points={"explain": 3.5},
        comments={"explain": "Good <b>idea</b>.", "conv2d": "Nice loop."},
        penalty=1.25,
    )
    page = Page(render(marks=marks))
    assert re.search(r"8\.25\s+/ 15", page.text)
    assert "3.5 / 5" in page.text
    assert "to come" not in page.text
    assert "deducted for lateness: 1.25" in page.text
    assert "Good <b>idea</b>." in page.text
    assert "Nice loop." in page.text


def test_a_self_check_counts_checks_and_gives_no_points() -> None:
    page = Page(render(examination(wrong(public=True), passed()), self_check=True))
    assert "1 of 2 checks passed" in page.text
    assert "no points are given here" in page.text
    assert "/ 15" not in page.text
    assert "explain" not in page.text


# Strangers


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</pre></style></title><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "\x1b[31mred\x1b]0;title\x07\x00",
    "\u202etxt.exe",
    "한글 العربية ½ \ud800",
    "javascript:alert(1)",
)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("level", LEVELS)
def test_strangers_text_stays_text(text: str, level: Level) -> None:
    odd = picture([[text, 1.0], [2.0, 3.0]], dtype=text)
    call = Call(function=text, arguments=text, result=text, arrays={text: odd, "1": odd, "result": odd})
    difference = Difference(
        kind="value", actual=text, expected=text, where=(0, 1), actual_array=odd, expected_array=odd
    )
    tests = [
        wrong().model_copy(
            update={
                "verdict": kind,
                "message": words_of(text),
                "call": call,
                "difference": difference,
                "cell": cell,
            }
        )
        for kind in Verdict
        for cell in ("test-conv2d", text)
    ]
    record = examination(
        *tests,
        student=text,
        notices=(Notice(code="unknown-cell", text=text), Notice(code="unreadable", text=text)),
        cells=tuple(CellOutcome(index=1, grade_id=text, verdict=kind, message=text) for kind in Verdict),
        scores=(Score(grade_id=text, points=1.0, max_points=1.0),),
        misconceptions=(FLIPPED.model_copy(update={"function": text}),),
        pictures={
            "loss": {"loss": [text, 1.0], text: [1.0], "val_loss": [1.0, float("nan")], "accuracy": [1e300]},
            "confusion": [[text]],
            "missed": [{"image": [[text]], "label": text, "guess": 1}, text],
        },
        versions={"autograder": text},
    )
    marks = Marks(comments={text: text, "explain": text})
    page = Page(render(record, level, marks=marks))
    plain = Page(render(level=level, marks=Marks(comments={"c": "c"})))
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in Page(render(everything())).elements}
    assert {tag for tag, _ in plain.elements} >= {"main"}
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")], tag
    assert "\x1b" not in page.text and "\u202e" not in page.text
    assert "49" not in page.text.split()


def test_strangers_text_may_run_in_its_own_direction() -> None:
    page = Page(render(examination(wrong(), student="\u05e9\u05dc\u05d5\u05dd")))
    assert "bdi" in {tag for tag, _ in page.elements}
    assert all(a.get("dir") == "auto" for a in list(page.all("pre"))[:1])


# Pictures


def test_a_cropped_array_says_which_part_is_shown() -> None:
    part = picture(
        [[float(r * c) for c in range(16)] for r in range(16)], (2, 28, 28, 3), offset=(1, 5, 12, 2)
    )
    test = wrong()
    assert test.difference
    difference = test.difference.model_copy(
        update={"where": (1, 9, 14, 2), "actual_array": part, "expected_array": part}
    )
    page = Page(render(examination(test.model_copy(update={"difference": difference}))))
    assert "shown: [1, 5:21, 12:28, 2]" in page.text
    assert "The first wrong value is at index [1, 9, 14, 2]: 8." in page.text


@pytest.mark.parametrize(
    ("values", "shape", "offset"),
    [
        (3.0, (), ()),
        ([1.0, 2.0, None], (3,), (0,)),
        ([[True, False]], (1, 2), (0, 0)),
        ([10**400], (1,), (0,)),
    ],
)
def test_arrays_of_any_kind_are_drawn(values: Any, shape: tuple[int, ...], offset: tuple[int, ...]) -> None:
    found = ArrayPicture(shape=shape, dtype="any", values=values, offset=offset)
    panel = svg.Panel("yours", "yours", "", found, (0,) * len(shape))
    assert "<svg" in svg.array_svg(panel, svg.bound([found]), "x")


def test_different_shapes_have_no_difference() -> None:
    assert svg.subtract(picture([[1.0]], (1, 1)), picture([[1.0, 2.0]], (1, 2))) is None
    left = svg.subtract(picture([[1.0, None]], (1, 2)), picture([[1.0 + 1e-15, 2.0]], (1, 2)))
    assert left is not None and left.values == [[0.0, None]]


@pytest.mark.parametrize("values", [(0.5,), (1.0, 1.0), tuple(float(v) for v in range(200)), (1e-9, 2e-9)])
def test_any_history_can_be_drawn(values: tuple[float, ...]) -> None:
    drawn = svg.lines_svg([svg.Series("loss", values)], "t", "d", "epoch", "x")
    assert "nan" not in drawn and "inf" not in drawn


# Words


def test_every_word_is_there_in_both_languages() -> None:
    for key, (english, korean) in words._WORDS.items():
        assert re.findall(r"\{\w+\}", english).sort() == re.findall(r"\{\w+\}", korean).sort(), key
    assert set(words.VERDICTS) == set(Verdict)


# Files


@pytest.fixture
def graded(small: tuple[Course, Paths]) -> tuple[Course, Paths]:
    """The small course with two submissions and their records."""
    course_, paths = small
    notebook = paths.released("small").read_bytes()
    for student in ("ada", "bob"):
        path = paths.submission(student, "small")
        path.parent.mkdir(parents=True)
        path.write_bytes(notebook)
    for submission in prepare(course_, paths, "small", Options()):
        record = examination(
            wrong(public=True).model_copy(update={"cell": "test-double"}),
            wrong(secret=SECRET).model_copy(update={"cell": "test-double"}),
            assignment="small",
            student=submission.student,
            key=submission.key,
            scores=(
                Score(grade_id="test-double", points=1.0, max_points=4),
                Score(grade_id="test-double-array", points=6.0, max_points=6),
                Score(grade_id="explain", points=None, max_points=5, manual=True),
            ),
        )
        path = record_path(paths, "small", submission.student, submission.key)
        write_atomically(path, record.model_dump_json().encode())
    return course_, paths


def test_writes_a_page_for_each_submission(graded: tuple[Course, Paths]) -> None:
    _, paths = graded
    pages = write_feedback(paths.root, "small", now=dt.datetime(2027, 3, 2, tzinfo=dt.UTC))
    assert pages == [paths.feedback / s / "small" / "feedback.html" for s in ("ada", "bob")]
    text = pages[0].read_text(encoding="utf-8")
    assert SECRET not in text  # before the due date
    assert "array([[1.0, 5.0]])" in text
    assert not list(paths.feedback.rglob(".*"))  # nothing half-written is left
    (one,) = write_feedback(paths.root, "small", KO, ["bob"], now=dt.datetime(2027, 3, 9, tzinfo=dt.UTC))
    assert SECRET in one.read_text(encoding="utf-8")
    assert 'lang="ko"' in one.read_text(encoding="utf-8")


def test_says_so_if_nothing_is_graded_yet(small: tuple[Course, Paths]) -> None:
    from autograder.problem import GradeError

    with pytest.raises(GradeError, match="autograder grade small"):
        write_feedback(small[1].root, "small")


@pytest.mark.slow
def test_a_manual_score_and_comment_are_on_the_page(graded: tuple[Course, Paths]) -> None:
    from nbgrader.api import Gradebook

    from autograder.gradebook.ledger import Ledger
    from autograder.submissions.week import current_records

    course_, paths = graded
    with Ledger(course_, paths, "small") as ledger:
        for record in current_records(course_, paths, "small").values():
            ledger.record(record)
    with Gradebook(paths.gradebook_url, course_.id) as gradebook:
        grade = gradebook.find_grade("explain", "small", "small", "ada")
        grade.manual_score, grade.needs_manual_grade = 4.0, False
        comment = gradebook.find_comment("explain", "small", "small", "ada")
        comment.manual_comment = "Well put."
        gradebook.db.commit()
    ada, bob = (Page(path.read_text(encoding="utf-8")) for path in write_feedback(paths.root, "small"))
    assert re.search(r"11\s+/ 15", ada.text)
    assert "Well put." in ada.text
    assert "Well put." not in bob.text


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium")
def test_a_browser_runs_nothing_of_a_strangers_loads_nothing_and_fits_a_phone(tmp_path: Path) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    record = everything().model_copy(update={"student": HOSTILE[0] + HOSTILE[1]})
    for language in Language:
        (tmp_path / f"{language.value}.html").write_text(render(record, language=language), encoding="utf-8")
    said: list[str] = []
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        for language in Language:
            for scheme in ("light", "dark"):
                tab = browser.new_page(viewport={"width": 360, "height": 800}, color_scheme=scheme)
                tab.on("console", lambda message: said.append(message.text))
                tab.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
                page = tmp_path / f"{language.value}.html"
                tab.on("request", lambda r, page=page: said.append(r.url) if r.url != page.as_uri() else None)
                tab.goto(page.as_uri())
                for details in tab.query_selector_all("details:not([open]) > summary"):
                    details.click()
                assert tab.evaluate("document.documentElement.scrollWidth") <= 360
                tab.keyboard.press("Tab")
                tab.close()
        browser.close()
    assert said == []


# What to do next


def next_card(page: str) -> str:
    found = re.search(r'<section class="card alert idea next".*?</section>', page, re.S)
    return found[0] if found else ""


def test_the_first_failed_check_stands_first_and_only_once_in_full() -> None:
    page = render(everything(), "full")
    card = next_card(page)
    assert "conv2d" in card
    assert "turns the kernel" in card  # with the misconception that it shows
    assert page.index('id="next"') < page.index('id="tasks"')
    assert page.count("Came back") == page.count("<dt>Came back</dt>")
    assert 'href="#next"' in page[page.index('id="checks"') :]
    assert len(set(re.findall(r'id="([^"]+)"', page))) == len(re.findall(r'id="([^"]+)"', page))


def test_a_cell_that_others_wait_for_comes_before_all(language: Language = Language.EN) -> None:
    how = words_of("SyntaxError: '(' was never closed")
    waiting = wrong(verdict=Verdict.MISSING).model_copy(
        update={
            "message": fact("cell-ended-with", what=fact("not-defined", name="conv2d"), cell=3, how=how),
            "call": None,
            "difference": None,
        }
    )
    cells = (CellOutcome(index=2, grade_id="conv2d", verdict=Verdict.EXCEPTION, message=how),)
    record = examination(waiting, waiting.model_copy(update={"name": "test_more"}), wrong(), cells=cells)
    card = next_card(render(record, "names"))
    assert "Cell 3, under “1. Windows of conv2d”, did not run to its end" in card
    assert "this takes with it: 2." in card
    assert "was never closed" in card
    assert "not passed yet: 1" in card
    assert "셀 3" in next_card(render(record, "names", KO))


def test_nothing_is_left_to_do_where_all_is_right() -> None:
    page = render(examination(passed()), "full")
    assert next_card(page) == ""
    assert "nothing left to mend" in page


def test_an_empty_answer_is_left_to_do_where_all_checks_are_passed() -> None:
    scores = (
        Score(grade_id="test-easy", points=4.0, max_points=4),
        Score(grade_id="explain", points=0.0, max_points=5, manual=True),
    )
    record = examination(passed(), scores=scores)
    page = render(record, "names")
    assert "Written answers that are empty: " in next_card(page)
    assert render(record, "names", marks=Marks(points={"test-easy": 4.0, "explain": 0.0})) == page
    assert "nothing left to mend" not in page
    assert "비어 있는 서술형 답안: " in render(record, "names", KO)
    both = next_card(render(examination(wrong(), scores=scores)))
    assert "conv2d" in both and "Written answers that are empty: " in both
    given = render(record, "names", marks=Marks(points={"explain": 3.0}))  # found elsewhere
    assert "that are empty" not in given and "nothing left to mend" in given


@pytest.mark.parametrize("level", ["none"])
def test_who_is_told_nothing_is_not_told_what_comes_next(level: Level) -> None:
    assert next_card(render(everything(), level)) == ""


def test_the_next_step_tells_no_more_than_the_level(level: Level = "names") -> None:
    assert SECRET not in next_card(render(secretive(), level))


# One cause, said once; titles; progress; hints


def missing(name: str, *, cell_: str = "test-conv2d", public: bool = False) -> TestOutcome:
    return wrong(verdict=Verdict.MISSING, public=public).model_copy(
        update={
            "name": name,
            "cell": cell_,
            "message": fact("did-you-mean", name="conv2d", found="my_conv2d"),
            "call": None,
            "difference": None,
        }
    )


def test_a_name_that_is_not_there_is_told_once_with_a_count() -> None:
    used = wrong(verdict=Verdict.EXCEPTION).model_copy(
        update={"name": "test_uses", "message": words_of("NameError: name 'conv2d' is not defined\n  File …")}
    )
    page = render(examination(missing("test_a"), missing("test_b"), used, passed()))
    text = Page(page).text
    assert text.count("give it the name that is asked for") == 1
    assert "this takes with it: 2." in next_card(page)
    assert "not passed yet" not in next_card(page)
    assert "For the reason above (2)" in text


def test_an_endless_loop_shows_the_line_and_takes_its_callers_with_it() -> None:
    def slow(name: str, function: str, **values: str) -> TestOutcome:
        message = fact("not-called-again", function=function) if values else fact("time-limit")
        call = None if values else Call(function=function, arguments=f"{function}()", result="")
        made = wrong(verdict=Verdict.TIMEOUT, public=True)
        return made.model_copy(update={"name": name, "message": message, "call": call, "difference": None})

    trace = [
        "Cell In[7], line 1",
        "----> 1 check(blur)",
        "Cell In[5], line 3, in blur(image)",
        "----> 3     return conv2d(image)",
        "Cell In[4], line 12, in conv2d(image, kernel)",
        "     11     while True:",
        "---> 12         i = i",
        "File /usr/lib/python3/somewhere.py:3, in _end(frame)",
        "      3 not of the notebook",
        "CellTimeLimit: ",
    ]
    error = {"output_type": "error", "ename": "CellTimeLimit", "evalue": "", "traceback": trace}
    cells = (
        CellOutcome(index=2, grade_id="conv2d", verdict=Verdict.PASSED, execution_count=4),
        CellOutcome(index=9, verdict=Verdict.PASSED, execution_count=5),
        CellOutcome(
            index=11, grade_id="test-conv2d", verdict=Verdict.TIMEOUT, execution_count=7, outputs=(error,)
        ),
    )
    tests = (slow("a", "conv2d"), slow("b", "conv2d", again="x"), slow("c", "blur"))
    page = render(examination(*tests, cells=cells))
    card = next_card(page)
    assert "Cell 3, under “1. Windows of conv2d”, line 12" in card
    assert "---&gt; 12         i = i" in card
    assert "not of the notebook" not in page
    assert "this takes with it: 2." in card
    assert "Limits that were reached" not in page
    assert "34" not in card


def test_cells_have_one_number_everywhere() -> None:
    raised = wrong(verdict=Verdict.EXCEPTION, public=True).model_copy(
        update={
            "message": words_of(
                'ZeroDivisionError: 1\n  File "<ipython-input-4-0123456789ab>", line 6, in conv2d\n    1 / 0'
            )
        }
    )
    cells = (CellOutcome(index=2, grade_id="conv2d", verdict=Verdict.PASSED, execution_count=4),)
    text = Page(render(examination(raised, cells=cells))).text
    assert "Cell 3, line 6, in conv2d" in text
    assert "ipython-input" not in text
    assert "셀 3, line 6" in Page(render(examination(raised, cells=cells), language=KO)).text


def test_checks_that_read_alike_say_what_each_is_about_as_far_as_may_be_told() -> None:
    alike = [
        wrong(verdict=Verdict.NOT_IMPLEMENTED, public=False).model_copy(update={"name": f"test_k[{name}]"})
        for name in ("blur", "sharpen")
    ]
    full = Page(render(examination(*alike), "full")).text
    assert "(blur)" in full and "(sharpen)" in full
    names = Page(render(examination(*alike), "names")).text
    assert "sharpen" not in names
    assert "(2 of 2)" in names


def test_says_what_became_better_and_worse_since_the_attempt_before() -> None:
    before = examination(wrong(), passed(), graded_at=dt.datetime(2027, 3, 8, 12, tzinfo=dt.UTC))
    now = examination(
        wrong().model_copy(update={"verdict": Verdict.PASSED}),
        passed().model_copy(update={"verdict": Verdict.NOT_IMPLEMENTED}),
    )
    text = Page(render(now, previous=before)).text
    assert "Since your last attempt (2027-03-08 21:00)" in text
    assert re.search(r"Passed now: 1\s+conv2d\s+slides the kernel", text)
    assert re.search(r"Not passed any more: 1\s+The easy part", text)
    assert "Since your last attempt" not in Page(render(now, "none", previous=before)).text
    assert "The same checks are passed" in Page(render(before, previous=before)).text


def test_the_attempt_before_is_another_notebook_and_no_regrading(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    days = [dt.datetime(2027, 3, day, tzinfo=dt.UTC) for day in (1, 2, 3, 4)]
    first, second = ({"cell_type": "raw", "id": "a", "source": text} for text in ("first", "second"))
    records = [
        examination(key=f"k{number}", notebook=(notebook,), graded_at=day)
        for number, (notebook, day) in enumerate(zip((first, first, second, second), days, strict=True))
    ]
    for record in records:
        keep_record(record_path(paths, "week", "kim_minji", record.key), record)
    assert previous_attempt(paths, records[3]) == records[1]
    assert previous_attempt(paths, records[0]) is None


def test_a_further_hint_opens_on_demand() -> None:
    further = FLIPPED.model_copy(update={"more": Text(en="Drop the `[::-1]`.", ko="`[::-1]`를 지우세요.")})
    page = render(examination(wrong(), misconceptions=(further,)), "hints")
    assert re.search(r"<details[^>]*><summary>A further hint</summary><p>Drop the", page)
    assert "A further hint" not in render(examination(wrong(), misconceptions=(FLIPPED,)), "hints")
    assert "[::-1]" not in render(examination(wrong(), misconceptions=(further,)), "names")


def test_what_follows_from_another_function_is_not_the_next_thing_to_do() -> None:
    first = wrong(public=True).model_copy(
        update={"name": "test_edges", "title": Text(en="Edges.", ko="외곽선."), "follows": ("correlate",)}
    )
    html = render(examination(first, wrong(secret=" own"), passed()))
    following = html[html.index("For the reason above (1)") :]
    assert "Edges." in following
    assert "follows from correlate" in following
    assert html.index("slides the kernel") < html.index("Edges.")
    assert html.count("<svg") == render(examination(wrong(secret=" own"))).count("<svg"), "nor drawn"


def test_a_helper_that_is_to_be_mended_is_named_where_it_costs_points() -> None:
    test = wrong(public=True).model_copy(update={"lies_in": ("padding_for",)})
    html = render(examination(test, passed()))
    said = "In your <code>padding_for</code>: with a right one this check passes."
    assert said in html[: html.index("<svg")], "above what is told of it"
    silent = render(examination(test, passed()), "names")
    assert said not in silent and "the mistake is in your padding_for" in silent
