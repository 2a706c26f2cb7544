"""Mean confidence minus accuracy: above 0 over-confident, below 0 under-confident."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Floor, Need, Scored
from .formulas import share
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
        bins = totals.shape[-1] // 3
        utterances, right, confidence = (
            totals[..., k * bins : (k + 1) * bins].sum(axis=-1, keepdims=True) for k in range(3)
        )
        return share(confidence - right, utterances)


PLUGIN = SignedGap
