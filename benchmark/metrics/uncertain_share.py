"""Share of utterances whose gold class becomes more probable when something is removed.

CMERC, ACM MM 2024, Table 2: one figure per removal, and for the union over modalities, over contexts, over all.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction, Floor, Need, Scored
from .formulas import means
from .removals import Mode, Operator, UncertainUtterances, chosen_removals, figures_of_removals


@dataclass(frozen=True)
class UncertainShare:
    """Between 0 and 1. The exact posterior has more than 0, by chance: that is its floor on simulated data."""

    title: ClassVar[str] = "Uncertain share"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "lower"
    needs: ClassVar[frozenset[Need]] = frozenset({"removals"})
    floor: ClassVar[Floor] = "posterior"

    variants: ClassVar[tuple[str, ...]] = (
        "uncertain_share",
        "uncertain_share:operator=mean",
        "uncertain_share:mode=graph",
        "uncertain_share:mode=graph,operator=mean",
    )

    operator: Annotated[Operator, Doc("what stood in for a modality removed: zeros, or the dialogue's mean")] = "zero"
    mode: Annotated[Mode, Doc("how context was removed: only what remains is seen, or by edges of the graph")] = (
        "strict"
    )

    @property
    def statistic(self) -> UncertainUtterances:
        """Return utterances that gain by removal."""
        return UncertainUtterances(self.operator, self.mode)

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the names of the figures; none where the run does not hold such removals."""
        return tuple(figures_of_removals(tuple(chosen_removals(scored.removals, self.operator, self.mode))))

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return uncertain / all; NaN without utterances."""
        return means(totals)


PLUGIN = UncertainShare
