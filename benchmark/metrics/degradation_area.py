"""Area under the degradation curve of a metric, as a share of the area without any loss."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction
from .composed import MetricText, spell_canonically
from .formulas import share


@dataclass(frozen=True)
class DegradationArea:
    """The curve is the metric over severity, from clean (severity 0) to the severest rung, straight between rungs.

    1: the stress changes nothing. Below 1: the metric falls; for a metric of which lower is better, above 1 is a loss.
    NaN where the metric is 0 on clean input.
    """

    title: ClassVar[str] = "Degradation area"
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
        """Return the trapezoid area divided by (figure on clean input × range of severities)."""
        clean = figures[..., :1]
        # The loss is what is integrated, so that a figure that no severity changes gives exactly 1.
        loss = np.trapezoid(share(figures - clean, clean), severities, axis=-1)
        return np.asarray(1 + loss / (severities[-1] - severities[0]))


PLUGIN = DegradationArea
