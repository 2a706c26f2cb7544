"""The class whose probability decides the loss of an utterance, and the slope of that loss."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64, Int64

from .conversations import CONTEXT_ONLY, UNKNOWN, Conversations
from .predictions import Predictions


def gold_classes(
    conversations: Conversations, predict: Callable[[Conversations], Predictions]
) -> Int64[np.ndarray, " utterances"]:
    """Return the label of each row, and where it is unknown the class that `predict` finds most probable.

    The first of several that are equally probable. Nothing is predicted where every row that is read has a label; then
    context-only rows without a label keep −1.
    """
    unknown = conversations.label == UNKNOWN
    if not (unknown & (conversations.target != CONTEXT_ONLY)).any():
        return conversations.label
    return np.where(unknown, predict(conversations).probabilities.argmax(axis=1), conversations.label)


def loss_slopes(
    conversations: Conversations, gold: Int64[np.ndarray, " utterances"]
) -> Float64[np.ndarray, "utterances classes"]:
    """Return the derivative of Σ −log p[gold] with respect to each log p: −1 at the gold class of rows that are read.

    The sum is over the rows with `target` ≥ 0; the slopes of others are 0.
    """
    slopes = np.zeros((len(conversations), len(conversations.classes)))
    read = np.flatnonzero(conversations.target != CONTEXT_ONLY)
    slopes[read, gold[read]] = -1.0
    return slopes
