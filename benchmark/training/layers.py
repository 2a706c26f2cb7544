"""Layers that several torch baselines share."""

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ..conversations import Conversations


class Standardiser(nn.Module):
    """Features shifted and scaled so that in training each has mean 0 and standard deviation 1.

    It learns from the observed rows of the training split; a feature that is constant there is shifted only. Mean and
    scale are buffers, and so part of a model's state. What is concealed is for `disregard`, afterwards.
    """

    def __init__(self, modality: str, width: int) -> None:
        """Start as the identity, for one modality."""
        super().__init__()
        self.modality = modality
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))

    def forward(self, rows: Float[Tensor, "*rows width"]) -> Float[Tensor, "*rows width"]:
        """Return (rows − mean) / scale."""
        return (rows - self.mean) / self.scale

    def learn(self, train: Conversations) -> None:
        """Take mean and standard deviation from the observed rows; without any it stays the identity."""
        rows = train.features[self.modality][train.observed[self.modality]]
        if len(rows):
            mean, deviation = rows.mean(axis=0, dtype=np.float64), rows.std(axis=0, dtype=np.float64)
            # A constant feature shows a deviation of rounding errors only; dividing by it would blow up a change.
            constant = deviation <= 1e-6 * np.maximum(np.abs(mean), 1e-6)
            self.mean.copy_(torch.from_numpy(mean))
            self.scale.copy_(torch.from_numpy(np.where(constant, 1.0, deviation)))


def disregard(
    rows: Float[Tensor, "*rows width"], concealed: Bool[Tensor, "*rows width"] | None
) -> Float[Tensor, "*rows width"]:
    """Return the rows with 0 in the place of what is concealed: after standardising, the mean of training.

    None: nothing is concealed, and the rows come back as they are.
    """
    return rows if concealed is None else rows.masked_fill(concealed, 0)


def masked_softmax(
    scores: Float[Tensor, "*rows choices"], allowed: Bool[Tensor, "*rows choices"]
) -> Float[Tensor, "*rows choices"]:
    """Return the softmax over the allowed choices: 0 for the others, and 0 everywhere where none is allowed."""
    lowest = torch.finfo(scores.dtype).min
    return torch.softmax(scores.masked_fill(~allowed, lowest), dim=-1) * allowed


def stacked(
    masks: Mapping[str, Bool[Tensor, "dialogues turns"]], modalities: tuple[str, ...]
) -> Bool[Tensor, "dialogues turns modalities"]:
    """Return the masks of the named modalities, in that order, as one tensor."""
    return torch.stack([masks[modality] for modality in modalities], dim=-1)


def drop_modalities(told: Bool[Tensor, "*rows modalities"], *, rate: float) -> Bool[Tensor, "*rows modalities"]:
    """Return which of the observed modalities a training step keeps: each is dropped with probability `rate`.

    Where all would be dropped, one of the observed is kept, each with the same chance. What is not observed is never
    kept, so a row of which nothing is observed stays so. Draws from torch's generator.
    """
    draw = torch.rand(told.shape, device=told.device).masked_fill(~told, -1)
    kept = draw >= rate
    # The one with the largest draw: given that all are below the rate, each is the largest equally often.
    last = torch.zeros_like(kept).scatter_(-1, draw.argmax(dim=-1, keepdim=True), True)
    return (kept | last) & told
