"""A week's code in Korean: docstrings and messages from ``solutions/<week>.ko.yml``, put into a release.

Prose stands in the solution in both languages, a cell each. Code stands there once, and what people read in
it is translated when the week is released in Korean. What the file says has to be in step with the solution:
a docstring without its Korean twin, or a text that stands nowhere any more, is an error.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

from nbformat import NotebookNode
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from autograder.notebooks.metadata import node
from autograder.problem import Problem

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class TranslationError(Problem, ValueError):
    """The file and the solution are out of step; the text says where and what to write."""


def translated(solution: NotebookNode, path: Path) -> NotebookNode:
    """The solution with its code's docstrings and messages in Korean; as it is if there is no such file.

    Args:
        solution: not changed.
        path: the file: ``docstrings``, by the name of the function, and ``texts``, each with its twin.

    Raises:
        TranslationError: the file cannot be used, or is out of step with the solution.
    """
    if not path.is_file():
        return solution
    docstrings, texts = _read(path)
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
        if _parsed(cell.source) is not None and _parsed(source) is None:
            first = cell.source.strip().split("\n")[0][:60]
            raise TranslationError(f"{path.name} makes no Python of the cell that begins with {first!r}.")
        cell["source"] = source
    return notebook


def _read(path: Path) -> tuple[Mapping[str, str], Mapping[str, str]]:
    try:
        found = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise TranslationError(f"{path.name} cannot be read: {' '.join(str(error).split())[:200]}.") from None
    parts = [found.get(key) or {} for key in ("docstrings", "texts")] if isinstance(found, dict) else []
    if not parts or not all(
        isinstance(part, dict) and all(isinstance(text, str) for pair in part.items() for text in pair)
        for part in parts
    ):
        raise TranslationError(f"{path.name} has to have `docstrings:` and `texts:`, each a text by a text.")
    return parts[0], parts[1]


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
