"""Modalities go missing: some for good, or each utterance's by chance, alone or in bursts.

What is changed: the features of the utterances hit are replaced (`fill`).

What the model is told: with `signal=told` which rows are missing; with `silent` nothing, it just gets the fill.

What is random: with `rate`, which utterances are hit, for each modality; without, nothing.

Severity: `rate`, the share of utterances a modality is missing from in expectation; the realised share is recorded. A
higher rate hits the same utterances and more: `independent` and `dialogue` always, `burst` as long as
rate ≤ 1 − 1/burst.

Patterns: `independent` (each utterance by itself; CMERC, Table 3), `burst` (a camera that is off stays off: a
two-state Markov chain along the turns, stationary, whose off periods last `burst` turns on average), `dialogue` (the
whole dialogue or nothing of it).

`fill=mean` is the mean of the dialogue over its recorded utterances, CMERC's removal operator; it tells something about
the dialogue even where everything is dropped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Unit
from jaxtyping import Bool, Float32, Float64
from typing_extensions import Doc

from ..benchmark.arguments import Share
from ..benchmark.conversations import Conversations
from ..benchmark.errors import NotApplicable, SpecError, suggestion
from ..benchmark.randomness import Randomness
from .base import FeatureStatistics

LADDER_RATES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.7)
"""Rungs of the standard degradation curve."""


@dataclass(frozen=True)
class ModalityDrop:
    """The stress `modality_drop` with its arguments."""

    drop: Annotated[frozenset[str], Doc("modalities that go missing (default with rate: all)")] = frozenset()
    keep: Annotated[frozenset[str], Doc("modalities that stay; all others go missing")] = frozenset()
    rate: Annotated[
        Share | None, Doc("share of utterances a modality is missing from; not given: from all"), Unit("share")
    ] = None
    pattern: Annotated[
        Literal["independent", "burst", "dialogue"], Doc("how the missing utterances lie along a dialogue")
    ] = "independent"
    burst: Annotated[float, Ge(1), Doc("mean length of an off period with pattern=burst"), Unit("turns")] = 4.0
    signal: Annotated[Literal["told", "silent"], Doc("is the model told what is missing")] = "told"
    fill: Annotated[Literal["zero", "mean"], Doc("what stands in for missing features")] = "zero"

    meaning: ClassVar[str] = (
        "with drop or keep, the named modalities are missing from (or alone left in) every utterance; "
        "with rate, each utterance loses each modality with that probability."
    )
    severity: ClassVar[str] = "rate"

    def __post_init__(self) -> None:
        """Check that the arguments go together."""
        if self.drop and self.keep:
            raise SpecError("modality_drop: expected drop or keep, got both; keep=text means drop all but text")
        if self.pattern != "independent" and self.rate is None and (self.drop or self.keep):
            raise SpecError(f"modality_drop: pattern={self.pattern} needs a rate; add rate=0.3")
        if self.burst != 4.0 and self.pattern != "burst":
            raise SpecError(f"modality_drop: burst={self.burst:g} needs pattern=burst")
        if self.pattern == "burst" and self.rate is not None and self.rate > self.burst / (self.burst + 1):
            raise SpecError(
                f"modality_drop: off periods of {self.burst:g} turns allow a rate up to "
                f"{self.burst / (self.burst + 1):.3g}, got {self.rate:g}; raise burst"
            )

    def check(self, modalities: Sequence[str]) -> None:
        """Raise NotApplicable where a modality named is not in the data."""
        for modality in sorted(self.drop | self.keep):
            if modality not in modalities:
                raise NotApplicable(f"modality_drop: no modality {modality!r}; {suggestion(modality, modalities)}")

    def ladder(self, modalities: Sequence[str]) -> tuple["ModalityDrop", ...]:
        """Return itself, or, without `drop`, `keep` and `rate`, all proper subsets and the standard rates.

        Subsets need a model that is left with something, so data with one modality have rates only; so have the
        patterns `burst` and `dialogue`, which are ways to miss some of the utterances.
        """
        if self.drop or self.keep or self.rate is not None:
            return (self,)
        sizes = range(1, len(modalities)) if self.pattern == "independent" else ()
        subsets = (frozenset(subset) for size in sizes for subset in combinations(modalities, size))
        rates = (rate for rate in LADDER_RATES if self.pattern != "burst" or rate <= self.burst / (self.burst + 1))
        return (
            *(replace(self, drop=subset) for subset in subsets),
            *(replace(self, rate=rate) for rate in rates),
        )

    def removes(self) -> str:
        """Return the one modality that is wholly dropped, told and zero-filled; else empty."""
        plain = self.rate is None and self.signal == "told" and self.fill == "zero"
        return min(self.drop) if plain and len(self.drop) == 1 else ""

    def apply(
        self,
        conversations: Conversations,
        *,
        randomness: Randomness,
        training: Mapping[str, FeatureStatistics],
    ) -> Conversations:
        """Return the conversations with modalities missing; masks per dialogue and modality are independent."""
        self.check(conversations.modalities)
        features, observed, present = {}, {}, {}
        for modality in self._dropped(conversations.modalities):
            hit = self._hit(conversations, randomness.for_(modality))
            rows = conversations.features[modality]
            features[modality] = np.where(hit[:, None], self._filler(conversations, modality), rows)
            present[modality] = conversations.present[modality] & ~hit
            if self.signal == "told":
                observed[modality] = conversations.observed[modality] & ~hit
        return conversations.with_modalities(features=features, observed=observed, present=present)

    def _dropped(self, modalities: Sequence[str]) -> tuple[str, ...]:
        named = self.drop or (frozenset(modalities) - self.keep)
        return tuple(modality for modality in modalities if modality in named)

    def _hit(self, conversations: Conversations, randomness: Randomness) -> Bool[np.ndarray, " utterances"]:
        if self.rate is None:
            return np.ones(len(conversations), bool)
        hits = [
            self._hit_dialogue(randomness.for_(name).generator(), turns)
            for name, turns in zip(conversations.dialogue_ids, np.diff(conversations.starts).tolist(), strict=True)
        ]
        return np.concatenate(hits)

    def _hit_dialogue(self, generator: np.random.Generator, turns: int) -> Bool[np.ndarray, " turns"]:
        rate = self.rate or 0.0
        if self.pattern == "dialogue":
            return np.full(turns, generator.random() < rate)
        draws = generator.random(turns)
        return draws < rate if self.pattern == "independent" else _bursts(draws, rate, self.burst)

    def _filler(self, conversations: Conversations, modality: str) -> Float32[np.ndarray, "rows width"]:
        rows = conversations.features[modality]
        if self.fill == "zero":
            return np.zeros((1, rows.shape[1]), np.float32)
        starts, present = conversations.starts[:-1], conversations.present[modality]
        totals = np.add.reduceat(np.where(present[:, None], rows, 0).astype(np.float64), starts)
        recorded = np.add.reduceat(present.astype(np.float64), starts)
        means = (totals / np.maximum(recorded, 1)[:, None]).astype(np.float32)
        fill: Float32[np.ndarray, "rows width"] = means[conversations.dialogue]
        return fill


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


PLUGIN = ModalityDrop
