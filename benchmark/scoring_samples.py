"""Metrics on the sample itself, in every bootstrap draw, and with one dialogue left out: sums, rankings and views."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from .bootstrap import left_out, per_dialogue, resampled
from .gap_intervals import is_norm_of_gaps, shrunken
from .metrics.base import (
    ConditionMetric,
    Metric,
    Ranking,
    RankMetric,
    Scored,
    Statistic,
    View,
    is_composed,
    is_rank,
)
from .metrics.views import AsItIs

RANK_DRAWS = 500
"""Draws behind the interval of a rank metric, the first of those that all metrics share: each needs the utterances.
Metrics with many figures of a curve or a distribution have as few (`few_draws`)."""
_CHUNK = 1 << 18


class Sampled(NamedTuple):
    """The figures of one metric."""

    whole: Float[np.ndarray, "1 parts"]
    """On the sample itself."""
    draws: Float[np.ndarray, "draws parts"]
    """In each bootstrap draw; fewer than there are for rank metrics."""
    jackknife: Float[np.ndarray, "dialogues parts"]
    """With one dialogue left out."""
    shrunken: Float[np.ndarray, "shares fewer parts"] | None = None
    """In draws from populations with smaller gaps (see `gap_intervals`); None where it is no norm of gaps."""


class Totals(NamedTuple):
    """The totals of one statistic, in the three samples."""

    whole: Float[np.ndarray, "1 sums"]
    draws: Float[np.ndarray, "draws sums"]
    jackknife: Float[np.ndarray, "dialogues sums"]


def leaves(metric: ConditionMetric, scored: Scored) -> tuple[tuple[View, Metric | RankMetric], ...]:
    """Return what has to be computed for a metric: other metrics, each on a view of the predictions."""
    if is_composed(metric):
        return tuple((view, metric.of) for view in metric.views(scored))
    return ((AsItIs(), metric),)


def sampled(
    scored: Scored, metrics: Mapping[str, ConditionMetric], weights: Float[np.ndarray, "draws dialogues"]
) -> dict[str, Sampled]:
    """Return the figures of each metric; its needs are met."""
    needed = {text: leaves(metric, scored) for text, metric in metrics.items()}
    every = dict.fromkeys(leaf for those in needed.values() for leaf in those)
    seen = {view: view(scored) for view, _ in every}
    of_leaf: dict[tuple[View, Metric | RankMetric], Sampled] = {}
    of_sums = [(view, one) for view, one in every if not is_rank(one)]
    for few in (False, True):
        those = [(view, one) for view, one in of_sums if getattr(one, "few_draws", False) == few]
        totals = _totals([(view, one.statistic) for view, one in those], seen, weights[:RANK_DRAWS] if few else weights)
        of_leaf.update({(view, one): _of_sums(one, totals[view, one.statistic]) for view, one in those})
    of_leaf.update(_ranked([(view, one) for view, one in every if is_rank(one)], seen, weights))
    return {text: _composed(metrics[text], [of_leaf[leaf] for leaf in those]) for text, those in needed.items()}


def _of_sums(metric: Metric, totals: Totals) -> Sampled:
    of_gaps = shrunken(metric, totals.whole, totals.draws) if is_norm_of_gaps(metric) else None
    return Sampled(*map(metric.value, totals))._replace(shrunken=of_gaps)


def _composed(metric: ConditionMetric, several: Sequence[Sampled]) -> Sampled:
    if not is_composed(metric):
        return several[0]
    # Norms put side by side are norms; a difference of them is not.
    alike = [one.shrunken for one in several if one.shrunken is not None and metric.floor == "noise"]
    figures = (metric.combine(of_sample) for of_sample in zip(*(one[:3] for one in several), strict=True))
    return Sampled(*figures)._replace(shrunken=metric.combine(alike) if alike else None)


def _totals(
    wanted: Iterable[tuple[View, Statistic]],
    seen: Mapping[View, Scored],
    weights: Float[np.ndarray, "draws dialogues"],
) -> dict[tuple[View, Statistic], Totals]:
    """Return the totals of each statistic on each view, in the three samples."""
    dialogues = weights.shape[1]
    sums = {(view, one): _per_dialogue(one(seen[view]), seen[view], dialogues) for view, one in dict.fromkeys(wanted)}
    if not sums:
        return {}
    # One product for all: a matrix product gains from width.
    ends = np.cumsum([columns.shape[1] for columns in sums.values()])[:-1]
    drawn = np.split(resampled(weights, joined(list(sums.values()), dialogues)), ends, axis=1)
    return {
        key: Totals(columns.sum(axis=0, keepdims=True), draws, left_out(columns))
        for (key, columns), draws in zip(sums.items(), drawn, strict=True)
    }


def _per_dialogue(
    rows: Float[np.ndarray, "utterances sums"], scored: Scored, dialogues: int
) -> Float[np.ndarray, "dialogues sums"]:
    """Return the sums of each dialogue, 0 for those that the view leaves nothing of."""
    sums = np.zeros((dialogues, rows.shape[1]))
    sums[np.unique(scored.dialogue)] = per_dialogue(rows, scored.dialogue)
    return sums


def _ranked(
    wanted: Iterable[tuple[View, RankMetric]],
    seen: Mapping[View, Scored],
    weights: Float[np.ndarray, "draws dialogues"],
) -> dict[tuple[View, Metric | RankMetric], Sampled]:
    """Return the figures of rank metrics, those of one ranking together."""
    alike: dict[tuple[View, Ranking], list[RankMetric]] = {}
    for view, metric in wanted:
        alike.setdefault((view, metric.ranking), []).append(metric)
    dialogues = weights.shape[1]
    samples = np.concatenate([np.ones((1, dialogues)), weights[:RANK_DRAWS]])
    found: dict[tuple[View, Metric | RankMetric], Sampled] = {}
    for (view, ranking), metrics in alike.items():
        values = _of_ranking(ranking, metrics, seen[view], samples)
        for metric, of_metric in zip(metrics, values, strict=True):
            found[view, metric] = Sampled(*np.split(of_metric, [1, len(samples)]))
    return found


def _of_ranking(
    ranking: Ranking, metrics: Sequence[RankMetric], scored: Scored, samples: Float[np.ndarray, "samples dialogues"]
) -> list[Float[np.ndarray, "samples_and_dialogues _"]]:
    """Return the figures of each metric in each sample, and without each dialogue in turn."""
    orders = ranking(scored, samples.shape[1])
    # Some samples at a time: what is counted at every threshold then stays in the processor's cache.
    step = max(1, _CHUNK // max(1, *(order.thresholds for order in orders)))
    pieces = []
    for first in range(0, len(samples), step):
        ranked = tuple(order.counted(samples[first : first + step]) for order in orders)
        pieces.append([metric.value(ranked) for metric in metrics])
    for first in range(0, samples.shape[1], step):
        ranked = tuple(order.left_out(slice(first, first + step)) for order in orders)
        pieces.append([metric.value(ranked) for metric in metrics])
    return [np.concatenate(of_metric) for of_metric in zip(*pieces, strict=True)]


def joined(columns: Sequence[np.ndarray], rows: int) -> Float[np.ndarray, "rows columns"]:
    """Put columns beside each other, each column in one piece of memory."""
    return np.concatenate([column.T for column in columns]).T if columns else np.empty((rows, 0))
