"""Coverage of conformal prediction sets minus the one asked for: below 0, sets hold the gold class too seldom.

The figure to compare models by and to put a limit on; see `conformal_coverage` for what is promised, on which
assumptions, and the sources.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt, Lt
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction, Floor, Need, Scored
from .conformal import ConformalSums, Method, by_class, overall_and_by_class


@dataclass(frozen=True)
class ConformalGap:
    """Between −level and 1 − level; 0 is best. NaN without utterances."""

    title: ClassVar[str] = "Coverage gap"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (-1.0, 1.0)
    direction: ClassVar[Direction] = "zero"
    needs: ClassVar[frozenset[Need]] = frozenset({"validation"})
    floor: ClassVar[Floor] = "none"
    variants: ClassVar[tuple[str, ...]] = ("conformal_gap", "conformal_gap:method=aps")

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
        """Return sets that hold the gold class / utterances − level."""
        held, _, utterances = by_class(totals)
        return overall_and_by_class(held, utterances)[..., :1] - self.level


PLUGIN = ConformalGap
