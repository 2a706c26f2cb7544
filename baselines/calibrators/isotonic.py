"""Isotonic regression, one against the rest: each class's probability becomes a rising curve fitted on validation.

For each class the curve is the non-decreasing function of its probability nearest, in squares, to 1 where an utterance
is of the class and 0 where not; straight lines join its steps, and beyond the lowest and highest probability of
validation it stays level. Rows are divided by their sum. A row in which every curve is zero keeps its probabilities; so
does a class without a label in validation, up to that division.

It may change predictions: a curve is level in places, which makes ties (the first class wins), and each class has a
curve of its own. It gives probabilities of exactly 0 and 1, so that one error costs the highest NLL there is. With a
few hundred utterances it fits their chance.

Source: Zadrozny and Elkan (2002), Transforming classifier scores into accurate multiclass probability estimates;
scikit-learn's IsotonicRegression.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float64, Integer

from ..base import State
from .base import PerMask
from .classwise import labelled_classes, renormalised


class Curve(NamedTuple):
    """A piecewise linear function, level beyond its ends."""

    inputs: Float64[np.ndarray, " points"]
    """Rising probabilities."""
    outputs: Float64[np.ndarray, " points"]
    """What they become; never falling."""


@dataclass(frozen=True, eq=False)
class FittedIsotonic:
    """The curves."""

    curves: Mapping[int, Curve]
    """Per class that has labels in validation."""

    def apply(self, probabilities: Float[np.ndarray, "utterances classes"]) -> Float[np.ndarray, "utterances classes"]:
        """Return the curves' values, rows divided by their sum."""
        calibrated: np.ndarray = probabilities.astype(np.float64)
        for k, curve in self.curves.items():
            calibrated[:, k] = np.interp(calibrated[:, k], *curve)
        return renormalised(calibrated, probabilities)

    def state(self) -> State:
        """Return the curves' points by class."""
        arrays = {f"{name}_{k}": array for k, curve in self.curves.items() for name, array in curve._asdict().items()}
        return State(arrays=arrays, settings={"classes": list(self.curves)})


@dataclass(frozen=True)
class Isotonic:
    """The argument that calibrators share."""

    per_mask: PerMask = False

    def fit(
        self,
        probabilities: Float[np.ndarray, "utterances classes"],
        labels: Integer[np.ndarray, " utterances"],
    ) -> FittedIsotonic:
        """Fit a curve for each class that occurs.

        Raises
        ------
        NotApplicable
            With fewer than ten labels, or labels of one class only.
        """
        classes = labelled_classes("isotonic", labels)
        # scikit-learn takes more than a second to import.
        from sklearn.isotonic import IsotonicRegression

        # In single precision scikit-learn would answer in single precision.
        p = probabilities.astype(np.float64)
        curves = {}
        for k in classes:
            regression = IsotonicRegression(y_min=0, y_max=1).fit(p[:, k], (labels == k).astype(np.float64))
            curves[k] = Curve(regression.X_thresholds_, regression.y_thresholds_)
        return FittedIsotonic(curves)

    def restore(self, state: State) -> FittedIsotonic:
        """Return the fitted calibrator that gave `state`."""
        classes = state.settings["classes"]
        assert isinstance(classes, list)
        return FittedIsotonic({k: Curve(*(state.arrays[f"{name}_{k}"] for name in Curve._fields)) for k in classes})


PLUGIN = Isotonic
