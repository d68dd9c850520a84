"""A wrong answer that several gave gets a name once, and everybody who gave it is told, now and later."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from trial import Class, make

from autograder.authoring.naming import name_group
from autograder.authoring.verify import verify
from autograder.course.folders import Paths
from autograder.course.reading import load_course
from autograder.examination import Call, Examination, Misconception, Status, Text, Verdict
from autograder.examination import TestOutcome as Outcome
from autograder.examiner.mutants import CatalogueError, load_mutants, unfilled
from autograder.grading.grade import grade
from autograder.messages import Language
from autograder.options import Options
from autograder.pages.feedback import write_feedback
from autograder.pages.report import read_week, write_report
from autograder.problem import GradeError
from autograder.submissions.keys import week_fingerprint
from autograder.submissions.naming import Names, digest_of, what_recognises

START = "import numpy as np\n\n\n"
SQUARES = [
    START + "def double(x):\n    # what I was told\n    x = np.asarray(x)\n    return x * x\n",
    START + 'def double(x):\n    """Of x."""\n    return np.asarray(x) ** 2\n',
]
HELPED = (
    START + "import math\n\nunused = 3\nPOWER = 2\n\n\n"
    "def raised(x):\n    unused = POWER\n    return x**unused\n\n\n"
    'def double(x):\n    """Of x."""\n    return np.asarray(raised(x)) + math.floor(0.5)\n'
)
LATER = START + "def double(x):\n    result = np.asarray(x)\n    return result * result\n"
WORDS = {
    "misconception": {"en": "Your `double` squares.", "ko": "`double`이 제곱합니다."},
    "hint": {"en": "Twice three is six.", "ko": "3의 두 배는 6입니다."},
}
NOW = dt.datetime(2027, 4, 1, tzinfo=dt.UTC)


def records(course: Class) -> dict[Path, tuple[int, bytes]]:
    found = course.paths.records.rglob("*.json")
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in found}


def groups(course: Class) -> list[str]:
    report = read_week(load_course(course.root), course.paths, "trial", None)
    assert report is not None
    return [found.name for found in report.wrong_answers]


def fill(path: Path, words: dict[str, dict[str, str]]) -> None:
    """As a person does: between the quotes of the last entry."""
    text = path.read_text(encoding="utf-8")
    for key, by_language in words.items():
        for language, sentence in by_language.items():
            place = text.rindex(f"  {key}:\n")
            old = f'    {language}: ""'
            at = text.index(old, place)
            text = f'{text[:at]}    {language}: "{sentence}"{text[at + len(old) :]}'
    path.write_text(text, encoding="utf-8")


def pages(course: Class, language: Language = Language.EN) -> dict[str, str]:
    written = write_feedback(course.root, "trial", language, now=NOW)
    return {path.parts[-3]: path.read_text(encoding="utf-8") for path in written}


@pytest.mark.slow
def test_named_once_and_told_to_all_now_and_later(tmp_path: Path) -> None:
    course = make(tmp_path / "course")
    for student, double in zip(("ada", "bob"), SQUARES, strict=True):
        course.hand_in(student, double=double)
    course.hand_in("eve")
    course.grade()
    graded = records(course)
    assert not any("squares" in page for page in pages(course).values())

    (group,) = groups(course)
    page = write_report(course.root, "trial").read_text(encoding="utf-8")
    assert "autograder name trial GROUP" in page and group in page
    path, line = name_group(course.root, "trial", group)
    text = path.read_text(encoding="utf-8")
    assert text.splitlines()[line - 1] == f'- id: "{group}"'
    assert yaml.safe_load(text)[-1]["source"] == "def double(x):\n    return np.asarray(x) ** 2\n"

    # Nothing stops while the places are empty; verify names the file and the line.
    assert course.grade().keys() == {"ada", "bob", "eve"}
    assert records(course) == graded
    with pytest.raises(GradeError, match=f"has the entry {group} in tests/hidden/trial/mutants.yml"):
        name_group(course.root, "trial", group)
    (found,) = verify(course.root, fast=True)
    assert found.mutants == found.killed == 1
    (said,) = found.complaints
    assert f"mutants.yml, line {line}: {group} lacks its misconception in English" in said

    fill(path, WORDS)
    told = pages(course)
    assert ["squares" in told[student] for student in ("ada", "bob", "eve")] == [True, True, False]
    assert "제곱합니다" in pages(course, Language.KO)["ada"]
    assert groups(course) == []
    (found,) = verify(course.root, fast=True)
    assert found.complaints == [] and found.killed == found.mutants == 2

    # Graded notebooks say it, too, when the class is graded again: nobody is examined for it.
    tally = grade(course.root, "trial", Options(workers=1))
    assert tally.fresh == 0
    notebook = course.paths.graded("ada", "trial").read_text(encoding="utf-8")
    assert WORDS["hint"]["en"] in notebook, "before the due date it is the hint"
    assert records(course) == graded

    # In a later year another suite asks, so that nobody gave these answers: the code tells.
    suite = course.paths.suite("trial") / "test_hidden.py"
    suite.write_text(suite.read_text(encoding="utf-8").replace("-2.0]", "-3.0]"), encoding="utf-8")
    course.hand_in("kim", double=LATER)
    assert course.grade()["kim"].misconceptions[0].mutant == group
    assert "squares" in pages(course)["kim"]


@pytest.mark.slow
def test_what_a_function_uses_of_its_student_travels_with_it(tmp_path: Path) -> None:
    course = make(tmp_path / "course")
    for student in ("ada", "bob"):
        course.hand_in(student, double=HELPED)
    course.grade()
    (group,) = groups(course)
    path, _ = name_group(course.root, "trial", group)
    assert yaml.safe_load(path.read_text(encoding="utf-8"))[-1]["source"] == (
        "import math\n\nPOWER = 2\n\ndef raised(x):\n    unused = POWER\n    return x ** unused\n\n"
        "def double(x):\n    return np.asarray(raised(x)) + math.floor(0.5)\n"
    )
    # So that it runs on its own: the suite refuses it as a mutant, and recognises the code later.
    fill(path, WORDS)
    (found,) = verify(course.root, fast=True)
    assert found.complaints == [] and found.killed == found.mutants == 2
    suite = course.paths.suite("trial") / "test_hidden.py"
    suite.write_text(suite.read_text(encoding="utf-8").replace("-2.0]", "-3.0]"), encoding="utf-8")
    course.hand_in("kim", double=LATER)
    assert course.grade()["kim"].misconceptions[0].mutant == group


@pytest.mark.slow
def test_other_words_need_no_other_examination(tmp_path: Path) -> None:
    course = make(tmp_path / "course")
    course.hand_in("ada", double=START + "def double(x):\n    return np.asarray(x) + 2\n")
    course.grade()
    graded = records(course)
    assert "adds two" in pages(course)["ada"]
    path = course.paths.suite("trial") / "mutants.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("adds two", "adds 2, always"), encoding="utf-8")
    assert "adds 2, always" in pages(course)["ada"]
    assert grade(course.root, "trial", Options(workers=1, gradebook=False)).fresh == 0
    assert records(course) == graded


# -- without processes


def outcome(name: str = "test_a", result: str = "9", **more: object) -> Outcome:
    fields = {
        "name": name,
        "module": "m",
        "title": Text(en="t", ko="t"),
        "cell": "c",
        "verdict": Verdict.FAILED,
        "call": Call(function="double", arguments="double(3)", result=result),
    }
    return Outcome.model_validate(fields | more)


def examination(*tests: Outcome, known: tuple[Misconception, ...] = ()) -> Examination:
    return Examination(
        key="k",
        assignment="w",
        student="s",
        status=Status.GRADED,
        tests=tests,
        misconceptions=known,
        graded_at=NOW,
    )


def entries(**changed: object) -> bytes:
    named = {
        "id": "double-named",
        "replaces": "double",
        "answers": digest_of("double", [outcome()]),
        "source": "def double(x): return x",
    }
    old = {"id": "old", "replaces": "double", "source": "def double(x): return 0"}
    return yaml.safe_dump([old | WORDS, named | WORDS | changed], allow_unicode=True).encode()


def test_equal_answers_and_no_others_are_told() -> None:
    names = Names(entries())
    told = {
        "same": outcome(),
        "slower": outcome(seconds=3.0),
        "another answer": outcome(result="8"),
        "follows": outcome(follows=("half",)),
        "lies in a helper": outcome(lies_in=("half",)),
        "crashed": outcome(verdict=Verdict.CRASHED),
    }
    assert [name for name, test in told.items() if names.told(examination(test)).misconceptions] == [
        "same",
        "slower",
    ]
    helper = Names(entries(replaces="half", answers=digest_of("half", [outcome()])))
    (found,) = helper.told(examination(outcome(lies_in=("half",)))).misconceptions
    assert found.function == "half", "though `double` gave the answer"
    assert not names.told(examination(outcome(), outcome("test_b"))).misconceptions, "fails more than that"
    assert names.told(examination(outcome(), outcome("test_b", verdict=Verdict.PASSED))).misconceptions
    assert not Names(entries(), {("m", "test_a")}).told(examination(outcome())).misconceptions


def test_what_is_recognised_has_the_words_of_today_and_none_while_there_are_none() -> None:
    before = Text(en="before", ko="before")
    known = (Misconception(mutant="old", function="double", misconception=before, hint=before),)
    (told,) = Names(entries()).told(examination(outcome(), known=known)).misconceptions
    assert (told.mutant, told.misconception.en) == ("old", WORDS["misconception"]["en"])
    (told,) = Names(b"").told(examination(outcome(), known=known)).misconceptions
    assert told.misconception.en == "before", "the entry is gone"
    empty = Names(entries(hint={"en": "", "ko": ""}))
    assert not empty.told(examination(outcome())).misconceptions
    assert set(empty.waiting.values()) == {"double-named"}
    named = (replace_mutant(known[0], "double-named"),)
    assert not empty.told(examination(outcome(), known=named)).misconceptions


def replace_mutant(found: Misconception, mutant: str) -> Misconception:
    return found.model_copy(update={"mutant": mutant})


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda text: text.replace("squares", "multiplies"), True),
        (lambda text: text.replace("def double(x): return x'", "def double(x): return 1'"), True),
        (lambda text: text.replace("return 0", "return 1"), False),
        (lambda text: text.replace("answers:", "other:"), False),
        (lambda text: "[" + text, False),
    ],
    ids=["words", "named", "recognises", "no longer named", "broken"],
)
def test_only_what_recognises_makes_records_stale(change: Callable[[str], str], same: bool) -> None:
    content = entries()
    changed = change(content.decode()).encode()
    assert changed != content
    assert (what_recognises(changed) == what_recognises(content)) is same


def test_an_unfilled_entry_is_left_out_and_said_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "mutants.yml").write_bytes(entries(misconception={"en": "It squares.", "ko": ""}))
    assert [mutant.id for mutant in load_mutants(tmp_path)] == ["old"]
    assert [mutant.id for mutant in load_mutants(tmp_path, untold=True)] == ["old", "double-named"]
    (said,) = unfilled(tmp_path)
    assert "double-named lacks its misconception in Korean; write `misconception: ko: …`" in said
    lines = (tmp_path / "mutants.yml").read_text(encoding="utf-8").splitlines()
    second = max(number for number, line in enumerate(lines, start=1) if line.startswith("- "))
    assert f", line {second}: " in said
    # Another entry without its words is a mistake.
    (tmp_path / "mutants.yml").write_bytes(entries(misconception="", answers=""))
    with pytest.raises(CatalogueError, match="lacks its misconception in English"):
        load_mutants(tmp_path)


def test_a_group_that_is_not_there(tmp_path: Path) -> None:
    course = make(tmp_path / "course")
    with pytest.raises(GradeError, match=r"no group 'double-1'.*autograder report trial"):
        name_group(course.root, "trial", "double-1")
    fingerprints = [
        week_fingerprint(load_course(course.root), Paths(course.root), "trial", replace(Options()))
        for _ in range(2)
    ]
    assert fingerprints[0] == fingerprints[1]
