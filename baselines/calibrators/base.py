"""What a calibrator is: probabilities and labels in, a map of probabilities to probabilities out. No plug-in itself."""

from typing import Annotated, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float
from typing_extensions import Doc

from ..base import State

PerMask = Annotated[
    bool,
    Doc(
        "fit one for each set of observed modalities; where nothing is observed, and for sets of which validation has "
        "too few labels, the one fitted on validation as it is"
    ),
]
"""The argument of calibrators that makes them `FitsPerMask`."""


@runtime_checkable
class FittedCalibrator(Protocol):
    """A map from probabilities to probabilities."""

    def apply(self, probabilities: np.ndarray) -> np.ndarray:
        """Return calibrated probabilities, utterances × classes."""
        ...

    def state(self) -> State:
        """Return what `restore` needs."""
        ...


@runtime_checkable
class HasSlopes(Protocol):
    """A fitted calibrator that can be differentiated."""

    def slopes(
        self, probabilities: Float[np.ndarray, "utterances classes"], outer: Float[np.ndarray, "utterances classes"]
    ) -> Float[np.ndarray, "utterances classes"]:
        """Return a loss's slopes with respect to log p, given those (`outer`) with respect to log of `apply(p)`."""
        ...


@runtime_checkable
class Calibrator(Protocol):
    """A plug-in that follows a model after `+` and is fitted on its validation probabilities only."""

    def fit(self, probabilities: np.ndarray, labels: np.ndarray) -> FittedCalibrator:
        """Learn from probabilities (utterances × classes) and labels (all known) of the validation split."""
        ...

    def restore(self, state: State) -> FittedCalibrator:
        """Return the fitted calibrator that gave `state`."""
        ...


@runtime_checkable
class FitsPerMask(Protocol):
    """A calibrator that says whether one is wanted for each availability mask; without it, one serves all."""

    @property
    def per_mask(self) -> bool:
        """True: rows are told apart by the modalities that the model is told are observed; see `baselines.per_mask`."""
        ...
