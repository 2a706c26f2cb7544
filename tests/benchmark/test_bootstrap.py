"""Resampling of dialogues and its intervals."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from emobench.benchmark.bootstrap import intervals, left_out, per_dialogue, resampled, weights
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import METRICS, make


def generator(seed: int = 0) -> np.random.Generator:
    return Randomness(seed, ("test",)).generator()


def test_every_draw_has_as_many_dialogues_as_there_are() -> None:
    drawn = weights(7, 500, Randomness(0, ("w",)))
    assert drawn.shape == (500, 7)
    assert set(drawn.sum(axis=1)) == {7}
    assert (drawn == np.round(drawn)).all()
    # Each dialogue once on average, and left out of a share (1 − 1/7)^7 = .34 of the draws.
    assert drawn.mean(axis=0) == pytest.approx(np.ones(7), abs=0.15)
    assert (drawn == 0).mean() == pytest.approx((6 / 7) ** 7, abs=0.03)


def test_weights_depend_on_their_purpose_only() -> None:
    same, other = Randomness(0, ("bootstrap", "abc")), Randomness(0, ("bootstrap", "abd"))
    np.testing.assert_array_equal(weights(5, 50, same), weights(5, 50, same))
    assert not np.array_equal(weights(5, 50, same), weights(5, 50, other))


def test_weights_of_many_dialogues_are_drawn_in_pieces() -> None:
    drawn = weights(1 << 19, 5, Randomness(0))
    assert set(drawn.sum(axis=1)) == {1 << 19}
    assert not np.array_equal(drawn[0], drawn[2])


def test_no_dialogues_and_no_draws() -> None:
    assert weights(0, 4, Randomness(0)).shape == (4, 0)
    assert weights(3, 0, Randomness(0)).shape == (0, 3)
    assert per_dialogue(np.empty((0, 2)), np.empty(0, np.int64)).shape == (0, 2)


def test_sums_per_dialogue() -> None:
    rows = np.array([[1.0, 0], [2, 0], [4, 1], [8, 1]])
    np.testing.assert_array_equal(per_dialogue(rows, np.array([0, 0, 1, 2])), [[3, 0], [4, 1], [8, 1]])
    np.testing.assert_array_equal(per_dialogue(rows, np.array([0, 0, 0, 0])), [[15, 2]])


@given(st.integers(0, 1000), st.integers(1, 8))
@settings(max_examples=25, deadline=None)
def test_one_product_does_what_a_loop_over_draws_does(seed: int, dialogues: int) -> None:
    rng = generator(seed)
    rows = rng.random((dialogues * 3, 4))
    dialogue = np.repeat(np.arange(dialogues), 3)
    drawn = weights(dialogues, 20, Randomness(seed))
    loop = [
        np.concatenate([rows[dialogue == d] for d in range(dialogues) for _ in range(int(times[d]))]).sum(axis=0)
        for times in drawn
    ]
    np.testing.assert_allclose(resampled(drawn, per_dialogue(rows, dialogue)), loop, rtol=1e-12)


def test_counts_are_exact_however_large() -> None:
    # Single precision, in which small counts are added up, cannot hold 2²⁴ + 1.
    sums = np.array([[1.0, (1 << 24) + 1, 0.1], [2.0, 1.0, 0.25]])
    totals = resampled(np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 2.0]]), sums)
    np.testing.assert_array_equal(totals, [[3, (1 << 24) + 2, 0.35], [2, (1 << 25) + 2, 0.2], [4, 2, 0.5]])


def test_leaving_out_one_dialogue() -> None:
    sums = np.array([[1.0, 10], [2, 20], [4, 40]])
    np.testing.assert_array_equal(left_out(sums), [[6, 60], [5, 50], [3, 30]])


def test_a_plain_loop_over_metrics_gives_the_same_interval() -> None:
    # Weighted F1 of whole dialogues, resampled one by one, against the engine, with the same weights.
    rng = generator(3)
    sums = rng.integers(0, 4, (25, 9)).astype(np.float64)
    drawn = weights(25, 400, Randomness(3))
    metric = make(METRICS, "weighted_f1")
    loop = np.array([float(metric.value((times[:, None] * sums).sum(axis=0))[0]) for times in drawn])
    together = metric.value(resampled(drawn, sums))
    np.testing.assert_allclose(together[:, 0], loop, rtol=1e-12)
    without = np.array([[float(metric.value(np.delete(sums, d, axis=0).sum(axis=0))[0])] for d in range(25)])
    np.testing.assert_allclose(metric.value(left_out(sums)), without, rtol=1e-12)
    value = metric.value(sums.sum(axis=0))
    ends = intervals(value, together, metric.value(left_out(sums)))
    again = intervals(value, loop[:, None], without)
    np.testing.assert_allclose(ends, again, rtol=1e-9)


@pytest.mark.parametrize("skew", [0.3, 1.0])
def test_scipy_agrees_where_both_apply(skew: float) -> None:
    # The mean of one value per dialogue is a case for both. Their draws differ, so each end carries Monte-Carlo noise:
    # a quantile at 2.5 % of 20,000 draws has a standard error of sqrt(.025·.975/20000)/.058 = .019 standard
    # deviations of the mean (.058 is the normal density there); between two such ends, four sigma are .11.
    sample = generator(5).lognormal(sigma=skew, size=(40, 1))
    drawn = weights(40, 20_000, Randomness(5))
    # All dialogues weigh the same here, so the mean needs no second sum.
    ours = intervals(sample.mean(axis=0), resampled(drawn, sample) / 40, left_out(sample) / 39)
    theirs = scipy.stats.bootstrap(
        (sample[:, 0],), np.mean, n_resamples=20_000, method="BCa", rng=generator(6), vectorized=True
    )
    tolerance = 0.11 * sample.std() / np.sqrt(40)
    assert ours.low[0] == pytest.approx(theirs.confidence_interval.low, abs=tolerance)
    assert ours.high[0] == pytest.approx(theirs.confidence_interval.high, abs=tolerance)
    if skew < 1:
        return
    # A strong skew moves both ends up, which a percentile interval does not do.
    plain = np.percentile(resampled(drawn, sample) / 40, [2.5, 97.5])
    assert ours.low[0] > plain[0]
    assert ours.high[0] > plain[1]


def test_scipy_agrees_on_the_same_draws_to_the_last_digit() -> None:
    # Given our draws and our jackknife, scipy's own formula must give our ends.
    sample = generator(7).exponential(size=(30, 1))
    drawn = weights(30, 2_000, Randomness(7))
    value, draws, jackknife = sample.mean(axis=0), resampled(drawn, sample) / 30, left_out(sample) / 29
    ours = intervals(value, draws, jackknife, level=0.9)
    bias = scipy.stats.norm.ppf((draws < value).mean() + (draws == value).mean() / 2)
    away = jackknife.mean() - jackknife
    acceleration = (away**3).sum() / (6 * (away**2).sum() ** 1.5)
    shifted = bias + scipy.stats.norm.ppf([0.05, 0.95])
    levels = scipy.stats.norm.cdf(bias + shifted / (1 - acceleration * shifted))
    np.testing.assert_allclose([ours.low[0], ours.high[0]], np.quantile(draws[:, 0], levels), rtol=1e-9)


def test_coverage_is_near_its_level() -> None:
    # 400 samples of 30 skewed dialogues: between .90 and .98 of the intervals hold the true mean of 1.
    held = []
    for seed in range(400):
        sample = generator(1000 + seed).exponential(size=(30, 1))
        drawn = weights(30, 500, Randomness(seed))
        low, high = intervals(sample.mean(axis=0), resampled(drawn, sample) / 30, left_out(sample) / 29)
        held.append(low[0] <= 1 <= high[0])
    assert 0.90 <= np.mean(held) <= 0.98


def one(value: float, draws: np.ndarray, jackknife: np.ndarray) -> tuple[float, float]:
    low, high = intervals(np.array([value]), draws[:, None], jackknife[:, None])
    return float(low[0]), float(high[0])


def test_one_dialogue_has_no_interval() -> None:
    assert np.isnan(one(0.5, np.full(100, 0.5), np.array([np.nan]))).all()


def test_no_draws_no_interval() -> None:
    assert np.isnan(one(0.5, np.empty(0), np.array([0.4, 0.6]))).all()


def test_a_constant_figure_has_an_interval_of_length_zero() -> None:
    assert one(1.0, np.ones(100), np.ones(5)) == (1.0, 1.0)


def test_an_undefined_figure_has_no_interval() -> None:
    assert np.isnan(one(np.nan, np.ones(100), np.ones(5))).all()


def test_a_few_undefined_draws_are_left_out() -> None:
    draws = generator().normal(size=1000)
    some = np.concatenate([draws, np.full(50, np.nan)])
    jackknife = generator(1).normal(size=20)
    assert one(0.0, some, jackknife) == one(0.0, draws, jackknife)
    assert np.isnan(one(0.0, np.concatenate([draws, np.full(53, np.nan)]), jackknife)).all()


def test_an_undefined_jackknife_figure_is_left_out() -> None:
    draws, jackknife = generator().normal(size=1000), generator(1).exponential(size=20)
    assert one(0.0, draws, np.append(jackknife, np.nan)) == one(0.0, draws, jackknife)


def test_an_interval_holds_its_figure_even_beside_all_draws() -> None:
    draws = generator().uniform(1, 2, 1000)
    # All draws are above 0.5 by 1 on average: so is 0.5, it is guessed, above what it stands for.
    low, high = one(0.5, draws, np.array([0.4, 0.5, 0.6]))
    assert low == pytest.approx(2 * 0.5 - np.quantile(draws, 0.975))
    assert high == 0.5
    low, high = one(2.5, draws, np.array([2.4, 2.5, 2.6]))
    assert low == 2.5
    assert high == pytest.approx(2 * 2.5 - np.quantile(draws, 0.025))


def test_the_basic_interval_begins_where_the_draws_cannot_tell_the_corrected_levels() -> None:
    draws = np.linspace(0, 1, 1001)
    jackknife = np.array([0.4, 0.5, 0.6])
    inside, outside = one(0.026, draws, jackknife), one(0.024, draws, jackknife)
    # BCa asks for levels Φ(2·Φ⁻¹(.026) ± 1.96), the upper of which is just above .026.
    assert inside == (pytest.approx(0, abs=1e-3), pytest.approx(0.0266, abs=2e-3))
    assert outside == (pytest.approx(2 * 0.024 - 0.975), pytest.approx(0.024))


def test_no_figures_no_intervals() -> None:
    low, high = intervals(np.empty(0), np.empty((10, 0)), np.empty((3, 0)))
    assert len(low) == len(high) == 0


def test_ties_do_not_hang_on_the_last_bit() -> None:
    rng = Randomness(0, ("ties",)).generator()
    draws = np.sort(rng.choice([0.1, 0.3, 0.7], 200, p=[0.2, 0.5, 0.3]))[:, None]
    jackknife = rng.normal(0.3, 0.01, (9, 1))
    exact = intervals(np.array([0.3]), draws, jackknife)
    for bit in (np.nextafter(0.3, 1), np.nextafter(0.3, 0)):
        moved = np.where(draws == 0.3, bit, draws)
        assert np.allclose(intervals(np.array([0.3]), moved, jackknife), exact, rtol=1e-12)
