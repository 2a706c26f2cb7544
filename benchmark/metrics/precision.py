"""Precision of each class: the share of right ones among the utterances predicted as it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Floor, Need, Scored
from .formulas import by_kind, share
from .statistics import ClassCounts


@dataclass(frozen=True)
class Precision:
    """Between 0 and 1, one figure per class; NaN for a class that is never predicted.

    (F1 counts such a class as 0, since it can be computed from counts that are not 0.)
    """

    title: ClassVar[str] = "Precision"
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
        """Return right / predicted of each class."""
        right, _, predicted = by_kind(totals)
        return share(right, predicted)


PLUGIN = Precision
