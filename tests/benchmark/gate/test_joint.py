"""Lower ends that hold together."""

import numpy as np
import pytest
from scipy import stats

from emobench.benchmark.gate.joint import Difference, Joint
from emobench.benchmark.gate.trainings import UNKNOWN, training_errors
from emobench.benchmark.randomness import Randomness

DRAWS = 40_000


def normal(purpose: str, draws: int = DRAWS) -> np.ndarray:
    return np.asarray(Randomness(0, ("joint", purpose)).generator().standard_normal(draws))


def joint(*differences: Difference) -> Joint:
    found = Joint(len(differences[0].deviations) if differences else DRAWS)
    for difference in differences:
        found.add(difference)
    return found


@pytest.mark.parametrize("dialogues", [5, 20, 500])
def test_one_difference_with_normal_draws_gets_students_interval(dialogues: int) -> None:
    # What resampling n values of variance 1 shows of their mean's standard deviation is √((n − 1)/n) of the unbiased.
    shown = np.sqrt((dialogues - 1) / dialogues)
    low = joint(Difference(0.3, 0.1 * shown * normal("one"), dialogues)).lower_ends()[0]
    expected = 0.3 - 0.1 * stats.t.ppf(0.95, dialogues - 1)
    assert low == pytest.approx(expected, abs=0.004)


def test_differences_that_go_up_and_down_together_do_not_pay_for_being_many() -> None:
    same = Difference(0.3, 0.1 * normal("one"), 100)
    assert joint(*[same] * 40).quantile == joint(same).quantile


def test_independent_differences_pay_what_sidak_says() -> None:
    many = joint(*(Difference(0.0, normal(str(number)), 5000) for number in range(40)))
    assert many.quantile == pytest.approx(stats.norm.ppf(0.95 ** (1 / 40)), abs=0.05)
    assert list(many.lower_ends()) == [-many.quantile * error for error in many.errors]


def test_a_difference_that_never_varies_is_its_own_lower_end() -> None:
    alone = joint(Difference(0.2, np.zeros(DRAWS), 10))
    assert alone.lower_ends().tolist() == [0.2]
    assert alone.quantile == 0.0
    assert joint().lower_ends().tolist() == []
    beside = joint(Difference(0.2, np.zeros(DRAWS), 10), Difference(0.0, normal("one"), 10))
    assert beside.lower_ends()[0] == 0.2
    assert beside.lower_ends()[1] < -1.6


def test_a_bias_that_resampling_repeats_is_taken_off() -> None:
    plain = joint(Difference(0.3, 0.1 * normal("one"), 1000)).lower_ends()[0]
    biased = joint(Difference(0.3, 0.1 * normal("one") + 0.05, 1000)).lower_ends()[0]
    assert biased == pytest.approx(plain - 0.05, abs=0.002)


def test_undefined_draws_are_left_out() -> None:
    deviations = 0.1 * normal("one")
    holes = deviations.copy()
    holes[:400] = np.nan
    whole, with_holes = (joint(Difference(0.3, each, 100)).lower_ends()[0] for each in (deviations, holes))
    assert with_holes == pytest.approx(whole, abs=0.003)


def test_trainings_widen_by_their_standard_error() -> None:
    run, baseline = {0: 0.10, 1: 0.14}, {0: 0.20, 1: 0.22, 2: 0.24}
    errors = training_errors(run, baseline, draws=DRAWS, about=("data", "model"))
    # Σ e² = 2·0.02² + 2·0.02², three degrees of freedom.
    expected = np.sqrt(4 * 0.02**2 / 3) * np.sqrt(1 / 2 + 1 / 3)
    assert errors.standard_error == pytest.approx(expected)
    assert np.quantile(errors.draws, 0.95) == pytest.approx(expected * stats.t.ppf(0.95, 3), rel=0.05)
    low = joint(Difference(0.3, np.zeros(DRAWS), 10, "data", errors)).lower_ends()[0]
    assert low == pytest.approx(0.3 - expected * stats.t.ppf(0.95, 3), abs=0.003)


def test_a_baseline_of_several_seeds_speaks_for_a_run_of_one() -> None:
    errors = training_errors({7: 0.1}, {0: 0.2, 1: 0.24}, draws=10, about=("data", "model"))
    assert errors.standard_error == pytest.approx(np.sqrt(2 * 0.02**2) * np.sqrt(1 + 1 / 2))


@pytest.mark.parametrize("sides", [({0: 0.1}, {0: 0.3}), ({0: 0.1}, {}), ({0: 0.1, 1: np.nan}, {})])
def test_single_seeds_tell_nothing(sides: tuple[dict[int, float], dict[int, float]]) -> None:
    assert training_errors(*sides, draws=10, about=("data",)) is UNKNOWN


def test_a_lucky_seed_is_lucky_under_all_conditions() -> None:
    first = training_errors({0: 0.1, 1: 0.3}, {}, draws=1000, about=("data", "model"))
    second = training_errors({0: 0.2, 1: 0.3}, {}, draws=1000, about=("data", "model"))
    other = training_errors({0: 0.2, 1: 0.3}, {}, draws=1000, about=("data", "another"))
    assert np.corrcoef(first.draws, second.draws)[0, 1] == pytest.approx(1.0)
    assert abs(np.corrcoef(first.draws, other.draws)[0, 1]) < 0.3


def test_the_first_draws_that_all_differences_have_are_used() -> None:
    deviations = Randomness(0, ("few draws",)).generator().normal(size=2_000)
    whole, few = Difference(1.0, deviations, 50), Difference(1.0, deviations[:500], 50)
    alone, first, last = Joint(2_000), Joint(2_000), Joint(2_000)
    alone.add(few)
    first.add(few)
    first.add(whole)
    last.add(whole)
    last.add(few)
    assert [joint.draws for joint in (alone, first, last)] == [500] * 3
    assert first.quantile == last.quantile
    assert first.lower_ends() == pytest.approx(last.lower_ends()[::-1])
    assert alone.quantile == pytest.approx(first.quantile, rel=0.05)
