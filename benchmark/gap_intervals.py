"""Intervals of calibration errors, which are norms of the gaps between accuracy and confidence.

ECE and its kin are sums, maxima or roots of squares over bins: norms T(g) of the gaps g. What is observed is T(g + e)
with the noise e of a finite sample, and a norm of noise is never negative: the figure is too large on average, most
where gaps are small. Resampling adds the same noise once more and cannot tell. Both ends follow from what a norm is:

- T(λg) = λ·T(g). A population whose gaps are the share λ of those observed has the calibration error λ·T, and its
  samples are drawn by taking (1 − λ) of the observed gaps out of every bootstrap draw. The lower end is the smallest
  λ·T under which an error as large as the one observed is among the upper 2.5 %: a test inverted (Davison and Hinkley,
  Bootstrap methods and their application, 1997, Section 5.5). Where even no gap at all (λ = 0) shows as much, it is 0.
- T is convex, so its value with noise lies above its tangent: T(g + e) ≥ T(g) + ∂T·e. The upper end, figure + t ·
  standard error, is too low no more often than that of the tangent, which has no bias. The standard error is that of
  the jackknife over dialogues (Efron and Stein, The jackknife estimate of variance, Annals of Statistics 1981: too
  large rather than too small), t that of Student with one degree of freedom less than dialogues.

Near a true error of 0 the upper end is hardly ever too low, so intervals hold the truth more often than they say; see
docs/intervals.md for what was measured.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from jaxtyping import Float

from .bootstrap import LEVEL, MOST_UNDEFINED, Intervals
from .metrics.base import Metric

SHARES = (0.0, 0.25, 0.5, 0.75)
"""Shares of the observed gaps under which draws are made; between them, and 1, ends are interpolated."""
SHRUNKEN_DRAWS = 1_000
"""Draws behind each, the first of those that all figures share."""


def is_norm_of_gaps(metric: object) -> bool:
    """Return whether a metric says that it is a norm of gaps; see `Metric`."""
    # In this order: to see whether an object fits a protocol takes longer than all else here.
    return bool(getattr(metric, "norm_of_gaps", False)) and isinstance(metric, Metric)


def shrunken(
    metric: Metric, whole: Float[np.ndarray, "1 sums"], draws: Float[np.ndarray, "draws sums"]
) -> Float[np.ndarray, "shares fewer parts"]:
    """Return the figures in the first draws from populations whose gaps are `SHARES` of those observed.

    Parameters
    ----------
    metric
        A norm of gaps.
    whole
        Totals of its statistic on the sample itself: utterances n, right ones and sums of confidence per bin.
    draws
        Totals of each bootstrap draw.

    Notes
    -----
    Of the n* utterances of a bin in a draw, (1 − share) · n*/n · (right − confidence) fewer are right: those that make
    the observed gap. Bins that are empty in the sample are empty in all draws.
    """
    # Draws lie next to each other in memory, as in `bootstrap.resampled`.
    few = draws[:SHRUNKEN_DRAWS].T
    bins = len(few) // 3
    utterances, right, confidence = (whole[0, kind * bins : (kind + 1) * bins, None] for kind in range(3))
    gaps = few[:bins] * ((right - confidence) / np.maximum(utterances, 1))
    populations = np.repeat(few[:, None], len(SHARES), axis=1)
    for place, share in enumerate(SHARES):
        populations[bins : 2 * bins, place] -= (1 - share) * gaps
    return metric.value(populations.transpose(1, 2, 0))


def gap_intervals(
    value: Float[np.ndarray, " figures"],
    draws: Float[np.ndarray, "draws figures"],
    jackknife: Float[np.ndarray, "dialogues figures"],
    populations: Sequence[Float[np.ndarray, "shares fewer"]],
    *,
    level: float = LEVEL,
) -> Intervals:
    """Return the intervals of norms of gaps; parameters as in `bootstrap.intervals`, and for each figure `shrunken`.

    Notes
    -----
    - An interval always holds its figure, and never reaches below 0. It may leave the range of the metric upwards.
    - The mean over several models, or draws of a stress, is a norm of all their gaps together: means of everything
      give its interval.
    - No interval (NaN) where `bootstrap.intervals` gives none.
    """
    low, high = np.full_like(value, np.nan), np.full_like(value, np.nan)
    dialogues = len(jackknife)
    student = student_quantile((1 + level) / 2, freedom=max(1, dialogues - 1))
    undefined = np.isnan(draws).mean(axis=0) if len(draws) else np.ones(len(value))
    for figure in np.flatnonzero(np.isfinite(value) & (undefined <= MOST_UNDEFINED) & (dialogues >= 2)).tolist():
        own, of_shares = float(value[figure]), populations[figure]
        tests = np.concatenate([of_shares, draws[None, : of_shares.shape[1], figure]])
        low[figure] = _lower_end(own, tests[:, ~np.isnan(tests).any(axis=0)], level)
        high[figure] = own + student * _jackknife_error(jackknife[:, figure])
    return Intervals(low, high)


def student_quantile(probability: float, *, freedom: int) -> float:
    """Return the quantile of Student's t from one half of the probability on.

    Exact for one and two degrees of freedom; from three on four terms of Fisher's expansion about the normal quantile
    (Abramowitz and Stegun, Handbook of mathematical functions, 26.7.5), within .2 % up to a probability of .975. Here
    because scoring does without SciPy.
    """
    if freedom == 1:
        return math.tan(math.pi * (probability - 0.5))
    if freedom == 2:
        return (2 * probability - 1) * math.sqrt(2 / (4 * probability * (1 - probability)))
    z = NormalDist().inv_cdf(probability)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return math.fsum(term / freedom**power for power, term in enumerate(terms))


def _lower_end(value: float, tests: Float[np.ndarray, "populations draws"], level: float) -> float:
    """Return the smallest true error under which the figure is not too large to be chance."""
    # What chance shows grows with the gaps; the draws of few populations may say otherwise by a hair.
    largest = np.maximum.accumulate(np.quantile(tests, (1 + level) / 2, axis=1))
    # The largest true error that is still too small; on a flat piece the smaller end.
    return value * float(np.interp(value, largest, (*SHARES, 1.0), left=0.0, right=1.0))


def _jackknife_error(without: Float[np.ndarray, " dialogues"]) -> float:
    """Return sqrt((n − 1)/n · Σ(x − x̄)²) over those that are defined; 0 for none."""
    defined = without[~np.isnan(without)]
    return float(np.sqrt((len(defined) - 1) * defined.var())) if len(defined) else 0.0
