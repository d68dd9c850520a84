"""The plot of a benchmark: time against class size, and where the time of one submission goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt

_COLOURS = ("#0072B2", "#56B4E9", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#999999")  # Okabe and Ito's
_MARKERS = "osD^v"


def draw(
    rows: Iterable[tuple[str, int, float]],
    parts: Mapping[str, Mapping[str, float]],
    week: str,
    target: Path,
) -> None:
    """Write an SVG.

    Args:
        rows: grader, submissions, wall seconds.
        parts: bar → seconds of one submission by part; ``total`` is left out.
        week: for the title.
        target: the file; the same bytes for the same numbers.
    """
    mpl.rcParams |= {"svg.hashsalt": "autograder", "svg.fonttype": "path", "font.size": 10}
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), width_ratios=(2, 1), layout="constrained")
    curves: dict[str, list[tuple[int, float]]] = {}
    for grader, count, seconds in rows:
        curves.setdefault(grader, []).append((count, seconds))
    for (grader, points), colour, marker in zip(curves.items(), _COLOURS, _MARKERS, strict=False):
        counts, seconds_ = zip(*sorted(points), strict=True)
        left.loglog(counts, seconds_, marker=marker, color=colour, label=grader)
    every = sorted({count for points in curves.values() for count, _ in points})
    left.set_xticks(every, [str(count) for count in every])
    left.minorticks_off()
    left.set(xlabel="submissions", ylabel="seconds (wall)", title=f"Grading {week}")
    left.grid(visible=True, alpha=0.3)
    # Below the axes, where no curve can run whatever the figures are.
    left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=2, frameon=False)
    names = [name for name in next(iter(parts.values())) if name != "total"]
    bottoms = dict.fromkeys(parts, 0.0)
    for name, colour in zip(names, _COLOURS, strict=False):
        heights = [1000 * bar.get(name, 0.0) for bar in parts.values()]
        right.bar(list(parts), heights, bottom=list(bottoms.values()), color=colour, label=name, width=0.6)
        bottoms = {bar: low + height for (bar, low), height in zip(bottoms.items(), heights, strict=True)}
    right.set(ylabel="milliseconds", title="One submission", xlim=(-0.5, 3.4))
    right.set_xticks(range(len(parts)), list(parts))
    handles, labels = right.get_legend_handles_labels()
    right.legend(handles[::-1], labels[::-1], loc="center right", frameon=False)
    figure.savefig(target, metadata={"Date": None})
    plt.close(figure)
