"""Many comparisons at once, and what one comparison could have shown.

Benjamini and Hochberg, Controlling the false discovery rate, JRSS B 1995; Schuirmann, two one-sided tests, J.
Pharmacokinet. Biopharm. 1987; Demšar, Statistical comparisons of classifiers over multiple data sets, JMLR 2006.
"""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from .metrics.base import Direction

Verdict = Literal["better", "worse", "higher", "lower", "equivalent", "not told apart", "not defined"]
"""What a comparison says: `higher` and `lower` where neither is better."""

POWER = 0.8
"""With which the smallest detectable difference is found."""
FEWEST_DATA, FEWEST_MODELS = 5, 3
"""Data sets and models below which ranks tell nothing."""


def adjusted(p: Float[np.ndarray, " comparisons"]) -> Float[np.ndarray, " comparisons"]:
    """Return p corrected after Benjamini and Hochberg over all that are defined; NaN stays NaN and does not count.

    Comparisons with an adjusted p below q hold on average at most the share q of false ones. It holds for independent
    and for positively dependent tests, as are those of one test set on shared draws.
    """
    result = np.full_like(p, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(-p[known], kind="stable")]
    ranks = np.arange(len(order), 0, -1)
    result[order] = np.minimum.accumulate(np.minimum(p[order] * len(order) / ranks, 1))
    return result


def equivalent(
    lower_bound: Float[np.ndarray, " comparisons"], upper_bound: Float[np.ndarray, " comparisons"], margin: float
) -> Bool[np.ndarray, " comparisons"]:
    """Return where a difference is inside ± margin: two one-sided tests, each at the level of the bound.

    With one-sided bounds at 95 % that is the interval at 90 % inside ± margin, a test at 5 %.
    """
    return np.asarray((lower_bound >= -margin) & (upper_bound <= margin))


def detectable(standard_error: float, *, level: float = 0.95, power: float = POWER) -> float:
    """Return the smallest true difference that a test set of this size shows with a given power.

    (z_{(1+level)/2} + z_power) · standard error of the paired difference: 2.80 of them at 95 % and 80 %. It takes the
    difference for normal and its standard error for the same wherever the true difference lies, and knows nothing of a
    correction for many comparisons.
    """
    normal = NormalDist()
    return (normal.inv_cdf((1 + level) / 2) + normal.inv_cdf(power)) * standard_error


def verdict(
    direction: Direction, difference: float, p_adjusted: float, *, within: bool, level: float = 0.95
) -> Verdict:
    """Return in words what a comparison says.

    A difference inside the margin is `equivalent` even where it is told from zero: it is too small to matter.
    """
    if np.isnan(p_adjusted):
        return "not defined"
    if within:
        return "equivalent"
    if p_adjusted >= round(1 - level, 12):  # 1 − .95 is a little more than .05
        return "not told apart"
    if direction == "none":
        return "higher" if difference > 0 else "lower"
    return "better" if (difference > 0) == (direction == "higher") else "worse"


class Split(NamedTuple):
    """Where the variance of one figure of one training comes from."""

    seed: float
    """Variance over training seeds, on these test dialogues (n − 1); NaN: not known from one seed."""
    sample: float
    """Variance over test dialogues: mean over seeds of that over bootstrap draws."""

    @property
    def seed_share(self) -> float:
        """Share of the two that is of the seeds; NaN: not known, or no variance at all."""
        both = self.seed + self.sample
        return self.seed / both if both else np.nan


@dataclass(frozen=True)
class Ranking:
    """Average ranks of models over data sets."""

    ranks: dict[str, float]
    """By model, best first; 1 is the best, ties share the mean of their ranks."""
    p: float
    """Of Friedman's test that all models are alike."""
    critical_difference: float
    """Average ranks that differ by less are not told apart (Nemenyi)."""
    data_sets: int
    """Number of data sets."""
    level: float
    """1 − level is the error of test and critical difference."""
    groups: tuple[tuple[str, ...], ...]
    """The largest sets of two models or more that are not told apart, best first; all of them, where Friedman's test
    does not tell that any two differ."""


def ranking(figures: dict[str, Float[np.ndarray, " data"]], *, higher_is_better: bool, level: float = 0.95) -> Ranking:
    """Rank models over five or more data sets; three models or more.

    Parameters
    ----------
    figures
        By model its figure on each data set, all in the same order, none of them NaN.

    Notes
    -----
    Friedman's test with ties corrected for; critical difference q·√(k(k+1)/(6N)), q from the Studentised range with
    infinite freedom divided by √2, for k models and N data sets (Demšar, section 3.2.2). Models are told apart only
    where Friedman's test tells that some differ.
    """
    from scipy.stats import friedmanchisquare, rankdata, studentized_range

    table = np.array([*figures.values()])
    models, sets = table.shape
    assert models >= FEWEST_MODELS
    assert sets >= FEWEST_DATA
    ranks = rankdata(-table if higher_is_better else table, axis=0).mean(axis=1)
    alike = bool((table == table[0]).all())
    quantile = float(studentized_range.ppf(level, models, np.inf)) / np.sqrt(2)
    ordered = dict(sorted(zip(figures, map(float, ranks), strict=True), key=lambda pair: pair[1]))
    p = 1.0 if alike else float(friedmanchisquare(*table).pvalue)
    reach = quantile * float(np.sqrt(models * (models + 1) / (6 * sets)))
    groups = _together(ordered, reach) if p < round(1 - level, 12) else (tuple(ordered),)
    return Ranking(ranks=ordered, p=p, critical_difference=reach, data_sets=sets, level=level, groups=groups)


def _together(ranks: dict[str, float], reach: float) -> tuple[tuple[str, ...], ...]:
    """Return the largest sets of models whose ranks are less than `reach` apart, of two models or more."""
    models, values = list(ranks), np.array([*ranks.values()])
    ends = [int(np.flatnonzero(values - first < reach)[-1]) for first in values]
    kept = [place for place, end in enumerate(ends) if end > place and end > max(ends[:place], default=0)]
    return tuple(tuple(models[place : ends[place] + 1]) for place in kept)
