"""A split as batches, one after the other; what many inputs share with the recorded split is padded once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Int64
from torch import Tensor

from ..conversations import Conversations
from .batches import Batch, Padding, padded_batch, prediction_batches


@dataclass(frozen=True, eq=False)
class BatchPiece:
    """Some dialogues as a network takes them, and where their rows belong."""

    batch: Batch
    """On the network's device."""
    padding: Padding
    """Where the turns stand."""

    @property
    def row(self) -> Int64[np.ndarray, "dialogues turns"]:
        """Row of each turn in the split; 0 at padding."""
        return self.padding.row

    @property
    def valid(self) -> Bool[np.ndarray, "dialogues turns"]:
        """Whether there is a turn."""
        return self.padding.valid

    def mend(self) -> None:
        """Bring tensors that other batches share back to what they were, where the network has written into them."""
        if isinstance(self.padding, _SharedPadding):
            self.padding.mend()


class SharedBatches:
    """Makes batches of one input after the other; the tensors of arrays that are those of `clean` are kept."""

    def __init__(self, clean: Conversations, *, device: str) -> None:
        """Keep the split, so that its arrays keep their places in memory."""
        self._clean = clean
        self._device = device
        self._paddings: tuple[_SharedPadding, ...] = ()

    def pieces_of(self, conversations: Conversations) -> Iterator[BatchPiece]:
        """Yield the batches in the order in which they are predicted."""
        if conversations.dialogue is not self._clean.dialogue:
            yield from pieces_of(conversations, device=self._device)
            return
        if not self._paddings:
            arrays = _arrays(self._clean)
            self._paddings = tuple(
                _SharedPadding(self._clean, dialogues, arrays, device=self._device)
                for dialogues in prediction_batches(self._clean)
            )
        for padding in self._paddings:
            yield BatchPiece(padded_batch(conversations, padding, device=self._device), padding)


def pieces_of(conversations: Conversations, *, device: str) -> Iterator[BatchPiece]:
    """Yield the batches of an input that shares nothing."""
    for dialogues in prediction_batches(conversations):
        padding = Padding(conversations, dialogues, device=device)
        yield BatchPiece(padded_batch(conversations, padding, device=device), padding)


def only_batches(pieces: Iterable[object]) -> Iterator[BatchPiece]:
    """Yield the pieces, which are batches."""
    for piece in pieces:
        assert isinstance(piece, BatchPiece)
        yield piece


@dataclass(eq=False)
class _Kept:
    """A tensor that batches share."""

    tensor: Tensor
    array: np.ndarray
    """What it was made of."""
    fill: int
    version: int
    """Counts what was written into it."""


class _SharedPadding(Padding):
    """Keeps the tensors of the arrays of one split."""

    def __init__(
        self,
        clean: Conversations,
        dialogues: Int64[np.ndarray, " chosen"],
        arrays: Iterable[np.ndarray],
        *,
        device: str,
    ) -> None:
        super().__init__(clean, dialogues, device=device)
        self._known = {id(array) for array in arrays}
        self._kept: dict[tuple[int, int], _Kept] = {}

    def tensor(self, array: np.ndarray, fill: int) -> Tensor:
        if id(array) not in self._known:
            return super().tensor(array, fill)
        place = (id(array), fill)
        if place not in self._kept:
            # Tensors that are made in inference mode do not count what is written into them.
            with torch.inference_mode(mode=False):
                tensor = super().tensor(array, fill)
            self._kept[place] = _Kept(tensor, array, fill, tensor._version)
        return self._kept[place].tensor

    def mend(self) -> None:
        for kept in tuple(self._kept.values()):
            if kept.tensor._version != kept.version:
                kept.tensor.copy_(super().tensor(kept.array, kept.fill))
                kept.version = kept.tensor._version


def _arrays(clean: Conversations) -> tuple[np.ndarray, ...]:
    by_modality = (clean.features, clean.observed, clean.concealed)
    return (*(array for arrays in by_modality for array in arrays.values()), clean.speaker, clean.label)
