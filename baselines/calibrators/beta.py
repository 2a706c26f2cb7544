"""Beta calibration, one against the rest: each class's log-odds are made anew of log p and −log(1 − p).

For each class, logit q = a · log p − b · log(1 − p) + c with a, b ≥ 0; these three minimise the NLL of "of this class
or not" on validation plus 0.000001 · the squared distance from a = b = 1, c = 0, without which there would be no one
best answer where p is always the same, and none at all where validation is predicted without error. Rows are divided by
their sum. Should that leave the NLL on validation worse than it was, the probabilities stay as they are; so does a
class without a label in validation, up to the division. Probabilities are kept away from 0 and 1 by the rounding unit
of their precision: 1.2e-7 in single, 2.2e-16 in double precision.

It may change predictions, since each class has a curve of its own.

Source: Kull, Silva Filho and Flach (2017), Beta calibration, AISTATS; there for two classes.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, Integer

from ..base import State
from .base import PerMask
from .classwise import labelled_classes, log_softmax, minimised

RIDGE = 1e-6
"""Weight of the squared distance from the identity beside the mean NLL."""
IDENTITY = (1.0, 1.0, 0.0)
"""a, b and c that leave a probability as it is."""


@dataclass(frozen=True, eq=False)
class FittedBeta:
    """The three numbers of each class."""

    parameters: Float64[np.ndarray, "classes 3"]
    """a, b, c."""

    def apply(self, probabilities: Float[np.ndarray, "utterances classes"]) -> Float[np.ndarray, "utterances classes"]:
        """Return the classes' own probabilities, rows divided by their sum."""
        calibrated: np.ndarray = np.exp(self.logs(probabilities))
        return calibrated

    def logs(self, probabilities: Float[np.ndarray, "utterances classes"]) -> Float[np.ndarray, "utterances classes"]:
        """Return the logarithm of `apply(p)`."""
        return log_softmax(_log_sigmoid(self._logits(probabilities)))

    def slopes(
        self, probabilities: Float[np.ndarray, "utterances classes"], outer: Float[np.ndarray, "utterances classes"]
    ) -> Float[np.ndarray, "utterances classes"]:
        """Return g · (outer − q Σ outer) with q = `apply(p)`; g, the slope of a class's own log q, is 0 where clipped.

        g = (1 − s) · (a + b p / (1 − p)), s what the class gets before the division.
        """
        p = probabilities.astype(np.float64)
        rest = np.exp(_log_sigmoid(-self._logits(probabilities)))
        a, b, _ = self.parameters.T
        nearest = _nearest(probabilities)
        own = rest * (a + b * p / np.maximum(1 - p, nearest))
        own[(p < nearest) | (p > 1 - nearest)] = 0
        found: np.ndarray = own * (outer - self.apply(probabilities) * outer.sum(axis=1, keepdims=True))
        return found

    def state(self) -> State:
        """Return the numbers."""
        return State(arrays={"parameters": self.parameters}, settings={})

    def _logits(self, probabilities: Float[np.ndarray, "utterances classes"]) -> np.ndarray:
        logits: np.ndarray = (_terms(probabilities) * self.parameters).sum(axis=-1)
        return logits


@dataclass(frozen=True)
class Beta:
    """The argument that calibrators share."""

    per_mask: PerMask = False

    def fit(
        self,
        probabilities: Float[np.ndarray, "utterances classes"],
        labels: Integer[np.ndarray, " utterances"],
    ) -> FittedBeta:
        """Fit the three numbers of each class that occurs.

        Raises
        ------
        NotApplicable
            With fewer than ten labels, or labels of one class only.
        """
        # netcal's BetaCalibration is another method where there are more than two classes: one multinomial regression
        # without a, b ≥ 0.
        classes = labelled_classes("beta", labels)
        terms = _terms(probabilities)
        identity = np.tile(IDENTITY, (terms.shape[1], 1))
        parameters = identity.copy()
        for k in classes:
            parameters[k] = _fit_class(terms[:, k], labels == k)
        candidates = (FittedBeta(identity), FittedBeta(parameters))
        rows = np.arange(len(labels))
        return min(candidates, key=lambda fitted: -float(fitted.logs(probabilities)[rows, labels].mean()))

    def restore(self, state: State) -> FittedBeta:
        """Return the fitted calibrator that gave `state`."""
        return FittedBeta(state.arrays["parameters"])


PLUGIN = Beta


def _fit_class(
    terms: Float64[np.ndarray, "utterances 3"], of_class: Bool[np.ndarray, " utterances"]
) -> Float64[np.ndarray, " 3"]:
    signs = np.where(of_class, 1.0, -1.0)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        margins, distance = signs * (terms @ parameters), parameters - IDENTITY
        value = -_log_sigmoid(margins).mean() + RIDGE * distance @ distance
        wrong = signs * np.exp(_log_sigmoid(-margins)) / len(signs)
        return float(value), 2 * RIDGE * distance - wrong @ terms

    # scikit-learn's LogisticRegression knows no bounds.
    return minimised(loss, np.array(IDENTITY), [(0, None), (0, None), (None, None)])


def _terms(probabilities: Float[np.ndarray, "utterances classes"]) -> Float64[np.ndarray, "utterances classes 3"]:
    """Return log p, −log(1 − p) and 1: what a, b and c are multiplied with."""
    nearest = _nearest(probabilities)
    p = np.clip(probabilities.astype(np.float64), nearest, 1 - nearest)
    return np.stack([np.log(p), -np.log1p(-p), np.ones_like(p)], axis=-1)


def _nearest(probabilities: Float[np.ndarray, "utterances classes"]) -> float:
    return float(np.finfo(probabilities.dtype).eps)


def _log_sigmoid(logits: np.ndarray) -> np.ndarray:
    negative: np.ndarray = -np.logaddexp(0, -logits)
    return negative
