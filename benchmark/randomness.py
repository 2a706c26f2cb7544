"""Random numbers from (seed, what they are for): the same whatever the order of the run or the worker."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .seeding import pcg64_starts

STARTS_KEPT = 16
"""Purposes whose generators are remembered by their starts: the rungs of a degradation curve share them, and making a
generator takes longer than what a dialogue draws from it."""


@dataclass(frozen=True)
class Randomness:
    """A source of independent random generators, one for each purpose.

    Two generators of the same seed and purpose give the same numbers; of different purposes, independent ones. So
    what is drawn for one dialogue does not depend on which others are there or on what was drawn before.
    """

    seed: int
    """Any integer from 0."""
    purpose: tuple[str, ...] = ()
    """What the numbers are for, from the general to the particular, such as `("stress", "noise:…", "dialogue_7")`."""

    def for_(self, *purpose: str) -> "Randomness":
        """Return the source for a narrower purpose."""
        return Randomness(self.seed, self.purpose + purpose)

    def integer(self) -> int:
        """Return the 128-bit number that stands for seed and purpose."""
        return int.from_bytes(self.digest(), "big")

    def digest(self) -> bytes:
        """Return the same number as 16 bytes, the highest first."""
        # Lengths keep ("ab", "c") and ("a", "bc") apart.
        text = "".join([f"{len(word)}:{word}" for word in (str(self.seed), *self.purpose)])
        return hashlib.sha256(text.encode()).digest()[:16]

    def generator(self) -> np.random.Generator:
        """Return a fresh generator, at its start."""
        return np.random.default_rng(self.integer())

    def generators(self, names: Sequence[str]) -> Iterator[np.random.Generator]:
        """Yield for each name what `for_(name).generator()` returns; each may be used until the next is asked for."""
        bits = np.random.PCG64(0)
        generator = np.random.Generator(bits)
        for state, increment in _starts(self, tuple(names)):
            bits.state = {
                "bit_generator": "PCG64",
                "state": {"state": state, "inc": increment},
                "has_uint32": 0,
                "uinteger": 0,
            }
            yield generator

    def torch_seed(self) -> int:
        """Return the seed for generators that take 63 bits, such as torch's."""
        return self.integer() >> 65


@lru_cache(maxsize=STARTS_KEPT)
def _starts(randomness: Randomness, names: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """Return state and increment of each generator of `Randomness.generators` (PCG64 is a line modulo 2¹²⁸)."""
    return pcg64_starts([randomness.for_(name).digest() for name in names])
