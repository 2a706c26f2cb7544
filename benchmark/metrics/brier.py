"""Brier score: squared distance of the probabilities from the truth, summed over classes.

Brier, Verification of forecasts expressed in terms of probability, Monthly Weather Review 78, 1950, Eq. 2.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Floor, Need, Scored
from .formulas import means
from .statistics import Losses


@dataclass(frozen=True)
class Brier:
    """Between 0 and 2; a proper score."""

    title: ClassVar[str] = "Brier"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 2.0)
    direction: ClassVar[Direction] = "lower"
    needs: ClassVar[frozenset[Need]] = frozenset()
    floor: ClassVar[Floor] = "none"

    @property
    def statistic(self) -> Losses:
        """Return the losses of each utterance."""
        return Losses()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the one figure."""
        return ("",)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return mean_i Σ_k (p_ik − 1[y_i = k])²; NaN without utterances."""
        return means(totals)[..., :1]


PLUGIN = Brier
