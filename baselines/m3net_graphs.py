"""The two graphs of M3Net, in closed form on padded dialogues: hyperedges, and edges that pass high or low frequencies.

Nodes are laid out "dialogues modalities turns width". A node that is not there (its modality is not observed, or it is
padding) sends nothing, at any layer, and counts in no degree; it does receive, so that a turn of which nothing is
observed has a vector made of its context.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

POSITIONS = {"edges": 1000, "nodes": 5200}
"""How many weights by batch position the released code holds; a larger batch breaks it."""


class HyperWeights(NamedTuple):
    """Weights of hyperedges and nodes."""

    modality: Float[Tensor, "#dialogues modalities"]
    """w of the hyperedge that joins all nodes of a modality."""
    utterance: Float[Tensor, "#dialogues #turns"]
    """w of the hyperedge that joins the modalities of an utterance."""
    node: Float[Tensor, "#dialogues #modalities #turns"]
    """ω."""


class CleanWeights(nn.Module):
    """One learned weight per modality and one for all utterances, softplus of a parameter, 1 at first; ω = 1."""

    def __init__(self, modalities: int) -> None:
        """Start at 1."""
        super().__init__()
        self.raw = nn.Parameter(torch.full((modalities + 1,), math.log(math.e - 1)))

    def forward(self, valid: Bool[Tensor, "dialogues turns"]) -> HyperWeights:
        """Return the weights, the same for all dialogues."""
        weights = functional.softplus(self.raw)
        return HyperWeights(weights[None, :-1], weights[None, -1:], weights.new_ones(1, 1, 1))


class PositionalWeights(nn.Module):
    """The released code's weights: parameters indexed by the running number of an edge or node in the batch.

    Edges of a dialogue: its modalities, then its utterances; nodes: those of the first modality, of the second, …
    What a dialogue gets depends on those before it in the batch. Beyond the last parameter the weight is 1.
    """

    def __init__(self, modalities: int) -> None:
        """Start at 1."""
        super().__init__()
        self.modalities = modalities
        self.edges = nn.Parameter(torch.ones(POSITIONS["edges"]))
        self.nodes = nn.Parameter(torch.ones(POSITIONS["nodes"]))

    def forward(self, valid: Bool[Tensor, "dialogues turns"]) -> HyperWeights:
        """Return the weights of these dialogues in this order."""
        lengths = valid.sum(dim=1)
        before = lengths.cumsum(0) - lengths
        modality = torch.arange(self.modalities, device=valid.device)
        turn = torch.arange(valid.shape[1], device=valid.device)
        edge = (before + self.modalities * torch.arange(len(valid), device=valid.device))[:, None]
        node = (self.modalities * before)[:, None, None] + modality[:, None] * lengths[:, None, None] + turn
        return HyperWeights(
            _looked_up(self.edges, edge + modality),
            _looked_up(self.edges, edge + self.modalities + turn),
            _looked_up(self.nodes, node),
        )


class HyperEdges(NamedTuple):
    """The incidence of a batch, as the means that it stands for."""

    modality: Float[Tensor, "dialogues modalities receivers turns"]
    """Share of each turn in the edge of its modality, over its node degree B; one receiver stands for all alike."""
    utterance: Float[Tensor, "dialogues modalities turns 1"]
    """Share of each modality in the edge of an utterance."""
    degree: Float[Tensor, "dialogues modalities turns 1"]
    """D: summed weights of the edges that reach a node; 1 where none does."""


def hyper_edges(
    there: Bool[Tensor, "dialogues modalities turns"],
    weights: HyperWeights,
    allowed: Bool[Tensor, "dialogues turns turns"] | None,
) -> HyperEdges:
    """Return the incidence.

    Parameters
    ----------
    there
        The nodes that send.
    allowed
        Whether a turn (row) may draw on another (column): then the edge of a modality is another one for each
        receiver, made of the turns that it may draw on; None: one edge for all.
    """
    sending = there.unsqueeze(2)
    members = sending if allowed is None else sending & allowed.unsqueeze(1)
    modality, modality_filled = _shares(members, weights.node.unsqueeze(2))
    utterance, utterance_filled = _shares(there.unsqueeze(-1), weights.node.unsqueeze(-1), dim=1)
    of_modality, of_utterance = weights.modality[:, :, None, None], weights.utterance[:, None, :, None]
    degree = of_modality * modality_filled + of_utterance * utterance_filled
    return HyperEdges(modality, utterance, torch.where(modality_filled | utterance_filled, degree, 1.0))


class HyperLayer(nn.Module):
    """X ← LeakyReLU(D⁻¹ H B⁻¹ Hᵀ X + b), slope .01; no weight matrix."""

    def __init__(self, width: int) -> None:
        """Start with b = 0."""
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(
        self, nodes: Float[Tensor, "dialogues modalities turns width"], edges: HyperEdges
    ) -> Float[Tensor, "dialogues modalities turns width"]:
        """Return (mean over the modality + mean over the utterance)/D + b, through LeakyReLU."""
        over_modality = edges.modality @ nodes
        # Matrices of one row and three columns would take six times as long.
        over_utterance = (edges.utterance * nodes).sum(dim=1, keepdim=True)
        return functional.leaky_relu((over_modality + over_utterance) / edges.degree + self.bias, 0.01)


class FrequencyEdges(NamedTuple):
    """1/√(deg_i deg_j) of the edges, 0 where there is none; rows receive, columns send."""

    within: Float[Tensor, "dialogues modalities turns turns"]
    """Between turns, in one modality."""
    across: Float[Tensor, "dialogues turns modalities modalities"]
    """Between modalities, in one turn."""


def frequency_edges(
    there: Bool[Tensor, "dialogues modalities turns"],
    allowed: Bool[Tensor, "dialogues turns turns"],
    *,
    dtype: torch.dtype = torch.float32,
) -> FrequencyEdges:
    """Return the edges: in a modality from every other turn, in an utterance from every other modality.

    The degree of a node is the number of nodes that it may draw on: N + 1 for N turns in three modalities with nothing
    missing; at least 1.

    Parameters
    ----------
    there
        The nodes that send.
    allowed
        Whether a turn (row) may draw on another (column).
    dtype
        Of the edges; degrees are counted, and their roots taken, in 32 bits.
    """
    _, modalities, turns = there.shape
    others = ~torch.eye(turns, dtype=torch.bool, device=there.device)
    other_modalities = ~torch.eye(modalities, dtype=torch.bool, device=there.device)
    within = (allowed & others).unsqueeze(1) & there.unsqueeze(2)
    across = other_modalities & there.transpose(1, 2).unsqueeze(2)
    degree = within.sum(dim=-1) + across.sum(dim=-1).transpose(1, 2)
    scale = degree.clamp(min=1).rsqrt().to(dtype)
    by_turn = scale.transpose(1, 2)
    return FrequencyEdges(
        within * scale.unsqueeze(-1) * scale.unsqueeze(-2), across * by_turn.unsqueeze(-1) * by_turn.unsqueeze(-2)
    )


class FrequencyLayer(nn.Module):
    """x_i ← x_i + Σ_j tanh(uᵀ[x_i ; x_j] + c) x_j / √(deg_i deg_j).

    A negative tanh passes differences (high frequencies), a positive one sums (low frequencies). No weight matrix.
    """

    def __init__(self, width: int) -> None:
        """Make u and c."""
        super().__init__()
        self.gate = nn.Linear(2 * width, 1)

    def forward(
        self, nodes: Float[Tensor, "dialogues modalities turns width"], edges: FrequencyEdges
    ) -> Float[Tensor, "dialogues modalities turns width"]:
        """Return x + Sx with S = tanh(s ⊕ t + c) ⊙ edges, s and t the two halves of uᵀ[x_i ; x_j]."""
        halves = functional.linear(nodes, self.gate.weight.view(2, -1))
        receiving, sending = (halves + self.gate.bias / 2).unbind(dim=-1)
        within = torch.tanh(receiving.unsqueeze(-1) + sending.unsqueeze(-2)) * edges.within
        by_turn = (receiving.transpose(1, 2).unsqueeze(-1), sending.transpose(1, 2).unsqueeze(-2))
        across = torch.tanh(by_turn[0] + by_turn[1]) * edges.across
        return nodes + within @ nodes + (across @ nodes.transpose(1, 2)).transpose(1, 2)


def _shares(
    members: Bool[Tensor, "dialogues modalities receivers members"], node: Tensor, *, dim: int = -1
) -> tuple[Float[Tensor, "dialogues modalities receivers members"], Bool[Tensor, "dialogues _ receivers _"]]:
    """Return 1/B for every member of an edge and 0 for others, and whether the edge has any member.

    Parameters
    ----------
    node
        ω of the members, of a shape that broadcasts.
    dim
        Along which the members of an edge lie.
    """
    filled = members.any(dim=dim, keepdim=True)
    total = (members * node).sum(dim=dim, keepdim=True)
    return members / torch.where(filled, total, 1.0), filled


def _looked_up(weights: Float[Tensor, " positions"], position: Tensor) -> Tensor:
    return torch.where(position < len(weights), weights[position.clamp(max=len(weights) - 1)], 1.0)
