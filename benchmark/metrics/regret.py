"""NLL above that of the exact posterior under the same condition, on simulated data."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Floor, Need, Scored
from .formulas import means
from .statistics import RegretSums


@dataclass(frozen=True)
class Regret:
    """At least 0 in expectation, in nats; a model can be luckier than the posterior on a finite sample.

    The difference is taken utterance by utterance, so its interval is paired.
    """

    title: ClassVar[str] = "Regret"
    unit: ClassVar[str] = "nats"
    range: ClassVar[tuple[float, float]] = (-27.7, 27.7)
    direction: ClassVar[Direction] = "lower"
    needs: ClassVar[frozenset[Need]] = frozenset({"posterior"})
    floor: ClassVar[Floor] = "none"

    @property
    def statistic(self) -> RegretSums:
        """Return the losses above the exact posterior's."""
        return RegretSums()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the one figure."""
        return ("",)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return mean_i (−log p_i[y_i] + log p*_i[y_i]); NaN without utterances."""
        return means(totals)


PLUGIN = Regret
