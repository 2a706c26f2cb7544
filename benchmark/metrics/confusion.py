"""Confusion matrix: utterances by gold and predicted class."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Floor, Need, Scored
from .statistics import ConfusionCounts


@dataclass(frozen=True)
class Confusion:
    """Counts, one figure per cell, named `gold→predicted`, row by row."""

    title: ClassVar[str] = "Confusion matrix"
    unit: ClassVar[str] = "utterances"
    range: ClassVar[tuple[float, float]] = (0.0, math.inf)
    direction: ClassVar[Direction] = "none"
    needs: ClassVar[frozenset[Need]] = frozenset()
    floor: ClassVar[Floor] = "none"

    @property
    def statistic(self) -> ConfusionCounts:
        """Return counts of gold × predicted class."""
        return ConfusionCounts()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the names of the figures."""
        return tuple(f"{gold}→{predicted}" for gold in scored.classes for predicted in scored.classes)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return the counts themselves."""
        return totals


PLUGIN = Confusion
