"""Utterances, mean confidence and accuracy per bin of the confidence, for a reliability diagram."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction, Floor, Need, Scored
from .formulas import by_kind, share
from .statistics import TopLabelBins


@dataclass(frozen=True)
class Reliability:
    """Parts `count 01`, `confidence 01`, `accuracy 01`, …, from the lowest bin up; an empty bin has a count only."""

    title: ClassVar[str] = "Reliability"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, math.inf)
    direction: ClassVar[Direction] = "none"
    needs: ClassVar[frozenset[Need]] = frozenset()
    floor: ClassVar[Floor] = "none"

    bins: Annotated[int, Ge(1), Le(1000), Doc("bins of equal width, (low, high], the first closed at 0")] = 15

    @property
    def statistic(self) -> TopLabelBins:
        """Return counts and sums per bin of the confidence."""
        return TopLabelBins(self.bins)

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the names of the figures."""
        return tuple(
            f"{kind} {place:02}" for kind in ("count", "confidence", "accuracy") for place in range(1, self.bins + 1)
        )

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return per bin the count, the confidence and the accuracy; the latter two NaN where the bin is empty."""
        count, right, confidence = by_kind(totals)
        return np.concatenate([count, share(confidence, count), share(right, count)], axis=-1)


PLUGIN = Reliability
