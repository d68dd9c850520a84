"""Ticks that come late look as if they had been there from the beginning."""

from __future__ import annotations

import copy
import datetime
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import axis, rc_context, style
from matplotlib import pyplot as plt
from matplotlib.axes._base import _AxesBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from autograder.candidate.shortcuts.ticks import make_ticks_when_needed

WAVES = np.sin(np.arange(60) / 4)


def figure(**kwargs: Any) -> Figure:
    result = Figure(figsize=(4, 3), dpi=60, **kwargs)
    FigureCanvasAgg(result)
    return result


def plain(result: Figure) -> None:
    axes = result.subplots()
    axes.plot(WAVES)
    axes.set(title="waves", xlabel="x", ylabel="y")


def image(result: Figure) -> None:
    for axes in result.subplots(1, 2):
        axes.imshow(WAVES.reshape(6, 10), cmap="gray")
        axes.set_title("image")
        axes.axis("off")


def image_with_edges(result: Figure) -> None:
    axes = result.subplots()
    picture = axes.imshow(WAVES.reshape(6, 10), extent=(0, 1e7, 0, 1e-3), aspect="auto")
    axes.set_xticks(np.arange(0, 1e7, 1e6), minor=True)
    axes.grid(which="minor", color="w")
    result.colorbar(picture)


def multipliers(result: Figure) -> None:
    high, low, off, left = result.subplots(2, 2).flat
    high.plot(WAVES * 1e9)
    low.plot(WAVES * 1e-9 + 1)
    off.plot(WAVES * 1e9)
    off.axis("off")
    left.plot(WAVES * 1e9)
    left.set_title("left", loc="left")
    left.set_title("right", loc="right", y=0.9)
    left.xaxis.tick_top()
    for axes in (high, low, off):
        axes.set_title("a title that is as wide as the axes")


def grids(result: Figure) -> None:
    first, second, third = result.subplots(1, 3)
    first.grid()
    second.grid(axis="y", which="both", linestyle=":", color="r", alpha=0.5)
    second.minorticks_on()
    third.grid(True)
    third.grid()


def tick_parameters(result: Figure) -> None:
    axes = result.subplots(2, 2)
    axes[0, 0].tick_params(length=9, width=3, color="r", pad=12, labelsize=15, labelcolor="b")
    axes[0, 1].tick_params("x", direction="inout", labelrotation=40, zorder=9, which="both")
    axes[0, 1].xaxis.set_minor_locator(mpl.ticker.MultipleLocator(0.05))
    axes[1, 0].tick_params(left=False, labelleft=False, right=True, labelright=True, top=True, grid_color="g")
    axes[1, 0].grid()
    axes[1, 1].tick_params(reset=True, direction="in", length=20)
    axes[1, 1].yaxis.tick_right()
    axes[1, 1].xaxis.set_ticks_position("top")
    axes[1, 1].set_title("ticks above")


def shared(result: Figure) -> None:
    axes = result.subplots(2, 2, sharex=True, sharey="row")
    axes[0, 0].plot(WAVES)
    axes[1, 1].plot(100 * WAVES)
    axes[1, 1].label_outer()


def twins(result: Figure) -> None:
    axes = result.subplots()
    axes.plot(WAVES)
    other = axes.twinx()
    other.semilogy(np.exp(WAVES), "r")
    other.set_ylabel("log")
    axes.secondary_xaxis("top").set_xlabel("above")
    axes.inset_axes((0.6, 0.6, 0.3, 0.3)).plot(WAVES[:9])


def scales(result: Figure) -> None:
    for axes, scale in zip(result.subplots(1, 3), ("log", "symlog", "logit"), strict=True):
        axes.set_yscale(scale)
        axes.plot(np.linspace(0.01, 0.99, 20))


def projections(result: Figure) -> None:
    result.add_subplot(121, projection="polar").plot(WAVES)
    solid = result.add_subplot(122, projection="3d")
    solid.plot(WAVES, WAVES**2, np.arange(60))


def dates_and_names(result: Figure) -> None:
    first, second = result.subplots(2)
    first.plot([datetime.date(2026, 3, day) for day in range(1, 9)], WAVES[:8])
    second.bar(["mlp", "cnn"], [0.93, 0.98])
    second.spines["bottom"].set_position("zero")


def used_again(result: Figure) -> None:
    axes = result.subplots()
    axes.tick_params(color="r", length=9)
    axes.grid()
    axes.plot(WAVES)
    axes.clear()
    axes.plot(-WAVES)


def looked_at(result: Figure) -> None:
    axes = result.subplots()
    for tick in axes.xaxis.get_major_ticks():
        tick.label1.set_fontsize(14)
    axes.yaxis.get_ticklines()[0].set_color("r")
    axes.plot(WAVES)


def made_in_a_style(result: Figure) -> None:
    with style.context("dark_background"):
        plain(result)


def made_with_settings(result: Figure) -> None:
    settings = {"xtick.major.size": 12, "ytick.color": "r", "axes.grid": True, "grid.linestyle": ":"}
    with rc_context(settings | {"xtick.minor.visible": True, "font.size": 14}):
        plain(result)


def settings_come_later(result: Figure) -> None:
    plain(result)
    mpl.rcParams.update({"xtick.major.size": 12, "ytick.color": "r", "axes.grid": True, "font.size": 14})


def copied(result: Figure) -> None:
    source = figure()
    plain(source)
    axes = result.subplots()
    axes.plot(pickle.loads(pickle.dumps(source)).axes[0].lines[0].get_ydata())
    axes.tick_params(length=9)


def through_pyplot(result: Figure) -> None:
    plt.figure(result)
    plt.subplot(2, 1, 1)
    plt.imshow(WAVES.reshape(6, 10))
    plt.xticks([])
    plt.subplot(2, 1, 2)
    plt.plot(WAVES)
    plt.xticks([0, 30, 60], ["none", "half", "all"], rotation=30)
    plt.close("all")


ZOO: list[Callable[[Figure], None]] = [
    *(
        plain,
        image,
        image_with_edges,
        multipliers,
        grids,
        tick_parameters,
        shared,
        twins,
        scales,
        projections,
    ),
    *(dates_and_names, used_again, looked_at, made_in_a_style, made_with_settings, settings_come_later),
    *(copied, through_pyplot),
]


@pytest.fixture
def lazily(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """A way to change matplotlib that is taken back at the end."""
    monkeypatch.setattr(axis._LazyTickList, "__get__", axis._LazyTickList.__get__)
    for name in ("set_clip_path", "set_tick_params", "reset_ticks"):
        monkeypatch.setattr(axis.Axis, name, getattr(axis.Axis, name))
    monkeypatch.setattr(axis.YAxis, "get_tightbbox", axis.YAxis.get_tightbbox)
    monkeypatch.setattr(_AxesBase, "_update_title_position", _AxesBase._update_title_position)
    with rc_context():
        mpl.rcdefaults()
        mpl.use("Agg")
        yield make_ticks_when_needed


@pytest.mark.parametrize("layout", [None, "constrained"])
@pytest.mark.parametrize("draw", ZOO)
def test_every_pixel_is_the_same(
    draw: Callable[[Figure], None], layout: str | None, lazily: Callable[[], None]
) -> None:
    def drawn() -> np.ndarray[Any, Any]:
        with rc_context():
            result = figure(layout=layout)
            draw(result)
            pictures = [FigureCanvasAgg(copy.deepcopy(result)), FigureCanvasAgg(result)]
            for picture in pictures:
                picture.draw()
            return np.stack([picture.buffer_rgba() for picture in pictures])

    usual = drawn()
    lazily()
    assert np.array_equal(drawn(), usual)


def test_no_tick_is_made_in_vain(lazily: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    original = axis.Tick.__init__
    monkeypatch.setattr(axis.Tick, "__init__", lambda *a, **k: (made.append(a), original(*a, **k))[1])
    lazily()
    lazily()
    axes = figure().subplots()
    axes.imshow(WAVES.reshape(6, 10))
    axes.axis("off")
    assert not made
    axes.set_title("image")
    axes.figure.canvas.draw()
    assert len(made) <= 2  # of x: are they above, where the title goes?
    axes.xaxis.get_major_ticks()
    assert made
