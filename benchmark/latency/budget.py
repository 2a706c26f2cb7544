"""Whether latencies keep within a budget: how many do not, by how much, and what can be said of a percentile.

    share  = mean over iterations of [T > B], with the exact binomial (Clopper–Pearson) interval at 95 %
    hinge  = mean over iterations of max(0, T − B), in milliseconds

The verdict is about a percentile, p95 unless another is asked for: it holds where the upper bound of the percentile is
at most B, breaks where its lower bound is above B, and is undecided in between. Each is said with confidence 95 %.
"""

import numpy as np
from jaxtyping import Float

from .percentiles import CONFIDENCE, ranks
from .record import BudgetRecord, Verdict


def against(values: Float[np.ndarray, " iterations"], budget: float, *, percent: float = 95.0) -> BudgetRecord:
    """Return how latencies (one or more, milliseconds) keep within a budget; undecided where they are too few."""
    over = int((values > budget).sum())
    low, high = share_interval(over, len(values))
    low_rank, high_rank = ranks(len(values), percent)
    within = len(values) - over
    verdict: Verdict = "undecided"
    # A bound is within the budget where as many values as its rank are; few values have a lower bound, but no upper.
    if high_rank <= within:
        verdict = "holds"
    elif low_rank > within:
        verdict = "breaks"
    return BudgetRecord(
        budget=budget,
        percent=percent,
        over=over / len(values),
        low=low,
        high=high,
        hinge=float(np.maximum(0, values - budget).mean()),
        verdict=verdict,
    )


def share_interval(count: int, of: int) -> tuple[float, float]:
    """Return the Clopper–Pearson interval, two-sided at 95 %, of a share of which `count` out of `of` were seen.

    Source: Clopper and Pearson, Biometrika 26 (1934), 404–413.
    """
    from scipy.stats import beta

    tail = (1 - CONFIDENCE) / 2
    low = float(beta.ppf(tail, count, of - count + 1)) if count else 0.0
    high = float(beta.ppf(1 - tail, count + 1, of - count)) if count < of else 1.0
    return low, high
