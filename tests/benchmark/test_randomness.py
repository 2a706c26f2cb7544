"""Random numbers from seed and purpose."""

import numpy as np

from emobench.benchmark.randomness import Randomness


def test_same_seed_and_purpose_same_numbers() -> None:
    first, second = (Randomness(3, ("noise",)).for_("audio", "d1").generator().random(4) for _ in range(2))
    assert np.array_equal(first, second)


def test_seed_and_every_word_of_the_purpose_matter() -> None:
    sources = [
        Randomness(0),
        Randomness(1),
        Randomness(0, ("ab", "c")),
        Randomness(0, ("a", "bc")),
        Randomness(0, ("abc",)),
    ]
    assert len({source.integer() for source in sources}) == len(sources)


def test_a_narrower_purpose_is_the_purpose_continued() -> None:
    assert Randomness(0, ("a",)).for_("b") == Randomness(0, ("a", "b"))


def test_generators_of_several_names_are_those_of_each_name() -> None:
    source, names = Randomness(5, ("stress",)), tuple("abcde")
    expected = [source.for_(name).generator() for name in names]
    for _ in range(2):  # the second time they are remembered
        for ours, theirs in zip(source.generators(names), expected, strict=True):
            # Draws of 32 bits leave half a number behind, which the next generator must not find.
            assert ours.random(3, np.float32).tolist() == theirs.random(3, np.float32).tolist()
            assert ours.standard_normal(7).tolist() == theirs.standard_normal(7).tolist()
        expected = [source.for_(name).generator() for name in names]
    assert not [*source.generators(())]


def test_torch_seeds_fit_63_bits() -> None:
    assert all(0 <= Randomness(seed).torch_seed() < 2**63 for seed in range(50))
