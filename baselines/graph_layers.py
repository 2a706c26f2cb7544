"""What the graph models MMGCN and MM-DFN share: grouped sequences, the graph of a dialogue, deep convolutions, readout.

A node is one modality of one turn. Everything works on padded batches of dialogues; nothing loops over dialogues,
turns, speakers or edges.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from ..benchmark.training.batches import Output
from ..benchmark.training.conversation_layers import ClassShares, Recurrent
from ..benchmark.training.task import Task

BELOW_ONE = 0.99999
"""Factor on a cosine before its arc cosine, whose slope has no limit at one."""
NO_LENGTH = 1e-20
"""Squared length below which a vector counts as zero and has the cosine 0 with every vector."""


class Grouped(NamedTuple):
    """Turns put in sequences, one per group, in their order."""

    rows: Float[Tensor, "groups steps width"]
    """0 after the last of a group."""
    valid: Bool[Tensor, "groups steps"]
    """False: after the last of a group."""
    place: Int64[Tensor, " chosen"]
    """Row and turn, flat, of every turn that takes part, group by group."""
    group: Int64[Tensor, " chosen"]
    """Sequence it is in."""
    step: Int64[Tensor, " chosen"]
    """Place in that sequence."""


def grouped(
    rows: Float[Tensor, "dialogues turns width"],
    part: Bool[Tensor, "dialogues turns"],
    group: Int64[Tensor, "dialogues turns"],
    *,
    steps: int | None = None,
) -> Grouped:
    """Return the turns that take part, one sequence for each group of each dialogue that has any.

    Parameters
    ----------
    rows, part
        What the turns hold, and which of them take part.
    group
        Index from 0, such as who speaks.
    steps
        Length of the sequences; None: that of the longest.
    """
    place = part.flatten().nonzero().squeeze(1)
    first = torch.arange(len(part), device=part.device).unsqueeze(1) * (group.max() + 1)
    # A stable sort keeps the order of the turns within a group.
    key, order = (group + first).flatten()[place].sort(stable=True)
    place = place[order]
    _, number, length = torch.unique_consecutive(key, return_inverse=True, return_counts=True)
    step = torch.arange(len(key), device=part.device) - (length.cumsum(0) - length)[number]
    longest = int(length.max()) if steps is None and len(length) else steps or 0
    padded = rows.new_zeros(len(length), longest, rows.shape[-1])
    padded = padded.index_put((number, step), rows.flatten(0, 1)[place])
    return Grouped(padded, torch.arange(longest, device=part.device) < length.unsqueeze(1), place, number, step)


def group_states(
    layer: Recurrent,
    rows: Float[Tensor, "dialogues turns width"],
    part: Bool[Tensor, "dialogues turns"],
    group: Int64[Tensor, "dialogues turns"],
) -> Float[Tensor, "dialogues turns hidden"]:
    """Return the states of a recurrent layer run over each group of turns on its own; 0 for turns that take no part.

    All groups of all dialogues go through the layer in one call. With an unpacked layer every sequence is padded to
    the longest dialogue, as in the released codes.
    """
    sequences = grouped(rows, part, group, steps=None if layer.packed else part.shape[1])
    states = rows.new_zeros(part.numel(), 2 * layer.layer.hidden_size)
    if len(sequences.rows):
        found = layer(sequences.rows, sequences.valid)[sequences.group, sequences.step]
        states = states.index_put((sequences.place,), found)
    return states.view(*part.shape, -1)


def angular_similarity(vectors: Float[Tensor, "*graphs nodes width"]) -> Float[Tensor, "*graphs nodes nodes"]:
    """Return 1 − arccos(0.99999 cos(u, v)) / π of all pairs, between 0 (opposite) and nearly 1 (same direction).

    A zero vector has the cosine 0, and so the similarity ½, with every vector, itself included; the gradient is finite
    everywhere. Vectors in half precision are compared in 32 bits: there a cosine is off by more than 0.00001.
    """
    vectors = vectors.float() if vectors.dtype.itemsize < torch.float32.itemsize else vectors
    square = vectors.square().sum(dim=-1, keepdim=True)
    unit = vectors * torch.where(square > NO_LENGTH, square, 1.0).rsqrt()
    return 1 - torch.arccos(BELOW_ONE * (unit @ unit.transpose(-1, -2))) / math.pi


def dialogue_graph(
    vectors: Float[Tensor, "dialogues modalities turns width"],
    there: Bool[Tensor, "dialogues modalities turns"],
    pairs: Bool[Tensor, "dialogues turns turns"],
) -> Float[Tensor, "dialogues nodes nodes"]:
    """Return the normalised adjacency D^−½ A D^−½; the nodes are modality by modality, in each the turns in order.

    A holds the angular similarity of (a) all pairs of turns within a modality that `pairs` allows, a turn with itself
    included, and (b) the modalities of the same turn. Nodes that are not there have rows and columns of 0.

    D holds the sums of the rows: what a node draws on. Where `pairs` is not symmetric the sums of the columns would
    tell a node about others that draw on the same source, which it may not draw on itself; so both factors are those
    of rows, and whatever reaches a node came along edges that `pairs` allows.
    """
    modalities, turns = there.shape[1:]
    same_modality = torch.eye(modalities, dtype=torch.bool, device=there.device)[:, None, :, None]
    same_turn = torch.eye(turns, dtype=torch.bool, device=there.device)[None, :, None, :]
    edges = ((same_modality & pairs[:, None, :, None, :]) | same_turn).flatten(3, 4).flatten(1, 2)
    nodes = there.flatten(1, 2)
    edges = edges & nodes.unsqueeze(1) & nodes.unsqueeze(2)
    weights = angular_similarity(vectors.flatten(1, 2)) * edges
    degree = weights.sum(dim=-1)
    scale = torch.where(degree > 0, degree, 1.0).rsqrt()
    return (scale.unsqueeze(2) * weights * scale.unsqueeze(1)).to(vectors.dtype)


class GraphConvolutions(nn.Module):
    """The weights of L graph convolutions with initial residual and identity mapping, concatenated variant.

        s = Â h,   r = (1 − α) s + α h⁰,   h ← ReLU(θ_l [s ; h⁰] W_l + (1 − θ_l) r),   θ_l = ln(λ / l + 1)

    Source: Chen et al. (2020), Simple and deep graph convolutional networks (GCNII), the variant of its code.
    """

    def __init__(self, layers: int, width: int, *, residual: float, mapping: float) -> None:
        """Draw the weights, uniform within ±1/√width; `residual` is α, `mapping` is λ."""
        super().__init__()
        self.residual = residual
        self.mapping = mapping
        self.weight = nn.Parameter(torch.empty(layers, 2 * width, width).uniform_(-1, 1) / math.sqrt(width))

    def maps(self) -> Sequence[tuple[Float[Tensor, "width width"], Float[Tensor, "width width"]]]:
        """Return for each layer the two matrices that take s and h⁰ to what goes into its ReLU.

        The layer is linear up to there, so θ and α go into its weights once, and not into every node:
        M = θ W + (1 − θ) [(1 − α) I ; α I], upper and lower half.
        """
        layers, _, width = self.weight.shape
        number = torch.arange(1, layers + 1, device=self.weight.device)
        theta = torch.log(self.mapping / number + 1)[:, None, None].to(self.weight.dtype)
        identity = torch.eye(width, dtype=self.weight.dtype, device=self.weight.device)
        residual = torch.cat([(1 - self.residual) * identity, self.residual * identity])
        mapped = theta * self.weight + (1 - theta) * residual
        spread, first = mapped.chunk(2, dim=1)
        return list(zip(spread.unbind(), first.unbind(), strict=True))


def convolve(
    adjacency: Float[Tensor, "dialogues nodes nodes"],
    hidden: Float[Tensor, "dialogues nodes width"],
    first: Float[Tensor, "dialogues nodes width"],
    maps: tuple[Float[Tensor, "width width"], Float[Tensor, "width width"]],
) -> Float[Tensor, "dialogues nodes width"]:
    """Return one graph convolution of `hidden`; `first` is h⁰, `maps` are those of the layer."""
    spread = torch.bmm(adjacency, hidden).flatten(0, 1)
    mapped = torch.addmm(first.flatten(0, 1) @ maps[1], spread, maps[0])
    return torch.relu(mapped).view_as(hidden)


class Readout(nn.Module):
    """The answer of a turn from its nodes: [x ; h] of every modality, Dropout, ReLU, Linear.

    Nodes that are not there are zeros; a turn of which no node is there gets the class shares, where wanted.
    """

    def __init__(self, task: Task, width: int, *, dropout: float, shares: bool) -> None:
        """Make the layers; `width` is that of x and h together."""
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(len(task.widths) * width, task.classes)
        self.shares = ClassShares(task) if shares else None

    def forward(
        self,
        vectors: Float[Tensor, "dialogues modalities turns width"],
        hidden: Float[Tensor, "dialogues nodes graph_width"],
        there: Bool[Tensor, "dialogues modalities turns"],
    ) -> Output:
        """Return logits and the vectors before the last layer."""
        nodes = torch.cat([vectors, hidden.view(*there.shape, -1)], dim=-1) * there.unsqueeze(-1)
        seen = torch.relu(self.dropout(nodes.transpose(1, 2).flatten(2)))
        logits: Tensor = self.output(seen)
        if self.shares is not None:
            logits = self.shares(logits, there.any(dim=1))
        return Output(logits, hidden=seen)
