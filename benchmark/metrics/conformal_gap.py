"""Coverage of conformal prediction sets minus the one asked for: below 0, sets hold the gold class too seldom.

The figure to compare models by and to put a limit on; see `conformal_coverage` for what is promised, on which
assumptions, and the sources.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction
from .conformal import ConformalMetric, by_class, overall_and_by_class


@dataclass(frozen=True)
class ConformalGap(ConformalMetric):
    """Between −level and 1 − level; 0 is best. NaN without utterances."""

    title: ClassVar[str] = "Coverage gap"
    range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    direction: ClassVar[Direction] = "zero"
    variants: ClassVar[tuple[str, ...]] = ("conformal_gap", "conformal_gap:method=aps")

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return sets that hold the gold class / utterances − level."""
        held, _, utterances = by_class(totals)
        return overall_and_by_class(held, utterances)[..., :1] - self.level


PLUGIN = ConformalGap
