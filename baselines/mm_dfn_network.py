"""The network of MM-DFN: parties in context, the graph of MMGCN, convolutions whose memory runs along their depth.

Steps are numbered as in the docstring of `mm_dfn`, which says what the switches mean.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ..benchmark.training.batches import Batch, Output
from ..benchmark.training.conversation_layers import (
    Encoders,
    FeatureInput,
    Recurrent,
    Seen,
    encoder,
    pairs,
)
from ..benchmark.training.task import Task
from .graph_layers import GraphConvolutions, Readout, convolve, dialogue_graph, group_states


@dataclass(frozen=True)
class Switches:
    """What of the arguments concerns the network."""

    width: int
    """Of the projections; even."""
    graph_width: int
    """Of the hidden vectors in the graph."""
    layers: int
    """Convolutions, L."""
    residual: float
    """α, share of h⁰ in every layer."""
    mapping: float
    """λ; θ_l = ln(λ/l + 1)."""
    dropout: float
    """Of the recurrent layers, of x, of every h and of the classifier's input."""
    party_text: float
    """Factor on the party encoder's states of text."""
    party_audio: float
    """Of audio."""
    party_video: float
    """Of video."""
    packed: bool
    """Recurrent layers leave out padding."""
    mask_aware: bool
    """What is not observed has no node."""
    standardise: bool
    """Features are standardised first."""
    modality_dropout: float = 0.0
    """Rate at which training drops each modality of a turn."""
    encoders: Encoders = "linear"
    """What projects the features; text's is before its context layer."""


class MmDfnNetwork(nn.Module):
    """Projections, context of the text, party encoder, graph, dynamic fusion, classifier."""

    honours_links: ClassVar[bool] = True
    links_leak: ClassVar[str] = "the text GRU and the party GRU"

    def __init__(self, task: Task, switches: Switches) -> None:
        """Make the layers. What is said of the text GRU holds for the first modality on data without text."""
        super().__init__()
        self.switches = switches
        width, graph_width = switches.width, switches.graph_width
        self.input = FeatureInput(task, standardise=switches.standardise, modality_dropout=switches.modality_dropout)
        self.leading = self.input.modalities.index("text") if "text" in task.widths else 0
        factors = {"text": switches.party_text, "audio": switches.party_audio, "video": switches.party_video}
        self.party_factors = tuple(factors[modality] for modality in self.input.modalities)
        self.projections = nn.ModuleList(
            encoder(wide, width, encoders=switches.encoders, dropout=switches.dropout) for wide in self.input.widths
        )
        self.context, self.party = (
            Recurrent("gru", width, width // 2, layers=2, dropout=switches.dropout, packed=switches.packed)
            for _ in range(2)
        )
        self.dropout = nn.Dropout(switches.dropout)
        self.first = nn.Linear(width, graph_width)
        self.depth = nn.LSTMCell(graph_width, graph_width)
        self.convolutions = GraphConvolutions(
            switches.layers, graph_width, residual=switches.residual, mapping=switches.mapping
        )
        self.readout = Readout(task, width + graph_width, dropout=switches.dropout, shares=switches.mask_aware)

    def forward(self, batch: Batch) -> Output:
        """Return logits and the vectors before the last layer."""
        seen: Seen = self.input(batch)
        told = seen.there if self.switches.mask_aware else batch.valid.unsqueeze(-1).expand_as(seen.there)
        there = told.transpose(1, 2)
        vectors = self._vectors(seen, there, batch)
        adjacency = dialogue_graph(vectors, there, pairs(batch))
        vectors = self.dropout(vectors)
        output: Output = self.readout(vectors, self._fused(vectors, adjacency), there)
        return output

    def _vectors(
        self, seen: Seen, there: Bool[Tensor, "dialogues modalities turns"], batch: Batch
    ) -> Float[Tensor, "dialogues modalities turns width"]:
        """Return the nodes' vectors (steps 1 and 2)."""
        vectors = [projection(rows) for projection, rows in zip(self.projections, seen.features, strict=True)]
        parties = self._parties(torch.stack(vectors, dim=1), there, batch)
        part = there[:, self.leading] if self.switches.packed else torch.ones_like(batch.valid)
        vectors[self.leading] = group_states(self.context, vectors[self.leading], part, torch.zeros_like(batch.speaker))
        return torch.stack(vectors, dim=1) + parties

    def _parties(
        self,
        projected: Float[Tensor, "dialogues modalities turns width"],
        there: Bool[Tensor, "dialogues modalities turns"],
        batch: Batch,
    ) -> Float[Tensor, "dialogues modalities turns width"]:
        """Return what the party encoder adds: each speaker's turns on their own, all modalities in one call."""
        used = [place for place, factor in enumerate(self.party_factors) if factor]
        added = torch.zeros_like(projected)
        if not used:
            return added
        speaker = batch.speaker.unsqueeze(1).expand_as(there)[:, used]
        states = group_states(
            self.party, projected[:, used].flatten(0, 1), there[:, used].flatten(0, 1), speaker.flatten(0, 1)
        ).view(len(projected), len(used), *projected.shape[2:])
        factors = states.new_tensor([self.party_factors[place] for place in used])[:, None, None]
        added[:, used] = factors * states
        return added

    def _fused(
        self,
        vectors: Float[Tensor, "dialogues modalities turns width"],
        adjacency: Float[Tensor, "dialogues nodes nodes"],
    ) -> Float[Tensor, "dialogues nodes graph_width"]:
        """Return the nodes after all layers (step 4); the cell's time is depth, its state is each node's own."""
        first = torch.relu(self.first(vectors.flatten(1, 2)))
        hidden: Tensor = self.dropout(first)
        state = None
        for maps in self.convolutions.maps():
            before = hidden
            state = self.depth(before.flatten(0, 1), state)
            after = convolve(adjacency, state[0].view_as(before), first, maps)
            hidden = self.dropout(after) + before
        return hidden
