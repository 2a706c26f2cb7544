"""What calibration errors sum over bins that are not of equal width, or not of the top label."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64

from .base import Scored
from .statistics import TopLabelBins, bin_columns, equal_width_bin

_CHUNK = 1 << 18


@dataclass(frozen=True)
class EqualMassBins(TopLabelBins):
    """The same as of `TopLabelBins`, of bins that hold equally many utterances of the sample, up to one.

    Equal confidences share a bin.
    """

    def bin_of(self, confidence: Float[np.ndarray, " utterances"]) -> Int64[np.ndarray, " utterances"]:
        """Return ⌊bins · (how many are less confident) / N⌋ for each utterance."""
        lower = np.searchsorted(np.sort(confidence), confidence, side="left")
        return (self.bins * lower // max(1, len(confidence))).astype(np.int64)


@dataclass(frozen=True)
class ClasswiseBins:
    """Per class and bin of its probability: utterances, those whose gold class it is, and the sum of probabilities.

    3·classes·bins sums, kind by kind, class by class; last, the Brier score. Bins are of equal width, (low, high], the
    first closed at 0.
    """

    bins: int
    """How many, from 1."""

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return what each utterance adds: to one bin of every class."""
        classes = scored.probabilities.shape[1]
        truth = np.eye(classes)[scored.label]
        place = equal_width_bin(scored.probabilities, self.bins)
        each = [
            bin_columns(*of_class, self.bins) for of_class in zip(place.T, truth.T, scored.probabilities.T, strict=True)
        ]
        kinds = [columns[:, kind * self.bins : (kind + 1) * self.bins] for kind in range(3) for columns in each]
        brier = np.square(scored.probabilities - truth).sum(axis=1, keepdims=True)
        return np.concatenate([*kinds, brier], axis=1)

    def redrawn_totals(
        self, scored: Scored, *, redraws: int, generator: np.random.Generator
    ) -> Float[np.ndarray, "redraws sums"]:
        """Return totals with labels drawn from the model's probabilities; those of Brier are not redrawn."""
        probabilities = scored.probabilities
        utterances, classes = probabilities.shape
        cells = classes * self.bins
        cell = equal_width_bin(probabilities, self.bins) + self.bins * np.arange(classes)
        totals = np.tile(self(scored).sum(axis=0), (redraws, 1))
        below = probabilities.cumsum(axis=1)[:, :-1] / probabilities.sum(axis=1, keepdims=True)
        # Some redraws at a time: the drawn labels then need little memory.
        step = max(1, _CHUNK // max(1, utterances))
        for first in range(0, redraws, step):
            rows = min(step, redraws - first)
            label = (generator.random((rows, utterances))[..., None] >= below).sum(axis=-1)
            drawn = cell[np.arange(utterances), label] + cells * np.arange(rows)[:, None]
            gold = np.bincount(drawn.ravel(), minlength=rows * cells).reshape(rows, cells)
            totals[first : first + rows, cells : 2 * cells] = gold
        return totals


def by_class(
    totals: Float[np.ndarray, "*draws sums"], bins: int
) -> tuple[Float[np.ndarray, "*draws classes bins"], ...]:
    """Return the three kinds of totals of `ClasswiseBins`: utterances, gold ones, sums of probabilities."""
    classes = totals.shape[-1] // (3 * bins)
    kinds = totals[..., :-1].reshape(*totals.shape[:-1], 3, classes, bins)
    return tuple(kinds[..., kind, :, :] for kind in range(3))
