"""One-versus-rest AUROC: how well the probability of a class sorts its utterances from the others.

Thresholds at distinct probabilities, ties count half: Hanley and McNeil, The meaning and use of the area under a
receiver operating characteristic curve, Radiology 143, 1982. Weighted by how often each class is gold, the form of
CMERC's tables, or the mean over classes alike.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction, Need, Scored
from .formulas import Average, averaged
from .ranked import Ranked
from .rankings import OneVersusRest, support


@dataclass(frozen=True)
class Auroc:
    """Between 0 and 1; ½ says that the probabilities tell nothing.

    A class that is absent, or the only one, has no curve: NaN as a figure of its own (`average=none` names it), and
    left out of the averages. In a bootstrap draw that lacks a class the average is over the others.
    """

    title: ClassVar[str] = "AUROC"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "higher"
    needs: ClassVar[frozenset[Need]] = frozenset()

    average: Annotated[
        Average, Doc("over the classes: by how often each is gold, all alike, or none: one figure per class")
    ] = "weighted"

    @property
    def ranking(self) -> OneVersusRest:
        """Return the utterances by the probability of each class."""
        return OneVersusRest()

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the one figure; the names of the classes where they are not averaged."""
        return scored.classes if self.average == "none" else ("",)

    def value(self, ranked: tuple[Ranked, ...]) -> Float[np.ndarray, "draws parts"]:
        """Return Σ_k n_k·AUROC_k / Σ_k n_k, or the plain mean; NaN where only one class is there."""
        each = np.stack([one.auroc for one in ranked], axis=-1)
        return averaged(each, support(ranked), self.average)


PLUGIN = Auroc
