"""Number of labelled utterances, and how many of them each class is gold of."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Floor, Need, Scored
from .formulas import by_kind
from .statistics import ClassCounts


@dataclass(frozen=True)
class Support:
    """From 0; a part per class. Sliced, it says how much is behind the figures of each slice."""

    title: ClassVar[str] = "Utterances"
    unit: ClassVar[str] = "utterances"
    range: ClassVar[tuple[float, float]] = (0.0, math.inf)
    direction: ClassVar[Direction] = "none"
    needs: ClassVar[frozenset[Need]] = frozenset()
    floor: ClassVar[Floor] = "none"
    variants: ClassVar[tuple[str, ...]] = ()

    @property
    def statistic(self) -> ClassCounts:
        """Return counts of right, gold and predicted ones by class."""
        return ClassCounts()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the whole, and the names of the classes."""
        return ("", *scored.classes)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return the counts."""
        _, gold, _ = by_kind(totals)
        return np.concatenate([gold.sum(axis=-1, keepdims=True), gold], axis=-1)


PLUGIN = Support
