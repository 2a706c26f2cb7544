"""Error rate among the utterances where an interface would act: those surer than a threshold for a wanted one.

The threshold is chosen on clean validation for a wanted error rate, and then stays what it is under every condition:
see `emobench show act_threshold`. The interval is conditional on the threshold.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .acting import ActingMetric
from .base import Direction
from .formulas import share


@dataclass(frozen=True)
class ActRisk(ActingMetric):
    """Between 0 and 1. NaN where the interface acts on none: a risk of nothing is not defined."""

    title: ClassVar[str] = "Risk when acting"
    direction: ClassVar[Direction] = "lower"
    variants: ClassVar[tuple[str, ...]] = ("act_risk", "act_risk:risk=0.2")

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return acted on and wrong / acted on."""
        return share(totals[..., 1:2], totals[..., 0:1])


PLUGIN = ActRisk
