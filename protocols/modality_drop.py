"""Modalities go missing: some for good, or each utterance's by chance, alone or in bursts.

What is changed: the features of the utterances hit are replaced (`fill`).

What the model is told: with `signal=told` which rows are missing; with `silent` nothing, it just gets the fill.

What is random: with `rate`, which utterances are hit, for each modality; without, nothing.

Severity: `rate`, the share of utterances a modality is missing from in expectation; the realised share is recorded. A
higher rate hits the same utterances and more: `independent` and `dialogue` always, `burst` as long as
rate ≤ 1 − 1/burst.

Patterns: `independent` (each utterance by itself; CMERC, Table 3), `burst` (a camera that is off stays off: a
two-state Markov chain along the turns, stationary, whose off periods last `burst` turns on average), `dialogue` (the
whole dialogue or nothing of it). Bursts as long as that allow rates up to burst/(burst + 1).

Replay: the generator of modality m in dialogue d is numpy's default_rng (PCG64), seeded with Randomness(seed,
purpose).integer(); the purpose is "stress", place in the chain from 0, the canonical text without rate, from the
second draw on "draw" and its number from 1, m, d. It draws float64 uniforms u, one per turn (`dialogue`: one in all). A
turn is hit where u < rate; of a burst the first turn so too, and the next where u < 1 − 1/burst after a turn that was
hit, where u < rate/(burst · (1 − rate)) after one that was not.

`fill=mean` is the mean of the dialogue over the utterances in which the modality is there before the drop, CMERC's
removal operator; it tells something about the dialogue even where everything is dropped. A row that is hit gets the
fill even if it was missing before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Unit
from jaxtyping import Float32
from typing_extensions import Doc

from ..benchmark.arguments import Share
from ..benchmark.conversations import Conversations
from ..benchmark.errors import NotApplicable, SpecError
from ..benchmark.randomness import Randomness
from .base import DataFacts, FeatureStatistics, StressProtocol, named_modalities
from .patterns import MEAN_BURST, Hits, Pattern, check_burst, highest_rate

LADDER_RATES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.7)
"""Rungs of the standard degradation curve."""


@dataclass(frozen=True)
class ModalityDrop(StressProtocol):
    """The stress `modality_drop` with its arguments."""

    drop: Annotated[frozenset[str], Doc("modalities that go missing (default with rate: all)")] = frozenset()
    keep: Annotated[frozenset[str], Doc("modalities that stay; all others go missing")] = frozenset()
    rate: Annotated[
        Share | None, Doc("share of utterances a modality is missing from; not given: from all"), Unit("share")
    ] = None
    pattern: Annotated[Pattern, Doc("how the missing utterances lie along a dialogue")] = "independent"
    burst: Annotated[float, Ge(1), Doc("mean length of an off period with pattern=burst"), Unit("turns")] = MEAN_BURST
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
        if self.drop or self.keep:
            self._hits.check("modality_drop")
        check_burst("modality_drop", self.rate, self.pattern, self.burst)

    def check(self, facts: DataFacts) -> None:
        """Raise NotApplicable where a modality named is not in the data."""
        self._require(facts.modalities)

    def _require(self, modalities: Sequence[str]) -> None:
        named_modalities("modality_drop", self.drop | self.keep, modalities, everything="")
        if not self._dropped(modalities):
            raise NotApplicable(
                f"modality_drop: keep={'/'.join(sorted(self.keep))} is every modality of the data, so nothing goes "
                "missing; type clean"
            )

    def ladder(self, facts: DataFacts) -> tuple["ModalityDrop", ...]:
        """Return itself, or, without `drop`, `keep` and `rate`, all proper subsets and the standard rates.

        Subsets need a model that is left with something, so data with one modality have rates only; so have the
        patterns `burst` and `dialogue`, which are ways to miss some of the utterances.
        """
        if self.drop or self.keep or self.rate is not None:
            return (self,)
        sizes = range(1, len(facts.modalities)) if self.pattern == "independent" else ()
        subsets = (frozenset(subset) for size in sizes for subset in combinations(facts.modalities, size))
        rates = (rate for rate in LADDER_RATES if self.pattern != "burst" or rate <= highest_rate(self.burst))
        return (
            *(replace(self, drop=subset) for subset in subsets),
            *(replace(self, rate=rate) for rate in rates),
        )

    @property
    def random(self) -> bool:
        """With a rate."""
        return self.rate is not None

    @property
    def unknown(self) -> str:
        """Mean fill: what it tells of the dialogue has no tractable likelihood."""
        return "a dialogue mean in the place of what is missing still tells of the dialogue" * (self.fill == "mean")

    def removes(self) -> str:
        """Return the modalities that are wholly dropped and told, and `:mean` where the mean stands in for them."""
        plain = self.rate is None and self.signal == "told" and self.drop
        return "/".join(sorted(self.drop)) + ":mean" * (self.fill == "mean") if plain else ""

    def changes(self, modalities: Sequence[str]) -> frozenset[str]:
        """Return the modalities that go missing."""
        return frozenset(self._dropped(modalities))

    def leaves_nothing_of(self, modalities: Sequence[str]) -> frozenset[str]:
        """Return the modalities that go missing for good."""
        return frozenset() if self.rate is not None else self.changes(modalities)

    def apply(
        self,
        conversations: Conversations,
        *,
        randomness: Randomness,
        training: Mapping[str, FeatureStatistics],
    ) -> Conversations:
        """Return the conversations with modalities missing; masks per dialogue and modality are independent."""
        self._require(conversations.modalities)
        features, observed, present = {}, {}, {}
        for modality in self._dropped(conversations.modalities):
            hit = self._hits.rows(conversations, randomness.for_(modality))
            rows = conversations.features[modality]
            features[modality] = np.where(hit[:, None], self._filler(conversations, modality), rows)
            present[modality] = conversations.present[modality] & ~hit
            if self.signal == "told":
                observed[modality] = conversations.observed[modality] & ~hit
        return conversations.with_modalities(features=features, observed=observed, present=present)

    @property
    def _hits(self) -> Hits:
        return Hits(self.rate, self.pattern, self.burst)

    def _dropped(self, modalities: Sequence[str]) -> tuple[str, ...]:
        named = self.drop or (frozenset(modalities) - self.keep)
        return tuple(modality for modality in modalities if modality in named)

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


PLUGIN = ModalityDrop
