"""What metrics sum over utterances. Metrics that share a statistic share the work."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped

from ..noise_floor import redrawn_bin_totals
from .base import Scored

SMALLEST_PROBABILITY = 1e-12
"""Probabilities below it count as it, so that one impossible event does not make a mean infinite."""


@dataclass(frozen=True)
class ConfusionCounts:
    """Counts of gold class × predicted class, row by row: C² sums."""

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return one 1 per utterance."""
        classes = scored.probabilities.shape[1]
        return _one_hot(scored.label * classes + scored.predicted, classes**2)


@dataclass(frozen=True)
class ClassCounts:
    """Per class: utterances that are rightly predicted to be it, that are it, and that are predicted to be it.

    3·C sums, kind by kind: less to resample than C² counts where more is not needed.
    """

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return ones: one per utterance of each kind, two kinds for a wrong prediction."""
        classes = scored.probabilities.shape[1]
        gold, predicted = scored.label, scored.predicted
        return _kinds(classes, (gold, gold == predicted), (gold, 1.0), (predicted, 1.0))


@dataclass(frozen=True)
class TopLabelBins:
    """Per bin of the confidence: utterances, right ones, and the sum of confidences; 3·bins sums, kind by kind.

    Bins are of equal width, (low, high], the first closed at 0; so confidence 1 falls in the last.
    """

    bins: int
    """How many, from 1."""

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return what each utterance adds to its bin."""
        confidence = scored.confidence
        return bin_columns(self.bin_of(confidence), scored.predicted == scored.label, confidence, self.bins)

    def bin_of(self, confidence: Float[np.ndarray, " utterances"]) -> Int64[np.ndarray, " utterances"]:
        """Return the index of the bin of each confidence."""
        return equal_width_bin(confidence, self.bins)

    def redrawn_totals(
        self, scored: Scored, *, redraws: int, generator: np.random.Generator
    ) -> Float[np.ndarray, "redraws sums"]:
        """Return totals with the predicted class being right with the probability that the model gives it."""
        confidence = scored.confidence
        return redrawn_bin_totals(
            confidence, self.bin_of(confidence), bins=self.bins, redraws=redraws, generator=generator
        )


@dataclass(frozen=True)
class Losses:
    """Brier score and negative log-probability of the gold class of each utterance; last, the utterances."""

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return the three columns."""
        truth = _one_hot(scored.label, scored.probabilities.shape[1])
        brier = np.square(scored.probabilities - truth).sum(axis=1)
        return _counted(brier, negative_log(gold_probability(scored.probabilities, scored.label)))


@dataclass(frozen=True)
class RegretSums:
    """Negative log-probability of the gold class above the exact posterior's; last, the utterances."""

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return the two columns."""
        assert scored.posterior is not None, "the metric says that it needs the posterior"
        own = negative_log(gold_probability(scored.probabilities, scored.label))
        best = negative_log(gold_probability(scored.posterior.probabilities, scored.label))
        return _counted(own - best)


@dataclass(frozen=True)
class NeighbourFlips:
    """Pairs of neighbouring turns: predicted flips, gold flips, missed flips, spurious flips, pairs.

    A pair is counted with its later turn. Turns between which an utterance without label was left out are no
    neighbours.
    """

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return the five columns; the first turn of a dialogue adds nothing."""
        pair = _same_as_before(scored.dialogue) & (np.diff(scored.turn, prepend=scored.turn[:1]) == 1)
        predicted = pair & ~_same_as_before(scored.predicted)
        gold = pair & ~_same_as_before(scored.label)
        return _columns(predicted, gold, gold & ~predicted, predicted & ~gold, pair)


@dataclass(frozen=True)
class Changes:
    """Utterances whose predicted class differs from the clean run: all, right→wrong, wrong→right; last, utterances."""

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return the four columns."""
        assert scored.clean is not None, "the metric says that it needs the clean run"
        before, after = scored.clean.argmax(axis=1), scored.predicted
        was_right, is_right = before == scored.label, after == scored.label
        return _counted(before != after, was_right & ~is_right, is_right & ~was_right)


@dataclass(frozen=True)
class ModalityWeights:
    """The weight of each modality; last, the utterances."""

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return one column per modality, and the ones."""
        return _counted(*scored.modality_weights.values())


def equal_width_bin(values: Float[np.ndarray, "*shape"], bins: int) -> Int64[np.ndarray, "*shape"]:
    """Return the index of the bin of each value between 0 and 1: (low, high], the first closed at 0."""
    return np.searchsorted(np.arange(1, bins) / bins, values, side="left").astype(np.int64)


def bin_columns(
    place: Int64[np.ndarray, " utterances"],
    right: Shaped[np.ndarray, " utterances"],
    confidence: Float[np.ndarray, " utterances"],
    bins: int,
) -> Float[np.ndarray, "utterances sums"]:
    """Return what each utterance adds to its bin: a one, whether it is right, and its confidence; kind by kind."""
    return _kinds(bins, (place, 1.0), (place, right), (place, confidence))


def gold_probability(
    probabilities: Float[np.ndarray, "utterances classes"], label: Int64[np.ndarray, " utterances"]
) -> Float[np.ndarray, " utterances"]:
    """Return the probability of each utterance's class."""
    return np.asarray(probabilities[np.arange(len(label)), label])


def negative_log(probability: Float[np.ndarray, " utterances"]) -> Float[np.ndarray, " utterances"]:
    """Return −log p in nats, p clipped at 1e-12; so it lies between 0 and 27.7."""
    # The upper end: a row may sum to a little more than one, and a probability above one has no negative logarithm.
    return np.asarray(-np.log(np.clip(probability, SMALLEST_PROBABILITY, 1.0)))


def _one_hot(index: Int64[np.ndarray, " utterances"], width: int) -> Float[np.ndarray, "utterances width"]:
    return _kinds(width, (index, 1.0))


def _kinds(
    width: int, *kinds: tuple[Int64[np.ndarray, " utterances"], float | Shaped[np.ndarray, " utterances"]]
) -> Float[np.ndarray, "utterances sums"]:
    """Return `width` columns per kind, in which each utterance has a value at a place, and 0 elsewhere."""
    rows, utterance = np.zeros((len(kinds[0][0]), len(kinds) * width)), np.arange(len(kinds[0][0]))
    for kind, (place, value) in enumerate(kinds):
        rows[utterance, kind * width + place] = value
    return rows


def _same_as_before(values: Int64[np.ndarray, " utterances"]) -> Bool[np.ndarray, " utterances"]:
    """Return whether each value equals the one before it; False for the first."""
    same = np.zeros(len(values), bool)
    same[1:] = values[1:] == values[:-1]
    return same


def _columns(*columns: np.ndarray) -> Float[np.ndarray, "utterances sums"]:
    return np.stack(columns, axis=1).astype(np.float64)


def _counted(*columns: np.ndarray) -> Float[np.ndarray, "utterances sums"]:
    return _columns(*columns, np.ones(len(columns[0])))
