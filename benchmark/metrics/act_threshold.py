"""Confidence from which an interface acts, chosen on clean validation for a wanted error rate.

The threshold is the lowest confidence that a validation utterance has and at which the error rate among all validation
utterances at least as sure is no more than the wanted one: the largest share of turns that can be had. Utterances of
equal confidence are taken together. Where even the surest are wrong too often, the interface never acts.

With `delta` above 0 the wanted error rate is held to with confidence 1 − delta: a threshold passes where the
probability of so few errors, were the error rate the wanted one, is no more than delta (the upper Clopper–Pearson
bound is then below the wanted rate). Thresholds are tested one after the other from the surest down until one fails,
and the last that passed is taken, so all of them together err with probability delta. The first that is tested keeps
so many utterances that half the wanted error rate among them would pass (76 for 0.1 at delta 0.05): among fewer, a
single error would end the search. The bound takes utterances to be independent, which those of a dialogue are not
quite.

Test utterances have no say in the threshold. Intervals are conditional on it: they say what another test sample would
show at this threshold, not what another validation sample would have chosen.

Geifman and El-Yaniv, Selective classification for deep neural networks, NeurIPS 2017 (selection with guaranteed risk);
Angelopoulos, Bates, Candès, Jordan and Lei, Learn then test, Annals of Applied Statistics 2025 (fixed-sequence
testing).
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .acting import ActingMetric
from .base import Direction
from .formulas import share


@dataclass(frozen=True)
class ActThreshold(ActingMetric):
    """Between 0 and 1, the same under every condition; the interval has no length. NaN where it never acts."""

    title: ClassVar[str] = "Confidence threshold"
    direction: ClassVar[Direction] = "none"
    variants: ClassVar[tuple[str, ...]] = ("act_threshold", "act_threshold:risk=0.2")

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return the threshold."""
        return share(totals[..., 2:3], totals[..., 3:4])


PLUGIN = ActThreshold
