"""How well confidence tells right predictions from wrong ones: AUROC with the largest probability as the score.

Hendrycks and Gimpel, A baseline for detecting misclassified and out-of-distribution examples in neural networks, ICLR
2017, Section 2. A tie counts half.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Need, Scored
from .ranked import Ranked
from .rankings import RightByConfidence


@dataclass(frozen=True)
class MisclassificationAuroc:
    """Between 0 and 1; ½ says that confidence tells nothing.

    It depends on the model's accuracy too: a better model has harder errors left. NaN where all predictions are right,
    or all wrong.
    """

    title: ClassVar[str] = "Error detection AUROC"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "higher"
    needs: ClassVar[frozenset[Need]] = frozenset()

    @property
    def ranking(self) -> RightByConfidence:
        """Return the utterances by confidence."""
        return RightByConfidence()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the one figure."""
        return ("",)

    def value(self, ranked: tuple[Ranked, ...]) -> Float[np.ndarray, "draws parts"]:
        """Return P(confidence of a right one > of a wrong one) + ½ P(=)."""
        return ranked[0].auroc[:, None]


PLUGIN = MisclassificationAuroc
