"""A small network that hears every modality and every turn, to try training methods on."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from emobench.baselines.base import FitContext, FittedModel, NetworkMethod, State
from emobench.benchmark.conversations import Conversations, DataSplits
from emobench.benchmark.losses import classification_loss
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import PROTOCOLS, make
from emobench.benchmark.stressed import predict_under
from emobench.benchmark.training.batches import Batch, Output, make_batch
from emobench.benchmark.training.companions import Course, Step
from emobench.benchmark.training.conversation_layers import pairs
from emobench.benchmark.training.network_model import NetworkModel, fit_network, restore_network
from emobench.benchmark.training.options import TrainingOptions
from emobench.benchmark.training.recipe import Loss
from emobench.benchmark.training.task import Task

SHORT = TrainingOptions(epochs=2, batch_dialogues=3, learning_rate=0.02)


class ToyNetwork(nn.Module):
    """Each turn by itself and the mean of the turns it may draw on; a hidden layer, perhaps normalised; a head."""

    def __init__(self, task: Task, toy: "Toy") -> None:
        super().__init__()
        self.toy, self.honours_links = toy, toy.links
        width = sum(task.widths.values())
        self.own, self.around = nn.Linear(width, 6), nn.Linear(width, 6, bias=False)
        self.norm = nn.BatchNorm1d(6) if toy.norm else None
        self.dropout = nn.Dropout(toy.dropout)
        self.last = nn.Linear(6, task.classes)

    def forward(self, batch: Batch) -> Output:
        rows = torch.cat([x * batch.observed[name].unsqueeze(-1) for name, x in batch.features.items()], dim=-1)
        allowed = pairs(batch).to(rows)
        hidden = self.own(rows) + self.around(allowed @ rows / allowed.sum(dim=-1, keepdim=True))
        if self.norm is not None:
            hidden = torch.zeros_like(hidden).masked_scatter(batch.valid.unsqueeze(-1), self.norm(hidden[batch.valid]))
        hidden = torch.tanh(hidden)
        return Output(self.last(self.dropout(hidden)), hidden=hidden if self.toy.hidden else None)


@dataclass(frozen=True)
class Toy:
    """The recipe."""

    dropout: float = 0.0
    links: bool = True
    hidden: bool = True
    norm: bool = False
    training: TrainingOptions = SHORT

    deterministic = False

    def network(self, task: Task) -> nn.Module:
        return ToyNetwork(task, self)

    def objective(self, task: Task) -> Loss:
        return classification_loss("cross_entropy", task.class_counts, gamma=2.0, class_power=0.5)

    def options(self) -> TrainingOptions:
        return self.training

    def fit(self, train: Conversations, validation: Conversations, *, context: FitContext) -> FittedModel:
        return fit_network(self, train, validation, context=context)

    def restore(self, state: State, *, device: str = "cpu") -> FittedModel:
        return restore_network(self, state, device=device)


def course_of(recipe: Toy, splits: DataSplits, *, seed: int = 0) -> Course:
    """Return a training run before its first step; all weights are drawn, and large."""
    task = Task.of(splits.train)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = recipe.network(task)
        for parameter in network.parameters():
            nn.init.normal_(parameter, std=0.5)
    objective, context = recipe.objective(task), FitContext(seed=seed)
    return Course(recipe, task, network, objective, splits.train, splits.validation, recipe.options(), context)


def step_of(course: Course, dialogues: list[int] | None = None, *, again: bool = False) -> Step:
    """Return a step on some dialogues, or all of them."""
    chosen = np.arange(course.train.dialogues) if dialogues is None else np.array(dialogues)
    batch = make_batch(course.train, chosen, device="cpu")
    return Step(batch, course.network.train()(batch), chosen, course.train, again)


def fit(recipe: Toy, splits: DataSplits, *methods: NetworkMethod, seed: int = 0) -> NetworkModel:
    """Return the recipe fitted with methods; they are scored on test after every epoch, too."""
    context = FitContext(seed=seed, monitor=splits.test, methods=methods)
    return fit_network(recipe, splits.train, splits.validation, context=context)


def weights(model: NetworkModel) -> dict[str, bytes]:
    """Return all that was learned, to the last bit."""
    return {name: array.tobytes() for name, array in model.state().arrays.items()}


def log_p_under(network: nn.Module, conversations: Conversations, stress: str) -> np.ndarray:
    """Return log p of every utterance under a stress, as a run of the suite finds it; "": clean."""
    model = NetworkModel(network, Task.of(conversations), "cpu")
    stressed = conversations
    if stress:
        stressed = make(PROTOCOLS, stress).apply(conversations, randomness=Randomness(0), training={})
    return np.log(predict_under(model, conversations, stressed).probabilities)


def removals(mode: str, modalities: tuple[str, ...] = ("text", "audio", "video")) -> Mapping[str, str]:
    """Return the stress of each of the five things that are removed."""
    return {
        **{name: f"modality_drop:drop={name}" for name in modalities},
        **{name: f"context_removal:context={name},mode={mode}" for name in ("intra", "inter")},
    }


def padded(values: np.ndarray, conversations: Conversations) -> Tensor:
    """Return rows as one batch of all dialogues, 0 at padding."""
    starts = conversations.starts
    out = np.zeros((conversations.dialogues, int(np.diff(starts).max()), *values.shape[1:]), values.dtype)
    for dialogue in range(conversations.dialogues):
        part = values[starts[dialogue] : starts[dialogue + 1]]
        out[dialogue, : len(part)] = part
    return torch.from_numpy(out)
