"""Arrays, losses, confusions and digits as inline SVG: pure functions from records to markup.

Every drawing has a title and a description, and says nothing by colour alone: small arrays carry their
numbers, and what is wrong is outlined. Colours run from blue over white to orange, which people with any
kind of colour vision tell apart; they are the same on a light and on a dark page, on which a drawing
brings its own white. Labels take the page's text colour.

A stranger's code had a part in what is drawn: every drawing is of bounded size and made in one pass over
what it is given, whatever that is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from autograder.examination import ArrayPicture
from autograder.wording.text import one_line

_BLUE, _WHITE, _ORANGE = (0x21, 0x66, 0xAC), (0xFB, 0xFB, 0xF9), (0xC2, 0x5A, 0x05)
_LEVELS = 24
"""Shades on either side of white: cells of one shade share one path."""
_NUMBERS_UP_TO = 10
"""Columns up to which a drawing shows its numbers; wider ones have them in the table only."""
_ROWS, _COLUMNS = 16, 32
"""How much of an array is drawn; the examiner keeps no more."""
_POINTS = 400
"""Points of a curve that are drawn."""
_LARGEST = 1e300
"""Differences and sums of numbers up to this one are still numbers."""


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


def offset(picture: ArrayPicture) -> tuple[int, ...]:
    """Index of the picture's first value, one per axis; zeros where what is kept is no index."""
    axes = len(picture.shape)
    sound = len(picture.offset) == axes and all(0 <= index < 10**12 for index in picture.offset)
    return picture.offset if sound else (0,) * axes


def grid(picture: ArrayPicture, mark: tuple[int, ...] = ()) -> Grid | None:
    """The picture's numbers, around ``mark`` if there are too many; None if they are no table of numbers."""
    axes, begin = plane(picture), offset(picture)
    rows = _table_of(picture.values, len(axes))
    if rows is None:
        return None
    place = _place_of(mark, picture, rows)
    around = place or (0, 0)
    top, left = _window(len(rows), around[0], _ROWS), _window(len(rows[0]), around[1], _COLUMNS)
    table = tuple(
        tuple(_number(value) for value in row[left : left + _COLUMNS]) for row in rows[top : top + _ROWS]
    )
    first = [0, 0, *(begin[axis] for axis in axes)][-2:]
    place = place and (place[0] - top, place[1] - left)
    return Grid(table, first[0] + top, first[1] + left, len(axes) < 2, place)


def _table_of(values: Any, axes: int) -> Sequence[Sequence[Any]] | None:
    """Values with so many axes as rows of one length; None if they are not."""
    rows = [[values]] if axes == 0 else [values] if axes == 1 else values
    if not isinstance(rows, list | tuple) or not rows:
        return None
    if not all(isinstance(row, list | tuple) and row and len(row) == len(rows[0]) for row in rows):
        return None
    return rows


def _place_of(
    mark: tuple[int, ...], picture: ArrayPicture, rows: Sequence[Sequence[Any]]
) -> tuple[int, int] | None:
    """Row and column of ``mark`` in what the picture shows of its array; None if it is not there."""
    if not mark or len(mark) != len(picture.shape):
        return None
    axes, begin = plane(picture), offset(picture)
    if any(mark[axis] != begin[axis] for axis in range(len(mark)) if axis not in axes):
        return None
    row, column = [0, 0, *(mark[axis] - begin[axis] for axis in axes)][-2:]
    return (row, column) if 0 <= row < len(rows) and 0 <= column < len(rows[0]) else None


def _window(length: int, place: int, most: int) -> int:
    """Where the part that is drawn begins."""
    return max(0, min(place - most // 2, length - most))


def _number(value: Any) -> float | None:
    if isinstance(value, bool | int | float) and -_LARGEST <= value <= _LARGEST:
        return float(value)
    return None


def subtract(actual: ArrayPicture, expected: ArrayPicture) -> ArrayPicture | None:
    """What came back minus what was expected; None where that makes no sense."""
    if actual.shape != expected.shape or actual.offset != expected.offset:
        return None
    one, other = grid(actual), grid(expected)
    if one is None or other is None or (len(one.rows), one.width) != (len(other.rows), other.width):
        return None
    rows: Any = [
        [_minus(a, b) for a, b in zip(*pair, strict=True)] for pair in zip(one.rows, other.rows, strict=True)
    ]
    for _ in range(2 - len(plane(actual))):
        rows = rows[0]
    return ArrayPicture(shape=actual.shape, dtype="float64", values=rows, offset=actual.offset)


def _minus(a: float | None, b: float | None) -> float | None:
    if a is None or b is None:
        return None
    # Of two numbers that are equal but for rounding, the difference is noise.
    return 0.0 if math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) else a - b


def bound(pictures: Sequence[ArrayPicture]) -> float:
    """The largest absolute value of all: the end of their common colour scale."""
    tables = [table for picture in pictures if (table := grid(picture)) is not None]
    return max((abs(value) for table in tables for value in table.values), default=0.0) or 1.0


def short(value: float | None, digits: int = 3) -> str:
    """A number for a cell of a picture."""
    if value is None or not math.isfinite(value):
        return "✕"
    if value == int(value) and abs(value) < 10**5:
        return f"{int(value)}".replace("-", "−")
    text = f"{value:.{digits}g}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
    return text.replace("-", "−")


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
    title, description = one_line(title, 200), one_line(description, 800)
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
    """A line of a chart: its name, and one value an epoch, None where it is no finite number."""

    name: str
    values: tuple[float | None, ...]

    @property
    def points(self) -> list[tuple[int, float]]:
        """Epoch, from 0, and value where there is one; of very many the first, the last, and some between."""
        found = [(epoch, y) for epoch, value in enumerate(self.values) if (y := _number(value)) is not None]
        return [found[index] for index in thinned(len(found), _POINTS)]


def thinned(count: int, most: int) -> list[int]:
    """At most ``most`` of the numbers below ``count``, evenly, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return [index * (count - 1) // (most - 1) for index in range(most)]


def apart(heights: Sequence[float], gap: float, top: float, bottom: float) -> list[float]:
    """Heights of labels, moved until neighbours are ``gap`` apart, between top and bottom if they fit."""
    order = sorted(range(len(heights)), key=heights.__getitem__)
    moved = list(heights)
    least = top
    for index in order:
        moved[index] = max(moved[index], least)
        least = moved[index] + gap
    most = bottom
    for index in reversed(order):
        moved[index] = min(moved[index], most)
        most = moved[index] - gap
    return moved


_DASHES = ("", "7 4", "2 3", "9 3 2 3")


def lines_svg(
    series: Sequence[Series], title: str, description: str, axis: str, identity: str, *, unit: bool = False
) -> Markup:
    """Values by epoch; lines differ in colour, in their dashes and by the name at their end.

    Args:
        series: what to draw; those without any finite value are left out.
        title, description: for those who do not see it.
        axis: name of the horizontal axis.
        identity: unique in the page.
        unit: the values should lie between 0 and 1.
    """
    lines = [(number, one, one.points) for number, one in enumerate(series) if one.points]
    if not lines:
        return Markup()
    width, height, left, right, top, bottom = 460, 230, 46, 92, 12, 38
    ticks = _ticks(*_range([value for *_, points in lines for _, value in points], unit=unit))
    low, high = ticks[0], ticks[-1]
    epochs = max(len(one.values) for _, one, _ in lines)
    across, down = width - left - right, height - top - bottom

    def x(epoch: int) -> float:
        return left + across * (epoch / max(epochs - 1, 1))

    def y(value: float) -> float:
        return top + down * ((high - value) / (high - low))

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
    ends = apart([y(points[-1][1]) + 4 for *_, points in lines], 14, top + 4, top + down + 4)
    for (number, one, points), end in zip(lines, ends, strict=True):
        kind = number % len(_DASHES)
        for piece in _pieces(points, one.values):
            alone = len(piece) == 1  # a line from a point to itself is a dot, where its ends are round
            corners = " ".join(f"{x(epoch):.1f},{y(value):.1f}" for epoch, value in piece * (1 + alone))
            style = f'stroke-dasharray="{_DASHES[kind]}" stroke-linejoin="round" stroke-width="2.5"'
            if alone:
                style = 'stroke-linecap="round" stroke-width="8"'
            parts.append(f'<polyline class="line-{kind}" points="{corners}" fill="none" {style}/>')
        parts.append(
            f'<text x="{x(points[-1][0]) + 8:.1f}" y="{end:.1f}" font-size="12" '
            f'fill="currentColor">{escape(one_line(one.name, 40))}</text>'
        )
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704


def _pieces(
    points: Sequence[tuple[int, float]], values: Sequence[float | None]
) -> Iterator[list[tuple[int, float]]]:
    """The points up to each gap: no line leads over an epoch whose value is no number."""
    piece: list[tuple[int, float]] = []
    for epoch, value in points:
        if piece and any(_number(between) is None for between in values[piece[-1][0] + 1 : epoch]):
            yield piece
            piece = []
        piece.append((epoch, value))
    yield piece


def _range(values: Sequence[float], *, unit: bool) -> tuple[float, float]:
    """The ends of an axis for these values."""
    low, high = min(values), max(values)
    low, high = (low, max(high, 1.0)) if unit else (min(low, 0.0), high)
    if high - low < max(1e-12, 1e-9 * abs(high)):
        margin = max(0.5, abs(high) / 2)
        low, high = low - margin, high + margin
    return low, high


def _ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About ``count`` round numbers that cover the range."""
    raw = (high - low) / count
    size = 10.0 ** math.floor(math.log10(raw))
    step = next((size * factor for factor in (1, 2, 5) if raw <= size * factor * 1.0001), size * 10)
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
    """The named lists of numbers of a history, as far as there are any (a stranger made them)."""
    result = []
    for name in names:
        given = history.get(name)
        values = tuple(map(_number, given)) if isinstance(given, list | tuple) else ()
        if any(value is not None for value in values):
            result.append(Series(name, values))
    return result
