"""A figure under stress minus the same figure on clean input, with a paired interval.

Both figures of a draw come from the same resampled dialogues, so the interval is that of the difference. Below zero a
figure fell; for a metric where higher is better that is the drop at this rung.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, ClassVar

import numpy as np
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction, Floor, Metric, Need, RankMetric, Scored
from .composed import MetricText, inner_metric, spell_canonically
from .views import AsItIs, OnCleanInput


@dataclass(frozen=True)
class Change:
    """In the unit of the metric, 0 on clean input; one figure per figure of the metric. NaN where either is."""

    title: ClassVar[str] = "Change"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    direction: ClassVar[Direction] = "none"
    needs: ClassVar[frozenset[Need]] = frozenset({"clean"})
    floor: ClassVar[Floor] = "none"

    metric: Annotated[MetricText, Doc("metric whose change is meant")] = "weighted_f1"

    def __post_init__(self) -> None:
        """Check that there is such a metric, and spell it canonically."""
        inner_metric("change", self.metric)
        spell_canonically(self, self.metric)

    @cached_property
    def of(self) -> Metric | RankMetric:
        """Return the metric whose change is meant."""
        return inner_metric("change", self.metric)

    def views(self, scored: Scored) -> tuple[AsItIs, OnCleanInput]:
        """Return the predictions under stress and on clean input."""
        return AsItIs(), OnCleanInput()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the names of the metric's figures."""
        return self.of.parts(scored)

    def combine(self, figures: Sequence[Float[np.ndarray, "*draws _"]]) -> Float[np.ndarray, "*draws parts"]:
        """Return stressed minus clean."""
        stressed, clean = figures
        return np.asarray(stressed - clean)


PLUGIN = Change
