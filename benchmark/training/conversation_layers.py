"""Layers that conversation models share: their input, recurrent context, speakers, positions, pairwise masks."""

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from .batches import Batch
from .layers import Standardiser, disregard, drop_modalities, stacked
from .task import Task


class Seen(NamedTuple):
    """What a model sees of a batch."""

    features: tuple[Float[Tensor, "dialogues turns _"], ...]
    """Per modality: standardised where wanted, 0 where not observed, concealed or padding."""
    there: Bool[Tensor, "dialogues turns modalities"]
    """Whether a modality is observed, and kept by modality dropout; False at padding."""


class FeatureInput(nn.Module):
    """From a batch to what a model sees of it: the same beginning for all conversation models."""

    def __init__(
        self, task: Task, *, standardise: bool, modality_dropout: float, modalities: Sequence[str] | None = None
    ) -> None:
        """Make the layers; `modalities`: those that are read, in this order; None: all, in the order of the data."""
        super().__init__()
        self.modalities = tuple(task.widths) if modalities is None else tuple(modalities)
        self.widths = tuple(task.widths[modality] for modality in self.modalities)
        self.modality_dropout = modality_dropout
        self.standardisers = nn.ModuleList(
            Standardiser(*pair) if standardise else nn.Identity()
            for pair in zip(self.modalities, self.widths, strict=True)
        )

    def forward(self, batch: Batch) -> Seen:
        """Return features and what is there; in training modalities are dropped at random."""
        there = stacked(batch.observed, self.modalities)
        if self.training and self.modality_dropout:
            there = drop_modalities(there, rate=self.modality_dropout)
        features = []
        for place, (modality, standardiser) in enumerate(zip(self.modalities, self.standardisers, strict=True)):
            rows = disregard(standardiser(batch.features[modality]), batch.concealed.get(modality))
            features.append(rows * there[..., place, None])
        return Seen(tuple(features), there)


Encoders = Literal["linear", "nonlinear"]
"""What turns the features of a modality into vectors of a model's width."""


def encoder(width: int, encoded: int, *, encoders: Encoders, dropout: float) -> nn.Module:
    """Return the layers between a modality's features and the rest: Linear, or Linear, GELU, LayerNorm, Dropout."""
    linear = nn.Linear(width, encoded)
    if encoders == "linear":
        return linear
    return nn.Sequential(linear, nn.GELU(), nn.LayerNorm(encoded), nn.Dropout(dropout))


class ClassShares(nn.Module):
    """What is left to say of a turn of whose dialogue nothing is observed: how often each class occurs in training."""

    def __init__(self, task: Task) -> None:
        """Keep the shares."""
        super().__init__()
        self.log_shares: Tensor
        self.register_buffer("log_shares", torch.tensor(task.shares).clamp(min=1e-12).log())

    def forward(
        self, logits: Float[Tensor, "dialogues turns classes"], known: Bool[Tensor, "dialogues turns"]
    ) -> Float[Tensor, "dialogues turns classes"]:
        """Return the logits where something is known, else the logarithms of the shares."""
        return torch.where(known.unsqueeze(-1), logits, self.log_shares)


class SpeakerEmbedding(nn.Module):
    """A vector for each speaker of a dialogue; those beyond the most seen in training share the last one."""

    def __init__(self, task: Task, width: int) -> None:
        """Make one vector more than speakers were seen."""
        super().__init__()
        self.embedding = nn.Embedding(task.speakers + 1, width)

    def forward(self, speaker: Int64[Tensor, "dialogues turns"]) -> Float[Tensor, "dialogues turns width"]:
        """Return the vector of each turn's speaker."""
        vectors: Tensor = self.embedding(speaker.clamp(max=self.embedding.num_embeddings - 1))
        return vectors


class SinusoidalPositions(nn.Module):
    """Positions of Vaswani et al. (2017), Section 3.5: sines in even columns, cosines in odd ones; no parameters."""

    def __init__(self, width: int) -> None:
        """Keep the width, which is even."""
        super().__init__()
        self.width = width

    def forward(
        self, rows: Float[Tensor, "dialogues turns width"], *, first: int = 0
    ) -> Float[Tensor, "dialogues turns width"]:
        """Return the rows plus their positions, which count from `first`."""
        turn = torch.arange(first, first + rows.shape[1], device=rows.device, dtype=rows.dtype)
        rates = torch.arange(0, self.width, 2, device=rows.device, dtype=rows.dtype)
        angles = turn[:, None] * torch.exp(-math.log(10_000.0) * rates / self.width)
        return rows + torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


class Recurrent(nn.Module):
    """A recurrent layer over the turns of each dialogue, in both directions unless told otherwise.

    `packed`: padding is left out, so that a dialogue gives the same whatever it is batched with. False: the released
    codes' way; backward directions begin on padding.

    Left out means: the states are those of packed sequences, without packing. Padding comes last, so a forward
    direction has passed all turns before it meets any; a backward direction is one that goes forwards over the turns of
    each dialogue in reverse, padding still last. Each is one call that torch computes as a whole, where packed
    sequences are computed step by step.
    """

    def __init__(
        self,
        kind: Literal["lstm", "gru"],
        width: int,
        hidden: int,
        *,
        layers: int = 1,
        dropout: float = 0.0,
        bidirectional: bool = True,
        packed: bool = True,
    ) -> None:
        """Make the layer; `dropout` is between layers. Its output is 2 · `hidden` wide, `hidden` in one direction."""
        super().__init__()
        cell = nn.LSTM if kind == "lstm" else nn.GRU
        self.packed = packed
        self.layer = cell(
            width,
            hidden,
            num_layers=layers,
            batch_first=True,
            dropout=dropout if layers > 1 else 0.0,
            bidirectional=bidirectional,
        )

    def forward(
        self, rows: Float[Tensor, "dialogues turns width"], valid: Bool[Tensor, "dialogues turns"]
    ) -> Float[Tensor, "dialogues turns hidden"]:
        """Return the states; 0 at padding where packed. Every dialogue has a turn or more."""
        if not self.packed:
            states: Tensor = self.layer(rows)[0]
            return states
        order = _order_reversed(valid)
        for number in range(self.layer.num_layers):
            if number:
                rows = functional.dropout(rows, self.layer.dropout, self.training)
            directions = [self._direction(rows, f"l{number}")]
            if self.layer.bidirectional:
                backward = self._direction(_reordered(rows, order), f"l{number}_reverse")
                directions.append(_reordered(backward, order))
            rows = torch.cat(directions, dim=-1)
        return rows.masked_fill(~valid.unsqueeze(-1), 0)

    def _direction(
        self, rows: Float[Tensor, "dialogues turns width"], suffix: str
    ) -> Float[Tensor, "dialogues turns hidden"]:
        """Return the states of one direction of one layer, from the first row to the last."""
        layer = self.layer
        weights = [getattr(layer, f"{of}_{suffix}") for of in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        start = rows.new_zeros(1, len(rows), layer.hidden_size)
        # biases, one layer, no dropout, whether a backward pass may follow, one direction, dialogues first
        how = (True, 1, 0.0, torch.is_grad_enabled(), False, True)
        if isinstance(layer, nn.LSTM):
            return torch.lstm(rows, (start, start), weights, *how)[0]
        return torch.gru(rows, start, weights, *how)[0]


def _order_reversed(valid: Bool[Tensor, "dialogues turns"]) -> Int64[Tensor, " rows"]:
    """Return for every row, dialogue after dialogue, the row to take: turns from the last to the first, then padding.

    Taken twice it is the order as it was.
    """
    turn = torch.arange(valid.shape[1], device=valid.device)
    mirrored = valid.sum(dim=1, keepdim=True) - 1 - turn
    first = torch.arange(len(valid), device=valid.device).unsqueeze(1) * valid.shape[1]
    return (first + torch.where(mirrored >= 0, mirrored, turn)).flatten()


class _Reordered(torch.autograd.Function):
    """Rows in an order that undoes itself, by which gradients go back with the same choice of rows, and no sums."""

    @staticmethod
    def forward(context: Any, rows: Tensor, order: Tensor) -> Tensor:  # torch gives contexts no type
        context.save_for_backward(order)
        return rows.flatten(0, 1).index_select(0, order).view_as(rows)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (order,) = context.saved_tensors
        return _reordered(gradient, order), None


def _reordered(
    rows: Float[Tensor, "dialogues turns width"], order: Int64[Tensor, " rows"]
) -> Float[Tensor, "dialogues turns width"]:
    reordered: Tensor = _Reordered.apply(rows, order)  # type: ignore[no-untyped-call]  # torch gives it no types
    return reordered


def pairs(batch: Batch) -> Bool[Tensor, "dialogues turns turns"]:
    """Return whether a turn (row) may draw on another (column): both are turns, and a pairwise mask allows it.

    Padding may draw on itself, so that no row is empty.
    """
    both = batch.valid.unsqueeze(2) & batch.valid.unsqueeze(1)
    both = both if batch.links is None else both & batch.links
    return both | torch.eye(both.shape[1], dtype=torch.bool, device=both.device)
