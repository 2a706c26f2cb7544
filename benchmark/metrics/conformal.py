"""Conformal prediction sets: how they are made from predictions on validation, and what is summed over test ones.

Every class of an utterance gets a score, small where the model thinks it likely. With n validation utterances whose
gold classes scored s₁ ≤ … ≤ s_n, the threshold is s_k, k = ⌈(n+1)·level⌉; where k > n it is infinite. A set holds the
classes that score no more. If test utterances are exchangeable with those of validation, a set holds the gold class
with a probability of `level` or more, whatever the model: Vovk, Gammerman and Shafer, Algorithmic learning in a random
world, 2005; in these words Angelopoulos and Bates, Conformal prediction: a gentle introduction, Foundations and Trends
in Machine Learning 16(4), 2023, Section 1.

This is written out here, not taken from MAPIE (BSD-3), which the tests hold it against: MAPIE imports scikit-learn and
scipy.stats (more than a second, which scoring does without), raises where k > n, declines adaptive sets of two classes,
has no thresholds per class, and draws for test utterances the random numbers that it drew for validation.
"""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Gt, Lt
from jaxtyping import Float, Int64
from typing_extensions import Doc

from ..randomness import Randomness
from .base import Floor, Need, Scored
from .formulas import share

Method = Literal["lac", "aps", "aps_whole"]
"""`lac`: least ambiguous sets, the score is 1 − p. `aps`: adaptive sets, the score is the probability of all classes
before it, from the most probable on, and a random share of its own. `aps_whole`: its own as a whole."""


@dataclass(frozen=True)
class ConformalSums:
    """By gold class: sets that hold it, classes in the sets, utterances; last, empty sets. 3·classes + 1 sums.

    With `aps` no random number is drawn for a test utterance: it adds the probability, over that number, that its set
    holds its gold class (or is empty), and the expected size.
    """

    method: Method
    """Which score."""
    level: float
    """How often sets are to hold the gold class, between 0 and 1."""
    per_class: bool
    """Whether each class has a threshold of its own."""

    def __call__(self, scored: Scored) -> Float[np.ndarray, "utterances sums"]:
        """Return what each utterance adds."""
        assert scored.validation is not None, "the metric says that it needs validation"
        membership = set_membership(
            scored.probabilities, thresholds(scored.validation, self.method, self.level, per_class=self.per_class),
            self.method,
        )  # fmt: skip
        utterances, classes = membership.shape
        rows = np.arange(utterances)
        sums = np.zeros((utterances, 3 * classes + 1))
        sums[rows, scored.label] = membership[rows, scored.label]
        sums[rows, classes + scored.label] = membership.sum(axis=1)
        sums[rows, 2 * classes + scored.label] = 1.0
        # One random number decides on all classes of an utterance, so the likeliest to be held is the last to go.
        sums[:, -1] = 1.0 - membership.max(axis=1)
        return sums


@dataclass(frozen=True)
class ConformalMetric:
    """What metrics of prediction sets share: how the sets are made; one figure, unless `parts` is another."""

    unit: ClassVar[str] = ""
    needs: ClassVar[frozenset[Need]] = frozenset({"validation"})
    floor: ClassVar[Floor] = "none"

    method: Annotated[
        Method, Doc("score of a class: 1 − p, or the probability of those before it and part of its own")
    ] = "lac"
    level: Annotated[float, Gt(0), Lt(1), Doc("share of sets that are to hold the gold class")] = 0.9
    per_class: Annotated[bool, Doc("whether each class has a threshold of its own, from its validation utterances")] = (
        False
    )

    @property
    def statistic(self) -> ConformalSums:
        """Return sums over the sets."""
        return ConformalSums(self.method, self.level, self.per_class)

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the one figure."""
        return ("",)


def thresholds(
    validation: Scored, method: Method, level: float, *, per_class: bool = False
) -> Float[np.ndarray, " classes"]:
    """Return the largest score with which each class is in a set.

    Infinite where there are too few utterances for the level, ⌈(n+1)·level⌉ > n: the class is then in all sets. With
    `per_class` n counts the validation utterances of that gold class, so one that validation lacks is in all sets.
    """
    label, classes = validation.label, validation.probabilities.shape[1]
    scores = _validation_scores(validation.probabilities, label, method)
    if not per_class:
        return np.full(classes, order_statistic(scores, level))
    return np.array([order_statistic(scores[label == one], level) for one in range(classes)])


def order_statistic(scores: Float[np.ndarray, " utterances"], level: float) -> float:
    """Return the ⌈(n+1)·level⌉-th smallest score; infinite where that is more than there are.

    Examples
    --------
    >>> order_statistic(np.arange(1.0, 10.0), 0.9), order_statistic(np.arange(1.0, 9.0), 0.9)
    (9.0, inf)
    """
    # 0.07 · 100 is 7.000000000000001 in floating point, and yet the seventh is meant.
    place = math.ceil(round((len(scores) + 1) * level, 9))
    return math.inf if place > len(scores) else float(np.partition(scores, place - 1)[place - 1])


def set_membership(
    probabilities: Float[np.ndarray, "utterances classes"],
    largest: Float[np.ndarray, " classes"],
    method: Method,
) -> Float[np.ndarray, "utterances classes"]:
    """Return with which probability each class is in the set: 0 or 1, but for `aps`.

    Parameters
    ----------
    largest
        Largest score with which each class is in a set.
    """
    if method == "lac":
        return np.asarray((-probabilities <= largest).astype(np.float64))
    before = _probability_before(probabilities)
    if method == "aps_whole":
        # The set ends with the class that reaches the threshold.
        return np.asarray((before < largest).astype(np.float64))
    # P(before + U·p ≤ threshold), U uniform from 0 to 1.
    certain = np.where(before <= largest, 1.0, 0.0)
    with np.errstate(over="ignore"):
        np.divide(largest - before, probabilities, out=certain, where=probabilities > 0)
    return np.clip(certain, 0.0, 1.0)


def by_class(
    totals: Float[np.ndarray, "*draws sums"],
) -> tuple[
    Float[np.ndarray, "*draws classes"], Float[np.ndarray, "*draws classes"], Float[np.ndarray, "*draws classes"]
]:
    """Return from totals of `ConformalSums` by gold class: sets that hold it, classes in the sets, utterances."""
    classes = (totals.shape[-1] - 1) // 3
    return totals[..., :classes], totals[..., classes : 2 * classes], totals[..., 2 * classes : -1]


def overall_and_by_class(
    part: Float[np.ndarray, "*draws classes"], utterances: Float[np.ndarray, "*draws classes"]
) -> Float[np.ndarray, "*draws parts"]:
    """Return part / utterances over all gold classes, then of each; NaN where there are no utterances."""

    def summed(by_class: Float[np.ndarray, "*draws classes"]) -> Float[np.ndarray, "*draws parts"]:
        return np.concatenate([by_class.sum(axis=-1, keepdims=True), by_class], axis=-1)

    return share(summed(part), summed(utterances))


def _validation_scores(
    probabilities: Float[np.ndarray, "utterances classes"], label: Int64[np.ndarray, " utterances"], method: Method
) -> Float[np.ndarray, " utterances"]:
    """Return the score of each gold class. That of `lac` is −p, which sorts as 1 − p does and is not rounded."""
    rows = np.arange(len(label))
    own = probabilities[rows, label]
    if method == "lac":
        return np.asarray(-own)
    before = _probability_before(probabilities)[rows, label]
    if method == "aps_whole":
        return np.asarray(before + own)
    # The same numbers for all models, so that models are compared on the same chance.
    return np.asarray(before + own * Randomness(0, ("conformal", "aps")).generator().random(len(label)))


def _probability_before(
    probabilities: Float[np.ndarray, "utterances classes"],
) -> Float[np.ndarray, "utterances classes"]:
    """Return the probability of all classes before each: more probable, or as probable and of lower index."""
    order = np.argsort(-probabilities, axis=1, kind="stable")
    sums = np.cumsum(np.take_along_axis(probabilities, order, axis=1), axis=1)
    before = np.empty_like(sums)
    # Sums of the classes before, not sums less the class's own: equal sums then stay equal.
    np.put_along_axis(before, order[:, 1:], sums[:, :-1], axis=1)
    np.put_along_axis(before, order[:, :1], 0.0, axis=1)
    return before
