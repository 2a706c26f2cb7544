"""What MiSTER-E minimises, added up turn by turn."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from emobench.baselines.mister_e import MisterE
from emobench.baselines.network_baseline import LossSwitches
from emobench.benchmark.conversations import Conversations
from emobench.benchmark.training.batches import Batch, Output, make_batch
from emobench.benchmark.training.task import Task

Make = Callable[..., Conversations]
FOCAL = {"loss": "focal", "gamma": 3.0, "class_power": 0.0}
OFF: dict[str, Any] = {"contrastive": 0.0, "kl_weight": 0.0}


def case(small: Make) -> tuple[Conversations, Batch, Output]:
    """Return two dialogues of unlike length, one label unknown, and what a network might say of them."""
    conversations = small(lengths=(4, 2), modalities=("text", "audio"))
    label = conversations.label.copy()
    label[1] = -1
    conversations = conversations.change(label=label)
    batch = make_batch(conversations, np.arange(2), device="cpu")
    draw = torch.Generator().manual_seed(1)
    said = torch.randn(2, 4, 3, 3, generator=draw)
    output = Output(
        torch.randn(2, 4, 3, generator=draw),
        auxiliary={
            "logits": said,
            "available": torch.ones(2, 4, 3, dtype=torch.bool),
            "vectors": torch.randn(2, 4, 2, 5, generator=draw),
            "there": batch.valid.unsqueeze(-1).expand(2, 4, 2),
        },
    )
    return conversations, batch, output


def loss(conversations: Conversations, batch: Batch, output: Output, **arguments: Any) -> float:
    model = MisterE(**arguments)
    return float(model.objective(Task.of(conversations))(output, batch))


def focal(logits: torch.Tensor, label: torch.Tensor) -> list[float]:
    turns = []
    for row, y in zip(logits.flatten(0, 1), label.flatten(), strict=True):
        if y >= 0:
            p = torch.softmax(row.double(), dim=0)[y].item()
            turns.append(-((1 - p) ** 3) * np.log(p))
    return turns


def divergence(p: torch.Tensor, q: torch.Tensor) -> float:
    first, second = (torch.softmax(x.double(), dim=0) for x in (p, q))
    return float((first * (first / second).log()).sum())


def contrast(vectors: list[torch.Tensor], labels: list[int], temperature: float) -> float:
    unit = [(v / v.norm()).double() for v in vectors]
    anchors = []
    for i, y in enumerate(labels):
        others = [j for j in range(len(labels)) if j != i]
        positives = [j for j in others if labels[j] == y]
        if positives:
            bottom = sum(float(torch.exp(unit[i] @ unit[j] / temperature)) for j in others)
            anchors.append(
                -np.mean([np.log(float(torch.exp(unit[i] @ unit[j] / temperature)) / bottom) for j in positives])
            )
    return float(np.mean(anchors))


def test_the_prediction_and_each_expert_count_once(small: Make) -> None:
    conversations, batch, output = case(small)
    parts = [output.logits, *output.auxiliary["logits"].unbind(2)]
    expected = sum(np.mean(focal(part, batch.label)) for part in parts)
    assert loss(conversations, batch, output, **FOCAL, **OFF) == pytest.approx(expected, rel=1e-5)


def test_released_padding_counts_in_the_denominator(small: Make) -> None:
    conversations, batch, output = case(small)
    parts = [output.logits, *output.auxiliary["logits"].unbind(2)]
    expected = sum(np.sum(focal(part, batch.label)) / 8 for part in parts)
    assert loss(conversations, batch, output, **FOCAL, **OFF, padded_losses=True) == pytest.approx(expected, rel=1e-5)


def test_experts_have_no_loss_where_they_are_not_available(small: Make) -> None:
    conversations, batch, output = case(small)
    available = torch.ones(2, 4, 3, dtype=torch.bool)
    available[1, :, 1:] = False
    output = replace(output, auxiliary={**output.auxiliary, "available": available})
    said = output.auxiliary["logits"]
    expected = np.mean(focal(output.logits, batch.label)) + np.mean(focal(said[:, :, 0], batch.label))
    expected += sum(np.mean(focal(said[:1, :, expert], batch.label[:1])) for expert in (1, 2))
    assert loss(conversations, batch, output, **FOCAL, **OFF) == pytest.approx(expected, rel=1e-5)


def test_the_text_expert_alone_has_the_loss_of_the_prediction(small: Make) -> None:
    conversations, batch, output = case(small)
    alone = Output(
        output.logits,
        auxiliary={"logits": output.logits.unsqueeze(2), "available": torch.ones(2, 4, 1, dtype=torch.bool)},
    )
    expected = np.mean(focal(output.logits, batch.label))
    assert loss(conversations, batch, alone, **FOCAL, contrastive=1.0, kl_weight=1.0) == pytest.approx(
        expected, rel=1e-5
    )


class TestContrastive:
    def value(self, small: Make, batch: Batch, output: Output, **arguments: Any) -> float:
        conversations = case(small)[0]
        with_it, without = (
            loss(conversations, batch, output, **FOCAL, contrastive=weight, kl_weight=0.0, **arguments)
            for weight in (2.0, 0.0)
        )
        return (with_it - without) / 2

    @pytest.mark.parametrize("temperature", [1.0, 0.5])
    def test_both_modalities_of_labelled_turns_are_anchors(self, small: Make, temperature: float) -> None:
        _, batch, output = case(small)
        places = [(d, t) for d in range(2) for t in range(4) if batch.label[d, t] >= 0]
        vectors = [output.auxiliary["vectors"][d, t, m] for d, t in places for m in range(2)]
        labels = [int(batch.label[d, t]) for d, t in places for _ in range(2)]
        got = self.value(small, batch, output, contrastive_temperature=temperature)
        assert got == pytest.approx(contrast(vectors, labels, temperature), rel=1e-4)

    def test_padding_is_ignored(self, small: Make) -> None:
        _, batch, output = case(small)
        vectors = output.auxiliary["vectors"].clone()
        vectors[~batch.valid] += 5
        other = replace(output, auxiliary={**output.auxiliary, "vectors": vectors})
        assert self.value(small, batch, output) == self.value(small, batch, other)
        assert self.value(small, batch, output, padded_losses=True) != self.value(
            small, batch, other, padded_losses=True
        )

    def test_released_padding_is_a_class(self, small: Make) -> None:
        _, batch, output = case(small)
        places = [(d, t) for d in range(2) for t in range(4)]
        vectors = [output.auxiliary["vectors"][d, t, m] for d, t in places for m in range(2)]
        labels = [int(batch.label[d, t]) for d, t in places for _ in range(2)]
        got = self.value(small, batch, output, padded_losses=True)
        assert got == pytest.approx(contrast(vectors, labels, 1.0), rel=1e-4)

    def test_a_modality_that_is_not_there_is_no_anchor(self, small: Make) -> None:
        _, batch, output = case(small)
        there = output.auxiliary["there"].clone()
        there[0, 0, 1] = False
        vectors = output.auxiliary["vectors"].clone()
        vectors[0, 0, 1] += 5
        first, second = (
            replace(output, auxiliary={**output.auxiliary, "there": there, "vectors": v})
            for v in (output.auxiliary["vectors"], vectors)
        )
        assert self.value(small, batch, first) == self.value(small, batch, second)


class TestAgreement:
    def value(self, small: Make, output: Output, **arguments: Any) -> float:
        conversations, batch, _ = case(small)
        with_it, without = (
            loss(conversations, batch, output, **FOCAL, contrastive=0.0, kl_weight=weight, **arguments)
            for weight in (2.0, 0.0)
        )
        return (with_it - without) / 2

    def turns(self, small: Make, kind: str, *, padding: bool = False) -> list[float]:
        _, batch, output = case(small)
        values = []
        for d in range(2):
            for t in range(4):
                if batch.valid[d, t] or padding:
                    text, audio, both = output.auxiliary["logits"][d, t]
                    if kind == "directed":
                        values.append(divergence(both, text) + divergence(both, audio))
                    else:
                        pairs = [(text, audio), (text, both), (audio, both)]
                        values.append(sum(divergence(a, b) + divergence(b, a) for a, b in pairs) / 3)
        return values

    @pytest.mark.parametrize("kind", ["directed", "symmetric"])
    def test_over_turns_and_over_dialogues(self, small: Make, kind: str) -> None:
        output = case(small)[2]
        turns = self.turns(small, kind)
        assert self.value(small, output, kl=kind) == pytest.approx(np.mean(turns), rel=1e-4)
        over = self.value(small, output, kl=kind, kl_over="dialogues")
        assert over == pytest.approx(np.sum(turns) / 2, rel=1e-4)
        padded = self.value(small, output, kl=kind, kl_over="dialogues", padded_losses=True)
        assert padded == pytest.approx(np.sum(self.turns(small, kind, padding=True)) / 2, rel=1e-4)

    def test_only_where_all_experts_are_available(self, small: Make) -> None:
        output = case(small)[2]
        available = torch.ones(2, 4, 3, dtype=torch.bool)
        available[1, :, 2] = False
        some = replace(output, auxiliary={**output.auxiliary, "available": available})
        assert self.value(small, some) == pytest.approx(np.mean(self.turns(small, "directed")[:4]), rel=1e-4)


def test_the_weights_of_the_released_losses() -> None:
    iemocap, meld = (MisterE.presets[name] for name in ("paper", "paper_meld"))
    names = ("contrastive", "contrastive_temperature", "kl_weight")
    assert [iemocap[name] for name in names] == [2.0, 1.0, 0.1]
    assert [meld[name] for name in names] == [1.0, 0.05, 1e-3]
    for preset in ("paper", "paper_meld"):
        assert MisterE(preset=preset).settled(LossSwitches) == LossSwitches("focal", 3.0, 0.0)
