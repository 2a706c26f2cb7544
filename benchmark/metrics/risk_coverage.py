"""Risk–coverage curve on clean input: the error rate of the surest 5 %, 10 %, …, 100 % of the utterances.

Geifman and El-Yaniv, Selective classification for deep neural networks, NeurIPS 2017, Section 2.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction, Need, Scored
from .formulas import share
from .ranked import Ranked
from .rankings import RightByConfidence


@dataclass(frozen=True)
class RiskCoverage:
    """Between 0 and 1; one part per coverage, named by it (`0.05`), the last of which (`1`) is the error rate.

    Utterances that tie with the last one needed are kept too, so with confidence that tells nothing all parts are the
    error rate. NaN without utterances. The area under the curve is `aurc`; one point of it under any condition is
    `risk_at_coverage`.
    """

    title: ClassVar[str] = "Risk–coverage curve"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "lower"
    needs: ClassVar[frozenset[Need]] = frozenset({"clean input"})

    steps: Annotated[int, Ge(1), Le(100), Doc("coverages, evenly spaced up to 1")] = 20

    @property
    def ranking(self) -> RightByConfidence:
        """Return the utterances by confidence."""
        return RightByConfidence()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the coverages."""
        return tuple(f"{step / self.steps:.3g}" for step in range(1, self.steps + 1))

    def value(self, ranked: tuple[Ranked, ...]) -> Float[np.ndarray, "draws parts"]:
        """Return wrong / kept at the highest threshold that keeps enough, for each coverage."""
        (one,) = ranked
        # Draw by draw in one piece of memory, as each is searched.
        kept = np.ascontiguousarray(one.kept.T)
        # A share of whole utterances may miss its own decimal fraction by a rounding error.
        wanted = np.arange(1, self.steps + 1) / self.steps * (1 - 1e-12)
        everything = one.positives + one.negatives
        first = np.zeros((len(kept), self.steps), np.int64)
        for draw in np.flatnonzero(everything).tolist():
            first[draw] = kept[draw].searchsorted(wanted * everything[draw], side="left")
        if not kept.shape[1]:
            return np.full(first.shape, np.nan)
        return share(np.take_along_axis(one.negative.T, first, axis=1), np.take_along_axis(kept, first, axis=1))


PLUGIN = RiskCoverage
