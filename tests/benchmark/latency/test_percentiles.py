import numpy as np
import pytest
from scipy.stats import binom

from emobench.benchmark.latency.percentiles import all_bounded, bounded, iterations_needed, name_of, ranks
from emobench.benchmark.randomness import Randomness


@pytest.mark.parametrize(("percent", "needed"), [(50, 5), (90, 29), (95, 59), (99, 299)])
def test_the_largest_value_bounds_a_percentile_from_the_number_needed_on(percent: float, needed: int) -> None:
    assert iterations_needed(percent) == needed
    assert ranks(needed, percent)[1] == needed
    assert bounded(np.arange(needed - 1.0), percent) is None
    found = bounded(np.arange(float(needed)), percent)
    assert found is not None
    assert found.high == needed - 1


@pytest.mark.parametrize("iterations", [59, 100, 299, 1000])
@pytest.mark.parametrize("percent", [50.0, 95.0])
def test_ranks_are_the_closest_that_hold(iterations: int, percent: float) -> None:
    low, high = ranks(iterations, percent)
    below = binom(iterations, percent / 100)
    assert below.cdf(high - 1) >= 0.95 > below.cdf(high - 2)
    assert below.sf(low - 1) >= 0.95 > below.sf(low)


@pytest.mark.parametrize("percent", [50.0, 95.0])
def test_bounds_are_the_values_of_these_ranks(percent: float) -> None:
    values = Randomness(0, ("ranks",)).generator().permutation(300) + 1.0
    found, (low, high) = bounded(values, percent), ranks(300, percent)
    assert found is not None
    assert (found.low, found.high) == (low, high)


def test_a_percentile_near_the_start_has_no_lower_bound() -> None:
    found = bounded(np.arange(20.0), 10)
    assert found is not None
    assert found.low is None


@pytest.mark.parametrize("percent", [50.0, 95.0])
def test_bounds_cover_at_their_confidence(percent: float) -> None:
    iterations, repeats = 200, 2000
    drawn = Randomness(0, ("percentiles",)).generator().exponential(size=(repeats, iterations))
    true = -np.log(1 - percent / 100)
    found = [bounded(values, percent) for values in drawn]
    above = np.mean([one is not None and one.high >= true for one in found])
    below = np.mean([one is not None and one.low is not None and one.low <= true for one in found])
    error = 3 * np.sqrt(0.95 * 0.05 / repeats)
    # Order statistics are whole ranks, so the confidence is a little above what is asked for.
    assert 0.95 - error <= above <= 0.98 + error
    assert 0.95 - error <= below <= 0.98 + error


def test_what_cannot_be_bounded_is_withheld_and_says_what_it_needs() -> None:
    found, withheld = all_bounded(np.arange(60.0))
    assert [one.percent for one in found] == [50.0, 90.0, 95.0]
    assert withheld == {"p99": 299}
    assert found[0].value == 29.5
    assert name_of(99.9) == "p99.9"


@pytest.mark.parametrize("percent", [0.0, 100.0])
def test_the_ends_are_no_percentiles(percent: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 100"):
        iterations_needed(percent)
