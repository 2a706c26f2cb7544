"""What every metric promises, tested over all that are registered; a new file is covered the moment it exists."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from emobench.benchmark.bootstrap import per_dialogue, resampled, weights
from emobench.benchmark.metrics.base import (
    ComposedMetric,
    ConditionMetric,
    CurveMetric,
    Metric,
    RankMetric,
    RedrawnStatistic,
    Scored,
)
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import METRICS, canonical_text, make, names, plugin_class
from emobench.benchmark.scoring_figures import figures_of
from emobench.benchmark.scoring_metrics import asked_for
from emobench.benchmark.scoring_samples import sampled

MakeScored = Callable[..., Scored]

EXAMPLES = {
    "act_risk": ("act_risk:risk=0.8", "act_risk:delta=0.3,risk=0.99"),
    "auroc": ("auroc:average=macro", "auroc:average=none"),
    "average_precision": ("average_precision:average=macro", "average_precision:average=none"),
    "cel": ("cel:target=predicted",),
    "change": ("change:metric=aurc", "change:metric=cel"),
    "conformal_coverage": ("conformal_coverage:method=aps_whole,per_class=true",),
    "conformal_empty": ("conformal_empty:method=aps,per_class=true",),
    "conformal_set_size": ("conformal_set_size:level=0.5,method=aps_whole",),
    "shapley": ("shapley:of=gold",),
    "sliced": (
        "sliced:by=class",
        "sliced:by=length,metric=adaptive_ece",
        "sliced:by=shift,metric=flip_rate",
        "sliced:by=speaker,metric=auroc",
        "sliced:by=turn,metric=cel_excess",
    ),
}
"""Texts beside those that are computed when none are named; of a plug-in with required arguments, all there are."""
FIXED_BINS = {"adaptive_ece", "consistency_bars", "silhouette", "sliced:by=length,metric=adaptive_ece"}
"""Their bins, the ends of their bars, or neighbours, are those of the sample in all of its draws."""
COUNTS_MATTER = {
    "debiased_ece": "what chance adds shrinks with the sample, and so does what is subtracted",
    "consistency_bars": "what chance does to the accuracy of a bin shrinks with the sample",
    "silhouette": "an utterance that is there twice has itself as a neighbour",
}
PROMISED = {
    "conformal_gap": "the truth covers more than was asked for, for the threshold is that of other predictions",
    "conformal_gap:method=aps": "the same",
}
"""Metrics by which predicting the truth is not best."""
NEIGHBOURS = {"flip_rate", "gold_flip_rate", "speaker_flip_rate"}
"""They look at turns in their order."""


def texts() -> tuple[str, ...]:
    """Return a text or more of every metric, also of those that are computed only when named."""
    named = [name for name in names(METRICS) if not getattr(plugin_class(METRICS, name), "variants", True)]
    bare = [name for name in named if name != "sliced"]
    default = asked_for(())
    return tuple(
        dict.fromkeys(
            [*default.metrics, *default.curves, *bare, *(text for those in EXAMPLES.values() for text in those)]
        )
    )


ASKED = asked_for(texts())
ADDITIVE = {text: metric for text, metric in ASKED.metrics.items() if isinstance(metric, Metric)}
RANK = {text: metric for text, metric in ASKED.metrics.items() if isinstance(metric, RankMetric)}
of_every_metric = pytest.mark.parametrize("metric", ASKED.metrics.values(), ids=list(ASKED.metrics))
of_every_additive_metric = pytest.mark.parametrize("metric", ADDITIVE.values(), ids=list(ADDITIVE))
of_every_rank_metric = pytest.mark.parametrize("metric", RANK.values(), ids=list(RANK))
of_every_curve = pytest.mark.parametrize("curve", ASKED.curves.values(), ids=list(ASKED.curves))


def text_of(metric: ConditionMetric) -> str:
    return next(text for text, one in ASKED.metrics.items() if one is metric)


def value_of(metric: ConditionMetric, scored: Scored) -> np.ndarray:
    dialogues = len(np.unique(scored.dialogue))
    return sampled(scored, {"": metric}, np.ones((1, dialogues)))[""].whole[0]


def tolerance(metric: ConditionMetric) -> float:
    """Return what rounding may do to a figure at the end of its range."""
    return 1e-9 * max([1.0, *(abs(end) for end in metric.range if np.isfinite(end))])


@pytest.mark.parametrize("text", [*ASKED.metrics, *ASKED.curves])
def test_the_text_is_canonical(text: str) -> None:
    assert canonical_text(METRICS, text) == text


def test_every_metric_is_of_one_kind() -> None:
    kinds = (Metric, RankMetric, ComposedMetric, CurveMetric)
    for name in names(METRICS):
        assert any(text.partition(":")[0] == name for text in (*ASKED.metrics, *ASKED.curves))
    for metric in (*ASKED.metrics.values(), *ASKED.curves.values()):
        assert sum(isinstance(metric, kind) for kind in kinds) == 1


@of_every_additive_metric
def test_statistics_are_shared_by_equality(metric: Metric) -> None:
    assert metric.statistic == metric.statistic
    assert hash(metric.statistic) == hash(metric.statistic)


@of_every_rank_metric
def test_rankings_are_shared_by_equality(metric: RankMetric) -> None:
    assert metric.ranking == metric.ranking
    assert hash(metric.ranking) == hash(metric.ranking)


@of_every_additive_metric
def test_one_finite_row_per_utterance(metric: Metric, draw_scored: MakeScored) -> None:
    scored = draw_scored()
    rows = metric.statistic(scored)
    assert rows.shape[0] == len(scored.label)
    assert np.isfinite(rows).all()


@of_every_metric
def test_one_figure_per_part(metric: ConditionMetric, draw_scored: MakeScored) -> None:
    scored = draw_scored()
    parts = metric.parts(scored)
    assert value_of(metric, scored).shape == (len(parts),)
    assert len(set(parts)) == len(parts) >= 1


@of_every_metric
@pytest.mark.parametrize("seed", range(3))
def test_figures_lie_in_the_range(metric: ConditionMetric, seed: int, draw_scored: MakeScored) -> None:
    low, high = metric.range
    values = value_of(metric, draw_scored(seed=seed))
    values = values[~np.isnan(values)]
    assert ((low - tolerance(metric) <= values) & (values <= high + tolerance(metric))).all()


@of_every_metric
def test_predicting_the_truth_is_best(metric: ConditionMetric, draw_scored: MakeScored) -> None:
    scored = draw_scored()
    truth = np.eye(len(scored.classes))[scored.label]
    perfect = replace(scored, probabilities=truth)
    best, other = value_of(metric, perfect), value_of(metric, scored)
    known = ~np.isnan(best) & ~np.isnan(other)
    if metric.direction == "higher":
        assert (best[known] >= other[known]).all()
    if metric.direction == "lower":
        assert (best[known] <= other[known]).all()
    if metric.direction == "zero" and text_of(metric) not in PROMISED:
        assert (np.abs(best[known]) <= np.abs(other[known])).all()


@of_every_additive_metric
def test_stacked_totals_give_what_each_gives(metric: Metric, draw_scored: MakeScored) -> None:
    scored = draw_scored()
    sums = per_dialogue(metric.statistic(scored), scored.dialogue)
    drawn = resampled(weights(len(sums), 20, Randomness(0)), sums)
    each = np.stack([metric.value(totals.copy()) for totals in drawn])
    # The order of summation differs, so the last digit may.
    np.testing.assert_allclose(metric.value(drawn), each, rtol=1e-12, atol=1e-14)
    in_rows = metric.value(drawn.reshape(4, 5, -1))
    np.testing.assert_allclose(in_rows, each.reshape(4, 5, -1), rtol=1e-12, atol=1e-14)


@of_every_additive_metric
def test_totals_are_not_written_into(metric: Metric, draw_scored: MakeScored) -> None:
    totals = metric.statistic(draw_scored()).sum(axis=0)
    before = totals.copy()
    totals.flags.writeable = False
    metric.value(totals)
    assert np.array_equal(totals, before, equal_nan=True)


@of_every_metric
def test_the_order_of_dialogues_does_not_matter(metric: ConditionMetric, draw_scored: MakeScored) -> None:
    scored = draw_scored()
    order = np.concatenate([np.flatnonzero(scored.dialogue == d) for d in (3, 0, 5, 1, 4, 2)])
    np.testing.assert_allclose(
        value_of(metric, taken(scored, order, scored.dialogue)), value_of(metric, scored), atol=tolerance(metric)
    )


@of_every_metric
def test_the_same_dialogues_twice_change_no_mean_and_double_a_count(
    metric: ConditionMetric, draw_scored: MakeScored
) -> None:
    scored = draw_scored()
    rows = len(scored.label)
    twice = taken(scored, np.tile(np.arange(rows), 2), np.concatenate([scored.dialogue, scored.dialogue + 6]))
    once, both = value_of(metric, scored), value_of(metric, twice)
    if text_of(metric) in COUNTS_MATTER:
        assert not np.allclose(both, once)
        return
    same = np.isclose(both, once, atol=tolerance(metric), equal_nan=True)
    assert (same | np.isclose(both, 2 * once, atol=tolerance(metric))).all()


@of_every_metric
def test_nothing_to_count_is_no_error(metric: ConditionMetric, draw_scored: MakeScored) -> None:
    scored = draw_scored()
    none = taken(scored, np.empty(0, np.int64), np.empty(0, np.int64))
    values = value_of(metric, none)
    assert values.shape == (len(metric.parts(none)),)
    # A share of nothing is not defined; a count of nothing is 0.
    assert (np.isnan(values) | (values == 0)).all()


@of_every_metric
def test_a_dialogue_drawn_twice_counts_twice(metric: ConditionMetric, draw_scored: MakeScored) -> None:
    scored = draw_scored()
    if text_of(metric) in FIXED_BINS:
        return
    drawn = weights(6, 8, Randomness(3))
    figures = sampled(scored, {"": metric}, drawn)[""]
    written_out = [[d for d in range(6) for _ in range(int(times[d]))] for times in drawn]
    left_out = [[d for d in range(6) if d != gone] for gone in range(6)]
    for got, dialogues in zip([*figures.draws, *figures.jackknife], [*written_out, *left_out], strict=True):
        rows = np.concatenate([np.flatnonzero(scored.dialogue == d) for d in dialogues])
        copies = np.repeat(np.arange(len(dialogues)), [np.count_nonzero(scored.dialogue == d) for d in dialogues])
        expected = value_of(metric, taken(scored, rows, copies, renumbered=True))
        np.testing.assert_allclose(got, expected, atol=tolerance(metric), rtol=1e-9)


@of_every_metric
def test_the_order_of_utterances_matters_to_neighbours_only(metric: ConditionMetric, draw_scored: MakeScored) -> None:
    scored = draw_scored()
    rows = np.concatenate([np.flatnonzero(scored.dialogue == d)[::-1] for d in range(6)])
    text = text_of(metric)
    by_turn = text.startswith("sliced") and "by=class" not in text
    same = np.allclose(
        value_of(metric, taken(scored, rows, scored.dialogue)), value_of(metric, scored), atol=1e-12, equal_nan=True
    )
    assert same or text in NEIGHBOURS or by_turn


@of_every_metric
def test_one_dialogue_of_one_utterance_has_figures_and_no_interval(
    metric: ConditionMetric, draw_scored: MakeScored
) -> None:
    scored = draw_scored((1,))
    figures = figures_of(scored, {"it": metric}, np.ones((4, 1)), generator=np.random.default_rng(0))
    assert len(figures.names) == len(metric.parts(scored))
    assert np.isnan(figures.intervals.low).all()


@of_every_metric
def test_the_floor_is_what_it_says(metric: ConditionMetric, draw_scored: MakeScored) -> None:
    scored = draw_scored()
    floor = "none" if isinstance(metric, RankMetric) else metric.floor
    figures = figures_of(scored, {"it": metric}, np.ones((4, 6)), generator=np.random.default_rng(0))
    assert len(figures.floor) == len(metric.parts(scored))
    assert np.isfinite(figures.floor_high).any() == (floor == "noise")
    assert np.isfinite(figures.floor).any() == (floor != "none")
    if isinstance(metric, Metric):
        assert isinstance(metric.statistic, RedrawnStatistic) or floor != "noise"


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
    assert isinstance(base, ConditionMetric)
    assert "" in base.parts(draw_scored())


def taken(scored: Scored, rows: np.ndarray, dialogue: np.ndarray, *, renumbered: bool = False) -> Scored:
    """Return some rows, with `dialogue` renumbered in the order of the rows; `renumbered`: it is already."""
    chosen = dialogue if len(dialogue) != len(scored.dialogue) or renumbered else dialogue[rows]
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
        coalitions={name: values[rows] for name, values in scored.coalitions.items()},
        modality_weights={name: values[rows] for name, values in scored.modality_weights.items()},
        hidden=None if scored.hidden is None else scored.hidden[rows],
        posterior=(
            None if scored.posterior is None else taken(scored.posterior, rows, dialogue, renumbered=renumbered)
        ),
    )
