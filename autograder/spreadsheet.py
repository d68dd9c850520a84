"""Tables of spreadsheets: read as they come, written so that nothing is taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from autograder.encodings import decoded

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


# -- reading tables -----------------------------------------------------------------------------


def read_table(raw: bytes, encoding: str | None = None) -> list[tuple[int, list[str]]]:
    """Rows of a CSV file that are not empty, each with its line's number, the headings first.

    Commas, semicolons and tabs separate, whichever the headings have most of, or what ``sep=`` in front of
    them says. The encoding is found out (see :func:`autograder.encodings.decoded`).

    Args:
        raw: the file.
        encoding: to be taken instead.

    Raises:
        ValueError: it is not such a file; the text says why.
    """
    try:
        text, _ = decoded(raw, encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"its text is not {error.encoding}") from None
    skipped = 0
    delimiter = ""
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:
        delimiter, text, skipped = first.strip()[4], rest, 1
    heading = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = delimiter or max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return [
            (reader.line_num + skipped, [unguarded(cell) for cell in row])
            for row in reader
            if any(cell.strip() for cell in row)
        ]
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num + skipped}: {error}") from None


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
