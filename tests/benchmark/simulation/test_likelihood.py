"""The likelihood of features is that of the process as it was stressed, row by row."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from scipy.stats import norm

from emobench.benchmark.simulation import likelihood
from emobench.benchmark.simulation.likelihood import log_likelihood
from emobench.benchmark.simulation.world import Noise
from emobench.benchmark.trace import AddedNoise

MIXTURE = Noise(np.array([1.0, 2.5]), np.array([0.7, 0.3]))
WIDTH = 3
ROWS = 9
generator = np.random.default_rng(0)
MEANS = generator.normal(size=(7, WIDTH))
FEATURES = generator.normal(scale=3, size=(ROWS, WIDTH)).astype(np.float32)
EVERY = np.ones(ROWS, bool)
HIDDEN = generator.random((ROWS, WIDTH)) < 0.4
SOME = np.arange(ROWS) % 2 == 0
EVEN = AddedNoise(np.array([0.5, 2.0, 0.0]), SOME)
LOUD = AddedNoise(np.array([3.0, 3.0, 3.0]), np.arange(ROWS) > 3)
CLICKS = AddedNoise(np.array([9.0, 4.0, 0.0]), EVERY, 0.2)
MORE_CLICKS = AddedNoise(np.array([20.0, 1.0, 5.0]), SOME, 0.6)


def by_hand(row: int, hidden: np.ndarray | None, added: Sequence[AddedNoise]) -> np.ndarray:
    """Sum over levels; multiply over features the sum over all that may have been added to each."""
    hits = [layer for layer in added if layer.hit[row]]
    total = np.zeros(7)
    for level, share in zip(MIXTURE.levels, MIXTURE.shares, strict=True):
        density = np.full(7, share)
        for feature in range(WIDTH):
            if hidden is not None and hidden[row, feature]:
                continue
            of_feature = np.zeros(7)
            for case in product((0, 1), repeat=len(hits)):
                chance = np.prod([x.probability if on else 1 - x.probability for x, on in zip(hits, case, strict=True)])
                variance = level**2 + sum(x.variance[feature] * on for x, on in zip(hits, case, strict=True))
                of_feature += chance * norm.pdf(FEATURES[row, feature], MEANS[:, feature], np.sqrt(variance))
            density *= of_feature
        total += density
    logarithms: np.ndarray = np.log(total)
    return logarithms


def compared(found: np.ndarray) -> np.ndarray:
    """Return rows up to the constant that is the same for all classes."""
    relative: np.ndarray = found - found[:, :1]
    return relative


@pytest.mark.parametrize("hidden", [None, HIDDEN])
@pytest.mark.parametrize(
    "added", [(), (EVEN,), (EVEN, LOUD), (CLICKS,), (CLICKS, MORE_CLICKS), (EVEN, CLICKS, LOUD, MORE_CLICKS)]
)
def test_it_is_the_sum_over_levels_and_over_what_may_have_been_added(
    hidden: np.ndarray | None, added: Sequence[AddedNoise]
) -> None:
    found = log_likelihood(FEATURES, EVERY, means=MEANS, noise=MIXTURE, hidden=hidden, added=added)
    expected = np.array([by_hand(row, hidden, added) for row in range(ROWS)])
    assert compared(found) == pytest.approx(compared(expected), abs=1e-11)


def test_rows_that_are_absent_or_wholly_hidden_say_nothing() -> None:
    hidden = np.zeros((ROWS, WIDTH), bool)
    hidden[2] = True
    found = log_likelihood(FEATURES, SOME, means=MEANS, noise=MIXTURE, hidden=hidden, added=(EVEN, CLICKS))
    assert (found[~SOME] == 0).all()
    assert np.ptp(found[2]) < 1e-14
    assert (np.ptp(found[SOME & (np.arange(ROWS) != 2)], axis=1) > 0.1).all()


def test_what_is_hidden_does_not_matter_nor_what_was_added_to_it() -> None:
    filled = np.where(HIDDEN, np.float32(1e6), FEATURES)
    plain = log_likelihood(FEATURES, EVERY, means=MEANS, noise=MIXTURE, hidden=HIDDEN, added=(CLICKS,))
    assert np.array_equal(
        log_likelihood(filled, EVERY, means=MEANS, noise=MIXTURE, hidden=HIDDEN, added=(CLICKS,)), plain
    )
    only = np.zeros((ROWS, WIDTH), bool)
    only[:, 1] = True
    louder = AddedNoise(np.array([9.0, 400.0, 0.0]), EVERY, 0.2)
    found = [
        log_likelihood(FEATURES, EVERY, means=MEANS, noise=MIXTURE, hidden=only, added=(x,)) for x in (CLICKS, louder)
    ]
    assert compared(found[0]) == pytest.approx(compared(found[1]), abs=1e-12)


def test_noise_that_never_comes_is_none_and_noise_that_always_comes_is_even() -> None:
    def found(*added: AddedNoise) -> np.ndarray:
        return log_likelihood(FEATURES, EVERY, means=MEANS, noise=MIXTURE, added=added)

    assert np.array_equal(found(AddedNoise(CLICKS.variance, EVERY, 0.0)), found())
    nearly = found(AddedNoise(CLICKS.variance, EVERY, 1 - 1e-12))
    assert nearly == pytest.approx(found(AddedNoise(CLICKS.variance, EVERY)), abs=1e-9)


@pytest.mark.parametrize("probability", [1e-9, 0.5, 1 - 1e-9])
def test_extreme_values_and_chances_do_not_overflow(probability: float) -> None:
    rows = np.array([[1e4, -1e4, 0.0], [0.0, 0.0, 0.0], [1e-3, 1e4, 3.0]], np.float32)
    loud = AddedNoise(np.full(3, 1e8), np.ones(3, bool), probability)
    faint = AddedNoise(np.full(3, 1e-8), np.ones(3, bool), probability)
    found = log_likelihood(rows, np.ones(3, bool), means=MEANS, noise=MIXTURE, added=(loud, faint, EVEN_ALL))
    assert np.isfinite(found).all()


EVEN_ALL = AddedNoise(np.full(3, 1e-3), np.ones(3, bool))


@pytest.mark.parametrize("cells", [1, 7, 1 << 17])
def test_a_row_is_the_same_to_the_bit_whatever_stands_beside_it(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    rows, width = 203, 37
    features = rng.normal(size=(rows, width)).astype(np.float32)
    means, hidden = rng.normal(size=(7, width)), rng.random((rows, width)) < 0.3 * (rng.random((rows, 1)) < 0.5)
    layers = [
        AddedNoise(rng.random(width), rng.random(rows) < 0.5),
        AddedNoise(np.full(width, 3.0), rng.random(rows) < 0.5, 0.3),
        AddedNoise(rng.random(width) * 9, rng.random(rows) < 0.5, 0.7),
    ]
    present = rng.random(rows) < 0.9

    def found(chosen: np.ndarray) -> np.ndarray:
        return log_likelihood(
            features[chosen],
            present[chosen],
            means=means,
            noise=MIXTURE,
            hidden=hidden[chosen],
            added=[AddedNoise(x.variance, x.hit[chosen], x.probability) for x in layers],
        )

    whole = found(np.arange(rows))
    monkeypatch.setattr(likelihood, "CELLS", cells)
    for chosen in (np.arange(rows), rng.permutation(rows), np.arange(5, 12), np.array([17]), np.array([3, 3, 3])):
        assert np.array_equal(found(chosen), whole[chosen])
    # Nor does it matter whether anything is hidden in the others, or how the numbers lie in memory.
    clear = np.flatnonzero(~hidden.any(axis=1))
    without = log_likelihood(np.asfortranarray(features), present, means=means, noise=MIXTURE)
    with_mask = log_likelihood(features, present, means=means, noise=MIXTURE, hidden=hidden)
    assert np.array_equal(without[clear], with_mask[clear])


def test_a_hundred_noises_on_different_rows_are_all_counted() -> None:
    rng = np.random.default_rng(0)
    features, means = rng.normal(size=(40, 3)).astype(np.float32), rng.normal(size=(2, 3))
    noise = Noise(np.array([1.0]), np.array([1.0]))
    layers = tuple(AddedNoise(np.full(3, 0.1), rng.random(40) < 0.5) for _ in range(100))
    found = log_likelihood(features, np.ones(40, bool), means=means, noise=noise, added=layers)
    variance = 1 + 0.1 * np.sum([layer.hit for layer in layers], axis=0)[:, None]
    distance = np.square(features[:, None] - means).sum(axis=2)
    expected = -0.5 * distance / variance - 1.5 * np.log(variance)
    difference = found - expected
    np.testing.assert_allclose(difference - difference[:, :1], 0, atol=1e-9)
