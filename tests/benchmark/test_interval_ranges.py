"""Intervals end where the metric does."""

import numpy as np
import pytest

from emobench.benchmark.metrics.base import Scored
from emobench.benchmark.scoring_figures import Figures, Name, figures_of, mean_of_seeds
from emobench.benchmark.scoring_metrics import asked_for


def figures(value: float, ranges: dict[str, tuple[float, float]]) -> Figures:
    rng = np.random.default_rng(3)
    none = np.full(1, np.nan)
    return Figures(
        names=(Name("m", ""),),
        value=np.array([value]),
        draws=(value + 0.2 * rng.standard_normal(2000),),
        jackknife=value + 0.01 * rng.standard_normal((40, 1)),
        floor=none, floor_high=none, draw_sd=none, ranges=ranges,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "ranges", "within"),
    [
        (0.9, {"m": (0.0, 1.0)}, (0.1, 1.0)),
        (0.1, {"m": (0.0, 1.0)}, (0.0, 0.9)),
        # A figure that a rounding error carried beyond the range stays in its interval.
        (1.0 + 1e-12, {"m": (0.0, 1.0)}, (0.1, 1.0 + 1e-12)),
    ],
)
def test_an_interval_stays_in_the_range_and_holds_its_figure(
    value: float, ranges: dict[str, tuple[float, float]], within: tuple[float, float]
) -> None:
    free = figures(value, {}).intervals
    assert free.low[0] < 0.0 or free.high[0] > 1.0
    for one in (
        figures(value, ranges),
        figures(value, ranges).only({Name("m", "")}),
        mean_of_seeds([figures(value, ranges)] * 2),
    ):
        low, high = one.intervals
        assert within[0] <= low[0] <= value <= high[0] <= within[1]


def test_no_calibration_error_is_said_to_be_above_one() -> None:
    rng = np.random.default_rng(5)
    probabilities = rng.dirichlet([0.15] * 3, size=60)
    scored = Scored(
        probabilities=probabilities, label=rng.integers(3, size=60), dialogue=np.repeat(np.arange(12), 5),
        turn=np.tile(np.arange(5), 12), speaker=np.zeros(60, dtype=np.int64), classes=("a", "b", "c"),
    )  # fmt: skip
    weights = rng.multinomial(12, [1 / 12] * 12, size=500).astype(np.float64)
    found = figures_of(scored, asked_for(("mce", "rmsce", "ece", "brier")).metrics, weights, generator=rng)
    low, high = found.intervals
    assert (low >= 0).all()
    assert (high <= np.array([1.0, 1.0, 1.0, 2.0])).all()
    assert found.ranges["mce"] == (0.0, 1.0)
