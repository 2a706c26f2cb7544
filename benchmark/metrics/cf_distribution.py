"""Distribution of CF, what the gold class gains by a removal: how often it is more than 0, 0.01, …, 0.9.

For utterance k and removal ξ, CF = max(0, p^ξ_k[y] − p_k[y]) (CMERC, ACM MM 2024, Eq. 4; its Figure 7 shows a
distribution of CF). The share at 0 is that of the removals that help; the area under the curve is CEL.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction, Floor, Need, Scored
from .formulas import means
from .removals import CONTEXTS, Mode, Operator, chosen_removals, gain_by

THRESHOLDS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Gains at which the distribution is given: closer together where most of them are."""


@dataclass(frozen=True)
class GainsAbove:
    """Per kind of removal and threshold: share of its removals that give the gold class more; last, the utterances."""

    operator: Operator
    """Which removals of modalities."""
    mode: Mode
    """Which removals of context."""

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return the columns, those of modalities first."""
        columns = []
        for group in kinds_of_removals(scored, self.operator, self.mode).values():
            gains = np.stack([gain_by(removal, scored, scored.label, "probability") for removal in group])
            columns += [(gains > threshold).mean(axis=0) for threshold in THRESHOLDS]
        return np.stack([*columns, np.ones(len(scored.label))], axis=1)


@dataclass(frozen=True)
class CfDistribution:
    """Between 0 and 1, falling; parts `modalities > 0`, `modalities > 0.01`, … and the same of `contexts`.

    A share of pairs of utterance and removal, all removals of modalities (or contexts) taken one by one.
    """

    title: ClassVar[str] = "Distribution of CF"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "lower"
    needs: ClassVar[frozenset[Need]] = frozenset({"removals"})
    floor: ClassVar[Floor] = "none"
    few_draws: ClassVar[bool] = True

    operator: Annotated[Operator, Doc("what stood in for a modality removed: zeros, or the dialogue's mean")] = "zero"
    mode: Annotated[Mode, Doc("how context was removed: only what remains is seen, or by edges of the graph")] = (
        "strict"
    )

    @property
    def statistic(self) -> GainsAbove:
        """Return gains by threshold."""
        return GainsAbove(self.operator, self.mode)

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the names of the figures; none where the run does not hold such removals."""
        groups = kinds_of_removals(scored, self.operator, self.mode)
        return tuple(f"{group} > {threshold:g}" for group in groups for threshold in THRESHOLDS)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return the shares; NaN without utterances."""
        return means(totals)


def kinds_of_removals(scored: Scored, operator: Operator, mode: Mode) -> dict[str, tuple[str, ...]]:
    """Return the removals of modalities and those of contexts, where there are any."""
    chosen = chosen_removals(scored.removals, operator, mode)
    groups = {
        "modalities": tuple(removal for name, removal in chosen.items() if name not in CONTEXTS),
        "contexts": tuple(removal for name, removal in chosen.items() if name in CONTEXTS),
    }
    return {name: group for name, group in groups.items() if group}


PLUGIN = CfDistribution
