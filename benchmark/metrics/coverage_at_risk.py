"""Largest share of utterances, the surest ones, whose error rate is no more than a given one.

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
class CoverageAtRisk:
    """Between 0 and 1; 0 where even the surest utterances are wrong too often. Utterances that tie are kept together.

    The threshold is chosen on the very utterances it is measured on, so the figure says what could be reached at best.
    NaN without utterances.
    """

    title: ClassVar[str] = "Coverage at risk"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "higher"
    needs: ClassVar[frozenset[Need]] = frozenset()
    variants: ClassVar[tuple[str, ...]] = ()

    risk: Annotated[float, Ge(0), Le(1), Doc("error rate among the kept utterances, at most")] = 0.1

    @property
    def ranking(self) -> RightByConfidence:
        """Return the utterances by confidence."""
        return RightByConfidence()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the one figure."""
        return ("",)

    def value(self, ranked: tuple[Ranked, ...]) -> Float[np.ndarray, "draws parts"]:
        """Return the largest kept / all over the thresholds with wrong / kept ≤ risk."""
        (one,) = ranked
        # A share of whole utterances may miss its own decimal fraction by a rounding error.
        allowed = np.where(one.negative <= self.risk * one.kept + 1e-9, one.kept, 0.0)
        return share(allowed.max(axis=0, initial=0.0)[:, None], (one.positives + one.negatives)[:, None])


PLUGIN = CoverageAtRisk
