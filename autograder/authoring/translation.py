"""A week's code in Korean: docstrings, messages and texts of figures from ``solutions/<week>.ko.yml``.

Prose stands in the solution in both languages, a cell each. Code stands there once, and what people read in
it is translated when the week is released in Korean. What the file says has to be in step with the solution:
a docstring or a figure's title without its Korean twin, or a text that stands nowhere any more, is an error.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nbformat import NotebookNode
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from autograder.authoring.figure_texts import IN_FIGURE, in_both, literals
from autograder.notebooks.metadata import is_picture, node
from autograder.patterns import is_korean
from autograder.problem import Problem

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class TranslationError(Problem, ValueError):
    """The file and the solution are out of step; the text says where and what to write."""


def translated(solution: NotebookNode, path: Path) -> NotebookNode:
    """The solution with its code's docstrings and messages in Korean; as it is if there is no such file.

    Args:
        solution: not changed.
        path: the file: ``docstrings``, by the name of the function, ``texts``, each with its twin, and
            ``figures``, the same for cells with the tag ``picture``, which get both languages.

    Raises:
        TranslationError: the file cannot be used, or is out of step with the solution.
    """
    if not path.is_file():
        return solution
    docstrings, texts, figures = _read(path)
    notebook = node(solution)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    documented = {function.name for cell in code for function in _documented(cell.source)}
    for name in sorted(documented - docstrings.keys()):
        raise TranslationError(f"{path.name} has no docstring of {name}: write it below `docstrings:`.")
    for name in sorted(docstrings.keys() - documented):
        raise TranslationError(
            f"{path.name} has a docstring of {name}, which the solution has not: remove it."
        )
    for text in texts:
        if not any(text in cell.source for cell in code):
            raise TranslationError(f"{path.name} translates {text!r}, which stands in no code cell: mend it.")
    for cell in code:
        source = _with_docstrings(cell.source, docstrings)
        for text in sorted(texts, key=len, reverse=True):
            source = source.replace(text, texts[text])
        _put(cell, source, path.name)
    _illustrate([cell for cell in code if is_picture(cell)], figures, path.name)
    if figures:
        code[0]["source"] += IN_FIGURE.rstrip("\n")
    return notebook


def _illustrate(pictures: Sequence[NotebookNode], figures: Mapping[str, str], name: str) -> None:
    """Have the figures of these cells in both languages; an error where file and cells are out of step."""
    shown: set[str] = set()
    others: set[str] = set()
    for cell in pictures:
        for literal in literals(cell.source):
            (shown if literal.is_shown else others).add(literal.text)
            if literal.is_shown and literal.text not in figures and not is_korean(literal.text):
                said = f"{name} has no Korean for {literal.text!r} in the picture cell {_beginning(cell)}"
                raise TranslationError(f"{said}: write it below `figures:`.")
    for text in figures:
        if text not in shown | others:
            raise TranslationError(f"{name} has {text!r} as a figure's, which no picture cell has: mend it.")
    for cell in pictures:
        _put(cell, in_both(cell.source, figures, others - shown), name)


def _put(cell: NotebookNode, source: str, name: str) -> None:
    """Give a cell another source; an error if it was Python and is none any more."""
    if _parsed(cell.source) is not None and _parsed(source) is None:
        raise TranslationError(f"{name} makes no Python of the cell {_beginning(cell)}.")
    cell["source"] = source


def _beginning(cell: NotebookNode) -> str:
    return f"that begins with {cell.source.strip().splitlines()[0][:60]!r}"


def _read(path: Path) -> tuple[Mapping[str, str], ...]:
    try:
        found = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise TranslationError(f"{path.name} cannot be read: {' '.join(str(error).split())[:200]}.") from None
    keys = ("docstrings", "texts", "figures")
    parts = tuple(found.get(key) or {} for key in keys) if isinstance(found, dict) else ()
    if not parts or not all(
        isinstance(part, dict) and all(isinstance(text, str) for pair in part.items() for text in pair)
        for part in parts
    ):
        raise TranslationError(
            f"{path.name} has to have `docstrings:`, `texts:` and `figures:`, each a text by a text."
        )
    return parts


def _parsed(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except SyntaxError:  # a magic
        return None


def _documented(source: str) -> Iterator[_Function]:
    for item in ast.walk(_parsed(source) or ast.Module([], [])):
        if isinstance(item, _Function) and ast.get_docstring(item) is not None:
            yield item


def _with_docstrings(source: str, docstrings: Mapping[str, str]) -> str:
    lines = source.splitlines()
    for function in sorted(_documented(source), key=lambda each: -each.lineno):
        old = function.body[0]
        text = docstrings[function.name].strip()
        closing = "\n" if "\n" in text else ""
        new = textwrap.indent(f'"""{text}{closing}"""', " " * old.col_offset).splitlines()
        lines[old.lineno - 1 : old.end_lineno] = new
    return "\n".join(lines)
