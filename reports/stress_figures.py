"""Figures over conditions: degradation curves, and conditions side by side."""

from collections.abc import Iterable, Sequence
from functools import partial

from . import plots
from .canvas import wrapped
from .contents import DataView, ModelView, label_of
from .curve_plots import Panel, curves
from .figure_views import FigureView, TableView, modality_first, named
from .numbers import MISSING, spread
from .plots import Series
from .results import Result
from .stress_contents import CLEAN, Curve, Stress
from .vocabulary import UNITS, text_of

DRAWS = ("± over draws",)
"""Heads of the columns of tables of numbers that only conditions drawn several times need."""


def curve_figure(data: DataView, bundle: Sequence[Curve], metric: str) -> FigureView:
    """Return a metric over the severity of curves that share protocol and argument, all models together."""
    title, protocol, argument = text_of(metric).title, bundle[0].protocol, bundle[0].argument
    panels = tuple(
        Panel(
            _panel_title(curve, bundle),
            tuple(_series(data, curve, metric)),
            {rung.severity: rung.label for rung in curve.rungs},
        )
        for curve in bundle
    )
    axis = f"{argument} ({UNITS[argument]})" if argument in UNITS else argument
    what = f"{title} along {bundle[0].family if len(bundle) == 1 else f'{protocol}, by {argument}'}"
    return FigureView(
        "curves", data.name, "", f"curve-{data.name}-{protocol}-{argument}-{metric}",
        what, f"{what}, on {named(data)}", _curve_table(data, bundle, metric),
        partial(curves, panels=panels, title=title, argument=axis, unit_range=metric == "weighted_f1"),
        protocol,
    )  # fmt: skip


def cells_of(figure: Result, *, with_draws: bool) -> tuple[str, ...]:
    """Return figure and interval as cells of a table of numbers, and what is under `DRAWS` where that is wanted."""
    shown = (figure.shown.value, figure.shown.interval or MISSING)
    return (*shown, spread(figure.draw_sd)) if with_draws else shown


def conditions_figure(data: DataView, stress: Stress, metric: str) -> FigureView:
    """Return a metric under clean input and each condition of a protocol that is on no curve, all models together."""
    title = text_of(metric).title
    conditions = [data.conditions[0], *stress.off_curves]
    marks = [(model, _marks(model, [condition.text for condition in conditions], metric)) for model in data.models]
    series = tuple(
        Series(model.name, model.place, tuple(points))
        for model, points in marks
        # Clean input alone says nothing of the protocol: where the exact posterior is not known there is no ceiling.
        if any(place for place, _ in points)
    )
    with_draws = any(found.draw_sd == found.draw_sd for one in series for _, found in one.points)
    rows = tuple(
        (one.name, conditions[int(place)].text, *cells_of(found, with_draws=with_draws))
        for one in series
        for place, found in one.points
    )
    names = [wrapped(modality_first(label_of(condition))) for condition in conditions]
    what = f"{title} under {stress.protocol}"
    return FigureView(
        "conditions", data.name, "", f"conditions-{data.name}-{stress.protocol}-{metric}",
        what, f"{what}, on {named(data)}",
        TableView(("model", "condition", title, "95 % interval", *DRAWS * with_draws), rows),
        partial(plots.intervals, rows=names, series=series, title=title, unit_range=metric == "weighted_f1"),
        stress.protocol,
    )  # fmt: skip


def _panel_title(curve: Curve, bundle: Sequence[Curve]) -> str:
    """Name a curve among others; one that says nothing of the modality is of all."""
    if len(bundle) == 1:
        return ""
    modality = any("modality=" in other.label for other in bundle) and "modality=" not in curve.label
    return ", ".join(filter(None, ("all modalities" * modality, modality_first(curve.label)))) or "as standard"


def _series(data: DataView, curve: Curve, metric: str) -> Iterable[Series]:
    for model in data.models:
        found = ((rung.severity, model.results(rung.condition).get(metric)) for rung in curve.rungs)
        points = tuple((severity, figure) for severity, figure in found if figure is not None)
        # Clean input alone is no curve: where the exact posterior is not known there is no ceiling.
        if any(severity for severity, _ in points):
            yield Series(model.name, model.place, points)


def _curve_table(data: DataView, bundle: Sequence[Curve], metric: str) -> TableView:
    found = [
        (model.name, curve, rung, figure)
        for curve in bundle
        for model in data.models
        for rung in curve.rungs
        if (figure := model.results(rung.condition).get(metric)) is not None
        and any(metric in model.results(other.condition) for other in curve.rungs if other.condition != CLEAN)
    ]
    several, with_floor = len(bundle) > 1, metric == "ece"
    with_draws = any(figure.draw_sd == figure.draw_sd for *_, figure in found)
    rows = tuple(
        (
            name,
            *([_panel_title(curve, bundle)] if several else []),
            rung.label,
            *cells_of(figure, with_draws=with_draws),
            *([figure.beside(figure.floor_high)] if with_floor else []),
        )
        for name, curve, rung, figure in found
    )
    head = ("model", *("curve",) * several, bundle[0].argument, text_of(metric).title, "95 % interval")
    return TableView((*head, *DRAWS * with_draws, *("noise floor, 95th percentile",) * with_floor), rows)


def _marks(model: ModelView, conditions: list[str], metric: str) -> list[tuple[float, Result]]:
    found = ((float(place), model.results(text).get(metric)) for place, text in enumerate(conditions))
    return [(place, figure) for place, figure in found if figure is not None]
