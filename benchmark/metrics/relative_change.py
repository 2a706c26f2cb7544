"""The change of a figure against clean input, as a share of the figure on clean input, with a paired interval.

Of two models that differ on clean input, the one that had more may lose more in absolute terms and less in relative
ones: read it beside `change`. Both figures of a draw come from the same resampled dialogues.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .composed import ChangeMetric
from .formulas import share


@dataclass(frozen=True)
class RelativeChange(ChangeMetric):
    """−0.2: the figure fell by a fifth; for a metric where lower is better, above 0 is a loss.

    NaN where one of the two figures is not defined or the one on clean input is 0.
    """

    title: ClassVar[str] = "Relative change"

    def combine(self, figures: Sequence[Float[np.ndarray, "*draws _"]]) -> Float[np.ndarray, "*draws parts"]:
        """Return (stressed − clean) / |clean|."""
        stressed, clean = figures
        return share(stressed - clean, np.abs(clean))


PLUGIN = RelativeChange
