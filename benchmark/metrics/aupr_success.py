"""Average precision of finding right predictions by high confidence.

Hendrycks and Gimpel, A baseline for detecting misclassified and out-of-distribution examples in neural networks, ICLR
2017, Section 2.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Need, Scored
from .ranked import Ranked
from .rankings import RightByConfidence


@dataclass(frozen=True)
class AuprSuccess:
    """Between 0 and 1; confidence that tells nothing has the accuracy. NaN where no prediction is right."""

    title: ClassVar[str] = "AUPR success"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "higher"
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
        """Return Σ_t (R_t − R_(t−1))·P_t with right predictions as positive, from the highest confidence down."""
        return ranked[0].average_precision[:, None]


PLUGIN = AuprSuccess
