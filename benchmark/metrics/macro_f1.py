"""F1 averaged over all classes of the data set alike; an absent class counts as 0."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Floor, Need, Scored
from .formulas import f1_by_class
from .statistics import ClassCounts


@dataclass(frozen=True)
class MacroF1:
    """Between 0 and 1; the mean is over the C classes of the data set, not over those that happen to occur.

    So with three classes, one of them absent and the other two right, it is 0.667.
    """

    title: ClassVar[str] = "Macro F1"
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
        """Return Σ_k F1_k / C; NaN without utterances."""
        return np.asarray(f1_by_class(totals).mean(axis=-1, keepdims=True))


PLUGIN = MacroF1
