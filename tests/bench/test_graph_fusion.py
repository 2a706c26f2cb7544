"""MMGCN and MM-DFN on padded batches, against the same equations dialogue by dialogue on lists of edges.

The reference is what one would write from the equations: for each dialogue a list of edges with a weight each, messages
gathered along the edges and summed at their targets, [s ; h⁰] W_l and the residual as printed. It shares the layers
that are not the graph's (projections, recurrent layers, classifier) with the model, run on one dialogue at a time.
Dropout is off, so that both do the same steps to the same losses; recurrent layers leave out padding.
"""

import copy
import math
import time
from collections.abc import Callable, Iterator
from statistics import median

import numpy as np
import pytest
import torch
from claims import Claims
from pytest_benchmark.fixture import BenchmarkFixture
from torch import Tensor, nn

from emobench.baselines.mm_dfn_network import MmDfnNetwork
from emobench.baselines.mmgcn_network import MmgcnNetwork
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.models import make_model
from emobench.benchmark.randomness import Randomness
from emobench.benchmark.training.batches import Batch, Output, make_batch, training_batches
from emobench.benchmark.training.task import Task

GraphNetwork = MmgcnNetwork | MmDfnNetwork
Loss = Callable[[Output, Batch], Tensor]

# Dialogues, fewest and most turns, widths, classes: the default of `simulated`, and a quarter of IEMOCAP's training.
SIZES = {
    "suite": (400, 3, 20, (64, 32, 32), 7),
    "paper": (32, 20, 80, (100, 1582, 342), 6),
}


def conversations(size: str) -> Conversations:
    dialogues, fewest, most, widths, classes = SIZES[size]
    rng = Randomness(0, ("bench", size)).generator()
    lengths = rng.integers(fewest, most + 1, dialogues)
    rows = int(lengths.sum())
    named = dict(zip(("text", "audio", "video"), widths, strict=True))
    there = {modality: np.ones(rows, bool) for modality in named}
    return Conversations(
        data="random",
        split="train",
        classes=tuple("abcdefg"[:classes]),
        features={modality: rng.standard_normal((rows, width), np.float32) for modality, width in named.items()},
        observed=there,
        present=there,
        dialogue=np.repeat(np.arange(dialogues), lengths),
        speaker=rng.integers(0, 2, rows),
        label=rng.integers(0, classes, rows),
        target=np.arange(rows),
        utterance_ids=tuple(f"utterance_{row}" for row in range(rows)),
        dialogue_ids=tuple(f"dialogue_{number}" for number in range(dialogues)),
    )


class EdgeLists(nn.Module):
    """The same network, one dialogue after the other."""

    def __init__(self, network: GraphNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: Batch) -> Output:
        logits = batch.label.new_zeros((*batch.label.shape, self.network.readout.output.out_features)).float()
        for dialogue, length in enumerate(batch.valid.sum(dim=1).tolist()):
            features = [rows[dialogue, :length] for rows in batch.features.values()]
            logits[dialogue, :length] = self.dialogue(features, batch.speaker[dialogue, :length])
        return Output(logits)

    def dialogue(self, features: list[Tensor], speaker: Tensor) -> Tensor:
        network, length = self.network, len(speaker)
        standard = [layer(rows) for layer, rows in zip(network.input.standardisers, features, strict=True)]
        vectors = [layer(rows) for layer, rows in zip(network.projections, standard, strict=True)]
        x = torch.cat(self.in_context(vectors, speaker))
        source, target = edge_list(length, modalities=len(vectors))
        cosine = nn.functional.cosine_similarity(x[source], x[target], dim=-1)
        weight = 1 - torch.arccos(0.99999 * cosine) / math.pi
        degree = x.new_zeros(len(x)).index_add(0, target, weight)
        weight = weight / (degree[source] * degree[target]).sqrt()
        h = self.convolved(x, source, target, weight)
        nodes = torch.cat([x, h], dim=-1).split(length)
        answer: Tensor = network.readout.output(torch.relu(torch.cat(nodes, dim=-1)))
        return answer

    def in_context(self, vectors: list[Tensor], speaker: Tensor) -> list[Tensor]:
        network, text = self.network, self.network.context.layer(vectors[0])[0]
        if isinstance(network, MmgcnNetwork):
            assert network.speaker is not None
            return [text + network.speaker(speaker), *vectors[1:]]
        parties = []
        for rows, factor in zip(vectors, network.party_factors, strict=True):
            added = torch.zeros_like(rows)
            for who in speaker.unique().tolist() if factor else ():
                own = (speaker == who).nonzero().squeeze(1)
                added = added.index_put((own,), factor * network.party.layer(rows[own])[0])
            parties.append(added)
        return [rows + added for rows, added in zip([text, *vectors[1:]], parties, strict=True)]

    def convolved(self, x: Tensor, source: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        network, first = self.network, torch.relu(self.network.first(x))
        h, state, alpha = first, None, network.switches.residual
        for layer, matrix in enumerate(network.convolutions.weight, 1):
            before = h
            if isinstance(network, MmDfnNetwork):
                state = network.depth(h, state)
                h = state[0]
            theta = math.log(network.switches.mapping / layer + 1)
            s = torch.zeros_like(h).index_add(0, target, weight.unsqueeze(1) * h[source])
            r = (1 - alpha) * s + alpha * first
            h = torch.relu(theta * torch.cat([s, first], dim=-1) @ matrix + (1 - theta) * r)
            if isinstance(network, MmDfnNetwork):
                h = h + before
        return h


def edge_list(length: int, *, modalities: int) -> tuple[Tensor, Tensor]:
    """Return source and target of all pairs within a modality and of the modalities of each turn."""
    edges = [
        (m * length + j, n * length + k)
        for m in range(modalities)
        for n in range(modalities)
        for j in range(length)
        for k in (range(length) if m == n else (j,))
    ]
    source, target = torch.tensor(edges).T
    return source, target


def epoch(network: nn.Module, loss: Loss, train: Conversations, batch_dialogues: int) -> Iterator[float]:
    """Train an epoch; yield the loss of each step."""
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-4, fused=True)
    rng = Randomness(0, ("bench", "order")).generator()
    for dialogues in training_batches(train, size=batch_dialogues, rng=rng):
        batch = make_batch(train, dialogues, device="cpu")
        optimiser.zero_grad(set_to_none=True)
        found = loss(network(batch), batch)
        found.backward()
        optimiser.step()
        yield float(found.detach())


def floor(network: GraphNetwork, train: Conversations, batch_dialogues: int) -> float:
    """Return the seconds of the matrix products of an epoch's layers alone: forwards, and twice as many backwards."""
    width, cell = network.switches.graph_width, isinstance(network, MmDfnNetwork)
    rng = Randomness(0, ("bench", "order")).generator()
    took = 0.0
    for dialogues in training_batches(train, size=batch_dialogues, rng=rng):
        nodes = 3 * make_batch(train, dialogues, device="cpu").label.shape[1]
        adjacency, hidden = torch.rand(len(dialogues), nodes, nodes), torch.rand(len(dialogues), nodes, width)
        rows, square, gates = hidden.flatten(0, 1), torch.rand(width, width), torch.rand(width, 4 * width)
        started = time.perf_counter()
        for _ in range(3 * network.switches.layers):
            torch.bmm(adjacency, hidden)
            torch.addmm(rows @ square, rows, square)
            if cell:
                torch.addmm(rows @ gates, rows, gates)
        took += time.perf_counter() - started
    return took


@pytest.mark.parametrize(
    ("text", "size", "least"),
    [
        ("mmgcn", "suite", 5),
        ("mmgcn:preset=paper,packed=true", "paper", 2),
        ("mm_dfn", "suite", 5),
        ("mm_dfn:preset=paper,packed=true", "paper", 2),
    ],
)
def test_an_epoch_against_lists_of_edges(
    benchmark: BenchmarkFixture, claim: Claims, text: str, size: str, least: float
) -> None:
    """One training epoch on padded batches, and one on lists of edges, from the same weights to the same losses."""
    train = conversations(size)
    task = Task.of(train)
    model = make_model(f"{text}{',' if ':' in text else ':'}dropout=0")
    torch.manual_seed(0)
    first = model.network(task)
    loss, batch_dialogues = model.objective(task), model.options().batch_dialogues

    def ours() -> list[float]:
        return list(epoch(copy.deepcopy(first), loss, train, batch_dialogues))

    def literal() -> list[float]:
        return list(epoch(EdgeLists(copy.deepcopy(first)), loss, train, batch_dialogues))

    losses = benchmark.pedantic(ours, rounds=3, warmup_rounds=1)
    times: dict[Callable[[], list[float]], list[float]] = {ours: [], literal: []}
    # One beside the other: what else the machine does slows both.
    for _ in range(3 if size == "suite" else 1):
        for work, took in times.items():
            started = time.perf_counter()
            found = work()
            took.append(time.perf_counter() - started)
            assert np.allclose(found, losses, rtol=1e-3)
    dense, edges = median(times[ours]), median(times[literal])
    products = median(floor(first, train, batch_dialogues) for _ in range(3))
    benchmark.extra_info["matrix products of the layers alone, share of the time"] = round(
        products / benchmark.stats.stats.median, 2
    )
    claim(
        f"training: {text}, an epoch",
        edges / dense,
        at_least=least,
        reference="dialogue by dialogue on lists of edges",
        measured=(dense, edges),
    )
