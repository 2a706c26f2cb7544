"""Batches from which a modality or part of the context is taken away, and predictions read from what remains.

The tensor counterpart of the stresses `modality_drop` and `context_removal`, for methods that need them in every step.
"""

from dataclasses import replace
from typing import Literal, NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from .batches import Batch, Output
from .conversation_layers import pairs

Operator = Literal["missing", "mean", "padded_mean"]
"""What stands in for a modality: nothing, and the network is told; the mean of the dialogue; the same over the padded
length, zeros included."""
ROWS = 4096
"""Rows of sub-dialogues that go through a network at once, padding included."""


class Remainders(NamedTuple):
    """Sub-dialogues of a batch: each target sees what is kept for it, and equal remainders are there once."""

    batch: Batch
    """The sub-dialogues, padded."""
    number: Int64[Tensor, " targets"]
    """Sub-dialogue of each target, in the order of `targets.nonzero()`."""
    place: Int64[Tensor, " targets"]
    """Its turn in it."""


def without_modality(batch: Batch, modality: str, *, operator: Operator) -> Batch:
    """Return the batch without a modality in any turn.

    A mean is over the turns in which the modality was observed (`mean`), or over the padded length (`padded_mean`),
    and the network is not told.
    """
    rows, observed = batch.features[modality], batch.observed[modality]
    if operator == "missing":
        return replace(
            batch,
            features={**batch.features, modality: torch.zeros_like(rows)},
            observed={**batch.observed, modality: torch.zeros_like(observed)},
        )
    counted = observed & batch.valid
    among = counted.sum(dim=1).clamp(min=1) if operator == "mean" else rows.new_full((len(rows),), rows.shape[1])
    mean = (rows * counted.unsqueeze(-1)).sum(dim=1) / among.unsqueeze(-1)
    return replace(batch, features={**batch.features, modality: mean.unsqueeze(1) * batch.valid.unsqueeze(-1)})


def kept_pairs(batch: Batch, removed: Literal["intra", "inter"]) -> Bool[Tensor, "dialogues turns turns"]:
    """Return whether a turn (row) may still draw on another (column); itself always.

    `intra` removes what the same speaker says elsewhere, `inter` what others say.
    """
    same = batch.speaker.unsqueeze(2) == batch.speaker.unsqueeze(1)
    itself = torch.eye(same.shape[1], dtype=torch.bool, device=same.device)
    return pairs(batch) & ((~same if removed == "intra" else same) | itself)


def remainders(
    batch: Batch, kept: Bool[Tensor, "dialogues turns turns"], targets: Bool[Tensor, "dialogues turns"]
) -> Remainders:
    """Return the sub-dialogues that the targets are to be predicted from; there is at least one target."""
    dialogue, turn = targets.nonzero(as_tuple=True)
    wanted = torch.cat([dialogue.unsqueeze(1), kept[dialogue, turn].long()], dim=1)
    different, number = torch.unique(wanted, dim=0, return_inverse=True)
    there = different[:, 1:].bool()
    length = there.sum(dim=1)
    # A stable sort brings the turns that are kept to the front, in their order.
    order = (~there).long().argsort(dim=1, stable=True)[:, : int(length.max())]
    valid = torch.arange(order.shape[1], device=order.device) < length.unsqueeze(1)
    of = different[:, :1]

    def taken(values: Tensor, fill: int = 0) -> Tensor:
        chosen = values[of, order]
        mask = valid if chosen.dim() == valid.dim() else valid.unsqueeze(-1)
        return torch.where(mask, chosen, torch.full_like(chosen, fill))

    return Remainders(
        Batch(
            features={name: taken(rows) for name, rows in batch.features.items()},
            observed={name: taken(mask) for name, mask in batch.observed.items()},
            valid=valid,
            speaker=taken(batch.speaker),
            label=taken(batch.label, -1),
            concealed={name: taken(mask) for name, mask in batch.concealed.items()},
        ),
        number,
        (there.cumsum(dim=1) - 1)[number, turn],
    )


def read_remainders(network: nn.Module, remains: Remainders) -> Float[Tensor, "targets classes"]:
    """Return the logits of the targets, some sub-dialogues at a time."""
    batch = remains.batch
    size = max(1, ROWS // batch.valid.shape[1])
    parts = []
    for first in range(0, len(batch.valid), size):
        output: Output = network(_some(batch, slice(first, first + size)))
        parts.append(output.logits)
    return torch.cat(parts)[remains.number, remains.place]


def _some(batch: Batch, which: slice) -> Batch:
    return Batch(
        features={name: rows[which] for name, rows in batch.features.items()},
        observed={name: mask[which] for name, mask in batch.observed.items()},
        valid=batch.valid[which],
        speaker=batch.speaker[which],
        label=batch.label[which],
        concealed={name: mask[which] for name, mask in batch.concealed.items()},
    )
