"""Recall of each class: the share of right ones among the utterances whose gold class it is."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Floor, Need, Scored
from .formulas import by_kind, share
from .statistics import ClassCounts


@dataclass(frozen=True)
class Recall:
    """Between 0 and 1, one figure per class; NaN for a class that is never gold."""

    title: ClassVar[str] = "Recall"
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
        """Return right / gold of each class."""
        right, gold, _ = by_kind(totals)
        return share(right, gold)


PLUGIN = Recall
