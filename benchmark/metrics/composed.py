"""The metric that another metric is made of, by its text."""

from typing import Annotated

from ..arguments import Nested
from ..errors import SpecError
from ..registry import METRICS, canonical_text, make
from .base import Metric, RankMetric

MetricText = Annotated[str, Nested("a metric")]
"""An argument that names a metric: `metric=nll`, `metric=ece:bins=10`, `metric=cel:form=sum/space=log`."""


def spell_canonically(metric: object, text: str) -> None:
    """Give the argument `metric` of a metric under construction its one spelling.

    Raises
    ------
    SpecError, UnknownName
        When there is no such metric.
    """
    object.__setattr__(metric, "metric", canonical_text(METRICS, text))


def inner_metric(name: str, text: str) -> Metric | RankMetric:
    """Return the metric that `name:metric=text` is of.

    Raises
    ------
    SpecError, UnknownName
        When there is no such metric, or it is itself composed or a figure of a curve.
    """
    metric = make(METRICS, text)
    if isinstance(metric, Metric | RankMetric):
        return metric
    raise SpecError(f"{name}: expected a metric of one sample, such as metric=weighted_f1, got metric={text}")
