"""Percentiles of latencies, each with bounds that hold at a stated confidence whatever the distribution.

How many of n independent latencies lie below the true percentile is binomial, so order statistics bound it: no
distribution is assumed, and the tail, which is what a user notices, is not smoothed away. Each bound is one-sided at
95 %; the two together hold the percentile with 90 %. Latencies that follow each other are not quite independent; how
much they resemble each other is measured beside them (`interference.neighbours`).

Source: Conover, Practical Nonparametric Statistics, 3rd edition, section 3.2 (confidence interval for a quantile).
"""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from jaxtyping import Float

from .record import PercentileRecord

PERCENTS = (50.0, 90.0, 95.0, 99.0)
"""What is reported."""
CONFIDENCE = 0.95
"""Of each bound."""


def bounded(values: Float[np.ndarray, " iterations"], percent: float) -> PercentileRecord | None:
    """Return a percentile with its bounds; None for fewer values than `iterations_needed` says.

    Raises
    ------
    ValueError
        Unless 0 < percent < 100.
    """
    if len(values) < iterations_needed(percent):
        return None
    low, high = ranks(len(values), percent)
    ordered = np.sort(values)
    return PercentileRecord(
        percent=percent,
        value=float(np.percentile(ordered, percent)),
        low=float(ordered[low - 1]) if low else None,
        high=float(ordered[high - 1]),
    )


@cache
def ranks(iterations: int, percent: float) -> tuple[int, int]:
    """Return the ranks, from 1, of the order statistics that bound a percentile from below and above.

    The upper one is the smallest k with P(B < k) ≥ 95 %, the lower one the largest k with P(B ≥ k) ≥ 95 %, where B is
    binomial(iterations, percent/100); a lower rank of 0, or an upper one above `iterations`, means that there is none.

    Raises
    ------
    ValueError
        Unless 0 < percent < 100.
    """
    from scipy.stats import binom

    share = _share(percent)
    below = binom.cdf(np.arange(iterations + 1), iterations, share)
    # P(B < k) is below[k − 1]; P(B ≥ k) is 1 − below[k − 1].
    high = int(np.argmax(below >= CONFIDENCE)) + 1
    return int(np.count_nonzero(1 - below[:-1] >= CONFIDENCE)), high


def iterations_needed(percent: float) -> int:
    """Return how many values the upper bound of a percentile needs: the least n with 1 − (percent/100)ⁿ ≥ 95 %.

    Examples
    --------
    >>> [iterations_needed(percent) for percent in (50, 90, 95, 99)]
    [5, 29, 59, 299]
    """
    return math.ceil(math.log(1 - CONFIDENCE) / math.log(_share(percent)))


def all_bounded(
    values: Float[np.ndarray, " iterations"], percents: Sequence[float] = PERCENTS
) -> tuple[tuple[PercentileRecord, ...], dict[str, int]]:
    """Return the percentiles that these values bound, and for the others by name (`p99`) how many would be needed."""
    found = {percent: bounded(values, percent) for percent in sorted(set(percents))}
    withheld = {name_of(percent): iterations_needed(percent) for percent, one in found.items() if one is None}
    return tuple(one for one in found.values() if one is not None), withheld


def name_of(percent: float) -> str:
    """Return the name of a percentile.

    Examples
    --------
    >>> name_of(95.0), name_of(99.9)
    ('p95', 'p99.9')
    """
    return f"p{percent:g}"


def _share(percent: float) -> float:
    if not 0 < percent < 100:
        raise ValueError(f"expected a percentile between 0 and 100, both excluded, got {percent:g}")
    return percent / 100
