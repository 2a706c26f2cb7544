"""Predict under stress, and bring the predictions back onto the rows of the original split."""

import numpy as np

from ..baselines.base import FittedModel
from .conversations import CONTEXT_ONLY, Conversations
from .errors import PredictionError
from .predictions import Predictions


def predict_under(fitted: FittedModel, clean: Conversations, stressed: Conversations) -> Predictions:
    """Return one row per row of `clean`, read from the rows of `stressed` whose `target` names it.

    Raises
    ------
    PredictionError
        When the model returns another number of rows or classes, or the stress leaves out or repeats a target.
    """
    predictions = fitted.predict(stressed)
    expected = (len(stressed), len(clean.classes))
    if predictions.probabilities.shape != expected:
        raise PredictionError(
            f"expected probabilities as utterances × classes {expected}, got {predictions.probabilities.shape}"
        )
    read = np.flatnonzero(stressed.target != CONTEXT_ONLY)
    targets = stressed.target[read]
    if not np.array_equal(np.sort(targets), np.arange(len(clean))):
        raise PredictionError(
            f"expected each of {len(clean)} utterances to be read once, got {len(targets)} reads of "
            f"{len(np.unique(targets))} utterances"
        )
    rows = np.empty(len(clean), np.int64)
    rows[targets] = read
    return Predictions(
        probabilities=predictions.probabilities[rows],
        modality_weights={name: weights[rows] for name, weights in predictions.modality_weights.items()},
        hidden=None if predictions.hidden is None else predictions.hidden[rows],
    )


def realised_under(clean: Conversations, stressed: Conversations) -> dict[str, float]:
    """Return per modality the share of utterances read whose recorded row was really taken away."""
    read = stressed.target != CONTEXT_ONLY
    rows = stressed.target[read]
    return {
        modality: float((clean.present[modality][rows] & ~stressed.present[modality][read]).mean())
        for modality in clean.modalities
    }
