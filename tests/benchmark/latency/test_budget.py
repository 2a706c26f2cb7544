import numpy as np
import pytest
from scipy.stats import binomtest

from emobench.benchmark.latency.budget import against, share_interval


def test_share_hinge_and_interval_by_hand() -> None:
    found = against(np.array([10.0, 20.0, 30.0, 60.0]), 25.0, percent=50)
    assert found.over == 0.5
    assert found.hinge == pytest.approx((5 + 35) / 4)
    assert found.verdict == "undecided"


@pytest.mark.parametrize(("count", "of"), [(0, 20), (3, 20), (20, 20), (150, 300)])
def test_the_interval_is_that_of_clopper_and_pearson(count: int, of: int) -> None:
    exact = binomtest(count, of).proportion_ci(0.95, method="exact")
    assert share_interval(count, of) == pytest.approx((exact.low, exact.high))


@pytest.mark.parametrize(
    ("slow", "verdict"), [(0, "holds"), (4, "holds"), (15, "undecided"), (30, "breaks"), (300, "breaks")]
)
def test_the_verdict_is_about_the_bounds_of_the_percentile(slow: int, verdict: str) -> None:
    values = np.array([1.0] * (300 - slow) + [100.0] * slow)
    assert against(values, 50.0).verdict == verdict


def test_a_value_on_the_budget_is_within_it() -> None:
    found = against(np.full(100, 50.0), 50.0)
    assert (found.over, found.low, found.hinge, found.verdict) == (0.0, 0.0, 0.0, "holds")
    assert found.high == pytest.approx(0.0362, abs=1e-4)


def test_few_values_that_are_all_over_the_budget_break_it() -> None:
    # P(binomial(12, 0.9) ≥ 9) = 97 %: the 9th value bounds p90 from below; none does from above.
    assert against(np.full(12, 2.0), 1.0, percent=90).verdict == "breaks"
    assert against(np.array([0.5] * 9 + [2.0] * 3), 1.0, percent=90).verdict == "undecided"
    assert against(np.full(12, 0.5), 1.0, percent=90).verdict == "undecided"


def test_a_percentile_without_a_lower_bound_cannot_break() -> None:
    assert against(np.full(10, 50.0), 10.0, percent=5.0).verdict == "undecided"
