"""Part of a modality's features is hidden: a hand before the face, a band that the microphone does not pass.

What is changed: in every row that is there, fraction × width features (to the nearest whole number, halves upwards)
hold a filler: 0, or with `fill=mean` the mean of the feature in training. A row of which nothing is left, be it by
fraction=1 or together with what was hidden before, counts as missing.

Kinds: `block` (one run of features, whose place is drawn anew every `span` turns), `scattered` (features drawn one by
one, anew every `span` turns), `band` (one run at one place for the whole dialogue).

What the model is told: with `signal=told` which features are hidden, and of rows whose features it was all told to be
hidden that they are missing; with `silent` nothing, it just gets the fill.

What is random: where the hidden features lie, for each dialogue, modality and span; with fraction=1 nothing.

Severity: `fraction`, the share of a modality's features that is hidden. A higher fraction hides the same features and
more. What is recorded as realised is the mean share that is hidden, and the share of rows that went missing.

Replay: the generator of dialogue d is numpy's default_rng (PCG64), seeded with Randomness(seed, purpose).integer(); the
purpose is "stress", place in the chain from 0, the canonical text without fraction, from the second draw on
"draw" and its number from 1, d. It draws for each modality, in the order of the data. block, band: one float64 uniform
u per span (band: one in all); of width features k are hidden from feature floor(u · (width − k + 1)) on. scattered:
float64 uniforms, spans × width; in each span the k features with the lowest are hidden. Spans are counted from the
first turn of the dialogue.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Le, Unit
from jaxtyping import Bool
from typing_extensions import Doc

from ..benchmark.arguments import Share
from ..benchmark.conversations import Conversations
from ..benchmark.errors import SpecError
from ..benchmark.randomness import Randomness
from .base import DataFacts, FeatureStatistics, StressProtocol, each_and_all, named_modalities

LADDER_FRACTIONS = (0.1, 0.25, 0.5, 0.75)
"""Rungs of the standard degradation curve."""
SPAN = 3
"""Consecutive turns that share the hidden features, where their number is not given."""


@dataclass(frozen=True)
class Occlusion(StressProtocol):
    """The stress `occlusion` with its arguments."""

    modality: Annotated[frozenset[str], Doc("modalities that are partly hidden, or all")] = frozenset({"all"})
    fraction: Annotated[Share | None, Doc("share of a modality's features that is hidden"), Unit("share")] = None
    kind: Annotated[Literal["block", "scattered", "band"], Doc("how the hidden features lie")] = "block"
    fill: Annotated[Literal["zero", "mean"], Doc("what stands in for hidden features")] = "zero"
    span: Annotated[int, Ge(1), Le(10_000), Doc("consecutive turns that share the hidden features"), Unit("turns")] = (
        SPAN
    )
    signal: Annotated[Literal["told", "silent"], Doc("is the model told what is hidden")] = "told"

    meaning: ClassVar[str] = (
        "the share fraction of the features of the named modalities is hidden, the same ones for some turns in a row."
    )
    severity: ClassVar[str] = "fraction"

    def __post_init__(self) -> None:
        """Check that the arguments go together."""
        if self.kind == "band" and self.span != SPAN:
            raise SpecError(
                f"occlusion: kind=band stays for the whole dialogue, got span={self.span}; leave span out, or type "
                "kind=block"
            )

    def check(self, facts: DataFacts) -> None:
        """Raise NotApplicable where a modality named is not in the data."""
        named_modalities("occlusion", self.modality, facts.modalities)

    def ladder(self, facts: DataFacts) -> tuple["Occlusion", ...]:
        """Return itself, or, without `fraction`, the standard shares, for each modality and for all of them."""
        if self.fraction is not None:
            return (self,)
        return tuple(
            replace(self, modality=modality, fraction=fraction)
            for modality in each_and_all(self.modality, facts.modalities)
            for fraction in LADDER_FRACTIONS
        )

    @property
    def random(self) -> bool:
        """Unless all or nothing is hidden."""
        return self.fraction not in (0, 1)

    def changes(self, modalities: Sequence[str]) -> frozenset[str]:
        """Return the modalities that are partly hidden."""
        return frozenset(named_modalities("occlusion", self.modality, modalities))

    def leaves_nothing_of(self, modalities: Sequence[str]) -> frozenset[str]:
        """Return the modalities that are wholly hidden."""
        return self.changes(modalities) if self.fraction == 1 else frozenset()

    def apply(
        self,
        conversations: Conversations,
        *,
        randomness: Randomness,
        training: Mapping[str, FeatureStatistics],
    ) -> Conversations:
        """Return the conversations with features hidden; places per dialogue and modality are independent."""
        self.check(DataFacts.of(conversations))
        features, observed = dict(conversations.features), dict(conversations.observed)
        present = dict(conversations.present)
        concealed, trace = dict(conversations.concealed), conversations.trace
        for modality, hidden in self._hidden(conversations, randomness).items():
            filler = training[modality].mean if self.fill == "mean" else np.float32(0)
            features[modality] = np.where(hidden, filler, features[modality])
            trace = trace.with_hidden(modality, hidden)
            present[modality] = present[modality] & ~trace.hidden[modality].all(axis=1)
            if self.signal == "told":
                concealed[modality] = hidden | concealed[modality] if modality in concealed else hidden
                observed[modality] = observed[modality] & ~concealed[modality].all(axis=1)
        return conversations.change(
            features=features, observed=observed, present=present, concealed=concealed, trace=trace
        )

    def _hidden(
        self, conversations: Conversations, randomness: Randomness
    ) -> dict[str, Bool[np.ndarray, "utterances width"]]:
        """Return which features are hidden, per modality that the stress is about."""
        named = named_modalities("occlusion", self.modality, conversations.modalities)
        widths = conversations.widths
        hidden = {modality: np.empty((len(conversations), widths[modality]), bool) for modality in named}
        generators = randomness.generators(conversations.dialogue_ids)
        for generator, (first, end) in zip(generators, pairwise(conversations.starts.tolist()), strict=True):
            span = np.arange(end - first) // (end - first if self.kind == "band" else self.span)
            for modality, masks in hidden.items():
                masks[first:end] = self._spans(generator, int(span.max()) + 1, widths[modality])[span]
        for modality, masks in hidden.items():
            masks &= conversations.present[modality][:, None]
        return hidden

    def _spans(self, generator: np.random.Generator, spans: int, width: int) -> Bool[np.ndarray, "spans width"]:
        """Return which features are hidden in each span."""
        assert self.fraction is not None, "a ladder is made of conditions first"
        count = int(self.fraction * width + 0.5)
        if self.kind == "scattered":
            # Drawn even where nothing is hidden: what follows has to be the same for every fraction.
            drawn = generator.random((spans, width))
            highest = np.partition(drawn, max(count - 1, 0), axis=1)[:, max(count - 1, 0), None]
            return (drawn <= highest) & (count > 0)
        # With count + 1 the run starts at the same place or one earlier, and so covers this one.
        start = (generator.random(spans) * (width - count + 1)).astype(np.int64)[:, None]
        feature = np.arange(width)
        run: Bool[np.ndarray, "spans width"] = (feature >= start) & (feature < start + count)
        return run


PLUGIN = Occlusion
