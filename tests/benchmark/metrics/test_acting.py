"""Acting on confidence: the threshold and the shares, by hand and against brute force."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta
from sklearn.metrics import accuracy_score

from emobench.benchmark.errors import SpecError
from emobench.benchmark.metrics.acting import NEVER, chosen_threshold
from emobench.benchmark.metrics.base import Scored
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import METRICS, make

MakeScored = Callable[..., Scored]
Rows = list[tuple[float, bool]]


def threshold(rows: Rows, risk: float = 0.25, delta: float = 0.0) -> float:
    confidence, right = zip(*rows, strict=True)
    return chosen_threshold(np.array(confidence), np.array(right), risk=risk, delta=delta)


def of(make_scored: MakeScored, rows: Rows, validation: Rows | None = None) -> Scored:
    """Return two-class predictions of given confidence, right or wrong."""
    chosen_on = None if validation is None else of(make_scored, validation)
    sure = [[c, 1 - c] for c, _ in rows]
    return make_scored(sure, [0 if right else 1 for _, right in rows], validation=chosen_on)


def figure(text: str, scored: Scored) -> float:
    metric = make(METRICS, text)
    return float(metric.value(metric.statistic(scored).sum(axis=0))[0])


def figures(scored: Scored, arguments: str) -> list[float]:
    return [figure(f"{name}:{arguments}", scored) for name in ("act_share", "act_risk", "unsafe_share")]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # 1/4 wrong down to .6; .55 makes it 2/5.
        ([(0.9, True), (0.8, True), (0.7, False), (0.6, True), (0.55, False)], 0.6),
        # Not monotone: .8 is too bad (1/2), further down it is good enough again.
        ([(0.9, True), (0.8, False), (0.7, True), (0.6, True)], 0.6),
        # Ties go together: of the two at .7 one alone would do, both are 2/5.
        ([(0.9, True), (0.8, True), (0.7, False), (0.7, False), (0.75, True)], 0.75),
        ([(0.9, True), (0.9, False), (0.9, True), (0.9, True)], 0.9),
        ([(0.9, True), (0.8, True)], 0.8),  # always right: acts down to the least sure
        ([(0.9, False), (0.8, True), (0.7, True)], NEVER),  # 1/3 at best
        ([(0.9, False)] * 3, NEVER),
        ([(0.7, True)], 0.7),
        ([(0.7, False)], NEVER),
        ([(1.0, True), (1.0, True), (0.0, False)], 1.0),
    ],
)
def test_the_threshold_by_hand(rows: Rows, expected: float) -> None:
    assert threshold(rows) == expected
    assert threshold(rows[::-1]) == expected


def test_a_share_that_is_no_binary_fraction_is_reached_exactly() -> None:
    # 3 of 30 wrong is 0.1, though 0.1·30 > 3 and 0.7·10 < 7 in floating point.
    assert threshold([(0.9, True)] * 27 + [(0.8, False)] * 3, risk=0.1) == 0.8
    assert threshold([(0.9, True)] * 3 + [(0.8, False)] * 7, risk=0.7) == 0.8


def test_the_shares_by_hand(make_scored: MakeScored) -> None:
    validation = [(0.9, True), (0.8, True), (0.7, False), (0.6, True), (0.55, False)]
    # From .6 up: three acted on, the one at the threshold among them; two of them wrong.
    test = [(0.95, False), (0.6, False), (0.7, True), (0.59, False), (0.5, True)]
    scored = of(make_scored, test, validation)
    assert figures(scored, "risk=0.25") == pytest.approx([3 / 5, 2 / 3, 2 / 5])
    assert figure("act_threshold:risk=0.25", scored) == 0.6


def test_one_that_never_acts_has_no_risk_and_no_threshold(make_scored: MakeScored) -> None:
    scored = of(make_scored, [(1.0, True), (0.9, False)], [(0.9, False), (0.8, True)])
    share, risk, unsafe = figures(scored, "risk=0.25")
    assert (share, unsafe) == (0, 0)
    assert math.isnan(risk)
    assert math.isnan(figure("act_threshold:risk=0.25", scored))


def test_one_that_acts_on_none_under_a_condition_has_a_threshold_and_no_risk(make_scored: MakeScored) -> None:
    scored = of(make_scored, [(0.6, True)], [(0.9, True)])
    share, risk, unsafe = figures(scored, "risk=0.25")
    assert (share, unsafe) == (0, 0)
    assert math.isnan(risk)
    assert figure("act_threshold:risk=0.25", scored) == 0.9


def test_one_that_always_acts_errs_as_often_as_its_accuracy_says(make_scored: MakeScored) -> None:
    rows = [(0.9, True), (0.7, False), (0.6, True)]
    scored = of(make_scored, rows, [(0.5, True)])
    assert figures(scored, "risk=0.25") == pytest.approx([1, 1 / 3, 1 / 3])
    assert figure("unsafe_share:risk=0.25", scored) == pytest.approx(1 - figure("accuracy", scored))


rows_of = st.lists(st.tuples(st.sampled_from([0.5, 0.6, 0.7, 0.8, 0.9, 1.0]), st.booleans()), min_size=1, max_size=40)
risks = st.sampled_from([0.01, 0.1, 0.2, 0.25, 0.5, 0.9])


def brute_force(rows: Sequence[tuple[float, bool]], risk: float) -> float:
    """Try every confidence that occurs."""
    passing = []
    for candidate in {confidence for confidence, _ in rows}:
        kept = [right for confidence, right in rows if confidence >= candidate]
        if 1 - accuracy_score([True] * len(kept), kept) <= risk + 1e-9:
            passing.append(candidate)
    return min(passing, default=NEVER)


@settings(max_examples=300, deadline=None)
@given(rows_of, risks)
def test_the_threshold_is_that_of_brute_force(rows: Rows, risk: float) -> None:
    assert threshold(rows, risk) == brute_force(rows, risk)


@settings(max_examples=100, deadline=None)
@given(rows_of, rows_of, risks)
def test_share_times_risk_is_the_unsafe_share(
    make_scored: MakeScored, validation: Rows, test: Rows, risk: float
) -> None:
    share, risk_when_acting, unsafe = figures(of(make_scored, test, validation), f"risk={risk}")
    chosen = brute_force(validation, risk)
    acted = [right for confidence, right in test if confidence >= chosen]
    assert share == pytest.approx(len(acted) / len(test))
    assert unsafe == pytest.approx(sum(not right for right in acted) / len(test))
    assert (math.isnan(risk_when_acting) and share == 0) or share * risk_when_acting == pytest.approx(unsafe)


@settings(max_examples=100, deadline=None)
@given(rows_of, st.sampled_from([0.0, 0.05, 0.3]))
def test_who_tolerates_more_acts_more(rows: Rows, delta: float) -> None:
    thresholds = [threshold(rows * 5, risk, delta) for risk in (0.05, 0.1, 0.3, 0.6, 0.95)]
    if not delta:  # under a bound the search begins elsewhere
        assert thresholds == sorted(thresholds, reverse=True)
    for risk in (0.1, 0.5):
        assert threshold(rows * 5, risk, delta) >= threshold(rows * 5, risk)


def bounded(rows: Sequence[tuple[float, bool]], risk: float, delta: float) -> float:
    """Go through the thresholds from the surest down, by the bounds of Clopper and Pearson."""

    def bound(kept: int, wrong: int) -> float:
        return 1.0 if wrong == kept else float(beta.ppf(1 - delta, wrong + 1, kept - wrong))

    passed, begun = NEVER, False
    for candidate in sorted({confidence for confidence, _ in rows}, reverse=True):
        kept = [right for confidence, right in rows if confidence >= candidate]
        begun = begun or bound(len(kept), math.floor(len(kept) * risk / 2 + 1e-9)) <= risk
        if begun and bound(len(kept), kept.count(False)) > risk:
            return passed
        passed = candidate if begun else passed
    return passed


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 400), st.sampled_from([0.1, 0.3]), st.sampled_from([0.05, 0.3]))
def test_the_bound_is_that_of_clopper_and_pearson(seed: int, count: int, risk: float, delta: float) -> None:
    rng = Randomness(seed, ("acting",)).generator()
    confidence = rng.uniform(0.5, 1, count).round(2)
    rows = list(zip(confidence.tolist(), (rng.random(count) < confidence**0.3).tolist(), strict=True))
    assert threshold(rows, risk, delta) == bounded(rows, risk, delta)


def test_the_bound_by_hand() -> None:
    # 0.5^5 = 1/32 ≤ 0.05 < 0.5^4; half of the wanted errors among 8 would be 2: P(≤ 2 of 8) = 37/256.
    assert threshold([(0.9, True)] * 4, 0.5, 0.05) == NEVER
    rows = [(0.9, True)] * 18
    assert threshold(rows, 0.5, 0.05) == 0.9
    assert threshold([*rows, *[(0.8, False)] * 4], 0.5, 0.05) == 0.8
    assert threshold([*rows, *[(0.8, False)] * 40], 0.5, 0.05) == 0.9
    # After one failure nothing is tested, however good.
    assert threshold([*rows, *[(0.8, False)] * 40, *[(0.7, True)] * 400], 0.5, 0.05) == 0.9
    assert threshold([*rows, *[(0.8, False)] * 40, *[(0.7, True)] * 400], 0.5) == 0.7


def test_the_bound_holds_as_often_as_it_says_and_the_plain_threshold_does_not() -> None:
    # The error rate at confidence c is 1 − c, so that of all above t it is (1 − t)/2: 0.1 at t = 0.8.
    rng, missed = Randomness(0, ("acting", "coverage")).generator(), {0.0: 0, 0.1: 0}
    for _ in range(400):
        confidence = rng.uniform(0, 1, 500)
        right = rng.random(500) < confidence
        for delta in missed:
            missed[delta] += chosen_threshold(confidence, right, risk=0.1, delta=delta) < 0.8
    assert missed[0.1] / 400 <= 0.1 + 0.045  # three standard errors
    assert missed[0.0] / 400 > 0.4


def test_the_test_split_has_no_say_in_the_threshold(draw_scored: MakeScored) -> None:
    scored, other = draw_scored(seed=1), draw_scored(seed=3)
    for arguments in ("risk=0.7", "risk=0.75"):
        text = f"act_threshold:{arguments}"
        assert figure(text, replace(other, validation=scored.validation)) == figure(text, scored)
        assert figure(text, replace(scored, validation=other.validation)) == figure(text, other)
        assert figure(text, scored) != figure(text, other)


@pytest.mark.parametrize("name", ["act_share", "act_risk", "unsafe_share", "act_threshold"])
@pytest.mark.parametrize("arguments", ["risk=0", "risk=1", "risk=-0.1", "delta=1", "delta=-0.1", "risk=nan"])
def test_arguments_that_cannot_be(name: str, arguments: str) -> None:
    with pytest.raises(SpecError, match=f"{name}: expected {arguments.partition('=')[0]} to be a number"):
        make(METRICS, f"{name}:{arguments}")
