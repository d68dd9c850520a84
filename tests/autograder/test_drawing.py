"""A figure is drawn once, and the picture is the one that IPython makes of it."""

from __future__ import annotations

import base64
import io
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from autograder.candidate.shortcuts import drawing


def bars(**kwargs: Any) -> Figure:
    figure = Figure(figsize=(4, 3), dpi=80, **kwargs)
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.bar(range(3), [1, 3, 2])
    axes.set_title("three bars")
    return figure


def pixels(data: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


@pytest.fixture
def draws(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures drawn, once for each time."""
    drawn: list[Figure] = []
    original = Figure.draw

    def draw(self: Figure, renderer: Any) -> None:
        drawn.append(self)
        original(self, renderer)

    monkeypatch.setattr(Figure, "draw", draw)
    return drawn


@pytest.mark.parametrize("layout", [None, "tight", "constrained", "compressed"])
def test_the_picture_is_ipythons_but_for_a_part_of_a_pixel(layout: str | None) -> None:
    usual, quick = (
        pixels(draw(bars(layout=layout))) for draw in (drawing._PRINT_FIGURE, drawing.print_figure)
    )
    assert np.abs(np.subtract(usual.shape, quick.shape)).max() <= 2
    rows, columns = np.minimum(usual.shape, quick.shape)[:2]
    shifted = [
        np.abs(usual[:rows, :columns] - np.roll(quick, (y, x), (0, 1))[:rows, :columns]).mean()
        for y in (-1, 0, 1)
        for x in (-1, 0, 1)
    ]
    assert min(shifted) < 8


@pytest.mark.parametrize("layout", [None, "constrained"])
def test_it_is_drawn_once(draws: list[Figure], layout: str | None) -> None:
    drawing.print_figure(bars(layout=layout))
    assert len(draws) == 1


def test_what_sticks_out_is_shown_all_the_same() -> None:
    figure = bars()
    figure.axes[0].text(5, 3, "far outside on the right")
    wide = pixels(drawing.print_figure(figure))
    assert wide.shape[1] > 4 * 80 + 50
    assert np.abs(np.subtract(wide.shape, pixels(drawing._PRINT_FIGURE(figure)).shape)).max() <= 2


@pytest.mark.parametrize("given", [{"fmt": "svg"}, {"fmt": "retina"}, {"dpi": 40}, {"bbox_inches": None}])
def test_other_wishes_are_ipythons(given: dict[str, Any]) -> None:
    with mpl.rc_context({"svg.hashsalt": "same"}):
        usual, ours = drawing._PRINT_FIGURE(bars(), **given), drawing.print_figure(bars(), **given)
    if given.get("fmt") == "svg":
        assert ours.count("<path") == usual.count("<path")
    else:
        assert ours == usual


def test_base64_and_nothing() -> None:
    assert base64.b64decode(drawing.print_figure(bars(), base64=True)) == drawing.print_figure(bars())
    empty = Figure()
    FigureCanvasAgg(empty)
    assert drawing.print_figure(empty) is None
