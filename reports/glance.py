"""The top of a data set's section: each model at its worst, and which model to trust when."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .constant import constant_figures
from .contents import DataView, ModelView, Row
from .results import Result
from .stress_contents import CLEAN
from .verdicts import by_quality, stressed_rows
from .vocabulary import text_of


@dataclass(frozen=True)
class Glance:
    """One model in a row."""

    model: ModelView
    worst: Row | None
    """The condition of lowest quality; None: no stress with figures."""
    worst_ece: Row | None
    """That of the highest ECE."""

    def where(self, row: Row, metric: str) -> str:
        """Return under what the model is at its worst: a condition, or empty where it is the same under all."""
        values = {one.results[metric].value for one in stressed_rows(self.model, metric)}
        return row.condition.text if len(values) > 1 else ""


@dataclass(frozen=True)
class Leader:
    """Which model is best where."""

    when: str
    """Such as `Clean input`; a protocol by its name."""
    protocol: bool
    """Whether `when` is the name of a protocol."""
    metric: str
    models: tuple[str, ...]
    """The best; several where their figures are the same."""
    figure: Result
    condition: str
    """Where the best has this figure, of several models that of the first; empty: on clean input."""
    second: str
    """The next best; empty: all are the same."""
    second_figure: Result | None
    second_condition: str
    """Where the next best has its figure, if that is not where the best has it; else empty."""
    constant: float
    """What a constant answer has; NaN: not known."""

    @property
    def open(self) -> bool:
        """Whether the intervals of the best and the next overlap."""
        first, second = self.figure, self.second_figure
        return second is not None and first.low <= second.high and second.low <= first.high

    @property
    def idle(self) -> bool:
        """Whether even the best is not better than a constant answer beyond chance."""
        lower = text_of(self.metric).better == "lower"
        return self.figure.high >= self.constant if lower else self.figure.low <= self.constant


def at_a_glance(data: DataView) -> tuple[Glance, ...]:
    """Return the models in the order of `by_quality`, without those that have no figures on clean input."""
    return tuple(
        Glance(model, _worst(model, data.quality), _worst(model, "ece")) for model in by_quality(data) if model.clean
    )


def leaders(data: DataView) -> tuple[Leader, ...]:
    """Return which competitor is best on clean input, at the worst of each protocol, and by its probabilities.

    At the worst of several conditions models are held against each other over the same conditions: those under which
    all have figures and something is left of the input. Models without figures on clean input are left out. Empty with
    fewer than two competitors.
    """
    return tuple(_leaders(data)) if data.quality else ()


def _leaders(data: DataView) -> Iterator[Leader]:
    quality, without = data.quality, {CLEAN, *data.nothing_left}
    stressed = [one.text for one in data.conditions if one.text not in without]
    models = [model for model in by_quality(data) if not model.reference and _has(model, CLEAN, quality)]
    if len(models) < 2:
        return
    constant = constant_figures(data)
    idle, idle_nll = (constant.get(metric, math.nan) for metric in (quality, "nll"))
    yield from _best(models, "Clean input", quality, [CLEAN], idle)
    for stress in data.stresses:
        texts = [one.text for one in stress.conditions if one.text in stressed]
        yield from _best(models, stress.protocol, quality, texts, idle, protocol=True)
    yield from _best(models, "Probabilities, clean input", "nll", [CLEAN], idle_nll)
    yield from _best(models, "Probabilities, any stress", "nll", stressed, idle_nll)


def _best(
    models: Sequence[ModelView],
    when: str,
    metric: str,
    conditions: Sequence[str],
    constant: float,
    *,
    protocol: bool = False,
) -> Iterator[Leader]:
    shared = [text for text in conditions if all(_has(model, text, metric) for model in models)]
    if not shared:
        return
    sign = 1 if text_of(metric).better == "lower" else -1
    found = []
    for model in models:
        worst = max(shared, key=lambda text: sign * model.results(text)[metric].value)
        found.append((sign * model.results(worst)[metric].value, model, worst))
    found.sort(key=lambda one: one[0])
    value, first, where = found[0]
    alike = tuple(model.name for other, model, _ in found if other == value)
    others = [(model, worst) for other, model, worst in found if other != value]
    yield Leader(
        when=when,
        protocol=protocol,
        metric=metric,
        models=alike,
        figure=first.results(where)[metric],
        condition=where if conditions != [CLEAN] else "",
        second=others[0][0].name if others else "",
        second_figure=others[0][0].results(others[0][1])[metric] if others else None,
        second_condition=others[0][1] if others and others[0][1] != where else "",
        constant=constant,
    )


def _has(model: ModelView, condition: str, metric: str) -> bool:
    figure = model.results(condition).get(metric)
    return figure is not None and not math.isnan(figure.value)


def _worst(model: ModelView, metric: str) -> Row | None:
    sign = -1 if text_of(metric).better == "lower" else 1
    return min(stressed_rows(model, metric), key=lambda row: sign * row.results[metric].value, default=None)
