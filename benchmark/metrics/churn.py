"""Share of utterances whose predicted class differs from the one on clean input."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Floor, Need, Scored
from .formulas import means
from .statistics import Changes


@dataclass(frozen=True)
class Churn:
    """Between 0 and 1. Parts: changes from right to wrong and from wrong to right, also as shares of all utterances."""

    title: ClassVar[str] = "Churn"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "none"
    needs: ClassVar[frozenset[Need]] = frozenset({"clean"})
    floor: ClassVar[Floor] = "none"

    @property
    def statistic(self) -> Changes:
        """Return changes against the clean run."""
        return Changes()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the names of the figures."""
        return ("", "right→wrong", "wrong→right")

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return changed / all, and the two parts; NaN without utterances."""
        return means(totals)


PLUGIN = Churn
