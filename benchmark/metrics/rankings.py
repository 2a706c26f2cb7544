"""By which score utterances are ranked, and which of them are positive. Metrics that share a ranking share the work."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from .base import Scored
from .ranked import Order, Ranked


@dataclass(frozen=True)
class RightByConfidence:
    """The surest utterances first; positive are those whose predicted class is right."""

    def __call__(self, scored: Scored, dialogues: int) -> tuple[Order, ...]:
        """Return one order."""
        return (Order.of(scored.confidence, scored.predicted == scored.label, scored.dialogue, dialogues=dialogues),)


@dataclass(frozen=True)
class WrongByDoubt:
    """The least sure utterances first; positive are those whose predicted class is wrong."""

    def __call__(self, scored: Scored, dialogues: int) -> tuple[Order, ...]:
        """Return one order."""
        wrong = scored.predicted != scored.label
        return (Order.of(-scored.confidence, wrong, scored.dialogue, dialogues=dialogues, at_positives=True),)


@dataclass(frozen=True)
class OneVersusRest:
    """For each class, by its probability; positive are the utterances whose gold class it is."""

    def __call__(self, scored: Scored, dialogues: int) -> tuple[Order, ...]:
        """Return one order per class."""
        return tuple(
            Order.of(scores, scored.label == place, scored.dialogue, dialogues=dialogues, at_positives=True)
            for place, scores in enumerate(scored.probabilities.T)
        )


def support(ranked: tuple[Ranked, ...]) -> Float[np.ndarray, "draws rankings"]:
    """Return how many utterances are positive in each ranking."""
    return np.stack([one.positives for one in ranked], axis=-1)


def at_first(
    reached: Bool[np.ndarray, "thresholds draws"], values: Float[np.ndarray, "thresholds draws"]
) -> Float[np.ndarray, " draws"]:
    """Return the values at the first threshold that is reached; 0 where there are no thresholds."""
    if not len(values):
        return np.zeros(values.shape[1])
    return np.asarray(np.take_along_axis(values, reached.argmax(axis=0)[None], axis=0)[0])
