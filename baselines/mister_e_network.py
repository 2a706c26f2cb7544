"""The network of MiSTER-E on padded batches: two context networks, a fusion of both modalities, a gate over experts.

Numbers of steps are those that `mister_e` gives.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from ..benchmark.errors import NotApplicable
from ..benchmark.training.batches import Batch, Output
from ..benchmark.training.conversation_layers import ClassShares, FeatureInput, Recurrent, pairs
from ..benchmark.training.layers import masked_softmax
from ..benchmark.training.task import Task

KERNELS = (1, 3, 5)
"""Turns that the convolutions read."""
GATE_WIDTH = 10
"""Width of the hidden layer of the released gate."""


@dataclass(frozen=True)
class Switches:
    """The choices of `mister_e` as far as they concern the network."""

    width: int
    """Width of the vectors of all experts."""
    layers: int
    """Of the BiGRUs."""
    blocks: int
    """Of cross-attention and self-attention."""
    attention_width: int
    """Width of queries, keys and values, all heads."""
    heads: int
    """Of the attention."""
    dropout: float
    """On what the BiGRU and the last layer of the text and the audio expert read."""
    attention_dropout: float
    """On the weights of the attention."""
    fusion_dropout: float
    """On what each attention adds."""
    gate: Literal["mlp", "linear"]
    """With a hidden layer, or without."""
    gate_temperature: float
    """The scores of the gate are divided by it."""
    packed: bool
    """The BiGRUs leave padding out in training, too."""
    masked: bool
    """The attention leaves padding out in training, too."""
    mask_aware: bool
    """What is not observed takes no part."""
    standardise: bool
    """Features are standardised first."""
    modality_dropout: float
    """In training."""


class Reach(NamedTuple):
    """What may be read, in a batch."""

    steps: Bool[Tensor, "dialogues turns"]
    """The steps of the BiGRUs, the first ones of each dialogue."""
    asked: tuple[Bool[Tensor, "dialogues turns turns"], ...]
    """Per modality which turns (columns) the attention of a turn (row) may ask."""


class Context(nn.Module):
    """The context network of one modality: convolutions, BiGRU, a path around them (steps 1 and 2)."""

    def __init__(self, features: int, switches: Switches) -> None:
        """Make the layers. A convolution is a linear layer on the turns around a turn, side by side."""
        super().__init__()
        width = switches.width
        self.convolutions = nn.ModuleList(nn.Linear(taps * features, width) for taps in KERNELS)
        self.recurrent = Recurrent("gru", width, width // 2, layers=switches.layers)
        self.skip = nn.Linear(features, width)
        self.dropout = nn.Dropout(switches.dropout)

    def forward(
        self,
        rows: Float[Tensor, "dialogues turns features"],
        steps: Bool[Tensor, "dialogues turns"],
        links: Bool[Tensor, "dialogues turns turns"] | None,
    ) -> Float[Tensor, "dialogues turns width"]:
        """Return the vectors of the turns; `rows` are zero at padding, which thus tells the turns beside it nothing."""
        middle = max(KERNELS) // 2
        around = neighbourhoods(rows, links, reach=middle)
        convolved = torch.stack(
            [
                torch.relu(layer(around[:, :, middle - taps // 2 : middle + taps // 2 + 1].flatten(2)))
                for layer, taps in zip(self.convolutions, KERNELS, strict=True)
            ]
        ).sum(dim=0)
        states: Tensor = self.recurrent(self.dropout(convolved), steps) + self.skip(rows)
        dropped: Tensor = self.dropout(states)
        return dropped


class Attention(nn.Module):
    """LN(y + dropout(U A(y, y'))): what a turn of one sequence gets from the turns of another, or its own (step 3).

    Queries, keys and values are narrowed by linear layers of their own before the projections of the attention.
    """

    def __init__(self, switches: Switches) -> None:
        """Make the layers."""
        super().__init__()
        width, narrow = switches.width, switches.attention_width
        self.heads = switches.heads
        self.narrowed = nn.ModuleList(nn.Linear(width, narrow) for _ in range(3))
        self.projected = nn.ModuleList(nn.Linear(narrow, narrow) for _ in range(3))
        self.joined = nn.Linear(narrow, narrow)
        self.widened = nn.Linear(narrow, width)
        self.weight_dropout = nn.Dropout(switches.attention_dropout)
        self.dropout = nn.Dropout(switches.fusion_dropout)
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(
        self,
        asking: Float[Tensor, "dialogues turns width"],
        asked: Float[Tensor, "dialogues turns width"],
        allowed: Bool[Tensor, "dialogues turns turns"],
    ) -> Float[Tensor, "dialogues turns width"]:
        """Return the new vectors of `asking`."""
        query, key, value = (
            projected(narrowed(rows)).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for rows, narrowed, projected in zip((asking, asked, asked), self.narrowed, self.projected, strict=True)
        )
        scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
        weights = self.weight_dropout(masked_softmax(scores, allowed.unsqueeze(1).expand_as(scores)))
        heads = (weights @ value).transpose(1, 2).flatten(2)
        added: Tensor = self.norm(asking + self.dropout(self.widened(self.joined(heads))))
        return added


class Fusion(nn.Module):
    """Cross-attention and self-attention of the modalities, in blocks, and a path around them (steps 3 and 4)."""

    def __init__(self, widths: tuple[int, ...], switches: Switches) -> None:
        """Make the layers."""
        super().__init__()
        self.mask_aware = switches.mask_aware
        self.inputs = nn.ModuleList(nn.Linear(features, switches.width) for features in widths)
        self.skips = nn.ModuleList(nn.Linear(features, switches.width) for features in widths)
        self.cross, self.own = (
            nn.ModuleList(Attention(switches) for _ in range(switches.blocks * len(widths))) for _ in range(2)
        )

    def forward(
        self,
        features: tuple[Float[Tensor, "dialogues turns _"], ...],
        there: Bool[Tensor, "dialogues turns modalities"],
        asked: tuple[Bool[Tensor, "dialogues turns turns"], ...],
    ) -> list[Float[Tensor, "dialogues turns width"]]:
        """Return the vector M of each modality."""
        vectors, around = (
            [
                layer(rows) * flags.unsqueeze(-1) if self.mask_aware else layer(rows)
                for layer, rows, flags in zip(layers, features, there.unbind(-1), strict=True)
            ]
            for layers in (self.inputs, self.skips)
        )
        for first in range(0, len(self.cross), len(vectors)):
            cross, own = (layers[first : first + len(vectors)] for layers in (self.cross, self.own))
            pair = zip(cross, vectors, reversed(vectors), reversed(asked), strict=True)
            vectors = [layer(rows, others, allowed) for layer, rows, others, allowed in pair]
            vectors = [layer(rows, rows, allowed) for layer, rows, allowed in zip(own, vectors, asked, strict=True)]
        return [rows + skip for rows, skip in zip(vectors, around, strict=True)]


class MisterENetwork(nn.Module):
    """The experts and their gate; on data without audio the text expert alone."""

    honours_links: ClassVar[bool] = True
    links_leak: ClassVar[str] = "the BiGRUs of the text and the audio expert"

    def __init__(self, task: Task, switches: Switches) -> None:
        """Make the layers.

        Raises
        ------
        NotApplicable
            When the data have no text.
        """
        super().__init__()
        if "text" not in task.widths:
            raise NotApplicable(
                f"mister_e: expected data with text, got {', '.join(task.widths)}; type another model for these data"
            )
        self.switches = switches
        modalities = tuple(name for name in ("text", "audio") if name in task.widths)
        self.input = FeatureInput(
            task,
            standardise=switches.standardise,
            modality_dropout=switches.modality_dropout,
            modalities=modalities,
        )
        width, classes = switches.width, task.classes
        self.contexts = nn.ModuleList(Context(features, switches) for features in self.input.widths)
        self.outputs = nn.ModuleList(nn.Linear(width, classes) for _ in modalities)
        self.shares = ClassShares(task) if switches.mask_aware else None
        if len(modalities) > 1:
            self.fusion = Fusion(self.input.widths, switches)
            self.head = nn.Sequential(nn.LayerNorm(2 * width), nn.Linear(2 * width, width), nn.ReLU())
            self.outputs.append(nn.Linear(width, classes))
            self.gate = _gate(3 * classes, 3, switches.gate)

    def forward(self, batch: Batch) -> Output:
        """Return logits, hidden vectors and what the losses need.

        Hidden vectors are those of the experts, each times its weight, and the weights: the logits are linear in them.
        In `auxiliary`, experts in the order text, audio, both: `logits` of the experts, `gate` with their weights,
        `available` ones, and, with audio, `vectors` M of the modalities and whether they are `there`.
        """
        seen = self.input(batch)
        reach = self._reach(batch, seen.there)
        vectors = [
            context(rows, reach.steps, batch.links) for context, rows in zip(self.contexts, seen.features, strict=True)
        ]
        available = self._available(batch, seen.there)
        extra = {}
        if len(vectors) > 1:
            fused = self.fusion(seen.features, seen.there, reach.asked)
            extra = {"vectors": torch.stack(fused, dim=-2), "there": seen.there}
            vectors.append(self.head(torch.cat(fused, dim=-1)))
        said = torch.stack([layer(rows) for layer, rows in zip(self.outputs, vectors, strict=True)], dim=-2)
        weights = self._weights(said, available)
        logits = (said * weights.unsqueeze(-1)).sum(dim=-2)
        if self.shares is not None:
            logits = self.shares(logits, available.any(dim=-1))
        weighted = (torch.stack(vectors, dim=-2) * weights.unsqueeze(-1)).flatten(-2)
        return Output(
            logits,
            hidden=torch.cat([weighted, weights], dim=-1),
            auxiliary={"logits": said, "gate": weights, "available": available, **extra},
        )

    def _reach(self, batch: Batch, there: Bool[Tensor, "dialogues turns modalities"]) -> Reach:
        """Return what may be read; padding only in training, and only where switches say so."""
        steps = batch.valid if self.switches.packed or not self.training else torch.ones_like(batch.valid)
        allowed = pairs(batch)
        if self.training and not self.switches.masked:
            allowed = torch.ones_like(allowed) if batch.links is None else batch.links
        if not self.switches.mask_aware:
            return Reach(steps, tuple(allowed for _ in self.contexts))
        return Reach(steps, tuple(allowed & flags.unsqueeze(1) for flags in there.unbind(-1)))

    def _available(
        self, batch: Batch, there: Bool[Tensor, "dialogues turns modalities"]
    ) -> Bool[Tensor, "dialogues turns experts"]:
        """Return which experts have something to go by: their modality somewhere in the dialogue; the third, both."""
        if not self.switches.mask_aware:
            return torch.ones(*batch.valid.shape, len(self.outputs), dtype=torch.bool, device=batch.valid.device)
        known = there.any(dim=1, keepdim=True)
        if len(self.outputs) > 1:
            known = torch.cat([known, known.all(dim=-1, keepdim=True)], dim=-1)
        return known.expand(-1, batch.valid.shape[1], -1)

    def _weights(
        self,
        said: Float[Tensor, "dialogues turns experts classes"],
        available: Bool[Tensor, "dialogues turns experts"],
    ) -> Float[Tensor, "dialogues turns experts"]:
        """Return the gate weights (step 5): 0 for experts that are not available, 1 for the only one."""
        if said.shape[2] == 1:
            return available.to(said)
        scores = self.gate((said * available.unsqueeze(-1)).flatten(2)) / self.switches.gate_temperature
        return masked_softmax(scores, available)


def neighbourhoods(
    rows: Float[Tensor, "dialogues turns width"],
    links: Bool[Tensor, "dialogues turns turns"] | None,
    *,
    reach: int,
) -> Float[Tensor, "dialogues turns taps width"]:
    """Return the rows from `reach` turns before each turn to `reach` after it; 0 beyond the ends or not linked."""
    turns = rows.shape[1]
    padded = functional.pad(rows, (0, 0, reach, reach))
    around = torch.stack([padded[:, tap : tap + turns] for tap in range(2 * reach + 1)], dim=2)
    if links is None:
        return around
    turn = torch.arange(turns, device=rows.device).unsqueeze(1)
    other = (turn + torch.arange(-reach, reach + 1, device=rows.device)).clamp(0, turns - 1)
    return around * links.gather(2, other.expand(len(rows), -1, -1)).unsqueeze(-1)


def _gate(inputs: int, experts: int, kind: Literal["mlp", "linear"]) -> nn.Module:
    if kind == "linear":
        return nn.Linear(inputs, experts)
    return nn.Sequential(nn.Linear(inputs, GATE_WIDTH), nn.ReLU(), nn.Linear(GATE_WIDTH, experts))
