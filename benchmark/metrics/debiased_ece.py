"""Debiased calibration error: RMSCE without what chance alone adds to its square.

Within each bin the variance of the accuracy, accuracy·(1 − accuracy)/(n − 1), is subtracted from the squared distance:
Kumar, Liang and Ma, Verified uncertainty calibration, NeurIPS 2019, Section 5; top-label form. The square is unbiased
for the bins chosen; a distance that is not squared has no such estimator, and the sweep over numbers of bins of Roelofs
et al., Mitigating bias in calibration error estimation, AISTATS 2022, is no function of sums.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction, Floor, Need, Scored
from .formulas import bin_gaps, share
from .statistics import TopLabelBins


@dataclass(frozen=True)
class DebiasedCalibrationError:
    """Between 0 and 1, where the square came out negative 0. On the scale of RMSCE, never above it.

    A bin with a single utterance, whose variance cannot be seen, adds nothing. It has no interval of its own: that of
    the bootstrap held the truth in 50 to 93 % of simulated test sets. That of RMSCE is one for what it estimates.
    """

    title: ClassVar[str] = "Debiased ECE"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "lower"
    needs: ClassVar[frozenset[Need]] = frozenset()
    floor: ClassVar[Floor] = "noise"
    without_interval: ClassVar[bool] = True

    bins: Annotated[int, Ge(1), Le(1000), Doc("bins of equal width, (low, high], the first closed at 0")] = 15

    @property
    def statistic(self) -> TopLabelBins:
        """Return counts and sums per bin of the confidence."""
        return TopLabelBins(self.bins)

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the one figure."""
        return ("",)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return sqrt(max(0, Σ_b n_b/N · (gap_b² − accuracy_b·(1 − accuracy_b)/(n_b − 1)))); NaN without utterances."""
        utterances, gaps = bin_gaps(totals)
        count, right = np.maximum(utterances, 2), totals[..., self.bins : 2 * self.bins]
        variance = right * (count - right) / (count * (count - 1))
        squares = np.where(utterances > 1, gaps**2 / count - variance, 0.0).sum(axis=-1, keepdims=True)
        return np.asarray(np.sqrt(share(np.maximum(squares, 0.0), utterances.sum(axis=-1, keepdims=True))))


PLUGIN = DebiasedCalibrationError
