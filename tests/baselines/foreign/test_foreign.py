"""Models that were trained elsewhere: fitted, restored, tried, and in a run."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from emobench.baselines.base import FitContext, Model, ReadsFiles
from emobench.baselines.foreign_models.fitted import FittedForeign
from emobench.baselines.foreign_models.probe import dialogues_of_different_lengths
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.errors import DataError, NotApplicable
from emobench.benchmark.models import make_model
from emobench.benchmark.training.recipe import Recipe

pytestmark = pytest.mark.usefixtures("in_this_process")


def text_of(code: Path, factory: str, **typed: str) -> str:
    arguments = {"path": str(code), "factory": factory, "output": "logits", **typed}
    return "foreign:" + ",".join(f"{name}={value}" for name, value in arguments.items())


def fitted(code: Path, splits: DataSplits, factory: str = "linear", seed: int = 0, **typed: str) -> FittedForeign:
    model = make_model(text_of(code, factory, **typed))
    found = model.fit(splits.train, splits.validation, context=FitContext(seed=seed, monitor=splits.test))
    assert isinstance(found, FittedForeign)
    return found


def by_hand(splits: DataSplits, conversations: Conversations) -> np.ndarray:
    """What `linear` says: softmax(Wx + b) with the weights that seed 5 draws."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        layer = torch.nn.Linear(sum(conversations.widths.values()), len(conversations.classes))
    rows = np.concatenate(list(conversations.features.values()), axis=1)
    with torch.no_grad():
        said: np.ndarray = layer(torch.tensor(rows)).double().softmax(dim=1).numpy()
    return said


def test_it_is_a_model_that_reads_files_and_is_not_trained(code: Path) -> None:
    model = make_model(text_of(code, "linear"))
    assert isinstance(model, Model)
    assert isinstance(model, ReadsFiles)
    assert not isinstance(model, Recipe)
    assert model.deterministic


def test_rows_are_where_they_belong(code: Path, small_splits: DataSplits) -> None:
    model = fitted(code, small_splits, batch="3")
    said = model.predict(small_splits.test).probabilities
    assert np.allclose(said, by_hand(small_splits, small_splits.test), atol=1e-6)


def test_the_record_says_what_was_found(code: Path, small_splits: DataSplits) -> None:
    record = fitted(code, small_splits).record
    assert record.parameters == 3 * (4 + 5 + 6) + 3
    assert record.notes == {"torch of the model": torch.__version__}
    on_cuda = fitted(code, small_splits, "on_cuda").record.notes
    assert on_cuda["device"] == "calls that ask for CUDA were given the CPU"


def test_what_is_hidden_comes_as_zeros(code: Path, small_splits: DataSplits) -> None:
    test = small_splits.test
    model = fitted(code, small_splits)
    seen, hidden = np.arange(len(test)) % 2 == 0, np.zeros(test.features["audio"].shape, bool)
    hidden[:, 1] = True
    told = test.with_modalities(observed={"text": seen}).change(concealed={"audio": hidden})
    zeroed = test.with_modalities(
        features={
            "text": np.where(seen[:, None], test.features["text"], 0).astype(np.float32),
            "audio": np.where(hidden, 0, test.features["audio"]).astype(np.float32),
        }
    )
    assert np.allclose(model.predict(told).probabilities, by_hand(small_splits, zeroed), atol=1e-6)


def test_the_restored_model_says_the_same(code: Path, small_splits: DataSplits) -> None:
    model = fitted(code, small_splits, "drawn", seed=4)
    again = make_model(text_of(code, "drawn")).restore(model.state())
    assert np.array_equal(
        again.predict(small_splits.test).probabilities, model.predict(small_splits.test).probabilities
    )


def test_without_a_checkpoint_for_each_seed_the_seed_changes_nothing(code: Path, small_splits: DataSplits) -> None:
    one, other = (fitted(code, small_splits, "drawn", seed=seed).predict(small_splits.test) for seed in (0, 1))
    assert np.array_equal(one.probabilities, other.probabilities)


def test_a_checkpoint_for_each_seed(code: Path, small_splits: DataSplits) -> None:
    for seed in (0, 1):
        weights = {"layer.weight": torch.zeros(3, 15), "layer.bias": torch.eye(3)[seed] * 9}
        torch.save(weights, code.with_name(f"run_{seed}.pt"))
    path = f"{code.parent}/run_%7Bseed%7D.pt"
    assert not make_model(text_of(code, "linear", checkpoint=path)).deterministic
    for seed in (0, 1):
        said = fitted(code, small_splits, seed=seed, checkpoint=path).predict(small_splits.test)
        assert (said.probabilities.argmax(axis=1) == seed).all()


@pytest.mark.parametrize(
    ("factory", "inputs", "warned"),
    [
        ("counts", "features", ""),  # adds the same to all classes
        ("orders", "features", "padding or company|the order of the dialogues"),
        ("averages", "features/mask", "padding or company|what the mask hides"),
        ("masked_average", "features/mask", ""),
    ],
)
def test_what_predictions_should_not_depend_on(
    code: Path, small_splits: DataSplits, factory: str, inputs: str, warned: str
) -> None:
    warning = str(fitted(code, small_splits, factory, inputs=inputs).record.notes.get("warning", ""))
    for what in ("padding or company", "the order of the dialogues", "what the mask hides"):
        assert (what in warning) == (what in warned.split("|")), warning
    if warned:
        assert warning.startswith("predictions depend on ")
        assert warning.endswith("; with batch=1 each dialogue is predicted alone")
    assert "warning" not in fitted(code, small_splits, factory, inputs=inputs, batch="1").record.notes


def test_dialogues_of_one_length_tell_nothing_of_padding(code: Path, small: Any) -> None:
    alike = DataSplits(*(small(lengths=(3, 3), split=name) for name in ("train", "validation", "test")))
    note = fitted(code, alike).record.notes["not checked"]
    assert note == "whether predictions depend on padding: validation has dialogues of one length only"


def test_the_dialogues_that_are_tried_include_the_shortest_and_the_longest(small: Any) -> None:
    few = dialogues_of_different_lengths(small(lengths=(4, 6, 2, 5, 3, 7, 1, 6)))
    assert few.tolist() == [3, 4, 5, 6]  # of 5, 3, 7 and 1 turns


def test_other_data_are_refused(code: Path, small_splits: DataSplits, small: Any) -> None:
    model = fitted(code, small_splits)
    with pytest.raises(DataError, match="the model was trained on"):
        model.predict(small(modalities=("text",)))
    with pytest.raises(NotApplicable, match=r"model\.py is called with 'smell', which is neither a modality of these"):
        fitted(code, small_splits, modalities="text/smell")
    with pytest.raises(NotApplicable, match="called with 'mouth'"):
        fitted(code, small_splits, inputs="text/mouth")


def test_more_speakers_than_there_is_room_for(code: Path, small_splits: DataSplits) -> None:
    typed = {"inputs": "features/speakers", "speakers": "one_hot"}
    model = fitted(code, small_splits, "speaker_bias", 0, **typed)
    assert model.sizes["speakers"] == 2
    test = small_splits.test
    crowded = test.change(speaker=np.where(np.arange(len(test)) == 3, 4, test.speaker))
    with pytest.raises(NotApplicable) as caught:
        model.predict(crowded)
    assert str(caught.value) == (
        "model.py is given speakers as one of 2, and a dialogue has 5; declare speaker_count=5"
    )
    roomy = fitted(code, small_splits, "speaker_bias", 0, speaker_count="5", **typed)
    assert roomy.sizes["speakers"] == 5
    assert roomy.predict(crowded).probabilities.shape == (len(test), 3)


def test_a_modality_named_among_the_inputs_is_given_beside_those_that_are_joined(
    code: Path, small_splits: DataSplits
) -> None:
    model = fitted(code, small_splits, modalities="text/audio", inputs="features/observed")
    assert model.record.parameters == 3 * (4 + 5) + 3


def test_what_breaks_the_contract_is_said_before_anything_is_computed(code: Path, small_splits: DataSplits) -> None:
    with pytest.raises(DataError, match=r"^model\.py: expected probabilities of at least 0, got \["):
        fitted(code, small_splits, output="probabilities")
