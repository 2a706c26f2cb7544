"""Hidden vectors in the plane, by t-SNE: panels of the same plane side by side, a mark and a colour per class.

van der Maaten and Hinton, Visualizing data using t-SNE, JMLR 2008.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int64
from matplotlib.figure import Figure

from .canvas import Entry, axes_in, blank, legend, legend_room
from .theme import MARKERS, Theme

PERPLEXITY = 30.0
"""Of t-SNE; less where there are fewer than 91 utterances."""
LEAST = 10
"""Utterances below which there is nothing to see."""
_TOP, _HEADING, _MARGIN, _GAP = 26.0, 30.0, 8.0, 12.0


@dataclass(frozen=True)
class ScatterPanel:
    """Some of the utterances."""

    title: str
    """Of two lines at most."""
    rows: Bool[np.ndarray, " utterances"]
    """Which."""


def scatter(
    theme: Theme,
    vectors: Float[np.ndarray, "utterances width"],
    label: Int64[np.ndarray, " utterances"],
    panels: Sequence[ScatterPanel],
    *,
    classes: Sequence[str],
    title: str,
) -> Figure:
    """Draw every utterance where t-SNE of all of them puts it, in the panels that it belongs to.

    The axes of t-SNE have no unit, and distances between groups no meaning; so there are no ticks.
    """
    places = plane(vectors)
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
        axes.grid(visible=False)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_xlim(*_ends(places[:, 0]))
        axes.set_ylim(*_ends(places[:, 1]))
        for place in range(len(classes)):
            of_class = places[panel.rows & (label == place)]
            axes.plot(
                of_class[:, 0], of_class[:, 1], color=theme.colour(place), linestyle="none",
                marker=MARKERS[place % len(MARKERS)], markersize=3.2 * theme.scale, markeredgewidth=0, alpha=0.85,
            )  # fmt: skip
    legend(theme, figure, entries, marks=True)
    return figure


def plane(vectors: Float[np.ndarray, "utterances width"]) -> Float[np.ndarray, "utterances 2"]:
    """Return where t-SNE puts vectors; seed 0, so the same vectors lie at the same places. `LEAST` or more of them."""
    # Half a second, and only figures that nobody drew before need it.
    from sklearn.manifold import TSNE

    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    start = "pca" if min(vectors.shape) > 1 else "random"
    return np.asarray(
        TSNE(perplexity=perplexity, init=start, random_state=0, n_jobs=1).fit_transform(vectors), np.float64
    )


def _ends(values: Float[np.ndarray, " utterances"]) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = 0.04 * (high - low) or 1.0
    return low - margin, high + margin
