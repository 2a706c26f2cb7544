"""The network of M3Net on features: unimodal encoders, a hypergraph and a multi-frequency graph side by side, a head.

The graphs are in `m3net_graphs`; `m3net` says what the switches mean.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from ..benchmark.training.batches import Batch, Output
from ..benchmark.training.conversation_layers import (
    ClassShares,
    Encoders,
    FeatureInput,
    Recurrent,
    Seen,
    SpeakerEmbedding,
    encoder,
    pairs,
)
from ..benchmark.training.task import Task
from .m3net_graphs import (
    CleanWeights,
    FrequencyLayer,
    HyperLayer,
    PositionalWeights,
    frequency_edges,
    hyper_edges,
)


@dataclass(frozen=True)
class Switches:
    """The choices that concern the network."""

    width: int
    """Of the graphs' nodes."""
    encoder_width: int
    """D_g, of the encoded modalities; even."""
    layers: int
    """L, of the hypergraph."""
    frequency_layers: int
    """K, of the multi-frequency graph."""
    dropout: float
    """In encoders that are not linear, between the layers of the GRU and before the head."""
    text_layers: int
    """So many layers of a text encoder lie side by side in the text features."""
    text_norm: Literal["batch", "none"]
    """Of the text."""
    norm_over: Literal["valid", "padded"]
    """The rows from which batch statistics are taken."""
    packed: bool
    """Whether the GRU leaves padding out."""
    encoders: Encoders
    """What comes before the GRU, and the whole of the other modalities' encoders."""
    speaker_on: Literal["text", "all"]
    """The modalities to which the speaker's vector is added."""
    edge_weights: Literal["clean", "positional"]
    """What weighs the hyperedges."""
    links_in: Literal["both", "frequency"]
    """The graphs that honour pairwise masks."""
    standardise: bool
    """Features are standardised with the training split's statistics first."""
    mask_aware: bool
    """What is not observed takes no part."""
    modality_dropout: float
    """Rate at which training drops each modality of an utterance."""


class LeadingEncoder(nn.Module):
    """Text, or what stands in for it: normalised layers, their mean, an encoder, a GRU of two layers over the turns.

    A linear encoder is left out where the width is `encoder_width` already, as the released code does on MELD.
    """

    def __init__(self, width: int, switches: Switches) -> None:
        """Make the layers; `width` is a multiple of `text_layers`."""
        super().__init__()
        self.text_layers, self.norm_over = switches.text_layers, switches.norm_over
        width_of_one = width // switches.text_layers
        # Statistics are taken column by column, so one layer over all is a layer of its own for each part.
        self.norm = nn.BatchNorm1d(width) if switches.text_norm == "batch" else None
        fits = switches.encoders == "linear" and width_of_one == switches.encoder_width
        self.projection = nn.Identity() if fits else _encoder(width_of_one, switches)
        self.recurrent = Recurrent(
            "gru",
            switches.encoder_width,
            switches.encoder_width // 2,
            layers=2,
            dropout=switches.dropout,
            packed=switches.packed,
        )

    def forward(
        self, rows: Float[Tensor, "dialogues turns width"], there: Bool[Tensor, "dialogues turns"]
    ) -> Float[Tensor, "dialogues turns encoded"]:
        """Return the states of the turns that are there; the others are skipped, and have state 0."""
        counted = torch.ones_like(there) if self.norm_over == "padded" else there
        if self.norm is not None:
            rows = _normalised(rows, counted, self.norm)
        rows = self.projection(rows.reshape(*rows.shape[:-1], self.text_layers, -1).mean(dim=-2))
        # What is there first, in order: a recurrent layer then reads it as if nothing had been in between.
        order = torch.argsort((~there).to(torch.uint8), dim=1, stable=True).unsqueeze(-1)
        count = there.sum(dim=1, keepdim=True).clamp(min=1)
        first = torch.arange(there.shape[1], device=there.device) < count
        states = self.recurrent(rows.gather(1, order.expand_as(rows)), first)
        back = torch.zeros_like(states).scatter(1, order.expand_as(states), states)
        return back * there.unsqueeze(-1)


class M3NetNetwork(nn.Module):
    """Encoders, two graphs that start from the same nodes, and a head on the six vectors of each turn."""

    honours_links: ClassVar[bool] = True

    def __init__(self, task: Task, switches: Switches) -> None:
        """Make the layers. The leading modality is text; on data without text, the first one."""
        super().__init__()
        self.switches = switches
        self.input = FeatureInput(
            task,
            standardise=switches.standardise,
            modality_dropout=switches.modality_dropout,
            modalities=sorted(task.widths, key=lambda modality: modality != "text"),
        )
        leading, *others = self.input.widths
        modalities, encoded, width = len(self.input.widths), switches.encoder_width, switches.width
        self.leading = LeadingEncoder(leading, switches)
        self.others = nn.ModuleList(_encoder(other, switches) for other in others)
        self.speaker = SpeakerEmbedding(task, encoded)
        self.nodes = nn.Linear(encoded, width)
        self.edge_weights = (CleanWeights if switches.edge_weights == "clean" else PositionalWeights)(modalities)
        self.hyper = nn.ModuleList(HyperLayer(width) for _ in range(switches.layers))
        self.frequency = nn.ModuleList(FrequencyLayer(width) for _ in range(switches.frequency_layers))
        self.dropout = nn.Dropout(switches.dropout)
        self.output = nn.Linear(2 * modalities * width, task.classes)
        self.class_shares = ClassShares(task)

    @property
    def links_leak(self) -> str:
        """The parts through which context still flows under a pairwise mask."""
        return "the text GRU" if self.switches.links_in == "both" else "the text GRU and the hypergraph"

    def forward(self, batch: Batch) -> Output:
        """Return logits, and as hidden vectors what the graphs give, before dropout, ReLU and the head."""
        seen = self.input(batch)
        there = seen.there if self.switches.mask_aware else batch.valid.unsqueeze(-1).expand_as(seen.there)
        allowed = pairs(batch)
        hidden = self.graphs(self.encoded(batch, seen, there), batch, there.transpose(1, 2), allowed)
        logits = self.output(torch.relu(self.dropout(hidden)))
        if self.switches.mask_aware:
            logits = self.class_shares(logits, (allowed & there.any(dim=-1).unsqueeze(1)).any(dim=-1))
        return Output(logits, hidden=hidden)

    def encoded(
        self, batch: Batch, seen: Seen, there: Bool[Tensor, "dialogues turns modalities"]
    ) -> Float[Tensor, "dialogues modalities turns width"]:
        """Return x⁰, the nodes: text through its GRU, the others through an encoder each, and one Linear for all."""
        leading, *others = seen.features
        encoded = [self.leading(leading, there[..., 0])]
        encoded += [encoder(rows) for encoder, rows in zip(self.others, others, strict=True)]
        speaker = self.speaker(batch.speaker)
        spoken = len(encoded) if self.switches.speaker_on == "all" else 1
        encoded[:spoken] = [rows + speaker for rows in encoded[:spoken]]
        nodes: Tensor = self.nodes(torch.stack(encoded, dim=1))
        return nodes * there.transpose(1, 2).unsqueeze(-1)

    def graphs(
        self,
        nodes: Float[Tensor, "dialogues modalities turns width"],
        batch: Batch,
        there: Bool[Tensor, "dialogues modalities turns"],
        allowed: Bool[Tensor, "dialogues turns turns"],
    ) -> Float[Tensor, "dialogues turns hidden"]:
        """Return per turn what the two graphs make of its nodes: [hyper ; frequency] per modality, side by side."""
        masked = batch.links is not None and self.switches.links_in == "both"
        members = hyper_edges(there, self.edge_weights(batch.valid), allowed if masked else None)
        edges = frequency_edges(there, allowed, dtype=nodes.dtype)
        hyper = frequency = nodes
        for layer in self.hyper:
            hyper = layer(hyper, members)
        for layer in self.frequency:
            frequency = layer(frequency, edges)
        return torch.cat([hyper, frequency], dim=-1).transpose(1, 2).flatten(-2)


def _encoder(width: int, switches: Switches) -> nn.Module:
    return encoder(width, switches.encoder_width, encoders=switches.encoders, dropout=switches.dropout)


def _normalised(
    rows: Float[Tensor, "dialogues turns width"], counted: Bool[Tensor, "dialogues turns"], norm: nn.BatchNorm1d
) -> Float[Tensor, "dialogues turns width"]:
    """Return batch-normalised rows, 0 where not counted; a single row has no spread and is given the running one."""
    chosen = rows[counted]
    if norm.training and len(chosen) < 2:
        fixed = functional.batch_norm(chosen, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps)
        return torch.zeros_like(rows).masked_scatter(counted.unsqueeze(-1), fixed)
    return torch.zeros_like(rows).masked_scatter(counted.unsqueeze(-1), norm(chosen))
