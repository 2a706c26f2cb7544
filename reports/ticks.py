"""Ticks of axes as few artists: matplotlib makes six objects for each tick, which takes much of a figure's time.

`label_ticks` says what stands at the ticks; `as_few_artists` puts, when all else of a figure is settled, one line for
the grid, one for the marks, a text per label and one for the title in the place of the ticks. What is seen is the same.
"""

from collections.abc import Sequence
from typing import Any, cast

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter
from matplotlib.transforms import ScaledTranslation

_BELOW = 0.5
"""Where matplotlib has ticks and grid among what is drawn: below all else."""
_SIDES = {"left", "right", "labelleft", "labelright", "bottom", "top", "labelbottom", "labeltop"}
_KNOWN = {*_SIDES, "gridOn", "length", "pad"}
"""What may be said of ticks that are replaced."""
_LINE = 0.97
"""From the top of an l to the foot of a p, as a share of the size of text; so high matplotlib takes a line to be."""


class _Slanted(FixedFormatter):
    """Names that rise to the right and end below their ticks."""


def label_ticks(axis: Axis, places: Sequence[float], names: Sequence[str], *, slanted: bool = False) -> None:
    """Put ticks with names at these places, as `set_ticks` does, which would make them all."""
    axis.set_major_locator(FixedLocator(list(places)))
    axis.set_major_formatter((_Slanted if slanted else FixedFormatter)(list(names)))


def as_few_artists(figure: Figure) -> None:
    """Replace the ticks of all axes, whose limits are final.

    Those that `set_ticks` named stay: their labels may have properties of their own. So do those of an axis with a
    title, which stands where their labels end, unless these are below it and of one line each.
    """
    for axes in figure.axes:
        if axes.axison:
            for axis, which in ((axes.xaxis, "x"), (axes.yaxis, "y")):
                if axis.get_visible() and not isinstance(axis.get_major_formatter(), FuncFormatter):
                    _replace(axes, axis, which)


def _replace(axes: Axes, axis: Axis, which: str) -> None:
    said, shown = axis.get_tick_params(), _shown(axis)
    if _special(axis, which, said, shown):
        return
    axis.set_visible(False)
    side = "bottom" if which == "x" else "left"
    length = said.get("length", _settings()[f"{which}tick.major.size"])
    pad = length + said.get("pad", _settings()[f"{which}tick.major.pad"])
    places = [place for place, _ in shown]
    if said["gridOn"] and places:
        _grid(axes, which, places)
    if said[side] and length and places:
        _marks(axes, which, places, length)
    if said[f"label{side}"]:
        _labels(axes, which, shown, pad, slanted=isinstance(axis.get_major_formatter(), _Slanted))
    if axis.get_label_text():
        _title(axes, axis, pad)


# `Any`: what matplotlib says of ticks.
def _special(axis: Axis, which: str, said: dict[str, Any], shown: Sequence[tuple[float, str]]) -> bool:
    """Return whether the ticks of an axis are more than is drawn here."""
    below = which == "x" and said["labelbottom"] and not any("\n" in label for _, label in shown)
    return (
        (bool(axis.get_label_text()) and not below)
        or not said.keys() <= _KNOWN
        or len(axis.get_minorticklocs()) > 0
        or bool(axis.get_major_formatter().get_offset())
    )


def _grid(axes: Axes, which: str, places: Sequence[float]) -> None:
    looks = {name: _settings()[f"grid.{name}"] for name in ("color", "linewidth", "linestyle", "alpha")}
    across = np.tile([0.0, 1.0, np.nan], len(places))
    _add(axes, which, np.repeat(places, 3), across, **looks)


def _marks(axes: Axes, which: str, places: Sequence[float], length: float) -> None:
    below = length / (72 * _inches(axes, which))
    _add(
        axes, which, np.repeat(places, 3), np.tile([0.0, -below, np.nan], len(places)), clip_on=False,
        solid_capstyle="butt", linewidth=_settings()[f"{which}tick.major.width"],
        color=_settings()[f"{which}tick.color"],
    )  # fmt: skip


def _inches(axes: Axes, which: str) -> float:
    """Return how far axes reach at a right angle to one of their axis."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    width, height = figure.get_size_inches() * axes.get_position().size
    return float(height if which == "x" else width)


def _labels(axes: Axes, which: str, shown: Sequence[tuple[float, str]], pad: float, *, slanted: bool) -> None:
    transform, vertical, horizontal = (
        axes.get_xaxis_text1_transform(pad) if which == "x" else axes.get_yaxis_text1_transform(pad)
    )
    for place, label in shown:
        if label:
            x, y = (place, 0.0) if which == "x" else (0.0, place)
            axes.text(
                x, y, label, transform=transform, va=vertical, ha="right" if slanted else horizontal, zorder=_BELOW,
                rotation=45 if slanted else 0, fontsize=_settings()[f"{which}tick.labelsize"],
                color=_settings()[f"{which}tick.labelcolor"],
            )  # fmt: skip


def _title(axes: Axes, axis: Axis, pad: float) -> None:
    """Put the title of a level axis below its labels."""
    below = pad + _LINE * _settings()["xtick.labelsize"] + axis.labelpad
    figure, label = axes.get_figure(root=True), axis.get_label()
    assert figure is not None
    axes.text(
        0.5, 0, axis.get_label_text(), va="top", ha="center", fontsize=label.get_fontsize(), color=label.get_color(),
        transform=axes.transAxes + ScaledTranslation(0, -below / 72, figure.dpi_scale_trans),
    )  # fmt: skip


def _shown(axis: Axis) -> list[tuple[float, str]]:
    """Return places and labels of the ticks between the ends of an axis."""
    places = [float(place) for place in axis.get_majorticklocs()]
    labels = axis.get_major_formatter().format_ticks(places)
    low, high = sorted(axis.get_view_interval())
    dust = 1e-10 * (high - low)
    return [(place, label) for place, label in zip(places, labels, strict=True) if low - dust <= place <= high + dust]


# `Any`: matplotlib types these keys one by one, and here they are put together.
def _settings() -> dict[str, Any]:
    return cast("dict[str, Any]", mpl.rcParams)


# `Any`: properties of a line, which matplotlib does not type.
def _add(axes: Axes, which: str, along: Any, across: Any, **properties: Any) -> None:
    """Add a line or marks by places along an axis and shares of the axes across it."""
    x, y = (along, across) if which == "x" else (across, along)
    transform = axes.get_xaxis_transform() if which == "x" else axes.get_yaxis_transform()
    axes.add_artist(Line2D(x, y, zorder=_BELOW, transform=transform, **{"marker": "", **properties}))
