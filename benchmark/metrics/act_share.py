"""Share of utterances where an interface would act: those surer than a threshold for a wanted error rate.

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
class ActShare(ActingMetric):
    """Between 0 and 1; 0 where the interface never acts. NaN without utterances."""

    title: ClassVar[str] = "Share acted on"
    direction: ClassVar[Direction] = "none"
    variants: ClassVar[tuple[str, ...]] = ("act_share", "act_share:risk=0.2")

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return acted on / all."""
        return share(totals[..., 0:1], totals[..., 4:5])


PLUGIN = ActShare
