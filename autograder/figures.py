"""What a record keeps of arrays and training runs, as drawings with their words and numbers; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from autograder import pictures
from autograder.examination import ArrayPicture, TestOutcome, Verdict
from autograder.pictures import Panel
from autograder.wording import one_line

Say = Callable[..., str]
"""Words of a page by their key: :func:`autograder.wording.word` in one language."""

Parameters = Mapping[str, Sequence[str]]
"""Names of the parameters of each function that the assignment gives."""


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


def array_figure(test: TestOutcome, say: Say, parameters: Parameters, identity: str) -> FigureView | None:
    """Input, kernel, yours, expected and the difference of the two, on one scale."""
    difference, call = test.difference, test.call
    if difference is None:
        if test.verdict is not Verdict.FAILED or call is None or "result" not in call.arrays:
            return None
    elif difference.actual_array is None and difference.expected_array is None:
        return None
    arrays: list[tuple[str, ArrayPicture, tuple[int, ...]]] = []
    if call is not None:
        arguments = [(name, picture) for name, picture in call.arrays.items() if name != "result"]
        arrays += [(_argument(name, test, say, parameters), picture, ()) for name, picture in arguments[:3]]
    where = difference.where if difference is not None else ()
    actual = difference.actual_array if difference is not None else None
    if actual is None and difference is None and call is not None:
        actual = call.arrays.get("result")
    expected = difference.expected_array if difference is not None else None
    if actual is not None:
        arrays.append((say("yours"), actual, where))
    if expected is not None:
        arrays.append((say("wanted"), expected, where))
    if difference is not None and difference.kind == "value" and actual and expected:
        left = pictures.subtract(actual, expected)
        if left is not None:
            arrays.append((say("difference-label"), left, where))
    shown = [(label, picture, place) for label, picture, place in arrays if pictures.grid(picture)]
    if not shown:
        return None
    largest = pictures.bound([picture for _, picture, _ in shown])
    panels = tuple(
        _panel(label, picture, place, largest, say, f"{identity}-{number}")
        for number, (label, picture, place) in enumerate(shown)
    )
    legend = [say("one-scale")]
    if where:
        legend.insert(0, say("outlined"))
    if any(_has_gaps(picture) for _, picture, _ in shown):
        legend.append(say("not-finite"))
    return FigureView(panels, pictures.scale_svg(largest, say("scale"), f"{identity}-s"), " ".join(legend))


def _argument(name: str, test: TestOutcome, say: Say, parameters: Parameters) -> str:
    """How the assignment calls an argument."""
    if not name.isdecimal():
        return one_line(name, 60)
    names: Sequence[str] = ()
    if test.call is not None and test.call.arguments.startswith(f"{test.call.function}("):
        names = parameters.get(test.call.function, ())
    position = int(name)
    return names[position] if position < len(names) else f"{say('input')} {position + 1}"


def _has_gaps(picture: ArrayPicture) -> bool:
    table = pictures.grid(picture)
    return table is not None and any(value is None for row in table.rows for value in row)


def _panel(
    label: str,
    picture: ArrayPicture,
    place: tuple[int, ...],
    largest: float,
    say: Say,
    identity: str,
) -> PanelView:
    table = pictures.grid(picture, place)
    assert table is not None
    caption = say("shape", shape=str(picture.shape), dtype=one_line(picture.dtype, 40))
    if part := _part(picture, table):
        caption += "; " + say("part", part=part)
    words = [caption + "."]
    if values := table.values:
        low, high = pictures.short(min(values), 6), pictures.short(max(values), 6)
        words.append(say("describe-range", low=low, high=high) if any(values) else say("describe-same"))
    if table.mark:
        value = table.rows[table.mark[0]][table.mark[1]]
        words.append(say("describe-first", index=str(list(place)), value=pictures.short(value, 6)))
    panel = Panel(label, label, " ".join(words), picture, place)
    columns = tuple(range(table.first_column, table.first_column + table.width))
    rows = tuple(
        (
            "" if table.one_dimensional else table.first_row + r,
            tuple((pictures.short(value, 6), (r, c) == table.mark) for c, value in enumerate(row)),
        )
        for r, row in enumerate(table.rows)
    )
    return PanelView(label, caption, pictures.array_svg(panel, largest, identity), columns, rows)


def _part(picture: ArrayPicture, table: pictures.Grid) -> str:
    """Which part of the array is shown, as NumPy would index it; empty for the whole."""
    axes = pictures.plane(picture)
    lengths = (table.width,) if len(axes) == 1 else (len(table.rows), table.width)
    offset = picture.offset if len(picture.offset) == len(picture.shape) else (0,) * len(picture.shape)
    words, whole = [], True
    for axis, size in enumerate(picture.shape):
        if axis in axes:
            length = lengths[axes.index(axis)]
            whole = whole and length == size
            words.append(":" if length == size else f"{offset[axis]}:{offset[axis] + length}")
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
    matrix = found.get("confusion")
    if isinstance(matrix, list | tuple) and 0 < len(matrix) <= 20:
        rows = [list(row) for row in matrix if isinstance(row, list | tuple) and len(row) == len(matrix)]
        if len(rows) == len(matrix) and all(isinstance(n, int) and n >= 0 for row in rows for n in row):
            title = say("confusion-title")
            words = (say("actual"), say("guessed"))
            right, count = sum(rows[i][i] for i in range(len(rows))), sum(map(sum, rows))
            yield DrawingView(
                title,
                pictures.confusion_svg(rows, title, f"{right} / {count}", words, "confusion"),
                head=(f"{words[0]} \\ {words[1]}", *(str(digit) for digit in range(len(rows)))),
                rows=tuple((str(digit), *map(str, row)) for digit, row in enumerate(rows)),
            )
    missed = found.get("missed")
    if isinstance(missed, list | tuple) and missed:
        digits = tuple(_missed(missed, say))[:30]
        if digits:
            more = say("missed-more", count=len(digits)) if len(digits) < len(missed) else ""
            yield DrawingView(f"{say('missed-title')} ({len(missed)})", digits=digits, note=more)


def _curves(history: Mapping[str, Any], say: Say) -> Iterator[DrawingView]:
    for names, key in (
        (("loss", "val_loss"), "loss-title"),
        (("accuracy", "val_accuracy"), "accuracy-title"),
    ):
        series = pictures.history_series(history, names)
        if not series:
            continue
        description = "; ".join(
            f"{one.name}: {pictures.short(one.values[0])} → {pictures.short(one.values[-1])}"
            for one in series
        )
        epochs = max(len(one.values) for one in series)
        yield DrawingView(
            say(key),
            pictures.lines_svg(
                series, say(key), description, say("epoch"), f"curve-{names[0]}", unit=key == "accuracy-title"
            ),
            head=(say("epoch"), *(one.name for one in series)),
            rows=tuple(
                (
                    str(epoch + 1),
                    *(pictures.short(o.values[epoch], 4) if epoch < len(o.values) else "" for o in series),
                )
                for epoch in range(epochs)
            ),
        )


def _missed(missed: Sequence[Any], say: Say) -> Iterator[DigitView]:
    for place, one in enumerate(missed):
        image, label, guess = (
            (one.get("image"), one.get("label"), one.get("guess"))
            if isinstance(one, Mapping)
            else (None,) * 3
        )
        if not isinstance(label, int) or not isinstance(guess, int) or not isinstance(image, list | tuple):
            continue
        if all(isinstance(row, list | tuple) and all(isinstance(p, int) for p in row) for row in image):
            text = say("missed-one", label=label, guess=guess)
            yield DigitView(pictures.digit_svg(image, text, f"missed-{place}"), text)
