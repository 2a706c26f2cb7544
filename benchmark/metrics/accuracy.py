"""Share of utterances whose most probable class is the gold class."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Floor, Need, Scored
from .formulas import matrix, share
from .statistics import ConfusionCounts


@dataclass(frozen=True)
class Accuracy:
    """Between 0 and 1; a tie goes to the class with the lowest index."""

    title: ClassVar[str] = "Accuracy"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "higher"
    needs: ClassVar[frozenset[Need]] = frozenset()
    floor: ClassVar[Floor] = "none"

    @property
    def statistic(self) -> ConfusionCounts:
        """Return counts of gold × predicted class."""
        return ConfusionCounts()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the one figure."""
        return ("",)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return right / all; NaN without utterances."""
        right = np.diagonal(matrix(totals), axis1=-2, axis2=-1).sum(axis=-1, keepdims=True)
        return share(right, totals.sum(axis=-1, keepdims=True))


PLUGIN = Accuracy
