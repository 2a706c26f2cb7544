"""Which utterances a stress hits: each by itself, in bursts along the dialogue, or whole dialogues."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float64, Int64

from ..benchmark.conversations import Conversations
from ..benchmark.errors import SpecError
from ..benchmark.randomness import STARTS_KEPT, Randomness

Pattern = Literal["independent", "burst", "dialogue"]
"""`independent`: each utterance by itself; `burst`: a two-state Markov chain along the turns, stationary, so that what
is off stays off for a while; `dialogue`: the whole dialogue or nothing of it."""

MEAN_BURST = 4.0
"""Mean length of an off period in turns, where none is given."""


@dataclass(frozen=True)
class Hits:
    """Draws the utterances that are hit; of two rates the higher one hits the same and more.

    For bursts this holds as long as rate ≤ 1 − 1/burst.
    """

    rate: float | None
    """Share of utterances hit, in expectation; None: all of them, and nothing is drawn."""
    pattern: Pattern = "independent"
    burst: float = MEAN_BURST
    """Mean length of an off period in turns."""

    def check(self, protocol: str) -> None:
        """Raise SpecError where the arguments do not go together."""
        if self.pattern != "independent" and self.rate is None:
            raise SpecError(f"{protocol}: pattern={self.pattern} needs a rate; add rate=0.3")
        check_burst(protocol, self.rate, self.pattern, self.burst)

    def rows(self, conversations: Conversations, randomness: Randomness) -> Bool[np.ndarray, " utterances"]:
        """Return which rows are hit."""
        if self.rate is None:
            return np.ones(len(conversations), bool)
        draws = _uniforms(randomness, conversations.dialogue_ids, tuple(np.diff(conversations.starts).tolist()))
        if self.pattern == "burst":
            return _bursts(draws, conversations.turn, self.rate, self.burst)
        if self.pattern == "dialogue":
            # The first number of a dialogue is the one that it would draw alone.
            draws = draws[conversations.starts[:-1]][conversations.dialogue]
        hit: Bool[np.ndarray, " utterances"] = draws < self.rate
        return hit


def check_burst(protocol: str, rate: float | None, pattern: Pattern, burst: float) -> None:
    """Raise SpecError where a burst length is not used, or does not allow the rate."""
    if burst != MEAN_BURST and pattern != "burst":
        raise SpecError(f"{protocol}: burst={burst:g} needs pattern=burst")
    if pattern == "burst" and rate is not None and rate > highest_rate(burst):
        raise SpecError(
            f"{protocol}: off periods of {burst:g} turns allow a rate up to {highest_rate(burst):.3g}, got {rate:g}; "
            "raise burst"
        )


def highest_rate(burst: float) -> float:
    """Return the highest rate at which off periods can be this short on average."""
    return burst / (burst + 1)


@lru_cache(maxsize=STARTS_KEPT)
def _uniforms(
    randomness: Randomness, names: tuple[str, ...], turns: tuple[int, ...]
) -> Float64[np.ndarray, " utterances"]:
    """Return a number from 0 to 1 for each turn of each dialogue; the rungs of a degradation curve share them."""
    generators = randomness.generators(names)
    draws = np.concatenate([generator.random(length) for generator, length in zip(generators, turns, strict=True)])
    draws.flags.writeable = False
    return draws


def _bursts(
    draws: Float64[np.ndarray, " utterances"], turn: Int64[np.ndarray, " utterances"], rate: float, burst: float
) -> Bool[np.ndarray, " utterances"]:
    """Run the chain: off stays off with 1 − 1/burst; on goes off so that the share of off turns is `rate`.

    One draw a turn drives both transitions, so that a higher rate hits a superset.
    """
    goes_off, stays_off = rate / (burst * (1 - rate)), 1 - 1 / burst
    off = draws < rate
    # All dialogues take each step together.
    for place in range(1, turn.max() + 1):
        rows = np.flatnonzero(turn == place)
        off[rows] = draws[rows] < np.where(off[rows - 1], stays_off, goes_off)
    return off
