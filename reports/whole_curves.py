"""Figures of whole curves: one table per metric, and of a worst rung where on the curve it is."""

from dataclasses import dataclass

from .contents import DataView, ModelView
from .results import Result
from .stress_contents import Curve
from .vocabulary import arguments_of, text_of


@dataclass(frozen=True)
class CurveCell:
    """One model along one curve."""

    figure: Result | None
    where: str
    """Of a worst rung: its label; empty: not one, or not known."""


@dataclass(frozen=True)
class CurveTable:
    """One metric of whole curves."""

    metric: str
    worst: bool
    """Whether its cells say where."""
    rows: tuple[tuple[Curve, tuple[CurveCell, ...]], ...]
    """Curve, and a cell for each model."""


def curve_tables(data: DataView) -> tuple[CurveTable, ...]:
    """Return the metrics of whole curves that the run has, worst rungs first."""
    metrics = dict.fromkeys(metric for _, _, metric in data.summaries)
    ordered = sorted(metrics, key=lambda metric: not _is_worst(metric))
    return tuple(
        CurveTable(
            metric,
            _is_worst(metric),
            tuple((curve, tuple(_cell(data, model, curve, metric) for model in data.models)) for curve in data.curves),
        )
        for metric in ordered
    )


def _is_worst(metric: str) -> bool:
    return metric.partition(":")[0] == "worst_rung"


def _cell(data: DataView, model: ModelView, curve: Curve, metric: str) -> CurveCell:
    figure = data.summaries.get((model.name, curve.family, metric))
    if figure is None or not _is_worst(metric):
        return CurveCell(figure, "")
    # Inside another metric's text arguments are separated by `/`.
    inner = arguments_of(metric).get("metric", "weighted_f1").replace("/", ",")
    return CurveCell(figure, _worst_rung(model, curve, inner))


def _worst_rung(model: ModelView, curve: Curve, metric: str) -> str:
    """Return the label of the rung whose mean over seeds is worst, of equal ones the mildest; empty: not known."""
    found = [
        (model.results(rung.condition)[metric].value, rung.label)
        for rung in curve.rungs[1:]
        if metric in model.results(rung.condition)
    ]
    if not found:
        return ""
    better = text_of(metric.partition(":")[0]).better
    if better == "higher":
        return min(found, key=lambda one: one[0])[1]
    return max(found, key=lambda one: one[0] if better == "lower" else abs(one[0]))[1]
