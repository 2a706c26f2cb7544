"""Figures of what calibration on clean validation does under stress: calibration error and confidence gap."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
from .transfer import Transfer, transfers
from .vocabulary import text_of

GROUP = "transfer"
ALL_SHOWN = 14
"""Conditions that are shown one by one; of more the one with the highest ECE of each protocol."""
_METRICS = ("ece", "signed_gap")
_APART = 9.0
"""Pixels between the marks of two models."""


@dataclass(frozen=True)
class Mark:
    """What is known of a model under a condition."""

    row: int
    model: ModelView
    figure: Result


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
    panels = [(metric, _marks(one, conditions, metric)) for metric in metrics]
    every = len(conditions) == len(one.rows)
    title = f"Calibration of {one.raw.name} under stress, raw and calibrated on clean validation"
    return FigureView(
        GROUP, data.name, one.raw.name, f"transfer-{data.name}-{one.raw.name}",
        "Calibration under stress", f"{title}, on {named(data)}", _table(one, conditions, metrics),
        lambda theme: draw(theme, names, panels, _models(one)),
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


def _marks(one: Transfer, conditions: Sequence[str], metric: str) -> tuple[Mark, ...]:
    return tuple(
        Mark(row, model, figure)
        for row, text in enumerate(conditions)
        for model in _models(one)
        if (figure := model.results(text).get(metric)) is not None
    )


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


def draw(
    theme: Theme, names: Sequence[str], panels: Sequence[tuple[str, Sequence[Mark]]], models: Sequence[ModelView]
) -> Figure:
    """Draw one row per condition and one panel per metric, with intervals; dotted: noise floors (95th percentile)."""
    step = max(_APART * len(models) + 12, LINE * lines_of(names) + 6)
    left, gap, room = label_room(names, theme), 18, legend_room(theme, len(models))
    width = (theme.width - left - 12 - gap * (len(panels) - 1)) / len(panels)
    figure = blank(theme, theme.width, 66 + step * len(names) + room)
    for column, (metric, marks) in enumerate(panels):
        start = left + column * (width + gap)
        axes = axes_in(theme, figure, left=start, right=theme.width - start - width, top=28, bottom=38 + room)
        _panel(theme, axes, marks, models, offset=_APART / step)
        axes.set_yticks(range(len(names)), names if column == 0 else [])
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


def _panel(theme: Theme, axes: Axes, marks: Sequence[Mark], models: Sequence[ModelView], *, offset: float) -> None:
    shifts = {model.name: (order - (len(models) - 1) / 2) * offset for order, model in enumerate(models)}
    for one in marks:
        y, colour = one.row + shifts[one.model.name], theme.colour(one.model.place)
        axes.plot([one.figure.low, one.figure.high], [y, y], color=colour, linewidth=1.4 * theme.scale)
        axes.plot(
            [one.figure.value], [y], color=colour, marker=MARKERS[one.model.place % len(MARKERS)], markeredgewidth=0,
            markersize=5 * theme.scale,
        )  # fmt: skip
        axes.plot(
            [one.figure.floor_high] * 2, [y - 0.5 * offset, y + 0.5 * offset], color=colour, linestyle=":",
            linewidth=1.6 * theme.scale,
        )  # fmt: skip
