"""What a metric is given: predictions with all that it may look at."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int64


@dataclass(frozen=True, eq=False)
class Scored:
    """The predictions of one model on one data set under one condition, with all that a metric may look at.

    All arrays have one row per labelled utterance; dialogues contiguous, turns in order.
    """

    probabilities: Float[np.ndarray, "utterances classes"]
    """Under this condition."""
    label: Int64[np.ndarray, " utterances"]
    """Index of the gold class, all known."""
    dialogue: Int64[np.ndarray, " utterances"]
    """Index of the dialogue, not decreasing."""
    turn: Int64[np.ndarray, " utterances"]
    """Position in the dialogue as recorded; a gap means that an utterance without label was left out."""
    speaker: Int64[np.ndarray, " utterances"]
    """Index of the speaker, local to the dialogue."""
    classes: tuple[str, ...]
    """Names of the classes."""
    on_clean_input: bool = False
    """Whether the condition is the clean one: curves and distributions that are wanted there alone look at it."""
    clean: Float[np.ndarray, "utterances classes"] | None = None
    """The same model's probabilities on clean input; None: not in the run."""
    removals: Mapping[str, Float[np.ndarray, "utterances classes"]] = field(default_factory=dict)
    """The same model's probabilities with one modality (or context) removed, by its name. Filled for the clean
    condition only: that is where confidence under removal is defined."""
    coalitions: Mapping[str, Float[np.ndarray, "utterances classes"]] = field(default_factory=dict)
    """The same model's probabilities with one or several modalities (or both contexts) removed, by their names, sorted:
    `audio/text`, `audio/text:mean`. All subsets or none, for Shapley values; filled for the clean condition only."""
    modality_weights: Mapping[str, Float[np.ndarray, " utterances"]] = field(default_factory=dict)
    """How much the model leaned on each modality, where it says so; else empty."""
    hidden: Float[np.ndarray, "utterances _"] | None = None
    """The same model's vectors before its last layer, on clean input; filled for the clean condition only, and None
    where the run was not asked to keep them or the model has none."""
    posterior: "Scored | None" = None
    """The exact posterior's predictions under the same condition, on simulated data; None: not known."""
    validation: "Scored | None" = None
    """The same model's predictions on the labelled utterances of the validation split, on clean input: what thresholds
    are chosen on. Whole, also where the rest is a slice. None: not in the run."""

    @property
    def predicted(self) -> Int64[np.ndarray, " utterances"]:
        """Most probable class; the lowest index wins a tie."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @property
    def confidence(self) -> Float[np.ndarray, " utterances"]:
        """Largest probability."""
        # Three times as fast as the largest value of each short row.
        return np.asarray(self.probabilities[np.arange(len(self.probabilities)), self.predicted])
