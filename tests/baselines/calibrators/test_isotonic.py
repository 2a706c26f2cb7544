"""Isotonic regression: against scikit-learn's own calibration, and by hand."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from emobench.baselines.calibrators.isotonic import Isotonic

Draw = Callable[..., tuple[np.ndarray, np.ndarray]]


class Echo(ClassifierMixin, BaseEstimator):
    """A classifier whose probabilities are its features."""

    def fit(self, rows: np.ndarray, labels: np.ndarray) -> "Echo":
        self.classes_ = np.arange(rows.shape[1])
        return self

    def predict(self, rows: np.ndarray) -> np.ndarray:
        return rows.argmax(axis=1)

    def predict_proba(self, rows: np.ndarray) -> np.ndarray:
        return rows


@pytest.mark.parametrize(("rows", "classes"), [(400, 4), (60, 3), (900, 7)])
def test_it_is_what_scikit_learn_calls_isotonic_calibration(drawn: Draw, rows: int, classes: int) -> None:
    p, labels = drawn(rows=rows, classes=classes, sharpness=1.7, tilt=1.0)
    new, _ = drawn(rows=200, classes=classes, seed=1)
    reference = CalibratedClassifierCV(FrozenEstimator(Echo().fit(p, labels)), method="isotonic").fit(p, labels)
    after = Isotonic().fit(p, labels).apply(new)
    # Where all curves are at zero scikit-learn gives a uniform row; here the row stays as it is.
    nothing = np.isclose(after, new).all(axis=1)
    assert nothing.sum() < 10
    assert np.allclose(after[~nothing], reference.predict_proba(new)[~nothing], atol=1e-12)


def test_neighbours_in_the_wrong_order_are_pooled_and_lines_join_the_steps() -> None:
    first = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    p = np.stack([first, 1 - first], axis=1)
    labels = np.array([1, 1, 0, 1, 1, 0, 0, 1, 0, 0])
    # Class 0: 0 0 | 1 0 0 → 1/3 | 1 1 0 → 2/3 | 1 1.
    made = Isotonic().fit(p, labels)
    asked = np.array([0.05, 0.15, 0.2, 0.25, 0.4, 0.55, 0.7, 0.85, 0.95])
    expected = [0, 0, 0, 1 / 6, 1 / 3, 1 / 2, 2 / 3, 5 / 6, 1]
    assert made.apply(np.stack([asked, 1 - asked], axis=1))[:, 0] == pytest.approx(expected)


def test_the_classes_of_a_validation_split_get_the_share_they_have(drawn: Draw) -> None:
    # Least squares keeps the mean: before the division, the curves' values add up to the labels of each class.
    p, labels = drawn(rows=300)
    made = Isotonic().fit(p, labels)
    for k, curve in made.curves.items():
        assert np.interp(p[:, k], *curve).sum() == pytest.approx((labels == k).sum())
        assert (np.diff(curve.outputs) >= 0).all()


def test_a_row_in_which_all_curves_are_zero_stays_as_it_is() -> None:
    p = np.repeat([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]], 5, axis=0)
    made = Isotonic().fit(p, np.repeat([0, 1, 2], 5))
    assert made.apply(np.array([[0.1, 0.1, 0.1]])).tolist() == [pytest.approx([1 / 3] * 3)]
    assert made.apply(np.array([[0.05, 0.85, 0.1]])).tolist() == [[0, 1, 0]]
    assert made.apply(np.array([[0.06, 0.06, 0.08]])).tolist() == [pytest.approx([0.3, 0.3, 0.4])]


def test_it_may_change_a_prediction() -> None:
    p = np.tile([[0.6, 0.4]], (10, 1))
    assert Isotonic().fit(p, np.repeat([0, 1], [3, 7])).apply(p)[0].tolist() == pytest.approx([0.3, 0.7])
