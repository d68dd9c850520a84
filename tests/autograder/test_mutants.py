"""Wrong implementations as their author writes them down: whole, or as an edit of the solution."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.examiner.mutants import CatalogueError, functions_of, load_alternatives, load_mutants
from autograder.notebooks.scripts import read_script

SOLUTION = '''# %%
%matplotlib inline

# %%
def scale(values, top=1):
    """Bring values to a range.

    Its docstring is no line of it.
    """
    ### BEGIN SOLUTION
    smallest = min(values)
    if top:
        smallest = smallest
        return [(value - smallest) / top for value in values]
    return values
    ### END SOLUTION
'''
ENTRY = """\
- id: scale-negative
  replaces: scale
  misconception: {en: "It is negative.", ko: "음수입니다."}
  hint: {en: "Look at the sign.", ko: "부호를 보세요."}
"""
FUNCTIONS = functions_of(read_script(SOLUTION))


def loaded(tmp_path: Path, edit: str, entry: str = ENTRY) -> str:
    (tmp_path / "mutants.yml").write_text(entry + edit, encoding="utf-8")
    (mutant,) = load_mutants(tmp_path, FUNCTIONS)
    return mutant.source


def test_an_edit_follows_the_solution(tmp_path: Path) -> None:
    source = loaded(
        tmp_path,
        "  replace: return [(value - smallest) / top for value in values]\n"
        "  by: |\n    top = -top\n    if top:\n        return values\n",
    )
    assert source == (
        "def scale(values, top=1):\n"
        "    smallest = min(values)\n"
        "    if top:\n"
        "        smallest = smallest\n"
        "        top = -top\n"
        "        if top:\n"
        "            return values\n"
        "    return values\n"
    )
    compile(source, "mutant", "exec")


def test_a_line_may_go(tmp_path: Path) -> None:
    assert "smallest = smallest" not in loaded(tmp_path, '  replace: smallest = smallest\n  by: ""\n')


def test_a_whole_source_stays_as_it_is(tmp_path: Path) -> None:
    assert loaded(tmp_path, "  source: |\n    def scale(v):\n        return v\n") == (
        "def scale(v):\n    return v\n"
    )


TWICE = SOLUTION.replace("    return values\n", "    return values\n    return values\n")


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ("  replace: no such line\n  by: x\n", "line 1: scale-negative replaces the line `no such line`"),
        ('  replace: "Its docstring is no line of it."\n  by: x\n', "which does not appear in the solution"),
        ("  replace: smallest = smallest\n", "lacks by"),
        ("  replace: ''\n  by: x\n", "lacks replace"),
        ("", "lacks source; write `source: …`"),
        ("  source: ''\n", "lacks source"),
    ],
)
def test_what_cannot_be_used_is_said_with_its_line(tmp_path: Path, edit: str, said: str) -> None:
    with pytest.raises(CatalogueError) as found:
        loaded(tmp_path, edit)
    assert said in str(found.value)
    assert "mutants.yml, line 1: " in str(found.value)


def test_a_line_that_stands_there_twice_is_no_place(tmp_path: Path) -> None:
    (tmp_path / "mutants.yml").write_text(ENTRY + "  replace: return values\n  by: x\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match="appears 2 times in the solution's scale"):
        load_mutants(tmp_path, functions_of(read_script(TWICE)))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (', ko: "부호를 보세요."', "", "lacks its hint in Korean; write `hint: ko: …`"),
        ('ko: "음수입니다."', 'ko: ""', "lacks its misconception in Korean"),
        ('en: "Look at the sign."', "en: 3", "lacks its hint in English"),
        ("- id: scale-negative\n  replaces", "- replaces", "entry 1 lacks id"),
        ("replaces: scale\n", "replaces: other\n", "other, which the solution does not define"),
        ('misconception: {en: "It', 'misconception: {en: "It" ', "mend the YAML"),
    ],
)
def test_what_is_missing_is_said(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in ENTRY
    with pytest.raises(CatalogueError) as found:
        loaded(tmp_path, '  replace: smallest = smallest\n  by: ""\n', ENTRY.replace(old, new))
    assert said in str(found.value)
    assert "\n" not in str(found.value)


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "alternatives.yml").write_text("id: x\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match="is not a list"):
        load_alternatives(tmp_path)
    (tmp_path / "alternatives.yml").write_text("- id: x\n  replaces: f\n  source: y\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match="x lacks style"):
        load_alternatives(tmp_path)


def test_a_further_hint_is_in_both_languages_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "mutants.yml"
    path.write_text(ENTRY + "  source: x\n  more: {en: Drop it., ko: 지우세요.}\n", encoding="utf-8")
    (mutant,) = load_mutants(tmp_path, FUNCTIONS)
    assert mutant.more is not None and mutant.more.ko == "지우세요."
    path.write_text(ENTRY + "  source: x\n", encoding="utf-8")
    assert load_mutants(tmp_path, FUNCTIONS)[0].more is None
    path.write_text(ENTRY + "  source: x\n  more: {en: Drop it.}\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match="lacks its more in Korean"):
        load_mutants(tmp_path, FUNCTIONS)
