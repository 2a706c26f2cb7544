"""The metric that another metric is made of, by its text."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, ClassVar

from typing_extensions import Doc

from ..arguments import Nested
from ..errors import SpecError
from ..registry import METRICS, canonical_text, make
from .base import Direction, Floor, Metric, Need, RankMetric, Scored
from .views import AsItIs, OnCleanInput

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


@dataclass(frozen=True)
class ChangeMetric:
    """What metrics of a change share: another metric, looked at under stress and on clean input."""

    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    direction: ClassVar[Direction] = "none"
    needs: ClassVar[frozenset[Need]] = frozenset({"clean"})
    floor: ClassVar[Floor] = "none"

    metric: Annotated[MetricText, Doc("metric whose change is meant")] = "weighted_f1"

    def __post_init__(self) -> None:
        """Check that there is such a metric, and spell it canonically."""
        self._inner()
        spell_canonically(self, self.metric)

    @cached_property
    def of(self) -> Metric | RankMetric:
        """Return the metric whose change is meant."""
        return self._inner()

    def _inner(self) -> Metric | RankMetric:
        return inner_metric(type(self).__module__.rpartition(".")[2], self.metric)

    def views(self, scored: Scored) -> tuple[AsItIs, OnCleanInput]:
        """Return the predictions under stress and on clean input."""
        return AsItIs(), OnCleanInput()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the names of the metric's figures."""
        return self.of.parts(scored)
