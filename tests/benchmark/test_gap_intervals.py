"""Intervals of calibration errors."""

from collections.abc import Sequence

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from emobench.benchmark.bootstrap import intervals, resampled, weights
from emobench.benchmark.gap_intervals import (
    SHARES,
    SHRUNKEN_DRAWS,
    gap_intervals,
    is_norm_of_gaps,
    shrunken,
    student_quantile,
)
from emobench.benchmark.metrics.base import Metric, Scored
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import METRICS, make, names, plugin_class
from emobench.benchmark.scoring_figures import Figures, Name, figures_of, mean_of_seeds
from emobench.benchmark.scoring_metrics import asked_for

NORMS = tuple(name for name in names(METRICS) if getattr(plugin_class(METRICS, name), "norm_of_gaps", False))


def norm(name: str) -> Metric:
    metric = make(METRICS, name)
    assert isinstance(metric, Metric)
    return metric


def totals(seed: int, metric: Metric, *, classes: int = 3) -> np.ndarray:
    """Return totals of six bins or more per class, one of them empty; gaps of either sign."""
    rng = Randomness(seed, ("totals",)).generator()
    rows = 200
    scored = predictions(rng, np.arange(rows) // 10, classes=classes)
    return metric.statistic(scored).sum(axis=0, keepdims=True)


def predictions(rng: np.random.Generator, dialogue: np.ndarray, *, classes: int = 3, sharpened: float = 2) -> Scored:
    """Return over-confident predictions."""
    rows = len(dialogue)
    posterior = rng.dirichlet(np.ones(classes), rows)
    label = (posterior.cumsum(axis=1) < rng.random((rows, 1))).sum(axis=1).clip(max=classes - 1)
    powers = posterior**sharpened
    return Scored(
        probabilities=powers / powers.sum(axis=1, keepdims=True),
        label=label,
        dialogue=dialogue,
        turn=np.arange(rows),
        speaker=np.zeros(rows, np.int64),
        classes=tuple(map(str, range(classes))),
    )


def figures(
    texts: Sequence[str] = ("ece",), *, seed: int = 0, dialogues: int = 40, sharpened: float = 2, draws: int = 400
) -> Figures:
    """Return the figures of one cell of 10 utterances a dialogue."""
    rng = Randomness(seed, ("cell",)).generator()
    scored = predictions(rng, np.repeat(np.arange(dialogues), 10), sharpened=sharpened)
    drawn = weights(dialogues, draws, Randomness(seed))
    return figures_of(scored, asked_for(texts).metrics, drawn, generator=rng)


def test_which_metrics_are_norms_of_gaps() -> None:
    assert set(NORMS) == {"adaptive_ece", "classwise_ece", "ece", "mce", "rmsce"}
    assert is_norm_of_gaps(make(METRICS, "ece:bins=3"))
    # Not convex: it takes off what chance adds, down to 0.
    assert not is_norm_of_gaps(make(METRICS, "debiased_ece"))
    assert not is_norm_of_gaps(make(METRICS, "aurc"))


@pytest.mark.parametrize("name", NORMS)
@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_smaller_gaps_are_that_much_smaller_an_error(name: str, seed: int) -> None:
    metric = norm(name)
    whole = totals(seed, metric)
    smaller = shrunken(metric, whole, whole)
    np.testing.assert_allclose(smaller, np.multiply.outer(SHARES, metric.value(whole)), atol=1e-12)


@pytest.mark.parametrize("name", NORMS)
@given(seed=st.integers(0, 1000), share=st.floats(0, 1))
@settings(max_examples=20, deadline=None)
def test_errors_are_convex_in_the_gaps(name: str, seed: int, share: float) -> None:
    metric = norm(name)
    one = totals(seed, metric)
    bins = one.shape[1] // 3
    other = one.copy()
    other[:, bins : 2 * bins] += Randomness(seed, ("other",)).generator().normal(size=bins) * one[:, :bins] / 3
    between = metric.value(share * one + (1 - share) * other)
    assert (between <= share * metric.value(one) + (1 - share) * metric.value(other) + 1e-12).all()


def test_shrunken_draws_by_hand() -> None:
    # Two bins of 4 and 6 utterances: accuracy .75 and .5, confidence .5 and .9, gaps +.25 and −.4: ECE (1 + 2.4)/10.
    whole = np.array([[4.0, 6, 3, 3, 2, 5.4]])
    metric = norm("ece:bins=2")
    assert metric.value(whole)[0, 0] == pytest.approx(0.34)
    # A draw of 2 and 8, with 2 and 5 right, confidences 1.2 and 7: gaps .8 and −2. The sample's would be .5 and −3.2.
    draw = np.array([[2.0, 8, 2, 5, 1.2, 7]])
    expected = [abs(0.8 - (1 - share) * 0.5) + abs(-2 + (1 - share) * 3.2) for share in SHARES]
    np.testing.assert_allclose(shrunken(metric, whole, draw)[:, 0, 0], np.array(expected) / 10, rtol=1e-12)
    # The totals are left as they were.
    np.testing.assert_array_equal(draw, [[2.0, 8, 2, 5, 1.2, 7]])


def test_the_first_draws_are_enough() -> None:
    metric = norm("ece")
    whole = totals(0, metric)
    many = np.tile(whole, (SHRUNKEN_DRAWS + 5, 1))
    assert shrunken(metric, whole, many).shape == (len(SHARES), SHRUNKEN_DRAWS, 1)
    assert shrunken(metric, whole, many[:7]).shape == (len(SHARES), 7, 1)


def one_interval(value: float, draws_of_shares: Sequence[float], *, spread: float = 0.0) -> tuple[float, float]:
    """Return the interval where every draw from a population is the same; three dialogues."""
    *smaller, own = draws_of_shares
    ends = gap_intervals(
        np.array([value]),
        np.full((20, 1), own),
        np.array([[value - spread], [value], [value + spread]]),
        [np.tile(np.array(smaller)[:, None], (1, 20))],
    )
    return float(ends.low[0]), float(ends.high[0])


@pytest.mark.parametrize(
    ("value", "low"),
    [
        # Under shares 0, ¼, ½, ¾ and 1 of the gaps chance shows up to .10, .12, .16, .20 and .24.
        (0.24, 0.24),
        (0.30, 0.30),
        (0.20, 0.75 * 0.20),
        (0.18, 0.625 * 0.18),
        (0.11, 0.125 * 0.11),
        (0.10, 0.0),
        (0.05, 0.0),
    ],
)
def test_the_lower_end_by_hand(value: float, low: float) -> None:
    assert one_interval(value, (0.10, 0.12, 0.16, 0.20, 0.24))[0] == pytest.approx(low, abs=1e-12)


def test_chance_that_seems_to_shrink_with_the_gaps_is_smoothed() -> None:
    # As if it were .10, .12, .12, .20, .24: between the first two and the flat piece the smaller end counts.
    assert one_interval(0.11, (0.10, 0.12, 0.115, 0.20, 0.24))[0] == pytest.approx(0.125 * 0.11)


def test_the_upper_end_by_hand() -> None:
    # Leaving out one of three dialogues changes the figure by ±.01: sqrt(2/3 · 2 · .01²) with 2 degrees of freedom.
    low, high = one_interval(0.2, (0.1, 0.12, 0.16, 0.2, 0.24), spread=0.01)
    assert high == pytest.approx(0.2 + scipy.stats.t.ppf(0.975, 2) * 0.01 * np.sqrt(4 / 3))
    assert low == pytest.approx(0.15)


@given(st.integers(0, 10_000), st.sampled_from([0.3, 1.0, 1.2, 2.0]), st.integers(2, 30))
@settings(max_examples=30, deadline=None)
def test_an_interval_holds_its_figure_and_grows_with_its_level(seed: int, sharpened: float, dialogues: int) -> None:
    of = figures(NORMS, seed=seed, dialogues=dialogues, sharpened=sharpened, draws=100)
    populations = [of.shrunken[name] for name in of.names]
    before = None
    for level in (0.5, 0.8, 0.9, 0.95, 0.99):
        ends = gap_intervals(of.value, of.padded_draws, of.jackknife, populations, level=level)
        assert (ends.low >= 0).all()
        assert (ends.low <= of.value).all()
        assert (of.value <= ends.high).all()
        if before is not None:
            # Ends that are the same error are found by other sums.
            assert (ends.low <= before.low + 1e-12).all()
            assert (ends.high >= before.high - 1e-12).all()
        before = ends


def test_a_calibrated_model_may_have_no_error_and_a_bad_one_may_not() -> None:
    assert figures(sharpened=1.0).intervals.low[0] == 0
    assert figures(sharpened=6.0).intervals.low[0] > 0.05


def test_draws_in_which_it_is_undefined_are_left_out_unless_they_are_many() -> None:
    of = figures(("rmsce",), sharpened=6.0)
    populations, draws = of.shrunken[of.names[0]].copy(), of.padded_draws.copy()
    assert populations.shape == (len(SHARES), 400)
    for undefined, some in ((10, True), (30, False)):
        draws[:undefined] = populations[:, :undefined] = np.nan
        ends = gap_intervals(of.value, draws, of.jackknife, [populations])
        rest = gap_intervals(of.value, draws[undefined:], of.jackknife, [populations[:, undefined:]])
        assert np.isfinite(ends.low[0]) == np.isfinite(ends.high[0]) == some
        assert ends.low[0] == rest.low[0] or not some
    jackknife = np.concatenate([of.jackknife, [[np.nan]]])
    known = gap_intervals(of.value, of.padded_draws, of.jackknife, list(of.shrunken.values())).high[0]
    assert gap_intervals(of.value, of.padded_draws, jackknife, list(of.shrunken.values())).high[0] == pytest.approx(
        known, rel=1e-2
    )


def test_where_there_is_no_interval() -> None:
    of = figures()
    populations = list(of.shrunken.values())
    assert np.isnan(gap_intervals(of.value, of.padded_draws, of.jackknife[:1], populations)).all()
    assert np.isnan(gap_intervals(np.array([np.nan]), of.padded_draws, of.jackknife, populations)).all()
    assert np.isnan(gap_intervals(of.value, of.padded_draws[:0], of.jackknife, populations)).all()
    # Left out one at a time, no dialogue leaves a figure: nothing is known above it.
    nothing = gap_intervals(of.value, of.padded_draws, np.full((5, 1), np.nan), populations)
    assert nothing.high[0] == of.value[0]
    assert gap_intervals(np.empty(0), np.empty((9, 0)), np.empty((3, 0)), []).low.shape == (0,)


def test_figures_that_are_no_norm_of_gaps_keep_their_interval() -> None:
    texts = ("weighted_f1", "ece", "brier", "debiased_ece", "nll", "aurc", "signed_gap")
    of = figures(texts, sharpened=3.0)
    assert set(of.shrunken) == {Name("ece", "")}
    for place, name in enumerate(of.names):
        count = of.drawn[place]
        ends = intervals(of.value[[place]], of.padded_draws[:count, [place]], of.jackknife[:, [place]])
        same = (of.intervals.low[place], of.intervals.high[place]) == (ends.low[0], ends.high[0])
        assert same == (name.metric not in ("ece", "debiased_ece"))


def test_the_debiased_error_and_its_slices_have_no_interval() -> None:
    texts = ("debiased_ece", "sliced:by=class,metric=debiased_ece", "brier")
    one = figures(texts, sharpened=3.0)
    for of in (one, mean_of_seeds([one, figures(texts, seed=1, sharpened=3.0)]), one.of_metrics({"debiased_ece"})):
        for name, low, high in zip(of.names, *of.intervals, strict=True):
            assert np.isnan([low, high]).all() == (name.metric != "brier")
        assert np.isfinite(of.value).all()


def test_slices_are_norms_and_changes_are_not() -> None:
    of = figures(("sliced:by=class,metric=ece", "sliced:by=class,metric=nll", "change:metric=ece", "classwise_ece"))
    assert {name.metric for name in of.shrunken} == {"sliced:by=class,metric=ece", "classwise_ece"}
    assert [name.part for name in of.shrunken if name.metric == "classwise_ece"] == ["", "0", "1", "2"]
    assert len(of.shrunken) == len([name for name in of.names if name.metric != "sliced:by=class,metric=nll"])


def test_the_mean_over_models_has_the_interval_of_means() -> None:
    one, other = figures(("ece", "nll"), seed=1), figures(("ece", "nll"), seed=2)
    both = mean_of_seeds([one, other])
    populations = [(one.shrunken[Name("ece", "")] + other.shrunken[Name("ece", "")]) / 2]
    place = [both.names.index(Name("ece", ""))]
    expected = gap_intervals(both.value[place], both.padded_draws[:, place], both.jackknife[:, place], populations)
    assert both.intervals.high[place] == pytest.approx(expected.high)
    assert both.intervals.low[place] == pytest.approx(expected.low)
    np.testing.assert_allclose(mean_of_seeds([one, one]).intervals, one.intervals)
    assert one.of_metrics({"ece"}).intervals.low[0] == one.intervals.low[place][0]
    assert not one.of_metrics({"nll"}).shrunken


def test_draws_of_one_product_and_of_a_loop_agree() -> None:
    metric = norm("ece:bins=4")
    rng = Randomness(4, ("loop",)).generator()
    scored = predictions(rng, np.repeat(np.arange(12), 5))
    sums = np.add.reduceat(metric.statistic(scored), np.arange(0, 60, 5), axis=0)
    drawn = weights(12, 30, Randomness(4))
    together = shrunken(metric, sums.sum(axis=0, keepdims=True), resampled(drawn, sums))
    utterances, right, confidence = sums.reshape(12, 3, 4).transpose(1, 0, 2)
    gap = (right - confidence).sum(axis=0) / np.maximum(1, utterances.sum(axis=0))
    for draw, times in enumerate(drawn):
        noise = times @ (right - confidence - utterances * gap)
        expected = [
            np.abs(share * gap * (times @ utterances) + noise).sum() / (times @ utterances).sum() for share in SHARES
        ]
        np.testing.assert_allclose(together[:, draw, 0], expected, atol=1e-12)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 59, 279])
@pytest.mark.parametrize("probability", [0.75, 0.9, 0.95, 0.975])
def test_quantiles_of_student(probability: float, freedom: int) -> None:
    exact = scipy.stats.t.ppf(probability, freedom)
    tolerance = 1e-12 if freedom < 3 else 2e-3 if freedom < 5 else 1e-4
    assert student_quantile(probability, freedom=freedom) == pytest.approx(exact, rel=tolerance)
