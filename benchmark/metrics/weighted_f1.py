"""F1 of each class, averaged by how often the class is gold."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Floor, Need, Scored
from .formulas import by_kind, f1_by_class, share
from .statistics import ClassCounts


@dataclass(frozen=True)
class WeightedF1:
    """Between 0 and 1; the usual headline figure of emotion recognition in conversations."""

    title: ClassVar[str] = "Weighted F1"
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
        """Return Σ_k n_k·F1_k / Σ_k n_k; NaN without utterances."""
        _, gold, _ = by_kind(totals)
        weighted = (gold * f1_by_class(totals)).sum(axis=-1, keepdims=True)
        return share(weighted, gold.sum(axis=-1, keepdims=True))


PLUGIN = WeightedF1
