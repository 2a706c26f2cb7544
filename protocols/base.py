"""What a protocol is: a pure function from conversations to conversations under one stress."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from ..benchmark.conversations import Conversations
from ..benchmark.randomness import Randomness


@dataclass(frozen=True, eq=False)
class FeatureStatistics:
    """What a protocol may know of a modality's training features."""

    mean: Float32[np.ndarray, " width"]
    """Per feature."""
    variance: Float32[np.ndarray, " width"]
    """Per feature, population variance."""

    @classmethod
    def of(cls, conversations: Conversations) -> dict[str, "FeatureStatistics"]:
        """Return the statistics of every modality of a training split."""
        return {
            modality: cls(
                mean=rows.mean(axis=0, dtype=np.float64).astype(np.float32),
                variance=rows.var(axis=0, dtype=np.float64).astype(np.float32),
            )
            for modality, rows in conversations.features.items()
        }


@runtime_checkable
class StressProtocol(Protocol):
    """A plug-in: a frozen dataclass whose fields are the arguments of the condition."""

    meaning: ClassVar[str]
    """One or two sentences for captions: what its conditions do to the input."""
    severity: ClassVar[str]
    """Name of the argument that says how severe the stress is; empty: the conditions have no order. Conditions that
    differ in this argument only form one degradation curve and share their random numbers."""

    def apply(
        self,
        conversations: Conversations,
        *,
        randomness: Randomness,
        training: Mapping[str, FeatureStatistics],
    ) -> Conversations:
        """Return the conversations under stress; never write into the input, never touch labels.

        Random numbers are drawn per dialogue, `randomness.for_(dialogue_id, …)`, so that the result for a dialogue
        does not depend on the others.

        Raises
        ------
        NotApplicable
            When the stress is not defined for these data; the message says why.
        """
        ...

    def check(self, modalities: Sequence[str]) -> None:
        """Raise NotApplicable, saying why, where the stress is not defined for data with these modalities."""
        ...

    def ladder(self, modalities: Sequence[str]) -> tuple["StressProtocol", ...]:
        """Return the conditions that this text stands for on data with these modalities.

        A protocol whose severity is not given (`modality_drop`, `modality_drop:signal=silent`) stands for its
        standard ladder, from mild to severe; one that is fully given for itself alone.
        """
        ...

    def removes(self) -> str:
        """Return what this condition wholly removes, telling the model: a modality, or `intra`, `inter` for context.

        Removals in the sense of CMERC, for confidence under removal; empty: nothing, or more than one thing.
        """
        ...
