"""CEL and uncertain shares by removal: modalities beside contexts, all models together, the floor marked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .canvas import Entry, axes_in, blank, label_room, legend, legend_room, lines_of, wrapped
from .contents import DataView, Removal
from .figure_views import FigureView, TableView, named
from .numbers import MISSING
from .plots import LINE
from .results import Result
from .theme import CEILING_DASH, MARKERS, Theme
from .ticks import label_ticks
from .vocabulary import CONTEXTS

GROUP = "cel"
_ORDER = {"modalities": 1, **dict.fromkeys(CONTEXTS, 2), "contexts": 3, "all": 4}
"""Of removals; single modalities come first."""
_CEILING = "Dashed: the exact posterior, which gains by chance only."


@dataclass(frozen=True)
class Asked:
    """A model as the figure knows it; no more, so that equal figures are known again."""

    name: str
    place: int
    reference: bool


@dataclass(frozen=True)
class Row:
    """One removal, with the figures of those that were asked."""

    label: str
    kind: int
    """Where it belongs: see `_ORDER`."""
    found: tuple[tuple[Asked, Removal], ...]


def removal_rows(data: DataView) -> tuple[Row, ...]:
    """Return one row per removal: modalities, all of them, contexts, both of them, everything."""
    found: dict[tuple[str, str], list[tuple[Asked, Removal]]] = {}
    for model in data.models:
        asked = Asked(model.name, model.place, model.reference)
        for removal in model.removals:
            if removal.cel is not None:
                found.setdefault((removal.part, removal.how), []).append((asked, removal))
    ways: dict[str, int] = {}
    for part, _ in found:
        ways[part] = ways.get(part, 0) + 1
    rows = (
        Row(f"{part}, {how}" if ways[part] > 1 else part, _ORDER.get(part, 0), tuple(those))
        for (part, how), those in found.items()
    )
    return tuple(sorted(rows, key=lambda row: row.kind))


def cel_figures(data: DataView) -> Iterator[FigureView]:
    """Yield the figure of a data set, where there are removals."""
    rows = removal_rows(data)
    if rows:
        yield FigureView(
            GROUP, data.name, "", f"cel-{data.name}",
            "CEL and uncertain shares by removal",
            f"CEL and share of uncertain utterances by what is removed, on {named(data)}",
            TableView(("model", "removed", "CEL", "95 % interval", "uncertain share", "95 % interval"), _table(rows)),
            partial(draw, rows=rows),
            shown=_CEILING if any(model.reference for model in _models(rows)) else "",
        )  # fmt: skip


def cel_legend(data: DataView) -> tuple[tuple[str, int], ...]:
    """Return name and place of the models that the figure shows."""
    return tuple((model.name, model.place) for model in _models(removal_rows(data)))


def draw(theme: Theme, rows: Sequence[Row]) -> Figure:
    """Draw a bar for CEL and a mark for the uncertain share of every model and removal, with intervals."""
    models = _models(rows)
    labels = [wrapped(row.label) for row in rows]
    bars = sum(not model.reference for model in models)
    step = max(9.0 * max(bars, 1) + 10, LINE * lines_of(labels) + 6)
    left, gap, room = label_room(labels, theme), 16, legend_room(theme, len(models))
    shares = any(removal.uncertain for row in rows for _, removal in row.found)
    titles = ("CEL", "Uncertain share")[: 1 + shares]
    width = (theme.width - left - 12 - gap * (len(titles) - 1)) / len(titles)
    figure = blank(theme, theme.width, 66 + step * len(rows) + room)
    for column, title in enumerate(titles):
        start = left + column * (width + gap)
        axes = axes_in(theme, figure, left=start, right=theme.width - start - width, top=28, bottom=38 + room)
        _draw(theme, axes, rows, models, share=title != "CEL", offset=9.0 / step)
        label_ticks(axes.yaxis, range(len(rows)), labels)
        axes.tick_params(labelleft=column == 0)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(left=0)
        axes.xaxis.set_major_locator(MaxNLocator(3))
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
        axes.set_title(title)
    legend(theme, figure, [Entry(model.name, model.place) for model in models])
    return figure


def _draw(
    theme: Theme, axes: Axes, rows: Sequence[Row], models: Sequence[Asked], *, share: bool, offset: float
) -> None:
    for y, row in enumerate(rows):
        if y and (rows[y - 1].kind < 2 <= row.kind or row.kind == _ORDER["all"]):
            axes.axhline(y - 0.5, color=theme.muted, linewidth=0.8 * theme.scale)
    middle = (sum(not model.reference for model in models) - 1) / 2
    for order, model in enumerate(models):
        told = [
            (y, figure)
            for y, row in enumerate(rows)
            for one, removal in row.found
            if one == model and (figure := removal.uncertain if share else removal.cel)
        ]
        if model.reference:
            for y, found in told:
                axes.plot(
                    [found.value] * 2, [y - 0.42, y + 0.42],
                    color=theme.ink, linestyle=CEILING_DASH, linewidth=1.6 * theme.scale,
                )  # fmt: skip
        else:
            at = [(y + (order - middle) * offset, found) for y, found in told]
            _mark(theme, axes, at, model.place, offset * (not share))


def _mark(theme: Theme, axes: Axes, told: Sequence[tuple[float, Result]], place: int, height: float) -> None:
    """Draw the figures of a model, each at its height."""
    colour, at, values = theme.colour(place), [y for y, _ in told], [found.value for _, found in told]
    if height:
        axes.barh(at, values, height=0.86 * height, color=colour, alpha=0.4, linewidth=0)
    lows, highs = [found.low for _, found in told], [found.high for _, found in told]
    axes.hlines(at, lows, highs, color=colour, linewidth=1.4 * theme.scale, zorder=2, capstyle="projecting")
    axes.plot(
        values, at, color=colour, linestyle="none", marker=MARKERS[place % len(MARKERS)], markeredgewidth=0,
        markersize=4.5 * theme.scale,
    )  # fmt: skip


def _models(rows: Sequence[Row]) -> tuple[Asked, ...]:
    """Return the models that have figures, the floor last."""
    found = {model.name: model for row in rows for model, _ in row.found}
    return tuple(sorted(found.values(), key=lambda model: (model.reference, model.place)))


def _table(rows: Sequence[Row]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (model.name, row.label, *_cells(removal.cel), *_cells(removal.uncertain))
        for row in rows
        for model, removal in row.found
    )


def _cells(found: Result | None) -> tuple[str, str]:
    return (found.shown.value, found.shown.interval or MISSING) if found else (MISSING, MISSING)
