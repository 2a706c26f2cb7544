"""Ticks of axes as few artists: matplotlib makes six objects for each tick, which takes much of a figure's time.

`label_ticks` says what stands at the ticks; `as_few_artists` puts, when all else of a figure is settled, one line for
the grid, one for the marks and a text per label in the place of the ticks. What is seen is the same.
"""

from collections.abc import Sequence
from typing import Any, cast

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.markers import TICKDOWN, TICKLEFT
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter

_BELOW = 0.5
"""Where matplotlib has ticks and grid among what is drawn: below all else."""
_KNOWN = {"left", "right", "labelleft", "labelright", "bottom", "top", "labelbottom", "labeltop", "gridOn", "length"}
"""What may be said of ticks that are replaced."""


def label_ticks(axis: Axis, places: Sequence[float], names: Sequence[str]) -> None:
    """Put ticks with names at these places, as `set_ticks` does, which would make them all."""
    axis.set_major_locator(FixedLocator(list(places)))
    axis.set_major_formatter(FixedFormatter(list(names)))


def as_few_artists(figure: Figure) -> None:
    """Replace the ticks of all axes, whose limits are final.

    Those of an axis with a title stay, which stands where their labels end, and those that `set_ticks` named: their
    labels may have properties of their own.
    """
    for axes in figure.axes:
        if axes.axison:
            for axis, which in ((axes.xaxis, "x"), (axes.yaxis, "y")):
                if axis.get_visible() and not axis.get_label_text() and not _special(axis):
                    _replace(axes, axis, which)


def _special(axis: Axis) -> bool:
    formatter = axis.get_major_formatter()
    return isinstance(formatter, FuncFormatter) or len(axis.get_minorticklocs()) > 0


def _replace(axes: Axes, axis: Axis, which: str) -> None:
    said = axis.get_tick_params()
    shown = _shown(axis)
    places, labels = [place for place, _ in shown], [label for _, label in shown]
    if not said.keys() <= _KNOWN or axis.get_major_formatter().get_offset():
        return
    axis.set_visible(False)
    side = "bottom" if which == "x" else "left"
    along = axes.get_xaxis_transform() if which == "x" else axes.get_yaxis_transform()
    length = said.get("length", _settings()[f"{which}tick.major.size"])
    if said["gridOn"] and places:
        across = np.tile([0.0, 1.0, np.nan], len(places))
        _add(axes, which, np.repeat(places, 3), across, transform=along, **_grid())
    if said[side] and length and places:
        marks: dict[str, Any] = {
            "linestyle": "none", "marker": TICKDOWN if which == "x" else TICKLEFT, "markersize": length,
            "markeredgewidth": _settings()[f"{which}tick.major.width"], "color": _settings()[f"{which}tick.color"],
        }  # fmt: skip
        _add(axes, which, places, np.zeros(len(places)), transform=along, clip_on=False, **marks)
    if said[f"label{side}"]:
        pad = length + _settings()[f"{which}tick.major.pad"]
        transform, vertical, horizontal = (
            axes.get_xaxis_text1_transform(pad) if which == "x" else axes.get_yaxis_text1_transform(pad)
        )
        for place, label in zip(places, labels, strict=True):
            if label:
                x, y = (place, 0.0) if which == "x" else (0.0, place)
                axes.text(
                    x, y, label, transform=transform, va=vertical, ha=horizontal, zorder=_BELOW,
                    fontsize=_settings()[f"{which}tick.labelsize"], color=_settings()[f"{which}tick.labelcolor"],
                )  # fmt: skip


def _shown(axis: Axis) -> list[tuple[float, str]]:
    """Return places and labels of the ticks between the ends of an axis."""
    places = [float(place) for place in axis.get_majorticklocs()]
    labels = axis.get_major_formatter().format_ticks(places)
    low, high = sorted(axis.get_view_interval())
    dust = 1e-10 * (high - low)
    return [(place, label) for place, label in zip(places, labels, strict=True) if low - dust <= place <= high + dust]


def _grid() -> dict[str, Any]:
    return {name: _settings()[f"grid.{name}"] for name in ("color", "linewidth", "linestyle", "alpha")}


# `Any`: matplotlib types these keys one by one, and here they are put together.
def _settings() -> dict[str, Any]:
    return cast("dict[str, Any]", mpl.rcParams)


# `Any`: properties of a line, which matplotlib does not type.
def _add(axes: Axes, which: str, along: Any, across: Any, **properties: Any) -> None:
    x, y = (along, across) if which == "x" else (across, along)
    axes.add_artist(Line2D(x, y, zorder=_BELOW, **{"marker": "", **properties}))
