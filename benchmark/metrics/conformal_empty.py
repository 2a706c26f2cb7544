"""Share of conformal prediction sets that are empty: no class is likely enough.

LAC gives an empty set where even the most probable class has less probability than the threshold asks for, APS by
chance where it has more than is needed (Romano, Sesia and Candès 2020, Section 2.1). They are left empty, and count as
sets that do not hold the gold class; filling them with the most probable class would cover more than was asked. Never
with `aps_whole`. See `conformal_coverage` for how sets are made and the sources.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt, Lt
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction, Floor, Need, Scored
from .conformal import ConformalSums, Method, by_class
from .formulas import share


@dataclass(frozen=True)
class ConformalEmpty:
    """Between 0 and 1. NaN without utterances."""

    title: ClassVar[str] = "Empty sets"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "none"
    needs: ClassVar[frozenset[Need]] = frozenset({"validation"})
    floor: ClassVar[Floor] = "none"
    variants: ClassVar[tuple[str, ...]] = ("conformal_empty", "conformal_empty:method=aps")

    method: Annotated[
        Method, Doc("score of a class: 1 − p, or the probability of those before it and part of its own")
    ] = "lac"
    level: Annotated[float, Gt(0), Lt(1), Doc("share of sets that are to hold the gold class")] = 0.9
    per_class: Annotated[bool, Doc("whether each class has a threshold of its own, from its validation utterances")] = (
        False
    )

    @property
    def statistic(self) -> ConformalSums:
        """Return sums over the sets."""
        return ConformalSums(self.method, self.level, self.per_class)

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the one figure."""
        return ("",)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return empty sets / utterances."""
        utterances = by_class(totals)[2].sum(axis=-1, keepdims=True)
        return share(totals[..., -1:], utterances)


PLUGIN = ConformalEmpty
