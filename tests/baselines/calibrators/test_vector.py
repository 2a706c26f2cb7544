"""Vector scaling: the minimum, and what is left as it is."""

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from emobench.baselines.calibrators.temperature import fit_temperature, scaled
from emobench.baselines.calibrators.vector import FittedVector, Vector

Draw = Callable[..., tuple[np.ndarray, np.ndarray]]


def nll(p: np.ndarray, labels: np.ndarray) -> float:
    return -float(np.log(p[np.arange(len(labels)), labels]).mean())


def test_applies_the_formula() -> None:
    made = FittedVector(np.array([2.0, 1.0, 0.5]), np.array([0.0, np.log(2), 0.0]))
    after = made.apply(np.array([[0.5, 0.25, 0.25]]))
    assert after.tolist() == [pytest.approx([0.2, 0.4, 0.4])]


@pytest.mark.parametrize(("rows", "classes", "sharpness"), [(400, 4, 2.5), (900, 7, 0.4), (300, 2, 3.0)])
def test_no_other_scales_and_offsets_have_a_lower_nll(drawn: Draw, rows: int, classes: int, sharpness: float) -> None:
    p, labels = drawn(rows=rows, classes=classes, sharpness=sharpness, tilt=1.0)
    made = Vector().fit(p, labels)

    def loss(values: np.ndarray) -> float:
        scores = log_softmax(np.log(p) * values[:classes] + values[classes:], axis=1)
        return -float(scores[np.arange(rows), labels].mean())

    # A method without slopes that starts from the answer finds nothing better.
    found = np.concatenate([made.scales, made.offsets])
    assert minimize(loss, found, method="Powell").fun > loss(found) - 1e-5
    assert loss(found) == pytest.approx(nll(made.apply(p), labels))
    assert nll(made.apply(p), labels) < nll(p, labels) - 0.01


def test_it_is_what_netcal_gives_for_three_classes_or_more(drawn: Draw) -> None:
    p, labels = drawn(rows=600, classes=4, tilt=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from netcal.scaling import LogisticCalibration

        reference = LogisticCalibration().fit(p, labels).transform(p)
    after = Vector().fit(p, labels).apply(p)
    assert np.allclose(after, reference, atol=1e-3)
    assert nll(after, labels) <= nll(reference, labels) + 1e-8


@pytest.mark.parametrize("sharpness", [0.3, 1.0, 30.0])
def test_it_is_at_least_as_good_on_validation_as_temperature_scaling(drawn: Draw, sharpness: float) -> None:
    p, labels = drawn(rows=200, sharpness=sharpness)
    assert nll(Vector().fit(p, labels).apply(p), labels) <= nll(scaled(p, fit_temperature(p, labels)), labels) + 1e-5


def test_it_finds_the_scales_that_distorted_the_probabilities(drawn: Draw) -> None:
    p, labels = drawn(rows=20_000, classes=3, sharpness=1.0)
    scales, offsets = np.array([2.0, 1.0, 0.5]), np.array([0.4, 0.0, -0.4])
    # What makes them right again, log-linear in the distorted ones: 1/scale and −offset/scale, each up to a constant.
    distorted = softmax(np.log(p) * scales + offsets, axis=1)
    after = Vector().fit(distorted, labels).apply(distorted)
    assert nll(after, labels) < nll(distorted, labels)
    calibrated = Vector().fit(p, labels)
    assert calibrated.scales == pytest.approx([1, 1, 1], abs=0.08)
    assert calibrated.offsets == pytest.approx([0, 0, 0], abs=0.08)


def test_a_missing_class_keeps_its_scale_and_offset(drawn: Draw) -> None:
    p, labels = drawn()
    made = Vector().fit(p[labels != 2], labels[labels != 2])
    assert (made.scales[2], made.offsets[2]) == (1, 0)
    assert (made.scales[[0, 1, 3]] != 1).all()
