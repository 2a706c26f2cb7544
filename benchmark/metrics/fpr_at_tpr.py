"""Share of wrong predictions that are still trusted when 95 % of the right ones are.

Liang, Li and Srikant, Enhancing the reliability of out-of-distribution image detection in neural networks, ICLR 2018;
here with right predictions as positive.
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
class FprAtTpr:
    """Between 0 and 1. NaN where all predictions are right, or all wrong."""

    title: ClassVar[str] = "FPR at 95 % TPR"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "lower"
    needs: ClassVar[frozenset[Need]] = frozenset()
    variants: ClassVar[tuple[str, ...]] = ()

    tpr: Annotated[float, Gt(0), Le(1), Doc("share of the right predictions to be trusted, at least")] = 0.95

    @property
    def ranking(self) -> RightByConfidence:
        """Return the utterances by confidence."""
        return RightByConfidence()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the one figure."""
        return ("",)

    def value(self, ranked: tuple[Ranked, ...]) -> Float[np.ndarray, "draws parts"]:
        """Return the share of wrong predictions at or above the highest threshold that takes in enough right ones."""
        (one,) = ranked
        # A share of whole utterances may miss its own decimal fraction by a rounding error.
        reached = one.positive >= self.tpr * one.positives * (1 - 1e-12)
        trusted = at_first(reached, one.negative)
        return share(np.where(one.positives > 0, trusted, np.nan)[:, None], one.negatives[:, None])


PLUGIN = FprAtTpr
