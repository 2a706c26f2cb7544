"""Who speaks is got wrong: labels of speakers are shuffled, two are taken for one, or all are lost.

What is changed: who is said to speak each turn; features stay. `kind=shuffled`: a turn that is hit gets the label of
another turn of its dialogue, drawn at random (it may be the same speaker's). `merged`: two speakers of each dialogue
are taken for one; where there are two in all, that is the same as `lost`. `lost`: everybody is speaker 0. In a dialogue
whose labels have changed speakers are numbered anew, in the order in which they first speak.

What the model is told: nothing: it takes the labels for what they are.

What is random: with `shuffled`, which turns are hit and whose label each gets; with `merged`, which two speakers; with
`lost`, nothing.

Severity: `rate`, the share of turns that are hit with `shuffled`, in expectation; since a label may be exchanged for
the same one, fewer turns go to another speaker. A higher rate hits the same turns, with the same result, and more.
`merged` and `lost` have no order.

Replay: per dialogue, default_rng (PCG64) seeded with Randomness(seed, purpose).integer(); the purpose is `stress`, the
place in the chain, the canonical text without rate, from the second draw on `draw` and its number, and the
dialogue's name.
`shuffled`: first a uniform number u per turn, in order, then another, v. Hit are the turns with u < rate; turn t of n
gets the label that was recorded for number ⌊v · (n − 1)⌋ of the other turns. `merged`: a uniform number per speaker of
the dialogue, in the order of their numbers; the two with the lowest become one.

Source: emobench's own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Unit
from jaxtyping import Int64
from typing_extensions import Doc

from ..benchmark.arguments import Share
from ..benchmark.conversations import Conversations
from ..benchmark.errors import NotApplicable, SpecError
from ..benchmark.randomness import Randomness
from .base import DataFacts, FeatureStatistics, StressProtocol

LADDER_RATES = (0.1, 0.3, 0.5)
"""Rungs of the standard degradation curve of `shuffled`."""


@dataclass(frozen=True)
class SpeakerConfusion(StressProtocol):
    """The stress `speaker_confusion` with its arguments."""

    kind: Annotated[
        Literal["shuffled", "merged", "lost"] | None, Doc("how labels of speakers go wrong; not given: the ladder")
    ] = None
    rate: Annotated[Share | None, Doc("with shuffled: share of turns hit; not given: the ladder"), Unit("share")] = None

    meaning: ClassVar[str] = (
        "labels of speakers are wrong: the share of turns given by rate gets the label of another turn (shuffled), two "
        "speakers are taken for one (merged), or all for one (lost)."
    )
    severity: ClassVar[str] = "rate"

    def __post_init__(self) -> None:
        """Check that the arguments go together."""
        if self.rate is not None and self.kind != "shuffled":
            raise SpecError(f"speaker_confusion: rate={self.rate:g} needs kind=shuffled")

    def check(self, facts: DataFacts) -> None:
        """Raise NotApplicable where there is nobody to be confused with."""
        if facts.speakers == 1:
            raise NotApplicable("speaker_confusion: in monologues there is nobody to be taken for another")

    def ladder(self, facts: DataFacts) -> tuple["SpeakerConfusion", ...]:
        """Return itself, or for what is not given the standard rates of `shuffled`, then `merged` and `lost`."""
        if self.rate is not None or self.kind in ("merged", "lost"):
            return (self,)
        shuffled = tuple(SpeakerConfusion(kind="shuffled", rate=rate) for rate in LADDER_RATES)
        return shuffled if self.kind else (*shuffled, replace(self, kind="merged"), replace(self, kind="lost"))

    @property
    def random(self) -> bool:
        """All but `lost`."""
        return self.kind != "lost"

    @property
    def unknown(self) -> str:
        """Who spoke is what inertia and contagion hang on."""
        return "who spoke which turn is not known"

    def apply(
        self,
        conversations: Conversations,
        *,
        randomness: Randomness,
        training: Mapping[str, FeatureStatistics],
    ) -> Conversations:
        """Return the conversations with other labels of speakers; without a rate `shuffled` hits every turn."""
        if self.kind == "lost":
            return conversations.change(speaker=np.zeros_like(conversations.speaker))
        confuse: Callable[[Int64[np.ndarray, " turns"], np.random.Generator], Int64[np.ndarray, " turns"]]
        confuse = _merged if self.kind == "merged" else self._shuffled
        dialogues = np.split(conversations.speaker, conversations.starts[1:-1])
        parts = [
            _renumbered(speaker, confuse(speaker, generator))
            for generator, speaker in zip(randomness.generators(conversations.dialogue_ids), dialogues, strict=True)
        ]
        return conversations.change(speaker=np.concatenate(parts))

    def _shuffled(
        self, speaker: Int64[np.ndarray, " turns"], generator: np.random.Generator
    ) -> Int64[np.ndarray, " turns"]:
        turns = len(speaker)
        hit, which = generator.random((2, turns))
        other = (which * (turns - 1)).astype(np.int64)
        other += other >= np.arange(turns)
        # Alone in its dialogue a turn has no other.
        return np.where(hit < (1.0 if self.rate is None else self.rate), speaker[other % turns], speaker)


PLUGIN = SpeakerConfusion


def _merged(speaker: Int64[np.ndarray, " turns"], generator: np.random.Generator) -> Int64[np.ndarray, " turns"]:
    known = np.unique(speaker)
    pair = known[np.argsort(generator.random(len(known)))[:2]]
    return np.where(speaker == pair[-1], pair[0], speaker)


def _renumbered(before: Int64[np.ndarray, " turns"], after: Int64[np.ndarray, " turns"]) -> Int64[np.ndarray, " turns"]:
    """Return the new labels numbered in the order of their first turn; where nothing has changed, the old ones."""
    if np.array_equal(before, after):
        return before
    _, first, number = np.unique(after, return_index=True, return_inverse=True)
    rank: Int64[np.ndarray, " speakers"] = np.argsort(np.argsort(first))
    return rank[number]
