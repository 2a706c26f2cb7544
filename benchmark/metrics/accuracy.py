"""Share of utterances whose most probable class is the gold class."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Floor, Need, Scored
from .formulas import by_kind, share
from .statistics import ClassCounts


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
    def statistic(self) -> ClassCounts:
        """Return counts of right, gold and predicted ones by class."""
        return ClassCounts()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the one figure."""
        return ("",)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return right / all; NaN without utterances."""
        right, gold, _ = (counts.sum(axis=-1, keepdims=True) for counts in by_kind(totals))
        return share(right, gold)


PLUGIN = Accuracy
