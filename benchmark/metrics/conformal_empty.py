"""Share of conformal prediction sets that are empty: no class is likely enough.

LAC gives an empty set where even the most probable class has less probability than the threshold asks for, APS by
chance where it has more than is needed (Romano, Sesia and Candès 2020, Section 2.1). They are left empty, and count as
sets that do not hold the gold class; filling them with the most probable class would cover more than was asked. Never
with `aps_whole`. See `conformal_coverage` for how sets are made and the sources.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction
from .conformal import ConformalMetric, by_class
from .formulas import share


@dataclass(frozen=True)
class ConformalEmpty(ConformalMetric):
    """Between 0 and 1. NaN without utterances."""

    title: ClassVar[str] = "Empty sets"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "none"
    variants: ClassVar[tuple[str, ...]] = ("conformal_empty", "conformal_empty:method=aps")

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return empty sets / utterances."""
        utterances = by_class(totals)[2].sum(axis=-1, keepdims=True)
        return share(totals[..., -1:], utterances)


PLUGIN = ConformalEmpty
