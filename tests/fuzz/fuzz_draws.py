"""Chance that can be had again: seed, reader and number of an input say all that is drawn for it."""

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


class Draw(random.Random):
    """What one input is made by."""

    @classmethod
    def of(cls, seed: int, reader: str, number: int) -> "Draw":
        """Return that of an input; the same on every machine."""
        return cls(f"{seed} {reader} {number}")

    def chance(self, share: float) -> bool:
        """Return True in a share of all cases."""
        return self.random() < share

    def few(self, most: int = 6) -> int:
        """Return a small number from 1, the smaller the likelier."""
        number = 1
        while number < most and self.random() < 0.4:
            number += 1
        return number

    def made(self, ways: Sequence[Callable[["Draw"], T]]) -> T:
        """Return what one of several ways makes."""
        return self.choice(ways)(self)
