"""A figure under stress minus the same figure on clean input, with a paired interval.

Both figures of a draw come from the same resampled dialogues, so the interval is that of the difference. Below zero a
figure fell; for a metric where higher is better that is the drop at this rung.
"""

import math
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import numpy as np
from jaxtyping import Float
from typing_extensions import Doc

from ..registry import METRICS, make
from .base import Direction, Floor, Metric, Need, Scored, Statistic


@dataclass(frozen=True)
class StressedAndClean:
    """The sums of a statistic under the condition, and beside them those on clean input."""

    statistic: Statistic

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return utterances × twice the sums."""
        assert scored.clean is not None, "a metric that needs the clean run is not asked where there is none"
        clean = replace(scored, probabilities=scored.clean)
        return np.concatenate([self.statistic(scored), self.statistic(clean)], axis=1)


@dataclass(frozen=True)
class Change:
    """In units of the metric; 0 on clean input. Defined for metrics that need nothing but predictions and labels."""

    title: ClassVar[str] = "Change"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    direction: ClassVar[Direction] = "none"
    needs: ClassVar[frozenset[Need]] = frozenset({"clean"})
    floor: ClassVar[Floor] = "none"

    metric: Annotated[str, Doc("metric whose change is meant")] = "weighted_f1"

    @property
    def statistic(self) -> StressedAndClean:
        """Return the metric's own sums, twice."""
        return StressedAndClean(self._metric.statistic)

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the names of the metric's figures."""
        return self._metric.parts(scored)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return stressed minus clean; NaN where either is not defined."""
        stressed, clean = np.split(totals, 2, axis=-1)
        change: Float[np.ndarray, "*draws parts"] = self._metric.value(stressed) - self._metric.value(clean)
        return change

    @property
    def _metric(self) -> Metric:
        metric: Metric = make(METRICS, self.metric)
        return metric


PLUGIN = Change
