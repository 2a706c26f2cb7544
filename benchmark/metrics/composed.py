"""The metric that a composed metric is made of, by its text."""

from ..errors import SpecError
from ..registry import METRICS, make
from .base import Metric, RankMetric


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
