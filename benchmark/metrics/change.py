"""A figure under stress minus the same figure on clean input, with a paired interval.

Both figures of a draw come from the same resampled dialogues, so the interval is that of the difference. Below zero a
figure fell; for a metric where higher is better that is the drop at this rung.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .composed import ChangeMetric


@dataclass(frozen=True)
class Change(ChangeMetric):
    """In the unit of the metric, 0 on clean input; one figure per figure of the metric. NaN where either is."""

    title: ClassVar[str] = "Change"

    def combine(self, figures: Sequence[Float[np.ndarray, "*draws _"]]) -> Float[np.ndarray, "*draws parts"]:
        """Return stressed minus clean."""
        stressed, clean = figures
        return np.asarray(stressed - clean)


PLUGIN = Change
