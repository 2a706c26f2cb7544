"""What every metric promises, tested over all that are registered; a new file is covered the moment it exists."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from emobench.benchmark.bootstrap import per_dialogue, resampled, weights
from emobench.benchmark.metrics.base import CurveMetric, Metric, RedrawnStatistic, Scored
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import METRICS, canonical_text, make
from emobench.benchmark.scoring_metrics import asked_for

MakeScored = Callable[..., Scored]

ASKED = asked_for(())
of_every_metric = pytest.mark.parametrize("metric", ASKED.metrics.values(), ids=list(ASKED.metrics))
of_every_curve = pytest.mark.parametrize("curve", ASKED.curves.values(), ids=list(ASKED.curves))


def value_of(metric: Metric, scored: Scored) -> np.ndarray:
    return metric.value(metric.statistic(scored).sum(axis=0))


def tolerance(metric: Metric) -> float:
    """Return what rounding may do to a figure at the end of its range."""
    return 1e-9 * max([1.0, *(abs(end) for end in metric.range if np.isfinite(end))])


@pytest.mark.parametrize("text", [*ASKED.metrics, *ASKED.curves])
def test_the_text_is_canonical(text: str) -> None:
    assert canonical_text(METRICS, text) == text


@of_every_metric
def test_statistics_are_shared_by_equality(metric: Metric) -> None:
    assert metric.statistic == metric.statistic
    assert hash(metric.statistic) == hash(metric.statistic)


@of_every_metric
def test_one_row_per_utterance_and_one_figure_per_part(metric: Metric, draw_scored: MakeScored) -> None:
    scored = draw_scored()
    rows = metric.statistic(scored)
    assert rows.shape[0] == len(scored.label)
    assert np.isfinite(rows).all()
    parts = metric.parts(scored)
    assert value_of(metric, scored).shape == (len(parts),)
    assert len(set(parts)) == len(parts) >= 1


@of_every_metric
@pytest.mark.parametrize("seed", range(3))
def test_figures_lie_in_the_range(metric: Metric, seed: int, draw_scored: MakeScored) -> None:
    low, high = metric.range
    values = value_of(metric, draw_scored(seed=seed))
    values = values[~np.isnan(values)]
    assert ((low - tolerance(metric) <= values) & (values <= high + tolerance(metric))).all()


@of_every_metric
def test_predicting_the_truth_is_best(metric: Metric, draw_scored: MakeScored) -> None:
    scored = draw_scored()
    truth = np.eye(len(scored.classes))[scored.label]
    perfect = replace(scored, probabilities=truth)
    best, other = value_of(metric, perfect), value_of(metric, scored)
    known = ~np.isnan(best) & ~np.isnan(other)
    if metric.direction == "higher":
        assert (best[known] >= other[known]).all()
    if metric.direction == "lower":
        assert (best[known] <= other[known]).all()
    if metric.direction == "zero":
        assert (np.abs(best[known]) <= np.abs(other[known])).all()


@of_every_metric
def test_stacked_totals_give_what_each_gives(metric: Metric, draw_scored: MakeScored) -> None:
    scored = draw_scored()
    sums = per_dialogue(metric.statistic(scored), scored.dialogue)
    drawn = resampled(weights(len(sums), 20, Randomness(0)), sums)
    each = np.stack([metric.value(totals.copy()) for totals in drawn])
    # The order of summation differs, so the last digit may.
    np.testing.assert_allclose(metric.value(drawn), each, rtol=1e-12, atol=1e-14)
    in_rows = metric.value(drawn.reshape(4, 5, -1))
    np.testing.assert_allclose(in_rows, each.reshape(4, 5, -1), rtol=1e-12, atol=1e-14)


@of_every_metric
def test_totals_are_not_written_into(metric: Metric, draw_scored: MakeScored) -> None:
    totals = metric.statistic(draw_scored()).sum(axis=0)
    before = totals.copy()
    totals.flags.writeable = False
    metric.value(totals)
    assert np.array_equal(totals, before, equal_nan=True)


@of_every_metric
def test_the_order_of_dialogues_does_not_matter(metric: Metric, draw_scored: MakeScored) -> None:
    scored = draw_scored()
    order = np.concatenate([np.flatnonzero(scored.dialogue == d) for d in (3, 0, 5, 1, 4, 2)])
    np.testing.assert_allclose(
        value_of(metric, taken(scored, order, scored.dialogue)), value_of(metric, scored), atol=tolerance(metric)
    )


@of_every_metric
def test_the_same_dialogues_twice_change_no_mean_and_double_a_count(metric: Metric, draw_scored: MakeScored) -> None:
    scored = draw_scored()
    rows = len(scored.label)
    twice = taken(scored, np.tile(np.arange(rows), 2), np.concatenate([scored.dialogue, scored.dialogue + 6]))
    once, both = value_of(metric, scored), value_of(metric, twice)
    same = np.isclose(both, once, atol=tolerance(metric), equal_nan=True)
    assert (same | np.isclose(both, 2 * once, atol=tolerance(metric))).all()


@of_every_metric
def test_nothing_to_count_is_no_error(metric: Metric, draw_scored: MakeScored) -> None:
    scored = draw_scored()
    none = taken(scored, np.empty(0, np.int64), np.empty(0, np.int64))
    values = value_of(metric, none)
    assert values.shape == (len(metric.parts(none)),)
    # A share of nothing is not defined; a count of nothing is 0.
    assert (np.isnan(values) | (values == 0)).all()


@of_every_metric
def test_the_floor_is_what_it_says(metric: Metric) -> None:
    assert metric.floor in {"none", "noise", "posterior"}
    assert isinstance(metric.statistic, RedrawnStatistic) or metric.floor != "noise"


@of_every_curve
def test_a_curve_without_loss_and_one_over_draws(curve: CurveMetric) -> None:
    steps = np.array([0.0, 0.2, 0.5, 1.0])
    figures = Randomness(1, ("curve",)).generator().uniform(0.2, 0.9, (6, 4))
    each = [float(curve.summarise(steps, row, "higher")) for row in figures]
    np.testing.assert_allclose(curve.summarise(steps, figures, "higher"), each)
    low, high = curve.range
    assert all(low <= value <= high for value in each)
    # Losing more at every rung is never better.
    worse = figures * np.array([1, 0.9, 0.9, 0.9])
    assert (curve.summarise(steps, worse, "higher") < curve.summarise(steps, figures, "higher")).all()


@of_every_curve
def test_a_curve_is_of_a_metric_with_one_figure(curve: CurveMetric, draw_scored: MakeScored) -> None:
    base = make(METRICS, curve.metric)
    assert isinstance(base, Metric)
    assert "" in base.parts(draw_scored())


def taken(scored: Scored, rows: np.ndarray, dialogue: np.ndarray) -> Scored:
    """Return some rows, with `dialogue` renumbered in the order of the rows."""
    chosen = dialogue if len(dialogue) != len(scored.dialogue) else dialogue[rows]
    starts = np.flatnonzero(np.diff(chosen, prepend=-1))
    return replace(
        scored,
        probabilities=scored.probabilities[rows],
        label=scored.label[rows],
        dialogue=(np.searchsorted(starts, np.arange(len(rows)), side="right") - 1).astype(np.int64),
        turn=scored.turn[rows],
        speaker=scored.speaker[rows],
        clean=None if scored.clean is None else scored.clean[rows],
        removals={name: values[rows] for name, values in scored.removals.items()},
        modality_weights={name: values[rows] for name, values in scored.modality_weights.items()},
        posterior=None if scored.posterior is None else taken(scored.posterior, rows, dialogue),
    )
