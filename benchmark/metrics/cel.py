"""CEL: how much the gold class gains when a modality or context is removed.

For utterance k and removal ξ, CF = max(0, p^ξ_k[y] − p_k[y]): CMERC, ACM MM 2024, Eq. 4 (probabilities) and 10 (sum).
The released code, and by their size the published numbers, use log-probabilities.

No proper score: a constant predictor has 0, and a higher temperature lowers it; read it beside NLL and accuracy. Even
the exact posterior has more than 0, since a removal helps the gold class of some utterances by chance: that is its
floor on simulated data.

The operator of the papers is `operator=mean`, and their released code removes context in the graph: `mode=graph`.
"""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction, Floor, Need, Scored
from .formulas import means
from .removals import Mode, Operator, RemovalGains, chosen_removals, figures_of_removals

_FORMS = ((), ("form=sum",), ("space=log",), ("form=sum", "space=log"))
_REMOVALS = ((), ("operator=mean",), ("mode=graph",), ("mode=graph", "operator=mean"))


@dataclass(frozen=True)
class Cel:
    """From 0. One figure per removal, and for all modalities, all contexts and, where there are both, all removals."""

    title: ClassVar[str] = "CEL"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, math.inf)
    direction: ClassVar[Direction] = "lower"
    needs: ClassVar[frozenset[Need]] = frozenset({"removals"})
    floor: ClassVar[Floor] = "posterior"
    variants: ClassVar[tuple[str, ...]] = tuple(
        ":".join(filter(None, ("cel", ",".join(sorted((*form, *removals))))))
        for removals in _REMOVALS
        for form in _FORMS
    )

    space: Annotated[Literal["probability", "log"], Doc("of what the gain is taken")] = "probability"
    form: Annotated[
        Literal["mean", "sum"],
        Doc("per utterance and removal, or the sum over both, which the papers print: comparable at equal size only"),
    ] = "mean"
    target: Annotated[Literal["gold", "predicted"], Doc("whose gain: the gold class, or the one predicted")] = "gold"

    operator: Annotated[Operator, Doc("what stood in for a modality removed: zeros, or the dialogue's mean")] = "zero"
    mode: Annotated[Mode, Doc("how context was removed: only what remains is seen, or by edges of the graph")] = (
        "strict"
    )

    @property
    def statistic(self) -> RemovalGains:
        """Return gains by removal."""
        return RemovalGains(self.space, self.form, self.target, self.operator, self.mode)

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the names of the figures; none where the run does not hold such removals."""
        return tuple(figures_of_removals(tuple(chosen_removals(scored.removals, self.operator, self.mode))))

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return the gain per utterance and removal, or the sums; a mean is NaN without utterances."""
        return means(totals) if self.form == "mean" else totals[..., :-1]


PLUGIN = Cel
