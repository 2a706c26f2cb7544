"""Features get noise of a stated strength: hiss, clicks, or the babble of other utterances.

What is changed: to the features of every utterance hit noise is added whose variance is that of the feature in
training times 10^(−snr_db/10), so that all features of a modality have the same signal-to-noise ratio. A feature that
is constant in training stays as it is, and so does a row that is not there: a sensor that is off has no noise.

Kinds: `gaussian` (every feature, independently); `impulse` (each feature with probability `density` only, with
1/density times the variance: the mean power is that of gaussian noise); `babble` (the sum of `voices` utterances of
the same modality, drawn from training with replacement, about the training mean, scaled to that variance: noise that
looks like the signal).

What the model is told: nothing.

What is random: the noise; and with `rate` which utterances are hit, for each modality.

Severity: `snr_db`, the signal-to-noise ratio in decibels; the less the more severe. On the degradation curve it stands
as 10^(−snr_db/20), the standard deviation of the noise in standard deviations of the feature: 0 is clean, 1 is 0 dB.
Rungs share their draws, so that a lower ratio is the same noise, louder, on the same utterances. What is recorded as
realised is the ratio measured on the rows that are there, those that were not hit included.

Replay: the generator of dialogue d is numpy's default_rng (PCG64), seeded with Randomness(seed, purpose).integer(); the
purpose is "stress", place in the chain from 0, the canonical text without snr_db, from the second draw on "draw"
and its number from 1, d. For each modality, in the order of the data, it draws for the r rows that get noise, in order.
gaussian: float32 standard normals, r × width. impulse: float32 uniforms, r × width, a feature is chosen where they are
< density; then float32 standard normals for those chosen, row by row. babble: 64-bit integers below the number of
observed training rows, r × voices. Hits: the purpose has "hits" and the modality before d; one float64 uniform per
turn, as under modality_drop.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Le, Unit
from jaxtyping import Bool, Float32, Int64
from typing_extensions import Doc

from ..benchmark.arguments import Share
from ..benchmark.conversations import Conversations
from ..benchmark.errors import SpecError
from ..benchmark.randomness import Randomness
from ..benchmark.trace import AddedNoise
from .base import DataFacts, FeatureStatistics, StressProtocol, each_and_all, named_modalities
from .patterns import MEAN_BURST, Hits, Pattern

LADDER_SNR = (20.0, 10.0, 5.0, 0.0, -5.0)
"""Rungs of the standard degradation curve, in dB."""
DENSITY = 0.1
"""Share of features that an impulse hits, where none is given."""
VOICES = 4
"""Utterances that babble is made of, where their number is not given."""
DRAWS_KEPT, MOST_KEPT = 3, 1 << 23
"""So many draws of noise are remembered for the next rungs of their curve, those of at most so many numbers (32 MiB):
to draw takes longer than all else that is done for a noisy input."""


@dataclass(frozen=True)
class Noise(StressProtocol):
    """The stress `noise` with its arguments."""

    modality: Annotated[frozenset[str], Doc("modalities that get noise, or all")] = frozenset({"all"})
    snr_db: Annotated[
        Annotated[float, Ge(-60), Le(120)] | None, Doc("signal-to-noise ratio of every feature"), Unit("dB")
    ] = None
    kind: Annotated[Literal["gaussian", "impulse", "babble"], Doc("what the noise is like")] = "gaussian"
    density: Annotated[
        float, Ge(0.001), Le(1), Doc("share of features that get noise with kind=impulse"), Unit("share")
    ] = DENSITY
    voices: Annotated[int, Ge(1), Le(1000), Doc("utterances mixed with kind=babble"), Unit("utterances")] = VOICES
    rate: Annotated[Share | None, Doc("share of utterances that are hit; not given: all"), Unit("share")] = None
    pattern: Annotated[Pattern, Doc("how the utterances hit lie along a dialogue")] = "independent"
    burst: Annotated[float, Ge(1), Doc("mean length of a noisy period with pattern=burst"), Unit("turns")] = MEAN_BURST

    meaning: ClassVar[str] = (
        "noise is added to the features of the named modalities, snr_db decibels below their training variance; "
        "the model is not told."
    )
    severity: ClassVar[str] = "snr_db"

    def __post_init__(self) -> None:
        """Check that the arguments go together."""
        self._hits.check("noise")
        if self.density != DENSITY and self.kind != "impulse":
            raise SpecError(f"noise: density={self.density:g} needs kind=impulse, got kind={self.kind}")
        if self.voices != VOICES and self.kind != "babble":
            raise SpecError(f"noise: voices={self.voices} needs kind=babble, got kind={self.kind}")

    def check(self, facts: DataFacts) -> None:
        """Raise NotApplicable where a modality named is not in the data."""
        named_modalities("noise", self.modality, facts.modalities)

    def ladder(self, facts: DataFacts) -> tuple["Noise", ...]:
        """Return itself, or, without `snr_db`, the standard ratios, for each modality and for all of them."""
        if self.snr_db is not None:
            return (self,)
        return tuple(
            replace(self, modality=modality, snr_db=ratio)
            for modality in each_and_all(self.modality, facts.modalities)
            for ratio in LADDER_SNR
        )

    @property
    def random(self) -> bool:
        """Always."""
        return True

    @property
    def severity_value(self) -> float | None:
        """Standard deviation of the noise in standard deviations of the feature."""
        return None if self.snr_db is None else 10 ** (-self.snr_db / 20)

    @property
    def unknown(self) -> str:
        """Babble: the trace does not say what it is made of."""
        return "which training utterances the babble is made of is not known" * (self.kind == "babble")

    def changes(self, modalities: Sequence[str]) -> frozenset[str]:
        """Return the modalities that get noise."""
        return frozenset(named_modalities("noise", self.modality, modalities))

    def apply(
        self,
        conversations: Conversations,
        *,
        randomness: Randomness,
        training: Mapping[str, FeatureStatistics],
    ) -> Conversations:
        """Return the conversations with noise; that of each dialogue and modality is independent."""
        assert self.snr_db is not None, "a ladder is made of conditions first"
        power = 10 ** (-self.snr_db / 10)
        hits, trace = {}, conversations.trace
        for modality in named_modalities("noise", self.modality, conversations.modalities):
            hit = self._hits.rows(conversations, randomness.for_("hits", modality)) & conversations.present[modality]
            hits[modality] = hit
            variance = training[modality].variance.astype(np.float64) * (power / self._chance)
            trace = trace.with_noise(modality, AddedNoise(variance, hit, self._chance))
        noisy = self._noisy(conversations, hits, training, power, randomness)
        return conversations.change(features={**conversations.features, **noisy}, trace=trace)

    @property
    def _hits(self) -> Hits:
        return Hits(self.rate, self.pattern, self.burst)

    @property
    def _chance(self) -> float:
        return self.density if self.kind == "impulse" else 1.0

    def _noisy(
        self,
        conversations: Conversations,
        hits: Mapping[str, Bool[np.ndarray, " utterances"]],
        training: Mapping[str, FeatureStatistics],
        power: float,
        randomness: Randomness,
    ) -> dict[str, Float32[np.ndarray, "utterances width"]]:
        """Return the features with noise: each dialogue draws its own, and the rest is done for all at once."""
        rows = tuple(_rows_until(hit, conversations.starts) for hit in hits.values())
        known = tuple(training[modality] for modality in hits)
        small = sum(ends[-1] * len(of.mean) for ends, of in zip(rows, known, strict=True)) <= MOST_KEPT
        asked = replace(self, snr_db=None), randomness, conversations.dialogue_ids, rows, known
        drawn = _remembered(*asked) if small else _drawn(*asked)
        return {
            modality: _added(conversations.features[modality], hit, noise, self._scale(of, power), shared=small)
            for (modality, hit), noise, of in zip(hits.items(), drawn, known, strict=True)
        }

    def draw(
        self, into: Float32[np.ndarray, "rows width"], known: FeatureStatistics, generator: np.random.Generator
    ) -> None:
        """Fill an array with noise that `_scale` gives the right variance."""
        if self.kind == "gaussian":
            generator.standard_normal(dtype=np.float32, out=into)
        elif self.kind == "impulse":
            chosen = generator.random(into.shape, np.float32) < self.density
            into[...] = 0
            into[chosen] = generator.standard_normal(int(chosen.sum()), np.float32)
        else:
            into[...] = -np.float32(self.voices) * known.mean
            for voice in generator.integers(0, len(known.rows), (len(into), self.voices)).T:
                into += known.rows[voice]

    def _scale(self, known: FeatureStatistics, power: float) -> Float32[np.ndarray, " width"]:
        """Return per feature what the draws are multiplied by."""
        if self.kind == "babble":
            # A sum of independent voices has so many times their variance, which is that of training already.
            return np.full(known.mean.shape, np.sqrt(power / self.voices), np.float32)
        scale: Float32[np.ndarray, " width"] = np.sqrt(known.variance * (power / self._chance), dtype=np.float32)
        return scale


def _rows_until(hit: Bool[np.ndarray, " utterances"], starts: Int64[np.ndarray, " boundaries"]) -> tuple[int, ...]:
    """Return how many rows are hit before each dialogue, and in all."""
    return tuple(np.concatenate([[0], np.cumsum(hit)])[starts].tolist())


def _drawn(
    noise: Noise,
    randomness: Randomness,
    names: tuple[str, ...],
    rows: tuple[tuple[int, ...], ...],
    known: tuple[FeatureStatistics, ...],
) -> tuple[Float32[np.ndarray, "hits width"], ...]:
    """Return what all dialogues draw, per modality, before it is scaled."""
    drawn = tuple(np.empty((ends[-1], len(of.mean)), np.float32) for ends, of in zip(rows, known, strict=True))
    for dialogue, generator in enumerate(randomness.generators(names)):
        for into, ends, of in zip(drawn, rows, known, strict=True):
            noise.draw(into[ends[dialogue] : ends[dialogue + 1]], of, generator)
    return drawn


_remembered = lru_cache(maxsize=DRAWS_KEPT)(_drawn)
"""The same for the rungs of a degradation curve, which share it: not to be written into."""


def _added(
    features: Float32[np.ndarray, "utterances width"],
    hit: Bool[np.ndarray, " utterances"],
    drawn: Float32[np.ndarray, "hits width"],
    scale: Float32[np.ndarray, " width"],
    *,
    shared: bool,
) -> Float32[np.ndarray, "utterances width"]:
    """Return features with scaled draws in the rows that are hit; `drawn` is used up, unless it is shared."""
    scaled: Float32[np.ndarray, "hits width"] = np.multiply(drawn, scale, out=None if shared else drawn)
    if hit.all():
        scaled += features
        return scaled
    noisy = features.copy()
    noisy[hit] += scaled
    return noisy


PLUGIN = Noise
