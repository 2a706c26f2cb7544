"""The network of MMGCN: one graph per dialogue with a node for each modality of each turn, deep convolutions on it.

Steps are numbered as in the docstring of `mmgcn`, which says what the switches mean.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ..benchmark.training.batches import Batch, Output
from ..benchmark.training.conversation_layers import (
    Encoders,
    FeatureInput,
    Recurrent,
    Seen,
    SpeakerEmbedding,
    encoder,
    pairs,
)
from ..benchmark.training.task import Task
from .graph_layers import GraphConvolutions, Readout, convolve, dialogue_graph, group_states

SpeakerOn = Literal["text", "all", "none"]
"""Which nodes know who speaks."""


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
    """Of the context layer, of x, of every h and of the classifier's input."""
    speaker_on: SpeakerOn
    """Nodes to which the speaker's vector is added."""
    packed: bool
    """The context layer leaves out padding."""
    mask_aware: bool
    """What is not observed has no node."""
    standardise: bool
    """Features are standardised first."""
    modality_dropout: float = 0.0
    """Rate at which training drops each modality of a turn."""
    encoders: Encoders = "linear"
    """What projects the features; text's is before its context layer."""


class MmgcnNetwork(nn.Module):
    """Projections, context of the text, graph, convolutions, classifier."""

    honours_links: ClassVar[bool] = True
    links_leak: ClassVar[str] = "the text LSTM"

    def __init__(self, task: Task, switches: Switches) -> None:
        """Make the layers. What is said of text holds for the first modality on data without text."""
        super().__init__()
        self.switches = switches
        width, graph_width = switches.width, switches.graph_width
        self.input = FeatureInput(task, standardise=switches.standardise, modality_dropout=switches.modality_dropout)
        self.leading = self.input.modalities.index("text") if "text" in task.widths else 0
        self.projections = nn.ModuleList(
            encoder(wide, width, encoders=switches.encoders, dropout=switches.dropout) for wide in self.input.widths
        )
        self.context = Recurrent("lstm", width, width // 2, layers=2, dropout=switches.dropout, packed=switches.packed)
        self.speaker = None if switches.speaker_on == "none" else SpeakerEmbedding(task, width)
        self.dropout = nn.Dropout(switches.dropout)
        self.first = nn.Linear(width, graph_width)
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
        return self.readout(vectors, self._convolved(vectors, adjacency), there)  # type: ignore[no-any-return]

    def _vectors(
        self, seen: Seen, there: Bool[Tensor, "dialogues modalities turns"], batch: Batch
    ) -> Float[Tensor, "dialogues modalities turns width"]:
        """Return the nodes' vectors (steps 1 and 2)."""
        vectors = [projection(rows) for projection, rows in zip(self.projections, seen.features, strict=True)]
        vectors[self.leading] = self._in_context(vectors[self.leading], there[:, self.leading])
        if self.speaker is not None:
            speaker = self.speaker(batch.speaker)
            everywhere = self.switches.speaker_on == "all"
            vectors = [
                rows + speaker if everywhere or place == self.leading else rows for place, rows in enumerate(vectors)
            ]
        return torch.stack(vectors, dim=1)

    def _in_context(
        self, rows: Float[Tensor, "dialogues turns width"], part: Bool[Tensor, "dialogues turns"]
    ) -> Float[Tensor, "dialogues turns width"]:
        """Return the states of the context layer; packed, it reads the turns that take part, else padding as well."""
        part = part if self.switches.packed else torch.ones_like(part)
        return group_states(self.context, rows, part, torch.zeros_like(part, dtype=torch.int64))

    def _convolved(
        self,
        vectors: Float[Tensor, "dialogues modalities turns width"],
        adjacency: Float[Tensor, "dialogues nodes nodes"],
    ) -> Float[Tensor, "dialogues nodes graph_width"]:
        """Return the nodes after all layers (step 4)."""
        first = hidden = torch.relu(self.first(vectors.flatten(1, 2)))
        for maps in self.convolutions.maps():
            hidden = convolve(adjacency, self.dropout(hidden), first, maps)
        dropped: Tensor = self.dropout(hidden)
        return dropped
