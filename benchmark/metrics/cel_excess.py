"""CEL above that of the exact posterior, on data where it is known, with a paired interval.

Even the exact posterior has CEL above 0, since a removal helps the gold class of some utterances by chance. The gain of
its own probabilities is subtracted utterance by utterance: what is left is the model's doing.
"""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction, Floor, Need, Scored
from .formulas import means
from .removals import ExcessGains, Mode, Operator, RemovalGains


@dataclass(frozen=True)
class CelExcess:
    """In the unit of CEL, of either sign: a model that ignores its input has less than the exact posterior.

    Figures as of `cel`; none where the exact posterior was not asked under the same removals.
    """

    title: ClassVar[str] = "CEL above the posterior's"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    direction: ClassVar[Direction] = "lower"
    needs: ClassVar[frozenset[Need]] = frozenset({"removals", "posterior"})
    floor: ClassVar[Floor] = "none"
    variants: ClassVar[tuple[str, ...]] = ("cel_excess", "cel_excess:space=log")

    space: Annotated[Literal["probability", "log"], Doc("of what the gain is taken")] = "probability"
    target: Annotated[Literal["gold", "predicted"], Doc("whose gain: the gold class, or the one predicted")] = "gold"
    operator: Annotated[Operator, Doc("what stood in for a modality removed: zeros, or the dialogue's mean")] = "zero"
    mode: Annotated[Mode, Doc("how context was removed: only what remains is seen, or by edges of the graph")] = (
        "strict"
    )

    @property
    def statistic(self) -> ExcessGains:
        """Return gains by removal above the exact posterior's."""
        return ExcessGains(RemovalGains(self.space, "mean", self.target, self.operator, self.mode))

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the names of the figures; none where there is nothing to compare."""
        return self.statistic.figures(scored)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return the mean over utterances and removals of CF − CF*; NaN without utterances."""
        return means(totals)


PLUGIN = CelExcess
