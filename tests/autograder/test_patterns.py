"""Strangers' text takes time in proportion to its length: every pattern, and whatever else looks at it."""

from __future__ import annotations

import ast
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.course.folders import Paths
from autograder.examiner.remote.cells import CellSource, libraries
from autograder.examiner.remote.outputs import clean_outputs
from autograder.markup import harmless
from autograder.markup.highlight import highlighted
from autograder.markup.wellformed import well_formed
from autograder.messages import Language, fact
from autograder.notebooks.definitions import defined_names
from autograder.notebooks.merging import merge
from autograder.notebooks.reading import read_released, read_submission
from autograder.patterns import LETTER, Pattern, has_word, is_korean, sound
from autograder.similarity import compare, page, tokens
from autograder.spreadsheet import guarded, unguarded
from autograder.submissions.timestamps import moment_of
from autograder.wording.rendering import said, sentence
from autograder.wording.text import one_line, plain, prose, tidy, without_colours

PACKAGE = Path(harmless.__file__).parent

OUR_OWN_TEXT = {
    "course.py": "course.yml",
    "release.py": "solutions",
    "verify.py": "solutions",
    "scaffold.py": "what an instructor types",
    "sample.py": "the sample class of the kit",
    "examiner/suite.py": "docstrings of the hidden suite",
}
"""Modules whose patterns see the course's own files only."""
IN_THE_STUDENTS_PROCESS = "candidate/"
"""Under limits, whatever it takes."""


def test_pythons_own_engine_sees_no_strangers_text() -> None:
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(name.name in ("re", "regex") for name in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module in ("re", "regex", "fnmatch"))
    }
    found = {name for name in found if not name.startswith(IN_THE_STUDENTS_PROCESS)}
    assert found <= OUR_OWN_TEXT.keys(), "strangers' text needs autograder.patterns"


# Texts with which parsers and patterns go back, `n` times something.

HOSTILE: dict[str, Callable[[int], str]] = {
    "spaces": lambda n: " " * n + "x",
    "spaces and a line's end": lambda n: "x" + " " * n + "\n",
    "blank lines": lambda n: " \n" * n,
    "tabs": lambda n: "\t" * n,
    "one word": lambda n: "a" * n,
    "digits": lambda n: "1" * n,
    "digits with points": lambda n: "1." * n,
    "underscores": lambda n: "_1" * n,
    "equals": lambda n: "a=" * n,
    "annotations": lambda n: "a" + ":" * n,
    "definitions": lambda n: "def a\n" * n,
    "products": lambda n: "image[i + 0][j + 0] * kernel[0][0] + " * (n // 20),
    "a comment and brackets": lambda n: "# a" + "[]" * n,
    "open brackets": lambda n: "[" * n,
    "brackets and parentheses": lambda n: "[a](" * n,
    "pictures": lambda n: "![" * n,
    "nested pictures": lambda n: "![" * n + "a" + "](b)" * n,
    "parentheses": lambda n: "(" * n + ")" * n,
    "minus signs": lambda n: "x = " + "-" * n + "1",
    "points": lambda n: "x" + ".a" * n,
    "quotes": lambda n: "'" * n,
    "escaped quotes": lambda n: "'\\" * n,
    "triple quotes": lambda n: '"""\\' * n,
    "both quotes": lambda n: "'\"" * n,
    "f-strings": lambda n: "f'{" * n,
    "backticks": lambda n: "".join("`" * i + "a" for i in range(int(n**0.5))),
    "stars": lambda n: "*a **b " * n,
    "stars alone": lambda n: "a**b" + "*" * n,
    "underlines": lambda n: "_a __b" * n,
    "tildes": lambda n: "~~a " * n,
    "quoted": lambda n: ">" * n,
    "lists": lambda n: "- " * n + "a",
    "a list": lambda n: "- a\n" * n,
    "a wide table": lambda n: "|a" * n + "\n" + "|-" * n + "\n" + "|a\n" * n,
    "definitions of links": lambda n: "".join(f"[a{i}]: x\n" for i in range(n // 8)) + "[a0] " * (n // 5),
    "one link many times": lambda n: f"[x]: {'y' * n}\n\n" + "[x] " * n,
    "environments": lambda n: r"\begin{a}" * n,
    "environments in lines": lambda n: "\\begin{align}\n\n" * n,
    "dollars": lambda n: "$a " * n,
    "double dollars": lambda n: "$$\n\n$ " * n,
    "old delimiters": lambda n: r"\\(" * n,
    "ampersands": lambda n: "&" * n,
    "divisions": lambda n: "<div>" * n,
    "fonts and paragraphs": lambda n: "<font><p>x" * n,
    "bold paragraphs": lambda n: "<b>" * n + "<p>x" * n,
    "titled bold paragraphs": lambda n: "".join(f"<b title={i}>" for i in range(n)) + "<p>x" * n,
    "links in tables": lambda n: "<a><table>" * n,
    "tables": lambda n: "<table><tr><td>" * n,
    "text in a table": lambda n: "<table>" + "<b>x</b>y" * n,
    "cells": lambda n: "<table>" + "<tr><td><b><p>x" * n,
    "lists of HTML": lambda n: "<ul><li>" * n,
    "ends": lambda n: "<div>" * 30 + "</b>" * n,
    "attributes": lambda n: "<p " + " ".join(f"a{i}=1" for i in range(n)) + ">",
    "attributes without an end": lambda n: "<p a='\"" * n,
    "styles": lambda n: '<p style="' + "color:red;" * n + '">',
    "open styles": lambda n: '<p style="' + "color:{[(" * n + '">',
    "addresses": lambda n: '<a href="http://a/' + "../" * n + '">x</a>',
    "data": lambda n: '<img src="data:image/png;base64,' + "A" * n + '">',
    "comments": lambda n: "<!-- --" * n,
    "bogus comments": lambda n: "<!x <?y </ " * n,
    "less than": lambda n: "<" * n,
    "scripts": lambda n: "<script>" * n,
    "frames": lambda n: "<script>" + "frames[0] = 'data:image/png;base64," * n,
    "styles as elements": lambda n: "<style></styl" * n,
    "drawings": lambda n: "<svg><g><desc>" * n,
    "formulas": lambda n: "<math><mi><annotation-xml>" * n,
    "text areas": lambda n: "<textarea><title><plaintext>" * n,
    "templates": lambda n: "<template><select><option>" * n,
    "colours": lambda n: "\x1b[1m" * n,
    "open colours": lambda n: "\x1b[" * n,
    "a long colour": lambda n: "\x1b[" + "1;" * n + "m",
    "titles of a terminal": lambda n: "\x1b]" * n,
    "surrogates": lambda n: "\ud800<" * n,
    "Korean": lambda n: "한 글 = 1\n" * n,
    "formulas of a spreadsheet": lambda n: " " * n + "=1",
}


def _read(text: str) -> object:
    cell = {"cell_type": "markdown", "metadata": {"tags": [text]}, "source": text, "id": text}
    document = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": text}},
        "cells": [cell],
    }
    return read_submission(json.dumps(document).encode())


def _shown(text: str) -> object:
    data = dict.fromkeys(("text/plain", "text/html", "image/png"), text)
    return list(
        clean_outputs(
            [
                {"output_type": "stream", "text": text},
                {"output_type": "display_data", "data": data},
                {"output_type": "display_data", "data": {"text/markdown": text}},
                {"output_type": "error", "evalue": text, "traceback": [text]},
            ]
        )
    )


def _compared(text: str) -> object:
    cells = [tokens.Cell("", text)]
    code = compare.compare_class({"a": cells, "b": cells})
    return page.shared_parts(code, "a", "b")


READERS: dict[str, Callable[[str], object]] = {
    "defined names": defined_names,
    "libraries": lambda text: libraries([CellSource(0, "", text)]),
    "messages": lambda text: said(fact("unusable", why=text), Language.KO),
    "sentences": sentence,
    "plain text": lambda text: plain(text, 1 << 20),
    "one line": lambda text: one_line(text, 1 << 20),
    "colours": lambda text: without_colours(text, at_most=10),
    "tidy numbers": lambda text: tidy(plain(text)),
    "prose": prose,
    "words": lambda text: (has_word(text, "mnist"), is_korean(text), sound(text)),
    "times": moment_of,
    "tables": lambda text: unguarded(guarded(text)),
    "colours of code": highlighted,
    "order": lambda text: well_formed(text, {"b", "p", "table", "tr", "td", "div", "a", "li", "ul"}, 10**9),
    "HTML": harmless.clean,
    "HTML of an output": harmless.clean_output,
    "Markdown": harmless.markdown,
    "outputs": _shown,
    "notebooks": _read,
    "similar code": _compared,
}
SIZE, TIMES = 250, 8
LEAST = 0.002
"""Seconds: what takes less tells nothing."""


def seconds(reader: Callable[[str], object], text: str) -> float:
    """Processor time: what else the machine does counts for nothing."""
    begun = time.process_time()
    reader(text)
    return time.process_time() - begun


def grows(reader: Callable[[str], object], make: Callable[[int], str]) -> bool:
    """Whether eight times the text takes more than 24 times as long: the square would be 64 times."""
    once, often = make(SIZE), make(SIZE * TIMES)
    # A second look, if the first one was bad: the interpreter has things of its own to do at times.
    return all(seconds(reader, often) > 3 * TIMES * max(seconds(reader, once), LEAST) for _ in range(3))


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_eight_times_the_text_takes_no_more_than_some_eight_times_as_long(name: str) -> None:
    assert [kind for kind, make in HOSTILE.items() if grows(READERS[name], make)] == []


def test_the_longest_that_is_kept_is_read_at_once() -> None:
    """What stopped whole classes, at its full length."""
    begun = time.process_time()
    harmless.clean_output("<div>" * 100_000)
    harmless.clean_output("<font><p>" * 20_000)
    harmless.markdown(" " * 8_000 + "a")
    harmless.markdown(r"\begin{a}" * 2_000)
    defined_names(
        " + ".join(f"image[i + {i}][j + {j}] * kernel[{i}][{j}]" for i in range(5) for j in range(5))
    )
    defined_names("# a" + "[]" * 40)
    assert time.process_time() - begun < 20


def test_missing_cells_are_put_back_in_one_pass(small: tuple[object, Paths]) -> None:
    released = read_released(small[1].released("small"))
    template = next(cell for cell in released.cells if cell.metadata.get("nbgrader"))
    cells = []
    for number in range(2_000):
        cell = template.copy()
        cell.metadata = {"nbgrader": {**template.metadata.nbgrader, "grade_id": f"cell-{number}"}}
        cell.id = f"cell-{number}"
        cells.append(cell)
    released.cells = cells
    empty = read_submission(b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}')
    begun = time.process_time()
    merged = merge(empty, released).notebook
    assert time.process_time() - begun < 10
    assert [cell.id for cell in merged.cells] == [f"cell-{number}" for number in range(2_000)]


class TestPattern:
    """The few calls that the kit needs, with their meaning in Python's own module."""

    def test_groups_places_and_replacements(self) -> None:
        pattern = Pattern(rf"^({LETTER}+)=(?P<number>[0-9]+)?", lines=True)
        text = "값=3\nb=\n=4"
        found = list(pattern.finditer(text))
        assert [(m[1], m["number"], m.start(), m.end()) for m in found] == [
            ("값", "3", 0, 3),
            ("b", None, 4, 6),
        ]
        assert found[0].groups() == ("값", "3")
        assert found[0].lastgroup == "number"
        assert pattern.sub("x", text) == "x\nx\n=4"
        assert pattern.sub(lambda m: f"<{m[1]}>", text) == "<값>\n<b>\n=4"

    def test_a_replacement_is_taken_as_it_is(self) -> None:
        assert Pattern("a").sub(r"\1", "cab") == r"c\1b"

    def test_all_of_the_text_or_its_beginning(self) -> None:
        assert Pattern("a+", any_case=True).fullmatch("aA")
        assert not Pattern("a+").fullmatch("aab")
        assert Pattern("a+").match("aab")
        assert not Pattern("a+").match("baa")
        assert Pattern("a.b", dot_all=True).search("xa\nb")
        assert not Pattern("a.b").search("xa\nb")

    def test_lone_surrogates_do_no_harm(self) -> None:
        found = Pattern("b.").search("a\ud800b\udfff")
        assert found is not None
        assert (found[0], found.start()) == ("b\ufffd", 2)


def test_a_word_is_one_of_its_own() -> None:
    assert has_word("import scipy", "scipy")
    assert has_word("scipy.signal", "scipy")
    assert not has_word("my_scipy scipy2 scipy값", "scipy")


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ("import scipy.signal", ("scipy",)),
        ("from tensorflow.keras.datasets import mnist", ()),
        ("from keras.datasets import mnist\nimport keras", ("tensorflow",)),
        ("import tensorflow as tf, scipy", ("scipy", "tensorflow")),
        ("kerase = scipylike = 1", ()),
    ],
)
def test_libraries_that_a_notebook_mentions(cells: str, found: tuple[str, ...]) -> None:
    assert libraries([CellSource(0, "", cells)]) == found


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(x): ...\nclass Box:\n    y = 1\nx = 1\nz: int = 2\n", {"f", "Box", "x", "z"}),
        ("async def g(): ...\n값 = 3", {"g", "값"}),
        ("a == 1\nb=\n=2\nif x: y = 1\nf(a=1)", {"b", "y"}),
        ("a =\nb = 1", {"a", "b"}),
        ("a: b == c\nx", set()),
    ],
)
def test_names_that_a_cell_defines(source: str, names: set[str]) -> None:
    assert defined_names(source) == names
