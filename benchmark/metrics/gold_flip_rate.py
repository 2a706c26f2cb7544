"""Share of neighbouring turns of a dialogue whose gold classes differ."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Floor, Need, Scored
from .formulas import means
from .statistics import NeighbourFlips


@dataclass(frozen=True)
class GoldFlipRate:
    """Between 0 and 1; the same for every model: what a flip rate is held against."""

    title: ClassVar[str] = "Gold flip rate"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "none"
    needs: ClassVar[frozenset[Need]] = frozenset()
    floor: ClassVar[Floor] = "none"

    @property
    def statistic(self) -> NeighbourFlips:
        """Return flips between neighbouring turns."""
        return NeighbourFlips()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the one figure."""
        return ("",)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return gold flips / pairs; NaN without neighbouring turns."""
        return means(totals)[..., 1:2]


PLUGIN = GoldFlipRate
