"""What calibrators share that learn something for each class: how much validation must hold, and how rows add up."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, Float64, Integer

from ...benchmark.errors import NotApplicable

FEWEST = 10
"""Labelled utterances, of two classes or more, without which nothing is fitted."""


def is_enough(labels: Integer[np.ndarray, " utterances"]) -> bool:
    """Return whether there are `FEWEST` labels or more, of at least two classes."""
    return len(labels) >= FEWEST and len(np.unique(labels)) > 1


def labelled_classes(calibrator: str, labels: Integer[np.ndarray, " utterances"]) -> list[int]:
    """Return the classes that occur, in order.

    The others have no evidence on how their probability should change; a calibrator keeps it as it comes, up to the
    division that makes the row sum to one.

    Raises
    ------
    NotApplicable
        When `is_enough` says no; the line names the calibrator.
    """
    found = [int(label) for label in np.unique(labels)]
    if not is_enough(labels):
        raise NotApplicable(
            f"{calibrator}: expected {FEWEST} or more labelled validation utterances of two or more classes, got "
            f"{len(labels)} of {len(found)}; type a model without +{calibrator}"
        )
    return found


def renormalised(
    calibrated: Float[np.ndarray, "utterances classes"], probabilities: Float[np.ndarray, "utterances classes"]
) -> Float[np.ndarray, "utterances classes"]:
    """Return `calibrated` with rows that sum to one; a row of zeros becomes that of `probabilities`.

    Examples
    --------
    >>> renormalised(np.array([[0.25, 0.25], [0.0, 0.0]]), np.array([[0.6, 0.4], [0.25, 0.75]])).tolist()
    [[0.5, 0.5], [0.25, 0.75]]
    """
    says_something = calibrated.any(axis=1, keepdims=True)
    rows: np.ndarray = np.where(says_something, calibrated, probabilities.astype(np.float64))
    rows /= rows.sum(axis=1, keepdims=True)
    return rows


def log_softmax(scores: Float[np.ndarray, "utterances classes"]) -> Float[np.ndarray, "utterances classes"]:
    """Return the logarithm of probabilities proportional to exp(scores)."""
    shifted: np.ndarray = scores - scores.max(axis=1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted


def minimised(
    loss: Callable[[np.ndarray], tuple[float, np.ndarray]],
    start: Float64[np.ndarray, " parameters"],
    bounds: Sequence[tuple[float | None, float | None]] | None = None,
) -> Float64[np.ndarray, " parameters"]:
    """Return where a convex loss, given with its slopes, is least; its loss is never higher than that of `start`."""
    # scipy.optimize takes long to import.
    from scipy.optimize import minimize

    options = {"maxiter": 5000, "maxfun": 10_000, "maxcor": 30, "ftol": 0.0, "gtol": 1e-10}
    # The stubs of scipy know arrays of one axis by another type.
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)  # type: ignore[call-overload]
    best: np.ndarray = found.x
    return best
