"""The pairwise mask as networks get it, and what it can and cannot do that removing turns can."""

from collections.abc import Callable
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from emobench.benchmark.conditions import expand
from emobench.benchmark.context import Context
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.errors import NotApplicable
from emobench.benchmark.stressed import predict_under
from emobench.benchmark.training.batches import Batch, Output, make_batch
from emobench.benchmark.training.network_model import NetworkModel
from emobench.benchmark.training.task import Task
from emobench.protocols.base import DataFacts

Make = Callable[..., Conversations]
EVERY = ("context=intra", "context=inter", "context=all", "context=past", "context=future", "window=1", "window=2")


class Averaging(nn.Module):
    """Layers that add to a turn the mean over the turns it may draw on, itself among them."""

    honours_links: ClassVar[bool] = True

    def __init__(self, task: Task, layers: int) -> None:
        super().__init__()
        width = task.widths["text"]
        self.own = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        self.drawn = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        self.last = nn.Linear(width, task.classes)

    def forward(self, batch: Batch) -> Output:
        may = batch.valid.unsqueeze(1) & batch.valid.unsqueeze(2)
        if batch.links is not None:
            may = may & batch.links
        weights = may / may.sum(dim=-1, keepdim=True).clamp(min=1)
        hidden: Tensor = batch.features["text"]
        for own, drawn in zip(self.own, self.drawn, strict=True):
            hidden = torch.tanh(own(hidden) + drawn(weights @ hidden))
        return Output(self.last(hidden))


class Deaf(Averaging):
    """The same, but it does not say that it knows of links."""

    honours_links: ClassVar[bool] = False


def made(clean: Conversations, *, layers: int, kind: type[Averaging] = Averaging) -> NetworkModel:
    task = Task.of(clean)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return NetworkModel(kind(task, layers), task, "cpu")


def probabilities(model: NetworkModel, clean: Conversations, text: str) -> np.ndarray:
    (condition,) = expand(text, DataFacts.of(clean)).conditions
    return predict_under(model, clean, condition.apply(clean, seed=0, training={})).probabilities


@pytest.fixture
def clean(small: Make) -> Conversations:
    """Return dialogues of three speakers."""
    return small(lengths=(9, 1, 6, 5)).change(speaker=np.arange(21) % 3)


@pytest.mark.parametrize("text", EVERY)
def test_with_one_layer_a_mask_does_what_removing_does(clean: Conversations, text: str) -> None:
    model = made(clean, layers=1)
    strict, graph = (probabilities(model, clean, f"context_removal:{text}{mode}") for mode in ("", ",mode=graph"))
    assert np.allclose(graph, strict, atol=1e-6)
    assert not np.allclose(graph, probabilities(model, clean, "clean"), atol=1e-3)


@pytest.mark.parametrize("text", EVERY)
def test_with_two_layers_a_turn_still_hears_of_others_through_its_neighbours(clean: Conversations, text: str) -> None:
    model = made(clean, layers=2)
    strict, graph = (probabilities(model, clean, f"context_removal:{text}{mode}") for mode in ("", ",mode=graph"))
    closed = text in ("context=inter", "context=all")
    # Where whoever a turn may draw on may draw on the same turns, two steps lead no farther than one.
    assert np.allclose(graph, strict, atol=1e-6) == closed


def test_a_batch_holds_the_mask_of_each_dialogue_and_padding_is_alone(clean: Conversations) -> None:
    rule = Context("inter")
    batch = make_batch(clean.change(links=rule), np.array([1, 3]), device="cpu")
    assert batch.links is not None
    assert batch.links.shape == (2, 5, 5)
    assert batch.links[0].tolist() == np.eye(5, dtype=bool).tolist()
    rows = slice(*clean.starts[3:5])
    assert batch.links[1].tolist() == rule.mask(clean.speaker[rows], clean.turn[rows]).tolist()
    assert make_batch(clean, np.array([1, 3]), device="cpu").links is None


def test_the_mask_counts_turns_as_recorded(clean: Conversations) -> None:
    rows = np.array([0, 3, 4, 8])
    thinned = clean.take_rows(rows, dialogue=np.zeros(4, np.int64), origin=np.array([0]))
    batch = make_batch(thinned.change(links=Context("distant", 1)), np.array([0]), device="cpu")
    assert batch.links is not None
    nearest = [np.flatnonzero(row).tolist() for row in batch.links[0].numpy()]
    assert nearest == [[0, 1], [1, 2], [1, 2], [2, 3]]


def test_a_dialogue_has_the_same_mask_in_any_company(clean: Conversations) -> None:
    model, linked = made(clean, layers=2), clean.change(links=Context("intra"))
    together = model.predict(linked).probabilities
    for dialogue, (first, end) in enumerate(pairwise(clean.starts.tolist())):
        alone = model.predict(linked.take_dialogues([dialogue])).probabilities
        assert np.allclose(alone, together[first:end], atol=1e-6)


def test_only_a_network_that_says_so_gets_links(clean: Conversations) -> None:
    assert made(clean, layers=1).honours_links
    deaf = made(clean, layers=1, kind=Deaf)
    assert not deaf.honours_links
    assert not NetworkModel(nn.Identity(), Task.of(clean), "cpu").honours_links, "silence is no promise"
    with pytest.raises(NotApplicable, match="this model takes no pairwise mask of the context; type mode=strict"):
        probabilities(deaf, clean, "context_removal:context=inter,mode=graph")
    assert probabilities(deaf, clean, "context_removal:context=inter").shape == (21, 3)
