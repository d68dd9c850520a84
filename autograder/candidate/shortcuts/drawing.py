"""Draw each figure of a notebook once, where IPython and matplotlib draw it two or three times.

Where a title goes, which needs the ticks to be laid out, is worked out once, too.

The picture is the one that Jupyter shows: cropped to what is drawn, with the same margin.
"""

from __future__ import annotations

import contextlib
import io
import math
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import numpy as np
from IPython.core import pylabtools
from matplotlib import rcParams
from matplotlib.axes._base import _AxesBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from PIL import Image

_PRINT_FIGURE: Any = pylabtools.print_figure


def draw_once(_: Any = None) -> None:
    """Have IPython's display of figures go through :func:`print_figure`, and "when idle" mean never.

    A canvas that no window shows is idle only when it is asked for its picture, and then it draws anyway;
    left as it is, it draws at once, so that an animation draws every frame twice.
    """
    pylabtools.print_figure = print_figure
    FigureCanvasAgg.draw_idle = lambda *_, **__: None  # type: ignore[method-assign]


@contextlib.contextmanager
def _titles_in_place() -> Iterator[None]:
    """Leave titles where they have just been drawn."""
    axes: Any = _AxesBase
    usual = axes._update_title_position
    axes._update_title_position = lambda *_: None
    try:
        yield
    finally:
        axes._update_title_position = usual


def print_figure(
    fig: Any,
    fmt: str = "png",
    bbox_inches: Any = "tight",
    base64: bool = False,
    **kwargs: Any,
) -> Any:
    """IPython's ``print_figure``; draws once where the picture is a part of the whole figure.

    Args:
        fig: a figure.
        fmt: of the picture.
        bbox_inches: ``"tight"`` crops it to what is drawn.
        base64: as text instead of bytes.
        **kwargs: for the canvas.

    Returns:
        The picture; None for a figure with nothing in it.
    """
    canvas: Any = fig.canvas
    usual = fmt == "png" and bbox_inches == "tight" and not kwargs and type(canvas) is FigureCanvasAgg
    if not usual or not (fig.axes or fig.lines):
        return _PRINT_FIGURE(fig, fmt=fmt, bbox_inches=bbox_inches, base64=base64, **kwargs)
    canvas.draw()
    with _titles_in_place():
        box = fig.get_tightbbox(canvas.get_renderer())
    width, height = fig.get_size_inches()
    inside = 0 <= box.x0 < box.x1 <= width and 0 <= box.y0 < box.y1 <= height
    box = box.padded(rcParams["savefig.pad_inches"])
    if not inside:
        # Something is drawn outside: the whole has to be drawn again, on a larger canvas.
        return _PRINT_FIGURE(fig, fmt=fmt, bbox_inches=box, base64=base64)
    whole = Image.fromarray(np.asarray(canvas.buffer_rgba()))
    left, right = math.floor(box.x0 * fig.dpi), math.ceil(box.x1 * fig.dpi)
    top, bottom = whole.height - math.ceil(box.y1 * fig.dpi), whole.height - math.floor(box.y0 * fig.dpi)
    red, green, blue, alpha = (round(255 * part) for part in to_rgba(fig.get_facecolor()))
    part = Image.new("RGBA", (right - left, bottom - top), (red, green, blue, alpha))
    part.paste(whole, (-left, -top))
    file = io.BytesIO()
    part.save(file, format="png", compress_level=3)
    data = file.getvalue()
    return b64encode(data).decode("ascii") if base64 else data
