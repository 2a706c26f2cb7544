"""Between which accuracies the bins of a perfectly calibrated model lie."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .base import Scored
from .statistics import bin_columns, equal_width_bin


@dataclass(frozen=True)
class CalibratedRange:
    """Per bin of the confidence: utterances, and the ends of their range once per utterance; 3·bins sums by kind."""

    bins: int
    """How many, of equal width, from 1."""
    level: float
    """Chance, at least, that the accuracy of a bin lies in its range."""

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return for each utterance a one and the range of its bin."""
        confidence = scored.confidence
        place = equal_width_bin(confidence, self.bins)
        low, high = np.zeros(self.bins), np.zeros(self.bins)
        for one in np.unique(place):
            low[one], high[one] = range_if_calibrated(confidence[place == one], self.level)
        return bin_columns(place, low[place], high[place], self.bins)


def range_if_calibrated(chance: Float[np.ndarray, " utterances"], level: float) -> tuple[float, float]:
    """Return between which shares of right ones lie with this probability, as little beyond as whole numbers allow.

    Equal tails: less than (1 − level)/2 lies below, no more than that above.

    Parameters
    ----------
    chance
        Of being right, independently, one or more.

    Examples
    --------
    >>> range_if_calibrated(np.full(10, 0.5), 0.95)
    (0.2, 0.8)
    """
    below = np.cumsum(right_ones(chance))
    tail = (1 - level) / 2
    low, high = np.searchsorted(below, [tail, 1 - tail], side="left") / len(chance)
    return float(low), float(high)


def right_ones(chance: Float[np.ndarray, " utterances"]) -> Float[np.ndarray, " counts"]:
    """Return how probable it is that 0, 1, 2, …, all of them are right: the Poisson binomial distribution.

    Distributions of single utterances are convolved two by two, by Fourier transforms: utterances·log² steps.
    """
    leaves = 1 << max(0, len(chance) - 1).bit_length()
    # Those that fill up are never right, so they add nothing.
    right = np.zeros(leaves)
    right[: len(chance)] = np.clip(chance, 0.0, 1.0)
    probability = np.stack([1 - right, right], axis=1)
    while len(probability) > 1:
        width = 2 * probability.shape[1]
        spectrum = np.fft.rfft(probability, width, axis=1)
        probability = np.fft.irfft(spectrum[::2] * spectrum[1::2], width, axis=1)
    return np.clip(probability[0, : len(chance) + 1], 0.0, 1.0)
