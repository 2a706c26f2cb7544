"""What the figures of one cell are held against: noise floors, and the exact posterior's own figures."""

from collections.abc import Mapping

import numpy as np

from .metrics.base import ConditionMetric, Metric, NoiseFloor, Scored, Statistic, View, is_rank
from .noise_floor import REDRAWS, floors, redrawn_totals
from .scoring_samples import leaves

_NONE = NoiseFloor(np.nan, np.nan)


def floors_of(
    scored: Scored, metrics: Mapping[str, ConditionMetric], generator: np.random.Generator | None
) -> list[NoiseFloor]:
    """Return a floor for every part of every metric; of NaN where there is none, or all without a generator."""
    redrawn: dict[tuple[View, Statistic], np.ndarray] = {}
    found: list[NoiseFloor] = []
    for metric in metrics.values():
        if generator is None or is_rank(metric) or metric.floor == "none":
            found += [_NONE] * len(metric.parts(scored))
            continue
        for view, one in leaves(metric, scored):
            # A metric that has a floor is of sums, or composed of one that is.
            assert not is_rank(one)
            found += _of_leaf(one, view, view(scored), redrawn, generator)
    return found


def _of_leaf(
    metric: Metric,
    view: View,
    scored: Scored,
    redrawn: dict[tuple[View, Statistic], np.ndarray],
    generator: np.random.Generator,
) -> list[NoiseFloor]:
    """Return a floor for every part of a metric on a view; `redrawn` holds what was drawn before."""
    if metric.floor == "noise":
        key = (view, metric.statistic)
        if key not in redrawn:
            redrawn[key] = redrawn_totals(metric, scored, redraws=REDRAWS, generator=generator)
        return list(floors(metric.value(redrawn[key])))
    best = _comparable_posterior(metric, scored)
    if best is None:
        return [_NONE] * len(metric.parts(scored))
    return [NoiseFloor(float(value), np.nan) for value in metric.value(metric.statistic(best).sum(axis=0))]


def _comparable_posterior(metric: Metric, scored: Scored) -> Scored | None:
    """Return the exact posterior if it was asked under the removals that the metric looks at."""
    posterior = scored.posterior
    return posterior if posterior is not None and metric.parts(posterior) == metric.parts(scored) else None
