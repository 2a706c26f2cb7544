"""Share of neighbouring turns of the same speaker whose predicted classes differ."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Floor, Need, Scored
from .formulas import means
from .speakers import SpeakerFlips


@dataclass(frozen=True)
class SpeakerFlipRate:
    """Between 0 and 1. Neighbours are two turns of a speaker in a dialogue between which only others speak.

    Parts: `missed`, gold flips that are not predicted, `spurious`, predicted flips that are none, and `gold`, what the
    rate is held against; all as shares of the pairs. Turns between which an utterance has no label are no neighbours.
    """

    title: ClassVar[str] = "Speaker flip rate"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "none"
    needs: ClassVar[frozenset[Need]] = frozenset()
    floor: ClassVar[Floor] = "none"

    @property
    def statistic(self) -> SpeakerFlips:
        """Return flips between neighbouring turns of a speaker."""
        return SpeakerFlips()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the names of the figures."""
        return ("", "missed", "spurious", "gold")

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return flips / pairs; NaN without neighbouring turns."""
        return means(totals)[..., [0, 2, 3, 1]]


PLUGIN = SpeakerFlipRate
