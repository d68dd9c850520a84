"""Similarity: what was copied is found in any disguise, what is honest is not."""

from __future__ import annotations

import ast
import json
import random
import re
from collections import defaultdict
from pathlib import Path

import nbformat
import pytest

from autograder.course.folders import CourseError, Paths
from autograder.examiner.mutants import load_alternatives
from autograder.notebooks.metadata import grade_id, is_solution
from autograder.notebooks.scripts import dump, read_script
from autograder.problem import GradeError
from autograder.similarity.compare import Pair, compare_class
from autograder.similarity.page import page_path, pair_page, shared_parts, similarity
from autograder.similarity.tokens import Cell

REPOSITORY = Path(__file__).parents[2]
WEEKS = ("01_preprocessing", "02_mlp", "03_convolution", "04_pooling", "05_cnn")


def reference(week: str) -> list[Cell]:
    script = read_script((REPOSITORY / "solutions" / f"{week}.py").read_text(encoding="utf-8"))
    return [
        Cell(grade_id(cell), cell.source)
        for cell in script.cells
        if is_solution(cell) and cell.cell_type == "code"
    ]


def honest_class(week: str) -> dict[str, list[Cell]]:
    """Students none of whom shares a function with another one: each takes other correct ones of ours."""
    by_function: dict[str, list[Cell]] = defaultdict(list)
    for alternative in load_alternatives(REPOSITORY / "tests" / "hidden" / week):
        by_function[alternative.replaces].append(Cell(alternative.replaces, alternative.source))
    return {
        f"student-{number}": [cells[number] for cells in by_function.values() if number < len(cells)]
        for number in range(5)
    }


def names_given(week: str) -> set[str]:
    text = "\n".join(cell.source for cell in reference(week))
    return set(re.findall(r"^def (\w+)|^(\w+) =", text, re.M)[0]) | set(re.findall(r"^def (\w+)", text, re.M))


def disguised(cells: list[Cell], seed: int = 1) -> list[Cell]:
    """The same with other names, other layout, no comments, and the functions in another order."""
    chance = random.Random(seed)
    cells = list(cells)
    chance.shuffle(cells)
    result = []
    for cell in cells:
        tree = ast.parse(cell.source)
        names = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        names |= {
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id.islower()
        }
        new = {
            name: f"{chance.choice(['my', 'tmp', 'val', '값'])}_{number}" for number, name in enumerate(names)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id in new:
                node.id = new[node.id]
            elif isinstance(node, ast.arg) and node.arg in new:
                node.arg = new[node.arg]
            elif isinstance(node, ast.FunctionDef):
                node.body.insert(0, ast.Expr(ast.Constant(f"My own idea, number {chance.random()}.")))
        result.append(Cell(cell.name, ast.unparse(ast.fix_missing_locations(tree))))
    return result


@pytest.mark.parametrize("week", WEEKS)
class TestOnTheCourse:
    def test_honest_work_is_left_alone(self, week: str) -> None:
        students = honest_class(week)
        # Without these very alternatives among what is known: nothing helps but what the code is.
        code = compare_class(students, known=[reference(week)], familiar=names_given(week))
        assert code.pairs() == []

    @pytest.mark.parametrize("victim", ["student-0", "student-1", "student-2"])
    def test_a_copy_with_other_names_and_another_order_is_found(self, week: str, victim: str) -> None:
        students = honest_class(week)
        known = [reference(week), *([c] for cells in students.values() for c in cells)]
        copy = disguised(students[victim])
        code = compare_class({**students, "copy": copy}, known=known, familiar=names_given(week))
        (pair,) = code.pairs()
        assert {pair.a, pair.b} == {"copy", victim}
        assert pair.score > 0.7

    def test_so_are_two_halves_of_two_others(self, week: str) -> None:
        students = honest_class(week)
        half = len(students["student-0"]) // 2
        copy = disguised(students["student-0"][:half]) + disguised(students["student-1"][half:])
        code = compare_class({**students, "copy": copy}, known=[reference(week)])
        found = code.pairs(threshold=0.3)
        assert {frozenset((p.a, p.b)) for p in found} == {
            frozenset(("copy", "student-0")),
            frozenset(("copy", "student-1")),
        }


ONE_WAY = "def relu(z):\n    return np.maximum(z, 0)"
LONG = """\
def pad(image, rows, columns):
    wide = np.zeros((image.shape[0] + 2 * rows, image.shape[1] + 2 * columns), dtype=image.dtype)
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            if image[row, column] != 0:
                wide[row + rows, column + columns] = image[row, column]
    total = sum(int(value) for value in wide.ravel() if value > 0)
    assert total >= 0, "lost a pixel on the way"
    return wide[: image.shape[0] + 2 * rows, : image.shape[1] + 2 * columns]
"""


class TestEvidence:
    def test_short_functions_that_can_only_be_written_one_way_are_no_evidence(self) -> None:
        code = compare_class({name: [Cell("relu", ONE_WAY)] for name in ("ada", "bob")})
        assert code.pairs() == []

    def test_what_the_release_gives_is_no_evidence(self) -> None:
        students = {name: [Cell("pad", LONG)] for name in ("ada", "bob")}
        assert [pair.score for pair in compare_class(students).pairs()] == [1.0]
        assert compare_class(students, released=[Cell("pad", LONG)]).pairs() == []

    def test_what_correct_solutions_have_in_common_is_no_evidence(self) -> None:
        students = {name: [Cell("pad", LONG)] for name in ("ada", "bob")}
        assert compare_class(students, known=[[Cell("a", LONG)], [Cell("b", LONG)]]).pairs() == []
        # one of them alone may be where both copied from
        assert len(compare_class(students, known=[[Cell("a", LONG)]]).pairs()) == 1

    def test_what_the_whole_class_has_is_less_evidence_than_what_two_have(self) -> None:
        class_of = {f"s{number:03}": [Cell("pad", LONG)] for number in range(200)}
        assert compare_class(class_of).pairs() == []
        others = {f"o{number:03}": [Cell("pad", f"x{number} = {number}")] for number in range(200)}
        two = {name: [Cell("pad", LONG)] for name in ("ada", "bob")}
        assert len(compare_class({**others, **two}).pairs()) == 1

    def test_comments_annotations_docstrings_and_strings_do_not_count(self) -> None:
        other = LONG.replace("(image, rows, columns)", "(image: Any, rows: int = 0, columns: int = 0) -> Any")
        other = other.replace(": int = 0", ": int").replace("\n", "  # 설명\n").replace("lost a pixel", "oh")
        pairs = compare_class({"ada": [Cell("pad", LONG)], "bob": [Cell("pad", other)]}).pairs()
        assert [pair.score for pair in pairs] == [1.0]

    @pytest.mark.parametrize(
        "broken", [LONG + "\ndef (:\n", "%time x\n" + LONG, LONG + "\n'open", LONG + "\n\t  x"]
    )
    def test_code_that_does_not_compile_is_compared_too(self, broken: str) -> None:
        pairs = compare_class({"ada": [Cell("pad", LONG)], "bob": [Cell("pad", broken)]}).pairs()
        assert [(pair.a, pair.b) for pair in pairs] == [("ada", "bob")]

    def test_the_same_class_gives_the_same_scores(self) -> None:
        students = honest_class("03_convolution")
        first, second = (compare_class(students).pairs(0, 0) for _ in range(2))
        assert first == second


class TestPages:
    def test_what_is_shared_is_marked_where_it_stands(self) -> None:
        own = "print('hello')\n"
        students = {"ada": [Cell("", own), Cell("pad", LONG)], "bob": disguised([Cell("pad", LONG)])}
        code = compare_class(students)
        first, second = shared_parts(code, "ada", "bob")
        assert first == []
        assert LONG[second[0][0] : second[0][1]].startswith("def pad(image")
        assert LONG[second[-1][0] : second[-1][1]].endswith("columns]")

    def test_a_page_is_one_file_without_scripts_and_everything_is_escaped(self) -> None:
        evil = LONG + "\n# <script>alert(1)</script> <img src=x onerror=alert(1)>\n"
        students = {"<b>ada</b>": [Cell('"><script>', evil)], "밥 & co": [Cell("pad", LONG)]}
        code = compare_class(students)
        (pair,) = code.pairs()
        page = pair_page(code, pair, "w")
        assert "<script" not in page
        assert "<img" not in page
        assert "&lt;b&gt;ada&lt;/b&gt;" in page
        assert "밥 &amp; co" in page
        assert "<mark>" in page
        assert not re.search(r"<[^>]*(src|href)=", page)
        assert "default-src 'none'" in page
        plain = re.sub(r"</?mark>", "", page)
        assert "total = sum(int(value) for value in wide.ravel() if value &gt; 0)" in plain

    def test_long_names_still_have_a_file(self, tmp_path: Path) -> None:
        paths = Paths(tmp_path)
        name = page_path(paths, "w", Pair("가" * 80, "나" * 80, 1, 1)).name
        assert len(name.encode()) < 255
        assert name != page_path(paths, "w", Pair("가" * 80, "다" * 80, 1, 1)).name


class TestAWeek:
    def hand_in(self, paths: Paths, student: str, source: str) -> None:
        notebook = nbformat.reads(paths.released("small").read_text(encoding="utf-8"), as_version=4)
        for cell in notebook.cells:
            if grade_id(cell) == "double":
                cell.source = source
        file = paths.submission(student, "small")
        file.parent.mkdir(parents=True)
        file.write_bytes(dump(notebook))

    def test_files_of_a_week(self, small: tuple[object, Paths]) -> None:
        _, paths = small
        self.hand_in(paths, "ada", LONG)
        self.hand_in(paths, "bob", disguised([Cell("pad", LONG)])[0].source)
        self.hand_in(paths, "cleo", "def double(x):\n    return x + x")
        (paths.submission("dan", "small")).parent.mkdir(parents=True)
        (paths.submission("dan", "small")).write_bytes(b"%PDF")
        old = paths.root / "report" / "similarity" / "small" / "x~y.html"
        old.parent.mkdir(parents=True)
        old.write_text("of an earlier run")
        (pair,) = similarity(paths.root, "small")
        assert (pair.a, pair.b) == ("ada", "bob")
        listed = json.loads((paths.exports / "similarity-small.json").read_text(encoding="utf-8"))
        page = "report/similarity/small/ada~bob.html"
        assert listed == [{"a": "ada", "b": "bob", "score": pair.score, "page": page}]
        assert "<mark>" in (paths.root / page).read_text(encoding="utf-8")
        assert not old.exists()

    def test_nothing_handed_in_is_no_problem(self, small: tuple[object, Paths]) -> None:
        _, paths = small
        assert similarity(paths.root, "small") == []
        assert json.loads((paths.exports / "similarity-small.json").read_text(encoding="utf-8")) == []

    def test_a_week_that_is_not_there_is_one_sentence(self, unreleased: tuple[object, Paths]) -> None:
        _, paths = unreleased
        with pytest.raises(GradeError, match="has not been released yet"):
            similarity(paths.root, "small")
        with pytest.raises(CourseError, match="no assignment"):
            similarity(paths.root, "large")
