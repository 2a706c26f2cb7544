"""Excess AURC: the area under the risk–coverage curve above that of the best order at the same error rate.

Geifman, Uziel and El-Yaniv, Bias-reduced uncertainty estimation for deep neural classifiers, ICLR 2019, Section 3: with
error rate r, the best order, all right predictions before all wrong ones, has r + (1 − r)·ln(1 − r).
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Need, Scored
from .formulas import share
from .ranked import Ranked
from .rankings import RightByConfidence


@dataclass(frozen=True)
class ExcessAurc:
    """Between 0 and 1; 0: every right prediction is surer than every wrong one, in the limit of many utterances.

    The best area is that of a continuous curve, as published, so a finite sample in the best order shows a little more
    than 0, by less than 1 / utterances. NaN without utterances.
    """

    title: ClassVar[str] = "E-AURC"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "lower"
    needs: ClassVar[frozenset[Need]] = frozenset()
    variants: ClassVar[tuple[str, ...]] = ()

    @property
    def ranking(self) -> RightByConfidence:
        """Return the utterances by confidence."""
        return RightByConfidence()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the one figure."""
        return ("",)

    def value(self, ranked: tuple[Ranked, ...]) -> Float[np.ndarray, "draws parts"]:
        """Return AURC − (r + (1 − r)·ln(1 − r))."""
        (one,) = ranked
        right = share(one.positives[:, None], (one.positives + one.negatives)[:, None])[:, 0]
        # x·ln x is 0 at 0.
        best = 1 - right + right * np.log(np.where(right > 0, right, 1.0))
        excess: Float[np.ndarray, "draws parts"] = (one.area_under_risk - best)[:, None]
        return excess


PLUGIN = ExcessAurc
