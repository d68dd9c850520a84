"""Tables for spreadsheets: CSV in which nothing is taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


# -- writing tables -----------------------------------------------------------------------------

_FORMULA = tuple("=+-@＝＋－＠")


def guarded(text: str) -> str:
    """The text so that no spreadsheet takes it for a formula: one that could be gets an apostrophe."""
    return f"'{text}" if _is_formula(text) else text


def unguarded(text: str) -> str:
    """What :func:`guarded` was given."""
    return text[1:] if text.startswith("'") and _is_formula(text[1:]) else text


def _is_formula(text: str) -> bool:
    return text.lstrip().startswith(_FORMULA) or text.startswith(("\t", "\r", "\n"))


Cell = str | float | None


def table(rows: Iterable[Sequence[Cell]]) -> str:
    """Rows as CSV: numbers as they are, at most two decimals; text in quotes and guarded; None is empty.

    The first row's cells are headings: they are quoted only where they have to be, since readers that meet
    a byte order mark before a quote stumble.
    """
    out = io.StringIO()
    headings, *body = rows
    csv.writer(out, lineterminator="\r\n").writerow([guarded(str(cell)) for cell in headings])
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    for row in body:
        writer.writerow([_cell(cell) for cell in row])
    return out.getvalue()


def _cell(cell: Cell) -> str | float | int:
    if cell is None:
        return ""
    if isinstance(cell, str):
        # A file has no use for NUL, and other programs end their text at it.
        return guarded(cell.replace("\0", ""))
    number = round(float(cell), 2)
    return int(number) if number.is_integer() else number
