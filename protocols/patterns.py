"""Which utterances a stress hits: each by itself, in bursts along the dialogue, or whole dialogues."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float64

from ..benchmark.conversations import Conversations
from ..benchmark.errors import SpecError
from ..benchmark.randomness import Randomness

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
        return np.concatenate(
            [
                self._turns(self.rate, generator, turns)
                for generator, turns in zip(
                    randomness.generators(conversations.dialogue_ids),
                    np.diff(conversations.starts).tolist(),
                    strict=True,
                )
            ]
        )

    def _turns(self, rate: float, generator: np.random.Generator, turns: int) -> Bool[np.ndarray, " turns"]:
        if self.pattern == "dialogue":
            return np.full(turns, generator.random() < rate)
        draws = generator.random(turns)
        return draws < rate if self.pattern == "independent" else _bursts(draws, rate, self.burst)


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


def _bursts(draws: Float64[np.ndarray, " turns"], rate: float, burst: float) -> Bool[np.ndarray, " turns"]:
    """Run the chain: off stays off with 1 − 1/burst; on goes off so that the share of off turns is `rate`.

    One draw a turn drives both transitions, so that a higher rate hits a superset.
    """
    goes_off = rate / (burst * (1 - rate))
    off = np.empty(len(draws), bool)
    state = bool(draws[0] < rate)
    off[0] = state
    for turn in range(1, len(draws)):
        state = bool(draws[turn] < (1 - 1 / burst if state else goes_off))
        off[turn] = state
    return off
