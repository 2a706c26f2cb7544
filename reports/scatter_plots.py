"""Hidden vectors in the plane, by t-SNE: panels of the same plane side by side, a mark and a colour per class."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int64
from matplotlib.figure import Figure

from .canvas import Entry, axes_in, blank, legend, legend_room
from .planes import plane
from .svg_marks import POINTS
from .theme import MARKERS, Theme

_TOP, _HEADING, _MARGIN, _GAP = 26.0, 30.0, 8.0, 12.0


@dataclass(frozen=True)
class ScatterPanel:
    """Some of the utterances."""

    title: str
    """Of two lines at most."""
    rows: Bool[np.ndarray, " utterances"]
    """Which."""


def scatter_of_vectors(
    theme: Theme,
    vectors: Float[np.ndarray, "utterances width"],
    label: Int64[np.ndarray, " utterances"],
    panels: Sequence[ScatterPanel],
    *,
    classes: Sequence[str],
    title: str,
) -> Figure:
    """Draw vectors where t-SNE of all of them puts them; see `scatter`."""
    return scatter(theme, plane(vectors), label, panels, classes=classes, title=title)


def scatter(
    theme: Theme,
    places: Float[np.ndarray, "utterances 2"],
    label: Int64[np.ndarray, " utterances"],
    panels: Sequence[ScatterPanel],
    *,
    classes: Sequence[str],
    title: str,
) -> Figure:
    """Draw every utterance at its place, in the panels that it belongs to.

    The axes of t-SNE have no unit, and distances between groups no meaning; so there are no ticks.
    """
    columns = max(2, len(panels))
    side = (theme.width - 2 * _MARGIN - _GAP * (columns - 1)) / columns
    entries = [Entry(name, place) for place, name in enumerate(classes)]
    room = legend_room(theme, len(entries))
    height = _TOP + _HEADING + side + _MARGIN + room
    figure = blank(theme, theme.width, height)
    figure.text(_MARGIN / theme.width, 1 - 8 / height, title, va="top", fontsize=theme.points(12.1))
    for column, panel in enumerate(panels):
        left = _MARGIN + column * (side + _GAP)
        axes = axes_in(
            theme, figure, left=left, right=theme.width - left - side, top=_TOP + _HEADING, bottom=room + _MARGIN
        )
        axes.set_title(panel.title, fontsize=theme.points(10), pad=3 * theme.scale)
        axes.axis("off")
        axes.set_xlim(*_ends(places[:, 0]))
        axes.set_ylim(*_ends(places[:, 1]))
        for place in range(len(classes)):
            of_class = places[panel.rows & (label == place)]
            axes.plot(
                of_class[:, 0], of_class[:, 1], color=theme.colour(place), linestyle="none",
                marker=MARKERS[place % len(MARKERS)], markersize=3.2 * theme.scale, markeredgewidth=0, alpha=0.85,
                gid=f"{POINTS}-{column}-{place}", clip_on=False,
            )  # fmt: skip
    legend(theme, figure, entries, marks=True)
    return figure


def _ends(values: Float[np.ndarray, " utterances"]) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = 0.04 * (high - low) or 1.0
    return low - margin, high + margin
