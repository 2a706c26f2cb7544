"""What choosing the epoch on the test split would have won (or has), over the training seeds of a model."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .run_record import FitRecord

LEVEL = 0.95
"""Of the interval."""


@dataclass(frozen=True)
class Optimism:
    """Selection optimism of a model on a data set, in weighted F1."""

    mean: float
    """Over the training seeds; 0 or more."""
    low: float
    """95 % t interval over training seeds, cut off at 0, below which no optimism can be; NaN: one seed."""
    high: float
    seeds: int
    """How many."""
    tested: bool
    """Whether the epochs were chosen on test, so that the figures are too good by about the mean."""


def optimism(fits: Iterable[FitRecord]) -> Optimism | None:
    """Return the mean selection optimism of trainings that differ in their seed only; None: none of them knows it.

    The interval is over training seeds: predictions of epochs that were not chosen are not kept, so that dialogues
    cannot be resampled. With one seed there is none.
    """
    known = [fit for fit in fits if fit.state == "done" and fit.selection_optimism is not None]
    if not known:
        return None
    values = np.array([fit.selection_optimism for fit in known], dtype=np.float64)
    mean, half = float(values.mean()), _half_width(values)
    return Optimism(
        mean=mean,
        low=float(np.maximum(0.0, mean - half)),
        high=mean + half,
        seeds=len(values),
        tested=any(fit.selection == "test" for fit in known),
    )


def _half_width(values: np.ndarray) -> float:
    if len(values) < 2:
        return math.nan
    return float(t_bound(len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values)))


def t_bound(degrees: int, level: float = LEVEL) -> float:
    """Return what Student's t stays within, in size, with this probability.

    For whole degrees of freedom the probability is a finite sum (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4), so
    that a report need not import scipy for it.
    """
    low, high = 0.0, math.pi / 2
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if _within(middle, degrees) < level else (low, middle)
    return math.sqrt(degrees) * math.tan(low)


def _within(angle: float, degrees: int) -> float:
    """Return the probability that t is at most √degrees · tan(angle) in size."""
    odd = degrees % 2
    term = total = math.cos(angle) if odd else 1.0
    for power in range(2 + odd, degrees - 1, 2):
        term *= math.cos(angle) ** 2 * (power - 1) / power
        total += term
    if not odd:
        return math.sin(angle) * total
    return 2 / math.pi * (angle + (math.sin(angle) * total if degrees > 1 else 0.0))
