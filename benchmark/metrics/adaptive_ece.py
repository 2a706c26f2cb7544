"""Adaptive ECE: calibration error over bins that hold equally many utterances.

Nguyen and O'Connor, Posterior calibration and exploratory analysis for natural language processing models, EMNLP 2015,
Section 3.2; Nixon et al., Measuring calibration in deep learning, CVPR workshops 2019; here in top-label form.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction, Floor, Need, Scored
from .bins import EqualMassBins
from .formulas import bin_gaps, share


@dataclass(frozen=True)
class AdaptiveCalibrationError:
    """Between 0 and 1. The bins are those of the sample itself, in all of its bootstrap draws.

    Utterance i falls into bin ⌊bins · #(c_j < c_i) / N⌋: bins hold equally many utterances up to one, but equal
    confidences are never parted, so ties leave some bins fuller and others empty. See its noise floor.
    """

    title: ClassVar[str] = "Adaptive ECE"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "lower"
    needs: ClassVar[frozenset[Need]] = frozenset()
    floor: ClassVar[Floor] = "noise"
    norm_of_gaps: ClassVar[bool] = True

    bins: Annotated[int, Ge(1), Le(1000), Doc("bins of equally many utterances; ties share a bin")] = 15

    @property
    def statistic(self) -> EqualMassBins:
        """Return counts and sums per bin of the confidence."""
        return EqualMassBins(self.bins)

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the one figure."""
        return ("",)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return Σ_b n_b/N · |accuracy_b − confidence_b|; NaN without utterances."""
        utterances, gaps = bin_gaps(totals)
        return share(gaps.sum(axis=-1, keepdims=True), utterances.sum(axis=-1, keepdims=True))


PLUGIN = AdaptiveCalibrationError
