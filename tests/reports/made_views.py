"""Views made by hand: models with the figures that a test names, without a run folder."""

import math
from collections.abc import Mapping

from emobench.benchmark.run_record import ConditionRecord, DataRecord, FitRecord, RunRecord
from emobench.reports.contents import DataView, ModelView, Row
from emobench.reports.problems import Problem
from emobench.reports.results import Result
from emobench.reports.stresses import stresses

Figures = Mapping[str, Mapping[str, Result | float]]
"""By condition, by metric; a number alone has an interval of 0.03 to both sides."""


def condition(text: str) -> ConditionRecord:
    """Return a condition; one whose last argument is a number is a rung of a curve."""
    protocol = text.partition("+")[2].partition(":")[0] if "+" in text else text.partition(":")[0]
    head, _, last = text.rpartition("=")
    if text == "clean" or "+" in text or not last.replace(".", "").replace("-", "").isdigit():
        return ConditionRecord(text=text, protocol="" if text == "clean" else protocol)
    severity = 10 ** (-float(last) / 20) if "snr_db" in text else float(last)
    return ConditionRecord(text=text, protocol=protocol, family=f"{head}=*", severity=severity, rung=last)


def result(figure: Result | float) -> Result:
    """Return a figure with an interval."""
    return figure if isinstance(figure, Result) else Result(figure, figure - 0.03, figure + 0.03)


def ece(value: float, floor_high: float = 0.03) -> Result:
    """Return an ECE with its noise floor."""
    return Result(value, 0.0, value + 0.02, floor=0.02, floor_high=floor_high)


def model(
    name: str, figures: Figures, *, reference: bool = False, place: int = 0, failed: Mapping[str, str] | None = None
) -> ModelView:
    """Return a model; `failed`: conditions without figures, and why."""
    rows = [
        Row(condition(text), {metric: result(one) for metric, one in found.items()}, ())
        for text, found in figures.items()
    ]
    rows += [
        Row(condition(text), {}, (Problem(name, "d", text, (0,), "failed", why),))
        for text, why in (failed or {}).items()
    ]
    return ModelView(
        name=name, summary="", uncalibrated=name, reference=reference, place=-1 if reference else place,
        rows=tuple(rows), fits=(FitRecord(model=name, data="d", seed=0, state="done"),), per_seed={}, bins=(),
        confusion=(), class_f1={}, weights={}, removals=(), class_coverage={}, graph_gaps={},
        removal_gap=None, parts={}, reliance={},
    )  # fmt: skip


def data(*models: ModelView, summaries: Mapping[tuple[str, str, str], Result] | None = None) -> DataView:
    """Return a data set with these models and the conditions that they have."""
    texts = dict.fromkeys(row.condition.text for one in models for row in one.rows)
    conditions = tuple(condition(text) for text in texts)
    record = DataRecord(
        name="d", fingerprint="", classes=("a", "b"), widths={"text": 1}, sizes={}, label_counts={}, posterior=""
    )
    run = RunRecord(
        command="", created="", versions={}, hardware={}, seeds=(0,), stress_seed=0, selection="validation",
        data=(record,), models=(), conditions=conditions,
    )  # fmt: skip
    return DataView(
        record=record, simulated=False, utterances=1, dialogues=60, models=models, conditions=conditions,
        stresses=stresses(run, record, conditions), summaries=summaries or {},
    )  # fmt: skip


NAN = math.nan
