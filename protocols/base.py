"""What a protocol is: a pure function from conversations to conversations under one stress."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

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
            modality: cls(rows.mean(axis=0, dtype=np.float64).astype(np.float32), rows.var(axis=0, dtype=np.float64).astype(np.float32))
            for modality, rows in conversations.features.items()
        }


class StressProtocol(Protocol):
    """A plug-in: a frozen dataclass whose fields are the arguments of the condition."""

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

    @classmethod
    def ladder(cls, modalities: Sequence[str]) -> tuple[str, ...]:
        """Return the conditions that the bare name of the protocol stands for on data with these modalities."""
        ...

    def removes(self) -> str:
        """Return the modality (or context: `intra`, `inter`) that this condition wholly removes and tells the model
        of, in the sense of CMERC's removals; empty: none, or more than that.
        """
        ...
