"""What DialogueRNN and DialogueGCN have in common: the input, the attention over a dialogue. No plug-in itself."""

from typing import Literal, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ..benchmark.errors import NotApplicable
from ..benchmark.training.batches import Batch
from ..benchmark.training.conversation_layers import Encoders, FeatureInput, encoder
from ..benchmark.training.layers import masked_softmax
from ..benchmark.training.task import Task

Inputs = Literal["all", "text", "text_audio"]
"""The modalities that are read."""


class Joined(NamedTuple):
    """The modalities of each turn side by side."""

    rows: Float[Tensor, "dialogues turns width"]
    """One vector per turn."""
    known: Bool[Tensor, "dialogues turns"]
    """Whether anything of the turn is observed; False at padding."""


class JoinedInput(nn.Module):
    """The modalities of a turn, concatenated: as they are, or each after a linear layer and a layer norm.

    With `mask_aware` the part of a modality that is not observed is zero. Otherwise what is not observed is a vector of
    zeros like any other, and goes through the layers as they do.
    """

    def __init__(
        self,
        task: Task,
        *,
        inputs: Inputs,
        projection: int,
        mask_aware: bool,
        standardise: bool,
        modality_dropout: float,
        encoders: Encoders = "linear",
        dropout: float = 0.0,
    ) -> None:
        """Make the layers; `projection`: width of each modality after its layers, 0: features as they are.

        `dropout` is that of nonlinear encoders.

        Raises
        ------
        NotApplicable
            When the data have none of the modalities that are to be read.
        """
        super().__init__()
        self.mask_aware = mask_aware
        self.input = FeatureInput(
            task,
            standardise=standardise,
            modality_dropout=modality_dropout,
            modalities=modalities_read(task, inputs),
        )
        self.projections = nn.ModuleList(
            _projection(width, projection, encoders=encoders, dropout=dropout) for width in self.input.widths
        )
        self.width = projection * len(self.projections) if projection else sum(self.input.widths)

    def forward(self, batch: Batch) -> Joined:
        """Return the vectors, and of which turns anything is known."""
        seen = self.input(batch)
        parts = [projection(rows) for projection, rows in zip(self.projections, seen.features, strict=True)]
        if self.mask_aware:
            parts = [part * there.unsqueeze(-1) for part, there in zip(parts, seen.there.unbind(-1), strict=True)]
        return Joined(torch.cat(parts, dim=-1), seen.there.any(dim=-1) & batch.valid)


def _projection(width: int, projection: int, *, encoders: Encoders, dropout: float) -> nn.Module:
    if not projection:
        return nn.Identity()
    layers = encoder(width, projection, encoders=encoders, dropout=dropout)
    return layers if encoders == "nonlinear" else nn.Sequential(layers, nn.LayerNorm(projection))


class GeneralAttention(nn.Module):
    """Each turn asks the turns of its dialogue: Σ_j softmax_j((W x_i + b)ᵀ x_j) x_j ("general2").

    `squashed`: tanh on the scores. The released codes multiply the scores by the mask, take the softmax, mask again and
    divide by the sum; that is the softmax over what the mask allows.
    """

    def __init__(self, width: int, *, squashed: bool) -> None:
        """Make W and b."""
        super().__init__()
        self.query = nn.Linear(width, width)
        self.squashed = squashed

    def forward(
        self,
        rows: Float[Tensor, "dialogues turns width"],
        allowed: Bool[Tensor, "dialogues turns turns"],
    ) -> Float[Tensor, "dialogues turns width"]:
        """Return what each turn (row of `allowed`) gets from those it may ask (columns)."""
        return self.told(rows, rows, allowed)

    def told(
        self,
        asking: Float[Tensor, "dialogues asking width"],
        asked: Float[Tensor, "dialogues turns width"],
        allowed: Bool[Tensor, "dialogues asking turns"],
    ) -> Float[Tensor, "dialogues asking width"]:
        """Return what some turns (rows of `allowed`) get from others (columns)."""
        scores = self.query(asking) @ asked.transpose(1, 2)
        if self.squashed:
            scores = torch.tanh(scores)
        attended: Tensor = masked_softmax(scores, allowed) @ asked
        return attended


def modalities_read(task: Task, inputs: Inputs) -> tuple[str, ...]:
    """Return the modalities of the data that are read, in the order of the data.

    Raises
    ------
    NotApplicable
        When there are none.
    """
    wanted = tuple(task.widths) if inputs == "all" else tuple(inputs.split("_"))
    read = tuple(modality for modality in task.widths if modality in wanted)
    if not read:
        raise NotApplicable(
            f"inputs={inputs}: expected data with {' or '.join(wanted)}, got {', '.join(task.widths)}; type inputs=all"
        )
    return read
