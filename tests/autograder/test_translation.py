"""The code of a Korean release: its docstrings and messages are Korean, and in step with the solution."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from nbformat import NotebookNode

from autograder.authoring.figure_texts import IN_FIGURE, in_both, literals
from autograder.authoring.release import release
from autograder.authoring.translation import TranslationError, translated
from autograder.course.folders import Paths
from autograder.course.models import Course
from autograder.messages import Language
from autograder.notebooks.metadata import grade_id, is_picture
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
        ("- a\n", "has to have `docstrings:`, `texts:` and `figures:`"),
    ],
)
def test_what_is_out_of_step_is_one_sentence(tmp_path: Path, twins: str, said: str) -> None:
    with pytest.raises(TranslationError, match=said):
        made(tmp_path, twins)


PICTURE = """
# %% nbgrader={"grade": false, "grade_id": "picture", "locked": true, "schema_version": 3, "solution": false} tags=["picture"]
history = {"loss": [3, 2], "val_loss": [2, 1]}
names = {"the first": "loss", "second": "val_loss"}
for name, key in names.items():
    axes.plot(history[key], label=f"{name}: {len(history[key])} values", color="tab:red")
axes.set(title="two curves", xlabel="epoch", ylabel="loss")
axes.legend(loc="upper left")
print("two curves of", len(history["loss"]))
"""  # noqa: E501
FIGURES = """\
figures:
  the first: 첫째
  second: 둘째
  '{name}: {len(history[key])} values': '{name}: 값 {len(history[key])}개'
  two curves: 곡선 둘
  epoch: 에포크
  loss: 손실
"""


def illustrated(tmp_path: Path, figures: str) -> str:
    path = tmp_path / "week.ko.yml"
    path.write_text(TWINS + figures, encoding="utf-8")
    return str(translated(read_script(SCRIPT + PICTURE), path).cells[-1].source)


def test_a_figure_gets_its_texts_in_both_languages(tmp_path: Path) -> None:
    assert illustrated(tmp_path, FIGURES).splitlines() == [
        'history = {"loss": [3, 2], "val_loss": [2, 1]}',
        'names = {in_figure("첫째", "the first"): "loss", in_figure("둘째", "second"): "val_loss"}',
        "for name, key in names.items():",
        "    axes.plot(history[key], label=in_figure("
        'f"{name}: 값 {len(history[key])}개", f"{name}: {len(history[key])} values"), color="tab:red")',
        'axes.set(title=in_figure("곡선 둘", "two curves"), xlabel=in_figure("에포크", "epoch"), '
        'ylabel=in_figure("손실", "loss"))',
        'axes.legend(loc="upper left")',
        'print("two curves of", len(history["loss"]))',
    ]


def test_only_a_release_with_figures_has_the_function_that_chooses(tmp_path: Path) -> None:
    assert made(tmp_path).cells[0].source == "%matplotlib inline"
    assert made(tmp_path, TWINS + "figures: {}\n").cells[0].source == "%matplotlib inline"
    (tmp_path / "week.ko.yml").write_text(TWINS + FIGURES, encoding="utf-8")
    first = translated(read_script(SCRIPT + PICTURE), tmp_path / "week.ko.yml").cells[0].source
    assert first == "%matplotlib inline" + IN_FIGURE.rstrip("\n")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  epoch: 에포크\n", "", "no Korean for 'epoch' in the picture cell that begins with 'history ="),
        ("  two curves: 곡선 둘\n", "", "no Korean for 'two curves' in the picture cell"),
        ("  the first: 첫째\n", "", "no Korean for 'the first' in the picture cell"),
        ("  second:", "  third:", "has 'third' as a figure's, which no picture cell has: mend it"),
        ("값 {len", '"값 {len', "makes no Python of the cell that begins with 'history ="),
    ],
)
def test_figures_that_are_out_of_step_are_one_sentence(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in FIGURES
    with pytest.raises(TranslationError, match=said):
        illustrated(tmp_path, FIGURES.replace(old, new))


def test_what_is_alike_in_both_languages_stays_as_it_is() -> None:
    assert in_both('axes.set_title("relu(z)")', {"relu(z)": "relu(z)"}) == 'axes.set_title("relu(z)")'


def test_places_are_found_behind_letters_of_several_bytes() -> None:
    source = "x = \"가나\"; axes.set_title(\"one\")\naxes.set_title('''two\nlines''')"
    assert [each.text for each in literals(source)] == ["가나", "one", "two\nlines"]
    wanted = "x = \"가나\"; axes.set_title(in_figure(\"하나\", \"one\"))\naxes.set_title('''two\nlines''')"
    assert in_both(source, {"one": "하나"}) == wanted


@pytest.mark.parametrize(
    ("fonts", "title", "family"),
    [
        (["DejaVu Sans", "Malgun Gothic"], "이미지", ["Malgun Gothic", "DejaVu Sans"]),
        (["DejaVu Sans"], "image", ["sans-serif"]),
    ],
)
def test_a_figure_is_korean_where_a_font_is_and_english_where_none_is(
    monkeypatch: pytest.MonkeyPatch, fonts: list[str], title: str, family: list[str]
) -> None:
    import matplotlib as mpl

    monkeypatch.setattr("matplotlib.font_manager.get_font_names", lambda: fonts)
    with mpl.rc_context({"font.family": ["sans-serif"]}):
        names: dict[str, Any] = {}
        exec(IN_FIGURE, names)
        assert names["in_figure"]("이미지", "image") == title
        assert mpl.rcParams["font.family"] == family
        mpl.rcParams["font.family"] = ["serif"]  # somebody's own style
        assert names["in_figure"]("이미지", "image") == "image"


def functions(source: str) -> list[ast.FunctionDef]:
    return [item for item in ast.walk(ast.parse(source)) if isinstance(item, ast.FunctionDef)]


@pytest.mark.parametrize("week", WEEKS)
def test_every_docstring_of_the_course_is_korean(week: str) -> None:
    solution = read_script((SOLUTIONS / f"{week}.py").read_text(encoding="utf-8"))
    notebook = translated(solution, SOLUTIONS / f"{week}.ko.yml")
    count = 0
    for before, after in zip(solution.cells, notebook.cells, strict=True):
        if after.cell_type != "code" or after.source.startswith("%"):
            continue
        signatures = {each.name: ast.unparse(each.args) for each in functions(before.source)}
        for function in functions(after.source):
            if text := ast.get_docstring(function):
                assert is_korean(text), function.name
                # All but the function that chooses a figure's language are the solution's.
                assert signatures.get(function.name, "korean, english") == ast.unparse(function.args)
                count += 1
    assert count >= 8


CODE = {"split_train_validation", "'full'", "identity", "ridge_4", "ridge_8", "sharpen", "box_blur"} | {
    *("gaussian_3x3", "gaussian_5x5", "sobel_x", "sobel_y")
}
"""Names of code, which are the same in both languages."""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Glyph")  # the font need not be there
@pytest.mark.parametrize("fonts", [["NanumGothic"], ["DejaVu Sans"]], ids=["hangul", "no-hangul"])
@pytest.mark.parametrize("week", ["01_preprocessing", "03_convolution", "04_pooling"])
def test_all_that_stands_in_the_pictures_is_in_one_language(
    monkeypatch: pytest.MonkeyPatch, week: str, fonts: list[str]
) -> None:
    import matplotlib as mpl
    import matplotlib.pyplot as plt
    from matplotlib.text import Text

    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (600, 28, 28), dtype=np.uint8), np.arange(600) % 10
    data = SimpleNamespace(load_data=lambda: ((images, labels), (images, labels)))
    monkeypatch.setitem(sys.modules, "keras.datasets", cast("ModuleType", SimpleNamespace(mnist=data)))
    monkeypatch.setattr("matplotlib.font_manager.get_font_names", lambda: fonts)
    monkeypatch.setattr(plt, "show", lambda: None)
    solution = read_script((SOLUTIONS / f"{week}.py").read_text(encoding="utf-8"))
    notebook = translated(solution, SOLUTIONS / f"{week}.ko.yml")
    names: dict[str, Any] = {}
    seen = []
    with mpl.rc_context({"font.family": ["sans-serif"]}):
        for cell in notebook.cells:
            if cell.cell_type != "code" or grade_id(cell) in ("animation-player", "picture-edges"):
                continue  # a film, which draws; titles of the student's own
            exec(cell.source, names)
            figures = [plt.figure(number) for number in plt.get_fignums()]
            texts = [text.get_text().split("\n")[0] for each in figures for text in each.findobj(Text)]
            plt.close("all")
            if is_picture(cell):
                words = (text for text in texts if re.search("[A-Za-z]{2,}|[가-힣]", text))
                seen += [text for text in words if text not in CODE]
    assert len(seen) >= 12
    assert {is_korean(text) for text in seen} == {fonts == ["NanumGothic"]}


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
