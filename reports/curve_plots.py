"""Degradation curves, drawn by matplotlib: one panel per curve, those over the same argument side by side."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .canvas import WIDTH, Entry, axes_in, blank, cut, legend, legend_room, limit
from .plots import Series
from .theme import CEILING_DASH, MARKERS, Theme

HEIGHT = 250
"""Pixels of a figure with one panel."""
ROW = 150
"""Pixels of a row of panels."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 42, 10, 28, 40
_GAP = 16
_DIGIT = 6.8


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

    All panels have the same axes. Rungs stand where their severity is; labels that would touch are left out.
    """
    columns = 1 if len(panels) == 1 else 2
    rows = math.ceil(len(panels) / columns)
    height = HEIGHT if len(panels) == 1 else _TOP + _BOTTOM + ROW * rows
    entries = list(dict.fromkeys(Entry(one.name, one.place) for panel in panels for one in panel.series))
    room = legend_room(theme, len(entries))
    figure = blank(theme, WIDTH, height + room)
    width = (WIDTH - _LEFT - _RIGHT - _GAP * (columns - 1)) / columns
    drawn = []
    for place, panel in enumerate(panels):
        row, column = divmod(place, columns)
        top = _TOP + row * ROW + (18 if panel.title else 0)
        axes = axes_in(
            theme, figure, left=_LEFT + column * (width + _GAP), right=_RIGHT + (columns - 1 - column) * (width + _GAP),
            top=top, bottom=room + (_BOTTOM if columns == 1 else _BOTTOM + ROW * (rows - 1 - row) + 4),
        )  # fmt: skip
        _draw(theme, axes, panel)
        drawn.append(axes)
    _share_axes(drawn, panels, columns=columns, width=width, unit_range=unit_range)
    if columns == 1:
        drawn[0].set_title(title)
    else:
        figure.text(_LEFT / WIDTH, 1 - 8 / (height + room), title, va="top", fontsize=12.1 * theme.scale)
    figure.text(
        (_LEFT + WIDTH - _RIGHT) / 2 / WIDTH, (room + 8) / (height + room), argument, ha="center", va="bottom",
        fontsize=11 * theme.scale,
    )  # fmt: skip
    legend(theme, figure, entries)
    return figure


def kept_labels(ticks: Mapping[float, str], *, width: float) -> dict[float, str]:
    """Return the labels that have room on an axis so many pixels wide, the first and the last always.

    Examples
    --------
    >>> kept_labels({0.0: "clean", 0.1: "20", 0.5: "5", 1.0: "0"}, width=200)
    {0.0: 'clean', 0.5: '5', 1.0: '0'}
    """
    places = sorted(ticks)
    span = (places[-1] - places[0]) or 1.0
    kept = [places[0]]

    def apart(one: float, other: float) -> bool:
        needed = (len(ticks[one]) + len(ticks[other])) / 2 * _DIGIT + 5
        return abs(one - other) / span * width >= needed

    for place in places[1:-1]:
        if apart(kept[-1], place) and apart(place, places[-1]):
            kept.append(place)
    return {place: ticks[place] for place in dict.fromkeys((*kept, places[-1]))}


def _draw(theme: Theme, axes: Axes, panel: Panel) -> None:
    for one in panel.series:
        x = [severity for severity, _ in one.points]
        found = [figure for _, figure in one.points]
        colour = theme.colour(one.place)
        low = [figure.value if math.isnan(figure.low) else figure.low for figure in found]
        high = [figure.value if math.isnan(figure.high) else figure.high for figure in found]
        axes.fill_between(x, low, high, color=colour, alpha=0.14, linewidth=0)
        axes.plot(
            x, [figure.value for figure in found], color=colour,
            linestyle=CEILING_DASH if one.place < 0 else "solid",
            marker="" if one.place < 0 and len(x) > 1 else MARKERS[one.place % len(MARKERS)],
            markersize=(4 if panel.title else 5) * theme.scale, zorder=3,
        )  # fmt: skip
        axes.plot(
            x, [figure.floor_high for figure in found], color=colour, linestyle=":", linewidth=1.3 * theme.scale
        )  # fmt: skip
    if panel.title:
        axes.set_title(cut(panel.title), fontsize=10 * theme.scale, pad=3 * theme.scale)


def _share_axes(
    drawn: Sequence[Axes], panels: Sequence[Panel], *, columns: int, width: float, unit_range: bool
) -> None:
    """Give all panels the same limits, and the outer ones labels."""
    every = {place: label for panel in panels for place, label in panel.ticks.items()}
    x_limits, y_limits = ([axes.get_xlim() for axes in drawn], [axes.get_ylim() for axes in drawn])
    for place, axes in enumerate(drawn):
        axes.set_xlim(min(low for low, _ in x_limits), max(high for _, high in x_limits))
        axes.set_ylim(min(low for low, _ in y_limits), max(high for _, high in y_limits))
        limit(axes, "y", unit_range=unit_range)
        shown = kept_labels(every, width=width * 0.91)
        axes.set_xticks(sorted(every), [shown.get(tick, "") for tick in sorted(every)])
        lowest = place + columns >= len(drawn)
        axes.tick_params(labelleft=place % columns == 0, labelbottom=lowest)
