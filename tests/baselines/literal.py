"""Slow helpers of tests that work a network's equations out in numpy, one dialogue and one turn at a time."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from emobench.baselines.network_baseline import NetworkBaseline
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.training.batches import Output, make_batch
from emobench.benchmark.training.task import Task

Weights = dict[str, np.ndarray]


def weights_of(network: nn.Module) -> Weights:
    """Return parameters and buffers by name, in double precision."""
    return {name: value.double().numpy() for name, value in network.state_dict().items()}


def shaken(make: Callable[[], nn.Module], *, std: float = 0.3, seed: int = 0) -> nn.Module:
    """Return a network all of whose parameters are drawn: biases of zero and norms of one could hide a mistake."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = make()
        for parameter in made.parameters():
            nn.init.normal_(parameter, std=std)
    return made.eval()


def output(network: nn.Module, conversations: Conversations) -> Output:
    """Return what a network says of all dialogues as one batch, without gradients."""
    with torch.no_grad():
        got: Output = network(make_batch(conversations, np.arange(conversations.dialogues), device="cpu"))
    return got


def rows_of(values: torch.Tensor, conversations: Conversations) -> np.ndarray:
    """Return padded values as rows, in the order of the conversations."""
    lengths = np.diff(conversations.starts)
    return np.concatenate([values[place, :length].numpy() for place, length in enumerate(lengths)])


def only_rows(conversations: Conversations, kept: np.ndarray) -> Conversations:
    """Return the conversations without the other rows; every dialogue keeps one or more."""
    rows = np.flatnonzero(kept)
    taken = conversations.take_rows(
        rows, dialogue=conversations.dialogue[rows], origin=np.arange(conversations.dialogues)
    )
    return taken.change(target=np.arange(len(rows), dtype=np.int64))


def hidden_turns(conversations: Conversations, rows: list[int]) -> Conversations:
    """Return the conversations with nothing observed at the named rows."""
    observed = {name: flags.copy() for name, flags in conversations.observed.items()}
    for flags in observed.values():
        flags[rows] = False
    return conversations.with_modalities(observed=observed)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Return 1/(1 + e^−x)."""
    return np.asarray(1 / (1 + np.exp(-x)))


def softmax(x: np.ndarray) -> np.ndarray:
    """Return the softmax of a vector."""
    grown = np.exp(x - x.max())
    return np.asarray(grown / grown.sum())


def norm(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return the layer norm of a vector."""
    return np.asarray((x - x.mean()) / np.sqrt(x.var() + 1e-5) * weight + bias)


def gelu(x: np.ndarray) -> np.ndarray:
    """Return x Φ(x), Φ being the normal distribution's."""
    return np.array([value * (1 + math.erf(value / math.sqrt(2))) / 2 for value in x])


def echo(small: Callable[..., Conversations], split: str) -> Conversations:
    """Return dialogues in which a turn's class is what the turn before it says; that of a first turn is 0."""
    conversations = small(lengths=(4,) * 32, modalities=("text",), split=split)
    said = Randomness(0, ("said", split)).generator().integers(0, 3, len(conversations))
    label = np.where(conversations.turn > 0, np.roll(said, 1), 0)
    return conversations.change(features={"text": np.eye(4, dtype=np.float32)[said]}, label=label)


def accuracy_after_training(network: nn.Module, train: Conversations, test: Conversations, *, steps: int) -> float:
    """Train on all dialogues at once and return the share of right answers on others."""
    batch = make_batch(train, np.arange(train.dialogues), device="cpu")
    optimiser = torch.optim.Adam(network.train().parameters(), lr=1e-2)
    for _ in range(steps):
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(batch).logits.flatten(0, 1), batch.label.flatten()).backward()
        optimiser.step()
    return float(np.mean(rows_of(output(network.eval(), test).logits, test).argmax(axis=1) == test.label))


def parameters_of(model: NetworkBaseline, task: Task) -> int:
    """Return the number of parameters of a model's network; no weights are drawn."""
    with torch.device("meta"):
        network = model.network(task)
    return sum(parameter.numel() for parameter in network.parameters())
