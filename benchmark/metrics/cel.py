"""CEL: how much the gold class gains when a modality or context is removed.

For utterance k and removal ξ, CF = max(0, p^ξ_k[y] − p_k[y]): CMERC, ACM MM 2024, Eq. 4 (probabilities) and 10 (sum).
The released code, and by their size the published numbers, use log-probabilities.

No proper score: a constant predictor has 0, and a higher temperature lowers it; read it beside NLL and accuracy. Even
the exact posterior has more than 0, since a removal helps the gold class of some utterances by chance: that is its
floor on simulated data.
"""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction, Floor, Need, Scored
from .formulas import means
from .statistics import RemovalGains, figures_of_removals


@dataclass(frozen=True)
class Cel:
    """From 0. One figure per removal, and for all modalities, all contexts and, where there are both, all removals."""

    title: ClassVar[str] = "CEL"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, math.inf)
    direction: ClassVar[Direction] = "lower"
    needs: ClassVar[frozenset[Need]] = frozenset({"removals"})
    floor: ClassVar[Floor] = "posterior"
    variants: ClassVar[tuple[str, ...]] = ("cel", "cel:form=sum", "cel:space=log", "cel:form=sum,space=log")

    space: Annotated[Literal["probability", "log"], Doc("of what the gain is taken")] = "probability"
    form: Annotated[
        Literal["mean", "sum"],
        Doc("per utterance and removal, or the sum over both, which the papers print: comparable at equal size only"),
    ] = "mean"
    target: Annotated[Literal["gold", "predicted"], Doc("whose gain: the gold class, or the one predicted")] = "gold"

    @property
    def statistic(self) -> RemovalGains:
        """Return gains by removal."""
        return RemovalGains(self.space, self.form, self.target)

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the names of the figures."""
        return tuple(figures_of_removals(tuple(scored.removals)))

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return the gain per utterance and removal, or the sums; a mean is NaN without utterances."""
        return means(totals) if self.form == "mean" else totals[..., :-1]


PLUGIN = Cel
