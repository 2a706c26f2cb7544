"""What CRL does along a training; see `crl`."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ...benchmark.training.companions import Companion, Course, Step


@dataclass(frozen=True)
class Switches:
    """The arguments of `crl`."""

    weight: float
    """λ."""
    confidence: Literal["probability", "entropy", "margin"]
    """Kind, as of `confidence`."""


class CrlCompanion(Companion):
    """Counts how often each utterance is right, and adds the ranking loss."""

    def __init__(self, course: Course, method: Switches) -> None:
        """Start with nothing counted."""
        self.method = method
        self.labelled = course.train.label >= 0
        self.right = np.zeros(len(course.train), np.int64)
        self.epochs_seen = 0
        self.ease_of_step = torch.zeros(0)

    def before_epoch(self, epoch: int) -> None:
        """Keep how many epochs have been counted."""
        self.epochs_seen = epoch - 1

    def loss(self, step: Step) -> Tensor | None:
        """Return λ times the ranking loss of the labelled turns, and count which of them are right."""
        known = step.batch.label >= 0
        logits = step.output.logits[known]
        if not step.again:
            rows = step.rows[known.cpu().numpy()]
            self.ease_of_step = torch.from_numpy(self.ease()[rows]).to(logits)
            self.right[rows] += (logits.argmax(dim=-1) == step.batch.label[known]).cpu().numpy()
        return self.method.weight * ranking_loss(confidence(logits, self.method.confidence), self.ease_of_step)

    def ease(self) -> Float[np.ndarray, " utterances"]:
        """Return c̄ of every training utterance: (right − least) / (epochs − least), from 0 to 1."""
        least = int(self.right[self.labelled].min())
        return np.asarray((self.right - least) / max(self.epochs_seen - least, 1))


def confidence(logits: Float[Tensor, "utterances classes"], kind: str) -> Float[Tensor, " utterances"]:
    """Return the confidence of each row, from 0 to 1: the largest probability, 1 − entropy / log C, or the margin."""
    p = torch.softmax(logits, dim=-1)
    if kind == "probability":
        return p.amax(dim=-1)
    if kind == "margin":
        two = p.topk(2, dim=-1).values
        return two[:, 0] - two[:, 1]
    return 1 + (p * torch.log_softmax(logits, dim=-1)).sum(dim=-1) / math.log(p.shape[-1])


def ranking_loss(kappa: Float[Tensor, " utterances"], ease: Float[Tensor, " utterances"]) -> Float[Tensor, ""]:
    """Return the mean over neighbours (the last with the first) of max(0, −t(κ_i − κ_j) + |c̄_i − c̄_j|).

    t is the sign of c̄_i − c̄_j; pairs with t = 0 count 0 and are counted. Without rows it is 0.
    """
    if not len(kappa):
        return kappa.sum()
    apart = ease - ease.roll(-1)
    loss = (-apart.sign() * (kappa - kappa.roll(-1)) + apart.abs()).clamp(min=0)
    return (loss * (apart != 0)).mean()
