"""Share of neighbouring turns of a dialogue whose predicted classes differ."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Floor, Need, Scored
from .formulas import means
from .statistics import NeighbourFlips


@dataclass(frozen=True)
class FlipRate:
    """Between 0 and 1; to be held against the gold flip rate.

    Parts: `missed`, gold flips that are not predicted, and
    `spurious`, predicted flips that are none; all three as shares of the neighbouring pairs. Turns between which an
    utterance has no label are no neighbours.
    """

    title: ClassVar[str] = "Flip rate"
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
        """Return the names of the figures."""
        return ("", "missed", "spurious")

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return flips / pairs; NaN without neighbouring turns."""
        rates = means(totals)
        return np.stack([rates[..., 0], rates[..., 2], rates[..., 3]], axis=-1)


PLUGIN = FlipRate
