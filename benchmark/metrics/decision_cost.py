"""Mean cost of the decisions of least expected cost, by a table of costs in a file.

For each utterance the decision is that of least expected cost under the model's probabilities; the first class wins a
tie, and abstaining wins none. The cost is that of this decision for the gold class. `costs=FILE.csv` names the table:

    gold,neutral,joy,anger,abstain
    neutral,0,1,5,0.5
    joy,1,0,5,0.5
    anger,2,2,0,0.5

There is a row for every gold class, a column for every class as a decision, and `abstain` where an interface may leave
an utterance alone. In a path type %20 for a space, %2C for a comma, %2B for +. Without a file a wrong class costs 1 and
a right one nothing: the figure is 1 − accuracy. `abstain_share` says how often the decision is to abstain.

Elkan, The foundations of cost-sensitive learning, IJCAI 2001, Eq. 1; with abstaining as one more decision Chow, On
optimum recognition error and reject tradeoff, IEEE Transactions on Information Theory 1970.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Floor, Need, Scored
from .decisions import CostsArgument, DecisionSums, costs_of, read
from .formulas import share


@dataclass(frozen=True)
class DecisionCost:
    """In the unit of the costs; below 0 is a gain. NaN without utterances."""

    title: ClassVar[str] = "Decision cost"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    direction: ClassVar[Direction] = "lower"
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
        """Return the sum of costs / utterances."""
        return share(totals[..., 0:1], totals[..., 2:3])


PLUGIN = DecisionCost
