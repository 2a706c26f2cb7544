"""Layers that conversation models share: their input, recurrent context, speakers, positions, pairwise masks."""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

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

    def forward(self, rows: Float[Tensor, "dialogues turns width"]) -> Float[Tensor, "dialogues turns width"]:
        """Return the rows plus their positions."""
        turn = torch.arange(rows.shape[1], device=rows.device, dtype=rows.dtype)
        rates = torch.arange(0, self.width, 2, device=rows.device, dtype=rows.dtype)
        angles = turn[:, None] * torch.exp(-math.log(10_000.0) * rates / self.width)
        return rows + torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


class Recurrent(nn.Module):
    """A recurrent layer over the turns of each dialogue, in both directions unless told otherwise.

    `packed`: padding is left out, so that a dialogue gives the same whatever it is batched with. False: the released
    codes' way; backward directions begin on padding.
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
        lengths = valid.sum(dim=1).cpu()
        packed, _ = self.layer(pack_padded_sequence(rows, lengths, batch_first=True, enforce_sorted=False))
        return pad_packed_sequence(packed, batch_first=True, total_length=rows.shape[1])[0]


def pairs(batch: Batch) -> Bool[Tensor, "dialogues turns turns"]:
    """Return whether a turn (row) may draw on another (column): both are turns, and a pairwise mask allows it.

    Padding may draw on itself, so that no row is empty.
    """
    both = batch.valid.unsqueeze(2) & batch.valid.unsqueeze(1)
    both = both if batch.links is None else both & batch.links
    return both | torch.eye(both.shape[1], dtype=torch.bool, device=both.device)
