"""Latencies, drawn by matplotlib: by percentile, by turn, by batch, and beside quality."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from .canvas import OPEN_DASH, Entry, axes_in, blank, legend, legend_room, panel
from .latency_curves import Mark
from .numbers import short
from .theme import DASHES, MARKERS, Theme

HEIGHT = 250
"""Pixels of a figure with one panel."""
LOG_FROM = 8.0
"""Ratio of the largest to the smallest from which an axis is logarithmic."""
_LEFT, _RIGHT = 48, 14
_ROW = 132
_BUDGET = (0, (1, 1.5))


@dataclass(frozen=True)
class Line:
    """One model."""

    name: str
    place: int
    marks: tuple[Mark, ...]
    path: tuple[tuple[float, float], ...] = ()
    """The line itself where it is finer than the marks."""
    dashed: bool = False
    """Whether it reads the dialogue anew at every turn."""


def nines(percents: float) -> float:
    """Return where a percentile stands on a scale that widens with every nine: 90 at 1, 99 at 2."""
    return -math.log10(1 - percents / 100)


def distribution(theme: Theme, lines: Sequence[Line], *, title: str, budgets: Sequence[float]) -> Figure:
    """Draw milliseconds over percentiles, with bounds, up to the highest percentile that has one."""
    figure, axes = panel(theme, HEIGHT, left=_LEFT, right=_RIGHT, entries=len(lines))
    for order, one in enumerate(lines):
        colour = theme.colour(one.place)
        axes.plot(
            [nines(at) for at, _ in one.path], [value for _, value in one.path], color=colour,
            linestyle=DASHES[order % len(DASHES)], linewidth=1.5 * theme.scale,
        )  # fmt: skip
        _marks(theme, axes, one, [nines(mark.at) + 0.02 * (order - (len(lines) - 1) / 2) for mark in one.marks])
    ticks = sorted({0.0, *(mark.at for one in lines for mark in one.marks)})
    axes.set_xticks([nines(at) for at in ticks], [short(at) for at in ticks])
    axes.set_xlim(-0.03, max(nines(ticks[-1]) + 0.08, 0.5))
    axes.set_xlabel("per cent of the waits that are no longer")
    _milliseconds(axes, "y", _values(lines) + list(budgets))
    _budget_lines(theme, axes, "y", budgets)
    axes.set_title(title)
    legend(theme, figure, [Entry(one.name, one.place) for one in lines])
    return figure


def turns(theme: Theme, panels: Sequence[tuple[str, Sequence[Line]]]) -> Figure:
    """Draw milliseconds over turns, a panel per percentile below the other; dashed: reads the dialogue anew."""
    entries = [Entry(one.name, one.place, dashed=one.dashed) for one in panels[0][1]]
    room = legend_room(theme, len(entries))
    above, bottom = 30, 40
    height = bottom + (_ROW + above) * len(panels)
    figure = blank(theme, theme.width, height + room)
    drawn = []
    for row, (name, lines) in enumerate(panels):
        below = (len(panels) - 1 - row) * (_ROW + above) + bottom + room
        axes = axes_in(theme, figure, left=_LEFT, right=_RIGHT, top=row * (_ROW + above) + above - 2, bottom=below)
        for one in lines:
            axes.plot(
                [mark.at for mark in one.marks], [mark.value for mark in one.marks], color=theme.colour(one.place),
                linestyle=OPEN_DASH if one.dashed else "solid", linewidth=1.5 * theme.scale,
            )  # fmt: skip
            _marks(theme, axes, one, [mark.at for mark in one.marks], small=True)
        _milliseconds(axes, "y", _values(lines))
        axes.set_title(name)
        drawn.append(axes)
    last = max(mark.at for _, lines in panels for one in lines for mark in one.marks)
    for axes in drawn:
        axes.set_xlim(0.5, last + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        axes.tick_params(labelbottom=axes is drawn[-1])
    drawn[-1].set_xlabel("turn of the dialogue")
    legend(theme, figure, entries)
    return figure


def batches(theme: Theme, lines: Sequence[Line], *, title: str) -> Figure:
    """Draw answers per second over the size of batches."""
    figure, axes = panel(theme, HEIGHT, left=_LEFT + 8, right=_RIGHT, entries=len(lines))
    for order, one in enumerate(lines):
        places = [math.log2(mark.at) for mark in one.marks]
        axes.plot(
            places, [mark.value for mark in one.marks], color=theme.colour(one.place),
            linestyle=DASHES[order % len(DASHES)], linewidth=1.5 * theme.scale,
        )  # fmt: skip
        _marks(theme, axes, one, places)
    sizes = sorted({mark.at for one in lines for mark in one.marks})
    axes.set_xticks([math.log2(size) for size in sizes], [short(size) for size in sizes])
    axes.set_xlabel("dialogues at once")
    _axis(axes, "y", _values(lines))
    axes.set_title(title)
    legend(theme, figure, [Entry(one.name, one.place) for one in lines])
    return figure


def beside_quality(
    theme: Theme,
    points: Sequence[tuple[Line, Mark]],
    *,
    title: str,
    quality: str,
    budgets: Sequence[float],
) -> Figure:
    """Draw a mark per model: milliseconds (the mark of its line) against quality (the other), each with its ends."""
    figure, axes = panel(theme, HEIGHT, left=_LEFT, right=_RIGHT, entries=len(points))
    for line, good in points:
        (wait,) = line.marks
        colour = theme.colour(line.place)
        width = 1.3 * theme.scale
        low, high = _ends(wait)
        axes.plot([low, high], [good.value, good.value], color=colour, linewidth=width)
        axes.plot([wait.value, wait.value], list(_ends(good)), color=colour, linewidth=width)
        axes.plot(
            [wait.value], [good.value], color=colour, marker=_marker(line.place), markersize=6 * theme.scale,
            linestyle="none",
        )  # fmt: skip
    _milliseconds(axes, "x", _values([line for line, _ in points]) + list(budgets), label=title)
    _budget_lines(theme, axes, "x", budgets)
    axes.set_title(quality)
    legend(theme, figure, [Entry(line.name, line.place) for line, _ in points], marks=True)
    return figure


def _marker(place: int) -> str:
    return "|" if place < 0 else MARKERS[place % len(MARKERS)]


def _marks(theme: Theme, axes: Axes, one: Line, places: Sequence[float], *, small: bool = False) -> None:
    """Draw marks and the bounds of each."""
    colour = theme.colour(one.place)
    ends = [_ends(mark) for mark in one.marks]
    axes.vlines(
        places, [low for low, _ in ends], [high for _, high in ends], color=colour, linewidth=1.3 * theme.scale
    )  # fmt: skip
    axes.plot(
        places, [mark.value for mark in one.marks], color=colour, linestyle="none", marker=_marker(one.place),
        markersize=(3.6 if small else 5) * theme.scale, markerfacecolor=theme.surface if one.dashed else colour,
        zorder=3,
    )  # fmt: skip


def _ends(mark: Mark) -> tuple[float, float]:
    low, high = mark.low, mark.high
    return (mark.value if low is None else low, mark.value if high is None else high)


def _values(lines: Sequence[Line]) -> list[float]:
    return [
        value
        for one in lines
        for value in (*(end for mark in one.marks for end in _ends(mark)), *(value for _, value in one.path))
    ]


def _milliseconds(axes: Axes, which: Literal["x", "y"], values: Sequence[float], label: str = "milliseconds") -> None:
    _axis(axes, which, values)
    if which == "y":
        axes.set_ylabel(label)
    else:
        axes.set_xlabel(label)


def _axis(axes: Axes, which: Literal["x", "y"], values: Sequence[float]) -> None:
    """Make an axis logarithmic where its values span much; else let it begin at 0. Numbers are plain."""
    low, high = min(values), max(values)
    axis = axes.xaxis if which == "x" else axes.yaxis
    set_scale, set_limits = (axes.set_xscale, axes.set_xlim) if which == "x" else (axes.set_yscale, axes.set_ylim)
    if low > 0 and high / low >= LOG_FROM:
        set_scale("log")
        set_limits(low / 1.25, high * 1.25)
        wide = high / low > 300
        axis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0), numticks=12))
        axis.set_minor_locator(NullLocator())
        axis.set_minor_formatter(NullFormatter())
    else:
        set_limits(0, 1.08 * high)
        axis.set_major_locator(MaxNLocator(5))
    axis.set_major_formatter(FuncFormatter(_plain))


def _plain(value: float, _place: object) -> str:
    return f"{value:,.0f}" if value >= 10 else short(float(np.format_float_positional(value, 4, fractional=False)))


def _budget_lines(theme: Theme, axes: Axes, which: Literal["x", "y"], budgets: Sequence[float]) -> None:
    for budget in budgets:
        text, size, gap = f"budget {short(budget)} ms", theme.points(9.5), theme.scale
        if which == "y":
            axes.axhline(budget, color=theme.ink, linestyle=_BUDGET, linewidth=1.2 * gap)
            axes.annotate(
                text, (0, budget), (4 * gap, 2 * gap), xycoords=("axes fraction", "data"), textcoords="offset points",
                fontsize=size, va="bottom",
            )  # fmt: skip
        else:
            axes.axvline(budget, color=theme.ink, linestyle=_BUDGET, linewidth=1.2 * gap)
            axes.annotate(
                text, (budget, 0), (-2 * gap, 4 * gap), xycoords=("data", "axes fraction"),
                textcoords="offset points", fontsize=size, rotation=90, ha="right", va="bottom",
            )  # fmt: skip
