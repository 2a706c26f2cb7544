"""What a stress is: a pure function from conversations to conversations, its arguments the fields of a dataclass."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from ..benchmark.conversations import Conversations
from ..benchmark.errors import NotApplicable, SpecError, suggestion
from ..benchmark.predictions import Predictions
from ..benchmark.randomness import Randomness


@dataclass(frozen=True, eq=False)
class FeatureStatistics:
    """What a stress may know of a modality's training features; computed when it is asked for, for most never ask."""

    rows: Float32[np.ndarray, "utterances width"]
    """The features themselves, shared with the training split."""

    @classmethod
    def of(cls, conversations: Conversations) -> dict[str, "FeatureStatistics"]:
        """Return the statistics of every modality of a training split, over its observed rows (all if none is)."""
        found = {}
        for modality, rows in conversations.features.items():
            observed = conversations.observed[modality]
            found[modality] = cls(rows if observed.all() or not observed.any() else rows[observed])
        return found

    @cached_property
    def mean(self) -> Float32[np.ndarray, " width"]:
        """Per feature."""
        mean: Float32[np.ndarray, " width"] = self.rows.mean(axis=0, dtype=np.float64).astype(np.float32)
        return mean

    @cached_property
    def variance(self) -> Float32[np.ndarray, " width"]:
        """Per feature, population variance."""
        variance: Float32[np.ndarray, " width"] = self.rows.var(axis=0, dtype=np.float64).astype(np.float32)
        return variance


@dataclass(frozen=True)
class DataFacts:
    """What decides whether a stress is defined for a data set."""

    modalities: tuple[str, ...]
    """In the order of the features."""
    speakers: int
    """Most speakers of one dialogue; 1: monologues."""
    turns: int
    """Most turns of one dialogue."""

    @classmethod
    def of(cls, conversations: Conversations) -> "DataFacts":
        """Return the facts of a split."""
        starts = conversations.starts[:-1]
        highest, lowest = (edge.reduceat(conversations.speaker, starts) for edge in (np.maximum, np.minimum))
        return cls(
            modalities=conversations.modalities,
            # One voice that is not number 0 is still one voice.
            speakers=int(np.where(highest == lowest, 1, highest + 1).max()),
            turns=int(np.diff(conversations.starts).max()),
        )


@runtime_checkable
class Stress(Protocol):
    """What all stresses have in common. Inherit from `StressProtocol` or `Attack`; what is said here are defaults."""

    meaning: ClassVar[str]
    """One or two sentences for captions: what its conditions do to the input."""
    severity: ClassVar[str] = ""
    """Name of the argument that says how severe the stress is; empty: the conditions have no order. Conditions that
    differ in this argument only form one degradation curve and share their random numbers."""
    repeats: ClassVar[bool] = False
    """True: it returns a dialogue more than once, each time for other targets."""

    def check(self, facts: DataFacts) -> None:
        """Raise NotApplicable, saying why, where the stress is not defined for such data."""

    def ladder(self, facts: DataFacts) -> "tuple[Stress, ...]":
        """Return the conditions that this text stands for on such data.

        A stress whose severity is not given (`modality_drop`, `modality_drop:signal=silent`) stands for its standard
        ladder, from mild to severe; one that is fully given for itself alone. Rungs that are not defined for the data
        may be among them: they are left out and named in the report.
        """
        return (self,)

    @property
    def random(self) -> bool:
        """Whether the outcome depends on random numbers, so that one draw of them does not tell everything."""
        return False

    @property
    def severity_value(self) -> float | None:
        """Place on the degradation curve, growing with severity, where 0 is clean input; None: on no curve.

        The severity argument itself, unless a stress says otherwise.
        """
        value: float | None = getattr(self, self.severity) if self.severity else None
        return value

    @property
    def unknown(self) -> str:
        """Why no exact posterior is known under this stress, in words that follow `because`; empty: it is known.

        It is known where `Trace` and `present` say all that the likelihood of the features depends on.
        """
        return ""

    def removes(self) -> str:
        """Return what this condition wholly removes, telling the model, and how: `text`, `text:mean`, `intra:graph`.

        A removal in the sense of CMERC, for confidence under removal: a modality, or `intra`, `inter` for context.
        Several of them, sorted: `audio/text:mean`, `inter/intra`; what is left then is a coalition, for Shapley
        values. The standard operator (zeros, and for contexts the strict mode) is not named. Empty: nothing.
        """
        return ""

    def changes(self, modalities: Sequence[str]) -> frozenset[str]:
        """Return the modalities whose features this stress changes; empty for one that changes something else."""
        return frozenset()

    def leaves_nothing_of(self, modalities: Sequence[str]) -> frozenset[str]:
        """Return the modalities of which nothing is left in any utterance."""
        return frozenset()

    def check_after(self, earlier: "Sequence[Stress]", modalities: Sequence[str]) -> None:
        """Raise SpecError where this makes no sense after the stresses that come before it in a chain."""
        name = _spec_name(self)
        repeating = [_spec_name(stress) for stress in earlier if stress.repeats]
        if repeating and self.random:
            remedy = "leave one of them out" if name in repeating else f"put {name} first"
            raise SpecError(
                f"{name} cannot follow {repeating[0]}, which repeats dialogues: each copy of a turn would be drawn "
                f"anew; {remedy}"
            )
        if not self.random and self in earlier:
            raise SpecError(f"{name} stands twice in one chain with the same arguments; leave one of them out")
        gone = frozenset[str]().union(*(stress.leaves_nothing_of(modalities) for stress in earlier))
        mine = self.changes(modalities)
        if mine and mine <= gone:
            raise SpecError(
                f"{name} changes {', '.join(sorted(mine))} only, of which the stresses before it leave nothing; "
                "leave one of them out"
            )


@runtime_checkable
class StressProtocol(Stress, Protocol):
    """A plug-in: a frozen dataclass whose fields are the arguments of the condition."""

    def apply(
        self,
        conversations: Conversations,
        *,
        randomness: Randomness,
        training: Mapping[str, FeatureStatistics],
    ) -> Conversations:
        """Return the conversations under stress; never write into the input, never touch labels.

        Random numbers are drawn per dialogue, `randomness.for_(dialogue_id, …)`, so that the result for a dialogue
        does not depend on the others. What is done to the features is written into the trace. What is taken away may
        depend on neither labels nor features: that something is missing would tell of the emotion, and the exact
        posterior, which knows of no such thing, would be no ceiling.

        Raises
        ------
        NotApplicable
            When the stress is not defined for these data; the message says why.
        """
        ...


@runtime_checkable
class Attacked(Protocol):
    """The model that an attack is aimed at."""

    def predict(self, conversations: Conversations) -> Predictions:
        """Return one row per row of `conversations`."""
        ...


@runtime_checkable
class Differentiable(Attacked, Protocol):
    """A model that knows how its loss changes with the features."""

    def loss_gradients(self, conversations: Conversations) -> Mapping[str, Float32[np.ndarray, "utterances width"]]:
        """Return per modality the gradient of the summed loss with respect to the features.

        The loss is −log p of the gold class, summed over the rows whose prediction is read (`target` ≥ 0). Where a
        label is unknown the class stands in that the model predicts for these very features.

        Raises
        ------
        NotApplicable
            When a part of the model has no gradient; the message says which.
        """
        ...


@runtime_checkable
class Attack(Stress, Protocol):
    """A plug-in whose stress is chosen against the model at hand, and so differs from model to model."""

    @property
    def unknown(self) -> str:
        """An attack tells of the label, whatever it does."""
        return "the stress was chosen by looking at the model and the label"

    def attack(
        self,
        conversations: Conversations,
        *,
        model: Attacked,
        randomness: Randomness,
        training: Mapping[str, FeatureStatistics],
    ) -> Conversations:
        """Return the conversations under the stress that is worst for this model; labels decide what is worst.

        Raises
        ------
        NotApplicable
            When the model cannot be attacked in this way; the message says why.
        """
        ...


@runtime_checkable
class ConditionSet(Protocol):
    """A plug-in that is no stress itself, but a name for conditions that belong together."""

    meaning: ClassVar[str]
    """One or two sentences for captions."""

    def members(self, facts: DataFacts) -> tuple[str, ...]:
        """Return the texts of the conditions."""
        ...


def _spec_name(stress: Stress) -> str:
    """Return the name as typed: `ModalityDrop` is `modality_drop`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(stress).__name__).lower()


def named_modalities(
    protocol: str, modality: frozenset[str], modalities: Sequence[str], *, everything: str = "all"
) -> tuple[str, ...]:
    """Return the modalities that an argument names, in the order of the data; `everything` alone names every one.

    Raises
    ------
    NotApplicable
        When the data do not have one of them.
    """
    if modality == {everything}:
        return tuple(modalities)
    for name in sorted(modality):
        if name not in modalities:
            raise NotApplicable(f"{protocol}: no modality {name!r}; {suggestion(name, modalities)}")
    return tuple(name for name in modalities if name in modality)


def each_and_all(
    modality: frozenset[str], modalities: Sequence[str], *, everything: str = "all"
) -> tuple[frozenset[str], ...]:
    """Return the values of an argument that a ladder goes through: each modality, then all together.

    One that names modalities stands for itself alone. Data with one modality have no `all`: it would be the same.
    """
    if modality != {everything}:
        return (modality,)
    each = tuple(frozenset({name}) for name in modalities)
    return (*each, modality) if len(each) > 1 else each
