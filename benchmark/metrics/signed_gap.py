"""Mean confidence minus accuracy: above 0 over-confident, below 0 under-confident."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Floor, Need, Scored
from .formulas import by_kind, share
from .statistics import TopLabelBins


@dataclass(frozen=True)
class SignedGap:
    """Between −1 and 1."""

    title: ClassVar[str] = "Confidence gap"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    direction: ClassVar[Direction] = "zero"
    needs: ClassVar[frozenset[Need]] = frozenset()
    floor: ClassVar[Floor] = "none"

    @property
    def statistic(self) -> TopLabelBins:
        """Return counts and sums per bin of the confidence."""
        return TopLabelBins(15)

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the one figure."""
        return ("",)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return mean confidence − accuracy; NaN without utterances."""
        utterances, right, confidence = (kind.sum(axis=-1, keepdims=True) for kind in by_kind(totals))
        return share(confidence - right, utterances)


PLUGIN = SignedGap
