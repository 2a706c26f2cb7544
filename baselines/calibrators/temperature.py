"""Temperature scaling: p becomes proportional to p^(1/T), with the one T that is best on validation.

T > 1 makes a model less confident, T < 1 more. The most probable class stays the same, so accuracy and F1 do too; the
NLL on validation cannot get worse. T minimises the NLL of the validation split and is kept within 0.01 and 100, which
matters only where validation is predicted without or beyond error. A probability of zero stays zero. Classes, unlike
in the calibrators that learn something for each, need not occur in validation.

`temperature:value=0.4` fixes T and learns nothing: it makes a model over-confident (T < 1) or under-confident by a
known amount, for example to see whether a gate notices.

Source: Guo et al. (2017), On calibration of modern neural networks, section 4.2; fitted by netcal's TemperatureScaling.
"""

import contextlib
import io
import warnings
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float
from typing_extensions import Doc

from ...benchmark.errors import DataError, SpecError
from ..base import State
from .base import PerMask

LOWEST, HIGHEST = 0.01, 100.0
"""Range of the temperature."""

_SMALLEST = 1e-300
_CLIPPED = 1e-12
# netcal clips probabilities at 2.2e-16, that is logits at −36; wider ones are narrowed to this first.
_SPREAD = 30.0


@dataclass(frozen=True)
class FittedTemperature:
    """The temperature."""

    temperature: float
    """T, from 0.01 to 100."""

    def apply(self, probabilities: Float[np.ndarray, "utterances classes"]) -> Float[np.ndarray, "utterances classes"]:
        """Return p^(1/T), scaled to sum to one."""
        return scaled(probabilities, self.temperature)

    def slopes(
        self, probabilities: Float[np.ndarray, "utterances classes"], outer: Float[np.ndarray, "utterances classes"]
    ) -> Float[np.ndarray, "utterances classes"]:
        """Return (outer − q Σ outer) / T with q = `apply(p)`: log q is log p / T less its log-sum-exp."""
        found: np.ndarray = (outer - self.apply(probabilities) * outer.sum(axis=1, keepdims=True)) / self.temperature
        return found

    def state(self) -> State:
        """Return the temperature."""
        return State(arrays={}, settings={"temperature": self.temperature})


@dataclass(frozen=True)
class Temperature:
    """A fixed temperature, and the argument that calibrators share."""

    value: Annotated[
        float | None, Ge(LOWEST), Le(HIGHEST), Doc("the temperature, which is then not fitted; not set: fitted")
    ] = None
    per_mask: PerMask = False

    def __post_init__(self) -> None:
        """Raise SpecError where nothing is fitted and yet fitting is asked for."""
        if self.value is not None and self.per_mask:
            raise SpecError("temperature: with value=… nothing is fitted; leave out per_mask=true, or value")

    def fit(self, probabilities: Float[np.ndarray, "utterances classes"], labels: np.ndarray) -> FittedTemperature:
        """Find the temperature of the lowest NLL, unless it is fixed."""
        if self.value is not None:
            return FittedTemperature(self.value)
        return FittedTemperature(fit_temperature(probabilities, labels))

    def restore(self, state: State) -> FittedTemperature:
        """Return the fitted calibrator that gave `state`."""
        match state.settings.get("temperature"):
            case float(temperature):
                return FittedTemperature(temperature)
        raise DataError(f"expected a stored temperature, got {dict(state.settings)}; train the model again")


PLUGIN = Temperature


def scaled(
    probabilities: Float[np.ndarray, "utterances classes"], temperature: float
) -> Float[np.ndarray, "utterances classes"]:
    """Return p^(1/T), scaled to sum to one, in double precision; the first most probable class stays the first.

    Examples
    --------
    >>> scaled(np.array([[0.8, 0.2]]), 0.5).round(3).tolist()
    [[0.941, 0.059]]
    """
    p = probabilities.astype(np.float64)
    # Relative to the largest, so that no power underflows in all classes at once.
    powers: np.ndarray = (p / p.max(axis=1, keepdims=True)) ** (1 / temperature)
    powers /= powers.sum(axis=1, keepdims=True)
    # Rounding may make a tie of two classes that were apart; the one that was ahead stays so, by one unit of rounding.
    first = p.argmax(axis=1)
    rows = np.flatnonzero(powers.argmax(axis=1) != first)
    powers[rows, first[rows]] = np.nextafter(powers[rows].max(axis=1), 2)
    return powers


def fit_temperature(probabilities: Float[np.ndarray, "utterances classes"], labels: np.ndarray) -> float:
    """Return the temperature, from 0.01 to 100, of the lowest mean NLL.

    Parameters
    ----------
    probabilities
        Of the validation split.
    labels
        Index of the gold class of each row; all known.

    Raises
    ------
    DataError
        When there are no rows.
    """
    if not len(labels):
        raise DataError("expected labelled validation utterances to fit a temperature on, got none")
    logits = np.log(np.maximum(probabilities.astype(np.float64), _SMALLEST))
    logits -= logits.max(axis=1, keepdims=True)
    narrowing = max(1.0, -float(logits.min()) / _SPREAD)
    inverse = _inverse_temperature(logits / narrowing, labels)
    # A model that is worse than chance has no best positive temperature: the highest is nearest to saying nothing.
    temperature = narrowing / inverse if inverse > 0 else HIGHEST
    candidates = (1.0, min(max(temperature, LOWEST), HIGHEST))
    return min(candidates, key=lambda candidate: _nll(probabilities, labels, candidate))


def _inverse_temperature(logits: Float[np.ndarray, "utterances classes"], labels: np.ndarray) -> float:
    """Return the factor on the logits that netcal finds; what it calls `temperature` is 1/T."""
    # netcal takes seconds to import.
    with warnings.catch_warnings():
        # netcal calls parts of pyro that pyro advises against; nothing a user could do about.
        warnings.simplefilter("ignore")
        from netcal.scaling import TemperatureScaling

        p = np.exp(logits)
        p /= p.sum(axis=1, keepdims=True)
        method = TemperatureScaling()
        # It prints when a class is missing. In single precision its steps vanish and it would return 1, unfitted.
        with contextlib.redirect_stdout(io.StringIO()):
            method.fit(p, labels.astype(np.int64))
    return float(np.ravel(method.temperature)[0])


def _nll(probabilities: Float[np.ndarray, "utterances classes"], labels: np.ndarray, temperature: float) -> float:
    """Return the NLL as it is reported, p clipped at 1e-12: a zero stays one, and no utterance counts without end."""
    p = scaled(probabilities, temperature)[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(p, _CLIPPED)).mean())
