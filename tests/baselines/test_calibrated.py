"""A model followed by calibrators."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from emobench.baselines.base import FitContext, Model, State, TrainingRecord
from emobench.baselines.calibrated import Calibrated, FittedCalibrated
from emobench.baselines.calibrators.base import Calibrator
from emobench.baselines.calibrators.temperature import FittedTemperature, fit_temperature
from emobench.baselines.late_fusion import LateFusion
from emobench.baselines.prior import FittedPrior, Prior
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.errors import DataError, NotApplicable, SpecError
from emobench.benchmark.models import make_model
from emobench.benchmark.predictions import Predictions

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


def test_a_calibrator_is_named_once() -> None:
    for text in ("late_fusion+temperature+temperature", "late_fusion+temperature+isotonic+temperature:per_mask=true"):
        with pytest.raises(SpecError, match=r"once after a model, got temperature twice; type \+temperature once$"):
            make_model(text)
    made = make_model("late_fusion+temperature+isotonic+beta+vector+histogram:bins=10")
    assert isinstance(made, Calibrated)
    assert [type(each).__name__ for each in made.calibrators] == [
        "Temperature", "Isotonic", "Beta", "Vector", "Histogram",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["late_fusion", "rage_fusion:width=8,heads=2,epochs=2"])
def test_calibrating_a_restored_model_gives_the_bits_of_fitting_both_together(
    text: str, small_splits: DataSplits
) -> None:
    model, base, context = make_model(f"{text}+beta"), make_model(text), FitContext(seed=3)
    together = model.fit(small_splits.train, small_splits.validation, context=context)
    restored = base.restore(base.fit(small_splits.train, small_splits.validation, context=context).state())
    assert isinstance(model, Calibrated)
    after = model.calibrate(restored, small_splits.validation)
    assert np.array_equal(
        after.predict(small_splits.test).probabilities, together.predict(small_splits.test).probabilities
    )
    unknown = small_splits.validation.change(label=np.full(len(small_splits.validation), -1))
    with pytest.raises(DataError, match=r"^small: expected labels in the validation split to calibrate on, got none$"):
        model.calibrate(restored, unknown)


@dataclass(frozen=True)
class Softmax:
    """A fitted linear softmax of text, with its gradients in closed form."""

    weight: np.ndarray
    record: TrainingRecord = field(default_factory=TrainingRecord)

    def predict(self, conversations: Conversations) -> Predictions:
        p = np.exp(conversations.features["text"] @ self.weight)
        return Predictions(p / p.sum(axis=1, keepdims=True))

    def feature_gradients(self, conversations: Conversations, slopes: np.ndarray) -> dict[str, np.ndarray]:
        p = self.predict(conversations).probabilities
        inner = slopes - p * slopes.sum(axis=1, keepdims=True)
        return {"text": (inner @ self.weight.T).astype(np.float32)}

    def state(self) -> State:
        return State(arrays={"weight": self.weight}, settings={})


class TestGradients:
    weight = np.random.default_rng(0).normal(size=(4, 3))

    def test_they_go_through_all_calibrators(self, small: Make) -> None:
        clean = small()
        model = FittedCalibrated(Softmax(self.weight), (FittedTemperature(2.0), FittedTemperature(0.25)))
        # Softmax, then 1/2, then ×4: the softmax of twice the logits.
        q = Softmax(2 * self.weight).predict(clean).probabilities
        assert np.allclose(model.predict(clean).probabilities, q)
        expected = (q - np.eye(3)[clean.label]) @ (2 * self.weight).T
        found = model.loss_gradients(clean)["text"]
        assert np.allclose(found, expected, atol=1e-5)
        without = FittedCalibrated(Softmax(self.weight), ()).loss_gradients(clean)["text"]
        cosine = (found * without).sum(axis=1) / np.linalg.norm(found, axis=1) / np.linalg.norm(without, axis=1)
        assert cosine.min() < 0.99, "calibration turns the gradient, it does not just scale it"

    def test_where_a_label_is_unknown_the_predicted_class_stands_in(self, small: Make) -> None:
        clean = small()
        model = FittedCalibrated(Softmax(self.weight), (FittedTemperature(2.0),))
        predicted = clean.change(label=model.predict(clean).probabilities.argmax(axis=1))
        unknown = clean.change(label=np.full(len(clean), -1))
        assert np.array_equal(model.loss_gradients(unknown)["text"], model.loss_gradients(predicted)["text"])

    def test_a_part_that_cannot_be_differentiated_is_named(self, small: Make) -> None:
        mixture = FittedMixture(np.full(3, 1 / 3))
        model = FittedCalibrated(Softmax(self.weight), (FittedTemperature(2.0), mixture))
        with pytest.raises(
            NotApplicable, match=r"^calibrator 2 cannot be differentiated; attack the model without it$"
        ):
            model.loss_gradients(small())
        with pytest.raises(NotApplicable, match=r"^the model before the calibrators has no gradients$"):
            FittedCalibrated(FittedPrior(np.full(3, 1 / 3)), (FittedTemperature(2.0),)).loss_gradients(small())


def test_the_state_of_another_model_is_refused_in_one_line() -> None:
    state = State({}, {"shares": [0.5, 0.5]})
    with pytest.raises(DataError, match=r"expected a stored model of 2 parts, got \['shares'\]; train it again"):
        make_model("prior+temperature").restore(state)
    with pytest.raises(DataError, match=r"expected a stored model of 2 parts, got \['parts'\]; train it again"):
        make_model("prior+temperature").restore(State({}, {"parts": [{}]}))
