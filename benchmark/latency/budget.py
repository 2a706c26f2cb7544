"""Whether latencies keep within a budget: how many do not, by how much, and what can be said of a percentile.

    share  = mean over iterations of [T > B], with the exact binomial (Clopper–Pearson) interval at 95 %
    hinge  = mean over iterations of max(0, T − B), in milliseconds

The verdict is about a percentile, p95 unless another is asked for: it holds where the upper bound of the percentile is
at most B, breaks where its lower bound is above B, and is undecided in between. Each is said with confidence 95 %.
"""

from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from .percentiles import CONFIDENCE, bounded

Verdict = Literal["holds", "breaks", "undecided"]


class AgainstBudget(NamedTuple):
    """Latencies against a budget."""

    budget: float
    """B in milliseconds."""
    percent: float
    """The percentile that is judged."""
    over: float
    """Share of iterations over the budget."""
    low: float
    """Lower end of its interval."""
    high: float
    """Upper end of its interval."""
    hinge: float
    """Mean of max(0, T − B), milliseconds."""
    verdict: Verdict


def against(values: Float[np.ndarray, " iterations"], budget: float, *, percent: float = 95.0) -> AgainstBudget:
    """Return how latencies (one or more, milliseconds) keep within a budget; undecided where they are too few."""
    over = int((values > budget).sum())
    low, high = share_interval(over, len(values))
    judged = bounded(values, percent)
    verdict: Verdict = "undecided"
    if judged is not None and judged.high <= budget:
        verdict = "holds"
    elif judged is not None and judged.low is not None and judged.low > budget:
        verdict = "breaks"
    hinge = float(np.maximum(0, values - budget).mean())
    return AgainstBudget(budget, percent, over / len(values), low, high, hinge, verdict)


def share_interval(count: int, of: int) -> tuple[float, float]:
    """Return the Clopper–Pearson interval, two-sided at 95 %, of a share of which `count` out of `of` were seen.

    Source: Clopper and Pearson, Biometrika 26 (1934), 404–413.
    """
    from scipy.stats import beta

    tail = (1 - CONFIDENCE) / 2
    low = float(beta.ppf(tail, count, of - count + 1)) if count else 0.0
    high = float(beta.ppf(1 - tail, count + 1, of - count)) if count < of else 1.0
    return low, high
