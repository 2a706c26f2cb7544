"""What every model promises, tested over everything registered: a new file is covered the moment it exists.

A model may decline data it is not defined for (`NotApplicable`); what it declines is not asked of it. A model that
needs an argument to be made, and so cannot be made from its name alone, has tests of its own.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from emobench.baselines.base import FitContext, FittedModel, Model
from emobench.benchmark.checkpoints import load_checkpoint, save_checkpoint
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.errors import NotApplicable, SpecError
from emobench.benchmark.models import make_model
from emobench.benchmark.predictions import Predictions
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import CALIBRATORS, DATASETS, METHODS, MODELS, make, names
from emobench.benchmark.stream import session_of, turns_of
from tests.baselines.small_models import METHODS_ON, MORE, SMALL, SMALL_METHODS, WITH_METHODS

READS_PRESENT = {"bayes_optimal": "the exact posterior knows what was recorded, whatever a model is told"}
"""Models that may read `present`, each with the reason."""

ALL = ("text", "audio", "video")
SIZE = "simulated:train=12,validation=6,test=8,turns=1/6,text_width=7,audio_width=5,video_width=4"


def texts() -> list[str]:
    """Every model, every training method on one with a network, and every calibrator on a model that is quick."""
    return [
        *(SMALL.get(name, name) for name in names(MODELS)),
        *MORE,
        *(f"{model}+{SMALL_METHODS.get(name, name)}" for model in METHODS_ON for name in names(METHODS)),
        *WITH_METHODS,
        *(f"prior+{calibrator}" for calibrator in names(CALIBRATORS)),
    ]


@cache
def splits(modalities: tuple[str, ...] = ALL) -> DataSplits:
    loaded: DataSplits = make(DATASETS, SIZE).load()
    return DataSplits(
        only(loaded.train, modalities), only(loaded.validation, modalities), only(loaded.test, modalities)
    )


def only(conversations: Conversations, modalities: tuple[str, ...]) -> Conversations:
    return conversations.change(
        features={name: conversations.features[name] for name in modalities},
        observed={name: conversations.observed[name] for name in modalities},
        present={name: conversations.present[name] for name in modalities},
    )


def fit(text: str, data: DataSplits, seed: int = 0) -> FittedModel:
    return make_model(text).fit(data.train, data.validation, context=FitContext(seed=seed, monitor=data.test))


@cache
def fitted(text: str, modalities: tuple[str, ...] = ALL) -> FittedModel | None:
    """Return the model fitted on small simulated data; None: it declines them."""
    try:
        return fit(text, splits(modalities))
    except NotApplicable:
        return None


def needs_arguments(text: str) -> bool:
    try:
        make_model(text)
    except SpecError:
        return True
    return False


def predict(model: FittedModel, conversations: Conversations) -> Predictions | None:
    """Return the predictions; None: the model declines these conversations."""
    try:
        return model.predict(conversations)
    except NotApplicable:
        return None


def hit(clean: Conversations, seed: int = 0) -> Conversations:
    """Take a modality away from half of the utterances, told, and all from some."""
    rng = Randomness(seed).generator()
    kept = {name: rng.random(len(clean)) < 0.5 for name in clean.modalities}
    features = {name: np.where(kept[name][:, None], clean.features[name], 0).astype(np.float32) for name in kept}
    return clean.with_modalities(features=features, observed=kept, present=kept)


def assert_valid(predictions: Predictions, conversations: Conversations) -> None:
    p = predictions.probabilities
    assert p.shape == (len(conversations), len(conversations.classes))
    assert (p >= 0).all()
    assert np.allclose(p.sum(axis=1), 1, atol=1e-5)
    if predictions.modality_weights:
        assert set(predictions.modality_weights) == set(conversations.modalities)
        weights = np.stack(list(predictions.modality_weights.values()))
        assert weights.shape == (len(conversations.modalities), len(conversations))
        assert (weights >= 0).all()
        assert np.allclose(weights.sum(axis=0), 1, atol=1e-5)


every_model = pytest.mark.parametrize("text", [text for text in texts() if not needs_arguments(text)])


@pytest.fixture
def model(text: str) -> FittedModel:
    made = fitted(text)
    assert made is not None, "a model must accept the simulated data, which are there for every model"
    return made


@every_model
def test_it_has_the_interface(text: str, model: FittedModel) -> None:
    assert isinstance(make_model(text), Model)
    assert isinstance(make_model(text).deterministic, bool)
    assert isinstance(model, FittedModel)


@every_model
def test_probabilities_are_valid_clean_and_under_stress(model: FittedModel) -> None:
    test = splits().test
    for conversations in (test, hit(test), hit(test, seed=1)):
        predictions = predict(model, conversations)
        if predictions is not None:
            assert_valid(predictions, conversations)


@every_model
def test_a_dialogue_does_not_depend_on_the_others_nor_on_their_order(model: FittedModel) -> None:
    for conversations in (splits().test, hit(splits().test)):
        together = predict(model, conversations)
        if together is None:
            continue
        order = np.arange(conversations.dialogues)[::-1]
        starts = conversations.starts
        rows = np.concatenate([np.arange(starts[dialogue], starts[dialogue + 1]) for dialogue in order])
        turned = model.predict(conversations.take_dialogues(order))
        alone = model.predict(conversations.take_dialogues([0]))
        assert np.allclose(turned.probabilities, together.probabilities[rows], atol=1e-5)
        assert np.allclose(alone.probabilities, together.probabilities[: starts[1]], atol=1e-5)


@every_model
def test_the_input_is_untouched(text: str) -> None:
    before = splits().fingerprint
    data = DataSplits(splits().train.change(), splits().validation.change(), splits().test.change())
    fit(text, data).predict(hit(data.test))
    assert data.fingerprint == before
    assert hit(data.test).features["text"].tobytes() == hit(splits().test).features["text"].tobytes()


@every_model
def test_it_reads_what_it_is_told_and_not_what_is_there(text: str, model: FittedModel) -> None:
    if text in READS_PRESENT:
        return
    conversations = hit(splits().test)
    truth = {name: ~flags for name, flags in conversations.present.items()}
    first, second = predict(model, conversations), predict(model, conversations.with_modalities(present=truth))
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert np.array_equal(first.probabilities, second.probabilities)


@every_model
def test_labels_of_what_is_predicted_are_not_read(text: str, model: FittedModel) -> None:
    conversations = splits().test
    hidden = conversations.change(label=np.full(len(conversations), -1))
    assert np.array_equal(model.predict(conversations).probabilities, model.predict(hidden).probabilities)


@every_model
def test_it_comes_back_from_a_checkpoint_with_the_same_bits(text: str, model: FittedModel, tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "model", model.state(), "key")
    state = load_checkpoint(tmp_path / "model", "key")
    assert state is not None
    json.dumps(dict(state.settings))
    restored = make_model(text).restore(state)
    test = splits().test
    assert np.array_equal(restored.predict(test).probabilities, model.predict(test).probabilities)
    again = restored.state()
    assert again.settings == model.state().settings
    assert {name: array.tobytes() for name, array in again.arrays.items()} == {
        name: array.tobytes() for name, array in state.arrays.items()
    }


@every_model
def test_the_same_seed_gives_the_same_bits_whatever_was_drawn_before(text: str, model: FittedModel) -> None:
    torch.rand(3)
    again = fit(text, splits())
    assert np.array_equal(again.predict(splits().test).probabilities, model.predict(splits().test).probabilities)
    assert again.record.epochs == model.record.epochs


@every_model
def test_another_seed_changes_nothing_exactly_if_it_says_so(text: str, model: FittedModel) -> None:
    other = fit(text, splits(), seed=1).predict(splits().test).probabilities
    assert np.array_equal(other, model.predict(splits().test).probabilities) == make_model(text).deterministic


@every_model
@pytest.mark.parametrize("modality", ALL)
def test_one_modality_and_dialogues_of_one_turn_work(text: str, modality: str) -> None:
    model = fitted(text, (modality,))
    if model is None:
        return
    test = splits((modality,)).test
    single = test.take_dialogues([0])
    first_turn = single.change(
        features={modality: single.features[modality][:1]},
        observed={modality: single.observed[modality][:1]},
        present={modality: single.present[modality][:1]},
        dialogue=single.dialogue[:1],
        speaker=single.speaker[:1],
        label=single.label[:1],
        target=single.target[:1],
        utterance_ids=single.utterance_ids[:1],
        transcripts=single.transcripts and single.transcripts[:1],
    )
    for conversations in (test, first_turn, hit(test)):
        assert_valid(model.predict(conversations), conversations)


@every_model
def test_the_record_is_in_order(text: str, model: FittedModel) -> None:
    record = model.record
    numbers = [epoch.number for epoch in record.epochs]
    assert numbers == list(range(1, len(numbers) + 1))
    assert (record.chosen_epoch in numbers) == bool(numbers)
    assert record.parameters >= 0
    if record.selection_optimism is not None:
        assert record.selection_optimism >= 0


@every_model
def test_turn_by_turn_it_says_what_it_says_of_the_dialogue_so_far(text: str, model: FittedModel) -> None:
    for conversations in (splits().test, hit(splits().test), concealing(splits().test)):
        one = conversations.take_dialogues([int(np.diff(conversations.starts).argmax())])
        if predict(model, one) is None:
            continue
        first, second = session_of(model, one), session_of(model, one)
        for count, turn in enumerate(turns_of(one, 0), 1):
            rows = np.arange(count)
            so_far = one.take_rows(rows, dialogue=np.zeros(count, np.int64), origin=np.zeros(1, np.int64), target=rows)
            expected = model.predict(so_far)
            # Single precision: one row and many are summed in another order.
            for said in (first.feed(turn), second.feed(turn)):
                assert_valid(said, turn)
                assert np.allclose(said.probabilities[0], expected.probabilities[-1], rtol=0, atol=1e-6)
                for name, weights in expected.modality_weights.items():
                    assert np.allclose(said.modality_weights[name], weights[-1:], rtol=0, atol=1e-6)


def concealing(clean: Conversations) -> Conversations:
    """Hide a third of the features, told."""
    rng = Randomness(0).generator()
    hidden = {name: rng.random(rows.shape) < 0.3 for name, rows in clean.features.items()}
    return clean.change(concealed=hidden)
