"""Share of utterances that the decision of least expected cost leaves alone, by a table of costs in a file.

0 where the table has no column `abstain`; see `decision_cost`.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Floor, Need, Scored
from .decisions import CostsArgument, DecisionSums, costs_of, read
from .formulas import share


@dataclass(frozen=True)
class AbstainShare:
    """Between 0 and 1. NaN without utterances."""

    title: ClassVar[str] = "Share abstained"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "none"
    needs: ClassVar[frozenset[Need]] = frozenset()
    floor: ClassVar[Floor] = "none"
    variants: ClassVar[tuple[str, ...]] = ()

    costs: CostsArgument = ""

    def __post_init__(self) -> None:
        """Check that the file is there and is a table of numbers."""
        self.content_key()

    @property
    def statistic(self) -> DecisionSums:
        """Return costs and abstentions."""
        return DecisionSums(self.costs)

    def content_key(self) -> str:
        """Return the SHA-256 of the file; empty: none is named."""
        return read(self.costs).key if self.costs else ""

    def require_classes(self, classes: tuple[str, ...]) -> None:
        """Raise DataError where the file is of other classes."""
        costs_of(self.costs, classes)

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the one figure."""
        return ("",)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return the sum of abstentions / utterances."""
        return share(totals[..., 1:2], totals[..., 2:3])


PLUGIN = AbstainShare
