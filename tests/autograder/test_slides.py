"""What the lecture's slides say stands in the notebooks, in both languages and in one word each."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.messages import Language
from autograder.notebooks.metadata import grade_id, is_solution, tags
from autograder.notebooks.scripts import read_script

REPOSITORY = Path(__file__).parents[2]
SOLUTIONS = REPOSITORY / "solutions"
WEEKS = sorted(path.stem for path in SOLUTIONS.glob("*.py"))

BOTH = {
    "01_preprocessing": [
        "`tf.random.set_seed(3)`",
        "keras.utils.set_random_seed",
        "sys.stdout.write",
        "to_categorical",
    ],
    "02_mlp": ["input_dim=784", "`.hdf5`", "{epoch:02d}-{val_loss:.4f}.keras"],
    "03_convolution": [
        r"g(t - \tau)\,d\tau",
        r"g(t + \tau)\,d\tau",
        "(OH, OW)",
        "(FH, FW)",
        "$P$",
        "$S$",
        "zero padding",
        r"26 \cdot 26 \cdot 9 = 6084",
        r"13 \cdot 13 \cdot 9 = 1521",
        "(https://en.wikipedia.org/wiki/Cross-correlation)",
        "(https://www.youtube.com/watch?v=O9-HN-yzsFQ)",
        "(https://en.wikipedia.org/wiki/Kernel_(image_processing))",
        "(https://github.com/vdumoulin/conv_arithmetic)",
    ],
}
"""Code, formulas and sources, which are the same in both languages."""

IN_WORDS = {
    ("03_convolution", Language.EN): ["visual cortex", "Hubel and Wiesel", "side by side", "outline"],
    ("03_convolution", Language.KO): [
        "시각 피질",
        "Hubel과 Wiesel",
        "교차상관",
        "상호상관",
        "나란히",
        "외곽선을 따 주는",
    ],
    ("02_mlp", Language.KO): ["꺾임, 곧 비선형", "완전 연결 층", "딕셔너리"],
    ("01_preprocessing", Language.KO): ["검증(validation) 세트"],
}


def prose(week: str, language: Language) -> str:
    cells = read_script((SOLUTIONS / f"{week}.py").read_text(encoding="utf-8")).cells
    own = [cell.source for cell in cells if cell.cell_type == "markdown" and language in tags(cell)]
    return " ".join("\n".join(own).split())


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("week", BOTH)
def test_what_the_slides_say_is_said(week: str, language: Language) -> None:
    text = prose(week, language)
    for said in BOTH[week] + IN_WORDS.get((week, language), []):
        assert " ".join(said.split()) in text, said


@pytest.mark.parametrize("week", WEEKS)
def test_every_week_has_a_title_in_both_languages(week: str) -> None:
    number = int(week[:2])
    assert prose(week, Language.EN).startswith(f"# Week {number} · ")
    assert prose(week, Language.KO).startswith(f"# {number}주차 · ")


def test_the_seven_animations_are_the_slides() -> None:
    """Sizes as the slides' pictures have them; the first is the 5×5 image with its 4 3 4."""
    names: dict[str, Any] = {}
    for cell in read_script((SOLUTIONS / "03_convolution.py").read_text(encoding="utf-8")).cells:
        if is_solution(cell) and cell.cell_type == "code":
            exec("import numpy as np\n" + cell.source, names)
        elif grade_id(cell) == "animation-player":
            exec(cell.source.replace("animate_conv2d(*ANIMATIONS[1])", ""), names)
    films = names["ANIMATIONS"]
    drawn = {number: names["conv2d"](*arguments) for number, arguments in films.items()}
    np.testing.assert_array_equal(drawn[1], [[4, 3, 4], [2, 4, 3], [2, 3, 4]])
    sizes = {
        number: (len(image), len(kernel), len(drawn[number])) for number, (image, kernel, *_) in films.items()
    }
    wanted = [(5, 3, 3), (5, 4, 6), (5, 3, 5), (5, 3, 7), (5, 3, 2), (5, 3, 3), (6, 3, 3)]
    assert sizes == dict(enumerate(wanted, start=1))


ONE_WORD = {
    "반환": ("돌려주", "돌려준", "돌려줄", "돌려줍", "리턴"),
    "딕셔너리": ("사전",),
    "검증 세트": ("검증셋", "검증 셋", "검증 데이터"),
    "완전 연결 층": ("밀집층", "밀집 층", "전결합", "완전연결"),
    "외곽선": ("윤곽", "경계선"),
    "과제": ("숙제",),
    "레이블": ("라벨",),
}


def test_one_thing_has_one_name_in_korean() -> None:
    read = [
        *SOLUTIONS.glob("*.py"),
        *SOLUTIONS.glob("*.ko.yml"),
        *(path for path in (REPOSITORY / "tests" / "hidden").rglob("*") if path.suffix in (".py", ".yml")),
        REPOSITORY / "docs" / "ko" / "students.md",
        *(REPOSITORY / "autograder" / "wording").glob("*.py"),
    ]
    found = [
        f"{path.name}: {other}, where {name} is meant"
        for path in read
        for name, others in ONE_WORD.items()
        for other in others
        if other in path.read_text(encoding="utf-8")
    ]
    assert found == []


@pytest.mark.parametrize("week", WEEKS)
def test_no_two_checks_of_a_week_read_alike(week: str) -> None:
    modules = [
        ast.parse(path.read_text(encoding="utf-8"))
        for path in (REPOSITORY / "tests" / "hidden" / week).glob("test_*.py")
    ]
    functions = [item for module in modules for item in ast.walk(module) if isinstance(item, ast.FunctionDef)]
    said = [
        " ".join(paragraph.split())
        for function in functions
        if function.name.startswith("test_")
        for paragraph in (ast.get_docstring(function) or "").split("\n\n")
    ]
    assert len(said) > 40
    assert [text for text, times in Counter(said).items() if times > 1] == []
