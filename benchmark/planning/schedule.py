"""How long several workers take for jobs of different length."""

import heapq
from collections.abc import Iterable


def makespan(jobs: Iterable[float], workers: int) -> float:
    """Return how long it takes until all jobs are done, each by one worker, the longest first.

    Examples
    --------
    >>> makespan([3, 3, 2, 2, 2], workers=2)
    7
    """
    busy = [0.0] * workers
    for seconds in sorted(jobs, reverse=True):
        heapq.heapreplace(busy, busy[0] + seconds)
    return max(busy)
