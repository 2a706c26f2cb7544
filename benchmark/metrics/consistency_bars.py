"""What accuracy a perfectly calibrated model would show in each bin of the reliability diagram, on clean input.

If every utterance is right with the probability that is its confidence, independently of all others, the number of
right ones in a bin has the Poisson binomial distribution of the bin's confidences. Its central part, divided by the
utterances of the bin, is where the bin's accuracy may lie by chance: consistency bars (Bröcker and Smith, Increasing
the reliability of reliability diagrams, Weather and Forecasting 2007), here exact instead of drawn.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Le, Lt
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction, Floor, Need, Scored
from .calibrated_range import CalibratedRange
from .formulas import by_kind, share


@dataclass(frozen=True)
class ConsistencyBars:
    """Parts `low 01`, …, `high 01`, …, between 0 and 1, from the lowest bin up; an empty bin has none.

    Both ends are those of the sample in all draws, so they have no interval. Utterances of a dialogue resemble each
    other, which the bars do not take into account: an accuracy a little outside is weak evidence.
    """

    title: ClassVar[str] = "Consistency bars"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "none"
    needs: ClassVar[frozenset[Need]] = frozenset({"clean input"})
    floor: ClassVar[Floor] = "none"
    few_draws: ClassVar[bool] = True
    without_interval: ClassVar[bool] = True

    bins: Annotated[int, Ge(1), Le(1000), Doc("bins of equal width, (low, high], the first closed at 0")] = 15
    level: Annotated[float, Gt(0), Lt(1), Doc("chance, at least, that a bin's accuracy lies in its bar")] = 0.95

    @property
    def statistic(self) -> CalibratedRange:
        """Return counts and the ends of the bars per bin of the confidence."""
        return CalibratedRange(self.bins, self.level)

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the names of the figures."""
        return tuple(f"{end} {place:02}" for end in ("low", "high") for place in range(1, self.bins + 1))

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return the ends of the bars, which every utterance of a bin carries; NaN where the bin is empty."""
        count, low, high = by_kind(totals)
        return np.concatenate([share(low, count), share(high, count)], axis=-1)


PLUGIN = ConsistencyBars
