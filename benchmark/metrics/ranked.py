"""Utterances in the order of a score, and how many positive and negative ones lie above each threshold.

Thresholds lie at distinct scores, so utterances that tie are above a threshold together: no figure depends on the order
in which they happen to be stored. A dialogue that is drawn twice counts twice.

Counts are whole numbers, kept in single precision, which is exact up to 16 million; ratios are taken in double.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int64


@dataclass(frozen=True, eq=False)
class Ranked:
    """Weights above each threshold, from the highest threshold down; one column per draw."""

    positive_counts: Float32[np.ndarray, "thresholds draws"]
    """Positive utterances with this score or a higher one."""
    negative_counts: Float32[np.ndarray, "thresholds draws"]
    """Negative utterances with this score or a higher one."""
    pairs: Float64[np.ndarray, " draws"]
    """Pairs of a positive and a negative utterance of which the positive one has the higher score; ties count half."""
    positives: Float64[np.ndarray, " draws"]
    """All positive utterances."""
    negatives: Float64[np.ndarray, " draws"]
    """All negative utterances."""

    @cached_property
    def positive(self) -> Float64[np.ndarray, "thresholds draws"]:
        """Positive utterances with this score or a higher one, to be calculated with."""
        return self.positive_counts.astype(np.float64)

    @cached_property
    def negative(self) -> Float64[np.ndarray, "thresholds draws"]:
        """Negative utterances with this score or a higher one, to be calculated with."""
        return self.negative_counts.astype(np.float64)

    @cached_property
    def kept(self) -> Float64[np.ndarray, "thresholds draws"]:
        """All utterances with this score or a higher one."""
        return np.asarray(self.positive + self.negative)

    @cached_property
    def auroc(self) -> Float64[np.ndarray, " draws"]:
        """Area under the ROC curve: the chance that a positive utterance has a higher score than a negative one.

        A tie counts half. NaN without positive or without negative utterances. Hanley and McNeil, Radiology 1982.
        """
        return _ratio(self.pairs, self.positives * self.negatives)

    @cached_property
    def average_precision(self) -> Float64[np.ndarray, " draws"]:
        """Precision at each threshold, averaged over the positive utterances: Σ_t (R_t − R_(t−1))·P_t.

        No interpolation between thresholds. NaN without positive utterances, 1 without negative ones.
        """
        total = _weighted_shares(_steps(self.positive_counts), self.positive_counts, self._kept_counts)
        return _ratio(total, self.positives)

    @cached_property
    def area_under_risk(self) -> Float64[np.ndarray, " draws"]:
        """Share of negative utterances at each threshold or above, averaged over all utterances; NaN without any.

        Defined where thresholds lie at all scores.
        """
        total = _weighted_shares(_steps(self._kept_counts), self.negative_counts, self._kept_counts)
        return _ratio(total, self.positives + self.negatives)

    @cached_property
    def _kept_counts(self) -> Float32[np.ndarray, "thresholds draws"]:
        return np.asarray(self.positive_counts + self.negative_counts)


@dataclass(frozen=True, eq=False)
class _Sorted:
    """Utterances one by one from the highest score down: what is above a threshold is a running sum."""

    dialogue: Int64[np.ndarray, " utterances"]
    """Index of the dialogue of each."""
    last: Int64[np.ndarray, " thresholds"]
    """How many lie at each threshold or above."""

    @classmethod
    def of(
        cls,
        score: Float[np.ndarray, " utterances"],
        dialogue: Int64[np.ndarray, " utterances"],
        thresholds: Float[np.ndarray, " thresholds"],
    ) -> "_Sorted":
        order = np.argsort(-score, kind="stable")
        last = np.searchsorted(-score[order], -thresholds, side="right").astype(np.int64)
        return cls(dialogue[order], last)

    def above(self, weights: Float32[np.ndarray, "dialogues draws"]) -> Float32[np.ndarray, "thresholds draws"]:
        """Return the weight at each threshold or above."""
        sums = _running(weights, self.dialogue)
        return sums[1:] if self._one_by_one else sums[self.last]

    def without(self, gone: slice, dialogues: int) -> Float32[np.ndarray, "thresholds dialogues"]:
        """Return how many lie at each threshold or above, without each of these dialogues in turn."""
        return self.above((1 - np.eye(dialogues, dtype=np.float32))[:, gone])

    @cached_property
    def _one_by_one(self) -> bool:
        """Whether each has a threshold of its own, as nearly always: running sums are then all that is asked for."""
        return np.array_equal(self.last, np.arange(1, len(self.dialogue) + 1))


@dataclass(frozen=True, eq=False)
class _Counted:
    """Utterances counted by threshold and dialogue: what is above a threshold is a product.

    Less work than to go through the utterances where thresholds are fewer than they are.
    """

    counts: Float32[np.ndarray, "thresholds dialogues"]
    """How many utterances of each dialogue lie at each threshold or above."""

    @classmethod
    def of(
        cls,
        score: Float[np.ndarray, " utterances"],
        dialogue: Int64[np.ndarray, " utterances"],
        thresholds: Float[np.ndarray, " thresholds"],
        dialogues: int,
    ) -> "_Counted":
        # An utterance below all thresholds is at none: a row too many.
        rows = len(thresholds) + 1
        cell = np.searchsorted(-thresholds, -score, side="left") * dialogues + dialogue
        counts = np.bincount(cell, minlength=rows * dialogues).reshape(rows, dialogues)
        return cls(_running(counts[:-1].astype(np.float32), np.arange(rows - 1))[1:])

    def above(self, weights: Float32[np.ndarray, "dialogues draws"]) -> Float32[np.ndarray, "thresholds draws"]:
        """Return the weight at each threshold or above."""
        return np.asarray(self.counts @ weights)

    def without(self, gone: slice, dialogues: int) -> Float32[np.ndarray, "thresholds dialogues"]:
        """Return how many lie at each threshold or above, without each of these dialogues in turn."""
        return np.asarray(self.counts.sum(axis=1, keepdims=True) - self.counts[:, gone])


@dataclass(frozen=True, eq=False)
class Order:
    """Utterances from the highest score down, and the thresholds."""

    positive: _Sorted
    """The positive utterances."""
    negative: _Sorted | _Counted
    """The negative ones."""
    pairs: Float32[np.ndarray, "dialogues dialogues"]
    """Pairs of a positive utterance of one dialogue and a negative one of another with a lower score; ties half."""
    positives: Float64[np.ndarray, " dialogues"]
    """How many positive utterances each dialogue has."""
    negatives: Float64[np.ndarray, " dialogues"]
    """How many negative ones."""

    @classmethod
    def of(
        cls,
        score: Float[np.ndarray, " utterances"],
        positive: Bool[np.ndarray, " utterances"],
        dialogue: Int64[np.ndarray, " utterances"],
        *,
        dialogues: int,
        at_positives: bool = False,
    ) -> "Order":
        """Return the order of a score.

        Parameters
        ----------
        dialogues
            How many there are; some may have no utterance here.
        at_positives
            Leave out thresholds at which there are only negative utterances. Areas are sums over positive ones and do
            not need them.
        """
        ours, others = (score[positive], dialogue[positive]), (score[~positive], dialogue[~positive])
        at_ours = _descending(ours[0])
        thresholds = at_ours if at_positives else _descending(score)
        counted = _Counted.of(*others, at_ours, dialogues)
        return cls(
            positive=_Sorted.of(*ours, thresholds),
            negative=counted if at_positives else _Sorted.of(*others, thresholds),
            pairs=_pairs(ours, others, counted, at_ours),
            positives=np.bincount(ours[1], minlength=dialogues).astype(np.float64),
            negatives=np.bincount(others[1], minlength=dialogues).astype(np.float64),
        )

    @property
    def thresholds(self) -> int:
        """How many thresholds there are."""
        return len(self.positive.last)

    def counted(self, weights: Float[np.ndarray, "draws dialogues"]) -> Ranked:
        """Return the weights at each threshold or above, where each utterance weighs what its dialogue does.

        Weights are whole numbers, and with them all counts.
        """
        of_dialogue = np.ascontiguousarray(weights.T, dtype=np.float32)
        return Ranked(
            positive_counts=self.positive.above(of_dialogue),
            negative_counts=self.negative.above(of_dialogue),
            pairs=np.einsum("ed,de->d", self.pairs @ of_dialogue, weights, dtype=np.float64),
            positives=weights @ self.positives,
            negatives=weights @ self.negatives,
        )

    def left_out(self, gone: slice) -> Ranked:
        """Return the weights as `counted` does, without each of these dialogues in turn: all others weigh one."""
        dialogues, pairs = len(self.pairs), self.pairs.astype(np.float64)
        return Ranked(
            positive_counts=self.positive.without(gone, dialogues),
            negative_counts=self.negative.without(gone, dialogues),
            pairs=pairs.sum() - (pairs.sum(axis=0) + pairs.sum(axis=1) - pairs.diagonal())[gone],
            positives=self.positives.sum() - self.positives[gone],
            negatives=self.negatives.sum() - self.negatives[gone],
        )


def _pairs(
    ours: tuple[Float[np.ndarray, " positive"], Int64[np.ndarray, " positive"]],
    others: tuple[Float[np.ndarray, " negative"], Int64[np.ndarray, " negative"]],
    counted: _Counted,
    thresholds: Float[np.ndarray, " thresholds"],
) -> Float32[np.ndarray, "dialogues dialogues"]:
    """Return how many pairs of a positive utterance of a dialogue (row) and a negative one (column) are in order."""
    dialogues = counted.counts.shape[1]
    totals = np.bincount(others[1], minlength=dialogues).astype(np.float32)
    below = totals - counted.counts
    place = np.searchsorted(-thresholds, -others[0], side="left")
    tied = np.isin(others[0], thresholds)
    np.add.at(below, (place[tied], others[1][tied]), np.float32(0.5))
    pairs = np.zeros((dialogues, dialogues), np.float32)
    first = np.argsort(ours[1], kind="stable")
    there, starts = np.unique(ours[1][first], return_index=True)
    if len(there):
        rows = below[np.searchsorted(-thresholds, -ours[0][first], side="left")]
        pairs[there] = np.add.reduceat(rows, starts, axis=0)
    return pairs


def _descending(score: Float[np.ndarray, " utterances"]) -> Float[np.ndarray, " thresholds"]:
    return np.unique(score)[::-1]


def _weighted_shares(
    weight: Float32[np.ndarray, "thresholds draws"],
    part: Float32[np.ndarray, "thresholds draws"],
    whole: Float32[np.ndarray, "thresholds draws"],
) -> Float64[np.ndarray, " draws"]:
    """Return Σ weight·part/whole over the thresholds; where nothing lies above one, nothing is gained there either."""
    shares = part.astype(np.float64)
    shares /= np.maximum(whole, 1)
    return np.asarray(np.einsum("td,td->d", weight, shares))


def _running(
    rows: Float32[np.ndarray, "rows columns"], taken: Int64[np.ndarray, " taken"]
) -> Float32[np.ndarray, "taken_and_one columns"]:
    """Return the sums of the first 0, 1, 2, … of the rows that are taken; `np.cumsum` takes four times as long."""
    count, columns = len(taken), rows.shape[1]
    width = max(1, math.isqrt(count))
    blocks = -(-count // width)
    sums = np.empty((blocks * width + 1, columns), np.float32)
    sums[0] = sums[count + 1 :] = 0
    # Indices are never out of range; `wrap` spares a copy that checking them takes.
    np.take(rows, taken, axis=0, out=sums[1 : count + 1], mode="wrap")
    inside = sums[1:].reshape(blocks, width, columns)
    for place in range(1, width):
        inside[:, place] += inside[:, place - 1]
    for block in range(1, blocks):
        inside[block] += inside[block - 1, -1]
    return sums[: count + 1]


def _steps(running: Float32[np.ndarray, "thresholds draws"]) -> Float32[np.ndarray, "thresholds draws"]:
    """Return what each threshold adds."""
    steps = running.copy()
    steps[1:] -= running[:-1]
    return steps


def _ratio(part: Float64[np.ndarray, " draws"], whole: Float64[np.ndarray, " draws"]) -> Float64[np.ndarray, " draws"]:
    result = np.full_like(part, np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result
