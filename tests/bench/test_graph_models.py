"""How fast graph models train, as a ratio to a literal version of the same equations: dialogue by dialogue, edge lists.

The literal version reads one dialogue after the other: encoders, then the graphs from lists of their edges, head. A
second one, stricter, shares the encoders, which read all dialogues of a batch at once in both, and differs in the
graphs alone. All must have the same loss in every batch before any is timed. The floor is the time of the encoders, the
head, the loss and the optimiser's step, with the graphs left out: what no graph can be faster than.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np
import pytest
import torch
from claims import Claims
from pytest_benchmark.fixture import BenchmarkFixture
from torch import Tensor, nn
from torch.nn import functional

from emobench.baselines.m3net import M3Net
from emobench.baselines.m3net_network import M3NetNetwork
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.models import make_model
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.registry import DATASETS, make
from emobench.benchmark.training.batches import Batch, Output, make_batch, training_batches
from emobench.benchmark.training.task import Task

ROUNDS = 3
Forward = Callable[[Batch], Output]


@dataclass(frozen=True)
class Setting:
    """A model and the data that it is trained on."""

    text: str
    """The model; without dropout, so that losses can be compared."""
    data: str
    """The data set, of whose training split an epoch is made."""
    at_least: float
    """How many times faster an epoch has to be than its literal version."""


SETTINGS = {
    "suite": Setting("m3net:dropout=0", "simulated", 5),
    # Dialogues as long as IEMOCAP's, about 50 turns; few of them, since every batch is alike. What ties a dialogue to
    # its batch is left out: one version reads each on its own.
    "paper": Setting(
        "m3net:preset=paper,dropout=0,edge_weights=clean,packed=true,text_norm=none",
        "simulated:train=16,turns=25/72,text_width=4096,audio_width=1582,video_width=342",
        2,
    ),
}


def literal(network: M3NetNetwork) -> Forward:
    """Return the forward pass of one dialogue after the other."""

    def forward(batch: Batch) -> Output:
        rows = []
        for dialogue, length in enumerate(batch.valid.sum(dim=1).tolist()):
            alone = through(network, literal_graphs)(one(batch, dialogue, length))
            rows.append(functional.pad(alone.logits[0], (0, 0, 0, batch.valid.shape[1] - length)))
        return Output(torch.stack(rows))

    return forward


def one(batch: Batch, dialogue: int, length: int) -> Batch:
    """Return one dialogue of a batch, without padding."""
    part = (slice(dialogue, dialogue + 1), slice(length))
    return Batch(
        features={modality: rows[part] for modality, rows in batch.features.items()},
        observed={modality: rows[part] for modality, rows in batch.observed.items()},
        valid=batch.valid[part],
        speaker=batch.speaker[part],
        label=batch.label[part],
    )


def literal_graphs(network: M3NetNetwork, nodes: Tensor, batch: Batch) -> Tensor:
    """Return what `network.graphs` does when everything is observed: for each dialogue, over lists of its edges."""
    rows = []
    for dialogue, length in enumerate(batch.valid.sum(dim=1).tolist()):
        x = nodes[dialogue, :, :length].flatten(0, 1)
        hyper, frequency = hypergraph(network, x, length), multi_frequency(network, x, length)
        both = torch.cat([hyper, frequency], dim=-1).unflatten(0, (-1, length)).transpose(0, 1).flatten(1)
        rows.append(functional.pad(both, (0, 0, 0, nodes.shape[2] - length)))
    return torch.stack(rows)


def hypergraph(network: M3NetNetwork, x: Tensor, turns: int) -> Tensor:
    """Return LeakyReLU(D⁻¹ H B⁻¹ Hᵀ X + b), layer after layer, from the list of (node, hyperedge) pairs."""
    modalities = len(x) // turns
    node = torch.arange(len(x)).repeat(2)
    edge = torch.cat([torch.arange(len(x)) // turns, modalities + torch.arange(len(x)) % turns])
    w = functional.softplus(network.edge_weights.raw)
    weight = torch.cat([w[:-1], w[-1].expand(turns)])
    degree = x.new_zeros(len(x)).index_add(0, node, weight[edge])
    size = x.new_zeros(modalities + turns).index_add(0, edge, torch.ones(len(edge)))
    for layer in network.hyper:
        of_edges = x.new_zeros(len(size), x.shape[1]).index_add(0, edge, x[node]) / size[:, None]
        of_nodes = torch.zeros_like(x).index_add(0, node, of_edges[edge]) / degree[:, None]
        x = functional.leaky_relu(of_nodes + layer.bias, 0.01)
    return x


def multi_frequency(network: M3NetNetwork, x: Tensor, turns: int) -> Tensor:
    """Return x_i + Σ_j tanh(uᵀ[x_i ; x_j] + c) x_j / √(deg_i deg_j), layer after layer, from the list of edges."""
    node = torch.arange(len(x))
    modality, turn = node // turns, node % turns
    joined = (modality[:, None] == modality) ^ (turn[:, None] == turn)
    receiver, sender = joined.nonzero(as_tuple=True)
    degree = torch.bincount(receiver, minlength=len(x)).to(x)
    norm = (degree[receiver] * degree[sender]).clamp(min=1).rsqrt()
    for layer in network.frequency:
        gate = torch.tanh(layer.gate(torch.cat([x[receiver], x[sender]], dim=-1))) * norm[:, None]
        x = x.index_add(0, receiver, gate * x[sender])
    return x


def through(network: M3NetNetwork, graphs: Callable[[M3NetNetwork, Tensor, Batch], Tensor]) -> Forward:
    """Return the forward pass of the network with other graphs in the place of its own."""

    def forward(batch: Batch) -> Output:
        seen = network.input(batch)
        there = batch.valid.unsqueeze(-1).expand_as(seen.there)
        hidden = graphs(network, network.encoded(batch, seen, there), batch)
        return Output(network.output(torch.relu(network.dropout(hidden))), hidden=hidden)

    return forward


def no_graphs(network: M3NetNetwork, nodes: Tensor, batch: Batch) -> Tensor:
    """Return the nodes twice, in the place of what the two graphs make of them."""
    return torch.cat([nodes, nodes], dim=-1).transpose(1, 2).flatten(-2)


@dataclass(frozen=True, eq=False)
class Race:
    """One epoch, as the trainer does it, for several forward passes of one network."""

    model: M3Net
    """Says loss and step."""
    network: nn.Module
    """Whose parameters are trained."""
    batches: list[Batch]
    """Of one epoch."""
    task: Task
    """Of the data."""

    def losses(self, forward: Forward) -> list[float]:
        """Return the loss of every batch."""
        loss = self.model.objective(self.task)
        with torch.no_grad():
            return [float(loss(forward(batch), batch)) for batch in self.batches]

    def epoch(self, forward: Forward) -> float:
        """Return the seconds of an epoch; the steps are too small to change anything."""
        loss, options = self.model.objective(self.task), self.model.options()
        optimiser = torch.optim.AdamW(self.network.parameters(), lr=1e-12, weight_decay=0.0, fused=True)
        started = 0.0
        # One batch before the clock starts: memory that another version has given back would be paid for here.
        for place, batch in enumerate([self.batches[0], *self.batches]):
            if place == 1:
                started = time.perf_counter()
            optimiser.zero_grad(set_to_none=True)
            loss(forward(batch), batch).backward()
            if options.clip:
                nn.utils.clip_grad_norm_(self.network.parameters(), options.clip)
            optimiser.step()
        return time.perf_counter() - started


def race(setting: Setting) -> tuple[Race, M3NetNetwork]:
    """Return an epoch of the model of a setting, and its network."""
    model = make_model(setting.text)
    assert isinstance(model, M3Net)
    train: Conversations = make(DATASETS, setting.data).load().train
    task = Task.of(train)
    torch.manual_seed(0)
    network = model.network(task)
    size, rng = model.options().batch_dialogues, Randomness(0, ("bench",)).generator()
    batches = [make_batch(train, chosen, device="cpu") for chosen in training_batches(train, size=size, rng=rng)]
    return Race(model, network.train(), batches, task), network


@pytest.fixture(autouse=True)
def one_thread() -> object:
    """Measure on one thread, as the trainer does with small networks."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("size", SETTINGS)
def test_an_epoch_against_lists_of_edges_dialogue_by_dialogue(
    benchmark: BenchmarkFixture, claim: Claims, size: str
) -> None:
    """A training epoch of m3net, against the same equations over lists of edges, at equal loss."""
    epoch, network = race(SETTINGS[size])
    passes: dict[str, Forward] = {
        "dense": network,
        "literal": literal(network),
        "literal graphs": through(network, literal_graphs),
    }
    losses = {name: epoch.losses(forward) for name, forward in passes.items()}
    for name in passes:
        assert np.allclose(losses[name], losses["dense"], rtol=1e-5, atol=1e-6), name
    passes["floor"] = through(network, no_graphs)
    # Side by side, round after round: what else the machine does slows all alike.
    rounds = [{name: epoch.epoch(forward) for name, forward in passes.items()} for _ in range(ROUNDS)]
    times = {name: median(seconds[name] for seconds in rounds) for name in passes}
    benchmark.pedantic(lambda: epoch.epoch(network), rounds=1)
    benchmark.extra_info["without graphs, share of the time"] = round(times["floor"] / times["dense"], 2)
    what = "m3net:preset=paper" if size == "paper" else "m3net"
    for name, least, which, reference in (
        ("literal", SETTINGS[size].at_least, "an epoch", "dialogue by dialogue on lists of edges"),
        ("literal graphs", 2, "an epoch, graphs alone", "graphs on lists of edges, all else shared"),
    ):
        ours, theirs = times["dense"], times[name]
        claim(f"training: {what}, {which}", theirs / ours, at_least=least, reference=reference, measured=(ours, theirs))
