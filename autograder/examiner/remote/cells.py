"""A notebook's cells as a candidate gets them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.patterns import has_word


@dataclass(frozen=True)
class CellSource:
    """A code cell to run.

    Attributes:
        index: position in the merged notebook.
        grade_id: nbgrader's id.
        source: the text.
        skip: not to be run.
        defines: whether tests may need what it defines; such a cell has its time whatever others used.
        essential: whether it defines functions or classes, or imports: such a cell runs even when others
            ended the process again and again.
    """

    index: int
    grade_id: str
    source: str
    skip: bool = False
    defines: bool = False
    essential: bool = False


def libraries(cells: Sequence[CellSource]) -> tuple[str, ...]:
    """Libraries beyond the usual ones that a notebook mentions: what is warm costs it nothing."""
    text = "\n".join(cell.source for cell in cells)
    for datasets in ("tensorflow.keras.datasets", "tf.keras.datasets", "keras.datasets"):
        text = text.replace(datasets, "")  # the data alone need no warm TensorFlow
    found = {word for word in ("scipy", "tensorflow", "keras") if has_word(text, word)}
    if "keras" in found:
        found = found - {"keras"} | {"tensorflow"}
    return tuple(sorted(found))
