"""A new week to start from: small, complete, and sound as it stands.

Everything that a week has is there once, in the smallest form that ``autograder verify`` accepts: a task
in the course's languages with its solution, a visible check, public and hidden tests, a wrong implementation
that only the hidden ones refuse, and a correct one in another style.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from autograder.course.folders import COURSE_FILE, Paths
from autograder.course.models import Course
from autograder.course.reading import load_course
from autograder.examination import Text
from autograder.files import write_atomically
from autograder.messages import Language
from autograder.problem import Problem

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_WEEK = dt.timedelta(days=7)


class ScaffoldError(Problem, ValueError):
    """The week cannot be made; the text is one sentence with the way out."""


def new_week(root: Path, name: str, title: Text) -> list[Path]:
    """Make the files of a new week and release it, so that ``autograder verify`` finds it sound at once.

    Nothing that exists is changed but ``course.yml``, which gets one more entry, a week after the last one.

    Args:
        root: the course's folder.
        name: of the assignment, as in ``06_transfer``.
        title: in both languages.

    Returns:
        the files that were made or changed.

    Raises:
        ScaffoldError: the name is taken or cannot be one; nothing was changed.
        CourseError: ``course.yml`` is not right as it is.
    """
    from autograder.authoring.release import (
        release,  # nbgrader takes a second to import, and a refusal needs none
    )

    course, paths = load_course(root), Paths(root)
    title = Text(en=" ".join(title.en.split()), ko=" ".join(title.ko.split()))
    _check(course, paths, name, title)
    before = paths.course.read_bytes()
    after = _with_entry(before.decode("utf-8-sig"), course, name, title)
    words = {"NAME": name, "EN": title.en, "KO": title.ko}
    files = {
        paths.solution(name): _SOLUTION,
        paths.public_tests(name): _PUBLIC,
        paths.suite(name) / "test_hidden.py": _HIDDEN,
        paths.suite(name) / "mutants.yml": _MUTANTS,
        paths.suite(name) / "alternatives.yml": _ALTERNATIVES,
    }
    if len(course.languages) > 1:
        files[paths.translation(name)] = _TRANSLATION
    try:
        for path, template in files.items():
            text = re.sub("@(NAME|EN|KO)@", lambda found: words[found[1]], template)
            if len(course.languages) == 1:
                text = _in_one_language(text, course.languages[0])
            write_atomically(path, text.encode())
        write_atomically(paths.course, after.encode())
        course = load_course(root)
        released = release(course, course.assignment(name), paths)
    except BaseException:
        write_atomically(paths.course, before)
        paths.solution(name).unlink(missing_ok=True)
        paths.translation(name).unlink(missing_ok=True)
        for folder in (paths.suite(name), paths.assignments / name):
            shutil.rmtree(folder, ignore_errors=True)
        raise
    return [paths.course, *files, *(released.folder / file for file in released.files)]


def _check(course: Course, paths: Paths, name: str, title: Text) -> None:
    if not _NAME.fullmatch(name):
        raise ScaffoldError(
            f"{name!r} cannot be the name of a week: take up to 64 letters, digits, - and _, like 06_rnn."
        )
    if not title.en or not title.ko:
        raise ScaffoldError(f"The title of {name} is empty: give it one in English and in Korean.")
    for known in course.names:
        # Their folders would be one where file names do not tell capitals apart.
        if known.casefold() == name.casefold():
            raise ScaffoldError(f"{COURSE_FILE} has a week {known} already: take another name.")
    for path in (paths.solution(name), paths.suite(name), paths.assignments / name):
        if path.exists():
            raise ScaffoldError(
                f"{path.relative_to(paths.root)} exists already: move it away or take another name."
            )


# -- course.yml ---------------------------------------------------------------------------------


def _with_entry(text: str, course: Course, name: str, title: Text) -> str:
    """The course file with one more week at the end of its list, otherwise unchanged to the byte."""
    assignments = _assignments(text)
    entry = list(_entry(course, name, title))
    if not assignments.value:  # written as []
        lines = [f"\n  {'- ' if number == 0 else '  '}{line}" for number, line in enumerate(entry)]
        start, end = assignments.start_mark.index, assignments.end_mark.index
        return text[:start].rstrip(" ") + "".join(lines) + text[end:]
    if assignments.flow_style:
        raise ScaffoldError(
            f"{COURSE_FILE} has its assignments in brackets: write each on lines of its own, with a dash."
        )
    lines = text.splitlines(keepends=True)
    last = _last_line(assignments)
    indent = " " * assignments.start_mark.column
    ending = "\r\n" if lines[0].endswith("\r\n") else "\n"
    if not lines[last].endswith("\n"):
        lines[last] += ending
    added = [f"{indent}{'- ' if number == 0 else '  '}{line}{ending}" for number, line in enumerate(entry)]
    return "".join([*lines[: last + 1], ending, *added, *lines[last + 1 :]])


def _assignments(text: str) -> SequenceNode:
    """The list of assignments with its place in the text."""
    document = YAML().compose(text)
    assert isinstance(document, MappingNode)
    for key, value in document.value:
        if key.value == "assignments" and isinstance(value, SequenceNode):
            return value
    raise ScaffoldError(f"{COURSE_FILE} has no list of assignments: begin one with `assignments: []`.")


def _last_line(node: Node) -> int:
    """The line, from 0, on which the last thing in a node stands; comments and empty lines do not count."""
    while isinstance(node, SequenceNode | MappingNode) and node.value and not node.flow_style:
        last: Any = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    mark = node.end_mark
    # A text over several lines ends at the beginning of the line after it.
    return int(mark.line) - (1 if mark.column == 0 and mark.line > node.start_mark.line else 0)


def _entry(course: Course, name: str, title: Text) -> Iterator[str]:
    if course.assignments:
        last = course.assignments[-1]
        # Times of a zone: so much later on the calendar, whatever the clocks do in between.
        release, due = (time.astimezone(course.zone) + _WEEK for time in (last.release, last.due))
    else:
        release = dt.datetime.now(course.zone).replace(hour=9, minute=0)
        due = (release + 2 * _WEEK).replace(hour=23, minute=59)
    yield f"name: {_scalar(name)}"
    if title.en == title.ko:
        yield f"title: {_scalar(title.en)}"
    else:
        yield f"title: {{ en: {_scalar(title.en)}, ko: {_scalar(title.ko)} }}"
    yield f"release: {release:%Y-%m-%d %H:%M}"
    yield f"due: {due:%Y-%m-%d %H:%M}"


def _in_one_language(text: str, language: Language) -> str:
    """A file of the templates without what it says in the other language, for a course of one."""
    (other,) = (each for each in Language if each is not language)
    # Prose: a cell each, in a solution.
    text = re.sub(rf'# %% \[markdown\] tags=\["{other}"\]\n(?:#.*\n)*\n', "", text)
    text = text.replace(f' tags=["{language}"]', "")
    # Texts of mutants: a line each.
    kept = r'(\w+):\n +en: (?P<en>".*")\n +ko: (?P<ko>".*")'
    text = re.sub(kept, lambda found: f"{found[1]}: {found[language]}", text)
    # Docstrings of tests: a paragraph each.
    marks = r'(?P<indent> +)"""(?P<en>[^"]+?)\n\n(?P<ko> +[^"]*[가-힣][^"]*?)\n +"""'
    text = re.sub(marks, lambda found: _docstring(found, language), text)
    # Why a test fails: a sentence each.
    reason = r'expect\(\n +(?P<condition>.*),\n +(?P<en>f".*"),\n +(?P<ko>f".*"),\n +\)'
    text = re.sub(reason, lambda found: f"assert {found['condition']}, {found[language]}", text)
    text = text.replace("as_array, expect, ", "as_array, ")
    if language is Language.KO:
        korean = textwrap.indent(f'"""{_KOREAN_DOCSTRING}"""', "    ")
        text = re.sub(r' +"""Bring values.*?"""', lambda _: korean, text, flags=re.S)
        for said, twin in _KOREAN_TEXTS.items():
            text = text.replace(said, twin)
    return text


def _docstring(found: re.Match[str], language: Language) -> str:
    said, indent = found[language].strip(), found["indent"]
    end = f"\n{indent}" if "\n" in said else ""
    return f'{indent}"""{said}{end}"""'


def _scalar(text: str) -> str:
    """The text as YAML, in quotes where it would not be read as itself without them."""
    try:
        plain = YAML(typ="safe").load(f"{{ key: {text} }}") == {"key": text}
    except YAMLError:
        plain = False
    return text if plain else json.dumps(text, ensure_ascii=False)


# -- the files of a week ------------------------------------------------------------------------

_SOLUTION = '''\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] tags=["en"]
# # @EN@
#
# What the week is about, and what for. Work from top to bottom, and replace each `raise NotImplementedError`
# with your own code.

# %% [markdown] tags=["ko"]
# # @KO@
#
# 이번 주에 무엇을, 왜 하는지 적습니다. 위에서 아래로 진행하면서 `raise NotImplementedError`를 여러분의 코드로
# 바꾸세요.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false}
import numpy as np

# %% [markdown] tags=["en"]
# ## 1. Scaling
#
# Numbers of any size become comparable when the smallest is brought to 0 and the largest to 1:
#
# $$\\text{scaled} = \\frac{x - \\min x}{\\max x - \\min x}$$
#
# *Worked example.* For 0, 5 and 10 that is 0, 0.5 and 1.
#
# **Task.** Write `scale`.

# %% [markdown] tags=["ko"]
# ## 1. 범위 맞추기
#
# 가장 작은 값을 0으로, 가장 큰 값을 1로 옮기면 크기가 다른 수들을 비교할 수 있습니다.
#
# $$\\text{scaled} = \\frac{x - \\min x}{\\max x - \\min x}$$
#
# *예제.* 0, 5, 10은 0, 0.5, 1이 됩니다.
#
# **과제.** `scale`을 작성하세요.

# %% nbgrader={"grade": false, "grade_id": "scale", "locked": false, "schema_version": 3, "solution": true}
def scale(values):
    """Bring values to the range from 0 to 1.

    Args:
        values: array of numbers of any shape, not all of them equal; it is not changed.

    Returns:
        array of floats of the same shape: 0 where values is smallest, 1 where it is largest.
    """
    ### BEGIN SOLUTION
    smallest, largest = np.min(values), np.max(values)
    return (values - smallest) / (largest - smallest)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "test-scale", "locked": true, "points": 100, "schema_version": 3, "solution": false}
result = scale(np.array([0.0, 5.0, 10.0]))
assert np.allclose(result, [0.0, 0.5, 1.0]), f"scale([0, 5, 10])\\n  came back: {result!r}\\n  expected:  [0, 0.5, 1]"
print("ok  scale")
'''  # noqa: E501

_KOREAN_DOCSTRING = """\
값을 0에서 1까지의 범위로 옮깁니다.

Args:
    values: 모양이 정해지지 않은 수의 배열. 모든 값이 같지는 않으며, 바꾸지 않습니다.

Returns:
    같은 모양의 실수 배열. values가 가장 작은 곳은 0, 가장 큰 곳은 1입니다.
"""

_KOREAN_TEXTS = {"came back: ": "돌아온 값: ", "expected:  ": "기대한 값: "}

_TWINS = [f"  {json.dumps(en)}: {json.dumps(ko, ensure_ascii=False)}\n" for en, ko in _KOREAN_TEXTS.items()]

_TRANSLATION = f"""\
# What people read in the code of the Korean release.
docstrings:
  scale: |
{textwrap.indent(_KOREAN_DOCSTRING, "    ")}
texts:
{"".join(_TWINS)}"""

_PUBLIC = '''\
"""The checks that the notebook shows, as tests. They are released beside the notebook."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograder.examiner.checks import expect_array


@pytest.mark.cell("test-scale")
def test_scale_example(submission: Any) -> None:
    """`scale` brings 0, 5 and 10 to 0, 0.5 and 1.

    `scale`이 0, 5, 10을 0, 0.5, 1로 옮깁니다.
    """
    expect_array(submission.scale(np.array([0.0, 5.0, 10.0])), [0.0, 0.5, 1.0])
'''

_HIDDEN = '''\
"""What is asked beyond the checks in the notebook."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograder.testing import Strided, answers_kept, as_array, expect, expect_array, expect_unchanged


@pytest.mark.cell("test-scale", weight=2)
def test_scale_starts_anywhere(submission: Any) -> None:
    """`scale` brings the smallest value to 0, also when it is not 0 to begin with.

    가장 작은 값이 처음부터 0이 아니어도 `scale`은 그 값을 0으로 옮깁니다.
    """
    expect_array(submission.scale(np.array([-2.0, 0.0, 3.0, 8.0])), [0.0, 0.2, 0.5, 1.0])


@pytest.mark.cell("test-scale")
def test_scale_keeps_the_order(submission: Any) -> None:
    """`scale` makes larger numbers of larger ones.

    `scale`은 더 큰 수를 더 큰 수로 옮깁니다.
    """
    result = as_array(submission.scale(np.array([-7.0, 1.0, 1.5, 40.0])))
    expect(
        np.all(np.diff(result) > 0),
        f"the values rise, and what came back does not: {result}",
        f"값은 점점 커지는데 돌아온 값은 그렇지 않습니다: {result}",
    )


@pytest.mark.cell("test-scale")
def test_scale_keeps_the_shape(submission: Any, reference: Any) -> None:
    """`scale` works on the whole of an array of two dimensions and keeps its shape. It may be a part of a
    larger array.

    `scale`은 2차원 배열 전체를 한 번에 다루고 모양을 유지합니다. 더 큰 배열에서 잘라 낸 배열일 수도 있습니다.
    """
    values = np.round(np.random.default_rng(6).normal(size=(3, 4)) * 5, 1)
    expect_array(submission.scale(Strided(values)), reference.scale(values), rtol=1e-5, atol=1e-6)


@pytest.mark.cell("test-scale")
def test_scale_leaves_everything_else_alone(submission: Any, reference: Any) -> None:
    """`scale` changes neither its argument nor what it returned before.

    `scale`은 인자도, 앞서 반환한 결과도 바꾸지 않습니다.
    """
    one, other = np.array([[4.0, -1.0], [2.5, 9.0]]), np.array([[0.5, 6.0], [-3.0, 1.0]])
    expect_array(expect_unchanged(submission.scale, one), reference.scale(one), rtol=1e-5, atol=1e-6)
    answers = answers_kept(submission, "scale", (one,), (other,))
    for answer, values in zip(answers, (one, other), strict=True):
        expect_array(answer, reference.scale(values), rtol=1e-5, atol=1e-6)
'''

_MUTANTS = """\
# Wrong implementations that students write. The hidden tests must refuse every one of them; a submission
# whose results equal one of these, call for call, is told which misconception that is.

- id: @NAME@-scale-forgets-the-smallest
  replaces: scale
  misconception:
    en: "Your `scale` divides by the largest value and leaves out the smallest."
    ko: "`scale`이 가장 큰 값으로 나누기만 하고 가장 작은 값은 쓰지 않습니다."
  hint:
    en: "What should become of the smallest value, and what becomes of it now?"
    ko: "가장 작은 값은 무엇이 되어야 하고, 지금은 무엇이 되나요?"
  source: |
    def scale(values):
        return values / np.max(values)
"""

_ALTERNATIVES = """\
# Correct implementations in other styles: each must get full marks.

- id: @NAME@-scale-interpolates
  replaces: scale
  style: numpy
  source: |
    def scale(values):
        return np.interp(values, [np.min(values), np.max(values)], [0.0, 1.0])
"""
