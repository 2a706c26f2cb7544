"""Random numbers from (seed, what they are for): the same whatever the order of the run or the worker."""

import hashlib
from dataclasses import dataclass

import numpy as np


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
        # Lengths keep ("ab", "c") and ("a", "bc") apart.
        text = "".join(f"{len(word)}:{word}" for word in (str(self.seed), *self.purpose))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")

    def generator(self) -> np.random.Generator:
        """Return a fresh generator, at its start."""
        return np.random.default_rng(self.integer())

    def torch_seed(self) -> int:
        """Return the seed for generators that take 63 bits, such as torch's."""
        return self.integer() >> 65
