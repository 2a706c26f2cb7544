"""Reliability, risk over coverage, entropies and gains by removal, drawn by matplotlib."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .canvas import Entry, axes_in, blank, legend, legend_room, panel
from .contents import Bin
from .distributions import Group
from .plots import HEIGHT, Series
from .theme import CEILING_DASH, MARKERS, Theme
from .ticks import label_ticks

_TENTHS = ([0, 0.2, 0.4, 0.6, 0.8, 1], ["0", "0.2", "0.4", "0.6", "0.8", "1"])
_GAINS = ([0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.9], ["0", "0.05", "", "0.2", "0.4", "", "0.9"])
"""Ticks of a gain, which is drawn on a scale that widens what is near 0."""


@dataclass(frozen=True)
class Whole:
    """Mean confidence and accuracy of all utterances; NaN: not in the run."""

    confidence: float
    accuracy: float


def reliability(theme: Theme, bins: Sequence[Bin], whole: Whole, *, place: int) -> Figure:
    """Draw accuracy against confidence over what chance does to a calibrated model, and how many each bin holds.

    A mark is open where the accuracy is within the consistency bar of its bin, filled where it is not.
    """
    figure = blank(theme, theme.width, 350)
    upper = axes_in(theme, figure, left=46, right=10, top=26, bottom=136)
    lower = axes_in(theme, figure, left=46, right=10, top=244, bottom=40)
    _bars(theme, upper, bins)
    _accuracies(theme, upper, bins, place=place)
    ends = [(one.low, one.low + 0.9 * (one.high - one.low), one.count.value) for one in bins]
    bars = [[(low, 0.0), (high, 0.0), (high, count), (low, count)] for low, high, count in ends]
    lower.add_collection(PolyCollection(bars, facecolor=theme.colour(place), alpha=0.55, linewidth=0))
    for x, dash in ((whole.confidence, "solid"), (whole.accuracy, (0, (2, 1.5)))):
        if not math.isnan(x):
            lower.axvline(x, color=theme.ink, linestyle=dash, linewidth=1.4 * theme.scale)
    for axes in (upper, lower):
        axes.set_xlim(0, 1)
        label_ticks(axes.xaxis, *_TENTHS)
    upper.tick_params(labelbottom=False)
    upper.set_ylim(0, 1.02)
    lower.set_ylim(0, 1.05 * max((one.count.value for one in bins), default=1.0))
    lower.yaxis.set_major_locator(MaxNLocator(2, integer=True))
    upper.set_title("Accuracy")
    lower.set_title("Utterances", fontsize=theme.points(10.5), pad=3)
    lower.set_xlabel("confidence")
    return figure


def risk_coverage(theme: Theme, series: Sequence[Series]) -> Figure:
    """Draw the error rate of the surest utterances over the share that they are of all, with interval bands."""
    figure, axes = panel(theme, HEIGHT, left=46, entries=len(series))
    for order, one in enumerate(series):
        _line(theme, axes, one, every=(order % 4, 4))
    axes.set_title("Error rate of the surest utterances")
    axes.set_xlabel("share of utterances kept")
    axes.set_xlim(0, 1.01)
    label_ticks(axes.xaxis, *_TENTHS)
    axes.set_ylim(bottom=0)
    legend(theme, figure, [Entry(one.name, one.place) for one in series])
    return figure


def entropies(theme: Theme, groups: Sequence[Group], *, place: int) -> Figure:
    """Draw how the entropies of one group (shaded) and of another (outlined) are distributed; lines mark the means."""
    figure, axes = panel(theme, 200, left=46)
    widths = (0.0, 1.6 * theme.scale)
    colours = (theme.colour(place), theme.ink)
    for group, width, colour, dash in zip(groups, widths, colours, ("solid", (0, (2, 1.5))), strict=False):
        edges = np.linspace(0, 1, len(group.shares) + 1)
        axes.stairs(
            [one.value for one in group.shares],
            edges,
            color=colour,
            fill=not width,
            linewidth=width,
            alpha=1 if width else 0.4,
        )
        axes.axvline(group.mean.value, color=colour, linestyle=dash, linewidth=1.4 * theme.scale)
    names = [f"{one.name} ({how})" for one, how in zip(groups, ("shaded", "outlined"), strict=False)]
    axes.set_title(", ".join(names).capitalize())
    axes.set_xlabel("entropy as a share of log C")
    axes.set_xlim(0, 1)
    label_ticks(axes.xaxis, *_TENTHS)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    return figure


def gains(theme: Theme, kinds: Sequence[tuple[str, Sequence[Series]]]) -> Figure:
    """Draw one panel per kind of removal: how often the gold class gains more than so much, one line per model."""
    entries = list(dict.fromkeys(Entry(one.name, one.place) for _, series in kinds for one in series))
    room, left, gap = legend_room(theme, len(entries)), 46, 18
    figure = blank(theme, theme.width, HEIGHT + room)
    width = (theme.width - left - 12 - gap * (len(kinds) - 1)) / len(kinds)
    top = 0.0
    drawn = []
    for column, (kind, series) in enumerate(kinds):
        start = left + column * (width + gap)
        axes = axes_in(theme, figure, left=start, right=theme.width - start - width, top=44, bottom=40 + room)
        for order, one in enumerate(series):
            _line(theme, axes, one, every=(order % 3, 3))
        axes.set_title(kind, fontsize=theme.points(10), pad=3)
        axes.set_xscale("function", functions=(_root, np.square))
        axes.set_xlim(0, 0.95)
        label_ticks(axes.xaxis, *_GAINS)
        axes.set_xticks([], minor=True)
        axes.set_xlabel("more than")
        axes.tick_params(labelleft=column == 0)
        top = max(top, axes.get_ylim()[1])
        drawn.append(axes)
    for axes in drawn:
        axes.set_ylim(0, top)
    figure.text(
        8 / theme.width,
        1 - 8 / (HEIGHT + room),
        "How often the gold class gains",
        va="top",
        fontsize=theme.points(12.1),
    )
    legend(theme, figure, entries)
    return figure


def _root(values: np.ndarray) -> np.ndarray:
    # The axis asks for places left of 0 too.
    return np.asarray(np.sqrt(np.maximum(values, 0.0)))


def _bars(theme: Theme, axes: Axes, bins: Sequence[Bin]) -> None:
    """Draw the diagonal, and around it where the accuracy of each bin may lie by chance."""
    boxes = [
        [(one.low, low), (one.high, low), (one.high, high), (one.low, high)]
        for one in bins
        if not math.isnan(low := one.calibrated_low) and not math.isnan(high := one.calibrated_high)
    ]
    axes.add_collection(PolyCollection(boxes, facecolor=theme.muted, alpha=0.2, linewidth=0))
    axes.plot([0, 1], [0, 1], color=theme.muted, linestyle=(0, (4, 3)), linewidth=theme.scale)


def _accuracies(theme: Theme, axes: Axes, bins: Sequence[Bin], *, place: int) -> None:
    colour = theme.colour(place)
    filled = [one for one in bins if one.count.value > 0 and not math.isnan(one.accuracy.value)]
    axes.vlines(
        [one.confidence.value for one in filled],
        [one.accuracy.low for one in filled],
        [one.accuracy.high for one in filled],
        color=colour, linewidth=1.4 * theme.scale,
    )  # fmt: skip
    axes.plot(
        [one.confidence.value for one in filled], [one.accuracy.value for one in filled],
        color=colour, linewidth=1.2 * theme.scale,
    )  # fmt: skip
    for inside in (True, False):
        marked = [one for one in filled if one.as_calibrated == inside]
        axes.plot(
            [one.confidence.value for one in marked], [one.accuracy.value for one in marked],
            color=colour, marker="o", linestyle="none", markeredgewidth=1.4 * theme.scale,
            markerfacecolor=theme.surface if inside else colour,
        )  # fmt: skip


def _line(theme: Theme, axes: Axes, one: Series, *, every: tuple[int, int]) -> None:
    """Draw a line with a band; marks stand at every so manieth point, so that those of several lines do not meet."""
    x, found, colour = [x for x, _ in one.points], [figure for _, figure in one.points], theme.colour(one.place)
    low = [figure.value if math.isnan(figure.low) else figure.low for figure in found]
    high = [figure.value if math.isnan(figure.high) else figure.high for figure in found]
    axes.fill_between(x, low, high, color=colour, alpha=0.14, linewidth=0)
    axes.plot(
        x, [figure.value for figure in found], color=colour,
        linestyle=CEILING_DASH if one.place < 0 else "solid",
        marker="" if one.place < 0 else MARKERS[one.place % len(MARKERS)],
        markevery=every, zorder=3,
    )  # fmt: skip
