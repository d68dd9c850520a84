"""Arrays, losses, confusions and digits as inline SVG: pure functions from records to markup.

Every drawing has a title and a description, and says nothing by colour alone: small arrays carry their
numbers, and what is wrong is outlined. Colours run from blue over white to orange, which people with any
kind of colour vision tell apart; they are the same on a light and on a dark page, on which a drawing
brings its own white. Labels take the page's text colour.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from autograder.examination import ArrayPicture

_BLUE, _WHITE, _ORANGE = (0x21, 0x66, 0xAC), (0xFB, 0xFB, 0xF9), (0xC2, 0x5A, 0x05)
_LEVELS = 24
"""Shades on either side of white: cells of one shade share one path."""
_NUMBERS_UP_TO = 10
"""Columns up to which a drawing shows its numbers; wider ones have them in the table only."""


@dataclass(frozen=True)
class Panel:
    """One array of a picture.

    Attributes:
        label: what it is, in the page's language.
        title, description: for those who do not see it.
        picture: the array.
        mark: index, in the whole array, of the value to outline; empty for none.
    """

    label: str
    title: str
    description: str
    picture: ArrayPicture
    mark: tuple[int, ...] = ()


@dataclass(frozen=True)
class Grid:
    """The part of an array that is kept, as rows of numbers.

    Attributes:
        rows: equally long lists of numbers, None for what is not finite.
        first_row, first_column: index of the first one in the whole array.
        one_dimensional: whether the array has one axis only.
        mark: row and column, in this part, of the value to outline.
    """

    rows: tuple[tuple[float | None, ...], ...]
    first_row: int = 0
    first_column: int = 0
    one_dimensional: bool = False
    mark: tuple[int, int] | None = None

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.rows[0])

    @property
    def values(self) -> list[float]:
        """All finite numbers."""
        return [value for row in self.rows for value in row if value is not None]


def plane(picture: ArrayPicture) -> tuple[int, ...]:
    """The axes that a picture of an array with this shape shows, as the examiner chose them."""
    axes = len(picture.shape)
    if axes <= 2:
        return tuple(range(axes))
    return (1, 2) if axes <= 4 else (axes - 2, axes - 1)


def grid(picture: ArrayPicture, mark: tuple[int, ...] = ()) -> Grid | None:
    """The picture's numbers; None if they are no table of numbers."""
    values = picture.values
    axes = plane(picture)
    offset = picture.offset if len(picture.offset) == len(picture.shape) else (0,) * len(picture.shape)
    rows = [[values]] if not axes else [values] if len(axes) == 1 else values
    if not isinstance(rows, list | tuple) or not rows:
        return None
    if not all(isinstance(row, list | tuple) and row and len(row) == len(rows[0]) for row in rows):
        return None
    table = tuple(tuple(_number(value) for value in row) for row in rows)
    start = (0, *offset[-1:])[-2:] if len(axes) < 2 else (offset[axes[0]], offset[axes[1]])
    first = (0, start[-1]) if len(axes) == 1 else start if len(axes) == 2 else (0, 0)
    place = None
    if len(mark) == len(picture.shape) and mark:
        here = [mark[axis] for axis in axes]
        row, column = ([0, *here] if len(axes) == 1 else here)[-2:] if axes else (0, 0)
        others = all(mark[a] == offset[a] for a in range(len(mark)) if a not in axes)
        row, column = row - first[0], column - first[1]
        if others and 0 <= row < len(table) and 0 <= column < len(table[0]):
            place = (row, column)
    return Grid(table, first[0], first[1], len(axes) < 2, place)


def _number(value: Any) -> float | None:
    if isinstance(value, bool | int | float):
        try:
            converted = float(value)
        except OverflowError:
            return None
        return converted if math.isfinite(converted) else None
    return None


def subtract(actual: ArrayPicture, expected: ArrayPicture) -> ArrayPicture | None:
    """What came back minus what was expected; None where that makes no sense."""
    if actual.shape != expected.shape or actual.offset != expected.offset:
        return None

    def minus(one: Any, other: Any) -> Any:
        if isinstance(one, list | tuple) and isinstance(other, list | tuple):
            return [minus(a, b) for a, b in zip(one, other, strict=True)]
        a, b = _number(one), _number(other)
        if a is None or b is None:
            return None
        # Of two numbers that are equal but for rounding, the difference is noise.
        return 0.0 if math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) else a - b

    try:
        values = minus(actual.values, expected.values)
    except ValueError:  # not the same nesting after all
        return None
    return ArrayPicture(shape=actual.shape, dtype="float64", values=values, offset=actual.offset)


def bound(pictures: Sequence[ArrayPicture]) -> float:
    """The largest absolute value of all: the end of their common colour scale."""
    tables = [table for picture in pictures if (table := grid(picture)) is not None]
    return max((abs(value) for table in tables for value in table.values), default=0.0) or 1.0


def short(value: float | None, digits: int = 3) -> str:
    """A number for a cell of a picture."""
    if value is None:
        return "✕"
    if value == int(value) and abs(value) < 10**5:
        return f"{int(value)}".replace("-", "−")
    return f"{value:.{digits}g}".replace("e+0", "e").replace("e-0", "e-").replace("-", "−")


def _shade(value: float | None, largest: float) -> int | None:
    """A level from -_LEVELS to _LEVELS; square roots, so that small values are seen beside large ones."""
    if value is None:
        return None
    return round(math.copysign(math.sqrt(min(abs(value) / largest, 1.0)), value) * _LEVELS)


def _colour(level: int) -> tuple[int, int, int]:
    share = abs(level) / _LEVELS
    end = _BLUE if level < 0 else _ORANGE
    red, green, blue = (round(w + (e - w) * share) for w, e in zip(_WHITE, end, strict=True))
    return red, green, blue


def _hex(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _luminance(colour: tuple[int, int, int]) -> float:
    """Relative luminance as WCAG defines it."""
    parts = [c / 255 for c in colour]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ink(colour: tuple[int, int, int]) -> str:
    """Black or white, whichever is read better on the colour (at least 4.58 : 1 on any)."""
    light = _luminance(colour)
    return "#fff" if 1.05 / (light + 0.05) > (light + 0.05) / 0.05 else "#000"


def _open(identity: str, title: str, description: str, width: float, height: float, kind: str) -> str:
    """The beginning of a drawing with its alternatives in words."""
    return (
        f'<svg class="{kind}" role="img" aria-labelledby="{identity}-t" aria-describedby="{identity}-d" '
        f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}">'
        f'<title id="{identity}-t">{escape(title)}</title>'
        f'<desc id="{identity}-d">{escape(description)}</desc>'
    )


def array_svg(panel: Panel, largest: float, identity: str) -> Markup:
    """An array as coloured cells.

    Args:
        panel: what to draw.
        largest: the end of the colour scale.
        identity: unique in the page.
    """
    table = grid(panel.picture, panel.mark)
    if table is None:
        return Markup()
    numbers = table.width <= _NUMBERS_UP_TO
    across, down = (44, 28) if numbers else (18, 18)
    left, top = 26, 18
    width, height = left + across * table.width + 3, top + down * len(table.rows) + 3
    parts = [_open(identity, panel.title, panel.description, width, height, "array")]
    parts += _axes(table, left, top, across, down)
    parts += _cells(table, largest, left, top, across, down)
    if numbers:
        parts += _figures(table, largest, left, top, across, down)
    else:
        parts += _crosses(table, left, top, across, down)
    right, bottom = left + across * table.width, top + down * len(table.rows)
    parts.append(
        f'<rect x="{left}" y="{top}" width="{right - left}" height="{bottom - top}" fill="none" '
        f'stroke="currentColor" stroke-width="1"/>'
    )
    if table.mark:
        x, y = left + across * table.mark[1], top + down * table.mark[0]
        box = f'x="{x}" y="{y}" width="{across}" height="{down}" fill="none" rx="2"'
        parts.append(f'<rect {box} stroke="#fff" stroke-width="6"/>')
        parts.append(f'<rect {box} stroke="#000" stroke-width="3"/>')
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704  every text in it is escaped, all else is numbers


def _axes(table: Grid, left: int, top: int, across: int, down: int) -> Iterator[str]:
    """Indices along the edges; not each of them where the cells are small."""
    step = 1 if across > 20 else 5
    yield '<g class="axis" fill="currentColor" font-size="10" aria-hidden="true">'
    for column in range(table.width):
        if (index := table.first_column + column) % step == 0:
            x = left + across * (column + 0.5)
            yield f'<text x="{x:g}" y="{top - 5}" text-anchor="middle">{index}</text>'
    if not table.one_dimensional:
        for row in range(len(table.rows)):
            if (index := table.first_row + row) % step == 0:
                y = top + down * (row + 0.5) + 3.5
                yield f'<text x="{left - 5}" y="{y:g}" text-anchor="end">{index}</text>'
    yield "</g>"


def _cells(table: Grid, largest: float, left: int, top: int, across: int, down: int) -> Iterator[str]:
    """All cells of one shade as one path."""
    paths: dict[int | None, list[str]] = {}
    for r, row in enumerate(table.rows):
        for c, value in enumerate(row):
            paths.setdefault(_shade(value, largest), []).append(
                f"M{left + across * c} {top + down * r}h{across}v{down}h-{across}z"
            )
    for level, path in sorted(paths.items(), key=lambda item: (item[0] is None, item[0] or 0)):
        fill = "#d7d7d2" if level is None else _hex(_colour(level))
        yield f'<path d="{"".join(path)}" fill="{fill}" stroke="#8886" stroke-width=".5"/>'


def _figures(table: Grid, largest: float, left: int, top: int, across: int, down: int) -> Iterator[str]:
    """The number in each cell."""
    yield '<g font-size="12" text-anchor="middle" aria-hidden="true">'
    for r, row in enumerate(table.rows):
        for c, value in enumerate(row):
            level = _shade(value, largest)
            fill = "#000" if level is None else ink(_colour(level))
            x, y = left + across * (c + 0.5), top + down * (r + 0.5) + 4
            text = short(value)
            small = ' font-size="10"' if len(text) > 4 else ""
            yield f'<text x="{x:g}" y="{y:g}" fill="{fill}"{small}>{text}</text>'
    yield "</g>"


def _crosses(table: Grid, left: int, top: int, across: int, down: int) -> Iterator[str]:
    """A cross in each cell that holds no finite number."""
    for r, row in enumerate(table.rows):
        for c, value in enumerate(row):
            if value is None:
                x, y = left + across * c + 4, top + down * r + 4
                yield (
                    f'<path d="M{x} {y}l{across - 8} {down - 8}m0 -{down - 8}l-{across - 8} {down - 8}" '
                    'stroke="#000" stroke-width="1.5" fill="none"/>'
                )


def scale_svg(largest: float, title: str, identity: str) -> Markup:
    """The colour scale, with five of its values."""
    width, height, bar, left = 300, 34, 14, 22
    long = width - 2 * left
    ticks = [(-1.0, -largest), (-0.5, -largest / 4), (0.0, 0.0), (0.5, largest / 4), (1.0, largest)]
    description = f"{short(-largest)} … 0 … {short(largest)}"
    parts = [_open(identity, title, description, width, height, "scale")]
    step = long / (2 * _LEVELS + 1)
    for number, level in enumerate(range(-_LEVELS, _LEVELS + 1)):
        x = left + number * step
        parts.append(
            f'<path d="M{x:.2f} 0h{step + 0.3:.2f}v{bar}h-{step + 0.3:.2f}z" fill="{_hex(_colour(level))}"/>'
        )
    parts.append(
        f'<rect x="{left}" y=".5" width="{long}" height="{bar}" fill="none" stroke="currentColor" '
        f'stroke-width=".7"/><g fill="currentColor" font-size="10.5" text-anchor="middle" aria-hidden="true">'
    )
    for position, value in ticks:
        x = left + long * (position + 1) / 2
        parts.append(f'<text x="{x:g}" y="{height - 5}">{short(value)}</text>')
    parts.append("</g></svg>")
    return Markup("".join(parts))  # noqa: S704


# Training


@dataclass(frozen=True)
class Series:
    """A line of a chart: its name, and one value an epoch."""

    name: str
    values: tuple[float, ...]


_DASHES = ("", "7 4", "2 3", "9 3 2 3")


def lines_svg(
    series: Sequence[Series], title: str, description: str, axis: str, identity: str, *, unit: bool = False
) -> Markup:
    """Values by epoch; lines differ in colour, in their dashes and by the name at their end.

    Args:
        series: at least one, with at least one finite value each.
        title, description: for those who do not see it.
        axis: name of the horizontal axis.
        identity: unique in the page.
        unit: the values lie between 0 and 1.
    """
    width, height, left, right, top, bottom = 460, 230, 46, 92, 12, 38
    every = [value for one in series for value in one.values]
    low, high = min(*every, 0.0) if not unit else min(every), max(every)
    if unit:
        high = 1.0
    if high - low < 1e-12:
        high, low = high + 0.5, low - 0.5
    ticks = _ticks(low, high)
    low, high = min(low, ticks[0]), max(high, ticks[-1])
    epochs = max(len(one.values) for one in series)
    across, down = width - left - right, height - top - bottom

    def x(epoch: int) -> float:
        return left + across * (epoch / max(epochs - 1, 1))

    def y(value: float) -> float:
        return top + down * (high - value) / (high - low)

    parts = [_open(identity, title, description, width, height, "lines")]
    parts.append('<g class="axis" fill="currentColor" font-size="11" aria-hidden="true">')
    for tick in ticks:
        parts.append(
            f'<path d="M{left} {y(tick):.1f}h{across}" stroke="currentColor" stroke-opacity=".25"/>'
            f'<text x="{left - 7}" y="{y(tick) + 4:.1f}" text-anchor="end">{short(tick)}</text>'
        )
    step = max(1, math.ceil(epochs / 10))
    for epoch in range(0, epochs, step):
        parts.append(f'<text x="{x(epoch):.1f}" y="{height - 20}" text-anchor="middle">{epoch + 1}</text>')
    parts.append(
        f'<text x="{left + across / 2:g}" y="{height - 4}" text-anchor="middle">{escape(axis)}</text></g>'
    )
    taken: list[float] = []
    for number, one in enumerate(series):
        points = " ".join(f"{x(i):.1f},{y(value):.1f}" for i, value in enumerate(one.values))
        kind = number % len(_DASHES)
        parts.append(
            f'<polyline class="line-{kind}" points="{points}" fill="none" stroke-width="2.5" '
            f'stroke-dasharray="{_DASHES[kind]}" stroke-linejoin="round"/>'
        )
        if len(one.values) == 1:
            parts.append(f'<circle class="line-{kind}" cx="{x(0):.1f}" cy="{y(one.values[0]):.1f}" r="4"/>')
        end = y(one.values[-1]) + 4
        while any(abs(end - other) < 14 for other in taken):  # names do not cover each other
            end += 14 if end < top + down - 10 else -14
            if len(taken) > 6:
                break
        taken.append(end)
        parts.append(
            f'<text x="{x(len(one.values) - 1) + 8:.1f}" y="{end:.1f}" font-size="12" '
            f'fill="currentColor">{escape(one.name)}</text>'
        )
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704


def _ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About ``count`` round numbers that cover the range."""
    raw = (high - low) / count
    size = 10 ** math.floor(math.log10(raw))
    step = next(size * factor for factor in (1, 2, 5, 10) if raw <= size * factor * 1.0001)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def confusion_svg(
    matrix: Sequence[Sequence[int]], title: str, description: str, words: tuple[str, str], identity: str
) -> Markup:
    """Counts by actual digit (rows) and digit read (columns); what is right lies on the outlined diagonal.

    Args:
        matrix: square.
        title, description: for those who do not see it.
        words: names of the rows and of the columns.
        identity: unique in the page.
    """
    size, left, top = 36, 44, 42
    count = len(matrix)
    side = size * count
    most = max((n for r, row in enumerate(matrix) for c, n in enumerate(row) if r != c), default=0) or 1
    parts = [_open(identity, title, description, left + side + 4, top + side + 4, "confusion")]
    parts.append(
        '<g class="axis" fill="currentColor" font-size="12" text-anchor="middle" aria-hidden="true">'
        f'<text x="{left + side / 2:g}" y="14">{escape(words[1])}</text>'
    )
    parts.append(f'<text transform="translate(13 {top + side / 2:g}) rotate(-90)">{escape(words[0])}</text>')
    for digit in range(count):
        parts.append(f'<text x="{left + size * (digit + 0.5):g}" y="{top - 8}">{digit}</text>')
        parts.append(f'<text x="{left - 11}" y="{top + size * (digit + 0.5) + 4:g}">{digit}</text>')
    parts.append("</g>")
    for r, row in enumerate(matrix):
        for c, n in enumerate(row):
            level = 0 if r == c else _shade(n, most) or 0
            x, y = left + size * c, top + size * r
            colour = _colour(level)
            edge = 'stroke="#000" stroke-width="1.5"' if r == c else 'stroke="#8886" stroke-width=".5"'
            text = f'<text x="{x + size / 2:g}" y="{y + size / 2 + 4:g}" fill="{ink(colour)}">{n}</text>'
            parts.append(
                f'<g font-size="12" text-anchor="middle" aria-hidden="true"><rect x="{x}" y="{y}" '
                f'width="{size}" height="{size}" fill="{_hex(colour)}" {edge}/>{text if n else ""}</g>'
            )
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704


def digit_svg(image: Sequence[Sequence[int]], title: str, identity: str) -> Markup:
    """A digit's pixels, dark ink on white, as horizontal runs of one of 16 greys."""
    rows = [[min(max(int(pixel), 0), 255) for pixel in row] for row in image]
    width, height = max((len(row) for row in rows), default=1), len(rows) or 1
    paths: dict[int, list[str]] = {}
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            level, start = row[x] // 16, x
            while x < len(row) and row[x] // 16 == level:
                x += 1
            if level:
                paths.setdefault(level, []).append(f"M{start} {y}h{x - start}v1h-{x - start}z")
    drawn = "".join(
        f'<path d="{"".join(path)}" fill="{_hex((255 - 17 * level,) * 3)}"/>'
        for level, path in sorted(paths.items())
    )
    return Markup(  # noqa: S704
        f'<svg class="digit" role="img" aria-labelledby="{identity}-t" viewBox="0 0 {width} {height}" '
        f'width="84" height="84" shape-rendering="crispEdges">'
        f'<title id="{identity}-t">{escape(title)}</title>'
        f'<rect width="{width}" height="{height}" fill="#fff"/>{drawn}</svg>'
    )


# Charts of the class


def histogram_svg(
    counts: Sequence[tuple[str, int]], title: str, description: str, axis: str, identity: str
) -> Markup:
    """Bars with their counts on top.

    Args:
        counts: label and count of each bar, in order.
        title, description: for those who do not see it.
        axis: name of the horizontal axis.
        identity: unique in the page.
    """
    bar, gap, left, top, down = 44, 6, 8, 22, 150
    width, height = left * 2 + (bar + gap) * len(counts), top + down + 42
    most = max((count for _, count in counts), default=0) or 1
    parts = [_open(identity, title, description, width, height, "histogram")]
    parts.append('<g font-size="11" text-anchor="middle" fill="currentColor" aria-hidden="true">')
    for number, (label, count) in enumerate(counts):
        x, tall = left + (bar + gap) * number + gap / 2, down * count / most
        if count:
            parts.append(
                f'<rect class="column" x="{x:g}" y="{top + down - tall:.1f}" '
                f'width="{bar}" height="{tall:.1f}" rx="2"/>'
                f'<text x="{x + bar / 2:g}" y="{top + down - tall - 5:.1f}">{count}</text>'
            )
        parts.append(f'<text x="{x + bar / 2:g}" y="{top + down + 15}">{escape(label)}</text>')
    parts.append(
        f'<path d="M{left} {top + down + 0.5}h{width - 2 * left}" stroke="currentColor"/>'
        f'<text x="{width / 2:g}" y="{height - 8}">{escape(axis)}</text></g></svg>'
    )
    return Markup("".join(parts))  # noqa: S704


def history_series(history: Mapping[str, Any], names: Sequence[str]) -> list[Series]:
    """The named lists of numbers of a history, as far as they are finite numbers (a stranger made them)."""
    result = []
    for name in names:
        given = history.get(name)
        if not isinstance(given, list | tuple) or not 0 < len(given) <= 1000:
            continue
        values = [_number(value) for value in given]
        if all(value is not None and abs(value) < 1e9 for value in values):
            result.append(Series(name, tuple(value for value in values if value is not None)))
    return result
