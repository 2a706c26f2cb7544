"""Risk over coverage, consistency bars, entropies and the distribution of CF: by hand, and against other ways."""

import itertools
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from emobench.benchmark.metrics.base import ConditionMetric, Scored
from emobench.benchmark.metrics.calibrated_range import range_if_calibrated, right_ones
from emobench.benchmark.metrics.cf_distribution import THRESHOLDS
from emobench.benchmark.metrics.entropies import normalised_entropy
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import METRICS, make
from emobench.benchmark.scoring_figures import figures_of
from emobench.benchmark.scoring_samples import RANK_DRAWS, sampled

MakeScored = Callable[..., Scored]


def made(text: str) -> ConditionMetric:
    metric = make(METRICS, text)
    assert isinstance(metric, ConditionMetric)
    return metric


def values(text: str, scored: Scored) -> dict[str, float]:
    """Return the figures of a metric by part."""
    metric = made(text)
    found = sampled(scored, {"": metric}, np.ones((1, scored.dialogue.max(initial=-1) + 1)))[""].whole[0]
    return dict(zip(metric.parts(scored), found.tolist(), strict=True))


def of(parts: dict[str, float], start: str) -> list[float]:
    return [value for name, value in parts.items() if name.startswith(start)]


def test_risk_over_coverage_by_hand(make_scored: MakeScored) -> None:
    # Confidences .9 (wrong), .8 (right), .7 and .7 (one of them right).
    rows = [[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.3, 0.7]]
    scored = make_scored(rows, [1, 0, 0, 0])
    risk = values("risk_coverage:steps=4", scored)
    assert list(risk) == ["0.25", "0.5", "0.75", "1"]
    # The third and the fourth tie, so that three quarters cannot be kept without the last.
    assert list(risk.values()) == [1.0, 0.5, 0.5, 0.5]


def test_its_points_are_those_of_risk_at_coverage_in_every_draw(draw_scored: MakeScored) -> None:
    scored = draw_scored((3, 1, 5, 4, 2, 6))
    drawn = np.random.default_rng(0).multinomial(6, [1 / 6] * 6, 9).astype(np.float64)
    curve = sampled(scored, {"": made("risk_coverage")}, drawn)[""]
    for place in range(20):
        point = sampled(scored, {"": made(f"risk_at_coverage:coverage={(place + 1) / 20:g}")}, drawn)[""]
        for got, expected in zip(curve[:3], point[:3], strict=True):
            np.testing.assert_allclose(got[:, [place]], expected)
    assert made("risk_coverage").parts(scored)[0] == "0.05"


def test_it_ends_at_the_error_rate_and_parts_have_names_of_their_own(draw_scored: MakeScored) -> None:
    scored = draw_scored()
    risk = values("risk_coverage:steps=100", scored)
    assert len(risk) == 100
    assert risk["1"] == pytest.approx((scored.predicted != scored.label).mean())


@pytest.mark.parametrize("text", ["risk_coverage", "consistency_bars", "entropy"])
def test_curves_and_distributions_are_of_clean_input_alone(text: str, draw_scored: MakeScored) -> None:
    scored = draw_scored()
    weights = np.ones((4, 6))
    assert figures_of(scored, {text: made(text)}, weights, generator=None).names
    stressed = replace(scored, on_clean_input=False)
    assert figures_of(stressed, {text: made(text)}, weights, generator=None).names == ()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
@settings(max_examples=50, deadline=None)
def test_how_many_are_right_is_what_all_outcomes_add_up_to(chances: list[float]) -> None:
    expected = np.zeros(len(chances) + 1)
    for outcome in itertools.product((0, 1), repeat=len(chances)):
        expected[sum(outcome)] += math.prod(c if right else 1 - c for c, right in zip(chances, outcome, strict=True))
    np.testing.assert_allclose(right_ones(np.array(chances)), expected, atol=1e-12)


@pytest.mark.parametrize(("count", "chance"), [(1, 0.3), (7, 0.5), (64, 0.9), (1000, 0.71), (5001, 0.02)])
def test_equal_chances_give_the_binomial_distribution(count: int, chance: float) -> None:
    low, high = range_if_calibrated(np.full(count, chance), 0.95)
    law = scipy.stats.binom(count, chance)
    assert (low, high) == (law.ppf(0.025) / count, law.ppf(0.975) / count)
    assert law.cdf(high * count) - law.cdf(low * count - 1) >= 0.95


def test_what_is_certain_has_a_bar_without_length() -> None:
    # A row of probabilities may add up to a little more than 1.
    assert range_if_calibrated(np.array([1.0, 1 + 1e-9]), 0.95) == (1.0, 1.0)


def test_consistency_bars_are_those_of_the_bin_s_own_confidences(make_scored: MakeScored) -> None:
    confidences = [0.6, 0.65, 0.7, 0.72, 0.9]
    scored = make_scored([[c, 1 - c] for c in confidences], [0] * 5)
    bars = values("consistency_bars:bins=4,level=0.5", scored)
    assert list(bars) == [f"{end} 0{place}" for end in ("low", "high") for place in (1, 2, 3, 4)]
    assert np.isnan([bars["low 01"], bars["high 02"]]).all()
    # All four are right with .197, three with .398: a quarter is reached at 2 right ones, three quarters at 3.
    assert [bars["low 03"], bars["high 03"]] == pytest.approx(list(range_if_calibrated(np.array(confidences[:4]), 0.5)))
    assert [bars["low 03"], bars["high 03"]] == pytest.approx([0.5, 0.75])
    assert [bars["low 04"], bars["high 04"]] == pytest.approx([1.0, 1.0])


def test_bars_hold_what_a_calibrated_model_shows() -> None:
    rng = Randomness(0, ("bars",)).generator()
    chance = rng.uniform(0.3, 0.9, 200)
    low, high = range_if_calibrated(chance, 0.95)
    shown = (rng.random((4000, 200)) < chance).mean(axis=1)
    inside = ((low <= shown) & (shown <= high)).mean()
    assert 0.95 <= inside <= 0.98


def test_they_have_no_interval(draw_scored: MakeScored) -> None:
    scored = draw_scored()
    figures = figures_of(scored, {"it": made("consistency_bars")}, np.ones((4, 6)), generator=None)
    assert np.isnan(figures.intervals.low).all()


def test_many_figures_of_one_metric_are_resampled_as_seldom_as_ranks(draw_scored: MakeScored) -> None:
    scored = draw_scored()
    drawn = np.random.default_rng(1).multinomial(6, [1 / 6] * 6, RANK_DRAWS + 40).astype(np.float64)
    for text in ("entropy", "uncertain_entropy", "cf_distribution", "consistency_bars"):
        both = sampled(scored, {"it": made(text), "nll": made("nll")}, drawn)
        assert (len(both["it"].draws), len(both["nll"].draws)) == (RANK_DRAWS, RANK_DRAWS + 40)
        few = sampled(scored, {"it": made(text)}, drawn[:RANK_DRAWS])["it"]
        np.testing.assert_allclose(both["it"].draws, few.draws)


def test_entropy_is_0_of_the_certain_and_1_of_equal_chances() -> None:
    rows = np.array([[1.0, 0, 0, 0], [0.25] * 4, [0.5, 0.5, 0, 0]])
    np.testing.assert_allclose(normalised_entropy(rows), [0, 1, 0.5], atol=1e-12)
    np.testing.assert_allclose(normalised_entropy(np.ones((2, 1))), 0)


def test_entropies_of_right_and_wrong_predictions_by_hand(make_scored: MakeScored) -> None:
    scored = make_scored([[1, 0], [0.5, 0.5], [1, 0]], [0, 1, 0])
    found = values("entropy:bins=2", replace(scored, on_clean_input=True))
    assert list(found) == ["right", "wrong", "right 01", "right 02", "wrong 01", "wrong 02"]
    assert list(found.values()) == pytest.approx([0, 1, 1, 0, 0, 1], abs=1e-12)
    # 0 and 1 are confusable with nothing in between: half of each.
    mixed = make_scored([[1, 0], [0.5, 0.5]], [0, 0])
    assert values("entropy:bins=2", mixed)["right"] == pytest.approx(0.5)
    assert np.isnan(values("entropy:bins=2", mixed)["wrong"])


def test_entropies_of_uncertain_utterances_by_hand(make_scored: MakeScored) -> None:
    rows = [[0.5, 0.5], [1, 0], [1, 0]]
    removals = {"text": [[0.6, 0.4], [1, 0], [1, 0]], "intra": [[0.5, 0.5], [1, 0], [0.9, 0.1]]}
    scored = make_scored(rows, [0, 0, 1], removals=removals)
    found = values("uncertain_entropy:bins=2", scored)
    # The first gains without text, the third (which is of class 1) without intra.
    assert [found["uncertain"], found["other"]] == pytest.approx([0.5, 0], abs=1e-12)
    assert of(found, "uncertain 0") == [0.5, 0.5]
    assert of(found, "other 0") == [1.0, 0.0]
    # No modality was removed by the mean, so by that operator nobody gains.
    other = values("uncertain_entropy:bins=2,operator=mean", scored)
    assert np.isnan(other["uncertain"])
    assert other["other"] == pytest.approx(1 / 3)


def test_gains_above_thresholds_by_hand(make_scored: MakeScored) -> None:
    rows = [[0.5, 0.5], [0.2, 0.8]]
    removals = {
        "text": [[0.62, 0.38], [0.2, 0.8]], "audio": [[0.4, 0.6], [0.205, 0.795]], "inter": [[1, 0], [0.1, 0.9]],
    }  # fmt: skip
    found = values("cf_distribution", make_scored(rows, [0, 0], removals=removals))
    shares = dict.fromkeys(THRESHOLDS, 0.0) | {0.0: 0.5} | dict.fromkeys((0.01, 0.02, 0.05, 0.1), 0.25)
    assert of(found, "modalities") == list(shares.values())
    assert of(found, "contexts") == [0.5 if threshold < 0.5 else 0.0 for threshold in THRESHOLDS]


def test_at_0_the_distribution_is_the_mean_uncertain_share_and_its_area_is_cel(draw_scored: MakeScored) -> None:
    scored = draw_scored((40, 30, 50, 60, 20, 30))
    share, cel = values("uncertain_share", scored), values("cel", scored)
    found = values("cf_distribution", scored)
    for kind, names in (("modalities", ("text", "audio")), ("contexts", ("intra", "inter"))):
        assert found[f"{kind} > 0"] == pytest.approx(np.mean([share[name] for name in names]))
        heights = of(found, kind)
        assert heights == sorted(heights, reverse=True)
        # Between thresholds the share falls: steps from the left are too much, steps from the right too little.
        widths = np.diff([*THRESHOLDS, 1.0])
        assert np.dot(widths, [*heights[1:], 0.0]) <= cel[kind] <= np.dot(widths, heights)


def test_without_such_removals_there_is_no_distribution(draw_scored: MakeScored) -> None:
    scored = draw_scored()
    alone = replace(scored, removals={"text": scored.removals["text"]})
    assert {part.partition(" ")[0] for part in values("cf_distribution", alone)} == {"modalities"}
    assert values("cf_distribution:operator=mean", alone) == {}
