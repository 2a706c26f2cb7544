"""What a perfectly calibrated model shows."""

import numpy as np
import pytest

from emobench.benchmark.metrics.base import NoiseFloor, Scored
from emobench.benchmark.noise_floor import floors, noise_floor, redrawn_bin_totals
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import METRICS, make


def generator(seed: int = 0) -> np.random.Generator:
    return Randomness(seed, ("noise floor",)).generator()


def scored_with(probabilities: np.ndarray, seed: int = 0) -> Scored:
    """Return predictions whose labels are drawn from them: a perfectly calibrated model."""
    rows = len(probabilities)
    label = (probabilities.cumsum(axis=1) < generator(seed).random((rows, 1))).sum(axis=1)
    return Scored(
        probabilities=probabilities,
        label=np.minimum(label, probabilities.shape[1] - 1).astype(np.int64),
        dialogue=np.zeros(rows, np.int64),
        turn=np.arange(rows),
        speaker=np.zeros(rows, np.int64),
        classes=tuple(map(str, range(probabilities.shape[1]))),
    )


def softmax(rows: int, seed: int = 0) -> np.ndarray:
    """Return probabilities of seven classes whose logits are normal with standard deviation 2."""
    logits = 2 * generator(seed).normal(size=(rows, 7))
    exponents = np.exp(logits)
    return exponents / exponents.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("rows", "mean", "high", "near"),
    # At MELD's test size and at 100 utterances. How the confidences behind these four figures were spread is not known;
    # over plain choices (uniform between chance and 1, softmax of normal logits, Dirichlet) they vary by the tolerance.
    [(2610, 0.023, 0.031, 0.003), (100, 0.118, 0.168, 0.008)],
)
def test_the_floor_of_ece_at_two_sample_sizes(rows: int, mean: float, high: float, near: float) -> None:
    (floor,) = noise_floor(make(METRICS, "ece"), scored_with(softmax(rows)), generator=generator())
    assert floor.mean == pytest.approx(mean, abs=near)
    assert floor.high == pytest.approx(high, abs=near)


@pytest.mark.parametrize("metric", ["ece", "mce", "rmsce", "ece:bins=5", "adaptive_ece", "classwise_ece"])
def test_redrawing_labels_one_by_one_gives_the_same_floor(metric: str) -> None:
    probabilities, made = softmax(60), make(METRICS, metric)
    slow = [scored_with(probabilities, seed=seed) for seed in range(1, 1001)]
    values = np.array([float(made.value(made.statistic(scored).sum(axis=0))[0]) for scored in slow])
    floor, *_ = noise_floor(made, slow[0], generator=generator(2), redraws=4000)
    # Two sample means, of 1,000 and of 4,000 redraws: four standard errors of the difference.
    assert floor.mean == pytest.approx(values.mean(), abs=4 * values.std() * np.sqrt(1 / 1000 + 1 / 4000))
    # A 95th percentile has a standard error of about 2.1 standard deviations over the root of the draws.
    tolerance = 4 * 2.1 * values.std() * np.sqrt(1 / 1000 + 1 / 4000)
    assert floor.high == pytest.approx(np.percentile(values, 95), abs=tolerance)


def test_what_is_certain_is_always_right_and_what_is_impossible_never() -> None:
    confidence, bin_of = np.array([1.0, 0.0, 0.5]), np.array([2, 0, 1])
    totals = redrawn_bin_totals(confidence, bin_of, bins=3, redraws=500, generator=generator())
    assert (totals[:, :3] == 1).all()
    assert (totals[:, 3] == 0).all()
    assert (totals[:, 5] == 1).all()
    assert totals[:, 4].mean() == pytest.approx(0.5, abs=0.1)
    np.testing.assert_array_equal(totals[:, 6:], np.tile([0, 0.5, 1.0], (500, 1)))


def test_many_redraws_come_in_pieces_and_are_all_different() -> None:
    confidence = np.full(1 << 17, 0.5)
    totals = redrawn_bin_totals(confidence, np.zeros(1 << 17, np.int64), bins=1, redraws=5, generator=generator())
    assert len(set(totals[:, 1])) == 5
    assert totals[:, 1].mean() == pytest.approx(1 << 16, rel=0.01)


def test_the_same_generator_gives_the_same_floor() -> None:
    scored, metric = scored_with(softmax(30)), make(METRICS, "mce")
    assert noise_floor(metric, scored, generator=generator()) == noise_floor(metric, scored, generator=generator())


def test_redraws_that_are_kept_are_those_of_the_generator() -> None:
    confidence, bin_of = np.array([0.3, 0.9, 0.6]), np.array([0, 0, 1])
    fresh = generator(5)
    below = fresh.random((200, 3), dtype=np.float32) < confidence.astype(np.float32)
    right, after = np.stack([below[:, :2].sum(axis=1), below[:, 2]], axis=1), fresh.random()
    for _ in range(2):  # drawn, and met again
        again = generator(5)
        totals = redrawn_bin_totals(confidence, bin_of, bins=2, redraws=200, generator=again)
        np.testing.assert_array_equal(totals[:, 2:4], right)
        assert again.random() == after


def test_nothing_to_redraw() -> None:
    none = np.empty(0)
    totals = redrawn_bin_totals(none, none.astype(np.int64), bins=2, redraws=3, generator=generator())
    assert (totals == 0).all()
    (floor,) = floors(make(METRICS, "ece").value(np.zeros((3, 6))))
    assert np.isnan([floor.mean, floor.high]).all()


def test_undefined_redraws_are_left_out() -> None:
    assert floors(np.array([[np.nan], [1.0], [1.0]])) == (NoiseFloor(1.0, 1.0),)
