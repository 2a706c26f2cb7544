"""Selection optimism over training seeds."""

import math

import pytest
from scipy import stats

from emobench.benchmark.run_record import FitRecord
from emobench.benchmark.selection_audit import optimism, t_bound


def fit(seed: int, value: float | None, **changes: str) -> FitRecord:
    return FitRecord(
        **{"model": "m", "data": "d", "seed": seed, "state": "done", "selection_optimism": value, **changes}
    )


def test_the_interval_is_students_t_over_seeds() -> None:
    values = [0.012, 0.018, 0.009, 0.015, 0.02]
    found = optimism(fit(seed, value) for seed, value in enumerate(values))
    assert found is not None
    low, high = stats.t.interval(0.95, 4, loc=stats.tmean(values), scale=stats.sem(values))
    assert (found.mean, found.low, found.high) == pytest.approx((0.0148, low, high))
    assert (found.seeds, found.tested) == (5, False)


def test_it_is_cut_off_at_zero() -> None:
    found = optimism([fit(0, 0.0), fit(1, 0.02)])
    assert found is not None
    assert found.low == 0
    assert found.high == pytest.approx(0.01 + 12.7062 * 0.01, abs=1e-5)


def test_one_seed_has_no_interval() -> None:
    found = optimism([fit(0, 0.01, selection="test")])
    assert found is not None
    assert (found.mean, math.isnan(found.low), math.isnan(found.high), found.tested) == (0.01, True, True, True)


def test_without_epochs_there_is_none() -> None:
    assert optimism([fit(0, None), fit(1, 0.3, state="failed", why="fell over")]) is None
    assert optimism([]) is None


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 9, 10, 31, 100])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_the_bound_of_t_is_that_of_scipy(degrees: int, level: float) -> None:
    assert t_bound(degrees, level) == pytest.approx(stats.t.ppf((1 + level) / 2, degrees), rel=1e-11)
