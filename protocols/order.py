"""The context is shuffled: turns trade places in their dialogue.

What is changed: the order of the turns. Those chosen trade places, each with another one that was chosen; the others
keep theirs. A turn moves as a whole: all its modalities, its speaker, its words. Every utterance is still predicted
and read, at the place it went to. Where only one turn of a dialogue is chosen it has nobody to trade with.

What the model is told: nothing.

What is random: which turns are chosen, and where each of them goes.

Severity: `rate`, the share of turns that are chosen, in expectation; 1 moves every turn (of a dialogue of more than
one). A higher rate moves the same turns and more, to other places. The realised share is smaller by the turns chosen
alone, rate · (1 − rate)^(turns − 1) of a dialogue's turns in expectation.

Replay: per dialogue, default_rng (PCG64) seeded with Randomness(seed, purpose).integer(); the purpose is `stress`, the
place in the chain, the canonical text without rate, from the second draw on `draw` and its number, and the
dialogue's name.
First a uniform number u per turn, in order, then another, v. Chosen are the turns with u < rate. Ranked by v, each
goes to the place of the next, the last to that of the first: of all cycles through the chosen, each is as likely.

Source: emobench's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Unit
from jaxtyping import Int64
from typing_extensions import Doc

from ..benchmark.arguments import Share
from ..benchmark.conversations import Conversations
from ..benchmark.errors import NotApplicable
from ..benchmark.randomness import Randomness
from .base import DataFacts, FeatureStatistics, StressProtocol

LADDER_RATES = (0.25, 0.5, 1.0)
"""Rungs of the standard degradation curve."""


@dataclass(frozen=True)
class Order(StressProtocol):
    """The stress `order` with its arguments."""

    rate: Annotated[Share | None, Doc("share of turns that trade places; not given: the ladder"), Unit("share")] = None

    meaning: ClassVar[str] = (
        "the share of turns given by rate, drawn at random, trade places in their dialogue; the others keep theirs."
    )
    severity: ClassVar[str] = "rate"

    def check(self, facts: DataFacts) -> None:
        """Raise NotApplicable where there is no order."""
        if facts.turns == 1:
            raise NotApplicable("order: every dialogue has a single turn, so there is no order to change")

    def ladder(self, facts: DataFacts) -> tuple["Order", ...]:
        """Return itself, or without a rate the standard rates."""
        return (self,) if self.rate is not None else tuple(replace(self, rate=rate) for rate in LADDER_RATES)

    @property
    def random(self) -> bool:
        """Always."""
        return True

    @property
    def unknown(self) -> str:
        """The shuffle leaves no trace."""
        return "the order of the turns is not known"

    def apply(
        self,
        conversations: Conversations,
        *,
        randomness: Randomness,
        training: Mapping[str, FeatureStatistics],
    ) -> Conversations:
        """Return the conversations with turns in other places; without a rate all turns are chosen."""
        rate = 1.0 if self.rate is None else self.rate
        dialogues = np.split(np.arange(len(conversations)), conversations.starts[1:-1])
        rows = np.concatenate(
            [
                dialogue[_sources(rate, generator, len(dialogue))]
                for generator, dialogue in zip(
                    randomness.generators(conversations.dialogue_ids), dialogues, strict=True
                )
            ]
        )
        moved = conversations.take_rows(
            rows, dialogue=conversations.dialogue, origin=np.arange(conversations.dialogues)
        )
        # The places are what they were; it is what stands there that moved.
        before = conversations.trace
        return moved.change(trace=replace(moved.trace, turn=before.turn, speakers=before.speakers))


PLUGIN = Order


def _sources(rate: float, generator: np.random.Generator, turns: int) -> Int64[np.ndarray, " turns"]:
    """Return which turn comes to each place."""
    draws = generator.random((2, turns))
    chosen = np.flatnonzero(draws[0] < rate)
    ranked = chosen[np.argsort(draws[1, chosen])]
    source = np.arange(turns)
    source[np.roll(ranked, -1)] = ranked
    return source
