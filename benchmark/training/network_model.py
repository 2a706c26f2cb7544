"""The fitted model around any network: training, prediction, state."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import nn

from ...baselines.base import FitContext, State, TrainingRecord
from ..conversations import Conversations
from ..errors import DataError
from ..gold import gold_classes, loss_slopes
from ..pieces import MakesPieces
from ..predictions import Predictions
from .batch_pieces import SharedBatches, only_batches
from .companions import Course
from .gradients import feature_gradients
from .inference import milliseconds_per_utterance, predict, predict_pieces
from .loop import Training
from .recipe import Recipe
from .scores import chosen_epoch, selection_optimism
from .streams import NetworkSession, Streams
from .task import Task
from .threads import suits_one_thread, threads_for


@runtime_checkable
class Learning(Protocol):
    """A layer that takes something from the training split before the first step."""

    def learn(self, train: Conversations) -> None:
        """Look at the training split."""
        ...


@dataclass(frozen=True, eq=False)
class NetworkModel:
    """A trained network."""

    network: nn.Module
    """On `device`, in evaluation mode whenever it predicts."""
    task: Task
    """What it was trained on."""
    device: str
    """`cpu` or `cuda`."""
    record: TrainingRecord = field(default_factory=TrainingRecord)
    """How it was fitted; empty after `restore`."""

    @property
    def honours_links(self) -> bool:
        """What the network says of itself by `honours_links = True`; one that says nothing does not."""
        return bool(getattr(self.network, "honours_links", False))

    def session(self) -> NetworkSession | None:
        """Return a session at the start of a dialogue; None where the network answers whole dialogues only."""
        step = self.network.stream() if isinstance(self.network, Streams) else None
        if step is None:
            return None
        self.network.eval()
        return NetworkSession(step, self.task, self.device, suits_one_thread(self.network))

    def predict(self, conversations: Conversations, *, hidden: bool = False) -> Predictions:
        """Return one row per row of `conversations`; `hidden` adds the vectors before the last layer.

        Raises
        ------
        DataError
            When modalities, widths or the number of classes are not those of the training split.
        """
        self.task.require(conversations)
        with threads_for(self.network):
            return predict(self.network, conversations, device=self.device, hidden=hidden)

    def pieces_like(self, clean: Conversations) -> MakesPieces:
        """Return what makes the batches of an input; tensors of arrays shared with `clean` are made once."""
        shared = SharedBatches(clean, device=self.device)

        def pieces(conversations: Conversations) -> Iterator[object]:
            self.task.require(conversations)
            yield from shared.pieces_of(conversations)

        return pieces

    def predict_pieces(self, pieces: Iterator[object], rows: int) -> Predictions:
        """Return one row per row of the input of which these are the batches, just as `predict` does."""
        with threads_for(self.network):
            return predict_pieces(self.network, only_batches(pieces), rows=rows)

    def hidden_vectors(self, conversations: Conversations) -> Float[np.ndarray, "utterances width"] | None:
        """Return the vectors before the last layer; None where the network gives none. Errors as `predict`."""
        return self.predict(conversations, hidden=True).hidden

    def feature_gradients(
        self, conversations: Conversations, slopes: Float[np.ndarray, "utterances classes"]
    ) -> Mapping[str, Float32[np.ndarray, "utterances width"]]:
        """Return per modality the gradient of Σ slopes · log p with respect to the features.

        Raises
        ------
        DataError
            As `predict`.
        """
        self.task.require(conversations)
        with threads_for(self.network):
            return feature_gradients(self.network, conversations, slopes, device=self.device)

    def loss_gradients(self, conversations: Conversations) -> Mapping[str, Float32[np.ndarray, "utterances width"]]:
        """Return per modality the gradient of Σ −log p[gold] over the rows that are read (`target` ≥ 0).

        Where a label is unknown the class stands in that the network predicts for these very features.

        Raises
        ------
        DataError
            As `predict`.
        """
        return self.feature_gradients(
            conversations, loss_slopes(conversations, gold_classes(conversations, self.predict))
        )

    def state(self) -> State:
        """Return parameters and buffers by name, and the task."""
        arrays = {name: value.detach().cpu().numpy().copy() for name, value in self.network.state_dict().items()}
        return State(arrays=arrays, settings={"task": self.task.settings()})

    def noting(self, notes: Mapping[str, float | str]) -> "NetworkModel":
        """Return the same model with more notes in its record."""
        return replace(self, record=replace(self.record, notes={**self.record.notes, **notes}))


def fit_network(
    recipe: Recipe, train: Conversations, validation: Conversations, *, context: FitContext
) -> NetworkModel:
    """Train the network of `recipe` and keep the weights of the chosen epoch.

    The same seed gives the same numbers on the same machine and device, whatever was drawn before; torch's global
    generator is as it was afterwards.

    Raises
    ------
    DataError
        When training or validation has no labels.
    EmobenchError
        When training diverges.
    """
    task = Task.of(train)
    task.require(validation)
    options = recipe.options()
    with _seeded(context):
        network = _with_first_weights(recipe, task, train, context)
        with threads_for(network):
            objective = recipe.objective(task)
            course = Course(recipe, task, network, objective, train, validation, options, context)
            companions = tuple(method.companion(course) for method in context.methods)
            training = Training(network, objective, train, validation, options, context, companions)
            epochs = training.run()
            milliseconds = milliseconds_per_utterance(network, validation, device=context.device)
    chosen = chosen_epoch(
        epochs, selection=context.selection, select_by=options.select_by, keeps_last=training.keeps_last
    )
    record = TrainingRecord(
        epochs=epochs,
        chosen_epoch=chosen.number,
        selection="validation" if training.keeps_last else context.selection,
        selection_optimism=selection_optimism(epochs, select_by=options.select_by, keeps_last=training.keeps_last),
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        notes={
            "selected by": _selected_by(training),
            "milliseconds per utterance": milliseconds,
            **{name: note for companion in companions for name, note in companion.notes().items()},
        },
    )
    return NetworkModel(network, task, context.device, record)


def untrained_network(recipe: Recipe, train: Conversations, *, context: FitContext) -> NetworkModel:
    """Return the model as `fit_network` would begin with it: first weights, for figures that need no training.

    Raises
    ------
    DataError
        When training has no labels.
    """
    task = Task.of(train)
    with _seeded(context):
        network = _with_first_weights(recipe, task, train, context)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return NetworkModel(network, task, context.device, TrainingRecord(parameters=parameters))


def _with_first_weights(recipe: Recipe, task: Task, train: Conversations, context: FitContext) -> nn.Module:
    network = recipe.network(task)
    for layer in network.modules():
        if isinstance(layer, Learning):
            layer.learn(train)
    return network.to(context.device)


def _selected_by(training: Training) -> str:
    if training.keeps_last:
        return "nothing: the weights at the end"
    test = training.context.selection == "test"
    return "test weighted_f1" if test else f"validation {training.options.select_by}"


def restore_network(recipe: Recipe, state: State, *, device: str = "cpu") -> NetworkModel:
    """Return the model that gave `state`; on the CPU its predictions are the same to the last bit.

    Raises
    ------
    DataError
        When the state is not one of this model: of another model, another preset, or another version of it.
    """
    task = Task.from_settings(state.settings.get("task"))
    with torch.random.fork_rng(devices=[]):
        # The first weights are thrown away; drawing them must not change what others draw.
        network = recipe.network(task)
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    got = {name: array.shape for name, array in state.arrays.items()}
    if expected != got:
        name = min({*expected.items()} ^ {*got.items()})[0]
        raise DataError(
            f"expected the weights of this very model, got others: {name} should be {_of_shape(expected.get(name))} "
            f"and is {_of_shape(got.get(name))}; train the model again"
        )
    network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in state.arrays.items()})
    return NetworkModel(network.to(device), task, device)


def _of_shape(shape: tuple[int, ...] | None) -> str:
    return "absent" if shape is None else " × ".join(map(str, shape)) or "a number"


@contextmanager
def _seeded(context: FitContext) -> Iterator[None]:
    devices = [torch.cuda.current_device()] if context.device == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(context.randomness.for_("torch").torch_seed())
        yield
