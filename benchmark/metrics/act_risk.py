"""Error rate among the utterances where an interface would act: those surer than a threshold for a wanted one.

The threshold is chosen on clean validation for a wanted error rate, and then stays what it is under every condition:
see `emobench show act_threshold`. The interval is conditional on the threshold.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .acting import WANTED, ActingSums, Delta, Risk
from .base import Direction, Floor, Need, Scored
from .formulas import share


@dataclass(frozen=True)
class ActRisk:
    """Between 0 and 1. NaN where the interface acts on none: a risk of nothing is not defined."""

    title: ClassVar[str] = "Risk when acting"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "lower"
    needs: ClassVar[frozenset[Need]] = frozenset({"validation"})
    floor: ClassVar[Floor] = "none"
    variants: ClassVar[tuple[str, ...]] = ("act_risk", "act_risk:risk=0.2")

    risk: Risk = WANTED
    delta: Delta = 0.0

    @property
    def statistic(self) -> ActingSums:
        """Return utterances acted on, wrong ones among them, and the threshold."""
        return ActingSums(self.risk, self.delta)

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the one figure."""
        return ("",)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return acted on and wrong / acted on."""
        return share(totals[..., 1:2], totals[..., 0:1])


PLUGIN = ActRisk
