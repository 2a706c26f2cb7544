"""How steady predictions are: flip rates beside that of the gold classes, and churn."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import nan

from matplotlib.figure import Figure

from ..benchmark.run_record import ConditionRecord
from .canvas import cut, label_room, panel
from .contents import DataView, ModelView
from .figure_views import FigureView, TableView, named
from .numbers import MISSING
from .results import Result
from .stress_contents import CLEAN
from .stresses import protocol_of
from .theme import MARKERS, Theme
from .ticks import label_ticks
from .vocabulary import text_of

GROUP = "stability"
_METRICS = ("flip_rate", "churn")
_STEP = 30
"""Pixels of the row of a model."""


@dataclass(frozen=True)
class FlipRow:
    """One condition."""

    condition: str
    gold: Result | None
    """Flip rate of the gold classes."""
    models: tuple[tuple[Result | None, Result | None], ...]
    """Flip rate and churn of each model."""


@dataclass(frozen=True)
class Spread:
    """One metric of one model over all conditions."""

    model: str
    place: int
    """For colour and mark; −1: the ceiling."""
    clean: Result | None
    stressed: tuple[tuple[str, Result], ...]
    """Condition and figure, lowest first."""


def flip_rows(data: DataView) -> tuple[FlipRow, ...]:
    """Return flip rates and churn by condition, those of a protocol together; without any figure left out."""
    found = []
    for condition in _by_protocol(data.conditions):
        results = [model.results(condition.text) for model in data.models]
        if any("flip_rate" in one for one in results):
            gold = next((one["gold_flip_rate"] for one in results if "gold_flip_rate" in one), None)
            # Gold classes are the same whatever was drawn.
            gold = None if gold is None else replace(gold, draw_sd=nan)
            found.append(FlipRow(condition.text, gold, tuple(_pair(condition.text, one) for one in results)))
    return tuple(found)


def _by_protocol(conditions: Sequence[ConditionRecord]) -> list[ConditionRecord]:
    """Return the conditions in their order, but each with the first of its protocol: some were added to a run later."""
    order = list(dict.fromkeys(protocol_of(one.text) for one in conditions))
    return sorted(conditions, key=lambda one: order.index(protocol_of(one.text)))


def _pair(condition: str, results: Mapping[str, Result]) -> tuple[Result | None, Result | None]:
    # Against itself churn is 0, and no finding.
    return results.get("flip_rate"), None if condition == CLEAN else results.get("churn")


def stability_figures(data: DataView) -> Iterator[FigureView]:
    """Yield flip rate and churn of each model over all conditions, where there are any but clean input."""
    for metric in _METRICS:
        spreads = tuple(_spread(model, metric) for model in data.models)
        shown = tuple(one for one in spreads if one.stressed)
        if shown:
            yield _figure(data, metric, shown)


def _figure(data: DataView, metric: str, shown: tuple[Spread, ...]) -> FigureView:
    title = text_of(metric).title
    rows = flip_rows(data)
    gold = rows[0].gold if metric == "flip_rate" and rows else None
    what = f"{title} over all conditions"
    note = "" if gold is None else f"The dashed line is the gold classes' own: {gold.shown.value}."
    return FigureView(
        GROUP, data.name, "", f"stability-{data.name}-{metric}", what, f"{what}, on {named(data)}", _table(shown),
        partial(_draw, shown=shown, title=title, gold=None if gold is None else gold.value), shown=note,
    )  # fmt: skip


def _spread(model: ModelView, metric: str) -> Spread:
    stressed = [(row.condition.text, row.results[metric]) for row in model.rows if metric in row.results]
    under = sorted((pair for pair in stressed if pair[0] != CLEAN), key=lambda pair: pair[1].value)
    # Against itself churn is 0, and no finding.
    return Spread(model.name, model.place, None if metric == "churn" else model.clean.get(metric), tuple(under))


def _table(shown: tuple[Spread, ...]) -> TableView:
    def cells(one: Spread) -> tuple[str, ...]:
        clean = (one.clean.shown.value, one.clean.shown.interval) if one.clean else ("", "")
        (low_at, low), (high_at, high) = one.stressed[0], one.stressed[-1]
        return (
            one.model,
            *(text or MISSING for text in clean),
            low.shown.value,
            low_at,
            high.shown.value,
            high_at,
        )

    head = ("model", "clean", "95 % interval", "lowest", "under", "highest", "under")
    return TableView(head, tuple(map(cells, shown)))


def _draw(theme: Theme, shown: tuple[Spread, ...], *, title: str, gold: float | None) -> Figure:
    names = [cut(one.model) for one in shown]
    figure, axes = panel(theme, 70 + _STEP * len(shown), left=label_room(names, theme))
    if gold is not None:
        axes.axvline(gold, color=theme.muted, linestyle=(0, (4, 3)), linewidth=theme.scale)
    for row, one in enumerate(shown):
        colour = theme.colour(one.place)
        values = [figure.value for _, figure in one.stressed]
        axes.plot([values[0], values[-1]], [row, row], color=colour, linewidth=theme.scale, alpha=0.6)
        axes.plot(
            values,
            [row] * len(values),
            color=colour,
            linestyle="none",
            marker="|",
            markersize=11 * theme.scale,
            clip_on=False,
        )
        if one.clean:
            axes.plot([one.clean.low, one.clean.high], [row - 0.3] * 2, color=colour, linewidth=1.4 * theme.scale)
            marker = "d" if one.place < 0 else MARKERS[one.place % len(MARKERS)]
            axes.plot([one.clean.value], [row - 0.3], color=colour, marker=marker, markeredgewidth=0)
    label_ticks(axes.yaxis, range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.set_title(title)
    axes.set_xlim(left=0)
    return figure
