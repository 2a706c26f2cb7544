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
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt, Lt
from jaxtyping import Float
from typing_extensions import Doc

from .base import Direction, Floor, Need, Scored
from .conformal import ConformalSums, Method, by_class, overall_and_by_class


@dataclass(frozen=True)
class ConformalCoverage:
    """Between 0 and 1; overall, then by gold class. NaN without utterances.

    An empty set, which LAC and APS may give, holds nothing. With `per_class` the promise holds of each class.
    """

    title: ClassVar[str] = "Coverage of sets"
    unit: ClassVar[str] = ""
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)
    direction: ClassVar[Direction] = "none"
    needs: ClassVar[frozenset[Need]] = frozenset({"validation"})
    floor: ClassVar[Floor] = "none"
    variants: ClassVar[tuple[str, ...]] = ("conformal_coverage", "conformal_coverage:method=aps")

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
        """Return the figure over all, and the names of the classes."""
        return ("", *scored.classes)

    def value(self, totals: Float[np.ndarray, "*draws sums"]) -> Float[np.ndarray, "*draws parts"]:
        """Return sets that hold the gold class / utterances."""
        held, _, utterances = by_class(totals)
        return overall_and_by_class(held, utterances)


PLUGIN = ConformalCoverage
