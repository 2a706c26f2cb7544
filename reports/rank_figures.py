"""Critical-difference diagrams: average ranks of models over data sets, bars over those that are not told apart.

Demšar, Statistical comparisons of classifiers over multiple data sets, JMLR 2006, Figure 1.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .canvas import cut, label_room, panel
from .figure_views import FigureView, TableView
from .figures import unique_slugs
from .numbers import number
from .plots import LINE
from .ranks import AverageRanks, rank_sentence
from .theme import Theme

_ABOVE, _ROW, _LANE = 52.0, 18.0, 7.0
"""Pixels: above the axis of ranks, per model, per lane of bars."""
_MOST_TICKS = 12
_TITLE = 42
"""Characters of a title in a line."""


def rank_figures(those: Iterable[AverageRanks]) -> tuple[FigureView, ...]:
    """Return one diagram per metric."""
    return tuple(unique_slugs(map(_figure, those)))


def lanes(one: AverageRanks) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """Return the groups by lane, such that bars in one lane do not meet."""
    found: list[list[tuple[str, ...]]] = []
    for group in one.groups:
        free = (lane for lane in found if one.ranks[lane[-1][-1]] + 2 * _margin(one) < one.ranks[group[0]])
        lane = next(free, None)
        if lane is None:
            found.append([group])
        else:
            lane.append(group)
    return tuple(map(tuple, found))


def diagram(theme: Theme, one: AverageRanks) -> Figure:
    """Draw the axis of ranks, 1 at the left, a stem from each model's rank to its name, and a bar over each group."""
    groups = lanes(one)
    first_row = 16 + _LANE * len(groups)
    height = first_row + _ROW * (len(one.ranks) - 0.5)
    title = fill(f"Average rank by {one.title}, clean input", _TITLE)
    top, left = 26 + LINE * title.count("\n"), label_room([*one.ranks], theme)
    figure, axes = panel(theme, height + _ABOVE + 8 + top, left=left, right=20, top=top, bottom=8)
    margin = _margin(one)
    axes.set_xlim(1 - margin, len(one.ranks) + margin)
    axes.set_ylim(height, -_ABOVE)
    axes.axis("off")
    # From the left end of the figure: beside long names the axes are too narrow for it.
    axes.set_title(title, loc="left", x=(6 - left) / (theme.width - left - 20))
    _axis(theme, axes, one)
    for row, (model, rank) in enumerate(one.ranks.items()):
        y = first_row + _ROW * row
        axes.plot([1 - margin, rank, rank], [y, y, 0], color=theme.muted, linewidth=theme.scale, label="_stem")
        axes.plot([rank], [0], color=theme.ink, marker="o", label="_model")
        axes.annotate(
            cut(model), (1 - margin, y), (-5 * theme.scale, 0), textcoords="offset points", ha="right", va="center"
        )
    for place, lane in enumerate(groups):
        for group in lane:
            ends = (one.ranks[group[0]] - margin / 2, one.ranks[group[-1]] + margin / 2)
            y = 9 + _LANE * place
            axes.plot(ends, [y, y], color=theme.colour(0), linewidth=3.6 * theme.scale, label="_group")
    return figure


def _margin(one: AverageRanks) -> float:
    """Return by how much, in ranks, the drawing is wider than the axis; bars are longer than their ranks by half."""
    return 0.04 * (len(one.ranks) - 1)


def _axis(theme: Theme, axes: Axes, one: AverageRanks) -> None:
    """Draw the axis with its ticks and, above it, how long the critical difference is."""

    def line(x: Sequence[float], y: Sequence[float], label: str) -> None:
        axes.plot(x, y, color=theme.muted, linewidth=theme.scale, label=label)

    def text(x: float, y: float, words: str, *, centred: bool) -> None:
        where = "center" if centred else "left"
        axes.text(x, y, words, ha=where, va="bottom", color=theme.ink, fontsize=theme.points(10))

    last = len(one.ranks)
    line((1, last), (0, 0), "_axis")
    for tick in range(1, last + 1) if last <= _MOST_TICKS else (1, *range(5, last + 1, 5)):
        line((tick, tick), (0, -4), "_tick")
        text(tick, -7, str(tick), centred=True)
    if one.some_differ:
        ends, y = (1, 1 + one.critical_difference), -27
        line(ends, (y, y), "_critical difference")
        for x in ends:
            line((x, x), (y - 3, y + 3), "_end")
        text(1, y - 5, f"critical difference {number(one.critical_difference, decimals=2)}", centred=False)


def _figure(one: AverageRanks) -> FigureView:
    rows = tuple((model, number(rank, decimals=2), _groups(one, model)) for model, rank in one.ranks.items())
    return FigureView(
        "ranks", "", "", f"ranks-{one.metric}",
        f"Average ranks by {one.title} on clean input", rank_sentence(one).removesuffix("."),
        TableView(("model", "average rank", "not told apart from"), rows),
        partial(diagram, one=one),
    )  # fmt: skip


def _groups(one: AverageRanks, model: str) -> str:
    """Return the models that one is not told apart from."""
    others = dict.fromkeys(other for group in one.groups if model in group for other in group if other != model)
    return ", ".join(others) or "none"
