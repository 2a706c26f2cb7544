"""Which metrics a run asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .errors import SpecError
from .metrics.base import ConditionMetric, CurveMetric
from .registry import METRICS, built_in, make, plugin_class


@dataclass(frozen=True)
class Asked:
    """The metrics to compute, by canonical text."""

    metrics: Mapping[str, ConditionMetric]
    """Of one condition each."""
    curves: Mapping[str, CurveMetric]
    """Of whole degradation curves."""

    @property
    def all_metrics(self) -> dict[str, ConditionMetric]:
        """Those asked for and, after them, those that a curve is drawn of."""
        return {**self.metrics, **{base: self.of_curve(base) for base in self.curve_bases if base not in self.metrics}}

    @property
    def curve_bases(self) -> tuple[str, ...]:
        """Texts of the metrics that a curve is drawn of."""
        return tuple(dict.fromkeys(curve.metric for curve in self.curves.values()))

    def of_curve(self, base: str) -> ConditionMetric:
        """Return the metric that a curve is drawn of.

        Raises
        ------
        SpecError
            When it is itself a figure of a curve.
        """
        metric = make(METRICS, base)
        if not isinstance(metric, ConditionMetric):
            raise SpecError(f"expected a metric of one condition, such as metric=weighted_f1, got metric={base}")
        return metric


def asked_for(texts: Sequence[str]) -> Asked:
    """Return the metrics with these canonical texts; without texts, all that come with emobench."""
    made = {text: make(METRICS, text) for text in texts or _all_texts()}
    return Asked(
        metrics={text: metric for text, metric in made.items() if isinstance(metric, ConditionMetric)},
        curves={text: metric for text, metric in made.items() if isinstance(metric, CurveMetric)},
    )


def _all_texts() -> tuple[str, ...]:
    each = {name: plugin_class(METRICS, name) for name in built_in(METRICS)}
    return tuple(text for name, metric in each.items() for text in getattr(metric, "variants", (name,)))
