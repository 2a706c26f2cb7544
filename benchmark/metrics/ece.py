"""Expected calibration error: mean distance between confidence and accuracy over bins.

Naeini, Cooper and Hauskrecht, Obtaining well calibrated probabilities using Bayesian binning, AAAI 2015; top-label
form of Guo, Pleiss, Sun and Weinberger, On calibration of modern neural networks, ICML 2017, Eq. 3.
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
class ExpectedCalibrationError:
    """Between 0 and 1; never above RMSCE. A finite sample shows more than 0 by chance: see its noise floor."""

    title: ClassVar[str] = "ECE"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "lower"
    needs: ClassVar[frozenset[Need]] = frozenset()
    floor: ClassVar[Floor] = "noise"
    norm_of_gaps: ClassVar[bool] = True

    bins: Annotated[int, Ge(1), Le(1000), Doc("bins of equal width, (low, high], the first closed at 0")] = 15

    @property
    def statistic(self) -> TopLabelBins:
        """Return counts and sums per bin of the confidence."""
        return TopLabelBins(self.bins)

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the one figure."""
        return ("",)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return Σ_b n_b/N · |accuracy_b − confidence_b|; NaN without utterances."""
        utterances, gaps = bin_gaps(totals)
        return share(gaps.sum(axis=-1, keepdims=True), utterances.sum(axis=-1, keepdims=True))


PLUGIN = ExpectedCalibrationError
