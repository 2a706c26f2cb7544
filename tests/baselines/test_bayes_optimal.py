"""The model `bayes_optimal`: calibrated, as good as stated, and declining where it is not exact."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from sklearn.metrics import f1_score

from emobench.baselines.base import FitContext, State
from emobench.baselines.bayes_optimal import BayesOptimal, FittedBayesOptimal
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.datasets.simulated import Simulated
from emobench.benchmark.errors import NotApplicable
from emobench.benchmark.randomness import Randomness
from emobench.protocols.modality_drop import ModalityDrop


def without(conversations: Conversations, *modalities: str) -> Conversations:
    """Return the conversations with modalities absent: zeros, and not present."""
    return conversations.with_modalities(
        features={m: np.zeros_like(conversations.features[m]) for m in modalities},
        present={m: np.zeros(len(conversations), bool) for m in modalities},
    )


def predict(conversations: Conversations) -> np.ndarray:
    return FittedBayesOptimal().predict(conversations).probabilities


@pytest.fixture(scope="module")
def default() -> Conversations:
    return Simulated().load().test


@pytest.fixture(scope="module")
def large() -> Conversations:
    return Simulated(train=1, validation=1, test=600, seed=7).load().test


def weighted_f1(conversations: Conversations) -> float:
    predicted = predict(conversations).argmax(axis=1)
    return float(f1_score(conversations.label, predicted, average="weighted", zero_division=0))


def expected_calibration_error(confidence: np.ndarray, correct: np.ndarray) -> float:
    bins = np.clip(np.ceil(confidence * 15).astype(int) - 1, 0, 14)
    return float(np.abs(np.bincount(bins, confidence - correct, minlength=15)).sum() / len(confidence))


def noise_floor(probabilities: np.ndarray, draws: int = 300) -> np.ndarray:
    """ECE of labels drawn from the probabilities themselves: what a calibrated model shows by chance."""
    confidence = probabilities.max(axis=1)
    correct = np.random.default_rng(0).random((draws, len(confidence))) < confidence
    return np.array([expected_calibration_error(confidence, row.astype(float)) for row in correct])


def test_weighted_f1_is_between_72_and_82_per_cent_on_the_default(default: Conversations) -> None:
    assert 0.72 < weighted_f1(default) < 0.82


def test_text_says_far_more_than_audio_and_audio_more_than_video(default: Conversations) -> None:
    text = weighted_f1(without(default, "audio", "video"))
    audio = weighted_f1(without(default, "text", "video"))
    video = weighted_f1(without(default, "text", "audio"))
    nothing = weighted_f1(without(default, "text", "audio", "video"))
    assert text > audio + 0.15
    assert audio > video + 0.04
    assert video > nothing + 0.04
    assert 0.66 < text < 0.76


@pytest.mark.parametrize("dropped", [(), ("text",), ("audio",), ("video",), ("text", "audio")])
def test_it_is_calibrated_whatever_is_missing(large: Conversations, dropped: Sequence[str]) -> None:
    stressed = without(large, *dropped)
    probabilities = predict(stressed)
    correct = (probabilities.argmax(axis=1) == stressed.label).astype(float)
    found = expected_calibration_error(probabilities.max(axis=1), correct)
    assert found < np.quantile(noise_floor(probabilities), 0.99)
    # The floor takes utterances for independent. By dialogue, no class is given too much or too little either:
    excess = np.add.reduceat(probabilities - np.eye(7)[stressed.label], stressed.starts[:-1])
    assert np.abs(excess.mean(axis=0) / excess.std(axis=0)).max() * np.sqrt(stressed.dialogues) < 3.5


def test_a_posterior_given_the_text_of_other_utterances_is_not_calibrated(large: Conversations) -> None:
    # The test above can fail: a posterior that is wrong lies outside its noise floor.
    probabilities = predict(large.with_modalities(features={"text": np.roll(large.features["text"], 1, axis=0)}))
    correct = (probabilities.argmax(axis=1) == large.label).astype(float)
    found = expected_calibration_error(probabilities.max(axis=1), correct)
    assert found > noise_floor(probabilities).max()


def test_told_and_silent_are_the_same_to_it(default: Conversations) -> None:
    told, silent = (
        ModalityDrop(rate=0.5, signal=signal).apply(default, randomness=Randomness(3), training={})
        for signal in ("told", "silent")
    )
    assert told.observed["text"].sum() < silent.observed["text"].sum()
    assert np.array_equal(predict(told), predict(silent))


def test_a_dialogue_is_predicted_alike_in_any_company(default: Conversations) -> None:
    chosen = [5, 3, 150, 3]
    mixed = predict(default.take_dialogues(chosen))
    whole = predict(default)
    starts = default.starts
    assert np.array_equal(mixed, np.concatenate([whole[starts[d] : starts[d + 1]] for d in chosen]))


def test_rows_for_context_only_are_predicted_too(default: Conversations) -> None:
    context = default.change(target=np.full(len(default), -1))
    assert np.array_equal(predict(context), predict(default))


def test_the_end_of_a_dialogue_may_be_cut_off() -> None:
    data = Simulated(train=1, validation=1, test=1, turns=(6, 6))
    whole = data.load().test
    first = {name: getattr(whole, name)[:4] for name in ("dialogue", "speaker", "label", "target", "utterance_ids")}
    columns = {
        name: {m: x[:4] for m, x in getattr(whole, name).items()} for name in ("features", "observed", "present")
    }
    cut = whole.change(**first, **columns)
    silent_end = whole.with_modalities(
        features={m: x * (np.arange(6) < 4)[:, None].astype(np.float32) for m, x in whole.features.items()},
        present={m: np.arange(6) < 4 for m in whole.modalities},
    )
    assert predict(cut) == pytest.approx(predict(silent_end)[:4], abs=1e-12)


def test_fitting_and_restoring_need_nothing(default: Conversations) -> None:
    fitted = BayesOptimal().fit(default, default, context=FitContext(seed=0))
    assert fitted.record.parameters == 0
    assert fitted.record.epochs == ()
    restored = BayesOptimal().restore(fitted.state())
    assert fitted.state() == State(arrays={}, settings={})
    assert np.array_equal(restored.predict(default).probabilities, predict(default))


def test_other_data_are_declined(small: Callable[..., Conversations]) -> None:
    other = small().change(data="mosi")
    expected = "bayes_optimal needs data whose process is known, got 'mosi'; type --data simulated"
    for attempt in (
        lambda: BayesOptimal().fit(other, other, context=FitContext(seed=0)),
        lambda: FittedBayesOptimal().predict(other),
    ):
        with pytest.raises(NotApplicable) as caught:
            attempt()
        assert str(caught.value) == expected


def test_other_widths_are_declined(default: Conversations) -> None:
    with pytest.raises(NotApplicable, match=r"expects the widths \{'text': 8, .*\} of simulated:text_width=8, got"):
        predict(default.change(data="simulated:text_width=8"))


def test_a_dialogue_mean_in_place_of_a_modality_is_declined(default: Conversations) -> None:
    filled = ModalityDrop(drop=frozenset({"audio"}), fill="mean").apply(default, randomness=Randomness(0), training={})
    with pytest.raises(NotApplicable) as caught:
        predict(filled)
    assert str(caught.value) == (
        "bayes_optimal expects zeros where audio is absent, got other values at test_0000_00: a dialogue mean put in "
        "its place still tells of the dialogue, and its likelihood has no tractable form; type fill=zero"
    )


def test_a_gap_in_a_dialogue_is_declined(default: Conversations) -> None:
    names = list(default.utterance_ids)
    names[1] = "test_0000_02"
    with pytest.raises(NotApplicable, match="without gaps from their first turn on, got test_0000_02 as turn 1"):
        predict(default.change(utterance_ids=tuple(names)))
