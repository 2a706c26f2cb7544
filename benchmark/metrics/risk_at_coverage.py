"""Error rate among the surest utterances that make up a given share of all.

Geifman and El-Yaniv, Selective classification for deep neural networks, NeurIPS 2017, Section 2.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt, Le
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction, Need, Scored
from .formulas import share
from .ranked import Ranked
from .rankings import RightByConfidence, at_first


@dataclass(frozen=True)
class RiskAtCoverage:
    """Between 0 and 1. Utterances that tie with the last one needed are kept too. NaN without utterances."""

    title: ClassVar[str] = "Risk at coverage"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "lower"
    needs: ClassVar[frozenset[Need]] = frozenset()
    variants: ClassVar[tuple[str, ...]] = ()

    coverage: Annotated[float, Gt(0), Le(1), Doc("share of utterances to be kept, at least")] = 0.8

    @property
    def ranking(self) -> RightByConfidence:
        """Return the utterances by confidence."""
        return RightByConfidence()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the one figure."""
        return ("",)

    def value(self, ranked: tuple[Ranked, ...]) -> Float[np.ndarray, "draws parts"]:
        """Return wrong / kept at the highest threshold that keeps enough."""
        (one,) = ranked
        # A share of whole utterances may miss its own decimal fraction by a rounding error.
        enough = one.kept >= self.coverage * (one.positives + one.negatives) * (1 - 1e-12)
        return share(at_first(enough, one.negative)[:, None], at_first(enough, one.kept)[:, None])


PLUGIN = RiskAtCoverage
