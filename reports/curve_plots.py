"""Degradation curves, drawn by matplotlib: one panel per curve, those over the same argument side by side."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from .canvas import Entry, axes_in, blank, legend, legend_room, limit, lines_of, wrapped
from .plots import Series
from .theme import CEILING_DASH, MARKERS, Theme
from .ticks import label_ticks

HEIGHT = 250
"""Pixels of a figure with one panel."""
ROW = 150
"""Pixels of a row of panels."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 42, 10, 28, 40
_GAP = 22
_LEVEL = 13
_APART = 3
_NARROWEST = 135
"""Pixels of a panel, beside others."""
_WITHIN = 0.91
"""Share of an axis between its first and its last tick."""


@dataclass(frozen=True)
class Panel:
    """One curve."""

    title: str
    """Empty: the figure has one panel, and a title of its own."""
    series: tuple[Series, ...]
    ticks: Mapping[float, str]
    """Place and label of each rung, clean among them."""


def curves(theme: Theme, panels: Sequence[Panel], *, title: str, argument: str, unit_range: bool) -> Figure:
    """Draw figures over severity with interval bands; dotted lines are noise floors (95th percentile).

    All panels have the same axes. Rungs stand where their severity is; labels that would touch stand one below the
    other.
    """
    inner = theme.width - _LEFT - _RIGHT
    columns = 1 if len(panels) == 1 else max(2, min(len(panels), int((inner + _GAP) // (_NARROWEST + _GAP))))
    width = (inner - _GAP * (columns - 1)) / columns
    every = {place: label for panel in panels for place, label in panel.ticks.items()}
    levels = label_levels(every, width=width * _WITHIN, digit=theme.letter + 0.2)
    below = _BOTTOM + _LEVEL * max(levels.values())
    above = 6 + 12 * lines_of([wrapped(panel.title) for panel in panels]) if columns > 1 else 0
    rows = math.ceil(len(panels) / columns)
    height = HEIGHT if columns == 1 else _TOP + below + (ROW + above) * rows
    entries = list(dict.fromkeys(Entry(one.name, one.place) for panel in panels for one in panel.series))
    room = legend_room(theme, len(entries))
    figure = blank(theme, theme.width, height + room)
    drawn = []
    for place, panel in enumerate(panels):
        row, column = divmod(place, columns)
        axes = axes_in(
            theme, figure, left=_LEFT + column * (width + _GAP), right=_RIGHT + (columns - 1 - column) * (width + _GAP),
            top=_TOP + row * (ROW + above) + above, bottom=room + below + (ROW + above) * (rows - 1 - row) + 4,
        )  # fmt: skip
        _draw(theme, axes, panel)
        drawn.append(axes)
    _share_axes(drawn, columns=columns, unit_range=unit_range)
    _label(drawn, every, levels, columns=columns)
    if columns == 1:
        drawn[0].set_title(title)
    else:
        figure.text(_LEFT / theme.width, 1 - 8 / (height + room), title, va="top", fontsize=theme.points(12.1))
    figure.text(
        (_LEFT + inner / 2) / theme.width, (room + 8) / (height + room), argument, ha="center", va="bottom",
        fontsize=theme.points(11),
    )  # fmt: skip
    legend(theme, figure, entries)
    return figure


def label_levels(ticks: Mapping[float, str], *, width: float, digit: float = 6.8) -> dict[float, int]:
    """Return on which line below an axis so many pixels wide each label has room; 0: the one nearest to the axis.

    A character is `digit` pixels wide.

    Examples
    --------
    >>> label_levels({0.0: "clean", 0.1: "20", 0.5: "5", 1.0: "0"}, width=200)
    {0.0: 0, 0.1: 1, 0.5: 0, 1.0: 0}
    """
    span = (max(ticks) - min(ticks)) or 1.0
    ends: list[float] = []
    levels: dict[float, int] = {}
    for place in sorted(ticks):
        middle, half = place / span * width, len(ticks[place]) * digit / 2
        level = next((level for level, end in enumerate(ends) if middle - half >= end + _APART), len(ends))
        ends[level : level + 1] = [middle + half]
        levels[place] = level
    return levels


def _draw(theme: Theme, axes: Axes, panel: Panel) -> None:
    bands = []
    for one in panel.series:
        x = [severity for severity, _ in one.points]
        found = [figure for _, figure in one.points]
        colour = theme.colour(one.place)
        low = [figure.value if math.isnan(figure.low) else figure.low for figure in found]
        high = [figure.value if math.isnan(figure.high) else figure.high for figure in found]
        bands.append(([*zip(x, low, strict=True), *reversed([*zip(x, high, strict=True)])], to_rgba(colour, 0.14)))
        axes.plot(
            x, [figure.value for figure in found], color=colour,
            linestyle=CEILING_DASH if one.place < 0 else "solid",
            marker="" if one.place < 0 and len(x) > 1 else MARKERS[one.place % len(MARKERS)],
            markersize=(4 if panel.title else 5) * theme.scale, zorder=3,
        )  # fmt: skip
        floors = [figure.floor_high for figure in found]
        if not all(map(math.isnan, floors)):
            axes.plot(x, floors, color=colour, linestyle=":", linewidth=1.3 * theme.scale)
    polygons, colours = zip(*bands, strict=True)
    axes.add_collection(PolyCollection(polygons, facecolors=colours, linewidths=0))
    if panel.title:
        axes.set_title(wrapped(panel.title), fontsize=theme.points(10), pad=3 * theme.scale)


def _share_axes(drawn: Sequence[Axes], *, columns: int, unit_range: bool) -> None:
    """Give all panels the same limits, and numbers to the outer ones."""
    x_limits, y_limits = ([axes.get_xlim() for axes in drawn], [axes.get_ylim() for axes in drawn])
    for place, axes in enumerate(drawn):
        axes.set_xlim(min(low for low, _ in x_limits), max(high for _, high in x_limits))
        axes.set_ylim(min(low for low, _ in y_limits), max(high for _, high in y_limits))
        limit(axes, "y", unit_range=unit_range)
        axes.tick_params(labelleft=place % columns == 0)


def _label(drawn: Sequence[Axes], ticks: Mapping[float, str], levels: Mapping[float, int], *, columns: int) -> None:
    """Name the rungs, below the lowest panels only."""
    places = sorted(ticks)
    for place, axes in enumerate(drawn):
        label_ticks(axes.xaxis, places, ["\n" * levels[tick] + ticks[tick] for tick in places])
        axes.tick_params(labelbottom=place + columns >= len(drawn))
