"""What a model says about each utterance."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from .errors import PredictionError

TOLERANCE = 1e-4
"""How far a row of probabilities may sum from one."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """Class probabilities of a model on the original rows of a split.

    Raises
    ------
    PredictionError
        For a NaN, a negative probability or a row that does not sum to 1 ± 1e-4; it names the first bad row.
    """

    probabilities: Float[np.ndarray, "utterances classes"]
    """Rows sum to one."""
    modality_weights: Mapping[str, Float[np.ndarray, " utterances"]] = field(default_factory=dict)
    """Per modality, how much the model leaned on it (0 to 1, summing to 1); empty where a model has no such weights."""
    hidden: Float[np.ndarray, "utterances width"] | None = None
    """The vectors before the last layer; None where a model has none or nobody asked."""

    def __post_init__(self) -> None:
        """Check the probabilities."""
        check_probabilities(self.probabilities)


def check_probabilities(probabilities: Float[np.ndarray, "utterances classes"]) -> None:
    """Raise PredictionError naming the first row that is no probability distribution (see `Predictions`)."""
    bad = ~(probabilities >= 0).all(axis=1) | ~(np.abs(probabilities.sum(axis=1) - 1) <= TOLERANCE)
    if bad.any():
        row = int(np.argmax(bad))
        shown = ", ".join(f"{value:.6g}" for value in probabilities[row])
        raise PredictionError(
            f"expected probabilities ≥ 0 that sum to 1 ± {TOLERANCE:g}, got [{shown}] in row {row} "
            f"({int(bad.sum())} of {len(bad)} rows are bad)"
        )
