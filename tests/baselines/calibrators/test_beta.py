"""Beta calibration: against the published procedure, and where it is kept from doing harm."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from emobench.baselines.calibrators.beta import IDENTITY, Beta, FittedBeta

Draw = Callable[..., tuple[np.ndarray, np.ndarray]]


def published(p: np.ndarray, of_class: np.ndarray) -> np.ndarray:
    """Return a, b, c of one class: regress, and again without a term that came out negative."""
    p = np.clip(p, 1e-12, 1 - 1e-12)
    terms = np.stack([np.log(p), -np.log1p(-p)], axis=1)
    kept = np.array([True, True])
    while kept.any():
        regression = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(terms[:, kept], of_class)
        if (regression.coef_[0] >= 0).all():
            break
        kept[np.flatnonzero(kept)[regression.coef_[0].argmin()]] = False
    found = np.zeros(3)
    found[:2][kept] = regression.coef_[0]
    found[2] = regression.intercept_[0]
    return found


@pytest.mark.parametrize(
    ("rows", "classes", "sharpness", "tilt"), [(600, 4, 2.5, 0.0), (600, 4, 0.4, 1.0), (300, 2, 3.0, 1.0)]
)
def test_each_class_gets_what_the_published_procedure_finds(
    drawn: Draw, rows: int, classes: int, sharpness: float, tilt: float
) -> None:
    p, labels = drawn(rows=rows, classes=classes, sharpness=sharpness, tilt=tilt)
    made = Beta().fit(p, labels)
    expected = np.stack([published(p[:, k], labels == k) for k in range(classes)])
    # The pull towards the identity shows in b, where only few probabilities are near one.
    assert np.allclose(made.parameters, expected, rtol=0.05, atol=5e-3)
    assert (made.parameters[:, :2] >= 0).all()
    a, b, c = expected.T
    each = expit(a * np.log(p) - b * np.log1p(-p) + c)
    assert np.allclose(made.apply(p), each / each.sum(axis=1, keepdims=True), atol=1e-3)


def test_a_negative_term_is_held_at_zero(drawn: Draw) -> None:
    p, labels = drawn(rows=600, classes=7, sharpness=0.4, tilt=1.0)
    assert (Beta().fit(p, labels).parameters[:, :2] == 0).any()


def test_with_two_classes_one_is_the_mirror_of_the_other(drawn: Draw) -> None:
    p, labels = drawn(rows=300, classes=2, sharpness=3.0)
    made = Beta().fit(p, labels)
    a, b, c = made.parameters[0]
    assert made.parameters[1] == pytest.approx([b, a, -c], abs=1e-6)
    assert made.apply(p)[:, 0] == pytest.approx(expit(a * np.log(p[:, 0]) - b * np.log(p[:, 1]) + c), abs=1e-6)


def test_the_identity_is_among_the_answers() -> None:
    p = np.array([[0.7, 0.2, 0.1], [1.0, 0.0, 0.0], [0.4, 0.3, 0.3]])
    assert np.allclose(FittedBeta(np.tile(IDENTITY, (3, 1))).apply(p), p, atol=1e-14)
    assert logit(0.7) == pytest.approx(np.log(0.7) - np.log(0.3))


def test_where_the_division_would_cost_more_than_the_curves_gain_nothing_is_changed(drawn: Draw) -> None:
    # Probabilities that no parameters can improve any more once the rows are divided: the classes' own curves, which
    # know nothing of the division, can only do harm.
    p, labels = drawn(rows=60, classes=3, sharpness=1.0, seed=0)
    rows, identity = np.arange(60), np.tile(IDENTITY, (3, 1))

    def loss(values: np.ndarray) -> float:
        return -float(FittedBeta(values.reshape(3, 3)).logs(p)[rows, labels].mean())

    for _ in range(6):
        bounds = [(0, None), (0, None), (None, None)] * 3
        found = minimize(loss, identity.ravel(), method="L-BFGS-B", bounds=bounds)
        p = FittedBeta(found.x.reshape(3, 3)).apply(p)
    each = np.stack([published(p[:, k], labels == k) for k in range(3)])
    assert loss(each.ravel()) > loss(identity.ravel()) + 1e-4
    assert np.array_equal(Beta().fit(p, labels).parameters, identity)
