"""Mean weight that the model gives to each modality."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Floor, Need, Scored
from .formulas import means
from .statistics import ModalityWeights


@dataclass(frozen=True)
class ModalityWeight:
    """Between 0 and 1, one figure per modality."""

    title: ClassVar[str] = "Modality weight"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "none"
    needs: ClassVar[frozenset[Need]] = frozenset({"weights"})
    floor: ClassVar[Floor] = "none"

    @property
    def statistic(self) -> ModalityWeights:
        """Return the weights."""
        return ModalityWeights()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the names of the figures."""
        return tuple(scored.modality_weights)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return the mean of each weight; NaN without utterances."""
        return means(totals)


PLUGIN = ModalityWeight
