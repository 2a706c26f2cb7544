"""Figures that no section of a report holds: those of other metrics, and parts that were asked for."""

from dataclasses import dataclass

from ..benchmark.run_record import RunRecord
from .acting import ACTING_COLUMNS, cost_metrics, wanted_of
from .conformal import methods_of
from .contents import DataView
from .results import Result
from .vocabulary import MAIN, RELIANCE

STABILITY = ("flip_rate", "gold_flip_rate")
"""Metrics of the table on stability."""
_DRAWN = (
    "confusion", "reliability", "modality_weight", "graph_gap", "removal_gap",
    "risk_coverage", "consistency_bars", "entropy", "uncertain_entropy", "cf_distribution",
)  # fmt: skip
"""Metrics whose parts are in figures and tables of their own."""
_REMOVALS = ("cel", "uncertain_share")
_OF_REMOVALS = {"operator=mean", "mode=graph", "space=log", "form=sum"}
"""Arguments under which metrics of removals are in their own table."""


@dataclass(frozen=True)
class PartTable:
    """A metric that was asked for, by part."""

    metric: str
    """Canonical text."""
    names: tuple[str, ...]
    """Of the parts."""
    rows: tuple[tuple[str, str, tuple[Result | None, ...]], ...]
    """Model, condition and figure of each part; None: not in the run."""


def other_metrics(data: DataView) -> tuple[str, ...]:
    """Return the metrics that no other table shows, those of other packages among them."""
    of_sets = [text for method in methods_of(data) for text in (method.coverage, method.size)]
    acting = [one.text(metric) for one in wanted_of(data) for metric in ("act_threshold", *ACTING_COLUMNS)]
    costs = [text for pair in cost_metrics(data) for text in pair]
    shown = {*MAIN, *STABILITY, *RELIANCE, *of_sets, *acting, *costs}
    return tuple(one for one in data.metrics if one not in shown)


def part_tables(data: DataView, record: RunRecord) -> tuple[PartTable, ...]:
    """Return of each metric that was asked for by name its parts, where no other table or figure holds them."""
    return tuple(
        table for metric in record.metrics if not _elsewhere(metric) and (table := _by_part(data, metric)).rows
    )


def _elsewhere(metric: str) -> bool:
    name, _, arguments = metric.partition(":")
    return metric in (*_DRAWN, *RELIANCE) or (
        name in _REMOVALS and set(filter(None, arguments.split(","))) <= _OF_REMOVALS
    )


def _by_part(data: DataView, metric: str) -> PartTable:
    found = [
        (model.name, row.condition.text, parts)
        for model in data.models
        for row in model.rows
        if (parts := model.parts.get((metric, row.condition.text)))
    ]
    names = tuple(dict.fromkeys(name for *_, parts in found for name in parts))
    rows = tuple((model, text, tuple(map(parts.get, names))) for model, text, parts in found)
    return PartTable(metric, names, rows)
