"""CEL of modalities minus CEL of contexts: from losing which of the two the gold class gains more.

Both are means over the same utterances, so their difference is paired, and has an interval of its own: two intervals
that overlap do not say that there is no difference. CMERC, ACM MM 2024, sets the two side by side (Tables 5 and 6).
"""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction, Floor, Need, Scored
from .formulas import means
from .removals import KindGaps, chosen_removals, figures_of_removals

PART = "modalities"
"""Name of the figure: what stands first in the difference."""


@dataclass(frozen=True)
class RemovalGap:
    """Above 0: it gains more from losing a modality than from losing a context, each as CEL takes them by default."""

    title: ClassVar[str] = "CEL, modalities − contexts"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    direction: ClassVar[Direction] = "none"
    needs: ClassVar[frozenset[Need]] = frozenset({"removals"})
    floor: ClassVar[Floor] = "none"

    space: Annotated[Literal["probability", "log"], Doc("of what the gain is taken")] = "probability"

    @property
    def statistic(self) -> KindGaps:
        """Return differences of gains."""
        return KindGaps(self.space)

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the name of the figure; none where the run does not hold removals of both kinds."""
        figures = figures_of_removals(tuple(chosen_removals(scored.removals, "zero", "strict")))
        return (PART,) if "all" in figures else ()

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return the mean difference per utterance; NaN without utterances."""
        return means(totals)


PLUGIN = RemovalGap
