"""Vector scaling: log p of each class gets a scale and an offset of its own, those that are best on validation.

q is proportional to exp(scale · log p + offset), per class. Scales and offsets minimise the NLL of validation plus
0.000001 · the squared distance from scale 1, offset 0, without which there would be no one best answer where a class's
probability is always the same, and none at all where validation is predicted without error. So the NLL on validation
cannot get worse. A class without a label in validation keeps scale 1 and offset 0. A probability of zero counts as the
least that its precision holds to all digits: 1.2e-38 in single, 2.2e-308 in double precision.

It may change predictions. It learns two numbers per class, so it needs more validation data than temperature scaling.

Source: Guo et al. (2017), On calibration of modern neural networks, section 4.2.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Integer

from ..base import State
from .base import PerMask
from .classwise import labelled_classes, log_softmax, minimised

RIDGE = 1e-6
"""Weight of the squared distance from the identity beside the mean NLL."""


@dataclass(frozen=True, eq=False)
class FittedVector:
    """Scales and offsets."""

    scales: Float64[np.ndarray, " classes"]
    """Factor on log p."""
    offsets: Float64[np.ndarray, " classes"]
    """Added to it."""

    def apply(self, probabilities: Float[np.ndarray, "utterances classes"]) -> Float[np.ndarray, "utterances classes"]:
        """Return the softmax of scale · log p + offset."""
        calibrated: np.ndarray = np.exp(log_softmax(_logs(probabilities) * self.scales + self.offsets))
        return calibrated

    def slopes(
        self, probabilities: Float[np.ndarray, "utterances classes"], outer: Float[np.ndarray, "utterances classes"]
    ) -> Float[np.ndarray, "utterances classes"]:
        """Return scale · (outer − q Σ outer) with q = `apply(p)`; 0 where p counts as more than it is."""
        found: np.ndarray = self.scales * (outer - self.apply(probabilities) * outer.sum(axis=1, keepdims=True))
        return np.where(probabilities < _smallest(probabilities), 0.0, found)

    def state(self) -> State:
        """Return scales and offsets."""
        return State(arrays={"scales": self.scales, "offsets": self.offsets}, settings={})


@dataclass(frozen=True)
class Vector:
    """The argument that calibrators share."""

    per_mask: PerMask = False

    def fit(
        self,
        probabilities: Float[np.ndarray, "utterances classes"],
        labels: Integer[np.ndarray, " utterances"],
    ) -> FittedVector:
        """Find the scales and offsets of the lowest NLL.

        Raises
        ------
        NotApplicable
            With fewer than ten labels, or labels of one class only.
        """
        # netcal's LogisticCalibration answers two classes with one column, has no one best answer where a class is
        # missing or its probability always the same, and ends with four right digits.
        free = labelled_classes("vector", labels)
        logs = _logs(probabilities)
        gold = np.eye(logs.shape[1])[labels]
        identity = np.stack([np.ones(logs.shape[1]), np.zeros(logs.shape[1])])

        def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
            parameters = identity.copy()
            parameters[:, free] = values.reshape(2, -1)
            log_q = log_softmax(logs * parameters[0] + parameters[1])
            excess = (np.exp(log_q) - gold) / len(labels)
            distance = parameters - identity
            slopes = np.stack([(excess * logs).sum(axis=0), excess.sum(axis=0)]) + 2 * RIDGE * distance
            value = -(gold * log_q).sum() / len(labels) + RIDGE * (distance**2).sum()
            return float(value), slopes[:, free].ravel()

        parameters = identity.copy()
        parameters[:, free] = minimised(loss, identity[:, free].ravel()).reshape(2, -1)
        return FittedVector(*parameters)

    def restore(self, state: State) -> FittedVector:
        """Return the fitted calibrator that gave `state`."""
        return FittedVector(state.arrays["scales"], state.arrays["offsets"])


PLUGIN = Vector


def _logs(probabilities: Float[np.ndarray, "utterances classes"]) -> Float64[np.ndarray, "utterances classes"]:
    logs: np.ndarray = np.log(np.maximum(probabilities.astype(np.float64), _smallest(probabilities)))
    return logs


def _smallest(probabilities: Float[np.ndarray, "utterances classes"]) -> float:
    return float(np.finfo(probabilities.dtype).tiny)
