"""Utterances in the order of a score, and how many positive and negative ones lie above each threshold.

Thresholds lie at distinct scores, so utterances that tie are above a threshold together: no figure depends on the order
in which they happen to be stored. A dialogue that is drawn twice counts twice.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Float32, Int64


@dataclass(frozen=True, eq=False)
class Ranked:
    """Weights above each threshold, from the highest threshold down; one column per draw."""

    positive: Float[np.ndarray, "thresholds draws"]
    """Positive utterances with this score or a higher one."""
    negative: Float[np.ndarray, "thresholds draws"]
    """Negative utterances with this score or a higher one."""
    negative_above: Float[np.ndarray, "thresholds draws"]
    """Negative utterances with a higher score, where positive ones have this one."""
    positives: Float[np.ndarray, " draws"]
    """All positive utterances."""
    negatives: Float[np.ndarray, " draws"]
    """All negative utterances."""

    @cached_property
    def auroc(self) -> Float[np.ndarray, " draws"]:
        """Area under the ROC curve: the chance that a positive utterance has a higher score than a negative one.

        A tie counts half. NaN without positive or without negative utterances. Hanley and McNeil, Radiology 1982.
        """
        below = self.negatives - (self.negative + self.negative_above) / 2
        pairs = np.einsum("td,td->d", self.gained, below)
        return _ratio(pairs, self.positives * self.negatives)

    @cached_property
    def average_precision(self) -> Float[np.ndarray, " draws"]:
        """Precision at each threshold, averaged over the positive utterances: Σ_t (R_t − R_(t−1))·P_t.

        No interpolation between thresholds. NaN without positive utterances, 1 without negative ones.
        """
        # Where nothing lies above a threshold nothing is gained there either.
        precision = self.positive / np.maximum(self.kept, 1)
        return _ratio(np.einsum("td,td->d", self.gained, precision), self.positives)

    @cached_property
    def gained(self) -> Float[np.ndarray, "thresholds draws"]:
        """Positive utterances with exactly this score."""
        return _steps(self.positive)

    @cached_property
    def kept(self) -> Float[np.ndarray, "thresholds draws"]:
        """All utterances with this score or a higher one."""
        kept: Float[np.ndarray, "thresholds draws"] = self.positive + self.negative
        return kept

    @cached_property
    def area_under_risk(self) -> Float[np.ndarray, " draws"]:
        """Share of negative utterances at each threshold or above, averaged over all utterances; NaN without any.

        Defined where thresholds lie at all scores.
        """
        risk = self.negative / np.maximum(self.kept, 1)
        return _ratio(np.einsum("td,td->d", _steps(self.kept), risk), self.positives + self.negatives)


@dataclass(frozen=True, eq=False)
class Order:
    """Utterances from the highest score down, and the thresholds."""

    dialogue: Int64[np.ndarray, " positives"]
    """Index of the dialogue of each positive utterance, from the highest score down."""
    last: Int64[np.ndarray, " thresholds"]
    """How many positive utterances lie at each threshold or above."""
    reached: Float32[np.ndarray, "thresholds dialogues"]
    """How many utterances of each dialogue lie at each threshold or above."""
    positive: Float32[np.ndarray, "thresholds dialogues"]
    """How many positive ones."""
    tied: Float32[np.ndarray, "thresholds dialogues"] | None
    """How many negative utterances of each dialogue tie with positive ones at each threshold; None: none do."""
    utterances: Float32[np.ndarray, " dialogues"]
    """How many utterances each dialogue has."""

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
        thresholds = np.unique(score[positive] if at_positives else score)[::-1]
        # An utterance below all thresholds is at none: a row too many.
        place = np.searchsorted(-thresholds, -score, side="left")
        rows = len(thresholds) + 1

        def counted(chosen: Bool[np.ndarray, " utterances"]) -> Float32[np.ndarray, "thresholds dialogues"]:
            cell = place[chosen] * dialogues + dialogue[chosen]
            counts = np.bincount(cell, minlength=rows * dialogues).reshape(rows, dialogues)
            return counts[:-1].astype(np.float32)

        every = np.ones(len(score), bool)
        at = ~positive & np.isin(score, score[positive])
        first = np.argsort(place[positive], kind="stable")
        return cls(
            dialogue=dialogue[positive][first],
            last=np.searchsorted(place[positive][first], np.arange(len(thresholds)), side="right").astype(np.int64),
            reached=np.cumsum(counted(every), axis=0, dtype=np.float32),
            positive=np.cumsum(counted(positive), axis=0, dtype=np.float32),
            tied=counted(at) if at.any() else None,
            utterances=np.bincount(dialogue, minlength=dialogues).astype(np.float32),
        )

    @property
    def thresholds(self) -> int:
        """How many thresholds there are."""
        return len(self.last)

    @cached_property
    def all_reached(self) -> Float[np.ndarray, " thresholds"]:
        """How many utterances lie at each threshold or above."""
        return np.asarray(self.reached.sum(axis=1, dtype=np.float64))

    def counted(self, weights: Float[np.ndarray, "draws dialogues"]) -> Ranked:
        """Return the weights at each threshold or above, where each utterance weighs what its dialogue does.

        Weights are whole numbers, whose sums are exact in single precision up to 16 million.
        """
        of_dialogue = np.ascontiguousarray(weights.T, dtype=np.float32)
        positive = _running(of_dialogue[self.dialogue])
        found = positive[self.last]
        negative = (self.reached @ of_dialogue).astype(np.float64) - found
        return Ranked(
            positive=found,
            negative=negative,
            negative_above=negative if self.tied is None else negative - self.tied @ of_dialogue,
            positives=positive[-1],
            negatives=self.utterances @ of_dialogue - positive[-1],
        )

    def left_out(self, gone: slice) -> Ranked:
        """Return the weights as `counted` does, without each of these dialogues in turn: all others weigh one."""
        found = self.last[:, None] - self.positive[:, gone].astype(np.float64)
        negative = self.all_reached[:, None] - self.reached[:, gone] - found
        above = negative if self.tied is None else negative - self.tied.sum(axis=1)[:, None] + self.tied[:, gone]
        positives = found[-1] if len(found) else np.zeros(found.shape[1])
        return Ranked(
            positive=found,
            negative=negative,
            negative_above=above,
            positives=positives,
            negatives=self.utterances.sum() - self.utterances[gone] - positives,
        )


def _running(rows: Float[np.ndarray, "utterances draws"]) -> Float[np.ndarray, "utterances_and_one draws"]:
    """Return the sums of the first 0, 1, 2, … rows; `np.cumsum` takes four times as long."""
    count, draws = rows.shape
    width = max(1, math.isqrt(count))
    blocks = -(-count // width)
    sums = np.zeros((blocks * width + 1, draws))
    sums[1 : count + 1] = rows
    inside = sums[1:].reshape(blocks, width, draws)
    for place in range(1, width):
        inside[:, place] += inside[:, place - 1]
    for block in range(1, blocks):
        inside[block] += inside[block - 1, -1]
    return sums[: count + 1]


def _steps(running: Float[np.ndarray, "thresholds draws"]) -> Float[np.ndarray, "thresholds draws"]:
    """Return what each threshold adds."""
    steps = running.copy()
    steps[1:] -= running[:-1]
    return steps


def _ratio(part: Float[np.ndarray, " draws"], whole: Float[np.ndarray, " draws"]) -> Float[np.ndarray, " draws"]:
    result = np.full_like(part, np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result
