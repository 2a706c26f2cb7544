"""One calibrator for each set of observed modalities."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from emobench.baselines.base import FitContext, FittedModel, State, TrainingRecord
from emobench.baselines.calibrated import Calibrated, FittedCalibrated
from emobench.baselines.calibrators.temperature import fit_temperature, scaled
from emobench.baselines.late_fusion import LateFusion
from emobench.baselines.per_mask import FittedPerMask, masks_of
from emobench.benchmark.checkpoints import load_checkpoint, save_checkpoint
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.errors import NotApplicable
from emobench.benchmark.models import canonical_model, make_model
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import CALIBRATORS, DATASETS, make, names
from emobench.protocols.base import FeatureStatistics
from emobench.protocols.modality_drop import ModalityDrop

Make = Callable[..., Conversations]
CONTEXT = FitContext(seed=0)


def fit(text: str, splits: DataSplits) -> FittedModel:
    return make_model(text).fit(splits.train, splits.validation, context=CONTEXT)


def without(conversations: Conversations, *gone: str) -> Conversations:
    """Drop modalities as the stress does that reports are made of."""
    if not gone:
        return conversations
    statistics = FeatureStatistics.of(conversations)
    return ModalityDrop(drop=frozenset(gone)).apply(conversations, randomness=Randomness(0), training=statistics)


def part(fitted: FittedModel) -> FittedPerMask:
    assert isinstance(fitted, FittedCalibrated)
    (only,) = fitted.calibrators
    assert isinstance(only, FittedPerMask)
    return only


def test_the_spelling_is_canonical() -> None:
    assert canonical_model("late_fusion+temperature:per_mask=True") == "late_fusion+temperature:per_mask=true"
    assert canonical_model("late_fusion+temperature:per_mask=false") == "late_fusion+temperature"
    assert canonical_model("prior+histogram:per_mask=true,bins=15") == "prior+histogram:per_mask=true"


def test_each_mask_gets_the_temperature_of_validation_under_that_mask(small_splits: DataSplits) -> None:
    fitted, alone = fit("late_fusion+temperature:per_mask=true", small_splits), fit("late_fusion", small_splits)
    validation, test = small_splits.validation, small_splits.test
    temperatures = set()
    for gone in [(), ("text",), ("audio",), ("video",), ("text", "audio"), ("text", "video"), ("audio", "video")]:
        temperature = fit_temperature(alone.predict(without(validation, *gone)).probabilities, validation.label)
        expected = scaled(alone.predict(without(test, *gone)).probabilities, temperature)
        assert np.array_equal(fitted.predict(without(test, *gone)).probabilities, expected)
        temperatures.add(temperature)
    assert len(temperatures) == 7
    assert sorted(part(fitted).calibrators) == list(range(8))


def test_rows_of_one_input_are_told_apart(small_splits: DataSplits) -> None:
    fitted, test = fit("late_fusion+isotonic:per_mask=true", small_splits), small_splits.test
    rows = np.arange(len(test)) % 2 == 0
    gone = without(test, "audio")
    mixed = test.with_modalities(
        features={"audio": np.where(rows[:, None], gone.features["audio"], test.features["audio"])},
        observed={"audio": ~rows},
    )
    p = fitted.predict(mixed).probabilities
    assert np.array_equal(p[rows], fitted.predict(gone).probabilities[rows])
    assert np.array_equal(p[~rows], fitted.predict(test).probabilities[~rows])


def test_where_nothing_is_observed_the_one_of_validation_as_it_is_is_used(small_splits: DataSplits) -> None:
    per_mask, plain = (fit(f"late_fusion+vector{end}", small_splits) for end in (":per_mask=true", ""))
    nothing = without(small_splits.test, "text", "audio", "video")
    assert np.array_equal(per_mask.predict(nothing).probabilities, plain.predict(nothing).probabilities)
    assert np.array_equal(
        per_mask.predict(small_splits.test).probabilities, plain.predict(small_splits.test).probabilities
    )


def test_only_utterances_that_are_left_with_exactly_the_mask_count(small_splits: DataSplits) -> None:
    # Video was recorded of the first six only: too few for a calibrator of the masks with video.
    recorded = np.arange(len(small_splits.validation)) < 6
    validation = small_splits.validation.with_modalities(observed={"video": recorded}, present={"video": recorded})
    model = make_model("late_fusion+temperature:per_mask=true")
    fitted = part(model.fit(small_splits.train, validation, context=CONTEXT))
    assert sorted(fitted.calibrators) == [0, 1, 2, 3]
    alone = fit("late_fusion", small_splits)
    of_text = alone.predict(without(validation, "audio", "video")).probabilities
    assert fitted.calibrators[1].state().settings["temperature"] == fit_temperature(of_text, validation.label)
    # Of the rows left with text and audio all count: those that lost their video and those that had none.
    every = alone.predict(without(validation, "video")).probabilities
    assert fitted.calibrators[1 + 2].state().settings["temperature"] == fit_temperature(every, validation.label)
    pooled = fit_temperature(alone.predict(validation).probabilities, validation.label)
    assert fitted.calibrators[0].state().settings["temperature"] == pooled


def test_unknown_labels_are_left_out(small_splits: DataSplits) -> None:
    label = small_splits.validation.label.copy()
    label[20:] = -1
    first = small_splits.validation.change(label=label)
    alone, model = fit("late_fusion", small_splits), make_model("late_fusion+temperature:per_mask=true")
    fitted = part(model.fit(small_splits.train, first, context=CONTEXT))
    p = alone.predict(without(first, "text")).probabilities[:20]
    assert fitted.calibrators[2 + 4].state().settings["temperature"] == fit_temperature(p, label[:20])


def test_in_a_chain_each_calibrator_learns_from_what_those_before_make_of_each_mask(small_splits: DataSplits) -> None:
    alone, validation, test = fit("late_fusion", small_splits), small_splits.validation, small_splits.test
    first = fit_temperature(alone.predict(validation).probabilities, validation.label)
    isotonic = make(CALIBRATORS, "isotonic")

    fitted = fit("late_fusion+temperature+isotonic:per_mask=true", small_splits)
    p = scaled(alone.predict(without(validation, "text")).probabilities, first)
    new = scaled(alone.predict(without(test, "text")).probabilities, first)
    expected = isotonic.fit(p, validation.label).apply(new)
    assert np.array_equal(fitted.predict(without(test, "text")).probabilities, expected)

    fitted = fit("late_fusion+temperature:per_mask=true+isotonic", small_splits)
    own = fit_temperature(alone.predict(without(validation, "text")).probabilities, validation.label)
    curves = isotonic.fit(scaled(alone.predict(validation).probabilities, first), validation.label)
    expected = curves.apply(scaled(alone.predict(without(test, "text")).probabilities, own))
    assert np.array_equal(fitted.predict(without(test, "text")).probabilities, expected)


@pytest.mark.parametrize("name", names(CALIBRATORS))
def test_it_comes_back_from_a_checkpoint_with_the_same_bits(
    name: str, small_splits: DataSplits, tmp_path: Path
) -> None:
    model = make_model(f"late_fusion+{name}:per_mask=true")
    fitted = model.fit(small_splits.train, small_splits.validation, context=CONTEXT)
    save_checkpoint(tmp_path / "it", fitted.state(), "key")
    state = load_checkpoint(tmp_path / "it", "key")
    assert state is not None
    restored = model.restore(state)
    for given in (small_splits.test, without(small_splits.test, "text"), without(small_splits.test, "text", "video")):
        assert np.array_equal(restored.predict(given).probabilities, fitted.predict(given).probabilities)
    assert restored.state().settings == fitted.state().settings


def test_notes_say_whose_temperature_it_is(small_splits: DataSplits) -> None:
    fitted = fit("late_fusion+temperature:per_mask=true", small_splits)
    notes = fitted.record.notes
    assert len(notes) == 8
    assert notes["calibrator 1: temperature, otherwise"] == notes["calibrator 1: temperature, text/audio/video"]
    of_text = part(fitted).calibrators[1].state().settings["temperature"]
    assert notes["calibrator 1: temperature, text"] == of_text != notes["calibrator 1: temperature, audio"]


def test_the_exact_posterior_can_be_predicted_under_every_mask() -> None:
    size = "simulated:train=12,validation=8,test=8,turns=1/6,text_width=4,audio_width=4,video_width=4"
    splits = make(DATASETS, size).load()
    fitted = fit(f"{splits.posterior}+temperature:per_mask=true", splits)
    p = fitted.predict(without(splits.test, "text")).probabilities
    assert np.allclose(p.sum(axis=1), 1)
    assert set(part(fitted).calibrators) == set(range(8))


def test_more_than_six_modalities_are_declined(small: Make) -> None:
    seven = small(modalities=tuple("abcdefg"), lengths=(20,))
    message = r"^expected at most 6 modalities to fit a calibrator for each set of them, got 7; type per_mask=false$"
    with pytest.raises(NotApplicable, match=message):
        make_model("prior+temperature:per_mask=true").fit(seven, seven, context=CONTEXT)
    make_model("prior+temperature").fit(seven, seven, context=CONTEXT)


def test_masks_are_sums_of_powers_of_two_in_the_order_of_the_modalities(small: Make) -> None:
    clean = small(lengths=(4,))
    told = clean.with_modalities(
        observed={"text": np.array([True, False, True, False]), "video": np.array([False, False, True, True])}
    )
    assert masks_of(told).tolist() == [1 + 2, 2, 1 + 2 + 4, 2 + 4]


@dataclass(frozen=True)
class Softmax:
    """A fitted linear softmax of text, with its gradients in closed form."""

    weight: np.ndarray
    record: TrainingRecord = field(default_factory=TrainingRecord)

    def predict(self, conversations: Conversations) -> Predictions:
        p = np.exp(conversations.features["text"] @ self.weight)
        return Predictions(p / p.sum(axis=1, keepdims=True))

    def feature_gradients(self, conversations: Conversations, slopes: np.ndarray) -> dict[str, np.ndarray]:
        inner = slopes - self.predict(conversations).probabilities * slopes.sum(axis=1, keepdims=True)
        return {"text": (inner @ self.weight.T).astype(np.float32)}

    def state(self) -> State:
        return State(arrays={"weight": self.weight}, settings={})


class TestGradients:
    weight = np.random.default_rng(0).normal(size=(4, 3))

    def calibrated(self, name: str, validation: Conversations) -> FittedCalibrated:
        calibrators = tuple(make(CALIBRATORS, text) for text in name.split("+"))
        return Calibrated(LateFusion(), calibrators).calibrate(Softmax(self.weight), validation)

    @pytest.mark.parametrize("name", ["temperature:per_mask=true", "vector+beta:per_mask=true"])
    def test_they_go_through_the_calibrator_of_each_row(self, name: str, small_splits: DataSplits) -> None:
        model, test = self.calibrated(name, small_splits.validation), small_splits.test
        told = test.with_modalities(observed={"audio": np.arange(len(test)) % 2 == 0})
        found, step = model.loss_gradients(told)["text"], 1e-3
        for k in range(4):
            moved = [
                told.with_modalities(
                    features={"text": told.features["text"] + np.float32(by) * np.eye(4, dtype="f4")[k]}
                )
                for by in (step, -step)
            ]
            up, down = (
                -np.log(model.predict(those).probabilities[np.arange(len(test)), test.label]) for those in moved
            )
            assert np.allclose(found[:, k], (up - down) / (2 * step), atol=5e-3)

    def test_curves_that_are_level_have_none(self, small_splits: DataSplits) -> None:
        model = self.calibrated("temperature:per_mask=true+isotonic:per_mask=true", small_splits.validation)
        with pytest.raises(NotApplicable, match=r"^calibrator 2 cannot be differentiated; attack the model without it"):
            model.loss_gradients(small_splits.test)
