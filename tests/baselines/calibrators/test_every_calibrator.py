"""What every calibrator promises, whatever it does in between."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emobench.baselines.calibrators.base import Calibrator, FitsPerMask, FittedCalibrator, HasSlopes
from emobench.benchmark.arguments import describe
from emobench.benchmark.checkpoints import load_checkpoint, save_checkpoint
from emobench.benchmark.errors import NotApplicable
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import CALIBRATORS, make, names, plugin_class

Draw = Callable[..., tuple[np.ndarray, np.ndarray]]

FROM_ANY_LABELS = {"temperature": "it learns one number, not one for each class"}
"""Calibrators that need neither ten labels nor two classes, with the reason."""
CANNOT_GET_WORSE = ("beta", "temperature", "vector")
"""Those that say so of the NLL on validation."""
KEEP_WHAT_HAS_NO_LABEL = ("beta", "histogram", "isotonic", "vector")

every_calibrator = pytest.mark.parametrize("name", names(CALIBRATORS))
UNIT = np.eye(3)


def calibrator(name: str) -> Calibrator:
    made: Calibrator = make(CALIBRATORS, name)
    return made


def fitted(name: str, p: np.ndarray, labels: np.ndarray) -> FittedCalibrator:
    return calibrator(name).fit(p, labels)


def nll(p: np.ndarray, labels: np.ndarray) -> float:
    return -float(np.log(np.maximum(p[np.arange(len(labels)), labels], 1e-12)).mean())


def assert_probabilities(p: np.ndarray) -> None:
    Predictions(p)
    assert np.allclose(p.sum(axis=1), 1, atol=1e-12)


def test_the_five_are_there() -> None:
    assert {"beta", "histogram", "isotonic", "temperature", "vector"} <= set(names(CALIBRATORS))


@every_calibrator
def test_it_takes_the_shared_argument(name: str) -> None:
    assert isinstance(make(CALIBRATORS, f"{name}:per_mask=true"), FitsPerMask)
    assert make(CALIBRATORS, f"{name}:per_mask=true").per_mask
    assert not make(CALIBRATORS, name).per_mask
    (argument,) = (found for found in describe(plugin_class(CALIBRATORS, name)) if found.name == "per_mask")
    assert (argument.kind, argument.default) == ("true | false", "false")
    assert "each set of observed modalities" in argument.about


@every_calibrator
@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(10, 60),
    classes=st.integers(2, 6),
    spread=st.sampled_from([0.02, 0.3, 3.0]),
    single=st.booleans(),
)
def test_probabilities_remain_probabilities(
    name: str, seed: int, rows: int, classes: int, spread: float, single: bool
) -> None:
    rng = Randomness(seed).generator()
    p = rng.dirichlet(np.full(classes, spread), rows)
    labels = rng.integers(0, classes, rows)
    labels[:2] = 0, 1
    kept = p.copy()
    given_p = p.astype(np.float32) if single else p
    made = fitted(name, given_p, labels)
    assert_probabilities(made.apply(given_p))
    others = rng.dirichlet(np.full(classes, spread), 30)
    assert_probabilities(made.apply(others))
    order = rng.permutation(30)
    assert np.array_equal(made.apply(others[order]), made.apply(others)[order]), "a row depends on no other"
    assert np.array_equal(p, kept), "the input is untouched"
    if name in CANNOT_GET_WORSE:
        # Beta keeps them from 0 and 1 by the rounding unit.
        assert nll(made.apply(given_p), labels) <= nll(given_p, labels) + 1e-6


@every_calibrator
def test_the_order_and_number_of_copies_of_utterances_do_not_matter(name: str, drawn: Draw) -> None:
    p, labels = drawn(rows=150, tilt=1.0)
    order = Randomness(3).generator().permutation(150)
    once = fitted(name, p, labels).apply(p)
    assert np.allclose(fitted(name, p[order], labels[order]).apply(p), once, atol=1e-4)
    assert np.allclose(fitted(name, np.tile(p, (2, 1)), np.tile(labels, 2)).apply(p), once, atol=1e-4)


@every_calibrator
@pytest.mark.parametrize(
    "p",
    [
        UNIT[np.arange(30) % 3],
        UNIT[(np.arange(30) + 1) % 3],
        np.tile(UNIT[0], (30, 1)),
        np.tile([0.6, 0.3, 0.1], (30, 1)),
        np.tile([0.5, 0.5, 0.0], (30, 1)),
        np.full((30, 3), 1 / 3),
    ],
    ids=["all right", "all wrong", "certain and constant", "constant", "a class at zero", "uniform"],
)
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_extreme_models_give_finite_probabilities(name: str, p: np.ndarray, precision: type[np.floating]) -> None:
    labels = np.arange(30) % 3
    given_p = p.astype(precision)
    made = fitted(name, given_p, labels)
    after = made.apply(given_p)
    assert_probabilities(after)
    assert_probabilities(made.apply(np.array([*UNIT, [0.2, 0.3, 0.5]], precision)))
    if isinstance(made, HasSlopes):
        assert np.isfinite(made.slopes(given_p, -UNIT[labels])).all()


@every_calibrator
def test_a_constant_model_learns_the_class_shares(name: str) -> None:
    if name == "temperature":
        return
    labels = np.repeat([0, 1, 2], [5, 10, 15])
    p = np.tile([0.7, 0.2, 0.1], (30, 1))
    assert fitted(name, p, labels).apply(p)[0] == pytest.approx([1 / 6, 1 / 3, 1 / 2], abs=1e-4)


@pytest.mark.parametrize("name", KEEP_WHAT_HAS_NO_LABEL)
def test_a_class_without_a_label_keeps_its_probability_up_to_the_division(name: str, drawn: Draw) -> None:
    p, labels = drawn(classes=4, tilt=1.0)
    some = p[labels != 1], labels[labels != 1]
    made = fitted(name, *some)
    after = made.apply(p)
    assert_probabilities(after)
    assert (after[:, 1] > 0).all()
    # Of two rows that differ in that class alone (and in what is left to it), the ratio changes as the input does.
    pair = np.array([[0.2, 0.1, 0.3, 0.4], [0.2, 0.2, 0.3, 0.3]])
    first, second = made.apply(pair)
    if name != "vector":
        assert (second[1] / second[0]) / (first[1] / first[0]) == pytest.approx(2)
    else:
        assert (second[1] / second[0]) / (first[1] / first[0]) == pytest.approx(2, rel=1e-9)


@pytest.mark.parametrize("name", sorted(set(names(CALIBRATORS)) - set(FROM_ANY_LABELS)))
def test_too_little_to_learn_from_is_declined(name: str, drawn: Draw) -> None:
    p, labels = drawn(rows=10, classes=2)
    labels[:2] = 0, 1
    assert_probabilities(fitted(name, p, labels).apply(p))
    beginning = f"^{name}: expected 10 or more labelled validation utterances of two or more classes, got "
    ending = rf"; type a model without \+{name}$"
    with pytest.raises(NotApplicable, match=beginning + "9 of 2" + ending):
        fitted(name, p[:9], labels[:9])
    with pytest.raises(NotApplicable, match=beginning + "10 of 1" + ending):
        fitted(name, p, np.ones(10, np.int64))
    with pytest.raises(NotApplicable, match=beginning + "0 of 0" + ending):
        fitted(name, p[:0], labels[:0])


@every_calibrator
def test_it_comes_back_from_a_checkpoint_with_the_same_bits(name: str, drawn: Draw, tmp_path: Path) -> None:
    p, labels = drawn(rows=200, classes=5, tilt=1.0)
    made = fitted(name, p[labels != 2], labels[labels != 2])
    save_checkpoint(tmp_path / "it", made.state(), "key")
    state = load_checkpoint(tmp_path / "it", "key")
    assert state is not None
    json.dumps(dict(state.settings))
    restored = calibrator(name).restore(state)
    assert restored.apply(p).tobytes() == made.apply(p).tobytes()
    assert restored.state().settings == made.state().settings


@every_calibrator
def test_slopes_are_those_of_finite_differences(name: str, drawn: Draw) -> None:
    p, labels = drawn(rows=120, tilt=0.5, sharpness=1.2)
    made = fitted(name, p, labels)
    if not isinstance(made, HasSlopes):
        assert name in ("histogram", "isotonic"), "these two are level nearly everywhere"
        return
    outer = Randomness(5).generator().normal(size=p.shape)
    found = made.slopes(p, outer)
    step = 1e-6
    for k in range(p.shape[1]):
        # In log p, the other classes held where they are.
        factor = np.exp(step * np.eye(p.shape[1])[k])
        up, down = (np.log(made.apply(p * f)) for f in (factor, 1 / factor))
        numeric = (outer * (up - down)).sum(axis=1) / (2 * step)
        assert np.allclose(found[:, k], numeric, atol=2e-5, rtol=1e-5)
