"""What a record keeps of arrays and training runs, as drawings with their words and numbers; pure."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from autograder.examination import ArrayPicture, TestOutcome, Verdict
from autograder.pages import svg
from autograder.pages.svg import Panel
from autograder.wording.text import one_line

Say = Callable[..., str]
"""Words of a page by their key: :func:`autograder.wording.words.word` in one language."""

Parameters = Mapping[str, Sequence[str]]
"""Names of the parameters of each function that the assignment gives."""

_ROWS = 100
"""Epochs that a table tells of."""
_DIGITS = 30
"""Missed digits that are drawn."""
_PIXELS = 64
"""Rows and columns of an image that is drawn."""


@dataclass(frozen=True)
class PanelView:
    """One array: its drawing, and its numbers as a table.

    Attributes:
        rows: name of the row, then each value with whether it is the outlined one.
    """

    label: str
    caption: str
    svg: Markup
    columns: tuple[int, ...]
    rows: tuple[tuple[object, tuple[tuple[str, bool], ...]], ...]


@dataclass(frozen=True)
class FigureView:
    """Arrays on one colour scale."""

    panels: tuple[PanelView, ...]
    scale: Markup
    legend: str


@dataclass(frozen=True)
class DigitView:
    """A digit that was missed."""

    svg: Markup
    text: str


@dataclass(frozen=True)
class DrawingView:
    """A picture of the training run."""

    title: str
    svg: Markup = Markup()  # noqa: RUF009  immutable
    digits: tuple[DigitView, ...] = ()
    note: str = ""
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


# Pictures of arrays


_Placed = tuple[str, ArrayPicture, tuple[int, ...]]
"""A picture with its label, and the place to outline in it."""


def array_figure(test: TestOutcome, say: Say, parameters: Parameters, identity: str) -> FigureView | None:
    """Input, kernel, yours, expected and the difference of the two, on one scale."""
    results = _results(test, say)
    if not results:
        return None
    arrays = [*_arguments(test, say, parameters), *results]
    shown = [(label, picture, place) for label, picture, place in arrays if svg.grid(picture)]
    if not shown:
        return None
    largest = svg.bound([picture for _, picture, _ in shown])
    panels = tuple(
        _panel(label, picture, place, largest, say, f"{identity}-{number}")
        for number, (label, picture, place) in enumerate(shown)
    )
    legend = [say("one-scale")]
    if any(place for _, _, place in arrays):
        legend.insert(0, say("outlined"))
    if any(_has_gaps(picture) for _, picture, _ in shown):
        legend.append(say("not-finite"))
    return FigureView(panels, svg.scale_svg(largest, say("scale"), f"{identity}-s"), " ".join(legend))


def _arguments(test: TestOutcome, say: Say, parameters: Parameters) -> list[_Placed]:
    """The first arrays that the function was given."""
    if test.call is None:
        return []
    pictures = [(name, picture) for name, picture in test.call.arrays.items() if name != "result"]
    return [(_argument(name, test, say, parameters), picture, ()) for name, picture in pictures[:3]]


def _results(test: TestOutcome, say: Say) -> list[_Placed]:
    """What came back, what was expected, and their difference, as far as they are arrays."""
    difference = test.difference
    if difference is None:
        given = test.call.arrays.get("result") if test.call is not None else None
        return [(say("yours"), given, ())] if given is not None and test.verdict is Verdict.FAILED else []
    actual, expected, where = difference.actual_array, difference.expected_array, difference.where
    found = [(say("yours"), actual, where), (say("wanted"), expected, where)]
    if difference.kind == "value" and actual and expected:
        found.append((say("difference-label"), svg.subtract(actual, expected), where))
    return [(label, picture, place) for label, picture, place in found if picture is not None]


def _argument(name: str, test: TestOutcome, say: Say, parameters: Parameters) -> str:
    """How the assignment calls an argument."""
    if not name.isdecimal() or len(name) > 3:
        return one_line(name, 60)
    names: Sequence[str] = ()
    if test.call is not None and test.call.arguments.startswith(f"{test.call.function}("):
        names = parameters.get(test.call.function, ())
    position = int(name)
    return names[position] if position < len(names) else f"{say('input')} {position + 1}"


def _has_gaps(picture: ArrayPicture) -> bool:
    table = svg.grid(picture)
    return table is not None and any(value is None for row in table.rows for value in row)


def _panel(
    label: str,
    picture: ArrayPicture,
    place: tuple[int, ...],
    largest: float,
    say: Say,
    identity: str,
) -> PanelView:
    table = svg.grid(picture, place)
    assert table is not None
    caption = say("shape", shape=_shape(picture), dtype=one_line(picture.dtype, 40))
    if part := _part(picture, table):
        caption += "; " + say("part", part=one_line(part, 100))
    words = [caption + "."]
    if values := table.values:
        low, high = svg.short(min(values), 6), svg.short(max(values), 6)
        words.append(say("describe-range", low=low, high=high) if any(values) else say("describe-same"))
    if table.mark:
        value = table.rows[table.mark[0]][table.mark[1]]
        words.append(say("describe-first", index=str(list(place)), value=svg.short(value, 6)))
    panel = Panel(label, label, " ".join(words), picture, place)
    columns = tuple(range(table.first_column, table.first_column + table.width))
    rows = tuple(
        (
            "" if table.one_dimensional else table.first_row + r,
            tuple((svg.short(value, 6), (r, c) == table.mark) for c, value in enumerate(row)),
        )
        for r, row in enumerate(table.rows)
    )
    return PanelView(label, caption, svg.array_svg(panel, largest, identity), columns, rows)


def _shape(picture: ArrayPicture) -> str:
    """The shape as NumPy writes it."""
    if any(abs(size) >= 10**15 for size in picture.shape):  # of no array
        return "…"
    return one_line(str(picture.shape), 100)


def _part(picture: ArrayPicture, table: svg.Grid) -> str:
    """Which part of the array is shown, as NumPy would index it; empty for the whole."""
    shown = ((table.first_row, len(table.rows)), (table.first_column, table.width))
    parts = dict(zip(reversed(svg.plane(picture)), reversed(shown), strict=False))
    offset = svg.offset(picture)
    words, whole = [], True
    for axis, size in enumerate(picture.shape):
        if axis in parts:
            start, length = parts[axis]
            whole = whole and length == size
            words.append(":" if length == size else f"{start}:{start + length}")
        else:
            whole = whole and size == 1
            words.append(str(offset[axis]))
    return "" if whole else f"[{', '.join(words)}]"


# Pictures of a training run


def training_drawings(found: Mapping[str, Any], say: Say, *, judged: bool) -> Iterator[DrawingView]:
    """Losses and accuracies by epoch, and what was misread of the judged images.

    Args:
        found: an examination's pictures: ``loss``, a history by name; ``confusion``, counts by actual digit
            and digit read; ``missed``, a list of ``{"image": rows of 0 to 255, "label": …, "guess": …}``.
            What is not of this form is passed over: a stranger's code had a part in it.
        say: words of the page.
        judged: whether anything of the judged images may be shown.
    """
    history = found.get("loss")
    if isinstance(history, Mapping):
        yield from _curves(history, say)
    if not judged:
        return
    matrix = _counts(found.get("confusion"))
    if matrix:
        title = say("confusion-title")
        words = (say("actual"), say("guessed"))
        right, count = sum(matrix[i][i] for i in range(len(matrix))), sum(map(sum, matrix))
        yield DrawingView(
            title,
            svg.confusion_svg(matrix, title, f"{right} / {count}", words, "confusion"),
            head=(f"{words[0]} \\ {words[1]}", *(str(digit) for digit in range(len(matrix)))),
            rows=tuple((str(digit), *map(str, row)) for digit, row in enumerate(matrix)),
        )
    missed = found.get("missed")
    if isinstance(missed, list | tuple) and missed:
        digits = tuple(itertools.islice(_missed(missed, say), _DIGITS))
        if digits:
            more = say("missed-more", count=len(digits)) if len(digits) < len(missed) else ""
            yield DrawingView(f"{say('missed-title')} ({len(missed)})", digits=digits, note=more)


def _counts(matrix: Any) -> list[list[int]]:
    """A square matrix of counts; empty if it is none."""
    if not isinstance(matrix, list | tuple) or not 0 < len(matrix) <= 20:
        return []
    if not all(isinstance(row, list | tuple) and len(row) == len(matrix) for row in matrix):
        return []
    if not all(_is_count(n) for row in matrix for n in row):
        return []
    return [list(row) for row in matrix]


def _is_count(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 10**9


def _curves(history: Mapping[str, Any], say: Say) -> Iterator[DrawingView]:
    for names, key in (
        (("loss", "val_loss"), "loss-title"),
        (("accuracy", "val_accuracy"), "accuracy-title"),
    ):
        series = svg.history_series(history, names)
        if not series:
            continue
        description = "; ".join(
            f"{one.name}: {svg.short(one.values[0])} → {svg.short(one.values[-1])}" for one in series
        )
        gaps = any(value is None for one in series for value in one.values)
        epochs = svg.thinned(max(len(one.values) for one in series), _ROWS)
        yield DrawingView(
            say(key),
            svg.lines_svg(
                series, say(key), description, say("epoch"), f"curve-{names[0]}", unit=key == "accuracy-title"
            ),
            note=say("not-finite") if gaps else "",
            head=(say("epoch"), *(one.name for one in series)),
            rows=tuple(
                (
                    str(epoch + 1),
                    *(svg.short(o.values[epoch], 4) if epoch < len(o.values) else "" for o in series),
                )
                for epoch in epochs
            ),
        )


def _missed(missed: Sequence[Any], say: Say) -> Iterator[DigitView]:
    for place, one in enumerate(missed):
        if not isinstance(one, Mapping):
            continue
        image, label, guess = _pixels(one.get("image")), one.get("label"), one.get("guess")
        if image and _is_count(label) and _is_count(guess):
            text = say("missed-one", label=label, guess=guess)
            yield DigitView(svg.digit_svg(image, text, f"missed-{place}"), text)


def _pixels(image: Any) -> list[list[int]]:
    """A small image as rows of whole numbers; empty if it is none."""
    if not isinstance(image, list | tuple) or not 0 < len(image) <= _PIXELS:
        return []
    if not all(isinstance(row, list | tuple) and 0 < len(row) <= _PIXELS for row in image):
        return []
    if not all(isinstance(pixel, int) for row in image for pixel in row):
        return []
    return [list(row) for row in image]
