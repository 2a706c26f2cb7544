"""The worst figure of a metric on its degradation curve."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction
from .composed import MetricText, spell_canonically


@dataclass(frozen=True)
class WorstRung:
    """The lowest figure of any rung where higher is better, the highest where lower is, the farthest from 0 otherwise.

    Clean input is no rung. In the unit of the metric. The worst of several noisy figures looks a little worse than each
    of them is; the interval takes the worst anew in each draw.
    """

    title: ClassVar[str] = "Worst rung"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    direction: ClassVar[Direction] = "higher"

    metric: Annotated[MetricText, Doc("metric whose curve it is")] = "weighted_f1"

    def __post_init__(self) -> None:
        """Spell the metric canonically."""
        spell_canonically(self, self.metric)

    def summarise(
        self, severities: Float[np.ndarray, " rungs"], figures: Float[np.ndarray, "*draws rungs"], direction: Direction
    ) -> Float[np.ndarray, "*draws"]:
        """Return the worst figure of all rungs; NaN where one is not defined."""
        rungs = figures[..., 1:]
        if direction == "higher":
            return np.asarray(rungs.min(axis=-1))
        return np.asarray((rungs if direction == "lower" else np.abs(rungs)).max(axis=-1))


PLUGIN = WorstRung
