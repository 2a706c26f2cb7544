"""Another metric on slices of the utterances: by class, speaker, turn, length of the dialogue or shift of emotion.

class: the gold class, one slice each. speaker: in the order in which they first speak in the dialogue: first, second,
third, others. turn: position in the dialogue from 0, in the bands 0, 1–2, 3–5, 6–10, 11+. length: turns of the
dialogue up to its last labelled one, in the bands 1–2, 3–5, 6–10, 11–20, 21+. shift: whether the gold class differs
from that of the same speaker's last turn; `no earlier turn` for a speaker's first, and where an utterance without
label lies in between, which may have been the speaker's own.

A slice is measured as if it were all there is: quantile bins are those of the slice, and neighbouring turns, such as
those of the flip rate, count where both are in the slice. The draws are those of the whole sample, so slices can be
compared with each other and with the whole. A slice is smaller than the sample: `sliced:metric=support` counts it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, ClassVar

import numpy as np
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction, Floor, Metric, Need, RankMetric, Scored
from .composed import MetricText, inner_metric, spell_canonically
from .views import By, Slice, slice_names


@dataclass(frozen=True)
class Sliced:
    """Unit, range and direction of the metric; one figure per slice, `slice: part` where the metric has parts.

    An empty slice has whatever the metric has without utterances: NaN, or a count of 0.
    """

    variants: ClassVar[tuple[str, ...]] = ()

    by: Annotated[By, Doc("by what")]
    metric: Annotated[MetricText, Doc("metric to be sliced")] = "weighted_f1"

    def __post_init__(self) -> None:
        """Check that there is such a metric, and spell it canonically."""
        inner_metric("sliced", self.metric)
        spell_canonically(self, self.metric)

    @property
    def title(self) -> str:
        """That of the metric, and by what."""
        return f"{self.of.title} by {self.by}"

    @property
    def unit(self) -> str:
        """That of the metric."""
        return self.of.unit

    @property
    def range(self) -> tuple[float, float]:
        """That of the metric."""
        return self.of.range

    @property
    def direction(self) -> Direction:
        """That of the metric."""
        return self.of.direction

    @property
    def needs(self) -> frozenset[Need]:
        """What the metric needs."""
        return self.of.needs

    @property
    def floor(self) -> Floor:
        """That of the metric, slice by slice."""
        return self.of.floor if isinstance(self.of, Metric) else "none"

    @cached_property
    def of(self) -> Metric | RankMetric:
        """Return the metric to be sliced."""
        return inner_metric("sliced", self.metric)

    def views(self, scored: Scored) -> tuple[Slice, ...]:
        """Return the slices."""
        return tuple(Slice(self.by, place) for place, _ in enumerate(slice_names(scored, self.by)))

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the names of the slices, or of their parts."""
        parts = self.of.parts(scored)
        return tuple(f"{name}: {part}" if part else name for name in slice_names(scored, self.by) for part in parts)

    def combine(self, figures: Sequence[Float[np.ndarray, "*draws _"]]) -> Float[np.ndarray, "*draws parts"]:
        """Return them side by side."""
        return np.concatenate(figures, axis=-1)


PLUGIN = Sliced
