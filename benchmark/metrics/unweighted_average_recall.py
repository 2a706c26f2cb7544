"""Unweighted average recall: recall averaged over classes alike, the usual figure of speech emotion recognition.

Schuller, Steidl and Batliner, The INTERSPEECH 2009 emotion challenge; the same as balanced accuracy.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Floor, Need, Scored
from .formulas import averaged, matrix, share
from .statistics import ConfusionCounts


@dataclass(frozen=True)
class UnweightedAverageRecall:
    """Between 0 and 1; guessing has one divided by the number of classes.

    The mean is over the classes that are gold somewhere: a class that is never gold has no recall. In a bootstrap draw
    that lacks a class it is over the others.
    """

    title: ClassVar[str] = "Unweighted average recall"
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
        """Return mean_k right_k / gold_k; NaN without utterances."""
        counts = matrix(totals)
        gold = counts.sum(axis=-1)
        return averaged(share(np.diagonal(counts, axis1=-2, axis2=-1), gold), gold, "macro")


PLUGIN = UnweightedAverageRecall
