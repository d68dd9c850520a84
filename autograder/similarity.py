"""Submissions that are more alike than chance: fingerprints of what students wrote themselves.

Code is read as tokens: names that a student chose, comments, annotations and layout do not count, so that
renaming and moving functions change nothing. ``copydetect`` makes fingerprints of runs of tokens. What the
release holds, and what several correct implementations of ours have in common, counts for nothing, since
it may be written in no other way; the rest counts the more, the fewer students of the class have it.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import io
import json
import keyword
import math
import re
import token
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from copydetect import CodeFingerprint
from copydetect.utils import get_copied_slices
from nbformat import NotebookNode
from scipy import sparse

from autograder.course import Paths, load_course
from autograder.examiner.misconceptions import load_alternatives
from autograder.gradable import demand_released
from autograder.notebook import (
    UnreadableNotebook,
    grade_id,
    is_solution,
    merge,
    read_released,
    read_script,
    read_submission,
)
from autograder.records import write_atomically
from autograder.submissions import find_submissions

RUN = 12
"""Tokens of a fingerprint: shorter runs are alike by chance, longer ones miss what was changed."""
LEAST = 50
"""Tokens that a pair has to share, counted by their weights, to be worth a look."""
THRESHOLD = 0.4
"""Share of the smaller submission's own code from which on a pair is worth a look."""
MOST = 500
"""Pairs that are told at most: nobody looks at more."""
_UNSEEN = 8
"""Students imagined besides the class: of three students, three with the same are not "everybody"."""


@dataclass(frozen=True)
class Pair:
    """Two submissions and how much of the code of their own they share.

    Attributes:
        a, b: students, in alphabetical order.
        score: share of the smaller one's code that is in the other one too, from 0 to 1.
        tokens: how many tokens that are, by their weights.
    """

    a: str
    b: str
    score: float
    tokens: float


@dataclass(frozen=True)
class Cell:
    """A cell that a student wrote; ``name`` is its grade id, empty for one of the student's own."""

    name: str
    source: str


@dataclass(frozen=True)
class _Token:
    """A token that counts: as which letter, and where it stands in the cell's text."""

    letter: str
    start: int
    end: int


# -- tokens -------------------------------------------------------------------------------------

_SKIPPED = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}
_MAGIC = re.compile(r"^[ \t]*[%!?].*$", re.M)
_WORD = re.compile(r"(?P<name>[^\W\d]\w*)|(?P<number>\d[\w.]*)|(?P<string>\"[^\"\n]*\"|'[^'\n]*')|[^\s\w]")
_FAMILIAR = frozenset({*dir(builtins), *keyword.kwlist, "np", "numpy", "plt", "math"})
_NAME, _STRING = "<name>", "<string>"


class _Alphabet:
    """A letter for each kind of token: fingerprints are made of text."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}

    def letter(self, kind: str) -> str:
        if kind not in self._letters:
            self._letters[kind] = chr(0x4E00 + len(self._letters) % 0x5000)
        return self._letters[kind]


def _tokens(source: str, familiar: frozenset[str], alphabet: _Alphabet) -> list[_Token]:
    """The tokens that count, in order.

    Args:
        source: of a cell.
        familiar: names that every student has to use; all others count as the same name.
        alphabet: shared by all that are compared.
    """
    source = _MAGIC.sub(lambda line: " " * len(line[0]), source)
    try:
        found = list(_python_tokens(source))
    except (tokenize.TokenError, SyntaxError, ValueError):
        found = list(_words(source))
    dropped = _beside_the_point(source)
    tokens = []
    before = ""
    for kind, text, start, end in found:
        if any(first <= start < last for first, last in dropped):
            continue
        if kind == "name" and before != "." and text not in familiar:
            text = _NAME
        elif kind == "string":
            text = _STRING
        tokens.append(_Token(alphabet.letter(text), start, end))
        before = text
    return tokens


def _python_tokens(source: str) -> Iterator[tuple[str, str, int, int]]:
    lines = [0]
    for line in source.splitlines(keepends=True):
        lines.append(lines[-1] + len(line))
    kinds = {tokenize.NAME: "name", tokenize.STRING: "string"}
    for found in tokenize.generate_tokens(io.StringIO(source).readline):
        if found.type in _SKIPPED:
            continue
        start = lines[found.start[0] - 1] + found.start[1]
        end = lines[found.end[0] - 1] + found.end[1]
        middle = token.tok_name.get(found.type, "")
        kind = "string" if middle.startswith("FSTRING") else kinds.get(found.type, "")
        yield kind, found.string, start, end


def _words(source: str) -> Iterator[tuple[str, str, int, int]]:
    """Tokens of a cell that is no Python."""
    source = re.sub(r"#.*$", lambda line: " " * len(line[0]), source, flags=re.M)
    for found in _WORD.finditer(source):
        yield found.lastgroup or "", found[0], found.start(), found.end()


def _beside_the_point(source: str) -> list[tuple[int, int]]:
    """Where docstrings and annotations stand."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    encoded = source.encode()
    starts = [0]
    for line in encoded.split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)

    def offset(line: int, column: int) -> int:
        return len(encoded[: starts[line - 1] + column].decode(errors="replace"))

    found: list[tuple[str, ast.expr]] = []  # what comes before it and goes with it, and the expression
    for inner in ast.walk(tree):
        if isinstance(inner, ast.arg | ast.AnnAssign) and inner.annotation is not None:
            found.append((":", inner.annotation))
        elif isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and inner.returns is not None:
            found.append(("->", inner.returns))
        elif (
            isinstance(inner, ast.Expr)
            and isinstance(inner.value, ast.Constant)
            and isinstance(inner.value.value, str)
        ):
            found.append(("", inner.value))
    parts = []
    for mark, expression in found:
        start = offset(expression.lineno, expression.col_offset)
        end = offset(expression.end_lineno or expression.lineno, expression.end_col_offset or 0)
        parts.append((source.rfind(mark, 0, start) if mark else start, end))
    return parts


# -- fingerprints -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Document:
    """A submission's own code with its fingerprints.

    Attributes:
        cells: what the student wrote.
        tokens: of each cell.
        prints: for each cell, fingerprint to the places where it starts, counted in tokens.
    """

    cells: tuple[Cell, ...]
    tokens: tuple[tuple[_Token, ...], ...]
    prints: tuple[Mapping[int, Sequence[int]], ...]

    @property
    def all(self) -> set[int]:
        """The fingerprints of all cells."""
        return set().union(*self.prints)


def _document(cells: Sequence[Cell], familiar: frozenset[str], alphabet: _Alphabet) -> Document:
    tokens = [tuple(_tokens(cell.source, familiar, alphabet)) for cell in cells]
    prints: list[Mapping[int, Sequence[int]]] = []
    for cell, found in zip(cells, tokens, strict=True):
        text = "".join(each.letter for each in found)
        if len(text) < RUN:
            prints.append({})
            continue
        # A window of 1 keeps every run: which ones are kept otherwise changes with Python's hash seed.
        made = CodeFingerprint(cell.name, RUN, 1, filter=False, fp=io.StringIO(text))
        prints.append({int(h): [int(p) for p in places] for h, places in made.hash_idx.items()})
    return Document(tuple(cells), tuple(tokens), tuple(prints))


def written_by(submitted: NotebookNode, released: NotebookNode) -> tuple[Cell, ...]:
    """What a student wrote: the solution cells, and code cells of the student's own."""
    given = {grade_id(cell) for cell in released.cells if grade_id(cell) and not is_solution(cell)}
    sources = {cell.source for cell in released.cells}
    return tuple(
        Cell(grade_id(cell), cell.source)
        for cell in submitted.cells
        if cell.cell_type == "code" and grade_id(cell) not in given and cell.source not in sources
    )


@dataclass(frozen=True)
class Weights:
    """How much each fingerprint of a class tells; those that tell nothing are not in it."""

    of: Mapping[int, float]

    def total(self, prints: Iterable[int]) -> float:
        """What fingerprints tell together."""
        return sum(self.of.get(h, 0.0) for h in prints)


def _weigh(documents: Iterable[Document], worthless: set[int]) -> Weights:
    """1 for what at most two students have, less for what more of them have, 0 for what is worthless."""
    counts: Counter[int] = Counter()
    size = _UNSEEN
    for document in documents:
        counts.update(document.all)
        size += 1
    most = math.log(size / 2)
    weights = {h: math.log(size / max(n, 2)) / most for h, n in counts.items() if h not in worthless}
    return Weights(weights)


def _worthless(
    released: Sequence[Cell], known: Sequence[Sequence[Cell]], familiar: frozenset[str], alphabet: _Alphabet
) -> set[int]:
    """Fingerprints of the release, and those that two correct implementations have in common."""
    counts: Counter[int] = Counter()
    for cells in known:
        counts.update(_document(cells, familiar, alphabet).all)
    common = {h for h, n in counts.items() if n >= 2}
    return common | _document(released, familiar, alphabet).all


@dataclass(frozen=True)
class ClassCode:
    """A class's own code, ready to be compared.

    Attributes:
        documents: by student.
        weights: of the fingerprints.
    """

    documents: Mapping[str, Document]
    weights: Weights

    def pairs(self, threshold: float = THRESHOLD, least: float = LEAST) -> list[Pair]:
        """Pairs of students, the most alike first.

        Args:
            threshold: least share of the smaller submission's code.
            least: least number of tokens, by their weights.
        """
        names = sorted(self.documents)
        index: dict[int, int] = {}
        rows, columns, values = [], [], []
        for row, name in enumerate(names):
            for h in self.documents[name].all:
                weight = self.weights.of.get(h, 0.0)
                if weight > 0:
                    rows.append(row)
                    columns.append(index.setdefault(h, len(index)))
                    values.append(math.sqrt(weight))
        if not index:
            return []
        matrix = sparse.csr_matrix((values, (rows, columns)), shape=(len(names), len(index)))
        shared = sparse.triu(matrix @ matrix.T, format="coo")
        own = np.zeros(len(names))
        diagonal = shared.row == shared.col
        own[shared.row[diagonal]] = shared.data[diagonal]
        found = []
        for i, j, tokens in zip(shared.row, shared.col, shared.data, strict=True):
            if i != j and tokens >= least and tokens >= threshold * (smaller := min(own[i], own[j])):
                score = round(min(1.0, float(tokens / smaller)), 4)
                found.append(Pair(names[i], names[j], score, round(float(tokens), 1)))
        return sorted(found, key=lambda pair: (-pair.score, -pair.tokens, pair.a, pair.b))


def compare_class(
    submissions: Mapping[str, Sequence[Cell]],
    released: Sequence[Cell] = (),
    known: Sequence[Sequence[Cell]] = (),
    familiar: Iterable[str] = (),
) -> ClassCode:
    """A class's code with its fingerprints and their weights.

    Args:
        submissions: what each student wrote.
        released: solution cells as students got them.
        known: correct implementations of ours, each a list of cells.
        familiar: names that the assignment gives.
    """
    alphabet, names = _Alphabet(), _FAMILIAR | frozenset(familiar)
    documents = {student: _document(cells, names, alphabet) for student, cells in submissions.items()}
    worthless = _worthless(released, known, names, alphabet)
    return ClassCode(documents, _weigh(documents.values(), worthless))


# -- a week -------------------------------------------------------------------------------------


def similarity(root: Path, week: str, *, threshold: float = THRESHOLD, least: float = LEAST) -> list[Pair]:
    """Pairs of submissions of a week that are worth a look, the most alike first.

    Writes ``exports/similarity-<week>.json`` and a page for each pair below ``report/similarity/``. A pair
    is a reason to look, never a proof.

    Args:
        root: the course's folder.
        week: the assignment.
        threshold: least share of the smaller submission's own code that is in the other one.
        least: least number of tokens that both have, counted by their weights.

    Raises:
        CourseError, GradeError: with one sentence for a person.
    """
    course, paths = load_course(root), Paths(root)
    course.assignment(week)
    demand_released(paths, week)
    code = read_class(paths, week)
    pairs = code.pairs(threshold, least)[:MOST]
    pages = {pair: page_path(paths, week, pair) for pair in pairs}
    folder = paths.root / "report" / "similarity" / week
    for old in folder.glob("*.html") if folder.is_dir() else ():
        if old not in pages.values():
            old.unlink()
    for pair, path in pages.items():
        write_atomically(path, pair_page(code, pair, week).encode("utf-8", "replace"))
    listed = [
        {"a": p.a, "b": p.b, "score": p.score, "page": pages[p].relative_to(paths.root).as_posix()}
        for p in pairs
    ]
    content = json.dumps(listed, ensure_ascii=False, indent=1) + "\n"
    write_atomically(paths.exports / f"similarity-{week}.json", content.encode("utf-8", "replace"))
    return pairs


def read_class(paths: Paths, week: str) -> ClassCode:
    """The class's code from ``submitted/``; submissions that cannot be read are left out."""
    released = read_released(paths.released(week))
    submissions = {}
    for submission in find_submissions(paths, week):
        try:
            notebook = merge(read_submission(submission.raw or b""), released).notebook
        except UnreadableNotebook:
            continue
        submissions[submission.student] = written_by(notebook, released)
    stub = [Cell(grade_id(cell), cell.source) for cell in released.cells if is_solution(cell)]
    given = [
        Cell(grade_id(cell), cell.source)
        for cell in released.cells
        if cell.cell_type == "code" and not is_solution(cell)
    ]
    known = [[Cell(a.id, a.source)] for a in load_alternatives(paths.suite(week))]
    if paths.solution(week).is_file():
        script = read_script(paths.solution(week).read_text(encoding="utf-8"))
        known.append([Cell(grade_id(cell), cell.source) for cell in script.cells if is_solution(cell)])
    return compare_class(submissions, [*stub, *given], known, _defined(stub))


def _defined(cells: Iterable[Cell]) -> set[str]:
    """Names that the assignment asks for."""
    found: set[str] = set()
    for cell in cells:
        found |= set(re.findall(r"^(?:async )?(?:def|class) +(\w+)", cell.source, re.M))
        found |= set(re.findall(r"^(\w+) *(?::[^=\n]+)?=(?!=)", cell.source, re.M))
    return found


def page_path(paths: Paths, week: str, pair: Pair) -> Path:
    """Where a pair's page is."""
    name = f"{pair.a}~{pair.b}"
    if len(name.encode("utf-8", "replace")) > 200:  # a file's name has an end
        name = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:32]
    return paths.root / "report" / "similarity" / week / f"{name}.html"


# -- a page for each pair -----------------------------------------------------------------------


def shared_parts(code: ClassCode, student: str, other: str) -> list[list[tuple[int, int]]]:
    """For each of a student's cells, the parts of its text whose fingerprints another one has too.

    Parts that tell nothing, because everybody has them, are left out.
    """
    document, theirs = code.documents[student], code.documents[other].all
    parts = []
    for tokens, prints in zip(document.tokens, document.prints, strict=True):
        places = [
            place
            for h, found in prints.items()
            if h in theirs and code.weights.of.get(h, 0.0) > 0.05
            for place in found
        ]
        starts, ends = get_copied_slices(np.array(places, dtype=int), RUN)
        parts.append(
            [(tokens[int(s)].start, tokens[int(e) - 1].end) for s, e in zip(starts, ends, strict=True)]
        )
    return parts


def pair_page(code: ClassCode, pair: Pair, week: str) -> str:
    """Both submissions side by side, what they share marked: one HTML page without scripts."""
    from jinja2 import Environment

    columns = []
    for student, other in ((pair.a, pair.b), (pair.b, pair.a)):
        cells = []
        parts = shared_parts(code, student, other)
        for cell, found in zip(code.documents[student].cells, parts, strict=True):
            pieces, position = [], 0
            for start, end in found:
                pieces += [(False, cell.source[position:start]), (True, cell.source[start:end])]
                position = max(position, end)
            pieces.append((False, cell.source[position:]))
            cells.append(
                (cell.name or "a cell of the student's own", [p for p in pieces if p[1]], bool(found))
            )
        columns.append((student, cells))
    page = Environment(autoescape=True).from_string(_PAGE.replace("/* style */", _STYLE))
    return page.render(week=week, pair=pair, columns=columns)


_STYLE = """
:root { color-scheme: light dark; --mark: #ffe08a; --line: #ccc; --quiet: #666; }
@media (prefers-color-scheme: dark) { :root { --mark: #6b5200; --line: #444; --quiet: #aaa; } }
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem; }
main { display: grid; grid-template-columns: 1fr 1fr; gap: 1.5rem; }
@media (max-width: 50rem) { main { grid-template-columns: 1fr; } }
section { min-width: 0; }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
pre { font: 13px/1.4 ui-monospace, monospace; overflow-x: auto; border: 1px solid var(--line); padding: .6rem;
  margin: 0; tab-size: 4; }
mark { background: var(--mark); color: inherit; text-decoration: underline dotted; }
.quiet { color: var(--quiet); font-weight: normal; }
"""
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{ week }}: {{ pair.a }} and {{ pair.b }}</title>
<style>/* style */</style>
</head>
<body>
<h1>{{ week }}: {{ pair.a }} and {{ pair.b }}</h1>
<p>{{ "%.0f"|format(100 * pair.score) }} % of the shorter one's own code stands in the other one too,
about {{ "%.0f"|format(pair.tokens) }} tokens. Names, comments and the order of functions do not count;
what the release gives, what correct solutions have in common, and what everybody wrote is not marked.
This is a reason to look, not a proof.</p>
<main>
{% for student, cells in columns %}
<section aria-labelledby="student-{{ loop.index }}">
<h2 id="student-{{ loop.index }}">{{ student }}</h2>
{% for name, pieces, shared in cells %}
<h3>{{ name }}{% if not shared %} <span class="quiet">(nothing shared)</span>{% endif %}</h3>
<pre>{% for marked, text in pieces %}{% if marked %}<mark>{{ text }}</mark>{% else %}{{ text }}{% endif %}\
{% endfor %}</pre>
{% endfor %}
</section>
{% endfor %}
</main>
</body>
</html>
"""
