"""Many comparisons at once, and what one comparison could have shown."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control, norm

from emobench.benchmark.metrics.base import Direction
from emobench.benchmark.multiplicity import Split, adjusted, detectable, equivalent, ranking, verdict
from emobench.benchmark.randomness import Randomness


def test_adjusted_p_by_hand() -> None:
    # Of five: 5·.01/1, 5·.02/2, 5·.03/3, 5·.5/4, 5·.9/5; none above the next.
    p = np.array([0.5, 0.01, np.nan, 0.03, 0.02, 0.9])
    assert adjusted(p) == pytest.approx([0.625, 0.05, np.nan, 0.05, 0.05, 0.9], nan_ok=True)


@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_adjusted_p_are_those_of_scipy(size: int) -> None:
    p = Randomness(0, ("adjusted", str(size))).generator().random(size) ** 3
    assert adjusted(p) == pytest.approx(false_discovery_control(p), abs=1e-12)
    assert adjusted(np.repeat(p, 2)) == pytest.approx(np.repeat(adjusted(p), 2)), "ties share their p"


def test_nothing_to_adjust_stays_nothing() -> None:
    assert len(adjusted(np.empty(0))) == 0
    assert np.isnan(adjusted(np.full(2, np.nan))).all()


def test_equivalent_is_inside_the_margin_with_both_bounds() -> None:
    lower, upper = np.array([-0.01, -0.02, 0.0, np.nan]), np.array([0.01, 0.0, 0.02, np.nan])
    assert equivalent(lower, upper, 0.01).tolist() == [True, False, False, False]


def test_the_detectable_difference_is_found_with_the_power_it_claims() -> None:
    difference = detectable(0.5)
    assert difference == pytest.approx(0.5 * (1.959964 + 0.841621), abs=1e-6)
    # A normal estimate around it is beyond the 5 % limit four times in five.
    assert norm.sf(norm.ppf(0.975) - difference / 0.5) == pytest.approx(0.8, abs=1e-12)
    assert detectable(0.5, level=0.99) > difference > detectable(0.5, power=0.5) == pytest.approx(0.979982, abs=1e-6)


@pytest.mark.parametrize(
    ("direction", "difference", "p", "within", "expected"),
    [
        ("higher", 0.1, 0.01, False, "better"),
        ("higher", -0.1, 0.01, False, "worse"),
        ("lower", 0.1, 0.01, False, "worse"),
        ("lower", -0.1, 0.01, False, "better"),
        ("zero", 0.1, 0.01, False, "worse"),
        ("none", 0.1, 0.01, False, "higher"),
        ("none", -0.1, 0.01, False, "lower"),
        ("higher", 0.1, 0.05, False, "not told apart"),
        ("higher", 0.001, 0.01, True, "equivalent"),
        ("higher", 0.001, 0.5, True, "equivalent"),
        ("higher", np.nan, np.nan, False, "not defined"),
    ],
)
def test_verdicts(direction: Direction, difference: float, p: float, expected: str, *, within: bool) -> None:
    assert verdict(direction, difference, p, within=within) == expected


def test_an_allowed_error_is_what_the_level_leaves() -> None:
    assert verdict("higher", 0.1, 0.04, within=False, level=0.99) == "not told apart"
    assert verdict("higher", 0.1, 0.08, within=False, level=0.9) == "better"


def test_shares_of_variance() -> None:
    assert Split(seed=1.0, sample=3.0).seed_share == 0.25
    assert np.isnan(Split(seed=np.nan, sample=3.0).seed_share)
    assert np.isnan(Split(seed=0.0, sample=0.0).seed_share)


@pytest.mark.parametrize(
    ("models", "critical"),
    # Demšar (2006), Table 5a, with N = 6 and q·√(k(k+1)/36).
    [(3, 2.343), (4, 2.569), (5, 2.728), (6, 2.850), (7, 2.949), (8, 3.031), (9, 3.102), (10, 3.164)],
)
def test_critical_differences_are_the_published_ones(models: int, critical: float) -> None:
    found = ranking({str(k): np.arange(6.0) + k for k in range(models)}, higher_is_better=True)
    assert found.critical_difference / np.sqrt(models * (models + 1) / 36) == pytest.approx(critical, abs=1.5e-3)
    assert [*found.ranks] == [str(k) for k in reversed(range(models))]


def test_ranks_by_hand() -> None:
    figures = {
        "a": np.array([3.0, 3.0, 1.0, 3.0, 3.0]),
        "b": np.array([2.0, 2.0, 2.0, 1.5, 2.0]),
        "c": np.array([1.0, 1.0, 3.0, 1.5, 1.0]),
    }
    found = ranking(figures, higher_is_better=True)
    assert found.ranks == pytest.approx({"a": 7 / 5, "b": 10.5 / 5, "c": 12.5 / 5})
    # Friedman's χ² = 12/(N·k·(k+1))·Σ R² − 3·N·(k+1), over 1 − 6/(N·k·(k²−1)) for the one tie of two; 2 degrees.
    square = (12 / 60 * (7**2 + 10.5**2 + 12.5**2) - 60) / (1 - 6 / 120)
    assert found.p == pytest.approx(np.exp(-square / 2), abs=1e-12)
    assert found.data_sets == 5
    assert ranking(figures, higher_is_better=False).ranks == pytest.approx({"c": 1.5, "b": 1.9, "a": 2.6})


def test_models_that_are_all_alike_are_not_told_apart() -> None:
    found = ranking({name: np.arange(5.0) for name in "abc"}, higher_is_better=True)
    assert found.p == 1
    assert set(found.ranks.values()) == {2.0}


@pytest.mark.parametrize(
    ("table", "ranks", "p", "critical_difference", "groups"),
    [
        (
            {
                "a": [1, -5, -7, -23, -5, -1, 9, -5],
                "b": [3, 8, -9, 2, 1, 18, 5, 6],
                "c": [14, 21, 2, -4, 12, 1, 1, -2],
                "d": [13, 21, 12, 5, 22, 16, 3, 10],
            },
            {"d": 1.5625, "c": 2.4375, "b": 2.5, "a": 3.5},
            0.027338018049687867,
            1.6582924452770451,
            ("dcb", "cba"),
        ),
        (
            {
                "a": [2, -3, -3, 1, -10, 8, -2, -8, -19, 1, 6, -15, -7, 4, -8],
                "b": [-2, 11, -5, -6, 11, 4, 12, -8, 14, 13, 1, -21, 8, 7, 2],
                "c": [2, 9, 11, 14, 27, 17, -5, 0, 16, 30, 4, 18, 5, 3, -3],
                "d": [-15, 3, 8, 11, -7, 16, 5, 19, -5, 12, 8, 10, -4, 2, 11],
                "e": [30, 22, 17, 15, -5, 14, 14, 10, 14, 9, 18, 27, 3, 21, 23],
                "f": [26, 12, 9, 19, 0, 18, 33, 28, 27, 7, 4, 15, 33, 14, 7],
            },
            {"e": 67 / 30, "f": 67 / 30, "c": 3.2, "d": 4.0, "b": 4.2, "a": 154 / 30},
            2.357269709863926e-05,
            1.9466943991564207,
            ("efcd", "cdba"),
        ),
    ],
)
def test_ranks_agree_with_autorank(
    table: dict[str, list[int]], ranks: dict[str, float], p: float, critical_difference: float, groups: tuple[str, ...]
) -> None:
    """Figures of autorank 1.3.0, `force_mode="nonparametric"`, and the bars of its diagram; ties included."""
    figures = {name: np.array(values, dtype=float) for name, values in table.items()}
    found = ranking(figures, higher_is_better=True)
    assert found.ranks == pytest.approx(ranks)
    assert found.p == pytest.approx(p, rel=1e-9)
    assert found.critical_difference == pytest.approx(critical_difference, rel=1e-4)
    assert tuple(map("".join, found.groups)) == groups


def test_where_no_difference_is_told_all_are_one_group() -> None:
    rng = Randomness(0, ("alike",)).generator()
    figures = {name: rng.normal(size=9) for name in "abcd"}
    one = ranking(figures, higher_is_better=True)
    assert one.p > 0.05
    assert one.groups == (tuple(one.ranks),)


def test_models_that_are_all_told_apart_are_in_no_group() -> None:
    figures = {name: np.arange(40.0) + place for place, name in enumerate("abc")}
    assert ranking(figures, higher_is_better=True).groups == ()
    assert ranking(figures, higher_is_better=True, level=0.99).critical_difference > (
        ranking(figures, higher_is_better=True).critical_difference
    )
