"""Whole turns are missing from the context, each by chance or in bursts; what is predicted is always there.

What is changed: the turns that are lost are gone from the dialogue, with everything that was recorded of them. One
loss holds for the whole dialogue. An utterance that was lost is still predicted, from itself and the turns that were
kept. Like context removal it makes copies of dialogues: one for the utterances that were kept, and one for each that
was lost.

What the model is told: nothing: it gets a shorter dialogue in which the turns that remain follow each other.

What is random: which turns are lost.

Severity: `rate`, the share of turns that are lost, in expectation; the mean share of the other turns of the dialogue
that were really left is recorded. A higher rate loses the same turns and more: `independent` always, `burst` as long as
rate ≤ 1 − 1/burst.

Patterns: `independent` (each turn by itself) and `burst` (a connection that is down stays down: a two-state Markov
chain along the turns, stationary, whose off periods last `burst` turns on average).

Replay: per dialogue, default_rng (PCG64) seeded with Randomness(seed, purpose).integer(); the purpose is `stress`, the
place in the chain, the canonical text without rate, from the second draw on `draw` and its number, and the
dialogue's name.
One uniform number u per turn, in order. `independent`: lost where u < rate. `burst`: the first turn is lost where
u < rate; after a lost turn u < 1 − 1/burst, after another u < rate / (burst · (1 − rate)).

Source: emobench's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Unit
from jaxtyping import Bool
from typing_extensions import Doc

from ..benchmark.arguments import Share
from ..benchmark.conversations import Conversations
from ..benchmark.errors import NotApplicable
from ..benchmark.randomness import Randomness
from .base import DataFacts, FeatureStatistics, StressProtocol
from .patterns import MEAN_BURST, Hits, check_burst, highest_rate
from .remainders import split_by_remainder

LADDER_RATES = (0.1, 0.3, 0.5, 0.7)
"""Rungs of the standard degradation curve."""


@dataclass(frozen=True)
class TurnLoss(StressProtocol):
    """The stress `turn_loss` with its arguments."""

    rate: Annotated[Share | None, Doc("share of turns that are lost; not given: the ladder"), Unit("share")] = None
    pattern: Annotated[Literal["independent", "burst"], Doc("how the lost turns lie along a dialogue")] = "independent"
    burst: Annotated[float, Ge(1), Doc("mean length of an off period with pattern=burst"), Unit("turns")] = MEAN_BURST

    meaning: ClassVar[str] = (
        "each turn is missing from the context with the probability given by rate; the utterance that is predicted is "
        "always there."
    )
    severity: ClassVar[str] = "rate"
    repeats: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Check that the arguments go together."""
        check_burst("turn_loss", self.rate, self.pattern, self.burst)

    def check(self, facts: DataFacts) -> None:
        """Raise NotApplicable where there is no context."""
        if facts.turns == 1:
            raise NotApplicable("turn_loss: every dialogue has a single turn, so there is no context to lose")

    def ladder(self, facts: DataFacts) -> tuple["TurnLoss", ...]:
        """Return itself, or without a rate the standard rates, as far as the bursts allow them."""
        if self.rate is not None:
            return (self,)
        rates = (rate for rate in LADDER_RATES if self.pattern != "burst" or rate <= highest_rate(self.burst))
        return tuple(replace(self, rate=rate) for rate in rates)

    @property
    def random(self) -> bool:
        """Always."""
        return True

    def apply(
        self,
        conversations: Conversations,
        *,
        randomness: Randomness,
        training: Mapping[str, FeatureStatistics],
    ) -> Conversations:
        """Return per dialogue one sub-dialogue for the targets that were kept, and one for each that was lost."""
        kept = ~Hits(self.rate, self.pattern, self.burst).rows(conversations, randomness)

        def visible(rows: slice) -> Bool[np.ndarray, "turns turns"]:
            there = kept[rows]
            return there | np.eye(len(there), dtype=bool)

        return split_by_remainder(conversations, visible)


PLUGIN = TurnLoss
