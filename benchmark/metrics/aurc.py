"""Area under the risk–coverage curve: the error rate of the surest utterances, averaged over how many are kept.

Geifman, Uziel and El-Yaniv, Bias-reduced uncertainty estimation for deep neural classifiers, ICLR 2019, Section 2.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Need, Scored
from .ranked import Ranked
from .rankings import RightByConfidence


@dataclass(frozen=True)
class Aurc:
    """Between 0 and 1; confidence that tells nothing has the error rate.

    Utterances that tie are kept or left together, so their order does not matter. Every utterance adds the
    risk at its own confidence. NaN without utterances.
    """

    title: ClassVar[str] = "AURC"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "lower"
    needs: ClassVar[frozenset[Need]] = frozenset()

    @property
    def ranking(self) -> RightByConfidence:
        """Return the utterances by confidence."""
        return RightByConfidence()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the one figure."""
        return ("",)

    def value(self, ranked: tuple[Ranked, ...]) -> Float[np.ndarray, "draws parts"]:
        """Return mean_i risk({j: c_j ≥ c_i})."""
        return ranked[0].area_under_risk[:, None]


PLUGIN = Aurc
