"""Unweighted average recall: recall averaged over classes alike, the usual figure of speech emotion recognition.

Schuller, Steidl and Batliner, The INTERSPEECH 2009 emotion challenge; the same as balanced accuracy.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Floor, Need, Scored
from .formulas import averaged, by_kind, share
from .statistics import ClassCounts


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
    def statistic(self) -> ClassCounts:
        """Return counts of right, gold and predicted ones by class."""
        return ClassCounts()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the one figure."""
        return ("",)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return mean_k right_k / gold_k; NaN without utterances."""
        right, gold, _ = by_kind(totals)
        return averaged(share(right, gold), gold, "macro")


PLUGIN = UnweightedAverageRecall
