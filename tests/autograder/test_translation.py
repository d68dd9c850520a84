"""The code of a Korean release: its docstrings and messages are Korean, and in step with the solution."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from nbformat import NotebookNode

from autograder.authoring.release import release
from autograder.authoring.translation import TranslationError, translated
from autograder.course.folders import Paths
from autograder.course.models import Course
from autograder.messages import Language
from autograder.notebooks.reading import read_released
from autograder.notebooks.scripts import read_script
from autograder.patterns import is_korean

SOLUTIONS = Path(__file__).parents[2] / "solutions"
WEEKS = sorted(path.stem for path in SOLUTIONS.glob("*.py"))

SCRIPT = '''\
# %%
%matplotlib inline

# %%
def double(x):
    """Twice x.

    Args:
        x: a number.
    """
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %%
assert double(2) == 4, "double(2) should be 4"
'''
TWINS = """\
docstrings:
  double: |
    x의 두 배.

    Args:
        x: 수.
texts:
  double(2) should be 4: double(2)는 4여야 합니다
"""


def made(tmp_path: Path, twins: str = TWINS) -> NotebookNode:
    path = tmp_path / "week.ko.yml"
    path.write_text(twins, encoding="utf-8")
    return translated(read_script(SCRIPT), path)


def test_puts_docstrings_and_messages_in_place(tmp_path: Path) -> None:
    magic, task, test = (cell.source for cell in made(tmp_path).cells)
    assert magic == "%matplotlib inline"
    assert task == (
        'def double(x):\n    """x의 두 배.\n\n    Args:\n        x: 수.\n    """\n'
        "    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
    )
    assert test == 'assert double(2) == 4, "double(2)는 4여야 합니다"'


def test_without_the_file_all_stays_as_it_is(tmp_path: Path) -> None:
    notebook = read_script(SCRIPT)
    assert translated(notebook, tmp_path / "week.ko.yml") == notebook


@pytest.mark.parametrize(
    ("twins", "said"),
    [
        ("docstrings: {}\ntexts: {}\n", "week.ko.yml has no docstring of double: write it"),
        (
            TWINS.replace("  double: |", "  triple: x\n  double: |"),
            "a docstring of triple, which the solution",
        ),
        (
            TWINS.replace("should be 4:", "should be 5:"),
            "translates 'double\\(2\\) should be 5', which stands in",
        ),
        (TWINS.replace("는 4여야", '"는 4여야'), "makes no Python of the cell that begins with 'assert"),
        ("docstrings: [", "week.ko.yml cannot be read: "),
        ("- a\n", "has to have `docstrings:` and `texts:`"),
    ],
)
def test_what_is_out_of_step_is_one_sentence(tmp_path: Path, twins: str, said: str) -> None:
    with pytest.raises(TranslationError, match=said):
        made(tmp_path, twins)


@pytest.mark.parametrize("week", WEEKS)
def test_every_docstring_of_the_course_is_korean(week: str) -> None:
    solution = read_script((SOLUTIONS / f"{week}.py").read_text(encoding="utf-8"))
    notebook = translated(solution, SOLUTIONS / f"{week}.ko.yml")
    count = 0
    for before, after in zip(solution.cells, notebook.cells, strict=True):
        if after.cell_type != "code" or after.source.startswith("%"):
            continue
        old, new = ast.parse(before.source), ast.parse(after.source)
        for one, other in zip(ast.walk(old), ast.walk(new), strict=False):
            if isinstance(other, ast.FunctionDef) and (text := ast.get_docstring(other)):
                assert is_korean(text), other.name
                assert isinstance(one, ast.FunctionDef) and ast.unparse(one.args) == ast.unparse(other.args)
                count += 1
    assert count >= 8


@pytest.mark.parametrize("week", WEEKS)
def test_no_visible_check_says_in_english_what_came_back(week: str) -> None:
    solution = read_script((SOLUTIONS / f"{week}.py").read_text(encoding="utf-8"))
    notebook = translated(solution, SOLUTIONS / f"{week}.ko.yml")
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    for words in (
        "came back:",
        "expected:  ",
        " should be ",
        ", expected {",
        ", expected (",
        "should return",
        "should name",
    ):
        assert words not in text, words


def test_a_korean_release_has_it_and_an_english_one_has_not(small: tuple[Course, Paths]) -> None:
    course, paths = small
    week = course.assignments[0]
    solution = read_script(paths.solution(week.name).read_text(encoding="utf-8"))
    names = [
        item.name
        for cell in solution.cells
        if cell.cell_type == "code" and not cell.source.startswith("%")
        for item in ast.walk(ast.parse(cell.source))
        if isinstance(item, ast.FunctionDef) and ast.get_docstring(item)
    ]
    twins = "docstrings:\n" + "".join(f"  {name}: 한국어 설명.\n" for name in names)
    paths.translation(week.name).write_text(twins, encoding="utf-8")
    release(course, week, paths, Language.KO)
    korean = "\n".join(cell.source for cell in read_released(paths.released(week.name)).cells)
    assert korean.count('"""한국어 설명."""') == len(names) > 0
    release(course, week, paths, Language.EN)
    english = "\n".join(cell.source for cell in read_released(paths.released(week.name)).cells)
    assert "한국어 설명" not in english
