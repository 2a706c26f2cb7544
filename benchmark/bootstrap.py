"""Intervals by resampling dialogues: all draws of all figures from one matrix product.

Utterances of a dialogue are not independent, so whole dialogues are drawn, with replacement. A figure that is a
function of sums needs no second look at the utterances: W (draws × dialogues) says how often each dialogue was drawn,
S (dialogues × sums) what it adds, and W·S are the totals of every draw. Models and conditions that share W are compared
on the same draws.

Intervals are BCa: bias-corrected and accelerated (Efron, Better bootstrap confidence intervals, JASA 1987, Eq. 2.3 and
6.6), with the acceleration from leaving out one dialogue at a time.
"""

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int64

from .randomness import Randomness

LEVEL = 0.95
"""Share of intervals that should hold the true figure."""
MOST_UNDEFINED = 0.05
"""Share of draws in which a figure may be undefined, before it gets no interval."""
_NORMAL = NormalDist()
_TIE = 1e-12
"""Draws that differ from a figure by less than this share of it equal it."""
_EXACT = 1 << 24
_BLOCK = 1_000


class Intervals(NamedTuple):
    """Lower and upper ends; NaN where there is none."""

    low: Float[np.ndarray, " figures"]
    high: Float[np.ndarray, " figures"]


def weights(dialogues: int, draws: int, randomness: Randomness) -> Float[np.ndarray, "draws dialogues"]:
    """Return how often each dialogue is drawn in each draw: `dialogues` times in all, with replacement."""
    counts = np.zeros((draws, dialogues))
    if not dialogues:
        return counts
    generator = randomness.generator()
    # Some draws at a time, so that the drawn indices need little memory.
    step = max(1, (1 << 20) // dialogues)
    for first in range(0, draws, step):
        rows = min(step, draws - first)
        drawn = generator.integers(0, dialogues, (rows, dialogues)) + dialogues * np.arange(rows)[:, None]
        counts[first : first + rows] = np.bincount(drawn.ravel(), minlength=rows * dialogues).reshape(rows, dialogues)
    return counts


def per_dialogue(
    rows: Float[np.ndarray, "utterances sums"], dialogue: Int64[np.ndarray, " utterances"]
) -> Float[np.ndarray, "dialogues sums"]:
    """Return the sums of each dialogue; `dialogue` does not decrease, and each value in it is a dialogue."""
    starts = np.flatnonzero(np.diff(dialogue, prepend=dialogue[:1] - 1))
    return np.add.reduceat(rows, starts, axis=0) if len(rows) else np.empty((0, rows.shape[1]))


def resampled(
    weights: Float[np.ndarray, "draws dialogues"], sums: Float[np.ndarray, "dialogues sums"]
) -> Float[np.ndarray, "draws sums"]:
    """Return the totals of every draw; weights are whole numbers, which add up to the number of dialogues or less."""
    # Counts are added up in single precision: exact up to 16 million, and twice as fast.
    counts = (sums == np.rint(sums)).all(axis=0) & (np.abs(sums).max(axis=0, initial=0) * len(sums) < _EXACT)
    whole, broken = sums.T[counts].astype(np.float32), sums.T[~counts]
    # Written with the draws next to each other in memory: what metrics then do, sum by sum, runs over long rows.
    totals = np.empty((sums.shape[1], len(weights)))
    for first in range(0, len(weights), _BLOCK):
        block, some = slice(first, first + _BLOCK), weights[first : first + _BLOCK].T
        totals[counts, block] = whole @ some.astype(np.float32)
        totals[~counts, block] = broken @ some
    return totals.T


def left_out(sums: Float[np.ndarray, "dialogues sums"]) -> Float[np.ndarray, "dialogues sums"]:
    """Return the totals without each of the dialogues in turn."""
    return np.asarray(sums.sum(axis=0) - sums)


def intervals(
    value: Float[np.ndarray, " figures"],
    draws: Float[np.ndarray, "draws figures"],
    jackknife: Float[np.ndarray, "dialogues figures"],
    *,
    level: float = LEVEL,
) -> Intervals:
    """Return BCa intervals of many figures at once.

    Parameters
    ----------
    value
        The figures on the sample itself.
    draws
        The figures of each bootstrap draw; NaN where one is not defined.
    jackknife
        The figures with one dialogue left out; NaN where one is not defined.

    Notes
    -----
    - Draws equal to the figure count half on either side.
    - An interval always holds its figure.
    - Calibration errors have intervals of their own (`gap_intervals`); here they come as differences, or debiased. Near
      their noise floor they lie below nearly all of their draws, for resampling adds noise, and noise adds to them.
      Where 97.5 % of the draws or more lie on one side of the figure, the levels that BCa asks for are beyond what the
      draws can tell, and the interval is the basic one (2·figure − percentiles; Davison & Hinkley, 1997, eq. 5.6),
      which takes the same bias off once more. It may leave the range of the metric: clip it.
    - A figure that is the same in all draws has an interval of length 0: resampling cannot tell more.
    - No interval (NaN): fewer than two dialogues, an undefined figure, or one that is undefined in more than 5 % of the
      draws; draws in which it is undefined are left out otherwise.
    """
    found = [
        interval(column, one, skewed, dialogues=len(jackknife), level=level)
        for column, one, skewed in zip(draws.T, value.tolist(), acceleration(jackknife).tolist(), strict=True)
    ]
    low, high = np.array(found).reshape(-1, 2).T
    return Intervals(low, high)


def interval(
    draws: Float[np.ndarray, " draws"], value: float, acceleration: float, *, dialogues: int, level: float = LEVEL
) -> tuple[float, float]:
    """Return the interval of one figure from its draws, as `intervals` does; `acceleration` as the function says."""
    if not math.isfinite(value) or dialogues < 2:
        return math.nan, math.nan
    row = np.sort(draws)  # NaN comes last
    row = row[: len(row) - np.count_nonzero(np.isnan(row))]
    if len(row) < (1 - MOST_UNDEFINED) * max(1, len(draws)):
        return math.nan, math.nan
    low, high = _ends(row, value, acceleration, level)
    return min(low, value), max(high, value)


def acceleration(jackknife: Float[np.ndarray, "dialogues figures"]) -> Float[np.ndarray, " figures"]:
    """Return Σu³ / (6·(Σu²)^1.5) with u = mean − figure; 0 where the figure is the same whatever is left out."""
    known = ~np.isnan(jackknife)
    mean = np.where(known, jackknife, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    away = np.where(known, mean - jackknife, 0)
    squares = np.square(away).sum(axis=0)
    cubes = (away**3).sum(axis=0)
    return np.asarray(np.divide(cubes, 6 * squares**1.5, out=np.zeros_like(cubes), where=squares > 0))


def significance(
    value: Float[np.ndarray, " figures"],
    draws: Float[np.ndarray, "draws figures"],
    jackknife: Float[np.ndarray, "dialogues figures"],
) -> Float[np.ndarray, " figures"]:
    """Return two-sided p of "the figure is zero" by inverting the BCa interval; for differences of figures.

    p is 1 minus the level of the interval that just reaches zero, so an interval at 95 % leaves zero out where p < .05
    (up to the interpolation between draws, and one draw in all of them). Parameters as in `intervals`.

    Notes
    -----
    - Draws of zero count as being on the far side, whichever that is; a figure of zero has p = 1.
    - One draw is counted in addition on the far side (Davison and Hinkley, Bootstrap methods and their application,
      1997, Eq. 4.11), and p is never below 2/(draws + 1), which is all that so many draws can tell.
    - NaN where `intervals` gives no interval.
    """
    p = np.full_like(value, np.nan)
    skewed = acceleration(jackknife)
    for figure in np.flatnonzero(np.isfinite(value)):
        row = draws[~np.isnan(draws[:, figure]), figure]
        if len(row) >= (1 - MOST_UNDEFINED) * max(1, len(draws)) and len(jackknife) >= 2:
            p[figure] = _significance(row, float(value[figure]), float(skewed[figure]))
    return p


def _significance(row: Float[np.ndarray, " draws"], value: float, acceleration: float) -> float:
    sign = np.sign(value)
    beyond = (np.count_nonzero(sign * row <= 0) + 1) / (len(row) + 1)
    if beyond == 1:  # the interval reaches from the figure to the draws, over zero
        return 1.0
    below = np.count_nonzero(sign * row < abs(value)) + np.count_nonzero(row == value) / 2
    bias = _bias(below, len(row))
    # The level whose end is zero: Eq. 6.6 solved for z. (The acceleration changes sign with the figure.)
    away = _NORMAL.inv_cdf(beyond) - bias
    z = away / max(1 + sign * acceleration * away, 1e-9) - bias
    return min(1.0, max(2 * _NORMAL.cdf(z), 2 / (len(row) + 1)))


def _bias(below: float, draws: int) -> float:
    """Return the bias correction from how many draws lie below the figure."""
    # With all draws on one side the correction would be infinite; half a draw is as far as they can tell.
    return _NORMAL.inv_cdf(min(max(below, 0.5), draws - 0.5) / draws)


def _ends(ordered: Float[np.ndarray, " draws"], value: float, acceleration: float, level: float) -> tuple[float, float]:
    """Return the draws at the two corrected levels, interpolated between neighbours."""
    # How many columns a matrix product has may change a total's last bit: what ties must not hang on that.
    tie = _TIE * abs(value)
    below = (int(ordered.searchsorted(value - tie, "left")) + int(ordered.searchsorted(value + tie, "right"))) / 2
    share = below / len(ordered)
    if not (1 - level) / 2 < share < (1 + level) / 2:
        low, high = np.quantile(ordered, [(1 - level) / 2, (1 + level) / 2]).tolist()
        return 2 * value - high, 2 * value - low
    bias = _bias(below, len(ordered))
    tail = _NORMAL.inv_cdf((1 - level) / 2)
    low, high = (_at(ordered, _level(bias, shifted, acceleration)) for shifted in (bias + tail, bias - tail))
    return low, high


def _level(bias: float, shifted: float, acceleration: float) -> float:
    # |acceleration| ≤ 1/6 and |bias ± tail| < 6 below a million draws: the denominator is positive.
    return _NORMAL.cdf(bias + shifted / max(1 - acceleration * shifted, 1e-9))


def _at(ordered: Float[np.ndarray, " draws"], level: float) -> float:
    """Return the draw at a level, interpolated between neighbours."""
    place = level * (len(ordered) - 1)
    lower = int(place)
    at, above = float(ordered[lower]), float(ordered[min(lower + 1, len(ordered) - 1)])
    return at + (place - lower) * (above - at)
