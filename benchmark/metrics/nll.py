"""Negative log-likelihood: mean −log p of the gold class, in nats."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Floor, Need, Scored
from .formulas import means
from .statistics import Losses


@dataclass(frozen=True)
class NegativeLogLikelihood:
    """From 0; a proper score. Probabilities are clipped at 1e-12, so one utterance adds at most 27.7."""

    title: ClassVar[str] = "NLL"
    unit: ClassVar[str] = "nats"
    range: ClassVar[tuple[float, float]] = (0.0, 27.7)
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
        """Return mean_i −log p_i[y_i]; NaN without utterances."""
        return means(totals)[..., 1:]


PLUGIN = NegativeLogLikelihood
