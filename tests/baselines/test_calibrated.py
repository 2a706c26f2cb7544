"""A model followed by calibrators."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from emobench.baselines.base import Calibrator, FitContext, Model, State
from emobench.baselines.calibrated import Calibrated
from emobench.baselines.calibrators.temperature import FittedTemperature, fit_temperature
from emobench.baselines.late_fusion import LateFusion
from emobench.baselines.prior import Prior
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.errors import DataError
from emobench.benchmark.models import make_model

Make = Callable[..., Conversations]


@dataclass(frozen=True)
class FittedMixture:
    """Half of the probabilities, half of an array."""

    other: np.ndarray

    def apply(self, probabilities: np.ndarray) -> np.ndarray:
        return np.asarray((probabilities + self.other) / 2)

    def state(self) -> State:
        return State(arrays={"other": self.other}, settings={"arrays": ["other"]})


@dataclass(frozen=True)
class Mixture:
    """Mixes with the mean of what it was fitted on."""

    def fit(self, probabilities: np.ndarray, labels: np.ndarray) -> FittedMixture:
        return FittedMixture(probabilities.mean(axis=0))

    def restore(self, state: State) -> FittedMixture:
        return FittedMixture(state.arrays["other"])


def fit(splits: DataSplits, *calibrators: Calibrator) -> tuple[Calibrated, np.ndarray, np.ndarray]:
    """Return the model, its test probabilities, and those of late fusion without calibrators."""
    model, context = Calibrated(LateFusion(), calibrators), FitContext(seed=0)
    fitted = model.fit(splits.train, splits.validation, context=context)
    alone = LateFusion().fit(splits.train, splits.validation, context=context)
    restored = model.restore(fitted.state())
    p = fitted.predict(splits.test).probabilities
    assert np.array_equal(restored.predict(splits.test).probabilities, p)
    return model, p, alone.predict(splits.test).probabilities


def test_calibrators_are_applied_in_the_order_typed_each_fitted_after_those_before(small_splits: DataSplits) -> None:
    class Halving(Mixture):
        """Another mixture, with the uniform distribution."""

        def fit(self, probabilities: np.ndarray, labels: np.ndarray) -> FittedMixture:
            return FittedMixture(np.full(probabilities.shape[1], 1 / probabilities.shape[1]))

    _, p, alone = fit(small_splits, Halving(), Mixture())
    validation = LateFusion().fit(small_splits.train, small_splits.validation, context=FitContext(seed=0))
    mean = (validation.predict(small_splits.validation).probabilities.mean(axis=0) + 1 / 3) / 2
    assert np.allclose(p, ((alone + 1 / 3) / 2 + mean) / 2)


def test_a_text_with_a_plus_is_a_calibrated_model(small_splits: DataSplits) -> None:
    model = make_model("late_fusion+temperature")
    assert isinstance(model, Calibrated)
    assert isinstance(model, Model)
    assert model.deterministic
    fitted = model.fit(small_splits.train, small_splits.validation, context=FitContext(seed=0))
    alone = LateFusion().fit(small_splits.train, small_splits.validation, context=FitContext(seed=0))
    temperature = fit_temperature(alone.predict(small_splits.validation).probabilities, small_splits.validation.label)
    expected = FittedTemperature(temperature).apply(alone.predict(small_splits.test).probabilities)
    predictions = fitted.predict(small_splits.test)
    assert np.allclose(predictions.probabilities, expected)
    assert set(predictions.modality_weights) == {"text", "audio", "video"}
    assert fitted.record.notes["calibrator 1: temperature"] == pytest.approx(temperature)
    assert fitted.record.parameters == alone.record.parameters


def test_notes_hold_only_what_is_a_number_or_a_word(small_splits: DataSplits) -> None:
    fitted = Calibrated(Prior(), (Mixture(),)).fit(
        small_splits.train, small_splits.validation, context=FitContext(seed=0)
    )
    assert fitted.record.notes == {}


def test_only_labelled_validation_utterances_are_used(small_splits: DataSplits, small: Make) -> None:
    label = small_splits.validation.label.copy()
    label[4:] = -1
    first = small_splits.validation.take_dialogues([0])
    context = FitContext(seed=0)
    model = Calibrated(LateFusion(), (Mixture(),))
    partial = model.fit(small_splits.train, small_splits.validation.change(label=label), context=context)
    whole = model.fit(small_splits.train, first, context=context)
    assert np.allclose(partial.predict(small_splits.test).probabilities, whole.predict(small_splits.test).probabilities)
    with pytest.raises(DataError, match=r"^small: expected labels in the validation split to calibrate on, got none$"):
        model.fit(small_splits.train, first.change(label=np.full(4, -1)), context=context)
