"""Written answers that are the same, or nearly: read once, answered once.

Two answers are the same if they have the same words in the same order, whatever the letters' case, spaces
and marks between sentences. Nearly the same are two that share most of their words and of the pairs of words
next to each other: "a before b" is not "b before a". Each answer is compared with a bounded number of others
(locality-sensitive hashing), so that a class takes time in proportion to its size.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from autograder.examination import Examination

_MOST_CHARACTERS = 5000
"""Of an answer that are looked at."""
_ALIKE = 0.8
"""Share of words and pairs that are in both answers (Jaccard), from which on they are nearly the same."""
_BANDS, _ROWS = 8, 2
_PRIME = (1 << 61) - 1
_MARKS = str.maketrans(dict.fromkeys(".,;:!?\"'`“”‘’()。、", " "))
_FEWEST = 2


@dataclass(frozen=True)
class SameAnswer:
    """A written answer that several students gave.

    Attributes:
        cell: grade id of the answer's cell.
        students: who gave it.
        forms: the texts that count as the same, the most frequent first, one a wording.
    """

    cell: str
    students: tuple[str, ...]
    forms: tuple[str, ...]

    @property
    def name(self) -> str:
        """What the group is called."""
        return f"{self.cell}-{hashlib.sha256(' '.join(_words(self.forms[0])).encode()).hexdigest()[:6]}"


def same_answers(
    examinations: Iterable[tuple[str, Examination]], released: Mapping[str, str]
) -> list[SameAnswer]:
    """Groups of at least two students, the largest first; cells that nobody has touched are no answers.

    Args:
        examinations: of each student.
        released: what stands in each cell before anybody writes, by grade id.
    """
    by_cell: dict[str, dict[tuple[str, ...], list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
    for student, examination in examinations:
        manual = {score.grade_id for score in examination.scores if score.manual}
        for cell in examination.notebook:
            if cell.grade_id in manual:
                words = _words(cell.source)
                if words and words != _words(released.get(cell.grade_id, "")):
                    by_cell[cell.grade_id][words].append((student, cell.source))
    found = [
        SameAnswer(
            cell=cell,
            students=tuple(sorted(student for words in group for student, _ in answers[words])),
            forms=tuple(min((text for _, text in answers[words]), key=len) for words in group),
        )
        for cell, answers in by_cell.items()
        for group in _alike(Counter({words: len(given) for words, given in answers.items()}))
    ]
    several = [group for group in found if len(group.students) >= _FEWEST]
    return sorted(several, key=lambda group: (-len(group.students), group.cell, group.students))


def _words(text: str) -> tuple[str, ...]:
    plain = unicodedata.normalize("NFKC", text[:_MOST_CHARACTERS]).casefold()
    return tuple(plain.translate(_MARKS).split())


def _alike(answers: Counter[tuple[str, ...]]) -> list[list[tuple[str, ...]]]:
    """Answers that are nearly the same as the most frequent one of their group, which comes first."""
    groups: list[list[tuple[str, ...]]] = []
    index: dict[tuple[int, ...], int] = {}
    for words in sorted(answers, key=lambda words: (-answers[words], len(words), words)):
        own = _features(words)
        bands = list(_bands(own))
        near = {index[band] for band in bands if band in index}
        place = next((one for one in sorted(near) if _share(own, _features(groups[one][0])) >= _ALIKE), None)
        if place is not None:
            groups[place].append(words)
        else:
            for band in bands:
                index.setdefault(band, len(groups))
            groups.append([words])
    return groups


def _features(words: tuple[str, ...]) -> set[str]:
    return {*words, *map(" ".join, pairwise(words))}


def _share(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other)


def _bands(features: set[str]) -> Iterator[tuple[int, ...]]:
    """What two answers have in common in one place at least, nearly surely, if they share most."""
    hashes = [
        int.from_bytes(hashlib.blake2b(one.encode("utf-8", "replace"), digest_size=7).digest())
        for one in features
    ]
    for band in range(_BANDS):
        rows = range(_ROWS * band, _ROWS * (band + 1))
        yield (
            band,
            *(min((h * (2 * row + 1) * 0x9E3779B97F4A7C15 + row) % _PRIME for h in hashes) for row in rows),
        )
