"""F1 of each class; 0 for a class that is neither gold nor predicted."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Floor, Need, Scored
from .formulas import f1_by_class
from .statistics import ClassCounts


@dataclass(frozen=True)
class F1:
    """Between 0 and 1, one figure per class: 2·right / (gold + predicted)."""

    title: ClassVar[str] = "F1"
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
        """Return the names of the classes."""
        return scored.classes

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return F1 of each class; NaN without utterances."""
        return f1_by_class(totals)


PLUGIN = F1
