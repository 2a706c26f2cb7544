"""Size of conformal prediction sets: how many classes it takes to hold the gold class as often as was asked.

See `conformal_coverage` for how sets are made and the sources. Empty sets count with size 0: their share is
`conformal_empty`. Small sets are a merit only where coverage is what was asked for.
"""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt, Lt
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction, Floor, Need, Scored
from .conformal import ConformalSums, Method, by_class, overall_and_by_class


@dataclass(frozen=True)
class ConformalSetSize:
    """Between 0 and the number of classes; overall, then by gold class. NaN without utterances."""

    title: ClassVar[str] = "Set size"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, math.inf)
    direction: ClassVar[Direction] = "lower"
    needs: ClassVar[frozenset[Need]] = frozenset({"validation"})
    floor: ClassVar[Floor] = "none"
    variants: ClassVar[tuple[str, ...]] = ("conformal_set_size", "conformal_set_size:method=aps")

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
        """Return the figure over all, and the names of the classes."""
        return ("", *scored.classes)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return classes in the sets / utterances."""
        _, sizes, utterances = by_class(totals)
        return overall_and_by_class(sizes, utterances)


PLUGIN = ConformalSetSize
