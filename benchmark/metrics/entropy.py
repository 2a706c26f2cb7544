"""Entropy of the predictions on clean input, of right ones and of wrong ones: means and distributions.

−Σ p log p / log C: from 0, certain, to 1, all C classes alike. What a model is unsure of it should be wrong about more
often, so wrong predictions should have more of it.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction, Floor, Need, Scored
from .entropies import entropy_columns, entropy_parts, entropy_shares

_GROUPS = ("right", "wrong")


@dataclass(frozen=True)
class EntropyByOutcome:
    """Right predictions and wrong ones by entropy, bin by bin, and their sums of entropy."""

    bins: int
    """How many, from 1."""

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return what each utterance adds."""
        return entropy_columns(scored, scored.predicted == scored.label, self.bins)


@dataclass(frozen=True)
class Entropy:
    """Between 0 and 1. Parts `right` and `wrong`: means; `right 01`, …: share of the right ones in each bin, and so on.

    NaN where no prediction is right, or none is wrong.
    """

    title: ClassVar[str] = "Entropy"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "none"
    needs: ClassVar[frozenset[Need]] = frozenset({"clean input"})
    floor: ClassVar[Floor] = "none"
    few_draws: ClassVar[bool] = True

    bins: Annotated[int, Ge(1), Le(1000), Doc("bins of equal width, (low, high], the first closed at 0")] = 10

    @property
    def statistic(self) -> EntropyByOutcome:
        """Return utterances by entropy and outcome."""
        return EntropyByOutcome(self.bins)

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the names of the figures."""
        return entropy_parts(_GROUPS, self.bins)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return means and shares."""
        return entropy_shares(totals, self.bins)


PLUGIN = Entropy
