"""Entropy of the predictions of uncertain utterances, which gain by a removal, and of the others.

CMERC, ACM MM 2024, Figure 4. An utterance is uncertain if its gold class becomes more probable by any of the removals
(Table 2, union over all). Entropy is −Σ p log p / log C, of the full input: from 0, certain, to 1, all C classes alike.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction, Floor, Need, Scored
from .entropies import entropy_columns, entropy_parts, entropy_shares
from .removals import Mode, Operator, chosen_removals, uncertain_by

_GROUPS = ("uncertain", "other")


@dataclass(frozen=True)
class EntropyByRemoval:
    """Uncertain utterances and others by entropy, bin by bin, and their sums of entropy."""

    bins: int
    """How many, from 1."""
    operator: Operator
    """Which removals of modalities."""
    mode: Mode
    """Which removals of context."""

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return what each utterance adds; without such removals all are others."""
        gains = uncertain_by(chosen_removals(scored.removals, self.operator, self.mode), scored)
        uncertain = np.any([np.zeros(len(scored.label), bool), *gains.values()], axis=0)
        return entropy_columns(scored, uncertain, self.bins)


@dataclass(frozen=True)
class UncertainEntropy:
    """Between 0 and 1. Parts `uncertain` and `other`: means; `uncertain 01`, …: share of those in each bin, and so on.

    NaN where no utterance is uncertain, or all are.
    """

    title: ClassVar[str] = "Entropy of uncertain utterances"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "none"
    needs: ClassVar[frozenset[Need]] = frozenset({"removals"})
    floor: ClassVar[Floor] = "none"
    few_draws: ClassVar[bool] = True

    bins: Annotated[int, Ge(1), Le(1000), Doc("bins of equal width, (low, high], the first closed at 0")] = 10
    operator: Annotated[Operator, Doc("what stood in for a modality removed: zeros, or the dialogue's mean")] = "zero"
    mode: Annotated[Mode, Doc("how context was removed: only what remains is seen, or by edges of the graph")] = (
        "strict"
    )

    @property
    def statistic(self) -> EntropyByRemoval:
        """Return utterances by entropy and whether they gain."""
        return EntropyByRemoval(self.bins, self.operator, self.mode)

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the names of the figures."""
        return entropy_parts(_GROUPS, self.bins)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return means and shares."""
        return entropy_shares(totals, self.bins)


PLUGIN = UncertainEntropy
