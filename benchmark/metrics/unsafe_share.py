"""Share of utterances where an interface would act and be wrong: confident errors, out of all turns.

The threshold is chosen on clean validation for a wanted error rate, and then stays what it is under every condition:
see `emobench show act_threshold`. The interval is conditional on the threshold.
It is the share acted on times the risk when acting.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .acting import ActingMetric
from .base import Direction
from .formulas import share


@dataclass(frozen=True)
class UnsafeShare(ActingMetric):
    """Between 0 and 1; 0 where the interface never acts. NaN without utterances."""

    title: ClassVar[str] = "Unsafe share"
    direction: ClassVar[Direction] = "lower"
    variants: ClassVar[tuple[str, ...]] = ("unsafe_share", "unsafe_share:risk=0.2")

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return acted on and wrong / all."""
        return share(totals[..., 1:2], totals[..., 4:5])


PLUGIN = UnsafeShare
