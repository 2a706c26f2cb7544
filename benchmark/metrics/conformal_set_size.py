"""Size of conformal prediction sets: how many classes it takes to hold the gold class as often as was asked.

See `conformal_coverage` for how sets are made and the sources. Empty sets count with size 0: their share is
`conformal_empty`. Small sets are a merit only where coverage is what was asked for.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Scored
from .conformal import ConformalMetric, by_class, overall_and_by_class


@dataclass(frozen=True)
class ConformalSetSize(ConformalMetric):
    """Between 0 and the number of classes; overall, then by gold class. NaN without utterances."""

    title: ClassVar[str] = "Set size"
    range: ClassVar[tuple[float, float]] = (0.0, math.inf)
    direction: ClassVar[Direction] = "lower"
    variants: ClassVar[tuple[str, ...]] = ("conformal_set_size", "conformal_set_size:method=aps")

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the figure over all, and the names of the classes."""
        return ("", *scored.classes)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return classes in the sets / utterances."""
        _, sizes, utterances = by_class(totals)
        return overall_and_by_class(sizes, utterances)


PLUGIN = ConformalSetSize
