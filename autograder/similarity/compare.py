"""Submissions that are more alike than chance: fingerprints of what students wrote themselves.

Code is read as tokens: names that a student chose, comments, annotations and layout do not count, so that
renaming and moving functions change nothing. ``copydetect`` makes fingerprints of runs of tokens. What the
release holds, and what several correct implementations of ours have in common, counts for nothing, since
it may be written in no other way; the rest counts the more, the fewer students of the class have it.
"""

from __future__ import annotations

import io
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from copydetect import CodeFingerprint
from nbformat import NotebookNode
from scipy import sparse

from autograder.notebooks.metadata import grade_id, is_solution
from autograder.similarity.tokens import FAMILIAR, LONGEST, UNSEEN, Alphabet, Cell, Token, tokens_of

RUN = 12
"""Tokens of a fingerprint: shorter runs are alike by chance, longer ones miss what was changed."""
LEAST = 50
"""Tokens that a pair has to share, counted by their weights, to be worth a look."""
THRESHOLD = 0.4
"""Share of the smaller submission's own code from which on a pair is worth a look."""
MOST = 500
"""Pairs that are told at most: nobody looks at more."""


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
    tokens: tuple[tuple[Token, ...], ...]
    prints: tuple[Mapping[int, Sequence[int]], ...]

    @property
    def all(self) -> set[int]:
        """The fingerprints of all cells."""
        return set().union(*self.prints)


def _document(cells: Sequence[Cell], familiar: frozenset[str], alphabet: Alphabet) -> Document:
    left, tokens = LONGEST, []
    for cell in cells:
        tokens.append(tuple(tokens_of(cell.source[:left], familiar, alphabet)))
        left -= min(left, len(cell.source))
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
    size = UNSEEN
    for document in documents:
        counts.update(document.all)
        size += 1
    most = math.log(size / 2)
    weights = {h: math.log(size / max(n, 2)) / most for h, n in counts.items() if h not in worthless}
    return Weights(weights)


def _worthless(
    released: Sequence[Cell], known: Sequence[Sequence[Cell]], familiar: frozenset[str], alphabet: Alphabet
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
    alphabet, names = Alphabet(), FAMILIAR | frozenset(familiar)
    documents = {student: _document(cells, names, alphabet) for student, cells in submissions.items()}
    worthless = _worthless(released, known, names, alphabet)
    return ClassCode(documents, _weigh(documents.values(), worthless))
