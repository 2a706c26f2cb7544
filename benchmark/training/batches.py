"""Dialogues as padded tensors: the only place where padding exists."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from ..conversations import Conversations
from ..repeated_rows import RepeatedRows

PADDED_ROWS = 512
"""Utterances of one batch without gradients, padding included. Larger batches leave the processor's cache: with
256-wide vectors 4,096 rows took twice the time."""
POOL = 8
"""Batches whose dialogues are sorted by length together: little padding, and yet other company in every epoch."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Some dialogues, padded at their end to the longest. Padding holds zeros, False, speaker 0 and label −1."""

    features: Mapping[str, Float[Tensor, "dialogues turns width"]]
    """Per modality, in the order of the task."""
    observed: Mapping[str, Bool[Tensor, "dialogues turns"]]
    """Per modality: what the model is told about whether the row was observed."""
    valid: Bool[Tensor, "dialogues turns"]
    """False: padding."""
    speaker: Int64[Tensor, "dialogues turns"]
    """Index local to the dialogue."""
    label: Int64[Tensor, "dialogues turns"]
    """Index of the gold class; −1: unknown or padding."""
    concealed: Mapping[str, Bool[Tensor, "dialogues turns _"]] = field(default_factory=dict)
    """Per modality of which parts are hidden: features that the network is told to disregard; others: none are."""
    links: Bool[Tensor, "dialogues turns turns"] | None = None
    """Whether a turn (row) may draw on another (column), itself always; None: on all that is there. A network that
    says `honours_links = True` lets every attention and graph see no more than that; where context still flows beside
    them, along a recurrent layer, it says where by `links_leak`."""


@dataclass(frozen=True, eq=False)
class Output:
    """What a network says about a batch."""

    logits: Float[Tensor, "dialogues turns classes"]
    """Anything at padding."""
    modality_weights: Mapping[str, Float[Tensor, "dialogues turns"]] = field(default_factory=dict)
    """Per modality how much the network leaned on it, summing to one; empty where it has no such weights."""
    hidden: Float[Tensor, "dialogues turns hidden"] | None = None
    """Vectors before the last layer; None where there are none."""
    auxiliary: Mapping[str, Tensor] = field(default_factory=dict)
    """Whatever else the loss of this network needs."""


class Padding:
    """Where the turns of some dialogues stand in a batch."""

    def __init__(self, conversations: Conversations, dialogues: Int64[np.ndarray, " chosen"], *, device: str) -> None:
        """Lay the named dialogues out, in the order named."""
        self.row, self.valid = padded_rows(conversations, dialogues)
        self._padding = None if self.valid.all() else ~self.valid
        self._device = device

    def tensor(self, array: np.ndarray, fill: int) -> Tensor:
        """Return the rows of an array, with `fill` at padding."""
        return self._filled(array.take(self.row, axis=0), fill)

    def features(self, conversations: Conversations, modality: str) -> Float[Tensor, "chosen turns width"]:
        """Return the features of a modality, with 0 at padding."""
        features = conversations.features
        if isinstance(features, RepeatedRows):
            return self._filled(features.take(modality, self.row), 0)
        return self.tensor(features[modality], 0)

    def _filled(self, taken: np.ndarray, fill: int) -> Tensor:
        if self._padding is not None:
            taken[self._padding] = fill
        return torch.from_numpy(taken).to(self._device)


def make_batch(conversations: Conversations, dialogues: Int64[np.ndarray, " chosen"], *, device: str) -> Batch:
    """Return the named dialogues, in the order named, as one batch on `device`."""
    return padded_batch(conversations, Padding(conversations, dialogues, device=device), device=device)


def padded_batch(conversations: Conversations, padding: Padding, *, device: str) -> Batch:
    """Return the dialogues that are laid out as one batch on `device`."""
    return Batch(
        features={modality: padding.features(conversations, modality) for modality in conversations.modalities},
        observed={modality: padding.tensor(array, 0) for modality, array in conversations.observed.items()},
        valid=torch.from_numpy(padding.valid.copy()).to(device),
        speaker=padding.tensor(conversations.speaker, 0),
        label=padding.tensor(conversations.label, -1),
        concealed={modality: padding.tensor(array, 0) for modality, array in conversations.concealed.items()},
        links=(None if conversations.links is None else _links(conversations, padding.row, padding.valid).to(device)),
    )


def _links(
    conversations: Conversations, row: Int64[np.ndarray, "chosen turns"], valid: Bool[np.ndarray, "chosen turns"]
) -> Bool[Tensor, "chosen turns turns"]:
    """Return the pairwise masks; padding may draw on itself only."""
    assert conversations.links is not None
    masks = np.broadcast_to(np.eye(row.shape[1], dtype=bool), (*row.shape, row.shape[1])).copy()
    turn = conversations.recorded_turn()
    for mask, rows, there in zip(masks, row, valid, strict=True):
        length = int(there.sum())
        of = rows[:length]
        mask[:length, :length] = conversations.links.mask(conversations.speaker[of], turn[of])
    return torch.from_numpy(masks)


def padded_rows(
    conversations: Conversations, dialogues: Int64[np.ndarray, " chosen"]
) -> tuple[Int64[np.ndarray, "chosen turns"], Bool[np.ndarray, "chosen turns"]]:
    """Return the row of every turn of the named dialogues (0 at padding), and where there is a turn."""
    starts = conversations.starts
    lengths = starts[dialogues + 1] - starts[dialogues]
    turn = np.arange(lengths.max())
    valid = turn < lengths[:, None]
    return np.where(valid, starts[dialogues][:, None] + turn, 0), valid


def prediction_batches(conversations: Conversations, *, most: int = PADDED_ROWS) -> list[Int64[np.ndarray, " chosen"]]:
    """Return all dialogues in groups of like length, each of at most `most` padded rows (or of one dialogue)."""
    lengths = np.diff(conversations.starts)
    order = np.argsort(lengths, kind="stable")
    groups, first = [], 0
    for place, length in enumerate(lengths[order].tolist()):
        if place > first and (place + 1 - first) * length > most:
            groups.append(order[first:place])
            first = place
    return [*groups, order[first:]]


def training_batches(
    conversations: Conversations,
    *,
    size: int,
    rng: np.random.Generator,
    among: Int64[np.ndarray, " among"] | None = None,
) -> list[Int64[np.ndarray, " chosen"]]:
    """Return dialogues in random groups of `size` (the last may be smaller), of like length, in random order.

    `among`: those that take part; None: all.
    """
    lengths = np.diff(conversations.starts)
    order = rng.permutation(len(lengths)) if among is None else rng.permutation(among)
    groups = []
    for start in range(0, len(order), POOL * size):
        pool = order[start : start + POOL * size]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        groups += [pool[first : first + size] for first in range(0, len(pool), size)]
    return [groups[place] for place in rng.permutation(len(groups))]
