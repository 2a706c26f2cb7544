"""The network of DialogueGCN on padded batches: every dialogue is a dense graph, and edges are entries of matrices.

Numbers of steps are those that `dialogue_gcn` gives. Matrices of edges have targets as rows and sources as columns.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from ..benchmark.training.batches import Batch, Output
from ..benchmark.training.conversation_layers import ClassShares, Encoders, Recurrent, pairs
from ..benchmark.training.task import Task
from .dialogue_layers import GeneralAttention, Inputs, JoinedInput

POSITIONS = 110
"""Rows of the positional edge attention; turns beyond share the last one."""
OUTSIDE = math.log(1e-10)
"""What the positional edge attention adds to the score of a turn outside the window."""


@dataclass(frozen=True)
class Switches:
    """The choices of `dialogue_gcn` as far as they concern the network."""

    inputs: Inputs
    """The modalities that are read."""
    projection: int
    """Width of each modality after its linear layer; 0: features as they are."""
    width: int
    """Width of the BiLSTM in one direction."""
    layers: int
    """Of the BiLSTM."""
    graph_width: int
    """Width of the graph's vectors, and of the hidden layer."""
    bases: int
    """Matrices of which the matrix of each relation is a combination."""
    window: int
    """Turns before and after that a turn is linked to."""
    edge_att: Literal["bilinear", "position"]
    """What the weight of an edge depends on."""
    relations: Literal["full", "four"]
    """What a relation is."""
    nodal_attention: Literal["general", "squashed", "none"]
    """Step 5: without or with tanh on the scores; none: the turn's own vector."""
    dropout: float
    """Between the layers of the BiLSTM, and before the last layer."""
    packed: bool
    """The BiLSTM leaves padding out."""
    mask_aware: bool
    """A turn of which nothing is observed has no edge to another, and is asked by none."""
    standardise: bool
    """Features are standardised first."""
    modality_dropout: float
    """In training."""
    encoders: Encoders = "linear"
    """What each modality goes through where it is projected."""


class Graph(NamedTuple):
    """The graphs of a batch."""

    edges: Bool[Tensor, "dialogues targets sources"]
    """Which turns there is an edge between; each has one to itself if it has any to others."""
    weights: Float[Tensor, "dialogues targets sources"]
    """Of the edges, 0 elsewhere."""


class EdgeWeights(nn.Module):
    """How much each turn passes on to those in its window: the weights of its outgoing edges sum to one (step 2).

    `bilinear`: α_ji = softmax over the window's i of g_jᵀ W g_i. `position`: the score is the j-th output of a linear
    layer on g_i, so that it knows of the source where it stands and not what it says; the softmax is over the dialogue,
    turns outside the window count 10⁻¹⁰ times, and the weights inside are what is left.
    """

    def __init__(self, width: int, *, kind: Literal["bilinear", "position"], window: int) -> None:
        """Make the linear layer; it has no bias."""
        super().__init__()
        self.kind = kind
        self.window = window
        self.scores = nn.Linear(width, POSITIONS if kind == "position" else width, bias=False)

    def forward(
        self,
        rows: Float[Tensor, "dialogues turns width"],
        reach: Bool[Tensor, "dialogues targets sources"],
        known: Bool[Tensor, "dialogues turns"],
    ) -> Graph:
        """Return the graphs in which only turns that are known pass anything on.

        A turn that is not known takes no share from the others: its own share is what it would get if it came in
        addition.
        """
        turn = torch.arange(rows.shape[1], device=rows.device)
        inside = (turn[:, None] - turn).abs() <= self.window
        reach = reach & known.unsqueeze(1)
        if self.kind == "bilinear":
            scores = (self.scores(rows) @ rows.transpose(1, 2)).transpose(1, 2)
            shared = reach & inside
        else:
            scores = self.scores(rows)[..., turn.clamp(max=POSITIONS - 1)] + OUTSIDE * (~inside).to(rows.dtype)
            shared = reach
        lowest = torch.finfo(scores.dtype).min
        total = torch.logsumexp(scores.masked_fill(~(shared & known.unsqueeze(2)), lowest), dim=1, keepdim=True)
        total = torch.where(known.unsqueeze(2), total, torch.logaddexp(total, scores))
        edges = reach & inside
        return Graph(edges, (scores - total).masked_fill(~edges, lowest).exp())


class RelationalLayer(nn.Module):
    """h_i = Σ_j α_ji W_r g_j + W_0 g_i + b, r the relation of j and i, W_r = Σ_k a_rk V_k (step 3).

    What arrives from all sources is first summed per relation, or per basis where there are fewer of those, and then
    multiplied by the matrices; the two are equal.
    """

    def __init__(self, width: int, hidden: int, *, relations: int, bases: int) -> None:
        """Make a_rk, V_k, W_0 and b."""
        super().__init__()
        self.bases = nn.Parameter(torch.empty(bases, width, hidden))
        self.shares = nn.Parameter(torch.empty(relations, bases))
        self.root = nn.Linear(width, hidden)
        nn.init.uniform_(self.bases, -math.sqrt(6 / (width + hidden)), math.sqrt(6 / (width + hidden)))
        nn.init.xavier_uniform_(self.shares)

    def forward(
        self,
        rows: Float[Tensor, "dialogues turns width"],
        weights: Float[Tensor, "dialogues targets sources"],
        relation: Int64[Tensor, "dialogues targets sources"],
    ) -> Float[Tensor, "dialogues turns hidden"]:
        """Return the vectors of the turns."""
        relations, bases = self.shares.shape
        if relations <= bases:
            parts = functional.one_hot(relation, relations).to(rows)
            matrices = torch.tensordot(self.shares, self.bases, dims=1)
        else:
            parts, matrices = self.shares[relation], self.bases
        parts = (parts * weights.unsqueeze(-1)).transpose(2, 3)
        arrived = (parts.flatten(1, 2) @ rows).view(*rows.shape[:2], -1)
        summed: Tensor = self.root(rows) + arrived @ matrices.flatten(0, 1)
        return summed


class DialogueGCNNetwork(nn.Module):
    """Input, BiLSTM, two graph layers, attention over the dialogue, classifier."""

    honours_links: ClassVar[bool] = True
    links_leak: ClassVar[str] = "the BiLSTM over the turns"

    def __init__(self, task: Task, switches: Switches) -> None:
        """Make the layers."""
        super().__init__()
        self.switches = switches
        self.speakers = task.speakers
        self.input = JoinedInput(
            task,
            inputs=switches.inputs,
            projection=switches.projection,
            mask_aware=switches.mask_aware,
            standardise=switches.standardise,
            modality_dropout=switches.modality_dropout,
            encoders=switches.encoders,
            dropout=switches.dropout,
        )
        self.context = Recurrent(
            "lstm",
            self.input.width,
            switches.width,
            layers=switches.layers,
            dropout=switches.dropout,
            packed=switches.packed,
        )
        width, hidden = 2 * switches.width, switches.graph_width
        self.edges = EdgeWeights(width, kind=switches.edge_att, window=switches.window)
        relations = 4 if switches.relations == "four" else 2 * task.speakers**2
        self.relational = RelationalLayer(width, hidden, relations=relations, bases=switches.bases)
        self.neighbours = nn.Linear(hidden, hidden)
        self.itself = nn.Linear(hidden, hidden, bias=False)
        squashed = switches.nodal_attention == "squashed"
        self.attention = (
            None if switches.nodal_attention == "none" else GeneralAttention(width + hidden, squashed=squashed)
        )
        self.hidden = nn.Linear(width + hidden, hidden)
        self.dropout = nn.Dropout(switches.dropout)
        self.output = nn.Linear(hidden, task.classes)
        self.shares = ClassShares(task) if switches.mask_aware else None

    def forward(self, batch: Batch) -> Output:
        """Return logits and hidden vectors."""
        rows, there = self.input(batch)
        known = there if self.shares is not None else batch.valid
        reach = pairs(batch)
        context = self.context(rows, batch.valid)
        graph = self.edges(context, reach, known)
        vectors = self.relational(context, graph.weights, self._relations(batch.speaker))
        vectors = self.neighbours(graph.edges.to(vectors) @ vectors) + self.itself(vectors)
        vectors = torch.cat([context, vectors], dim=-1)
        if self.attention is not None:
            # A turn of which nothing is observed is asked by itself alone.
            itself = torch.eye(known.shape[1], dtype=torch.bool, device=known.device)
            vectors = self.attention(vectors, reach & (known.unsqueeze(1) | itself))
        hidden = torch.relu(self.hidden(vectors))
        logits = self.output(self.dropout(hidden))
        if self.shares is not None:
            logits = self.shares(logits, (reach & known.unsqueeze(1)).any(dim=-1))
        return Output(logits, hidden=hidden)

    def _relations(self, speaker: Int64[Tensor, "dialogues turns"]) -> Int64[Tensor, "dialogues targets sources"]:
        """Return (speaker of the source, speaker of the target, whether the source is not before it) as a number.

        With `four` the speakers are the same (0) or not (1). Speakers beyond those of training share the last number.
        """
        turn = torch.arange(speaker.shape[1], device=speaker.device)
        later = (turn >= turn[:, None]).long()
        speaker = speaker.clamp(max=self.speakers - 1)
        source, target = speaker.unsqueeze(1), speaker.unsqueeze(2)
        speakers = (source != target).long() if self.switches.relations == "four" else source * self.speakers + target
        return 2 * speakers + later
