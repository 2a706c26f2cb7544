"""CEL of context in graph mode minus CEL in strict mode: what the way of removing context does to the figure.

In strict mode the model sees only what remains of the dialogue. In graph mode the edges between utterances are taken
away (CMERC, ACM MM 2024, as its released code does it), but features and states that were made from the whole dialogue
before or beside the graph stay: what leaks around the graph is not removed. The difference is paired, utterance by
utterance, so it has an interval of its own.
"""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction, Floor, Need, Scored
from .formulas import means
from .removals import GraphGaps, removed_in_both_modes


@dataclass(frozen=True)
class GraphGap:
    """One figure per context removed in both modes, and for contexts together. Below 0: the graph mode removes less."""

    title: ClassVar[str] = "CEL, graph − strict"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    direction: ClassVar[Direction] = "none"
    needs: ClassVar[frozenset[Need]] = frozenset({"removals"})
    floor: ClassVar[Floor] = "none"
    variants: ClassVar[tuple[str, ...]] = ("graph_gap", "graph_gap:space=log")

    space: Annotated[Literal["probability", "log"], Doc("of what the gain is taken")] = "probability"

    @property
    def statistic(self) -> GraphGaps:
        """Return differences of gains."""
        return GraphGaps(self.space)

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the names of the figures; none where no context was removed in both modes."""
        return tuple(removed_in_both_modes(scored.removals))

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return the mean difference per utterance; NaN without utterances."""
        return means(totals)


PLUGIN = GraphGap
