"""Figures of what calibration on clean validation does under stress: calibration error and confidence gap."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .canvas import Entry, axes_in, blank, label_room, legend, legend_room, lines_of, wrapped
from .contents import DataView, ModelView, label_of
from .figure_views import FigureView, TableView, modality_first, named
from .numbers import MISSING
from .plots import LINE
from .results import Result
from .stress_contents import CLEAN
from .theme import MARKERS, Theme
from .ticks import label_ticks
from .transfer import Transfer, transfers
from .vocabulary import text_of

GROUP = "transfer"
ALL_SHOWN = 14
"""Conditions that are shown one by one; of more the one with the highest ECE of each protocol."""
_METRICS = ("ece", "signed_gap")
_APART = 9.0
"""Pixels between the marks of two models."""


@dataclass(frozen=True)
class Marks:
    """What is known of one model."""

    name: str
    place: int
    """For colour and mark."""
    points: tuple[tuple[int, Result], ...]
    """Row of the condition, and the figure."""


def transfer_figures(data: DataView) -> Iterator[FigureView]:
    """Yield a figure for each model that the run holds both raw and calibrated."""
    for one in transfers(data):
        metrics = tuple(metric for metric in _METRICS if metric in one.metrics)
        if metrics:
            yield _figure(data, one, metrics)


def transfer_legend(data: DataView, raw: str) -> tuple[tuple[str, int], ...]:
    """Return name and place of a model and of the same with calibrators."""
    return tuple((model.name, model.place) for one in transfers(data) if one.raw.name == raw for model in _models(one))


def _models(one: Transfer) -> tuple[ModelView, ...]:
    return (one.raw, *one.calibrated)


def _figure(data: DataView, one: Transfer, metrics: Sequence[str]) -> FigureView:
    conditions = _conditions(data, one, metrics[0])
    records = {record.text: record for record in data.conditions}
    # Several protocols have conditions of equal arguments.
    short = len(data.stresses) == 1
    names = [wrapped(modality_first(label_of(records[text]) if short else text)) for text in conditions]
    panels = tuple((metric, tuple(_marks(model, conditions, metric) for model in _models(one))) for metric in metrics)
    every = len(conditions) == len(one.rows)
    title = f"Calibration of {one.raw.name} under stress, raw and calibrated on clean validation"
    return FigureView(
        GROUP, data.name, one.raw.name, f"transfer-{data.name}-{one.raw.name}",
        "Calibration under stress", f"{title}, on {named(data)}", _table(one, conditions, metrics),
        partial(draw, names=names, panels=panels),
        one.raw.name,
        "All conditions are shown." if every else "Of each protocol the condition with the highest ECE is shown.",
    )  # fmt: skip


def _conditions(data: DataView, one: Transfer, metric: str) -> tuple[str, ...]:
    """Return the conditions to show, clean input first."""
    texts = [text for text, _ in one.rows]
    if len(texts) <= ALL_SHOWN:
        return tuple(texts)
    worst = {text: max((abs(r[metric].value) for m in _models(one) if metric in (r := m.results(text))), default=-1.0)
             for text in texts}  # fmt: skip
    groups = [[own.text for own in stress.conditions if own.text in worst] for stress in data.stresses]
    chosen = {CLEAN, *(max(group, key=lambda text: worst[text]) for group in groups if group)}
    return tuple(text for text in texts if text in chosen)


def _marks(model: ModelView, conditions: Sequence[str], metric: str) -> Marks:
    found = ((row, model.results(text).get(metric)) for row, text in enumerate(conditions))
    return Marks(model.name, model.place, tuple((row, figure) for row, figure in found if figure is not None))


def _table(one: Transfer, conditions: Sequence[str], metrics: Sequence[str]) -> TableView:
    head = ["model", "condition"]
    for metric in metrics:
        head += [text_of(metric).title, "95 % interval", *["noise floor, 95th percentile"] * (metric == "ece")]
    rows = (
        (model.name, text, *(cell for metric in metrics for cell in _cells(model.results(text).get(metric), metric)))
        for text in conditions
        for model in _models(one)
    )
    return TableView(tuple(head), tuple(rows))


def _cells(figure: Result | None, metric: str) -> tuple[str, ...]:
    with_floor = metric == "ece"
    if figure is None:
        return (MISSING,) * (2 + with_floor)
    shown = figure.shown if with_floor else figure.signed
    return (shown.value, shown.interval or MISSING, *[figure.beside(figure.floor_high)] * with_floor)


def draw(theme: Theme, names: Sequence[str], panels: Sequence[tuple[str, Sequence[Marks]]]) -> Figure:
    """Draw one row per condition and one panel per metric, with intervals; dotted: noise floors (95th percentile)."""
    models = panels[0][1]
    step = max(_APART * len(models) + 12, LINE * lines_of(names) + 6)
    left, gap, room = label_room(names, theme), 18, legend_room(theme, len(models))
    width = (theme.width - left - 12 - gap * (len(panels) - 1)) / len(panels)
    figure = blank(theme, theme.width, 66 + step * len(names) + room)
    for column, (metric, marks) in enumerate(panels):
        start = left + column * (width + gap)
        axes = axes_in(theme, figure, left=start, right=theme.width - start - width, top=28, bottom=38 + room)
        _panel(theme, axes, marks, offset=_APART / step)
        label_ticks(axes.yaxis, range(len(names)), names)
        axes.tick_params(labelleft=column == 0)
        axes.set_ylim(len(names) - 0.5, -0.5)
        # Signs make labels wider.
        axes.xaxis.set_major_locator(MaxNLocator(3 if metric == "ece" else 2))
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
        axes.set_title(text_of(metric).title)
        if metric == "ece":
            axes.set_xlim(left=0)
        else:
            axes.axvline(0, color=theme.muted, linestyle=(0, (4, 3)), linewidth=theme.scale)
    legend(theme, figure, [Entry(model.name, model.place) for model in models], marks=True)
    return figure


def _panel(theme: Theme, axes: Axes, models: Sequence[Marks], *, offset: float) -> None:
    for order, one in enumerate(models):
        shift, colour = (order - (len(models) - 1) / 2) * offset, theme.colour(one.place)
        at, found = [row + shift for row, _ in one.points], [figure for _, figure in one.points]
        axes.hlines(
            at, [figure.low for figure in found], [figure.high for figure in found], color=colour,
            linewidth=1.4 * theme.scale, capstyle="projecting",
        )  # fmt: skip
        axes.plot(
            [figure.value for figure in found], at, color=colour, linestyle="none",
            marker=MARKERS[one.place % len(MARKERS)], markeredgewidth=0, markersize=5 * theme.scale,
        )  # fmt: skip
        axes.vlines(
            [figure.floor_high for figure in found], [y - 0.5 * offset for y in at], [y + 0.5 * offset for y in at],
            color=colour, linestyle=":", linewidth=1.6 * theme.scale,
        )  # fmt: skip
