"""The figures, drawn by matplotlib: pure functions from what is shown to a figure that is not saved yet."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .canvas import Entry, cut, label_room, legend, limit, lines_of, panel, shaded
from .results import Result
from .theme import DASHES, MARKERS, Theme
from .ticks import label_ticks

_WIDEST = 48
"""Pixels of a cell of a matrix, at most."""
LINE = 13.5
"""Pixels of a line of text beside an axis."""
HEIGHT = 250
"""Pixels, where content does not say otherwise."""


@dataclass(frozen=True)
class Series:
    """One line, or one mark per row."""

    name: str
    place: int
    """For colour and mark; −1: the ceiling."""
    points: tuple[tuple[float, Result], ...]
    """Where on the axis, and the figure."""


@dataclass(frozen=True)
class Trace:
    """One training curve."""

    points: tuple[tuple[int, float], ...]
    """Epoch and score."""
    place: int
    """For colour and dash: 0 validation, 1 test, 2 training."""
    chosen: int | None
    """Epoch to mark; None: none."""


def intervals(
    theme: Theme,
    rows: Sequence[str],
    series: Sequence[Series],
    *,
    title: str,
    unit_range: bool,
    wanted: float | None = None,
) -> Figure:
    """Draw one row per name (of short lines) with each series' figure and its interval, first row at the top.

    A dashed line marks what is wanted, where something is.
    """
    step = max(8.0 * len(series) + 12, LINE * lines_of(rows) + 6)
    left = label_room(rows, theme)
    figure, axes = panel(theme, 70 + step * len(rows), left=left, entries=len(series))
    offset = 8.0 / step
    if wanted is not None:
        axes.axvline(wanted, color=theme.muted, linestyle=(0, (4, 3)), linewidth=theme.scale)
    for order, one in enumerate(series):
        shift = (order - (len(series) - 1) / 2) * offset
        axes.hlines(
            [row + shift for row, _ in one.points], [found.low for _, found in one.points],
            [found.high for _, found in one.points], color=theme.colour(one.place), linewidth=1.4 * theme.scale,
        )  # fmt: skip
        axes.plot(
            [found.value for _, found in one.points],
            [row + shift for row, _ in one.points],
            color=theme.colour(one.place),
            linestyle="none",
            marker="|" if one.place < 0 else MARKERS[one.place % len(MARKERS)],
            markersize=(9 if one.place < 0 else 5) * theme.scale,
            markeredgewidth=(2 if one.place < 0 else 0) * theme.scale,
            # A mark at the end of the axis is seen whole.
            clip_on=False,
        )
    label_ticks(axes.yaxis, range(len(rows)), rows)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.set_title(title)
    limit(axes, "x", unit_range=unit_range)
    legend(theme, figure, [Entry(one.name, one.place) for one in series])
    return figure


def confusion(theme: Theme, counts: Sequence[Sequence[float]], classes: Sequence[str], *, place: int) -> Figure:
    """Draw gold × predicted, shaded by the share of the gold class, with the counts where there is room."""
    size = len(classes)
    left = label_room(classes, theme)
    side = min(theme.width - left - 8, _WIDEST * size)
    longest = theme.letter * max(len(cut(name)) for name in classes)
    slanted = longest > side / size
    bottom = 30 + (0.75 * longest if slanted else 0)
    right = theme.width - left - side
    figure, axes = panel(theme, side + 34 + bottom, left=left, right=right, top=34, bottom=bottom)
    axes.grid(visible=False)
    shares = np.array([[count / (sum(row) or 1.0) for count in row] for row in counts])
    # On the page numbers have one colour, light or dark: all shades are so pale that it is read on them.
    shaded(axes, theme.shade(place), (0.92 if theme.hatched else 0.5) * shares)
    texts = [f"{math.floor(count + 0.5)}" if count >= 0.5 else "<1" for row in counts for count in row]
    # Digits that would touch say nothing.
    if size <= 10 and side / size >= 0.9 * theme.letter * max(map(len, texts)) + 2:
        for (gold, predicted), text in zip(np.ndindex(size, size), texts, strict=True):
            if counts[gold][predicted]:
                axes.text(
                    predicted, gold, text, ha="center", va="center",
                    color=theme.ink,
                    fontsize=theme.points(10 if side / size > 34 else 8.5),
                )  # fmt: skip
    axes.set_xlim(-0.5, size - 0.5)
    axes.set_ylim(size - 0.5, -0.5)
    names = [cut(name) for name in classes]
    label_ticks(axes.xaxis, range(size), names, slanted=slanted)
    label_ticks(axes.yaxis, range(size), names)
    axes.tick_params(length=0)
    axes.set_title("Rows: gold; columns: predicted")
    return figure


def weights(
    theme: Theme,
    rows: Sequence[str],
    modalities: Sequence[str],
    shares: Sequence[Sequence[float]],
    *,
    title: str = "Mean weight",
) -> Figure:
    """Draw one bar per row (named by short lines), split into mean weights of modalities (rows × modalities)."""
    left = label_room(rows, theme)
    figure, axes = panel(
        theme, 70 + max(20.0, LINE * lines_of(rows) + 4) * len(rows), left=left, entries=len(modalities)
    )
    done = [0.0] * len(rows)
    for place in range(len(modalities)):
        widths = [0.0 if math.isnan(row[place]) else row[place] for row in shares]
        bars = [
            [(start, row - 0.36), (start + width, row - 0.36), (start + width, row + 0.36), (start, row + 0.36)]
            for row, (start, width) in enumerate(zip(done, widths, strict=True))
        ]
        axes.add_collection(
            PolyCollection(
                bars, facecolor=to_rgba(theme.colour(place), 0.4), edgecolor=theme.ink if theme.hatched else "none",
                linewidth=0, hatch=theme.hatch(place) or None,
            )
        )  # fmt: skip
        for row, width in enumerate(widths):
            if width >= 0.13:
                axes.text(
                    done[row] + width / 2, row, f"{width:.2f}", ha="center", va="center",
                    color=theme.ink, fontsize=theme.points(9),
                    bbox={"facecolor": theme.surface, "linewidth": 0, "pad": 0.8} if theme.hatch(place) else None,
                )  # fmt: skip
        done = [start + width for start, width in zip(done, widths, strict=True)]
    label_ticks(axes.yaxis, range(len(rows)), rows)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.set_title(title)
    legend(theme, figure, [Entry(name, place) for place, name in enumerate(modalities)], patches=True)
    return figure


def training(theme: Theme, traces: Sequence[Trace], *, title: str, names: Sequence[str]) -> Figure:
    """Draw scores over epochs, one line per seed and split; rings mark the chosen epochs."""
    figure, axes = panel(theme, HEIGHT, left=42, entries=len(names))
    for trace in traces:
        x, y = [point[0] for point in trace.points], [point[1] for point in trace.points]
        colour = theme.colour(trace.place)
        axes.plot(
            x, y, color=colour, linestyle=DASHES[trace.place], linewidth=1.4 * theme.scale,
            marker="o" if len(x) == 1 else "",
        )  # fmt: skip
        if trace.chosen in x:
            axes.plot(
                [trace.chosen], [y[x.index(trace.chosen)]], color=colour, marker="o", markersize=8 * theme.scale,
                markerfacecolor="none", markeredgecolor=colour, markeredgewidth=1.6 * theme.scale,
            )  # fmt: skip
    axes.set_title(title)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    legend(theme, figure, [Entry(name, place) for place, name in enumerate(names)], dashes=True)
    return figure
