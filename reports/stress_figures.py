"""Figures over conditions: degradation curves, and conditions side by side."""

from . import plots
from .contents import Curve, DataView, ModelView
from .figure_views import FigureView, TableView, named
from .numbers import interval, number, short
from .plots import Series
from .results import Result
from .vocabulary import text_of


def curve_figure(data: DataView, curve: Curve, metric: str) -> FigureView:
    """Return a metric over the severity of a curve, all models together."""
    title = text_of(metric).title
    series = tuple(
        Series(model.name, model.place, points) for model in data.models if (points := _points(model, curve, metric))
    )
    has_floor = metric == "ece"
    rows = tuple(
        (
            *(one.name, short(severity), number(found.value), interval(found.low, found.high)),
            *([number(found.floor_high)] if has_floor else []),
        )
        for one in series
        for severity, found in one.points
    )
    floor = ("noise floor, 95th percentile",) if has_floor else ()
    head = ("model", curve.argument, title, "95 % interval", *floor)
    return FigureView(
        "curves", data.name, "", f"curve-{data.name}-{curve.family}-{metric}",
        f"{title} along {curve.family}", f"{title} along {curve.family}, on {named(data)}",
        TableView(head, rows),
        lambda theme: plots.curve(
            theme, series, title=title, argument=curve.argument, unit_range=metric == "weighted_f1"
        ),
    )  # fmt: skip


def conditions_figure(data: DataView, metric: str) -> FigureView:
    """Return a metric under each condition that is on no curve, all models together."""
    labels = _labels(data)
    title = text_of(metric).title
    conditions = [condition.text for condition in data.other]
    series = tuple(
        Series(model.name, model.place, tuple(points))
        for model in data.models
        if (points := _marks(model, conditions, metric))
    )
    rows = tuple(
        (one.name, conditions[int(place)], number(found.value), interval(found.low, found.high))
        for one in series
        for place, found in one.points
    )
    names = [labels[text] for text in conditions]
    return FigureView(
        "conditions", data.name, "", f"conditions-{data.name}-{metric}",
        f"{title} by condition", f"{title} by condition, on {named(data)}",
        TableView(("model", "condition", title, "95 % interval"), rows),
        lambda theme: plots.intervals(theme, names, series, title=title, unit_range=metric == "weighted_f1"),
    )  # fmt: skip


def _points(model: ModelView, curve: Curve, metric: str) -> tuple[tuple[float, Result], ...]:
    found = ((severity, model.results(condition).get(metric)) for severity, condition in curve.rungs)
    return tuple((severity, figure) for severity, figure in found if figure is not None)


def _marks(model: ModelView, conditions: list[str], metric: str) -> list[tuple[float, Result]]:
    found = ((float(place), model.results(text).get(metric)) for place, text in enumerate(conditions))
    return [(place, figure) for place, figure in found if figure is not None]


def _labels(data: DataView) -> dict[str, str]:
    return {row.condition.text: row.label for model in data.models for row in model.rows}
