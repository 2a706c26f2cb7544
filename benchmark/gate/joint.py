"""Lower ends of many differences that hold together: with 40 conditions the build still fails by noise 1 time in 20.

Each difference d_c (a loss against the baseline, or what a figure is beyond its limit) has bootstrap draws d*_c on the
same resamples of dialogues, so what the cells have in common is in the draws. With s_c the standard error of d_c and

    M* = max over c of (d*_c − d_c) / s_c

the lower end of d_c is d_c − q·s_c, where q is the 95 % quantile of M*: all lower ends are below the true differences
with a probability of 95 % (single-step max-T: Westfall and Young, Resampling-based multiple testing, 1993, sec. 2.3;
Romano and Wolf, JASA 2005, sec. 3). It is what Holm's procedure is for, but differences that go up and down together
do not pay for being many, and any number of cells needs no more draws.

Because d* − d stands in for d − δ, a bias of the figure that resampling repeats is taken off. For few dialogues
each draw is widened by √(ν/χ²_ν) with ν = n − 1 for n dialogues, and s_c by √(n/(n − 1)): of one cell with normal
draws that is Student's t.

Figures that rank utterances have fewer draws than others: M* is then over the first draws, those that all have.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ..randomness import Randomness
from .trainings import UNKNOWN, Errors

LEVEL = 0.95
"""Probability that no lower end of a check is above its true difference."""
_NOTHING = 1e-12
"""A standard error below it is rounding: the difference is the same in all draws."""


@dataclass(frozen=True)
class Difference:
    """One difference to be judged; above 0 is worse."""

    value: float
    """On the sample."""
    deviations: Float[np.ndarray, " draws"]
    """Of the bootstrap draws from the value; NaN where a draw has no such figure. Of metrics that rank utterances the
    first draws only."""
    dialogues: int
    """From 2: how many were drawn from."""
    group: str = ""
    """Differences of one group are made of the same dialogues."""
    training: Errors = UNKNOWN
    """What another training would add."""


class Joint:
    """Collects the differences of one check, and keeps one number per draw for all of them."""

    def __init__(self, draws: int) -> None:
        """Begin with none."""
        self._largest = np.full(draws, -np.inf)
        self._values: list[float] = []
        self._errors: list[float] = []

    def add(self, difference: Difference) -> int:
        """Take a difference in and return its place."""
        error, deviations = _widened(difference)
        self._largest = self._largest[: len(deviations)]
        if error > _NOTHING:
            deviations = deviations[: len(self._largest)]
            np.maximum(self._largest, np.nan_to_num(deviations / error), out=self._largest)
        self._values.append(difference.value)
        self._errors.append(error if error > _NOTHING else 0.0)
        return len(self._values) - 1

    @property
    def draws(self) -> int:
        """How many draws the lower ends are from: those that all differences have."""
        return len(self._largest)

    @property
    def errors(self) -> tuple[float, ...]:
        """The standard error of each difference, in the order they were added; 0 where nothing varies."""
        return tuple(self._errors)

    def lower_ends(self) -> Float[np.ndarray, " differences"]:
        """Return the lower end of each difference, in the order they were added."""
        return np.array(self._values) - self.quantile * np.array(self._errors)

    @property
    def quantile(self) -> float:
        """How many standard errors a lower end is below its difference; 0 where nothing varies."""
        if not any(self._errors):
            return 0.0
        return max(0.0, float(np.quantile(self._largest, LEVEL)))


def _widened(difference: Difference) -> tuple[float, Float[np.ndarray, " draws"]]:
    """Return the standard error of a difference, and its deviations widened for few dialogues and trainings."""
    left = difference.dialogues - 1
    scale = np.sqrt(difference.dialogues / left)
    sample = float(np.nanstd(difference.deviations)) * scale
    deviations = difference.deviations * scale * _widening(left, len(difference.deviations), difference.group)
    if difference.training is not UNKNOWN:
        deviations = deviations + difference.training.draws
    return float(np.hypot(sample, difference.training.standard_error)), deviations


def _widening(freedom: int, draws: int, group: str) -> Float[np.ndarray, " draws"]:
    # One factor for a whole group: the differences in it share their dialogues, and so how well s is known.
    generator = Randomness(0, ("gate", "widening", group)).generator()
    return np.asarray(np.sqrt(freedom / generator.chisquare(freedom, draws)))
