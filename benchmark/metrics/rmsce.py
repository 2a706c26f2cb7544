"""Root mean squared calibration error over bins of confidence.

Kumar, Liang and Ma, Verified uncertainty calibration, NeurIPS 2019, Definition 2.1 with p = 2, in top-label form.
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
class RootMeanSquaredCalibrationError:
    """Between 0 and 1; never below ECE, never above MCE. See its noise floor."""

    title: ClassVar[str] = "RMSCE"
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
        """Return sqrt(Σ_b n_b/N · (accuracy_b − confidence_b)²); NaN without utterances."""
        utterances, gaps = bin_gaps(totals)
        squares = (gaps**2 / np.maximum(utterances, 1)).sum(axis=-1, keepdims=True)
        return np.asarray(np.sqrt(share(squares, utterances.sum(axis=-1, keepdims=True))))


PLUGIN = RootMeanSquaredCalibrationError
