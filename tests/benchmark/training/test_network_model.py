"""Any network as a fitted model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from emobench.baselines.base import FitContext, State
from emobench.benchmark.checkpoints import load_checkpoint, save_checkpoint
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.errors import DataError
from emobench.benchmark.training.batches import Batch, Output
from emobench.benchmark.training.companions import Companion, Course
from emobench.benchmark.training.layers import Standardiser
from emobench.benchmark.training.network_model import fit_network, restore_network
from emobench.benchmark.training.options import TrainingOptions
from emobench.benchmark.training.recipe import Loss, Recipe
from emobench.benchmark.training.task import Task

Make = Callable[..., Conversations]


class Recurrent(nn.Module):
    """Standardised text, a GRU forwards in time, and a linear layer."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.standardiser = Standardiser("text", task.widths["text"])
        self.memory = nn.GRU(task.widths["text"], 8, batch_first=True)
        self.last = nn.Linear(8, task.classes)

    def forward(self, batch: Batch) -> Output:
        hidden, _ = self.memory(self.standardiser(batch.features["text"]))
        return Output(self.last(hidden), hidden=hidden)


@dataclass(frozen=True)
class Example:
    """The shortest torch baseline."""

    epochs: int = 4

    def network(self, task: Task) -> nn.Module:
        return Recurrent(task)

    def objective(self, task: Task) -> Loss:
        return lambda output, batch: nn.functional.cross_entropy(
            output.logits.flatten(0, 1), batch.label.flatten(), ignore_index=-1
        )

    def options(self) -> TrainingOptions:
        return TrainingOptions(epochs=self.epochs, learning_rate=0.01, batch_dialogues=2)


def test_the_example_is_a_recipe() -> None:
    assert isinstance(Example(), Recipe)


def test_the_same_seed_gives_the_same_bits_whatever_was_drawn_before(small_splits: DataSplits) -> None:
    def probabilities(seed: int) -> bytes:
        torch.rand(7)
        model = fit_network(Example(), small_splits.train, small_splits.validation, context=FitContext(seed=seed))
        return model.predict(small_splits.test).probabilities.tobytes()

    assert probabilities(1) == probabilities(1)
    assert probabilities(1) != probabilities(2)


def test_torchs_generator_is_left_alone(small_splits: DataSplits) -> None:
    before = torch.get_rng_state()
    model = fit_network(Example(1), small_splits.train, small_splits.validation, context=FitContext(seed=0))
    restore_network(Example(), model.state())
    assert torch.equal(torch.get_rng_state(), before)


def test_restored_from_a_checkpoint_it_predicts_the_same_bits(small_splits: DataSplits, tmp_path: Path) -> None:
    model = fit_network(Example(), small_splits.train, small_splits.validation, context=FitContext(seed=0))
    save_checkpoint(tmp_path / "model", model.state(), "key")
    state = load_checkpoint(tmp_path / "model", "key")
    assert isinstance(state, State)
    again = restore_network(Example(), state)
    assert np.array_equal(
        again.predict(small_splits.test).probabilities, model.predict(small_splits.test).probabilities
    )
    assert "standardiser.mean" in state.arrays
    assert np.allclose(state.arrays["standardiser.mean"], small_splits.train.features["text"].mean(axis=0), atol=1e-6)


def test_a_state_of_another_model_is_refused_in_one_line(small_splits: DataSplits) -> None:
    model = fit_network(Example(1), small_splits.train, small_splits.validation, context=FitContext(seed=0))
    state = model.state()
    for arrays, said in (
        ({**state.arrays, "last.bias": np.zeros(9, np.float32)}, r"last\.bias should be \d+ and is 9"),
        ({**state.arrays, "gate": np.zeros((2, 3), np.float32)}, "gate should be absent and is 2 × 3"),
        ({n: a for n, a in state.arrays.items() if n != "last.bias"}, r"last\.bias should be \d+ and is absent"),
        ({**state.arrays, "last.bias": np.zeros((), np.float32)}, r"last\.bias should be \d+ and is a number"),
    ):
        with pytest.raises(DataError, match=f"expected the weights of this very model, got others: {said}; train"):
            restore_network(Example(1), State(arrays, state.settings))
    with pytest.raises(DataError, match="expected a stored task, got None; train the model again"):
        restore_network(Example(1), State({}, {"parts": []}))


def test_a_dialogue_does_not_depend_on_the_others(small_splits: DataSplits, small: Make) -> None:
    model = fit_network(Example(), small_splits.train, small_splits.validation, context=FitContext(seed=0))
    conversations = small(lengths=(3, 40, 1, 30, 300, 5, 600))
    together = model.predict(conversations, hidden=True)
    assert together.hidden is not None
    for dialogue in range(conversations.dialogues):
        rows = slice(*conversations.starts[dialogue : dialogue + 2])
        alone = model.predict(conversations.take_dialogues([dialogue]), hidden=True)
        assert np.allclose(alone.probabilities, together.probabilities[rows], atol=1e-5)
        assert alone.hidden is not None
        assert np.allclose(alone.hidden, together.hidden[rows], atol=1e-5)


def test_the_record_says_how_it_was_fitted(small_splits: DataSplits) -> None:
    context = FitContext(seed=0, monitor=small_splits.test)
    model = fit_network(Example(), small_splits.train, small_splits.validation, context=context)
    # GRU: 3·8·(4 + 8 + 2); linear: 8·3 + 3.
    assert model.record.parameters == 336 + 27
    assert [epoch.number for epoch in model.record.epochs] == [1, 2, 3, 4]
    assert model.record.selection_optimism is not None
    assert model.record.selection_optimism >= 0
    assert isinstance(model.record.notes["milliseconds per utterance"], float)
    assert model.noting({"temperature": 2.0}).record.notes["temperature"] == 2.0


def test_hidden_vectors_come_only_when_asked_for(small_splits: DataSplits) -> None:
    model = fit_network(Example(1), small_splits.train, small_splits.validation, context=FitContext(seed=0))
    assert model.predict(small_splits.test).hidden is None
    asked = model.hidden_vectors(small_splits.test)
    assert asked is not None
    assert np.array_equal(asked, model.predict(small_splits.test, hidden=True).hidden)


def test_other_widths_are_refused(small_splits: DataSplits, small: Make) -> None:
    model = fit_network(Example(1), small_splits.train, small_splits.validation, context=FitContext(seed=0))
    with pytest.raises(DataError, match=r"^the model was trained on {'text': 4, 'audio': 5, 'video': 6} and 3 classes"):
        model.predict(small(modalities=("audio", "text", "video")))


class Noting(Companion):
    """Looks at the run before its first step, and notes it."""

    def __init__(self, course: Course, name: str) -> None:
        self.weight = course.network.last.weight.detach().clone()  # type: ignore[union-attr,operator]  # a linear layer
        # What is drawn here must not change the weights, which are there already.
        torch.rand(5)
        self.name, self.task = name, course.task

    def notes(self) -> Mapping[str, float | str]:
        return {f"{self.name} saw classes": float(self.task.classes), "both": self.name}


@dataclass(frozen=True)
class Notes:
    """A method that notes something."""

    name: str
    made: list[Noting]

    def companion(self, course: Course) -> Companion:
        self.made.append(Noting(course, self.name))
        return self.made[-1]


def test_companions_see_the_first_weights_and_add_notes(small_splits: DataSplits) -> None:
    made: list[Noting] = []
    context = FitContext(seed=0, methods=(Notes("one", made), Notes("two", made)))
    model = fit_network(Example(1), small_splits.train, small_splits.validation, context=context)
    assert model.record.notes["one saw classes"] == model.record.notes["two saw classes"] == 3
    assert model.record.notes["both"] == "two", "the later one has the last word"
    assert model.record.notes["selected by"] == "validation weighted_f1"
    assert torch.equal(made[0].weight, made[1].weight)
    plain = fit_network(Example(1), small_splits.train, small_splits.validation, context=FitContext(seed=0))
    assert torch.equal(model.network.last.weight, plain.network.last.weight)  # type: ignore[union-attr,arg-type]
    assert not torch.equal(model.network.last.weight, made[0].weight)  # type: ignore[union-attr,arg-type]
