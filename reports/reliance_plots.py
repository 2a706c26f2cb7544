"""Weight of a modality against its Shapley share, drawn by matplotlib."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.figure import Figure

from .canvas import Entry, legend, panel
from .results import Result
from .theme import MARKERS, Theme


class Mark(NamedTuple):
    """One model."""

    name: str
    place: int
    """For colour and mark; −1: the ceiling."""
    weight: Result
    share: Result


def weight_against_share(theme: Theme, marks: Sequence[Mark], *, title: str) -> Figure:
    """Draw one mark per model with both intervals; on the dashed line weight and share are the same."""
    figure, axes = panel(theme, 250, left=48, bottom=44, entries=len(marks))
    axes.plot([0, 1], [0, 1], color=theme.muted, linestyle=(0, (4, 3)), linewidth=theme.scale)
    for mark in marks:
        colour, x, y = theme.colour(mark.place), mark.weight, mark.share
        axes.plot([x.low, x.high], [y.value, y.value], color=colour, linewidth=1.4 * theme.scale)
        axes.plot([x.value, x.value], [y.low, y.high], color=colour, linewidth=1.4 * theme.scale)
        axes.plot(
            [x.value], [y.value], color=colour, marker=MARKERS[mark.place % len(MARKERS)], markersize=6 * theme.scale
        )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_title(title)
    axes.set_xlabel("mean weight")
    axes.set_ylabel("mean Shapley share")
    legend(theme, figure, [Entry(mark.name, mark.place) for mark in marks])
    return figure
