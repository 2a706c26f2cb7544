"""Starts of generators: the very ones that numpy makes of the same seeds."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from emobench.benchmark.randomness import Randomness
from emobench.benchmark.seeding import pcg64_starts


def numpy_start(seed: bytes) -> tuple[int, int]:
    state = np.random.PCG64(int.from_bytes(seed, "big")).state["state"]
    return state["state"], state["inc"]


@given(st.lists(st.binary(min_size=16, max_size=16)))
def test_any_seeds(seeds: list[bytes]) -> None:
    assert pcg64_starts(seeds) == tuple(map(numpy_start, seeds))


def test_seeds_of_fewer_words_than_four() -> None:
    # Numpy leaves out words of the highest places that are zero.
    seeds = [bytes(16 - length) + b"\xff" * length for length in range(17)]
    assert pcg64_starts(seeds) == tuple(map(numpy_start, seeds))


def test_many_seeds_at_once() -> None:
    seeds = [Randomness(number).digest() for number in range(300)]
    assert pcg64_starts(seeds) == tuple(map(numpy_start, seeds))
    assert len(set(pcg64_starts(seeds))) == 300
