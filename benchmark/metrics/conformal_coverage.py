"""Coverage of conformal prediction sets: how often a set whose threshold validation chose holds the gold class.

LAC: Sadinle, Lei and Wasserman, Least ambiguous set-valued classifiers with bounded error levels, Journal of the
American Statistical Association 114, 2019. APS: Romano, Sesia and Candès, Classification with valid and adaptive
coverage, NeurIPS 2020. `aps_whole`, which draws no random number and so covers more than is asked: Angelopoulos and
Bates, Conformal prediction: a gentle introduction, 2023, Section 2.1. How sets are made, and what is done where
validation is too small: `metrics/conformal.py`.

Sets are promised to hold the gold class with a probability of `level` if test utterances are exchangeable with those
of validation. They are not quite: turns of a dialogue resemble each other, and validation has also chosen the epoch and
fitted the calibrator. Under stress nothing is promised at all, and what is left of it is what is measured here.

The interval is over test dialogues, the threshold held fixed. Another validation split of n utterances would move the
coverage by another √(level·(1−level)/(n+2)) (standard deviation of Beta(k, n+1−k); more where turns are alike).

A model that says the same of many utterances covers more than is asked with LAC, for sets let in what ties with the
threshold.

Neither high nor low coverage is better in itself: `conformal_gap` is best at 0, and of two models that cover what was
asked the one with smaller sets (`conformal_set_size`) is better.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .base import Direction, Scored
from .conformal import ConformalMetric, by_class, overall_and_by_class


@dataclass(frozen=True)
class ConformalCoverage(ConformalMetric):
    """Between 0 and 1; overall, then by gold class. NaN without utterances.

    An empty set, which LAC and APS may give, holds nothing. With `per_class` the promise holds of each class.
    """

    title: ClassVar[str] = "Coverage of sets"
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "none"
    variants: ClassVar[tuple[str, ...]] = ("conformal_coverage", "conformal_coverage:method=aps")

    def parts(self, scored: Scored) -> tuple[str, ...]:
        """Return the figure over all, and the names of the classes."""
        return ("", *scored.classes)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return sets that hold the gold class / utterances."""
        held, _, utterances = by_class(totals)
        return overall_and_by_class(held, utterances)


PLUGIN = ConformalCoverage
