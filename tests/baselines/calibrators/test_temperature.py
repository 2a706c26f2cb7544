"""Temperature scaling: the best temperature, and what it leaves as it is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from emobench.baselines.base import State
from emobench.baselines.calibrators.temperature import FittedTemperature, Temperature, fit_temperature, scaled
from emobench.benchmark.errors import DataError, SpecError
from emobench.benchmark.models import canonical_model
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import CALIBRATORS, make


def drawn(rows: int, classes: int, sharpness: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities whose logits are `sharpness` times those the labels were drawn from, and the labels."""
    rng = Randomness(seed).generator()
    logits = 2 * rng.normal(size=(rows, classes))
    labels = np.array([rng.choice(classes, p=p) for p in softmax(logits, axis=1)])
    return softmax(sharpness * logits, axis=1), labels


def best(p: np.ndarray, labels: np.ndarray) -> float:
    """Return the temperature of the lowest NLL by a scalar search."""
    logits = np.log(np.maximum(p.astype(np.float64), 1e-300))

    def nll(log_temperature: float) -> float:
        scores = log_softmax(logits / np.exp(log_temperature), axis=1)
        return -float(scores[np.arange(len(labels)), labels].mean())

    found = minimize_scalar(nll, bounds=(np.log(0.01), np.log(100)), method="bounded", options={"xatol": 1e-10})
    return float(np.exp(found.x))


@pytest.mark.parametrize(
    ("rows", "classes", "sharpness"),
    [(900, 7, 2.5), (900, 7, 0.4), (900, 7, 1.0), (300, 2, 3.0), (900, 7, 30.0), (60, 3, 0.05)],
)
def test_what_netcal_gives_is_the_minimum(rows: int, classes: int, sharpness: float) -> None:
    p, labels = drawn(rows, classes, sharpness)
    temperature = fit_temperature(p, labels)
    assert temperature == pytest.approx(best(p, labels), rel=2e-3)
    assert temperature == pytest.approx(sharpness, rel=0.4)


def test_single_precision_gives_the_same() -> None:
    p, labels = drawn(900, 7, 2.5)
    assert fit_temperature(p.astype(np.float32), labels) == pytest.approx(fit_temperature(p, labels), rel=1e-3)


def test_nothing_is_printed_when_a_class_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    p, labels = drawn(50, 4, 1.5)
    fit_temperature(p[labels != 3], labels[labels != 3])
    assert capsys.readouterr().out == ""


def test_without_errors_it_is_low_and_within_its_range() -> None:
    p, labels = np.array([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1]] * 5), np.array([0, 1] * 5)
    temperature = fit_temperature(p, labels)
    assert 0.01 <= temperature < 0.2
    # All of the NLL that there was is gone.
    assert -np.log(scaled(p, temperature)[np.arange(10), labels]).mean() < 1e-4
    assert fit_temperature(np.array([[0.501, 0.499]] * 5), np.zeros(5, np.int64)) == 0.01


def test_worse_than_chance_it_is_the_highest() -> None:
    assert fit_temperature(np.array([[0.9, 0.05, 0.05], [0.05, 0.9, 0.05]] * 5), np.array([1, 2] * 5)) == 100


def test_nll_on_validation_does_not_get_worse() -> None:
    for seed in range(5):
        p, labels = drawn(30, 3, 1.0, seed)
        rows = np.arange(len(labels))
        after = scaled(p, fit_temperature(p, labels))
        assert -np.log(after[rows, labels]).mean() <= -np.log(p[rows, labels]).mean() + 1e-12


def test_no_rows_are_refused() -> None:
    with pytest.raises(DataError, match=r"^expected labelled validation utterances to fit a temperature on, got none$"):
        Temperature().fit(np.empty((0, 3)), np.empty(0, np.int64))


@given(st.integers(0, 10_000), st.floats(0.01, 100))
def test_the_most_probable_class_stays(seed: int, temperature: float) -> None:
    p = Randomness(seed).generator().dirichlet(np.full(4, 0.3), 5)
    after = FittedTemperature(temperature).apply(p)
    assert np.allclose(after.sum(axis=1), 1)
    assert np.array_equal(after.argmax(axis=1), p.argmax(axis=1))


@given(
    st.integers(0, 10_000),
    st.floats(0.01, 100),
    st.sampled_from([1e-16, 1e-12, 1e-7, 0.08]),
    st.sampled_from(["f4", "f8"]),
)
def test_the_prediction_stays_however_close_the_classes_are(
    seed: int, temperature: float, apart: float, precision: str
) -> None:
    rng = Randomness(seed).generator()
    p = (0.25 + apart * rng.integers(-3, 4, (8, 4))).astype(precision)
    p /= p.sum(axis=1, keepdims=True)
    after = FittedTemperature(temperature).apply(p)
    assert np.array_equal(after.argmax(axis=1), p.argmax(axis=1))
    assert np.allclose(after.sum(axis=1), 1, atol=1e-12)


def test_rounding_makes_no_ties() -> None:
    # (1 − 1e-16)^0.01 is 1: without care the first class would be predicted.
    p = np.array([[np.nextafter(0.5, 0), 0.5]])
    assert (p[0, 0] / p[0, 1]) ** 0.01 == 1
    assert FittedTemperature(100.0).apply(p).argmax() == 1
    assert FittedTemperature(100.0).apply(np.array([[0.5, 0.5]])).tolist() == [[0.5, 0.5]]


def test_applies_the_formula_and_keeps_zeros() -> None:
    after = FittedTemperature(2.0).apply(np.array([[0.64, 0.36, 0.0], [1.0, 0.0, 0.0]]))
    assert after.tolist() == [pytest.approx([0.8 / 1.4, 0.6 / 1.4, 0]), [1, 0, 0]]


def test_a_fixed_temperature_is_not_fitted() -> None:
    p, labels = drawn(50, 3, 2.0)
    fixed = make(CALIBRATORS, "temperature:value=0.4").fit(p, labels)
    assert fixed.temperature == 0.4
    expected = p ** (1 / 0.4)
    assert fixed.apply(p) == pytest.approx(expected / expected.sum(axis=1, keepdims=True))
    assert canonical_model("prior+temperature:value=0.40") == "prior+temperature:value=0.4"
    with pytest.raises(SpecError, match=r"temperature: expected value to be a number ≥ 0\.01 and ≤ 100, got '0'"):
        make(CALIBRATORS, "temperature:value=0")
    with pytest.raises(SpecError, match="with value=… nothing is fitted; leave out per_mask=true, or value"):
        make(CALIBRATORS, "temperature:value=2,per_mask=true")


def test_what_the_metric_clips_counts_no_more_in_the_fit() -> None:
    """One utterance whose class has no probability at all would ask for the highest temperature."""
    p, labels = np.array([[1.0, 0.0]] * 9 + [[0.9, 0.1]] * 30), np.array([1] + [0] * 38)
    before, after = (metric(q, labels) for q in (p, FittedTemperature(fit_temperature(p, labels)).apply(p)))
    assert after <= before + 1e-12


def metric(p: np.ndarray, labels: np.ndarray) -> float:
    return float(-np.log(np.maximum(p[np.arange(len(p)), labels], 1e-12)).mean())


def test_comes_back_from_its_state() -> None:
    fitted = FittedTemperature(1.7)
    assert Temperature().restore(fitted.state()) == fitted
    with pytest.raises(DataError, match=r"^expected a stored temperature, got {'t': 1}; train the model again$"):
        Temperature().restore(State(arrays={}, settings={"t": 1}))
