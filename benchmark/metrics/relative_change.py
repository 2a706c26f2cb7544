"""The change of a figure against clean input, as a share of the figure on clean input, with a paired interval.

Of two models that differ on clean input, the one that had more may lose more in absolute terms and less in relative
ones: read it beside `change`. Both figures of a draw come from the same resampled dialogues.
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
from .formulas import share
from .views import AsItIs, OnCleanInput


@dataclass(frozen=True)
class RelativeChange:
    """−0.2: the figure fell by a fifth; for a metric where lower is better, above 0 is a loss.

    NaN where one of the two figures is not defined or the one on clean input is 0.
    """

    title: ClassVar[str] = "Relative change"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    direction: ClassVar[Direction] = "none"
    needs: ClassVar[frozenset[Need]] = frozenset({"clean"})
    floor: ClassVar[Floor] = "none"

    metric: Annotated[MetricText, Doc("metric whose change is meant")] = "weighted_f1"

    def __post_init__(self) -> None:
        """Check that there is such a metric, and spell it canonically."""
        inner_metric("relative_change", self.metric)
        spell_canonically(self, self.metric)

    @cached_property
    def of(self) -> Metric | RankMetric:
        """Return the metric whose change is meant."""
        return inner_metric("relative_change", self.metric)

    def views(self, scored: Scored) -> tuple[AsItIs, OnCleanInput]:
        """Return the predictions under stress and on clean input."""
        return AsItIs(), OnCleanInput()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the names of the metric's figures."""
        return self.of.parts(scored)

    def combine(self, figures: Sequence[Float[np.ndarray, "*draws _"]]) -> Float[np.ndarray, "*draws parts"]:
        """Return (stressed − clean) / |clean|."""
        stressed, clean = figures
        return share(stressed - clean, np.abs(clean))


PLUGIN = RelativeChange
