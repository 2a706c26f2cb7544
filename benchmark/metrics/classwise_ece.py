"""Classwise ECE: calibration error of the probability of each class, and its mean over classes.

Kull et al., Beyond temperature scaling, NeurIPS 2019, Eq. 4; the static calibration error of Nixon et al., Measuring
calibration in deep learning, CVPR workshops 2019.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction, Floor, Need, Scored
from .bins import ClasswiseBins, by_class
from .formulas import share


@dataclass(frozen=True)
class ClasswiseCalibrationError:
    """Between 0 and 1; the mean over all classes alike, and a part per class. See its noise floor.

    Each class is held against its own frequency, so a class that is absent counts with the probability it is given.
    """

    title: ClassVar[str] = "Classwise ECE"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "lower"
    needs: ClassVar[frozenset[Need]] = frozenset()
    floor: ClassVar[Floor] = "noise"
    norm_of_gaps: ClassVar[bool] = True
    variants: ClassVar[tuple[str, ...]] = ()

    bins: Annotated[int, Ge(1), Le(1000), Doc("bins of equal width, (low, high], the first closed at 0")] = 15

    @property
    def statistic(self) -> ClasswiseBins:
        """Return counts and sums per class and bin of its probability."""
        return ClasswiseBins(self.bins)

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the mean, and the names of the classes."""
        return ("", *scored.classes)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return mean_k and each Σ_b n_kb/N · |frequency_kb − p_kb|; NaN without utterances."""
        count, gold, probability = by_class(totals, self.bins)
        each = share(np.abs(gold - probability).sum(axis=-1), count.sum(axis=-1))
        return np.concatenate([each.mean(axis=-1, keepdims=True), each], axis=-1)


PLUGIN = ClasswiseCalibrationError
