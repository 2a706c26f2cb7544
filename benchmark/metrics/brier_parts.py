"""The Brier score taken apart: reliability − resolution + uncertainty + what the bins hide.

Murphy, A new vector partition of the probability score, Journal of Applied Meteorology 12, 1973, for each class with
its probabilities in bins, summed over classes. The first three make up the Brier score of forecasts that are replaced
by the mean of their bin; `within` is the rest: variance within bins minus twice their covariance with the outcome
(Stephenson, Coelho and Jolliffe, Two extra components in the Brier score decomposition, Weather and Forecasting 2008).
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
class BrierParts:
    """reliability − resolution + uncertainty + within = Brier, exactly.

    `reliability`: distance of mean probability and frequency in the bins, 0 is best. `resolution`: how far frequencies
    in the bins are from the base rate, more is better. `uncertainty`: of the labels, the same for every model.
    `within`: may be of either sign.
    """

    title: ClassVar[str] = "Brier parts"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (-2.0, 2.0)
    direction: ClassVar[Direction] = "none"
    needs: ClassVar[frozenset[Need]] = frozenset()
    floor: ClassVar[Floor] = "none"
    variants: ClassVar[tuple[str, ...]] = ()

    bins: Annotated[int, Ge(1), Le(1000), Doc("bins of equal width, (low, high], the first closed at 0")] = 15

    @property
    def statistic(self) -> ClasswiseBins:
        """Return counts and sums per class and bin of its probability."""
        return ClasswiseBins(self.bins)

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the names of the figures."""
        return ("reliability", "resolution", "uncertainty", "within")

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return the four parts, with n_kb, ȳ_kb and p̄_kb per class and bin; NaN without utterances."""
        count, gold, probability = by_class(totals, self.bins)
        whole = count.sum(axis=-1)
        utterances = whole[..., :1]
        some = np.maximum(count, 1)
        base = share(gold.sum(axis=-1), whole)
        reliability = ((probability - gold) ** 2 / some).sum(axis=(-2, -1))
        resolution = ((gold - count * base[..., None]) ** 2 / some).sum(axis=(-2, -1))
        uncertainty = (whole * base * (1 - base)).sum(axis=-1)
        within = totals[..., -1] - (reliability - resolution + uncertainty)
        return share(np.stack([reliability, resolution, uncertainty, within], axis=-1), utterances)


PLUGIN = BrierParts
